/* node/handler.c - what a handler asks of its call, and what it hands over.
 * On the thread that uses the call. Includes node/inside.h only. */
#include "node/inside.h"
#include <stdlib.h>

const provernet_head *pvn_call_request(const pvn_call *c)
{
    return &c->head;
}

const char *pvn_call_field(const pvn_call *c, const char *name)
{
    for (size_t i = 0; i < c->head.fields_len; i++)
        if (strcmp(c->head.fields[i].name, name) == 0)
            return c->head.fields[i].value;
    return NULL;
}

pvn_bytes pvn_call_body(const pvn_call *c)
{
    return pvn_bytes_of(c->body.data ? (const void *)c->body.data : "",
                        c->body.len);
}

pvn_arena *pvn_call_arena(pvn_call *c)
{
    return &c->arena;
}

provernet_error *pvn_call_error(pvn_call *c)
{
    return &c->err;
}

void pvn_call_keep(pvn_call *c, int slot, void *p)
{
    c->kept[slot != 0] = p;
}

void *pvn_call_kept(const pvn_call *c, int slot)
{
    return c->kept[slot != 0];
}

void pvn_call_set_deadline(pvn_call *c, int64_t at_ms)
{
    c->deadline_ms = at_ms;
}

int64_t pvn_call_deadline(const pvn_call *c)
{
    return c->deadline_ms;
}

pvn_node *pvn_call_node(const pvn_call *c)
{
    return c->node;
}

/* The first op of a new hand-over: the one before stays readable, older ones
 * go. */
static void new_hand_over(pvn_call *c)
{
    size_t kept = c->ops - c->ops_from;

    for (size_t i = 0; i < c->ops_from; i++)
        pvn_op_free(c->op[i]);
    memmove(c->op, c->op + c->ops_from, kept * sizeof *c->op);
    c->ops_from = c->ops = kept;
    c->handed = false;
}

static bool op_room(pvn_call *c)
{
    size_t cap = c->ops_cap * 2;
    pvn_op **op;

    if (c->ops < c->ops_cap)
        return true;
    op = realloc(c->op == c->op_first ? NULL : c->op, cap * sizeof(*op));
    if (!op)
        return false;
    if (c->op == c->op_first)
        memcpy(op, c->op_first, sizeof c->op_first);
    c->op = op;
    c->ops_cap = cap;
    return true;
}

void pvn_call_op(pvn_call *c, pvn_op *op)
{
    if (c->handed)
        new_hand_over(c);
    if (!op || !op_room(c)) {
        pvn_op_free(op);
        c->ops_failed = true;
        return;
    }
    c->op[c->ops++] = op;
}

pvn_op *pvn_call_op_at(const pvn_call *c, size_t i)
{
    return c->ops_from + i < c->ops ? c->op[c->ops_from + i] : NULL;
}

size_t pvn_call_ops_len(const pvn_call *c)
{
    return c->ops - c->ops_from;
}

void pvn_call_crew(pvn_call *c, void (*work)(pvn_call *c))
{
    c->work = work;
}

void pvn_call_park(pvn_call *c, const pvn_park *p)
{
    const char *had = c->waiter.park.kinds;

    c->waiter.park = *p;
    if (!p->kinds)
        return;
    /* a call that parks again and again does not grow */
    c->waiter.park.kinds = had && strcmp(had, p->kinds) == 0
                               ? had
                               : pvn_arena_text(&c->arena, p->kinds);
}

bool pvn_call_timed_out(const pvn_call *c)
{
    return c->waiter.timed_out;
}

/* ---- without a call ---- */

typedef struct posted {
    pvn_hand hand;
    pvn_op *op[];
} posted;

static void posted_done(pvn_hand *h)
{
    posted *p = (posted *)((char *)h - offsetof(posted, hand));

    for (size_t i = 0; i < h->len; i++)
        pvn_op_free(p->op[i]);
    free(p);
}

void pvn_node_post(pvn_node *n, pvn_op *const *ops, size_t len)
{
    posted *p = calloc(1, sizeof *p + len * sizeof *p->op);

    if (!p) {
        for (size_t i = 0; i < len; i++)
            pvn_op_free(ops[i]);
        return;
    }
    for (size_t i = 0; i < len; i++)
        if (ops[i])
            p->op[p->hand.len++] = ops[i];
    p->hand.ops = p->op;
    p->hand.done = posted_done;
    if (p->hand.len == 0 || !pvn_core_push(n, &p->hand))
        posted_done(&p->hand);
}
