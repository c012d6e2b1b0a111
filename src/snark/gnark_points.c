/* snark/gnark_points.c - gnark's compressed points: x with two flag bits on
 * top, y by a square root. Includes snark/ only. */
#include "snark/gnark.h"
#include "snark/decimal.h"
#include <string.h>

enum { FLAGS = 0xc0, SMALLER = 0x80, LARGER = 0xc0, INFINITE = 0x40 };

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum |= p[i];
    return sum == 0;
}

/* Is y the larger of y and -y? */
static bool fq_larger(const pvn_fq *y)
{
    uint8_t a[32], b[32];
    pvn_fq n;

    pvn_fq_neg(&n, y);
    pvn_fq_to_be(a, y);
    pvn_fq_to_be(b, &n);
    return memcmp(a, b, 32) > 0;
}

/* By the part with u, unless that is zero. */
static bool fq2_larger(const pvn_fq2 *y)
{
    return pvn_fq_is_zero(&y->c1) ? fq_larger(&y->c0) : fq_larger(&y->c1);
}

static void halve(pvn_fq *r, const pvn_fq *a)
{
    pvn_fq two;

    pvn_fq_from_u64(&two, 2);
    pvn_fq_inv(&two, &two);
    pvn_fq_mul(r, a, &two);
}

/* For a = a0 + a1 u with u^2 = -1 the norm a0^2 + a1^2 must be a square s^2;
 * then x0^2 = (a0 + s)/2 or (a0 - s)/2, and x1 = a1/(2 x0). */
static bool fq2_sqrt(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq norm, s, t, x0;
    pvn_fq2 check;

    pvn_fq_sqr(&norm, &a->c0);
    pvn_fq_sqr(&t, &a->c1);
    pvn_fq_add(&norm, &norm, &t);
    if (!pvn_fq_sqrt(&s, &norm))
        return false;
    pvn_fq_add(&t, &a->c0, &s);
    halve(&t, &t);
    if (pvn_fq_is_zero(&t) || !pvn_fq_sqrt(&x0, &t)) {
        pvn_fq_sub(&t, &a->c0, &s);
        halve(&t, &t);
        if (!pvn_fq_sqrt(&x0, &t))
            return false;
    }
    if (pvn_fq_is_zero(&x0)) { /* a = 0 */
        pvn_fq2_zero(r);
    } else {
        pvn_fq_dbl(&t, &x0);
        pvn_fq_inv(&t, &t);
        r->c0 = x0;
        pvn_fq_mul(&r->c1, &a->c1, &t);
    }
    pvn_fq2_sqr(&check, r);
    return pvn_fq2_equal(&check, a);
}

bool pvn_g1_from_gnark(pvn_g1_affine *out, const uint8_t in[32])
{
    uint8_t flags = in[0] & FLAGS, x[32];
    pvn_fq three, t;

    memcpy(x, in, 32);
    x[0] &= (uint8_t)~FLAGS;
    memset(out, 0, sizeof *out);
    if (flags == INFINITE)
        return all_zero(x, 32);
    if (flags != SMALLER && flags != LARGER)
        return false;
    if (!pvn_fq_from_be(&out->x, x))
        return false;
    pvn_fq_from_u64(&three, 3);
    pvn_fq_sqr(&t, &out->x);
    pvn_fq_mul(&t, &t, &out->x);
    pvn_fq_add(&t, &t, &three);
    if (!pvn_fq_sqrt(&out->y, &t))
        return false;
    if (fq_larger(&out->y) != (flags == LARGER))
        pvn_fq_neg(&out->y, &out->y);
    return true;
}

/* y^2 = x^3 + 3/(9 + u). */
bool pvn_g2_from_gnark(pvn_g2_affine *out, const uint8_t in[64])
{
    uint8_t flags = in[0] & FLAGS, x[64];
    pvn_fq2 b, t;

    memcpy(x, in, 64);
    x[0] &= (uint8_t)~FLAGS;
    memset(out, 0, sizeof *out);
    if (flags == INFINITE)
        return all_zero(x, 64);
    if (flags != SMALLER && flags != LARGER)
        return false;
    if (!pvn_fq_from_be(&out->x.c1, x) || !pvn_fq_from_be(&out->x.c0, x + 32))
        return false;
    pvn_fq_from_u64(&b.c0, 9);
    pvn_fq_set_one(&b.c1);
    pvn_fq2_inv(&b, &b);
    pvn_fq_from_u64(&t.c0, 3);
    pvn_fq2_mul_fq(&b, &b, &t.c0);
    pvn_fq2_sqr(&t, &out->x);
    pvn_fq2_mul(&t, &t, &out->x);
    pvn_fq2_add(&t, &t, &b);
    if (!fq2_sqrt(&out->y, &t))
        return false;
    if (fq2_larger(&out->y) != (flags == LARGER))
        pvn_fq2_neg(&out->y, &out->y);
    return true;
}
