/* snark/bn254/lanes_scalar.h - eight field elements worked one after the
 * other: the vector type of kernel.h for the portable and the adx form;
 * includes field.h and lanes_common.h only.
 *
 * Elements are always fully reduced, so the bounds (`k`) that the vector form
 * needs are ignored here, and lv_norm and the reductions are copies. */
#ifndef PVN_BN254_LANES_SCALAR_H
#define PVN_BN254_LANES_SCALAR_H
#include "dispatch.h"

typedef struct lv {
    uint64_t e[8][4];
} lv;
typedef pvn_modulus lane_modulus;
typedef pvn_fr lane_twiddle;

static const lane_modulus lane_fq = PVN_FQ_MODULUS;
static const lane_modulus lane_fr __attribute__((unused)) = PVN_FR_MODULUS;

#define LV_EACH _Pragma("GCC unroll 1") for (int i = 0; i < 8; i++)

PVN_LOCAL void lv_mul(lv *r, const lv *a, const lv *b, const lane_modulus *m)
{
    LV_EACH
    pvn_mont_mul(r->e[i], a->e[i], b->e[i], m);
}

PVN_LOCAL void lv_sqr(lv *r, const lv *a, const lane_modulus *m)
{
    LV_EACH
    pvn_mont_mul(r->e[i], a->e[i], a->e[i], m);
}

/* a*b + c*d */
PVN_LOCAL void lv_mul2(lv *r, const lv *a, const lv *b, const lv *c,
                       const lv *d, const lane_modulus *m)
{
    LV_EACH
    {
        uint64_t s[4], t[4];
        pvn_mont_mul(s, a->e[i], b->e[i], m);
        pvn_mont_mul(t, c->e[i], d->e[i], m);
        pvn_mont_add(r->e[i], s, t, m);
    }
}

/* (a0 + a1 u)(b0 + b1 u), u^2 = -1. */
PVN_LOCAL void lv_mul_pair(lv *r0, lv *r1, const lv *a0, const lv *a1,
                           const lv *b0, const lv *b1, const lane_modulus *m)
{
    LV_EACH
    {
        uint64_t t[4], v[4], x[4], y[4];
        pvn_mont_add(x, a0->e[i], a1->e[i], m);
        pvn_mont_add(y, b0->e[i], b1->e[i], m);
        pvn_mont_mul(t, a0->e[i], b0->e[i], m);
        pvn_mont_mul(v, a1->e[i], b1->e[i], m);
        pvn_mont_mul(x, x, y, m);
        pvn_mont_sub(x, x, t, m);
        pvn_mont_sub(r1->e[i], x, v, m);
        pvn_mont_sub(r0->e[i], t, v, m);
    }
}

PVN_LOCAL void lv_add(lv *r, const lv *a, const lv *b, const lane_modulus *m)
{
    LV_EACH
    pvn_mont_add(r->e[i], a->e[i], b->e[i], m);
}

PVN_INLINE void lv_add_raw(lv *r, const lv *a, const lv *b,
                           const lane_modulus *m)
{
    lv_add(r, a, b, m);
}

PVN_LOCAL void lv_sub(lv *r, const lv *a, const lv *b, int k,
                      const lane_modulus *m)
{
    (void)k;
    LV_EACH
    pvn_mont_sub(r->e[i], a->e[i], b->e[i], m);
}

PVN_INLINE void lv_sub_raw(lv *r, const lv *a, const lv *b, int k,
                           const lane_modulus *m)
{
    lv_sub(r, a, b, k, m);
}

PVN_INLINE void lv_sub_reduce(lv *r, const lv *a, const lv *b, int k,
                              const lane_modulus *m)
{
    lv_sub(r, a, b, k, m);
}

/* a - b - c */
PVN_LOCAL void lv_sub2_reduce(lv *r, const lv *a, const lv *b, const lv *c,
                              int k, const lane_modulus *m)
{
    lv_sub(r, a, b, k, m);
    lv_sub(r, r, c, k, m);
}

/* Nothing is raw here, and nothing to carry. */
PVN_INLINE void lv_carry(lv *r, const lv *a)
{
    *r = *a;
}

PVN_INLINE void lv_mul_raw(lv *r, const lv *a, const lv *b,
                           const lane_modulus *m)
{
    lv_mul(r, a, b, m);
}

PVN_INLINE void lv_mul_pair_raw(lv *r0, lv *r1, const lv *a0, const lv *a1,
                                const lv *b0, const lv *b1,
                                const lane_modulus *m)
{
    lv_mul_pair(r0, r1, a0, a1, b0, b1, m);
}

PVN_INLINE void lv_mul_factor(lv *r, const lv *a, const lv *b,
                              const lane_modulus *m)
{
    lv_mul(r, a, b, m);
}

PVN_INLINE void lv_sub_factor(lv *r, const lv *a, const lv *b, int k,
                              const lane_modulus *m)
{
    lv_sub(r, a, b, k, m);
}

/* a*b - c */
PVN_INLINE void lv_mul_sub_reduce(lv *r, const lv *a, const lv *b, const lv *c,
                                  int k, const lane_modulus *m)
{
    lv t;
    lv_mul(&t, a, b, m);
    lv_sub(r, &t, c, k, m);
}

/* a*a - b - c */
PVN_INLINE void lv_sqr_sub2_reduce(lv *r, const lv *a, const lv *b, const lv *c,
                                   int k, const lane_modulus *m)
{
    lv t;
    lv_sqr(&t, a, m);
    lv_sub2_reduce(r, &t, b, c, k, m);
}

PVN_LOCAL void lv_neg(lv *r, const lv *a, int k, const lane_modulus *m)
{
    static const uint64_t none[4] = { 0, 0, 0, 0 };
    (void)k;
    LV_EACH
    pvn_mont_sub(r->e[i], none, a->e[i], m);
}

PVN_INLINE void lv_norm(lv *r, const lv *a)
{
    *r = *a;
}

PVN_INLINE void lv_reduce(lv *r, const lv *a, const lane_modulus *m)
{
    (void)m;
    *r = *a;
}

/* 9*a */
PVN_LOCAL void lv_mul9(lv *r, const lv *a, const lane_modulus *m)
{
    LV_EACH
    {
        uint64_t t[4];
        pvn_mont_add(t, a->e[i], a->e[i], m);
        pvn_mont_add(t, t, t, m);
        pvn_mont_add(t, t, t, m);
        pvn_mont_add(r->e[i], t, a->e[i], m);
    }
}

PVN_INLINE void lv_set_zero(lv *r)
{
    memset(r, 0, sizeof *r);
}

PVN_INLINE void lv_set_ones(lv *r)
{
    memset(r, 0xff, sizeof *r);
}

/* The same element (radix 2^256) in all lanes. */
PVN_INLINE void lv_set_all(lv *r, const uint64_t a[4], const lane_modulus *m)
{
    (void)m;
    LV_EACH
    memcpy(r->e[i], a, 32);
}

/* Lanes of b where mask is set, else of a. */
PVN_INLINE void lv_blend(lv *r, unsigned mask, const lv *a, const lv *b)
{
    LV_EACH
    memcpy(r->e[i], mask >> i & 1 ? b->e[i] : a->e[i], 32);
}

/* Negate lanes of a fully reduced, non-zero y. */
PVN_LOCAL void lv_neg_lanes(lv *r, unsigned mask, const lane_modulus *m)
{
    static const uint64_t none[4] = { 0, 0, 0, 0 };
    LV_EACH
    if (mask >> i & 1)
        pvn_mont_sub(r->e[i], none, r->e[i], m);
}

/* Lanes congruent to zero. */
PVN_LOCAL unsigned lv_zero_lanes(const lv *a, const lane_modulus *m)
{
    unsigned mask = 0;
    (void)m;
    LV_EACH
    mask |= (unsigned)pvn_limbs_zero(a->e[i]) << i;
    return mask;
}

/* A superset of lv_zero_lanes, rarely larger, cheap. */
PVN_INLINE unsigned lv_maybe_zero_lanes(const lv *a, const lane_modulus *m)
{
    return lv_zero_lanes(a, m);
}

/* Lanes that hold the all-ones mark of infinity. */
PVN_INLINE unsigned lv_mark_lanes(const lv *a)
{
    unsigned mask = 0;
    LV_EACH
    mask |= (unsigned)(a->e[i][3] == UINT64_MAX) << i;
    return mask;
}

PVN_INLINE void lv_gather(lv *r, const pvn_point_ref ref[8], size_t offset)
{
    LV_EACH
    memcpy(r->e[i], (const char *)(ref[i] & ~(pvn_point_ref)1) + offset, 32);
}

/* Two neighbouring elements of 32 bytes of each point. */
PVN_INLINE void lv_gather2(lv *r, lv *s, const pvn_point_ref ref[8],
                           size_t offset)
{
    lv_gather(r, ref, offset);
    lv_gather(s, ref, offset + 32);
}

PVN_INLINE void lv_scatter2(void *const out[8], size_t offset, const lv *a,
                            const lv *b)
{
    LV_EACH
    {
        memcpy((char *)out[i] + offset, a->e[i], 32);
        memcpy((char *)out[i] + offset + 32, b->e[i], 32);
    }
}

PVN_INLINE unsigned lv_signs(const pvn_point_ref ref[8])
{
    unsigned mask = 0;
    LV_EACH
    mask |= (unsigned)(ref[i] & 1) << i;
    return mask;
}

PVN_INLINE void lv_load(lv *r, const uint64_t (*a)[4])
{
    memcpy(r, a, sizeof *r);
}

PVN_INLINE void lv_canon(lv *r, const lv *a, const lane_modulus *m)
{
    (void)m;
    *r = *a;
}

/* Fully reduced, from any bound the kernel reaches. */
PVN_INLINE void lv_store_canonical(uint64_t (*out)[4], const lv *a,
                                   const lane_modulus *m)
{
    (void)m;
    memcpy(out, a, sizeof *a);
}

/* Below 2^256, from a product. */
PVN_INLINE void lv_store(uint64_t (*out)[4], const lv *a)
{
    memcpy(out, a, sizeof *a);
}

/* Radix 2^256 to the radix of the lanes and back: the same here. */
PVN_INLINE void lv_enter(lv *r, const lane_modulus *m)
{
    (void)r;
    (void)m;
}

PVN_INLINE void lv_leave(lv *r, const lane_modulus *m)
{
    (void)r;
    (void)m;
}

/* x in lane radix to the lane radix of 1/x, given the radix-2^256 inverse of
 * the same bits: nothing to do. */
PVN_INLINE void lv_inverse_fix(uint64_t r[4], const lane_modulus *m)
{
    (void)r;
    (void)m;
}

PVN_INLINE void lv_twiddle_pack(lane_twiddle *t, const pvn_fr *w)
{
    *t = *w;
}

PVN_LOCAL void lv_mul_twiddle(lv *r, const lv *a, const lane_twiddle *w,
                              const lane_modulus *m)
{
    LV_EACH
    pvn_mont_mul(r->e[i], a->e[i], w->l, m);
}

/* Montgomery product of radix 2^256 elements by arrays; lv_radix_fix turns
 * lv_mul of two such values into radix 2^256 again. */
PVN_INLINE void lv_radix_fix(lv *r, const lane_modulus *m)
{
    (void)r;
    (void)m;
}

/* a*b - c of radix 2^256 values, as plain integers. */
PVN_LOCAL void lv_mul_sub_plain(lv *r, const lv *a, const lv *b, const lv *c,
                                const lane_modulus *m)
{
    static const uint64_t unit[4] = { 1, 0, 0, 0 };
    LV_EACH
    {
        uint64_t t[4];
        pvn_mont_mul(t, a->e[i], b->e[i], m);
        pvn_mont_sub(t, t, c->e[i], m);
        pvn_mont_mul(r->e[i], t, unit, m);
    }
}

PVN_INLINE void lv_prefetch(const pvn_point_ref ref[8], size_t bytes)
{
    LV_EACH
    for (size_t o = 0; o < bytes; o += 64)
        __builtin_prefetch((const char *)ref[i] + o);
}
#endif
