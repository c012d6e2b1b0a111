/* Sums against double-and-add for every named kind of input, in all forms,
 * windows and numbers of threads. */
#include "../team.h"
#include "big.h"
#include "snark/bn254/msm.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

enum { N = 700, BIG = 9000 };

static uint64_t seed = 21;
static pvn_g1_affine g1[BIG];
static pvn_g2_affine g2[BIG];
static pvn_fr logs[BIG]; /* g1[i] = logs[i]*G, g2 likewise */

/* Points with known logarithms: start + i*step. */
static int set_up(void **state)
{
    pvn_g1 *p = malloc(BIG * sizeof *p), step1;
    pvn_g2 *q = malloc(BIG * sizeof *q), step2;
    pvn_fr step;
    (void)state;
    if (!p || !q)
        return -1;
    test_random_fr(&logs[0], &seed);
    test_random_fr(&step, &seed);
    pvn_g1_from_affine(&step1, &pvn_g1_generator);
    pvn_g2_from_affine(&step2, &pvn_g2_generator);
    pvn_g1_mul_fr(&p[0], &step1, &logs[0]);
    pvn_g2_mul_fr(&q[0], &step2, &logs[0]);
    pvn_g1_mul_fr(&step1, &step1, &step);
    pvn_g2_mul_fr(&step2, &step2, &step);
    for (int i = 1; i < BIG; i++) {
        pvn_fr_add(&logs[i], &logs[i - 1], &step);
        pvn_g1_add(&p[i], &p[i - 1], &step1);
        pvn_g2_add(&q[i], &q[i - 1], &step2);
    }
    int ok =
        pvn_g1_to_affine_many(g1, p, BIG) && pvn_g2_to_affine_many(g2, q, BIG);
    free(p);
    free(q);
    return ok ? 0 : -1;
}

struct input {
    pvn_g1_affine *g1;
    pvn_g2_affine *g2;
    pvn_fr *logs;
    uint8_t *scalars;
    size_t n;
};

static struct input input_new(size_t n)
{
    struct input in = { malloc(n * sizeof *in.g1 + 1),
                        malloc(n * sizeof *in.g2 + 1),
                        malloc(n * sizeof *in.logs + 1), calloc(n + 1, 32), n };
    assert_true(in.g1 && in.g2 && in.logs && in.scalars);
    memcpy(in.g1, g1, n * sizeof *in.g1);
    memcpy(in.g2, g2, n * sizeof *in.g2);
    memcpy(in.logs, logs, n * sizeof *in.logs);
    for (size_t i = 0; i < n; i++) {
        pvn_fr t;
        test_random_fr(&t, &seed);
        pvn_fr_to_le(in.scalars + 32 * i, &t);
    }
    return in;
}

static void input_free(struct input *in)
{
    free(in->g1);
    free(in->g2);
    free(in->logs);
    free(in->scalars);
}

/* The logarithm of the sum: sum scalar_i * log_i, one multiplication. */
static void expected(pvn_g1 *r1, pvn_g2 *r2, const struct input *in,
                     size_t first)
{
    pvn_fr sum, t;
    pvn_fr_zero(&sum);
    for (size_t i = first; i < in->n; i++) {
        assert_true(pvn_fr_from_le(&t, in->scalars + 32 * i));
        pvn_fr_mul(&t, &t, &in->logs[i]);
        pvn_fr_add(&sum, &sum, &t);
    }
    pvn_g1_from_affine(r1, &pvn_g1_generator);
    pvn_g1_mul_fr(r1, r1, &sum);
    pvn_g2_from_affine(r2, &pvn_g2_generator);
    pvn_g2_mul_fr(r2, r2, &sum);
}

static void check_form(const struct input *in, const pvn_bn254_forms *f,
                       unsigned bits, size_t first, const pvn_par *par)
{
    pvn_bases *b1, *b2;
    pvn_recoded *r;
    pvn_g1 s1, w1;
    pvn_g2 s2, w2;
    assert_int_equal(pvn_g1_bases_new(&b1, f, (const uint8_t *)(in->g1 + first),
                                      in->n - first, first, par, NULL),
                     PROVERNET_OK);
    assert_int_equal(pvn_g2_bases_new(&b2, f, (const uint8_t *)(in->g2 + first),
                                      in->n - first, first, par, NULL),
                     PROVERNET_OK);
    assert_int_equal(pvn_recode(&r, in->scalars, in->n, bits, par, NULL, NULL),
                     PROVERNET_OK);
    assert_int_equal(pvn_g1_msm(&s1, b1, r, par, NULL), PROVERNET_OK);
    assert_int_equal(pvn_g2_msm(&s2, b2, r, par, NULL), PROVERNET_OK);
    expected(&w1, &w2, in, first);
    assert_true(pvn_g1_equal(&s1, &w1));
    assert_true(pvn_g2_equal(&s2, &w2));
    pvn_recoded_free(r);
    pvn_bases_free(b1);
    pvn_bases_free(b2);
}

static void check(const struct input *in, unsigned bits, size_t first)
{
    const pvn_bn254_forms *form[3];
    size_t forms = test_forms(form);
    for (size_t f = 0; f < forms; f++)
        check_form(in, form[f], bits, first, NULL);
}

static void set_scalar(struct input *in, size_t i, const pvn_fr *k)
{
    pvn_fr_to_le(in->scalars + 32 * i, k);
}

static void test_sizes(void **state)
{
    (void)state;
    for (size_t n = 0; n < 20; n++) {
        struct input in = input_new(n);
        check(&in, 0, 0);
        input_free(&in);
    }
}

static void test_windows(void **state)
{
    struct input in = input_new(N);
    (void)state;
    for (unsigned bits = 2; bits <= 16; bits++)
        check_form(&in, pvn_bn254_forms_pick(NULL), bits, 0, NULL);
    check(&in, 7, 0);
    check(&in, 0, 123); /* a suffix of the scalars, as C of Groth16 */
    check(&in, 5, N);   /* no bases at all */
    input_free(&in);
}

static void test_same_scalars(void **state)
{
    struct input in = input_new(N);
    pvn_fr one = pvn_fr_one, minus, two, random;
    (void)state;
    pvn_fr_neg(&minus, &one);
    pvn_fr_dbl(&two, &one);
    test_random_fr(&random, &seed);
    const pvn_fr *all[4] = { &one, &minus, &two, &random };
    for (int k = 0; k < 4; k++) {
        for (size_t i = 0; i < N; i++)
            set_scalar(&in, i, all[k]);
        check(&in, 0, 0);
    }
    memset(in.scalars, 0, N * 32);
    check(&in, 0, 0);
    for (size_t i = 0; i < N; i++) /* bits, and a few minus ones */
        set_scalar(&in, i, i % 97 == 5 ? &minus : &one);
    for (size_t i = 0; i < N; i += 2)
        memset(in.scalars + 32 * i, 0, 32);
    check(&in, 0, 0);
    input_free(&in);
}

/* Digits at their limits: halves of every window, r-1, (r-1)/2, (r+1)/2. */
static void test_edge_scalars(void **state)
{
    struct input in = input_new(N);
    (void)state;
    for (size_t i = 0; i < N; i++) {
        pvn_fr t, u;
        size_t bits = 1 + i % 253;
        pvn_fr_from_u64(&t, 2);
        const uint64_t e[4] = { bits, 0, 0, 0 };
        pvn_fr_pow(&t, &t, e); /* 2^bits */
        pvn_fr_from_u64(&u, i % 3);
        if (i % 2)
            pvn_fr_add(&t, &t, &u);
        else
            pvn_fr_sub(&t, &t, &u);
        set_scalar(&in, i, &t);
    }
    pvn_fr half, one = pvn_fr_one;
    pvn_fr_dbl(&half, &one);
    pvn_fr_inv(&half, &half); /* (r+1)/2 */
    set_scalar(&in, 3, &half);
    pvn_fr_sub(&half, &half, &one); /* (r-1)/2 */
    set_scalar(&in, 4, &half);
    for (unsigned bits = 4; bits <= 10; bits += 3)
        check(&in, bits, 0);
    for (unsigned bits = 13; bits <= 16; bits++)
        check_form(&in, pvn_bn254_forms_pick(NULL), bits, 0, NULL);
    input_free(&in);
}

/* Equal points double, opposite ones cancel, infinities are dropped. */
static void test_special_points(void **state)
{
    struct input in = input_new(N);
    (void)state;
    for (size_t i = 0; i < N; i++) { /* all equal */
        in.g1[i] = in.g1[0];
        in.g2[i] = in.g2[0];
        in.logs[i] = in.logs[0];
    }
    check(&in, 4, 0);
    check(&in, 0, 0);
    for (size_t i = 0; i < N; i++) { /* all equal, equal scalars */
        memcpy(in.scalars + 32 * i, in.scalars, 32);
    }
    check(&in, 0, 0);
    for (size_t i = 1; i < N; i += 2) { /* pairs cancel */
        pvn_g1_affine_neg(&in.g1[i], &in.g1[0]);
        pvn_g2_affine_neg(&in.g2[i], &in.g2[0]);
        pvn_fr_neg(&in.logs[i], &in.logs[0]);
    }
    check(&in, 0, 0);
    for (size_t i = 0; i < N; i++) /* cancellations between random ones */
        if (i % 3) {
            pvn_fr t;
            test_random_fr(&t, &seed);
            set_scalar(&in, i, &t);
        }
    check(&in, 3, 0);
    for (size_t i = 0; i < N; i++)
        if (i % 5 < 3) {
            memset(&in.g1[i], 0, sizeof in.g1[i]);
            memset(&in.g2[i], 0, sizeof in.g2[i]);
            pvn_fr_zero(&in.logs[i]);
        }
    check(&in, 0, 0);
    check(&in, 6, 77);
    memset(in.g1, 0, N * sizeof *in.g1);
    memset(in.g2, 0, N * sizeof *in.g2);
    memset(in.logs, 0, N * sizeof *in.logs);
    check(&in, 0, 0);
    input_free(&in);
}

static void test_threads(void **state)
{
    struct input in = input_new(BIG);
    (void)state;
    for (size_t i = 0; i < BIG; i += 3) /* one bucket over many units */
        memcpy(in.scalars + 32 * i, in.scalars, 32);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        test_team *team = test_team_new(threads);
        pvn_par par = test_team_par(team);
        check_form(&in, pvn_bn254_forms_pick(NULL), 0, 1, &par);
        test_team_free(team);
    }
    input_free(&in);
}

static void test_bad_input(void **state)
{
    struct input in = input_new(100);
    pvn_recoded *r;
    pvn_bases *b;
    provernet_error err;
    provernet_watch *watch = provernet_watch_new();
    pvn_g1 sum;
    (void)state;
    const pvn_bn254_forms *f = pvn_bn254_forms_pick(NULL);
    for (int i = 0; i < 4; i++)
        pvn_store64le(in.scalars + 32 * 57 + 8 * i, pvn_fr_modulus.p[i]);
    assert_int_equal(pvn_recode(&r, in.scalars, 100, 0, NULL, NULL, &err),
                     PROVERNET_ERR_FORMAT);
    assert_non_null(strstr(err.message, "57"));
    assert_null(r);
    assert_int_equal(pvn_recode(&r, in.scalars, 10, 17, NULL, NULL, NULL),
                     PROVERNET_ERR_INVALID);
    memset(&in.g1[31].y, 0xff, 32);
    assert_int_equal(
        pvn_g1_bases_new(&b, f, (const uint8_t *)in.g1, 100, 0, NULL, &err),
        PROVERNET_ERR_FORMAT);
    assert_non_null(strstr(err.message, "31"));
    assert_null(b);
    assert_int_equal(
        pvn_g1_bases_new(&b, f, (const uint8_t *)in.g1, 30, 0, NULL, NULL),
        PROVERNET_OK);
    assert_int_equal(pvn_recode(&r, in.scalars, 30, 0, NULL, NULL, NULL),
                     PROVERNET_OK);
    assert_int_equal(pvn_bases_count(b), 30);
    assert_true(pvn_bases_bytes(b) >= 30 * 64);
    assert_true(pvn_recoded_bytes(r) > 0);
    assert_true(pvn_msm_scratch_bytes(b, r, 2) > 0);
    assert_int_equal(
        pvn_g2_msm((pvn_g2 *)(void *)&(pvn_g2){ 0 }, b, r, NULL, NULL),
        PROVERNET_ERR_INVALID);
    assert_non_null(watch);
    provernet_watch_cancel(watch);
    assert_int_equal(pvn_g1_msm(&sum, b, r, NULL, watch),
                     PROVERNET_ERR_CANCELLED);
    pvn_recoded_free(r);
    assert_int_equal(pvn_recode(&r, in.scalars, 30, 0, NULL, watch, NULL),
                     PROVERNET_ERR_CANCELLED);
    provernet_watch_free(watch);
    pvn_bases_free(b);
    input_free(&in);
}

static void fixed_random(void *ctx, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)test_random(ctx);
}

/* A subgroup check of many points at once; the bad one is on the curve:
 * x = (4, 3), found as in curve_test.c by trying. */
static void subgroup_of(size_t count)
{
    struct input in = input_new(count);
    pvn_bases *b;
    uint64_t random = 5;
    bool ok = false;
    const pvn_bn254_forms *f = pvn_bn254_forms_pick(NULL);
    memset(&in.g2[9], 0, sizeof in.g2[9]);
    assert_int_equal(
        pvn_g2_bases_new(&b, f, (const uint8_t *)in.g2, count, 7, NULL, NULL),
        PROVERNET_OK);
    assert_int_equal(
        pvn_g2_bases_in_subgroup(&ok, b, fixed_random, &random, NULL, NULL),
        PROVERNET_OK);
    assert_true(ok);
    pvn_bases_free(b);
    /* (u^2 x, u^3 y) lies on another curve; the psi map of a point with a
     * random x does not help: search a y for small x instead. */
    pvn_fq2 curve_b, t;
    pvn_fq2_sqr(&curve_b, &pvn_g2_generator.y);
    pvn_fq2_sqr(&t, &pvn_g2_generator.x);
    pvn_fq2_mul(&t, &t, &pvn_g2_generator.x);
    pvn_fq2_sub(&curve_b, &curve_b, &t);
    bool placed = false;
    for (uint64_t x = 1; !placed && x < 400; x++) {
        pvn_g2_affine p;
        pvn_fq2 y2;
        pvn_fq n, h, half;
        memset(&p, 0, sizeof p);
        pvn_fq_from_u64(&p.x.c0, x);
        pvn_fq2_sqr(&y2, &p.x);
        pvn_fq2_mul(&y2, &y2, &p.x);
        pvn_fq2_add(&y2, &y2, &curve_b);
        pvn_fq_sqr(&n, &y2.c0);
        pvn_fq_sqr(&h, &y2.c1);
        pvn_fq_add(&n, &n, &h);
        pvn_fq_from_u64(&half, 2);
        pvn_fq_inv(&half, &half);
        if (!pvn_fq_sqrt(&n, &n))
            continue;
        pvn_fq_add(&h, &y2.c0, &n);
        pvn_fq_mul(&h, &h, &half);
        if (!pvn_fq_sqrt(&p.y.c0, &h))
            continue;
        pvn_fq_inv(&h, &p.y.c0);
        pvn_fq_mul(&h, &h, &y2.c1);
        pvn_fq_mul(&p.y.c1, &h, &half);
        assert_true(pvn_g2_on_curve(&p));
        in.g2[40] = p;
        placed = true;
    }
    assert_true(placed);
    assert_int_equal(
        pvn_g2_bases_new(&b, f, (const uint8_t *)in.g2, count, 0, NULL, NULL),
        PROVERNET_OK);
    assert_int_equal(
        pvn_g2_bases_in_subgroup(&ok, b, fixed_random, &random, NULL, NULL),
        PROVERNET_OK);
    assert_false(ok);
    pvn_bases_free(b);
    input_free(&in);
}

/* Few points, and enough for wider coefficients. */
static void test_subgroup(void **state)
{
    (void)state;
    subgroup_of(64);
    subgroup_of(4500);
    subgroup_of(BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_same_scalars),
        cmocka_unit_test(test_edge_scalars),
        cmocka_unit_test(test_special_points),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_subgroup),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
