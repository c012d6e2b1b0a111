/* snark/groth16_verify.c - is a proof valid? One, or many of one key with one
 * final exponentiation. Includes base/ and snark/ only.
 *
 * Compiled twice, see groth16_adx.c and groth16_pick.c.
 *
 * A proof is valid when e(A, B) = e(alpha, beta) e(IC, gamma) e(C, delta),
 * with IC = IC_0 + sum x_i IC_i. */
#include "base/error.h"
#include "snark/decimal.h"
#include "snark/groth16_vk.h"
#include "snark/points.h"
#include <sodium.h>
#include <stdlib.h>

static provernet_status refuse(const char *point, const char *why,
                               provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                    "the proof is not valid: %s %s", point, why);
}

static provernet_status check_g1(const pvn_g1_affine *p, const char *name,
                                 provernet_error *err)
{
    if (pvn_g1_affine_is_zero(p))
        return refuse(name, "is the point at infinity", err);
    if (!pvn_g1_on_curve(p))
        return refuse(name, "is not on the curve", err);
    return PROVERNET_OK;
}

static provernet_status check_g2(const pvn_g2_affine *p, const char *name,
                                 provernet_error *err)
{
    if (pvn_g2_affine_is_zero(p))
        return refuse(name, "is the point at infinity", err);
    if (!pvn_g2_on_curve(p))
        return refuse(name, "is not on the curve", err);
    if (!pvn_g2_in_subgroup(p))
        return refuse(name, "is not in the subgroup of order r", err);
    return PROVERNET_OK;
}

provernet_status pvn_groth16_take_apart(pvn_proof_points *out,
                                        const provernet_groth16_proof *p,
                                        provernet_error *err)
{
    pvn_proof_points mine;
    provernet_status s;

    if (!out)
        out = &mine;
    if (!pvn_g1_from_eip(&out->a, p->a64) ||
        !pvn_g2_from_eip(&out->b, p->b128) || !pvn_g1_from_eip(&out->c, p->c64))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "a coordinate of the proof is not below the field's "
                        "prime");
    s = check_g1(&out->a, "pi_a", err);
    if (!s)
        s = check_g2(&out->b, "pi_b", err);
    return s ? s : check_g1(&out->c, "pi_c", err);
}

static provernet_status check_publics(const provernet_groth16_vk *vk,
                                      const uint8_t *publics32, size_t n,
                                      provernet_error *err)
{
    if (n != vk->publics)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "there are %zu public signals, the verification key "
                        "has %u\nhelp: take the public.json that was made "
                        "with the proof, and the key of the same circuit",
                        n, vk->publics);
    for (size_t i = 0; i < n; i++)
        if (memcmp(publics32 + 32 * i, pvn_bn254_r_be32, 32) >= 0)
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "public signal %zu is not below the group order",
                            i);
    return PROVERNET_OK;
}

static unsigned digit_of(const uint64_t k[4], int i)
{
    return (unsigned)(k[i / 16] >> (i % 16 * 4)) & 15;
}

void pvn_groth16_ic_sum(pvn_g1 *out, const provernet_groth16_vk *vk,
                        const uint64_t (*k)[4])
{
    bool some = false;

    pvn_g1_zero(out);
    for (int d = 63; d >= 0; d--) {
        for (int i = 0; some && i < 4; i++)
            pvn_g1_dbl(out, out);
        for (size_t i = 0; i < vk->publics; i++) {
            unsigned v = digit_of(k[i], d);

            if (v == 0)
                continue;
            pvn_g1_add_affine(out, out,
                              &vk->ic_table[i * PVN_IC_TABLE + v - 1]);
            some = true;
        }
    }
}

static void be_to_limbs(uint64_t k[4], const uint8_t be32[32])
{
    for (int i = 0; i < 4; i++)
        k[i] = pvn_get_u64be(be32 + 24 - 8 * i);
}

static void negated(pvn_g1_affine *out, const pvn_g1 *p)
{
    pvn_g1_to_affine(out, p);
    pvn_g1_affine_neg(out, out);
}

static provernet_status not_valid(provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                    "the proof is not valid for these public signals and this "
                    "verification key");
}

/* One proof being checked: pair 0 is (A, B), pairs 1 and 2 are those of the
 * key. */
typedef struct checking {
    const provernet_groth16_vk *vk;
    pvn_proof_points at;
    uint64_t (*k)[4]; /* the public signals */
    pvn_pair pair[3];
    pvn_lines lines;
    pvn_fq12 f[2];
} checking;

static void pair_of_proof(checking *c)
{
    pvn_pairing_lines(&c->lines, &c->at.b, 1);
    c->pair[0] = (pvn_pair){ c->at.a, &c->lines };
}

static void pairs_of_key(checking *c)
{
    pvn_g1 ic;

    pvn_groth16_ic_sum(&ic, c->vk, (const uint64_t(*)[4])c->k);
    pvn_g1_add_affine(&ic, &ic, &c->vk->ic0);
    negated(&c->pair[1].p, &ic);
    c->pair[1].q = c->vk->gamma_lines;
    pvn_g1_affine_neg(&c->pair[2].p, &c->at.c);
    c->pair[2].q = c->vk->delta_lines;
}

static void check_half(void *arg, size_t half)
{
    checking *c = arg;
    pvn_fq scratch[4];

    if (half == 0) {
        pair_of_proof(c);
        pvn_miller(&c->f[0], &c->pair[0], 1, scratch);
    } else {
        pairs_of_key(c);
        pvn_miller(&c->f[1], &c->pair[1], 2, scratch);
    }
}

/* Alone, the three pairs share the squarings of one loop. */
static void check_alone(checking *c)
{
    pvn_fq scratch[6];

    pair_of_proof(c);
    pairs_of_key(c);
    pvn_miller(&c->f[0], c->pair, 3, scratch);
}

provernet_status pvn_groth16_check(const provernet_groth16_vk *vk,
                                   const provernet_groth16_proof *p,
                                   const uint8_t *publics32, size_t n,
                                   const pvn_par *par, provernet_error *err)
{
    checking c = { .vk = vk };
    provernet_status s;

    s = check_publics(vk, publics32, n, err);
    if (!s)
        s = pvn_groth16_take_apart(&c.at, p, err);
    if (s)
        return s;
    c.k = malloc((n ? n : 1) * sizeof *c.k);
    if (!c.k)
        return pvn_nomem(err);
    for (size_t i = 0; i < n; i++)
        be_to_limbs(c.k[i], publics32 + 32 * i);
    if (par && par->threads > 1) {
        pvn_par_for(par, check_half, &c, 2);
        pvn_fq12_mul(&c.f[0], &c.f[0], &c.f[1]);
    } else {
        check_alone(&c);
    }
    free(c.k);
    pvn_final_exponentiation(&c.f[0], &c.f[0]);
    return pvn_fq12_equal(&c.f[0], &vk->alpha_beta) ? PROVERNET_OK
                                                    : not_valid(err);
}

/* ---- many ---- */

/* What is added up over all proofs, each with its weight. */
typedef struct many {
    const provernet_groth16_vk *vk;
    uint8_t seed[32];
    pvn_fr weights;   /* sum of weights */
    pvn_fr *signals;  /* weighted sums, vk->publics of them */
    pvn_g1 c;         /* weighted sum of C */
    pvn_fq12 product; /* of the Miller loops of (w A, B) */
    pvn_lines *lines; /* PVN_PAIRING_BATCH */
} many;

/* The weights follow from everything that is verified, so that whoever made
 * the proofs could not know them. */
static void draw_seed(many *m, const provernet_groth16_proof *p,
                      const uint8_t *publics32, size_t n)
{
    crypto_generichash_state h;

    crypto_generichash_init(&h, NULL, 0, sizeof m->seed);
    crypto_generichash_update(&h, m->vk->hash32, 32);
    crypto_generichash_update(&h, (const uint8_t *)p, n * sizeof *p);
    crypto_generichash_update(&h, publics32, n * m->vk->publics * 32);
    crypto_generichash_final(&h, m->seed, sizeof m->seed);
}

/* 128 bits, never zero. */
static void weight(const many *m, uint64_t i, uint64_t w[4])
{
    uint8_t in[40], out[16];

    memcpy(in, m->seed, 32);
    pvn_put_u64be(in + 32, i);
    crypto_generichash(out, sizeof out, in, sizeof in, NULL, 0);
    w[0] = pvn_get_u64le(out) | 1;
    w[1] = pvn_get_u64le(out + 8);
    w[2] = w[3] = 0;
}

/* w a for a weight of 128 bits, four bits at a time. */
static void scale(pvn_g1 *out, const pvn_g1_affine *a, const uint64_t w[4])
{
    pvn_g1 multiple[15];

    pvn_g1_from_affine(&multiple[0], a);
    for (int i = 1; i < 15; i++)
        pvn_g1_add_affine(&multiple[i], &multiple[i - 1], a);
    pvn_g1_zero(out);
    for (int d = 31; d >= 0; d--) {
        unsigned v = digit_of(w, d);

        for (int i = 0; d < 31 && i < 4; i++)
            pvn_g1_dbl(out, out);
        if (v)
            pvn_g1_add(out, out, &multiple[v - 1]);
    }
}

static void add_signals(many *m, const uint8_t *publics32, const pvn_fr *w)
{
    pvn_fr x;

    for (size_t j = 0; j < m->vk->publics; j++) {
        (void)pvn_fr_from_be(&x, publics32 + 32 * j); /* checked before */
        pvn_fr_mul(&x, &x, w);
        pvn_fr_add(&m->signals[j], &m->signals[j], &x);
    }
}

/* One proof enters the sums; *a and *b become its pair, weighted. */
static provernet_status take_one(many *m, const provernet_groth16_proof *p,
                                 const uint8_t *publics32, size_t i, pvn_g1 *a,
                                 pvn_g2_affine *b)
{
    const uint8_t *x = publics32 + i * m->vk->publics * 32;
    pvn_proof_points at;
    provernet_status s;
    uint64_t w[4];
    pvn_fr wr;
    pvn_g1 c;

    s = check_publics(m->vk, x, m->vk->publics, NULL);
    if (!s)
        s = pvn_groth16_take_apart(&at, &p[i], NULL);
    if (s)
        return s;
    weight(m, i, w);
    scale(a, &at.a, w);
    scale(&c, &at.c, w);
    pvn_g1_add(&m->c, &m->c, &c);
    *b = at.b;
    memcpy(wr.l, w, sizeof wr.l); /* below r: 128 bits */
    pvn_fr_mul(&wr, &wr, &pvn_fr_r2);
    pvn_fr_add(&m->weights, &m->weights, &wr);
    add_signals(m, x, &wr);
    return PROVERNET_OK;
}

/* The pairs of 1 to PVN_PAIRING_BATCH proofs enter the product. */
static provernet_status multiply(many *m, const pvn_g1 *a,
                                 const pvn_g2_affine *b, size_t n)
{
    pvn_g1_affine p[PVN_PAIRING_BATCH];
    pvn_pair pair[PVN_PAIRING_BATCH];
    pvn_fq scratch[2 * PVN_PAIRING_BATCH];
    pvn_fq12 f;

    if (!pvn_g1_to_affine_many(p, a, n))
        return PROVERNET_ERR_NOMEM;
    pvn_pairing_lines(m->lines, b, n);
    for (size_t i = 0; i < n; i++)
        pair[i] = (pvn_pair){ p[i], &m->lines[i] };
    pvn_miller(&f, pair, n, scratch);
    pvn_fq12_mul(&m->product, &m->product, &f);
    return PROVERNET_OK;
}

/* All proofs, PVN_PAIRING_BATCH at a time. */
static provernet_status take_all(many *m, const provernet_groth16_proof *p,
                                 const uint8_t *publics32, size_t n)
{
    pvn_g2_affine b[PVN_PAIRING_BATCH];
    pvn_g1 a[PVN_PAIRING_BATCH];
    provernet_status s = PROVERNET_OK;
    size_t some = 0;

    for (size_t i = 0; !s && i < n; i++) {
        s = take_one(m, p, publics32, i, &a[some], &b[some]);
        if (!s && ++some < PVN_PAIRING_BATCH && i + 1 < n)
            continue;
        if (!s)
            s = multiply(m, a, b, some);
        some = 0;
    }
    return s;
}

static bool sums_agree(many *m, uint64_t (*k)[4])
{
    pvn_pair pair[3];
    pvn_fq scratch[6];
    pvn_g1 ic, p;
    pvn_fq12 f;

    for (size_t j = 0; j < m->vk->publics; j++)
        pvn_fr_to_plain(k[j], &m->signals[j]);
    pvn_groth16_ic_sum(&ic, m->vk, (const uint64_t(*)[4])k);
    pvn_g1_from_affine(&p, &m->vk->ic0);
    pvn_g1_mul_fr(&p, &p, &m->weights);
    pvn_g1_add(&ic, &ic, &p);
    negated(&pair[0].p, &ic);
    pair[0].q = m->vk->gamma_lines;
    negated(&pair[1].p, &m->c);
    pair[1].q = m->vk->delta_lines;
    pvn_g1_from_affine(&p, &m->vk->alpha);
    pvn_g1_mul_fr(&p, &p, &m->weights);
    negated(&pair[2].p, &p);
    pair[2].q = m->vk->beta_lines;
    pvn_miller(&f, pair, 3, scratch);
    pvn_fq12_mul(&f, &f, &m->product);
    pvn_final_exponentiation(&f, &f);
    return pvn_fq12_is_one(&f);
}

/* OK: all are valid. ERR_NOMEM. Any other status: look one by one. */
static provernet_status verify_together(const provernet_groth16_vk *vk,
                                        const provernet_groth16_proof *p,
                                        const uint8_t *publics32, size_t n)
{
    size_t signals = vk->publics ? vk->publics : 1;
    uint64_t(*k)[4] = malloc(signals * sizeof *k);
    provernet_status s = PROVERNET_ERR_NOMEM;
    many m = { .vk = vk };

    m.signals = calloc(signals, sizeof *m.signals);
    m.lines = malloc(PVN_PAIRING_BATCH * sizeof *m.lines);
    if (!k || !m.signals || !m.lines)
        goto done;
    draw_seed(&m, p, publics32, n);
    pvn_g1_zero(&m.c);
    pvn_fq12_set_one(&m.product);
    s = take_all(&m, p, publics32, n);
    if (!s && !sums_agree(&m, k))
        s = PROVERNET_ERR_PROOF_INVALID;
done:
    free(k);
    free(m.signals);
    free(m.lines);
    return s;
}

provernet_status pvn_groth16_check_many(const provernet_groth16_vk *vk,
                                        const provernet_groth16_proof *p,
                                        const uint8_t *publics32, size_t n,
                                        size_t *first_bad, provernet_error *err)
{
    size_t row = (size_t)vk->publics * 32;
    provernet_status s = PROVERNET_ERR_PROOF_INVALID;

    if (n == 0)
        return PROVERNET_OK;
    if (n > 1)
        s = verify_together(vk, p, publics32, n);
    if (s == PROVERNET_OK)
        return s;
    if (s == PROVERNET_ERR_NOMEM)
        return pvn_nomem(err);
    for (size_t i = 0; i < n; i++) {
        s = pvn_groth16_check(vk, &p[i], publics32 + row * i, vk->publics, NULL,
                              err);
        if (s) {
            if (first_bad)
                *first_bad = i;
            return s;
        }
    }
    return n == 1 ? s
                  : pvn_fail(err, PROVERNET_ERR_INTERNAL, 0,
                             "%zu proofs are valid one by one, but not "
                             "together",
                             n);
}
