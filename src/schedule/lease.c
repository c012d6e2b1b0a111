/* schedule/lease.c - one task's life: made, granted, given back, lost. Pure;
 * includes decide.h. */
#include "schedule/auction.h"
#include <stdio.h>

pvn_task *pvn_task_make(pvn_cx *cx, pvn_request *q, const char *name,
                        const char *kind, int64_t memory_bytes, int64_t path_ms)
{
    pvn_task key = { .row.table = PVN_TASK };
    pvn_id_new(cx->env, &key.id);
    pvn_task *t = (pvn_task *)pvn_rows_make(cx->rows, &key.row);
    if (!t)
        return NULL;
    pvn_touch(cx, &t->row);
    t->request = q->id;
    t->name = name;
    t->kind = kind;
    t->state = PVN_TASK_READY;
    t->memory_bytes = memory_bytes;
    t->path_ms = path_ms;
    t->due_ms = pvn_due_ms(cx->rules, q->deadline_ms, q->created_ms, path_ms);
    pvn_rows_rename(cx->rows, &t->row);
    pvn_touch(cx, &q->row);
    q->tasks_open++;
    q->tasks_len++;
    return t;
}

void pvn_task_file_make(pvn_cx *cx, const pvn_task *t, int64_t way,
                        int64_t ordinal, pvn_artifact *a)
{
    pvn_task_file key = { .row.table = PVN_TASK_FILE,
                          .task = t->id,
                          .way = way,
                          .ordinal = ordinal };
    pvn_task_file *f = (pvn_task_file *)pvn_rows_make(cx->rows, &key.row);
    if (!f)
        return;
    pvn_touch(cx, &f->row);
    f->artifact = a->id;
    pvn_pin(cx, a);
}

pvn_hold pvn_task_hold(const pvn_task *t, const provernet_id *worker,
                       int64_t attempt)
{
    if (t->state == PVN_TASK_FAILED)
        return PVN_ENDED;
    if (t->attempt != attempt || !pvn_id_equal(&t->worker, worker))
        return PVN_OTHERS;
    if (t->state == PVN_TASK_LEASED)
        return PVN_HELD;
    return t->state == PVN_TASK_READY ? PVN_ADOPT : PVN_ENDED;
}

provernet_status pvn_lease_refused(pvn_cx *cx, const pvn_request *q,
                                   const pvn_task *t)
{
    provernet_error *err = &cx->op->err;
    if (t->state == PVN_TASK_FAILED && q)
        return pvn_fail(
            err, PROVERNET_ERR_LEASE, 0, "nobody wants this task any more: %s",
            q->state == PROVERNET_FULFILLED ? "its request is fulfilled"
            : q->why                        ? q->why
                                            : "its request has ended");
    if (t->state == PVN_TASK_DONE)
        return pvn_fail(err, PROVERNET_ERR_LEASE, 0,
                        "this task was completed by another attempt (%lld)",
                        (long long)t->attempt);
    if (t->state == PVN_TASK_LEASED)
        return pvn_fail(err, PROVERNET_ERR_LEASE, 0,
                        "this task was given to another worker (attempt %lld)",
                        (long long)t->attempt);
    return pvn_fail(err, PROVERNET_ERR_LEASE, 0,
                    "this task was given back and waits for its next attempt");
}

static void running(pvn_cx *cx, pvn_request *q)
{
    if (q->state != PROVERNET_QUEUED)
        return;
    q->state = PROVERNET_RUNNING;
    q->updated_ms = cx->now_ms;
    pvn_touch(cx, &q->row);
    pvn_note(cx, "request.running", &q->id, NULL, NULL, NULL);
}

void pvn_task_grant(pvn_cx *cx, pvn_request *q, pvn_task *t, pvn_worker *w)
{
    pvn_touch(cx, &t->row);
    t->state = PVN_TASK_LEASED;
    t->attempt++;
    t->worker = w->id;
    t->granted_ms = cx->now_ms > t->granted_ms ? cx->now_ms : t->granted_ms + 1;
    t->lease_ms = cx->now_ms + cx->rules->lease_ttl_ms;
    t->not_before_ms = 0;
    pvn_attempt key = { .row.table = PVN_ATTEMPT,
                        .task = t->id,
                        .attempt = t->attempt };
    pvn_attempt *a = (pvn_attempt *)pvn_rows_make(cx->rows, &key.row);
    if (!a)
        return;
    pvn_touch(cx, &a->row);
    a->worker = w->id;
    a->granted_ms = t->granted_ms;
    pvn_touch(cx, &q->row);
    q->attempts++;
    q->updated_ms = cx->now_ms;
    if (q->assignable_ms == 0)
        q->assignable_ms = cx->now_ms;
    if (pvn_id_none(&t->judges))
        memcpy(q->fulfiller, w->address, sizeof q->fulfiller);
    running(cx, q);
    pvn_note(cx, "task.leased", &q->id, &t->id, &w->id, "\"attempt\":%lld",
             (long long)t->attempt);
}

void pvn_task_adopt(pvn_cx *cx, pvn_request *q, pvn_task *t)
{
    pvn_touch(cx, &t->row);
    t->state = PVN_TASK_LEASED;
    t->lease_ms = cx->now_ms + cx->rules->lease_ttl_ms;
    t->not_before_ms = 0;
    t->why = NULL;
    pvn_attempt *a = pvn_need_attempt(cx, &t->id, t->attempt);
    if (a && a->outcome == PVN_ATTEMPT_LOST) {
        pvn_touch(cx, &a->row);
        if (a->blame == PROVERNET_BLAME_ATTEMPT)
            t->strikes -= PVN_STRIKE_LOST;
        a->outcome = PVN_ATTEMPT_OPEN;
        a->blame = a->ended_ms = 0;
        a->why = NULL;
    }
    running(cx, q);
    pvn_note(cx, "task.adopted", &q->id, &t->id, &t->worker, "\"attempt\":%lld",
             (long long)t->attempt);
}

void pvn_attempt_end(pvn_cx *cx, pvn_task *t, int64_t outcome, int64_t blame,
                     const char *why)
{
    pvn_attempt *a = pvn_need_attempt(cx, &t->id, t->attempt);
    if (!a)
        return;
    pvn_touch(cx, &a->row);
    a->outcome = outcome;
    a->blame = blame;
    a->ended_ms = cx->now_ms;
    a->why = pvn_why(cx, why);
}

static int64_t backoff_ms(const pvn_cx *cx, const pvn_task *t)
{
    int64_t wait = cx->rules->backoff_ms, max = cx->rules->backoff_max_ms;
    for (int64_t i = 1; i < t->attempt && wait < max; i++)
        wait *= 2;
    return wait < max ? wait : max;
}

static const char *outcome_event(int64_t outcome)
{
    switch (outcome) {
    case PVN_ATTEMPT_LOST:
        return "task.lost";
    case PVN_ATTEMPT_BAD_PROOF:
        return "task.bad_proof";
    case PVN_ATTEMPT_RETURNED:
        return "task.returned";
    default:
        return "task.failed";
    }
}

void pvn_task_requeue(pvn_cx *cx, pvn_request *q, pvn_task *t, int64_t outcome,
                      int64_t blame, const char *why)
{
    const provernet_id worker = t->worker;
    pvn_attempt_end(cx, t, outcome, blame, why);
    pvn_touch(cx, &t->row);
    t->state = PVN_TASK_READY;
    t->lease_ms = 0;
    t->why = pvn_why(cx, why);
    bool wait =
        outcome == PVN_ATTEMPT_FAILED || outcome == PVN_ATTEMPT_BAD_PROOF;
    t->not_before_ms = wait ? cx->now_ms + backoff_ms(cx, t) : 0;
    if (outcome != PVN_ATTEMPT_LOST)
        memset(&t->worker, 0, sizeof t->worker);
    if (q->tasks_len == 1 && q->state != PROVERNET_QUEUED) {
        q->state = PROVERNET_QUEUED;
        q->updated_ms = cx->now_ms;
        pvn_touch(cx, &q->row);
        pvn_note(cx, "request.queued", &q->id, NULL, NULL, NULL);
    }
    pvn_note(cx, outcome_event(outcome), &q->id, &t->id, &worker,
             "\"attempt\":%lld,\"again_ms\":%lld,\"why\":%s",
             (long long)t->attempt, (long long)t->not_before_ms,
             pvn_quote(cx, why));
    pvn_auction_again(cx, q, t, &worker);
}

bool pvn_task_exhausted(const pvn_cx *cx, const pvn_task *t)
{
    return t->strikes >= cx->rules->task_attempts_max * PVN_STRIKE_ATTEMPT;
}

void pvn_task_lost(pvn_cx *cx, pvn_request *q, pvn_task *t, bool counts,
                   const char *why)
{
    if (counts) {
        pvn_touch(cx, &t->row);
        t->strikes += PVN_STRIKE_LOST;
    }
    if (counts && pvn_task_exhausted(cx, t)) {
        pvn_attempt_end(cx, t, PVN_ATTEMPT_LOST, PROVERNET_BLAME_ATTEMPT, why);
        char text[200];
        snprintf(text, sizeof text,
                 "%lld workers fell silent while proving task %.60s; the last "
                 "time: %.60s",
                 (long long)q->attempts, t->name, why);
        pvn_request_fail(cx, q, PROVERNET_CAUSE_ATTEMPTS, PVN_EXEC_UNKNOWN,
                         text);
        return;
    }
    pvn_task_requeue(
        cx, q, t, PVN_ATTEMPT_LOST,
        counts ? PROVERNET_BLAME_ATTEMPT : PROVERNET_BLAME_SURROUNDINGS, why);
}

void pvn_worker_strike(pvn_cx *cx, pvn_worker *w, const char *why)
{
    if (!w)
        return;
    pvn_touch(cx, &w->row);
    w->strikes++;
    if (w->strikes < cx->rules->worker_strikes_max ||
        w->state == PVN_WORKER_ASIDE)
        return;
    w->state = PVN_WORKER_ASIDE;
    w->seen_ms = cx->now_ms;
    w->why = pvn_why(cx, why);
    pvn_note(cx, "worker.aside", NULL, NULL, &w->id,
             "\"strikes\":%lld,\"why\":%s", (long long)w->strikes,
             pvn_quote(cx, why));
}
