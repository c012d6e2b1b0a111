/* node/wake.h - one thread sleeps, another wakes it. Costs a system call only
 * when somebody sleeps. No clock: times are relative. */
#ifndef PVN_NODE_WAKE_H
#define PVN_NODE_WAKE_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pvn_wake {
    atomic_int word; /* 0: awake, nothing to hear; 1: posted; -1: asleep */
} pvn_wake;

/* Any thread. A post that nobody waits for is kept (once). */
void pvn_wake_post(pvn_wake *w);
/* One thread. Until posted or about timeout_ms (negative: for ever) passed;
 * may return early. true: a post was taken. */
bool pvn_wake_wait(pvn_wake *w, int64_t timeout_ms);
bool pvn_wake_wait_us(pvn_wake *w, int64_t timeout_us);
#endif
