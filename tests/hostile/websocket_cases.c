/* tests/hostile/websocket_cases.c - WebSocket connections that break its
 * rules: each is told the close code of RFC 6455, or refused before. */
#include "contemplant.h"
#include "hostile.h"
#include "patience.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define UP                                                                     \
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"                            \
    "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static int asked(const char *path, const char *fields)
{
    tc_ws w;
    int status = tc_ws_open(&w, "127.0.0.1", server.port, path, fields);

    tc_ws_close(&w);
    return status;
}

static void handshakes(void)
{
    EXPECT("ws: asked as it should", asked("/ws", UP KEY), 101);
    EXPECT("ws: no key", asked("/ws", UP), 400);
    EXPECT("ws: a key of 15 bytes",
           asked("/ws", UP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"), 400);
    EXPECT("ws: a key that is no base64",
           asked("/ws", UP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!!==\r\n"),
           400);
    EXPECT("ws: two keys", asked("/ws", UP KEY KEY), 400);
    EXPECT("ws: version 8",
           asked("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 8\r\n" KEY),
           426);
    EXPECT("ws: no version",
           asked("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n" KEY),
           426);
    EXPECT("ws: Connection does not say so",
           asked("/ws", "Connection: keep-alive\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\n" KEY),
           400);
    EXPECT("ws: with a body", asked("/ws", UP KEY "Content-Length: 5\r\n"),
           400);
    EXPECT("ws: where none is spoken", asked("/livez", UP KEY), 400);
    EXPECT("ws: nowhere", asked("/nowhere", UP KEY), 404);
    EXPECT("ws: not asked for", asked("/ws", "Accept: */*\r\n"), 426);
}

/* The close code after these raw bytes. */
static int raw(const void *bytes, size_t len)
{
    tc_ws w;
    int code = -2;

    if (tc_ws_open(&w, "127.0.0.1", server.port, "/ws", NULL) == 101) {
        tc_send(w.fd, bytes, len);
        code = tc_ws_closed(&w, NULL);
    }
    tc_ws_close(&w);
    return code;
}
#define RAW(text) raw(text, sizeof text - 1)

static int framed(uint8_t first, const void *data, size_t len)
{
    tc_ws w;
    int code = -2;

    if (tc_ws_open(&w, "127.0.0.1", server.port, "/ws", NULL) == 101) {
        tc_ws_frame(&w, first, data, len);
        code = tc_ws_closed(&w, NULL);
    }
    tc_ws_close(&w);
    return code;
}

static void frames(void)
{
    static const char longest[126] = "x";

    EXPECT("ws: a frame without mask", RAW("\x82\x05hello"), 1002);
    EXPECT("ws: a reserved bit", framed(0xc2, "x", 1), 1002);
    EXPECT("ws: a reserved opcode", framed(0x83, "x", 1), 1002);
    EXPECT("ws: a reserved control", framed(0x8b, "x", 1), 1002);
    EXPECT("ws: a fragmented ping", framed(0x09, "x", 1), 1002);
    EXPECT("ws: a ping of 126 bytes", framed(0x89, longest, 126), 1002);
    EXPECT("ws: the rest of no message", framed(0x80, "x", 1), 1002);
    EXPECT("ws: a message in a message",
           RAW("\x02\x81\0\0\0\0x\x82\x81\0\0\0\0y"), 1002);
    EXPECT("ws: a length that is not the shortest",
           RAW("\x82\xfe\0\x05\0\0\0\0hello"), 1002);
    EXPECT("ws: a length of 2^63", RAW("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"),
           1002);
    EXPECT("ws: text that is not UTF-8", framed(0x81, "\xc0\xaf", 2), 1007);
    EXPECT("ws: half a character", framed(0x81, "\xe2\x82", 2), 1007);
    EXPECT("ws: a close of one byte", framed(0x88, "x", 1), 1002);
    EXPECT("ws: a close with code 1005", framed(0x88, "\x03\xed", 2), 1002);
    EXPECT("ws: a close with a bad reason", framed(0x88, "\x03\xe8\xff", 3),
           1007);
    EXPECT("ws: a proper close is answered", framed(0x88, "\x03\xe8", 2), 1000);
    EXPECT("ws: an empty close is answered", framed(0x88, "", 0), 1005);
    EXPECT("ws: a heartbeat of a stranger", framed(0x82, "\2\0\0\0", 4), 1008);
    EXPECT("ws: an answer of a stranger",
           framed(0x82,
                  "\1\0\0\0\x20\0\0\0\0\0\0\0"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0",
                  45),
           1008);
}

/* A gigabyte is announced, a stranger's proof streams in: nothing of it may
 * stay in memory. */
static int flood(void)
{
    static const uint8_t head[] = { 1, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0 };
    size_t piece = 1 << 20;
    uint8_t *bytes = calloc(1, piece);
    tc_ws w;
    int code = -2;

    if (bytes && tc_ws_open(&w, "127.0.0.1", server.port, "/ws", NULL) == 101) {
        memcpy(bytes, head, sizeof head);
        bytes[44] = 1;
        bytes[45] = 2;
        bytes[49] = 1;
        bytes[54] = 64; /* 2^38 bytes of proof */
        tc_ws_frame(&w, 0x02, bytes, piece);
        memset(bytes, 0, piece);
        for (int i = 0; i < 64; i++)
            if (!tc_ws_frame(&w, 0x00, bytes, piece))
                break;
        tc_ws_frame(&w, 0x80, bytes, 1);
        tc_ws_frame(&w, 0x82, "\2\0\0\0", 4);
        code = tc_ws_closed(&w, NULL);
    }
    tc_ws_close(&w);
    free(bytes);
    return code;
}

/* Pings are answered, between fragments too; nobody who does not read the
 * answers makes the server keep them. */
static int pings(void)
{
    struct timeval second = { 1, 0 };
    tc_buf b = { 0 };
    tc_ws w;
    int pongs = 0;

    if (tc_ws_open(&w, "127.0.0.1", server.port, "/ws", NULL) != 101)
        return -2;
    tc_ws_frame(&w, 0x02, "\2\0", 2);
    for (int i = 0; i < 3; i++)
        tc_ws_frame(&w, 0x89, "ping", 4);
    for (int i = 0; i < 3; i++)
        pongs += tc_ws_next(&w, &b, PATIENCE_MS) == 10 && b.len == 4 &&
                 memcmp(b.data, "ping", 4) == 0;
    setsockopt(w.fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    for (int i = 0; i < 100000; i++)
        if (!tc_ws_frame(&w, 0x89, "01234567890123456789", 20))
            break;
    tc_free(&b);
    tc_ws_close(&w);
    return pongs;
}

/* Every byte of the handshake and of a frame by itself. */
static int trickle(void)
{
    static const char head[] = "GET /ws HTTP/1.1\r\nHost: a\r\n" UP KEY "\r\n";
    static const char frame[] = "\x82\x84\0\0\0\0\2\0\0\0";
    tc_ws w = { .fd = tc_dial("127.0.0.1", server.port) };
    char status[13] = "";
    int code;

    for (size_t i = 0; i < sizeof head - 1; i++)
        tc_send(w.fd, head + i, 1);
    for (size_t i = 0; i < sizeof frame - 1; i++)
        tc_send(w.fd, frame + i, 1);
    if (!tc_recv(w.fd, status, 12) || strcmp(status, "HTTP/1.1 101") != 0)
        return -2;
    for (char c[4] = ""; memcmp(c, "\r\n\r\n", 4) != 0;) {
        memmove(c, c + 1, 3);
        if (!tc_recv(w.fd, c + 3, 1))
            return -2;
    }
    code = tc_ws_closed(&w, NULL);
    tc_ws_close(&w);
    return code;
}

static int crowd(void)
{
    enum { MANY = 200 };
    tc_ws w[MANY];
    int open = 0;

    for (int i = 0; i < MANY; i++)
        open += tc_ws_open(&w[i], "127.0.0.1", server.port, "/ws", NULL) == 101;
    for (int i = 0; i < MANY; i++)
        tc_ws_close(&w[i]);
    return open;
}

void websocket_cases(void)
{
    handshakes();
    frames();
    EXPECT("ws: a proof of 2^38 bytes from a stranger", flood(), 1008);
    EXPECT("ws: pings, and pongs that nobody reads", pings(), 3);
    EXPECT("ws: byte by byte", trickle(), 1008);
    EXPECT("ws: two hundred that say nothing", crowd(), 200);
}
