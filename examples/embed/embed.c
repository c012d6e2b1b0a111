/* embed.c - the endpoint in a host's own epoll loop: a tiny HTTP/1.0 server
 * (GET only) whose answers come from the node. The pattern for mounting it in
 * any server: open a call, feed it, wait for the inbox, read the answer.
 * Public headers only; one thread. */
#include <provernet/provernet.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One connection: a request line, then one call. The tag of the call is the
 * connection's index. */
struct client {
    int fd; /* 0: free */
    char line[2048];
    size_t len;
    provernet_call *call;
    int head_sent;
};
enum { CLIENTS = 64 };
static struct client clients[CLIENTS];

static void finish(struct client *c)
{
    provernet_call_close(c->call);
    close(c->fd);
    *c = (struct client){ 0 };
}

/* Blocking writes keep the example short; a real host queues them. */
static void put(const struct client *c, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

/* Move the answer on as far as it goes. */
static void answer(struct client *c)
{
    const provernet_field *f;
    char buf[16384];
    provernet_status st;
    size_t n, got;
    int status;

    if (!c->head_sent) {
        if (provernet_call_head(c->call, &status, &f, &n) != PROVERNET_OK)
            return;
        snprintf(buf, sizeof buf, "HTTP/1.0 %d Answer\r\n", status);
        put(c, buf, strlen(buf));
        for (size_t i = 0; i < n; i++) {
            snprintf(buf, sizeof buf, "%s: %s\r\n", f[i].name, f[i].value);
            put(c, buf, strlen(buf));
        }
        put(c, "\r\n", 2);
        c->head_sent = 1;
    }
    while ((st = provernet_call_read(c->call, buf, sizeof buf, &got)) ==
           PROVERNET_OK)
        put(c, buf, got);
    if (st != PROVERNET_AGAIN)
        finish(c);
}

static void readable(provernet_inbox *in, struct client *c)
{
    provernet_head head = { .struct_size = sizeof head,
                            .method = "GET",
                            .authority = "localhost",
                            .scheme = "http",
                            .peer = "" };
    ssize_t n = recv(c->fd, c->line + c->len, sizeof c->line - 1 - c->len, 0);
    char *path, *end;

    if (n <= 0) {
        finish(c);
        return;
    }
    c->len += (size_t)n;
    if (c->call || !strstr(c->line, "\r\n\r\n"))
        return; /* the head is not complete */
    path = strchr(c->line, ' ');
    end = path ? strchr(path + 1, ' ') : NULL;
    if (!end || strncmp(c->line, "GET ", 4) != 0) {
        put(c, "HTTP/1.0 400 Bad\r\n\r\n", 20);
        finish(c);
        return;
    }
    *end = 0;
    head.path = path + 1;
    if (provernet_call_open(in, &c->call, &head, (uint64_t)(c - clients),
                            NULL) != PROVERNET_OK ||
        provernet_call_end(c->call) < 0)
        finish(c);
    else
        answer(c); /* perhaps it is there already */
}

static void accept_one(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct epoll_event e = { .events = EPOLLIN };

    for (uint32_t i = 0; fd >= 0 && i < CLIENTS; i++)
        if (clients[i].fd == 0) {
            clients[i].fd = fd;
            e.data.u32 = i + 2;
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
            return;
        }
    if (fd >= 0)
        close(fd);
}

static void completions(provernet_inbox *in)
{
    provernet_ready r[64];
    size_t n = provernet_inbox_next(in, r, 64, 0);

    for (size_t i = 0; i < n; i++)
        if (clients[r[i].tag].call)
            answer(&clients[r[i].tag]);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, 64) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    provernet_options *o = provernet_options_new();
    provernet_error err = { .status = PROVERNET_OK };
    provernet_inbox *in = NULL;
    provernet *pn = NULL;
    struct epoll_event e = { .events = EPOLLIN };
    int epoll, listener;

    if (argc != 3 || !o) {
        fprintf(stderr, "usage: embed DATA_DIR PORT\n"
                        "then: curl http://127.0.0.1:PORT/readyz\n");
        return 2;
    }
    if (provernet_options_set(o, "data.dir", argv[1], &err) != PROVERNET_OK ||
        provernet_open(&pn, o, NULL, &err) != PROVERNET_OK ||
        provernet_inbox_open(pn, &in, &err) != PROVERNET_OK) {
        fprintf(stderr, "%s\n", err.message);
        provernet_close(pn);
        provernet_options_free(o);
        return provernet_status_exit(err.status);
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    listener = listen_on((uint16_t)strtoul(argv[2], NULL, 10));
    e.data.u32 = 0;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    e.data.u32 = 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, provernet_inbox_fd(in), &e);
    for (;;) {
        struct epoll_event ready[32];
        int n = epoll_wait(epoll, ready, 32, -1);
        for (int i = 0; i < n; i++) {
            uint32_t what = ready[i].data.u32;
            if (what == 0)
                accept_one(epoll, listener);
            else if (what == 1)
                completions(in);
            else if (clients[what - 2].fd)
                readable(in, &clients[what - 2]);
        }
    }
}
