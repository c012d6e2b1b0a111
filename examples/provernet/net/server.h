/* net/server.h - the sockets of a node: one port, every protocol.
 *
 * N loops, each one thread with its own event base, inbox and connections:
 * nothing crosses threads. Includes the public headers only. */
#ifndef NET_SERVER_H
#define NET_SERVER_H
#include <provernet/provernet.h>

#include <stdbool.h>

struct server;

struct server_config {
    const char *listen;             /* "HOST:PORT[,HOST:PORT]"; port 0: free */
    const char *tls_cert, *tls_key; /* both or none */
    unsigned loops;                 /* 0: by the number of cores */
    unsigned max_connections;       /* of all loops together */
    unsigned max_streams;           /* HTTP/2 streams of one connection */
    size_t header_bytes;            /* largest head or header list */
    int64_t head_timeout_ms;        /* for TLS, a head, an incomplete frame */
    int64_t body_timeout_ms;        /* grace before the least rate counts */
    uint64_t body_min_rate;         /* bytes per second of a request body */
    int64_t idle_timeout_ms;        /* HTTP/2 connections without a call */
    int64_t keep_alive_ms;          /* HTTP/1.1 connections between calls */
    int64_t write_timeout_ms;       /* a peer that reads nothing */
};

/* Bind; nothing is accepted yet, but the ports are known and held.
 * ERR_ADDRESS_IN_USE names the holder, ERR_CONFIG (address, certificate). */
PROVERNET_MUST_USE provernet_status server_bind(struct server **out,
                                                const struct server_config *c,
                                                provernet_error *err);
/* The port of the first address. */
uint16_t server_port(const struct server *s);
/* "127.0.0.1:9000", i = 0, 1, ...; NULL after the last. */
const char *server_address(const struct server *s, size_t i);
/* Start the loops on this node. Accepting when it returns OK. */
PROVERNET_MUST_USE provernet_status server_start(struct server *s,
                                                 provernet *pn,
                                                 provernet_error *err);
/* No new connections; those that are open are told (GOAWAY, close) and get
 * grace_ms to finish. Blocks. */
void server_stop(struct server *s, int64_t grace_ms);
/* Stops first if needed. Before the node is closed. NULL is allowed. */
void server_free(struct server *s);

/* Who has a TCP port on this machine, as `"name" (pid 12)`; false: unknown. */
bool port_holder(uint16_t port, char *text, size_t cap);
#endif
