/* net/conn.c - one accepted socket: bytes in, bytes out, its end. The
 * protocols sit above; plain and TLS look the same to them. */
#include "loop.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd, (void)what;
    loop_awake(c->loop);
    if (!c->dead)
        c->protocol->input(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd, (void)what;
    loop_awake(c->loop);
    if (!c->dead)
        conn_dirty(c);
}

void conn_accept(struct loop *l, int fd, const char *peer)
{
    struct conn *c = zeroed(sizeof *c);

    if (!c) {
        close(fd);
        return;
    }
    c->loop = l;
    c->fd = fd;
    c->since_ms = l->now_ms;
    c->protocol = &protocol_first;
    strncpy(c->peer, peer, sizeof c->peer - 1);
    event_assign(&c->rd, l->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->wr, l->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
    c->next = l->conns;
    if (l->conns)
        l->conns->prev = c;
    l->conns = c;
    l->conns_len++;
    atomic_fetch_add(&l->server->connections, 1);
    c->patient = true;
    conn_want_read(c, true);
    c->protocol->input(c); /* often the first bytes are there already */
    if (!c->dead)
        conn_patient(c, c->protocol->patient && c->protocol->patient(c));
}

void conn_kill(struct conn *c)
{
    struct loop *l = c->loop;

    if (c->dead)
        return;
    c->dead = true;
    event_del(&c->rd);
    event_del(&c->wr);
    if (c->protocol->gone)
        c->protocol->gone(c);
    if (c->ssl) {
        if (!c->eof && SSL_is_init_finished(c->ssl)) {
            ERR_clear_error();
            SSL_shutdown(c->ssl);
        }
        SSL_free(c->ssl);
    }
    close(c->fd);
    if (c->prev)
        c->prev->next = c->next;
    else
        l->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    l->conns_len--;
    atomic_fetch_sub(&l->server->connections, 1);
    buffer_free(&c->in);
    buffer_free(&c->out);
    c->next_dead = l->dead;
    l->dead = c;
}

void conn_speak(struct conn *c, const struct protocol *p, void *state)
{
    c->protocol = p;
    c->state = state;
    c->since_ms = c->loop->now_ms;
}

static void arm(struct conn *c)
{
    if (c->dead || c->reading == c->armed || (c->patient && !c->armed))
        return;
    c->armed = c->reading;
    if (!c->armed) {
        event_del(&c->rd);
        return;
    }
    event_add(&c->rd, NULL);
    /* Bytes that OpenSSL holds already make no socket readable. */
    if (c->ssl && SSL_pending(c->ssl) > 0)
        event_active(&c->rd, EV_READ, 0);
}

void conn_want_read(struct conn *c, bool on)
{
    c->reading = on;
    arm(c);
}

void conn_patient(struct conn *c, bool on)
{
    c->patient = on;
    arm(c);
}

void conn_want_write(struct conn *c, bool on)
{
    if (c->dead || c->writing == on)
        return;
    c->writing = on;
    if (on)
        event_add(&c->wr, NULL);
    else
        event_del(&c->wr);
}

void conn_dirty(struct conn *c)
{
    if (c->dirty || c->dead)
        return;
    c->dirty = true;
    c->next_dirty = c->loop->dirty;
    c->loop->dirty = c;
}

static long tls_result(struct conn *c, int rc)
{
    switch (SSL_get_error(c->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_WANT_WRITE:
        conn_want_write(c, true);
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        c->eof = true;
        return 0;
    default:
        c->eof = true; /* no close_notify to a broken peer */
        return -1;
    }
}

long conn_read(struct conn *c, void *buf, size_t cap)
{
    ssize_t n;

    if (c->ssl) {
        int rc;
        ERR_clear_error();
        rc = SSL_read(c->ssl, buf, (int)cap);
        return rc > 0 ? rc : tls_result(c, rc);
    }
    do
        n = recv(c->fd, buf, cap, 0);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        c->eof = true;
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    return n;
}

/* Bytes sent, 0: full, -1: failed. */
static long send_some(struct conn *c, const void *data, size_t len, bool more)
{
    ssize_t n;

    if (c->ssl) {
        int rc;
        ERR_clear_error();
        rc = SSL_write(c->ssl, data, (int)len);
        return rc > 0 ? rc : tls_result(c, rc);
    }
    do
        n = send(c->fd, data, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    return n;
}

int conn_drain(struct conn *c)
{
    while (c->out.len) {
        long n = send_some(c, buffer_at(&c->out), c->out.len, false);
        if (n < 0) {
            conn_kill(c);
            return -1;
        }
        if (n == 0) {
            conn_want_write(c, true);
            return 0;
        }
        c->write_ms = c->loop->now_ms;
        buffer_drop(&c->out, (size_t)n);
    }
    c->write_ms = 0;
    conn_want_write(c, false);
    return 1;
}

int conn_send(struct conn *c, const void *data, size_t len, bool more)
{
    const uint8_t *p = data;

    while (len && c->out.len == 0) {
        long n = send_some(c, p, len, more);
        if (n < 0)
            goto fail;
        if (n == 0)
            break;
        p += n;
        len -= (size_t)n;
    }
    if (len == 0)
        return 0;
    if (c->write_ms == 0)
        c->write_ms = c->loop->now_ms;
    if (buffer_append(&c->out, p, len) != 0)
        goto fail;
    conn_want_write(c, true);
    return 0;
fail:
    conn_kill(c);
    return -1;
}

/* ---- the first bytes decide what is spoken ---- */

static bool peek_is_tls(struct conn *c)
{
    uint8_t b;

    return recv(c->fd, &b, 1, MSG_PEEK) == 1 && b == 0x16;
}

/* 1: the bytes begin with `want`; 0: they may yet; -1: no. */
static int begins(const struct buffer *in, const char *want, size_t len)
{
    size_t n = in->len < len ? in->len : len;

    if (memcmp(buffer_at(in), want, n) != 0)
        return -1;
    return in->len >= len;
}

static void first_input(struct conn *c)
{
    uint8_t bytes[4096];
    int h2, sp;
    long n;

    if (c->loop->server->tls && !c->ssl && c->in.len == 0 && peek_is_tls(c)) {
        if (!tls_begin(c))
            conn_kill(c);
        return;
    }
    n = conn_read(c, bytes, sizeof bytes);
    if (n < 0 || c->eof || (n > 0 && buffer_append(&c->in, bytes, (size_t)n))) {
        conn_kill(c);
        return;
    }
    if (n == 0)
        return;
    h2 = begins(&c->in, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    sp = begins(&c->in, "\0SP\0", 4);
    if (h2 == 0 && c->in.len < 4)
        return; /* "P" may become PRI, PUT or POST */
    if (sp == 0)
        return;
    if (sp == 1 ? !sp_begin(c) : h2 >= 0 ? !http2_begin(c) : !http1_begin(c))
        conn_kill(c);
}

static void first_tick(struct conn *c, int64_t now)
{
    if (now - c->since_ms > c->loop->server->config.head_timeout_ms)
        conn_kill(c);
}

static void first_flush(struct conn *c)
{
    conn_want_write(c, false);
}

const struct protocol protocol_first = {
    .input = first_input,
    .flush = first_flush,
    .tick = first_tick,
    .leave = conn_kill,
};
