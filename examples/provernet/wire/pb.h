/* wire/pb.h - just enough protobuf for the client's messages: a writer into a
 * growing buffer and a reader over bytes. Pure. */
#ifndef WIRE_PB_H
#define WIRE_PB_H
#include "../net/buffer.h"

#include <stdbool.h>

/* Writers skip what proto3 does not write: zero and empty. `failed` is set
 * when memory ran out; check it once at the end. */
struct pb {
    struct buffer b;
    bool failed;
};
void pb_uint(struct pb *p, unsigned field, uint64_t value);
void pb_bytes(struct pb *p, unsigned field, const void *data, size_t len);
void pb_text(struct pb *p, unsigned field, const char *text);

struct pb_field {
    unsigned number, wire; /* wire: 0 varint, 2 length-delimited, 1, 5 */
    uint64_t value;
    const uint8_t *data;
    size_t len;
};
/* The next field; false at the end or, with *bad, at damage. */
bool pb_next(const uint8_t **at, const uint8_t *end, struct pb_field *out,
             bool *bad);
/* The last field of that number; false: absent (or the message is damaged). */
bool pb_find(const void *msg, size_t len, unsigned number,
             struct pb_field *out);
uint64_t pb_find_uint(const void *msg, size_t len, unsigned number);
/* A text field into buf (cut to cap); "" if absent. */
void pb_find_text(const void *msg, size_t len, unsigned number, char *buf,
                  size_t cap);
#endif
