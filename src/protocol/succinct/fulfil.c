/* protocol/succinct/fulfil.c - FulfillProof: the winner hands in. Includes
 * succinct.h, prove/kinds.h, http/judge.h.
 *
 * Look the request up, judge the proof in the crew where it can be judged
 * here, then store, complete and fulfil in one commit: the same operations as
 * for our own workers. The nonce is the completion's. */
#include "protocol/succinct/succinct.h"
#include "protocol/http/judge.h"
#include "prove/kinds.h"
#include <sodium.h>

enum { FULFILL_VARIANT = 4 };

typedef struct fulfilment {
    enum { READ_REQUEST, READ_TASK, JUDGED, COMPLETED, REFUSED } step;
    pvn_envelope e;
    const Types__FulfillProofRequestBody *m;
    const pvn_request *request; /* in the call's arena, these five */
    const pvn_task *task;
    const pvn_program *program;
    const pvn_artifact *artifact;
    pvn_bytes proof;
    const pvn_kind *kind; /* judge by this one; NULL: not here */
    const char *how;      /* who vouches; NULL: nobody yet */
    bool again;           /* it was handed in before */
    pvn_put *put;
    pvn_facts facts;
    provernet_id id;
    provernet_error judgement, kept;
} fulfilment;

static pvn_next no_memory(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a proof");
}

/* ---- the message ---- */

static bool check_message(pvn_call *c, const fulfilment *f)
{
    const Types__FulfillProofRequestBody *m = f->m;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME) ||
        !pvn_check_domain(c, m->domain, false) ||
        (m->domain.len &&
         !pvn_check_variant(c, (int64_t)m->variant, FULFILL_VARIANT)))
        return false;
    if (m->proof.len)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID, "proof is empty");
    return false;
}

pvn_next pvn_succinct_fulfill_begin(pvn_call *c)
{
    const ProtobufCMessageDescriptor *body =
        &types__fulfill_proof_request_body__descriptor;
    fulfilment *f = pvn_arena_alloc(pvn_call_arena(c), sizeof *f);
    bool ok = true;
    pvn_op *op;

    if (!f)
        return no_memory(c);
    pvn_call_keep(c, 1, f);
    if (!pvn_envelope_open(c, &f->e, body))
        return PVN_ANSWER;
    f->m = pvn_pb_unpack(c, body, f->e.body);
    if (!f->m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!check_message(c, f))
        return PVN_ANSWER;
    f->proof = pvn_bin(f->m->proof);
    op = pvn_succinct_op(c, PVN_OP_READ_REQUEST);
    if (!op)
        return PVN_ANSWER;
    op->u.read_request.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_request.details = true;
    op->u.read_request.name =
        pvn_op_bytes(op, f->m->request_id.data, PVN_NAME, &ok);
    if (!pvn_rpc_ok(c, ok)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

/* ---- the request, and the right ---- */

static const void *keep(pvn_call *c, const void *row)
{
    return row ? pvn_row_copy(pvn_call_arena(c), row) : NULL;
}

static const pvn_task *main_task(const pvn_op_read_request *u)
{
    for (size_t i = 0; i < u->tasks_len; i++)
        if (strcmp(u->tasks[i]->name, "main") == 0)
            return u->tasks[i];
    return NULL;
}

static pvn_next request_read(pvn_call *c, fulfilment *f)
{
    const pvn_op_read_request *u = &pvn_call_op_at(c, 0)->u.read_request;
    pvn_op *account, *prover, *task;

    if (!u->request)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "there is no such request");
    f->request = keep(c, u->request);
    f->task = keep(c, main_task(u));
    if (!f->request || !f->task)
        return no_memory(c);
    prover = pvn_succinct_op(c, PVN_OP_READ_PROVER);
    if (!prover)
        return PVN_ANSWER;
    memcpy(prover->u.read_prover.prover20, f->request->fulfiller, PVN_ADDRESS);
    pvn_call_op(c, prover);
    task = pvn_succinct_op(c, PVN_OP_READ_TASK);
    if (!task)
        return PVN_ANSWER;
    task->u.read_task.task = f->task->id;
    pvn_call_op(c, task);
    account = pvn_succinct_op(c, PVN_OP_READ_ACCOUNT);
    if (!account)
        return PVN_ANSWER;
    memcpy(account->u.read_account.address20, f->e.signer20, PVN_ADDRESS);
    pvn_call_op(c, account);
    f->step = READ_TASK;
    return PVN_OP;
}

/* The prover itself, or the key that signs for it. */
static bool is_fulfiller(const fulfilment *f, const uint8_t signer20[20])
{
    const uint8_t *prover = f->request->fulfiller;

    return !pvn_is_zero(prover, PVN_ADDRESS) &&
           (memcmp(f->e.signer20, prover, PVN_ADDRESS) == 0 ||
            memcmp(f->e.signer20, signer20, PVN_ADDRESS) == 0);
}

/* The completion judges the nonce for good; but a message that is played
 * again shall not be verified again. */
static bool check_nonce(pvn_call *c, const fulfilment *f, const pvn_account *a)
{
    uint64_t expected = a ? (uint64_t)a->nonce : 0;
    char hex[2 * PVN_ADDRESS + 1];

    if (f->m->nonce == expected)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_NONCE,
                  "failed nonce verification: invalid nonce for sender 0x%s "
                  "expected %llu, got %llu",
                  pvn_hex(hex, f->e.signer20, PVN_ADDRESS),
                  (unsigned long long)expected,
                  (unsigned long long)f->m->nonce);
    return false;
}

static bool check_request(pvn_call *c, fulfilment *f,
                          const uint8_t signer20[20])
{
    const pvn_request *q = f->request;

    if (!is_fulfiller(f, signer20)) {
        pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                      "only the fulfiller of this request may hand in its "
                      "proof");
        return false;
    }
    f->again =
        f->task->state == PVN_TASK_DONE &&
        (q->state == PROVERNET_FULFILLED || q->state == PROVERNET_VERIFYING);
    if (f->again)
        return true;
    if (q->state >= PROVERNET_FULFILLED || q->exec == PVN_EXEC_IMPOSSIBLE ||
        f->task->state != PVN_TASK_LEASED) {
        pvn_call_fail(c, PROVERNET_ERR_STATE,
                      "the request takes no proof now: %s",
                      q->why ? q->why : "it is not assigned");
        return false;
    }
    return true;
}

/* Strangers are believed only where the operator named them and the kind. */
static const char *voucher(pvn_call *c, const fulfilment *f)
{
    const pvn_rules *rules = pvn_node_rules(pvn_call_node(c));
    const pvn_request *q = f->request;

    if (rules->trust && pvn_list_has(rules->trust, q->kind) &&
        pvn_address_listed(rules->prover_allow, q->fulfiller, false))
        return "trusted";
    return rules->mock ? "mock" : NULL;
}

/* ---- crew ---- */

static void work(pvn_call *c)
{
    fulfilment *f = pvn_call_kept(c, 1);
    const pvn_case what = { .kind = f->kind,
                            .name = f->request->kind,
                            .program = f->program,
                            .artifact = f->artifact,
                            .params = f->task->params };
    pvn_node *n = pvn_call_node(c);
    provernet_status s = PROVERNET_OK;

    if (f->kind)
        s = pvn_judge(n, &what, f->proof, &f->judgement);
    f->judgement.status = s;
    if (s == PROVERNET_ERR_UNSUPPORTED) /* not a version that we know */
        f->kind = NULL;
    else if (s < 0)
        return;
    f->kept.status = pvn_put_open(pvn_node_store(n), &f->put, &f->kept);
    if (f->kept.status == PROVERNET_OK)
        f->kept.status =
            pvn_put_write(f->put, f->proof.data, f->proof.len, &f->kept);
    if (f->kept.status == PROVERNET_OK)
        f->kept.status = pvn_put_end(f->put, &f->facts, &f->kept);
    if (f->kept.status == PROVERNET_OK && !f->facts.content)
        f->kept.status = pvn_put_keep(f->put, &f->id, &f->kept);
}

/* The same proof of the same attempt has the same id: nothing is stored
 * twice. It begins with a time, as all ids do. */
static void name_proof(pvn_call *c, fulfilment *f)
{
    uint8_t text[16 + 8 + 32], time[8];

    memcpy(text, f->task->id.bytes, 16);
    pvn_put_u64be(text + 16, (uint64_t)f->task->attempt);
    crypto_generichash(text + 24, 32, f->proof.data, f->proof.len, NULL, 0);
    crypto_generichash(f->id.bytes, 16, text, sizeof text,
                       pvn_node_ticket_key(pvn_call_node(c)), 32);
    pvn_put_u64be(time, (uint64_t)f->task->granted_ms);
    memcpy(f->id.bytes, time + 2, 6);
}

static pvn_next complete(pvn_call *c, fulfilment *f);

static pvn_next task_read(pvn_call *c, fulfilment *f)
{
    const pvn_op_read_prover *p = &pvn_call_op_at(c, 0)->u.read_prover;
    const pvn_op_read_task *t = &pvn_call_op_at(c, 1)->u.read_task;
    const pvn_kind *kind;

    if (pvn_call_op_at(c, 1)->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &pvn_call_op_at(c, 1)->err);
    if (!check_request(c, f, p->signer20) ||
        !check_nonce(c, f, pvn_call_op_at(c, 2)->u.read_account.account))
        return PVN_ANSWER;
    if (f->again)
        return complete(c, f);
    f->program = keep(c, t->program);
    f->artifact = keep(c, t->inputs_len ? t->inputs[0] : NULL);
    if ((t->program && !f->program) ||
        (t->inputs_len && t->inputs[0] && !f->artifact))
        return no_memory(c);
    kind = pvn_kind_find(f->request->kind);
    f->kind = kind && kind->verify ? kind : NULL;
    name_proof(c, f);
    f->step = JUDGED;
    pvn_call_crew(c, work);
    return PVN_CREW;
}

/* ---- the hand-over ---- */

static pvn_op *add(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_succinct_op(c, type);

    if (op)
        pvn_call_op(c, op);
    return op;
}

static pvn_op *add_signed(pvn_call *c, pvn_op_type type, const fulfilment *f)
{
    pvn_op *op = pvn_succinct_signed_op(c, type, &f->e, f->m->nonce);

    if (op)
        pvn_call_op(c, op);
    return op;
}

static pvn_op *add_store(pvn_call *c, const fulfilment *f)
{
    pvn_op *op = add(c, PVN_OP_ARTIFACT_STORE);
    pvn_op_artifact_store *u;
    bool ok = true;

    if (!op)
        return NULL;
    u = &op->u.artifact_store;
    u->id = f->id;
    u->make = true;
    u->type = PVN_TYPE_PROOF;
    memcpy(u->owner20, f->request->requester, PVN_ADDRESS);
    memcpy(u->digest32, f->facts.digest32, 32);
    u->encoding = f->facts.encoding;
    u->bytes = (int64_t)f->facts.bytes;
    u->raw_bytes = (int64_t)f->facts.raw_bytes;
    if (f->facts.content)
        u->content =
            pvn_op_bytes(op, f->facts.content, (size_t)f->facts.bytes, &ok);
    return pvn_rpc_ok(c, ok) ? op : NULL;
}

/* What was signed, for whoever settles on a chain: the message without the
 * proof, which is the artifact. Layout: u32 bytes before the proof, those, and
 * the bytes after it. */
static bool add_envelope(pvn_call *c, const fulfilment *f, const pvn_op *needs)
{
    pvn_bytes message = pvn_call_message(c), proof = { NULL, 0 };
    pvn_pb_reader r = pvn_pb_read(f->e.body);
    pvn_pb_field field;
    pvn_buf b = { 0 };
    uint8_t len[4];
    bool ok = true;
    pvn_op *op;

    while (pvn_pb_next(&r, &field))
        if (field.number == 3 && field.wire == PVN_PB_LEN)
            proof = field.bytes;
    if (f->request->settle == PVN_SETTLE_NONE || !proof.data)
        return true;
    op = add(c, PVN_OP_RECORD_PUT);
    if (!op)
        return false;
    op->needs = needs;
    pvn_put_u32be(len, (uint32_t)(proof.data - message.data));
    pvn_buf_add(&b, len, sizeof len);
    pvn_buf_add(&b, message.data, (size_t)(proof.data - message.data));
    proof.data += proof.len;
    pvn_buf_add(&b, proof.data,
                (size_t)(message.data + message.len - proof.data));
    op->u.record_put.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.record_put.kind = "fulfilled";
    op->u.record_put.key =
        pvn_op_bytes(op, f->request->name.data, f->request->name.len, &ok);
    op->u.record_put.value = pvn_op_bytes(op, b.data, b.len, &ok);
    ok = ok && !b.failed;
    pvn_buf_free(&b);
    return pvn_rpc_ok(c, ok);
}

/* Handed in before: the completion says so, and takes the nonce. */
static pvn_next complete(pvn_call *c, fulfilment *f)
{
    const pvn_op *stored = f->again ? NULL : add_store(c, f);
    pvn_op *op =
        f->again || stored ? add_signed(c, PVN_OP_TASK_COMPLETE, f) : NULL;
    pvn_op_task_complete *u;
    bool ok = true;

    if (!op)
        return PVN_ANSWER;
    op->needs = stored;
    u = &op->u.task_complete;
    u->task = f->task->id;
    u->worker = f->task->worker;
    u->attempt = f->task->attempt;
    u->outputs = (const void *)pvn_op_bytes(op, &f->id, sizeof f->id, &ok).data;
    u->outputs_len = 1;
    /* It does not say how long it took: we know when it won. */
    u->took_ms =
        pvn_now_ms(pvn_node_env(pvn_call_node(c))) - f->task->granted_ms;
    u->device = "prover";
    f->step = COMPLETED;
    if (!pvn_rpc_ok(c, ok))
        return PVN_ANSWER;
    if (f->again)
        return PVN_OP;
    if (!add_envelope(c, f, op))
        return PVN_ANSWER;
    if (!f->how) {
        u->verify_kind =
            pvn_arena_format(&op->arena, "verify/%s", f->request->kind);
        return pvn_rpc_ok(c, u->verify_kind != NULL) ? PVN_OP : PVN_ANSWER;
    }
    pvn_op *verdict = add(c, PVN_OP_REQUEST_VERDICT);
    if (!verdict)
        return PVN_ANSWER;
    verdict->needs = op;
    verdict->u.request_verdict.request = f->request->id;
    verdict->u.request_verdict.proof = f->id;
    verdict->u.request_verdict.valid = true;
    verdict->u.request_verdict.how = f->how;
    return PVN_OP;
}

/* Not a proof: a strike for the prover, whose request it still is. */
static pvn_next refuse(pvn_call *c, fulfilment *f)
{
    pvn_op *op = add_signed(c, PVN_OP_TASK_FAIL, f);
    pvn_op_task_fail *u;

    if (!op)
        return PVN_ANSWER;
    u = &op->u.task_fail;
    u->task = f->task->id;
    u->worker = f->task->worker;
    u->attempt = f->task->attempt;
    u->blame = PROVERNET_BLAME_ATTEMPT;
    u->bad_proof = true;
    u->why = pvn_arena_format(&op->arena, "the proof is wrong: %s",
                              f->judgement.message);
    f->step = REFUSED;
    return pvn_rpc_ok(c, u->why != NULL) ? PVN_OP : PVN_ANSWER;
}

static pvn_next judged(pvn_call *c, fulfilment *f)
{
    provernet_status s = f->judgement.status;

    /* A prover chose this request, and could read the digest it names. */
    if (s == PROVERNET_ERR_PROOF_INVALID || s == PROVERNET_ERR_FORMAT ||
        (s == PROVERNET_ERR_MISMATCH && !f->kind->circuit))
        return refuse(c, f);
    if (s < 0 && s != PROVERNET_ERR_UNSUPPORTED)
        return pvn_call_fail_with(c, &f->judgement);
    if (f->kept.status < 0)
        return pvn_call_fail_with(c, &f->kept);
    f->how = f->kind ? "verified" : voucher(c, f);
    return complete(c, f);
}

static pvn_next completed(pvn_call *c, const fulfilment *f)
{
    for (size_t i = 0; i < pvn_call_ops_len(c); i++) {
        const pvn_op *op = pvn_call_op_at(c, i);

        if (op->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &op->err);
    }
    return pvn_succinct_accepted(c, &f->e);
}

static pvn_next refused(pvn_call *c, const fulfilment *f)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    return pvn_call_fail(c, PROVERNET_ERR_PROOF_INVALID,
                         "the proof does not verify: %s", f->judgement.message);
}

pvn_next pvn_succinct_fulfill_resume(pvn_call *c)
{
    fulfilment *f = pvn_call_kept(c, 1);

    switch (f->step) {
    case READ_REQUEST:
        if (pvn_call_op_at(c, 0)->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &pvn_call_op_at(c, 0)->err);
        return request_read(c, f);
    case READ_TASK:
        return task_read(c, f);
    case JUDGED:
        return judged(c, f);
    case COMPLETED:
        return completed(c, f);
    default:
        return refused(c, f);
    }
}

void pvn_succinct_fulfill_close(pvn_call *c)
{
    fulfilment *f = pvn_call_kept(c, 1);

    if (f)
        pvn_put_close(f->put);
}
