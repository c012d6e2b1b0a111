/* tests/fault/ops_alloc_test.c - the n-th allocation fails, for every n, over
 * the whole life of a request: each failure is a clean error that changes
 * nothing, and the same step done again succeeds. Leaks are ASan's to find. */
#include "test.h"
#include "sim/check.h"
#include "sim/world.h"
#include <provernet/request.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- malloc and friends, linked with --wrap ---- */
static long fail_at = -1, seen;
static int is_quiet;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static int fails(void)
{
    return !is_quiet && fail_at >= 0 && seen++ == fail_at;
}
void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}
static void quiet(int on) /* the database itself is not under test */
{
    is_quiet += on ? 1 : -1;
}

/* ---- steps: each makes its op, runs it, and says how it went ---- */
typedef struct life {
    world w;
    provernet_id request, worker, program, input, proof;
    world_lease lease;
} life;

static pvn_op *op_store(const provernet_id *id, int64_t type)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    if (!op)
        return NULL;
    op->u.artifact_store.id = *id;
    op->u.artifact_store.make = true;
    op->u.artifact_store.type = type;
    return op;
}
static provernet_status store_program(life *l)
{
    return world_run(&l->w, op_store(&l->program, PVN_TYPE_PROGRAM), NULL);
}
static provernet_status store_input(life *l)
{
    return world_run(&l->w, op_store(&l->input, PVN_TYPE_STDIN), NULL);
}
static provernet_status store_proof(life *l)
{
    return world_run(&l->w, op_store(&l->proof, PVN_TYPE_PROOF), NULL);
}
static provernet_status do_register(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_PROGRAM_REGISTER);
    if (op) {
        op->u.program_register.name = pvn_bytes_of("vk", 2);
        op->u.program_register.kind = "k@1";
        op->u.program_register.artifact = l->program;
    }
    return world_run(&l->w, op, NULL);
}
static provernet_status hello(life *l)
{
    pvn_op out, *op = pvn_op_new(PVN_OP_WORKER_HELLO);
    if (op) {
        op->u.worker_hello.id = world_id(&l->w);
        op->u.worker_hello.origin = "test";
        op->u.worker_hello.name = "anna";
        op->u.worker_hello.kinds = "k@1,l@1";
    }
    provernet_status s = world_run(&l->w, op, &out);
    if (s >= 0)
        l->worker = out.u.worker_hello.worker;
    return s;
}
static provernet_status submit(life *l)
{
    pvn_op out, *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    if (op) {
        op->u.request_submit.id = world_id(&l->w);
        op->u.request_submit.program_name = pvn_bytes_of("vk", 2);
        op->u.request_submit.name = pvn_bytes_of("name", 4);
        op->u.request_submit.dedup = pvn_bytes_of("dedup", 5);
        op->u.request_submit.inputs = &l->input;
        op->u.request_submit.inputs_len = 1;
        op->u.request_submit.params = pvn_bytes_of("{}", 2);
        op->signer.check_nonce = true;
    }
    provernet_status s = world_run(&l->w, op, &out);
    if (s >= 0)
        l->request = out.u.request_submit.id_out;
    return s;
}
static provernet_status lease(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);
    if (!op)
        return PROVERNET_ERR_NOMEM;
    op->u.task_lease.worker = l->worker;
    op->u.task_lease.kinds = "k@1";
    op->u.task_lease.want = 1;
    provernet_status s = world_batch(&l->w, &op, 1);
    s = s < 0 ? s : op->err.status;
    if (s >= 0 && op->u.task_lease.leased_len == 1) {
        l->lease.task = op->u.task_lease.leased[0].task;
        l->lease.attempt = op->u.task_lease.leased[0].attempt;
    } else if (s >= 0) {
        s = PROVERNET_ERR_NOT_FOUND;
    }
    pvn_op_free(op);
    return s;
}
static provernet_status fail_it(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_FAIL);
    if (op) {
        op->u.task_fail.task = l->lease.task;
        op->u.task_fail.worker = l->worker;
        op->u.task_fail.attempt = l->lease.attempt;
        op->u.task_fail.blame = 2;
        op->u.task_fail.why = "x";
    }
    provernet_status s = world_run(&l->w, op, NULL);
    if (s >= 0)
        l->w.now += 1000;
    return s;
}
static provernet_status tick(life *l)
{
    return world_run(&l->w, pvn_op_new(PVN_OP_TICK), NULL);
}
static provernet_status sweep(life *l)
{
    return world_run(&l->w, pvn_op_new(PVN_OP_SWEEP), NULL);
}
static provernet_status complete(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_COMPLETE);
    pvn_op *verdict = pvn_op_new(PVN_OP_REQUEST_VERDICT);
    pvn_op *ops[2] = { op, verdict };
    provernet_status s = PROVERNET_ERR_NOMEM;
    if (op && verdict) {
        op->u.task_complete.task = l->lease.task;
        op->u.task_complete.worker = l->worker;
        op->u.task_complete.attempt = l->lease.attempt;
        op->u.task_complete.outputs = &l->proof;
        op->u.task_complete.outputs_len = 1;
        op->u.task_complete.took_ms = 5;
        verdict->needs = op;
        verdict->u.request_verdict.request = l->request;
        verdict->u.request_verdict.proof = l->proof;
        verdict->u.request_verdict.valid = true;
        verdict->u.request_verdict.how = "verified";
        s = world_batch(&l->w, ops, 2);
        s = s < 0 ? s : verdict->err.status;
    }
    pvn_op_free(op);
    pvn_op_free(verdict);
    return s;
}
static provernet_status look(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    if (op) {
        op->u.read_request.id = l->request;
        op->u.read_request.details = true;
    }
    return world_run(&l->w, op, NULL);
}

/* ---- the life of an auctioned request ---- */

enum { BOSS = 0x60, FIRST = 0x50, SECOND = 0x51 };

static provernet_status submit_auction(life *l)
{
    pvn_op out, *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    pvn_terms terms = {
        .price_max = "3", .base_fee = "1", .units_max = 10, .window_ms = 1000
    };
    world_address(terms.auctioneer20, BOSS);
    world_address(terms.executor20, BOSS);
    if (op) {
        op->u.request_submit.id = world_id(&l->w);
        op->u.request_submit.kind = "k@1";
        op->u.request_submit.inputs = &l->input;
        op->u.request_submit.inputs_len = 1;
        op->u.request_submit.terms = &terms;
    }
    provernet_status s = world_run(&l->w, op, &out);
    if (s >= 0)
        l->request = out.u.request_submit.id_out;
    return s;
}
static provernet_status bid(life *l, uint8_t who, const char *amount)
{
    pvn_op *op = pvn_op_new(PVN_OP_BID_PLACE);
    if (op) {
        op->u.bid_place.id = l->request;
        op->u.bid_place.amount = amount;
        world_address(op->u.bid_place.prover20, who);
        world_address(op->u.bid_place.by20, who);
    }
    return world_run(&l->w, op, NULL);
}
static provernet_status first_bid(life *l)
{
    return bid(l, FIRST, "3");
}
static provernet_status second_bid(life *l)
{
    return bid(l, SECOND, "2");
}
static provernet_status wait_a_second(life *l)
{
    l->w.now += 1000;
    return PROVERNET_OK;
}
static provernet_status settle(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_AUCTION_SETTLE);
    if (op) {
        op->u.auction_settle.id = l->request;
        world_address(op->u.auction_settle.winner20, SECOND);
        world_address(op->u.auction_settle.by20, BOSS);
    }
    return world_run(&l->w, op, NULL);
}
static provernet_status won(life *l)
{
    const pvn_task *t = world_task_named(&l->w, l->request, "main");
    l->worker = t->worker;
    l->lease.task = t->id;
    l->lease.attempt = t->attempt;
    return PROVERNET_OK;
}
static provernet_status execute(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_EXECUTE);
    if (op) {
        op->u.request_execute.id = l->request;
        op->u.request_execute.possible = true;
        op->u.request_execute.units = 7;
        world_address(op->u.request_execute.by20, BOSS);
    }
    return world_run(&l->w, op, NULL);
}
static provernet_status look_at_auction(life *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_AUCTION);
    if (op)
        op->u.read_auction.id = l->request;
    return world_run(&l->w, op, NULL);
}

typedef provernet_status (*step)(life *);
static const step plain[] = {
    store_program, store_input, do_register, submit, hello,
    lease,         fail_it,     tick,        lease,  look,
    store_proof,   complete,    look,        sweep,
};
static const step auction[] = {
    store_input, submit_auction, first_bid, second_bid,      wait_a_second,
    tick,        settle,         won,       store_proof,     fail_it,
    won,         complete,       tick,      look_at_auction, execute,
    tick,        sweep,
};
#define LEN(a) (sizeof(a) / sizeof(a)[0])

/* One life in which the n-th allocation fails. false: n was past the end. */
static bool live(const step *steps, size_t len, long n)
{
    static life l;
    char buf[200];
    memset(&l, 0, sizeof l);
    world_open(&l.w, 1);
    l.w.m.quiet = quiet;
    l.program = world_id(&l.w);
    l.input = world_id(&l.w);
    l.proof = world_id(&l.w);
    seen = 0;
    fail_at = n;
    bool hit = false;
    for (size_t i = 0; i < len; i++) {
        provernet_status s = steps[i](&l);
        if (s < 0) {
            if (s != PROVERNET_ERR_NOMEM)
                print_message("allocation %ld, step %zu: %s\n", n, i,
                              provernet_status_name(s));
            assert_int_equal(s, PROVERNET_ERR_NOMEM);
            assert_false(hit); /* one failure, one refusal */
            hit = true;
            i--; /* the same again */
        }
        quiet(1);
        assert_null(check_rows(&l.w.m, buf, sizeof buf));
        assert_null(check_money(&l.w.m, "1000", buf, sizeof buf));
        quiet(0);
    }
    bool past = seen <= n;
    fail_at = -1;
    assert_int_equal(world_request(&l.w, l.request)->state,
                     PROVERNET_FULFILLED);
    assert_int_equal(mem_len(&l.w.m, PVN_REQUEST), 1);
    assert_int_equal(mem_len(&l.w.m, PVN_ATTEMPT), 2);
    if (steps == auction) /* 1 + 2 x 7 */
        assert_string_equal(world_balance(&l.w, SECOND), "1015");
    world_close(&l.w);
    return !past;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    long n = 0;
    while (live(plain, LEN(plain), n))
        n++;
    print_message("%ld allocations failed, one at a time\n", n);
    assert_true(n > 50);
}

static void every_allocation_of_an_auction_may_fail(void **state)
{
    (void)state;
    long n = 0;
    while (live(auction, LEN(auction), n))
        n++;
    print_message("%ld allocations failed, one at a time\n", n);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_an_auction_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
