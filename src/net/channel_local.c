/* net/channel_local.c - a worker in the node's own process: the same
 * messages, handed to the endpoint. */
#include "net/channel.h"
#include "protocol/worker/wire.h"
#include <poll.h>
#include <provernet/endpoint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct lane {
    provernet_inbox *inbox;
    int stop; /* eventfd: readable once interrupted */
} lane;

typedef struct local {
    pvn_channel base;
    pvn_env env;
    lane lane[PVN_WIRE_LANES];
} local;

static void close_local(pvn_channel *c)
{
    local *l = (local *)c;

    for (size_t i = 0; i < PVN_WIRE_LANES; i++) {
        provernet_inbox_close(l->lane[i].inbox);
        if (l->lane[i].stop >= 0)
            close(l->lane[i].stop);
    }
    free(l);
}

static void interrupt(pvn_channel *c, unsigned i)
{
    local *l = (local *)c;
    uint64_t one = 1;
    ssize_t n = write(l->lane[i].stop, &one, sizeof one);

    (void)n; /* fails only when it is readable already */
}

static void renew(pvn_channel *c)
{
    (void)c;
}

/* The next turn of events. ERR_CANCELLED, ERR_TIMEOUT. */
static provernet_status wait_ready(lane *l, int64_t left_ms,
                                   provernet_error *err)
{
    struct pollfd fds[2] = { { .fd = l->stop, .events = POLLIN },
                             { .fd = -1, .events = POLLIN } };
    provernet_ready ready;

    fds[1].fd = provernet_inbox_fd(l->inbox);
    if (provernet_inbox_next(l->inbox, &ready, 1, 0))
        return PROVERNET_OK;
    if (left_ms <= 0)
        return pvn_fail(err, PROVERNET_ERR_TIMEOUT, 0,
                        "the node did not answer in time");
    poll(fds, 2, left_ms > 1000 ? 1000 : (int)left_ms);
    if (fds[0].revents)
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                        "the worker is closing");
    provernet_inbox_next(l->inbox, &ready, 1, 0);
    return PROVERNET_OK;
}

static provernet_status send_body(provernet_call *call, lane *l,
                                  pvn_bytes message, int64_t until,
                                  const pvn_env *env, provernet_error *err)
{
    provernet_status rc;
    size_t at = 0, taken;

    while (at < message.len) {
        rc = provernet_call_write(call, message.data + at, message.len - at,
                                  &taken);
        at += taken;
        if (rc == PROVERNET_END)
            return PROVERNET_OK;
        if (rc == PROVERNET_AGAIN)
            rc = wait_ready(l, until - pvn_now_ms(env), err);
        if (rc)
            return rc;
    }
    rc = provernet_call_end(call);
    return rc == PROVERNET_END ? PROVERNET_OK : rc;
}

static provernet_status read_answer(provernet_call *call, lane *l,
                                    pvn_buf *answer, int64_t until,
                                    const pvn_env *env, provernet_error *err)
{
    const provernet_field *fields;
    uint8_t chunk[16384];
    provernet_status rc;
    int http = 0;
    size_t n;

    while ((rc = provernet_call_head(call, &http, &fields, &n)) ==
           PROVERNET_AGAIN) {
        rc = wait_ready(l, until - pvn_now_ms(env), err);
        if (rc)
            return rc;
    }
    while (rc == PROVERNET_OK || rc == PROVERNET_AGAIN) {
        rc = provernet_call_read(call, chunk, sizeof chunk, &n);
        if (rc == PROVERNET_OK && !pvn_buf_add(answer, chunk, n))
            return pvn_nomem(err);
        if (rc != PROVERNET_AGAIN)
            continue;
        rc = wait_ready(l, until - pvn_now_ms(env), err);
        if (rc)
            return rc;
    }
    if (rc != PROVERNET_END)
        return pvn_fail(err, rc, 0, "the node's answer broke off");
    if (http != 200)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, http,
                        "the node answered %d: %.*s", http,
                        (int)(answer->len < 120 ? answer->len : 120),
                        (const char *)answer->data);
    return PROVERNET_OK;
}

static provernet_status exchange(pvn_channel *c, unsigned i, pvn_bytes message,
                                 int64_t timeout_ms, pvn_buf *answer,
                                 provernet_error *err)
{
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .authority = "localhost",
                            .path = PVN_WORKER_PATH,
                            .scheme = "http",
                            .peer = "" };
    local *l = (local *)c;
    int64_t until = pvn_now_ms(&l->env) + timeout_ms;
    provernet_call *call;
    provernet_status rc;

    rc = provernet_call_open(l->lane[i].inbox, &call, &head, 0, err);
    if (rc == PROVERNET_ERR_UNAVAILABLE)
        return PROVERNET_ERR_CONNECT;
    if (rc)
        return rc;
    rc = send_body(call, &l->lane[i], message, until, &l->env, err);
    if (rc == PROVERNET_OK)
        rc = read_answer(call, &l->lane[i], answer, until, &l->env, err);
    provernet_call_close(call);
    return rc;
}

static const pvn_channel_ops ops = { exchange, interrupt, renew, close_local };

provernet_status pvn_channel_local(pvn_channel **out, provernet *pn,
                                   provernet_error *err)
{
    local *l = calloc(1, sizeof *l);
    provernet_status rc;

    if (!l)
        return pvn_nomem(err);
    l->base.ops = &ops;
    pvn_env_init(&l->env, NULL);
    for (size_t i = 0; i < PVN_WIRE_LANES; i++)
        l->lane[i].stop = -1;
    for (size_t i = 0; i < PVN_WIRE_LANES; i++) {
        l->lane[i].stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        rc = l->lane[i].stop < 0
                 ? pvn_fail(err, PROVERNET_ERR_IO, 0, "no more descriptors")
                 : provernet_inbox_open(pn, &l->lane[i].inbox, err);
        if (rc) {
            close_local(&l->base);
            return rc;
        }
    }
    *out = &l->base;
    return PROVERNET_OK;
}
