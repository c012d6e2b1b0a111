/* net/channel_nng.c - a worker's connection over nng: REQ, one context for
 * each lane. Written against nng 1.5; its own repeating of requests is off,
 * because repeated messages are ours to number. */
#include "net/channel.h"
#include "protocol/worker/wire.h"
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RECONNECT_MIN_MS = 250, RECONNECT_MAX_MS = 30000 };

typedef struct lane {
    struct nng_link *link;
    nng_ctx ctx;
    nng_aio *aio;
    bool open, done, interrupted;
} lane;

typedef struct nng_link {
    pvn_channel base;
    pvn_env env;
    nng_socket socket;
    bool socket_open;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int pipe; /* id of the newest connection; 0: none */
    lane lane[PVN_WIRE_LANES];
} nng_link;

static void aio_done(void *arg)
{
    lane *l = arg;

    pthread_mutex_lock(&l->link->lock);
    l->done = true;
    pthread_cond_broadcast(&l->link->changed);
    pthread_mutex_unlock(&l->link->lock);
}

static void pipe_event(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    nng_link *k = arg;

    pthread_mutex_lock(&k->lock);
    if (event == NNG_PIPE_EV_ADD_POST)
        k->pipe = nng_pipe_id(pipe);
    else if (k->pipe == nng_pipe_id(pipe))
        k->pipe = 0;
    pthread_mutex_unlock(&k->lock);
}

static provernet_status failed(int rc, const lane *l, provernet_error *err)
{
    if (rc == NNG_ENOMEM)
        return pvn_nomem(err);
    if (l->interrupted)
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                        "the worker is closing");
    if (rc == NNG_ECANCELED || rc == NNG_ETIMEDOUT)
        return pvn_fail(err, PROVERNET_ERR_TIMEOUT, rc,
                        "the server did not answer in time");
    return pvn_fail(err, PROVERNET_ERR_CONNECT, rc,
                    "the connection to the server broke: %s", nng_strerror(rc));
}

/* Wait for the lane's operation; cancel it at the time or when interrupted.
 * Returns nng's result. */
static int finish(nng_link *k, lane *l, int64_t until_ms)
{
    struct timespec at = { .tv_sec = (time_t)(until_ms / 1000),
                           .tv_nsec = (long)(until_ms % 1000) * 1000000L };
    bool late = false;

    pthread_mutex_lock(&k->lock);
    while (!l->done && !l->interrupted && !late) {
        pthread_cond_timedwait(&k->changed, &k->lock, &at);
        late = pvn_now_ms(&k->env) >= until_ms;
    }
    if (!l->done) {
        pthread_mutex_unlock(&k->lock);
        nng_aio_cancel(l->aio);
        pthread_mutex_lock(&k->lock);
        while (!l->done)
            pthread_cond_wait(&k->changed, &k->lock);
    }
    pthread_mutex_unlock(&k->lock);
    return nng_aio_result(l->aio);
}

static bool start(nng_link *k, lane *l)
{
    bool ok;

    pthread_mutex_lock(&k->lock);
    ok = !l->interrupted;
    l->done = false;
    pthread_mutex_unlock(&k->lock);
    return ok;
}

static provernet_status exchange(pvn_channel *c, unsigned i, pvn_bytes message,
                                 int64_t timeout_ms, pvn_buf *answer,
                                 provernet_error *err)
{
    nng_link *k = (nng_link *)c;
    lane *l = &k->lane[i];
    int64_t until = pvn_now_ms(&k->env) + timeout_ms;
    nng_msg *msg;
    bool ok;
    int rc;

    if (nng_msg_alloc(&msg, 0))
        return pvn_nomem(err);
    if (nng_msg_append(msg, message.data, message.len)) {
        nng_msg_free(msg);
        return pvn_nomem(err);
    }
    if (!start(k, l)) {
        nng_msg_free(msg);
        return failed(NNG_ECANCELED, l, err);
    }
    nng_aio_set_msg(l->aio, msg);
    nng_ctx_send(l->ctx, l->aio);
    rc = finish(k, l, until);
    if (rc) {
        nng_msg_free(nng_aio_get_msg(l->aio));
        return failed(rc, l, err);
    }
    if (!start(k, l))
        return failed(NNG_ECANCELED, l, err);
    nng_ctx_recv(l->ctx, l->aio);
    rc = finish(k, l, until);
    if (rc)
        return failed(rc, l, err);
    msg = nng_aio_get_msg(l->aio);
    ok = pvn_buf_add(answer, nng_msg_body(msg), nng_msg_len(msg));
    nng_msg_free(msg);
    return ok ? PROVERNET_OK : pvn_nomem(err);
}

static void interrupt(pvn_channel *c, unsigned i)
{
    nng_link *k = (nng_link *)c;

    pthread_mutex_lock(&k->lock);
    k->lane[i].interrupted = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static void renew(pvn_channel *c)
{
    nng_link *k = (nng_link *)c;
    nng_pipe pipe = NNG_PIPE_INITIALIZER;

    pthread_mutex_lock(&k->lock);
    pipe.id = (uint32_t)k->pipe;
    pthread_mutex_unlock(&k->lock);
    if (pipe.id)
        nng_pipe_close(pipe);
}

static void close_link(pvn_channel *c)
{
    nng_link *k = (nng_link *)c;

    for (size_t i = 0; i < PVN_WIRE_LANES; i++) {
        if (k->lane[i].aio) {
            nng_aio_stop(k->lane[i].aio);
            nng_aio_free(k->lane[i].aio);
        }
        if (k->lane[i].open)
            nng_ctx_close(k->lane[i].ctx);
    }
    if (k->socket_open)
        nng_close(k->socket);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

static const pvn_channel_ops ops = { exchange, interrupt, renew, close_link };

static int open_lanes(nng_link *k)
{
    for (size_t i = 0; i < PVN_WIRE_LANES; i++) {
        lane *l = &k->lane[i];
        int rc = nng_aio_alloc(&l->aio, aio_done, l);

        l->link = k;
        if (rc)
            return rc;
        rc = nng_ctx_open(&l->ctx, k->socket);
        if (rc)
            return rc;
        l->open = true;
    }
    return 0;
}

static int open_socket(nng_link *k, const char *url)
{
    nng_dialer dialer;
    int rc = nng_req0_open(&k->socket);

    if (rc)
        return rc;
    k->socket_open = true;
    if ((rc = nng_socket_set_ms(k->socket, NNG_OPT_REQ_RESENDTIME,
                                NNG_DURATION_INFINITE)) ||
        (rc = nng_socket_set_ms(k->socket, NNG_OPT_RECONNMINT,
                                RECONNECT_MIN_MS)) ||
        (rc = nng_socket_set_ms(k->socket, NNG_OPT_RECONNMAXT,
                                RECONNECT_MAX_MS)) ||
        (rc = nng_socket_set_size(k->socket, NNG_OPT_RECVMAXSZ,
                                  PVN_WIRE_MESSAGE_MAX)) ||
        (rc =
             nng_pipe_notify(k->socket, NNG_PIPE_EV_ADD_POST, pipe_event, k)) ||
        (rc =
             nng_pipe_notify(k->socket, NNG_PIPE_EV_REM_POST, pipe_event, k)) ||
        (rc = open_lanes(k)) ||
        (rc = nng_dialer_create(&dialer, k->socket, url)))
        return rc;
    /* Not all transports know it. */
    nng_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true);
    nng_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true);
    return nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
}

provernet_status pvn_channel_nng(pvn_channel **out, const char *server,
                                 provernet_error *err)
{
    nng_link *k = calloc(1, sizeof *k);
    char url[300];
    int rc;

    if (!k)
        return pvn_nomem(err);
    k->base.ops = &ops;
    pvn_env_init(&k->env, NULL);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    snprintf(url, sizeof url, "%s%s", strstr(server, "://") ? "" : "tcp://",
             server);
    rc = open_socket(k, url);
    if (rc) {
        close_link(&k->base);
        return pvn_fail(err, PROVERNET_ERR_CONNECT, rc,
                        "cannot reach a server at \"%.100s\": %s\n"
                        "help: worker.server is HOST:PORT",
                        server, nng_strerror(rc));
    }
    *out = &k->base;
    return PROVERNET_OK;
}
