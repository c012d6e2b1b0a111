/* protocol/succinct/money.c - transfers, withdrawals, their parameters, and
 * the log of balances. Includes succinct.h. */
#include "protocol/succinct/succinct.h"

enum { TRANSFER_VARIANT = 6, WITHDRAW_VARIANT = 7 };

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    ProtobufCBinaryData out = { len, (uint8_t *)(uintptr_t)data };

    return out;
}

/* ---- Transfer, Withdraw: the same layout ---- */

static bool fill_move(pvn_call *c, const pvn_rpc_call *r, pvn_op *op,
                      const char *field, int64_t variant)
{
    const Types__TransferRequestBody *m = r->in;
    pvn_op_balance_move *b = &op->u.balance_move;
    bool ok = true;

    if (!pvn_field_len(c, field, m->to, PVN_ADDRESS) ||
        !pvn_check_amount(c, "amount", m->amount) ||
        !pvn_check_domain(c, m->domain, true) ||
        !pvn_check_variant(c, (int64_t)m->variant, variant) ||
        !pvn_check_fee(c, m->auctioneer, m->fee, b->auctioneer20))
        return false;
    b->withdraw = variant == WITHDRAW_VARIANT;
    memcpy(b->by20, r->e.signer20, PVN_ADDRESS);
    memcpy(b->from20, b->withdraw ? m->to.data : r->e.signer20, PVN_ADDRESS);
    memcpy(b->to20, m->to.data, PVN_ADDRESS);
    b->amount = pvn_op_text(op, m->amount, &ok);
    b->fee = pvn_op_text(op, m->fee, &ok);
    pvn_succinct_name(b->tx32, &r->e);
    return pvn_rpc_ok(c, ok);
}

static bool fill_transfer(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    return fill_move(c, r, op, "to", TRANSFER_VARIANT);
}

/* {2 account} stands where {2 to} does in a transfer. */
static bool fill_withdraw(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    return fill_move(c, r, op, "account", WITHDRAW_VARIANT);
}

const pvn_rpc pvn_rpc_transfer = {
    .in = &types__transfer_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_BALANCE_MOVE,
    .fill = fill_transfer,
};
const pvn_rpc pvn_rpc_withdraw = {
    .in = &types__withdraw_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_BALANCE_MOVE,
    .fill = fill_withdraw,
};

/* ---- their parameters, all {1 auctioneer, 2 fee} ---- */

static pvn_next reply_params(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetTransferParamsResponse m =
        TYPES__GET_TRANSFER_PARAMS_RESPONSE__INIT;
    uint8_t auctioneer[PVN_ADDRESS];

    (void)r;
    (void)op;
    pvn_setting_address(c, PVN_SET_SUCCINCT_AUCTIONEER, auctioneer);
    m.auctioneer = binary(auctioneer, sizeof auctioneer);
    m.fee = (char *)(uintptr_t)pvn_setting_text(
        pvn_node_options(pvn_call_node(c)), PVN_SET_SUCCINCT_FEE);
    return pvn_pb_reply(c, &m.base);
}

#define PARAMS(name)                                                           \
    const pvn_rpc pvn_rpc_##name = {                                           \
        .in = &types__get_##name##_request__descriptor,                        \
        .op = PVN_OPS_LEN,                                                     \
        .reply = reply_params,                                                 \
    };
PARAMS(transfer_params)
PARAMS(withdraw_params)
PARAMS(delegation_params)

/* ---- GetFilteredBalanceLogs: by account, then by time ---- */

enum { ROUND = 500, ROUNDS_MAX = 40, SHOWN = 100, KEY_MAX = 64 };

typedef struct logs {
    Types__BalanceLog *item[SHOWN];
    size_t len;
    uint32_t limit, rounds;
    uint64_t skip;
    uint8_t after[KEY_MAX];
    size_t after_len;
} logs;

static bool ask_logs(pvn_call *c, pvn_op *op, pvn_bytes after)
{
    pvn_op_read_records *u = &op->u.read_records;
    bool ok = true;

    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->kind = PVN_BALANCE_LOG;
    u->limit = ROUND;
    u->after = pvn_op_bytes(op, after.data, after.len, &ok);
    return pvn_rpc_ok(c, ok);
}

static bool fill_logs(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetFilteredBalanceLogsRequest *m = r->in;
    pvn_bytes after = pvn_bytes_of("", 0);

    if (m->_address_case) {
        if (!pvn_field_len(c, "address", m->address, PVN_ADDRESS))
            return false;
        after = pvn_bin(m->address); /* its keys are longer: all after it */
    }
    return ask_logs(c, op, after);
}

static bool log_fits(const Types__GetFilteredBalanceLogsRequest *m,
                     const pvn_balance_entry *e)
{
    uint64_t at = (uint64_t)e->at_ms / 1000;

    return (!m->_operation_case || (int64_t)m->operation == e->operation) &&
           (!m->_minimum_timestamp_case || at >= m->minimum_timestamp) &&
           (!m->_maximum_timestamp_case || at <= m->maximum_timestamp);
}

static bool show_log(pvn_call *c, logs *l, const pvn_balance_entry *e)
{
    Types__BalanceLog *b = pvn_arena_alloc(pvn_call_arena(c), sizeof *b);
    pvn_balance_entry *kept = pvn_arena_copy(pvn_call_arena(c), e, sizeof *e);

    if (!b || !kept)
        return false;
    types__balance_log__init(b);
    b->address = binary(kept->account20, PVN_ADDRESS);
    b->operation = (Types__BalanceOperation)kept->operation;
    b->amount = kept->amount;
    b->tx_hash = binary(kept->tx32, sizeof kept->tx32);
    b->created_at = (uint64_t)kept->at_ms / 1000;
    l->item[l->len++] = b;
    return true;
}

static bool take_logs(pvn_call *c, const pvn_rpc_call *r, logs *l,
                      const pvn_op *op, bool *more)
{
    const Types__GetFilteredBalanceLogsRequest *m = r->in;
    const pvn_op_read_records *u = &op->u.read_records;

    *more = u->records_len == ROUND && ++l->rounds < ROUNDS_MAX;
    for (size_t i = 0; i < u->records_len && l->len < l->limit; i++) {
        pvn_balance_entry e;

        if (u->records[i]->key.len <= sizeof l->after) {
            l->after_len = u->records[i]->key.len;
            memcpy(l->after, u->records[i]->key.data, l->after_len);
        }
        if (!pvn_balance_entry_read(&e, u->records[i]))
            continue;
        if (m->_address_case &&
            memcmp(e.account20, m->address.data, PVN_ADDRESS) != 0) {
            *more = false; /* all of this account's were seen */
            break;
        }
        if (!log_fits(m, &e))
            continue;
        if (l->skip > 0)
            l->skip--;
        else if (!show_log(c, l, &e))
            return pvn_rpc_ok(c, false);
    }
    *more = *more && l->len < l->limit;
    return true;
}

static pvn_next next_logs(pvn_call *c, const logs *l)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_RECORDS);

    if (!op)
        return PVN_ANSWER;
    if (!ask_logs(c, op, pvn_bytes_of(l->after, l->after_len))) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next reply_logs(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const Types__GetFilteredBalanceLogsRequest *m = r->in;
    Types__GetFilteredBalanceLogsResponse out =
        TYPES__GET_FILTERED_BALANCE_LOGS_RESPONSE__INIT;
    logs *l = r->more;
    bool more;

    if (!l) {
        r->more = l = pvn_arena_alloc(pvn_call_arena(c), sizeof *l);
        if (!pvn_rpc_ok(c, l != NULL))
            return PVN_ANSWER;
        l->limit = pvn_page_limit(m->_limit_case, m->limit);
        l->skip = pvn_page_skip(m->_page_case, m->page, l->limit);
    }
    if (!take_logs(c, r, l, op, &more))
        return PVN_ANSWER;
    if (more)
        return next_logs(c, l);
    out.logs = l->item;
    out.n_logs = l->len;
    return pvn_pb_reply(c, &out.base);
}

const pvn_rpc pvn_rpc_balance_logs = {
    .in = &types__get_filtered_balance_logs_request__descriptor,
    .op = PVN_OP_READ_RECORDS,
    .fill = fill_logs,
    .reply = reply_logs,
};
