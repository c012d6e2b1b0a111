/* tests/unit/schedule/worker_test.c - hello, bye, strikes, assignable. */
#include "fixture.h"

static pvn_op *hello(world *w, const char *name, const char *kinds)
{
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_HELLO);
    op->u.worker_hello.id = world_id(w);
    op->u.worker_hello.origin = "test";
    op->u.worker_hello.name = name;
    op->u.worker_hello.kinds = kinds;
    return op;
}

static void
requests_become_assignable_when_a_worker_of_the_kind_comes(void **state)
{
    world *w = *state;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id other = world_submit(w, "plonk/bn254@1", 7);
    w->now += 5;
    world_hello(w, "anna", KIND);
    assert_int_equal(world_request(w, id)->assignable_ms, w->now);
    assert_int_equal(world_request(w, other)->assignable_ms, 0);
    provernet_id next = world_submit(w, KIND, 7);
    assert_int_equal(world_request(w, next)->assignable_ms, w->now);
}

static void
a_mock_worker_makes_every_kind_assignable_on_a_mock_server(void **state)
{
    world *w = *state;
    provernet_id id = world_submit(w, "any@1", 7);
    world_hello(w, "anna", "*");
    assert_int_equal(world_request(w, id)->assignable_ms, 0);
    w->rules.mock = true;
    world_hello(w, "anna", "*");
    assert_int_equal(world_request(w, id)->assignable_ms, w->now);
    provernet_id next = world_submit(w, "other@1", 7);
    assert_int_equal(world_request(w, next)->assignable_ms, w->now);
}

static void more_than_a_hello_can_do_a_tick_finishes(void **state)
{
    world *w = *state;
    for (int i = 0; i < 300; i++)
        world_submit(w, KIND, 7);
    world_hello(w, "anna", KIND);
    world_tick(w);
    for (size_t i = 0; i < mem_len(&w->m, PVN_REQUEST); i++)
        assert_true(((const pvn_request *)mem_at(&w->m, PVN_REQUEST, i))
                        ->assignable_ms > 0);
}

static void a_worker_keeps_its_row_by_name(void **state)
{
    world *w = *state;
    provernet_id a = world_hello(w, "anna", KIND);
    provernet_id b = world_hello(w, "anna", KIND);
    assert_memory_equal(&a, &b, 16);
    assert_int_equal(mem_len(&w->m, PVN_WORKER), 1);
    assert_int_equal(world_events(w, "worker.here"), 1);
}

static void a_hello_needs_name_and_kinds(void **state)
{
    world *w = *state;
    assert_status(world_run(w, hello(w, "", KIND), NULL), ERR_INVALID);
    assert_status(world_run(w, hello(w, "anna", ""), NULL), ERR_INVALID);
    assert_status(world_run(w, hello(w, "anna", " , "), NULL), ERR_INVALID);
    assert_int_equal(mem_len(&w->m, PVN_WORKER), 0);
}

static void wrong_proofs_set_a_worker_aside_for_a_time(void **state)
{
    world *w = *state;
    world_lease l;
    w->rules.task_attempts_max = 10;
    w->rules.worker_aside_ms = 100000;
    world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    for (int i = 0; i < 3; i++) {
        assert_true(world_take(w, worker, KIND, &l));
        assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, true,
                             "pairing is not one"));
        w->now += 60000;
    }
    assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_ASIDE);
    assert_false(world_take(w, worker, KIND, &l));
    assert_status(w->err.status, OK);
    assert_status(world_run(w, hello(w, "anna", KIND), NULL), ERR_PERMISSION);
    assert_says(w, "set aside for another 40 s");
    assert_says(w, "pairing is not one");
    w->now += 40000;
    assert_ok(world_run(w, hello(w, "anna", KIND), NULL));
    assert_int_equal(world_worker(w, worker)->strikes, 2);
    assert_true(world_take(w, worker, KIND, &l));
    assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, true, "x"));
    assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_ASIDE);
}

static void a_good_proof_wipes_the_slate(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    assert_ok(world_fail(w, worker, &l, PROVERNET_BLAME_ATTEMPT, true, "x"));
    w->now += 2000;
    assert_true(world_take(w, worker, KIND, &l));
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    assert_int_equal(world_worker(w, worker)->strikes, 0);
}

static void a_polite_leaver_gives_its_tasks_back_unpunished(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
    op->u.worker_bye.worker = worker;
    op->u.worker_bye.why = "shutting down";
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_READY);
    assert_int_equal(world_task(w, l.task)->strikes, 0);
    assert_int_equal(world_attempt(w, l.task, 1)->outcome,
                     PVN_ATTEMPT_RETURNED);
    assert_string_equal(world_worker(w, worker)->why, "shutting down");
    assert_status(world_renew(w, worker, &l), ERR_LEASE);
}

static void a_leaver_may_have_taken_tasks_in_the_same_batch(void **state)
{
    world *w = *state;
    world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    pvn_op *ops[2] = { pvn_op_new(PVN_OP_TASK_LEASE),
                       pvn_op_new(PVN_OP_WORKER_BYE) };
    ops[0]->u.task_lease.worker = worker;
    ops[0]->u.task_lease.kinds = KIND;
    ops[0]->u.task_lease.want = 1;
    ops[1]->u.worker_bye.worker = worker;
    assert_ok(world_batch(w, ops, 2));
    provernet_id task = ops[0]->u.task_lease.leased[0].task;
    assert_int_equal(world_task(w, task)->state, PVN_TASK_READY);
    pvn_op_free(ops[0]);
    pvn_op_free(ops[1]);
}

static void silence_at_one_server_is_no_silence_at_another(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker = given(w, world_submit(w, KIND, 7), "anna", &l);
    w->rules.session = world_id(w);
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
    op->u.worker_bye.worker = worker;
    op->u.worker_bye.lost = true;
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_HERE);
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_LEASED);
}

static void an_unknown_worker_cannot_leave(void **state)
{
    world *w = *state;
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
    op->u.worker_bye.worker = world_id(w);
    assert_status(world_run(w, op, NULL), ERR_NOT_FOUND);
}

static void a_fresh_process_returns_what_its_name_held(void **state)
{
    world *w = *state;
    world_lease l;
    given(w, world_submit(w, KIND, 7), "anna", &l);
    pvn_op *op = hello(w, "anna", KIND);
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_LEASED);
    op = hello(w, "anna", KIND);
    op->u.worker_hello.fresh = true;
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_READY);
    assert_int_equal(world_task(w, l.task)->strikes, 0);
}

static void a_new_session_keeps_what_is_still_in_hand(void **state)
{
    world *w = *state;
    world_lease kept, lost;
    given(w, world_submit(w, KIND, 7), "anna", &kept);
    given(w, world_submit(w, KIND, 8), "anna", &lost);
    pvn_op *op = hello(w, "anna", KIND);
    op->u.worker_hello.fresh = true;
    op->u.worker_hello.held = &kept.task;
    op->u.worker_hello.held_len = 1;
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(world_task(w, kept.task)->state, PVN_TASK_LEASED);
    assert_int_equal(world_task(w, lost.task)->state, PVN_TASK_READY);
    assert_int_equal(world_task(w, lost.task)->strikes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_become_assignable_when_a_worker_of_the_kind_comes),
        TEST(a_mock_worker_makes_every_kind_assignable_on_a_mock_server),
        TEST(more_than_a_hello_can_do_a_tick_finishes),
        TEST(a_worker_keeps_its_row_by_name),
        TEST(a_hello_needs_name_and_kinds),
        TEST(wrong_proofs_set_a_worker_aside_for_a_time),
        TEST(a_good_proof_wipes_the_slate),
        TEST(a_polite_leaver_gives_its_tasks_back_unpunished),
        TEST(a_leaver_may_have_taken_tasks_in_the_same_batch),
        TEST(silence_at_one_server_is_no_silence_at_another),
        TEST(an_unknown_worker_cannot_leave),
        TEST(a_fresh_process_returns_what_its_name_held),
        TEST(a_new_session_keeps_what_is_still_in_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
