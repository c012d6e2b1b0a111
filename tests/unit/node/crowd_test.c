/* tests/unit/node/crowd_test.c - many threads at once: own inboxes, a shared
 * one, blobs and requests. Meant for the thread sanitizer. */
#include "entry.h"
#include <provernet/artifact.h>
#include <provernet/request.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 8, CALLS = 300, FLIGHT = 16 };

static home h;
static provernet_inbox *shared;

static const char *const path[] = { "/read",   "/pair/0", "/echo",  "/crew",
                                    "/park/2", "/more/3", "/pair/1" };

/* Keep FLIGHT calls going; every seventh is dropped in the middle. */
static void *hammer(void *arg)
{
    uintptr_t me = (uintptr_t)arg;
    provernet_call *c[FLIGHT] = { 0 };
    reply *r = calloc(FLIGHT, sizeof *r);
    provernet_ready ready[FLIGHT];
    provernet_inbox *in;
    unsigned started = 0, open = 0, wrong = 0;

    if (provernet_inbox_open(h.node, &in, NULL) != PROVERNET_OK)
        return (void *)1;
    while (started < CALLS || open) {
        for (unsigned i = 0; i < FLIGHT && started < CALLS; i++) {
            if (c[i])
                continue;
            memset(&r[i], 0, sizeof r[i]);
            c[i] = call_start(in, path[(started + me) % 7], "xyz", 3, i);
            started++;
            open++;
            if (started % 7 == 0) {
                provernet_call_close(c[i]);
                c[i] = NULL;
                open--;
            }
        }
        size_t n =
            open ? provernet_inbox_next(in, ready, FLIGHT, PATIENCE_MS) : 0;
        if (open && n == 0)
            return (void *)2;
        for (size_t k = 0; k < n; k++) {
            uint64_t i = ready[k].tag;
            if (!c[i] || !call_collect(c[i], &r[i]))
                continue;
            wrong += r[i].status != 200;
            provernet_call_close(c[i]);
            c[i] = NULL;
            open--;
        }
    }
    provernet_inbox_close(in);
    free(r);
    return (void *)(uintptr_t)(wrong ? 3 : 0);
}

static void *artifacts(void *arg)
{
    (void)arg;
    for (int i = 0; i < 30; i++) {
        provernet_id id = put_artifact(h.node, "data", "some bytes");
        provernet_blob *b;
        char text[16];
        size_t got;

        if (provernet_blob_open(h.node, &b, id, NULL) ||
            provernet_blob_read(b, text, sizeof text, &got, 0, NULL) ||
            got != 10)
            return (void *)4;
        provernet_blob_close(b);
    }
    return NULL;
}

static void *requests(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        provernet_request q = { .struct_size = sizeof q };
        provernet_id id = submit(h.node, NULL);

        settle_request(h.node, &id);
        if (provernet_wait(h.node, &q, id, PATIENCE_MS, NULL) ||
            q.state != PROVERNET_FAILED)
            return (void *)5;
        pvn_node_progress_set(h.node, &id, 500, "late");
    }
    return NULL;
}

static void eight_threads_at_once(void **state)
{
    pthread_t t[THREADS + 4];
    pvn_counters n;
    void *result;
    (void)state;

    home_make(&h);
    home_open(&h);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, hammer, (void *)i);
    for (int i = 0; i < 2; i++) {
        pthread_create(&t[THREADS + 2 * i], NULL, artifacts, NULL);
        pthread_create(&t[THREADS + 2 * i + 1], NULL, requests, NULL);
    }
    for (int i = 0; i < THREADS + 4; i++) {
        pthread_join(t[i], &result);
        assert_ptr_equal(result, NULL);
    }
    AWAIT((pvn_node_counters(h.node, &n), n.calls_open == 0));
    assert_int_equal(n.calls, THREADS * CALLS);
    assert_int_equal(n.parked, 0);
    assert_int_equal(n.queue_len, 0);
    assert_int_equal(n.bytes_in_flight, 0);
    assert_int_equal(n.accepted, 40);
    assert_int_equal(n.failed, 40);
    assert_true(n.batch_ops_max > 1); /* commits were shared */
    home_remove(&h);
}

/* Calls of one inbox used by several threads: each tag is given to one. */
enum { SHARED = 500 };
static atomic_int taken[4000], all_taken;

static void *taker(void *arg)
{
    provernet_ready ready[8];

    (void)arg;
    while (atomic_load(&all_taken) < SHARED) {
        size_t n = provernet_inbox_next(shared, ready, 8, 50);

        for (size_t i = 0; i < n; i++)
            atomic_fetch_add(&taken[ready[i].tag], 1);
        atomic_fetch_add(&all_taken, (int)n);
    }
    return NULL;
}

static void a_shared_inbox_gives_each_tag_once(void **state)
{
    provernet_call *c[SHARED];
    provernet_ready ready[4];
    pthread_t t[4];
    (void)state;

    home_make(&h);
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &shared, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, taker, NULL);
    for (uint64_t i = 0; i < SHARED; i++)
        c[i] = call_start(shared, "/read", "", 0, i);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(provernet_inbox_next(shared, ready, 4, 0), 0);
    for (int i = 0; i < SHARED; i++) {
        assert_int_equal(atomic_load(&taken[i]), 1);
        provernet_call_close(c[i]);
    }
    provernet_inbox_close(shared);
    home_remove(&h);
}

/* Closing while work is under way: whatever waits is answered. */
static void closing_in_full_flight_is_clean(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        provernet_inbox *in;

        home_make(&h);
        home_open(&h);
        assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
        for (uint64_t i = 0; i < 200; i++)
            provernet_call_close(call_start(in, path[i % 7], "a", 1, i));
        provernet_inbox_close(in);
        home_remove(&h);
    }
}

static void a_full_queue_says_unavailable(void **state)
{
    provernet_call *c[200];
    provernet_inbox *in;
    reply *r = calloc(1, sizeof *r);
    int refused = 0;
    (void)state;

    home_make(&h);
    home_set(&h, "node.threads", "0"); /* nobody empties it */
    home_set(&h, "node.queue_max", "16");
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
    for (uint64_t i = 0; i < 20; i++)
        c[i] = call_start(in, "/read", "", 0, i);
    for (int i = 0; i < 20; i++) {
        memset(r, 0, sizeof *r);
        if (call_collect(c[i], r)) {
            assert_int_equal(r->status, 503);
            assert_non_null(strstr(r->body, "node.queue_max"));
            refused++;
        }
    }
    assert_int_equal(refused, 4);
    provernet_step(h.node, pvn_now_ms(pvn_node_env(h.node)));
    for (int i = 0; i < 16; i++) {
        memset(r, 0, sizeof *r);
        assert_true(call_collect(c[i], r));
        assert_int_equal(r->status, 200);
    }
    for (int i = 0; i < 20; i++)
        provernet_call_close(c[i]);
    free(r);
    provernet_inbox_close(in);
    home_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_threads_at_once),
        cmocka_unit_test(a_shared_inbox_gives_each_tag_once),
        cmocka_unit_test(closing_in_full_flight_is_clean),
        cmocka_unit_test(a_full_queue_says_unavailable),
    };

    return cmocka_run_group_tests_name("node/crowd", tests, NULL, NULL);
}
