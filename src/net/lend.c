/* net/lend.c - lending this machine to a prover network: two loops, one that
 * looks for work and bids, one that watches what is in hand. Includes lend.h.
 *
 * A network gives no leases: what is assigned is ours until its deadline, and
 * a list of the network says so again after a restart. */
#include "net/lend.h"
#include "crypto/crypto.h"
#include <stdlib.h>
#include <time.h>

enum {
    PAGE = 100,
    WAIT_MS = 1000,
    WAIT_MAX_MS = 30000,
    REFUSE_MS = 30000,
    BYE_MS = 10000
};

/* ---- small things ---- */

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

bool pvn_lend_stopping(pvn_lend *l)
{
    bool yes;

    pthread_mutex_lock(&l->w->lock);
    yes = l->w->stopping || l->w->ended;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

provernet_status pvn_lend_end(pvn_lend *l, const provernet_error *err)
{
    pvn_lend_tell(l, PVN_ERROR, "network.ended", NULL, "%s", err->message);
    return pvn_worker_end(l->w, err);
}

/* Told once for each row of failures. */
static void trouble(pvn_lend *l, const provernet_error *err)
{
    uint8_t dice;
    int64_t ms;

    if (pvn_lend_stopping(l))
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

/* ---- lists ---- */

provernet_status pvn_lend_list(pvn_lend *l, unsigned line, int fulfillment,
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

    if (pvn_lend_held(l, r->id32) || pvn_lend_skipped(l, r->id32))
        return false;
    if (pvn_lend_bid_drop(l, r->id32, true))
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

    rc = pvn_lend_list(l, PVN_LEND_ASK, PVN_NET_ASSIGNED, &a, &list, &n, err);
    if (rc == PROVERNET_OK && n)
        qsort(list, n, sizeof *list, by_deadline);
    for (size_t i = 0; rc == PROVERNET_OK && i < n && !pvn_lend_stopping(l);
         i++)
        /* A network that does not know the filter shows others' too. */
        if (list[i].fulfillment == PVN_NET_ASSIGNED &&
            memcmp(list[i].fulfiller20, l->prover20, 20) == 0)
            *want -= take_one(l, &list[i], *want > 0);
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

    rc = pvn_lend_meet(l, &err);
    if (rc == PROVERNET_OK)
        rc = take_assigned(l, &left, &err);
    if (rc == PROVERNET_OK)
        rc = pvn_lend_settle(l, PVN_LEND_ASK, &err);
    if (rc == PROVERNET_OK && l->calm_ms && pvn_now_ms(&w->env) >= l->calm_ms) {
        l->calm_ms = 0;
        pvn_lend_status(l);
    }
    if (rc == PROVERNET_OK && left > 0 && !l->calm_ms && pvn_lend_bid_room(l))
        rc = pvn_lend_offers(l, &err);
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

    if (pvn_lend_list(l, PVN_LEND_SEND, PVN_NET_ASSIGNED, &a, &list, &n, NULL))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].fulfillment != PVN_NET_ASSIGNED ||
            memcmp(list[i].fulfiller20, l->prover20, 20) != 0 ||
            pvn_lend_skipped(l, list[i].id32))
            continue;
        pvn_lend_bid_drop(l, list[i].id32, true);
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
        if (pvn_lend_settle(l, PVN_LEND_SEND, NULL))
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
