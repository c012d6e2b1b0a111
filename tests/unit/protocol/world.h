/* tests/unit/protocol/world.h - a real node with the router and its skins,
 * spoken to through the public endpoint API. */
#ifndef PVN_TEST_PROTOCOL_WORLD_H
#define PVN_TEST_PROTOCOL_WORLD_H
#include "base/buf.h"
#include "crypto/crypto.h"
#include "node/open.h"
#include "protocol/http/pb.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct world {
    char dir[64];
    provernet_options *options;
    provernet *node;
    provernet_inbox *inbox;
    provernet_key *key; /* private key 32 x 0x11 */
    uint8_t address[20];
    int64_t skip_ms; /* the clock is this far ahead */
    uint64_t tag;
    uint64_t nonce;        /* of `key` */
    const char *authority; /* of calls; "127.0.0.1:9000" */
    const char *peer;
} world;

/* "name=value" settings, NULL at the end. */
world *world_make(const char *setting, ...) __attribute__((sentinel));
void world_free(world *w);
int64_t world_now(const world *w);

/* A whole answer. */
typedef struct answer {
    int status;
    char fields[2048]; /* "name: value\n" each */
    char trailers[2048];
    uint8_t *body;
    size_t len;
    int grpc;           /* -1: none was given */
    char message[1024]; /* grpc-message, decoded */
} answer;
void answer_free(answer *a);
bool answer_has(const answer *a, const char *line); /* a field line */

typedef struct field {
    const char *name, *value;
} field;
/* fields: NULL name ends; may be NULL. */
answer http(world *w, const char *method, const char *path, const field *fields,
            const void *body, size_t len);
answer http_text(world *w, const char *method, const char *path,
                 const char *body);
/* A unary call with this message; the answer's body is the message alone. */
answer grpc(world *w, const char *path, const void *msg, size_t len);
answer grpc_buf(world *w, const char *path, pvn_buf *msg); /* frees msg */
answer grpc_raw(world *w, const char *path, const field *fields,
                const void *body, size_t len);

/* Sign with w->key and call /network.ProverNetwork/<rpc>; frees body. */
answer rpc(world *w, const char *name, pvn_buf *body);
answer rpc_query(world *w, const char *name, pvn_buf *msg);
void envelope(world *w, pvn_buf *out, const pvn_buf *body);
uint64_t next_nonce(world *w);

/* First field of this number in a message; wire -1: absent. */
pvn_pb_field get(const uint8_t *msg, size_t len, uint32_t number);

/* An artifact of this type, uploaded. uri: its artifact_uri. */
void upload(world *w, int type, const void *data, size_t len, char uri[256]);
void create_artifact(world *w, int type, char uri[256], char url[512]);
const char *path_of(const char *url); /* without scheme and authority */

/* A registered SP1 program with vk hash 32 x `tag`. */
void register_sp1(world *w, uint8_t tag);
/* The body of a good request for it. */
void request_body(world *w, pvn_buf *b, uint8_t tag, const char *stdin_uri,
                  int mode, uint64_t deadline_s);
/* Sign and send it; it is accepted, as `id`. */
void send_request(world *w, pvn_buf *body, uint8_t id[32]);
/* A stored stdin and an accepted request. */
void accepted_request(world *w, uint8_t tag, uint8_t id[32]);
/* Lease it by a worker of its own and fulfil it with these proof bytes. */
void fulfil(world *w, const uint8_t id[32], const void *proof, size_t len);
/* The next request of that kind, in this much time. */
void fulfil_in(world *w, const void *proof, size_t len, int64_t took_ms);
provernet_id worker_hello(world *w, const char *name, const char *kinds);
#endif
