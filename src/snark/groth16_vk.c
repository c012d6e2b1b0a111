/* snark/groth16_vk.c - verification keys: from bytes, from a .zkey, from
 * JSON, and prepared for many verifications. Includes base/ and snark/ only.
 */
#include "snark/groth16_vk.h"
#include "base/error.h"
#include "snark/binfile.h"
#include "snark/json.h"
#include "snark/points.h"
#include "snark/zkey.h"
#include <sodium.h>
#include <stdlib.h>

enum {
    G1 = 64,
    G2 = 128,
    HEAD = PVN_GROTH16_VK_HEAD,
    AT_ALPHA = PVN_VK_ALPHA,
    AT_BETA = PVN_VK_BETA,
    AT_GAMMA = PVN_VK_GAMMA,
    AT_DELTA = PVN_VK_DELTA,
    AT_IC = PVN_VK_IC
};

void provernet_groth16_vk_free(provernet_groth16_vk *vk)
{
    if (!vk)
        return;
    free(vk->bytes);
    free(vk->beta_lines);
    free(vk->ic_table);
    free(vk);
}

void provernet_groth16_vk_hash(const provernet_groth16_vk *vk,
                               uint8_t hash32[32])
{
    memcpy(hash32, vk->hash32, 32);
}

provernet_status provernet_groth16_vk_bytes(const provernet_groth16_vk *vk,
                                            uint8_t *buf, size_t cap,
                                            size_t *len)
{
    *len = vk->len;
    if (cap < vk->len)
        return PROVERNET_ERR_LIMIT;
    memcpy(buf, vk->bytes, vk->len);
    return PROVERNET_OK;
}

size_t provernet_groth16_vk_publics(const provernet_groth16_vk *vk)
{
    return vk->publics;
}

provernet_span pvn_groth16_vk_bytes(const provernet_groth16_vk *vk)
{
    return (provernet_span){ vk->bytes, vk->len };
}

/* Takes `bytes` over, whatever happens. */
static provernet_status vk_new(provernet_groth16_vk **out, uint8_t *bytes,
                               size_t len, uint32_t publics,
                               provernet_error *err)
{
    provernet_groth16_vk *vk = calloc(1, sizeof *vk);
    provernet_status s;

    if (!vk) {
        free(bytes);
        return pvn_nomem(err);
    }
    vk->bytes = bytes;
    vk->len = len;
    vk->publics = publics;
    s = pvn_groth16_vk_prepare_here(vk, err);
    if (s)
        provernet_groth16_vk_free(vk);
    else
        *out = vk;
    return s;
}

/* Room for a key of so many signals with its head written; NULL: no memory. */
static uint8_t *vk_bytes_new(uint32_t publics, size_t *len)
{
    uint8_t *b;

    *len = AT_IC + (size_t)G1 * ((size_t)publics + 1);
    b = calloc(1, *len);
    if (!b)
        return NULL;
    memcpy(b, PVN_GROTH16_VK_TEXT, HEAD - 4);
    pvn_put_u32be(b + HEAD - 4, publics);
    return b;
}

provernet_status pvn_groth16_vk_from_bytes(provernet_groth16_vk **out,
                                           provernet_span bytes,
                                           provernet_error *err)
{
    const uint8_t *in = bytes.data;
    uint32_t publics;
    uint8_t *copy;

    if (bytes.len < AT_IC + G1 ||
        memcmp(in, PVN_GROTH16_VK_TEXT, HEAD - 4) != 0)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the verification key does not start with \"%s\", or "
                        "is shorter than %d bytes: it has %zu",
                        PVN_GROTH16_VK_TEXT, AT_IC + G1, bytes.len);
    publics = pvn_get_u32be(in + HEAD - 4);
    if (bytes.len != AT_IC + G1 * ((uint64_t)publics + 1))
        return pvn_fail(
            err, PROVERNET_ERR_FORMAT, 0,
            "the verification key of %u public signals must have "
            "%llu bytes, it has %zu",
            publics, (unsigned long long)(AT_IC + G1 * ((uint64_t)publics + 1)),
            bytes.len);
    copy = malloc(bytes.len);
    if (!copy)
        return pvn_nomem(err);
    memcpy(copy, in, bytes.len);
    return vk_new(out, copy, bytes.len, publics, err);
}

static bool g1_of_zkey(uint8_t out[G1], const uint8_t in[G1])
{
    pvn_g1_affine p;

    if (!pvn_g1_from_mont_le(&p, in))
        return false;
    pvn_g1_to_eip(out, &p);
    return true;
}

static bool g2_of_zkey(uint8_t out[G2], const uint8_t in[G2])
{
    pvn_g2_affine p;

    if (!pvn_g2_from_mont_le(&p, in))
        return false;
    pvn_g2_to_eip(out, &p);
    return true;
}

provernet_status pvn_groth16_vk_from_zkey(provernet_groth16_vk **out,
                                          const pvn_source *zkey,
                                          provernet_error *err)
{
    provernet_status s;
    uint8_t *b, *ic;
    pvn_zkey z;
    size_t len;
    bool fine;

    s = pvn_zkey_open(&z, zkey, err);
    if (s)
        return s;
    b = vk_bytes_new(z.publics, &len);
    if (!b)
        return pvn_nomem(err);
    ic = b + AT_IC; /* read in place, then each point rewritten in place */
    s = pvn_source_read(zkey, z.ic, ic, len - AT_IC, err);
    if (s) {
        free(b);
        return s;
    }
    fine = g1_of_zkey(b + AT_ALPHA, z.head + PVN_ZKEY_ALPHA1) &&
           g2_of_zkey(b + AT_BETA, z.head + PVN_ZKEY_BETA2) &&
           g2_of_zkey(b + AT_GAMMA, z.head + PVN_ZKEY_GAMMA2) &&
           g2_of_zkey(b + AT_DELTA, z.head + PVN_ZKEY_DELTA2);
    for (uint64_t i = 0; fine && i <= z.publics; i++)
        fine = g1_of_zkey(ic + G1 * i, ic + G1 * i);
    if (!fine) {
        free(b);
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: a point of the verification key has a coordinate "
                        "that is not reduced\nhelp: the file is damaged; copy "
                        "it again",
                        zkey->name);
    }
    return vk_new(out, b, len, z.publics, err);
}

static provernet_status read_ic(uint8_t *out, const json_t *ic, size_t n,
                                provernet_error *err)
{
    provernet_status s = PROVERNET_OK;

    for (size_t i = 0; !s && i < n; i++)
        s = pvn_json_g1(out + G1 * i, json_array_get(ic, i), "a point of IC",
                        err);
    return s;
}

static provernet_status read_vk(provernet_groth16_vk **out, const json_t *v,
                                provernet_error *err)
{
    static const char *const what = "the verification key";
    const json_t *count, *alpha, *beta, *gamma, *delta, *ic;
    provernet_status s;
    uint8_t *b;
    size_t n, len;

    if (!json_is_object(v))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s is not a JSON object\nhelp: make it with \"snarkjs "
                        "zkey export verificationkey\"",
                        what);
    s = pvn_json_expect(v, "protocol", "groth16", what, err);
    if (!s)
        s = pvn_json_expect(v, "curve", "bn128", what, err);
    if (s)
        return s;
    if (!(count = pvn_json_get(v, "nPublic", what, err)) ||
        !(alpha = pvn_json_get(v, "vk_alpha_1", what, err)) ||
        !(beta = pvn_json_get(v, "vk_beta_2", what, err)) ||
        !(gamma = pvn_json_get(v, "vk_gamma_2", what, err)) ||
        !(delta = pvn_json_get(v, "vk_delta_2", what, err)) ||
        !(ic = pvn_json_get(v, "IC", what, err)))
        return PROVERNET_ERR_FORMAT;
    n = json_array_size(ic);
    if (n == 0 || n > UINT32_MAX || !json_is_integer(count) ||
        json_integer_value(count) != (json_int_t)n - 1)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s: \"nPublic\" must be one less than the number of "
                        "points in \"IC\", which is %zu",
                        what, n);
    b = vk_bytes_new((uint32_t)(n - 1), &len);
    if (!b)
        return pvn_nomem(err);
    s = pvn_json_g1(b + AT_ALPHA, alpha, "vk_alpha_1", err);
    if (!s)
        s = pvn_json_g2(b + AT_BETA, beta, "vk_beta_2", err);
    if (!s)
        s = pvn_json_g2(b + AT_GAMMA, gamma, "vk_gamma_2", err);
    if (!s)
        s = pvn_json_g2(b + AT_DELTA, delta, "vk_delta_2", err);
    if (!s)
        s = read_ic(b + AT_IC, ic, n, err);
    if (s) {
        free(b);
        return s;
    }
    return vk_new(out, b, len, (uint32_t)(n - 1), err);
}

provernet_status provernet_groth16_vk_parse(provernet_groth16_vk **out,
                                            provernet_span json,
                                            provernet_error *err)
{
    provernet_status s;
    json_t *v;

    s = pvn_json_load(&v, json, PVN_JSON_MAX_BYTES, "the verification key",
                      err);
    if (s)
        return s;
    s = read_vk(out, v, err);
    json_decref(v);
    return s;
}

/* snarkjs's last pairing step raises to a multiple of the exact exponent:
 * times 2z (6z^2 + 3z + 1), here in limbs. Nobody reads the value back, but
 * files should be equal byte for byte. */
static const uint64_t snarkjs_factor[3] = { 0x2e5d4e223ddedaf4u,
                                            0x1ea96b02d9d9e38du,
                                            0x3bec47df15e307c8u };

static void put_fq2(pvn_json_out *o, const pvn_fq2 *a)
{
    uint8_t be[32];

    pvn_json_open(o, NULL, '[');
    pvn_fq_to_be(be, &a->c0);
    pvn_json_number(o, NULL, be);
    pvn_fq_to_be(be, &a->c1);
    pvn_json_number(o, NULL, be);
    pvn_json_close(o, ']');
}

static void put_fq6(pvn_json_out *o, const pvn_fq6 *a)
{
    pvn_json_open(o, NULL, '[');
    put_fq2(o, &a->a0);
    put_fq2(o, &a->a1);
    put_fq2(o, &a->a2);
    pvn_json_close(o, ']');
}

bool pvn_groth16_vk_json(const provernet_groth16_vk *vk, pvn_buf *b)
{
    pvn_json_out o = { .b = b };
    pvn_fq12 ab;

    pvn_fq12_pow(&ab, &vk->alpha_beta, snarkjs_factor, 3);
    pvn_json_open(&o, NULL, '{');
    pvn_json_text(&o, "protocol", "groth16");
    pvn_json_text(&o, "curve", "bn128");
    pvn_json_count(&o, "nPublic", vk->publics);
    pvn_json_put_g1(&o, "vk_alpha_1", vk->bytes + AT_ALPHA);
    pvn_json_put_g2(&o, "vk_beta_2", vk->bytes + AT_BETA);
    pvn_json_put_g2(&o, "vk_gamma_2", vk->bytes + AT_GAMMA);
    pvn_json_put_g2(&o, "vk_delta_2", vk->bytes + AT_DELTA);
    pvn_json_open(&o, "vk_alphabeta_12", '[');
    put_fq6(&o, &ab.c0);
    put_fq6(&o, &ab.c1);
    pvn_json_close(&o, ']');
    pvn_json_open(&o, "IC", '[');
    for (uint64_t i = 0; i <= vk->publics; i++)
        pvn_json_put_g1(&o, NULL, vk->bytes + AT_IC + G1 * i);
    pvn_json_close(&o, ']');
    pvn_json_close(&o, '}');
    return !b->failed;
}
