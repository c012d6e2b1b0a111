/* protocol/contemplant/serve.c - /ws: a Contemplant registers, beats, works
 * and goes. Includes session.h, base/settings.h.
 *
 * One session is one connection. It waits in PVN_PARK; messages, ready work
 * and the clock wake it. Everything that ends it goes through pvn_ct_end. */
#include "protocol/contemplant/session.h"
#include "protocol/contemplant/skin.h"
#include "base/settings.h"
#include <stdio.h>
#include <stdlib.h>

enum { REGISTER_MS = 15000, IN_MEMORY = sizeof(pvn_ct) };

int64_t pvn_ct_now(const pvn_call *c)
{
    return pvn_now_ms(pvn_node_env(pvn_call_node(c)));
}

static int64_t setting(const pvn_call *c, pvn_setting s)
{
    return pvn_setting_int(pvn_node_options(pvn_call_node(c)), s);
}

pvn_op *pvn_ct_op(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_op_new(type);

    if (op)
        pvn_call_op(c, op);
    return op;
}

/* ---- the table ---- */

static void *make_table(pvn_node *n)
{
    pvn_ct_table *t = calloc(1, sizeof *t);

    (void)n;
    if (t)
        pvn_lock_init(&t->lock);
    return t;
}

static void free_table(void *thing)
{
    pvn_ct_table *t = thing;

    pvn_lock_end(&t->lock);
    free(t);
}

pvn_ct_table *pvn_ct_table_of(pvn_node *n)
{
    return pvn_node_slot(n, PVN_PROTOCOL_CONTEMPLANT, make_table, free_table);
}

/* With the lock held. */
static bool name_taken(const pvn_ct_table *t, const pvn_ct_live *live)
{
    for (const pvn_ct_live *o = t->first; o; o = o->next)
        if (strcmp(o->name, live->name) == 0 &&
            strcmp(o->origin, live->origin) == 0)
            return true;
    return false;
}

void pvn_ct_enter(pvn_ct_table *t, pvn_ct_live *live)
{
    size_t len = strlen(live->name);

    pvn_lock_take(&t->lock);
    for (unsigned n = 2; name_taken(t, live) && n < 100000; n++)
        snprintf(live->name + len, sizeof live->name - len, "-%u", n);
    live->next = t->first;
    live->at = &t->first;
    if (live->next)
        live->next->at = &live->next;
    t->first = live;
    pvn_lock_give(&t->lock);
}

void pvn_ct_leave(pvn_ct_table *t, pvn_ct_live *live)
{
    pvn_lock_take(&t->lock);
    if (live->at) {
        *live->at = live->next;
        if (live->next)
            live->next->at = live->at;
    }
    live->at = NULL;
    pvn_lock_give(&t->lock);
}

bool pvn_ct_find(pvn_ct_table *t, const provernet_id *worker, pvn_ct_live *out)
{
    bool found = false;

    pvn_lock_take(&t->lock);
    for (const pvn_ct_live *o = t->first; o && !found; o = o->next) {
        found = pvn_id_equal(&o->worker, worker);
        if (found)
            *out = *o;
    }
    pvn_lock_give(&t->lock);
    return found;
}

void pvn_ct_show(pvn_ct *x)
{
    pvn_lock_take(&x->table->lock);
    x->live.busy = x->state == PVN_CT_BUSY || x->state == PVN_CT_HANDING;
    pvn_lock_give(&x->table->lock);
}

/* ---- the end ---- */

static pvn_op *dead_op(pvn_call *c, const pvn_ct *x, const char *why)
{
    pvn_op *op = pvn_op_new(PVN_OP_RECORD_PUT);
    pvn_op_record_put *u;
    int64_t now = pvn_ct_now(c);
    uint8_t key[16];
    pvn_buf b = { 0 };

    if (!op)
        return NULL;
    u = &op->u.record_put;
    pvn_put_u64be(key, (uint64_t)(INT64_MAX - now)); /* the newest first */
    pvn_random(pvn_node_env(pvn_call_node(c)), key + 8, 8);
    pvn_buf_text(&b, "[");
    pvn_buf_json(&b, x->peer, strlen(x->peer));
    pvn_buf_text(&b, ",");
    pvn_ct_json_worker(&b, x);
    pvn_buf_format(&b, ",\"version\":\"%s\",\"died_ms\":%lld,\"reason\":",
                   x->version, (long long)now);
    pvn_buf_json(&b, why, strlen(why));
    pvn_buf_text(&b, "}]");
    u->protocol = PVN_PROTOCOL_CONTEMPLANT;
    u->kind = PVN_CT_DEAD;
    u->key = pvn_bytes_of(pvn_arena_copy(&op->arena, key, sizeof key), 16);
    u->value = pvn_bytes_of(
        b.failed ? NULL : pvn_arena_copy(&op->arena, b.data, b.len), b.len);
    u->expires_ms = now + pvn_node_rules(pvn_call_node(c))->event_retention_ms;
    pvn_buf_free(&b);
    if (u->key.data && u->value.data)
        return op;
    pvn_op_free(op);
    return NULL;
}

static pvn_op *bye_op(const pvn_ct *x, bool lost, const char *why)
{
    pvn_op *op =
        pvn_id_none(&x->live.worker) ? NULL : pvn_op_new(PVN_OP_WORKER_BYE);

    if (!op)
        return NULL;
    op->u.worker_bye.worker = x->live.worker;
    op->u.worker_bye.lost = lost;
    op->u.worker_bye.why = pvn_arena_text(&op->arena, why);
    return op;
}

/* Nothing waits for these: the connection may be gone already. Those who took
 * its name meanwhile are not touched: it leaves the table last. */
static void farewell(pvn_call *c, pvn_ct *x, bool lost, const char *why)
{
    pvn_op *ops[2] = { bye_op(x, lost, why), dead_op(c, x, why) };
    const pvn_env *env = pvn_node_env(pvn_call_node(c));

    pvn_log(env, lost ? PVN_WARN : PVN_INFO, "contemplant.gone",
            "name=%s peer=%s why=%s",
            x->live.name[0] ? x->live.name : x->message.name, x->peer, why);
    pvn_node_post(pvn_call_node(c), ops, 2);
    if (!pvn_id_none(&x->live.worker)) /* it had registered */
        pvn_ct_magister_tell(c, x);
    x->state = PVN_CT_OVER;
    pvn_ct_leave(x->table, &x->live);
}

pvn_next pvn_ct_end(pvn_call *c, pvn_ct *x, int code, bool lost,
                    const char *fmt, ...)
{
    char why[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    if (x->state != PVN_CT_OVER)
        farewell(c, x, lost, why);
    return pvn_message_hang_up(c, code, why);
}

pvn_next pvn_ct_nomem(pvn_call *c, pvn_ct *x)
{
    return pvn_ct_end(c, x, 1013, false, "the server is out of memory");
}

/* ---- the clock ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t minutes(int64_t ms)
{
    return ms / 60000;
}

/* In the order of Hierophant's rules. false: it may stay. */
static bool dropped(pvn_call *c, pvn_ct *x, int64_t now, pvn_next *next)
{
    int64_t strikes = setting(c, PVN_SET_CONTEMPLANT_STRIKES_MAX);
    int64_t silence = setting(c, PVN_SET_CONTEMPLANT_SILENCE);
    int64_t limit = setting(c, PVN_SET_CONTEMPLANT_PROOF_TIMEOUT);
    int64_t progress = setting(c, PVN_SET_CONTEMPLANT_PROGRESS_TIMEOUT);
    bool busy = x->state == PVN_CT_BUSY;

    if (x->live.strikes >= strikes)
        *next = pvn_ct_end(
            c, x, 1008, true,
            "%u status questions were not answered within %lld ms each "
            "(contemplant.strikes_max)",
            x->live.strikes, (long long)setting(c, PVN_SET_CONTEMPLANT_ANSWER));
    else if (now - x->heard_ms >= silence)
        *next = pvn_ct_end(c, x, 1008, true,
                           "no heartbeat for %lld s (contemplant.silence)",
                           (long long)(now - x->heard_ms) / 1000);
    else if (busy && now - x->began_ms >= limit)
        *next = pvn_ct_end(c, x, 1008, true,
                           "one proof took more than %lld minutes "
                           "(contemplant.proof_timeout)",
                           (long long)minutes(limit));
    else if (busy && progress > 0 && now - x->progress_ms >= progress)
        *next = pvn_ct_end(c, x, 1008, true,
                           "no progress for %lld s "
                           "(contemplant.progress_timeout)",
                           (long long)(now - x->progress_ms) / 1000);
    else
        return false;
    return true;
}

static void ask(pvn_call *c, pvn_ct *x, int64_t now)
{
    uint8_t question[PVN_CT_QUESTION];

    pvn_answer_body(c, question, pvn_ct_question(question, x->work.id));
    pvn_message_end(c);
    x->asked_ms = now;
}

static void strike(pvn_ct *x)
{
    pvn_lock_take(&x->table->lock);
    x->live.strikes++;
    pvn_lock_give(&x->table->lock);
}

/* Ask how far it is, but only one question at a time and none while the job
 * itself is still on its way. */
static void question(pvn_call *c, pvn_ct *x, int64_t now)
{
    int64_t patience = setting(c, PVN_SET_CONTEMPLANT_ANSWER);

    if (x->asked_ms && now - x->asked_ms >= patience) {
        x->asked_ms = 0;
        x->ask_ms = now;
        strike(x);
    }
    if (pvn_message_waits(c)) {
        x->ask_ms = now + setting(c, PVN_SET_CONTEMPLANT_POLL);
        if (x->asked_ms)
            return;
    } else if (!x->asked_ms && now >= x->ask_ms) {
        ask(c, x, now);
    }
}

static int64_t next_look(pvn_call *c, const pvn_ct *x, int64_t now)
{
    int64_t next = x->heard_ms + setting(c, PVN_SET_CONTEMPLANT_SILENCE);
    int64_t progress = setting(c, PVN_SET_CONTEMPLANT_PROGRESS_TIMEOUT);
    int64_t third = pvn_node_rules(pvn_call_node(c))->lease_ttl_ms / 3;

    if (x->state == PVN_CT_NEW)
        return x->opened_ms + REGISTER_MS;
    if (x->state == PVN_CT_HANDING)
        return earlier(next, x->ask_ms);
    if (x->state != PVN_CT_BUSY)
        return next;
    next = earlier(
        next, x->asked_ms ? x->asked_ms + setting(c, PVN_SET_CONTEMPLANT_ANSWER)
                          : x->ask_ms);
    next = earlier(next,
                   x->began_ms + setting(c, PVN_SET_CONTEMPLANT_PROOF_TIMEOUT));
    if (progress > 0)
        next = earlier(next, x->progress_ms + progress);
    if (!x->work.unwanted)
        next = earlier(next, x->renewed_ms + third);
    return next > now ? next : now + 1;
}

static pvn_next wait(pvn_call *c, pvn_ct *x)
{
    pvn_park park = { .on = PVN_PARK_TIME };

    park.until_ms = next_look(c, x, pvn_ct_now(c));
    if (x->state == PVN_CT_IDLE) {
        park.on = PVN_PARK_WORK;
        park.kinds = x->kinds;
    }
    x->then = NULL;
    pvn_call_park(c, &park);
    return PVN_PARK;
}

pvn_next pvn_ct_go(pvn_call *c, pvn_ct *x)
{
    int64_t now = pvn_ct_now(c);
    int64_t third = pvn_node_rules(pvn_call_node(c))->lease_ttl_ms / 3;
    pvn_next next;

    if (x->state == PVN_CT_NEW && now - x->opened_ms >= REGISTER_MS)
        return pvn_ct_end(c, x, 1008, false, "no Register came within %d s",
                          REGISTER_MS / 1000);
    if (x->state == PVN_CT_NEW)
        return wait(c, x);
    if (x->state == PVN_CT_BUSY)
        question(c, x, now);
    if (dropped(c, x, now, &next))
        return next;
    if (x->state == PVN_CT_BUSY && !x->work.unwanted &&
        now - x->renewed_ms >= third)
        return pvn_ct_renew(c, x);
    if (x->state == PVN_CT_IDLE && x->look)
        return pvn_ct_lease(c, x);
    if (x->state == PVN_CT_HANDING && now >= x->ask_ms)
        return pvn_ct_hand_in(c, x);
    return wait(c, x);
}

/* ---- Register ---- */

/* "10.0.0.1:4000" -> "10.0.0.1", "[::1]:4000" -> "::1". */
static bool host_of(const char *peer, char *out, size_t cap)
{
    const char *colon = strrchr(peer, ':');
    size_t len = colon ? (size_t)(colon - peer) : strlen(peer);

    if (len > 2 && *peer == '[' && peer[len - 1] == ']') {
        peer++;
        len -= 2;
    }
    if (len == 0 || len >= cap)
        return false;
    memcpy(out, peer, len);
    out[len] = '\0';
    return true;
}

/* It proves no key: where it comes from is all that is known. */
static bool may_work(pvn_call *c, const char *host)
{
    const provernet_options *o = pvn_node_options(pvn_call_node(c));
    const char *hosts = pvn_setting_text(o, PVN_SET_CONTEMPLANT_ALLOW);

    if (*hosts)
        return pvn_list_has(hosts, host);
    return !*pvn_setting_text(o, PVN_SET_WORKER_ALLOW);
}

static bool fill_hello(pvn_call *c, const pvn_ct *x, pvn_op *op)
{
    pvn_op_worker_hello *u = &op->u.worker_hello;
    pvn_buf b = { 0 };

    pvn_buf_text(&b, "{\"peer\":");
    pvn_buf_json(&b, x->peer, strlen(x->peer));
    pvn_buf_format(&b, ",\"vms\":%u,\"groth16\":%s,\"drop\":", x->vms,
                   x->groth16 ? "true" : "false");
    pvn_buf_json(&b, x->drop, strlen(x->drop));
    pvn_buf_text(&b, "}");
    pvn_buf_add(&b, "", 1);
    pvn_id_new(pvn_node_env(pvn_call_node(c)), &u->id);
    u->origin = pvn_arena_text(&op->arena, x->live.origin);
    u->name = pvn_arena_text(&op->arena, x->live.name);
    u->kinds = pvn_arena_text(&op->arena, x->kinds);
    u->devices =
        b.failed ? NULL : pvn_arena_text(&op->arena, (const char *)b.data);
    u->version = pvn_arena_format(&op->arena, "contemplant %s", x->version);
    u->slots = 1;
    u->fresh = true; /* a Contemplant ends with its connection */
    pvn_buf_free(&b);
    return u->origin && u->name && u->kinds && u->devices && u->version;
}

static pvn_next registered(pvn_call *c, pvn_ct *x)
{
    const pvn_op *op = x->op;

    if (op->err.status) {
        char why[sizeof op->err.message];

        memcpy(why, op->err.message, sizeof why);
        return pvn_ct_end(c, x, 1008, false, "%.120s", why);
    }
    pvn_lock_take(&x->table->lock);
    x->live.worker = op->u.worker_hello.worker;
    pvn_lock_give(&x->table->lock);
    x->state = PVN_CT_IDLE;
    x->look = true;
    x->heard_ms = pvn_ct_now(c);
    pvn_log(pvn_node_env(pvn_call_node(c)), PVN_INFO, "contemplant.here",
            "name=%s peer=%s version=%s kinds=%s", x->live.name, x->peer,
            x->version, x->kinds);
    return pvn_ct_go(c, x);
}

static bool set_kinds(pvn_call *c, pvn_ct *x)
{
    const provernet_options *o = pvn_node_options(pvn_call_node(c));
    pvn_buf b = { 0 };
    bool ok;

    pvn_ct_kinds(&b, &x->message, pvn_setting_text(o, PVN_SET_CONTEMPLANT_SP1),
                 pvn_setting_text(o, PVN_SET_CONTEMPLANT_RISC0));
    ok = !b.failed && b.len > 0 && b.len < sizeof x->kinds;
    if (ok) {
        memcpy(x->kinds, b.data, b.len);
        x->kinds[b.len] = '\0';
    }
    pvn_buf_free(&b);
    return ok;
}

static pvn_next on_register(pvn_call *c, pvn_ct *x)
{
    const pvn_ct_message *m = &x->message;
    char host[PVN_CT_PEER];

    if (x->state != PVN_CT_NEW)
        return pvn_ct_end(c, x, 1008, true, "it registered twice");
    x->vms = m->vms;
    x->groth16 = m->groth16;
    memcpy(x->version, m->version, sizeof x->version);
    memcpy(x->drop, m->drop, sizeof x->drop);
    snprintf(x->live.name, sizeof x->live.name, "%s",
             m->name[0] ? m->name : "judas");
    if (m->old || strncmp(m->version, "7.", 2) != 0)
        return pvn_ct_end(c, x, 1008, false,
                          "protocol version %s, this server speaks 7.x",
                          m->version);
    if (!host_of(x->peer, host, sizeof host) || !may_work(c, host))
        return pvn_ct_end(c, x, 1008, false,
                          "Contemplants of this host may not work here "
                          "(contemplant.allow, worker.allow)");
    if (!set_kinds(c, x))
        return pvn_ct_end(c, x, 1008, false,
                          "it proves nothing that is served here "
                          "(contemplant.sp1, contemplant.risc0)");
    snprintf(x->live.origin, sizeof x->live.origin, "%s%s", PVN_CT_ORIGIN,
             host);
    pvn_ct_enter(x->table, &x->live);
    x->op = pvn_ct_op(c, PVN_OP_WORKER_HELLO);
    if (!x->op || !fill_hello(c, x, x->op))
        return pvn_ct_nomem(c, x);
    x->then = registered;
    return PVN_OP;
}

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
        return on_register(c, x);
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
    if (x->state == PVN_CT_NEW && x->then == registered && !x->op->err.status)
        x->live.worker = x->op->u.worker_hello.worker; /* nobody else will */
    if (x->state != PVN_CT_OVER && !pvn_id_none(&x->live.worker))
        farewell(c, x, x->live.busy,
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
