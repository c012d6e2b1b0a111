/* tests/unit/protocol/peace_test.c - what long-lived requesters rely on:
 * ASSIGNED is never taken back, the deadline is the real one, UNEXECUTABLE is
 * said only when execution failed. */
#include "people.h"

#define KIND "sp1/compressed@6"

enum { REQUESTED = 1, ASSIGNED, FULFILLED, UNFULFILLABLE };
enum { UNEXECUTED = 1, EXECUTED, UNEXECUTABLE };

static int open_world(void **state)
{
    *state = world_make("node.trust=" KIND, "task.attempts_max=1",
                        "request.retention=100h", NULL);
    register_sp1(*state, 0x81);
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

static void is(world *w, const uint8_t id[32], uint64_t fulfillment,
               uint64_t execution)
{
    answer a = asks(w, "GetProofRequestStatus", only(id, 32), 0);

    assert_int_equal(get(a.body, a.len, 1).value, fulfillment);
    assert_int_equal(get(a.body, a.len, 2).value, execution);
    assert_int_equal(get(a.body, a.len, 3).bytes.len, 32);
    assert_int_equal(get(a.body, a.len, 6).wire,
                     fulfillment == FULFILLED ? PVN_PB_LEN : -1);
    answer_free(&a);
}

static uint64_t deadline_of(world *w, const uint8_t id[32])
{
    answer a = asks(w, "GetProofRequestStatus", only(id, 32), 0);
    uint64_t deadline = get(a.body, a.len, 4).value;

    answer_free(&a);
    return deadline;
}

static void run(world *w, pvn_op *op)
{
    provernet_error err = { 0 };

    if (pvn_node_run(w->node, &op, 1, &err))
        fail_msg("%s: %s", pvn_op_name(op->type), err.message);
}

static pvn_op *lease(world *w, provernet_id worker)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);

    op->u.task_lease.worker = worker;
    op->u.task_lease.kinds = pvn_arena_text(&op->arena, KIND);
    op->u.task_lease.want = 1;
    run(w, op);
    assert_int_equal(op->u.task_lease.leased_len, 1);
    return op;
}

static void bye(world *w, provernet_id worker, bool lost)
{
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);

    op->u.worker_bye.worker = worker;
    op->u.worker_bye.lost = lost;
    run(w, op);
    pvn_op_free(op);
}

static void fails(world *w, provernet_id worker, int64_t blame)
{
    pvn_op *leased = lease(w, worker);
    pvn_op *op = pvn_op_new(PVN_OP_TASK_FAIL);

    op->u.task_fail.task = leased->u.task_lease.leased[0].task;
    op->u.task_fail.attempt = leased->u.task_lease.leased[0].attempt;
    op->u.task_fail.worker = worker;
    op->u.task_fail.blame = blame;
    op->u.task_fail.why = pvn_arena_text(&op->arena, "it did not work");
    run(w, op);
    pvn_op_free(op);
    pvn_op_free(leased);
}

static void assigned_is_never_taken_back(void **state)
{
    world *w = *state;
    provernet_id worker;
    uint8_t first[32], second[32];
    pvn_op *leased;

    accepted_request(w, 0x81, first);
    is(w, first, REQUESTED, UNEXECUTED); /* nobody can prove it yet */
    worker = worker_hello(w, "ann", KIND);
    is(w, first, ASSIGNED, UNEXECUTED);
    bye(w, worker, false);
    is(w, first, ASSIGNED, UNEXECUTED); /* it was connected once */
    accepted_request(w, 0x81, second);
    is(w, second, ASSIGNED, UNEXECUTED);
    worker = worker_hello(w, "ann", KIND);
    leased = lease(w, worker);
    is(w, first, ASSIGNED, UNEXECUTED);
    bye(w, worker, true); /* killed in mid-proof */
    is(w, first, ASSIGNED, UNEXECUTED);
    pvn_op_free(leased);
    fulfil(w, first, "proof", 5);
    is(w, first, FULFILLED, EXECUTED);
    fulfil(w, second, "proof", 5);
    is(w, second, FULFILLED, EXECUTED);
}

static void only_execution_makes_unexecutable(void **state)
{
    world *w = *state;
    provernet_id worker = worker_hello(w, "bea", KIND);
    uint8_t id[32];

    accepted_request(w, 0x81, id);
    fails(w, worker, PROVERNET_BLAME_ATTEMPT); /* the only one it had */
    is(w, id, UNFULFILLABLE, UNEXECUTED);
    accepted_request(w, 0x81, id);
    fails(w, worker, PROVERNET_BLAME_INPUT);
    is(w, id, UNFULFILLABLE, UNEXECUTABLE);
    accepted_request(w, 0x81, id);
    pvn_buf b = begun(w);
    pvn_pb_put_bytes(&b, 2, id, 32);
    signed_expects(w, "CancelRequest", &b, 0, NULL);
    is(w, id, UNFULFILLABLE, UNEXECUTED);
}

/* As asked for, to the second, until it is fulfilled; then long enough for
 * clients that throw a late proof away. */
static void the_deadline_is_the_real_one(void **state)
{
    world *w = *state;
    uint64_t asked = (uint64_t)world_now(w) / 1000 + 777;
    char uri[256];
    pvn_buf b = { 0 };
    uint8_t id[32];
    pvn_pb_field f;
    answer a;

    upload(w, 2, "in", 2, uri);
    request_body(w, &b, 0x81, uri, 2, asked);
    a = rpc(w, "RequestProof", &b);
    assert_int_equal(a.grpc, 0);
    f = get(a.body, a.len, 2);
    memcpy(id, get(f.bytes.data, f.bytes.len, 1).bytes.data, 32);
    answer_free(&a);
    assert_int_equal(deadline_of(w, id), asked);
    worker_hello(w, "cleo", KIND);
    assert_int_equal(deadline_of(w, id), asked);
    fulfil(w, id, "proof", 5);
    assert_in_range(deadline_of(w, id),
                    (uint64_t)world_now(w) / 1000 + 100 * 3600 - 5,
                    (uint64_t)world_now(w) / 1000 + 100 * 3600 + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assigned_is_never_taken_back),
        cmocka_unit_test(only_execution_makes_unexecutable),
        cmocka_unit_test(the_deadline_is_the_real_one),
    };

    return cmocka_run_group_tests_name("peace", tests, open_world, close_world);
}
