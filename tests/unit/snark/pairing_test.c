/* tests/unit/snark/pairing_test.c - the tower against its definition, the
 * pairing against its laws. */
#include "snark/pairing.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 20261121;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void random_fq(pvn_fq *r)
{
    uint8_t wide[64];

    for (int i = 0; i < 64; i++)
        wide[i] = (uint8_t)(next() >> 24);
    pvn_fq_from_wide_le(r, wide);
}

static void random_fq12(pvn_fq12 *r)
{
    pvn_fq *c = (pvn_fq *)r;

    for (int i = 0; i < 12; i++)
        random_fq(&c[i]);
}

/* Coefficients of w^0..w^5. */
static void unfold(pvn_fq2 g[6], const pvn_fq12 *a)
{
    g[0] = a->c0.a0, g[1] = a->c1.a0, g[2] = a->c0.a1;
    g[3] = a->c1.a1, g[4] = a->c0.a2, g[5] = a->c1.a2;
}

static void fold(pvn_fq12 *r, const pvn_fq2 g[6])
{
    r->c0.a0 = g[0], r->c1.a0 = g[1], r->c0.a1 = g[2];
    r->c1.a1 = g[3], r->c0.a2 = g[4], r->c1.a2 = g[5];
}

/* Schoolbook in Fq2[w]/(w^6 - (9+u)). */
static void slow_mul(pvn_fq12 *r, const pvn_fq12 *a, const pvn_fq12 *b)
{
    pvn_fq2 x[6], y[6], z[6], t, xi;

    pvn_fq_from_u64(&xi.c0, 9);
    pvn_fq_from_u64(&xi.c1, 1);
    unfold(x, a);
    unfold(y, b);
    memset(z, 0, sizeof z);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            pvn_fq2_mul(&t, &x[i], &y[j]);
            if (i + j >= 6)
                pvn_fq2_mul(&t, &t, &xi);
            pvn_fq2_add(&z[(i + j) % 6], &z[(i + j) % 6], &t);
        }
    fold(r, z);
}

static void products_are_those_of_the_definition(void **state)
{
    pvn_fq12 a, b, want, got, line;
    pvn_fq2 g[6];
    (void)state;

    for (int i = 0; i < 200; i++) {
        random_fq12(&a);
        random_fq12(&b);
        slow_mul(&want, &a, &b);
        pvn_fq12_mul(&got, &a, &b);
        assert_true(pvn_fq12_equal(&want, &got));
        slow_mul(&want, &a, &a);
        pvn_fq12_sqr(&got, &a);
        assert_true(pvn_fq12_equal(&want, &got));
        memset(g, 0, sizeof g);
        pvn_fq2_set_one(&g[0]);
        g[1] = b.c0.a1;
        g[3] = b.c1.a2;
        fold(&line, g);
        slow_mul(&want, &a, &line);
        pvn_fq12_mul_line(&got, &a, &g[1], &g[3]);
        assert_true(pvn_fq12_equal(&want, &got));
        pvn_fq12_inv(&got, &a);
        pvn_fq12_mul(&got, &got, &a);
        assert_true(pvn_fq12_is_one(&got));
    }
}

static const uint64_t q_limbs[4] = { 0x3c208c16d87cfd47u, 0x97816a916871ca8du,
                                     0xb85045b68181585du, 0x30644e72e131a029u };
static const uint64_t r_limbs[4] = { 0x43e1f593f0000001u, 0x2833e84879b97091u,
                                     0xb85045b68181585du, 0x30644e72e131a029u };

static void frobenius_is_the_power_q(void **state)
{
    pvn_fq12 a, want, got;
    (void)state;

    random_fq12(&a);
    want = a;
    for (int k = 1; k <= 3; k++) {
        pvn_fq12_pow(&want, &want, q_limbs, 4);
        pvn_fq12_frobenius(&got, &a, k);
        assert_true(pvn_fq12_equal(&want, &got));
    }
    for (int k = 0; k < 3; k++)
        pvn_fq12_pow(&want, &want, q_limbs, 4);
    pvn_fq12_conj(&got, &a);
    assert_true(pvn_fq12_equal(&want, &got));
}

static void pair_of(pvn_fq12 *r, const pvn_g1_affine *p, const pvn_g2_affine *q)
{
    pvn_lines *lines = malloc(sizeof *lines);
    pvn_pair pair = { *p, lines };
    pvn_fq scratch[2];

    assert_non_null(lines);
    pvn_pairing_lines(lines, q, 1);
    pvn_miller(r, &pair, 1, scratch);
    pvn_final_exponentiation(r, r);
    free(lines);
}

static void cyclotomic_squares_are_squares(void **state)
{
    pvn_fq12 a, want, got;
    (void)state;

    for (int i = 0; i < 20; i++) {
        random_fq12(&a);
        pvn_final_exponentiation(&a, &a);
        pvn_fq12_sqr(&want, &a);
        pvn_fq12_cyclotomic_sqr(&got, &a);
        assert_true(pvn_fq12_equal(&want, &got));
        pvn_fq12_pow(&got, &a, r_limbs, 4);
        assert_true(pvn_fq12_is_one(&got));
    }
}

/* The exponent itself: a^((q^12-1)/r), by plain powers. */
static void the_final_exponent_is_exact(void **state)
{
    /* (q^4 - q^2 + 1)/r, little-endian */
    static const uint64_t hard[12] = {
        0xe81bb482ccdf42b1u, 0x5abf5cc4f49c36d4u, 0xf1154e7e1da014fdu,
        0xdcc7b44c87cdbacfu, 0xaaa441e3954bcf8au, 0x6b887d56d5095f23u,
        0x79581e16f3fd90c6u, 0x3b1b1355d189227du, 0x4e529a5861876f6bu,
        0x6c0eb522d5b12278u, 0x331ec15183177fafu, 0x01baaa710b0759adu
    };
    pvn_fq12 a, t, want, got;
    (void)state;

    random_fq12(&a);
    pvn_fq12_inv(&t, &a);
    pvn_fq12_conj(&want, &a);
    pvn_fq12_mul(&want, &want, &t);
    t = want;
    for (int k = 0; k < 2; k++)
        pvn_fq12_pow(&t, &t, q_limbs, 4);
    pvn_fq12_mul(&want, &want, &t);
    pvn_fq12_pow(&want, &want, hard, 12);
    pvn_final_exponentiation(&got, &a);
    assert_true(pvn_fq12_equal(&want, &got));
}

static void the_pairing_is_bilinear_and_not_degenerate(void **state)
{
    pvn_fq12 base, want, got;
    pvn_g1 p;
    pvn_g2 q;
    pvn_g1_affine pa;
    pvn_g2_affine qa;
    (void)state;

    pair_of(&base, &pvn_g1_generator, &pvn_g2_generator);
    assert_false(pvn_fq12_is_one(&base));
    for (int i = 0; i < 8; i++) {
        uint64_t a[4] = { next(), next(), 0, 0 };
        uint64_t b[4] = { next(), next(), 0, 0 };

        pvn_g1_from_affine(&p, &pvn_g1_generator);
        pvn_g2_from_affine(&q, &pvn_g2_generator);
        pvn_g1_mul(&p, &p, a);
        pvn_g2_mul(&q, &q, b);
        pvn_g1_to_affine(&pa, &p);
        pvn_g2_to_affine(&qa, &q);
        pair_of(&got, &pa, &qa);
        pvn_fq12_pow(&want, &base, a, 4);
        pvn_fq12_pow(&want, &want, b, 4);
        assert_true(pvn_fq12_equal(&want, &got));
    }
}

static void batches_of_lines_are_single_lines(void **state)
{
    pvn_lines *many = malloc(PVN_PAIRING_BATCH * sizeof *many);
    pvn_lines *one = malloc(sizeof *one);
    pvn_g2_affine q[PVN_PAIRING_BATCH];
    pvn_g2 t;
    (void)state;

    assert_non_null(many);
    assert_non_null(one);
    pvn_g2_from_affine(&t, &pvn_g2_generator);
    for (int i = 0; i < PVN_PAIRING_BATCH; i++) {
        pvn_g2_to_affine(&q[i], &t);
        pvn_g2_dbl(&t, &t);
    }
    pvn_pairing_lines(many, q, PVN_PAIRING_BATCH);
    for (int i = 0; i < PVN_PAIRING_BATCH; i++) {
        pvn_pairing_lines(one, &q[i], 1);
        assert_memory_equal(one, &many[i], sizeof *one);
    }
    free(many);
    free(one);
}

static void infinity_pairs_to_one(void **state)
{
    pvn_g1_affine zero;
    pvn_fq12 got;
    (void)state;

    memset(&zero, 0, sizeof zero);
    pair_of(&got, &zero, &pvn_g2_generator);
    assert_true(pvn_fq12_is_one(&got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_the_definition),
        cmocka_unit_test(frobenius_is_the_power_q),
        cmocka_unit_test(cyclotomic_squares_are_squares),
        cmocka_unit_test(the_final_exponent_is_exact),
        cmocka_unit_test(the_pairing_is_bilinear_and_not_degenerate),
        cmocka_unit_test(batches_of_lines_are_single_lines),
        cmocka_unit_test(infinity_pairs_to_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
