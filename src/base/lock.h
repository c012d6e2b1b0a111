/* base/lock.h - mutual exclusion for parts that own no thread but whose calls
 * come from several (protocol/): short, never held over a call elsewhere. */
#ifndef PVN_BASE_LOCK_H
#define PVN_BASE_LOCK_H
#include <pthread.h>

typedef struct pvn_lock {
    pthread_mutex_t mutex;
} pvn_lock;

void pvn_lock_init(pvn_lock *l);
void pvn_lock_take(pvn_lock *l);
void pvn_lock_give(pvn_lock *l);
void pvn_lock_end(pvn_lock *l); /* nobody holds it */
#endif
