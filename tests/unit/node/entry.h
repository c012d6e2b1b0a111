/* tests/unit/node/entry.h - a small wire for the node's tests: paths that use
 * every way a handler can go on, and helpers to make exchanges. */
#ifndef PVN_TEST_NODE_ENTRY_H
#define PVN_TEST_NODE_ENTRY_H
#include "node/open.h"
#include "test.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

extern const pvn_entry test_entry;
extern atomic_int test_closed; /* handlers' close was called so often */
extern atomic_int test_hold;   /* "/hold" stays on the crew while this is 1 */

/* A node in a fresh directory. */
typedef struct home {
    char dir[64];
    provernet *node;
    provernet_env env;
    const provernet_env *use_env; /* NULL: the machine's */
    pvn_node_config cfg;
    provernet_options *o;
} home;
void home_make(home *h); /* directory and options; node.threads = 2 */
void home_set(home *h, const char *name, const char *value);
void home_open(home *h);
void home_close(home *h);
void home_remove(home *h); /* closes too */

/* A whole exchange, waited for. */
typedef struct reply {
    int status;
    char body[65536];
    size_t len;
    char trailer[128]; /* value of trailer "x-end" */
} reply;
provernet_call *call_start(provernet_inbox *in, const char *path,
                           const void *body, size_t len, uint64_t tag);
/* true: the answer is whole; false: not yet. Partial bodies are kept in r. */
bool call_collect(provernet_call *c, reply *r);
void call_get(provernet_inbox *in, const char *path, const void *body,
              size_t len, reply *r);

/* Ops against the node. */
provernet_id put_artifact(provernet *n, const char *type, const char *text);
provernet_id submit(provernet *n, const char *key);
void settle_request(provernet *n, const provernet_id *id);
#endif
