/* net/loop.h - what the files of net/ share: a loop, a connection, a call.
 *
 * Everything here belongs to the loop's own thread. */
#ifndef NET_LOOP_H
#define NET_LOOP_H
#include "buffer.h"
#include "server.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

enum { LISTENERS_MAX = 8, SCRATCH = 128 * 1024 };

struct loop;
struct conn;

/* What a connection speaks. */
struct protocol {
    void (*input)(struct conn *c);            /* the socket is readable */
    void (*flush)(struct conn *c);            /* end of turn, or writable */
    void (*tick)(struct conn *c, int64_t ms); /* about once a second */
    void (*leave)(struct conn *c);            /* finish and go away */
    void (*gone)(struct conn *c);             /* free what is the protocol's */
    bool (*patient)(struct conn *c); /* nothing is expected before the answer
                                        has gone; NULL: always something */
};

struct conn {
    struct loop *loop;
    struct conn *next, *prev; /* of all connections */
    struct conn *next_dirty, *next_dead;
    const struct protocol *protocol;
    void *state; /* the protocol's */
    SSL *ssl;
    int fd;
    bool reading, writing, dirty, dead, eof, leaving;
    bool armed;            /* the socket is watched for bytes */
    bool patient;          /* reading, yet not watched: see conn_patient */
    int64_t since_ms;      /* when the present wait began */
    int64_t write_ms;      /* when `out` last moved; 0: it is empty */
    struct buffer in, out; /* not yet understood; not yet sent */
    struct event rd, wr;
    char peer[56];
};

/* One exchange: a call of the library and who waits for it. */
struct exchange {
    provernet_call *call;
    void (*ready)(struct exchange *x, uint32_t what);
    uint64_t tag;
};

struct slot {
    struct exchange *exchange;
    uint32_t generation, next_free;
};

struct server {
    struct server_config config;
    provernet *node;
    SSL_CTX *tls;
    nghttp2_session_callbacks *h2_callbacks;
    nghttp2_option *h2_options;
    struct listener {
        int fd;
        uint16_t port;
        char text[72];
    } listeners[LISTENERS_MAX];
    size_t listeners_len;
    struct loop *loops;
    unsigned loops_len;
    atomic_uint connections;
    atomic_bool leaving, stop;
};

struct loop {
    struct server *server;
    pthread_t thread;
    bool started;
    struct event_base *base;
    provernet_inbox *inbox;
    struct event *inbox_event, *tick_event, *wake_event;
    struct event *accept_events[LISTENERS_MAX];
    int wake_fd;
    bool awake, accepting; /* awake: see loop_awake */
    int64_t now_ms; /* monotonic, of this turn */
    struct conn *conns, *dirty, *dead;
    size_t conns_len;
    struct slot *slots;
    uint32_t slots_len, free_slot;
    uint8_t in[SCRATCH], out[SCRATCH];
};

/* ---- connections (conn.c) ---- */
void conn_accept(struct loop *l, int fd, const char *peer);
/* > 0 bytes; 0: nothing now (c->eof: never again); -1: the connection failed */
long conn_read(struct conn *c, void *buf, size_t cap);
/* Send or keep in c->out; -1: it failed and is dead. `more`: bytes follow. */
int conn_send(struct conn *c, const void *data, size_t len, bool more);
/* Send what waits in c->out. 1: all gone; 0: the socket is full; -1: dead. */
int conn_drain(struct conn *c);
void conn_want_read(struct conn *c, bool on);
/* A connection that comes with its whole request, and ends with the answer, is
 * never given to epoll. A tick ends all patience: who left is noticed then. */
void conn_patient(struct conn *c, bool on);
void conn_want_write(struct conn *c, bool on);
/* flush is called at the end of this turn. */
void conn_dirty(struct conn *c);
/* Closed now; the memory goes at the end of the turn. */
void conn_kill(struct conn *c);
void conn_speak(struct conn *c, const struct protocol *p, void *state);

/* ---- exchanges (loop.c) ---- */
/* Open a call whose completions go to x->ready. */
provernet_status exchange_open(struct loop *l, struct exchange *x,
                               const provernet_head *h, provernet_error *err);
void exchange_close(struct loop *l, struct exchange *x);
/* The call of `from` is `to`'s from now on. */
void exchange_move(struct loop *l, struct exchange *to, struct exchange *from);
/* Begins every event of a turn: the turn ends with a look into the inbox, which
 * need not call until then. */
void loop_awake(struct loop *l);

/* ---- protocols ---- */
extern const struct protocol protocol_first; /* looks at the first bytes */
extern const struct protocol protocol_tls;   /* handshake */
bool http1_begin(struct conn *c);
bool http2_begin(struct conn *c);
bool sp_begin(struct conn *c);
bool http2_setup(struct server *s);
void http2_teardown(struct server *s);
SSL_CTX *tls_context(const struct server_config *c, provernet_error *err);
bool tls_begin(struct conn *c);
enum { WS_KEY_CHARS = 24 };
struct h1_head;
/* Does this head ask for a WebSocket? 1: yes, *key is its key. 0: no. < 0:
 * badly: refuse with HTTP status -result. */
int websocket_asked(const struct h1_head *h, const char **key);
/* The library has accepted: speak WebSocket from now on. x is taken over.
 * false: no memory, nothing changed. */
bool websocket_begin(struct conn *c, struct exchange *x, const char *key,
                     bool text);

provernet_status listeners_open(struct server *s, provernet_error *err);
void listeners_close(struct server *s);
int64_t monotonic_ms(void);
#endif
