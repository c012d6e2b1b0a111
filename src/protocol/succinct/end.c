/* protocol/succinct/end.c - CancelRequest, FailFulfillment, FailExecution, and
 * GetStdinUri. Includes succinct.h, http/artifacts.h. */
#include "protocol/succinct/succinct.h"
#include "protocol/http/artifacts.h"

/* ---- CancelRequest ---- */

static bool fill_cancel(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__CancelRequestRequestBody *m = r->in;
    pvn_op_request_cancel *u = &op->u.request_cancel;
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    u->owner20 = pvn_op_bytes(op, r->e.signer20, PVN_ADDRESS, &ok).data;
    return pvn_rpc_ok(c, ok);
}

const pvn_rpc pvn_rpc_cancel = {
    .in = &types__cancel_request_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_REQUEST_CANCEL,
    .fill = fill_cancel,
};

/* ---- FailFulfillment ---- */

/* Whose fault a ProofRequestError is. */
static int64_t blame_of(const Types__FailFulfillmentRequestBody *m)
{
    if (m->_error_case &&
        m->error == TYPES__PROOF_REQUEST_ERROR__EXECUTION_FAILURE)
        return PROVERNET_BLAME_INPUT;
    return PROVERNET_BLAME_ATTEMPT;
}

static bool fill_fail(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__FailFulfillmentRequestBody *m = r->in;
    pvn_op_request_refuse *u = &op->u.request_refuse;
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    memcpy(u->fulfiller20, r->e.signer20, sizeof u->fulfiller20);
    u->blame = blame_of(m);
    u->code = pvn_failure_code(m->_error_case ? (int)m->error : 0, 0);
    u->why = pvn_arena_format(&op->arena,
                              "the fulfiller gave it up (ProofRequestError "
                              "%d)",
                              m->_error_case ? (int)m->error : 0);
    return pvn_rpc_ok(c, ok && u->why);
}

const pvn_rpc pvn_rpc_fail_fulfillment = {
    .in = &types__fail_fulfillment_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_REQUEST_REFUSE,
    .fill = fill_fail,
};

/* ---- FailExecution: ExecuteProof's base flavour for what cannot be ---- */

static bool fill_unexecutable(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__FailExecutionRequestBody *m = r->in;
    pvn_op_request_execute *u = &op->u.request_execute;
    pvn_bytes message = pvn_call_message(c);
    uint8_t executor[PVN_ADDRESS];
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    u->signed_bytes = pvn_op_bytes(op, message.data, message.len, &ok);
    memcpy(u->by20, r->e.signer20, PVN_ADDRESS);
    pvn_setting_address(c, PVN_SET_SUCCINCT_EXECUTOR, executor);
    u->executor20 = pvn_op_bytes(op, executor, sizeof executor, &ok).data;
    u->code = pvn_failure_code(1, (int)m->execute_fail_cause);
    u->why = pvn_arena_format(&op->arena,
                              "execution failed (ExecuteFailureCause %d)",
                              (int)m->execute_fail_cause);
    return pvn_rpc_ok(c, ok && u->why);
}

const pvn_rpc pvn_rpc_fail_execution = {
    .in = &types__fail_execution_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_REQUEST_EXECUTE,
    .fill = fill_unexecutable,
};

/* ---- GetStdinUri: {request} -> who may see it -> a ticket ----
 *
 * The executor of an auction request is named in what its requester signed,
 * so the request is read before the operation that judges and takes the
 * nonce. */

typedef struct see {
    uint8_t may20[2 * PVN_ADDRESS]; /* executors */
    size_t may_len;
} see;

static bool fill_read(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetStdinUriRequestBody *m = r->in;
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME) ||
        !pvn_check_domain(c, m->domain, false))
        return false;
    op->u.read_request.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_request.name =
        pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    /* The nonce is checked and used by the operation after this one. */
    op->signer.check_nonce = false;
    return pvn_rpc_ok(c, ok);
}

static void executors_of(pvn_call *c, see *s, const pvn_request *q)
{
    pvn_bytes signature, body;
    uint64_t format;
    pvn_wanted w;

    if (pvn_setting_address(c, PVN_SET_SUCCINCT_EXECUTOR, s->may20))
        s->may_len++;
    if (pvn_envelope_split(q->signed_bytes, &format, &signature, &body, NULL) ||
        pvn_wanted_read(pvn_call_arena(c), body, &w, NULL) ||
        w.executor.len != PVN_ADDRESS ||
        pvn_is_zero(w.executor.data, PVN_ADDRESS))
        return;
    memcpy(s->may20 + PVN_ADDRESS * s->may_len, w.executor.data, PVN_ADDRESS);
    s->may_len++;
}

static pvn_next judge(pvn_call *c, pvn_rpc_call *r, const pvn_request *q)
{
    const Types__GetStdinUriRequestBody *m = r->in;
    see *s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);
    pvn_op *op =
        s ? pvn_succinct_signed_op(c, PVN_OP_REQUEST_INPUT, &r->e, m->nonce)
          : NULL;
    pvn_op_request_input *u;
    bool ok = true;

    if (!s)
        pvn_rpc_ok(c, false);
    if (!op)
        return PVN_ANSWER;
    r->more = s;
    if (q)
        executors_of(c, s, q);
    u = &op->u.request_input;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    memcpy(u->by20, r->e.signer20, sizeof u->by20);
    u->also = pvn_op_bytes(op, s->may20, sizeof s->may20, &ok).data;
    u->also_len = s->may_len;
    if (!pvn_rpc_ok(c, ok)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

/* For whoever proves; what is not private needs no ticket. */
static pvn_next give_uri(pvn_call *c, const pvn_op_request_input *u)
{
    pvn_node *n = pvn_call_node(c);
    const char *base = pvn_call_base_url(c, true);
    int64_t ends =
        pvn_now_ms(pvn_node_env(n)) +
        pvn_setting_int(pvn_node_options(n), PVN_SET_ARTIFACT_PRIVATE_TTL);
    Types__GetStdinUriResponse m = TYPES__GET_STDIN_URI_RESPONSE__INIT;
    const char *url;

    if (!base)
        return pvn_call_fail(c, PROVERNET_ERR_INVALID,
                             "the host dialled is not usable in a URL\nhelp: "
                             "set http.prover_url");
    url = pvn_artifact_url(c, base, pvn_prover_space(c), u->type, &u->input);
    if (url && pvn_artifact_private(u->type))
        url = pvn_artifact_ticket_url(c, url, "get", &u->input, ends);
    if (!pvn_rpc_ok(c, url != NULL))
        return PVN_ANSWER;
    m.stdin_uri = (char *)(uintptr_t)url;
    m.expires_at = (uint64_t)ends / 1000;
    return pvn_pb_reply(c, &m.base);
}

static pvn_next reply_uri(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    if (!r->more)
        return judge(c, r, op->u.read_request.request);
    return give_uri(c, &op->u.request_input);
}

const pvn_rpc pvn_rpc_stdin_uri = {
    .in = &types__get_stdin_uri_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_READ_REQUEST,
    .fill = fill_read,
    .reply = reply_uri,
};
