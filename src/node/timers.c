/* node/timers.c - what the core gives itself: BOOT, TICK, SWEEP, and the
 * removal of files that no row names. */
#include "node/inside.h"
#include <stdlib.h>

enum {
    TICK_MS = 1000, /* at least so often */
    SWEEP_MS = 60 * 1000,
    TIDY_MS = 10 * 60 * 1000,
    ORPHAN_MS = 3600 * 1000, /* age of a file before its row is looked for */
    TIDY_FILES = 256         /* files in one go */
};

static void tick_done(pvn_hand *h);
static void sweep_done(pvn_hand *h);
static void boot_done(pvn_hand *h);

static void own_init(provernet *n, pvn_own *o, void (*done)(pvn_hand *),
                     int64_t at_ms)
{
    o->node = n;
    o->hand.ops = &o->op;
    o->hand.len = 1;
    o->hand.done = done;
    o->at_ms = at_ms;
}

void pvn_timers_init(provernet *n)
{
    int64_t now = n->core.now_ms;

    own_init(n, &n->core.boot, boot_done, now);
    own_init(n, &n->core.tick, tick_done, now);
    own_init(n, &n->core.sweep, sweep_done, now + SWEEP_MS);
    n->core.tidy_ms = now + SWEEP_MS;
}

void pvn_timers_again(provernet *n, int64_t now_ms)
{
    n->core.boot.at_ms = now_ms;
    n->core.tick.at_ms = now_ms;
    n->core.tick_last_ms = now_ms - 1;
    n->core.sweep.at_ms = now_ms + SWEEP_MS;
    n->core.tidy_ms = now_ms + TIDY_MS;
}

void pvn_timers_free(provernet *n)
{
    pvn_op_free(n->core.boot.op);
    pvn_op_free(n->core.tick.op);
    pvn_op_free(n->core.sweep.op);
}

void pvn_timers_hint(provernet *n, int64_t tick_ms)
{
    pvn_core *c = &n->core;

    /* never twice in the same millisecond, or a stuck row would spin */
    if (tick_ms <= c->tick_last_ms)
        tick_ms = c->tick_last_ms + 1;
    if (tick_ms < c->tick.at_ms)
        c->tick.at_ms = tick_ms;
}

static void own_add(pvn_own *o, pvn_op_type type, int64_t now_ms)
{
    if (o->busy || now_ms < o->at_ms)
        return;
    pvn_op_free(o->op);
    o->op = pvn_op_new(type);
    if (!o->op) {
        o->at_ms = now_ms + TICK_MS;
        return;
    }
    if (type == PVN_OP_BOOT)
        o->op->u.boot.address = o->node->dir;
    o->op->owner = &o->hand;
    o->hand.left = 1;
    o->hand.tries = 0;
    o->busy = true;
    o->at_ms = INT64_MAX;
    pvn_core_add(o->node, &o->hand);
}

static void tidy(provernet *n, int64_t now_ms);

void pvn_timers_add(provernet *n, int64_t now_ms)
{
    pvn_core *c = &n->core;

    own_add(&c->boot, PVN_OP_BOOT, now_ms);
    if (c->boot.busy)
        return; /* leases of an earlier life are not judged before */
    own_add(&c->tick, PVN_OP_TICK, now_ms);
    own_add(&c->sweep, PVN_OP_SWEEP, now_ms);
    if (now_ms >= c->tidy_ms)
        tidy(n, now_ms);
}

int64_t pvn_timers_next(const provernet *n)
{
    const pvn_core *c = &n->core;
    int64_t next = c->tidy_ms;

    if (c->boot.at_ms < next)
        next = c->boot.at_ms;
    if (c->tick.at_ms < next)
        next = c->tick.at_ms;
    return c->sweep.at_ms < next ? c->sweep.at_ms : next;
}

static void complain(const provernet *n, const pvn_op *op)
{
    pvn_log(&n->env, PVN_WARN, "node.timer", "op=%s status=%s why=%s",
            pvn_op_name(op->type), provernet_status_name(op->err.status),
            op->err.message);
}

static pvn_own *own_of(pvn_hand *h)
{
    return (pvn_own *)((char *)h - offsetof(pvn_own, hand));
}

static void boot_done(pvn_hand *h)
{
    pvn_own *o = own_of(h);
    const pvn_op_boot *b = &o->op->u.boot;
    int64_t now = o->node->core.now_ms;

    o->busy = false;
    if (o->op->err.status != PROVERNET_OK) {
        complain(o->node, o->op);
        o->at_ms = now + TICK_MS;
    } else if (b->more) {
        o->at_ms = now;
    } else if (!atomic_exchange(&o->node->booted, true)) {
        pvn_log(&o->node->env, PVN_INFO, "node.ready", "tasks_leased=%lld",
                (long long)b->tasks_leased);
    }
}

static void tick_done(pvn_hand *h)
{
    pvn_own *o = own_of(h);
    const pvn_op_tick *t = &o->op->u.tick;
    int64_t now = o->node->core.now_ms, next = now + TICK_MS;

    o->busy = false;
    o->node->core.tick_last_ms = now;
    if (o->op->err.status != PROVERNET_OK)
        complain(o->node, o->op);
    else if (t->more)
        next = now;
    else if (t->next_ms < next)
        next = t->next_ms > now ? t->next_ms : now + 1;
    if (next < o->at_ms) /* a hint may have asked for less */
        o->at_ms = next;
}

/* ---- files ---- */

typedef struct unlink_chore {
    pvn_chore chore;
    provernet *node;
    size_t len;
    provernet_id id[];
} unlink_chore;

static void unlink_work(pvn_chore *chore)
{
    unlink_chore *u = (unlink_chore *)chore;
    provernet_error err = { 0 };

    for (size_t i = 0; i < u->len; i++)
        if (pvn_store_remove(u->node->store, &u->id[i], &err) != PROVERNET_OK &&
            err.status != PROVERNET_ERR_NOT_FOUND)
            pvn_log(&u->node->env, PVN_WARN, "artifact.remove", "why=%s",
                    err.message);
    free(u);
}

static void sweep_done(pvn_hand *h)
{
    pvn_own *o = own_of(h);
    const pvn_op_sweep *s = &o->op->u.sweep;
    int64_t now = o->node->core.now_ms;
    unlink_chore *u;

    o->busy = false;
    o->at_ms = now + SWEEP_MS;
    if (o->op->err.status != PROVERNET_OK) {
        complain(o->node, o->op);
        return;
    }
    if (s->more)
        o->at_ms = now + 1;
    if (s->gone_len == 0)
        return;
    /* if there is no memory, tidy finds the files later */
    u = malloc(sizeof *u + s->gone_len * sizeof u->id[0]);
    if (!u)
        return;
    u->chore.work = unlink_work;
    u->node = o->node;
    u->len = s->gone_len;
    memcpy(u->id, s->gone, s->gone_len * sizeof u->id[0]);
    pvn_crew_push(&o->node->crew, &u->chore);
}

typedef struct tidy_chore {
    pvn_chore chore;
    provernet *node;
} tidy_chore;

/* In doubt a file is kept. */
static bool known(void *user, const provernet_id *id)
{
    provernet *n = user;
    pvn_op *op = pvn_op_new(PVN_OP_READ_ARTIFACT);
    const pvn_artifact *row;
    bool keep = true;

    if (!op || atomic_load(&n->closing)) {
        pvn_op_free(op); /* closing: this may be the core's own thread */
        return true;
    }
    op->u.read_artifact.id = *id;
    if (pvn_node_run(n, &op, 1, NULL) == PROVERNET_OK) {
        row = op->u.read_artifact.artifact;
        keep = row && row->state != PVN_ARTIFACT_GONE;
    }
    pvn_op_free(op);
    return keep;
}

static void tidy_work(pvn_chore *chore)
{
    tidy_chore *t = (tidy_chore *)chore;
    provernet *n = t->node;
    provernet_id cursor = { { 0 } };
    provernet_error err = { 0 };
    provernet_status s;

    do {
        s = pvn_store_sweep(n->store, ORPHAN_MS, TIDY_FILES, &cursor, known, n,
                            &err);
    } while (s == PROVERNET_OK && !atomic_load(&n->closing));
    if (s < 0)
        pvn_log(&n->env, PVN_WARN, "artifact.tidy", "why=%s", err.message);
    atomic_store(&n->core.tidying, false);
    free(t);
}

static void tidy(provernet *n, int64_t now_ms)
{
    tidy_chore *t;

    n->core.tidy_ms = now_ms + TIDY_MS;
    if (atomic_load(&n->closing) || atomic_exchange(&n->core.tidying, true))
        return;
    t = malloc(sizeof *t);
    if (!t) {
        atomic_store(&n->core.tidying, false);
        return;
    }
    t->chore.work = tidy_work;
    t->node = n;
    pvn_crew_push(&n->crew, &t->chore);
}
