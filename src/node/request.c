/* node/request.c - requests without a wire: provernet/request.h over the
 * operations. Blocking; for application threads. */
#include "base/arena.h"
#include "crypto/crypto.h"
#include "node/inside.h"
#include <provernet/request.h>
#include <stdio.h>

/* ---- submit ---- */

static provernet_status check_wish(const provernet_wish *w,
                                   provernet_error *err)
{
    if (!w || w->struct_size < sizeof *w || !w->kind || !*w->kind)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "a wish needs struct_size and a kind, for example "
                        "\"groth16/bn254@1\"");
    if (strlen(w->kind) > 200)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the kind has %zu characters, at most 200 are allowed",
                        strlen(w->kind));
    if (pvn_id_none(&w->program))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "a wish needs a program artifact");
    if (w->inputs_len && !w->inputs)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "inputs is NULL, inputs_len is %zu", w->inputs_len);
    return PROVERNET_OK;
}

/* Same requester, same key: same bytes; nobody else's. */
static pvn_bytes dedup_of(pvn_arena *a, const provernet_wish *w)
{
    uint8_t *out = pvn_arena_alloc(a, 32);
    pvn_keccak k;

    if (!out)
        return pvn_bytes_of(NULL, 0);
    pvn_keccak_init(&k);
    pvn_keccak_add(&k, "api", 4);
    pvn_keccak_add(&k, w->requester20, sizeof w->requester20);
    pvn_keccak_add(&k, w->idempotency_key, strlen(w->idempotency_key));
    pvn_keccak_end(&k, out);
    return pvn_bytes_of(out, 32);
}

static bool fill_submit(provernet *n, pvn_op *op, const provernet_wish *w)
{
    pvn_op_request_submit *r = &op->u.request_submit;

    pvn_id_new(&n->env, &r->id);
    r->protocol = PVN_PROTOCOL_API;
    r->kind = pvn_arena_text(&op->arena, w->kind);
    r->program = w->program;
    r->inputs_len = w->inputs_len;
    r->inputs =
        pvn_arena_copy(&op->arena, w->inputs_len ? w->inputs : &w->program,
                       w->inputs_len * sizeof *w->inputs);
    memcpy(r->requester20, w->requester20, sizeof r->requester20);
    r->deadline_ms = w->deadline_ms;
    if (w->idempotency_key) {
        r->dedup = dedup_of(&op->arena, w);
        if (!r->dedup.data)
            return false;
    }
    return r->kind && r->inputs;
}

provernet_status provernet_submit(provernet *pn, provernet_id *id,
                                  const provernet_wish *w, provernet_error *err)
{
    provernet_status s = check_wish(w, err);
    pvn_op *op;

    if (s != PROVERNET_OK)
        return s;
    op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    if (!op || !fill_submit(pn, op, w)) {
        pvn_op_free(op);
        return pvn_nomem(err);
    }
    s = pvn_node_run(pn, &op, 1, err);
    if (s == PROVERNET_OK)
        *id = op->u.request_submit.id_out;
    pvn_op_free(op);
    return s;
}

provernet_status provernet_cancel(provernet *pn, provernet_id id,
                                  provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_CANCEL);
    provernet_status s;

    if (!op)
        return pvn_nomem(err);
    op->u.request_cancel.id = id;
    s = pvn_node_run(pn, &op, 1, err);
    pvn_op_free(op);
    return s;
}

/* ---- look and wait ---- */

static void why_waiting(provernet *n, const pvn_request *r,
                        provernet_request *out)
{
    char stage[32];
    int permille;

    out->waiting_for[0] = 0;
    if (r->state == PROVERNET_FULFILLED) {
        out->permille = 1000;
        return;
    }
    if (pvn_node_progress(n, &r->id, &permille, stage)) {
        out->permille = permille;
        snprintf(out->waiting_for, sizeof out->waiting_for, "%s", stage);
    }
    if (r->why && *r->why)
        snprintf(out->waiting_for, sizeof out->waiting_for, "%s", r->why);
    else if (r->assignable_ms == PVN_UNDER_AUCTION)
        snprintf(out->waiting_for, sizeof out->waiting_for, "a prover's bid");
    else if (r->state == PROVERNET_QUEUED && !r->assignable_ms)
        snprintf(out->waiting_for, sizeof out->waiting_for,
                 "no worker for %s has connected yet", r->kind);
    else if (r->state == PROVERNET_QUEUED)
        snprintf(out->waiting_for, sizeof out->waiting_for,
                 "a free worker for %s", r->kind);
    else if (r->state == PROVERNET_VERIFYING)
        snprintf(out->waiting_for, sizeof out->waiting_for,
                 "the verification of its proof");
}

static void fill(provernet *n, provernet_request *out, const pvn_request *r)
{
    out->id = r->id;
    out->proof = r->proof;
    out->state = (int32_t)r->state;
    out->cause = (int32_t)r->cause;
    out->permille = 0;
    out->created_ms = r->created_ms;
    out->deadline_ms = r->deadline_ms;
    out->eta_ms = r->state == PROVERNET_FULFILLED ? r->fulfilled_ms : 0;
    why_waiting(n, r, out);
}

/* *batch: the one that answered. */
static provernet_status look(provernet *n, provernet_request *out,
                             const provernet_id *id, uint64_t *batch,
                             provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    provernet_status s;
    char hex[33];

    if (!op)
        return pvn_nomem(err);
    op->u.read_request.id = *id;
    *batch = atomic_load(&n->batch); /* not later than the one that answers */
    s = pvn_node_run(n, &op, 1, err);
    if (s == PROVERNET_OK && !op->u.read_request.request)
        s = pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0, "there is no request %s",
                     pvn_hex(hex, id->bytes, sizeof id->bytes));
    if (s == PROVERNET_OK)
        fill(n, out, op->u.read_request.request);
    pvn_op_free(op);
    return s;
}

typedef struct sleeper {
    pvn_waiter waiter;
    pvn_wake wake;
} sleeper;

static void sleeper_wake(pvn_waiter *w)
{
    pvn_wake_post(&((sleeper *)w)->wake);
}

enum { WAIT_NAP_MS = 1000, STEP_NAP_MS = 2 };

/* Until the request changes, or for a while. Returns the real time that may
 * have passed: a test's clock may stand still. */
static int64_t doze(provernet *n, const provernet_id *id, uint64_t batch,
                    int64_t until_ms, int64_t left_ms)
{
    sleeper s = { .waiter = {
                      .seen = batch,
                      .wake = sleeper_wake,
                      .park = { .on = PVN_PARK_REQUEST,
                                .request = *id,
                                .state_mask = 1u << PROVERNET_FULFILLED |
                                              1u << PROVERNET_FAILED,
                                .until_ms = until_ms } } };
    int64_t nap = n->core.running ? WAIT_NAP_MS : STEP_NAP_MS;

    if (nap > left_ms)
        nap = left_ms;
    if (!pvn_parks_add(&n->parks, &s.waiter, pvn_now_ms(&n->env)))
        return 0;
    if (!n->core.running)
        pvn_node_step(n, pvn_now_ms(&n->env));
    if (pvn_wake_wait(&s.wake, nap))
        nap = 0;
    pvn_parks_remove(&n->parks, &s.waiter);
    return nap;
}

provernet_status provernet_wait(provernet *pn, provernet_request *out,
                                provernet_id id, int64_t timeout_ms,
                                provernet_error *err)
{
    int64_t left = timeout_ms < 0 ? INT64_MAX : timeout_ms, until, now;
    uint64_t batch = 0;
    provernet_status s;

    if (!out || out->struct_size < sizeof *out)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "provernet_request.struct_size is not set");
    now = pvn_now_ms(&pn->env);
    until = left > INT64_MAX - now ? INT64_MAX : now + left;
    for (;;) {
        s = look(pn, out, &id, &batch, err);
        if (s != PROVERNET_OK || out->state == PROVERNET_FULFILLED ||
            out->state == PROVERNET_FAILED || timeout_ms == 0)
            return s;
        if (left <= 0 || pvn_now_ms(&pn->env) >= until)
            return pvn_fail(err, PROVERNET_ERR_TIMEOUT, 0,
                            "the request is not settled after %lld ms: %s",
                            (long long)timeout_ms, out->waiting_for);
        /* what happens after the look carries a later number */
        left -= doze(pn, &id, batch + 1, until, left);
    }
}
