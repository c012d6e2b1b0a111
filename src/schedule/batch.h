/* schedule/batch.h - one batch of operations against a database: load,
 * decide, store, commit. The node's core and the simulation run the same one.
 * Pure but for what `st` does; includes op.h and state.h. */
#ifndef PVN_SCHEDULE_BATCH_H
#define PVN_SCHEDULE_BATCH_H
#include "schedule/op.h"
#include "state/state.h"

/* What a committed batch means to those who wait. Arrays: in the batch's
 * arena. Hints only: the rows are the truth. */
typedef struct pvn_hints {
    provernet_id *request;  /* requests whose state changed ... */
    int64_t *request_state; /* ... and the state they have now */
    size_t requests_len;
    const char **kind_ready; /* kinds of which a task became ready (each once;
                                with tasks_ready of them) */
    size_t *tasks_ready;
    size_t kinds_len;
    const pvn_row *rows; /* all rows of the batch as they are now */
    bool events;     /* events were written */
    bool wrote;      /* something was written at all */
    int64_t tick_ms; /* run a TICK then (earliest lease end, deadline or
                        back-off among the changed rows); INT64_MAX: none */
} pvn_hints;

/* Runs the ops of the list (->next) in order. On OK they are parted into two
 * lists, in order: *done (op->done is true, answers may go out) and *again:
 * put those at the head of the next batch (pvn_op_rewind was called).
 *
 * Else: rolled back, nothing was done, every op is rewound, *done is NULL and
 * *again is the whole list as it was. ERR_NOMEM and ERR_INTERNAL leave the
 * database usable; after another error it must be closed and opened again.
 *
 * `arena` is the caller's: reset it after the hints are used and before the
 * next batch. now_ms may be NULL: the time the batch ran at. */
provernet_status pvn_batch_run(pvn_state *st, pvn_arena *arena, pvn_op *first,
                               const pvn_rules *rules, const pvn_env *env,
                               pvn_op **done, pvn_op **again, pvn_hints *hints,
                               int64_t *now_ms, provernet_error *err);
#endif
