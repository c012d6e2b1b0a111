/* schedule/prover.c - provers: facts about them, and looking at auctions and
 * at what requests are about.
 * Pure; includes auction.h. */
#include "schedule/auction.h"
#include <stdlib.h>

enum { INFO_MAX = 64 << 10 };

/* ---- may it get something? ---- */

static provernet_status suspended(pvn_cx *cx, int64_t until_ms, const char *why,
                                  provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                    "the prover is suspended for another %lld s: %.300s",
                    (long long)(until_ms - cx->now_ms + 999) / 1000,
                    why && *why ? why : "no reason was given");
}

provernet_status pvn_prover_unfit(pvn_cx *cx, const uint8_t prover20[20],
                                  provernet_error *err)
{
    const pvn_prover *p = pvn_need_prover(cx, prover20);
    const pvn_worker *w = pvn_need_prover_worker(cx, prover20);
    pvn_amount bond = pvn_amount_from(cx->rules->prover_collateral);
    pvn_amount has = pvn_balance_of(cx, prover20);
    int64_t aside = pvn_prover_aside_ms(cx, prover20);
    char have[PVN_AMOUNT_CHARS], want[PVN_AMOUNT_CHARS];
    if (p && p->suspended_ms > cx->now_ms)
        return suspended(cx, p->suspended_ms, p->why, err);
    if (aside > 0)
        return suspended(cx, aside, w ? w->why : NULL, err);
    if (pvn_amount_compare(&has, &bond) >= 0)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                    "prover.collateral: you need to stake: the prover's "
                    "balance is %s, each request takes %s until it is proven",
                    pvn_amount_text(have, &has), pvn_amount_text(want, &bond));
}

void pvn_prover_suspend(pvn_cx *cx, pvn_prover *p, int64_t until_ms,
                        const char *why)
{
    bool over = until_ms <= cx->now_ms;
    char hex[41];
    pvn_touch(cx, &p->row);
    p->suspended_ms = over ? 0 : until_ms;
    p->why = over ? NULL : why;
    pvn_hex(hex, p->address, sizeof p->address);
    if (over)
        pvn_note(cx, "prover.back", NULL, NULL, NULL, "\"prover\":\"0x%s\"",
                 hex);
    else
        pvn_note(cx, "prover.suspended", NULL, NULL, NULL,
                 "\"prover\":\"0x%s\",\"until_ms\":%lld,\"why\":%s", hex,
                 (long long)until_ms, pvn_quote(cx, why ? why : ""));
}

/* ---- prover_apply ---- */

void pvn_keys_prover_apply(pvn_cx *cx)
{
    const pvn_op_prover_apply *u = &cx->op->u.prover_apply;
    uint8_t signer[20];
    pvn_need_prover(cx, u->prover20);
    if (!u->owner20)
        return;
    pvn_signer_of(cx, u->prover20, signer);
    pvn_need_signer(cx, signer);
    pvn_need_signer(cx, u->owner20);
}

/* It signs for the prover until it names a key; whoever did, does no more. */
static void set_owner(pvn_cx *cx, pvn_prover *p, const uint8_t owner20[20])
{
    uint8_t signer[20];
    char hex[41], by[41];
    bool own = pvn_is_zero(owner20, 20) || memcmp(owner20, p->address, 20) == 0;
    pvn_account *a = pvn_need_account(cx, p->address);
    pvn_signer_of(cx, p->address, signer);
    pvn_signer_drop(cx, signer, p->address);
    if (a && !pvn_is_zero(a->delegate, sizeof a->delegate)) {
        pvn_touch(cx, &a->row);
        memset(a->delegate, 0, sizeof a->delegate);
    }
    memset(p->owner, 0, sizeof p->owner);
    if (!own) {
        memcpy(p->owner, owner20, sizeof p->owner);
        pvn_signer_put(cx, owner20, p->address);
    }
    pvn_note(cx, "prover.owner", NULL, NULL, NULL,
             "\"prover\":\"0x%s\",\"owner\":\"0x%s\"",
             pvn_hex(hex, p->address, 20),
             pvn_hex(by, own ? p->address : owner20, 20));
}

provernet_status pvn_decide_prover_apply(pvn_cx *cx)
{
    const pvn_op_prover_apply *u = &cx->op->u.prover_apply;
    if (u->info.len > INFO_MAX)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                        "info has %zu bytes, the limit is %d", u->info.len,
                        INFO_MAX);
    if (u->share && (*u->share < 0 || *u->share > 10000))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "share is %lld, expected 0 to 10000 (hundredths of a "
                        "percent)",
                        (long long)*u->share);
    pvn_prover *p = pvn_prover_use(cx, u->prover20);
    if (!p)
        return pvn_nomem(&cx->op->err);
    if (u->suspended_ms)
        pvn_prover_suspend(cx, p, *u->suspended_ms,
                           pvn_why(cx, u->why ? u->why : ""));
    if (u->owner20)
        set_owner(cx, p, u->owner20);
    if (u->share)
        p->share = *u->share;
    if (u->capacity)
        p->capacity = *u->capacity;
    if (u->info.data) {
        p->info = u->info;
        p->seen_ms = cx->now_ms;
    }
    return PROVERNET_OK;
}

/* ---- reads ---- */

static const void *keep(pvn_cx *cx, const void *row)
{
    const pvn_row *copy =
        row ? pvn_row_copy(&cx->op->arena, (const pvn_row *)row) : NULL;
    if (row && !copy)
        cx->rows->failed = true;
    return copy;
}

static const pvn_request *keep_request(pvn_cx *cx, const pvn_request *q)
{
    pvn_request *copy = (pvn_request *)(uintptr_t)keep(cx, q);
    if (copy && copy->state != PROVERNET_FULFILLED)
        memset(&copy->proof, 0, sizeof copy->proof);
    return copy;
}

static void *room(pvn_cx *cx, size_t n, size_t size)
{
    void *p = pvn_arena_alloc(&cx->op->arena, n * size);
    if (!p)
        cx->rows->failed = true;
    return p;
}

static provernet_status done(pvn_cx *cx)
{
    return cx->rows->failed ? pvn_nomem(&cx->op->err) : PROVERNET_OK;
}

static uint32_t bounded(uint32_t limit)
{
    return limit > 0 && limit <= 1000 ? limit : 1000;
}

void pvn_keys_read_prover(pvn_cx *cx)
{
    const pvn_op_read_prover *u = &cx->op->u.read_prover;
    uint8_t signer[20];
    pvn_need_prover(cx, u->prover20);
    pvn_need_prover_worker(cx, u->prover20);
    pvn_signer_of(cx, u->prover20, signer);
}
provernet_status pvn_decide_read_prover(pvn_cx *cx)
{
    pvn_op_read_prover *u = &cx->op->u.read_prover;
    u->prover = keep(cx, pvn_need_prover(cx, u->prover20));
    u->worker = keep(cx, pvn_need_prover_worker(cx, u->prover20));
    pvn_signer_of(cx, u->prover20, u->signer20);
    return done(cx);
}

static pvn_want *provers(pvn_cx *cx)
{
    const pvn_op_read_provers *u = &cx->op->u.read_provers;
    bool first = pvn_is_zero(u->after20, sizeof u->after20);
    pvn_want ask = { .scan = PVN_PROVERS_LIST,
                     .table = PVN_PROVER,
                     .bytes1 = pvn_bytes_of(u->after20, first ? 0 : 20),
                     .limit = bounded(u->limit) };
    return pvn_need_scan(cx, &ask);
}
void pvn_keys_read_provers(pvn_cx *cx)
{
    provers(cx);
}
provernet_status pvn_decide_read_provers(pvn_cx *cx)
{
    pvn_op_read_provers *u = &cx->op->u.read_provers;
    const pvn_want *w = provers(cx);
    size_t n = w ? w->found_len : 0;
    const pvn_prover **all = room(cx, n, sizeof *all);
    u->provers = all;
    u->provers_len = all ? n : 0;
    for (size_t i = 0; i < u->provers_len; i++)
        all[i] = keep(cx, w->found[i]);
    return done(cx);
}

static pvn_want *bids_of(pvn_cx *cx, const provernet_id *request)
{
    return pvn_need_scan_id(cx, PVN_BIDS_OF_REQUEST, request, 1000);
}
void pvn_keys_read_auction(pvn_cx *cx)
{
    const pvn_op_read_auction *u = &cx->op->u.read_auction;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q)
        return;
    pvn_need_auction(cx, &q->id);
    if (!u->bare)
        bids_of(cx, &q->id);
}

static int by_time(const void *a, const void *b)
{
    const pvn_bid *x = *(const pvn_bid *const *)a;
    const pvn_bid *y = *(const pvn_bid *const *)b;
    if (x->created_ms != y->created_ms)
        return x->created_ms < y->created_ms ? -1 : 1;
    return memcmp(x->prover, y->prover, sizeof x->prover);
}

provernet_status pvn_decide_read_auction(pvn_cx *cx)
{
    pvn_op_read_auction *u = &cx->op->u.read_auction;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    u->request = NULL;
    u->auction = NULL;
    u->bids_len = 0;
    if (!q)
        return PROVERNET_OK;
    const pvn_want *w = u->bare ? NULL : bids_of(cx, &q->id);
    size_t n = w ? w->found_len : 0;
    const pvn_bid **all = room(cx, n, sizeof *all);
    u->request = keep_request(cx, q);
    u->auction = keep(cx, pvn_need_auction(cx, &q->id));
    u->bids = all;
    u->bids_len = all ? n : 0;
    for (size_t i = 0; i < u->bids_len; i++)
        all[i] = keep(cx, w->found[i]);
    if (cx->rows->failed)
        return pvn_nomem(&cx->op->err);
    if (n > 1)
        qsort(all, n, sizeof *all, by_time);
    return PROVERNET_OK;
}

static pvn_want *auctions(pvn_cx *cx)
{
    const pvn_op_read_auctions *u = &cx->op->u.read_auctions;
    bool open = u->state == PVN_AUCTION_OPEN;
    pvn_want past = { .scan = PVN_AUCTIONS_PAST,
                      .table = PVN_AUCTION,
                      .int1 = u->since_ms,
                      .int2 = u->until_ms,
                      .id1 = u->after,
                      .limit = bounded(u->limit) };
    if (u->state == 0)
        return pvn_need_scan(cx, &past);
    pvn_want ask = { .scan = open ? PVN_AUCTIONS_OPEN : PVN_AUCTIONS_ENDED,
                     .table = PVN_AUCTION,
                     .int1 = open ? cx->now_ms : u->state,
                     .int2 = open ? 0 : u->since_ms,
                     .limit = bounded(u->limit) };
    return pvn_need_scan(cx, &ask);
}
void pvn_keys_read_auctions(pvn_cx *cx)
{
    const pvn_want *w = auctions(cx);
    for (size_t i = 0; w && i < w->found_len; i++)
        pvn_need_request(cx, &((const pvn_auction *)w->found[i])->request);
}
provernet_status pvn_decide_read_auctions(pvn_cx *cx)
{
    pvn_op_read_auctions *u = &cx->op->u.read_auctions;
    const pvn_want *w = auctions(cx);
    size_t n = w ? w->found_len : 0;
    const pvn_auction **all = room(cx, n, sizeof *all);
    const pvn_request **of = room(cx, n, sizeof *of);
    u->auctions = all;
    u->requests = of;
    u->auctions_len = all && of ? n : 0;
    for (size_t i = 0; i < u->auctions_len; i++) {
        const pvn_auction *a = (const pvn_auction *)w->found[i];
        all[i] = keep(cx, a);
        of[i] = keep_request(cx, pvn_need_request(cx, &a->request));
    }
    return done(cx);
}

/* ---- read_about ---- */

enum { ABOUT_MAX = 100 };

typedef struct pvn_about about;

static size_t about_len(const pvn_op_read_about *u)
{
    return u->about_len < ABOUT_MAX ? u->about_len : ABOUT_MAX;
}

void pvn_keys_read_about(pvn_cx *cx)
{
    const pvn_op_read_about *u = &cx->op->u.read_about;
    for (size_t i = 0; i < about_len(u); i++) {
        const about *a = &u->about[i];
        pvn_need_program(cx, a->protocol, a->program_name);
        pvn_need_account(cx, a->requester20);
        if (!pvn_is_zero(a->fulfiller20, 20))
            pvn_need_account(cx, a->fulfiller20);
        if (a->auctioned)
            pvn_need_auction(cx, &a->request);
    }
}

/* The same program as of one before: it is not copied again. */
static const pvn_program *program_of(pvn_cx *cx, const pvn_op_read_about *u,
                                     size_t i)
{
    const about *a = &u->about[i];
    for (size_t k = i; k-- > 0;)
        if (u->about[k].protocol == a->protocol &&
            pvn_bytes_equal(u->about[k].program_name, a->program_name))
            return u->about[k].program;
    return keep(cx, pvn_need_program(cx, a->protocol, a->program_name));
}

provernet_status pvn_decide_read_about(pvn_cx *cx)
{
    const pvn_op_read_about *u = &cx->op->u.read_about;
    for (size_t i = 0; i < about_len(u); i++) {
        about *a = &u->about[i];
        a->program = program_of(cx, u, i);
        a->requester = keep(cx, pvn_need_account(cx, a->requester20));
        a->fulfiller = pvn_is_zero(a->fulfiller20, 20)
                           ? NULL
                           : keep(cx, pvn_need_account(cx, a->fulfiller20));
        a->auction =
            a->auctioned ? keep(cx, pvn_need_auction(cx, &a->request)) : NULL;
    }
    return done(cx);
}
