/* snark/bn254/work.h - large memory and work queues for msm.c and ntt.c;
 * includes snark/par.h and base/watch.h. */
#ifndef PVN_BN254_WORK_H
#define PVN_BN254_WORK_H
#include "base/watch.h"
#include "snark/par.h"
#include <provernet/base.h>

/* Zeroed pages, in huge pages where the system has them; pages that are never
 * touched cost nothing. NULL if there is no memory; size 0 gives one page. */
void *pvn_pages_new(size_t bytes);
void pvn_pages_free(void *p, size_t bytes); /* NULL is fine */

/* Large memory of one computation, kept from step to step: pages that the
 * system has cleared once need not be cleared again. Pieces smaller than a huge
 * page are cut from blocks of huge pages: clearing 2 MiB at once takes a tenth
 * of what 512 faults take. One thread uses it. Begin with zeroes, end with
 * pvn_pool_empty. */
enum { PVN_POOL_PLACES = 32, PVN_POOL_BLOCKS = 4 };
typedef struct pvn_pool {
    struct pvn_pool_piece {
        void *p;
        size_t bytes;
        bool lent, cut; /* cut: from a block, not mapped by itself */
    } piece[PVN_POOL_PLACES];
    struct pvn_pool_block {
        char *p;
        size_t used;
    } block[PVN_POOL_BLOCKS]; /* the last one that is there is being cut */
} pvn_pool;
/* Unmaps what is not lent: all, at the end. */
void pvn_pool_empty(pvn_pool *pool);

/* Pages of undefined contents, from the pool unless it is NULL. To be freed
 * with the same size. */
void *pvn_scratch_new(pvn_pool *pool, size_t bytes);
void pvn_scratch_free(pvn_pool *pool, void *p, size_t bytes); /* NULL is fine */

static inline pvn_pool *pvn_par_pool(const pvn_par *par)
{
    return par ? par->pool : NULL;
}

/* Call fn(arg, scratch, i) for every i < n, in any order, on the team's
 * threads; each thread has its own scratch (64-byte aligned, contents
 * undefined). Stops early when the watch is cancelled.
 * OK, ERR_NOMEM (nothing was called), ERR_CANCELLED. */
typedef void (*pvn_work_fn)(void *arg, void *scratch, size_t i);
PROVERNET_MUST_USE provernet_status pvn_work(const pvn_par *par, pvn_work_fn fn,
                                             void *arg, size_t n,
                                             size_t scratch_bytes,
                                             provernet_watch *watch);
#endif
