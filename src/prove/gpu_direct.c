/* prove/gpu_direct.c - the GPU engine in this process, see gpu_link.h. */
#include "prove/gpu_link.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct direct {
    pvn_gpu_link link;
    const provernet_gpu *table;
    void *ctx;
    const uint8_t *slots[PVN_WIRE_SLOTS];
    provernet_gpu_next next;
} direct;

static direct *of(pvn_gpu_link *l)
{
    return (direct *)l;
}

/* Reports go straight to the caller's watch, a cancel straight to the
 * engine. atomic_bool, atomic_int and atomic pointers lie as the plain ones. */
static provernet_gpu_watch watch_of(provernet_watch *w)
{
    provernet_gpu_watch g = { 0 };

    if (w) {
        g.host_cancelled = (const volatile uint8_t *)&w->cancelled;
        g.host_permille = (volatile int32_t *)&w->permille;
        g.host_stage = (const char *volatile *)&w->stage;
    }
    return g;
}

static provernet_gpu_zkey key_of(const pvn_gpu_sections *s)
{
    const pvn_wire_key *k = &s->sizes;
    uint64_t at[PVN_WIRE_SECTIONS + 1];

    pvn_wire_layout(k, at);
    return (provernet_gpu_zkey){ .struct_size = sizeof(provernet_gpu_zkey),
                                 .n_vars = k->n_vars,
                                 .n_public = k->n_public,
                                 .domain_size = k->domain_size,
                                 .coefficients = k->coefficients,
                                 .section4 = s->bulk.data + at[0],
                                 .a = s->bulk.data + at[1],
                                 .b1 = s->bulk.data + at[2],
                                 .b2 = s->bulk.data + at[3],
                                 .c = s->bulk.data + at[4],
                                 .h = s->bulk.data + at[5],
                                 .alpha1 = s->fixed,
                                 .beta1 = s->fixed + 64,
                                 .delta1 = s->fixed + 128,
                                 .beta2 = s->fixed + 192,
                                 .delta2 = s->fixed + 320,
                                 .memory_budget = k->memory_budget,
                                 .multiples_budget = k->multiples_budget };
}

static void direct_close(pvn_gpu_link *l)
{
    if (of(l)->ctx)
        of(l)->table->close(of(l)->ctx);
    free(of(l));
}

static int direct_info(pvn_gpu_link *l, int device, provernet_gpu_info *out,
                       provernet_gpu_error *e)
{
    return of(l)->table->info(device, out, e);
}

static int direct_open(pvn_gpu_link *l, int device, provernet_gpu_error *e)
{
    return of(l)->table->open(device, &of(l)->ctx, e);
}

static int direct_needs(pvn_gpu_link *l, const pvn_gpu_sections *s,
                        provernet_gpu_needs *out, provernet_gpu_error *e)
{
    provernet_gpu_zkey z = key_of(s);

    return of(l)->table->key_needs(of(l)->ctx, &z, out, e);
}

static int direct_load(pvn_gpu_link *l, const pvn_gpu_sections *s,
                       pvn_gpu_loaded *out, provernet_watch *w,
                       provernet_gpu_error *e)
{
    provernet_gpu_zkey z = key_of(s);
    provernet_gpu_watch watch = watch_of(w);
    void *made = NULL;
    int status;

    watch.host_permille = NULL; /* the CPU's load has reported to its end */
    status = of(l)->table->key_load(of(l)->ctx, &z, &made, &watch, e);
    if (!status)
        status = of(l)->table->key_form(of(l)->ctx, made, &out->form,
                                        &out->bus_rate, e);
    out->key = (uint64_t)(uintptr_t)made;
    return status;
}

static int direct_drop(pvn_gpu_link *l, uint64_t key, provernet_gpu_error *e)
{
    (void)e;
    of(l)->table->key_free(of(l)->ctx, (void *)(uintptr_t)key);
    return PROVERNET_GPU_OK;
}

static int direct_slot(pvn_gpu_link *l, unsigned slot, const pvn_bulk *b,
                       provernet_gpu_error *e)
{
    of(l)->slots[slot] = b->data;
    return of(l)->table->slot(of(l)->ctx, slot, b->data, b->len, e);
}

static int direct_prove(pvn_gpu_link *l, pvn_gpu_proof *p, provernet_watch *w,
                        provernet_gpu_error *e)
{
    provernet_gpu_watch watch = watch_of(w);

    watch.ticket = p->ticket;
    watch.next = &of(l)->next;
    return of(l)->table->groth16(of(l)->ctx, (void *)(uintptr_t)p->key,
                                 of(l)->slots[p->slot], p->n, p->rs64,
                                 p->proof256, &watch, e);
}

static int direct_work(pvn_gpu_link *l, unsigned what, const pvn_bulk *b,
                       uint64_t n, uint8_t out128[128], provernet_gpu_error *e)
{
    const provernet_gpu *t = of(l)->table;
    uint32_t log_n = 0;

    if (what == PVN_WORK_G1)
        return t->msm_g1(of(l)->ctx, b->data, b->data + n * 64, n, out128, e);
    if (what == PVN_WORK_G2)
        return t->msm_g2(of(l)->ctx, b->data, b->data + n * 128, n, out128, e);
    while ((uint64_t)1 << log_n < n)
        log_n++;
    return t->ntt(of(l)->ctx, b->data, log_n, what == PVN_WORK_NTT_INVERSE, e);
}

static const pvn_gpu_way way = { direct_close, direct_info,  direct_open,
                                 direct_needs, direct_load,  direct_drop,
                                 direct_slot,  direct_prove, direct_work };

static const char *load_table(const provernet_gpu **out, const char *path,
                              char why[64])
{
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    provernet_gpu_v1_fn get;

    if (!file)
        return dlerror();
    symbol = dlsym(file, "provernet_gpu_v1");
    if (!symbol)
        return "it is no GPU engine";
    memcpy(&get, &symbol, sizeof get);
    *out = get();
    if (*out && (*out)->abi == PROVERNET_GPU_ABI &&
        (*out)->struct_size >= sizeof **out)
        return NULL;
    snprintf(why, 64, "it speaks version %u, this library %d",
             *out ? (*out)->abi : 0, PROVERNET_GPU_ABI);
    return why;
}

provernet_status pvn_gpu_direct(pvn_gpu_link **out, const char *name,
                                const char *path, provernet_error *err)
{
    const provernet_gpu *table = NULL;
    provernet_gpu_error ge = { 0 };
    const char *why;
    char room[64];
    direct *d;
    int count;

    why = load_table(&table, path, room);
    if (why)
        return pvn_gpu_not_loaded(name, path, why, err);
    count = table->count(&ge);
    if (count <= 0)
        return pvn_gpu_none_here(ge.message, ge.cause, err);
    d = calloc(1, sizeof *d);
    if (!d)
        return pvn_nomem(err);
    d->table = table;
    d->link.way = &way;
    d->link.devices = count;
    d->link.next = &d->next;
    *out = &d->link;
    return PROVERNET_OK;
}
