/* schedule/task.c - tasks between server and worker: lease, renew, complete,
 * fail. Pure; includes decide.h. */
#include "schedule/decide.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- lease ---- */

/* More when it was put off: somebody else of the batch took what it saw. */
static uint32_t lease_limit(const pvn_op *op)
{
    uint32_t n = 8;
    while (n < op->u.task_lease.want && n < PVN_SCAN_MAX)
        n *= 2;
    for (int i = 0; i < op->tries && n < PVN_SCAN_MAX; i++)
        n *= 4;
    return n < PVN_SCAN_MAX ? n : PVN_SCAN_MAX;
}

/* Scan i: the i-th kind. NULL and *end: no more kinds. */
static pvn_want *lease_scan(pvn_cx *cx, size_t i, bool *end)
{
    const pvn_op_task_lease *u = &cx->op->u.task_lease;
    char kind[128];
    *end = !pvn_word_at(u->kinds, i, kind);
    if (*end || (strcmp(kind, "*") == 0 && !cx->rules->mock))
        return NULL;
    const char *keep = pvn_arena_text(cx->rows->arena, kind);
    if (!keep) {
        cx->rows->failed = true;
        return NULL;
    }
    pvn_want ask = { .scan = PVN_TASKS_READY,
                     .table = PVN_TASK,
                     .text1 = keep,
                     .int1 = cx->now_ms,
                     .int2 = u->memory_bytes,
                     .limit = lease_limit(cx->op) };
    return pvn_need_scan(cx, &ask);
}

static bool fits(pvn_cx *cx, const pvn_task *t)
{
    const pvn_op_task_lease *u = &cx->op->u.task_lease;
    if (t->row.deleted || t->state != PVN_TASK_READY ||
        t->not_before_ms > cx->now_ms)
        return false;
    if (u->memory_bytes > 0 && t->memory_bytes > u->memory_bytes)
        return false;
    const pvn_request *q = pvn_need_request(cx, &t->request);
    if (q && (!pvn_request_open(q) || q->deadline_ms <= cx->now_ms))
        return false;
    if (pvn_id_none(&t->judges))
        return true;
    /* Nobody judges his own proof. */
    const pvn_task *judged = pvn_need_task(cx, &t->judges);
    return !judged || !pvn_id_equal(&judged->worker, &u->worker);
}

static int by_due(const void *a, const void *b)
{
    const pvn_task *x = *(pvn_task *const *)a, *y = *(pvn_task *const *)b;
    if (x->due_ms != y->due_ms)
        return x->due_ms < y->due_ms ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

typedef struct choice {
    pvn_task **task; /* in order of service */
    size_t len;
    bool contended; /* others of this batch took what this one could do, or
                       its scan did not show all */
} choice;

/* All tasks the scans show, in order. */
static bool candidates(pvn_cx *cx, choice *c)
{
    bool end = false;
    size_t cap = 0;
    memset(c, 0, sizeof *c);
    for (size_t i = 0; !end; i++) {
        const pvn_want *w = lease_scan(cx, i, &end);
        cap += w ? w->found_len : 0;
    }
    if (cx->missing || cap == 0)
        return false;
    c->task = pvn_arena_alloc(cx->rows->arena, cap * sizeof(pvn_task *));
    if (!c->task) {
        cx->rows->failed = true;
        return false;
    }
    end = false;
    for (size_t i = 0; !end; i++) {
        const pvn_want *w = lease_scan(cx, i, &end);
        if (w && w->found_len >= w->limit && w->limit < PVN_SCAN_MAX)
            c->contended = true;
        for (size_t k = 0; w && k < w->found_len; k++)
            c->task[c->len++] = (pvn_task *)w->found[k];
    }
    qsort(c->task, c->len, sizeof(pvn_task *), by_due);
    size_t n = 0; /* the same task may be in two scans ("*" and its kind) */
    for (size_t i = 0; i < c->len; i++)
        if (n == 0 || c->task[n - 1] != c->task[i])
            c->task[n++] = c->task[i];
    c->len = n;
    return true;
}

/* Keep the tasks that this op takes: each is claimed, so that the lease
 * operations of one batch ask for the files of different tasks. */
static void choose(pvn_cx *cx, choice *c)
{
    const pvn_op_task_lease *u = &cx->op->u.task_lease;
    if (!candidates(cx, c))
        return;
    for (size_t i = 0; i < c->len; i++)
        fits(cx, c->task[i]); /* asks for all requests at once */
    size_t n = 0;
    if (cx->missing) {
        c->len = 0;
        return;
    }
    for (size_t i = 0; i < c->len; i++) {
        pvn_task *t = c->task[i];
        bool mine = !t->row.claim || t->row.claim == cx->op;
        if (!mine)
            c->contended = true;
        if (!mine || n >= u->want || !fits(cx, t))
            continue;
        t->row.claim = cx->op;
        c->task[n++] = t;
    }
    c->len = n;
}

static void need_inputs(pvn_cx *cx, const pvn_task *t)
{
    if (!pvn_need_scan_id(cx, PVN_FILES_OF_TASK, &t->id, PVN_WHOLE_MAX))
        return;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling)
        pvn_need_artifact(cx, &((pvn_task_file *)r)->artifact);
}

void pvn_keys_task_lease(pvn_cx *cx)
{
    const pvn_op_task_lease *u = &cx->op->u.task_lease;
    choice c;
    pvn_need_worker(cx, &u->worker);
    if (cx->rules->draining || u->want == 0)
        return;
    choose(cx, &c);
    for (size_t i = 0; i < c.len; i++)
        need_inputs(cx, c.task[i]);
}

static pvn_bytes keep_bytes(pvn_cx *cx, pvn_bytes b)
{
    if (b.data && !(b.data = pvn_arena_copy(&cx->op->arena, b.data, b.len)))
        cx->rows->failed = true;
    return b;
}
static const char *keep_text(pvn_cx *cx, const char *t)
{
    if (t && !(t = pvn_arena_text(&cx->op->arena, t)))
        cx->rows->failed = true;
    return t;
}

static void fill_inputs(pvn_cx *cx, const pvn_task *t, struct pvn_leased *l)
{
    int64_t max = 0; /* the program's place is always there */
    pvn_row *files = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id);
    for (pvn_row *r = files; r; r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (!r->deleted && f->way == PVN_IN && f->ordinal > max)
            max = f->ordinal;
    }
    l->inputs_len = (size_t)max + 1;
    l->inputs =
        pvn_arena_alloc(&cx->op->arena, l->inputs_len * sizeof *l->inputs);
    if (!l->inputs) {
        cx->rows->failed = true;
        return;
    }
    for (pvn_row *r = files; r; r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (r->deleted || f->way != PVN_IN)
            continue;
        pvn_op_input *in = &l->inputs[f->ordinal];
        in->artifact = f->artifact;
        const pvn_artifact *a = pvn_need_artifact(cx, &f->artifact);
        if (!a)
            continue;
        in->type = a->type;
        in->bytes = a->bytes;
        in->raw_bytes = a->raw_bytes;
        in->encoding = a->encoding;
        in->digest = keep_bytes(cx, a->digest);
    }
}

static void fill_leased(pvn_cx *cx, const pvn_task *t, const pvn_request *q,
                        struct pvn_leased *l)
{
    l->task = t->id;
    l->request = q->id;
    l->kind = keep_text(cx, t->kind);
    l->name = keep_text(cx, t->name);
    l->attempt = t->attempt;
    l->lease_ms = t->lease_ms;
    l->deadline_ms = q->deadline_ms;
    l->created_ms = q->created_ms;
    l->params = keep_bytes(cx, t->params);
    fill_inputs(cx, t, l);
}

static provernet_status unknown_worker(pvn_cx *cx)
{
    return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                    "this worker is not known here\nhelp: say hello first");
}

provernet_status pvn_decide_task_lease(pvn_cx *cx)
{
    pvn_op_task_lease *u = &cx->op->u.task_lease;
    choice c;
    pvn_worker *w = pvn_need_worker(cx, &u->worker);
    u->leased = NULL;
    u->leased_len = 0;
    u->aside = NULL;
    if (!w)
        return unknown_worker(cx);
    if (w->state == PVN_WORKER_GONE)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "this worker has left\nhelp: say hello again");
    if (w->state == PVN_WORKER_ASIDE)
        u->aside = keep_text(cx, w->why ? w->why : "too many wrong proofs");
    if (w->state == PVN_WORKER_ASIDE || cx->rules->draining || u->want == 0)
        return PROVERNET_OK;
    choose(cx, &c);
    if (c.len == 0) {
        /* A miss is not "empty": others of this batch were served first. */
        cx->again = c.contended && lease_limit(cx->op) < PVN_SCAN_MAX;
        return PROVERNET_OK;
    }
    u->leased = pvn_arena_alloc(&cx->op->arena, c.len * sizeof *u->leased);
    if (!u->leased) {
        cx->rows->failed = true;
        return pvn_nomem(&cx->op->err);
    }
    for (size_t i = 0; i < c.len; i++) {
        pvn_request *q = pvn_need_request(cx, &c.task[i]->request);
        if (!q)
            continue; /* a task without its request is nobody's work */
        pvn_task_grant(cx, q, c.task[i], w);
        fill_leased(cx, c.task[i], q, &u->leased[u->leased_len++]);
    }
    if (cx->now_ms - w->seen_ms > cx->rules->lease_silence_ms) {
        pvn_touch(cx, &w->row);
        w->seen_ms = cx->now_ms;
    }
    return PROVERNET_OK;
}

/* ---- renew ---- */

void pvn_keys_task_renew(pvn_cx *cx)
{
    const pvn_op_task_renew *u = &cx->op->u.task_renew;
    for (size_t i = 0; i < u->renewals_len; i++) {
        const pvn_task *t = pvn_need_task(cx, &u->renewal[i].task);
        if (!t)
            continue;
        pvn_need_request(cx, &t->request);
        if (t->attempt > 0)
            pvn_need_attempt(cx, &t->id, t->attempt);
    }
}

static provernet_status renew(pvn_cx *cx, const provernet_id *worker,
                              const struct pvn_renewal *r)
{
    pvn_task *t = pvn_need_task(cx, &r->task);
    pvn_request *q = t ? pvn_need_request(cx, &t->request) : NULL;
    if (!q || !pvn_request_open(q) || q->deadline_ms <= cx->now_ms)
        return PROVERNET_ERR_LEASE;
    switch (pvn_task_hold(t, worker, r->attempt)) {
    case PVN_ADOPT:
        pvn_task_adopt(cx, q, t);
        return PROVERNET_OK;
    case PVN_HELD:
        /* A row per heartbeat would be a durable write each: only when half
         * of the lease is gone. */
        if (t->lease_ms - cx->now_ms < cx->rules->lease_ttl_ms / 2) {
            pvn_touch(cx, &t->row);
            t->lease_ms = cx->now_ms + cx->rules->lease_ttl_ms;
        }
        return PROVERNET_OK;
    default:
        return PROVERNET_ERR_LEASE;
    }
}

provernet_status pvn_decide_task_renew(pvn_cx *cx)
{
    pvn_op_task_renew *u = &cx->op->u.task_renew;
    for (size_t i = 0; i < u->renewals_len; i++)
        u->renewal[i].status = renew(cx, &u->worker, &u->renewal[i]);
    return PROVERNET_OK;
}

/* ---- fail ---- */

void pvn_keys_task_fail(pvn_cx *cx)
{
    const pvn_op_task_fail *u = &cx->op->u.task_fail;
    const pvn_task *t = pvn_need_task(cx, &u->task);
    pvn_need_worker(cx, &u->worker);
    pvn_need_attempt(cx, &u->task, u->attempt);
    if (!t)
        return;
    const pvn_request *q = pvn_need_request(cx, &t->request);
    if (q)
        pvn_need_end(cx, q);
    const pvn_task *judged = pvn_need_task(cx, &t->judges);
    if (judged)
        pvn_need_worker(cx, &judged->worker);
}

/* The same report again, or one that a later event overtook harmlessly. */
static bool reported_before(pvn_cx *cx)
{
    const pvn_op_task_fail *u = &cx->op->u.task_fail;
    const pvn_attempt *a = pvn_need_attempt(cx, &u->task, u->attempt);
    return a && pvn_id_equal(&a->worker, &u->worker) &&
           (a->outcome == PVN_ATTEMPT_FAILED ||
            a->outcome == PVN_ATTEMPT_BAD_PROOF);
}

static void fail_attempt(pvn_cx *cx, pvn_request *q, pvn_task *t)
{
    pvn_op_task_fail *u = &cx->op->u.task_fail;
    const char *why = u->why && *u->why ? u->why : "no reason given";
    int64_t outcome = u->bad_proof ? PVN_ATTEMPT_BAD_PROOF : PVN_ATTEMPT_FAILED;
    if (u->bad_proof)
        pvn_worker_strike(cx, pvn_need_worker(cx, &u->worker), why);
    if (u->blame == PROVERNET_BLAME_ATTEMPT || u->bad_proof) {
        pvn_touch(cx, &t->row);
        t->strikes += PVN_STRIKE_ATTEMPT;
    }
    if (!pvn_task_exhausted(cx, t)) {
        pvn_task_requeue(cx, q, t, outcome, u->blame, why);
        return;
    }
    char text[400];
    snprintf(text, sizeof text,
             "%lld attempts failed (task.attempts_max = %lld); the last: "
             "%.300s",
             (long long)t->attempt, (long long)cx->rules->task_attempts_max,
             why);
    pvn_attempt_end(cx, t, outcome, u->blame, why);
    pvn_request_fail(cx, q, PROVERNET_CAUSE_ATTEMPTS, PVN_EXEC_UNKNOWN, text);
}

/* The input is at fault: for a verify task that means the proof is wrong. */
static void fail_input(pvn_cx *cx, pvn_request *q, pvn_task *t)
{
    const pvn_op_task_fail *u = &cx->op->u.task_fail;
    const char *why = u->why && *u->why ? u->why : "no reason given";
    pvn_attempt_end(cx, t, PVN_ATTEMPT_FAILED, PROVERNET_BLAME_INPUT, why);
    if (pvn_id_none(&t->judges)) {
        pvn_request_fail(cx, q, PROVERNET_CAUSE_INPUT, PVN_EXEC_IMPOSSIBLE,
                         why);
        return;
    }
    pvn_touch(cx, &t->row);
    t->state = PVN_TASK_FAILED;
    t->lease_ms = 0;
    t->why = pvn_why(cx, why);
    pvn_touch(cx, &q->row);
    q->tasks_open--;
    pvn_proof_refused(cx, q, why);
}

provernet_status pvn_decide_task_fail(pvn_cx *cx)
{
    pvn_op_task_fail *u = &cx->op->u.task_fail;
    u->request_failed = false;
    if (u->blame < PROVERNET_BLAME_INPUT ||
        u->blame > PROVERNET_BLAME_SURROUNDINGS)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "blame: %lld is none of input (1), attempt (2), "
                        "surroundings (3)",
                        (long long)u->blame);
    pvn_task *t = pvn_need_task(cx, &u->task);
    pvn_request *q = t ? pvn_need_request(cx, &t->request) : NULL;
    if (!q)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "there is no such task");
    if (reported_before(cx)) {
        u->request_failed = q->state == PROVERNET_FAILED;
        return PROVERNET_OK;
    }
    pvn_hold hold = pvn_task_hold(t, &u->worker, u->attempt);
    if (hold != PVN_HELD && hold != PVN_ADOPT)
        return pvn_lease_refused(cx, q, t);
    if (hold == PVN_ADOPT)
        pvn_task_adopt(cx, q, t);
    if (u->blame == PROVERNET_BLAME_INPUT && !u->bad_proof)
        fail_input(cx, q, t);
    else
        fail_attempt(cx, q, t);
    u->request_failed = q->state == PROVERNET_FAILED;
    return PROVERNET_OK;
}
