/* schedule/read_market.c - looking at provers, at auctions, and at what many
 * requests are about. Pure; includes auction.h, kept.h. */
#include "schedule/auction.h"
#include "schedule/kept.h"
#include <stdlib.h>

/* ---- provers ---- */

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
    u->prover = pvn_keep(cx, pvn_need_prover(cx, u->prover20));
    u->worker = pvn_keep(cx, pvn_need_prover_worker(cx, u->prover20));
    pvn_signer_of(cx, u->prover20, u->signer20);
    return pvn_kept(cx);
}

static pvn_want *provers(pvn_cx *cx)
{
    const pvn_op_read_provers *u = &cx->op->u.read_provers;
    bool first = pvn_is_zero(u->after20, sizeof u->after20);
    pvn_want ask = { .scan = PVN_PROVERS_LIST,
                     .table = PVN_PROVER,
                     .bytes1 = pvn_bytes_of(u->after20, first ? 0 : 20),
                     .limit = pvn_keep_limit(u->limit) };
    return pvn_need_scan(cx, &ask);
}
void pvn_keys_read_provers(pvn_cx *cx)
{
    provers(cx);
}
provernet_status pvn_decide_read_provers(pvn_cx *cx)
{
    pvn_op_read_provers *u = &cx->op->u.read_provers;
    u->provers = pvn_keep_all(cx, provers(cx), &u->provers_len);
    return pvn_kept(cx);
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
    u->request = pvn_keep_request(cx, q);
    u->auction = pvn_keep(cx, pvn_need_auction(cx, &q->id));
    const pvn_bid **all =
        pvn_keep_all(cx, u->bare ? NULL : bids_of(cx, &q->id), &u->bids_len);
    u->bids = all;
    if (!cx->rows->failed && u->bids_len > 1)
        qsort(all, u->bids_len, sizeof *all, by_time);
    return pvn_kept(cx);
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
                      .limit = pvn_keep_limit(u->limit) };
    if (u->state == 0)
        return pvn_need_scan(cx, &past);
    pvn_want ask = { .scan = open ? PVN_AUCTIONS_OPEN : PVN_AUCTIONS_ENDED,
                     .table = PVN_AUCTION,
                     .int1 = open ? cx->now_ms : u->state,
                     .int2 = open ? 0 : u->since_ms,
                     .limit = pvn_keep_limit(u->limit) };
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
    const pvn_auction **all = pvn_keep_room(cx, n, sizeof *all);
    const pvn_request **of = pvn_keep_room(cx, n, sizeof *of);
    u->auctions = all;
    u->requests = of;
    u->auctions_len = all && of ? n : 0;
    for (size_t i = 0; i < u->auctions_len; i++) {
        const pvn_auction *a = (const pvn_auction *)w->found[i];
        all[i] = pvn_keep(cx, a);
        of[i] = pvn_keep_request(cx, pvn_need_request(cx, &a->request));
    }
    return pvn_kept(cx);
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
    return pvn_keep(cx, pvn_need_program(cx, a->protocol, a->program_name));
}

provernet_status pvn_decide_read_about(pvn_cx *cx)
{
    const pvn_op_read_about *u = &cx->op->u.read_about;
    for (size_t i = 0; i < about_len(u); i++) {
        about *a = &u->about[i];
        a->program = program_of(cx, u, i);
        a->requester = pvn_keep(cx, pvn_need_account(cx, a->requester20));
        a->fulfiller = pvn_is_zero(a->fulfiller20, 20)
                           ? NULL
                           : pvn_keep(cx, pvn_need_account(cx, a->fulfiller20));
        a->auction = a->auctioned
                         ? pvn_keep(cx, pvn_need_auction(cx, &a->request))
                         : NULL;
    }
    return pvn_kept(cx);
}
