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

/* ---- a name for people ---- */

enum { LABEL_MAX = 64 };

static pvn_record *tag_of(pvn_cx *cx, int64_t protocol, const char *label)
{
    return label && *label ? pvn_need_record(cx, protocol, PVN_PROGRAM_TAG,
                                             pvn_bytes_of(label, strlen(label)))
                           : NULL;
}

void pvn_keys_program_name(pvn_cx *cx)
{
    const pvn_op_program_name *u = &cx->op->u.program_name;
    const pvn_program *p = pvn_need_program(cx, u->protocol, u->name);
    tag_of(cx, u->protocol, u->label);
    if (p)
        tag_of(cx, u->protocol, p->label);
}

static provernet_status check_name(pvn_cx *cx, const pvn_program *p)
{
    const pvn_op_program_name *u = &cx->op->u.program_name;
    provernet_error *err = &cx->op->err;
    size_t len = u->label ? strlen(u->label) : 0;
    const pvn_record *tag;
    if (!p)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                        "vk_hash: there is no such program");
    if (memcmp(p->owner, u->by20, sizeof p->owner) != 0)
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "only the owner of a program may name it");
    if (len == 0 || len > LABEL_MAX)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "name: %zu bytes, expected 1 to %d", len, LABEL_MAX);
    tag = tag_of(cx, u->protocol, u->label);
    if (tag && !pvn_bytes_equal(tag->value, u->name))
        return pvn_fail(err, PROVERNET_ERR_EXISTS, 0,
                        "name: %.60s is another program's", u->label);
    return PROVERNET_OK;
}

provernet_status pvn_decide_program_name(pvn_cx *cx)
{
    const pvn_op_program_name *u = &cx->op->u.program_name;
    pvn_program *p = pvn_need_program(cx, u->protocol, u->name);
    provernet_status s = check_name(cx, p);
    pvn_record *old, *tag;
    if (s < 0 || (p->label && strcmp(p->label, u->label) == 0))
        return s;
    old = tag_of(cx, u->protocol, p->label);
    if (old) {
        pvn_touch(cx, &old->row);
        pvn_rows_delete(cx->rows, &old->row);
    }
    pvn_record row = { .row.table = PVN_RECORD,
                       .protocol = u->protocol,
                       .kind = PVN_PROGRAM_TAG,
                       .key = pvn_bytes_of(u->label, strlen(u->label)) };
    tag = (pvn_record *)pvn_rows_make(cx->rows, &row.row);
    if (!tag)
        return pvn_nomem(&cx->op->err);
    pvn_touch(cx, &tag->row);
    tag->value = u->name;
    pvn_touch(cx, &p->row);
    p->label = u->label;
    return PROVERNET_OK;
}
