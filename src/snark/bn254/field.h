/* snark/bn254/field.h - Fq, Fr and Fq2 of BN254: values, not objects; any
 * thread; allocates nothing. Includes mont.h only.
 *
 * Elements are four 64-bit limbs in Montgomery form with radix 2^256 (the
 * form of .zkey files), always fully reduced, so memcmp compares them. Every
 * output may be one of the inputs. "plain" is the integer itself. NOT
 * constant time. */
#ifndef PVN_BN254_FIELD_H
#define PVN_BN254_FIELD_H
#include "mont.h"
#include <stddef.h>

typedef struct pvn_fq {
    uint64_t l[4];
} pvn_fq;
typedef struct pvn_fr {
    uint64_t l[4];
} pvn_fr;
/* c0 + c1*u, u^2 = -1. */
typedef struct pvn_fq2 {
    pvn_fq c0, c1;
} pvn_fq2;

#define PVN_FQ_MODULUS                                                         \
    {                                                                          \
        { 0x3c208c16d87cfd47u, 0x97816a916871ca8du, 0xb85045b68181585du,       \
          0x30644e72e131a029u },                                               \
            0x87d20782e4866389u                                                \
    }
#define PVN_FR_MODULUS                                                         \
    {                                                                          \
        { 0x43e1f593f0000001u, 0x2833e84879b97091u, 0xb85045b68181585du,       \
          0x30644e72e131a029u },                                               \
            0xc2e1f593efffffffu                                                \
    }
static const pvn_modulus pvn_fq_modulus __attribute__((unused)) =
    PVN_FQ_MODULUS;
static const pvn_modulus pvn_fr_modulus __attribute__((unused)) =
    PVN_FR_MODULUS;
static const pvn_fq pvn_fq_one
    __attribute__((unused)) = { { 0xd35d438dc58f0d9du, 0x0a78eb28f5c70b3du,
                                  0x666ea36f7879462cu, 0x0e0a77c19a07df2fu } };
static const pvn_fr pvn_fr_one
    __attribute__((unused)) = { { 0xac96341c4ffffffbu, 0x36fc76959f60cd29u,
                                  0x666ea36f7879462eu, 0x0e0a77c19a07df2fu } };
/* 2^512 mod p: multiply a plain value by it to get Montgomery form. */
static const pvn_fq pvn_fq_r2
    __attribute__((unused)) = { { 0xf32cfc5b538afa89u, 0xb5e71911d44501fbu,
                                  0x47ab1eff0a417ff6u, 0x06d89f71cab8351fu } };
static const pvn_fr pvn_fr_r2
    __attribute__((unused)) = { { 0x1bb8e645ae216da7u, 0x53fe3ab1e35c59e3u,
                                  0x8c49833d53bb8085u, 0x0216d0b17f4e44a5u } };

/* Names for Fq (F = fq) and Fr (F = fr). In the list T is the type:
 *   bool is_zero(const T *), equal(const T *, const T *);
 *   void zero(T *), one(T *), add(T *, a, b), sub, mul, neg(T *, a), dbl, sqr;
 *   bool from_le(T *, const uint8_t[32])  plain little endian; false (and
 *        *out untouched) when not below the modulus; from_be likewise;
 *   bool from_mont_le(T *, const uint8_t[32])  .zkey bytes, same check;
 *   void to_le, to_be, to_mont_le(uint8_t[32], const T *);
 *   void from_u64(T *, uint64_t);
 *   void to_plain(uint64_t[4], const T *)  limbs of the integer. */
#define PVN_FIELD_INLINE(F)                                                    \
    PVN_INLINE void pvn_##F##_zero(pvn_##F *r)                                 \
    {                                                                          \
        memset(r, 0, sizeof *r);                                               \
    }                                                                          \
    PVN_INLINE void pvn_##F##_set_one(pvn_##F *r)                              \
    {                                                                          \
        *r = pvn_##F##_one;                                                    \
    }                                                                          \
    PVN_INLINE bool pvn_##F##_is_zero(const pvn_##F *a)                        \
    {                                                                          \
        return pvn_limbs_zero(a->l);                                           \
    }                                                                          \
    PVN_INLINE bool pvn_##F##_equal(const pvn_##F *a, const pvn_##F *b)        \
    {                                                                          \
        return pvn_limbs_equal(a->l, b->l);                                    \
    }                                                                          \
    PVN_INLINE void pvn_##F##_add(pvn_##F *r, const pvn_##F *a,                \
                                  const pvn_##F *b)                            \
    {                                                                          \
        pvn_mont_add(r->l, a->l, b->l, &pvn_##F##_modulus);                    \
    }                                                                          \
    PVN_INLINE void pvn_##F##_sub(pvn_##F *r, const pvn_##F *a,                \
                                  const pvn_##F *b)                            \
    {                                                                          \
        pvn_mont_sub(r->l, a->l, b->l, &pvn_##F##_modulus);                    \
    }                                                                          \
    PVN_INLINE void pvn_##F##_dbl(pvn_##F *r, const pvn_##F *a)                \
    {                                                                          \
        pvn_mont_add(r->l, a->l, a->l, &pvn_##F##_modulus);                    \
    }                                                                          \
    PVN_INLINE void pvn_##F##_neg(pvn_##F *r, const pvn_##F *a)                \
    {                                                                          \
        static const uint64_t none[4] = { 0, 0, 0, 0 };                        \
        pvn_mont_sub(r->l, none, a->l, &pvn_##F##_modulus);                    \
    }                                                                          \
    PVN_LOCAL void pvn_##F##_mul(pvn_##F *r, const pvn_##F *a,                 \
                                 const pvn_##F *b)                             \
    {                                                                          \
        pvn_mont_mul(r->l, a->l, b->l, &pvn_##F##_modulus);                    \
    }                                                                          \
    PVN_INLINE void pvn_##F##_sqr(pvn_##F *r, const pvn_##F *a)                \
    {                                                                          \
        pvn_##F##_mul(r, a, a);                                                \
    }                                                                          \
    PVN_INLINE bool pvn_##F##_from_mont_le(pvn_##F *r, const uint8_t in[32])   \
    {                                                                          \
        uint64_t t[4];                                                         \
        for (int i = 0; i < 4; i++)                                            \
            t[i] = pvn_load64le(in + 8 * i);                                   \
        if (!pvn_limbs_less(t, pvn_##F##_modulus.p))                           \
            return false;                                                      \
        memcpy(r->l, t, sizeof t);                                             \
        return true;                                                           \
    }                                                                          \
    PVN_INLINE void pvn_##F##_to_mont_le(uint8_t out[32], const pvn_##F *a)    \
    {                                                                          \
        for (int i = 0; i < 4; i++)                                            \
            pvn_store64le(out + 8 * i, a->l[i]);                               \
    }                                                                          \
    PVN_INLINE bool pvn_##F##_from_le(pvn_##F *r, const uint8_t in[32])        \
    {                                                                          \
        pvn_##F t;                                                             \
        if (!pvn_##F##_from_mont_le(&t, in))                                   \
            return false;                                                      \
        pvn_##F##_mul(r, &t, &pvn_##F##_r2);                                   \
        return true;                                                           \
    }                                                                          \
    PVN_INLINE bool pvn_##F##_from_be(pvn_##F *r, const uint8_t in[32])        \
    {                                                                          \
        uint8_t t[32];                                                         \
        for (int i = 0; i < 32; i++)                                           \
            t[i] = in[31 - i];                                                 \
        return pvn_##F##_from_le(r, t);                                        \
    }                                                                          \
    PVN_INLINE void pvn_##F##_to_plain(uint64_t out[4], const pvn_##F *a)      \
    {                                                                          \
        static const pvn_##F unit = { { 1, 0, 0, 0 } };                        \
        pvn_##F t;                                                             \
        pvn_##F##_mul(&t, a, &unit);                                           \
        memcpy(out, t.l, sizeof t.l);                                          \
    }                                                                          \
    PVN_INLINE void pvn_##F##_to_le(uint8_t out[32], const pvn_##F *a)         \
    {                                                                          \
        pvn_##F t;                                                             \
        pvn_##F##_to_plain(t.l, a);                                            \
        pvn_##F##_to_mont_le(out, &t);                                         \
    }                                                                          \
    PVN_INLINE void pvn_##F##_to_be(uint8_t out[32], const pvn_##F *a)         \
    {                                                                          \
        uint64_t t[4];                                                         \
        pvn_##F##_to_plain(t, a);                                              \
        for (int i = 0; i < 4; i++)                                            \
            pvn_store64be(out + 24 - 8 * i, t[i]);                             \
    }                                                                          \
    PVN_INLINE void pvn_##F##_from_u64(pvn_##F *r, uint64_t v)                 \
    {                                                                          \
        pvn_##F t = { { v, 0, 0, 0 } };                                        \
        pvn_##F##_mul(r, &t, &pvn_##F##_r2);                                   \
    }                                                                          \
    /* 1/a; 0 for 0. */                                                        \
    void pvn_##F##_inv(pvn_##F *r, const pvn_##F *a);                          \
    /* a^e, e four little-endian limbs. */                                     \
    void pvn_##F##_pow(pvn_##F *r, const pvn_##F *a, const uint64_t e[4]);     \
    /* a[i] = 1/a[i], zeros stay; scratch holds n elements. */                 \
    void pvn_##F##_inv_many(pvn_##F *a, pvn_##F *scratch, size_t n);           \
    /* 64 bytes, little endian, modulo p: uniform for uniform bytes. */        \
    void pvn_##F##_from_wide_le(pvn_##F *r, const uint8_t in[64]);

/* clang-format off */
PVN_FIELD_INLINE(fq)
PVN_FIELD_INLINE(fr)
/* clang-format on */
/* *r becomes a square root of a (p = 3 mod 4); false if there is none. */
bool pvn_fq_sqrt(pvn_fq *r, const pvn_fq *a);

PVN_INLINE void pvn_fq2_zero(pvn_fq2 *r)
{
    memset(r, 0, sizeof *r);
}
PVN_INLINE void pvn_fq2_set_one(pvn_fq2 *r)
{
    r->c0 = pvn_fq_one;
    pvn_fq_zero(&r->c1);
}
PVN_INLINE bool pvn_fq2_is_zero(const pvn_fq2 *a)
{
    return pvn_fq_is_zero(&a->c0) && pvn_fq_is_zero(&a->c1);
}
PVN_INLINE bool pvn_fq2_equal(const pvn_fq2 *a, const pvn_fq2 *b)
{
    return pvn_fq_equal(&a->c0, &b->c0) && pvn_fq_equal(&a->c1, &b->c1);
}
PVN_INLINE void pvn_fq2_add(pvn_fq2 *r, const pvn_fq2 *a, const pvn_fq2 *b)
{
    pvn_fq_add(&r->c0, &a->c0, &b->c0);
    pvn_fq_add(&r->c1, &a->c1, &b->c1);
}
PVN_INLINE void pvn_fq2_sub(pvn_fq2 *r, const pvn_fq2 *a, const pvn_fq2 *b)
{
    pvn_fq_sub(&r->c0, &a->c0, &b->c0);
    pvn_fq_sub(&r->c1, &a->c1, &b->c1);
}
PVN_INLINE void pvn_fq2_dbl(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq_dbl(&r->c0, &a->c0);
    pvn_fq_dbl(&r->c1, &a->c1);
}
PVN_INLINE void pvn_fq2_neg(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq_neg(&r->c0, &a->c0);
    pvn_fq_neg(&r->c1, &a->c1);
}
PVN_INLINE void pvn_fq2_conj(pvn_fq2 *r, const pvn_fq2 *a)
{
    r->c0 = a->c0;
    pvn_fq_neg(&r->c1, &a->c1);
}
PVN_LOCAL void pvn_fq2_mul(pvn_fq2 *r, const pvn_fq2 *a, const pvn_fq2 *b)
{
    pvn_fq t0, t1, s, t;
    pvn_fq_add(&s, &a->c0, &a->c1);
    pvn_fq_add(&t, &b->c0, &b->c1);
    pvn_fq_mul(&t0, &a->c0, &b->c0);
    pvn_fq_mul(&t1, &a->c1, &b->c1);
    pvn_fq_mul(&s, &s, &t);
    pvn_fq_sub(&r->c0, &t0, &t1);
    pvn_fq_sub(&s, &s, &t0);
    pvn_fq_sub(&r->c1, &s, &t1);
}
PVN_LOCAL void pvn_fq2_sqr(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq s, d, t;
    pvn_fq_add(&s, &a->c0, &a->c1);
    pvn_fq_sub(&d, &a->c0, &a->c1);
    pvn_fq_mul(&t, &a->c0, &a->c1);
    pvn_fq_mul(&r->c0, &s, &d);
    pvn_fq_dbl(&r->c1, &t);
}
PVN_INLINE void pvn_fq2_mul_fq(pvn_fq2 *r, const pvn_fq2 *a, const pvn_fq *b)
{
    pvn_fq_mul(&r->c0, &a->c0, b);
    pvn_fq_mul(&r->c1, &a->c1, b);
}
/* 1/a; 0 for 0. */
void pvn_fq2_inv(pvn_fq2 *r, const pvn_fq2 *a);
/* .zkey bytes: c0 then c1, Montgomery little endian; false if not reduced. */
bool pvn_fq2_from_mont_le(pvn_fq2 *r, const uint8_t in[64]);
void pvn_fq2_to_mont_le(uint8_t out[64], const pvn_fq2 *a);
#endif
