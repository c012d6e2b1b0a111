/* snark/pairing.h - the optimal ate pairing of BN254, exact exponent
 * (q^12 - 1)/r. Values; any thread; allocates nothing. Includes snark/ only.
 *
 * A point of G2 is first turned into the lines its Miller loop meets; points
 * that come again (a verification key's) keep theirs. */
#ifndef PVN_SNARK_PAIRING_H
#define PVN_SNARK_PAIRING_H
#include "snark/bn254/curve.h"
#include "snark/tower.h"

enum {
    PVN_PAIRING_LINES = 88, /* 65 doublings, 21 additions, 2 at the end */
    PVN_PAIRING_BATCH = 32  /* points that share their inversions */
};

/* The line of slope s through (x, y): s, and s x - y. */
typedef struct pvn_line {
    pvn_fq2 slope, offset;
} pvn_line;
typedef struct pvn_lines {
    pvn_line line[PVN_PAIRING_LINES];
} pvn_lines;

/* out[i] for q[i]; n at most PVN_PAIRING_BATCH. Every q must be of order r
 * (checked before): not at infinity. */
void pvn_pairing_lines(pvn_lines *out, const pvn_g2_affine *q, size_t n);

/* One pair: p in G1 (infinity counts as 1), q by its lines. */
typedef struct pvn_pair {
    pvn_g1_affine p;
    const pvn_lines *q;
} pvn_pair;

/* The product of the Miller loops of n pairs, before exponentiation.
 * `scratch` holds 2 n elements. */
void pvn_miller(pvn_fq12 *out, const pvn_pair *pair, size_t n, pvn_fq *scratch);
/* a^((q^12 - 1)/r); a is not 0. */
void pvn_final_exponentiation(pvn_fq12 *r, const pvn_fq12 *a);
#endif
