/* schedule/complete.c - a task is done: outputs, added tasks, and the step to
 * VERIFYING. Pure; includes decide.h. */
#include "schedule/decide.h"

/* ---- rows ---- */

static void need_children(pvn_cx *cx, const pvn_request *q)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    for (size_t i = 0; i < u->children_len; i++) {
        const pvn_op_child *c = &u->children[i];
        if (c->name)
            pvn_need_task_named(cx, &q->id, c->name);
        for (size_t k = 0; k < c->after_len; k++)
            pvn_need_task_named(cx, &q->id, c->after[k]);
        for (size_t k = 0; k < c->inputs_len; k++)
            pvn_need_artifact(cx, &c->inputs[k]);
    }
    pvn_need_artifact(cx, &q->program);
}

static void need_dependents(pvn_cx *cx, const pvn_task *t)
{
    if (!pvn_need_scan_id(cx, PVN_EDGES_FROM, &t->id, PVN_WHOLE_MAX))
        return;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_EDGE, &t->id); r;
         r = r->sibling)
        pvn_need_task(cx, &((pvn_edge *)r)->after);
}

/* What a verify task reads: the inputs of the task it judges. */
static void need_judged_files(pvn_cx *cx, const pvn_task *t)
{
    if (!cx->op->u.task_complete.verify_kind)
        return;
    if (!pvn_need_scan_id(cx, PVN_FILES_OF_TASK, &t->id, PVN_WHOLE_MAX))
        return;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling)
        pvn_need_artifact(cx, &((pvn_task_file *)r)->artifact);
}

static const char *device_of(const pvn_op_task_complete *u)
{
    return u->device ? u->device : "";
}

void pvn_keys_task_complete(pvn_cx *cx)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    const pvn_task *t = pvn_need_task(cx, &u->task);
    pvn_need_worker(cx, &u->worker);
    for (size_t i = 0; i < u->outputs_len; i++)
        pvn_need_artifact(cx, &u->outputs[i]);
    if (!t)
        return;
    if (t->attempt > 0)
        pvn_need_attempt(cx, &t->id, t->attempt);
    need_dependents(cx, t);
    need_judged_files(cx, t);
    const pvn_request *q = pvn_need_request(cx, &t->request);
    if (!q)
        return;
    need_children(cx, q);
    if (u->took_ms <= 0)
        return;
    pvn_need_speed(cx, &q->program, device_of(u));
    provernet_id kind = pvn_kind_id(t->kind);
    if (t->cost > 0)
        pvn_need_speed(cx, &kind, device_of(u));
}

/* ---- checks ---- */

static provernet_status check_outputs(pvn_cx *cx, const pvn_request *q,
                                      const pvn_task *t)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    for (size_t i = 0; i < u->outputs_len; i++) {
        const pvn_artifact *a = pvn_need_artifact(cx, &u->outputs[i]);
        if (!a || a->state != PVN_ARTIFACT_STORED)
            return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                            "output %zu is not stored\nhelp: upload it before "
                            "completing the task",
                            i);
    }
    bool last = q->tasks_open == 1;
    for (size_t i = 0; last && i < u->children_len; i++)
        last = !u->children[i].name ||
               pvn_need_task_named(cx, &q->id, u->children[i].name);
    if (last && pvn_id_none(&t->judges) && u->outputs_len == 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "outputs: the last task of a request must hand in a "
                        "proof");
    return PROVERNET_OK;
}

/* Is `name` a task that child i may wait for: one that exists, or a child
 * before it? So no circle can be made. */
static bool known_before(pvn_cx *cx, const pvn_request *q, size_t i,
                         const char *name)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    for (size_t k = 0; k < i; k++)
        if (strcmp(u->children[k].name, name) == 0)
            return true;
    return pvn_need_task_named(cx, &q->id, name) != NULL;
}

static provernet_status check_child(pvn_cx *cx, const pvn_request *q, size_t i)
{
    const pvn_op_child *c = &cx->op->u.task_complete.children[i];
    provernet_error *err = &cx->op->err;
    if (!c->name || !*c->name || strlen(c->name) > 200 || !c->kind || !*c->kind)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "child %zu: a task needs a kind and a name of 1 to "
                        "200 bytes",
                        i);
    for (size_t k = 0; k < c->after_len; k++)
        if (!known_before(cx, q, i, c->after[k]))
            return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                            "child %.60s waits for %.60s, which is neither a "
                            "task of this request nor a child before it",
                            c->name, c->after[k]);
    for (size_t k = 0; k < c->inputs_len; k++) {
        const pvn_artifact *a = pvn_need_artifact(cx, &c->inputs[k]);
        if (!a || a->state != PVN_ARTIFACT_STORED)
            return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                            "child %.60s: input %zu is not stored", c->name, k);
    }
    return PROVERNET_OK;
}

static provernet_status check_children(pvn_cx *cx, const pvn_request *q,
                                       const pvn_task *t)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    const pvn_rules *rules = cx->rules;
    if (u->children_len > 0 && !pvn_id_none(&t->judges))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "children: a verify task may not add tasks");
    if ((int64_t)u->children_len > rules->task_children_max)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                        "task.children_max: %zu tasks added at once, %lld are "
                        "allowed",
                        u->children_len, (long long)rules->task_children_max);
    if (q->tasks_len + (int64_t)u->children_len > rules->request_tasks_max)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                        "request.tasks_max: %lld tasks with these, %lld are "
                        "allowed",
                        (long long)q->tasks_len + (long long)u->children_len,
                        (long long)rules->request_tasks_max);
    for (size_t i = 0; i < u->children_len; i++) {
        provernet_status s = check_child(cx, q, i);
        if (s < 0)
            return s;
    }
    return PROVERNET_OK;
}

/* ---- changes ---- */

static void release_dependents(pvn_cx *cx, const pvn_task *done)
{
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_EDGE, &done->id); r;
         r = r->sibling) {
        pvn_edge *e = (pvn_edge *)r;
        pvn_task *t = pvn_need_task(cx, &e->after);
        if (r->deleted || e->met || !t)
            continue;
        pvn_touch(cx, r);
        e->met = 1;
        pvn_touch(cx, &t->row);
        if (--t->waits > 0 || t->state != PVN_TASK_BLOCKED)
            continue;
        t->state = PVN_TASK_READY;
        pvn_note(cx, "task.ready", &t->request, &t->id, NULL, NULL);
    }
}

static void add_edge(pvn_cx *cx, const pvn_task *before, pvn_task *after)
{
    pvn_edge key = { .row.table = PVN_EDGE,
                     .before = before->id,
                     .after = after->id };
    if (pvn_rows_known(cx->rows, &key.row))
        return; /* named twice */
    pvn_edge *e = (pvn_edge *)pvn_rows_make(cx->rows, &key.row);
    if (!e)
        return;
    pvn_touch(cx, &e->row);
    e->met = before->state == PVN_TASK_DONE;
    if (!e->met)
        after->waits++;
}

static void add_child(pvn_cx *cx, pvn_request *q, const pvn_op_child *c)
{
    if (pvn_rows_task_by_name(cx->rows, &q->id, c->name))
        return; /* an earlier run of this parent made it */
    pvn_task *t =
        pvn_task_make(cx, q, c->name, c->kind, c->memory_bytes, c->path_ms);
    if (!t)
        return;
    pvn_artifact *program = pvn_need_artifact(cx, &q->program);
    if (program)
        pvn_task_file_make(cx, t, PVN_IN, 0, program);
    for (size_t i = 0; i < c->inputs_len; i++)
        pvn_task_file_make(cx, t, PVN_IN, (int64_t)i + 1,
                           pvn_need_artifact(cx, &c->inputs[i]));
    for (size_t i = 0; i < c->after_len; i++) {
        const pvn_task *before =
            pvn_rows_task_by_name(cx->rows, &q->id, c->after[i]);
        if (before)
            add_edge(cx, before, t);
    }
    if (t->waits > 0)
        t->state = PVN_TASK_BLOCKED;
    pvn_note(cx, t->waits > 0 ? "task.blocked" : "task.ready", &q->id, &t->id,
             NULL, "\"name\":%s", pvn_quote(cx, c->name));
}

/* A rough running picture: mean, and a p95 that steps up on slow runs and
 * slides down on the others (19 steps down for one up). */
static void note_speed_of(pvn_cx *cx, const provernet_id *program,
                          const pvn_task *t)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    pvn_speed *s = pvn_need_speed(cx, program, device_of(u));
    if (!s) {
        pvn_speed key = { .row.table = PVN_SPEED,
                          .program = *program,
                          .device = device_of(u) };
        s = (pvn_speed *)pvn_rows_make(cx->rows, &key.row);
        if (!s)
            return;
        s->p95_ms = u->took_ms;
    }
    pvn_touch(cx, &s->row);
    s->n++;
    s->mean_ms += (u->took_ms - s->mean_ms) / s->n;
    s->mean_cost += (t->cost - s->mean_cost) / s->n;
    int64_t step = s->mean_ms / 20 + 1;
    s->p95_ms += u->took_ms > s->p95_ms ? 19 * step : -step;
    if (s->peak_bytes < u->peak_bytes)
        s->peak_bytes = u->peak_bytes;
}

static void note_speed(pvn_cx *cx, const pvn_request *q, const pvn_task *t)
{
    provernet_id kind = pvn_kind_id(t->kind);
    if (cx->op->u.task_complete.took_ms <= 0 || !pvn_id_none(&t->judges))
        return;
    note_speed_of(cx, &q->program, t);
    if (t->cost > 0)
        note_speed_of(cx, &kind, t);
}

/* A task for another worker: is the output of `judged` a proof? */
static void add_judge(pvn_cx *cx, pvn_request *q, const pvn_task *judged)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    char *name = pvn_arena_format(cx->rows->arena, "verify/%lld",
                                  (long long)q->attempts);
    if (!name) {
        cx->rows->failed = true;
        return;
    }
    pvn_task *t = pvn_task_make(cx, q, name, u->verify_kind, 0, 0);
    if (!t)
        return;
    t->judges = judged->id;
    t->params = judged->params;
    int64_t next = 0;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &judged->id); r;
         r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        pvn_artifact *a = pvn_need_artifact(cx, &f->artifact);
        if (r->deleted || f->way != PVN_IN || !a)
            continue;
        pvn_task_file_make(cx, t, PVN_IN, f->ordinal, a);
        if (f->ordinal >= next)
            next = f->ordinal + 1;
    }
    pvn_task_file_make(cx, t, PVN_IN, next,
                       pvn_need_artifact(cx, &u->outputs[0]));
    pvn_note(cx, "task.ready", &q->id, &t->id, NULL, "\"name\":\"%s\"", name);
}

static void verifying(pvn_cx *cx, pvn_request *q, const pvn_task *t)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    q->state = PROVERNET_VERIFYING;
    q->proof = u->outputs[0]; /* a candidate: see request_verdict */
    q->updated_ms = cx->now_ms;
    pvn_touch(cx, &q->row);
    pvn_note(cx, "request.verifying", &q->id, &t->id, &u->worker, NULL);
    if (u->verify_kind)
        add_judge(cx, q, t);
}

static void finish(pvn_cx *cx, pvn_request *q, pvn_task *t)
{
    const pvn_op_task_complete *u = &cx->op->u.task_complete;
    pvn_attempt_end(cx, t, PVN_ATTEMPT_DONE, 0, NULL);
    pvn_attempt *a = pvn_need_attempt(cx, &t->id, t->attempt);
    if (a) {
        a->device = u->device;
        a->peak_bytes = u->peak_bytes;
    }
    pvn_touch(cx, &t->row);
    t->state = PVN_TASK_DONE;
    t->lease_ms = 0;
    t->why = NULL;
    pvn_touch(cx, &q->row);
    q->tasks_open--;
    for (size_t i = 0; i < u->outputs_len; i++)
        pvn_task_file_make(cx, t, PVN_OUT, (int64_t)i,
                           pvn_need_artifact(cx, &u->outputs[i]));
    pvn_worker *w = pvn_need_worker(cx, &u->worker);
    if (w) {
        pvn_touch(cx, &w->row);
        w->jobs_done++;
        if (w->state != PVN_WORKER_ASIDE)
            w->seen_ms = cx->now_ms;
    }
    note_speed(cx, q, t);
    pvn_note(cx, "task.done", &q->id, &t->id, &u->worker,
             "\"attempt\":%lld,\"took_ms\":%lld", (long long)t->attempt,
             (long long)u->took_ms);
}

provernet_status pvn_decide_task_complete(pvn_cx *cx)
{
    pvn_op_task_complete *u = &cx->op->u.task_complete;
    pvn_task *t = pvn_need_task(cx, &u->task);
    pvn_request *q = t ? pvn_need_request(cx, &t->request) : NULL;
    if (!q)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "there is no such task");
    pvn_hold hold = pvn_task_hold(t, &u->worker, u->attempt);
    u->request = q->id;
    u->request_verifying = false;
    if (hold == PVN_ENDED && t->state == PVN_TASK_DONE) {
        u->request_verifying = q->state == PROVERNET_VERIFYING;
        return PROVERNET_OK; /* the same completion again */
    }
    if (hold != PVN_HELD && hold != PVN_ADOPT)
        return pvn_lease_refused(cx, q, t);
    provernet_status s = check_outputs(cx, q, t);
    if (s >= 0)
        s = check_children(cx, q, t);
    if (s < 0)
        return s;
    if (hold == PVN_ADOPT)
        pvn_task_adopt(cx, q, t);
    finish(cx, q, t);
    release_dependents(cx, t);
    for (size_t i = 0; i < u->children_len; i++)
        add_child(cx, q, &u->children[i]);
    if (q->tasks_open == 0 && pvn_id_none(&t->judges))
        verifying(cx, q, t);
    u->request_verifying = q->state == PROVERNET_VERIFYING;
    return PROVERNET_OK;
}
