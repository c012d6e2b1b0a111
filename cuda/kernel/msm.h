/* cuda/kernel/msm.h - sums of points by buckets. Includes kernel/grid.h and
 * kernel/sort.h only.
 *
 * Each bucket's list is cut into pieces of at most `most` entries; a thread
 * adds one piece, the longest pieces first, so that neither a heavy bucket nor
 * an uneven warp holds up the rest. Piece sums of a bucket are then added up:
 * few by one thread, many by a block. */
#ifndef PVN_CUDA_KERNEL_MSM_H
#define PVN_CUDA_KERNEL_MSM_H
#include "grid.h"
#include "sort.h"

namespace pvn
{

struct Piece {
    uint32_t start, count;
};

/* How many pieces each bucket has. */
struct Cut : Flat {
    struct Args {
        const uint32_t *counts;
        uint32_t *pieces;
        uint64_t buckets;
        uint32_t most;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t b = t.id();

        if (b < a.buckets)
            a.pieces[b] = (a.counts[b] + a.most - 1) / a.most;
    }
};

/* The pieces themselves, and keys that sort the longest first. */
struct ListPieces : Flat {
    struct Args {
        const uint32_t *starts; /* of buckets in the sorted list, + 1 */
        const uint32_t *first;  /* piece of each bucket, + 1 */
        Piece *list;
        uint32_t *keys;
        uint64_t buckets, room;
        uint32_t most;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id(), low = 0, high = a.buckets;
        uint32_t start, left;

        if (i >= a.room)
            return;
        if (i >= a.first[a.buckets]) {
            a.keys[i] = 0;
            return;
        }
        while (high - low > 1) { /* first[low] <= i < first[high] */
            uint64_t mid = (low + high) / 2;
            if (a.first[mid] <= i)
                low = mid;
            else
                high = mid;
        }
        start = a.starts[low] + ((uint32_t)i - a.first[low]) * a.most;
        left = a.starts[low + 1] - start;
        if (left > a.most)
            left = a.most;
        a.list[i] = Piece{ start, left };
        a.keys[i] = a.most - left + 1;
    }
};

template <class F> struct AddArgs {
    const Affine<F> *points; /* indices below n */
    const Affine<F> *more;   /* multiples of them: indices from n on */
    const uint32_t *entries; /* index | sign */
    const Piece *list;
    const uint32_t *order, *pieces; /* *pieces: how many there are */
    Xyzz<F> *sums;
    uint32_t n;
};

/* A point in one thread, or over two lanes. */
template <class F> PVN_HD Affine<F> get(const Affine<F> &p, F *)
{
    return p;
}

PVN_HD Affine<Half> get(const Affine<Fq2> &p, Half *)
{
    bool odd = lane_odd();

    return Affine<Half>{ Half{ odd ? p.x.c1 : p.x.c0 },
                         Half{ odd ? p.y.c1 : p.y.c0 } };
}

template <class F> PVN_HD void put(Xyzz<F> *to, const Xyzz<F> &p)
{
    *to = p;
}

PVN_HD void put(Xyzz<Fq2> *to, const Xyzz<Half> &p)
{
    Fq *half = &to->x.c0 + lane_odd();

    half[0] = p.x.v;
    half[2] = p.y.v;
    half[4] = p.zz.v;
    half[6] = p.zzz.v;
}

template <class L> struct LanesOf {
    static constexpr int value = 1;
};
template <> struct LanesOf<Half> {
    static constexpr int value = 2;
};

/* The sum of a piece, by as many threads as an element of L has lanes. */
template <class F, class L = F> struct AddPieces {
    using Args = AddArgs<F>;
    using Shared = Empty;
    using Local = Empty;
    static constexpr int threads = 128;
    static constexpr int blocks = 1;
    static constexpr int lanes = LanesOf<L>::value;

    static PVN_HD int phases(const Args &)
    {
        return 1;
    }
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint32_t at, e, i;
        Piece piece;
        Xyzz<L> sum = Xyzz<L>::infinity();

        if (t.id() / lanes >= *a.pieces)
            return;
        at = a.order[t.id() / lanes];
        piece = a.list[at];
        for (uint32_t k = 0; k < piece.count; k++) {
            Affine<L> p;
            e = a.entries[piece.start + k];
            i = e & ~SIGN;
            p = get(i < a.n ? a.points[i] : a.more[i - a.n], (L *)nullptr);
            if (is_infinity(p))
                continue;
            if (e & SIGN)
                p.y = negate(p.y);
            add(sum, p);
        }
        put(&a.sums[at], sum);
    }
};

enum { FEW = 8 };

template <class F> struct JoinArgs {
    const uint32_t *first;
    Xyzz<F> *sums; /* the first piece of a bucket becomes its sum */
    uint32_t *heavy, *heavies;
    uint64_t buckets;
};

template <class F> struct JoinFew : Flat {
    using Args = JoinArgs<F>;
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t b = t.id();
        uint32_t k, end;

        if (b >= a.buckets)
            return;
        k = a.first[b];
        end = a.first[b + 1];
        if (end - k < 2)
            return;
        if (end - k > FEW) {
            a.heavy[atomic_add(a.heavies, 1)] = (uint32_t)b;
            return;
        }
        for (uint32_t i = k + 1; i < end; i++)
            add_called(&a.sums[k], &a.sums[i]);
    }
};

/* A block's sum over its threads: call for p = 0 ... TREE with the threads'
 * own in s[]; s[0] in the end. */
enum { TREE_THREADS = 128, TREE = 7 };

template <class F> PVN_HD void tree(int p, const Thread &t, Xyzz<F> *s)
{
    uint32_t half = (uint32_t)TREE_THREADS >> p;

    if (t.thread < half)
        add_called(&s[t.thread], &s[t.thread + half]);
}

template <class F> struct JoinMany {
    using Args = JoinArgs<F>;
    using Local = Empty;
    static constexpr int threads = TREE_THREADS;
    static constexpr int blocks = 1;
    struct Shared {
        Xyzz<F> sum[TREE_THREADS];
    };
    static PVN_HD int phases(const Args &)
    {
        return TREE + 1;
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &)
    {
        uint32_t b, k;

        if (t.block >= *a.heavies)
            return;
        b = a.heavy[t.block];
        if (p == 0) {
            s.sum[t.thread] = Xyzz<F>::infinity();
            for (k = a.first[b] + t.thread; k < a.first[b + 1]; k += threads)
                add_called(&s.sum[t.thread], &a.sums[k]);
            return;
        }
        tree(p, t, s.sum);
        if (p == TREE && t.thread == 0)
            a.sums[a.first[b]] = s.sum[0];
    }
};

template <class F> struct RunArgs {
    const uint32_t *first;
    const Xyzz<F> *sums;
    Xyzz<F> *runs;
    uint64_t count;         /* of all sets */
    uint32_t each, per_set; /* buckets per run, runs per set */
};

/* Over the buckets of one run, bucket b of its set times b + 1. */
template <class F> struct RunSums : Flat {
    using Args = RunArgs<F>;
    static constexpr int threads = 128;
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id(), b = i * a.each;
        uint32_t times = (uint32_t)(i % a.per_set) * a.each;
        Xyzz<F> run, *sum = &a.runs[i];

        if (i >= a.count)
            return;
        run = Xyzz<F>::infinity();
        *sum = run;
        for (uint32_t k = a.each; k-- > 0;) {
            if (a.first[b + k + 1] != a.first[b + k])
                add_called(&run, &a.sums[a.first[b + k]]);
            add_called(sum, &run);
        }
        while (times) { /* sum += times * run */
            if (times & 1)
                add_called(sum, &run);
            times >>= 1;
            if (times)
                dbl_in_place(&run);
        }
    }
};

/* A block per set: the sum of its runs. */
template <class F> struct SetSums {
    struct Args {
        const Xyzz<F> *runs;
        Xyzz<F> *out;
        uint32_t per_set;
    };
    using Local = Empty;
    static constexpr int threads = TREE_THREADS;
    static constexpr int blocks = 1;
    using Shared = typename JoinMany<F>::Shared;

    static PVN_HD int phases(const Args &)
    {
        return TREE + 1;
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &)
    {
        const Xyzz<F> *runs = a.runs + (uint64_t)t.block * a.per_set;

        if (p == 0) {
            s.sum[t.thread] = Xyzz<F>::infinity();
            for (uint32_t k = t.thread; k < a.per_set; k += threads)
                add_called(&s.sum[t.thread], &runs[k]);
            return;
        }
        tree(p, t, s.sum);
        if (p == TREE && t.thread == 0)
            a.out[t.block] = s.sum[0];
    }
};

/* to[i] = 2^doublings from[i], affine: at loading, once for each multiple. */
template <class F> struct Multiple : Flat {
    struct Args {
        const Affine<F> *from;
        Affine<F> *to;
        uint64_t n;
        uint32_t doublings;
    };
    static constexpr int threads = 128;
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id();
        Xyzz<F> p;

        if (i >= a.n)
            return;
        p = from_affine(a.from[i]);
        for (uint32_t k = 0; k < a.doublings; k++)
            dbl_in_place(&p);
        a.to[i] = to_affine(p);
    }
};

} // namespace pvn
#endif
