/* schedule/end.c - how a request ends, and what it lets go of. Pure; includes
 * decide.h. */
#include "schedule/auction.h"
#include <stdarg.h>
#include <stdio.h>

/* ---- small transitions that every operation uses ---- */

void pvn_touch(pvn_cx *cx, pvn_row *row)
{
    pvn_rows_touch(cx->rows, row);
    cx->op->wrote = true;
}

const char *pvn_quote(pvn_cx *cx, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    text = text ? text : "";
    char *out = pvn_arena_alloc(cx->rows->arena, 6 * strlen(text) + 3);
    if (!out) {
        cx->rows->failed = true;
        return "\"\"";
    }
    char *p = out;
    *p++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            memcpy(p, "\\u00", 4);
            p[4] = hex[c >> 4];
            p[5] = hex[c & 15];
            p += 6;
        } else {
            *p++ = (char)c;
        }
    }
    *p++ = '"';
    *p = 0;
    return out;
}

const char *pvn_why(pvn_cx *cx, const char *text)
{
    enum { WHY_MAX = 1000 };
    if (!text)
        return NULL;
    size_t n = strlen(text);
    if (n > WHY_MAX) {
        n = WHY_MAX;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--; /* not in the middle of a UTF-8 character */
    }
    char *copy = pvn_arena_alloc(cx->rows->arena, n + 1);
    if (!copy) {
        cx->rows->failed = true;
        return NULL;
    }
    return memcpy(copy, text, n);
}

void pvn_note(pvn_cx *cx, const char *type, const provernet_id *request,
              const provernet_id *task, const provernet_id *worker,
              const char *fmt, ...)
{
    char *detail = NULL;
    if (fmt) {
        va_list ap, again;
        va_start(ap, fmt);
        va_copy(again, ap);
        int n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        detail = n < 0 ? NULL : pvn_arena_alloc(cx->rows->arena, (size_t)n + 3);
        if (detail) {
            detail[0] = '{';
            vsnprintf(detail + 1, (size_t)n + 1, fmt, again);
            detail[n + 1] = '}';
        } else {
            cx->rows->failed = true;
        }
        va_end(again);
    }
    pvn_rows_event(cx->rows, cx->now_ms, type, request, task, worker, detail);
    cx->op->wrote = true;
}

pvn_account *pvn_account_use(pvn_cx *cx, const uint8_t address20[20])
{
    pvn_account *a = pvn_need_account(cx, address20);
    if (a)
        return a;
    pvn_account key = { .row.table = PVN_ACCOUNT };
    memcpy(key.address, address20, sizeof key.address);
    a = (pvn_account *)pvn_rows_make(cx->rows, &key.row);
    if (!a)
        return NULL;
    pvn_touch(cx, &a->row);
    a->balance = cx->rules->account_balance;
    a->created_ms = cx->now_ms;
    return a;
}

void pvn_pin(pvn_cx *cx, pvn_artifact *a)
{
    pvn_touch(cx, &a->row);
    a->pins++;
}

static void keep_until(pvn_cx *cx, pvn_artifact *a, int64_t at_ms)
{
    pvn_touch(cx, &a->row);
    if (a->expires_ms < at_ms)
        a->expires_ms = at_ms;
}

void pvn_unpin(pvn_cx *cx, pvn_artifact *a, int64_t keep_ms)
{
    pvn_touch(cx, &a->row);
    a->pins--;
    if (a->pins <= 0)
        keep_until(cx, a, cx->now_ms + keep_ms);
}

int64_t pvn_due_ms(const pvn_rules *rules, int64_t deadline_ms,
                   int64_t created_ms, int64_t path_ms)
{
    int64_t cap = rules->order_cap_ms < INT64_MAX - created_ms
                      ? created_ms + rules->order_cap_ms
                      : INT64_MAX;
    return (deadline_ms < cap ? deadline_ms : cap) - path_ms;
}

/* ---- the end ---- */

static void need_files(pvn_cx *cx, const provernet_id *task)
{
    if (!pvn_need_scan_id(cx, PVN_FILES_OF_TASK, task, PVN_WHOLE_MAX))
        return;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, task); r;
         r = r->sibling)
        pvn_need_artifact(cx, &((pvn_task_file *)r)->artifact);
}

void pvn_need_end(pvn_cx *cx, const pvn_request *q)
{
    pvn_need_account(cx, q->requester);
    pvn_need_auction_end(cx, q);
    if (!pvn_need_scan_id(cx, PVN_TASKS_OF_REQUEST, &q->id, PVN_WHOLE_MAX))
        return;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r;
         r = r->sibling) {
        const pvn_task *t = (const pvn_task *)r;
        need_files(cx, &t->id);
        if (t->attempt > 0)
            pvn_need_attempt(cx, &t->id, t->attempt);
    }
}

static void release_files(pvn_cx *cx, const pvn_task *t)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling) {
        if (r->deleted || r->absent)
            continue;
        pvn_artifact *a =
            pvn_need_artifact(cx, &((pvn_task_file *)r)->artifact);
        if (a)
            pvn_unpin(cx, a, cx->rules->artifact_retention_ms);
    }
}

void pvn_request_release(pvn_cx *cx, pvn_request *q, const char *why)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r;
         r = r->sibling) {
        pvn_task *t = (pvn_task *)r;
        release_files(cx, t);
        if (t->state == PVN_TASK_DONE || t->state == PVN_TASK_FAILED)
            continue;
        const pvn_attempt *a = pvn_need_attempt(cx, &t->id, t->attempt);
        if (t->state == PVN_TASK_LEASED && a && a->outcome == PVN_ATTEMPT_OPEN)
            pvn_attempt_end(cx, t, PVN_ATTEMPT_RETURNED, 0, why);
        pvn_touch(cx, &t->row);
        t->state = PVN_TASK_FAILED;
        t->lease_ms = 0;
        t->why = pvn_why(cx, why);
    }
    pvn_account *a = pvn_need_account(cx, q->requester);
    if (a) {
        pvn_touch(cx, &a->row);
        a->open_requests--;
    }
    pvn_touch(cx, &q->row);
    q->tasks_open = 0;
    q->updated_ms = cx->now_ms;
}

void pvn_request_fail(pvn_cx *cx, pvn_request *q, int64_t cause, int64_t exec,
                      const char *why)
{
    if (q->exec == PVN_EXEC_IMPOSSIBLE && cause != PROVERNET_CAUSE_CANCELLED)
        cause = PROVERNET_CAUSE_INPUT; /* who executes said so before */
    pvn_request_release(cx, q, why);
    pvn_auction_failed(cx, q, cause);
    q->state = PROVERNET_FAILED;
    q->cause = cause;
    q->why = pvn_why(cx, why);
    if (exec != PVN_EXEC_UNKNOWN)
        q->exec = exec;
    q->dedup = pvn_bytes_of(NULL, 0); /* asking again must work */
    memset(&q->proof, 0, sizeof q->proof);
    pvn_note(cx, "request.failed", &q->id, NULL, NULL,
             "\"cause\":%lld,\"why\":%s", (long long)cause, pvn_quote(cx, why));
}

/* ---- wrong proofs ---- */

static bool has_output(pvn_cx *cx, const pvn_task *t, const provernet_id *proof)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (!r->deleted && !r->absent && f->way == PVN_OUT && f->ordinal == 0)
            return pvn_id_equal(&f->artifact, proof);
    }
    return false;
}

pvn_task *pvn_candidate_task(pvn_cx *cx, const pvn_request *q)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r;
         r = r->sibling) {
        pvn_task *t = (pvn_task *)r;
        if (t->state == PVN_TASK_DONE && has_output(cx, t, &q->proof))
            return t;
    }
    return NULL;
}

static void drop_outputs(pvn_cx *cx, const pvn_task *t)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (r->deleted || r->absent || f->way != PVN_OUT)
            continue;
        pvn_artifact *a = pvn_need_artifact(cx, &f->artifact);
        if (a)
            pvn_unpin(cx, a, cx->rules->artifact_retention_ms);
        pvn_rows_delete(cx->rows, r);
    }
}

static void drop_judges(pvn_cx *cx, pvn_request *q, const pvn_task *judged)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r;
         r = r->sibling) {
        pvn_task *t = (pvn_task *)r;
        if (!pvn_id_equal(&t->judges, &judged->id) ||
            t->state == PVN_TASK_DONE || t->state == PVN_TASK_FAILED)
            continue;
        if (t->state == PVN_TASK_LEASED)
            pvn_attempt_end(cx, t, PVN_ATTEMPT_DONE, 0, "the proof is wrong");
        pvn_touch(cx, &t->row);
        t->state = PVN_TASK_FAILED;
        t->lease_ms = 0;
        q->tasks_open--;
    }
}

void pvn_proof_refused(pvn_cx *cx, pvn_request *q, const char *why)
{
    pvn_task *t = pvn_candidate_task(cx, q);
    if (!t)
        return;
    pvn_touch(cx, &q->row);
    drop_judges(cx, q, t);
    drop_outputs(cx, t);
    memset(&q->proof, 0, sizeof q->proof);
    pvn_worker_strike(cx, pvn_need_worker(cx, &t->worker), why);
    pvn_touch(cx, &t->row);
    t->strikes += PVN_STRIKE_ATTEMPT;
    if (pvn_task_exhausted(cx, t)) {
        char text[400];
        pvn_attempt_end(cx, t, PVN_ATTEMPT_BAD_PROOF, PROVERNET_BLAME_ATTEMPT,
                        why);
        snprintf(text, sizeof text,
                 "%lld attempts failed (task.attempts_max = %lld); the last: "
                 "wrong proof: %.250s",
                 (long long)t->attempt, (long long)cx->rules->task_attempts_max,
                 why ? why : "");
        pvn_request_fail(cx, q, PROVERNET_CAUSE_ATTEMPTS, PVN_EXEC_UNKNOWN,
                         text);
        return;
    }
    q->tasks_open++;
    q->state = PROVERNET_RUNNING;
    q->updated_ms = cx->now_ms;
    pvn_task_requeue(cx, q, t, PVN_ATTEMPT_BAD_PROOF, PROVERNET_BLAME_ATTEMPT,
                     why);
}
