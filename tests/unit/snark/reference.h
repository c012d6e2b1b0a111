/* tests/unit/snark/reference.h - Groth16 written down from the formulas, with
 * its own slow numbers: naive loops, double-and-add, O(n^2) sums. It shares
 * no arithmetic with the library. */
#ifndef TESTS_SNARK_REFERENCE_H
#define TESTS_SNARK_REFERENCE_H
#include <provernet/groth16.h>

/* Fails the test when the files are not those of one circuit. r and s are
 * big-endian and below the group order. */
void reference_prove(provernet_groth16_proof *out, provernet_span zkey,
                     provernet_span wtns, const uint8_t r32[32],
                     const uint8_t s32[32]);
#endif
