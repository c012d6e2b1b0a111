/* net/sp.c - a worker of ours on the one port: nng's REQ socket on the other
 * side, each question of it a call of the library.
 *
 * Ten thousand workers may be parked: a connection that waits holds no buffer,
 * no second socket, nothing of nng's. */
#include "loop.h"
#include "sp_frame.h"

#include <sys/socket.h>

enum {
    OPEN_MAX = 16,       /* questions of one connection; lanes are 8 */
    OUT_MAX = 256 * 1024 /* answers that wait to be sent */
};

struct sp;

/* A question that has no answer yet. */
struct asked {
    struct exchange x;
    struct sp *sp;
    struct asked *next, **at;
    uint8_t words_len, words[SP_WORDS_MAX];
};

struct sp {
    struct conn *c;
    struct asked *open;    /* all that are unanswered */
    struct asked *present; /* whose bytes are coming */
    unsigned open_len;
    struct sp_reader r;
    int64_t heard_ms, began_ms; /* began: of an unfinished message; 0: none */
    uint64_t got;               /* bytes of it */
};

static void sp_ready(struct exchange *x, uint32_t what);

/* ---- questions ---- */

static void drop(struct asked *a)
{
    struct sp *s = a->sp;

    exchange_close(s->c->loop, &a->x);
    *a->at = a->next;
    if (a->next)
        a->next->at = a->at;
    if (s->present == a)
        s->present = NULL;
    s->open_len--;
    free(a);
}

static bool begin(struct sp *s)
{
    struct conn *c = s->c;
    provernet_head head = { .struct_size = sizeof head,
                            .method = "POST",
                            .authority = "localhost",
                            .path = "/provernet.worker/v1",
                            .scheme = c->ssl ? "https" : "http",
                            .peer = c->peer };
    struct asked *a = zeroed(sizeof *a);

    if (!a)
        return false;
    a->sp = s;
    a->x.ready = sp_ready;
    a->words_len = s->r.words_len;
    memcpy(a->words, s->r.words, a->words_len);
    a->at = &s->open;
    a->next = s->open;
    if (a->next)
        a->next->at = &a->next;
    s->open = a;
    s->open_len++;
    s->present = a;
    if (exchange_open(c->loop, &a->x, &head, NULL) == PROVERNET_OK)
        return true;
    drop(a); /* draining: the worker asks again, elsewhere or later */
    return true;
}

/* The library takes a message whole, or has refused it: then its answer is
 * there and the rest is skipped. */
static bool piece(struct sp *s, const uint8_t *data, size_t len)
{
    size_t taken = 0;
    provernet_status st;

    if (!s->present)
        return true;
    st = provernet_call_write(s->present->x.call, data, len, &taken);
    return st == PROVERNET_END || (st == PROVERNET_OK && taken == len);
}

/* ---- answers ---- */

/* 1: the question is dealt with; 0: later; -1: the connection is dead. */
static int answer(struct asked *a)
{
    struct conn *c = a->sp->c;
    uint8_t *out = c->loop->out;
    const provernet_field *f;
    provernet_status st;
    uint64_t len;
    size_t n, at;
    int status;

    st = provernet_call_head(a->x.call, &status, &f, &n);
    if (st == PROVERNET_AGAIN)
        return 0;
    len = provernet_call_length(a->x.call);
    /* What is not of the worker's wire (no memory, draining) would not be
     * understood there; unanswered, the worker asks again. */
    if (st != PROVERNET_OK || status != 200 || len == UINT64_MAX)
        return 1;
    at = sp_head(out, a->words, a->words_len, len);
    for (;;) {
        st = provernet_call_read(a->x.call, out + at, SCRATCH - at, &n);
        if (st == PROVERNET_OK && n <= len) {
            at += n;
            len -= n;
        }
        if (at && (st != PROVERNET_OK || at == SCRATCH) &&
            conn_send(c, out, at, len > 0) != 0)
            return -1;
        if (st == PROVERNET_OK && at < SCRATCH)
            continue;
        at = 0;
        if (st != PROVERNET_OK)
            break;
    }
    if (st == PROVERNET_END && len == 0)
        return 1;
    conn_kill(c); /* cut, so that nobody takes it for whole */
    return -1;
}

static void feed(struct conn *c, const uint8_t *p, size_t len);

/* Questions beyond OPEN_MAX wait in the socket, or in c->in. */
static bool may_ask(const struct sp *s)
{
    return s->open_len < OPEN_MAX && s->c->out.len <= OUT_MAX;
}

static void go_on(struct conn *c)
{
    struct buffer kept = c->in;

    c->in = (struct buffer){ 0 };
    feed(c, kept.data ? buffer_at(&kept) : (const uint8_t *)"", kept.len);
    buffer_free(&kept);
}

static void sp_ready(struct exchange *x, uint32_t what)
{
    struct asked *a = (struct asked *)(void *)x;
    struct conn *c = a->sp->c;

    (void)what;
    if (c->dead || a == a->sp->present || answer(a) != 1)
        return;
    drop(a);
    if (!c->reading)
        go_on(c);
}

/* ---- in ---- */

static void complete(struct sp *s)
{
    struct asked *a = s->present;
    provernet_status st;

    s->present = NULL;
    s->began_ms = 0;
    s->got = 0;
    if (!a)
        return;
    st = provernet_call_end(a->x.call);
    if ((st != PROVERNET_OK && st != PROVERNET_END) || answer(a) == 1)
        drop(a);
}

static bool one_event(struct sp *s, enum sp_event e, const uint8_t *data,
                      size_t len)
{
    switch (e) {
    case SP_EVENT_BEGIN:
        return begin(s);
    case SP_EVENT_DATA:
        return piece(s, data, len);
    case SP_EVENT_END:
        complete(s);
        return true;
    case SP_EVENT_NONE:
        return true;
    case SP_EVENT_BAD:
    default:
        return false;
    }
}

/* Understand bytes; what must wait is kept. */
static void feed(struct conn *c, const uint8_t *p, size_t len)
{
    struct sp *s = c->state;
    enum sp_event e = SP_EVENT_END;
    size_t at = 0;

    while (!c->dead && e != SP_EVENT_NONE && (s->present || may_ask(s))) {
        const uint8_t *data;
        size_t used, n;

        e = sp_feed(&s->r, p + at, len - at, &used, &data, &n);
        at += used;
        s->got += used;
        if (!one_event(s, e, data, n) && !c->dead)
            conn_kill(c);
    }
    if (c->dead)
        return;
    if (!sp_unfinished(&s->r)) {
        s->began_ms = 0;
        s->got = 0;
    } else if (!s->began_ms) {
        s->began_ms = c->loop->now_ms;
    }
    if (buffer_append(&c->in, p + at, len - at) != 0)
        conn_kill(c);
    else
        conn_want_read(c, s->present || may_ask(s));
}

static void sp_input(struct conn *c)
{
    struct sp *s = c->state;
    long n = conn_read(c, c->loop->in, SCRATCH);

    if (n > 0) {
        s->heard_ms = c->loop->now_ms;
        feed(c, c->loop->in, (size_t)n);
    }
    if (!c->dead && (n < 0 || c->eof))
        conn_kill(c);
}

static void sp_flush(struct conn *c)
{
    if (conn_drain(c) == 1 && !c->reading)
        go_on(c);
}

/* A worker gives signs of life far more often than the idle time. */
static void sp_tick(struct conn *c, int64_t now)
{
    const struct server_config *cfg = &c->loop->server->config;
    struct sp *s = c->state;

    if (s->began_ms && c->reading) {
        int64_t late = now - s->began_ms - cfg->body_timeout_ms;
        if (late > 0 && s->got < (uint64_t)late * cfg->body_min_rate / 1000 + 1)
            conn_kill(c);
    } else if (!s->open && now - s->heard_ms > cfg->idle_timeout_ms) {
        conn_kill(c);
    }
}

static void sp_gone(struct conn *c)
{
    struct sp *s = c->state;

    while (s->open)
        drop(s->open); /* a parked question ends at once */
    free(s);
}

static const struct protocol protocol_sp = {
    .input = sp_input,
    .flush = sp_flush,
    .tick = sp_tick,
    .leave = conn_kill, /* the node has drained before */
    .gone = sp_gone,
};

bool sp_begin(struct conn *c)
{
    struct sp *s = zeroed(sizeof *s);
    int one = 1;

    if (!s)
        return false;
    s->c = c;
    s->heard_ms = c->loop->now_ms;
    setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    conn_speak(c, &protocol_sp, s);
    if (conn_send(c, sp_greeting, SP_GREETING, false) == 0)
        go_on(c);
    return true;
}
