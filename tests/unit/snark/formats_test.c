/* tests/unit/snark/formats_test.c - every check of the file formats, one by
 * one, with the message it gives. */
#include "files.h"
#include "snark/groth16.h"
#include "snark/wtns.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static void fill(void *user, void *out, size_t len)
{
    test_random_bytes(user, out, len);
}

static uint64_t get_le(const uint8_t *p, int bytes)
{
    uint64_t v = 0;

    while (bytes-- > 0)
        v = v << 8 | p[bytes];
    return v;
}

/* Where the content of a section begins. */
static uint8_t *section(const vector_file *f, uint32_t type)
{
    for (size_t at = 12; at < f->len; at += 12 + get_le(f->data + at + 4, 8))
        if (get_le(f->data + at, 4) == type)
            return f->data + at + 12;
    fail();
    return NULL;
}

static provernet_status load(const vector_file *z, provernet_error *err)
{
    provernet_span span = vector_span(z);
    pvn_source source = pvn_source_of(&span, "circuit.zkey");
    pvn_groth16_key *k = NULL;
    uint64_t seed = 2;
    pvn_randomness rnd = { fill, &seed };
    provernet_status s;

    memset(err, 0, sizeof *err);
    s = pvn_groth16_key_load(&k, &source, 0, rnd, pvn_bn254_forms_pick(NULL),
                             NULL, NULL, err);
    pvn_groth16_key_drop(k);
    return s;
}

typedef struct change {
    uint32_t section; /* 0: offset from the start of the file */
    size_t offset;
    int bytes;
    uint64_t value;
    provernet_status want;
    const char *says;
} change;

static void apply(const vector_file *f, const change *c)
{
    uint8_t *p = (c->section ? section(f, c->section) : f->data) + c->offset;

    for (int b = 0; b < c->bytes; b++)
        p[b] = (uint8_t)(c->value >> 8 * b);
}

static void each_check_of_a_key_speaks(void **state)
{
    static const change changes[] = {
        { 0, 0, 4, 0x464c457f, PROVERNET_ERR_FORMAT, "is not a .zkey file" },
        { 0, 4, 4, 9, PROVERNET_ERR_UNSUPPORTED, "format version 9" },
        { 0, 8, 4, 11, PROVERNET_ERR_FORMAT, "cut off" },
        { 0, 8, 4, 9, PROVERNET_ERR_FORMAT, NULL }, /* see below */
        { 0, 16, 8, ~(uint64_t)0, PROVERNET_ERR_FORMAT, "cut off" },
        { 0, 12, 4, 2, PROVERNET_ERR_FORMAT, "0 times" },
        { 1, 0, 4, 2, PROVERNET_ERR_UNSUPPORTED, "PLONK" },
        { 1, 0, 4, 10, PROVERNET_ERR_UNSUPPORTED, "FFLONK" },
        { 2, 0, 4, 48, PROVERNET_ERR_UNSUPPORTED, "48 bytes" },
        { 2, 4, 1, 0, PROVERNET_ERR_UNSUPPORTED, "another curve" },
        { 2, 40, 1, 0, PROVERNET_ERR_UNSUPPORTED, "another curve" },
        { 2, 72, 4, 5, PROVERNET_ERR_FORMAT, "section 5 (A)" },
        { 2, 72, 4, 1, PROVERNET_ERR_FORMAT, "more wires than" },
        { 2, 76, 4, 0, PROVERNET_ERR_FORMAT, "section 3 (IC)" },
        { 2, 76, 4, 0xffffffff, PROVERNET_ERR_FORMAT, "more wires than" },
        { 2, 80, 4, 3, PROVERNET_ERR_FORMAT, "not a power of two" },
        { 2, 80, 4, 0, PROVERNET_ERR_FORMAT, "not a power of two" },
        { 2, 80, 4, 1, PROVERNET_ERR_FORMAT, "for 1 public" },
        { 2, 80, 4, 8, PROVERNET_ERR_FORMAT, "section 9 (H)" },
        { 2, 80, 4, 1u << 28, PROVERNET_ERR_UNSUPPORTED, "2^27" },
        { 2, 84, 1, 1, PROVERNET_ERR_FORMAT, "alpha" },
        { 2, 148, 1, 1, PROVERNET_ERR_FORMAT, "beta or delta" },
        { 2, 212, 8, 1, PROVERNET_ERR_FORMAT, "beta" },
        { 2, 179, 1, 0xff, PROVERNET_ERR_FORMAT, "beta or delta" },
        { 4, 0, 4, 5, PROVERNET_ERR_FORMAT, "section 4 (coefficients)" },
        { 4, 4, 4, 2, PROVERNET_ERR_FORMAT, "matrix 2, expected below 2" },
        { 4, 8, 4, 4, PROVERNET_ERR_FORMAT, "row 4, expected below 4" },
        { 4, 12, 4, 4, PROVERNET_ERR_FORMAT, "signal 4, expected below 4" },
        { 4, 47, 1, 0x31, PROVERNET_ERR_FORMAT, "above the group order" },
        { 3, 31, 1, 0xff, PROVERNET_ERR_FORMAT, "not reduced" },
        { 5, 0, 1, 1, PROVERNET_ERR_FORMAT, "section 5 (A)" },
        { 6, 31, 1, 0xff, PROVERNET_ERR_FORMAT, "section 6 (B1)" },
        { 7, 0, 1, 1, PROVERNET_ERR_FORMAT, "section 7 (B2)" },
        { 8, 64, 1, 1, PROVERNET_ERR_FORMAT, "point 1 of section 8 (C)" },
        { 9, 128, 1, 1, PROVERNET_ERR_FORMAT, "point 2 of section 9 (H)" },
    };
    provernet_error err;
    (void)state;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        vector_file z = vector_read("multiplier/circuit.zkey");
        const change *c = &changes[i];

        apply(&z, c);
        if (!c->says) { /* without section 10: not needed to prove */
            assert_ok(load(&z, &err));
        } else {
            if (load(&z, &err) != c->want || !strstr(err.message, c->says))
                fail_msg("change %zu: %d %s", i, err.status, err.message);
        }
        vector_free(&z);
    }
}

static void sections_come_in_any_order_and_only_once(void **state)
{
    vector_file z = vector_read("multiplier/circuit.zkey");
    vector_file r = { malloc(z.len + 32), z.len };
    uint8_t *out = r.data + 12;
    size_t at[16], n = 0;
    provernet_error err;
    (void)state;

    assert_non_null(r.data);
    memcpy(r.data, z.data, 12);
    for (size_t p = 12; p < z.len; p += 12 + get_le(z.data + p + 4, 8))
        at[n++] = p;
    while (n-- > 0) {
        size_t len = 12 + get_le(z.data + at[n] + 4, 8);

        memcpy(out, z.data + at[n], len);
        out += len;
    }
    assert_ok(load(&r, &err));
    /* an unknown section is skipped */
    memcpy(out, "\x99\x99\0\0\x08\0\0\0\0\0\0\0unknown!", 20);
    r.len += 20;
    r.data[8]++;
    assert_ok(load(&r, &err));
    /* a known one that comes twice is not */
    out[0] = 1;
    out[1] = 0;
    assert_int_equal(load(&r, &err), PROVERNET_ERR_FORMAT);
    assert_non_null(strstr(err.message, "2 times"));
    vector_free(&z);
    vector_free(&r);
}

static void a_point_outside_the_subgroup_is_found(void **state)
{
    vector_file z = vector_read("multiplier/circuit.zkey");
    pvn_g2_affine p;
    pvn_fq2 b, t;
    provernet_error err;
    (void)state;

    /* the curve's b from the generator, then some x with a root */
    pvn_fq2_sqr(&b, &pvn_g2_generator.y);
    pvn_fq2_sqr(&t, &pvn_g2_generator.x);
    pvn_fq2_mul(&t, &t, &pvn_g2_generator.x);
    pvn_fq2_sub(&b, &b, &t);
    for (uint64_t x = 1;; x++) {
        pvn_fq norm, half, two, s, d;

        pvn_fq_from_u64(&p.x.c0, x);
        pvn_fq_zero(&p.x.c1);
        pvn_fq2_sqr(&t, &p.x);
        pvn_fq2_mul(&t, &t, &p.x);
        pvn_fq2_add(&t, &t, &b);
        /* y = (s + d u): s^2 = (c0 + |t|)/2, d = c1/2s */
        pvn_fq_sqr(&norm, &t.c0);
        pvn_fq_sqr(&s, &t.c1);
        pvn_fq_add(&norm, &norm, &s);
        if (!pvn_fq_sqrt(&norm, &norm))
            continue;
        pvn_fq_from_u64(&two, 2);
        pvn_fq_inv(&half, &two);
        pvn_fq_add(&s, &t.c0, &norm);
        pvn_fq_mul(&s, &s, &half);
        if (!pvn_fq_sqrt(&s, &s))
            continue;
        pvn_fq_inv(&d, &s);
        pvn_fq_mul(&d, &d, &half);
        pvn_fq_mul(&d, &d, &t.c1);
        p.y = (pvn_fq2){ s, d };
        break;
    }
    assert_true(pvn_g2_on_curve(&p));
    assert_false(pvn_g2_in_subgroup(&p));
    pvn_g2_to_mont_le(section(&z, 7) + 128, &p);
    assert_int_equal(load(&z, &err), PROVERNET_ERR_FORMAT);
    assert_non_null(strstr(err.message, "not in the subgroup"));
    vector_free(&z);
}

static void each_check_of_a_witness_speaks(void **state)
{
    static const change changes[] = {
        { 0, 0, 4, 0x79656b7a, PROVERNET_ERR_FORMAT, "is not a .wtns file" },
        { 0, 4, 4, 3, PROVERNET_ERR_UNSUPPORTED, "format version 3" },
        { 1, 0, 4, 31, PROVERNET_ERR_UNSUPPORTED, "31 bytes" },
        { 1, 4, 1, 2, PROVERNET_ERR_UNSUPPORTED, "another curve" },
        { 1, 36, 4, 5, PROVERNET_ERR_FORMAT, "has 128 bytes" },
        { 1, 36, 4, 0, PROVERNET_ERR_FORMAT, "no value at all" },
        { 2, 0, 1, 0, PROVERNET_ERR_FORMAT, "constant 1" },
        { 2, 33, 1, 7, PROVERNET_OK, "" },
        { 2, 63, 1, 0x31, PROVERNET_ERR_FORMAT, "value 1 is not below" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        vector_file f = vector_read("multiplier/witness.wtns");
        provernet_error err = { 0 };
        provernet_status s;
        pvn_wtns w;

        apply(&f, &changes[i]);
        s = pvn_wtns_open(&w, vector_span(&f), "w.wtns", &err);
        if (!s)
            s = pvn_wtns_check(&w, "w.wtns", &err);
        if (s != changes[i].want || !strstr(err.message, changes[i].says))
            fail_msg("change %zu: %d %s", i, s, err.message);
        vector_free(&f);
    }
}

static void every_cut_of_a_key_is_refused(void **state)
{
    vector_file z = vector_read("multiplier/circuit.zkey");
    provernet_error err;
    size_t full = z.len;
    (void)state;

    for (z.len = 0; z.len < full; z.len += z.len < 900 ? 1 : 37) {
        uint8_t *exact = malloc(z.len ? z.len : 1);
        vector_file cut = { exact, z.len };

        assert_non_null(exact);
        memcpy(exact, z.data, z.len);
        assert_int_equal(load(&cut, &err), PROVERNET_ERR_FORMAT);
        free(exact);
    }
    vector_free(&z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_check_of_a_key_speaks),
        cmocka_unit_test(sections_come_in_any_order_and_only_once),
        cmocka_unit_test(a_point_outside_the_subgroup_is_found),
        cmocka_unit_test(each_check_of_a_witness_speaks),
        cmocka_unit_test(every_cut_of_a_key_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
