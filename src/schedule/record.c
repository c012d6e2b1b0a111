/* schedule/record.c - a protocol's own facts. Pure; includes decide.h. */
#include "schedule/decide.h"

void pvn_keys_record_put(pvn_cx *cx)
{
    const pvn_op_record_put *u = &cx->op->u.record_put;
    pvn_need_record(cx, u->protocol, u->kind, u->key);
}

static provernet_status answer(pvn_cx *cx, pvn_bytes value)
{
    pvn_op_record_put *u = &cx->op->u.record_put;
    u->value_out = value;
    if (value.data && !(u->value_out.data = pvn_arena_copy(
                            &cx->op->arena, value.data, value.len))) {
        cx->rows->failed = true;
        return pvn_nomem(&cx->op->err);
    }
    return PROVERNET_OK;
}

provernet_status pvn_decide_record_put(pvn_cx *cx)
{
    const pvn_op_record_put *u = &cx->op->u.record_put;
    if (!u->kind || !u->key.data)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "a record needs a kind and a key");
    pvn_record *r = pvn_need_record(cx, u->protocol, u->kind, u->key);
    if (r && u->only_if_absent)
        return answer(cx, r->value);
    if (!u->value.data) {
        if (r) {
            pvn_touch(cx, &r->row);
            pvn_rows_delete(cx->rows, &r->row);
        }
        return answer(cx, u->value);
    }
    if (!r) {
        pvn_record key = { .row.table = PVN_RECORD,
                           .protocol = u->protocol,
                           .kind = u->kind,
                           .key = u->key };
        r = (pvn_record *)pvn_rows_make(cx->rows, &key.row);
        if (!r)
            return pvn_nomem(&cx->op->err);
    }
    pvn_touch(cx, &r->row);
    r->value = u->value;
    r->expires_ms = u->expires_ms;
    return answer(cx, u->value);
}
