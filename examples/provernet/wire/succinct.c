/* wire/succinct.c - see succinct.h. Field numbers: network.proto. */
#include "succinct.h"
#include "../cli/cli.h"
#include "pb.h"

#include <string.h>

enum {
    CALL_MS = 30000,
    MODE_GROTH16 = 4,
    STRATEGY_RESERVED = 2,
    BINARY = 1,
    NONCE_TRIES = 8
};

#define NETWORK "/network.ProverNetwork/"

provernet_status succinct_open(struct succinct *s, const char *url,
                               const provernet_key *key, provernet_error *err)
{
    *s = (struct succinct){ .key = key };
    if (key)
        provernet_key_address(key, s->address20);
    s->grpc = grpc_new(url, err);
    if (!s->grpc)
        return err && err->status ? err->status : PROVERNET_ERR_NOMEM;
    return PROVERNET_OK;
}

void succinct_close(struct succinct *s)
{
    grpc_free(s->grpc);
    s->grpc = NULL;
}

static provernet_status call(struct succinct *s, const char *path,
                             struct pb *message, struct buffer *answer,
                             provernet_error *err)
{
    provernet_status st = PROVERNET_ERR_NOMEM;

    *answer = (struct buffer){ 0 };
    if (!message->failed)
        st = grpc_call(s->grpc, path, buffer_at(&message->b), message->b.len,
                       CALL_MS, answer, err);
    buffer_free(&message->b);
    return st;
}

provernet_status succinct_artifact(struct succinct *s, int type, char *uri,
                                   char *upload_url, size_t cap,
                                   provernet_error *err)
{
    struct buffer answer;
    struct pb m = { 0 };
    uint8_t sig65[65];
    provernet_status st =
        provernet_sign(s->key, sig65, "create_artifact", 15, err);

    if (st != PROVERNET_OK)
        return st;
    pb_bytes(&m, 1, sig65, 65);
    pb_uint(&m, 2, (uint64_t)type);
    st = call(s, "/artifact.ArtifactStore/CreateArtifact", &m, &answer, err);
    if (st != PROVERNET_OK)
        return st;
    pb_find_text(buffer_at(&answer), answer.len, 1, uri, cap);
    pb_find_text(buffer_at(&answer), answer.len, 2, upload_url, cap);
    buffer_free(&answer);
    if (!*uri || !*upload_url)
        return set_error(err, PROVERNET_ERR_FORMAT,
                         "CreateArtifact: the answer lacks its addresses");
    return PROVERNET_OK;
}

provernet_status succinct_program(struct succinct *s,
                                  const uint8_t vk_hash32[32],
                                  provernet_error *err)
{
    struct buffer answer;
    struct pb m = { 0 };
    provernet_status st;

    pb_bytes(&m, 1, vk_hash32, 32);
    st = call(s, NETWORK "GetProgram", &m, &answer, err);
    buffer_free(&answer);
    return st;
}

static provernet_status next_nonce(struct succinct *s, uint64_t *nonce,
                                   provernet_error *err)
{
    struct buffer answer;
    struct pb m = { 0 };
    provernet_status st;

    pb_bytes(&m, 1, s->address20, 20);
    st = call(s, NETWORK "GetNonce", &m, &answer, err);
    if (st == PROVERNET_OK)
        *nonce =
            answer.len ? pb_find_uint(buffer_at(&answer), answer.len, 1) : 0;
    buffer_free(&answer);
    return st;
}

/* Nonce first, then `rest`, signed, in its envelope; again if another process
 * with this key was faster. */
static provernet_status signed_call(struct succinct *s, const char *path,
                                    const struct pb *rest,
                                    struct buffer *answer, provernet_error *err)
{
    provernet_status st = PROVERNET_ERR_NONCE;

    for (int i = 0; i < NONCE_TRIES && st == PROVERNET_ERR_NONCE; i++) {
        struct pb body = { 0 }, m = { 0 };
        uint64_t nonce = 0;
        uint8_t sig65[65];
        st = next_nonce(s, &nonce, err);
        if (st != PROVERNET_OK)
            return st;
        pb_uint(&body, 1, nonce);
        if (body.failed || rest->failed ||
            buffer_append(&body.b, buffer_at(&rest->b), rest->b.len) != 0) {
            buffer_free(&body.b);
            return PROVERNET_ERR_NOMEM;
        }
        st = provernet_sign(s->key, sig65, buffer_at(&body.b), body.b.len, err);
        if (st == PROVERNET_OK) {
            pb_uint(&m, 1, BINARY);
            pb_bytes(&m, 2, sig65, 65);
            pb_bytes(&m, 3, buffer_at(&body.b), body.b.len);
            st = call(s, path, &m, answer, err);
        }
        buffer_free(&body.b);
    }
    return st;
}

provernet_status succinct_register(struct succinct *s,
                                   const uint8_t vk_hash32[32], const void *vk,
                                   size_t vk_len, const char *program_uri,
                                   provernet_error *err)
{
    struct buffer answer = { 0 };
    struct pb rest = { 0 };
    provernet_status st;

    pb_bytes(&rest, 2, vk_hash32, 32);
    pb_bytes(&rest, 3, vk, vk_len);
    pb_text(&rest, 4, program_uri);
    st = signed_call(s, NETWORK "CreateProgram", &rest, &answer, err);
    buffer_free(&rest.b);
    buffer_free(&answer);
    return st;
}

provernet_status succinct_request(struct succinct *s, uint8_t id32[32],
                                  const uint8_t vk_hash32[32],
                                  const char *stdin_uri, uint64_t deadline_s,
                                  provernet_error *err)
{
    struct buffer answer = { 0 };
    struct pb_field body, id;
    struct pb rest = { 0 };
    provernet_status st;

    pb_bytes(&rest, 2, vk_hash32, 32);
    pb_text(&rest, 3, "groth16/bn254@1");
    pb_uint(&rest, 4, MODE_GROTH16);
    pb_uint(&rest, 5, STRATEGY_RESERVED);
    pb_text(&rest, 6, stdin_uri);
    pb_uint(&rest, 7, deadline_s);
    st = signed_call(s, NETWORK "RequestProof", &rest, &answer, err);
    buffer_free(&rest.b);
    if (st == PROVERNET_OK &&
        !(pb_find(buffer_at(&answer), answer.len, 2, &body) && body.wire == 2 &&
          pb_find(body.data, body.len, 1, &id) && id.wire == 2 && id.len == 32))
        st = set_error(err, PROVERNET_ERR_FORMAT,
                       "RequestProof: the answer lacks a request id");
    if (st == PROVERNET_OK)
        memcpy(id32, id.data, 32);
    buffer_free(&answer);
    return st;
}

provernet_status succinct_poll(struct succinct *s, struct succinct_status *out,
                               const uint8_t id32[32], provernet_error *err)
{
    struct buffer answer;
    struct pb m = { 0 };
    provernet_status st;

    *out = (struct succinct_status){ 0 };
    pb_bytes(&m, 1, id32, 32);
    st = call(s, NETWORK "GetProofRequestStatus", &m, &answer, err);
    if (st != PROVERNET_OK)
        return st;
    const uint8_t *p = buffer_at(&answer);
    out->fulfillment = pb_find_uint(p, answer.len, 1);
    out->execution = pb_find_uint(p, answer.len, 2);
    out->deadline_s = pb_find_uint(p, answer.len, 4);
    pb_find_text(p, answer.len, 6, out->proof_uri, sizeof out->proof_uri);
    buffer_free(&answer);
    return PROVERNET_OK;
}

provernet_status succinct_cancel(struct succinct *s, const uint8_t id32[32],
                                 provernet_error *err)
{
    struct buffer answer = { 0 };
    struct pb rest = { 0 };
    provernet_status st;

    pb_bytes(&rest, 2, id32, 32);
    st = signed_call(s, NETWORK "CancelRequest", &rest, &answer, err);
    buffer_free(&rest.b);
    buffer_free(&answer);
    return st;
}
