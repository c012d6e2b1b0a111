/* schedule/program.c - what is to be proven, by name. Pure; includes
 * decide.h. */
#include "schedule/decide.h"

void pvn_keys_program_register(pvn_cx *cx)
{
    const pvn_op_program_register *u = &cx->op->u.program_register;
    pvn_need_artifact(cx, &u->artifact);
    const pvn_program *p = pvn_need_program(cx, u->protocol, u->name);
    if (p)
        pvn_need_artifact(cx, &p->artifact);
}

/* Named already: the same wish of the same owner is fine. */
static provernet_status again(pvn_cx *cx, const pvn_program *p,
                              const pvn_artifact *a)
{
    pvn_op_program_register *u = &cx->op->u.program_register;
    const pvn_artifact *had = pvn_need_artifact(cx, &p->artifact);
    if (memcmp(p->owner, u->owner20, sizeof p->owner) != 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                        "this program is registered by another account");
    bool same = had && pvn_bytes_equal(had->digest, a->digest) &&
                pvn_bytes_equal(p->vk, u->vk);
    if (!same)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                        "this program is registered with other bytes; nothing "
                        "was replaced");
    u->existed = true;
    return PROVERNET_OK;
}

provernet_status pvn_decide_program_register(pvn_cx *cx)
{
    pvn_op_program_register *u = &cx->op->u.program_register;
    provernet_error *err = &cx->op->err;
    u->existed = false;
    if (!u->name.data || u->name.len == 0 || !u->kind || !*u->kind)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "a program needs a name and a kind");
    pvn_artifact *a = pvn_need_artifact(cx, &u->artifact);
    if (!a)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                        "program: there is no such artifact");
    if (a->state != PVN_ARTIFACT_STORED)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        a->state == PVN_ARTIFACT_ISSUED
                            ? "program: the artifact was never uploaded"
                            : "program: the artifact has expired");
    if (a->type != PVN_TYPE_PROGRAM)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "program: the artifact is of another type (%lld, "
                        "expected program, %d)",
                        (long long)a->type, PVN_TYPE_PROGRAM);
    const pvn_program *had = pvn_need_program(cx, u->protocol, u->name);
    if (had)
        return again(cx, had, a);
    pvn_program key = { .row.table = PVN_PROGRAM,
                        .protocol = u->protocol,
                        .name = u->name };
    pvn_program *p = (pvn_program *)pvn_rows_make(cx->rows, &key.row);
    if (!p)
        return pvn_nomem(err);
    pvn_touch(cx, &p->row);
    p->kind = u->kind;
    p->artifact = u->artifact;
    p->vk = u->vk;
    memcpy(p->owner, u->owner20, sizeof p->owner);
    p->label = u->label;
    p->uri = u->uri;
    p->created_ms = cx->now_ms;
    pvn_pin(cx, a); /* a registered program never expires */
    char hex[65];
    size_t shown = u->name.len < 32 ? u->name.len : 32;
    pvn_note(cx, "program.registered", NULL, NULL, NULL,
             "\"name\":\"%s\",\"kind\":%s", pvn_hex(hex, u->name.data, shown),
             pvn_quote(cx, u->kind));
    return PROVERNET_OK;
}
