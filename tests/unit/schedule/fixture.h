/* tests/unit/schedule/fixture.h - a world per test, checked at its end. */
#ifndef PVN_TESTS_FIXTURE_H
#define PVN_TESTS_FIXTURE_H
#include "test.h"
#include "sim/check.h"
#include "sim/world.h"
#include <provernet/request.h>
#include <provernet/worker.h>
#include <stdio.h>
#include <stdlib.h>

#define KIND "groth16/bn254@1"

static inline int setup(void **state)
{
    world *w = malloc(sizeof *w);
    if (!w)
        return -1;
    world_open(w, 1);
    *state = w;
    return 0;
}
static inline int teardown(void **state)
{
    world *w = *state;
    char buf[200];
    const char *bad = check_rows(&w->m, buf, sizeof buf);
    if (bad)
        print_message("%s\n", bad);
    world_close(w);
    free(w);
    return bad ? -1 : 0;
}
#define TEST(name)             cmocka_unit_test_setup_teardown(name, setup, teardown)
#define assert_status(s, want) assert_int_equal((s), PROVERNET_##want)
#define assert_says(w, text)   assert_non_null(strstr((w)->err.message, text))

/* A worker here and a task in its hands. */
static inline provernet_id given(world *w, provernet_id request,
                                 const char *name, world_lease *l)
{
    provernet_id worker = world_hello(w, name, KIND);
    assert_true(world_take(w, worker, KIND, l));
    assert_memory_equal(&l->request, &request, 16);
    return worker;
}
#endif
