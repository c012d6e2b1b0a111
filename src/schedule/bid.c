/* schedule/bid.c - bids and who wins. Pure; includes auction.h.
 *
 * The best bid is kept in the auction's row: no operation reads all bids. */
#include "schedule/auction.h"

static provernet_status not_found(pvn_cx *cx)
{
    return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                    "there is no such request");
}

static pvn_bid *need_bid(pvn_cx *cx, const provernet_id *request,
                         const uint8_t prover20[20])
{
    pvn_bid key = { .row.table = PVN_BID, .request = *request };
    memcpy(key.prover, prover20, sizeof key.prover);
    return (pvn_bid *)pvn_need(cx, &key.row);
}

static bool by_itself(const pvn_auction *a)
{
    return pvn_is_zero(a->auctioneer, sizeof a->auctioneer);
}

/* ---- bid_place ---- */

void pvn_keys_bid_place(pvn_cx *cx)
{
    const pvn_op_bid_place *u = &cx->op->u.bid_place;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    uint8_t signer[20];
    pvn_signer_of(cx, u->prover20, signer);
    pvn_need_account(cx, u->prover20);
    pvn_need_prover(cx, u->prover20);
    pvn_need_prover_worker(cx, u->prover20);
    if (!q)
        return;
    pvn_need_auction(cx, &q->id);
    need_bid(cx, &q->id, u->prover20);
    pvn_need_assign(cx, q, u->prover20);
}

static provernet_status check_open(pvn_cx *cx, const pvn_request *q,
                                   const pvn_auction *a)
{
    provernet_error *err = &cx->op->err;
    if (!a)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the request is not open for bids: it is not "
                        "auctioned");
    if (a->state != PVN_AUCTION_OPEN || !pvn_request_open(q))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the request is not open for bids: it is %s",
                        a->state == PVN_AUCTION_OPEN ||
                                a->state == PVN_AUCTION_VOID
                            ? "closed"
                            : "assigned");
    if (q->deadline_ms <= cx->now_ms)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the request is not open for bids: its deadline has "
                        "passed");
    if (by_itself(a) && a->bids > 0 && a->close_ms <= cx->now_ms)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the request is not open for bids: bidding has ended");
    return PROVERNET_OK;
}

static bool whitelisted(const pvn_auction *a, const uint8_t prover20[20])
{
    for (size_t i = 0; i + 20 <= a->whitelist.len; i += 20)
        if (memcmp(a->whitelist.data + i, prover20, 20) == 0)
            return true;
    return a->whitelist.len < 20;
}

static provernet_status check_stake(pvn_cx *cx, provernet_error *err)
{
    char have[PVN_AMOUNT_CHARS], want[PVN_AMOUNT_CHARS];
    pvn_amount stake = pvn_amount_from(cx->rules->prover_stake);
    pvn_amount has = pvn_balance_of(cx, cx->op->u.bid_place.prover20);
    if (pvn_amount_compare(&has, &stake) >= 0)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                    "prover.stake: you need to stake: the prover's balance is "
                    "%s, %s is needed to bid",
                    pvn_amount_text(have, &has), pvn_amount_text(want, &stake));
}

static provernet_status check_prover(pvn_cx *cx, const pvn_auction *a)
{
    const pvn_op_bid_place *u = &cx->op->u.bid_place;
    provernet_error *err = &cx->op->err;
    uint8_t signer[20];
    char hex[41], by[41];
    pvn_signer_of(cx, u->prover20, signer);
    if (memcmp(signer, u->by20, 20) != 0)
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "0x%s does not sign for prover 0x%s",
                        pvn_hex(by, u->by20, 20),
                        pvn_hex(hex, u->prover20, 20));
    if (!pvn_address_listed(cx->rules->prover_allow, u->prover20, true))
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "prover 0x%s may not bid here: it is not in "
                        "prover.allow",
                        pvn_hex(hex, u->prover20, 20));
    if (!whitelisted(a, u->prover20))
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "prover 0x%s is not in the whitelist of this request",
                        pvn_hex(hex, u->prover20, 20));
    provernet_status s = pvn_prover_unfit(cx, u->prover20, err);
    return s < 0 ? s : check_stake(cx, err);
}

static provernet_status check_amount(pvn_cx *cx, const pvn_auction *a,
                                     pvn_amount *amount)
{
    const pvn_op_bid_place *u = &cx->op->u.bid_place;
    provernet_error *err = &cx->op->err;
    pvn_amount least = pvn_amount_from(a->price_min);
    pvn_amount most = pvn_amount_from(a->price_max);
    pvn_amount rest;
    uint64_t step = pvn_amount_from(a->price_step).limb[0];
    if (!pvn_amount_read(amount, u->amount))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "amount is \"%.80s\", expected a whole decimal number",
                        u->amount ? u->amount : "");
    if (pvn_amount_compare(amount, &most) > 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "amount is %.78s, the request pays at most %.78s",
                        u->amount, a->price_max ? a->price_max : "0");
    if (pvn_amount_compare(amount, &least) < 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "amount is %.78s, the least that may be bid is %.78s",
                        u->amount, a->price_min ? a->price_min : "0");
    rest = *amount;
    if (step > 1 && pvn_amount_div(&rest, step) != 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "amount is %.78s, expected a multiple of %llu",
                        u->amount, (unsigned long long)step);
    return PROVERNET_OK;
}

/* Bids are rows: they end somewhere. But who asks less than all others is
 * always heard, else worthless bids could keep it out. */
static provernet_status check_room(pvn_cx *cx, const pvn_auction *a,
                                   const pvn_bid *b, const pvn_amount *amount)
{
    pvn_amount best = pvn_amount_from(a->price);
    int64_t max = cx->rules->prover_bids_max;
    max = max > 0 ? max : 1000;
    if (b || a->bids < max || pvn_amount_compare(amount, &best) < 0)
        return PROVERNET_OK;
    return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                    "prover.bids_max: this request has %lld bids; one more "
                    "must be below %.78s",
                    (long long)a->bids, a->price ? a->price : "0");
}

static void write_bid(pvn_cx *cx, const pvn_request *q, pvn_auction *a,
                      pvn_bid *b, const pvn_amount *amount)
{
    const pvn_op_bid_place *u = &cx->op->u.bid_place;
    pvn_amount best = pvn_amount_from(a->price);
    pvn_prover *p = pvn_prover_use(cx, u->prover20);
    pvn_bid key = { .row.table = PVN_BID, .request = q->id };
    memcpy(key.prover, u->prover20, sizeof key.prover);
    pvn_touch(cx, &a->row);
    if (!b) {
        b = (pvn_bid *)pvn_rows_make(cx->rows, &key.row);
        a->bids++;
    }
    if (!b || !p)
        return;
    pvn_touch(cx, &b->row);
    memcpy(b->signer, u->by20, sizeof b->signer);
    b->amount = u->amount;
    b->created_ms = cx->now_ms;
    b->signed_bytes = u->signed_bytes;
    p->bids++;
    p->seen_ms = cx->now_ms;
    if (p->suspended_ms > 0) /* its time is over */
        pvn_prover_suspend(cx, p, 0, NULL);
    if (!a->price || pvn_amount_compare(amount, &best) < 0) {
        a->price = u->amount;
        memcpy(a->winner, u->prover20, sizeof a->winner);
    }
    pvn_note(cx, "auction.bid", &q->id, NULL, NULL, "\"bids\":%lld",
             (long long)a->bids);
}

provernet_status pvn_decide_bid_place(pvn_cx *cx)
{
    pvn_op_bid_place *u = &cx->op->u.bid_place;
    pvn_request *q = pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    pvn_amount amount;
    u->again = u->assigned = false;
    if (!q)
        return not_found(cx);
    pvn_auction *a = pvn_need_auction(cx, &q->id);
    provernet_status s = check_open(cx, q, a);
    if (s == PROVERNET_OK)
        s = check_prover(cx, a);
    if (s == PROVERNET_OK)
        s = check_amount(cx, a, &amount);
    if (s < 0)
        return s;
    pvn_bid *b = need_bid(cx, &q->id, u->prover20);
    pvn_amount before = pvn_amount_from(b ? b->amount : NULL);
    int order = b ? pvn_amount_compare(&amount, &before) : -1;
    if (order == 0) {
        u->again = true;
        return PROVERNET_OK;
    }
    if (order > 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "amount is %.78s, this prover has bid %.78s already\n"
                        "help: a bid may only be lowered",
                        u->amount, b->amount);
    s = check_room(cx, a, b, &amount);
    if (s < 0)
        return s;
    write_bid(cx, q, a, b, &amount);
    if (!by_itself(a))
        return PROVERNET_OK;
    if (a->close_ms <= cx->now_ms) {
        pvn_auction_assign(cx, q, a, a->winner);
        u->assigned = true;
    } else {
        a->due_ms = a->close_ms;
    }
    return PROVERNET_OK;
}

/* ---- auction_settle ---- */

void pvn_keys_auction_settle(pvn_cx *cx)
{
    const pvn_op_auction_settle *u = &cx->op->u.auction_settle;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q)
        return;
    pvn_need_auction(cx, &q->id);
    need_bid(cx, &q->id, u->winner20);
    pvn_need_assign(cx, q, u->winner20);
}

provernet_status pvn_decide_auction_settle(pvn_cx *cx)
{
    const pvn_op_auction_settle *u = &cx->op->u.auction_settle;
    pvn_request *q = pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    provernet_error *err = &cx->op->err;
    char hex[41];
    if (!q)
        return not_found(cx);
    pvn_auction *a = pvn_need_auction(cx, &q->id);
    if (!a || by_itself(a) || memcmp(a->auctioneer, u->by20, 20) != 0)
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "0x%s is not the auctioneer of this request",
                        pvn_hex(hex, u->by20, 20));
    if (a->state != PVN_AUCTION_OPEN &&
        memcmp(a->winner, u->winner20, 20) == 0 && a->state <= PVN_AUCTION_PAID)
        return PROVERNET_OK; /* settled so before */
    if (a->state != PVN_AUCTION_OPEN || !pvn_request_open(q) ||
        q->deadline_ms <= cx->now_ms)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the request is settled or has ended already");
    if (a->close_ms > cx->now_ms)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "bids are taken for another %lld ms",
                        (long long)(a->close_ms - cx->now_ms));
    const pvn_bid *b = need_bid(cx, &q->id, u->winner20);
    if (!b)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "winner 0x%s has not bid on this request",
                        pvn_hex(hex, u->winner20, 20));
    if (pvn_prover_unfit(cx, u->winner20, err) < 0) {
        err->status = PROVERNET_ERR_STATE; /* not who asks is refused */
        return PROVERNET_ERR_STATE;
    }
    pvn_touch(cx, &a->row);
    a->price = b->amount;
    a->settle_signed = u->signed_bytes;
    pvn_auction_assign(cx, q, a, u->winner20);
    return PROVERNET_OK;
}
