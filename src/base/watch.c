/* base/watch.c - see watch.h. Includes base/ only. */
#include "base/watch.h"
#include <stdlib.h>

provernet_watch *provernet_watch_new(void)
{
    provernet_watch *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    atomic_init(&w->stage, "starting");
    atomic_init(&w->permille, 0);
    atomic_init(&w->cancelled, false);
    return w;
}

void provernet_watch_free(provernet_watch *w)
{
    free(w);
}

int provernet_watch_read(const provernet_watch *w, const char **stage)
{
    if (stage)
        *stage = atomic_load(&w->stage);
    return atomic_load(&w->permille);
}

void provernet_watch_cancel(provernet_watch *w)
{
    atomic_store(&w->cancelled, true);
}

bool pvn_watch_at(provernet_watch *w, const char *stage, int permille)
{
    int was;

    if (!w)
        return true;
    if (stage)
        atomic_store(&w->stage, stage);
    was = atomic_load(&w->permille);
    while (permille > was &&
           !atomic_compare_exchange_weak(&w->permille, &was, permille))
        ;
    return !atomic_load(&w->cancelled);
}
