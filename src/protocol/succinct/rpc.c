/* protocol/succinct/rpc.c - RPCs that are one operation each, driven by their
 * table entry, and the checks they share. Includes succinct.h, base/. */
#include "protocol/succinct/succinct.h"
#include "base/amount.h"

static pvn_next no_memory(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
}

bool pvn_rpc_ok(pvn_call *c, bool ok)
{
    if (!ok)
        no_memory(c);
    return ok;
}

pvn_bytes pvn_op_bytes(pvn_op *op, const void *data, size_t len, bool *ok)
{
    void *p = pvn_arena_copy(&op->arena, len ? data : "", len);

    *ok = *ok && p;
    return pvn_bytes_of(p, len);
}

const char *pvn_op_text(pvn_op *op, const char *text, bool *ok)
{
    const char *copy = pvn_arena_text(&op->arena, text ? text : "");

    *ok = *ok && copy;
    return copy;
}

/* Field 1 of every signed body. */
static uint64_t nonce_of(const pvn_rpc_call *r)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(r->rpc->in, 1);

    return *(const uint64_t *)(const void *)((const uint8_t *)r->in +
                                             f->offset);
}

static bool open_message(pvn_call *c, pvn_rpc_call *r)
{
    pvn_bytes bytes = pvn_call_message(c);

    if (r->rpc->is_signed) {
        if (!pvn_envelope_open(c, &r->e, r->rpc->in))
            return false;
        bytes = r->e.body;
    }
    r->in = pvn_pb_unpack(c, r->rpc->in, bytes);
    if (!r->in)
        pvn_call_fail_with(c, pvn_call_error(c));
    return r->in != NULL;
}

static pvn_next answer(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    return r->rpc->reply ? r->rpc->reply(c, r, op)
                         : pvn_succinct_accepted(c, &r->e);
}

pvn_next pvn_rpc_begin(pvn_call *c)
{
    pvn_rpc_call *r = pvn_arena_alloc(pvn_call_arena(c), sizeof *r);
    const pvn_rpc *rpc = pvn_call_route_data(c);
    pvn_op *op = NULL;

    if (!r)
        return no_memory(c);
    pvn_call_keep(c, 1, r);
    r->rpc = rpc;
    if (!open_message(c, r))
        return PVN_ANSWER;
    if (rpc->op < PVN_OPS_LEN) {
        op = rpc->is_signed
                 ? pvn_succinct_signed_op(c, rpc->op, &r->e, nonce_of(r))
                 : pvn_succinct_op(c, rpc->op);
        if (!op)
            return PVN_ANSWER;
    }
    if (rpc->fill && !rpc->fill(c, r, op)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    if (!op)
        return answer(c, r, NULL);
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_rpc_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    return answer(c, pvn_call_kept(c, 1), op);
}

/* ---- shared checks ---- */

uint32_t pvn_page_limit(bool given, uint32_t limit)
{
    enum { LIMIT = 10, LIMIT_MAX = 100 };

    if (!given || limit == 0)
        return LIMIT;
    return limit < LIMIT_MAX ? limit : LIMIT_MAX; /* clients ask for 1000 */
}

uint64_t pvn_page_skip(bool given, uint32_t page, uint32_t limit)
{
    return given && page ? (uint64_t)(page - 1) * limit : 0;
}

bool pvn_setting_address(pvn_call *c, pvn_setting s, uint8_t out20[20])
{
    const char *text = pvn_setting_text(pvn_node_options(pvn_call_node(c)), s);

    memset(out20, 0, PVN_ADDRESS);
    return text && *text && pvn_unhex(out20, PVN_ADDRESS, text, strlen(text));
}

bool pvn_succinct_domain(pvn_call *c, uint8_t out32[32])
{
    const char *text = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                        PVN_SET_SUCCINCT_DOMAIN);

    if (pvn_unhex(out32, 32, text, strlen(text)))
        return true;
    pvn_call_fail(c, PROVERNET_ERR_CONFIG,
                  "succinct.domain is not 64 hex digits");
    return false;
}

bool pvn_check_domain(pvn_call *c, ProtobufCBinaryData domain, bool needed)
{
    uint8_t ours[32];

    if (!needed && domain.len == 0)
        return true;
    if (!pvn_succinct_domain(c, ours) ||
        !pvn_field_len(c, "domain", domain, sizeof ours))
        return false;
    if (memcmp(domain.data, ours, sizeof ours) == 0)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "domain is another network's\nhelp: take the one that "
                  "GetProofRequestParams gives");
    return false;
}

bool pvn_check_variant(pvn_call *c, int64_t variant, int64_t want)
{
    if (variant == want)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID, "variant is %lld, expected %lld",
                  (long long)variant, (long long)want);
    return false;
}

bool pvn_check_amount(pvn_call *c, const char *field, const char *text)
{
    pvn_amount a;

    if (strlen(text) <= PVN_AMOUNT_MAX && pvn_amount_read(&a, text))
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "%s is not a whole decimal number below 2^256", field);
    return false;
}

/* What is charged is what was signed; it must be at least what we publish. */
bool pvn_check_fee(pvn_call *c, ProtobufCBinaryData auctioneer, const char *fee,
                   uint8_t auctioneer20[20])
{
    const char *text = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                        PVN_SET_SUCCINCT_FEE);
    pvn_amount least = pvn_amount_of(0), given = pvn_amount_of(0);

    pvn_setting_address(c, PVN_SET_SUCCINCT_AUCTIONEER, auctioneer20);
    if (auctioneer.len &&
        (!pvn_field_len(c, "auctioneer", auctioneer, PVN_ADDRESS)))
        return false;
    if (auctioneer.len && memcmp(auctioneer.data, auctioneer20, PVN_ADDRESS)) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "auctioneer is not that of this network");
        return false;
    }
    if (*fee && !pvn_check_amount(c, "fee", fee))
        return false;
    pvn_amount_read(&given, fee);
    pvn_amount_read(&least, text);
    if (pvn_amount_compare(&given, &least) >= 0)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID, "fee is %.80s, %.80s is asked for",
                  *fee ? fee : "0", text);
    return false;
}
