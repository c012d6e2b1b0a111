/* cuda/kernel/grid.h - what a kernel is: a type with
 *
 *   Args     what it is launched with (plain data);
 *   Shared   what a block shares, Local what a thread keeps between phases;
 *   threads  threads per block, blocks the least number of blocks per SM;
 *   lanes    2 where neighbouring threads exchange values (optional);
 *   phases(args)                      how many phases it has;
 *   phase(p, t, args, shared, local)  one of them, for one thread.
 *
 * A barrier stands between two phases. The device runs the phases one after
 * another with __syncthreads() between; the emulator (sim/) runs each phase
 * for all threads of a block in any order. Includes ff/ and ec/ only. */
#ifndef PVN_CUDA_KERNEL_GRID_H
#define PVN_CUDA_KERNEL_GRID_H
#include "../ec/point.h"
#include "../ff/lanes.h"

namespace pvn
{

struct Thread {
    uint32_t block, thread, blocks, threads;

    PVN_HD uint64_t id() const
    {
        return (uint64_t)block * threads + thread;
    }
};

struct Empty {
};

/* Relaxed; the value before. */
PVN_HD uint32_t atomic_add(uint32_t *p, uint32_t v)
{
#if defined(__CUDA_ARCH__)
    return atomicAdd(p, v);
#else
    return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
#endif
}

/* *p = v if it is 0; the value before. */
PVN_HD uint32_t atomic_claim(uint32_t *p, uint32_t v)
{
#if defined(__CUDA_ARCH__)
    return atomicCAS(p, 0u, v);
#else
    uint32_t was = 0;

    __atomic_compare_exchange_n(p, &was, v, false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    return was;
#endif
}

/* Kernels of one phase: a thread per element. */
struct Flat {
    using Shared = Empty;
    using Local = Empty;
    static constexpr int threads = 256;
    static constexpr int blocks = 1;

    template <class A> static PVN_HD int phases(const A &)
    {
        return 1;
    }
};

} // namespace pvn
#endif
