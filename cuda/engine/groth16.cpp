/* cuda/engine/groth16.cpp - one Groth16 proof (proving.md 3.1).
 *
 * Two streams for the work: one multiplies rows, transforms and sums over H,
 * the other sums over the witness, whose digits are sorted once for each group
 * of tables. Steps are queued at most two ahead, so that a cancel is seen soon
 * and the device is never idle. A chunked key goes the same way, but its points
 * pass through the device part by part. A third stream uploads the witness of
 * the next proof where one waits in a slot. */
#include "engine.h"
#include <string.h>

namespace pvn
{

enum { ON_H, ON_WITNESS, ON_UPLOAD };

struct Proving {
    Context *c;
    Key *k;
    Watch *w;
    Error *e;
    Scratch s;
    Fr *witness;             /* on the device */
    const uint8_t *from;     /* pinned; NULL: it was uploaded ahead */
    uint8_t *pinned_witness; /* room of ours, used if the caller's is not */
    bool copied;             /* into that room */
    int buffer;
    uint8_t *windows; /* pinned: TABLES x WINDOWS x 256 bytes */
    int steps;
    Xyzz<Fq> a, b1, sum_c, h;
    Xyzz<Fq2> b2;
};

static void *windows_of(const Proving *p, int table)
{
    return p->windows + (uint64_t)table * WINDOWS * sizeof(Xyzz<Fq2>);
}

/* ---- steps, all queued without waiting ---- */

static int upload(Proving *p, int)
{
    Context *c = p->c;

    if (!p->from) {
        for (int s = ON_H; s <= ON_WITNESS; s++)
            PVN_TRY(c, p->e,
                    c->rt->wait(c->device, c->stream[s], c->staged_event));
        return 0;
    }
    PVN_COPY(c, p->e, p->witness, p->from, (uint64_t)p->k->n_vars * 32,
             c->stream[ON_H]);
    PVN_TRY(c, p->e,
            c->rt->record(c->device, c->event[STEPS - 1], c->stream[ON_H]));
    PVN_TRY(c, p->e,
            c->rt->wait(c->device, c->stream[ON_WITNESS], c->event[STEPS - 1]));
    return 0;
}

static int rows(Proving *p, int)
{
    Context *c = p->c;
    const Key *k = p->k;
    uint64_t n = k->domain;
    void *s = c->stream[ON_H];
    TripleArgs t = { p->s.abc, p->s.abc + n, p->s.abc + 2 * n, n };

    for (uint64_t m = 0; m < 2; m++) {
        RowArgs a = { k->start + m * (n + 1),
                      k->signal,
                      k->value,
                      p->witness,
                      p->s.abc + m * n,
                      (uint32_t)n,
                      k->longs + (m ? k->n_longs[0] : 0) };
        PVN_LAUNCH(c, p->e, KERNEL_ROWS, blocks_for(n, Rows::threads), a, s);
        if (k->n_longs[m])
            PVN_LAUNCH(c, p->e, KERNEL_ROWS_LONG, k->n_longs[m], a, s);
    }
    PVN_LAUNCH(c, p->e, KERNEL_HADAMARD, blocks_for(n, Hadamard::threads), t,
               s);
    return 0;
}

static int transforms(Proving *p, int)
{
    Context *c = p->c;
    const Key *k = p->k;
    uint64_t n = k->domain;
    void *s = c->stream[ON_H];
    Shift::Args shift = { p->s.abc, k->eta, one_over(n), 3 * n, k->log_n };
    TripleArgs t = { p->s.abc, p->s.abc + n, p->s.abc + 2 * n, n };
    int status =
        ntt_passes(c, s, p->s.abc, k->eta, k->log_n, 3, true, true, p->e);

    if (status)
        return status;
    PVN_LAUNCH(c, p->e, KERNEL_SHIFT, blocks_for(3 * n, Shift::threads), shift,
               s);
    status =
        ntt_passes(c, s, p->s.abc, k->eta, k->log_n, 3, false, false, p->e);
    if (status)
        return status;
    PVN_LAUNCH(c, p->e, KERNEL_QUOTIENT, blocks_for(n, Quotient::threads), t,
               s);
    return 0;
}

static int sort_group(Proving *p, int group)
{
    const Group &g = p->k->group[group];

    return msm_sort(p->c, p->c->stream[ON_WITNESS], g.plan, p->s.on_witness,
                    p->witness, g.wires, p->e);
}

static int sort_h(Proving *p, int)
{
    return msm_sort(p->c, p->c->stream[ON_H], p->k->plan_h, p->s.on_h, p->s.abc,
                    nullptr, p->e);
}

template <class F> static int add_points(Proving *p, int table)
{
    const Key *k = p->k;
    bool h = table == TABLE_H;

    return msm_add<F>(p->c, p->c->stream[h ? ON_H : ON_WITNESS],
                      table_plan(k, table), h ? p->s.on_h : p->s.on_witness,
                      static_cast<const Affine<F> *>(k->points[table]),
                      static_cast<const Affine<F> *>(k->more[table]),
                      static_cast<Xyzz<F> *>(windows_of(p, table)), p->e);
}

static int add_table(Proving *p, int table)
{
    return table == TABLE_B2 ? add_points<Fq2>(p, table)
                             : add_points<Fq>(p, table);
}

/* A witness that waits and fits beside this one is uploaded now. */
static int look_ahead(Proving *p)
{
    const provernet_gpu_next *next = p->w ? p->w->next : nullptr;
    Context *c = p->c;
    uint32_t ticket, where;
    uint64_t n;

    if (!next || c->staged.ticket)
        return 0;
    ticket = __atomic_load_n(&next->ticket, __ATOMIC_ACQUIRE);
    where = __atomic_load_n(&next->slot, __ATOMIC_ACQUIRE);
    n = __atomic_load_n(&next->n, __ATOMIC_ACQUIRE);
    if (!ticket || __atomic_load_n(&next->ticket, __ATOMIC_RELAXED) != ticket ||
        where >= PROVERNET_GPU_SLOTS || n != p->k->n_vars ||
        !c->slots[where].pinned || n * 32 > c->slots[where].bytes)
        return 0;
    c->staged = Staged{ ticket, 1 - p->buffer, n, p->s.witness[1 - p->buffer] };
    PVN_COPY(c, p->e, p->s.witness[1 - p->buffer], c->slots[where].memory,
             n * 32, c->stream[ON_UPLOAD]);
    PVN_TRY(c, p->e,
            c->rt->record(c->device, c->staged_event, c->stream[ON_UPLOAD]));
    return 0;
}

struct Step {
    const char *name;
    int permille, stream;
    int (*queue)(Proving *, int);
    int of; /* a group, a table, or nothing */
};

/* Do the next step: wait for the one before the last, look for a cancel. */
static int step(Proving *p, const Step &s)
{
    Context *c = p->c;
    int status, i = p->steps++;

    if (i >= 2)
        PVN_TRY(c, p->e, c->rt->event_sync(c->device, c->event[i - 2]));
    status = stage(p->w, s.name, s.permille, p->e);
    if (!status)
        status = s.queue(p, s.of);
    if (status)
        return status;
    PVN_TRY(c, p->e,
            c->rt->record(c->device, c->event[i], c->stream[s.stream]));
    return i ? look_ahead(p) : 0; /* its own upload goes first */
}

static int sync_both(Proving *p)
{
    Context *c = p->c;

    PVN_TRY(c, p->e, c->rt->sync(c->device, c->stream[ON_H]));
    PVN_TRY(c, p->e, c->rt->sync(c->device, c->stream[ON_WITNESS]));
    return 0;
}

/* Where a table has no point at all its sum is infinity. */
template <class F> static Xyzz<F> tail(const Proving *p, int table)
{
    const MsmPlan &plan = table_plan(p->k, table);

    return plan.n ? msm_tail(plan, (const Xyzz<F> *)windows_of(p, table))
                  : Xyzz<F>::infinity();
}

/* The steps of one stream, in order. */
struct Steps {
    Step list[STEPS];
    int n;
};

static void steps_of_witness(const Key *k, Steps *s)
{
    static const char *const names[TABLES] = { "MSM A", "MSM B1", "MSM B2",
                                               "MSM C", "MSM H" };
    static const int done[TABLES] = { 150, 300, 700, 600, 400 };

    for (uint32_t g = 0; g < k->groups; g++) {
        if (k->group[g].n == 0)
            continue;
        s->list[s->n++] = Step{ "digits", 30, ON_WITNESS, sort_group, (int)g };
        for (int t = 0; t < TABLES; t++)
            if (k->group[g].tables >> t & 1)
                s->list[s->n++] =
                    Step{ names[t], done[t], ON_WITNESS, add_table, t };
    }
}

static int sums_resident(Proving *p)
{
    static const Step on_h[] = { { "transforms", 60, ON_H, transforms, 0 },
                                 { "digits of H", 250, ON_H, sort_h, 0 },
                                 { "MSM H", 400, ON_H, add_table, TABLE_H } };
    static const int n_h = sizeof on_h / sizeof *on_h;
    Steps witness = {};
    int status = step(p, Step{ "upload", 10, ON_H, upload, 0 });

    steps_of_witness(p->k, &witness);
    if (!status)
        status = step(p, Step{ "rows", 20, ON_H, rows, 0 });
    for (int i = 0; !status && (i < witness.n || i < n_h); i++) {
        if (i < witness.n)
            status = step(p, witness.list[i]);
        if (!status && i < n_h)
            status = step(p, on_h[i]);
    }
    if (!status)
        status = sync_both(p);
    if (status)
        return status;
    p->a = tail<Fq>(p, TABLE_A);
    p->b1 = tail<Fq>(p, TABLE_B1);
    p->sum_c = tail<Fq>(p, TABLE_C);
    p->h = tail<Fq>(p, TABLE_H);
    p->b2 = tail<Fq2>(p, TABLE_B2);
    return 0;
}

/* ---- the slower way: points part by part ---- */

struct Part {
    MsmPlan plan;   /* of plan.n places */
    uint64_t begin; /* from this one on */
};

/* *sum += the part of one table; the digits are sorted already. */
template <class F>
static int add_part(Proving *p, int table, const Part &part, const MsmWork &w,
                    void *room, void *stream, Xyzz<F> *sum)
{
    Context *c = p->c;
    const Affine<F> *points =
        static_cast<const Affine<F> *>(p->k->points[table]);
    Xyzz<F> *out = static_cast<Xyzz<F> *>(windows_of(p, table));
    int status;

    PVN_COPY(c, p->e, room, points + part.begin,
             part.plan.n * sizeof(Affine<F>), stream);
    status =
        msm_add<F>(c, stream, part.plan, w,
                   static_cast<const Affine<F> *>(room), nullptr, out, p->e);
    if (status)
        return status;
    PVN_TRY(c, p->e, c->rt->sync(c->device, stream));
    add(*sum, msm_tail(part.plan, out));
    return 0;
}

static Part part_at(const MsmPlan &plan, uint64_t begin, uint64_t end)
{
    uint64_t count = end - begin < plan.n ? end - begin : plan.n;

    return Part{ msm_plan_part(plan, count), begin };
}

static int witness_part(Proving *p, const Group &g, const Part &part)
{
    Context *c = p->c;
    void *s = c->stream[ON_WITNESS], *room = p->s.chunk_w;
    const MsmWork &w = p->s.on_witness;
    Xyzz<Fq> *const sums[TABLES] = { &p->a, &p->b1, nullptr, &p->sum_c,
                                     nullptr };
    int status = g.all ? msm_sort(c, s, part.plan, w, p->witness + part.begin,
                                  nullptr, p->e)
                       : msm_sort(c, s, part.plan, w, p->witness,
                                  g.wires + part.begin, p->e);

    for (int t = 0; !status && t < TABLES; t++) {
        if (!(g.tables >> t & 1))
            continue;
        status = sums[t] ? add_part(p, t, part, w, room, s, sums[t])
                         : add_part(p, t, part, w, room, s, &p->b2);
    }
    return status;
}

static int witness_parts(Proving *p, const Group &g, uint64_t *done,
                         uint64_t all)
{
    int status = 0;

    for (uint64_t at = 0; !status && at < g.n; at += g.plan.n) {
        status = stage(p->w, "MSM over the witness",
                       (int)(150 + (*done + at) * 500 / all), p->e);
        if (!status)
            status = witness_part(p, g, part_at(g.plan, at, g.n));
        if (!status)
            status = look_ahead(p);
    }
    *done += g.n;
    return status;
}

static int h_part(Proving *p, const Part &part)
{
    Context *c = p->c;
    void *s = c->stream[ON_H];
    int status = msm_sort(c, s, part.plan, p->s.on_h, p->s.abc + part.begin,
                          nullptr, p->e);

    if (!status)
        status = add_part(p, TABLE_H, part, p->s.on_h, p->s.chunk_h, s, &p->h);
    return status;
}

static int sums_chunked(Proving *p)
{
    static const Step first[] = { { "upload", 10, ON_H, upload, 0 },
                                  { "rows", 20, ON_H, rows, 0 },
                                  { "transforms", 60, ON_H, transforms, 0 } };
    const Key *k = p->k;
    uint64_t done = 0, all = (uint64_t)GROUPS * k->n_vars;
    int status = 0;

    p->a = p->b1 = p->sum_c = p->h = Xyzz<Fq>::infinity();
    p->b2 = Xyzz<Fq2>::infinity();
    for (const Step &s : first)
        if ((status = step(p, s)) != 0)
            return status;
    for (uint32_t g = 0; !status && g < k->groups; g++)
        status = witness_parts(p, k->group[g], &done, all);
    for (uint64_t at = 0; !status && at < k->domain; at += k->plan_h.n) {
        status = stage(p->w, "MSM H", (int)(650 + at * 300 / k->domain), p->e);
        if (!status)
            status = h_part(p, part_at(k->plan_h, at, k->domain));
    }
    return status ? status : sync_both(p);
}

/* ---- the end, on the host ---- */

static Fr scalar(const uint8_t *bytes)
{
    Fr v;

    memcpy(&v, bytes, sizeof v);
    return plain(from_plain(v));
}

static void put_g1(uint8_t *out, const Xyzz<Fq> &p)
{
    Affine<Fq> a = to_affine(p);

    a.x = plain(a.x);
    a.y = plain(a.y);
    memcpy(out, &a, sizeof a);
}

static void put_g2(uint8_t *out, const Xyzz<Fq2> &p)
{
    Affine<Fq2> a = to_affine(p);

    a.x = plain(a.x);
    a.y = plain(a.y);
    memcpy(out, &a, sizeof a);
}

/* Writes that the compiler keeps. */
static void wipe(void *p, uint64_t n)
{
    volatile uint8_t *at = static_cast<volatile uint8_t *>(p);

    for (uint64_t i = 0; i < n; i++)
        at[i] = 0;
}

static void assemble(Proving *p, const uint8_t rs64[64], uint8_t out[256])
{
    const Key *k = p->k;
    Fr r = scalar(rs64), s = scalar(rs64 + 32);
    Fr rs = plain(negate(from_plain(r) * from_plain(s)));
    Xyzz<Fq> delta1 = from_affine(k->delta1), c = p->sum_c;

    add(p->a, from_affine(k->alpha1));
    add(p->a, times(delta1, r));
    add(p->b2, from_affine(k->beta2));
    add(p->b2, times(from_affine(k->delta2), s));
    add(p->b1, from_affine(k->beta1));
    add(p->b1, times(delta1, s));
    add(c, p->h);
    add(c, times(p->a, s));
    add(c, times(p->b1, r));
    add(c, times(delta1, rs));
    put_g1(out, p->a);
    put_g2(out + 64, p->b2);
    put_g1(out + 192, c);
    wipe(&r, sizeof r);
    wipe(&s, sizeof s);
    wipe(&rs, sizeof rs);
}

/* The witness is a secret: nothing of it stays behind. */
static int forget(Proving *p)
{
    Context *c = p->c;
    uint64_t bytes = (uint64_t)p->k->n_vars * 32;

    if (p->copied)
        wipe(p->pinned_witness, bytes);
    PVN_TRY(c, p->e,
            c->rt->fill(c->device, p->witness, 0, bytes, c->stream[ON_H]));
    PVN_TRY(c, p->e,
            c->rt->fill(c->device, p->s.abc, 0, 3 * p->k->domain * 32,
                        c->stream[ON_H]));
    PVN_TRY(c, p->e, c->rt->sync(c->device, c->stream[ON_H]));
    return 0;
}

/* Where the witness is: on the device already, in a slot, or elsewhere. */
static void find_witness(Proving *p, const uint8_t *witness)
{
    Context *c = p->c;
    uint64_t bytes = (uint64_t)p->k->n_vars * 32;

    p->buffer = c->staged.ticket ? c->staged.buffer : 0;
    p->witness = p->s.witness[p->buffer];
    if (c->staged.ticket) {
        memset(&c->staged, 0, sizeof c->staged);
        return;
    }
    for (const Slot &s : c->slots)
        if (s.pinned && witness >= s.memory &&
            witness + bytes <= s.memory + s.bytes)
            p->from = witness;
    if (p->from)
        return;
    memcpy(p->pinned_witness, witness, bytes);
    p->from = p->pinned_witness;
    p->copied = true;
}

static int prove(Proving *p, const uint8_t *witness, const uint8_t rs64[64],
                 uint8_t proof256[256])
{
    Context *c = p->c;
    const Key *k = p->k;
    Error ignored;
    Arena a;
    int status;

    if (!p->w || p->w->ticket != c->staged.ticket || c->staged.n != k->n_vars)
        unstage(c);
    status = scratch_grow(c, k->scratch, k->pinned, p->e);
    if (status)
        return status;
    arena_open(&a, c, c->scratch, c->scratch_bytes);
    key_scratch(k, &p->s, &a);
    p->windows = c->pinned;
    p->pinned_witness =
        c->pinned + (uint64_t)TABLES * WINDOWS * sizeof(Xyzz<Fq2>);
    find_witness(p, witness);
    status = k->chunk ? sums_chunked(p) : sums_resident(p);
    if (!status)
        status = stage(p->w, "assemble", 970, p->e);
    if (!status) {
        status = forget(p);
    } else {
        drain(c);
        unstage(c);
        p->e = &ignored;
        (void)forget(p);
        drain(c);
    }
    if (!status)
        assemble(p, rs64, proof256);
    return status;
}

int groth16(void *ctx, void *key, const uint8_t *witness, uint64_t n,
            const uint8_t rs64[64], uint8_t proof256[256], Watch *w, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    Key *k = static_cast<Key *>(key);
    Proving p;
    int status;

    if (!c || !k || k->owner != c || !witness || !rs64 || !proof256)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a proof needs a context, a key of it, a witness, r and s "
                    "and a place for it");
    if (c->dead)
        return fail(e, PROVERNET_GPU_LOST, 0, "the device was lost: close it");
    if (n != k->n_vars)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a witness of %llu values for a key of %u",
                    (unsigned long long)n, k->n_vars);
    memset(&p, 0, sizeof p);
    p.c = c;
    p.k = k;
    p.w = w;
    p.e = e;
    status = prove(&p, witness, rs64, proof256);
    if (!status && w)
        __atomic_store_n(&w->permille, 1000, __ATOMIC_RELAXED);
    wipe(&p, sizeof p);
    return status;
}

} // namespace pvn
