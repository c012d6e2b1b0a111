/* prove/gpu_slots.c - where witnesses lie for the device: one proves, one may
 * wait, see gpu_state.h. */
#include "prove/gpu_state.h"
#include "snark/wtns.h"
#include <sodium.h>
#include <stdio.h>

/* With the turn held, of a slot that is this caller's: room for n values, and
 * the device knows it. */
int pvn_gpu_slot_ready(struct pvn_gpu *g, pvn_gpu_slot *s, uint64_t n,
                       provernet_gpu_error *e)
{
    pvn_bulk larger;
    int status;

    if (s->bulk.len < n * 32) {
        if (!pvn_bulk_new(&larger, n * 32)) {
            snprintf(e->message, sizeof e->message,
                     "no memory for a witness of %llu values",
                     (unsigned long long)n);
            return e->status = PROVERNET_GPU_NOMEM;
        }
        /* The old one goes when the device knows the new one. */
        status =
            g->link->way->slot(g->link, (unsigned)(s - g->slots), &larger, e);
        pvn_bulk_free(&s->bulk);
        s->bulk = larger;
        s->linked = status == PROVERNET_GPU_OK;
        return status;
    }
    if (s->linked)
        return PROVERNET_GPU_OK;
    status = g->link->way->slot(g->link, (unsigned)(s - g->slots), &s->bulk, e);
    s->linked = status == PROVERNET_GPU_OK;
    return status;
}

pvn_gpu_slot *pvn_gpu_slot_take(struct pvn_gpu *g)
{
    pvn_gpu_slot *s = NULL;

    pthread_mutex_lock(&g->lock);
    for (int i = 0; i < PVN_WIRE_SLOTS && !s; i++)
        if (g->slots[i].state == SLOT_FREE)
            s = &g->slots[i];
    if (s)
        s->state = SLOT_PROVES;
    pthread_mutex_unlock(&g->lock);
    return s;
}

/* values: how many of them are wiped. */
void pvn_gpu_slot_give(struct pvn_gpu *g, pvn_gpu_slot *s, uint64_t values)
{
    if (s->bulk.data)
        sodium_memzero(
            s->bulk.data,
            (size_t)(values * 32 < s->bulk.len ? values * 32 : s->bulk.len));
    pthread_mutex_lock(&g->lock);
    s->state = SLOT_FREE;
    s->ticket = 0;
    pthread_mutex_unlock(&g->lock);
}

/* Slots for a key of so many wires, while nobody has a witness in them. */
int pvn_gpu_slots_grow(struct pvn_gpu *g, uint64_t wires,
                       provernet_gpu_error *e)
{
    int status = PROVERNET_GPU_OK;
    pvn_gpu_slot *mine[PVN_WIRE_SLOTS];
    int n = 0;

    while (n < PVN_WIRE_SLOTS && (mine[n] = pvn_gpu_slot_take(g)))
        n++;
    for (int i = 0; i < n && !status; i++)
        status = pvn_gpu_slot_ready(g, mine[i], wires, e);
    while (n-- > 0)
        pvn_gpu_slot_give(g, mine[n], 0);
    return status;
}

/* With the lock held. One witness waits at a time: the other slot is for
 * whoever has the turn. */
static pvn_gpu_slot *slot_to_fill(struct pvn_gpu *g, uint64_t n)
{
    pvn_gpu_slot *s = NULL;

    for (int i = 0; i < PVN_WIRE_SLOTS; i++) {
        pvn_gpu_slot *t = &g->slots[i];

        if (t->state == SLOT_FILLING || t->state == SLOT_WAITS)
            return NULL;
        if (t->state == SLOT_FREE && t->linked && t->bulk.len >= n * 32)
            s = t;
    }
    if (s)
        s->state = SLOT_FILLING;
    return s;
}

static void announce(struct pvn_gpu *g, const pvn_gpu_slot *s, uint64_t n)
{
    provernet_gpu_next *next = g->link ? g->link->next : NULL;

    if (!next || !s->linked)
        return;
    /* Whoever reads the new slot or n finds the old ticket gone. */
    __atomic_store_n(&next->ticket, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&next->slot, (uint32_t)(s - g->slots), __ATOMIC_RELEASE);
    __atomic_store_n(&next->n, n, __ATOMIC_RELEASE);
    __atomic_store_n(&next->ticket, s->ticket, __ATOMIC_RELEASE);
}

pvn_gpu_slot *pvn_gpu_slot_called(struct pvn_gpu *g, uint32_t ticket)
{
    pvn_gpu_slot *s = NULL;

    pthread_mutex_lock(&g->lock);
    for (int i = 0; ticket && i < PVN_WIRE_SLOTS; i++)
        if (g->slots[i].state == SLOT_WAITS && g->slots[i].ticket == ticket)
            s = &g->slots[i];
    if (s) { /* no longer announced */
        s->state = SLOT_PROVES;
        if (g->link)
            __atomic_store_n(&g->link->next->ticket, 0, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&g->lock);
    return s;
}

uint32_t pvn_gpu_prepare(provernet_engine *e, const pvn_groth16_key *core,
                         provernet_span wtns)
{
    uint64_t wires = pvn_groth16_key_sizes(core)->wires;
    struct pvn_gpu *g = e->gpu;
    pvn_wtns values;
    pvn_gpu_slot *s;

    /* What is wrong with it is pvn_gpu_said when it is proved. */
    if (pvn_wtns_open(&values, wtns, "the witness", NULL) ||
        values.count != wires || pvn_wtns_check(&values, "the witness", NULL))
        return 0;
    pthread_mutex_lock(&g->lock);
    s = slot_to_fill(g, wires);
    pthread_mutex_unlock(&g->lock);
    if (!s)
        return 0;
    memcpy(s->bulk.data, values.values, (size_t)(wires * 32));
    pthread_mutex_lock(&g->lock);
    s->state = SLOT_WAITS;
    if (++g->tickets == 0)
        g->tickets = 1;
    s->ticket = g->tickets;
    announce(g, s, wires);
    pthread_mutex_unlock(&g->lock);
    return s->ticket;
}

void pvn_gpu_withdraw(provernet_engine *e, const pvn_groth16_key *core,
                      uint32_t ticket)
{
    pvn_gpu_slot *s = pvn_gpu_slot_called(e->gpu, ticket);

    if (s)
        pvn_gpu_slot_give(e->gpu, s, pvn_groth16_key_sizes(core)->wires);
}
