/* cuda/ff/bn254.h - the fields of BN254: Fq, Fr and Fq2 = Fq[u]/(u^2 + 1).
 * Constants as in proving.md 1.1. Includes ff/ only. */
#ifndef PVN_CUDA_FF_BN254_H
#define PVN_CUDA_FF_BN254_H
#include "mont.h"

namespace pvn
{

struct BnQ {                                     /* base field */
    static constexpr uint32_t inv = 0xe4866389u; /* -1/p mod 2^32 */
    static PVN_HD constexpr uint32_t mod(int i)
    {
        return i == 0   ? 0xd87cfd47u
               : i == 1 ? 0x3c208c16u
               : i == 2 ? 0x6871ca8du
               : i == 3 ? 0x97816a91u
               : i == 4 ? 0x8181585du
               : i == 5 ? 0xb85045b6u
               : i == 6 ? 0xe131a029u
                        : 0x30644e72u;
    }
    static PVN_HD constexpr uint32_t one(int i)
    {
        return i == 0   ? 0xc58f0d9du
               : i == 1 ? 0xd35d438du
               : i == 2 ? 0xf5c70b3du
               : i == 3 ? 0x0a78eb28u
               : i == 4 ? 0x7879462cu
               : i == 5 ? 0x666ea36fu
               : i == 6 ? 0x9a07df2fu
                        : 0x0e0a77c1u;
    }
    static PVN_HD constexpr uint32_t r2(int i)
    {
        return i == 0   ? 0x538afa89u
               : i == 1 ? 0xf32cfc5bu
               : i == 2 ? 0xd44501fbu
               : i == 3 ? 0xb5e71911u
               : i == 4 ? 0x0a417ff6u
               : i == 5 ? 0x47ab1effu
               : i == 6 ? 0xcab8351fu
                        : 0x06d89f71u;
    }
};

struct BnR {                                     /* scalar field */
    static constexpr uint32_t inv = 0xefffffffu; /* -1/p mod 2^32 */
    static PVN_HD constexpr uint32_t mod(int i)
    {
        return i == 0   ? 0xf0000001u
               : i == 1 ? 0x43e1f593u
               : i == 2 ? 0x79b97091u
               : i == 3 ? 0x2833e848u
               : i == 4 ? 0x8181585du
               : i == 5 ? 0xb85045b6u
               : i == 6 ? 0xe131a029u
                        : 0x30644e72u;
    }
    static PVN_HD constexpr uint32_t one(int i)
    {
        return i == 0   ? 0x4ffffffbu
               : i == 1 ? 0xac96341cu
               : i == 2 ? 0x9f60cd29u
               : i == 3 ? 0x36fc7695u
               : i == 4 ? 0x7879462eu
               : i == 5 ? 0x666ea36fu
               : i == 6 ? 0x9a07df2fu
                        : 0x0e0a77c1u;
    }
    static PVN_HD constexpr uint32_t r2(int i)
    {
        return i == 0   ? 0xae216da7u
               : i == 1 ? 0x1bb8e645u
               : i == 2 ? 0xe35c59e3u
               : i == 3 ? 0x53fe3ab1u
               : i == 4 ? 0x53bb8085u
               : i == 5 ? 0x8c49833du
               : i == 6 ? 0x7f4e44a5u
                        : 0x0216d0b1u;
    }
};

using Fq = Mont<BnQ>;
using Fr = Mont<BnR>;

enum { ROOT_LOG = 28 };
/* 5^t with r - 1 = 2^28 t, in Montgomery form: of order 2^28. */
PVN_HD Fr root_of_unity()
{
    return Fr{ { 0x80d13d9cu, 0x636e7355u, 0x2445ffd6u, 0xa22bf374u,
                 0x1eb203d8u, 0x56452ac0u, 0x2963f9e7u, 0x1860ef94u } };
}

struct Fq2 {
    Fq c0, c1;

    static PVN_HD Fq2 zero()
    {
        return Fq2{ Fq::zero(), Fq::zero() };
    }
    static PVN_HD Fq2 one()
    {
        return Fq2{ Fq::one(), Fq::zero() };
    }
};

PVN_HD Fq2 operator+(const Fq2 &a, const Fq2 &b)
{
    return Fq2{ a.c0 + b.c0, a.c1 + b.c1 };
}

PVN_HD Fq2 operator-(const Fq2 &a, const Fq2 &b)
{
    return Fq2{ a.c0 - b.c0, a.c1 - b.c1 };
}

PVN_HD Fq2 negate(const Fq2 &a)
{
    return Fq2{ negate(a.c0), negate(a.c1) };
}

PVN_HD Fq2 dbl(const Fq2 &a)
{
    return a + a;
}

PVN_HD Fq2 operator*(const Fq2 &a, const Fq2 &b)
{
    Fq low = a.c0 * b.c0, high = a.c1 * b.c1;
    Fq cross = (a.c0 + a.c1) * (b.c0 + b.c1);

    return Fq2{ low - high, cross - low - high };
}

PVN_HD Fq2 sqr(const Fq2 &a)
{
    Fq cross = a.c0 * a.c1;

    return Fq2{ (a.c0 + a.c1) * (a.c0 - a.c1), dbl(cross) };
}

PVN_HD bool is_zero(const Fq2 &a)
{
    return is_zero(a.c0) && is_zero(a.c1);
}

PVN_HD Fq2 canonical(const Fq2 &a)
{
    return Fq2{ canonical(a.c0), canonical(a.c1) };
}

PVN_HD Fq2 plain(const Fq2 &a)
{
    return Fq2{ plain(a.c0), plain(a.c1) };
}

PVN_HD Fq2 inverse(const Fq2 &a)
{
    Fq t = inverse(sqr(a.c0) + sqr(a.c1));

    return Fq2{ a.c0 * t, negate(a.c1 * t) };
}

} // namespace pvn
#endif
