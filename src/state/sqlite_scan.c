/* state/sqlite_scan.c - the scans of rows.h: one bounded, index-backed query
 * each. Includes base/ and SQLite. */
#include "base/buf.h"
#include "state/sqlite_state.h"
#include <stdlib.h>

/* Arguments are bound in the order of their letters: i int1, j int2, b bytes1,
 * t text1, u text2, d id1, L limit. */
typedef struct scan_sql {
    int table; /* PVN_TABLES_LEN: events */
    const char *tail, *args;
} scan_sql;

#define OPEN   "state <= 3"
#define EVENTS PVN_TABLES_LEN

static const scan_sql scans[PVN_SCANS_LEN] = {
    [PVN_REQUEST_BY_NAME] = { PVN_REQUEST,
                              "WHERE protocol = $1 AND name = $2 LIMIT 1",
                              "ib" },
    [PVN_REQUEST_BY_DEDUP] = { PVN_REQUEST, "WHERE dedup = $1 LIMIT 1", "b" },
    [PVN_ACCOUNT_BY_NAME] = { PVN_ACCOUNT, "WHERE name = $1 LIMIT 1", "t" },
    [PVN_WORKER_BY_NAME] = { PVN_WORKER,
                             "WHERE origin = $1 AND name = $2 LIMIT 1", "tu" },
    [PVN_TASK_BY_NAME] = { PVN_TASK, "WHERE request = $1 AND name = $2 LIMIT 1",
                           "dt" },
    [PVN_TASKS_OF_REQUEST] = { PVN_TASK,
                               "WHERE request = $1 ORDER BY id LIMIT $2",
                               "dL" },
    [PVN_TASKS_LEASE_ENDED] = { PVN_TASK,
                                "WHERE state = 3 AND lease_ms <= $1"
                                " ORDER BY lease_ms, id LIMIT $2",
                                "iL" },
    [PVN_TASKS_OF_WORKER] = { PVN_TASK,
                              "WHERE state = 3 AND worker = $1"
                              " ORDER BY id LIMIT $2",
                              "dL" },
    [PVN_FILES_OF_TASK] = { PVN_TASK_FILE,
                            "WHERE task = $1 ORDER BY way, ordinal LIMIT $2",
                            "dL" },
    [PVN_EDGES_FROM] = { PVN_EDGE, "WHERE before = $1 ORDER BY after LIMIT $2",
                         "dL" },
    [PVN_ATTEMPTS_OF_TASK] = { PVN_ATTEMPT,
                               "WHERE task = $1 ORDER BY attempt LIMIT $2",
                               "dL" },
    [PVN_REQUESTS_DUE] = { PVN_REQUEST,
                           "WHERE " OPEN " AND deadline_ms <= $1"
                           " ORDER BY deadline_ms LIMIT $2",
                           "iL" },
    [PVN_REQUESTS_TIED] = { PVN_REQUEST,
                            "WHERE tied_to = $1 AND " OPEN " LIMIT $2", "dL" },
    [PVN_REQUESTS_UNASSIGNABLE] = { PVN_REQUEST,
                                    "WHERE kind = $1 AND assignable_ms = 0"
                                    " AND " OPEN
                                    " ORDER BY created_ms LIMIT $2",
                                    "tL" },
    [PVN_ARTIFACTS_EXPIRED] = { PVN_ARTIFACT,
                                "WHERE pins = 0 AND state <> 3"
                                " AND expires_ms > 0 AND expires_ms <= $1"
                                " ORDER BY expires_ms LIMIT $2",
                                "iL" },
    [PVN_RECORDS_EXPIRED] = { PVN_RECORD,
                              "WHERE expires_ms > 0 AND expires_ms <= $1"
                              " ORDER BY expires_ms LIMIT $2",
                              "iL" },
    [PVN_RECORDS_OF_KIND] = { PVN_RECORD,
                              "WHERE protocol = $1 AND kind = $2 AND key > $3"
                              " ORDER BY key LIMIT $4",
                              "itbL" },
    [PVN_WORKERS_LIST] = { PVN_WORKER, "WHERE id > $1 ORDER BY id LIMIT $2",
                           "dL" },
    [PVN_WORKERS_OF_SESSION] = { PVN_WORKER,
                                 "WHERE session = $1 AND state = 1"
                                 " ORDER BY id LIMIT $2",
                                 "dL" },
    [PVN_SESSIONS_LIVE] = { PVN_SESSION, "WHERE ended = 0 ORDER BY id LIMIT $1",
                            "L" },
    [PVN_PROGRAMS_LIST] = { PVN_PROGRAM,
                            "WHERE protocol = $1 AND name > $2"
                            " ORDER BY name LIMIT $3",
                            "ibL" },
    [PVN_BIDS_OF_REQUEST] = { PVN_BID,
                              "WHERE request = $1 ORDER BY prover LIMIT $2",
                              "dL" },
    [PVN_AUCTIONS_DUE] = { PVN_AUCTION,
                           "WHERE due_ms > 0 AND due_ms <= $1"
                           " ORDER BY due_ms, request LIMIT $2",
                           "iL" },
    [PVN_AUCTIONS_OPEN] = { PVN_AUCTION,
                            "WHERE state = 1 AND bids > 0 AND close_ms <= $1"
                            " ORDER BY close_ms, request LIMIT $2",
                            "iL" },
    [PVN_AUCTIONS_ENDED] = { PVN_AUCTION,
                             "WHERE state = $1 AND ended_ms > 0"
                             " AND ended_ms >= $2"
                             " ORDER BY ended_ms DESC, request DESC LIMIT $3",
                             "ijL" },
    [PVN_AUCTIONS_PAST] = { PVN_AUCTION,
                            "WHERE ended_ms > 0 AND ended_ms >= $1"
                            " AND ended_ms < $2"
                            " AND (ended_ms > $1 OR request > $3)"
                            " ORDER BY ended_ms, request LIMIT $4",
                            "ijdL" },
    [PVN_PROVERS_LIST] = { PVN_PROVER,
                           "WHERE address > $1 ORDER BY address LIMIT $2",
                           "bL" },
    [PVN_SPEEDS_OF_PROGRAM] = { PVN_SPEED,
                                "WHERE program = $1 ORDER BY device LIMIT $2",
                                "dL" },
    [PVN_EVENTS_SINCE] = { EVENTS, "WHERE seq > $1 ORDER BY seq LIMIT $2",
                           "iL" },
    [PVN_EVENTS_LAST] = { EVENTS, "WHERE seq > $1 ORDER BY seq DESC LIMIT 1",
                          "i" },
    [PVN_EVENTS_OF_REQUEST] = { EVENTS,
                                "WHERE request = $1 AND seq > $2"
                                " ORDER BY seq LIMIT $3",
                                "diL" },
};

char *pvn_sqlite_scan_sql(pvn_scan scan)
{
    const scan_sql *q = &scans[scan];
    pvn_buf b = { 0 };

    if (!q->tail)
        return NULL;
    if (q->table == EVENTS) {
        pvn_buf_text(&b, "SELECT seq, at_ms, request, task, worker, type,"
                         " detail FROM events ");
    } else {
        char *columns = pvn_sqlite_columns((pvn_table)q->table, "");

        pvn_buf_format(&b, "SELECT %s FROM %s ", columns ? columns : "",
                       pvn_table_infos[q->table].name);
        b.failed = b.failed || !columns;
        free(columns);
    }
    pvn_buf_text(&b, q->tail);
    pvn_buf_add(&b, "", 1);
    if (b.failed) {
        pvn_buf_free(&b);
        return NULL;
    }
    return (char *)b.data;
}

static int64_t limit_of(const pvn_want *w)
{
    return w->limit ? (int64_t)w->limit : PVN_SCAN_DEFAULT;
}

static bool bind_args(sqlite3_stmt *stmt, const char *args, const pvn_want *w)
{
    int rc = SQLITE_OK;

    for (int i = 1; args[i - 1] && rc == SQLITE_OK; i++)
        switch (args[i - 1]) {
        case 'i':
            rc = sqlite3_bind_int64(stmt, i, w->int1);
            break;
        case 'j':
            rc = sqlite3_bind_int64(stmt, i, w->int2);
            break;
        case 'L':
            rc = sqlite3_bind_int64(stmt, i, limit_of(w));
            break;
        case 'b': /* "after nothing" is after the empty one, NULL never is */
            rc = pvn_sqlite_bind_bytes(
                     stmt, i, w->bytes1.data ? w->bytes1 : pvn_bytes_of("", 0))
                     ? SQLITE_OK
                     : SQLITE_NOMEM;
            break;
        case 't':
            rc = sqlite3_bind_text(stmt, i, w->text1, -1, SQLITE_STATIC);
            break;
        case 'u':
            rc = sqlite3_bind_text(stmt, i, w->text2, -1, SQLITE_STATIC);
            break;
        default: /* 'd' */
            rc = sqlite3_bind_blob(stmt, i, w->id1.bytes, 16, SQLITE_STATIC);
            break;
        }
    return rc == SQLITE_OK;
}

/* ---- rows into want->found ---- */

static bool keep(pvn_rows *rows, pvn_want *w, size_t *cap, pvn_row *row)
{
    if (!row || row->absent || row->deleted)
        return true;
    if (w->found_len == *cap) {
        size_t more = *cap ? *cap * 2 : 8;
        pvn_row **bigger = pvn_arena_alloc(rows->arena, more * sizeof *bigger);

        if (!bigger) {
            rows->failed = true;
            return false;
        }
        if (w->found_len)
            memcpy(bigger, w->found, w->found_len * sizeof *bigger);
        w->found = bigger;
        *cap = more;
    }
    w->found[w->found_len++] = row;
    return true;
}

provernet_status pvn_sqlite_collect(pvn_sqlite *st, pvn_rows *rows,
                                    pvn_want *want, pvn_table table,
                                    sqlite3_stmt *stmt, provernet_error *err)
{
    provernet_status s = PROVERNET_OK;
    pvn_row *row;
    size_t cap = 0;
    int rc = SQLITE_DONE;

    want->found_len = 0;
    while (!s && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        s = pvn_sqlite_read(st, rows, table, stmt, &row, err);
        if (!s && !keep(rows, want, &cap, row))
            s = pvn_nomem(err);
    }
    if (!s && rc != SQLITE_DONE)
        s = pvn_sqlite_fail(st, "scan", rc, err);
    sqlite3_reset(stmt);
    return s;
}

/* ---- events ---- */

static void read_id(sqlite3_stmt *stmt, int i, provernet_id *id)
{
    const void *p = sqlite3_column_blob(stmt, i);

    if (p && sqlite3_column_bytes(stmt, i) == 16)
        memcpy(id->bytes, p, 16);
}

static const char *read_text(pvn_arena *a, sqlite3_stmt *stmt, int i,
                             bool *failed)
{
    const char *text = (const char *)sqlite3_column_text(stmt, i);
    const char *copy;

    if (!text)
        return NULL;
    copy = pvn_arena_text(a, text);
    *failed = *failed || !copy;
    return copy;
}

static provernet_status collect_events(pvn_sqlite *st, pvn_rows *rows,
                                       pvn_want *want, sqlite3_stmt *stmt,
                                       provernet_error *err)
{
    pvn_event **last = &want->events;
    bool failed = false;
    int rc;

    want->events = NULL;
    want->found_len = 0;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !failed) {
        pvn_event *e = pvn_arena_alloc(rows->arena, sizeof *e);

        if (!e) {
            failed = true;
            break;
        }
        e->seq = sqlite3_column_int64(stmt, 0);
        e->at_ms = sqlite3_column_int64(stmt, 1);
        read_id(stmt, 2, &e->request);
        read_id(stmt, 3, &e->task);
        read_id(stmt, 4, &e->worker);
        e->type = read_text(rows->arena, stmt, 5, &failed);
        e->detail = read_text(rows->arena, stmt, 6, &failed);
        *last = e;
        last = &e->next;
        want->found_len++;
    }
    sqlite3_reset(stmt);
    if (failed) {
        rows->failed = true;
        return pvn_nomem(err);
    }
    return rc == SQLITE_DONE ? PROVERNET_OK
                             : pvn_sqlite_fail(st, "scan events", rc, err);
}

/* ---- ready tasks: a walk over the index alone, then the rows ---- */

#define READY_IDS                                                              \
    "SELECT due_ms, id FROM tasks WHERE state = 2 AND kind = $1"               \
    " AND not_before_ms <= $2 AND ($3 = 0 OR memory_bytes <= $3)"              \
    " ORDER BY due_ms, id LIMIT $4"
#define READY_KIND                                                             \
    "SELECT kind FROM tasks WHERE state = 2 AND kind > $1"                     \
    " ORDER BY kind LIMIT 1"

typedef struct ready {
    int64_t due_ms;
    provernet_id id;
} ready;

typedef struct ready_list {
    ready *of;
    size_t len, cap;
} ready_list;

static int by_due(const void *a, const void *b)
{
    const ready *x = a, *y = b;

    if (x->due_ms != y->due_ms)
        return x->due_ms < y->due_ms ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static bool add_ready(pvn_rows *rows, ready_list *l, const ready *r)
{
    if (l->len == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        ready *bigger = pvn_arena_alloc(rows->arena, cap * sizeof *bigger);

        if (!bigger) {
            rows->failed = true;
            return false;
        }
        if (l->len)
            memcpy(bigger, l->of, l->len * sizeof *bigger);
        l->of = bigger;
        l->cap = cap;
    }
    l->of[l->len++] = *r;
    return true;
}

/* Up to limit ready tasks of one kind behind those already in the list. */
static provernet_status ready_of_kind(pvn_sqlite *st, pvn_rows *rows,
                                      const pvn_want *w, const char *kind,
                                      ready_list *l, provernet_error *err)
{
    provernet_status s = pvn_sqlite_prepare(st, &st->ready_ids, READY_IDS, err);
    sqlite3_stmt *stmt = st->ready_ids;
    int rc = SQLITE_DONE;

    if (s)
        return s;
    if (sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC) ||
        sqlite3_bind_int64(stmt, 2, w->int1) ||
        sqlite3_bind_int64(stmt, 3, w->int2) ||
        sqlite3_bind_int64(stmt, 4, limit_of(w)))
        return pvn_nomem(err);
    while (!s && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        ready r = { .due_ms = sqlite3_column_int64(stmt, 0) };

        read_id(stmt, 1, &r.id);
        if (!add_ready(rows, l, &r))
            s = pvn_nomem(err);
    }
    sqlite3_reset(stmt);
    if (!s && rc != SQLITE_DONE)
        s = pvn_sqlite_fail(st, "scan ready tasks", rc, err);
    return s;
}

/* Every kind in turn: the index jumps from kind to kind. After each, only the
 * best `limit` stay, so memory is bounded by two kinds' worth. */
static provernet_status ready_of_any(pvn_sqlite *st, pvn_rows *rows,
                                     const pvn_want *w, ready_list *l,
                                     provernet_error *err)
{
    const char *kind = "";
    provernet_status s =
        pvn_sqlite_prepare(st, &st->ready_kind, READY_KIND, err);

    while (!s) {
        bool failed = false;
        int rc;

        if (sqlite3_bind_text(st->ready_kind, 1, kind, -1, SQLITE_STATIC))
            return pvn_nomem(err);
        rc = sqlite3_step(st->ready_kind);
        kind = rc == SQLITE_ROW
                   ? read_text(rows->arena, st->ready_kind, 0, &failed)
                   : NULL;
        sqlite3_reset(st->ready_kind);
        if (rc == SQLITE_DONE)
            return PROVERNET_OK;
        if (rc != SQLITE_ROW)
            return pvn_sqlite_fail(st, "scan ready kinds", rc, err);
        if (!kind) {
            rows->failed = true;
            return pvn_nomem(err);
        }
        s = ready_of_kind(st, rows, w, kind, l, err);
        if (l->len)
            qsort(l->of, l->len, sizeof *l->of, by_due);
        if ((int64_t)l->len > limit_of(w))
            l->len = (size_t)limit_of(w);
    }
    return s;
}

static provernet_status load_ready(pvn_sqlite *st, pvn_rows *rows, pvn_want *w,
                                   provernet_error *err)
{
    ready_list list = { 0 };
    provernet_status s;
    size_t cap = 0;

    if (w->text1 && strcmp(w->text1, "*") == 0)
        s = ready_of_any(st, rows, w, &list, err);
    else
        s = ready_of_kind(st, rows, w, w->text1, &list, err);
    w->found_len = 0;
    for (size_t i = 0; i < list.len && !s; i++) {
        pvn_task key = { .row.table = PVN_TASK, .id = list.of[i].id };
        pvn_row *row;

        s = pvn_sqlite_get(st, rows, PVN_TASK, &key.row, &row, err);
        if (!s && !keep(rows, w, &cap, row))
            s = pvn_nomem(err);
    }
    return s;
}

/* ---- load ---- */

static provernet_status load_fixed(pvn_sqlite *st, pvn_rows *rows, pvn_want *w,
                                   provernet_error *err)
{
    const scan_sql *q = &scans[w->scan];
    sqlite3_stmt *stmt;
    provernet_status s;

    if (!st->scan[w->scan]) {
        char *sql = pvn_sqlite_scan_sql(w->scan);

        s = pvn_sqlite_prepare(st, &st->scan[w->scan], sql, err);
        free(sql);
        if (s)
            return s;
    }
    stmt = st->scan[w->scan];
    if (!bind_args(stmt, q->args, w))
        return pvn_nomem(err);
    if (q->table == EVENTS)
        return collect_events(st, rows, w, stmt, err);
    w->table = (pvn_table)q->table;
    return pvn_sqlite_collect(st, rows, w, (pvn_table)q->table, stmt, err);
}

static provernet_status load_key(pvn_sqlite *st, pvn_rows *rows, pvn_want *w,
                                 provernet_error *err)
{
    pvn_row *row;
    size_t cap = 0;
    provernet_status s =
        pvn_sqlite_get(st, rows, w->table, w->key_row, &row, err);

    w->found_len = 0;
    if (!s && !keep(rows, w, &cap, row))
        s = pvn_nomem(err);
    return s;
}

static provernet_status load_one(pvn_sqlite *st, pvn_rows *rows, pvn_want *w,
                                 provernet_error *err)
{
    switch (w->scan) {
    case PVN_GET:
        return load_key(st, rows, w, err);
    case PVN_TASKS_READY:
        w->table = PVN_TASK;
        return load_ready(st, rows, w, err);
    case PVN_REQUESTS_LIST:
        w->table = PVN_REQUEST;
        return pvn_sqlite_list(st, rows, w, err);
    default:
        if (w->scan < PVN_SCANS_LEN && scans[w->scan].tail)
            return load_fixed(st, rows, w, err);
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0, "no scan %d",
                        (int)w->scan);
    }
}

provernet_status pvn_sqlite_load(pvn_state *state, pvn_rows *rows,
                                 pvn_want *wants, provernet_error *err)
{
    pvn_sqlite *st = (pvn_sqlite *)(void *)state;
    provernet_status s = PROVERNET_OK;

    if (!st->in_batch || st->sick)
        return pvn_fail(err, PROVERNET_ERR_IO, 0, "cannot read %s: %s",
                        st->path, st->sick ? st->sick_why : "no batch is open");
    for (pvn_want *w = wants; w && !s; w = w->next)
        if (!w->loaded && (s = load_one(st, rows, w, err)) == 0)
            w->loaded = true;
    return s;
}

void pvn_sqlite_scan_close(pvn_sqlite *st)
{
    for (size_t i = 0; i < PVN_SCANS_LEN; i++)
        sqlite3_finalize(st->scan[i]);
    sqlite3_finalize(st->ready_kind);
    sqlite3_finalize(st->ready_ids);
    pvn_sqlite_list_close(st);
}
