/* mock_test.c - placeholders: their bytes, as the released SDKs decode them
 * (tests/compat/sp1 shows that they do). */
#include "help.h"
#include "prove/mock.h"
#include <string.h>

static const char params6[] =
    "{\"mode\":1,\"version\":\"sp1-v6.1.0\",\"vk_hash\":"
    "\"0000000100000002000000030000000400000005000000060000000700000008\"}";

static pvn_buf made(const char *kind, const char *params)
{
    provernet_error err = { 0 };
    pvn_buf b = { 0 };

    assert_int_equal(pvn_mock_proof(&b, kind, params, &err), PROVERNET_OK);
    return b;
}

static void assert_bytes(pvn_buf b, const char *hex)
{
    char *text = malloc(2 * b.len + 1);

    assert_non_null(text);
    assert_string_equal(pvn_hex(text, b.data, b.len), hex);
    free(text);
    pvn_buf_free(&b);
}

#define EMPTY_LIST "0000000000000000"
#define V6                                                                     \
    "0600000000000000"                                                         \
    "76362e312e30"

static void core_is_an_empty_list(void **state)
{
    (void)state;
    assert_bytes(made("sp1/core@6", params6),
                 "00000000" EMPTY_LIST EMPTY_LIST V6);
    assert_bytes(made("sp1/core@5", "{\"version\":\"sp1-v5.0.0\"}"),
                 "00000000" EMPTY_LIST EMPTY_LIST "0600000000000000"
                 "76352e302e30");
    assert_bytes(made("sp1/core@4", "{\"version\":\"sp1-v4.0.0-rc.3\"}"),
                 "00000000" EMPTY_LIST EMPTY_LIST "0b00000000000000"
                 "76342e302e302d72632e33");
}

/* Everything is zero but what is named here. */
static void compressed_is_a_shape(void **state)
{
    static const size_t ones[] = { 148, 172, 180, 188, 212, 220, 236 };
    pvn_buf b = made("sp1/compressed@6", params6);
    size_t at = 0;

    (void)state;
    assert_int_equal(b.len, 574);
    assert_int_equal(b.data[0], 1);
    for (size_t i = 1; i < b.len - 14; i++) {
        bool one = at < sizeof ones / sizeof ones[0] && i == ones[at];

        one = one || i == b.len - 54 || i == b.len - 46;
        at += at < sizeof ones / sizeof ones[0] && i == ones[at];
        assert_int_equal(b.data[i], one);
    }
    pvn_buf_free(&b);
    b = made("sp1/compressed@5", "{\"version\":\"sp1-v5.0.0\"}");
    assert_int_equal(b.len, 4 + 108 + 164 + 8 + 14);
    assert_int_equal(b.data[0], 1);
    assert_true(pvn_is_zero(b.data + 1, 4 + 108 + 164 + 8 - 1));
    pvn_buf_free(&b);
}

/* 1 * 2^217 + 2 * 2^186 + ... + 8, and SHA-256("") without three bits. */
#define NUMBER                                                                 \
    "210624583533273802763685607822052024474377436836377342220370444296"
#define PRINTED                                                                \
    "FFBn254Fr(0x"                                                             \
    "0000000002000000080000001800000040000000a00000018000000380000008)"
#define NOTHING                                                                \
    "16692581669024260339106004399794034181886640657625414588540109941"        \
    "91676651605"

static void append_text(pvn_buf *b, const char *text)
{
    uint8_t len[8];

    pvn_put_u64le(len, strlen(text));
    assert_true(pvn_buf_add(b, len, 8) && pvn_buf_text(b, text));
}

static void wrap_is(const char *kind, const char *params, const char *number,
                    unsigned tag, unsigned more, const char *version)
{
    static const uint8_t none[32];
    pvn_buf got = made(kind, params), want = { 0 };
    uint8_t head[4];

    pvn_put_u32le(head, tag);
    assert_true(pvn_buf_add(&want, head, 4));
    append_text(&want, number);
    append_text(&want, NOTHING);
    while (more--)
        append_text(&want, "0");
    append_text(&want, "");
    append_text(&want, "");
    assert_true(pvn_buf_add(&want, none, 32));
    append_text(&want, "");
    append_text(&want, version);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, got.len);
    pvn_buf_free(&got);
    pvn_buf_free(&want);
}

static void wraps_have_public_inputs(void **state)
{
    (void)state;
    wrap_is("sp1/plonk@6", params6, PRINTED, 2, 3, "v6.1.0");
    wrap_is("sp1/groth16@6", params6, PRINTED, 3, 3, "v6.1.0");
    /* 5.0.8 and later: words; before, and in 4: the number itself */
    wrap_is("sp1/groth16@5",
            "{\"version\":\"sp1-v5.0.0\",\"vk_hash\":\"00000001000000020000000"
            "30000000400000005000000060000000700000008\"}",
            NUMBER, 3, 0, "v5.0.0");
    wrap_is("sp1/groth16@5",
            "{\"version\":\"sp1-v5.0.0\",\"vk_hash\":\"00000000000000000000000"
            "000000000000000000000000000000000ffffffff\"}",
            "4294967295", 3, 0, "v5.0.0");
    wrap_is("sp1/plonk@4",
            "{\"version\":\"sp1-v4.0.0-rc.3\",\"vk_hash\":\"000000000000000000"
            "0000000000000000000000000000000000000000000010\"}",
            "16", 2, 0, "v4.0.0-rc.3");
    wrap_is("sp1/plonk@4", "{}", "0", 2, 0, "v4.0.0");
}

static void says_no(void **state)
{
    provernet_error err = { 0 };
    pvn_buf b = { 0 };

    (void)state;
    assert_int_equal(pvn_mock_proof(&b, "sp1/core@6", "{", &err),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(b.len, 0);
    b = made("groth16/bn254@1", "{");
    assert_int_equal(b.len, 34);
    assert_memory_equal(b.data, "provernet mock proof: NOT A PROOF\n", 34);
    pvn_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_is_an_empty_list),
        cmocka_unit_test(compressed_is_a_shape),
        cmocka_unit_test(wraps_have_public_inputs),
        cmocka_unit_test(says_no),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
