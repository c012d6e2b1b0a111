/* schedule/execute.c - what execution showed: how much work a request was, or
 * that it cannot be done. Pure; includes auction.h. */
#include "schedule/auction.h"

void pvn_keys_request_execute(pvn_cx *cx)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    const pvn_request *q =
        pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    if (!q)
        return;
    pvn_need_end(cx, q);
    pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK);
    const pvn_auction *a = pvn_need_auction(cx, &q->id);
    if (a)
        pvn_need_account(cx, a->treasury);
}

static provernet_status check_who(pvn_cx *cx, const pvn_auction *a)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    const uint8_t *executor = a ? a->executor : u->executor20;
    char hex[41];
    if (executor && !pvn_is_zero(executor, 20) &&
        memcmp(executor, u->by20, 20) == 0)
        return PROVERNET_OK;
    return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                    "0x%s is not the executor of this request",
                    pvn_hex(hex, u->by20, 20));
}

static provernet_status check_punishment(pvn_cx *cx, const pvn_auction *a,
                                         pvn_amount *punishment)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    pvn_amount held = pvn_amount_from(a ? a->held : NULL);
    *punishment = pvn_amount_of(0);
    if (u->possible || !u->punishment)
        return PROVERNET_OK;
    if (!pvn_amount_read(punishment, u->punishment))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "punishment is \"%.80s\", expected a whole decimal "
                        "number",
                        u->punishment);
    if (pvn_amount_compare(punishment, &held) > 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "punishment is %.78s, this request may cost at most "
                        "%.78s",
                        u->punishment, a && a->held ? a->held : "0");
    return PROVERNET_OK;
}

static const char *found(pvn_bytes in, const char *text)
{
    return text && in.len ? memmem(in.data, in.len, text, strlen(text)) : NULL;
}

/* Who asked may have named what must come out. */
static provernet_status check_said(pvn_cx *cx, const pvn_request *q)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    const pvn_task *t = pvn_need_task_named(cx, &q->id, PVN_MAIN_TASK);
    const char *named = t && u->possible ? found(t->params, u->said_key) : NULL;
    if (!named || found(t->params, u->said))
        return PROVERNET_OK;
    size_t len = t->params.len - (size_t)(named - (const char *)t->params.data);
    const char *end = memchr(named, ',', len);
    len = end ? (size_t)(end - named) : len;
    return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                    "execution is said to give %.120s, the request names "
                    "%.*s",
                    u->said ? u->said : "nothing", (int)(len < 120 ? len : 120),
                    named);
}

static provernet_status check_execute(pvn_cx *cx, const pvn_request *q,
                                      const pvn_auction *a,
                                      pvn_amount *punishment)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    provernet_error *err = &cx->op->err;
    provernet_status s = check_who(cx, a);
    if (s < 0)
        return s;
    bool proven = a && a->state == PVN_AUCTION_PROVEN;
    if (!pvn_request_open(q) && !proven)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the request has ended already");
    if (q->exec == PVN_EXEC_IMPOSSIBLE || (a && a->executed_ms > 0))
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "its execution was reported already");
    if (proven && !u->possible)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the request is fulfilled: it was executable");
    if (a && u->possible && u->units > (uint64_t)a->units_max)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "%llu units were used, the limit of this request is "
                        "%llu",
                        (unsigned long long)u->units,
                        (unsigned long long)a->units_max);
    s = check_said(cx, q);
    return s < 0 ? s : check_punishment(cx, a, punishment);
}

static void executed(pvn_cx *cx, pvn_request *q, pvn_auction *a)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    pvn_touch(cx, &q->row);
    q->exec = PVN_EXEC_DONE;
    q->updated_ms = cx->now_ms;
    pvn_note(cx, "request.executed", &q->id, NULL, NULL, "\"units\":%llu",
             (unsigned long long)u->units);
    if (!a)
        return;
    pvn_touch(cx, &a->row);
    a->executed_ms = cx->now_ms;
    a->units = (int64_t)u->units;
    a->cycles = (int64_t)u->cycles;
    if (a->state == PVN_AUCTION_PROVEN)
        pvn_auction_pay(cx, q, a, u->units);
}

/* An assigned prover is told by the execution status and answers; the request
 * ends then, or at its deadline. */
static void impossible(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                       const pvn_amount *punishment)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    const char *why = u->why ? u->why : "it cannot be executed";
    bool assigned = a && a->state == PVN_AUCTION_ASSIGNED;
    pvn_touch(cx, &q->row);
    q->code = u->code;
    if (a && q->settle == PVN_SETTLE_OPEN)
        pvn_auction_punish(cx, q, a, punishment);
    if (!assigned) {
        pvn_request_fail(cx, q, PROVERNET_CAUSE_INPUT, PVN_EXEC_IMPOSSIBLE,
                         why);
        return;
    }
    q->exec = PVN_EXEC_IMPOSSIBLE;
    q->why = pvn_why(cx, why);
    q->updated_ms = cx->now_ms;
}

provernet_status pvn_decide_request_execute(pvn_cx *cx)
{
    const pvn_op_request_execute *u = &cx->op->u.request_execute;
    pvn_request *q = pvn_need_request_by(cx, &u->id, u->protocol, u->name);
    pvn_amount punishment;
    if (!q)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "there is no such request");
    pvn_auction *a = pvn_need_auction(cx, &q->id);
    provernet_status s = check_execute(cx, q, a, &punishment);
    if (s < 0)
        return s;
    if (a) {
        pvn_touch(cx, &a->row);
        a->execute_signed = u->signed_bytes;
    }
    if (u->possible)
        executed(cx, q, a);
    else
        impossible(cx, q, a, &punishment);
    return PROVERNET_OK;
}
