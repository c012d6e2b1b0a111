/* snark/tower.h - the field of pairing values:
 * Fq6 = Fq2[v]/(v^3 - (9+u)), Fq12 = Fq6[w]/(w^2 - v). Values; any thread;
 * allocates nothing. Every output may be one of the inputs. NOT constant
 * time. Includes snark/bn254/field.h only. */
#ifndef PVN_SNARK_TOWER_H
#define PVN_SNARK_TOWER_H
#include "snark/bn254/field.h"

typedef struct pvn_fq6 {
    pvn_fq2 a0, a1, a2;
} pvn_fq6;
typedef struct pvn_fq12 {
    pvn_fq6 c0, c1;
} pvn_fq12;

/* r = (9+u) a */
static inline void pvn_fq2_mul_xi(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq2 t;

    pvn_fq2_dbl(&t, a);
    pvn_fq2_dbl(&t, &t);
    pvn_fq2_dbl(&t, &t);
    pvn_fq2_add(&t, &t, a); /* 9a */
    {
        pvn_fq c1 = a->c1;

        pvn_fq_add(&r->c1, &t.c1, &a->c0);
        pvn_fq_sub(&r->c0, &t.c0, &c1);
    }
}

void pvn_fq6_mul(pvn_fq6 *r, const pvn_fq6 *a, const pvn_fq6 *b);
void pvn_fq6_inv(pvn_fq6 *r, const pvn_fq6 *a);

void pvn_fq12_set_one(pvn_fq12 *r);
bool pvn_fq12_equal(const pvn_fq12 *a, const pvn_fq12 *b);
bool pvn_fq12_is_one(const pvn_fq12 *a);
void pvn_fq12_mul(pvn_fq12 *r, const pvn_fq12 *a, const pvn_fq12 *b);
void pvn_fq12_sqr(pvn_fq12 *r, const pvn_fq12 *a);
/* r = a (1 + s w + t w^3): how a line enters the Miller loop. */
void pvn_fq12_mul_line(pvn_fq12 *r, const pvn_fq12 *a, const pvn_fq2 *s,
                       const pvn_fq2 *t);
/* a^(q^6); the inverse of what the easy part of the exponentiation leaves. */
void pvn_fq12_conj(pvn_fq12 *r, const pvn_fq12 *a);
void pvn_fq12_inv(pvn_fq12 *r, const pvn_fq12 *a);
/* a^(q^k), k = 1, 2, 3. */
void pvn_fq12_frobenius(pvn_fq12 *r, const pvn_fq12 *a, int k);
/* For a with a^(q^4 - q^2 + 1) = 1: squaring at half the cost. */
void pvn_fq12_cyclotomic_sqr(pvn_fq12 *r, const pvn_fq12 *a);
/* a^e, e little-endian 64-bit limbs; any a. */
void pvn_fq12_pow(pvn_fq12 *r, const pvn_fq12 *a, const uint64_t *e,
                  size_t limbs);

/* (9+u)^((q-1)/3) and (9+u)^((q-1)/2): what Frobenius does to the twist. */
extern const pvn_fq2 pvn_twist_x, pvn_twist_y;
#endif
