/* node/recent.h - accounts and requests as the last commits left them.
 *
 * A hint for those who only look: a status or a nonce is then answered on the
 * caller's thread, without the core, its lock or the database. Used only where
 * nobody else writes (pvn_state.alone); forgotten whole when a commit fails.
 * No decision is made from it. Bounded; any thread. Includes schedule/op.h. */
#ifndef PVN_NODE_RECENT_H
#define PVN_NODE_RECENT_H
#include "base/map.h"
#include "schedule/op.h"
#include <pthread.h>

typedef struct pvn_kept pvn_kept;
typedef struct pvn_recent {
    pthread_mutex_t lock;
    pvn_map by_key, by_name;
    pvn_kept *newest, *oldest; /* in order of use */
    size_t bytes;
} pvn_recent;

void pvn_recent_init(pvn_recent *r, uint64_t seed);
void pvn_recent_free(pvn_recent *r); /* zeroed is fine */
/* Before anybody hears of the commit: all rows of its batch. */
void pvn_recent_learn(pvn_recent *r, const pvn_row *first);
void pvn_recent_forget(pvn_recent *r);
/* Answers the op if its row is here: op->done. */
bool pvn_recent_look(pvn_recent *r, pvn_op *op);
#endif
