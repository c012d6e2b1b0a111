/* tests/unit/schedule/read_test.c - looking, and why a request waits. */
#include "fixture.h"
#include "schedule/why.h"

static void a_read_sees_a_request_whole(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, false, "x"));
    w->now += 1000;
    assert_true(world_take(w, worker, KIND, &l));
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    op->u.read_request.id = id;
    op->u.read_request.details = true;
    assert_ok(world_batch(w, &op, 1));
    pvn_op_read_request *u = &op->u.read_request;
    assert_int_equal(u->request->state, PROVERNET_RUNNING);
    assert_int_equal(u->tasks_len, 1);
    assert_int_equal(u->attempts_len, 2);
    assert_int_equal(u->attempts[0]->attempt, 1);
    assert_int_equal(u->attempts[1]->attempt, 2);
    assert_string_equal(u->attempts[0]->why, "x");
    assert_string_equal(u->events->type, "request.queued");
    assert_false(op->wrote);
    pvn_op_free(op);
}

static void a_read_of_nothing_is_no_error(void **state)
{
    world *w = *state;
    pvn_op out;
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    op->u.read_request.id = world_id(w);
    assert_ok(world_run(w, op, &out));
    assert_null(out.u.read_request.request);
    op = pvn_op_new(PVN_OP_READ_TASK);
    op->u.read_task.task = world_id(w);
    assert_ok(world_run(w, op, &out));
    assert_null(out.u.read_task.row);
    assert_ok(world_run(w, pvn_op_new(PVN_OP_READ_ACCOUNT), &out));
    assert_null(out.u.read_account.account);
    op = pvn_op_new(PVN_OP_READ_ARTIFACT);
    op->u.read_artifact.id = world_id(w);
    assert_ok(world_run(w, op, &out));
    assert_null(out.u.read_artifact.artifact);
    op = pvn_op_new(PVN_OP_READ_PROGRAM);
    op->u.read_program.name = pvn_bytes_of("x", 1);
    assert_ok(world_run(w, op, &out));
    assert_null(out.u.read_program.program);
}

static void a_candidate_proof_is_not_shown(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    op->u.read_request.id = id;
    assert_ok(world_batch(w, &op, 1));
    assert_true(pvn_id_none(&op->u.read_request.request->proof));
    pvn_op_free(op);
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    op = pvn_op_new(PVN_OP_READ_REQUEST);
    op->u.read_request.id = id;
    assert_ok(world_batch(w, &op, 1));
    assert_memory_equal(&op->u.read_request.request->proof, &proof, 16);
    pvn_op_free(op);
}

static void a_list_is_filtered_ordered_and_cut(void **state)
{
    world *w = *state;
    provernet_id last = { { 0 } };
    for (int i = 0; i < 5; i++) {
        w->now++;
        last = world_submit(w, KIND, (uint8_t)(i < 3 ? 7 : 8));
    }
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUESTS);
    op->u.read_requests.filter.set = PVN_F_REQUESTER;
    world_address(op->u.read_requests.filter.requester20, 7);
    op->u.read_requests.with_tasks = true;
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.read_requests.requests_len, 3);
    assert_string_equal(op->u.read_requests.tasks[2]->name, "main");
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_READ_REQUESTS);
    op->u.read_requests.filter.newest_first = true;
    op->u.read_requests.limit = 2;
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.read_requests.requests_len, 2);
    assert_memory_equal(&op->u.read_requests.requests[0]->id, &last, 16);
    pvn_op_free(op);
}

static void a_task_is_read_with_what_judges_it(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    given(w, id, "anna", &l);
    pvn_op *op = pvn_op_new(PVN_OP_READ_TASK);
    op->u.read_task.task = l.task;
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.read_task.row->attempt, 1);
    assert_memory_equal(&op->u.read_task.request->id, &id, 16);
    assert_int_equal(op->u.read_task.inputs_len, 2);
    assert_int_equal(op->u.read_task.inputs[0]->type, PVN_TYPE_PROGRAM);
    pvn_op_free(op);
}

static void events_and_workers_are_read_in_order(void **state)
{
    world *w = *state;
    world_lease l;
    given(w, world_submit(w, KIND, 7), "anna", &l);
    world_hello(w, "bob", KIND);
    pvn_op *op = pvn_op_new(PVN_OP_READ_EVENTS);
    op->u.read_events.after_seq = 1;
    op->u.read_events.limit = 2;
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.read_events.events_len, 2);
    assert_int_equal(op->u.read_events.events->seq, 2);
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_READ_WORKERS);
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.read_workers.workers_len, 2);
    provernet_id first = op->u.read_workers.workers[0]->id;
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_READ_WORKERS);
    op->u.read_workers.after = first;
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.read_workers.workers_len, 1);
    pvn_op_free(op);
}

static const char *why(world *w, provernet_id id, bool has_worker, char *buf)
{
    const pvn_request *q = world_request(w, id);
    pvn_served served = { has_worker, 0 };
    pvn_request_waits_for(q, world_task_named(w, id, "main"), served, w->now,
                          buf, 120);
    return buf;
}

static void a_person_can_read_why_it_waits(void **state)
{
    world *w = *state;
    world_lease l;
    char buf[120];
    provernet_id id = world_submit(w, KIND, 7);
    assert_string_equal(why(w, id, false, buf),
                        "no worker of kind " KIND " has connected yet");
    provernet_id worker = world_hello(w, "anna", KIND);
    assert_string_equal(why(w, id, true, buf),
                        "all workers of kind " KIND " are busy");
    assert_string_equal(why(w, id, false, buf),
                        "no worker of kind " KIND " is connected now");
    assert_true(world_take(w, worker, KIND, &l));
    assert_string_equal(why(w, id, true, buf), "");
    assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, false,
                         "killed by signal 9"));
    assert_string_equal(why(w, id, true, buf),
                        "backing off for 1 s more after: killed by signal 9");
    w->now += 1000;
    assert_true(world_take(w, worker, KIND, &l));
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_string_equal(why(w, id, true, buf), "the proof is being verified");
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    assert_string_equal(why(w, id, true, buf), "");
    id = world_submit(w, KIND, 7);
    assert_ok(world_cancel(w, id, NULL));
    assert_string_equal(why(w, id, true, buf), "cancelled by the requester");
}

static void one_too_large_for_all_says_so(void **state)
{
    (void)state;
    pvn_worker small = { .state = PVN_WORKER_HERE,
                         .kinds = "other@1," KIND,
                         .memory_bytes = 64 << 20 };
    pvn_worker gone = { .state = PVN_WORKER_GONE,
                        .kinds = KIND,
                        .memory_bytes = 512 << 20 };
    const pvn_worker *all[] = { &small, &gone };
    pvn_served served = pvn_kind_served(all, 2, KIND);
    pvn_request q = { .state = PROVERNET_QUEUED, .kind = KIND };
    pvn_task t = { .state = PVN_TASK_READY,
                   .memory_bytes = 200 << 20,
                   .why = "it was killed" };
    char buf[200];
    assert_true(served.here);
    assert_int_equal(served.memory_bytes, 64 << 20);
    pvn_request_waits_for(&q, &t, served, 0, buf, sizeof buf);
    assert_string_equal(buf, "it needs 200 MiB of memory; the largest worker "
                             "of kind " KIND " here has 64 MiB; before: it was "
                             "killed");
    small.memory_bytes = 0; /* unknown: it may be given everything */
    served = pvn_kind_served(all, 2, KIND);
    pvn_request_waits_for(&q, &t, served, 0, buf, sizeof buf);
    assert_string_equal(buf, "all workers of kind " KIND " that have 200 MiB "
                             "of memory are busy");
    assert_false(pvn_kind_served(all, 2, "third@1").here);
}

static void a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    char buf[8];
    pvn_served nobody = { 0 };
    pvn_request q = { .state = PROVERNET_FAILED, .why = "abcd\xe2\x82\xacxyz" };
    assert_int_equal(
        pvn_request_waits_for(&q, NULL, nobody, 0, buf, sizeof buf), 7);
    assert_string_equal(buf, "abcd\xe2\x82\xac");
    assert_int_equal(pvn_request_waits_for(&q, NULL, nobody, 0, buf, 7), 4);
    assert_string_equal(buf, "abcd");
    assert_int_equal(pvn_request_waits_for(&q, NULL, nobody, 0, buf, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_sees_a_request_whole),
        TEST(a_read_of_nothing_is_no_error),
        TEST(a_candidate_proof_is_not_shown),
        TEST(a_list_is_filtered_ordered_and_cut),
        TEST(a_task_is_read_with_what_judges_it),
        TEST(events_and_workers_are_read_in_order),
        TEST(a_person_can_read_why_it_waits),
        TEST(one_too_large_for_all_says_so),
        TEST(a_long_reason_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
