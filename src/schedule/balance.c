/* schedule/balance.c - what accounts have: paid, got, moved, and every change
 * in the log. Pure; includes decide.h. */
#include "schedule/decide.h"
#include <stdio.h>

/* Layout of a log record: version, operation, time, transaction, amount. */
enum { LAYOUT = 1, FIXED = 1 + 1 + 8 + 32, KEY = 20 + 16 };

bool pvn_balance_entry_read(pvn_balance_entry *e, const pvn_record *r)
{
    const uint8_t *v = r->value.data;
    size_t len = r->value.len;

    if (r->key.len != KEY || !v || len <= FIXED || v[0] != LAYOUT ||
        len - FIXED >= sizeof e->amount)
        return false;
    memcpy(e->account20, r->key.data, sizeof e->account20);
    e->operation = v[1];
    e->at_ms = (int64_t)pvn_get_u64be(v + 2);
    memcpy(e->tx32, v + 10, sizeof e->tx32);
    memcpy(e->amount, v + FIXED, len - FIXED);
    e->amount[len - FIXED] = '\0';
    return true;
}

static void log_change(pvn_cx *cx, const uint8_t account20[20], bool out,
                       const pvn_amount *amount, int64_t operation,
                       const uint8_t tx32[32])
{
    uint8_t *key = pvn_arena_alloc(cx->rows->arena, KEY);
    uint8_t *value = pvn_arena_alloc(cx->rows->arena, FIXED + 80);
    provernet_id id;
    char *text;
    pvn_record row = { .row.table = PVN_RECORD,
                       .protocol = PVN_PROTOCOL_SUCCINCT,
                       .kind = PVN_BALANCE_LOG };
    pvn_record *r;

    if (!key || !value) {
        cx->rows->failed = true;
        return;
    }
    pvn_id_new(cx->env, &id);
    pvn_put_u64be(value + 2, (uint64_t)cx->now_ms);
    /* in order of time by our clock, which is the database's */
    memcpy(id.bytes, value + 4, 6);
    memcpy(key, account20, 20);
    memcpy(key + 20, id.bytes, sizeof id.bytes);
    value[0] = LAYOUT;
    value[1] = (uint8_t)operation;
    memcpy(value + 10, tx32, 32);
    text = (char *)value + FIXED;
    if (out)
        *text++ = '-';
    pvn_amount_text(text, amount);
    row.key = pvn_bytes_of(key, KEY);
    r = (pvn_record *)pvn_rows_make(cx->rows, &row.row);
    if (!r)
        return;
    pvn_touch(cx, &r->row);
    r->value = pvn_bytes_of(value, FIXED + strlen((const char *)value + FIXED));
}

static pvn_amount read_amount(const char *text)
{
    pvn_amount a = pvn_amount_of(0);

    pvn_amount_read(&a, text);
    return a;
}

pvn_amount pvn_balance_of(pvn_cx *cx, const uint8_t account20[20])
{
    const pvn_account *a = pvn_need_account(cx, account20);

    return read_amount(a && a->balance && *a->balance
                           ? a->balance
                           : cx->rules->account_balance);
}

static void write_balance(pvn_cx *cx, const uint8_t account20[20],
                          const pvn_amount *now)
{
    pvn_account *a = pvn_account_use(cx, account20);
    char text[PVN_AMOUNT_CHARS];

    if (!a)
        return;
    pvn_touch(cx, &a->row);
    a->balance = pvn_arena_text(cx->rows->arena, pvn_amount_text(text, now));
    if (!a->balance)
        cx->rows->failed = true;
}

bool pvn_balance_pay(pvn_cx *cx, const uint8_t account20[20],
                     const pvn_amount *amount, int64_t operation,
                     const uint8_t tx32[32])
{
    pvn_amount left = pvn_balance_of(cx, account20);

    if (pvn_amount_zero(amount))
        return true;
    if (!pvn_amount_sub(&left, amount))
        return false;
    write_balance(cx, account20, &left);
    log_change(cx, account20, true, amount, operation, tx32);
    return true;
}

bool pvn_balance_get(pvn_cx *cx, const uint8_t account20[20],
                     const pvn_amount *amount, int64_t operation,
                     const uint8_t tx32[32])
{
    pvn_amount sum = pvn_balance_of(cx, account20);

    if (pvn_amount_zero(amount))
        return true;
    if (!pvn_amount_add(&sum, amount))
        return false;
    write_balance(cx, account20, &sum);
    log_change(cx, account20, false, amount, operation, tx32);
    return true;
}

/* ---- balance_move ---- */

void pvn_keys_balance_move(pvn_cx *cx)
{
    const pvn_op_balance_move *u = &cx->op->u.balance_move;

    uint8_t owner[20];

    pvn_need_account(cx, u->from20);
    pvn_owner_of(cx, u->from20, owner);
    pvn_need_account(cx, u->by20);
    pvn_need_account(cx, u->auctioneer20);
    if (!u->withdraw)
        pvn_need_account(cx, u->to20);
}

static provernet_status too_little(pvn_cx *cx, const uint8_t account20[20],
                                   const pvn_amount *needed)
{
    pvn_amount has = pvn_balance_of(cx, account20);
    char hex[41], have[PVN_AMOUNT_CHARS], need[PVN_AMOUNT_CHARS];

    return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                    "balance of 0x%s is %s, %s is needed",
                    pvn_hex(hex, account20, 20), pvn_amount_text(have, &has),
                    pvn_amount_text(need, needed));
}

static bool fits(pvn_cx *cx, const uint8_t account20[20],
                 const pvn_amount *more)
{
    pvn_amount sum = pvn_balance_of(cx, account20);

    return pvn_amount_add(&sum, more);
}

/* Would anybody's balance grow beyond what can be written? */
static bool all_fit(pvn_cx *cx, const pvn_amount *amount, const pvn_amount *fee)
{
    const pvn_op_balance_move *u = &cx->op->u.balance_move;
    pvn_amount total = *amount;

    if (u->withdraw)
        return fits(cx, u->auctioneer20, fee);
    if (memcmp(u->to20, u->auctioneer20, 20) == 0)
        return pvn_amount_add(&total, fee) && fits(cx, u->to20, &total);
    return fits(cx, u->to20, amount) && fits(cx, u->auctioneer20, fee);
}

/* What a prover needs in order to bid: the larger of both. */
static pvn_amount needed_to_bid(pvn_cx *cx)
{
    pvn_amount stake = read_amount(cx->rules->prover_stake);
    pvn_amount bond = read_amount(cx->rules->prover_collateral);

    return pvn_amount_compare(&stake, &bond) > 0 ? stake : bond;
}

/* Its own money; of a prover with an owner all by the owner, and by anybody
 * what its bids do not need: it goes to the prover, whoever asks. */
static provernet_status check_right(pvn_cx *cx, const pvn_amount *amount)
{
    const pvn_op_balance_move *u = &cx->op->u.balance_move;
    pvn_amount rest = pvn_balance_of(cx, u->from20), keep = needed_to_bid(cx);
    char text[PVN_AMOUNT_CHARS];
    uint8_t owner[20];

    pvn_owner_of(cx, u->from20, owner);
    if (memcmp(u->from20, u->by20, 20) == 0)
        return PROVERNET_OK;
    if (!u->withdraw || memcmp(owner, u->from20, 20) == 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                        "only the account itself may move its money");
    if (memcmp(owner, u->by20, 20) == 0 || !pvn_amount_sub(&rest, amount) ||
        pvn_amount_compare(&rest, &keep) >= 0)
        return PROVERNET_OK;
    return pvn_fail(&cx->op->err, PROVERNET_ERR_PERMISSION, 0,
                    "only its owner may withdraw what the prover needs in "
                    "order to bid (%s)",
                    pvn_amount_text(text, &keep));
}

/* The amount is the account's, the fee is paid by who asks. */
static provernet_status check_means(pvn_cx *cx, const pvn_amount *amount,
                                    const pvn_amount *fee)
{
    const pvn_op_balance_move *u = &cx->op->u.balance_move;
    bool self = memcmp(u->from20, u->by20, 20) == 0;
    pvn_amount from = pvn_balance_of(cx, u->from20), total = *amount;
    pvn_amount by = pvn_balance_of(cx, u->by20);

    if ((self && !pvn_amount_add(&total, fee)) ||
        pvn_amount_compare(&from, &total) < 0)
        return too_little(cx, u->from20, &total);
    if (!self && pvn_amount_compare(&by, fee) < 0)
        return too_little(cx, u->by20, fee);
    return PROVERNET_OK;
}

provernet_status pvn_decide_balance_move(pvn_cx *cx)
{
    const pvn_op_balance_move *u = &cx->op->u.balance_move;
    pvn_amount amount, fee = pvn_amount_of(0);
    provernet_status s;

    if (!pvn_amount_read(&amount, u->amount) || pvn_amount_zero(&amount))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "amount: expected a whole number above 0");
    if (u->fee && *u->fee && !pvn_amount_read(&fee, u->fee))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "fee: expected a whole number");
    s = check_right(cx, &amount);
    if (s == PROVERNET_OK)
        s = check_means(cx, &amount, &fee);
    if (s < 0)
        return s;
    if (!all_fit(cx, &amount, &fee))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_STATE, 0,
                        "amount: the other balance would pass 2^256");
    pvn_balance_pay(cx, u->from20, &amount,
                    u->withdraw ? PVN_BALANCE_WITHDRAW_REQUEST
                                : PVN_BALANCE_TRANSFER_OUT,
                    u->tx32);
    pvn_balance_pay(cx, u->by20, &fee,
                    u->withdraw ? PVN_BALANCE_WITHDRAW_FEE_OUT
                                : PVN_BALANCE_TRANSFER_FEE_OUT,
                    u->tx32);
    if (!u->withdraw)
        pvn_balance_get(cx, u->to20, &amount, PVN_BALANCE_TRANSFER_IN, u->tx32);
    pvn_balance_get(cx, u->auctioneer20, &fee,
                    u->withdraw ? PVN_BALANCE_WITHDRAW_FEE_IN
                                : PVN_BALANCE_TRANSFER_FEE_IN,
                    u->tx32);
    return PROVERNET_OK;
}

/* ---- balance_deposit ---- */

static pvn_record *deposit_of(pvn_cx *cx, const uint8_t tx32[32])
{
    return pvn_need_record(cx, PVN_PROTOCOL_SUCCINCT, PVN_DEPOSIT,
                           pvn_bytes_of(tx32, 32));
}

void pvn_keys_balance_deposit(pvn_cx *cx)
{
    const pvn_op_balance_deposit *u = &cx->op->u.balance_deposit;

    pvn_need_account(cx, u->account20);
    deposit_of(cx, u->tx32);
}

/* Account and amount, as the record keeps them. */
static pvn_bytes deposit_text(pvn_cx *cx, const pvn_amount *amount)
{
    const pvn_op_balance_deposit *u = &cx->op->u.balance_deposit;
    uint8_t *value = pvn_arena_alloc(cx->rows->arena, 20 + PVN_AMOUNT_CHARS);

    if (!value) {
        cx->rows->failed = true;
        return pvn_bytes_of(NULL, 0);
    }
    memcpy(value, u->account20, 20);
    pvn_amount_text((char *)value + 20, amount);
    return pvn_bytes_of(value, 20 + strlen((const char *)value + 20));
}

provernet_status pvn_decide_balance_deposit(pvn_cx *cx)
{
    const pvn_op_balance_deposit *u = &cx->op->u.balance_deposit;
    provernet_error *err = &cx->op->err;
    pvn_record *r = deposit_of(cx, u->tx32);
    pvn_record row = { .row.table = PVN_RECORD,
                       .protocol = PVN_PROTOCOL_SUCCINCT,
                       .kind = PVN_DEPOSIT,
                       .key = pvn_bytes_of(u->tx32, 32) };
    pvn_amount amount;
    pvn_bytes value;

    if (!pvn_amount_read(&amount, u->amount) || pvn_amount_zero(&amount) ||
        amount.limb[2] || amount.limb[3])
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "amount is \"%.80s\", expected a whole number above 0 "
                        "and below 2^128",
                        u->amount ? u->amount : "");
    value = deposit_text(cx, &amount);
    if (r && pvn_bytes_equal(r->value, value))
        return PROVERNET_OK;
    if (r)
        return pvn_fail(err, PROVERNET_ERR_EXISTS, 0,
                        "this transaction was booked already, to another "
                        "account or with another amount");
    if (!fits(cx, u->account20, &amount))
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "amount: the balance would pass 2^256");
    r = (pvn_record *)pvn_rows_make(cx->rows, &row.row);
    if (!r)
        return pvn_nomem(err);
    pvn_touch(cx, &r->row);
    r->value = value;
    pvn_balance_get(cx, u->account20, &amount, PVN_BALANCE_DEPOSIT, u->tx32);
    return PROVERNET_OK;
}
