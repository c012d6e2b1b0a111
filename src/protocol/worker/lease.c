/* protocol/worker/lease.c - asking for work, keeping it, giving it back. */
#include "base/settings.h"
#include "protocol/http/artifacts.h"
#include "protocol/worker/serve.h"

enum { WANT_MAX = 16, ALONG_MAX = 512 << 10 };
enum { KEEP_TICKETS_MS = 3600000 }; /* beyond the request's deadline */

/* ---- lease ---- */

typedef struct along {
    pvn_op *read;
    pvn_wire_input *to;
} along;

typedef struct leasing {
    pvn_op *op;
    int64_t until_ms;
    uint32_t want;
    size_t sent; /* bytes of inputs that come along */
    along *along;
    size_t along_len;
    bool disk; /* some of them lie in files */
} leasing;

static pvn_next ask_core(pvn_call *c, pvn_asked *x);

static int64_t now_of(pvn_call *c)
{
    return pvn_now_ms(pvn_node_env(pvn_call_node(c)));
}

static pvn_next nothing(pvn_call *c, pvn_asked *x)
{
    Provernet__Worker__V1__LeaseAnswer *out =
        pvn_arena_alloc(pvn_call_arena(c), sizeof *out);

    if (!out)
        return pvn_asked_nomem(c, x);
    provernet__worker__v1__lease_answer__init(out);
    x->answer.lease = out;
    return pvn_asked_answer(c, x);
}

/* Bytes of one artifact, decoded, into the message. */
static provernet_status read_along(pvn_call *c, along *a)
{
    const pvn_artifact *row = a->read->u.read_artifact.artifact;
    provernet_error *err = pvn_call_error(c);
    size_t len = (size_t)a->to->raw_bytes;
    uint8_t *bytes;
    provernet_status rc;
    pvn_raw *raw;

    if (!row)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                        "an input is no longer there");
    bytes = pvn_arena_alloc(pvn_call_arena(c), len);
    if (!bytes)
        return pvn_nomem(err);
    rc = pvn_raw_open(&raw, pvn_call_node(c), row, err);
    if (rc)
        return rc;
    rc = pvn_raw_read(raw, bytes, len, 0, err);
    pvn_raw_close(raw);
    if (rc)
        return rc;
    a->to->_content_case = PROVERNET__WORKER__V1__INPUT___CONTENT_CONTENT;
    a->to->content = pvn_wire_data(bytes, len);
    return PROVERNET_OK;
}

/* What cannot be read now is fetched by the worker, who then sees why. */
static void read_all(pvn_call *c)
{
    pvn_asked *x = pvn_call_kept(c, 1);
    leasing *l = x->verb;

    for (size_t i = 0; i < l->along_len; i++)
        if (l->along[i].read->err.status == PROVERNET_OK)
            (void)read_along(c, &l->along[i]);
}

static pvn_next read_done(pvn_call *c, pvn_asked *x)
{
    return pvn_asked_answer(c, x);
}

static pvn_next rows_read(pvn_call *c, pvn_asked *x)
{
    leasing *l = x->verb;

    for (size_t i = 0; i < l->along_len && !l->disk; i++) {
        const pvn_artifact *row = l->along[i].read->u.read_artifact.artifact;

        l->disk = row && !row->content.data;
    }
    if (!l->disk) {
        read_all(c);
        return pvn_asked_answer(c, x);
    }
    x->then = read_done;
    pvn_call_crew(c, read_all);
    return PVN_CREW;
}

static bool fill_input(pvn_call *c, pvn_asked *x, leasing *l,
                       const pvn_op_input *in, int64_t deadline_ms,
                       pvn_wire_input *out)
{
    const char *url = pvn_artifact_url(c, "", "raw/", in->type, &in->artifact);
    uint8_t *id = pvn_arena_copy(pvn_call_arena(c), in->artifact.bytes, 16);
    pvn_op *op;

    provernet__worker__v1__input__init(out);
    url = url ? pvn_artifact_ticket_url(c, url, "get", &in->artifact,
                                        deadline_ms + KEEP_TICKETS_MS)
              : NULL;
    if (!url || !id)
        return false;
    out->id = pvn_wire_data(id, 16);
    out->type = (uint32_t)in->type;
    out->bytes = (uint64_t)in->bytes;
    out->raw_bytes = (uint64_t)in->raw_bytes;
    out->digest = pvn_wire_data(in->digest.data, in->digest.len);
    out->path = (char *)(uintptr_t)url;
    if (out->raw_bytes > x->ask->lease->inline_max ||
        out->raw_bytes > PVN_WIRE_INPUT_MAX ||
        l->sent + out->raw_bytes > ALONG_MAX)
        return true;
    op = pvn_asked_op(c, PVN_OP_READ_ARTIFACT);
    if (!op)
        return false;
    op->u.read_artifact.id = in->artifact;
    l->sent += (size_t)out->raw_bytes;
    l->along[l->along_len++] = (along){ op, out };
    return true;
}

static char *text_of(pvn_call *c, const char *text)
{
    return pvn_arena_text(pvn_call_arena(c), text ? text : "");
}

static bool fill_lease(pvn_call *c, pvn_asked *x, leasing *l,
                       const struct pvn_leased *in, pvn_wire_lease *out)
{
    pvn_arena *a = pvn_call_arena(c);
    int64_t now = now_of(c);
    pvn_wire_input *input;

    provernet__worker__v1__lease__init(out);
    out->task = pvn_wire_data(in->task.bytes, 16);
    out->request = pvn_wire_data(in->request.bytes, 16);
    out->kind = text_of(c, in->kind);
    out->name = text_of(c, in->name);
    out->attempt = (uint64_t)in->attempt;
    out->lease_for_ms = in->lease_ms > now ? (uint64_t)(in->lease_ms - now) : 0;
    out->deadline_ms = in->deadline_ms;
    out->created_ms = in->created_ms;
    out->params = pvn_wire_data(in->params.data, in->params.len);
    input = pvn_arena_alloc(a, in->inputs_len * sizeof *input);
    out->input = pvn_arena_alloc(a, in->inputs_len * sizeof *out->input);
    if (!out->kind || !out->name || !input || !out->input)
        return false;
    for (size_t i = 0; i < in->inputs_len; i++) {
        if (!fill_input(c, x, l, &in->inputs[i], in->deadline_ms, &input[i]))
            return false;
        out->input[out->n_input++] = &input[i];
    }
    return true;
}

static size_t count_inputs(const pvn_op_task_lease *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->leased_len; i++)
        n += t->leased[i].inputs_len;
    return n;
}

static pvn_next grant(pvn_call *c, pvn_asked *x)
{
    pvn_arena *a = pvn_call_arena(c);
    leasing *l = x->verb;
    const pvn_op_task_lease *t = &l->op->u.task_lease;
    Provernet__Worker__V1__LeaseAnswer *out = pvn_arena_alloc(a, sizeof *out);
    pvn_wire_lease *lease = pvn_arena_alloc(a, t->leased_len * sizeof *lease);

    l->along = pvn_arena_alloc(a, count_inputs(t) * sizeof *l->along);
    if (!out || !lease || !l->along)
        return pvn_asked_nomem(c, x);
    provernet__worker__v1__lease_answer__init(out);
    out->lease = pvn_arena_alloc(a, t->leased_len * sizeof *out->lease);
    if (!out->lease)
        return pvn_asked_nomem(c, x);
    for (size_t i = 0; i < t->leased_len; i++) {
        const struct pvn_leased *in = &t->leased[i];

        pvn_session_hold(x->table, x->session, &in->task, &in->request,
                         (uint64_t)in->attempt);
        if (!fill_lease(c, x, l, in, &lease[i]))
            return pvn_asked_nomem(c, x);
        out->lease[out->n_lease++] = &lease[i];
    }
    x->answer.lease = out;
    if (l->along_len == 0)
        return pvn_asked_answer(c, x);
    x->then = rows_read;
    return PVN_OP;
}

/* Parked for work, for a time, or because the node asks to look again. */
static pvn_next unparked(pvn_call *c, pvn_asked *x)
{
    const provernet_options *o = pvn_node_options(pvn_call_node(c));
    int64_t silence = pvn_setting_int(o, PVN_SET_LEASE_SILENCE);
    const leasing *l = x->verb;
    int64_t now = now_of(c);

    if (now >= l->until_ms || pvn_call_timed_out(c) ||
        pvn_node_health(pvn_call_node(c), NULL) == PVN_DRAINING)
        return nothing(c, x);
    /* It stopped speaking while it waited: it would not take the work. */
    if (!pvn_session_fresh(x->table, x->session, now, silence / 3 * 2))
        return nothing(c, x);
    return ask_core(c, x);
}

static pvn_next asked_core(pvn_call *c, pvn_asked *x)
{
    leasing *l = x->verb;
    pvn_park park = { .on = PVN_PARK_WORK, .until_ms = l->until_ms };

    if (l->op->err.status)
        return pvn_asked_fail_with(c, x, &l->op->err);
    if (l->op->u.task_lease.leased_len)
        return grant(c, x);
    if (now_of(c) >= l->until_ms ||
        pvn_node_health(pvn_call_node(c), NULL) == PVN_DRAINING)
        return nothing(c, x);
    park.kinds = x->session->kinds;
    pvn_call_park(c, &park);
    x->then = unparked;
    return PVN_PARK;
}

static pvn_next ask_core(pvn_call *c, pvn_asked *x)
{
    leasing *l = x->verb;
    uint64_t memory = x->ask->lease->memory_bytes;
    pvn_op_task_lease *t;

    pvn_asked_sweep(c, x);
    l->op = pvn_asked_op(c, PVN_OP_TASK_LEASE);
    if (!l->op)
        return pvn_asked_nomem(c, x);
    t = &l->op->u.task_lease;
    t->worker = x->session->worker;
    t->kinds = pvn_arena_text(&l->op->arena, x->session->kinds);
    t->memory_bytes = memory > INT64_MAX ? INT64_MAX : (int64_t)memory;
    t->want = l->want;
    if (!t->kinds)
        return pvn_asked_nomem(c, x);
    x->then = asked_core;
    return PVN_OP;
}

pvn_next pvn_verb_lease(pvn_call *c, pvn_asked *x)
{
    const provernet_options *o = pvn_node_options(pvn_call_node(c));
    int64_t poll = pvn_setting_int(o, PVN_SET_LEASE_POLL);
    leasing *l = pvn_arena_alloc(pvn_call_arena(c), sizeof *l);

    if (!l)
        return pvn_asked_nomem(c, x);
    if (x->ask->lease->poll_ms && x->ask->lease->poll_ms < poll)
        poll = x->ask->lease->poll_ms;
    l->until_ms = now_of(c) + poll;
    l->want = x->ask->lease->want;
    if (l->want > x->session->slots)
        l->want = x->session->slots;
    if (l->want > WANT_MAX)
        l->want = WANT_MAX;
    if (l->want == 0)
        return nothing(c, x);
    x->verb = l;
    return ask_core(c, x);
}

/* ---- renew ---- */

static pvn_next renewed(pvn_call *c, pvn_asked *x)
{
    const pvn_op *op = x->verb;
    const pvn_op_task_renew *r = &op->u.task_renew;
    pvn_arena *a = pvn_call_arena(c);
    Provernet__Worker__V1__RenewAnswer *out = pvn_arena_alloc(a, sizeof *out);

    if (op->err.status)
        return pvn_asked_fail_with(c, x, &op->err);
    if (!out)
        return pvn_asked_nomem(c, x);
    provernet__worker__v1__renew_answer__init(out);
    out->stop = pvn_arena_alloc(a, r->renewals_len * sizeof *out->stop);
    if (!out->stop)
        return pvn_asked_nomem(c, x);
    for (size_t i = 0; i < r->renewals_len; i++) {
        if (r->renewal[i].status == PROVERNET_OK)
            continue;
        out->stop[out->n_stop++] = pvn_wire_data(r->renewal[i].task.bytes, 16);
        pvn_session_unhold(x->table, x->session, &r->renewal[i].task);
    }
    x->answer.renew = out;
    return pvn_asked_answer(c, x);
}

/* For people: how far it is. Only for tasks that this session holds. */
static void note_progress(pvn_call *c, pvn_asked *x, const provernet_id *task,
                          const pvn_wire_held *h)
{
    int permille = h->permille > 1000 ? 1000 : (int)h->permille;
    provernet_id request;
    char stage[32] = "";

    if (!pvn_session_request(x->table, x->session, task, &request))
        return;
    strncat(stage, h->stage, sizeof stage - 1);
    pvn_node_progress_set(pvn_call_node(c), &request, permille, stage);
}

pvn_next pvn_verb_renew(pvn_call *c, pvn_asked *x)
{
    const Provernet__Worker__V1__RenewAsk *ask = x->ask->renew;
    size_t n = ask->n_held, len = 0;
    struct pvn_renewal *r;
    pvn_op *op;

    if (n > 1024)
        return pvn_asked_fail(c, x, PROVERNET_ERR_LIMIT,
                              "%zu leases in one renewal, allowed are 1024", n);
    if (ask->no_more)
        pvn_session_no_more(x->table, x->session);
    /* The empty renewal: only a sign of life. */
    if (n == 0 && !pvn_asked_sweep(c, x))
        return pvn_asked_answer(c, x);
    op = pvn_asked_op(c, PVN_OP_TASK_RENEW);
    r = op ? pvn_arena_alloc(&op->arena, n * sizeof *r) : NULL;
    if (!r)
        return pvn_asked_nomem(c, x);
    for (size_t i = 0; i < n; i++) {
        if (!pvn_asked_task(ask->held[i]->task, &r[len].task))
            return pvn_asked_fail(c, x, PROVERNET_ERR_FORMAT,
                                  "a task's id has a wrong length");
        r[len].attempt = (int64_t)ask->held[i]->attempt;
        note_progress(c, x, &r[len].task, ask->held[i]);
        len++;
    }
    op->u.task_renew.worker = x->session->worker;
    op->u.task_renew.renewal = r;
    op->u.task_renew.renewals_len = len;
    if (n)
        pvn_asked_sweep(c, x);
    x->verb = op;
    x->then = renewed;
    return PVN_OP;
}

/* ---- issue: an address for a large output ---- */

static pvn_next issued(pvn_call *c, pvn_asked *x)
{
    const pvn_op *op = x->verb;
    const provernet_id *id = &op->u.artifact_issue.id;
    Provernet__Worker__V1__IssueAnswer *out =
        pvn_arena_alloc(pvn_call_arena(c), sizeof *out);
    const char *url;

    if (op->err.status)
        return pvn_asked_fail_with(c, x, &op->err);
    url = pvn_artifact_url(c, "", "", op->u.artifact_issue.type, id);
    url = url ? pvn_artifact_ticket_url(c, url, "put", id,
                                        now_of(c) + KEEP_TICKETS_MS)
              : NULL;
    if (!out || !url)
        return pvn_asked_nomem(c, x);
    provernet__worker__v1__issue_answer__init(out);
    out->id = pvn_wire_data(id->bytes, 16);
    out->path = (char *)(uintptr_t)url;
    x->answer.issue = out;
    return pvn_asked_answer(c, x);
}

/* The task is looked up first: only its holder gets an address. */
static pvn_next issue_read(pvn_call *c, pvn_asked *x)
{
    const pvn_op *read = x->verb;
    const pvn_op_read_task *r = &read->u.read_task;
    pvn_op *op;

    if (read->err.status)
        return pvn_asked_fail_with(c, x, &read->err);
    if (!r->row || !r->request || r->row->state != PVN_TASK_LEASED ||
        !pvn_id_equal(&r->row->worker, &x->session->worker) ||
        (uint64_t)r->row->attempt != x->ask->issue->attempt)
        return pvn_asked_fail(c, x, PROVERNET_ERR_LEASE,
                              "this task is not leased to this worker");
    op = pvn_asked_op(c, PVN_OP_ARTIFACT_ISSUE);
    if (!op)
        return pvn_asked_nomem(c, x);
    pvn_id_new(pvn_node_env(pvn_call_node(c)), &op->u.artifact_issue.id);
    op->u.artifact_issue.type = PVN_TYPE_PROOF;
    memcpy(op->u.artifact_issue.owner20, r->request->requester, 20);
    x->verb = op;
    x->then = issued;
    return PVN_OP;
}

pvn_next pvn_verb_issue(pvn_call *c, pvn_asked *x)
{
    provernet_id task;
    pvn_op *op;

    if (!pvn_asked_task(x->ask->issue->task, &task))
        return pvn_asked_fail(c, x, PROVERNET_ERR_FORMAT,
                              "the task's id has a wrong length");
    op = pvn_asked_op(c, PVN_OP_READ_TASK);
    if (!op)
        return pvn_asked_nomem(c, x);
    op->u.read_task.task = task;
    x->verb = op;
    x->then = issue_read;
    return PVN_OP;
}

/* ---- fail ---- */

pvn_next pvn_asked_failed(pvn_call *c, pvn_asked *x)
{
    const pvn_op *op = x->verb;

    pvn_session_unhold(x->table, x->session, &op->u.task_fail.task);
    if (op->err.status)
        return pvn_asked_fail_with(c, x, &op->err);
    return pvn_asked_answer(c, x);
}

pvn_next pvn_verb_fail(pvn_call *c, pvn_asked *x)
{
    const Provernet__Worker__V1__FailAsk *ask = x->ask->fail;
    pvn_op_task_fail *f;
    pvn_op *op;

    if (ask->blame < PROVERNET_BLAME_INPUT ||
        ask->blame > PROVERNET_BLAME_SURROUNDINGS)
        return pvn_asked_fail(c, x, PROVERNET_ERR_INVALID,
                              "blame is %u, expected 1 (input), 2 (attempt) "
                              "or 3 (surroundings)",
                              ask->blame);
    op = pvn_asked_op(c, PVN_OP_TASK_FAIL);
    if (!op)
        return pvn_asked_nomem(c, x);
    f = &op->u.task_fail;
    if (!pvn_asked_task(ask->task, &f->task))
        return pvn_asked_fail(c, x, PROVERNET_ERR_FORMAT,
                              "the task's id has a wrong length");
    f->worker = x->session->worker;
    f->attempt = (int64_t)ask->attempt;
    f->blame = ask->blame;
    f->why = pvn_arena_format(&op->arena, "%.1000s", ask->why);
    if (!f->why)
        return pvn_asked_nomem(c, x);
    x->verb = op;
    x->then = pvn_asked_failed;
    return PVN_OP;
}
