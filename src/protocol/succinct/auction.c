/* protocol/succinct/auction.c - bids, settlement, execution, and looking at
 * auctions and prices. Includes succinct.h, base/amount.h. */
#include "protocol/succinct/succinct.h"
#include "base/amount.h"

enum { BID_VARIANT = 1, SETTLE_VARIANT = 2, EXECUTE_VARIANT = 3 };
enum { WINDOW_MAX_S = 86400, PRICES = 101 };

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    ProtobufCBinaryData out = { len, (uint8_t *)(uintptr_t)data };

    return out;
}

static const char *setting_text(pvn_call *c, pvn_setting s)
{
    return pvn_setting_text(pvn_node_options(pvn_call_node(c)), s);
}
static int64_t setting_int(pvn_call *c, pvn_setting s)
{
    return pvn_setting_int(pvn_node_options(pvn_call_node(c)), s);
}

/* ---- the terms of a request ---- */

/* Who settles, executes and gets punishments is the network's to say: a
 * requester that named its own would set its own price. */
static bool take_role(pvn_call *c, const char *name, pvn_setting s,
                      pvn_bytes given, uint8_t out20[20])
{
    pvn_setting_address(c, s, out20);
    if (given.len == 0 || (given.len == PVN_ADDRESS &&
                           memcmp(given.data, out20, PVN_ADDRESS) == 0))
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "%s is not that of this network\nhelp: take it from "
                  "GetProofRequestParams",
                  name);
    return false;
}

static bool enough_fee(pvn_call *c, const char *given)
{
    const char *text = setting_text(c, PVN_SET_SUCCINCT_BASE_FEE);
    pvn_amount least = pvn_amount_of(0), fee = pvn_amount_of(0);

    pvn_amount_read(&least, text);
    pvn_amount_read(&fee, given);
    if (pvn_amount_compare(&fee, &least) >= 0)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "base_fee is %.80s, this network asks for %.80s",
                  given && *given ? given : "0", text);
    return false;
}

static bool copy_whitelist(pvn_op *op, pvn_terms *t, const pvn_wanted *w)
{
    uint8_t *list =
        pvn_arena_alloc(&op->arena, PVN_ADDRESS * (w->whitelist_len + 1));

    for (size_t i = 0; list && i < w->whitelist_len; i++)
        memcpy(list + PVN_ADDRESS * i, w->whitelist[i].data, PVN_ADDRESS);
    t->whitelist = pvn_bytes_of(list, PVN_ADDRESS * w->whitelist_len);
    return list != NULL;
}

static int64_t window_ms(pvn_call *c, const pvn_wanted *w)
{
    int64_t least = setting_int(c, PVN_SET_SUCCINCT_AUCTION_WINDOW), asked;

    asked =
        (int64_t)(w->min_auction_period < WINDOW_MAX_S ? w->min_auction_period
                                                       : WINDOW_MAX_S) *
        1000;
    return asked > least ? asked : least;
}

bool pvn_auction_terms(pvn_call *c, pvn_op *op, const pvn_wanted *w,
                       const pvn_terms **terms)
{
    pvn_terms *t;
    bool ok = true;

    *terms = NULL;
    if (!w->auction || !setting_int(c, PVN_SET_SUCCINCT_AUCTION))
        return true;
    t = pvn_arena_alloc(&op->arena, sizeof *t);
    if (!pvn_rpc_ok(c, t != NULL))
        return false;
    if (!take_role(c, "auctioneer", PVN_SET_SUCCINCT_AUCTIONEER, w->auctioneer,
                   t->auctioneer20) ||
        !take_role(c, "executor", PVN_SET_SUCCINCT_EXECUTOR, w->executor,
                   t->executor20) ||
        !take_role(c, "treasury", PVN_SET_SUCCINCT_TREASURY, w->treasury,
                   t->treasury20) ||
        !enough_fee(c, w->base_fee))
        return false;
    t->price_min =
        pvn_op_text(op, setting_text(c, PVN_SET_SUCCINCT_MIN_PRICE), &ok);
    t->price_max = pvn_op_text(op, w->max_price_per_pgu, &ok);
    t->base_fee = pvn_op_text(op, w->base_fee, &ok);
    t->price_step = (uint64_t)setting_int(c, PVN_SET_SUCCINCT_TICK_SIZE);
    t->units_max = w->gas_limit ? w->gas_limit : w->cycle_limit;
    t->window_ms = window_ms(c, w);
    t->fallback_ms = setting_int(c, PVN_SET_SUCCINCT_AUCTION_FALLBACK);
    *terms = t;
    return pvn_rpc_ok(c, ok && copy_whitelist(op, t, w));
}

/* ---- Bid ---- */

static bool fill_bid(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__BidRequestBody *m = r->in;
    pvn_op_bid_place *u = &op->u.bid_place;
    pvn_bytes message = pvn_call_message(c);
    bool ok = true, old = m->domain.len == 0 && m->prover.len == 0;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME) ||
        !pvn_check_amount(c, "amount", m->amount))
        return false;
    /* The base flavour has neither domain nor prover: the signer is it. */
    if (!old && (!pvn_check_domain(c, m->domain, true) ||
                 !pvn_field_len(c, "prover", m->prover, PVN_ADDRESS) ||
                 !pvn_check_variant(c, (int64_t)m->variant, BID_VARIANT)))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    u->amount = pvn_op_text(op, m->amount, &ok);
    u->signed_bytes = pvn_op_bytes(op, message.data, message.len, &ok);
    memcpy(u->by20, r->e.signer20, PVN_ADDRESS);
    memcpy(u->prover20, old ? r->e.signer20 : m->prover.data, PVN_ADDRESS);
    return pvn_rpc_ok(c, ok);
}

const pvn_rpc pvn_rpc_bid = {
    .in = &types__bid_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_BID_PLACE,
    .fill = fill_bid,
};

/* ---- Settle ---- */

static bool fill_settle(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__SettleRequestBody *m = r->in;
    pvn_op_auction_settle *u = &op->u.auction_settle;
    pvn_bytes message = pvn_call_message(c);
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME) ||
        !pvn_field_len(c, "winner", m->winner, PVN_ADDRESS) ||
        !pvn_check_domain(c, m->domain, true) ||
        !pvn_check_variant(c, (int64_t)m->variant, SETTLE_VARIANT))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    u->signed_bytes = pvn_op_bytes(op, message.data, message.len, &ok);
    memcpy(u->winner20, m->winner.data, PVN_ADDRESS);
    memcpy(u->by20, r->e.signer20, PVN_ADDRESS);
    return pvn_rpc_ok(c, ok);
}

const pvn_rpc pvn_rpc_settle = {
    .in = &types__settle_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_AUCTION_SETTLE,
    .fill = fill_settle,
};

/* ---- ExecuteProof ---- */

static bool fill_execution(pvn_call *c, const Types__ExecuteProofRequestBody *m,
                           pvn_op *op)
{
    enum { EXECUTED = 2, UNEXECUTABLE = 3, VALIDATION_FAILED = 4 };
    pvn_op_request_execute *u = &op->u.request_execute;
    int status = (int)m->execution_status;
    bool ok = true;

    if (status != EXECUTED && status != UNEXECUTABLE &&
        status != VALIDATION_FAILED) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "execution_status is %d, expected 2 (EXECUTED), 3 "
                      "(UNEXECUTABLE) or 4 (VALIDATION_FAILED)",
                      status);
        return false;
    }
    u->possible = status == EXECUTED;
    if (u->possible && !m->_pgus_case) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID, "pgus is missing");
        return false;
    }
    if (m->_public_values_hash_case &&
        !pvn_field_len(c, "public_values_hash", m->public_values_hash, 32))
        return false;
    if (m->_punishment_case &&
        !pvn_check_amount(c, "punishment", m->punishment))
        return false;
    u->said_key = "\"public_values_hash\":";
    if (m->_public_values_hash_case) {
        char hex[65];

        u->said =
            pvn_arena_format(&op->arena, "%s\"%s\"", u->said_key,
                             pvn_hex(hex, m->public_values_hash.data, 32));
        ok = u->said != NULL;
    }
    u->units = m->_pgus_case ? m->pgus : 0;
    u->cycles = m->_cycles_case ? m->cycles : 0;
    u->punishment =
        m->_punishment_case ? pvn_op_text(op, m->punishment, &ok) : NULL;
    u->code =
        pvn_failure_code(1, m->_failure_cause_case ? (int)m->failure_cause : 0);
    u->why = pvn_arena_format(
        &op->arena, "execution failed (ExecuteFailureCause %d)",
        m->_failure_cause_case ? (int)m->failure_cause : 0);
    return pvn_rpc_ok(c, ok && u->why);
}

static bool fill_execute(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__ExecuteProofRequestBody *m = r->in;
    pvn_op_request_execute *u = &op->u.request_execute;
    pvn_bytes message = pvn_call_message(c);
    uint8_t executor[PVN_ADDRESS];
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME) ||
        !pvn_check_domain(c, m->domain, false) ||
        (m->domain.len &&
         !pvn_check_variant(c, (int64_t)m->variant, EXECUTE_VARIANT)))
        return false;
    u->protocol = PVN_PROTOCOL_SUCCINCT;
    u->name = pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    u->signed_bytes = pvn_op_bytes(op, message.data, message.len, &ok);
    memcpy(u->by20, r->e.signer20, PVN_ADDRESS);
    pvn_setting_address(c, PVN_SET_SUCCINCT_EXECUTOR, executor);
    u->executor20 = pvn_op_bytes(op, executor, sizeof executor, &ok).data;
    return pvn_rpc_ok(c, ok) && fill_execution(c, m, op);
}

const pvn_rpc pvn_rpc_execute_proof = {
    .in = &types__execute_proof_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_REQUEST_EXECUTE,
    .fill = fill_execute,
};

/* ---- GetFilteredBidHistory ---- */

static bool fill_history(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetFilteredBidHistoryRequest *m = r->in;
    bool ok = true;

    if (!pvn_field_len(c, "request_id", m->request_id, PVN_NAME))
        return false;
    op->u.read_auction.protocol = PVN_PROTOCOL_SUCCINCT;
    op->u.read_auction.name =
        pvn_op_bytes(op, m->request_id.data, PVN_NAME, &ok);
    return pvn_rpc_ok(c, ok);
}

/* The page, and the accounts of its bidders, whose names they show. */
typedef struct history {
    Types__BidHistory item[100], *shown[100];
    size_t len;
} history;

/* The bid at place i: oldest first, or the winner's before all. */
static const pvn_bid *bid_at(const pvn_op_read_auction *u, size_t i,
                             bool winner_first)
{
    size_t w = 0;

    while (w < u->bids_len &&
           memcmp(u->bids[w]->prover, u->auction->winner, PVN_ADDRESS) != 0)
        w++;
    if (!winner_first || w == u->bids_len || i > w)
        return u->bids[i];
    return u->bids[i == 0 ? w : i - 1];
}

/* The row is the operation's, what is shown of it the call's. */
static bool take_bid(pvn_call *c, history *h, const pvn_bid *b)
{
    pvn_arena *a = pvn_call_arena(c);
    Types__BidHistory *out = &h->item[h->len];
    uint8_t *bidder = pvn_arena_copy(a, b->prover, PVN_ADDRESS);

    types__bid_history__init(out);
    out->bidder = binary(bidder, PVN_ADDRESS);
    out->amount = pvn_arena_text(a, b->amount ? b->amount : "0");
    out->created_at = (uint64_t)b->created_ms / 1000;
    h->shown[h->len++] = out;
    return pvn_rpc_ok(c, bidder && out->amount);
}

static bool take_page(pvn_call *c, const pvn_rpc_call *r, history *h,
                      const pvn_op_read_auction *u)
{
    const Types__GetFilteredBidHistoryRequest *m = r->in;
    uint32_t limit = pvn_page_limit(m->_limit_case, m->limit);
    uint64_t skip = pvn_page_skip(m->_page_case, m->page, limit);
    bool first = m->_winner_first_case && m->winner_first;

    for (uint64_t i = skip; u->auction && i < u->bids_len && h->len < limit;
         i++)
        if (!take_bid(c, h, bid_at(u, (size_t)i, first)))
            return false;
    return true;
}

static pvn_next ask_bidders(pvn_call *c, const history *h)
{
    for (size_t i = 0; i < h->len; i++) {
        pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_ACCOUNT);

        if (!op)
            return PVN_ANSWER;
        memcpy(op->u.read_account.address20, h->item[i].bidder.data,
               PVN_ADDRESS);
        pvn_call_op(c, op);
    }
    return PVN_OP;
}

static pvn_next show_history(pvn_call *c, history *h)
{
    Types__GetFilteredBidHistoryResponse out =
        TYPES__GET_FILTERED_BID_HISTORY_RESPONSE__INIT;

    for (size_t i = 0; i < h->len; i++) {
        const pvn_op *op = pvn_call_op_at(c, i);
        const pvn_account *a = op->u.read_account.account;

        if (op->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &op->err);
        if (!a || !a->name || !*a->name)
            continue;
        h->item[i]._bidder_name_case =
            TYPES__BID_HISTORY___BIDDER_NAME_BIDDER_NAME;
        h->item[i].bidder_name = (char *)(uintptr_t)a->name;
    }
    out.bids = h->shown;
    out.n_bids = h->len;
    return pvn_pb_reply(c, &out.base);
}

static pvn_next reply_history(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    history *h = r->more;

    if (h)
        return show_history(c, h);
    if (!op->u.read_auction.request)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "there is no such request");
    r->more = h = pvn_arena_alloc(pvn_call_arena(c), sizeof *h);
    if (!pvn_rpc_ok(c, h != NULL) || !take_page(c, r, h, &op->u.read_auction))
        return PVN_ANSWER;
    return h->len > 0 ? ask_bidders(c, h) : show_history(c, h);
}

const pvn_rpc pvn_rpc_bid_history = {
    .in = &types__get_filtered_bid_history_request__descriptor,
    .op = PVN_OP_READ_AUCTION,
    .fill = fill_history,
    .reply = reply_history,
};

/* ---- GetFilteredSettleableRequests: the auctions, then their bids ---- */

typedef struct settleable {
    const pvn_auction *auction[100];
    const pvn_request *request[100];
    size_t len;
} settleable;

static bool fill_settleable(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    (void)c;
    (void)r;
    op->u.read_auctions.state = PVN_AUCTION_OPEN;
    return true;
}

static bool pick_page(pvn_call *c, const pvn_rpc_call *r, settleable *s,
                      const pvn_op_read_auctions *u)
{
    const Types__GetFilteredSettleableRequestsRequest *m = r->in;
    uint32_t limit = pvn_page_limit(m->_limit_case, m->limit);
    uint64_t skip = pvn_page_skip(m->_page_case, m->page, limit);
    pvn_arena *a = pvn_call_arena(c);

    for (size_t i = 0; i < u->auctions_len && s->len < limit; i++) {
        const pvn_request *q = u->requests[i];

        /* What the server settles by itself is nobody else's. */
        if (!q || q->protocol != PVN_PROTOCOL_SUCCINCT ||
            pvn_is_zero(u->auctions[i]->auctioneer, PVN_ADDRESS))
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        s->auction[s->len] =
            (const void *)pvn_row_copy(a, &u->auctions[i]->row);
        s->request[s->len] = (const void *)pvn_row_copy(a, &q->row);
        if (!s->auction[s->len] || !s->request[s->len])
            return pvn_rpc_ok(c, false);
        s->len++;
    }
    return true;
}

static Types__SettleableRequest *show_settleable(pvn_call *c,
                                                 const pvn_auction *a,
                                                 const pvn_request *q,
                                                 const pvn_op_read_auction *u)
{
    pvn_arena *arena = pvn_call_arena(c);
    Types__SettleableRequest *out = pvn_arena_alloc(arena, sizeof *out);
    Types__Bid *bid = pvn_arena_alloc(arena, (u->bids_len + 1) * sizeof *bid);

    if (!out || !bid)
        return NULL;
    types__settleable_request__init(out);
    out->bids = pvn_arena_alloc(arena, (u->bids_len + 1) * sizeof *out->bids);
    if (!out->bids)
        return NULL;
    out->request_id = binary(q->name.data, q->name.len);
    out->created_at = (uint64_t)a->created_ms / 1000;
    out->min_auction_period = (uint64_t)(a->close_ms - a->created_ms) / 1000;
    for (size_t i = 0; i < u->bids_len; i++) {
        types__bid__init(&bid[i]);
        bid[i].bidder = binary(u->bids[i]->prover, PVN_ADDRESS);
        bid[i].amount =
            (char *)(uintptr_t)(u->bids[i]->amount ? u->bids[i]->amount : "0");
        out->bids[out->n_bids++] = &bid[i];
    }
    return out;
}

static pvn_next bids_read(pvn_call *c, const settleable *s)
{
    Types__GetFilteredSettleableRequestsResponse out =
        TYPES__GET_FILTERED_SETTLEABLE_REQUESTS_RESPONSE__INIT;
    Types__SettleableRequest *shown[100];

    for (size_t i = 0; i < s->len; i++) {
        const pvn_op *op = pvn_call_op_at(c, i);

        if (op->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &op->err);
        shown[i] = show_settleable(c, s->auction[i], s->request[i],
                                   &op->u.read_auction);
        if (!shown[i])
            return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    }
    out.requests = shown;
    out.n_requests = s->len;
    return pvn_pb_reply(c, &out.base);
}

static pvn_next reply_settleable(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    settleable *s = r->more;

    if (s)
        return bids_read(c, s);
    s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);
    if (!pvn_rpc_ok(c, s != NULL) || !pick_page(c, r, s, &op->u.read_auctions))
        return PVN_ANSWER;
    if (s->len == 0)
        return bids_read(c, s);
    r->more = s;
    for (size_t i = 0; i < s->len; i++) {
        pvn_op *read = pvn_succinct_op(c, PVN_OP_READ_AUCTION);

        if (!read)
            return PVN_ANSWER;
        read->u.read_auction.id = s->request[i]->id;
        pvn_call_op(c, read);
    }
    return PVN_OP;
}

const pvn_rpc pvn_rpc_settleable = {
    .in = &types__get_filtered_settleable_requests_request__descriptor,
    .op = PVN_OP_READ_AUCTIONS,
    .fill = fill_settleable,
    .reply = reply_settleable,
};

/* ---- prices ---- */

static pvn_next reply_prove_price(pvn_call *c, pvn_rpc_call *r,
                                  const pvn_op *op)
{
    Types__GetProvePriceResponse m = TYPES__GET_PROVE_PRICE_RESPONSE__INIT;

    (void)r;
    (void)op;
    m.price = (char *)(uintptr_t)setting_text(c, PVN_SET_SUCCINCT_PROVE_PRICE);
    m.last_updated = pvn_now_ms(pvn_node_env(pvn_call_node(c))) / 1000;
    return pvn_pb_reply(c, &m.base);
}

const pvn_rpc pvn_rpc_prove_price = {
    .in = &types__get_prove_price_request__descriptor,
    .op = PVN_OPS_LEN,
    .reply = reply_prove_price,
};

static bool fill_paid(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    (void)c;
    (void)r;
    op->u.read_auctions.state = PVN_AUCTION_PAID;
    op->u.read_auctions.limit = PRICES;
    return true;
}

/* The middle one of the newest prices; before there are any, the ceiling. */
static pvn_next reply_market(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    Types__GetMarketPricePerPguResponse m =
        TYPES__GET_MARKET_PRICE_PER_PGU_RESPONSE__INIT;
    const pvn_op_read_auctions *u = &op->u.read_auctions;
    const char *price = setting_text(c, PVN_SET_SUCCINCT_MAX_PRICE);
    pvn_amount sorted[PRICES];
    char text[PVN_AMOUNT_CHARS];
    size_t n = 0;

    (void)r;
    for (; n < u->auctions_len && n < PRICES; n++) {
        pvn_amount x = pvn_amount_of(0);
        size_t k = n;

        pvn_amount_read(&x, u->auctions[n]->price);
        for (; k > 0 && pvn_amount_compare(&sorted[k - 1], &x) > 0; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = x;
    }
    if (n > 0)
        price = pvn_amount_text(text, &sorted[n / 2]);
    m.price = (char *)(uintptr_t)price;
    m.as_of = (n > 0 ? u->auctions[0]->ended_ms
                     : pvn_now_ms(pvn_node_env(pvn_call_node(c)))) /
              1000;
    return pvn_pb_reply(c, &m.base);
}

const pvn_rpc pvn_rpc_market_price = {
    .in = &types__get_market_price_per_pgu_request__descriptor,
    .op = PVN_OP_READ_AUCTIONS,
    .fill = fill_paid,
    .reply = reply_market,
};
