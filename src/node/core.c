/* node/core.c - the core: takes hand-overs, runs them in batches, one durable
 * commit each, and gives them back. One thread, or whoever steps.
 *
 * Hand-overs that only read run in a batch of their own before the writes:
 * they never wait for the disk. A commit that failed is never repeated: what
 * was in it is refused, the state is closed, opened again and checked. */
#include "node/inside.h"
#include "schedule/batch.h"
#include <stdio.h>
#include <stdlib.h>

enum { TRIES_MAX = 100, NAP_MS = 1000, REOPEN_MS = 1000, COUNT_MS = 5000 };

/* Under load a commit waits a moment for company: it costs as much for one
 * as for many. Expected are those it just answered and those who queued up
 * meanwhile, not longer than GATHER_US. A batch of fewer than GATHER_MIN ops
 * shows there is no load. */
enum { GATHER_MIN = 4, GATHER_US = 1500 };

/* ---- a batch ---- */

static bool room(pvn_op ***op, size_t *cap, size_t want)
{
    size_t more = *cap ? *cap : 256;
    pvn_op **to;

    if (want <= *cap)
        return true;
    while (more < want)
        more *= 2;
    to = realloc(*op, more * sizeof(*to));
    if (!to)
        return false;
    *op = to;
    *cap = more;
    return true;
}

static void give_back(provernet *n, pvn_op *op)
{
    pvn_hand *h = op->owner;

    h->batch = atomic_load_explicit(&n->batch, memory_order_relaxed);
    if (--h->left > 0)
        return;
    if (h->here) {
        h->here = false; /* its owner's own thread: it looks */
        return;
    }
    h->next = NULL;
    *n->core.finished.last = h;
    n->core.finished.last = &h->next;
}

/* Group by group, so that each owner is woken once for all of his: the first
 * of them would wake him to find one call, and the next again. */
void pvn_core_tell(pvn_core *c)
{
    pvn_hand *h, *next;

    while ((h = c->finished.first) != NULL) {
        const void *group = h->group;
        pvn_queue same = { NULL, &same.first };

        c->finished = (pvn_queue){ NULL, &c->finished.first };
        for (; h; h = next) {
            pvn_queue *to = h->group == group ? &same : &c->finished;

            next = h->next;
            h->next = NULL;
            *to->last = h;
            to->last = &h->next;
        }
        for (h = same.first; h; h = next) {
            next = h->next;
            h->more = next != NULL;
            h->done(h);
        }
    }
}

void pvn_core_add(provernet *n, pvn_hand *h)
{
    pvn_core *c = &n->core;

    if (!room(&c->op, &c->cap, c->len + h->len)) {
        for (size_t i = 0; i < h->len; i++) {
            pvn_refuse_op(h->ops[i], "out of memory");
            give_back(n, h->ops[i]);
        }
        pvn_core_tell(c);
        return;
    }
    for (size_t i = 0; i < h->len; i++)
        c->op[c->len++] = h->ops[i];
}

/* What has to run again goes into the batch, if there is memory. */
static void take_again(pvn_core *c)
{
    if (!c->again_len || !room(&c->op, &c->cap, c->len + c->again_len))
        return;
    memcpy(c->op + c->len, c->again, c->again_len * sizeof(*c->again));
    c->len += c->again_len;
    c->again_len = 0;
}

static void fail_batch(provernet *n, const char *why)
{
    pvn_core *c = &n->core;
    size_t len = c->len;

    c->len = 0;
    for (size_t i = 0; i < len; i++) {
        pvn_refuse_op(c->op[i], why);
        give_back(n, c->op[i]);
    }
    pvn_core_tell(c);
}

/* Where the database and the disk stand is not known any more. */
static void turn_sick(provernet *n, const provernet_error *err)
{
    pvn_core *c = &n->core;
    char why[sizeof n->why];

    pthread_mutex_lock(&n->lock);
    snprintf(n->why, sizeof n->why, "the database failed: %.160s",
             err->message);
    memcpy(why, n->why, sizeof why);
    pthread_mutex_unlock(&n->lock);
    atomic_store(&n->sick, true);
    pvn_log(&n->env, PVN_ERROR, "node.sick", "status=%s cause=%d why=%s",
            provernet_status_name(err->status), err->cause, err->message);
    if (c->st)
        c->st->ops->close(c->st);
    c->st = NULL;
    pvn_recent_forget(&n->recent);
    c->reopen_ms = c->now_ms + REOPEN_MS;
    take_again(c); /* was in no commit, but it waits like all */
    fail_batch(n, why);
}

static void reopen(provernet *n)
{
    pvn_core *c = &n->core;
    provernet_error err = { 0 };

    c->reopen_ms = c->now_ms + REOPEN_MS;
    if (n->open_state(n->open_state_user, &c->st, n->db_path, &n->env, &err) !=
        PROVERNET_OK) {
        c->st = NULL;
        pvn_log(&n->env, PVN_WARN, "node.reopen", "status=%s why=%s",
                provernet_status_name(err.status), err.message);
        return;
    }
    pvn_log(&n->env, PVN_INFO, "node.reopened", "path=%s", n->db_path);
    atomic_store(&n->sick, false);
    pvn_timers_again(n, c->now_ms);
}

/* Which failures say nothing about the database. */
static bool is_passing(provernet_status s)
{
    return s == PROVERNET_ERR_NOMEM || s == PROVERNET_AGAIN;
}

/* ---- what a batch did, for those who wait ---- */

static void tell_changes(provernet *n, const pvn_hints *h)
{
    uint64_t batch = atomic_load_explicit(&n->batch, memory_order_relaxed);

    for (size_t i = 0; i < h->requests_len; i++) {
        int64_t state = h->request_state[i];

        pvn_parks_request(&n->parks, batch, &h->request[i], state);
        if (state == PROVERNET_FULFILLED)
            pvn_tally_add(&n->tally.fulfilled, 1);
        else if (state == PROVERNET_FAILED)
            pvn_tally_add(&n->tally.failed, 1);
        if (state == PROVERNET_FULFILLED || state == PROVERNET_FAILED)
            pvn_progress_drop(n, &h->request[i]);
    }
    for (size_t i = 0; i < h->kinds_len; i++)
        pvn_parks_work(&n->parks, batch, h->kind_ready[i], h->tasks_ready[i]);
    if (h->events)
        pvn_parks_events(&n->parks, batch);
    if (h->wrote)
        n->core.changed = true;
    pvn_timers_hint(n, h->tick_ms);
}

/* Who got all the work it asked for leaves more behind, perhaps: one more of
 * those who wait may look. Matters for tasks that became ready by the clock. */
static void tell_more_work(provernet *n, const pvn_op *op)
{
    const pvn_op_task_lease *l = &op->u.task_lease;

    if (op->type == PVN_OP_TASK_LEASE && l->leased_len &&
        l->leased_len == l->want)
        pvn_parks_work(&n->parks, 0, l->leased[0].kind, 1);
    if (op->type == PVN_OP_REQUEST_SUBMIT && op->err.status == PROVERNET_OK &&
        !op->u.request_submit.again)
        pvn_tally_add(&n->tally.accepted, 1);
}

/* What decided to run again goes first into the next batch of writes. */
static void sort_done(provernet *n)
{
    pvn_core *c = &n->core;
    size_t len = c->len;

    c->len = 0;
    for (size_t i = 0; i < len; i++) {
        pvn_op *op = c->op[i];
        pvn_hand *h = op->owner;

        if (op->done) {
            tell_more_work(n, op);
            give_back(n, op);
        } else if (h->tries++ < TRIES_MAX * h->len &&
                   room(&c->again, &c->again_cap, c->again_len + 1)) {
            c->again[c->again_len++] = op;
        } else {
            pvn_refuse_op(op, "the operation found no quiet moment: try again");
            give_back(n, op);
        }
    }
}

void pvn_core_run_batch(provernet *n)
{
    pvn_core *c = &n->core;
    pvn_op *done = NULL, *again = NULL; /* op->done says it too */
    pvn_hints hints = { 0 };
    provernet_error err = { 0 };
    provernet_status s;
    int64_t now = c->now_ms;

    for (size_t i = 0; i < c->len; i++)
        c->op[i]->next = i + 1 < c->len ? c->op[i + 1] : NULL;
    atomic_fetch_add_explicit(&n->batch, 1, memory_order_relaxed);
    s = pvn_batch_run(c->st, &c->arena, c->op[0], &c->rules, &n->env, &done,
                      &again, &hints, &now, &err);
    pvn_tally_add(&n->tally.batches, 1);
    pvn_tally_add(&n->tally.ops, c->len);
    pvn_tally_max(&n->tally.batch_ops_max, c->len);
    if (s == PROVERNET_OK) {
        if (hints.wrote)
            pvn_tally_add(&n->tally.commit_us,
                          1000 * (uint64_t)(pvn_now_ms(&n->env) - c->now_ms));
        if (n->alone)
            pvn_recent_learn(&n->recent, hints.rows);
        tell_changes(n, &hints);
        sort_done(n);
        pvn_core_tell(c);
    } else if (is_passing(s)) {
        fail_batch(n, err.message[0] ? err.message : "out of memory");
    } else {
        turn_sick(n, &err);
    }
    pvn_arena_reset(&c->arena);
}

/* Waiting hand-overs cannot run. */
static void refuse_waiting(provernet *n, const char *why)
{
    pvn_core *c = &n->core;

    for (;;) {
        c->len = 0;
        pvn_queue_take(n, &c->reads);
        pvn_queue_take(n, &c->writes);
        if (c->len == 0)
            return;
        fail_batch(n, why);
    }
}

static void refuse_sick(provernet *n)
{
    char why[sizeof n->why];

    pthread_mutex_lock(&n->lock);
    memcpy(why, n->why, sizeof why);
    pthread_mutex_unlock(&n->lock);
    refuse_waiting(n, why);
}

static void count(provernet *n)
{
    pvn_core *c = &n->core;
    const char *json = NULL;
    provernet_error err = { 0 };
    char *copy;

    c->changed = false;
    c->count_ms = c->now_ms + COUNT_MS;
    if (c->st->ops->count(c->st, &c->arena, &json, &err) != PROVERNET_OK) {
        pvn_log(&n->env, PVN_WARN, "node.count", "status=%s why=%s",
                provernet_status_name(err.status), err.message);
    } else if (json && (copy = strdup(json)) != NULL) {
        pthread_mutex_lock(&n->lock);
        free(n->counts);
        n->counts = copy;
        pthread_mutex_unlock(&n->lock);
    }
    pvn_arena_reset(&c->arena);
}

/* The wall clock was set back: nobody shall wait for the old future. */
static void clock_moved(provernet *n, int64_t now_ms)
{
    pvn_log(&n->env, PVN_WARN, "node.clock_back", "ms=%lld",
            (long long)(n->core.now_ms - now_ms));
    n->core.count_ms = now_ms;
    n->core.reopen_ms = now_ms;
    pvn_timers_again(n, now_ms);
    pvn_parks_wake_all(&n->parks);
}

bool pvn_core_round(provernet *n, int64_t now_ms)
{
    pvn_core *c = &n->core;
    bool did = false;

    if (now_ms < c->now_ms - NAP_MS)
        clock_moved(n, now_ms);
    c->now_ms = now_ms;
    c->rules.draining = atomic_load(&n->draining);
    if (!c->st && now_ms >= c->reopen_ms)
        reopen(n);
    if (!c->st)
        refuse_sick(n);
    c->len = 0;
    if (c->st)
        pvn_queue_take(n, &c->reads);
    if (c->len) {
        pvn_core_run_batch(n);
        did = true;
    }
    c->len = 0;
    c->written = 0;
    if (c->st) {
        take_again(c);
        pvn_timers_add(n, now_ms);
        pvn_queue_take(n, &c->writes);
    }
    if (c->len) {
        c->written = c->len;
        pvn_core_run_batch(n);
        did = true;
    }
    pvn_parks_due(&n->parks, now_ms);
    if (c->st && c->changed && now_ms >= c->count_ms)
        count(n);
    return did;
}

int64_t pvn_core_next(provernet *n)
{
    pvn_core *c = &n->core;
    int64_t next = pvn_parks_next(&n->parks), timer;
    bool waiting;

    pthread_mutex_lock(&c->lock);
    waiting = c->reads.first || c->writes.first;
    pthread_mutex_unlock(&c->lock);
    if (waiting || c->again_len)
        return c->now_ms;
    timer = c->st ? pvn_timers_next(n) : c->reopen_ms;
    if (c->st && c->changed && c->count_ms < timer)
        timer = c->count_ms;
    return timer < next ? timer : next;
}

/* ---- the thread ---- */

static bool fall_asleep(pvn_core *c)
{
    bool sleeps;

    pthread_mutex_lock(&c->lock);
    sleeps = !c->stop && !c->reads.first && !c->writes.first;
    c->asleep = sleeps;
    pthread_mutex_unlock(&c->lock);
    return sleeps;
}

/* Those who were answered come back soon, and others: let them share the next
 * commit. Whoever only looks is not held up, see queue.c. */
static void gather(pvn_core *c)
{
    size_t enough;
    bool waits;

    pthread_mutex_lock(&c->lock);
    enough = c->written + c->queued;
    waits = !c->stop && !c->reads.first && c->queued < enough;
    c->asleep = waits;
    c->gather = enough;
    pthread_mutex_unlock(&c->lock);
    if (waits)
        pvn_wake_wait_us(&c->wake, GATHER_US);
    pthread_mutex_lock(&c->lock);
    c->asleep = false;
    c->gather = 0;
    pthread_mutex_unlock(&c->lock);
}

/* One round; how long there is nothing to do after it. */
static int64_t round_and_rest(provernet *n)
{
    pvn_core *c = &n->core;
    int64_t nap = 0;

    pthread_mutex_lock(&c->step);
    if (!pvn_core_round(n, pvn_now_ms(&n->env)))
        nap = pvn_core_next(n) - c->now_ms;
    pthread_mutex_unlock(&c->step);
    return nap < NAP_MS ? nap : NAP_MS;
}

static void *core_main(void *arg)
{
    provernet *n = arg;
    pvn_core *c = &n->core;
    bool stop = false;

    while (!stop) {
        int64_t nap = round_and_rest(n);

        if (c->written >= GATHER_MIN)
            gather(c);
        else if (nap > 0 && fall_asleep(c))
            pvn_wake_wait(&c->wake, nap);
        pthread_mutex_lock(&c->lock);
        c->asleep = false;
        stop = c->stop;
        pthread_mutex_unlock(&c->lock);
    }
    return NULL;
}

provernet_status pvn_core_init(provernet *n)
{
    pvn_core *c = &n->core;
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&c->step, &attr);
    pthread_mutexattr_destroy(&attr);
    pthread_mutex_init(&c->lock, NULL);
    c->reads.last = &c->reads.first;
    c->writes.last = &c->writes.first;
    c->finished.last = &c->finished.first;
    c->now_ms = pvn_now_ms(&n->env);
    c->changed = true;
    pvn_timers_init(n);
    return PROVERNET_OK;
}

provernet_status pvn_core_start(provernet *n, provernet_error *err)
{
    int rc;

    if (n->stepped)
        return PROVERNET_OK;
    rc = pthread_create(&n->core.thread, NULL, core_main, n);
    if (rc != 0)
        return pvn_fail(err, PROVERNET_ERR_UNAVAILABLE, rc,
                        "cannot start the core's thread: %s", strerror(rc));
    n->core.running = true;
    return PROVERNET_OK;
}

void pvn_core_stop(provernet *n)
{
    pvn_core *c = &n->core;

    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_mutex_unlock(&c->lock);
    pvn_wake_post(&c->wake);
    if (c->running)
        pthread_join(c->thread, NULL);
    c->running = false;
    for (size_t i = 0; i < c->again_len; i++) {
        pvn_refuse_op(c->again[i], "the server is closing");
        give_back(n, c->again[i]);
    }
    c->again_len = 0;
    pvn_core_tell(c);
    refuse_waiting(n, "the server is closing");
    if (c->st)
        c->st->ops->close(c->st);
    c->st = NULL;
    pvn_timers_free(n);
    pvn_arena_free(&c->arena);
    free(c->op);
    free(c->again);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->step);
}
