/* tests/unit/protocol/rights_test.c - every signed method: by a stranger, of
 * another network, signed as something else, with another nonce, changed, and
 * played again. Each has its documented code and takes no nonce; then the
 * right one is done, once. */
#include "people.h"

enum { ANNA = 0x11, BERT = 0x22, CARL = 0x33, DAVE = 0x44 };
enum { BOSS = 0x55, ERIC = 0x66, EMIL = 0x77 };
enum { INVALID = 3, NOT_FOUND = 5, EXISTS = 6, DENIED = 7, ABORTED = 10 };
enum { NOBODY = -1 }; /* there is no stranger to it: everybody may */

static uint8_t anna[20], bert[20], carl[20], dave[20];

static void named(char out[80], const char *setting, uint8_t who)
{
    uint8_t address[20];

    address_of(who, address);
    snprintf(out, 80, "%s=0x", setting);
    pvn_hex(out + strlen(out), address, 20);
}

static int open_world(void **state)
{
    char boss[80], eric[80], emil[80], allow[80];

    address_of(ANNA, anna);
    address_of(BERT, bert);
    address_of(CARL, carl);
    address_of(DAVE, dave);
    named(boss, "succinct.auctioneer", BOSS);
    named(eric, "succinct.executor", ERIC);
    named(emil, "succinct.operators", EMIL);
    named(allow, "account.allow", ANNA);
    *state = world_make("succinct.auction=true", "succinct.auction_window=0",
                        "succinct.balance=1000000000", "prover.failures_max=0",
                        "node.mock=true", boss, eric, emil, allow,
                        "http.public_url=http://clients.test", NULL);
    register_sp1(*state, 0x71);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- what the calls are about ---- */

typedef enum stage { NONE, OPEN, BID, ASSIGNED, ADDED, ACCEPTED } stage;

typedef struct about {
    uint8_t id[32];
    char uri[256];
} about;

/* Field 2 of many bodies. */
static void put_id(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    pvn_pb_put_bytes(b, 2, x->id, 32);
}

static void put_request(world *w, pvn_buf *b, const about *x)
{
    static uint8_t hash[32];

    memset(hash, 0x71, sizeof hash);
    pvn_pb_put_bytes(b, 2, hash, 32);
    pvn_pb_put_bytes(b, 3, "sp1-v6.1.0", 10);
    pvn_pb_put_uint(b, 4, 2);
    pvn_pb_put_uint(b, 5, 3);
    pvn_pb_put_bytes(b, 6, x->uri, strlen(x->uri));
    pvn_pb_put_uint(b, 7, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_put_uint(b, 9, 1000);
    pvn_pb_put_bytes(b, 17, "5", 1);
    pvn_pb_put_bytes(b, 18, "3", 1);
}

static void put_proof(world *w, pvn_buf *b, const about *x)
{
    put_id(w, b, x);
    pvn_pb_put_bytes(b, 3, "a proof", 7);
}

static void put_execution(world *w, pvn_buf *b, const about *x)
{
    put_id(w, b, x);
    pvn_pb_put_uint(b, 3, 2);
    pvn_pb_put_uint(b, 6, 10);
}

static void put_failure(world *w, pvn_buf *b, const about *x)
{
    put_id(w, b, x);
    pvn_pb_put_uint(b, 3, 5);
}

static void put_name(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, anna, 20);
    pvn_pb_put_bytes(b, 3, "anna", 4);
}

static void put_delegate(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, carl, 20);
}

static void put_owner(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, anna, 20);
}

static void put_signer(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, bert, 20); /* its own key: no change */
    pvn_pb_put_bytes(b, 3, bert, 20);
    pvn_pb_put_bytes(b, 7, "0", 1);
}

static void put_program(world *w, pvn_buf *b, const about *x)
{
    uint8_t hash[32];
    pvn_pb_field p, uri;
    answer a;

    (void)x;
    memset(hash, 0x71, sizeof hash);
    a = asks(w, "GetProgram", only(hash, 32), 0);
    p = get(a.body, a.len, 1);
    uri = get(p.bytes.data, p.bytes.len, 3);
    pvn_pb_put_bytes(b, 2, hash, 32);
    pvn_pb_put_bytes(b, 3, "vk", 2);
    pvn_pb_put_bytes(b, 4, uri.bytes.data, uri.bytes.len);
    answer_free(&a);
}

static void put_program_name(world *w, pvn_buf *b, const about *x)
{
    uint8_t hash[32];

    (void)w;
    (void)x;
    memset(hash, 0x71, sizeof hash);
    pvn_pb_put_bytes(b, 2, hash, 32);
    pvn_pb_put_bytes(b, 3, "fibonacci", 9);
}

static void put_bid(world *w, pvn_buf *b, const about *x)
{
    put_id(w, b, x);
    pvn_pb_put_bytes(b, 3, "2", 1);
    pvn_pb_put_bytes(b, 5, bert, 20);
}

static void put_winner(world *w, pvn_buf *b, const about *x)
{
    put_id(w, b, x);
    pvn_pb_put_bytes(b, 3, bert, 20);
}

static void put_suspension(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, dave, 20);
    pvn_pb_put_uint(b, 3, (uint64_t)world_now(w) / 1000 + 60);
}

static void put_move(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, anna, 20); /* to her, or out of her account */
    pvn_pb_put_bytes(b, 3, "7", 1);
    pvn_pb_put_bytes(b, 7, "0", 1);
}

static void put_report(world *w, pvn_buf *b, const about *x)
{
    (void)w;
    (void)x;
    pvn_pb_put_bytes(b, 2, bert, 20);
    pvn_pb_put_uint(b, 4, 3);
}

/* ---- the methods ---- */

typedef struct method {
    const char *name;
    uint8_t who;
    int stranger; /* the code that Dave gets */
    stage before;
    uint32_t domain, variant; /* their fields; 0: none */
    uint64_t is;              /* the variant */
    void (*put)(world *w, pvn_buf *b, const about *x);
    bool timeless; /* no nonce: said again it is the same */
} method;

static const method methods[] = {
    { "RequestProof", ANNA, DENIED, NONE, 12, 19, 0, put_request, false },
    { "FulfillProof", BERT, DENIED, ASSIGNED, 5, 6, 4, put_proof, false },
    { "ExecuteProof", ERIC, DENIED, ASSIGNED, 7, 10, 3, put_execution, false },
    { "FailFulfillment", BERT, DENIED, ASSIGNED, 0, 0, 0, put_id, false },
    { "FailExecution", ERIC, DENIED, OPEN, 0, 0, 0, put_failure, false },
    { "CancelRequest", ANNA, DENIED, OPEN, 0, 0, 0, put_id, false },
    { "GetStdinUri", ANNA, DENIED, OPEN, 3, 0, 0, put_id, false },
    { "SetAccountName", ANNA, DENIED, NONE, 0, 0, 0, put_name, false },
    { "SetTermsSignature", ANNA, DENIED, NONE, 0, 0, 0, put_name, false },
    { "AddDelegation", ANNA, NOBODY, NONE, 0, 0, 0, put_delegate, false },
    { "AcceptDelegation", CARL, NOT_FOUND, ADDED, 0, 0, 0, put_owner, false },
    { "TerminateDelegation", CARL, NOT_FOUND, ACCEPTED, 0, 0, 0, put_owner,
      false },
    { "RemoveDelegation", ANNA, NOT_FOUND, ADDED, 0, 0, 0, put_delegate,
      false },
    { "SetDelegation", BERT, DENIED, NONE, 4, 5, 5, put_signer, false },
    { "CreateProgram", ANNA, EXISTS, NONE, 0, 0, 0, put_program, false },
    { "SetProgramName", ANNA, DENIED, NONE, 0, 0, 0, put_program_name, false },
    { "Bid", BERT, DENIED, OPEN, 4, 6, 1, put_bid, false },
    { "Settle", BOSS, DENIED, BID, 4, 5, 2, put_winner, false },
    { "SuspendProver", EMIL, DENIED, NONE, 0, 0, 0, put_suspension, false },
    { "Transfer", ANNA, NOBODY, NONE, 4, 5, 6, put_move, false },
    { "Withdraw", ANNA, DENIED, NONE, 4, 5, 7, put_move, false },
    { "ReportProverInfo", BERT, DENIED, NONE, 1, 0, 0, put_report, true },
};

static const method *method_of(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

typedef enum spoil { GOOD, FOREIGN, SHORT, MISTAKEN } spoil;

/* The body by whoever `w` is now. */
static pvn_buf body_of(world *w, const method *m, const about *x, spoil how,
                       uint64_t nonce)
{
    static const uint8_t foreign[32] = { 1, 2, 3 };
    uint64_t variant = m->is + (how == MISTAKEN);
    pvn_buf b = { 0 };

    if (!m->timeless)
        pvn_pb_put_uint(&b, 1, nonce);
    m->put(w, &b, x);
    if (m->domain)
        pvn_pb_put_bytes(&b, m->domain,
                         how == FOREIGN ? (const char *)foreign
                                        : mainnet_domain,
                         how == SHORT ? 31 : 32);
    if (m->variant && variant)
        pvn_pb_put_uint(&b, m->variant, variant);
    return b;
}

static answer send(world *w, const method *m, const about *x, spoil how,
                   uint64_t nonce)
{
    pvn_buf b = body_of(w, m, x, how, nonce);

    return rpc(w, m->name, &b);
}

static void must(world *w, const method *m, const about *x, spoil how,
                 uint64_t nonce, const char *what, int code)
{
    uint64_t before = next_nonce(w);
    answer a = send(w, m, x, how, nonce);

    if (a.grpc != code)
        fail_msg("%s %s: %d \"%s\", expected %d", m->name, what, a.grpc,
                 a.message, code);
    answer_free(&a);
    if (next_nonce(w) != before + (code == 0 && !m->timeless))
        fail_msg("%s %s: the nonce went from %llu to %llu", m->name, what,
                 (unsigned long long)before, (unsigned long long)next_nonce(w));
}

static void good(world *w, const char *name, const about *x)
{
    const method *m = method_of(name);

    become(w, m->who);
    must(w, m, x, GOOD, next_nonce(w), "as it should be", 0);
}

static void request_is(world *w, about *x)
{
    const method *m = method_of("RequestProof");
    pvn_pb_field f;
    answer a;

    become(w, ANNA);
    a = send(w, m, x, GOOD, next_nonce(w));
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 2);
    memcpy(x->id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
}

static void prepare(world *w, const method *m, about *x)
{
    become(w, ANNA);
    upload(w, 2, m->name, strlen(m->name), x->uri);
    if (m->before == OPEN || m->before == BID || m->before == ASSIGNED)
        request_is(w, x);
    if (m->before == BID || m->before == ASSIGNED)
        good(w, "Bid", x);
    if (m->before == ASSIGNED)
        good(w, "Settle", x);
    if (m->before == ADDED || m->before == ACCEPTED)
        good(w, "AddDelegation", x);
    if (m->before == ACCEPTED)
        good(w, "AcceptDelegation", x);
}

/* The signature is of another body: it recovers a key that has no rights. */
static void changed(world *w, const method *m, const about *x)
{
    pvn_buf b = body_of(w, m, x, GOOD, next_nonce(w)), sent = { 0 };
    char path[128];
    answer a;

    envelope(w, &sent, &b);
    pvn_buf_free(&b);
    sent.data[sent.len - 1] ^= 1;
    snprintf(path, sizeof path, "/network.ProverNetwork/%s", m->name);
    a = grpc_buf(w, path, &sent);
    if (a.grpc <= 0 || a.grpc == 12 || a.grpc == 13)
        fail_msg("%s changed: %d \"%s\"", m->name, a.grpc, a.message);
    answer_free(&a);
}

static void once(world *w, const method *m, const about *x)
{
    pvn_buf b = body_of(w, m, x, GOOD, next_nonce(w)), sent = { 0 };
    uint64_t before = next_nonce(w);
    char path[128];
    answer a;

    snprintf(path, sizeof path, "/network.ProverNetwork/%s", m->name);
    envelope(w, &sent, &b);
    pvn_buf_free(&b);
    for (int i = 0; i < 2; i++) {
        int want = i == 0 || m->timeless ? 0 : ABORTED;

        a = grpc(w, path, sent.data, sent.len);
        if (a.grpc != want)
            fail_msg("%s, time %d: %d \"%s\"", m->name, i + 1, a.grpc,
                     a.message);
        if (i == 1 && !m->timeless)
            assert_non_null(strstr(a.message, "failed nonce verification"));
        answer_free(&a);
    }
    pvn_buf_free(&sent);
    assert_int_equal(next_nonce(w), before + !m->timeless);
}

static void check(world *w, const method *m)
{
    about x = { 0 };

    prepare(w, m, &x);
    if (m->stranger != NOBODY) {
        become(w, DAVE);
        must(w, m, &x, GOOD, next_nonce(w), "by a stranger", m->stranger);
    }
    become(w, m->who);
    if (m->domain) {
        must(w, m, &x, FOREIGN, next_nonce(w), "of another network", INVALID);
        must(w, m, &x, SHORT, next_nonce(w), "of half a network", INVALID);
    }
    if (m->variant)
        must(w, m, &x, MISTAKEN, next_nonce(w), "as something else", INVALID);
    if (!m->timeless) {
        must(w, m, &x, GOOD, next_nonce(w) + 1, "too early", ABORTED);
        must(w, m, &x, GOOD, UINT64_MAX, "at the end of nonces", ABORTED);
        if (next_nonce(w) > 0)
            must(w, m, &x, GOOD, next_nonce(w) - 1, "too late", ABORTED);
    }
    changed(w, m, &x);
    once(w, m, &x);
}

static void every_signed_method_has_its_codes(void **state)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        check(*state, &methods[i]);
}

/* What the deadline ended takes nothing more. */
static void what_is_over_takes_nothing(void **state)
{
    static const struct {
        const char *name;
        stage before;
        int code;
    } cases[] = {
        { "Bid", OPEN, 3 },
        { "Settle", BID, 9 },
        { "FulfillProof", ASSIGNED, 9 },
        { "FailFulfillment", ASSIGNED, 9 },
        { "ExecuteProof", ASSIGNED, 9 },
        { "CancelRequest", OPEN, 9 },
        { "FailExecution", OPEN, 9 },
    };
    world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        method m = *method_of(cases[i].name);
        about x = { 0 };
        pvn_op *tick;

        m.before = cases[i].before;
        prepare(w, &m, &x);
        w->skip_ms += 3700000;
        tick = pvn_op_new(PVN_OP_TICK);
        assert_int_equal(pvn_node_run(w->node, &tick, 1, NULL), 0);
        pvn_op_free(tick);
        become(w, m.who);
        must(w, &m, &x, GOOD, next_nonce(w), "after the deadline",
             cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signed_method_has_its_codes),
        cmocka_unit_test(what_is_over_takes_nothing),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
