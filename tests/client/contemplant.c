/* tests/client/contemplant.c - see contemplant.h. */
#include "contemplant.h"
#include "patience.h"
#include "server.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- WebSocket ---- */

/* The key and its answer are those of RFC 6455, 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* 1: read something, 0: nothing within ms, -1: it ended. */
static int more(tc_ws *w, int ms)
{
    struct pollfd p = { w->fd, POLLIN, 0 };
    uint8_t bytes[65536];
    ssize_t n;

    if (poll(&p, 1, ms) <= 0)
        return 0;
    n = recv(w->fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        return -1;
    tc_add(&w->in, bytes, (size_t)n);
    return 1;
}

static void eat(tc_ws *w, size_t n)
{
    memmove(w->in.data, w->in.data + n, w->in.len - n);
    w->in.len -= n;
}

int tc_ws_open(tc_ws *w, const char *host, uint16_t port, const char *path,
               const char *fields)
{
    char head[1024], *end;
    int status;

    memset(w, 0, sizeof *w);
    w->fd = tc_dial(host, port);
    if (w->fd < 0)
        return -1;
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n%s\r\n",
             path, host, port,
             fields ? fields
                    : "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY
                      "\r\n");
    if (!tc_send(w->fd, head, strlen(head)))
        return -1;
    for (;;) {
        if (more(w, PATIENCE_MS) != 1)
            return -1;
        tc_add(&w->in, "", 1);
        w->in.len--;
        end = strstr((char *)w->in.data, "\r\n\r\n");
        if (end)
            break;
    }
    status = atoi((char *)w->in.data + 9);
    if (status == 101 && !strstr((char *)w->in.data, ACCEPT "\r\n"))
        status = -1;
    eat(w, (size_t)(end + 4 - (char *)w->in.data));
    return status;
}

void tc_ws_close(tc_ws *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    tc_free(&w->in);
}

bool tc_ws_frame(tc_ws *w, uint8_t first, const void *data, size_t len)
{
    static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    size_t head = len < 126 ? 2 : len < 65536 ? 4 : 10;
    uint8_t *b = malloc(head + 4 + len);
    bool ok;

    if (!b)
        return false;
    b[0] = first;
    b[1] = (uint8_t)(0x80 | (head == 2 ? len : head == 4 ? 126 : 127));
    for (size_t i = 2; i < head; i++)
        b[i] = (uint8_t)(len >> (8 * (head - 1 - i)));
    memcpy(b + head, mask, 4);
    for (size_t i = 0; i < len; i++)
        b[head + 4 + i] = ((const uint8_t *)data)[i] ^ mask[i & 3];
    ok = tc_send(w->fd, b, head + 4 + len);
    free(b);
    return ok;
}

/* A whole frame in w->in: its length with head, or 0. */
static size_t whole(const tc_ws *w, size_t *head, size_t *len)
{
    const uint8_t *p = w->in.data;

    if (w->in.len < 2)
        return 0;
    *len = p[1] & 127u;
    *head = *len < 126 ? 2 : *len == 126 ? 4 : 10;
    if (w->in.len < *head)
        return 0;
    if (*head > 2) {
        *len = 0;
        for (size_t i = 2; i < *head; i++)
            *len = *len << 8 | p[i];
    }
    return w->in.len - *head >= *len ? *head + *len : 0;
}

int tc_ws_next(tc_ws *w, tc_buf *out, int ms)
{
    int64_t until = tc_now_us() + ms * 1000LL;
    int kind = 0;

    out->len = 0;
    for (;;) {
        size_t head, len, all = whole(w, &head, &len);
        int left = (int)((until - tc_now_us()) / 1000), rc;
        uint8_t first;

        if (all == 0) {
            /* what has begun is waited for */
            rc = more(w, kind || w->in.len ? PATIENCE_MS : left > 0 ? left : 0);
            if (rc == 1)
                continue;
            return rc;
        }
        first = w->in.data[0];
        if (w->in.data[1] & 0x80)
            return -1; /* servers do not mask */
        if ((first & 15) >= 8) {
            if (kind && (first & 15) != 8) { /* between fragments */
                if ((first & 15) == 9)
                    tc_ws_frame(w, 0x8a, w->in.data + head, len);
                eat(w, all);
                continue;
            }
            out->len = 0;
            tc_add(out, w->in.data + head, len);
            eat(w, all);
            return first & 15;
        }
        if ((first & 15) && kind)
            return -1;
        if (first & 15)
            kind = first & 15;
        tc_add(out, w->in.data + head, len);
        eat(w, all);
        if (first & 0x80)
            return kind ? kind : -1;
    }
}

int tc_ws_closed(tc_ws *w, char reason[124])
{
    int64_t until = 0;
    tc_buf b = { 0 };
    int code = -1;

    while (code == -1 && patient(&until)) {
        int op = tc_ws_next(w, &b, 100);

        if (op < 0)
            code = 0;
        else if (op == 8 && b.len >= 2)
            code = b.data[0] << 8 | b.data[1];
        else if (op == 8)
            code = 1005;
    }
    if (reason)
        reason[0] = '\0';
    if (reason && code > 0 && b.len > 2)
        snprintf(reason, 124, "%.*s", (int)(b.len - 2), (char *)b.data + 2);
    tc_free(&b);
    return code;
}

/* ---- bincode ---- */

static void u32(tc_buf *b, uint32_t v)
{
    uint8_t p[4];

    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
    tc_add(b, p, 4);
}

static void u64(tc_buf *b, uint64_t v)
{
    u32(b, (uint32_t)v);
    u32(b, (uint32_t)(v >> 32));
}

static void str(tc_buf *b, const char *text)
{
    u64(b, strlen(text));
    tc_add(b, text, strlen(text));
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static bool send_message(tc_contemplant *c, tc_buf *b)
{
    bool ok = tc_ws_frame(&c->ws, 0x82, b->data, b->len);

    tc_free(b);
    return ok;
}

/* ---- the worker ---- */

bool tc_contemplant_beat(tc_contemplant *c)
{
    tc_buf b = { 0 };

    u32(&b, 2);
    return send_message(c, &b);
}

bool tc_contemplant_open(tc_contemplant *c, const char *host, uint16_t port,
                         const char *name, const char *version)
{
    return tc_contemplant_open_with(c, host, port, name, version, NULL);
}

bool tc_contemplant_open_with(tc_contemplant *c, const char *host,
                              uint16_t port, const char *name,
                              const char *version, const char *drop)
{
    tc_buf b = { 0 };

    memset(c, 0, sizeof *c);
    c->ws.fd = -1;
    if (tc_ws_open(&c->ws, host, port, "/ws", NULL) != 101) {
        tc_ws_close(&c->ws);
        return false;
    }
    u32(&b, 0);
    str(&b, name);
    str(&b, version);
    u64(&b, 1); /* one VM: SP1 */
    u32(&b, 0);
    tc_add(&b, drop ? "\0\1" : "\0\0", 2); /* no Groth16 of RISC Zero */
    if (drop)
        str(&b, drop);
    return send_message(c, &b) && tc_contemplant_beat(c);
}

void tc_contemplant_close(tc_contemplant *c)
{
    tc_ws_close(&c->ws);
    tc_free(&c->job.bytes);
    c->busy = false;
}

/* Variant, VM, id, program, mock, mode, input to the end. */
static bool take_job(tc_contemplant *c, const tc_buf *m)
{
    tc_job *j = &c->job;
    uint64_t n;
    uint8_t *p;

    if (m->len < 61)
        return false;
    j->bytes.len = 0;
    tc_add(&j->bytes, m->data, m->len);
    p = j->bytes.data;
    j->vm = get32(p + 4);
    memcpy(j->id, p + 16, 32);
    n = get64(p + 48);
    if (j->vm != 0 || get64(p + 8) != 32 || n > m->len - 61)
        return false;
    j->program = p + 56;
    j->program_len = (size_t)n;
    p += 56 + n;
    j->mock = p[0] == 1;
    j->mode = get32(p + 1);
    j->input = p + 5;
    j->input_len = (size_t)(j->bytes.data + m->len - j->input);
    c->busy = true;
    return true;
}

tc_heard tc_contemplant_next(tc_contemplant *c, int ms)
{
    tc_buf m = { 0 };
    int op = tc_ws_next(&c->ws, &m, ms);
    tc_heard heard = TC_STRANGE;

    if (op == 0 || op == 10)
        heard = TC_NOTHING;
    else if (op < 0 || op == 8)
        heard = TC_OVER;
    else if (op == 9)
        heard = tc_ws_frame(&c->ws, 0x8a, m.data, m.len) ? TC_NOTHING : TC_OVER;
    else if (op == 2 && m.len >= 44 && get32(m.data) == 1)
        heard = c->busy && memcmp(m.data + 12, c->job.id, 32) == 0 ? TC_QUESTION
                                                                   : TC_STRANGE;
    else if (op == 2 && m.len >= 44 && get32(m.data) == 0 && take_job(c, &m))
        heard = TC_JOB;
    if (op == 8 && m.len >= 2) {
        c->code = m.data[0] << 8 | m.data[1];
        snprintf(c->reason, sizeof c->reason, "%.*s", (int)(m.len - 2),
                 (char *)m.data + 2);
        tc_ws_frame(&c->ws, 0x88, m.data, 2);
    }
    tc_free(&m);
    return heard;
}

static void status_head(tc_buf *b, const tc_contemplant *c)
{
    u32(b, 1);
    u64(b, 32);
    tc_add(b, c->job.id, 32);
}

bool tc_contemplant_working(tc_contemplant *c, int percent)
{
    tc_buf b = { 0 };

    status_head(&b, c);
    tc_add(&b, "\1", 1);
    u32(&b, 1);
    tc_add(&b, percent < 0 ? "\0\0" : "\0\1", 2);
    if (percent >= 0) {
        u32(&b, 0);
        u64(&b, (uint64_t)percent);
    }
    return send_message(c, &b);
}

bool tc_contemplant_unknown(tc_contemplant *c)
{
    tc_buf b = { 0 };

    status_head(&b, c);
    tc_add(&b, "\0", 1);
    c->busy = false;
    return send_message(c, &b);
}

bool tc_contemplant_error(tc_contemplant *c)
{
    tc_buf b = { 0 };

    status_head(&b, c);
    tc_add(&b, "\1", 1);
    u32(&b, 3);
    tc_add(&b, "\0\0", 2);
    c->busy = false;
    return send_message(c, &b);
}

bool tc_contemplant_proof(tc_contemplant *c, const void *proof, size_t len)
{
    tc_buf b = { 0 };

    status_head(&b, c);
    tc_add(&b, "\1", 1);
    u32(&b, 2);
    tc_add(&b, "\1", 1);
    u64(&b, len);
    tc_add(&b, proof, len);
    tc_add(&b, "\1", 1);
    u32(&b, 2);
    c->busy = false;
    return send_message(c, &b);
}
