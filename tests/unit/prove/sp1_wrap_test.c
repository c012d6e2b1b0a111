/* tests/unit/prove/sp1_wrap_test.c - wrapped SP1 proofs that were made and
 * published by others: they pass, and nothing like them does. */
#include "crypto/crypto.h"
#include "help.h"
#include "prove/kinds.h"
#include "sp1_wraps.h"
#include <pthread.h>
#include <string.h>

static provernet_status check(const wrap *w, const pvn_buf *file,
                              provernet_error *err)
{
    return pvn_sp1_wrap_verify(NULL, w->mode, w->major, w->vkey,
                               pvn_bytes_of(file->data, file->len), err);
}

static void published_proofs_pass(void **state)
{
    wrap all[16];
    size_t n = read_wraps(all, 16);
    bool seen[PVN_SP1_KEYS_LEN][2] = { 0 };

    (void)state;
    for (size_t i = 0; i < n; i++) {
        provernet_error err = { 0 };
        pvn_buf file = file_of(&all[i]);

        if (check(&all[i], &file, &err))
            fail_msg("wrap %zu: %s", i, err.message);
        seen[keys_of(&all[i]) - pvn_sp1_keys_known]
            [all[i].mode == PVN_SP1_PLONK] = true;
        /* an uploaded file has one byte more */
        pvn_buf_add(&file, "", 1);
        assert_int_equal(check(&all[i], &file, &err), PROVERNET_OK);
        pvn_buf_free(&file);
    }
    for (size_t i = 0; i < PVN_SP1_KEYS_LEN; i++)
        assert_true(seen[i][0]); /* Groth16 of every circuit; no PLONK proof of
                                    v6.1.0 was found */
    assert_true(seen[0][1] && seen[1][1] && seen[2][1]);
}

/* Any byte of a published proof changed: no. Every 16th in a run, others in
 * the next file. */
static void changed_proofs_do_not_pass(void **state)
{
    wrap all[16];
    size_t n = read_wraps(all, 16);

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t at = 4 + i; at < all[i].proof_len; at += 16) {
            provernet_error err = { 0 };
            wrap w = all[i];
            pvn_buf file;

            w.proof[at] ^= 1;
            file = file_of(&w);
            assert_int_equal(check(&w, &file, &err),
                             PROVERNET_ERR_PROOF_INVALID);
            pvn_buf_free(&file);
        }
}

static void another_claim_does_not_pass(void **state)
{
    wrap all[16], w;
    size_t n = read_wraps(all, 16);
    provernet_error err = { 0 };
    pvn_buf file;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        w = all[i]; /* another program */
        file = file_of(&w);
        w.vkey[31] ^= 1;
        assert_int_equal(check(&w, &file, &err), PROVERNET_ERR_PROOF_INVALID);
        pvn_buf_free(&file);
        file = file_of(&w); /* ... also when the signals say so */
        assert_int_equal(check(&w, &file, &err), PROVERNET_ERR_PROOF_INVALID);
        pvn_buf_free(&file);
        w = all[i]; /* other public values */
        w.values[0] ^= 1;
        file = file_of(&w);
        assert_int_equal(check(&w, &file, &err), PROVERNET_ERR_PROOF_INVALID);
        pvn_buf_free(&file);
        w = all[i]; /* another version's circuit */
        file = file_of(&w);
        w.major = w.major == 4 ? 5 : 4;
        assert_int_not_equal(check(&w, &file, &err), PROVERNET_OK);
        w.major = all[i].major;
        w.mode ^= 1; /* the other mode */
        assert_int_equal(check(&w, &file, &err), PROVERNET_ERR_PROOF_INVALID);
        pvn_buf_free(&file);
    }
}

/* The same program as SDKs from 5.0.8 on call it: eight words of 31 bits. */
static void a_program_has_two_names(void **state)
{
    wrap all[16];
    size_t n = read_wraps(all, 16);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        pvn_buf file = file_of(&all[i]);
        provernet_error err = { 0 };
        uint8_t number[32], words[32];

        memcpy(number, all[i].vkey, 32);
        for (int w = 7; w >= 0; w--) { /* the lowest 31 bits, then shift */
            uint32_t word = pvn_get_u32be(number + 28) & 0x7fffffffu;

            pvn_put_u32be(words + 4 * w, word);
            for (int bit = 0; bit < 31; bit++)
                for (int b = 31; b >= 0; b--)
                    number[b] = (uint8_t)(number[b] >> 1 |
                                          (b ? number[b - 1] << 7 : 0));
        }
        memcpy(all[i].vkey, words, 32);
        assert_int_equal(check(&all[i], &file, &err), PROVERNET_OK);
        pvn_buf_free(&file);
    }
}

/* As the node asks: by the kind of the request and the program's name. */
static void the_kinds_table_judges_them(void **state)
{
    wrap all[16];
    size_t n = read_wraps(all, 16);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        pvn_buf file = file_of(&all[i]);
        pvn_bytes output = pvn_bytes_of(file.data, file.len);
        provernet_error err = { 0 };
        char name[32];
        pvn_claim claim = { .kind = name };
        const pvn_kind *kind;

        snprintf(name, sizeof name, "sp1/%s@%u",
                 all[i].mode == PVN_SP1_PLONK ? "plonk" : "groth16",
                 all[i].major);
        kind = pvn_kind_find(name);
        assert_non_null(kind);
        assert_int_equal(kind->verified_by, PVN_BY_LIBRARY);
        claim.program_name = pvn_bytes_of(all[i].vkey, 32);
        assert_int_equal(kind->verify(&claim, output, &err), PROVERNET_OK);
        claim.program_name.len = 0;
        assert_int_equal(kind->verify(&claim, output, &err),
                         PROVERNET_ERR_UNSUPPORTED);
        pvn_buf_free(&file);
    }
}

/* What the requester's own run gave decides, in either digest. */
static void other_public_values_do_not_pass(void **state)
{
    wrap all[16];
    size_t n = read_wraps(all, 16);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        pvn_buf file = file_of(&all[i]);
        pvn_bytes output = pvn_bytes_of(file.data, file.len);
        provernet_error err = { 0 };
        uint8_t digest[32];
        char name[32];
        pvn_claim claim = { .kind = name,
                            .program_name = pvn_bytes_of(all[i].vkey, 32),
                            .values_digest = pvn_bytes_of(digest, 32) };
        const pvn_kind *kind;

        snprintf(name, sizeof name, "sp1/%s@%u",
                 all[i].mode == PVN_SP1_PLONK ? "plonk" : "groth16",
                 all[i].major);
        kind = pvn_kind_find(name);
        pvn_sha256(digest, all[i].values, all[i].values_len);
        assert_int_equal(kind->verify(&claim, output, &err), PROVERNET_OK);
        pvn_blake3(digest, all[i].values, all[i].values_len);
        assert_int_equal(kind->verify(&claim, output, &err), PROVERNET_OK);
        digest[31] ^= 1;
        assert_int_equal(kind->verify(&claim, output, &err),
                         PROVERNET_ERR_MISMATCH);
        assert_non_null(strstr(err.message, "other public values"));
        pvn_buf_free(&file);
    }
}

typedef struct verifier {
    pthread_t thread;
    pvn_sp1_prepared *keys;
    size_t wrong;
} verifier;

static void *verify_all(void *arg)
{
    verifier *v = arg;
    wrap all[16];
    size_t n = read_wraps(all, 16);

    for (size_t i = 0; i < 2 * n; i++) { /* the second time with kept keys */
        wrap w = all[i % n];
        pvn_buf file = file_of(&w);
        pvn_bytes bytes = pvn_bytes_of(file.data, file.len);

        v->wrong += pvn_sp1_wrap_verify(v->keys, w.mode, w.major, w.vkey, bytes,
                                        NULL) != PROVERNET_OK;
        w.vkey[31] ^= 1;
        pvn_buf_free(&file);
        file = file_of(&w); /* another program, all through the pairing */
        bytes = pvn_bytes_of(file.data, file.len);
        v->wrong += pvn_sp1_wrap_verify(v->keys, w.mode, w.major, w.vkey, bytes,
                                        NULL) != PROVERNET_ERR_PROOF_INVALID;
        pvn_buf_free(&file);
    }
    return NULL;
}

/* Two threads, the same keys, each prepared once. */
static void prepared_keys_are_shared(void **state)
{
    pvn_sp1_prepared *keys = pvn_sp1_prepared_new();
    verifier v[2] = { { .keys = keys }, { .keys = keys } };
    const provernet_groth16_vk *a, *b;

    (void)state;
    assert_non_null(keys);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&v[i].thread, NULL, verify_all, &v[i]),
                         0);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(v[i].thread, NULL);
        assert_int_equal(v[i].wrong, 0);
    }
    assert_int_equal(
        pvn_sp1_prepared_groth16(keys, &a, &pvn_sp1_keys_known[0], NULL), 0);
    assert_int_equal(
        pvn_sp1_prepared_groth16(keys, &b, &pvn_sp1_keys_known[0], NULL), 0);
    assert_ptr_equal(a, b);
    pvn_sp1_prepared_free(keys);
}

static void unknown_circuits_are_left_to_others(void **state)
{
    wrap all[16];
    provernet_error err = { 0 };
    pvn_buf file;
    uint8_t *hash;

    (void)state;
    read_wraps(all, 16);
    file = file_of(&all[0]);
    hash = memmem(file.data, file.len, pvn_sp1_keys_known[0].plonk_hash32, 32);
    assert_non_null(hash);
    hash[31] ^= 1;
    assert_int_equal(check(&all[0], &file, &err), PROVERNET_ERR_UNSUPPORTED);
    pvn_buf_free(&file);
}

static void cut_files_are_refused(void **state)
{
    wrap all[16];
    size_t n = read_wraps(all, 16);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        pvn_buf file = file_of(&all[i]);
        size_t whole = file.len;

        for (file.len = 0; file.len < whole; file.len += 7) {
            provernet_error err = { 0 };

            assert_int_equal(check(&all[i], &file, &err), PROVERNET_ERR_FORMAT);
        }
        pvn_buf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_proofs_pass),
        cmocka_unit_test(changed_proofs_do_not_pass),
        cmocka_unit_test(another_claim_does_not_pass),
        cmocka_unit_test(a_program_has_two_names),
        cmocka_unit_test(the_kinds_table_judges_them),
        cmocka_unit_test(other_public_values_do_not_pass),
        cmocka_unit_test(prepared_keys_are_shared),
        cmocka_unit_test(unknown_circuits_are_left_to_others),
        cmocka_unit_test(cut_files_are_refused),
    };

    return cmocka_run_group_tests_name("sp1_wrap", tests, NULL, NULL);
}
