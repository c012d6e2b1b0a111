/* net/http1.c - HTTP/1.1 connections: one call after another, bodies streamed
 * both ways, files sent by the kernel. */
#include "http1_head.h"
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum phase { HEAD, BODY, ANSWER_ONLY, LINGER };

enum { IN_MAX = 64 * 1024, OUT_MAX = 256 * 1024, LINGER_BYTES = 16 << 20 };

struct http1 {
    struct exchange x;
    struct conn *c;
    uint8_t phase;
    bool chunked_in, chunked_out, keep, head_only, old; /* old: HTTP/1.0 */
    bool request_ended, blocked, head_sent, answered, stop_body, feeding;
    uint64_t body_left; /* of the request, unless chunked */
    struct h1_chunks chunks;
    int file; /* -1: the body comes from call_read */
    uint64_t file_at, file_left;
    int64_t body_ms; /* when the body began; 0: none is expected */
    uint64_t body_got, lingered;
    char ws_key[WS_KEY_CHARS + 1]; /* a WebSocket was asked for; else empty */
};

static void pump(struct conn *c);

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 417:
        return "Expectation Failed";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    case 507:
        return "Insufficient Storage";
    default:
        return status < 400 ? "Fine" : "Error";
    }
}

/* Stop listening to the request; close once the peer has read the answer. */
static void linger(struct conn *c)
{
    struct http1 *h = c->state;

    exchange_close(c->loop, &h->x);
    h->phase = LINGER;
    c->since_ms = c->loop->now_ms;
    buffer_free(&c->in);
    conn_want_read(c, true);
    conn_dirty(c);
}

/* An answer of our own to what is no request: then the connection ends. */
static void refuse(struct conn *c, int status, const char *message)
{
    char text[600], body[300];
    int n = snprintf(body, sizeof body,
                     "{\"code\":\"%s\",\"message\":\"%s\",\"help\":\"requests "
                     "follow RFC 9112, read strictly\"}\n",
                     status == 408   ? "ERR_TIMEOUT"
                     : status == 503 ? "ERR_UNAVAILABLE"
                     : status == 501 ? "ERR_UNSUPPORTED"
                     : status == 431 || status == 414 || status == 413
                         ? "ERR_LIMIT"
                         : "ERR_INVALID",
                     message);
    int len =
        snprintf(text, sizeof text,
                 "HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n"
                 "content-length: %d\r\nconnection: close\r\n%s\r\n%s",
                 status, reason(status), n,
                 status == 426 ? "sec-websocket-version: 13\r\n" : "", body);

    if (conn_send(c, text, (size_t)len, false) == 0)
        linger(c);
}

static const char *why(int status)
{
    switch (status) {
    case 413:
        return "content-length has more than 18 digits";
    case 414:
        return "the path is longer than 8192 bytes";
    case 417:
        return "only \\\"expect: 100-continue\\\" is known";
    case 426:
        return "WebSocket is spoken in version 13 only";
    case 431:
        return "the request head is above server.header_bytes or 100 fields";
    case 501:
        return "the only transfer-encoding is chunked";
    case 505:
        return "the versions known are 1.0, 1.1 and 2";
    default:
        return "this is not a well-formed request";
    }
}

/* ---- the answer ---- */

static bool own_field(const char *name)
{
    return !strcmp(name, "content-length") || !strcmp(name, "connection") ||
           !strcmp(name, "transfer-encoding");
}

static void put(char *buf, size_t cap, size_t *len, const char *a,
                const char *b, const char *c, const char *d)
{
    const char *parts[] = { a, b, c, d };

    for (size_t i = 0; i < 4; i++) {
        size_t n = strlen(parts[i]);
        if (*len + n > cap)
            n = cap - *len;
        memcpy(buf + *len, parts[i], n);
        *len += n;
    }
}

/* The head into buf; what the body will be is settled here. */
static size_t answer_head(struct http1 *h, char *buf, size_t cap, int status,
                          const provernet_field *f, size_t n)
{
    uint64_t length = provernet_call_length(h->x.call), offset;
    bool empty = status == 204 || status == 304 || status < 200;
    char number[24];
    size_t len = 0;

    h->file = -1;
    if (provernet_call_file(h->x.call, &h->file, &offset, &length) ==
        PROVERNET_OK) {
        h->file_at = offset;
        h->file_left = length;
    } else {
        h->file = -1;
    }
    if (!h->request_ended)
        h->keep = false; /* the rest of the body is not read */
    if (length == UINT64_MAX && h->old)
        h->keep = false;
    put(buf, cap, &len, "HTTP/1.1 ", decimal(number, (uint64_t)status), " ",
        reason(status));
    put(buf, cap, &len, "\r\n", "", "", "");
    for (size_t i = 0; i < n; i++) {
        if (own_field(f[i].name) &&
            !(h->head_only && !strcmp(f[i].name, "content-length")))
            continue;
        if (h->head_only && !strcmp(f[i].name, "content-length"))
            empty = true;
        put(buf, cap, &len, f[i].name, ": ", f[i].value, "\r\n");
    }
    if (empty) {
        h->head_only = true;
    } else if (length != UINT64_MAX) {
        put(buf, cap, &len, "content-length: ", decimal(number, length), "\r\n",
            "");
    } else if (!h->old) {
        h->chunked_out = !h->head_only;
        put(buf, cap, &len, "transfer-encoding: chunked\r\n", "", "", "");
    }
    put(buf, cap, &len, h->keep ? "" : "connection: close\r\n", "\r\n", "", "");
    return len;
}

static void finished(struct conn *c)
{
    struct http1 *h = c->state;

    h->answered = true;
    if (!h->keep || c->leaving) {
        linger(c);
        return;
    }
    exchange_close(c->loop, &h->x);
    h->phase = HEAD;
    c->since_ms = c->loop->now_ms;
    conn_patient(c, false);
    conn_want_read(c, true);
    pump(c);
}

/* Send a file's bytes. 1: all sent, 0: the socket is full, -1: dead. */
static int send_file(struct conn *c, struct http1 *h)
{
    for (int turns = 0; h->file_left; turns++) {
        off_t at = (off_t)h->file_at;
        ssize_t n;
        if (c->out.len)
            return 0;
        if (turns == 4) { /* others have their turn first */
            conn_want_write(c, true);
            return 0;
        }
        if (c->ssl) {
            size_t want =
                h->file_left < SCRATCH ? (size_t)h->file_left : SCRATCH;
            n = pread(h->file, c->loop->out, want, at);
            if (n > 0 && conn_send(c, c->loop->out, (size_t)n, false) != 0)
                return -1;
        } else {
            size_t want =
                h->file_left < (1u << 20) ? (size_t)h->file_left : 1u << 20;
            n = sendfile(c->fd, h->file, &at, want);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                if (!c->write_ms)
                    c->write_ms = c->loop->now_ms;
                conn_want_write(c, true);
                return 0;
            }
            c->write_ms = 0;
        }
        if (n <= 0) { /* the file is shorter than it was: only a cut is true */
            conn_kill(c);
            return -1;
        }
        h->file_at += (uint64_t)n;
        h->file_left -= (uint64_t)n;
    }
    return 1;
}

/* There is room for the size before `at` and for two bytes after its end. */
static int send_chunk(struct conn *c, struct http1 *h, char *at, size_t len)
{
    char size[20];
    int n;

    if (!h->chunked_out)
        return conn_send(c, at, len, false);
    /* The size goes just before the bytes, in the room left for it. */
    n = snprintf(size, sizeof size, "%zx\r\n", len);
    memcpy(at - n, size, (size_t)n);
    at[len] = '\r';
    at[len + 1] = '\n';
    return conn_send(c, at - n, (size_t)n + len + 2, false);
}

/* Do these bytes end the answer and, with nothing left to read, the connection?
 * Then they wait for the FIN of close(): one segment instead of two. */
static bool says_goodbye(const struct conn *c, const struct http1 *h,
                         uint64_t got)
{
    return (!h->keep || c->leaving) && h->request_ended && c->in.len == 0 &&
           got == provernet_call_length(h->x.call);
}

/* Move the answer's body on. 1: complete, 0: later, -1: dead. */
static int answer_body(struct conn *c, struct http1 *h, size_t head)
{
    char *out = (char *)c->loop->out;
    size_t room = 24;

    if (h->file >= 0 && !h->head_only) {
        if (head && conn_send(c, out, head, h->file_left > 0) != 0)
            return -1;
        return send_file(c, h);
    }
    if (h->head_only)
        return head && conn_send(c, out, head, false) != 0 ? -1 : 1;
    for (;;) {
        size_t got = 0;
        provernet_status st;
        if (c->out.len > OUT_MAX)
            return 0;
        if (!h->chunked_out && head) { /* head and first bytes in one send */
            st = provernet_call_read(h->x.call, out + head, SCRATCH - head,
                                     &got);
            if (st != PROVERNET_OK)
                got = 0;
            if (conn_send(c, out, head + got, says_goodbye(c, h, got)) != 0)
                return -1;
        } else {
            if (head && conn_send(c, out, head, true) != 0)
                return -1;
            st = provernet_call_read(h->x.call, out + room, SCRATCH - room - 2,
                                     &got);
            if (st == PROVERNET_OK && got &&
                send_chunk(c, h, out + room, got) != 0)
                return -1;
        }
        head = 0;
        if (st == PROVERNET_OK)
            continue;
        if (st == PROVERNET_AGAIN)
            return 0;
        if (st != PROVERNET_END) { /* cut, so that nobody takes it for whole */
            conn_kill(c);
            return -1;
        }
        if (h->chunked_out && conn_send(c, "0\r\n\r\n", 5, false) != 0)
            return -1;
        return 1;
    }
}

/* 101: this connection is a WebSocket from now on, and h is gone. */
static void upgrade(struct conn *c, const provernet_field *f, size_t n)
{
    struct http1 *h = c->state;
    bool text = false;

    for (size_t i = 0; i < n; i++)
        if (!strcmp(f[i].name, "provernet-messages"))
            text = !strcmp(f[i].value, "text");
    if (websocket_begin(c, &h->x, h->ws_key, text))
        free(h);
    else
        conn_kill(c);
}

static void answer(struct conn *c)
{
    struct http1 *h = c->state;
    const provernet_field *f;
    size_t n, head = 0;
    int status;

    if (c->dead || !h->x.call || h->answered || h->phase == LINGER)
        return;
    if (!h->head_sent) {
        if (provernet_call_head(h->x.call, &status, &f, &n) != PROVERNET_OK)
            return;
        if (status == 101) {
            upgrade(c, f, n);
            return;
        }
        head = answer_head(h, (char *)c->loop->out, SCRATCH - 64, status, f, n);
        h->head_sent = true;
    }
    if (answer_body(c, h, head) == 1)
        finished(c);
}

/* ---- the request ---- */

static void begin_call(struct conn *c, struct h1_head *head)
{
    struct http1 *h = c->state;
    provernet_head ph = { .struct_size = sizeof ph,
                          .method = head->method,
                          .authority = head->host,
                          .path = head->path,
                          .scheme = c->ssl ? "https" : "http",
                          .peer = c->peer,
                          .fields = head->fields,
                          .fields_len = head->fields_len };
    const char *key = "";
    provernet_error err = { 0 };
    provernet_status st;
    int ws = websocket_asked(head, &key);

    h->ws_key[0] = 0;
    if (ws < 0) {
        refuse(c, -ws, why(-ws));
        return;
    }
    ph.messages = ws;

    h->head_sent = h->answered = h->request_ended = h->blocked = false;
    h->stop_body = h->chunked_out = false;
    h->head_only = !strcmp(head->method, "HEAD");
    h->chunked_in = head->chunked;
    h->old = head->minor == 0;
    h->keep = head->keep_alive;
    h->body_left =
        head->content_length > 0 ? (uint64_t)head->content_length : 0;
    h->chunks = (struct h1_chunks){ 0 };
    h->file = -1;
    h->body_got = 0;
    h->body_ms = h->chunked_in || h->body_left ? c->loop->now_ms : 0;
    h->phase = BODY;
    st = exchange_open(c->loop, &h->x, &ph, &err);
    if (st != PROVERNET_OK) {
        refuse(c, 503, "the server cannot take this call now");
        return;
    }
    if (ws) { /* no body; what follows may be frames already */
        memcpy(h->ws_key, key, sizeof h->ws_key);
        h->request_ended = true;
        h->phase = ANSWER_ONLY;
        conn_dirty(c);
        return;
    }
    if (head->expect_continue && h->body_ms) {
        answer(c); /* a refusal saves the client the upload */
        if (!c->dead && !h->head_sent)
            conn_send(c, "HTTP/1.1 100 Continue\r\n\r\n", 25, false);
    }
}

static void end_request(struct conn *c)
{
    struct http1 *h = c->state;

    h->request_ended = true;
    h->body_ms = 0;
    h->phase = ANSWER_ONLY;
    if (h->x.call && provernet_call_end(h->x.call) < 0)
        h->keep = false;
    answer(c);
}

/* Offer body bytes. How many were taken; the rest waits for READY_WRITE. */
static size_t offer(struct conn *c, const uint8_t *p, size_t len)
{
    struct http1 *h = c->state;
    size_t taken = 0;
    provernet_status st;

    if (h->stop_body)
        return len;
    st = provernet_call_write(h->x.call, p, len, &taken);
    if (st == PROVERNET_AGAIN) {
        h->blocked = true;
    } else if (st != PROVERNET_OK) { /* END: the answer is there */
        h->stop_body = true;
        taken = len;
    }
    return taken;
}

/* Take body from in[0..len). Bytes used; 0: wait. */
static size_t body(struct conn *c, const uint8_t *in, size_t len)
{
    struct http1 *h = c->state;
    const uint8_t *data;
    size_t n, used;
    int rc;

    if (!h->chunked_in) {
        n = len < h->body_left ? len : (size_t)h->body_left;
        n = n ? offer(c, in, n) : 0;
        h->body_left -= n;
        h->body_got += n;
        if (h->body_left == 0)
            end_request(c);
        else if (h->stop_body)
            answer(c);
        return n;
    }
    struct h1_chunks before = h->chunks;
    rc = h1_chunks_feed(&h->chunks, in, len, &used, &data, &n);
    if (rc < 0) {
        if (h->head_sent)
            conn_kill(c);
        else
            refuse(c, 400, "the chunked body is malformed");
        return 0;
    }
    if (n) {
        size_t taken = offer(c, data, n);
        h->body_got += taken;
        if (taken < n) { /* take the framing and that many bytes only */
            size_t framing = (size_t)(data - in);
            h->chunks = before;
            rc = h1_chunks_feed(&h->chunks, in, framing + taken, &used, &data,
                                &n);
        }
    }
    if (rc == 1)
        end_request(c);
    else if (h->stop_body)
        answer(c);
    return used;
}

/* A head from in[0..len). Bytes used; 0: wait for more. */
static size_t head(struct conn *c, char *in, size_t len)
{
    size_t limit = c->loop->server->config.header_bytes;
    struct h1_head parsed;
    long n = h1_head_parse(&parsed, in, len);

    if (n == 0 && len > limit)
        n = -431;
    if (n > (long)limit)
        n = -431;
    if (n < 0) {
        refuse(c, (int)-n, why((int)-n));
        return 0;
    }
    if (n > 0)
        begin_call(c, &parsed);
    return (size_t)n;
}

/* Understand what has arrived, as far as it goes. */
static size_t consume(struct conn *c, uint8_t *p, size_t len)
{
    struct http1 *h = c->state;
    size_t at = 0;

    for (;;) {
        uint8_t phase = h->phase;
        size_t n = 0;
        if (c->dead || phase == LINGER)
            return len;
        if (phase == HEAD && at < len)
            n = head(c, (char *)p + at, len - at);
        else if (phase == BODY && !h->blocked &&
                 (at < len || (!h->chunked_in && h->body_left == 0)))
            n = body(c, p + at, len - at);
        at += n;
        if (c->dead || h->phase == LINGER)
            return len;
        if (n == 0 && h->phase == phase)
            return at;
    }
}

/* Understand bytes; what is not understood yet is kept. The bytes at p may be
 * changed and belong to the caller. */
static void feed(struct conn *c, uint8_t *p, size_t len)
{
    struct http1 *h = c->state;
    size_t used;

    h->feeding = true;
    used = consume(c, p, len);
    if (c->dead)
        return; /* h is gone */
    h->feeding = false;
    if (h->phase == LINGER)
        return;
    if (buffer_append(&c->in, p + used, len - used) != 0)
        conn_kill(c);
    else
        conn_want_read(c, c->in.len < IN_MAX && !(h->blocked && c->in.len));
}

/* Work on the bytes that were kept. */
static void pump(struct conn *c)
{
    struct http1 *h = c->state;
    struct buffer kept = c->in;

    if (h->feeding)
        return; /* finished() inside consume(): its loop goes on */
    c->in = (struct buffer){ 0 };
    feed(c, kept.data ? buffer_at(&kept) : (uint8_t *)"", kept.len);
    buffer_free(&kept);
}

static void input_bytes(struct conn *c, uint8_t *p, size_t n)
{
    struct http1 *h = c->state;

    if (h->phase == LINGER) {
        h->lingered += n;
        if (h->lingered > LINGER_BYTES)
            conn_kill(c);
        return;
    }
    if (h->phase == HEAD && c->in.len == 0)
        c->since_ms = c->loop->now_ms; /* the head's time begins */
    if (c->in.len == 0) {
        feed(c, p, n);
        return;
    }
    if (buffer_append(&c->in, p, n) != 0)
        conn_kill(c);
    else
        pump(c);
}

static void http1_input(struct conn *c)
{
    struct http1 *h = c->state;

    /* A TLS record or a full buffer at a time; turns are bounded. */
    for (int i = 0; i < 8 && !c->dead && c->reading; i++) {
        long n = conn_read(c, c->loop->in, SCRATCH);
        if (n < 0) {
            conn_kill(c);
            return;
        }
        if (n == 0)
            break;
        input_bytes(c, c->loop->in, (size_t)n);
        if (!c->ssl && n < SCRATCH)
            break;
    }
    if (c->dead || !c->eof)
        return;
    /* The peer sends no more: with an answer on its way, let it have it. */
    if (h->phase == ANSWER_ONLY && h->head_sent) {
        conn_want_read(c, false);
        h->keep = false;
    } else {
        conn_kill(c);
    }
}

static void http1_ready(struct exchange *x, uint32_t what)
{
    struct http1 *h = (struct http1 *)(void *)x;
    struct conn *c = h->c;

    if (what & PROVERNET_READY_WRITE && h->blocked) {
        h->blocked = false;
        pump(c);
    }
    if (!c->dead && h->x.call)
        answer(c);
}

static void http1_flush(struct conn *c)
{
    struct http1 *h = c->state;
    int rc = conn_drain(c);

    if (rc < 0 || rc == 0)
        return;
    if (h->phase == LINGER) {
        if (h->answered && h->request_ended && c->in.len == 0) {
            conn_kill(c); /* everything was read: no reset can follow */
            return;
        }
        conn_patient(c, false);
        if (!c->ssl)
            shutdown(c->fd, SHUT_WR);
        return;
    }
    if (h->x.call && (h->head_sent || h->ws_key[0]) && !h->answered)
        answer(c);
}

static void http1_tick(struct conn *c, int64_t now)
{
    const struct server_config *cfg = &c->loop->server->config;
    struct http1 *h = c->state;
    int64_t age = now - c->since_ms;

    if (h->phase == LINGER) {
        if (age > 5000)
            conn_kill(c);
    } else if (h->phase == HEAD && c->in.len == 0) {
        if (age > cfg->keep_alive_ms)
            conn_kill(c);
    } else if (h->phase == HEAD) {
        if (age > cfg->head_timeout_ms)
            refuse(c, 408,
                   "the request head took longer than "
                   "server.head_timeout");
    } else if (h->body_ms && !h->blocked && !h->head_sent) {
        int64_t late = now - h->body_ms - cfg->body_timeout_ms;
        if (late > 0 &&
            h->body_got < (uint64_t)late * cfg->body_min_rate / 1000 + 1)
            refuse(c, 408,
                   "the request body is slower than "
                   "server.body_min_rate");
    }
}

static void http1_leave(struct conn *c)
{
    struct http1 *h = c->state;

    if (h->phase == HEAD && c->in.len == 0)
        conn_kill(c);
}

static void http1_gone(struct conn *c)
{
    struct http1 *h = c->state;

    exchange_close(c->loop, &h->x);
    free(h);
}

static bool http1_patient(struct conn *c)
{
    const struct http1 *h = c->state;

    return h->phase == ANSWER_ONLY && h->request_ended && !c->ssl &&
           !h->ws_key[0] && c->in.len == 0;
}

static const struct protocol protocol_http1 = {
    .input = http1_input,
    .flush = http1_flush,
    .tick = http1_tick,
    .leave = http1_leave,
    .gone = http1_gone,
    .patient = http1_patient,
};

bool http1_begin(struct conn *c)
{
    struct http1 *h = zeroed(sizeof *h);

    if (!h)
        return false;
    h->c = c;
    h->file = -1;
    h->x.ready = http1_ready;
    conn_speak(c, &protocol_http1, h);
    if (c->in.len)
        pump(c);
    return true;
}
