/* node/counters.c - numbers and hints for people, and what protocols keep in
 * memory beside live connections. Any thread. */
#include "node/inside.h"
#include <stdio.h>
#include <stdlib.h>

/* Progress reports kept: those of running requests, dropped when they end. */
enum { PROGRESS_MAX = 65536 };

typedef struct progress {
    provernet_id request;
    int permille;
    char stage[32];
} progress;

void pvn_tally_max(atomic_uint_fast64_t *a, uint64_t v)
{
    uint64_t was = atomic_load_explicit(a, memory_order_relaxed);

    while (was < v && !atomic_compare_exchange_weak(a, &was, v))
        ;
}

void pvn_node_counters(const pvn_node *n, pvn_counters *out)
{
    pvn_node *m = (pvn_node *)(uintptr_t)n; /* locks are not const */
    const pvn_tally *t = &n->tally;

    out->calls = atomic_load(&t->calls);
    out->ops = atomic_load(&t->ops);
    out->batches = atomic_load(&t->batches);
    out->batch_ops_max = atomic_load(&t->batch_ops_max);
    out->commit_us_total = atomic_load(&t->commit_us);
    out->accepted = atomic_load(&t->accepted);
    out->fulfilled = atomic_load(&t->fulfilled);
    out->failed = atomic_load(&t->failed);
    out->calls_open = atomic_load(&t->calls_open);
    out->bytes_in_flight = atomic_load(&t->bytes_in_flight);
    out->parked = pvn_parks_len(&m->parks);
    pthread_mutex_lock(&m->core.lock);
    out->queue_len = m->core.queued;
    pthread_mutex_unlock(&m->core.lock);
}

char *pvn_node_counts(pvn_node *n)
{
    char *copy;

    pthread_mutex_lock(&n->lock);
    copy = n->counts ? strdup(n->counts) : NULL;
    pthread_mutex_unlock(&n->lock);
    return copy;
}

/* ---- progress ---- */

void pvn_node_progress_set(pvn_node *n, const provernet_id *request,
                           int permille, const char *stage)
{
    progress *p;

    pthread_mutex_lock(&n->lock);
    p = pvn_map_get(&n->progress, request->bytes, sizeof request->bytes);
    if (!p && n->progress.len < PROGRESS_MAX && (p = calloc(1, sizeof *p))) {
        p->request = *request;
        if (!pvn_map_put(&n->progress, p->request.bytes,
                         sizeof p->request.bytes, p)) {
            free(p);
            p = NULL;
        }
    }
    if (p) {
        p->permille = permille < 0 ? 0 : permille > 1000 ? 1000 : permille;
        snprintf(p->stage, sizeof p->stage, "%s", stage ? stage : "");
    }
    pthread_mutex_unlock(&n->lock);
}

bool pvn_node_progress(pvn_node *n, const provernet_id *request, int *permille,
                       char stage[32])
{
    progress *p;

    pthread_mutex_lock(&n->lock);
    p = pvn_map_get(&n->progress, request->bytes, sizeof request->bytes);
    if (p) {
        *permille = p->permille;
        memcpy(stage, p->stage, sizeof p->stage);
    }
    pthread_mutex_unlock(&n->lock);
    return p != NULL;
}

void pvn_progress_drop(provernet *n, const provernet_id *request)
{
    pthread_mutex_lock(&n->lock);
    free(pvn_map_take(&n->progress, request->bytes, sizeof request->bytes));
    pthread_mutex_unlock(&n->lock);
}

/* ---- what hangs on the node ---- */

void *pvn_node_slot(pvn_node *n, int protocol, void *(*make)(pvn_node *n),
                    void (*free_it)(void *))
{
    pvn_slot *s;
    void *thing;

    if (protocol < 0 || protocol >= PVN_SLOTS)
        return NULL;
    s = &n->slot[protocol];
    pthread_mutex_lock(&n->slots_lock);
    if (!s->thing && make) {
        s->thing = make(n);
        s->free_it = free_it;
    }
    thing = s->thing;
    pthread_mutex_unlock(&n->slots_lock);
    return thing;
}

void pvn_node_attach(provernet *n, void *thing, void (*stop)(void *thing))
{
    pthread_mutex_lock(&n->lock);
    n->attached = thing;
    n->attached_stop = stop;
    pthread_mutex_unlock(&n->lock);
}

void *pvn_node_attached(const provernet *n, void (*stop)(void *thing))
{
    provernet *m = (provernet *)(uintptr_t)n;
    void *thing;

    pthread_mutex_lock(&m->lock);
    thing = !stop || n->attached_stop == stop ? n->attached : NULL;
    pthread_mutex_unlock(&m->lock);
    return thing;
}

void pvn_counters_free(provernet *n)
{
    pvn_map_entry *e;

    for (size_t at = 0; (e = pvn_map_next(&n->progress, &at)) != NULL;)
        free(e->value);
    pvn_map_free(&n->progress);
    for (size_t i = 0; i < PVN_SLOTS; i++)
        if (n->slot[i].thing && n->slot[i].free_it)
            n->slot[i].free_it(n->slot[i].thing);
    free(n->counts);
}

/* ---- looking ---- */

const pvn_env *pvn_node_env(const pvn_node *n)
{
    return &n->env;
}

uint64_t pvn_node_message_max(const pvn_node *n)
{
    return n->message_max;
}

const provernet_options *pvn_node_options(const pvn_node *n)
{
    return n->options;
}

const pvn_rules *pvn_node_rules(const pvn_node *n)
{
    return &n->rules;
}

pvn_store *pvn_node_store(const pvn_node *n)
{
    return n->store;
}

const uint8_t *pvn_node_ticket_key(const pvn_node *n)
{
    return n->ticket_key;
}

pvn_health pvn_node_health(const pvn_node *n, const char **why)
{
    pvn_health h = PVN_SERVING;
    const char *text = "serving";

    if (atomic_load(&n->sick)) {
        h = PVN_SICK;
        text = "the database failed; it is being opened again";
    } else if (atomic_load(&n->draining)) {
        h = PVN_DRAINING;
        text = "draining: nothing new is taken";
    } else if (!atomic_load(&n->booted)) {
        h = PVN_STARTING;
        text = "starting: leases of an earlier run are being sorted";
    }
    if (why)
        *why = text;
    return h;
}
