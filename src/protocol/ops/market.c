/* protocol/ops/market.c - /api/v1/provers and /api/v1/accounts: what an
 * operator sees and says of a market. What happens outside (deposits, who owns
 * a prover) is said here, from this machine only. Includes ops.h, jansson. */
#include "protocol/ops/ops.h"
#include <jansson.h>

enum { PROVERS = 100, PROVERS_MAX = 1000 };

static pvn_next forbidden(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                         "this is said from the server's own machine only");
}

/* ---- the list ---- */

typedef struct page {
    int64_t limit;
} page;

pvn_next pvn_ops_provers_begin(pvn_call *c)
{
    const char *after = pvn_call_query(c, "after");
    page *p = pvn_arena_alloc(pvn_call_arena(c), sizeof *p);
    pvn_op *op;

    if (!p)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, p);
    p->limit = PROVERS;
    if (!pvn_ops_number(c, "limit", 1, PROVERS_MAX - 1, &p->limit))
        return PVN_ANSWER;
    op = pvn_ops_new(c, PVN_OP_READ_PROVERS);
    if (!op)
        return PVN_ANSWER;
    op->u.read_provers.limit = (uint32_t)p->limit + 1; /* another page? */
    if (after && *after &&
        !pvn_unhex(op->u.read_provers.after20, 20, after, strlen(after))) {
        pvn_op_free(op);
        return pvn_call_fail(c, PROVERNET_ERR_INVALID,
                             "after is \"%.50s\", expected an address of 40 "
                             "hex digits",
                             after);
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_ops_provers_resume(pvn_call *c)
{
    int64_t now_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c)));
    const page *p = pvn_call_kept(c, 1);
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_provers *u = &op->u.read_provers;
    size_t n = u->provers_len;
    pvn_buf b = { 0 };

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    if (n > (size_t)p->limit)
        n = (size_t)p->limit;
    pvn_buf_text(&b, "{\"provers\":[");
    for (size_t i = 0; i < n; i++) {
        pvn_buf_text(&b, i ? ",\n" : "");
        pvn_json_prover(&b, u->provers[i], now_ms);
    }
    pvn_buf_text(&b, "],\"next\":");
    if (n > 0 && u->provers_len > n)
        pvn_json_hex(&b, "0x", u->provers[n - 1]->address, 20);
    else
        pvn_buf_text(&b, "null");
    pvn_buf_text(&b, "}\n");
    return pvn_json_answer(c, &b);
}

/* ---- bodies: one JSON object of known members ---- */

/* NULL: the call has failed. */
static json_t *body_of(pvn_call *c, const char *const *known)
{
    pvn_bytes text = pvn_call_message(c);
    json_error_t err;
    json_t *o = json_loadb((const char *)text.data, text.len,
                           JSON_REJECT_DUPLICATES, &err);
    const char *name;
    json_t *value;

    if (!json_is_object(o)) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "the body is no JSON object: %.120s",
                      o ? "it is something else" : err.text);
        json_decref(o);
        return NULL;
    }
    json_object_foreach(o, name, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], name) != 0)
            i++;
        if (known[i])
            continue;
        pvn_call_fail(c, PROVERNET_ERR_INVALID, "there is no \"%.40s\" here",
                      name);
        json_decref(o);
        return NULL;
    }
    return o;
}

/* An absent member leaves *out NULL. */
static bool take_hex(pvn_call *c, pvn_op *op, const json_t *o, const char *name,
                     size_t bytes, const uint8_t **out)
{
    const json_t *v = json_object_get(o, name);
    const char *text = json_string_value(v);
    uint8_t *p;

    if (!v)
        return true;
    p = pvn_arena_alloc(&op->arena, bytes);
    if (!p) {
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
        return false;
    }
    *out = p;
    if (text && pvn_unhex(p, bytes, text, strlen(text)))
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "%s is not a text of 0x and %zu hex digits", name, 2 * bytes);
    return false;
}

static bool take_number(pvn_call *c, pvn_op *op, const json_t *o,
                        const char *name, const int64_t **out)
{
    const json_t *v = json_object_get(o, name);
    int64_t *p;

    if (!v)
        return true;
    p = pvn_arena_alloc(&op->arena, sizeof *p);
    if (!p) {
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
        return false;
    }
    *p = json_integer_value(v);
    *out = p;
    if (json_is_integer(v) && *p >= 0)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID, "%s is not a whole number", name);
    return false;
}

static bool take_text(pvn_call *c, pvn_op *op, const json_t *o,
                      const char *name, const char **out)
{
    const json_t *v = json_object_get(o, name);

    if (!v)
        return true;
    if (!json_is_string(v)) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID, "%s is not a text", name);
        return false;
    }
    *out = pvn_arena_text(&op->arena, json_string_value(v));
    if (!*out)
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    return *out != NULL;
}

/* The address in the path, `len` characters of it. */
static bool path_address(pvn_call *c, const char *text, size_t len,
                         uint8_t out20[20])
{
    if (pvn_unhex(out20, 20, text, len))
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID,
                  "\"%.*s\" is not an address of 40 hex digits",
                  (int)(len < 60 ? len : 60), text);
    return false;
}

static pvn_next hand_over(pvn_call *c, pvn_op *op, bool ok)
{
    if (!ok) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next done(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    return pvn_call_json(c, 200, "{\"ok\":true}\n", 12);
}

/* ---- a prover: whose it is, its share, its suspension ---- */

pvn_next pvn_ops_prover_set_begin(pvn_call *c)
{
    static const char *const known[] = { "owner", "staker_fee_bips",
                                         "suspended_until_ms", "why", NULL };
    const char *rest = pvn_call_rest(c);
    pvn_op_prover_apply *u;
    json_t *o;
    pvn_op *op;
    bool ok;

    if (!pvn_ops_from_here(c))
        return forbidden(c);
    o = body_of(c, known);
    op = o ? pvn_ops_new(c, PVN_OP_PROVER_APPLY) : NULL;
    if (!op) {
        json_decref(o);
        return PVN_ANSWER;
    }
    u = &op->u.prover_apply;
    u->why = "the operator suspended it";
    ok = path_address(c, rest, strlen(rest), u->prover20) &&
         take_hex(c, op, o, "owner", 20, &u->owner20) &&
         take_number(c, op, o, "staker_fee_bips", &u->share) &&
         take_number(c, op, o, "suspended_until_ms", &u->suspended_ms) &&
         take_text(c, op, o, "why", &u->why);
    json_decref(o);
    return hand_over(c, op, ok);
}

pvn_next pvn_ops_prover_set_resume(pvn_call *c)
{
    return done(c);
}

/* ---- /api/v1/accounts/ADDRESS/deposit ---- */

pvn_next pvn_ops_account_post_begin(pvn_call *c)
{
    static const char *const known[] = { "amount", "tx", NULL };
    const char *rest = pvn_call_rest(c), *slash = strchr(rest, '/');
    pvn_op_balance_deposit *u;
    const uint8_t *tx = NULL;
    json_t *o;
    pvn_op *op;
    bool ok;

    if (!slash || strcmp(slash, "/deposit") != 0)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "there is nothing to POST to here");
    if (!pvn_ops_from_here(c))
        return forbidden(c);
    o = body_of(c, known);
    op = o ? pvn_ops_new(c, PVN_OP_BALANCE_DEPOSIT) : NULL;
    if (!op) {
        json_decref(o);
        return PVN_ANSWER;
    }
    u = &op->u.balance_deposit;
    ok = path_address(c, rest, (size_t)(slash - rest), u->account20) &&
         take_text(c, op, o, "amount", &u->amount) &&
         take_hex(c, op, o, "tx", 32, &tx);
    if (ok && !tx) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "tx is missing: what brought the money, as 0x and 64 hex "
                      "digits; it is booked once");
        ok = false;
    }
    if (ok)
        memcpy(u->tx32, tx, 32);
    json_decref(o);
    return hand_over(c, op, ok);
}

pvn_next pvn_ops_account_post_resume(pvn_call *c)
{
    return done(c);
}
