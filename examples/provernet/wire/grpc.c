/* wire/grpc.c - see grpc.h. nghttp2 frames, OpenSSL for https. */
#include "grpc.h"
#include "../cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 15000, ANSWER_MAX = 64 << 20 };

struct grpc {
    char host[256], port[8], authority[300];
    bool tls;
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    nghttp2_session *session;
    /* the call under way */
    int32_t stream;
    const uint8_t *message;
    size_t message_len, sent;
    uint8_t frame[5];
    struct buffer answer;
    int http_status, status;
    char text[512];
    bool closed, too_long;
    uint32_t reset;
};

struct grpc *grpc_new(const char *url, provernet_error *err)
{
    const char *rest = strstr(url, "://"), *host = rest ? rest + 3 : url;
    size_t len = strcspn(host, "/?#"), name = len;
    struct grpc *g = calloc(1, sizeof *g);
    const char *colon;

    if (!g)
        return NULL;
    g->fd = -1;
    g->tls = rest && !strncmp(url, "https://", 8);
    colon = memrchr(host, ':', len);
    if (colon && memchr(colon, ']', len - (size_t)(colon - host)))
        colon = NULL;
    if (colon)
        name = (size_t)(colon - host);
    snprintf(g->port, sizeof g->port, "%.*s", colon ? (int)(len - name - 1) : 6,
             colon    ? colon + 1
             : g->tls ? "443"
             : rest   ? "80"
                      : "9000");
    if (name > 1 && host[0] == '[' && host[name - 1] == ']')
        snprintf(g->host, sizeof g->host, "%.*s", (int)name - 2, host + 1);
    else
        snprintf(g->host, sizeof g->host, "%.*s", (int)name, host);
    snprintf(g->authority, sizeof g->authority, "%.*s%s%s", (int)name, host,
             ":", g->port);
    if (name == 0 || name > 254 || !*g->port ||
        (rest && !g->tls && strncmp(url, "http://", 7) != 0)) {
        set_error(err, PROVERNET_ERR_INVALID,
                  "\"%.120s\" is no server address\nhelp: write "
                  "http://HOST:PORT or https://HOST",
                  url);
        free(g);
        return NULL;
    }
    return g;
}

static void disconnect(struct grpc *g)
{
    nghttp2_session_del(g->session);
    g->session = NULL;
    SSL_free(g->ssl);
    g->ssl = NULL;
    if (g->fd >= 0)
        close(g->fd);
    g->fd = -1;
}

void grpc_free(struct grpc *g)
{
    if (!g)
        return;
    disconnect(g);
    SSL_CTX_free(g->ctx);
    buffer_free(&g->answer);
    free(g);
}

/* ---- sockets with a deadline ---- */

static bool wait_for(struct grpc *g, short events, int64_t end)
{
    struct pollfd p = { g->fd, events, 0 };
    int64_t left = end - steady_ms();
    int rc;

    if (left <= 0)
        return false;
    rc = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
    return rc > 0 || (rc < 0 && errno == EINTR);
}

static provernet_status no_connection(struct grpc *g, const char *why,
                                      provernet_error *err)
{
    return set_error(err, PROVERNET_ERR_CONNECT,
                     "cannot reach the server at %.100s: %.60s\n"
                     "help: check the address (--server, NETWORK_RPC_URL) and "
                     "that it runs",
                     g->authority, why);
}

static provernet_status dial(struct grpc *g, int64_t end, provernet_error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    int rc = getaddrinfo(g->host, g->port, &hints, &list), e = 0, one = 1;

    if (rc != 0)
        return no_connection(g, gai_strerror(rc), err);
    for (struct addrinfo *a = list; a && g->fd < 0; a = a->ai_next) {
        socklen_t len = sizeof e;
        g->fd =
            socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        e = errno;
        if (g->fd < 0)
            continue;
        e = 0;
        if (connect(g->fd, a->ai_addr, a->ai_addrlen) != 0)
            e = errno;
        if (e == EINPROGRESS) {
            e = ETIMEDOUT;
            if (wait_for(g, POLLOUT, end))
                getsockopt(g->fd, SOL_SOCKET, SO_ERROR, &e, &len);
        }
        if (e != 0) {
            close(g->fd);
            g->fd = -1;
        }
    }
    freeaddrinfo(list);
    if (g->fd < 0)
        return no_connection(g, strerror(e), err);
    setsockopt(g->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return PROVERNET_OK;
}

static provernet_status secure(struct grpc *g, int64_t end,
                               provernet_error *err)
{
    char why[120];

    if (!g->ctx) {
        g->ctx = SSL_CTX_new(TLS_client_method());
        if (!g->ctx)
            return PROVERNET_ERR_NOMEM;
        SSL_CTX_set_min_proto_version(g->ctx, TLS1_2_VERSION);
        SSL_CTX_set_default_verify_paths(g->ctx);
        SSL_CTX_set_verify(g->ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_mode(g->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    g->ssl = SSL_new(g->ctx);
    if (!g->ssl || SSL_set_fd(g->ssl, g->fd) != 1 ||
        SSL_set1_host(g->ssl, g->host) != 1 ||
        SSL_set_tlsext_host_name(g->ssl, g->host) != 1 ||
        SSL_set_alpn_protos(g->ssl, (const unsigned char *)"\x02h2", 3) != 0)
        return PROVERNET_ERR_NOMEM;
    for (;;) {
        int rc, e;
        ERR_clear_error();
        rc = SSL_connect(g->ssl);
        if (rc == 1)
            return PROVERNET_OK;
        e = SSL_get_error(g->ssl, rc);
        if ((e == SSL_ERROR_WANT_READ && wait_for(g, POLLIN, end)) ||
            (e == SSL_ERROR_WANT_WRITE && wait_for(g, POLLOUT, end)))
            continue;
        ERR_error_string_n(ERR_get_error(), why, sizeof why);
        return no_connection(g, why, err);
    }
}

static bool send_all(struct grpc *g, const uint8_t *p, size_t len, int64_t end)
{
    while (len) {
        ssize_t n;
        if (g->ssl) {
            ERR_clear_error();
            n = SSL_write(g->ssl, p, (int)(len < 65536 ? len : 65536));
            if (n <= 0) {
                int e = SSL_get_error(g->ssl, (int)n);
                short events = e == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
                if ((e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) ||
                    !wait_for(g, events, end))
                    return false;
                continue;
            }
        } else {
            n = send(g->fd, p, len, MSG_NOSIGNAL);
            if (n < 0) {
                if ((errno != EAGAIN && errno != EINTR) ||
                    !wait_for(g, POLLOUT, end))
                    return false;
                continue;
            }
        }
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* > 0 bytes, 0 closed or broken, -1 the time is over */
static long receive(struct grpc *g, uint8_t *buf, size_t cap, int64_t end)
{
    for (;;) {
        ssize_t n;
        short events = POLLIN;
        if (g->ssl) {
            int e;
            ERR_clear_error();
            n = SSL_read(g->ssl, buf, (int)cap);
            if (n > 0)
                return n;
            e = SSL_get_error(g->ssl, (int)n);
            if (e == SSL_ERROR_WANT_WRITE)
                events = POLLOUT;
            else if (e != SSL_ERROR_WANT_READ)
                return 0;
        } else {
            n = recv(g->fd, buf, cap, 0);
            if (n >= 0)
                return n;
            if (errno != EAGAIN && errno != EINTR)
                return 0;
        }
        if (!wait_for(g, events, end))
            return -1;
    }
}

/* ---- nghttp2 ---- */

static ssize_t body(nghttp2_session *s, int32_t id, uint8_t *buf, size_t cap,
                    uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct grpc *g = user;
    size_t n = 0;

    (void)s, (void)id, (void)source;
    while (n < cap && g->sent < 5 + g->message_len) {
        const uint8_t *from =
            g->sent < 5 ? g->frame + g->sent : g->message + g->sent - 5;
        size_t some = g->sent < 5 ? 5 - g->sent : 5 + g->message_len - g->sent;
        if (some > cap - n)
            some = cap - n;
        memcpy(buf + n, from, some);
        n += some;
        g->sent += some;
    }
    if (g->sent == 5 + g->message_len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* "a%20b" -> "a b" */
static void percent(char *out, size_t cap, const uint8_t *in, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < cap; i++) {
        uint8_t b;
        char two[3] = { 0 };
        if (in[i] == '%' && i + 2 < len) {
            memcpy(two, in + i + 1, 2);
            if (from_hex(&b, 1, two)) {
                out[n++] = (char)b;
                i += 2;
                continue;
            }
        }
        out[n++] = (char)in[i];
    }
    out[n] = 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    struct grpc *g = user;

    (void)s, (void)flags;
    if (frame->hd.stream_id != g->stream)
        return 0;
    if (name_len == 7 && !memcmp(name, ":status", 7))
        g->http_status = (int)strtol((const char *)value, NULL, 10);
    else if (name_len == 11 && !memcmp(name, "grpc-status", 11))
        g->status = (int)strtol((const char *)value, NULL, 10);
    else if (name_len == 12 && !memcmp(name, "grpc-message", 12))
        percent(g->text, sizeof g->text, value, value_len);
    return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    struct grpc *g = user;

    (void)s, (void)flags;
    if (id != g->stream)
        return 0;
    if (g->answer.len + len > ANSWER_MAX ||
        buffer_append(&g->answer, data, len) != 0)
        g->too_long = true;
    return 0;
}

static int on_close(nghttp2_session *s, int32_t id, uint32_t code, void *user)
{
    struct grpc *g = user;

    (void)s;
    if (id == g->stream) {
        g->closed = true;
        g->reset = code;
    }
    return 0;
}

static provernet_status connect_to(struct grpc *g, int64_t end,
                                   provernet_error *err)
{
    nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 << 20 },
    };
    nghttp2_session_callbacks *cb;
    int64_t limit = steady_ms() + CONNECT_MS;
    provernet_status st = dial(g, limit < end ? limit : end, err);

    if (st == PROVERNET_OK && g->tls)
        st = secure(g, limit < end ? limit : end, err);
    if (st != PROVERNET_OK) {
        disconnect(g);
        return st;
    }
    if (nghttp2_session_callbacks_new(&cb) != 0)
        return PROVERNET_ERR_NOMEM;
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    if (nghttp2_session_client_new(&g->session, cb, g) != 0 ||
        nghttp2_submit_settings(g->session, NGHTTP2_FLAG_NONE, settings, 2) !=
            0 ||
        nghttp2_session_set_local_window_size(g->session, NGHTTP2_FLAG_NONE, 0,
                                              16 << 20) != 0)
        st = PROVERNET_ERR_NOMEM;
    nghttp2_session_callbacks_del(cb);
    return st;
}

static bool flush(struct grpc *g, int64_t end)
{
    const uint8_t *p;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(g->session, &p)) > 0)
        if (!send_all(g, p, (size_t)n, end))
            return false;
    return n == 0;
}

#define NV(name, value)                                                        \
    {                                                                          \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value),           \
            strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE                  \
    }

/* One attempt. AGAIN: the connection was lost before an answer. */
static provernet_status attempt(struct grpc *g, const char *path, int64_t end,
                                provernet_error *err)
{
    nghttp2_nv nv[] = { NV(":method", "POST"),
                        NV(":scheme", g->tls ? "https" : "http"),
                        NV(":authority", g->authority),
                        NV(":path", path),
                        NV("te", "trailers"),
                        NV("content-type", "application/grpc"),
                        NV("user-agent", "provernet/0.1") };
    nghttp2_data_provider data = { .read_callback = body };
    provernet_status st = PROVERNET_OK;
    uint8_t buf[65536];

    if (!g->session)
        st = connect_to(g, end, err);
    if (st != PROVERNET_OK)
        return st;
    g->sent = 0;
    g->closed = g->too_long = false;
    g->http_status = 0;
    g->status = -1;
    g->text[0] = 0;
    buffer_free(&g->answer);
    g->stream = nghttp2_submit_request(g->session, NULL, nv,
                                       sizeof nv / sizeof *nv, &data, NULL);
    if (g->stream < 0)
        return PROVERNET_AGAIN;
    while (!g->closed) {
        long n;
        if (!flush(g, end))
            return steady_ms() >= end ? PROVERNET_ERR_TIMEOUT : PROVERNET_AGAIN;
        n = receive(g, buf, sizeof buf, end);
        if (n < 0)
            return PROVERNET_ERR_TIMEOUT;
        if (n == 0 || nghttp2_session_mem_recv(g->session, buf, (size_t)n) < 0)
            return PROVERNET_AGAIN;
    }
    flush(g, end);
    return PROVERNET_OK;
}

static provernet_status from_grpc(int code)
{
    switch (code) {
    case 1:
        return PROVERNET_ERR_CANCELLED;
    case 3:
        return PROVERNET_ERR_INVALID;
    case 4:
        return PROVERNET_ERR_TIMEOUT;
    case 5:
        return PROVERNET_ERR_NOT_FOUND;
    case 6:
        return PROVERNET_ERR_EXISTS;
    case 7:
        return PROVERNET_ERR_PERMISSION;
    case 8:
        return PROVERNET_ERR_LIMIT;
    case 9:
        return PROVERNET_ERR_STATE;
    case 10:
        return PROVERNET_ERR_NONCE;
    case 12:
        return PROVERNET_ERR_UNSUPPORTED;
    case 14:
        return PROVERNET_ERR_UNAVAILABLE;
    case 16:
        return PROVERNET_ERR_SIGNATURE;
    default:
        return PROVERNET_ERR_INTERNAL;
    }
}

static provernet_status result(struct grpc *g, const char *path,
                               provernet_error *err)
{
    uint32_t len;
    uint8_t *p;

    if (g->status > 0) {
        set_error(err, from_grpc(g->status), "%.200s",
                  *g->text ? g->text : "the server refused without a reason");
        if (err)
            err->cause = g->status;
        return from_grpc(g->status);
    }
    if (g->too_long)
        return set_error(err, PROVERNET_ERR_LIMIT,
                         "%s: the answer is above 64 MiB", path);
    p = buffer_at(&g->answer);
    len = g->answer.len >= 5 ? (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
                                   (uint32_t)p[3] << 8 | p[4]
                             : 0;
    if (g->status != 0 || g->answer.len < 5 || p[0] != 0 ||
        len != g->answer.len - 5)
        return set_error(err, PROVERNET_ERR_FORMAT,
                         "%s: the server at %.80s does not speak gRPC (HTTP "
                         "status %d)",
                         path, g->authority, g->http_status);
    memmove(p, p + 5, len);
    g->answer.len = len;
    return PROVERNET_OK;
}

provernet_status grpc_call(struct grpc *g, const char *path,
                           const void *message, size_t len, int64_t timeout_ms,
                           struct buffer *answer, provernet_error *err)
{
    int64_t end = steady_ms() + timeout_ms;
    provernet_status st = PROVERNET_AGAIN;

    *answer = (struct buffer){ 0 };
    g->message = message;
    g->message_len = len;
    g->frame[0] = 0;
    for (unsigned i = 0; i < 4; i++)
        g->frame[1 + i] = (uint8_t)(len >> (24 - 8 * i));
    /* A connection that was idle may have been closed: once more. */
    for (int i = 0; i < 2 && st == PROVERNET_AGAIN; i++) {
        st = attempt(g, path, end, err);
        if (st != PROVERNET_OK)
            disconnect(g);
    }
    if (st == PROVERNET_AGAIN)
        return no_connection(g, "the connection was closed without an answer",
                             err);
    if (st == PROVERNET_ERR_TIMEOUT)
        return set_error(err, st, "%s: no answer from %.80s within %lld s",
                         path, g->authority, (long long)(timeout_ms / 1000));
    if (st == PROVERNET_OK)
        st = result(g, path, err);
    if (st == PROVERNET_OK) {
        *answer = g->answer;
        g->answer = (struct buffer){ 0 };
    }
    return st;
}
