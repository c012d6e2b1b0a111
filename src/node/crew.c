/* node/crew.c - threads for slow work (fsync, verification, removal), or none:
 * then whoever steps the node does it. Includes node/inside.h only. */
#include "node/inside.h"
#include <stdlib.h>

static pvn_chore *take(pvn_crew *c)
{
    pvn_chore *chore = c->first;

    if (chore) {
        c->first = chore->next;
        if (!c->first)
            c->last = &c->first;
    }
    return chore;
}

static void *crew_main(void *arg)
{
    pvn_crew *c = arg;
    pvn_chore *chore;

    pthread_mutex_lock(&c->lock);
    for (;;) {
        chore = take(c);
        if (chore) {
            pthread_mutex_unlock(&c->lock);
            chore->work(chore);
            pthread_mutex_lock(&c->lock);
        } else if (c->stop) {
            break;
        } else {
            pthread_cond_wait(&c->more, &c->lock);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

provernet_status pvn_crew_start(pvn_crew *c, size_t threads,
                                provernet_error *err)
{
    int rc;

    c->last = &c->first;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->more, NULL);
    c->started = true;
    if (threads == 0)
        return PROVERNET_OK;
    c->thread = calloc(threads, sizeof *c->thread);
    if (!c->thread)
        return pvn_nomem(err);
    for (; c->threads < threads; c->threads++) {
        rc = pthread_create(&c->thread[c->threads], NULL, crew_main, c);
        if (rc != 0)
            return pvn_fail(err, PROVERNET_ERR_UNAVAILABLE, rc,
                            "cannot start crew thread %zu of %zu: %s",
                            c->threads + 1, threads, strerror(rc));
    }
    return PROVERNET_OK;
}

void pvn_crew_push(pvn_crew *c, pvn_chore *chore)
{
    chore->next = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->stop) {
        pthread_mutex_unlock(&c->lock);
        chore->work(chore);
        return;
    }
    *c->last = chore;
    c->last = &chore->next;
    pthread_cond_signal(&c->more);
    pthread_mutex_unlock(&c->lock);
}

bool pvn_crew_run_one(pvn_crew *c)
{
    pvn_chore *chore;

    pthread_mutex_lock(&c->lock);
    chore = take(c);
    pthread_mutex_unlock(&c->lock);
    if (chore)
        chore->work(chore);
    return chore != NULL;
}

bool pvn_crew_idle(pvn_crew *c)
{
    bool idle;

    pthread_mutex_lock(&c->lock);
    idle = c->first == NULL;
    pthread_mutex_unlock(&c->lock);
    return idle;
}

void pvn_crew_stop(pvn_crew *c)
{
    if (!c->started)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->more);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->threads; i++)
        pthread_join(c->thread[i], NULL);
    while (pvn_crew_run_one(c))
        ;
}

void pvn_crew_free(pvn_crew *c)
{
    if (!c->started)
        return;
    free(c->thread);
    pthread_cond_destroy(&c->more);
    pthread_mutex_destroy(&c->lock);
}
