/* schedule/worker.c - workers come and go. Pure; includes decide.h. */
#include "schedule/decide.h"

static pvn_worker *by_name(pvn_cx *cx, const char *origin, const char *name)
{
    pvn_want ask = { .scan = PVN_WORKER_BY_NAME,
                     .table = PVN_WORKER,
                     .text1 = origin,
                     .text2 = name,
                     .limit = 1 };
    pvn_worker *w = pvn_rows_worker_by_name(cx->rows, origin, name);
    if (!w && pvn_need_scan(cx, &ask))
        w = pvn_rows_worker_by_name(cx->rows, origin, name);
    return w;
}

/* ---- leases of one worker ---- */

static void need_leases(pvn_cx *cx, const provernet_id *worker, bool may_fail)
{
    const pvn_want *w =
        pvn_need_scan_id(cx, PVN_TASKS_OF_WORKER, worker, PVN_WHOLE_MAX);
    for (size_t i = 0; w && i < w->found_len; i++) {
        const pvn_task *t = (const pvn_task *)w->found[i];
        const pvn_request *q = pvn_need_request(cx, &t->request);
        pvn_need_attempt(cx, &t->id, t->attempt);
        if (q && may_fail)
            pvn_need_end(cx, q);
    }
}

typedef struct kept {
    const provernet_id *task;
    size_t len;
} kept;

static bool is_kept(const kept *k, const provernet_id *task)
{
    for (size_t i = 0; i < k->len; i++)
        if (pvn_id_equal(&k->task[i], task))
            return true;
    return false;
}

/* Tasks it was given earlier in this batch are in no scan. */
static pvn_task *next_lease(pvn_cx *cx, const provernet_id *worker,
                            const kept *k)
{
    for (pvn_row *r = cx->rows->first; r; r = r->next) {
        pvn_task *t = (pvn_task *)r;
        if (r->table == PVN_TASK && !r->absent && !r->deleted &&
            t->state == PVN_TASK_LEASED && pvn_id_equal(&t->worker, worker) &&
            !is_kept(k, &t->id))
            return t;
    }
    return NULL;
}

static bool leases_known(pvn_cx *cx, const provernet_id *worker, bool may_fail)
{
    for (pvn_row *r = cx->rows->first; r; r = r->next) {
        const pvn_task *t = (const pvn_task *)r;
        if (r->table != PVN_TASK || r->absent || r->deleted ||
            t->state != PVN_TASK_LEASED || !pvn_id_equal(&t->worker, worker))
            continue;
        const pvn_request *q = pvn_need_request(cx, &t->request);
        pvn_need_attempt(cx, &t->id, t->attempt);
        if (q && may_fail)
            pvn_need_end(cx, q);
    }
    return !cx->missing;
}

static void return_leases(pvn_cx *cx, const provernet_id *worker, kept k,
                          bool lost, const char *why)
{
    for (pvn_task *t; !cx->rows->failed && (t = next_lease(cx, worker, &k));) {
        pvn_request *q = pvn_need_request(cx, &t->request);
        if (!q) { /* a task without its request is nobody's work */
            pvn_touch(cx, &t->row);
            t->state = PVN_TASK_FAILED;
            continue;
        }
        if (lost)
            pvn_task_lost(cx, q, t, true, why);
        else
            pvn_task_requeue(cx, q, t, PVN_ATTEMPT_RETURNED,
                             PROVERNET_BLAME_SURROUNDINGS, why);
    }
}

/* ---- hello ---- */

void pvn_keys_worker_hello(pvn_cx *cx)
{
    const pvn_op_worker_hello *u = &cx->op->u.worker_hello;
    char kind[128];
    const pvn_worker *w = by_name(cx, u->origin, u->name);
    for (size_t i = 0; pvn_word_at(u->kinds, i, kind); i++) {
        pvn_need_record(cx, PVN_PROTOCOL_CORE, PVN_KIND_SEEN,
                        pvn_bytes_of(kind, strlen(kind)));
        pvn_need_assignable(cx, kind);
    }
    if (w && u->fresh)
        need_leases(cx, &w->id, false);
    if (w && u->fresh)
        leases_known(cx, &w->id, false);
}

static void kind_seen(pvn_cx *cx, const char *kind)
{
    pvn_bytes key = pvn_bytes_of(kind, strlen(kind));
    if (strcmp(kind, "*") == 0 && !cx->rules->mock)
        return;
    if (!pvn_need_record(cx, PVN_PROTOCOL_CORE, PVN_KIND_SEEN, key)) {
        pvn_record row = { .row.table = PVN_RECORD,
                           .protocol = PVN_PROTOCOL_CORE,
                           .kind = PVN_KIND_SEEN,
                           .key = key };
        pvn_row *made = pvn_rows_make(cx->rows, &row.row);
        if (!made)
            return;
        pvn_touch(cx, made);
        ((pvn_record *)made)->value = pvn_bytes_of((const uint8_t *)"1", 1);
    }
    pvn_make_assignable(cx, kind);
}

static int64_t aside_ms(const pvn_rules *rules)
{
    return rules->worker_aside_ms > 0 ? rules->worker_aside_ms : 3600000;
}

provernet_status pvn_decide_worker_hello(pvn_cx *cx)
{
    pvn_op_worker_hello *u = &cx->op->u.worker_hello;
    char kind[128];
    if (!u->origin || !u->name || !*u->name || strlen(u->name) > 200)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "name: a worker needs a name of 1 to 200 bytes");
    if (!pvn_word_at(u->kinds, 0, kind))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "kinds: a worker must name at least one kind");
    pvn_worker *w = by_name(cx, u->origin, u->name);
    bool aside = w && w->state == PVN_WORKER_ASIDE;
    if (aside && cx->now_ms < w->seen_ms + aside_ms(cx->rules))
        return pvn_fail(
            &cx->op->err, PROVERNET_ERR_PERMISSION, 0,
            "this worker is set aside for another %lld s: %lld "
            "wrong proofs (worker.strikes_max = %lld), the last: "
            "%.80s",
            (long long)(w->seen_ms + aside_ms(cx->rules) - cx->now_ms + 999) /
                1000,
            (long long)w->strikes, (long long)cx->rules->worker_strikes_max,
            w->why ? w->why : "");
    if (!w) {
        pvn_worker key = { .row.table = PVN_WORKER, .id = u->id };
        w = (pvn_worker *)pvn_rows_make(cx->rows, &key.row);
        if (!w)
            return pvn_nomem(&cx->op->err);
        w->origin = u->origin;
        w->name = u->name;
        w->created_ms = cx->now_ms;
        pvn_rows_rename(cx->rows, &w->row);
    }
    pvn_touch(cx, &w->row);
    if (aside) /* on probation: the next wrong proof sets it aside again */
        w->strikes = cx->rules->worker_strikes_max - 1;
    bool news = w->state != PVN_WORKER_HERE;
    w->state = PVN_WORKER_HERE;
    w->why = NULL;
    memcpy(w->address, u->address20, sizeof w->address);
    w->kinds = u->kinds;
    w->slots = u->slots;
    w->devices = u->devices;
    w->memory_bytes = u->memory_bytes;
    w->version = u->version;
    w->session = cx->rules->session;
    w->seen_ms = cx->now_ms;
    u->worker = w->id;
    if (news)
        pvn_note(cx, "worker.here", NULL, NULL, &w->id,
                 "\"name\":%s,\"kinds\":%s", pvn_quote(cx, u->name),
                 pvn_quote(cx, u->kinds));
    if (u->fresh)
        return_leases(cx, &w->id, (kept){ u->held, u->held_len }, false,
                      "the worker started anew");
    for (size_t i = 0; pvn_word_at(u->kinds, i, kind); i++)
        kind_seen(cx, kind);
    return PROVERNET_OK;
}

/* ---- bye ---- */

void pvn_keys_worker_bye(pvn_cx *cx)
{
    const pvn_op_worker_bye *u = &cx->op->u.worker_bye;
    if (!pvn_need_worker(cx, &u->worker))
        return;
    need_leases(cx, &u->worker, u->lost);
    leases_known(cx, &u->worker, u->lost);
}

provernet_status pvn_decide_worker_bye(pvn_cx *cx)
{
    const pvn_op_worker_bye *u = &cx->op->u.worker_bye;
    const char *why = u->why    ? u->why
                      : u->lost ? "the worker fell silent"
                                : "the worker left";
    pvn_worker *w = pvn_need_worker(cx, &u->worker);
    if (!w)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "this worker is not known here");
    /* Silence is judged by the coordinator that holds the connection: it may
     * have come back at another one. */
    if (u->lost && !pvn_id_equal(&w->session, &cx->rules->session))
        return PROVERNET_OK;
    return_leases(cx, &w->id, (kept){ 0 }, u->lost, why);
    if (w->state != PVN_WORKER_HERE)
        return PROVERNET_OK;
    pvn_touch(cx, &w->row);
    w->state = PVN_WORKER_GONE;
    w->why = pvn_why(cx, why);
    pvn_note(cx, "worker.gone", NULL, NULL, &w->id, "\"lost\":%s,\"why\":%s",
             u->lost ? "true" : "false", pvn_quote(cx, why));
    return PROVERNET_OK;
}
