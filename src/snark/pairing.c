/* snark/pairing.c - see pairing.h. Includes snark/ only.
 *
 * With the twist y^2 = x^3 + 3/(9+u), (x, y) goes to (x w^2, y w^3) on the
 * curve over Fq12, and a line of slope s through (x, y) has at P the value
 * P.y - s P.x w + (s x - y) w^3. Divided by P.y, which the final
 * exponentiation removes, that is 1 + (-P.x/P.y) s w + (1/P.y)(s x - y) w^3.
 */
#include "snark/pairing.h"

/* 6z + 2 in non-adjacent form, highest digit first, without the leading 1. */
static const signed char loop_digits[65] = {
    0, -1, 0, 1,  0, 0, 0, -1, 0, -1, 0,  0, 0,  -1, 0, 1, 0, -1, 0, 0, -1, 0,
    0, 0,  0, 0,  1, 0, 0, -1, 0, 1,  0,  0, -1, 0,  0, 0, 0, -1, 0, 1, 0,  0,
    0, -1, 0, -1, 0, 0, 1, 0,  0, 0,  -1, 0, 0,  -1, 0, 1, 0, 1,  0, 0, 0
};

enum { DIGITS = 65 };

static const uint64_t z_seed = 4965661367192848881u;

/* The points of a batch on their way through the loop. */
typedef struct batch {
    size_t n;
    const pvn_g2_affine *q;
    pvn_lines *out;
    int at; /* index of the next line */
    pvn_g2_affine t[PVN_PAIRING_BATCH];
    pvn_g2_affine other[PVN_PAIRING_BATCH]; /* what is added next */
    pvn_fq2 denominator[PVN_PAIRING_BATCH];
} batch;

/* Invert every denominator with one inversion. None is zero: the points have
 * order r, and the multiples met in the loop are neither opposite nor equal
 * where they must not be. */
static void invert(batch *b)
{
    pvn_fq2 before[PVN_PAIRING_BATCH], run, t;

    pvn_fq2_set_one(&run);
    for (size_t i = 0; i < b->n; i++) {
        before[i] = run;
        pvn_fq2_mul(&run, &run, &b->denominator[i]);
    }
    pvn_fq2_inv(&run, &run);
    for (size_t i = b->n; i-- > 0;) {
        pvn_fq2_mul(&t, &run, &before[i]);
        pvn_fq2_mul(&run, &run, &b->denominator[i]);
        b->denominator[i] = t;
    }
}

/* Note the line of slope s through t, then move t to the third point of the
 * chord through t and a point of abscissa x, mirrored. */
static void follow(batch *b, size_t i, const pvn_fq2 *s, const pvn_fq2 *x)
{
    pvn_line *line = &b->out[i].line[b->at];
    pvn_g2_affine *t = &b->t[i];
    pvn_fq2 nx, d;

    line->slope = *s;
    pvn_fq2_mul(&d, s, &t->x);
    pvn_fq2_sub(&line->offset, &d, &t->y);
    pvn_fq2_sqr(&nx, s);
    pvn_fq2_sub(&nx, &nx, &t->x);
    pvn_fq2_sub(&nx, &nx, x);
    /* y' = s (x - x') - y = offset - s x' */
    pvn_fq2_mul(&d, s, &nx);
    pvn_fq2_sub(&t->y, &line->offset, &d);
    t->x = nx;
}

static void double_all(batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        pvn_fq2_dbl(&b->denominator[i], &b->t[i].y);
    invert(b);
    for (size_t i = 0; i < b->n; i++) {
        pvn_fq2 s, x = b->t[i].x;

        pvn_fq2_sqr(&s, &x);
        pvn_fq2_mul(&s, &s, &b->denominator[i]);
        {
            pvn_fq2 twice;

            pvn_fq2_dbl(&twice, &s);
            pvn_fq2_add(&s, &s, &twice); /* 3 x^2 / 2 y */
        }
        follow(b, i, &s, &x);
    }
    b->at++;
}

static void add_all(batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        pvn_fq2_sub(&b->denominator[i], &b->other[i].x, &b->t[i].x);
    invert(b);
    for (size_t i = 0; i < b->n; i++) {
        pvn_fq2 s;

        pvn_fq2_sub(&s, &b->other[i].y, &b->t[i].y);
        pvn_fq2_mul(&s, &s, &b->denominator[i]);
        follow(b, i, &s, &b->other[i].x);
    }
    b->at++;
}

/* (x, y) -> (conj(x) xi^((q-1)/3), conj(y) xi^((q-1)/2)) */
static void psi(pvn_g2_affine *r, const pvn_g2_affine *a)
{
    pvn_fq2_conj(&r->x, &a->x);
    pvn_fq2_conj(&r->y, &a->y);
    pvn_fq2_mul(&r->x, &r->x, &pvn_twist_x);
    pvn_fq2_mul(&r->y, &r->y, &pvn_twist_y);
}

void pvn_pairing_lines(pvn_lines *out, const pvn_g2_affine *q, size_t n)
{
    batch b;

    b.n = n;
    b.q = q;
    b.out = out;
    b.at = 0;
    memcpy(b.t, q, n * sizeof *q);
    for (int d = 0; d < DIGITS; d++) {
        double_all(&b);
        if (loop_digits[d] == 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            b.other[i] = q[i];
            if (loop_digits[d] < 0)
                pvn_fq2_neg(&b.other[i].y, &q[i].y);
        }
        add_all(&b);
    }
    for (size_t i = 0; i < n; i++)
        psi(&b.other[i], &q[i]);
    add_all(&b);
    for (size_t i = 0; i < n; i++) {
        psi(&b.other[i], &q[i]);
        psi(&b.other[i], &b.other[i]);
        pvn_fq2_neg(&b.other[i].y, &b.other[i].y);
    }
    add_all(&b);
}

/* scratch[2i], scratch[2i+1] = -x/y, 1/y of pair i; both 0 at infinity, which
 * makes every line 1. */
static void scale_points(const pvn_pair *pair, size_t n, pvn_fq *scratch)
{
    pvn_fq run = pvn_fq_one, t;

    for (size_t i = 0; i < n; i++) {
        scratch[2 * i] = run;
        if (!pvn_fq_is_zero(&pair[i].p.y))
            pvn_fq_mul(&run, &run, &pair[i].p.y);
    }
    pvn_fq_inv(&run, &run);
    for (size_t i = n; i-- > 0;) {
        if (pvn_fq_is_zero(&pair[i].p.y)) {
            pvn_fq_zero(&scratch[2 * i]);
            pvn_fq_zero(&scratch[2 * i + 1]);
            continue;
        }
        pvn_fq_mul(&scratch[2 * i + 1], &run, &scratch[2 * i]);
        pvn_fq_mul(&run, &run, &pair[i].p.y);
        pvn_fq_mul(&t, &pair[i].p.x, &scratch[2 * i + 1]);
        pvn_fq_neg(&scratch[2 * i], &t);
    }
}

static void meet(pvn_fq12 *f, const pvn_pair *pair, size_t n,
                 const pvn_fq *scratch, int at)
{
    for (size_t i = 0; i < n; i++) {
        const pvn_line *line = &pair[i].q->line[at];
        pvn_fq2 s, t;

        pvn_fq2_mul_fq(&s, &line->slope, &scratch[2 * i]);
        pvn_fq2_mul_fq(&t, &line->offset, &scratch[2 * i + 1]);
        pvn_fq12_mul_line(f, f, &s, &t);
    }
}

void pvn_miller(pvn_fq12 *out, const pvn_pair *pair, size_t n, pvn_fq *scratch)
{
    pvn_fq12 f;
    int at = 0;

    scale_points(pair, n, scratch);
    pvn_fq12_set_one(&f);
    for (int d = 0; d < DIGITS; d++) {
        if (d > 0)
            pvn_fq12_sqr(&f, &f);
        meet(&f, pair, n, scratch, at++);
        if (loop_digits[d] != 0)
            meet(&f, pair, n, scratch, at++);
    }
    meet(&f, pair, n, scratch, at++);
    meet(&f, pair, n, scratch, at);
    *out = f;
}

/* a^z for a in the cyclotomic subgroup. */
static void power_z(pvn_fq12 *r, const pvn_fq12 *a)
{
    pvn_fq12 base = *a, acc = *a;

    for (int i = 61; i >= 0; i--) { /* z has 63 bits */
        pvn_fq12_cyclotomic_sqr(&acc, &acc);
        if (z_seed >> i & 1)
            pvn_fq12_mul(&acc, &acc, &base);
    }
    *r = acc;
}

/* a^((q^4 - q^2 + 1)/r), exactly, as y0 y1^2 y2^6 y3^12 y4^18 y5^30 y6^36
 * (Scott, Benger, Charlemagne, Dominguez Perez, Kachisa: "On the final
 * exponentiation for calculating pairings", 2009). In the cyclotomic
 * subgroup inversion is conjugation. */
static void hard_part(pvn_fq12 *r, const pvn_fq12 *a)
{
    pvn_fq12 z1, z2, z3, y0, y2, y3, y4, y6, t0, t1;

    power_z(&z1, a);
    power_z(&z2, &z1);
    power_z(&z3, &z2);

    pvn_fq12_frobenius(&y0, a, 1);
    pvn_fq12_frobenius(&t0, a, 2);
    pvn_fq12_mul(&y0, &y0, &t0);
    pvn_fq12_frobenius(&t0, a, 3);
    pvn_fq12_mul(&y0, &y0, &t0);
    pvn_fq12_frobenius(&y2, &z2, 2);
    pvn_fq12_frobenius(&y3, &z1, 1);
    pvn_fq12_conj(&y3, &y3);
    pvn_fq12_frobenius(&y4, &z2, 1);
    pvn_fq12_mul(&y4, &y4, &z1);
    pvn_fq12_conj(&y4, &y4);
    pvn_fq12_frobenius(&y6, &z3, 1);
    pvn_fq12_mul(&y6, &y6, &z3);
    pvn_fq12_conj(&y6, &y6);
    pvn_fq12_conj(&z2, &z2); /* y5 */
    pvn_fq12_conj(&z1, a);   /* y1 */

    pvn_fq12_cyclotomic_sqr(&t0, &y6);
    pvn_fq12_mul(&t0, &t0, &y4);
    pvn_fq12_mul(&t0, &t0, &z2);
    pvn_fq12_mul(&t1, &y3, &z2);
    pvn_fq12_mul(&t1, &t1, &t0);
    pvn_fq12_mul(&t0, &t0, &y2);
    pvn_fq12_cyclotomic_sqr(&t1, &t1);
    pvn_fq12_mul(&t1, &t1, &t0);
    pvn_fq12_cyclotomic_sqr(&t1, &t1);
    pvn_fq12_mul(&t0, &t1, &z1);
    pvn_fq12_mul(&t1, &t1, &y0);
    pvn_fq12_cyclotomic_sqr(&t0, &t0);
    pvn_fq12_mul(r, &t0, &t1);
}

void pvn_final_exponentiation(pvn_fq12 *r, const pvn_fq12 *a)
{
    pvn_fq12 t, u;

    pvn_fq12_inv(&t, a);
    pvn_fq12_conj(&u, a);
    pvn_fq12_mul(&t, &t, &u); /* a^(q^6 - 1) */
    pvn_fq12_frobenius(&u, &t, 2);
    pvn_fq12_mul(&t, &t, &u); /* ... (q^2 + 1) */
    hard_part(r, &t);
}
