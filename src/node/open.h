/* node/open.h - opening a node with its entry; src/provernet.c calls this. */
#ifndef PVN_NODE_OPEN_H
#define PVN_NODE_OPEN_H
#include "node/call.h"
#include "state/state.h"

typedef struct pvn_node_config {
    const provernet_options *options; /* copied */
    const provernet_env *env;         /* NULL members: this machine's */
    const pvn_entry *entry;
    /* Does what pvn_node_errand asks for, in seconds; NULL: nothing is done. */
    provernet_status (*errand)(const char *url, provernet_error *err);
    /* pvn_rules.memory */
    uint64_t (*memory)(const char *kind, uint64_t program_bytes,
                       uint64_t inputs_bytes);
    /* Tests pass their own; NULL: SQLite in data.dir, files of this machine. */
    const pvn_files *files;
    provernet_status (*open_state)(void *user, pvn_state **out,
                                   const char *path, const pvn_env *env,
                                   provernet_error *err);
    void *open_state_user;
} pvn_node_config;
provernet_status pvn_node_open(provernet **out, const pvn_node_config *cfg,
                               provernet_error *err);
/* What net/ hangs on a node (the worker channel): stopped first at close. */
void pvn_node_attach(provernet *n, void *thing, void (*stop)(void *thing));
/* One thing at most; NULL if none. */
void *pvn_node_attached(const provernet *n, void (*stop)(void *thing));
#endif
