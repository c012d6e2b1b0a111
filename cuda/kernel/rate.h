/* cuda/kernel/rate.h - what the device can do at most: wide multiply-adds,
 * products, bytes read and written. For tests/bench.cpp. Includes
 * kernel/grid.h only. */
#ifndef PVN_CUDA_KERNEL_RATE_H
#define PVN_CUDA_KERNEL_RATE_H
#include "grid.h"

namespace pvn
{

/* *sum += a * b, 32 by 32 to 64 bits: the instruction that a field product is
 * made of. */
PVN_HD void wide_add(uint64_t *sum, uint32_t a, uint32_t b)
{
#if defined(__CUDA_ARCH__)
    asm volatile("mad.wide.u32 %0, %1, %2, %0;" : "+l"(*sum) : "r"(a), "r"(b));
#else
    *sum += (uint64_t)a * b;
#endif
}

/* STEPS of them in each round for each of CHAINS sums that do not wait for one
 * another. */
template <int CHAINS> struct WideRate : Flat {
    enum { STEPS = 16 };
    struct Args {
        uint64_t *out;
        uint32_t rounds;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t sum[CHAINS], all = 0;
        uint32_t x = (uint32_t)t.id() | 1;

        PVN_UNROLL
        for (int i = 0; i < CHAINS; i++)
            sum[i] = (uint64_t)i;
        for (uint32_t k = 0; k < a.rounds; k++) {
            PVN_UNROLL
            for (int s = 0; s < STEPS; s++) {
                PVN_UNROLL
                for (int i = 0; i < CHAINS; i++)
                    wide_add(&sum[i], x, (uint32_t)sum[i]);
            }
        }
        PVN_UNROLL
        for (int i = 0; i < CHAINS; i++)
            all ^= sum[i];
        a.out[t.id()] = all;
    }
};

/* Products and nothing else, in CHAINS independent chains per thread. */
template <int CHAINS> struct MulRate : Flat {
    struct Args {
        Fr *out;
        uint32_t rounds;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        Fr v[CHAINS], w = Fr::r2();

        PVN_UNROLL
        for (int i = 0; i < CHAINS; i++) {
            v[i] = Fr::one();
            v[i].l[0] += (uint32_t)t.id() & 0xff;
        }
        for (uint32_t k = 0; k < a.rounds; k++) {
            PVN_UNROLL
            for (int i = 0; i < CHAINS; i++)
                v[i] = v[i] * w;
        }
        PVN_UNROLL
        for (int i = 1; i < CHAINS; i++)
            v[0] = v[0] + v[i];
        a.out[t.id()] = v[0];
    }
};

/* to[i] = from[i], 16 bytes each: as many bytes read as written. */
struct alignas(16) Sixteen {
    uint32_t w[4];
};

struct CopyRate : Flat {
    struct Args {
        const Sixteen *from;
        Sixteen *to;
        uint64_t n;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint64_t step = (uint64_t)t.blocks * t.threads;

        for (uint64_t i = t.id(); i < a.n; i += step)
            a.to[i] = a.from[i];
    }
};

/* Points read from places all over: sums their first words. */
struct GatherRate : Flat {
    struct Args {
        const Affine<Fq> *from;
        uint32_t *out;
        uint64_t n; /* a power of two */
        uint32_t each;
    };
    static PVN_HD void phase(int, const Thread &t, const Args &a, Shared &,
                             Local &)
    {
        uint32_t sum = 0;
        uint64_t at = t.id() * 0x9e3779b97f4a7c15u;

        for (uint32_t k = 0; k < a.each; k++) {
            const Affine<Fq> p = a.from[(at >> 20) & (a.n - 1)];
            PVN_UNROLL
            for (int i = 0; i < 8; i++)
                sum += p.x.l[i] ^ p.y.l[i];
            at += 0x9e3779b97f4a7c15u;
        }
        a.out[t.id()] = sum;
    }
};

} // namespace pvn
#endif
