/* protocol/worker/serve.c - the one route of our workers: who speaks, is it
 * new, which verb. */
#include "protocol/worker/serve.h"
#include "protocol/worker/skin.h"
#include "base/settings.h"

enum { SWEEP_MAX = 16 };

/* ---- answering ---- */

static pvn_wire_seal down_seal(const pvn_asked *x)
{
    pvn_wire_seal seal = { .lane = x->lane, .counter = x->counter };

    if (x->session) {
        seal.session = x->session->keys.id;
        seal.key = x->session->keys.down;
    }
    return seal;
}

pvn_next pvn_asked_answer(pvn_call *c, pvn_asked *x)
{
    pvn_wire_seal seal = down_seal(x);
    pvn_bytes bytes = pvn_wire_pack(pvn_call_arena(c), &x->answer.base, &seal);

    if (!bytes.data)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "out of memory");
    if (x->entered)
        pvn_lane_done(x->table, x->session, x->lane, x->counter, bytes);
    x->entered = false;
    pvn_answer_field(c, "content-type", "application/x-protobuf");
    pvn_call_reply(c, bytes.data, bytes.len);
    return PVN_ANSWER;
}

pvn_next pvn_asked_fail_with(pvn_call *c, pvn_asked *x,
                             const provernet_error *err)
{
    char *text = pvn_arena_text(pvn_call_arena(c), err->message);

    provernet__worker__v1__answer__init(&x->answer);
    x->answer.status = err->status;
    if (text)
        x->answer.message = text;
    return pvn_asked_answer(c, x);
}

pvn_next pvn_asked_fail(pvn_call *c, pvn_asked *x, provernet_status s,
                        const char *fmt, ...)
{
    provernet_error err;
    va_list ap;

    va_start(ap, fmt);
    pvn_vfail(&err, s, 0, fmt, ap);
    va_end(ap);
    return pvn_asked_fail_with(c, x, &err);
}

pvn_next pvn_asked_nomem(pvn_call *c, pvn_asked *x)
{
    return pvn_asked_fail(c, x, PROVERNET_ERR_NOMEM, "out of memory");
}

pvn_next pvn_asked_hello_again(pvn_call *c, pvn_asked *x)
{
    provernet_status why = PROVERNET_ERR_NOT_FOUND;

    if (x->session && x->session->end_status)
        why = x->session->end_status;
    provernet__worker__v1__answer__init(&x->answer);
    x->answer.status = why;
    x->answer.hello = why == PROVERNET_ERR_NOT_FOUND;
    x->answer.over = !x->answer.hello;
    x->answer.message =
        x->answer.hello ? "this session is not known: say hello again"
                        : "another worker with this key and name took over\n"
                          "help: give each worker a worker.name of its own";
    return pvn_asked_answer(c, x);
}

/* ---- common to verbs ---- */

pvn_op *pvn_asked_op(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_op_new(type);

    if (op)
        pvn_call_op(c, op);
    return op;
}

bool pvn_asked_task(ProtobufCBinaryData task, provernet_id *out)
{
    return pvn_wire_id(task, out) && !pvn_id_none(out);
}

size_t pvn_asked_sweep(pvn_call *c, pvn_asked *x)
{
    const provernet_options *o = pvn_node_options(pvn_call_node(c));
    int64_t silence = pvn_setting_int(o, PVN_SET_LEASE_SILENCE);
    const pvn_env *env = pvn_node_env(pvn_call_node(c));
    provernet_id lost[SWEEP_MAX];
    size_t n, added = 0;

    n = pvn_sessions_sweep(x->table, pvn_now_ms(env), silence, lost, SWEEP_MAX);
    for (size_t i = 0; i < n; i++) {
        pvn_op *op = pvn_asked_op(c, PVN_OP_WORKER_BYE);
        char hex[33];

        if (!op)
            break;
        op->u.worker_bye.worker = lost[i];
        op->u.worker_bye.lost = true;
        op->u.worker_bye.why = pvn_arena_format(
            &op->arena, "silent for more than %lld ms", (long long)silence);
        pvn_log(env, PVN_WARN, "worker.lost", "worker=%s silence_ms=%lld",
                pvn_hex(hex, lost[i].bytes, 16), (long long)silence);
        added++;
    }
    return added;
}

static pvn_next tick_done(pvn_call *c, pvn_asked *x)
{
    return pvn_asked_answer(c, x);
}

pvn_next pvn_verb_tick(pvn_call *c, pvn_asked *x)
{
    x->then = tick_done;
    if (pvn_asked_sweep(c, x))
        return PVN_OP;
    return pvn_asked_answer(c, x);
}

static pvn_next bye_done(pvn_call *c, pvn_asked *x)
{
    const pvn_op *op = x->verb;

    pvn_worker_session_end(x->table, x->session, PROVERNET_OK,
                           pvn_now_ms(pvn_node_env(pvn_call_node(c))));
    if (op->err.status)
        return pvn_asked_fail_with(c, x, &op->err);
    return pvn_asked_answer(c, x);
}

pvn_next pvn_verb_bye(pvn_call *c, pvn_asked *x)
{
    pvn_op *op = pvn_asked_op(c, PVN_OP_WORKER_BYE);

    if (!op)
        return pvn_asked_nomem(c, x);
    op->u.worker_bye.worker = x->session->worker;
    op->u.worker_bye.why = pvn_arena_text(
        &op->arena, *x->ask->bye->why ? x->ask->bye->why : "it left");
    x->verb = op;
    x->then = bye_done;
    return PVN_OP;
}

/* ---- the way in ---- */

static pvn_next call_verb(pvn_call *c, pvn_asked *x)
{
    switch (x->ask->verb_case) {
    case PROVERNET__WORKER__V1__ASK__VERB_LEASE:
        return pvn_verb_lease(c, x);
    case PROVERNET__WORKER__V1__ASK__VERB_RENEW:
        return pvn_verb_renew(c, x);
    case PROVERNET__WORKER__V1__ASK__VERB_ISSUE:
        return pvn_verb_issue(c, x);
    case PROVERNET__WORKER__V1__ASK__VERB_COMPLETE:
        return pvn_verb_complete(c, x);
    case PROVERNET__WORKER__V1__ASK__VERB_FAIL:
        return pvn_verb_fail(c, x);
    case PROVERNET__WORKER__V1__ASK__VERB_BYE:
        return pvn_verb_bye(c, x);
    default:
        return pvn_asked_fail(c, x, PROVERNET_ERR_UNSUPPORTED,
                              "this server does not know the verb asked for");
    }
}

/* The message is the session's own: is it new? */
static pvn_next enter(pvn_call *c, pvn_asked *x)
{
    pvn_bytes again;

    switch (pvn_lane_enter(x->table, x->session, x->lane, x->counter,
                           pvn_call_arena(c), &again)) {
    case PVN_LANE_NEW:
        x->entered = true;
        return call_verb(c, x);
    case PVN_LANE_AGAIN:
        pvn_answer_field(c, "content-type", "application/x-protobuf");
        pvn_call_reply(c, again.data, again.len);
        return PVN_ANSWER;
    case PVN_LANE_BUSY:
        return pvn_asked_fail(c, x, PROVERNET_AGAIN,
                              "the same message is being worked on");
    case PVN_LANE_REPLAY:
        return pvn_asked_fail(c, x, PROVERNET_ERR_NONCE,
                              "message %llu of lane %u was replayed",
                              (unsigned long long)x->counter, x->lane);
    case PVN_LANE_NOMEM:
        break;
    }
    return pvn_asked_nomem(c, x);
}

static pvn_next with_session(pvn_call *c, pvn_asked *x,
                             const pvn_wire_envelope *e)
{
    pvn_wire_seal seal = { x->session->keys.id, x->session->keys.up, e->lane,
                           e->counter };
    pvn_peer *s = x->session;

    x->lane = e->lane;
    x->counter = e->counter;
    if (e->lane >= PVN_WIRE_LANES || !pvn_wire_sealed(e, &seal)) {
        /* A stranger: nothing that it says touches the session. */
        x->session = NULL;
        pvn_session_give(x->table, s);
        return pvn_asked_fail(c, x, PROVERNET_ERR_SIGNATURE,
                              "the message is not sealed by its session");
    }
    x->ask = pvn_wire_open_ask(pvn_call_arena(c), e, pvn_call_error(c));
    if (!x->ask)
        return pvn_asked_fail_with(c, x, pvn_call_error(c));
    if (x->ask->verb_case == PROVERNET__WORKER__V1__ASK__VERB_HELLO)
        return pvn_verb_hello(c, x, e);
    if (!pvn_session_heard(x->table, s,
                           pvn_now_ms(pvn_node_env(pvn_call_node(c)))))
        return pvn_asked_hello_again(c, x);
    return enter(c, x);
}

static pvn_next without_session(pvn_call *c, pvn_asked *x,
                                const pvn_wire_envelope *e)
{
    x->ask = pvn_wire_open_ask(pvn_call_arena(c), e, pvn_call_error(c));
    if (!x->ask)
        return pvn_asked_fail_with(c, x, pvn_call_error(c));
    switch (x->ask->verb_case) {
    case PROVERNET__WORKER__V1__ASK__VERB_CHALLENGE:
        return pvn_verb_challenge(c, x);
    case PROVERNET__WORKER__V1__ASK__VERB_HELLO:
        return pvn_verb_hello(c, x, e);
    case PROVERNET__WORKER__V1__ASK__VERB_TICK:
        return pvn_verb_tick(c, x);
    default:
        return pvn_asked_hello_again(c, x);
    }
}

static pvn_next begin(pvn_call *c)
{
    pvn_asked *x = pvn_arena_alloc(pvn_call_arena(c), sizeof *x);
    pvn_wire_envelope *e;

    if (!x)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "out of memory");
    provernet__worker__v1__answer__init(&x->answer);
    pvn_call_keep(c, 1, x);
    x->table = pvn_sessions_of(pvn_call_node(c));
    if (!x->table)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "out of memory");
    e = pvn_wire_open(pvn_call_arena(c), pvn_call_message(c),
                      pvn_call_error(c));
    if (!e)
        return pvn_asked_fail_with(c, x, pvn_call_error(c));
    if (e->session.len == PVN_SESSION_BYTES)
        x->session = pvn_session_find(x->table, pvn_wire_bytes(e->session));
    x->lane = e->lane;
    x->counter = e->counter;
    return x->session ? with_session(c, x, e) : without_session(c, x, e);
}

static pvn_next resume(pvn_call *c)
{
    pvn_asked *x = pvn_call_kept(c, 1);

    return x->then(c, x);
}

static void close_call(pvn_call *c)
{
    pvn_asked *x = pvn_call_kept(c, 1);

    if (!x)
        return;
    if (x->free_verb)
        x->free_verb(x->verb);
    if (x->entered)
        pvn_lane_drop(x->table, x->session, x->lane, x->counter);
    if (x->table)
        pvn_session_give(x->table, x->session);
}

static const pvn_route routes[] = {
    { .method = "POST",
      .path = PVN_WORKER_PATH,
      .body_max = PVN_WIRE_MESSAGE_MAX,
      .begin = begin,
      .resume = resume,
      .close = close_call },
};

const pvn_skin pvn_skin_worker = {
    .name = "worker",
    .routes = routes,
    .routes_len = sizeof routes / sizeof routes[0],
};
