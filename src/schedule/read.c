/* schedule/read.c - looking: copies of rows for those who answer. Pure;
 * includes kept.h. */
#include "schedule/kept.h"

bool pvn_op_look(pvn_op *op, const pvn_row *row)
{
    const void *copy = pvn_row_copy(&op->arena, row);
    if (op->type == PVN_OP_READ_ACCOUNT)
        op->u.read_account.account = copy;
    else
        op->u.read_request.request = pvn_shown_request(copy);
    return copy != NULL;
}

/* ---- one row ---- */

void pvn_keys_read_account(pvn_cx *cx)
{
    pvn_need_account(cx, cx->op->u.read_account.address20);
}
provernet_status pvn_decide_read_account(pvn_cx *cx)
{
    pvn_op_read_account *u = &cx->op->u.read_account;
    u->account = pvn_keep(cx, pvn_need_account(cx, u->address20));
    return pvn_kept(cx);
}

void pvn_keys_read_program(pvn_cx *cx)
{
    const pvn_op_read_program *u = &cx->op->u.read_program;
    pvn_need_program(cx, u->protocol, u->name);
}
provernet_status pvn_decide_read_program(pvn_cx *cx)
{
    pvn_op_read_program *u = &cx->op->u.read_program;
    u->program = pvn_keep(cx, pvn_need_program(cx, u->protocol, u->name));
    return pvn_kept(cx);
}

void pvn_keys_read_artifact(pvn_cx *cx)
{
    pvn_need_artifact(cx, &cx->op->u.read_artifact.id);
}
provernet_status pvn_decide_read_artifact(pvn_cx *cx)
{
    pvn_op_read_artifact *u = &cx->op->u.read_artifact;
    u->artifact = pvn_keep(cx, pvn_need_artifact(cx, &u->id));
    return pvn_kept(cx);
}

void pvn_keys_read_record(pvn_cx *cx)
{
    const pvn_op_read_record *u = &cx->op->u.read_record;
    pvn_need_record(cx, u->protocol, u->kind, u->key);
}
provernet_status pvn_decide_read_record(pvn_cx *cx)
{
    pvn_op_read_record *u = &cx->op->u.read_record;
    const pvn_record *r = pvn_need_record(cx, u->protocol, u->kind, u->key);
    u->value = pvn_bytes_of(NULL, 0);
    if (r && r->value.data) {
        u->value = r->value;
        u->value.data =
            pvn_arena_copy(&cx->op->arena, r->value.data, r->value.len);
        if (!u->value.data)
            cx->rows->failed = true;
    }
    return pvn_kept(cx);
}

/* ---- records of one kind ---- */

static pvn_want *records(pvn_cx *cx)
{
    const pvn_op_read_records *u = &cx->op->u.read_records;
    pvn_want ask = { .scan = PVN_RECORDS_OF_KIND,
                     .table = PVN_RECORD,
                     .int1 = u->protocol,
                     .text1 = u->kind,
                     .bytes1 = u->after,
                     .limit = pvn_keep_limit(u->limit) };
    return pvn_need_scan(cx, &ask);
}
void pvn_keys_read_records(pvn_cx *cx)
{
    records(cx);
}
provernet_status pvn_decide_read_records(pvn_cx *cx)
{
    pvn_op_read_records *u = &cx->op->u.read_records;
    u->records = pvn_keep_all(cx, records(cx), &u->records_len);
    return pvn_kept(cx);
}

/* ---- what proofs of a program took ---- */

static const pvn_want *speeds(pvn_cx *cx)
{
    const pvn_op_read_estimate *u = &cx->op->u.read_estimate;
    const pvn_program *p = pvn_need_program(cx, u->protocol, u->name);
    return p ? pvn_need_scan_id(cx, PVN_SPEEDS_OF_PROGRAM, &p->artifact, 1000)
             : NULL;
}
static const pvn_want *kind_speeds(pvn_cx *cx)
{
    const char *kind = cx->op->u.read_estimate.kind;
    provernet_id id;
    if (!kind || !*kind)
        return NULL;
    id = pvn_kind_id(kind);
    return pvn_need_scan_id(cx, PVN_SPEEDS_OF_PROGRAM, &id, 1000);
}
void pvn_keys_read_estimate(pvn_cx *cx)
{
    speeds(cx);
    kind_speeds(cx);
}

static void take_speeds(pvn_op_read_estimate *u, const pvn_want *w)
{
    double ms = 0, cost = 0;
    for (size_t i = 0; w && i < w->found_len; i++) {
        const pvn_speed *s = (const pvn_speed *)w->found[i];
        u->n += s->n;
        ms += (double)s->mean_ms * (double)s->n;
        cost += (double)s->mean_cost * (double)s->n;
        if (u->p95_ms < s->p95_ms)
            u->p95_ms = s->p95_ms;
    }
    if (u->n > 0) {
        u->mean_ms = (int64_t)(ms / (double)u->n);
        u->mean_cost = (int64_t)(cost / (double)u->n);
    }
}

provernet_status pvn_decide_read_estimate(pvn_cx *cx)
{
    pvn_op_read_estimate *u = &cx->op->u.read_estimate;
    u->n = u->mean_ms = u->p95_ms = u->mean_cost = 0;
    take_speeds(u, speeds(cx));
    u->by_kind = u->n == 0;
    if (u->by_kind)
        take_speeds(u, kind_speeds(cx));
    u->by_kind = u->by_kind && u->n > 0;
    return PROVERNET_OK;
}

/* ---- events ---- */

static pvn_event *keep_events(pvn_cx *cx, const pvn_event *from)
{
    pvn_event *first = NULL, **last = &first;
    for (; from; from = from->next) {
        pvn_event *e = pvn_keep_room(cx, 1, sizeof *e);
        if (!e)
            return NULL;
        *e = *from;
        e->next = NULL;
        e->type = pvn_arena_text(&cx->op->arena, from->type);
        if (from->detail)
            e->detail = pvn_arena_text(&cx->op->arena, from->detail);
        if (!e->type || (from->detail && !e->detail)) {
            cx->rows->failed = true;
            return NULL;
        }
        *last = e;
        last = &e->next;
    }
    return first;
}

static pvn_want *events_since(pvn_cx *cx)
{
    const pvn_op_read_events *u = &cx->op->u.read_events;
    pvn_want ask = { .scan = u->newest ? PVN_EVENTS_LAST : PVN_EVENTS_SINCE,
                     .int1 = u->after_seq,
                     .limit = pvn_keep_limit(u->limit) };
    return pvn_need_scan(cx, &ask);
}
void pvn_keys_read_events(pvn_cx *cx)
{
    events_since(cx);
}
provernet_status pvn_decide_read_events(pvn_cx *cx)
{
    pvn_op_read_events *u = &cx->op->u.read_events;
    const pvn_want *w = events_since(cx);
    u->events = keep_events(cx, w ? w->events : NULL);
    u->events_len = 0;
    for (const pvn_event *e = u->events; e; e = e->next)
        u->events_len++;
    return pvn_kept(cx);
}

/* ---- one request and all around it ---- */

enum { EVENTS_SHOWN = 1000, TASKS_SHOWN = 1000, ATTEMPTS_SHOWN = 1000 };

static pvn_want *events_of(pvn_cx *cx, const pvn_request *q)
{
    pvn_want ask = { .scan = PVN_EVENTS_OF_REQUEST,
                     .id1 = q->id,
                     .limit = EVENTS_SHOWN };
    return pvn_need_scan(cx, &ask);
}
static pvn_want *attempts_of(pvn_cx *cx, const provernet_id *task)
{
    return pvn_need_scan_id(cx, PVN_ATTEMPTS_OF_TASK, task, ATTEMPTS_SHOWN);
}

void pvn_keys_read_request(pvn_cx *cx)
{
    const pvn_op_read_request *u = &cx->op->u.read_request;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q || !u->details)
        return;
    pvn_need_program(cx, q->protocol, q->program_name);
    events_of(cx, q);
    const pvn_want *w =
        pvn_need_scan_id(cx, PVN_TASKS_OF_REQUEST, &q->id, TASKS_SHOWN);
    for (size_t i = 0; w && i < w->found_len; i++)
        attempts_of(cx, &((pvn_task *)w->found[i])->id);
}

/* Tasks and attempts as they are in memory: one that an operation before
 * this one in the batch made is there too. */
static size_t group_len(pvn_cx *cx, pvn_table table, const provernet_id *id)
{
    size_t n = 0;
    for (pvn_row *r = pvn_rows_group(cx->rows, table, id); r; r = r->sibling)
        n += !r->deleted && !r->absent;
    return n;
}

static void keep_attempts(pvn_cx *cx, const pvn_request *q)
{
    pvn_op_read_request *u = &cx->op->u.read_request;
    size_t n = 0;
    for (pvn_row *t = pvn_rows_group(cx->rows, PVN_TASK, &q->id); t;
         t = t->sibling)
        n += group_len(cx, PVN_ATTEMPT, &((pvn_task *)t)->id);
    const pvn_attempt **all = pvn_keep_room(cx, n, sizeof *all);
    u->attempts = all;
    u->attempts_len = 0;
    for (size_t i = 0; all && i < u->tasks_len; i++) {
        size_t first = u->attempts_len;
        for (pvn_row *r =
                 pvn_rows_group(cx->rows, PVN_ATTEMPT, &u->tasks[i]->id);
             r; r = r->sibling) {
            if (r->deleted || r->absent)
                continue;
            const pvn_attempt *a = pvn_keep(cx, r);
            if (!a)
                return;
            size_t k = u->attempts_len++;
            for (; k > first && all[k - 1]->attempt > a->attempt; k--)
                all[k] = all[k - 1];
            all[k] = a;
        }
    }
}

static void keep_tasks(pvn_cx *cx, const pvn_request *q)
{
    pvn_op_read_request *u = &cx->op->u.read_request;
    size_t n = group_len(cx, PVN_TASK, &q->id);
    const pvn_task **all = pvn_keep_room(cx, n, sizeof *all);
    u->tasks = all;
    u->tasks_len = 0;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK, &q->id); r && all;
         r = r->sibling) {
        if (r->deleted || r->absent)
            continue;
        const pvn_task *t = pvn_keep(cx, r);
        if (!t)
            return;
        size_t k = u->tasks_len++; /* by id: in order of creation */
        for (; k > 0 && memcmp(&all[k - 1]->id, &t->id, sizeof t->id) > 0; k--)
            all[k] = all[k - 1];
        all[k] = t;
    }
}

provernet_status pvn_decide_read_request(pvn_cx *cx)
{
    pvn_op_read_request *u = &cx->op->u.read_request;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    u->request = NULL;
    if (!q)
        return PROVERNET_OK;
    u->request = pvn_keep_request(cx, q);
    if (!u->details)
        return pvn_kept(cx);
    u->program =
        pvn_keep(cx, pvn_need_program(cx, q->protocol, q->program_name));
    keep_tasks(cx, q);
    keep_attempts(cx, q);
    const pvn_want *w = events_of(cx, q);
    u->events = keep_events(cx, w ? w->events : NULL);
    return pvn_kept(cx);
}

/* ---- many requests ---- */

static pvn_want *listed(pvn_cx *cx)
{
    const pvn_op_read_requests *u = &cx->op->u.read_requests;
    pvn_want ask = { .scan = PVN_REQUESTS_LIST,
                     .table = PVN_REQUEST,
                     .filter = &u->filter,
                     .limit = pvn_keep_limit(u->limit) };
    return pvn_need_scan(cx, &ask);
}

void pvn_keys_read_requests(pvn_cx *cx)
{
    const pvn_want *w = listed(cx);
    for (size_t i = 0;
         w && cx->op->u.read_requests.with_tasks && i < w->found_len; i++)
        pvn_need_task_named(cx, &((pvn_request *)w->found[i])->id,
                            PVN_MAIN_TASK);
}

provernet_status pvn_decide_read_requests(pvn_cx *cx)
{
    pvn_op_read_requests *u = &cx->op->u.read_requests;
    const pvn_want *w = listed(cx);
    size_t n = w ? w->found_len : 0;
    const pvn_request **all = pvn_keep_room(cx, n, sizeof *all);
    const pvn_task **tasks = pvn_keep_room(cx, n, sizeof *tasks);
    u->requests = all;
    u->tasks = tasks;
    u->requests_len = 0;
    for (size_t i = 0; all && tasks && i < n && !cx->rows->failed; i++) {
        const pvn_request *q = (const pvn_request *)w->found[i];
        all[i] = pvn_keep_request(cx, q);
        if (u->with_tasks)
            tasks[i] =
                pvn_keep(cx, pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK));
        u->requests_len++;
    }
    return pvn_kept(cx);
}

/* ---- one task with what is needed to judge its result ---- */

void pvn_keys_read_task(pvn_cx *cx)
{
    const pvn_op_read_task *u = &cx->op->u.read_task;
    const pvn_task *t = pvn_need_task(cx, &u->task);
    if (!t)
        return;
    const pvn_request *q = pvn_need_request(cx, &t->request);
    if (q)
        pvn_need_program(cx, q->protocol, q->program_name);
    if (!pvn_need_scan_id(cx, PVN_FILES_OF_TASK, &t->id, PVN_WHOLE_MAX))
        return;
    for (pvn_row *r = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id); r;
         r = r->sibling)
        pvn_need_artifact(cx, &((pvn_task_file *)r)->artifact);
}

static void keep_inputs(pvn_cx *cx, const pvn_task *t)
{
    pvn_op_read_task *u = &cx->op->u.read_task;
    int64_t max = -1;
    pvn_row *files = pvn_rows_group(cx->rows, PVN_TASK_FILE, &t->id);
    for (pvn_row *r = files; r; r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (!r->deleted && f->way == PVN_IN && f->ordinal > max)
            max = f->ordinal;
    }
    const pvn_artifact **all =
        pvn_keep_room(cx, (size_t)(max + 1), sizeof *all);
    u->inputs = all;
    u->inputs_len = all ? (size_t)(max + 1) : 0;
    for (pvn_row *r = files; r && all; r = r->sibling) {
        const pvn_task_file *f = (const pvn_task_file *)r;
        if (!r->deleted && f->way == PVN_IN)
            all[f->ordinal] = pvn_keep(cx, pvn_need_artifact(cx, &f->artifact));
    }
}

provernet_status pvn_decide_read_task(pvn_cx *cx)
{
    pvn_op_read_task *u = &cx->op->u.read_task;
    const pvn_task *t = pvn_need_task(cx, &u->task);
    u->row = NULL;
    if (!t)
        return PROVERNET_OK;
    u->row = pvn_keep(cx, t);
    const pvn_request *q = pvn_need_request(cx, &t->request);
    u->request = pvn_keep_request(cx, q);
    if (q)
        u->program =
            pvn_keep(cx, pvn_need_program(cx, q->protocol, q->program_name));
    keep_inputs(cx, t);
    return pvn_kept(cx);
}

/* ---- workers ---- */

static pvn_want *workers(pvn_cx *cx)
{
    const pvn_op_read_workers *u = &cx->op->u.read_workers;
    pvn_want ask = { .scan = PVN_WORKERS_LIST,
                     .table = PVN_WORKER,
                     .id1 = u->after,
                     .limit = pvn_keep_limit(u->limit) };
    return pvn_need_scan(cx, &ask);
}
void pvn_keys_read_workers(pvn_cx *cx)
{
    workers(cx);
}
provernet_status pvn_decide_read_workers(pvn_cx *cx)
{
    pvn_op_read_workers *u = &cx->op->u.read_workers;
    u->workers = pvn_keep_all(cx, workers(cx), &u->workers_len);
    return pvn_kept(cx);
}
