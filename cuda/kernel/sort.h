/* cuda/kernel/sort.h - scalars to signed digits, and a counting sort whose
 * counters do not jam when many keys are equal. Includes kernel/grid.h only. */
#ifndef PVN_CUDA_KERNEL_SORT_H
#define PVN_CUDA_KERNEL_SORT_H
#include "grid.h"

namespace pvn
{

constexpr uint32_t SIGN = 0x80000000u, NINE = 9;

/* Digits of all windows of a scalar. s > r/2 is taken as r - s with the sign
 * turned, so 253 bits are left. Adding 2^(c-1) to every window first makes
 * each signed digit a matter of its own window. Window w is for bucket set
 * w % sets and multiple w / sets of its point: keys[set][multiple][i] is
 * |digit|, the sign in the top bit; 0: nothing to add. */
struct Recode : Flat {
    struct Args {
        const Fr *scalars;     /* plain, any 256 bits */
        const uint32_t *wires; /* which of them; NULL: one after another */
        uint32_t *keys;
        uint64_t n;
        uint32_t width, windows, sets, multiples;
        uint32_t bias[NINE]; /* sum of 2^(c w + c - 1) */
    };
    static PVN_HD bool fold(uint32_t *s, const Fr &scalar)
    {
        uint32_t m[8], t[8];
        bool less;

        Fr::modulus(m, 0);
        for (int i = 0; i < 8; i++)
            s[i] = scalar.l[i];
        for (int k = 0; k < 5; k++) { /* 2^256 < 6 r */
            less = sub8(t, s, m) != 0;
            for (int i = 0; i < 8; i++)
                s[i] = less ? s[i] : t[i];
        }
        sub8(t, m, s);             /* r - s */
        less = sub8(m, t, s) != 0; /* r - s < s */
        for (int i = 0; i < 8; i++)
            s[i] = less ? t[i] : s[i];
        return less;
    }
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id();
        uint32_t s[NINE], flip, half = 1u << (a.width - 1), at = 0;
        uint32_t set = 0, multiple = 0;

        if (i >= a.n)
            return;
        flip = fold(s, a.scalars[a.wires ? a.wires[i] : i]) ? SIGN : 0;
        s[8] = a.bias[8] + add8(s, s, a.bias);
        for (uint32_t w = 0; w < a.sets * a.multiples; w++, at += a.width) {
            uint64_t two = 0;
            uint32_t d, key = 0;

            PVN_UNROLL
            for (uint32_t k = 0; k < NINE; k++)
                if (k == at / 32)
                    two = s[k] | (k < 8 ? (uint64_t)s[k + 1] << 32 : 0);
            d = (uint32_t)(two >> at % 32) & (2 * half - 1);
            if (w >= a.windows) /* the last multiple is not for every set */
                key = 0;
            else if (d > half)
                key = (d - half) | flip;
            else if (d < half)
                key = (half - d) | (flip ^ SIGN);
            a.keys[((uint64_t)set * a.multiples + multiple) * a.n + i] = key;
            if (++set == a.sets) {
                set = 0;
                multiple++;
            }
        }
    }
};

struct SortArgs {
    const uint32_t *keys; /* segments of n; key 0 is dropped */
    uint32_t *counters;   /* count, or next place, of [segment][key - 1] */
    uint32_t *out;        /* index in its segment | sign of the key */
    uint64_t n;
    uint32_t bins, tiles; /* per segment */
};

/* Count keys, or put indices in their places. Equal keys of a block meet in a
 * shared slot and go to the counter in memory once. */
template <bool PLACE> struct Sort {
    using Args = SortArgs;
    static constexpr int threads = 256;
    static constexpr int blocks = 2;
    enum : uint32_t { EACH = 8, SLOTS = 1024, SPAN = EACH * 256 };
    struct Shared {
        uint32_t key[SLOTS], count[SLOTS], base[SLOTS];
    };
    struct Local {
        uint32_t key[EACH], rank[EACH];
    };
    static PVN_HD int phases(const Args &)
    {
        return PLACE ? 4 : 3;
    }
    static PVN_HD uint32_t slot(uint32_t key)
    {
        return (key * 0x9e3779b1u) >> 22;
    }
    static PVN_HD void meet(const Thread &t, const Args &a, Shared &s, Local &l)
    {
        uint64_t segment = t.block / a.tiles;
        uint64_t first = (uint64_t)(t.block % a.tiles) * SPAN + t.thread;
        uint32_t *counters = a.counters + segment * a.bins;

        PVN_UNROLL
        for (uint32_t k = 0; k < EACH; k++) {
            uint64_t i = first + k * threads;
            uint32_t key = i < a.n ? a.keys[segment * a.n + i] : 0, was;

            l.key[k] = key;
            l.rank[k] = 0;
            key &= ~SIGN;
            if (!key)
                continue;
            was = atomic_claim(&s.key[slot(key)], key);
            if (was == 0 || was == key)
                l.rank[k] = atomic_add(&s.count[slot(key)], 1);
            else /* the slot is another key's: SIGN marks a place in memory */
                l.rank[k] = atomic_add(&counters[key - 1], 1) | SIGN;
        }
    }
    static PVN_HD void put(const Thread &t, const Args &a, const Shared &s,
                           const Local &l)
    {
        uint64_t first = (uint64_t)(t.block % a.tiles) * SPAN + t.thread;

        PVN_UNROLL
        for (uint32_t k = 0; k < EACH; k++) {
            uint32_t key = l.key[k] & ~SIGN, at = l.rank[k] & ~SIGN;

            if (!key)
                continue;
            if (!(l.rank[k] & SIGN))
                at += s.base[slot(key)];
            a.out[at] = (uint32_t)(first + k * threads) | (l.key[k] & SIGN);
        }
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &l)
    {
        uint32_t *counters =
            a.counters + (uint64_t)(t.block / a.tiles) * a.bins;

        if (p == 1) {
            meet(t, a, s, l);
        } else if (p == 3) {
            put(t, a, s, l);
        } else {
            for (uint32_t k = t.thread; k < SLOTS; k += threads) {
                if (p == 0)
                    s.key[k] = s.count[k] = 0;
                else if (s.count[k])
                    s.base[k] = atomic_add(&counters[s.key[k] - 1], s.count[k]);
            }
        }
    }
};

/* Sums of all before: out[i] = base[block] + in[0] + ... + in[i - 1], out[n]
 * the whole; each block takes threads * each numbers, total[block] is its own
 * sum. */
struct Scan {
    struct Args {
        const uint32_t *in, *base;
        uint32_t *out, *copy, *total; /* each may be NULL; copy has n places */
        uint64_t n;
        uint32_t each;
    };
    static constexpr int threads = 256;
    static constexpr int blocks = 2;
    struct Shared {
        uint32_t sum[2][256];
    };
    struct Local {
        uint32_t own;
    };
    static PVN_HD int phases(const Args &)
    {
        return 10;
    }
    static PVN_HD uint64_t first(const Thread &t, const Args &a)
    {
        return t.id() * a.each;
    }
    static PVN_HD void finish(const Thread &t, const Args &a, uint32_t to,
                              const Local &l)
    {
        uint32_t at = to - l.own + (a.base ? a.base[t.block] : 0);
        uint64_t i = first(t, a), end = i + a.each;

        if (a.total && t.thread == threads - 1)
            a.total[t.block] = to;
        if (!a.out)
            return;
        for (; i < end && i < a.n; i++) {
            a.out[i] = at;
            if (a.copy)
                a.copy[i] = at;
            at += a.in[i];
        }
        if (t.block == t.blocks - 1 && t.thread == threads - 1)
            a.out[a.n] = at;
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &l)
    {
        uint32_t i = t.thread, step = p ? 1u << (p - 1) : 0;
        const uint32_t *from = s.sum[(p + 1) & 1];

        if (p == 0) {
            uint64_t k = first(t, a), end = k + a.each;
            l.own = 0;
            for (; k < end && k < a.n; k++)
                l.own += a.in[k];
            s.sum[0][i] = l.own;
        } else if (p <= 8) {
            s.sum[p & 1][i] = from[i] + (i >= step ? from[i - step] : 0);
        } else {
            finish(t, a, from[i], l);
        }
    }
};

} // namespace pvn
#endif
