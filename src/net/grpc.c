/* net/grpc.c - see grpc.h. One nghttp2 session on one line. */
#include "net/grpc.h"
#include "net/line.h"
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CONNECT_MS = 15000,
    FRAME_HEAD = 5, /* flag and length before a message */
    CHUNK = 1 << 16,
    STREAM_WINDOW = 4 << 20,
    LINE_WINDOW = 16 << 20,
    UNKNOWN = 2,
    GONE = -2 /* no status came */
};

struct pvn_grpc {
    const pvn_env *env;
    pvn_line *line;
    nghttp2_session *session;
    pthread_mutex_t turn;
    uint8_t *chunk;
    /* the call in hand */
    pvn_bytes message;
    uint8_t head[FRAME_HEAD];
    size_t sent;
    int32_t stream;
    bool closed, too_long, going_away;
    int http, code;
    char text[200];
    pvn_buf answer;
};

provernet_status pvn_grpc_status(int code)
{
    static const provernet_status of[] = {
        PROVERNET_OK,
        PROVERNET_ERR_CANCELLED,
        PROVERNET_ERR_INTERNAL, /* UNKNOWN */
        PROVERNET_ERR_INVALID,
        PROVERNET_ERR_TIMEOUT,
        PROVERNET_ERR_NOT_FOUND,
        PROVERNET_ERR_EXISTS,
        PROVERNET_ERR_PERMISSION,
        PROVERNET_ERR_LIMIT,
        PROVERNET_ERR_STATE,
        PROVERNET_ERR_NONCE, /* ABORTED */
        PROVERNET_ERR_INVALID,
        PROVERNET_ERR_UNSUPPORTED,
        PROVERNET_ERR_INTERNAL,
        PROVERNET_ERR_UNAVAILABLE,
        PROVERNET_ERR_INTERNAL, /* DATA_LOSS */
        PROVERNET_ERR_SIGNATURE,
    };

    return code >= 0 && code < (int)(sizeof of / sizeof of[0])
               ? of[code]
               : PROVERNET_ERR_INTERNAL;
}

/* What an HTTP status means when no gRPC status came with it. */
static int code_of_http(int http)
{
    switch (http) {
    case 400:
        return 13;
    case 401:
        return 16;
    case 403:
        return 7;
    case 404:
        return 12;
    case 429:
    case 502:
    case 503:
    case 504:
        return 14;
    default:
        return UNKNOWN;
    }
}

provernet_status pvn_grpc_new(pvn_grpc **out, const char *url,
                              const char *ca_file, const pvn_env *env,
                              provernet_error *err)
{
    pvn_grpc *g = calloc(1, sizeof *g);
    provernet_status rc;

    *out = NULL;
    if (!g)
        return pvn_nomem(err);
    g->env = env;
    pthread_mutex_init(&g->turn, NULL);
    rc = pvn_line_new(&g->line, url, ca_file, env, err);
    if (rc == PROVERNET_OK) {
        g->chunk = malloc(CHUNK);
        if (!g->chunk)
            rc = pvn_nomem(err);
    }
    if (rc) {
        pvn_grpc_free(g);
        return rc;
    }
    *out = g;
    return PROVERNET_OK;
}

static void disconnect(pvn_grpc *g)
{
    nghttp2_session_del(g->session);
    g->session = NULL;
    pvn_line_hang_up(g->line);
}

void pvn_grpc_free(pvn_grpc *g)
{
    if (!g)
        return;
    if (g->line)
        disconnect(g);
    pvn_line_free(g->line);
    pvn_buf_free(&g->answer);
    pthread_mutex_destroy(&g->turn);
    free(g->chunk);
    free(g);
}

void pvn_grpc_interrupt(pvn_grpc *g)
{
    pvn_line_interrupt(g->line);
}

/* ---- what nghttp2 asks and tells ---- */

static ssize_t give_body(nghttp2_session *s, int32_t id, uint8_t *buf,
                         size_t cap, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    pvn_grpc *g = user;
    size_t n = 0, left, some;

    (void)s;
    (void)id;
    (void)source;
    while (n < cap && g->sent < FRAME_HEAD)
        buf[n++] = g->head[g->sent++];
    left = FRAME_HEAD + g->message.len - g->sent;
    some = left < cap - n ? left : cap - n;
    if (some && g->sent >= FRAME_HEAD)
        memcpy(buf + n, g->message.data + g->sent - FRAME_HEAD, some);
    g->sent += some;
    if (g->sent == FRAME_HEAD + g->message.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)(n + some);
}

/* "a%20b" -> "a b"; control characters become spaces. */
static void take_text(char *out, size_t cap, const uint8_t *in, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < cap; i++) {
        uint8_t c = in[i];

        if (c == '%' && i + 2 < len &&
            pvn_unhex(&c, 1, (const char *)in + i + 1, 2))
            i += 2;
        out[n++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
    }
    out[n] = '\0';
}

static int take_number(const uint8_t *text, size_t len, int otherwise)
{
    int v = 0;

    if (len == 0 || len > 3)
        return otherwise;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return otherwise;
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

static bool is(const uint8_t *name, size_t len, const char *want)
{
    return len == strlen(want) && memcmp(name, want, len) == 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *user)
{
    pvn_grpc *g = user;

    (void)s;
    (void)flags;
    if (frame->hd.stream_id != g->stream)
        return 0;
    if (is(name, name_len, ":status"))
        g->http = take_number(value, value_len, 0);
    else if (is(name, name_len, "grpc-status"))
        g->code = take_number(value, value_len, UNKNOWN);
    else if (is(name, name_len, "grpc-message"))
        take_text(g->text, sizeof g->text, value, value_len);
    return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t len, void *user)
{
    pvn_grpc *g = user;

    (void)s;
    (void)flags;
    if (id != g->stream || g->too_long)
        return 0;
    if (g->answer.len + len > PVN_GRPC_ANSWER_MAX + FRAME_HEAD ||
        !pvn_buf_add(&g->answer, data, len))
        g->too_long = true;
    return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *frame, void *user)
{
    pvn_grpc *g = user;

    (void)s;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        g->going_away = true;
    return 0;
}

static int on_close(nghttp2_session *s, int32_t id, uint32_t code, void *user)
{
    pvn_grpc *g = user;

    (void)s;
    (void)code;
    if (id == g->stream)
        g->closed = true;
    return 0;
}

/* ---- the connection ---- */

static provernet_status make_session(pvn_grpc *g, provernet_error *err)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
    };
    nghttp2_session_callbacks *cb;
    int rc;

    if (nghttp2_session_callbacks_new(&cb) != 0)
        return pvn_nomem(err);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    rc = nghttp2_session_client_new(&g->session, cb, g);
    nghttp2_session_callbacks_del(cb);
    if (rc == 0)
        rc = nghttp2_submit_settings(g->session, NGHTTP2_FLAG_NONE, settings,
                                     sizeof settings / sizeof settings[0]);
    if (rc == 0)
        rc = nghttp2_session_set_local_window_size(
            g->session, NGHTTP2_FLAG_NONE, 0, LINE_WINDOW);
    return rc == 0 ? PROVERNET_OK : pvn_nomem(err);
}

static provernet_status connect_to(pvn_grpc *g, int64_t until_ms,
                                   provernet_error *err)
{
    int64_t limit = pvn_now_ms(g->env) + CONNECT_MS;
    provernet_status rc;

    g->going_away = false;
    rc = pvn_line_dial(g->line, limit < until_ms ? limit : until_ms, err);
    return rc ? rc : make_session(g, err);
}

static provernet_status flush(pvn_grpc *g, int64_t until_ms,
                              provernet_error *err)
{
    const uint8_t *p;
    provernet_status rc;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(g->session, &p)) > 0) {
        rc = pvn_line_send(g->line, p, (size_t)n, until_ms, err);
        if (rc)
            return rc;
    }
    return n == 0 ? PROVERNET_OK
                  : pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                             "the connection cannot be used any more");
}

/* What came is handed to nghttp2. */
static provernet_status take_bytes(pvn_grpc *g, int64_t until_ms,
                                   provernet_error *err)
{
    provernet_status rc;
    size_t n;

    rc = pvn_line_receive(g->line, g->chunk, CHUNK, &n, until_ms, err);
    if (rc == PROVERNET_END)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                        "%.100s closed the connection without an answer",
                        pvn_line_authority(g->line));
    if (rc)
        return rc;
    if (nghttp2_session_mem_recv(g->session, g->chunk, n) < 0)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                        "%.100s does not speak HTTP/2",
                        pvn_line_authority(g->line));
    return PROVERNET_OK;
}

/* A connection that was idle: what came meanwhile is read first, so that a
 * farewell is not mistaken for a lost answer. false: make a new one. */
static bool still_good(pvn_grpc *g)
{
    while (pvn_line_readable(g->line))
        if (take_bytes(g, pvn_now_ms(g->env) + 100, NULL))
            return false;
    return !g->going_away && nghttp2_session_want_read(g->session);
}

/* ---- one call ---- */

#define NV(name, value)                                                        \
    {                                                                          \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value),           \
            strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE                  \
    }

static provernet_status submit(pvn_grpc *g, const char *path,
                               provernet_error *err)
{
    nghttp2_data_provider data = { .read_callback = give_body };
    nghttp2_nv nv[] = { NV(":method", "POST"),
                        NV(":scheme", pvn_line_tls(g->line) ? "https" : "http"),
                        NV(":authority", pvn_line_authority(g->line)),
                        NV(":path", path),
                        NV("te", "trailers"),
                        NV("content-type", "application/grpc"),
                        NV("user-agent", "provernet") };

    g->sent = 0;
    g->closed = g->too_long = false;
    g->http = 0;
    g->code = GONE;
    g->text[0] = '\0';
    pvn_buf_free(&g->answer);
    g->answer = (pvn_buf){ 0 };
    g->stream = nghttp2_submit_request(g->session, NULL, nv,
                                       sizeof nv / sizeof nv[0], &data, NULL);
    return g->stream > 0 ? PROVERNET_OK
                         : pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                                    "the connection is used up");
}

static provernet_status attempt(pvn_grpc *g, const char *path, int64_t until_ms,
                                provernet_error *err)
{
    provernet_status rc = PROVERNET_OK;

    if (g->session && !still_good(g))
        disconnect(g);
    if (!g->session)
        rc = connect_to(g, until_ms, err);
    if (rc == PROVERNET_OK)
        rc = submit(g, path, err);
    while (rc == PROVERNET_OK && !g->closed) {
        rc = flush(g, until_ms, err);
        if (rc == PROVERNET_OK && !g->closed)
            rc = take_bytes(g, until_ms, err);
    }
    if (rc == PROVERNET_OK)
        rc = flush(g, until_ms, err);
    /* An answer that came whole is believed, whatever broke after it. */
    if (g->closed && g->code != GONE)
        rc = PROVERNET_OK;
    return rc;
}

static provernet_status judge(pvn_grpc *g, const char *path, pvn_buf *answer,
                              provernet_error *err)
{
    const char *method = strrchr(path, '/') + 1;
    const uint8_t *p = g->answer.data;
    int code = g->code;

    if (code == GONE && g->http == 0) /* the stream was reset */
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                        "%s: %.100s broke the call off", method,
                        pvn_line_authority(g->line));
    if (code == GONE)
        code = code_of_http(g->http);
    if (code != 0) {
        if (!g->text[0])
            snprintf(g->text, sizeof g->text,
                     g->code == GONE ? "the server answered HTTP %d"
                                     : "refused without a reason",
                     g->http);
        return pvn_fail(err, pvn_grpc_status(code), code, "%s: %s", method,
                        g->text);
    }
    if (g->too_long)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 8,
                        "%s: the answer is above 64 MiB", method);
    if (g->answer.len < FRAME_HEAD || p[0] != 0 ||
        pvn_get_u32be(p + 1) != g->answer.len - FRAME_HEAD)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 13,
                        "%s: the answer is no gRPC message", method);
    return pvn_buf_add(answer, p + FRAME_HEAD, g->answer.len - FRAME_HEAD)
               ? PROVERNET_OK
               : pvn_nomem(err);
}

provernet_status pvn_grpc_call(pvn_grpc *g, const char *path, pvn_bytes message,
                               int64_t timeout_ms, pvn_buf *answer,
                               provernet_error *err)
{
    int64_t until = pvn_now_ms(g->env) + timeout_ms;
    provernet_error mine = { 0 };
    provernet_status rc;

    if (message.len > UINT32_MAX)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 8,
                        "a message of 4 GiB or more cannot be sent");
    pthread_mutex_lock(&g->turn);
    g->message = message;
    g->head[0] = 0;
    pvn_put_u32be(g->head + 1, (uint32_t)message.len);
    rc = attempt(g, path, until, &mine);
    if (rc) {
        disconnect(g);
        mine.status = rc;
        mine.cause = 0;
        pvn_error_copy(err, &mine);
    } else {
        rc = judge(g, path, answer, err);
        if (g->going_away)
            disconnect(g);
    }
    g->message = pvn_bytes_of(NULL, 0);
    pvn_buf_free(&g->answer);
    g->answer = (pvn_buf){ 0 };
    pthread_mutex_unlock(&g->turn);
    return rc;
}
