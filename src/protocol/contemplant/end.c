/* protocol/contemplant/end.c - how a session ends: its leases return, people
 * and whoever rents its machine are told why. Includes session.h. */
#include "protocol/contemplant/session.h"
#include <stdio.h>

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
void pvn_ct_farewell(pvn_call *c, pvn_ct *x, bool lost, const char *why)
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
        pvn_ct_farewell(c, x, lost, why);
    return pvn_message_hang_up(c, code, why);
}

pvn_next pvn_ct_nomem(pvn_call *c, pvn_ct *x)
{
    return pvn_ct_end(c, x, 1013, false, "the server is out of memory");
}
