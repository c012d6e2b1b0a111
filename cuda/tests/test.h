/* cuda/tests/test.h - checks, a seeded generator, and slow sure arithmetic to
 * compare with: numbers of 16-bit digits in base 2^16, schoolbook. */
#ifndef PVN_CUDA_TESTS_TEST_H
#define PVN_CUDA_TESTS_TEST_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition) && failures++ < 20)                                   \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);             \
    } while (0)

struct Random {
    uint64_t state;

    uint64_t next()
    {
        uint64_t z = state += 0x9e3779b97f4a7c15u;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    uint32_t below(uint32_t n)
    {
        return (uint32_t)(next() % n);
    }
};

/* An unsigned number of up to 40 * 16 bits. */
struct Big {
    enum { LEN = 40 };
    uint16_t d[LEN];

    static Big of(const uint32_t *words, int n)
    {
        Big r = {};
        for (int i = 0; i < n; i++) {
            r.d[2 * i] = (uint16_t)words[i];
            r.d[2 * i + 1] = (uint16_t)(words[i] >> 16);
        }
        return r;
    }
    static Big small(uint32_t v)
    {
        return of(&v, 1);
    }
    void words(uint32_t *out, int n) const
    {
        for (int i = 0; i < n; i++)
            out[i] = (uint32_t)d[2 * i] | (uint32_t)d[2 * i + 1] << 16;
    }
};

static inline int compare(const Big &a, const Big &b)
{
    for (int i = Big::LEN - 1; i >= 0; i--)
        if (a.d[i] != b.d[i])
            return a.d[i] < b.d[i] ? -1 : 1;
    return 0;
}

static inline Big plus(const Big &a, const Big &b)
{
    Big r = {};
    uint32_t carry = 0;

    for (int i = 0; i < Big::LEN; i++) {
        carry += (uint32_t)a.d[i] + b.d[i];
        r.d[i] = (uint16_t)carry;
        carry >>= 16;
    }
    return r;
}

static inline Big minus(const Big &a, const Big &b)
{
    Big r = {};
    int32_t borrow = 0;

    for (int i = 0; i < Big::LEN; i++) {
        int32_t t = (int32_t)a.d[i] - b.d[i] - borrow;
        borrow = t < 0;
        r.d[i] = (uint16_t)t;
    }
    return r;
}

static inline Big product(const Big &a, const Big &b)
{
    Big r = {};

    for (int i = 0; i < Big::LEN; i++) {
        uint32_t carry = 0;
        for (int j = 0; a.d[i] && i + j < Big::LEN; j++) {
            carry += (uint32_t)a.d[i] * b.d[j] + r.d[i + j];
            r.d[i + j] = (uint16_t)carry;
            carry >>= 16;
        }
    }
    return r;
}

static inline int finish(const char *what)
{
    printf("%s: %s\n", what, failures ? "FAILED" : "ok");
    return failures != 0;
}
#endif
