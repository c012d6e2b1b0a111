/* snark/bn254/lanes_ifma.h - eight field elements in AVX-512 registers: the
 * vector type of kernel.h for the ifma form; includes dispatch.h and the
 * compiler's intrinsics.
 *
 * Limb i of the eight elements is one register of 64-bit lanes; a normalised
 * element has five limbs below 2^52. Montgomery radix 2^260.
 *
 * Bounds, in multiples of p (p < 2^254, p/2^260 < 0.0118, 2^260/p > 84):
 * - A product takes normalised factors a < A p, b < B p with any A, B below 84
 *   and gives (a*b + m*p)/2^260 < (0.0118 A B + 1) p, normalised. For A B <=
 *   84 that is below 2 p. Columns hold at most 20 products' halves and 10 of
 *   the reduction, each below 2^52: no overflow of 64 bits.
 * - Raw sums have limbs as signed 64-bit numbers; lv_norm needs the value to
 *   be in [0, 84 p).
 * - A reduction takes k = floor(84*limb4/2^52) multiples of p away. With h =
 *   floor(p/2^208), 2^52/h = 84.64, so k <= value/p, and what remains is
 *   below p + (1 - 84/84.65)*value < p + 0.0077*value. From a raw sum limb4 is
 *   off by a few units of 2^208 = p/2^45.6, which cannot carry k above
 *   value/p once value >= p, hence lv_sub_reduce adds so many p that it is.
 */
#ifndef PVN_BN254_LANES_IFMA_H
#define PVN_BN254_LANES_IFMA_H
#include "dispatch.h"
#include <immintrin.h>

typedef struct lv {
    __m512i l0, l1, l2, l3, l4;
} lv;
typedef struct lane_modulus {
    uint64_t p[5];
    uint64_t minus_inverse, inverse;        /* -p^-1, p^-1 mod 2^52 */
    uint64_t complement[5];                 /* 2^260 - p */
    uint64_t enter[5], leave[5];            /* 2^264, 2^256 mod p */
    uint64_t enter_scalar[4];               /* 2^260 mod p */
    uint64_t enter_inverse[4];              /* 2^264 mod p */
    _Alignas(64) uint64_t multiples[5][16]; /* limb i of k*p */
    pvn_modulus scalar;
} lane_modulus;
typedef struct lane_twiddle {
    uint64_t l[5];
} lane_twiddle;

static const lane_modulus lane_fq __attribute__((unused)) = {
    .p = { 0x08c16d87cfd47u, 0x916871ca8d3c2u, 0x181585d97816au,
           0xa029b85045b68u, 0x030644e72e131u },
    .minus_inverse = 0x20782e4866389u,
    .inverse = 0xdf87d1b799c77u,
    .complement = { 0xf73e9278302b9u, 0x6e978e3572c3du, 0xe7ea7a2687e95u,
                    0x5fd647afba497u, 0xfcf9bb18d1eceu },
    .enter = { 0xb0f2afaec667au, 0xed9626b0fffbdu, 0x9e2a0fcad825au,
               0xe357276f48b70u, 0x00d791464ef86u },
    .leave = { 0xd438dc58f0d9du, 0x28f5c70b3dd35u, 0x879462c0a78ebu,
               0xdf2f666ea36f7u, 0x00e0a77c19a07u },
    .enter_scalar = { 0x45520880f6fce4b4u, 0x49890849baa989a8u,
                      0x85a9201d818f014au, 0x1f16424e1bb7724fu },
    .enter_inverse = { 0xfbdb0f2afaec667au, 0xad825aed9626b0ffu,
                       0x276f48b709e2a0fcu, 0x0d791464ef86e357u },
    .multiples = { { 0x0u, 0x8c16d87cfd47u, 0x1182db0f9fa8eu, 0x1a4448976f7d5u,
                     0x2305b61f3f51cu, 0x2bc723a70f263u, 0x3488912edefaau,
                     0x3d49feb6aecf1u, 0x460b6c3e7ea38u, 0x4eccd9c64e77fu,
                     0x578e474e1e4c6u, 0x604fb4d5ee20du, 0x6911225dbdf54u,
                     0x71d28fe58dc9bu, 0x7a93fd6d5d9e2u, 0x83556af52d729u },
                   { 0x0u, 0x916871ca8d3c2u, 0x22d0e3951a784u, 0xb439555fa7b46u,
                     0x45a1c72a34f08u, 0xd70a38f4c22cau, 0x6872aabf4f68cu,
                     0xf9db1c89dca4eu, 0x8b438e5469e10u, 0x1cac001ef71d2u,
                     0xae1471e984594u, 0x3f7ce3b411956u, 0xd0e5557e9ed18u,
                     0x624dc7492c0dau, 0xf3b63913b949cu, 0x851eaade4685eu },
                   { 0x0u, 0x181585d97816au, 0x302b0bb2f02d5u, 0x4840918c6843fu,
                     0x60561765e05aau, 0x786b9d3f58714u, 0x90812318d087fu,
                     0xa896a8f2489e9u, 0xc0ac2ecbc0b54u, 0xd8c1b4a538cbfu,
                     0xf0d73a7eb0e29u, 0x8ecc05828f94u, 0x21024631a10feu,
                     0x3917cc0b19269u, 0x512d51e4913d3u, 0x6942d7be0953eu },
                   { 0x0u, 0xa029b85045b68u, 0x405370a08b6d0u, 0xe07d28f0d1238u,
                     0x80a6e14116da0u, 0x20d099915c908u, 0xc0fa51e1a2470u,
                     0x61240a31e7fd8u, 0x14dc2822db40u, 0xa1777ad2736a8u,
                     0x41a13322b9210u, 0xe1caeb72fed79u, 0x81f4a3c3448e1u,
                     0x221e5c138a449u, 0xc2481463cffb1u, 0x6271ccb415b19u },
                   { 0x0u, 0x30644e72e131u, 0x60c89ce5c263u, 0x912ceb58a394u,
                     0xc19139cb84c6u, 0xf1f5883e65f8u, 0x12259d6b14729u,
                     0x152be2524285bu, 0x183227397098du, 0x1b386c209eabeu,
                     0x1e3eb107ccbf0u, 0x2144f5eefad21u, 0x244b3ad628e53u,
                     0x27517fbd56f85u, 0x2a57c4a4850b6u, 0x2d5e098bb31e8u } },
    .scalar = PVN_FQ_MODULUS
};

static const lane_modulus lane_fr __attribute__((unused)) = {
    .p = { 0x1f593f0000001u, 0x4879b9709143eu, 0x181585d2833e8u,
           0xa029b85045b68u, 0x030644e72e131u },
    .minus_inverse = 0x1f593efffffffu,
    .inverse = 0xe0a6c10000001u,
    .complement = { 0xe0a6c0fffffffu, 0xb786468f6ebc1u, 0xe7ea7a2d7cc17u,
                    0x5fd647afba497u, 0xfcf9bb18d1eceu },
    .enter = { 0x31f8c9ffffab6u, 0xac31329faef6eu, 0x9e2a3495d7570u,
               0xe357276f48b70u, 0x00d791464ef86u },
    .leave = { 0x6341c4ffffffbu, 0x959f60cd29ac9u, 0x879462e36fc76u,
               0xdf2f666ea36f7u, 0x00e0a77c19a07u },
    .enter_scalar = { 0xb9db6b753fffffacu, 0xcef7c8380f271055u,
                      0x85a9201d818f016eu, 0x1f16424e1bb7724fu },
    .enter_inverse = { 0xf6e31f8c9ffffab6u, 0x5d7570ac31329faeu,
                       0x276f48b709e2a349u, 0x0d791464ef86e357u },
    .multiples = { { 0x0u, 0x1f593f0000001u, 0x3eb27e0000002u, 0x5e0bbd0000003u,
                     0x7d64fc0000004u, 0x9cbe3b0000005u, 0xbc177a0000006u,
                     0xdb70b90000007u, 0xfac9f80000008u, 0x1a23370000009u,
                     0x397c76000000au, 0x58d5b5000000bu, 0x782ef4000000cu,
                     0x978833000000du, 0xb6e172000000eu, 0xd63ab1000000fu },
                   { 0x0u, 0x4879b9709143eu, 0x90f372e12287cu, 0xd96d2c51b3cbau,
                     0x21e6e5c2450f8u, 0x6a609f32d6536u, 0xb2da58a367974u,
                     0xfb541213f8db2u, 0x43cdcb848a1f0u, 0x8c4784f51b62fu,
                     0xd4c13e65aca6du, 0x1d3af7d63deabu, 0x65b4b146cf2e9u,
                     0xae2e6ab760727u, 0xf6a82427f1b65u, 0x3f21dd9882fa3u },
                   { 0x0u, 0x181585d2833e8u, 0x302b0ba5067d0u, 0x4840917789bb8u,
                     0x6056174a0cfa1u, 0x786b9d1c90389u, 0x908122ef13771u,
                     0xa896a8c196b59u, 0xc0ac2e9419f42u, 0xd8c1b4669d32au,
                     0xf0d73a3920712u, 0x8ecc00ba3afbu, 0x210245de26ee3u,
                     0x3917cbb0aa2cbu, 0x512d51832d6b3u, 0x6942d755b0a9cu },
                   { 0x0u, 0xa029b85045b68u, 0x405370a08b6d0u, 0xe07d28f0d1238u,
                     0x80a6e14116da0u, 0x20d099915c908u, 0xc0fa51e1a2470u,
                     0x61240a31e7fd8u, 0x14dc2822db40u, 0xa1777ad2736a8u,
                     0x41a13322b9210u, 0xe1caeb72fed79u, 0x81f4a3c3448e1u,
                     0x221e5c138a449u, 0xc2481463cffb1u, 0x6271ccb415b19u },
                   { 0x0u, 0x30644e72e131u, 0x60c89ce5c263u, 0x912ceb58a394u,
                     0xc19139cb84c6u, 0xf1f5883e65f8u, 0x12259d6b14729u,
                     0x152be2524285bu, 0x183227397098du, 0x1b386c209eabeu,
                     0x1e3eb107ccbf0u, 0x2144f5eefad21u, 0x244b3ad628e53u,
                     0x27517fbd56f85u, 0x2a57c4a4850b6u, 0x2d5e098bb31e8u } },
    .scalar = PVN_FR_MODULUS
};

#define LV_SET(x)      _mm512_set1_epi64((long long)(x))
#define LV_LO(t, a, b) _mm512_madd52lo_epu64(t, a, b)
#define LV_HI(t, a, b) _mm512_madd52hi_epu64(t, a, b)
#define LV_ADD(a, b)   _mm512_add_epi64(a, b)
#define LV_SUB(a, b)   _mm512_sub_epi64(a, b)
#define LV_MASK        LV_SET(0xfffffffffffff)
#define LV_LIMBS(DO)   DO(0) DO(1) DO(2) DO(3) DO(4)

PVN_INLINE void lv_norm(lv *r, const lv *a)
{
    const __m512i mask = LV_MASK;
    __m512i t1 = LV_ADD(a->l1, _mm512_srai_epi64(a->l0, 52));
    __m512i t2 = LV_ADD(a->l2, _mm512_srai_epi64(t1, 52));
    __m512i t3 = LV_ADD(a->l3, _mm512_srai_epi64(t2, 52));
    r->l4 = LV_ADD(a->l4, _mm512_srai_epi64(t3, 52));
    r->l0 = _mm512_and_si512(a->l0, mask);
    r->l1 = _mm512_and_si512(t1, mask);
    r->l2 = _mm512_and_si512(t2, mask);
    r->l3 = _mm512_and_si512(t3, mask);
}

/* Carries only: what is above bit 52 of limbs 0 to 3 stays, which multiply-adds
 * do not read. Good for a factor of a product and for nothing else. */
PVN_INLINE void lv_carry(lv *r, const lv *a)
{
    r->l0 = a->l0;
    r->l1 = LV_ADD(a->l1, _mm512_srai_epi64(a->l0, 52));
    r->l2 = LV_ADD(a->l2, _mm512_srai_epi64(r->l1, 52));
    r->l3 = LV_ADD(a->l3, _mm512_srai_epi64(r->l2, 52));
    r->l4 = LV_ADD(a->l4, _mm512_srai_epi64(r->l3, 52));
}

/* Ten columns of a product. Those that a reduction clears begin at 2^52 - 1, so
 * that column/2^52 is their carry: see LV_REDUCE_ROW. */
typedef struct lv_wide {
    __m512i c[10];
} lv_wide;

#define LV_ROW(t, k, x, b)                                                     \
    t.c[k] = LV_LO(t.c[k], x, b->l0);                                          \
    t.c[k + 1] = LV_LO(t.c[k + 1], x, b->l1);                                  \
    t.c[k + 2] = LV_LO(t.c[k + 2], x, b->l2);                                  \
    t.c[k + 3] = LV_LO(t.c[k + 3], x, b->l3);                                  \
    t.c[k + 4] = LV_LO(t.c[k + 4], x, b->l4);                                  \
    t.c[k + 1] = LV_HI(t.c[k + 1], x, b->l0);                                  \
    t.c[k + 2] = LV_HI(t.c[k + 2], x, b->l1);                                  \
    t.c[k + 3] = LV_HI(t.c[k + 3], x, b->l2);                                  \
    t.c[k + 4] = LV_HI(t.c[k + 4], x, b->l3);                                  \
    t.c[k + 5] = LV_HI(t.c[k + 5], x, b->l4);

#define LV_PRODUCT(t, a, b)                                                    \
    do {                                                                       \
        LV_ROW(t, 0, a->l0, b)                                                 \
        LV_ROW(t, 1, a->l1, b)                                                 \
        LV_ROW(t, 2, a->l2, b)                                                 \
        LV_ROW(t, 3, a->l3, b)                                                 \
        LV_ROW(t, 4, a->l4, b)                                                 \
    } while (0)

#define LV_WIDE_ZERO(t)                                                        \
    t.c[0] = t.c[1] = t.c[2] = t.c[3] = t.c[4] = LV_MASK;                      \
    t.c[5] = t.c[6] = t.c[7] = t.c[8] = t.c[9] = _mm512_setzero_si512()

/* One step: m is such that column k + m*p0 is a multiple of 2^52. Its low half
 * is not computed: the carry is column/2^52, and one more unless the column's
 * low bits are zero, which is (column + 2^52 - 1)/2^52, and that much is in
 * t->c[k]. For m the same must be taken off again: its low bits are one less
 * than the column's, so that n0 more makes up for it. */
#define LV_REDUCE_ROW(k)                                                       \
    m = LV_LO(n0, t->c[k], n0);                                                \
    t->c[k + 1] = LV_ADD(t->c[k + 1], _mm512_srai_epi64(t->c[k], 52));         \
    t->c[k + 1] = LV_HI(t->c[k + 1], m, p0);                                   \
    t->c[k + 1] = LV_LO(t->c[k + 1], m, p1);                                   \
    t->c[k + 2] = LV_LO(t->c[k + 2], m, p2);                                   \
    t->c[k + 3] = LV_LO(t->c[k + 3], m, p3);                                   \
    t->c[k + 4] = LV_LO(t->c[k + 4], m, p4);                                   \
    t->c[k + 2] = LV_HI(t->c[k + 2], m, p1);                                   \
    t->c[k + 3] = LV_HI(t->c[k + 3], m, p2);                                   \
    t->c[k + 4] = LV_HI(t->c[k + 4], m, p3);                                   \
    t->c[k + 5] = LV_HI(t->c[k + 5], m, p4);

/* The five columns that remain, each below 2^57; not carried. */
PVN_INLINE void lv_reduce_raw(lv *r, lv_wide *t, const lane_modulus *md)
{
    const __m512i n0 = LV_SET(md->minus_inverse), p0 = LV_SET(md->p[0]),
                  p1 = LV_SET(md->p[1]), p2 = LV_SET(md->p[2]),
                  p3 = LV_SET(md->p[3]), p4 = LV_SET(md->p[4]);
    __m512i m;
    LV_REDUCE_ROW(0)
    LV_REDUCE_ROW(1)
    LV_REDUCE_ROW(2)
    LV_REDUCE_ROW(3)
    LV_REDUCE_ROW(4)
    r->l0 = t->c[5];
    r->l1 = t->c[6];
    r->l2 = t->c[7];
    r->l3 = t->c[8];
    r->l4 = t->c[9];
}

PVN_INLINE void lv_reduce_wide(lv *r, lv_wide *t, const lane_modulus *m)
{
    lv_reduce_raw(r, t, m);
    lv_norm(r, r);
}

PVN_INLINE void lv_mul_raw(lv *r, const lv *a, const lv *b,
                           const lane_modulus *m)
{
    lv_wide t;
    LV_WIDE_ZERO(t);
    LV_PRODUCT(t, a, b);
    lv_reduce_raw(r, &t, m);
}

PVN_INLINE void lv_mul(lv *r, const lv *a, const lv *b, const lane_modulus *m)
{
    lv_mul_raw(r, a, b, m);
    lv_norm(r, r);
}

/* As a factor: see lv_carry. */
PVN_INLINE void lv_mul_factor(lv *r, const lv *a, const lv *b,
                              const lane_modulus *m)
{
    lv_mul_raw(r, a, b, m);
    lv_carry(r, r);
}

/* a*b + c*d: 0.0118 (A B + C D) + 1. */
PVN_INLINE void lv_mul2(lv *r, const lv *a, const lv *b, const lv *c,
                        const lv *d, const lane_modulus *m)
{
    lv_wide t;
    LV_WIDE_ZERO(t);
    LV_PRODUCT(t, a, b);
    LV_PRODUCT(t, c, d);
    lv_reduce_wide(r, &t, m);
}

#define LV_CROSS(k, x, y)                                                      \
    t.c[k] = LV_LO(t.c[k], x, y);                                              \
    t.c[k + 1] = LV_HI(t.c[k + 1], x, y);

PVN_INLINE void lv_sqr_raw(lv *r, const lv *a, const lane_modulus *m)
{
    lv_wide t;
    for (int i = 0; i < 10; i++)
        t.c[i] = _mm512_setzero_si512();
    LV_CROSS(1, a->l0, a->l1)
    LV_CROSS(3, a->l0, a->l3)
    LV_CROSS(5, a->l1, a->l4)
    LV_CROSS(7, a->l3, a->l4)
    LV_CROSS(2, a->l0, a->l2)
    LV_CROSS(4, a->l0, a->l4)
    LV_CROSS(6, a->l2, a->l4)
    LV_CROSS(3, a->l1, a->l2)
    LV_CROSS(5, a->l2, a->l3)
    LV_CROSS(4, a->l1, a->l3)
    t.c[0] = LV_MASK;
    _Pragma("GCC unroll 8") for (int i = 1; i < 9; i++) t.c[i] =
        LV_ADD(t.c[i], t.c[i]);
    _Pragma("GCC unroll 4") for (int i = 1; i < 5; i++) t.c[i] =
        LV_ADD(t.c[i], LV_MASK);
    LV_CROSS(0, a->l0, a->l0)
    LV_CROSS(2, a->l1, a->l1)
    LV_CROSS(4, a->l2, a->l2)
    LV_CROSS(6, a->l3, a->l3)
    LV_CROSS(8, a->l4, a->l4)
    lv_reduce_raw(r, &t, m);
}

PVN_INLINE void lv_sqr(lv *r, const lv *a, const lane_modulus *m)
{
    lv_sqr_raw(r, a, m);
    lv_norm(r, r);
}

PVN_INLINE void lv_broadcast(lv *r, const uint64_t a[5])
{
    r->l0 = LV_SET(a[0]);
    r->l1 = LV_SET(a[1]);
    r->l2 = LV_SET(a[2]);
    r->l3 = LV_SET(a[3]);
    r->l4 = LV_SET(a[4]);
}

PVN_INLINE void lv_mul_twiddle(lv *r, const lv *a, const lane_twiddle *w,
                               const lane_modulus *m)
{
    lv b;
    lv_broadcast(&b, w->l);
    lv_mul(r, a, &b, m);
}

PVN_INLINE void lv_add_raw(lv *r, const lv *a, const lv *b,
                           const lane_modulus *m)
{
    (void)m;
#define DO(i) r->l##i = LV_ADD(a->l##i, b->l##i);
    LV_LIMBS(DO)
#undef DO
}

PVN_INLINE void lv_add(lv *r, const lv *a, const lv *b, const lane_modulus *m)
{
    lv_add_raw(r, a, b, m);
    lv_norm(r, r);
}

/* a - b + k p. */
PVN_INLINE void lv_sub_raw(lv *r, const lv *a, const lv *b, int k,
                           const lane_modulus *m)
{
#define DO(i)                                                                  \
    r->l##i = LV_SUB(LV_ADD(a->l##i, LV_SET(m->multiples[i][k])), b->l##i);
    LV_LIMBS(DO)
#undef DO
}

PVN_INLINE void lv_sub(lv *r, const lv *a, const lv *b, int k,
                       const lane_modulus *m)
{
    lv_sub_raw(r, a, b, k, m);
    lv_norm(r, r);
}

/* As a factor: see lv_carry. */
PVN_INLINE void lv_sub_factor(lv *r, const lv *a, const lv *b, int k,
                              const lane_modulus *m)
{
    lv_sub_raw(r, a, b, k, m);
    lv_carry(r, r);
}

/* k p - a. */
PVN_INLINE void lv_neg(lv *r, const lv *a, int k, const lane_modulus *m)
{
#define DO(i) r->l##i = LV_SUB(LV_SET(m->multiples[i][k]), a->l##i);
    LV_LIMBS(DO)
#undef DO
    lv_norm(r, r);
}

/* (a0 + a1 u)(b0 + b1 u), u^2 = -1, by three products and two reductions.
 * Columns of the differences are signed. r0 gets p 2^260 on top, so that it is
 * positive as long as A1 B1 <= 84: r0 < 0.0118 A0 B0 + 2 and r1 <
 * 0.0118 (A0 B1 + A1 B0) + 1. Of the three products' thirty columns no more
 * than twenty are needed at once: there are 32 registers. */
PVN_INLINE void lv_mul_pair_raw(lv *r0, lv *r1, const lv *a0, const lv *a1,
                                const lv *b0, const lv *b1,
                                const lane_modulus *m)
{
    lv_wide t, v;
    lv s, d;
    const lv *sa = &s, *sb = &d;
    for (int i = 0; i < 10; i++)
        t.c[i] = v.c[i] = _mm512_setzero_si512();
    LV_PRODUCT(t, a0, b0);
    LV_PRODUCT(v, a1, b1);
    _Pragma("GCC unroll 10") for (int i = 0; i < 10; i++)
    {
        __m512i x = t.c[i], y = v.c[i];
        /* where a column begins: see LV_REDUCE_ROW */
        __m512i first = i < 5 ? LV_MASK : _mm512_setzero_si512();
        __m512i over = i < 5 ? LV_MASK : LV_SET(m->p[i - 5]);
        t.c[i] = LV_ADD(LV_SUB(x, y), over);
        v.c[i] = LV_SUB(LV_SUB(first, x), y);
    }
    lv_reduce_raw(r0, &t, m);
    lv_add_raw(&s, a0, a1, m);
    lv_carry(&s, &s);
    lv_add_raw(&d, b0, b1, m);
    lv_carry(&d, &d);
    LV_PRODUCT(v, sa, sb);
    lv_reduce_raw(r1, &v, m);
}

PVN_INLINE void lv_mul_pair(lv *r0, lv *r1, const lv *a0, const lv *a1,
                            const lv *b0, const lv *b1, const lane_modulus *m)
{
    lv x, y;
    lv_mul_pair_raw(&x, &y, a0, a1, b0, b1, m);
    lv_norm(r0, &x);
    lv_norm(r1, &y);
}

/* How many p to take away, see the head of the file. */
PVN_INLINE __m512i lv_quotient(const lv *a)
{
    return LV_HI(_mm512_setzero_si512(), a->l4, LV_SET(84));
}

/* Raw value in [p, 8 p) to below 1.07 p, normalised. */
PVN_INLINE void lv_trim8(lv *r, const lv *a, const lane_modulus *m)
{
    __m512i k = lv_quotient(a);
#define DO(i)                                                                  \
    r->l##i = LV_SUB(a->l##i, _mm512_permutexvar_epi64(                        \
                                  k, _mm512_load_si512(&m->multiples[i][0])));
    LV_LIMBS(DO)
#undef DO
    lv_norm(r, r);
}

/* Normalised value below 16 p to below 1.13 p. */
PVN_INLINE void lv_reduce(lv *r, const lv *a, const lane_modulus *m)
{
    __m512i k = lv_quotient(a);
#define DO(i)                                                                  \
    r->l##i = LV_SUB(a->l##i, _mm512_permutex2var_epi64(                       \
                                  _mm512_load_si512(&m->multiples[i][0]), k,   \
                                  _mm512_load_si512(&m->multiples[i][8])));
    LV_LIMBS(DO)
#undef DO
    lv_norm(r, r);
}

/* a - b + k p with a value in [p, 8 p). */
PVN_INLINE void lv_sub_reduce(lv *r, const lv *a, const lv *b, int k,
                              const lane_modulus *m)
{
    lv_sub_raw(r, a, b, k, m);
    lv_trim8(r, r, m);
}

/* a - b - c + k p with a value in [p, 8 p). */
PVN_INLINE void lv_sub2_reduce(lv *r, const lv *a, const lv *b, const lv *c,
                               int k, const lane_modulus *m)
{
    lv s;
    lv_add_raw(&s, b, c, m);
    lv_sub_raw(r, a, &s, k, m);
    lv_trim8(r, r, m);
}

/* a*b - c + k p with a value in [p, 8 p), not carried in between: what limb4
 * lacks is below 2^6 units of 2^208 = p/2^39. */
PVN_INLINE void lv_mul_sub_reduce(lv *r, const lv *a, const lv *b, const lv *c,
                                  int k, const lane_modulus *m)
{
    lv t;
    lv_mul_raw(&t, a, b, m);
    lv_sub_reduce(r, &t, c, k, m);
}

/* a*a - b - c + k p likewise. */
PVN_INLINE void lv_sqr_sub2_reduce(lv *r, const lv *a, const lv *b, const lv *c,
                                   int k, const lane_modulus *m)
{
    lv t;
    lv_sqr_raw(&t, a, m);
    lv_sub2_reduce(r, &t, b, c, k, m);
}

/* 9*a for a below 1.2 p. */
PVN_INLINE void lv_mul9(lv *r, const lv *a, const lane_modulus *m)
{
    (void)m;
#define DO(i) r->l##i = LV_ADD(a->l##i, _mm512_slli_epi64(a->l##i, 3));
    LV_LIMBS(DO)
#undef DO
    lv_norm(r, r);
}

/* Fully reduced, from a normalised value below 84 p: k complements of p are
 * added modulo 2^260, which leaves less than 1.65 p; then p once more. */
PVN_INLINE void lv_canon(lv *r, const lv *a, const lane_modulus *m)
{
    __m512i k = lv_quotient(a), c0 = LV_SET(m->complement[0]),
            c1 = LV_SET(m->complement[1]), c2 = LV_SET(m->complement[2]),
            c3 = LV_SET(m->complement[3]), c4 = LV_SET(m->complement[4]);
    lv s, t;
    s.l0 = LV_LO(a->l0, k, c0);
    s.l1 = LV_HI(LV_LO(a->l1, k, c1), k, c0);
    s.l2 = LV_HI(LV_LO(a->l2, k, c2), k, c1);
    s.l3 = LV_HI(LV_LO(a->l3, k, c3), k, c2);
    s.l4 = LV_HI(LV_LO(a->l4, k, c4), k, c3);
    lv_norm(&s, &s);
    s.l4 = _mm512_and_si512(s.l4, LV_MASK);
#define DO(i) t.l##i = LV_SUB(s.l##i, LV_SET(m->p[i]));
    LV_LIMBS(DO)
#undef DO
    lv_norm(&t, &t);
    __mmask8 less = _mm512_movepi64_mask(t.l4);
#define DO(i) r->l##i = _mm512_mask_blend_epi64(less, t.l##i, s.l##i);
    LV_LIMBS(DO)
#undef DO
}

PVN_INLINE void lv_set_zero(lv *r)
{
    r->l0 = r->l1 = r->l2 = r->l3 = r->l4 = _mm512_setzero_si512();
}

/* What 32 bytes of ones look like here. */
PVN_INLINE void lv_set_ones(lv *r)
{
    r->l0 = r->l1 = r->l2 = r->l3 = LV_MASK;
    r->l4 = LV_SET(0xffffffffffff);
}

PVN_INLINE void lv_split(uint64_t r[5], const uint64_t a[4])
{
    const uint64_t mask = 0xfffffffffffff;
    r[0] = a[0] & mask;
    r[1] = (a[0] >> 52 | a[1] << 12) & mask;
    r[2] = (a[1] >> 40 | a[2] << 24) & mask;
    r[3] = (a[2] >> 28 | a[3] << 36) & mask;
    r[4] = a[3] >> 16;
}

/* The same element (radix 2^256) in all lanes. */
PVN_INLINE void lv_set_all(lv *r, const uint64_t a[4], const lane_modulus *m)
{
    uint64_t t[4], s[5];
    pvn_mont_mul(t, a, m->enter_scalar, &m->scalar);
    lv_split(s, t);
    lv_broadcast(r, s);
}

/* Lanes of b where mask is set, else of a. */
PVN_INLINE void lv_blend(lv *r, unsigned mask, const lv *a, const lv *b)
{
#define DO(i)                                                                  \
    r->l##i = _mm512_mask_blend_epi64((__mmask8)mask, a->l##i, b->l##i);
    LV_LIMBS(DO)
#undef DO
}

/* p - y in some lanes; raw. y fully reduced there. */
PVN_INLINE void lv_neg_lanes(lv *r, unsigned mask, const lane_modulus *m)
{
#define DO(i)                                                                  \
    r->l##i = _mm512_mask_sub_epi64(r->l##i, (__mmask8)mask, LV_SET(m->p[i]),  \
                                    r->l##i);
    LV_LIMBS(DO)
#undef DO
}

/* Lanes that may be a multiple k p, k < 16: limb 0 alone decides k. */
PVN_INLINE unsigned lv_maybe_zero_lanes(const lv *a, const lane_modulus *m)
{
    __m512i k = LV_LO(_mm512_setzero_si512(), a->l0, LV_SET(m->inverse));
    return _mm512_cmplt_epu64_mask(k, LV_SET(16));
}

/* Lanes congruent to zero, of a normalised value below 16 p. */
PVN_INLINE unsigned lv_zero_lanes(const lv *a, const lane_modulus *m)
{
    __m512i k = LV_LO(_mm512_setzero_si512(), a->l0, LV_SET(m->inverse));
    __mmask8 same = _mm512_cmplt_epu64_mask(k, LV_SET(16));
#define DO(i)                                                                  \
    same = _mm512_mask_cmpeq_epi64_mask(                                       \
        same, a->l##i,                                                         \
        _mm512_permutex2var_epi64(_mm512_load_si512(&m->multiples[i][0]), k,   \
                                  _mm512_load_si512(&m->multiples[i][8])));
    LV_LIMBS(DO)
#undef DO
    return same;
}

/* Lanes that hold the all-ones mark of infinity: coordinates are below 2 p. */
PVN_INLINE unsigned lv_mark_lanes(const lv *a)
{
    return _mm512_cmpge_epu64_mask(a->l4, LV_SET((uint64_t)1 << 47));
}

/* Four 64-bit limbs to five of 52 bits. */
PVN_INLINE void lv_unpack(lv *r, __m512i a0, __m512i a1, __m512i a2, __m512i a3)
{
    const __m512i mask = LV_MASK;
#define JOIN2(x, s, y, t)                                                      \
    _mm512_and_si512(mask, _mm512_or_si512(_mm512_srli_epi64(x, s),            \
                                           _mm512_slli_epi64(y, t)))
    r->l0 = _mm512_and_si512(a0, mask);
    r->l1 = JOIN2(a0, 52, a1, 12);
    r->l2 = JOIN2(a1, 40, a2, 24);
    r->l3 = JOIN2(a2, 28, a3, 36);
    r->l4 = _mm512_srli_epi64(a3, 16);
#undef JOIN2
}

PVN_INLINE void lv_packed(__m512i a[4], const lv *r)
{
#define JOIN2(x, s, y, t)                                                      \
    _mm512_or_si512(_mm512_srli_epi64(x, s), _mm512_slli_epi64(y, t))
    a[0] = _mm512_or_si512(r->l0, _mm512_slli_epi64(r->l1, 52));
    a[1] = JOIN2(r->l1, 12, r->l2, 40);
    a[2] = JOIN2(r->l2, 24, r->l3, 28);
    a[3] = JOIN2(r->l3, 36, r->l4, 16);
#undef JOIN2
}

/* Transpose the 128-bit quarters of four registers. */
#define LV_QUARTERS(o0, o1, o2, o3, a, b, c, d)                                \
    do {                                                                       \
        __m512i s0_ = _mm512_shuffle_i64x2(a, b, 0x88),                        \
                s1_ = _mm512_shuffle_i64x2(a, b, 0xdd),                        \
                s2_ = _mm512_shuffle_i64x2(c, d, 0x88),                        \
                s3_ = _mm512_shuffle_i64x2(c, d, 0xdd);                        \
        o0 = _mm512_shuffle_i64x2(s0_, s2_, 0x88);                             \
        o1 = _mm512_shuffle_i64x2(s1_, s3_, 0x88);                             \
        o2 = _mm512_shuffle_i64x2(s0_, s2_, 0xdd);                             \
        o3 = _mm512_shuffle_i64x2(s1_, s3_, 0xdd);                             \
    } while (0)

/* Transpose an 8x8 block of 64-bit words. */
PVN_INLINE void lv_transpose(__m512i r[8])
{
    __m512i a = _mm512_unpacklo_epi64(r[0], r[1]),
            b = _mm512_unpacklo_epi64(r[2], r[3]),
            c = _mm512_unpacklo_epi64(r[4], r[5]),
            d = _mm512_unpacklo_epi64(r[6], r[7]),
            e = _mm512_unpackhi_epi64(r[0], r[1]),
            f = _mm512_unpackhi_epi64(r[2], r[3]),
            g = _mm512_unpackhi_epi64(r[4], r[5]),
            h = _mm512_unpackhi_epi64(r[6], r[7]);
    LV_QUARTERS(r[0], r[2], r[4], r[6], a, b, c, d);
    LV_QUARTERS(r[1], r[3], r[5], r[7], e, f, g, h);
}

/* Rows of four words, lanes 0 and 4, 1 and 5, 2 and 6, 3 and 7 together. */
PVN_INLINE void lv_columns(lv *r, __m512i p04, __m512i p15, __m512i p26,
                           __m512i p37)
{
    const __m512i even = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0),
                  odd = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
    __m512i a = _mm512_unpacklo_epi64(p04, p15),
            b = _mm512_unpacklo_epi64(p26, p37),
            c = _mm512_unpackhi_epi64(p04, p15),
            d = _mm512_unpackhi_epi64(p26, p37);
    lv_unpack(r, _mm512_permutex2var_epi64(a, even, b),
              _mm512_permutex2var_epi64(c, even, d),
              _mm512_permutex2var_epi64(a, odd, b),
              _mm512_permutex2var_epi64(c, odd, d));
}

PVN_INLINE __m512i lv_two_rows(const void *lo, const void *hi)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(lo)),
                              _mm256_loadu_si256(hi), 1);
}

#define LV_AT(i) ((const char *)(ref[i] & ~(pvn_point_ref)1) + offset)

PVN_INLINE void lv_gather(lv *r, const pvn_point_ref ref[8], size_t offset)
{
    lv_columns(r, lv_two_rows(LV_AT(0), LV_AT(4)),
               lv_two_rows(LV_AT(1), LV_AT(5)), lv_two_rows(LV_AT(2), LV_AT(6)),
               lv_two_rows(LV_AT(3), LV_AT(7)));
}

/* Two neighbouring elements of 32 bytes of each point. */
PVN_INLINE void lv_gather2(lv *r, lv *s, const pvn_point_ref ref[8],
                           size_t offset)
{
    __m512i t[8] = {
        _mm512_loadu_si512(LV_AT(0)), _mm512_loadu_si512(LV_AT(1)),
        _mm512_loadu_si512(LV_AT(2)), _mm512_loadu_si512(LV_AT(3)),
        _mm512_loadu_si512(LV_AT(4)), _mm512_loadu_si512(LV_AT(5)),
        _mm512_loadu_si512(LV_AT(6)), _mm512_loadu_si512(LV_AT(7))
    };
    lv_transpose(t);
    lv_unpack(r, t[0], t[1], t[2], t[3]);
    lv_unpack(s, t[4], t[5], t[6], t[7]);
}

PVN_INLINE void lv_scatter2(void *const out[8], size_t offset, const lv *a,
                            const lv *b)
{
    __m512i t[8];
    lv_packed(t, a);
    lv_packed(t + 4, b);
    lv_transpose(t);
    _mm512_storeu_si512((char *)out[0] + offset, t[0]);
    _mm512_storeu_si512((char *)out[1] + offset, t[1]);
    _mm512_storeu_si512((char *)out[2] + offset, t[2]);
    _mm512_storeu_si512((char *)out[3] + offset, t[3]);
    _mm512_storeu_si512((char *)out[4] + offset, t[4]);
    _mm512_storeu_si512((char *)out[5] + offset, t[5]);
    _mm512_storeu_si512((char *)out[6] + offset, t[6]);
    _mm512_storeu_si512((char *)out[7] + offset, t[7]);
}

PVN_INLINE unsigned lv_signs(const pvn_point_ref ref[8])
{
    return _mm512_test_epi64_mask(_mm512_loadu_si512(ref), LV_SET(1));
}

PVN_INLINE void lv_load(lv *r, const uint64_t (*a)[4])
{
    lv_columns(r, lv_two_rows(a[0], a[4]), lv_two_rows(a[1], a[5]),
               lv_two_rows(a[2], a[6]), lv_two_rows(a[3], a[7]));
}

/* Below 2^256, from a product. */
PVN_INLINE void lv_store(uint64_t (*out)[4], const lv *a)
{
    __m512i t[4], o[4];
    lv_packed(t, a);
    __m512i u = _mm512_unpacklo_epi64(t[0], t[1]),
            v = _mm512_unpacklo_epi64(t[2], t[3]),
            x = _mm512_unpackhi_epi64(t[0], t[1]),
            y = _mm512_unpackhi_epi64(t[2], t[3]);
    LV_QUARTERS(o[0], o[1], o[2], o[3], u, v, x, y);
    _mm512_storeu_si512(out[0], o[0]);
    _mm512_storeu_si512(out[2], o[1]);
    _mm512_storeu_si512(out[4], o[2]);
    _mm512_storeu_si512(out[6], o[3]);
}

/* Fully reduced, from a normalised value below 84 p. */
PVN_INLINE void lv_store_canonical(uint64_t (*out)[4], const lv *a,
                                   const lane_modulus *m)
{
    lv t;
    lv_canon(&t, a, m);
    lv_store(out, &t);
}

/* Radix 2^256 to 2^260 and back. */
PVN_INLINE void lv_enter(lv *r, const lane_modulus *m)
{
    lv c;
    lv_broadcast(&c, m->enter);
    lv_mul(r, r, &c, m);
}

PVN_INLINE void lv_leave(lv *r, const lane_modulus *m)
{
    lv c;
    lv_broadcast(&c, m->leave);
    lv_mul(r, r, &c, m);
}

/* The scalar code takes x 2^260 for y 2^256 and gives y^-1 2^256, which is
 * x^-1 2^252: times 2^8. */
PVN_INLINE void lv_inverse_fix(uint64_t r[4], const lane_modulus *m)
{
    pvn_mont_mul(r, r, m->enter_inverse, &m->scalar);
}

PVN_INLINE void lv_twiddle_pack(lane_twiddle *t, const pvn_fr *w)
{
    uint64_t s[4];
    pvn_mont_mul(s, w->l, lane_fr.enter_scalar, &lane_fr.scalar);
    lv_split(t->l, s);
}

/* The product of two radix 2^256 values came out with radix 2^252. */
PVN_INLINE void lv_radix_fix(lv *r, const lane_modulus *m)
{
    lv_enter(r, m);
}

/* a*b - c of radix 2^256 values, as plain integers: a*b/2^260 is ab 2^252, so
 * the result is (ab 2^252 * 2^8 + (p - c) 2^256 * 2^4) / 2^260. */
PVN_INLINE void lv_mul_sub_plain(lv *r, const lv *a, const lv *b, const lv *c,
                                 const lane_modulus *m)
{
    static const uint64_t k8[5] = { 1 << 8, 0, 0, 0, 0 };
    static const uint64_t k4[5] = { 1 << 4, 0, 0, 0, 0 };
    lv t, n, x, y;
    lv_mul(&t, a, b, m);
    lv_neg(&n, c, 1, m);
    lv_broadcast(&x, k8);
    lv_broadcast(&y, k4);
    lv_mul2(r, &t, &x, &n, &y, m);
}

PVN_INLINE void lv_prefetch(const pvn_point_ref ref[8], size_t bytes)
{
    for (int i = 0; i < 8; i++)
        for (size_t o = 0; o < bytes; o += 64)
            __builtin_prefetch((const char *)ref[i] + o);
}
#endif
