/* snark/bn254/dispatch.h - the three forms of the arithmetic behind one
 * table; includes curve.h only.
 *
 * A form is a constant table; nothing is remembered between calls, so the
 * choice is made by passing or storing the pointer. All forms give identical
 * results bit for bit at the level of msm.h and ntt.h; what is inside the
 * packed points is private to the form. */
#ifndef PVN_BN254_DISPATCH_H
#define PVN_BN254_DISPATCH_H
#include "curve.h"

/* A packed affine point: 64 bytes (G1) or 128 bytes (G2), aligned to its
 * size. Infinity is all ones. In an operand list a packed point is its
 * address, with bit 0 set for "minus this point"; only points straight from
 * `pack` may carry the sign. */
typedef uintptr_t pvn_point_ref;

/* Operands of one batch of independent additions out[i] = in[2i] + in[2i+1].
 * n <= PVN_BATCH_MAX; `in` has room for 2*PVN_BATCH_MAX, `out` for
 * PVN_BATCH_MAX entries (the kernel pads the lists). */
enum { PVN_BATCH_MAX = 2048, PVN_LANES = 8 };
typedef struct pvn_point_batch {
    pvn_point_ref *in;
    void **out;
    size_t n;
    void *work; /* group work_bytes, aligned to 64 */
} pvn_point_batch;

/* What msm.c needs of a group. `point` is pvn_g1 or pvn_g2, `affine` its
 * affine type. */
typedef struct pvn_group_kernel {
    size_t packed_bytes, work_bytes;
    void (*pack)(void *packed, const void *affine, size_t n);
    void (*unpack)(void *affine, const void *packed, size_t n);
    void (*add_batch)(const pvn_point_batch *batch);
    /* sum and weighted sum of n packed points (n a multiple of 8):
     * *plain = sum P_i, *weighted = sum (i+1) P_i. */
    void (*bucket_sums)(void *plain, void *weighted, const void *packed,
                        size_t n, void *work);
} pvn_group_kernel;

/* One stage of a transform on 8 interleaved columns, see ntt.c. */
struct pvn_ntt_stage;

typedef struct pvn_bn254_forms {
    const char *name; /* "portable", "adx", "ifma" */
    pvn_group_kernel g1, g2;
    void (*ntt_stage)(const struct pvn_ntt_stage *stage);
    /* a[i] = plain integer of a[i]*b[i] - c[i] (inputs in Montgomery form) */
    void (*mul_sub_plain)(pvn_fr *a, const pvn_fr *b, const pvn_fr *c,
                          size_t n);
    /* a[i] = a[i]*b[i], any n: for row products and tests. */
    void (*fr_mul_many)(pvn_fr *r, const pvn_fr *a, const pvn_fr *b, size_t n);
    void (*fq_mul_many)(pvn_fq *r, const pvn_fq *a, const pvn_fq *b, size_t n);
} pvn_bn254_forms;

/* The best form this processor runs, or the one named; NULL if the name is
 * unknown or the processor (or the build) lacks it. */
const pvn_bn254_forms *pvn_bn254_forms_pick(const char *force_or_null);

/* Each is NULL where it was not compiled; for pick and for tests. */
extern const pvn_bn254_forms pvn_bn254_portable;
#endif
