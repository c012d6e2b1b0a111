/* tests/client/worker.h - a worker of our own wire over nng's bytes, written
 * from docs/worker-protocol.md and the SP mapping for TCP alone: it shares no
 * code with the library's worker. One thread, one socket, no nng. */
#ifndef TESTS_WORKER_H
#define TESTS_WORKER_H
#include "client.h"

typedef struct tc_worker {
    int fd;
    uint8_t session[16], up[32], down[32];
    uint32_t question; /* number of the last one */
    uint64_t counter[8];
    uint64_t beat_ms;
} tc_worker;

/* Connect and greet. */
bool tc_worker_dial(tc_worker *w, const char *host, uint16_t port);
/* Challenge and hello under this key and name. The answer's status (0: it is
 * welcome), or 1000 without an answer. */
int tc_worker_hello(tc_worker *w, const provernet_key *key, const char *name,
                    const char *kinds);
void tc_worker_close(tc_worker *w);
/* Send one sealed question: `ask` is a packed Ask. Its number, 0: broken. */
uint32_t tc_worker_ask(tc_worker *w, unsigned lane, const tc_buf *ask);
/* "Give me one task, park me": on lane 0. A sign of life: on lane 1. */
uint32_t tc_worker_lease(tc_worker *w);
uint32_t tc_worker_renew(tc_worker *w);
/* The next answer: the number of its question, its packed Answer in *out (free
 * it). 0: none came, or it is not sealed as it must be. */
uint32_t tc_worker_answer(tc_worker *w, tc_buf *out);
/* Raw: one message of nng's, and the next one's bytes (words included). */
bool tc_sp_send(int fd, const void *data, size_t len);
bool tc_sp_recv(int fd, tc_buf *out);
#endif
