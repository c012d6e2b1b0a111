/* What the BN254 benchmarks share: clocks, random scalars, a few options. */
#ifndef BENCH_BN254_INPUT_H
#define BENCH_BN254_INPUT_H
#include "snark/bn254/curve.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline double bench_wall_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void bench_random_fr(pvn_fr *r, uint64_t *state)
{
    uint8_t b[64];
    for (int i = 0; i < 8; i++)
        pvn_store64le(b + 8 * i, bench_random(state));
    pvn_fr_from_wide_le(r, b);
}

/* Argument i as a number, or a default. */
static inline unsigned bench_number(int argc, char **argv, int i,
                                    unsigned otherwise)
{
    return argc > i ? (unsigned)strtoul(argv[i], NULL, 10) : otherwise;
}
#endif
