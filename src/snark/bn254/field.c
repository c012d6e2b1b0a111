/* snark/bn254/field.c - the longer field functions: inverses and powers;
 * includes field.h only. */
#include "field.h"

/* 2^768 mod p. */
static const pvn_fq fq_r3 = { { 0xb1cd6dafda1530dfu, 0x62f210e6a7283db6u,
                                0xef7f0b0c0ada0afbu, 0x20fd6e902d592544u } };
static const pvn_fr fr_r3 = { { 0x5e94d8e1b4bf0040u, 0x2a489cbe1cfbb6b8u,
                                0x893cc664a19fcfedu, 0x0cf8594b7fcc657cu } };

#include "modinv.h"

#define FIELD_FUNCTIONS(F)                                                     \
    void pvn_##F##_pow(pvn_##F *r, const pvn_##F *a, const uint64_t e[4])      \
    {                                                                          \
        pvn_##F base = *a, acc = pvn_##F##_one;                                \
        for (int i = 255; i >= 0; i--) {                                       \
            pvn_##F##_sqr(&acc, &acc);                                         \
            if (e[i / 64] >> (i % 64) & 1)                                     \
                pvn_##F##_mul(&acc, &acc, &base);                              \
        }                                                                      \
        *r = acc;                                                              \
    }                                                                          \
    /* The integer inverse of x*R is x^-1*R^-1; times R^3/R gives x^-1*R. */   \
    void pvn_##F##_inv(pvn_##F *r, const pvn_##F *a)                           \
    {                                                                          \
        pvn_##F t;                                                             \
        modular_inverse(t.l, a->l, &pvn_##F##_modulus);                        \
        pvn_##F##_mul(r, &t, &F##_r3);                                         \
    }                                                                          \
    void pvn_##F##_inv_many(pvn_##F *a, pvn_##F *scratch, size_t n)            \
    {                                                                          \
        pvn_##F run = pvn_##F##_one;                                           \
        for (size_t i = 0; i < n; i++) {                                       \
            scratch[i] = run;                                                  \
            if (!pvn_##F##_is_zero(&a[i]))                                     \
                pvn_##F##_mul(&run, &run, &a[i]);                              \
        }                                                                      \
        pvn_##F##_inv(&run, &run);                                             \
        for (size_t i = n; i-- > 0;) {                                         \
            if (pvn_##F##_is_zero(&a[i]))                                      \
                continue;                                                      \
            pvn_##F t = a[i];                                                  \
            pvn_##F##_mul(&a[i], &run, &scratch[i]);                           \
            pvn_##F##_mul(&run, &run, &t);                                     \
        }                                                                      \
    }                                                                          \
    /* lo + hi*2^256 = REDC(lo*R^2) + REDC(hi*R^3) in Montgomery form; a       \
     * product needs only one factor reduced. */                               \
    void pvn_##F##_from_wide_le(pvn_##F *r, const uint8_t in[64])              \
    {                                                                          \
        pvn_##F lo, hi;                                                        \
        for (int i = 0; i < 4; i++) {                                          \
            lo.l[i] = pvn_load64le(in + 8 * i);                                \
            hi.l[i] = pvn_load64le(in + 32 + 8 * i);                           \
        }                                                                      \
        wide_trim(lo.l, pvn_##F##_modulus.p);                                  \
        wide_trim(hi.l, pvn_##F##_modulus.p);                                  \
        pvn_##F##_mul(&lo, &lo, &pvn_##F##_r2);                                \
        pvn_##F##_mul(&hi, &hi, &F##_r3);                                      \
        pvn_##F##_add(r, &lo, &hi);                                            \
    }

/* a mod p for any 256-bit a: at most five subtractions, 2^256 < 6p. */
static void wide_trim(uint64_t a[4], const uint64_t p[4])
{
    while (!pvn_limbs_less(a, p)) {
        uint64_t borrow = 0;
        for (int i = 0; i < 4; i++)
            a[i] = pvn_sbb(a[i], p[i], &borrow);
    }
}

/* clang-format off */
FIELD_FUNCTIONS(fq)
FIELD_FUNCTIONS(fr)
/* clang-format on */

bool pvn_fq_sqrt(pvn_fq *r, const pvn_fq *a)
{
    /* (q+1)/4 */
    static const uint64_t e[4] = { 0x4f082305b61f3f52u, 0x65e05aa45a1c72a3u,
                                   0x6e14116da0605617u, 0x0c19139cb84c680au };
    pvn_fq s, t;
    pvn_fq_pow(&s, a, e);
    pvn_fq_sqr(&t, &s);
    if (!pvn_fq_equal(&t, a))
        return false;
    *r = s;
    return true;
}

void pvn_fq2_inv(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq n, t;
    pvn_fq_sqr(&n, &a->c0);
    pvn_fq_sqr(&t, &a->c1);
    pvn_fq_add(&n, &n, &t);
    pvn_fq_inv(&n, &n);
    pvn_fq_mul(&r->c0, &a->c0, &n);
    pvn_fq_mul(&t, &a->c1, &n);
    pvn_fq_neg(&r->c1, &t);
}

bool pvn_fq2_from_mont_le(pvn_fq2 *r, const uint8_t in[64])
{
    pvn_fq2 t;
    if (!pvn_fq_from_mont_le(&t.c0, in) || !pvn_fq_from_mont_le(&t.c1, in + 32))
        return false;
    *r = t;
    return true;
}

void pvn_fq2_to_mont_le(uint8_t out[64], const pvn_fq2 *a)
{
    pvn_fq_to_mont_le(out, &a->c0);
    pvn_fq_to_mont_le(out + 32, &a->c1);
}
