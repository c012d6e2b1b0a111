/* net_help.c - see net_help.h. The node speaks to workers only. */
#include "net_help.h"
#include "node/open.h"
#include "protocol/route.h"
#include "protocol/worker/skin.h"
#include "snark/groth16.h"
#include <ftw.h>
#include <unistd.h>

static const pvn_skin *const skins[] = { &pvn_skin_worker };
static const pvn_router router = { skins, 1 };
const pvn_router *const pvn_router_skins = &router;

uint8_t *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes;
    long size;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    *len = fread(bytes, 1, (size_t)size, f);
    assert_int_equal(*len, size);
    bytes[*len] = 0;
    fclose(f);
    return bytes;
}

provernet_options *net_options(const char *const *pairs)
{
    provernet_options *o = provernet_options_new();
    provernet_error err = { 0 };

    assert_non_null(o);
    for (; pairs && pairs[0]; pairs += 2)
        if (provernet_options_set(o, pairs[0], pairs[1], &err))
            fail_msg("%s", err.message);
    return o;
}

void net_reopen(net_node *n, const char *const *pairs)
{
    provernet_options *o = net_options(pairs);
    pvn_node_config cfg = { .options = o, .entry = &pvn_http_entry };
    provernet_error err = { 0 };

    assert_int_equal(provernet_options_set(o, "data.dir", n->dir, &err), 0);
    if (pvn_node_open(&n->pn, &cfg, &err))
        fail_msg("open: %s", err.message);
    provernet_options_free(o);
}

net_node *net_open(const char *const *pairs)
{
    net_node *n = calloc(1, sizeof *n);

    assert_non_null(n);
    strcpy(n->dir, "/tmp/pvn-net-test-XXXXXX");
    assert_non_null(mkdtemp(n->dir));
    net_reopen(n, pairs);
    return n;
}

void net_close_node(net_node *n)
{
    provernet_close(n->pn);
    n->pn = NULL;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void net_remove(net_node *n)
{
    net_close_node(n);
    nftw(n->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(n);
}

provernet_id net_store(provernet *pn, const char *type, const void *data,
                       size_t len)
{
    provernet_error err = { 0 };
    provernet_blob *b;
    provernet_id id = { { 0 } };

    if (provernet_blob_create(pn, &b, type, &err) ||
        provernet_blob_write(b, data, len, &err) ||
        provernet_blob_commit(b, &id, &err))
        fail_msg("store: %s", err.message);
    provernet_blob_close(b);
    return id;
}

provernet_id net_request_kind(provernet *pn, const char *kind,
                              provernet_id program, provernet_id input)
{
    provernet_wish wish = { .struct_size = sizeof wish,
                            .kind = kind,
                            .program = program,
                            .inputs = &input,
                            .inputs_len = 1,
                            .requester20 = { 7 } };
    provernet_error err = { 0 };
    provernet_id id;

    if (provernet_submit(pn, &id, &wish, &err))
        fail_msg("submit: %s", err.message);
    return id;
}

provernet_id net_request(provernet *pn, const char *name)
{
    char path[300];
    provernet_id program, input;
    uint8_t *bytes;
    size_t len;

    snprintf(path, sizeof path, VECTOR("%s/circuit.zkey"), name);
    bytes = slurp(path, &len);
    program = net_store(pn, "program", bytes, len);
    free(bytes);
    snprintf(path, sizeof path, VECTOR("%s/witness.wtns"), name);
    bytes = slurp(path, &len);
    input = net_store(pn, "stdin", bytes, len);
    free(bytes);
    return net_request_kind(pn, "groth16/bn254@1", program, input);
}

provernet_request net_wait(provernet *pn, provernet_id id)
{
    provernet_request r = { .struct_size = sizeof r };
    provernet_error err = { 0 };

    if (provernet_wait(pn, &r, id, PATIENCE_MS, &err))
        fail_msg("wait: %s (%s)", err.message, r.waiting_for);
    return r;
}

provernet_request net_look(provernet *pn, provernet_id id)
{
    provernet_request r = { .struct_size = sizeof r };
    provernet_error err = { 0 };
    provernet_status rc = provernet_wait(pn, &r, id, 0, &err);

    assert_true(rc == PROVERNET_OK || rc == PROVERNET_ERR_TIMEOUT);
    return r;
}

void net_check_proof(provernet *pn, provernet_id proof, const char *name)
{
    provernet_error err = { 0 };
    provernet_groth16_proof p;
    provernet_groth16_vk *vk;
    uint8_t publics[8 * 32], *json;
    char path[300], *text;
    provernet_blob *b;
    provernet_span span;
    size_t len, n, got;

    if (provernet_blob_open(pn, &b, proof, &err))
        fail_msg("proof: %s", err.message);
    len = (size_t)provernet_blob_len(b);
    text = malloc(len);
    assert_int_equal(provernet_blob_read(b, text, len, &got, 0, &err), 0);
    assert_int_equal(got, len);
    provernet_blob_close(b);
    span = (provernet_span){ text, len };
    assert_int_equal(pvn_groth16_artifact_read(&p, publics, 8, &n, span, &err),
                     0);
    free(text);
    snprintf(path, sizeof path, VECTOR("%s/verification_key.json"), name);
    json = slurp(path, &len);
    span = (provernet_span){ json, len };
    assert_int_equal(provernet_groth16_vk_parse(&vk, span, &err), 0);
    assert_int_equal(provernet_groth16_verify(vk, &p, publics, n, &err), 0);
    provernet_groth16_vk_free(vk);
    free(json);
}

char *net_foreign_proof(const char *name, size_t *len)
{
    char path[300], *out;
    uint8_t *proof, *publics;
    size_t a, b;

    snprintf(path, sizeof path, VECTOR("%s/proof_snarkjs.json"), name);
    proof = slurp(path, &a);
    snprintf(path, sizeof path, VECTOR("%s/public_snarkjs.json"), name);
    publics = slurp(path, &b);
    out = malloc(a + b + 64);
    *len = (size_t)sprintf(out, "{\"proof\":%s,\"publicSignals\":%s}", proof,
                           publics);
    free(proof);
    free(publics);
    return out;
}
