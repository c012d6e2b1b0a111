/* tests/unit/state/crash_test.c - disks that fail and processes that die:
 * what was committed is there, what was not is not, whole batches only. */
#include "fault/vfs_fault.h"
#include "support.h"
#include "test.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const pvn_account left = { .address = { 1 } };
static const pvn_account right = { .address = { 2 } };

/* One batch: both accounts get the number n, and an event says so. */
static provernet_status write_batch(home *h, int64_t n)
{
    provernet_status s;
    const pvn_account *keys[2] = { &left, &right };

    memset(&h->err, 0, sizeof h->err);
    pvn_arena_reset(&h->arena);
    pvn_rows_init(&h->rows, &h->arena);
    s = h->st->ops->begin(h->st, &h->now_ms, &h->err);
    for (int i = 0; i < 2 && !s; i++) {
        pvn_account key = *keys[i], *a;
        pvn_want want = { .scan = PVN_GET,
                          .table = PVN_ACCOUNT,
                          .key_row = &key.row };

        key.row.table = PVN_ACCOUNT;
        s = h->st->ops->load(h->st, &h->rows, &want, &h->err);
        if (s)
            break;
        a = want.found_len ? (pvn_account *)(void *)want.found[0]
                           : (void *)pvn_rows_make(&h->rows, &key.row);
        a->nonce = n;
        pvn_rows_touch(&h->rows, &a->row);
    }
    if (!s) {
        pvn_rows_event(&h->rows, h->now_ms, "n", NULL, NULL, NULL, NULL);
        s = h->st->ops->store(h->st, &h->rows, &h->err);
    }
    if (!s)
        s = h->st->ops->commit(h->st, &h->err);
    if (s)
        h->st->ops->rollback(h->st);
    pvn_rows_free(&h->rows);
    return s;
}

/* The number that both accounts have; fails if they differ. */
static int64_t read_number(home *h)
{
    const pvn_account *a, *b;
    const pvn_want *w;
    int64_t n;

    batch_begin(h);
    a = row_get(h, PVN_ACCOUNT, &left);
    b = row_get(h, PVN_ACCOUNT, &right);
    assert_int_equal(!a, !b);
    n = a ? a->nonce : 0;
    if (b)
        assert_int_equal(b->nonce, n);
    w = row_scan(h, (pvn_want){ .scan = PVN_EVENTS_SINCE, .limit = 100000 });
    assert_int_equal(w->found_len, n);
    batch_drop(h);
    return n;
}

static void fail_each(int kinds, bool full)
{
    bool more = true;

    for (long n = 1; more; n++) {
        home h;
        int64_t sure = 0;
        provernet_status s = PROVERNET_OK;

        home_make(&h);
        vfs_fault_arm(kinds, n, false, full);
        while (!s && sure < 6)
            if ((s = write_batch(&h, sure + 1)) == 0)
                sure++;
        more = vfs_fault_hit();
        assert_int_equal(s != 0, more);
        if (more) {
            assert_int_equal(s, full ? PROVERNET_ERR_SPACE : PROVERNET_ERR_IO);
            assert_true(h.err.message[0] != 0);
            /* nothing is believed before it is opened again */
            assert_int_equal(write_batch(&h, 99), PROVERNET_ERR_IO);
            assert_non_null(strstr(h.err.message, "out of service"));
        }
        home_close(&h);
        vfs_fault_arm(0, 0, false, false);
        home_open(&h);
        int64_t found = read_number(&h);
        /* the batch that failed may have reached the disk, but whole */
        assert_true(found == sure || (more && found == sure + 1));
        assert_ok(write_batch(&h, found + 1));
        home_remove(&h);
        assert_true(n < 500);
    }
}

static void a_failing_write_leaves_no_half_batch(void **state)
{
    (void)state;
    fail_each(VFS_WRITE, false);
}

static void a_full_disk_leaves_no_half_batch(void **state)
{
    (void)state;
    fail_each(VFS_WRITE, true);
}

static void a_failing_sync_leaves_no_half_batch(void **state)
{
    (void)state;
    fail_each(VFS_SYNC, false);
}

static void opening_on_a_failing_disk_says_so_and_can_be_repeated(void **state)
{
    bool more = true;
    (void)state;

    for (long n = 1; more; n++) {
        home h;

        home_make(&h);
        home_close(&h);
        remove(h.path);
        vfs_fault_arm(VFS_ANY, n, false, false);
        provernet_status s = home_try_open(&h);
        more = vfs_fault_hit();
        if (s) {
            assert_int_equal(s, PROVERNET_ERR_IO);
            assert_null(h.st);
        }
        home_close(&h);
        vfs_fault_arm(0, 0, false, false);
        home_open(&h);
        assert_ok(write_batch(&h, 1));
        home_remove(&h);
        assert_true(n < 500);
    }
}

static void a_full_disk_at_a_checkpoint_only_delays_it(void **state)
{
    home h;
    int64_t n = 0;
    (void)state;

    home_make(&h);
    vfs_fault_arm(VFS_DATABASE, 1, false, true);
    while (!vfs_fault_hit()) {
        assert_true(n < 20000);
        assert_ok(write_batch(&h, ++n));
    }
    for (int i = 0; i < 10; i++)
        assert_ok(write_batch(&h, ++n));
    vfs_fault_arm(0, 0, false, false);
    assert_int_equal(read_number(&h), n);
    home_close(&h);
    home_open(&h);
    assert_int_equal(read_number(&h), n);
    home_remove(&h);
}

/* The child: batches without end; says each number once it is committed. */
static void child_writes(home *h, int to)
{
    int64_t n = 0;
    pvn_env env = h->env;

    if (pvn_state_sqlite_open(&h->st, h->path, &env, &h->err) != 0)
        _exit(1);
    pvn_arena_reset(&h->arena);
    n = read_number(h);
    for (;;) {
        if (write_batch(h, ++n) != 0 || write(to, &n, sizeof n) != sizeof n)
            _exit(2);
    }
}

static void killed_processes_lose_nothing_committed(void **state)
{
    home h;
    uint32_t seed = 12345;
    (void)state;

    home_make(&h);
    home_close(&h);
    for (int round = 0; round < 25; round++) {
        int ends[2], status;
        int64_t n, sure = 0;
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            child_writes(&h, ends[1]);
        }
        close(ends[1]);
        seed = seed * 1103515245 + 12345;
        /* after the first answers, at a moment of its own */
        assert_int_equal(read(ends[0], &sure, sizeof sure), sizeof sure);
        usleep(seed >> 8 & 0x3fff);
        kill(child, SIGKILL);
        while (read(ends[0], &n, sizeof n) == (ssize_t)sizeof n)
            sure = n;
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        home_open(&h);
        n = read_number(&h);
        assert_true(n == sure || n == sure + 1);
        home_close(&h);
    }
    home_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_write_leaves_no_half_batch),
        cmocka_unit_test(a_full_disk_leaves_no_half_batch),
        cmocka_unit_test(a_failing_sync_leaves_no_half_batch),
        cmocka_unit_test(opening_on_a_failing_disk_says_so_and_can_be_repeated),
        cmocka_unit_test(a_full_disk_at_a_checkpoint_only_delays_it),
        cmocka_unit_test(killed_processes_lose_nothing_committed),
    };
    if (!vfs_fault_install())
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
