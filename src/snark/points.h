/* snark/points.h - points as the EVM precompiles write them (EIP-197): big
 * endian, x then y; an element of Fq2 as c1 then c0; infinity all zero.
 * Includes snark/bn254/curve.h only. */
#ifndef PVN_SNARK_POINTS_H
#define PVN_SNARK_POINTS_H
#include "snark/bn254/curve.h"

/* false: a coordinate is not below q. The curve is not checked. */
bool pvn_g1_from_eip(pvn_g1_affine *out, const uint8_t in[64]);
bool pvn_g2_from_eip(pvn_g2_affine *out, const uint8_t in[128]);
void pvn_g1_to_eip(uint8_t out[64], const pvn_g1_affine *p);
void pvn_g2_to_eip(uint8_t out[128], const pvn_g2_affine *p);
#endif
