/* net/relay.c - a worker of ours dialled the one port: pass its bytes to the
 * library's worker channel, which listens on loopback, and back. */
#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct relay {
    struct conn *c;
    int fd; /* to the library */
    bool reading, writing, eof;
    struct buffer to; /* waits for fd */
    struct event rd, wr;
};

static void want(struct event *e, bool *now, bool on)
{
    if (*now == on)
        return;
    *now = on;
    if (on)
        event_add(e, NULL);
    else
        event_del(e);
}

/* What the worker sent goes to the library. */
static void inward(struct conn *c)
{
    struct relay *r = c->state;

    while (r->to.len) {
        ssize_t n = send(r->fd, buffer_at(&r->to), r->to.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != ENOTCONN) {
            conn_kill(c);
            return;
        }
        if (n <= 0)
            break;
        buffer_drop(&r->to, (size_t)n);
    }
    want(&r->wr, &r->writing, r->to.len > 0);
    conn_want_read(c, r->to.len == 0);
}

static void relay_input(struct conn *c)
{
    struct relay *r = c->state;
    long n = conn_read(c, c->loop->in, SCRATCH);

    if (n < 0 || c->eof || buffer_append(&r->to, c->loop->in, (size_t)n)) {
        conn_kill(c);
        return;
    }
    inward(c);
}

/* What the library sent goes to the worker. */
static void outward(evutil_socket_t fd, short what, void *arg)
{
    struct relay *r = arg;
    struct conn *c = r->c;
    ssize_t n = recv(fd, c->loop->out, SCRATCH, 0);

    (void)what;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        conn_kill(c);
        return;
    }
    if (n > 0 && conn_send(c, c->loop->out, (size_t)n, false) == 0)
        want(&r->rd, &r->reading, c->out.len == 0);
}

static void inner_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    inward(((struct relay *)arg)->c);
}

static void relay_flush(struct conn *c)
{
    struct relay *r = c->state;

    if (conn_drain(c) == 1)
        want(&r->rd, &r->reading, true);
}

static void relay_tick(struct conn *c, int64_t now)
{
    if (c->write_ms &&
        now - c->write_ms > c->loop->server->config.write_timeout_ms)
        conn_kill(c);
}

static void relay_gone(struct conn *c)
{
    struct relay *r = c->state;

    event_del(&r->rd);
    event_del(&r->wr);
    close(r->fd);
    buffer_free(&r->to);
    free(r);
}

static const struct protocol protocol_relay = {
    .input = relay_input,
    .flush = relay_flush,
    .tick = relay_tick,
    .leave = conn_kill, /* the node has drained before */
    .gone = relay_gone,
};

bool relay_begin(struct conn *c)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(c->loop->server->worker_port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct relay *r;
    int one = 1;

    if (!c->loop->server->worker_port)
        return false;
    r = calloc(1, sizeof *r);
    if (!r)
        return false;
    r->c = c;
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0 || (connect(r->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
                      errno != EINPROGRESS)) {
        if (r->fd >= 0)
            close(r->fd);
        free(r);
        return false;
    }
    setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    event_assign(&r->rd, c->loop->base, r->fd, EV_READ | EV_PERSIST, outward,
                 r);
    event_assign(&r->wr, c->loop->base, r->fd, EV_WRITE | EV_PERSIST,
                 inner_writable, r);
    r->to = c->in;
    c->in = (struct buffer){ 0 };
    conn_speak(c, &protocol_relay, r);
    want(&r->rd, &r->reading, true);
    inward(c);
    return true;
}
