/* cuda/engine/msm.cpp - sums of points times scalars as launches, and their
 * tail on the host. */
#include "engine.h"
#include <string.h>

namespace pvn
{

enum { WIDTH_MIN = 4, WIDTH_MAX = 18, WIDTH_MAX_MULTIPLES = 20 };

/* With so many multiples at hand, how many a width uses. */
static uint32_t sets_of(uint32_t width, uint32_t multiples)
{
    return (uint32_t)blocks_for(blocks_for(254, width), multiples);
}

/* Additions of points a width costs, counted in mixed ones. */
static uint64_t cost(uint64_t n, uint32_t width, uint32_t multiples)
{
    return blocks_for(254, width) * n +
           ((uint64_t)sets_of(width, multiples) * 3 << (width - 1));
}

static void fill_plan(MsmPlan *p)
{
    p->entries = p->n * p->multiples;
    p->buckets = (uint64_t)p->sets * p->bins;
    p->room = p->buckets + p->sets * p->entries / p->most + 1;
}

MsmPlan msm_plan(uint64_t n, uint32_t multiples)
{
    uint32_t widest = multiples > 1 ? WIDTH_MAX_MULTIPLES : WIDTH_MAX;
    uint64_t each;
    MsmPlan p;

    p.n = n;
    p.width = WIDTH_MIN;
    for (uint32_t w = WIDTH_MIN + 1; w <= widest; w++)
        if (cost(n, w, multiples) < cost(n, p.width, multiples))
            p.width = w;
    p.windows = (uint32_t)blocks_for(254, p.width);
    p.sets = sets_of(p.width, multiples);
    p.multiples = (uint32_t)blocks_for(p.windows, p.sets);
    p.bins = 1u << (p.width - 1);
    each = n * p.multiples; /* entries of a set */
    for (p.most = 32; p.most < 1024 && p.most < 2 * each / p.bins;)
        p.most *= 2;
    p.each = p.bins < 16 ? p.bins : 16;
    p.per_set = p.bins / p.each;
    fill_plan(&p);
    return p;
}

MsmPlan msm_plan_part(const MsmPlan &whole, uint64_t n)
{
    MsmPlan p = whole;

    p.n = n;
    fill_plan(&p);
    return p;
}

static void at_least(uint64_t *a, uint64_t b)
{
    if (*a < b)
        *a = b;
}

void msm_room(MsmRoom *r, const MsmPlan &p)
{
    at_least(&r->digits, p.sets * p.entries);
    at_least(&r->buckets, p.buckets);
    at_least(&r->room, p.room);
    at_least(&r->runs, (uint64_t)p.sets * p.per_set);
    at_least(&r->sets, p.sets);
    at_least(&r->most, p.most);
}

enum { SCAN_EACH = 8, SCAN_SPAN = SCAN_EACH * Scan::threads };

void msm_work(MsmWork *w, const MsmRoom &r, bool g2, Arena *a)
{
    uint64_t point = g2 ? sizeof(Xyzz<Fq2>) : sizeof(Xyzz<Fq>);

    w->keys = a->take<uint32_t>(r.digits);
    w->counts = a->take<uint32_t>(r.buckets);
    w->starts = a->take<uint32_t>(r.buckets + 1);
    w->cursor = a->take<uint32_t>(r.buckets);
    w->entries = a->take<uint32_t>(r.digits);
    w->pieces = a->take<uint32_t>(r.buckets);
    w->first = a->take<uint32_t>(r.buckets + 1);
    w->list = a->take<Piece>(r.room);
    w->piece_keys = a->take<uint32_t>(r.room);
    w->piece_counts = a->take<uint32_t>(r.most + 1);
    w->piece_starts = a->take<uint32_t>(r.most + 2);
    w->piece_cursor = a->take<uint32_t>(r.most + 1);
    w->order = a->take<uint32_t>(r.room);
    w->scan =
        a->take<uint32_t>(2 * blocks_for(r.buckets + r.most, SCAN_SPAN) + 2);
    w->heavy = a->take<uint32_t>(r.room / (FEW + 1) + 1);
    w->heavies = a->take<uint32_t>(1);
    w->sums = a->cut(r.room * point);
    w->runs = a->cut(r.runs * point);
    w->out = a->cut(r.sets * point);
    for (uint32_t i = 0; i < 2; i++)
        w->halves[i] =
            r.experiments & BATCH_AFFINE
                ? a->cut(halved_room(r.digits, r.room, i + 1) * point / 2)
                : nullptr;
}

static int scan(Context *c, void *stream, const MsmWork &w, const uint32_t *in,
                uint32_t *out, uint32_t *copy, uint64_t n, Error *e)
{
    uint64_t blocks = blocks_for(n, SCAN_SPAN);
    uint32_t *totals = w.scan, *bases = w.scan + blocks;
    Scan::Args sum = { in, nullptr, nullptr, nullptr, totals, n, SCAN_EACH };
    Scan::Args top = { totals,
                       nullptr,
                       bases,
                       nullptr,
                       nullptr,
                       blocks,
                       (uint32_t)blocks_for(blocks, Scan::threads) };
    Scan::Args all = { in, bases, out, copy, nullptr, n, SCAN_EACH };

    PVN_LAUNCH(c, e, KERNEL_SCAN, blocks, sum, stream);
    PVN_LAUNCH(c, e, KERNEL_SCAN, 1, top, stream);
    PVN_LAUNCH(c, e, KERNEL_SCAN, blocks, all, stream);
    return 0;
}

struct Sorting {
    const uint32_t *keys;
    uint32_t *counts, *starts, *cursor, *out;
    uint64_t n;
    uint32_t bins, segments;
};

static int sort(Context *c, void *stream, const MsmWork &w, const Sorting &s,
                Error *e)
{
    uint32_t tiles = (uint32_t)blocks_for(s.n, Sort<true>::SPAN);
    uint64_t counters = (uint64_t)s.segments * s.bins;
    SortArgs count = { s.keys, s.counts, nullptr, s.n, s.bins, tiles };
    SortArgs place = { s.keys, s.cursor, s.out, s.n, s.bins, tiles };
    int status;

    PVN_TRY(c, e, c->rt->fill(c->device, s.counts, 0, counters * 4, stream));
    PVN_LAUNCH(c, e, KERNEL_SORT_COUNT, (uint64_t)tiles * s.segments, count,
               stream);
    status = scan(c, stream, w, s.counts, s.starts, s.cursor, counters, e);
    if (status)
        return status;
    PVN_LAUNCH(c, e, KERNEL_SORT_PLACE, (uint64_t)tiles * s.segments, place,
               stream);
    return 0;
}

static int recode(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
                  const Fr *scalars, const uint32_t *wires, Error *e)
{
    Recode::Args a;

    a.scalars = scalars;
    a.wires = wires;
    a.keys = w.keys;
    a.n = p.n;
    a.width = p.width;
    a.windows = p.windows;
    a.sets = p.sets;
    a.multiples = p.multiples;
    memset(a.bias, 0, sizeof a.bias);
    for (uint32_t i = 0; i < p.windows; i++) {
        uint32_t bit = i * p.width + p.width - 1;
        a.bias[bit / 32] |= 1u << bit % 32;
    }
    PVN_LAUNCH(c, e, KERNEL_RECODE, blocks_for(p.n, Recode::threads), a,
               stream);
    return 0;
}

int msm_sort(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
             const Fr *scalars, const uint32_t *wires, Error *e)
{
    Sorting digits = { w.keys,    w.counts,  w.starts, w.cursor,
                       w.entries, p.entries, p.bins,   p.sets };
    Sorting pieces = { w.piece_keys,   w.piece_counts,
                       w.piece_starts, w.piece_cursor,
                       w.order,        p.room,
                       p.most + 1,     1 };
    Cut::Args cut = { w.counts, w.pieces, p.buckets, p.most };
    ListPieces::Args list = { w.starts,  w.first, w.list, w.piece_keys,
                              p.buckets, p.room,  p.most };
    int status = recode(c, stream, p, w, scalars, wires, e);

    if (!status)
        status = sort(c, stream, w, digits, e);
    if (status)
        return status;
    PVN_LAUNCH(c, e, KERNEL_CUT, blocks_for(p.buckets, Cut::threads), cut,
               stream);
    status = scan(c, stream, w, w.pieces, w.first, nullptr, p.buckets, e);
    if (status)
        return status;
    PVN_LAUNCH(c, e, KERNEL_LIST_PIECES,
               blocks_for(p.room, ListPieces::threads), list, stream);
    return sort(c, stream, w, pieces, e);
}

template <class F> struct Names;
template <> struct Names<Fq> {
    enum {
        ADD = KERNEL_ADD_G1,
        ADD_LANES = KERNEL_ADD_G1,
        LANES = 1,
        PAIRS = KERNEL_ADD_PAIRS_G1,
        HALVED = KERNEL_ADD_HALVED_G1,
        FEWS = KERNEL_JOIN_FEW_G1,
        MANY = KERNEL_JOIN_MANY_G1,
        RUN = KERNEL_RUN_SUMS_G1,
        SET = KERNEL_SET_SUMS_G1,
        MULTIPLE = KERNEL_MULTIPLE_G1
    };
};
template <> struct Names<Fq2> {
    enum {
        ADD = KERNEL_ADD_G2,
        ADD_LANES = KERNEL_ADD_G2_LANES,
        LANES = 2,
        PAIRS = KERNEL_ADD_PAIRS_G2,
        HALVED = KERNEL_ADD_HALVED_G2,
        FEWS = KERNEL_JOIN_FEW_G2,
        MANY = KERNEL_JOIN_MANY_G2,
        RUN = KERNEL_RUN_SUMS_G2,
        SET = KERNEL_SET_SUMS_G2,
        MULTIPLE = KERNEL_MULTIPLE_G2
    };
};

/* Rounds of affine additions, then what they leave. */
template <class F>
static int add_in_pairs(Context *c, void *stream, const MsmPlan &p,
                        const MsmWork &w, const AddArgs<F> &add, Error *e)
{
    uint64_t blocks = blocks_for(p.room, PAIR_THREADS);
    PairArgs<F> a = { add, nullptr, nullptr, 0 };

    for (; a.round < PAIR_ROUNDS; a.round++) {
        a.to = static_cast<Affine<F> *>(w.halves[a.round % 2]);
        PVN_LAUNCH(c, e, Names<F>::PAIRS, blocks, a, stream);
        a.from = a.to;
    }
    PVN_LAUNCH(c, e, Names<F>::HALVED, blocks, a, stream);
    return 0;
}

/* The sum of each piece. */
template <class F>
static int add_pieces(Context *c, void *stream, const MsmPlan &p,
                      const MsmWork &w, const AddArgs<F> &add, Error *e)
{
    bool lanes = c->experiments & G2_OVER_LANES;

    if (c->experiments & BATCH_AFFINE)
        return add_in_pairs(c, stream, p, w, add, e);
    PVN_LAUNCH(c, e, lanes ? Names<F>::ADD_LANES : Names<F>::ADD,
               blocks_for(p.room * (lanes ? Names<F>::LANES : 1),
                          AddPieces<F>::threads),
               add, stream);
    return 0;
}

template <class F>
int msm_add(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
            const Affine<F> *points, const Affine<F> *more, Xyzz<F> *host_out,
            Error *e)
{
    Xyzz<F> *sums = static_cast<Xyzz<F> *>(w.sums);
    Xyzz<F> *runs = static_cast<Xyzz<F> *>(w.runs);
    Xyzz<F> *out = static_cast<Xyzz<F> *>(w.out);
    uint64_t count = (uint64_t)p.sets * p.per_set;
    uint64_t heavy = p.room / (FEW + 1) + 1;
    AddArgs<F> add = { points, more,         w.entries,
                       w.list, w.order,      w.first + p.buckets,
                       sums,   (uint32_t)p.n };
    JoinArgs<F> join = { w.first, sums, w.heavy, w.heavies, p.buckets };
    RunArgs<F> run = { w.first, sums, runs, count, p.each, p.per_set };
    typename SetSums<F>::Args set = { runs, out, p.per_set };

    int status;

    PVN_TRY(c, e, c->rt->fill(c->device, w.heavies, 0, 4, stream));
    status = add_pieces(c, stream, p, w, add, e);
    if (status)
        return status;
    PVN_LAUNCH(c, e, Names<F>::FEWS, blocks_for(p.buckets, JoinFew<F>::threads),
               join, stream);
    PVN_LAUNCH(c, e, Names<F>::MANY, heavy, join, stream);
    PVN_LAUNCH(c, e, Names<F>::RUN, blocks_for(count, RunSums<F>::threads), run,
               stream);
    PVN_LAUNCH(c, e, Names<F>::SET, p.sets, set, stream);
    PVN_COPY(c, e, host_out, out, p.sets * sizeof *out, stream);
    return 0;
}

template <class F> Xyzz<F> msm_tail(const MsmPlan &p, const Xyzz<F> *sets)
{
    Xyzz<F> sum = sets[p.sets - 1];

    for (uint32_t s = p.sets - 1; s-- > 0;) {
        for (uint32_t k = 0; k < p.width; k++)
            sum = dbl(sum);
        add(sum, sets[s]);
    }
    return sum;
}

template <class F>
int msm_multiples(Context *c, void *stream, const MsmPlan &p,
                  const Affine<F> *points, Affine<F> *more, Error *e)
{
    for (uint32_t j = 1; j < p.multiples; j++) {
        typename Multiple<F>::Args a = { j > 1 ? more + (j - 2) * p.n : points,
                                         more + (j - 1) * p.n, p.n,
                                         p.width * p.sets };
        PVN_LAUNCH(c, e, Names<F>::MULTIPLE,
                   blocks_for(p.n, Multiple<F>::threads), a, stream);
    }
    return 0;
}

template int msm_add<Fq>(Context *, void *, const MsmPlan &, const MsmWork &,
                         const Affine<Fq> *, const Affine<Fq> *, Xyzz<Fq> *,
                         Error *);
template int msm_add<Fq2>(Context *, void *, const MsmPlan &, const MsmWork &,
                          const Affine<Fq2> *, const Affine<Fq2> *, Xyzz<Fq2> *,
                          Error *);
template Xyzz<Fq> msm_tail<Fq>(const MsmPlan &, const Xyzz<Fq> *);
template Xyzz<Fq2> msm_tail<Fq2>(const MsmPlan &, const Xyzz<Fq2> *);
template int msm_multiples<Fq>(Context *, void *, const MsmPlan &,
                               const Affine<Fq> *, Affine<Fq> *, Error *);
template int msm_multiples<Fq2>(Context *, void *, const MsmPlan &,
                                const Affine<Fq2> *, Affine<Fq2> *, Error *);

/* ---- the table's slots: one sum, all memory for its own ---- */

template <class F>
static int sum_on(Context *c, const uint8_t *points, const uint8_t *scalars,
                  uint64_t n, uint8_t *out, Error *e)
{
    MsmPlan p = msm_plan(n, 1);
    MsmRoom room = {};
    uint64_t host = (uint64_t)WINDOWS * sizeof(Xyzz<F>);
    void *s = c->stream[0];
    Xyzz<F> *windows;
    Affine<F> *dev_points, sum;
    Fr *dev_scalars;
    MsmWork w;
    Arena a = arena_count();
    int status;

    room.experiments = c->experiments;
    msm_room(&room, p);
    (void)a.take<Affine<F>>(n);
    (void)a.take<Fr>(n);
    msm_work(&w, room, sizeof(F) == sizeof(Fq2), &a);
    unstage(c);
    status = scratch_grow(c, a.used, host, e);
    if (status)
        return status;
    arena_open(&a, c, c->scratch, c->scratch_bytes);
    dev_points = a.take<Affine<F>>(n);
    dev_scalars = a.take<Fr>(n);
    msm_work(&w, room, sizeof(F) == sizeof(Fq2), &a);
    windows = reinterpret_cast<Xyzz<F> *>(c->pinned);
    PVN_COPY(c, e, dev_points, points, n * sizeof *dev_points, s);
    PVN_COPY(c, e, dev_scalars, scalars, n * sizeof *dev_scalars, s);
    status = msm_sort(c, s, p, w, dev_scalars, nullptr, e);
    if (!status)
        status = msm_add<F>(c, s, p, w, dev_points, nullptr, windows, e);
    if (status)
        return status;
    PVN_TRY(c, e, c->rt->sync(c->device, s));
    sum = to_affine(msm_tail<F>(p, windows));
    memcpy(out, &sum, sizeof sum);
    return 0;
}

template <class F>
static int sum(void *ctx, const uint8_t *points, const uint8_t *scalars,
               uint64_t n, uint8_t *out, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    int status;

    if (!c || !out || (n && (!points || !scalars)) || n > MAX_WIRES)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a sum needs points, scalars, a place for it, and at most "
                    "2^28 terms");
    if (c->dead)
        return fail(e, PROVERNET_GPU_LOST, 0, "the device was lost: close it");
    memset(out, 0, sizeof(Affine<F>));
    if (n == 0)
        return 0;
    status = sum_on<F>(c, points, scalars, n, out, e);
    if (status)
        drain(c);
    return status;
}

int msm_g1(void *ctx, const uint8_t *points, const uint8_t *scalars, uint64_t n,
           uint8_t out64[64], Error *e)
{
    return sum<Fq>(ctx, points, scalars, n, out64, e);
}

int msm_g2(void *ctx, const uint8_t *points, const uint8_t *scalars, uint64_t n,
           uint8_t out128[128], Error *e)
{
    return sum<Fq2>(ctx, points, scalars, n, out128, e);
}

} // namespace pvn
