/* Field functions and every form's products against big integers. */
#include "big.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROUNDS = 1500, MANY = 64 };

/* x*y*2^-256 mod p by big integers: multiply by 2^-256 = (2^-1)^256. */
static void reference_mont(uint64_t out[4], const uint64_t a[4],
                           const uint64_t b[4], const pvn_modulus *m)
{
    big x = big_from_limbs(a, 4), y = big_from_limbs(b, 4);
    big p = big_from_limbs(m->p, 4), t = big_mul(&x, &y);
    t = big_mod(t, &p);
    for (int i = 0; i < 256; i++) {
        if (t.w[0] & 1)
            t = big_add(&t, &p);
        for (int k = 0; k < BIG_WORDS; k++)
            t.w[k] = t.w[k] >> 1 | (k + 1 < BIG_WORDS ? t.w[k + 1] << 31 : 0);
    }
    big_to_limbs(out, &t);
}

static void test_products_of_forms(void **state)
{
    const pvn_bn254_forms *form[3];
    size_t forms = test_forms(form);
    uint64_t seed = 1;
    (void)state;
    assert_true(forms >= 1);
    for (int round = 0; round < ROUNDS / MANY + 1; round++) {
        pvn_fq a[MANY], b[MANY], r[MANY];
        pvn_fr c[MANY], d[MANY], s[MANY];
        for (int i = 0; i < MANY; i++) {
            test_limbs(a[i].l, &pvn_fq_modulus, &seed);
            test_limbs(b[i].l, &pvn_fq_modulus, &seed);
            test_limbs(c[i].l, &pvn_fr_modulus, &seed);
            test_limbs(d[i].l, &pvn_fr_modulus, &seed);
        }
        size_t n = MANY - (size_t)round % 9;
        for (size_t f = 0; f < forms; f++) {
            form[f]->fq_mul_many(r, a, b, n);
            form[f]->fr_mul_many(s, c, d, n);
            for (size_t i = 0; i < n; i++) {
                uint64_t want[4];
                reference_mont(want, a[i].l, b[i].l, &pvn_fq_modulus);
                assert_memory_equal(r[i].l, want, 32);
                reference_mont(want, c[i].l, d[i].l, &pvn_fr_modulus);
                assert_memory_equal(s[i].l, want, 32);
            }
        }
    }
}

/* Many more, forms against each other and the inline functions. */
static void test_forms_agree(void **state)
{
    const pvn_bn254_forms *form[3];
    size_t forms = test_forms(form);
    uint64_t seed = 2;
    (void)state;
    for (int round = 0; round < 4000; round++) {
        pvn_fq a[MANY], b[MANY], r[MANY], t;
        pvn_fr c[MANY], d[MANY], e[MANY], s[MANY], u;
        for (int i = 0; i < MANY; i++) {
            test_limbs(a[i].l, &pvn_fq_modulus, &seed);
            test_limbs(b[i].l, &pvn_fq_modulus, &seed);
            test_limbs(c[i].l, &pvn_fr_modulus, &seed);
            test_limbs(d[i].l, &pvn_fr_modulus, &seed);
            test_limbs(e[i].l, &pvn_fr_modulus, &seed);
        }
        for (size_t f = 0; f < forms; f++) {
            form[f]->fq_mul_many(r, a, b, MANY);
            memcpy(s, c, sizeof s);
            form[f]->mul_sub_plain(s, d, e, MANY);
            for (int i = 0; i < MANY; i++) {
                uint64_t plain[4];
                pvn_fq_mul(&t, &a[i], &b[i]);
                assert_memory_equal(&t, &r[i], sizeof t);
                pvn_fr_mul(&u, &c[i], &d[i]);
                pvn_fr_sub(&u, &u, &e[i]);
                pvn_fr_to_plain(plain, &u);
                assert_memory_equal(plain, &s[i], sizeof plain);
            }
        }
    }
}

static void test_sums(void **state)
{
    uint64_t seed = 3;
    big p = big_from_limbs(pvn_fq_modulus.p, 4);
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        pvn_fq a, b, r;
        uint64_t want[4];
        test_limbs(a.l, &pvn_fq_modulus, &seed);
        test_limbs(b.l, &pvn_fq_modulus, &seed);
        big x = big_from_limbs(a.l, 4), y = big_from_limbs(b.l, 4);
        big t = big_add(&x, &y);
        t = big_mod(t, &p);
        big_to_limbs(want, &t);
        pvn_fq_add(&r, &a, &b);
        assert_memory_equal(r.l, want, 32);
        t = big_add(&x, &p);
        t = big_sub(&t, &y);
        t = big_mod(t, &p);
        big_to_limbs(want, &t);
        pvn_fq_sub(&r, &a, &b);
        assert_memory_equal(r.l, want, 32);
        pvn_fq_neg(&r, &b);
        pvn_fq_add(&r, &r, &b);
        assert_true(pvn_fq_is_zero(&r));
    }
}

static void test_inverse(void **state)
{
    uint64_t seed = 4;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        pvn_fq a, b;
        pvn_fr c, d;
        test_limbs(a.l, &pvn_fq_modulus, &seed);
        test_limbs(c.l, &pvn_fr_modulus, &seed);
        pvn_fq_inv(&b, &a);
        pvn_fr_inv(&d, &c);
        if (pvn_fq_is_zero(&a)) {
            assert_true(pvn_fq_is_zero(&b));
        } else {
            pvn_fq_mul(&b, &a, &b);
            assert_true(pvn_fq_equal(&b, &pvn_fq_one));
        }
        if (pvn_fr_is_zero(&c)) {
            assert_true(pvn_fr_is_zero(&d));
        } else {
            pvn_fr_mul(&d, &c, &d);
            assert_true(pvn_fr_equal(&d, &pvn_fr_one));
        }
    }
    pvn_fr a[9], b[9], scratch[9], t;
    for (int i = 0; i < 9; i++)
        test_random_fr(&a[i], &seed);
    pvn_fr_zero(&a[4]);
    memcpy(b, a, sizeof a);
    pvn_fr_inv_many(b, scratch, 9);
    for (int i = 0; i < 9; i++) {
        pvn_fr_inv(&t, &a[i]);
        assert_true(pvn_fr_equal(&t, &b[i]));
    }
}

static void test_bytes(void **state)
{
    uint8_t in[64], out[32];
    pvn_fr a, b;
    uint64_t seed = 5;
    big p = big_from_limbs(pvn_fr_modulus.p, 4);
    (void)state;
    for (int i = 0; i < 4; i++)
        pvn_store64le(in + 8 * i, pvn_fr_modulus.p[i]);
    assert_false(pvn_fr_from_le(&a, in)); /* r itself */
    assert_false(pvn_fr_from_mont_le(&a, in));
    in[0]--;
    assert_true(pvn_fr_from_le(&a, in)); /* r-1 */
    pvn_fr_to_le(out, &a);
    assert_memory_equal(in, out, 32);
    pvn_fr_add(&b, &a, &pvn_fr_one);
    assert_true(pvn_fr_is_zero(&b));
    memset(in, 0xff, 64);
    assert_false(pvn_fr_from_be(&a, in));
    for (int i = 0; i < 300; i++) {
        uint64_t l[8], want[4], got[4];
        for (int k = 0; k < 8; k++) {
            l[k] = i ? test_random(&seed) : UINT64_MAX;
            pvn_store64le(in + 8 * k, l[k]);
        }
        big t = big_from_limbs(l, 8);
        t = big_mod(t, &p);
        big_to_limbs(want, &t);
        pvn_fr_from_wide_le(&a, in);
        pvn_fr_to_plain(got, &a);
        assert_memory_equal(want, got, 32);
        pvn_fr_to_be(out, &a);
        assert_true(pvn_fr_from_be(&b, out));
        assert_true(pvn_fr_equal(&a, &b));
    }
    pvn_fr_from_u64(&a, 12345);
    pvn_fr_to_le(out, &a);
    assert_int_equal(pvn_load64le(out), 12345);
}

static void test_fq2_and_roots(void **state)
{
    uint64_t seed = 6;
    (void)state;
    for (int i = 0; i < 500; i++) {
        pvn_fq2 a, b, c, d;
        pvn_fq s;
        test_limbs(a.c0.l, &pvn_fq_modulus, &seed);
        test_limbs(a.c1.l, &pvn_fq_modulus, &seed);
        pvn_fq2_sqr(&b, &a);
        pvn_fq2_mul(&c, &a, &a);
        assert_true(pvn_fq2_equal(&b, &c));
        pvn_fq2_conj(&c, &a); /* a * conj(a) = c0^2 + c1^2 */
        pvn_fq2_mul(&c, &a, &c);
        pvn_fq_sqr(&d.c0, &a.c0);
        pvn_fq_sqr(&d.c1, &a.c1);
        pvn_fq_add(&d.c0, &d.c0, &d.c1);
        assert_true(pvn_fq_equal(&c.c0, &d.c0));
        assert_true(pvn_fq_is_zero(&c.c1));
        pvn_fq2_inv(&b, &a);
        pvn_fq2_mul(&b, &b, &a);
        if (!pvn_fq2_is_zero(&a))
            assert_true(pvn_fq_equal(&b.c0, &pvn_fq_one) &&
                        pvn_fq_is_zero(&b.c1));
        pvn_fq_sqr(&s, &a.c0);
        assert_true(pvn_fq_sqrt(&s, &s));
        pvn_fq_neg(&d.c0, &s);
        assert_true(pvn_fq_equal(&s, &a.c0) || pvn_fq_equal(&d.c0, &a.c0));
    }
    pvn_fq minus_one;
    pvn_fq_neg(&minus_one, &pvn_fq_one);
    assert_false(pvn_fq_sqrt(&minus_one, &minus_one)); /* q = 3 mod 4 */
}

static void test_pick(void **state)
{
    (void)state;
    assert_non_null(pvn_bn254_forms_pick(NULL));
    assert_string_equal(pvn_bn254_forms_pick("portable")->name, "portable");
    assert_null(pvn_bn254_forms_pick("sse9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_of_forms),
        cmocka_unit_test(test_forms_agree),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_fq2_and_roots),
        cmocka_unit_test(test_pick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
