/* prove/team.c - see team.h. Work is shared out by one atomic counter: a
 * thread that is slow or late simply takes fewer pieces. */
#include "prove/team.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TEAM_MAX = 1024,
    SPINS = 8000, /* looks before sleeping: about the cost of a wake-up */
    STACK_BYTES = 2 << 20
};

struct pvn_team {
    pvn_par par;
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    /* One run: written under lock before `round` is raised. */
    void (*fn)(void *arg, size_t i);
    void *arg;
    size_t n;
    atomic_size_t next;
    atomic_uint busy; /* helpers that have not finished this round */
    atomic_uint round;
    atomic_bool closing;
    bool pin;
    unsigned helpers;
    struct helper {
        pvn_team *team;
        pthread_t thread;
        unsigned index;
    } helper[];
};

unsigned pvn_cores(void)
{
    cpu_set_t set;
    int n;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        n = CPU_COUNT(&set);
        if (n > 0)
            return (unsigned)n;
    }
    n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

/* The index-th core of those this process may use. */
static void pin_to(unsigned index)
{
    cpu_set_t all, one;
    unsigned seen = 0;

    CPU_ZERO(&all);
    if (sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) == 0)
        return;
    index %= (unsigned)CPU_COUNT(&all);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all) || seen++ != index)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        /* Only a wish: a refusal costs speed, not correctness. */
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        return;
    }
}

static void take_pieces(pvn_team *t)
{
    size_t i;

    while ((i = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed)) <
           t->n)
        t->fn(t->arg, i);
}

/* Wait for a round after `seen`. false: the team closes. */
static bool next_round(pvn_team *t, unsigned *seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&t->round) != *seen || atomic_load(&t->closing))
            break;
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    pthread_mutex_lock(&t->lock);
    while (atomic_load(&t->round) == *seen && !atomic_load(&t->closing))
        pthread_cond_wait(&t->start, &t->lock);
    *seen = atomic_load(&t->round);
    pthread_mutex_unlock(&t->lock);
    return !atomic_load(&t->closing);
}

static void *help(void *arg)
{
    struct helper *h = arg;
    pvn_team *t = h->team;
    unsigned seen = 0;

    if (t->pin)
        pin_to(h->index + 1);
    while (next_round(t, &seen)) {
        take_pieces(t);
        if (atomic_fetch_sub(&t->busy, 1) != 1)
            continue;
        pthread_mutex_lock(&t->lock);
        pthread_cond_signal(&t->done);
        pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

static void run(void *team, void (*fn)(void *arg, size_t i), void *arg,
                size_t n)
{
    pvn_team *t = team;

    pthread_mutex_lock(&t->lock);
    t->fn = fn;
    t->arg = arg;
    t->n = n;
    atomic_store(&t->next, 0);
    atomic_store(&t->busy, t->helpers);
    atomic_fetch_add(&t->round, 1);
    pthread_cond_broadcast(&t->start);
    pthread_mutex_unlock(&t->lock);

    take_pieces(t);
    for (int i = 0; i < SPINS && atomic_load(&t->busy); i++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    pthread_mutex_lock(&t->lock);
    while (atomic_load(&t->busy))
        pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

static int start_helper(struct helper *h)
{
    pthread_attr_t attr;
    int rc;

    rc = pthread_attr_init(&attr);
    if (rc)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    rc = pthread_create(&h->thread, &attr, help, h);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        pthread_setname_np(h->thread, "pvn-prove");
    return rc;
}

static provernet_status start_helpers(pvn_team *t, unsigned want,
                                      provernet_error *err)
{
    sigset_t all, before;
    int rc = 0;

    /* Signals are the host's: none is delivered to a thread of ours. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (t->helpers = 0; t->helpers < want; t->helpers++) {
        struct helper *h = &t->helper[t->helpers];

        h->team = t;
        h->index = t->helpers;
        rc = start_helper(h);
        if (rc)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc)
        return pvn_fail(err, PROVERNET_ERR_NOMEM, rc,
                        "cannot start proving thread %u of %u: %s",
                        t->helpers + 1, want, strerror(rc));
    return PROVERNET_OK;
}

provernet_status pvn_team_open(pvn_team **out, unsigned threads, bool pin,
                               provernet_error *err)
{
    provernet_status rc;
    pvn_team *t;

    *out = NULL;
    if (threads == 0)
        threads = pvn_cores();
    if (threads > TEAM_MAX)
        threads = TEAM_MAX;
    t = calloc(1, sizeof *t + (threads - 1) * sizeof t->helper[0]);
    if (!t)
        return pvn_nomem(err);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->start, NULL);
    pthread_cond_init(&t->done, NULL);
    t->pin = pin;
    t->par = (pvn_par){ .run = run, .team = t, .threads = threads };
    rc = start_helpers(t, threads - 1, err);
    if (rc) {
        pvn_team_close(t);
        return rc;
    }
    *out = t;
    return PROVERNET_OK;
}

const pvn_par *pvn_team_par(const pvn_team *t)
{
    return &t->par;
}

void pvn_team_close(pvn_team *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->closing, true);
    pthread_cond_broadcast(&t->start);
    pthread_mutex_unlock(&t->lock);
    for (unsigned i = 0; i < t->helpers; i++)
        pthread_join(t->helper[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->start);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
