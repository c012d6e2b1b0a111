/* state/sqlite_rows.c - one row in, one row out: SQL made from the column
 * lists, statements kept for the life of the connection. Includes base/. */
#include "base/buf.h"
#include "state/sqlite_state.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- texts ---- */

char *pvn_sqlite_columns(pvn_table table, const char *prefix)
{
    const pvn_table_info *t = &pvn_table_infos[table];
    pvn_buf b = { 0 };

    for (size_t i = 0; i < t->columns; i++)
        pvn_buf_format(&b, "%s%s%s", i ? ", " : "", prefix, t->column[i].name);
    pvn_buf_add(&b, "", 1);
    if (b.failed) {
        pvn_buf_free(&b);
        return NULL;
    }
    return (char *)b.data;
}

/* " WHERE key1 = $n AND key2 = $n+1" */
static void where_key(pvn_buf *b, const pvn_table_info *t, size_t first)
{
    for (size_t i = 0; i < t->keys; i++)
        pvn_buf_format(b, "%s%s = $%zu", i ? " AND " : " WHERE ",
                       t->column[i].name, first + i);
}

static provernet_status prepare_buf(pvn_sqlite *st, sqlite3_stmt **out,
                                    pvn_buf *b, provernet_error *err)
{
    provernet_status s;

    pvn_buf_add(b, "", 1);
    s = b->failed ? pvn_nomem(err)
                  : pvn_sqlite_prepare(st, out, (const char *)b->data, err);
    pvn_buf_free(b);
    return s;
}

static provernet_status prepare_get(pvn_sqlite *st, pvn_table table,
                                    provernet_error *err)
{
    const pvn_table_info *t = &pvn_table_infos[table];
    char *columns = pvn_sqlite_columns(table, "");
    pvn_buf b = { 0 };

    pvn_buf_format(&b, "SELECT %s FROM %s", columns ? columns : "", t->name);
    if (!columns)
        b.failed = true;
    free(columns);
    where_key(&b, t, 1);
    return prepare_buf(st, &st->table[table].get, &b, err);
}

static provernet_status prepare_delete(pvn_sqlite *st, pvn_table table,
                                       provernet_error *err)
{
    pvn_buf b = { 0 };

    pvn_buf_format(&b, "DELETE FROM %s", pvn_table_infos[table].name);
    where_key(&b, &pvn_table_infos[table], 1);
    return prepare_buf(st, &st->table[table].delete, &b, err);
}

static provernet_status prepare_update(pvn_sqlite *st, pvn_table table,
                                       uint64_t mask, sqlite3_stmt **out,
                                       provernet_error *err)
{
    const pvn_table_info *t = &pvn_table_infos[table];
    pvn_buf b = { 0 };
    size_t n = 0;

    pvn_buf_format(&b, "UPDATE %s SET ", t->name);
    for (size_t i = t->keys; i < t->columns; i++)
        if (mask >> i & 1) {
            pvn_buf_format(&b, "%s%s = $%zu", n ? ", " : "", t->column[i].name,
                           n + 1);
            n++;
        }
    where_key(&b, t, n + 1);
    return prepare_buf(st, out, &b, err);
}

/* The statement for this set of columns; the oldest gives way. */
static provernet_status update_for(pvn_sqlite *st, pvn_table table,
                                   uint64_t mask, sqlite3_stmt **out,
                                   provernet_error *err)
{
    pvn_table_stmts *c = &st->table[table];
    provernet_status s;
    size_t at;

    for (size_t i = 0; i < c->updates; i++)
        if (c->update[i].mask == mask) {
            *out = c->update[i].stmt;
            return PROVERNET_OK;
        }
    *out = NULL;
    if ((s = prepare_update(st, table, mask, out, err)) != 0)
        return s;
    if (c->updates < PVN_UPDATES_MAX) {
        at = c->updates++;
    } else {
        at = c->oldest;
        c->oldest = (c->oldest + 1) % PVN_UPDATES_MAX;
        sqlite3_finalize(c->update[at].stmt);
    }
    c->update[at].mask = mask;
    c->update[at].stmt = *out;
    return PROVERNET_OK;
}

/* ---- values ---- */

bool pvn_sqlite_bind_bytes(sqlite3_stmt *stmt, int at, pvn_bytes b)
{
    int rc;

    if (!b.data)
        rc = sqlite3_bind_null(stmt, at);
    else if (b.len == 0)
        rc = sqlite3_bind_zeroblob(stmt, at, 0);
    else
        rc = sqlite3_bind_blob64(stmt, at, b.data, b.len, SQLITE_STATIC);
    return rc == SQLITE_OK;
}

static bool bind(sqlite3_stmt *stmt, int at, const pvn_row *row,
                 const pvn_column *c)
{
    const void *p = (const char *)row + c->offset;
    const pvn_bytes *b = p;
    const char *const *text = p;

    switch (c->type) {
    case PVN_COL_I64:
        return sqlite3_bind_int64(stmt, at, *(const int64_t *)p) == SQLITE_OK;
    case PVN_COL_ID:
        if (!c->key && pvn_id_none(p))
            return sqlite3_bind_null(stmt, at) == SQLITE_OK;
        return sqlite3_bind_blob(stmt, at, p, 16, SQLITE_STATIC) == SQLITE_OK;
    case PVN_COL_B20:
        return sqlite3_bind_blob(stmt, at, p, 20, SQLITE_STATIC) == SQLITE_OK;
    case PVN_COL_BYTES:
        return pvn_sqlite_bind_bytes(
            stmt, at, c->key && !b->data ? pvn_bytes_of("", 0) : *b);
    case PVN_COL_TEXT:
        return sqlite3_bind_text(stmt, at, c->key && !*text ? "" : *text, -1,
                                 SQLITE_STATIC) == SQLITE_OK;
    }
    return false;
}

static bool bind_key(sqlite3_stmt *stmt, int first, const pvn_row *row,
                     const pvn_table_info *t)
{
    for (size_t i = 0; i < t->keys; i++)
        if (!bind(stmt, first + (int)i, row, &t->column[i]))
            return false;
    return true;
}

static bool same(const pvn_column *c, const void *a, const void *b)
{
    const void *p = (const char *)a + c->offset;
    const void *q = (const char *)b + c->offset;
    const char *s, *t;

    switch (c->type) {
    case PVN_COL_I64:
        return *(const int64_t *)p == *(const int64_t *)q;
    case PVN_COL_ID:
        return memcmp(p, q, 16) == 0;
    case PVN_COL_B20:
        return memcmp(p, q, 20) == 0;
    case PVN_COL_BYTES: {
        const pvn_bytes *x = p, *y = q;

        return x->len == y->len && !x->data == !y->data &&
               (x->data == y->data || x->len == 0 ||
                memcmp(x->data, y->data, x->len) == 0);
    }
    case PVN_COL_TEXT:
        s = *(const char *const *)p;
        t = *(const char *const *)q;
        return s == t || (s && t && strcmp(s, t) == 0);
    }
    return false;
}

/* Column i of the statement into the row; data is copied to the arena. */
static bool read_column(pvn_arena *a, sqlite3_stmt *stmt, int i, void *row,
                        const pvn_column *c)
{
    void *p = (char *)row + c->offset;
    int len;

    if (c->type == PVN_COL_I64) {
        *(int64_t *)p = sqlite3_column_int64(stmt, i);
        return true;
    }
    if (c->type == PVN_COL_TEXT) {
        const void *text = sqlite3_column_text(stmt, i);

        if (!text)
            return sqlite3_column_type(stmt, i) == SQLITE_NULL;
        len = sqlite3_column_bytes(stmt, i);
        char *copy = pvn_arena_alloc(a, (size_t)len + 1);
        if (!copy)
            return false;
        memcpy(copy, text, (size_t)len);
        *(const char **)p = copy;
        return true;
    }
    const void *data = sqlite3_column_blob(stmt, i);
    len = sqlite3_column_bytes(stmt, i);
    if (c->type == PVN_COL_ID || c->type == PVN_COL_B20) {
        int want = c->type == PVN_COL_ID ? 16 : 20;

        if (data && len == want)
            memcpy(p, data, (size_t)want);
        return true;
    }
    pvn_bytes *b = p;
    if (!data && sqlite3_column_type(stmt, i) == SQLITE_NULL)
        return true;
    uint8_t *copy = pvn_arena_alloc(a, (size_t)len);
    if (!copy)
        return false;
    if (len)
        memcpy(copy, data, (size_t)len);
    *b = pvn_bytes_of(copy, (size_t)len);
    return true;
}

/* ---- load ---- */

static provernet_status nomem_rows(pvn_rows *rows, provernet_error *err)
{
    rows->failed = true;
    return pvn_nomem(err);
}

provernet_status pvn_sqlite_read(pvn_sqlite *st, pvn_rows *rows,
                                 pvn_table table, sqlite3_stmt *stmt,
                                 pvn_row **out, provernet_error *err)
{
    const pvn_table_info *t = &pvn_table_infos[table];
    pvn_row *row = pvn_arena_alloc(rows->arena, t->row_bytes);

    (void)st;
    *out = NULL;
    if (!row)
        return nomem_rows(rows, err);
    row->table = (uint8_t)table;
    for (size_t i = 0; i < t->columns; i++) {
        if (!read_column(rows->arena, stmt, (int)i, row, &t->column[i]))
            return nomem_rows(rows, err);
        if (i + 1 == t->keys && (*out = pvn_rows_known(rows, row)) != NULL &&
            !(*out)->absent)
            return PROVERNET_OK; /* here already: the memory is newer */
    }
    *out = pvn_rows_loaded(rows, row);
    return *out ? PROVERNET_OK : nomem_rows(rows, err);
}

provernet_status pvn_sqlite_get(pvn_sqlite *st, pvn_rows *rows, pvn_table table,
                                const pvn_row *key_row, pvn_row **row,
                                provernet_error *err)
{
    const pvn_table_info *t = &pvn_table_infos[table];
    provernet_status s;
    sqlite3_stmt *stmt;
    int rc;

    *row = pvn_rows_known(rows, key_row);
    if (*row || rows->failed)
        return rows->failed ? pvn_nomem(err) : PROVERNET_OK;
    if (!st->table[table].get && (s = prepare_get(st, table, err)) != 0)
        return s;
    stmt = st->table[table].get;
    if (!bind_key(stmt, 1, key_row, t))
        return pvn_nomem(err);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        s = pvn_sqlite_read(st, rows, table, stmt, row, err);
    } else if (rc == SQLITE_DONE) {
        pvn_row *absent = pvn_arena_copy(rows->arena, key_row, t->row_bytes);

        s = PROVERNET_OK;
        if (absent) {
            memset(absent, 0, sizeof *absent);
            absent->table = (uint8_t)table;
            absent->absent = true;
            *row = pvn_rows_loaded(rows, absent);
        }
        if (!*row)
            s = nomem_rows(rows, err);
    } else {
        s = pvn_sqlite_fail(st, "read a row", rc, err);
    }
    sqlite3_reset(stmt);
    return s;
}

/* ---- store ---- */

/* Run a write of exactly one row. */
static provernet_status write_one(pvn_sqlite *st, sqlite3_stmt *stmt,
                                  const pvn_row *row, provernet_error *err)
{
    const char *table = pvn_table_infos[row->table].name;
    int rc = sqlite3_step(stmt);
    int reset = sqlite3_reset(stmt);
    char what[64];

    if (rc == SQLITE_DONE && sqlite3_changes(st->db) == 1)
        return PROVERNET_OK;
    if (rc == SQLITE_DONE)
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0,
                        "a row of %s to be changed is not there", table);
    snprintf(what, sizeof what, "write a row of %s", table);
    return pvn_sqlite_fail(st, what, reset ? reset : rc, err);
}

static provernet_status update(pvn_sqlite *st, const pvn_row *row,
                               provernet_error *err)
{
    const pvn_table_info *t = &pvn_table_infos[row->table];
    uint64_t mask = 0;
    sqlite3_stmt *stmt;
    provernet_status s;
    int at = 1;

    for (size_t i = t->keys; i < t->columns; i++)
        if (!row->was || !same(&t->column[i], row, row->was))
            mask |= UINT64_C(1) << i;
    if (!mask)
        return PROVERNET_OK;
    if ((s = update_for(st, row->table, mask, &stmt, err)) != 0)
        return s;
    for (size_t i = t->keys; i < t->columns; i++)
        if (mask >> i & 1 && !bind(stmt, at++, row, &t->column[i]))
            return pvn_nomem(err);
    if (!bind_key(stmt, at, row, t))
        return pvn_nomem(err);
    if (row->table == PVN_REQUEST)
        pvn_sqlite_gauge(st, row->was, (const pvn_request *)row);
    return write_one(st, stmt, row, err);
}

static provernet_status delete (pvn_sqlite *st, const pvn_row *row,
                                provernet_error *err)
{
    sqlite3_stmt **stmt = &st->table[row->table].delete;
    provernet_status s;

    if (!*stmt && (s = prepare_delete(st, row->table, err)) != 0)
        return s;
    if (!bind_key(*stmt, 1, row, &pvn_table_infos[row->table]))
        return pvn_nomem(err);
    if (row->table == PVN_REQUEST)
        pvn_sqlite_gauge(st, row->was, NULL);
    return write_one(st, *stmt, row, err);
}

static bool bind_id(sqlite3_stmt *stmt, int at, const provernet_id *id)
{
    return (pvn_id_none(id) ? sqlite3_bind_null(stmt, at)
                            : sqlite3_bind_blob(stmt, at, id->bytes, 16,
                                                SQLITE_STATIC)) == SQLITE_OK;
}

static provernet_status append(pvn_sqlite *st, pvn_event *e,
                               provernet_error *err)
{
    sqlite3_stmt *stmt;
    provernet_status s;
    int rc;

    s = pvn_sqlite_prepare(st, &st->event_insert,
                           "INSERT INTO events (seq, at_ms, request, task,"
                           " worker, type, detail)"
                           " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                           err);
    if (s)
        return s;
    stmt = st->event_insert;
    if (sqlite3_bind_int64(stmt, 1, st->next_seq) ||
        sqlite3_bind_int64(stmt, 2, e->at_ms) ||
        !bind_id(stmt, 3, &e->request) || !bind_id(stmt, 4, &e->task) ||
        !bind_id(stmt, 5, &e->worker) ||
        sqlite3_bind_text(stmt, 6, e->type, -1, SQLITE_STATIC) ||
        sqlite3_bind_text(stmt, 7, e->detail, -1, SQLITE_STATIC))
        return pvn_nomem(err);
    rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    if (rc != SQLITE_DONE)
        return pvn_sqlite_fail(st, "append an event", rc, err);
    e->seq = st->next_seq++;
    return PROVERNET_OK;
}

/* Bounded: looks at the oldest events only, and leaves the newest one, which
 * holds the place of the numbering. */
static provernet_status prune(pvn_sqlite *st, int64_t before_ms,
                              provernet_error *err)
{
    provernet_status s = pvn_sqlite_prepare(
        st, &st->events_prune,
        "DELETE FROM events WHERE seq IN (SELECT seq FROM (SELECT seq, at_ms"
        " FROM events ORDER BY seq LIMIT $1) AS oldest WHERE at_ms < $2)"
        " AND seq < (SELECT max(seq) FROM events)",
        err);
    int rc;

    if (s)
        return s;
    if (sqlite3_bind_int64(st->events_prune, 1, PVN_PRUNE_MAX) ||
        sqlite3_bind_int64(st->events_prune, 2, before_ms))
        return pvn_nomem(err);
    rc = sqlite3_step(st->events_prune);
    sqlite3_reset(st->events_prune);
    return rc == SQLITE_DONE ? PROVERNET_OK
                             : pvn_sqlite_fail(st, "prune events", rc, err);
}

/* Deletes, then updates, then inserts: a unique name that one row gives up
 * may be taken by another in the same batch. */
provernet_status pvn_sqlite_store(pvn_state *state, pvn_rows *rows,
                                  provernet_error *err)
{
    pvn_sqlite *st = (pvn_sqlite *)(void *)state;
    provernet_status s = PROVERNET_OK;

    if (!st->in_batch || st->sick)
        return pvn_fail(err, PROVERNET_ERR_IO, 0, "cannot store in %s: %s",
                        st->path, st->sick ? st->sick_why : "no batch is open");
    if (rows->failed)
        return pvn_nomem(err);
    for (pvn_row *r = rows->first; r && !s; r = r->next)
        if (r->deleted)
            s = delete (st, r, err);
    for (pvn_row *r = rows->first; r && !s; r = r->next)
        if (r->dirty && !r->fresh && !r->deleted)
            s = update(st, r, err);
    if (!s)
        s = pvn_sqlite_insert(st, rows->first, err);
    for (pvn_event *e = rows->events; e && !s; e = e->next)
        s = append(st, e, err);
    if (!s && rows->prune_events_ms > 0)
        s = prune(st, rows->prune_events_ms, err);
    return s;
}

void pvn_sqlite_rows_close(pvn_sqlite *st)
{
    for (size_t i = 0; i < PVN_TABLES_LEN; i++) {
        pvn_table_stmts *c = &st->table[i];

        sqlite3_finalize(c->get);
        sqlite3_finalize(c->insert);
        sqlite3_finalize(c->delete);
        for (size_t k = 0; k < c->updates; k++)
            sqlite3_finalize(c->update[k].stmt);
    }
    sqlite3_finalize(st->event_insert);
    sqlite3_finalize(st->events_prune);
}
