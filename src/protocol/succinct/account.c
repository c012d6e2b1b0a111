/* protocol/succinct/account.c - accounts: nonce, owner, balance, name, terms;
 * and the parameters a Mainnet-mode client asks for. Includes succinct.h. */
#include "protocol/succinct/succinct.h"

enum { TERMS_MAX = 65536, LONGEST_NAME = 64 };

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    ProtobufCBinaryData out = { len, (uint8_t *)(uintptr_t)data };

    return out;
}

/* ---- reading an account: all these requests are {1 address} ---- */

static bool fill_address(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetNonceRequest *m = r->in;

    if (!pvn_field_len(c, "address", m->address, PVN_ADDRESS))
        return false;
    memcpy(op->u.read_account.address20, m->address.data, PVN_ADDRESS);
    return true;
}

static pvn_next reply_nonce(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetNonceResponse m = TYPES__GET_NONCE_RESPONSE__INIT;

    (void)r;
    if (op->u.read_account.account)
        m.nonce = (uint64_t)op->u.read_account.account->nonce;
    return pvn_pb_reply(c, &m.base);
}

static pvn_next reply_balance(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetBalanceResponse m = TYPES__GET_BALANCE_RESPONSE__INIT;
    const char *amount = NULL;

    (void)r;
    if (op->u.read_account.account)
        amount = op->u.read_account.account->balance;
    if (!amount || !*amount)
        amount = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                  PVN_SET_SUCCINCT_BALANCE);
    m.amount = (char *)(uintptr_t)amount;
    return pvn_pb_reply(c, &m.base);
}

static const char *name_of(const pvn_op *op)
{
    const pvn_account *a = op->u.read_account.account;

    return a && a->name && *a->name ? a->name : NULL;
}

static pvn_next reply_name(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetAccountNameResponse m = TYPES__GET_ACCOUNT_NAME_RESPONSE__INIT;

    (void)r;
    if (name_of(op)) {
        m._name_case = TYPES__GET_ACCOUNT_NAME_RESPONSE___NAME_NAME;
        m.name = (char *)(uintptr_t)name_of(op);
    }
    return pvn_pb_reply(c, &m.base);
}

static pvn_next reply_account(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetAccountResponse m = TYPES__GET_ACCOUNT_RESPONSE__INIT;
    Types__Account a = TYPES__ACCOUNT__INIT;

    (void)r;
    a.address = binary(op->u.read_account.address20, PVN_ADDRESS);
    if (name_of(op)) {
        a._name_case = TYPES__ACCOUNT___NAME_NAME;
        a.name = (char *)(uintptr_t)name_of(op);
    }
    m.account = &a;
    return pvn_pb_reply(c, &m.base);
}

static pvn_next reply_terms(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetTermsSignatureResponse m =
        TYPES__GET_TERMS_SIGNATURE_RESPONSE__INIT;

    (void)r;
    m.is_signed =
        op->u.read_account.account && op->u.read_account.account->terms_ms > 0;
    return pvn_pb_reply(c, &m.base);
}

#define READS_ACCOUNT(name, request, answer)                                   \
    const pvn_rpc pvn_rpc_##name = {                                           \
        .in = &types__##request##__descriptor,                                 \
        .op = PVN_OP_READ_ACCOUNT,                                             \
        .fill = fill_address,                                                  \
        .reply = (answer),                                                     \
    };
READS_ACCOUNT(nonce, get_nonce_request, reply_nonce)
READS_ACCOUNT(balance, get_balance_request, reply_balance)
READS_ACCOUNT(account_name, get_account_name_request, reply_name)
READS_ACCOUNT(account, get_account_request, reply_account)
READS_ACCOUNT(terms, get_terms_signature_request, reply_terms)

/* ---- GetOwner: the prover that a key signs for, else the key itself ---- */

static bool fill_owner(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetOwnerRequest *m = r->in;
    bool ok = true;

    if (!pvn_field_len(c, "address", m->address, PVN_ADDRESS))
        return false;
    op->u.read_record.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_record.kind = PVN_SIGNER;
    op->u.read_record.key = pvn_op_bytes(op, m->address.data, PVN_ADDRESS, &ok);
    return pvn_rpc_ok(c, ok);
}

static pvn_next reply_owner(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetOwnerResponse m = TYPES__GET_OWNER_RESPONSE__INIT;
    pvn_bytes prover = op->u.read_record.value;

    (void)r;
    m.owner = binary(prover.len >= PVN_ADDRESS ? prover.data
                                               : op->u.read_record.key.data,
                     PVN_ADDRESS);
    return pvn_pb_reply(c, &m.base);
}

const pvn_rpc pvn_rpc_owner = {
    .in = &types__get_owner_request__descriptor,
    .op = PVN_OP_READ_RECORD,
    .fill = fill_owner,
    .reply = reply_owner,
};

/* ---- SetAccountName, SetTermsSignature ---- */

/* Whose account: the signer's unless it says another's. */
static bool fill_whose(pvn_call *c, const pvn_rpc_call *r, pvn_op *op,
                       ProtobufCBinaryData address)
{
    pvn_op_account_apply *a = &op->u.account_apply;
    bool ok = true;

    if (address.len && !pvn_field_len(c, "address", address, PVN_ADDRESS))
        return false;
    memcpy(a->address20, address.len ? address.data : r->e.signer20,
           PVN_ADDRESS);
    a->by20 = pvn_op_bytes(op, r->e.signer20, PVN_ADDRESS, &ok).data;
    return pvn_rpc_ok(c, ok);
}

static bool fill_name(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__SetAccountNameRequestBody *m = r->in;
    bool ok = true;

    if (!*m->name || strlen(m->name) > LONGEST_NAME) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "name has %zu bytes, expected 1 to %d", strlen(m->name),
                      LONGEST_NAME);
        return false;
    }
    op->u.account_apply.name = pvn_op_text(op, m->name, &ok);
    return pvn_rpc_ok(c, ok) && fill_whose(c, r, op, m->address);
}

const pvn_rpc pvn_rpc_set_account_name = {
    .in = &types__set_account_name_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_ACCOUNT_APPLY,
    .fill = fill_name,
};

/* SDKs before 4.1.4 send an address and no message. */
static bool fill_terms(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__SetTermsSignatureRequestBody *m = r->in;

    if (strlen(m->message) > TERMS_MAX) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "message has %zu bytes, the limit is %d",
                      strlen(m->message), TERMS_MAX);
        return false;
    }
    op->u.account_apply.accept_terms = true;
    return fill_whose(c, r, op, m->address);
}

const pvn_rpc pvn_rpc_set_terms = {
    .in = &types__set_terms_signature_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_ACCOUNT_APPLY,
    .fill = fill_terms,
};

/* ---- what an auction needs ---- */

static char *setting_text(pvn_call *c, pvn_setting s)
{
    return (char *)(uintptr_t)pvn_setting_text(
        pvn_node_options(pvn_call_node(c)), s);
}

pvn_next pvn_succinct_params_begin(pvn_call *c)
{
    const Types__GetProofRequestParamsRequest *m =
        pvn_pb_unpack(c, &types__get_proof_request_params_request__descriptor,
                      pvn_call_message(c));
    Types__GetProofRequestParamsResponse answer =
        TYPES__GET_PROOF_REQUEST_PARAMS_RESPONSE__INIT;
    uint8_t domain[32], address[4][PVN_ADDRESS];
    ProtobufCBinaryData *out[] = { &answer.auctioneer, &answer.executor,
                                   &answer.verifier, &answer.treasury };
    static const pvn_setting from[] = { PVN_SET_SUCCINCT_AUCTIONEER,
                                        PVN_SET_SUCCINCT_EXECUTOR,
                                        PVN_SET_SUCCINCT_VERIFIER,
                                        PVN_SET_SUCCINCT_TREASURY };

    if (!m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_succinct_domain(c, domain))
        return PVN_ANSWER;
    answer.domain.data = domain;
    answer.domain.len = sizeof domain;
    for (size_t i = 0; i < 4; i++) { /* exactly 20 bytes, or clients panic */
        pvn_setting_address(c, from[i], address[i]);
        out[i]->data = address[i];
        out[i]->len = PVN_ADDRESS;
    }
    answer.max_price_per_pgu = setting_text(c, PVN_SET_SUCCINCT_MAX_PRICE);
    answer.base_fee = setting_text(c, PVN_SET_SUCCINCT_BASE_FEE);
    answer.tick_size = (uint64_t)pvn_setting_int(
        pvn_node_options(pvn_call_node(c)), PVN_SET_SUCCINCT_TICK_SIZE);
    answer.network_floor_price_per_pgu =
        setting_text(c, PVN_SET_SUCCINCT_MIN_PRICE);
    return pvn_pb_reply(c, &answer.base);
}
