/* tests/unit/protocol/pb_test.c - protobuf from strangers. */
#include "world.h"
#include "proto/types.pb-c.h"
#include "proto/base.pb-c.h"
#include "protocol/succinct/succinct.h"

static const char *why(const ProtobufCMessageDescriptor *type,
                       const void *bytes, size_t len)
{
    static provernet_error err;

    err.message[0] = '\0';
    if (pvn_pb_check(type, pvn_bytes_of(bytes, len), &err) == PROVERNET_OK)
        return "OK";
    assert_int_equal(err.status, PROVERNET_ERR_FORMAT);
    return err.message;
}

#define EXPECT(type, bytes, text)                                              \
    do {                                                                       \
        const char *got_ = why(&(type), bytes, sizeof bytes - 1);              \
        if (!strstr(got_, text))                                               \
            fail_msg("line %d: \"%s\", expected \"%s\"", __LINE__, got_,       \
                     text);                                                    \
    } while (0)

#define PROGRAM types__program__descriptor

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    EXPECT(PROGRAM, "", "OK");
    EXPECT(PROGRAM, "\x0a", "malformed");       /* no length */
    EXPECT(PROGRAM, "\x0a\x05xx", "malformed"); /* cut */
    EXPECT(PROGRAM, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
           "malformed");                      /* length 2^64 - 1 */
    EXPECT(PROGRAM, "\x03", "not a Program"); /* field 0 */
    EXPECT(PROGRAM, "\x00\x01", "malformed"); /* field 0 */
    EXPECT(PROGRAM, "\x7b\x7c", "malformed"); /* a group */
    EXPECT(PROGRAM, "\x7e\x01", "malformed"); /* wire type 6 */
    EXPECT(PROGRAM, "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
           "malformed"); /* eleven bits too many */
    EXPECT(PROGRAM, "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "OK");
    EXPECT(PROGRAM, "\x9d\x06\x01\x02\x03\x04", "OK"); /* unknown fixed32 */
    EXPECT(PROGRAM, "\x9d\x06\x01\x02\x03", "malformed");
}

static void wire_types_must_fit(void **state)
{
    (void)state;
    EXPECT(PROGRAM, "\x08\x01", "field 1 (vk_hash) has wire type 0");
    EXPECT(PROGRAM, "\x32\x01x", "field 6 (created_at) has wire type 2");
    EXPECT(types__proof_request__descriptor, "\xb2\x02\x01x",
           "field 38 (stdin_private) has wire type 2");
    EXPECT(base__request_proof_request_body__descriptor, "\x62\x01x",
           "field 12 (stdin_private) has wire type 2");
    EXPECT(types__request_proof_request_body__descriptor, "\x60\x01",
           "field 12 (domain) has wire type 0");
}

static void texts_are_utf8_without_nul(void **state)
{
    (void)state;
    EXPECT(PROGRAM, "\x1a\x02\xc3\xa9", "OK");
    EXPECT(PROGRAM, "\x1a\x04\xf0\x9f\x98\x80", "OK");
    EXPECT(PROGRAM, "\x1a\x02\xc3\x28", "UTF-8");
    EXPECT(PROGRAM, "\x1a\x02\xc0\x80", "UTF-8");         /* overlong */
    EXPECT(PROGRAM, "\x1a\x03\xed\xa0\x80", "UTF-8");     /* surrogate */
    EXPECT(PROGRAM, "\x1a\x04\xf4\x90\x80\x80", "UTF-8"); /* > U+10FFFF */
    EXPECT(PROGRAM, "\x1a\x01\xe2", "UTF-8");             /* cut */
    EXPECT(PROGRAM,
           "\x1a\x03"
           "a\0b",
           "NUL");
    EXPECT(PROGRAM,
           "\x12\x03"
           "a\0b",
           "OK"); /* bytes may */
}

static void nested_messages_are_looked_into(void **state)
{
    (void)state;
    EXPECT(types__get_program_response__descriptor, "\x0a\x02\x08\x01",
           "field 1 (vk_hash)");
}

/* 64 KiB of empty sub-messages would unpack to megabytes. */
static void memory_is_bounded(void **state)
{
    size_t len = 1 << 18;
    uint8_t *bytes = malloc(len);
    pvn_arena a = { 0 };
    provernet_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < len; i += 2) {
        bytes[i] = 0x0a;
        bytes[i + 1] = 0;
    }
    assert_null(pvn_pb_unpack_into(
        &a, &types__get_filtered_proof_requests_response__descriptor,
        pvn_bytes_of(bytes, len), &err));
    assert_non_null(strstr(err.message, "8 times"));
    assert_true(a.used < 8 * len + (1 << 17));
    pvn_arena_free(&a);
    free(bytes);
}

static void envelopes_keep_the_raw_body(void **state)
{
    static const uint8_t msg[] = "\x08\x01\x12\x02sg\x1a\x04\x0a\x02zz";
    pvn_bytes signature, body;
    uint64_t format;
    provernet_error err = { 0 };
    pvn_bytes all = pvn_bytes_of(msg, sizeof msg - 1);

    (void)state;
    assert_int_equal(pvn_envelope_split(all, &format, &signature, &body, &err),
                     0);
    assert_int_equal(format, 1);
    assert_int_equal(signature.len, 2);
    assert_ptr_equal(body.data, msg + 8);
    assert_int_equal(body.len, 4);
    all.len = 6; /* without a body */
    assert_int_equal(pvn_envelope_split(all, &format, &signature, &body, &err),
                     PROVERNET_ERR_INVALID);
    all = pvn_bytes_of("\x1a\x00\x1a\x00", 4);
    assert_int_equal(pvn_envelope_split(all, &format, &signature, &body, &err),
                     PROVERNET_ERR_FORMAT);
    all = pvn_bytes_of("\x18\x01", 2);
    assert_int_equal(pvn_envelope_split(all, &format, &signature, &body, &err),
                     PROVERNET_ERR_FORMAT);
}

static provernet_status read_body(const void *bytes, size_t len, pvn_wanted *w,
                                  pvn_arena *a)
{
    return pvn_wanted_read(a, pvn_bytes_of(bytes, len), w, NULL);
}

static void flavours_are_told_by_field_12(void **state)
{
    pvn_arena a = { 0 };
    pvn_wanted w;

    (void)state;
    assert_int_equal(read_body("", 0, &w, &a), 0);
    assert_false(w.auction);
    assert_int_equal(read_body("\x60\x01", 2, &w, &a), 0);
    assert_false(w.auction);
    assert_true(w.stdin_private);
    assert_int_equal(read_body("\x62\x01x", 3, &w, &a), 0);
    assert_true(w.auction);
    assert_false(w.stdin_private);
    assert_int_equal(read_body("\xa8\x01\x01", 3, &w, &a), 0); /* 21 */
    assert_true(w.auction && w.stdin_private);
    assert_int_equal(read_body("\x60\x01\x62\x01x", 5, &w, &a),
                     PROVERNET_ERR_INVALID);
    assert_int_equal(read_body("\x60\x00\xa8\x01\x01", 5, &w, &a),
                     PROVERNET_ERR_INVALID);
    assert_int_equal(read_body("\x65\x01\x02\x03\x04", 5, &w, &a),
                     PROVERNET_ERR_INVALID);
    pvn_arena_free(&a);
}

static void extra_goes_there_and_back(void **state)
{
    pvn_extra x = { true, false, UINT64_MAX }, y;
    uint8_t bytes[PVN_EXTRA_BYTES];

    (void)state;
    pvn_extra_write(bytes, &x);
    assert_true(pvn_extra_read(&y, pvn_bytes_of(bytes, sizeof bytes)));
    assert_true(y.auction && !y.stdin_private && y.deadline_s == UINT64_MAX);
    assert_false(pvn_extra_read(&y, pvn_bytes_of(bytes, 9)));
    bytes[0] = 2;
    assert_false(pvn_extra_read(&y, pvn_bytes_of(bytes, sizeof bytes)));
    assert_true(pvn_deadline_ms(UINT64_MAX) > 0);
    assert_int_equal(pvn_deadline_ms(5), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(wire_types_must_fit),
        cmocka_unit_test(texts_are_utf8_without_nul),
        cmocka_unit_test(nested_messages_are_looked_into),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(envelopes_keep_the_raw_body),
        cmocka_unit_test(flavours_are_told_by_field_12),
        cmocka_unit_test(extra_goes_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
