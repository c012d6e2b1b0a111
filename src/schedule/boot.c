/* schedule/boot.c - sessions of coordinators, and requests that become
 * assignable. Pure; includes decide.h. */
#include "schedule/decide.h"

/* ---- assignable ---- */

static pvn_want *unassignable(pvn_cx *cx, const char *kind)
{
    const char *keep = pvn_arena_text(cx->rows->arena, kind);
    if (!keep) {
        cx->rows->failed = true;
        return NULL;
    }
    pvn_want ask = { .scan = PVN_REQUESTS_UNASSIGNABLE,
                     .table = PVN_REQUEST,
                     .text1 = keep,
                     .limit = PVN_SCAN_MAX };
    return pvn_need_scan(cx, &ask);
}

void pvn_need_assignable(pvn_cx *cx, const char *kind)
{
    if (strcmp(kind, "*") != 0 || cx->rules->mock)
        unassignable(cx, kind);
}

bool pvn_make_assignable(pvn_cx *cx, const char *kind)
{
    const pvn_want *w = unassignable(cx, kind);
    for (size_t i = 0; w && i < w->found_len; i++) {
        pvn_request *q = (pvn_request *)w->found[i];
        if (!pvn_request_open(q) || q->assignable_ms != 0)
            continue;
        pvn_touch(cx, &q->row);
        q->assignable_ms = cx->now_ms;
        q->updated_ms = cx->now_ms;
        pvn_note(cx, "request.assignable", &q->id, NULL, NULL, NULL);
    }
    return w && w->found_len >= w->limit;
}

/* ---- the end of a session ---- */

enum { TIED_MAX = 64 };

void pvn_need_session_end(pvn_cx *cx, const pvn_session *s)
{
    const pvn_want *workers =
        pvn_need_scan_id(cx, PVN_WORKERS_OF_SESSION, &s->id, PVN_SCAN_MAX);
    for (size_t i = 0; workers && i < workers->found_len; i++)
        pvn_need_scan_id(cx, PVN_TASKS_OF_WORKER,
                         &((pvn_worker *)workers->found[i])->id, PVN_WHOLE_MAX);
    const pvn_want *tied =
        pvn_need_scan_id(cx, PVN_REQUESTS_TIED, &s->id, TIED_MAX);
    for (size_t i = 0; tied && i < tied->found_len; i++)
        pvn_need_end(cx, (pvn_request *)tied->found[i]);
}

/* A coordinator's end is nobody's fault: its workers get a whole lease more
 * to come back. */
static int64_t extend_leases(pvn_cx *cx, const provernet_id *worker)
{
    const pvn_want *w =
        pvn_need_scan_id(cx, PVN_TASKS_OF_WORKER, worker, PVN_WHOLE_MAX);
    int64_t n = 0, until = cx->now_ms + cx->rules->lease_ttl_ms;
    for (size_t i = 0; w && i < w->found_len; i++) {
        pvn_task *t = (pvn_task *)w->found[i];
        if (t->state != PVN_TASK_LEASED || !pvn_id_equal(&t->worker, worker))
            continue;
        n++;
        if (t->lease_ms >= until)
            continue;
        pvn_touch(cx, &t->row);
        t->lease_ms = until;
    }
    return n;
}

bool pvn_session_end(pvn_cx *cx, pvn_session *s, int64_t *leases)
{
    const pvn_want *workers =
        pvn_need_scan_id(cx, PVN_WORKERS_OF_SESSION, &s->id, PVN_SCAN_MAX);
    const pvn_want *tied =
        pvn_need_scan_id(cx, PVN_REQUESTS_TIED, &s->id, TIED_MAX);
    for (size_t i = 0; workers && i < workers->found_len; i++) {
        pvn_worker *w = (pvn_worker *)workers->found[i];
        if (w->state != PVN_WORKER_HERE || !pvn_id_equal(&w->session, &s->id))
            continue;
        *leases += extend_leases(cx, &w->id);
        pvn_touch(cx, &w->row);
        w->state = PVN_WORKER_GONE;
        w->why = "its server ended";
        memset(&w->session, 0, sizeof w->session);
        pvn_note(cx, "worker.gone", NULL, NULL, &w->id,
                 "\"lost\":false,\"why\":\"its server ended\"");
    }
    for (size_t i = 0; tied && i < tied->found_len; i++) {
        pvn_request *q = (pvn_request *)tied->found[i];
        if (pvn_request_open(q))
            pvn_request_fail(cx, q, PROVERNET_CAUSE_CANCELLED, PVN_EXEC_UNKNOWN,
                             "the server that held its connection ended");
    }
    if ((workers && workers->found_len >= PVN_SCAN_MAX) ||
        (tied && tied->found_len >= TIED_MAX))
        return false;
    pvn_touch(cx, &s->row);
    s->ended = 1;
    return true;
}

/* ---- boot ---- */

enum { BOOT_SESSIONS = 64 };

static pvn_want *live_sessions(pvn_cx *cx)
{
    pvn_want ask = { .scan = PVN_SESSIONS_LIVE,
                     .table = PVN_SESSION,
                     .limit = BOOT_SESSIONS };
    return pvn_need_scan(cx, &ask);
}

static bool over(const pvn_cx *cx, const pvn_session *s)
{
    const char *here = cx->op->u.boot.address;
    if (s->ended || pvn_id_equal(&s->id, &cx->rules->session))
        return false;
    return s->seen_ms + PVN_SESSION_DEAD_MS <= cx->now_ms ||
           (here && s->address && strcmp(here, s->address) == 0);
}

void pvn_keys_boot(pvn_cx *cx)
{
    const pvn_want *w = live_sessions(cx);
    pvn_need_session(cx, &cx->rules->session);
    for (size_t i = 0; w && i < w->found_len; i++)
        if (over(cx, (pvn_session *)w->found[i]))
            pvn_need_session_end(cx, (pvn_session *)w->found[i]);
}

provernet_status pvn_decide_boot(pvn_cx *cx)
{
    pvn_op_boot *u = &cx->op->u.boot;
    const pvn_want *w = live_sessions(cx);
    u->more = w && w->found_len >= BOOT_SESSIONS;
    u->tasks_leased = 0;
    for (size_t i = 0; w && i < w->found_len; i++) {
        pvn_session *s = (pvn_session *)w->found[i];
        if (over(cx, s) && !pvn_session_end(cx, s, &u->tasks_leased))
            u->more = true;
    }
    pvn_session *mine = pvn_need_session(cx, &cx->rules->session);
    if (!mine) {
        pvn_session key = { .row.table = PVN_SESSION,
                            .id = cx->rules->session };
        mine = (pvn_session *)pvn_rows_make(cx->rows, &key.row);
        if (!mine)
            return pvn_nomem(&cx->op->err);
        mine->started_ms = cx->now_ms;
        mine->address = u->address;
    }
    pvn_touch(cx, &mine->row);
    mine->seen_ms = cx->now_ms;
    mine->ended = 0; /* another coordinator may have thought us dead */
    return PROVERNET_OK;
}
