/* protocol/succinct/details.c - GetProofRequestDetails: a request with the
 * names of all that it is about. Includes succinct.h. */
#include "protocol/succinct/succinct.h"

typedef struct details {
    const pvn_request *request; /* in the call's arena */
    const pvn_program *program; /* these are the operations' */
    const pvn_account *requester, *fulfiller;
    const pvn_auction *auction;
} details;

pvn_next pvn_succinct_details_begin(pvn_call *c)
{
    const Types__GetProofRequestDetailsRequest *m =
        pvn_pb_unpack(c, &types__get_proof_request_details_request__descriptor,
                      pvn_call_message(c));
    details *d = pvn_arena_alloc(pvn_call_arena(c), sizeof *d);
    pvn_op *op;

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_rpc_ok(c, d != NULL))
        return PVN_ANSWER;
    pvn_call_keep(c, 1, d);
    op = pvn_read_by_name(c, m->request_id);
    if (!op)
        return PVN_ANSWER;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* ---- what it is about ---- */

static bool ask_account(pvn_call *c, const uint8_t address20[20])
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_ACCOUNT);

    if (!op)
        return false;
    memcpy(op->u.read_account.address20, address20, PVN_ADDRESS);
    pvn_call_op(c, op);
    return true;
}

static bool ask_program(pvn_call *c, pvn_bytes name)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_PROGRAM);
    bool ok = true;

    if (!op)
        return false;
    op->u.read_program.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_program.name = pvn_op_bytes(op, name.data, name.len, &ok);
    pvn_call_op(c, op);
    return pvn_rpc_ok(c, ok);
}

static bool ask_auction(pvn_call *c, const provernet_id *id)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_AUCTION);

    if (!op)
        return false;
    op->u.read_auction.id = *id;
    pvn_call_op(c, op);
    return true;
}

static pvn_next ask(pvn_call *c, details *d, const pvn_request *found)
{
    const pvn_request *r =
        (const void *)pvn_row_copy(pvn_call_arena(c), &found->row);

    if (!pvn_rpc_ok(c, r != NULL))
        return PVN_ANSWER;
    d->request = r;
    if (!ask_program(c, r->program_name) || !ask_account(c, r->requester))
        return PVN_ANSWER;
    if (!pvn_is_zero(r->fulfiller, PVN_ADDRESS) &&
        !ask_account(c, r->fulfiller))
        return PVN_ANSWER;
    if (r->settle != PVN_SETTLE_NONE && !ask_auction(c, &r->id))
        return PVN_ANSWER;
    return PVN_OP;
}

static void take(details *d, const pvn_op *op)
{
    switch (op->type) {
    case PVN_OP_READ_PROGRAM:
        d->program = op->u.read_program.program;
        break;
    case PVN_OP_READ_AUCTION:
        d->auction = op->u.read_auction.auction;
        break;
    default: /* one account may be both */
        if (memcmp(op->u.read_account.address20, d->request->requester, 20) ==
            0)
            d->requester = op->u.read_account.account;
        if (memcmp(op->u.read_account.address20, d->request->fulfiller, 20) ==
            0)
            d->fulfiller = op->u.read_account.account;
    }
}

/* ---- the answer ---- */

static char *name_of(const pvn_account *a)
{
    return a && a->name && *a->name ? (char *)(uintptr_t)a->name : NULL;
}

static void show_names(Types__ProofRequest *m, const details *d)
{
    if (d->program && d->program->label && *d->program->label) {
        m->_program_name_case = 15;
        m->program_name = (char *)(uintptr_t)d->program->label;
    }
    if (name_of(d->requester)) {
        m->_requester_name_case = 16;
        m->requester_name = name_of(d->requester);
    }
    if (name_of(d->fulfiller)) {
        m->_fulfiller_name_case = 17;
        m->fulfiller_name = name_of(d->fulfiller);
    }
}

static void show_execution(Types__ProofRequest *m, const pvn_auction *a)
{
    if (!a || a->executed_ms <= 0 ||
        m->execution_status != TYPES__EXECUTION_STATUS__EXECUTED)
        return;
    m->_cycles_case = 22;
    m->cycles = (uint64_t)a->cycles;
    m->_gas_used_case = 27;
    m->gas_used = (uint64_t)a->units;
}

static pvn_next reply(pvn_call *c, const details *d)
{
    Types__GetProofRequestDetailsResponse m =
        TYPES__GET_PROOF_REQUEST_DETAILS_RESPONSE__INIT;
    pvn_known_program known = { 0 };

    if (d->program) {
        known.artifact = d->program->artifact;
        snprintf(known.uri, sizeof known.uri, "%s",
                 d->program->uri ? d->program->uri : "");
    }
    m.request =
        pvn_proof_request(c, d->request, d->program ? &known : NULL, true);
    if (!m.request)
        return pvn_call_fail(c, PROVERNET_ERR_CORRUPT,
                             "the stored request cannot be shown: %s",
                             pvn_call_error(c)->message);
    show_names(m.request, d);
    show_execution(m.request, d->auction);
    return pvn_pb_reply(c, &m.base);
}

pvn_next pvn_succinct_details_resume(pvn_call *c)
{
    details *d = pvn_call_kept(c, 1);
    const pvn_request *found;

    if (!d->request) {
        found = pvn_found_request(c);
        return found ? ask(c, d, found) : PVN_ANSWER;
    }
    for (size_t i = 0; i < pvn_call_ops_len(c); i++) {
        const pvn_op *op = pvn_call_op_at(c, i);

        if (op->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &op->err);
        take(d, op);
    }
    return reply(c, d);
}
