/* tests/accept/magister_test.c - a Contemplant's Magister hears of its end, and
 * nobody else does.
 *
 *   accept_magister_test PROGRAMS KEYGEN VECTORS */
#include "accept.h"
#include "contemplant.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static tc_server server;

/* ---- a Magister: it hears one request at a time ---- */

static int magister_open(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
         listen(fd, 16) == 0 &&
         getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static bool anybody(int fd, int ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, ms) == 1;
}

/* The head of the next request, answered 200. */
static void hear(int fd, char *head, size_t cap)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"
                             "Connection: close\r\n\r\ndropped";
    size_t len = 0;
    int c;

    MUST(anybody(fd, PATIENCE_MS));
    c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    MUST(c >= 0);
    head[0] = '\0';
    while (!strstr(head, "\r\n\r\n")) {
        ssize_t n = read(c, head + len, cap - len - 1);

        MUST(n > 0);
        len += (size_t)n;
        head[len] = '\0';
    }
    MUST(write(c, ok, sizeof ok - 1) == (ssize_t)sizeof ok - 1);
    close(c);
}

static void must_hear(int fd, const char *path)
{
    char head[4096], want[64];

    hear(fd, head, sizeof head);
    snprintf(want, sizeof want, "DELETE %s HTTP/1.1\r\n", path);
    if (strncmp(head, want, strlen(want)) != 0)
        fprintf(stderr, "heard %.60s, expected %s", head, want);
    MUST(strncmp(head, want, strlen(want)) == 0);
    /* no body, and nothing that could be one */
    MUST(strcasestr(head, "\r\nhost: 127.0.0.1:") != NULL);
    MUST(strcasestr(head, "transfer-encoding") == NULL);
}

/* ---- Contemplants of it ---- */

static void enlist(tc_contemplant *c, const char *version, const char *drop)
{
    MUST(tc_contemplant_open_with(c, "127.0.0.1", server.port, "abel", version,
                                  drop));
}

static void until_it_is_over(tc_contemplant *c, int code)
{
    AWAIT(tc_contemplant_next(c, 100) == TC_OVER);
    MUST(c->code == code);
    tc_contemplant_close(c);
}

/* So that it is here before it goes. */
static bool is_here(const char *drop)
{
    char url[80];
    tc_http h;
    bool here;

    snprintf(url, sizeof url, "http://127.0.0.1:%u/contemplants", server.port);
    MUST(tc_http_url("GET", url, "", 0, &h) && h.status == 200);
    tc_add(&h.body, "", 1);
    here = strstr((const char *)h.body.data, drop) != NULL;
    tc_http_free(&h);
    return here;
}

static void goes(const char *drop)
{
    tc_contemplant c;

    enlist(&c, "7.1.0", drop);
    AWAIT(is_here(drop));
    tc_contemplant_close(&c);
}

int main(int argc, char **argv)
{
    char provernetd[400], allow[80], url[6][80];
    uint16_t port;
    int fd = magister_open(&port);
    const char *const brief[] = {
        "--no-worker", "--set", allow, "--set", "contemplant.silence=1s", NULL
    };
    const char *const args[] = { "--no-worker", "--set", allow, NULL };
    tc_contemplant c;

    if (argc < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(allow, sizeof allow, "contemplant.magister=127.0.0.1:%u", port);
    for (int i = 0; i < 6; i++)
        snprintf(url[i], sizeof url[i], "http://%s:%u/drop/%d",
                 i == 2 ? "localhost" : "127.0.0.1", port, i);
    MUST(tc_server_start(&server, provernetd, brief));
    enlist(&c, "7.1.0", url[0]); /* it falls silent */
    until_it_is_over(&c, 1008);
    must_hear(fd, "/drop/0");
    MUST(tc_server_end(&server, SIGTERM) == 0);
    MUST(tc_server_start(&server, provernetd, args));
    goes(url[1]); /* it goes by itself */
    must_hear(fd, "/drop/1");
    goes(url[2]);                /* a host that nobody allowed */
    enlist(&c, "6.0.0", url[3]); /* never was one of ours */
    until_it_is_over(&c, 1008);
    goes(url[4]);
    must_hear(fd, "/drop/4"); /* the first that is heard after */
    enlist(&c, "7.1.0", url[5]);
    AWAIT(is_here(url[5]));
    MUST(tc_server_end(&server, SIGTERM) == 0); /* drops nobody */
    MUST(!anybody(fd, 0));
    tc_contemplant_close(&c);
    close(fd);

    /* One that never answers holds up nothing: not the end either. */
    fd = magister_open(&port);
    snprintf(allow, sizeof allow, "contemplant.magister=127.0.0.1:%u", port);
    snprintf(url[0], sizeof url[0], "http://127.0.0.1:%u/drop/9", port);
    MUST(tc_server_start(&server, provernetd, args));
    for (int i = 0; i < 8; i++)
        goes(url[0]);
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
    close(fd);
    return 0;
}
