/* schedule/why.h - why a request waits, in words. Pure. */
#ifndef PVN_SCHEDULE_WHY_H
#define PVN_SCHEDULE_WHY_H
#include "state/rows.h"

/* Who could do it now: is a worker of the kind connected, and how much memory
 * has the largest (0: unknown)? */
typedef struct pvn_served {
    bool here;
    int64_t memory_bytes;
} pvn_served;
pvn_served pvn_kind_served(const pvn_worker *const *workers, size_t len,
                           const char *kind);

/* Why an open request waits, or why it failed; empty when it does neither.
 * main_task may be NULL (not looked up). Returns the length; always ends with
 * NUL, cut at a UTF-8 boundary. */
size_t pvn_request_waits_for(const pvn_request *q, const pvn_task *main_task,
                             pvn_served served, int64_t now_ms, char *buf,
                             size_t cap);
#endif
