/* tests/unit/protocol/market_test.c - the server's side of a market over the
 * wire: provers of other owners, collateral, suspensions with their reasons,
 * names in lists, and what is exported for third parties. */
#include "people.h"
#include <jansson.h>

enum { ANNA = 0x11, BERT = 0x22, OWEN = 0x33, KARL = 0x44, TINA = 0x55 };
enum { VERA = 0x66, ERIC = 0x77 };
enum { GAS = 2000000, COLLATERAL = 1000 };
#define KIND "sp1/compressed@6"

/* What Anna says that comes out, and Eric that came out. */
static const uint8_t digest[] = "\x07 a digest of public values 32 b";
static uint8_t anna[20], bert[20], owen[20], karl[20], tina[20], vera[20];

/* Tina is the treasury, Vera the vault of Owen, Eric executes. */
static int open_world(void **state)
{
    char treasury[80] = "succinct.treasury=0x", allow[80] = "prover.allow=0x";
    char executor[80] = "succinct.executor=0x";
    uint8_t eric[20];

    address_of(ANNA, anna);
    address_of(BERT, bert);
    address_of(OWEN, owen);
    address_of(KARL, karl);
    address_of(TINA, tina);
    address_of(VERA, vera);
    address_of(ERIC, eric);
    pvn_hex(treasury + strlen(treasury), tina, 20);
    pvn_hex(executor + strlen(executor), eric, 20);
    pvn_hex(allow + strlen(allow), vera, 20);
    *state =
        world_make("succinct.auction=true", "succinct.auction_window=0",
                   "succinct.balance=100000000", "prover.collateral=1000",
                   "prover.failures_max=2", "prover.suspension=10m",
                   "succinct.protocol_fee=500", "node.trust=" KIND, treasury,
                   allow, executor, "http.public_url=http://clients.test",
                   "http.prover_url=https://provers.test", NULL);
    register_sp1(*state, 0x71);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- calls ---- */

static void auctioned(world *w, uint8_t id[32])
{
    char uri[256];
    pvn_buf b = { 0 };

    become(w, ANNA);
    upload(w, 2, "an input", 8, uri);
    request_body(w, &b, 0x71, uri, 2, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_put_bytes(&b, 12, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 16, digest, 32);
    pvn_pb_put_bytes(&b, 17, "5", 1);
    pvn_pb_put_bytes(&b, 18, "3", 1);
    send_request(w, &b, id);
}

static void bid_by(world *w, uint8_t who, const uint8_t id[32],
                   const uint8_t prover[20], int code, const char *text)
{
    pvn_buf b;

    become(w, who);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, "2", 1);
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 5, prover, 20);
    pvn_pb_put_uint(&b, 6, 1);
    signed_expects(w, "Bid", &b, code, text);
}

static void delegate_by(world *w, uint8_t who, const uint8_t key[20], int code)
{
    static const uint8_t nobody[20];
    pvn_buf b;

    become(w, who);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, key, 20);
    pvn_pb_put_bytes(&b, 3, vera, 20);
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 5, 5);
    pvn_pb_put_bytes(&b, 6, nobody, 20);
    pvn_pb_put_bytes(&b, 7, "0", 1);
    signed_expects(w, "SetDelegation", &b, code, NULL);
}

static void prove_by(world *w, uint8_t who, const uint8_t id[32], int code)
{
    pvn_buf b;

    become(w, who);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, "a proof", 7);
    pvn_pb_put_bytes(&b, 5, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 6, 4);
    signed_expects(w, "FulfillProof", &b, code, NULL);
}

static void execute(world *w, const uint8_t id[32], uint64_t pgus)
{
    pvn_buf b;

    become(w, ERIC);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_uint(&b, 3, 2);
    pvn_pb_put_bytes(&b, 4, digest, 32);
    pvn_pb_put_uint(&b, 5, 77);
    pvn_pb_put_uint(&b, 6, pgus);
    pvn_pb_put_bytes(&b, 7, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 10, 3);
    signed_expects(w, "ExecuteProof", &b, 0, NULL);
}

static void give_up(world *w, uint8_t who, const uint8_t id[32])
{
    pvn_buf b;

    become(w, who);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    signed_expects(w, "FailFulfillment", &b, 0, NULL);
}

static void name_of(world *w, uint8_t who, const char *name)
{
    pvn_buf b;
    uint8_t address[20];

    address_of(who, address);
    become(w, who);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, address, 20);
    pvn_pb_put_bytes(&b, 3, name, strlen(name));
    signed_expects(w, "SetAccountName", &b, 0, NULL);
}

static void balance_is(world *w, const uint8_t address[20], const char *text)
{
    answer a = asks(w, "GetBalance", only(address, 20), 0);

    if (!says(&a, 1, text))
        fail_msg("balance %.*s, expected %s",
                 (int)get(a.body, a.len, 1).bytes.len,
                 (const char *)get(a.body, a.len, 1).bytes.data, text);
    answer_free(&a);
}

/* ---- the operator's side ---- */

static int post(world *w, const char *path, const char *body)
{
    answer a = http_text(w, "POST", path, body);
    int status = a.status;

    answer_free(&a);
    return status;
}

static int get_status(world *w, const char *path)
{
    answer a = http_text(w, "GET", path, "");
    int status = a.status;

    answer_free(&a);
    return status;
}

static const char *path_to(const char *before, const uint8_t address[20],
                           const char *after)
{
    static char path[160];
    char hex[41];

    snprintf(path, sizeof path, "%s0x%s%s", before, pvn_hex(hex, address, 20),
             after);
    return path;
}

static void the_operator_says_whose_a_prover_is(void **state)
{
    world *w = *state;
    const char *path = path_to("/api/v1/provers/", vera, "");
    char body[200], hex[41];
    answer a;

    snprintf(body, sizeof body, "{\"owner\":\"0x%s\",\"staker_fee_bips\":2500}",
             pvn_hex(hex, owen, 20));
    w->peer = "10.0.0.1:5000";
    assert_int_equal(post(w, path, body), 403);
    w->peer = "127.0.0.1:5000";
    assert_int_equal(post(w, path, ""), 400);
    assert_int_equal(post(w, path, "[]"), 400);
    assert_int_equal(post(w, path, "{\"owner\":7}"), 400);
    assert_int_equal(post(w, path, "{\"owner\":\"0x12\"}"), 400);
    assert_int_equal(post(w, path, "{\"boss\":\"0x12\"}"), 400);
    assert_int_equal(post(w, path, "{\"staker_fee_bips\":\"1\"}"), 400);
    assert_int_equal(post(w, path, "{\"staker_fee_bips\":10001}"), 400);
    assert_int_equal(post(w, "/api/v1/provers/0x12", body), 400);
    assert_int_equal(post(w, path, body), 200);
    a = asks(w, "GetOwner", only(owen, 20), 0);
    assert_memory_equal(get(a.body, a.len, 1).bytes.data, vera, 20);
    answer_free(&a);
    a = asks(w, "GetDelegation", only(vera, 20), 0);
    pvn_pb_field f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, owen, 20);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 2).bytes.data, owen, 20);
    answer_free(&a);
}

static void a_vault_bids_by_its_key_and_its_owner_is_paid(void **state)
{
    world *w = *state;
    uint8_t id[32];
    answer a;

    auctioned(w, id);
    bid_by(w, VERA, id, vera, 7, "does not sign");
    delegate_by(w, VERA, karl, 7);
    delegate_by(w, OWEN, karl, 0);
    bid_by(w, OWEN, id, vera, 7, "does not sign");
    bid_by(w, KARL, id, vera, 0, NULL);
    balance_is(w, vera, "99999000");
    a = asks(w, "GetDelegation", only(vera, 20), 0);
    pvn_pb_field f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 1).bytes.data, owen, 20);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 2).bytes.data, karl, 20);
    assert_true(get(f.bytes.data, f.bytes.len, 3).value > 0);
    answer_free(&a);
    prove_by(w, OWEN, id, 7);
    prove_by(w, KARL, id, 0);
    execute(w, id, 1000); /* 2005 */
    a = asks(w, "GetProofRequestStatus", only(id, 32), 0);
    assert_int_equal(get(a.body, a.len, 2).value, 2);
    f = get(a.body, a.len, 6);
    assert_memory_equal(f.bytes.data, "http://clients.test/", 20);
    assert_int_equal(get(a.body, a.len, 8).bytes.len, f.bytes.len);
    assert_memory_equal(get(a.body, a.len, 8).bytes.data, f.bytes.data,
                        f.bytes.len);
    assert_memory_equal(get(a.body, a.len, 7).bytes.data, digest, 32);
    answer_free(&a);
    balance_is(w, anna, "99997995");
    balance_is(w, tina, "100000100"); /* 5 % */
    balance_is(w, vera, "100000501"); /* 25 % */
    balance_is(w, owen, "100001404");
    balance_is(w, karl, "100000000");
    a = asks(w, "GetProverStats", only(vera, 20), 0);
    assert_true(says(&a, 1, "1905"));
    answer_free(&a);
}

static void lists_show_names_and_collateral(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    answer a;

    name_of(w, ANNA, "anna's rollup");
    name_of(w, VERA, "vera");
    become(w, ANNA);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2,
                     "\x71\x71\x71\x71\x71\x71\x71\x71\x71\x71\x71\x71"
                     "\x71\x71\x71\x71\x71\x71\x71\x71\x71\x71\x71\x71"
                     "\x71\x71\x71\x71\x71\x71\x71\x71",
                     32);
    pvn_pb_put_bytes(&b, 3, "fibonacci", 9);
    signed_expects(w, "SetProgramName", &b, 0, NULL);
    auctioned(w, id);
    bid_by(w, KARL, id, vera, 0, NULL);
    for (int round = 0; round < 2; round++) {
        b = (pvn_buf){ 0 };
        pvn_pb_put_bytes(&b, 7, vera, 20);
        pvn_pb_put_uint(&b, 2, round == 0 ? 2 : 3);
        if (round > 0)
            prove_by(w, KARL, id, 0);
        a = asks(w, "GetFilteredProofRequests", b, 0);
        assert_int_equal(count_of(&a, 1), round + 1);
        f = get(a.body, a.len, 1);
        if (round > 0) { /* the older one was executed */
            pvn_pb_reader r = pvn_pb_read(pvn_bytes_of(a.body, a.len));
            assert_int_equal(get(f.bytes.data, f.bytes.len, 22).value, 77);
            assert_int_equal(get(f.bytes.data, f.bytes.len, 27).value, 1000);
            assert_memory_equal(get(f.bytes.data, f.bytes.len, 23).bytes.data,
                                digest, 32);
            pvn_pb_next(&r, &f);
            pvn_pb_next(&r, &f);
        }
        pvn_bytes m = f.bytes;
        f = get(m.data, m.len, 15);
        assert_int_equal(f.bytes.len, 9);
        assert_memory_equal(f.bytes.data, "fibonacci", 9);
        assert_memory_equal(get(m.data, m.len, 16).bytes.data, "anna's rollup",
                            13);
        assert_memory_equal(get(m.data, m.len, 17).bytes.data, "vera", 4);
        assert_memory_equal(get(m.data, m.len, 24).bytes.data, "1000", 4);
        assert_int_equal(get(m.data, m.len, 25).wire == PVN_PB_LEN, round > 0);
        answer_free(&a);
    }
    a = asks(w, "GetFilteredBidHistory", only(id, 32), 0);
    f = get(a.body, a.len, 1);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 4).bytes.data, "vera",
                        4);
    answer_free(&a);
    execute(w, id, 1000);
}

static void who_fails_is_suspended_and_told_why(void **state)
{
    world *w = *state;
    uint8_t id[32];
    json_error_t e;
    answer a;

    for (int i = 0; i < 2; i++) {
        auctioned(w, id);
        bid_by(w, KARL, id, vera, 0, NULL);
        give_up(w, KARL, id);
    }
    balance_is(w, tina, "100002200"); /* two collaterals */
    auctioned(w, id);
    bid_by(w, KARL, id, vera, 7, "was given up");
    a = asks(w, "GetProverStatus", only(vera, 20), 0);
    assert_true(get(a.body, a.len, 3).value >
                (uint64_t)world_now(w) / 1000 + 500);
    answer_free(&a);
    a = http_text(w, "GET", "/api/v1/provers", "");
    json_t *o = json_loadb((const char *)a.body, a.len, 0, &e);
    json_t *p = json_array_get(json_object_get(o, "provers"), 0);
    assert_non_null(strstr(json_string_value(json_object_get(p, "why")),
                           "prover.failures_max"));
    assert_true(json_integer_value(json_object_get(p, "suspended_until_ms")) >
                world_now(w));
    assert_int_equal(json_integer_value(json_object_get(p, "staker_fee_bips")),
                     2500);
    json_decref(o);
    answer_free(&a);
    a = http_text(w, "GET", "/", "");
    assert_non_null(memmem(a.body, a.len, "prover.failures_max", 19));
    answer_free(&a);
    w->skip_ms += 600000; /* and it comes back */
    bid_by(w, KARL, id, vera, 0, NULL);
    give_up(w, KARL, id);
    /* the operator, by hand */
    assert_int_equal(post(w, path_to("/api/v1/provers/", vera, ""),
                          "{\"suspended_until_ms\":99999999999999,"
                          "\"why\":\"it <lies>\"}"),
                     200);
    auctioned(w, id);
    bid_by(w, KARL, id, vera, 7, "it <lies>");
    a = http_text(w, "GET", "/", "");
    assert_non_null(memmem(a.body, a.len, "it &lt;lies&gt;", 15));
    answer_free(&a);
    assert_int_equal(post(w, path_to("/api/v1/provers/", vera, ""),
                          "{\"suspended_until_ms\":0}"),
                     200);
    bid_by(w, KARL, id, vera, 0, NULL);
}

static void deposits_are_booked_once(void **state)
{
    world *w = *state;
    static const char body[] = "{\"amount\":\"1000000\",\"tx\":\"0x"
                               "0102030405060708090a0b0c0d0e0f10"
                               "0102030405060708090a0b0c0d0e0f10\"}";
    char path[160];

    snprintf(path, sizeof path, "%s",
             path_to("/api/v1/accounts/", bert, "/deposit"));
    w->peer = "10.0.0.1:5000";
    assert_int_equal(post(w, path, body), 403);
    w->peer = "127.0.0.1:5000";
    assert_int_equal(post(w, path, "{\"amount\":\"5\"}"), 400);
    assert_int_equal(post(w, path, "{\"amount\":5}"), 400);
    assert_int_equal(post(w, path_to("/api/v1/accounts/", bert, "/rob"), body),
                     404);
    assert_int_equal(post(w, path, body), 200);
    assert_int_equal(post(w, path, body), 200);
    balance_is(w, bert, "101000000");
    assert_int_equal(
        post(w, path_to("/api/v1/accounts/", karl, "/deposit"), body), 409);
}

/* ---- a third party ---- */

static void add(pvn_buf *b, const json_t *hex)
{
    const char *text = json_string_value(hex);
    size_t len = text ? strlen(text) / 2 : 0;
    uint8_t *bytes = malloc(len + 1);

    assert_true(bytes && text && pvn_unhex(bytes, len, text, 2 * len));
    pvn_buf_add(b, bytes, len);
    free(bytes);
}

/* Who signed an envelope, by its bytes alone. */
static void signer_of(const pvn_buf *b, uint8_t out20[20])
{
    pvn_pb_field body = get(b->data, b->len, 3), sig = get(b->data, b->len, 2);

    assert_int_equal(sig.bytes.len, 65);
    assert_int_equal(provernet_recover(out20, sig.bytes.data, body.bytes.data,
                                       body.bytes.len, NULL),
                     0);
}

static const json_t *of(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!v)
        fail_msg("there is no %s", name);
    return v;
}

static void check_line(const json_t *o, size_t *paid)
{
    const json_t *m = of(o, "messages");
    pvn_buf request = { 0 }, bid = { 0 }, proof = { 0 };
    uint8_t who[20];

    add(&request, of(m, "request"));
    signer_of(&request, who);
    assert_memory_equal(who, anna, 20);
    if (strcmp(json_string_value(of(o, "state")), "paid") == 0) {
        add(&bid, of(m, "bid"));
        signer_of(&bid, who);
        assert_memory_equal(who, karl, 20);
        add(&proof, of(of(m, "fulfill"), "before"));
        pvn_buf_text(&proof, "a proof"); /* as the artifact has it */
        add(&proof, of(of(m, "fulfill"), "after"));
        signer_of(&proof, who);
        assert_memory_equal(who, karl, 20);
        assert_true(json_is_string(of(m, "execute")));
        assert_true(json_is_null(of(m, "settle")));
        assert_string_equal(json_string_value(of(o, "paid")), "2005");
        assert_true(json_is_false(of(o, "collateral_lost")));
        ++*paid;
    } else {
        assert_true(json_is_true(of(o, "collateral_lost")));
        assert_string_equal(json_string_value(of(o, "state")), "failed");
    }
    pvn_buf_free(&request);
    pvn_buf_free(&bid);
    pvn_buf_free(&proof);
}

/* Line by line, one a page, so that the cursor is used. */
static void what_was_signed_is_told(void **state)
{
    world *w = *state;
    char path[160] = "/api/v1/settlement?limit=1", cursor[80];
    size_t lines = 0, paid = 0;
    json_error_t e;

    w->skip_ms += 5000;
    for (;;) {
        answer a = http_text(w, "GET", path, "");
        json_t *o;

        assert_int_equal(a.status, 200);
        if (a.len == 0) {
            answer_free(&a);
            break;
        }
        o = json_loadb((const char *)a.body, a.len, 0, &e);
        assert_non_null(o);
        check_line(o, &paid);
        snprintf(cursor, sizeof cursor, "%s",
                 json_string_value(of(o, "cursor")));
        snprintf(path, sizeof path, "/api/v1/settlement?limit=1&after=%s",
                 cursor);
        json_decref(o);
        answer_free(&a);
        assert_true(++lines < 50);
    }
    assert_int_equal(paid, 2);
    assert_int_equal(lines, 5);
    w->peer = "10.0.0.1:5000";
    assert_int_equal(get_status(w, path), 403);
    assert_int_equal(get_status(w, "/api/v1/ledger"), 403);
    w->peer = "127.0.0.1:5000";
    assert_int_equal(get_status(w, "/api/v1/settlement?after=7"), 400);
    assert_int_equal(get_status(w, "/api/v1/ledger?after=7"), 400);
}

/* Every balance is what it began with and its lines. */
static void the_ledger_adds_up(void **state)
{
    world *w = *state;
    char path[200] = "/api/v1/ledger?limit=3";
    long long sum[7] = { 0 }, all = 0;
    uint8_t *who[7] = { anna, bert, owen, karl, tina, vera };
    json_error_t e;
    size_t lines = 0;

    for (bool more = true; more;) {
        answer a = http_text(w, "GET", path, "");
        const char *at = (const char *)a.body, *end = at + a.len;

        assert_int_equal(a.status, 200);
        more = a.len > 0;
        while (at < end) {
            const char *eol = memchr(at, '\n', (size_t)(end - at));
            json_t *o;
            uint8_t address[20];
            const char *text;

            assert_non_null(eol);
            o = json_loadb(at, (size_t)(eol - at), 0, &e);
            text = json_string_value(of(o, "account"));
            assert_true(pvn_unhex(address, 20, text, strlen(text)));
            for (int i = 0; i < 6; i++)
                if (memcmp(address, who[i], 20) == 0)
                    sum[i] += atoll(json_string_value(of(o, "amount")));
            snprintf(path, sizeof path, "/api/v1/ledger?limit=3&after=%s",
                     json_string_value(of(o, "cursor")));
            json_decref(o);
            at = eol + 1;
            lines++;
        }
        answer_free(&a);
        assert_true(lines < 200);
    }
    for (int i = 0; i < 6; i++) {
        char text[32];

        snprintf(text, sizeof text, "%lld", 100000000 + sum[i]);
        balance_is(w, who[i], text);
        all += sum[i];
    }
    /* what came in, less what is still held: a worst case, a collateral */
    assert_int_equal(all, 1000000 - (3 * GAS + 5) - COLLATERAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operator_says_whose_a_prover_is),
        cmocka_unit_test(a_vault_bids_by_its_key_and_its_owner_is_paid),
        cmocka_unit_test(lists_show_names_and_collateral),
        cmocka_unit_test(who_fails_is_suspended_and_told_why),
        cmocka_unit_test(deposits_are_booked_once),
        cmocka_unit_test(what_was_signed_is_told),
        cmocka_unit_test(the_ledger_adds_up),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
