/* tests/unit/protocol/succinct_test.c - the Succinct wire, from CreateArtifact
 * to a fulfilled request, and the published vectors. */
#include "world.h"
#include "prove/kinds.h"
#include "protocol/succinct/succinct.h"
#include "vectors/signed.h"
#include <sodium.h>
#include <zstd.h>

#define DETAILS "GetProofRequestDetails"

static int open_world(void **state)
{
    *state = world_make("node.trust=sp1/compressed@6", NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static size_t bytes_of(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    assert_true(pvn_unhex(out, len, hex, 2 * len));
    return len;
}

/* ---- vectors ---- */

static void published_requests_have_their_signer_and_id(void **state)
{
    pvn_envelope e;
    uint8_t body[1024], sig[65], digest[32], want[32], name[32];

    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        e.body = pvn_bytes_of(body, bytes_of(body, published[i].body));
        bytes_of(sig, published[i].signature);
        bytes_of(want, published[i].signer);
        pvn_eip191(digest, e.body.data, e.body.len);
        assert_int_equal(
            pvn_signature_open(pvn_bytes_of(sig, 65), digest, e.signer20, NULL),
            0);
        assert_memory_equal(e.signer20, want, 20);
        if (i == 0) {
            pvn_succinct_name(name, &e);
            bytes_of(want, "edda72e7071dce796e91cc12522774b91d33730b698686f8eb"
                           "eec92e251b42cd");
            assert_memory_equal(name, want, 32);
        }
    }
}

/* Each of the three recovery bytes; both flavours. */
static void our_vectors_have_their_id_in_every_form(void **state)
{
    static const uint8_t add[] = { 0, 27, 54 };
    world *w = *state;
    pvn_envelope e;
    uint8_t body[1024], sig[65], digest[32], want[32], name[32];
    pvn_arena a = { 0 };
    pvn_wanted v;

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        e.body = pvn_bytes_of(body, bytes_of(body, ours[i].body));
        pvn_eip191(digest, e.body.data, e.body.len);
        bytes_of(want, ours[i].digest);
        assert_memory_equal(digest, want, 32);
        for (size_t k = 0; k < 3; k++) {
            bytes_of(sig, ours[i].signature);
            sig[64] = (uint8_t)(sig[64] + add[k]);
            assert_int_equal(pvn_signature_open(pvn_bytes_of(sig, 65), digest,
                                                e.signer20, NULL),
                             0);
            assert_memory_equal(e.signer20, w->address, 20);
        }
        pvn_succinct_name(name, &e);
        bytes_of(want, ours[i].request_id);
        assert_memory_equal(name, want, 32);
        assert_int_equal(pvn_wanted_read(&a, e.body, &v, NULL), 0);
        assert_int_equal(v.auction, i == 1);
        assert_int_equal(v.nonce, 7);
        assert_int_equal(v.deadline_s, 1800000000);
        assert_int_equal(v.gas_limit, 2000000);
        if (v.auction)
            assert_string_equal(v.max_price_per_pgu, "1200");
    }
    pvn_arena_free(&a);
}

/* ---- accounts ---- */

static void nonces_start_at_zero_and_owners_are_themselves(void **state)
{
    world *w = *state;
    uint8_t nobody[20] = { 9 };
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    pvn_pb_put_bytes(&b, 1, nobody, 20);
    a = rpc_query(w, "GetNonce", &b);
    assert_int_equal(a.grpc, 0);
    assert_int_equal(a.len, 0); /* zero is not written */
    answer_free(&a);
    pvn_pb_put_bytes(&b, 1, nobody, 20);
    a = rpc_query(w, "GetOwner", &b);
    f = get(a.body, a.len, 1);
    assert_int_equal(f.bytes.len, 20);
    assert_memory_equal(f.bytes.data, nobody, 20);
    answer_free(&a);
    pvn_pb_put_bytes(&b, 1, nobody, 20);
    a = rpc_query(w, "GetBalance", &b);
    f = get(a.body, a.len, 1);
    assert_int_equal(f.bytes.len, 25);
    assert_memory_equal(f.bytes.data, "1000000000000000000000000", 25);
    answer_free(&a);
    a = rpc_query(w, "GetProversByUptime", &b);
    assert_int_equal(a.grpc, 0);
    assert_int_equal(a.len, 0);
    answer_free(&a);
}

static void params_have_exact_lengths(void **state)
{
    world *w = *state;
    pvn_buf b = { 0 };
    answer a;

    pvn_pb_put_uint(&b, 1, 4);
    a = rpc_query(w, "GetProofRequestParams", &b);
    assert_int_equal(a.grpc, 0);
    assert_int_equal(get(a.body, a.len, 1).bytes.len, 32);
    assert_memory_equal(get(a.body, a.len, 1).bytes.data,
                        "\x55\xea\x66\x75\x7c\x5b\x1a\xec", 8);
    for (uint32_t i = 2; i <= 7; i++)
        if (i != 5 && i != 6)
            assert_int_equal(get(a.body, a.len, i).bytes.len, 20);
    assert_true(get(a.body, a.len, 5).bytes.len > 0);
    assert_true(get(a.body, a.len, 6).bytes.len > 0);
    answer_free(&a);
}

/* ---- programs ---- */

static void programs_are_registered_once(void **state)
{
    world *w = *state;
    uint8_t hash[32];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    uint64_t nonce;
    answer a;

    memset(hash, 0x31, 32);
    pvn_pb_put_bytes(&b, 1, hash, 32);
    a = rpc_query(w, "GetProgram", &b);
    assert_int_equal(a.grpc, 5);
    answer_free(&a);
    nonce = next_nonce(w);
    register_sp1(w, 0x31);
    assert_int_equal(next_nonce(w), nonce + 1);
    register_sp1(w, 0x31); /* the same bytes in another artifact */
    pvn_pb_put_bytes(&b, 1, hash, 32);
    a = rpc_query(w, "GetProgram", &b);
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, hash, 32);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 2).bytes.data, "vk", 2);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 5).bytes.data,
                        w->address, 20);
    assert_true(get(f.bytes.data, f.bytes.len, 6).value > 1700000000);
    answer_free(&a);
}

static void programs_of_no_known_form_are_refused(void **state)
{
    world *w = *state;
    uint8_t hash[32] = { 5 };
    pvn_buf b = { 0 };
    char uri[256];
    answer a;

    upload(w, 1, "neither", 7, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    a = rpc(w, "CreateProgram", &b);
    assert_int_equal(a.grpc, 3);
    assert_non_null(strstr(a.message, "ELF"));
    answer_free(&a);
}

static void damaged_circuits_are_refused(void **state)
{
    static const uint8_t zkey[] = "zkey\1\0\0\0\12\0\0\0\1\0\0\0garbage";
    world *w = *state;
    uint8_t hash[32] = { 6 };
    pvn_buf b = { 0 };
    char uri[256];
    answer a;

    upload(w, 1, zkey, sizeof zkey, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "vk", 2);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    a = rpc(w, "CreateProgram", &b);
    assert_int_equal(a.grpc, 3);
    answer_free(&a);
}

/* A file of the vectors, whole. */
static uint8_t *vector(const char *name, size_t *len)
{
    char path[512];
    uint8_t *data = malloc(1 << 20);
    FILE *f;

    snprintf(path, sizeof path, "%s/groth16/%s", PVN_VECTORS, name);
    f = fopen(path, "rb");
    if (!f || !data)
        fail_msg("cannot read %s", path);
    *len = fread(data, 1, 1 << 20, f);
    fclose(f);
    return data;
}

typedef struct memory {
    const uint8_t *data;
    size_t len;
} memory;

static provernet_status read_memory(void *user, void *buf, size_t len,
                                    uint64_t offset, provernet_error *err)
{
    const memory *m = user;

    if (offset > m->len || len > m->len - offset)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0, "the end");
    memcpy(buf, m->data + offset, len);
    return PROVERNET_OK;
}

static answer create_circuit(world *w, const uint8_t hash[32], pvn_bytes vk,
                             const void *zkey, size_t len)
{
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 1, zkey, len, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, 32);
    if (vk.len)
        pvn_pb_put_bytes(&b, 3, vk.data, vk.len);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    return rpc(w, "CreateProgram", &b);
}

static void answers(answer a, int code)
{
    if (a.grpc != code)
        fail_msg("%d \"%s\", expected %d", a.grpc, a.message, code);
    answer_free(&a);
}

/* What is registered of it: the canonical vk, whatever was sent. */
static void has_vk(world *w, const uint8_t hash[32], const pvn_buf *vk)
{
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    pvn_pb_put_bytes(&b, 1, hash, 32);
    a = rpc_query(w, "GetProgram", &b);
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 1);
    f = get(f.bytes.data, f.bytes.len, 2);
    assert_int_equal(f.bytes.len, vk->len);
    assert_memory_equal(f.bytes.data, vk->data, vk->len);
    answer_free(&a);
}

static answer request_circuit(world *w, const uint8_t hash[32], int mode)
{
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 2, "a witness", 9, uri);
    request_body(w, &b, 0, uri, mode, (uint64_t)world_now(w) / 1000 + 600);
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "", 0); /* its version does not matter */
    return rpc(w, "RequestProof", &b);
}

static void circuits_are_what_their_hash_says(void **state)
{
    static const char *const names[] = { "multiplier/circuit.zkey",
                                         "poseidon/circuit.zkey" };
    world *w = *state;

    for (size_t i = 0; i < 2; i++) {
        memory m;
        pvn_buf vk = { 0 };
        uint8_t hash[32], wrong[32] = { 1 }, *packed;
        size_t packed_len;
        pvn_bytes none = { NULL, 0 };

        m.data = vector(names[i], &m.len);
        assert_int_equal(pvn_circuit_vk(read_memory, &m, m.len, &vk, NULL), 0);
        crypto_hash_sha256(hash, vk.data, vk.len);
        answers(create_circuit(w, wrong, none, m.data, m.len), 3);
        answers(create_circuit(w, hash, pvn_bytes_of("vk", 2), m.data, m.len),
                3);
        packed = malloc(ZSTD_compressBound(m.len));
        packed_len =
            ZSTD_compress(packed, ZSTD_compressBound(m.len), m.data, m.len, 3);
        if (i == 0) /* raw with a vk, then compressed without */
            answers(create_circuit(w, hash, pvn_bytes_of(vk.data, vk.len),
                                   m.data, m.len),
                    0);
        answers(create_circuit(w, hash, none, packed, packed_len), 0);
        has_vk(w, hash, &vk);
        answers(request_circuit(w, hash, 2), 3);
        answers(request_circuit(w, hash, 4), 0);
        free((void *)(uintptr_t)m.data);
        free(packed);
        pvn_buf_free(&vk);
    }
}

/* ---- requests ---- */

static answer status_of(world *w, const uint8_t id[32])
{
    pvn_buf b = { 0 };

    pvn_pb_put_bytes(&b, 1, id, 32);
    return rpc_query(w, "GetProofRequestStatus", &b);
}

static uint64_t number(const answer *a, uint32_t no)
{
    return get(a->body, a->len, no).value;
}

static void a_request_lives_until_it_is_fulfilled(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_pb_field f;
    char url[512];
    answer a;

    register_sp1(w, 0x41);
    accepted_request(w, 0x41, id);
    a = status_of(w, id);
    assert_int_equal(a.grpc, 0);
    assert_int_equal(number(&a, 1), 1); /* REQUESTED: no worker */
    assert_int_equal(number(&a, 2), 1);
    assert_memory_equal(get(a.body, a.len, 3).bytes.data, id, 32);
    assert_true(number(&a, 4) > (uint64_t)world_now(w) / 1000 + 3000);
    assert_int_equal(get(a.body, a.len, 6).wire, -1);
    answer_free(&a);
    worker_hello(w, "ruth", "sp1/compressed@6");
    a = status_of(w, id);
    assert_int_equal(number(&a, 1), 2); /* ASSIGNED */
    answer_free(&a);
    fulfil(w, id, "the proof", 9);
    a = status_of(w, id);
    assert_int_equal(number(&a, 1), 3);
    /* kept for a week: clients that compare the deadline must not lose it */
    assert_true(number(&a, 4) >= (uint64_t)world_now(w) / 1000 + 600000);
    assert_int_equal(get(a.body, a.len, 5).bytes.len, 32);
    f = get(a.body, a.len, 6);
    snprintf(url, sizeof url, "%.*s", (int)f.bytes.len,
             (const char *)f.bytes.data);
    assert_memory_equal(url, "http://127.0.0.1:9000/artifacts/raw/proof/", 42);
    answer_free(&a);
    a = http_text(w, "GET", path_of(url), "");
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 9);
    assert_memory_equal(a.body, "the proof", 9);
    answer_free(&a);
}

static void deadlines_are_echoed_unclamped(void **state)
{
    world *w = *state;
    char uri[256];
    uint8_t id[32];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    register_sp1(w, 0x42);
    upload(w, 2, "x", 1, uri);
    request_body(w, &b, 0x42, uri, 1, UINT64_MAX);
    a = rpc(w, "RequestProof", &b);
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    assert_memory_equal(get(a.body, a.len, 1).bytes.data, id, 32);
    answer_free(&a);
    a = status_of(w, id);
    assert_true(number(&a, 4) == UINT64_MAX);
    answer_free(&a);
}

static void auction_bodies_are_taken_and_shown(void **state)
{
    static const uint8_t domain[32] = {
        0x55, 0xea, 0x66, 0x75, 0x7c, 0x5b, 0x1a, 0xec, 0xda, 0x66, 0x19,
        0x90, 0x5f, 0x59, 0x4b, 0x32, 0x00, 0x92, 0xdb, 0x1c, 0xf4, 0xc8,
        0xb6, 0xf8, 0x90, 0x25, 0xc0, 0x92, 0xf0, 0xbb, 0x7b, 0x5b
    };
    world *w = *state;
    uint8_t nobody[20] = { 0 }, id[32];
    char uri[256];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    register_sp1(w, 0x43);
    upload(w, 2, "x", 1, uri);
    request_body(w, &b, 0x43, uri, 2, (uint64_t)world_now(w) / 1000 + 600);
    pvn_pb_put_bytes(&b, 12, domain, 32);
    pvn_pb_put_bytes(&b, 13, nobody, 20);
    pvn_pb_put_bytes(&b, 14, nobody, 20);
    pvn_pb_put_bytes(&b, 15, nobody, 20);
    pvn_pb_put_bytes(&b, 17, "100", 3);
    pvn_pb_put_bytes(&b, 18, "1200", 4);
    pvn_pb_put_bytes(&b, 20, nobody, 20);
    a = rpc(w, "RequestProof", &b);
    if (a.grpc)
        fail_msg("%s", a.message);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
    pvn_pb_put_bytes(&b, 1, id, 32);
    a = rpc_query(w, DETAILS, &b);
    f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 34).bytes.data, "100",
                        3);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 35).bytes.data, "1200",
                        4);
    answer_free(&a);
}

/* What every shipped decoder accepts: 34 and 35 stay away in base requests. */
static void details_suit_every_decoder(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    register_sp1(w, 0x44);
    accepted_request(w, 0x44, id);
    pvn_pb_put_bytes(&b, 1, id, 32);
    a = rpc_query(w, DETAILS, &b);
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 1);
#define FIELD(n) get(f.bytes.data, f.bytes.len, n)
    assert_memory_equal(FIELD(1).bytes.data, id, 32);
    assert_int_equal(FIELD(2).bytes.len, 32);
    assert_memory_equal(FIELD(3).bytes.data, "sp1-v6.1.0", 10);
    assert_int_equal(FIELD(4).value, 2);
    assert_int_equal(FIELD(5).value, 2);
    assert_memory_equal(FIELD(13).bytes.data, w->address, 20);
    assert_int_equal(FIELD(26).value, 2000000);
    assert_int_equal(FIELD(29).value, 1);
    assert_memory_equal(FIELD(30).bytes.data,
                        "http://127.0.0.1:9000/artifacts/raw/program/", 44);
    assert_memory_equal(FIELD(31).bytes.data,
                        "http://127.0.0.1:9000/artifacts/raw/stdin/", 42);
    assert_int_equal(FIELD(34).wire, -1);
    assert_int_equal(FIELD(35).wire, -1);
#undef FIELD
    answer_free(&a);
}

/* ---- lists ---- */

static size_t listed(world *w, pvn_buf *ask)
{
    answer a = rpc_query(w, "GetFilteredProofRequests", ask);
    pvn_pb_reader r = pvn_pb_read(pvn_bytes_of(a.body, a.len));
    pvn_pb_field f;
    size_t n = 0;

    if (a.grpc)
        fail_msg("list: %s", a.message);
    while (pvn_pb_next(&r, &f))
        n += f.number == 1;
    answer_free(&a);
    return n;
}

static pvn_buf filter_vk(uint8_t tag)
{
    uint8_t hash[32];
    pvn_buf b = { 0 };

    memset(hash, tag, 32);
    pvn_pb_put_bytes(&b, 5, hash, 32);
    return b;
}

static void lists_filter_and_page(void **state)
{
    world *w = *state;
    uint8_t id[12][32], nobody[20] = { 1 };
    pvn_buf b;

    register_sp1(w, 0x51);
    for (int i = 0; i < 12; i++)
        accepted_request(w, 0x51, id[i]);
    b = filter_vk(0x51);
    assert_int_equal(listed(w, &b), 10); /* the default */
    b = filter_vk(0x51);
    pvn_pb_put_uint(&b, 10, 1000); /* clamped, not refused */
    assert_int_equal(listed(w, &b), 12);
    b = filter_vk(0x51);
    pvn_pb_put_uint(&b, 10, 5);
    pvn_pb_put_uint(&b, 11, 3);
    assert_int_equal(listed(w, &b), 2);
    b = filter_vk(0x51);
    pvn_pb_put_bytes(&b, 1, "sp1-v6.1.0", 10);
    pvn_pb_put_uint(&b, 10, 5);
    pvn_pb_put_uint(&b, 11, 3);
    assert_int_equal(listed(w, &b), 2);
    b = filter_vk(0x51);
    pvn_pb_put_bytes(&b, 1, "sp1-v5.0.0", 10);
    assert_int_equal(listed(w, &b), 0);
    b = filter_vk(0x51);
    pvn_pb_put_uint(&b, 12, 4);
    assert_int_equal(listed(w, &b), 0);
    b = filter_vk(0x51);
    pvn_pb_put_uint(&b, 2, 3);
    assert_int_equal(listed(w, &b), 0);
    b = filter_vk(0x51);
    pvn_pb_put_bytes(&b, 6, nobody, 20);
    assert_int_equal(listed(w, &b), 0);
    b = filter_vk(0x51);
    pvn_pb_put_bytes(&b, 6, w->address, 20);
    pvn_pb_put_uint(&b, 4, (uint64_t)world_now(w) / 1000 + 7200);
    assert_int_equal(listed(w, &b), 0);
    b = filter_vk(0x51);
    pvn_pb_put_bytes(&b, 13, nobody, 20);
    pvn_pb_put_uint(&b, 10, 100);
    assert_int_equal(listed(w, &b), 0); /* none is open for bids */
}

static void lists_are_oldest_first(void **state)
{
    world *w = *state;
    uint8_t first[32], second[32];
    pvn_buf b;
    pvn_pb_field f;
    answer a;

    register_sp1(w, 0x52);
    accepted_request(w, 0x52, first);
    w->skip_ms += 5000;
    accepted_request(w, 0x52, second);
    b = filter_vk(0x52);
    a = rpc_query(w, "GetFilteredProofRequests", &b);
    f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, first,
                        32);
    answer_free(&a);
}

/* ---- cancelling, giving up, expiry ---- */

static void the_requester_may_cancel(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    register_sp1(w, 0x61);
    accepted_request(w, 0x61, id);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, id, 32);
    a = rpc(w, "CancelRequest", &b);
    if (a.grpc)
        fail_msg("%s", a.message);
    assert_int_equal(get(a.body, a.len, 1).bytes.len, 32);
    assert_int_equal(get(a.body, a.len, 2).wire, PVN_PB_LEN);
    answer_free(&a);
    a = status_of(w, id);
    assert_int_equal(number(&a, 1), 4);
    answer_free(&a);
    pvn_pb_put_bytes(&b, 1, id, 32);
    a = rpc_query(w, DETAILS, &b);
    f = get(a.body, a.len, 1);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 37).value, 1);
    answer_free(&a);
    pvn_pb_put_uint(&b, 1, next_nonce(w)); /* a second time */
    pvn_pb_put_bytes(&b, 2, id, 32);
    a = rpc(w, "CancelRequest", &b);
    assert_int_equal(a.grpc, 9);
    answer_free(&a);
}

static void only_the_fulfiller_may_give_up(void **state)
{
    world *w = *state;
    uint8_t id[32];
    uint64_t nonce;
    pvn_buf b = { 0 };
    answer a;

    register_sp1(w, 0x62);
    accepted_request(w, 0x62, id);
    nonce = next_nonce(w);
    pvn_pb_put_uint(&b, 1, nonce);
    pvn_pb_put_bytes(&b, 2, id, 32);
    a = rpc(w, "FailFulfillment", &b);
    assert_int_equal(a.grpc, 7);
    answer_free(&a);
    assert_int_equal(next_nonce(w), nonce);
}

/* An expired request keeps its last status: old clients know no other. */
static void expired_requests_keep_their_status(void **state)
{
    world *w = world_make(NULL, NULL);
    uint8_t id[32];
    pvn_buf b = { 0 };
    answer a;

    (void)state;
    register_sp1(w, 0x63);
    accepted_request(w, 0x63, id);
    w->skip_ms += 2 * 3600 * 1000;
    for (int i = 0; i < 100; i++) {
        pvn_op *op = pvn_op_new(PVN_OP_TICK);

        pvn_node_run(w->node, &op, 1, NULL);
        pvn_op_free(op);
        pvn_pb_put_uint(&b, 18, 1); /* is_timed_out */
        if (listed(w, &b) == 1)
            break;
    }
    a = status_of(w, id);
    assert_int_equal(number(&a, 1), 1);
    assert_true(number(&a, 4) < (uint64_t)world_now(w) / 1000);
    answer_free(&a);
    pvn_pb_put_uint(&b, 18, 1);
    assert_int_equal(listed(w, &b), 1);
    world_free(w);
}

/* Names of the network that nobody serves here. */
static void other_methods_are_unimplemented(void **state)
{
    static const char *const names[] = { "GetSearchResults", "SignIn",
                                         "GetProofRequestMetrics", "AddCredit",
                                         "NoSuch" };
    world *w = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pvn_buf b = { 0 };
        answer a = rpc_query(w, names[i], &b);

        assert_int_equal(a.grpc, 12);
        answer_free(&a);
    }
}

/* Every RPC survives every cut of a good request, and says why it refuses. */
static void no_cut_of_a_request_is_taken(void **state)
{
    world *w = *state;
    pvn_buf body = { 0 }, msg = { 0 };

    register_sp1(w, 0x71);
    request_body(w, &body, 0x71, "http://x/artifacts/stdin/0", 2, 4000000000u);
    envelope(w, &msg, &body);
    for (size_t i = 0; i < msg.len; i++) {
        answer a = grpc(w, "/network.ProverNetwork/RequestProof", msg.data, i);

        if (a.grpc != 3 && a.grpc != 16 && a.grpc != 5)
            fail_msg("cut at %zu: %d %s", i, a.grpc, a.message);
        answer_free(&a);
    }
    pvn_buf_free(&body);
    pvn_buf_free(&msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_requests_have_their_signer_and_id),
        cmocka_unit_test(our_vectors_have_their_id_in_every_form),
        cmocka_unit_test(nonces_start_at_zero_and_owners_are_themselves),
        cmocka_unit_test(params_have_exact_lengths),
        cmocka_unit_test(programs_are_registered_once),
        cmocka_unit_test(programs_of_no_known_form_are_refused),
        cmocka_unit_test(damaged_circuits_are_refused),
        cmocka_unit_test(circuits_are_what_their_hash_says),
        cmocka_unit_test(a_request_lives_until_it_is_fulfilled),
        cmocka_unit_test(deadlines_are_echoed_unclamped),
        cmocka_unit_test(auction_bodies_are_taken_and_shown),
        cmocka_unit_test(details_suit_every_decoder),
        cmocka_unit_test(lists_filter_and_page),
        cmocka_unit_test(lists_are_oldest_first),
        cmocka_unit_test(the_requester_may_cancel),
        cmocka_unit_test(only_the_fulfiller_may_give_up),
        cmocka_unit_test(expired_requests_keep_their_status),
        cmocka_unit_test(other_methods_are_unimplemented),
        cmocka_unit_test(no_cut_of_a_request_is_taken),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
