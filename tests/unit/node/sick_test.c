/* tests/unit/node/sick_test.c - the disk fails at a commit: what was in doubt
 * is refused, the database is opened again, and life goes on. */
#include "entry.h"
#include <provernet/request.h>
#include <unistd.h>

/* A state over SQLite whose commits can be made to fail. */
typedef struct flaky {
    pvn_state st;
    pvn_state *inner;
} flaky;

static atomic_int fail_commits; /* so many more commits with changes fail */
static atomic_int fail_opens;
static atomic_int opens, commits, closes;
static bool stored; /* this batch has changes; the core's thread only */

static provernet_status f_begin(pvn_state *st, int64_t *now,
                                provernet_error *err)
{
    stored = false;
    return ((flaky *)st)->inner->ops->begin(((flaky *)st)->inner, now, err);
}
static provernet_status f_load(pvn_state *st, pvn_rows *rows, pvn_want *w,
                               provernet_error *err)
{
    return ((flaky *)st)->inner->ops->load(((flaky *)st)->inner, rows, w, err);
}
static provernet_status f_store(pvn_state *st, pvn_rows *rows,
                                provernet_error *err)
{
    for (const pvn_row *r = rows->first; r; r = r->next)
        stored |= r->dirty || r->deleted;
    return ((flaky *)st)->inner->ops->store(((flaky *)st)->inner, rows, err);
}
static provernet_status f_commit(pvn_state *st, provernet_error *err)
{
    if (stored)
        atomic_fetch_add(&commits, 1);
    if (stored && atomic_load(&fail_commits) > 0) {
        atomic_fetch_sub(&fail_commits, 1);
        return pvn_fail(err, PROVERNET_ERR_IO, 5, "the disk says no");
    }
    return ((flaky *)st)->inner->ops->commit(((flaky *)st)->inner, err);
}
static void f_rollback(pvn_state *st)
{
    ((flaky *)st)->inner->ops->rollback(((flaky *)st)->inner);
}
static provernet_status f_count(pvn_state *st, pvn_arena *a, const char **json,
                                provernet_error *err)
{
    return ((flaky *)st)->inner->ops->count(((flaky *)st)->inner, a, json, err);
}
static void f_close(pvn_state *st)
{
    flaky *f = (flaky *)st;

    atomic_fetch_add(&closes, 1);
    f->inner->ops->close(f->inner);
    free(f);
}
static const pvn_state_ops flaky_ops = { f_begin,    f_load,  f_store, f_commit,
                                         f_rollback, f_count, f_close };

static provernet_status flaky_open(void *user, pvn_state **out,
                                   const char *path, const pvn_env *env,
                                   provernet_error *err)
{
    flaky *f;
    provernet_status s;

    (void)user;
    atomic_fetch_add(&opens, 1);
    if (atomic_load(&fail_opens) > 0) {
        atomic_fetch_sub(&fail_opens, 1);
        return pvn_fail(err, PROVERNET_ERR_IO, 5, "still no disk");
    }
    f = calloc(1, sizeof *f);
    f->st.ops = &flaky_ops;
    f->st.quick = f->st.alone = true;
    s = pvn_state_sqlite_open(&f->inner, path, env, err);
    if (s != PROVERNET_OK)
        free(f);
    else
        *out = &f->st;
    return s;
}

static int64_t clock_ms;
static int64_t virtual_now(void *user)
{
    (void)user;
    return clock_ms;
}

static void home_make_flaky(home *h)
{
    atomic_store(&fail_commits, 0);
    atomic_store(&fail_opens, 0);
    atomic_store(&opens, 0);
    atomic_store(&commits, 0);
    atomic_store(&closes, 0);
    home_make(h);
    h->cfg.open_state = flaky_open;
}

static void a_failed_commit_makes_sick_and_is_never_repeated(void **state)
{
    static const provernet_env world = { .struct_size = sizeof world,
                                         .now_ms = virtual_now };
    provernet_request q = { .struct_size = sizeof q };
    provernet_wish w = { .struct_size = sizeof w, .kind = "test/wait@1" };
    provernet_error err = { 0 };
    provernet_id before, id;
    const char *why;
    int had;
    home h;
    (void)state;

    clock_ms = 1700000000000;
    home_make_flaky(&h);
    home_set(&h, "node.threads", "0");
    h.use_env = &world;
    home_open(&h);
    before = submit(h.node, NULL);
    w.program = put_artifact(h.node, "program", "p");

    atomic_store(&fail_commits, 1);
    atomic_store(&fail_opens, 2);
    had = atomic_load(&commits);
    assert_int_equal(provernet_submit(h.node, &id, &w, &err),
                     PROVERNET_ERR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "the disk says no"));
    assert_int_equal(atomic_load(&commits), had + 1); /* not tried again */
    assert_int_equal(atomic_load(&closes), 1);
    assert_int_equal(pvn_node_health(h.node, &why), PVN_SICK);

    /* everybody is refused meanwhile, reads too, and is told why */
    assert_int_equal(provernet_wait(h.node, &q, before, 0, &err),
                     PROVERNET_ERR_UNAVAILABLE);
    assert_non_null(strstr(err.message, "the disk says no"));
    /* once a second it is tried: two openings fail, the third does not */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&opens), 1 + i);
        provernet_step(h.node, clock_ms);
        assert_int_equal(atomic_load(&opens), 1 + i);
        clock_ms += 1000;
        provernet_step(h.node, clock_ms);
    }
    assert_int_equal(atomic_load(&opens), 4);
    assert_int_equal(pvn_node_health(h.node, NULL), PVN_SERVING);
    assert_int_equal(provernet_wait(h.node, &q, before, 0, &err), 0);
    assert_int_equal(q.state, PROVERNET_QUEUED);
    assert_int_equal(provernet_submit(h.node, &id, &w, &err), 0);
    home_remove(&h);
}

static void with_threads_it_heals_by_itself(void **state)
{
    provernet_inbox *in;
    provernet_ready ready[64];
    provernet_call *c[40];
    static reply r;
    int refused = 0;
    home h;
    (void)state;

    home_make_flaky(&h);
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
    atomic_store(&fail_commits, 1);
    for (int i = 0; i < 40; i++)
        c[i] = call_start(in, "/pair/0", "", 0, (uint64_t)i);
    for (size_t got = 0; got < 40;)
        got += provernet_inbox_next(in, ready, 64, PATIENCE_MS);
    for (int i = 0; i < 40; i++) {
        memset(&r, 0, sizeof r);
        assert_true(call_collect(c[i], &r));
        refused += strcmp(r.body, "ERR_UNAVAILABLE ERR_UNAVAILABLE") == 0;
        provernet_call_close(c[i]);
    }
    assert_true(refused > 0);
    AWAIT((call_get(in, "/health", "", 0, &r), r.status == 200));
    assert_string_equal(r.body, "serving");
    call_get(in, "/pair/0", "", 0, &r);
    assert_string_equal(r.body, "OK OK");
    provernet_inbox_close(in);
    home_remove(&h);
}

static void reads_alone_do_not_touch_the_disk(void **state)
{
    provernet_inbox *in;
    static reply r;
    int had;
    home h;
    (void)state;

    home_make_flaky(&h);
    home_open(&h);
    assert_int_equal(provernet_inbox_open(h.node, &in, NULL), 0);
    call_get(in, "/pair/0", "", 0, &r);
    had = atomic_load(&commits);
    for (int i = 0; i < 200; i++)
        call_get(in, "/read", "", 0, &r);
    assert_int_equal(atomic_load(&commits), had);
    provernet_inbox_close(in);
    home_remove(&h);
}

static void a_disk_that_fails_at_open_is_the_openers_error(void **state)
{
    provernet_error err = { 0 };
    provernet *n;
    home h;
    (void)state;

    home_make_flaky(&h);
    atomic_store(&fail_opens, 1);
    assert_int_equal(pvn_node_open(&n, &h.cfg, &err), PROVERNET_ERR_IO);
    assert_string_equal(err.message, "still no disk");
    atomic_store(&fail_commits, 1);
    assert_int_equal(pvn_node_open(&n, &h.cfg, &err),
                     PROVERNET_ERR_UNAVAILABLE);
    home_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_commit_makes_sick_and_is_never_repeated),
        cmocka_unit_test(with_threads_it_heals_by_itself),
        cmocka_unit_test(reads_alone_do_not_touch_the_disk),
        cmocka_unit_test(a_disk_that_fails_at_open_is_the_openers_error),
    };

    return cmocka_run_group_tests_name("node/sick", tests, NULL, NULL);
}
