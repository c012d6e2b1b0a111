/* protocol/contemplant/work.c - a job for a Contemplant: leased, sent from its
 * files piece by piece, kept, asked about, given back. Includes session.h. */
#include "protocol/contemplant/session.h"
#include "base/settings.h"
#include <stdio.h>

enum { PIECE = 65536 };

void pvn_ct_work_close(pvn_ct_work *w)
{
    pvn_raw_close(w->program);
    pvn_raw_close(w->input);
    w->program = w->input = NULL;
    pvn_arena_free(&w->rows);
    memset(&w->rows, 0, sizeof w->rows);
}

void pvn_ct_idle(pvn_ct *x)
{
    pvn_ct_proof_drop(x);
    pvn_ct_work_close(&x->work);
    memset(&x->work, 0, sizeof x->work);
    x->asked_ms = 0;
    x->state = PVN_CT_IDLE;
    x->look = true;
    pvn_ct_show(x);
}

/* ---- sending ---- */

/* Bytes [*at, ...) of a part, as far as the piece goes. */
static provernet_status add_part(pvn_call *c, pvn_raw *raw, uint64_t bytes,
                                 uint64_t at, provernet_error *err)
{
    uint8_t piece[PIECE];
    size_t n = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;
    provernet_status s = pvn_raw_read(raw, piece, n, at, err);

    if (s == PROVERNET_OK)
        pvn_answer_body(c, piece, n);
    return s;
}

/* The next piece of the job: head, program, middle, input, tail. */
static provernet_status fill(pvn_call *c, void *user, provernet_error *err)
{
    pvn_ct_work *w = user;
    uint64_t at = w->sent, middle = w->program_bytes;
    uint64_t input = middle + w->input_bytes;
    provernet_status s;

    if (at < middle) {
        s = add_part(c, w->program, middle, at, err);
        w->sent += middle - at < PIECE ? middle - at : PIECE;
        if (s == PROVERNET_OK && w->sent == middle)
            pvn_answer_body(c, w->job.middle, w->job.middle_len);
    } else {
        s = add_part(c, w->input, w->input_bytes, at - middle, err);
        w->sent += input - at < PIECE ? input - at : PIECE;
    }
    if (s != PROVERNET_OK || w->sent < input)
        return s;
    if (w->job.tail_len)
        pvn_answer_body(c, w->job.tail, w->job.tail_len);
    pvn_ct_work_close(w);
    return PROVERNET_END;
}

/* Bincode of a byte vector: the length in front is that of the rest. */
static provernet_status check_vector(pvn_ct_work *w, provernet_error *err)
{
    uint8_t len[8];
    provernet_status s;

    if (w->vm != PVN_CT_SP1)
        return PROVERNET_OK;
    s = w->program_bytes >= 8 ? pvn_raw_read(w->program, len, 8, 0, err)
                              : PROVERNET_ERR_FORMAT;
    if (s == PROVERNET_OK && pvn_get_u64le(len) != w->program_bytes - 8)
        s = PROVERNET_ERR_FORMAT;
    if (s == PROVERNET_ERR_FORMAT)
        pvn_fail(err, s, 0,
                 "the program artifact is not a byte vector in bincode");
    return s;
}

static provernet_status open_inputs(pvn_call *c, pvn_ct_work *w,
                                    const pvn_op_read_task *r,
                                    provernet_error *err)
{
    const pvn_artifact *program, *input;
    pvn_node *n = pvn_call_node(c);
    provernet_status s;

    if (r->inputs_len < 2 || !r->inputs[0] || !r->inputs[1])
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the task has no program and input");
    /* small ones lie in their rows, and must outlive the operation */
    program = (const void *)pvn_row_copy(&w->rows, &r->inputs[0]->row);
    input = (const void *)pvn_row_copy(&w->rows, &r->inputs[1]->row);
    if (!program || !input)
        return pvn_nomem(err);
    w->program_bytes = (uint64_t)program->raw_bytes;
    w->input_bytes = (uint64_t)input->raw_bytes;
    s = pvn_raw_open(&w->program, n, program, err);
    if (s == PROVERNET_OK)
        s = pvn_raw_open(&w->input, n, input, err);
    return s == PROVERNET_OK ? check_vector(w, err) : s;
}

/* The name that the client knows, or one of our own making. */
static void set_id(pvn_ct_work *w, const pvn_request *q)
{
    if (q && q->name.len == PVN_CT_ID) {
        memcpy(w->id, q->name.data, PVN_CT_ID);
        return;
    }
    memcpy(w->id, w->request.bytes, 16);
    memcpy(w->id + 16, w->task.bytes, 16);
}

static pvn_next send_job(pvn_call *c, pvn_ct *x)
{
    const pvn_op *op = x->op;
    provernet_error err = { 0 };
    pvn_ct_work *w = &x->work;
    int64_t now = pvn_ct_now(c);

    err.status = op->err.status;
    if (op->err.status)
        err = op->err;
    else
        err.status = open_inputs(c, w, &op->u.read_task, &err);
    if (err.status)
        return pvn_ct_fail(c, x,
                           err.status == PROVERNET_ERR_FORMAT
                               ? PROVERNET_BLAME_INPUT
                               : PROVERNET_BLAME_SURROUNDINGS,
                           false, err.message);
    set_id(w, op->u.read_task.request);
    pvn_ct_job_make(&w->job, w->vm, w->id, w->mode,
                    pvn_node_rules(pvn_call_node(c))->mock, w->program_bytes,
                    w->input_bytes);
    pvn_answer_body(c, w->job.head, w->job.head_len);
    if (w->program_bytes == 0)
        pvn_answer_body(c, w->job.middle, w->job.middle_len);
    pvn_message_fill(c, fill, w);
    x->began_ms = x->progress_ms = now;
    x->renewed_ms = now;
    x->ask_ms = now + pvn_setting_int(pvn_node_options(pvn_call_node(c)),
                                      PVN_SET_CONTEMPLANT_POLL);
    return pvn_ct_go(c, x);
}

/* ---- lease ---- */

static pvn_next leased(pvn_call *c, pvn_ct *x)
{
    const pvn_op_task_lease *u = &x->op->u.task_lease;
    pvn_ct_work *w = &x->work;

    if (x->op->err.status == PROVERNET_ERR_NOT_FOUND ||
        x->op->err.status == PROVERNET_ERR_STATE)
        return pvn_ct_end(c, x, 1011, true, "%.120s", x->op->err.message);
    if (x->op->err.status) /* the server is in trouble, not the worker */
        return pvn_ct_go(c, x);
    if (u->aside)
        return pvn_ct_end(c, x, 1008, true, "set aside: %.200s", u->aside);
    if (u->leased_len == 0)
        return pvn_ct_go(c, x);
    memset(w, 0, sizeof *w);
    w->task = u->leased[0].task;
    w->request = u->leased[0].request;
    w->attempt = u->leased[0].attempt;
    snprintf(w->kind, sizeof w->kind, "%s", u->leased[0].kind);
    x->state = PVN_CT_BUSY;
    pvn_lock_take(&x->table->lock);
    x->live.strikes = 0;
    x->live.stage = PVN_CT_NO_STAGE;
    x->live.percent = 0;
    pvn_lock_give(&x->table->lock);
    pvn_ct_show(x);
    if (!pvn_ct_kind(w->kind, &w->vm, &w->mode))
        return pvn_ct_fail(c, x, PROVERNET_BLAME_SURROUNDINGS, false,
                           "no Contemplant knows this kind");
    x->op = pvn_ct_op(c, PVN_OP_READ_TASK);
    if (!x->op)
        return pvn_ct_nomem(c, x);
    x->op->u.read_task.task = w->task;
    x->then = send_job;
    return PVN_OP;
}

pvn_next pvn_ct_lease(pvn_call *c, pvn_ct *x)
{
    pvn_op_task_lease *u;

    x->look = false;
    x->looked_ms = pvn_ct_now(c);
    x->op = pvn_ct_op(c, PVN_OP_TASK_LEASE);
    if (!x->op)
        return pvn_ct_nomem(c, x);
    u = &x->op->u.task_lease;
    u->worker = x->live.worker;
    u->kinds = pvn_arena_text(&x->op->arena, x->kinds);
    u->want = 1;
    if (!u->kinds)
        return pvn_ct_nomem(c, x);
    x->then = leased;
    return PVN_OP;
}

/* ---- renew ---- */

static pvn_next renewed(pvn_call *c, pvn_ct *x)
{
    const pvn_op_task_renew *u = &x->op->u.task_renew;

    if (x->op->err.status == PROVERNET_OK &&
        u->renewal[0].status != PROVERNET_OK) {
        /* There is no message that tells a Contemplant to stop: it goes on,
         * and what it brings is thrown away. */
        x->work.unwanted = true;
        pvn_log(pvn_node_env(pvn_call_node(c)), PVN_INFO,
                "contemplant.unwanted", "name=%s", x->live.name);
    }
    return pvn_ct_go(c, x);
}

pvn_next pvn_ct_renew(pvn_call *c, pvn_ct *x)
{
    struct pvn_renewal *r;

    x->renewed_ms = pvn_ct_now(c);
    x->op = pvn_ct_op(c, PVN_OP_TASK_RENEW);
    r = x->op ? pvn_arena_alloc(&x->op->arena, sizeof *r) : NULL;
    if (!r)
        return pvn_ct_nomem(c, x);
    r->task = x->work.task;
    r->attempt = x->work.attempt;
    x->op->u.task_renew.worker = x->live.worker;
    x->op->u.task_renew.renewal = r;
    x->op->u.task_renew.renewals_len = 1;
    x->then = renewed;
    return PVN_OP;
}

/* ---- fail ---- */

static pvn_next failed(pvn_call *c, pvn_ct *x)
{
    bool bad = x->op->u.task_fail.bad_proof;
    char why[200];

    snprintf(why, sizeof why, "%s", x->op->u.task_fail.why);
    pvn_ct_idle(x);
    /* As Hierophant does: who brings a wrong proof goes. */
    if (bad)
        return pvn_ct_end(c, x, 1008, false, "%s", why);
    return pvn_ct_go(c, x);
}

pvn_next pvn_ct_fail(pvn_call *c, pvn_ct *x, int64_t blame, bool bad_proof,
                     const char *why)
{
    pvn_op_task_fail *u;

    x->op = pvn_ct_op(c, PVN_OP_TASK_FAIL);
    if (!x->op)
        return pvn_ct_nomem(c, x);
    u = &x->op->u.task_fail;
    u->task = x->work.task;
    u->worker = x->live.worker;
    u->attempt = x->work.attempt;
    u->blame = blame;
    u->bad_proof = bad_proof;
    u->why = pvn_arena_format(&x->op->arena, "%.1000s", why);
    if (!u->why)
        return pvn_ct_nomem(c, x);
    pvn_log(pvn_node_env(pvn_call_node(c)), PVN_WARN, "contemplant.failed",
            "name=%s why=%s", x->live.name, why);
    x->then = failed;
    return PVN_OP;
}

/* ---- answers ---- */

/* For people: execution is shown as the first 40 per cent. */
static int permille(pvn_ct_stage stage, uint64_t percent)
{
    int n = percent > 100 ? 100 : (int)percent;

    return stage == PVN_CT_EXECUTION       ? 4 * n
           : stage == PVN_CT_SERIALIZATION ? 400 + 6 * n
                                           : 1000;
}

static void note_progress(pvn_call *c, pvn_ct *x)
{
    static const char *const names[] = { "execution", "serialization", "done" };
    const pvn_ct_message *m = &x->message;
    bool forward = m->stage == PVN_CT_NO_STAGE ||
                   x->live.stage == PVN_CT_NO_STAGE ||
                   m->stage > x->live.stage ||
                   (m->stage == x->live.stage && m->percent > x->live.percent);

    if (!forward)
        return;
    x->progress_ms = pvn_ct_now(c); /* also when it tells nothing */
    if (m->stage == PVN_CT_NO_STAGE)
        return;
    pvn_lock_take(&x->table->lock);
    x->live.stage = m->stage;
    x->live.percent = m->percent;
    pvn_lock_give(&x->table->lock);
    pvn_node_progress_set(pvn_call_node(c), &x->work.request,
                          permille(m->stage, m->percent), names[m->stage]);
}

pvn_next pvn_ct_answered(pvn_call *c, pvn_ct *x)
{
    const pvn_ct_message *m = &x->message;
    bool ours = x->state == PVN_CT_BUSY && x->asked_ms &&
                memcmp(m->id, x->work.id, PVN_CT_ID) == 0;

    if (!ours) { /* late, or never asked for */
        pvn_ct_proof_drop(x);
        return pvn_ct_go(c, x);
    }
    x->asked_ms = 0;
    x->ask_ms =
        pvn_ct_now(c) + pvn_setting_int(pvn_node_options(pvn_call_node(c)),
                                        PVN_SET_CONTEMPLANT_POLL);
    if (!m->known)
        return pvn_ct_fail(c, x, PROVERNET_BLAME_ATTEMPT, false,
                           "the worker does not know the job: it could not "
                           "read it, or forgot it");
    if (m->has_proof)
        return pvn_ct_proof_done(c, x);
    if (m->execution == 3)
        return pvn_ct_fail(c, x, PROVERNET_BLAME_ATTEMPT, false,
                           "the worker reports an error of its prover");
    note_progress(c, x);
    return pvn_ct_go(c, x);
}
