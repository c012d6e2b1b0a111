/* schedule/batch.c - one batch of operations: load, decide, store, commit.
 * Pure but for what the database does; includes op.h and state.h. */
#include "schedule/batch.h"
#include "schedule/decide.h"

/* The head of a batch is never put off twice for the same reason: more than a
 * few times is a bug, which must not hold up the core for ever. */
enum { TRIES_MAX = 32 };

typedef struct batch {
    pvn_state *st;
    pvn_arena *arena;
    const pvn_rules *rules;
    const pvn_env *env;
    pvn_op **op; /* in order */
    bool *put_off;
    size_t len;
    pvn_rows rows;
    int64_t now_ms;
} batch;

/* Index of the op that op i needs, or i itself. */
static size_t needed_by(const batch *b, size_t i)
{
    for (size_t k = i; k-- > 0;)
        if (b->op[k] == b->op[i]->needs)
            return k;
    return i;
}

/* Everything that hangs on op i, and what it hangs on, waits too. */
static void put_off(batch *b, size_t i)
{
    b->put_off[i] = true;
    for (size_t k = i; needed_by(b, k) != k;) {
        k = needed_by(b, k);
        b->put_off[k] = true;
    }
    for (size_t k = i + 1; k < b->len; k++)
        if (b->put_off[needed_by(b, k)])
            b->put_off[k] = true;
}

static provernet_status gather(batch *b, provernet_error *err)
{
    for (int round = 0; round <= PVN_OP_ROUNDS; round++) {
        bool more = false;
        for (size_t i = 0; i < b->len; i++) {
            pvn_op *op = b->op[i];
            if (b->put_off[i] || op->ready)
                continue;
            int r = pvn_op_keys(op, &b->rows, b->rules, b->now_ms);
            if (r < 0)
                return pvn_nomem(err);
            more |= r > 0;
        }
        if (!more)
            return PROVERNET_OK;
        if (round == PVN_OP_ROUNDS)
            return PROVERNET_OK; /* decide will say who lacks rows */
        if (!b->rows.wants)
            continue;
        provernet_status s =
            b->st->ops->load(b->st, &b->rows, b->rows.wants, err);
        if (s < 0)
            return s;
        if (b->rows.failed)
            return pvn_nomem(err);
        pvn_rows_wants_loaded(&b->rows);
    }
    return PROVERNET_OK;
}

/* Has this batch already changed rows for the op that op i hangs on? Then the
 * two must not be torn apart: the batch starts over without them. */
static bool torn(const batch *b, size_t i)
{
    for (size_t k = i; needed_by(b, k) != k;) {
        k = needed_by(b, k);
        if (b->op[k]->wrote)
            return true;
    }
    return false;
}

typedef enum verdict { GO_ON, START_OVER, NO_MEMORY } verdict;

static verdict decide(batch *b)
{
    for (size_t i = 0; i < b->len; i++) {
        pvn_op *op = b->op[i];
        if (b->put_off[i])
            continue;
        bool ok = pvn_op_decide(op, &b->rows, b->rules, b->env, b->now_ms);
        if (b->rows.failed)
            return NO_MEMORY;
        if (ok) {
            op->done = true;
            continue;
        }
        if (op->tries >= TRIES_MAX) {
            pvn_fail(&op->err, PROVERNET_ERR_INTERNAL, 0,
                     "a bug in %s: it still lacks rows after %d batches; "
                     "nothing was changed",
                     pvn_op_name(op->type), TRIES_MAX);
            op->done = true;
            continue;
        }
        bool tear = torn(b, i);
        put_off(b, i);
        if (tear)
            return START_OVER;
    }
    return GO_ON;
}

/* ---- hints ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return b > 0 && b < a ? b : a;
}

static void hint_request(pvn_hints *h, const pvn_request *q)
{
    const pvn_request *was = q->row.was;
    if (pvn_request_open(q))
        h->tick_ms = sooner(h->tick_ms, q->deadline_ms);
    if (was && was->state == q->state && !q->row.fresh)
        return;
    h->request[h->requests_len] = q->id;
    h->request_state[h->requests_len++] = q->state;
}

static void hint_task(pvn_hints *h, const pvn_task *t, int64_t now_ms)
{
    const pvn_task *was = t->row.was;
    if (t->state == PVN_TASK_LEASED)
        h->tick_ms = sooner(h->tick_ms, t->lease_ms);
    if (t->state != PVN_TASK_READY || t->not_before_ms == INT64_MAX)
        return;
    if (t->not_before_ms > now_ms)
        h->tick_ms = sooner(h->tick_ms, t->not_before_ms);
    if (was && was->state == PVN_TASK_READY &&
        was->not_before_ms != INT64_MAX && !t->row.fresh)
        return;
    size_t i = 0;
    while (i < h->kinds_len && strcmp(h->kind_ready[i], t->kind) != 0)
        i++;
    if (i == h->kinds_len)
        h->kind_ready[h->kinds_len++] = t->kind;
    h->tasks_ready[i]++;
}

static bool hints_room(const batch *b, pvn_hints *h)
{
    size_t requests = 0, tasks = 0;
    for (const pvn_row *r = b->rows.first; r; r = r->next) {
        requests += r->dirty && r->table == PVN_REQUEST;
        tasks += r->dirty && r->table == PVN_TASK;
    }
    h->request = pvn_arena_alloc(b->arena, requests * sizeof *h->request);
    h->request_state =
        pvn_arena_alloc(b->arena, requests * sizeof *h->request_state);
    h->kind_ready = pvn_arena_alloc(b->arena, tasks * sizeof *h->kind_ready);
    h->tasks_ready = pvn_arena_alloc(b->arena, tasks * sizeof *h->tasks_ready);
    return h->request && h->request_state && h->kind_ready && h->tasks_ready;
}

static bool fill_hints(const batch *b, pvn_hints *h)
{
    memset(h, 0, sizeof *h);
    h->tick_ms = INT64_MAX;
    if (!hints_room(b, h))
        return false;
    h->events = b->rows.events != NULL;
    h->rows = b->rows.first;
    for (const pvn_row *r = b->rows.first; r; r = r->next) {
        if (!r->dirty && !r->deleted)
            continue;
        h->wrote = true;
        if (r->table == PVN_REQUEST)
            hint_request(h, (const pvn_request *)r);
        else if (r->table == PVN_AUCTION)
            h->tick_ms = sooner(h->tick_ms, ((const pvn_auction *)r)->due_ms);
        else if (r->table == PVN_TASK)
            hint_task(h, (const pvn_task *)r, b->now_ms);
    }
    h->wrote |= b->rows.prune_events_ms > 0;
    return true;
}

/* ---- the whole ---- */

static void rewind_ops(const batch *b)
{
    for (size_t i = 0; i < b->len; i++)
        pvn_op_rewind(b->op[i]);
}

static bool list_ops(batch *b, pvn_op *first)
{
    for (pvn_op *op = first; op; op = op->next)
        b->len++;
    b->op = pvn_arena_alloc(b->arena, b->len * sizeof *b->op);
    b->put_off = pvn_arena_alloc(b->arena, b->len * sizeof *b->put_off);
    if (!b->op || !b->put_off)
        return false;
    size_t i = 0;
    for (pvn_op *op = first; op; op = op->next)
        b->op[i++] = op;
    return true;
}

/* Load and decide, as often as a torn pair makes it start over. */
static provernet_status work_out(batch *b, provernet_error *err)
{
    for (;;) {
        provernet_status s = gather(b, err);
        if (s < 0)
            return s;
        verdict v = decide(b);
        if (v == NO_MEMORY && b->rows.bug)
            return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0,
                            "a bug in an operation: %s; nothing was changed",
                            b->rows.bug);
        if (v == NO_MEMORY)
            return pvn_nomem(err);
        if (v == GO_ON)
            return PROVERNET_OK;
        pvn_rows_free(&b->rows);
        pvn_rows_init(&b->rows, b->arena);
        rewind_ops(b);
    }
}

static provernet_status write_down(batch *b, pvn_hints *hints,
                                   provernet_error *err)
{
    if (!fill_hints(b, hints))
        return pvn_nomem(err);
    provernet_status s = b->st->ops->store(b->st, &b->rows, err);
    return s < 0 ? s : b->st->ops->commit(b->st, err);
}

/* Part the ops into those that are done and those for the next batch. */
static void part_lists(const batch *b, pvn_op **done, pvn_op **again)
{
    *done = *again = NULL;
    for (size_t i = 0; i < b->len; i++) {
        pvn_op *op = b->op[i];
        pvn_op ***to = b->put_off[i] ? &again : &done;
        op->next = NULL;
        **to = op;
        *to = &op->next;
        if (!b->put_off[i])
            continue;
        pvn_op_rewind(op);
        if (op->tries < UINT8_MAX)
            op->tries++;
    }
}

provernet_status pvn_batch_run(pvn_state *st, pvn_arena *arena, pvn_op *first,
                               const pvn_rules *rules, const pvn_env *env,
                               pvn_op **done, pvn_op **again, pvn_hints *hints,
                               int64_t *now_ms, provernet_error *err)
{
    batch b = { .st = st, .arena = arena, .rules = rules, .env = env };
    *done = NULL;
    *again = first;
    memset(hints, 0, sizeof *hints);
    hints->tick_ms = INT64_MAX;
    if (!list_ops(&b, first))
        return pvn_nomem(err);
    provernet_status s = st->ops->begin(st, &b.now_ms, err);
    if (s < 0)
        return s;
    pvn_rows_init(&b.rows, arena);
    b.rows.by_key.seed = rules->seed;
    if (!rules->seed)
        pvn_random(env, &b.rows.by_key.seed, sizeof b.rows.by_key.seed);
    b.rows.by_other.seed = b.rows.groups.seed = b.rows.wanted.seed =
        b.rows.by_key.seed;
    s = work_out(&b, err);
    if (s >= 0)
        s = write_down(&b, hints, err);
    pvn_rows_free(&b.rows);
    if (s < 0) {
        st->ops->rollback(st);
        rewind_ops(&b);
        memset(hints, 0, sizeof *hints);
        hints->tick_ms = INT64_MAX;
        return s;
    }
    if (now_ms)
        *now_ms = b.now_ms;
    part_lists(&b, done, again);
    return PROVERNET_OK;
}
