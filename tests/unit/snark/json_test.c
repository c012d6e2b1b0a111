/* tests/unit/snark/json_test.c - the JSON of two other provers, read and
 * written byte for byte; malformed text refused. */
#include "files.h"
#include "snark/decimal.h"
#include "snark/groth16.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void proofs_of_snarkjs_are_written_back_the_same(void **state)
{
    static const char *const circuits[] = { "poseidon", "multiplier",
                                            "square" };
    (void)state;

    for (int i = 0; i < 3; i++) {
        provernet_groth16_proof p;
        uint8_t publics[3 * 32];
        char path[64], out[2048];
        size_t len = 0, n = 9;
        vector_file f;

        snprintf(path, sizeof path, "%s/proof_snarkjs.json", circuits[i]);
        f = vector_read(path);
        assert_ok(provernet_groth16_proof_from_json(&p, vector_span(&f), NULL));
        assert_ok(provernet_groth16_proof_to_json(&p, out, sizeof out, &len));
        assert_int_equal(len, f.len);
        assert_memory_equal(out, f.data, len);
        assert_int_equal(
            provernet_groth16_proof_to_json(&p, out, len - 1, &len),
            PROVERNET_ERR_LIMIT);
        assert_int_equal(len, f.len);
        vector_free(&f);

        snprintf(path, sizeof path, "%s/public_snarkjs.json", circuits[i]);
        f = vector_read(path);
        assert_ok(provernet_groth16_publics_from_json(publics, 3, &n,
                                                      vector_span(&f), NULL));
        assert_ok(provernet_groth16_publics_to_json(publics, n, out, sizeof out,
                                                    &len));
        assert_int_equal(len, f.len);
        assert_memory_equal(out, f.data, len);
        vector_free(&f);
    }
}

static void proofs_of_rapidsnark_are_read(void **state)
{
    provernet_groth16_proof p, q;
    uint8_t publics[3 * 32];
    char out[2048];
    size_t len, n;
    vector_file f = vector_read("poseidon/proof_rapidsnark.json");
    (void)state;

    assert_ok(provernet_groth16_proof_from_json(&p, vector_span(&f), NULL));
    vector_free(&f);
    assert_ok(provernet_groth16_proof_to_json(&p, out, sizeof out, &len));
    assert_ok(provernet_groth16_proof_from_json(
        &q, (provernet_span){ out, len }, NULL));
    assert_memory_equal(&p, &q, sizeof p);

    f = vector_read("poseidon/public_rapidsnark.json");
    assert_int_equal(provernet_groth16_publics_from_json(publics, 2, &n,
                                                         vector_span(&f), NULL),
                     PROVERNET_ERR_LIMIT);
    assert_int_equal(n, 3);
    assert_ok(provernet_groth16_publics_from_json(publics, 3, &n,
                                                  vector_span(&f), NULL));
    assert_int_equal(n, 3);
    assert_int_equal(publics[2 * 32 + 31], 2);
    vector_free(&f);
}

static void keys_of_snarkjs_are_written_back_the_same(void **state)
{
    static const char *const circuits[] = { "poseidon", "multiplier",
                                            "square" };
    (void)state;

    for (int i = 0; i < 3; i++) {
        provernet_groth16_vk *from_json, *from_zkey, *from_bytes;
        uint8_t a[32], b[32], c[32];
        provernet_span bytes;
        pvn_source source;
        pvn_buf out = { 0 };
        vector_file f, z;
        char path[64];

        snprintf(path, sizeof path, "%s/verification_key.json", circuits[i]);
        f = vector_read(path);
        snprintf(path, sizeof path, "%s/circuit.zkey", circuits[i]);
        z = vector_read(path);
        bytes = vector_span(&z);
        source = pvn_source_of(&bytes, "circuit.zkey");
        assert_ok(
            provernet_groth16_vk_parse(&from_json, vector_span(&f), NULL));
        assert_ok(pvn_groth16_vk_from_zkey(&from_zkey, &source, NULL));
        assert_ok(pvn_groth16_vk_from_bytes(
            &from_bytes, pvn_groth16_vk_bytes(from_zkey), NULL));
        provernet_groth16_vk_hash(from_json, a);
        provernet_groth16_vk_hash(from_zkey, b);
        provernet_groth16_vk_hash(from_bytes, c);
        assert_memory_equal(a, b, 32);
        assert_memory_equal(a, c, 32);
        assert_true(pvn_groth16_vk_json(from_zkey, &out));
        assert_int_equal(out.len, f.len);
        assert_memory_equal(out.data, f.data, f.len);
        pvn_buf_free(&out);
        provernet_groth16_vk_free(from_json);
        provernet_groth16_vk_free(from_zkey);
        provernet_groth16_vk_free(from_bytes);
        vector_free(&f);
        vector_free(&z);
    }
}

static void the_artifact_is_read_back(void **state)
{
    vector_file f = vector_read("poseidon/proof_snarkjs.json");
    uint8_t publics[3 * 32], again[3 * 32];
    provernet_groth16_proof p, q;
    pvn_buf b = { 0 };
    size_t n = 0;
    (void)state;

    assert_ok(provernet_groth16_proof_from_json(&p, vector_span(&f), NULL));
    vector_free(&f);
    f = vector_read("poseidon/public_snarkjs.json");
    assert_ok(provernet_groth16_publics_from_json(publics, 3, &n,
                                                  vector_span(&f), NULL));
    vector_free(&f);
    assert_true(pvn_groth16_artifact_write(&b, &p, publics, n));
    assert_ok(pvn_groth16_artifact_read(
        &q, again, 3, &n, (provernet_span){ b.data, b.len }, NULL));
    assert_int_equal(n, 3);
    assert_memory_equal(&p, &q, sizeof p);
    assert_memory_equal(publics, again, sizeof again);
    assert_int_equal(
        pvn_groth16_artifact_read(&q, again, 2, &n,
                                  (provernet_span){ b.data, b.len }, NULL),
        PROVERNET_ERR_LIMIT);
    pvn_buf_free(&b);
}

static provernet_status read_publics(const char *text)
{
    uint8_t out[4 * 32];
    size_t n;

    return provernet_groth16_publics_from_json(
        out, 4, &n, (provernet_span){ text, strlen(text) }, NULL);
}

static void numbers_are_canonical_or_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[",
        "{}",
        "[1]",
        "[\"\"]",
        "[\"-1\"]",
        "[\" 1\"]",
        "[\"1 \"]",
        "[\"0x1\"]",
        "[\"1e3\"]",
        "[null]",
        "[\"1\\u0000\"]",
        /* r itself, 2^256, 79 digits, and far too many */
        "[\"2188824287183927522224640574525727508854836440041603434369820418657"
        "5808495617\"]",
        "[\"1157920892373161954235709850086879078532699846656405640394575840079"
        "13129639936\"]",
        "[\"0000000000000000000000000000000000000000000000000000000000000000000"
        "000000000001\"]",
        "[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]",
        "[\"1\"] x",
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_publics(bad[i]), PROVERNET_ERR_FORMAT);
    assert_ok(read_publics("[]"));
    assert_ok(read_publics(" [ \"0\" , \"007\" ] "));
    /* r - 1 */
    assert_ok(read_publics("[\"218882428718392752222464057452572750885483644004"
                           "16034343698204186575808495616\"]"));
    assert_int_equal(read_publics("[\"1\",\"1\",\"1\",\"1\",\"1\"]"),
                     PROVERNET_ERR_LIMIT);
}

static void damaged_proofs_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *from, *to;
        provernet_status want;
    } cases[] = {
        { "\"groth16\"", "\"plonk00\"", PROVERNET_ERR_UNSUPPORTED },
        { "\"bn128\"", "\"bls00\"", PROVERNET_ERR_UNSUPPORTED },
        { "\"pi_a\"", "\"pi_x\"", PROVERNET_ERR_FORMAT },
        { "\"pi_b\"", "\"pi_a\"", PROVERNET_ERR_FORMAT }, /* twice */
        { "\"1\"", "\"2\"", PROVERNET_ERR_FORMAT },
        { "\"1\"", "\"0\"", PROVERNET_ERR_FORMAT },
        { "12778", "12779", PROVERNET_ERR_PROOF_INVALID },
        { "22831", "22832", PROVERNET_ERR_PROOF_INVALID },
    };
    provernet_groth16_proof p;
    provernet_error err;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vector_file f = vector_read("poseidon/proof_snarkjs.json");
        char *at = strstr((char *)f.data, cases[i].from);

        assert_non_null(at);
        memcpy(at, cases[i].to, strlen(cases[i].to));
        memset(&err, 0, sizeof err);
        assert_int_equal(
            provernet_groth16_proof_from_json(&p, vector_span(&f), &err),
            cases[i].want);
        assert_int_equal(err.status, cases[i].want);
        assert_true(strlen(err.message) > 10);
        vector_free(&f);
    }
}

static void infinity_is_refused_in_a_proof(void **state)
{
    static const char text[] =
        "{\"pi_a\":[\"0\",\"1\",\"0\"],\"pi_b\":[[\"0\",\"0\"],[\"1\",\"0\"],"
        "[\"0\",\"0\"]],\"pi_c\":[\"0\",\"1\",\"0\"],\"protocol\":\"groth16\"}";
    provernet_groth16_proof p;
    (void)state;

    assert_int_equal(provernet_groth16_proof_from_json(
                         &p, (provernet_span){ text, sizeof text - 1 }, NULL),
                     PROVERNET_ERR_PROOF_INVALID);
}

static void decimals_are_exact(void **state)
{
    uint64_t seed = 7;
    (void)state;

    for (int i = 0; i < 2000; i++) {
        static const uint8_t all[32] = {
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255
        };
        char text[PVN_DECIMAL_CAP];
        uint8_t in[32] = { 0 }, out[32];
        size_t some = (size_t)(test_random(&seed) % 33), len;

        test_random_bytes(&seed, in + 32 - some, some);
        if (memcmp(in, all, 32) == 0)
            continue;
        len = pvn_decimal_write(text, in);
        assert_int_equal(len, strlen(text));
        assert_true(text[0] != '0' || len == 1);
        assert_true(pvn_decimal_read(out, text, len, all));
        assert_memory_equal(in, out, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_of_snarkjs_are_written_back_the_same),
        cmocka_unit_test(proofs_of_rapidsnark_are_read),
        cmocka_unit_test(keys_of_snarkjs_are_written_back_the_same),
        cmocka_unit_test(the_artifact_is_read_back),
        cmocka_unit_test(numbers_are_canonical_or_refused),
        cmocka_unit_test(damaged_proofs_are_refused_with_a_reason),
        cmocka_unit_test(infinity_is_refused_in_a_proof),
        cmocka_unit_test(decimals_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
