/* wire/succinct.h - the asking side of the Succinct network's protocol, as far
 * as a requester needs it. */
#ifndef WIRE_SUCCINCT_H
#define WIRE_SUCCINCT_H
#include "grpc.h"

#include <provernet/sign.h>

#include <stdbool.h>

struct succinct {
    struct grpc *grpc;
    const provernet_key *key; /* borrowed */
    uint8_t address20[20];
};

enum {
    SUCCINCT_PROGRAM = 1,
    SUCCINCT_STDIN = 2,
    SUCCINCT_PROOF = 3,
    SUCCINCT_PRIVATE_STDIN = 7
};
enum {
    SUCCINCT_REQUESTED = 1,
    SUCCINCT_ASSIGNED = 2,
    SUCCINCT_FULFILLED = 3,
    SUCCINCT_UNFULFILLABLE = 4
};

struct succinct_status {
    uint64_t fulfillment, execution, deadline_s;
    char proof_uri[1024];
};

PROVERNET_MUST_USE provernet_status succinct_open(struct succinct *s,
                                                  const char *url,
                                                  const provernet_key *key,
                                                  provernet_error *err);
void succinct_close(struct succinct *s);
/* Names for an upload; each text up to cap. */
PROVERNET_MUST_USE provernet_status succinct_artifact(struct succinct *s,
                                                      int type, char *uri,
                                                      char *upload_url,
                                                      size_t cap,
                                                      provernet_error *err);
/* ERR_NOT_FOUND: not registered. */
PROVERNET_MUST_USE provernet_status succinct_program(
    struct succinct *s, const uint8_t vk_hash32[32], provernet_error *err);
PROVERNET_MUST_USE provernet_status succinct_register(
    struct succinct *s, const uint8_t vk_hash32[32], const void *vk,
    size_t vk_len, const char *program_uri, provernet_error *err);
/* version "groth16/bn254@1", mode Groth16, strategy reserved. */
PROVERNET_MUST_USE provernet_status succinct_request(
    struct succinct *s, uint8_t id32[32], const uint8_t vk_hash32[32],
    const char *stdin_uri, uint64_t deadline_s, provernet_error *err);
PROVERNET_MUST_USE provernet_status succinct_poll(struct succinct *s,
                                                  struct succinct_status *out,
                                                  const uint8_t id32[32],
                                                  provernet_error *err);
/* Signed CancelRequest. */
PROVERNET_MUST_USE provernet_status succinct_cancel(struct succinct *s,
                                                    const uint8_t id32[32],
                                                    provernet_error *err);
#endif
