/* tests/unit/snark/damage_test.c - thousands of damaged keys, witnesses and
 * JSON texts: each gives success or an error with a message, never more. */
#include "files.h"
#include "snark/groth16.h"
#include "snark/r1cs.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PVN_SANITIZED
enum { ROUNDS = 1500 };
#else
enum { ROUNDS = 3000 };
#endif
static const uint64_t first_seed = 20261121;

static void fill(void *user, void *out, size_t len)
{
    test_random_bytes(user, out, len);
}

static void put_le(uint8_t *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Numbers that hurt: near 0, near powers of two, near the end of types. */
static uint64_t nasty(uint64_t *seed)
{
    uint64_t v = (uint64_t)1 << test_random(seed) % 64;

    switch (test_random(seed) % 4) {
    case 0:
        return v - 1;
    case 1:
        return 0 - v;
    case 2:
        return test_random(seed) % 64;
    default:
        return v + test_random(seed) % 16;
    }
}

/* The start of the i-th section head, or 12. */
static size_t section_at(const vector_file *f, uint64_t i)
{
    size_t at = 12;

    while (i-- > 0 && at + 12 < f->len) {
        uint64_t size = 0;

        for (int b = 7; b >= 0; b--)
            size = size << 8 | f->data[at + 4 + (size_t)b];
        if (size > f->len - at - 12)
            return 12;
        at += 12 + (size_t)size;
    }
    return at + 12 <= f->len ? at : 12;
}

/* A damaged copy, in memory of exactly its size. */
static vector_file damage(const vector_file *f, uint64_t *seed)
{
    vector_file d = { NULL, f->len };
    uint64_t kind = test_random(seed) % 8;
    size_t at;

    if (kind == 0)
        d.len = (size_t)(test_random(seed) % f->len);
    d.data = malloc(d.len ? d.len : 1);
    assert_non_null(d.data);
    memcpy(d.data, f->data, d.len);
    if (d.len < 64)
        return d;
    at = section_at(&d, test_random(seed) % 10);
    if (kind == 1) { /* a section's size */
        put_le(d.data + at + 4, nasty(seed), 8);
    } else if (kind == 2) { /* a section's type */
        put_le(d.data + at, test_random(seed) % 12, 4);
    } else if (kind == 3) { /* a number in a head */
        size_t in = at + 12 + (size_t)(test_random(seed) % 24) * 4;

        if (in + 4 <= d.len)
            put_le(d.data + in, nasty(seed), 4);
    } else if (kind == 4) { /* the number of sections */
        put_le(d.data + 8, nasty(seed), 4);
    } else {
        for (uint64_t n = 1 + test_random(seed) % 4; n > 0; n--)
            d.data[test_random(seed) % d.len] ^=
                (uint8_t)(1 << test_random(seed) % 8);
    }
    return d;
}

static void said_why(provernet_status s, const provernet_error *err)
{
    if (s == PROVERNET_OK)
        return;
    assert_int_equal(err->status, s);
    assert_true(strlen(err->message) > 10);
    assert_true(s == PROVERNET_ERR_FORMAT || s == PROVERNET_ERR_UNSUPPORTED ||
                s == PROVERNET_ERR_MISMATCH || s == PROVERNET_ERR_PROOF ||
                s == PROVERNET_ERR_PROOF_INVALID || s == PROVERNET_ERR_NOMEM ||
                s == PROVERNET_ERR_LIMIT);
}

static provernet_status load(pvn_groth16_key **k, const vector_file *z,
                             uint64_t *seed, unsigned flags,
                             provernet_error *err)
{
    provernet_span span = vector_span(z);
    pvn_source source = pvn_source_of(&span, "circuit.zkey");
    pvn_randomness rnd = { fill, seed };

    memset(err, 0, sizeof *err);
    return pvn_groth16_key_load(k, &source, flags, rnd,
                                pvn_bn254_forms_pick("portable"), NULL, NULL,
                                err);
}

static provernet_status prove(const pvn_groth16_key *k, const vector_file *w,
                              uint64_t *seed, provernet_error *err)
{
    provernet_groth16_proof p;
    uint8_t *publics =
        calloc((size_t)pvn_groth16_key_sizes(k)->publics + 1, 32);
    pvn_randomness rnd = { fill, seed };
    provernet_status s;

    assert_non_null(publics);
    memset(err, 0, sizeof *err);
    s = pvn_groth16_prove(k, &p, publics, vector_span(w), "witness.wtns", NULL,
                          NULL, rnd, NULL, NULL, err);
    free(publics);
    return s;
}

static void damaged_keys_give_an_error_or_a_proof(void **state)
{
    static const char *const circuits[] = { "multiplier", "square" };
    uint64_t seed = first_seed;
    int good = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int c = 0; c < 2; c++) {
        char path[64];
        vector_file z, w;

        snprintf(path, sizeof path, "%s/circuit.zkey", circuits[c]);
        z = vector_read(path);
        snprintf(path, sizeof path, "%s/witness.wtns", circuits[c]);
        w = vector_read(path);
        for (int i = 0; i < ROUNDS / 2; i++) {
            vector_file d = damage(&z, &seed);
            pvn_groth16_key *k = NULL;
            provernet_error err;
            /* every 16th with the costly test of section 7 */
            unsigned flags = i % 16 ? PVN_GROTH16_TRUST_SUBGROUP : 0;
            provernet_status s = load(&k, &d, &seed, flags, &err);

            said_why(s, &err);
            if (s == PROVERNET_OK) {
                s = prove(k, &w, &seed, &err);
                said_why(s, &err);
                good += s == PROVERNET_OK;
            }
            pvn_groth16_key_drop(k);
            vector_free(&d);
        }
        vector_free(&z);
        vector_free(&w);
    }
    assert_true(good > 0); /* damage in section 10 harms nobody */
}

static void damaged_witnesses_give_an_error_or_a_proof(void **state)
{
    vector_file z = vector_read("multiplier/circuit.zkey");
    vector_file w = vector_read("multiplier/witness.wtns");
    uint64_t seed = first_seed + 1;
    pvn_groth16_key *k = NULL;
    provernet_error err;
    int refused = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    assert_ok(load(&k, &z, &seed, 0, &err));
    for (int i = 0; i < ROUNDS; i++) {
        vector_file d = damage(&w, &seed);
        provernet_status s = prove(k, &d, &seed, &err);

        said_why(s, &err);
        refused += s != PROVERNET_OK;
        vector_free(&d);
    }
    assert_true(refused > ROUNDS / 2);
    pvn_groth16_key_drop(k);
    vector_free(&z);
    vector_free(&w);
}

static void damaged_constraints_are_read_or_refused(void **state)
{
    vector_file f = vector_read("multiplier/circuit.r1cs");
    uint64_t seed = first_seed + 2;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < ROUNDS; i++) {
        vector_file d = damage(&f, &seed);
        provernet_error err = { 0 };
        pvn_r1cs_sum abc[3];
        pvn_r1cs r;
        provernet_status s = pvn_r1cs_open(&r, vector_span(&d), "c.r1cs", &err);

        said_why(s, &err);
        if (s == PROVERNET_OK) {
            const uint8_t *at = r.data;

            for (uint32_t j = 0; j < r.constraints; j++)
                at = pvn_r1cs_next(at, abc);
            assert_ptr_equal(at, r.end);
        }
        vector_free(&d);
    }
    vector_free(&f);
}

static void damaged_json_is_read_or_refused(void **state)
{
    vector_file p = vector_read("poseidon/proof_snarkjs.json");
    vector_file v = vector_read("square/verification_key.json");
    uint64_t seed = first_seed + 3;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < ROUNDS; i++) {
        vector_file d = damage(i % 4 ? &p : &v, &seed);
        provernet_groth16_proof proof;
        provernet_groth16_vk *vk = NULL;
        provernet_error err = { 0 };
        uint8_t publics[96];
        size_t n;

        said_why(
            provernet_groth16_proof_from_json(&proof, vector_span(&d), &err),
            &err);
        memset(&err, 0, sizeof err);
        said_why(provernet_groth16_publics_from_json(publics, 3, &n,
                                                     vector_span(&d), &err),
                 &err);
        memset(&err, 0, sizeof err);
        said_why(provernet_groth16_vk_parse(&vk, vector_span(&d), &err), &err);
        provernet_groth16_vk_free(vk);
        vector_free(&d);
    }
    vector_free(&p);
    vector_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_keys_give_an_error_or_a_proof),
        cmocka_unit_test(damaged_witnesses_give_an_error_or_a_proof),
        cmocka_unit_test(damaged_constraints_are_read_or_refused),
        cmocka_unit_test(damaged_json_is_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
