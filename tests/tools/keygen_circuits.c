/* tests/tools/keygen_circuits.c - circuits of any size with a witness that
 * satisfies them: a squaring chain, random sparse rows, rows over bits; or
 * the rows of a .r1cs file. */
#include "keygen.h"
#include "snark/r1cs.h"
#include <stdlib.h>

static void matrix_start(matrix *m, uint32_t rows, uint64_t terms)
{
    m->start = need(((size_t)rows + 1) * sizeof *m->start);
    m->term = need((terms ? terms : 1) * sizeof *m->term);
    m->cap = terms;
    m->len = 0;
    m->start[0] = 0;
}

static void put(matrix *m, uint32_t wire, const pvn_fr *coef)
{
    if (m->len == m->cap)
        die("too many terms");
    m->term[m->len++] = (term){ wire, *coef };
}

static void end_row(circuit *c, uint32_t row)
{
    for (int k = 0; k < 3; k++)
        c->m[k].start[row + 1] = c->m[k].len;
}

static void circuit_start(circuit *c, uint32_t constraints, uint32_t wires,
                          uint32_t outputs, uint32_t inputs, uint32_t fan_in)
{
    *c = (circuit){ .wires = wires,
                    .outputs = outputs,
                    .inputs = inputs,
                    .constraints = constraints };
    for (int k = 0; k < 3; k++)
        matrix_start(&c->m[k], constraints, (uint64_t)constraints * fan_in);
    c->w = need((size_t)wires * sizeof *c->w);
    c->w[0] = pvn_fr_one;
}

void circuit_free(circuit *c)
{
    for (int k = 0; k < 3; k++) {
        free(c->m[k].start);
        free(c->m[k].term);
    }
    free(c->w);
}

/* Wires: 0 one, 1 out, 2 first, 3... the squares in between; constraint i is
 * (-prev)(prev) = -next, as circom emits it. */
void circuit_chain(circuit *c, uint32_t n)
{
    pvn_fr minus;

    circuit_start(c, n, n + 2, 1, 0, 1);
    pvn_fr_neg(&minus, &pvn_fr_one);
    pvn_fr_from_u64(&c->w[2], 3);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = i + 2, to = i + 1 == n ? 1 : i + 3;

        put(&c->m[0], from, &minus);
        put(&c->m[1], from, &pvn_fr_one);
        put(&c->m[2], to, &minus);
        end_row(c, i);
        pvn_fr_sqr(&c->w[to], &c->w[from]);
    }
}

/* Mostly 1 and -1, some small, some full: what compilers emit. */
static void random_coef(dice *d, pvn_fr *out)
{
    uint64_t kind = dice_u64(d) % 8;

    if (kind < 3)
        *out = pvn_fr_one;
    else if (kind < 5)
        pvn_fr_neg(out, &pvn_fr_one);
    else if (kind < 7)
        pvn_fr_from_u64(out, dice_u64(d) >> 40);
    else
        dice_fr(d, out);
}

/* A wire stands at most once in a sum: readers may keep a map. */
static bool seen(const matrix *m, uint64_t from, uint32_t wire)
{
    for (; from < m->len; from++)
        if (m->term[from].wire == wire)
            return true;
    return false;
}

static void random_row(circuit *c, matrix *m, uint32_t known, dice *d,
                       pvn_fr *value)
{
    uint64_t terms = 1 + dice_u64(d) % 3, from = m->len;
    pvn_fr coef, t;

    pvn_fr_zero(value);
    for (uint64_t i = 0; i < terms; i++) {
        uint32_t wire = (uint32_t)(dice_u64(d) % known);

        if (wire == 1) /* the output is known last */
            wire = 0;
        if (seen(m, from, wire))
            continue;
        random_coef(d, &coef);
        put(m, wire, &coef);
        pvn_fr_mul(&t, &coef, &c->w[wire]);
        pvn_fr_add(value, value, &t);
    }
}

void circuit_random(circuit *c, uint32_t n, uint32_t publics, dice *d)
{
    uint32_t given = 1 + publics + 8; /* the constant, signals, 8 secrets */

    if (publics == 0)
        publics = 1, given++;
    circuit_start(c, n, given + n - 1, 1, publics - 1, 3);
    for (uint32_t i = 2; i < given; i++)
        dice_fr(d, &c->w[i]);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = i + 1 == n ? 1 : given + i;
        pvn_fr a, b;

        random_row(c, &c->m[0], given + i, d, &a);
        random_row(c, &c->m[1], given + i, d, &b);
        put(&c->m[2], to, &pvn_fr_one);
        end_row(c, i);
        pvn_fr_mul(&c->w[to], &a, &b);
    }
}

/* Every wire is 0 or 1: (2a)(b) = a + b - (a xor b), as hashes have them. */
void circuit_bits(circuit *c, uint32_t n, dice *d)
{
    enum { GIVEN = 2 + 256 };
    pvn_fr two, minus;

    circuit_start(c, n, GIVEN + n - 1, 1, 0, 3);
    pvn_fr_from_u64(&two, 2);
    pvn_fr_neg(&minus, &pvn_fr_one);
    for (uint32_t i = 2; i < GIVEN; i++)
        pvn_fr_from_u64(&c->w[i], dice_u64(d) & 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = i + 1 == n ? 1 : GIVEN + i;
        uint32_t a = 2 + (uint32_t)(dice_u64(d) % (GIVEN + i - 2));
        uint32_t b = 2 + (uint32_t)(dice_u64(d) % (GIVEN + i - 2));
        bool x, y;

        if (a == b)
            b = b == 2 ? 3 : b - 1;
        x = !pvn_fr_is_zero(&c->w[a]);
        y = !pvn_fr_is_zero(&c->w[b]);

        put(&c->m[0], a, &two);
        put(&c->m[1], b, &pvn_fr_one);
        put(&c->m[2], a, &pvn_fr_one);
        put(&c->m[2], b, &pvn_fr_one);
        put(&c->m[2], to, &minus);
        end_row(c, i);
        pvn_fr_from_u64(&c->w[to], x != y);
    }
}

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0)
        die("cannot read %s", path);
    rewind(f);
    *len = (size_t)size;
    data = need(*len + 1);
    if (fread(data, 1, *len, f) != *len)
        die("cannot read %s", path);
    fclose(f);
    return data;
}

void circuit_read(circuit *c, const char *r1cs_path)
{
    provernet_error err;
    pvn_r1cs_sum abc[3];
    pvn_r1cs r;
    const uint8_t *at;
    uint8_t *data;
    size_t len;
    pvn_fr v;

    data = read_file(r1cs_path, &len);
    if (pvn_r1cs_open(&r, (provernet_span){ data, len }, r1cs_path, &err))
        die("%s", err.message);
    *c = (circuit){ .wires = r.wires,
                    .outputs = r.outputs,
                    .inputs = r.inputs,
                    .constraints = r.constraints };
    for (int k = 0; k < 3; k++)
        matrix_start(&c->m[k], r.constraints,
                     (uint64_t)(r.end - r.data) / PVN_R1CS_TERM_BYTES);
    at = r.data;
    for (uint32_t j = 0; j < r.constraints; j++) {
        at = pvn_r1cs_next(at, abc);
        for (int k = 0; k < 3; k++)
            for (uint32_t i = 0; i < abc[k].terms; i++) {
                const uint8_t *t = abc[k].term + (size_t)36 * i;

                if (!pvn_fr_from_le(&v, t + 4))
                    die("%s: a coefficient is too large", r1cs_path);
                put(&c->m[k], pvn_get_u32le(t), &v);
            }
        end_row(c, j);
    }
    free(data);
}
