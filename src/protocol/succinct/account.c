/* protocol/succinct/account.c - GetNonce, GetOwner, GetBalance and the
 * parameters a Mainnet-mode client asks for. Includes succinct.h. */
#include "protocol/succinct/succinct.h"
#include "base/settings.h"

/* A ceiling for bids in the usual scale, wei per gas unit; nothing is charged
 * here. Below the value at which clients' logs overflow. */
#define MAX_PRICE_PER_PGU "500000000"

/* {1 address} -> an op that reads the account. */
static pvn_next read_account(pvn_call *c)
{
    const Types__GetNonceRequest *m = pvn_pb_unpack(
        c, &types__get_nonce_request__descriptor, pvn_call_message(c));
    pvn_op *op;

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_field_len(c, "address", m->address, PVN_ADDRESS))
        return PVN_ANSWER;
    op = pvn_succinct_op(c, PVN_OP_READ_ACCOUNT);
    if (!op)
        return PVN_ANSWER;
    memcpy(op->u.read_account.address20, m->address.data, PVN_ADDRESS);
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_succinct_nonce_begin(pvn_call *c)
{
    return read_account(c);
}

pvn_next pvn_succinct_nonce_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    Types__GetNonceResponse m = TYPES__GET_NONCE_RESPONSE__INIT;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (op->u.read_account.account)
        m.nonce = (uint64_t)op->u.read_account.account->nonce;
    return pvn_pb_reply(c, &m.base);
}

pvn_next pvn_succinct_balance_begin(pvn_call *c)
{
    return read_account(c);
}

pvn_next pvn_succinct_balance_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    Types__GetBalanceResponse m = TYPES__GET_BALANCE_RESPONSE__INIT;
    const char *amount = NULL;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (op->u.read_account.account)
        amount = op->u.read_account.account->balance;
    if (!amount || !*amount)
        amount = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                  PVN_SET_SUCCINCT_BALANCE);
    m.amount = (char *)amount;
    return pvn_pb_reply(c, &m.base);
}

/* Delegation is not kept yet: every key acts for itself. */
pvn_next pvn_succinct_owner_begin(pvn_call *c)
{
    const Types__GetOwnerRequest *m = pvn_pb_unpack(
        c, &types__get_owner_request__descriptor, pvn_call_message(c));
    Types__GetOwnerResponse answer = TYPES__GET_OWNER_RESPONSE__INIT;

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_field_len(c, "address", m->address, PVN_ADDRESS))
        return PVN_ANSWER;
    answer.owner = m->address;
    return pvn_pb_reply(c, &answer.base);
}

/* An empty list: requests are open to every prover. */
pvn_next pvn_succinct_provers_begin(pvn_call *c)
{
    const void *m =
        pvn_pb_unpack(c, &types__get_provers_by_uptime_request__descriptor,
                      pvn_call_message(c));

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    pvn_call_reply(c, NULL, 0);
    return PVN_ANSWER;
}

pvn_next pvn_succinct_params_begin(pvn_call *c)
{
    const Types__GetProofRequestParamsRequest *m =
        pvn_pb_unpack(c, &types__get_proof_request_params_request__descriptor,
                      pvn_call_message(c));
    Types__GetProofRequestParamsResponse answer =
        TYPES__GET_PROOF_REQUEST_PARAMS_RESPONSE__INIT;
    const char *text = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                        PVN_SET_SUCCINCT_DOMAIN);
    /* Nobody settles here: the addresses are those of nobody. */
    uint8_t domain[32], nobody[PVN_ADDRESS] = { 0 };
    ProtobufCBinaryData address = { sizeof nobody, nobody };

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_unhex(domain, sizeof domain, text, strlen(text)))
        return pvn_call_fail(c, PROVERNET_ERR_CONFIG,
                             "succinct.domain is not 64 hex digits");
    answer.domain.data = domain;
    answer.domain.len = sizeof domain;
    answer.auctioneer = answer.executor = address;
    answer.verifier = answer.treasury = address;
    answer.max_price_per_pgu = MAX_PRICE_PER_PGU;
    answer.base_fee = "0";
    answer.tick_size = 1;
    answer.network_floor_price_per_pgu = "0";
    return pvn_pb_reply(c, &answer.base);
}
