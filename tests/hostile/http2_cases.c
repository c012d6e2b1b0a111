/* tests/hostile/http2_cases.c - frames that should not be. What counts is that
 * the connection or stream ends (or, where the standard says "ignore", that
 * the call goes on) and that nobody else notices. */
#include "hostile.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GONE = 1, SERVED = 2, HANGS = 3 };

/* After the abuse: does this connection still serve, or is it closed? */
static int verdict(tc_conn *c)
{
    tc_reply r;
    tc_buf m = { 0 };
    int result;

    tc_bytes(&m, 1, user.address, 20);
    tc_call(c, NETWORK "GetNonce", m.data, m.len, &r);
    result = r.grpc_status == 0 ? SERVED : r.answered ? HANGS : GONE;
    tc_free(&m);
    tc_reply_free(&r);
    return result;
}

typedef struct raw {
    const char *name;
    uint8_t type, flags;
    uint32_t stream;
    const char *payload;
    size_t len;
    int want, or_else;
} raw;

static const raw raws[] = {
    { "DATA on stream 0", 0, 0, 0, "x", 1, GONE, 0 },
    { "HEADERS on stream 0", 1, 5, 0, "\x82", 1, GONE, 0 },
    { "HEADERS on an even stream", 1, 5, 2, "\x82", 1, GONE, 0 },
    { "HEADERS of garbage", 1, 5, 1, "\xff\xff\xff\xff\xff", 5, GONE, 0 },
    { "HEADERS padded past its end", 1, 0xd, 1, "\xff\x82", 2, GONE, 0 },
    { "PRIORITY of wrong length", 2, 0, 1, "abc", 3, GONE, SERVED },
    { "RST_STREAM on stream 0", 3, 0, 0, "\0\0\0\0", 4, GONE, 0 },
    { "RST_STREAM of an idle stream", 3, 0, 99, "\0\0\0\0", 4, GONE, 0 },
    { "RST_STREAM of wrong length", 3, 0, 1, "\0\0\0", 3, GONE, 0 },
    { "SETTINGS on a stream", 4, 0, 1, "", 0, GONE, 0 },
    { "SETTINGS of 5 bytes", 4, 0, 0, "abcde", 5, GONE, 0 },
    { "SETTINGS ACK with payload", 4, 1, 0, "\0\4\0\0\0\1", 6, GONE, 0 },
    { "ENABLE_PUSH = 2", 4, 0, 0, "\0\2\0\0\0\2", 6, GONE, 0 },
    { "INITIAL_WINDOW_SIZE above 2^31", 4, 0, 0, "\0\4\xff\xff\xff\xff", 6,
      GONE, 0 },
    { "MAX_FRAME_SIZE of 1", 4, 0, 0, "\0\5\0\0\0\1", 6, GONE, 0 },
    { "an unknown setting", 4, 0, 0, "\xab\xcd\0\0\0\1", 6, SERVED, 0 },
    { "PUSH_PROMISE from a client", 5, 4, 1, "\0\0\0\2\x82", 5, GONE, 0 },
    { "PING on a stream", 6, 0, 1, "12345678", 8, GONE, 0 },
    { "PING of 7 bytes", 6, 0, 0, "1234567", 7, GONE, 0 },
    { "an unasked PING ACK", 6, 1, 0, "12345678", 8, SERVED, 0 },
    { "GOAWAY on a stream", 7, 0, 1, "\0\0\0\0\0\0\0\0", 8, GONE, 0 },
    { "GOAWAY of 7 bytes", 7, 0, 0, "\0\0\0\0\0\0\0", 7, GONE, 0 },
    { "WINDOW_UPDATE by 0", 8, 0, 0, "\0\0\0\0", 4, GONE, 0 },
    { "WINDOW_UPDATE of 3 bytes", 8, 0, 0, "\0\0\1", 3, GONE, 0 },
    { "WINDOW_UPDATE past 2^31", 8, 0, 0, "\x7f\xff\xff\xff", 4, GONE, 0 },
    { "WINDOW_UPDATE of an idle stream", 8, 0, 77, "\0\0\0\1", 4, GONE, 0 },
    { "CONTINUATION out of nowhere", 9, 4, 1, "\x82", 1, GONE, 0 },
    { "an unknown frame type", 200, 0, 0, "whatever", 8, SERVED, 0 },
    { "an unknown frame on a stream", 201, 255, 7, "whatever", 8, SERVED, 0 },
};

static void raw_frames(void)
{
    for (size_t i = 0; i < sizeof raws / sizeof raws[0]; i++) {
        const raw *f = &raws[i];
        tc_conn c;

        tc_open(&c, "127.0.0.1", server.port);
        tc_frame(&c, f->type, f->flags, f->stream, f->payload, f->len);
        c.next_stream = 101;
        EXPECT(f->name, verdict(&c), f->want,
               f->or_else ? f->or_else : f->want);
        tc_close(&c);
    }
}

static void prefaces(void)
{
    static const char *const bad[] = { "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
                                       "PRI * HTTP/2.0\r\n\r\n",
                                       "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n",
                                       "PRI ",
                                       "\x16\x03\x01",
                                       "\x16\x03\x01\xff\xff\xff",
                                       "\0SP\0\xff\xff\xff\xff" };
    static const size_t len[] = { 24, 18, 24, 4, 3, 6, 8 };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = tc_dial("127.0.0.1", server.port);

        tc_send(fd, bad[i], len[i]);
        EXPECT("a wrong or cut preface", 0, 0);
        shutdown(fd, SHUT_RDWR);
        close(fd);
    }
}

static void oversized_frame(void)
{
    static const uint8_t head[9] = { 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1 };
    tc_conn c;

    tc_open(&c, "127.0.0.1", server.port);
    tc_send(c.fd, head, 9);
    EXPECT("a frame of 16 MiB", verdict(&c), GONE);
    tc_close(&c);
}

typedef struct heads {
    const char *name;
    const char *field[12][2];
    int want, or_else;
} heads;

#define GOOD                                                                   \
    { ":method", "POST" }, { ":scheme", "http" }, { ":authority", "x" },       \
    {                                                                          \
        ":path", NETWORK "GetNonce"                                            \
    }
static const heads header_lists[] = {
    { "no :path", { { ":method", "POST" }, { ":scheme", "http" } }, -1, 1400 },
    { "no :method", { { ":path", "/" }, { ":scheme", "http" } }, -1, 1400 },
    { "two :path", { GOOD, { ":path", "/x" } }, -1, 1400 },
    { "an empty :path",
      { { ":method", "GET" }, { ":scheme", "http" }, { ":path", "" } },
      -1,
      1400 },
    { "an unknown pseudo header", { GOOD, { ":evil", "1" } }, -1, 1400 },
    { "a pseudo header after others",
      { { "te", "trailers" }, GOOD },
      -1,
      1400 },
    { "an upper-case name", { GOOD, { "X-Upper", "1" } }, -1, 1400 },
    { "a name with a space", { GOOD, { "x y", "1" } }, -1, 1400 },
    { "an empty name", { GOOD, { "", "1" } }, -1, 1400 },
    { "a value with CR LF", { GOOD, { "x", "a\r\nb: c" } }, -1, 1400 },
    { "a connection header", { GOOD, { "connection", "close" } }, -1, 1400 },
    { "te: x", { GOOD, { "te", "x" } }, -1, 1400 },
    { "transfer-encoding",
      { GOOD, { "transfer-encoding", "chunked" } },
      -1,
      1400 },
    { "two content-lengths",
      { GOOD, { "content-length", "5" }, { "content-length", "6" } },
      -1,
      1400 },
    { "a content-length that is no number",
      { GOOD, { "content-length", "5x" } },
      -1,
      1400 },
    { "an absolute :path",
      { { ":method", "GET" },
        { ":scheme", "http" },
        { ":authority", "x" },
        { ":path", "http://evil/" } },
      -1,
      1400 },
    { "CONNECT",
      { { ":method", "CONNECT" }, { ":authority", "x:1" } },
      -1,
      1405 },
    { "a traversing :path",
      { { ":method", "GET" },
        { ":scheme", "http" },
        { ":authority", "x" },
        { ":path", "/artifacts/../../etc/passwd" } },
      1400,
      1404 },
    { "an encoded traversing :path",
      { { ":method", "GET" },
        { ":scheme", "http" },
        { ":authority", "x" },
        { ":path", "/artifacts/%2e%2e/%2e%2e/etc/passwd" } },
      1400,
      1404 },
};

static int stream_result(tc_conn *c, uint32_t stream)
{
    tc_reply r = { .grpc_status = -1 };
    int code;

    tc_await(c, stream, &r);
    code = r.http_status && r.http_status != 200 ? 1000 + r.http_status
           : r.grpc_status >= 0                  ? r.grpc_status
                                                 : -1;
    tc_reply_free(&r);
    return code;
}

static void bad_header_lists(void)
{
    for (size_t i = 0; i < sizeof header_lists / sizeof header_lists[0]; i++) {
        const heads *h = &header_lists[i];
        size_t n = 0;
        tc_conn c;

        while (n < 12 && h->field[n][0])
            n++;
        tc_open(&c, "127.0.0.1", server.port);
        tc_headers(&c, 1, true, h->field, n);
        EXPECT(h->name, stream_result(&c, 1), h->want, h->or_else);
        tc_close(&c);
    }
}

static void header_floods(void)
{
    static char big[60000];
    const char *const huge[][2] = { GOOD, { "x-a", big }, { "x-b", big } };
    tc_conn c;
    int result;

    memset(big, 'a', sizeof big - 1);
    tc_open(&c, "127.0.0.1", server.port);
    tc_frame(&c, 1, 0, 1, "\x82", 1); /* HEADERS without END_HEADERS ... */
    for (int i = 0; i < 2000; i++)
        if (!tc_frame(&c, 9, 0, 1, "\x40\x01x\x01y", 5))
            break;
    result = verdict(&c);
    EXPECT("an endless CONTINUATION", result, GONE);
    tc_close(&c);

    tc_open(&c, "127.0.0.1", server.port);
    (void)huge;
    tc_frame(&c, 1, 0, 1, "\x82", 1);
    for (int i = 0; i < 8; i++) { /* 8 x 16 KiB literals, each unfinished */
        static uint8_t part[16384];

        memset(part, 'b', sizeof part);
        memcpy(part, "\x40\x01z\x7f\xf9\x7e", 6);
        if (!tc_frame(&c, 9, i == 7 ? 4 : 0, 1, part, sizeof part))
            break;
    }
    EXPECT("a header list above 64 KiB", verdict(&c), GONE, SERVED);
    tc_close(&c);
}

static void frame_floods(void)
{
    const char *const get[][2] = { GOOD };
    tc_conn c;
    uint32_t stream = 1;

    tc_open(&c, "127.0.0.1", server.port);
    for (int i = 0; i < 20000; i++)
        if (!tc_frame(&c, 6, 0, 0, "floodfld", 8))
            break;
    EXPECT("20,000 PINGs", verdict(&c), GONE, SERVED);
    tc_close(&c);

    tc_open(&c, "127.0.0.1", server.port);
    for (int i = 0; i < 20000; i++)
        if (!tc_frame(&c, 4, 0, 0, "\0\3\0\0\0\1", 6))
            break;
    EXPECT("20,000 SETTINGS", verdict(&c), GONE, SERVED);
    tc_close(&c);

    tc_open(&c, "127.0.0.1", server.port);
    for (int i = 0; i < 5000; i++, stream += 2)
        if (!tc_headers(&c, stream, false, get, 4) ||
            !tc_frame(&c, 3, 0, stream, "\0\0\0\x8", 4))
            break;
    c.next_stream = stream;
    EXPECT("a rapid reset of 5,000 streams", verdict(&c), GONE);
    tc_close(&c);

    tc_open(&c, "127.0.0.1", server.port);
    for (stream = 1; stream < 4000; stream += 2)
        if (!tc_headers(&c, stream, false, get, 4))
            break;
    c.next_stream = stream;
    EXPECT("2,000 streams at once", verdict(&c), GONE, SERVED, HANGS);
    tc_close(&c);

    tc_open(&c, "127.0.0.1", server.port);
    tc_headers(&c, 1, false, get, 4);
    for (int i = 0; i < 10000; i++)
        if (!tc_frame(&c, 0, 0, 1, "", 0))
            break;
    EXPECT("10,000 empty DATA frames", 0, 0);
    tc_close(&c);
}

/* A client that never opens its window must cost little and hurt nobody. */
static void closed_window(void)
{
    const char *const get[][2] = { { ":method", "GET" },
                                   { ":scheme", "http" },
                                   { ":authority", "x" },
                                   { ":path", "/" } };
    tc_conn c;

    tc_open(&c, "127.0.0.1", server.port);
    tc_frame(&c, 4, 0, 0, "\0\4\0\0\0\0", 6); /* window 0 */
    for (uint32_t s = 1; s < 200; s += 2)
        tc_headers(&c, s, true, get, 4);
    EXPECT("100 answers into a closed window", 0, 0);
    tc_close(&c);
}

void http2_cases(void)
{
    prefaces();
    raw_frames();
    oversized_frame();
    bad_header_lists();
    header_floods();
    frame_floods();
    closed_window();
}
