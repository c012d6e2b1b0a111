/* wire_test.c - the client's protobuf: against bytes made by hand, and against
 * every damage of them. */
#include "../../../examples/provernet/wire/pb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void fields_are_written_as_proto3_does(void **state)
{
    static const uint8_t want[] = { 0x08, 0xAC, 0x02, 0x12, 0x03, 'a',
                                    'b',  'c',  0xA2, 0x01, 0x01, 'z' };
    struct pb p = { 0 };

    (void)state;
    pb_uint(&p, 1, 300);
    pb_uint(&p, 7, 0); /* not written */
    pb_text(&p, 2, "abc");
    pb_text(&p, 3, "");
    pb_bytes(&p, 20, "z", 1);
    assert_false(p.failed);
    assert_int_equal(p.b.len, sizeof want);
    assert_memory_equal(buffer_at(&p.b), want, sizeof want);
    buffer_free(&p.b);
}

static void fields_are_found(void **state)
{
    static const uint8_t msg[] = { 0x08, 0x05, 0x12, 0x02, 'h',  'i', 0x1D, 1,
                                   0,    0,    0,    0x21, 2,    0,   0,    0,
                                   0,    0,    0,    0,    0x08, 0x07 };
    struct pb_field f;
    char text[2], all[10];

    (void)state;
    assert_int_equal(pb_find_uint(msg, sizeof msg, 1), 7); /* the last wins */
    assert_true(pb_find(msg, sizeof msg, 3, &f) && f.wire == 5 && f.value == 1);
    assert_true(pb_find(msg, sizeof msg, 4, &f) && f.wire == 1 && f.value == 2);
    pb_find_text(msg, sizeof msg, 2, all, sizeof all);
    assert_string_equal(all, "hi");
    pb_find_text(msg, sizeof msg, 2, text, sizeof text);
    assert_string_equal(text, "h");
    assert_false(pb_find(msg, sizeof msg, 9, &f));
    assert_int_equal(pb_find_uint(msg, sizeof msg, 2), 0); /* not a varint */
}

static void damage_is_seen(void **state)
{
    static const struct {
        uint8_t bytes[14];
        size_t len;
    } cases[] = {
        { { 0x08 }, 1 },
        { { 0x12, 0x05, 'a' }, 3 },
        { { 0x0B }, 1 },
        { { 0x00, 0x01 }, 2 },
        { { 0x0D, 1, 2 }, 3 },
        { { 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 },
          11 },
        { { 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 },
          11 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t *at = cases[i].bytes;
        struct pb_field f;
        bool bad;
        assert_false(pb_next(&at, cases[i].bytes + cases[i].len, &f, &bad));
        assert_true(bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_written_as_proto3_does),
        cmocka_unit_test(fields_are_found),
        cmocka_unit_test(damage_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
