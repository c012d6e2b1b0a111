/* net/line.c - see line.h. Includes OpenSSL, through a BIO of ours: its own
 * would let a broken connection raise SIGPIPE in the host. */
#include "net/line.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_MAX = 1 << 16, HOST_MAX = 256 };

struct pvn_line {
    const pvn_env *env;
    char authority[HOST_MAX + 8], host[HOST_MAX], port[8];
    bool tls;
    int fd, stop; /* stop: readable once interrupted */
    atomic_bool interrupted;
    BIO_METHOD *method;
    SSL_CTX *ctx;
    SSL *ssl;
};

/* ---- the BIO ---- */

static int bio_write(BIO *b, const char *data, int len)
{
    const pvn_line *l = BIO_get_data(b);
    ssize_t n = send(l->fd, data, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    return (int)n;
}

static int bio_read(BIO *b, char *buf, int cap)
{
    const pvn_line *l = BIO_get_data(b);
    ssize_t n = recv(l->fd, buf, (size_t)cap, 0);

    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    return (int)n;
}

static long bio_ctrl(BIO *b, int command, long number, void *pointer)
{
    (void)b;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static bool attach_bio(pvn_line *l)
{
    BIO *b;

    if (!l->method) {
        l->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(),
                                 "provernet line");
        if (!l->method)
            return false;
        BIO_meth_set_write(l->method, bio_write);
        BIO_meth_set_read(l->method, bio_read);
        BIO_meth_set_ctrl(l->method, bio_ctrl);
    }
    b = BIO_new(l->method);
    if (!b)
        return false;
    BIO_set_data(b, l);
    BIO_set_init(b, 1);
    SSL_set_bio(l->ssl, b, b);
    return true;
}

/* ---- making ---- */

/* "[::1]:9000", "host:9000", "host" */
static bool split_authority(pvn_line *l, const char *text, size_t len)
{
    const char *end = text + len, *host = text, *colon;
    size_t host_len;

    if (len == 0 || len >= sizeof l->authority)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] <= 0x20 || (uint8_t)text[i] >= 0x7f ||
            text[i] == '@')
            return false;
    memcpy(l->authority, text, len);
    if (*text == '[') {
        const char *close = memchr(text, ']', len);

        if (!close)
            return false;
        host = text + 1;
        host_len = (size_t)(close - host);
        colon = close + 1;
        if (colon < end && *colon != ':')
            return false;
    } else {
        colon = memchr(text, ':', len);
        if (!colon)
            colon = end;
        host_len = (size_t)(colon - text);
    }
    if (host_len == 0 || host_len >= sizeof l->host)
        return false;
    memcpy(l->host, host, host_len);
    if (colon == end) {
        memcpy(l->port, l->tls ? "443" : "80", l->tls ? 4 : 3);
        return true;
    }
    len = (size_t)(end - colon - 1);
    if (len == 0 || len > 5 || strspn(colon + 1, "0123456789") < len)
        return false;
    memcpy(l->port, colon + 1, len);
    return true;
}

static provernet_status open_tls(pvn_line *l, const char *ca_file,
                                 provernet_error *err)
{
    l->ctx = SSL_CTX_new(TLS_client_method());
    if (!l->ctx)
        return pvn_nomem(err);
    SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION);
    SSL_CTX_set_default_verify_paths(l->ctx);
    SSL_CTX_set_verify(l->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(l->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (*ca_file && SSL_CTX_load_verify_locations(l->ctx, ca_file, NULL) != 1) {
        ERR_clear_error();
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "cannot read certificates from %.150s\n"
                        "help: network.ca_file is a PEM file",
                        ca_file);
    }
    return PROVERNET_OK;
}

provernet_status pvn_line_new(pvn_line **out, const char *url,
                              const char *ca_file, const pvn_env *env,
                              provernet_error *err)
{
    const char *rest = strstr(url, "://");
    provernet_status rc = PROVERNET_OK;
    pvn_line *l;
    size_t len;

    *out = NULL;
    l = calloc(1, sizeof *l);
    if (!l)
        return pvn_nomem(err);
    l->env = env;
    l->fd = -1;
    l->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->tls = strncmp(url, "https://", 8) == 0;
    rest = rest ? rest + 3 : url;
    len = strcspn(rest, "/");
    if ((!l->tls && strncmp(url, "http://", 7) != 0) ||
        (rest[len] && rest[len + 1]) || !split_authority(l, rest, len))
        rc = pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                      "\"%.120s\" is no address of a network\n"
                      "help: write http://HOST:PORT or https://HOST",
                      url);
    else if (l->stop < 0)
        rc = pvn_fail(err, PROVERNET_ERR_IO, errno, "no more descriptors");
    else if (l->tls)
        rc = open_tls(l, ca_file, err);
    if (rc) {
        pvn_line_free(l);
        return rc;
    }
    *out = l;
    return PROVERNET_OK;
}

void pvn_line_hang_up(pvn_line *l)
{
    SSL_free(l->ssl);
    l->ssl = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

void pvn_line_free(pvn_line *l)
{
    if (!l)
        return;
    pvn_line_hang_up(l);
    SSL_CTX_free(l->ctx);
    BIO_meth_free(l->method);
    if (l->stop >= 0)
        close(l->stop);
    free(l);
}

bool pvn_line_tls(const pvn_line *l)
{
    return l->tls;
}

const char *pvn_line_authority(const pvn_line *l)
{
    return l->authority;
}

bool pvn_line_open(const pvn_line *l)
{
    return l->fd >= 0;
}

void pvn_line_interrupt(pvn_line *l)
{
    uint64_t one = 1;
    ssize_t n;

    atomic_store(&l->interrupted, true);
    n = write(l->stop, &one, sizeof one);
    (void)n; /* fails only when it is readable already */
}

/* ---- waiting ---- */

static provernet_status wait_for(pvn_line *l, short events, int64_t until_ms,
                                 provernet_error *err)
{
    struct pollfd fds[2] = { { .fd = l->fd, .events = events },
                             { .fd = l->stop, .events = POLLIN } };
    int64_t left = until_ms - pvn_now_ms(l->env);

    if (atomic_load(&l->interrupted))
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0, "it was interrupted");
    if (left <= 0)
        return pvn_fail(err, PROVERNET_ERR_TIMEOUT, 0,
                        "%.100s did not answer in time", l->authority);
    /* A short wait at a time: the clock may be set meanwhile. */
    poll(fds, 2, left > 1000 ? 1000 : (int)left);
    return PROVERNET_OK;
}

static provernet_status broken(const pvn_line *l, const char *why, int cause,
                               provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_CONNECT, cause,
                    "no connection to %.100s: %.100s", l->authority, why);
}

/* ---- connecting ---- */

/* One address. On failure the descriptor is closed again. */
static provernet_status dial_one(pvn_line *l, const struct addrinfo *a,
                                 int64_t until_ms, provernet_error *err)
{
    provernet_status rc = PROVERNET_OK;
    socklen_t len = sizeof(int);
    struct pollfd p;
    int e = 0, one = 1;

    l->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return broken(l, strerror(errno), errno, err);
    if (connect(l->fd, a->ai_addr, a->ai_addrlen) != 0)
        e = errno;
    while (e == EINPROGRESS && rc == PROVERNET_OK) {
        rc = wait_for(l, POLLOUT, until_ms, err);
        p = (struct pollfd){ .fd = l->fd, .events = POLLOUT };
        if (rc == PROVERNET_OK && poll(&p, 1, 0) > 0)
            getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &e, &len);
    }
    if (rc == PROVERNET_OK && e != 0)
        rc = broken(l, strerror(e), e, err);
    if (rc) {
        close(l->fd);
        l->fd = -1;
        return rc;
    }
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    return PROVERNET_OK;
}

static provernet_status dial_tcp(pvn_line *l, int64_t until_ms,
                                 provernet_error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    int e = getaddrinfo(l->host, l->port, &hints, &list);
    provernet_status rc = PROVERNET_ERR_CONNECT;

    if (e != 0)
        return broken(l, gai_strerror(e), e, err);
    for (struct addrinfo *a = list; a && rc == PROVERNET_ERR_CONNECT;
         a = a->ai_next)
        rc = dial_one(l, a, until_ms, err);
    freeaddrinfo(list);
    return rc;
}

/* Why a TLS connection failed, for people. */
static provernet_status tls_broken(pvn_line *l, provernet_error *err)
{
    long verdict = l->ssl ? SSL_get_verify_result(l->ssl) : X509_V_OK;
    unsigned long e = ERR_get_error();
    char why[120] = "the TLS connection was closed";

    if (verdict != X509_V_OK)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, (int)verdict,
                        "the certificate of %.80s is not trusted: %.80s\n"
                        "help: network.ca_file names more authorities",
                        l->authority, X509_verify_cert_error_string(verdict));
    if (e)
        ERR_error_string_n(e, why, sizeof why);
    ERR_clear_error();
    return broken(l, why, 0, err);
}

/* What OpenSSL waits for; OK: go on. */
static provernet_status tls_wait(pvn_line *l, int rc, int64_t until_ms,
                                 provernet_error *err)
{
    switch (SSL_get_error(l->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(l, POLLIN, until_ms, err);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(l, POLLOUT, until_ms, err);
    case SSL_ERROR_ZERO_RETURN:
        return PROVERNET_END;
    default:
        return tls_broken(l, err);
    }
}

/* An address is checked as one, a name as a name. */
static bool expect_name(pvn_line *l)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(l->ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, l->host) == 1)
        return true;
    return SSL_set1_host(l->ssl, l->host) == 1 &&
           SSL_set_tlsext_host_name(l->ssl, l->host) == 1;
}

static provernet_status shake_hands(pvn_line *l, int64_t until_ms,
                                    provernet_error *err)
{
    static const unsigned char h2[] = { 2, 'h', '2' };
    const unsigned char *chosen = NULL;
    provernet_status rc = PROVERNET_OK;
    unsigned chosen_len = 0;
    int done = 0;

    l->ssl = SSL_new(l->ctx);
    if (!l->ssl || !attach_bio(l) || !expect_name(l) ||
        SSL_set_alpn_protos(l->ssl, h2, sizeof h2) != 0)
        return pvn_nomem(err);
    while (done != 1 && rc == PROVERNET_OK) {
        ERR_clear_error();
        done = SSL_connect(l->ssl);
        if (done != 1)
            rc = tls_wait(l, done, until_ms, err);
    }
    if (rc == PROVERNET_END)
        rc = broken(l, "it closed the TLS connection", 0, err);
    if (rc)
        return rc;
    SSL_get0_alpn_selected(l->ssl, &chosen, &chosen_len);
    if (chosen_len != 2 || memcmp(chosen, "h2", 2) != 0)
        return broken(l, "it does not speak HTTP/2", 0, err);
    return PROVERNET_OK;
}

provernet_status pvn_line_dial(pvn_line *l, int64_t until_ms,
                               provernet_error *err)
{
    provernet_status rc;

    pvn_line_hang_up(l);
    rc = dial_tcp(l, until_ms, err);
    if (rc == PROVERNET_OK && l->tls)
        rc = shake_hands(l, until_ms, err);
    if (rc)
        pvn_line_hang_up(l);
    return rc;
}

/* ---- bytes ---- */

static provernet_status send_some(pvn_line *l, const uint8_t *p, size_t len,
                                  size_t *sent, int64_t until_ms,
                                  provernet_error *err)
{
    ssize_t n;

    *sent = 0;
    if (l->ssl) {
        int rc;

        ERR_clear_error();
        rc = SSL_write(l->ssl, p, (int)(len < SEND_MAX ? len : SEND_MAX));
        if (rc <= 0)
            return tls_wait(l, rc, until_ms, err);
        *sent = (size_t)rc;
        return PROVERNET_OK;
    }
    n = send(l->fd, p, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
        return wait_for(l, POLLOUT, until_ms, err);
    if (n < 0 && errno != EINTR)
        return broken(l, strerror(errno), errno, err);
    *sent = n > 0 ? (size_t)n : 0;
    return PROVERNET_OK;
}

provernet_status pvn_line_send(pvn_line *l, const void *data, size_t len,
                               int64_t until_ms, provernet_error *err)
{
    const uint8_t *p = data;
    provernet_status rc;
    size_t sent;

    while (len) {
        rc = send_some(l, p, len, &sent, until_ms, err);
        if (rc == PROVERNET_END)
            rc = broken(l, "it closed the connection", 0, err);
        if (rc)
            return rc;
        p += sent;
        len -= sent;
    }
    return PROVERNET_OK;
}

provernet_status pvn_line_receive(pvn_line *l, void *buf, size_t cap,
                                  size_t *got, int64_t until_ms,
                                  provernet_error *err)
{
    provernet_status rc = PROVERNET_OK;
    ssize_t n;

    *got = 0;
    while (rc == PROVERNET_OK) {
        if (l->ssl) {
            int some;

            ERR_clear_error();
            some = SSL_read(l->ssl, buf, (int)cap);
            if (some > 0) {
                *got = (size_t)some;
                return PROVERNET_OK;
            }
            rc = tls_wait(l, some, until_ms, err);
            continue;
        }
        n = recv(l->fd, buf, cap, 0);
        if (n > 0)
            *got = (size_t)n;
        if (n > 0)
            return PROVERNET_OK;
        if (n == 0)
            return PROVERNET_END;
        if (errno == EAGAIN)
            rc = wait_for(l, POLLIN, until_ms, err);
        else if (errno != EINTR)
            rc = broken(l, strerror(errno), errno, err);
    }
    return rc;
}

bool pvn_line_readable(pvn_line *l)
{
    struct pollfd p = { .fd = l->fd, .events = POLLIN };

    return l->fd >= 0 &&
           ((l->ssl && SSL_pending(l->ssl) > 0) || poll(&p, 1, 0) > 0);
}
