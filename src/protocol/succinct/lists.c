/* protocol/succinct/lists.c - GetFilteredProofRequests: oldest first, by
 * page. Includes succinct.h.
 *
 * What the database can filter it does; version, mode, status and the like
 * are looked at here, in rounds of bounded size. */
#include "protocol/succinct/succinct.h"

enum { LIMIT_MAX = 100, ROUND = 500, ROUNDS_MAX = 40 };
/* Clients take 4 MiB. */
enum { ANSWER_MAX = 3 << 20 };
enum { REQUESTED = 1, ASSIGNED = 2, FULFILLED = 3, UNFULFILLABLE = 4 };

typedef struct list {
    const Types__GetFilteredProofRequestsRequest *ask;
    pvn_filter filter;
    bool by_hand; /* rows must be looked at */
    bool about_read;
    uint32_t limit;
    uint64_t skip;  /* fitting rows before the page */
    uint32_t round; /* rows asked for at once */
    uint32_t rounds;
    const pvn_request *row[LIMIT_MAX]; /* in the call's arena */
    size_t rows;
} list;

/* ---- the filter ---- */

static bool set_address(pvn_call *c, pvn_filter *f, uint32_t bit,
                        const char *name, uint8_t out20[20],
                        ProtobufCBinaryData value)
{
    if (!pvn_field_len(c, name, value, PVN_ADDRESS))
        return false;
    memcpy(out20, value.data, PVN_ADDRESS);
    f->set |= bit;
    return true;
}

static int64_t clamp_ms(uint64_t s)
{
    return pvn_deadline_ms(s);
}

/* Which states can look like this status; the row decides. */
static void set_status(pvn_filter *f, int64_t status)
{
    const int64_t open = 1 << PROVERNET_QUEUED | 1 << PROVERNET_RUNNING |
                         1 << PROVERNET_VERIFYING;

    f->set |= PVN_F_STATE;
    switch (status) {
    case REQUESTED: /* an expired one shows its last status */
        f->state_mask = 1 << PROVERNET_QUEUED | 1 << PROVERNET_FAILED;
        break;
    case ASSIGNED:
        f->state_mask = open | 1 << PROVERNET_FAILED;
        break;
    case FULFILLED:
        f->state_mask = 1 << PROVERNET_FULFILLED;
        break;
    case UNFULFILLABLE:
        f->state_mask = 1 << PROVERNET_FAILED;
        break;
    default:
        f->state_mask = 0;
    }
}

/* A bidder looks at the first request of the answer only: what it cannot bid
 * on would block it. So it sees those that are open for bids. */
static bool set_bidder(pvn_call *c, pvn_filter *f,
                       const Types__GetFilteredProofRequestsRequest *m)
{
    f->settle = PVN_SETTLE_OPEN;
    f->set |= PVN_F_SETTLE;
    if (m->_fulfillment_status_case &&
        m->fulfillment_status == TYPES__FULFILLMENT_STATUS__REQUESTED)
        f->state_mask = 1 << PROVERNET_QUEUED;
    return set_address(c, f, PVN_F_NOT_BID_BY, "not_bid_by", f->not_bid_by20,
                       m->not_bid_by);
}

/* With a deadline to come, an expired one cannot be meant: only open ones are
 * walked. A minute for clients whose clock is behind. */
static void drop_expired(pvn_call *c, pvn_filter *f)
{
    enum { SLACK_MS = 60000 };
    const int64_t failed = 1 << PROVERNET_FAILED;
    int64_t now = pvn_now_ms(pvn_node_env(pvn_call_node(c)));

    if (f->set & PVN_F_STATE && f->set & PVN_F_DEADLINE &&
        f->state_mask != failed && f->deadline_after_ms + SLACK_MS >= now)
        f->state_mask &= ~failed;
}

bool pvn_list_prepare(pvn_call *c,
                      const Types__GetFilteredProofRequestsRequest *m,
                      pvn_filter *f)
{
    f->set = PVN_F_PROTOCOL;
    f->protocol = PVN_PROTOCOL_SUCCINCT;
    if (m->_fulfillment_status_case)
        set_status(f, (int64_t)m->fulfillment_status);
    if (m->_minimum_deadline_case) {
        f->set |= PVN_F_DEADLINE;
        f->deadline_after_ms = clamp_ms(m->minimum_deadline);
        drop_expired(c, f);
    }
    if (m->_from_case) {
        f->set |= PVN_F_FROM;
        f->created_from_ms = clamp_ms(m->from);
    }
    if (m->_to_case) { /* the whole second */
        f->set |= PVN_F_TO;
        f->created_to_ms = clamp_ms(m->to) + 999;
    }
    if (m->_vk_hash_case) {
        if (!pvn_field_len(c, "vk_hash", m->vk_hash, PVN_VK_HASH))
            return false;
        f->set |= PVN_F_PROGRAM;
        f->program_name = pvn_bin(m->vk_hash);
    }
    if (m->_requester_case && !set_address(c, f, PVN_F_REQUESTER, "requester",
                                           f->requester20, m->requester))
        return false;
    if (m->_fulfiller_case && !set_address(c, f, PVN_F_FULFILLER, "fulfiller",
                                           f->fulfiller20, m->fulfiller))
        return false;
    return !m->_not_bid_by_case || set_bidder(c, f, m);
}

static bool needs_looking(const Types__GetFilteredProofRequestsRequest *m)
{
    return (m->_fulfillment_status_case &&
            m->fulfillment_status != TYPES__FULFILLMENT_STATUS__FULFILLED) ||
           m->_execution_status_case || m->_version_case || m->_mode_case ||
           m->_not_bid_by_case || m->_execute_fail_cause_case ||
           m->_settlement_status_case || m->_error_case ||
           m->_is_canceled_case || m->_is_timed_out_case;
}

static bool listed(const pvn_wanted *w, ProtobufCBinaryData prover)
{
    for (size_t i = 0; i < w->whitelist_len; i++)
        if (pvn_bytes_equal(pvn_bin(w->whitelist[i]), pvn_bin(prover)))
            return true;
    return w->whitelist_len == 0;
}

/* What the row itself tells. */
static bool row_fits(const Types__GetFilteredProofRequestsRequest *m,
                     const pvn_request *r)
{
    bool failed = r->state == PROVERNET_FAILED;
    bool late = failed && r->cause == PROVERNET_CAUSE_EXPIRED;
    bool cancelled = failed && r->cause == PROVERNET_CAUSE_CANCELLED;

    if (m->_fulfillment_status_case &&
        (int)m->fulfillment_status != pvn_fulfillment_status(r))
        return false;
    if (m->_execution_status_case &&
        (int)m->execution_status != pvn_execution_status(r))
        return false;
    if (m->_execute_fail_cause_case &&
        (int)m->execute_fail_cause != pvn_execute_cause(r))
        return false;
    if (m->_settlement_status_case &&
        (int)m->settlement_status != pvn_settlement_status(r))
        return false;
    if (m->_error_case && (int)m->error != pvn_proof_error(r))
        return false;
    if (m->_is_canceled_case && !m->is_canceled != !cancelled)
        return false;
    return !m->_is_timed_out_case || !m->is_timed_out == !late;
}

/* What was asked for, from the signed body. Damaged rows do not fit. */
static bool body_fits(const Types__GetFilteredProofRequestsRequest *m,
                      const pvn_request *r, pvn_arena *scratch)
{
    pvn_bytes signature, body;
    uint64_t format;
    pvn_wanted w;

    if (pvn_envelope_split(r->signed_bytes, &format, &signature, &body, NULL) ||
        pvn_wanted_read(scratch, body, &w, NULL))
        return false;
    if (m->_version_case && strcmp(m->version, w.version) != 0)
        return false;
    if (m->_mode_case && (int)m->mode != w.mode)
        return false;
    /* A prover that may not bid would only be blocked by it. */
    return !m->_not_bid_by_case || listed(&w, m->not_bid_by);
}

bool pvn_list_fits(const Types__GetFilteredProofRequestsRequest *m,
                   const pvn_request *r)
{
    pvn_arena scratch = { 0 };
    bool yes;

    if (!row_fits(m, r))
        return false;
    if (!m->_version_case && !m->_mode_case && !m->_not_bid_by_case)
        return true;
    yes = body_fits(m, r, &scratch);
    pvn_arena_free(&scratch);
    return yes;
}

/* ---- the rounds ---- */

static pvn_next ask_rows(pvn_call *c, list *l)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_REQUESTS);
    pvn_filter *f;

    if (!op)
        return PVN_ANSWER;
    f = &op->u.read_requests.filter;
    *f = l->filter;
    op->u.read_requests.limit = l->round;
    if (f->program_name.data) {
        f->program_name.data = pvn_arena_copy(&op->arena, f->program_name.data,
                                              f->program_name.len);
        if (!f->program_name.data) {
            pvn_op_free(op);
            return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
        }
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_succinct_list_begin(pvn_call *c)
{
    list *l = pvn_arena_alloc(pvn_call_arena(c), sizeof *l);
    uint64_t skip;

    if (!l)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, l);
    l->ask = pvn_pb_unpack(
        c, &types__get_filtered_proof_requests_request__descriptor,
        pvn_call_message(c));
    if (!l->ask)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_list_prepare(c, l->ask, &l->filter))
        return PVN_ANSWER;
    l->limit = pvn_page_limit(l->ask->_limit_case, l->ask->limit);
    skip = pvn_page_skip(l->ask->_page_case, l->ask->page, l->limit);
    l->by_hand = needs_looking(l->ask);
    l->round = l->by_hand ? ROUND : l->limit;
    if (l->by_hand)
        l->skip = skip;
    else
        l->filter.offset = (int64_t)skip;
    return ask_rows(c, l);
}

static bool keep(pvn_call *c, list *l, const pvn_request *r)
{
    const pvn_row *copy = pvn_row_copy(pvn_call_arena(c), &r->row);

    if (!copy)
        return false;
    l->row[l->rows++] = (const void *)copy;
    return true;
}

static pvn_next take_rows(pvn_call *c, list *l, bool *more)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_requests *got = &op->u.read_requests;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    for (size_t i = 0; i < got->requests_len && l->rows < l->limit; i++) {
        if (l->by_hand && !pvn_list_fits(l->ask, got->requests[i]))
            continue;
        if (l->skip > 0) {
            l->skip--;
            continue;
        }
        if (!keep(c, l, got->requests[i]))
            return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    }
    *more = l->by_hand && l->rows < l->limit && got->requests_len == l->round &&
            ++l->rounds < ROUNDS_MAX;
    return PVN_OP;
}

/* ---- what the rows are about, then the answer ---- */

/* Prices only for those whose decoder is that of the auction flavour. */
static pvn_next reply(pvn_call *c, list *l, const struct pvn_about *about)
{
    Types__GetFilteredProofRequestsResponse m =
        TYPES__GET_FILTERED_PROOF_REQUESTS_RESPONSE__INIT;
    Types__ProofRequest *shown[LIMIT_MAX];
    bool prices = l->ask->_not_bid_by_case || l->ask->_fulfiller_case;
    size_t bytes = 0;

    m.requests = shown;
    for (size_t i = 0; i < l->rows; i++) {
        Types__ProofRequest *p =
            pvn_proof_request_about(c, l->row[i], &about[i], prices);

        if (!p)
            continue;
        bytes += 8 + protobuf_c_message_get_packed_size(&p->base);
        if (bytes > ANSWER_MAX)
            break;
        shown[m.n_requests++] = p;
    }
    return pvn_pb_reply(c, &m.base);
}

pvn_next pvn_succinct_list_resume(pvn_call *c)
{
    list *l = pvn_call_kept(c, 1);
    const pvn_op *op = pvn_call_op_at(c, 0);
    bool more = false;
    pvn_op *about;
    pvn_next next;

    if (l->about_read && op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (l->about_read)
        return reply(c, l, op->u.read_about.about);
    next = take_rows(c, l, &more);
    if (next != PVN_OP)
        return next;
    if (more) {
        l->filter.offset += l->round;
        return ask_rows(c, l);
    }
    l->about_read = true;
    if (l->rows == 0)
        return reply(c, l, NULL);
    about = pvn_about_op(c, l->row, l->rows);
    if (!about)
        return PVN_ANSWER;
    pvn_call_op(c, about);
    return PVN_OP;
}
