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
