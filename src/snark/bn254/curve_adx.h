/* snark/bn254/curve_adx.h - the group law as compiled for MULX and ADX
 * (groth16_adx.c), for the forms that run on such processors; includes curve.h
 * only. */
#ifndef PVN_BN254_CURVE_ADX_H
#define PVN_BN254_CURVE_ADX_H
#include "curve.h"

#define PVN_CURVE_ADX_DECLARE(G)                                               \
    void pvn_adx_##G##_zero(pvn_##G *r);                                       \
    void pvn_adx_##G##_add(pvn_##G *r, const pvn_##G *a, const pvn_##G *b);    \
    void pvn_adx_##G##_dbl(pvn_##G *r, const pvn_##G *a);                      \
    void pvn_adx_##G##_mul(pvn_##G *r, const pvn_##G *a, const uint64_t k[4]);

/* clang-format off */
PVN_CURVE_ADX_DECLARE(g1)
PVN_CURVE_ADX_DECLARE(g2)
/* clang-format on */
bool pvn_adx_g2_in_subgroup(const pvn_g2_affine *a);
#endif
