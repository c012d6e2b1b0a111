/* tests/unit/schedule/market_test.c - provers of other owners, collateral,
 * suspensions, money that comes and goes. */
#include "fixture.h"

enum { ALICE = 1, BOB = 0x11, CAROL = 0x12, DAVE = 0x13, VAULT = 0x21 };
enum { OTHER = 0x22, OWNER = 0x31, KEY = 0x41, BOSS = 0x77, EXECUTOR = 0x78 };
enum { TREASURY = 0x79, HOUR = 3600000 };

/* 5 + 3 x 100 = 305 are held; the cost at price 2 is 205. */
static pvn_terms terms(void)
{
    pvn_terms t = {
        .price_max = "3", .base_fee = "5", .units_max = 100, .window_ms = 2000
    };
    world_address(t.treasury20, TREASURY);
    return t;
}

static int end(void **state)
{
    world *w = *state;
    char buf[200];
    const char *bad = check_money(&w->m, "1000", buf, sizeof buf);
    if (bad)
        print_message("%s\n", bad);
    return teardown(state) || bad ? -1 : 0;
}
#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, end)

static provernet_id opened(world *w)
{
    pvn_terms t = terms();
    provernet_id id;
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    return id;
}

/* Won by the only bidder. */
static provernet_id won(world *w, uint8_t prover, uint8_t by)
{
    provernet_id id = opened(w);
    assert_status(world_bid(w, id, prover, by, "2"), OK);
    w->now += 2000;
    world_tick(w);
    assert_int_equal(world_request(w, id)->fulfiller[0], prover);
    return id;
}

static void the_owner_of_a_vault_signs_until_it_names_a_key(void **state)
{
    world *w = *state;
    provernet_id id = opened(w);
    assert_status(world_vault(w, VAULT, OWNER, 0), OK);
    assert_status(world_bid(w, id, VAULT, VAULT, "3"), ERR_PERMISSION);
    assert_status(world_bid(w, id, VAULT, KEY, "3"), ERR_PERMISSION);
    assert_status(world_bid(w, id, VAULT, OWNER, "3"), OK);
    assert_status(world_signer(w, VAULT, VAULT, KEY), ERR_PERMISSION);
    assert_status(world_signer(w, VAULT, KEY, KEY), ERR_PERMISSION);
    assert_status(world_signer(w, VAULT, OWNER, KEY), OK);
    assert_status(world_bid(w, id, VAULT, OWNER, "2"), ERR_PERMISSION);
    assert_status(world_bid(w, id, VAULT, KEY, "2"), OK);
    assert_status(world_bid(w, id, KEY, KEY, "1"), OK); /* its own prover */
}

static uint8_t prover_of(world *w, uint8_t key)
{
    uint8_t address[20], found = 0;
    pvn_op *op = pvn_op_new(PVN_OP_READ_RECORD);
    world_address(address, key);
    op->u.read_record.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_record.kind = PVN_SIGNER;
    op->u.read_record.key = pvn_bytes_of(address, 20);
    assert_status(world_batch(w, &op, 1), OK);
    if (op->u.read_record.value.len >= 20)
        found = op->u.read_record.value.data[0];
    pvn_op_free(op);
    return found;
}

static void keys_are_found_by_whom_they_sign_for(void **state)
{
    world *w = *state;
    assert_status(world_vault(w, VAULT, OWNER, 0), OK);
    assert_int_equal(prover_of(w, OWNER), VAULT);
    /* one key answers for one prover: the first */
    assert_status(world_vault(w, OTHER, OWNER, 0), OK);
    assert_int_equal(prover_of(w, OWNER), VAULT);
    assert_status(world_signer(w, OTHER, OWNER, KEY), OK);
    assert_int_equal(prover_of(w, KEY), OTHER);
    assert_int_equal(prover_of(w, OWNER), VAULT);
    assert_status(world_signer(w, VAULT, OWNER, KEY), ERR_EXISTS);
    assert_status(world_signer(w, VAULT, OWNER, DAVE), OK);
    assert_int_equal(prover_of(w, OWNER), 0);
    /* a new owner signs itself; the key of the old one does no more */
    assert_status(world_vault(w, VAULT, BOB, 0), OK);
    assert_int_equal(prover_of(w, DAVE), 0);
    assert_int_equal(prover_of(w, BOB), VAULT);
    provernet_id id = opened(w);
    assert_status(world_bid(w, id, VAULT, DAVE, "1"), ERR_PERMISSION);
    assert_status(world_bid(w, id, VAULT, BOB, "1"), OK);
    assert_status(world_vault(w, VAULT, 0, 0), OK);
    assert_int_equal(prover_of(w, BOB), 0);
    assert_status(world_bid(w, id, VAULT, VAULT, "0"), OK);
}

static void what_a_vault_earns_is_split_to_the_unit(void **state)
{
    world *w = *state;
    w->rules.protocol_fee = 100; /* 1 % of 205: 2 */
    assert_status(world_vault(w, VAULT, OWNER, 3333), OK);
    provernet_id id = won(w, VAULT, OWNER);
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, ALICE), "795");
    assert_string_equal(world_balance(w, TREASURY), "1002");
    assert_string_equal(world_balance(w, VAULT), "1068"); /* 68.3 */
    assert_string_equal(world_balance(w, OWNER), "1135");
    assert_string_equal(world_prover(w, VAULT)->earned, "203");
    assert_string_equal(world_auction_row(w, id)->paid, "205");
    /* both together are never more than all */
    w->rules.protocol_fee = 9000;
    id = won(w, VAULT, OWNER);
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, TREASURY), "1186"); /* 184 */
    assert_string_equal(world_balance(w, VAULT), "1088");    /* 20 */
    assert_string_equal(world_balance(w, OWNER), "1136");    /* 1 */
    /* a prover without an owner */
    id = won(w, BOB, BOB);
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, BOB), "1021");
    assert_status(world_vault(w, VAULT, OWNER, 10001), ERR_INVALID);
    assert_status(world_vault(w, VAULT, OWNER, -1), ERR_INVALID);
}

static void large_amounts_are_split_without_overflow(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id;
    t.price_max = "34028236692093846346337460743176821145"; /* 2^128 / 10 */
    t.base_fee = "7";
    assert_status(
        world_deposit(w, ALICE, "340282366920938463463374607431768211455", 1),
        OK);
    t.units_max = 10;
    assert_status(world_vault(w, VAULT, OWNER, 5000), OK);
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    assert_status(world_bid(w, id, VAULT, OWNER, t.price_max), OK);
    w->now += 2000;
    world_tick(w);
    assert_status(world_prove(w, id, true), OK);
    /* 340282366920938463463374607431768211457 */
    assert_string_equal(world_balance(w, VAULT),
                        "170141183460469231731687303715884106728");
    assert_string_equal(world_balance(w, OWNER),
                        "170141183460469231731687303715884106729");
}

static void collateral_is_taken_and_given_back(void **state)
{
    world *w = *state;
    w->rules.prover_collateral = "300";
    assert_status(world_vault(w, VAULT, OWNER, 0), OK);
    provernet_id id = won(w, VAULT, OWNER);
    assert_string_equal(world_auction_row(w, id)->bond, "300");
    assert_string_equal(world_balance(w, VAULT), "700");
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, VAULT), "1000");
    assert_string_equal(world_balance(w, OWNER), "1205");
    assert_false(pvn_bond_lost(world_auction_row(w, id)));
    /* cancelled by the requester: nobody's fault */
    id = won(w, VAULT, OWNER);
    assert_string_equal(world_balance(w, VAULT), "700");
    assert_status(world_cancel(w, id, NULL), OK);
    assert_string_equal(world_balance(w, VAULT), "1000");
    assert_string_equal(world_balance(w, ALICE), "795");
    assert_int_equal(world_events(w, "auction.released"), 2);
}

static void collateral_is_lost_to_the_treasury(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    w->rules.prover_collateral = "300";
    provernet_id id = won(w, BOB, BOB);
    w->now += HOUR;
    world_tick(w);
    assert_true(pvn_bond_lost(world_auction_row(w, id)));
    assert_string_equal(world_balance(w, ALICE), "1000");
    assert_string_equal(world_balance(w, BOB), "700");
    assert_string_equal(world_balance(w, TREASURY), "1300");
    assert_int_equal(world_events(w, "auction.forfeited"), 1);
    /* without a treasury nobody may gain from it */
    memset(t.treasury20, 0, sizeof t.treasury20);
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK);
    w->now += 2000;
    world_tick(w);
    assert_string_equal(world_balance(w, BOB), "400");
    assert_status(world_refuse(w, id, BOB, PROVERNET_BLAME_ATTEMPT), OK);
    assert_string_equal(world_balance(w, BOB), "700");
    assert_false(pvn_bond_lost(world_auction_row(w, id)));
}

static void an_execution_that_fails_frees_the_collateral(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id;
    w->rules.prover_collateral = "300";
    world_address(t.executor20, EXECUTOR);
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK);
    w->now += 2000;
    world_tick(w);
    assert_status(world_execute(w, id, EXECUTOR, false, 0, "100"), OK);
    assert_string_equal(world_balance(w, BOB), "1000");
    assert_string_equal(world_balance(w, TREASURY), "1100");
    assert_status(world_refuse(w, id, BOB, PROVERNET_BLAME_ATTEMPT), OK);
    assert_string_equal(world_balance(w, BOB), "1000");
    /* proven, waiting for who executes: free as well */
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK);
    w->now += 2000;
    world_tick(w);
    assert_status(world_prove(w, id, true), OK);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_PROVEN);
    assert_string_equal(world_balance(w, BOB), "1000");
}

static void who_cannot_put_it_up_is_refused_or_passed_over(void **state)
{
    world *w = *state;
    provernet_id id[4];
    w->rules.prover_collateral = "400";
    for (int i = 0; i < 4; i++) {
        id[i] = i < 3 ? opened(w) : id[0];
        if (i == 3)
            break;
        assert_status(world_bid(w, id[i], BOB, BOB, "1"), OK);
        assert_status(world_bid(w, id[i], CAROL, CAROL, "3"), OK);
        assert_status(world_bid(w, id[i], DAVE, DAVE, "2"), OK);
    }
    w->now += 2000;
    world_tick(w); /* Bob has 1000: enough for two of the three */
    int bobs = 0, daves = 0;
    for (int i = 0; i < 3; i++) {
        bobs += world_request(w, id[i])->fulfiller[0] == BOB;
        daves += world_request(w, id[i])->fulfiller[0] == DAVE;
    }
    assert_int_equal(bobs, 2);
    assert_int_equal(daves, 1);
    assert_string_equal(world_balance(w, BOB), "200");
    assert_int_equal(world_events(w, "auction.passed_over"), 1);
    world_cancel(w, id[0], NULL);
    world_cancel(w, id[1], NULL);
    world_cancel(w, id[2], NULL);
    assert_status(world_withdraw(w, BOB, BOB, "601", NULL), OK);
    id[0] = opened(w);
    assert_status(world_bid(w, id[0], BOB, BOB, "1"), ERR_LIMIT);
    assert_says(w, "prover.collateral");
    assert_status(world_deposit(w, BOB, "1", 9), OK);
    assert_status(world_bid(w, id[0], BOB, BOB, "1"), OK);
    /* it withdraws behind its bid, and nobody else bid: open for others */
    assert_status(world_withdraw(w, BOB, BOB, "1", NULL), OK);
    w->now += 2000;
    world_tick(w);
    assert_int_equal(world_auction_row(w, id[0])->state, PVN_AUCTION_OPEN);
    assert_int_equal(world_auction_row(w, id[0])->bids, 0);
    assert_status(world_bid(w, id[0], CAROL, CAROL, "3"), OK);
    assert_int_equal(world_request(w, id[0])->fulfiller[0], CAROL);
}

static void the_auctioneer_cannot_settle_on_one_without_collateral(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id;
    w->rules.prover_collateral = "1000";
    world_address(t.auctioneer20, BOSS);
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK);
    assert_status(world_withdraw(w, BOB, BOB, "1", NULL), OK);
    w->now += 2000;
    assert_status(world_settle(w, id, BOB, BOSS), ERR_STATE);
    assert_says(w, "prover.collateral");
    assert_status(world_deposit(w, BOB, "1", 9), OK);
    assert_status(world_settle(w, id, BOB, BOSS), OK);
    assert_string_equal(world_balance(w, BOB), "0");
}

static void who_fails_too_often_is_suspended_and_comes_back(void **state)
{
    world *w = *state;
    w->rules.prover_failures_max = 3;
    w->rules.prover_failures_ms = 24 * HOUR;
    w->rules.prover_suspension_ms = 2 * HOUR;
    for (int i = 0; i < 3; i++) {
        provernet_id id = won(w, BOB, BOB);
        assert_int_equal(world_prover(w, BOB)->suspended_ms, 0);
        if (i == 1) {
            assert_status(world_refuse(w, id, BOB, PROVERNET_BLAME_ATTEMPT),
                          OK);
            continue;
        }
        w->now += HOUR;
        world_tick(w);
    }
    const pvn_prover *p = world_prover(w, BOB);
    assert_int_equal(p->failed, 3);
    assert_int_equal(p->suspended_ms, w->now + 2 * HOUR);
    assert_non_null(strstr(p->why, "3 of its requests failed"));
    assert_non_null(strstr(p->why, "missed its deadline"));
    assert_int_equal(world_events(w, "prover.suspended"), 1);
    provernet_id id = opened(w);
    assert_status(world_bid(w, id, BOB, BOB, "1"), ERR_PERMISSION);
    assert_says(w, "missed its deadline");
    assert_says(w, "another 7200 s");
    w->now += 2 * HOUR;
    id = opened(w);
    assert_status(world_bid(w, id, BOB, BOB, "1"), OK);
    p = world_prover(w, BOB);
    assert_int_equal(p->suspended_ms, 0);
    assert_null(p->why);
    assert_int_equal(world_events(w, "prover.back"), 1);
}

static void old_failures_are_forgotten(void **state)
{
    world *w = *state;
    w->rules.prover_failures_max = 2;
    w->rules.prover_failures_ms = 2 * HOUR;
    w->rules.prover_suspension_ms = HOUR;
    for (int i = 0; i < 3; i++) {
        provernet_id id = won(w, BOB, BOB);
        assert_status(world_refuse(w, id, BOB, PROVERNET_BLAME_ATTEMPT), OK);
        assert_int_equal(world_prover(w, BOB)->suspended_ms, 0);
        w->now += 2 * HOUR;
    }
    provernet_id id = won(w, BOB, BOB);
    assert_status(world_refuse(w, id, BOB, PROVERNET_BLAME_ATTEMPT), OK);
    id = won(w, BOB, BOB);
    assert_status(world_refuse(w, id, BOB, PROVERNET_BLAME_ATTEMPT), OK);
    assert_true(world_prover(w, BOB)->suspended_ms > w->now);
    w->rules.prover_failures_max = 0; /* 0: never */
    for (int i = 0; i < 4; i++) {
        id = won(w, CAROL, CAROL);
        assert_status(world_refuse(w, id, CAROL, PROVERNET_BLAME_ATTEMPT), OK);
    }
    assert_int_equal(world_prover(w, CAROL)->suspended_ms, 0);
}

static void a_leader_who_is_suspended_is_passed_over(void **state)
{
    world *w = *state;
    w->rules.prover_failures_max = 1;
    w->rules.prover_failures_ms = HOUR;
    w->rules.prover_suspension_ms = HOUR;
    provernet_id lost = won(w, BOB, BOB), id = opened(w);
    assert_status(world_bid(w, id, BOB, BOB, "1"), OK);
    assert_status(world_bid(w, id, CAROL, CAROL, "3"), OK);
    assert_status(world_bid(w, id, DAVE, DAVE, "3"), OK);
    assert_status(world_refuse(w, lost, BOB, PROVERNET_BLAME_ATTEMPT), OK);
    w->now += 2000;
    world_tick(w);
    assert_int_equal(world_request(w, id)->fulfiller[0], CAROL);
    assert_string_equal(world_auction_row(w, id)->price, "3");
    assert_int_equal(world_auction_row(w, id)->bids, 2);
}

static void an_operator_suspends_with_a_reason_and_lifts_it(void **state)
{
    world *w = *state;
    int64_t until = w->now + HOUR, now = w->now;
    for (int i = 0; i < 2; i++) {
        pvn_op *op = pvn_op_new(PVN_OP_PROVER_APPLY);
        op->u.prover_apply.suspended_ms = i == 0 ? &until : &now;
        op->u.prover_apply.why = "maintenance";
        world_address(op->u.prover_apply.prover20, BOB);
        assert_status(world_run(w, op, NULL), OK);
        provernet_id id = opened(w);
        provernet_status s = world_bid(w, id, BOB, BOB, "1");
        assert_int_equal(s, i == 0 ? PROVERNET_ERR_PERMISSION : PROVERNET_OK);
        if (i == 0)
            assert_says(w, "maintenance");
        assert_status(world_cancel(w, id, NULL), OK);
    }
}

static void who_may_withdraw_from_a_vault(void **state)
{
    world *w = *state;
    w->rules.prover_stake = "600";
    w->rules.prover_collateral = "500";
    assert_status(world_vault(w, VAULT, OWNER, 0), OK);
    assert_status(world_withdraw(w, BOB, CAROL, "1", NULL), ERR_PERMISSION);
    assert_status(world_withdraw(w, VAULT, BOB, "401", NULL), ERR_PERMISSION);
    assert_says(w, "600");
    assert_status(world_withdraw(w, VAULT, BOB, "400", "1001"), ERR_STATE);
    assert_status(world_withdraw(w, VAULT, BOB, "400", "10"), OK);
    assert_string_equal(world_balance(w, VAULT), "600");
    assert_string_equal(world_balance(w, BOB), "990"); /* who asks pays */
    assert_status(world_withdraw(w, VAULT, OWNER, "601", NULL), ERR_STATE);
    assert_status(world_withdraw(w, VAULT, OWNER, "600", NULL), OK);
    assert_string_equal(world_balance(w, VAULT), "0");
    pvn_op *op = pvn_op_new(PVN_OP_BALANCE_MOVE); /* not elsewhere */
    op->u.balance_move.amount = "1";
    world_address(op->u.balance_move.from20, VAULT);
    world_address(op->u.balance_move.to20, OWNER);
    world_address(op->u.balance_move.by20, OWNER);
    assert_status(world_run(w, op, NULL), ERR_PERMISSION);
}

static void a_deposit_is_booked_once(void **state)
{
    world *w = *state;
    assert_status(world_deposit(w, BOB, "50", 1), OK);
    assert_status(world_deposit(w, BOB, "50", 1), OK);
    assert_string_equal(world_balance(w, BOB), "1050");
    assert_status(world_deposit(w, BOB, "51", 1), ERR_EXISTS);
    assert_status(world_deposit(w, CAROL, "50", 1), ERR_EXISTS);
    assert_status(world_deposit(w, BOB, "50", 2), OK);
    assert_string_equal(world_balance(w, BOB), "1100");
    assert_status(world_deposit(w, BOB, "0", 3), ERR_INVALID);
    assert_status(world_deposit(w, BOB, "-1", 3), ERR_INVALID);
    assert_status(world_deposit(w, BOB, NULL, 3), ERR_INVALID);
    assert_status(
        world_deposit(w, BOB, "340282366920938463463374607431768211456", 3),
        ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_owner_of_a_vault_signs_until_it_names_a_key),
        TEST(keys_are_found_by_whom_they_sign_for),
        TEST(what_a_vault_earns_is_split_to_the_unit),
        TEST(large_amounts_are_split_without_overflow),
        TEST(collateral_is_taken_and_given_back),
        TEST(collateral_is_lost_to_the_treasury),
        TEST(an_execution_that_fails_frees_the_collateral),
        TEST(who_cannot_put_it_up_is_refused_or_passed_over),
        TEST(the_auctioneer_cannot_settle_on_one_without_collateral),
        TEST(who_fails_too_often_is_suspended_and_comes_back),
        TEST(old_failures_are_forgotten),
        TEST(a_leader_who_is_suspended_is_passed_over),
        TEST(an_operator_suspends_with_a_reason_and_lifts_it),
        TEST(who_may_withdraw_from_a_vault),
        TEST(a_deposit_is_booked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
