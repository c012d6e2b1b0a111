/* ask_test.c - what a prover says, against bytes of another implementation,
 * and what it makes of answers. */
#include "net_help.h"
#include "protocol/http/pb.h"
#include "protocol/succinct/ask.h"

#include "../../vectors/asked.h"

static uint8_t id32[32], prover20[20], domain32[32];

static void make(size_t i, pvn_buf *b)
{
    switch (i) {
    case 0:
        pvn_ask_bid(b, 7, id32, 1200, domain32, prover20);
        break;
    case 1:
        pvn_ask_bid(b, 0, id32, 0, domain32, prover20);
        break;
    case 2:
        pvn_ask_fulfill(b, 300, id32, pvn_bytes_of("proof", 5), domain32);
        break;
    case 3:
        pvn_ask_fail(b, 8, id32, PVN_NET_NO_ERROR);
        break;
    case 4:
        pvn_ask_fail(b, 8, id32, PVN_NET_PROVING_FAILURE);
        break;
    case 5:
        pvn_ask_fail(b, 8, id32, 0);
        break;
    default:
        pvn_ask_stdin_uri(b, 9, id32);
    }
}

static void bodies_are_those_of_another(void **state)
{
    const size_t n = sizeof asked / sizeof asked[0];
    uint8_t secret[32], want[512];
    provernet_key *k;

    (void)state;
    memset(secret, 0x11, 32);
    memset(prover20, 0xa0, 20);
    for (uint8_t i = 0; i < 32; i++)
        id32[i] = i;
    pvn_unhex(
        domain32, 32,
        "55ea66757c5b1aecda6619905f594b320092db1cf4c8b6f89025c092f0bb7b5b", 64);
    assert_int_equal(provernet_key_new(&k, secret, NULL), 0);
    assert_int_equal(n, 7);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(asked[i].body) / 2;
        pvn_buf body = { 0 }, message = { 0 }, whole = { 0 };

        make(i, &body);
        assert_true(pvn_unhex(want, len, asked[i].body, 2 * len));
        assert_int_equal(body.len, len);
        assert_memory_equal(body.data, want, len);
        assert_int_equal(
            pvn_ask_sign(&message, k, pvn_bytes_of(body.data, body.len), NULL),
            0);
        /* {1: 1, 2: signature, 3: body} */
        pvn_buf_add(&whole, "\x08\x01\x12\x41", 4);
        assert_true(pvn_unhex(want, 65, asked[i].signature, 130));
        pvn_buf_add(&whole, want, 65);
        pvn_buf_add(&whole, "\x1a", 1);
        pvn_pb_put_varint(&whole, len);
        pvn_buf_add(&whole, body.data, body.len);
        assert_int_equal(message.len, whole.len);
        assert_memory_equal(message.data, whole.data, whole.len);
        pvn_buf_free(&body);
        pvn_buf_free(&message);
        pvn_buf_free(&whole);
    }
    provernet_key_free(k);
}

static void lists_are_asked_as_nodes_do(void **state)
{
    /* status ASSIGNED, minimum_deadline 1800000000, fulfiller, limit 100 */
    static const uint8_t want[] = {
        0x10, 2, 0x20, 0x80, 0xa4, 0xa7, 0xda, 6, 0x3a, 20, 7,
        7,    7, 7,    7,    7,    7,    7,    7, 7,    7,  7,
        7,    7, 7,    7,    7,    7,    7,    7, 0x50, 100
    };
    pvn_ask_filter f = { .fulfillment = PVN_NET_ASSIGNED,
                         .deadline_after_s = 1800000000,
                         .limit = 100 };
    uint8_t me[20];
    pvn_buf b = { 0 };

    (void)state;
    memset(me, 7, 20);
    f.fulfiller20 = me;
    pvn_ask_list(&b, &f);
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);
    pvn_buf_free(&b);
}

static void knows_kinds(void **state)
{
    char kind[64];

    (void)state;
    assert_true(pvn_ask_kind(kind, "sp1-v6.1.0", 4));
    assert_string_equal(kind, "sp1/groth16@6");
    assert_true(pvn_ask_kind(kind, "sp1-v5", 1));
    assert_string_equal(kind, "sp1/core@5");
    assert_true(pvn_ask_kind(kind, "groth16/bn254@1", 4));
    assert_string_equal(kind, "groth16/bn254@1");
    assert_false(pvn_ask_kind(kind, "groth16/bn254@1", 3));
    assert_false(pvn_ask_kind(kind, "sp1-v6.1.0", 0));
    assert_false(pvn_ask_kind(kind, "sp1-v6.1.0", 5));
    assert_false(pvn_ask_kind(kind, "sp1-vx", 1));
    assert_false(pvn_ask_kind(kind, "sp1-v", 1));
    assert_false(pvn_ask_kind(kind, "", 1));
    assert_false(pvn_ask_kind(kind, "sp1/core@*", 4));
}

static void reads_amounts(void **state)
{
    uint64_t v;

    (void)state;
    assert_true(pvn_ask_amount("0", 1, &v) && v == 0);
    assert_true(pvn_ask_amount("18446744073709551615", 20, &v));
    assert_true(v == UINT64_MAX);
    assert_true(pvn_ask_amount("18446744073709551614", 20, &v));
    assert_true(v == UINT64_MAX - 1);
    assert_true(pvn_ask_amount("99999999999999999999999", 23, &v));
    assert_true(v == UINT64_MAX);
    assert_false(pvn_ask_amount("", 0, &v));
    assert_false(pvn_ask_amount("-1", 2, &v));
    assert_false(pvn_ask_amount("1.5", 3, &v));
}

/* Both flavours of one request: field 34 a number or a text. */
static void reads_both_flavours(void **state)
{
    uint8_t id[32];
    pvn_buf b = { 0 }, list = { 0 };
    pvn_heard_request *r;
    pvn_arena a = { 0 };
    size_t n;

    (void)state;
    memset(id, 5, 32);
    for (int flavour = 0; flavour < 2; flavour++) {
        b.len = 0;
        pvn_pb_put_bytes(&b, 1, id, 32);
        pvn_pb_put_uint(&b, 8, 1800000000);
        if (flavour)
            pvn_pb_put_bytes(&b, 34, "100", 3);
        else
            pvn_pb_put_uint(&b, 34, 3);
        if (flavour)
            pvn_pb_put_bytes(&b, 35, "1200", 4);
        else
            pvn_pb_put_uint(&b, 35, 1);
        pvn_pb_put_bytes(&list, 1, b.data, b.len);
    }
    assert_int_equal(
        pvn_hear_requests(&a, pvn_bytes_of(list.data, list.len), &r, &n, NULL),
        0);
    assert_int_equal(n, 2);
    assert_false(r[0].priced);
    assert_true(r[1].priced && r[1].max_price == 1200 && r[1].base_fee == 100);
    assert_true(r[0].deadline_s == 1800000000);
    pvn_buf_free(&b);
    pvn_buf_free(&list);
    pvn_arena_free(&a);
}

static void refuses_damage(void **state)
{
    static const char *const bad[] = {
        "0a02",         /* cut off */
        "0a0408011205", /* cut off within */
        "0a020801",     /* no id */
        ("0a241a021b5b0a20050505050505050505050505050505050505050505050505"
         "0505050505050505"), /* an escape in the version */
    };
    uint8_t bytes[128], owner[20];
    pvn_heard_request *r, one;
    pvn_arena a = { 0 };
    uint64_t v;
    double usd;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t len = strlen(bad[i]) / 2;

        assert_true(pvn_unhex(bytes, len, bad[i], 2 * len));
        assert_int_equal(
            pvn_hear_requests(&a, pvn_bytes_of(bytes, len), &r, &n, NULL),
            PROVERNET_ERR_FORMAT);
    }
    assert_int_equal(pvn_hear_request(&a, pvn_bytes_of("", 0), &one, NULL),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(pvn_hear_nonce(pvn_bytes_of("\x0a\x00", 2), &v, NULL),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(pvn_hear_owner(pvn_bytes_of("\x0a\x01x", 3), owner, NULL),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(pvn_hear_prove_price(pvn_bytes_of("\x0a\x01"
                                                       "0",
                                                       3),
                                          &usd, NULL),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(pvn_hear_prove_price(pvn_bytes_of("\x0a\x04"
                                                       "0.40",
                                                       6),
                                          &usd, NULL),
                     0);
    assert_true(usd > 0.3999 && usd < 0.4001);
    pvn_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_those_of_another),
        cmocka_unit_test(lists_are_asked_as_nodes_do),
        cmocka_unit_test(knows_kinds),
        cmocka_unit_test(reads_amounts),
        cmocka_unit_test(reads_both_flavours),
        cmocka_unit_test(refuses_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
