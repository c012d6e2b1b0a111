/* cuda/engine/form.cpp - which points a key has, and what each of its forms
 * takes. The code that cuts memory up also adds it up. */
#include "engine.h"
#include <stdlib.h>
#include <string.h>

namespace pvn
{

enum { CHUNK_LOG_MIN = 6, CHUNK_LOG_MAX = 20, CHUNK_LOG_USUAL = 18 };

const uint8_t *key_section(const Zkey *z, int table)
{
    const uint8_t *const all[TABLES] = { z->a, z->b1, z->b2, z->c, z->h };

    return all[table];
}

/* ---- what must hold of a key; the host has checked the rest ---- */

static int check_numbers(const Context *c, const Zkey *z, Error *e)
{
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
    return 0;
}

/* ---- points at infinity ---- */

/* Tables that have their points in common. */
enum { UNITS = 3 };
static const uint32_t unit_tables[UNITS] = { 1u << TABLE_A,
                                             1u << TABLE_B1 | 1u << TABLE_B2,
                                             1u << TABLE_C };

static bool finite(const uint8_t *section, uint64_t i, uint64_t bytes)
{
    static const uint8_t zero[128] = {};

    return memcmp(section + i * bytes, zero, bytes) != 0;
}

/* Bit u: a table of unit u has a point for this wire. */
static uint8_t units_of(const Zkey *z, uint64_t wire)
{
    uint64_t skip = (uint64_t)z->n_public + 1;
    uint8_t bits = 0;

    if (!z->a || !z->b1 || !z->b2 || !z->c) /* not known: as if all were */
        return (1u << UNITS) - 1;
    if (finite(z->a, wire, 64))
        bits |= 1;
    if (finite(z->b1, wire, 64) || finite(z->b2, wire, 128))
        bits |= 2;
    if (wire >= skip && finite(z->c, wire - skip, 64))
        bits |= 4;
    return bits;
}

static bool list_of(Group *g, const uint8_t *has, uint8_t units, uint64_t wires)
{
    uint64_t at = 0;

    for (uint64_t i = 0; i < wires; i++)
        g->n += (has[i] & units) != 0;
    g->all = g->n == wires;
    if (g->all)
        return true;
    g->list = static_cast<uint32_t *>(malloc(g->n * 4 + 4));
    for (uint64_t i = 0; g->list && i < wires; i++)
        if (has[i] & units)
            g->list[at++] = (uint32_t)i;
    return g->list != nullptr;
}

static bool add_group(Key *k, const uint8_t *has, uint8_t units)
{
    Group *g = &k->group[k->groups++];

    for (int u = 0; u < UNITS; u++)
        if (units >> u & 1)
            g->tables |= unit_tables[u];
    return list_of(g, has, units, k->n_vars);
}

/* A unit with an eighth of its points at infinity, or more, gets digits of its
 * own; the others share theirs. */
static bool group(Key *k, const uint8_t *has)
{
    uint64_t count[UNITS] = { 0, 0, 0 };
    uint8_t shared = 0;

    for (uint64_t i = 0; i < k->n_vars; i++)
        for (int u = 0; u < UNITS; u++)
            count[u] += has[i] >> u & 1;
    for (int u = 0; u < UNITS; u++)
        if (count[u] * 8 > (uint64_t)k->n_vars * 7)
            shared |= (uint8_t)(1u << u);
    if (shared && !add_group(k, has, shared))
        return false;
    for (int u = 0; u < UNITS; u++)
        if (!(shared >> u & 1) && !add_group(k, has, (uint8_t)(1u << u)))
            return false;
    return true;
}

void key_lists_free(Key *k)
{
    for (Group &g : k->group) {
        free(g.list);
        g.list = nullptr;
    }
}

int key_describe(Context *c, const Zkey *z, Key *k, Error *e)
{
    int status = check_numbers(c, z, e);
    uint8_t *has;
    bool done;

    memset(k, 0, sizeof *k);
    if (status)
        return status;
    k->owner = c;
    k->n_vars = z->n_vars;
    k->n_public = z->n_public;
    k->domain = z->domain_size;
    while ((uint64_t)1 << k->log_n < k->domain)
        k->log_n++;
    k->pinned = (uint64_t)k->n_vars * 32 + 256 +
                (uint64_t)TABLES * WINDOWS * sizeof(Xyzz<Fq2>);
    has = static_cast<uint8_t *>(malloc(k->n_vars));
    for (uint64_t i = 0; has && i < k->n_vars; i++)
        has[i] = units_of(z, i);
    done = has && group(k, has);
    free(has);
    if (done)
        return 0;
    key_lists_free(k);
    return fail(e, PROVERNET_GPU_NOMEM, 0,
                "no memory to list the points of %u signals", k->n_vars);
}

static const Group *group_of(const Key *k, int table)
{
    for (uint32_t g = 0; g < k->groups; g++)
        if (k->group[g].tables >> table & 1)
            return &k->group[g];
    return nullptr; /* of H */
}

uint64_t table_count(const Key *k, int table)
{
    const Group *g = group_of(k, table);

    return g ? g->n : k->domain;
}

const MsmPlan &table_plan(const Key *k, int table)
{
    const Group *g = group_of(k, table);

    return g ? g->plan : k->plan_h;
}

/* ---- sizes ---- */

static MsmPlan part_plan(uint64_t n, uint32_t multiples, uint64_t chunk)
{
    return msm_plan(chunk && chunk < n ? chunk : n, multiples);
}

void key_plan(Key *k, uint32_t multiples, uint64_t chunk)
{
    k->chunk = chunk;
    k->multiples = multiples;
    for (uint32_t g = 0; g < k->groups; g++)
        k->group[g].plan = part_plan(k->group[g].n, multiples, chunk);
    k->plan_h = part_plan(k->domain, multiples, chunk);
}

/* Digits are counted with 32 bits, places in a set with 31. */
static bool countable(const Key *k)
{
    for (int t = 0; t < TABLES; t++) {
        const MsmPlan &p = table_plan(k, t);
        if (p.entries >> 31 || (p.sets * p.entries) >> 32)
            return false;
    }
    return true;
}

uint64_t key_memory(Key *k, uint64_t entries, Arena *a)
{
    k->start = a->take<uint32_t>(2 * (k->domain + 1));
    k->signal = a->take<uint32_t>(entries);
    k->longs = a->take<uint32_t>(entries / (LONG_ROW + 1) + 1);
    k->value = a->take<Fr>(entries);
    k->eta = a->take<Fr>(k->domain);
    for (uint32_t g = 0; g < k->groups; g++)
        k->group[g].wires =
            k->group[g].all ? nullptr : a->take<uint32_t>(k->group[g].n);
    for (int t = 0; !k->chunk && t < TABLES; t++)
        k->points[t] = a->cut(table_count(k, t) * table_point(t));
    return a->used;
}

uint64_t key_more(Key *k, Arena *a)
{
    for (int t = 0; t < TABLES; t++) {
        uint64_t others = table_plan(k, t).multiples - 1;
        k->more[t] = others
                         ? a->cut(others * table_count(k, t) * table_point(t))
                         : nullptr;
    }
    return a->used;
}

void key_scratch(const Key *k, Scratch *s, Arena *a)
{
    MsmRoom on_witness = {}, on_h = {};
    uint64_t part = 0;

    on_witness.experiments = on_h.experiments = k->owner->experiments;
    /* First, so that their places depend on the number of signals only. */
    s->witness[0] = a->take<Fr>(k->n_vars);
    s->witness[1] = a->take<Fr>(k->n_vars);
    s->abc = a->take<Fr>(3 * k->domain);
    for (uint32_t g = 0; g < k->groups; g++) {
        msm_room(&on_witness, k->group[g].plan);
        part = part < k->group[g].plan.n ? k->group[g].plan.n : part;
    }
    msm_room(&on_h, k->plan_h);
    msm_work(&s->on_witness, on_witness, true, a);
    msm_work(&s->on_h, on_h, false, a);
    s->chunk_w = k->chunk ? a->cut(part * 128) : nullptr;
    s->chunk_h = k->chunk ? a->cut(k->plan_h.n * 64) : nullptr;
}

uint64_t key_scratch_bytes(const Key *k)
{
    Arena a = arena_count();
    Scratch s;

    key_scratch(k, &s, &a);
    return a.used;
}

void key_form_of(Key *k, uint64_t entries, Form *out)
{
    Arena memory = arena_count(), more = arena_count();

    memset(out, 0, sizeof *out);
    out->resident = key_memory(k, entries, &memory) + key_more(k, &more);
    out->scratch = key_scratch_bytes(k);
    out->multiples = k->chunk ? 0 : k->multiples;
    out->bus = (uint64_t)k->n_vars * 32;
    for (int t = 0; k->chunk && t < TABLES; t++)
        out->bus += table_count(k, t) * table_point(t);
}

uint64_t key_pick_chunk(Key *k, uint64_t entries, uint64_t budget)
{
    int log = budget ? CHUNK_LOG_MAX : CHUNK_LOG_USUAL;
    Form f;

    for (; log >= CHUNK_LOG_MIN; log--) {
        key_plan(k, 1, (uint64_t)1 << log);
        key_form_of(k, entries, &f);
        if (!budget || f.resident + f.scratch <= budget)
            return (uint64_t)1 << log;
    }
    return 0;
}

/* ---- the answers ---- */

void key_forms(Key *k, uint64_t entries, Form form[PROVERNET_GPU_FORMS])
{
    Form *plain = &form[PROVERNET_GPU_PLAIN];

    (void)key_pick_chunk(k, entries, 0);
    key_form_of(k, entries, &form[PROVERNET_GPU_IN_PARTS]);
    for (int f = PROVERNET_GPU_PLAIN; f < PROVERNET_GPU_FORMS; f++) {
        key_plan(k, 1u << (f - PROVERNET_GPU_PLAIN), 0);
        if (&form[f] == plain || countable(k))
            key_form_of(k, entries, &form[f]);
        else
            form[f] = form[f - 1];
        if (form[f].scratch < plain->scratch) /* should it give them up */
            form[f].scratch = plain->scratch;
    }
}

int key_needs(void *ctx, const Zkey *z, Needs *out, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    Key k;
    int status = key_describe(c, z, &k, e);

    if (!status && !out)
        status = fail(e, PROVERNET_GPU_INVALID, 0, "no place for the answer");
    if (!status) {
        memset(out, 0, sizeof *out);
        key_forms(&k, z->coefficients, out->form);
        for (const Key *other = c->keys; other; other = other->next)
            out->spare += other->more_bytes;
        out->bus_rate = c->bus_rate;
    }
    key_lists_free(&k);
    return status;
}

int key_form(void *ctx, void *key, Form *out, uint64_t *bus_rate, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    Key *k = static_cast<Key *>(key);

    if (!c || !k || k->owner != c || !out)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a key's form needs a context, a key of it and a place");
    memset(out, 0, sizeof *out);
    out->resident = k->bytes + k->more_bytes;
    out->scratch = k->scratch;
    out->bus = k->bus;
    out->multiples = k->chunk ? 0 : k->multiples;
    if (bus_rate)
        *bus_rate = c->bus_rate;
    return 0;
}

} // namespace pvn
