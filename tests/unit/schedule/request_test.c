/* tests/unit/schedule/request_test.c - submit, cancel, refuse, verdict. */
#include "fixture.h"

static void a_request_is_queued_with_its_task_and_pins(void **state)
{
    world *w = *state;
    provernet_id id = world_submit(w, KIND, 7);
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->state, PROVERNET_QUEUED);
    assert_int_equal(q->deadline_ms, w->now + w->rules.request_deadline_ms);
    assert_int_equal(q->assignable_ms, 0);
    const pvn_task *t = world_task_named(w, id, "main");
    assert_int_equal(t->state, PVN_TASK_READY);
    assert_int_equal(t->due_ms, w->now + w->rules.order_cap_ms);
    assert_int_equal(mem_len(&w->m, PVN_TASK_FILE), 2);
    assert_int_equal(world_account(w, 7)->open_requests, 1);
    assert_int_equal(world_events(w, "request.queued"), 1);
}

static pvn_op *bare_submit(world *w)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    op->u.request_submit.id = world_id(w);
    op->u.request_submit.kind = KIND;
    world_address(op->u.request_submit.requester20, 7);
    return op;
}

static void an_input_that_was_never_uploaded_is_refused(void **state)
{
    world *w = *state;
    provernet_id id = world_id(w);
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_ISSUE);
    op->u.artifact_issue.id = id;
    op->u.artifact_issue.type = PVN_TYPE_STDIN;
    assert_ok(world_run(w, op, NULL));
    op = bare_submit(w);
    op->u.request_submit.inputs = &id;
    op->u.request_submit.inputs_len = 1;
    assert_status(world_run(w, op, NULL), ERR_STATE);
    assert_says(w, "was never uploaded");
    assert_int_equal(mem_len(&w->m, PVN_REQUEST), 0);
    assert_null(world_account(w, 7));
}

static void an_unknown_input_is_not_found(void **state)
{
    world *w = *state;
    provernet_id id = world_id(w);
    pvn_op *op = bare_submit(w);
    op->u.request_submit.inputs = &id;
    op->u.request_submit.inputs_len = 1;
    assert_status(world_run(w, op, NULL), ERR_NOT_FOUND);
    assert_says(w, "there is no artifact");
}

static void an_input_of_another_type_is_refused(void **state)
{
    world *w = *state;
    provernet_id id = world_artifact(w, PVN_TYPE_PROOF, "x");
    int64_t want = PVN_TYPE_STDIN;
    pvn_op *op = bare_submit(w);
    op->u.request_submit.inputs = &id;
    op->u.request_submit.input_types = &want;
    op->u.request_submit.inputs_len = 1;
    assert_status(world_run(w, op, NULL), ERR_STATE);
    assert_says(w, "is a proof, expected a stdin");
}

static void a_private_input_counts_as_an_input(void **state)
{
    world *w = *state;
    provernet_id id = world_artifact(w, PVN_TYPE_PRIVATE_STDIN, "x");
    int64_t want = PVN_TYPE_STDIN;
    pvn_op *op = bare_submit(w);
    op->u.request_submit.inputs = &id;
    op->u.request_submit.input_types = &want;
    op->u.request_submit.inputs_len = 1;
    assert_ok(world_run(w, op, NULL));
}

static void a_program_that_is_not_registered_is_refused(void **state)
{
    world *w = *state;
    pvn_op *op = bare_submit(w);
    op->u.request_submit.program_name = pvn_bytes_of("vk", 2);
    assert_status(world_run(w, op, NULL), ERR_STATE);
    assert_says(w, "program not registered");
}

static void a_registered_program_gives_kind_and_artifact(void **state)
{
    world *w = *state;
    provernet_id art = world_artifact(w, PVN_TYPE_PROGRAM, "elf");
    pvn_op *op = pvn_op_new(PVN_OP_PROGRAM_REGISTER);
    op->u.program_register.name = pvn_bytes_of("vk", 2);
    op->u.program_register.kind = "sp1/compressed@6";
    op->u.program_register.artifact = art;
    assert_ok(world_run(w, op, NULL));
    assert_int_equal(world_artifact_row(w, art)->pins, 1);
    op = bare_submit(w);
    provernet_id id = op->u.request_submit.id;
    op->u.request_submit.kind = NULL;
    op->u.request_submit.program_name = pvn_bytes_of("vk", 2);
    assert_ok(world_run(w, op, NULL));
    assert_string_equal(world_request(w, id)->kind, "sp1/compressed@6");
    assert_memory_equal(&world_request(w, id)->program, &art, 16);
    assert_int_equal(world_artifact_row(w, art)->pins, 2);
    assert_ok(world_cancel(w, id, NULL));
    assert_int_equal(world_artifact_row(w, art)->pins, 1);
}

static void a_deadline_in_the_past_is_refused(void **state)
{
    world *w = *state;
    provernet_id id;
    assert_status(world_submit_to(w, &id, KIND, 7, w->now, NULL), ERR_INVALID);
    assert_says(w, "deadline");
    assert_ok(world_submit_to(w, &id, KIND, 7, w->now + 1, NULL));
}

static void a_request_without_a_kind_is_refused(void **state)
{
    world *w = *state;
    provernet_id id;
    assert_status(world_submit_to(w, &id, NULL, 7, 0, NULL), ERR_INVALID);
    assert_status(world_submit_to(w, &id, "", 7, 0, NULL), ERR_INVALID);
}

static void only_listed_accounts_may_request(void **state)
{
    world *w = *state;
    provernet_id id;
    w->rules.allow = "0x0808080808080808080808080808080808080808, "
                     "0x0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A";
    assert_status(world_submit_to(w, &id, KIND, 7, 0, NULL), ERR_PERMISSION);
    assert_says(w, "account.allow");
    assert_ok(world_submit_to(w, &id, KIND, 8, 0, NULL));
    assert_ok(world_submit_to(w, &id, KIND, 10, 0, NULL));
}

static void open_requests_of_an_account_are_limited_by_name(void **state)
{
    world *w = *state;
    provernet_id id;
    w->rules.request_open_max = 1;
    provernet_id first = world_submit(w, KIND, 7);
    assert_status(world_submit_to(w, &id, KIND, 7, 0, NULL), ERR_LIMIT);
    assert_says(w, "request.open_max");
    assert_says(w, "1 are allowed");
    assert_ok(world_submit_to(w, &id, KIND, 8, 0, NULL));
    assert_ok(world_cancel(w, first, NULL));
    assert_ok(world_submit_to(w, &id, KIND, 7, 0, NULL));
}

static void a_draining_server_takes_no_request(void **state)
{
    world *w = *state;
    provernet_id id;
    w->rules.draining = true;
    assert_status(world_submit_to(w, &id, KIND, 7, 0, NULL), ERR_UNAVAILABLE);
}

static void the_same_wish_again_gives_the_first_id(void **state)
{
    world *w = *state;
    provernet_id a, b, c;
    assert_ok(world_submit_to(w, &a, KIND, 7, 0, "wish"));
    assert_ok(world_submit_to(w, &b, KIND, 7, 0, "wish"));
    assert_memory_equal(&a, &b, 16);
    assert_int_equal(mem_len(&w->m, PVN_REQUEST), 1);
    assert_ok(world_cancel(w, a, NULL));
    assert_ok(world_submit_to(w, &c, KIND, 7, 0, "wish"));
    assert_memory_not_equal(&a, &c, 16);
}

static void two_same_wishes_in_one_batch_are_one_request(void **state)
{
    world *w = *state;
    pvn_op *ops[2] = { bare_submit(w), bare_submit(w) };
    for (int i = 0; i < 2; i++)
        ops[i]->u.request_submit.dedup = pvn_bytes_of("wish", 4);
    assert_ok(world_batch(w, ops, 2));
    assert_false(ops[0]->u.request_submit.again);
    assert_true(ops[1]->u.request_submit.again);
    assert_memory_equal(&ops[0]->u.request_submit.id_out,
                        &ops[1]->u.request_submit.id_out, 16);
    pvn_op_free(ops[0]);
    pvn_op_free(ops[1]);
}

static void a_name_is_one_request_of_one_account(void **state)
{
    world *w = *state;
    pvn_op out, *op = bare_submit(w);
    provernet_id id = op->u.request_submit.id;
    op->u.request_submit.name = pvn_bytes_of("name", 4);
    assert_ok(world_run(w, op, NULL));
    op = bare_submit(w);
    op->u.request_submit.name = pvn_bytes_of("name", 4);
    assert_ok(world_run(w, op, &out));
    assert_memory_equal(&out.u.request_submit.id_out, &id, 16);
    op = bare_submit(w);
    op->u.request_submit.name = pvn_bytes_of("name", 4);
    world_address(op->u.request_submit.requester20, 8);
    assert_status(world_run(w, op, NULL), ERR_EXISTS);
}

static pvn_op *signed_submit(world *w, uint64_t nonce)
{
    pvn_op *op = bare_submit(w);
    op->signer.check_nonce = true;
    op->signer.nonce = nonce;
    world_address(op->signer.address20, 7);
    return op;
}

static void a_nonce_counts_up_and_a_refusal_leaves_it(void **state)
{
    world *w = *state;
    assert_status(world_run(w, signed_submit(w, 1), NULL), ERR_NONCE);
    assert_string_equal(
        w->err.message,
        "failed nonce verification: invalid nonce for sender "
        "0x0707070707070707070707070707070707070707 expected 0, got 1");
    assert_null(world_account(w, 7));
    assert_ok(world_run(w, signed_submit(w, 0), NULL));
    assert_int_equal(world_account(w, 7)->nonce, 1);
    pvn_op *bad = signed_submit(w, 1);
    bad->u.request_submit.kind = NULL;
    assert_status(world_run(w, bad, NULL), ERR_INVALID);
    assert_int_equal(world_account(w, 7)->nonce, 1);
    assert_status(world_run(w, signed_submit(w, 0), NULL), ERR_NONCE);
}

static void a_duplicate_consumes_its_fresh_nonce(void **state)
{
    world *w = *state;
    for (uint64_t i = 0; i < 2; i++) {
        pvn_op *op = signed_submit(w, i);
        op->u.request_submit.dedup = pvn_bytes_of("d", 1);
        assert_ok(world_run(w, op, NULL));
    }
    assert_int_equal(world_account(w, 7)->nonce, 2);
    assert_int_equal(mem_len(&w->m, PVN_REQUEST), 1);
}

static void nonces_race_within_a_batch(void **state)
{
    world *w = *state;
    pvn_op *ops[3] = { signed_submit(w, 0), signed_submit(w, 0),
                       signed_submit(w, 1) };
    assert_ok(world_batch(w, ops, 3));
    assert_status(ops[0]->err.status, OK);
    assert_status(ops[1]->err.status, ERR_NONCE);
    assert_status(ops[2]->err.status, OK);
    for (int i = 0; i < 3; i++)
        pvn_op_free(ops[i]);
}

static void cancel_ends_everything_of_the_request(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    uint8_t stranger[20], owner[20];
    world_address(stranger, 9);
    world_address(owner, 7);
    assert_status(world_cancel(w, id, stranger), ERR_PERMISSION);
    assert_ok(world_cancel(w, id, owner));
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->state, PROVERNET_FAILED);
    assert_int_equal(q->cause, PROVERNET_CAUSE_CANCELLED);
    assert_int_equal(world_account(w, 7)->open_requests, 0);
    assert_int_equal(world_attempt(w, l.task, 1)->outcome,
                     PVN_ATTEMPT_RETURNED);
    assert_status(world_renew(w, worker, &l), ERR_LEASE);
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
    assert_status(world_complete(w, worker, &l, proof, NULL), ERR_LEASE);
    assert_says(w, "cancelled by the requester");
    assert_status(world_cancel(w, id, owner), ERR_STATE);
    assert_status(world_cancel(w, world_id(w), NULL), ERR_NOT_FOUND);
}

static void a_delegate_may_cancel(void **state)
{
    world *w = *state;
    uint8_t delegate[20];
    world_address(delegate, 9);
    pvn_op *op = pvn_op_new(PVN_OP_ACCOUNT_APPLY);
    world_address(op->u.account_apply.address20, 7);
    op->u.account_apply.delegate20 = delegate;
    assert_ok(world_run(w, op, NULL));
    assert_ok(world_cancel(w, world_submit(w, KIND, 7), delegate));
}

static pvn_op *refuse(provernet_id id, uint8_t who, int64_t blame)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_REFUSE);
    op->u.request_refuse.id = id;
    world_address(op->u.request_refuse.fulfiller20, who);
    op->u.request_refuse.blame = blame;
    return op;
}

static void only_the_fulfiller_gives_a_request_up(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    assert_status(world_run(w, refuse(id, 0, 0), NULL), ERR_PERMISSION);
    given(w, id, "a", &l);
    assert_status(world_run(w, refuse(id, 'b', 0), NULL), ERR_PERMISSION);
    assert_ok(world_run(w, refuse(id, 'a', 0), NULL));
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_REFUSED);
    assert_status(world_run(w, refuse(id, 'a', 0), NULL), ERR_STATE);
    assert_status(world_run(w, refuse(world_id(w), 'a', 0), NULL),
                  ERR_NOT_FOUND);
}

static void an_input_that_cannot_run_is_said_so(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    given(w, id, "a", &l);
    assert_ok(world_run(w, refuse(id, 'a', PROVERNET_BLAME_INPUT), NULL));
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_INPUT);
    assert_int_equal(world_request(w, id)->exec, PVN_EXEC_IMPOSSIBLE);
}

static provernet_id verifying(world *w, provernet_id *worker, world_lease *l,
                              provernet_id *proof)
{
    provernet_id id = world_submit(w, KIND, 7);
    *worker = given(w, id, "anna", l);
    *proof = world_artifact(w, PVN_TYPE_PROOF, "proof");
    assert_ok(world_complete(w, *worker, l, *proof, NULL));
    assert_int_equal(world_request(w, id)->state, PROVERNET_VERIFYING);
    return id;
}

static void a_verdict_fulfils_the_proof_that_was_completed(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker, proof, id = verifying(w, &worker, &l, &proof);
    assert_status(world_verdict(w, id, world_id(w), true, "verified"),
                  ERR_STATE);
    assert_status(world_verdict(w, id, proof, true, "mock"), ERR_PERMISSION);
    assert_status(world_verdict(w, id, proof, true, "trusted"), ERR_PERMISSION);
    assert_status(world_verdict(w, id, proof, true, "hope"), ERR_INVALID);
    assert_status(world_verdict(w, id, proof, true, NULL), ERR_INVALID);
    assert_int_equal(world_request(w, id)->state, PROVERNET_VERIFYING);
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->state, PROVERNET_FULFILLED);
    assert_int_equal(q->exec, PVN_EXEC_DONE);
    assert_int_equal(q->fulfilled_ms, w->now);
    assert_memory_equal(&q->proof, &proof, 16);
    assert_int_equal(world_artifact_row(w, proof)->pins, 0);
    assert_int_equal(world_artifact_row(w, proof)->expires_ms,
                     w->now + w->rules.request_retention_ms);
    assert_int_equal(world_account(w, 7)->open_requests, 0);
    assert_ok(world_verdict(w, id, proof, true, "verified"));
    assert_ok(world_complete(w, worker, &l, proof, NULL));
    assert_status(world_verdict(w, id, world_id(w), true, "verified"),
                  ERR_STATE);
    assert_int_equal(world_events(w, "request.fulfilled"), 1);
}

static void trust_and_mock_vouch_where_the_operator_says_so(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker, proof, id = verifying(w, &worker, &l, &proof);
    w->rules.trust = "sp1/core@6," KIND;
    assert_ok(world_verdict(w, id, proof, true, "trusted"));
    w->rules.trust = "";
    id = verifying(w, &worker, &l, &proof);
    w->rules.mock = true;
    assert_ok(world_verdict(w, id, proof, true, "mock"));
}

static void a_wrong_proof_runs_again_and_strikes(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id worker, proof, id = verifying(w, &worker, &l, &proof);
    assert_ok(world_verdict(w, id, proof, false, NULL));
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->state, PROVERNET_QUEUED);
    assert_true(pvn_id_none(&q->proof));
    const pvn_task *t = world_task(w, l.task);
    assert_int_equal(t->state, PVN_TASK_READY);
    assert_int_equal(t->not_before_ms, w->now + w->rules.backoff_ms);
    assert_int_equal(world_worker(w, worker)->strikes, 1);
    assert_int_equal(world_attempt(w, l.task, 1)->outcome,
                     PVN_ATTEMPT_BAD_PROOF);
    assert_int_equal(world_artifact_row(w, proof)->pins, 0);
    assert_status(world_verdict(w, id, proof, true, "verified"), ERR_STATE);
    /* its late answer is not taken up again */
    assert_status(world_complete(w, worker, &l, proof, NULL), ERR_LEASE);
}

static void wrong_proofs_exhaust_a_request(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    const char *names[] = { "a", "b", "c" };
    for (int i = 0; i < 3; i++) {
        provernet_id worker = given(w, id, names[i], &l);
        provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "bad");
        assert_ok(world_complete(w, worker, &l, proof, NULL));
        assert_ok(world_verdict(w, id, proof, false, NULL));
        w->now += 60000;
    }
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->state, PROVERNET_FAILED);
    assert_int_equal(q->cause, PROVERNET_CAUSE_ATTEMPTS);
    assert_non_null(strstr(q->why, "task.attempts_max = 3"));
}

static void a_verdict_without_a_request_is_not_found(void **state)
{
    world *w = *state;
    assert_status(world_verdict(w, world_id(w), world_id(w), true, "verified"),
                  ERR_NOT_FOUND);
}

static void complete_and_verdict_fit_one_batch(void **state)
{
    world *w = *state;
    world_lease l;
    provernet_id id = world_submit(w, KIND, 7);
    provernet_id worker = given(w, id, "anna", &l);
    provernet_id proof = world_id(w);
    pvn_op *ops[3] = { pvn_op_new(PVN_OP_ARTIFACT_STORE),
                       pvn_op_new(PVN_OP_TASK_COMPLETE),
                       pvn_op_new(PVN_OP_REQUEST_VERDICT) };
    ops[0]->u.artifact_store.id = proof;
    ops[0]->u.artifact_store.make = true;
    ops[0]->u.artifact_store.type = PVN_TYPE_PROOF;
    ops[1]->needs = ops[0];
    ops[1]->u.task_complete.task = l.task;
    ops[1]->u.task_complete.worker = worker;
    ops[1]->u.task_complete.attempt = l.attempt;
    ops[1]->u.task_complete.outputs = &proof;
    ops[1]->u.task_complete.outputs_len = 1;
    ops[2]->needs = ops[1];
    ops[2]->u.request_verdict.request = id;
    ops[2]->u.request_verdict.proof = proof;
    ops[2]->u.request_verdict.valid = true;
    ops[2]->u.request_verdict.how = "verified";
    uint64_t commits = w->m.commits;
    assert_ok(world_batch(w, ops, 3));
    assert_int_equal(w->m.commits, commits + 1);
    for (int i = 0; i < 3; i++)
        assert_status(ops[i]->err.status, OK);
    assert_int_equal(world_request(w, id)->state, PROVERNET_FULFILLED);
    /* what hangs on a refused op is cancelled */
    for (int i = 0; i < 3; i++)
        pvn_op_rewind(ops[i]);
    ops[0]->u.artifact_store.digest32[0] = 1;
    assert_ok(world_batch(w, ops, 3));
    assert_status(ops[0]->err.status, ERR_EXISTS);
    assert_status(ops[1]->err.status, ERR_CANCELLED);
    assert_status(ops[2]->err.status, ERR_CANCELLED);
    for (int i = 0; i < 3; i++)
        pvn_op_free(ops[i]);
}

/* Rows made earlier in the batch are all there is: nothing to wait for. */
static void a_verdict_may_follow_a_completion_that_adds_tasks(void **state)
{
    world *w = *state;
    const pvn_op_child child = { .name = "next", .kind = KIND };
    for (int i = 0; i < 2; i++) {
        world_lease l;
        provernet_id id = world_submit(w, KIND, 7);
        provernet_id worker = given(w, id, "anna", &l);
        provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "p");
        pvn_op *ops[2] = { pvn_op_new(PVN_OP_TASK_COMPLETE),
                           pvn_op_new(PVN_OP_REQUEST_VERDICT) };
        ops[0]->u.task_complete.task = l.task;
        ops[0]->u.task_complete.worker = worker;
        ops[0]->u.task_complete.attempt = l.attempt;
        ops[0]->u.task_complete.outputs = &proof;
        ops[0]->u.task_complete.outputs_len = 1;
        if (i == 0)
            ops[0]->u.task_complete.verify_kind = "verify/x";
        ops[0]->u.task_complete.children = &child;
        ops[0]->u.task_complete.children_len = i == 0 ? 0 : 1;
        ops[1]->needs = ops[0];
        ops[1]->u.request_verdict.request = id;
        ops[1]->u.request_verdict.proof = proof;
        ops[1]->u.request_verdict.valid = true;
        ops[1]->u.request_verdict.how = "verified";
        assert_ok(world_batch(w, ops, 2));
        assert_int_equal(ops[0]->tries, 0);
        assert_status(ops[0]->err.status, OK);
        assert_status(ops[1]->err.status, ERR_STATE);
        assert_int_equal(world_request(w, id)->state,
                         i == 0 ? PROVERNET_VERIFYING : PROVERNET_RUNNING);
        pvn_op_free(ops[0]);
        pvn_op_free(ops[1]);
    }
}

static void a_request_may_be_cancelled_in_the_batch_that_made_it(void **state)
{
    world *w = *state;
    pvn_op *ops[3] = { bare_submit(w), pvn_op_new(PVN_OP_REQUEST_CANCEL),
                       pvn_op_new(PVN_OP_READ_REQUEST) };
    provernet_id id = ops[0]->u.request_submit.id;
    ops[1]->u.request_cancel.id = ops[2]->u.read_request.id = id;
    ops[1]->needs = ops[0];
    assert_ok(world_batch(w, ops, 3));
    assert_int_equal(ops[1]->tries, 0);
    assert_int_equal(ops[2]->u.read_request.request->state, PROVERNET_FAILED);
    for (int i = 0; i < 3; i++)
        pvn_op_free(ops[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_queued_with_its_task_and_pins),
        TEST(an_input_that_was_never_uploaded_is_refused),
        TEST(an_unknown_input_is_not_found),
        TEST(an_input_of_another_type_is_refused),
        TEST(a_private_input_counts_as_an_input),
        TEST(a_program_that_is_not_registered_is_refused),
        TEST(a_registered_program_gives_kind_and_artifact),
        TEST(a_deadline_in_the_past_is_refused),
        TEST(a_request_without_a_kind_is_refused),
        TEST(only_listed_accounts_may_request),
        TEST(open_requests_of_an_account_are_limited_by_name),
        TEST(a_draining_server_takes_no_request),
        TEST(the_same_wish_again_gives_the_first_id),
        TEST(two_same_wishes_in_one_batch_are_one_request),
        TEST(a_name_is_one_request_of_one_account),
        TEST(a_nonce_counts_up_and_a_refusal_leaves_it),
        TEST(a_duplicate_consumes_its_fresh_nonce),
        TEST(nonces_race_within_a_batch),
        TEST(cancel_ends_everything_of_the_request),
        TEST(a_delegate_may_cancel),
        TEST(only_the_fulfiller_gives_a_request_up),
        TEST(an_input_that_cannot_run_is_said_so),
        TEST(a_verdict_fulfils_the_proof_that_was_completed),
        TEST(trust_and_mock_vouch_where_the_operator_says_so),
        TEST(a_wrong_proof_runs_again_and_strikes),
        TEST(wrong_proofs_exhaust_a_request),
        TEST(a_verdict_without_a_request_is_not_found),
        TEST(complete_and_verdict_fit_one_batch),
        TEST(a_verdict_may_follow_a_completion_that_adds_tasks),
        TEST(a_request_may_be_cancelled_in_the_batch_that_made_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
