/* schedule/account.c - what an account says about itself, and who may act for
 * it. Pure; includes decide.h. */
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

/* ---- who may act for whom ---- */

/* The record with a key of two addresses (or one: b20 NULL). */
static pvn_record *record_of(pvn_cx *cx, const char *kind, const uint8_t *a20,
                             const uint8_t *b20)
{
    uint8_t key[40];
    memcpy(key, a20, 20);
    if (b20)
        memcpy(key + 20, b20, 20);
    return pvn_need_record(cx, PVN_PROTOCOL_SUCCINCT, kind,
                           pvn_bytes_of(key, b20 ? 40 : 20));
}

static bool accepted(const pvn_record *r)
{
    return r && r->value.len > 0 && r->value.data[0] == 1;
}

bool pvn_acts_for(pvn_cx *cx, const uint8_t account20[20],
                  const uint8_t by20[20])
{
    const pvn_account *a = pvn_need_account(cx, account20);
    const pvn_record *r = record_of(cx, PVN_DELEGATION, account20, by20);
    uint8_t owner[20];
    pvn_owner_of(cx, account20, owner);
    return memcmp(account20, by20, 20) == 0 || accepted(r) ||
           (a && !pvn_is_zero(a->delegate, 20) &&
            memcmp(a->delegate, by20, 20) == 0) ||
           memcmp(owner, by20, 20) == 0;
}

void pvn_owner_of(pvn_cx *cx, const uint8_t prover20[20], uint8_t out20[20])
{
    const pvn_prover *p = pvn_need_prover(cx, prover20);
    bool other = p && !pvn_is_zero(p->owner, sizeof p->owner);
    memcpy(out20, other ? p->owner : prover20, 20);
}

void pvn_signer_of(pvn_cx *cx, const uint8_t prover20[20], uint8_t out20[20])
{
    const pvn_account *a = pvn_need_account(cx, prover20);
    pvn_owner_of(cx, prover20, out20);
    if (a && !pvn_is_zero(a->delegate, sizeof a->delegate))
        memcpy(out20, a->delegate, 20);
}

/* Make or change the record of two addresses, or of one. */
static void put_record(pvn_cx *cx, const char *kind, const uint8_t *a20,
                       const uint8_t *b20, const void *value, size_t len)
{
    uint8_t key[40], *copy = pvn_arena_copy(cx->rows->arena, value, len);
    pvn_record row = { .row.table = PVN_RECORD,
                       .protocol = PVN_PROTOCOL_SUCCINCT,
                       .kind = kind,
                       .key = pvn_bytes_of(key, b20 ? 40 : 20) };
    pvn_record *r = record_of(cx, kind, a20, b20);
    memcpy(key, a20, 20);
    if (b20)
        memcpy(key + 20, b20, 20);
    if (!r)
        r = (pvn_record *)pvn_rows_make(cx->rows, &row.row);
    if (!r || !copy) {
        cx->rows->failed = true;
        return;
    }
    pvn_touch(cx, &r->row);
    r->value = pvn_bytes_of(copy, len);
}

static void drop_record(pvn_cx *cx, pvn_record *r)
{
    if (!r)
        return;
    pvn_touch(cx, &r->row);
    pvn_rows_delete(cx->rows, &r->row);
}

/* ---- account_apply ---- */

void pvn_keys_account_apply(pvn_cx *cx)
{
    const pvn_op_account_apply *u = &cx->op->u.account_apply;
    pvn_need_account(cx, u->address20);
    if (u->by20)
        pvn_acts_for(cx, u->address20, u->by20);
    named(cx, u->name);
}

provernet_status pvn_decide_account_apply(pvn_cx *cx)
{
    const pvn_op_account_apply *u = &cx->op->u.account_apply;
    if (u->by20 && !pvn_acts_for(cx, u->address20, u->by20))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                        "address: only the account or its delegate may do "
                        "this");
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

/* ---- delegation: the base flavour's ---- */

void pvn_keys_delegation(pvn_cx *cx)
{
    const pvn_op_delegation *u = &cx->op->u.delegation;
    record_of(cx, PVN_DELEGATION, u->owner20, u->delegate20);
}

provernet_status pvn_decide_delegation(pvn_cx *cx)
{
    const pvn_op_delegation *u = &cx->op->u.delegation;
    pvn_record *r = record_of(cx, PVN_DELEGATION, u->owner20, u->delegate20);
    uint8_t value[9];
    if (u->verb == PVN_DELEGATION_ADD &&
        memcmp(u->owner20, u->delegate20, 20) == 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "delegate: an account acts for itself already");
    if (u->verb != PVN_DELEGATION_ADD && !r)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "there is no such delegation");
    if (u->verb == PVN_DELEGATION_REMOVE) {
        drop_record(cx, r);
        return PROVERNET_OK;
    }
    value[0] = accepted(r) || u->verb == PVN_DELEGATION_ACCEPT;
    pvn_put_u64be(value + 1, (uint64_t)cx->now_ms);
    if (r && r->value.len == sizeof value) /* since it was added */
        memcpy(value + 1, r->value.data + 1, 8);
    put_record(cx, PVN_DELEGATION, u->owner20, u->delegate20, value,
               sizeof value);
    return PROVERNET_OK;
}

/* ---- signer_set: the auction flavour's ---- */

void pvn_need_signer(pvn_cx *cx, const uint8_t key20[20])
{
    record_of(cx, PVN_SIGNER, key20, NULL);
}

/* Does the key sign for this prover (NULL: for any)? */
static bool signs_for(const pvn_record *r, const uint8_t *prover20)
{
    return r && r->value.len >= 20 &&
           (!prover20 || memcmp(r->value.data, prover20, 20) == 0);
}

void pvn_signer_drop(pvn_cx *cx, const uint8_t key20[20],
                     const uint8_t prover20[20])
{
    pvn_record *r = record_of(cx, PVN_SIGNER, key20, NULL);
    if (signs_for(r, prover20)) /* an owner may sign for another of its own */
        drop_record(cx, r);
}

bool pvn_signer_put(pvn_cx *cx, const uint8_t key20[20],
                    const uint8_t prover20[20])
{
    const pvn_record *r = record_of(cx, PVN_SIGNER, key20, NULL);
    uint8_t value[28];
    if (signs_for(r, NULL) && !signs_for(r, prover20))
        return false;
    memcpy(value, prover20, 20);
    pvn_put_u64be(value + 20, (uint64_t)cx->now_ms);
    put_record(cx, PVN_SIGNER, key20, NULL, value, sizeof value);
    return true;
}

void pvn_keys_signer_set(pvn_cx *cx)
{
    const pvn_op_signer_set *u = &cx->op->u.signer_set;
    uint8_t signer[20];
    pvn_signer_of(cx, u->prover20, signer);
    pvn_need_account(cx, u->by20);
    pvn_need_account(cx, u->auctioneer20);
    record_of(cx, PVN_SIGNER, signer, NULL);
    record_of(cx, PVN_SIGNER, u->delegate20, NULL);
}

static provernet_status check_signer(pvn_cx *cx)
{
    const pvn_op_signer_set *u = &cx->op->u.signer_set;
    const pvn_record *r = record_of(cx, PVN_SIGNER, u->delegate20, NULL);
    uint8_t owner[20];
    pvn_owner_of(cx, u->prover20, owner);
    if (memcmp(u->by20, owner, 20) != 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                        "prover: only its owner may name its signer");
    if (pvn_is_zero(u->delegate20, 20))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "delegate: the zero address cannot sign");
    if (signs_for(r, NULL) && !signs_for(r, u->prover20))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                        "delegate: this key signs for another prover already");
    return PROVERNET_OK;
}

static provernet_status pay_fee(pvn_cx *cx)
{
    const pvn_op_signer_set *u = &cx->op->u.signer_set;
    pvn_amount fee = pvn_amount_of(0), has = pvn_balance_of(cx, u->by20);
    pvn_amount sum = pvn_balance_of(cx, u->auctioneer20);
    if (u->fee && *u->fee && !pvn_amount_read(&fee, u->fee))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "fee: expected a whole number");
    if (pvn_amount_compare(&has, &fee) < 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "fee: the owner's balance does not cover %s", u->fee);
    if (!pvn_amount_add(&sum, &fee))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "fee: the auctioneer's balance would pass 2^256");
    pvn_balance_pay(cx, u->by20, &fee, PVN_BALANCE_DELEGATE_FEE_OUT, u->tx32);
    pvn_balance_get(cx, u->auctioneer20, &fee, PVN_BALANCE_DELEGATE_FEE_IN,
                    u->tx32);
    return PROVERNET_OK;
}

provernet_status pvn_decide_signer_set(pvn_cx *cx)
{
    const pvn_op_signer_set *u = &cx->op->u.signer_set;
    uint8_t before[20];
    provernet_status s = check_signer(cx);
    if (s >= 0)
        s = pay_fee(cx);
    if (s < 0)
        return s;
    pvn_signer_of(cx, u->prover20, before);
    pvn_signer_drop(cx, before, u->prover20);
    pvn_account *a = pvn_account_use(cx, u->prover20);
    if (!a)
        return pvn_nomem(&cx->op->err);
    pvn_touch(cx, &a->row);
    memcpy(a->delegate, u->delegate20, sizeof a->delegate);
    pvn_signer_put(cx, u->delegate20, u->prover20);
    return PROVERNET_OK;
}
