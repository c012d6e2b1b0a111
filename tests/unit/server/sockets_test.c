/* sockets_test.c - the server's sockets over a fake node: what goes in and
 * comes out byte by byte, and what strangers are told. */
#include "../../../examples/provernet/net/server.h"
#include "fake_node.h"

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static provernet *node;
static struct server *server;

static struct server_config config(void)
{
    return (struct server_config){ .listen = "127.0.0.1:0",
                                   .loops = 2,
                                   .max_connections = 1000,
                                   .max_streams = 100,
                                   .header_bytes = 16384,
                                   .head_timeout_ms = 600000,
                                   .body_timeout_ms = 600000,
                                   .body_min_rate = 1024,
                                   .idle_timeout_ms = 600000,
                                   .keep_alive_ms = 600000,
                                   .write_timeout_ms = 600000 };
}

/* What GET /file sends: text, so that strings can be compared. */
static char served[90000];
static char served_path[] = "/tmp/provernet-sockets-XXXXXX";

static bool make_served_file(void)
{
    int fd = mkstemp(served_path);
    ssize_t n;

    for (size_t i = 0; i + 1 < sizeof served; i++)
        served[i] = (char)('!' + i * i % 90);
    if (fd < 0)
        return false;
    n = write(fd, served, sizeof served - 1);
    close(fd);
    return n == (ssize_t)sizeof served - 1;
}

static int start(void **state)
{
    struct server_config c = config();
    provernet_error err = { 0 };

    (void)state;
    if (!make_served_file())
        return -1;
    node = fake_node_new(served_path);
    if (server_bind(&server, &c, &err) != PROVERNET_OK ||
        server_start(server, node, &err) != PROVERNET_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_free(server);
    unlink(served_path);
    fake_node_free(node);
    return 0;
}

static int dial(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(server_port(server)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* false: the server has enough. */
static bool put(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static void say(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/* At least so many bytes are waited for, less at the end. true: it ended. */
static bool get_bytes(int fd, char *buf, size_t cap, size_t *len, size_t least)
{
    while (*len < least && *len < cap - 1) {
        struct pollfd p = { fd, POLLIN, 0 };
        ssize_t n;
        if (poll(&p, 1, PATIENCE_MS) <= 0)
            break;
        n = recv(fd, buf + *len, cap - 1 - *len, 0);
        if (n <= 0) {
            buf[*len] = 0;
            return true;
        }
        *len += (size_t)n;
    }
    buf[*len] = 0;
    return false;
}

/* What comes until these words (NULL: none) or the end. true: it ended. */
static bool get(int fd, char *buf, size_t cap, size_t *len, const char *words)
{
    bool ended = false;
    size_t before;

    *len = 0;
    do {
        before = *len;
        ended = get_bytes(fd, buf, cap, len, *len + 1);
    } while (!ended && *len > before && !(words && strstr(buf, words)));
    return ended;
}

/* Send, read until these words or the end of the connection. */
static char *exchange(const char *data, size_t len, const char *words,
                      bool *ended)
{
    static char buf[1 << 20];
    size_t got;
    int fd = dial();

    put(fd, data, len);
    *ended = get(fd, buf, sizeof buf, &got, words);
    close(fd);
    return buf;
}

#define ASK(text, words) exchange(text, sizeof(text) - 1, words, &ended)

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;

    for (const char *p = in; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static void a_get_is_answered_and_the_connection_stays(void **state)
{
    bool ended;
    char *r = ASK("GET /echo?x=1 HTTP/1.1\r\nHost: h:1\r\n\r\n"
                  "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"
                  "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
                  "hello",
                  "\r\n\r\nhello");

    (void)state;
    assert_int_equal(count(r, "HTTP/1.1 200 OK\r\n"), 3);
    assert_int_equal(count(r, "content-length: 0\r\n"), 2);
    assert_false(ended);
    assert_string_equal(fake_node_last(node), "PUT /echo h");
}

static void bodies_come_back(void **state)
{
    bool ended;
    char *r;

    (void)state;
    r = ASK("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
            "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n"
            "A: b\r\n\r\n",
            NULL);
    assert_non_null(strstr(r, "\r\n\r\nhello"));
    assert_non_null(strstr(r, "\r\n\r\nabcdefg"));
    assert_true(ended);
}

static void byte_by_byte_is_the_same(void **state)
{
    static const char text[] =
        "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\n";
    char buf[4096];
    size_t len;
    int fd = dial();

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        put(fd, text + i, 1);
    get(fd, buf, sizeof buf, &len, "\r\n\r\nhello");
    assert_non_null(strstr(buf, "200 OK"));
    assert_non_null(strstr(buf, "\r\n\r\nhello"));
    close(fd);
}

static void a_late_answer_comes(void **state)
{
    bool ended;
    char *r = ASK("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
                  "GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                  NULL);

    (void)state;
    assert_int_equal(count(r, "200 OK"), 2);
    assert_true(ended);
}

static void a_call_that_blocks_gets_every_byte_once(void **state)
{
    static char body[200000];
    char head[200], buf[4096];
    size_t len;
    int fd = dial();

    (void)state;
    snprintf(head, sizeof head,
             "PUT /block HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             sizeof body);
    put(fd, head, strlen(head));
    put(fd, body, sizeof body);
    get(fd, buf, sizeof buf, &len, "\r\n\r\n200000");
    assert_non_null(strstr(buf, "\r\n\r\n200000"));
    close(fd);
}

static void long_answers_are_chunked_and_whole(void **state)
{
    static char buf[4 << 20];
    size_t len;
    int fd = dial();
    char *at;

    (void)state;
    say(fd, "GET /zeros?3000000 HTTP/1.1\r\nHost: h\r\n"
            "Connection: close\r\n\r\n");
    assert_true(get(fd, buf, sizeof buf, &len, NULL));
    assert_non_null(strstr(buf, "transfer-encoding: chunked"));
    assert_memory_equal(buf + len - 5, "0\r\n\r\n", 5);
    at = strstr(buf, "\r\n\r\n") + 4;
    size_t total = 0;
    for (;;) {
        size_t n = strtoul(at, &at, 16);
        if (n == 0)
            break;
        total += n;
        at += 2 + n + 2;
    }
    assert_int_equal(total, 3000000);
    close(fd);
}

static void files_are_sent_whole(void **state)
{
    bool ended;
    char *r =
        ASK("GET /file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", NULL);

    (void)state;
    assert_true(ended);
    assert_string_equal(strstr(r, "\r\n\r\n") + 4, served);
    r = ASK("HEAD /file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            NULL);
    assert_int_equal(strlen(strstr(r, "\r\n\r\n")), 4);
}

static void an_early_refusal_reaches_the_client(void **state)
{
    static char body[300000];
    char buf[4096];
    size_t len;
    int fd = dial();

    (void)state;
    say(fd, "PUT /early HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n");
    put(fd, body, sizeof body);
    assert_true(get(fd, buf, sizeof buf, &len, NULL));
    assert_memory_equal(buf, "HTTP/1.1 413 ", 13);
    close(fd);
    fd = dial();
    say(fd, "PUT /early HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n"
            "Expect: 100-continue\r\n\r\n");
    get(fd, buf, sizeof buf, &len, "\r\n\r\n");
    assert_memory_equal(buf, "HTTP/1.1 413 ", 13);
    close(fd);
}

static void expect_continue_is_answered(void **state)
{
    char buf[4096];
    size_t len;
    int fd = dial();

    (void)state;
    say(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n\r\n");
    get(fd, buf, sizeof buf, &len, "\r\n\r\n");
    assert_string_equal(buf, "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "ok");
    get(fd, buf, sizeof buf, &len, "\r\n\r\nok");
    assert_non_null(strstr(buf, "\r\n\r\nok"));
    close(fd);
}

static void what_could_be_read_twice_is_refused(void **state)
{
#define BAD(text)                                                              \
    {                                                                          \
        text, sizeof(text) - 1                                                 \
    }
#define H "Host: h\r\n"
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n"
            "Content-Length: 5\r\n\r\nabcGET /echo HTTP/1.1\r\n" H "\r\n"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n"
            "Content-Length: 3\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: 3x\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: -3\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length:\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Content-Length : 3\r\n\r\nabc"),
        BAD("PUT /echo HTTP/1.1\r\n" H "X: a\r\n Content-Length: 3\r\n\r\n"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
            "zz\r\n"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
            "3\nabc\r\n0\r\n\r\n"),
        BAD("PUT /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
            "fffffffffffffffff\r\n"),
        BAD("GET http://h/echo HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /a/../echo HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /a/%2e%2E/echo HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /a%2f..%2fecho HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /.. HTTP/1.1\r\n" H "\r\n"),
        BAD("GET //echo HTTP/1.1\r\n" H "\r\n"),
        BAD("GET echo HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /a%zz HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /a\\..\\b HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /a\0b HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /echo HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"),
        BAD("GET /echo HTTP/1.1\nHost: h\n\n"),
        BAD("GET /echo HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
        BAD("GET /echo HTTP/1.1\r\n\r\n"),
        BAD("GET /echo HTTP/1.1\r\n" H H "\r\n"),
        BAD("GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        BAD("GET  /echo HTTP/1.1\r\n" H "\r\n"),
        BAD("GET /echo\r\n\r\n"),
        BAD("G\x01T /echo HTTP/1.1\r\n" H "\r\n"),
        BAD("\x01\x02\x03\r\n\r\n"),
        BAD("GET /echo HTTP/1.1\r\n" H ": x\r\n\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ended;
        char *r = exchange(cases[i].text, cases[i].len, NULL, &ended);
        if (strncmp(r, "HTTP/1.1 400 ", 13) != 0 || !ended ||
            count(r, "HTTP/1.1 2") != 0)
            fail_msg("case %zu: %s%s", i, r, ended ? "" : " (open)");
    }
}

static void other_refusals_have_their_status(void **state)
{
    static char big[40000], r431[60000];
    bool ended;
    char *r;

    (void)state;
    assert_memory_equal(ASK("GET /echo HTTP/3.0\r\n" H "\r\n", "\r\n\r\n"),
                        "HTTP/1.1 505 ", 13);
    assert_memory_equal(ASK("PUT /echo HTTP/1.1\r\n" H
                            "Transfer-Encoding: gzip\r\n\r\n",
                            "\r\n\r\n"),
                        "HTTP/1.1 501 ", 13);
    assert_memory_equal(ASK("PUT /echo HTTP/1.1\r\n" H
                            "Content-Length: 99999999999999999999\r\n\r\n",
                            "\r\n\r\n"),
                        "HTTP/1.1 413 ", 13);
    memset(big, 'a', sizeof big - 1);
    snprintf(r431, sizeof r431,
             "GET /echo HTTP/1.1\r\nHost: h\r\nX: %s\r\n\r\n", big);
    r = exchange(r431, strlen(r431), NULL, &ended);
    assert_memory_equal(r, "HTTP/1.1 431 ", 13);
    assert_true(ended);
    assert_memory_equal(ASK("GET /nothing HTTP/1.1\r\n" H "\r\n", "\r\n\r\n"),
                        "HTTP/1.1 404 ", 13);
}

static void slow_heads_and_bodies_end(void **state)
{
    struct server_config c = config();
    struct server *general = server;
    int head, body, silent;
    char buf[4096];
    size_t len;

    (void)state;
    c.head_timeout_ms = c.body_timeout_ms = 300;
    assert_int_equal(server_bind(&server, &c, NULL), PROVERNET_OK);
    assert_int_equal(server_start(server, node, NULL), PROVERNET_OK);
    head = dial();
    body = dial();
    silent = dial();
    say(head, "GET /echo HTTP/1.1\r\nHo");
    say(body, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nab");
    assert_true(get(head, buf, sizeof buf, &len, NULL));
    assert_memory_equal(buf, "HTTP/1.1 408 ", 13);
    assert_true(get(body, buf, sizeof buf, &len, NULL));
    assert_memory_equal(buf, "HTTP/1.1 408 ", 13);
    assert_true(get(silent, buf, sizeof buf, &len, NULL));
    assert_int_equal(len, 0);
    close(head);
    close(body);
    close(silent);
    server_free(server);
    server = general;
}

static void an_interrupted_body_closes_its_call(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nab");
    AWAIT(fake_node_calls(node) == 1);
    close(fd);
    AWAIT(fake_node_calls(node) == 0);
}

/* ---- HTTP/2, by the distribution's own client where it is ---- */

static int shell(const char *format, char *out, size_t cap)
{
    char command[700];
    FILE *f;
    size_t n;

    snprintf(command, sizeof command, format, server_port(server));
    f = popen(command, "re");
    if (!f)
        return -1;
    n = fread(out, 1, cap - 1, f);
    out[n] = 0;
    return pclose(f);
}

/* Its socket is not watched while it waits for an answer: a tick notices. */
static void who_leaves_while_waiting_is_noticed(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
    AWAIT(fake_node_calls(node) == 1);
    close(fd);
    AWAIT(fake_node_calls(node) == 0);
}

/* Whole request at once, late answer, and then the connection is heard again.
 */
static void after_a_late_answer_the_next_request_is_heard(void **state)
{
    char buf[4096];
    size_t len;
    int fd = dial();

    (void)state;
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_false(get(fd, buf, sizeof buf, &len, "\r\n\r\n"));
        assert_non_null(strstr(buf, "200 OK"));
    }
    close(fd);
}

static void http2_calls_come_back(void **state)
{
    static char out[100000];

    (void)state;
    if (system("command -v curl >/dev/null 2>&1") != 0)
        skip();
    assert_int_equal(shell("curl -s --http2-prior-knowledge -d hello "
                           "http://127.0.0.1:%u/echo",
                           out, sizeof out),
                     0);
    assert_string_equal(out, "hello");
    shell("curl -si --http2-prior-knowledge -d hello "
          "http://127.0.0.1:%u/grpc",
          out, sizeof out);
    assert_non_null(strstr(out, "HTTP/2 200"));
    assert_non_null(strstr(out, "hellogrpc-status: 0"));
    shell("head -c 9000000 /dev/zero | curl -s --http2-prior-knowledge "
          "--data-binary @- http://127.0.0.1:%u/len",
          out, sizeof out);
    assert_string_equal(out, "9000000");
    shell("head -c 300000 /dev/zero | curl -s --http2-prior-knowledge "
          "--data-binary @- http://127.0.0.1:%u/block",
          out, sizeof out);
    assert_string_equal(out, "300000");
    shell("curl -s --http2-prior-knowledge http://127.0.0.1:%u/zeros?5000000 |"
          " wc -c",
          out, sizeof out);
    assert_int_equal(strtol(out, NULL, 10), 5000000);
    shell("curl -s -o /dev/null -w '%%{http_code}' --http2-prior-knowledge "
          "--path-as-is http://127.0.0.1:%u/a/../b",
          out, sizeof out);
    assert_string_equal(out, "400");
}

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                              "\0\0\0\4\0\0\0\0\0";

/* Is there a GOAWAY with this code among the frames? */
static bool goaway(const char *buf, size_t len, unsigned code)
{
    const unsigned char *p = (const unsigned char *)buf, *end = p + len;

    while (end - p >= 9) {
        size_t n = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
        if (p[3] == 7 && n >= 8 && (size_t)(end - p) >= 17 && p[16] == code)
            return true;
        if ((size_t)(end - p) < 9 + n)
            break;
        p += 9 + n;
    }
    return false;
}

/* All that was said before the connection ended. */
static bool ends_with_goaway(int fd, unsigned code)
{
    static char buf[1 << 20];
    size_t len = 0;

    get_bytes(fd, buf, sizeof buf, &len, sizeof buf);
    close(fd);
    return goaway(buf, len, code);
}

/* Repeat a frame until the server has enough: what it allows in a second, a
 * slow sender may never reach at once. */
static bool flood(const char *frame, size_t frame_len, unsigned code)
{
    int fd = dial();
    bool on = put(fd, preface, sizeof preface - 1);

    for (int i = 0; on && i < 1000000; i++)
        on = put(fd, frame, frame_len);
    return ends_with_goaway(fd, code);
}

static void floods_are_told_to_calm(void **state)
{
    static const char ping[] = "\0\0\x08\6\0\0\0\0\0abcdefgh";
    static const char settings[] = "\0\0\0\4\0\0\0\0\0";
    char buf[4096];
    size_t len = 0;
    int fd;

    (void)state;
    assert_true(flood(ping, sizeof ping - 1, 11));
    assert_true(flood(settings, sizeof settings - 1, 11));
    /* A few are nobody's trouble. */
    fd = dial();
    put(fd, preface, sizeof preface - 1);
    for (int i = 0; i < 20; i++)
        put(fd, ping, sizeof ping - 1);
    assert_false(get_bytes(fd, buf, sizeof buf, &len, 20 * 17));
    put(fd, ping, sizeof ping - 1);
    assert_false(get_bytes(fd, buf, sizeof buf, &len, len + 17));
    close(fd);
}

static void rapid_resets_are_told_to_calm(void **state)
{
    int fd = dial();
    bool on = true;

    (void)state;
    put(fd, preface, sizeof preface - 1);
    for (unsigned i = 0; on && i < 1000000; i++) {
        unsigned id = 2 * i + 1;
        /* :method GET, :scheme http, :path /, no end of the request yet */
        char headers[] = "\0\0\3\1\4\0\0\0\0\x82\x86\x84";
        char reset[] = "\0\0\4\3\0\0\0\0\0\0\0\0\x08";
        headers[6] = reset[6] = (char)(id >> 16);
        headers[7] = reset[7] = (char)(id >> 8);
        headers[8] = reset[8] = (char)id;
        on = put(fd, headers, sizeof headers - 1) &&
             put(fd, reset, sizeof reset - 1);
    }
    assert_true(ends_with_goaway(fd, 11));
    AWAIT(fake_node_calls(node) == 0);
}

static void the_holder_of_a_port_is_named(void **state)
{
    struct server_config c = config();
    struct server *second = NULL;
    provernet_error err = { 0 };
    char listen_at[40], pid[40];

    (void)state;
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%u", server_port(server));
    c.listen = listen_at;
    assert_int_equal(server_bind(&second, &c, &err),
                     PROVERNET_ERR_ADDRESS_IN_USE);
    assert_null(second);
    snprintf(pid, sizeof pid, "(pid %d)", (int)getpid());
    assert_non_null(strstr(err.message, pid));
    c.listen = "127.0.0.1";
    assert_int_equal(server_bind(&second, &c, &err), PROVERNET_ERR_CONFIG);
    c.listen = "127.0.0.1:99999";
    assert_int_equal(server_bind(&second, &c, &err), PROVERNET_ERR_CONFIG);
}

static void many_connections_at_once(void **state)
{
    enum { N = 300 };
    static int fds[N];
    char buf[400];

    (void)state;
    for (int i = 0; i < N; i++) {
        fds[i] = dial();
        say(fds[i], "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (int i = 0; i < N; i++) {
        struct pollfd p = { fds[i], POLLIN, 0 };
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        assert_true(recv(fds[i], buf, sizeof buf, 0) > 13);
        assert_memory_equal(buf, "HTTP/1.1 200 ", 13);
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_is_answered_and_the_connection_stays),
        cmocka_unit_test(bodies_come_back),
        cmocka_unit_test(byte_by_byte_is_the_same),
        cmocka_unit_test(a_late_answer_comes),
        cmocka_unit_test(a_call_that_blocks_gets_every_byte_once),
        cmocka_unit_test(long_answers_are_chunked_and_whole),
        cmocka_unit_test(files_are_sent_whole),
        cmocka_unit_test(an_early_refusal_reaches_the_client),
        cmocka_unit_test(expect_continue_is_answered),
        cmocka_unit_test(what_could_be_read_twice_is_refused),
        cmocka_unit_test(other_refusals_have_their_status),
        cmocka_unit_test(slow_heads_and_bodies_end),
        cmocka_unit_test(an_interrupted_body_closes_its_call),
        cmocka_unit_test(who_leaves_while_waiting_is_noticed),
        cmocka_unit_test(after_a_late_answer_the_next_request_is_heard),
        cmocka_unit_test(http2_calls_come_back),
        cmocka_unit_test(floods_are_told_to_calm),
        cmocka_unit_test(rapid_resets_are_told_to_calm),
        cmocka_unit_test(the_holder_of_a_port_is_named),
        cmocka_unit_test(many_connections_at_once),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
