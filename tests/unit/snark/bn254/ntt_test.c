/* Transforms against direct evaluation, in all forms and thread counts. */
#include "../team.h"
#include "big.h"
#include "snark/bn254/ntt.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static uint64_t seed = 31;

static pvn_fr *random_poly(size_t n)
{
    pvn_fr *a = aligned_alloc(64, n * sizeof *a < 64 ? 64 : n * sizeof *a);
    assert_non_null(a);
    for (size_t i = 0; i < n; i++) {
        if (test_random(&seed) % 8)
            test_random_fr(&a[i], &seed);
        else
            test_limbs(a[i].l, &pvn_fr_modulus, &seed);
    }
    return a;
}

static void evaluate(pvn_fr *r, const pvn_fr *coefficients, size_t n,
                     const pvn_fr *x)
{
    pvn_fr_zero(r);
    for (size_t i = n; i-- > 0;) {
        pvn_fr_mul(r, r, x);
        pvn_fr_add(r, r, &coefficients[i]);
    }
}

static void check_size(const pvn_bn254_forms *f, unsigned log_n)
{
    size_t n = (size_t)1 << log_n, step = n > 256 ? n / 128 - 1 : 1;
    pvn_domain *d;
    pvn_fr w, eta, x, y;
    assert_int_equal(pvn_domain_new(&d, f, log_n), PROVERNET_OK);
    assert_int_equal(pvn_domain_size(d), n);
    pvn_fr_root_of_unity(&w, log_n);
    pvn_fr_root_of_unity(&eta, log_n + 1);
    pvn_fr *a = random_poly(n), *v = random_poly(n), *c = random_poly(n);
    pvn_fr *two[2] = { v, c };
    memcpy(v, a, n * sizeof *a);
    memcpy(c, a, n * sizeof *a);
    assert_int_equal(pvn_ntt_forward(d, two, 1, NULL, NULL), PROVERNET_OK);
    for (size_t j = 0; j < n; j += step) {
        const uint64_t e[4] = { j, 0, 0, 0 };
        pvn_fr_pow(&x, &w, e);
        evaluate(&y, a, n, &x);
        assert_memory_equal(&y, &v[j], sizeof y);
    }
    memcpy(c, v, n * sizeof *a);
    assert_int_equal(pvn_ntt_inverse(d, two, 1, NULL, NULL), PROVERNET_OK);
    assert_memory_equal(v, a, n * sizeof *a);
    /* two at once: the second one's values go to the coset */
    memcpy(v, c, n * sizeof *a);
    assert_int_equal(pvn_ntt_to_odd_coset(d, two, 2, NULL, NULL), PROVERNET_OK);
    assert_memory_equal(v, c, n * sizeof *a);
    for (size_t j = 0; j < n; j += step) {
        const uint64_t e[4] = { j, 0, 0, 0 };
        pvn_fr_pow(&x, &w, e);
        pvn_fr_mul(&x, &x, &eta);
        evaluate(&y, a, n, &x);
        assert_memory_equal(&y, &c[j], sizeof y);
    }
    free(a);
    free(v);
    free(c);
    pvn_domain_free(d);
}

static void test_sizes(void **state)
{
    const pvn_bn254_forms *form[3];
    size_t forms = test_forms(form);
    (void)state;
    for (size_t f = 0; f < forms; f++)
        for (unsigned k = 0; k <= 13; k++)
            check_size(form[f], k);
}

/* Extreme values in every place: all r-1, one r-1, alternating. */
static void test_extremes(void **state)
{
    const pvn_bn254_forms *form[3];
    size_t forms = test_forms(form), n = 1 << 12;
    (void)state;
    pvn_fr max;
    pvn_fr_neg(&max, &pvn_fr_one);
    uint64_t top[4];
    memcpy(top, pvn_fr_modulus.p, 32);
    top[0]--;
    for (int kind = 0; kind < 3; kind++) {
        pvn_fr *want = NULL;
        for (size_t f = 0; f < forms; f++) {
            pvn_domain *d;
            pvn_fr *a = random_poly(n), *list[1] = { a };
            for (size_t i = 0; i < n; i++) {
                memset(&a[i], 0, sizeof a[i]);
                if (kind == 0 || (kind == 1 && i == 77) || (kind == 2 && i % 2))
                    memcpy(&a[i], top, 32);
            }
            assert_int_equal(pvn_domain_new(&d, form[f], 12), PROVERNET_OK);
            assert_int_equal(pvn_ntt_to_odd_coset(d, list, 1, NULL, NULL),
                             PROVERNET_OK);
            if (want) {
                assert_memory_equal(a, want, n * sizeof *a);
                free(a);
            } else {
                want = a;
            }
            pvn_domain_free(d);
        }
        free(want);
    }
}

static void test_threads_and_forms(void **state)
{
    const pvn_bn254_forms *form[3];
    size_t forms = test_forms(form), n = 1 << 14;
    pvn_fr *in = random_poly(n), *want = NULL;
    (void)state;
    for (size_t f = 0; f < forms; f++)
        for (unsigned threads = 1; threads <= 3; threads++) {
            test_team *team = test_team_new(threads);
            pvn_par par = test_team_par(team);
            pvn_domain *d;
            pvn_fr *abc[3];
            assert_int_equal(pvn_domain_new(&d, form[f], 14), PROVERNET_OK);
            for (int i = 0; i < 3; i++) {
                abc[i] = random_poly(n);
                memcpy(abc[i], in, n * sizeof *in);
            }
            assert_int_equal(pvn_ntt_to_odd_coset(d, abc, 3, &par, NULL),
                             PROVERNET_OK);
            for (size_t i = 0; i < n; i += 511) { /* a*b - c, plain */
                pvn_fr t;
                pvn_fr_mul(&t, &abc[0][i], &abc[1][i]);
                pvn_fr_sub(&t, &t, &abc[2][i]);
                pvn_fr_to_plain(t.l, &t);
                pvn_fr u = abc[0][i], v = abc[1][i], w = abc[2][i];
                form[f]->mul_sub_plain(&u, &v, &w, 1);
                assert_memory_equal(&u, &t, sizeof t);
            }
            pvn_ntt_quotient(d, abc[0], abc[1], abc[2], &par);
            if (want)
                assert_memory_equal(abc[0], want, n * sizeof *want);
            else {
                want = abc[0];
                abc[0] = NULL;
            }
            for (int i = 0; i < 3; i++)
                free(abc[i]);
            pvn_domain_free(d);
            test_team_free(team);
        }
    free(want);
    free(in);
}

/* The check values of the specification, 1.2. */
static void test_roots(void **state)
{
    pvn_fr w, t, minus;
    uint64_t plain[4];
    (void)state;
    pvn_fr_neg(&minus, &pvn_fr_one);
    pvn_fr_root_of_unity(&w, 1);
    assert_true(pvn_fr_equal(&w, &minus));
    pvn_fr_root_of_unity(&w, 28);
    pvn_fr_to_plain(plain, &w);
    /* 5^((r-1)/2^28) */
    static const uint64_t odd[4] = { 0x9b9709143e1f593fu, 0x181585d2833e8487u,
                                     0x131a029b85045b68u, 0x000000030644e72eu };
    pvn_fr_from_u64(&t, 5);
    pvn_fr_pow(&t, &t, odd);
    assert_true(pvn_fr_equal(&t, &w));
    for (unsigned k = 28; k-- > 0;) {
        pvn_fr next;
        pvn_fr_root_of_unity(&next, k);
        pvn_fr_sqr(&t, &w);
        assert_true(pvn_fr_equal(&t, &next));
        w = next;
    }
    assert_true(pvn_fr_equal(&w, &pvn_fr_one));
    pvn_domain *d;
    assert_int_equal(pvn_domain_new(&d, pvn_bn254_forms_pick(NULL), 28),
                     PROVERNET_ERR_INVALID);
}

static void test_cancel(void **state)
{
    pvn_domain *d;
    provernet_watch *watch = provernet_watch_new();
    pvn_fr *a = random_poly(1024), *list[1] = { a };
    (void)state;
    assert_non_null(watch);
    assert_int_equal(pvn_domain_new(&d, pvn_bn254_forms_pick(NULL), 10),
                     PROVERNET_OK);
    provernet_watch_cancel(watch);
    assert_int_equal(pvn_ntt_forward(d, list, 1, NULL, watch),
                     PROVERNET_ERR_CANCELLED);
    provernet_watch_free(watch);
    pvn_domain_free(d);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_threads_and_forms),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
