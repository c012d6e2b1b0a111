/* schedule/account.c - what an account says about itself. Pure; includes
 * decide.h. */
#include "schedule/decide.h"

enum { ACCOUNT_NAME_MAX = 64 };

static pvn_account *named(pvn_cx *cx, const char *name)
{
    if (!name || !*name)
        return NULL;
    pvn_want ask = { .scan = PVN_ACCOUNT_BY_NAME,
                     .table = PVN_ACCOUNT,
                     .text1 = name,
                     .limit = 1 };
    pvn_account *a = pvn_rows_account_by_name(cx->rows, name);
    if (!a && pvn_need_scan(cx, &ask))
        a = pvn_rows_account_by_name(cx->rows, name);
    return a;
}

void pvn_keys_account_apply(pvn_cx *cx)
{
    const pvn_op_account_apply *u = &cx->op->u.account_apply;
    pvn_need_account(cx, u->address20);
    named(cx, u->name);
}

provernet_status pvn_decide_account_apply(pvn_cx *cx)
{
    const pvn_op_account_apply *u = &cx->op->u.account_apply;
    if (u->name && (!*u->name || strlen(u->name) > ACCOUNT_NAME_MAX))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "name: %zu bytes, expected 1 to %d", strlen(u->name),
                        ACCOUNT_NAME_MAX);
    const pvn_account *other = named(cx, u->name);
    if (other && memcmp(other->address, u->address20, 20) != 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                        "name: %.60s belongs to another account", u->name);
    pvn_account *a = pvn_account_use(cx, u->address20);
    if (!a)
        return pvn_nomem(&cx->op->err);
    pvn_touch(cx, &a->row);
    if (u->name) {
        a->name = u->name;
        pvn_rows_rename(cx->rows, &a->row);
    }
    if (u->delegate20)
        memcpy(a->delegate, u->delegate20, sizeof a->delegate);
    if (u->accept_terms)
        a->terms_ms = cx->now_ms;
    return PROVERNET_OK;
}
