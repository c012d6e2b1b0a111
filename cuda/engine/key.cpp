/* cuda/engine/key.cpp - proving keys on the device: what they need, loading
 * them, and the slower form for keys that do not fit. */
#include "engine.h"
#include <stdlib.h>
#include <string.h>

namespace pvn
{

enum {
    ENTRY = 44,
    CHUNK_LOG_MIN = 6,
    CHUNK_LOG_MAX = 20,
    CHUNK_LOG_USUAL = 18
};

static uint32_t u32le(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

uint32_t table_from(const Key *k, int table)
{
    return table == TABLE_C ? k->n_public + 1 : 0;
}

uint64_t table_count(const Key *k, int table)
{
    return table == TABLE_H ? k->domain : k->n_vars - table_from(k, table);
}

static const uint8_t *section(const Zkey *z, int table)
{
    const uint8_t *const all[TABLES] = { z->a, z->b1, z->b2, z->c, z->h };

    return all[table];
}

/* ---- sizes: the code that cuts memory up also adds it up ---- */

static void key_memory(Key *k, uint64_t entries, bool points, Arena *a)
{
    k->start = a->take<uint32_t>(2 * (k->domain + 1));
    k->signal = a->take<uint32_t>(entries);
    k->longs = a->take<uint32_t>(entries / (LONG_ROW + 1) + 1);
    k->value = a->take<Fr>(entries);
    k->eta = a->take<Fr>(k->domain);
    for (int t = 0; points && t < TABLES; t++)
        k->points[t] = a->cut(table_count(k, t) * table_point(t));
}

void key_scratch(const Key *k, Scratch *s, Arena *a)
{
    /* First, so that their places depend on the number of signals only. */
    s->witness[0] = a->take<Fr>(k->n_vars);
    s->witness[1] = a->take<Fr>(k->n_vars);
    s->abc = a->take<Fr>(3 * k->domain);
    msm_work(&s->on_witness, k->plan_w, true, a);
    msm_work(&s->on_h, k->plan_h, false, a);
    s->chunk_w = k->chunk ? a->cut(k->plan_w.n * 128) : nullptr;
    s->chunk_h = k->chunk ? a->cut(k->plan_h.n * 64) : nullptr;
}

static void plan(Key *k, uint64_t chunk)
{
    uint64_t w = k->n_vars, h = k->domain;

    k->chunk = chunk;
    k->plan_w = msm_plan(chunk && chunk < w ? chunk : w);
    k->plan_h = msm_plan(chunk && chunk < h ? chunk : h);
}

static uint64_t key_bytes(Key *k, uint64_t entries, bool points)
{
    Arena a = { nullptr, 0, false };

    key_memory(k, entries, points, &a);
    return a.used;
}

static uint64_t scratch_bytes(const Key *k)
{
    Arena a = { nullptr, 0, false };
    Scratch s;

    key_scratch(k, &s, &a);
    return a.used;
}

/* The largest chunk that keeps within the budget; 0: none does. */
static uint64_t pick_chunk(Key *k, uint64_t entries, uint64_t budget)
{
    uint64_t base = key_bytes(k, entries, false);
    int log = budget ? CHUNK_LOG_MAX : CHUNK_LOG_USUAL;

    for (; log >= CHUNK_LOG_MIN; log--) {
        plan(k, (uint64_t)1 << log);
        if (!budget || base + scratch_bytes(k) <= budget)
            return (uint64_t)1 << log;
    }
    return 0;
}

/* ---- what must hold of a key; the host has checked the rest ---- */

static int describe(const Context *c, const Zkey *z, Key *k, Error *e)
{
    memset(k, 0, sizeof *k);
    if (!c || !z || z->struct_size < sizeof *z)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "no context, no key, or one of an older header");
    if (c->dead)
        return fail(e, PROVERNET_GPU_LOST, 0, "the device was lost: close it");
    if (z->n_vars <= z->n_public || z->domain_size == 0 ||
        (z->domain_size & (z->domain_size - 1)) != 0)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a key of %u signals, %u of them public, domain %u: there "
                    "must be more signals than public ones and the domain a "
                    "power of two",
                    z->n_vars, z->n_public, z->domain_size);
    if (z->n_vars > MAX_WIRES || z->domain_size > 1u << MAX_LOG ||
        z->coefficients >= (uint64_t)1 << 32)
        return fail(e, PROVERNET_GPU_UNSUPPORTED, 0,
                    "a key of %u signals and domain %u; the engine takes 2^28 "
                    "signals, domains of 2^%d",
                    z->n_vars, z->domain_size, MAX_LOG);
    k->n_vars = z->n_vars;
    k->n_public = z->n_public;
    k->domain = z->domain_size;
    while ((uint64_t)1 << k->log_n < k->domain)
        k->log_n++;
    k->pinned = (uint64_t)k->n_vars * 32 + 256 +
                (uint64_t)TABLES * WINDOWS * sizeof(Xyzz<Fq2>);
    return 0;
}

int key_needs(void *ctx, const Zkey *z, uint64_t *resident, uint64_t *scratch,
              uint64_t *chunked_scratch, Error *e)
{
    Key k;
    int status = describe(static_cast<Context *>(ctx), z, &k, e);

    if (status)
        return status;
    plan(&k, 0);
    if (resident)
        *resident = key_bytes(&k, z->coefficients, true);
    if (scratch)
        *scratch = scratch_bytes(&k);
    if (chunked_scratch) {
        (void)pick_chunk(&k, z->coefficients, 0);
        *chunked_scratch =
            key_bytes(&k, z->coefficients, false) + scratch_bytes(&k);
    }
    return 0;
}

/* ---- rows: entries in any order become rows one after another ---- */

struct RowLists {
    uint32_t *start, *signal, *longs;
    uint8_t *value;
    uint32_t *next;
};

static void rows_free(RowLists *r)
{
    free(r->start);
    free(r->signal);
    free(r->longs);
    free(r->value);
    free(r->next);
}

static bool rows_alloc(RowLists *r, uint64_t entries, uint64_t domain)
{
    uint64_t starts = 2 * (domain + 1);

    r->start = static_cast<uint32_t *>(calloc(starts, 4));
    r->next = static_cast<uint32_t *>(malloc(starts * 4));
    r->signal = static_cast<uint32_t *>(malloc(entries * 4 + 4));
    r->longs =
        static_cast<uint32_t *>(malloc((entries / (LONG_ROW + 1) + 1) * 4));
    r->value = static_cast<uint8_t *>(malloc(entries * 32 + 32));
    return r->start && r->next && r->signal && r->longs && r->value;
}

static int rows_count(RowLists *r, const Key *k, const Zkey *z, Error *e)
{
    uint64_t stride = k->domain + 1;

    for (uint64_t i = 0; i < z->coefficients; i++) {
        const uint8_t *p = z->section4 + i * ENTRY;
        uint32_t matrix = u32le(p), row = u32le(p + 4), signal = u32le(p + 8);
        if (matrix > 1 || row >= k->domain || signal >= k->n_vars)
            return fail(e, PROVERNET_GPU_INVALID, 0,
                        "coefficient %llu of the key: matrix %u, row %u, "
                        "signal %u",
                        (unsigned long long)i, matrix, row, signal);
        r->start[matrix * stride + row + 1]++;
    }
    return 0;
}

static void rows_fill(RowLists *r, Key *k, const Zkey *z)
{
    uint64_t stride = k->domain + 1, longs = 0;

    for (uint64_t m = 0; m < 2; m++) {
        uint32_t *start = r->start + m * stride;
        start[0] = m ? r->start[k->domain] : 0;
        for (uint64_t row = 0; row < k->domain; row++) {
            if (start[row + 1] > LONG_ROW) {
                r->longs[longs++] = (uint32_t)row;
                k->n_longs[m]++;
            }
            start[row + 1] += start[row];
        }
    }
    memcpy(r->next, r->start, 2 * stride * 4);
    for (uint64_t i = 0; i < z->coefficients; i++) {
        const uint8_t *p = z->section4 + i * ENTRY;
        uint32_t at = r->next[u32le(p) * stride + u32le(p + 4)]++;
        r->signal[at] = u32le(p + 8);
        memcpy(r->value + (uint64_t)at * 32, p + 12, 32);
    }
}

/* ---- loading ---- */

static int put(Context *c, void *to, const void *from, uint64_t bytes, Error *e)
{
    if (bytes)
        PVN_COPY(c, e, to, from, bytes, c->stream[0]);
    return 0;
}

static int put_rows(Context *c, Key *k, const Zkey *z, RowLists *r, Error *e)
{
    uint64_t n = z->coefficients;
    uint64_t longs = (uint64_t)k->n_longs[0] + k->n_longs[1];
    int status = put(c, k->start, r->start, 2 * (k->domain + 1) * 4, e);

    if (!status)
        status = put(c, k->signal, r->signal, n * 4, e);
    if (!status)
        status = put(c, k->longs, r->longs, longs * 4, e);
    if (!status)
        status = put(c, k->value, r->value, n * 32, e);
    if (!status)
        status = eta_table(c, c->stream[0], k->eta, k->log_n, e);
    if (!status)
        PVN_TRY(c, e, c->rt->sync(c->device, c->stream[0]));
    return status;
}

static int load_rows(Context *c, Key *k, const Zkey *z, Error *e)
{
    RowLists r;
    int status;

    memset(&r, 0, sizeof r);
    if (!rows_alloc(&r, z->coefficients, k->domain)) {
        rows_free(&r);
        return fail(e, PROVERNET_GPU_NOMEM, 0,
                    "no memory to sort %llu coefficients",
                    (unsigned long long)z->coefficients);
    }
    status = rows_count(&r, k, z, e);
    if (!status) {
        rows_fill(&r, k, z);
        status = put_rows(c, k, z, &r, e);
    }
    if (status)
        drain(c); /* the lists may still be read */
    rows_free(&r);
    return status;
}

static int load_points(Context *c, Key *k, const Zkey *z, Watch *w, Error *e)
{
    for (int t = 0; t < TABLES; t++) {
        int status = stage(w, "load points", 200 + 160 * t, e);
        if (!status)
            status = put(c, k->points[t], section(z, t),
                         table_count(k, t) * table_point(t), e);
        if (status)
            return status;
        PVN_TRY(c, e, c->rt->sync(c->device, c->stream[0]));
    }
    return 0;
}

/* The sections are borrowed for this call only: a chunked key keeps copies. */
static int keep_points(Key *k, const Zkey *z, Error *e)
{
    uint64_t bytes = 0;
    uint8_t *at;

    for (int t = 0; t < TABLES; t++)
        bytes += table_count(k, t) * table_point(t);
    k->host = malloc(bytes + 1);
    if (!k->host)
        return fail(e, PROVERNET_GPU_NOMEM, 0,
                    "no host memory for the %llu bytes of the key's points",
                    (unsigned long long)bytes);
    at = static_cast<uint8_t *>(k->host);
    for (int t = 0; t < TABLES; t++) {
        uint64_t len = table_count(k, t) * table_point(t);
        k->points[t] = at;
        if (len)
            memcpy(at, section(z, t), len);
        at += len;
    }
    return 0;
}

static void fixed_points(Key *k, const Zkey *z)
{
    memcpy(&k->alpha1, z->alpha1, 64);
    memcpy(&k->beta1, z->beta1, 64);
    memcpy(&k->delta1, z->delta1, 64);
    memcpy(&k->beta2, z->beta2, 128);
    memcpy(&k->delta2, z->delta2, 128);
}

/* Resident if the budget allows, else in chunks; nothing is started yet. */
static int admit(Context *c, Key *k, const Zkey *z, uint64_t *bytes, Error *e)
{
    provernet_gpu_info info;
    int status;

    plan(k, 0);
    *bytes = key_bytes(k, z->coefficients, true);
    if (z->memory_budget && *bytes > z->memory_budget) {
        if (!pick_chunk(k, z->coefficients, z->memory_budget))
            return fail(
                e, PROVERNET_GPU_MEMORY, 0,
                "the key takes %llu bytes of the device and %llu in "
                "its smallest form; it may take %llu",
                (unsigned long long)*bytes,
                (unsigned long long)(key_bytes(k, z->coefficients, false) +
                                     scratch_bytes(k)),
                (unsigned long long)z->memory_budget);
        *bytes = key_bytes(k, z->coefficients, false);
    }
    k->scratch = scratch_bytes(k);
    status =
        check(c, c->rt->info(c->ordinal, &info), "info", __FILE__, __LINE__, e);
    if (status)
        return status;
    if (info.free_bytes + c->scratch_bytes < *bytes + k->scratch)
        return fail(e, PROVERNET_GPU_MEMORY, 0,
                    "the key takes %llu bytes and a proof %llu more; %s has "
                    "%llu free",
                    (unsigned long long)*bytes, (unsigned long long)k->scratch,
                    c->name, (unsigned long long)info.free_bytes);
    return 0;
}

static int load(Context *c, Key *k, const Zkey *z, uint64_t bytes, Watch *w,
                Error *e)
{
    uint64_t entries = z->coefficients;
    Arena a;
    int status = scratch_grow(c, k->scratch, k->pinned, e);

    if (status)
        return status;
    PVN_TRY(c, e, c->rt->alloc(c->device, &k->memory, bytes));
    k->bytes = bytes;
    arena_open(&a, c, k->memory, bytes);
    key_memory(k, entries, !k->chunk, &a);
    status = stage(w, "load rows", 0, e);
    if (!status)
        status = load_rows(c, k, z, e);
    if (status)
        return status;
    fixed_points(k, z);
    status = k->chunk ? keep_points(k, z, e) : load_points(c, k, z, w, e);
    return status ? status : stage(w, "loaded", 1000, e);
}

int key_load(void *ctx, const Zkey *z, void **key, Watch *w, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    uint64_t bytes;
    Key *k;
    int status;

    if (!key)
        return fail(e, PROVERNET_GPU_INVALID, 0, "no place for the key");
    *key = nullptr;
    k = static_cast<Key *>(malloc(sizeof *k));
    if (!k)
        return fail(e, PROVERNET_GPU_NOMEM, 0, "no memory for a key");
    status = describe(c, z, k, e);
    if (!status)
        status = admit(c, k, z, &bytes, e);
    if (status) {
        free(k);
        return status;
    }
    k->owner = c;
    c->keys++;
    status = load(c, k, z, bytes, w, e);
    if (status) {
        key_free(c, k);
        return status;
    }
    *key = k;
    return 0;
}

/* With the last key goes the scratch memory. */
void key_free(void *ctx, void *key)
{
    Context *c = static_cast<Context *>(ctx);
    Key *k = static_cast<Key *>(key);

    if (!c || !k)
        return;
    drain(c);
    if (k->memory)
        release_memory(c, k->memory, k->bytes);
    free(k->host);
    free(k);
    if (--c->keys == 0)
        scratch_drop(c);
}

} // namespace pvn
