/* cmd/work.h - a worker's inner loop, in a process of its own or beside the
 * server. Includes the public headers. */
#ifndef CMD_WORK_H
#define CMD_WORK_H
#include <provernet/provernet.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { WORK_ENGINES = 16 };

struct work {
    provernet_worker *worker;
    provernet_engine *engines[WORK_ENGINES]; /* one per device */
    unsigned engines_len;
    provernet_sp1_gpu *sp1[WORK_ENGINES]; /* SP1's GPU servers */
    unsigned sp1_len;                     /* neither: mock */
    int64_t mock_delay_ms;
    unsigned slots;
    /* ---- kept here ---- */
    pthread_t threads[64 + WORK_ENGINES];
    unsigned threads_len;
    atomic_uint next_slot;
    atomic_uint done, failed;
    atomic_bool ended; /* the server refused for good */
    provernet_error last;
    pthread_mutex_t lock;
};

/* What the devices of a list can prove, for worker.kinds; NULL: its default. */
const char *work_kinds(const char *devices);
/* Open the devices of a list, "cuda:0,cuda:1,sp1-gpu:0", and have a job for
 * each: in w->slots and worker.slots of o. Nothing is left open on error. They
 * are closed with work_close_engines. */
PROVERNET_MUST_USE provernet_status
work_open_engines(struct work *w, const char *devices,
                  struct provernet_options *o, provernet_error *err);
void work_close_engines(struct work *w);
/* What happened to the devices since, into the log at that level. */
void work_news(struct work *w, int level);
/* "NVIDIA H100; NVIDIA H100" for people. */
void work_words(const struct work *w, char *buf, size_t cap);

/* Start the threads that do up to w->slots jobs at a time until work_stop. */
PROVERNET_MUST_USE provernet_status work_start(struct work *w,
                                               provernet_error *err);
/* Take no more; wait for those in hand. The worker and the engine stay the
 * caller's. */
void work_stop(struct work *w);
#endif
