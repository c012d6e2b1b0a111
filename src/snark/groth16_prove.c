/* snark/groth16_prove.c - one Groth16 proof, step by step. Includes base/ and
 * snark/ only.
 *
 * The three transforms and the sum over H come first: when their arrays are
 * gone, the sums over the witness start. That keeps the peak low. */
#include "base/error.h"
#include "snark/binfile.h"
#include "snark/bn254/work.h"
#include "snark/groth16_key.h"
#include "snark/groth16_vk.h"
#include "snark/points.h"
#include "snark/wtns.h"
#include <sodium.h>
#include <stdlib.h>

typedef struct proving {
    const pvn_groth16_key *k;
    const char *wtns_name;
    const pvn_par *par;
    pvn_par with_pool; /* what par points to */
    pvn_pool pool;
    provernet_watch *w;
    provernet_error *err;
    pvn_wtns wtns;
    int at; /* permille before the running step */
    uint64_t cost_done, cost_total;
    pvn_fr r, s;
    pvn_groth16_sums sums;
    provernet_groth16_proof *made;
} proving;

/* Scratch is kept from step to step (the pool): three arrays of the domain,
 * which the sort of H uses again, 64 bytes of sorted entries for a scalar and
 * a few of index; a longer witness brings its own. Then the buckets of a sum
 * over G1 and over G2, which stop growing at windows of 16 bits. */
enum {
    FR = 32,
    KEPT_BYTES = 3 * FR + 72,
    RECODED_BYTES = 112,
    SUM_BASE = 16 << 20,
    SUM_EACH = 192,
    SUM_MOST = 112 << 20
};

uint64_t pvn_groth16_proof_need(uint64_t wires, uint64_t domain)
{
    uint64_t longest = wires > domain ? wires : domain;
    uint64_t need = KEPT_BYTES * domain + FR * wires; /* with the file */
    uint64_t sum = SUM_BASE + SUM_EACH * longest;

    if (wires > domain)
        need += RECODED_BYTES * wires;
    return need + (sum < SUM_MOST ? sum : SUM_MOST);
}

static provernet_status cancelled(const proving *p)
{
    return pvn_fail(p->err, PROVERNET_ERR_CANCELLED, 0,
                    "the proof was cancelled");
}

/* Costs in rough nanoseconds; only their ratios matter. */
enum { COST_G1 = 450, COST_G2 = 1300, COST_NTT = 15, COST_TERM = 25 };

static uint64_t ntt_cost(const pvn_groth16_key *k)
{
    uint64_t n = k->sizes.domain, log = 1;

    while ((uint64_t)1 << log < n)
        log++;
    return COST_NTT * log * n;
}

static void weigh(proving *p)
{
    const pvn_groth16_key *k = p->k;

    p->cost_total = COST_TERM * k->sizes.coefs + ntt_cost(k) +
                    COST_G1 * (pvn_bases_count(k->a) + pvn_bases_count(k->b1) +
                               pvn_bases_count(k->c) + pvn_bases_count(k->h)) +
                    COST_G2 * (uint64_t)pvn_bases_count(k->b2) + 1;
}

/* Start a step; the one before cost so much. false: cancelled. */
static bool step(proving *p, const char *stage, uint64_t cost_of_last)
{
    p->cost_done += cost_of_last;
    p->at = (int)(20 + p->cost_done * 960 / p->cost_total);
    return pvn_watch_at(p->w, stage, p->at);
}

static provernet_status read_witness(proving *p, provernet_span wtns)
{
    const pvn_groth16_key *k = p->k;
    char a[PVN_COUNT_CAP], b[PVN_COUNT_CAP];
    provernet_status s;

    if (!pvn_watch_at(p->w, "read witness", 0))
        return cancelled(p);
    s = pvn_wtns_open(&p->wtns, wtns, p->wtns_name, p->err);
    if (s)
        return s;
    if (!pvn_watch_at(p->w, "check they match", 5))
        return cancelled(p);
    if (p->wtns.count != k->sizes.wires)
        return pvn_fail(p->err, PROVERNET_ERR_MISMATCH, 0,
                        "%s and %s do not belong together\n  %s  %s wires\n"
                        "  %s  %s wires\nhelp: make the witness with the .wasm "
                        "or C++ program of the same circuit build",
                        k->name, p->wtns_name, k->name,
                        pvn_count_text(a, k->sizes.wires), p->wtns_name,
                        pvn_count_text(b, p->wtns.count));
    return pvn_wtns_check(&p->wtns, p->wtns_name, p->err);
}

static provernet_status blind(proving *p, const uint8_t *r32,
                              const uint8_t *s32, pvn_randomness rnd)
{
    uint8_t wide[2][64];

    if (r32 && s32) {
        if (pvn_fr_from_be(&p->r, r32) && pvn_fr_from_be(&p->s, s32))
            return PROVERNET_OK;
        return pvn_fail(p->err, PROVERNET_ERR_INVALID, 0,
                        "r and s must be below the group order");
    }
    rnd.fill(rnd.user, wide, sizeof wide);
    pvn_fr_from_wide_le(&p->r, wide[0]);
    pvn_fr_from_wide_le(&p->s, wide[1]);
    sodium_memzero(wide, sizeof wide);
    return PROVERNET_OK;
}

/* Limbs to little-endian bytes in place (no instruction on most machines). */
static void to_bytes(pvn_fr *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t t[4];

        memcpy(t, a[i].l, sizeof t);
        for (int k = 0; k < 4; k++)
            pvn_put_u64le((uint8_t *)&a[i].l[k], t[k]);
    }
}

/* Row products, odd coset, quotient: abc[0] becomes the scalars of H. */
static provernet_status quotient(proving *p, pvn_fr *const abc[3])
{
    const pvn_groth16_key *k = p->k;
    size_t n = k->sizes.domain;
    provernet_status s;

    if (!pvn_rows_multiply(&k->rows, k->forms, abc, n, p->wtns.values, p->par,
                           p->w))
        return cancelled(p);
    if (!step(p, "transforms", COST_TERM * k->sizes.coefs))
        return cancelled(p);
    s = pvn_ntt_to_odd_coset(k->domain, abc, 3, p->par, p->w);
    if (s == PROVERNET_ERR_CANCELLED)
        return cancelled(p);
    if (s)
        return pvn_nomem(p->err);
    pvn_ntt_quotient(k->domain, abc[0], abc[1], abc[2], p->par);
    return PROVERNET_OK;
}

static provernet_status sum_failed(const proving *p, provernet_status s)
{
    if (s == PROVERNET_ERR_CANCELLED)
        return cancelled(p);
    return s == PROVERNET_ERR_NOMEM ? pvn_nomem(p->err) : s;
}

/* *scalars: plain scalars of the domain's size, given back here. */
static provernet_status sum_over_h(proving *p, pvn_fr **scalars)
{
    const pvn_groth16_key *k = p->k;
    pvn_recoded *digits = NULL;
    provernet_status s;

    if (!step(p, "MSM H", ntt_cost(k)))
        return cancelled(p);
    to_bytes(*scalars, k->sizes.domain);
    s = pvn_recode(&digits, (const uint8_t *)*scalars, k->sizes.domain, 0,
                   p->par, p->w, p->err);
    pvn_scratch_free(&p->pool, *scalars, k->sizes.domain * sizeof **scalars);
    *scalars = NULL;
    if (!s)
        s = pvn_g1_msm(&p->sums.h, k->h, digits, p->par, p->w);
    pvn_recoded_free(digits);
    return s ? sum_failed(p, s) : PROVERNET_OK;
}

static provernet_status first_half(proving *p)
{
    const pvn_groth16_key *k = p->k;
    size_t n = k->sizes.domain;
    pvn_fr *abc[3] = { NULL, NULL, NULL };
    provernet_status s = PROVERNET_OK;

    if (!step(p, "row products", 0))
        return cancelled(p);
    for (int i = 0; i < 3; i++) {
        abc[i] = pvn_scratch_new(&p->pool, n * sizeof **abc);
        if (!abc[i])
            s = pvn_nomem(p->err);
    }
    if (!s)
        s = quotient(p, abc);
    pvn_scratch_free(&p->pool, abc[1], n * sizeof **abc);
    pvn_scratch_free(&p->pool, abc[2], n * sizeof **abc);
    if (!s)
        s = sum_over_h(p, &abc[0]);
    pvn_scratch_free(&p->pool, abc[0], n * sizeof **abc);
    return s;
}

static provernet_status sums_over_witness(proving *p)
{
    const pvn_groth16_key *k = p->k;
    uint64_t cost = COST_G1 * (uint64_t)pvn_bases_count(k->h);
    pvn_recoded *digits = NULL;
    provernet_status s;

    if (!step(p, "sort witness", cost))
        return cancelled(p);
    s = pvn_recode(&digits, p->wtns.values, p->wtns.count, 0, p->par, p->w,
                   p->err);
    if (s)
        return s == PROVERNET_ERR_CANCELLED ? cancelled(p) : s;
    s = PROVERNET_ERR_CANCELLED;
    if (step(p, "MSM A", 0))
        s = pvn_g1_msm(&p->sums.a, k->a, digits, p->par, p->w);
    cost = COST_G1 * (uint64_t)pvn_bases_count(k->a);
    if (!s && !step(p, "MSM B1", cost))
        s = PROVERNET_ERR_CANCELLED;
    if (!s)
        s = pvn_g1_msm(&p->sums.b1, k->b1, digits, p->par, p->w);
    cost = COST_G1 * (uint64_t)pvn_bases_count(k->b1);
    if (!s && !step(p, "MSM B2", cost))
        s = PROVERNET_ERR_CANCELLED;
    if (!s)
        s = pvn_g2_msm(&p->sums.b2, k->b2, digits, p->par, p->w);
    cost = COST_G2 * (uint64_t)pvn_bases_count(k->b2);
    if (!s && !step(p, "MSM C", cost))
        s = PROVERNET_ERR_CANCELLED;
    if (!s)
        s = pvn_g1_msm(&p->sums.c, k->c, digits, p->par, p->w);
    pvn_recoded_free(digits);
    return s ? sum_failed(p, s) : PROVERNET_OK;
}

static void assemble(void *arg, size_t g2)
{
    proving *p = arg;

    pvn_groth16_assemble_here(p->made, p->k, &p->sums, &p->r, &p->s, g2);
}

static void give_publics(const proving *p, uint8_t *publics32)
{
    const uint8_t *v = p->wtns.values + 32;

    for (uint64_t i = 0; i < p->k->sizes.publics; i++, v += 32)
        for (int b = 0; b < 32; b++)
            publics32[i * 32 + (size_t)b] = v[31 - b];
}

static provernet_status check_own(proving *p, const uint8_t *publics32,
                                  const provernet_groth16_proof *proof)
{
    provernet_status s;

    if (!pvn_watch_at(p->w, "verify", 990))
        return cancelled(p);
    s = pvn_groth16_check_here(p->k->vk, proof, publics32, p->k->sizes.publics,
                               p->par, NULL);
    if (s == PROVERNET_OK)
        return s;
    if (s == PROVERNET_ERR_NOMEM)
        return pvn_nomem(p->err);
    return pvn_fail(p->err, PROVERNET_ERR_PROOF, 0,
                    "the proof made from %s does not verify: the witness does "
                    "not satisfy the circuit of %s\nhelp: make the witness "
                    "with the program of the same circuit build",
                    p->wtns_name, p->k->name);
}

provernet_status pvn_groth16_prove(const pvn_groth16_key *k,
                                   provernet_groth16_proof *out,
                                   uint8_t *publics32, provernet_span wtns,
                                   const char *wtns_name, const uint8_t *r32,
                                   const uint8_t *s32, pvn_randomness rnd,
                                   const pvn_par *par, provernet_watch *w,
                                   provernet_error *err)
{
    proving p = { .k = k,
                  .wtns_name = wtns_name ? wtns_name : "the witness",
                  .w = w,
                  .err = err };
    provernet_groth16_proof made;
    provernet_status s;

    p.with_pool = par ? *par : (pvn_par){ .threads = 1 };
    p.with_pool.pool = &p.pool;
    p.par = &p.with_pool;

    s = blind(&p, r32, s32, rnd);
    if (!s)
        s = read_witness(&p, wtns);
    if (s)
        goto done;
    weigh(&p);
    s = first_half(&p);
    if (!s)
        s = sums_over_witness(&p);
    if (!s && !pvn_watch_at(w, "assemble", 980))
        s = cancelled(&p);
    if (!s) {
        p.made = &made;
        pvn_par_for(p.par, assemble, &p, 2);
        give_publics(&p, publics32);
        s = check_own(&p, publics32, &made);
    }
    if (!s) {
        *out = made;
        (void)pvn_watch_at(w, NULL, 1000);
    }
done:
    pvn_pool_empty(&p.pool);
    sodium_memzero(&p.r, sizeof p.r);
    sodium_memzero(&p.s, sizeof p.s);
    return s;
}
