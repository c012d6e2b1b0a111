/* net/listen.c - the worker channel of a node: nng REP, one context for each
 * question that is open. nng's threads only move messages into a queue; one
 * thread of ours, the pump, feeds them to the endpoint and sends the answers.
 * Written against nng 1.5. */
#include "base/settings.h"
#include "net/inside.h"
#include "node/open.h"
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <poll.h>
#include <provernet/endpoint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    SPARE = 8, /* contexts that wait for a question */
    TICK_MS = 1000,
    READY_MAX = 64,
    STACK_BYTES = 512 << 10
};

typedef enum stage { WAITING, ARRIVED, ASKED, SENDING, GONE } stage;

typedef struct slot {
    struct listener *l;
    nng_ctx ctx;
    nng_aio *aio;
    stage stage;       /* under the lock */
    struct slot *next; /* in the queue */
    bool lost;         /* its worker's connection is gone */
    uint32_t pipe;
    uint32_t index;
    provernet_call *call; /* the pump's */
    nng_msg *in;
    pvn_buf out;
} slot;

typedef struct listener {
    provernet *node;
    nng_socket socket;
    bool socket_open, pump_runs, any_lost,
        stop; /* any_lost, stop: under the lock */
    provernet_inbox *inbox;
    pthread_t pump;
    int wake; /* eventfd */
    pthread_mutex_t lock;
    slot **slots;
    uint32_t len, cap, waiting, pipes, pipes_max;
    slot *first, **last; /* finished nng operations */
    provernet_call *tick;
    int64_t tick_ms;
} listener;

static const uint64_t TICK_TAG = UINT64_MAX;

static void wake_pump(listener *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake, &one, sizeof one);

    (void)n;
}

/* nng's thread: a message came, or an answer went. */
static void aio_done(void *arg)
{
    slot *s = arg;
    listener *l = s->l;

    pthread_mutex_lock(&l->lock);
    s->next = NULL;
    *l->last = s;
    l->last = &s->next;
    pthread_mutex_unlock(&l->lock);
    wake_pump(l);
}

static void receive(slot *s)
{
    pthread_mutex_lock(&s->l->lock);
    s->stage = WAITING;
    s->l->waiting++;
    pthread_mutex_unlock(&s->l->lock);
    nng_ctx_recv(s->ctx, s->aio);
}

static bool slots_room(listener *l)
{
    uint32_t cap = l->cap ? 2 * l->cap : 64;
    slot **grown;

    if (l->len < l->cap)
        return true;
    grown = realloc(l->slots, cap * sizeof(*grown));
    if (!grown)
        return false;
    l->slots = grown;
    l->cap = cap;
    return true;
}

/* One context more. false: no memory; those there are go on. */
static bool add_slot(listener *l)
{
    slot *s = calloc(1, sizeof *s);

    if (!s)
        return false;
    s->l = l;
    if (nng_aio_alloc(&s->aio, aio_done, s)) {
        free(s);
        return false;
    }
    if (nng_ctx_open(&s->ctx, l->socket)) {
        nng_aio_free(s->aio);
        free(s);
        return false;
    }
    pthread_mutex_lock(&l->lock);
    if (!slots_room(l)) {
        pthread_mutex_unlock(&l->lock);
        nng_ctx_close(s->ctx);
        nng_aio_free(s->aio);
        free(s);
        return false;
    }
    s->index = l->len;
    l->slots[l->len++] = s;
    pthread_mutex_unlock(&l->lock);
    receive(s);
    return true;
}

static void keep_spare(listener *l)
{
    for (;;) {
        bool enough;

        pthread_mutex_lock(&l->lock);
        enough = l->stop || l->waiting >= SPARE;
        pthread_mutex_unlock(&l->lock);
        if (enough || !add_slot(l))
            return;
    }
}

/* ---- connections ---- */

static void pipe_event(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    listener *l = arg;
    bool refuse = false;

    pthread_mutex_lock(&l->lock);
    if (event == NNG_PIPE_EV_ADD_PRE) {
        /* Every ADD_PRE is followed by a REM_POST, refused ones' too. */
        refuse = ++l->pipes > l->pipes_max;
    } else if (event == NNG_PIPE_EV_REM_POST) {
        l->pipes--;
        for (uint32_t i = 0; i < l->len; i++)
            if (l->slots[i]->stage == ASKED &&
                l->slots[i]->pipe == (uint32_t)nng_pipe_id(pipe))
                l->slots[i]->lost = l->any_lost = true;
    }
    pthread_mutex_unlock(&l->lock);
    if (refuse)
        nng_pipe_close(pipe);
    else
        wake_pump(l);
}

/* ---- the pump ---- */

static void peer_text(const nng_msg *msg, char out[64])
{
    nng_pipe pipe = nng_msg_get_pipe(msg);
    nng_sockaddr sa;
    const uint8_t *ip;

    out[0] = '\0';
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &sa) ||
        sa.s_family != NNG_AF_INET)
        return;
    ip = (const uint8_t *)&sa.s_in.sa_addr;
    snprintf(out, 64, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

static provernet_status open_call(listener *l, provernet_call **out,
                                  const char *peer, const void *data,
                                  size_t len, uint64_t tag)
{
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .authority = "localhost",
                            .path = PVN_WORKER_PATH,
                            .scheme = "http",
                            .peer = peer };
    provernet_status rc;
    size_t at = 0, taken;

    rc = provernet_call_open(l->inbox, out, &head, tag, NULL);
    if (rc)
        return rc;
    while (rc == PROVERNET_OK && at < len) {
        taken = 0;
        rc = provernet_call_write(*out, (const uint8_t *)data + at, len - at,
                                  &taken);
        at += taken;
    }
    /* END: answered already. AGAIN does not happen: a message is taken whole
     * or refused. */
    if (rc == PROVERNET_OK)
        rc = provernet_call_end(*out);
    return PROVERNET_OK;
}

static void send_answer(slot *s)
{
    nng_msg *msg = NULL;

    provernet_call_close(s->call);
    s->call = NULL;
    pthread_mutex_lock(&s->l->lock);
    s->stage = SENDING;
    s->lost = false;
    pthread_mutex_unlock(&s->l->lock);
    if (nng_msg_alloc(&msg, 0) == 0 &&
        nng_msg_append(msg, s->out.data, s->out.len) == 0) {
        pvn_buf_free(&s->out);
        s->out = (pvn_buf){ 0 };
        nng_aio_set_msg(s->aio, msg);
        nng_ctx_send(s->ctx, s->aio);
        return;
    }
    /* Without memory the worker asks again after its time. */
    nng_msg_free(msg);
    pvn_buf_free(&s->out);
    s->out = (pvn_buf){ 0 };
    receive(s);
}

/* Nothing to answer to: take the next question. */
static void abandon(slot *s)
{
    provernet_call_close(s->call);
    s->call = NULL;
    pvn_buf_free(&s->out);
    s->out = (pvn_buf){ 0 };
    receive(s);
}

/* Read what there is of the answer. */
static void advance(slot *s)
{
    const provernet_field *fields;
    uint8_t chunk[16384];
    provernet_status rc;
    size_t n;
    int http;

    rc = provernet_call_head(s->call, &http, &fields, &n);
    if (rc == PROVERNET_AGAIN)
        return;
    while (rc == PROVERNET_OK) {
        rc = provernet_call_read(s->call, chunk, sizeof chunk, &n);
        if (rc == PROVERNET_OK && !pvn_buf_add(&s->out, chunk, n))
            rc = PROVERNET_ERR_NOMEM;
    }
    if (rc == PROVERNET_AGAIN)
        return;
    /* An answer that is not of the worker's wire (no memory, draining) would
     * not be understood; the worker asks again. */
    if (rc == PROVERNET_END && http == 200)
        send_answer(s);
    else
        abandon(s);
}

static void arrived(listener *l, slot *s)
{
    nng_msg *msg = nng_aio_get_msg(s->aio);
    provernet_status rc;
    char peer[64];

    nng_aio_set_msg(s->aio, NULL);
    peer_text(msg, peer);
    pthread_mutex_lock(&l->lock);
    s->pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(msg));
    s->stage = ASKED;
    pthread_mutex_unlock(&l->lock);
    rc = open_call(l, &s->call, peer, nng_msg_body(msg), nng_msg_len(msg),
                   s->index);
    nng_msg_free(msg);
    if (rc) {
        s->call = NULL;
        abandon(s);
        return;
    }
    advance(s);
}

static void finished(listener *l, slot *s)
{
    int rc = nng_aio_result(s->aio);
    bool receiving;

    pthread_mutex_lock(&l->lock);
    receiving = s->stage == WAITING;
    if (receiving)
        l->waiting--;
    if (rc == NNG_ECLOSED || rc == NNG_ECANCELED)
        s->stage = GONE;
    pthread_mutex_unlock(&l->lock);
    if (rc == NNG_ECLOSED || rc == NNG_ECANCELED)
        return;
    if (receiving && rc == 0) {
        arrived(l, s);
        return;
    }
    if (!receiving && rc) {
        nng_msg_free(nng_aio_get_msg(s->aio));
        nng_aio_set_msg(s->aio, NULL);
    }
    receive(s);
}

static slot *next_finished(listener *l)
{
    slot *s;

    pthread_mutex_lock(&l->lock);
    s = l->first;
    if (s) {
        l->first = s->next;
        if (!l->first)
            l->last = &l->first;
    }
    pthread_mutex_unlock(&l->lock);
    return s;
}

/* A question whose asker is gone: the call ends, a parked one at once. */
static slot *next_lost(listener *l, uint32_t *at)
{
    slot *s = NULL;

    pthread_mutex_lock(&l->lock);
    for (; *at < l->len && !s; (*at)++)
        if (l->slots[*at]->lost && l->slots[*at]->stage == ASKED) {
            s = l->slots[*at];
            s->lost = false;
        }
    pthread_mutex_unlock(&l->lock);
    return s;
}

static void drop_lost(listener *l)
{
    uint32_t at = 0;
    slot *s;
    bool any;

    pthread_mutex_lock(&l->lock);
    any = l->any_lost;
    l->any_lost = false;
    pthread_mutex_unlock(&l->lock);
    if (!any)
        return;
    while ((s = next_lost(l, &at)))
        if (s->call)
            abandon(s);
}

/* Workers that fell silent are noticed even when all of them did. */
static void tick(listener *l, int64_t now)
{
    Provernet__Worker__V1__TickAsk tick_ask =
        PROVERNET__WORKER__V1__TICK_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_seal seal = { 0 };
    pvn_arena a = { 0 };
    pvn_bytes m;

    if (l->tick || now - l->tick_ms < TICK_MS)
        return;
    l->tick_ms = now;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_TICK;
    ask.tick = &tick_ask;
    m = pvn_wire_pack(&a, &ask.base, &seal);
    if (!m.data || open_call(l, &l->tick, "", m.data, m.len, TICK_TAG))
        l->tick = NULL;
    pvn_arena_free(&a);
}

static void tick_ready(listener *l)
{
    const provernet_field *fields;
    size_t n;
    int http;

    if (!l->tick ||
        provernet_call_head(l->tick, &http, &fields, &n) == PROVERNET_AGAIN)
        return;
    provernet_call_close(l->tick);
    l->tick = NULL;
}

static void take_ready(listener *l)
{
    provernet_ready ready[READY_MAX];
    size_t n;

    while ((n = provernet_inbox_next(l->inbox, ready, READY_MAX, 0)))
        for (size_t i = 0; i < n; i++) {
            slot *s = NULL;

            if (ready[i].tag == TICK_TAG) {
                tick_ready(l);
                continue;
            }
            pthread_mutex_lock(&l->lock);
            if (ready[i].tag < l->len)
                s = l->slots[ready[i].tag];
            pthread_mutex_unlock(&l->lock);
            if (s && s->call)
                advance(s);
        }
}

static bool stopping(listener *l)
{
    bool stop;

    pthread_mutex_lock(&l->lock);
    stop = l->stop;
    pthread_mutex_unlock(&l->lock);
    return stop;
}

static void *pump(void *arg)
{
    listener *l = arg;
    const pvn_env *env = pvn_node_env(l->node);
    struct pollfd fds[2] = { { .fd = l->wake, .events = POLLIN },
                             { .fd = -1, .events = POLLIN } };
    uint64_t count;
    slot *s;

    fds[1].fd = provernet_inbox_fd(l->inbox);
    while (!stopping(l)) {
        poll(fds, 2, TICK_MS);
        if (fds[0].revents && read(l->wake, &count, sizeof count) < 0 &&
            errno != EAGAIN && errno != EINTR)
            break;
        while ((s = next_finished(l)))
            finished(l, s);
        take_ready(l);
        drop_lost(l);
        if (l->socket_open)
            keep_spare(l);
        tick(l, pvn_now_ms(env));
    }
    return NULL;
}

/* ---- opening and closing ---- */

static void stop_listener(void *thing)
{
    listener *l = thing;

    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_mutex_unlock(&l->lock);
    wake_pump(l);
    if (l->pump_runs)
        pthread_join(l->pump, NULL);
    if (l->socket_open)
        nng_close(l->socket);
    /* All callbacks end before the first slot goes: they link the slots. */
    for (uint32_t i = 0; i < l->len; i++)
        nng_aio_stop(l->slots[i]->aio);
    for (uint32_t i = 0; i < l->len; i++) {
        slot *s = l->slots[i];

        if (nng_aio_get_msg(s->aio))
            nng_msg_free(nng_aio_get_msg(s->aio));
        nng_aio_free(s->aio);
        provernet_call_close(s->call);
        pvn_buf_free(&s->out);
        free(s);
    }
    provernet_call_close(l->tick);
    provernet_inbox_close(l->inbox);
    if (l->wake >= 0)
        close(l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l->slots);
    free(l);
}

static provernet_status nng_failed(int rc, const char *url,
                                   provernet_error *err)
{
    return pvn_fail(err,
                    rc == NNG_EADDRINUSE ? PROVERNET_ERR_ADDRESS_IN_USE
                    : rc == NNG_ENOMEM   ? PROVERNET_ERR_NOMEM
                                         : PROVERNET_ERR_INVALID,
                    rc, "cannot listen for workers on %.100s: %s", url,
                    nng_strerror(rc));
}

static int port_of(nng_listener nl, uint16_t *port)
{
    nng_sockaddr sa;
    int rc = nng_listener_get_addr(nl, NNG_OPT_LOCADDR, &sa);

    if (rc)
        return rc;
    if (sa.s_family == NNG_AF_INET)
        *port = (uint16_t)(sa.s_in.sa_port >> 8 | sa.s_in.sa_port << 8);
    else if (sa.s_family == NNG_AF_INET6)
        *port = (uint16_t)(sa.s_in6.sa_port >> 8 | sa.s_in6.sa_port << 8);
    return 0;
}

static int open_socket(listener *l, const char *url, uint16_t *port)
{
    nng_listener nl;
    int rc = nng_rep0_open(&l->socket);

    if (rc)
        return rc;
    l->socket_open = true;
    if ((rc = nng_socket_set_size(l->socket, NNG_OPT_RECVMAXSZ,
                                  PVN_WIRE_MESSAGE_MAX)) ||
        (rc = nng_pipe_notify(l->socket, NNG_PIPE_EV_ADD_PRE, pipe_event, l)) ||
        (rc =
             nng_pipe_notify(l->socket, NNG_PIPE_EV_ADD_POST, pipe_event, l)) ||
        (rc =
             nng_pipe_notify(l->socket, NNG_PIPE_EV_REM_POST, pipe_event, l)) ||
        (rc = nng_listener_create(&nl, l->socket, url)))
        return rc;
    nng_listener_set_bool(nl, NNG_OPT_TCP_KEEPALIVE, true);
    nng_listener_set_bool(nl, NNG_OPT_TCP_NODELAY, true);
    keep_spare(l);
    rc = nng_listener_start(nl, 0);
    return rc ? rc : port_of(nl, port);
}

static int start_pump(listener *l)
{
    sigset_t all, before;
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);

    if (rc)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&l->pump, &attr, pump, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    l->pump_runs = rc == 0;
    if (rc == 0)
        pthread_setname_np(l->pump, "pvn-workers");
    return rc;
}

static provernet_status open_parts(listener *l, const char *url, uint16_t *port,
                                   provernet_error *err)
{
    provernet_status rc;
    int failure;

    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "no more descriptors");
    rc = provernet_inbox_open(l->node, &l->inbox, err);
    if (rc)
        return rc;
    failure = url ? open_socket(l, url, port) : 0;
    if (failure)
        return nng_failed(failure, url, err);
    failure = start_pump(l);
    if (failure)
        return pvn_fail(err, PROVERNET_ERR_NOMEM, failure,
                        "cannot start the workers' thread: %s",
                        strerror(failure));
    return PROVERNET_OK;
}

provernet_status provernet_worker_listen(provernet *pn, const char *url,
                                         uint16_t *port, provernet_error *err)
{
    uint16_t bound = 0;
    provernet_status rc;
    listener *l;

    if (!pn)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "worker_listen needs a node");
    if (pvn_node_attached(pn, stop_listener))
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the worker channel is open already");
    l = calloc(1, sizeof *l);
    if (!l)
        return pvn_nomem(err);
    l->node = pn;
    l->wake = -1;
    l->last = &l->first;
    l->pipes_max = (uint32_t)pvn_setting_int(pvn_node_options(pn),
                                             PVN_SET_WORKER_SESSIONS_MAX);
    pthread_mutex_init(&l->lock, NULL);
    rc = open_parts(l, url, &bound, err);
    if (rc) {
        stop_listener(l);
        return rc;
    }
    pvn_node_attach(pn, l, stop_listener);
    if (port)
        *port = bound;
    return PROVERNET_OK;
}
