/* protocol/worker/hello.c - a worker proves who it is, once. */
#include "base/settings.h"
#include "crypto/crypto.h"
#include "protocol/worker/serve.h"

enum { NAME_MAX_BYTES = 64, KINDS_MAX_BYTES = 1024, TEXT_MAX = 4096 };
enum { HELD_READ_MAX = 64, SLOTS_MAX = 1024 };

pvn_next pvn_verb_challenge(pvn_call *c, pvn_asked *x)
{
    const Provernet__Worker__V1__ChallengeAsk *ask = x->ask->challenge;
    Provernet__Worker__V1__ChallengeAnswer *out =
        pvn_arena_alloc(pvn_call_arena(c), sizeof *out);
    uint8_t *challenge =
        pvn_arena_alloc(pvn_call_arena(c), PVN_CHALLENGE_BYTES);

    if (!out || !challenge)
        return pvn_asked_nomem(c, x);
    if (ask->version_min > PVN_WIRE_VERSION ||
        ask->version_max < PVN_WIRE_VERSION)
        return pvn_asked_fail(
            c, x, PROVERNET_ERR_UNSUPPORTED,
            "the worker speaks versions %u to %u of the wire, this server "
            "speaks %d\nhelp: use a worker of the server's release",
            ask->version_min, ask->version_max, PVN_WIRE_VERSION);
    pvn_challenge_make(challenge, x->table->challenge_key,
                       pvn_node_env(pvn_call_node(c)));
    provernet__worker__v1__challenge_answer__init(out);
    out->version = PVN_WIRE_VERSION;
    out->challenge = pvn_wire_data(challenge, PVN_CHALLENGE_BYTES);
    out->server_key = pvn_wire_data(x->table->key.open, 32);
    x->answer.challenge = out;
    return pvn_asked_answer(c, x);
}

typedef struct hello {
    pvn_op *hello;
    pvn_op *read[HELD_READ_MAX];
    size_t reads;
} hello;

/* Letters, digits and a few marks: it is shown to people and is part of keys
 * and logs. */
static bool printable(const char *s, size_t max)
{
    size_t len = strlen(s);

    if (len > max)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return false;
    return true;
}

static provernet_status check_form(const pvn_wire_hello *h,
                                   provernet_error *err)
{
    if (h->version != PVN_WIRE_VERSION)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "hello has version %u, expected %d", h->version,
                        PVN_WIRE_VERSION);
    if (h->challenge.len != PVN_CHALLENGE_BYTES || h->server_key.len != 32 ||
        h->worker_key.len != 32 || h->signature.len != 65 ||
        h->instance.len != PVN_INSTANCE_BYTES)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "a field of the hello has a wrong length");
    if (!h->name[0] || !printable(h->name, NAME_MAX_BYTES))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the worker's name must have 1 to %d printable bytes",
                        NAME_MAX_BYTES);
    if (!h->kinds[0] || !printable(h->kinds, KINDS_MAX_BYTES) ||
        !printable(h->devices, TEXT_MAX) || !printable(h->software, TEXT_MAX))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the worker's kinds must have 1 to %d printable bytes",
                        KINDS_MAX_BYTES);
    if (h->slots < 1 || h->slots > SLOTS_MAX)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "worker.slots is %u, allowed is 1 to %d", h->slots,
                        SLOTS_MAX);
    if (h->n_held > 2 * SLOTS_MAX)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the hello names %zu leases, allowed are %d", h->n_held,
                        2 * SLOTS_MAX);
    return PROVERNET_OK;
}

void pvn_worker_own_secret(pvn_node *n, uint8_t secret32[32])
{
    static const uint8_t none[PVN_SESSION_BYTES];

    pvn_message_mac(secret32, pvn_node_ticket_key(n), none, 0, 0,
                    pvn_bytes_of("in-process worker", 17));
    /* Below the group order, whatever came out. */
    secret32[0] &= 0x7f;
}

static bool is_own(pvn_node *n, const uint8_t addr20[20])
{
    uint8_t secret[32], own[20];
    provernet_key *k = NULL;
    bool same = false;

    pvn_worker_own_secret(n, secret);
    if (provernet_key_new(&k, secret, NULL) == PROVERNET_OK) {
        provernet_key_address(k, own);
        same = memcmp(own, addr20, 20) == 0;
    }
    provernet_key_free(k);
    pvn_wipe(secret, sizeof secret);
    return same;
}

/* Is the key it has one that may work here? */
static provernet_status check_key(pvn_call *c, const pvn_asked *x,
                                  const pvn_wire_hello *h, uint8_t addr20[20],
                                  provernet_error *err)
{
    pvn_node *n = pvn_call_node(c);
    const char *allow =
        pvn_setting_text(pvn_node_options(n), PVN_SET_WORKER_ALLOW);
    char text[PVN_HELLO_TEXT_MAX], address[43];
    provernet_status rc;
    int64_t made;
    size_t len;

    rc = pvn_challenge_check(h->challenge.data, x->table->challenge_key,
                             pvn_now_ms(pvn_node_env(n)), &made, err);
    if (rc)
        return rc;
    if (memcmp(h->server_key.data, x->table->key.open, 32) != 0)
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "the hello is meant for another server key");
    len = pvn_hello_text(text, h->challenge.data, h->server_key.data,
                         h->worker_key.data);
    rc = provernet_recover(addr20, h->signature.data, text, len, err);
    if (rc)
        return rc;
    pvn_address_text(address, addr20);
    if (*allow && !pvn_list_has(allow, address) && !is_own(n, addr20))
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "%s may not work for this server\n"
                        "help: its operator can add it to worker.allow",
                        address);
    if (pvn_list_has(h->kinds, "*") && !pvn_node_rules(n)->mock)
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "this server does not believe mock workers\n"
                        "help: start it with --mock, or name worker.kinds");
    return PROVERNET_OK;
}

static provernet_status derive(const pvn_asked *x, const pvn_wire_hello *h,
                               const pvn_wire_envelope *e,
                               pvn_session_keys *keys, provernet_error *err)
{
    pvn_wire_seal seal = { keys->id, keys->up, e->lane, e->counter };
    provernet_status rc;

    rc = pvn_session_derive(keys, &x->table->key, h->worker_key.data,
                            h->challenge.data, h->server_key.data,
                            h->worker_key.data, err);
    if (rc)
        return rc;
    /* The seal covers what the signature does not: name, kinds, leases. */
    if (e->lane != 0 || e->counter != 0 || !pvn_wire_sealed(e, &seal))
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "the hello is not sealed by its own session");
    return PROVERNET_OK;
}

static pvn_next welcome(pvn_call *c, pvn_asked *x)
{
    const provernet_options *o = pvn_node_options(pvn_call_node(c));
    int64_t silence = pvn_setting_int(o, PVN_SET_LEASE_SILENCE);
    Provernet__Worker__V1__HelloAnswer *out =
        pvn_arena_alloc(pvn_call_arena(c), sizeof *out);

    if (!out)
        return pvn_asked_nomem(c, x);
    provernet__worker__v1__hello_answer__init(out);
    out->worker = pvn_wire_data(x->session->worker.bytes, 16);
    out->beat_ms = (uint64_t)(silence / 3);
    out->silence_ms = (uint64_t)silence;
    out->inline_max = PVN_WIRE_INLINE_MAX;
    x->answer.welcome = out;
    return pvn_asked_answer(c, x);
}

/* Leases that outlived the connection or the server: whose are they? */
static void hold_again(pvn_asked *x, const hello *h)
{
    for (size_t i = 0; i < h->reads; i++) {
        const pvn_op_read_task *r = &h->read[i]->u.read_task;
        const pvn_task *t = r->row;

        if (h->read[i]->err.status || !t || t->state != PVN_TASK_LEASED ||
            !pvn_id_equal(&t->worker, &x->session->worker))
            continue;
        pvn_session_hold(x->table, x->session, &t->id, &t->request,
                         (uint64_t)t->attempt);
    }
}

static pvn_next hello_done(pvn_call *c, pvn_asked *x)
{
    const pvn_env *env = pvn_node_env(pvn_call_node(c));
    const hello *h = x->verb;
    char address[43];

    if (h->hello->err.status) {
        pvn_worker_session_end(x->table, x->session, PROVERNET_OK,
                               pvn_now_ms(env));
        return pvn_asked_fail_with(c, x, &h->hello->err);
    }
    pvn_session_welcome(x->table, x->session, &h->hello->u.worker_hello.worker,
                        pvn_now_ms(env));
    hold_again(x, h);
    pvn_log(env, PVN_INFO, "worker.hello",
            "address=%s slots=%u kinds=%s name=%s",
            pvn_address_text(address, x->session->address20), x->session->slots,
            x->session->kinds, x->session->name);
    return welcome(c, x);
}

/* What it still works on; all else under its name goes back, unless we gave
 * it out ourselves a moment ago. */
static bool fill_held(pvn_asked *x, pvn_op *op)
{
    const pvn_wire_hello *h = x->ask->hello;
    pvn_op_worker_hello *u = &op->u.worker_hello;
    provernet_id *held = pvn_arena_alloc(&op->arena, h->n_held * sizeof *held);

    if (!held)
        return false;
    u->fresh = !pvn_session_known(x->table, x->session);
    u->held = held;
    for (size_t i = 0; i < h->n_held; i++)
        if (pvn_asked_task(h->held[i]->task, &held[u->held_len]))
            u->held_len++;
    return true;
}

static bool fill_op(pvn_call *c, pvn_asked *x, pvn_op *op)
{
    const pvn_wire_hello *h = x->ask->hello;
    pvn_op_worker_hello *u = &op->u.worker_hello;
    char address[43];

    pvn_id_new(pvn_node_env(pvn_call_node(c)), &u->id);
    /* The key is part of the row's name: nobody takes another's. */
    u->origin =
        pvn_arena_format(&op->arena, "worker/%s",
                         pvn_address_text(address, x->session->address20));
    u->name = pvn_arena_text(&op->arena, h->name);
    u->kinds = pvn_arena_text(&op->arena, h->kinds);
    u->devices = pvn_arena_text(&op->arena, h->devices);
    u->version = pvn_arena_text(&op->arena, h->software);
    memcpy(u->address20, x->session->address20, 20);
    u->slots = h->slots;
    u->memory_bytes =
        h->memory_bytes > INT64_MAX ? INT64_MAX : (int64_t)h->memory_bytes;
    return u->origin && u->name && u->kinds && u->devices && u->version &&
           fill_held(x, op);
}

/* Another process under the same name: the newer one is believed. */
static bool add_rival(pvn_call *c, pvn_asked *x)
{
    provernet_id worker;
    pvn_op *op;

    if (!pvn_session_rival(x->table, x->session, &worker))
        return true;
    op = pvn_asked_op(c, PVN_OP_WORKER_BYE);
    if (!op)
        return false;
    op->u.worker_bye.worker = worker;
    op->u.worker_bye.lost = true;
    op->u.worker_bye.why = "replaced by a new process of the same name";
    return true;
}

static bool add_reads(pvn_call *c, pvn_asked *x, hello *h)
{
    const pvn_wire_hello *ask = x->ask->hello;

    for (size_t i = 0; i < ask->n_held && h->reads < HELD_READ_MAX; i++) {
        provernet_id task;
        pvn_op *op;

        if (!pvn_asked_task(ask->held[i]->task, &task))
            continue;
        op = pvn_asked_op(c, PVN_OP_READ_TASK);
        if (!op)
            return false;
        op->u.read_task.task = task;
        h->read[h->reads++] = op;
    }
    return true;
}

pvn_next pvn_verb_hello(pvn_call *c, pvn_asked *x, const pvn_wire_envelope *e)
{
    const pvn_env *env = pvn_node_env(pvn_call_node(c));
    provernet_error *err = pvn_call_error(c);
    const pvn_wire_hello *ask = x->ask->hello;
    pvn_session_keys keys;
    uint8_t address20[20];
    pvn_peer *s;
    bool existed;
    hello *h;

    if (check_form(ask, err) || check_key(c, x, ask, address20, err) ||
        derive(x, ask, e, &keys, err))
        return pvn_asked_fail_with(c, x, err);
    s = pvn_session_new(x->table, &keys, ask, address20, pvn_now_ms(env),
                        &existed, err);
    pvn_wipe(&keys, sizeof keys);
    if (!s)
        return pvn_asked_fail_with(c, x, err);
    pvn_session_give(x->table, x->session);
    x->session = s;
    if (existed && pvn_session_heard(x->table, s, pvn_now_ms(env)))
        return welcome(c, x);
    if (existed && pvn_session_ended(x->table, s))
        return pvn_asked_hello_again(c, x);
    h = pvn_arena_alloc(pvn_call_arena(c), sizeof *h);
    if (!h || !add_rival(c, x))
        return pvn_asked_nomem(c, x);
    x->verb = h;
    x->then = hello_done;
    h->hello = pvn_asked_op(c, PVN_OP_WORKER_HELLO);
    if (!h->hello || !fill_op(c, x, h->hello) || !add_reads(c, x, h))
        return pvn_asked_nomem(c, x);
    return PVN_OP;
}
