/* protocol/http/pb.h - protobuf from strangers: scanned first, then unpacked
 * within a budget; and a small reader and writer for messages by hand.
 *
 * The runtime underneath has no depth limit, takes any wire type for a bool,
 * lets NULs and bad UTF-8 into strings and multiplies memory. Nothing reaches
 * it that pvn_pb_check has not seen. Any thread. */
#ifndef PVN_PROTOCOL_HTTP_PB_H
#define PVN_PROTOCOL_HTTP_PB_H
#include "base/arena.h"
#include "base/buf.h"
#include "protocol/route.h"
#include <protobuf-c/protobuf-c.h>

enum { PVN_PB_DEPTH = 100 };
enum { PVN_PB_VARINT = 0, PVN_PB_I64 = 1, PVN_PB_LEN = 2, PVN_PB_I32 = 5 };

typedef struct pvn_pb_reader {
    const uint8_t *at, *end;
    bool bad; /* stopped because of malformed bytes */
} pvn_pb_reader;
typedef struct pvn_pb_field {
    uint32_t number;
    int wire;
    uint64_t value;  /* VARINT, I64, I32 */
    pvn_bytes bytes; /* LEN */
} pvn_pb_field;
static inline pvn_pb_reader pvn_pb_read(pvn_bytes b)
{
    pvn_pb_reader r = { b.data, b.data ? b.data + b.len : NULL, false };
    return r;
}
/* The next field; false at the end or (bad set) at malformed bytes. Groups
 * are malformed. */
bool pvn_pb_next(pvn_pb_reader *r, pvn_pb_field *f);

bool pvn_utf8_valid(const uint8_t *s, size_t len);

/* Depth, wire types, lengths, UTF-8 without NUL. The message names the
 * field. */
provernet_status pvn_pb_check(const ProtobufCMessageDescriptor *type,
                              pvn_bytes bytes, provernet_error *err);
/* Check and unpack into the arena, with at most 8 * len + 64 KiB of it. */
ProtobufCMessage *pvn_pb_unpack_into(pvn_arena *a,
                                     const ProtobufCMessageDescriptor *type,
                                     pvn_bytes bytes, provernet_error *err);
/* The same with the call's arena; NULL: pvn_call_error says why. */
void *pvn_pb_unpack(pvn_call *c, const ProtobufCMessageDescriptor *type,
                    pvn_bytes bytes);
/* Answer with this message. Returns PVN_ANSWER. */
pvn_next pvn_pb_reply(pvn_call *c, const ProtobufCMessage *msg);

/* Append to a buffer. Zero and empty values are written too. */
void pvn_pb_put_varint(pvn_buf *b, uint64_t v);
void pvn_pb_put_uint(pvn_buf *b, uint32_t field, uint64_t v);
void pvn_pb_put_bytes(pvn_buf *b, uint32_t field, const void *data, size_t len);
#endif
