/* snark/bn254/ntt.c - transforms in two passes of short transforms; includes
 * ntt.h and work.h.
 *
 * n = R*C values lie as R rows of C. A transform from natural order is: R-point
 * transforms down the columns (row p then holds frequency reversed(p)),
 * times w_n^(column * reversed(p)), C-point transforms along the rows. All
 * short transforms are "natural in, reversed out", so the result stands in
 * the bit-reversed order of the whole; the way back does the mirror image,
 * "reversed in, natural out", so a round trip needs no reordering. Eight
 * columns or rows go at once through one work area that fits in the cache.
 *
 * To the odd coset, eta = w_2n: the scale 1/n is in the factors of the first
 * pass; a row holds coefficients i = reversed(p) + R*k, and the factor eta^i
 * splits into eta^(R k), which is in the twiddles of the row transform (in
 * layer m they are w_4m^(2j+1) instead of w_2m^j), and eta^reversed(p), which
 * is in the factors of the last pass. */
#include "ntt.h"
#include "work.h"
#include <stdlib.h>

enum { SPLIT_MIN_LOG = 6, REVERSE_UNIT = 1 << 12 };

struct pvn_domain {
    const pvn_bn254_forms *forms;
    unsigned log_size, log_rows, log_columns;
    pvn_fr w, w_inverse, n_inverse, eta;
    /* packed twiddles */
    void *out_forward, *out_inverse; /* max(R, C)/2 each */
    void *in_columns;                /* R: plain */
    void *in_rows_coset;             /* C: odd coset */
};

void pvn_fr_root_of_unity(pvn_fr *w, unsigned log_size)
{
    static const pvn_fr w28 = { { 0x636e735580d13d9cu, 0xa22bf3742445ffd6u,
                                  0x56452ac01eb203d8u, 0x1860ef942963f9e7u } };
    *w = w28;
    for (unsigned i = log_size; i < 28; i++)
        pvn_fr_sqr(w, w);
}

static size_t bit_reverse(size_t i, unsigned bits)
{
    size_t r = 0;
    for (unsigned b = 0; b < bits; b++)
        r |= (i >> b & 1) << (bits - 1 - b);
    return r;
}

static void fr_pow_small(pvn_fr *r, const pvn_fr *a, size_t e)
{
    pvn_fr base = *a, acc = pvn_fr_one;
    for (; e; e >>= 1) {
        if (e & 1)
            pvn_fr_mul(&acc, &acc, &base);
        pvn_fr_sqr(&base, &base);
    }
    *r = acc;
}

/* table[b] = w^reversed(b) over log n - 1 bits, w a primitive n-th root. */
static void fill_out(pvn_fr *table, unsigned log_n, const pvn_fr *w)
{
    pvn_fr run = pvn_fr_one;
    for (size_t i = 0; i < (size_t)1 << (log_n - 1); i++) {
        table[bit_reverse(i, log_n - 1)] = run;
        pvn_fr_mul(&run, &run, w);
    }
}

/* table[m+j] = w_2m^j, or w_4m^(2j+1) for the odd coset. */
static void fill_in(pvn_fr *table, unsigned log_n, bool coset)
{
    table[0] = pvn_fr_one;
    for (unsigned k = 0; k < log_n; k++) {
        pvn_fr w, run = pvn_fr_one;
        size_t m = (size_t)1 << k;
        if (coset)
            pvn_fr_root_of_unity(&run, k + 2);
        pvn_fr_root_of_unity(&w, k + 1);
        for (size_t j = 0; j < m; j++) {
            table[m + j] = run;
            pvn_fr_mul(&run, &run, &w);
        }
    }
}

static void *packed_table(const pvn_domain *d, const pvn_fr *table, size_t n)
{
    void *p = malloc(n * d->forms->twiddle_bytes);
    if (p)
        d->forms->twiddle_pack(p, table, n);
    return p;
}

static bool domain_tables(pvn_domain *d)
{
    unsigned log_max =
        d->log_rows > d->log_columns ? d->log_rows : d->log_columns;
    size_t rows = (size_t)1 << d->log_rows;
    size_t columns = (size_t)1 << d->log_columns;
    size_t half = (size_t)1 << (log_max - 1);
    pvn_fr w, *table = malloc(2 * half * sizeof *table);
    if (!table)
        return false;
    pvn_fr_root_of_unity(&w, log_max);
    fill_out(table, log_max, &w);
    d->out_forward = packed_table(d, table, half);
    pvn_fr_inv(&w, &w);
    fill_out(table, log_max, &w);
    d->out_inverse = packed_table(d, table, half);
    fill_in(table, d->log_rows, false);
    d->in_columns = packed_table(d, table, rows);
    fill_in(table, d->log_columns, true);
    d->in_rows_coset = packed_table(d, table, columns);
    free(table);
    return d->out_forward && d->out_inverse && d->in_columns &&
           d->in_rows_coset;
}

provernet_status pvn_domain_new(pvn_domain **out, const pvn_bn254_forms *forms,
                                unsigned log_size)
{
    *out = NULL;
    if (log_size > PVN_NTT_MAX_LOG)
        return PROVERNET_ERR_INVALID;
    pvn_domain *d = calloc(1, sizeof *d);
    if (!d)
        return PROVERNET_ERR_NOMEM;
    d->forms = forms;
    d->log_size = log_size;
    d->log_rows = log_size / 2;
    d->log_columns = log_size - d->log_rows;
    pvn_fr_root_of_unity(&d->w, log_size);
    pvn_fr_root_of_unity(&d->eta, log_size + 1);
    pvn_fr_inv(&d->w_inverse, &d->w);
    pvn_fr_from_u64(&d->n_inverse, (uint64_t)1 << log_size);
    pvn_fr_inv(&d->n_inverse, &d->n_inverse);
    if (log_size >= SPLIT_MIN_LOG && !domain_tables(d)) {
        pvn_domain_free(d);
        return PROVERNET_ERR_NOMEM;
    }
    *out = d;
    return PROVERNET_OK;
}

void pvn_domain_free(pvn_domain *d)
{
    if (!d)
        return;
    free(d->out_forward);
    free(d->out_inverse);
    free(d->in_columns);
    free(d->in_rows_coset);
    free(d);
}

size_t pvn_domain_size(const pvn_domain *d)
{
    return (size_t)1 << d->log_size;
}

/* One pass over all polynomials; unit i is a group of eight columns/rows. */
struct pass {
    const pvn_domain *d;
    pvn_ntt_stage stage;
    pvn_fr *const *polys;
    size_t count;
    pvn_fr root; /* column c's factors are scale * (shift*root^c)^i */
    pvn_fr shift, scale;
};

static void pass_unit(void *arg, void *scratch, size_t group)
{
    struct pass *p = arg;
    const pvn_bn254_forms *f = p->d->forms;
    pvn_ntt_stage s = p->stage;
    size_t work = ((size_t)1 << s.log_len) * f->vector_bytes;
    bool columns =
        s.kind == PVN_NTT_COLUMNS_OUT || s.kind == PVN_NTT_COLUMNS_IN;
    s.work = scratch;
    if (columns) {
        pvn_fr base[8];
        fr_pow_small(&base[0], &p->root, 8 * group);
        pvn_fr_mul(&base[0], &base[0], &p->shift);
        for (int t = 1; t < 8; t++)
            pvn_fr_mul(&base[t], &base[t - 1], &p->root);
        f->ntt_twist((char *)scratch + work, base, &p->scale, s.log_len);
        s.twist = (char *)scratch + work;
    }
    for (size_t i = 0; i < p->count; i++) {
        s.data = p->polys[i] + 8 * group * (columns ? 1 : s.step);
        f->ntt_stage(&s);
    }
}

static provernet_status run_pass(struct pass *p, enum pvn_ntt_kind kind,
                                 const pvn_par *par, provernet_watch *watch)
{
    const pvn_domain *d = p->d;
    bool columns = kind == PVN_NTT_COLUMNS_OUT || kind == PVN_NTT_COLUMNS_IN;
    unsigned other = columns ? d->log_columns : d->log_rows;
    p->stage.kind = kind;
    p->stage.log_len = columns ? d->log_rows : d->log_columns;
    p->stage.step = (size_t)1 << d->log_columns;
    p->stage.in_table = columns ? d->in_columns : d->in_rows_coset;
    return pvn_work(par, pass_unit, p, (size_t)1 << (other - 3),
                    2 * (d->forms->vector_bytes << p->stage.log_len), watch);
}

struct reorder {
    pvn_fr *const *polys;
    size_t count;
    unsigned log_size;
};

static void reorder_unit(void *arg, void *scratch, size_t unit)
{
    struct reorder *o = arg;
    size_t n = (size_t)1 << o->log_size;
    (void)scratch;
    for (size_t i = unit * REVERSE_UNIT; i < (unit + 1) * REVERSE_UNIT && i < n;
         i++) {
        size_t k = bit_reverse(i, o->log_size);
        for (size_t p = 0; i < k && p < o->count; p++) {
            pvn_fr t = o->polys[p][i];
            o->polys[p][i] = o->polys[p][k];
            o->polys[p][k] = t;
        }
    }
}

static provernet_status reorder(const pvn_domain *d, pvn_fr *const *polys,
                                size_t count, const pvn_par *par,
                                provernet_watch *watch)
{
    struct reorder o = { polys, count, d->log_size };
    size_t n = pvn_domain_size(d);
    return pvn_work(par, reorder_unit, &o,
                    (n + REVERSE_UNIT - 1) / REVERSE_UNIT, 0, watch);
}

/* Below 2^6: one layer after the other, radix 2, then everything times
 * scale * shift^i. */
static void small_transform(const pvn_domain *d, pvn_fr *a, const pvn_fr *w)
{
    size_t n = pvn_domain_size(d);
    for (size_t i = 0; i < n; i++) {
        size_t k = bit_reverse(i, d->log_size);
        if (i < k) {
            pvn_fr t = a[i];
            a[i] = a[k];
            a[k] = t;
        }
    }
    for (size_t m = 1; m < n; m *= 2) {
        pvn_fr step, run;
        fr_pow_small(&step, w, n / (2 * m));
        for (size_t i = 0; i < n; i += 2 * m) {
            run = pvn_fr_one;
            for (size_t j = i; j < i + m; j++) {
                pvn_fr t;
                pvn_fr_mul(&t, &a[j + m], &run);
                pvn_fr_sub(&a[j + m], &a[j], &t);
                pvn_fr_add(&a[j], &a[j], &t);
                pvn_fr_mul(&run, &run, &step);
            }
        }
    }
}

static void small_scale(const pvn_domain *d, pvn_fr *a, const pvn_fr *scale,
                        const pvn_fr *shift)
{
    pvn_fr run = *scale;
    for (size_t i = 0; i < pvn_domain_size(d); i++) {
        pvn_fr_mul(&a[i], &a[i], &run);
        pvn_fr_mul(&run, &run, shift);
    }
}

static provernet_status natural(const pvn_domain *d, pvn_fr *const *polys,
                                size_t count, bool inverse, const pvn_par *par,
                                provernet_watch *watch)
{
    const pvn_fr *w = inverse ? &d->w_inverse : &d->w;
    const pvn_fr *scale = inverse ? &d->n_inverse : &pvn_fr_one;
    if (d->log_size < SPLIT_MIN_LOG) {
        for (size_t i = 0; i < count; i++) {
            small_transform(d, polys[i], w);
            small_scale(d, polys[i], scale, &pvn_fr_one);
        }
        return PROVERNET_OK;
    }
    struct pass p = { .d = d,
                      .polys = polys,
                      .count = count,
                      .root = *w,
                      .shift = pvn_fr_one,
                      .scale = *scale };
    p.stage.out_table = inverse ? d->out_inverse : d->out_forward;
    provernet_status s = run_pass(&p, PVN_NTT_COLUMNS_OUT, par, watch);
    if (!s)
        s = run_pass(&p, PVN_NTT_ROWS, par, watch);
    if (!s)
        s = reorder(d, polys, count, par, watch);
    return s;
}

provernet_status pvn_ntt_forward(const pvn_domain *d, pvn_fr *const *polys,
                                 size_t count, const pvn_par *par,
                                 provernet_watch *watch)
{
    return natural(d, polys, count, false, par, watch);
}

provernet_status pvn_ntt_inverse(const pvn_domain *d, pvn_fr *const *polys,
                                 size_t count, const pvn_par *par,
                                 provernet_watch *watch)
{
    return natural(d, polys, count, true, par, watch);
}

provernet_status pvn_ntt_to_odd_coset(const pvn_domain *d, pvn_fr *const *polys,
                                      size_t count, const pvn_par *par,
                                      provernet_watch *watch)
{
    if (d->log_size < SPLIT_MIN_LOG) {
        for (size_t i = 0; i < count; i++) {
            small_transform(d, polys[i], &d->w_inverse);
            small_scale(d, polys[i], &d->n_inverse, &d->eta);
            small_transform(d, polys[i], &d->w);
        }
        return PROVERNET_OK;
    }
    struct pass p = { .d = d,
                      .polys = polys,
                      .count = count,
                      .root = d->w_inverse,
                      .shift = pvn_fr_one,
                      .scale = d->n_inverse };
    p.stage.out_table = d->out_inverse;
    provernet_status s = run_pass(&p, PVN_NTT_COLUMNS_OUT, par, watch);
    if (!s)
        s = run_pass(&p, PVN_NTT_ROWS_COSET, par, watch);
    p.root = d->w;
    p.shift = d->eta;
    p.scale = pvn_fr_one;
    if (!s)
        s = run_pass(&p, PVN_NTT_COLUMNS_IN, par, watch);
    return s;
}

struct quotient {
    const pvn_domain *d;
    pvn_fr *a;
    const pvn_fr *b, *c;
};

static void quotient_unit(void *arg, size_t unit)
{
    struct quotient *q = arg;
    size_t lo = unit * REVERSE_UNIT, n = pvn_domain_size(q->d);
    size_t len = n - lo < REVERSE_UNIT ? n - lo : REVERSE_UNIT;
    q->d->forms->mul_sub_plain(q->a + lo, q->b + lo, q->c + lo, len);
}

void pvn_ntt_quotient(const pvn_domain *d, pvn_fr *a, const pvn_fr *b,
                      const pvn_fr *c, const pvn_par *par)
{
    struct quotient q = { d, a, b, c };
    pvn_par_for(par, quotient_unit, &q,
                (pvn_domain_size(d) + REVERSE_UNIT - 1) / REVERSE_UNIT);
}
