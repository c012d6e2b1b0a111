/* schedule/auction.c - an auction from its terms to its winner. Pure; includes
 * auction.h. How it ends, and who gets the money: settle.c. */
#include "schedule/auction.h"

/* Bids that are looked at when the best one turns out void. */
enum { BIDS_MAX = 1000 };

/* ---- rows ---- */

pvn_auction *pvn_need_auction(pvn_cx *cx, const provernet_id *request)
{
    pvn_auction key = { .row.table = PVN_AUCTION, .request = *request };
    return (pvn_auction *)pvn_need(cx, &key.row);
}

static const char *worker_name(pvn_cx *cx, const uint8_t prover20[20])
{
    char hex[41];
    const char *name =
        pvn_arena_format(cx->rows->arena, "0x%s", pvn_hex(hex, prover20, 20));
    if (!name)
        cx->rows->failed = true;
    return name;
}

pvn_worker *pvn_need_prover_worker(pvn_cx *cx, const uint8_t prover20[20])
{
    const char *name = worker_name(cx, prover20);
    pvn_want ask = { .scan = PVN_WORKER_BY_NAME,
                     .table = PVN_WORKER,
                     .text1 = PVN_PROVER_ORIGIN,
                     .text2 = name,
                     .limit = 1 };
    if (!name)
        return NULL;
    pvn_worker *w = pvn_rows_worker_by_name(cx->rows, PVN_PROVER_ORIGIN, name);
    if (!w && pvn_need_scan(cx, &ask))
        w = pvn_rows_worker_by_name(cx->rows, PVN_PROVER_ORIGIN, name);
    return w;
}

pvn_prover *pvn_prover_use(pvn_cx *cx, const uint8_t prover20[20])
{
    pvn_prover *p = pvn_need_prover(cx, prover20);
    pvn_prover key = { .row.table = PVN_PROVER };
    if (p) {
        pvn_touch(cx, &p->row);
        return p;
    }
    memcpy(key.address, prover20, sizeof key.address);
    p = (pvn_prover *)pvn_rows_make(cx->rows, &key.row);
    if (!p)
        return NULL;
    pvn_touch(cx, &p->row);
    p->created_ms = cx->now_ms;
    return p;
}

bool pvn_address_listed(const char *list, const uint8_t address20[20],
                        bool if_empty)
{
    char word[128];
    uint8_t address[20];
    bool any = false;
    for (size_t i = 0; pvn_word_at(list, i, word); i++) {
        any = true;
        if (pvn_unhex(address, sizeof address, word, strlen(word)) &&
            memcmp(address, address20, sizeof address) == 0)
            return true;
    }
    return !any && if_empty;
}

/* ---- terms ---- */

static provernet_status number(pvn_cx *cx, const char *field, const char *text,
                               pvn_amount *out)
{
    *out = pvn_amount_of(0);
    if (!text || !*text || pvn_amount_read(out, text))
        return PROVERNET_OK;
    return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                    "%s is \"%.80s\", expected a whole decimal number below "
                    "2^256",
                    field, text);
}

static bool stepped(pvn_amount price, uint64_t step)
{
    return step <= 1 || pvn_amount_div(&price, step) == 0;
}

provernet_status pvn_auction_check(pvn_cx *cx, const pvn_terms *t,
                                   const uint8_t requester20[20])
{
    provernet_error *err = &cx->op->err;
    pvn_amount least, most, fee, hold, have;
    provernet_status s = number(cx, "lowest price", t->price_min, &least);
    if (s == PROVERNET_OK)
        s = number(cx, "highest price", t->price_max, &most);
    if (s == PROVERNET_OK)
        s = number(cx, "base fee", t->base_fee, &fee);
    if (s < 0)
        return s;
    if (pvn_amount_compare(&most, &least) < 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the highest price is %.78s, the lowest that may be "
                        "bid is %.78s",
                        t->price_max ? t->price_max : "0", t->price_min);
    if (!stepped(most, t->price_step))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the highest price is %.78s, expected a multiple of "
                        "%llu",
                        t->price_max, (unsigned long long)t->price_step);
    if (!pvn_cost(&hold, &most, t->units_max, &fee))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the highest price times the limit is beyond 2^256");
    have = pvn_balance_of(cx, requester20);
    if (pvn_amount_compare(&have, &hold) >= 0)
        return PROVERNET_OK;
    char a[PVN_AMOUNT_CHARS], b[PVN_AMOUNT_CHARS];
    return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                    "the balance is %s, this request may cost %s (highest "
                    "price times limit, and the base fee)",
                    pvn_amount_text(a, &have), pvn_amount_text(b, &hold));
}

/* The texts of the terms live in the op. */
void pvn_auction_make(pvn_cx *cx, pvn_request *q, pvn_task *task,
                      const pvn_terms *t)
{
    pvn_auction key = { .row.table = PVN_AUCTION, .request = q->id };
    pvn_amount hold, most = pvn_amount_from(t->price_max);
    pvn_amount fee = pvn_amount_from(t->base_fee);
    pvn_amount step = pvn_amount_of(t->price_step);
    uint8_t tx[32];
    pvn_auction *a = (pvn_auction *)pvn_rows_make(cx->rows, &key.row);
    if (!a)
        return;
    pvn_touch(cx, &a->row);
    a->state = PVN_AUCTION_OPEN;
    a->created_ms = cx->now_ms;
    a->close_ms = cx->now_ms + t->window_ms;
    a->fallback_ms = t->fallback_ms > 0 ? cx->now_ms + t->fallback_ms : 0;
    a->due_ms = a->fallback_ms;
    a->price_min = t->price_min;
    a->price_max = t->price_max;
    a->price_step = pvn_amount_keep(cx, &step);
    a->base_fee = t->base_fee;
    a->units_max = (int64_t)t->units_max;
    a->whitelist = t->whitelist;
    memcpy(a->requester, q->requester, sizeof a->requester);
    memcpy(a->auctioneer, t->auctioneer20, sizeof a->auctioneer);
    memcpy(a->executor, t->executor20, sizeof a->executor);
    memcpy(a->treasury, t->treasury20, sizeof a->treasury);
    pvn_auction_tx(tx, q);
    if (!pvn_cost(&hold, &most, t->units_max, &fee) ||
        (!pvn_amount_zero(&hold) &&
         !pvn_balance_pay(cx, q->requester, &hold, PVN_BALANCE_REQUEST, tx))) {
        cx->rows->bug = "an auction was made without its money";
        cx->rows->failed = true;
        return;
    }
    a->held = pvn_amount_keep(cx, &hold);
    q->settle = PVN_SETTLE_OPEN;
    q->assignable_ms = PVN_UNDER_AUCTION;
    task->not_before_ms = INT64_MAX; /* no worker of ours takes it */
    pvn_note(cx, "auction.open", &q->id, NULL, NULL, "\"held\":\"%s\"",
             a->held ? a->held : "");
}

/* ---- assigning ---- */

void pvn_need_assign(pvn_cx *cx, const pvn_request *q,
                     const uint8_t winner20[20])
{
    pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK);
    pvn_need_account(cx, winner20);
    pvn_need_prover(cx, winner20);
    pvn_need_prover_worker(cx, winner20);
}

static pvn_worker *worker_use(pvn_cx *cx, const uint8_t prover20[20],
                              const char *kind)
{
    pvn_worker *w = pvn_need_prover_worker(cx, prover20);
    pvn_worker key = { .row.table = PVN_WORKER };
    if (!w) {
        pvn_id_new(cx->env, &key.id);
        w = (pvn_worker *)pvn_rows_make(cx->rows, &key.row);
        if (!w)
            return NULL;
        w->origin = PVN_PROVER_ORIGIN;
        w->name = worker_name(cx, prover20);
        w->created_ms = cx->now_ms;
        w->slots = 1;
        memcpy(w->address, prover20, sizeof w->address);
        pvn_rows_rename(cx->rows, &w->row);
    }
    pvn_touch(cx, &w->row);
    if (w->state == PVN_WORKER_ASIDE) /* on probation, see worker_hello */
        w->strikes = cx->rules->worker_strikes_max - 1;
    w->state = PVN_WORKER_GONE; /* takes nothing but what it won */
    w->kinds = kind;
    w->why = "it bids for its work";
    w->seen_ms = cx->now_ms;
    return w;
}

int64_t pvn_prover_aside_ms(pvn_cx *cx, const uint8_t prover20[20])
{
    const pvn_worker *w = pvn_need_prover_worker(cx, prover20);
    int64_t aside = cx->rules->worker_aside_ms;
    if (!w || w->state != PVN_WORKER_ASIDE)
        return 0;
    aside = w->seen_ms + (aside > 0 ? aside : 3600000);
    return aside > cx->now_ms ? aside : 0;
}

/* A lease until the deadline: nobody else gets it before. */
static void lease(pvn_cx *cx, pvn_request *q, pvn_task *t, pvn_worker *w)
{
    pvn_task_grant(cx, q, t, w);
    t->lease_ms = q->deadline_ms;
}

void pvn_auction_assign(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                        const uint8_t winner20[20])
{
    pvn_task *t = pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK);
    pvn_prover *p = pvn_prover_use(cx, winner20);
    pvn_worker *w = worker_use(cx, winner20, q->kind);
    if (!t || !p || !w)
        return;
    pvn_touch(cx, &a->row);
    memcpy(a->winner, winner20, sizeof a->winner);
    a->state = PVN_AUCTION_ASSIGNED;
    a->due_ms = 0;
    p->won++;
    pvn_bond_take(cx, q, a, winner20);
    pvn_touch(cx, &q->row);
    q->assignable_ms = cx->now_ms;
    lease(cx, q, t, w);
    pvn_note(cx, "auction.assigned", &q->id, &t->id, &w->id, "\"price\":\"%s\"",
             a->price ? a->price : "");
}

void pvn_auction_again(pvn_cx *cx, pvn_request *q, pvn_task *t,
                       const provernet_id *worker)
{
    pvn_worker *w =
        q->settle == PVN_SETTLE_OPEN ? pvn_need_worker(cx, worker) : NULL;
    if (w && strcmp(t->name, PVN_MAIN_TASK) == 0)
        lease(cx, q, t, w);
}

/* ---- by itself ---- */

static pvn_want *due(pvn_cx *cx, int64_t until, uint32_t limit)
{
    pvn_want ask = { .scan = PVN_AUCTIONS_DUE,
                     .table = PVN_AUCTION,
                     .int1 = until,
                     .limit = limit };
    return pvn_need_scan(cx, &ask);
}

/* Bids, and nobody else to settle. */
static bool to_assign(const pvn_auction *a)
{
    return a->state == PVN_AUCTION_OPEN && a->bids > 0 &&
           pvn_is_zero(a->auctioneer, sizeof a->auctioneer);
}

/* `want` them, or only see whether they are here; NULL: not yet. */
static pvn_want *bids_of(pvn_cx *cx, const pvn_auction *a, bool want)
{
    pvn_want ask = { .scan = PVN_BIDS_OF_REQUEST,
                     .id1 = a->request,
                     .limit = BIDS_MAX };
    if (want)
        return pvn_need_scan(cx, &ask);
    pvn_want *w = pvn_rows_want(cx->rows, &ask);
    return w && w->loaded ? w : NULL;
}

void pvn_need_auctions_due(pvn_cx *cx)
{
    const pvn_want *w = due(cx, cx->now_ms, PVN_SCAN_MAX);
    due(cx, INT64_MAX, 1);
    for (size_t i = 0; w && i < w->found_len; i++) {
        const pvn_auction *a = (const pvn_auction *)w->found[i];
        const pvn_request *q = pvn_need_request(cx, &a->request);
        pvn_need_paid(cx, a);
        if (!q)
            continue;
        pvn_need_assign(cx, q, a->winner);
        pvn_need_kind_seen(cx, q->kind);
        if (to_assign(a) && pvn_prover_unfit(cx, a->winner, NULL) < 0)
            bids_of(cx, a, true);
    }
}

/* Nobody came: our own workers may take it, and nothing is charged. */
static void fall_back(pvn_cx *cx, pvn_request *q, pvn_auction *a)
{
    pvn_task *t = pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK);
    pvn_auction_give_back(cx, q, a);
    pvn_auction_end(cx, q, a, PVN_AUCTION_VOID, PVN_SETTLE_RETURNED);
    q->assignable_ms = pvn_need_kind_seen(cx, q->kind) ? cx->now_ms : 0;
    q->updated_ms = cx->now_ms;
    if (t) {
        pvn_touch(cx, &t->row);
        t->not_before_ms = 0;
    }
    pvn_note(cx, "auction.fallback", &q->id, NULL, NULL, NULL);
}

static bool better(const pvn_bid *x, const pvn_bid *than)
{
    pvn_amount a = pvn_amount_from(x->amount);
    pvn_amount b = pvn_amount_from(than ? than->amount : NULL);
    int order = than ? pvn_amount_compare(&a, &b) : -1;
    return order < 0 || (order == 0 && x->created_ms < than->created_ms);
}

/* The one that leads may not have it any more: its bid is void, the next best
 * one leads. Looked at again at once, one bid at a time. */
static void pass_over(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                      const char *why)
{
    const pvn_want *w = bids_of(cx, a, false);
    const pvn_bid *best = NULL;
    char hex[41];
    a->due_ms = cx->now_ms;
    for (size_t i = 0; w && i < w->found_len; i++) {
        pvn_bid *b = (pvn_bid *)w->found[i];
        if (b->row.deleted)
            continue;
        if (memcmp(b->prover, a->winner, sizeof b->prover) == 0)
            pvn_rows_delete(cx->rows, &b->row);
        else if (better(b, best))
            best = b;
    }
    if (!w) /* it became so just now: its rows come with the next round */
        return;
    pvn_note(cx, "auction.passed_over", &q->id, NULL, NULL,
             "\"prover\":\"0x%s\",\"why\":%s", pvn_hex(hex, a->winner, 20),
             pvn_quote(cx, why));
    a->bids = best ? a->bids - 1 : 0;
    a->price = best ? best->amount : NULL;
    memset(a->winner, 0, sizeof a->winner);
    if (best)
        memcpy(a->winner, best->prover, sizeof a->winner);
    else
        a->due_ms = a->fallback_ms;
}

static void fall_due(pvn_cx *cx, pvn_auction *a)
{
    pvn_request *q = pvn_need_request(cx, &a->request);
    if (a->due_ms <= 0 || a->due_ms > cx->now_ms)
        return;
    pvn_touch(cx, &a->row);
    a->due_ms = 0;
    if (!q)
        return;
    if (a->state == PVN_AUCTION_PROVEN) {
        pvn_auction_pay(cx, q, a, (uint64_t)a->units_max);
        return;
    }
    if (a->state != PVN_AUCTION_OPEN || !pvn_request_open(q) ||
        q->deadline_ms <= cx->now_ms)
        return; /* its request ends in this tick */
    provernet_error why = { 0 };
    if (to_assign(a) && pvn_prover_unfit(cx, a->winner, &why) < 0)
        pass_over(cx, q, a, why.message);
    else if (to_assign(a))
        pvn_auction_assign(cx, q, a, a->winner);
    else if (a->fallback_ms > 0 && a->fallback_ms <= cx->now_ms)
        fall_back(cx, q, a);
    else
        a->due_ms = a->fallback_ms;
}

bool pvn_auctions_due(pvn_cx *cx)
{
    const pvn_want *w = due(cx, cx->now_ms, PVN_SCAN_MAX);
    for (size_t i = 0; w && i < w->found_len; i++)
        fall_due(cx, (pvn_auction *)w->found[i]);
    return w && w->found_len > 0;
}

int64_t pvn_auctions_next(pvn_cx *cx)
{
    const pvn_want *w = due(cx, INT64_MAX, 1);
    const pvn_auction *a =
        w && w->found_len > 0 ? (const pvn_auction *)w->found[0] : NULL;
    return a && a->due_ms > 0 ? a->due_ms : INT64_MAX;
}
