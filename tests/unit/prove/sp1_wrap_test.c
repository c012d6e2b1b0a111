/* tests/unit/prove/sp1_wrap_test.c - wrapped SP1 proofs that were made and
 * published by others: they pass, and nothing like them does. */
#include "crypto/crypto.h"
#include "help.h"
#include "prove/kinds.h"
#include "prove/sp1_keys.h"
#include "prove/sp1_wrap.h"
#include "snark/decimal.h"
#include <jansson.h>
#include <sodium.h>
#include <string.h>

typedef struct wrap {
    unsigned major;
    pvn_sp1_mode mode;
    uint8_t vkey[32], values[512], proof[1024];
    size_t values_len, proof_len;
} wrap;

static size_t unhex(uint8_t *out, size_t cap, const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    size_t len = strlen(text) / 2;

    assert_true(len <= cap);
    assert_true(pvn_unhex(out, len, text, 2 * len));
    return len;
}

static size_t read_wraps(wrap *out, size_t cap)
{
    json_t *list = json_load_file(PVN_VECTORS "/sp1/wraps.json", 0, NULL);
    size_t n = json_array_size(list);

    assert_true(n > 0 && n <= cap);
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(list, i);
        const char *mode = json_string_value(json_object_get(o, "mode"));
        const char *version = json_string_value(json_object_get(o, "version"));
        wrap *w = &out[i];

        w->major = (unsigned)(version[1] - '0');
        w->mode = strcmp(mode, "plonk") == 0 ? PVN_SP1_PLONK : PVN_SP1_GROTH16;
        assert_int_equal(unhex(w->vkey, sizeof w->vkey, o, "vkey"), 32);
        w->values_len = unhex(w->values, sizeof w->values, o, "public_values");
        w->proof_len = unhex(w->proof, sizeof w->proof, o, "proof");
    }
    json_decref(list);
    return n;
}

static void put_text(pvn_buf *b, const void *text, size_t len)
{
    uint8_t n[8];

    pvn_put_u64le(n, len);
    pvn_buf_add(b, n, 8);
    pvn_buf_add(b, text, len);
}

static void put_signal(pvn_buf *b, const uint8_t be32[32])
{
    char text[PVN_DECIMAL_CAP];

    put_text(b, text, pvn_decimal_write(text, be32));
}

static const pvn_sp1_keys *keys_of(const wrap *w)
{
    for (size_t i = 0; i < PVN_SP1_KEYS_LEN; i++) {
        const pvn_sp1_keys *k = &pvn_sp1_keys_known[i];
        const uint8_t *hash =
            w->mode == PVN_SP1_PLONK ? k->plonk_hash32 : k->groth16_hash32;

        if (memcmp(hash, w->proof, 4) == 0)
            return k;
    }
    fail_msg("no key begins like this proof");
    return NULL;
}

/* The file an SDK would download. */
static pvn_buf file_of(const wrap *w)
{
    const pvn_sp1_keys *k = keys_of(w);
    uint8_t tag[4], digest[32];
    char hex[2 * sizeof w->proof + 1];
    pvn_buf b = { 0 };

    pvn_put_u32le(tag, (uint32_t)w->mode);
    pvn_buf_add(&b, tag, 4);
    crypto_hash_sha256(digest, w->values, w->values_len);
    digest[0] &= 0x1f;
    put_signal(&b, w->vkey);
    put_signal(&b, digest);
    for (unsigned i = 2; i < k->publics; i++)
        put_signal(&b, w->proof + 4 + 32 * (i - 2));
    pvn_hex(hex, w->proof + 4, w->proof_len - 4);
    put_text(&b, hex, strlen(hex));
    put_text(&b, "", 0);
    pvn_buf_add(
        &b, w->mode == PVN_SP1_PLONK ? k->plonk_hash32 : k->groth16_hash32, 32);
    put_text(&b, w->values, w->values_len);
    put_text(&b, k->version, strlen(k->version));
    assert_false(b.failed);
    return b;
}

static provernet_status check(const wrap *w, const pvn_buf *file,
                              provernet_error *err)
{
    return pvn_sp1_wrap_verify(w->mode, w->major, w->vkey,
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
        cmocka_unit_test(unknown_circuits_are_left_to_others),
        cmocka_unit_test(cut_files_are_refused),
    };

    return cmocka_run_group_tests_name("sp1_wrap", tests, NULL, NULL);
}
