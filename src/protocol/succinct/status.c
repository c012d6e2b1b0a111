/* protocol/succinct/status.c - how a request looks on this wire, and
 * GetProofRequestStatus. Includes succinct.h, http/artifacts.h. */
#include "protocol/succinct/succinct.h"
#include "base/settings.h"
#include "protocol/http/artifacts.h"

enum { REQUESTED = 1, ASSIGNED = 2, FULFILLED = 3, UNFULFILLABLE = 4 };
enum { UNEXECUTED = 1, EXECUTED = 2, UNEXECUTABLE = 3 };

/* ASSIGNED is never taken back: assignable_ms is set once. An expired request
 * keeps its last running status; its deadline, which has passed, tells. */
int pvn_fulfillment_status(const pvn_request *r)
{
    if (r->state == PROVERNET_FULFILLED)
        return FULFILLED;
    if (r->state == PROVERNET_FAILED && r->cause != PROVERNET_CAUSE_EXPIRED)
        return UNFULFILLABLE;
    if (r->state == PROVERNET_RUNNING || r->state == PROVERNET_VERIFYING)
        return ASSIGNED;
    return r->assignable_ms > 0 ? ASSIGNED : REQUESTED;
}

int pvn_settlement_status(const pvn_request *r)
{
    enum { UNSETTLED = 1, SETTLED = 2 };

    return r->settle == PVN_SETTLE_PAID ? SETTLED : UNSETTLED;
}

int pvn_execution_status(const pvn_request *r)
{
    if (r->exec == PVN_EXEC_IMPOSSIBLE ||
        (r->state == PROVERNET_FAILED && r->cause == PROVERNET_CAUSE_INPUT))
        return UNEXECUTABLE;
    return r->exec == PVN_EXEC_DONE ? EXECUTED : UNEXECUTED;
}

/* As asked until it is fulfilled, then long enough for clients that discard a
 * proof fetched after the deadline. */
uint64_t pvn_shown_deadline(const pvn_request *r, int64_t retention_ms)
{
    uint64_t shown = (uint64_t)(r->deadline_ms / 1000), kept;
    pvn_extra x;

    if (pvn_extra_read(&x, r->extra))
        shown = x.deadline_s;
    if (r->state != PROVERNET_FULFILLED)
        return shown;
    kept = (uint64_t)(r->fulfilled_ms / 1000) + (uint64_t)(retention_ms / 1000);
    return shown > kept ? shown : kept;
}

const char *pvn_proof_url(pvn_call *c, const pvn_request *r)
{
    const char *base = pvn_call_base_url(c, false);
    const char *url;

    if (!base) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "the host dialled is not usable in a proof URL\nhelp: "
                      "set http.public_url");
        return NULL;
    }
    url = pvn_artifact_url(c, base, "raw/", PVN_TYPE_PROOF, &r->proof);
    if (!url)
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a URL");
    return url;
}

pvn_op *pvn_read_by_name(pvn_call *c, ProtobufCBinaryData id)
{
    pvn_op *op;

    if (!pvn_field_len(c, "request_id", id, PVN_NAME))
        return NULL;
    op = pvn_succinct_op(c, PVN_OP_READ_REQUEST);
    if (!op)
        return NULL;
    op->u.read_request.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_request.name =
        pvn_bytes_of(pvn_arena_copy(&op->arena, id.data, PVN_NAME), PVN_NAME);
    if (op->u.read_request.name.data)
        return op;
    pvn_op_free(op);
    pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    return NULL;
}

const pvn_request *pvn_found_request(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    char hex[2 * PVN_NAME + 1];

    if (op->err.status != PROVERNET_OK)
        pvn_call_fail_with(c, &op->err);
    else if (!op->u.read_request.request)
        pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND, "there is no request 0x%s",
                      pvn_hex(hex, op->u.read_request.name.data, PVN_NAME));
    else
        return op->u.read_request.request;
    return NULL;
}

/* What the requester said the public values are, once execution has shown
 * that it can be run. */
static void show_public_values(pvn_call *c,
                               Types__GetProofRequestStatusResponse *m,
                               const pvn_request *r)
{
    pvn_bytes signature, body;
    provernet_error none;
    uint64_t format;
    pvn_wanted w;

    if (pvn_execution_status(r) != EXECUTED ||
        pvn_envelope_split(r->signed_bytes, &format, &signature, &body,
                           &none) ||
        pvn_wanted_read(pvn_call_arena(c), body, &w, &none) ||
        w.public_values_hash.len != 32)
        return;
    m->_public_values_hash_case = 7;
    m->public_values_hash.data =
        (uint8_t *)(uintptr_t)w.public_values_hash.data;
    m->public_values_hash.len = w.public_values_hash.len;
}

/* ---- GetProofRequestStatus ---- */

pvn_next pvn_succinct_status_begin(pvn_call *c)
{
    const Types__GetProofRequestStatusRequest *m =
        pvn_pb_unpack(c, &types__get_proof_request_status_request__descriptor,
                      pvn_call_message(c));
    pvn_op *op;

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    op = pvn_read_by_name(c, m->request_id);
    if (!op)
        return PVN_ANSWER;
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_succinct_status_resume(pvn_call *c)
{
    const pvn_request *r = pvn_found_request(c);
    Types__GetProofRequestStatusResponse m;
    int64_t retention = pvn_node_rules(pvn_call_node(c))->request_retention_ms;
    const char *url;

    if (!r)
        return PVN_ANSWER;
    types__get_proof_request_status_response__init(&m);
    m.fulfillment_status = (Types__FulfillmentStatus)pvn_fulfillment_status(r);
    m.execution_status = (Types__ExecutionStatus)pvn_execution_status(r);
    m.request_tx_hash.data = (uint8_t *)r->name.data;
    m.request_tx_hash.len = r->name.len;
    m.deadline = pvn_shown_deadline(r, retention);
    if (r->state == PROVERNET_FULFILLED) {
        url = pvn_proof_url(c, r);
        if (!url)
            return PVN_ANSWER;
        m._fulfill_tx_hash_case = 5;
        m.fulfill_tx_hash = m.request_tx_hash;
        m._proof_uri_case = 6;
        m.proof_uri = (char *)url;
        m._proof_public_uri_case = 8; /* whoever has it may read it */
        m.proof_public_uri = (char *)url;
    }
    show_public_values(c, &m, r);
    return pvn_pb_reply(c, &m.base);
}

/* ---- ProofRequest ---- */

static ProtobufCBinaryData binary(pvn_bytes b)
{
    ProtobufCBinaryData out = { b.len, (uint8_t *)b.data };

    return out;
}

int64_t pvn_failure_code(int error, int cause)
{
    enum { LAST_ERROR = 6, LAST_CAUSE = 9 };

    if (error < 0 || error > LAST_ERROR)
        error = 0;
    if (cause < 0 || cause > LAST_CAUSE)
        cause = 0;
    return error | cause << 8;
}

int pvn_execute_cause(const pvn_request *r)
{
    return pvn_execution_status(r) == UNEXECUTABLE ? (int)(r->code >> 8 & 255)
                                                   : 0;
}

int pvn_proof_error(const pvn_request *r)
{
    enum { NONE = 0, EXECUTION_FAILURE = 1, UNKNOWN_FAILURE = 3 };

    if (pvn_fulfillment_status(r) != UNFULFILLABLE ||
        r->cause == PROVERNET_CAUSE_CANCELLED)
        return NONE;
    if (r->code & 255)
        return (int)(r->code & 255);
    return r->cause == PROVERNET_CAUSE_INPUT ? EXECUTION_FAILURE
                                             : UNKNOWN_FAILURE;
}

/* What the client asked for, from the envelope it signed. */
static bool fill_asked(pvn_call *c, Types__ProofRequest *m,
                       const pvn_request *r, bool prices)
{
    provernet_error *err = pvn_call_error(c);
    pvn_bytes signature, body;
    uint64_t format;
    pvn_wanted w;

    if (pvn_envelope_split(r->signed_bytes, &format, &signature, &body, err) ||
        pvn_wanted_read(pvn_call_arena(c), body, &w, err))
        return false;
    m->version = (char *)w.version;
    m->mode = (Types__ProofMode)w.mode;
    m->strategy = (Types__FulfillmentStrategy)w.strategy;
    m->stdin_uri = (char *)w.stdin_uri;
    m->cycle_limit = w.cycle_limit;
    m->gas_limit = w.gas_limit;
    m->min_auction_period = w.min_auction_period;
    m->n_whitelist = w.whitelist_len;
    m->whitelist = (ProtobufCBinaryData *)w.whitelist;
    m->stdin_private = w.stdin_private;
    if (pvn_execution_status(r) == EXECUTED &&
        w.public_values_hash.len == 32) { /* it was proven to be so */
        m->_public_values_hash_case = 23;
        m->public_values_hash = binary(w.public_values_hash);
    }
    if (w.auction && prices) { /* strings, never the base flavour's numbers */
        m->_base_fee_case = 34;
        m->base_fee = (char *)w.base_fee;
        m->_max_price_per_pgu_case = 35;
        m->max_price_per_pgu = (char *)w.max_price_per_pgu;
    }
    return true;
}

/* The reference node wants raw bytes, the production cluster those that were
 * uploaded (zstd). */
const char *pvn_prover_space(pvn_call *c)
{
    const char *form = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                        PVN_SET_HTTP_PROVER_FORM);

    return form && strcmp(form, "stored") == 0 ? "stored/" : "raw/";
}

/* Where a prover fetches program and stdin. */
static bool fill_urls(pvn_call *c, Types__ProofRequest *m,
                      const pvn_known_program *program)
{
    const char *base = pvn_call_base_url(c, true);
    provernet_id id;

    if (program)
        m->program_uri = pvn_arena_text(pvn_call_arena(c), program->uri);
    if (!base)
        return m->program_uri != NULL;
    if (program)
        m->program_public_uri = (char *)pvn_artifact_url(
            c, base, pvn_prover_space(c), PVN_TYPE_PROGRAM, &program->artifact);
    if (!m->stdin_private && pvn_artifact_uri_id(m->stdin_uri, &id))
        m->stdin_public_uri = (char *)pvn_artifact_url(
            c, base, pvn_prover_space(c), PVN_TYPE_STDIN, &id);
    return m->program_uri && m->program_public_uri && m->stdin_public_uri;
}

Types__ProofRequest *pvn_proof_request(pvn_call *c, const pvn_request *r,
                                       const pvn_known_program *program,
                                       bool prices)
{
    Types__ProofRequest *m = pvn_arena_alloc(pvn_call_arena(c), sizeof *m);
    int64_t retention = pvn_node_rules(pvn_call_node(c))->request_retention_ms;

    if (!m)
        return NULL;
    types__proof_request__init(m);
    if (!fill_asked(c, m, r, prices) || !fill_urls(c, m, program))
        return NULL;
    m->request_id = m->tx_hash = binary(r->name);
    m->vk_hash = binary(r->program_name);
    m->deadline = pvn_shown_deadline(r, retention);
    m->fulfillment_status = (Types__FulfillmentStatus)pvn_fulfillment_status(r);
    m->execution_status = (Types__ExecutionStatus)pvn_execution_status(r);
    m->requester = binary(pvn_bytes_of(r->requester, sizeof r->requester));
    if (!pvn_is_zero(r->fulfiller, sizeof r->fulfiller)) {
        m->_fulfiller_case = 14;
        m->fulfiller = binary(pvn_bytes_of(r->fulfiller, sizeof r->fulfiller));
    }
    m->created_at = (uint64_t)(r->created_ms / 1000);
    m->updated_at = (uint64_t)(r->updated_ms / 1000);
    if (r->state == PROVERNET_FULFILLED) {
        m->_fulfilled_at_case = 20;
        m->fulfilled_at = (uint64_t)(r->fulfilled_ms / 1000);
    }
    m->settlement_status = (Types__SettlementStatus)pvn_settlement_status(r);
    m->error = (Types__ProofRequestError)pvn_proof_error(r);
    m->execute_fail_cause = (Types__ExecuteFailureCause)pvn_execute_cause(r);
    m->is_canceled =
        r->state == PROVERNET_FAILED && r->cause == PROVERNET_CAUSE_CANCELLED;
    return m;
}
