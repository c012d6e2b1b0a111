/* snark/bn254/kernel_group.h - batch-affine addition and bucket sums over
 * eight lanes; kernel.h includes it once per group with FE (vector type),
 * EN(name) (its functions), KN(name) (names here), POINT, AFFINE and COORD
 * (types of curve.h), GN(name) (their functions) and TOGETHER defined.
 *
 * Packed coordinates are below 1.1 q, those from pack fully reduced.
 * x = all ones marks infinity. */

#ifndef KN_EACH
#define KN_EACH _Pragma("GCC unroll 2") for (int i = 0; i < TOGETHER; i++)
#endif

/* What is special about the eight additions of one vector. */
typedef struct KN(special) {
    uint8_t any, dbl, left, right; /* lanes: double, take left, take right */
    uint8_t none;                  /* lanes whose sum is infinity */
} KN(special);

typedef struct KN(work) {
    FE before[PVN_BATCH_MAX / PVN_LANES]; /* running products */
    KN(special) special[PVN_BATCH_MAX / PVN_LANES];
    _Alignas(64) unsigned char mark[2 * sizeof(COORD)]; /* infinity */
    _Alignas(64) unsigned char dump[2 * sizeof(COORD)];
} KN(work);

static void KN(pack)(void *packed, const void *affine, size_t n)
{
    const AFFINE *a = affine;
    unsigned char *out = packed;
    for (size_t i = 0; i < n; i += 8) {
        COORD x[8], y[8];
        void *to[8];
        AFFINE dump;
        FE vx, vy;
        for (size_t t = 0; t < 8; t++) {
            size_t j = i + t < n ? i + t : n - 1;
            x[t] = a[j].x;
            y[t] = a[j].y;
            to[t] = i + t < n ? out + j * sizeof(AFFINE) : (void *)&dump;
        }
        EN(enter)(&vx, x);
        EN(enter)(&vy, y);
        /* Canonical: a sign may be applied as q - y. */
        EN(canon)(&vx, &vx);
        EN(canon)(&vy, &vy);
        EN(scatter)(to, &vx, &vy);
    }
}

/* Denominator and numerator of the slope when some lane is special; also used
 * again on the way back, then `s` is read. Values are below 4.4 q. */
static __attribute__((noinline)) void
KN(special_slope)(FE *den, FE *num, KN(special) * s, const pvn_point_ref *left,
                  const pvn_point_ref *right)
{
    FE x1, y1, x2, y2, dx, dy, one, two, three;
    EN(gather)(&x1, &y1, left);
    EN(gather)(&x2, &y2, right);
    EN(neg_lanes)(&y1, lv_signs(left));
    EN(neg_lanes)(&y2, lv_signs(right));
    EN(norm)(&y1);
    EN(norm)(&y2);
    EN(sub)(&dx, &x2, &x1, 2);
    EN(sub)(&dy, &y2, &y1, 2);
    unsigned m1 = EN(mark_lanes)(&x1), m2 = EN(mark_lanes)(&x2);
    unsigned same = EN(zero_lanes)(&dx) & ~(m1 | m2) & 0xff;
    unsigned dbl = same & EN(zero_lanes)(&dy);
    s->right = (uint8_t)m1; /* infinity + right, also if both are */
    s->left = (uint8_t)(m2 & ~m1);
    s->dbl = (uint8_t)dbl;
    s->none = (uint8_t)(same & ~dbl);
    s->any = (uint8_t)(m1 | m2 | same);
    EN(set_one)(&one);
    EN(add)(&two, &y1, &y1);
    EN(blend)(den, s->any, &dx, &one);
    EN(blend)(den, dbl, den, &two);
    EN(blend)(&x1, m1, &x1, &one); /* keep the mark out of products */
    EN(sqr)(&three, &x1);
    EN(add)(&one, &three, &three);
    EN(add)(&three, &one, &three);
    EN(blend)(num, dbl, &dy, &three);
}

/* One denominator; fills *s. Below 3.1 q, or 2.2 q where doubled. */
PVN_INLINE void KN(denominator)(FE *d, KN(special) * s,
                                const pvn_point_ref *left,
                                const pvn_point_ref *right)
{
    FE x1, x2;
    EN(gather_x)(&x1, left);
    EN(gather_x)(&x2, right);
    EN(sub)(d, &x2, &x1, 2);
    s->any = 0;
    if (__builtin_expect(EN(maybe_zero_lanes)(d) | EN(mark_lanes)(&x1) |
                             EN(mark_lanes)(&x2),
                         0)) {
        FE num;
        KN(special_slope)(d, &num, s, left, right);
    }
}

/* Finish TOGETHER vectors: u[i] is the inverse of the product of all
 * denominators of its chain up to this one and becomes the inverse of those
 * before it. In G1 two go step by step together, because each alone is one
 * long dependent chain; in G2 every product has parts enough, and two vectors
 * would only crowd the registers. What needs no slope stands between the steps
 * of the slope. */
PVN_INLINE void KN(finish)(FE *u, const FE *before, KN(special) * s,
                           const pvn_point_ref *left,
                           const pvn_point_ref *right, void *const *out)
{
    FE x1[TOGETHER], y1[TOGETHER], x2[TOGETHER], y2[TOGETHER];
    FE d[TOGETHER], e[TOGETHER], num[TOGETHER], slope[TOGETHER];
    FE x3[TOGETHER], y3[TOGETHER];
    KN_EACH
    EN(mul_factor)(&slope[i], &u[i], &before[i]);
    KN_EACH
    {
        EN(gather)(&x1[i], &y1[i], left + 8 * i);
        EN(gather)(&x2[i], &y2[i], right + 8 * i);
        EN(neg_lanes)(&y1[i], lv_signs(left + 8 * i));
        EN(neg_lanes)(&y2[i], lv_signs(right + 8 * i));
        EN(sub_factor)(&d[i], &x2[i], &x1[i], 2);
        EN(sub_factor)(&num[i], &y2[i], &y1[i], 2);
    }
    KN_EACH
    if (__builtin_expect(s[i].any, 0))
        KN(special_slope)
    (&d[i], &num[i], &s[i], left + 8 * i, right + 8 * i);
    KN_EACH
    EN(mul_factor)(&slope[i], &num[i], &slope[i]);
    KN_EACH
    {
        EN(sqr_sub2_reduce)(&x3[i], &slope[i], &x1[i], &x2[i], 4);
        EN(sub_factor)(&e[i], &x1[i], &x3[i], 2);
    }
    KN_EACH
    EN(mul_factor)(&u[i], &d[i], &u[i]);
    KN_EACH
    {
        EN(mul_sub_reduce)(&y3[i], &e[i], &slope[i], &y1[i], 3);
        if (__builtin_expect(s[i].any, 0)) {
            FE mark;
            EN(set_mark)(&mark);
            EN(norm)(&y1[i]);
            EN(norm)(&y2[i]);
            EN(blend)(&x3[i], s[i].left, &x3[i], &x1[i]);
            EN(blend)(&y3[i], s[i].left, &y3[i], &y1[i]);
            EN(blend)(&x3[i], s[i].right, &x3[i], &x2[i]);
            EN(blend)(&y3[i], s[i].right, &y3[i], &y2[i]);
            EN(blend)(&x3[i], s[i].none, &x3[i], &mark);
            EN(blend)(&y3[i], s[i].none, &y3[i], &mark);
        }
        EN(scatter)(out + 8 * i, &x3[i], &y3[i]);
    }
}

/* Into the second-level cache: there is time. */
PVN_INLINE void KN(fetch)(pvn_point_ref ref)
{
    for (size_t o = 0; o < sizeof(AFFINE); o += 64)
        __builtin_prefetch((const char *)ref + o, 0, 2);
}

/* Sums by slopes: all denominators are inverted with one inversion. Two
 * running products (even and odd vectors) hide the latency of a product. */
static void KN(add_batch)(const pvn_point_batch *b)
{
    KN(work) *w = b->work;
    size_t n = (b->n + 15) & ~(size_t)15;
    memset(w->mark, 0xff, sizeof w->mark);
    for (size_t i = b->n; i < n; i++) {
        b->left[i] = b->right[i] = (pvn_point_ref)w->mark;
        b->out[i] = w->dump;
    }
    FE run[2], inv, u[2];
    EN(set_one)(&run[0]);
    EN(set_one)(&run[1]);
    for (size_t i = 0; i < n; i += 16) {
        if (i + 48 <= n) {
            lv_prefetch(b->left + i + 32, sizeof(AFFINE));
            lv_prefetch(b->left + i + 40, sizeof(AFFINE));
            lv_prefetch(b->right + i + 32, sizeof(AFFINE));
            lv_prefetch(b->right + i + 40, sizeof(AFFINE));
        }
        size_t v = i / 8;
        FE d0, d1;
        KN(denominator)(&d0, &w->special[v], b->left + i, b->right + i);
        KN(denominator)
        (&d1, &w->special[v + 1], b->left + i + 8, b->right + i + 8);
        w->before[v] = run[0];
        w->before[v + 1] = run[1];
        EN(mul_factor)(&run[0], &d0, &run[0]);
        EN(mul_factor)(&run[1], &d1, &run[1]);
    }
    EN(mul)(&inv, &run[0], &run[1]);
    EN(inv)(&inv, &inv);
    EN(mul)(&u[0], &inv, &run[1]);
    EN(mul)(&u[1], &inv, &run[0]);
    const pvn_point_ref *soon = b->soon, *soon_end = soon + b->soon_n;
    for (size_t i = n; i > 0; i -= 16) {
        size_t v = i / 8 - 2;
        for (int k = 0; k < 32 && soon < soon_end; k++, soon++)
            KN(fetch)(*soon);
        if (sizeof(AFFINE) > 64 && i >= 48) { /* no gain where one line does */
            lv_prefetch(b->left + i - 48, sizeof(AFFINE));
            lv_prefetch(b->left + i - 40, sizeof(AFFINE));
            lv_prefetch(b->right + i - 48, sizeof(AFFINE));
            lv_prefetch(b->right + i - 40, sizeof(AFFINE));
        }
        for (size_t k = 0; k < 2; k += TOGETHER)
            KN(finish)
        (u + k, &w->before[v + k], &w->special[v + k], b->left + i - 16 + 8 * k,
         b->right + i - 16 + 8 * k, b->out + i - 16 + 8 * k);
    }
}

typedef struct KN(proj) {
    FE x, y, z;
} KN(proj);

/* The end that both complete additions share: t0 = 3 X1X2, t1 = Y1Y2,
 * t2 = 3b Z1Z2, t3, t4 and y3 the cross terms, y3 not yet times 3b. */
PVN_INLINE void KN(complete_tail)(KN(proj) * r, const FE *t0, const FE *t1,
                                  const FE *t2, const FE *t3, const FE *t4,
                                  const FE *y3)
{
    FE z, m, y;
    EN(add)(&z, t1, t2);
    EN(sub)(&m, t1, t2, 12);
    EN(reduce)(&m, &m);
    EN(reduce)(&z, &z);
    EN(mul_b3)(&y, y3);
    EN(reduce)(&y, &y);
    EN(mul_sub)(&r->x, t3, &m, t4, &y, 8);
    EN(mul_add)(&r->y, &y, t0, &m, &z);
    EN(mul_add)(&r->z, t4, &z, t3, t0);
}

/* r += q, complete. Coordinates below 2 in and out. In f1: t0, t1, t2 < 1.2,
 * t3, t4, y3 < 1.5 + 6, the tail's other factors < 1.2 but 3*t0 < 3.6, so a sum
 * of two products is below 1 + 0.0118*(7.5*1.2 + 7.5*8) < 1.9. In f2 products
 * are below 2.2, t3, t4, y3 < 8.3, 3*t0 < 6.6; the last products are below
 * 2 + 0.0118*8.3*6.6 < 2.7 and their sums are reduced to below 1.1. */
PVN_INLINE void KN(add_complete)(KN(proj) * r, const KN(proj) * q)
{
    FE t0, t1, t2, t3, t4, y3, s;
    EN(mul)(&t0, &r->x, &q->x);
    EN(mul)(&t1, &r->y, &q->y);
    EN(mul)(&t2, &r->z, &q->z);
    EN(add)(&t3, &r->x, &r->y);
    EN(add)(&s, &q->x, &q->y);
    EN(mul)(&t3, &t3, &s);
    EN(sub)(&t3, &t3, &t0, 3);
    EN(sub)(&t3, &t3, &t1, 3);
    EN(add)(&t4, &r->y, &r->z);
    EN(add)(&s, &q->y, &q->z);
    EN(mul)(&t4, &t4, &s);
    EN(sub)(&t4, &t4, &t1, 3);
    EN(sub)(&t4, &t4, &t2, 3);
    EN(add)(&y3, &r->x, &r->z);
    EN(add)(&s, &q->x, &q->z);
    EN(mul)(&y3, &y3, &s);
    EN(sub)(&y3, &y3, &t0, 3);
    EN(sub)(&y3, &y3, &t2, 3);
    EN(add)(&s, &t0, &t0);
    EN(add)(&t0, &s, &t0);
    EN(mul_b3)(&t2, &t2);
    KN(complete_tail)(r, &t0, &t1, &t2, &t3, &t4, &y3);
}

/* r += (x, y), which is not infinity. */
PVN_INLINE void KN(add_mixed)(KN(proj) * r, const FE *x, const FE *y)
{
    FE t0, t1, t2, t3, t4, y3, s;
    EN(mul)(&t0, &r->x, x);
    EN(mul)(&t1, &r->y, y);
    EN(add)(&t3, x, y);
    EN(add)(&s, &r->x, &r->y);
    EN(mul)(&t3, &s, &t3);
    EN(sub)(&t3, &t3, &t0, 3);
    EN(sub)(&t3, &t3, &t1, 3);
    EN(mul)(&t4, &r->z, y);
    EN(add)(&t4, &t4, &r->y);
    EN(mul)(&y3, &r->z, x);
    EN(add)(&y3, &y3, &r->x);
    EN(add)(&s, &t0, &t0);
    EN(add)(&t0, &s, &t0);
    EN(mul_b3)(&t2, &r->z);
    KN(complete_tail)(r, &t0, &t1, &t2, &t3, &t4, &y3);
}

PVN_INLINE void KN(proj_zero)(KN(proj) * r)
{
    EN(set_zero)(&r->x);
    EN(set_one)(&r->y);
    EN(set_zero)(&r->z);
}

static void KN(proj_leave)(POINT out[8], const KN(proj) * p)
{
    COORD x[8], y[8], z[8];
    EN(leave)(x, &p->x);
    EN(leave)(y, &p->y);
    EN(leave)(z, &p->z);
    for (int i = 0; i < 8; i++) {
        out[i].x = x[i];
        out[i].y = y[i];
        out[i].z = z[i];
    }
}

/* Lane t walks points t*len .. t*len+len-1 from the end: `run` is their sum
 * so far and `acc` the sum of all values of `run`. */
static void KN(list_sums)(void *plain, void *weighted, const void *packed,
                          size_t len)
{
    KN(proj) run, acc;
    KN(proj_zero)(&run);
    KN(proj_zero)(&acc);
    for (size_t j = len; j-- > 0;) {
        pvn_point_ref ref[8];
        FE x, y;
        KN(proj) old = run;
        for (size_t t = 0; t < 8; t++)
            ref[t] = (pvn_point_ref)packed + (t * len + j) * sizeof(AFFINE);
        EN(gather)(&x, &y, ref);
        unsigned empty = EN(mark_lanes)(&x);
        if (empty != 0xff)
            KN(add_mixed)(&run, &x, &y);
        if (empty) {
            EN(blend)(&run.x, empty, &run.x, &old.x);
            EN(blend)(&run.y, empty, &run.y, &old.y);
            EN(blend)(&run.z, empty, &run.z, &old.z);
        }
        KN(add_complete)(&acc, &run);
    }
    KN(proj_leave)(plain, &run);
    KN(proj_leave)(weighted, &acc);
}

static void KN(bucket_sums)(void *plain, void *weighted, const void *packed,
                            size_t n)
{
    POINT runs[8], accs[8], sum, steps;
    size_t len = n / 8;
    KN(list_sums)(runs, accs, packed, len);
    /* weighted = sum acc_t + len * sum t*run_t */
    GN(zero)(&sum);
    GN(zero)(&steps);
    for (int t = 7; t > 0; t--) {
        GN(add)(&sum, &sum, &runs[t]);
        GN(add)(&steps, &steps, &sum);
    }
    GN(add)((POINT *)plain, &sum, &runs[0]);
    if (len & (len - 1)) {
        const uint64_t k[4] = { len, 0, 0, 0 };
        GN(mul)(&steps, &steps, k);
    } else {
        for (size_t k = 1; k < len; k *= 2)
            GN(dbl)(&steps, &steps);
    }
    for (int t = 0; t < 8; t++)
        GN(add)(&steps, &steps, &accs[t]);
    *(POINT *)weighted = steps;
}

static void KN(double_add)(void *r, unsigned times, const void *a)
{
    for (unsigned i = 0; i < times; i++)
        GN(dbl)((POINT *)r, (const POINT *)r);
    if (a)
        GN(add)((POINT *)r, (const POINT *)r, (const POINT *)a);
}
