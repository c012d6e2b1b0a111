/* tests/unit/schedule/artifact_test.c - artifacts, programs, accounts,
 * records, sweeping. */
#include "fixture.h"

static pvn_op *store(provernet_id id, bool make, int64_t bytes)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    op->u.artifact_store.id = id;
    op->u.artifact_store.make = make;
    op->u.artifact_store.type = PVN_TYPE_STDIN;
    op->u.artifact_store.bytes = op->u.artifact_store.raw_bytes = bytes;
    op->u.artifact_store.digest32[0] = 1;
    return op;
}
static provernet_id issue(world *w, provernet_status *s)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_ISSUE);
    provernet_id id = op->u.artifact_issue.id = world_id(w);
    op->u.artifact_issue.type = PVN_TYPE_STDIN;
    *s = world_run(w, op, NULL);
    return id;
}
static pvn_op sweep(world *w)
{
    pvn_op out;
    assert_ok(world_run(w, pvn_op_new(PVN_OP_SWEEP), &out));
    return out;
}

static void an_artifact_is_issued_then_stored_once(void **state)
{
    world *w = *state;
    provernet_status s;
    pvn_op out;
    provernet_id id = issue(w, &s);
    assert_ok(s);
    assert_int_equal(world_artifact_row(w, id)->state, PVN_ARTIFACT_ISSUED);
    assert_ok(world_run(w, store(id, false, 9), &out));
    assert_false(out.u.artifact_store.again);
    assert_int_equal(world_artifact_row(w, id)->state, PVN_ARTIFACT_STORED);
    assert_ok(world_run(w, store(id, false, 9), &out));
    assert_true(out.u.artifact_store.again);
    pvn_op *op = store(id, false, 9);
    op->u.artifact_store.digest32[0] = 2;
    assert_status(world_run(w, op, NULL), ERR_EXISTS);
    assert_status(world_run(w, store(id, false, 8), NULL), ERR_EXISTS);
    op = pvn_op_new(PVN_OP_ARTIFACT_ISSUE);
    op->u.artifact_issue.id = id;
    assert_status(world_run(w, op, NULL), ERR_EXISTS);
}

static void only_issued_artifacts_can_be_stored(void **state)
{
    world *w = *state;
    provernet_id id = world_id(w);
    assert_status(world_run(w, store(id, false, 9), NULL), ERR_NOT_FOUND);
    assert_ok(world_run(w, store(id, true, 9), NULL));
}

static void the_quota_and_the_size_are_named(void **state)
{
    world *w = *state;
    w->rules.artifact_quota = 100;
    assert_ok(world_run(w, store(world_id(w), true, 60), NULL));
    assert_status(world_run(w, store(world_id(w), true, 41), NULL), ERR_SPACE);
    assert_says(w, "artifact.quota: 60 bytes are stored");
    assert_says(w, "100 are allowed");
    assert_ok(world_run(w, store(world_id(w), true, 40), NULL));
    w->rules.artifact_size_max = 10;
    assert_status(world_run(w, store(world_id(w), true, 11), NULL), ERR_LIMIT);
    assert_says(w, "artifact.size_max");
    assert_status(world_run(w, store(world_id(w), true, -1), NULL),
                  ERR_INVALID);
}

static void the_quota_holds_within_one_batch(void **state)
{
    world *w = *state;
    w->rules.artifact_quota = 100;
    pvn_op *ops[3];
    for (int i = 0; i < 3; i++)
        ops[i] = store(world_id(w), true, 40);
    assert_ok(world_batch(w, ops, 3));
    assert_status(ops[0]->err.status, OK);
    assert_status(ops[1]->err.status, OK);
    assert_status(ops[2]->err.status, ERR_SPACE);
    for (int i = 0; i < 3; i++)
        pvn_op_free(ops[i]);
}

static void sweeping_takes_what_nobody_needs(void **state)
{
    world *w = *state;
    provernet_status s;
    provernet_id unused = issue(w, &s);
    provernet_id file = world_id(w);
    assert_ok(world_run(w, store(file, true, 50), NULL));
    provernet_id request = world_submit(w, KIND, 7);
    provernet_id program = world_request(w, request)->program;
    w->now += w->rules.artifact_issued_ttl_ms;
    pvn_op *op = pvn_op_new(PVN_OP_SWEEP);
    assert_ok(world_batch(w, &op, 1));
    assert_int_equal(op->u.sweep.gone_len, 1);
    assert_memory_equal(&op->u.sweep.gone[0], &unused, 16);
    pvn_op_free(op);
    assert_null(world_artifact_row(w, unused));
    w->now += w->rules.artifact_retention_ms;
    assert_int_equal(sweep(w).u.sweep.gone_len, 1);
    assert_int_equal(world_artifact_row(w, file)->state, PVN_ARTIFACT_GONE);
    assert_status(world_run(w, store(file, true, 50), NULL), ERR_NOT_FOUND);
    /* what an open request needs stays */
    assert_int_equal(world_artifact_row(w, program)->state,
                     PVN_ARTIFACT_STORED);
    assert_ok(world_cancel(w, request, NULL));
    sweep(w);
    assert_int_equal(world_artifact_row(w, program)->state,
                     PVN_ARTIFACT_STORED);
    w->now += w->rules.artifact_retention_ms;
    sweep(w);
    assert_int_equal(world_artifact_row(w, program)->state, PVN_ARTIFACT_GONE);
    pvn_op *late = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    late->u.request_submit.id = world_id(w);
    late->u.request_submit.kind = KIND;
    late->u.request_submit.program = program;
    assert_status(world_run(w, late, NULL), ERR_STATE);
    assert_says(w, "has expired");
}

static void a_sweep_is_bounded(void **state)
{
    world *w = *state;
    provernet_status s;
    for (int i = 0; i < 300; i++)
        issue(w, &s);
    w->now += w->rules.artifact_issued_ttl_ms;
    assert_true(sweep(w).u.sweep.more);
    assert_false(sweep(w).u.sweep.more);
    assert_int_equal(mem_len(&w->m, PVN_ARTIFACT), 0);
}

static void a_sweep_does_not_take_what_the_batch_just_took_up(void **state)
{
    world *w = *state;
    provernet_id input = world_artifact(w, PVN_TYPE_STDIN, "x");
    w->now += w->rules.artifact_retention_ms;
    pvn_op *ops[2] = { pvn_op_new(PVN_OP_REQUEST_SUBMIT),
                       pvn_op_new(PVN_OP_SWEEP) };
    ops[0]->u.request_submit.id = world_id(w);
    ops[0]->u.request_submit.kind = KIND;
    ops[0]->u.request_submit.inputs = &input;
    ops[0]->u.request_submit.inputs_len = 1;
    assert_ok(world_batch(w, ops, 2));
    assert_status(ops[0]->err.status, OK);
    assert_int_equal(world_artifact_row(w, input)->state, PVN_ARTIFACT_STORED);
    pvn_op_free(ops[0]);
    pvn_op_free(ops[1]);
}

/* ---- programs ---- */

static pvn_op *program(provernet_id artifact, uint8_t owner)
{
    pvn_op *op = pvn_op_new(PVN_OP_PROGRAM_REGISTER);
    op->u.program_register.name = pvn_bytes_of("vk", 2);
    op->u.program_register.kind = KIND;
    op->u.program_register.artifact = artifact;
    op->u.program_register.vk = pvn_bytes_of("key", 3);
    world_address(op->u.program_register.owner20, owner);
    return op;
}

static void a_program_is_registered_once(void **state)
{
    world *w = *state;
    pvn_op out;
    provernet_id a = world_artifact(w, PVN_TYPE_PROGRAM, "elf");
    provernet_id same = world_artifact(w, PVN_TYPE_PROGRAM, "elf");
    provernet_id other = world_artifact(w, PVN_TYPE_PROGRAM, "fle!");
    assert_ok(world_run(w, program(a, 7), &out));
    assert_false(out.u.program_register.existed);
    assert_ok(world_run(w, program(same, 7), &out));
    assert_true(out.u.program_register.existed);
    assert_status(world_run(w, program(other, 7), NULL), ERR_EXISTS);
    assert_status(world_run(w, program(same, 8), NULL), ERR_EXISTS);
    pvn_op *op = program(a, 7);
    op->u.program_register.vk = pvn_bytes_of("yek", 3);
    assert_status(world_run(w, op, NULL), ERR_EXISTS);
    assert_int_equal(mem_len(&w->m, PVN_PROGRAM), 1);
}

static void a_program_needs_a_stored_artifact_of_its_type(void **state)
{
    world *w = *state;
    provernet_status s;
    assert_status(world_run(w, program(world_id(w), 7), NULL), ERR_NOT_FOUND);
    assert_status(world_run(w, program(issue(w, &s), 7), NULL), ERR_STATE);
    assert_says(w, "never uploaded");
    provernet_id stdin_id = world_artifact(w, PVN_TYPE_STDIN, "x");
    assert_status(world_run(w, program(stdin_id, 7), NULL), ERR_STATE);
    assert_says(w, "another type");
    pvn_op *op = program(stdin_id, 7);
    op->u.program_register.kind = "";
    assert_status(world_run(w, op, NULL), ERR_INVALID);
}

/* ---- accounts ---- */

static pvn_op *apply(uint8_t who, const char *name)
{
    pvn_op *op = pvn_op_new(PVN_OP_ACCOUNT_APPLY);
    world_address(op->u.account_apply.address20, who);
    op->u.account_apply.name = name;
    op->u.account_apply.accept_terms = true;
    return op;
}

static void a_name_belongs_to_one_account(void **state)
{
    world *w = *state;
    assert_ok(world_run(w, apply(7, "anna"), NULL));
    assert_int_equal(world_account(w, 7)->terms_ms, w->now);
    assert_string_equal(world_account(w, 7)->balance, "1000");
    assert_status(world_run(w, apply(8, "anna"), NULL), ERR_EXISTS);
    assert_ok(world_run(w, apply(7, "anna"), NULL));
    assert_ok(world_run(w, apply(7, "bella"), NULL));
    assert_ok(world_run(w, apply(8, "anna"), NULL));
    assert_status(world_run(w, apply(8, ""), NULL), ERR_INVALID);
    char longer[66];
    memset(longer, 'x', 65);
    longer[65] = 0;
    assert_status(world_run(w, apply(8, longer), NULL), ERR_INVALID);
}

/* ---- records ---- */

static pvn_op *put(const char *value, bool only_if_absent)
{
    pvn_op *op = pvn_op_new(PVN_OP_RECORD_PUT);
    op->u.record_put.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.record_put.kind = "k";
    op->u.record_put.key = pvn_bytes_of("key", 3);
    if (value)
        op->u.record_put.value = pvn_bytes_of(value, strlen(value));
    op->u.record_put.only_if_absent = only_if_absent;
    return op;
}

static void a_record_is_put_kept_and_taken(void **state)
{
    world *w = *state;
    pvn_op *op = put("one", true);
    assert_ok(world_batch(w, &op, 1));
    assert_memory_equal(op->u.record_put.value_out.data, "one", 3);
    pvn_op_free(op);
    op = put("two", true);
    assert_ok(world_batch(w, &op, 1));
    assert_memory_equal(op->u.record_put.value_out.data, "one", 3);
    pvn_op_free(op);
    assert_ok(world_run(w, put("two", false), NULL));
    pvn_op *read = pvn_op_new(PVN_OP_READ_RECORD);
    read->u.read_record.protocol = PVN_PROTOCOL_SUCCINCT;
    read->u.read_record.kind = "k";
    read->u.read_record.key = pvn_bytes_of("key", 3);
    assert_ok(world_batch(w, &read, 1));
    assert_memory_equal(read->u.read_record.value.data, "two", 3);
    pvn_op_free(read);
    /* delete and put again in one batch */
    pvn_op *ops[2] = { put(NULL, false), put("three", true) };
    assert_ok(world_batch(w, ops, 2));
    pvn_op_free(ops[0]);
    pvn_op_free(ops[1]);
    assert_int_equal(mem_len(&w->m, PVN_RECORD), 1);
    assert_ok(world_run(w, put(NULL, false), NULL));
    assert_int_equal(mem_len(&w->m, PVN_RECORD), 0);
    assert_ok(world_run(w, put(NULL, false), NULL));
    op = put("x", false);
    op->u.record_put.kind = NULL;
    assert_status(world_run(w, op, NULL), ERR_INVALID);
}

static void records_expire(void **state)
{
    world *w = *state;
    pvn_op *op = put("x", false);
    op->u.record_put.expires_ms = w->now + 10;
    assert_ok(world_run(w, op, NULL));
    sweep(w);
    assert_int_equal(mem_len(&w->m, PVN_RECORD), 1);
    w->now += 10;
    sweep(w);
    assert_int_equal(mem_len(&w->m, PVN_RECORD), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_artifact_is_issued_then_stored_once),
        TEST(only_issued_artifacts_can_be_stored),
        TEST(the_quota_and_the_size_are_named),
        TEST(the_quota_holds_within_one_batch),
        TEST(sweeping_takes_what_nobody_needs),
        TEST(a_sweep_is_bounded),
        TEST(a_sweep_does_not_take_what_the_batch_just_took_up),
        TEST(a_program_is_registered_once),
        TEST(a_program_needs_a_stored_artifact_of_its_type),
        TEST(a_name_belongs_to_one_account),
        TEST(a_record_is_put_kept_and_taken),
        TEST(records_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
