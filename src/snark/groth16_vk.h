/* snark/groth16_vk.h - a verification key taken apart, for the files that
 * verify and that write it. Includes base/ and snark/ only. */
#ifndef PVN_SNARK_GROTH16_VK_H
#define PVN_SNARK_GROTH16_VK_H
#include "snark/groth16.h"
#include "snark/pairing.h"

/* IC_i times 1..15, for sums by four bits at a time. */
enum { PVN_IC_TABLE = 15 };

/* Where the points stand in the canonical bytes. */
enum {
    PVN_VK_ALPHA = PVN_GROTH16_VK_HEAD,
    PVN_VK_BETA = PVN_VK_ALPHA + 64,
    PVN_VK_GAMMA = PVN_VK_BETA + 128,
    PVN_VK_DELTA = PVN_VK_GAMMA + 128,
    PVN_VK_IC = PVN_VK_DELTA + 128
};

struct provernet_groth16_vk {
    uint32_t publics;
    uint8_t hash32[32];
    uint8_t *bytes; /* canonical */
    size_t len;
    pvn_g1_affine alpha;
    pvn_g2_affine beta;
    /* Of one piece of memory, which beta_lines points to. */
    pvn_lines *beta_lines, *gamma_lines, *delta_lines;
    pvn_fq12 alpha_beta; /* e(alpha, beta) */
    pvn_g1_affine ic0;
    pvn_g1_affine *ic_table; /* publics x PVN_IC_TABLE */
};

/* Check the points of vk->bytes and fill in the rest of *vk, in the form of the
 * arithmetic that the file was compiled for, or in the best of this processor.
 * ERR_FORMAT, ERR_NOMEM. */
provernet_status pvn_groth16_vk_prepare(provernet_groth16_vk *vk,
                                        provernet_error *err);
provernet_status pvn_groth16_vk_prepare_here(provernet_groth16_vk *vk,
                                             provernet_error *err);

/* A proof taken apart. */
typedef struct pvn_proof_points {
    pvn_g1_affine a, c;
    pvn_g2_affine b;
} pvn_proof_points;

/* ERR_FORMAT: not canonical. ERR_PROOF_INVALID: a point is at infinity, not
 * on the curve or not in the subgroup. out may be NULL. */
provernet_status pvn_groth16_take_apart(pvn_proof_points *out,
                                        const provernet_groth16_proof *p,
                                        provernet_error *err);
/* out = IC_0 + sum k_i IC_i for publics plain scalars of 4 limbs. */
void pvn_groth16_ic_sum(pvn_g1 *out, const provernet_groth16_vk *vk,
                        const uint64_t (*k)[4]);
/* What the public functions do, in either form of the arithmetic, or (_here) in
 * the best of this processor. par: NULL, or a team of which two threads help.
 */
provernet_status pvn_groth16_check(const provernet_groth16_vk *vk,
                                   const provernet_groth16_proof *p,
                                   const uint8_t *publics32, size_t n,
                                   const pvn_par *par, provernet_error *err);
provernet_status pvn_groth16_check_here(const provernet_groth16_vk *vk,
                                        const provernet_groth16_proof *p,
                                        const uint8_t *publics32, size_t n,
                                        const pvn_par *par,
                                        provernet_error *err);
provernet_status pvn_groth16_check_many(const provernet_groth16_vk *vk,
                                        const provernet_groth16_proof *p,
                                        const uint8_t *publics32, size_t n,
                                        size_t *first_bad,
                                        provernet_error *err);
/* Two-call form of the public functions: gives b's text and frees b. */
provernet_status pvn_json_give(pvn_buf *b, char *buf, size_t cap, size_t *len);
#endif
