/* node/wake.c - see wake.h: a futex of three values. */
#include "node/wake.h"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ASLEEP = -1, AWAKE = 0, POSTED = 1 };

void pvn_wake_post(pvn_wake *w)
{
    if (atomic_exchange_explicit(&w->word, POSTED, memory_order_acq_rel) ==
        ASLEEP)
        syscall(SYS_futex, &w->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

bool pvn_wake_wait_us(pvn_wake *w, int64_t timeout_us)
{
    struct timespec ts = { .tv_sec = (time_t)(timeout_us / 1000000),
                           .tv_nsec = (long)(timeout_us % 1000000) * 1000 };
    int was = AWAKE;

    if (timeout_us != 0 &&
        atomic_compare_exchange_strong_explicit(
            &w->word, &was, ASLEEP, memory_order_acq_rel, memory_order_acquire))
        syscall(SYS_futex, &w->word, FUTEX_WAIT_PRIVATE, ASLEEP,
                timeout_us < 0 ? NULL : &ts, NULL, 0);
    return atomic_exchange_explicit(&w->word, AWAKE, memory_order_acq_rel) ==
           POSTED;
}

bool pvn_wake_wait(pvn_wake *w, int64_t timeout_ms)
{
    return pvn_wake_wait_us(w, timeout_ms < INT64_MAX / 1000 ? timeout_ms * 1000
                                                             : -1);
}
