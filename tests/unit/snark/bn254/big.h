/* A tiny slow big-integer arithmetic and a random source: the independent
 * reference of the tests here. Schoolbook, bit by bit, on 32-bit words. */
#ifndef BN254_TEST_BIG_H
#define BN254_TEST_BIG_H
#include "snark/bn254/dispatch.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BIG_WORDS = 24 };

typedef struct big {
    uint32_t w[BIG_WORDS];
} big;

static inline big big_from_limbs(const uint64_t *l, int n)
{
    big r;
    memset(&r, 0, sizeof r);
    for (int i = 0; i < n; i++) {
        r.w[2 * i] = (uint32_t)l[i];
        r.w[2 * i + 1] = (uint32_t)(l[i] >> 32);
    }
    return r;
}

static inline void big_to_limbs(uint64_t l[4], const big *a)
{
    for (int i = 0; i < 4; i++)
        l[i] = a->w[2 * i] | (uint64_t)a->w[2 * i + 1] << 32;
}

static inline int big_compare(const big *a, const big *b)
{
    for (int i = BIG_WORDS - 1; i >= 0; i--)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

static inline big big_add(const big *a, const big *b)
{
    big r;
    uint64_t c = 0;
    for (int i = 0; i < BIG_WORDS; i++) {
        c += (uint64_t)a->w[i] + b->w[i];
        r.w[i] = (uint32_t)c;
        c >>= 32;
    }
    return r;
}

/* a >= b */
static inline big big_sub(const big *a, const big *b)
{
    big r;
    int64_t c = 0;
    for (int i = 0; i < BIG_WORDS; i++) {
        c += (int64_t)a->w[i] - b->w[i];
        r.w[i] = (uint32_t)c;
        c >>= 32;
    }
    return r;
}

static inline big big_mul(const big *a, const big *b)
{
    big r;
    memset(&r, 0, sizeof r);
    for (int i = 0; i < BIG_WORDS; i++) {
        uint64_t c = 0;
        for (int j = 0; i + j < BIG_WORDS; j++) {
            c += (uint64_t)a->w[i] * b->w[j] + r.w[i + j];
            r.w[i + j] = (uint32_t)c;
            c >>= 32;
        }
    }
    return r;
}

static inline big big_shift(const big *a, unsigned bits)
{
    big r;
    memset(&r, 0, sizeof r);
    for (int i = BIG_WORDS - 1; i >= (int)(bits / 32); i--) {
        uint64_t v = (uint64_t)a->w[i - (int)(bits / 32)] << 32;
        if (i - (int)(bits / 32) > 0)
            v |= a->w[i - (int)(bits / 32) - 1];
        r.w[i] = (uint32_t)((v << (bits % 32)) >> 32);
    }
    return r;
}

/* a mod p, by shifted subtraction; a below p*2^512. */
static inline big big_mod(big a, const big *p)
{
    for (int s = 512; s >= 0; s--) {
        big t = big_shift(p, (unsigned)s);
        if (big_compare(&a, &t) >= 0)
            a = big_sub(&a, &t);
    }
    return a;
}

static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void test_random_fr(pvn_fr *r, uint64_t *state)
{
    uint8_t b[64];
    for (int i = 0; i < 8; i++)
        pvn_store64le(b + 8 * i, test_random(state));
    pvn_fr_from_wide_le(r, b);
}

/* Four limbs below p: mostly random, often at an edge: 0, 1, p-1, p-2, limbs
 * of zeros and ones. */
static inline void test_limbs(uint64_t l[4], const pvn_modulus *m,
                              uint64_t *state)
{
    uint64_t kind = test_random(state) % 8;
    for (int i = 0; i < 4; i++) {
        uint64_t v = test_random(state);
        l[i] = kind != 5 ? v : (v & 1 ? UINT64_MAX : 0);
    }
    if (kind == 6)
        memcpy(l, m->p, 32);
    if (kind == 6)
        l[0] -= 1 + test_random(state) % 3;
    if (kind == 7) {
        memset(l, 0, 32);
        l[test_random(state) % 4] = test_random(state) % 3;
    }
    while (!pvn_limbs_less(l, m->p)) {
        if (l[3] >= m->p[3])
            l[3] = test_random(state) % (m->p[3] + 1);
        if (!pvn_limbs_less(l, m->p))
            l[3] = l[3] ? l[3] - 1 : 0;
    }
}

/* The forms that run here. */
static inline size_t test_forms(const pvn_bn254_forms *out[3])
{
    static const char *const names[3] = { "portable", "adx", "ifma" };
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        const pvn_bn254_forms *f = pvn_bn254_forms_pick(names[i]);
        if (f)
            out[n++] = f;
    }
    return n;
}
#endif
