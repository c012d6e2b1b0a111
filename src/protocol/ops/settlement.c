/* protocol/ops/settlement.c - what a third party needs to check the sums: the
 * signed messages of auctions that ended, and the log of all balances, as JSON
 * lines. To this machine only. Includes ops.h. */
#include "protocol/ops/ops.h"

enum { LINES = 100, LEDGER = 500, LEDGER_MAX = 1000, CURSOR = 64 };
/* What ended this lately may still get a neighbour of the same millisecond. */
enum { SETTLED_MS = 2000 };

static pvn_next forbidden(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                         "this is told to the server's own machine only");
}

static pvn_next answer(pvn_call *c, pvn_buf *b)
{
    pvn_next next;

    if (b->failed)
        next = pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for an answer");
    else
        next = pvn_http_reply(c, 200, "application/x-ndjson", b->data, b->len);
    pvn_buf_free(b);
    return next;
}

/* ---- /api/v1/settlement: the auctions, then their bids and proofs ---- */

typedef struct settled {
    int64_t limit;
    const pvn_auction *auction[LINES]; /* in the call's arena, both */
    const pvn_request *request[LINES];
    size_t len;
} settled;

/* "MS-ID" of the last line that was read; "": from the first. */
static bool read_cursor(pvn_call *c, pvn_op_read_auctions *u)
{
    const char *text = pvn_call_query(c, "after");
    size_t digits = text ? strspn(text, "0123456789") : 0;

    if (!text || !*text)
        return true;
    if (digits > 0 && digits < 16 && text[digits] == '-' &&
        pvn_unhex(u->after.bytes, 16, text + digits + 1,
                  strlen(text + digits + 1))) {
        for (size_t i = 0; i < digits; i++)
            u->since_ms = 10 * u->since_ms + (text[i] - '0');
        return true;
    }
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "after is \"%.60s\", expected the cursor of a line", text);
    return false;
}

pvn_next pvn_ops_settlement_begin(pvn_call *c)
{
    settled *s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);
    pvn_op *op;

    if (!s)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, s);
    if (!pvn_ops_from_here(c))
        return forbidden(c);
    s->limit = LINES;
    if (!pvn_ops_number(c, "limit", 1, LINES, &s->limit))
        return PVN_ANSWER;
    op = pvn_ops_new(c, PVN_OP_READ_AUCTIONS);
    if (!op)
        return PVN_ANSWER;
    op->u.read_auctions.limit = (uint32_t)s->limit;
    op->u.read_auctions.until_ms =
        pvn_now_ms(pvn_node_env(pvn_call_node(c))) - SETTLED_MS;
    if (!read_cursor(c, &op->u.read_auctions)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

/* Its bids, and the FulfillProof without its proof. */
static bool ask_about(pvn_call *c, const pvn_request *q)
{
    pvn_op *bids = pvn_ops_new(c, PVN_OP_READ_AUCTION), *kept;
    uint8_t *name;

    if (!bids)
        return false;
    bids->u.read_auction.id = q->id;
    pvn_call_op(c, bids);
    kept = pvn_ops_new(c, PVN_OP_READ_RECORD);
    if (!kept)
        return false;
    name =
        pvn_arena_copy(&kept->arena, q->name.len ? q->name.data : q->id.bytes,
                       q->name.len ? q->name.len : sizeof q->id.bytes);
    kept->u.read_record.protocol = q->protocol;
    kept->u.read_record.kind = "fulfilled";
    kept->u.read_record.key =
        pvn_bytes_of(name, q->name.len ? q->name.len : sizeof q->id.bytes);
    pvn_call_op(c, kept);
    if (!name)
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    return name != NULL;
}

static pvn_next take_auctions(pvn_call *c, settled *s)
{
    const pvn_op_read_auctions *u = &pvn_call_op_at(c, 0)->u.read_auctions;
    pvn_arena *a = pvn_call_arena(c);
    pvn_buf none = { 0 };

    for (size_t i = 0; i < u->auctions_len && s->len < LINES; i++) {
        if (!u->requests[i])
            continue;
        s->auction[s->len] =
            (const void *)pvn_row_copy(a, &u->auctions[i]->row);
        s->request[s->len] =
            (const void *)pvn_row_copy(a, &u->requests[i]->row);
        if (!s->auction[s->len] || !s->request[s->len])
            return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
        s->len++;
    }
    if (s->len == 0)
        return answer(c, &none);
    for (size_t i = 0; i < s->len; i++)
        if (!ask_about(c, s->request[i]))
            return PVN_ANSWER;
    return PVN_OP;
}

static void put_address(pvn_buf *b, const char *name, const uint8_t value20[20])
{
    pvn_buf_format(b, ",\"%s\":", name);
    if (pvn_is_zero(value20, 20))
        pvn_buf_text(b, "null");
    else
        pvn_json_hex(b, "0x", value20, 20);
}

static void put_amount(pvn_buf *b, const char *name, const char *text)
{
    pvn_buf_format(b, ",\"%s\":\"%s\"", name, text && *text ? text : "0");
}

static void put_message(pvn_buf *b, const char *before, const char *name,
                        pvn_bytes message)
{
    pvn_buf_format(b, "%s\"%s\":", before, name);
    if (message.len == 0)
        pvn_buf_text(b, "null");
    else
        pvn_json_hex(b, "", message.data, message.len);
}

static const char *state_name(int64_t state)
{
    switch (state) {
    case PVN_AUCTION_PAID:
        return "paid";
    case PVN_AUCTION_FAILED:
        return "failed";
    default:
        return "void";
    }
}

static pvn_bytes bid_of(const pvn_op_read_auction *u,
                        const uint8_t winner20[20])
{
    for (size_t i = 0; i < u->bids_len; i++)
        if (memcmp(u->bids[i]->prover, winner20, 20) == 0)
            return u->bids[i]->signed_bytes;
    return pvn_bytes_of(NULL, 0);
}

/* What stood before and behind the proof; the proof is the artifact. */
static void put_fulfilment(pvn_buf *b, const pvn_request *q, pvn_bytes kept)
{
    size_t head = kept.len >= 4 ? pvn_get_u32be(kept.data) : 0;

    pvn_buf_text(b, ",\"fulfill\":");
    if (kept.len < 4 || head > kept.len - 4) {
        pvn_buf_text(b, "null");
        return;
    }
    put_message(b, "{", "before", pvn_bytes_of(kept.data + 4, head));
    pvn_buf_text(b, ",\"proof\":");
    pvn_json_hex(b, "", q->proof.bytes, sizeof q->proof.bytes);
    put_message(b, ",", "after",
                pvn_bytes_of(kept.data + 4 + head, kept.len - 4 - head));
    pvn_buf_text(b, "}");
}

/* Who led when it ended without being assigned won nothing. */
static bool was_won(const pvn_auction *a, const pvn_request *q)
{
    return !pvn_is_zero(a->winner, 20) &&
           memcmp(a->winner, q->fulfiller, 20) == 0;
}

static void put_terms(pvn_buf *b, const pvn_auction *a, bool won)
{
    static const uint8_t nobody[20];

    put_address(b, "requester", a->requester);
    put_address(b, "winner", won ? a->winner : nobody);
    put_address(b, "auctioneer", a->auctioneer);
    put_address(b, "executor", a->executor);
    put_address(b, "treasury", a->treasury);
    put_amount(b, "price", a->price);
    put_amount(b, "base_fee", a->base_fee);
    put_amount(b, "max_price", a->price_max);
    pvn_buf_format(
        b,
        ",\"units\":\"%llu\",\"units_max\":\"%llu\","
        "\"cycles\":\"%llu\"",
        (unsigned long long)(a->executed_ms > 0 ? a->units : a->units_max),
        (unsigned long long)a->units_max, (unsigned long long)a->cycles);
    put_amount(b, "paid", a->paid);
    put_amount(b, "collateral", a->bond);
    pvn_buf_format(b,
                   ",\"collateral_lost\":%s,\"created_ms\":%lld,"
                   "\"executed_ms\":%lld,\"ended_ms\":%lld",
                   pvn_bond_lost(a) && a->bond ? "true" : "false",
                   (long long)a->created_ms, (long long)a->executed_ms,
                   (long long)a->ended_ms);
}

static void put_line(pvn_buf *b, const pvn_auction *a, const pvn_request *q,
                     const pvn_op_read_auction *u, pvn_bytes kept)
{
    char hex[33];

    pvn_buf_format(b, "{\"cursor\":\"%lld-%s\",\"request\":",
                   (long long)a->ended_ms, pvn_hex(hex, a->request.bytes, 16));
    pvn_json_request_id(b, q);
    pvn_buf_format(b, ",\"state\":\"%s\"", state_name(a->state));
    put_terms(b, a, was_won(a, q));
    put_message(b, ",\"messages\":{", "request", q->signed_bytes);
    put_message(b, ",", "bid",
                was_won(a, q) ? bid_of(u, a->winner) : pvn_bytes_of(NULL, 0));
    put_message(b, ",", "settle", a->settle_signed);
    put_message(b, ",", "execute", a->execute_signed);
    put_fulfilment(b, q, kept);
    pvn_buf_text(b, "}}\n");
}

pvn_next pvn_ops_settlement_resume(pvn_call *c)
{
    settled *s = pvn_call_kept(c, 1);
    pvn_buf b = { 0 };

    for (size_t i = 0; i < pvn_call_ops_len(c); i++)
        if (pvn_call_op_at(c, i)->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &pvn_call_op_at(c, i)->err);
    if (s->len == 0)
        return take_auctions(c, s);
    for (size_t i = 0; i < s->len; i++)
        put_line(&b, s->auction[i], s->request[i],
                 &pvn_call_op_at(c, 2 * i)->u.read_auction,
                 pvn_call_op_at(c, 2 * i + 1)->u.read_record.value);
    return answer(c, &b);
}

/* ---- /api/v1/ledger ---- */

static const char *operation_name(int64_t operation)
{
    static const char *const names[] = {
        "",
        "deposit",
        "withdraw",
        "reward",
        "transfer_out",
        "transfer_in",
        "withdraw_request",
        "withdraw_fee_out",
        "delegate_fee_out",
        "request",
        "transfer_fee_out",
        "withdraw_fee_in",
        "delegate_fee_in",
        "transfer_fee_in",
    };

    return operation > 0 && operation < (int64_t)(sizeof names / sizeof *names)
               ? names[operation]
               : "";
}

pvn_next pvn_ops_ledger_begin(pvn_call *c)
{
    const char *after = pvn_call_query(c, "after");
    uint8_t *key = pvn_arena_alloc(pvn_call_arena(c), CURSOR);
    size_t len = after ? strlen(after) / 2 : 0;
    int64_t limit = LEDGER;
    pvn_op_read_records *u;
    pvn_op *op;

    if (!key)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    if (!pvn_ops_from_here(c))
        return forbidden(c);
    if (!pvn_ops_number(c, "limit", 1, LEDGER_MAX, &limit))
        return PVN_ANSWER;
    if (len > CURSOR || (after && !pvn_unhex(key, len, after, 2 * len)) ||
        (after && strlen(after) != 2 * len))
        return pvn_call_fail(c, PROVERNET_ERR_INVALID,
                             "after is \"%.60s\", expected the cursor of a "
                             "line",
                             after);
    op = pvn_ops_new(c, PVN_OP_READ_RECORDS);
    if (!op)
        return PVN_ANSWER;
    u = &op->u.read_records;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->kind = PVN_BALANCE_LOG;
    u->limit = (uint32_t)limit;
    u->after = pvn_bytes_of(pvn_arena_copy(&op->arena, key, CURSOR), len);
    if (!u->after.data) {
        pvn_op_free(op);
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_ops_ledger_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_records *u = &op->u.read_records;
    pvn_buf b = { 0 };

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    for (size_t i = 0; i < u->records_len; i++) {
        pvn_balance_entry e;

        if (!pvn_balance_entry_read(&e, u->records[i]))
            continue;
        pvn_buf_text(&b, "{\"cursor\":");
        pvn_json_hex(&b, "", u->records[i]->key.data, u->records[i]->key.len);
        put_address(&b, "account", e.account20);
        pvn_buf_format(&b, ",\"operation\":\"%s\",\"amount\":\"%s\",\"tx\":",
                       operation_name(e.operation), e.amount);
        pvn_json_hex(&b, "0x", e.tx32, sizeof e.tx32);
        pvn_buf_format(&b, ",\"at_ms\":%lld}\n", (long long)e.at_ms);
    }
    return answer(c, &b);
}
