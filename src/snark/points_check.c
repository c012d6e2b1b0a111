/* snark/points_check.c - are the many points of a key on the curve? Eight at a
 * time where the form of the arithmetic has lanes. Includes snark/ only. */
#include "snark/points_check.h"

enum { BLOCK = 32, G1 = 64, G2 = 128 };

/* The constant of a curve, from a point on it. */
static void g1_constant(pvn_fq *b)
{
    pvn_fq t;

    pvn_fq_sqr(&t, &pvn_g1_generator.x);
    pvn_fq_mul(&t, &t, &pvn_g1_generator.x);
    pvn_fq_sqr(b, &pvn_g1_generator.y);
    pvn_fq_sub(b, b, &t);
}

static void g2_constant(pvn_fq2 *b)
{
    pvn_fq2 t;

    pvn_fq2_sqr(&t, &pvn_g2_generator.x);
    pvn_fq2_mul(&t, &t, &pvn_g2_generator.x);
    pvn_fq2_sqr(b, &pvn_g2_generator.y);
    pvn_fq2_sub(b, b, &t);
}

/* The first of n <= BLOCK points that is wrong. */
static size_t g1_block(const pvn_bn254_forms *f, const uint8_t *in, size_t n,
                       const pvn_fq *b)
{
    pvn_fq x[BLOCK], y[BLOCK], t[BLOCK];
    pvn_g1_affine p;
    bool infinity[BLOCK];
    size_t fine = 0;

    for (; fine < n && pvn_g1_from_mont_le(&p, in + fine * G1); fine++) {
        x[fine] = p.x;
        y[fine] = p.y;
        infinity[fine] = pvn_g1_affine_is_zero(&p);
    }
    f->fq_mul_many(t, x, x, fine);
    f->fq_mul_many(t, t, x, fine);
    f->fq_mul_many(y, y, y, fine);
    for (size_t i = 0; i < fine; i++) {
        pvn_fq_add(&t[i], &t[i], b);
        if (!infinity[i] && !pvn_fq_equal(&t[i], &y[i]))
            return i;
    }
    return fine;
}

/* Squares in Fq2: (c0 + c1)(c0 - c1) and 2 c0 c1. */
static void square_many(const pvn_bn254_forms *f, pvn_fq *r0, pvn_fq *r1,
                        const pvn_fq *c0, const pvn_fq *c1, size_t n)
{
    pvn_fq s[BLOCK], d[BLOCK];

    for (size_t i = 0; i < n; i++) {
        pvn_fq_add(&s[i], &c0[i], &c1[i]);
        pvn_fq_sub(&d[i], &c0[i], &c1[i]);
    }
    f->fq_mul_many(r1, c0, c1, n);
    f->fq_mul_many(r0, s, d, n);
    for (size_t i = 0; i < n; i++)
        pvn_fq_dbl(&r1[i], &r1[i]);
}

static size_t g2_block(const pvn_bn254_forms *f, const uint8_t *in, size_t n,
                       const pvn_fq2 *b)
{
    pvn_fq x0[BLOCK], x1[BLOCK], y0[BLOCK], y1[BLOCK], q0[BLOCK], q1[BLOCK];
    pvn_fq t[4][BLOCK], c0, c1;
    pvn_g2_affine p;
    bool infinity[BLOCK];
    size_t fine = 0;

    for (; fine < n && pvn_g2_from_mont_le(&p, in + fine * G2); fine++) {
        x0[fine] = p.x.c0;
        x1[fine] = p.x.c1;
        y0[fine] = p.y.c0;
        y1[fine] = p.y.c1;
        infinity[fine] = pvn_g2_affine_is_zero(&p);
    }
    square_many(f, q0, q1, x0, x1, fine);
    f->fq_mul_many(t[0], q0, x0, fine);
    f->fq_mul_many(t[1], q1, x1, fine);
    f->fq_mul_many(t[2], q0, x1, fine);
    f->fq_mul_many(t[3], q1, x0, fine);
    square_many(f, q0, q1, y0, y1, fine);
    for (size_t i = 0; i < fine; i++) {
        pvn_fq_sub(&c0, &t[0][i], &t[1][i]);
        pvn_fq_add(&c0, &c0, &b->c0);
        pvn_fq_add(&c1, &t[2][i], &t[3][i]);
        pvn_fq_add(&c1, &c1, &b->c1);
        if (!infinity[i] &&
            !(pvn_fq_equal(&c0, &q0[i]) && pvn_fq_equal(&c1, &q1[i])))
            return i;
    }
    return fine;
}

size_t pvn_g1_first_bad(const pvn_bn254_forms *f, const uint8_t *mont_le,
                        size_t n)
{
    pvn_fq b;

    g1_constant(&b);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;
        size_t bad = g1_block(f, mont_le + at * G1, some, &b);

        if (bad < some)
            return at + bad;
    }
    return n;
}

size_t pvn_g2_first_bad(const pvn_bn254_forms *f, const uint8_t *mont_le,
                        size_t n)
{
    pvn_fq2 b;

    g2_constant(&b);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;
        size_t bad = g2_block(f, mont_le + at * G2, some, &b);

        if (bad < some)
            return at + bad;
    }
    return n;
}
