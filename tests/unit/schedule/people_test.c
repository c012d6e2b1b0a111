/* tests/unit/schedule/people_test.c - accounts: who acts for whom, money and
 * its log, names of programs, who may see an input, what proofs took. */
#include "fixture.h"

enum { ANNA = 1, BERT, CARL, FEES };

static void address(uint8_t out20[20], uint8_t n)
{
    memset(out20, n, 20);
}

static provernet_status delegate(world *w, int64_t verb, uint8_t owner,
                                 uint8_t other)
{
    pvn_op *op = pvn_op_new(PVN_OP_DELEGATION);
    op->u.delegation.verb = verb;
    address(op->u.delegation.owner20, owner);
    address(op->u.delegation.delegate20, other);
    return world_run(w, op, NULL);
}

static provernet_status name_account(world *w, uint8_t who, uint8_t by)
{
    pvn_op *op = pvn_op_new(PVN_OP_ACCOUNT_APPLY);
    uint8_t by20[20];
    address(by20, by);
    address(op->u.account_apply.address20, who);
    op->u.account_apply.name = pvn_arena_text(&op->arena, "a name");
    op->u.account_apply.by20 = pvn_arena_copy(&op->arena, by20, 20);
    return world_run(w, op, NULL);
}

static void a_delegate_acts_between_accept_and_removal(void **state)
{
    world *w = *state;
    assert_status(delegate(w, PVN_DELEGATION_ACCEPT, ANNA, BERT),
                  ERR_NOT_FOUND);
    assert_status(delegate(w, PVN_DELEGATION_ADD, ANNA, ANNA), ERR_INVALID);
    assert_ok(delegate(w, PVN_DELEGATION_ADD, ANNA, BERT));
    assert_status(name_account(w, ANNA, BERT), ERR_PERMISSION);
    assert_ok(delegate(w, PVN_DELEGATION_ACCEPT, ANNA, BERT));
    assert_ok(delegate(w, PVN_DELEGATION_ACCEPT, ANNA, BERT));
    assert_ok(delegate(w, PVN_DELEGATION_ADD, ANNA, BERT)); /* stays so */
    assert_ok(name_account(w, ANNA, BERT));
    assert_status(name_account(w, BERT, ANNA), ERR_PERMISSION);
    assert_ok(delegate(w, PVN_DELEGATION_REMOVE, ANNA, BERT));
    assert_status(name_account(w, ANNA, BERT), ERR_PERMISSION);
    assert_status(delegate(w, PVN_DELEGATION_REMOVE, ANNA, BERT),
                  ERR_NOT_FOUND);
    assert_ok(delegate(w, PVN_DELEGATION_ADD, ANNA, BERT));
    assert_status(name_account(w, ANNA, BERT), ERR_PERMISSION);
}

/* ---- money ---- */

static provernet_status move(world *w, bool withdraw, uint8_t from, uint8_t to,
                             uint8_t by, const char *amount, const char *fee)
{
    pvn_op *op = pvn_op_new(PVN_OP_BALANCE_MOVE);
    pvn_op_balance_move *u = &op->u.balance_move;
    u->withdraw = withdraw;
    address(u->from20, from);
    address(u->to20, to);
    address(u->by20, by);
    address(u->auctioneer20, FEES);
    u->amount = pvn_arena_text(&op->arena, amount);
    u->fee = fee ? pvn_arena_text(&op->arena, fee) : NULL;
    return world_run(w, op, NULL);
}

static void has(world *w, uint8_t who, const char *want)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_ACCOUNT);
    const pvn_account *a;
    address(op->u.read_account.address20, who);
    assert_ok(world_batch(w, &op, 1));
    a = op->u.read_account.account;
    assert_string_equal(a ? a->balance : "1000", want);
    pvn_op_free(op);
}

/* The changes of an account in the log: how many, and their sum. */
static size_t logged(world *w, uint8_t who, long long *sum)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_RECORDS);
    pvn_op_read_records *u = &op->u.read_records;
    uint8_t after[20];
    size_t n = 0;
    address(after, who);
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->kind = PVN_BALANCE_LOG;
    u->after = pvn_bytes_of(after, 20);
    assert_ok(world_batch(w, &op, 1));
    *sum = 0;
    for (; n < u->records_len; n++) {
        pvn_balance_entry e;
        assert_true(pvn_balance_entry_read(&e, u->records[n]));
        if (memcmp(e.account20, after, 20) != 0)
            break;
        *sum += atoll(e.amount);
    }
    pvn_op_free(op);
    return n;
}

static void money_is_moved_to_the_unit(void **state)
{
    world *w = *state;
    long long sum;
    w->rules.account_balance = "1000";
    assert_status(move(w, false, ANNA, BERT, ANNA, "998", "3"), ERR_STATE);
    assert_says(w, "1001 is needed");
    assert_status(move(w, false, ANNA, BERT, ANNA, "0", NULL), ERR_INVALID);
    assert_status(move(w, false, ANNA, BERT, ANNA, "1.0", NULL), ERR_INVALID);
    assert_status(move(w, false, ANNA, BERT, CARL, "1", NULL), ERR_PERMISSION);
    has(w, ANNA, "1000");
    assert_int_equal(logged(w, ANNA, &sum), 0);
    assert_ok(move(w, false, ANNA, BERT, ANNA, "997", "3"));
    has(w, ANNA, "0");
    has(w, BERT, "1997");
    has(w, FEES, "1003");
    assert_int_equal(logged(w, ANNA, &sum), 2);
    assert_int_equal(sum, -1000);
    assert_ok(move(w, true, BERT, BERT, BERT, "1990", "7"));
    has(w, BERT, "0");
    has(w, FEES, "1010");
    assert_int_equal(logged(w, BERT, &sum), 3);
    assert_int_equal(sum, -1000);
    assert_int_equal(logged(w, FEES, &sum), 2);
    assert_int_equal(sum, 10);
    assert_ok(move(w, false, FEES, FEES, FEES, "5", "1")); /* to oneself */
    has(w, FEES, "1010");
}

static void no_balance_passes_its_end(void **state)
{
    world *w = *state;
    w->rules.account_balance =
        "1157920892373161954235709850086879078532699846656405640394575840079131"
        "29639935";
    assert_status(move(w, false, ANNA, BERT, ANNA, "1", NULL), ERR_STATE);
    assert_ok(move(w, true, ANNA, ANNA, ANNA, "1", NULL));
}

/* ---- the key of a prover ---- */

static provernet_status set_signer(world *w, uint8_t prover, uint8_t key,
                                   uint8_t by, const char *fee)
{
    pvn_op *op = pvn_op_new(PVN_OP_SIGNER_SET);
    address(op->u.signer_set.prover20, prover);
    address(op->u.signer_set.delegate20, key);
    address(op->u.signer_set.by20, by);
    address(op->u.signer_set.auctioneer20, FEES);
    op->u.signer_set.fee = pvn_arena_text(&op->arena, fee);
    return world_run(w, op, NULL);
}

static void a_key_signs_for_one_prover(void **state)
{
    world *w = *state;
    w->rules.account_balance = "1000";
    assert_status(set_signer(w, ANNA, BERT, CARL, "0"), ERR_PERMISSION);
    assert_status(set_signer(w, ANNA, 0, ANNA, "0"), ERR_INVALID);
    assert_status(set_signer(w, ANNA, BERT, ANNA, "1001"), ERR_STATE);
    assert_ok(set_signer(w, ANNA, BERT, ANNA, "10"));
    has(w, ANNA, "990");
    has(w, FEES, "1010");
    assert_status(set_signer(w, CARL, BERT, CARL, "0"), ERR_EXISTS);
    assert_ok(set_signer(w, ANNA, BERT, ANNA, "0")); /* the same again */
    assert_ok(set_signer(w, ANNA, ANNA, ANNA, "0"));
    assert_ok(set_signer(w, CARL, BERT, CARL, "0")); /* it is free now */
}

/* ---- programs ---- */

static provernet_id register_program(world *w, const char *name, uint8_t owner)
{
    pvn_op *op = pvn_op_new(PVN_OP_PROGRAM_REGISTER);
    provernet_id artifact = world_artifact(w, PVN_TYPE_PROGRAM, name);
    op->u.program_register.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.program_register.name =
        pvn_bytes_of(pvn_arena_text(&op->arena, name), strlen(name));
    op->u.program_register.kind = KIND;
    op->u.program_register.artifact = artifact;
    address(op->u.program_register.owner20, owner);
    assert_ok(world_run(w, op, NULL));
    return artifact;
}

static provernet_status label(world *w, const char *name, const char *text,
                              uint8_t by)
{
    pvn_op *op = pvn_op_new(PVN_OP_PROGRAM_NAME);
    op->u.program_name.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.program_name.name =
        pvn_bytes_of(pvn_arena_text(&op->arena, name), strlen(name));
    op->u.program_name.label = pvn_arena_text(&op->arena, text);
    address(op->u.program_name.by20, by);
    return world_run(w, op, NULL);
}

static void names_of_programs_are_unique(void **state)
{
    world *w = *state;
    register_program(w, "one", ANNA);
    register_program(w, "two", BERT);
    assert_status(label(w, "three", "fib", ANNA), ERR_NOT_FOUND);
    assert_status(label(w, "one", "fib", BERT), ERR_PERMISSION);
    assert_status(label(w, "one", "", ANNA), ERR_INVALID);
    assert_ok(label(w, "one", "fib", ANNA));
    assert_ok(label(w, "one", "fib", ANNA));
    assert_status(label(w, "two", "fib", BERT), ERR_EXISTS);
    assert_ok(label(w, "one", "range", ANNA));
    assert_ok(label(w, "two", "fib", BERT)); /* it was given up */
}

static void an_estimate_needs_a_history(void **state)
{
    world *w = *state;
    pvn_op *op = pvn_op_new(PVN_OP_READ_ESTIMATE);
    pvn_op out;
    register_program(w, "one", ANNA);
    op->u.read_estimate.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_estimate.name =
        pvn_bytes_of(pvn_arena_text(&op->arena, "one"), 3);
    assert_ok(world_run(w, op, &out));
    assert_int_equal(out.u.read_estimate.n, 0);
    assert_int_equal(out.u.read_estimate.mean_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_delegate_acts_between_accept_and_removal),
        TEST(money_is_moved_to_the_unit),
        TEST(no_balance_passes_its_end),
        TEST(a_key_signs_for_one_prover),
        TEST(names_of_programs_are_unique),
        TEST(an_estimate_needs_a_history),
    };
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
