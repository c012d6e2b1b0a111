/* cmd/profile.c - see profile.h. */
#include "profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STAGES = 24, LOOK_NS = 500000 };

struct profile {
    const provernet_watch *watch;
    pthread_t thread;
    atomic_bool stop;
    size_t len;
    struct {
        const char *name;
        double seconds;
    } stage[STAGES];
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count(struct profile *p, const char *name, double time)
{
    size_t i;

    for (i = 0; i < p->len; i++)
        if (!strcmp(p->stage[i].name, name))
            break;
    if (i == STAGES)
        return;
    if (i == p->len)
        p->stage[p->len++].name = name;
    p->stage[i].seconds += time;
}

static void *look(void *arg)
{
    struct timespec nap = { 0, LOOK_NS };
    struct profile *p = arg;
    double last = seconds(), now;
    const char *name = NULL;

    while (!atomic_load(&p->stop)) {
        nanosleep(&nap, NULL);
        provernet_watch_read(p->watch, &name);
        now = seconds();
        if (name)
            count(p, name, now - last);
        last = now;
    }
    return NULL;
}

struct profile *profile_start(const provernet_watch *w)
{
    struct profile *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->watch = w;
    atomic_init(&p->stop, false);
    if (pthread_create(&p->thread, NULL, look, p) != 0) {
        free(p);
        return NULL;
    }
    return p;
}

json_t *profile_end(struct profile *p, long calls)
{
    json_t *o = json_object();

    if (!p)
        return o;
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    for (size_t i = 0; i < p->len; i++)
        json_object_set_new(o, p->stage[i].name,
                            json_real(p->stage[i].seconds / (double)calls));
    free(p);
    return o;
}
