/* prove/gpu_keys.c - keys on the device, see gpu.h. */
#include "prove/gpu_sections.h"
#include "prove/gpu_state.h"
#include "prove/memory.h"
#include <stdio.h>
#include <stdlib.h>

enum { SPARE_BYTES = 64 << 20 }; /* of the device, left to others, at most */

/* Take the dropped keys, or all, off the list and the device. */
void pvn_gpu_sweep(provernet_engine *e, bool all)
{
    struct pvn_gpu *g = e->gpu;
    pvn_gpu_key *gone = NULL, **at;
    provernet_gpu_error ge = { 0 };

    pthread_mutex_lock(&g->lock);
    for (at = &g->keys; *at;) {
        pvn_gpu_key *k = *at;

        if (k->core && !all) {
            at = &k->next;
            continue;
        }
        *at = k->next;
        k->next = gone;
        gone = k;
    }
    pthread_mutex_unlock(&g->lock);
    while (gone) {
        pvn_gpu_key *next = gone->next;

        if (gone->key && g->link &&
            g->link->way->drop(g->link, gone->key, &ge) == PROVERNET_GPU_LOST) {
            pvn_gpu_lose(e, ge.message);
            for (pvn_gpu_key *k = next; k; k = k->next)
                k->key = 0;
        }
        free(gone);
        gone = next;
    }
}

/* The least time that the bus takes for a proof of a key in parts. */
static const char *bus_text(char out[112], uint64_t bytes, uint64_t rate)
{
    double used = rate ? (double)rate : (double)PVN_GPU_BUS_ASSUMED;
    char size[24];

    snprintf(out, 112, "%s a proof, at least %.1f ms at %.1f GB/s (%s)",
             pvn_size_text(size, bytes), (double)bytes * 1e3 / used, used / 1e9,
             rate ? "measured" : "assumed, PCIe 4.0 x16");
    return out;
}

static uint64_t spare_of(uint64_t free_bytes)
{
    return free_bytes / 16 < SPARE_BYTES ? free_bytes / 16 : SPARE_BYTES;
}

/* Its points pass through the device in parts. */
static void in_parts(provernet_engine *e, const provernet_gpu_needs *n,
                     const provernet_gpu_info *info, pvn_gpu_sections *s,
                     uint64_t *bytes)
{
    const provernet_gpu_form *plain = &n->form[PROVERNET_GPU_PLAIN];
    const provernet_gpu_form *parts = &n->form[PROVERNET_GPU_IN_PARTS];
    uint64_t use = info->free_bytes + n->spare - spare_of(info->free_bytes);
    uint64_t *budget = &s->sizes.memory_budget;
    char a[24], b[24], bus[112];

    *budget = use < plain->resident ? use : plain->resident - 1;
    if (!*budget) /* which would mean: any */
        *budget = 1;
    pvn_engine_tell(e,
                    "%s: a key takes %s with a proof, %s are free: its points "
                    "pass through the device in parts, which is slower: %s",
                    e->gpu->name,
                    pvn_size_text(a, plain->resident + plain->scratch),
                    pvn_size_text(b, info->free_bytes),
                    bus_text(bus, parts->bus, n->bus_rate));
    *bytes = parts->resident + parts->scratch;
    if (*bytes > *budget)
        *bytes = *budget;
}

/* Of what is left beside a proof, no other key's. */
static uint64_t multiples_budget(const provernet_engine *e,
                                 const provernet_gpu_form *plain,
                                 uint64_t free_bytes)
{
    const struct pvn_gpu *g = e->gpu;
    uint64_t taken = plain->resident + plain->scratch + spare_of(free_bytes);
    uint64_t left = free_bytes > taken ? free_bytes - taken : 0;

    return left < g->multiples ? left : g->multiples;
}

/* A key that does not fit beside a proof may take what is free but a rest;
 * multiples of other keys' points go first, then keys that are only kept. */
static int fit(provernet_engine *e, pvn_gpu_sections *s, uint64_t *bytes,
               provernet_gpu_error *ge)
{
    struct pvn_gpu *g = e->gpu;
    provernet_gpu_needs needs;
    provernet_gpu_info info;
    const provernet_gpu_form *plain = &needs.form[PROVERNET_GPU_PLAIN];
    int status;

    for (;;) {
        status = g->link->way->needs(g->link, s, &needs, ge);
        if (!status)
            status = g->link->way->info(g->link, g->device, &info, ge);
        if (status)
            return status;
        *bytes = plain->resident + plain->scratch;
        if (*bytes <= info.free_bytes + needs.spare) {
            s->sizes.multiples_budget =
                multiples_budget(e, plain, info.free_bytes);
            return PROVERNET_GPU_OK;
        }
        if (!pvn_engine_shed(e, 1))
            break;
        pvn_gpu_sweep(e, false);
        if (!g->link)
            return ge->status = PROVERNET_GPU_LOST;
    }
    in_parts(e, &needs, &info, s, bytes);
    return PROVERNET_GPU_OK;
}

/* What was not known before. */
static void tell_form(provernet_engine *e, const pvn_gpu_loaded *l,
                      uint64_t rate_before)
{
    char text[112];

    if (l->form.multiples == 0 && rate_before == 0 && l->bus_rate)
        pvn_engine_tell(e, "%s: a key in parts: %s", e->gpu->name,
                        bus_text(text, l->form.bus, l->bus_rate));
    if (l->form.multiples > 1)
        pvn_engine_tell(e, "%s: a key has %u multiples of each point there, %s",
                        e->gpu->name, l->form.multiples,
                        pvn_size_text(text, l->form.resident));
}

static int put_key(provernet_engine *e, pvn_gpu_key *k, pvn_gpu_sections *s,
                   provernet_watch *w, provernet_gpu_error *ge)
{
    struct pvn_gpu *g = e->gpu;
    pvn_gpu_loaded loaded = { 0 };
    int status = fit(e, s, &k->bytes, ge);

    if (!status)
        status = g->link->way->load(g->link, s, &loaded, w, ge);
    k->key = loaded.key;
    if (status)
        return status;
    tell_form(e, &loaded, g->bus_rate);
    g->bus_rate = loaded.bus_rate;
    return pvn_gpu_slots_grow(g, s->sizes.n_vars, ge);
}

static provernet_status add(provernet_engine *e, pvn_gpu_key *k,
                            const pvn_source *zkey, provernet_watch *w,
                            provernet_error *err)
{
    struct pvn_gpu *g = e->gpu;
    provernet_gpu_error ge = { 0 };
    pvn_gpu_sections s = { 0 };
    provernet_status rc;
    int status;

    rc = pvn_memory_admit(&e->env.files, zkey->size, "loading this key", err);
    if (!rc)
        rc = pvn_gpu_sections_read(&s, zkey, err);
    if (rc)
        return rc;
    status = put_key(e, k, &s, w, &ge);
    pvn_bulk_free(&s.bulk);
    if (status && k->key && g->link) /* slots could not be had */
        (void)g->link->way->drop(g->link, k->key, &(provernet_gpu_error){ 0 });
    if (status == PROVERNET_GPU_LOST) {
        k->key = 0;
        if (g->link)
            pvn_gpu_lose(e, ge.message);
        return PROVERNET_OK; /* the processor has the key */
    }
    return status ? pvn_gpu_said(g, &ge, err) : PROVERNET_OK;
}

provernet_status pvn_gpu_key_add(provernet_engine *e, pvn_groth16_key *core,
                                 const pvn_source *zkey, provernet_watch *w,
                                 provernet_error *err)
{
    struct pvn_gpu *g = e->gpu;
    pvn_gpu_key *k = calloc(1, sizeof *k);
    provernet_status rc = PROVERNET_OK;

    if (!k)
        return pvn_nomem(err);
    pvn_gpu_sweep(e, false);
    pvn_gpu_try_again(e);
    if (g->link)
        rc = add(e, k, zkey, w, err);
    if (rc) {
        free(k);
        return rc;
    }
    k->core = core;
    pthread_mutex_lock(&g->lock);
    k->next = g->keys;
    g->keys = k;
    pthread_mutex_unlock(&g->lock);
    return PROVERNET_OK;
}

/* A copy of what is known of a key; false: it is another engine's. */
bool pvn_gpu_find(struct pvn_gpu *g, const pvn_groth16_key *core,
                  pvn_gpu_key *out)
{
    pvn_gpu_key *k;

    pthread_mutex_lock(&g->lock);
    for (k = g->keys; k && k->core != core;)
        k = k->next;
    if (k)
        *out = *k;
    pthread_mutex_unlock(&g->lock);
    return k != NULL;
}

bool pvn_gpu_key_stale(provernet_engine *e, const pvn_groth16_key *core)
{
    struct pvn_gpu *g = e->gpu;
    bool stale;
    pvn_gpu_key k;

    if (!pvn_gpu_find(g, core, &k) || k.key)
        return false;
    pthread_mutex_lock(&g->lock);
    stale = g->link || pvn_gpu_due(e);
    pthread_mutex_unlock(&g->lock);
    return stale;
}

uint64_t pvn_gpu_key_bytes(provernet_engine *e, const pvn_groth16_key *core)
{
    pvn_gpu_key k;

    return pvn_gpu_find(e->gpu, core, &k) && k.key ? k.bytes : 0;
}

void pvn_gpu_key_drop(provernet_engine *e, pvn_groth16_key *core)
{
    struct pvn_gpu *g = e->gpu;

    pthread_mutex_lock(&g->lock);
    for (pvn_gpu_key *k = g->keys; k; k = k->next)
        if (k->core == core)
            k->core = NULL;
    pthread_mutex_unlock(&g->lock);
    pvn_groth16_key_drop(core);
}
