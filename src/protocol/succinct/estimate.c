/* protocol/succinct/estimate.c - GetProgramGasEstimates: what proofs of a
 * program cost so far. Includes succinct.h. */
#include "protocol/succinct/succinct.h"

enum { ASKED_MAX = 100 };

/* ---- GetProgramGasEstimates: one operation for each program ---- */

static pvn_next ask_one(pvn_call *c, const pvn_rpc_call *r, size_t i)
{
    const Types__GetProgramGasEstimatesRequest *m = r->in;
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_ESTIMATE);
    bool ok = true;

    if (!op)
        return PVN_ANSWER;
    op->u.read_estimate.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_estimate.name =
        pvn_op_bytes(op, m->vk_hash[i].data, PVN_VK_HASH, &ok);
    if (!pvn_rpc_ok(c, ok)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next ask_all(pvn_call *c, pvn_rpc_call *r)
{
    const Types__GetProgramGasEstimatesRequest *m = r->in;
    pvn_next next = PVN_OP;

    if (m->n_vk_hash > ASKED_MAX)
        return pvn_call_fail(c, PROVERNET_ERR_LIMIT,
                             "vk_hash is there %zu times, the limit is %d",
                             m->n_vk_hash, ASKED_MAX);
    for (size_t i = 0; i < m->n_vk_hash; i++)
        if (!pvn_field_len(c, "vk_hash", m->vk_hash[i], PVN_VK_HASH))
            return PVN_ANSWER;
    for (size_t i = 0; i < m->n_vk_hash && next == PVN_OP; i++)
        next = ask_one(c, r, i);
    r->more = r;
    return next;
}

/* Programs without a history are left out. */
static pvn_next show_all(pvn_call *c)
{
    Types__GetProgramGasEstimatesResponse m =
        TYPES__GET_PROGRAM_GAS_ESTIMATES_RESPONSE__INIT;
    Types__ProgramGasEstimate one[ASKED_MAX], *all[ASKED_MAX];

    m.estimates = all;
    for (size_t i = 0; i < pvn_call_ops_len(c); i++) {
        const pvn_op *op = pvn_call_op_at(c, i);
        const pvn_op_read_estimate *e = &op->u.read_estimate;
        Types__ProgramGasEstimate *p = &one[m.n_estimates];

        if (op->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &op->err);
        if (e->n == 0 || e->mean_cost <= 0)
            continue;
        types__program_gas_estimate__init(p);
        p->vk_hash.data = (uint8_t *)(uintptr_t)e->name.data;
        p->vk_hash.len = e->name.len;
        p->gas = (uint64_t)e->mean_cost;
        all[m.n_estimates++] = p;
    }
    return pvn_pb_reply(c, &m.base);
}

static pvn_next reply_estimates(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const Types__GetProgramGasEstimatesRequest *m = r->in;

    (void)op;
    if (r->more)
        return show_all(c);
    if (m->n_vk_hash > 0)
        return ask_all(c, r);
    pvn_call_reply(c, NULL, 0);
    return PVN_ANSWER;
}

const pvn_rpc pvn_rpc_gas_estimates = {
    .in = &types__get_program_gas_estimates_request__descriptor,
    .op = PVN_OPS_LEN,
    .reply = reply_estimates,
};
