/* tests/sim/twin_state.c - SQLite and the plain memory side by side. */
#include "sim/twin_state.h"
#include "base/error.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static twin_state *of(pvn_state *st)
{
    return (twin_state *)st;
}

static void differ(twin_state *t, const char *what, int scan)
{
    if (!t->diff[0])
        snprintf(t->diff, sizeof t->diff, "SQLite differs, scan %d: %s", scan,
                 what);
}

/* ---- comparing ---- */

static bool same_column(const pvn_column *c, const void *a, const void *b)
{
    const void *x = (const char *)a + c->offset;
    const void *y = (const char *)b + c->offset;
    switch (c->type) {
    case PVN_COL_I64:
        return memcmp(x, y, 8) == 0;
    case PVN_COL_ID:
        return memcmp(x, y, 16) == 0;
    case PVN_COL_B20:
        return memcmp(x, y, 20) == 0;
    case PVN_COL_BYTES: {
        const pvn_bytes *p = x, *q = y;
        return !p->data == !q->data && pvn_bytes_equal(*p, *q);
    }
    default: {
        const char *p = *(const char *const *)x, *q = *(const char *const *)y;
        return p == q || (p && q && strcmp(p, q) == 0);
    }
    }
}

static void same_row(twin_state *t, int scan, const pvn_row *a,
                     const pvn_row *b)
{
    t->compared++;
    if (a->absent != b->absent) {
        differ(t, "a row is there and is not", scan);
        return;
    }
    if (a->absent)
        return;
    const pvn_table_info *info = &pvn_table_infos[a->table];
    for (size_t i = 0; i < info->columns; i++)
        if (!same_column(&info->column[i], a->was, b->was)) {
            differ(t, info->column[i].name, scan);
            return;
        }
}

/* Orders in which equals may stand either way. */
static bool loose(pvn_scan scan)
{
    return scan == PVN_REQUESTS_DUE || scan == PVN_REQUESTS_TIED ||
           scan == PVN_REQUESTS_UNASSIGNABLE || scan == PVN_ARTIFACTS_EXPIRED ||
           scan == PVN_RECORDS_EXPIRED;
}

static void same_set(twin_state *t, pvn_rows *plain, const pvn_want *a)
{
    for (size_t i = 0; i < a->found_len && a->found_len < a->limit; i++) {
        const pvn_row *y = pvn_rows_known(plain, a->found[i]);
        if (!y)
            differ(t, "another row", (int)a->scan);
        else
            same_row(t, (int)a->scan, a->found[i], y);
    }
}

static void same_found(twin_state *t, pvn_rows *rows, pvn_rows *plain,
                       const pvn_want *a, const pvn_want *b)
{
    if (a->scan == PVN_GET) {
        const pvn_row *x = pvn_rows_known(rows, a->key_row);
        const pvn_row *y = pvn_rows_known(plain, b->key_row);
        if (!x || !y)
            differ(t, "a row is not even absent", 0);
        else
            same_row(t, 0, x, y);
        return;
    }
    if (a->found_len != b->found_len) {
        char text[80];
        snprintf(text, sizeof text, "%zu rows, expected %zu", a->found_len,
                 b->found_len);
        differ(t, text, (int)a->scan);
        return;
    }
    if (loose(a->scan)) {
        same_set(t, plain, a);
        return;
    }
    for (size_t i = 0; a->found && i < a->found_len; i++)
        same_row(t, (int)a->scan, a->found[i], b->found[i]);
    const pvn_event *y = b->events;
    for (const pvn_event *x = a->events; x && y; x = x->next, y = y->next)
        if (strcmp(x->type, y->type) != 0 || x->at_ms != y->at_ms)
            differ(t, "events", (int)a->scan);
}

/* Copies of the open wants, for the plain memory. */
static pvn_want *copy_wants(pvn_arena *a, const pvn_want *w)
{
    pvn_want *first = NULL, **last = &first;
    for (; w; w = w->next) {
        pvn_want *c = pvn_arena_copy(a, w, sizeof *w);
        c->next = NULL;
        *last = c;
        last = &c->next;
    }
    return first;
}

/* ---- the table of functions ---- */

static provernet_status twin_begin(pvn_state *st, int64_t *now_ms,
                                   provernet_error *err)
{
    twin_state *t = of(st);
    int64_t plain;
    provernet_status s = t->sql->ops->begin(t->sql, now_ms, err);
    if (s < 0)
        return s;
    s = t->mem->state.ops->begin(&t->mem->state, &plain, err);
    if (*now_ms != plain)
        differ(t, "the clock", 0);
    return s;
}

static provernet_status twin_load(pvn_state *st, pvn_rows *rows, pvn_want *w,
                                  provernet_error *err)
{
    twin_state *t = of(st);
    pvn_arena arena = { 0 };
    pvn_rows plain;
    pvn_rows_init(&plain, &arena);
    pvn_want *copies = copy_wants(&arena, w);
    provernet_status s =
        t->mem->state.ops->load(&t->mem->state, &plain, copies, err);
    if (s >= 0)
        s = t->sql->ops->load(t->sql, rows, w, err);
    for (; s >= 0 && w && copies; w = w->next, copies = copies->next)
        same_found(t, rows, &plain, w, copies);
    pvn_rows_free(&plain);
    pvn_arena_free(&arena);
    return s;
}

static provernet_status twin_store(pvn_state *st, pvn_rows *rows,
                                   provernet_error *err)
{
    twin_state *t = of(st);
    provernet_status s = t->mem->state.ops->store(&t->mem->state, rows, err);
    return s < 0 ? s : t->sql->ops->store(t->sql, rows, err);
}

static provernet_status twin_commit(pvn_state *st, provernet_error *err)
{
    twin_state *t = of(st);
    if (t->mem->fault != MEM_COMMIT_LOST) {
        provernet_status s = t->sql->ops->commit(t->sql, err);
        if (s < 0)
            return s;
    }
    return t->mem->state.ops->commit(&t->mem->state, err);
}

static void twin_rollback(pvn_state *st)
{
    twin_state *t = of(st);
    t->sql->ops->rollback(t->sql);
    t->mem->state.ops->rollback(&t->mem->state);
}

static provernet_status twin_count(pvn_state *st, pvn_arena *a,
                                   const char **json, provernet_error *err)
{
    return of(st)->sql->ops->count(of(st)->sql, a, json, err);
}

static void twin_close_it(pvn_state *st)
{
    twin_close(of(st));
}

static const pvn_state_ops twin_ops = { twin_begin,   twin_load,     twin_store,
                                        twin_commit,  twin_rollback, twin_count,
                                        twin_close_it };

provernet_status twin_open(twin_state *t, mem_state *mem, const pvn_env *env,
                           provernet_error *err)
{
    memset(t, 0, sizeof *t);
    t->state.ops = &twin_ops;
    t->mem = mem;
    /* In memory if there is such a place: what is tested is SQL, not a disk. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(t->dir, sizeof t->dir, "%s/pvn-sim-XXXXXX", base);
    if (!mkdtemp(t->dir))
        return pvn_fail(err, PROVERNET_ERR_IO, 0, "no directory in %s", base);
    char path[96];
    snprintf(path, sizeof path, "%s/state.db", t->dir);
    return pvn_state_sqlite_open(&t->sql, path, env, err);
}

void twin_close(twin_state *t)
{
    if (t->sql)
        t->sql->ops->close(t->sql);
    t->sql = NULL;
    DIR *d = opendir(t->dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", t->dir, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(t->dir);
}
