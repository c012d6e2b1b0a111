/* tests/client/http.c - HTTP/2 frames, gRPC, HTTP/1.1. */
#include "client.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION
};
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

void tc_reply_free(tc_reply *r)
{
    tc_free(&r->body);
}

static void frame_head(uint8_t out[9], size_t len, uint8_t type, uint8_t flags,
                       uint32_t stream)
{
    out[0] = (uint8_t)(len >> 16);
    out[1] = (uint8_t)(len >> 8);
    out[2] = (uint8_t)len;
    out[3] = type;
    out[4] = flags;
    for (int i = 0; i < 4; i++)
        out[5 + i] = (uint8_t)(stream >> (24 - 8 * i));
}

static void add_frame(tc_buf *b, uint8_t type, uint8_t flags, uint32_t stream,
                      const void *payload, size_t len)
{
    uint8_t head[9];

    frame_head(head, len, type, flags, stream);
    tc_add(b, head, 9);
    tc_add(b, payload, len);
}

bool tc_frame(tc_conn *c, uint8_t type, uint8_t flags, uint32_t stream,
              const void *payload, size_t len)
{
    tc_buf b = { 0 };
    bool ok;

    add_frame(&b, type, flags, stream, payload, len);
    ok = tc_send(c->fd, b.data, b.len);
    tc_free(&b);
    return ok;
}

bool tc_open(tc_conn *c, const char *host, uint16_t port)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /* INITIAL_WINDOW_SIZE = 16 MiB - 1: a client that is never in the way */
    static const uint8_t window[6] = { 0, 4, 0x00, 0xff, 0xff, 0xff };
    tc_buf b = { 0 };
    bool ok;

    memset(c, 0, sizeof *c);
    c->fd = tc_dial(host, port);
    if (c->fd < 0)
        return false;
    c->next_stream = 1;
    c->window = c->initial_window = 65535;
    snprintf(c->authority, sizeof c->authority, "%s:%u", host, port);
    nghttp2_hd_deflate_new(&c->deflater, 4096);
    nghttp2_hd_inflate_new(&c->inflater);
    tc_add(&b, preface, sizeof preface - 1);
    add_frame(&b, SETTINGS, 0, 0, window, sizeof window);
    add_frame(&b, WINDOW_UPDATE, 0, 0, "\x3f\xff\x00\x00", 4);
    ok = tc_send(c->fd, b.data, b.len);
    tc_free(&b);
    if (!ok)
        tc_close(c);
    return ok;
}

void tc_close(tc_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->deflater)
        nghttp2_hd_deflate_del(c->deflater);
    if (c->inflater)
        nghttp2_hd_inflate_del(c->inflater);
    c->deflater = NULL;
    c->inflater = NULL;
}

static void add_headers(tc_conn *c, tc_buf *out, uint32_t stream, bool end,
                        const char *const (*field)[2], size_t fields)
{
    nghttp2_nv nv[32];
    uint8_t block[65536];
    ssize_t n;

    for (size_t i = 0; i < fields && i < 32; i++)
        nv[i] = (nghttp2_nv){ (uint8_t *)(uintptr_t)field[i][0],
                              (uint8_t *)(uintptr_t)field[i][1],
                              strlen(field[i][0]), strlen(field[i][1]), 0 };
    n = nghttp2_hd_deflate_hd(c->deflater, block, sizeof block, nv, fields);
    if (n > 0)
        add_frame(out, HEADERS, (uint8_t)(END_HEADERS | (end ? END_STREAM : 0)),
                  stream, block, (size_t)n);
}

bool tc_headers(tc_conn *c, uint32_t stream, bool end,
                const char *const (*field)[2], size_t fields)
{
    tc_buf b = { 0 };
    bool ok;

    add_headers(c, &b, stream, end, field, fields);
    ok = tc_send(c->fd, b.data, b.len);
    tc_free(&b);
    return ok;
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void percent_decode(char *out, size_t cap, const char *in, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < cap; i++) {
        if (in[i] == '%' && i + 2 < len) {
            out[n++] = (char)(hex_digit(in[i + 1]) << 4 | hex_digit(in[i + 2]));
            i += 2;
        } else {
            out[n++] = in[i];
        }
    }
    out[n] = '\0';
}

static void header(tc_reply *r, const nghttp2_nv *nv)
{
    const char *name = (const char *)nv->name, *value = (const char *)nv->value;

    if (nv->namelen == 7 && memcmp(name, ":status", 7) == 0)
        r->http_status = atoi(value);
    else if (nv->namelen == 11 && memcmp(name, "grpc-status", 11) == 0)
        r->grpc_status = atoi(value);
    else if (nv->namelen == 12 && memcmp(name, "grpc-message", 12) == 0)
        percent_decode(r->message, sizeof r->message, value, nv->valuelen);
}

static bool inflate_block(tc_conn *c, const uint8_t *in, size_t len,
                          tc_reply *r)
{
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used =
            nghttp2_hd_inflate_hd2(c->inflater, &nv, &flags, in, len, 1);

        if (used < 0)
            return false;
        in += used;
        len -= (size_t)used;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) && r)
            header(r, &nv);
        if (flags & NGHTTP2_HD_INFLATE_FINAL) {
            nghttp2_hd_inflate_end_headers(c->inflater);
            return true;
        }
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && len == 0)
            return true;
    }
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void take_settings(tc_conn *c, const uint8_t *p, size_t len)
{
    for (; len >= 6; p += 6, len -= 6)
        if (p[0] == 0 && p[1] == 4) {
            c->stream_window += (int64_t)u32(p + 2) - c->initial_window;
            c->initial_window = u32(p + 2);
        }
}

/* Bytes taken are given back to the server's windows in large pieces, as real
 * clients do. */
static void give_back(tc_conn *c, uint32_t stream, size_t len)
{
    enum { PIECE = 1 << 20 };
    static const uint8_t inc[4] = { 0, 0x10, 0, 0 };

    if (stream != c->taken_stream) {
        c->taken_stream = stream;
        c->taken_of_stream = 0;
    }
    c->taken += len;
    c->taken_of_stream += len;
    if (c->taken >= PIECE) {
        c->taken -= PIECE;
        tc_frame(c, WINDOW_UPDATE, 0, 0, inc, 4);
    }
    if (c->taken_of_stream >= PIECE) {
        c->taken_of_stream -= PIECE;
        tc_frame(c, WINDOW_UPDATE, 0, stream, inc, 4);
    }
}

/* One frame for whoever; true while the stream goes on. */
static bool take_frame(tc_conn *c, uint32_t stream, tc_reply *r)
{
    uint8_t head[9], *payload;
    size_t len;
    bool go_on = true, mine;

    if (!tc_recv(c->fd, head, 9))
        return false;
    len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    payload = malloc(len + 1);
    if (!payload || !tc_recv(c->fd, payload, len)) {
        free(payload);
        return false;
    }
    mine = (u32(head + 5) & 0x7fffffff) == stream;
    switch (head[3]) {
    case DATA:
        if (mine)
            tc_add(&r->body, payload, len);
        give_back(c, u32(head + 5) & 0x7fffffff, len);
        break;
    case HEADERS:
        if (!inflate_block(c, payload, len, mine ? r : NULL))
            go_on = false;
        break;
    case RST_STREAM:
        if (mine) {
            r->reset = u32(payload) + 1;
            go_on = false;
        }
        break;
    case GOAWAY:
        c->goaway = true;
        r->reset = u32(payload + 4) + 1;
        if ((u32(payload) & 0x7fffffff) < stream)
            go_on = false;
        break;
    case SETTINGS:
        if (!(head[4] & ACK)) {
            take_settings(c, payload, len);
            tc_frame(c, SETTINGS, ACK, 0, "", 0);
        }
        break;
    case WINDOW_UPDATE:
        if (len == 4 && u32(head + 5) == 0)
            c->window += u32(payload);
        else if (len == 4 && mine)
            c->stream_window += u32(payload);
        break;
    case PING:
        if (!(head[4] & ACK))
            tc_frame(c, PING, ACK, 0, payload, 8);
        else
            c->pongs++;
        break;
    default:
        break;
    }
    free(payload);
    if (mine && go_on && (head[3] == DATA || head[3] == HEADERS) &&
        (head[4] & END_STREAM)) {
        r->answered = true;
        return false;
    }
    return go_on;
}

void tc_await(tc_conn *c, uint32_t stream, tc_reply *r)
{
    while (take_frame(c, stream, r))
        ;
    if (r->body.len >= 5 && u32(r->body.data + 1) <= r->body.len - 5) {
        r->msg = r->body.data + 5;
        r->msg_len = u32(r->body.data + 1);
    }
}

/* DATA as the windows allow, reading meanwhile; false: the stream ended. */
static bool send_body(tc_conn *c, uint32_t stream, const tc_buf *body,
                      tc_buf *out, tc_reply *r)
{
    size_t at = 0;

    do {
        size_t n = body->len - at < 16384 ? body->len - at : 16384;

        if (c->window < (int64_t)n || c->stream_window < (int64_t)n) {
            if (!tc_send(c->fd, out->data, out->len))
                return false;
            out->len = 0;
            if (!take_frame(c, stream, r))
                return false;
            continue;
        }
        c->window -= (int64_t)n;
        c->stream_window -= (int64_t)n;
        add_frame(out, DATA, at + n == body->len ? END_STREAM : 0, stream,
                  body->data + at, n);
        at += n;
    } while (at < body->len);
    return tc_send(c->fd, out->data, out->len);
}

bool tc_step(tc_conn *c, uint32_t stream, tc_reply *r)
{
    return take_frame(c, stream, r);
}

bool tc_next(tc_reply *r, tc_buf *msg)
{
    size_t len = r->body.len < 5 ? 0 : u32(r->body.data + 1);

    if (r->body.len < 5 || r->body.len - 5 < len)
        return false;
    msg->len = 0;
    tc_add(msg, r->body.data + 5, len);
    r->body.len -= 5 + len;
    memmove(r->body.data, r->body.data + 5 + len, r->body.len);
    return true;
}

bool tc_begin(tc_conn *c, const char *path, const void *msg, size_t len,
              tc_reply *r, uint32_t *stream_id)
{
    const char *const fields[][2] = { { ":method", "POST" },
                                      { ":scheme", "http" },
                                      { ":authority", c->authority },
                                      { ":path", path },
                                      { "te", "trailers" },
                                      { "content-type", "application/grpc" },
                                      { "user-agent", "tonic/0.12.3" } };
    uint32_t stream = c->next_stream;
    uint8_t prefix[5] = { 0, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
                          (uint8_t)(len >> 8), (uint8_t)len };
    tc_buf out = { 0 }, body = { 0 };
    bool sent;

    memset(r, 0, sizeof *r);
    r->grpc_status = -1;
    c->next_stream += 2;
    c->stream_window = c->initial_window;
    add_headers(c, &out, stream, false, fields,
                sizeof fields / sizeof fields[0]);
    tc_add(&body, prefix, 5);
    tc_add(&body, msg, len);
    sent = send_body(c, stream, &body, &out, r);
    tc_free(&out);
    tc_free(&body);
    *stream_id = stream;
    return sent;
}

bool tc_call(tc_conn *c, const char *path, const void *msg, size_t len,
             tc_reply *r)
{
    uint32_t stream;

    if (tc_begin(c, path, msg, len, r, &stream))
        tc_await(c, stream, r);
    return r->grpc_status >= 0;
}

/* ---- HTTP/1.1 ---- */

void tc_http_free(tc_http *h)
{
    tc_free(&h->body);
}

/* A head that comes in pieces. */
static bool read_slowly(int fd, tc_http *out)
{
    size_t n = 0;

    while (n + 1 < sizeof out->head) {
        if (!tc_recv(fd, out->head + n, 1))
            return false;
        n++;
        if (n >= 4 && memcmp(out->head + n - 4, "\r\n\r\n", 4) == 0) {
            out->head[n] = '\0';
            return sscanf(out->head, "HTTP/1.%*d %d", &out->status) == 1;
        }
    }
    return false;
}

/* Look first, take the head alone: what follows is the body. */
static bool read_head(int fd, tc_http *out)
{
    ssize_t got = recv(fd, out->head, sizeof out->head - 1, MSG_PEEK);
    char *end;

    if (got <= 0)
        return false;
    out->head[got] = '\0';
    end = strstr(out->head, "\r\n\r\n");
    if (!end)
        return read_slowly(fd, out);
    if (!tc_recv(fd, out->head, (size_t)(end - out->head) + 4))
        return false;
    end[4] = '\0';
    return sscanf(out->head, "HTTP/1.%*d %d", &out->status) == 1;
}

static void read_body(int fd, const char *method, tc_http *out)
{
    const char *len = strcasestr(out->head, "\r\ncontent-length:");
    uint8_t chunk[65536];
    size_t left = len ? strtoull(len + 17, NULL, 10) : 0;

    if (strcmp(method, "HEAD") == 0 || out->status == 204 || out->status == 304)
        return;
    if (len) {
        while (left) {
            size_t n = left < sizeof chunk ? left : sizeof chunk;

            if (!tc_recv(fd, chunk, n))
                return;
            tc_add(&out->body, chunk, n);
            left -= n;
        }
        return;
    }
    for (ssize_t n; (n = recv(fd, chunk, sizeof chunk, 0)) > 0;)
        tc_add(&out->body, chunk, (size_t)n);
}

bool tc_http_url(const char *method, const char *url, const void *body,
                 size_t len, tc_http *out)
{
    char host[64], head[2048], small[8192];
    unsigned port = 0;
    int at = 0, n, fd;
    bool ok;

    memset(out, 0, sizeof *out);
    if (sscanf(url, "http://%63[^:/]:%u%n", host, &port, &at) < 2)
        return false;
    fd = tc_dial(host, (uint16_t)port);
    if (fd < 0)
        return false;
    n = snprintf(head, sizeof head,
                 "%s %s HTTP/1.1\r\nhost: %s:%u\r\naccept: */*\r\n"
                 "content-length: %zu\r\nconnection: close\r\n\r\n",
                 method, url[at] ? url + at : "/", host, port, len);
    ok = n > 0 && (size_t)n < sizeof head;
    if (ok && (size_t)n + len <= sizeof small) { /* as clients send it */
        memcpy(small, head, (size_t)n);
        if (len)
            memcpy(small + n, body, len);
        ok = tc_send(fd, small, (size_t)n + len);
    } else if (ok) {
        ok = tc_send(fd, head, (size_t)n) && (tc_send(fd, body, len) || true);
    }
    ok = ok && read_head(fd, out);
    if (ok)
        read_body(fd, method, out);
    close(fd);
    return ok;
}
