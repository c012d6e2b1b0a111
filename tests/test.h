/* tests/test.h - what every cmocka file includes, in the order cmocka wants. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h last */
#include <cmocka.h>

#include "patience.h"

#define assert_ok(call) assert_int_equal((call), PROVERNET_OK)
/* Wait until it holds. */
#define AWAIT(what) AWAIT_BY(assert_true, what)
#endif
