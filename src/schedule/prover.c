/* schedule/prover.c - provers: facts about them, and may they get something.
 * Pure; includes auction.h. */
#include "schedule/auction.h"

enum { INFO_MAX = 64 << 10 };

/* ---- may it get something? ---- */

static provernet_status suspended(pvn_cx *cx, int64_t until_ms, const char *why,
                                  provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                    "the prover is suspended for another %lld s: %.300s",
                    (long long)(until_ms - cx->now_ms + 999) / 1000,
                    why && *why ? why : "no reason was given");
}

provernet_status pvn_prover_unfit(pvn_cx *cx, const uint8_t prover20[20],
                                  provernet_error *err)
{
    const pvn_prover *p = pvn_need_prover(cx, prover20);
    const pvn_worker *w = pvn_need_prover_worker(cx, prover20);
    pvn_amount bond = pvn_amount_from(cx->rules->prover_collateral);
    pvn_amount has = pvn_balance_of(cx, prover20);
    int64_t aside = pvn_prover_aside_ms(cx, prover20);
    char have[PVN_AMOUNT_CHARS], want[PVN_AMOUNT_CHARS];
    if (p && p->suspended_ms > cx->now_ms)
        return suspended(cx, p->suspended_ms, p->why, err);
    if (aside > 0)
        return suspended(cx, aside, w ? w->why : NULL, err);
    if (pvn_amount_compare(&has, &bond) >= 0)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                    "prover.collateral: you need to stake: the prover's "
                    "balance is %s, each request takes %s until it is proven",
                    pvn_amount_text(have, &has), pvn_amount_text(want, &bond));
}

void pvn_prover_suspend(pvn_cx *cx, pvn_prover *p, int64_t until_ms,
                        const char *why)
{
    bool over = until_ms <= cx->now_ms;
    char hex[41];
    pvn_touch(cx, &p->row);
    p->suspended_ms = over ? 0 : until_ms;
    p->why = over ? NULL : why;
    pvn_hex(hex, p->address, sizeof p->address);
    if (over)
        pvn_note(cx, "prover.back", NULL, NULL, NULL, "\"prover\":\"0x%s\"",
                 hex);
    else
        pvn_note(cx, "prover.suspended", NULL, NULL, NULL,
                 "\"prover\":\"0x%s\",\"until_ms\":%lld,\"why\":%s", hex,
                 (long long)until_ms, pvn_quote(cx, why ? why : ""));
}

/* ---- prover_apply ---- */

void pvn_keys_prover_apply(pvn_cx *cx)
{
    const pvn_op_prover_apply *u = &cx->op->u.prover_apply;
    uint8_t signer[20];
    pvn_need_prover(cx, u->prover20);
    if (!u->owner20)
        return;
    pvn_signer_of(cx, u->prover20, signer);
    pvn_need_signer(cx, signer);
    pvn_need_signer(cx, u->owner20);
}

/* It signs for the prover until it names a key; whoever did, does no more. */
static void set_owner(pvn_cx *cx, pvn_prover *p, const uint8_t owner20[20])
{
    uint8_t signer[20];
    char hex[41], by[41];
    bool own = pvn_is_zero(owner20, 20) || memcmp(owner20, p->address, 20) == 0;
    pvn_account *a = pvn_need_account(cx, p->address);
    pvn_signer_of(cx, p->address, signer);
    pvn_signer_drop(cx, signer, p->address);
    if (a && !pvn_is_zero(a->delegate, sizeof a->delegate)) {
        pvn_touch(cx, &a->row);
        memset(a->delegate, 0, sizeof a->delegate);
    }
    memset(p->owner, 0, sizeof p->owner);
    if (!own) {
        memcpy(p->owner, owner20, sizeof p->owner);
        pvn_signer_put(cx, owner20, p->address);
    }
    pvn_note(cx, "prover.owner", NULL, NULL, NULL,
             "\"prover\":\"0x%s\",\"owner\":\"0x%s\"",
             pvn_hex(hex, p->address, 20),
             pvn_hex(by, own ? p->address : owner20, 20));
}

provernet_status pvn_decide_prover_apply(pvn_cx *cx)
{
    const pvn_op_prover_apply *u = &cx->op->u.prover_apply;
    if (u->info.len > INFO_MAX)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                        "info has %zu bytes, the limit is %d", u->info.len,
                        INFO_MAX);
    if (u->share && (*u->share < 0 || *u->share > 10000))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "share is %lld, expected 0 to 10000 (hundredths of a "
                        "percent)",
                        (long long)*u->share);
    pvn_prover *p = pvn_prover_use(cx, u->prover20);
    if (!p)
        return pvn_nomem(&cx->op->err);
    if (u->suspended_ms)
        pvn_prover_suspend(cx, p, *u->suspended_ms,
                           pvn_why(cx, u->why ? u->why : ""));
    if (u->owner20)
        set_owner(cx, p, u->owner20);
    if (u->share)
        p->share = *u->share;
    if (u->capacity)
        p->capacity = *u->capacity;
    if (u->info.data) {
        p->info = u->info;
        p->seen_ms = cx->now_ms;
    }
    return PROVERNET_OK;
}
