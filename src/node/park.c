/* node/park.c - see park.h: a heap by time and a list per cause. */
#include "node/park.h"
#include "base/settings.h"
#include <stdlib.h>

/* How often a waiter looks again for certainty: every second; less often when
 * very many wait, so that looking stays a small part of the work. */
enum { LOOK_MS = 1000, LOOK_MANY = 100, LOOK_MS_MAX = 10000 };

bool pvn_parks_init(pvn_parks *p)
{
    p->work.last = &p->work.first;
    p->events.last = &p->events.first;
    p->time.last = &p->time.first;
    for (size_t i = 0; i < PVN_PARK_BUCKETS; i++)
        p->request[i].last = &p->request[i].first;
    return pthread_mutex_init(&p->lock, NULL) == 0;
}

void pvn_parks_free(pvn_parks *p)
{
    pthread_mutex_destroy(&p->lock);
    free(p->heap);
}

/* ---- the heap ---- */

static void set(pvn_parks *p, size_t at, pvn_waiter *w)
{
    p->heap[at] = w;
    w->heap_at = at;
}

static void up(pvn_parks *p, size_t at)
{
    pvn_waiter *w = p->heap[at];

    for (; at > 1 && p->heap[at / 2]->wake_ms > w->wake_ms; at /= 2)
        set(p, at, p->heap[at / 2]);
    set(p, at, w);
}

static void down(pvn_parks *p, size_t at)
{
    pvn_waiter *w = p->heap[at];

    for (size_t kid; (kid = at * 2) <= p->len; at = kid) {
        if (kid < p->len && p->heap[kid + 1]->wake_ms < p->heap[kid]->wake_ms)
            kid++;
        if (p->heap[kid]->wake_ms >= w->wake_ms)
            break;
        set(p, at, p->heap[kid]);
    }
    set(p, at, w);
}

static bool heap_room(pvn_parks *p)
{
    size_t cap = p->cap ? p->cap * 2 : 64;
    pvn_waiter **heap;

    if (p->len + 1 < p->cap)
        return true;
    heap = realloc(p->heap, cap * sizeof(*heap));
    if (!heap)
        return false;
    p->heap = heap;
    p->cap = cap;
    return true;
}

/* ---- waiting ---- */

static pvn_park_list *bucket(pvn_parks *p, const provernet_id *id)
{
    /* the tail of an id is random */
    return &p->request[(id->bytes[14] << 8 | id->bytes[15]) % PVN_PARK_BUCKETS];
}

static pvn_park_list *list_of(pvn_parks *p, const pvn_waiter *w)
{
    switch (w->park.on) {
    case PVN_PARK_REQUEST:
        return bucket(p, &w->park.request);
    case PVN_PARK_WORK:
        return &p->work;
    case PVN_PARK_EVENTS:
        return &p->events;
    case PVN_PARK_TIME:
    default:
        return &p->time;
    }
}

static int64_t wake_time(const pvn_parks *p, const pvn_waiter *w,
                         int64_t now_ms)
{
    int64_t look = LOOK_MS;

    if (w->park.on != PVN_PARK_REQUEST && w->park.on != PVN_PARK_WORK)
        return w->park.until_ms;
    if (p->len > LOOK_MANY)
        look = LOOK_MS * (int64_t)p->len / LOOK_MANY;
    if (look > LOOK_MS_MAX)
        look = LOOK_MS_MAX;
    return w->park.until_ms - now_ms > look ? now_ms + look : w->park.until_ms;
}

bool pvn_parks_add(pvn_parks *p, pvn_waiter *w, int64_t now_ms)
{
    pvn_park_list *l = list_of(p, w);
    bool waits = false;

    w->heap_at = 0;
    w->timed_out = now_ms >= w->park.until_ms;
    if (w->timed_out)
        return false;
    pthread_mutex_lock(&p->lock);
    /* The batch that gave the owner its last answers may itself have changed
     * something after them: hence not "later than" but "not before". */
    if ((l == &p->time || !l->changed || l->changed < w->seen) &&
        heap_room(p)) {
        w->wake_ms = wake_time(p, w, now_ms);
        p->heap[++p->len] = w;
        w->heap_at = p->len;
        up(p, p->len);
        w->next = NULL;
        w->link = l->last;
        *l->last = w;
        l->last = &w->next;
        waits = true;
    }
    pthread_mutex_unlock(&p->lock);
    return waits;
}

/* Under the lock. */
static void out(pvn_parks *p, pvn_waiter *w)
{
    pvn_park_list *l = list_of(p, w);
    pvn_waiter *moved = p->heap[p->len--];

    if (moved != w) {
        set(p, w->heap_at, moved);
        down(p, moved->heap_at);
        up(p, moved->heap_at);
    }
    w->heap_at = 0;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    else
        l->last = w->link;
}

bool pvn_parks_remove(pvn_parks *p, pvn_waiter *w)
{
    bool waited;

    pthread_mutex_lock(&p->lock);
    waited = w->heap_at != 0;
    if (waited)
        out(p, w);
    pthread_mutex_unlock(&p->lock);
    return waited;
}

/* ---- waking ---- */

void pvn_parks_request(pvn_parks *p, uint64_t batch, const provernet_id *id,
                       int64_t state)
{
    pvn_park_list *l = bucket(p, id);

    pthread_mutex_lock(&p->lock);
    l->changed = batch;
    for (pvn_waiter *w = l->first, *next; w; w = next) {
        next = w->next;
        if (pvn_id_equal(&w->park.request, id) && state >= 0 && state < 32 &&
            (w->park.state_mask & 1u << state)) {
            out(p, w);
            w->wake(w);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void pvn_parks_work(pvn_parks *p, uint64_t batch, const char *kind, size_t n)
{
    pthread_mutex_lock(&p->lock);
    if (batch)
        p->work.changed = batch;
    for (pvn_waiter *w = p->work.first, *next; w && n; w = next) {
        next = w->next;
        if (!kind || !w->park.kinds || strcmp(w->park.kinds, "*") == 0 ||
            pvn_list_has(w->park.kinds, kind)) {
            out(p, w);
            w->wake(w);
            n--;
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void pvn_parks_events(pvn_parks *p, uint64_t batch)
{
    pthread_mutex_lock(&p->lock);
    p->events.changed = batch;
    for (pvn_waiter *w; (w = p->events.first) != NULL;) {
        out(p, w);
        w->wake(w);
    }
    pthread_mutex_unlock(&p->lock);
}

int64_t pvn_parks_due(pvn_parks *p, int64_t now_ms)
{
    int64_t next;

    pthread_mutex_lock(&p->lock);
    while (p->len && p->heap[1]->wake_ms <= now_ms) {
        pvn_waiter *w = p->heap[1];
        out(p, w);
        w->timed_out = now_ms >= w->park.until_ms;
        w->wake(w);
    }
    next = p->len ? p->heap[1]->wake_ms : INT64_MAX;
    pthread_mutex_unlock(&p->lock);
    return next;
}

int64_t pvn_parks_next(pvn_parks *p)
{
    int64_t next;

    pthread_mutex_lock(&p->lock);
    next = p->len ? p->heap[1]->wake_ms : INT64_MAX;
    pthread_mutex_unlock(&p->lock);
    return next;
}

void pvn_parks_wake_all(pvn_parks *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->len) {
        pvn_waiter *w = p->heap[1];
        out(p, w);
        w->wake(w);
    }
    pthread_mutex_unlock(&p->lock);
}

size_t pvn_parks_len(pvn_parks *p)
{
    size_t len;

    pthread_mutex_lock(&p->lock);
    len = p->len;
    pthread_mutex_unlock(&p->lock);
    return len;
}
