/* schedule/kept.h - what operations that look give back: copies of rows in the
 * op's arena. Pure; for the files of reads. A copy without memory marks the
 * rows as failed, which pvn_kept tells. */
#ifndef PVN_SCHEDULE_KEPT_H
#define PVN_SCHEDULE_KEPT_H
#include "schedule/decide.h"

/* A deep copy; NULL stays NULL. */
const void *pvn_keep(pvn_cx *cx, const void *row);
/* A candidate that nobody has judged is no proof yet. */
const pvn_request *pvn_keep_request(pvn_cx *cx, const pvn_request *q);
/* The same of a copy that was made before. */
const pvn_request *pvn_shown_request(const pvn_request *copy);
/* Room for n things of a size. */
void *pvn_keep_room(pvn_cx *cx, size_t n, size_t size);
/* All rows that the scan found and nobody has deleted: an array of pointers to
 * rows of its table. w may be NULL: none. */
void *pvn_keep_all(pvn_cx *cx, const pvn_want *w, size_t *len);
/* How many of a list are given at once: `limit`, at most 1000; 0: 1000. */
uint32_t pvn_keep_limit(uint32_t limit);
/* The answer of the operation: OK, or ERR_NOMEM in its err. */
provernet_status pvn_kept(pvn_cx *cx);
#endif
