/* base/lock.c - see lock.h. */
#include "base/lock.h"

void pvn_lock_init(pvn_lock *l)
{
    pthread_mutex_init(&l->mutex, NULL);
}

void pvn_lock_take(pvn_lock *l)
{
    pthread_mutex_lock(&l->mutex);
}

void pvn_lock_give(pvn_lock *l)
{
    pthread_mutex_unlock(&l->mutex);
}

void pvn_lock_end(pvn_lock *l)
{
    pthread_mutex_destroy(&l->mutex);
}
