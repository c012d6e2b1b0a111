/* protocol/succinct/subscribe.c - SubscribeProofRequests: what fits the filter
 * now, oldest first, then each change of what fits, until the client leaves.
 * Includes succinct.h.
 *
 * The number of the newest event is read before the rows: nothing is missed,
 * something may be told twice. The client's reading sets the pace: nothing is
 * looked for while an answer waits to be read. A stream may last for days, so
 * what it needs in between is in an arena of its own. */
#include "protocol/succinct/succinct.h"
#include <stdlib.h>

/* ROUND: what a reader that stalls holds in memory. PACE_MS: time between two
 * looks, however much happens. */
enum { ROUND = 25, EVENTS = 25, LOOK_MS = 30000, PACE_MS = 50 };

typedef struct stream {
    enum { SEQ, HEAD, ROWS, ABOUT, SHOWN, EVENTS_READ, CHANGED, PARKED } step;
    const Types__GetFilteredProofRequestsRequest *ask;
    pvn_filter filter;
    pvn_filter scan; /* the snapshot: what is left of it */
    bool whole;      /* it has been told */
    int64_t seq, looked_ms;
    pvn_arena round; /* rows in hand */
    const pvn_request *row[ROUND];
    size_t rows;
} stream;

static pvn_next no_memory(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a stream");
}

/* ---- looking ---- */

static pvn_next ask_events(pvn_call *c, stream *s, bool newest)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_EVENTS);

    if (!op)
        return PVN_ANSWER;
    op->u.read_events.newest = newest;
    op->u.read_events.after_seq = newest ? 0 : s->seq;
    op->u.read_events.limit = EVENTS;
    s->step = newest ? SEQ : EVENTS_READ;
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next ask_rows(pvn_call *c, stream *s)
{
    pvn_op *op = pvn_succinct_op(c, PVN_OP_READ_REQUESTS);
    pvn_filter *f;
    bool ok = true;

    if (!op)
        return PVN_ANSWER;
    f = &op->u.read_requests.filter;
    *f = s->scan;
    if (f->program_name.data)
        f->program_name =
            pvn_op_bytes(op, f->program_name.data, f->program_name.len, &ok);
    op->u.read_requests.limit = ROUND;
    if (!ok) {
        pvn_op_free(op);
        return no_memory(c);
    }
    s->step = ROWS;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* ---- what fits ---- */

/* The part of the filter that the database looks at for a list. */
static bool filter_fits(const pvn_filter *f, const pvn_request *r)
{
    if (r->protocol != PVN_PROTOCOL_SUCCINCT)
        return false;
    if ((f->set & PVN_F_STATE) && !(f->state_mask & (int64_t)1 << r->state))
        return false;
    if ((f->set & PVN_F_SETTLE) && r->settle != f->settle)
        return false;
    if ((f->set & PVN_F_DEADLINE) && r->deadline_ms <= f->deadline_after_ms)
        return false;
    if ((f->set & PVN_F_FROM) && r->created_ms < f->created_from_ms)
        return false;
    if ((f->set & PVN_F_TO) && r->created_ms > f->created_to_ms)
        return false;
    if ((f->set & PVN_F_PROGRAM) &&
        !pvn_bytes_equal(r->program_name, f->program_name))
        return false;
    if ((f->set & PVN_F_REQUESTER) &&
        memcmp(r->requester, f->requester20, sizeof r->requester) != 0)
        return false;
    return !(f->set & PVN_F_FULFILLER) ||
           memcmp(r->fulfiller, f->fulfiller20, sizeof r->fulfiller) == 0;
}

static bool keep(stream *s, const pvn_request *r)
{
    if (!filter_fits(&s->filter, r) || !pvn_list_fits(s->ask, r))
        return true;
    s->row[s->rows] = (const void *)pvn_row_copy(&s->round, &r->row);
    return s->row[s->rows++] != NULL;
}

static void forget_rows(stream *s)
{
    pvn_arena_reset(&s->round);
    s->rows = 0;
}

/* ---- showing ---- */

/* One message. It is made in the call's arena, which is a spare one
 * meanwhile: a stream must not grow with what it has told. */
static bool show(pvn_call *c, const stream *s, size_t i,
                 const struct pvn_about *about)
{
    pvn_arena *arena = pvn_call_arena(c), spare = *arena;
    bool prices = s->ask->_not_bid_by_case || s->ask->_fulfiller_case;
    Types__ProofRequest *m;
    uint8_t *bytes = NULL;
    size_t len = 0;

    *arena = (pvn_arena){ 0 };
    m = pvn_proof_request_about(c, s->row[i], about, prices);
    if (m) {
        len = protobuf_c_message_get_packed_size(&m->base);
        bytes = malloc(len ? len : 1);
        if (bytes)
            protobuf_c_message_pack(&m->base, bytes);
    }
    pvn_arena_free(arena);
    *arena = spare;
    if (bytes)
        pvn_call_reply(c, bytes, len);
    free(bytes);
    return !m || bytes; /* a damaged row is left out */
}

static pvn_next look_on(pvn_call *c, stream *s);

static pvn_next show_rows(pvn_call *c, stream *s, const struct pvn_about *about)
{
    bool any = s->rows > 0;

    for (size_t i = 0; i < s->rows; i++)
        if (!show(c, s, i, &about[i]))
            return no_memory(c);
    forget_rows(s);
    s->step = SHOWN;
    return any ? PVN_MORE : look_on(c, s);
}

static pvn_next ask_about(pvn_call *c, stream *s)
{
    pvn_op *op;

    s->step = ABOUT;
    if (s->rows == 0)
        return show_rows(c, s, NULL);
    op = pvn_about_op(c, s->row, s->rows);
    if (!op)
        return PVN_ANSWER;
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next about_read(pvn_call *c, stream *s)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    return show_rows(c, s, op->u.read_about.about);
}

/* ---- rows and events ---- */

/* Go on behind these rows: from their last time on, without those of that
 * time that were seen. Counting from the start would take longer each round. */
static void advance(stream *s, const pvn_request *const *row, size_t len)
{
    int64_t last = row[len - 1]->created_ms;
    size_t same = 0;

    while (same < len && row[len - 1 - same]->created_ms == last)
        same++;
    if (!(s->scan.set & PVN_F_FROM) || s->scan.created_from_ms != last)
        s->scan.offset = 0;
    s->scan.set |= PVN_F_FROM;
    s->scan.created_from_ms = last;
    s->scan.offset += (int64_t)same;
}

static pvn_next rows_read(pvn_call *c, stream *s)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_requests *u = &op->u.read_requests;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    s->whole = u->requests_len < ROUND;
    if (u->requests_len > 0)
        advance(s, u->requests, u->requests_len);
    for (size_t i = 0; i < u->requests_len; i++)
        if (!keep(s, u->requests[i]))
            return no_memory(c);
    return ask_about(c, s);
}

static bool is_new(const provernet_id *ids, size_t n, const provernet_id *id)
{
    if (pvn_id_none(id))
        return false;
    for (size_t i = 0; i < n; i++)
        if (pvn_id_equal(&ids[i], id))
            return false;
    return true;
}

static pvn_next wait(pvn_call *c, stream *s)
{
    pvn_park p = { .on = PVN_PARK_EVENTS };

    p.until_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c))) + LOOK_MS;
    s->step = PARKED;
    pvn_call_park(c, &p);
    return PVN_PARK;
}

/* Each request that something happened to is read once. */
static pvn_next events_read(pvn_call *c, stream *s)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    provernet_id ids[EVENTS];
    size_t n = 0;

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (op->u.read_events.events_len == 0)
        return wait(c, s);
    for (const pvn_event *e = op->u.read_events.events; e; e = e->next) {
        s->seq = e->seq;
        if (n < EVENTS && is_new(ids, n, &e->request))
            ids[n++] = e->request;
    }
    if (n == 0)
        return ask_events(c, s, false);
    for (size_t i = 0; i < n; i++) {
        pvn_op *read = pvn_succinct_op(c, PVN_OP_READ_REQUEST);

        if (!read)
            return PVN_ANSWER;
        read->u.read_request.id = ids[i];
        pvn_call_op(c, read);
    }
    s->step = CHANGED;
    return PVN_OP;
}

static pvn_next changed(pvn_call *c, stream *s)
{
    for (size_t i = 0; i < pvn_call_ops_len(c); i++) {
        const pvn_op *op = pvn_call_op_at(c, i);

        if (op->err.status != PROVERNET_OK)
            return pvn_call_fail_with(c, &op->err);
        if (op->u.read_request.request && !keep(s, op->u.read_request.request))
            return no_memory(c);
    }
    return ask_about(c, s);
}

static pvn_next look_on(pvn_call *c, stream *s)
{
    return s->whole ? ask_events(c, s, false) : ask_rows(c, s);
}

/* ---- the call ---- */

static pvn_next woken(pvn_call *c, stream *s)
{
    int64_t now = pvn_now_ms(pvn_node_env(pvn_call_node(c)));
    int64_t deadline = pvn_call_deadline(c);
    pvn_park rest = { .on = PVN_PARK_TIME };
    const char *why;

    if (pvn_node_health(pvn_call_node(c), &why) == PVN_DRAINING)
        return pvn_call_fail(c, PROVERNET_ERR_UNAVAILABLE,
                             "the server is shutting down\nhelp: subscribe "
                             "again");
    if (deadline && now >= deadline)
        return pvn_call_fail(c, PROVERNET_ERR_TIMEOUT,
                             "the time of this call is over");
    if (now >= s->looked_ms && now - s->looked_ms < PACE_MS) {
        rest.until_ms = s->looked_ms + PACE_MS;
        pvn_call_park(c, &rest);
        return PVN_PARK;
    }
    s->looked_ms = now;
    return ask_events(c, s, false);
}

pvn_next pvn_succinct_subscribe_begin(pvn_call *c)
{
    stream *s = pvn_arena_alloc(pvn_call_arena(c), sizeof *s);

    if (!s)
        return no_memory(c);
    pvn_call_keep(c, 1, s);
    s->ask = pvn_pb_unpack(
        c, &types__get_filtered_proof_requests_request__descriptor,
        pvn_call_message(c));
    if (!s->ask)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_list_prepare(c, s->ask, &s->filter))
        return PVN_ANSWER;
    s->scan = s->filter;
    return ask_events(c, s, true);
}

static pvn_next seq_read(pvn_call *c, stream *s)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (op->u.read_events.events)
        s->seq = op->u.read_events.events->seq;
    s->step = HEAD;
    return pvn_call_stream(c);
}

pvn_next pvn_succinct_subscribe_resume(pvn_call *c)
{
    stream *s = pvn_call_kept(c, 1);

    switch (s->step) {
    case SEQ:
        return seq_read(c, s);
    case HEAD:
        return ask_rows(c, s);
    case ROWS:
        return rows_read(c, s);
    case ABOUT:
        return about_read(c, s);
    case EVENTS_READ:
        return events_read(c, s);
    case CHANGED:
        return changed(c, s);
    case PARKED:
        return woken(c, s);
    case SHOWN:
    default:
        return look_on(c, s);
    }
}

void pvn_succinct_subscribe_close(pvn_call *c)
{
    stream *s = pvn_call_kept(c, 1);

    if (s)
        pvn_arena_free(&s->round);
}
