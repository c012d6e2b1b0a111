/* protocol/worker/complete.c - a worker hands in: look the task up, judge the
 * output in the crew, then store, complete and fulfil in one commit. */
#include "base/settings.h"
#include "protocol/http/judge.h"
#include "protocol/worker/serve.h"
#include <sodium.h>
#include <stdlib.h>

enum { OUTPUTS_MAX = 64, PROOF_MAX = 16 << 20 };

typedef struct output {
    pvn_put *put;
    pvn_facts facts;
    provernet_id id;
    bool along; /* its bytes came in the message */
} output;

typedef struct completing {
    provernet_id task;
    pvn_op *read, *read_output, *complete, *verdict;
    const pvn_request *request; /* of `read`: until the hand-over after next */
    provernet_id request_id;
    output output[OUTPUTS_MAX];
    size_t outputs;
    const pvn_kind *kind;            /* judge by this one now; NULL: not here */
    const char *how;                 /* who vouches; NULL: nobody yet */
    const char *else_how;            /* who does if it cannot be judged here */
    bool judged, beyond;             /* beyond: it cannot be judged here */
    provernet_error judgement, kept; /* of judging; of storing */
} completing;

static pvn_next store_and_complete(pvn_call *c, pvn_asked *x);

static void free_completing(void *verb)
{
    completing *k = verb;

    for (size_t i = 0; i < k->outputs; i++)
        pvn_put_close(k->output[i].put);
}

/* ---- crew ---- */

static provernet_status judge(pvn_call *c, pvn_asked *x, completing *k,
                              provernet_error *err)
{
    const pvn_op_read_task *r = &k->read->u.read_task;
    const pvn_case what = { .kind = k->kind,
                            .name = k->request->kind,
                            .program = r->program,
                            .artifact = r->inputs_len ? r->inputs[0] : NULL,
                            .params = r->row->params };
    const pvn_artifact *row = NULL;
    pvn_node *n = pvn_call_node(c);
    uint8_t *bytes = NULL;
    provernet_status rc;
    pvn_bytes proof;

    if (k->output[0].along) {
        proof = pvn_wire_bytes(x->ask->complete->output[0]->content);
        return pvn_judge(n, &what, proof, err);
    }
    if (k->read_output && !k->read_output->err.status)
        row = k->read_output->u.read_artifact.artifact;
    if (!row || row->state != PVN_ARTIFACT_STORED)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "output 0 was not uploaded\nhelp: PUT it before "
                        "completing the task");
    rc = pvn_judge_read(n, row, PROOF_MAX, &bytes, &proof.len, err);
    if (rc)
        return rc;
    proof.data = bytes;
    rc = pvn_judge(n, &what, proof, err);
    free(bytes);
    return rc;
}

static void judge_work(pvn_call *c)
{
    pvn_asked *x = pvn_call_kept(c, 1);
    completing *k = x->verb;

    k->judgement.status = judge(c, x, k, &k->judgement);
    k->beyond = k->judgement.status == PROVERNET_ERR_UNSUPPORTED;
    k->judged = !k->beyond;
    if (!k->beyond)
        return;
    pvn_log(pvn_node_env(pvn_call_node(c)), PVN_INFO, "proof.unjudged",
            "kind=%s why=%s", k->kind->name, k->judgement.message);
    k->judgement = (provernet_error){ 0 };
    k->how = k->else_how;
}

static provernet_status keep(pvn_call *c, const pvn_wire_complete *ask,
                             completing *k, size_t i, provernet_error *err)
{
    ProtobufCBinaryData bytes = ask->output[i]->content;
    output *o = &k->output[i];
    provernet_status rc;

    rc = pvn_put_open(pvn_node_store(pvn_call_node(c)), &o->put, err);
    if (rc == PROVERNET_OK && bytes.len)
        rc = pvn_put_write(o->put, bytes.data, bytes.len, err);
    if (rc == PROVERNET_OK)
        rc = pvn_put_end(o->put, &o->facts, err);
    if (rc == PROVERNET_OK && !o->facts.content)
        rc = pvn_put_keep(o->put, &o->id, err);
    return rc;
}

/* Judge first: what is wrong never reaches the disk. */
static void crew_work(pvn_call *c)
{
    pvn_asked *x = pvn_call_kept(c, 1);
    completing *k = x->verb;

    if (k->kind)
        judge_work(c);
    for (size_t i = 0; i < k->outputs && !k->judgement.status; i++)
        if (k->output[i].along && !k->kept.status)
            k->kept.status = keep(c, x->ask->complete, k, i, &k->kept);
}

/* ---- answering ---- */

static pvn_next refused(pvn_call *c, pvn_asked *x)
{
    completing *k = x->verb;

    pvn_session_unhold(x->table, x->session, &k->task);
    if (k->complete->err.status)
        return pvn_asked_fail_with(c, x, &k->complete->err);
    return pvn_asked_fail(c, x, PROVERNET_ERR_PROOF, "%s",
                          k->judgement.message);
}

static bool workers_fault(provernet_status s)
{
    return s == PROVERNET_ERR_PROOF_INVALID || s == PROVERNET_ERR_FORMAT;
}

/* Not what was asked for, by whoever's fault. */
static bool no_proof(provernet_status s)
{
    return workers_fault(s) || s == PROVERNET_ERR_MISMATCH;
}

/* The output is not a proof: the task runs again, and a worker whose fault it
 * is gets a strike. */
static pvn_next refuse(pvn_call *c, pvn_asked *x)
{
    completing *k = x->verb;
    pvn_op *op = pvn_asked_op(c, PVN_OP_TASK_FAIL);

    if (!op)
        return pvn_asked_nomem(c, x);
    op->u.task_fail.task = k->task;
    op->u.task_fail.worker = x->session->worker;
    op->u.task_fail.attempt = (int64_t)x->ask->complete->attempt;
    op->u.task_fail.blame = PROVERNET_BLAME_ATTEMPT;
    op->u.task_fail.bad_proof = workers_fault(k->judgement.status);
    op->u.task_fail.why = pvn_arena_format(&op->arena, "the proof is wrong: %s",
                                           k->judgement.message);
    if (!op->u.task_fail.why)
        return pvn_asked_nomem(c, x);
    pvn_log(pvn_node_env(pvn_call_node(c)), PVN_WARN, "proof.refused",
            "worker=%s why=%s", x->session->name, k->judgement.message);
    k->complete = op;
    x->then = refused;
    return PVN_OP;
}

static bool add_verdict(pvn_call *c, completing *k, const provernet_id *proof,
                        bool valid, const char *why)
{
    pvn_op *op = pvn_asked_op(c, PVN_OP_REQUEST_VERDICT);

    if (!op)
        return false;
    op->needs = k->complete;
    op->u.request_verdict.request = k->request_id;
    op->u.request_verdict.proof = *proof;
    op->u.request_verdict.valid = valid;
    op->u.request_verdict.how = pvn_arena_text(&op->arena, k->how);
    op->u.request_verdict.why = pvn_arena_text(&op->arena, why);
    k->verdict = op;
    return op->u.request_verdict.how && op->u.request_verdict.why;
}

static pvn_next late_verdict_done(pvn_call *c, pvn_asked *x)
{
    completing *k = x->verb;

    if (k->judgement.status)
        return pvn_asked_fail(c, x, PROVERNET_ERR_PROOF, "%s",
                              k->judgement.message);
    if (k->verdict->err.status)
        return pvn_asked_fail_with(c, x, &k->verdict->err);
    return pvn_asked_answer(c, x);
}

static pvn_next late_judged(pvn_call *c, pvn_asked *x)
{
    completing *k = x->verb;

    if (k->judgement.status && !no_proof(k->judgement.status))
        return pvn_asked_fail_with(c, x, &k->judgement);
    k->complete = NULL; /* done in an earlier hand-over */
    if (!k->beyond)
        k->how = "verified";
    else if (!k->how)
        return pvn_asked_fail(c, x, PROVERNET_ERR_UNSUPPORTED,
                              "nobody here can judge this proof");
    if (!add_verdict(c, k, &k->output[0].id, !k->judgement.status,
                     k->judgement.message))
        return pvn_asked_nomem(c, x);
    x->then = late_verdict_done;
    return PVN_OP;
}

static pvn_next completed(pvn_call *c, pvn_asked *x)
{
    completing *k = x->verb;
    const pvn_op_task_complete *done = &k->complete->u.task_complete;

    if (k->complete->err.status)
        return pvn_asked_fail_with(c, x, &k->complete->err);
    pvn_session_unhold(x->table, x->session, &k->task);
    /* Its last sibling ended meanwhile: judge now what was not to be judged. */
    if (done->request_verifying && !k->verdict && k->outputs &&
        !done->verify_kind) {
        k->kind = pvn_kind_find(k->request->kind);
        if (k->kind && k->kind->verify) {
            x->then = late_judged;
            pvn_call_crew(c, judge_work);
            return PVN_CREW;
        }
    }
    if (k->verdict && k->verdict->err.status && done->request_verifying)
        return pvn_asked_fail_with(c, x, &k->verdict->err);
    return pvn_asked_answer(c, x);
}

/* ---- the hand-over ---- */

static bool add_store(pvn_call *c, const completing *k, size_t i, int64_t type,
                      const pvn_op **last)
{
    pvn_op *op = pvn_asked_op(c, PVN_OP_ARTIFACT_STORE);
    const pvn_facts *f = &k->output[i].facts;
    pvn_op_artifact_store *u;

    if (!op)
        return false;
    u = &op->u.artifact_store;
    u->id = k->output[i].id;
    u->make = true;
    u->type = type;
    memcpy(u->owner20, k->request->requester, 20);
    memcpy(u->digest32, f->digest32, 32);
    u->encoding = f->encoding;
    u->bytes = (int64_t)f->bytes;
    u->raw_bytes = (int64_t)f->raw_bytes;
    op->needs = *last;
    *last = op;
    if (!f->content)
        return true;
    u->content =
        pvn_bytes_of(pvn_arena_copy(&op->arena, f->content, (size_t)f->bytes),
                     (size_t)f->bytes);
    return u->content.data != NULL;
}

static bool fill_child(pvn_arena *a, const Provernet__Worker__V1__Child *in,
                       pvn_op_child *out)
{
    provernet_id *inputs = pvn_arena_alloc(a, in->n_input * sizeof *inputs);
    const char **after = pvn_arena_alloc(a, in->n_after * sizeof *after);

    if (!inputs || !after)
        return false;
    for (size_t i = 0; i < in->n_input; i++)
        if (!pvn_wire_id(in->input[i], &inputs[i]))
            return false;
    for (size_t i = 0; i < in->n_after; i++) {
        after[i] = pvn_arena_text(a, in->after[i]);
        if (!after[i])
            return false;
    }
    out->name = pvn_arena_text(a, in->name);
    out->kind = pvn_arena_text(a, in->kind);
    out->inputs = inputs;
    out->inputs_len = in->n_input;
    out->after = after;
    out->after_len = in->n_after;
    out->memory_bytes = (int64_t)(in->memory_bytes & INT64_MAX);
    return out->name && out->kind;
}

static bool fill_complete(pvn_asked *x, completing *k, pvn_op *op)
{
    const pvn_wire_complete *ask = x->ask->complete;
    pvn_op_task_complete *u = &op->u.task_complete;
    provernet_id *ids = pvn_arena_alloc(&op->arena, k->outputs * sizeof *ids);
    pvn_op_child *children =
        pvn_arena_alloc(&op->arena, ask->n_child * sizeof *children);

    if (!ids || !children)
        return false;
    for (size_t i = 0; i < k->outputs; i++)
        ids[i] = k->output[i].id;
    for (size_t i = 0; i < ask->n_child; i++)
        if (!fill_child(&op->arena, ask->child[i], &children[i]))
            return false;
    u->task = k->task;
    u->worker = x->session->worker;
    u->attempt = (int64_t)ask->attempt;
    u->outputs = ids;
    u->outputs_len = k->outputs;
    u->children = children;
    u->children_len = ask->n_child;
    u->device = pvn_arena_format(&op->arena, "%.200s", ask->device);
    u->took_ms = (int64_t)(ask->took_ms & INT64_MAX);
    u->peak_bytes = (int64_t)(ask->peak_bytes & INT64_MAX);
    return u->device != NULL;
}

/* Kinds that nobody here can judge and nobody trusts: another worker must. */
static bool set_verify_kind(completing *k, pvn_op *op)
{
    const pvn_kind *kind = pvn_kind_find(k->request->kind);

    if (k->how || (kind && kind->verified_by == PVN_BY_LIBRARY && !k->beyond))
        return true;
    op->u.task_complete.verify_kind =
        pvn_arena_format(&op->arena, "verify/%s", k->request->kind);
    return op->u.task_complete.verify_kind != NULL;
}

static pvn_next store_and_complete(pvn_call *c, pvn_asked *x)
{
    const pvn_wire_complete *ask = x->ask->complete;
    completing *k = x->verb;
    int64_t type = ask->n_child ? PVN_TYPE_DATA : PVN_TYPE_PROOF;
    const pvn_op *last = NULL;

    if (k->judged && no_proof(k->judgement.status))
        return refuse(c, x);
    if (k->judged && k->judgement.status)
        return pvn_asked_fail_with(c, x, &k->judgement);
    if (k->kept.status)
        return pvn_asked_fail_with(c, x, &k->kept);
    if (k->judged)
        k->how = "verified";
    for (size_t i = 0; i < k->outputs; i++)
        if (k->output[i].along && !add_store(c, k, i, type, &last))
            return pvn_asked_nomem(c, x);
    k->complete = pvn_asked_op(c, PVN_OP_TASK_COMPLETE);
    if (!k->complete || !fill_complete(x, k, k->complete) ||
        !set_verify_kind(k, k->complete))
        return pvn_asked_nomem(c, x);
    k->complete->needs = last;
    x->then = completed;
    if (k->how && k->outputs && ask->n_child == 0 &&
        !add_verdict(c, k, &k->output[0].id, true, ""))
        return pvn_asked_nomem(c, x);
    return PVN_OP;
}

/* ---- a verify/... task: the worker's word about another's proof ---- */

static pvn_next hand_in_verdict(pvn_call *c, pvn_asked *x)
{
    const Provernet__Worker__V1__Verdict *v = x->ask->complete->verdict;
    completing *k = x->verb;
    const pvn_op_read_task *r = &k->read->u.read_task;
    const pvn_artifact *proof;
    pvn_op *op;

    if (!v)
        return pvn_asked_fail(c, x, PROVERNET_ERR_INVALID,
                              "a verify task is completed with a verdict");
    x->then = completed;
    if (!v->valid) {
        op = pvn_asked_op(c, PVN_OP_TASK_FAIL);
        if (!op)
            return pvn_asked_nomem(c, x);
        op->u.task_fail.task = k->task;
        op->u.task_fail.worker = x->session->worker;
        op->u.task_fail.attempt = (int64_t)x->ask->complete->attempt;
        op->u.task_fail.blame = PROVERNET_BLAME_INPUT;
        op->u.task_fail.why = pvn_arena_format(&op->arena, "%.1000s", v->why);
        x->verb = op;
        x->free_verb = NULL;
        x->then = pvn_asked_failed;
        return op->u.task_fail.why ? PVN_OP : pvn_asked_nomem(c, x);
    }
    /* The last input of a verify task is what it judged. */
    proof = r->inputs_len ? r->inputs[r->inputs_len - 1] : NULL;
    if (!proof)
        return pvn_asked_fail(c, x, PROVERNET_ERR_STATE,
                              "the proof that was judged is gone");
    k->outputs = 0;
    k->how = "verified";
    k->complete = pvn_asked_op(c, PVN_OP_TASK_COMPLETE);
    if (!k->complete || !fill_complete(x, k, k->complete) ||
        !add_verdict(c, k, &proof->id, true, v->why))
        return pvn_asked_nomem(c, x);
    return PVN_OP;
}

/* ---- looking up ---- */

/* Does somebody vouch without a look at the bytes? */
static void find_voucher(pvn_call *c, const pvn_asked *x, completing *k,
                         const pvn_kind *kind)
{
    const pvn_rules *rules = pvn_node_rules(pvn_call_node(c));

    k->else_how = rules->mock ? "mock" : NULL;
    if (pvn_list_has(rules->trust, k->request->kind))
        k->else_how = "trusted";
    if (rules->mock && pvn_list_has(x->session->kinds, "*"))
        k->how = "mock";
    else if (!kind || kind->verified_by != PVN_BY_LIBRARY)
        k->how = k->else_how;
}

/* The same completion again gives the same ids, so that nothing is stored
 * twice; nobody else can tell them. */
static void name_output(pvn_call *c, const pvn_asked *x, completing *k,
                        const pvn_task *t, size_t i)
{
    uint8_t text[16 + 16 + 8 + 8 + 32], time[8];
    ProtobufCBinaryData bytes = x->ask->complete->output[i]->content;

    memcpy(text, k->task.bytes, 16);
    memcpy(text + 16, x->session->worker.bytes, 16);
    pvn_put_u64be(text + 32, x->ask->complete->attempt);
    pvn_put_u64be(text + 40, i);
    crypto_generichash(text + 48, 32, bytes.data, bytes.len, NULL, 0);
    crypto_generichash(k->output[i].id.bytes, 16, text, sizeof text,
                       pvn_node_ticket_key(pvn_call_node(c)), 32);
    pvn_put_u64be(time, (uint64_t)t->granted_ms);
    memcpy(k->output[i].id.bytes, time + 2, 6);
}

static bool take_outputs(pvn_call *c, const pvn_asked *x, completing *k,
                         const pvn_task *t)
{
    const pvn_wire_complete *ask = x->ask->complete;

    for (k->outputs = 0; k->outputs < ask->n_output; k->outputs++) {
        size_t i = k->outputs;

        k->output[i].along = ask->output[i]->id.len == 0;
        if (k->output[i].along)
            name_output(c, x, k, t, i);
        else if (!pvn_wire_id(ask->output[i]->id, &k->output[i].id))
            return false;
    }
    return true;
}

static pvn_next looked_up(pvn_call *c, pvn_asked *x)
{
    completing *k = x->verb;
    const pvn_op_read_task *r = &k->read->u.read_task;
    const pvn_task *t = r->row;
    const pvn_kind *kind;
    bool last;

    if (k->read->err.status)
        return pvn_asked_fail_with(c, x, &k->read->err);
    if (!t || !r->request)
        return pvn_asked_fail(c, x, PROVERNET_ERR_NOT_FOUND,
                              "there is no such task");
    k->request = r->request;
    k->request_id = r->request->id;
    if (t->state == PVN_TASK_LEASED &&
        !pvn_id_equal(&t->worker, &x->session->worker))
        return pvn_asked_fail(c, x, PROVERNET_ERR_LEASE,
                              "this task was given to another worker");
    if (!pvn_id_none(&t->judges))
        return hand_in_verdict(c, x);
    if (!take_outputs(c, x, k, t))
        return pvn_asked_fail(c, x, PROVERNET_ERR_FORMAT,
                              "an output's id has a wrong length");
    kind = pvn_kind_find(k->request->kind);
    find_voucher(c, x, k, kind);
    last = x->ask->complete->n_child == 0 && k->request->tasks_open <= 1;
    if (!k->how && last && k->outputs && kind && kind->verify)
        k->kind = kind;
    x->then = store_and_complete;
    pvn_call_crew(c, crew_work);
    return PVN_CREW;
}

pvn_next pvn_verb_complete(pvn_call *c, pvn_asked *x)
{
    const pvn_wire_complete *ask = x->ask->complete;
    completing *k = pvn_arena_alloc(pvn_call_arena(c), sizeof *k);

    if (!k)
        return pvn_asked_nomem(c, x);
    if (!pvn_asked_task(ask->task, &k->task))
        return pvn_asked_fail(c, x, PROVERNET_ERR_FORMAT,
                              "the task's id has a wrong length");
    if (ask->n_output > OUTPUTS_MAX)
        return pvn_asked_fail(c, x, PROVERNET_ERR_LIMIT,
                              "%zu outputs, allowed are %d", ask->n_output,
                              OUTPUTS_MAX);
    x->verb = k;
    x->free_verb = free_completing;
    x->then = looked_up;
    k->read = pvn_asked_op(c, PVN_OP_READ_TASK);
    if (!k->read)
        return pvn_asked_nomem(c, x);
    k->read->u.read_task.task = k->task;
    if (ask->n_output == 0 || ask->output[0]->id.len == 0)
        return PVN_OP;
    k->read_output = pvn_asked_op(c, PVN_OP_READ_ARTIFACT);
    if (!k->read_output)
        return pvn_asked_nomem(c, x);
    if (!pvn_wire_id(ask->output[0]->id, &k->read_output->u.read_artifact.id))
        return pvn_asked_fail(c, x, PROVERNET_ERR_FORMAT,
                              "an output's id has a wrong length");
    return PVN_OP;
}
