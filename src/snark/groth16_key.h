/* snark/groth16_key.h - a loaded proving key, for the files that load it and
 * prove with it. Includes base/ and snark/ only. */
#ifndef PVN_SNARK_GROTH16_KEY_H
#define PVN_SNARK_GROTH16_KEY_H
#include "snark/bn254/msm.h"
#include "snark/bn254/ntt.h"
#include "snark/bn254/work.h"
#include "snark/groth16.h"
#include "snark/rows.h"

struct pvn_groth16_key {
    pvn_pool pool; /* of the points */
    char name[64]; /* of the file, for messages */
    pvn_groth16_sizes sizes;
    const pvn_bn254_forms *forms; /* the points are packed for these */
    pvn_bases *a, *b1, *b2, *c, *h;
    pvn_domain *domain;
    pvn_rows rows;
    pvn_g1_affine alpha1, beta1, delta1;
    pvn_g2_affine beta2, delta2;
    provernet_groth16_vk *vk;
};

/* The sums of a proof: the witness over A, B1, B2 and C, the quotient over H.
 */
typedef struct pvn_groth16_sums {
    pvn_g1 a, b1, c, h;
    pvn_g2 b2;
} pvn_groth16_sums;

/* The points that they and r and s make, B or A and C, in the form of the
 * arithmetic that the file was compiled for, or in the best of this processor.
 */
void pvn_groth16_assemble(provernet_groth16_proof *out,
                          const pvn_groth16_key *k, const pvn_groth16_sums *sum,
                          const pvn_fr *r, const pvn_fr *s, bool g2);
void pvn_groth16_assemble_here(provernet_groth16_proof *out,
                               const pvn_groth16_key *k,
                               const pvn_groth16_sums *sum, const pvn_fr *r,
                               const pvn_fr *s, bool g2);

/* Memory of one proof for so many wires and such a domain. */
uint64_t pvn_groth16_proof_need(uint64_t wires, uint64_t domain);
#endif
