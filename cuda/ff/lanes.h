/* cuda/ff/lanes.h - Fq2 over two neighbouring lanes of a warp: the even one
 * holds c0, the odd one c1, and they show each other what a product needs. Half
 * the registers of an Fq2 in one thread. Both lanes must come to the same
 * exchanges in the same order. Includes ff/ only.
 *
 * On the host the emulator runs the two lanes in turn (sim/pair.h). */
#ifndef PVN_CUDA_FF_LANES_H
#define PVN_CUDA_FF_LANES_H
#include "bn254.h"
#include <stddef.h>

namespace pvn
{

/* What the emulator sets while a lane runs. */
struct LaneHost {
    uint32_t lane; /* 0 or 1 */
    void (*exchange)(LaneHost *h, const void *mine, void *theirs, size_t len);
};

#if !defined(__CUDA_ARCH__)
inline LaneHost *&lane_host()
{
    static thread_local LaneHost *now = nullptr;
    return now;
}
#endif

PVN_HD bool lane_odd()
{
#if defined(__CUDA_ARCH__)
    return threadIdx.x & 1;
#else
    return lane_host()->lane != 0;
#endif
}

/* The other lane's v. */
PVN_HD uint32_t lane_other(uint32_t v)
{
#if defined(__CUDA_ARCH__)
    return __shfl_xor_sync(3u << (threadIdx.x & 30), v, 1);
#else
    uint32_t theirs;

    lane_host()->exchange(lane_host(), &v, &theirs, sizeof v);
    return theirs;
#endif
}

PVN_HD Fq lane_other(const Fq &v)
{
    Fq r;

#if defined(__CUDA_ARCH__)
    PVN_UNROLL
    for (int i = 0; i < 8; i++)
        r.l[i] = lane_other(v.l[i]);
#else
    lane_host()->exchange(lane_host(), &v, &r, sizeof v);
#endif
    return r;
}

/* This lane's half of an element of Fq2. */
struct Half {
    Fq v;

    static PVN_HD Half zero()
    {
        return Half{ Fq::zero() };
    }
    static PVN_HD Half one()
    {
        return Half{ lane_odd() ? Fq::zero() : Fq::one() };
    }
};

PVN_HD Half operator+(const Half &a, const Half &b)
{
    return Half{ a.v + b.v };
}

PVN_HD Half operator-(const Half &a, const Half &b)
{
    return Half{ a.v - b.v };
}

PVN_HD Half negate(const Half &a)
{
    return Half{ negate(a.v) };
}

PVN_HD Half dbl(const Half &a)
{
    return Half{ dbl(a.v) };
}

/* even: a0 b0 - a1 b1; odd: a1 b0 + a0 b1; one reduction each. */
PVN_HD Half operator*(const Half &a, const Half &b)
{
    bool odd = lane_odd();
    Fq a_other = lane_other(a.v), b_other = lane_other(b.v);

    if (!odd)
        a_other = negate(a_other);
    return Half{ sum_of_products(a.v, odd ? b_other : b.v, a_other,
                                 odd ? b.v : b_other) };
}

/* even: (a0 + a1)(a0 - a1); odd: a1 (2 a0) */
PVN_HD Half sqr(const Half &a)
{
    bool odd = lane_odd();
    Fq other = lane_other(a.v);
    Fq left = odd ? a.v : a.v + other, right = odd ? dbl(other) : a.v - other;

    return Half{ left * right };
}

PVN_HD bool is_zero(const Half &a)
{
    uint32_t mine = is_zero(a.v);

    return (mine & lane_other(mine)) != 0;
}

} // namespace pvn
#endif
