/* state/sqlite_count.c - gauges: open requests by kind and state. Counted once
 * by a query, then kept in step by the writes. Includes base/ and SQLite. */
#include "base/buf.h"
#include "state/sqlite_state.h"
#include <provernet/request.h>
#include <stdlib.h>

static bool is_open(const pvn_request *r)
{
    return r && r->state >= PROVERNET_QUEUED && r->state <= PROVERNET_VERIFYING;
}

static pvn_gauge *gauge_of(pvn_gauges *g, const char *kind)
{
    pvn_gauge *bigger;

    for (size_t i = 0; i < g->len; i++)
        if (strcmp(g->of[i].kind, kind) == 0)
            return &g->of[i];
    if (g->len == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 16;

        bigger = realloc(g->of, cap * sizeof *bigger);
        if (!bigger)
            return NULL;
        g->of = bigger;
        g->cap = cap;
    }
    memset(&g->of[g->len], 0, sizeof g->of[0]);
    g->of[g->len].kind = strdup(kind);
    return g->of[g->len].kind ? &g->of[g->len++] : NULL;
}

static bool add(pvn_gauges *g, const char *kind, int64_t state, int64_t n)
{
    pvn_gauge *at = gauge_of(g, kind ? kind : "");

    if (at)
        at->n[state - PROVERNET_QUEUED] += n;
    return at != NULL;
}

void pvn_sqlite_gauges_forget(pvn_sqlite *st)
{
    for (size_t i = 0; i < st->gauges.len; i++)
        free(st->gauges.of[i].kind);
    st->gauges.len = 0;
    st->gauges.valid = false;
}

void pvn_sqlite_gauge(pvn_sqlite *st, const pvn_request *was,
                      const pvn_request *is)
{
    pvn_gauges *g = &st->gauges;

    if (!g->valid)
        return;
    if ((is_open(was) && !add(g, was->kind, was->state, -1)) ||
        (is_open(is) && !add(g, is->kind, is->state, 1)))
        pvn_sqlite_gauges_forget(st); /* no memory: count again when asked */
}

static provernet_status count_all(pvn_sqlite *st, provernet_error *err)
{
    sqlite3_stmt *stmt = NULL;
    provernet_status s = pvn_sqlite_prepare(
        st, &stmt,
        "SELECT kind, state, count(*) FROM requests WHERE state <= 3"
        " GROUP BY kind, state",
        err);
    bool fine = true;
    int rc = SQLITE_DONE;

    if (s)
        return s;
    pvn_sqlite_gauges_forget(st);
    while (fine && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t state = sqlite3_column_int64(stmt, 1);

        if (state >= PROVERNET_QUEUED)
            fine = add(&st->gauges, (const char *)sqlite3_column_text(stmt, 0),
                       state, sqlite3_column_int64(stmt, 2));
    }
    sqlite3_finalize(stmt);
    if (!fine) {
        pvn_sqlite_gauges_forget(st);
        return pvn_nomem(err);
    }
    if (rc != SQLITE_DONE)
        return pvn_sqlite_fail(st, "count requests", rc, err);
    st->gauges.valid = true;
    return PROVERNET_OK;
}

/* {"requests":[{"kind":"..","queued":1,"running":0,"verifying":0},..]} */
provernet_status pvn_sqlite_count(pvn_state *state, pvn_arena *a,
                                  const char **json, provernet_error *err)
{
    pvn_sqlite *st = (pvn_sqlite *)(void *)state;
    pvn_gauges *g = &st->gauges;
    pvn_buf b = { 0 };
    provernet_status s;
    const char *comma = "";

    *json = NULL;
    if (!g->valid && (s = count_all(st, err)) != 0)
        return s;
    pvn_buf_text(&b, "{\"requests\":[");
    for (size_t i = 0; i < g->len; i++) {
        const pvn_gauge *at = &g->of[i];

        if (!at->n[0] && !at->n[1] && !at->n[2])
            continue;
        pvn_buf_format(&b, "%s{\"kind\":", comma);
        pvn_buf_json(&b, at->kind, strlen(at->kind));
        pvn_buf_format(
            &b, ",\"queued\":%lld,\"running\":%lld,\"verifying\":%lld}",
            (long long)at->n[0], (long long)at->n[1], (long long)at->n[2]);
        comma = ",";
    }
    pvn_buf_text(&b, "]}");
    pvn_buf_add(&b, "", 1);
    if (!b.failed)
        *json = pvn_arena_text(a, (const char *)b.data);
    pvn_buf_free(&b);
    return *json ? PROVERNET_OK : pvn_nomem(err);
}
