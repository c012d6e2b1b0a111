/* tests/unit/node/park_test.c - who waits is woken: by time, in order, once. */
#include "entry.h"
#include "node/park.h"

static pvn_parks p;
static int woken[1000], order[1000], woken_len;

typedef struct test_waiter {
    pvn_waiter w;
    int number;
} test_waiter;

static void wake(pvn_waiter *w)
{
    int number = ((test_waiter *)w)->number;

    woken[number]++;
    order[woken_len++] = number;
}

static test_waiter waiter(int number, pvn_park_on on, int64_t until)
{
    test_waiter t = { .number = number,
                      .w = { .wake = wake,
                             .park = { .on = on, .until_ms = until } } };

    return t;
}

static int setup(void **state)
{
    (void)state;
    memset(&p, 0, sizeof p);
    memset(woken, 0, sizeof woken);
    woken_len = 0;
    return pvn_parks_init(&p) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pvn_parks_free(&p);
    return 0;
}

static void times_come_in_order(void **state)
{
    enum { N = 500 };
    static test_waiter t[N];
    uint32_t x = 12345;
    int64_t last = 0;
    (void)state;

    for (int i = 0; i < N; i++) {
        x = x * 1664525 + 1013904223;
        t[i] = waiter(i, PVN_PARK_TIME, 1000 + (x >> 16) % 5000);
        assert_true(pvn_parks_add(&p, &t[i].w, 0));
    }
    for (int i = 0; i < N; i += 3) /* some think better of it */
        assert_true(pvn_parks_remove(&p, &t[i].w));
    assert_false(pvn_parks_remove(&p, &t[0].w));
    for (int64_t now = 0; now < 6100; now += 50) {
        int before = woken_len;
        int64_t next = pvn_parks_due(&p, now);

        assert_true(next > now);
        for (int i = before; i < woken_len; i++) {
            assert_true(t[order[i]].w.park.until_ms <= now);
            assert_true(t[order[i]].w.park.until_ms > now - 50);
            assert_true(t[order[i]].w.park.until_ms >= last);
            assert_true(t[order[i]].w.timed_out);
            last = t[order[i]].w.park.until_ms;
        }
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(woken[i], i % 3 != 0);
    assert_int_equal(pvn_parks_len(&p), 0);
    assert_int_equal(pvn_parks_next(&p), INT64_MAX);
}

static void work_goes_to_the_longest_waiting_of_the_kind(void **state)
{
    test_waiter t[6];
    const char *kinds[6] = { "b@1", "a@1,b@1", "a@1", "*", "a@1", "b@1" };
    (void)state;

    for (int i = 0; i < 6; i++) {
        t[i] = waiter(i, PVN_PARK_WORK, INT64_MAX);
        t[i].w.park.kinds = kinds[i];
        assert_true(pvn_parks_add(&p, &t[i].w, 0));
    }
    pvn_parks_work(&p, 1, "a@1", 2);
    assert_int_equal(woken_len, 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    pvn_parks_work(&p, 2, "c@1", 5);
    assert_int_equal(woken_len, 3);
    assert_int_equal(order[2], 3);
    pvn_parks_work(&p, 3, "b@1", 9);
    assert_int_equal(woken_len, 5);
    assert_int_equal(pvn_parks_len(&p), 1);
}

static void a_request_wakes_its_own_in_the_state_asked_for(void **state)
{
    /* all in one bucket: ids that differ in front only */
    test_waiter a = waiter(0, PVN_PARK_REQUEST, INT64_MAX);
    test_waiter b = waiter(1, PVN_PARK_REQUEST, INT64_MAX);
    (void)state;

    a.w.park.request.bytes[0] = 1;
    b.w.park.request.bytes[0] = 2;
    a.w.park.state_mask = b.w.park.state_mask =
        1u << PROVERNET_FULFILLED | 1u << PROVERNET_FAILED;
    assert_true(pvn_parks_add(&p, &a.w, 0));
    assert_true(pvn_parks_add(&p, &b.w, 0));
    pvn_parks_request(&p, 1, &a.w.park.request, PROVERNET_RUNNING);
    assert_int_equal(woken_len, 0);
    pvn_parks_request(&p, 2, &a.w.park.request, PROVERNET_FULFILLED);
    assert_int_equal(woken_len, 1);
    assert_int_equal(order[0], 0);
    assert_false(a.w.timed_out);
    assert_true(pvn_parks_remove(&p, &b.w));
}

static void what_happened_since_the_look_is_not_missed(void **state)
{
    test_waiter t = waiter(0, PVN_PARK_WORK, INT64_MAX);
    (void)state;

    t.w.park.kinds = "a@1";
    pvn_parks_work(&p, 7, "a@1", 1); /* nobody waits yet */
    t.w.seen = 6;                    /* looked before that */
    assert_false(pvn_parks_add(&p, &t.w, 0));
    t.w.seen = 7; /* in the same batch: perhaps before it */
    assert_false(pvn_parks_add(&p, &t.w, 0));
    t.w.seen = 8;
    assert_true(pvn_parks_add(&p, &t.w, 0));
    /* a hint that there may be more work marks nothing */
    pvn_parks_work(&p, 0, "a@1", 1);
    assert_int_equal(woken_len, 1);
    assert_true(pvn_parks_add(&p, &t.w, 0));
    pvn_parks_events(&p, 9);
    assert_int_equal(woken_len, 1);
    pvn_parks_wake_all(&p);
    assert_int_equal(woken_len, 2);
}

static void who_waits_for_something_looks_again_for_certainty(void **state)
{
    static test_waiter many[1000];
    test_waiter t = waiter(0, PVN_PARK_REQUEST, 5000);
    (void)state;

    assert_true(pvn_parks_add(&p, &t.w, 0));
    assert_int_equal(pvn_parks_due(&p, 999), 1000);
    assert_int_equal(woken_len, 0);
    pvn_parks_due(&p, 1000);
    assert_int_equal(woken_len, 1);
    assert_false(t.w.timed_out);
    /* near its end it is not woken before */
    assert_true(pvn_parks_add(&p, &t.w, 4500));
    assert_int_equal(pvn_parks_next(&p), 5000);
    pvn_parks_due(&p, 5000);
    assert_true(t.w.timed_out);
    assert_false(pvn_parks_add(&p, &t.w, 5000)); /* no time left */
    assert_true(t.w.timed_out);
    /* a thousand look less often, so that looking stays cheap */
    for (int i = 0; i < 1000; i++) {
        many[i] = waiter(i, PVN_PARK_REQUEST, INT64_MAX);
        many[i].w.park.request.bytes[15] = (uint8_t)i;
        assert_true(pvn_parks_add(&p, &many[i].w, 10000));
    }
    woken_len = 0;
    for (int64_t now = 10000; now <= 20000; now += 100)
        pvn_parks_due(&p, now);
    assert_int_equal(woken_len, 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(times_come_in_order),
        TEST(work_goes_to_the_longest_waiting_of_the_kind),
        TEST(a_request_wakes_its_own_in_the_state_asked_for),
        TEST(what_happened_since_the_look_is_not_missed),
        TEST(who_waits_for_something_looks_again_for_certainty),
    };

    return cmocka_run_group_tests_name("node/park", tests, NULL, NULL);
}
