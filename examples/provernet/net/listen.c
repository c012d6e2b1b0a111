/* net/listen.c - bind the addresses; when one is taken, say by whom. */
#include "loop.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((format(printf, 4, 5))) static provernet_status
fail(provernet_error *err, provernet_status st, int cause, const char *format,
     ...)
{
    va_list ap;

    if (!err)
        return st;
    err->status = st;
    err->cause = cause;
    va_start(ap, format);
    vsnprintf(err->message, sizeof err->message, format, ap);
    va_end(ap);
    return st;
}

/* The inode of the listening socket on `port` in one of /proc/net's tables. */
static unsigned long listening_inode(const char *table, uint16_t port)
{
    FILE *f = fopen(table, "re");
    char line[512];
    unsigned long inode = 0;

    while (f && fgets(line, sizeof line, f)) {
        unsigned local_port, state;
        unsigned long found;
        if (sscanf(line,
                   "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s "
                   "%*s %*d %*d %lu",
                   &local_port, &state, &found) == 3 &&
            local_port == port && state == 0x0A) {
            inode = found;
            break;
        }
    }
    if (f)
        fclose(f);
    return inode;
}

static bool has_inode(const char *pid, const char *wanted)
{
    char path[300], target[64];
    struct dirent *e;
    bool found = false;
    DIR *d;

    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    d = opendir(path);
    while (d && !found && (e = readdir(d))) {
        ssize_t n;
        snprintf(path, sizeof path, "/proc/%.20s/fd/%.20s", pid, e->d_name);
        n = readlink(path, target, sizeof target - 1);
        if (n > 0) {
            target[n] = 0;
            found = strcmp(target, wanted) == 0;
        }
    }
    if (d)
        closedir(d);
    return found;
}

bool port_holder(uint16_t port, char *text, size_t cap)
{
    unsigned long inode = listening_inode("/proc/net/tcp", port);
    char wanted[48], path[64], name[32] = "?";
    struct dirent *e;
    bool found = false;
    DIR *d;

    if (!inode)
        inode = listening_inode("/proc/net/tcp6", port);
    if (!inode)
        return false;
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    d = opendir("/proc");
    while (d && !found && (e = readdir(d))) {
        FILE *f;
        if (!isdigit((unsigned char)e->d_name[0]) ||
            !has_inode(e->d_name, wanted))
            continue;
        found = true;
        snprintf(path, sizeof path, "/proc/%.20s/comm", e->d_name);
        f = fopen(path, "re");
        if (f && fgets(name, sizeof name, f))
            name[strcspn(name, "\n")] = 0;
        if (f)
            fclose(f);
        snprintf(text, cap, "\"%s\" (pid %.20s)", name, e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

static provernet_status in_use(const char *text, uint16_t port,
                               provernet_error *err)
{
    char holder[80];

    if (!port_holder(port, holder, sizeof holder))
        snprintf(holder, sizeof holder, "another program");
    return fail(err, PROVERNET_ERR_ADDRESS_IN_USE, EADDRINUSE,
                "cannot listen on %.60s: address in use by %s\n"
                "help: choose another with --listen HOST:%u%s",
                text, holder, (unsigned)(port + 100u),
                port == 9000 ? "\nnote: op-succinct's proposer serves its "
                               "metrics on 9000 by default"
                             : "");
}

static provernet_status open_one(struct listener *out, const struct addrinfo *a,
                                 const char *text, provernet_error *err)
{
    struct sockaddr_storage at;
    socklen_t at_len = sizeof at;
    char host[INET6_ADDRSTRLEN], port[8];
    int one = 1, fd, e;

    fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(err, PROVERNET_ERR_IO, errno, "cannot open a socket: %s",
                    strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    /* what is accepted inherits it */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, 1024) != 0) {
        uint16_t p = ntohs(
            ((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_port);
        e = errno;
        close(fd);
        if (e == EADDRINUSE)
            return in_use(text, p, err);
        return fail(
            err, e == EACCES ? PROVERNET_ERR_PERMISSION : PROVERNET_ERR_CONFIG,
            e, "cannot listen on %.160s: %s", text, strerror(e));
    }
    getsockname(fd, (struct sockaddr *)&at, &at_len);
    getnameinfo((struct sockaddr *)&at, at_len, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    out->fd = fd;
    out->port = (uint16_t)strtoul(port, NULL, 10);
    snprintf(out->text, sizeof out->text,
             a->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return PROVERNET_OK;
}

/* "HOST:PORT", ":PORT", "PORT", "[::1]:PORT" */
static provernet_status listen_text(struct server *s, const char *text,
                                    provernet_error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV },
                    *list = NULL;
    char host[256];
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
    provernet_status st;
    int rc;

    if (snprintf(host, sizeof host, "%.*s", colon ? (int)(colon - text) : 0,
                 text) >= (int)sizeof host)
        return fail(err, PROVERNET_ERR_CONFIG, 0, "\"%.80s...\" is too long",
                    text);
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = 0;
    }
    if (!*port || strspn(port, "0123456789") != strlen(port) ||
        strtoul(port, NULL, 10) > 65535)
        return fail(err, PROVERNET_ERR_CONFIG, 0,
                    "server.listen: \"%.80s\" has no port from 0 to 65535\n"
                    "help: write HOST:PORT, for example 127.0.0.1:9000",
                    text);
    if (!*host)
        snprintf(host, sizeof host, colon ? "0.0.0.0" : "127.0.0.1");
    rc =
        getaddrinfo(!strcmp(host, "*") ? "0.0.0.0" : host, port, &hints, &list);
    if (rc != 0)
        return fail(err, PROVERNET_ERR_CONFIG, 0, "cannot listen on %.160s: %s",
                    text, gai_strerror(rc));
    st = open_one(&s->listeners[s->listeners_len], list, text, err);
    freeaddrinfo(list);
    if (st == PROVERNET_OK)
        s->listeners_len++;
    return st;
}

provernet_status listeners_open(struct server *s, provernet_error *err)
{
    char *copy = strdup(s->config.listen), *save = NULL;
    provernet_status st = copy ? PROVERNET_OK : PROVERNET_ERR_NOMEM;

    for (char *t = copy ? strtok_r(copy, ", ", &save) : NULL; t && !st;
         t = strtok_r(NULL, ", ", &save)) {
        if (s->listeners_len == LISTENERS_MAX)
            st = fail(err, PROVERNET_ERR_CONFIG, 0,
                      "server.listen: more than 8 addresses");
        else
            st = listen_text(s, t, err);
    }
    if (!st && s->listeners_len == 0)
        st = fail(err, PROVERNET_ERR_CONFIG, 0,
                  "server.listen is empty\nhelp: write HOST:PORT, for example "
                  "127.0.0.1:9000");
    free(copy);
    return st;
}

void listeners_close(struct server *s)
{
    for (size_t i = 0; i < s->listeners_len; i++)
        if (s->listeners[i].fd >= 0) {
            close(s->listeners[i].fd);
            s->listeners[i].fd = -1;
        }
}
