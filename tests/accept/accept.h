/* tests/accept/accept.h - what the acceptance programs share: circuits, API
 * answers, worker processes. For tests; links the public library only. */
#ifndef TESTS_ACCEPT_H
#define TESTS_ACCEPT_H
#include "client.h"
#include "patience.h"
#include "server.h"
#include <provernet/groth16.h>
#include <jansson.h>

typedef struct circuit {
    void *zkey, *wtns, *json;
    size_t zkey_len, wtns_len, json_len, vk_len;
    uint8_t vk[8192], hash[32];
    provernet_groth16_vk *parsed;
} circuit;

/* Everything that must hold; prints where it did not and ends the test. */
#define MUST(what)                                                             \
    do {                                                                       \
        if (!(what))                                                           \
            must_failed(__FILE__, __LINE__, #what);                            \
    } while (0)
void must_failed(const char *file, int line, const char *what);
/* Wait until it holds. */
#define AWAIT(what) AWAIT_BY(MUST, what)

/* From PREFIX.zkey or DIR/circuit.zkey and so on; ends the test if absent. */
void circuit_load(circuit *c, const char *zkey, const char *wtns,
                  const char *vk);
void circuit_free(circuit *c);
/* Program artifact and CreateProgram. */
bool circuit_register(circuit *c, tc_user *u);
/* One request with a witness of its own; the deadline is in an hour. */
bool circuit_request(const circuit *c, tc_user *u, uint8_t id32[32]);
/* Is the artifact at this address a proof of the circuit? */
bool circuit_judge(const circuit *c, const char *uri);
/* Wait until it is settled: its fulfillment status, or 0: it never was. */
int request_wait(tc_user *u, const uint8_t id32[32], tc_status *out);

/* GET of the server's API; NULL: no answer or no JSON. */
json_t *api_get(const tc_server *s, const char *path);
/* The request's object of the API. */
json_t *api_request(const tc_server *s, const uint8_t id32[32]);
/* The text or number of a member; "" or -1. */
const char *api_text(json_t *o, const char *name);
int64_t api_number(json_t *o, const char *name);

/* `provernet worker` for the server with more arguments (NULL-terminated);
 * key and log lie in the server's directory under `name`. */
pid_t worker_start(const tc_server *s, const char *provernet, const char *name,
                   const char *const *extra);
void worker_end(pid_t *pid, int signal); /* 0: nothing */
/* Run to its end; what it printed (both streams) to *out. The exit status, or
 * -signal; -1000 if it does not end. */
int run_program(const char *const *argv, tc_buf *out);
#endif
