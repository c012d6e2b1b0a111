/* snark/groth16_prepare.c - the points of a verification key, checked, and what
 * every verification needs of them. Includes base/ and snark/ only.
 *
 * Compiled twice, see groth16_adx.c and groth16_pick.c. */
#include "base/error.h"
#include "snark/groth16_vk.h"
#include "snark/points.h"
#include <sodium.h>
#include <stdlib.h>

enum { G1_BYTES = 64 };

static provernet_status bad_point(const char *name, const char *why,
                                  provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "the verification key is not usable: %s %s\nhelp: export "
                    "it again from the .zkey",
                    name, why);
}

static provernet_status take_g1(pvn_g1_affine *out, const uint8_t *in,
                                const char *name, bool infinity_is_fine,
                                provernet_error *err)
{
    if (!pvn_g1_from_eip(out, in))
        return bad_point(name, "has a coordinate that is not reduced", err);
    if (pvn_g1_affine_is_zero(out))
        return infinity_is_fine ? PROVERNET_OK
                                : bad_point(name, "is at infinity", err);
    return pvn_g1_on_curve(out) ? PROVERNET_OK
                                : bad_point(name, "is not on the curve", err);
}

static provernet_status take_g2(pvn_g2_affine *out, const uint8_t *in,
                                const char *name, provernet_error *err)
{
    if (!pvn_g2_from_eip(out, in))
        return bad_point(name, "has a coordinate that is not reduced", err);
    if (pvn_g2_affine_is_zero(out))
        return bad_point(name, "is at infinity", err);
    if (!pvn_g2_on_curve(out))
        return bad_point(name, "is not on the curve", err);
    if (!pvn_g2_in_subgroup(out))
        return bad_point(name, "is not in the subgroup of order r", err);
    return PROVERNET_OK;
}

/* beta, gamma and delta: one inversion serves a step of all three. */
static provernet_status take_all_g2(provernet_groth16_vk *vk,
                                    provernet_error *err)
{
    pvn_g2_affine q[3];
    provernet_status s;

    s = take_g2(&q[0], vk->bytes + PVN_VK_BETA, "beta", err);
    if (!s)
        s = take_g2(&q[1], vk->bytes + PVN_VK_GAMMA, "gamma", err);
    if (!s)
        s = take_g2(&q[2], vk->bytes + PVN_VK_DELTA, "delta", err);
    if (s)
        return s;
    vk->beta = q[0];
    vk->beta_lines = malloc(3 * sizeof *vk->beta_lines);
    if (!vk->beta_lines)
        return pvn_nomem(err);
    vk->gamma_lines = vk->beta_lines + 1;
    vk->delta_lines = vk->beta_lines + 2;
    pvn_pairing_lines(vk->beta_lines, q, 3);
    return PROVERNET_OK;
}

/* Multiples 1..15 of one IC point. */
static provernet_status fill_table(pvn_g1_affine *table, const pvn_g1_affine *p,
                                   provernet_error *err)
{
    pvn_g1 multiple[PVN_IC_TABLE];

    pvn_g1_from_affine(&multiple[0], p);
    for (int i = 1; i < PVN_IC_TABLE; i++)
        pvn_g1_add_affine(&multiple[i], &multiple[i - 1], p);
    if (!pvn_g1_to_affine_many(table, multiple, PVN_IC_TABLE))
        return pvn_nomem(err);
    return PROVERNET_OK;
}

static provernet_status take_ic(provernet_groth16_vk *vk, provernet_error *err)
{
    const uint8_t *in = vk->bytes + PVN_VK_IC;
    provernet_status s = take_g1(&vk->ic0, in, "IC", true, err);
    pvn_g1_affine p;

    if (s || vk->publics == 0)
        return s;
    vk->ic_table = calloc(vk->publics, PVN_IC_TABLE * sizeof *vk->ic_table);
    if (!vk->ic_table)
        return pvn_nomem(err);
    for (size_t i = 0; !s && i < vk->publics; i++) {
        s = take_g1(&p, in + G1_BYTES * (i + 1), "IC", true, err);
        if (!s)
            s = fill_table(vk->ic_table + i * PVN_IC_TABLE, &p, err);
    }
    return s;
}

/* All points of vk->bytes, checked and prepared. */
provernet_status pvn_groth16_vk_prepare(provernet_groth16_vk *vk,
                                        provernet_error *err)
{
    pvn_pair pair;
    pvn_fq scratch[2];
    provernet_status s;

    s = take_g1(&vk->alpha, vk->bytes + PVN_VK_ALPHA, "alpha", false, err);
    if (!s)
        s = take_all_g2(vk, err);
    if (!s)
        s = take_ic(vk, err);
    if (s)
        return s;
    pair = (pvn_pair){ vk->alpha, vk->beta_lines };
    pvn_miller(&vk->alpha_beta, &pair, 1, scratch);
    pvn_final_exponentiation(&vk->alpha_beta, &vk->alpha_beta);
    crypto_hash_sha256(vk->hash32, vk->bytes, vk->len);
    return PROVERNET_OK;
}
