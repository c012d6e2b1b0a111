/* websocket_test.c - the server's WebSocket over a fake node that echoes
 * messages: fragments, pings, back-pressure, silence, slowness, both ends.
 *
 * The fake takes 20000 bytes and then says AGAIN for a moment. Paths: /ws
 * echoes; /text speaks text; /bye hangs up after a message; /no refuses. */
#include "../../../examples/provernet/net/server.h"
#include "../../client/contemplant.h"
#include "../../client/server.h"
#include <provernet/endpoint.h>

#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the fake node ---- */

enum { AT_ONCE = 20000, MESSAGES = 64 };

struct provernet {
    atomic_uint calls;
};

struct provernet_inbox {
    provernet *pn;
    int fd;
    provernet_ready queue[4096];
    size_t len;
};

struct provernet_call {
    provernet_inbox *in;
    uint64_t tag;
    const char *path;
    uint8_t *in_bytes, *out;
    size_t in_len, out_len, out_at, budget, ends[MESSAGES], ends_len;
    bool bye, over;
};

provernet_status provernet_inbox_open(provernet *pn, provernet_inbox **out,
                                      provernet_error *err)
{
    provernet_inbox *in = calloc(1, sizeof *in);

    (void)err;
    in->pn = pn;
    in->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *out = in;
    return PROVERNET_OK;
}

int provernet_inbox_fd(const provernet_inbox *in)
{
    return in->fd;
}

static void post(provernet_call *c, uint32_t what)
{
    uint64_t one = 1;

    assert_true(c->in->len < 4096);
    c->in->queue[c->in->len++] = (provernet_ready){ c->tag, what };
    (void)!write(c->in->fd, &one, sizeof one);
}

size_t provernet_inbox_next(provernet_inbox *in, provernet_ready *out,
                            size_t cap, int64_t timeout_ms)
{
    size_t n = in->len < cap ? in->len : cap;
    uint64_t count;

    (void)timeout_ms;
    (void)!read(in->fd, &count, sizeof count);
    memcpy(out, in->queue, n * sizeof *out);
    memmove(in->queue, in->queue + n, (in->len - n) * sizeof *out);
    in->len -= n;
    return n;
}

int provernet_inbox_awake(provernet_inbox *in, int awake)
{
    return awake || in->len == 0;
}

void provernet_inbox_close(provernet_inbox *in)
{
    if (in)
        close(in->fd);
    free(in);
}

provernet_status provernet_call_open(provernet_inbox *in, provernet_call **out,
                                     const provernet_head *h, uint64_t tag,
                                     provernet_error *err)
{
    provernet_call *c = calloc(1, sizeof *c);

    (void)err;
    assert_int_equal(h->messages, 1);
    c->in = in;
    c->tag = tag;
    c->path = strdup(h->path);
    c->budget = AT_ONCE;
    atomic_fetch_add(&in->pn->calls, 1);
    *out = c;
    return PROVERNET_OK;
}

void provernet_call_close(provernet_call *c)
{
    if (!c)
        return;
    atomic_fetch_sub(&c->in->pn->calls, 1);
    free((void *)(uintptr_t)c->path);
    free(c->in_bytes);
    free(c->out);
    free(c);
}

static provernet_status exhausted(provernet_call *c)
{
    c->budget = AT_ONCE;
    post(c, PROVERNET_READY_WRITE);
    return PROVERNET_AGAIN;
}

provernet_status provernet_call_write(provernet_call *c, const void *data,
                                      size_t len, size_t *taken)
{
    *taken = 0;
    if (c->bye)
        return PROVERNET_END;
    if (c->budget == 0)
        return exhausted(c);
    *taken = len < c->budget ? len : c->budget;
    c->in_bytes = realloc(c->in_bytes, c->in_len + *taken + 1);
    memcpy(c->in_bytes + c->in_len, data, *taken);
    c->in_len += *taken;
    c->budget -= *taken;
    return *taken == len ? PROVERNET_OK : exhausted(c);
}

provernet_status provernet_call_end(provernet_call *c)
{
    if (c->bye)
        return PROVERNET_END;
    if (c->budget == 0)
        return exhausted(c);
    c->out = realloc(c->out, c->out_len + c->in_len + 1);
    if (c->in_len)
        memcpy(c->out + c->out_len, c->in_bytes, c->in_len);
    c->out_len += c->in_len;
    c->in_len = 0;
    assert_true(c->ends_len < MESSAGES);
    c->ends[c->ends_len++] = c->out_len;
    c->bye = strcmp(c->path, "/bye") == 0;
    return PROVERNET_OK;
}

provernet_status provernet_call_head(provernet_call *c, int *http_status,
                                     const provernet_field **fields,
                                     size_t *len)
{
    static const provernet_field binary = { "provernet-messages", "binary" };
    static const provernet_field text = { "provernet-messages", "text" };

    *http_status = strcmp(c->path, "/no") == 0 ? 403 : 101;
    *fields = strcmp(c->path, "/text") == 0 ? &text : &binary;
    *len = 1;
    return PROVERNET_OK;
}

provernet_status provernet_call_read(provernet_call *c, void *buf, size_t cap,
                                     size_t *got)
{
    size_t end = c->ends_len ? c->ends[0] : c->out_at;

    *got = end - c->out_at < cap ? end - c->out_at : cap;
    if (*got > 50000)
        *got = 50000; /* the rest with the next call */
    if (*got) {
        memcpy(buf, c->out + c->out_at, *got);
        c->out_at += *got;
        return PROVERNET_OK;
    }
    if (c->ends_len) {
        memmove(c->ends, c->ends + 1, --c->ends_len * sizeof *c->ends);
        return PROVERNET_END;
    }
    c->over = c->bye || strcmp(c->path, "/no") == 0;
    return c->over ? PROVERNET_END : PROVERNET_AGAIN;
}

provernet_status provernet_call_trailers(provernet_call *c,
                                         const provernet_field **fields,
                                         size_t *len)
{
    static const provernet_field how[] = { { "close-code", "4001" },
                                           { "close-reason", "so long" } };

    *fields = how;
    *len = 2;
    return c->over ? PROVERNET_OK : PROVERNET_AGAIN;
}

provernet_status provernet_call_file(provernet_call *c, int *fd,
                                     uint64_t *offset, uint64_t *len)
{
    (void)c, (void)fd, (void)offset, (void)len;
    return PROVERNET_END;
}

uint64_t provernet_call_length(const provernet_call *c)
{
    (void)c;
    return 0;
}

/* ---- the server ---- */

static provernet node;
static struct server *server;

static void start_with(int64_t body_timeout_ms, int64_t keep_alive_ms)
{
    struct server_config c = { .listen = "127.0.0.1:0",
                               .loops = 1,
                               .max_connections = 100,
                               .max_streams = 100,
                               .header_bytes = 16384,
                               .head_timeout_ms = 600000,
                               .body_timeout_ms = body_timeout_ms,
                               .body_min_rate = 1024,
                               .idle_timeout_ms = 600000,
                               .keep_alive_ms = keep_alive_ms,
                               .write_timeout_ms = 600000 };
    provernet_error err = { 0 };

    if (server_bind(&server, &c, &err) != PROVERNET_OK ||
        server_start(server, &node, &err) != PROVERNET_OK)
        fail_msg("%s", err.message);
}

/* No limit of time is near, but in the tests that are about one. */
static int start(void **state)
{
    (void)state;
    start_with(600000, 600000);
    return 0;
}

static int start_impatient(void **state)
{
    (void)state;
    start_with(300, 300);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_free(server);
    server = NULL;
    assert_int_equal(atomic_load(&node.calls), 0);
    return 0;
}

static tc_ws dial(const char *path)
{
    tc_ws w;

    assert_int_equal(
        tc_ws_open(&w, "127.0.0.1", server_port(server), path, NULL), 101);
    return w;
}

static void expect(tc_ws *w, int opcode, const void *data, size_t len)
{
    tc_buf b = { 0 };

    assert_int_equal(tc_ws_next(w, &b, PATIENCE_MS), opcode);
    assert_int_equal(b.len, len);
    if (len)
        assert_memory_equal(b.data, data, len);
    tc_free(&b);
}

/* ---- tests ---- */

static void messages_come_back(void **state)
{
    tc_ws w = dial("/ws");

    (void)state;
    tc_ws_frame(&w, 0x82, "hello", 5);
    expect(&w, 2, "hello", 5);
    tc_ws_frame(&w, 0x82, "", 0);
    expect(&w, 2, "", 0);
    for (int i = 0; i < 20; i++)
        tc_ws_frame(&w, 0x82, &"abcdefghijklmnopqrst"[i], 1);
    for (int i = 0; i < 20; i++)
        expect(&w, 2, &"abcdefghijklmnopqrst"[i], 1);
    tc_ws_close(&w);
}

/* Far more than the library takes at once, in fragments of all sizes, pings
 * between them. */
static void long_messages_come_back_whole(void **state)
{
    enum { LONG = 3000000 };
    uint8_t *data = malloc(LONG);
    tc_ws w = dial("/ws");
    size_t at = 0, n = 1;

    (void)state;
    for (size_t i = 0; i < LONG; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    while (at < LONG) {
        bool last;

        n = n * 3 + 1 < 400000 ? n * 3 + 1 : 7;
        n = LONG - at < n ? LONG - at : n;
        last = at + n == LONG;
        tc_ws_frame(&w, (uint8_t)((at ? 0 : 2) | (last ? 0x80 : 0)), data + at,
                    n);
        tc_ws_frame(&w, 0x89, "ping", 4);
        at += n;
        /* what comes meanwhile must not fill the pipes */
        if (!last) {
            tc_buf b = { 0 };

            assert_int_equal(tc_ws_next(&w, &b, PATIENCE_MS), 10);
            tc_free(&b);
        }
    }
    {
        tc_buf b = { 0 };
        int op = tc_ws_next(&w, &b, PATIENCE_MS);

        if (op == 10) /* the last pong came first */
            op = tc_ws_next(&w, &b, PATIENCE_MS);
        assert_int_equal(op, 2);
        assert_int_equal(b.len, LONG);
        assert_memory_equal(b.data, data, LONG);
        tc_free(&b);
    }
    free(data);
    tc_ws_close(&w);
}

static void only_one_kind_is_spoken(void **state)
{
    tc_ws w = dial("/ws"), t = dial("/text");

    (void)state;
    tc_ws_frame(&w, 0x81, "skipped", 7);
    tc_ws_frame(&w, 0x01, "skip", 4);
    tc_ws_frame(&w, 0x80, "ped", 3);
    tc_ws_frame(&w, 0x82, "taken", 5);
    expect(&w, 2, "taken", 5);
    tc_ws_frame(&t, 0x82, "skipped", 7);
    tc_ws_frame(&t, 0x81, "taken", 5);
    expect(&t, 1, "taken", 5);
    tc_ws_close(&w);
    tc_ws_close(&t);
}

/* A frame in the same packet as the request's head. */
static void who_does_not_wait_is_served(void **state)
{
    static const char bytes[] =
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
        "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        "\x82\x85\0\0\0\0hello";
    tc_ws w = { .fd = tc_dial("127.0.0.1", server_port(server)) };
    char head[1024] = "";

    (void)state;
    tc_send(w.fd, bytes, sizeof bytes - 1);
    for (size_t n = 0; n < 1000 && !strstr(head, "\r\n\r\n"); n++)
        assert_true(tc_recv(w.fd, head + n, 1));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    expect(&w, 2, "hello", 5);
    tc_ws_close(&w);
}

static void the_library_hangs_up(void **state)
{
    tc_ws w = dial("/bye");
    char reason[124];

    (void)state;
    tc_ws_frame(&w, 0x82, "x", 1);
    expect(&w, 2, "x", 1);
    assert_int_equal(tc_ws_closed(&w, reason), 4001);
    assert_string_equal(reason, "so long");
    tc_ws_close(&w);
    assert_int_equal(
        tc_ws_open(&w, "127.0.0.1", server_port(server), "/no", NULL), 403);
    tc_ws_close(&w);
}

static void who_goes_is_gone(void **state)
{
    tc_ws w = dial("/ws");
    tc_buf b = { 0 };

    (void)state;
    tc_ws_frame(&w, 0x88, "\x03\xe8", 2);
    assert_int_equal(tc_ws_next(&w, &b, PATIENCE_MS), 8);
    assert_int_equal(tc_ws_next(&w, &b, PATIENCE_MS),
                     -1); /* the server closes */
    tc_ws_close(&w);
    w = dial("/ws");
    tc_ws_frame(&w, 0x02, "half", 4);
    tc_ws_close(&w); /* without a word */
    AWAIT(atomic_load(&node.calls) == 0);
    tc_free(&b);
}

static void slowness_ends_it(void **state)
{
    tc_ws w = dial("/ws"), head = dial("/ws"), between = dial("/ws");
    char reason[124];

    (void)state;
    tc_send(w.fd, "\x82\xfe\x10\0\0\0\0\0x", 9);
    tc_send(head.fd, "\x82", 1);
    tc_ws_frame(&between, 0x02, "x", 1);
    assert_int_equal(tc_ws_closed(&w, reason), 1008);
    assert_string_equal(reason,
                        "a message is slower than server.body_min_rate");
    assert_int_equal(tc_ws_closed(&head, reason), 1008);
    assert_int_equal(tc_ws_closed(&between, reason), 1008);
    tc_ws_close(&w);
    tc_ws_close(&head);
    tc_ws_close(&between);
}

static void silence_is_dropped(void **state)
{
    tc_ws dead = dial("/ws");
    tc_buf b = { 0 };
    int op;

    (void)state;
    do
        op = tc_ws_next(&dead, &b, PATIENCE_MS);
    while (op == 9); /* it is asked, and says nothing */
    assert_int_equal(op, -1);
    tc_free(&b);
    tc_ws_close(&dead);
}

/* Two pings are answered before it is too late; false: it was. */
static bool stays(int64_t keep_alive_ms)
{
    tc_buf b = { 0 };
    int pings = 0, op = 9;
    tc_ws w;

    start_with(600000, keep_alive_ms);
    w = dial("/ws");
    while (pings < 2 && op == 9) {
        op = tc_ws_next(&w, &b, PATIENCE_MS);
        if (op == 9 && tc_ws_frame(&w, 0x8a, b.data, b.len))
            pings++;
    }
    assert_true(op == 9 || op == -1);
    tc_free(&b);
    tc_ws_close(&w);
    stop(NULL);
    return pings == 2;
}

/* This machine may be slower than the server is patient: then it is to be more
 * patient. */
static void who_answers_pings_stays(void **state)
{
    int64_t keep_alive_ms = 1500;

    (void)state;
    while (!stays(keep_alive_ms)) {
        keep_alive_ms *= 2;
        assert_true(keep_alive_ms < 60000);
    }
}

static void *stop_it(void *arg)
{
    (void)arg;
    server_stop(server, PATIENCE_MS);
    return NULL;
}

static void the_server_says_that_it_goes(void **state)
{
    tc_ws w = dial("/ws");
    pthread_t t;
    char reason[124];

    (void)state;
    pthread_create(&t, NULL, stop_it, NULL);
    assert_int_equal(tc_ws_closed(&w, reason), 1001);
    assert_string_equal(reason, "the server is going away");
    tc_ws_frame(&w, 0x88, "\x03\xe9", 2);
    pthread_join(t, NULL);
    tc_ws_close(&w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(messages_come_back),
        T(long_messages_come_back_whole),
        T(only_one_kind_is_spoken),
        T(who_does_not_wait_is_served),
        T(the_library_hangs_up),
        T(who_goes_is_gone),
        cmocka_unit_test_setup_teardown(slowness_ends_it, start_impatient,
                                        stop),
        cmocka_unit_test_setup_teardown(silence_is_dropped, start_impatient,
                                        stop),
        cmocka_unit_test(who_answers_pings_stays),
        T(the_server_says_that_it_goes),
    };

    return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
