/* state/sqlite_fresh.c - the new rows of a batch as tables that SQLite can
 * read, so that one statement inserts all of a kind. Includes SQLite.
 *
 * A statement for each row would open and close the table and all its indices
 * each time, and look for the place from the root: a third of the work. */
#include "state/sqlite_state.h"
#include "base/buf.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct fresh_table {
    sqlite3_vtab base; /* first: what SQLite knows */
    const pvn_fresh *of;
} fresh_table;

typedef struct fresh_cursor {
    sqlite3_vtab_cursor base;
    const pvn_row *row;
} fresh_cursor;

static fresh_cursor *cursor_of(sqlite3_vtab_cursor *c)
{
    return (fresh_cursor *)(void *)c;
}

static const pvn_fresh *fresh_of(const sqlite3_vtab_cursor *c)
{
    return ((const fresh_table *)(const void *)c->pVtab)->of;
}

static int fresh_connect(sqlite3 *db, void *user, int argc,
                         const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    const pvn_fresh *f = user;
    char *columns = pvn_sqlite_columns(f->table, "");
    fresh_table *t = sqlite3_malloc(sizeof *t);
    pvn_buf sql = { 0 };
    int rc = SQLITE_NOMEM;

    (void)argc, (void)argv, (void)message;
    pvn_buf_format(&sql, "CREATE TABLE x (%s)", columns ? columns : "");
    pvn_buf_add(&sql, "", 1);
    if (columns && t && !sql.failed)
        rc = sqlite3_declare_vtab(db, (const char *)sql.data);
    pvn_buf_free(&sql);
    free(columns);
    if (rc != SQLITE_OK) {
        sqlite3_free(t);
        return rc;
    }
    memset(t, 0, sizeof *t);
    t->of = f;
    *out = &t->base;
    return SQLITE_OK;
}

static int fresh_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* There is one way to read it. */
static int fresh_plan(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedCost = 1;
    return SQLITE_OK;
}

static int fresh_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    fresh_cursor *c = sqlite3_malloc(sizeof *c);

    (void)t;
    if (!c)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof *c);
    *out = &c->base;
    return SQLITE_OK;
}

static int fresh_close(sqlite3_vtab_cursor *c)
{
    sqlite3_free(c);
    return SQLITE_OK;
}

static void seek(fresh_cursor *c, const pvn_row *from)
{
    pvn_table table = fresh_of(&c->base)->table;

    while (from && (!from->fresh || from->table != table))
        from = from->next;
    c->row = from;
}

static int fresh_first(sqlite3_vtab_cursor *c, int plan, const char *text,
                       int argc, sqlite3_value **argv)
{
    (void)plan, (void)text, (void)argc, (void)argv;
    seek(cursor_of(c), fresh_of(c)->st->storing);
    return SQLITE_OK;
}

static int fresh_next(sqlite3_vtab_cursor *c)
{
    seek(cursor_of(c), cursor_of(c)->row->next);
    return SQLITE_OK;
}

static int fresh_end(sqlite3_vtab_cursor *c)
{
    return cursor_of(c)->row == NULL;
}

static void give_bytes(sqlite3_context *to, const void *data, size_t len)
{
    if (len == 0)
        sqlite3_result_zeroblob(to, 0);
    else
        sqlite3_result_blob64(to, data, len, SQLITE_STATIC);
}

/* The row stays where it is until the batch ends. */
static int fresh_column(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int i)
{
    const pvn_row *row = cursor_of(cursor)->row;
    const pvn_column *c = &pvn_table_infos[row->table].column[i];
    const void *p = (const char *)row + c->offset;
    const char *text;

    switch (c->type) {
    case PVN_COL_I64:
        sqlite3_result_int64(to, *(const int64_t *)p);
        break;
    case PVN_COL_ID:
        if (c->key || !pvn_id_none(p))
            give_bytes(to, p, 16);
        break;
    case PVN_COL_B20:
        give_bytes(to, p, 20);
        break;
    case PVN_COL_BYTES:
        if (c->key || ((const pvn_bytes *)p)->data)
            give_bytes(to, ((const pvn_bytes *)p)->data,
                       ((const pvn_bytes *)p)->len);
        break;
    case PVN_COL_TEXT:
        text = *(const char *const *)p;
        if (c->key || text)
            sqlite3_result_text(to, text ? text : "", -1, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK; /* without a result: NULL */
}

static int fresh_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
    (void)c;
    *out = 0; /* nobody asks */
    return SQLITE_OK;
}

/* No xCreate: it is there under its name in every connection that has it. */
static const sqlite3_module fresh_module = {
    .iVersion = 1,
    .xConnect = fresh_connect,
    .xBestIndex = fresh_plan,
    .xDisconnect = fresh_disconnect,
    .xOpen = fresh_open,
    .xClose = fresh_close,
    .xFilter = fresh_first,
    .xNext = fresh_next,
    .xEof = fresh_end,
    .xColumn = fresh_column,
    .xRowid = fresh_rowid,
};

provernet_status pvn_sqlite_fresh_open(pvn_sqlite *st, provernet_error *err)
{
    char name[48];
    int rc = SQLITE_OK;

    for (size_t i = 0; i < PVN_TABLES_LEN && rc == SQLITE_OK; i++) {
        st->fresh[i] = (pvn_fresh){ .st = st, .table = (pvn_table)i };
        snprintf(name, sizeof name, "fresh_%s", pvn_table_infos[i].name);
        rc = sqlite3_create_module_v2(st->db, name, &fresh_module,
                                      &st->fresh[i], NULL);
    }
    return rc ? pvn_sqlite_fail(st, "open the database", rc, err)
              : PROVERNET_OK;
}

/* OR FAIL: what was written before the row that fails is taken back with the
 * whole batch, so SQLite need not remember it for itself. */
static provernet_status prepare(pvn_sqlite *st, pvn_table table,
                                provernet_error *err)
{
    const char *name = pvn_table_infos[table].name;
    char *columns = pvn_sqlite_columns(table, "");
    pvn_buf sql = { 0 };
    provernet_status s;

    pvn_buf_format(&sql, "INSERT OR FAIL INTO %s (%s) SELECT %s FROM fresh_%s",
                   name, columns ? columns : "", columns ? columns : "", name);
    pvn_buf_add(&sql, "", 1);
    s = columns && !sql.failed
            ? pvn_sqlite_prepare(st, &st->table[table].insert,
                                 (const char *)sql.data, err)
            : pvn_nomem(err);
    pvn_buf_free(&sql);
    free(columns);
    return s;
}

static provernet_status insert(pvn_sqlite *st, pvn_table table, size_t rows,
                               provernet_error *err)
{
    sqlite3_stmt **stmt = &st->table[table].insert;
    provernet_status s;
    char what[64];
    int rc, reset;

    if (!*stmt && (s = prepare(st, table, err)) != 0)
        return s;
    rc = sqlite3_step(*stmt);
    reset = sqlite3_reset(*stmt);
    if (rc == SQLITE_DONE && (size_t)sqlite3_changes(st->db) == rows)
        return PROVERNET_OK;
    if (rc == SQLITE_DONE)
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0,
                        "not all new rows of %s were written",
                        pvn_table_infos[table].name);
    snprintf(what, sizeof what, "write a row of %s",
             pvn_table_infos[table].name);
    return pvn_sqlite_fail(st, what, reset ? reset : rc, err);
}

provernet_status pvn_sqlite_insert(pvn_sqlite *st, const pvn_row *first,
                                   provernet_error *err)
{
    size_t rows[PVN_TABLES_LEN] = { 0 };
    provernet_status s = PROVERNET_OK;

    for (const pvn_row *r = first; r; r = r->next) {
        rows[r->table] += r->fresh;
        if (r->fresh && r->table == PVN_REQUEST)
            pvn_sqlite_gauge(st, NULL, (const pvn_request *)(const void *)r);
    }
    st->storing = first;
    for (size_t i = 0; i < PVN_TABLES_LEN && !s; i++)
        if (rows[i])
            s = insert(st, (pvn_table)i, rows[i], err);
    st->storing = NULL;
    return s;
}
