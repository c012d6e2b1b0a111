/* node/queue.c - hand-overs on their way to the core.
 *
 * A hand-over that only looks at single rows need not wake anybody: while the
 * core sleeps, the thread that brings it lends itself and runs the batch, and
 * that of others who come meanwhile. Two changes of thread and three system
 * calls are saved, which is more than the look itself costs. Only if looking
 * never waits for a network (pvn_state.quick). */
#include "node/inside.h"

enum { LEND_ROUNDS = 4 };

#define DRAINING                                                               \
    "the server is draining and takes nothing new\nhelp: try again when it "   \
    "is back, or another server"

static bool only_reads(const pvn_hand *h)
{
    for (size_t i = 0; i < h->len; i++)
        if (h->ops[i]->type < PVN_OP_READ_ACCOUNT ||
            h->ops[i]->signer.check_nonce)
            return false;
    return true;
}

/* One row and what belongs to it, not a list. */
static bool only_looks(const pvn_hand *h)
{
    for (size_t i = 0; i < h->len; i++)
        switch (h->ops[i]->type) {
        case PVN_OP_READ_ACCOUNT:
        case PVN_OP_READ_PROGRAM:
        case PVN_OP_READ_ARTIFACT:
        case PVN_OP_READ_REQUEST:
        case PVN_OP_READ_TASK:
        case PVN_OP_READ_RECORD:
            continue;
        default:
            return false;
        }
    return true;
}

/* While draining: work that is new, beside what running work needs. */
static bool is_new(pvn_op_type t)
{
    return t == PVN_OP_REQUEST_SUBMIT || t == PVN_OP_PROGRAM_REGISTER ||
           t == PVN_OP_ARTIFACT_ISSUE || t == PVN_OP_ACCOUNT_APPLY;
}

void pvn_refuse_op(pvn_op *op, const char *why)
{
    pvn_fail(&op->err, PROVERNET_ERR_UNAVAILABLE, 0, "%s", why);
    op->wrote = false;
    op->done = true;
}

/* Take waiting hand-overs up to batch_max ops; whole ones, at least one. */
void pvn_queue_take(provernet *n, pvn_queue *q)
{
    pvn_core *c = &n->core;
    pvn_hand *first = NULL, **last = &first, *h, *next;
    size_t len = c->len, taken = 0;

    pthread_mutex_lock(&c->lock);
    while ((h = q->first) != NULL &&
           (len == 0 || len + h->len <= n->batch_max)) {
        q->first = h->next;
        len += h->len;
        taken += h->len;
        *last = h;
        last = &h->next;
    }
    if (!q->first)
        q->last = &q->first;
    c->queued -= taken;
    pthread_mutex_unlock(&c->lock);
    *last = NULL;
    for (h = first; h; h = next) {
        next = h->next;
        pvn_core_add(n, h);
    }
}

/* ---- lending a thread ---- */

/* Under the step lock. The hand may be left over: put off by its batch. */
static void run_here(provernet *n, pvn_hand *h)
{
    pvn_core *c = &n->core;

    h->here = true;
    c->len = 0;
    pvn_core_add(n, h);
    for (int i = 0; c->len && i < LEND_ROUNDS; i++) {
        pvn_core_run_batch(n);
        c->len = 0;
        if (c->st && c->again_len == 0)
            pvn_queue_take(n, &c->reads);
        else
            break;
    }
    if (c->len)
        pvn_core_run_batch(n);
    if (h->left > 0)
        h->here = false;
}

/* The caller holds the right to help. true: the hand is done. */
static bool lend(provernet *n, pvn_hand *h)
{
    pvn_core *c = &n->core;
    bool ran = false, finished = false, wake;

    if (pthread_mutex_trylock(&c->step) == 0) {
        if (c->st) {
            run_here(n, h);
            ran = true;
            /* if not, the core may finish it once the lock is gone */
            finished = h->left == 0;
        }
        wake = c->again_len > 0;
        pthread_mutex_unlock(&c->step);
    } else {
        wake = true;
    }
    pthread_mutex_lock(&c->lock);
    c->helped = false;
    if (!ran) {
        *c->reads.last = h;
        c->reads.last = &h->next;
        c->queued += h->len;
    }
    wake = (wake || c->reads.first) && c->asleep;
    if (wake)
        c->asleep = false;
    pthread_mutex_unlock(&c->lock);
    if (wake)
        pvn_wake_post(&c->wake);
    return finished;
}

/* ---- from any thread ---- */

provernet_status pvn_node_takes_new(pvn_node *n, provernet_error *err)
{
    if (atomic_load(&n->draining))
        return pvn_fail(err, PROVERNET_ERR_UNAVAILABLE, 0, "%s", DRAINING);
    return PROVERNET_OK;
}

static const char *why_not(provernet *n, const pvn_hand *h)
{
    if (atomic_load(&n->draining))
        for (size_t i = 0; i < h->len; i++)
            if (is_new(h->ops[i]->type))
                return DRAINING;
    if (n->core.stop)
        return "the server is closing";
    if (n->core.queued + h->len > n->queue_max)
        return "the queue of the server is full (setting node.queue_max)"
               "\nhelp: try again";
    return NULL;
}

/* Answered from rows that were committed lately, if each is among them. What
 * a batch in the making changes nobody has heard of yet. */
static bool seen_lately(provernet *n, pvn_hand *h)
{
    h->batch = atomic_load(&n->batch);
    for (size_t i = 0; i < h->len; i++)
        if (!pvn_recent_look(&n->recent, h->ops[i])) {
            while (i-- > 0)
                pvn_op_rewind(h->ops[i]);
            return false;
        }
    pvn_tally_add(&n->tally.ops, h->len);
    h->left = 0;
    return true;
}

bool pvn_core_push(provernet *n, pvn_hand *h)
{
    pvn_core *c = &n->core;
    bool looks = n->quick && only_looks(h), wake = false;
    pvn_queue *q = looks || only_reads(h) ? &c->reads : &c->writes;
    const char *why;

    if (n->alone && looks && seen_lately(n, h))
        return false;
    h->next = NULL;
    h->left = h->len;
    h->tries = 0;
    h->here = false;
    for (size_t i = 0; i < h->len; i++)
        h->ops[i]->owner = h;
    pthread_mutex_lock(&c->lock);
    why = why_not(n, h);
    if (!why && looks && c->asleep && !c->helped) {
        c->helped = true;
        pthread_mutex_unlock(&c->lock);
        return !lend(n, h);
    }
    if (!why) {
        *q->last = h;
        q->last = &h->next;
        c->queued += h->len;
        /* who lends a thread looks for more before he leaves */
        wake = c->asleep && !(looks && c->helped) &&
               (q == &c->reads || c->queued >= c->gather);
        if (wake)
            c->asleep = false;
    }
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; why && i < h->len; i++)
        pvn_refuse_op(h->ops[i], why);
    if (wake)
        pvn_wake_post(&c->wake);
    return why == NULL;
}
