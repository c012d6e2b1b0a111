/* cuda/kernel/pairs.h - additions in affine form, an experiment: in a round
 * the points of each piece are added two and two, which leaves half of them.
 * The divisions of a block are one: the product of all divisors is inverted.
 * After some rounds the few points left are added as XYZZ.
 * Includes kernel/grid.h and kernel/msm.h only. */
#ifndef PVN_CUDA_KERNEL_PAIRS_H
#define PVN_CUDA_KERNEL_PAIRS_H
#include "grid.h"
#include "msm.h"

namespace pvn
{

enum { PAIR_ROUNDS = 4, PAIR_THREADS = 128, PAIR_TREE = 7 };

/* Where piece number `at` lies after so many rounds. Pieces that lay one after
 * another still do: half the start of the next, rounded down, is one more at
 * least than half the end of this, rounded up, is apart from it. */
PVN_HD Piece halved(Piece p, uint32_t at, uint32_t rounds)
{
    for (; rounds; rounds--) {
        p.start = p.start / 2 + at;
        p.count = (p.count + 1) / 2;
    }
    return p;
}

/* How many places that takes, for a buffer. */
inline uint64_t halved_room(uint64_t entries, uint64_t pieces, uint32_t rounds)
{
    for (; rounds; rounds--)
        entries = entries / 2 + pieces + 1;
    return entries;
}

template <class F> struct PairArgs {
    AddArgs<F> add;        /* the points of the first round; the pieces */
    const Affine<F> *from; /* of the later ones */
    Affine<F> *to;
    uint32_t round;
};

enum PairKind { PAIR_SUM, PAIR_DOUBLE, PAIR_FIRST, PAIR_SECOND, PAIR_NOTHING };

/* What becomes of a + b; *divisor, not 0, where there is a division. */
template <class F>
PVN_HD PairKind pair_kind(const Affine<F> &a, const Affine<F> &b, F *divisor)
{
    if (is_infinity(a))
        return PAIR_SECOND;
    if (is_infinity(b))
        return PAIR_FIRST;
    *divisor = b.x - a.x;
    if (!is_zero(*divisor))
        return PAIR_SUM;
    *divisor = dbl(a.y);
    return is_zero(a.y - b.y) && !is_zero(a.y) ? PAIR_DOUBLE : PAIR_NOTHING;
}

template <class F>
PVN_HD Affine<F> pair_sum(PairKind kind, const Affine<F> &a, const Affine<F> &b,
                          const F &inverse)
{
    Affine<F> r;
    F slope;

    if (kind == PAIR_FIRST)
        return a;
    if (kind == PAIR_SECOND)
        return b;
    if (kind == PAIR_NOTHING)
        return Affine<F>{ F::zero(), F::zero() };
    if (kind == PAIR_SUM) {
        slope = b.y - a.y;
    } else {
        slope = sqr(a.x);
        slope = dbl(slope) + slope;
    }
    slope = slope * inverse;
    r.x = sqr(slope) - a.x - b.x;
    r.y = slope * (a.x - r.x) - a.y;
    return r;
}

template <class F> struct AddPairs {
    using Args = PairArgs<F>;
    static constexpr int threads = PAIR_THREADS;
    static constexpr int blocks = 1;
    /* A tree of products: node i is that of 2 i and 2 i + 1; then, from the
     * root down, of inverses. */
    struct Shared {
        F node[2 * PAIR_THREADS];
    };
    struct Local {
        Piece from, to;
    };
    static PVN_HD int phases(const Args &)
    {
        return 2 * PAIR_TREE + 3;
    }
    static PVN_HD Affine<F> fetch(const Args &a, uint32_t place)
    {
        uint32_t e, i;
        Affine<F> p;

        if (a.round)
            return a.from[place];
        e = a.add.entries[place];
        i = e & ~SIGN;
        p = i < a.add.n ? a.add.points[i] : a.add.more[i - a.add.n];
        if ((e & SIGN) && !is_infinity(p))
            p.y = negate(p.y);
        return p;
    }
    /* The product of the divisors; before each one, what it was is kept where
     * the sum will be. */
    static PVN_HD F forward(const Args &a, const Local &l)
    {
        F product = F::one(), divisor;

        for (uint32_t k = 0; 2 * k + 1 < l.from.count; k++) {
            uint32_t at = l.from.start + 2 * k;
            PairKind kind = pair_kind(fetch(a, at), fetch(a, at + 1), &divisor);
            if (kind != PAIR_SUM && kind != PAIR_DOUBLE)
                continue;
            a.to[l.to.start + k].x = product;
            product = product * divisor;
        }
        return product;
    }
    static PVN_HD void backward(const Args &a, const Local &l, F inverse)
    {
        F divisor, own = F::one();

        if (l.from.count & 1)
            a.to[l.to.start + l.to.count - 1] =
                fetch(a, l.from.start + l.from.count - 1);
        for (uint32_t k = l.from.count / 2; k-- > 0;) {
            Affine<F> *to = &a.to[l.to.start + k];
            Affine<F> p = fetch(a, l.from.start + 2 * k);
            Affine<F> q = fetch(a, l.from.start + 2 * k + 1);
            PairKind kind = pair_kind(p, q, &divisor);
            if (kind == PAIR_SUM || kind == PAIR_DOUBLE) {
                own = inverse * to->x;
                inverse = inverse * divisor;
            }
            *to = pair_sum(kind, p, q, own);
        }
    }
    static PVN_HD void begin(const Thread &t, const Args &a, Shared &s,
                             Local &l)
    {
        uint32_t at;

        l.from.count = l.to.count = 0;
        if (t.id() < *a.add.pieces) {
            at = a.add.order[t.id()];
            l.from = halved(a.add.list[at], at, a.round);
            l.to = halved(l.from, at, 1);
        }
        s.node[PAIR_THREADS + t.thread] = forward(a, l);
    }
    static PVN_HD void down(Shared &s, uint32_t parent)
    {
        F left = s.node[2 * parent], inverse = s.node[parent];

        s.node[2 * parent] = inverse * s.node[2 * parent + 1];
        s.node[2 * parent + 1] = inverse * left;
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &l)
    {
        uint32_t wide = (uint32_t)PAIR_THREADS >> p, i;

        if (p == 0) {
            begin(t, a, s, l);
        } else if (p <= PAIR_TREE) { /* wide: 64 ... 1 */
            i = wide + t.thread;
            if (t.thread < wide)
                s.node[i] = s.node[2 * i] * s.node[2 * i + 1];
        } else if (p == PAIR_TREE + 1) {
            if (t.thread == 0)
                s.node[1] = inverse(s.node[1]);
        } else if (p < 2 * PAIR_TREE + 2) {
            wide = 1u << (p - PAIR_TREE - 2); /* 1 ... 64 */
            if (t.thread < wide)
                down(s, wide + t.thread);
        } else {
            backward(a, l, s.node[PAIR_THREADS + t.thread]);
        }
    }
};

/* What is left of each piece. */
template <class F> struct AddHalved {
    using Args = PairArgs<F>;
    using Shared = Empty;
    using Local = Empty;
    static constexpr int threads = 128;
    static constexpr int blocks = 1;

    static PVN_HD int phases(const Args &)
    {
        return 1;
    }
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        Xyzz<F> sum = Xyzz<F>::infinity();
        uint32_t at;
        Piece piece;

        if (t.id() >= *a.add.pieces)
            return;
        at = a.add.order[t.id()];
        piece = halved(a.add.list[at], at, a.round);
        for (uint32_t k = 0; k < piece.count; k++) {
            Affine<F> p = a.from[piece.start + k];
            if (!is_infinity(p))
                add(sum, p);
        }
        a.add.sums[at] = sum;
    }
};

} // namespace pvn
#endif
