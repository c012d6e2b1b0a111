/* cuda/kernel/field.h - kernels over field elements: row products of the
 * key's matrices, powers, quotient. Includes kernel/grid.h only. */
#ifndef PVN_CUDA_KERNEL_FIELD_H
#define PVN_CUDA_KERNEL_FIELD_H
#include "grid.h"

namespace pvn
{

enum { LONG_ROW = 64 };

/* out[i] = base^i: squares[k] = base^(2^k). */
struct Powers : Flat {
    enum { EACH = 16 };
    struct Args {
        Fr *out;
        uint64_t n;
        Fr squares[ROOT_LOG + 1];
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id() * EACH;
        Fr v = Fr::one();

        if (i >= a.n)
            return;
        for (int k = 0; k <= ROOT_LOG; k++)
            if (i >> k & 1)
                v = v * a.squares[k];
        for (uint64_t end = i + EACH; i < end && i < a.n; i++) {
            a.out[i] = v;
            v = v * a.squares[0];
        }
    }
};

struct RowArgs {
    const uint32_t *start; /* rows + 1 */
    const uint32_t *signal;
    const Fr *value; /* M^2 form: times a plain number it is in M form */
    const Fr *witness;
    Fr *out;
    uint32_t rows;
    const uint32_t *longs; /* rows of more than LONG_ROW entries */
};

/* A thread per row; long rows are left to RowsLong. */
struct Rows : Flat {
    using Args = RowArgs;
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t row = t.id();
        uint32_t k, end;
        Fr sum = Fr::zero();

        if (row >= a.rows)
            return;
        k = a.start[row];
        end = a.start[row + 1];
        if (end - k > LONG_ROW)
            return;
        for (; k < end; k++)
            sum = sum + a.value[k] * a.witness[a.signal[k]];
        a.out[row] = sum;
    }
};

/* A block per long row. */
struct RowsLong {
    using Args = RowArgs;
    static constexpr int threads = 128;
    static constexpr int blocks = 1;
    struct Shared {
        Fr sum[threads];
    };
    using Local = Empty;
    static PVN_HD int phases(const Args &)
    {
        return 8;
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &)
    {
        uint32_t row = a.longs[t.block];
        uint32_t half = (uint32_t)threads >> p;

        if (p == 0) {
            uint32_t end = a.start[row + 1];
            Fr sum = Fr::zero();
            for (uint32_t k = a.start[row] + t.thread; k < end; k += threads)
                sum = sum + a.value[k] * a.witness[a.signal[k]];
            s.sum[t.thread] = sum;
            return;
        }
        if (t.thread < half)
            s.sum[t.thread] = s.sum[t.thread] + s.sum[t.thread + half];
        if (half == 1 && t.thread == 0)
            a.out[row] = s.sum[0];
    }
};

struct TripleArgs {
    Fr *a, *b, *c;
    uint64_t n;
};

/* c = a b */
struct Hadamard : Flat {
    using Args = TripleArgs;
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id();

        if (i < a.n)
            a.c[i] = a.a[i] * a.b[i];
    }
};

/* a = a b - c as plain numbers: the scalars of H. */
struct Quotient : Flat {
    using Args = TripleArgs;
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id();

        if (i < a.n)
            a.a[i] = plain(a.a[i] * a.b[i] - a.c[i]);
    }
};

} // namespace pvn
#endif
