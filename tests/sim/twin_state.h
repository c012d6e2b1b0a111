/* tests/sim/twin_state.h - SQLite and the plain memory side by side.
 *
 * Every load goes to both and must give the same rows in the same order; every
 * commit is done by both. So the SQL is checked by all that the simulation
 * does. */
#ifndef PVN_TESTS_TWIN_STATE_H
#define PVN_TESTS_TWIN_STATE_H
#include "sim/mem_state.h"

typedef struct twin_state {
    pvn_state state; /* first */
    mem_state *mem;  /* its faults strike both */
    pvn_state *sql;
    char dir[64];
    uint64_t compared; /* rows */
    char diff[200];    /* where they differed; empty: nowhere */
} twin_state;

/* A database of its own in a new directory. ERR_IO and what SQLite says. */
provernet_status twin_open(twin_state *t, mem_state *mem, const pvn_env *env,
                           provernet_error *err);
void twin_close(twin_state *t); /* removes the directory; not the memory */
#endif
