/* node/step.c - driving the node by hand, and running operations from a thread
 * that may wait. */
#include "node/inside.h"
#include <sched.h>
#include <unistd.h>

bool pvn_node_forked(const provernet *n)
{
    return n->pid != getpid();
}

int64_t pvn_node_step(provernet *n, int64_t now_ms)
{
    int64_t next;
    bool did;

    pthread_mutex_lock(&n->core.step);
    do {
        did = pvn_core_round(n, now_ms);
        /* outside of a round: a chore may run operations itself */
        while (n->stepped && pvn_crew_run_one(&n->crew))
            did = true;
        next = pvn_core_next(n);
    } while (did || next <= now_ms);
    pthread_mutex_unlock(&n->core.step);
    return next;
}

int64_t provernet_step(provernet *pn, int64_t now_ms)
{
    if (pvn_node_forked(pn))
        return PROVERNET_ERR_FORKED;
    if (!pn->stepped)
        return PROVERNET_ERR_STATE;
    return pvn_node_step(pn, now_ms);
}

typedef struct waiting {
    pvn_hand hand;
    pvn_wake wake;
} waiting;

static void run_done(pvn_hand *h)
{
    pvn_wake_post(&((waiting *)h)->wake);
}

static void wait_done(provernet *n, waiting *w)
{
    if (n->core.running) {
        while (!pvn_wake_wait(&w->wake, -1))
            ;
        return;
    }
    while (!pvn_wake_wait(&w->wake, 0)) {
        pvn_node_step(n, pvn_now_ms(&n->env));
        sched_yield(); /* another thread may be stepping */
    }
}

provernet_status pvn_node_run(pvn_node *n, pvn_op **ops, size_t len,
                              provernet_error *err)
{
    waiting w = { .hand = { .ops = ops, .len = len, .done = run_done } };

    if (len == 0)
        return PROVERNET_OK;
    if (pvn_core_push(n, &w.hand))
        wait_done(n, &w);
    for (size_t i = 0; i < len; i++)
        if (ops[i]->err.status < 0)
            return pvn_error_copy(err, &ops[i]->err);
    return PROVERNET_OK;
}
