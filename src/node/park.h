/* node/park.h - who waits for a time, a request, work or events.
 *
 * Any thread; one lock. Knows nothing of calls: a waiter is woken through its
 * function, under the lock, on the thread that caused it. Memory only: a lost
 * wake-up costs a look a little later, never a wrong answer. */
#ifndef PVN_NODE_PARK_H
#define PVN_NODE_PARK_H
#include "node/call.h"
#include <pthread.h>

typedef struct pvn_waiter {
    pvn_park park; /* kinds is borrowed */
    /* The batch whose answers its owner saw last: what changed since then
     * wakes it at once. */
    uint64_t seen;
    bool timed_out;
    void (*wake)(struct pvn_waiter *w);
    /* private */
    int64_t wake_ms;
    size_t heap_at; /* 1-based; 0: not waiting */
    struct pvn_waiter *next, **link;
} pvn_waiter;

enum { PVN_PARK_BUCKETS = 1024 };
typedef struct pvn_park_list {
    pvn_waiter *first, **last;
    uint64_t changed; /* the last batch that concerned this list */
} pvn_park_list;

typedef struct pvn_parks {
    pthread_mutex_t lock;
    pvn_waiter **heap;
    size_t len, cap;
    pvn_park_list work, events, time, request[PVN_PARK_BUCKETS];
} pvn_parks;

bool pvn_parks_init(pvn_parks *p);
void pvn_parks_free(pvn_parks *p);
/* Wait. false: what it waits for may have happened already (or no memory):
 * go on at once. w->timed_out is set if its time has passed. */
bool pvn_parks_add(pvn_parks *p, pvn_waiter *w, int64_t now_ms);
/* Wait no more. false: it was woken before. */
bool pvn_parks_remove(pvn_parks *p, pvn_waiter *w);
/* What batch number `batch` did. */
void pvn_parks_request(pvn_parks *p, uint64_t batch, const provernet_id *id,
                       int64_t state);
void pvn_parks_work(pvn_parks *p, uint64_t batch, const char *kind, size_t n);
void pvn_parks_events(pvn_parks *p, uint64_t batch);
/* Wake those whose time has come; returns when the next one's does. */
int64_t pvn_parks_due(pvn_parks *p, int64_t now_ms);
int64_t pvn_parks_next(pvn_parks *p);
void pvn_parks_wake_all(pvn_parks *p);
size_t pvn_parks_len(pvn_parks *p);
#endif
