/* net/lend_bid.c - bidding: what is offered, what we say, what became of it.
 * Includes lend.h. */
#include "net/lend.h"
#include <stdlib.h>

enum {
    CALM_MS = 60000, /* no bids after a refusal that concerns us, not them */
    SKIP_MS = 60000, /* until a request is judged again */
    SOON_MS = 3000
};

/* ---- fates ---- */

/* What became of bids that the list of assigned requests does not show. */
provernet_status pvn_lend_settle(pvn_lend *l, unsigned line,
                                 provernet_error *err)
{
    uint64_t now_s = (uint64_t)(pvn_now_ms(&l->w->env) / 1000);
    pvn_open_bid *bid = malloc(sizeof *bid * PVN_BIDS_MAX);
    provernet_status rc = PROVERNET_OK;
    size_t n;

    if (!bid)
        return pvn_nomem(err);
    n = pvn_lend_bids(l, bid);
    for (size_t i = 0; i < n && rc == PROVERNET_OK; i++) {
        pvn_arena a = { 0 };
        pvn_heard_request r;
        bool ours;

        rc = pvn_lend_details(l, line, bid[i].id32, &a, &r, err);
        ours =
            rc == PROVERNET_OK && memcmp(r.fulfiller20, l->prover20, 20) == 0;
        if (rc == PROVERNET_ERR_NOT_FOUND ||
            (rc == PROVERNET_OK && !ours &&
             (r.fulfillment != PVN_NET_REQUESTED || r.cancelled ||
              bid[i].deadline_s <= now_s))) {
            rc = PROVERNET_OK;
            if (pvn_lend_bid_drop(l, bid[i].id32, false))
                pvn_lend_tell(l, PVN_DEBUG, "network.lost", bid[i].id32,
                              "another prover has it, or it is over");
        }
        pvn_arena_free(&a);
    }
    free(bid);
    return rc;
}

/* ---- bidding ---- */

typedef struct bid_ask {
    const pvn_lend *l;
    const pvn_heard_request *r;
    uint64_t price;
} bid_ask;

static void bid_body(pvn_buf *b, uint64_t nonce, const void *what)
{
    const bid_ask *k = what;

    pvn_ask_bid(b, nonce, k->r->id32, k->price, k->l->domain32, k->l->prover20);
}

/* After a refusal: of this request, of us for a while, or for good. */
static provernet_status bid_refused(pvn_lend *l, const pvn_heard_request *r,
                                    const provernet_error *why,
                                    provernet_error *err)
{
    enum {
        DENIED = 7,
        EXHAUSTED = 8,
        UNIMPLEMENTED = 12,
        UNAUTHENTICATED = 16
    };
    bool passing = !why->cause || pvn_lend_passing(why);
    int64_t now = pvn_now_ms(&l->w->env);

    pvn_lend_skip(l, r->id32, now + (passing ? SOON_MS : SKIP_MS));
    if (why->cause == UNIMPLEMENTED) {
        pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, why->cause,
                 "the network holds no auctions: %.120s\n"
                 "help: a provernetd takes workers without them: provernet "
                 "worker HOST",
                 why->message);
        return pvn_lend_end(l, err);
    }
    if (why->cause == UNAUTHENTICATED) {
        pvn_fail(err, PROVERNET_ERR_SIGNATURE, why->cause,
                 "the network does not accept our signature: %.120s",
                 why->message);
        return pvn_lend_end(l, err);
    }
    if (why->cause == EXHAUSTED) {
        pvn_lend_tell(l, PVN_WARN, "network.refused", r->id32,
                      "no bids for a minute: %s", why->message);
        l->calm_ms = now + CALM_MS;
        pvn_lend_status(l);
        return PROVERNET_OK;
    }
    if (passing)
        return pvn_error_copy(err, why);
    /* Mostly it went to another a moment ago. */
    pvn_lend_tell(l, why->cause == DENIED ? PVN_WARN : PVN_INFO,
                  "network.refused", r->id32, "%s", why->message);
    return PROVERNET_OK;
}

static provernet_status bid(pvn_lend *l, const pvn_heard_request *r,
                            const pvn_offer *offer, provernet_error *err)
{
    bid_ask k = { l, r, offer->price };
    provernet_error why = { 0 };
    pvn_buf answer = { 0 };
    provernet_status rc;
    bool sent = false;

    rc = pvn_lend_signed(l, PVN_LEND_ASK, PVN_ASK_PATH("Bid"), bid_body, &k, 0,
                         &answer, &sent, &why);
    pvn_buf_free(&answer);
    /* Without an answer it may have been taken: its fate is looked at. */
    if (rc == PROVERNET_OK || (sent && why.cause == 0))
        pvn_lend_bid_add(l, r, offer);
    if (rc == PROVERNET_OK) {
        pvn_lend_tell(l, PVN_INFO, "network.bid", r->id32,
                      "%s at %llu wei per unit; about %lld.%lld s of work",
                      offer->kind, (unsigned long long)offer->price,
                      (long long)(offer->estimate_ms / 1000),
                      (long long)(offer->estimate_ms % 1000 / 100));
        return PROVERNET_OK;
    }
    return bid_refused(l, r, &why, err);
}

provernet_status pvn_lend_offers(pvn_lend *l, provernet_error *err)
{
    pvn_heard_request *list;
    pvn_arena a = { 0 };
    provernet_status rc;
    size_t n = 0;

    rc = pvn_lend_list(l, PVN_LEND_ASK, PVN_NET_REQUESTED, &a, &list, &n, err);
    for (size_t i = 0; rc == PROVERNET_OK && i < n && pvn_lend_bid_room(l);
         i++) {
        const pvn_heard_request *r = &list[i];
        int64_t now = pvn_now_ms(&l->w->env);
        provernet_error why = { 0 };
        pvn_offer offer;
        provernet_status verdict;

        if (pvn_lend_bid_open(l, r->id32) || pvn_lend_skipped(l, r->id32) ||
            pvn_lend_held(l, r->id32))
            continue;
        verdict = pvn_lend_judge(l, r, &offer, &why);
        if (verdict == PROVERNET_OK) {
            rc = bid(l, r, &offer, err);
            continue;
        }
        /* A queue gets shorter, a price rises: looked at again later. */
        pvn_lend_skip(l, r->id32,
                      now + (verdict == PROVERNET_ERR_EXPIRED ||
                                     verdict == PROVERNET_AGAIN
                                 ? SOON_MS
                                 : SKIP_MS));
        pvn_lend_tell(l, PVN_DEBUG, "network.passed", r->id32, "%s",
                      why.message);
    }
    pvn_arena_free(&a);
    return rc;
}
