/* tests/sim/check.c - what must hold in the database after every commit. */
#include "sim/check.h"
#include "base/amount.h"
#include "schedule/op.h"
#include <provernet/request.h>
#include <stdio.h>
#include <stdlib.h>

#define FAIL(...)                                                              \
    do {                                                                       \
        snprintf(buf, cap, __VA_ARGS__);                                       \
        return buf;                                                            \
    } while (0)
#define EACH(type, var, table)                                                 \
    for (size_t i_##var = 0; i_##var < mem_len(m, table); i_##var++)           \
        for (const type *var = (const type *)mem_at(m, table, i_##var); var;   \
             var = NULL)

static bool open_request(const pvn_request *q)
{
    return q->state < PROVERNET_FULFILLED;
}
static const pvn_request *request(const mem_state *m, const provernet_id *id)
{
    pvn_request key = { .row.table = PVN_REQUEST, .id = *id };
    return (const pvn_request *)mem_get(m, &key.row);
}
static const pvn_task *task(const mem_state *m, const provernet_id *id)
{
    pvn_task key = { .row.table = PVN_TASK, .id = *id };
    return (const pvn_task *)mem_get(m, &key.row);
}

/* Sums by id, in one pass over the rows they come from. */
typedef struct sum {
    provernet_id id;
    int64_t a, b, c;
} sum;
typedef struct sums {
    pvn_map map;
    pvn_arena arena;
} sums;
static sum *sum_of(sums *s, const void *key, size_t len)
{
    sum *x = pvn_map_get(&s->map, key, len);
    if (x)
        return x;
    x = pvn_arena_alloc(&s->arena, sizeof *x);
    pvn_map_put(&s->map, pvn_arena_copy(&s->arena, key, len), len, x);
    return x;
}
static void sums_free(sums *s)
{
    pvn_map_free(&s->map);
    pvn_arena_free(&s->arena);
}

static const char *check_pins(const mem_state *m, sums *s, char *buf,
                              size_t cap)
{
    EACH(pvn_task_file, f, PVN_TASK_FILE)
    {
        const pvn_task *t = task(m, &f->task);
        const pvn_request *q = t ? request(m, &t->request) : NULL;
        if (!q)
            FAIL("a file belongs to no request");
        if (open_request(q))
            sum_of(s, &f->artifact, 16)->a++;
    }
    EACH(pvn_program, p, PVN_PROGRAM)
    {
        sum_of(s, &p->artifact, 16)->a++;
    }
    int64_t bytes = 0;
    EACH(pvn_artifact, a, PVN_ARTIFACT)
    {
        int64_t want = sum_of(s, &a->id, 16)->a;
        if (a->pins != want)
            FAIL("an artifact has %lld pins, %lld rows need it",
                 (long long)a->pins, (long long)want);
        if (a->pins > 0 && a->state != PVN_ARTIFACT_STORED)
            FAIL("an artifact that is needed is in state %lld",
                 (long long)a->state);
        if (a->pins == 0 && a->expires_ms <= 0)
            FAIL("an artifact that nobody needs would stay for ever");
        if (a->state == PVN_ARTIFACT_STORED)
            bytes += a->bytes;
    }
    pvn_saved key = { .row.table = PVN_SETTING, .name = "artifact.bytes" };
    const pvn_saved *v = (const pvn_saved *)mem_get(m, &key.row);
    int64_t said = v ? (int64_t)pvn_get_u64be(v->value.data) : 0;
    if (said != bytes)
        FAIL("artifact.bytes says %lld, stored are %lld", (long long)said,
             (long long)bytes);
    return NULL;
}

static const char *check_accounts(const mem_state *m, char *buf, size_t cap)
{
    sums s = { 0 };
    const char *bad = NULL;
    EACH(pvn_request, q, PVN_REQUEST)
    {
        sum_of(&s, q->requester, 20)->a += open_request(q);
    }
    EACH(pvn_account, a, PVN_ACCOUNT)
    {
        int64_t want = sum_of(&s, a->address, 20)->a;
        if (a->open_requests != want && !bad) {
            snprintf(buf, cap, "an account has %lld open requests, says %lld",
                     (long long)want, (long long)a->open_requests);
            bad = buf;
        }
    }
    sums_free(&s);
    return bad;
}

static const char *check_task(const mem_state *m, const pvn_task *t,
                              const sums *waits, char *buf, size_t cap)
{
    const pvn_request *q = request(m, &t->request);
    if (!q)
        FAIL("a task has no request");
    if (!open_request(q) && t->state < PVN_TASK_DONE)
        FAIL("task %s of an ended request is in state %lld", t->name,
             (long long)t->state);
    pvn_attempt key = { .row.table = PVN_ATTEMPT,
                        .task = t->id,
                        .attempt = t->attempt };
    const pvn_attempt *a = (const pvn_attempt *)mem_get(m, &key.row);
    if (t->attempt > 0 && !a)
        FAIL("attempt %lld of task %s has no row", (long long)t->attempt,
             t->name);
    bool leased = t->state == PVN_TASK_LEASED;
    if (leased && (!pvn_id_equal(&a->worker, &t->worker) ||
                   a->outcome != PVN_ATTEMPT_OPEN))
        FAIL("the lease of %s and its attempt differ", t->name);
    if (!leased && a && a->outcome == PVN_ATTEMPT_OPEN)
        FAIL("%s is not leased, its attempt is open", t->name);
    const sum *w = pvn_map_get(&waits->map, t->id.bytes, 16);
    int64_t unmet = w ? w->a : 0;
    if (open_request(q) && t->waits != unmet)
        FAIL("%s waits for %lld tasks, says %lld", t->name, (long long)unmet,
             (long long)t->waits);
    if ((t->state == PVN_TASK_BLOCKED) != (t->waits > 0) &&
        t->state < PVN_TASK_DONE)
        FAIL("%s is in state %lld and waits for %lld", t->name,
             (long long)t->state, (long long)t->waits);
    return NULL;
}

static const char *check_graph(const mem_state *m, char *buf, size_t cap)
{
    sums waits = { 0 }, by = { 0 };
    const char *bad = NULL;
    EACH(pvn_edge, e, PVN_EDGE)
    {
        sum_of(&waits, &e->after, 16)->a += !e->met;
    }
    EACH(pvn_task, t, PVN_TASK)
    {
        if (!bad)
            bad = check_task(m, t, &waits, buf, cap);
        sum *s = sum_of(&by, &t->request, 16);
        s->a++;
        s->b += t->state < PVN_TASK_DONE;
        s->c += !pvn_id_none(&t->judges) && t->state < PVN_TASK_DONE;
    }
    EACH(pvn_request, q, PVN_REQUEST)
    {
        const sum *s = sum_of(&by, &q->id, 16);
        if (bad)
            break;
        if (q->tasks_len != s->a || q->tasks_open != s->b) {
            snprintf(buf, cap,
                     "a request says %lld tasks, %lld open; there "
                     "are %lld, %lld",
                     (long long)q->tasks_len, (long long)q->tasks_open,
                     (long long)s->a, (long long)s->b);
            bad = buf;
        } else if (q->state == PROVERNET_VERIFYING && s->c == 0) {
            snprintf(buf, cap, "a request is verifying and nobody verifies");
            bad = buf;
        } else if (open_request(q) && q->state != PROVERNET_VERIFYING &&
                   s->b == 0) {
            snprintf(buf, cap, "an open request has nothing to do");
            bad = buf;
        } else if (q->state == PROVERNET_FAILED && q->dedup.data) {
            snprintf(buf, cap, "a failed request keeps its dedup");
            bad = buf;
        }
    }
    sums_free(&waits);
    sums_free(&by);
    return bad;
}

/* Only the newest attempt of a task may be open: the fence. */
static const char *check_attempts(const mem_state *m, char *buf, size_t cap)
{
    EACH(pvn_attempt, a, PVN_ATTEMPT)
    {
        const pvn_task *t = task(m, &a->task);
        if (!t)
            FAIL("an attempt has no task");
        if (a->outcome == PVN_ATTEMPT_OPEN && a->attempt != t->attempt)
            FAIL("attempt %lld of %s is open, the task is at %lld",
                 (long long)a->attempt, t->name, (long long)t->attempt);
        if (a->outcome == PVN_ATTEMPT_DONE && a->attempt != t->attempt)
            FAIL("attempt %lld of %s was done, yet there is attempt %lld",
                 (long long)a->attempt, t->name, (long long)t->attempt);
    }
    return NULL;
}

static pvn_amount amount_of(const char *text)
{
    pvn_amount a = pvn_amount_of(0);
    pvn_amount_read(&a, text);
    return a;
}

static const char *check_log(const mem_state *m, const pvn_account *a,
                             const char *initial, char *buf, size_t cap)
{
    pvn_amount in = amount_of(initial), out = amount_of(a->balance);
    EACH(pvn_record, r, PVN_RECORD)
    {
        pvn_balance_entry e;
        if (!r->kind || strcmp(r->kind, PVN_BALANCE_LOG) != 0 ||
            !pvn_balance_entry_read(&e, r) ||
            memcmp(e.account20, a->address, 20) != 0)
            continue;
        pvn_amount x = amount_of(e.amount + (e.amount[0] == '-'));
        pvn_amount_add(e.amount[0] == '-' ? &out : &in, &x);
    }
    if (pvn_amount_compare(&in, &out) != 0)
        FAIL("an account has %s, which its log does not explain", a->balance);
    return NULL;
}

static const char *check_auction(const mem_state *m, const pvn_auction *a,
                                 char *buf, size_t cap)
{
    pvn_amount held = amount_of(a->held);
    const pvn_request *q = request(m, &a->request);
    bool over = a->state >= PVN_AUCTION_PAID;
    if (!q)
        FAIL("an auction has no request");
    if (over && !pvn_amount_zero(&held))
        FAIL("an auction that is over holds %s", a->held);
    if (over != (q->settle != PVN_SETTLE_OPEN) || over != (a->ended_ms > 0))
        FAIL("auction state %lld, request settle %lld", (long long)a->state,
             (long long)q->settle);
    if (q->state == PROVERNET_FAILED && !over)
        FAIL("a failed request has its money held");
    if (a->state == PVN_AUCTION_OPEN && a->bond)
        FAIL("an auction holds collateral of nobody");
    if (a->state == PVN_AUCTION_ASSIGNED &&
        memcmp(q->fulfiller, a->winner, 20) != 0)
        FAIL("the fulfiller is not the winner");
    return NULL;
}

/* What came from outside, and what left. */
static void moved(const mem_state *m, pvn_amount *in, pvn_amount *out)
{
    EACH(pvn_record, r, PVN_RECORD)
    {
        pvn_balance_entry e;
        if (!r->kind || strcmp(r->kind, PVN_BALANCE_LOG) != 0 ||
            !pvn_balance_entry_read(&e, r))
            continue;
        pvn_amount x = amount_of(e.amount + (e.amount[0] == '-'));
        if (e.operation == PVN_BALANCE_DEPOSIT)
            pvn_amount_add(in, &x);
        if (e.operation == PVN_BALANCE_WITHDRAW_REQUEST)
            pvn_amount_add(out, &x);
    }
}

const char *check_money(const mem_state *m, const char *initial, char *buf,
                        size_t cap)
{
    pvn_amount want = pvn_amount_of(0), have = want, one = amount_of(initial);
    const char *bad = NULL;
    EACH(pvn_account, a, PVN_ACCOUNT)
    {
        pvn_amount x = amount_of(a->balance);
        pvn_amount_add(&want, &one);
        pvn_amount_add(&have, &x);
        if (!bad)
            bad = check_log(m, a, initial, buf, cap);
    }
    EACH(pvn_auction, a, PVN_AUCTION)
    {
        pvn_amount x = amount_of(a->held), bond = amount_of(a->bond);
        pvn_amount_add(&have, &x);
        if (a->state == PVN_AUCTION_ASSIGNED)
            pvn_amount_add(&have, &bond);
        if (!bad)
            bad = check_auction(m, a, buf, cap);
    }
    if (bad)
        return bad;
    moved(m, &want, &have);
    if (pvn_amount_compare(&want, &have) != 0) {
        char w[PVN_AMOUNT_CHARS], h[PVN_AMOUNT_CHARS];
        FAIL("the accounts began with, and got, %s; there is %s",
             pvn_amount_text(w, &want), pvn_amount_text(h, &have));
    }
    return NULL;
}

const char *check_rows(const mem_state *m, char *buf, size_t cap)
{
    if (m->broken[0])
        FAIL("%s", m->broken);
    sums pins = { 0 };
    const char *bad = check_pins(m, &pins, buf, cap);
    sums_free(&pins);
    if (!bad)
        bad = check_accounts(m, buf, cap);
    if (!bad)
        bad = check_graph(m, buf, cap);
    if (!bad)
        bad = check_attempts(m, buf, cap);
    return bad;
}
