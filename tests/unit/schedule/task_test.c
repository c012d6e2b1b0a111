/* tests/unit/schedule/task_test.c - lease, renew, complete, fail, graphs. */
#include "fixture.h"

static void a_lease_goes_to_the_kinds_named_by_due_time(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id late, soon;
    assert_ok(world_submit_to(w, &late, KIND, 7, w->now + 900000, NULL));
    assert_ok(world_submit_to(w, &soon, KIND, 7, w->now + 100000, NULL));
    world_submit(w, "plonk/bn254@1", 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    assert_true(world_take(w, worker, KIND, &l));
    assert_memory_equal(&l.request, &soon, 16);
    assert_int_equal(l.attempt, 1);
    assert_int_equal(l.inputs_len, 2);
    assert_true(world_take(w, worker, KIND, &l));
    assert_memory_equal(&l.request, &late, 16);
    assert_false(world_take(w, worker, KIND, &l));
    assert_int_equal(world_request(w, late)->state, PROVERNET_RUNNING);
    assert_int_equal(world_request(w, late)->fulfiller[0], 'a');
}

static void a_star_takes_all_kinds_of_a_mock_server_only(void **state)
{
    world *w = *state;
    world_lease l;
    world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", "*");
    assert_false(world_take(w, worker, "*", &l));
    w->rules.mock = true;
    assert_true(world_take(w, worker, "*", &l));
}

static pvn_op *lease_op(provernet_id worker, int64_t memory, uint32_t want)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);
    op->u.task_lease.worker = worker;
    op->u.task_lease.kinds = KIND;
    op->u.task_lease.memory_bytes = memory;
    op->u.task_lease.want = want;
    return op;
}

static void what_does_not_fit_is_not_leased(void **state)
{
    world *w = *state;
    pvn_op out, *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    op->u.request_submit.id = world_id(w);
    op->u.request_submit.kind = KIND;
    op->u.request_submit.memory_bytes = 1000;
    assert_ok(world_run(w, op, NULL));
    provernet_id worker = world_hello(w, "anna", KIND);
    assert_ok(world_run(w, lease_op(worker, 999, 1), &out));
    assert_int_equal(out.u.task_lease.leased_len, 0);
    assert_ok(world_run(w, lease_op(worker, 1000, 1), &out));
    assert_int_equal(out.u.task_lease.leased_len, 1);
}

/* 1000 for each byte of the program, 1 for each of the inputs. */
static uint64_t by_size(const char *kind, uint64_t program_bytes,
                        uint64_t inputs_bytes)
{
    return strcmp(kind, KIND) == 0 ? 1000 * program_bytes + inputs_bytes : 0;
}

static void what_it_needs_is_judged_by_the_sizes(void **state)
{
    world *w = *state;
    pvn_op out;
    provernet_id id;
    w->rules.memory = by_size;
    assert_ok(world_submit_to(w, &id, KIND, 7, 0, NULL));
    int64_t need = (int64_t)by_size(KIND, strlen("program"), strlen("input"));
    provernet_id worker = world_hello(w, "anna", KIND);
    assert_ok(world_run(w, lease_op(worker, need - 1, 1), &out));
    assert_int_equal(out.u.task_lease.leased_len, 0);
    assert_ok(world_run(w, lease_op(worker, need, 1), &out));
    assert_int_equal(out.u.task_lease.leased_len, 1);
}

static void many_workers_of_one_batch_get_different_tasks(void **state)
{
    world *w = *state;
    enum { N = 40 };
    pvn_op *ops[N];
    for (int i = 0; i < N; i++)
        world_submit(w, KIND, 7);
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        ops[i] = lease_op(world_hello(w, name, KIND), 0, 1);
    }
    assert_ok(world_batch(w, ops, N));
    for (int i = 0; i < N; i++) {
        assert_int_equal(ops[i]->u.task_lease.leased_len, 1);
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(&ops[i]->u.task_lease.leased[0].task,
                                    &ops[k]->u.task_lease.leased[0].task, 16);
    }
    for (int i = 0; i < N; i++)
        pvn_op_free(ops[i]);
}

static void one_lease_may_take_several_tasks(void **state)
{
    world *w = *state;
    for (int i = 0; i < 12; i++)
        world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    pvn_op *op = lease_op(worker, 0, 10);
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.task_lease.leased_len, 10);
    assert_non_null(op->u.task_lease.leased[9].inputs);
    pvn_op_free(op);
}

static void a_lease_needs_a_known_worker(void **state)
{
    world *w = *state;
    assert_status(world_run(w, lease_op(world_id(w), 0, 1), NULL),
                  ERR_NOT_FOUND);
    provernet_id worker = world_hello(w, "anna", KIND);
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
    op->u.worker_bye.worker = worker;
    assert_ok(world_run(w, op, NULL));
    assert_status(world_run(w, lease_op(worker, 0, 1), NULL), ERR_STATE);
}

static void a_draining_server_leases_nothing(void **state)
{
    world *w = *state;
    world_lease l;
    world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    w->rules.draining = true;
    assert_false(world_take(w, worker, KIND, &l));
    assert_status(w->err.status, OK);
}

static void a_request_past_its_deadline_is_not_leased(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id;
    assert_ok(world_submit_to(w, &id, KIND, 7, w->now + 10, NULL));
    provernet_id worker = world_hello(w, "anna", KIND);
    w->now += 10;
    assert_false(world_take(w, worker, KIND, &l));
}

static void a_lease_is_rewritten_only_past_half(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker = given(w, world_submit(w, KIND, 7), "anna", &l);
    int64_t until = world_task(w, l.task)->lease_ms;
    w->now += 29000;
    assert_ok(world_renew(w, worker, &l));
    assert_int_equal(world_task(w, l.task)->lease_ms, until);
    w->now += 2000;
    assert_ok(world_renew(w, worker, &l));
    assert_int_equal(world_task(w, l.task)->lease_ms, w->now + 60000);
}

static void silence_gives_a_task_back_and_a_late_worker_may_go_on(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    w->now += 20000; /* too short for a clock jump to be suspected */
    world_tick(w);
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_LEASED);
    w->now += 40000;
    world_tick(w);
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_READY);
    assert_int_equal(world_task(w, l.task)->strikes, 1);
    assert_int_equal(world_request(w, id)->state, PROVERNET_QUEUED);
    assert_ok(world_renew(w, worker, &l));
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_LEASED);
    assert_int_equal(world_task(w, l.task)->strikes, 0);
    assert_int_equal(world_attempt(w, l.task, 1)->outcome, PVN_ATTEMPT_OPEN);
    assert_int_equal(world_request(w, id)->state, PROVERNET_RUNNING);
}

static void a_late_answer_counts_until_another_took_the_task(void **state)
{
    world *w = *state;
    world_lease l, other;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    w->now += 60000;
    world_tick(w);
    provernet_id bob = world_hello(w, "bob", KIND);
    assert_true(world_take(w, bob, KIND, &other));
    assert_int_equal(other.attempt, 2);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_status(world_renew(w, worker, &l), ERR_LEASE);
    assert_status(world_complete(w, worker, &l, proof, NULL), ERR_LEASE);
    assert_says(w, "given to another worker");
    assert_status(world_fail(w, worker, &l, 2, false, "x"), ERR_LEASE);
    assert_ok(world_complete(w, bob, &other, proof, NULL));
    assert_status(world_complete(w, worker, &l, proof, NULL), ERR_LEASE);
    assert_ok(world_verdict(w, id, proof, true, "verified"));
}

static void a_late_completion_is_taken_when_nobody_else_has_it(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    w->now += 60000;
    world_tick(w);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_int_equal(world_request(w, id)->state, PROVERNET_VERIFYING);
    assert_ok(world_verdict(w, id, proof, true, "verified"));
}

static void a_completion_needs_its_outputs_stored(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker = given(w, world_submit(w, KIND, 7), "anna", &l);
    assert_status(world_complete(w, worker, &l, world_id(w), NULL), ERR_STATE);
    provernet_id none = { { 0 } };
    assert_status(world_complete(w, worker, &l, none, NULL), ERR_INVALID);
    l.task = world_id(w);
    assert_status(world_complete(w, worker, &l, none, NULL), ERR_NOT_FOUND);
}

static void a_completion_may_be_sent_twice(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_int_equal(world_worker(w, worker)->jobs_done, 1);
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_int_equal(mem_len(&w->m, PVN_SPEED), 1);
}

static void the_input_is_at_fault_and_that_is_final(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_INPUT, false,
                         "witness of another circuit"));
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->cause, PROVERNET_CAUSE_INPUT);
    assert_int_equal(q->exec, PVN_EXEC_IMPOSSIBLE);
    assert_string_equal(q->why, "witness of another circuit");
    assert_int_equal(world_worker(w, worker)->strikes, 0);
    assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_INPUT, false, "x"));
}

static void attempts_back_off_and_run_out(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    int64_t wait[] = { 1000, 2000 };
    for (int i = 0; i < 2; i++) {
        assert_true(world_take(w, worker, KIND, &l));
        assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, false,
                             "crashed"));
        assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, false,
                             "crashed")); /* told twice, counted once */
        assert_int_equal(world_task(w, l.task)->not_before_ms,
                         w->now + wait[i]);
        assert_false(world_take(w, worker, KIND, &l));
        w->now += wait[i];
    }
    assert_true(world_take(w, worker, KIND, &l));
    assert_ok(
        world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, false, "crashed"));
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->cause, PROVERNET_CAUSE_ATTEMPTS);
    assert_non_null(strstr(q->why, "crashed"));
    assert_int_equal(world_worker(w, worker)->strikes, 0);
}

static void surroundings_cost_time_only(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    for (int i = 0; i < 12; i++) {
        assert_true(world_take(w, worker, KIND, &l));
        assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_SURROUNDINGS, false,
                             "no disk"));
        w->now += 60000;
    }
    assert_int_equal(world_request(w, id)->state, PROVERNET_QUEUED);
    assert_int_equal(world_task(w, l.task)->strikes, 0);
}

static void blame_must_be_one_of_three(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker = given(w, world_submit(w, KIND, 7), "anna", &l);
    assert_status(world_fail(w, worker, &l, 0, false, "x"), ERR_INVALID);
    assert_status(world_fail(w, worker, &l, 4, false, "x"), ERR_INVALID);
    l.task = world_id(w);
    assert_status(world_fail(w, worker, &l, 1, false, "x"), ERR_NOT_FOUND);
}

static void a_lost_worker_costs_a_retry_and_no_request(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    for (int i = 0; i < 11; i++) {
        pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
        op->u.worker_bye.worker = worker;
        op->u.worker_bye.lost = true;
        assert_ok(world_run(w, op, NULL));
        assert_int_equal(world_request(w, id)->state, PROVERNET_QUEUED);
        worker = world_hello(w, "anna", KIND);
        assert_true(world_take(w, worker, KIND, &l));
    }
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
    op->u.worker_bye.worker = worker;
    op->u.worker_bye.lost = true;
    assert_ok(world_run(w, op, NULL)); /* it kills every worker: give up */
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_ATTEMPTS);
    assert_non_null(strstr(world_request(w, id)->why, "fell silent"));
}

/* ---- graphs ---- */

static pvn_op *complete_with(world *w, provernet_id worker,
                             const world_lease *l, const pvn_op_child *c,
                             size_t n)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_COMPLETE);
    (void)w;
    op->u.task_complete.task = l->task;
    op->u.task_complete.worker = worker;
    op->u.task_complete.attempt = l->attempt;
    op->u.task_complete.children = c;
    op->u.task_complete.children_len = n;
    return op;
}

static const char *const shards[] = { "left", "right" };
static const char *const later[] = { "join" };
static const pvn_op_child graph[] = {
    { .name = "left", .kind = KIND },
    { .name = "right", .kind = KIND },
    { .name = "join", .kind = KIND, .after = shards, .after_len = 2 },
};

static void children_run_before_their_continuation(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    assert_ok(world_run(w, complete_with(w, worker, &l, graph, 3), NULL));
    assert_int_equal(world_request(w, id)->tasks_open, 3);
    assert_int_equal(world_task_named(w, id, "join")->state, PVN_TASK_BLOCKED);
    for (int i = 0; i < 2; i++) {
        assert_true(world_take(w, worker, KIND, &l));
        provernet_id none = { { 0 } };
        assert_ok(world_complete(w, worker, &l, none, NULL));
    }
    assert_int_equal(world_task_named(w, id, "join")->state, PVN_TASK_READY);
    assert_true(world_take(w, worker, KIND, &l));
    assert_int_equal(world_request(w, id)->state, PROVERNET_RUNNING);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_int_equal(world_request(w, id)->state, PROVERNET_VERIFYING);
    /* wrong: only the join runs again */
    assert_ok(world_verdict(w, id, proof, false, NULL));
    assert_int_equal(world_request(w, id)->tasks_open, 1);
    w->now += 1000;
    assert_true(world_take(w, worker, KIND, &l));
    assert_memory_equal(&l.task, &world_task_named(w, id, "join")->id, 16);
    proof = world_artifact(w, PVN_TYPE_PROOF, "q");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_ok(world_verdict(w, id, proof, true, "verified"));
}

static void wrong_children_are_refused_whole(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l), unknown = world_id(w);
    pvn_op_child c = {
        .name = "a", .kind = KIND, .after = later, .after_len = 1
    };
    assert_status(world_run(w, complete_with(w, worker, &l, &c, 1), NULL),
                  ERR_INVALID);
    assert_says(w, "waits for join");
    c = (pvn_op_child){ .name = "", .kind = KIND };
    assert_status(world_run(w, complete_with(w, worker, &l, &c, 1), NULL),
                  ERR_INVALID);
    c = (pvn_op_child){ .name = "a" };
    assert_status(world_run(w, complete_with(w, worker, &l, &c, 1), NULL),
                  ERR_INVALID);
    c = (pvn_op_child){
        .name = "a", .kind = KIND, .inputs = &unknown, .inputs_len = 1
    };
    assert_status(world_run(w, complete_with(w, worker, &l, &c, 1), NULL),
                  ERR_STATE);
    w->rules.task_children_max = 2;
    assert_status(world_run(w, complete_with(w, worker, &l, graph, 3), NULL),
                  ERR_LIMIT);
    assert_says(w, "task.children_max");
    w->rules.task_children_max = 16;
    w->rules.request_tasks_max = 3;
    assert_status(world_run(w, complete_with(w, worker, &l, graph, 3), NULL),
                  ERR_LIMIT);
    assert_says(w, "request.tasks_max");
    assert_int_equal(world_request(w, id)->tasks_len, 1);
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_LEASED);
}

/* ---- judges ---- */

static void another_worker_judges_a_foreign_proof(void **state)
{
    world *w = *state;
    world_lease l, judge;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p"), none;
    memset(&none, 0, sizeof none);
    assert_ok(world_complete(w, worker, &l, proof, "verify/x"));
    assert_status(world_verdict(w, id, proof, true, "verified"), ERR_STATE);
    assert_says(w, "verify task is not done");
    assert_false(world_take(w, worker, "verify/x", &judge));
    provernet_id bob = world_hello(w, "bob", "verify/x");
    assert_true(world_take(w, bob, "verify/x", &judge));
    assert_int_equal(judge.inputs_len, 3); /* program, input, proof */
    assert_ok(world_complete(w, bob, &judge, none, NULL));
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    assert_int_equal(world_request(w, id)->state, PROVERNET_FULFILLED);
}

static void a_judge_that_says_no_sends_the_proof_back(void **state)
{
    world *w = *state;
    world_lease l, judge;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, "verify/x"));
    provernet_id bob = world_hello(w, "bob", "verify/x");
    assert_true(world_take(w, bob, "verify/x", &judge));
    assert_ok(world_fail(w, bob, &judge, PROVERNET_BLAME_INPUT, false, "no"));
    assert_int_equal(world_worker(w, worker)->strikes, 1);
    assert_int_equal(world_worker(w, bob)->strikes, 0);
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_READY);
    assert_int_equal(world_request(w, id)->state, PROVERNET_RUNNING);
}

static void a_judge_that_dies_is_replaced(void **state)
{
    world *w = *state;
    world_lease l, judge;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, "verify/x"));
    provernet_id bob = world_hello(w, "bob", "verify/x");
    assert_true(world_take(w, bob, "verify/x", &judge));
    w->now += 60000;
    world_tick(w);
    assert_int_equal(world_request(w, id)->state, PROVERNET_VERIFYING);
    provernet_id carl = world_hello(w, "carl", "verify/x");
    assert_true(world_take(w, carl, "verify/x", &judge));
    assert_int_equal(judge.attempt, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lease_goes_to_the_kinds_named_by_due_time),
        TEST(a_star_takes_all_kinds_of_a_mock_server_only),
        TEST(what_does_not_fit_is_not_leased),
        TEST(what_it_needs_is_judged_by_the_sizes),
        TEST(many_workers_of_one_batch_get_different_tasks),
        TEST(one_lease_may_take_several_tasks),
        TEST(a_lease_needs_a_known_worker),
        TEST(a_draining_server_leases_nothing),
        TEST(a_request_past_its_deadline_is_not_leased),
        TEST(a_lease_is_rewritten_only_past_half),
        TEST(silence_gives_a_task_back_and_a_late_worker_may_go_on),
        TEST(a_late_answer_counts_until_another_took_the_task),
        TEST(a_late_completion_is_taken_when_nobody_else_has_it),
        TEST(a_completion_needs_its_outputs_stored),
        TEST(a_completion_may_be_sent_twice),
        TEST(the_input_is_at_fault_and_that_is_final),
        TEST(attempts_back_off_and_run_out),
        TEST(surroundings_cost_time_only),
        TEST(blame_must_be_one_of_three),
        TEST(a_lost_worker_costs_a_retry_and_no_request),
        TEST(children_run_before_their_continuation),
        TEST(wrong_children_are_refused_whole),
        TEST(another_worker_judges_a_foreign_proof),
        TEST(a_judge_that_says_no_sends_the_proof_back),
        TEST(a_judge_that_dies_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
