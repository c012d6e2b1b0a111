/* prove/bench.c - the arithmetic of an engine on made-up input, for measuring
 * (experimental.h). Includes base/, snark/ and prove/ only.
 *
 * No clock in here: the caller has one. */
#include "base/bytes.h"
#include "base/error.h"
#include "prove/engine.h"
#include "prove/gpu_bench.h"
#include "snark/bn254/msm.h"
#include "snark/bn254/ntt.h"
#include "snark/bn254/work.h"
#include <provernet/experimental.h>
#include <stdlib.h>

enum { LOG_MIN = 4, LOG_MAX = 24, FR = 32, CHUNK = 1024 };

struct provernet_bench {
    provernet_engine *engine;
    provernet_bench_kind kind;
    size_t n;
    uint8_t *scalars; /* n plain ones */
    pvn_fr *source;   /* n elements: where every run's polynomials begin */
    pvn_bases *g1, *g2;
    pvn_domain *domain;
    pvn_par par; /* the engine's team with the scratch kept from run to run */
    pvn_pool pool;
    pvn_gpu_bench gpu; /* of a GPU engine: the input as its sections hold it */
    uint64_t operations, bytes;
};

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void even_fr(pvn_fr *out, uint64_t *state)
{
    uint8_t wide[64];

    for (size_t i = 0; i < sizeof wide; i += 8)
        pvn_put_u64le(wide + i, mix(state));
    pvn_fr_from_wide_le(out, wide);
}

static void put_fq2(uint8_t *out, const pvn_fq2 *a)
{
    pvn_fq_to_mont_le(out, &a->c0);
    pvn_fq_to_mont_le(out + 32, &a->c1);
}

static void put_g1(uint8_t *out, const pvn_g1_affine *p)
{
    pvn_fq_to_mont_le(out, &p->x);
    pvn_fq_to_mont_le(out + 32, &p->y);
}

static void put_g2(uint8_t *out, const pvn_g2_affine *p)
{
    put_fq2(out, &p->x);
    put_fq2(out + 64, &p->y);
}

/* Points as a .zkey section holds them, each the sum of the two before it
 * (equal or opposite points, which cost another way, are not among them). */
#define MAKE_BASES(G, BYTES)                                                   \
    static provernet_status make_##G(provernet_bench *b, provernet_error *err) \
    {                                                                          \
        uint8_t *section = malloc(b->n * (BYTES));                             \
        pvn_##G *p = malloc((CHUNK + 2) * sizeof *p);                          \
        pvn_##G##_affine *a = malloc(CHUNK * sizeof *a);                       \
        provernet_status s = PROVERNET_ERR_NOMEM;                              \
        uint64_t seed = 3;                                                     \
        pvn_fr k;                                                              \
                                                                               \
        if (!section || !p || !a)                                              \
            goto done;                                                         \
        pvn_##G##_from_affine(&p[0], &pvn_##G##_generator);                    \
        even_fr(&k, &seed);                                                    \
        pvn_##G##_mul_fr(&p[1], &p[0], &k);                                    \
        for (size_t at = 0; at < b->n; at += CHUNK) {                          \
            size_t len = b->n - at < CHUNK ? b->n - at : CHUNK;                \
            for (size_t i = 0; i < len; i++)                                   \
                pvn_##G##_add(&p[i + 2], &p[i + 1], &p[i]);                    \
            if (!pvn_##G##_to_affine_many(a, p, len))                          \
                goto done;                                                     \
            for (size_t i = 0; i < len; i++)                                   \
                put_##G(section + (at + i) * (BYTES), &a[i]);                  \
            p[0] = p[len];                                                     \
            p[1] = p[len + 1];                                                 \
        }                                                                      \
        if (b->engine->gpu) {                                                  \
            b->gpu.G = section;                                                \
            section = NULL;                                                    \
            s = PROVERNET_OK;                                                  \
            goto done;                                                         \
        }                                                                      \
        s = pvn_##G##_bases_new(&b->G, b->engine->forms, section, b->n, 0,     \
                                pvn_team_par(b->engine->team), err);           \
    done:                                                                      \
        free(section);                                                         \
        free(p);                                                               \
        free(a);                                                               \
        return s == PROVERNET_ERR_NOMEM ? pvn_nomem(err) : s;                  \
    }

/* clang-format off */
MAKE_BASES(g1, 64)
MAKE_BASES(g2, 128)
/* clang-format on */

static provernet_status make_scalars(provernet_bench *b, provernet_error *err)
{
    uint64_t seed = 2;
    pvn_fr t;

    b->scalars = malloc(b->n * FR);
    if (!b->scalars)
        return pvn_nomem(err);
    for (size_t i = 0; i < b->n; i++) {
        even_fr(&t, &seed);
        pvn_fr_to_le(b->scalars + i * FR, &t);
    }
    return PROVERNET_OK;
}

static provernet_status make_domain(provernet_bench *b, unsigned log_size,
                                    provernet_error *err)
{
    uint64_t seed = 5;
    provernet_status s;

    s = pvn_domain_new(&b->domain, b->engine->forms, log_size);
    if (s)
        return s == PROVERNET_ERR_NOMEM ? pvn_nomem(err) : s;
    b->source = malloc(b->n * sizeof *b->source);
    if (!b->source)
        return pvn_nomem(err);
    for (size_t i = 0; i < b->n; i++)
        even_fr(&b->source[i], &seed);
    return PROVERNET_OK;
}

static provernet_status make(provernet_bench *b, unsigned log_size,
                             provernet_error *err)
{
    bool whole = b->kind == PROVERNET_BENCH_GROTH16;
    provernet_status s = PROVERNET_OK;

    if (b->kind != PROVERNET_BENCH_NTT || b->engine->gpu)
        s = make_scalars(b, err);
    if (!s && (whole || b->kind == PROVERNET_BENCH_G1_MSM))
        s = make_g1(b, err);
    if (!s && (whole || b->kind == PROVERNET_BENCH_G2_MSM))
        s = make_g2(b, err);
    if (!s && !b->engine->gpu && (whole || b->kind == PROVERNET_BENCH_NTT))
        s = make_domain(b, log_size, err);
    if (!s && b->engine->gpu) {
        s = pvn_engine_take(b->engine, NULL, err);
        if (s)
            return s;
        s = pvn_gpu_bench_open(&b->gpu, b->engine, b->kind, b->n, b->scalars,
                               err);
        pvn_engine_give(b->engine);
    }
    return s;
}

provernet_status provernet_bench_open(provernet_bench **out,
                                      provernet_engine *e,
                                      provernet_bench_kind kind,
                                      unsigned log_size, provernet_error *err)
{
    provernet_bench *b;
    provernet_status s;

    if (!out || !e || kind < PROVERNET_BENCH_G1_MSM ||
        kind > PROVERNET_BENCH_GROTH16 || log_size < LOG_MIN ||
        log_size > LOG_MAX)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "bench_open: kind %d, size 2^%u\nhelp: an engine, a "
                        "kind from 1 to 4, a size from 2^%d to 2^%d",
                        (int)kind, log_size, LOG_MIN, LOG_MAX);
    *out = NULL;
    if (!e->team || !e->forms)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "the device \"%s\" cannot be measured in parts\n"
                        "help: device \"cpu\"; or prove with it and look at "
                        "the time",
                        e->device->name);
    b = calloc(1, sizeof *b);
    if (!b)
        return pvn_nomem(err);
    b->engine = e;
    b->kind = kind;
    b->n = (size_t)1 << log_size;
    s = make(b, log_size, err);
    if (s) {
        provernet_bench_free(b);
        return s;
    }
    *out = b;
    return PROVERNET_OK;
}

static void held(provernet_bench *b, uint64_t bytes)
{
    if (bytes > b->bytes)
        b->bytes = bytes;
}

/* One sum over G1 and G2 each, as often as asked; the same digits for all. */
static provernet_status sums(provernet_bench *b, const uint8_t *scalars,
                             unsigned g1, unsigned g2, uint64_t *check,
                             provernet_watch *w, provernet_error *err)
{
    const pvn_par *par = &b->par;
    pvn_recoded *digits = NULL;
    pvn_g1_affine a1;
    pvn_g2_affine a2;
    pvn_g1 sum1;
    pvn_g2 sum2;
    provernet_status s;

    s = pvn_recode(&digits, scalars, b->n, 0, par, w, err);
    for (unsigned i = 0; i < g1 && !s; i++)
        s = pvn_g1_msm(&sum1, b->g1, digits, par, w);
    for (unsigned i = 0; i < g2 && !s; i++)
        s = pvn_g2_msm(&sum2, b->g2, digits, par, w);
    if (!s && g1) {
        pvn_g1_to_affine(&a1, &sum1);
        *check ^= a1.x.l[0];
        held(b, pvn_recoded_bytes(digits) +
                    pvn_msm_scratch_bytes(b->g1, digits, par->threads));
    }
    if (!s && g2) {
        pvn_g2_to_affine(&a2, &sum2);
        *check ^= a2.x.c0.l[0];
        held(b, pvn_recoded_bytes(digits) +
                    pvn_msm_scratch_bytes(b->g2, digits, par->threads));
    }
    if (!s)
        b->operations = pvn_recoded_additions(digits);
    pvn_recoded_free(digits);
    return s;
}

/* *out: the quotient's plain scalars, freed by the caller. */
static provernet_status transforms(provernet_bench *b, pvn_fr **out,
                                   uint64_t *check, provernet_watch *w)
{
    const pvn_par *par = &b->par;
    provernet_status s = PROVERNET_OK;
    pvn_fr *abc[3];

    for (int i = 0; i < 3; i++) {
        abc[i] = aligned_alloc(64, b->n * sizeof **abc);
        if (abc[i])
            memcpy(abc[i], b->source, b->n * sizeof **abc);
        else
            s = PROVERNET_ERR_NOMEM;
    }
    if (!s)
        s = pvn_ntt_to_odd_coset(b->domain, abc, 3, par, w);
    if (!s) {
        pvn_ntt_quotient(b->domain, abc[0], abc[1], abc[2], par);
        *check ^=
            abc[0][0].l[0] ^ abc[0][b->n / 3].l[1] ^ abc[0][b->n - 1].l[2];
        held(b, 3 * b->n * sizeof **abc);
    }
    free(abc[1]);
    free(abc[2]);
    if (s) {
        free(abc[0]);
        return s;
    }
    *out = abc[0];
    return PROVERNET_OK;
}

static uint64_t butterflies(const provernet_bench *b)
{
    uint64_t log = 0;

    while ((uint64_t)1 << log < b->n)
        log++;
    return 3 * b->n * log; /* three pairs of transforms */
}

/* Limbs to little-endian bytes in place (no instruction on most machines). */
static void to_bytes(pvn_fr *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pvn_fr t = a[i];

        for (int k = 0; k < 4; k++)
            pvn_put_u64le((uint8_t *)&a[i].l[k], t.l[k]);
    }
}

static provernet_status run(provernet_bench *b, uint64_t *check,
                            provernet_watch *w, provernet_error *err)
{
    pvn_fr *h = NULL;
    provernet_status s;

    b->par = *pvn_team_par(b->engine->team);
    b->par.pool = &b->pool;
    if (b->kind == PROVERNET_BENCH_G1_MSM)
        return sums(b, b->scalars, 1, 0, check, w, err);
    if (b->kind == PROVERNET_BENCH_G2_MSM)
        return sums(b, b->scalars, 0, 1, check, w, err);
    s = transforms(b, &h, check, w);
    if (!s && b->kind == PROVERNET_BENCH_GROTH16) {
        to_bytes(h, b->n);
        s = sums(b, (const uint8_t *)h, 1, 0, check, w, err);
    }
    free(h);
    if (b->kind == PROVERNET_BENCH_NTT) {
        b->operations = butterflies(b);
        return s;
    }
    if (!s)
        s = sums(b, b->scalars, 3, 1, check, w, err);
    b->operations = 0;
    return s;
}

provernet_status provernet_bench_run(provernet_bench *b, uint64_t *check,
                                     provernet_watch *w, provernet_error *err)
{
    uint64_t digest = 0;
    provernet_status s = pvn_engine_take(b->engine, w, err);

    if (s)
        return s;
    if (b->engine->gpu)
        s = pvn_gpu_bench_run(&b->gpu, &digest, w, err);
    else
        s = run(b, &digest, w, err);
    pvn_engine_give(b->engine);
    if (s == PROVERNET_ERR_CANCELLED)
        return pvn_fail(err, s, 0, "the measurement was cancelled");
    if (s == PROVERNET_ERR_NOMEM)
        return pvn_nomem(err);
    if (!s && check)
        *check = digest;
    return s;
}

void provernet_bench_get_info(const provernet_bench *b,
                              provernet_bench_info *out)
{
    /* A proof has four sets of bases in G1; here one serves for all. */
    uint64_t sets = b->kind == PROVERNET_BENCH_GROTH16 ? 4 : 1;

    if (!out || out->struct_size < sizeof *out)
        return;
    out->size = b->n;
    out->operations = b->operations;
    out->bytes = b->bytes + (b->scalars ? b->n * FR : 0);
    if (b->engine->gpu)
        out->bytes = b->gpu.bytes;
    if (b->g1)
        out->bytes += sets * pvn_bases_bytes(b->g1);
    if (b->g2)
        out->bytes += pvn_bases_bytes(b->g2);
}

void provernet_bench_free(provernet_bench *b)
{
    if (!b)
        return;
    pvn_gpu_bench_free(&b->gpu);
    pvn_pool_empty(&b->pool);
    pvn_bases_free(b->g1);
    pvn_bases_free(b->g2);
    pvn_domain_free(b->domain);
    free(b->source);
    free(b->scalars);
    free(b);
}
