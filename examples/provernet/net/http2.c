/* net/http2.c - HTTP/2 connections by nghttp2: every stream is one call.
 *
 * Flow control is the call's: bytes are given back to the peer's window only
 * when call_write took them. What a peer can make us hold is bounded by the
 * windows, the header limit and the number of streams. */
#include "http1_head.h"
#include "loop.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    STREAM_WINDOW = 1 << 20,
    CONN_WINDOW = 4 << 20,
    FIELDS_MAX = 256,
    BUCKET = 1000, /* resets, pings, settings, empty frames at once */
    BUCKET_PER_SEC = 100
};

struct stream {
    struct exchange x;
    struct conn *c;
    struct stream *next, *prev;
    int32_t id;
    bool request_ended, end_waits, blocked, head_sent, deferred, stop_body;
    bool refused, file;
    struct buffer body; /* received, not yet taken by the call */
    int fd;
    uint64_t at, left; /* of the file */
    int64_t since_ms;
    uint64_t got;
};

struct http2 {
    nghttp2_session *session;
    struct stream *streams;
    size_t streams_len;
    struct stream *building; /* whose header block arrives */
    struct buffer header;    /* name NUL value NUL ... of that block */
    size_t header_size, fields;
    int64_t header_ms;
    int64_t bucket, bucket_ms;
    bool goaway, done; /* done: only waiting for the peer to close */
};

static struct stream *stream_of(nghttp2_session *s, int32_t id)
{
    return nghttp2_session_get_stream_user_data(s, id);
}

/* Frames that cost us and bring nothing are counted. 0, or the end. */
static int charge(struct conn *c)
{
    struct http2 *h = c->state;
    int64_t now = c->loop->now_ms;

    h->bucket += (now - h->bucket_ms) * BUCKET_PER_SEC / 1000;
    if (now - h->bucket_ms >= 10)
        h->bucket_ms = now;
    if (h->bucket > BUCKET)
        h->bucket = BUCKET;
    if (--h->bucket >= 0)
        return 0;
    if (!h->goaway) {
        h->goaway = true;
        nghttp2_session_terminate_session(h->session,
                                          NGHTTP2_ENHANCE_YOUR_CALM);
    }
    return 0;
}

/* ---- the answer ---- */

/* Fill buf; *end: nothing more will come. Bytes, 0 (later), -1: broken. */
static long body_bytes(struct stream *st, uint8_t *buf, size_t cap, bool *end)
{
    size_t len = 0;

    *end = false;
    if (st->file) {
        size_t want = st->left < cap ? (size_t)st->left : cap;
        ssize_t n = want ? pread(st->fd, buf, want, (off_t)st->at) : 0;
        if (n < 0 || (n == 0 && want))
            return -1;
        st->at += (uint64_t)n;
        st->left -= (uint64_t)n;
        *end = st->left == 0;
        return n;
    }
    while (len < cap) {
        size_t got = 0;
        provernet_status rc =
            provernet_call_read(st->x.call, buf + len, cap - len, &got);
        if (rc == PROVERNET_OK)
            len += got;
        else if (rc == PROVERNET_END)
            *end = true;
        else if (rc != PROVERNET_AGAIN)
            return -1;
        if (rc != PROVERNET_OK)
            break;
    }
    return (long)len;
}

static size_t to_nv(nghttp2_nv *nv, size_t cap, const provernet_field *f,
                    size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n && k < cap; i++) {
        if (!strcmp(f[i].name, "connection") ||
            !strcmp(f[i].name, "transfer-encoding"))
            continue;
        nv[k++] =
            (nghttp2_nv){ (uint8_t *)(uintptr_t)f[i].name,
                          (uint8_t *)(uintptr_t)f[i].value, strlen(f[i].name),
                          strlen(f[i].value), NGHTTP2_NV_FLAG_NONE };
    }
    return k;
}

static ssize_t answer_data(nghttp2_session *s, int32_t id, uint8_t *buf,
                           size_t cap, uint32_t *flags,
                           nghttp2_data_source *source, void *user)
{
    struct stream *st = source->ptr;
    const provernet_field *f;
    nghttp2_nv nv[32];
    size_t n;
    bool end;
    long len = body_bytes(st, buf, cap, &end);

    (void)user;
    if (len < 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (len == 0 && !end) {
        st->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (!end)
        return len;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!st->file &&
        provernet_call_trailers(st->x.call, &f, &n) == PROVERNET_OK && n > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        n = to_nv(nv, 32, f, n);
        if (nghttp2_submit_trailer(s, id, nv, n) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return len;
}

/* A status of our own, without a body. */
static void refuse(struct stream *st, const char *status)
{
    struct http2 *h = st->c->state;
    nghttp2_nv nv = { (uint8_t *)(uintptr_t) ":status",
                      (uint8_t *)(uintptr_t)status, 7, strlen(status),
                      NGHTTP2_NV_FLAG_NONE };

    st->head_sent = st->stop_body = true;
    nghttp2_submit_response(h->session, st->id, &nv, 1, NULL);
    conn_dirty(st->c);
}

static void answer(struct stream *st)
{
    struct http2 *h = st->c->state;
    nghttp2_data_provider body = { .source.ptr = st,
                                   .read_callback = answer_data };
    const provernet_field *f, *t;
    nghttp2_nv nv[64];
    char digits[24], text[24], *length;
    uint64_t len;
    size_t n, k, trailers;
    bool none;
    int status;

    if (st->head_sent || !st->x.call ||
        provernet_call_head(st->x.call, &status, &f, &n) != PROVERNET_OK)
        return;
    st->head_sent = true;
    length = decimal(text, (uint64_t)status);
    nv[0] = (nghttp2_nv){ (uint8_t *)(uintptr_t) ":status", (uint8_t *)length,
                          7, strlen(length), NGHTTP2_NV_FLAG_NONE };
    k = 1 + to_nv(nv + 1, 61, f, n);
    len = provernet_call_length(st->x.call);
    if (provernet_call_file(st->x.call, &st->fd, &st->at, &st->left) ==
        PROVERNET_OK) {
        st->file = true;
        len = st->left;
    }
    none = false;
    if (len == 0 && !st->file) {
        size_t got;
        uint8_t byte;
        none =
            provernet_call_read(st->x.call, &byte, 1, &got) == PROVERNET_END &&
            (provernet_call_trailers(st->x.call, &t, &trailers) !=
                 PROVERNET_OK ||
             trailers == 0);
    }
    if (st->file && st->left == 0)
        none = true;
    if (st->file && len > 0) {
        bool given = false;
        for (size_t i = 0; i < n; i++)
            given = given || !strcmp(f[i].name, "content-length");
        length = decimal(digits, len);
        if (!given)
            nv[k++] = (nghttp2_nv){ (uint8_t *)(uintptr_t) "content-length",
                                    (uint8_t *)length, 14, strlen(length),
                                    NGHTTP2_NV_FLAG_NONE };
    }
    nghttp2_submit_response(h->session, st->id, nv, k, none ? NULL : &body);
    conn_dirty(st->c);
}

/* ---- the request's body ---- */

static void end_request(struct stream *st)
{
    if (st->request_ended)
        return;
    if (st->body.len) {
        st->end_waits = true;
        return;
    }
    st->request_ended = true;
    if (st->x.call && provernet_call_end(st->x.call) >= 0)
        answer(st);
    else if (st->x.call)
        answer(st);
}

/* Offer bytes to the call; how many it took (all, if it wants no more). */
static size_t offer(struct stream *st, const uint8_t *p, size_t len)
{
    size_t taken = 0;
    provernet_status rc;

    if (st->stop_body || !st->x.call)
        return len;
    if (st->blocked)
        return 0;
    rc = provernet_call_write(st->x.call, p, len, &taken);
    if (rc == PROVERNET_AGAIN) {
        st->blocked = true;
    } else if (rc != PROVERNET_OK) {
        st->stop_body = true;
        taken = len;
        answer(st);
    }
    return taken;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    struct conn *c = user;
    struct stream *st = stream_of(s, id);
    size_t taken = len;

    (void)flags;
    if (st) {
        st->got += len;
        taken = st->body.len ? 0 : offer(st, data, len);
        if (taken < len &&
            buffer_append(&st->body, data + taken, len - taken) != 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        if (taken && !st->stop_body)
            nghttp2_session_consume_stream(s, id, taken);
    }
    if (taken)
        nghttp2_session_consume_connection(s, taken);
    conn_dirty(c);
    return 0;
}

static void body_again(struct stream *st)
{
    struct http2 *h = st->c->state;

    while (st->body.len && !st->blocked) {
        size_t n = offer(st, buffer_at(&st->body), st->body.len);
        if (n == 0)
            break;
        buffer_drop(&st->body, n);
        nghttp2_session_consume_connection(h->session, n);
        if (!st->stop_body)
            nghttp2_session_consume_stream(h->session, st->id, n);
    }
    if (st->end_waits && st->body.len == 0)
        end_request(st);
    conn_dirty(st->c);
}

static void stream_ready(struct exchange *x, uint32_t what)
{
    struct stream *st = (struct stream *)(void *)x;
    struct http2 *h = st->c->state;

    if (what & PROVERNET_READY_WRITE && st->blocked) {
        st->blocked = false;
        body_again(st);
    }
    answer(st);
    if (st->deferred) {
        st->deferred = false;
        nghttp2_session_resume_data(h->session, st->id);
        conn_dirty(st->c);
    }
}

/* ---- the request's head ---- */

static int on_begin_headers(nghttp2_session *s, const nghttp2_frame *frame,
                            void *user)
{
    struct conn *c = user;
    struct http2 *h = c->state;
    struct stream *st;

    h->header_ms = c->loop->now_ms;
    h->header_size = h->fields = 0;
    buffer_free(&h->header);
    h->building = NULL;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    st = zeroed(sizeof *st);
    if (!st)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    st->c = c;
    st->id = frame->hd.stream_id;
    st->x.ready = stream_ready;
    st->since_ms = c->loop->now_ms;
    st->next = h->streams;
    if (h->streams)
        h->streams->prev = st;
    h->streams = st;
    h->streams_len++;
    h->building = st;
    nghttp2_session_set_stream_user_data(s, st->id, st);
    return 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    struct conn *c = user;
    struct http2 *h = c->state;
    struct stream *st = h->building;

    (void)flags;
    if (st && st->refused)
        return 0;
    h->header_size += name_len + value_len + 32;
    h->fields++;
    if (h->header_size > c->loop->server->config.header_bytes ||
        h->fields > FIELDS_MAX) {
        buffer_free(&h->header);
        if (st) {
            st->refused = true;
            nghttp2_submit_rst_stream(s, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                      NGHTTP2_ENHANCE_YOUR_CALM);
        }
        return charge(c);
    }
    if (!st)
        return 0; /* the client's trailers: nobody asks for them */
    if (memchr(name, 0, name_len) || memchr(value, 0, value_len))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (buffer_append(&h->header, name, name_len) ||
        buffer_append(&h->header, "", 1) ||
        buffer_append(&h->header, value, value_len) ||
        buffer_append(&h->header, "", 1))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return 0;
}

static void open_call(struct conn *c, struct stream *st)
{
    struct http2 *h = c->state;
    provernet_field fields[FIELDS_MAX];
    provernet_head ph = { .struct_size = sizeof ph,
                          .method = "",
                          .authority = "",
                          .path = "",
                          .scheme = c->ssl ? "https" : "http",
                          .peer = c->peer,
                          .fields = fields };
    const char *p = (char *)buffer_at(&h->header), *end = p + h->header.len;
    provernet_error err = { 0 };
    provernet_status rc;

    while (h->header.data && p < end) {
        const char *name = p, *value = p + strlen(p) + 1;
        p = value + strlen(value) + 1;
        if (!strcmp(name, ":method"))
            ph.method = value;
        else if (!strcmp(name, ":path"))
            ph.path = value;
        else if (!strcmp(name, ":authority"))
            ph.authority = value;
        else if (name[0] != ':')
            fields[ph.fields_len++] = (provernet_field){ name, value };
        if (!strcmp(name, "host") && !*ph.authority)
            ph.authority = value;
    }
    if (!strcmp(ph.method, "CONNECT")) {
        refuse(st, "405");
        return;
    }
    if (!http_target_ok(ph.path) ||
        (*ph.authority && !http_authority_ok(ph.authority))) {
        refuse(st, "400");
        return;
    }
    rc = exchange_open(c->loop, &st->x, &ph, &err);
    if (rc != PROVERNET_OK)
        refuse(st, "503");
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *frame, void *user)
{
    struct conn *c = user;
    struct http2 *h = c->state;
    struct stream *st;

    conn_dirty(c);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        h->header_ms = 0;
        st = stream_of(s, frame->hd.stream_id);
        if (st && st == h->building && !st->refused)
            open_call(c, st);
        h->building = NULL;
        buffer_free(&h->header);
        if (st && !st->refused && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            end_request(st);
        return 0;
    case NGHTTP2_DATA:
        st = stream_of(s, frame->hd.stream_id);
        if (st && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            end_request(st);
        else if (frame->hd.length == 0)
            return charge(c);
        return 0;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
    case NGHTTP2_RST_STREAM:
        return charge(c);
    default:
        return 0;
    }
}

static int on_sent(nghttp2_session *s, const nghttp2_frame *frame, void *user)
{
    struct stream *st;

    if (frame->hd.type == NGHTTP2_RST_STREAM)
        return charge(user); /* a peer may also make us reset */
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    st = stream_of(s, frame->hd.stream_id);
    /* The answer is complete before the request: its rest is not wanted. */
    if (st && frame->hd.flags & NGHTTP2_FLAG_END_STREAM && !st->request_ended &&
        !st->end_waits)
        nghttp2_submit_rst_stream(s, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR);
    return 0;
}

static void stream_free(struct conn *c, struct stream *st)
{
    struct http2 *h = c->state;

    if (st->prev)
        st->prev->next = st->next;
    else
        h->streams = st->next;
    if (st->next)
        st->next->prev = st->prev;
    h->streams_len--;
    if (h->building == st)
        h->building = NULL;
    exchange_close(c->loop, &st->x);
    buffer_free(&st->body);
    free(st);
}

static int on_close(nghttp2_session *s, int32_t id, uint32_t code, void *user)
{
    struct conn *c = user;
    struct stream *st = stream_of(s, id);

    (void)code;
    if (!st)
        return 0;
    if (st->body.len)
        nghttp2_session_consume_connection(s, st->body.len);
    nghttp2_session_set_stream_user_data(s, id, NULL);
    stream_free(c, st);
    c->since_ms = c->loop->now_ms;
    return 0;
}

/* ---- the connection ---- */

/* Said all: close when the peer has heard it, lest a reset destroy GOAWAY. */
static void finish(struct conn *c)
{
    struct http2 *h = c->state;

    if (h->done)
        return;
    h->done = true;
    c->since_ms = c->loop->now_ms;
    if (c->ssl)
        conn_kill(c);
    else if (shutdown(c->fd, SHUT_WR) != 0)
        conn_kill(c);
    else
        conn_want_read(c, true);
}

static void http2_flush(struct conn *c)
{
    struct http2 *h = c->state;
    uint8_t *out = c->loop->out;

    for (;;) {
        size_t len = 0;
        ssize_t n = 0;
        if (conn_drain(c) != 1)
            return;
        while (len + 16384 + 1024 < SCRATCH) {
            const uint8_t *p;
            n = nghttp2_session_mem_send(h->session, &p);
            if (n <= 0 || (size_t)n > SCRATCH - len)
                break;
            memcpy(out + len, p, (size_t)n);
            len += (size_t)n;
        }
        if (n < 0) {
            conn_kill(c);
            return;
        }
        if (len == 0)
            break;
        if (conn_send(c, out, len, false) != 0)
            return;
        if (n == 0)
            break;
    }
    if (c->out.len)
        return;
    if ((!nghttp2_session_want_read(h->session) &&
         !nghttp2_session_want_write(h->session)) ||
        (c->leaving && h->streams_len == 0))
        finish(c);
}

static int feed(struct conn *c, const uint8_t *p, size_t len)
{
    struct http2 *h = c->state;
    ssize_t n = nghttp2_session_mem_recv(h->session, p, len);

    conn_dirty(c); /* also to say GOAWAY after an error */
    if (n == NGHTTP2_ERR_FLOODED || n == NGHTTP2_ERR_CALLBACK_FAILURE ||
        n == NGHTTP2_ERR_NOMEM || n == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
        conn_kill(c);
        return -1;
    }
    if (n < 0) {
        nghttp2_session_terminate_session(h->session, NGHTTP2_PROTOCOL_ERROR);
    }
    return 0;
}

static void http2_input(struct conn *c)
{
    /* Answers that the peer does not read hold further requests back. */
    if (c->out.len > SCRATCH) {
        conn_want_read(c, false);
        return;
    }
    for (int i = 0; i < 4 && !c->dead && c->reading; i++) {
        long n = conn_read(c, c->loop->in, SCRATCH);
        if (n < 0 || (n == 0 && c->eof)) {
            conn_kill(c);
            return;
        }
        if (n == 0)
            return;
        if (!((struct http2 *)c->state)->done &&
            feed(c, c->loop->in, (size_t)n) != 0)
            return;
        if (!c->ssl && n < SCRATCH)
            return;
    }
}

static void http2_writable(struct conn *c)
{
    http2_flush(c);
    if (!c->dead && c->out.len == 0)
        conn_want_read(c, true);
}

static bool too_slow(const struct stream *st, const struct server_config *cfg,
                     int64_t now)
{
    int64_t late = now - st->since_ms - cfg->body_timeout_ms;

    return !st->request_ended && !st->end_waits && !st->blocked &&
           !st->head_sent && late > 0 &&
           st->got < (uint64_t)late * cfg->body_min_rate / 1000 + 1;
}

static void http2_tick(struct conn *c, int64_t now)
{
    const struct server_config *cfg = &c->loop->server->config;
    struct http2 *h = c->state;

    if (h->done) {
        if (now - c->since_ms > 1000)
            conn_kill(c);
        return;
    }
    for (struct stream *st = h->streams; st; st = st->next)
        if (too_slow(st, cfg, now)) {
            nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, st->id,
                                      NGHTTP2_ENHANCE_YOUR_CALM);
            conn_dirty(c);
        }
    if (h->header_ms && now - h->header_ms > cfg->head_timeout_ms) {
        nghttp2_session_terminate_session(h->session,
                                          NGHTTP2_ENHANCE_YOUR_CALM);
        conn_dirty(c);
    } else if (h->streams_len == 0 &&
               now - c->since_ms > cfg->idle_timeout_ms) {
        nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
        conn_dirty(c);
    }
}

static void http2_leave(struct conn *c)
{
    struct http2 *h = c->state;

    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h->session),
                          NGHTTP2_NO_ERROR, NULL, 0);
    conn_dirty(c);
}

static void http2_gone(struct conn *c)
{
    struct http2 *h = c->state;

    while (h->streams)
        stream_free(c, h->streams);
    nghttp2_session_del(h->session);
    buffer_free(&h->header);
    free(h);
}

static const struct protocol protocol_http2 = {
    .input = http2_input,
    .flush = http2_writable,
    .tick = http2_tick,
    .leave = http2_leave,
    .gone = http2_gone,
};

/* A stream costs nghttp2 several callocs. */
static void *h2_malloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void h2_free(void *p, void *user)
{
    (void)user;
    free(p);
}

static void *h2_calloc(size_t n, size_t size, void *user)
{
    (void)user;
    return size && n > SIZE_MAX / size ? NULL : zeroed(n * size);
}

static void *h2_realloc(void *p, size_t size, void *user)
{
    (void)user;
    return realloc(p, size);
}

static nghttp2_mem memory = { NULL, h2_malloc, h2_free, h2_calloc, h2_realloc };

bool http2_begin(struct conn *c)
{
    struct server *s = c->loop->server;
    nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, s->config.max_streams },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
          (uint32_t)s->config.header_bytes },
    };
    struct http2 *h = calloc(1, sizeof *h);
    struct buffer first = c->in;
    int rc;

    if (!h)
        return false;
    if (nghttp2_session_server_new3(&h->session, s->h2_callbacks, c,
                                    s->h2_options, &memory) != 0) {
        free(h);
        return false;
    }
    h->bucket = BUCKET;
    h->bucket_ms = c->loop->now_ms;
    conn_speak(c, &protocol_http2, h);
    c->in = (struct buffer){ 0 };
    rc = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, 3);
    if (rc == 0)
        rc = nghttp2_session_set_local_window_size(
            h->session, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW);
    if (rc == 0 && first.len)
        feed(c, buffer_at(&first), first.len);
    buffer_free(&first);
    if (rc == 0)
        conn_dirty(c);
    return rc == 0;
}

bool http2_setup(struct server *s)
{
    nghttp2_session_callbacks *cb;

    if (nghttp2_session_callbacks_new(&s->h2_callbacks) != 0 ||
        nghttp2_option_new(&s->h2_options) != 0)
        return false;
    cb = s->h2_callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb,
                                                            on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_option_set_no_auto_window_update(s->h2_options, 1);
    nghttp2_option_set_no_closed_streams(s->h2_options, 1);
    nghttp2_option_set_max_reserved_remote_streams(s->h2_options, 0);
    nghttp2_option_set_max_settings(s->h2_options, 32);
#ifdef NGHTTP2_HAS_RESET_RATE_LIMIT
    nghttp2_option_set_stream_reset_rate_limit(s->h2_options, 1000, 33);
#endif
#ifdef NGHTTP2_HAS_MAX_CONTINUATIONS
    nghttp2_option_set_max_continuations(s->h2_options, 8);
#endif
    return true;
}

void http2_teardown(struct server *s)
{
    nghttp2_session_callbacks_del(s->h2_callbacks);
    nghttp2_option_del(s->h2_options);
}
