/* tests/unit/protocol/values_test.c - a request that names the digest of its
 * public values, as clients do that have run their program: a wrap of other
 * values is no proof of it, whoever brings it. */
#include "wrapped.h"

enum { BERT = 0x22, ERIC = 0x25 };

static uint8_t file[4096], digest[32], bert[20];
static uint8_t executor[20]; /* zeros: the network has none */
static size_t file_len;

static int open_world(void **state)
{
    file_len = read_wrapped(file, sizeof file, digest);
    address_of(BERT, bert);
    *state = world_make("succinct.auction=true", "succinct.auction_window=0",
                        "succinct.balance=100000000", NULL);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static void won_by_bert(world *w, const uint8_t id[32])
{
    pvn_buf b;

    become(w, BERT);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, "3", 1);
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 5, bert, 20);
    pvn_pb_put_uint(&b, 6, 1);
    signed_expects(w, "Bid", &b, 0, NULL);
}

/* The answer of FulfillProof with the file. A proof that is refused is a
 * strike, written down: its nonce is used up too. */
static answer hand_in(world *w, const uint8_t id[32])
{
    pvn_buf b = begun(w);

    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, file, file_len);
    pvn_pb_put_bytes(&b, 5, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 6, 4);
    return rpc(w, "FulfillProof", &b);
}

static uint64_t status_of(world *w, const uint8_t id[32])
{
    answer a = asks(w, "GetProofRequestStatus", only(id, 32), 0);
    uint64_t status = get(a.body, a.len, 1).value;

    answer_free(&a);
    return status;
}

static void a_fulfilment_is_of_the_values_asked_for(void **state)
{
    world *w = *state;
    uint8_t right[32], other[32], whatever[32], values[32];
    answer a;

    register_wrapped(w);
    memcpy(values, digest, 32);
    request_wrapped(w, executor, values, right);
    values[0] ^= 0x80;
    request_wrapped(w, executor, values, other);
    request_wrapped(w, executor, NULL, whatever);
    won_by_bert(w, right);
    won_by_bert(w, other);
    won_by_bert(w, whatever);
    a = hand_in(w, other);
    assert_int_equal(a.grpc, 3);
    assert_non_null(strstr(a.message, "other public values"));
    answer_free(&a);
    assert_int_equal(status_of(w, other), 2); /* it may bring another */
    a = hand_in(w, right);
    assert_int_equal(a.grpc, 0);
    answer_free(&a);
    assert_int_equal(status_of(w, right), 3);
    a = hand_in(w, whatever);
    assert_int_equal(a.grpc, 0);
    answer_free(&a);
    assert_int_equal(status_of(w, whatever), 3);
}

/* ---- who executes says what came out ---- */

static int open_executed_world(void **state)
{
    char setting[80] = "succinct.executor=0x";

    open_world(state);
    world_free(*state);
    address_of(ERIC, executor);
    pvn_hex(setting + strlen(setting), executor, 20);
    *state = world_make("succinct.auction=true", "succinct.auction_window=0",
                        "succinct.balance=100000000", setting, NULL);
    return 0;
}

/* values32 NULL: it says nothing of them. */
static void execute(world *w, const uint8_t id[32], const uint8_t *values32,
                    int code, const char *words)
{
    pvn_buf b;

    become(w, ERIC);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_uint(&b, 3, 2);
    if (values32)
        pvn_pb_put_bytes(&b, 4, values32, 32);
    pvn_pb_put_uint(&b, 5, 77);
    pvn_pb_put_uint(&b, 6, 1000);
    pvn_pb_put_bytes(&b, 7, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 10, 3);
    signed_expects(w, "ExecuteProof", &b, code, words);
}

static void an_execution_gave_the_values_asked_for(void **state)
{
    world *w = *state;
    uint8_t named[32], none[32], values[32], other[32];

    become(w, 1);
    register_wrapped(w);
    memcpy(values, digest, 32);
    memcpy(other, digest, 32);
    other[31] ^= 1;
    request_wrapped(w, executor, values, named);
    request_wrapped(w, executor, NULL, none);
    execute(w, named, other, 3, "the request names \"public_values_hash\":");
    execute(w, named, NULL, 3, "give nothing, the request names");
    execute(w, named, values, 0, NULL);
    execute(w, none, other, 0, NULL); /* it named nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fulfilment_is_of_the_values_asked_for,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(an_execution_gave_the_values_asked_for,
                                        open_executed_world, close_world),
    };

    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
