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

/* Operands of one batch of independent additions out[i] = left[i] + right[i].
 * n <= PVN_BATCH_MAX; every list has room for PVN_BATCH_MAX entries (the kernel
 * pads them to full vectors). `work` has work_bytes bytes, aligned to 64. The
 * points of `soon` are those of a later batch: while this one is computed they
 * are brought nearer. */
enum { PVN_BATCH_MAX = 2048, PVN_LANES = 8 };
typedef struct pvn_point_batch {
    pvn_point_ref *left, *right;
    void **out;
    size_t n;
    void *work;
    const pvn_point_ref *soon;
    size_t soon_n;
} pvn_point_batch;

/* What msm.c needs of a group. "affine" and "projective" are arrays of
 * pvn_g1_affine or pvn_g2_affine, pvn_g1 or pvn_g2. */
typedef struct pvn_group_kernel {
    size_t packed_bytes, work_bytes;
    /* Finite points only. */
    void (*pack)(void *packed, const void *affine, size_t n);
    void (*add_batch)(const pvn_point_batch *batch);
    /* Over n packed points, n a positive multiple of 8:
     * *plain = sum P_i, *weighted = sum (i+1) P_i, both projective. */
    void (*bucket_sums)(void *plain, void *weighted, const void *packed,
                        size_t n);
    /* The same for eight lists of n > 0 points, one behind the other: arrays of
     * eight. */
    void (*list_sums)(void *plain, void *weighted, const void *packed,
                      size_t n);
    /* *r = 2^times *r + *a, projective; NULL: nothing is added. */
    void (*double_add)(void *r, unsigned times, const void *a);
} pvn_group_kernel;

/* Parts of a transform; ntt.c explains them. */
enum pvn_ntt_kind {
    PVN_NTT_COLUMNS_OUT, /* natural to reversed, then times the twist */
    PVN_NTT_ROWS,        /* natural to reversed */
    PVN_NTT_ROWS_COSET,  /* natural to reversed, then coset to natural */
    PVN_NTT_COLUMNS_IN   /* times the twist, then reversed to natural */
};

/* Eight interleaved transforms of length 2^log_len. Element i of lane t is
 * data[i*step + t] for columns and data[i + t*step] for rows. */
typedef struct pvn_ntt_stage {
    enum pvn_ntt_kind kind;
    unsigned log_len;
    pvn_fr *data;
    size_t step;
    const void *out_table; /* packed twiddles, natural to reversed */
    const void *in_table;  /* packed twiddles, reversed to natural */
    const void *twist;     /* from ntt_twist, for columns */
    void *work;            /* 2^log_len * vector_bytes, aligned to 64 */
} pvn_ntt_stage;

typedef struct pvn_bn254_forms {
    const char *name; /* "portable", "adx", "ifma" */
    pvn_group_kernel g1, g2;
    bool (*g2_in_subgroup)(const pvn_g2_affine *a); /* as in curve.h */
    size_t vector_bytes;  /* of eight unpacked elements */
    size_t twiddle_bytes; /* of one packed twiddle */
    void (*twiddle_pack)(void *packed, const pvn_fr *w, size_t n);
    /* Vector p of `twist` = scale * base[lane]^reversed(p). */
    void (*ntt_twist)(void *twist, const pvn_fr base[8], const pvn_fr *scale,
                      unsigned log_len);
    void (*ntt_stage)(const pvn_ntt_stage *stage);
    /* a[i] = plain integer of a[i]*b[i] - c[i] (inputs in Montgomery form). */
    void (*mul_sub_plain)(pvn_fr *a, const pvn_fr *b, const pvn_fr *c,
                          size_t n);
    /* r[i] = a[i]*b[i] in Montgomery form; r may be a or b. */
    void (*fr_mul_many)(pvn_fr *r, const pvn_fr *a, const pvn_fr *b, size_t n);
    void (*fq_mul_many)(pvn_fq *r, const pvn_fq *a, const pvn_fq *b, size_t n);
} pvn_bn254_forms;

/* The best form this processor runs, or the one named; NULL if the name is
 * unknown or the processor (or the build) lacks it. */
const pvn_bn254_forms *pvn_bn254_forms_pick(const char *force_or_null);

/* adx and ifma exist in builds for x86-64 only. */
extern const pvn_bn254_forms pvn_bn254_portable;
#if defined(__x86_64__) && !defined(PVN_PORTABLE_ONLY)
extern const pvn_bn254_forms pvn_bn254_adx;
extern const pvn_bn254_forms pvn_bn254_ifma;
#endif
#endif
