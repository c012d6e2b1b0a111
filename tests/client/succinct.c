/* tests/client/succinct.c - the calls of an SP1 requester. */
#include "client.h"
#include <stdio.h>
#include <string.h>

bool tc_user_open(tc_user *u, const char *host, uint16_t port,
                  const uint8_t secret32[32])
{
    memset(u, 0, sizeof *u);
    u->conn.fd = -1;
    if (provernet_key_new(&u->key, secret32, NULL))
        return false;
    provernet_key_address(u->key, u->address);
    snprintf(u->host, sizeof u->host, "%s", host);
    u->port = port;
    return tc_open(&u->conn, host, port);
}

void tc_user_close(tc_user *u)
{
    tc_close(&u->conn);
    provernet_key_free(u->key);
    u->key = NULL;
}

void tc_envelope(tc_buf *out, const provernet_key *key, const void *body,
                 size_t len)
{
    uint8_t sig[65];

    if (provernet_sign(key, sig, body, len, NULL))
        return;
    tc_u64(out, 1, 1);
    tc_bytes(out, 2, sig, sizeof sig);
    tc_bytes(out, 3, body, len);
}

static void call(tc_user *u, const char *path, const tc_buf *msg, tc_reply *r)
{
    tc_conn own;

    if (!u->fresh) {
        tc_call(&u->conn, path, msg->data, msg->len, r);
        return;
    }
    if (!tc_open(&own, u->host, u->port)) {
        memset(r, 0, sizeof *r);
        r->grpc_status = -1;
        return;
    }
    tc_call(&own, path, msg->data, msg->len, r);
    tc_close(&own);
}

/* A signed call: envelope, send, status. The body is freed. */
static int signed_call(tc_user *u, const char *path, tc_buf *body, tc_reply *r)
{
    tc_buf env = { 0 };

    tc_envelope(&env, u->key, body->data, body->len);
    call(u, path, &env, r);
    tc_free(&env);
    tc_free(body);
    return r->grpc_status;
}

int tc_nonce(tc_user *u, uint64_t *nonce)
{
    tc_buf m = { 0 };
    tc_reply r;
    int status;

    tc_bytes(&m, 1, u->address, 20);
    call(u, "/network.ProverNetwork/GetNonce", &m, &r);
    *nonce = 0;
    if (r.msg)
        tc_get_u64(r.msg, r.msg_len, 1, nonce);
    status = r.grpc_status;
    tc_free(&m);
    tc_reply_free(&r);
    return status;
}

static void copy_text(char out[512], const tc_reply *r, uint32_t field)
{
    const uint8_t *p;
    size_t len;

    out[0] = '\0';
    if (r->msg && tc_get_bytes(r->msg, r->msg_len, field, 0, &p, &len) &&
        len < 512) {
        memcpy(out, p, len);
        out[len] = '\0';
    }
}

int tc_artifact(tc_user *u, int type, const void *data, size_t len, char *uri)
{
    uint8_t sig[65];
    char url[512];
    tc_buf m = { 0 };
    tc_reply r;
    tc_http h;
    int status;

    if (provernet_sign(u->key, sig, "create_artifact", 15, NULL))
        return -1;
    sig[64] = (uint8_t)(sig[64] + 27); /* as SDKs from 5.1.1 on send it */
    tc_bytes(&m, 1, sig, sizeof sig);
    tc_u64(&m, 2, (uint64_t)type);
    call(u, "/artifact.ArtifactStore/CreateArtifact", &m, &r);
    copy_text(uri, &r, 1);
    copy_text(url, &r, 2);
    status = r.grpc_status;
    tc_free(&m);
    tc_reply_free(&r);
    if (status != 0)
        return status;
    if (!tc_http_url("PUT", url, data, len, &h))
        return -1;
    status = h.status >= 200 && h.status < 300 ? 0 : h.status;
    tc_http_free(&h);
    return status;
}

int tc_create_program(tc_user *u, const uint8_t hash32[32], const void *vk,
                      size_t vk_len, const char *uri)
{
    tc_buf body = { 0 };
    tc_reply r;
    uint64_t nonce;
    int status = tc_nonce(u, &nonce);

    if (status != 0)
        return status;
    tc_u64(&body, 1, nonce);
    tc_bytes(&body, 2, hash32, 32);
    tc_bytes(&body, 3, vk, vk_len);
    tc_text(&body, 4, uri);
    status = signed_call(u, "/network.ProverNetwork/CreateProgram", &body, &r);
    if (status > 0)
        fprintf(stderr, "CreateProgram: %d %s\n", status, r.message);
    tc_reply_free(&r);
    return status;
}

/* What a client in mainnet mode says beside; with its own run's digest. */
static void mainnet_fields(tc_buf *body, const uint8_t values32[32])
{
    static const uint8_t domain[] =
        "\x55\xea\x66\x75\x7c\x5b\x1a\xec\xda\x66\x19\x90\x5f\x59\x4b\x32"
        "\x00\x92\xdb\x1c\xf4\xc8\xb6\xf8\x90\x25\xc0\x92\xf0\xbb\x7b\x5b";
    static const uint8_t nobody[20];

    tc_bytes(body, 12, domain, 32);
    tc_bytes(body, 13, nobody, 20);
    tc_bytes(body, 14, nobody, 20);
    tc_bytes(body, 15, nobody, 20);
    tc_bytes(body, 16, values32, 32);
    tc_text(body, 17, "0");
    tc_text(body, 18, "0");
    tc_bytes(body, 20, nobody, 20);
}

int tc_request_values(tc_user *u, const uint8_t hash32[32], int mode,
                      const char *stdin_uri, uint64_t deadline_s,
                      const uint8_t values32[32], uint8_t id32[32])
{
    tc_buf body = { 0 };
    tc_reply r;
    const uint8_t *inner, *id;
    size_t inner_len, id_len;
    uint64_t nonce;
    int status = tc_nonce(u, &nonce);

    if (status != 0)
        return status;
    tc_u64(&body, 1, nonce);
    tc_bytes(&body, 2, hash32, 32);
    tc_text(&body, 3, "sp1-v6.1.0");
    tc_u64(&body, 4, (uint64_t)mode);
    tc_u64(&body, 5, 2);
    tc_text(&body, 6, stdin_uri);
    tc_u64(&body, 7, deadline_s);
    tc_u64(&body, 8, 1000000);
    tc_u64(&body, 9, 2000000);
    if (values32)
        mainnet_fields(&body, values32);
    status = signed_call(u, "/network.ProverNetwork/RequestProof", &body, &r);
    if (status == 0 && r.msg &&
        tc_get_bytes(r.msg, r.msg_len, 2, 0, &inner, &inner_len) &&
        tc_get_bytes(inner, inner_len, 1, 0, &id, &id_len) && id_len == 32)
        memcpy(id32, id, 32);
    else if (status == 0)
        status = -2;
    if (status > 0)
        fprintf(stderr, "RequestProof: %d %s\n", status, r.message);
    tc_reply_free(&r);
    return status;
}

int tc_request(tc_user *u, const uint8_t hash32[32], int mode,
               const char *stdin_uri, uint64_t deadline_s, uint8_t id32[32])
{
    return tc_request_values(u, hash32, mode, stdin_uri, deadline_s, NULL,
                             id32);
}

int tc_get_status(tc_user *u, const uint8_t id32[32], tc_status *out)
{
    tc_buf m = { 0 };
    tc_reply r;
    int status;

    memset(out, 0, sizeof *out);
    tc_bytes(&m, 1, id32, 32);
    call(u, "/network.ProverNetwork/GetProofRequestStatus", &m, &r);
    status = r.grpc_status;
    if (r.msg) {
        tc_get_u64(r.msg, r.msg_len, 1, &out->fulfillment);
        tc_get_u64(r.msg, r.msg_len, 2, &out->execution);
        tc_get_u64(r.msg, r.msg_len, 4, &out->deadline);
        copy_text(out->proof_uri, &r, 6);
    }
    tc_free(&m);
    tc_reply_free(&r);
    return status;
}
