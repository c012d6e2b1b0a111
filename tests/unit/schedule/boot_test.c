/* tests/unit/schedule/boot_test.c - restarts, ticks, deadlines, the clock. */
#include "fixture.h"

static pvn_op boot(world *w, const char *address)
{
    pvn_op out, *op;
    do {
        op = pvn_op_new(PVN_OP_BOOT);
        op->u.boot.address = address;
        assert_ok(world_run(w, op, &out));
    } while (out.u.boot.more);
    return out;
}

static void a_restart_is_nobodys_strike(void **state)
{
    world *w = *state;
    world_lease l;
    boot(w, "here");
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    w->now += 59000; /* its lease is nearly over when the server comes back */
    w->rules.session = world_id(w);
    pvn_op out = boot(w, "here");
    assert_int_equal(out.u.boot.tasks_leased, 1);
    assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_GONE);
    assert_int_equal(world_task(w, l.task)->lease_ms, w->now + 60000);
    assert_ok(world_renew(w, worker, &l)); /* even before it says hello */
    for (int i = 0; i < 13; i++) { /* it never comes back: still no strike */
        w->now += 5000;
        world_tick(w);
    }
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_READY);
    assert_int_equal(world_task(w, l.task)->strikes, 0);
}

static void sessions_of_others_live_on_until_they_are_silent(void **state)
{
    world *w = *state;
    boot(w, "one");
    provernet_id first = w->rules.session;
    provernet_id worker = world_hello(w, "anna", KIND);
    w->rules.session = world_id(w);
    boot(w, "two");
    assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_HERE);
    pvn_session key = { .row.table = PVN_SESSION, .id = first };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(((const pvn_session *)mem_get(&w->m, &key.row))->ended,
                         0);
        w->now += 5000;
        world_tick(w);
        if (i == 1)
            assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_HERE);
        if (i == 2)
            break;
    }
    assert_int_equal(((const pvn_session *)mem_get(&w->m, &key.row))->ended, 1);
    assert_int_equal(world_worker(w, worker)->state, PVN_WORKER_GONE);
}

static void tied_requests_end_with_their_server(void **state)
{
    world *w = *state;
    boot(w, "here");
    provernet_id ids[100];
    for (int i = 0; i < 100; i++) { /* more than one boot can do */
        pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
        ids[i] = op->u.request_submit.id = world_id(w);
        op->u.request_submit.kind = KIND;
        op->u.request_submit.tied = true;
        assert_ok(world_run(w, op, NULL));
    }
    provernet_id free_one = world_submit(w, KIND, 7);
    w->rules.session = world_id(w);
    boot(w, "here");
    for (int i = 0; i < 100; i++)
        assert_int_equal(world_request(w, ids[i])->cause,
                         PROVERNET_CAUSE_CANCELLED);
    assert_int_equal(world_request(w, free_one)->state, PROVERNET_QUEUED);
}

static void a_deadline_ends_a_request_by_itself(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id idle, busy;
    assert_ok(world_submit_to(w, &busy, KIND, 7, w->now + 1000, NULL));
    given(w, busy, "anna", &l);
    assert_ok(world_submit_to(w, &idle, KIND, 7, w->now + 1000, NULL));
    w->now += 999;
    world_tick(w);
    assert_int_equal(world_request(w, busy)->state, PROVERNET_RUNNING);
    w->now += 1;
    world_tick(w);
    assert_int_equal(world_request(w, busy)->cause, PROVERNET_CAUSE_EXPIRED);
    assert_int_equal(world_request(w, idle)->cause, PROVERNET_CAUSE_EXPIRED);
    assert_non_null(strstr(world_request(w, idle)->why, "before any worker"));
    assert_int_equal(world_account(w, 7)->open_requests, 0);
}

static void a_tick_says_when_the_next_is_due(void **state)
{
    world *w = *state;
    pvn_op out;
    world_lease l;
    provernet_id id;
    assert_ok(world_run(w, pvn_op_new(PVN_OP_TICK), &out));
    assert_true(out.u.tick.next_ms == INT64_MAX);
    boot(w, "here");
    assert_ok(world_run(w, pvn_op_new(PVN_OP_TICK), &out));
    assert_int_equal(out.u.tick.next_ms, w->now + 5000);
    assert_ok(world_submit_to(w, &id, KIND, 7, w->now + 300, NULL));
    assert_int_equal(w->hints.tick_ms, w->now + 300);
    assert_ok(world_run(w, pvn_op_new(PVN_OP_TICK), &out));
    assert_int_equal(out.u.tick.next_ms, w->now + 300);
    w->rules.lease_ttl_ms = 200;
    given(w, id, "anna", &l);
    assert_int_equal(w->hints.tick_ms, w->now + 200);
    assert_ok(world_run(w, pvn_op_new(PVN_OP_TICK), &out));
    assert_int_equal(out.u.tick.next_ms, w->now + 200);
    w->now += 200;
    assert_ok(world_run(w, pvn_op_new(PVN_OP_TICK), &out));
    assert_true(out.u.tick.more);
}

static void many_deadlines_take_several_ticks(void **state)
{
    world *w = *state;
    provernet_id id;
    pvn_op out;
    for (int i = 0; i < 300; i++)
        assert_ok(world_submit_to(w, &id, KIND, 7, w->now + 1000, NULL));
    w->now += 1000;
    assert_ok(world_run(w, pvn_op_new(PVN_OP_TICK), &out));
    assert_true(out.u.tick.more);
    assert_int_equal(world_account(w, 7)->open_requests, 300 - 256);
    world_tick(w);
    assert_int_equal(world_account(w, 7)->open_requests, 0);
}

static void a_clock_that_jumps_ends_no_lease(void **state)
{
    world *w = *state;
    world_lease l;
    boot(w, "here");
    provernet_id worker = given(w, world_submit(w, KIND, 7), "anna", &l);
    w->now += 600000; /* the laptop slept */
    world_tick(w);
    assert_int_equal(world_task(w, l.task)->state, PVN_TASK_LEASED);
    assert_int_equal(world_task(w, l.task)->lease_ms, w->now + 60000);
    assert_ok(world_renew(w, worker, &l));
}

static void a_batch_tells_what_changed(void **state)
{
    world *w = *state;
    provernet_id id = world_submit(w, KIND, 7);
    assert_int_equal(w->hints.requests_len, 1);
    assert_memory_equal(&w->hints.request[0], &id, 16);
    assert_int_equal(w->hints.request_state[0], PROVERNET_QUEUED);
    assert_int_equal(w->hints.kinds_len, 1);
    assert_string_equal(w->hints.kind_ready[0], KIND);
    assert_int_equal(w->hints.tasks_ready[0], 1);
    assert_true(w->hints.events);
    assert_true(w->hints.wrote);
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    op->u.read_request.id = id;
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(w->hints.requests_len, 0);
    assert_false(w->hints.wrote);
    assert_false(w->hints.events);
}

static void a_failed_batch_changes_nothing(void **state)
{
    world *w = *state;
    mem_fault faults[] = { MEM_LOAD, MEM_STORE, MEM_COMMIT_LOST };
    for (int i = 0; i < 3; i++) {
        pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
        op->u.request_submit.id = world_id(w);
        op->u.request_submit.kind = KIND;
        w->m.fault = faults[i];
        assert_true(world_batch(w, &op, 1) < 0);
        assert_false(op->done);
        assert_int_equal(mem_len(&w->m, PVN_REQUEST), 0);
        assert_ok(world_batch(w, &op, 1)); /* the same op again */
        assert_true(op->done);
        pvn_op_free(op);
        assert_int_equal(mem_len(&w->m, PVN_REQUEST), 1);
        world_close(w);
        world_open(w, 1);
    }
}

/* Two ops that need each other are committed together or not at all. */
static void a_pair_is_never_torn_apart(void **state)
{
    world *w = *state;
    for (int i = 0; i < 20; i++)
        world_submit(w, KIND, 7);
    provernet_id anna = world_hello(w, "anna", KIND);
    provernet_id bob = world_hello(w, "bob", KIND);
    pvn_op *ops[3] = { pvn_op_new(PVN_OP_TASK_LEASE),
                       pvn_op_new(PVN_OP_RECORD_PUT),
                       pvn_op_new(PVN_OP_TASK_LEASE) };
    ops[0]->u.task_lease.worker = anna;
    ops[2]->u.task_lease.worker = bob;
    for (int i = 0; i < 3; i += 2) {
        ops[i]->u.task_lease.kinds = KIND;
        ops[i]->u.task_lease.want = 8;
    }
    ops[1]->u.record_put.kind = "k";
    ops[1]->u.record_put.key = pvn_bytes_of("key", 3);
    ops[1]->u.record_put.value = pvn_bytes_of("v", 1);
    ops[2]->needs = ops[1];
    ops[0]->next = ops[1];
    ops[1]->next = ops[2];
    pvn_op *done, *again;
    size_t records = mem_len(&w->m, PVN_RECORD);
    pvn_arena_reset(&w->arena);
    assert_ok(pvn_batch_run(&w->m.state, &w->arena, ops[0], &w->rules, &w->env,
                            &done, &again, &w->hints, NULL, &w->err));
    /* anna took all that the shared scan showed: bob waits, and so does what
     * he needs, although it was decided before him */
    assert_ptr_equal(done, ops[0]);
    assert_null(done->next);
    assert_ptr_equal(again, ops[1]);
    assert_ptr_equal(again->next, ops[2]);
    assert_int_equal(mem_len(&w->m, PVN_RECORD), records);
    assert_int_equal(ops[0]->u.task_lease.leased_len, 8);
    pvn_arena_reset(&w->arena);
    assert_ok(pvn_batch_run(&w->m.state, &w->arena, again, &w->rules, &w->env,
                            &done, &again, &w->hints, NULL, &w->err));
    assert_null(again);
    assert_int_equal(ops[2]->u.task_lease.leased_len, 8);
    assert_int_equal(mem_len(&w->m, PVN_RECORD), records + 1);
    for (int i = 0; i < 3; i++)
        pvn_op_free(ops[i]);
}

static void an_op_that_never_gets_its_rows_is_given_up(void **state)
{
    world *w = *state;
    world_submit(w, KIND, 7);
    provernet_id worker = world_hello(w, "anna", KIND);
    for (int late = 0; late < 2; late++) {
        pvn_op *ops[2] = { pvn_op_new(PVN_OP_TASK_LEASE),
                           pvn_op_new(PVN_OP_WORKER_BYE) };
        ops[0]->u.task_lease.worker = ops[1]->u.worker_bye.worker = worker;
        ops[0]->u.task_lease.kinds = KIND;
        ops[0]->u.task_lease.want = 1;
        /* it needs the rows around the task that was just leased */
        ops[1]->u.worker_bye.lost = true;
        ops[1]->tries = late ? 0 : 32;
        assert_ok(world_batch(w, ops, 2));
        assert_int_equal(ops[0]->u.task_lease.leased_len, late ? 0 : 1);
        assert_int_equal(ops[1]->err.status,
                         late ? PROVERNET_OK : PROVERNET_ERR_INTERNAL);
        pvn_op_free(ops[0]);
        pvn_op_free(ops[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_restart_is_nobodys_strike),
        TEST(sessions_of_others_live_on_until_they_are_silent),
        TEST(tied_requests_end_with_their_server),
        TEST(a_deadline_ends_a_request_by_itself),
        TEST(a_tick_says_when_the_next_is_due),
        TEST(many_deadlines_take_several_ticks),
        TEST(a_clock_that_jumps_ends_no_lease),
        TEST(a_batch_tells_what_changed),
        TEST(a_failed_batch_changes_nothing),
        TEST(a_pair_is_never_torn_apart),
        TEST(an_op_that_never_gets_its_rows_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
