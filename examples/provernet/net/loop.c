/* net/loop.c - the threads of the server: each runs one event base, takes
 * completions from its inbox, and sends once per turn. */
#include "loop.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NO_SLOT UINT32_MAX
enum { INBOX_BATCH = 256 };

int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- calls: a completion may come after its call was closed, so tags carry
 * a generation ---- */

static bool slots_grow(struct loop *l)
{
    uint32_t old = l->slots_len, len = old ? old * 2 : 64;
    struct slot *p = realloc(l->slots, len * sizeof *p);

    if (!p)
        return false;
    l->slots = p;
    l->slots_len = len;
    for (uint32_t i = len; i-- > old;) {
        p[i] = (struct slot){ NULL, 1, l->free_slot };
        l->free_slot = i;
    }
    return true;
}

provernet_status exchange_open(struct loop *l, struct exchange *x,
                               const provernet_head *h, provernet_error *err)
{
    provernet_status st;
    uint32_t i;

    if (l->free_slot == NO_SLOT && !slots_grow(l))
        return PROVERNET_ERR_NOMEM;
    i = l->free_slot;
    x->tag = (uint64_t)l->slots[i].generation << 32 | i;
    st = provernet_call_open(l->inbox, &x->call, h, x->tag, err);
    if (st != PROVERNET_OK) {
        x->call = NULL;
        return st;
    }
    l->free_slot = l->slots[i].next_free;
    l->slots[i].exchange = x;
    return PROVERNET_OK;
}

void exchange_close(struct loop *l, struct exchange *x)
{
    uint32_t i = (uint32_t)x->tag;

    if (!x->call)
        return;
    provernet_call_close(x->call);
    x->call = NULL;
    l->slots[i].exchange = NULL;
    l->slots[i].generation++;
    l->slots[i].next_free = l->free_slot;
    l->free_slot = i;
}

void exchange_move(struct loop *l, struct exchange *to, struct exchange *from)
{
    to->call = from->call;
    to->tag = from->tag;
    from->call = NULL;
    if (to->call)
        l->slots[(uint32_t)to->tag].exchange = to;
}

void loop_awake(struct loop *l)
{
    if (l->awake)
        return;
    l->awake = true;
    l->now_ms = monotonic_ms();
    provernet_inbox_awake(l->inbox, true);
}

static void completions(struct loop *l)
{
    provernet_ready r[INBOX_BATCH];
    size_t n;

    do {
        n = provernet_inbox_next(l->inbox, r, INBOX_BATCH, 0);
        for (size_t i = 0; i < n; i++) {
            uint32_t at = (uint32_t)r[i].tag;
            struct exchange *x;
            if (at >= l->slots_len || l->slots[at].generation != r[i].tag >> 32)
                continue;
            x = l->slots[at].exchange;
            if (x)
                x->ready(x, r[i].what);
        }
    } while (n == INBOX_BATCH);
}

/* ---- accepting ---- */

static void peer_text(char *peer, size_t cap,
                      const struct sockaddr_storage *from, socklen_t len)
{
    const struct sockaddr_in *v4 = (const void *)from;
    const uint8_t *a = (const void *)&v4->sin_addr;
    char host[46], port[8];

    peer[0] = 0;
    if (from->ss_family == AF_INET) /* the common case, without the library */
        snprintf(peer, cap, "%u.%u.%u.%u:%u", a[0], a[1], a[2], a[3],
                 ntohs(v4->sin_port));
    else if (getnameinfo((const struct sockaddr *)from, len, host, sizeof host,
                         port, sizeof port,
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(peer, cap, from->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                 host, port);
}

static void accept_from(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    struct sockaddr_storage from;
    char peer[60];

    (void)what;
    loop_awake(l);
    /* A few at a time, so that other loops get their share. */
    for (int i = 0; i < (l->server->loops_len > 1 ? 4 : 64); i++) {
        socklen_t len = sizeof from;
        int conn_fd;
        if (atomic_load(&l->server->connections) >=
            l->server->config.max_connections) {
            l->accepting = false; /* the tick starts it again */
            break;
        }
        conn_fd = accept4(fd, (struct sockaddr *)&from, &len,
                          SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (conn_fd < 0) {
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM)
                l->accepting = false;
            break;
        }
        peer_text(peer, sizeof peer, &from, len);
        conn_accept(l, conn_fd, peer);
    }
    if (!l->accepting)
        for (size_t i = 0; i < l->server->listeners_len; i++)
            event_del(l->accept_events[i]);
}

static void accept_again(struct loop *l)
{
    if (l->accepting || atomic_load(&l->server->leaving))
        return;
    l->accepting = true;
    for (size_t i = 0; i < l->server->listeners_len; i++)
        event_add(l->accept_events[i], NULL);
}

/* ---- the turn ---- */

static void on_inbox(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    loop_awake(arg);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    uint64_t n;

    (void)what;
    loop_awake(l);
    if (read(fd, &n, sizeof n) < 0)
        return;
    if (atomic_load(&l->server->leaving) && l->accepting) {
        l->accepting = false;
        for (size_t i = 0; i < l->server->listeners_len; i++)
            event_del(l->accept_events[i]);
    }
}

static void leave_all(struct loop *l)
{
    for (struct conn *c = l->conns, *next; c; c = next) {
        next = c->next;
        if (c->leaving)
            continue;
        c->leaving = true;
        if (c->protocol->leave)
            c->protocol->leave(c);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;

    (void)fd, (void)what;
    loop_awake(l);
    accept_again(l);
    for (struct conn *c = l->conns, *next; c; c = next) {
        next = c->next;
        if (c->patient)
            conn_patient(c, false);
        if (c->write_ms &&
            l->now_ms - c->write_ms > l->server->config.write_timeout_ms)
            conn_kill(c);
        else if (c->protocol->tick)
            c->protocol->tick(c, l->now_ms);
    }
}

static void flush_all(struct loop *l)
{
    while (l->dirty) {
        struct conn *c = l->dirty;
        l->dirty = c->next_dirty;
        c->dirty = false;
        if (!c->dead)
            c->protocol->flush(c);
    }
    while (l->dead) {
        struct conn *c = l->dead;
        l->dead = c->next_dead;
        free(c);
    }
}

static void *run(void *arg)
{
    struct loop *l = arg;

    while (!atomic_load(&l->server->stop)) {
        event_base_loop(l->base, EVLOOP_ONCE);
        loop_awake(l);
        do {
            completions(l);
            if (atomic_load(&l->server->leaving))
                leave_all(l);
            flush_all(l);
        } while (!provernet_inbox_awake(l->inbox, false));
        l->awake = false;
    }
    while (l->conns)
        conn_kill(l->conns);
    flush_all(l);
    return NULL;
}

/* ---- beginning and end ---- */

static provernet_status loop_open(struct loop *l, provernet_error *err)
{
    struct server *s = l->server;
    struct event_config *cfg = event_config_new();
    struct timeval second = { 1, 0 };
    provernet_status st;

    l->free_slot = NO_SLOT;
    l->wake_fd = -1;
    l->now_ms = monotonic_ms();
    if (!cfg)
        return PROVERNET_ERR_NOMEM;
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV);
    l->base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    if (!l->base)
        return PROVERNET_ERR_NOMEM;
    st = provernet_inbox_open(s->node, &l->inbox, err);
    if (st != PROVERNET_OK)
        return st;
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->inbox_event = event_new(l->base, provernet_inbox_fd(l->inbox),
                               EV_READ | EV_PERSIST, on_inbox, l);
    l->tick_event = event_new(l->base, -1, EV_PERSIST, on_tick, l);
    l->wake_event =
        event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    if (l->wake_fd < 0 || !l->inbox_event || !l->tick_event || !l->wake_event)
        return PROVERNET_ERR_NOMEM;
    event_add(l->inbox_event, NULL);
    event_add(l->tick_event, &second);
    event_add(l->wake_event, NULL);
    for (size_t i = 0; i < s->listeners_len; i++) {
        l->accept_events[i] = event_new(l->base, s->listeners[i].fd,
                                        EV_READ | EV_PERSIST, accept_from, l);
        if (!l->accept_events[i])
            return PROVERNET_ERR_NOMEM;
        event_add(l->accept_events[i], NULL);
    }
    l->accepting = true;
    return PROVERNET_OK;
}

static void loop_close(struct loop *l)
{
    struct event *events[] = { l->inbox_event, l->tick_event, l->wake_event };

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i])
            event_free(events[i]);
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        if (l->accept_events[i])
            event_free(l->accept_events[i]);
    provernet_inbox_close(l->inbox);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    if (l->base)
        event_base_free(l->base);
    free(l->slots);
}

static void wake(struct server *s)
{
    uint64_t one = 1;

    for (unsigned i = 0; i < s->loops_len; i++)
        if (s->loops[i].wake_fd >= 0 &&
            write(s->loops[i].wake_fd, &one, sizeof one) < 0)
            continue; /* full: it is awake */
}

provernet_status server_bind(struct server **out, const struct server_config *c,
                             provernet_error *err)
{
    struct server *s = calloc(1, sizeof *s);
    provernet_status st;

    *out = NULL;
    if (!s)
        return PROVERNET_ERR_NOMEM;
    s->config = *c;
    if (c->tls_cert && *c->tls_cert) {
        s->tls = tls_context(c, err);
        if (!s->tls) {
            free(s);
            return PROVERNET_ERR_CONFIG;
        }
    }
    st = http2_setup(s) ? listeners_open(s, err) : PROVERNET_ERR_NOMEM;
    if (st != PROVERNET_OK) {
        server_free(s);
        return st;
    }
    *out = s;
    return PROVERNET_OK;
}

uint16_t server_port(const struct server *s)
{
    return s->listeners[0].port;
}

const char *server_address(const struct server *s, size_t i)
{
    return i < s->listeners_len ? s->listeners[i].text : NULL;
}

provernet_status server_start(struct server *s, provernet *pn,
                              provernet_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned want = s->config.loops ? s->config.loops : cores > 3 ? 2 : 1;
    provernet_status st = PROVERNET_OK;

    s->node = pn;
    s->loops = calloc(want, sizeof *s->loops);
    if (!s->loops)
        return PROVERNET_ERR_NOMEM;
    s->loops_len = want;
    for (unsigned i = 0; i < want; i++)
        s->loops[i].wake_fd = -1;
    for (unsigned i = 0; i < want && st == PROVERNET_OK; i++) {
        s->loops[i].server = s;
        st = loop_open(&s->loops[i], err);
        if (st == PROVERNET_OK &&
            pthread_create(&s->loops[i].thread, NULL, run, &s->loops[i]) != 0)
            st = PROVERNET_ERR_NOMEM;
        s->loops[i].started = st == PROVERNET_OK;
    }
    return st;
}

void server_stop(struct server *s, int64_t grace_ms)
{
    int64_t end = monotonic_ms() + grace_ms;
    struct timespec nap = { 0, 10 * 1000000 };

    atomic_store(&s->leaving, true);
    wake(s);
    while (atomic_load(&s->connections) > 0 && monotonic_ms() < end)
        nanosleep(&nap, NULL);
    atomic_store(&s->stop, true);
    wake(s);
    for (unsigned i = 0; i < s->loops_len; i++)
        if (s->loops[i].started) {
            pthread_join(s->loops[i].thread, NULL);
            s->loops[i].started = false;
        }
    listeners_close(s);
}

void server_free(struct server *s)
{
    if (!s)
        return;
    server_stop(s, 0);
    for (unsigned i = 0; i < s->loops_len; i++)
        if (s->loops[i].server)
            loop_close(&s->loops[i]);
    free(s->loops);
    http2_teardown(s);
    SSL_CTX_free(s->tls);
    free(s);
}
