/* protocol/succinct/delegation.c - who may act for whom: accepted delegates of
 * accounts (base flavour), the signing keys of provers (auction flavour).
 * Includes succinct.h, proto/base. */
#include "protocol/succinct/succinct.h"
#include "proto/base.pb-c.h"

enum { DELEGATE_VARIANT = 5 };

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    ProtobufCBinaryData out = { len, (uint8_t *)(uintptr_t)data };

    return out;
}

/* ---- base: add, accept, remove, terminate ---- */

/* These bodies are {1 nonce, 2 the other side's address}. */
static bool fill_pair(pvn_call *c, const pvn_rpc_call *r, pvn_op *op,
                      const char *field, int64_t verb, bool signer_owns)
{
    const Types__AddDelegationRequestBody *m = r->in;
    pvn_op_delegation *d = &op->u.delegation;

    if (!pvn_field_len(c, field, m->delegate, PVN_ADDRESS))
        return false;
    d->verb = verb;
    memcpy(d->owner20, signer_owns ? r->e.signer20 : m->delegate.data,
           PVN_ADDRESS);
    memcpy(d->delegate20, signer_owns ? m->delegate.data : r->e.signer20,
           PVN_ADDRESS);
    return true;
}

#define DELEGATION(name, message, field, verb, signer_owns)                    \
    static bool fill_##name(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)    \
    {                                                                          \
        return fill_pair(c, r, op, field, verb, signer_owns);                  \
    }                                                                          \
    const pvn_rpc pvn_rpc_##name = {                                           \
        .in = &types__##message##_request_body__descriptor,                    \
        .is_signed = true,                                                     \
        .op = PVN_OP_DELEGATION,                                               \
        .fill = fill_##name,                                                   \
    };
DELEGATION(add_delegation, add_delegation, "delegate", PVN_DELEGATION_ADD, true)
DELEGATION(remove_delegation, remove_delegation, "delegate",
           PVN_DELEGATION_REMOVE, true)
DELEGATION(accept_delegation, accept_delegation, "owner", PVN_DELEGATION_ACCEPT,
           false)
DELEGATION(terminate_delegation, terminate_delegation, "owner",
           PVN_DELEGATION_REMOVE, false)

/* ---- GetFilteredDelegations ---- */

enum { ROUND = 500, ROUNDS_MAX = 40, SHOWN = 100, KEY = 2 * PVN_ADDRESS };

typedef struct shown {
    Base__Delegation *item[SHOWN];
    size_t len;
    uint32_t limit, rounds;
    uint64_t skip;
    uint8_t after[KEY];
} shown;

static bool ask_delegations(pvn_call *c, pvn_op *op, pvn_bytes after)
{
    pvn_op_read_records *u = &op->u.read_records;
    bool ok = true;

    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->kind = PVN_DELEGATION;
    u->limit = ROUND;
    u->after = pvn_op_bytes(op, after.data, after.len, &ok);
    return pvn_rpc_ok(c, ok);
}

static bool fill_delegations(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Base__GetFilteredDelegationsRequest *m = r->in;
    pvn_bytes after = pvn_bytes_of("", 0);

    if (m->_owner_case) {
        if (!pvn_field_len(c, "owner", m->owner, PVN_ADDRESS))
            return false;
        after = pvn_bin(m->owner); /* its keys are longer and come after it */
    }
    return ask_delegations(c, op, after);
}

static bool show_delegation(pvn_call *c, shown *s, const pvn_record *rec)
{
    Base__Delegation *d = pvn_arena_alloc(pvn_call_arena(c), sizeof *d);
    uint8_t *key =
        pvn_arena_copy(pvn_call_arena(c), rec->key.data, rec->key.len);

    if (!d || !key)
        return false;
    base__delegation__init(d);
    d->owner = binary(key, PVN_ADDRESS);
    d->delegate = binary(key + PVN_ADDRESS, PVN_ADDRESS);
    d->accepted = rec->value.data[0] == 1;
    d->created_at = pvn_get_u64be(rec->value.data + 1) / 1000;
    s->item[s->len++] = d;
    return true;
}

/* One round of rows; *more: the page is not full and there may be others. */
static bool take_delegations(pvn_call *c, const pvn_rpc_call *r, shown *s,
                             const pvn_op *op, bool *more)
{
    const Base__GetFilteredDelegationsRequest *m = r->in;
    const pvn_op_read_records *u = &op->u.read_records;

    *more = u->records_len == ROUND && ++s->rounds < ROUNDS_MAX;
    for (size_t i = 0; i < u->records_len; i++) {
        const pvn_record *rec = u->records[i];

        if (rec->key.len != KEY || rec->value.len != 9)
            continue;
        memcpy(s->after, rec->key.data, KEY);
        if (m->_owner_case &&
            memcmp(rec->key.data, m->owner.data, PVN_ADDRESS) != 0) {
            *more = false; /* all of this owner's were seen */
            break;
        }
        if (s->skip > 0) {
            s->skip--;
            continue;
        }
        if (!show_delegation(c, s, rec))
            return pvn_rpc_ok(c, false);
        if (s->len == s->limit) {
            *more = false;
            break;
        }
    }
    return true;
}

static pvn_next reply_delegations(pvn_call *c, pvn_rpc_call *r,
                                  const pvn_op *op)
{
    const Base__GetFilteredDelegationsRequest *m = r->in;
    Base__GetFilteredDelegationsResponse out =
        BASE__GET_FILTERED_DELEGATIONS_RESPONSE__INIT;
    shown *s = r->more;
    bool more;

    if (!s) {
        r->more = s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);
        if (!pvn_rpc_ok(c, s != NULL))
            return PVN_ANSWER;
        s->limit = pvn_page_limit(m->_limit_case, m->limit);
        s->skip = pvn_page_skip(m->_page_case, m->page, s->limit);
    }
    if (!take_delegations(c, r, s, op, &more))
        return PVN_ANSWER;
    if (more) {
        pvn_op *next = pvn_succinct_op(c, PVN_OP_READ_RECORDS);

        if (!next)
            return PVN_ANSWER;
        if (!ask_delegations(c, next, pvn_bytes_of(s->after, KEY))) {
            pvn_op_free(next);
            return PVN_ANSWER;
        }
        pvn_call_op(c, next);
        return PVN_OP;
    }
    out.delegations = s->item;
    out.n_delegations = s->len;
    return pvn_pb_reply(c, &out.base);
}

const pvn_rpc pvn_rpc_delegations = {
    .in = &base__get_filtered_delegations_request__descriptor,
    .op = PVN_OP_READ_RECORDS,
    .fill = fill_delegations,
    .reply = reply_delegations,
};

/* ---- auction: the key that signs for a prover ---- */

static bool fill_set(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__SetDelegationRequestBody *m = r->in;
    pvn_op_signer_set *s = &op->u.signer_set;
    bool ok = true;

    if (!pvn_field_len(c, "delegate", m->delegate, PVN_ADDRESS) ||
        !pvn_field_len(c, "prover", m->prover, PVN_ADDRESS) ||
        !pvn_check_domain(c, m->domain, true) ||
        !pvn_check_variant(c, (int64_t)m->variant, DELEGATE_VARIANT) ||
        !pvn_check_fee(c, m->auctioneer, m->fee, s->auctioneer20))
        return false;
    memcpy(s->prover20, m->prover.data, PVN_ADDRESS);
    memcpy(s->delegate20, m->delegate.data, PVN_ADDRESS);
    memcpy(s->by20, r->e.signer20, PVN_ADDRESS);
    s->fee = pvn_op_text(op, m->fee, &ok);
    pvn_succinct_name(s->tx32, &r->e);
    return pvn_rpc_ok(c, ok);
}

const pvn_rpc pvn_rpc_set_delegation = {
    .in = &types__set_delegation_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_SIGNER_SET,
    .fill = fill_set,
};

static bool fill_get(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetDelegationRequest *m = r->in;

    if (!pvn_field_len(c, "prover", m->prover, PVN_ADDRESS))
        return false;
    memcpy(op->u.read_prover.prover20, m->prover.data, PVN_ADDRESS);
    return true;
}

typedef struct signing {
    uint8_t owner20[PVN_ADDRESS], signer20[PVN_ADDRESS];
    int64_t since_ms; /* if the signer's record does not say */
} signing;

static pvn_next show_signer(pvn_call *c, const signing *s, int64_t at_ms)
{
    Types__GetDelegationResponse out = TYPES__GET_DELEGATION_RESPONSE__INIT;
    Types__Delegation d = TYPES__DELEGATION__INIT;

    d.owner = binary(s->owner20, PVN_ADDRESS);
    d.delegate = binary(s->signer20, PVN_ADDRESS);
    d.created_at = (uint64_t)at_ms / 1000;
    out.delegation = &d;
    return pvn_pb_reply(c, &out.base);
}

/* The prover's row names owner and signer; the signer's record says since when
 * it signs for this prover. */
static pvn_next reply_get(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const Types__GetDelegationRequest *m = r->in;
    const pvn_op_read_prover *u = &op->u.read_prover;
    pvn_bytes value = op->u.read_record.value;
    signing *s = r->more;
    bool ok = true;
    pvn_op *next;

    if (s)
        return show_signer(
            c, s,
            value.len == PVN_ADDRESS + 8 &&
                    memcmp(value.data, m->prover.data, PVN_ADDRESS) == 0
                ? (int64_t)pvn_get_u64be(value.data + PVN_ADDRESS)
                : s->since_ms);
    r->more = s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);
    if (!pvn_rpc_ok(c, s != NULL))
        return PVN_ANSWER;
    memcpy(s->owner20, m->prover.data, PVN_ADDRESS);
    if (u->prover && !pvn_is_zero(u->prover->owner, PVN_ADDRESS))
        memcpy(s->owner20, u->prover->owner, PVN_ADDRESS);
    memcpy(s->signer20, u->signer20, PVN_ADDRESS);
    s->since_ms = u->prover ? u->prover->created_ms : 0;
    next = pvn_succinct_op(c, PVN_OP_READ_RECORD);
    if (!next)
        return PVN_ANSWER;
    next->u.read_record.protocol = PVN_PROTOCOL_SUCCINCT;
    next->u.read_record.kind = PVN_SIGNER;
    next->u.read_record.key = pvn_op_bytes(next, s->signer20, PVN_ADDRESS, &ok);
    if (!pvn_rpc_ok(c, ok)) {
        pvn_op_free(next);
        return PVN_ANSWER;
    }
    pvn_call_op(c, next);
    return PVN_OP;
}

const pvn_rpc pvn_rpc_delegation = {
    .in = &types__get_delegation_request__descriptor,
    .op = PVN_OP_READ_PROVER,
    .fill = fill_get,
    .reply = reply_get,
};
