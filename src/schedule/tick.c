/* schedule/tick.c - what happens by itself: leases end, deadlines pass,
 * coordinators die. Pure; includes decide.h. */
#include "schedule/auction.h"

enum { KINDS_MAX = 64, SESSIONS_MAX = 64 };

static pvn_want *scan_until(pvn_cx *cx, pvn_scan scan, pvn_table table,
                            int64_t until, uint32_t limit)
{
    pvn_want ask = {
        .scan = scan, .table = table, .int1 = until, .limit = limit
    };
    return pvn_need_scan(cx, &ask);
}
static pvn_want *leases_due(pvn_cx *cx)
{
    return scan_until(cx, PVN_TASKS_LEASE_ENDED, PVN_TASK, cx->now_ms,
                      PVN_SCAN_MAX);
}
static pvn_want *requests_due(pvn_cx *cx)
{
    return scan_until(cx, PVN_REQUESTS_DUE, PVN_REQUEST, cx->now_ms,
                      PVN_SCAN_MAX);
}
/* The first of each that will be due, for next_ms. */
static pvn_want *lease_next(pvn_cx *cx)
{
    return scan_until(cx, PVN_TASKS_LEASE_ENDED, PVN_TASK, INT64_MAX, 1);
}
static pvn_want *request_next(pvn_cx *cx)
{
    return scan_until(cx, PVN_REQUESTS_DUE, PVN_REQUEST, INT64_MAX, 1);
}
static pvn_want *kinds_seen(pvn_cx *cx)
{
    static const uint8_t nothing[1];
    pvn_want ask = { .scan = PVN_RECORDS_OF_KIND,
                     .table = PVN_RECORD,
                     .int1 = PVN_PROTOCOL_CORE,
                     .text1 = PVN_KIND_SEEN,
                     .bytes1 = { nothing, 0 },
                     .limit = KINDS_MAX };
    return pvn_need_scan(cx, &ask);
}
static pvn_want *live_sessions(pvn_cx *cx)
{
    pvn_want ask = { .scan = PVN_SESSIONS_LIVE,
                     .table = PVN_SESSION,
                     .limit = SESSIONS_MAX };
    return pvn_need_scan(cx, &ask);
}

static bool dead(const pvn_cx *cx, const pvn_session *s)
{
    return !s->ended && !pvn_id_equal(&s->id, &cx->rules->session) &&
           s->seen_ms + PVN_SESSION_DEAD_MS <= cx->now_ms;
}

/* The kind of a record that says a worker of it was seen; NULL: not one. */
static const char *seen_kind(pvn_cx *cx, const pvn_row *row)
{
    const pvn_record *r = (const pvn_record *)row;
    if (row->deleted || r->key.len == 0 || r->key.len > 127)
        return NULL;
    char *kind = pvn_arena_copy(cx->rows->arena, r->key.data, r->key.len);
    char *text = pvn_arena_alloc(cx->rows->arena, r->key.len + 1);
    if (!kind || !text) {
        cx->rows->failed = true;
        return NULL;
    }
    memcpy(text, kind, r->key.len);
    return strcmp(text, "*") == 0 && !cx->rules->mock ? NULL : text;
}

void pvn_keys_tick(pvn_cx *cx)
{
    const pvn_want *w = leases_due(cx);
    for (size_t i = 0; w && i < w->found_len; i++) {
        const pvn_task *t = (const pvn_task *)w->found[i];
        const pvn_request *q = pvn_need_request(cx, &t->request);
        pvn_need_worker(cx, &t->worker);
        pvn_need_attempt(cx, &t->id, t->attempt);
        if (q)
            pvn_need_end(cx, q);
    }
    w = requests_due(cx);
    for (size_t i = 0; w && i < w->found_len; i++)
        pvn_need_end(cx, (const pvn_request *)w->found[i]);
    lease_next(cx);
    request_next(cx);
    pvn_need_auctions_due(cx);
    w = kinds_seen(cx);
    for (size_t i = 0; w && i < w->found_len; i++) {
        const char *kind = seen_kind(cx, w->found[i]);
        if (kind)
            pvn_need_assignable(cx, kind);
    }
    pvn_need_session(cx, &cx->rules->session);
    w = live_sessions(cx);
    for (size_t i = 0; w && i < w->found_len; i++)
        if (dead(cx, (const pvn_session *)w->found[i]))
            pvn_need_session_end(cx, (const pvn_session *)w->found[i]);
}

/* Did the clock jump, or did we sleep? Then silence proves nothing. */
static bool jumped(pvn_cx *cx)
{
    const pvn_session *mine = pvn_need_session(cx, &cx->rules->session);
    return mine && cx->now_ms - mine->seen_ms > PVN_CLOCK_JUMP_MS;
}

static void end_lease(pvn_cx *cx, pvn_task *t, bool jump)
{
    pvn_request *q = pvn_need_request(cx, &t->request);
    if (t->state != PVN_TASK_LEASED || t->lease_ms > cx->now_ms)
        return;
    if (!q) {
        pvn_touch(cx, &t->row);
        t->state = PVN_TASK_FAILED;
        return;
    }
    if (q->deadline_ms <= cx->now_ms)
        return; /* its request ends below */
    if (jump) {
        pvn_touch(cx, &t->row);
        t->lease_ms = cx->now_ms + cx->rules->lease_ttl_ms;
        return;
    }
    /* A worker without a session lost its server, not its way. */
    const pvn_worker *w = pvn_need_worker(cx, &t->worker);
    bool counts = w && !pvn_id_none(&w->session);
    pvn_task_lost(cx, q, t, counts,
                  counts ? "the worker fell silent"
                         : "the worker did not come back after its server "
                           "ended");
}

static void end_leases(pvn_cx *cx, bool jump)
{
    const pvn_want *w = leases_due(cx);
    for (size_t i = 0; w && i < w->found_len; i++)
        end_lease(cx, (pvn_task *)w->found[i], jump);
}

static void end_requests(pvn_cx *cx)
{
    const pvn_want *w = requests_due(cx);
    for (size_t i = 0; w && i < w->found_len; i++) {
        pvn_request *q = (pvn_request *)w->found[i];
        if (pvn_request_open(q) && q->deadline_ms <= cx->now_ms)
            pvn_request_fail(cx, q, PROVERNET_CAUSE_EXPIRED, PVN_EXEC_UNKNOWN,
                             q->attempts == 0
                                 ? "the deadline passed before any worker took "
                                   "it"
                                 : "the deadline passed");
    }
}

static bool make_assignable(pvn_cx *cx)
{
    const pvn_want *w = kinds_seen(cx);
    bool more = false;
    for (size_t i = 0; w && i < w->found_len; i++) {
        const char *kind = seen_kind(cx, w->found[i]);
        if (kind)
            more |= pvn_make_assignable(cx, kind);
    }
    return more;
}

static bool end_sessions(pvn_cx *cx)
{
    const pvn_want *w = live_sessions(cx);
    int64_t leases = 0;
    bool more = false;
    for (size_t i = 0; w && i < w->found_len; i++)
        if (dead(cx, (pvn_session *)w->found[i]))
            more |= !pvn_session_end(cx, (pvn_session *)w->found[i], &leases);
    return more;
}

static void touch_session(pvn_cx *cx)
{
    pvn_session *mine = pvn_need_session(cx, &cx->rules->session);
    if (!mine || cx->now_ms - mine->seen_ms < PVN_SESSION_TOUCH_MS)
        return;
    pvn_touch(cx, &mine->row);
    mine->seen_ms = cx->now_ms;
}

static int64_t next_due(pvn_cx *cx)
{
    const pvn_session *mine = pvn_need_session(cx, &cx->rules->session);
    const pvn_want *lease = lease_next(cx), *request = request_next(cx);
    int64_t next = pvn_auctions_next(cx);
    if (mine && mine->seen_ms + PVN_SESSION_TOUCH_MS < next)
        next = mine->seen_ms + PVN_SESSION_TOUCH_MS;
    if (lease && lease->found_len > 0) {
        const pvn_task *t = (const pvn_task *)lease->found[0];
        if (t->state == PVN_TASK_LEASED && t->lease_ms < next)
            next = t->lease_ms;
    }
    if (request && request->found_len > 0) {
        const pvn_request *q = (const pvn_request *)request->found[0];
        if (pvn_request_open(q) && q->deadline_ms < next)
            next = q->deadline_ms;
    }
    return next;
}

provernet_status pvn_decide_tick(pvn_cx *cx)
{
    pvn_op_tick *u = &cx->op->u.tick;
    const pvn_want *leases = leases_due(cx), *requests = requests_due(cx);
    bool jump = jumped(cx);
    /* Whatever fell due hid the one behind it: look once more. */
    u->more = (leases && leases->found_len > 0) ||
              (requests && requests->found_len > 0);
    end_leases(cx, jump);
    end_requests(cx);
    u->more |= pvn_auctions_due(cx);
    u->more |= make_assignable(cx);
    if (!jump) /* after a jump the others get their time to say so */
        u->more |= end_sessions(cx);
    touch_session(cx);
    u->next_ms = next_due(cx);
    return PROVERNET_OK;
}
