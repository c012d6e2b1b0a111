/* tests/unit/protocol/section14_test.c - "rules where the wire is silent":
 * every row of section 14 of the Succinct notes, in its order. The two rows
 * about HTTP/1.1 framing and HTTP/2 abuse belong to the server's sockets
 * (tests/hostile); what reaches the router of them is tested here. */
#include "world.h"

#define NONCE_TEXT "failed nonce verification: invalid nonce for sender 0x"

static int open_world(void **state)
{
    world *w = world_make("artifact.size_max=64KiB", NULL);

    *state = w;
    register_sp1(w, 0x10);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static uint64_t soon(const world *w)
{
    return (uint64_t)world_now(w) / 1000 + 600;
}

static void expect(answer a, int code, const char *text, const char *what)
{
    if (a.grpc != code || (text && !strstr(a.message, text)))
        fail_msg("%s: %d \"%s\", expected %d with \"%s\"", what, a.grpc,
                 a.message, code, text ? text : "");
    answer_free(&a);
}

/* A body with everything right, then `more` appended: a later field wins. */
typedef void (*spoil)(world *w, pvn_buf *b);

static void request_expects(world *w, spoil more, int code, const char *text)
{
    uint64_t before = next_nonce(w);
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 2, "in", 2, uri);
    request_body(w, &b, 0x10, uri, 2, soon(w));
    if (more)
        more(w, &b);
    expect(rpc(w, "RequestProof", &b), code, text, text ? text : "request");
    /* a refusal consumes no nonce, an acceptance one */
    assert_int_equal(next_nonce(w), before + (code == 0 ? 1 : 0));
}

#define SPOIL(name, ...)                                                       \
    static void name(world *w, pvn_buf *b)                                     \
    {                                                                          \
        (void)w;                                                               \
        __VA_ARGS__;                                                           \
    }

/* The rest of a good auction body. */
static const char mainnet[] = "\x55\xea\x66\x75\x7c\x5b\x1a\xec\xda\x66\x19\x90"
                              "\x5f\x59\x4b\x32\x00\x92\xdb\x1c\xf4\xc8\xb6\xf8"
                              "\x90\x25\xc0\x92\xf0\xbb\x7b\x5b";
SPOIL(auction, pvn_pb_put_bytes(b, 12, mainnet, 32))

/* ---- row 1: INVALID_ARGUMENT with the field's name ---- */

SPOIL(short_vk, pvn_pb_put_bytes(b, 2, "short", 5))
SPOIL(short_whitelist, pvn_pb_put_bytes(b, 11, "nineteen bytes long", 19))
SPOIL(past, pvn_pb_put_uint(b, 7, 1000))
SPOIL(no_deadline, pvn_pb_put_uint(b, 7, 0))
SPOIL(mode_zero, pvn_pb_put_uint(b, 4, 0))
SPOIL(mode_five, pvn_pb_put_uint(b, 4, 5))
SPOIL(no_version, pvn_pb_put_bytes(b, 3, "6.1.0", 5))
SPOIL(twelve_both, pvn_pb_put_uint(b, 12, 1); auction(w, b))
SPOIL(twelve_bool_later, pvn_pb_put_uint(b, 12, 1);
      pvn_pb_put_bytes(b, 17, "1", 1))
SPOIL(domain_short, pvn_pb_put_bytes(b, 12, mainnet, 31))
SPOIL(domain_other,
      pvn_pb_put_bytes(b, 12, "01234567890123456789012345678901", 32))
SPOIL(auctioneer_short, auction(w, b); pvn_pb_put_bytes(b, 13, "x", 1))
SPOIL(executor_short, auction(w, b); pvn_pb_put_bytes(b, 14, "x", 1))
SPOIL(verifier_short, auction(w, b); pvn_pb_put_bytes(b, 15, "x", 1))
SPOIL(treasury_short, auction(w, b); pvn_pb_put_bytes(b, 20, "x", 1))
SPOIL(values_short, auction(w, b); pvn_pb_put_bytes(b, 16, "x", 1))
SPOIL(fee_negative, auction(w, b); pvn_pb_put_bytes(b, 17, "-1", 2))
SPOIL(fee_fraction, auction(w, b); pvn_pb_put_bytes(b, 17, "1.5", 3))
SPOIL(price_hex, auction(w, b); pvn_pb_put_bytes(b, 18, "0x10", 4))
SPOIL(variant_bid, auction(w, b); pvn_pb_put_uint(b, 19, 1))
SPOIL(wrong_wire, pvn_pb_put_bytes(b, 7, "x", 1))
SPOIL(not_utf8, pvn_pb_put_bytes(b, 6, "\xff", 1))

static void wrong_fields_are_named(void **state)
{
    static const struct {
        spoil how;
        const char *field;
    } rows[] = {
        { short_vk, "vk_hash" },
        { short_whitelist, "whitelist" },
        { past, "deadline" },
        { no_deadline, "deadline" },
        { mode_zero, "mode" },
        { mode_five, "mode" },
        { no_version, "version" },
        { twelve_both, "field 12" },
        { twelve_bool_later, "field 12" },
        { domain_short, "domain" },
        { domain_other, "domain" },
        { auctioneer_short, "auctioneer" },
        { executor_short, "executor" },
        { verifier_short, "verifier" },
        { treasury_short, "treasury" },
        { values_short, "public_values_hash" },
        { fee_negative, "base_fee" },
        { fee_fraction, "base_fee" },
        { price_hex, "max_price_per_pgu" },
        { variant_bid, "variant" },
        { wrong_wire, "deadline" },
        { not_utf8, "stdin_uri" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        request_expects(*state, rows[i].how, 3, rows[i].field);
    request_expects(*state, NULL, 0, NULL);
    request_expects(*state, auction, 0, NULL);
}

static void undecodable_messages_are_invalid(void **state)
{
    static const char *const names[] = {
        "RequestProof",
        "CancelRequest",
        "FailFulfillment",
        "GetProofRequestStatus",
        "GetProofRequestDetails",
        "CreateProgram",
        "GetFilteredProofRequests",
        "GetNonce",
        "GetOwner",
        "GetBalance",
        "GetProversByUptime",
        "GetProgram",
        "GetProofRequestParams",
    };
    world *w = *state;
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/network.ProverNetwork/%s", names[i]);
        expect(grpc(w, path, "\x0a\xff", 2), 3, NULL, names[i]);
        expect(grpc(w, path, "\x0b", 1), 3, NULL, names[i]);
    }
    expect(grpc(w, "/artifact.ArtifactStore/CreateArtifact", "\x0a\xff", 2), 3,
           NULL, "CreateArtifact");
}

static void envelopes_must_be_whole(void **state)
{
    static const char path[] = "/network.ProverNetwork/CancelRequest";
    world *w = *state;
    pvn_buf body = { 0 }, b = { 0 };
    uint8_t sig[65];

    pvn_pb_put_uint(&body, 1, 0);
    expect(grpc(w, path, "", 0), 3, "body", "nothing at all");
    envelope(w, &b, &body);
    pvn_pb_put_uint(&b, 1, 0); /* a later format wins */
    expect(grpc_buf(w, path, &b), 3, "format", "format 0");
    envelope(w, &b, &body);
    pvn_pb_put_uint(&b, 1, 9);
    expect(grpc_buf(w, path, &b), 3, "format", "format 9");
    envelope(w, &b, &body);
    pvn_pb_put_bytes(&b, 3, body.data, body.len);
    expect(grpc_buf(w, path, &b), 3, "body", "two bodies");
    for (unsigned v = 2; v < 256; v += 1) {
        if (v == 27 || v == 28 || v == 54 || v == 55)
            continue;
        assert_int_equal(provernet_sign(w->key, sig, body.data, body.len, NULL),
                         0);
        sig[64] = (uint8_t)v;
        pvn_pb_put_uint(&b, 1, 1);
        pvn_pb_put_bytes(&b, 2, sig, 65);
        pvn_pb_put_bytes(&b, 3, body.data, body.len);
        expect(grpc_buf(w, path, &b), 3, "signature", "recovery byte");
    }
    for (size_t len = 0; len < 65; len += 16) {
        pvn_pb_put_uint(&b, 1, 1);
        pvn_pb_put_bytes(&b, 2, sig, len);
        pvn_pb_put_bytes(&b, 3, body.data, body.len);
        expect(grpc_buf(w, path, &b), 3, "signature", "short signature");
    }
    pvn_buf_free(&body);
}

static void ids_and_addresses_have_exact_lengths(void **state)
{
    static const struct {
        const char *rpc, *field;
        size_t len;
    } rows[] = {
        { "GetNonce", "address", 19 },
        { "GetOwner", "address", 21 },
        { "GetBalance", "address", 0 },
        { "GetProgram", "vk_hash", 31 },
        { "GetProofRequestStatus", "request_id", 33 },
        { "GetProofRequestDetails", "request_id", 16 },
    };
    static const uint32_t filters[] = { 5, 6, 7, 13 };
    static const uint8_t bytes[64] = { 1 };
    world *w = *state;
    pvn_buf b = { 0 };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pvn_pb_put_bytes(&b, 1, bytes, rows[i].len);
        expect(rpc_query(w, rows[i].rpc, &b), 3, rows[i].field, rows[i].rpc);
    }
    for (size_t i = 0; i < 4; i++) {
        pvn_pb_put_bytes(&b, filters[i], bytes, 5);
        expect(rpc_query(w, "GetFilteredProofRequests", &b), 3, "5 bytes",
               "filter");
    }
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, bytes, 31);
    expect(rpc(w, "CancelRequest", &b), 3, "request_id", "CancelRequest");
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, bytes, 31);
    expect(rpc(w, "CreateProgram", &b), 3, "vk_hash", "CreateProgram");
}

static void artifact_types_are_known_ones(void **state)
{
    static const uint64_t types[] = { 0, 8, 100, 1u << 31 };
    world *w = *state;
    pvn_buf b = { 0 };
    uint8_t sig[65];

    assert_int_equal(provernet_sign(w->key, sig, "create_artifact", 15, NULL),
                     0);
    for (size_t i = 0; i < 4; i++) {
        pvn_pb_put_bytes(&b, 1, sig, 65);
        pvn_pb_put_uint(&b, 2, types[i]);
        expect(grpc_buf(w, "/artifact.ArtifactStore/CreateArtifact", &b), 3,
               "artifact_type", "type");
    }
}

/* ---- row 2: unknown things are NOT_FOUND ---- */

SPOIL(unknown_uri, pvn_pb_put_bytes(b, 6, "s3://bucket/artifact_01", 23))
SPOIL(unknown_artifact,
      pvn_pb_put_bytes(b, 6, "http://h/00112233445566778899aabbccddeeff", 41))

static void unknown_things_are_not_found(void **state)
{
    static const uint8_t id[32] = { 0xee };
    world *w = *state;
    pvn_buf b = { 0 };

    pvn_pb_put_bytes(&b, 1, id, 32);
    expect(rpc_query(w, "GetProgram", &b), 5, "CreateProgram", "program");
    pvn_pb_put_bytes(&b, 1, id, 32);
    expect(rpc_query(w, "GetProofRequestStatus", &b), 5, "0xee00", "status");
    pvn_pb_put_bytes(&b, 1, id, 32);
    expect(rpc_query(w, "GetProofRequestDetails", &b), 5, "0xee00", "details");
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, id, 32);
    expect(rpc(w, "CancelRequest", &b), 5, NULL, "cancel");
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, id, 32);
    expect(rpc(w, "FailFulfillment", &b), 5, NULL, "fail");
    request_expects(w, unknown_uri, 5, "stdin_uri");
    request_expects(w, unknown_artifact, 5, NULL);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 4, "http://h/00112233445566778899aabbccddeeff", 41);
    expect(rpc(w, "CreateProgram", &b), 5, "program_uri", "create");
}

/* ---- row 3: not yet, or of another sort: FAILED_PRECONDITION ---- */

static void issued(world *w, pvn_buf *b)
{
    char uri[256], url[512];

    create_artifact(w, 2, uri, url);
    pvn_pb_put_bytes(b, 6, uri, strlen(uri));
}

static void other_type(world *w, pvn_buf *b)
{
    char uri[256];

    upload(w, 1, "program", 7, uri);
    pvn_pb_put_bytes(b, 6, uri, strlen(uri));
}

SPOIL(unregistered,
      pvn_pb_put_bytes(b, 2, "0123456789abcdef0123456789abcdef", 32))
SPOIL(private_without_area, pvn_pb_put_uint(b, 12, 1))

static void things_not_ready_fail_the_precondition(void **state)
{
    world *w = *state;
    char uri[256], url[512];
    pvn_buf b = { 0 };
    uint8_t hash[32] = { 3 };

    request_expects(w, issued, 9, NULL);
    request_expects(w, other_type, 9, NULL);
    request_expects(w, unregistered, 9, "CreateProgram");
    request_expects(w, private_without_area, 9, NULL);
    create_artifact(w, 1, uri, url);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    expect(rpc(w, "CreateProgram", &b), 9, "PUT its bytes", "not uploaded");
    upload(w, 2, "stdin", 5, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    expect(rpc(w, "CreateProgram", &b), 9, "PROGRAM", "another type");
}

/* ---- row 4: the wrong key, and no key at all ---- */

static provernet_key *other_key(world *w)
{
    provernet_key *mine = w->key;
    uint8_t secret[32];

    memset(secret, 0x22, sizeof secret);
    assert_int_equal(provernet_key_new(&w->key, secret, NULL), 0);
    provernet_key_address(w->key, w->address);
    return mine;
}

static void own_key(world *w, provernet_key *mine)
{
    provernet_key_free(w->key);
    w->key = mine;
    provernet_key_address(w->key, w->address);
}

static void others_may_not(void **state)
{
    world *w = *state;
    provernet_key *mine;
    uint8_t id[32];
    uint64_t nonce;
    pvn_buf b = { 0 };

    accepted_request(w, 0x10, id);
    mine = other_key(w);
    nonce = next_nonce(w);
    pvn_pb_put_uint(&b, 1, nonce);
    pvn_pb_put_bytes(&b, 2, id, 32);
    expect(rpc(w, "CancelRequest", &b), 7, NULL, "cancel another's");
    pvn_pb_put_uint(&b, 1, nonce);
    pvn_pb_put_bytes(&b, 2, id, 32);
    expect(rpc(w, "FailFulfillment", &b), 7, NULL, "not the fulfiller");
    assert_int_equal(next_nonce(w), nonce);
    own_key(w, mine);
}

static void only_listed_accounts_may_request(void **state)
{
    world *w = world_make(
        "account.allow=0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a", NULL);
    provernet_key *mine;
    pvn_buf b = { 0 };
    char uri[256];

    (void)state;
    register_sp1(w, 0x10);
    request_expects(w, NULL, 0, NULL);
    upload(w, 2, "in", 2, uri);
    mine = other_key(w);
    request_body(w, &b, 0x10, uri, 2, soon(w));
    expect(rpc(w, "RequestProof", &b), 7, NULL, "not listed");
    own_key(w, mine);
    world_free(w);
}

static void no_key_is_unauthenticated(void **state)
{
    static const char path[] = "/network.ProverNetwork/CancelRequest";
    world *w = *state;
    uint8_t sig[65];
    pvn_buf b = { 0 };

    memset(sig, 0xff, sizeof sig);
    sig[64] = 27;
    pvn_pb_put_uint(&b, 1, 1);
    pvn_pb_put_bytes(&b, 2, sig, 65);
    pvn_pb_put_bytes(&b, 3, "\x08\x01", 2);
    expect(grpc_buf(w, path, &b), 16, NULL, "r beyond the order");
    memset(sig, 0, sizeof sig);
    pvn_pb_put_bytes(&b, 1, sig, 65);
    pvn_pb_put_uint(&b, 2, 2);
    expect(grpc_buf(w, "/artifact.ArtifactStore/CreateArtifact", &b), 16, NULL,
           "zeros");
}

/* ---- row 5 and 6: nonces ---- */

static void add_nonce(pvn_buf *b, uint64_t nonce)
{
    pvn_pb_put_uint(b, 1, nonce);
}
SPOIL(nonce_high, add_nonce(b, next_nonce(w) + 1))
SPOIL(nonce_low, add_nonce(b, 0))
SPOIL(nonce_huge, add_nonce(b, UINT64_MAX))

static void wrong_nonces_are_aborted(void **state)
{
    world *w = *state;

    request_expects(w, nonce_high, 10, NONCE_TEXT);
    request_expects(w, nonce_low, 10, NONCE_TEXT);
    request_expects(w, nonce_huge, 10, NONCE_TEXT);
}

static void replays_are_aborted(void **state)
{
    static const char path[] = "/network.ProverNetwork/RequestProof";
    world *w = *state;
    pvn_buf body = { 0 }, msg = { 0 }, again = { 0 };
    char uri[256];

    upload(w, 2, "in", 2, uri);
    request_body(w, &body, 0x10, uri, 2, soon(w));
    envelope(w, &msg, &body);
    pvn_buf_add(&again, msg.data, msg.len);
    expect(grpc_buf(w, path, &msg), 0, NULL, "first");
    expect(grpc_buf(w, path, &again), 10, NONCE_TEXT, "replay");
    pvn_buf_free(&body);
}

static void every_signed_request_consumes_its_nonce(void **state)
{
    world *w = *state;
    uint64_t nonce = next_nonce(w);
    uint8_t id[32];
    pvn_buf b = { 0 };

    accepted_request(w, 0x10, id);
    assert_int_equal(next_nonce(w), nonce + 1);
    pvn_pb_put_uint(&b, 1, nonce + 1);
    pvn_pb_put_bytes(&b, 2, id, 32);
    expect(rpc(w, "CancelRequest", &b), 0, NULL, "cancel");
    assert_int_equal(next_nonce(w), nonce + 2);
    register_sp1(w, 0x15);
    assert_int_equal(next_nonce(w), nonce + 3);
}

/* ---- row 7: named limits ---- */

static void many_addresses(world *w, pvn_buf *b)
{
    (void)w;
    for (int i = 0; i < 1025; i++)
        pvn_pb_put_bytes(b, 11, "twenty bytes of name", 20);
}

static void limits_are_named(void **state)
{
    static const field claims[] = { { "content-length", "70000" },
                                    { NULL, NULL } };
    world *w = *state, *few = world_make("request.open_max=2", NULL);
    char uri[256], url[512];
    answer a;

    request_expects(w, many_addresses, 8, "whitelist");
    create_artifact(w, 2, uri, url);
    a = http(w, "PUT", path_of(url), claims, "", 0);
    assert_int_equal(a.status, 413);
    assert_non_null(memmem(a.body, a.len, "artifact.size_max", 17));
    answer_free(&a);
    register_sp1(few, 0x10);
    request_expects(few, NULL, 0, NULL);
    request_expects(few, NULL, 0, NULL);
    request_expects(few, NULL, 8, "request.open_max");
    world_free(few);
}

/* ---- row 9: CreateProgram again ---- */

static answer create_program(world *w, uint8_t tag, uint8_t last)
{
    uint8_t program[80] = { 72, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E', 'L', 'F' };
    uint8_t hash[32];
    char uri[256];
    pvn_buf b = { 0 };

    program[79] = last;
    memset(hash, tag, sizeof hash);
    upload(w, 1, program, sizeof program, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, hash, 32);
    pvn_pb_put_bytes(&b, 3, "vk", 2);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    return rpc(w, "CreateProgram", &b);
}

static void programs_are_never_replaced(void **state)
{
    world *w = *state;
    provernet_key *mine;

    expect(create_program(w, 0x19, 1), 0, NULL, "new");
    expect(create_program(w, 0x19, 1), 0, NULL, "the same bytes");
    expect(create_program(w, 0x19, 2), 6, NULL, "other bytes");
    mine = other_key(w);
    expect(create_program(w, 0x19, 1), 6, NULL, "another owner");
    own_key(w, mine);
}

/* ---- row 10: a second PUT ---- */

static void a_second_put_changes_nothing(void **state)
{
    world *w = *state;
    char uri[256], url[512];
    answer a;

    create_artifact(w, 2, uri, url);
    for (int i = 0; i < 2; i++) {
        a = http_text(w, "PUT", path_of(url), "first");
        assert_int_equal(a.status / 100, 2);
        answer_free(&a);
    }
    a = http_text(w, "PUT", path_of(url), "other");
    assert_int_equal(a.status, 409);
    answer_free(&a);
    a = http_text(w, "GET", path_of(uri), "");
    assert_memory_equal(a.body, "first", 5);
    answer_free(&a);
}

/* ---- row 11: the same wish with a fresh nonce ---- */

static void take_id(answer a, uint8_t id[32])
{
    pvn_pb_field f;

    if (a.grpc)
        fail_msg("%d %s", a.grpc, a.message);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
}

static void the_same_wish_gives_the_same_id(void **state)
{
    world *w = *state;
    uint64_t deadline = soon(w);
    uint8_t first[32], again[32], other[32];
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 2, "in", 2, uri);
    request_body(w, &b, 0x10, uri, 2, deadline);
    take_id(rpc(w, "RequestProof", &b), first);
    request_body(w, &b, 0x10, uri, 2, deadline);
    take_id(rpc(w, "RequestProof", &b), again);
    assert_memory_equal(first, again, 32);
    request_body(w, &b, 0x10, uri, 2, deadline + 1);
    take_id(rpc(w, "RequestProof", &b), other);
    assert_memory_not_equal(first, other, 32);
    request_body(w, &b, 0x10, uri, 1, deadline);
    take_id(rpc(w, "RequestProof", &b), other);
    assert_memory_not_equal(first, other, 32);
    /* not while it is open any more: asking again works */
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, first, 32);
    expect(rpc(w, "CancelRequest", &b), 0, NULL, "cancel");
    request_body(w, &b, 0x10, uri, 2, deadline);
    take_id(rpc(w, "RequestProof", &b), again);
    assert_memory_not_equal(first, again, 32);
}

/* ---- row 12: paths ---- */

static void odd_paths_are_400(void **state)
{
    static const char *const bad[] = {
        "http://127.0.0.1/livez",
        "/artifacts/../livez",
        "/./livez",
        "/%2e%2e/etc/passwd",
        "/artifacts/stdin/%2fx",
        "*",
        "livez",
    };
    world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer a = http_text(w, "GET", bad[i], "");

        if (a.status != 400)
            fail_msg("%s: %d", bad[i], a.status);
        answer_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_fields_are_named),
        cmocka_unit_test(undecodable_messages_are_invalid),
        cmocka_unit_test(envelopes_must_be_whole),
        cmocka_unit_test(ids_and_addresses_have_exact_lengths),
        cmocka_unit_test(artifact_types_are_known_ones),
        cmocka_unit_test(unknown_things_are_not_found),
        cmocka_unit_test(things_not_ready_fail_the_precondition),
        cmocka_unit_test(others_may_not),
        cmocka_unit_test(only_listed_accounts_may_request),
        cmocka_unit_test(no_key_is_unauthenticated),
        cmocka_unit_test(wrong_nonces_are_aborted),
        cmocka_unit_test(replays_are_aborted),
        cmocka_unit_test(every_signed_request_consumes_its_nonce),
        cmocka_unit_test(limits_are_named),
        cmocka_unit_test(programs_are_never_replaced),
        cmocka_unit_test(a_second_put_changes_nothing),
        cmocka_unit_test(the_same_wish_gives_the_same_id),
        cmocka_unit_test(odd_paths_are_400),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
