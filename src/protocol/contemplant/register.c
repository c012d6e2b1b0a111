/* protocol/contemplant/register.c - the first message: may it work here, and
 * at what? Includes session.h, base/settings.h. */
#include "protocol/contemplant/session.h"
#include "base/settings.h"
#include <stdio.h>

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

bool pvn_ct_registering(const pvn_ct *x)
{
    return x->state == PVN_CT_NEW && x->then == registered;
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

pvn_next pvn_ct_register(pvn_call *c, pvn_ct *x)
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
