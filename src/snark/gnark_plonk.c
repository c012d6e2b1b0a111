/* snark/gnark_plonk.c - is a gnark PLONK proof valid? Includes base/ and
 * snark/ only.
 *
 * The protocol is PLONK (Gabizon, Williamson and Ciobotaru, 2019) with one
 * committed wire (BSB22) and KZG openings folded into one pairing check. What
 * is gnark's own is how the challenges are drawn: SHA-256 over a name, the
 * challenge before, and what is bound to it. */
#include "base/error.h"
#include "snark/decimal.h"
#include "snark/gnark.h"
#include "snark/pairing.h"
#include "snark/points.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { G1 = 64, FR = 32, PUBLICS_MAX = 16 };

enum { /* offsets in the key */
       KEY_SIZE = 0,
       KEY_SIZE_INV = 8,
       KEY_GENERATOR = 40,
       KEY_PUBLICS = 72,
       KEY_SHIFT = 80,
       KEY_POINTS = 112, /* s1 s2 s3 ql qr qm qo qk */
       KEY_COMMITMENTS = 368,
       KEY_QCP = 372,
       KEY_G1 = 404,
       KEY_G2 = 436
};
enum { S1, S2, S3, QL, QR, QM, QO, QK, QCP, KEY_POINTS_LEN };

enum { /* offsets in the proof */
       AT_WIRES = 0,
       AT_H = 192,
       AT_VALUES = 384, /* l r o s1 s2 */
       AT_Z = 544,
       AT_ZU = 608,
       AT_OPENING = 640,
       AT_OPENING_SHIFTED = 704,
       AT_QC = 768,
       AT_COMMITMENT = 800
};
enum { /* points of the proof, in the order of `at` below */
       WL,
       WR,
       WO,
       H0,
       H1,
       H2,
       Z,
       OPENING,
       SHIFTED,
       COMMITMENT,
       PROOF_POINTS_LEN
};
enum { VL, VR, VO, VS1, VS2, VQC, VALUES_LEN };

typedef struct pvn_gnark_plonk_key {
    uint64_t size, publics, commitment_index;
    pvn_fr size_inv, generator, shift;
    pvn_g1_affine point[KEY_POINTS_LEN], g1;
    pvn_g2_affine g2[2]; /* 1 and tau */
    pvn_lines lines[2];  /* of g2 */
} key;

typedef struct proof {
    pvn_g1_affine point[PROOF_POINTS_LEN];
    pvn_fr value[VALUES_LEN], zu;
} proof;

typedef struct challenges {
    pvn_fr gamma, beta, alpha, zeta;
    uint8_t last32[32]; /* of zeta, as hashed */
} challenges;

/* ---- reading ---- */

static provernet_status bad_key(provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "this is not gnark's PLONK key over BN254 with one "
                    "commitment");
}

provernet_status pvn_gnark_plonk_vk_read(pvn_gnark_plonk_vk *out,
                                         pvn_bytes bytes, provernet_error *err)
{
    size_t tail = PVN_GNARK_PLONK_HEAD + PVN_GNARK_PLONK_LINES;

    if (bytes.len != tail + 12 || pvn_get_u32be(bytes.data + tail) != 1)
        return bad_key(err);
    out->head = pvn_bytes_of(bytes.data, PVN_GNARK_PLONK_HEAD);
    out->commitment_index = pvn_get_u64be(bytes.data + tail + 4);
    return PROVERNET_OK;
}

static bool read_key_points(key *k, const uint8_t *in)
{
    for (int i = S1; i <= QK; i++)
        if (!pvn_g1_from_gnark(&k->point[i], in + KEY_POINTS + 32 * i))
            return false;
    return pvn_g1_from_gnark(&k->point[QCP], in + KEY_QCP) &&
           pvn_g1_from_gnark(&k->g1, in + KEY_G1) &&
           pvn_g2_from_gnark(&k->g2[0], in + KEY_G2) &&
           pvn_g2_from_gnark(&k->g2[1], in + KEY_G2 + 64) &&
           !pvn_g2_affine_is_zero(&k->g2[0]) &&
           !pvn_g2_affine_is_zero(&k->g2[1]) && pvn_g2_in_subgroup(&k->g2[0]) &&
           pvn_g2_in_subgroup(&k->g2[1]);
}

static provernet_status read_key(key *k, const pvn_gnark_plonk_vk *vk,
                                 provernet_error *err)
{
    const uint8_t *in = vk->head.data;

    if (vk->head.len != PVN_GNARK_PLONK_HEAD ||
        pvn_get_u32be(in + KEY_COMMITMENTS) != 1)
        return bad_key(err);
    k->size = pvn_get_u64be(in + KEY_SIZE);
    k->publics = pvn_get_u64be(in + KEY_PUBLICS);
    k->commitment_index = vk->commitment_index;
    if (k->size == 0 || k->size >> 32 || k->publics > PUBLICS_MAX ||
        k->commitment_index >= k->size ||
        !pvn_fr_from_be(&k->size_inv, in + KEY_SIZE_INV) ||
        !pvn_fr_from_be(&k->generator, in + KEY_GENERATOR) ||
        !pvn_fr_from_be(&k->shift, in + KEY_SHIFT) || !read_key_points(k, in))
        return bad_key(err);
    pvn_pairing_lines(k->lines, k->g2, 2);
    return PROVERNET_OK;
}

provernet_status pvn_gnark_plonk_key_new(pvn_gnark_plonk_key **out,
                                         const pvn_gnark_plonk_vk *vk,
                                         provernet_error *err)
{
    key *k = malloc(sizeof *k);
    provernet_status rc = k ? read_key(k, vk, err) : pvn_nomem(err);

    *out = rc == PROVERNET_OK ? k : NULL;
    if (rc)
        free(k);
    return rc;
}

void pvn_gnark_plonk_key_free(pvn_gnark_plonk_key *k)
{
    free(k);
}

static provernet_status read_proof(proof *p, pvn_bytes in, provernet_error *err)
{
    static const uint16_t at[PROOF_POINTS_LEN] = {
        AT_WIRES,     AT_WIRES + G1, AT_WIRES + 2 * G1,
        AT_H,         AT_H + G1,     AT_H + 2 * G1,
        AT_Z,         AT_OPENING,    AT_OPENING_SHIFTED,
        AT_COMMITMENT
    };

    if (in.len != PVN_GNARK_PLONK_PROOF)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "a PLONK proof of gnark with one commitment has %d "
                        "bytes, this has %zu",
                        PVN_GNARK_PLONK_PROOF, in.len);
    for (int i = 0; i < PROOF_POINTS_LEN; i++)
        if (!pvn_g1_from_eip(&p->point[i], in.data + at[i]) ||
            !pvn_g1_on_curve(&p->point[i]))
            return pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                            "the proof is not valid: point %d is not on the "
                            "curve",
                            i);
    for (int i = VL; i <= VS2; i++)
        if (!pvn_fr_from_be(&p->value[i], in.data + AT_VALUES + FR * i))
            goto large;
    if (pvn_fr_from_be(&p->value[VQC], in.data + AT_QC) &&
        pvn_fr_from_be(&p->zu, in.data + AT_ZU))
        return PROVERNET_OK;
large:
    return pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                    "the proof is not valid: a value is not below the group "
                    "order");
}

/* ---- challenges ---- */

typedef crypto_hash_sha256_state hash;

static void add(hash *h, const void *data, size_t len)
{
    crypto_hash_sha256_update(h, data, len);
}

static void add_point(hash *h, const pvn_g1_affine *p)
{
    uint8_t b[G1];

    pvn_g1_to_eip(b, p);
    add(h, b, sizeof b);
}

static void add_fr(hash *h, const pvn_fr *v)
{
    uint8_t b[FR];

    pvn_fr_to_be(b, v);
    add(h, b, sizeof b);
}

/* Big-endian bytes of any length up to 64, modulo r. */
static void reduce(pvn_fr *out, const uint8_t *be, size_t len)
{
    uint8_t wide[64] = { 0 };

    for (size_t i = 0; i < len; i++)
        wide[i] = be[len - 1 - i];
    pvn_fr_from_wide_le(out, wide);
}

static void begin(hash *h, const char *name, const uint8_t *before32)
{
    crypto_hash_sha256_init(h);
    add(h, name, strlen(name));
    if (before32)
        add(h, before32, 32);
}

static void draw(hash *h, uint8_t out32[32], pvn_fr *out)
{
    crypto_hash_sha256_final(h, out32);
    reduce(out, out32, 32);
}

static void draw_challenges(challenges *c, const key *k, const proof *p,
                            const pvn_fr *publics)
{
    hash h;

    begin(&h, "gamma", NULL);
    for (int i = S1; i <= QCP; i++)
        add_point(&h, &k->point[i]);
    for (uint64_t i = 0; i < k->publics; i++)
        add_fr(&h, &publics[i]);
    for (int i = WL; i <= WO; i++)
        add_point(&h, &p->point[i]);
    draw(&h, c->last32, &c->gamma);
    begin(&h, "beta", c->last32);
    draw(&h, c->last32, &c->beta);
    begin(&h, "alpha", c->last32);
    add_point(&h, &p->point[COMMITMENT]);
    add_point(&h, &p->point[Z]);
    draw(&h, c->last32, &c->alpha);
    begin(&h, "zeta", c->last32);
    for (int i = H0; i <= H2; i++)
        add_point(&h, &p->point[i]);
    draw(&h, c->last32, &c->zeta);
}

/* The committed wire's value: expand_message_xmd of RFC 9380 with SHA-256, 48
 * bytes, modulo r. */
static void hash_commitment(pvn_fr *out, const pvn_g1_affine *p)
{
    static const char tag[] = "BSB22-Plonk\x0b"; /* with its length */
    static const uint8_t pad[64] = { 0 }, length[3] = { 0, 48, 0 };
    uint8_t b0[32], b1[32], wide[64];
    hash h;

    crypto_hash_sha256_init(&h);
    add(&h, pad, sizeof pad);
    add_point(&h, p);
    add(&h, length, sizeof length);
    add(&h, tag, sizeof tag - 1);
    crypto_hash_sha256_final(&h, b0);
    crypto_hash_sha256_init(&h);
    add(&h, b0, sizeof b0);
    add(&h, "\x01", 1);
    add(&h, tag, sizeof tag - 1);
    crypto_hash_sha256_final(&h, b1);
    memcpy(wide, b1, 32);
    for (int i = 0; i < 32; i++)
        b0[i] ^= b1[i];
    crypto_hash_sha256_init(&h);
    add(&h, b0, sizeof b0);
    add(&h, "\x02", 1);
    add(&h, tag, sizeof tag - 1);
    crypto_hash_sha256_final(&h, wide + 32);
    reduce(out, wide, 48);
}

/* ---- the equation ---- */

static void power(pvn_fr *r, const pvn_fr *a, uint64_t e)
{
    const uint64_t limbs[4] = { e, 0, 0, 0 };

    pvn_fr_pow(r, a, limbs);
}

/* L_i(zeta) = w^i (zeta^n - 1)/(n (zeta - w^i)); false: zeta is w^i. */
static bool lagrange(pvn_fr *r, const key *k, const challenges *c,
                     const pvn_fr *zh, uint64_t i)
{
    pvn_fr w, d;

    power(&w, &k->generator, i);
    pvn_fr_sub(&d, &c->zeta, &w);
    if (pvn_fr_is_zero(&d))
        return false;
    pvn_fr_inv(&d, &d);
    pvn_fr_mul(r, zh, &w);
    pvn_fr_mul(r, r, &d);
    pvn_fr_mul(r, r, &k->size_inv);
    return true;
}

/* The public part of the constraints at zeta, the commitment included. */
static bool public_part(pvn_fr *r, const key *k, const proof *p,
                        const challenges *c, const pvn_fr *zh,
                        const pvn_fr *publics)
{
    pvn_fr l, v;

    pvn_fr_zero(r);
    for (uint64_t i = 0; i < k->publics; i++) {
        if (!lagrange(&l, k, c, zh, i))
            return false;
        pvn_fr_mul(&l, &l, &publics[i]);
        pvn_fr_add(r, r, &l);
    }
    if (!lagrange(&l, k, c, zh, k->publics + k->commitment_index))
        return false;
    hash_commitment(&v, &p->point[COMMITMENT]);
    pvn_fr_mul(&l, &l, &v);
    pvn_fr_add(r, r, &l);
    return true;
}

/* a + beta b + gamma */
static void wire_term(pvn_fr *r, const pvn_fr *a, const pvn_fr *b,
                      const challenges *c)
{
    pvn_fr t;

    pvn_fr_mul(&t, &c->beta, b);
    pvn_fr_add(&t, &t, a);
    pvn_fr_add(r, &t, &c->gamma);
}

static void add_scaled(pvn_g1 *sum, const pvn_g1_affine *p, const pvn_fr *k)
{
    pvn_g1 t;

    pvn_g1_from_affine(&t, p);
    pvn_g1_mul_fr(&t, &t, k);
    pvn_g1_add(sum, sum, &t);
}

/* What the linearised polynomial must be at zeta, and its commitment. */
static bool linearise(pvn_fr *value, pvn_g1_affine *digest, const key *k,
                      const proof *p, const challenges *c,
                      const pvn_fr *publics)
{
    const pvn_fr *v = p->value;
    pvn_fr zn, zh, part, first, t, u, ls1, rs2, constant, on_s3, on_z;
    pvn_g1 sum;

    power(&zn, &c->zeta, k->size);
    pvn_fr_sub(&zh, &zn, &pvn_fr_one);
    if (!public_part(&part, k, p, c, &zh, publics) ||
        !lagrange(&first, k, c, &zh, 0))
        return false;
    pvn_fr_mul(&first, &first, &c->alpha);
    pvn_fr_mul(&first, &first, &c->alpha); /* alpha^2 L_0(zeta) */

    /* -(PI - alpha^2 L_0 + alpha (l + beta s1 + gamma)(r + beta s2 + gamma)
     * (o + gamma) z(w zeta)) */
    wire_term(&ls1, &v[VL], &v[VS1], c);
    wire_term(&rs2, &v[VR], &v[VS2], c);
    pvn_fr_mul(&t, &ls1, &rs2);
    pvn_fr_mul(&t, &t, &c->alpha);
    pvn_fr_mul(&t, &t, &p->zu);
    pvn_fr_mul(&on_s3, &t, &c->beta);
    pvn_fr_add(&u, &v[VO], &c->gamma);
    pvn_fr_mul(&constant, &t, &u);
    pvn_fr_sub(&constant, &constant, &first);
    pvn_fr_add(&constant, &constant, &part);
    pvn_fr_neg(value, &constant);

    /* alpha^2 L_0 - alpha (l + beta zeta + gamma)(r + beta u zeta + gamma)
     * (o + beta u^2 zeta + gamma) */
    wire_term(&on_z, &v[VL], &c->zeta, c);
    pvn_fr_mul(&u, &c->zeta, &k->shift);
    wire_term(&t, &v[VR], &u, c);
    pvn_fr_mul(&on_z, &on_z, &t);
    pvn_fr_mul(&u, &u, &k->shift);
    wire_term(&t, &v[VO], &u, c);
    pvn_fr_mul(&on_z, &on_z, &t);
    pvn_fr_mul(&on_z, &on_z, &c->alpha);
    pvn_fr_sub(&on_z, &first, &on_z);

    pvn_g1_from_affine(&sum, &k->point[QK]);
    add_scaled(&sum, &p->point[COMMITMENT], &v[VQC]);
    add_scaled(&sum, &k->point[QL], &v[VL]);
    add_scaled(&sum, &k->point[QR], &v[VR]);
    pvn_fr_mul(&t, &v[VL], &v[VR]);
    add_scaled(&sum, &k->point[QM], &t);
    add_scaled(&sum, &k->point[QO], &v[VO]);
    add_scaled(&sum, &k->point[S3], &on_s3);
    add_scaled(&sum, &p->point[Z], &on_z);
    /* -(zeta^n - 1)(H0 + zeta^(n+2) H1 + zeta^(2n+4) H2) */
    pvn_fr_sqr(&t, &c->zeta);
    pvn_fr_mul(&t, &t, &zn);
    pvn_fr_neg(&u, &zh);
    add_scaled(&sum, &p->point[H0], &u);
    pvn_fr_mul(&u, &u, &t);
    add_scaled(&sum, &p->point[H1], &u);
    pvn_fr_mul(&u, &u, &t);
    add_scaled(&sum, &p->point[H2], &u);
    pvn_g1_to_affine(digest, &sum);
    return true;
}

/* All openings at zeta folded into one: its commitment and value. */
typedef struct folded {
    pvn_g1_affine digest;
    pvn_fr value, weight;
} folded;

enum { OPENED = 7 };

static void fold(folded *f, const key *k, const proof *p, const challenges *c,
                 const pvn_fr *constant, const pvn_g1_affine *linear)
{
    const pvn_g1_affine *digest[OPENED] = { linear,        &p->point[WL],
                                            &p->point[WR], &p->point[WO],
                                            &k->point[S1], &k->point[S2],
                                            &k->point[QCP] };
    const pvn_fr *value[OPENED] = { constant,       &p->value[VL],
                                    &p->value[VR],  &p->value[VO],
                                    &p->value[VS1], &p->value[VS2],
                                    &p->value[VQC] };
    pvn_fr w = pvn_fr_one, t;
    uint8_t unused[32];
    pvn_g1 sum;
    hash h;

    begin(&h, "gamma", NULL);
    add_fr(&h, &c->zeta);
    for (int i = 0; i < OPENED; i++)
        add_point(&h, digest[i]);
    for (int i = 0; i < OPENED; i++)
        add_fr(&h, value[i]);
    add_fr(&h, &p->zu);
    draw(&h, unused, &f->weight);
    pvn_g1_zero(&sum);
    pvn_fr_zero(&f->value);
    for (int i = 0; i < OPENED; i++) {
        add_scaled(&sum, digest[i], &w);
        pvn_fr_mul(&t, &w, value[i]);
        pvn_fr_add(&f->value, &f->value, &t);
        pvn_fr_mul(&w, &w, &f->weight);
    }
    pvn_g1_to_affine(&f->digest, &sum);
}

/* Both openings, weighted by u:
 * e(F + u Z - v G + zeta W + u w zeta W', 1) = e(W + u W', tau). */
static bool openings_hold(const key *k, const proof *p, const challenges *c,
                          const folded *f)
{
    pvn_fq scratch[4];
    pvn_pair pair[2];
    uint8_t unused[32];
    pvn_g1 left, right;
    pvn_fr u, t;
    pvn_fq12 e;
    hash h;

    begin(&h, "u", c->last32);
    add_fr(&h, &f->weight);
    add_point(&h, &f->digest);
    add_point(&h, &p->point[Z]);
    add_point(&h, &p->point[OPENING]);
    add_point(&h, &p->point[SHIFTED]);
    draw(&h, unused, &u);

    pvn_g1_from_affine(&left, &f->digest);
    add_scaled(&left, &p->point[Z], &u);
    pvn_fr_mul(&t, &u, &p->zu);
    pvn_fr_add(&t, &t, &f->value);
    pvn_fr_neg(&t, &t);
    add_scaled(&left, &k->g1, &t);
    add_scaled(&left, &p->point[OPENING], &c->zeta);
    pvn_fr_mul(&t, &u, &c->zeta);
    pvn_fr_mul(&t, &t, &k->generator);
    add_scaled(&left, &p->point[SHIFTED], &t);
    pvn_g1_from_affine(&right, &p->point[OPENING]);
    add_scaled(&right, &p->point[SHIFTED], &u);
    pvn_g1_neg(&right, &right);

    pvn_g1_to_affine(&pair[0].p, &left);
    pvn_g1_to_affine(&pair[1].p, &right);
    pair[0].q = &k->lines[0];
    pair[1].q = &k->lines[1];
    pvn_miller(&e, pair, 2, scratch);
    pvn_final_exponentiation(&e, &e);
    return pvn_fq12_is_one(&e);
}

static provernet_status read_publics(pvn_fr *out, const key *k,
                                     const uint8_t *publics32, size_t n,
                                     provernet_error *err)
{
    if (n != k->publics)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "there are %zu public signals, the verification key "
                        "has %llu",
                        n, (unsigned long long)k->publics);
    for (size_t i = 0; i < n; i++)
        if (!pvn_fr_from_be(&out[i], publics32 + FR * i))
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "public signal %zu is not below the group order",
                            i);
    return PROVERNET_OK;
}

provernet_status pvn_gnark_plonk_verify(const pvn_gnark_plonk_key *k,
                                        pvn_bytes bytes,
                                        const uint8_t *publics32, size_t n,
                                        provernet_error *err)
{
    pvn_fr publics[PUBLICS_MAX], constant;
    pvn_g1_affine linear;
    provernet_status rc;
    challenges c;
    folded f;
    proof p;

    rc = read_publics(publics, k, publics32, n, err);
    if (rc == PROVERNET_OK)
        rc = read_proof(&p, bytes, err);
    if (rc)
        return rc;
    draw_challenges(&c, k, &p, publics);
    if (linearise(&constant, &linear, k, &p, &c, publics)) {
        fold(&f, k, &p, &c, &constant, &linear);
        if (openings_hold(k, &p, &c, &f))
            return PROVERNET_OK;
    }
    return pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                    "the proof is not valid for these public signals and this "
                    "verification key");
}
