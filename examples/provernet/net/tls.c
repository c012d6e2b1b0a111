/* net/tls.c - TLS 1.2 and 1.3 by OpenSSL; ALPN chooses h2 or http/1.1. */
#include "loop.h"

#include <openssl/err.h>
#include <stdio.h>

static int choose(SSL *ssl, const unsigned char **out, unsigned char *len,
                  const unsigned char *in, unsigned int in_len, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen;

    (void)ssl, (void)arg;
    if (SSL_select_next_proto(&chosen, len, ours, sizeof ours - 1, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *tls_context(const struct server_config *c, provernet_error *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    const char *what = "the certificate", *file = c->tls_cert;
    char why[120];

    if (!ctx)
        goto fail;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
    if (SSL_CTX_use_certificate_chain_file(ctx, c->tls_cert) != 1)
        goto fail;
    what = "the private key";
    file = c->tls_key;
    if (SSL_CTX_use_PrivateKey_file(ctx, c->tls_key, SSL_FILETYPE_PEM) != 1)
        goto fail;
    what = "the private key (it does not fit the certificate)";
    if (SSL_CTX_check_private_key(ctx) != 1)
        goto fail;
    return ctx;
fail:
    ERR_error_string_n(ERR_get_error(), why, sizeof why);
    if (err) {
        err->status = PROVERNET_ERR_CONFIG;
        snprintf(err->message, sizeof err->message,
                 "cannot use %s %.80s: %.100s", what, file, why);
    }
    SSL_CTX_free(ctx);
    return NULL;
}

static void handshake(struct conn *c)
{
    const unsigned char *alpn;
    unsigned int len;
    int rc;

    ERR_clear_error();
    rc = SSL_accept(c->ssl);
    if (rc != 1) {
        switch (SSL_get_error(c->ssl, rc)) {
        case SSL_ERROR_WANT_READ:
            conn_want_write(c, false);
            return;
        case SSL_ERROR_WANT_WRITE:
            conn_want_write(c, true);
            return;
        default:
            c->eof = true;
            conn_kill(c);
            return;
        }
    }
    conn_want_write(c, false);
    SSL_get0_alpn_selected(c->ssl, &alpn, &len);
    if (len == 2 ? !http2_begin(c) : !http1_begin(c)) {
        conn_kill(c);
        return;
    }
    c->protocol->input(c);
}

static void tls_tick(struct conn *c, int64_t now)
{
    if (now - c->since_ms > c->loop->server->config.head_timeout_ms)
        conn_kill(c);
}

const struct protocol protocol_tls = {
    .input = handshake,
    .flush = handshake,
    .tick = tls_tick,
    .leave = conn_kill,
};

bool tls_begin(struct conn *c)
{
    c->ssl = SSL_new(c->loop->server->tls);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
        return false;
    conn_speak(c, &protocol_tls, NULL);
    handshake(c);
    return true;
}
