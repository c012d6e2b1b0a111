/* protocol/contemplant/serve.c - /ws: a Contemplant registers, beats, works
 * and goes. Includes session.h.
 *
 * One session is one connection. It waits in PVN_PARK; messages, ready work
 * and the clock wake it. Everything that ends it goes through pvn_ct_end. */
#include "protocol/contemplant/session.h"
#include "protocol/contemplant/skin.h"
#include <stdio.h>
#include <stdlib.h>

enum { IN_MEMORY = sizeof(pvn_ct) };

int64_t pvn_ct_now(const pvn_call *c)
{
    return pvn_now_ms(pvn_node_env(pvn_call_node(c)));
}

pvn_op *pvn_ct_op(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_op_new(type);

    if (op)
        pvn_call_op(c, op);
    return op;
}

/* ---- messages ---- */

static pvn_next on_heartbeat(pvn_call *c, pvn_ct *x)
{
    if (x->state == PVN_CT_NEW)
        return pvn_ct_end(c, x, 1008, false,
                          "a heartbeat without a Register that could be "
                          "understood: protocol 7.x is spoken here");
    x->heard_ms = pvn_ct_now(c);
    return pvn_ct_go(c, x);
}

/* ---- the route ---- */

static pvn_next begin(pvn_call *c)
{
    pvn_node *n = pvn_call_node(c);
    pvn_ct *x;

    if (pvn_node_takes_new(n, pvn_call_error(c)) != PROVERNET_OK)
        return pvn_call_fail_with(c, pvn_call_error(c));
    if (!pvn_call_charge(c, IN_MEMORY))
        return PVN_ANSWER;
    x = calloc(1, sizeof *x);
    if (!x)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "out of memory");
    pvn_call_keep(c, 1, x);
    x->table = pvn_ct_table_of(n);
    if (!x->table) {
        x->state = PVN_CT_OVER;
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "out of memory");
    }
    snprintf(x->peer, sizeof x->peer, "%s", pvn_call_request(c)->peer);
    x->opened_ms = x->heard_ms = pvn_ct_now(c);
    pvn_message_accept(c, "binary");
    return pvn_ct_go(c, x);
}

/* A piece of a message. Whatever was waited for is waited for again. */
static pvn_next body(pvn_call *c, const void *data, size_t len)
{
    pvn_ct *x = pvn_call_kept(c, 1);
    const uint8_t *p = data, *piece;
    size_t n, piece_len;

    for (; len > 0; p += n, len -= n) {
        n = pvn_ct_feed(&x->reader, p, len, &piece, &piece_len);
        if (piece_len)
            pvn_ct_proof_piece(c, x, piece, piece_len);
    }
    return pvn_ct_go(c, x);
}

static pvn_next end(pvn_call *c)
{
    pvn_ct *x = pvn_call_kept(c, 1);
    provernet_error *err = pvn_call_error(c);

    if (pvn_ct_read(&x->reader, &x->message, err) != PROVERNET_OK) {
        pvn_ct_proof_drop(x);
        pvn_log(pvn_node_env(pvn_call_node(c)), PVN_WARN, "contemplant.skipped",
                "name=%s peer=%s why=%s", x->live.name, x->peer, err->message);
        return pvn_ct_go(c, x);
    }
    switch (x->message.type) {
    case PVN_CT_REGISTER:
        return pvn_ct_register(c, x);
    case PVN_CT_HEARTBEAT:
        return on_heartbeat(c, x);
    case PVN_CT_STATUS:
    default:
        if (x->state == PVN_CT_NEW)
            return pvn_ct_end(c, x, 1008, false, "an answer before a Register");
        return pvn_ct_answered(c, x);
    }
}

static pvn_next resume(pvn_call *c)
{
    pvn_ct *x = pvn_call_kept(c, 1);
    pvn_next (*then)(pvn_call *, pvn_ct *) = x->then;

    x->then = NULL;
    if (then)
        return then(c, x);
    x->look = true; /* parked: there may be work */
    return pvn_ct_go(c, x);
}

static void close_call(pvn_call *c)
{
    pvn_ct *x = pvn_call_kept(c, 1);

    if (!x)
        return;
    if (pvn_ct_registering(x) && !x->op->err.status)
        x->live.worker = x->op->u.worker_hello.worker; /* nobody else will */
    if (x->state != PVN_CT_OVER && !pvn_id_none(&x->live.worker))
        pvn_ct_farewell(c, x, x->live.busy,
                        x->live.busy ? "the connection ended in mid-proof"
                                     : "the connection ended");
    else if (x->live.at) /* while it registered */
        pvn_ct_leave(x->table, &x->live);
    pvn_ct_work_close(&x->work);
    pvn_ct_proof_drop(x);
    free(x);
}

enum { SMALL_BODY = 65536 };

#define PAGE(where, name)                                                      \
    {                                                                          \
        .method = "GET", .path = (where), .body_max = SMALL_BODY,              \
        .begin = pvn_ct_##name##_begin, .resume = pvn_ct_##name##_resume       \
    }

static const pvn_route routes[] = {
    { .method = "GET",
      .path = "/ws",
      .flags = PVN_ROUTE_STREAM | PVN_ROUTE_MESSAGES,
      .body_max = UINT64_MAX,
      .begin = begin,
      .body = body,
      .end = end,
      .resume = resume,
      .close = close_call },
    PAGE("/contemplants", contemplants),
    PAGE("/dead-contemplants", dead),
    PAGE("/proof-history", history),
    { .method = "GET",
      .path = "/health",
      .body_max = SMALL_BODY,
      .begin = pvn_ct_health_begin },
};

const pvn_skin pvn_skin_contemplant = {
    .name = "contemplant",
    .routes = routes,
    .routes_len = sizeof routes / sizeof *routes,
};
