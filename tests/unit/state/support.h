/* tests/unit/state/support.h - a state in a directory of its own, and rows for
 * it in few words. */
#ifndef TESTS_STATE_SUPPORT_H
#define TESTS_STATE_SUPPORT_H
#include "state/state.h"
#include "base/error.h"
#include <stdbool.h>

typedef struct home {
    char dir[64], path[96];
    pvn_env env;
    pvn_state *st;
    pvn_arena arena; /* of the open batch */
    pvn_rows rows;
    int64_t now_ms;
    provernet_error err;
} home;

/* A fresh directory; the state is open. */
void home_make(home *h);
void home_open(home *h);
provernet_status home_try_open(home *h);
void home_close(home *h);
void home_remove(home *h);

void batch_begin(home *h);
provernet_status batch_store(home *h);
/* store and commit; the batch is over in any case */
provernet_status batch_commit(home *h);
void batch_drop(home *h);

/* Load one row of the open batch by the key in *key; NULL: absent. */
void *row_get(home *h, pvn_table table, const void *key);
void *row_make(home *h, pvn_table table, const void *key);
/* Run one scan in the open batch. */
pvn_want *row_scan(home *h, pvn_want want);

provernet_id id_of(uint64_t n);
/* Fill the columns of a row from a seed: keys and others alike. Its bytes and
 * texts lie in the arena. */
void row_fill(pvn_arena *a, pvn_table table, void *row, uint64_t seed,
              bool keys, bool others);
/* The first column that differs, or NULL. */
const char *row_differs(pvn_table table, const void *a, const void *b);
#endif
