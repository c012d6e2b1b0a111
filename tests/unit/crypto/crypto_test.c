/* tests/unit/crypto/crypto_test.c - hashes, signatures, keys, tickets. */
#include "crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "test.h"
#include "vectors/signed.h"

static size_t bytes_of(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    assert_true(pvn_unhex(out, len, hex, strlen(hex)));
    return len;
}

static void assert_hex(const void *data, size_t len, const char *hex)
{
    char text[200];

    assert_string_equal(pvn_hex(text, data, len), hex);
}

static provernet_key *key_of(uint8_t byte)
{
    uint8_t secret[32];
    provernet_key *k;

    memset(secret, byte, 32);
    assert_ok(provernet_key_new(&k, secret, NULL));
    return k;
}

static void keccak_gives_the_known_digests(void **state)
{
    uint8_t out[32], block[300];
    pvn_keccak k;
    (void)state;

    provernet_keccak256(out, "", 0);
    assert_hex(out, 32,
               "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85"
               "a470");
    provernet_keccak256(out, "abc", 3);
    assert_hex(out, 32,
               "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d"
               "6c45");
    /* In pieces of every size it is the same as at once. */
    memset(block, 0x5a, sizeof block);
    for (size_t piece = 1; piece < sizeof block; piece += 13) {
        uint8_t whole[32];

        provernet_keccak256(whole, block, sizeof block);
        pvn_keccak_init(&k);
        for (size_t at = 0; at < sizeof block; at += piece)
            pvn_keccak_add(&k, block + at,
                           sizeof block - at < piece ? sizeof block - at
                                                     : piece);
        pvn_keccak_end(&k, out);
        assert_memory_equal(out, whole, 32);
    }
}

static void published_signatures_recover_their_signers(void **state)
{
    uint8_t body[1024], sig[65], addr[20];
    (void)state;

    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        size_t len = bytes_of(body, published[i].body);

        bytes_of(sig, published[i].signature);
        assert_ok(provernet_recover(addr, sig, body, len, NULL));
        assert_hex(addr, 20, published[i].signer);
    }
}

static void a_request_id_is_the_hash_of_signer_and_body(void **state)
{
    uint8_t all[1024], id[32];
    size_t len;
    (void)state;

    bytes_of(all, published[0].signer);
    len = 20 + bytes_of(all + 20, published[0].body);
    provernet_keccak256(id, all, len);
    assert_hex(id, 32, first_request_id);
}

static void our_signatures_are_the_deterministic_ones(void **state)
{
    provernet_key *k = key_of(0x11);
    uint8_t body[1024], digest[32], sig[65], want[65], addr[20];
    (void)state;

    provernet_key_address(k, addr);
    assert_hex(addr, 20, "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        size_t len = bytes_of(body, ours[i].body);

        pvn_eip191(digest, body, len);
        assert_hex(digest, 32, ours[i].digest);
        assert_ok(provernet_sign(k, sig, body, len, NULL));
        bytes_of(want, ours[i].signature);
        want[64] = (uint8_t)(want[64] + 27);
        assert_memory_equal(sig, want, 65);
    }
    provernet_key_free(k);
}

static void the_recovery_byte_has_three_spellings(void **state)
{
    static const uint8_t good[] = { 0, 27, 54 },
                         bad[] = { 2, 26, 29, 53, 56, 255 };
    uint8_t sig[65], addr[20];
    provernet_error err;
    (void)state;

    bytes_of(sig, create_artifact_signature);
    for (size_t i = 0; i < sizeof good; i++) {
        uint8_t copy[65];

        memcpy(copy, sig, 65);
        copy[64] = (uint8_t)(sig[64] + good[i]);
        assert_ok(provernet_recover(addr, copy, "create_artifact", 15, NULL));
        assert_hex(addr, 20, "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    }
    for (size_t i = 0; i < sizeof bad; i++) {
        sig[64] = bad[i];
        assert_int_equal(
            provernet_recover(addr, sig, "create_artifact", 15, &err),
            PROVERNET_ERR_SIGNATURE);
    }
}

/* n - s with the other parity recovers the same key: refuse it. */
static void a_malleated_signature_is_refused(void **state)
{
    static const char order[] = "fffffffffffffffffffffffffffffffe"
                                "baaedce6af48a03bbfd25e8cd0364141";
    provernet_key *k = key_of(0x22);
    uint8_t sig[65], n[32], addr[20];
    int borrow = 0;
    provernet_error err;
    (void)state;

    bytes_of(n, order);
    assert_ok(provernet_sign(k, sig, "x", 1, NULL));
    for (int i = 31; i >= 0; i--) {
        int d = n[i] - sig[32 + i] - borrow;

        borrow = d < 0;
        sig[32 + i] = (uint8_t)d;
    }
    sig[64] = sig[64] == 27 ? 28 : 27;
    assert_int_equal(provernet_recover(addr, sig, "x", 1, &err),
                     PROVERNET_ERR_SIGNATURE);
    assert_non_null(strstr(err.message, "malleable"));
    provernet_key_free(k);
}

/* The edge cases of the ECDSA test suites: r or s zero, n, or above. */
static void r_and_s_outside_the_group_are_refused(void **state)
{
    static const char *const edge[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    };
    provernet_key *k = key_of(0x33);
    uint8_t good[65], sig[65], addr[20];
    (void)state;

    assert_ok(provernet_sign(k, good, "m", 1, NULL));
    for (size_t i = 0; i < 4; i++)
        for (size_t part = 0; part < 2; part++) {
            memcpy(sig, good, 65);
            bytes_of(sig + 32 * part, edge[i]);
            assert_int_equal(provernet_recover(addr, sig, "m", 1, NULL),
                             PROVERNET_ERR_SIGNATURE);
        }
    provernet_key_free(k);
}

static void a_changed_message_gives_another_signer(void **state)
{
    provernet_key *k = key_of(0x44);
    uint8_t sig[65], addr[20], mine[20];
    (void)state;

    provernet_key_address(k, mine);
    assert_ok(provernet_sign(k, sig, "pay 1", 5, NULL));
    if (provernet_recover(addr, sig, "pay 2", 5, NULL) == PROVERNET_OK)
        assert_memory_not_equal(addr, mine, 20);
    provernet_key_free(k);
}

static void secrets_outside_the_group_are_no_keys(void **state)
{
    uint8_t secret[32] = { 0 };
    provernet_key *k;
    (void)state;

    assert_int_equal(provernet_key_new(&k, secret, NULL),
                     PROVERNET_ERR_INVALID);
    assert_null(k);
    memset(secret, 0xff, 32);
    assert_int_equal(provernet_key_new(&k, secret, NULL),
                     PROVERNET_ERR_INVALID);
    provernet_key_free(NULL);
}

static void a_key_file_is_private_and_never_replaced(void **state)
{
    char path[] = "/tmp/provernet-key-XXXXXX", dir[64];
    provernet_key *k, *again;
    uint8_t a[20], b[20];
    provernet_error err;
    FILE *f;
    (void)state;

    assert_non_null(mkdtemp(path));
    snprintf(dir, sizeof dir, "%s/key", path);
    assert_ok(provernet_key_new(&k, NULL, NULL));
    assert_ok(provernet_key_write(k, dir, &err));
    assert_int_equal(provernet_key_write(k, dir, &err), PROVERNET_ERR_EXISTS);
    assert_ok(provernet_key_read(&again, dir, &err));
    provernet_key_address(k, a);
    provernet_key_address(again, b);
    assert_memory_equal(a, b, 20);
    provernet_key_free(again);
    chmod(dir, 0644);
    assert_int_equal(provernet_key_read(&again, dir, &err),
                     PROVERNET_ERR_KEY_FILE);
    assert_non_null(strstr(err.message, "chmod 600"));
    assert_null(again);
    f = fopen(dir, "w");
    fputs("not a key\n", f);
    fclose(f);
    chmod(dir, 0600);
    assert_int_equal(provernet_key_read(&again, dir, &err),
                     PROVERNET_ERR_KEY_FILE);
    unlink(dir);
    assert_int_equal(provernet_key_read(&again, dir, &err),
                     PROVERNET_ERR_NOT_FOUND);
    rmdir(path);
    provernet_key_free(k);
}

static void a_ticket_is_for_one_thing_and_a_time(void **state)
{
    uint8_t key[32] = { 1 }, other[32] = { 2 };
    provernet_id id = { { 7 } }, else_id = { { 8 } };
    char t[PVN_TICKET_CHARS];
    (void)state;

    pvn_ticket_make(t, key, "put", &id, 1000);
    assert_ok(pvn_ticket_check(key, "put", &id, t, 999, NULL));
    assert_int_equal(pvn_ticket_check(key, "put", &id, t, 1000, NULL),
                     PROVERNET_ERR_PERMISSION);
    assert_int_equal(pvn_ticket_check(key, "get", &id, t, 1, NULL),
                     PROVERNET_ERR_PERMISSION);
    assert_int_equal(pvn_ticket_check(key, "put", &else_id, t, 1, NULL),
                     PROVERNET_ERR_PERMISSION);
    assert_int_equal(pvn_ticket_check(other, "put", &id, t, 1, NULL),
                     PROVERNET_ERR_PERMISSION);
    for (size_t i = 0; t[i]; i++) {
        char was = t[i];

        t[i] = was == '1' ? '2' : '1';
        assert_int_equal(pvn_ticket_check(key, "put", &id, t, 1, NULL),
                         PROVERNET_ERR_PERMISSION);
        t[i] = was;
    }
    assert_int_equal(pvn_ticket_check(key, "put", &id, NULL, 1, NULL),
                     PROVERNET_ERR_PERMISSION);
    pvn_ticket_make(t, key, "get", &id, 0);
    assert_ok(pvn_ticket_check(key, "get", &id, t, INT64_MAX, NULL));
}

static void an_id_shows_who_made_it(void **state)
{
    uint8_t key[32] = { 1 }, other[32] = { 2 };
    provernet_id id = { { 7, 6, 5 } };
    (void)state;

    assert_false(pvn_id_sealed(key, &id));
    pvn_id_seal(key, &id);
    assert_true(pvn_id_sealed(key, &id));
    assert_false(pvn_id_sealed(other, &id));
    for (size_t i = 0; i < sizeof id.bytes; i++) {
        id.bytes[i] ^= 1;
        assert_false(pvn_id_sealed(key, &id));
        id.bytes[i] ^= 1;
    }
    assert_int_equal(id.bytes[0], 7); /* the time stays in front */
}

/* Bytes 0, 1, ... 250, 0, ... as the reference's own vectors have them. */
static void blake3_gives_the_known_digests(void **state)
{
    static const struct {
        size_t len;
        const char *hex;
    } known[] = {
        { 0,
          "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" },
        { 1,
          "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213" },
        { 64,
          "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98" },
        { 65,
          "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee" },
        { 1024,
          "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7" },
        { 1025,
          "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444" },
        { 2049,
          "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030" },
        { 31744,
          "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47" },
    };
    static uint8_t in[31744];
    uint8_t digest[32];
    char hex[65];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i % 251);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        pvn_blake3(digest, in, known[i].len);
        assert_string_equal(pvn_hex(hex, digest, 32), known[i].hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_shows_who_made_it),
        cmocka_unit_test(keccak_gives_the_known_digests),
        cmocka_unit_test(blake3_gives_the_known_digests),
        cmocka_unit_test(published_signatures_recover_their_signers),
        cmocka_unit_test(a_request_id_is_the_hash_of_signer_and_body),
        cmocka_unit_test(our_signatures_are_the_deterministic_ones),
        cmocka_unit_test(the_recovery_byte_has_three_spellings),
        cmocka_unit_test(a_malleated_signature_is_refused),
        cmocka_unit_test(r_and_s_outside_the_group_are_refused),
        cmocka_unit_test(a_changed_message_gives_another_signer),
        cmocka_unit_test(secrets_outside_the_group_are_no_keys),
        cmocka_unit_test(a_key_file_is_private_and_never_replaced),
        cmocka_unit_test(a_ticket_is_for_one_thing_and_a_time),
    };

    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
