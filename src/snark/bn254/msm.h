/* snark/bn254/msm.h - sums of scalar multiples: many scalars, fixed bases;
 * includes dispatch.h, snark/par.h, base/watch.h.
 *
 * Bases are packed once per key; scalars are recoded and sorted once and may
 * then be used with several sets of bases. Objects are read-only after they
 * were made: any number of threads may use them at once. Results are exact
 * and do not depend on the form or on the number of threads. NOT constant
 * time: running time depends on the scalars. Memory comes from mmap in large
 * pieces and is given back on free. */
#ifndef PVN_BN254_MSM_H
#define PVN_BN254_MSM_H
#include "base/watch.h"
#include "dispatch.h"
#include "snark/par.h"
#include <provernet/base.h>

typedef struct pvn_bases pvn_bases; /* of G1 or of G2 */
typedef struct pvn_recoded pvn_recoded;

/* Pack n points of a .zkey section (64*n resp. 128*n bytes of Montgomery
 * little endian, any alignment). Point i belongs to scalar `first` + i (C of
 * Groth16 starts at scalar nPublic+1). Points at infinity are dropped.
 * Coordinates must be reduced: ERR_FORMAT names the first that is not.
 * Curve membership is not checked here. The bytes are not kept.
 * ERR_FORMAT, ERR_NOMEM, ERR_INVALID (n >= 2^31). */
PROVERNET_MUST_USE provernet_status pvn_g1_bases_new(
    pvn_bases **out, const pvn_bn254_forms *forms, const uint8_t *mont_le,
    size_t n, size_t first, const pvn_par *par, provernet_error *err);
PROVERNET_MUST_USE provernet_status pvn_g2_bases_new(
    pvn_bases **out, const pvn_bn254_forms *forms, const uint8_t *mont_le,
    size_t n, size_t first, const pvn_par *par, provernet_error *err);
void pvn_bases_free(pvn_bases *b); /* NULL is fine */
/* Points that are not infinity, and bytes held. */
size_t pvn_bases_count(const pvn_bases *b);
size_t pvn_bases_bytes(const pvn_bases *b);

/* Recode n plain scalars (32 bytes little endian each, below r; a value that
 * is not gives ERR_FORMAT). window_bits 0 = the best for these scalars, else
 * 2..16. The bytes are not kept. The memory comes from the pool of `par`, which
 * must outlive *out. ERR_FORMAT, ERR_NOMEM, ERR_CANCELLED. */
PROVERNET_MUST_USE provernet_status pvn_recode(
    pvn_recoded **out, const uint8_t *plain_le, size_t n, unsigned window_bits,
    const pvn_par *par, provernet_watch *watch, provernet_error *err);
void pvn_recoded_free(pvn_recoded *r); /* NULL is fine */
size_t pvn_recoded_bytes(const pvn_recoded *r);
/* Point additions that one sum over dense bases will take. */
size_t pvn_recoded_additions(const pvn_recoded *r);

/* *out = sum scalar_i * base_i over the scalars that have a base.
 * ERR_NOMEM, ERR_CANCELLED. */
PROVERNET_MUST_USE provernet_status pvn_g1_msm(pvn_g1 *out,
                                               const pvn_bases *bases,
                                               const pvn_recoded *scalars,
                                               const pvn_par *par,
                                               provernet_watch *watch);
PROVERNET_MUST_USE provernet_status pvn_g2_msm(pvn_g2 *out,
                                               const pvn_bases *bases,
                                               const pvn_recoded *scalars,
                                               const pvn_par *par,
                                               provernet_watch *watch);

/* Scratch memory of one sum beside bases and recoded scalars. */
size_t pvn_msm_scratch_bytes(const pvn_bases *bases, const pvn_recoded *scalars,
                             unsigned threads);

/* Are all bases of G2 in the subgroup of order r? Random linear combinations
 * with coefficients of 8 to 13 bits from `random` (uniform bytes, unknown to
 * whoever made the points). The smallest prime factor of the cofactor, 10069,
 * is above 2^13, so a sum with coefficients of c bits misses a bad point with
 * probability 2^-c at most, and all of them together with 2^-101. About 12
 * additions per point, 8 of many. The points must be on the curve.
 * *ok tells. ERR_NOMEM, ERR_CANCELLED. */
PROVERNET_MUST_USE provernet_status
pvn_g2_bases_in_subgroup(bool *ok, const pvn_bases *bases,
                         void (*random)(void *ctx, uint8_t *buf, size_t len),
                         void *ctx, const pvn_par *par, provernet_watch *watch);
#endif
