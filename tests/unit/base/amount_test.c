/* tests/unit/base/amount_test.c - amounts below 2^256 in decimal. */
#include "base/amount.h"
#include "test.h"

#define MOST                                                                   \
    "115792089237316195423570985008687907853269984665640564039457584007913129" \
    "639935"

static const char *text_of(const char *text)
{
    static char out[PVN_AMOUNT_CHARS];
    pvn_amount a;

    return pvn_amount_read(&a, text) ? pvn_amount_text(out, &a) : "refused";
}

static void digits_are_read_and_written(void **state)
{
    (void)state;
    assert_string_equal(text_of("0"), "0");
    assert_string_equal(text_of("0007"), "7");
    assert_string_equal(text_of("18446744073709551616"),
                        "18446744073709551616");
    assert_string_equal(text_of(MOST), MOST);
}

static void what_is_no_amount_is_refused(void **state)
{
    static const char *const wrong[] = {
        NULL,
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "1e3",
        "abc",
        "115792089237316195423570985008687907853"
        "269984665640564039457584007913129639936"
    };
    pvn_amount a = pvn_amount_of(5);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(pvn_amount_read(&a, wrong[i]));
        assert_int_equal(a.limb[0], 5);
    }
}

static void sums_never_leave_the_range(void **state)
{
    pvn_amount a, one = pvn_amount_of(1), most;
    char text[PVN_AMOUNT_CHARS];

    (void)state;
    assert_true(pvn_amount_read(&most, MOST));
    a = most;
    assert_false(pvn_amount_add(&a, &one));
    assert_int_equal(pvn_amount_compare(&a, &most), 0);
    assert_false(pvn_amount_mul(&a, 2));
    assert_int_equal(pvn_amount_compare(&a, &most), 0);
    assert_true(pvn_amount_sub(&a, &most));
    assert_true(pvn_amount_zero(&a));
    assert_false(pvn_amount_sub(&a, &one));
    assert_true(pvn_amount_zero(&a));
    assert_true(pvn_amount_read(&a, "18446744073709551616"));
    assert_true(pvn_amount_sub(&a, &one)); /* borrows over a limb */
    assert_string_equal(pvn_amount_text(text, &a), "18446744073709551615");
    assert_true(pvn_amount_add(&a, &one));
    assert_true(pvn_amount_mul(&a, 1000000007));
    assert_string_equal(pvn_amount_text(text, &a),
                        "18446744202836760131966861312");
    assert_int_equal(pvn_amount_div(&a, 1000000007), 0);
    assert_string_equal(pvn_amount_text(text, &a), "18446744073709551616");
    assert_int_equal(pvn_amount_div(&a, 10), 6);
    assert_true(pvn_amount_compare(&a, &most) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_read_and_written),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(sums_never_leave_the_range),
    };

    return cmocka_run_group_tests_name("amount", tests, NULL, NULL);
}
