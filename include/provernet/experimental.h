/* provernet/experimental.h - what may still change: measuring the arithmetic
 * of an engine. No promise of a stable interface; nothing else in the library
 * depends on it, and provernet.h does not include it.
 *
 * What it needs to graduate: the same calls on every sort of device, and a
 * caller beside `provernet bench` that reads the figures (admission, an
 * estimate of a proof's time) and so settles which figures are needed. */
#ifndef PROVERNET_EXPERIMENTAL_H
#define PROVERNET_EXPERIMENTAL_H
#include <provernet/prove.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_bench provernet_bench;

typedef enum provernet_bench_kind {
    PROVERNET_BENCH_G1_MSM = 1, /* sort the scalars, one sum over G1 */
    PROVERNET_BENCH_G2_MSM = 2, /* sort the scalars, one sum over G2 */
    PROVERNET_BENCH_NTT = 3,    /* three polynomials to their odd coset, and
                                 * the quotient: the transforms of a proof */
    /* The arithmetic of one Groth16 proof with as many wires and points in
     * every section as the size: the transforms, four sums over G1, one over
     * G2. Left out: row products (they depend on the circuit), blinding and
     * the final check (milliseconds). */
    PROVERNET_BENCH_GROTH16 = 4
} provernet_bench_kind;

typedef struct provernet_bench_info {
    size_t struct_size;  /* sizeof this struct, set by the caller */
    uint64_t size;       /* scalars, or elements of one polynomial */
    uint64_t operations; /* point additions of one sum; butterflies of NTT; 0
                          * for GROTH16 */
    uint64_t bytes;      /* of bases, scalars and scratch, about; for GROTH16
                          * with the four sets of bases that a proof has */
} provernet_bench_info;

/* Inputs of 2^log_size elements (4..24), always the same ones: scalars spread
 * evenly over the field, points without pattern. The engine outlives *out.
 * ERR_INVALID (kind or size), ERR_UNSUPPORTED (a device without it; today all
 * but the CPU), ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_bench_open(
    provernet_bench **out, provernet_engine *e, provernet_bench_kind kind,
    unsigned log_size, provernet_error *err);
/* Do it once, on the engine's threads; waits for the engine as a proof does.
 * The caller holds the clock. Every run of equal size gives the same result,
 * on every form of the arithmetic: *check (may be NULL) is a digest of it.
 * One thread at a time. ERR_CANCELLED, ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_bench_run(provernet_bench *b, uint64_t *check, provernet_watch *w,
                    provernet_error *err);
/* What the last run was; operations and bytes are known after the first. */
PROVERNET_API void provernet_bench_get_info(const provernet_bench *b,
                                            provernet_bench_info *out);
PROVERNET_API void provernet_bench_free(provernet_bench *b); /* NULL: nothing */

#ifdef __cplusplus
}
#endif
#endif
