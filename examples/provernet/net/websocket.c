/* net/websocket.c - WebSocket connections (RFC 6455): messages in and out of
 * one call of the library.
 *
 * A message in goes to the library as it comes, one out in fragments as it is
 * read: neither is ever held whole. Only one kind of message is spoken on a
 * connection (the library says which); the other is checked and skipped. */
#include "http1_head.h"
#include "loop.h"
#include "ws_frame.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

enum { OUT_MAX = 256 * 1024, PONG_MAX = 64 * 1024, CLOSE_MS = 5000 };

struct websocket {
    struct exchange x;
    struct conn *c;
    struct ws_reader r;
    struct buffer held; /* of a message: the library takes no more just now */
    unsigned kind;      /* WS_TEXT or WS_BINARY: what is spoken */
    bool blocked, end_waits, closing, answered, part_sent;
    int64_t heard_ms, pinged_ms;
    int64_t began_ms; /* an unfinished message or frame; 0: none */
    uint64_t got;     /* bytes of it */
};

/* ---- the handshake ---- */

static bool has_token(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (list && *list) {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, ","), end = len;
        while (end && (list[end - 1] == ' ' || list[end - 1] == '\t'))
            end--;
        if (end == n && strncasecmp(list, word, n) == 0)
            return true;
        list += len;
    }
    return false;
}

static const char *field(const struct h1_head *h, const char *name, size_t *n)
{
    const char *value = NULL;

    *n = 0;
    for (size_t i = 0; i < h->fields_len; i++)
        if (!strcmp(h->fields[i].name, name)) {
            value = h->fields[i].value;
            ++*n;
        }
    return value;
}

/* 16 bytes in base64: 22 letters and "==", the last letter with 4 zero bits. */
static bool key_ok(const char *key)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                                  "stuvwxyz0123456789+/";

    return strlen(key) == WS_KEY_CHARS && strspn(key, letters) == 22 &&
           !strcmp(key + 22, "==") && strchr("AQgw", key[21]);
}

int websocket_asked(const struct h1_head *h, const char **key)
{
    size_t n, keys, versions;
    const char *version;

    if (!has_token(field(h, "upgrade", &n), "websocket"))
        return 0;
    *key = field(h, "sec-websocket-key", &keys);
    version = field(h, "sec-websocket-version", &versions);
    if (strcmp(h->method, "GET") != 0 || h->minor == 0 || h->chunked ||
        h->content_length > 0 || h->expect_continue || n != 1 || keys != 1 ||
        !has_token(field(h, "connection", &n), "upgrade") || !key_ok(*key))
        return -400;
    return versions == 1 && !strcmp(version, "13") ? 1 : -426;
}

static bool accept_of(const char *key, char out[32])
{
    char text[WS_KEY_CHARS + 40];
    uint8_t sha1[EVP_MAX_MD_SIZE];
    unsigned len;

    snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    if (!EVP_Digest(text, strlen(text), sha1, &len, EVP_sha1(), NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)out, sha1, (int)len);
    return true;
}

/* ---- out ---- */

static int send_frame(struct conn *c, unsigned opcode, bool fin,
                      const uint8_t *data, size_t len)
{
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_head(head, opcode, fin, len);

    if (conn_send(c, head, n, len > 0) != 0)
        return -1;
    return len ? conn_send(c, data, len, false) : 0;
}

/* Say why and let the peer answer. The library hears at once. */
static void hang_up(struct conn *c, unsigned code, const char *reason)
{
    uint8_t frame[WS_HEAD_MAX + WS_CONTROL_MAX];
    struct websocket *w = c->state;

    if (w->closing)
        return;
    w->closing = true;
    c->since_ms = c->loop->now_ms;
    exchange_close(c->loop, &w->x);
    buffer_free(&w->held);
    if (conn_send(c, frame, ws_close(frame, code, reason), false) == 0)
        conn_want_read(c, true);
}

static void over(struct conn *c)
{
    struct websocket *w = c->state;
    const char *code = "1000", *reason = "";
    const provernet_field *f;
    size_t n;

    if (provernet_call_trailers(w->x.call, &f, &n) == PROVERNET_OK)
        for (size_t i = 0; i < n; i++) {
            if (!strcmp(f[i].name, "close-code"))
                code = f[i].value;
            else if (!strcmp(f[i].name, "close-reason"))
                reason = f[i].value;
        }
    {
        char text[WS_CONTROL_MAX];
        snprintf(text, sizeof text, "%s", reason); /* it goes with the call */
        hang_up(c, (unsigned)strtoul(code, NULL, 10), text);
    }
}

/* As much of the present message as fits in one frame. END: the message ends
 * with it; OK: more follows at once; AGAIN: or later. */
static provernet_status read_piece(struct websocket *w, uint8_t *out,
                                   size_t *len)
{
    provernet_status st = PROVERNET_OK;

    *len = 0;
    while (st == PROVERNET_OK && *len < SCRATCH - WS_HEAD_MAX) {
        size_t got = 0;
        st = provernet_call_read(w->x.call, out + *len,
                                 SCRATCH - WS_HEAD_MAX - *len, &got);
        *len += st == PROVERNET_OK ? got : 0;
    }
    return st;
}

static void send_messages(struct conn *c)
{
    struct websocket *w = c->state;
    const provernet_field *f;
    size_t fields;

    while (!c->dead && !w->closing && w->x.call && c->out.len <= OUT_MAX) {
        uint8_t *out = c->loop->out, head[WS_HEAD_MAX];
        size_t len, n;
        provernet_status st = read_piece(w, out + WS_HEAD_MAX, &len);
        bool end = st == PROVERNET_END;

        if (st < 0) { /* cut, so that nobody takes it for whole */
            conn_kill(c);
            return;
        }
        if (end && !w->part_sent && len == 0 &&
            provernet_call_trailers(w->x.call, &f, &fields) == PROVERNET_OK) {
            over(c);
            return;
        }
        if (len || end) {
            n = ws_head(head, w->part_sent ? 0 : w->kind, end, len);
            memcpy(out + WS_HEAD_MAX - n, head, n);
            w->part_sent = !end;
            if (conn_send(c, out + WS_HEAD_MAX - n, n + len, false) != 0)
                return;
        }
        if (st == PROVERNET_AGAIN)
            return;
    }
}

/* ---- in ---- */

/* Give the library what it did not take before. */
static void offer_held(struct websocket *w)
{
    provernet_status st = PROVERNET_OK;

    while (w->held.len && st == PROVERNET_OK) {
        size_t taken = 0;
        st = provernet_call_write(w->x.call, buffer_at(&w->held), w->held.len,
                                  &taken);
        buffer_drop(&w->held, taken);
    }
    if (w->held.len == 0 && w->end_waits && st >= 0) {
        st = provernet_call_end(w->x.call);
        w->end_waits = st == PROVERNET_AGAIN;
    }
    w->blocked = (w->held.len || w->end_waits) && st == PROVERNET_AGAIN;
    if (st == PROVERNET_END || st < 0) {
        buffer_free(&w->held);
        w->end_waits = false;
    }
}

static bool offer(struct websocket *w, const uint8_t *data, size_t len)
{
    if (buffer_append(&w->held, data, len) != 0)
        return false;
    offer_held(w);
    return true;
}

static void message_piece(struct conn *c, const uint8_t *data, size_t len)
{
    struct websocket *w = c->state;
    size_t taken = 0;
    provernet_status st;

    if (w->closing || w->r.message != w->kind)
        return;
    st = provernet_call_write(w->x.call, data, len, &taken);
    if (st == PROVERNET_END || taken == len)
        return;
    if (!offer(w, data + taken, len - taken))
        conn_kill(c);
}

static void one_event(struct conn *c, enum ws_event e, const uint8_t *data,
                      size_t len)
{
    struct websocket *w = c->state;

    switch (e) {
    case WS_EVENT_DATA:
        message_piece(c, data, len);
        break;
    case WS_EVENT_END:
        w->got = 0;
        w->began_ms = 0;
        if (!w->closing && w->r.ended == w->kind) {
            w->end_waits = true;
            offer_held(w);
        }
        break;
    case WS_EVENT_PING:
        if (!w->closing && c->out.len < PONG_MAX)
            send_frame(c, WS_PONG, true, data, len);
        break;
    case WS_EVENT_CLOSING:
        w->answered = true;
        if (!w->closing)
            hang_up(c, w->r.code, "");
        if (!c->dead && c->out.len == 0)
            conn_kill(c);
        break;
    case WS_EVENT_BAD:
        hang_up(c, w->r.code,
                w->r.code == 1007 ? "the text is not UTF-8"
                                  : "not a frame of RFC 6455");
        break;
    default:
        break;
    }
}

/* Understand bytes; what must wait is kept. */
static void feed(struct conn *c, uint8_t *p, size_t len)
{
    struct websocket *w = c->state;
    size_t at = 0;

    if (w->r.bad)
        return; /* nothing after a bad frame means anything */
    while (!c->dead && !w->blocked) {
        const uint8_t *data;
        size_t used, n;
        enum ws_event e = ws_feed(&w->r, p + at, len - at, &used, &data, &n);

        at += used;
        w->got += used;
        one_event(c, e, data, n);
        if (e == WS_EVENT_NONE || e == WS_EVENT_BAD || e == WS_EVENT_CLOSING)
            break;
    }
    if (c->dead)
        return;
    if (!ws_unfinished(&w->r))
        w->began_ms = 0;
    else if (!w->began_ms)
        w->began_ms = c->loop->now_ms;
    if (w->r.bad || (w->closing && at < len))
        at = len;
    if (buffer_append(&c->in, p + at, len - at) != 0) {
        conn_kill(c);
        return;
    }
    conn_want_read(c, !w->blocked);
    send_messages(c);
}

/* The library takes messages again. */
static void go_on(struct conn *c)
{
    struct websocket *w = c->state;
    struct buffer kept;

    offer_held(w);
    if (w->blocked)
        return;
    kept = c->in;
    c->in = (struct buffer){ 0 };
    feed(c, kept.data ? buffer_at(&kept) : (uint8_t *)"", kept.len);
    buffer_free(&kept);
}

static void websocket_input(struct conn *c)
{
    struct websocket *w = c->state;

    for (int i = 0; i < 8 && !c->dead && c->reading; i++) {
        long n = conn_read(c, c->loop->in, SCRATCH);
        if (n < 0) {
            conn_kill(c);
            return;
        }
        if (n == 0)
            break;
        w->heard_ms = c->loop->now_ms;
        feed(c, c->loop->in, (size_t)n);
        if (!c->dead && !c->ssl && n < SCRATCH)
            break;
    }
    if (!c->dead && c->eof)
        conn_kill(c); /* without a close: it broke */
}

static void websocket_ready(struct exchange *x, uint32_t what)
{
    struct websocket *w = (struct websocket *)(void *)x;
    struct conn *c = w->c;

    if (what & PROVERNET_READY_WRITE && w->blocked)
        go_on(c);
    if (!c->dead)
        send_messages(c);
}

static void websocket_flush(struct conn *c)
{
    struct websocket *w = c->state;

    if (conn_drain(c) != 1)
        return;
    if (w->closing && w->answered)
        conn_kill(c);
    else if (!w->closing)
        send_messages(c);
}

static void websocket_tick(struct conn *c, int64_t now)
{
    const struct server_config *cfg = &c->loop->server->config;
    struct websocket *w = c->state;

    if (w->closing) {
        if (now - c->since_ms > CLOSE_MS)
            conn_kill(c);
        return;
    }
    if (w->began_ms && !w->blocked) {
        int64_t late = now - w->began_ms - cfg->body_timeout_ms;
        if (late > 0 &&
            w->got < (uint64_t)late * cfg->body_min_rate / 1000 + 1) {
            hang_up(c, 1008, "a message is slower than server.body_min_rate");
            return;
        }
    }
    if (now - w->heard_ms > 2 * cfg->keep_alive_ms && !w->blocked) {
        conn_kill(c);
    } else if (now - w->heard_ms > cfg->keep_alive_ms &&
               now - w->pinged_ms > cfg->keep_alive_ms) {
        w->pinged_ms = now;
        if (!w->part_sent || c->out.len < PONG_MAX)
            send_frame(c, WS_PING, true, NULL, 0);
    }
}

static void websocket_leave(struct conn *c)
{
    hang_up(c, 1001, "the server is going away");
}

static void websocket_gone(struct conn *c)
{
    struct websocket *w = c->state;

    exchange_close(c->loop, &w->x);
    buffer_free(&w->held);
    free(w);
}

static const struct protocol protocol_websocket = {
    .input = websocket_input,
    .flush = websocket_flush,
    .tick = websocket_tick,
    .leave = websocket_leave,
    .gone = websocket_gone,
};

bool websocket_begin(struct conn *c, struct exchange *x, const char *key,
                     bool text)
{
    struct websocket *w = calloc(1, sizeof *w);
    char head[200], accept[32];
    int n;

    if (!w || !accept_of(key, accept)) {
        free(w);
        return false;
    }
    w->c = c;
    w->kind = text ? WS_TEXT : WS_BINARY;
    w->heard_ms = w->pinged_ms = c->loop->now_ms;
    w->x.ready = websocket_ready;
    exchange_move(c->loop, &w->x, x);
    conn_speak(c, &protocol_websocket, w);
    n = snprintf(head, sizeof head,
                 "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                 "connection: Upgrade\r\nsec-websocket-accept: %s\r\n\r\n",
                 accept);
    if (conn_send(c, head, (size_t)n, false) == 0)
        go_on(c); /* what came behind the head */
    return true;
}
