/* tests/unit/snark/prove_test.c - proofs of our own: accepted, equal to a slow
 * reference at fixed blinding, the same on every form and number of threads;
 * wrong witnesses refused. */
#include "files.h"
#include "reference.h"
#include "snark/groth16.h"
#include "team.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(void *user, void *out, size_t len)
{
    test_random_bytes(user, out, len);
}

static pvn_randomness randomness(uint64_t *seed)
{
    return (pvn_randomness){ fill, seed };
}

static pvn_groth16_key *load(const vector_file *z, const char *form,
                             const pvn_par *par)
{
    provernet_span span = vector_span(z);
    pvn_source source = pvn_source_of(&span, "circuit.zkey");
    const pvn_bn254_forms *forms = pvn_bn254_forms_pick(form);
    uint64_t seed = 5;
    pvn_groth16_key *k = NULL;
    provernet_error err = { 0 };

    if (!forms)
        return NULL;
    if (pvn_groth16_key_load(&k, &source, 0, randomness(&seed), forms, par,
                             NULL, &err))
        fail_msg("%s", err.message);
    return k;
}

static const char *const circuits[] = { "poseidon", "multiplier", "square" };

static vector_file of(const char *circuit, const char *file)
{
    char path[64];

    snprintf(path, sizeof path, "%s/%s", circuit, file);
    return vector_read(path);
}

static void proofs_are_accepted_and_say_the_same_signals(void **state)
{
    (void)state;

    for (int i = 0; i < 3; i++) {
        vector_file z = of(circuits[i], "circuit.zkey");
        vector_file w = of(circuits[i], "witness.wtns");
        vector_file pub = of(circuits[i], "public_snarkjs.json");
        vector_file v = of(circuits[i], "verification_key.json");
        pvn_groth16_key *k = load(&z, NULL, NULL);
        provernet_watch *watch = provernet_watch_new();
        provernet_groth16_proof p[2];
        provernet_groth16_vk *vk;
        uint8_t publics[96];
        uint64_t seed = 9;
        char text[1024];
        size_t len = 0;

        for (int t = 0; t < 2; t++)
            assert_ok(pvn_groth16_prove(k, &p[t], publics, vector_span(&w),
                                        "witness.wtns", NULL, NULL,
                                        randomness(&seed), NULL, watch, NULL));
        assert_memory_not_equal(&p[0], &p[1], sizeof *p);
        assert_int_equal(provernet_watch_read(watch, NULL), 1000);
        assert_ok(provernet_groth16_publics_to_json(
            publics, (size_t)pvn_groth16_key_sizes(k)->publics, text,
            sizeof text, &len));
        assert_int_equal(len, pub.len);
        assert_memory_equal(text, pub.data, len);
        assert_ok(provernet_groth16_vk_parse(&vk, vector_span(&v), NULL));
        assert_ok(provernet_groth16_verify(
            vk, &p[0], publics, provernet_groth16_vk_publics(vk), NULL));
        provernet_groth16_vk_free(vk);
        provernet_watch_free(watch);
        pvn_groth16_key_drop(k);
        vector_free(&z);
        vector_free(&w);
        vector_free(&pub);
        vector_free(&v);
    }
}

static void at_fixed_blinding_every_form_gives_the_reference(void **state)
{
    static const char *const forms[] = { "portable", "adx", "ifma" };
    test_team *team = test_team_new(3);
    const pvn_par par = test_team_par(team);
    uint8_t r[32] = { [30] = 7, [31] = 9 }, s[32];
    uint64_t seed = 11;
    (void)state;

    test_random_bytes(&seed, s, sizeof s);
    s[0] &= 0x1f;
    for (int i = 0; i < 3; i++) {
        vector_file z = of(circuits[i], "circuit.zkey");
        vector_file w = of(circuits[i], "witness.wtns");
        provernet_groth16_proof want, got;
        uint8_t publics[96];

        reference_prove(&want, vector_span(&z), vector_span(&w), r, s);
        for (int f = 0; f < 6; f++) {
            const pvn_par *with = f & 1 ? &par : NULL;
            pvn_groth16_key *k = load(&z, forms[f / 2], with);

            if (!k)
                continue; /* not on this processor */
            assert_ok(pvn_groth16_prove(k, &got, publics, vector_span(&w), NULL,
                                        r, s, randomness(&seed), with, NULL,
                                        NULL));
            assert_memory_equal(got.a64, want.a64, 64);
            assert_memory_equal(got.b128, want.b128, 128);
            assert_memory_equal(got.c64, want.c64, 64);
            pvn_groth16_key_drop(k);
        }
        vector_free(&z);
        vector_free(&w);
    }
    test_team_free(team);
}

static provernet_status prove(const pvn_groth16_key *k, const vector_file *w,
                              provernet_error *err)
{
    provernet_groth16_proof p;
    uint8_t publics[96];
    uint64_t seed = 3;

    memset(err, 0, sizeof *err);
    return pvn_groth16_prove(k, &p, publics, vector_span(w), "witness.wtns",
                             NULL, NULL, randomness(&seed), NULL, NULL, err);
}

static void a_witness_of_another_circuit_is_named(void **state)
{
    vector_file z = of("poseidon", "circuit.zkey");
    vector_file w = of("multiplier", "witness.wtns");
    pvn_groth16_key *k = load(&z, NULL, NULL);
    provernet_error err;
    (void)state;

    assert_int_equal(prove(k, &w, &err), PROVERNET_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "circuit.zkey and witness.wtns do not "
                                        "belong together"));
    assert_non_null(strstr(err.message, "963 wires"));
    assert_non_null(strstr(err.message, "witness.wtns  4 wires"));
    assert_non_null(strstr(err.message, "help: "));
    pvn_groth16_key_drop(k);
    vector_free(&z);
    vector_free(&w);
}

static void a_false_witness_gives_no_proof(void **state)
{
    vector_file z = of("poseidon", "circuit.zkey");
    vector_file w = of("poseidon", "witness.wtns");
    pvn_groth16_key *k = load(&z, NULL, NULL);
    provernet_error err;
    (void)state;

    w.data[w.len - 32]++; /* the last value */
    assert_int_equal(prove(k, &w, &err), PROVERNET_ERR_PROOF);
    assert_non_null(strstr(err.message, "does not satisfy"));
    w.data[w.len - 32]--;
    assert_ok(prove(k, &w, &err));
    /* a value above the group order, and a constant that is not 1 */
    memset(w.data + w.len - 32, 0xff, 32);
    assert_int_equal(prove(k, &w, &err), PROVERNET_ERR_FORMAT);
    assert_non_null(strstr(err.message, "value 962"));
    vector_free(&w);
    w = of("poseidon", "witness.wtns");
    w.data[w.len - 963 * 32] = 2;
    assert_int_equal(prove(k, &w, &err), PROVERNET_ERR_FORMAT);
    pvn_groth16_key_drop(k);
    vector_free(&z);
    vector_free(&w);
}

static void a_cancelled_proof_stops(void **state)
{
    vector_file z = of("poseidon", "circuit.zkey");
    vector_file w = of("poseidon", "witness.wtns");
    pvn_groth16_key *k = load(&z, NULL, NULL), *none = NULL;
    provernet_watch *watch = provernet_watch_new();
    provernet_span span = vector_span(&z);
    pvn_source source = pvn_source_of(&span, "circuit.zkey");
    provernet_groth16_proof p;
    uint8_t publics[96];
    uint64_t seed = 3;
    (void)state;

    provernet_watch_cancel(watch);
    assert_int_equal(pvn_groth16_prove(k, &p, publics, span, NULL, NULL, NULL,
                                       randomness(&seed), NULL, watch, NULL),
                     PROVERNET_ERR_CANCELLED);
    assert_int_equal(pvn_groth16_key_load(&none, &source, 0, randomness(&seed),
                                          pvn_bn254_forms_pick(NULL), NULL,
                                          watch, NULL),
                     PROVERNET_ERR_CANCELLED);
    provernet_watch_free(watch);
    pvn_groth16_key_drop(k);
    vector_free(&z);
    vector_free(&w);
}

/* Several proofs at once on one key, each with its own thread. */
typedef struct together {
    const pvn_groth16_key *k;
    const vector_file *w;
    provernet_groth16_proof p[4];
} together;

static void prove_one(void *arg, size_t i)
{
    static const uint8_t r[32] = { [31] = 5 }, s[32] = { [31] = 6 };
    together *t = arg;
    uint8_t publics[96];
    uint64_t seed = 1;

    if (pvn_groth16_prove(t->k, &t->p[i], publics, vector_span(t->w), NULL, r,
                          s, randomness(&seed), NULL, NULL, NULL))
        memset(&t->p[i], (int)i, sizeof t->p[i]);
}

static void several_proofs_share_a_key(void **state)
{
    vector_file z = of("poseidon", "circuit.zkey");
    vector_file w = of("poseidon", "witness.wtns");
    together t = { .k = load(&z, NULL, NULL), .w = &w };
    test_team *team = test_team_new(4);
    const pvn_par par = test_team_par(team);
    (void)state;

    pvn_par_for(&par, prove_one, &t, 4);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(&t.p[0], &t.p[i], sizeof t.p[0]);
    assert_false(t.p[0].a64[0] == 0 && t.p[0].a64[1] == 0);
    test_team_free(team);
    pvn_groth16_key_drop((pvn_groth16_key *)(uintptr_t)t.k);
    vector_free(&z);
    vector_free(&w);
}

static void the_estimate_bounds_what_a_key_holds(void **state)
{
    (void)state;

    for (int i = 0; i < 3; i++) {
        vector_file z = of(circuits[i], "circuit.zkey");
        provernet_span span = vector_span(&z);
        pvn_source source = pvn_source_of(&span, "circuit.zkey");
        pvn_groth16_key *k = load(&z, NULL, NULL);
        pvn_groth16_sizes before;

        assert_ok(pvn_groth16_measure(&before, &source, NULL));
        assert_int_equal(before.wires, pvn_groth16_key_sizes(k)->wires);
        assert_true(pvn_groth16_key_sizes(k)->key_bytes <= before.key_bytes);
        assert_true(before.proof_bytes > 0);
        pvn_groth16_key_drop(k);
        vector_free(&z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_are_accepted_and_say_the_same_signals),
        cmocka_unit_test(at_fixed_blinding_every_form_gives_the_reference),
        cmocka_unit_test(a_witness_of_another_circuit_is_named),
        cmocka_unit_test(a_false_witness_gives_no_proof),
        cmocka_unit_test(a_cancelled_proof_stops),
        cmocka_unit_test(several_proofs_share_a_key),
        cmocka_unit_test(the_estimate_bounds_what_a_key_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
