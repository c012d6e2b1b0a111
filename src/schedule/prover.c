/* schedule/prover.c - provers: facts about them, and looking at auctions.
 * Pure; includes auction.h. */
#include "schedule/auction.h"
#include <stdlib.h>

enum { INFO_MAX = 64 << 10 };

void pvn_keys_prover_apply(pvn_cx *cx)
{
    pvn_need_prover(cx, cx->op->u.prover_apply.prover20);
}

provernet_status pvn_decide_prover_apply(pvn_cx *cx)
{
    const pvn_op_prover_apply *u = &cx->op->u.prover_apply;
    if (u->info.len > INFO_MAX)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                        "info has %zu bytes, the limit is %d", u->info.len,
                        INFO_MAX);
    pvn_prover *p = pvn_prover_use(cx, u->prover20);
    if (!p)
        return pvn_nomem(&cx->op->err);
    if (u->suspended_ms) {
        p->suspended_ms = *u->suspended_ms;
        pvn_note(cx, "prover.suspended", NULL, NULL, NULL, "\"until_ms\":%lld",
                 (long long)p->suspended_ms);
    }
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
    pvn_need_prover(cx, u->prover20);
    pvn_need_prover_worker(cx, u->prover20);
}
provernet_status pvn_decide_read_prover(pvn_cx *cx)
{
    pvn_op_read_prover *u = &cx->op->u.read_prover;
    u->prover = keep(cx, pvn_need_prover(cx, u->prover20));
    u->worker = keep(cx, pvn_need_prover_worker(cx, u->prover20));
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
    const pvn_want *w = bids_of(cx, &q->id);
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
