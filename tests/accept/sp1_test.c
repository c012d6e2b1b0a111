/* tests/accept/sp1_test.c - wrapped SP1 proofs at the real server: a published
 * one is fulfilled because the server judged it, a changed one is refused
 * though its worker says it is fine, whatever is trusted.
 *
 *   accept_sp1_test PROGRAMS KEYGEN VECTORS */
#include "accept.h"
#include <provernet/worker.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct wrap {
    const char *name, *vkey;
    int mode;
} wrap;
static const wrap wraps[] = {
    { "groth16",
      "00f31d3c82e1ac5e413efe237066f7b6820416878cd71f6c9d4f642b24732a93", 4 },
    { "plonk",
      "004a55ed3c7a07d0233a027278a8b7ff8681ffbd5d1ec4795c18966f6e693090", 3 },
};

static const char *vectors;
static tc_server server;
static tc_user user;

static tc_buf read_vector(const char *name)
{
    char path[600];
    tc_buf b = { 0 };
    uint8_t piece[4096];
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "%s/sp1/%s", vectors, name);
    f = fopen(path, "rb");
    MUST(f != NULL);
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        tc_add(&b, piece, n);
    fclose(f);
    return b;
}

/* Any program will do: what it is called is what its proof must name. */
static void register_program(const wrap *w, uint8_t hash32[32])
{
    tc_buf elf = read_vector("guest64.elf"), program = { 0 };
    char uri[512], twice[3] = "";
    uint8_t len[8] = { 0 };

    for (int i = 0; i < 32; i++) {
        memcpy(twice, w->vkey + 2 * i, 2);
        hash32[i] = (uint8_t)strtoul(twice, NULL, 16);
    }
    for (int i = 0; i < 8; i++)
        len[i] = (uint8_t)(elf.len >> 8 * i);
    tc_add(&elf, w->name, 1); /* one artifact each */
    len[0]++;
    tc_add(&program, len, 8);
    tc_add(&program, elf.data, elf.len);
    MUST(tc_artifact(&user, 1, program.data, program.len, uri) == 0);
    MUST(tc_create_program(&user, hash32, "vk", 2, uri) == 0);
    tc_free(&elf);
    tc_free(&program);
}

static provernet_worker *worker_open(void)
{
    provernet_options *o = provernet_options_new();
    uint8_t secret[32] = { [31] = 9 };
    provernet_worker *w = NULL;
    provernet_key *k = NULL;
    char address[64];

    snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
    MUST(o != NULL && provernet_key_new(&k, secret, NULL) == 0);
    MUST(provernet_options_set(o, "worker.server", address, NULL) == 0);
    MUST(provernet_options_set(o, "worker.kinds", "sp1/groth16@6,sp1/plonk@6",
                               NULL) == 0);
    MUST(provernet_options_set(o, "worker.name", "wrapper", NULL) == 0);
    MUST(provernet_worker_dial(&w, o, k, NULL) == 0);
    provernet_key_free(k);
    provernet_options_free(o);
    return w;
}

/* The next job is answered with these bytes. */
static provernet_status hand_in(provernet_worker *w, const tc_buf *proof,
                                provernet_error *err)
{
    provernet_blob *out;
    provernet_job *j;

    MUST(provernet_worker_next(w, &j, PATIENCE_MS, err) == 0);
    MUST(provernet_job_output(j, &out, err) == 0);
    MUST(provernet_blob_write(out, proof->data, proof->len, err) == 0);
    return provernet_job_done(j, err);
}

static void one(provernet_worker *w, const wrap *x)
{
    provernet_error err = { 0 };
    tc_buf proof, changed = { 0 };
    uint8_t hash[32], id[32];
    tc_status status;
    char uri[512];
    char name[40];
    tc_http h;

    snprintf(name, sizeof name, "%s.proof", x->name);
    proof = read_vector(name);
    register_program(x, hash);
    MUST(tc_artifact(&user, 2, x->name, strlen(x->name), uri) == 0);
    MUST(tc_request(&user, hash, x->mode, uri, (uint64_t)time(NULL) + 3600,
                    id) == 0);

    tc_add(&changed, proof.data, proof.len);
    changed.data[proof.len / 2] ^= 1; /* a digit of the encoded proof */
    MUST(hand_in(w, &changed, &err) != 0);
    MUST(tc_get_status(&user, id, &status) == 0);
    MUST(status.fulfillment == 2);
    printf("%s: refused: %s\n", x->name, err.message);

    MUST(hand_in(w, &proof, &err) == 0);
    MUST(request_wait(&user, id, &status) == 3);
    MUST(tc_http_url("GET", status.proof_uri, NULL, 0, &h));
    MUST(h.body.len == proof.len);
    MUST(memcmp(h.body.data, proof.data, proof.len) == 0);
    printf("%s: fulfilled\n", x->name);
    tc_http_free(&h);
    tc_free(&changed);
    tc_free(&proof);
}

static size_t field_at(const tc_buf *file, size_t at, size_t *len)
{
    uint64_t n = 0;

    MUST(at + 8 <= file->len);
    for (int i = 7; i >= 0; i--)
        n = n << 8 | file->data[at + (size_t)i];
    MUST(n <= file->len - at - 8);
    *len = (size_t)n;
    return at + 8;
}

/* SHA-256 of the public values that a version 6 file carries: tag, five
 * signals, two texts, a hash, then they. */
static void values_of(const tc_buf *file, uint8_t digest[32])
{
    size_t at = 4, len = 0;

    for (int i = 0; i < 7; i++)
        at = field_at(file, at, &len) + len;
    at = field_at(file, at + 32, &len);
    crypto_hash_sha256(digest, file->data + at, len);
}

static int64_t strikes(void)
{
    json_t *all = api_get(&server, "/api/v1/workers");
    json_t *list = json_object_get(all, "workers");
    int64_t n;

    MUST(json_array_size(list) == 1);
    n = api_number(json_array_get(list, 0), "strikes");
    json_decref(all);
    return n;
}

/* The client has run the program and named what it must give. A good proof of
 * something else costs the worker nothing: the client may have been wrong. */
static void other_values(provernet_worker *w, const wrap *x)
{
    provernet_error err = { 0 };
    uint8_t hash[32], id[32], digest[32];
    char name[40], uri[512];
    tc_status status;
    tc_buf proof;

    snprintf(name, sizeof name, "%s.proof", x->name);
    proof = read_vector(name);
    values_of(&proof, digest);
    register_program(x, hash);
    MUST(tc_artifact(&user, 2, "right", 5, uri) == 0);
    MUST(tc_request_values(&user, hash, x->mode, uri,
                           (uint64_t)time(NULL) + 3600, digest, id) == 0);
    MUST(hand_in(w, &proof, &err) == 0);
    MUST(request_wait(&user, id, &status) == 3);

    digest[31] ^= 1;
    MUST(tc_artifact(&user, 2, "other", 5, uri) == 0);
    MUST(tc_request_values(&user, hash, x->mode, uri,
                           (uint64_t)time(NULL) + 3600, digest, id) == 0);
    int64_t before = strikes();
    MUST(hand_in(w, &proof, &err) != 0);
    MUST(strstr(err.message, "other public values") != NULL);
    MUST(strikes() == before);
    MUST(tc_get_status(&user, id, &status) == 0);
    MUST(status.fulfillment == 2);
    printf("%s: refused: %s\n", x->name, err.message);
    tc_free(&proof);
}

int main(int argc, char **argv)
{
    /* Trust is for what cannot be judged: it does not help a wrong wrap. */
    static const char *const args[] = { "--no-worker", "--set",
                                        "node.trust=sp1/groth16@6,sp1/plonk@6",
                                        NULL };
    uint8_t secret[32] = { [31] = 7 };
    provernet_worker *w;
    char program[600];

    MUST(argc == 4);
    vectors = argv[3];
    snprintf(program, sizeof program, "%s/provernetd", argv[1]);
    MUST(tc_server_start(&server, program, args));
    MUST(tc_user_open(&user, "127.0.0.1", server.port, secret));
    w = worker_open();
    for (size_t i = 0; i < sizeof wraps / sizeof wraps[0]; i++)
        one(w, &wraps[i]);
    other_values(w, &wraps[0]);
    provernet_worker_close(w);
    tc_user_close(&user);
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
    return 0;
}
