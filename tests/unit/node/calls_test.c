/* tests/unit/node/calls_test.c - every way an exchange can go. */
#include "entry.h"
#include <poll.h>
#include <provernet/artifact.h>
#include <unistd.h>

static home h;
static provernet_inbox *in;

static int setup(void **state)
{
    (void)state;
    home_make(&h);
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), PROVERNET_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    provernet_inbox_close(in);
    home_remove(&h);
    return 0;
}

static void expect(const char *path, const char *body, int status,
                   const char *answer)
{
    static reply r;

    call_get(in, path, body, strlen(body), &r);
    assert_int_equal(r.status, status);
    assert_string_equal(r.body, answer);
}

static void every_way_to_go_on_answers(void **state)
{
    (void)state;
    expect("/echo", "hello", 200, "hello");
    expect("/echo", "", 200, "");
    expect("/nowhere", "", 404, "no such path");
    expect("/read", "", 200, "account absent");
    expect("/pair/0", "", 200, "OK OK");
    expect("/crew", "", 200, "from the crew; back");
    expect("/park/20", "", 200, "timed out");
    expect("/park/-5", "", 200, "timed out");
    expect("/deadline/20", "", 200, "timed out");
    expect("/file", "", 200, "23456");
    expect("/health", "", 200, "serving");
}

static void an_op_that_needs_a_refused_one_is_cancelled(void **state)
{
    (void)state;
    expect("/pair/1", "", 200, "ERR_NONCE ERR_CANCELLED");
}

static void an_answer_in_parts_comes_whole(void **state)
{
    static reply r;
    (void)state;

    call_get(in, "/more/6", "", 0, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.len, 60000);
    for (int i = 0; i < 60000; i++)
        assert_int_equal(r.body[i], 'a' + (5 - i / 10000));
    assert_string_equal(r.trailer, "all");
}

static void a_streaming_handler_paces_its_sender(void **state)
{
    static char chunk[1000];
    provernet_head head = { .struct_size = sizeof head,
                            .method = "PUT",
                            .path = "/stream" };
    static reply r;
    provernet_ready ready;
    provernet_call *c;
    size_t taken;
    int again = 0;
    (void)state;

    memset(&r, 0, sizeof r);
    assert_int_equal(provernet_call_open(in, &c, &head, 5, NULL), 0);
    for (int i = 0; i < 20; i++) {
        while (provernet_call_write(c, chunk, sizeof chunk, &taken) ==
               PROVERNET_AGAIN) {
            again++;
            assert_int_equal(taken, 0);
            do
                assert_int_equal(provernet_inbox_next(in, &ready, 1, 5000), 1);
            while (!(ready.what & PROVERNET_READY_WRITE));
            assert_int_equal(ready.tag, 5);
        }
        assert_int_equal(taken, sizeof chunk);
    }
    assert_int_equal(provernet_call_end(c), PROVERNET_OK);
    while (!call_collect(c, &r))
        assert_int_equal(provernet_inbox_next(in, &ready, 1, 5000), 1);
    assert_string_equal(r.body, "20000 bytes");
    provernet_call_close(c);
}

static void a_body_over_its_limit_is_refused_with_numbers(void **state)
{
    provernet_field f = { "content-length", "11" };
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .path = "/small",
                            .fields = &f,
                            .fields_len = 1 };
    provernet_call *c;
    size_t taken;
    static reply r;
    (void)state;

    expect("/small", "0123456789", 200, "0123456789");
    memset(&r, 0, sizeof r);
    /* announced: refused before a byte is sent */
    assert_int_equal(provernet_call_open(in, &c, &head, 1, NULL), 0);
    assert_true(call_collect(c, &r));
    assert_int_equal(r.status, 429);
    assert_non_null(strstr(r.body, "11 bytes"));
    assert_non_null(strstr(r.body, "at most 10"));
    assert_int_equal(provernet_call_write(c, "x", 1, &taken), PROVERNET_END);
    provernet_call_close(c);
    /* not announced */
    memset(&r, 0, sizeof r);
    head.fields_len = 0;
    assert_int_equal(provernet_call_open(in, &c, &head, 1, NULL), 0);
    assert_int_equal(provernet_call_write(c, "0123456789", 10, &taken), 0);
    assert_int_equal(provernet_call_write(c, "x", 1, &taken), PROVERNET_END);
    assert_true(call_collect(c, &r));
    assert_int_equal(r.status, 429);
    provernet_call_close(c);
}

static void the_general_limit_is_named(void **state)
{
    provernet_field f = { "content-length", "67108865" };
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .path = "/echo",
                            .fields = &f,
                            .fields_len = 1 };
    provernet_call *c;
    static reply r;
    (void)state;

    memset(&r, 0, sizeof r);
    assert_int_equal(provernet_call_open(in, &c, &head, 1, NULL), 0);
    assert_true(call_collect(c, &r));
    assert_non_null(strstr(r.body, "http.message_max allows 67108864"));
    provernet_call_close(c);
}

static void bodies_in_memory_have_a_budget(void **state)
{
    static char big[1 << 20];
    home small;
    provernet_inbox *box;
    provernet_call *a, *b;
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .path = "/echo" };
    static reply r;
    pvn_counters n;
    size_t taken;
    (void)state;

    home_make(&small);
    home_set(&small, "node.bytes_in_flight_max", "1MiB");
    home_open(&small);
    assert_int_equal(provernet_inbox_open(small.node, &box, NULL), 0);
    assert_int_equal(provernet_call_open(box, &a, &head, 1, NULL), 0);
    assert_int_equal(provernet_call_open(box, &b, &head, 2, NULL), 0);
    assert_int_equal(provernet_call_write(a, big, 1 << 19, &taken), 0);
    assert_int_equal(provernet_call_write(b, big, 1 << 20, &taken),
                     PROVERNET_END);
    memset(&r, 0, sizeof r);
    assert_true(call_collect(b, &r));
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, "node.bytes_in_flight_max"));
    provernet_call_close(a);
    provernet_call_close(b);
    pvn_node_counters(small.node, &n);
    assert_int_equal(n.bytes_in_flight, 0);
    assert_int_equal(n.calls_open, 0);
    assert_int_equal(n.calls, 2);
    call_get(box, "/echo", "again", 5, &r);
    assert_string_equal(r.body, "again");
    provernet_inbox_close(box);
    home_remove(&small);
}

static void a_call_closed_early_leaves_its_work(void **state)
{
    provernet_ready ready[8];
    int before = atomic_load(&test_closed);
    static reply r;
    pvn_counters n;
    (void)state;

    /* parked: gone at once */
    provernet_call_close(call_start(in, "/park/100000", "", 0, 3));
    assert_int_equal(atomic_load(&test_closed), before + 1);
    /* with the crew: goes when the crew is done with it */
    atomic_store(&test_hold, 1);
    provernet_call_close(call_start(in, "/hold", "", 0, 4));
    assert_int_equal(atomic_load(&test_closed), before + 1);
    atomic_store(&test_hold, 0);
    AWAIT(atomic_load(&test_closed) >= before + 2);
    assert_int_equal(atomic_load(&test_closed), before + 2);
    /* with the core: the record is written nevertheless */
    for (int i = 0; i < 50; i++)
        provernet_call_close(call_start(in, "/pair/0", "", 0, 6));
    call_get(in, "/read", "", 0, &r); /* behind them */
    AWAIT((pvn_node_counters(h.node, &n), n.calls_open == 0));
    assert_int_equal(n.parked, 0);
    assert_int_equal(provernet_inbox_next(in, ready, 8, 0), 0);
    /* body half sent */
    {
        provernet_head head = { .struct_size = sizeof head,
                                .method = "PUT",
                                .path = "/stream" };
        provernet_call *c;
        size_t taken;

        assert_int_equal(provernet_call_open(in, &c, &head, 1, NULL), 0);
        assert_int_equal(provernet_call_write(c, "abc", 3, &taken), 0);
        provernet_call_close(c);
    }
}

static void the_descriptor_says_when_to_look(void **state)
{
    struct pollfd p = { .fd = provernet_inbox_fd(in), .events = POLLIN };
    provernet_ready ready[4];
    provernet_call *c[3];
    static reply r;
    (void)state;

    assert_int_equal(poll(&p, 1, 0), 0);
    for (int i = 0; i < 3; i++)
        c[i] = call_start(in, "/read", "", 0, (uint64_t)i + 10);
    for (int got = 0; got < 3;) {
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        size_t n = provernet_inbox_next(in, ready, 2, 0);
        for (size_t i = 0; i < n; i++, got++) {
            assert_true(ready[i].what & PROVERNET_READY_HEAD);
            assert_in_range(ready[i].tag, 10, 12);
            memset(&r, 0, sizeof r);
            assert_true(call_collect(c[ready[i].tag - 10], &r));
        }
    }
    assert_int_equal(poll(&p, 1, 0), 0);
    for (int i = 0; i < 3; i++)
        provernet_call_close(c[i]);
    /* an answer that needed nobody is announced too, with its end */
    c[0] = call_start(in, "/echo", "x", 1, 77);
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 1);
    assert_int_equal(ready[0].tag, 77);
    assert_true(ready[0].what & PROVERNET_READY_DONE);
    provernet_call_close(c[0]);
}

static void who_is_awake_looks_by_himself(void **state)
{
    struct pollfd p = { .fd = provernet_inbox_fd(in), .events = POLLIN };
    provernet_ready ready;
    provernet_call *c[2];
    (void)state;

    assert_int_equal(provernet_inbox_awake(in, 1), 1);
    c[0] = call_start(in, "/echo", "x", 1, 5);
    assert_int_equal(poll(&p, 1, 0), 0);
    /* no sleep while there is something to do, and none that misses it */
    assert_int_equal(provernet_inbox_awake(in, 0), 0);
    assert_int_equal(provernet_inbox_next(in, &ready, 1, 0), 1);
    assert_int_equal(ready.tag, 5);
    assert_int_equal(provernet_inbox_awake(in, 0), 1);
    c[1] = call_start(in, "/echo", "x", 1, 6);
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_int_equal(provernet_inbox_awake(in, 1), 1);
    assert_int_equal(provernet_inbox_next(in, &ready, 1, 0), 1);
    assert_int_equal(ready.tag, 6);
    provernet_call_close(c[1]);
    /* whoever waits in inbox_next is woken, whatever he said before */
    c[1] = call_start(in, "/read", "", 0, 7);
    assert_int_equal(provernet_inbox_next(in, &ready, 1, 10000), 1);
    assert_int_equal(ready.tag, 7);
    assert_int_equal(provernet_inbox_awake(in, 0), 1);
    for (int i = 0; i < 2; i++)
        provernet_call_close(c[i]);
}

static void a_parked_call_wakes_when_its_request_settles(void **state)
{
    provernet_id id = submit(h.node, NULL);
    provernet_call *c = call_start(in, "/settled", id.bytes, 16, 9);
    provernet_ready ready;
    pvn_counters n;
    static reply r;
    (void)state;

    memset(&r, 0, sizeof r);
    /* the look comes first, then it parks; and looks again now and then */
    do {
        assert_int_equal(provernet_inbox_next(in, &ready, 1, PATIENCE_MS), 1);
        assert_false(call_collect(c, &r));
        pvn_node_counters(h.node, &n);
    } while (n.parked != 1);
    settle_request(h.node, &id);
    while (!call_collect(c, &r))
        assert_int_equal(provernet_inbox_next(in, &ready, 1, PATIENCE_MS), 1);
    assert_string_equal(r.body, "settled");
    provernet_call_close(c);
}

static void one_waiting_worker_wakes_per_ready_task(void **state)
{
    provernet_call *a = call_start(in, "/work", "", 0, 1);
    provernet_call *b = call_start(in, "/work", "", 0, 2);
    provernet_call *e = call_start(in, "/events", "", 0, 3);
    provernet_ready ready[4];
    static reply r;
    bool first = false, second = false, events = false;
    (void)state;

    /* a park without a look before may be looked at once, spuriously */
    (void)submit(h.node, NULL);
    (void)submit(h.node, NULL);
    while (!first || !second || !events) {
        size_t n = provernet_inbox_next(in, ready, 4, PATIENCE_MS);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            first |= ready[i].tag == 1;
            second |= ready[i].tag == 2;
            events |= ready[i].tag == 3;
        }
    }
    memset(&r, 0, sizeof r);
    assert_true(call_collect(a, &r));
    assert_string_equal(r.body, "woken");
    provernet_call_close(a);
    provernet_call_close(b);
    provernet_call_close(e);
}

static void wrong_use_is_an_error(void **state)
{
    provernet_head head = { .struct_size = sizeof head, .method = "GET" };
    provernet_error err = { 0 };
    provernet_call *c;
    size_t taken;
    (void)state;

    assert_int_equal(provernet_call_open(in, &c, &head, 1, &err),
                     PROVERNET_ERR_INVALID);
    assert_null(c);
    head.path = "/echo";
    head.struct_size = 8;
    assert_int_equal(provernet_call_open(in, &c, &head, 1, &err),
                     PROVERNET_ERR_INVALID);
    head.struct_size = sizeof head;
    assert_int_equal(provernet_call_open(in, &c, &head, 1, &err), 0);
    assert_int_equal(provernet_call_end(c), 0);
    assert_int_equal(provernet_call_end(c), PROVERNET_ERR_INVALID);
    assert_int_equal(provernet_call_write(c, "x", 1, &taken),
                     PROVERNET_ERR_INVALID);
    provernet_call_close(c);
    provernet_call_close(NULL);
    provernet_inbox_close(NULL);
    provernet_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_go_on_answers),
        cmocka_unit_test(an_op_that_needs_a_refused_one_is_cancelled),
        cmocka_unit_test(an_answer_in_parts_comes_whole),
        cmocka_unit_test(a_streaming_handler_paces_its_sender),
        cmocka_unit_test(a_body_over_its_limit_is_refused_with_numbers),
        cmocka_unit_test(the_general_limit_is_named),
        cmocka_unit_test(bodies_in_memory_have_a_budget),
        cmocka_unit_test(a_call_closed_early_leaves_its_work),
        cmocka_unit_test(the_descriptor_says_when_to_look),
        cmocka_unit_test(who_is_awake_looks_by_himself),
        cmocka_unit_test(a_parked_call_wakes_when_its_request_settles),
        cmocka_unit_test(one_waiting_worker_wakes_per_ready_task),
        cmocka_unit_test(wrong_use_is_an_error),
    };

    return cmocka_run_group_tests_name("node/calls", tests, setup, teardown);
}
