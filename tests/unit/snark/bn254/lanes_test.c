/* The vector form's lazy arithmetic at the limits that lanes_ifma.h proves:
 * limbs of all ones and values up to the stated multiples of p. Every result
 * is compared with big integers; the bound of every product is checked. */
#include "big.h"
#include "snark/bn254/lanes_ifma.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const lane_modulus *const moduli[2] = { &lane_fq, &lane_fr };

/* Lane i of a normalised vector as an integer. */
static big lane_big(const lv *a, int i)
{
    uint64_t l[5][8], v[5] = { 0 };
    _mm512_storeu_si512(l[0], a->l0);
    _mm512_storeu_si512(l[1], a->l1);
    _mm512_storeu_si512(l[2], a->l2);
    _mm512_storeu_si512(l[3], a->l3);
    _mm512_storeu_si512(l[4], a->l4);
    for (int k = 0; k < 5; k++)
        assert_true(l[k][i] >> 52 == 0);
    for (int k = 0; k < 5; k++) {
        int bit = 52 * k;
        v[bit / 64] |= l[k][i] << (bit % 64);
        if (bit % 64 > 12)
            v[bit / 64 + 1] |= l[k][i] >> (64 - bit % 64);
    }
    return big_from_limbs(v, 5);
}

/* Values below `times` p, often the largest, often with limbs of ones. */
static void lanes_below(lv *a, unsigned times, const lane_modulus *m,
                        uint64_t *seed)
{
    uint64_t l[5][8], factor[4] = { times, 0, 0, 0 };
    big p = big_from_limbs(m->scalar.p, 4), f = big_from_limbs(factor, 4);
    big limit = big_mul(&p, &f), one = { { 1 } };
    for (int i = 0; i < 8; i++) {
        uint64_t v[5];
        big x;
        for (int k = 0; k < 5; k++)
            v[k] = test_random(seed) % 3 ? test_random(seed)
                                         : UINT64_MAX * (test_random(seed) & 1);
        v[4] &= 15;
        x = big_from_limbs(v, 5);
        if (test_random(seed) % 4 == 0)
            x = big_sub(&limit, &one);
        while (big_compare(&x, &limit) >= 0) {
            for (int k = 0; k < BIG_WORDS; k++)
                x.w[k] =
                    x.w[k] >> 1 | (k + 1 < BIG_WORDS ? x.w[k + 1] << 31 : 0);
        }
        for (int k = 0; k < 5; k++) {
            l[k][i] = 0;
            for (int b = 0; b < 52; b++) {
                int at = 52 * k + b;
                l[k][i] |= (uint64_t)(x.w[at / 32] >> (at % 32) & 1) << b;
            }
        }
    }
    a->l0 = _mm512_loadu_si512(l[0]);
    a->l1 = _mm512_loadu_si512(l[1]);
    a->l2 = _mm512_loadu_si512(l[2]);
    a->l3 = _mm512_loadu_si512(l[3]);
    a->l4 = _mm512_loadu_si512(l[4]);
}

/* got*2^260 = want mod p, and got below bound/100 p. */
static void check_product(const big *got, const big *want, unsigned bound,
                          const lane_modulus *m)
{
    uint64_t hundred[4] = { 100, 0, 0, 0 }, limit[4] = { bound, 0, 0, 0 };
    big p = big_from_limbs(m->scalar.p, 4), h = big_from_limbs(hundred, 4);
    big b = big_from_limbs(limit, 4), s = big_shift(got, 260), t;
    s = big_mod(s, &p);
    t = big_mod(*want, &p);
    assert_int_equal(big_compare(&s, &t), 0);
    s = big_mul(got, &h);
    t = big_mul(&p, &b);
    assert_true(big_compare(&s, &t) < 0);
}

static void check_same(const big *got, const big *want, unsigned bound,
                       const lane_modulus *m)
{
    uint64_t hundred[4] = { 100, 0, 0, 0 }, limit[4] = { bound, 0, 0, 0 };
    big p = big_from_limbs(m->scalar.p, 4), h = big_from_limbs(hundred, 4);
    big b = big_from_limbs(limit, 4), s = big_mod(*got, &p), t;
    t = big_mod(*want, &p);
    assert_int_equal(big_compare(&s, &t), 0);
    s = big_mul(got, &h);
    t = big_mul(&p, &b);
    assert_true(big_compare(&s, &t) < 0);
}

static void test_products(void **state)
{
    static const unsigned pairs[][2] = { { 1, 1 },  { 2, 4 },  { 9, 9 },
                                         { 84, 1 }, { 1, 84 }, { 40, 2 },
                                         { 6, 13 } };
    uint64_t seed = 7;
    (void)state;
    for (unsigned round = 0; round < 280; round++) {
        const lane_modulus *m = moduli[round & 1];
        unsigned ka = pairs[round / 2 % 7][0], kb = pairs[round / 2 % 7][1];
        lv a, b, c, d, r, q, s;
        lanes_below(&a, ka, m, &seed);
        lanes_below(&b, kb, m, &seed);
        lanes_below(&c, kb, m, &seed);
        lanes_below(&d, ka, m, &seed);
        lv_mul(&r, &a, &b, m);
        lv_mul2(&q, &a, &b, &c, &d, m);
        lanes_below(&d, 9, m, &seed);
        lv_sqr(&s, &d, m);
        lv x = a, y = c;
        for (int i = 0; i < 8; i++) {
            big A = lane_big(&a, i), B = lane_big(&b, i), C = lane_big(&c, i);
            big D = lane_big(&d, i), got = lane_big(&r, i);
            big t = big_mul(&A, &B);
            check_product(&got, &t, 101 + 118 * ka * kb / 100, m);
            got = lane_big(&s, i);
            big u = big_mul(&D, &D);
            check_product(&got, &u, 101 + 96, m);
            (void)C;
        }
        /* a*b + c*d with the same four */
        lv_mul2(&q, &x, &b, &y, &x, m);
        for (int i = 0; i < 8; i++) {
            big X = lane_big(&x, i), B = lane_big(&b, i), Y = lane_big(&y, i);
            big t = big_mul(&X, &B), u = big_mul(&Y, &X);
            t = big_add(&t, &u);
            u = lane_big(&q, i);
            check_product(&u, &t, 101 + 2 * 118 * ka * kb / 100, m);
        }
    }
}

/* Fq2 products at A1*B1 = 81, just inside the stated 84. */
static void test_pairs(void **state)
{
    uint64_t seed = 17;
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        const lane_modulus *m = &lane_fq;
        uint64_t many[4] = { 84, 0, 0, 0 };
        big p = big_from_limbs(m->scalar.p, 4), k = big_from_limbs(many, 4);
        big offset = big_mul(&p, &p);
        lv a0, a1, b0, b1, r0, r1;
        offset = big_mul(&offset, &k); /* keeps a0*b0 - a1*b1 positive */
        lanes_below(&a0, round % 3 ? 9 : 1, m, &seed);
        lanes_below(&a1, 9, m, &seed);
        lanes_below(&b0, round % 2 ? 9 : 1, m, &seed);
        lanes_below(&b1, 9, m, &seed);
        lv_mul_pair(&r0, &r1, &a0, &a1, &b0, &b1, m);
        for (int i = 0; i < 8; i++) {
            big A = lane_big(&a0, i), B = lane_big(&a1, i);
            big C = lane_big(&b0, i), D = lane_big(&b1, i), got;
            big t = big_mul(&A, &C), u = big_mul(&B, &D);
            t = big_add(&t, &offset);
            t = big_sub(&t, &u);
            got = lane_big(&r0, i);
            check_product(&got, &t, 201 + 96, m);
            t = big_mul(&A, &D);
            u = big_mul(&B, &C);
            t = big_add(&t, &u);
            got = lane_big(&r1, i);
            check_product(&got, &t, 101 + 192, m);
        }
    }
}

/* What a product reads of a factor: the low 52 bits of each limb. */
static void as_read(lv *r, const lv *a)
{
    const __m512i mask = _mm512_set1_epi64(0xfffffffffffff);
    r->l0 = _mm512_and_si512(a->l0, mask);
    r->l1 = _mm512_and_si512(a->l1, mask);
    r->l2 = _mm512_and_si512(a->l2, mask);
    r->l3 = _mm512_and_si512(a->l3, mask);
    r->l4 = a->l4; /* may not have more */
}

static void assert_same_lanes(const lv *a, const lv *b)
{
    for (int i = 0; i < 8; i++) {
        big x = lane_big(a, i), y = lane_big(b, i);
        assert_int_equal(big_compare(&x, &y), 0);
    }
}

/* Factors that are carried but not masked are the same numbers to a product,
 * also when limbs 0 to 3 keep all ones, or a negative sum, above bit 52. */
static void test_factors(void **state)
{
    uint64_t seed = 27;
    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        const lane_modulus *m = moduli[round & 1];
        lv a, b, c, f, g, plain, t, u;
        lanes_below(&a, 9, m, &seed);
        lanes_below(&b, 9, m, &seed);
        lv_mul_factor(&f, &a, &b, m);
        lv_mul(&plain, &a, &b, m);
        as_read(&t, &f);
        assert_same_lanes(&t, &plain);
        lanes_below(&a, 2, m, &seed);
        lanes_below(&c, 2, m, &seed);
        lv_sub_factor(&g, &a, &c, 2, m);
        lv_sub(&plain, &a, &c, 2, m);
        as_read(&t, &g);
        assert_same_lanes(&t, &plain);
        lv_mul(&u, &f, &g, m);
        as_read(&a, &f);
        lv_mul(&t, &a, &plain, m);
        assert_same_lanes(&u, &t);
        lv_sqr(&u, &g, m);
        lv_sqr(&t, &plain, m);
        assert_same_lanes(&u, &t);
        a.l0 = a.l1 = a.l2 = a.l3 = _mm512_set1_epi64(-1);
        as_read(&c, &a);
        lv_mul(&u, &a, &b, m);
        lv_mul(&t, &c, &b, m);
        assert_same_lanes(&u, &t);
    }
}

/* *got * 2^260 = want - minus * 2^260 mod p, and got below 1.07 p. */
static void check_less(const lv *got, int lane, const big *want,
                       const big *minus, const lane_modulus *m)
{
    big p = big_from_limbs(m->scalar.p, 4), g = lane_big(got, lane), w;
    g = big_add(&g, minus);
    g = big_shift(&g, 260);
    g = big_mod(g, &p);
    w = big_mod(*want, &p);
    assert_int_equal(big_compare(&g, &w), 0);
    g = lane_big(got, lane);
    check_same(&g, &g, 107, m);
}

/* Products with something taken off before they are carried, at the bounds at
 * which the group kernel uses them. */
static void test_products_less(void **state)
{
    uint64_t seed = 28;
    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        const lane_modulus *m = moduli[round & 1];
        lv a, b, c, d, r, s;
        lanes_below(&a, round % 3 ? 9 : 4, m, &seed);
        lanes_below(&b, 9, m, &seed);
        lanes_below(&c, 1, m, &seed);
        lanes_below(&d, 1, m, &seed);
        lv_mul_sub_reduce(&r, &a, &b, &c, 3, m);
        lv_sqr_sub2_reduce(&s, &a, &c, &d, 4, m);
        for (int i = 0; i < 8; i++) {
            big A = lane_big(&a, i), B = lane_big(&b, i), C = lane_big(&c, i);
            big D = lane_big(&d, i), t = big_mul(&A, &B);
            check_less(&r, i, &t, &C, m);
            t = big_mul(&A, &A);
            C = big_add(&C, &D);
            check_less(&s, i, &t, &C, m);
        }
    }
}

static void test_reductions(void **state)
{
    uint64_t seed = 8;
    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        const lane_modulus *m = moduli[round & 1];
        lv a, b, c, r, s, t, u;
        uint64_t out[8][4];
        lanes_below(&a, 84, m, &seed);
        lv_store_canonical(out, &a, m);
        for (int i = 0; i < 8; i++) {
            big A = lane_big(&a, i), got = big_from_limbs(out[i], 4);
            check_same(&got, &A, 100, m);
        }
        lanes_below(&a, 16, m, &seed);
        lv_reduce(&r, &a, m);
        for (int i = 0; i < 8; i++) {
            big A = lane_big(&a, i), got = lane_big(&r, i);
            check_same(&got, &A, 114, m);
        }
        lanes_below(&a, 2, m, &seed);
        lanes_below(&b, 1, m, &seed);
        lanes_below(&c, 1, m, &seed);
        lv_sub2_reduce(&r, &a, &b, &c, 4, m);
        lv_sub_reduce(&s, &a, &b, 3, m);
        lv_sub(&t, &a, &b, 2, m);
        lv_neg(&u, &b, 8, m);
        uint64_t four[4] = { 8, 0, 0, 0 };
        big p = big_from_limbs(m->scalar.p, 4), f = big_from_limbs(four, 4);
        big p8 = big_mul(&p, &f);
        for (int i = 0; i < 8; i++) {
            big A = lane_big(&a, i), B = lane_big(&b, i), C = lane_big(&c, i);
            big want = big_add(&A, &p8), got = lane_big(&s, i);
            want = big_sub(&want, &B);
            check_same(&got, &want, 107, m);
            got = lane_big(&t, i);
            check_same(&got, &want, 400, m);
            want = big_sub(&want, &C);
            got = lane_big(&r, i);
            check_same(&got, &want, 107, m);
            want = big_sub(&p8, &B);
            got = lane_big(&u, i);
            check_same(&got, &want, 801, m);
        }
    }
}

static void test_zero_lanes(void **state)
{
    uint64_t seed = 9;
    (void)state;
    for (int k = 0; k < 16; k++) {
        const lane_modulus *m = moduli[k & 1];
        lv a, z, one;
        uint64_t unit[5] = { 1, 0, 0, 0, 0 };
        lanes_below(&a, 1, m, &seed);
        lv_broadcast(&one, unit);
        z.l0 = LV_SET(m->multiples[0][k]);
        z.l1 = LV_SET(m->multiples[1][k]);
        z.l2 = LV_SET(m->multiples[2][k]);
        z.l3 = LV_SET(m->multiples[3][k]);
        z.l4 = LV_SET(m->multiples[4][k]);
        assert_int_equal(lv_zero_lanes(&z, m), 0xff);
        assert_int_equal(lv_maybe_zero_lanes(&z, m), 0xff);
        lv_add(&z, &z, &one, m);
        assert_int_equal(lv_zero_lanes(&z, m), 0);
        /* limb 0 of a multiple, another value: only "maybe" */
        z.l0 = LV_SET(m->multiples[0][k]);
        z.l1 = LV_ADD(z.l1, LV_SET(1));
        assert_int_equal(lv_maybe_zero_lanes(&z, m), 0xff);
        assert_int_equal(lv_zero_lanes(&z, m), 0);
    }
    lv mark;
    uint64_t out[8][4];
    lv_set_ones(&mark);
    assert_int_equal(lv_mark_lanes(&mark), 0xff);
    lv_store(out, &mark);
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 4; k++)
            assert_true(out[i][k] == UINT64_MAX);
    lv_load(&mark, (const uint64_t(*)[4])out);
    assert_int_equal(lv_mark_lanes(&mark), 0xff);
}

/* 28 layers of unnormalised sums, as the longest row pass of a transform. */
static void test_raw_growth(void **state)
{
    uint64_t seed = 10;
    const lane_modulus *m = &lane_fr;
    (void)state;
    for (int round = 0; round < 20; round++) {
        lv a, t, n;
        big sum[8];
        uint64_t two[4] = { 2, 0, 0, 0 };
        big p = big_from_limbs(m->scalar.p, 4), f = big_from_limbs(two, 4);
        big p2 = big_mul(&p, &f);
        lanes_below(&a, 2, m, &seed);
        for (int i = 0; i < 8; i++)
            sum[i] = lane_big(&a, i);
        for (int layer = 0; layer < 28; layer++) {
            lanes_below(&t, 2, m, &seed);
            for (int i = 0; i < 8; i++) {
                big T = lane_big(&t, i);
                if ((layer + round) % 2 == 0)
                    sum[i] = big_add(&sum[i], &T);
                else
                    sum[i] = big_add(&sum[i], &p2),
                    sum[i] = big_sub(&sum[i], &T);
            }
            if ((layer + round) % 2 == 0)
                lv_add_raw(&a, &a, &t, m);
            else
                lv_sub_raw(&a, &a, &t, 2, m);
        }
        lv_norm(&n, &a);
        for (int i = 0; i < 8; i++) {
            big got = lane_big(&n, i);
            assert_int_equal(big_compare(&got, &sum[i]), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),   cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_factors),    cmocka_unit_test(test_products_less),
        cmocka_unit_test(test_reductions), cmocka_unit_test(test_zero_lanes),
        cmocka_unit_test(test_raw_growth),
    };
    if (!pvn_bn254_forms_pick("ifma"))
        return 77; /* skipped: this processor lacks it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
