/* tests/unit/node/life_test.c - a node comes, goes, forks, drains, steps. */
#include "entry.h"
#include <dirent.h>
#include <provernet/artifact.h>
#include <provernet/request.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static size_t count_dir(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static size_t threads_of_main; /* before any node was */

static void *say_tid(void *tid)
{
    *(long *)tid = syscall(SYS_gettid);
    return NULL;
}

/* A sanitizer makes a thread of its own with the first of ours. */
static void count_threads_of_main(void)
{
    pthread_t first;
    char path[64];
    long tid = 0;

    if (pthread_create(&first, NULL, say_tid, &tid) != 0)
        abort();
    pthread_join(first, NULL);
    snprintf(path, sizeof path, "/proc/self/task/%ld", tid);
    while (access(path, F_OK) == 0)
        usleep(1000);
    threads_of_main = count_dir("/proc/self/task");
}

/* No node's thread is left. One that was joined may stay in /proc for a
 * moment. */
static void expect_no_threads(void)
{
    AWAIT(count_dir("/proc/self/task") == threads_of_main);
}

static void opening_a_hundred_times_leaves_nothing(void **state)
{
    size_t fds;
    static reply r;
    home h;
    (void)state;

    home_make(&h);
    home_open(&h); /* what is made once for all is made now */
    home_close(&h);
    fds = count_dir("/proc/self/fd");
    for (int i = 0; i < 100; i++) {
        provernet_inbox *in;

        home_open(&h);
        assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
        call_get(in, "/pair/0", "", 0, &r);
        assert_string_equal(r.body, "OK OK");
        provernet_inbox_close(in);
        home_close(&h);
    }
    assert_int_equal(count_dir("/proc/self/fd"), fds);
    expect_no_threads();
    home_remove(&h);
}

static void a_restart_keeps_requests_artifacts_and_the_ticket_key(void **state)
{
    provernet_request q = { .struct_size = sizeof q };
    provernet_id id, blob_id, again;
    provernet_blob *b;
    uint8_t key[32];
    char text[32];
    size_t got;
    home h;
    (void)state;

    home_make(&h);
    home_open(&h);
    id = submit(h.node, "the same");
    blob_id = put_artifact(h.node, "data", "kept bytes");
    memcpy(key, pvn_node_ticket_key(h.node), sizeof key);
    assert_false(pvn_is_zero(key, sizeof key));
    home_close(&h);
    home_open(&h);
    assert_int_equal(provernet_wait(h.node, &q, id, 0, NULL), 0);
    assert_int_equal(q.state, PROVERNET_QUEUED);
    assert_true(q.deadline_ms > q.created_ms);
    assert_true(q.waiting_for[0] != 0);
    assert_memory_equal(pvn_node_ticket_key(h.node), key, sizeof key);
    again = submit(h.node, "the same");
    assert_memory_equal(again.bytes, id.bytes, sizeof id.bytes);
    assert_int_equal(provernet_blob_open(h.node, &b, blob_id, NULL), 0);
    assert_int_equal(provernet_blob_len(b), 10);
    assert_int_equal(provernet_blob_read(b, text, 32, &got, 5, NULL), 0);
    assert_int_equal(got, 5);
    assert_memory_equal(text, "bytes", 5);
    assert_int_equal(provernet_blob_read(b, text, 32, &got, 10, NULL),
                     PROVERNET_END);
    provernet_blob_close(b);
    home_remove(&h);
}

static void a_second_opener_is_told_who_has_it(void **state)
{
    provernet_error err = { 0 };
    provernet *other;
    char pid[32];
    home h;
    (void)state;

    home_make(&h);
    home_open(&h);
    assert_int_equal(pvn_node_open(&other, &h.cfg, &err), PROVERNET_ERR_STATE);
    assert_null(other);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_non_null(strstr(err.message, pid));
    home_remove(&h);
}

static void what_cannot_be_opened_says_why(void **state)
{
    provernet_error err = { 0 };
    provernet *n;
    char path[128];
    FILE *f;
    home h;
    (void)state;

    home_make(&h);
    home_set(&h, "data.dir", "");
    assert_int_equal(pvn_node_open(&n, &h.cfg, &err), PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "data.dir"));
    snprintf(path, sizeof path, "%s/plain", h.dir);
    f = fopen(path, "w");
    fclose(f);
    snprintf(path, sizeof path, "%s/plain/below", h.dir);
    home_set(&h, "data.dir", path);
    assert_int_equal(pvn_node_open(&n, &h.cfg, &err), PROVERNET_ERR_IO);
    assert_non_null(strstr(err.message, path));
    /* a directory that is not there yet, two deep, is made */
    snprintf(path, sizeof path, "%s/a/b", h.dir);
    home_set(&h, "data.dir", path);
    home_open(&h);
    home_remove(&h);
}

static void a_child_of_a_fork_is_told_so(void **state)
{
    provernet_inbox *in;
    static reply r;
    int status;
    pid_t child;
    home h;
    (void)state;

    home_make(&h);
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
    child = fork();
    if (child == 0) {
        provernet_head head = { .struct_size = sizeof head,
                                .method = "GET",
                                .path = "/echo" };
        provernet_ready ready;
        provernet_inbox *mine;
        provernet_call *c;
        int bad = 0;

        bad |=
            provernet_inbox_open(h.node, &mine, NULL) != PROVERNET_ERR_FORKED;
        bad |=
            provernet_call_open(in, &c, &head, 1, NULL) != PROVERNET_ERR_FORKED;
        bad |= provernet_step(h.node, 1) != PROVERNET_ERR_FORKED;
        bad |= provernet_inbox_next(in, &ready, 1, -1) != 0;
        bad |= provernet_drain(h.node, 0) != PROVERNET_ERR_FORKED;
        provernet_close(h.node); /* must not touch the parent's */
        _exit(bad);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    call_get(in, "/pair/0", "", 0, &r);
    assert_string_equal(r.body, "OK OK");
    provernet_inbox_close(in);
    home_remove(&h);
}

static void draining_takes_nothing_new(void **state)
{
    provernet_error err = { 0 };
    provernet_wish w = { .struct_size = sizeof w, .kind = "test/wait@1" };
    provernet_head head = { .struct_size = sizeof head,
                            .method = "GET",
                            .path = "/echo" };
    provernet_ready ready[2];
    provernet_inbox *in;
    provernet_call *c, *late;
    provernet_id id;
    static reply r;
    const char *why;
    home h;
    (void)state;

    home_make(&h);
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
    (void)submit(h.node, NULL);
    c = call_start(in, "/park/100000", "", 0, 1);
    assert_int_equal(provernet_drain(h.node, PATIENCE_MS), PROVERNET_OK);
    assert_int_equal(pvn_node_health(h.node, &why), PVN_DRAINING);
    /* who was parked is told */
    assert_int_equal(provernet_inbox_next(in, ready, 2, PATIENCE_MS), 1);
    memset(&r, 0, sizeof r);
    assert_true(call_collect(c, &r));
    assert_string_equal(r.body, "woken");
    provernet_call_close(c);
    w.program.bytes[0] = 1;
    assert_int_equal(provernet_submit(h.node, &id, &w, &err),
                     PROVERNET_ERR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "draining"));
    assert_int_equal(provernet_call_open(in, &late, &head, 1, &err),
                     PROVERNET_ERR_UNAVAILABLE);
    provernet_inbox_close(in);
    home_remove(&h);
}

/* ---- by hand, on a clock of ours ---- */

static int64_t clock_ms;
static int64_t virtual_now(void *user)
{
    (void)user;
    return clock_ms;
}

static void without_threads_the_host_steps(void **state)
{
    provernet_env world = { .struct_size = sizeof world,
                            .now_ms = virtual_now };
    provernet_ready ready[4];
    provernet_inbox *in;
    provernet_call *c;
    static reply r;
    int64_t next;
    home h;
    (void)state;

    clock_ms = 1700000000000;
    home_make(&h);
    home_set(&h, "node.threads", "0");
    h.use_env = &world;
    home_open(&h);
    expect_no_threads();
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);

    /* nothing happens but in a step */
    c = call_start(in, "/read", "", 0, 1);
    usleep(2000);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 0);
    next = provernet_step(h.node, clock_ms);
    assert_true(next > clock_ms && next <= clock_ms + 1000);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 1);
    memset(&r, 0, sizeof r);
    assert_true(call_collect(c, &r));
    assert_string_equal(r.body, "account absent");
    provernet_call_close(c);

    /* the crew's work too */
    c = call_start(in, "/crew", "", 0, 2);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 0);
    provernet_step(h.node, clock_ms);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 1);
    provernet_call_close(c);

    /* time passes only when we say so: an hour, second by second */
    c = call_start(in, "/park/3600000", "", 0, 3);
    for (int64_t end = clock_ms + 3600000; clock_ms < end - 1;) {
        next = provernet_step(h.node, clock_ms);
        assert_true(next > clock_ms);
        assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 0);
        clock_ms = next < end - 1 ? next : end - 1;
    }
    provernet_step(h.node, clock_ms);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 0);
    clock_ms++;
    provernet_step(h.node, clock_ms);
    assert_int_equal(provernet_inbox_next(in, ready, 4, 0), 1);
    memset(&r, 0, sizeof r);
    assert_true(call_collect(c, &r));
    assert_string_equal(r.body, "timed out");
    provernet_call_close(c);

    /* calls that block step by themselves */
    call_get(in, "/pair/0", "", 0, &r);
    assert_string_equal(r.body, "OK OK");
    (void)submit(h.node, NULL);
    expect_no_threads();
    provernet_inbox_close(in);
    home_remove(&h);
}

static void a_request_expires_by_itself(void **state)
{
    provernet_env world = { .struct_size = sizeof world,
                            .now_ms = virtual_now };
    provernet_request q = { .struct_size = sizeof q };
    provernet_error err = { 0 };
    provernet_id id;
    home h;
    (void)state;

    clock_ms = 1700000000000;
    home_make(&h);
    home_set(&h, "node.threads", "0");
    home_set(&h, "request.deadline", "10m");
    h.use_env = &world;
    home_open(&h);
    id = submit(h.node, NULL);
    assert_int_equal(provernet_wait(h.node, &q, id, 5, &err),
                     PROVERNET_ERR_TIMEOUT);
    clock_ms += 599999;
    provernet_step(h.node, clock_ms);
    assert_int_equal(provernet_wait(h.node, &q, id, 0, NULL), 0);
    assert_int_equal(q.state, PROVERNET_QUEUED);
    clock_ms += 1;
    provernet_step(h.node, clock_ms);
    assert_int_equal(provernet_wait(h.node, &q, id, 0, NULL), 0);
    assert_int_equal(q.state, PROVERNET_FAILED);
    assert_int_equal(q.cause, PROVERNET_CAUSE_EXPIRED);
    home_remove(&h);
}

static void a_clock_set_back_stops_nothing(void **state)
{
    provernet_env world = { .struct_size = sizeof world,
                            .now_ms = virtual_now };
    int64_t next;
    home h;
    (void)state;

    clock_ms = 1700000000000;
    home_make(&h);
    home_set(&h, "node.threads", "0");
    h.use_env = &world;
    home_open(&h);
    provernet_step(h.node, clock_ms);
    clock_ms -= 86400000;
    next = provernet_step(h.node, clock_ms);
    assert_true(next <= clock_ms + 1000);
    (void)submit(h.node, NULL);
    home_remove(&h);
}

/* ---- waiting ---- */

/* The machine's clock until it is stopped. */
static atomic_llong stopped_ms;
static int64_t stoppable_now(void *user)
{
    struct timespec t;

    (void)user;
    clock_gettime(CLOCK_REALTIME, &t);
    return atomic_load(&stopped_ms)
               ? atomic_load(&stopped_ms)
               : (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *settle_soon(void *arg)
{
    home *h = arg;
    provernet_id id;

    usleep(50000);
    memcpy(id.bytes, h + 1, sizeof id.bytes);
    return provernet_cancel(h->node, id, NULL) == PROVERNET_OK ? NULL : arg;
}

static void wait_hears_of_the_end_at_once(void **state)
{
    provernet_env world = { .struct_size = sizeof world,
                            .now_ms = stoppable_now };
    provernet_request q = { .struct_size = sizeof q };
    struct {
        home h;
        provernet_id id;
    } x;
    provernet_error err = { 0 };
    provernet_id nobody = { { 9 } };
    void *failed;
    pthread_t t;
    (void)state;

    home_make(&x.h);
    x.h.use_env = &world;
    home_open(&x.h);
    x.id = submit(x.h.node, NULL);
    assert_int_equal(provernet_wait(x.h.node, &q, nobody, -1, &err),
                     PROVERNET_ERR_NOT_FOUND);
    assert_int_equal(provernet_wait(x.h.node, &q, x.id, 30, &err),
                     PROVERNET_ERR_TIMEOUT);
    assert_int_equal(q.state, PROVERNET_QUEUED);
    /* Woken, not found by the look that comes every second: on a clock that
     * stands still it never comes. */
    atomic_store(&stopped_ms, stoppable_now(NULL));
    pthread_create(&t, NULL, settle_soon, &x);
    assert_int_equal(provernet_wait(x.h.node, &q, x.id, -1, &err), 0);
    assert_int_equal(q.state, PROVERNET_FAILED);
    assert_int_equal(q.cause, PROVERNET_CAUSE_CANCELLED);
    pthread_join(t, &failed);
    assert_null(failed);
    assert_int_equal(provernet_cancel(x.h.node, x.id, &err),
                     PROVERNET_ERR_STATE);
    atomic_store(&stopped_ms, 0);
    home_remove(&x.h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_a_hundred_times_leaves_nothing),
        cmocka_unit_test(a_restart_keeps_requests_artifacts_and_the_ticket_key),
        cmocka_unit_test(a_second_opener_is_told_who_has_it),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(a_child_of_a_fork_is_told_so),
        cmocka_unit_test(draining_takes_nothing_new),
        cmocka_unit_test(without_threads_the_host_steps),
        cmocka_unit_test(a_request_expires_by_itself),
        cmocka_unit_test(a_clock_set_back_stops_nothing),
        cmocka_unit_test(wait_hears_of_the_end_at_once),
    };

    count_threads_of_main();
    return cmocka_run_group_tests_name("node/life", tests, NULL, NULL);
}
