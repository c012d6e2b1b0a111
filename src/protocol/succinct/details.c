/* protocol/succinct/details.c - GetProofRequestDetails: a request with the
 * names of all that it is about. Includes succinct.h. */
#include "protocol/succinct/succinct.h"

typedef struct details {
    const pvn_request *request; /* in the call's arena */
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

static pvn_next ask(pvn_call *c, details *d, const pvn_request *found)
{
    pvn_op *op;

    d->request = (const void *)pvn_row_copy(pvn_call_arena(c), &found->row);
    if (!pvn_rpc_ok(c, d->request != NULL))
        return PVN_ANSWER;
    op = pvn_about_op(c, &d->request, 1);
    if (!op)
        return PVN_ANSWER;
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_succinct_details_resume(pvn_call *c)
{
    Types__GetProofRequestDetailsResponse m =
        TYPES__GET_PROOF_REQUEST_DETAILS_RESPONSE__INIT;
    details *d = pvn_call_kept(c, 1);
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_request *found;

    if (!d->request) {
        found = pvn_found_request(c);
        return found ? ask(c, d, found) : PVN_ANSWER;
    }
    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    m.request =
        pvn_proof_request_about(c, d->request, op->u.read_about.about, true);
    if (!m.request)
        return pvn_call_fail(c, PROVERNET_ERR_CORRUPT,
                             "the stored request cannot be shown: %s",
                             pvn_call_error(c)->message);
    return pvn_pb_reply(c, &m.base);
}
