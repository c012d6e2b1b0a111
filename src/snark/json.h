/* snark/json.h - the few JSON shapes of snarkjs: reading strictly, writing
 * byte for byte as it does. Includes base/ and snark/ only. */
#ifndef PVN_SNARK_JSON_H
#define PVN_SNARK_JSON_H
#include "base/buf.h"
#include <jansson.h>

enum {
    PVN_JSON_MAX_DEPTH = 16,
    PVN_JSON_MAX_PROOF = 1 << 20, /* bytes of a proof or artifact head */
    PVN_JSON_MAX_BYTES = 1 << 28  /* bytes of a list of signals or a key */
};

/* Length and nesting are bounded before the parser sees the text; a key that
 * comes twice is refused. `what` is for messages ("the proof"). OK: json_decref
 * *out. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
provernet_status pvn_json_load(json_t **out, provernet_span text,
                               size_t max_bytes, const char *what,
                               provernet_error *err);
/* A member that must be there. */
json_t *pvn_json_get(const json_t *object, const char *key, const char *what,
                     provernet_error *err);
/* The member, if it is there, must be this text. */
provernet_status pvn_json_expect(const json_t *object, const char *key,
                                 const char *text, const char *what,
                                 provernet_error *err);
/* Points to EIP-197 bytes; coordinates below q. Infinity becomes zeros. */
provernet_status pvn_json_g1(uint8_t out[64], const json_t *v, const char *what,
                             provernet_error *err);
provernet_status pvn_json_g2(uint8_t out[128], const json_t *v,
                             const char *what, provernet_error *err);
/* A decimal string below r. */
provernet_status pvn_json_signal(uint8_t out[32], const json_t *v, size_t index,
                                 provernet_error *err);

/* A writer: one space of indentation per level, no newline at the end. */
typedef struct pvn_json_out {
    pvn_buf *b;
    int depth;
    bool some; /* an element stands before the next one at this level */
} pvn_json_out;

void pvn_json_open(pvn_json_out *o, const char *key, char bracket);
void pvn_json_close(pvn_json_out *o, char bracket);
void pvn_json_text(pvn_json_out *o, const char *key, const char *text);
void pvn_json_number(pvn_json_out *o, const char *key, const uint8_t be32[32]);
void pvn_json_count(pvn_json_out *o, const char *key, uint64_t n);
/* key may be NULL: inside an array. */
void pvn_json_put_g1(pvn_json_out *o, const char *key, const uint8_t p[64]);
void pvn_json_put_g2(pvn_json_out *o, const char *key, const uint8_t p[128]);
#endif
