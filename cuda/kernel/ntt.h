/* cuda/kernel/ntt.h - number-theoretic transforms without bit reversal: a
 * decimation in frequency leaves the values in bit-reversed order, a
 * decimation in time takes them so. Includes kernel/grid.h only.
 *
 * A transform is a few passes; a pass does the stages of `bits` neighbouring
 * address bits from `low` up, on tiles of up to 1024 elements in shared
 * memory. A tile holds 2^bits elements that differ in those bits, for each of
 * 2^wide neighbouring addresses (so that memory is read in runs).
 * Twiddles come from one table eta^i, i < n, with eta^2 = omega, omega of
 * order n: omega^j = eta^2j, omega^-j = -eta^(n - 2j). */
#ifndef PVN_CUDA_KERNEL_NTT_H
#define PVN_CUDA_KERNEL_NTT_H
#include "grid.h"

namespace pvn
{

enum { TILE_LOG = 10, TILE = 1 << TILE_LOG };

struct NttArgs {
    Fr *data;
    const Fr *eta;
    uint32_t log_n, low, bits, wide, tiles; /* tiles of one transform */
    uint32_t inverse;
};

PVN_HD uint32_t reverse_bits(uint32_t v, uint32_t bits)
{
    v = (v >> 1 & 0x55555555u) | (v & 0x55555555u) << 1;
    v = (v >> 2 & 0x33333333u) | (v & 0x33333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0fu) | (v & 0x0f0f0f0fu) << 4;
    v = (v >> 8 & 0x00ff00ffu) | (v & 0x00ff00ffu) << 8;
    v = v >> 16 | v << 16;
    return bits ? v >> (32 - bits) : 0;
}

/* omega^(+-j), j < n/2 */
PVN_HD Fr twiddle(const NttArgs &a, uint32_t j)
{
    if (!a.inverse || j == 0)
        return a.eta[(uint64_t)j * 2];
    return negate(a.eta[((uint64_t)1 << a.log_n) - (uint64_t)j * 2]);
}

template <bool DIF> struct NttPass {
    using Args = NttArgs;
    static constexpr int threads = 256;
    static constexpr int blocks = 2;
    struct Shared {
        Fr tile[TILE];
    };
    using Local = Empty;

    static PVN_HD int phases(const Args &a)
    {
        return (int)a.bits + 2;
    }
    /* Where element e of this block's tile lies. */
    static PVN_HD uint64_t place(const Thread &t, const Args &a, uint32_t e)
    {
        uint32_t tile = t.block % a.tiles, batch = t.block / a.tiles;
        uint32_t near = e & ((1u << a.wide) - 1), mid = e >> a.wide;
        uint32_t runs = a.low - a.wide; /* bits between the run and low */
        uint32_t between = tile & ((1u << runs) - 1), far = tile >> runs;

        return ((uint64_t)batch << a.log_n) +
               ((uint64_t)far << (a.low + a.bits)) + ((uint64_t)mid << a.low) +
               (between << a.wide) + near;
    }
    static PVN_HD void butterfly(const Thread &t, const Args &a, Shared &s,
                                 uint32_t stage, uint32_t k)
    {
        uint32_t bit = stage + a.wide; /* in the tile */
        uint32_t i = (k >> bit << (bit + 1)) | (k & ((1u << bit) - 1));
        uint32_t mask = (1u << (a.low + stage)) - 1;
        uint32_t j = (uint32_t)place(t, a, i) & mask;
        Fr w = twiddle(a, j << (a.log_n - 1 - a.low - stage));
        Fr u = s.tile[i], v = s.tile[i + (1u << bit)];

        if (DIF) {
            s.tile[i] = u + v;
            s.tile[i + (1u << bit)] = (u - v) * w;
        } else {
            v = v * w;
            s.tile[i] = u + v;
            s.tile[i + (1u << bit)] = u - v;
        }
    }
    static PVN_HD void phase(int p, const Thread &t, const Args &a, Shared &s,
                             Local &)
    {
        uint32_t size = 1u << (a.bits + a.wide), k = t.thread;

        if (p == 0) {
            for (; k < size; k += threads)
                s.tile[k] = a.data[place(t, a, k)];
        } else if (p <= (int)a.bits) {
            uint32_t stage = DIF ? a.bits - (uint32_t)p : (uint32_t)p - 1;
            for (; k < size / 2; k += threads)
                butterfly(t, a, s, stage, k);
        } else {
            for (; k < size; k += threads)
                a.data[place(t, a, k)] = s.tile[k];
        }
    }
};

/* Element i of a bit-reversed array is coefficient rev(i): scale, and shift to
 * the odd coset by eta^rev(i) where asked. */
struct Shift : Flat {
    struct Args {
        Fr *data;
        const Fr *eta; /* NULL: only scale */
        Fr scale;
        uint64_t total; /* of all transforms of the batch */
        uint32_t log_n;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id();
        uint32_t mask = (uint32_t)(((uint64_t)1 << a.log_n) - 1);

        if (i >= a.total)
            return;
        a.data[i] = a.data[i] * a.scale;
        if (a.eta)
            a.data[i] =
                a.data[i] * a.eta[reverse_bits((uint32_t)i & mask, a.log_n)];
    }
};

/* Natural order again, canonical values. */
struct BitReverse : Flat {
    struct Args {
        Fr *data;
        uint64_t n;
        uint32_t log_n;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t i = t.id(), j;
        Fr u;

        if (i >= a.n)
            return;
        j = reverse_bits((uint32_t)i, a.log_n);
        if (i > j)
            return;
        u = canonical(a.data[i]);
        a.data[i] = canonical(a.data[j]);
        a.data[j] = u;
    }
};

} // namespace pvn
#endif
