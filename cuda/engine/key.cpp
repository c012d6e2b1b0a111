/* cuda/engine/key.cpp - proving keys onto the device, with multiples of their
 * points where there is room, or kept on the host where there is none. */
#include "engine.h"
#include <stdlib.h>
#include <string.h>

namespace pvn
{

enum { ENTRY = 44, STAGING = 1 << 20 };
/* Smaller copies say more about the driver than about the bus. */
enum { TELLING = 1 << 16 };

static uint32_t u32le(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
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

/* How long copies to the device took. */
struct Bus {
    uint64_t bytes, ns;
};

static int put(Context *c, void *to, const void *from, uint64_t bytes, Error *e)
{
    if (bytes)
        PVN_COPY(c, e, to, from, bytes, c->stream[0]);
    return 0;
}

/* The same, done when it returns, and timed. */
static int put_now(Context *c, Bus *bus, void *to, const void *from,
                   uint64_t bytes, Error *e)
{
    uint64_t start = c->rt->now_ns(c->device);
    int status = put(c, to, from, bytes, e);

    if (status)
        return status;
    PVN_TRY(c, e, c->rt->sync(c->device, c->stream[0]));
    bus->bytes += bytes;
    bus->ns += c->rt->now_ns(c->device) - start;
    return 0;
}

static int put_rows(Context *c, Key *k, const Zkey *z, RowLists *r, Bus *bus,
                    Error *e)
{
    uint64_t n = z->coefficients;
    uint64_t longs = (uint64_t)k->n_longs[0] + k->n_longs[1];
    int status = put_now(c, bus, k->value, r->value, n * 32, e);

    if (!status)
        status = put(c, k->start, r->start, 2 * (k->domain + 1) * 4, e);
    if (!status)
        status = put(c, k->signal, r->signal, n * 4, e);
    if (!status)
        status = put(c, k->longs, r->longs, longs * 4, e);
    for (uint32_t g = 0; !status && g < k->groups; g++)
        if (!k->group[g].all)
            status = put(c, k->group[g].wires, k->group[g].list,
                         k->group[g].n * 4, e);
    if (!status)
        status = eta_table(c, c->stream[0], k->eta, k->log_n, e);
    if (!status)
        PVN_TRY(c, e, c->rt->sync(c->device, c->stream[0]));
    return status;
}

static int load_rows(Context *c, Key *k, const Zkey *z, Bus *bus, Error *e)
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
        status = put_rows(c, k, z, &r, bus, e);
    }
    if (status)
        drain(c); /* the lists may still be read */
    rows_free(&r);
    return status;
}

/* Places [at, at + n) of a table: each the point of its wire, or infinity. */
static void gather(const Key *k, const Zkey *z, int table, uint64_t at,
                   uint64_t n, uint8_t *out)
{
    uint64_t skip = table == TABLE_C ? (uint64_t)k->n_public + 1 : 0;
    uint64_t size = table_point(table);
    const uint8_t *from = key_section(z, table);
    const uint32_t *list = nullptr;

    for (uint32_t g = 0; g < k->groups; g++)
        if (k->group[g].tables >> table & 1)
            list = k->group[g].list;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t wire = list ? list[at + i] : at + i;
        if (wire < skip)
            memset(out + i * size, 0, size);
        else
            memcpy(out + i * size, from + (wire - skip) * size, size);
    }
}

static int load_table(Context *c, Key *k, const Zkey *z, int table,
                      uint8_t *staging, Bus *bus, Error *e)
{
    uint64_t size = table_point(table), count = table_count(k, table);
    uint64_t each = STAGING / size;
    uint8_t *to = static_cast<uint8_t *>(k->points[table]);
    int status = 0;

    for (uint64_t at = 0; !status && at < count; at += each) {
        uint64_t n = count - at < each ? count - at : each;
        gather(k, z, table, at, n, staging);
        status = put_now(c, bus, to + at * size, staging, n * size, e);
    }
    return status;
}

static int load_points(Context *c, Key *k, const Zkey *z, Bus *bus, Watch *w,
                       Error *e)
{
    uint8_t *staging = static_cast<uint8_t *>(malloc(STAGING));
    int status = 0;

    if (!staging)
        return fail(e, PROVERNET_GPU_NOMEM, 0, "no memory to load points with");
    for (int t = 0; !status && t < TABLES; t++) {
        status = stage(w, "load points", 200 + 120 * t, e);
        if (!status)
            status = load_table(c, k, z, t, staging, bus, e);
    }
    if (status)
        drain(c);
    free(staging);
    return status;
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
        k->points[t] = at;
        gather(k, z, t, 0, table_count(k, t), at);
        at += table_count(k, t) * table_point(t);
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

/* ---- multiples ---- */

/* Back to each point once; a proof then needs no more than was set aside. */
static void shrink(Context *c, Key *k)
{
    drain(c);
    if (k->more_memory)
        release_memory(c, k->more_memory, k->more_bytes);
    k->more_memory = nullptr;
    k->more_bytes = 0;
    memset(k->more, 0, sizeof k->more);
    key_plan(k, 1, 0);
}

static int multiply(Context *c, Key *k, int table, Error *e)
{
    void *s = c->stream[0];
    const MsmPlan &p = table_plan(k, table);
    int status;

    if (p.n == 0)
        return 0;
    status =
        table == TABLE_B2
            ? msm_multiples<Fq2>(
                  c, s, p, static_cast<const Affine<Fq2> *>(k->points[table]),
                  static_cast<Affine<Fq2> *>(k->more[table]), e)
            : msm_multiples<Fq>(
                  c, s, p, static_cast<const Affine<Fq> *>(k->points[table]),
                  static_cast<Affine<Fq> *>(k->more[table]), e);
    if (!status)
        PVN_TRY(c, e, c->rt->sync(c->device, s));
    return status;
}

/* Memory that is gone meanwhile is no error: the key then has none. */
static int load_multiples(Context *c, Key *k, Watch *w, Error *e)
{
    Arena a = arena_count();
    uint64_t bytes = key_more(k, &a);
    int status = 0, code;

    if (bytes == 0)
        return 0;
    code = c->rt->alloc(c->device, &k->more_memory, bytes);
    if (code == CUDA_NO_MEMORY) {
        k->more_memory = nullptr;
        shrink(c, k);
        return 0;
    }
    PVN_TRY(c, e, code);
    k->more_bytes = bytes;
    arena_open(&a, c, k->more_memory, bytes);
    (void)key_more(k, &a);
    for (int t = 0; !status && t < TABLES; t++) {
        status = stage(w, "multiples of points", 800 + 35 * t, e);
        if (!status)
            status = multiply(c, k, t, e);
    }
    return status;
}

/* ---- what is taken is settled before anything starts ---- */

static int free_bytes(Context *c, uint64_t *out, Error *e)
{
    provernet_gpu_info info;

    PVN_TRY(c, e, c->rt->info(c->ordinal, &info));
    *out = info.free_bytes + c->scratch_bytes; /* which makes way if it must */
    return 0;
}

/* Everything that the key then holds, with the work space of a proof. */
static uint64_t all_of(const Context *c, const Form &f)
{
    return f.resident +
           (f.scratch > c->scratch_bytes ? f.scratch : c->scratch_bytes);
}

/* As many multiples as their budget and what is free allow. */
static void pick_multiples(const Context *c, Key *k, const Zkey *z,
                           const Form *form, uint64_t room)
{
    const Form *plain = &form[PROVERNET_GPU_PLAIN], *f;
    int at = PROVERNET_GPU_FORMS - 1;

    for (; at > PROVERNET_GPU_PLAIN; at--) {
        f = &form[at];
        if (f->multiples > plain->multiples &&
            f->resident - plain->resident <= z->multiples_budget &&
            all_of(c, *f) <= room &&
            (!z->memory_budget || f->resident <= z->memory_budget))
            break;
    }
    key_plan(k, form[at].multiples, 0);
}

/* Others give up their multiples, the most first, until it fits. */
static int make_room(Context *c, uint64_t wanted, uint64_t *room, Error *e)
{
    int status = free_bytes(c, room, e);

    while (!status && *room < wanted) {
        Key *most = nullptr;
        for (Key *k = c->keys; k; k = k->next)
            if (k->more_bytes && (!most || k->more_bytes > most->more_bytes))
                most = k;
        if (!most)
            return 0;
        shrink(c, most);
        status = free_bytes(c, room, e);
    }
    return status;
}

static int admit_chunked(Key *k, const Zkey *z, const Form &plain, Error *e)
{
    Form f;

    if (key_pick_chunk(k, z->coefficients, z->memory_budget))
        return 0;
    key_form_of(k, z->coefficients, &f);
    return fail(e, PROVERNET_GPU_MEMORY, 0,
                "the key takes %llu bytes of the device and %llu in its "
                "smallest form; it may take %llu",
                (unsigned long long)plain.resident,
                (unsigned long long)(f.resident + f.scratch),
                (unsigned long long)z->memory_budget);
}

/* Resident if the budget allows, else in chunks; nothing is started yet. */
static int admit(Context *c, Key *k, const Zkey *z, Error *e)
{
    Form form[PROVERNET_GPU_FORMS], f;
    const Form &plain = form[PROVERNET_GPU_PLAIN];
    uint64_t room, scratch;
    int status = 0;

    key_forms(k, z->coefficients, form);
    if (z->memory_budget && plain.resident > z->memory_budget)
        status = admit_chunked(k, z, plain, e);
    else
        key_plan(k, 1, 0);
    if (status)
        return status;
    key_form_of(k, z->coefficients, &f);
    scratch = f.scratch;
    status = make_room(c, all_of(c, f), &room, e);
    if (status)
        return status;
    if (room < all_of(c, f))
        return fail(e, PROVERNET_GPU_MEMORY, 0,
                    "the key takes %llu bytes and a proof %llu more; %s has "
                    "%llu free",
                    (unsigned long long)f.resident,
                    (unsigned long long)f.scratch, c->name,
                    (unsigned long long)(room - c->scratch_bytes));
    k->bytes = f.resident;
    k->bus = f.bus;
    if (!k->chunk)
        pick_multiples(c, k, z, form, room);
    k->scratch = key_scratch_bytes(k);
    if (k->scratch < scratch) /* should it give up its multiples */
        k->scratch = scratch;
    return 0;
}

static int load(Context *c, Key *k, const Zkey *z, Watch *w, Error *e)
{
    Bus bus = { 0, 0 };
    Arena a;
    int status = scratch_grow(c, k->scratch, k->pinned, e);

    if (status)
        return status;
    PVN_TRY(c, e, c->rt->alloc(c->device, &k->memory, k->bytes));
    arena_open(&a, c, k->memory, k->bytes);
    (void)key_memory(k, z->coefficients, &a);
    status = stage(w, "load rows", 0, e);
    if (!status)
        status = load_rows(c, k, z, &bus, e);
    if (status)
        return status;
    fixed_points(k, z);
    status = k->chunk ? keep_points(k, z, e) : load_points(c, k, z, &bus, w, e);
    if (!status)
        status = load_multiples(c, k, w, e);
    if (!status && bus.bytes >= TELLING && bus.ns)
        c->bus_rate = (uint64_t)((double)bus.bytes * 1e9 / (double)bus.ns);
    return status ? status : stage(w, "loaded", 1000, e);
}

int key_load(void *ctx, const Zkey *z, void **key, Watch *w, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    Key *k;
    int status;

    if (!key)
        return fail(e, PROVERNET_GPU_INVALID, 0, "no place for the key");
    *key = nullptr;
    if (z && z->struct_size >= sizeof *z &&
        (!z->section4 || !z->a || !z->b1 || !z->b2 || !z->c || !z->h))
        return fail(e, PROVERNET_GPU_INVALID, 0, "a key without its sections");
    k = static_cast<Key *>(malloc(sizeof *k));
    if (!k)
        return fail(e, PROVERNET_GPU_NOMEM, 0, "no memory for a key");
    status = key_describe(c, z, k, e);
    if (!status)
        status = admit(c, k, z, e);
    if (status) {
        key_lists_free(k);
        free(k);
        return status;
    }
    k->next = c->keys;
    c->keys = k;
    status = load(c, k, z, w, e);
    key_lists_free(k);
    if (status) {
        key_free(c, k);
        return status;
    }
    *key = k;
    return 0;
}

static void unlink_key(Context *c, const Key *k)
{
    Key **at = &c->keys;

    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
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
    if (k->more_memory)
        release_memory(c, k->more_memory, k->more_bytes);
    unlink_key(c, k);
    free(k->host);
    free(k);
    if (!c->keys)
        scratch_drop(c);
}

} // namespace pvn
