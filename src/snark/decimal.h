/* snark/decimal.h - 256-bit numbers as decimal text, the form of the JSON
 * files. Pure. Includes base/ only. */
#ifndef PVN_SNARK_DECIMAL_H
#define PVN_SNARK_DECIMAL_H
#include "base/bytes.h"

enum { PVN_DECIMAL_CAP = 79 }; /* 78 digits and NUL */

/* No leading zeros; "0" for zero. Returns the length. */
size_t pvn_decimal_write(char out[PVN_DECIMAL_CAP], const uint8_t be32[32]);
/* 1 to 78 digits and nothing else, value below `modulus` (big-endian).
 * false: malformed or too large; be32 is untouched. */
bool pvn_decimal_read(uint8_t be32[32], const char *text, size_t len,
                      const uint8_t modulus_be32[32]);

extern const uint8_t pvn_bn254_q_be32[32], pvn_bn254_r_be32[32];
#endif
