/* protocol/contemplant/proof.c - a proof from a Contemplant: into a file while
 * it arrives, judged and stored by the crew, then completed and fulfilled in
 * one commit. Includes session.h, http/judge.h, prove/kinds.h. */
#include "protocol/contemplant/session.h"
#include "base/settings.h"
#include "protocol/http/judge.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    JUDGED_MAX = 64 << 20, /* of a proof that is verified in C */
    AGAIN_MS = 1000        /* until the next try when the server cannot */
};

void pvn_ct_proof_drop(pvn_ct *x)
{
    pvn_put_close(x->put);
    x->put = NULL;
    x->put_bad = x->put_kept = false;
    x->proof_bytes = 0;
    memset(&x->put_err, 0, sizeof x->put_err);
    memset(&x->judgement, 0, sizeof x->judgement);
}

/* Is this the proof that was asked for? */
static bool wanted(const pvn_ct *x)
{
    return x->state == PVN_CT_BUSY && x->asked_ms && !x->work.unwanted &&
           memcmp(pvn_ct_proof_id(&x->reader), x->work.id, PVN_CT_ID) == 0;
}

void pvn_ct_proof_piece(pvn_call *c, pvn_ct *x, const uint8_t *p, size_t len)
{
    pvn_store *store = pvn_node_store(pvn_call_node(c));

    if (!wanted(x) || x->put_bad)
        return;
    for (size_t i = 0; i < len && x->proof_bytes + i < sizeof x->first; i++)
        x->first[x->proof_bytes + i] = p[i];
    x->proof_bytes += len;
    /* It is busy with us: a long transfer is no silence. */
    x->heard_ms = x->asked_ms = pvn_ct_now(c);
    if (!x->put && pvn_put_open(store, &x->put, &x->put_err) != PROVERNET_OK)
        x->put_bad = true;
    if (!x->put_bad &&
        pvn_put_write(x->put, p, len, &x->put_err) != PROVERNET_OK)
        x->put_bad = true;
}

/* ---- crew ---- */

static void judge(pvn_call *c, pvn_ct *x, const pvn_kind *kind)
{
    const pvn_op_read_task *r = &x->op->u.read_task;
    const pvn_case what = { .kind = kind,
                            .name = x->work.kind,
                            .program = r->program,
                            .artifact = r->inputs_len ? r->inputs[0] : NULL,
                            .params = r->row->params };
    pvn_node *n = pvn_call_node(c);
    pvn_artifact a = { .id = x->proof,
                       .encoding = x->facts.encoding,
                       .bytes = (int64_t)x->facts.bytes,
                       .raw_bytes = (int64_t)x->facts.raw_bytes };
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (x->facts.content)
        a.content = pvn_bytes_of(x->facts.content, (size_t)x->facts.bytes);
    x->judgement.status =
        pvn_judge_read(n, &a, JUDGED_MAX, &bytes, &len, &x->judgement);
    if (x->judgement.status == PROVERNET_OK)
        x->judgement.status =
            pvn_judge(n, &what, pvn_bytes_of(bytes, len), &x->judgement);
    free(bytes);
}

static void crew_work(pvn_call *c)
{
    pvn_ct *x = pvn_call_kept(c, 1);
    const pvn_kind *kind = pvn_kind_find(x->work.kind);

    if (!x->facts.content && !x->put_kept)
        x->put_err.status = pvn_put_keep(x->put, &x->proof, &x->put_err);
    x->put_kept = x->put_err.status == PROVERNET_OK;
    if (x->put_err.status || x->how || !kind || !kind->verify)
        return;
    judge(c, x, kind);
    if (x->judgement.status == PROVERNET_OK)
        x->how = "verified";
    else if (x->judgement.status != PROVERNET_ERR_UNSUPPORTED &&
             !x->facts.content)
        (void)pvn_store_remove(pvn_node_store(pvn_call_node(c)), &x->proof,
                               NULL);
}

/* ---- the commit ---- */

static pvn_next completed(pvn_call *c, pvn_ct *x)
{
    const pvn_op *store = pvn_call_op_at(c, 0);
    const pvn_op *done = x->op, *verdict = x->verdict;
    const provernet_error *err = NULL;

    if (store->err.status == PROVERNET_ERR_UNAVAILABLE ||
        done->err.status == PROVERNET_ERR_UNAVAILABLE) {
        x->ask_ms = pvn_ct_now(c) + AGAIN_MS; /* the proof is not thrown away */
        return pvn_ct_go(c, x);
    }
    if (store->err.status) /* no room for it */
        return pvn_ct_fail(c, x, PROVERNET_BLAME_SURROUNDINGS, false,
                           store->err.message);
    if (done->err.status)
        err = &done->err;
    else if (verdict && verdict->err.status &&
             done->u.task_complete.request_verifying)
        err = &verdict->err;
    if (err) /* the lease is another's, or nobody wants it any more */
        pvn_log(pvn_node_env(pvn_call_node(c)), PVN_WARN, "contemplant.refused",
                "name=%s why=%s", x->live.name, err->message);
    pvn_ct_idle(x);
    return pvn_ct_go(c, x);
}

static pvn_op *store_op(pvn_call *c, const pvn_ct *x, const pvn_request *q)
{
    pvn_op *op = pvn_ct_op(c, PVN_OP_ARTIFACT_STORE);
    const pvn_facts *f = &x->facts;
    pvn_op_artifact_store *u;

    if (!op)
        return NULL;
    u = &op->u.artifact_store;
    u->id = x->proof;
    u->make = true;
    u->type = PVN_TYPE_PROOF;
    memcpy(u->owner20, q->requester, 20);
    memcpy(u->digest32, f->digest32, 32);
    u->encoding = f->encoding;
    u->bytes = (int64_t)f->bytes;
    u->raw_bytes = (int64_t)f->raw_bytes;
    if (!f->content)
        return op;
    u->content =
        pvn_bytes_of(pvn_arena_copy(&op->arena, f->content, (size_t)f->bytes),
                     (size_t)f->bytes);
    return u->content.data ? op : NULL;
}

static pvn_op *complete_op(pvn_call *c, const pvn_ct *x, const pvn_op *needs)
{
    const pvn_kind *kind = pvn_kind_find(x->work.kind);
    pvn_op *op = pvn_ct_op(c, PVN_OP_TASK_COMPLETE);
    pvn_op_task_complete *u;
    provernet_id *out;

    out = op ? pvn_arena_copy(&op->arena, &x->proof, sizeof x->proof) : NULL;
    if (!out)
        return NULL;
    op->needs = needs;
    u = &op->u.task_complete;
    u->task = x->work.task;
    u->worker = x->live.worker;
    u->attempt = x->work.attempt;
    u->outputs = out;
    u->outputs_len = 1;
    u->device = "contemplant";
    u->took_ms = pvn_ct_now(c) - x->began_ms;
    if (x->how || (kind && kind->verified_by == PVN_BY_LIBRARY &&
                   x->judgement.status != PROVERNET_ERR_UNSUPPORTED))
        return op;
    u->verify_kind = pvn_arena_format(&op->arena, "verify/%s", x->work.kind);
    return u->verify_kind ? op : NULL;
}

static pvn_op *verdict_op(pvn_call *c, const pvn_ct *x, const pvn_op *needs)
{
    pvn_op *op = pvn_ct_op(c, PVN_OP_REQUEST_VERDICT);

    if (!op)
        return NULL;
    op->needs = needs;
    op->u.request_verdict.request = x->work.request;
    op->u.request_verdict.proof = x->proof;
    op->u.request_verdict.valid = true;
    op->u.request_verdict.how = x->how;
    op->u.request_verdict.why = "";
    return op;
}

static const char *trusted(pvn_call *c, const pvn_ct *x)
{
    const char *kinds = pvn_node_rules(pvn_call_node(c))->trust;

    return pvn_list_has(kinds, x->work.kind) ? "trusted" : NULL;
}

static pvn_next stored(pvn_call *c, pvn_ct *x)
{
    const pvn_op_read_task *r = &x->op->u.read_task;
    bool last = r->request->tasks_open <= 1;
    const pvn_op *store;

    if (x->put_err.status)
        return pvn_ct_fail(c, x, PROVERNET_BLAME_SURROUNDINGS, false,
                           x->put_err.message);
    if (x->judgement.status == PROVERNET_ERR_PROOF_INVALID ||
        x->judgement.status == PROVERNET_ERR_FORMAT ||
        x->judgement.status == PROVERNET_ERR_MISMATCH) {
        char why[sizeof x->judgement.message + 30];

        snprintf(why, sizeof why, "the proof is wrong: %s",
                 x->judgement.message);
        return pvn_ct_fail(c, x, PROVERNET_BLAME_ATTEMPT,
                           x->judgement.status != PROVERNET_ERR_MISMATCH, why);
    }
    if (x->judgement.status == PROVERNET_ERR_UNSUPPORTED)
        x->how = trusted(c, x); /* a version that is not verified in C */
    else if (x->judgement.status)
        return pvn_ct_fail(c, x, PROVERNET_BLAME_SURROUNDINGS, false,
                           x->judgement.message);
    store = store_op(c, x, r->request);
    if (!store)
        return pvn_ct_nomem(c, x);
    x->op = complete_op(c, x, store);
    x->verdict = NULL;
    if (x->op && x->how && last) {
        x->verdict = verdict_op(c, x, x->op);
        if (!x->verdict)
            return pvn_ct_nomem(c, x);
    }
    if (!x->op)
        return pvn_ct_nomem(c, x);
    x->then = completed;
    return PVN_OP;
}

/* Who vouches without a look at the bytes; NULL: somebody must look. */
static const char *voucher(pvn_call *c, const pvn_ct *x)
{
    const pvn_rules *rules = pvn_node_rules(pvn_call_node(c));
    const pvn_kind *kind = pvn_kind_find(x->work.kind);

    if (rules->mock) /* it was told to prove nothing */
        return "mock";
    if (kind && kind->verified_by == PVN_BY_LIBRARY)
        return NULL;
    return trusted(c, x);
}

static pvn_next looked_up(pvn_call *c, pvn_ct *x)
{
    const pvn_op_read_task *r = &x->op->u.read_task;

    if (x->op->err.status == PROVERNET_ERR_UNAVAILABLE) {
        x->ask_ms = pvn_ct_now(c) + AGAIN_MS;
        return pvn_ct_go(c, x);
    }
    if (x->op->err.status || !r->row || !r->request) {
        pvn_ct_idle(x);
        return pvn_ct_go(c, x);
    }
    x->how = voucher(c, x);
    x->then = stored;
    pvn_call_crew(c, crew_work);
    return PVN_CREW;
}

pvn_next pvn_ct_proof_done(pvn_call *c, pvn_ct *x)
{
    pvn_ct_work *w = &x->work;

    if (w->unwanted) {
        pvn_ct_idle(x);
        return pvn_ct_go(c, x);
    }
    if (x->put_bad || (x->put && pvn_put_end(x->put, &x->facts, &x->put_err)))
        return pvn_ct_fail(c, x, PROVERNET_BLAME_SURROUNDINGS, false,
                           x->put_err.message);
    if (!x->put || x->proof_bytes < sizeof x->first ||
        !pvn_ct_proof_fits(w->vm, w->mode, x->first))
        return pvn_ct_fail(c, x, PROVERNET_BLAME_ATTEMPT, true,
                           "the proof is wrong: its first bytes are not those "
                           "of the mode asked for");
    x->state = PVN_CT_HANDING;
    pvn_id_new(pvn_node_env(pvn_call_node(c)), &x->proof);
    return pvn_ct_hand_in(c, x);
}

pvn_next pvn_ct_hand_in(pvn_call *c, pvn_ct *x)
{
    x->ask_ms = INT64_MAX;
    memset(&x->judgement, 0, sizeof x->judgement);
    x->op = pvn_ct_op(c, PVN_OP_READ_TASK);
    if (!x->op)
        return pvn_ct_nomem(c, x);
    x->op->u.read_task.task = x->work.task;
    x->then = looked_up;
    return PVN_OP;
}
