/* tests/unit/schedule/auction_test.c - bids, winners, and money to the unit. */
#include "fixture.h"

enum { ALICE = 1, BOB = 0x11, CAROL = 0x12, DAVE = 0x13, BOSS = 0x77 };
enum { EXECUTOR = 0x78, TREASURY = 0x79, HOUR = 3600000 };

/* 5 + 3 x 100 = 305 are held. */
static pvn_terms terms(void)
{
    return (pvn_terms){
        .price_max = "3", .base_fee = "5", .units_max = 100, .window_ms = 2000
    };
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

static provernet_id opened(world *w, const pvn_terms *t)
{
    provernet_id id;
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, t), OK);
    return id;
}

/* Open, bids of Bob (2) and Carol (1), and the window over: Carol's. */
static provernet_id won(world *w, const pvn_terms *t)
{
    provernet_id id = opened(w, t);
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK);
    assert_status(world_bid(w, id, CAROL, CAROL, "1"), OK);
    w->now += 2000;
    world_tick(w);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_ASSIGNED);
    return id;
}

static void delegate(world *w, uint8_t owner, uint8_t key)
{
    pvn_op *op = pvn_op_new(PVN_OP_SIGNER_SET);
    world_address(op->u.signer_set.prover20, owner);
    world_address(op->u.signer_set.by20, owner);
    world_address(op->u.signer_set.delegate20, key);
    assert_status(world_run(w, op, NULL), OK);
}

static void the_worst_case_is_held_and_no_worker_of_ours_takes_it(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_lease l;
    provernet_id mine = world_hello(w, "own", KIND);
    provernet_id id = opened(w, &t);
    assert_string_equal(world_balance(w, ALICE), "695");
    assert_string_equal(world_auction_row(w, id)->held, "305");
    assert_int_equal(world_request(w, id)->settle, PVN_SETTLE_OPEN);
    assert_int_equal(world_request(w, id)->assignable_ms, PVN_UNDER_AUCTION);
    assert_false(world_take(w, mine, KIND, &l));
    world_tick(w);
    assert_int_equal(world_request(w, id)->assignable_ms, PVN_UNDER_AUCTION);
    assert_status(world_cancel(w, id, NULL), OK);
    assert_string_equal(world_balance(w, ALICE), "1000");
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_VOID);
}

static void terms_must_make_sense_and_be_paid_for(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id;
    t.units_max = 332; /* 1001 */
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_STATE);
    assert_says(w, "1000");
    assert_says(w, "1001");
    t.units_max = UINT64_MAX;
    t.price_max = "115792089237316195423570985008687907853269984665640564039"
                  "457584007913129639935";
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_INVALID);
    t.price_max = "1157920892373161954235709850086879078532699846656405640394"
                  "57584007913129639936";
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_INVALID);
    t = terms();
    t.price_max = "-3";
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_INVALID);
    t = terms();
    t.base_fee = "1.5";
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_INVALID);
    assert_says(w, "base fee");
    t = terms();
    t.price_min = "4";
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_INVALID);
    t = terms();
    t.price_step = 2;
    assert_status(world_auction(w, &id, ALICE, 0, &t), ERR_INVALID);
    assert_says(w, "multiple of 2");
    assert_null(world_account(w, ALICE));
    t = terms();
    t.units_max = 331;
    t.base_fee = "7"; /* 1000: all of it */
    assert_status(world_auction(w, &id, ALICE, w->now + HOUR, &t), OK);
    assert_string_equal(world_balance(w, ALICE), "0");
}

static void the_lowest_bid_wins_and_is_paid_for_the_limit(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t);
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK);
    assert_status(world_bid(w, id, CAROL, CAROL, "2"), OK);
    assert_status(world_bid(w, id, DAVE, DAVE, "2"), OK); /* later */
    assert_int_equal(world_request(w, id)->state, PROVERNET_QUEUED);
    w->now += 1999;
    world_tick(w);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_OPEN);
    w->now += 1;
    world_tick(w);
    const pvn_request *q = world_request(w, id);
    const pvn_task *task = world_task_named(w, id, "main");
    assert_int_equal(q->state, PROVERNET_RUNNING);
    assert_int_equal(q->fulfiller[0], CAROL);
    assert_int_equal(q->assignable_ms, w->now);
    assert_int_equal(task->lease_ms, q->deadline_ms);
    assert_string_equal(world_worker(w, task->worker)->origin, "prover");
    assert_status(world_prove(w, id, true), OK);
    q = world_request(w, id);
    assert_int_equal(q->state, PROVERNET_FULFILLED);
    assert_int_equal(q->settle, PVN_SETTLE_PAID);
    /* 5 + 2 x 100 */
    assert_string_equal(world_balance(w, ALICE), "795");
    assert_string_equal(world_balance(w, CAROL), "1205");
    assert_string_equal(world_auction_row(w, id)->paid, "205");
    assert_int_equal(world_prover(w, CAROL)->proved, 1);
    assert_string_equal(world_prover(w, CAROL)->earned, "205");
    assert_string_equal(world_prover(w, CAROL)->units, "100");
    assert_int_equal(world_prover(w, BOB)->won, 0);
}

static void without_a_window_the_first_bid_wins_at_once(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    t.window_ms = 0;
    provernet_id id = opened(w, &t);
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK);
    assert_int_equal(world_request(w, id)->fulfiller[0], BOB);
    assert_status(world_bid(w, id, CAROL, CAROL, "1"), ERR_INVALID);
    assert_says(w, "assigned");
}

static void a_late_bid_is_refused_also_before_the_tick(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t), other = opened(w, &t);
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK);
    w->now += 2000;
    assert_status(world_bid(w, id, CAROL, CAROL, "1"), ERR_INVALID);
    assert_says(w, "bidding has ended");
    /* nobody bid in the window: the first one after it wins */
    assert_status(world_bid(w, other, CAROL, CAROL, "1"), OK);
    assert_int_equal(world_request(w, other)->fulfiller[0], CAROL);
    world_tick(w);
    assert_int_equal(world_request(w, id)->fulfiller[0], BOB);
}

static void a_bid_is_refused_with_its_reason(void **state)
{
    world *w = *state;
    uint8_t list[20], none[16] = { 0 };
    pvn_terms t = terms();
    provernet_id absent, own = world_submit(w, KIND, ALICE);
    memcpy(&absent, none, sizeof absent);
    absent.bytes[0] = 9;
    t.price_min = t.price_max = "4";
    t.price_min = "2";
    t.price_step = 2;
    world_address(list, BOB);
    t.whitelist = pvn_bytes_of(list, sizeof list);
    provernet_id id = opened(w, &t);
    assert_status(world_bid(w, absent, BOB, BOB, "2"), ERR_NOT_FOUND);
    assert_status(world_bid(w, own, BOB, BOB, "2"), ERR_INVALID);
    assert_says(w, "not auctioned");
    assert_status(world_bid(w, id, BOB, CAROL, "2"), ERR_PERMISSION);
    assert_says(w, "does not sign");
    assert_status(world_bid(w, id, CAROL, CAROL, "2"), ERR_PERMISSION);
    assert_says(w, "whitelist");
    assert_status(world_bid(w, id, BOB, BOB, "6"), ERR_INVALID);
    assert_says(w, "at most 4");
    assert_status(world_bid(w, id, BOB, BOB, "0"), ERR_INVALID);
    assert_says(w, "least that may be bid is 2");
    assert_status(world_bid(w, id, BOB, BOB, "3"), ERR_INVALID);
    assert_says(w, "multiple of 2");
    assert_status(world_bid(w, id, BOB, BOB, ""), ERR_INVALID);
    assert_status(world_bid(w, id, BOB, BOB, "2.0"), ERR_INVALID);
    assert_status(world_bid(w, id, BOB, BOB, "-2"), ERR_INVALID);
    assert_int_equal(world_auction_row(w, id)->bids, 0);
    assert_null(world_prover(w, BOB));
    w->rules.prover_stake = "1001";
    assert_status(world_bid(w, id, BOB, BOB, "2"), ERR_LIMIT);
    assert_says(w, "you need to stake");
    w->rules.prover_stake = "1000";
    w->rules.prover_allow = "0x1212121212121212121212121212121212121212";
    assert_status(world_bid(w, id, BOB, BOB, "2"), ERR_PERMISSION);
    assert_says(w, "prover.allow");
    w->rules.prover_allow = "0x1111111111111111111111111111111111111111";
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK);
    w->now += HOUR;
    assert_status(world_bid(w, id, BOB, BOB, "2"), ERR_INVALID);
    assert_says(w, "deadline");
}

static void a_bid_may_be_lowered_never_raised(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t);
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK);
    assert_status(world_bid(w, id, CAROL, CAROL, "2"), OK);
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK); /* the same again */
    assert_status(world_bid(w, id, CAROL, CAROL, "3"), ERR_INVALID);
    assert_status(world_bid(w, id, BOB, BOB, "1"), OK);
    assert_int_equal(world_auction_row(w, id)->bids, 2);
    w->now += 2000;
    world_tick(w);
    assert_int_equal(world_request(w, id)->fulfiller[0], BOB);
    assert_string_equal(world_auction_row(w, id)->price, "1");
}

static void worthless_bids_keep_no_good_one_out(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t);
    w->rules.prover_bids_max = 2;
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK);
    assert_status(world_bid(w, id, CAROL, CAROL, "2"), OK);
    assert_status(world_bid(w, id, DAVE, DAVE, "2"), ERR_LIMIT);
    assert_says(w, "prover.bids_max");
    assert_status(world_bid(w, id, BOB, BOB, "2"), OK); /* its own, lowered */
    assert_status(world_bid(w, id, DAVE, DAVE, "1"), OK);
    assert_int_equal(world_auction_row(w, id)->winner[0], DAVE);
}

static void only_the_signer_of_a_prover_bids_for_it(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t);
    delegate(w, BOB, CAROL);
    assert_status(world_bid(w, id, BOB, BOB, "1"), ERR_PERMISSION);
    assert_status(world_bid(w, id, BOB, CAROL, "1"), OK);
    w->now += 2000;
    world_tick(w);
    assert_int_equal(world_request(w, id)->fulfiller[0], BOB);
    assert_status(world_refuse(w, id, DAVE, PROVERNET_BLAME_ATTEMPT),
                  ERR_PERMISSION);
    assert_status(world_refuse(w, id, CAROL, PROVERNET_BLAME_ATTEMPT), OK);
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_REFUSED);
    assert_string_equal(world_balance(w, ALICE), "1000");
    assert_int_equal(world_prover(w, BOB)->failed, 1);
}

static void the_auctioneer_settles_and_nobody_else(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_address(t.auctioneer20, BOSS);
    provernet_id id = opened(w, &t);
    assert_status(world_settle(w, id, BOB, BOSS), ERR_STATE); /* window */
    assert_status(world_bid(w, id, BOB, BOB, "3"), OK);
    assert_status(world_bid(w, id, CAROL, CAROL, "2"), OK);
    w->now += 5000;
    world_tick(w);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_OPEN);
    assert_status(world_bid(w, id, DAVE, DAVE, "3"), OK); /* until it settles */
    assert_status(world_settle(w, id, BOB, BOB), ERR_PERMISSION);
    assert_status(world_settle(w, id, ALICE, BOSS), ERR_STATE);
    assert_says(w, "has not bid");
    assert_status(world_settle(w, id, BOB, BOSS), OK);
    assert_status(world_settle(w, id, BOB, BOSS), OK); /* again */
    assert_status(world_settle(w, id, CAROL, BOSS), ERR_STATE);
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, BOB), "1305");
    assert_status(world_settle(w, id, CAROL, BOSS), ERR_STATE);
    id = opened(w, &(pvn_terms){ .price_max = "1" });
    assert_status(world_settle(w, id, BOB, BOSS), ERR_PERMISSION);
}

static void a_deadline_missed_gives_the_money_back(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = won(w, &t);
    w->now += HOUR;
    world_tick(w);
    const pvn_request *q = world_request(w, id);
    assert_int_equal(q->cause, PROVERNET_CAUSE_EXPIRED);
    assert_int_equal(q->settle, PVN_SETTLE_RETURNED);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_FAILED);
    assert_int_equal(world_prover(w, CAROL)->failed, 1);
    assert_string_equal(world_balance(w, ALICE), "1000");
    assert_string_equal(world_balance(w, CAROL), "");
    assert_status(world_prove(w, id, true), ERR_LEASE);
}

static void without_bids_the_deadline_is_nobodys_fault(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t);
    w->now += HOUR;
    world_tick(w);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_VOID);
    assert_string_equal(world_balance(w, ALICE), "1000");
}

static void a_wrong_proof_keeps_the_winner_until_too_many(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = won(w, &t);
    for (int i = 0; i < 2; i++) {
        assert_status(world_prove(w, id, false), OK);
        const pvn_task *task = world_task_named(w, id, "main");
        assert_int_equal(task->state, PVN_TASK_LEASED);
        assert_int_equal(task->attempt, i + 2);
        assert_int_equal(task->lease_ms, world_request(w, id)->deadline_ms);
        assert_string_equal(world_balance(w, ALICE), "695");
    }
    assert_status(world_prove(w, id, false), OK);
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_ATTEMPTS);
    assert_string_equal(world_balance(w, ALICE), "1000");
    assert_int_equal(world_prover(w, CAROL)->failed, 1);
    /* three strikes: set aside for an hour */
    id = opened(w, &t);
    assert_status(world_bid(w, id, CAROL, CAROL, "1"), ERR_PERMISSION);
    assert_says(w, "suspended");
    w->now += HOUR;
    id = opened(w, &t);
    assert_status(world_bid(w, id, CAROL, CAROL, "1"), OK);
    w->now += 2000;
    world_tick(w);
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, CAROL), "1105");
}

static void who_executes_says_what_is_paid(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_address(t.executor20, EXECUTOR);
    provernet_id id = won(w, &t);
    assert_status(world_execute(w, id, CAROL, true, 10, NULL), ERR_PERMISSION);
    assert_status(world_execute(w, id, EXECUTOR, true, 101, NULL), ERR_INVALID);
    assert_says(w, "101 units");
    assert_status(world_execute(w, id, EXECUTOR, true, 10, NULL), OK);
    assert_status(world_execute(w, id, EXECUTOR, true, 10, NULL), ERR_STATE);
    assert_status(world_prove(w, id, true), OK);
    assert_string_equal(world_balance(w, CAROL), "1015");
    assert_string_equal(world_balance(w, ALICE), "985");
    assert_string_equal(world_prover(w, CAROL)->cycles, "20");
    assert_status(world_execute(w, id, EXECUTOR, true, 10, NULL), ERR_STATE);
}

static void the_proof_may_come_before_the_execution(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_address(t.executor20, EXECUTOR);
    provernet_id id = won(w, &t);
    assert_status(world_prove(w, id, true), OK);
    assert_int_equal(world_request(w, id)->state, PROVERNET_FULFILLED);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_PROVEN);
    assert_string_equal(world_balance(w, ALICE), "695");
    assert_status(world_execute(w, id, EXECUTOR, false, 0, "1"), ERR_STATE);
    assert_status(world_execute(w, id, EXECUTOR, true, 7, NULL), OK);
    assert_string_equal(world_balance(w, CAROL), "1012");
    assert_string_equal(world_balance(w, ALICE), "988");
}

static void an_executor_that_never_comes_means_the_limit(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_address(t.executor20, EXECUTOR);
    provernet_id id = won(w, &t);
    assert_status(world_prove(w, id, true), OK);
    w->now += HOUR;
    world_tick(w);
    assert_int_equal(world_auction_row(w, id)->state, PVN_AUCTION_PAID);
    assert_string_equal(world_balance(w, CAROL), "1105");
}

static void what_cannot_run_is_punished_once(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_address(t.executor20, EXECUTOR);
    world_address(t.treasury20, TREASURY);
    provernet_id id = won(w, &t);
    assert_status(world_execute(w, id, EXECUTOR, false, 0, "306"), ERR_INVALID);
    assert_status(world_execute(w, id, EXECUTOR, false, 0, "x"), ERR_INVALID);
    assert_status(world_execute(w, id, EXECUTOR, false, 0, "300"), OK);
    assert_string_equal(world_balance(w, TREASURY), "1300");
    assert_string_equal(world_balance(w, ALICE), "700");
    /* the prover is told by the status, and answers */
    assert_true(world_request(w, id)->state < PROVERNET_FULFILLED);
    assert_int_equal(world_request(w, id)->exec, PVN_EXEC_IMPOSSIBLE);
    assert_status(world_execute(w, id, EXECUTOR, false, 0, "300"), ERR_STATE);
    assert_status(world_refuse(w, id, CAROL, PROVERNET_BLAME_ATTEMPT), OK);
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_INPUT);
    assert_int_equal(world_prover(w, CAROL)->failed, 0);
    /* not assigned: it ends at once */
    id = opened(w, &t);
    assert_status(world_execute(w, id, EXECUTOR, false, 0, NULL), OK);
    assert_int_equal(world_request(w, id)->state, PROVERNET_FAILED);
    assert_string_equal(world_balance(w, ALICE), "700");
}

static void without_an_auction_the_given_executor_may_speak(void **state)
{
    world *w = *state;
    uint8_t executor[20];
    provernet_id id = world_submit(w, KIND, ALICE);
    assert_status(world_execute(w, id, EXECUTOR, true, 5, NULL),
                  ERR_PERMISSION);
    world_address(executor, EXECUTOR);
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_EXECUTE);
    op->u.request_execute.id = id;
    op->u.request_execute.executor20 = executor;
    world_address(op->u.request_execute.by20, EXECUTOR);
    assert_status(world_run(w, op, NULL), OK);
    assert_int_equal(world_request(w, id)->exec, PVN_EXEC_IMPOSSIBLE);
    assert_int_equal(world_request(w, id)->state, PROVERNET_FAILED);
}

static void a_stranger_cannot_declare_a_request_impossible(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = won(w, &t);
    assert_status(world_refuse(w, id, CAROL, PROVERNET_BLAME_INPUT), OK);
    assert_int_equal(world_request(w, id)->cause, PROVERNET_CAUSE_REFUSED);
    assert_int_equal(world_request(w, id)->exec, PVN_EXEC_UNKNOWN);
    assert_int_equal(world_prover(w, CAROL)->failed, 1);
}

static void our_own_workers_are_the_last_resort(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_lease l;
    t.fallback_ms = 10000;
    provernet_id mine = world_hello(w, "own", KIND);
    provernet_id id = opened(w, &t), bid = opened(w, &t);
    assert_status(world_bid(w, bid, BOB, BOB, "1"), OK);
    w->now += 9999;
    world_tick(w);
    assert_false(world_take(w, mine, KIND, &l));
    w->now += 1;
    world_tick(w);
    assert_true(world_take(w, mine, KIND, &l));
    assert_memory_equal(&l.request, &id, 16);
    assert_false(world_take(w, mine, KIND, &l));
    assert_status(world_bid(w, id, BOB, BOB, "1"), ERR_INVALID);
    assert_status(world_prove(w, id, true), OK);
    assert_int_equal(world_request(w, id)->state, PROVERNET_FULFILLED);
    assert_int_equal(world_request(w, id)->settle, PVN_SETTLE_RETURNED);
    assert_status(world_prove(w, bid, true), OK);
    assert_string_equal(world_balance(w, ALICE), "895");
    assert_string_equal(world_balance(w, BOB), "1105");
}

static void a_suspended_prover_does_not_bid(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    int64_t until = w->now + 1000, capacity = 4;
    provernet_id id = opened(w, &t);
    pvn_op *op = pvn_op_new(PVN_OP_PROVER_APPLY);
    op->u.prover_apply.suspended_ms = &until;
    op->u.prover_apply.capacity = &capacity;
    world_address(op->u.prover_apply.prover20, BOB);
    assert_status(world_run(w, op, NULL), OK);
    assert_int_equal(world_prover(w, BOB)->capacity, 4);
    assert_status(world_bid(w, id, BOB, BOB, "1"), ERR_PERMISSION);
    assert_says(w, "suspended for another 1 s");
    w->now += 1000;
    assert_status(world_bid(w, id, BOB, BOB, "1"), OK);
}

static void auctions_bids_and_provers_can_be_read(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    world_address(t.auctioneer20, BOSS);
    provernet_id id = opened(w, &t);
    pvn_op *op = pvn_op_new(PVN_OP_READ_AUCTION);
    world_bid(w, id, CAROL, CAROL, "2");
    w->now += 1;
    world_bid(w, id, BOB, BOB, "1");
    w->now += 5000;
    op->u.read_auction.id = id;
    assert_status(world_batch(w, &op, 1), OK);
    assert_int_equal(op->u.read_auction.bids_len, 2);
    assert_int_equal(op->u.read_auction.bids[0]->prover[0], CAROL);
    assert_string_equal(op->u.read_auction.auction->price, "1");
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_READ_AUCTIONS);
    op->u.read_auctions.state = PVN_AUCTION_OPEN;
    assert_status(world_batch(w, &op, 1), OK);
    assert_int_equal(op->u.read_auctions.auctions_len, 1);
    assert_memory_equal(&op->u.read_auctions.requests[0]->id, &id, 16);
    pvn_op_free(op);
    world_settle(w, id, BOB, BOSS);
    world_prove(w, id, true);
    op = pvn_op_new(PVN_OP_READ_AUCTIONS);
    op->u.read_auctions.state = PVN_AUCTION_PAID;
    op->u.read_auctions.since_ms = w->now;
    assert_status(world_batch(w, &op, 1), OK);
    assert_int_equal(op->u.read_auctions.auctions_len, 1);
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_READ_PROVERS);
    assert_status(world_batch(w, &op, 1), OK);
    assert_int_equal(op->u.read_provers.provers_len, 2);
    pvn_op_free(op);
    op = pvn_op_new(PVN_OP_READ_PROVER);
    world_address(op->u.read_prover.prover20, BOB);
    assert_status(world_batch(w, &op, 1), OK);
    assert_int_equal(op->u.read_prover.prover->proved, 1);
    assert_non_null(op->u.read_prover.worker);
    pvn_op_free(op);
}

/* All in one batch: the rows of one are the rows of the next. */
static void bids_of_one_batch_see_each_other(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    pvn_op *op[4];
    provernet_id id = opened(w, &t);
    for (int i = 0; i < 3; i++) {
        static const char *const amount[] = { "3", "1", "2" };
        op[i] = pvn_op_new(PVN_OP_BID_PLACE);
        op[i]->u.bid_place.id = id;
        op[i]->u.bid_place.amount = amount[i];
        world_address(op[i]->u.bid_place.prover20, (uint8_t)(BOB + i));
        world_address(op[i]->u.bid_place.by20, (uint8_t)(BOB + i));
    }
    op[3] = pvn_op_new(PVN_OP_TICK);
    assert_status(world_batch(w, op, 4), OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(op[i]->err.status, PROVERNET_OK);
        pvn_op_free(op[i]);
    }
    assert_int_equal(world_auction_row(w, id)->bids, 3);
    assert_int_equal(world_auction_row(w, id)->winner[0], CAROL);
}

static void bids_carry_nonces(void **state)
{
    world *w = *state;
    pvn_terms t = terms();
    provernet_id id = opened(w, &t);
    for (int i = 0; i < 3; i++) {
        pvn_op *op = pvn_op_new(PVN_OP_BID_PLACE);
        op->u.bid_place.id = id;
        op->u.bid_place.amount = i == 0 ? "9" : "1";
        world_address(op->u.bid_place.prover20, BOB);
        world_address(op->u.bid_place.by20, BOB);
        op->signer.check_nonce = true;
        world_address(op->signer.address20, BOB);
        provernet_status s = world_run(w, op, NULL);
        assert_int_equal(s, i == 0   ? PROVERNET_ERR_INVALID
                            : i == 1 ? PROVERNET_OK
                                     : PROVERNET_ERR_NONCE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_worst_case_is_held_and_no_worker_of_ours_takes_it),
        TEST(terms_must_make_sense_and_be_paid_for),
        TEST(the_lowest_bid_wins_and_is_paid_for_the_limit),
        TEST(without_a_window_the_first_bid_wins_at_once),
        TEST(a_late_bid_is_refused_also_before_the_tick),
        TEST(a_bid_is_refused_with_its_reason),
        TEST(a_bid_may_be_lowered_never_raised),
        TEST(worthless_bids_keep_no_good_one_out),
        TEST(only_the_signer_of_a_prover_bids_for_it),
        TEST(the_auctioneer_settles_and_nobody_else),
        TEST(a_deadline_missed_gives_the_money_back),
        TEST(without_bids_the_deadline_is_nobodys_fault),
        TEST(a_wrong_proof_keeps_the_winner_until_too_many),
        TEST(who_executes_says_what_is_paid),
        TEST(the_proof_may_come_before_the_execution),
        TEST(an_executor_that_never_comes_means_the_limit),
        TEST(what_cannot_run_is_punished_once),
        TEST(without_an_auction_the_given_executor_may_speak),
        TEST(a_stranger_cannot_declare_a_request_impossible),
        TEST(our_own_workers_are_the_last_resort),
        TEST(a_suspended_prover_does_not_bid),
        TEST(auctions_bids_and_provers_can_be_read),
        TEST(bids_of_one_batch_see_each_other),
        TEST(bids_carry_nonces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
