/* snark/bn254/mont.h - arithmetic on four 64-bit limbs modulo a 254-bit prime;
 * includes nothing but stdint and string.h.
 *
 * Montgomery radix 2^256. Every value is fully reduced, so equal values have
 * equal bits. The functions take the modulus as a pointer to a constant; they
 * are inlined, so the compiler sees its limbs. NOT constant time: branches
 * and tables depend on values. */
#ifndef PVN_BN254_MONT_H
#define PVN_BN254_MONT_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef struct pvn_modulus {
    uint64_t p[4];
    uint64_t n0; /* -p^-1 mod 2^64 */
} pvn_modulus;

__extension__ typedef unsigned __int128 pvn_u128;

#define PVN_INLINE static inline __attribute__((always_inline, unused))
/* The four limbs one by one, also where the compiler would keep a loop. */
#define PVN_EACH_LIMB _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++)
/* For the larger functions: a call costs far less than they do. */
#define PVN_LOCAL static __attribute__((noinline, unused))

/* a + b + *carry; *carry becomes 0 or 1. The intrinsics are of the base
 * instruction set; without them gcc compares where the flags would do. */
PVN_INLINE uint64_t pvn_adc(uint64_t a, uint64_t b, uint64_t *carry)
{
#if defined(__x86_64__)
    unsigned long long sum;
    *carry = _addcarry_u64((unsigned char)*carry, a, b, &sum);
    return sum;
#else
    pvn_u128 t = (pvn_u128)a + b + *carry;
    *carry = (uint64_t)(t >> 64);
    return (uint64_t)t;
#endif
}

/* a - b - *borrow; *borrow becomes 0 or 1. */
PVN_INLINE uint64_t pvn_sbb(uint64_t a, uint64_t b, uint64_t *borrow)
{
#if defined(__x86_64__)
    unsigned long long rest;
    *borrow = _subborrow_u64((unsigned char)*borrow, a, b, &rest);
    return rest;
#else
    pvn_u128 t = (pvn_u128)a - b - *borrow;
    *borrow = (uint64_t)(t >> 64) & 1;
    return (uint64_t)t;
#endif
}

/* a + b*c + *carry never overflows 128 bits. */
PVN_INLINE uint64_t pvn_mac(uint64_t a, uint64_t b, uint64_t c, uint64_t *carry)
{
    pvn_u128 t = (pvn_u128)b * c + a + *carry;
    *carry = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

PVN_INLINE bool pvn_limbs_zero(const uint64_t a[4])
{
    return (a[0] | a[1] | a[2] | a[3]) == 0;
}

PVN_INLINE bool pvn_limbs_equal(const uint64_t a[4], const uint64_t b[4])
{
    return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

/* a < b as integers. */
PVN_INLINE bool pvn_limbs_less(const uint64_t a[4], const uint64_t b[4])
{
    uint64_t borrow = 0;
    PVN_EACH_LIMB(void) pvn_sbb(a[i], b[i], &borrow);
    return borrow != 0;
}

/* r = a - p if a >= p, else a; a < 2^256. */
PVN_INLINE void pvn_mont_trim(uint64_t r[4], const uint64_t a[4],
                              const pvn_modulus *m)
{
    uint64_t t[4], borrow = 0;
    PVN_EACH_LIMB
    t[i] = pvn_sbb(a[i], m->p[i], &borrow);
    uint64_t keep = 0 - borrow;
    PVN_EACH_LIMB
    r[i] = (a[i] & keep) | (t[i] & ~keep);
}

PVN_INLINE void pvn_mont_add(uint64_t r[4], const uint64_t a[4],
                             const uint64_t b[4], const pvn_modulus *m)
{
    uint64_t t[4], carry = 0; /* 2p < 2^255: no carry out */
    PVN_EACH_LIMB
    t[i] = pvn_adc(a[i], b[i], &carry);
    pvn_mont_trim(r, t, m);
}

PVN_INLINE void pvn_mont_sub(uint64_t r[4], const uint64_t a[4],
                             const uint64_t b[4], const pvn_modulus *m)
{
    uint64_t t[4], borrow = 0, carry = 0;
    PVN_EACH_LIMB
    t[i] = pvn_sbb(a[i], b[i], &borrow);
    uint64_t add = 0 - borrow;
    PVN_EACH_LIMB
    r[i] = pvn_adc(t[i], m->p[i] & add, &carry);
}

/* t += x*y in five words: low halves in one carry chain, high halves in a
 * second. The caller knows that the sum is below 2^320. */
PVN_INLINE void pvn_mont_row(uint64_t t[5], const uint64_t x[4], uint64_t y)
{
    uint64_t lo[4], hi[4], c = 0;
    PVN_EACH_LIMB
    {
        pvn_u128 v = (pvn_u128)x[i] * y;
        lo[i] = (uint64_t)v;
        hi[i] = (uint64_t)(v >> 64);
    }
    PVN_EACH_LIMB
    t[i] = pvn_adc(t[i], lo[i], &c);
    t[4] += c;
    c = 0;
    PVN_EACH_LIMB
    t[i + 1] = pvn_adc(t[i + 1], hi[i], &c);
}

/* a*b/2^256 mod p. After j words t = (a*(b mod 2^64j) + K p)/2^64j with K <
 * 2^64j, hence t < a + p < 2p; with the next a*b_j and k*p it is below
 * 2p + 2^65 p < 2^320, so five words suffice because p < 2^254. */
PVN_INLINE void pvn_mont_mul_c(uint64_t r[4], const uint64_t a[4],
                               const uint64_t b[4], const pvn_modulus *m)
{
    uint64_t t[5] = { 0, 0, 0, 0, 0 };
    _Pragma("GCC unroll 4") for (int j = 0; j < 4; j++)
    {
        pvn_mont_row(t, a, b[j]);
        pvn_mont_row(t, m->p, t[0] * m->n0);
        t[0] = t[1];
        t[1] = t[2];
        t[2] = t[3];
        t[3] = t[4];
        t[4] = 0;
    }
    pvn_mont_trim(r, t, m);
}

#ifdef PVN_BN254_ADX
#include "mont_adx.h"
#define pvn_mont_mul pvn_mont_mul_adx
#else
#define pvn_mont_mul pvn_mont_mul_c
#endif

PVN_INLINE uint64_t pvn_load64le(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

PVN_INLINE void pvn_store64le(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, 8);
}

PVN_INLINE uint64_t pvn_load64be(const uint8_t *p)
{
    return __builtin_bswap64(pvn_load64le(p));
}

PVN_INLINE void pvn_store64be(uint8_t *p, uint64_t v)
{
    pvn_store64le(p, __builtin_bswap64(v));
}
#endif
