/* cmd/request.h - one circuit proof asked from a server, step by step: what
 * `submit` and `demo` share. */
#ifndef CMD_REQUEST_H
#define CMD_REQUEST_H
#include "../wire/succinct.h"

#include <provernet/groth16.h>

/* Bytes from a file (path) or from memory. */
struct source {
    const char *path;
    const void *data;
    size_t len;
};

struct circuit_request {
    struct succinct s;
    provernet_groth16_vk *vk;
    uint8_t *vk_bytes;
    size_t vk_len;
    uint8_t vk_hash32[32], id32[32];
    bool registered; /* the circuit was new to the server */
    /* the result */
    provernet_groth16_proof proof;
    uint8_t *publics;
    size_t publics_len, artifact_len;
};

/* Open the circuit's file and learn its verification key. */
PROVERNET_MUST_USE provernet_status request_circuit(struct circuit_request *r,
                                                    const char *zkey_path,
                                                    provernet_error *err);
/* Register if needed, upload, sign, ask. deadline in unix seconds. */
PROVERNET_MUST_USE provernet_status request_send(
    struct circuit_request *r, const char *url, const provernet_key *key,
    const struct source *zkey, const struct source *wtns, uint64_t deadline_s,
    provernet_error *err);
/* One look. OK: fulfilled (then *uri). AGAIN: not yet. ERR_FAILED,
 * ERR_EXPIRED. */
PROVERNET_MUST_USE provernet_status request_look(struct circuit_request *r,
                                                 struct succinct_status *out,
                                                 provernet_error *err);
/* Download and verify against the circuit's own key. */
PROVERNET_MUST_USE provernet_status request_fetch(struct circuit_request *r,
                                                  const char *uri,
                                                  provernet_error *err);
/* snarkjs's two files. */
PROVERNET_MUST_USE provernet_status request_write(
    const struct circuit_request *r, const char *dir, provernet_error *err);
void request_free(struct circuit_request *r);
#endif
