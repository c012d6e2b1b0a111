/* cmd/work.h - a worker's inner loop, in a process of its own or beside the
 * server. Includes the public headers. */
#ifndef CMD_WORK_H
#define CMD_WORK_H
#include <provernet/provernet.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct work {
    provernet_worker *worker;
    provernet_engine *engine; /* NULL: mock */
    int64_t mock_delay_ms;
    unsigned slots;
    /* ---- kept here ---- */
    pthread_t threads[65];
    unsigned threads_len;
    atomic_uint done, failed;
    atomic_bool ended; /* the server refused for good */
    provernet_error last;
    pthread_mutex_t lock;
};

/* Start the threads that do up to w->slots jobs at a time until work_stop. */
PROVERNET_MUST_USE provernet_status work_start(struct work *w,
                                               provernet_error *err);
/* Take no more; wait for those in hand. The worker and the engine stay the
 * caller's. */
void work_stop(struct work *w);
#endif
