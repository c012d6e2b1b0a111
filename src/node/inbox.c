/* node/inbox.c - completions, pulled: a list of ready calls and a pollable
 * descriptor, written only when the list was empty and its owner may be
 * waiting. */
#include "node/inside.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

provernet_status provernet_inbox_open(provernet *pn, provernet_inbox **out,
                                      provernet_error *err)
{
    provernet_inbox *in;

    *out = NULL;
    if (pvn_node_forked(pn))
        return pvn_fail(err, PROVERNET_ERR_FORKED, 0,
                        "the node was opened by process %d, this is its "
                        "child\nhelp: open a node after the fork",
                        (int)pn->pid);
    in = calloc(1, sizeof *in);
    if (!in)
        return pvn_nomem(err);
    in->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (in->fd < 0) {
        int e = errno;
        free(in);
        return pvn_fail(err, PROVERNET_ERR_IO, e,
                        "cannot make the inbox's descriptor: %s", strerror(e));
    }
    pthread_mutex_init(&in->lock, NULL);
    in->node = pn;
    in->last = &in->first;
    *out = in;
    return PROVERNET_OK;
}

int provernet_inbox_fd(const provernet_inbox *in)
{
    return in->fd;
}

/* Under the lock, so that the descriptor cannot be closed meanwhile. */
static void signal_fd(provernet_inbox *in)
{
    uint64_t one = 1;
    ssize_t n;

    if (in->signalled || in->awake)
        return;
    in->signalled = true;
    n = write(in->fd, &one, sizeof one);
    (void)n; /* a counter of 1 always takes another 1 */
}

static void quiet_fd(provernet_inbox *in)
{
    uint64_t count;
    ssize_t n;

    if (!in->signalled)
        return;
    in->signalled = false;
    n = read(in->fd, &count, sizeof count);
    (void)n;
}

/* Under the lock. Then signal_fd, unless more follows. */
static void queue_call(provernet_inbox *in, provernet_call *c, uint32_t what)
{
    c->ready |= what;
    if (c->queued)
        return;
    c->queued = true;
    c->next_ready = NULL;
    c->link_ready = in->last;
    *in->last = c;
    in->last = &c->next_ready;
}

/* Under the lock. */
static void unlink_call(provernet_inbox *in, provernet_call *c)
{
    *c->link_ready = c->next_ready;
    if (c->next_ready)
        c->next_ready->link_ready = c->link_ready;
    else
        in->last = c->link_ready;
    c->queued = false;
}

/* waits: whoever finds nothing will poll the descriptor. */
static size_t take(provernet_inbox *in, provernet_ready *out, size_t cap,
                   bool waits)
{
    size_t n = 0;
    provernet_call *c;

    pthread_mutex_lock(&in->lock);
    while (n < cap && (c = in->first) != NULL) {
        unlink_call(in, c);
        out[n].tag = c->tag;
        out[n++].what = c->ready;
        c->ready = 0;
    }
    if (!in->first)
        quiet_fd(in);
    if (waits && n == 0)
        in->awake = false;
    pthread_mutex_unlock(&in->lock);
    return n;
}

/* Without threads the caller drives the node while it waits; real time passes
 * in poll, whatever the node's clock says. */
static size_t take_stepped(provernet_inbox *in, provernet_ready *out,
                           size_t cap, int64_t timeout_ms)
{
    struct pollfd p = { .fd = in->fd, .events = POLLIN };
    provernet *n = in->node;
    size_t got;

    for (int64_t left = timeout_ms;;) {
        int64_t now = pvn_now_ms(&n->env);
        int64_t nap = pvn_node_step(n, now) - now;

        got = take(in, out, cap, true);
        if (got || left == 0)
            return got;
        if (nap < 1)
            nap = 1;
        if (nap > 1000)
            nap = 1000;
        if (left > 0 && nap > left)
            nap = left;
        if (poll(&p, 1, (int)nap) == 0 && left > 0)
            left -= nap;
    }
}

size_t provernet_inbox_next(provernet_inbox *in, provernet_ready *out,
                            size_t cap, int64_t timeout_ms)
{
    struct pollfd p = { .fd = in->fd, .events = POLLIN };
    size_t n;

    if (cap == 0 || pvn_node_forked(in->node))
        return 0;
    n = take(in, out, cap, timeout_ms != 0);
    if (n || timeout_ms == 0)
        return n;
    if (in->node->stepped)
        return take_stepped(in, out, cap, timeout_ms);
    do {
        int wait =
            timeout_ms < 0 || timeout_ms > INT32_MAX ? -1 : (int)timeout_ms;
        if (poll(&p, 1, wait) == 0)
            return 0;
        /* another thread may have been quicker */
        n = take(in, out, cap, timeout_ms < 0);
    } while (n == 0 && timeout_ms < 0);
    return n;
}

int provernet_inbox_awake(provernet_inbox *in, int awake)
{
    bool sleeps;

    pthread_mutex_lock(&in->lock);
    sleeps = !awake && !in->first;
    in->awake = !sleeps;
    pthread_mutex_unlock(&in->lock);
    return awake || sleeps;
}

static void inbox_free(provernet_inbox *in)
{
    pthread_mutex_destroy(&in->lock);
    free(in);
}

void provernet_inbox_close(provernet_inbox *in)
{
    bool last;

    if (!in)
        return;
    pthread_mutex_lock(&in->lock);
    in->closed = true;
    close(in->fd);
    in->fd = -1;
    last = in->calls == 0;
    pthread_mutex_unlock(&in->lock);
    if (last)
        inbox_free(in);
}

void pvn_inbox_left(provernet_inbox *in)
{
    bool last;

    pthread_mutex_lock(&in->lock);
    in->calls--;
    last = in->closed && in->calls == 0;
    pthread_mutex_unlock(&in->lock);
    if (last)
        inbox_free(in);
}

/* ---- calls ---- */

static void bury_it(pvn_chore *chore)
{
    pvn_call_free(
        (provernet_call *)((char *)chore - offsetof(provernet_call, chore)));
}

/* Its owner left long ago. What its handler has to put away may touch the
 * disk: not on the core's thread. */
static void bury(provernet_call *c)
{
    c->chore.work = bury_it;
    if (c->handler && c->handler->close)
        pvn_crew_push(&c->node->crew, &c->chore);
    else
        pvn_call_free(c);
}

void pvn_call_woken(provernet_call *c)
{
    pvn_call_woken_of(c, false);
}

void pvn_call_woken_of(provernet_call *c, bool more)
{
    provernet_inbox *in = c->in;
    uint32_t what = PROVERNET_READY_READ;
    bool abandoned;

    pthread_mutex_lock(&in->lock);
    abandoned = c->abandoned;
    if (!abandoned) {
        if (!atomic_load_explicit(&c->head_given, memory_order_relaxed))
            what |= PROVERNET_READY_HEAD;
        if (!atomic_load_explicit(&c->body_ended, memory_order_relaxed))
            what |= PROVERNET_READY_WRITE;
        atomic_store_explicit(&c->phase, PVN_IN_WOKEN, memory_order_release);
        queue_call(in, c, what);
    }
    if (!more && in->first)
        signal_fd(in); /* also for those before it */
    pthread_mutex_unlock(&in->lock);
    if (abandoned)
        bury(c);
}

void pvn_call_tell(provernet_call *c, uint32_t what)
{
    pthread_mutex_lock(&c->in->lock);
    queue_call(c->in, c, what);
    signal_fd(c->in);
    pthread_mutex_unlock(&c->in->lock);
}

bool pvn_call_leave(provernet_call *c)
{
    provernet_inbox *in = c->in;
    bool free_now;

    pthread_mutex_lock(&in->lock);
    if (c->queued) {
        unlink_call(in, c);
        if (!in->first)
            quiet_fd(in);
    }
    free_now =
        atomic_load_explicit(&c->phase, memory_order_relaxed) != PVN_IN_WAIT;
    c->abandoned = true;
    pthread_mutex_unlock(&in->lock);
    return free_now;
}
