/* net/lend.c - lending this machine to a prover network: two loops, one that
 * looks for work and bids, one that watches what is in hand. Includes lend.h.
 *
 * A network gives no leases: what is assigned is ours until its deadline, and
 * a list of the network says so again after a restart. */
#include "net/lend.h"
#include "crypto/crypto.h"
#include "net/fetch.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    PAGE = 100,
    MEET_MS = 600000, /* who we are is asked again */
    STATUS_MS = 60000,
    WAIT_MS = 1000,
    WAIT_MAX_MS = 30000,
    CALM_MS = 60000, /* no bids after a refusal that concerns us, not them */
    SKIP_MS = 60000, /* until a request is judged again */
    SOON_MS = 3000,
    REFUSE_MS = 30000,
    BYE_MS = 10000
};

/* ---- small things ---- */

void pvn_lend_skip(pvn_lend *l, const uint8_t id32[32], int64_t until_ms)
{
    pvn_skip *s = NULL;

    pthread_mutex_lock(&l->w->lock);
    for (size_t i = 0; i < PVN_SKIPS_MAX && !s; i++)
        if (l->skip[i].until_ms && memcmp(l->skip[i].id32, id32, 32) == 0)
            s = &l->skip[i];
    if (!s) {
        s = &l->skip[l->next_skip];
        l->next_skip = (l->next_skip + 1) % PVN_SKIPS_MAX;
        memcpy(s->id32, id32, 32);
        s->until_ms = 0;
    }
    if (s->until_ms < until_ms)
        s->until_ms = until_ms;
    pthread_mutex_unlock(&l->w->lock);
}

static bool skipped(pvn_lend *l, const uint8_t id32[32])
{
    int64_t now = pvn_now_ms(&l->w->env);
    bool yes = false;

    pthread_mutex_lock(&l->w->lock);
    for (size_t i = 0; i < PVN_SKIPS_MAX && !yes; i++)
        yes =
            l->skip[i].until_ms > now && memcmp(l->skip[i].id32, id32, 32) == 0;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

/* With the lock held. */
static pvn_program_size *find_size(pvn_lend *l, const uint8_t key32[32])
{
    for (size_t i = 0; i < PVN_SIZES_MAX; i++)
        if (l->size[i].until_ms && memcmp(l->size[i].key32, key32, 32) == 0)
            return &l->size[i];
    return NULL;
}

bool pvn_lend_size(pvn_lend *l, const uint8_t key32[32], pvn_program_size *out)
{
    const pvn_program_size *s;
    bool known;

    pthread_mutex_lock(&l->w->lock);
    s = find_size(l, key32);
    known = s && s->until_ms > pvn_now_ms(&l->w->env);
    if (known)
        *out = *s;
    pthread_mutex_unlock(&l->w->lock);
    return known;
}

void pvn_lend_size_keep(pvn_lend *l, const pvn_program_size *s)
{
    pvn_program_size *at;

    pthread_mutex_lock(&l->w->lock);
    at = find_size(l, s->key32);
    if (!at) {
        at = &l->size[l->next_size];
        l->next_size = (l->next_size + 1) % PVN_SIZES_MAX;
    }
    *at = *s;
    pthread_mutex_unlock(&l->w->lock);
}

/* Wait, unless the worker stops. */
static void rest(pvn_lend *l, int64_t ms)
{
    provernet_worker *w = l->w;
    int64_t until = pvn_now_ms(&w->env) + ms;
    struct timespec at = { .tv_sec = (time_t)(until / 1000),
                           .tv_nsec = (long)(until % 1000) * 1000000L };

    pthread_mutex_lock(&w->lock);
    while (!w->stopping && !w->ended && pvn_now_ms(&w->env) < until)
        pthread_cond_timedwait(&w->changed, &w->lock, &at);
    pthread_mutex_unlock(&w->lock);
}

static bool stopping(pvn_lend *l)
{
    bool yes;

    pthread_mutex_lock(&l->w->lock);
    yes = l->w->stopping || l->w->ended;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

static provernet_status end(pvn_lend *l, const provernet_error *err)
{
    pvn_lend_tell(l, PVN_ERROR, "network.ended", NULL, "%s", err->message);
    return pvn_worker_end(l->w, err);
}

/* Told once for each row of failures. */
static void trouble(pvn_lend *l, const provernet_error *err)
{
    uint8_t dice;
    int64_t ms;

    if (stopping(l))
        return;
    if (l->delay_ms == 0)
        pvn_lend_tell(l, PVN_WARN, "network.trouble", NULL, "%s", err->message);
    pvn_worker_note_error(l->w, err);
    l->delay_ms = l->delay_ms == 0                ? WAIT_MS
                  : l->delay_ms * 2 > WAIT_MAX_MS ? WAIT_MAX_MS
                                                  : l->delay_ms * 2;
    pvn_random(&l->w->env, &dice, 1);
    ms = l->delay_ms / 2 + l->delay_ms * dice / 256;
    rest(l, ms < l->poll_ms ? l->poll_ms : ms);
}

static void well(pvn_lend *l)
{
    if (l->delay_ms)
        pvn_lend_tell(l, PVN_INFO, "network.back", NULL,
                      "the network answers again");
    l->delay_ms = 0;
    pthread_mutex_lock(&l->w->lock);
    l->w->connected = true;
    pthread_mutex_unlock(&l->w->lock);
}

/* ---- who we are ---- */

static provernet_status ask_owner(pvn_lend *l, provernet_error *err)
{
    pvn_buf ask = { 0 }, answer = { 0 };
    char want[43], have[43], key[43];
    uint8_t owner[20];
    provernet_status rc;

    pvn_ask_address(&ask, l->signer20);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetOwner"), &ask, &answer,
                       err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_owner(pvn_bytes_of(answer.data, answer.len), owner, err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc)
        return rc;
    if (l->named && memcmp(owner, l->prover20, 20) != 0) {
        pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                 "for the network, key %s acts for %s and not for %s\n"
                 "help: let the prover's owner delegate to the key",
                 pvn_address_text(key, l->signer20),
                 pvn_address_text(have, owner),
                 pvn_address_text(want, l->prover20));
        return end(l, err);
    }
    if (!l->named) { /* from now on it stays so */
        pthread_mutex_lock(&l->w->lock);
        memcpy(l->prover20, owner, 20);
        pthread_mutex_unlock(&l->w->lock);
    }
    l->named = true;
    return PROVERNET_OK;
}

static provernet_status ask_params(pvn_lend *l, provernet_error *err)
{
    enum { GROTH16 = 4, UNIMPLEMENTED = 12 };
    pvn_buf ask = { 0 }, answer = { 0 };
    char want[65], have[65];
    provernet_error why = { 0 };
    pvn_heard_params p;
    provernet_status rc;

    pvn_ask_params(&ask, GROTH16);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProofRequestParams"),
                       &ask, &answer, &why);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_params(pvn_bytes_of(answer.data, answer.len), &p, &why);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc && why.cause == UNIMPLEMENTED)
        return PROVERNET_OK; /* no steps, no floor */
    if (rc)
        return pvn_error_copy(err, &why);
    if (p.has_domain && memcmp(p.domain32, l->domain32, 32) != 0) {
        pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                 "the network's domain is 0x%.16s..., we sign for 0x%.16s...\n"
                 "help: set network.domain if it is the network you mean",
                 pvn_hex(have, p.domain32, 32), pvn_hex(want, l->domain32, 32));
        return end(l, err);
    }
    l->params = p;
    return PROVERNET_OK;
}

/* Best effort: not every network tells. */
static void ask_status(pvn_lend *l)
{
    enum { UNIMPLEMENTED = 12 };
    pvn_buf ask = { 0 }, answer = { 0 };
    int64_t now = pvn_now_ms(&l->w->env), until;
    provernet_error err = { 0 };
    provernet_status rc;
    uint64_t until_s = 0;

    if (l->no_status)
        return;
    pvn_ask_address(&ask, l->prover20);
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProverStatus"), &ask,
                       &answer, &err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_suspension(pvn_bytes_of(answer.data, answer.len),
                                 &until_s, &err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    l->no_status = rc && err.cause == UNIMPLEMENTED;
    if (rc || until_s <= (uint64_t)now / 1000)
        return;
    /* It may be lifted: asked again in a minute. */
    until = until_s * 1000 > (uint64_t)now + STATUS_MS
                ? now + STATUS_MS
                : (int64_t)until_s * 1000;
    if (l->calm_ms < now)
        pvn_lend_tell(l, PVN_WARN, "network.suspended", NULL,
                      "the network suspended the prover for %llu s more: no "
                      "bids until then",
                      (unsigned long long)(until_s - (uint64_t)now / 1000));
    l->calm_ms = until;
}

static void ask_prove_price(pvn_lend *l)
{
    pvn_buf ask = { 0 }, answer = { 0 };
    provernet_error err = { 0 };
    provernet_status rc;
    double usd = 0;

    if (l->fixed_price)
        return;
    rc = pvn_lend_call(l, PVN_LEND_ASK, PVN_ASK_PATH("GetProvePrice"), &ask,
                       &answer, &err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_prove_price(pvn_bytes_of(answer.data, answer.len), &usd,
                                  &err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    if (rc)
        pvn_lend_tell(l, PVN_WARN, "network.price", NULL,
                      "the network does not tell the price of PROVE: %.120s\n"
                      "help: set network.bid instead of network.usd_per_hour",
                      err.message);
    else
        l->prove_usd = usd;
}

static provernet_status meet(pvn_lend *l, provernet_error *err)
{
    int64_t now = pvn_now_ms(&l->w->env);
    bool first = l->met_ms == 0;
    provernet_status rc;
    char text[43];

    if (!first && now < l->met_ms + MEET_MS)
        return PROVERNET_OK;
    rc = ask_owner(l, err);
    if (rc == PROVERNET_OK)
        rc = ask_params(l, err);
    if (rc)
        return rc;
    ask_status(l);
    ask_prove_price(l);
    l->met_ms = now;
    if (first)
        pvn_lend_tell(l, PVN_INFO, "network.joined", NULL,
                      "bidding at %.150s for prover %s", l->w->server,
                      pvn_address_text(text, l->prover20));
    return PROVERNET_OK;
}

/* ---- lists ---- */

static provernet_status ask_list(pvn_lend *l, unsigned line, int fulfillment,
                                 pvn_arena *a, pvn_heard_request **list,
                                 size_t *n, provernet_error *err)
{
    pvn_ask_filter f = { .fulfillment = fulfillment, .limit = PAGE };
    pvn_buf ask = { 0 }, answer = { 0 };
    provernet_status rc;

    f.deadline_after_s = (uint64_t)(pvn_now_ms(&l->w->env) / 1000);
    if (fulfillment == PVN_NET_ASSIGNED)
        f.fulfiller20 = l->prover20;
    else
        f.not_bid_by20 = l->prover20;
    pvn_ask_list(&ask, &f);
    rc = pvn_lend_call(l, line, PVN_ASK_PATH("GetFilteredProofRequests"), &ask,
                       &answer, err);
    if (rc == PROVERNET_OK)
        rc = pvn_hear_requests(a, pvn_bytes_of(answer.data, answer.len), list,
                               n, err);
    pvn_buf_free(&ask);
    pvn_buf_free(&answer);
    return rc;
}

/* Is it in hand? */
static bool held(pvn_lend *l, const uint8_t id32[32])
{
    bool yes = false;

    pthread_mutex_lock(&l->w->lock);
    for (const provernet_job *j = l->w->jobs; j && !yes; j = j->next)
        yes = memcmp(pvn_lend_request_of(j), id32, 32) == 0;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

/* ---- bids whose fate is open ---- */

static void add_bid(pvn_lend *l, const pvn_heard_request *r,
                    const pvn_offer *offer)
{
    pvn_open_bid *b;

    pthread_mutex_lock(&l->w->lock);
    if (l->bids < PVN_BIDS_MAX) {
        b = &l->bid[l->bids++];
        memcpy(b->id32, r->id32, 32);
        b->deadline_s = r->deadline_s;
        b->estimate_ms = offer->estimate_ms;
    }
    l->placed++;
    pthread_mutex_unlock(&l->w->lock);
}

/* false: there was none. */
static bool drop_bid(pvn_lend *l, const uint8_t id32[32], bool won)
{
    bool found = false;

    pthread_mutex_lock(&l->w->lock);
    for (size_t i = 0; i < l->bids && !found; i++) {
        found = memcmp(l->bid[i].id32, id32, 32) == 0;
        if (found)
            l->bid[i] = l->bid[--l->bids];
    }
    if (found && won)
        l->won++;
    else if (found)
        l->lost++;
    pthread_mutex_unlock(&l->w->lock);
    return found;
}

static size_t copy_bids(pvn_lend *l, pvn_open_bid out[PVN_BIDS_MAX])
{
    size_t n;

    pthread_mutex_lock(&l->w->lock);
    n = l->bids;
    memcpy(out, l->bid, n * sizeof *out);
    pthread_mutex_unlock(&l->w->lock);
    return n;
}

/* What became of bids that the list of assigned requests does not show. */
static provernet_status settle_bids(pvn_lend *l, unsigned line,
                                    provernet_error *err)
{
    uint64_t now_s = (uint64_t)(pvn_now_ms(&l->w->env) / 1000);
    pvn_open_bid *bid = malloc(sizeof *bid * PVN_BIDS_MAX);
    provernet_status rc = PROVERNET_OK;
    size_t n;

    if (!bid)
        return pvn_nomem(err);
    n = copy_bids(l, bid);
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
            if (drop_bid(l, bid[i].id32, false))
                pvn_lend_tell(l, PVN_DEBUG, "network.lost", bid[i].id32,
                              "another prover has it, or it is over");
        }
        pvn_arena_free(&a);
    }
    free(bid);
    return rc;
}

/* ---- what is assigned to us ---- */

static int by_deadline(const void *a, const void *b)
{
    const pvn_heard_request *x = a, *y = b;

    return x->deadline_s < y->deadline_s ? -1 : x->deadline_s > y->deadline_s;
}

/* Ours, but not for us: politely, once. */
static void decline(pvn_lend *l, unsigned line, const pvn_heard_request *r,
                    int error, const char *why)
{
    int64_t now = pvn_now_ms(&l->w->env);
    provernet_error err = { 0 };

    pvn_lend_tell(l, PVN_WARN, "network.given_up", r->id32, "%s", why);
    if (pvn_lend_refuse(l, line, r->id32, error, now + REFUSE_MS, &err))
        pvn_worker_note_error(l->w, &err);
    else
        pvn_lend_skip(l, r->id32, INT64_MAX);
}

/* One that is assigned; true: it took a slot. */
static bool take_one(pvn_lend *l, const pvn_heard_request *r, bool room)
{
    provernet_status rc;
    provernet_job *j;
    int64_t estimate;
    char kind[64];

    if (held(l, r->id32) || skipped(l, r->id32))
        return false;
    if (drop_bid(l, r->id32, true))
        pvn_lend_tell(l, PVN_INFO, "network.won", r->id32, "deadline in %lld s",
                      (long long)r->deadline_s -
                          (long long)(pvn_now_ms(&l->w->env) / 1000));
    if (r->execution == PVN_NET_UNEXECUTABLE) {
        decline(l, PVN_LEND_ASK, r, PVN_NET_EXECUTION_FAILURE,
                "the network found that it cannot be executed");
        return false;
    }
    rc = pvn_lend_kind(l, r, kind, NULL);
    if (rc && rc != PROVERNET_ERR_UNSUPPORTED)
        return false; /* looked at again next time */
    if (rc || !pvn_lend_takes(l, kind)) {
        decline(l, PVN_LEND_ASK, r, PVN_NET_NO_ERROR,
                "it is assigned to us, but its kind is not proved here");
        return false;
    }
    if (!room)
        return false; /* it waits its turn */
    estimate = pvn_lend_estimate(l, r, kind, 0);
    j = pvn_lend_job(l, r, kind, estimate);
    if (j)
        pvn_worker_take(j);
    return j != NULL;
}

static provernet_status take_assigned(pvn_lend *l, uint32_t *want,
                                      provernet_error *err)
{
    pvn_heard_request *list;
    pvn_arena a = { 0 };
    provernet_status rc;
    size_t n = 0;

    rc = ask_list(l, PVN_LEND_ASK, PVN_NET_ASSIGNED, &a, &list, &n, err);
    if (rc == PROVERNET_OK && n)
        qsort(list, n, sizeof *list, by_deadline);
    for (size_t i = 0; rc == PROVERNET_OK && i < n && !stopping(l); i++)
        /* A network that does not know the filter shows others' too. */
        if (list[i].fulfillment == PVN_NET_ASSIGNED &&
            memcmp(list[i].fulfiller20, l->prover20, 20) == 0)
            *want -= take_one(l, &list[i], *want > 0);
    pvn_arena_free(&a);
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
    enum { EXHAUSTED = 8, UNIMPLEMENTED = 12, UNAUTHENTICATED = 16 };
    int64_t now = pvn_now_ms(&l->w->env);

    pvn_lend_skip(l, r->id32, now + SKIP_MS);
    if (why->cause == UNIMPLEMENTED) {
        pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, why->cause,
                 "the network holds no auctions: %.120s\n"
                 "help: a provernetd takes workers without them: provernet "
                 "worker HOST",
                 why->message);
        return end(l, err);
    }
    if (why->cause == UNAUTHENTICATED) {
        pvn_fail(err, PROVERNET_ERR_SIGNATURE, why->cause,
                 "the network does not accept our signature: %.120s",
                 why->message);
        return end(l, err);
    }
    if (why->cause == EXHAUSTED) {
        pvn_lend_tell(l, PVN_WARN, "network.refused", r->id32,
                      "no bids for a minute: %s", why->message);
        l->calm_ms = now + CALM_MS;
        ask_status(l);
        return PROVERNET_OK;
    }
    if (!why->cause || pvn_lend_passing(why))
        return pvn_error_copy(err, why);
    pvn_lend_tell(l, PVN_WARN, "network.refused", r->id32, "%s", why->message);
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
        add_bid(l, r, offer);
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

static bool bid_on(pvn_lend *l, const uint8_t id32[32])
{
    bool yes = false;

    pthread_mutex_lock(&l->w->lock);
    for (size_t i = 0; i < l->bids && !yes; i++)
        yes = memcmp(l->bid[i].id32, id32, 32) == 0;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

static bool room_for_bids(pvn_lend *l)
{
    bool yes;

    pthread_mutex_lock(&l->w->lock);
    yes = l->bids < l->bids_max && !l->w->stopping && !l->w->ended;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

static provernet_status look_for_offers(pvn_lend *l, provernet_error *err)
{
    pvn_heard_request *list;
    pvn_arena a = { 0 };
    provernet_status rc;
    size_t n = 0;

    rc = ask_list(l, PVN_LEND_ASK, PVN_NET_REQUESTED, &a, &list, &n, err);
    for (size_t i = 0; rc == PROVERNET_OK && i < n && room_for_bids(l); i++) {
        const pvn_heard_request *r = &list[i];
        int64_t now = pvn_now_ms(&l->w->env);
        provernet_error why = { 0 };
        pvn_offer offer;
        provernet_status verdict;

        if (bid_on(l, r->id32) || skipped(l, r->id32) || held(l, r->id32))
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

/* ---- the loops ---- */

static void ask(provernet_worker *w, uint32_t want)
{
    pvn_lend *l = w->lend;
    provernet_error err = { 0 };
    provernet_status rc;
    uint32_t left = want;

    rc = meet(l, &err);
    if (rc == PROVERNET_OK)
        rc = take_assigned(l, &left, &err);
    if (rc == PROVERNET_OK)
        rc = settle_bids(l, PVN_LEND_ASK, &err);
    if (rc == PROVERNET_OK && l->calm_ms && pvn_now_ms(&w->env) >= l->calm_ms) {
        l->calm_ms = 0;
        ask_status(l);
    }
    if (rc == PROVERNET_OK && left > 0 && !l->calm_ms && room_for_bids(l))
        rc = look_for_offers(l, &err);
    if (rc) {
        err.status = rc;
        trouble(l, &err);
        return;
    }
    well(l);
    if (left == want)
        rest(l, l->poll_ms);
}

/* One in hand: does the network still want it from us? */
static void watch_one(pvn_lend *l, const uint8_t id32[32], bool late)
{
    pvn_heard_request r = { .fulfillment = 0 };
    provernet_status rc = PROVERNET_OK;
    pvn_arena a = { 0 };
    bool gone, bad;

    if (!late)
        rc = pvn_lend_details(l, PVN_LEND_BEAT, id32, &a, &r, NULL);
    gone = !late && (rc == PROVERNET_ERR_NOT_FOUND ||
                     (rc == PROVERNET_OK &&
                      (r.fulfillment != PVN_NET_ASSIGNED || r.cancelled ||
                       memcmp(r.fulfiller20, l->prover20, 20) != 0)));
    bad = rc == PROVERNET_OK && r.execution == PVN_NET_UNEXECUTABLE;
    pthread_mutex_lock(&l->w->lock);
    for (provernet_job *j = l->w->jobs; j && (gone || bad || late);
         j = j->next) {
        /* One that is being handed in finds out by itself. */
        if (!j->in_slot || memcmp(pvn_lend_request_of(j), id32, 32) != 0)
            continue;
        if (gone)
            atomic_store(&j->gone, true);
        if (bad)
            j->refusal = PVN_NET_EXECUTION_FAILURE;
        atomic_store(&j->cancelled, true);
        if (j->watch)
            provernet_watch_cancel(j->watch);
    }
    pthread_mutex_unlock(&l->w->lock);
    pvn_arena_free(&a);
}

static void beat(provernet_worker *w)
{
    enum { JOBS = 64 };
    uint8_t id[JOBS][32];
    bool late[JOBS];
    size_t n = 0;

    pthread_mutex_lock(&w->lock);
    for (const provernet_job *j = w->jobs; j && n < JOBS; j = j->next) {
        if (!j->in_slot || atomic_load(&j->cancelled))
            continue;
        late[n] = pvn_now_ms(&w->env) >= j->lease->deadline_ms;
        memcpy(id[n++], pvn_lend_request_of(j), 32);
    }
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < n; i++)
        watch_one(w->lend, id[i], late[i]);
}

/* ---- the end ---- */

static void stop(provernet_worker *w)
{
    if (w->lend->line[PVN_LEND_ASK])
        pvn_grpc_interrupt(w->lend->line[PVN_LEND_ASK]);
}

static void hush(provernet_worker *w)
{
    if (w->lend->line[PVN_LEND_BEAT])
        pvn_grpc_interrupt(w->lend->line[PVN_LEND_BEAT]);
}

/* What is ours and not begun goes back, so that others may take it. */
static size_t give_back(pvn_lend *l)
{
    pvn_heard_request *list;
    pvn_arena a = { 0 };
    size_t n = 0, left = 0;

    if (ask_list(l, PVN_LEND_SEND, PVN_NET_ASSIGNED, &a, &list, &n, NULL))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].fulfillment != PVN_NET_ASSIGNED ||
            memcmp(list[i].fulfiller20, l->prover20, 20) != 0 ||
            skipped(l, list[i].id32))
            continue;
        drop_bid(l, list[i].id32, true);
        decline(l, PVN_LEND_SEND, &list[i], PVN_NET_NO_ERROR,
                "the worker stops: it goes back to the network");
    }
    pvn_arena_free(&a);
    pthread_mutex_lock(&l->w->lock);
    left = l->bids;
    pthread_mutex_unlock(&l->w->lock);
    return left;
}

/* A bid cannot be taken back: those that are open are waited for a little. */
static void bye(provernet_worker *w)
{
    struct timespec nap = { .tv_nsec = 250000000L };
    int64_t until = pvn_now_ms(&w->env) + BYE_MS;
    pvn_lend *l = w->lend;

    if (l->met_ms == 0)
        return;
    while (give_back(l) && pvn_now_ms(&w->env) < until) {
        nanosleep(&nap, NULL);
        if (settle_bids(l, PVN_LEND_SEND, NULL))
            return;
    }
}

static void close_lend(provernet_worker *w)
{
    pvn_lend *l = w->lend;

    if (!l)
        return;
    for (size_t i = 0; i < PVN_LEND_LINES; i++)
        pvn_grpc_free(l->line[i]);
    pthread_mutex_destroy(&l->signing);
    free(l);
    w->lend = NULL;
}

static void describe(provernet_worker *w, pvn_buf *b)
{
    const pvn_lend *l = w->lend;
    char text[43];

    pvn_buf_format(b,
                   ",\"prover\":\"%s\",\"bids\":%llu,\"open_bids\":%zu,"
                   "\"won\":%llu,\"lost\":%llu",
                   pvn_address_text(text, l->prover20),
                   (unsigned long long)l->placed, l->bids,
                   (unsigned long long)l->won, (unsigned long long)l->lost);
    pvn_buf_format(b, ",\"throughput\":%.0f,\"key_speed\":%.0f", l->throughput,
                   l->key_speed);
}

const pvn_manner pvn_manner_network = { .ask = ask,
                                        .beat = beat,
                                        .hand_in = pvn_lend_hand_in,
                                        .give_up = pvn_lend_give_up,
                                        .fetch = pvn_lend_fetch,
                                        .stop = stop,
                                        .hush = hush,
                                        .bye = bye,
                                        .close = close_lend,
                                        .describe = describe };
