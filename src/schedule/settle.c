/* schedule/settle.c - how an auction ends, and who gets the money. Pure;
 * includes auction.h.
 *
 * All money moves here: what leaves `held` or a winner's collateral arrives in
 * an account in the same decide, and the other way round. */
#include "schedule/auction.h"

enum { WHOLE = 10000 }; /* shares are hundredths of a percent */

/* ---- numbers ---- */

pvn_amount pvn_amount_from(const char *text)
{
    pvn_amount a = pvn_amount_of(0);
    if (!pvn_amount_read(&a, text))
        return pvn_amount_of(0);
    return a;
}

bool pvn_cost(pvn_amount *out, const pvn_amount *price, uint64_t units,
              const pvn_amount *fee)
{
    pvn_amount cost = *price;
    if (!pvn_amount_mul(&cost, units) || !pvn_amount_add(&cost, fee))
        return false;
    *out = cost;
    return true;
}

const char *pvn_amount_keep(pvn_cx *cx, const pvn_amount *a)
{
    char text[PVN_AMOUNT_CHARS];
    const char *kept =
        pvn_arena_text(cx->rows->arena, pvn_amount_text(text, a));
    if (!kept)
        cx->rows->failed = true;
    return kept;
}

static void add_to(pvn_cx *cx, const char **sum, const pvn_amount *more)
{
    pvn_amount a = pvn_amount_from(*sum);
    if (pvn_amount_add(&a, more))
        *sum = pvn_amount_keep(cx, &a);
}

/* Rounded down; never beyond the amount, so nothing overflows. */
static pvn_amount share_of(const pvn_amount *amount, uint64_t share)
{
    pvn_amount part = *amount;
    uint64_t rest = pvn_amount_div(&part, WHOLE);
    pvn_amount more = pvn_amount_of(rest * share / WHOLE);
    pvn_amount_mul(&part, share);
    pvn_amount_add(&part, &more);
    return part;
}

/* ---- what is held ---- */

/* What a movement is named after in the log: the request. */
void pvn_auction_tx(uint8_t out32[32], const pvn_request *q)
{
    memset(out32, 0, 32);
    if (q->name.len == 32)
        memcpy(out32, q->name.data, 32);
    else
        memcpy(out32, q->id.bytes, sizeof q->id.bytes);
}

/* From what is held to an account; what does not fit there stays held. */
static void move_out(pvn_cx *cx, const pvn_request *q, pvn_auction *a,
                     const uint8_t to20[20], const pvn_amount *amount,
                     int64_t operation)
{
    pvn_amount held = pvn_amount_from(a->held);
    uint8_t tx[32];
    pvn_auction_tx(tx, q);
    if (pvn_amount_zero(amount) || pvn_amount_compare(amount, &held) > 0 ||
        !pvn_balance_get(cx, to20, amount, operation, tx))
        return;
    pvn_amount_sub(&held, amount);
    pvn_touch(cx, &a->row);
    a->held = pvn_amount_keep(cx, &held);
}

void pvn_auction_give_back(pvn_cx *cx, const pvn_request *q, pvn_auction *a)
{
    pvn_amount held = pvn_amount_from(a->held);
    move_out(cx, q, a, a->requester, &held, PVN_BALANCE_REQUEST);
}

/* ---- the winner's collateral: held while it is assigned ---- */

void pvn_bond_take(pvn_cx *cx, const pvn_request *q, pvn_auction *a,
                   const uint8_t winner20[20])
{
    pvn_amount bond = pvn_amount_from(cx->rules->prover_collateral);
    uint8_t tx[32];
    pvn_auction_tx(tx, q);
    a->bond = NULL;
    if (pvn_amount_zero(&bond))
        return;
    if (pvn_balance_pay(cx, winner20, &bond, PVN_BALANCE_REQUEST, tx)) {
        a->bond = pvn_amount_keep(cx, &bond);
        return;
    }
    cx->rows->bug = "a request was given to one without collateral";
    cx->rows->failed = true;
}

bool pvn_bond_lost(const pvn_auction *a)
{
    return a->state == PVN_AUCTION_FAILED &&
           !pvn_is_zero(a->treasury, sizeof a->treasury);
}

/* Call it while the state is still ASSIGNED. Without a treasury nobody may
 * gain from a failure, least of all the requester: it goes back. */
static void release(pvn_cx *cx, const pvn_request *q, const pvn_auction *a,
                    bool fault)
{
    pvn_amount bond = pvn_amount_from(a->bond);
    bool lost = fault && !pvn_is_zero(a->treasury, sizeof a->treasury);
    uint8_t tx[32];
    if (a->state != PVN_AUCTION_ASSIGNED || pvn_amount_zero(&bond))
        return;
    pvn_auction_tx(tx, q);
    pvn_balance_get(cx, lost ? a->treasury : a->winner, &bond,
                    lost ? PVN_BALANCE_REWARD : PVN_BALANCE_REQUEST, tx);
    pvn_note(cx, lost ? "auction.forfeited" : "auction.released", &q->id, NULL,
             NULL, "\"collateral\":\"%s\"", a->bond);
}

/* ---- paid, punished, returned ---- */

void pvn_auction_end(pvn_cx *cx, pvn_request *q, pvn_auction *a, int64_t state,
                     int64_t settle)
{
    pvn_touch(cx, &a->row);
    a->state = state;
    a->due_ms = 0;
    a->ended_ms = cx->now_ms;
    pvn_touch(cx, &q->row);
    q->settle = settle;
}

void pvn_need_paid(pvn_cx *cx, const pvn_auction *a)
{
    uint8_t owner[20];
    pvn_need_account(cx, a->requester);
    pvn_need_account(cx, a->winner);
    pvn_need_account(cx, a->treasury);
    pvn_owner_of(cx, a->winner, owner);
    pvn_need_account(cx, owner);
}

/* The network's part, the part of those who staked (it stays with the prover),
 * and the rest: the owner's. Shares are rounded down. What the prover earned
 * with its owner comes out. */
static pvn_amount split(pvn_cx *cx, const pvn_request *q, pvn_auction *a,
                        const pvn_amount *cost)
{
    const pvn_prover *p = pvn_need_prover(cx, a->winner);
    bool treasury = !pvn_is_zero(a->treasury, sizeof a->treasury);
    int64_t fee = treasury ? cx->rules->protocol_fee : 0;
    int64_t share = p ? p->share : 0;
    uint8_t owner[20];
    fee = fee < 0 ? 0 : fee > WHOLE ? WHOLE : fee;
    share = share < 0 ? 0 : share > WHOLE - fee ? WHOLE - fee : share;
    pvn_owner_of(cx, a->winner, owner);
    pvn_amount network = share_of(cost, (uint64_t)fee), earned = *cost;
    pvn_amount_sub(&earned, &network);
    pvn_amount staked = share_of(cost, (uint64_t)share), rest = earned;
    pvn_amount_sub(&rest, &staked);
    move_out(cx, q, a, a->treasury, &network, PVN_BALANCE_REWARD);
    move_out(cx, q, a, a->winner, &staked, PVN_BALANCE_REWARD);
    move_out(cx, q, a, owner, &rest, PVN_BALANCE_REWARD);
    return earned;
}

void pvn_auction_pay(pvn_cx *cx, pvn_request *q, pvn_auction *a, uint64_t units)
{
    pvn_amount cost, price = pvn_amount_from(a->price);
    pvn_amount fee = pvn_amount_from(a->base_fee);
    pvn_amount done = pvn_amount_of(units);
    pvn_amount cycles = pvn_amount_of((uint64_t)a->cycles);
    pvn_prover *p = pvn_prover_use(cx, a->winner);
    if (!pvn_cost(&cost, &price, units, &fee))
        cost = pvn_amount_from(a->held); /* the terms bound it: never */
    pvn_amount earned = split(cx, q, a, &cost);
    pvn_auction_give_back(cx, q, a);
    a->paid = pvn_amount_keep(cx, &cost);
    pvn_auction_end(cx, q, a, PVN_AUCTION_PAID, PVN_SETTLE_PAID);
    if (p) {
        add_to(cx, &p->earned, &earned);
        add_to(cx, &p->units, &done);
        add_to(cx, &p->cycles, &cycles);
    }
    pvn_note(cx, "auction.paid", &q->id, NULL, NULL, "\"paid\":\"%s\"",
             a->paid ? a->paid : "");
}

void pvn_auction_punish(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                        const pvn_amount *punishment)
{
    release(cx, q, a, false);
    move_out(cx, q, a, a->treasury, punishment, PVN_BALANCE_REWARD);
    pvn_auction_give_back(cx, q, a);
    a->paid = pvn_amount_keep(cx, punishment);
    pvn_auction_end(cx, q, a, PVN_AUCTION_VOID, PVN_SETTLE_PAID);
    pvn_note(cx, "auction.punished", &q->id, NULL, NULL, "\"paid\":\"%s\"",
             a->paid ? a->paid : "");
}

/* ---- a request ends ---- */

void pvn_need_auction_end(pvn_cx *cx, const pvn_request *q)
{
    const pvn_auction *a =
        q->settle == PVN_SETTLE_OPEN ? pvn_need_auction(cx, &q->id) : NULL;
    if (a)
        pvn_need_paid(cx, a);
}

void pvn_auction_fulfilled(pvn_cx *cx, pvn_request *q)
{
    pvn_auction *a =
        q->settle == PVN_SETTLE_OPEN ? pvn_need_auction(cx, &q->id) : NULL;
    if (!a)
        return;
    pvn_prover *p = pvn_prover_use(cx, a->winner);
    if (p) {
        p->proved++;
        p->seen_ms = cx->now_ms;
    }
    release(cx, q, a, false);
    if (a->executed_ms > 0 || pvn_is_zero(a->executor, sizeof a->executor)) {
        pvn_auction_pay(
            cx, q, a, (uint64_t)(a->executed_ms > 0 ? a->units : a->units_max));
        return;
    }
    pvn_touch(cx, &a->row);
    a->state = PVN_AUCTION_PROVEN;
    a->due_ms = q->deadline_ms;
}

/* Did the winner let the requester down? How; NULL: it did not. */
static const char *winners_fault(const pvn_request *q, const pvn_auction *a,
                                 int64_t cause)
{
    if (a->state != PVN_AUCTION_ASSIGNED || q->exec == PVN_EXEC_IMPOSSIBLE)
        return NULL;
    switch (cause) {
    case PROVERNET_CAUSE_EXPIRED:
        return "missed its deadline";
    case PROVERNET_CAUSE_REFUSED:
        return "was given up";
    case PROVERNET_CAUSE_ATTEMPTS:
        return "got wrong proofs only";
    default:
        return NULL;
    }
}

/* Too many within the window that began with the first of them: it gets
 * nothing for a while, and the count begins anew. */
static void count_failure(pvn_cx *cx, pvn_prover *p, const char *fault)
{
    const pvn_rules *r = cx->rules;
    p->failed++;
    if (p->misses == 0 || cx->now_ms - p->misses_ms >= r->prover_failures_ms) {
        p->misses = 0;
        p->misses_ms = cx->now_ms;
    }
    p->misses++;
    if (r->prover_failures_max <= 0 || p->misses < r->prover_failures_max)
        return;
    const char *why = pvn_arena_format(
        cx->rows->arena,
        "%lld of its requests failed within %lld s (prover.failures_max), the "
        "last one %s",
        (long long)p->misses, (long long)(r->prover_failures_ms / 1000), fault);
    if (!why)
        cx->rows->failed = true;
    p->misses = 0;
    int64_t most = INT64_MAX - cx->now_ms, time = r->prover_suspension_ms;
    pvn_prover_suspend(cx, p, cx->now_ms + (time < most ? time : most), why);
}

void pvn_auction_failed(pvn_cx *cx, pvn_request *q, int64_t cause)
{
    pvn_auction *a =
        q->settle == PVN_SETTLE_OPEN ? pvn_need_auction(cx, &q->id) : NULL;
    if (!a)
        return;
    const char *fault = winners_fault(q, a, cause);
    release(cx, q, a, fault != NULL);
    pvn_auction_give_back(cx, q, a);
    pvn_auction_end(cx, q, a, fault ? PVN_AUCTION_FAILED : PVN_AUCTION_VOID,
                    PVN_SETTLE_RETURNED);
    pvn_prover *p = fault ? pvn_prover_use(cx, a->winner) : NULL;
    if (p)
        count_failure(cx, p, fault);
    pvn_note(cx, "auction.returned", &q->id, NULL, NULL, "\"fault\":%s",
             fault ? "true" : "false");
}
