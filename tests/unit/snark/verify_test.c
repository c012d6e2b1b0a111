/* tests/unit/snark/verify_test.c - valid proofs pass; a change anywhere does
 * not. */
#include "files.h"
#include "snark/groth16_vk.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct known {
    provernet_groth16_vk *vk;
    provernet_groth16_proof p[2];
    uint8_t publics[3 * 32];
    size_t n;
} known;

static void load(known *k, const char *circuit)
{
    static const char *const provers[] = { "snarkjs", "rapidsnark" };
    char path[64];
    vector_file f;

    snprintf(path, sizeof path, "%s/verification_key.json", circuit);
    f = vector_read(path);
    assert_ok(provernet_groth16_vk_parse(&k->vk, vector_span(&f), NULL));
    vector_free(&f);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/proof_%s.json", circuit, provers[i]);
        f = vector_read(path);
        assert_ok(
            provernet_groth16_proof_from_json(&k->p[i], vector_span(&f), NULL));
        vector_free(&f);
    }
    snprintf(path, sizeof path, "%s/public_snarkjs.json", circuit);
    f = vector_read(path);
    assert_ok(provernet_groth16_publics_from_json(k->publics, 3, &k->n,
                                                  vector_span(&f), NULL));
    vector_free(&f);
    assert_int_equal(provernet_groth16_vk_publics(k->vk), k->n);
}

/* A team that takes turns, the last piece first. */
static void in_turn(void *team, void (*fn)(void *arg, size_t i), void *arg,
                    size_t n)
{
    (void)team;
    while (n-- > 0)
        fn(arg, n);
}

/* By the form of this processor and by the portable one, alone and with a
 * team; they agree. */
static provernet_status verify(const known *k, const provernet_groth16_proof *p,
                               const uint8_t *publics, size_t n)
{
    provernet_status s = provernet_groth16_verify(k->vk, p, publics, n, NULL);

    const pvn_par two = { .run = in_turn, .threads = 2 };

    assert_int_equal(pvn_groth16_check(k->vk, p, publics, n, NULL, NULL), s);
    assert_int_equal(pvn_groth16_check(k->vk, p, publics, n, &two, NULL), s);
    assert_int_equal(pvn_groth16_check_here(k->vk, p, publics, n, &two, NULL),
                     s);
    return s;
}

static provernet_status verify_many(const known *k,
                                    const provernet_groth16_proof *p,
                                    const uint8_t *x, size_t n, size_t *bad)
{
    size_t first = *bad;
    provernet_status s =
        provernet_groth16_verify_many(k->vk, p, x, n, bad, NULL);

    assert_int_equal(pvn_groth16_check_many(k->vk, p, x, n, &first, NULL), s);
    assert_int_equal(first, *bad);
    return s;
}

static void proofs_of_other_provers_pass(void **state)
{
    static const char *const circuits[] = { "poseidon", "multiplier" };
    known k;
    (void)state;

    for (int c = 0; c < 2; c++) {
        load(&k, circuits[c]);
        for (int i = 0; i < 2; i++)
            assert_ok(verify(&k, &k.p[i], k.publics, k.n));
        provernet_groth16_vk_free(k.vk);
    }
}

static void a_circuit_without_public_signals_passes(void **state)
{
    vector_file v = vector_read("square/verification_key.json");
    vector_file f = vector_read("square/proof_snarkjs.json");
    provernet_groth16_proof p;
    provernet_groth16_vk *vk;
    (void)state;

    assert_ok(provernet_groth16_vk_parse(&vk, vector_span(&v), NULL));
    assert_ok(provernet_groth16_proof_from_json(&p, vector_span(&f), NULL));
    assert_ok(provernet_groth16_verify(vk, &p, NULL, 0, NULL));
    provernet_groth16_vk_free(vk);
    vector_free(&v);
    vector_free(&f);
}

static void any_changed_bit_is_noticed(void **state)
{
    uint64_t seed = 1;
    known k;
    (void)state;

    load(&k, "poseidon");
    for (int i = 0; i < 120; i++) {
        provernet_groth16_proof p = k.p[0];
        uint8_t x[3 * 32];
        size_t bit = test_random(&seed) % (8 * (sizeof p + sizeof x));
        provernet_status s;

        memcpy(x, k.publics, sizeof x);
        if (bit < 8 * sizeof p)
            ((uint8_t *)&p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        else
            x[bit / 8 - sizeof p] ^= (uint8_t)(1 << bit % 8);
        s = verify(&k, &p, x, k.n);
        assert_true(s == PROVERNET_ERR_PROOF_INVALID ||
                    s == PROVERNET_ERR_FORMAT);
    }
    provernet_groth16_vk_free(k.vk);
}

static void points_that_fit_elsewhere_are_refused(void **state)
{
    provernet_groth16_proof p;
    known k;
    (void)state;

    load(&k, "poseidon");
    p = k.p[0];
    memcpy(p.a64, k.p[1].a64, 64);
    assert_int_equal(verify(&k, &p, k.publics, k.n),
                     PROVERNET_ERR_PROOF_INVALID);
    p = k.p[0];
    memcpy(p.c64, p.a64, 64);
    assert_int_equal(verify(&k, &p, k.publics, k.n),
                     PROVERNET_ERR_PROOF_INVALID);
    memset(p.a64, 0, 64);
    assert_int_equal(verify(&k, &p, k.publics, k.n),
                     PROVERNET_ERR_PROOF_INVALID);
    provernet_groth16_vk_free(k.vk);
}

static void signals_are_counted_and_canonical(void **state)
{
    static const uint8_t r[32] = { 0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0,
                                   0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81,
                                   0x58, 0x5d, 0x28, 0x33, 0xe8, 0x48, 0x79,
                                   0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93,
                                   0xf0, 0x00, 0x00, 0x01 };
    uint8_t x[3 * 32];
    known k;
    (void)state;

    load(&k, "poseidon");
    assert_int_equal(verify(&k, &k.p[0], k.publics, 2), PROVERNET_ERR_FORMAT);
    assert_int_equal(verify(&k, &k.p[0], k.publics, 0), PROVERNET_ERR_FORMAT);
    memcpy(x, k.publics, sizeof x);
    /* the same number modulo r: 1 + r */
    memcpy(x + 32, r, 32);
    x[63]++;
    assert_int_equal(verify(&k, &k.p[0], x, 3), PROVERNET_ERR_FORMAT);
    provernet_groth16_vk_free(k.vk);
}

static void many_proofs_pass_together_and_the_bad_one_is_named(void **state)
{
    enum { N = 70 };
    provernet_groth16_proof p[N];
    uint8_t x[N * 3 * 32];
    size_t bad = 99;
    known k;
    (void)state;

    load(&k, "poseidon");
    for (int i = 0; i < N; i++) {
        p[i] = k.p[i % 2];
        memcpy(x + i * 96, k.publics, 96);
    }
    for (size_t n = 0; n <= 4; n++)
        assert_ok(verify_many(&k, p, x, n, &bad));
    assert_ok(verify_many(&k, p, x, N, &bad));
    assert_int_equal(bad, 99);

    x[41 * 96 + 95]++;
    assert_int_equal(verify_many(&k, p, x, N, &bad),
                     PROVERNET_ERR_PROOF_INVALID);
    assert_int_equal(bad, 41);
    /* two changes that cancel in an unweighted sum */
    x[42 * 96 + 95]--;
    assert_int_equal(verify_many(&k, p, x, N, &bad),
                     PROVERNET_ERR_PROOF_INVALID);
    assert_int_equal(bad, 41);
    p[7].b128[0] = 0xff;
    assert_int_equal(verify_many(&k, p, x, N, &bad), PROVERNET_ERR_FORMAT);
    assert_int_equal(bad, 7);
    provernet_groth16_vk_free(k.vk);
}

static void keys_with_bad_points_are_refused(void **state)
{
    static const char *const what[] = { "\"vk_beta_2\": [\n  [\n   \"",
                                        "\"vk_alpha_1\": [\n  \"",
                                        "\"IC\": [\n  [\n   \"" };
    provernet_groth16_vk *vk;
    provernet_error err;
    (void)state;

    for (int i = 0; i < 3; i++) {
        vector_file f = vector_read("poseidon/verification_key.json");
        char *at = strstr((char *)f.data, what[i]);

        assert_non_null(at);
        at += strlen(what[i]) + 5;
        *at = *at == '9' ? '8' : (char)(*at + 1);
        assert_int_equal(provernet_groth16_vk_parse(&vk, vector_span(&f), &err),
                         PROVERNET_ERR_FORMAT);
        assert_non_null(strstr(err.message, "not on the curve"));
        vector_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_of_other_provers_pass),
        cmocka_unit_test(a_circuit_without_public_signals_passes),
        cmocka_unit_test(any_changed_bit_is_noticed),
        cmocka_unit_test(points_that_fit_elsewhere_are_refused),
        cmocka_unit_test(signals_are_counted_and_canonical),
        cmocka_unit_test(many_proofs_pass_together_and_the_bad_one_is_named),
        cmocka_unit_test(keys_with_bad_points_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
