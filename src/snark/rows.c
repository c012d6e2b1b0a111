/* snark/rows.c - see rows.h. Includes base/ and snark/ only. */
#include "snark/rows.h"
#include "base/error.h"
#include "snark/binfile.h"
#include <stdlib.h>

enum { CHUNK = 1 << 15, ENTRY = PVN_ZKEY_COEF_BYTES, BLOCK = 2048, STEP = 64 };
#define CHUNK_EMPTY UINT64_MAX

void pvn_coeff_rows_free(pvn_rows *r)
{
    for (int i = 0; i < 2; i++) {
        free(r->start[i]);
        free(r->term[i]);
    }
    free(r->coef);
    memset(r, 0, sizeof *r);
}

/* The distinct coefficients on their way: open addressing over r->coef. */
typedef struct table {
    pvn_rows *rows;
    const uint64_t *key; /* PVN_ROWS_HASH_WORDS */
    uint32_t *slot;      /* index + 1; 0: empty */
    size_t mask;
    size_t cap; /* of rows->coef */
} table;

/* The high half of key_0 + sum key_i word_i over words of 32 bits: two values
 * fall together by chance only, whoever chose them, while the key is random. */
static size_t slot_of(const table *t, const pvn_fr *v)
{
    uint64_t h = t->key[0];

    for (int i = 0; i < 4; i++)
        h += t->key[2 * i + 1] * (uint32_t)v->l[i] +
             t->key[2 * i + 2] * (v->l[i] >> 32);
    return (size_t)(h >> 32) & t->mask;
}

static bool table_grow(table *t)
{
    size_t size = (t->mask + 1) * 2;
    uint32_t *slot = calloc(size, sizeof *slot);
    pvn_fr *coef = realloc(t->rows->coef, size / 2 * sizeof *coef);

    if (coef) {
        t->rows->coef = coef;
        t->cap = size / 2;
    }
    if (!slot || !coef) {
        free(slot);
        return false;
    }
    free(t->slot);
    t->slot = slot;
    t->mask = size - 1;
    for (size_t i = 0; i < t->rows->coefs; i++) {
        size_t at = slot_of(t, &coef[i]);

        while (slot[at])
            at = (at + 1) & t->mask;
        slot[at] = (uint32_t)i + 1;
    }
    return true;
}

/* The index of a value, new or known; UINT32_MAX: no memory. */
static uint32_t table_index(table *t, const pvn_fr *v)
{
    size_t at;

    if (t->rows->coefs == t->cap && !table_grow(t))
        return UINT32_MAX;
    at = slot_of(t, v);
    while (t->slot[at]) {
        uint32_t i = t->slot[at] - 1;

        if (pvn_fr_equal(&t->rows->coef[i], v))
            return i;
        at = (at + 1) & t->mask;
    }
    t->rows->coef[t->rows->coefs] = *v;
    t->slot[at] = (uint32_t)++t->rows->coefs;
    return t->slot[at] - 1;
}

/* 1 and -1 come first: rows.h names them. */
static bool table_start(table *t, pvn_rows *rows, const uint64_t *key)
{
    pvn_fr one = pvn_fr_r2, minus; /* 1 times 2^512 */

    *t = (table){ .rows = rows, .key = key, .mask = 511 };
    pvn_fr_neg(&minus, &one);
    if (!table_grow(t))
        return false;
    return table_index(t, &one) == PVN_COEF_ONE &&
           table_index(t, &minus) == PVN_COEF_MINUS_ONE;
}

typedef struct reader {
    const pvn_zkey *z;
    const pvn_source *file;
    provernet_watch *w;
    uint8_t *chunk;
    uint64_t chunk_at; /* the entry it begins with, CHUNK_EMPTY: none */
    pvn_rows *rows;
    table values;
} reader;

static provernet_status bad_entry(const reader *r, uint64_t index,
                                  const char *what, uint32_t found,
                                  uint32_t limit, provernet_error *err)
{
    char n[PVN_COUNT_CAP];

    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "%s: coefficient %s has %s %u, expected below %u\nhelp: "
                    "the file is damaged; copy or make it again",
                    r->file->name, pvn_count_text(n, index), what, found,
                    limit);
}

/* First pass: check, and count the terms of each row. */
static provernet_status count_entry(reader *r, const uint8_t *e, uint64_t index,
                                    provernet_error *err)
{
    uint32_t matrix = pvn_get_u32le(e), row = pvn_get_u32le(e + 4);
    uint32_t signal = pvn_get_u32le(e + 8);

    if (matrix > 1)
        return bad_entry(r, index, "matrix", matrix, 2, err);
    if (row >= r->z->domain)
        return bad_entry(r, index, "row", row, r->z->domain, err);
    if (signal >= r->z->wires)
        return bad_entry(r, index, "signal", signal, r->z->wires, err);
    r->rows->start[matrix][row + 1]++;
    return PROVERNET_OK;
}

/* Second pass: put it where it belongs; start[row] moves on. Checked again:
 * the file may have changed between the passes. */
static provernet_status place_entry(reader *r, const uint8_t *e, uint64_t index,
                                    provernet_error *err)
{
    uint32_t matrix = pvn_get_u32le(e), row = pvn_get_u32le(e + 4);
    uint32_t signal = pvn_get_u32le(e + 8), coef, *start, at;
    pvn_fr v;

    if (!pvn_fr_from_mont_le(&v, e + 12))
        return bad_entry(r, index, "a value above the group order, matrix",
                         matrix, 2, err);
    if (matrix > 1 || row >= r->z->domain || signal >= r->z->wires)
        return bad_entry(r, index, "signal", signal, r->z->wires, err);
    coef = table_index(&r->values, &v);
    if (coef == UINT32_MAX)
        return pvn_nomem(err);
    start = r->rows->start[matrix];
    at = start[row];
    if (at >= start[r->z->domain])
        return bad_entry(r, index, "row", row, 0, err);
    start[row] = at + 1;
    r->rows->term[matrix][at] = (pvn_term){ signal, coef };
    return PROVERNET_OK;
}

typedef provernet_status (*entry_fn)(reader *r, const uint8_t *e,
                                     uint64_t index, provernet_error *err);

static provernet_status each_entry(reader *r, entry_fn fn, provernet_error *err)
{
    provernet_status s = PROVERNET_OK;

    for (uint64_t at = 0; !s && at < r->z->coefs;) {
        uint64_t some = r->z->coefs - at;

        if (some > CHUNK)
            some = CHUNK;
        if (!pvn_watch_at(r->w, NULL, 0))
            return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                            "reading the key was cancelled");
        if (at != r->chunk_at) /* few entries are still there */
            s = pvn_source_read(r->file, r->z->coef + at * ENTRY, r->chunk,
                                (size_t)some * ENTRY, err);
        r->chunk_at = at;
        for (uint64_t i = 0; !s && i < some; i++)
            s = fn(r, r->chunk + i * ENTRY, at + i, err);
        at += some;
    }
    return s;
}

/* Counts to positions: start[row] = where the row begins. */
static void add_up(uint32_t *start, size_t domain)
{
    for (size_t i = 0; i < domain; i++)
        start[i + 1] += start[i];
}

/* After placing, start[row] is where the next row begins: shift back. */
static void shift_back(uint32_t *start, size_t domain)
{
    memmove(start + 1, start, domain * sizeof *start);
    start[0] = 0;
}

/* Every row was filled exactly when each start moved to the next one's. */
static bool all_placed(const uint32_t *start, size_t domain)
{
    for (size_t i = 1; i <= domain; i++)
        if (start[i] < start[i - 1])
            return false;
    return true;
}

static provernet_status read_rows(reader *r, provernet_error *err)
{
    size_t domain = r->z->domain;
    pvn_rows *rows = r->rows;
    provernet_status s;

    s = each_entry(r, count_entry, err);
    if (s)
        return s;
    for (int m = 0; m < 2; m++) {
        size_t n;

        add_up(rows->start[m], domain);
        n = rows->start[m][domain];
        rows->term[m] = calloc(n ? n : 1, sizeof **rows->term);
        if (!rows->term[m])
            return pvn_nomem(err);
        rows->bytes += n * sizeof **rows->term + (domain + 1) * 4;
    }
    s = each_entry(r, place_entry, err);
    if (s)
        return s;
    rows->bytes += r->values.cap * sizeof *rows->coef;
    for (int m = 0; m < 2; m++) {
        shift_back(rows->start[m], domain);
        if (!all_placed(rows->start[m], domain))
            return pvn_fail(err, PROVERNET_ERR_IO, 0,
                            "%s changed while it was read", r->file->name);
    }
    return PROVERNET_OK;
}

size_t pvn_rows_room(const pvn_zkey *z)
{
    return (z->coefs < CHUNK ? (size_t)z->coefs : CHUNK) * ENTRY + 1;
}

provernet_status pvn_rows_read(pvn_rows *out, const pvn_zkey *z,
                               const pvn_source *file,
                               const uint64_t hash_key[PVN_ROWS_HASH_WORDS],
                               void *room, provernet_watch *w,
                               provernet_error *err)
{
    reader r = { .z = z,
                 .file = file,
                 .w = w,
                 .chunk = room,
                 .rows = out,
                 .chunk_at = CHUNK_EMPTY };
    provernet_status s;

    memset(out, 0, sizeof *out);
    for (int m = 0; m < 2; m++)
        out->start[m] = calloc((size_t)z->domain + 1, sizeof **out->start);
    if (!out->start[0] || !out->start[1] ||
        !table_start(&r.values, out, hash_key))
        s = pvn_nomem(err);
    else
        s = read_rows(&r, err);
    free(r.values.slot);
    return s;
}

typedef struct product {
    const pvn_bn254_forms *forms;
    const pvn_rows *rows;
    pvn_fr *const *abc;
    size_t domain;
    const uint8_t *values;
    provernet_watch *w;
    _Atomic bool stopped;
} product;

/* Products that wait to be made many at once, and where each is added. */
typedef struct waiting {
    pvn_fr value[STEP], coef[STEP];
    uint8_t row[STEP];
    size_t n;
} waiting;

static void settle(waiting *q, const pvn_bn254_forms *forms, pvn_fr *rest)
{
    forms->fr_mul_many(q->value, q->value, q->coef, q->n);
    for (size_t i = 0; i < q->n; i++)
        pvn_fr_add(&rest[q->row[i]], &rest[q->row[i]], &q->value[i]);
    q->n = 0;
}

/* <row, w> is *plain times 2^512 plus rest[i]: a plain value times a
 * coefficient that carries 2^512 is in Montgomery form; the many coefficients
 * 1 and -1 are added up plain, to be multiplied once. */
static void dot(pvn_fr *plain, pvn_fr *rest, waiting *q, const product *p,
                int m, size_t row, size_t i)
{
    const uint32_t *start = p->rows->start[m];
    pvn_fr v;

    pvn_fr_zero(plain);
    for (uint32_t at = start[row + i]; at < start[row + i + 1]; at++) {
        pvn_term t = p->rows->term[m][at];
        const uint8_t *value = p->values + (size_t)t.signal * 32;

        for (int k = 0; k < 4; k++)
            v.l[k] = pvn_get_u64le(value + 8 * k);
        if (t.coef == PVN_COEF_ONE) {
            pvn_fr_add(plain, plain, &v);
        } else if (t.coef == PVN_COEF_MINUS_ONE) {
            pvn_fr_sub(plain, plain, &v);
        } else {
            q->value[q->n] = v;
            q->coef[q->n] = p->rows->coef[t.coef];
            q->row[q->n++] = (uint8_t)i;
            if (q->n == STEP)
                settle(q, p->forms, rest);
        }
    }
}

/* Rows lo .. lo+n-1 of one matrix: the plain sums first, then their products
 * by 2^512 all at once, then the rests. */
static void multiply_rows(pvn_fr *out, const product *p, int m, size_t lo,
                          size_t n)
{
    pvn_fr rest[STEP], r2[STEP];
    waiting q;

    q.n = 0;
    memset(rest, 0, sizeof rest);
    for (size_t i = 0; i < n; i++) {
        dot(&out[i], rest, &q, p, m, lo, i);
        r2[i] = pvn_fr_r2;
    }
    settle(&q, p->forms, rest);
    p->forms->fr_mul_many(out, out, r2, n);
    for (size_t i = 0; i < n; i++)
        pvn_fr_add(&out[i], &out[i], &rest[i]);
}

static void multiply_block(void *arg, size_t block)
{
    product *p = arg;
    size_t end = (block + 1) * BLOCK;

    if (atomic_load(&p->stopped))
        return;
    if (!pvn_watch_at(p->w, NULL, 0)) {
        atomic_store(&p->stopped, true);
        return;
    }
    if (end > p->domain)
        end = p->domain;
    for (size_t j = block * BLOCK; j < end; j += STEP) {
        size_t n = end - j < STEP ? end - j : STEP;

        multiply_rows(p->abc[0] + j, p, 0, j, n);
        multiply_rows(p->abc[1] + j, p, 1, j, n);
        p->forms->fr_mul_many(p->abc[2] + j, p->abc[0] + j, p->abc[1] + j, n);
    }
}

bool pvn_rows_multiply(const pvn_rows *r, const pvn_bn254_forms *forms,
                       pvn_fr *const abc[3], size_t domain,
                       const uint8_t *values, const pvn_par *par,
                       provernet_watch *w)
{
    product p = { .forms = forms,
                  .rows = r,
                  .abc = abc,
                  .domain = domain,
                  .values = values,
                  .w = w };

    atomic_init(&p.stopped, false);
    pvn_par_for(par, multiply_block, &p, (domain + BLOCK - 1) / BLOCK);
    return !atomic_load(&p.stopped);
}
