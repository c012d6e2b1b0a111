/* tests/sim/mem_state.c - the database as arrays in memory, with faults. */
#include "sim/mem_state.h"
#include "base/error.h"
#include <provernet/request.h>
#include <stdio.h>
#include <stdlib.h>

static mem_state *of(pvn_state *st)
{
    return (mem_state *)st;
}

/* ---- rows kept ---- */

static mem_row *find(const mem_state *m, const pvn_row *key)
{
    uint8_t buf[4096];
    size_t n = pvn_row_key(key, buf, sizeof buf);
    return n > sizeof buf ? NULL
                          : pvn_map_get(&m->table[key->table].by_key, buf, n);
}

const pvn_row *mem_get(const mem_state *m, const pvn_row *key)
{
    const mem_row *r = find(m, key);
    return r ? r->row : NULL;
}

static mem_row *keep(const pvn_row *row)
{
    mem_row *r = calloc(1, sizeof *r);
    r->row = pvn_row_copy(&r->arena, row);
    r->row->fresh = r->row->dirty = false;
    return r;
}

static void insert(mem_state *m, const pvn_row *row)
{
    mem_table *t = &m->table[row->table];
    mem_row *r = keep(row);
    uint8_t buf[4096];
    size_t n = pvn_row_key(row, buf, sizeof buf);
    uint8_t *key = pvn_arena_copy(&r->arena, buf, n);
    if (t->len == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->row = realloc(t->row, t->cap * sizeof *t->row);
    }
    t->row[t->len++] = r;
    pvn_map_put(&t->by_key, key, n, r);
}

static void drop(mem_table *t, size_t i)
{
    uint8_t buf[4096];
    size_t n = pvn_row_key(t->row[i]->row, buf, sizeof buf);
    pvn_map_take(&t->by_key, buf, n);
    pvn_arena_free(&t->row[i]->arena);
    free(t->row[i]);
    t->row[i] = t->row[--t->len];
}

static void erase(mem_state *m, const pvn_row *row)
{
    mem_table *t = &m->table[row->table];
    const mem_row *r = find(m, row);
    for (size_t i = 0; i < t->len; i++)
        if (t->row[i] == r) {
            drop(t, i);
            return;
        }
}

static void update(mem_state *m, const pvn_row *row)
{
    mem_row *r = find(m, row);
    mem_row *with = keep(row);
    mem_row old = *r;
    uint8_t buf[4096];
    size_t n = pvn_row_key(row, buf, sizeof buf);
    pvn_map_take(&m->table[row->table].by_key, buf, n);
    *r = *with;
    pvn_map_put(&m->table[row->table].by_key, pvn_arena_copy(&r->arena, buf, n),
                n, r);
    pvn_arena_free(&old.arena);
    free(with);
}

/* ---- scans ---- */

static bool open_request(const pvn_request *q)
{
    return q->state < PROVERNET_FULFILLED;
}
static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool request_fits(const pvn_want *w, const pvn_request *q)
{
    const pvn_filter *f = w->filter;
    switch (w->scan) {
    case PVN_REQUEST_BY_NAME:
        return q->protocol == w->int1 && q->name.data &&
               pvn_bytes_equal(q->name, w->bytes1);
    case PVN_REQUEST_BY_DEDUP:
        return q->dedup.data && pvn_bytes_equal(q->dedup, w->bytes1);
    case PVN_REQUESTS_DUE:
        return open_request(q) && q->deadline_ms <= w->int1;
    case PVN_REQUESTS_TIED:
        return open_request(q) && pvn_id_equal(&q->tied_to, &w->id1);
    case PVN_REQUESTS_UNASSIGNABLE:
        return open_request(q) && q->assignable_ms == 0 &&
               (same(w->text1, "*") || same(w->text1, q->kind));
    case PVN_REQUESTS_LIST:
        return (!(f->set & PVN_F_STATE) || f->state_mask >> q->state & 1) &&
               (!(f->set & PVN_F_REQUESTER) ||
                memcmp(f->requester20, q->requester, 20) == 0);
    default:
        return false;
    }
}

static bool task_fits(const pvn_want *w, const pvn_task *t)
{
    switch (w->scan) {
    case PVN_TASK_BY_NAME:
        return pvn_id_equal(&t->request, &w->id1) && same(t->name, w->text1);
    case PVN_TASKS_OF_REQUEST:
        return pvn_id_equal(&t->request, &w->id1);
    case PVN_TASKS_READY:
        return t->state == PVN_TASK_READY && t->not_before_ms <= w->int1 &&
               (w->int2 == 0 || t->memory_bytes <= w->int2) &&
               (same(w->text1, "*") || same(w->text1, t->kind));
    case PVN_TASKS_LEASE_ENDED:
        return t->state == PVN_TASK_LEASED && t->lease_ms <= w->int1;
    case PVN_TASKS_OF_WORKER:
        return t->state == PVN_TASK_LEASED && pvn_id_equal(&t->worker, &w->id1);
    default:
        return false;
    }
}

static pvn_table table_of(pvn_scan scan)
{
    switch (scan) {
    case PVN_ACCOUNT_BY_NAME:
        return PVN_ACCOUNT;
    case PVN_WORKER_BY_NAME:
    case PVN_WORKERS_LIST:
    case PVN_WORKERS_OF_SESSION:
        return PVN_WORKER;
    case PVN_TASK_BY_NAME:
    case PVN_TASKS_OF_REQUEST:
    case PVN_TASKS_READY:
    case PVN_TASKS_LEASE_ENDED:
    case PVN_TASKS_OF_WORKER:
        return PVN_TASK;
    case PVN_FILES_OF_TASK:
        return PVN_TASK_FILE;
    case PVN_EDGES_FROM:
        return PVN_EDGE;
    case PVN_ATTEMPTS_OF_TASK:
        return PVN_ATTEMPT;
    case PVN_ARTIFACTS_EXPIRED:
        return PVN_ARTIFACT;
    case PVN_RECORDS_EXPIRED:
    case PVN_RECORDS_OF_KIND:
        return PVN_RECORD;
    case PVN_SPEEDS_OF_PROGRAM:
        return PVN_SPEED;
    case PVN_BIDS_OF_REQUEST:
        return PVN_BID;
    case PVN_AUCTIONS_DUE:
    case PVN_AUCTIONS_OPEN:
    case PVN_AUCTIONS_ENDED:
    case PVN_AUCTIONS_PAST:
        return PVN_AUCTION;
    case PVN_PROVERS_LIST:
        return PVN_PROVER;
    case PVN_SESSIONS_LIVE:
        return PVN_SESSION;
    case PVN_PROGRAMS_LIST:
        return PVN_PROGRAM;
    default:
        return PVN_REQUEST;
    }
}

static int compare_bytes(pvn_bytes a, pvn_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n > 0 ? memcmp(a.data, b.data, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static bool auction_fits(const pvn_want *w, const pvn_auction *a)
{
    switch (w->scan) {
    case PVN_AUCTIONS_DUE:
        return a->due_ms > 0 && a->due_ms <= w->int1;
    case PVN_AUCTIONS_OPEN:
        return a->state == PVN_AUCTION_OPEN && a->bids > 0 &&
               a->close_ms <= w->int1;
    case PVN_AUCTIONS_PAST:
        return a->ended_ms > 0 && a->ended_ms < w->int2 &&
               (a->ended_ms > w->int1 ||
                (a->ended_ms == w->int1 &&
                 memcmp(a->request.bytes, w->id1.bytes, 16) > 0));
    default:
        return a->state == w->int1 && a->ended_ms > 0 && a->ended_ms >= w->int2;
    }
}

static bool other_fits(const pvn_want *w, const pvn_row *row)
{
    switch (w->scan) {
    case PVN_ACCOUNT_BY_NAME:
        return same(((const pvn_account *)row)->name, w->text1);
    case PVN_WORKER_BY_NAME:
        return same(((const pvn_worker *)row)->origin, w->text1) &&
               same(((const pvn_worker *)row)->name, w->text2);
    case PVN_WORKERS_LIST:
        return memcmp(&((const pvn_worker *)row)->id, &w->id1, 16) > 0;
    case PVN_WORKERS_OF_SESSION:
        return ((const pvn_worker *)row)->state == PVN_WORKER_HERE &&
               pvn_id_equal(&((const pvn_worker *)row)->session, &w->id1);
    case PVN_FILES_OF_TASK:
        return pvn_id_equal(&((const pvn_task_file *)row)->task, &w->id1);
    case PVN_EDGES_FROM:
        return pvn_id_equal(&((const pvn_edge *)row)->before, &w->id1);
    case PVN_ATTEMPTS_OF_TASK:
        return pvn_id_equal(&((const pvn_attempt *)row)->task, &w->id1);
    case PVN_ARTIFACTS_EXPIRED: {
        const pvn_artifact *a = (const pvn_artifact *)row;
        return a->pins == 0 && a->state != PVN_ARTIFACT_GONE &&
               a->expires_ms > 0 && a->expires_ms <= w->int1;
    }
    case PVN_RECORDS_EXPIRED: {
        const pvn_record *r = (const pvn_record *)row;
        return r->expires_ms > 0 && r->expires_ms <= w->int1;
    }
    case PVN_RECORDS_OF_KIND: {
        const pvn_record *r = (const pvn_record *)row;
        return r->protocol == w->int1 && same(r->kind, w->text1) &&
               compare_bytes(r->key, w->bytes1) > 0;
    }
    case PVN_SPEEDS_OF_PROGRAM:
        return pvn_id_equal(&((const pvn_speed *)row)->program, &w->id1);
    case PVN_BIDS_OF_REQUEST:
        return pvn_id_equal(&((const pvn_bid *)row)->request, &w->id1);
    case PVN_AUCTIONS_DUE:
    case PVN_AUCTIONS_OPEN:
    case PVN_AUCTIONS_ENDED:
    case PVN_AUCTIONS_PAST:
        return auction_fits(w, (const pvn_auction *)row);
    case PVN_PROVERS_LIST:
        return compare_bytes(
                   pvn_bytes_of(((const pvn_prover *)row)->address, 20),
                   w->bytes1) > 0;
    case PVN_SESSIONS_LIVE:
        return !((const pvn_session *)row)->ended;
    case PVN_PROGRAMS_LIST:
        return ((const pvn_program *)row)->protocol == w->int1 &&
               compare_bytes(((const pvn_program *)row)->name, w->bytes1) > 0;
    default:
        return false;
    }
}

static bool fits(const pvn_want *w, const pvn_row *row)
{
    if (row->table == PVN_REQUEST)
        return request_fits(w, (const pvn_request *)row);
    if (row->table == PVN_TASK)
        return task_fits(w, (const pvn_task *)row);
    return other_fits(w, row);
}

/* What the scan is ordered by; then the primary key. */
static int64_t rank(const pvn_want *w, const pvn_row *row)
{
    switch (w->scan) {
    case PVN_TASKS_READY:
        return ((const pvn_task *)row)->due_ms;
    case PVN_TASKS_LEASE_ENDED:
        return ((const pvn_task *)row)->lease_ms;
    case PVN_REQUESTS_DUE:
        return ((const pvn_request *)row)->deadline_ms;
    case PVN_REQUESTS_UNASSIGNABLE:
        return ((const pvn_request *)row)->created_ms;
    case PVN_REQUESTS_LIST:
        return w->filter->newest_first ? -((const pvn_request *)row)->created_ms
                                       : ((const pvn_request *)row)->created_ms;
    case PVN_ARTIFACTS_EXPIRED:
        return ((const pvn_artifact *)row)->expires_ms;
    case PVN_AUCTIONS_DUE:
        return ((const pvn_auction *)row)->due_ms;
    case PVN_AUCTIONS_OPEN:
        return ((const pvn_auction *)row)->close_ms;
    case PVN_AUCTIONS_ENDED:
        return -((const pvn_auction *)row)->ended_ms;
    case PVN_AUCTIONS_PAST:
        return ((const pvn_auction *)row)->ended_ms;
    default:
        return 0;
    }
}

static bool before(const pvn_want *w, const pvn_row *a, const pvn_row *b)
{
    int64_t x = rank(w, a), y = rank(w, b);
    if (x != y)
        return x < y;
    if (w->scan == PVN_RECORDS_OF_KIND)
        return compare_bytes(((const pvn_record *)a)->key,
                             ((const pvn_record *)b)->key) < 0;
    if (w->scan == PVN_PROGRAMS_LIST)
        return compare_bytes(((const pvn_program *)a)->name,
                             ((const pvn_program *)b)->name) < 0;
    uint8_t ka[512], kb[512];
    size_t na = pvn_row_key(a, ka, sizeof ka);
    size_t nb = pvn_row_key(b, kb, sizeof kb);
    int c = compare_bytes(pvn_bytes_of(ka, na), pvn_bytes_of(kb, nb));
    return w->scan == PVN_AUCTIONS_ENDED ? c > 0 : c < 0;
}

static bool scan(mem_state *m, pvn_rows *rows, pvn_want *w)
{
    const mem_table *t = &m->table[table_of(w->scan)];
    if (m->quiet)
        m->quiet(1);
    const pvn_row **hit = malloc((t->len + 1) * sizeof *hit);
    if (m->quiet)
        m->quiet(0);
    size_t n = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (!fits(w, t->row[i]->row))
            continue;
        size_t k = n++;
        for (; k > 0 && before(w, t->row[i]->row, hit[k - 1]); k--)
            hit[k] = hit[k - 1];
        hit[k] = t->row[i]->row;
        if (n > w->limit)
            n = w->limit;
    }
    w->found = pvn_arena_alloc(rows->arena, n * sizeof *w->found);
    bool ok = w->found != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        pvn_row *copy = pvn_row_copy(rows->arena, hit[i]);
        w->found[i] = copy ? pvn_rows_loaded(rows, copy) : NULL;
        ok = w->found[i] != NULL;
    }
    w->found_len = ok ? n : 0;
    free(hit);
    return ok;
}

static bool get(mem_state *m, pvn_rows *rows, const pvn_want *w)
{
    const pvn_row *row = mem_get(m, w->key_row);
    pvn_row *copy = pvn_row_copy(rows->arena, row ? row : w->key_row);
    if (!copy)
        return false;
    copy->absent = !row;
    return pvn_rows_loaded(rows, copy) != NULL;
}

static bool events(const mem_state *m, pvn_rows *rows, pvn_want *w)
{
    pvn_event **last = &w->events;
    for (const pvn_event *e = m->events; e; e = e->next) {
        if (e->seq <= w->int1 || w->found_len >= w->limit ||
            (w->scan == PVN_EVENTS_LAST && e->next) ||
            (w->scan == PVN_EVENTS_OF_REQUEST &&
             !pvn_id_equal(&e->request, &w->id1)))
            continue;
        pvn_event *copy = pvn_arena_copy(rows->arena, e, sizeof *e);
        if (!copy)
            return false;
        copy->next = NULL;
        *last = copy;
        last = &copy->next;
        w->found_len++;
    }
    return true;
}

/* ---- the table of functions ---- */

static bool strikes_now(mem_state *m, mem_fault f)
{
    if (m->fault != f)
        return false;
    m->fault = MEM_FINE;
    return true;
}

static provernet_status mem_begin(pvn_state *st, int64_t *now_ms,
                                  provernet_error *err)
{
    mem_state *m = of(st);
    (void)err;
    if (*m->clock > m->last_ms)
        m->last_ms = *m->clock;
    *now_ms = m->last_ms;
    m->pending = NULL;
    return PROVERNET_OK;
}

static provernet_status mem_load(pvn_state *st, pvn_rows *rows, pvn_want *w,
                                 provernet_error *err)
{
    mem_state *m = of(st);
    if (strikes_now(m, MEM_LOAD))
        return pvn_fail(err, PROVERNET_ERR_IO, 5, "reading failed");
    for (; w; w = w->next) {
        if (w->loaded)
            continue;
        bool ok = w->scan == PVN_GET ? get(m, rows, w)
                  : w->scan == PVN_EVENTS_SINCE || w->scan == PVN_EVENTS_LAST ||
                          w->scan == PVN_EVENTS_OF_REQUEST
                      ? events(m, rows, w)
                      : scan(m, rows, w);
        if (!ok)
            return pvn_nomem(err);
        w->loaded = true;
    }
    return PROVERNET_OK;
}

static void broke(mem_state *m, const char *what, const pvn_row *row)
{
    if (!m->broken[0])
        snprintf(m->broken, sizeof m->broken, "%s: table %s", what,
                 pvn_table_infos[row->table].name);
}

static provernet_status mem_store(pvn_state *st, pvn_rows *rows,
                                  provernet_error *err)
{
    mem_state *m = of(st);
    if (strikes_now(m, MEM_STORE))
        return pvn_fail(err, PROVERNET_ERR_SPACE, 28, "the disk is full");
    if (rows->failed)
        broke(m, "a failed batch was stored", rows->first);
    for (const pvn_row *r = rows->first; r; r = r->next) {
        bool there = find(m, r) != NULL;
        if (r->fresh && (r->absent || r->deleted))
            broke(m, "fresh and gone", r);
        if (r->fresh && there)
            broke(m, "inserted twice", r);
        if (!r->fresh && (r->dirty || r->deleted) && !there)
            broke(m, "changed but not there", r);
    }
    m->pending = rows;
    return PROVERNET_OK;
}

static bool clash(const pvn_row *a, const pvn_row *b)
{
    if (a->table == PVN_REQUEST) {
        const pvn_request *x = (const pvn_request *)a;
        const pvn_request *y = (const pvn_request *)b;
        return (x->dedup.data && pvn_bytes_equal(x->dedup, y->dedup) &&
                y->dedup.data) ||
               (x->name.data && y->name.data && x->protocol == y->protocol &&
                pvn_bytes_equal(x->name, y->name));
    }
    if (a->table == PVN_TASK)
        return pvn_id_equal(&((const pvn_task *)a)->request,
                            &((const pvn_task *)b)->request) &&
               same(((const pvn_task *)a)->name, ((const pvn_task *)b)->name);
    if (a->table == PVN_WORKER)
        return same(((const pvn_worker *)a)->name,
                    ((const pvn_worker *)b)->name) &&
               same(((const pvn_worker *)a)->origin,
                    ((const pvn_worker *)b)->origin);
    if (a->table == PVN_ACCOUNT)
        return same(((const pvn_account *)a)->name,
                    ((const pvn_account *)b)->name);
    return false;
}

static void check_unique(mem_state *m, const pvn_row *row)
{
    const mem_table *t = &m->table[row->table];
    const mem_row *self = find(m, row);
    for (size_t i = 0; i < t->len; i++)
        if (t->row[i] != self && clash(row, t->row[i]->row))
            broke(m, "unique key broken", row);
}

static void apply(mem_state *m)
{
    const pvn_rows *rows = m->pending;
    for (const pvn_row *r = rows->first; r; r = r->next) {
        if (r->deleted)
            erase(m, r);
        else if (r->fresh)
            insert(m, r);
        else if (r->dirty)
            update(m, r);
    }
    for (const pvn_row *r = rows->first; r; r = r->next)
        if (r->dirty)
            check_unique(m, r);
    for (const pvn_event *e = rows->events; e; e = e->next) {
        pvn_event *copy = pvn_arena_copy(&m->events_arena, e, sizeof *copy);
        copy->seq = ++m->seq;
        copy->type = pvn_arena_text(&m->events_arena, e->type);
        if (e->detail)
            copy->detail = pvn_arena_text(&m->events_arena, e->detail);
        copy->next = NULL;
        *m->events_last = copy;
        m->events_last = &copy->next;
    }
    while (m->events && m->events->next &&
           m->events->at_ms < rows->prune_events_ms)
        m->events = m->events->next;
}

static provernet_status mem_commit(pvn_state *st, provernet_error *err)
{
    mem_state *m = of(st);
    if (strikes_now(m, MEM_COMMIT_LOST)) {
        m->pending = NULL;
        return pvn_fail(err, PROVERNET_ERR_IO, 5, "fsync failed");
    }
    if (m->quiet)
        m->quiet(1);
    if (m->pending)
        apply(m);
    if (m->quiet)
        m->quiet(0);
    m->pending = NULL;
    m->commits++;
    if (strikes_now(m, MEM_COMMIT_DOUBT))
        return pvn_fail(err, PROVERNET_ERR_IO, 5, "connection lost");
    return PROVERNET_OK;
}

static void mem_rollback(pvn_state *st)
{
    of(st)->pending = NULL;
}

static provernet_status mem_count(pvn_state *st, pvn_arena *a,
                                  const char **json, provernet_error *err)
{
    (void)st;
    *json = pvn_arena_text(a, "{}");
    return *json ? PROVERNET_OK : pvn_nomem(err);
}

static void mem_close_it(pvn_state *st)
{
    mem_close(of(st));
}

static const pvn_state_ops mem_ops = { mem_begin,   mem_load,     mem_store,
                                       mem_commit,  mem_rollback, mem_count,
                                       mem_close_it };

void mem_open(mem_state *m, const int64_t *clock)
{
    memset(m, 0, sizeof *m);
    m->state.ops = &mem_ops;
    m->clock = clock;
    m->events_last = &m->events;
}

void mem_close(mem_state *m)
{
    for (size_t t = 0; t < PVN_TABLES_LEN; t++) {
        while (m->table[t].len > 0)
            drop(&m->table[t], m->table[t].len - 1);
        free(m->table[t].row);
        pvn_map_free(&m->table[t].by_key);
    }
    pvn_arena_free(&m->events_arena);
    memset(m, 0, sizeof *m);
}
