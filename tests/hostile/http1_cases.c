/* tests/hostile/http1_cases.c - HTTP/1.1 that could be read in two ways, or
 * not at all: 400 and the connection closed, never a second interpretation. */
#include "hostile.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Send raw bytes; the status of the first answer; -1: closed without one. If
 * *closed is asked for: did the server close afterwards? */
static int raw_status(const void *data, size_t len, bool *closed)
{
    int fd = tc_dial("127.0.0.1", server.port), status = -1;
    char head[13] = "", rest[4096];
    ssize_t n = 0;

    tc_send(fd, data, len);
    if (tc_recv(fd, head, 12) && memcmp(head, "HTTP/1.", 7) == 0)
        status = atoi(head + 9);
    if (closed) {
        while ((n = recv(fd, rest, sizeof rest, 0)) > 0)
            ;
        *closed = n == 0;
    }
    close(fd);
    return status;
}

typedef struct text_case {
    const char *name, *text;
    int want, or_else;
} text_case;

#define H "Host: 127.0.0.1\r\n"
static const text_case texts[] = {
    { "both length and chunked",
      "POST /livez HTTP/1.1\r\n" H
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400, 400 },
    { "two lengths that differ",
      "POST /livez HTTP/1.1\r\n" H
      "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      400, 400 },
    { "two equal lengths",
      "POST /livez HTTP/1.1\r\n" H
      "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      400, 400 },
    { "a list of lengths",
      "POST /livez HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello", 400,
      400 },
    { "a negative length",
      "POST /livez HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n", 400, 400 },
    { "a length with a plus",
      "POST /livez HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello", 400,
      400 },
    { "a length in hex",
      "POST /livez HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello", 400,
      400 },
    { "a length of 2^64",
      "POST /livez HTTP/1.1\r\n" H
      "Content-Length: 18446744073709551616\r\n\r\n",
      400, 413 },
    { "an empty length",
      "POST /livez HTTP/1.1\r\n" H "Content-Length: \r\n\r\n", 400, 400 },
    { "a length with a space inside",
      "POST /livez HTTP/1.1\r\n" H "Content-Length: 1 2\r\n\r\nx", 400, 400 },
    { "an unknown transfer coding",
      "POST /livez HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 400,
      501 },
    { "chunked twice",
      "POST /livez HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      400, 501 },
    { "two transfer codings",
      "POST /livez HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
      "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
      400, 501 },
    { "a bad chunk size",
      "PUT /artifacts/x HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
      400, 404 },
    { "a space before the colon", "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
      400, -1 },
    { "a header without a colon",
      "GET /livez HTTP/1.1\r\n" H "nonsense\r\n\r\n", 400, -1 },
    { "a folded header", "GET /livez HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400,
      -1 },
    { "no host", "GET /livez HTTP/1.1\r\n\r\n", 400, -1 },
    { "two hosts", "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400,
      -1 },
    { "an absolute path", "GET http://evil/livez HTTP/1.1\r\n" H "\r\n", 400,
      -1 },
    { "an asterisk", "GET * HTTP/1.1\r\n" H "\r\n", 400, -1 },
    { "a path without a slash", "GET livez HTTP/1.1\r\n" H "\r\n", 400, -1 },
    { "dots that climb", "GET /a/../../etc/passwd HTTP/1.1\r\n" H "\r\n", 400,
      -1 },
    { "encoded dots that climb",
      "GET /artifacts/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" H "\r\n", 400,
      -1 },
    { "an encoded slash that climbs",
      "GET /artifacts/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" H "\r\n", 400, -1 },
    { "an encoded NUL", "GET /livez%00 HTTP/1.1\r\n" H "\r\n", 400, -1 },
    { "a bad percent code", "GET /livez%zz HTTP/1.1\r\n" H "\r\n", 400, 404 },
    { "a backslash", "GET /artifacts\\..\\x HTTP/1.1\r\n" H "\r\n", 400, 404 },
    { "an unknown version", "GET /livez HTTP/7.3\r\n" H "\r\n", 400, 505 },
    { "no version", "GET /livez\r\n\r\n", 400, -1 },
    { "two spaces in the request line", "GET  /livez HTTP/1.1\r\n" H "\r\n",
      400, -1 },
    { "an unknown method", "FROB /livez HTTP/1.1\r\n" H "\r\n", 405, 501 },
    { "a known method at the wrong place",
      "DELETE /livez HTTP/1.1\r\n" H "\r\n", 405, 405 },
    { "TRACE", "TRACE /livez HTTP/1.1\r\n" H "\r\n", 405, 501 },
    { "CONNECT", "CONNECT evil:1 HTTP/1.1\r\n" H "\r\n", 400, 405 },
    { "an unknown path", "GET /nothing/here HTTP/1.1\r\n" H "\r\n", 404, 404 },
    { "an unasked upgrade",
      "GET /livez HTTP/1.1\r\n" H
      "Connection: Upgrade\r\nUpgrade: frob\r\n\r\n",
      200, 400 },
    { "binary garbage", "\x01\x02\x03\x04\x05\x06\x07\r\n\r\n", 400, -1 },
    { "only line ends", "\r\n\r\n\r\n\r\n", 400, -1 },
};

static void texts_cases(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bool closed = true;
        int status = raw_status(texts[i].text, strlen(texts[i].text),
                                texts[i].want == 400 ? &closed : NULL);

        EXPECT(texts[i].name, status, texts[i].want, texts[i].or_else);
        if (status == 400)
            EXPECT("... and the connection is closed", closed, 1);
    }
}

/* What comes after a doubtful request must not be served as a second one. */
static void smuggling(void)
{
    static const char evil[] =
        "POST /livez HTTP/1.1\r\n" H
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /readyz HTTP/1.1\r\n" H "\r\n";
    int fd = tc_dial("127.0.0.1", server.port), answers = 0;
    char text[8192];
    size_t n = 0;

    tc_send(fd, evil, sizeof evil - 1);
    for (ssize_t r; n < sizeof text - 1 &&
                    (r = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0;)
        n += (size_t)r;
    text[n] = '\0';
    for (char *p = text; (p = strstr(p, "HTTP/1.")); p++)
        answers++;
    close(fd);
    EXPECT("a smuggled second request", answers, 1, 0);
}

static void too_large(void)
{
    char *big = malloc(1 << 20);
    size_t n;
    int fd;

    n = (size_t)sprintf(big, "GET /");
    memset(big + n, 'a', 200000);
    n += 200000;
    n += (size_t)sprintf(big + n, " HTTP/1.1\r\n" H "\r\n");
    EXPECT("a path of 200,000 bytes", raw_status(big, n, NULL), 400, 414, 431,
           -1);
    n = (size_t)sprintf(big, "GET /livez HTTP/1.1\r\n" H "X: ");
    memset(big + n, 'a', 200000);
    n += 200000;
    n += (size_t)sprintf(big + n, "\r\n\r\n");
    EXPECT("a header of 200,000 bytes", raw_status(big, n, NULL), 400, 431, -1);
    n = (size_t)sprintf(big, "GET /livez HTTP/1.1\r\n" H);
    for (int i = 0; i < 20000; i++)
        n += (size_t)sprintf(big + n, "X-%d: 1\r\n", i);
    n += (size_t)sprintf(big + n, "\r\n");
    EXPECT("20,000 headers", raw_status(big, n, NULL), 400, 431, -1);
    /* A header list that never ends, on many connections: bounded memory. */
    memset(big, 'a', 1 << 20);
    for (int i = 0; i < 20; i++) {
        fd = tc_dial("127.0.0.1", server.port);
        tc_send(fd, "GET /livez HTTP/1.1\r\n", 21);
        tc_send(fd, big, 1 << 20);
        close(fd);
    }
    EXPECT("endless header lines", 0, 0);
    free(big);
}

static void slow(void)
{
    enum { N = 200 };
    int fd[N];

    for (int i = 0; i < N; i++) {
        fd[i] = tc_dial("127.0.0.1", server.port);
        tc_send(fd[i], i % 2 ? "G" : "GET /livez HTTP/1.1\r\nHo",
                i % 2 ? 1 : 23);
    }
    EXPECT("200 clients that stop in mid-request", 0, 0);
    for (int i = 0; i < N; i++)
        close(fd[i]);
}

/* Two requests in one segment are two answers. */
static void pipelined(void)
{
    static const char two[] =
        "GET /livez HTTP/1.1\r\n" H "\r\nGET /livez HTTP/1.1\r\n" H
        "Connection: close\r\n\r\n";
    int fd = tc_dial("127.0.0.1", server.port), answers = 0;
    char text[8192];
    size_t n = 0;

    tc_send(fd, two, sizeof two - 1);
    for (ssize_t r; n < sizeof text - 1 &&
                    (r = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0;)
        n += (size_t)r;
    text[n] = '\0';
    for (char *p = text; (p = strstr(p, "HTTP/1.1 200")); p++)
        answers++;
    close(fd);
    EXPECT("two pipelined requests", answers, 2);
}

void http1_cases(void)
{
    texts_cases();
    smuggling();
    pipelined();
    too_large();
    slow();
}
