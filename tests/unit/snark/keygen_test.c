/* tests/unit/snark/keygen_test.c - keys of the test-only generator prove and
 * verify for every kind of circuit; the same .r1cs gives the same key. */
#include "files.h"
#include "snark/groth16.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/pvn-keygen-XXXXXX";

static void fill(void *user, void *out, size_t len)
{
    test_random_bytes(user, out, len);
}

static void keygen(const char *arguments)
{
    char command[1024];

    snprintf(command, sizeof command,
             "cd '%s' && '%s/bin/provernet-keygen' --threads 2 %s >/dev/null",
             folder, PVN_BINARY_DIR, arguments);
    assert_int_equal(system(command), 0);
}

static vector_file made(const char *name)
{
    vector_file f = { NULL, 0 };
    char path[256];
    FILE *in;
    long size;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    size = ftell(in);
    rewind(in);
    assert_true(size > 0);
    f.len = (size_t)size;
    f.data = malloc(f.len);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.len, in), f.len);
    fclose(in);
    unlink(path);
    return f;
}

static void prove(const vector_file *z, const vector_file *w,
                  const vector_file *v, size_t publics)
{
    provernet_span span = vector_span(z);
    pvn_source source = pvn_source_of(&span, "made.zkey");
    provernet_groth16_proof p;
    provernet_groth16_vk *vk;
    pvn_groth16_key *k = NULL;
    provernet_error err = { 0 };
    uint64_t seed = 8;
    pvn_randomness rnd = { fill, &seed };
    uint8_t *x = calloc(publics, 32);
    uint8_t a[32], b[32];

    assert_non_null(x);
    if (pvn_groth16_key_load(&k, &source, 0, rnd, pvn_bn254_forms_pick(NULL),
                             NULL, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(pvn_groth16_key_sizes(k)->publics, publics);
    if (pvn_groth16_prove(k, &p, x, vector_span(w), NULL, NULL, NULL, rnd, NULL,
                          NULL, &err))
        fail_msg("%s", err.message);
    assert_ok(provernet_groth16_vk_parse(&vk, vector_span(v), NULL));
    provernet_groth16_vk_hash(vk, a);
    provernet_groth16_vk_hash(pvn_groth16_key_vk(k), b);
    assert_memory_equal(a, b, 32);
    assert_ok(provernet_groth16_verify(vk, &p, x, publics, NULL));
    x[31] ^= 1;
    assert_int_equal(provernet_groth16_verify(vk, &p, x, publics, NULL),
                     PROVERNET_ERR_PROOF_INVALID);
    provernet_groth16_vk_free(vk);
    pvn_groth16_key_drop(k);
    free(x);
}

static void every_kind_of_circuit_proves(void **state)
{
    static const struct {
        const char *arguments;
        size_t publics;
    } kinds[] = {
        { "--chain 1 --no-r1cs k", 1 },
        { "--chain 254 --no-r1cs k", 1 },
        { "--chain 255 --no-r1cs k", 1 },
        { "--random 700 --publics 9 --no-r1cs k", 9 },
        { "--bits 900 --no-r1cs --seed other k", 1 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        vector_file z, w, v;

        keygen(kinds[i].arguments);
        z = made("k.zkey");
        w = made("k.wtns");
        v = made("k.vk.json");
        prove(&z, &w, &v, kinds[i].publics);
        vector_free(&z);
        vector_free(&w);
        vector_free(&v);
    }
}

static void constraints_from_a_file_give_the_same_key(void **state)
{
    vector_file a, b, w, v, r;
    (void)state;

    keygen("--chain 300 a");
    keygen("--from-r1cs a.r1cs b");
    a = made("a.zkey");
    b = made("b.zkey");
    w = made("a.wtns");
    v = made("b.vk.json");
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    prove(&b, &w, &v, 1);
    r = made("a.r1cs");
    vector_free(&r);
    r = made("a.vk.json");
    vector_free(&r);
    vector_free(&a);
    vector_free(&b);
    vector_free(&w);
    vector_free(&v);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_circuit_proves),
        cmocka_unit_test(constraints_from_a_file_give_the_same_key),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
