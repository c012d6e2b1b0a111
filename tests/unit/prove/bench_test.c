/* bench_test.c - measuring: the same work on every form and any number of
 * threads, whatever is asked; what cannot be asked is refused. */
#include "help.h"
#include <provernet/experimental.h>
#include <provernet/node.h>

static provernet_engine *open_cpu(const char *form, const char *threads)
{
    provernet_options *o = provernet_options_new();
    provernet_engine *e;

    assert_int_equal(provernet_options_set(o, "engine.cpu", form, NULL), 0);
    assert_int_equal(provernet_options_set(o, "engine.threads", threads, NULL),
                     0);
    assert_int_equal(provernet_engine_open(&e, "cpu", o, NULL), 0);
    provernet_options_free(o);
    return e;
}

static uint64_t run(provernet_engine *e, provernet_bench_kind kind,
                    unsigned log_size)
{
    provernet_bench_info info = { .struct_size = sizeof info };
    provernet_error err = { 0 };
    uint64_t first = 0, again = 1;
    provernet_bench *b;

    assert_int_equal(provernet_bench_open(&b, e, kind, log_size, &err), 0);
    assert_int_equal(provernet_bench_run(b, &first, NULL, &err), 0);
    assert_int_equal(provernet_bench_run(b, &again, NULL, &err), 0);
    assert_int_equal(first, again);
    provernet_bench_get_info(b, &info);
    assert_int_equal(info.size, 1u << log_size);
    assert_true(info.bytes >= 32 * info.size);
    assert_true((info.operations > 0) == (kind != PROVERNET_BENCH_GROTH16));
    provernet_bench_free(b);
    return first;
}

static void same_result_everywhere(void **state)
{
    provernet_engine *one = open_cpu("portable", "1");
    provernet_engine *two = open_cpu("auto", "2");

    (void)state;
    for (int kind = 1; kind <= 4; kind++)
        for (unsigned log_size = 4; log_size <= 11; log_size += 7)
            assert_int_equal(run(one, (provernet_bench_kind)kind, log_size),
                             run(two, (provernet_bench_kind)kind, log_size));
    assert_int_not_equal(run(two, PROVERNET_BENCH_G1_MSM, 5),
                         run(two, PROVERNET_BENCH_G1_MSM, 6));
    provernet_engine_close(one);
    provernet_engine_close(two);
}

static void refuses(void **state)
{
    provernet_engine *e = open_cpu("auto", "1");
    provernet_bench *b;

    (void)state;
    assert_int_equal(
        provernet_bench_open(&b, e, (provernet_bench_kind)0, 10, NULL),
        PROVERNET_ERR_INVALID);
    assert_int_equal(
        provernet_bench_open(&b, e, (provernet_bench_kind)5, 10, NULL),
        PROVERNET_ERR_INVALID);
    assert_int_equal(provernet_bench_open(&b, e, PROVERNET_BENCH_NTT, 3, NULL),
                     PROVERNET_ERR_INVALID);
    assert_int_equal(provernet_bench_open(&b, e, PROVERNET_BENCH_NTT, 25, NULL),
                     PROVERNET_ERR_INVALID);
    assert_int_equal(
        provernet_bench_open(&b, NULL, PROVERNET_BENCH_NTT, 10, NULL),
        PROVERNET_ERR_INVALID);
    provernet_bench_free(NULL);
    provernet_engine_close(e);
}

static void cancels(void **state)
{
    provernet_engine *e = open_cpu("auto", "1");
    provernet_watch *w = provernet_watch_new();
    provernet_bench *b;

    (void)state;
    assert_int_equal(
        provernet_bench_open(&b, e, PROVERNET_BENCH_GROTH16, 10, NULL), 0);
    provernet_watch_cancel(w);
    assert_int_equal(provernet_bench_run(b, NULL, w, NULL),
                     PROVERNET_ERR_CANCELLED);
    assert_int_equal(provernet_bench_run(b, NULL, NULL, NULL), 0);
    provernet_bench_free(b);
    provernet_watch_free(w);
    provernet_engine_close(e);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_result_everywhere),
        cmocka_unit_test(refuses),
        cmocka_unit_test(cancels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
