/* tests/unit/protocol/each_test.c - every method that reflection shows is
 * served: called with nothing and with rubbish it gives its documented code,
 * and nothing but what is not shown is UNIMPLEMENTED. */
#include "people.h"
#include "protocol/succinct/skin.h"

enum { OK = 0, INVALID = 3, NOT_FOUND = 5, DENIED = 7, STATE = 9, SIGNED = -1 };

/* What an empty message is answered. SIGNED: INVALID, the body is missing; and
 * with a good signature over an empty body `code`. */
static const struct {
    const char *method;
    int kind, code;
} rows[] = {
    { "RequestProof", SIGNED, INVALID },
    { "FulfillProof", SIGNED, INVALID },
    { "ExecuteProof", SIGNED, INVALID },
    { "FailFulfillment", SIGNED, INVALID },
    { "FailExecution", SIGNED, INVALID },
    { "CancelRequest", SIGNED, INVALID },
    { "GetProofRequestStatus", INVALID, 0 },
    { "GetProofRequestDetails", INVALID, 0 },
    { "GetStdinUri", SIGNED, INVALID },
    { "GetFilteredProofRequests", OK, 0 },
    { "GetProofRequestParams", OK, 0 },
    { "GetNonce", INVALID, 0 },
    { "GetOwner", INVALID, 0 },
    { "SetAccountName", SIGNED, INVALID },
    { "GetAccountName", INVALID, 0 },
    { "GetTermsSignature", INVALID, 0 },
    { "SetTermsSignature", SIGNED, OK },
    { "GetAccount", INVALID, 0 },
    { "GetFilteredDelegations", OK, 0 },
    { "AddDelegation", SIGNED, INVALID },
    { "RemoveDelegation", SIGNED, INVALID },
    { "TerminateDelegation", SIGNED, INVALID },
    { "AcceptDelegation", SIGNED, INVALID },
    { "GetDelegationParams", OK, 0 },
    { "SetDelegation", SIGNED, INVALID },
    { "GetDelegation", INVALID, 0 },
    { "GetProgram", INVALID, 0 },
    { "CreateProgram", SIGNED, INVALID },
    { "SetProgramName", SIGNED, INVALID },
    { "GetBalance", INVALID, 0 },
    { "GetFilteredBalanceLogs", OK, 0 },
    { "Bid", SIGNED, INVALID },
    { "Settle", SIGNED, INVALID },
    { "GetProversByUptime", OK, 0 },
    { "GetMarketPricePerPgu", OK, 0 },
    { "GetProvePrice", OK, 0 },
    { "GetFilteredSettleableRequests", OK, 0 },
    { "GetFilteredSuspendableProvers", OK, 0 },
    { "SuspendProver", SIGNED, INVALID },
    { "GetFilteredBidHistory", INVALID, 0 },
    { "GetProverStats", OK, 0 },
    { "Transfer", SIGNED, INVALID },
    { "GetTransferParams", OK, 0 },
    { "Withdraw", SIGNED, INVALID },
    { "GetWithdrawParams", OK, 0 },
    { "GetProverRequirements", OK, 0 },
    { "GetProverStatus", INVALID, 0 },
    { "GetProgramGasEstimates", OK, 0 },
    { "GetProverCapacity", INVALID, 0 },
    { "ReportProverInfo", SIGNED, INVALID },
    { "CreateArtifact", INVALID, 0 },
    { "VerifyProof", INVALID, 0 },
};
/* Its answer does not end: stream_test. */
static const char endless[] = "SubscribeProofRequests";

static int open_world(void **state)
{
    *state = world_make(NULL, NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* For each method of the descriptors: its path. */
typedef void (*visit)(world *w, const char *path, const char *method);

static void name_of(char out[64], pvn_bytes message)
{
    pvn_pb_field f = get(message.data, message.len, 1);

    assert_true(f.bytes.len < 64);
    memcpy(out, f.bytes.data, f.bytes.len);
    out[f.bytes.len] = '\0';
}

static size_t visit_service(world *w, const char *package, pvn_bytes service,
                            visit what)
{
    pvn_pb_reader r = pvn_pb_read(service);
    char name[64], method[64], path[256];
    pvn_pb_field f;
    size_t n = 0;

    name_of(name, service);
    while (pvn_pb_next(&r, &f)) {
        if (f.number != 2)
            continue;
        name_of(method, f.bytes);
        snprintf(path, sizeof path, "/%s.%s/%s", package, name, method);
        if (strcmp(method, endless) != 0)
            what(w, path, method);
        n++;
    }
    return n;
}

static size_t visit_file(world *w, pvn_bytes file, visit what)
{
    pvn_pb_field package = get(file.data, file.len, 2);
    pvn_pb_reader r = pvn_pb_read(file);
    char text[64] = "";
    pvn_pb_field f;
    size_t n = 0;

    if (package.wire == PVN_PB_LEN && package.bytes.len < sizeof text)
        memcpy(text, package.bytes.data, package.bytes.len);
    while (pvn_pb_next(&r, &f))
        if (f.number == 6)
            n += visit_service(w, text, f.bytes, what);
    return n;
}

static size_t visit_all(world *w, visit what)
{
    pvn_pb_reader r = pvn_pb_read(pvn_bytes_of(
        pvn_skin_succinct.descriptors, *pvn_skin_succinct.descriptors_len));
    pvn_pb_field f;
    size_t n = 0;

    while (pvn_pb_next(&r, &f))
        if (f.number == 1)
            n += visit_file(w, f.bytes, what);
    assert_false(r.bad);
    return n;
}

static size_t row_of(const char *method)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].method, method) == 0)
            return i;
    fail_msg("%s is shown by reflection, but no row of this test is about it",
             method);
    return 0;
}

static void expect(answer a, const char *path, const char *what, int code)
{
    if (a.grpc != code)
        fail_msg("%s with %s: %d \"%s\", expected %d", path, what, a.grpc,
                 a.message, code);
    answer_free(&a);
}

static void with_nothing(world *w, const char *path, const char *method)
{
    int kind = rows[row_of(method)].kind;

    expect(grpc(w, path, NULL, 0), path, "nothing",
           kind == SIGNED ? INVALID : kind);
}

static void with_rubbish(world *w, const char *path, const char *method)
{
    static const char *const cut[] = { "\x0a\xff", "\x0b", "\xff\xff\xff",
                                       "\x12\x05zz" };

    (void)method;
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
        expect(grpc(w, path, cut[i], strlen(cut[i])), path, "rubbish", INVALID);
}

/* Signed, but the body says nothing (the nonce is the account's next). */
static void with_empty_body(world *w, const char *path, const char *method)
{
    size_t i = row_of(method);
    uint64_t nonce = next_nonce(w);
    pvn_buf body = { 0 }, msg = { 0 };
    bool timeless = strcmp(method, "ReportProverInfo") == 0; /* no nonce */

    if (rows[i].kind != SIGNED)
        return;
    if (!timeless)
        pvn_pb_put_uint(&body, 1, nonce);
    envelope(w, &msg, &body);
    pvn_buf_free(&body);
    expect(grpc_buf(w, path, &msg), path, "an empty body", rows[i].code);
    assert_int_equal(next_nonce(w), nonce + (rows[i].code == OK));
}

/* A signature of another message recovers another key: its nonce is 0, and
 * what it asks for is nobody's. Never OK, never UNIMPLEMENTED. */
static void with_foreign_signature(world *w, const char *path,
                                   const char *method)
{
    uint8_t sig[65];
    pvn_buf body = { 0 }, msg = { 0 };
    answer a;

    if (rows[row_of(method)].kind != SIGNED)
        return;
    pvn_pb_put_uint(&body, 1, 77);
    pvn_pb_put_bytes(&body, 2, "0123456789abcdef0123456789abcdef", 32);
    assert_int_equal(provernet_sign(w->key, sig, "x", 1, NULL), 0);
    pvn_pb_put_uint(&msg, 1, 1);
    pvn_pb_put_bytes(&msg, 2, sig, 65);
    pvn_pb_put_bytes(&msg, 3, body.data, body.len);
    pvn_buf_free(&body);
    a = grpc_buf(w, path, &msg);
    if (a.grpc != INVALID && a.grpc != NOT_FOUND && a.grpc != DENIED &&
        a.grpc != STATE && a.grpc != 10)
        fail_msg("%s: %d \"%s\"", path, a.grpc, a.message);
    answer_free(&a);
}

/* Three formats of the recovery byte are checked elsewhere; here that every
 * signed method refuses what cannot be a signature, before all else. */
static void with_bad_envelopes(world *w, const char *path, const char *method)
{
    uint8_t sig[65];
    pvn_buf b = { 0 };

    if (rows[row_of(method)].kind != SIGNED)
        return;
    memset(sig, 0xff, sizeof sig);
    sig[64] = 27;
    pvn_pb_put_uint(&b, 1, 1);
    pvn_pb_put_bytes(&b, 2, sig, 65);
    pvn_pb_put_bytes(&b, 3, "\x08\x01", 2);
    expect(grpc_buf(w, path, &b), path, "no key", 16);
    pvn_pb_put_uint(&b, 1, 3);
    pvn_pb_put_bytes(&b, 2, sig, 65);
    pvn_pb_put_bytes(&b, 3, "\x08\x01", 2);
    expect(grpc_buf(w, path, &b), path, "format 3", INVALID);
    pvn_pb_put_uint(&b, 1, 1);
    pvn_pb_put_bytes(&b, 2, sig, 64);
    pvn_pb_put_bytes(&b, 3, "\x08\x01", 2);
    expect(grpc_buf(w, path, &b), path, "64 bytes", INVALID);
}

static void every_method_is_served(void **state)
{
    assert_int_equal(visit_all(*state, with_nothing),
                     sizeof rows / sizeof *rows + 1);
}
static void rubbish_is_invalid_everywhere(void **state)
{
    visit_all(*state, with_rubbish);
}
static void empty_bodies_have_their_code(void **state)
{
    visit_all(*state, with_empty_body);
}
static void foreign_signatures_do_nothing(void **state)
{
    visit_all(*state, with_foreign_signature);
}
static void bad_envelopes_have_their_code(void **state)
{
    visit_all(*state, with_bad_envelopes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_served),
        cmocka_unit_test(rubbish_is_invalid_everywhere),
        cmocka_unit_test(empty_bodies_have_their_code),
        cmocka_unit_test(foreign_signatures_do_nothing),
        cmocka_unit_test(bad_envelopes_have_their_code),
    };

    return cmocka_run_group_tests_name("each", tests, open_world, close_world);
}
