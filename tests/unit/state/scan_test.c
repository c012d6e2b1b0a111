/* tests/unit/state/scan_test.c - every scan gives the right rows in the right
 * order, and none walks a whole table. */
#include "state/sqlite_state.h"
#include "support.h"
#include "test.h"
#include <provernet/request.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pvn_task *task(home *h, uint64_t n, const char *kind, int64_t state,
                      int64_t due_ms)
{
    pvn_task key = { .id = id_of(n) };
    pvn_task *t = row_make(h, PVN_TASK, &key);

    t->request = id_of(1000 + n % 2);
    t->name = pvn_arena_format(&h->arena, "task-%d", (int)n);
    t->kind = kind;
    t->state = state;
    t->due_ms = due_ms;
    return t;
}

static pvn_request *request(home *h, uint64_t n, int64_t created_ms,
                            int64_t state)
{
    pvn_request key = { .id = id_of(n) };
    pvn_request *r = row_make(h, PVN_REQUEST, &key);

    r->created_ms = created_ms;
    r->state = state;
    r->kind = "k";
    r->assignable_ms = 1;
    r->deadline_ms = 1000000;
    return r;
}

/* The ids found, as numbers of id_of, must be exactly these. */
static void expect(const pvn_want *w, const char *numbers)
{
    char got[200] = "";

    for (size_t i = 0; i < w->found_len; i++) {
        provernet_id id = { { 0 } };
        size_t at = strlen(got);

        memcpy(&id,
               (char *)w->found[i] + pvn_table_infos[w->table].column[0].offset,
               sizeof id);
        snprintf(got + at, sizeof got - at, "%s%llu", i ? " " : "",
                 (unsigned long long)pvn_get_u64be(id.bytes + 8));
    }
    assert_string_equal(got, numbers);
}

static void ready_tasks_come_by_due_time_and_fit_the_memory(void **state)
{
    home h;
    pvn_want w = {
        .scan = PVN_TASKS_READY, .text1 = "a", .int1 = 500, .limit = 10
    };
    (void)state;

    home_make(&h);
    batch_begin(&h);
    task(&h, 1, "a", PVN_TASK_READY, 30);
    task(&h, 2, "a", PVN_TASK_READY, 10)->memory_bytes = 100;
    task(&h, 3, "a", PVN_TASK_READY, 20)->not_before_ms = 501;
    task(&h, 4, "b", PVN_TASK_READY, 5);
    task(&h, 5, "a", PVN_TASK_LEASED, 1);
    task(&h, 6, "a", PVN_TASK_READY, 30);
    task(&h, 7, "c", PVN_TASK_READY, 15);
    assert_ok(batch_commit(&h));

    batch_begin(&h);
    expect(row_scan(&h, w), "2 1 6");
    w.int2 = 99;
    expect(row_scan(&h, w), "1 6");
    w.int2 = 100;
    w.limit = 2;
    expect(row_scan(&h, w), "2 1");
    w.text1 = "*";
    w.limit = 10;
    w.int1 = 1000;
    expect(row_scan(&h, w), "4 2 7 3 1 6");
    w.limit = 3;
    expect(row_scan(&h, w), "4 2 7");
    w.text1 = "none";
    expect(row_scan(&h, w), "");
    batch_drop(&h);
    home_remove(&h);
}

static void tasks_are_found_by_request_lease_and_worker(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    for (uint64_t n = 1; n <= 6; n++) {
        pvn_task *t =
            task(&h, n, "a", n <= 4 ? PVN_TASK_LEASED : PVN_TASK_DONE, 0);
        t->lease_ms = 100 - (int64_t)n;
        t->worker = id_of(n % 2);
    }
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    expect(row_scan(&h, (pvn_want){ .scan = PVN_TASKS_OF_REQUEST,
                                    .id1 = id_of(1000) }),
           "2 4 6");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_TASKS_LEASE_ENDED,
                                    .int1 = 98,
                                    .limit = 2 }),
           "4 3");
    expect(row_scan(&h,
                    (pvn_want){ .scan = PVN_TASKS_OF_WORKER, .id1 = id_of(1) }),
           "1 3");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_TASK_BY_NAME,
                                    .id1 = id_of(1001),
                                    .text1 = "task-5" }),
           "5");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_TASK_BY_NAME,
                                    .id1 = id_of(1000),
                                    .text1 = "task-5" }),
           "");
    batch_drop(&h);
    home_remove(&h);
}

static void requests_are_found_by_their_other_keys_and_times(void **state)
{
    home h;
    pvn_request *r;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    r = request(&h, 1, 10, PROVERNET_QUEUED);
    r->protocol = 1;
    r->name = pvn_bytes_of("name", 4);
    r->dedup = pvn_bytes_of("dup", 3);
    r->deadline_ms = 300;
    r = request(&h, 2, 20, PROVERNET_RUNNING);
    r->protocol = 2; /* the same name in another protocol */
    r->name = pvn_bytes_of("name", 4);
    r->deadline_ms = 200;
    r->tied_to = id_of(77);
    r = request(&h, 3, 30, PROVERNET_FAILED);
    r->deadline_ms = 100;
    r->tied_to = id_of(77);
    r = request(&h, 4, 25, PROVERNET_QUEUED);
    r->assignable_ms = 0;
    r = request(&h, 5, 15, PROVERNET_QUEUED);
    r->assignable_ms = 0;
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    expect(row_scan(&h, (pvn_want){ .scan = PVN_REQUEST_BY_NAME,
                                    .int1 = 2,
                                    .bytes1 = pvn_bytes_of("name", 4) }),
           "2");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_REQUEST_BY_NAME,
                                    .int1 = 3,
                                    .bytes1 = pvn_bytes_of("name", 4) }),
           "");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_REQUEST_BY_DEDUP,
                                    .bytes1 = pvn_bytes_of("dup", 3) }),
           "1");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_REQUESTS_DUE, .int1 = 300 }),
           "2 1");
    expect(
        row_scan(&h, (pvn_want){ .scan = PVN_REQUESTS_TIED, .id1 = id_of(77) }),
        "2");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_REQUESTS_UNASSIGNABLE,
                                    .text1 = "k" }),
           "5 4");
    batch_drop(&h);
    home_remove(&h);
}

static void list(home *h, const pvn_filter *f, const char *numbers)
{
    expect(row_scan(h, (pvn_want){ .scan = PVN_REQUESTS_LIST,
                                   .filter = f,
                                   .limit = 3 }),
           numbers);
}

static void lists_obey_every_filter_order_and_page(void **state)
{
    static const uint8_t alice[20] = { 0xa1 };
    home h;
    pvn_filter f = { 0 };
    (void)state;

    home_make(&h);
    batch_begin(&h);
    for (uint64_t n = 1; n <= 8; n++) {
        pvn_request *r =
            request(&h, n, (int64_t)(100 + n),
                    n % 2 ? PROVERNET_QUEUED : PROVERNET_FULFILLED);
        r->protocol = (int64_t)(n % 3);
        r->exec = (int64_t)(n % 4);
        r->settle = (int64_t)(n / 5);
        r->kind = n < 4 ? "k" : "l";
        r->deadline_ms = (int64_t)(1000 + n);
        if (n > 2)
            memcpy(r->requester, alice, 20);
        if (n == 6)
            memcpy(r->fulfiller, alice, 20);
        r->program_name = pvn_bytes_of(n == 7 ? "p" : "q", 1);
        r->name = pvn_bytes_of(pvn_arena_format(&h.arena, "ab%d", (int)n), 3);
    }
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    list(&h, NULL, "1 2 3");
    f.newest_first = true;
    list(&h, &f, "8 7 6");
    f.offset = 6;
    list(&h, &f, "2 1");
    f = (pvn_filter){ .set = PVN_F_STATE, .state_mask = 1 << PROVERNET_QUEUED };
    list(&h, &f, "1 3 5");
    f.offset = 3;
    list(&h, &f, "7");
    f = (pvn_filter){ .set = PVN_F_STATE,
                      .state_mask = 1 << PROVERNET_FULFILLED,
                      .newest_first = true };
    list(&h, &f, "8 6 4");
    f = (pvn_filter){ .set = PVN_F_PROTOCOL, .protocol = 2 };
    list(&h, &f, "2 5 8");
    f = (pvn_filter){ .set = PVN_F_EXEC, .exec = 3 };
    list(&h, &f, "3 7");
    f = (pvn_filter){ .set = PVN_F_SETTLE, .settle = 1, .newest_first = true };
    list(&h, &f, "8 7 6");
    f = (pvn_filter){ .set = PVN_F_KIND, .kind = "l" };
    list(&h, &f, "4 5 6");
    f = (pvn_filter){ .set = PVN_F_PROGRAM,
                      .program_name = pvn_bytes_of("p", 1) };
    list(&h, &f, "7");
    f = (pvn_filter){ .set = PVN_F_REQUESTER };
    memcpy(f.requester20, alice, 20);
    list(&h, &f, "3 4 5");
    f.set |= PVN_F_STATE | PVN_F_FROM;
    f.state_mask = 1 << PROVERNET_QUEUED;
    f.created_from_ms = 105;
    list(&h, &f, "5 7");
    f = (pvn_filter){ .set = PVN_F_FULFILLER };
    memcpy(f.fulfiller20, alice, 20);
    list(&h, &f, "6");
    f = (pvn_filter){ .set = PVN_F_DEADLINE, .deadline_after_ms = 1006 };
    list(&h, &f, "7 8");
    request(&h, 9, 50, PROVERNET_FAILED)->deadline_ms = 3000;
    request(&h, 10, 40, PROVERNET_FAILED)->deadline_ms = 2000;
    request(&h, 11, 30, PROVERNET_FAILED)->deadline_ms = 1000;
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    f = (pvn_filter){ .set = PVN_F_STATE | PVN_F_DEADLINE,
                      .state_mask = 1 << PROVERNET_FAILED,
                      .deadline_after_ms = 1000 };
    list(&h, &f, "10 9");
    f = (pvn_filter){ .set = PVN_F_FROM | PVN_F_TO,
                      .created_from_ms = 103,
                      .created_to_ms = 104 };
    list(&h, &f, "3 4");
    f = (pvn_filter){ .set = PVN_F_ID_PREFIX,
                      .id_prefix = pvn_bytes_of("ab5", 3) };
    list(&h, &f, "5");
    f.id_prefix = pvn_bytes_of("ab", 2);
    list(&h, &f, "1 2 3");
    provernet_id six = id_of(6);
    f.id_prefix = pvn_bytes_of(six.bytes, 16);
    list(&h, &f, "6");
    f.id_prefix = pvn_bytes_of("zz", 2);
    list(&h, &f, "");
    batch_drop(&h);
    home_remove(&h);
}

static void auctions_are_found_by_their_times_and_bids(void **state)
{
    home h;
    pvn_filter f = { .set = PVN_F_NOT_BID_BY };
    pvn_want provers;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    for (uint64_t n = 1; n <= 6; n++) {
        pvn_auction *a =
            row_make(&h, PVN_AUCTION, &(pvn_auction){ .request = id_of(n) });
        a->state = n <= 4 ? PVN_AUCTION_OPEN : PVN_AUCTION_PAID;
        a->due_ms = n == 2 ? 0 : 100 - (int64_t)n;
        a->close_ms = 50 + (int64_t)n;
        a->bids = n != 3;
        a->ended_ms = n > 4 ? 70 : 0;
        request(&h, n, (int64_t)n, n < 6 ? PROVERNET_QUEUED : PROVERNET_RUNNING)
            ->settle = n % 2 ? PVN_SETTLE_NONE : PVN_SETTLE_OPEN;
    }
    for (uint8_t k = 3; k > 0; k--) {
        pvn_bid key = { .request = id_of(2), .prover = { k } };
        row_make(&h, PVN_BID, &key);
        row_make(&h, PVN_PROVER, &(pvn_prover){ .address = { k } });
    }
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_DUE, .int1 = 97 }),
           "6 5 4 3");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_OPEN, .int1 = 54 }),
           "1 2 4");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_OPEN, .int1 = 53 }),
           "1 2");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_ENDED,
                                    .int1 = PVN_AUCTION_PAID,
                                    .int2 = 70 }),
           "6 5");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_ENDED,
                                    .int1 = PVN_AUCTION_PAID,
                                    .int2 = 71 }),
           "");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_PAST, .int2 = 71 }),
           "5 6");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_PAST, .int2 = 70 }),
           "");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_PAST,
                                    .int1 = 70,
                                    .int2 = 71,
                                    .id1 = id_of(5) }),
           "6");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_AUCTIONS_PAST,
                                    .int1 = 70,
                                    .int2 = 71,
                                    .id1 = id_of(6) }),
           "");
    assert_int_equal(
        row_scan(&h, (pvn_want){ .scan = PVN_BIDS_OF_REQUEST, .id1 = id_of(2) })
            ->found_len,
        3);
    provers = (pvn_want){ .scan = PVN_PROVERS_LIST,
                          .bytes1 = { (const uint8_t[20]){ 1 }, 20 } };
    const pvn_want *w = row_scan(&h, provers);
    assert_int_equal(w->found_len, 2);
    assert_int_equal(((const pvn_prover *)w->found[0])->address[0], 2);
    f.not_bid_by20[0] = 3;
    list(&h, &f, "1 3 4");
    f.not_bid_by20[0] = 4;
    list(&h, &f, "1 2 3");
    f.set |= PVN_F_STATE | PVN_F_SETTLE;
    f.state_mask = 1 << PROVERNET_QUEUED;
    f.settle = PVN_SETTLE_OPEN;
    list(&h, &f, "2 4"); /* the even ones are auctioned */
    f.not_bid_by20[0] = 3;
    list(&h, &f, "4");
    batch_drop(&h);
    home_remove(&h);
}

static void small_tables_are_scanned_in_order(void **state)
{
    home h;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    for (uint64_t n = 1; n <= 4; n++) {
        pvn_artifact *a =
            row_make(&h, PVN_ARTIFACT, &(pvn_artifact){ .id = id_of(n) });
        pvn_worker *w =
            row_make(&h, PVN_WORKER, &(pvn_worker){ .id = id_of(n) });
        pvn_session *s =
            row_make(&h, PVN_SESSION, &(pvn_session){ .id = id_of(n) });
        uint8_t key = (uint8_t)n;
        pvn_record *r = row_make(
            &h, PVN_RECORD,
            &(pvn_record){ .protocol = 1,
                           .kind = n < 4 ? "r" : "s",
                           .key = { pvn_arena_copy(&h.arena, &key, 1), 1 } });
        row_make(
            &h, PVN_PROGRAM,
            &(pvn_program){ .protocol = (int64_t)(n % 2),
                            .name = { pvn_arena_copy(&h.arena, &key, 1), 1 } });
        row_make(&h, PVN_EDGE,
                 &(pvn_edge){ .before = id_of(9), .after = id_of(5 - n) });
        row_make(&h, PVN_ATTEMPT,
                 &(pvn_attempt){ .task = id_of(9), .attempt = 5 - (int64_t)n });
        row_make(&h, PVN_TASK_FILE,
                 &(pvn_task_file){ .task = id_of(9),
                                   .way = (int64_t)(n % 2),
                                   .ordinal = (int64_t)n });

        a->state = n == 4 ? PVN_ARTIFACT_GONE : PVN_ARTIFACT_STORED;
        a->pins = n == 3;
        a->expires_ms = 100 - (int64_t)n;
        w->origin = "o";
        w->name = pvn_arena_format(&h.arena, "w%d", (int)n);
        w->session = id_of(n / 3);
        w->state = n == 3 ? PVN_WORKER_GONE : PVN_WORKER_HERE;
        s->ended = n == 2;
        r->expires_ms = n == 2 ? 0 : (int64_t)(50 - n);
    }
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    expect(
        row_scan(&h, (pvn_want){ .scan = PVN_ARTIFACTS_EXPIRED, .int1 = 100 }),
        "2 1");
    expect(
        row_scan(&h, (pvn_want){ .scan = PVN_WORKERS_LIST, .id1 = id_of(2) }),
        "3 4");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_WORKERS_OF_SESSION,
                                    .id1 = id_of(1) }),
           "4");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_WORKER_BY_NAME,
                                    .text1 = "o",
                                    .text2 = "w3" }),
           "3");
    expect(row_scan(&h, (pvn_want){ .scan = PVN_SESSIONS_LIVE }), "1 3 4");

    pvn_want *w = row_scan(&h, (pvn_want){ .scan = PVN_RECORDS_OF_KIND,
                                           .int1 = 1,
                                           .text1 = "r",
                                           .bytes1 = pvn_bytes_of("\x01", 1) });
    assert_int_equal(w->found_len, 2);
    assert_int_equal(((pvn_record *)w->found[0])->key.data[0], 2);
    w = row_scan(
        &h, (pvn_want){ .scan = PVN_RECORDS_OF_KIND, .int1 = 1, .text1 = "r" });
    assert_int_equal(w->found_len, 3);
    w = row_scan(&h, (pvn_want){ .scan = PVN_RECORDS_EXPIRED, .int1 = 47 });
    assert_int_equal(w->found_len, 2);
    assert_int_equal(((pvn_record *)w->found[0])->key.data[0], 4);
    w = row_scan(&h, (pvn_want){ .scan = PVN_PROGRAMS_LIST, .int1 = 1 });
    assert_int_equal(w->found_len, 2);
    assert_int_equal(((pvn_program *)w->found[1])->name.data[0], 3);
    w = row_scan(&h, (pvn_want){ .scan = PVN_EDGES_FROM, .id1 = id_of(9) });
    assert_int_equal(w->found_len, 4);
    assert_true(pvn_id_equal(&((pvn_edge *)w->found[0])->after,
                             &(provernet_id){ { 1, [15] = 1 } }));
    w = row_scan(&h,
                 (pvn_want){ .scan = PVN_ATTEMPTS_OF_TASK, .id1 = id_of(9) });
    assert_int_equal(w->found_len, 4);
    assert_int_equal(((pvn_attempt *)w->found[0])->attempt, 1);
    w = row_scan(&h, (pvn_want){ .scan = PVN_FILES_OF_TASK, .id1 = id_of(9) });
    assert_int_equal(w->found_len, 4);
    assert_int_equal(((pvn_task_file *)w->found[0])->ordinal, 2);
    assert_int_equal(((pvn_task_file *)w->found[2])->ordinal, 1);
    batch_drop(&h);
    home_remove(&h);
}

static void a_scan_does_not_overwrite_what_the_batch_changed(void **state)
{
    home h;
    pvn_request *r;
    pvn_want *w;
    (void)state;

    home_make(&h);
    batch_begin(&h);
    request(&h, 1, 10, PROVERNET_QUEUED)->deadline_ms = 5;
    request(&h, 2, 11, PROVERNET_QUEUED)->deadline_ms = 6;
    assert_ok(batch_commit(&h));
    batch_begin(&h);
    r = row_get(&h, PVN_REQUEST, &(pvn_request){ .id = id_of(1) });
    r->state = PROVERNET_FAILED;
    pvn_rows_touch(&h.rows, &r->row);
    pvn_rows_delete(&h.rows,
                    row_get(&h, PVN_REQUEST, &(pvn_request){ .id = id_of(2) }));
    w = row_scan(&h, (pvn_want){ .scan = PVN_REQUESTS_DUE, .int1 = 10 });
    expect(w, "1"); /* the deleted one is not shown */
    assert_ptr_equal(w->found[0], r);
    assert_int_equal(r->state, PROVERNET_FAILED);
    batch_drop(&h);
    home_remove(&h);
}

/* ---- plans ---- */

/* Lines of a query's plan that walk a table or sort everything. */
static void check_plan(sqlite3 *db, const char *sql, bool may_sort)
{
    sqlite3_stmt *stmt;
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);

    assert_non_null(explain);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), 0);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(stmt, 3);
        bool walks = strncmp(line, "SCAN ", 5) == 0 && !strstr(line, " USING ");
        bool sorts = strstr(line, "TEMP B-TREE FOR ORDER BY") != NULL;

        if (walks || (sorts && !may_sort))
            fail_msg("%s\n  plan: %s", sql, line);
    }
    sqlite3_finalize(stmt);
    sqlite3_free(explain);
}

static void no_scan_walks_a_table(void **state)
{
    static const uint32_t shapes[] = {
        0,
        PVN_F_STATE,
        PVN_F_REQUESTER,
        PVN_F_REQUESTER | PVN_F_STATE,
        PVN_F_FULFILLER | PVN_F_STATE | PVN_F_DEADLINE,
        PVN_F_PROTOCOL | PVN_F_KIND | PVN_F_PROGRAM | PVN_F_EXEC,
        PVN_F_FROM | PVN_F_TO,
        PVN_F_STATE | PVN_F_SETTLE | PVN_F_NOT_BID_BY,
        PVN_F_ID_PREFIX,
    };
    home h;
    sqlite3 *db;
    (void)state;

    home_make(&h);
    home_close(&h);
    assert_int_equal(sqlite3_open(h.path, &db), SQLITE_OK);
    for (int i = 0; i < PVN_SCANS_LEN; i++) {
        char *sql = pvn_sqlite_scan_sql((pvn_scan)i);

        if (sql) /* the tasks of one request are few: sorted by id */
            check_plan(db, sql, i == PVN_TASKS_OF_REQUEST);
        free(sql);
    }
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int open = 0; open < 2; open++) {
            pvn_filter f = { .set = shapes[i],
                             .settle = PVN_SETTLE_OPEN,
                             .state_mask = open ? 1 << 1 : 1 << 4,
                             .newest_first = open };
            char *sql = pvn_sqlite_list_sql(&f);

            assert_non_null(sql);
            /* a prefix finds few rows, which are then sorted */
            check_plan(db, sql, shapes[i] == PVN_F_ID_PREFIX);
            free(sql);
        }
    sqlite3_close(db);
    home_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_tasks_come_by_due_time_and_fit_the_memory),
        cmocka_unit_test(tasks_are_found_by_request_lease_and_worker),
        cmocka_unit_test(requests_are_found_by_their_other_keys_and_times),
        cmocka_unit_test(lists_obey_every_filter_order_and_page),
        cmocka_unit_test(auctions_are_found_by_their_times_and_bids),
        cmocka_unit_test(small_tables_are_scanned_in_order),
        cmocka_unit_test(a_scan_does_not_overwrite_what_the_batch_changed),
        cmocka_unit_test(no_scan_walks_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
