/* tests/unit/protocol/auction_test.c - the auction's calls in one process:
 * delegates, proofs that others judge, what is kept, reports of provers. */
#include "people.h"
#include "protocol/succinct/succinct.h"

enum { ANNA = 0x11, BERT = 0x22, CARL = 0x33, DAVE = 0x44, EMIL = 0x55 };
enum { GAS = 2000000, HELD = 3 * GAS + 5 };
#define KIND "sp1/compressed@6"

static uint8_t bert[20], carl[20], dave[20];

/* Bert is named by the operator and his proofs believed; Dave's are judged. */
static int open_world(void **state)
{
    char allow[200] = "prover.allow=0x", *p = allow + strlen(allow);
    char operators[80] = "succinct.operators=0x";
    uint8_t emil[20];

    address_of(BERT, bert);
    address_of(CARL, carl);
    address_of(DAVE, dave);
    address_of(EMIL, emil);
    pvn_hex(p, bert, 20);
    pvn_hex(operators + strlen(operators), emil, 20);
    *state = world_make("succinct.auction=true", "succinct.auction_window=0",
                        "succinct.balance=100000000", "succinct.base_fee=5",
                        "node.trust=" KIND, allow, operators,
                        "http.public_url=http://clients.test",
                        "http.prover_url=https://provers.test", NULL);
    register_sp1(*state, 0x71);
    return 0;
}

/* Nobody is named: all may bid, and all proofs are judged by others. */
static int open_judging(void **state)
{
    address_of(BERT, bert);
    address_of(DAVE, dave);
    *state = world_make("succinct.auction=true", "succinct.auction_window=0",
                        "succinct.balance=100000000", "node.trust=" KIND, NULL);
    register_sp1(*state, 0x71);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- bodies ---- */

static pvn_buf wish(world *w, uint64_t deadline_s)
{
    static const uint8_t nobody[20];
    char uri[256];
    pvn_buf b = { 0 };

    upload(w, 2, "an input", 8, uri);
    request_body(w, &b, 0x71, uri, 2, deadline_s);
    pvn_pb_put_bytes(&b, 12, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 13, nobody, 20);
    pvn_pb_put_bytes(&b, 14, nobody, 20);
    pvn_pb_put_bytes(&b, 17, "5", 1);
    pvn_pb_put_bytes(&b, 18, "3", 1);
    return b;
}

static void auctioned(world *w, uint8_t id[32])
{
    pvn_buf b = wish(w, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_field f;
    answer a = rpc(w, "RequestProof", &b);

    if (a.grpc != 0)
        fail_msg("RequestProof: %s", a.message);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
}

static pvn_buf bid_body(world *w, const uint8_t id[32],
                        const uint8_t prover[20], const char *amount)
{
    pvn_buf b = begun(w);

    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, amount, strlen(amount));
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 5, prover, 20);
    pvn_pb_put_uint(&b, 6, 1);
    return b;
}

static pvn_buf proof_body(world *w, const uint8_t id[32], const char *proof)
{
    pvn_buf b = begun(w);

    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, proof, strlen(proof));
    pvn_pb_put_bytes(&b, 5, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 6, 4);
    return b;
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

static uint64_t status_of(world *w, const uint8_t id[32])
{
    answer a = asks(w, "GetProofRequestStatus", only(id, 32), 0);
    uint64_t status = get(a.body, a.len, 1).value;

    answer_free(&a);
    return status;
}

/* How many requests a prover sees: its own, or those open for its bids. */
static size_t sees(world *w, bool mine, const uint8_t prover[20])
{
    pvn_buf b = { 0 };
    answer a;
    size_t n;

    pvn_pb_put_uint(&b, 2, mine ? 2 : 1);
    pvn_pb_put_uint(&b, 4, (uint64_t)world_now(w) / 1000);
    pvn_pb_put_bytes(&b, mine ? 7 : 13, prover, 20);
    a = asks(w, "GetFilteredProofRequests", b, 0);
    n = count_of(&a, 1);
    if (n > 0 && !mine) { /* prices, as strings */
        pvn_pb_field f = get(a.body, a.len, 1);
        assert_int_equal(get(f.bytes.data, f.bytes.len, 34).wire, PVN_PB_LEN);
        assert_memory_equal(get(f.bytes.data, f.bytes.len, 35).bytes.data, "3",
                            1);
    }
    answer_free(&a);
    return n;
}

static void bid_by(world *w, uint8_t who, const uint8_t id[32],
                   const uint8_t prover[20], const char *amount, int code)
{
    pvn_buf b;

    become(w, who);
    b = bid_body(w, id, prover, amount);
    signed_expects(w, "Bid", &b, code, NULL);
}

/* ---- a prover and the key that signs for it ---- */

static void delegate(world *w)
{
    static const uint8_t nobody[20];
    pvn_buf b;

    become(w, BERT);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, carl, 20);
    pvn_pb_put_bytes(&b, 3, bert, 20);
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 32);
    pvn_pb_put_uint(&b, 5, 5);
    pvn_pb_put_bytes(&b, 6, nobody, 20);
    pvn_pb_put_bytes(&b, 7, "0", 1);
    signed_expects(w, "SetDelegation", &b, 0, NULL);
}

static void the_message_is_kept(world *w, const uint8_t id[32],
                                const pvn_buf *sent, const char *proof)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_RECORD);
    pvn_buf whole = { 0 };
    pvn_bytes kept;
    uint32_t before;

    op->u.read_record.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_record.kind = "fulfilled";
    op->u.read_record.key = pvn_bytes_of(id, 32);
    assert_int_equal(pvn_node_run(w->node, &op, 1, NULL), 0);
    kept = op->u.read_record.value;
    assert_true(kept.len > 4);
    before = pvn_get_u32be(kept.data);
    assert_true(4 + before <= kept.len);
    pvn_buf_add(&whole, kept.data + 4, before);
    pvn_buf_text(&whole, proof);
    pvn_buf_add(&whole, kept.data + 4 + before, kept.len - 4 - before);
    assert_int_equal(whole.len, sent->len);
    assert_memory_equal(whole.data, sent->data, sent->len);
    pvn_buf_free(&whole);
    pvn_op_free(op);
}

static void a_delegate_bids_and_proves_for_its_prover(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b, sent = { 0 };
    answer a;

    auctioned(w, id);
    balance_is(w, w->address, "93999995");
    assert_int_equal(status_of(w, id), 1);
    delegate(w);
    a = asks(w, "GetOwner", only(carl, 20), 0);
    assert_memory_equal(get(a.body, a.len, 1).bytes.data, bert, 20);
    answer_free(&a);
    assert_int_equal(sees(w, false, bert), 1);
    bid_by(w, BERT, id, bert, "2", 7);
    bid_by(w, CARL, id, bert, "2", 0);
    assert_int_equal(status_of(w, id), 2);
    assert_int_equal(sees(w, false, bert), 0);
    assert_int_equal(sees(w, true, bert), 1);
    assert_int_equal(sees(w, true, carl), 0);
    become(w, ANNA);
    b = proof_body(w, id, "stolen");
    signed_expects(w, "FulfillProof", &b, 7, "fulfiller");
    become(w, CARL);
    b = proof_body(w, id, "");
    signed_expects(w, "FulfillProof", &b, 3, "proof");
    b = proof_body(w, id, "a proof");
    envelope(w, &sent, &b);
    pvn_buf_free(&b);
    a = grpc(w, "/network.ProverNetwork/FulfillProof", sent.data, sent.len);
    assert_int_equal(a.grpc, 0);
    answer_free(&a);
    the_message_is_kept(w, id, &sent, "a proof");
    pvn_buf_free(&sent);
    assert_int_equal(status_of(w, id), 3);
    b = proof_body(w, id, "a proof");
    signed_expects(w, "FulfillProof", &b, 0, NULL); /* again */
    balance_is(w, bert, "104000005");
    balance_is(w, carl, "100000000");
    become(w, ANNA);
    balance_is(w, w->address, "95999995");
    a = asks(w, "GetProofRequestDetails", only(id, 32), 0);
    pvn_pb_field f = get(a.body, a.len, 1);
    assert_int_equal(get(f.bytes.data, f.bytes.len, 29).value, 2);
    assert_memory_equal(get(f.bytes.data, f.bytes.len, 14).bytes.data, bert,
                        20);
    answer_free(&a);
}

/* ---- what is not auctioned, or cannot be ---- */

static void the_base_flavour_is_for_our_own_workers(void **state)
{
    world *w = *state;
    uint8_t id[32];

    become(w, ANNA);
    accepted_request(w, 0x71, id);
    assert_int_equal(sees(w, false, dave), 0);
    bid_by(w, BERT, id, bert, "1", 3);
    bid_by(w, CARL, id, bert, "1", 3);
    become(w, ANNA);
}

static void terms_are_the_networks(void **state)
{
    world *w = *state;
    uint64_t soon = (uint64_t)world_now(w) / 1000 + 3600;
    pvn_buf b = wish(w, soon);

    pvn_pb_put_bytes(&b, 20, bert, 20); /* a treasury of one's own */
    signed_expects(w, "RequestProof", &b, 3, "treasury");
    b = wish(w, soon);
    pvn_pb_put_bytes(&b, 14, bert, 20);
    signed_expects(w, "RequestProof", &b, 3, "executor");
    b = wish(w, soon);
    pvn_pb_put_bytes(&b, 17, "4", 1);
    signed_expects(w, "RequestProof", &b, 3, "base_fee");
    b = wish(w, soon);
    pvn_pb_put_bytes(&b, 18, "51", 2);
    signed_expects(w, "RequestProof", &b, 9, "balance");
}

static void a_bid_names_its_faults(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b;

    become(w, ANNA);
    auctioned(w, id);
    bid_by(w, DAVE, id, dave, "1", 7); /* not in prover.allow */
    become(w, CARL);
    b = bid_body(w, id, bert, "1");
    pvn_pb_put_uint(&b, 6, 2);
    signed_expects(w, "Bid", &b, 3, "variant");
    b = bid_body(w, id, bert, "1");
    pvn_pb_put_bytes(&b, 4, mainnet_domain, 31);
    signed_expects(w, "Bid", &b, 3, "domain");
    b = bid_body(w, id, bert, "1");
    pvn_pb_put_bytes(&b, 5, bert, 19);
    signed_expects(w, "Bid", &b, 3, "prover");
    b = bid_body(w, id, bert, "x");
    signed_expects(w, "Bid", &b, 3, "amount");
    b = begun(w); /* the base flavour: the signer is the prover */
    pvn_pb_put_bytes(&b, 2, id, 32);
    pvn_pb_put_bytes(&b, 3, "1", 1);
    signed_expects(w, "Bid", &b, 7, "prover.allow");
    bid_by(w, CARL, id, bert, "1", 0);
    become(w, CARL);
    b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    signed_expects(w, "FailFulfillment", &b, 0, NULL);
    become(w, ANNA);
    assert_int_equal(status_of(w, id), 4);
}

/* ---- suspended, reported ---- */

static pvn_buf suspend_body(world *w, int64_t seconds)
{
    pvn_buf b = begun(w);

    pvn_pb_put_bytes(&b, 2, bert, 20);
    pvn_pb_put_uint(&b, 3, (uint64_t)(world_now(w) / 1000 + seconds));
    return b;
}

static void operators_suspend_provers(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b;
    answer a;

    become(w, ANNA);
    auctioned(w, id);
    b = suspend_body(w, 60);
    signed_expects(w, "SuspendProver", &b, 7, "operator");
    become(w, EMIL);
    b = suspend_body(w, 60);
    signed_expects(w, "SuspendProver", &b, 0, NULL);
    a = asks(w, "GetProverStatus", only(bert, 20), 0);
    assert_int_equal(get(a.body, a.len, 1).value, 1);
    assert_true(get(a.body, a.len, 3).value >
                (uint64_t)world_now(w) / 1000 + 50);
    answer_free(&a);
    bid_by(w, CARL, id, bert, "1", 7);
    become(w, EMIL);
    b = suspend_body(w, -1);
    signed_expects(w, "SuspendProver", &b, 0, NULL);
    bid_by(w, CARL, id, bert, "1", 0);
    become(w, ANNA);
}

static answer report(world *w, uint64_t capacity)
{
    pvn_buf b = { 0 };

    pvn_pb_put_bytes(&b, 1, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 2, bert, 20);
    pvn_pb_put_uint(&b, 4, capacity);
    return rpc(w, "ReportProverInfo", &b);
}

static void provers_report_about_themselves(void **state)
{
    world *w = *state;
    answer a;

    become(w, CARL);
    a = report(w, 12);
    assert_int_equal(a.grpc, 0);
    answer_free(&a);
    become(w, BERT); /* Carl signs for it */
    a = report(w, 13);
    assert_int_equal(a.grpc, 7);
    answer_free(&a);
    become(w, ANNA);
    a = asks(w, "GetProverCapacity", only(bert, 20), 0);
    assert_int_equal(get(a.body, a.len, 1).value, 12);
    answer_free(&a);
    a = asks(w, "GetProverCapacity", only(dave, 20), 0);
    assert_int_equal(get(a.body, a.len, 1).wire, -1);
    answer_free(&a);
    a = asks(w, "GetProverStatus", only(dave, 20), 0);
    assert_int_equal(get(a.body, a.len, 1).wire, -1);
    answer_free(&a);
}

/* ---- judged by another worker ---- */

static pvn_op *judge_task(world *w, provernet_id *worker)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);

    *worker = worker_hello(w, "judge", "verify/" KIND);
    op->u.task_lease.worker = *worker;
    op->u.task_lease.kinds = "verify/" KIND;
    op->u.task_lease.want = 1;
    assert_int_equal(pvn_node_run(w->node, &op, 1, NULL), 0);
    assert_int_equal(op->u.task_lease.leased_len, 1);
    return op;
}

static void judge(world *w, bool valid)
{
    provernet_id worker;
    pvn_op *leased = judge_task(w, &worker);
    const struct pvn_leased *l = &leased->u.task_lease.leased[0];
    pvn_op *op[2] = { NULL, NULL };

    if (valid) {
        op[0] = pvn_op_new(PVN_OP_TASK_COMPLETE);
        op[0]->u.task_complete.task = l->task;
        op[0]->u.task_complete.worker = worker;
        op[0]->u.task_complete.attempt = l->attempt;
        op[1] = pvn_op_new(PVN_OP_REQUEST_VERDICT);
        op[1]->needs = op[0];
        op[1]->u.request_verdict.request = l->request;
        op[1]->u.request_verdict.proof = l->inputs[l->inputs_len - 1].artifact;
        op[1]->u.request_verdict.valid = true;
        op[1]->u.request_verdict.how = "verified";
    } else {
        op[0] = pvn_op_new(PVN_OP_TASK_FAIL);
        op[0]->u.task_fail.task = l->task;
        op[0]->u.task_fail.worker = worker;
        op[0]->u.task_fail.attempt = l->attempt;
        op[0]->u.task_fail.blame = PROVERNET_BLAME_INPUT;
        op[0]->u.task_fail.why = "not a proof";
    }
    assert_int_equal(pvn_node_run(w->node, op, valid ? 2 : 1, NULL), 0);
    pvn_op_free(op[0]);
    pvn_op_free(op[1]);
    pvn_op_free(leased);
}

static void a_strangers_proof_is_judged_before_it_is_paid(void **state)
{
    world *w = *state;
    uint8_t id[32];
    pvn_buf b;

    auctioned(w, id);
    bid_by(w, DAVE, id, dave, "3", 0);
    b = proof_body(w, id, "a lie");
    signed_expects(w, "FulfillProof", &b, 0, NULL); /* received */
    assert_int_equal(status_of(w, id), 2);
    b = proof_body(w, id, "a lie");
    signed_expects(w, "FulfillProof", &b, 0, NULL);
    judge(w, false);
    assert_int_equal(status_of(w, id), 2); /* it may try again */
    balance_is(w, dave, "100000000");
    b = proof_body(w, id, "the truth");
    signed_expects(w, "FulfillProof", &b, 0, NULL);
    balance_is(w, dave, "100000000");
    judge(w, true);
    assert_int_equal(status_of(w, id), 3);
    balance_is(w, dave, "106000005");
    become(w, ANNA);
    balance_is(w, w->address, "93999995");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delegate_bids_and_proves_for_its_prover),
        cmocka_unit_test(the_base_flavour_is_for_our_own_workers),
        cmocka_unit_test(terms_are_the_networks),
        cmocka_unit_test(a_bid_names_its_faults),
        cmocka_unit_test(operators_suspend_provers),
        cmocka_unit_test(provers_report_about_themselves),
    };
    const struct CMUnitTest judging[] = {
        cmocka_unit_test(a_strangers_proof_is_judged_before_it_is_paid),
    };
    int failed = cmocka_run_group_tests(tests, open_world, close_world);

    return failed + cmocka_run_group_tests(judging, open_judging, close_world);
}
