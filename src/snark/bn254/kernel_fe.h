/* snark/bn254/kernel_fe.h - eight elements of Fq ("f1") or Fq2 ("f2") for the
 * group kernels; includes whatever lanes header the form chose before it.
 *
 * The two sets of functions have the same shape, so kernel_group.h is written
 * once. Bounds, in multiples of q: a product of factors below a and b is
 * below 1 + 0.0118*a*b in the vector form (q/2^260 < 0.0118); see
 * lanes_ifma.h. `k` is a bound of the subtracted value. */
#ifndef PVN_BN254_KERNEL_FE_H
#define PVN_BN254_KERNEL_FE_H

typedef lv f1;
typedef struct f2 {
    lv a, b;
} f2;

#define FQ (&lane_fq)

PVN_INLINE void f1_mul(f1 *r, const f1 *a, const f1 *b)
{
    lv_mul(r, a, b, FQ);
}
PVN_INLINE void f1_sqr(f1 *r, const f1 *a)
{
    lv_sqr(r, a, FQ);
}
PVN_INLINE void f1_add(f1 *r, const f1 *a, const f1 *b)
{
    lv_add(r, a, b, FQ);
}
PVN_INLINE void f1_sub(f1 *r, const f1 *a, const f1 *b, int k)
{
    lv_sub(r, a, b, k, FQ);
}
PVN_INLINE void f1_sub_reduce(f1 *r, const f1 *a, const f1 *b, int k)
{
    lv_sub_reduce(r, a, b, k, FQ);
}
PVN_INLINE void f1_sub2_reduce(f1 *r, const f1 *a, const f1 *b, const f1 *c,
                               int k)
{
    lv_sub2_reduce(r, a, b, c, k, FQ);
}
/* As factors only: see lv_carry. */
PVN_INLINE void f1_mul_factor(f1 *r, const f1 *a, const f1 *b)
{
    lv_mul_factor(r, a, b, FQ);
}
PVN_INLINE void f1_sub_factor(f1 *r, const f1 *a, const f1 *b, int k)
{
    lv_sub_factor(r, a, b, k, FQ);
}
/* a*b - c and a*a - b - c, reduced; k is a bound of what is subtracted. */
PVN_INLINE void f1_mul_sub_reduce(f1 *r, const f1 *a, const f1 *b, const f1 *c,
                                  int k)
{
    lv_mul_sub_reduce(r, a, b, c, k, FQ);
}
PVN_INLINE void f1_sqr_sub2_reduce(f1 *r, const f1 *a, const f1 *b, const f1 *c,
                                   int k)
{
    lv_sqr_sub2_reduce(r, a, b, c, k, FQ);
}
PVN_INLINE void f1_reduce(f1 *r, const f1 *a)
{
    lv_reduce(r, a, FQ);
}
PVN_INLINE void f1_blend(f1 *r, unsigned mask, const f1 *a, const f1 *b)
{
    lv_blend(r, mask, a, b);
}
PVN_INLINE void f1_neg_lanes(f1 *r, unsigned mask)
{
    lv_neg_lanes(r, mask, FQ);
}
PVN_INLINE unsigned f1_zero_lanes(const f1 *a)
{
    return lv_zero_lanes(a, FQ);
}
PVN_INLINE unsigned f1_maybe_zero_lanes(const f1 *a)
{
    return lv_maybe_zero_lanes(a, FQ);
}
PVN_INLINE unsigned f1_mark_lanes(const f1 *a)
{
    return lv_mark_lanes(a);
}
PVN_INLINE void f1_set_zero(f1 *r)
{
    lv_set_zero(r);
}
PVN_INLINE void f1_set_mark(f1 *r)
{
    lv_set_ones(r);
}
PVN_INLINE void f1_set_one(f1 *r)
{
    lv_set_all(r, pvn_fq_one.l, FQ);
}
PVN_INLINE void f1_gather_x(f1 *r, const pvn_point_ref ref[8])
{
    lv_gather(r, ref, 0);
}
PVN_INLINE void f1_gather(f1 *x, f1 *y, const pvn_point_ref ref[8])
{
    lv_gather2(x, y, ref, 0);
}
PVN_INLINE void f1_scatter(void *const out[8], const f1 *x, const f1 *y)
{
    lv_scatter2(out, 0, x, y);
}
PVN_INLINE void f1_norm(f1 *r)
{
    lv_norm(r, r);
}
PVN_INLINE void f1_canon(f1 *r, const f1 *a)
{
    lv_canon(r, a, FQ);
}
/* 3b*a = 9*a. a below 16: reduced first, so the result is below 11. */
PVN_INLINE void f1_mul_b3(f1 *r, const f1 *a)
{
    f1 t;
    lv_reduce(&t, a, FQ);
    lv_mul9(r, &t, FQ);
}
/* a*b - c*d with d below k; a*b + c*d. */
PVN_INLINE void f1_mul_sub(f1 *r, const f1 *a, const f1 *b, const f1 *c,
                           const f1 *d, int k)
{
    f1 t;
    lv_neg(&t, d, k, FQ);
    lv_mul2(r, a, b, c, &t, FQ);
}
PVN_INLINE void f1_mul_add(f1 *r, const f1 *a, const f1 *b, const f1 *c,
                           const f1 *d)
{
    lv_mul2(r, a, b, c, d, FQ);
}
/* Fully reduced 2^256-radix elements to lanes (reduced) and back. */
PVN_INLINE void f1_enter(f1 *r, const pvn_fq a[8])
{
    lv_load(r, (const uint64_t(*)[4])a);
    lv_enter(r, FQ);
}
PVN_INLINE void f1_leave(pvn_fq a[8], const f1 *r)
{
    f1 t = *r;
    lv_leave(&t, FQ);
    lv_store_canonical((uint64_t(*)[4])a, &t, FQ);
}
/* Inverse of each lane; no lane may be zero: one inversion for the eight. */
static void f1_inv(f1 *r, const f1 *a)
{
    pvn_fq v[8], before[8], run, t;
    lv_store_canonical((uint64_t(*)[4])v, a, FQ);
    run = v[0];
    for (int i = 1; i < 8; i++) {
        before[i] = run;
        pvn_fq_mul(&run, &run, &v[i]);
    }
    pvn_fq_inv(&run, &run);
    lv_inverse_fix(run.l, FQ);
    for (int i = 7; i > 0; i--) {
        t = v[i];
        pvn_fq_mul(&v[i], &run, &before[i]);
        pvn_fq_mul(&run, &run, &t);
    }
    v[0] = run;
    lv_load(r, (const uint64_t(*)[4])v);
}

/* a.b*b.b below 84: below 2 + 0.0118*(a*b), see lv_mul_pair. */
PVN_INLINE void f2_mul(f2 *r, const f2 *a, const f2 *b)
{
    f2 t;
    lv_mul_pair(&t.a, &t.b, &a->a, &a->b, &b->a, &b->b, FQ);
    *r = t;
}
/* a below 4. */
PVN_INLINE void f2_sqr(f2 *r, const f2 *a)
{
    lv s, d, t;
    lv_add(&s, &a->a, &a->b, FQ);
    lv_sub(&d, &a->a, &a->b, 4, FQ);
    lv_add(&t, &a->a, &a->a, FQ);
    lv_mul(&t, &t, &a->b, FQ);
    lv_mul(&r->a, &s, &d, FQ);
    r->b = t;
}
PVN_INLINE void f2_add(f2 *r, const f2 *a, const f2 *b)
{
    lv_add(&r->a, &a->a, &b->a, FQ);
    lv_add(&r->b, &a->b, &b->b, FQ);
}
PVN_INLINE void f2_sub(f2 *r, const f2 *a, const f2 *b, int k)
{
    lv_sub(&r->a, &a->a, &b->a, k, FQ);
    lv_sub(&r->b, &a->b, &b->b, k, FQ);
}
PVN_INLINE void f2_sub_reduce(f2 *r, const f2 *a, const f2 *b, int k)
{
    lv_sub_reduce(&r->a, &a->a, &b->a, k, FQ);
    lv_sub_reduce(&r->b, &a->b, &b->b, k, FQ);
}
PVN_INLINE void f2_sub2_reduce(f2 *r, const f2 *a, const f2 *b, const f2 *c,
                               int k)
{
    lv_sub2_reduce(&r->a, &a->a, &b->a, &c->a, k, FQ);
    lv_sub2_reduce(&r->b, &a->b, &b->b, &c->b, k, FQ);
}
/* Factors of f2 are added up before they are multiplied: no shorter way. */
PVN_INLINE void f2_mul_factor(f2 *r, const f2 *a, const f2 *b)
{
    f2_mul(r, a, b);
}
PVN_INLINE void f2_sub_factor(f2 *r, const f2 *a, const f2 *b, int k)
{
    f2_sub(r, a, b, k);
}
PVN_INLINE void f2_mul_sub_reduce(f2 *r, const f2 *a, const f2 *b, const f2 *c,
                                  int k)
{
    f2 t;
    lv_mul_pair_raw(&t.a, &t.b, &a->a, &a->b, &b->a, &b->b, FQ);
    f2_sub_reduce(r, &t, c, k);
}
PVN_INLINE void f2_sqr_sub2_reduce(f2 *r, const f2 *a, const f2 *b, const f2 *c,
                                   int k)
{
    lv s, d, t;
    lv_add_raw(&t, &a->a, &a->a, FQ);
    lv_carry(&t, &t);
    lv_add_raw(&s, &a->a, &a->b, FQ);
    lv_carry(&s, &s);
    lv_sub_factor(&d, &a->a, &a->b, 4, FQ);
    lv_mul_raw(&t, &t, &a->b, FQ);
    lv_sub2_reduce(&r->b, &t, &b->b, &c->b, k, FQ);
    lv_mul_raw(&s, &s, &d, FQ);
    lv_sub2_reduce(&r->a, &s, &b->a, &c->a, k, FQ);
}
PVN_INLINE void f2_reduce(f2 *r, const f2 *a)
{
    lv_reduce(&r->a, &a->a, FQ);
    lv_reduce(&r->b, &a->b, FQ);
}
PVN_INLINE void f2_blend(f2 *r, unsigned mask, const f2 *a, const f2 *b)
{
    lv_blend(&r->a, mask, &a->a, &b->a);
    lv_blend(&r->b, mask, &a->b, &b->b);
}
PVN_INLINE void f2_neg_lanes(f2 *r, unsigned mask)
{
    lv_neg_lanes(&r->a, mask, FQ);
    lv_neg_lanes(&r->b, mask, FQ);
}
PVN_INLINE unsigned f2_zero_lanes(const f2 *a)
{
    return lv_zero_lanes(&a->a, FQ) & lv_zero_lanes(&a->b, FQ);
}
PVN_INLINE unsigned f2_maybe_zero_lanes(const f2 *a)
{
    return lv_maybe_zero_lanes(&a->a, FQ) & lv_maybe_zero_lanes(&a->b, FQ);
}
PVN_INLINE unsigned f2_mark_lanes(const f2 *a)
{
    return lv_mark_lanes(&a->a);
}
PVN_INLINE void f2_set_zero(f2 *r)
{
    lv_set_zero(&r->a);
    lv_set_zero(&r->b);
}
PVN_INLINE void f2_set_mark(f2 *r)
{
    lv_set_ones(&r->a);
    lv_set_ones(&r->b);
}
PVN_INLINE void f2_set_one(f2 *r)
{
    lv_set_all(&r->a, pvn_fq_one.l, FQ);
    lv_set_zero(&r->b);
}
PVN_INLINE void f2_gather_x(f2 *r, const pvn_point_ref ref[8])
{
    lv_gather2(&r->a, &r->b, ref, 0);
}
PVN_INLINE void f2_gather(f2 *x, f2 *y, const pvn_point_ref ref[8])
{
    lv_gather2(&x->a, &x->b, ref, 0);
    lv_gather2(&y->a, &y->b, ref, 64);
}
PVN_INLINE void f2_scatter(void *const out[8], const f2 *x, const f2 *y)
{
    lv_scatter2(out, 0, &x->a, &x->b);
    lv_scatter2(out, 64, &y->a, &y->b);
}
PVN_INLINE void f2_norm(f2 *r)
{
    lv_norm(&r->a, &r->a);
    lv_norm(&r->b, &r->b);
}
PVN_INLINE void f2_canon(f2 *r, const f2 *a)
{
    lv_canon(&r->a, &a->a, FQ);
    lv_canon(&r->b, &a->b, FQ);
}
/* 3b' of the twist. a below 8. */
PVN_INLINE void f2_mul_b3(f2 *r, const f2 *a)
{
    static const uint64_t b3[2][4] = {
        { 0x3baa927cb62e0d6au, 0xd71e7c52d1b664fdu, 0x03873e63d95d4664u,
          0x0e75b5b1082ab8f4u },
        { 0xaab7c6667596fe35u, 0x31d21a78bb6a27bau, 0x85dd7297680401ffu,
          0x03c52d6adf39a7e9u }
    };
    f2 c;
    lv_set_all(&c.a, b3[0], FQ);
    lv_set_all(&c.b, b3[1], FQ);
    f2_mul(r, a, &c);
}
/* The products below 3; the result is reduced. */
PVN_INLINE void f2_mul_sub(f2 *r, const f2 *a, const f2 *b, const f2 *c,
                           const f2 *d, int k)
{
    f2 s, t;
    (void)k;
    f2_mul(&s, a, b);
    f2_mul(&t, c, d);
    f2_sub_reduce(r, &s, &t, 5);
}
PVN_INLINE void f2_mul_add(f2 *r, const f2 *a, const f2 *b, const f2 *c,
                           const f2 *d)
{
    f2 s, t;
    f2_mul(&s, a, b);
    f2_mul(&t, c, d);
    f2_add(&s, &s, &t);
    f2_reduce(r, &s);
}
PVN_INLINE void f2_enter(f2 *r, const pvn_fq2 a[8])
{
    pvn_fq s[8], t[8];
    for (int i = 0; i < 8; i++) {
        s[i] = a[i].c0;
        t[i] = a[i].c1;
    }
    f1_enter(&r->a, s);
    f1_enter(&r->b, t);
}
PVN_INLINE void f2_leave(pvn_fq2 a[8], const f2 *r)
{
    pvn_fq s[8], t[8];
    f1_leave(s, &r->a);
    f1_leave(t, &r->b);
    for (int i = 0; i < 8; i++) {
        a[i].c0 = s[i];
        a[i].c1 = t[i];
    }
}
/* conj(a)/(a.a^2 + a.b^2); a below 8. */
static void f2_inv(f2 *r, const f2 *a)
{
    lv n, t;
    lv_mul2(&n, &a->a, &a->a, &a->b, &a->b, FQ);
    f1_inv(&n, &n);
    lv_neg(&t, &a->b, 8, FQ);
    lv_mul(&r->a, &a->a, &n, FQ);
    lv_mul(&r->b, &t, &n, FQ);
}
#endif
