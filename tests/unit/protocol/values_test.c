/* tests/unit/protocol/values_test.c - a request that names the digest of its
 * public values, as clients do that have run their program: a wrap of other
 * values is no proof of it, whoever brings it. */
#include "people.h"
#include "prove/sp1_wrap.h"

enum { BERT = 0x22, ERIC = 0x25, MODE_GROTH16 = 4, SIGNALS = 5 };

static const uint8_t vkey[] =
    "\x00\xf3\x1d\x3c\x82\xe1\xac\x5e\x41\x3e\xfe\x23\x70\x66\xf7\xb6"
    "\x82\x04\x16\x87\x8c\xd7\x1f\x6c\x9d\x4f\x64\x2b\x24\x73\x2a\x93";
static uint8_t file[4096], digest[32], bert[20];
static uint8_t executor[20]; /* zeros: the network has none */
static size_t file_len;

static int open_world(void **state)
{
    FILE *f = fopen(PVN_VECTORS "/sp1/groth16.proof", "rb");
    pvn_sp1_wrap wrap;

    assert_non_null(f);
    file_len = fread(file, 1, sizeof file, f);
    fclose(f);
    assert_int_equal(
        pvn_sp1_wrap_read(&wrap, pvn_bytes_of(file, file_len), SIGNALS, NULL),
        PROVERNET_OK);
    pvn_sha256(digest, wrap.values.data, wrap.values.len);
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

static void register_wrapped(world *w)
{
    uint8_t program[80] = { 72, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E', 'L', 'F' };
    pvn_buf b = { 0 };
    char uri[256];

    upload(w, 1, program, sizeof program, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, vkey, 32);
    pvn_pb_put_bytes(&b, 3, "vk", 2);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    signed_expects(w, "CreateProgram", &b, 0, NULL);
}

/* Open for bids; values32 NULL: it names none. */
static void request(world *w, const uint8_t *values32, uint8_t id[32])
{
    static const uint8_t nobody[20];
    pvn_buf b = { 0 };
    pvn_pb_field f;
    char uri[256];
    answer a;

    upload(w, 2, "an input", 8, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, vkey, 32);
    pvn_pb_put_bytes(&b, 3, "sp1-v6.1.0", 10);
    pvn_pb_put_uint(&b, 4, MODE_GROTH16);
    pvn_pb_put_uint(&b, 5, 3);
    pvn_pb_put_bytes(&b, 6, uri, strlen(uri));
    pvn_pb_put_uint(&b, 7, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_put_uint(&b, 8, 1000000);
    pvn_pb_put_uint(&b, 9, 2000000);
    pvn_pb_put_bytes(&b, 12, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 13, nobody, 20);
    pvn_pb_put_bytes(&b, 14, executor, 20);
    if (values32)
        pvn_pb_put_bytes(&b, 16, values32, 32);
    pvn_pb_put_bytes(&b, 17, "5", 1);
    pvn_pb_put_bytes(&b, 18, "3", 1);
    a = rpc(w, "RequestProof", &b);
    if (a.grpc != 0)
        fail_msg("RequestProof: %s", a.message);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
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
    request(w, values, right);
    values[0] ^= 0x80;
    request(w, values, other);
    request(w, NULL, whatever);
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
    request(w, values, named);
    request(w, NULL, none);
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
