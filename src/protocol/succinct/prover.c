/* protocol/succinct/prover.c - provers: who is up, who failed, what they
 * earned, and what they say of themselves. Includes succinct.h, base/amount.h.
 */
#include "protocol/succinct/succinct.h"
#include "base/amount.h"

enum { LIST_MAX = 1000, PAGES_MAX = 100, SHOWN = 100 };

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    ProtobufCBinaryData out = { len, (uint8_t *)(uintptr_t)data };

    return out;
}

static int64_t now_ms(pvn_call *c)
{
    return pvn_now_ms(pvn_node_env(pvn_call_node(c)));
}

/* Up: heard of lately, not suspended. Highly available: it has proved, and
 * at most one in twenty of what it won failed. */
static bool is_up(pvn_call *c, const pvn_prover *p)
{
    int64_t seen = pvn_setting_int(pvn_node_options(pvn_call_node(c)),
                                   PVN_SET_PROVER_SEEN);

    return p && p->suspended_ms <= now_ms(c) && p->seen_ms + seen > now_ms(c);
}
static bool is_available(pvn_call *c, const pvn_prover *p)
{
    return is_up(c, p) && p->proved > 0 && p->failed * 20 <= p->won;
}

/* ---- GetProversByUptime ---- */

static bool fill_all(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    (void)c;
    (void)r;
    op->u.read_provers.limit = LIST_MAX;
    return true;
}

typedef struct uptime {
    uint8_t prover20[PVN_WHITELIST_MAX][PVN_ADDRESS];
    size_t len, pages;
} uptime;

/* The next page of all provers; PVN_ANSWER: the call has failed. */
static pvn_next more_provers(pvn_call *c, const uint8_t after20[20])
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_PROVERS);

    if (!op)
        return PVN_ANSWER;
    op->u.read_provers.limit = LIST_MAX;
    memcpy(op->u.read_provers.after20, after20, PVN_ADDRESS);
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next show_uptime(pvn_call *c, uptime *t)
{
    Types__GetProversByUptimeResponse out =
        TYPES__GET_PROVERS_BY_UPTIME_RESPONSE__INIT;
    ProtobufCBinaryData shown[PVN_WHITELIST_MAX];

    for (; out.n_provers < t->len; out.n_provers++)
        shown[out.n_provers] = binary(t->prover20[out.n_provers], PVN_ADDRESS);
    out.provers = shown;
    return pvn_pb_reply(c, &out.base);
}

/* Clients make the answer their whitelist. To a first request we name nobody:
 * it is open to all, also to a prover that nobody knows yet; who is suspended
 * is refused when it bids. */
static pvn_next reply_uptime(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const Types__GetProversByUptimeRequest *m = r->in;
    const pvn_op_read_provers *u = &op->u.read_provers;
    uptime *t = r->more;

    if (!t)
        r->more = t = pvn_arena_alloc(pvn_call_arena(c), sizeof *t);
    if (!pvn_rpc_ok(c, t != NULL))
        return PVN_ANSWER;
    if (!m->high_availability_only)
        return show_uptime(c, t);
    for (size_t i = 0; i < u->provers_len && t->len < PVN_WHITELIST_MAX; i++)
        if (is_available(c, u->provers[i]))
            memcpy(t->prover20[t->len++], u->provers[i]->address, PVN_ADDRESS);
    if (u->provers_len == LIST_MAX && t->len < PVN_WHITELIST_MAX &&
        ++t->pages < PAGES_MAX)
        return more_provers(c, u->provers[LIST_MAX - 1]->address);
    return show_uptime(c, t);
}

const pvn_rpc pvn_rpc_provers = {
    .in = &types__get_provers_by_uptime_request__descriptor,
    .op = PVN_OP_READ_PROVERS,
    .fill = fill_all,
    .reply = reply_uptime,
};

/* ---- GetFilteredSuspendableProvers ---- */

static int64_t since(int64_t now, uint64_t lookback_s)
{
    int64_t ms = pvn_deadline_ms(lookback_s);

    return ms < now ? now - ms : 0;
}

static bool fill_suspendable(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetFilteredSuspendableProversRequest *m = r->in;

    op->u.read_auctions.state = PVN_AUCTION_FAILED;
    op->u.read_auctions.since_ms = since(now_ms(c), m->outer_lookback);
    return true;
}

typedef struct failing {
    uint8_t prover20[PVN_ADDRESS];
    uint64_t failures;
    bool lately;
} failing;

/* Newest first; the counts of the newest 1,000 failures. */
static size_t count_failures(const pvn_op_read_auctions *u, int64_t lately_ms,
                             failing *out)
{
    size_t n = 0;

    for (size_t i = 0; i < u->auctions_len; i++) {
        const pvn_auction *a = u->auctions[i];
        size_t k = 0;

        while (k < n && memcmp(out[k].prover20, a->winner, PVN_ADDRESS) != 0)
            k++;
        if (k == n) {
            memset(&out[n], 0, sizeof out[n]);
            memcpy(out[n++].prover20, a->winner, PVN_ADDRESS);
        }
        out[k].failures++;
        out[k].lately |= a->ended_ms >= lately_ms;
    }
    return n;
}

static pvn_next reply_suspendable(pvn_call *c, pvn_rpc_call *r,
                                  const pvn_op *op)
{
    const Types__GetFilteredSuspendableProversRequest *m = r->in;
    const pvn_op_read_auctions *u = &op->u.read_auctions;
    Types__GetFilteredSuspendableProversResponse out =
        TYPES__GET_FILTERED_SUSPENDABLE_PROVERS_RESPONSE__INIT;
    Types__SuspendableProver item[SHOWN], *shown[SHOWN];
    failing *all =
        pvn_arena_alloc(pvn_call_arena(c), (u->auctions_len + 1) * sizeof *all);
    uint32_t limit = pvn_page_limit(m->_limit_case, m->limit);
    uint64_t skip = pvn_page_skip(m->_page_case, m->page, limit);
    size_t n;

    if (!pvn_rpc_ok(c, all != NULL))
        return PVN_ANSWER;
    n = count_failures(u, since(now_ms(c), m->lookback), all);
    for (size_t i = 0; i < n && out.n_provers < limit; i++) {
        if (!all[i].lately)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        types__suspendable_prover__init(&item[out.n_provers]);
        item[out.n_provers].prover = binary(all[i].prover20, PVN_ADDRESS);
        item[out.n_provers].failure_count = all[i].failures;
        shown[out.n_provers] = &item[out.n_provers];
        out.n_provers++;
    }
    out.provers = shown;
    return pvn_pb_reply(c, &out.base);
}

const pvn_rpc pvn_rpc_suspendable = {
    .in = &types__get_filtered_suspendable_provers_request__descriptor,
    .op = PVN_OP_READ_AUCTIONS,
    .fill = fill_suspendable,
    .reply = reply_suspendable,
};

/* ---- SuspendProver ---- */

static bool is_operator(pvn_call *c, const uint8_t signer20[20])
{
    const char *list = pvn_setting_text(pvn_node_options(pvn_call_node(c)),
                                        PVN_SET_SUCCINCT_OPERATORS);
    uint8_t auctioneer[PVN_ADDRESS];

    if (pvn_address_listed(list, signer20, false) ||
        (pvn_setting_address(c, PVN_SET_SUCCINCT_AUCTIONEER, auctioneer) &&
         memcmp(auctioneer, signer20, PVN_ADDRESS) == 0))
        return true;
    pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                  "only the auctioneer or an operator of this network "
                  "(succinct.operators) may suspend a prover");
    return false;
}

static bool fill_suspend(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__SuspendProverRequestBody *m = r->in;
    int64_t until = pvn_deadline_ms(m->suspended_until);
    char hex[2 * PVN_ADDRESS + 1];
    bool ok = true;

    if (!pvn_field_len(c, "prover", m->prover, PVN_ADDRESS) ||
        !is_operator(c, r->e.signer20))
        return false;
    memcpy(op->u.prover_apply.prover20, m->prover.data, PVN_ADDRESS);
    op->u.prover_apply.suspended_ms =
        (const void *)pvn_op_bytes(op, &until, sizeof until, &ok).data;
    op->u.prover_apply.why =
        pvn_arena_format(&op->arena, "0x%s suspended it",
                         pvn_hex(hex, r->e.signer20, PVN_ADDRESS));
    return pvn_rpc_ok(c, ok && op->u.prover_apply.why);
}

const pvn_rpc pvn_rpc_suspend_prover = {
    .in = &types__suspend_prover_request_body__descriptor,
    .is_signed = true,
    .op = PVN_OP_PROVER_APPLY,
    .fill = fill_suspend,
};

/* ---- GetProverStats: one prover, or the sum of all ---- */

typedef struct stats {
    pvn_amount earned, units, cycles;
    uint64_t won, active;
    size_t pages;
    uint8_t after20[PVN_ADDRESS];
} stats;

static bool fill_stats(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetProverStatsRequest *m = r->in;

    op->u.read_provers.limit = LIST_MAX;
    if (!m->_address_case)
        return true;
    if (!pvn_field_len(c, "address", m->address, PVN_ADDRESS))
        return false;
    /* The one before it: the list begins behind that. */
    op->u.read_provers.limit = 1;
    memcpy(op->u.read_provers.after20, m->address.data, PVN_ADDRESS);
    for (size_t i = PVN_ADDRESS; i-- > 0;)
        if (op->u.read_provers.after20[i]-- > 0)
            break;
    return true;
}

static void add_text(pvn_amount *sum, const char *text)
{
    pvn_amount x;

    if (pvn_amount_read(&x, text))
        pvn_amount_add(sum, &x);
}

static void add_prover(pvn_call *c, stats *s, const pvn_prover *p)
{
    add_text(&s->earned, p->earned);
    add_text(&s->units, p->units);
    add_text(&s->cycles, p->cycles);
    s->won += (uint64_t)p->won;
    s->active += is_up(c, p);
    memcpy(s->after20, p->address, PVN_ADDRESS);
}

static pvn_next show_stats(pvn_call *c, const stats *s)
{
    Types__GetProverStatsResponse m = TYPES__GET_PROVER_STATS_RESPONSE__INIT;
    char earned[PVN_AMOUNT_CHARS], units[PVN_AMOUNT_CHARS];
    char cycles[PVN_AMOUNT_CHARS], won[24], active[24];

    snprintf(won, sizeof won, "%llu", (unsigned long long)s->won);
    snprintf(active, sizeof active, "%llu", (unsigned long long)s->active);
    m.total_earnings = pvn_amount_text(earned, &s->earned);
    m.total_cycles = pvn_amount_text(cycles, &s->cycles);
    m.total_gas_proved = pvn_amount_text(units, &s->units);
    m.active_provers = active;
    m.total_proofs_won = won;
    return pvn_pb_reply(c, &m.base);
}

static pvn_next reply_stats(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const Types__GetProverStatsRequest *m = r->in;
    const pvn_op_read_provers *u = &op->u.read_provers;
    stats *s = r->more;

    if (!s)
        r->more = s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);
    if (!pvn_rpc_ok(c, s != NULL))
        return PVN_ANSWER;
    for (size_t i = 0; i < u->provers_len; i++)
        if (!m->_address_case ||
            memcmp(u->provers[i]->address, m->address.data, PVN_ADDRESS) == 0)
            add_prover(c, s, u->provers[i]);
    if (m->_address_case || u->provers_len < LIST_MAX ||
        ++s->pages >= PAGES_MAX)
        return show_stats(c, s);
    return more_provers(c, s->after20);
}

const pvn_rpc pvn_rpc_prover_stats = {
    .in = &types__get_prover_stats_request__descriptor,
    .op = PVN_OP_READ_PROVERS,
    .fill = fill_stats,
    .reply = reply_stats,
};

/* ---- GetProverStatus, GetProverCapacity, GetProverRequirements ---- */

/* Both requests are {1 prover}. */
static bool fill_one(pvn_call *c, const pvn_rpc_call *r, pvn_op *op)
{
    const Types__GetProverStatusRequest *m = r->in;

    if (!pvn_field_len(c, "prover", m->prover, PVN_ADDRESS))
        return false;
    memcpy(op->u.read_prover.prover20, m->prover.data, PVN_ADDRESS);
    return true;
}

static pvn_next reply_status(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const pvn_op_read_prover *u = &op->u.read_prover;
    const pvn_rules *rules = pvn_node_rules(pvn_call_node(c));
    Types__GetProverStatusResponse m = TYPES__GET_PROVER_STATUS_RESPONSE__INIT;
    int64_t until = u->prover ? u->prover->suspended_ms : 0;

    (void)r;
    if (u->worker && u->worker->state == PVN_WORKER_ASIDE &&
        u->worker->seen_ms + rules->worker_aside_ms > until)
        until = u->worker->seen_ms + rules->worker_aside_ms;
    m.whitelisted = pvn_address_listed(rules->prover_allow, u->prover20, true);
    m.high_availability = is_available(c, u->prover);
    m.suspended_until = until > now_ms(c) ? ((uint64_t)until + 999) / 1000 : 0;
    return pvn_pb_reply(c, &m.base);
}

const pvn_rpc pvn_rpc_prover_status = {
    .in = &types__get_prover_status_request__descriptor,
    .op = PVN_OP_READ_PROVER,
    .fill = fill_one,
    .reply = reply_status,
};

static pvn_next reply_capacity(pvn_call *c, pvn_rpc_call *r, const pvn_op *op)
{
    const pvn_prover *p = op->u.read_prover.prover;
    Types__GetProverCapacityResponse m =
        TYPES__GET_PROVER_CAPACITY_RESPONSE__INIT;

    (void)r;
    m.capacity = p ? (uint64_t)p->capacity : 0;
    return pvn_pb_reply(c, &m.base);
}

const pvn_rpc pvn_rpc_prover_capacity = {
    .in = &types__get_prover_capacity_request__descriptor,
    .op = PVN_OP_READ_PROVER,
    .fill = fill_one,
    .reply = reply_capacity,
};

/* What the fields mean was never published: the stake that a bid needs stands
 * in the first, as text, and nothing else is asked. */
static pvn_next reply_requirements(pvn_call *c, pvn_rpc_call *r,
                                   const pvn_op *op)
{
    Types__GetProverRequirementsResponse m =
        TYPES__GET_PROVER_REQUIREMENTS_RESPONSE__INIT;

    (void)r;
    (void)op;
    m.value1 = (char *)(uintptr_t)pvn_setting_text(
        pvn_node_options(pvn_call_node(c)), PVN_SET_PROVER_STAKE);
    return pvn_pb_reply(c, &m.base);
}

const pvn_rpc pvn_rpc_prover_requirements = {
    .in = &types__get_prover_requirements_request__descriptor,
    .op = PVN_OPS_LEN,
    .reply = reply_requirements,
};

/* ---- ReportProverInfo: signed, without a nonce; what is said again is the
 * same ---- */

typedef struct report {
    pvn_envelope e;
    const Types__ReportProverInfoRequestBody *m;
    bool applied;
} report;

pvn_next pvn_succinct_report_prover_begin(pvn_call *c)
{
    const ProtobufCMessageDescriptor *body =
        &types__report_prover_info_request_body__descriptor;
    report *p = pvn_arena_alloc(pvn_call_arena(c), sizeof *p);
    pvn_op *op;

    if (!pvn_rpc_ok(c, p != NULL))
        return PVN_ANSWER;
    pvn_call_keep(c, 1, p);
    if (!pvn_envelope_open(c, &p->e, body))
        return PVN_ANSWER;
    p->m = pvn_pb_unpack(c, body, p->e.body);
    if (!p->m)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_field_len(c, "prover", p->m->prover, PVN_ADDRESS) ||
        !pvn_check_domain(c, p->m->domain, true))
        return PVN_ANSWER;
    op = pvn_succinct_op(c, PVN_OP_READ_PROVER);
    if (!op)
        return PVN_ANSWER;
    memcpy(op->u.read_prover.prover20, p->m->prover.data, PVN_ADDRESS);
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next apply_report(pvn_call *c, report *p, const uint8_t signer[20])
{
    uint64_t most = INT64_MAX;
    int64_t capacity = (int64_t)(p->m->capacity < most ? p->m->capacity : most);
    bool ok = true;
    pvn_op *op;

    if (memcmp(signer, p->e.signer20, PVN_ADDRESS) != 0)
        return pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                             "only the key that signs for this prover may "
                             "report about it");
    op = pvn_succinct_op(c, PVN_OP_PROVER_APPLY);
    if (!op)
        return PVN_ANSWER;
    memcpy(op->u.prover_apply.prover20, p->m->prover.data, PVN_ADDRESS);
    op->u.prover_apply.capacity =
        (const void *)pvn_op_bytes(op, &capacity, sizeof capacity, &ok).data;
    op->u.prover_apply.info =
        pvn_op_bytes(op, p->e.body.data, p->e.body.len, &ok);
    if (!pvn_rpc_ok(c, ok)) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    p->applied = true;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* {1 body, empty} */
pvn_next pvn_succinct_report_prover_resume(pvn_call *c)
{
    static const uint8_t empty[] = { 1 << 3 | PVN_PB_LEN, 0 };
    const pvn_op *op = pvn_call_op_at(c, 0);
    report *p = pvn_call_kept(c, 1);

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (!p->applied)
        return apply_report(c, p, op->u.read_prover.signer20);
    pvn_call_reply(c, empty, sizeof empty);
    return PVN_ANSWER;
}
