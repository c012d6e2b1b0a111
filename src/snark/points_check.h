/* snark/points_check.h - are the many points of a key on the curve? Includes
 * snark/ only. */
#ifndef PVN_SNARK_POINTS_CHECK_H
#define PVN_SNARK_POINTS_CHECK_H
#include "snark/bn254/dispatch.h"

/* The first of n points of a .zkey section that has a coordinate that is not
 * reduced, or is neither on the curve nor infinity; n: none. */
size_t pvn_g1_first_bad(const pvn_bn254_forms *forms, const uint8_t *mont_le,
                        size_t n);
size_t pvn_g2_first_bad(const pvn_bn254_forms *forms, const uint8_t *mont_le,
                        size_t n);
#endif
