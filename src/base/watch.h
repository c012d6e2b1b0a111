/* base/watch.h - progress out, cancel in: shared by whoever works long.
 *
 * The worker side calls pvn_watch_at() at stage boundaries and now and then
 * inside a stage; any other thread may read or cancel. Lock-free. Behind the
 * public provernet_watch (prove.h). */
#ifndef PVN_BASE_WATCH_H
#define PVN_BASE_WATCH_H
#include <provernet/prove.h>
#include <stdatomic.h>
#include <stdbool.h>

struct provernet_watch {
    _Atomic(const char *) stage; /* static text: "MSM A", "verify", ... */
    atomic_int permille;         /* 0..1000, never backwards */
    atomic_bool cancelled;
};

/* Report; true = go on, false = cancelled: stop and return ERR_CANCELLED.
 * w may be NULL (true). `stage` must be static text; NULL keeps the last. */
bool pvn_watch_at(provernet_watch *w, const char *stage, int permille);
#endif
