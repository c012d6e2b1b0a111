/* net/lend_known.c - what a lending worker keeps in mind: requests to leave
 * alone, sizes of programs, bids whose fate is open, jobs in hand. Includes
 * lend.h. Everything is under the worker's lock. */
#include "net/lend.h"

/* ---- requests to leave alone ---- */

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

bool pvn_lend_skipped(pvn_lend *l, const uint8_t id32[32])
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

/* ---- sizes of programs ---- */

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

/* ---- in hand ---- */

/* Is it in hand? */
bool pvn_lend_held(pvn_lend *l, const uint8_t id32[32])
{
    bool yes = false;

    pthread_mutex_lock(&l->w->lock);
    for (const provernet_job *j = l->w->jobs; j && !yes; j = j->next)
        yes = memcmp(pvn_lend_request_of(j), id32, 32) == 0;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

/* ---- bids whose fate is open ---- */

void pvn_lend_bid_add(pvn_lend *l, const pvn_heard_request *r,
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
bool pvn_lend_bid_drop(pvn_lend *l, const uint8_t id32[32], bool won)
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

size_t pvn_lend_bids(pvn_lend *l, pvn_open_bid out[PVN_BIDS_MAX])
{
    size_t n;

    pthread_mutex_lock(&l->w->lock);
    n = l->bids;
    memcpy(out, l->bid, n * sizeof *out);
    pthread_mutex_unlock(&l->w->lock);
    return n;
}

bool pvn_lend_bid_open(pvn_lend *l, const uint8_t id32[32])
{
    bool yes = false;

    pthread_mutex_lock(&l->w->lock);
    for (size_t i = 0; i < l->bids && !yes; i++)
        yes = memcmp(l->bid[i].id32, id32, 32) == 0;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}

bool pvn_lend_bid_room(pvn_lend *l)
{
    bool yes;

    pthread_mutex_lock(&l->w->lock);
    yes = l->bids < l->bids_max && !l->w->stopping && !l->w->ended;
    pthread_mutex_unlock(&l->w->lock);
    return yes;
}
