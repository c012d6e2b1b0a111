/* tests/unit/state/rows_test.c - every table in and out of SQLite, whole and
 * column by column; schema; opening; time; events. */
#include "fault/vfs_fault.h"
#include "support.h"
#include "test.h"
#include <provernet/request.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 5 };

typedef union any_row {
#define X(NAME, name, sql) pvn_##name name;
    PVN_TABLES(X)
#undef X
    pvn_row row;
} any_row;

static void make_rows(home *h, pvn_table table)
{
    batch_begin(h);
    for (uint64_t i = 0; i < ROWS; i++) {
        any_row key = { 0 };
        pvn_row *row;

        row_fill(&h->arena, table, &key, i + 1, true, false);
        row = row_make(h, table, &key);
        row_fill(&h->arena, table, row, i + 1, false, true);
    }
    assert_ok(batch_commit(h));
}

static void check_rows(home *h, pvn_table table)
{
    batch_begin(h);
    for (uint64_t i = 0; i < ROWS; i++) {
        any_row want = { 0 };
        const pvn_row *got;

        row_fill(&h->arena, table, &want, i + 1, true, true);
        got = row_get(h, table, &want);
        assert_non_null(got);
        assert_null(row_differs(table, &want, got));
    }
    batch_drop(h);
}

static void every_table_comes_back_after_reopening(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    for (int t = 0; t < PVN_TABLES_LEN; t++)
        make_rows(&h, (pvn_table)t);
    home_close(&h);
    home_open(&h);
    for (int t = 0; t < PVN_TABLES_LEN; t++)
        check_rows(&h, (pvn_table)t);
    home_remove(&h);
}

/* Change column i of row 1 and nothing else. */
static void change_one(home *h, pvn_table table, size_t i)
{
    const pvn_table_info *t = &pvn_table_infos[table];
    any_row key = { 0 }, other = { 0 }, want;
    pvn_row *row;
    size_t end = i + 1 < t->columns ? t->column[i + 1].offset : t->row_bytes;
    size_t at = t->column[i].offset;

    batch_begin(h);
    row_fill(&h->arena, table, &key, 1, true, false);
    row_fill(&h->arena, table, &other, 100 + i, false, true);
    row = row_get(h, table, &key);
    assert_non_null(row);
    memcpy((char *)row + at, (char *)&other + at, end - at);
    memcpy(&want, row, t->row_bytes);
    pvn_rows_touch(&h->rows, row);
    assert_ok(batch_store(h));
    assert_ok(h->st->ops->commit(h->st, &h->err));
    pvn_rows_free(&h->rows);

    pvn_arena keep = h->arena; /* want points into it */
    memset(&h->arena, 0, sizeof h->arena);
    batch_begin(h);
    row = row_get(h, table, &want);
    assert_non_null(row);
    assert_null(row_differs(table, &want, row));
    batch_drop(h);
    pvn_arena_free(&keep);
}

static void each_column_can_change_alone(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    for (int t = 0; t < PVN_TABLES_LEN; t++) {
        make_rows(&h, (pvn_table)t);
        for (size_t i = pvn_table_infos[t].keys; i < pvn_table_infos[t].columns;
             i++)
            change_one(&h, (pvn_table)t, i);
    }
    home_remove(&h);
}

static void absent_values_stay_absent(void **state)
{
    home h;
    pvn_request key = { .id = id_of(1) }, *r;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    r = row_make(&h, PVN_REQUEST, &key);
    r->name = pvn_bytes_of("", 0);
    r->why = "";
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    r = row_get(&h, PVN_REQUEST, &key);
    assert_non_null(r);
    assert_non_null(r->name.data);
    assert_int_equal(r->name.len, 0);
    assert_null(r->dedup.data);
    assert_null(r->kind);
    assert_string_equal(r->why, "");
    assert_true(pvn_id_none(&r->proof));
    key.id = id_of(2);
    assert_null(row_get(&h, PVN_REQUEST, &key));
    assert_true(
        pvn_rows_known(
            &h.rows,
            &(pvn_request){ .row.table = PVN_REQUEST, .id = id_of(2) }.row)
            ->absent);
    batch_drop(&h);
    home_remove(&h);
}

static void deleted_rows_are_gone_and_their_names_free(void **state)
{
    home h;
    pvn_account one = { .address = { 1 } }, two = { .address = { 2 } }, *a;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    a = row_make(&h, PVN_ACCOUNT, &one);
    a->name = "alice";
    assert_ok(batch_commit(&h));

    batch_begin(&h);
    /* made first, stored last: the name is free by then */
    a = row_make(&h, PVN_ACCOUNT, &two);
    a->name = "alice";
    a = row_get(&h, PVN_ACCOUNT, &one);
    pvn_rows_delete(&h.rows, &a->row);
    assert_ok(batch_commit(&h));

    batch_begin(&h);
    assert_null(row_get(&h, PVN_ACCOUNT, &one));
    assert_non_null(row_get(&h, PVN_ACCOUNT, &two));
    batch_drop(&h);
    home_remove(&h);
}

static void a_rolled_back_batch_leaves_nothing(void **state)
{
    home h;
    pvn_account key = { .address = { 1 } };
    pvn_want *w;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    row_make(&h, PVN_ACCOUNT, &key);
    pvn_rows_event(&h.rows, h.now_ms, "x", NULL, NULL, NULL, NULL);
    assert_ok(batch_store(&h));
    batch_drop(&h);
    batch_begin(&h);
    assert_null(row_get(&h, PVN_ACCOUNT, &key));
    w = row_scan(&h, (pvn_want){ .scan = PVN_EVENTS_SINCE, .limit = 10 });
    assert_int_equal(w->found_len, 0);
    batch_drop(&h);
    home_remove(&h);
}

/* The new rows of a table go in with one statement: if one of them cannot, none
 * of the batch stays, those before it included. */
static void one_bad_row_of_many_leaves_nothing(void **state)
{
    home h;
    pvn_want *w;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    for (uint8_t i = 1; i <= 5; i++) {
        pvn_account key = { .address = { i } }, *a;

        a = row_make(&h, PVN_ACCOUNT, &key);
        a->name = i == 2 || i == 4 ? "alice" : NULL;
    }
    pvn_rows_event(&h.rows, h.now_ms, "x", NULL, NULL, NULL, NULL);
    assert_true(batch_store(&h) < 0);
    batch_drop(&h);
    batch_begin(&h);
    for (uint8_t i = 1; i <= 5; i++) {
        pvn_account key = { .address = { i } };

        assert_null(row_get(&h, PVN_ACCOUNT, &key));
    }
    w = row_scan(&h, (pvn_want){ .scan = PVN_EVENTS_SINCE, .limit = 10 });
    assert_int_equal(w->found_len, 0);
    batch_drop(&h);
    home_remove(&h);
}

static void a_batch_without_changes_does_not_touch_the_disk(void **state)
{
    home h;
    pvn_account key = { .address = { 1 } }, *a;
    (void)state;

    assert_true(vfs_fault_install());
    home_make(&h);
    batch_begin(&h);
    row_make(&h, PVN_ACCOUNT, &key);
    assert_ok(batch_commit(&h));

    vfs_fault_arm(VFS_ANY, 0, false, false);
    batch_begin(&h);
    a = row_get(&h, PVN_ACCOUNT, &key);
    pvn_rows_touch(&h.rows, &a->row); /* touched, not changed */
    assert_ok(batch_commit(&h));
    assert_int_equal(vfs_fault_calls(), 0);

    batch_begin(&h);
    a = row_get(&h, PVN_ACCOUNT, &key);
    a->nonce = 1;
    pvn_rows_touch(&h.rows, &a->row);
    assert_ok(batch_commit(&h));
    assert_true(vfs_fault_calls() > 0);
    home_remove(&h);
}

/* ---- schema and opening ---- */

static void the_schema_has_exactly_the_columns_of_the_rows(void **state)
{
    home h;
    sqlite3 *db;
    (void)state;

    home_make(&h);
    home_close(&h);
    assert_int_equal(sqlite3_open(h.path, &db), SQLITE_OK);
    for (int t = 0; t < PVN_TABLES_LEN; t++) {
        const pvn_table_info *info = &pvn_table_infos[t];
        static const char *const type[] = { "INTEGER", "BLOB", "BLOB", "BLOB",
                                            "TEXT" };
        sqlite3_stmt *stmt;
        char sql[80];
        size_t n = 0;

        snprintf(sql, sizeof sql, "PRAGMA table_info(%s)", info->name);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), 0);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            assert_true(n < info->columns);
            assert_string_equal(sqlite3_column_text(stmt, 1),
                                info->column[n].name);
            assert_string_equal(sqlite3_column_text(stmt, 2),
                                type[info->column[n].type]);
            assert_int_equal(sqlite3_column_int(stmt, 5) > 0,
                             info->column[n].key);
            n++;
        }
        assert_int_equal(n, info->columns);
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    home_remove(&h);
}

static void run_sql(const home *h, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    home_close(&h);
    run_sql(&h, "UPDATE settings SET value = CAST('99' AS BLOB)"
                " WHERE name = 'schema'");
    assert_int_equal(home_try_open(&h), PROVERNET_ERR_SCHEMA);
    assert_null(h.st);
    assert_non_null(strstr(h.err.message, "99"));
    run_sql(&h, "UPDATE settings SET value = CAST('1' AS BLOB)"
                " WHERE name = 'schema'");
    home_open(&h);
    home_remove(&h);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    home h;
    FILE *f;
    (void)state;

    home_make(&h);
    home_close(&h);
    f = fopen(h.path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 5000; i++)
        fputs("not a database ", f);
    fclose(f);
    assert_int_equal(home_try_open(&h), PROVERNET_ERR_CORRUPT);
    assert_non_null(strstr(h.err.message, h.path));
    home_remove(&h);
}

static void someone_elses_database_is_refused(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    home_close(&h);
    run_sql(&h, "DELETE FROM settings");
    assert_int_equal(home_try_open(&h), PROVERNET_ERR_CORRUPT);
    home_remove(&h);
}

static void a_missing_directory_is_an_error(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    home_close(&h);
    pvn_state *st;
    assert_int_equal(
        pvn_state_sqlite_open(&st, "/nonexistent/x/state.db", &h.env, &h.err),
        PROVERNET_ERR_IO);
    assert_null(st);
    home_remove(&h);
}

static void a_second_process_is_refused_with_the_pid_of_the_first(void **state)
{
    home h;
    char pid[32];
    int status, ends[2];
    provernet_error err = { 0 };
    (void)state;

    home_make(&h);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pvn_state *st;
        provernet_status s = pvn_state_sqlite_open(&st, h.path, &h.env, &err);

        if (write(ends[1], &err, sizeof err) != (ssize_t)sizeof err)
            _exit(2);
        _exit(s == PROVERNET_ERR_STATE ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &err, sizeof err), sizeof err);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_non_null(strstr(err.message, pid));

    pvn_state *st; /* nor may the same process twice */
    assert_int_equal(pvn_state_sqlite_open(&st, h.path, &h.env, &err),
                     PROVERNET_ERR_STATE);
    home_close(&h);
    home_open(&h); /* the lock went with the first */
    home_remove(&h);
}

/* ---- time, events, gauges ---- */

static int64_t fake_ms;

static int64_t fake_now(void *user)
{
    (void)user;
    return fake_ms;
}

static void time_never_goes_back_not_even_over_a_restart(void **state)
{
    home h;
    provernet_env env = { .struct_size = sizeof env, .now_ms = fake_now };
    (void)state;

    home_make(&h);
    home_close(&h);
    pvn_env_init(&h.env, &env);
    fake_ms = 5000;
    home_open(&h);
    batch_begin(&h);
    assert_int_equal(h.now_ms, 5000);
    pvn_rows_event(&h.rows, h.now_ms, "x", NULL, NULL, NULL, NULL);
    assert_ok(batch_commit(&h));
    fake_ms = 4000;
    batch_begin(&h);
    assert_int_equal(h.now_ms, 5000);
    batch_drop(&h);
    home_close(&h);
    home_open(&h);
    batch_begin(&h);
    assert_int_equal(h.now_ms, 5000);
    batch_drop(&h);
    fake_ms = 6000;
    batch_begin(&h);
    assert_int_equal(h.now_ms, 6000);
    batch_drop(&h);
    home_remove(&h);
}

static void events_are_numbered_read_and_pruned_from_the_oldest(void **state)
{
    home h;
    provernet_id a = id_of(1), b = id_of(2);
    pvn_want *w;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    for (int i = 0; i < 10; i++)
        pvn_rows_event(&h.rows, 1000 + i, "t", i % 2 ? &a : &b, NULL, &a,
                       i == 3 ? "{\"x\":1}" : NULL);
    assert_ok(batch_commit(&h));

    batch_begin(&h);
    w = row_scan(&h,
                 (pvn_want){ .scan = PVN_EVENTS_SINCE, .int1 = 2, .limit = 3 });
    assert_int_equal(w->found_len, 3);
    assert_int_equal(w->events->seq, 3);
    assert_int_equal(w->events->next->seq, 4);
    assert_string_equal(w->events->next->detail, "{\"x\":1}");
    assert_true(pvn_id_equal(&w->events->worker, &a));
    w = row_scan(&h, (pvn_want){ .scan = PVN_EVENTS_OF_REQUEST,
                                 .id1 = a,
                                 .int1 = 4,
                                 .limit = 100 });
    assert_int_equal(w->found_len, 3); /* 6, 8, 10 */
    assert_int_equal(w->events->seq, 6);
    h.rows.prune_events_ms = 1004;
    assert_ok(batch_commit(&h));

    batch_begin(&h);
    w = row_scan(&h, (pvn_want){ .scan = PVN_EVENTS_SINCE, .limit = 100 });
    assert_int_equal(w->found_len, 6);
    assert_int_equal(w->events->seq, 5);
    h.rows.prune_events_ms = INT64_MAX; /* all, but the newest stays */
    assert_ok(batch_commit(&h));
    home_close(&h);
    home_open(&h);
    batch_begin(&h);
    pvn_rows_event(&h.rows, 2000, "t", NULL, NULL, NULL, NULL);
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    w = row_scan(&h, (pvn_want){ .scan = PVN_EVENTS_SINCE, .limit = 100 });
    assert_int_equal(w->found_len, 2);
    assert_int_equal(w->events->seq, 10);
    assert_int_equal(w->events->next->seq, 11);
    batch_drop(&h);
    home_remove(&h);
}

static void set_request(home *h, uint64_t n, const char *kind, int64_t state)
{
    pvn_request key = { .id = id_of(n) }, *r;

    r = row_get(h, PVN_REQUEST, &key);
    if (!r)
        r = row_make(h, PVN_REQUEST, &key);
    r->kind = kind;
    r->state = state;
    pvn_rows_touch(&h->rows, &r->row);
}

static void expect_gauges(home *h, const char *json)
{
    const char *got;

    batch_begin(h);
    assert_ok(h->st->ops->count(h->st, &h->arena, &got, &h->err));
    assert_string_equal(got, json);
    batch_drop(h);
}

static void gauges_follow_the_writes_and_the_rollbacks(void **state)
{
    static const char three[] =
        "{\"requests\":[{\"kind\":\"a\",\"queued\":1,\"running\":1,"
        "\"verifying\":0},{\"kind\":\"b\",\"queued\":0,\"running\":0,"
        "\"verifying\":1}]}";
    home h;
    (void)state;

    home_make(&h);
    expect_gauges(&h, "{\"requests\":[]}");
    batch_begin(&h);
    set_request(&h, 1, "a", PROVERNET_QUEUED);
    set_request(&h, 2, "a", PROVERNET_RUNNING);
    set_request(&h, 3, "b", PROVERNET_VERIFYING);
    set_request(&h, 4, "b", PROVERNET_FULFILLED);
    assert_ok(batch_commit(&h));
    home_close(&h);
    home_open(&h);
    expect_gauges(&h, three);
    batch_begin(&h);
    set_request(&h, 1, "a", PROVERNET_FAILED);
    assert_ok(batch_store(&h));
    batch_drop(&h);
    expect_gauges(&h, three);
    batch_begin(&h);
    set_request(&h, 1, "a", PROVERNET_RUNNING);
    set_request(&h, 3, "b", PROVERNET_FULFILLED);
    assert_ok(batch_commit(&h));
    expect_gauges(&h, "{\"requests\":[{\"kind\":\"a\",\"queued\":0,"
                      "\"running\":2,\"verifying\":0}]}");
    home_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_comes_back_after_reopening),
        cmocka_unit_test(each_column_can_change_alone),
        cmocka_unit_test(absent_values_stay_absent),
        cmocka_unit_test(deleted_rows_are_gone_and_their_names_free),
        cmocka_unit_test(a_rolled_back_batch_leaves_nothing),
        cmocka_unit_test(one_bad_row_of_many_leaves_nothing),
        cmocka_unit_test(a_batch_without_changes_does_not_touch_the_disk),
        cmocka_unit_test(the_schema_has_exactly_the_columns_of_the_rows),
        cmocka_unit_test(a_newer_schema_is_refused_and_left_alone),
        cmocka_unit_test(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(someone_elses_database_is_refused),
        cmocka_unit_test(a_missing_directory_is_an_error),
        cmocka_unit_test(a_second_process_is_refused_with_the_pid_of_the_first),
        cmocka_unit_test(time_never_goes_back_not_even_over_a_restart),
        cmocka_unit_test(events_are_numbered_read_and_pruned_from_the_oldest),
        cmocka_unit_test(gauges_follow_the_writes_and_the_rollbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
