/* tests/tools/keygen_files.c - the set-up itself, and the files: .r1cs, .wtns,
 * .zkey and verification_key.json. */
#include "keygen.h"
#include "snark/bn254/ntt.h"
#include "snark/groth16.h"
#include "snark/points.h"
#include "snark/wtns.h"
#include <stdlib.h>

static void put(FILE *f, const void *data, size_t len)
{
    if (len && fwrite(data, 1, len, f) != len)
        die("cannot write: disk full?");
}

static void put_u32(FILE *f, uint32_t v)
{
    uint8_t b[4];

    pvn_put_u32le(b, v);
    put(f, b, 4);
}

static void put_u64(FILE *f, uint64_t v)
{
    uint8_t b[8];

    pvn_put_u64le(b, v);
    put(f, b, 8);
}

static void put_fr(FILE *f, const pvn_fr *v)
{
    uint8_t b[32];

    pvn_fr_to_le(b, v);
    put(f, b, 32);
}

static FILE *start(const char *path, const char *magic, uint32_t version,
                   uint32_t sections)
{
    FILE *f = fopen(path, "wb");

    if (!f)
        die("cannot create %s", path);
    setvbuf(f, NULL, _IOFBF, 1 << 20);
    put(f, magic, 4);
    put_u32(f, version);
    put_u32(f, sections);
    return f;
}

static void section(FILE *f, uint32_t type, uint64_t size)
{
    put_u32(f, type);
    put_u64(f, size);
}

static void finish(FILE *f, const char *path)
{
    if (fclose(f))
        die("cannot write %s", path);
}

void write_r1cs(const circuit *c, const char *path)
{
    FILE *f = start(path, "r1cs", 1, 3);
    uint64_t terms = c->m[0].len + c->m[1].len + c->m[2].len;

    section(f, 2, terms * 36 + (uint64_t)c->constraints * 12);
    for (uint32_t j = 0; j < c->constraints; j++)
        for (int k = 0; k < 3; k++) {
            const matrix *m = &c->m[k];

            put_u32(f, (uint32_t)(m->start[j + 1] - m->start[j]));
            for (uint64_t i = m->start[j]; i < m->start[j + 1]; i++) {
                put_u32(f, m->term[i].wire);
                put_fr(f, &m->term[i].coef);
            }
        }
    section(f, 1, 64);
    put_u32(f, 32);
    put(f, pvn_bn254_r_le32, 32);
    put_u32(f, c->wires);
    put_u32(f, c->outputs);
    put_u32(f, c->inputs);
    put_u32(f, c->wires - 1 - c->outputs - c->inputs);
    put_u64(f, c->wires);
    put_u32(f, c->constraints);
    section(f, 3, (uint64_t)c->wires * 8);
    for (uint64_t i = 0; i < c->wires; i++)
        put_u64(f, i);
    finish(f, path);
}

void write_wtns(const circuit *c, const char *path)
{
    FILE *f = start(path, "wtns", 2, 2);

    section(f, 1, 40);
    put_u32(f, 32);
    put(f, pvn_bn254_r_le32, 32);
    put_u32(f, c->wires);
    section(f, 2, (uint64_t)c->wires * 32);
    for (uint32_t i = 0; i < c->wires; i++)
        put_fr(f, &c->w[i]);
    finish(f, path);
}

/* ---- the set-up ---- */

typedef struct setup {
    const circuit *c;
    pvn_fr tau, alpha, beta, gamma, delta;
    uint32_t publics, domain;
    unsigned log;
    pvn_fr *a, *b, *k; /* per wire: a(tau), b(tau), then beta a + alpha b + c */
    fixed_base *g1, *g2;
} setup;

/* out[j] = L_(first + j step) (tau) times `scale`, of the basis over the roots
 * of order `size`: w^i (tau^size - 1) / (size (tau - w^i)). */
static void lagrange(pvn_fr *out, const setup *s, unsigned log_size, size_t n,
                     unsigned first, unsigned step_log, const pvn_fr *scale)
{
    pvn_fr w, at, step, top, size, *scratch = need(n * sizeof *scratch);

    pvn_fr_root_of_unity(&w, log_size);
    at = pvn_fr_one;
    for (unsigned i = 0; i < first; i++)
        pvn_fr_mul(&at, &at, &w);
    step = w;
    for (unsigned i = 0; i < step_log; i++)
        pvn_fr_sqr(&step, &step);
    top = s->tau;
    for (unsigned i = 0; i < log_size; i++)
        pvn_fr_sqr(&top, &top);
    pvn_fr_sub(&top, &top, &pvn_fr_one);
    pvn_fr_from_u64(&size, (uint64_t)1 << log_size);
    pvn_fr_inv(&size, &size);
    pvn_fr_mul(&top, &top, &size);
    pvn_fr_mul(&top, &top, scale);
    w = at;
    for (size_t j = 0; j < n; j++) {
        pvn_fr_sub(&out[j], &s->tau, &w);
        pvn_fr_mul(&w, &w, &step);
    }
    pvn_fr_inv_many(out, scratch, n);
    for (size_t j = 0; j < n; j++) {
        pvn_fr_mul(&out[j], &out[j], &at);
        pvn_fr_mul(&out[j], &out[j], &top);
        pvn_fr_mul(&at, &at, &step);
    }
    free(scratch);
}

/* out[wire] += coef * factor * L[row] over a matrix. */
static void gather(pvn_fr *out, const matrix *m, uint32_t rows, const pvn_fr *l)
{
    pvn_fr t;

    for (uint32_t j = 0; j < rows; j++)
        for (uint64_t i = m->start[j]; i < m->start[j + 1]; i++) {
            pvn_fr_mul(&t, &m->term[i].coef, &l[j]);
            pvn_fr_add(&out[m->term[i].wire], &out[m->term[i].wire], &t);
        }
}

static void evaluate(setup *s)
{
    const circuit *c = s->c;
    size_t m = c->wires;
    pvn_fr *l = need((size_t)s->domain * sizeof *l), t;

    lagrange(l, s, s->log, s->domain, 0, 0, &pvn_fr_one);
    s->a = need(m * sizeof *s->a);
    s->b = need(m * sizeof *s->b);
    s->k = need(m * sizeof *s->k);
    memset(s->a, 0, m * sizeof *s->a);
    memset(s->b, 0, m * sizeof *s->b);
    memset(s->k, 0, m * sizeof *s->k);
    gather(s->a, &c->m[0], c->constraints, l);
    gather(s->b, &c->m[1], c->constraints, l);
    gather(s->k, &c->m[2], c->constraints, l);
    /* the rows that bind the constant and the public signals */
    for (uint32_t i = 0; i <= s->publics; i++)
        pvn_fr_add(&s->a[i], &s->a[i], &l[c->constraints + i]);
    for (size_t i = 0; i < m; i++) {
        pvn_fr_mul(&t, &s->beta, &s->a[i]);
        pvn_fr_add(&s->k[i], &s->k[i], &t);
        pvn_fr_mul(&t, &s->alpha, &s->b[i]);
        pvn_fr_add(&s->k[i], &s->k[i], &t);
    }
    free(l);
}

enum { CHUNK = 1 << 16 };

/* A section of points: k[i] * factor times the generator. */
static void put_points(FILE *f, const setup *s, uint32_t type, bool g2,
                       const pvn_fr *k, size_t n, const pvn_fr *factor)
{
    size_t bytes = g2 ? 128 : 64;
    uint8_t *out = need(CHUNK * bytes);
    pvn_fr *scaled = need(CHUNK * sizeof *scaled);

    section(f, type, n * bytes);
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t some = n - at < CHUNK ? n - at : CHUNK;

        for (size_t i = 0; i < some; i++)
            pvn_fr_mul(&scaled[i], &k[at + i], factor);
        fixed_base_points(g2 ? s->g2 : s->g1, out, scaled, some);
        put(f, out, some * bytes);
    }
    free(out);
    free(scaled);
}

static void put_point(FILE *f, const setup *s, bool g2, const pvn_fr *k)
{
    uint8_t out[128];

    fixed_base_points(g2 ? s->g2 : s->g1, out, k, 1);
    put(f, out, g2 ? 128 : 64);
}

static void put_header(FILE *f, const setup *s)
{
    section(f, 1, 4);
    put_u32(f, 1);
    section(f, 2, 660);
    put_u32(f, 32);
    put(f, pvn_bn254_q_le32, 32);
    put_u32(f, 32);
    put(f, pvn_bn254_r_le32, 32);
    put_u32(f, s->c->wires);
    put_u32(f, s->publics);
    put_u32(f, s->domain);
    put_point(f, s, false, &s->alpha);
    put_point(f, s, false, &s->beta);
    put_point(f, s, true, &s->beta);
    put_point(f, s, true, &s->gamma);
    put_point(f, s, false, &s->delta);
    put_point(f, s, true, &s->delta);
}

static void put_coef(FILE *f, uint32_t m, uint32_t row, uint32_t wire,
                     const pvn_fr *coef)
{
    uint8_t e[44];
    pvn_fr v;

    pvn_fr_mul(&v, coef, &pvn_fr_r2); /* once more 2^256 */
    pvn_put_u32le(e, m);
    pvn_put_u32le(e + 4, row);
    pvn_put_u32le(e + 8, wire);
    pvn_fr_to_mont_le(e + 12, &v);
    put(f, e, sizeof e);
}

static void put_coefs(FILE *f, const setup *s)
{
    const circuit *c = s->c;
    uint64_t n = c->m[0].len + c->m[1].len + s->publics + 1;

    if (n > UINT32_MAX)
        die("too many coefficients");
    section(f, 4, 4 + n * 44);
    put_u32(f, (uint32_t)n);
    for (uint32_t j = 0; j < c->constraints; j++)
        for (uint32_t m = 0; m < 2; m++)
            for (uint64_t i = c->m[m].start[j]; i < c->m[m].start[j + 1]; i++)
                put_coef(f, m, j, c->m[m].term[i].wire, &c->m[m].term[i].coef);
    for (uint32_t i = 0; i <= s->publics; i++)
        put_coef(f, 0, c->constraints + i, i, &pvn_fr_one);
}

static void put_vk(const setup *s, const char *path, const char *zkey_path)
{
    provernet_groth16_vk *vk = NULL;
    provernet_error err = { 0 };
    pvn_buf b = { 0 }, json = { 0 };
    const pvn_fr *g2[3] = { &s->beta, &s->gamma, &s->delta };
    pvn_fr inverse, k;
    pvn_g1_affine p;
    pvn_g2_affine q;
    uint8_t raw[128], eip[128];
    FILE *f;

    pvn_fr_inv(&inverse, &s->gamma);
    pvn_buf_text(&b, PVN_GROTH16_VK_TEXT);
    pvn_put_u32be(raw, s->publics);
    pvn_buf_add(&b, raw, 4);
    fixed_base_points(s->g1, raw, &s->alpha, 1);
    (void)pvn_g1_from_mont_le(&p, raw);
    pvn_g1_to_eip(eip, &p);
    pvn_buf_add(&b, eip, 64);
    for (int i = 0; i < 3; i++) {
        fixed_base_points(s->g2, raw, g2[i], 1);
        (void)pvn_g2_from_mont_le(&q, raw);
        pvn_g2_to_eip(eip, &q);
        pvn_buf_add(&b, eip, 128);
    }
    for (uint32_t i = 0; i <= s->publics; i++) {
        pvn_fr_mul(&k, &s->k[i], &inverse);
        fixed_base_points(s->g1, raw, &k, 1);
        (void)pvn_g1_from_mont_le(&p, raw);
        pvn_g1_to_eip(eip, &p);
        pvn_buf_add(&b, eip, 64);
    }
    if (b.failed ||
        pvn_groth16_vk_from_bytes(&vk, (provernet_span){ b.data, b.len },
                                  &err) ||
        !pvn_groth16_vk_json(vk, &json))
        die("%s: %s", zkey_path, err.message);
    f = fopen(path, "wb");
    if (!f)
        die("cannot create %s", path);
    put(f, json.data, json.len);
    finish(f, path);
    provernet_groth16_vk_free(vk);
    pvn_buf_free(&b);
    pvn_buf_free(&json);
}

void write_zkey(const circuit *c, dice *d, unsigned threads,
                const char *zkey_path, const char *vk_path)
{
    setup s = { .c = c, .publics = c->outputs + c->inputs };
    size_t first = (size_t)s.publics + 1, m = c->wires;
    pvn_fr inverse, *h;
    FILE *f;

    dice_fr(d, &s.tau);
    dice_fr(d, &s.alpha);
    dice_fr(d, &s.beta);
    dice_fr(d, &s.gamma);
    dice_fr(d, &s.delta);
    while (((uint64_t)1 << s.log) < (uint64_t)c->constraints + first)
        s.log++;
    if (s.log > 27)
        die("the domain would be 2^%u, at most 2^27", s.log);
    s.domain = (uint32_t)1 << s.log;
    evaluate(&s);
    s.g1 = fixed_base_new(false, threads);
    s.g2 = fixed_base_new(true, threads);

    f = start(zkey_path, "zkey", 1, 10);
    put_header(f, &s);
    put_coefs(f, &s);
    pvn_fr_inv(&inverse, &s.gamma);
    put_points(f, &s, 3, false, s.k, first, &inverse);
    pvn_fr_inv(&inverse, &s.delta);
    h = need((size_t)s.domain * sizeof *h);
    lagrange(h, &s, s.log + 1, s.domain, 1, 1, &pvn_fr_one);
    put_points(f, &s, 9, false, h, s.domain, &inverse);
    free(h);
    put_points(f, &s, 8, false, s.k + first, m - first, &inverse);
    put_points(f, &s, 5, false, s.a, m, &pvn_fr_one);
    put_points(f, &s, 6, false, s.b, m, &pvn_fr_one);
    put_points(f, &s, 7, true, s.b, m, &pvn_fr_one);
    section(f, 10, 68); /* nobody contributed */
    for (int i = 0; i < 17; i++)
        put_u32(f, 0);
    finish(f, zkey_path);
    put_vk(&s, vk_path, zkey_path);
    fixed_base_free(s.g1);
    fixed_base_free(s.g2);
    free(s.a);
    free(s.b);
    free(s.k);
}
