/* state/sqlite_list.c - lists of requests by any set of filters, in order of
 * creation, through whichever index fits. Includes base/ and SQLite. */
#include "base/buf.h"
#include "state/sqlite_state.h"
#include <stdlib.h>

/* A prefix of an id or a name is at most this long. */
enum { PREFIX_MAX = 256, OPEN_MASK = 1 << 1 | 1 << 2 | 1 << 3 };

static const pvn_filter no_filter;

static bool only_open(const pvn_filter *f)
{
    return f->set & PVN_F_STATE && (f->state_mask & ~(int64_t)OPEN_MASK) == 0;
}

/* Auctions that wait for bids: bidders poll, and have an index of their own. */
static bool only_bidding(const pvn_filter *f)
{
    return f->set & PVN_F_STATE && f->state_mask == 1 << 1 &&
           f->set & PVN_F_SETTLE && f->settle == PVN_SETTLE_OPEN &&
           !(f->set & PVN_F_REQUESTER);
}

/* Failed ones whose deadline is to come: few, and provers poll for them. */
static bool only_failed(const pvn_filter *f)
{
    return f->set & PVN_F_STATE && f->state_mask == 1 << 5 &&
           f->set & PVN_F_DEADLINE && !(f->set & PVN_F_REQUESTER);
}

static void where(pvn_buf *b, int *n, bool on, const char *condition)
{
    if (!on)
        return;
    pvn_buf_format(b, " AND %s$%d", condition, ++*n);
}

static void write_sql(pvn_buf *b, const pvn_filter *f)
{
    char *columns = pvn_sqlite_columns(PVN_REQUEST, "");
    const char *order = f->newest_first ? " DESC" : "";
    int n = 0;

    b->failed = !columns;
    /* The unary plus keeps a column from choosing the index: order of
     * creation does, within the requester or the open ones if asked for. */
    pvn_buf_format(b, "SELECT %s FROM requests WHERE 1 = 1",
                   columns ? columns : "");
    free(columns);
    if (f->set & PVN_F_ID_PREFIX) {
        pvn_buf_text(b, " AND id IN (SELECT id FROM requests WHERE id"
                        " BETWEEN $1 AND $2 UNION ALL SELECT id FROM requests"
                        " WHERE name BETWEEN $1 AND $2)");
        n = 2;
    }
    where(b, &n, f->set & PVN_F_REQUESTER, "requester = ");
    if (only_bidding(f))
        pvn_buf_text(b, " AND settle = 1 AND state = 1");
    else if (only_failed(f))
        pvn_buf_text(b, " AND state = 5");
    else if (only_open(f))
        pvn_buf_text(b, " AND state <= 3");
    if (f->set & PVN_F_STATE)
        pvn_buf_format(b, " AND ($%d >> state) & 1 = 1", ++n);
    where(b, &n, f->set & PVN_F_PROTOCOL, "+protocol = ");
    where(b, &n, f->set & PVN_F_EXEC, "+exec = ");
    where(b, &n, f->set & PVN_F_SETTLE, "+settle = ");
    where(b, &n, f->set & PVN_F_KIND, "+kind = ");
    where(b, &n, f->set & PVN_F_PROGRAM, "+program_name = ");
    where(b, &n, f->set & PVN_F_FULFILLER, "+fulfiller = ");
    if (f->set & PVN_F_NOT_BID_BY)
        pvn_buf_format(b,
                       " AND NOT EXISTS (SELECT 1 FROM bids WHERE"
                       " bids.request = requests.id AND prover = $%d)",
                       ++n);
    where(b, &n, f->set & PVN_F_DEADLINE,
          only_failed(f) ? "deadline_ms > " : "+deadline_ms > ");
    where(b, &n, f->set & PVN_F_FROM, "created_ms >= ");
    where(b, &n, f->set & PVN_F_TO, "created_ms <= ");
    /* Failed ones are found by their deadline, then sorted. */
    pvn_buf_format(b, " ORDER BY %screated_ms%s, id%s LIMIT $%d OFFSET $%d",
                   only_failed(f) ? "+" : "", order, order, n + 1, n + 2);
    pvn_buf_add(b, "", 1);
}

char *pvn_sqlite_list_sql(const pvn_filter *f)
{
    pvn_buf b = { 0 };

    write_sql(&b, f);
    if (b.failed) {
        pvn_buf_free(&b);
        return NULL;
    }
    return (char *)b.data;
}

/* Every name or id that begins with the prefix lies between it and itself
 * filled up with 0xff. */
static bool bind_prefix(sqlite3_stmt *stmt, pvn_bytes prefix)
{
    uint8_t high[PREFIX_MAX];
    size_t len = prefix.len < PREFIX_MAX ? prefix.len : PREFIX_MAX;

    memset(high, 0xff, sizeof high);
    if (len)
        memcpy(high, prefix.data, len);
    return pvn_sqlite_bind_bytes(stmt, 1,
                                 prefix.data ? prefix : pvn_bytes_of("", 0)) &&
           sqlite3_bind_blob(stmt, 2, high, sizeof high, SQLITE_TRANSIENT) ==
               SQLITE_OK;
}

static bool bind_filter(sqlite3_stmt *stmt, const pvn_filter *f, int64_t limit)
{
    int n = 0, rc = SQLITE_OK;

#define INT(bit, value)                                                        \
    if (f->set & (bit) && rc == SQLITE_OK)                                     \
    rc = sqlite3_bind_int64(stmt, ++n, value)
#define BLOB(bit, data, len)                                                   \
    if (f->set & (bit) && rc == SQLITE_OK)                                     \
    rc = sqlite3_bind_blob(stmt, ++n, data, len, SQLITE_STATIC)

    if (f->set & PVN_F_ID_PREFIX) {
        if (!bind_prefix(stmt, f->id_prefix))
            return false;
        n = 2;
    }
    BLOB(PVN_F_REQUESTER, f->requester20, 20);
    INT(PVN_F_STATE, f->state_mask);
    INT(PVN_F_PROTOCOL, f->protocol);
    INT(PVN_F_EXEC, f->exec);
    INT(PVN_F_SETTLE, f->settle);
    if (f->set & PVN_F_KIND && rc == SQLITE_OK)
        rc = sqlite3_bind_text(stmt, ++n, f->kind, -1, SQLITE_STATIC);
    if (f->set & PVN_F_PROGRAM && rc == SQLITE_OK)
        rc = pvn_sqlite_bind_bytes(stmt, ++n, f->program_name) ? SQLITE_OK
                                                               : SQLITE_NOMEM;
    BLOB(PVN_F_FULFILLER, f->fulfiller20, 20);
    BLOB(PVN_F_NOT_BID_BY, f->not_bid_by20, 20);
    INT(PVN_F_DEADLINE, f->deadline_after_ms);
    INT(PVN_F_FROM, f->created_from_ms);
    INT(PVN_F_TO, f->created_to_ms);
#undef INT
#undef BLOB
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, n + 1, limit);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, n + 2, f->offset > 0 ? f->offset : 0);
    return rc == SQLITE_OK;
}

/* The statement of the last shape of filter is kept: pollers ask the same. */
static provernet_status statement(pvn_sqlite *st, const pvn_filter *f,
                                  sqlite3_stmt **out, provernet_error *err)
{
    uint64_t shape = (uint64_t)f->set << 4 | (uint64_t)f->newest_first << 3 |
                     (uint64_t)only_failed(f) << 2 |
                     (uint64_t)only_bidding(f) << 1 | (uint64_t)only_open(f);
    pvn_list_stmt *free_slot = &st->list[0];
    char *sql;
    provernet_status s;

    for (size_t i = 0; i < PVN_LISTS_MAX; i++) {
        pvn_list_stmt *l = &st->list[i];

        if (l->stmt && l->shape == shape) {
            l->used = ++st->list_uses;
            *out = l->stmt;
            return PROVERNET_OK;
        }
        if (l->used < free_slot->used)
            free_slot = l;
    }
    sqlite3_finalize(free_slot->stmt);
    memset(free_slot, 0, sizeof *free_slot);
    sql = pvn_sqlite_list_sql(f);
    s = pvn_sqlite_prepare(st, &free_slot->stmt, sql, err);
    free(sql);
    if (s)
        return s;
    free_slot->shape = shape;
    free_slot->used = ++st->list_uses;
    *out = free_slot->stmt;
    return PROVERNET_OK;
}

provernet_status pvn_sqlite_list(pvn_sqlite *st, pvn_rows *rows, pvn_want *want,
                                 provernet_error *err)
{
    const pvn_filter *f = want->filter ? want->filter : &no_filter;
    int64_t limit = want->limit ? want->limit : PVN_SCAN_DEFAULT;
    sqlite3_stmt *stmt;
    provernet_status s = statement(st, f, &stmt, err);

    if (s)
        return s;
    if (!bind_filter(stmt, f, limit))
        return pvn_nomem(err);
    return pvn_sqlite_collect(st, rows, want, PVN_REQUEST, stmt, err);
}

void pvn_sqlite_list_close(pvn_sqlite *st)
{
    for (size_t i = 0; i < PVN_LISTS_MAX; i++)
        sqlite3_finalize(st->list[i].stmt);
}
