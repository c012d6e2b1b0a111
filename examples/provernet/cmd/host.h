/* cmd/host.h - a whole server in this process: node, sockets, worker. What
 * `serve` runs and `demo` runs for five seconds. */
#ifndef CMD_HOST_H
#define CMD_HOST_H
#include "../cfg/settings.h"
#include "../net/server.h"
#include "work.h"

struct host {
    provernet *node;
    struct server *server;
    provernet_worker *worker;
    struct work work;
    bool working;
    char device[300]; /* the engine in words; or why there is none */
};

/* Bind, open the node, start the loops. Nothing is left behind on error. */
PROVERNET_MUST_USE provernet_status host_open(struct host *h,
                                              const struct config *c,
                                              provernet_error *err);
/* Start the worker in this process (server.worker). A machine that cannot
 * prove still serves: then h->device says why. */
void host_work(struct host *h, const struct config *c);
/* Let running proofs finish. give_up (may be NULL) is asked now and then; once
 * it says yes the process exits with 0. */
PROVERNET_MUST_USE provernet_status host_drain(struct host *h,
                                               int64_t timeout_ms,
                                               bool (*give_up)(void));
void host_close(struct host *h, int64_t grace_ms);

/* GET a path of the node's own endpoint, without a socket: the answer's body
 * (freed by the caller) or NULL. */
char *host_get(provernet *pn, const char *path, int *status);
/* "CPU, 8 threads, adx" from provernet_engine_describe's JSON. */
void engine_words(const provernet_engine *e, char *buf, size_t cap);
#endif
