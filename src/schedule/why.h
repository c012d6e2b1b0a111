/* schedule/why.h - why a request waits, in words. Pure. */
#ifndef PVN_SCHEDULE_WHY_H
#define PVN_SCHEDULE_WHY_H
#include "state/rows.h"

/* Why an open request waits, or why it failed; empty when it does neither.
 * main_task may be NULL (not looked up). has_worker: a worker of its kind is
 * connected now. Returns the length; always ends with NUL, cut at a UTF-8
 * boundary. */
size_t pvn_request_waits_for(const pvn_request *q, const pvn_task *main_task,
                             bool has_worker, int64_t now_ms, char *buf,
                             size_t cap);
#endif
