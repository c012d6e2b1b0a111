/* snark/groth16_assemble.c - from the five sums to the three points of a proof.
 * Includes base/ and snark/ only.
 *
 * Compiled twice, see groth16_adx.c and groth16_pick.c. */
#include "snark/groth16_key.h"
#include "snark/points.h"
#include <sodium.h>

enum { MULTIPLES = 16 };

/* *out = sum k_i a_i over n <= 3 points, four bits of every k at a time. */
static void sum_of_multiples(pvn_g1 *out, const pvn_g1 *a, const pvn_fr *k,
                             size_t n)
{
    pvn_g1 table[3][MULTIPLES];
    uint64_t plain[3][4];

    for (size_t i = 0; i < n; i++) {
        pvn_fr_to_plain(plain[i], &k[i]);
        pvn_g1_zero(&table[i][0]);
        for (int m = 1; m < MULTIPLES; m++)
            pvn_g1_add(&table[i][m], &table[i][m - 1], &a[i]);
    }
    pvn_g1_zero(out);
    for (int d = 63; d >= 0; d--) {
        for (int t = 0; d < 63 && t < 4; t++)
            pvn_g1_dbl(out, out);
        for (size_t i = 0; i < n; i++)
            pvn_g1_add(out, out,
                       &table[i][plain[i][d / 16] >> d % 16 * 4 & 15]);
    }
    sodium_memzero(plain, sizeof plain);
}

/* A = alpha + sum A + r delta. With B1 = beta + sum B1 + s delta, C is
 * sum C + sum H + s A + r B1 - r s delta, which is
 * sum C + sum H + s (alpha + sum A) + r (beta + sum B1) + r s delta. */
static void assemble_g1(provernet_groth16_proof *out, const pvn_groth16_key *k,
                        const pvn_groth16_sums *sum, const pvn_fr *r,
                        const pvn_fr *s)
{
    pvn_fr factor[3] = { *s, *r };
    pvn_g1 point[3], a, c;
    pvn_g1_affine g1;

    pvn_g1_add_affine(&point[0], &sum->a, &k->alpha1);
    pvn_g1_add_affine(&point[1], &sum->b1, &k->beta1);
    pvn_g1_from_affine(&point[2], &k->delta1);
    pvn_fr_mul(&factor[2], r, s);
    sum_of_multiples(&c, point, factor, 3);
    pvn_g1_add(&c, &c, &sum->c);
    pvn_g1_add(&c, &c, &sum->h);
    sum_of_multiples(&a, &point[2], r, 1);
    pvn_g1_add(&a, &a, &point[0]);
    pvn_g1_to_affine(&g1, &a);
    pvn_g1_to_eip(out->a64, &g1);
    pvn_g1_to_affine(&g1, &c);
    pvn_g1_to_eip(out->c64, &g1);
    sodium_memzero(factor, sizeof factor);
}

/* B = beta + sum B + s delta */
static void assemble_g2(provernet_groth16_proof *out, const pvn_groth16_key *k,
                        const pvn_groth16_sums *sum, const pvn_fr *s)
{
    pvn_g2 b, delta;
    pvn_g2_affine g2;

    pvn_g2_from_affine(&delta, &k->delta2);
    pvn_g2_mul_fr(&delta, &delta, s);
    pvn_g2_add_affine(&b, &sum->b2, &k->beta2);
    pvn_g2_add(&b, &b, &delta);
    pvn_g2_to_affine(&g2, &b);
    pvn_g2_to_eip(out->b128, &g2);
}

void pvn_groth16_assemble(provernet_groth16_proof *out,
                          const pvn_groth16_key *k, const pvn_groth16_sums *sum,
                          const pvn_fr *r, const pvn_fr *s, bool g2)
{
    if (g2)
        assemble_g2(out, k, sum, s);
    else
        assemble_g1(out, k, sum, r, s);
}
