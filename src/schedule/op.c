/* schedule/op.c - making operations and sending each to its rule. Pure;
 * includes decide.h. */
#include "schedule/decide.h"
#include <stdlib.h>

const pvn_op_rule pvn_op_rules[PVN_OPS_LEN] = {
#define X(NAME, name)                                                          \
    [PVN_OP_##NAME] = { #name, pvn_keys_##name, pvn_decide_##name },
    PVN_OPS(X)
#undef X
};

pvn_op *pvn_op_new(pvn_op_type type)
{
    pvn_op *op = malloc(sizeof *op); /* calloc passes the thread's cache by */
    if (!op)
        return NULL;
    memset(op, 0, sizeof *op);
    op->type = type;
    return op;
}

void pvn_op_free(pvn_op *op)
{
    if (!op)
        return;
    pvn_arena_free(&op->arena);
    free(op);
}

const char *pvn_op_name(pvn_op_type type)
{
    return (unsigned)type < PVN_OPS_LEN ? pvn_op_rules[type].name : "unknown";
}

static pvn_cx context(pvn_op *op, pvn_rows *rows, const pvn_rules *rules,
                      const pvn_env *env, int64_t now_ms)
{
    pvn_cx cx = { op, rows, rules, env, now_ms, false, false };
    return cx;
}

static void ask(pvn_cx *cx)
{
    if (cx->op->signer.check_nonce)
        pvn_need_account(cx, cx->op->signer.address20);
    pvn_op_rules[cx->op->type].keys(cx);
}

int pvn_op_keys(pvn_op *op, pvn_rows *have, const pvn_rules *rules,
                int64_t now_ms)
{
    pvn_cx cx = context(op, have, rules, NULL, now_ms);
    ask(&cx);
    if (have->failed)
        return -1;
    op->ready = !cx.missing;
    return cx.missing ? 1 : 0;
}

static provernet_status check_nonce(pvn_cx *cx)
{
    const pvn_signer *s = &cx->op->signer;
    if (!s->check_nonce)
        return PROVERNET_OK;
    const pvn_account *a = pvn_need_account(cx, s->address20);
    uint64_t expected = a ? (uint64_t)a->nonce : 0;
    if (s->nonce == expected)
        return PROVERNET_OK;
    char hex[41];
    return pvn_fail(&cx->op->err, PROVERNET_ERR_NONCE, 0,
                    "failed nonce verification: invalid nonce for sender 0x%s "
                    "expected %llu, got %llu",
                    pvn_hex(hex, s->address20, 20),
                    (unsigned long long)expected, (unsigned long long)s->nonce);
}

static void advance_nonce(pvn_cx *cx)
{
    pvn_account *a = pvn_account_use(cx, cx->op->signer.address20);
    if (!a)
        return;
    a->nonce++;
    pvn_touch(cx, &a->row);
}

bool pvn_op_decide(pvn_op *op, pvn_rows *rows, const pvn_rules *rules,
                   const pvn_env *env, int64_t now_ms)
{
    pvn_cx cx = context(op, rows, rules, env, now_ms);
    if (op->needs && op->needs->err.status < 0) {
        const pvn_op *first = op->needs; /* which had a reason of its own */
        while (first->needs && first->needs->err.status < 0)
            first = first->needs;
        pvn_fail(&op->err, PROVERNET_ERR_CANCELLED, 0,
                 "not done: the %s before it was refused: %s",
                 pvn_op_name(first->type), first->err.message);
        return true;
    }
    ask(&cx);
    if (cx.missing)
        return false;
    provernet_status s = check_nonce(&cx);
    if (s == PROVERNET_OK)
        s = pvn_op_rules[op->type].decide(&cx);
    if (cx.again)
        return false;
    if (s >= 0 && op->signer.check_nonce)
        advance_nonce(&cx);
    return true;
}

void pvn_op_rewind(pvn_op *op)
{
    memset(&op->err, 0, sizeof op->err);
    op->done = op->wrote = op->ready = false;
}
