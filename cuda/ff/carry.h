/* cuda/ff/carry.h - carry chains over eight 32-bit limbs, each with two
 * bodies: PTX on the device, C with an explicit carry on the host. Includes
 * nothing of ours.
 *
 * A chain is one asm statement: the carry flag never lives between two of
 * them. The PTX is kept as text in macros, so that a test can run it through
 * an interpreter and compare it with the C body (tests/carry_test.cpp). */
#ifndef PVN_CUDA_FF_CARRY_H
#define PVN_CUDA_FF_CARRY_H
#include <stdint.h>

#if defined(__CUDACC__)
#define PVN_HD     __host__ __device__ __forceinline__ /* PVN_CALLED: a call */
#define PVN_CALLED __host__ __device__ __noinline__
#define PVN_UNROLL _Pragma("unroll")
#else
#define PVN_HD     inline
#define PVN_CALLED inline
#define PVN_UNROLL
#endif

/* %0-%7 sum, %8 carry, %9-%16 a, %17-%24 b */
#define PVN_PTX_ADD8                                                           \
    "add.cc.u32 %0, %9, %17; addc.cc.u32 %1, %10, %18;"                        \
    "addc.cc.u32 %2, %11, %19; addc.cc.u32 %3, %12, %20;"                      \
    "addc.cc.u32 %4, %13, %21; addc.cc.u32 %5, %14, %22;"                      \
    "addc.cc.u32 %6, %15, %23; addc.cc.u32 %7, %16, %24;"                      \
    "addc.u32 %8, 0, 0;"

/* %0-%7 difference, %8 borrow (0 or all ones), %9-%16 a, %17-%24 b */
#define PVN_PTX_SUB8                                                           \
    "sub.cc.u32 %0, %9, %17; subc.cc.u32 %1, %10, %18;"                        \
    "subc.cc.u32 %2, %11, %19; subc.cc.u32 %3, %12, %20;"                      \
    "subc.cc.u32 %4, %13, %21; subc.cc.u32 %5, %14, %22;"                      \
    "subc.cc.u32 %6, %15, %23; subc.cc.u32 %7, %16, %24;"                      \
    "subc.u32 %8, 0, 0;"

/* %0 x0, %1-%8 y in and out; %9-%12 a1 a3 a5 a7, %13 b */
#define PVN_PTX_SHIFT_ROW                                                      \
    "add.cc.u32 %0, %0, %2;"                                                   \
    "madc.lo.cc.u32 %1, %9, %13, %3; madc.hi.cc.u32 %2, %9, %13, %4;"          \
    "madc.lo.cc.u32 %3, %10, %13, %5; madc.hi.cc.u32 %4, %10, %13, %6;"        \
    "madc.lo.cc.u32 %5, %11, %13, %7; madc.hi.cc.u32 %6, %11, %13, %8;"        \
    "madc.lo.cc.u32 %7, %12, %13, 0; madc.hi.u32 %8, %12, %13, 0;"

/* %0-%7 x, %8 top in and out; %9-%12 a0 a2 a4 a6, %13 b */
#define PVN_PTX_EVEN_ROW                                                       \
    "mad.lo.cc.u32 %0, %9, %13, %0; madc.hi.cc.u32 %1, %9, %13, %1;"           \
    "madc.lo.cc.u32 %2, %10, %13, %2; madc.hi.cc.u32 %3, %10, %13, %3;"        \
    "madc.lo.cc.u32 %4, %11, %13, %4; madc.hi.cc.u32 %5, %11, %13, %5;"        \
    "madc.lo.cc.u32 %6, %12, %13, %6; madc.hi.cc.u32 %7, %12, %13, %7;"        \
    "addc.u32 %8, %8, 0;"

/* %0-%7 y in and out; %8-%11 a1 a3 a5 a7, %12 b */
#define PVN_PTX_ODD_ROW                                                        \
    "mad.lo.cc.u32 %0, %8, %12, %0; madc.hi.cc.u32 %1, %8, %12, %1;"           \
    "madc.lo.cc.u32 %2, %9, %12, %2; madc.hi.cc.u32 %3, %9, %12, %3;"          \
    "madc.lo.cc.u32 %4, %10, %12, %4; madc.hi.cc.u32 %5, %10, %12, %5;"        \
    "madc.lo.cc.u32 %6, %11, %12, %6; madc.hi.u32 %7, %11, %12, %7;"

namespace pvn
{

/* C's carry: the sum of three words and what is carried on. */
PVN_HD uint32_t carry_add(uint32_t a, uint32_t b, uint32_t &carry)
{
    uint64_t t = (uint64_t)a + b + carry;

    carry = (uint32_t)(t >> 32);
    return (uint32_t)t;
}

/* a * b added to the two words lo, hi, with the carry in and out. */
PVN_HD void carry_mad(uint32_t &lo, uint32_t &hi, uint32_t a, uint32_t b,
                      uint32_t lo_in, uint32_t hi_in, uint32_t &carry)
{
    uint64_t p = (uint64_t)a * b;

    lo = carry_add((uint32_t)p, lo_in, carry);
    hi = carry_add((uint32_t)(p >> 32), hi_in, carry);
}

/* r = a + b; the carry. r may be a or b. */
PVN_HD uint32_t add8(uint32_t *r, const uint32_t *a, const uint32_t *b)
{
#if defined(__CUDA_ARCH__)
    uint32_t t[8], carry;

    asm(PVN_PTX_ADD8
        : "=r"(t[0]), "=r"(t[1]), "=r"(t[2]), "=r"(t[3]), "=r"(t[4]),
          "=r"(t[5]), "=r"(t[6]), "=r"(t[7]), "=r"(carry)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]),
          "r"(a[6]), "r"(a[7]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]),
          "r"(b[4]), "r"(b[5]), "r"(b[6]), "r"(b[7]));
    PVN_UNROLL
    for (int i = 0; i < 8; i++)
        r[i] = t[i];
    return carry;
#else
    uint32_t carry = 0;

    for (int i = 0; i < 8; i++)
        r[i] = carry_add(a[i], b[i], carry);
    return carry;
#endif
}

/* r = a - b; all ones if it borrowed, else 0. r may be a or b. */
PVN_HD uint32_t sub8(uint32_t *r, const uint32_t *a, const uint32_t *b)
{
#if defined(__CUDA_ARCH__)
    uint32_t t[8], borrow;

    asm(PVN_PTX_SUB8
        : "=r"(t[0]), "=r"(t[1]), "=r"(t[2]), "=r"(t[3]), "=r"(t[4]),
          "=r"(t[5]), "=r"(t[6]), "=r"(t[7]), "=r"(borrow)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]),
          "r"(a[6]), "r"(a[7]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]),
          "r"(b[4]), "r"(b[5]), "r"(b[6]), "r"(b[7]));
    PVN_UNROLL
    for (int i = 0; i < 8; i++)
        r[i] = t[i];
    return borrow;
#else
    uint64_t t;
    uint32_t borrow = 0;

    for (int i = 0; i < 8; i++) {
        t = (uint64_t)a[i] - b[i] - borrow;
        borrow = (uint32_t)(t >> 32) & 1;
        r[i] = (uint32_t)t;
    }
    return 0u - borrow;
#endif
}

/* Two words down: x0 += y[1]; y = (y >> 64) + odd limbs of a * b + carry. */
PVN_HD void shift_row(uint32_t &x0, uint32_t *y, const uint32_t *a, uint32_t b)
{
#if defined(__CUDA_ARCH__)
    asm(PVN_PTX_SHIFT_ROW
        : "+r"(x0), "+r"(y[0]), "+r"(y[1]), "+r"(y[2]), "+r"(y[3]), "+r"(y[4]),
          "+r"(y[5]), "+r"(y[6]), "+r"(y[7])
        : "r"(a[1]), "r"(a[3]), "r"(a[5]), "r"(a[7]), "r"(b));
#else
    uint32_t carry = 0;

    x0 = carry_add(x0, y[1], carry);
    carry_mad(y[0], y[1], a[1], b, y[2], y[3], carry);
    carry_mad(y[2], y[3], a[3], b, y[4], y[5], carry);
    carry_mad(y[4], y[5], a[5], b, y[6], y[7], carry);
    carry_mad(y[6], y[7], a[7], b, 0, 0, carry);
#endif
}

/* x += even limbs of a * b, the carry added to top. */
PVN_HD void even_row(uint32_t *x, uint32_t &top, const uint32_t *a, uint32_t b)
{
#if defined(__CUDA_ARCH__)
    asm(PVN_PTX_EVEN_ROW
        : "+r"(x[0]), "+r"(x[1]), "+r"(x[2]), "+r"(x[3]), "+r"(x[4]),
          "+r"(x[5]), "+r"(x[6]), "+r"(x[7]), "+r"(top)
        : "r"(a[0]), "r"(a[2]), "r"(a[4]), "r"(a[6]), "r"(b));
#else
    uint32_t carry = 0;

    carry_mad(x[0], x[1], a[0], b, x[0], x[1], carry);
    carry_mad(x[2], x[3], a[2], b, x[2], x[3], carry);
    carry_mad(x[4], x[5], a[4], b, x[4], x[5], carry);
    carry_mad(x[6], x[7], a[6], b, x[6], x[7], carry);
    top += carry;
#endif
}

/* y += odd limbs of a * b; the caller knows that it does not overflow. */
PVN_HD void odd_row(uint32_t *y, const uint32_t *a, uint32_t b)
{
#if defined(__CUDA_ARCH__)
    asm(PVN_PTX_ODD_ROW
        : "+r"(y[0]), "+r"(y[1]), "+r"(y[2]), "+r"(y[3]), "+r"(y[4]),
          "+r"(y[5]), "+r"(y[6]), "+r"(y[7])
        : "r"(a[1]), "r"(a[3]), "r"(a[5]), "r"(a[7]), "r"(b));
#else
    uint32_t carry = 0;

    carry_mad(y[0], y[1], a[1], b, y[0], y[1], carry);
    carry_mad(y[2], y[3], a[3], b, y[2], y[3], carry);
    carry_mad(y[4], y[5], a[5], b, y[4], y[5], carry);
    carry_mad(y[6], y[7], a[7], b, y[6], y[7], carry);
#endif
}

} // namespace pvn
#endif
