/* The group laws against their defining equations. */
#include "big.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint64_t seed = 11;

static void random_scalar(uint64_t k[4])
{
    pvn_fr t;
    test_random_fr(&t, &seed);
    pvn_fr_to_plain(k, &t);
}

#define GROUP_TEST(G)                                                          \
    static void test_##G(void **state)                                         \
    {                                                                          \
        pvn_##G g, p, q, s, t, zero;                                           \
        pvn_##G##_affine a, many[5];                                           \
        (void)state;                                                           \
        assert_true(pvn_##G##_on_curve(&pvn_##G##_generator));                 \
        pvn_##G##_from_affine(&g, &pvn_##G##_generator);                       \
        pvn_##G##_zero(&zero);                                                 \
        pvn_##G##_mul(&p, &g, pvn_fr_modulus.p);                               \
        assert_true(pvn_##G##_is_zero(&p));                                    \
        for (int i = 0; i < 20; i++) {                                         \
            uint64_t k[4], l[4];                                               \
            pvn_fr x, y;                                                       \
            random_scalar(k);                                                  \
            random_scalar(l);                                                  \
            pvn_##G##_mul(&p, &g, k);                                          \
            pvn_##G##_mul(&q, &g, l);                                          \
            pvn_##G##_to_affine(&a, &p);                                       \
            assert_true(pvn_##G##_on_curve(&a));                               \
            /* kP + lP = (k+l)P */                                             \
            pvn_##G##_add(&s, &p, &q);                                         \
            memcpy(&x, k, 32);                                                 \
            memcpy(&y, l, 32);                                                 \
            pvn_fr_add(&x, &x, &y);                                            \
            pvn_##G##_mul(&t, &g, x.l);                                        \
            assert_true(pvn_##G##_equal(&s, &t));                              \
            assert_false(pvn_##G##_equal(&s, &p));                             \
            /* the ways to add agree, also for equal, opposite, infinity */    \
            pvn_##G##_add_affine(&t, &q, &a);                                  \
            assert_true(pvn_##G##_equal(&s, &t));                              \
            pvn_##G##_dbl(&s, &p);                                             \
            pvn_##G##_add(&t, &p, &p);                                         \
            assert_true(pvn_##G##_equal(&s, &t));                              \
            pvn_##G##_add_affine(&t, &p, &a);                                  \
            assert_true(pvn_##G##_equal(&s, &t));                              \
            pvn_##G##_neg(&q, &p);                                             \
            pvn_##G##_add(&t, &p, &q);                                         \
            assert_true(pvn_##G##_is_zero(&t));                                \
            pvn_##G##_affine_neg(&many[0], &a);                                \
            pvn_##G##_add_affine(&t, &p, &many[0]);                            \
            assert_true(pvn_##G##_is_zero(&t));                                \
            pvn_##G##_add(&t, &p, &zero);                                      \
            assert_true(pvn_##G##_equal(&t, &p));                              \
            pvn_##G##_add_affine(&t, &zero, &a);                               \
            assert_true(pvn_##G##_equal(&t, &p));                              \
            memset(&many[1], 0, sizeof many[1]);                               \
            pvn_##G##_add_affine(&t, &p, &many[1]);                            \
            assert_true(pvn_##G##_equal(&t, &p));                              \
        }                                                                      \
        pvn_##G five[5] = { g, zero, p, s, q };                                \
        assert_true(pvn_##G##_to_affine_many(many, five, 5));                  \
        for (int i = 0; i < 5; i++) {                                          \
            uint8_t bytes[sizeof a];                                           \
            pvn_##G##_to_affine(&a, &five[i]);                                 \
            assert_true(pvn_##G##_affine_equal(&a, &many[i]));                 \
            pvn_##G##_to_mont_le(bytes, &a);                                   \
            assert_true(pvn_##G##_from_mont_le(&many[0], bytes));              \
            assert_memory_equal(&many[0], &a, sizeof a);                       \
            memset(bytes + sizeof a - 32, 0xff, 32);                           \
            assert_false(pvn_##G##_from_mont_le(&many[0], bytes));             \
        }                                                                      \
        assert_true(pvn_##G##_affine_is_zero(&many[1]));                       \
    }

GROUP_TEST(g1)
GROUP_TEST(g2)

/* A point of the twist outside the subgroup: x from 1 up until x^3+b is a
 * square in Fq2; almost all such points are outside. */
static void test_subgroup(void **state)
{
    pvn_g2 g, p;
    pvn_g2_affine a;
    (void)state;
    assert_true(pvn_g2_in_subgroup(&pvn_g2_generator));
    pvn_g2_from_affine(&g, &pvn_g2_generator);
    for (int i = 0; i < 5; i++) {
        uint64_t k[4];
        random_scalar(k);
        pvn_g2_mul(&p, &g, k);
        pvn_g2_to_affine(&a, &p);
        assert_true(pvn_g2_in_subgroup(&a));
    }
    /* y = c1*u has y^2 = -c1^2: look for x with x^3 + b in Fq. With x^3 + b =
     * s + 0u unlikely, take square roots by the norm instead. */
    int found = 0;
    for (uint64_t x = 1; found < 3 && x < 200; x++) {
        pvn_fq2 b, y2, t;
        pvn_fq n, h, c0, c1, half;
        pvn_fq2_sqr(&y2, &pvn_g2_generator.y);
        pvn_fq2_sqr(&t, &pvn_g2_generator.x);
        pvn_fq2_mul(&t, &t, &pvn_g2_generator.x);
        pvn_fq2_sub(&b, &y2, &t); /* the curve's b */
        pvn_fq_from_u64(&a.x.c0, x);
        pvn_fq_from_u64(&a.x.c1, 3);
        pvn_fq2_sqr(&t, &a.x);
        pvn_fq2_mul(&t, &t, &a.x);
        pvn_fq2_add(&y2, &t, &b);
        /* sqrt(u + vi): c0^2 = (u + |y2|)/2, c1 = v/(2 c0) */
        pvn_fq_sqr(&n, &y2.c0);
        pvn_fq_sqr(&h, &y2.c1);
        pvn_fq_add(&n, &n, &h);
        if (!pvn_fq_sqrt(&n, &n))
            continue;
        pvn_fq_from_u64(&half, 2);
        pvn_fq_inv(&half, &half);
        pvn_fq_add(&h, &y2.c0, &n);
        pvn_fq_mul(&h, &h, &half);
        if (!pvn_fq_sqrt(&c0, &h)) {
            pvn_fq_sub(&h, &y2.c0, &n);
            pvn_fq_mul(&h, &h, &half);
            if (!pvn_fq_sqrt(&c0, &h))
                continue;
        }
        pvn_fq_inv(&c1, &c0);
        pvn_fq_mul(&c1, &c1, &y2.c1);
        pvn_fq_mul(&c1, &c1, &half);
        a.y.c0 = c0;
        a.y.c1 = c1;
        assert_true(pvn_g2_on_curve(&a));
        assert_false(pvn_g2_in_subgroup(&a));
        pvn_g2_from_affine(&g, &a);
        pvn_g2_mul(&p, &g, pvn_fr_modulus.p);
        assert_false(pvn_g2_is_zero(&p));
        found++;
    }
    assert_int_equal(found, 3);
    memset(&a, 0, sizeof a);
    assert_true(pvn_g2_in_subgroup(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_g1),
        cmocka_unit_test(test_g2),
        cmocka_unit_test(test_subgroup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
