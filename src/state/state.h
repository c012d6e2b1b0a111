/* state/state.h - the database: rows, bounded scans, commit. No rule.
 *
 * One thread (the node's core) at a time. Two implementations of one table of
 * functions; tests have a third, in memory. After a failed commit nothing is
 * believed: the caller closes and opens again (design-notes 28). */
#ifndef PVN_STATE_STATE_H
#define PVN_STATE_STATE_H
#include "base/env.h"
#include "state/rows.h"

typedef struct pvn_state pvn_state;
typedef struct pvn_state_ops {
    /* Start a batch. *now_ms is the time of the database's clock for all of
     * it: never before the last one given. */
    provernet_status (*begin)(pvn_state *st, int64_t *now_ms,
                              provernet_error *err);
    /* Load every want of the list that is not loaded yet into rows. */
    provernet_status (*load)(pvn_state *st, pvn_rows *rows, pvn_want *wants,
                             provernet_error *err);
    /* Write fresh, dirty and deleted rows and events. */
    provernet_status (*store)(pvn_state *st, pvn_rows *rows,
                              provernet_error *err);
    /* OK: on disk (fsynced). A batch without changes may skip the disk. */
    provernet_status (*commit)(pvn_state *st, provernet_error *err);
    void (*rollback)(pvn_state *st);
    /* Gauges: counts of open requests by kind and state, as JSON; for
     * /metrics, at most every few seconds. */
    provernet_status (*count)(pvn_state *st, pvn_arena *a, const char **json,
                              provernet_error *err);
    void (*close)(pvn_state *st);
} pvn_state_ops;
struct pvn_state {
    const pvn_state_ops *ops;
    bool quick; /* load never waits for a network: any thread may lend itself
                   to a batch of reads (still one at a time) */
    bool alone; /* nobody else writes: a row is what the last commit here left
                   of it */
};

/* SQLite in file `path` (WAL, synchronous=FULL), made or brought up to the
 * newest schema. ERR_SCHEMA: made by a newer version. ERR_STATE: locked by
 * another process. */
provernet_status pvn_state_sqlite_open(pvn_state **out, const char *path,
                                       const pvn_env *env,
                                       provernet_error *err);
#endif
