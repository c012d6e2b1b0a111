/* snark/wtns.h - reading a .wtns file: the values of all wires of a circuit.
 *
 * Copies nothing: the values lie in the bytes given. Any thread. Includes
 * base/ only. */
#ifndef PVN_SNARK_WTNS_H
#define PVN_SNARK_WTNS_H
#include "base/bytes.h"

typedef struct pvn_wtns {
    const uint8_t *values; /* count x 32 bytes little-endian, unaligned */
    uint32_t count;        /* at least 1; value 0 is the constant 1 */
} pvn_wtns;

/* Check the container and the head. `name` is for messages. ERR_FORMAT,
 * ERR_UNSUPPORTED (another field). */
provernet_status pvn_wtns_open(pvn_wtns *out, provernet_span file,
                               const char *name, provernet_error *err);
/* Value 0 is 1 and every value is below the group order r. ERR_FORMAT. */
provernet_status pvn_wtns_check(const pvn_wtns *w, const char *name,
                                provernet_error *err);

/* The two primes, little-endian, as all files of this family carry them. */
extern const uint8_t pvn_bn254_q_le32[32], pvn_bn254_r_le32[32];
/* a < m, both little-endian. */
bool pvn_le32_below(const uint8_t a[32], const uint8_t m[32]);
/* Check u32 n8 = 32 and a prime, as every head has them. */
provernet_status pvn_check_prime(const uint8_t *head36, const uint8_t *prime,
                                 const char *name, provernet_error *err);
#endif
