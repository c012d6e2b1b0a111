/* tests/unit/snark/team.c - see team.h: starts its threads anew for each
 * call. */
#include "team.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct test_team {
    unsigned threads;
    void (*fn)(void *arg, size_t i);
    void *arg;
    size_t n;
    atomic_size_t next;
};

test_team *test_team_new(unsigned threads)
{
    test_team *t = calloc(1, sizeof *t);

    if (!t)
        abort();
    t->threads = threads;
    return t;
}

void test_team_free(test_team *t)
{
    free(t);
}

static void *work(void *arg)
{
    test_team *t = arg;

    for (;;) {
        size_t i = atomic_fetch_add(&t->next, 1);

        if (i >= t->n)
            return NULL;
        t->fn(t->arg, i);
    }
}

static void run(void *team, void (*fn)(void *arg, size_t i), void *arg,
                size_t n)
{
    test_team *t = team;
    pthread_t id[64];

    t->fn = fn;
    t->arg = arg;
    t->n = n;
    atomic_store(&t->next, 0);
    for (unsigned i = 0; i < t->threads; i++)
        if (pthread_create(&id[i], NULL, work, t))
            abort();
    for (unsigned i = 0; i < t->threads; i++)
        pthread_join(id[i], NULL);
}

pvn_par test_team_par(test_team *t)
{
    return (pvn_par){ .run = run, .team = t, .threads = t->threads };
}
