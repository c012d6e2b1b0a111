/* cmd/work.c - see work.h. */
#include "work.h"
#include "../cli/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void nap(int64_t ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

static void id_text(char out[33], provernet_id id)
{
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", id.bytes[i]);
}

/* A placeholder after the delay; only a server in mock mode believes it. */
static provernet_status mock(struct work *w, provernet_job *j,
                             provernet_error *err)
{
    provernet_status st = PROVERNET_OK;

    for (int64_t left = w->mock_delay_ms; left > 0; left -= 1000) {
        nap(left < 1000 ? left : 1000);
        st = provernet_job_alive(
            j, (int)(1000 - left * 1000 / w->mock_delay_ms), "mock");
        if (st == PROVERNET_ERR_CANCELLED)
            return provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS,
                                      "cancelled", err);
    }
    st = provernet_job_mock(j, err);
    if (st != PROVERNET_OK)
        return provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS, err->message,
                                  NULL);
    return provernet_job_done(j, err);
}

static void one_job(struct work *w, provernet_job *j)
{
    char id[33], kind[80], took[32];
    provernet_error err = { 0 };
    struct timespec a, b;
    provernet_status st;

    id_text(id, provernet_job_id(j));
    snprintf(kind, sizeof kind, "%s", provernet_job_kind(j));
    clock_gettime(CLOCK_MONOTONIC, &a);
    log_event(2, "worker.job", "job", id, "kind", kind, NULL);
    if (w->engine) {
        st = provernet_job_prove(j, w->engine, &err);
        if (st == PROVERNET_ERR_UNSUPPORTED) {
            log_event(1, "worker.unsupported", "job", id, "kind", kind, NULL);
            st = provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS,
                                    "this worker cannot prove this kind", &err);
            st = st == PROVERNET_OK ? PROVERNET_ERR_UNSUPPORTED : st;
        }
    } else {
        st = mock(w, j, &err);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    snprintf(took, sizeof took, "%.3f",
             (double)(b.tv_sec - a.tv_sec) +
                 (double)(b.tv_nsec - a.tv_nsec) / 1e9);
    if (st == PROVERNET_OK) {
        atomic_fetch_add(&w->done, 1);
        log_event(2, "worker.done", "job", id, "seconds", took, NULL);
        return;
    }
    atomic_fetch_add(&w->failed, 1);
    log_event(1, "worker.failed", "job", id, "seconds", took, "code",
              provernet_status_name(st), "why", err.message, NULL);
}

static void *slot(void *arg)
{
    struct work *w = arg;

    for (;;) {
        provernet_error err = { 0 };
        provernet_job *j = NULL;
        provernet_status st = provernet_worker_next(w->worker, &j, -1, &err);
        if (st == PROVERNET_OK) {
            one_job(w, j);
            continue;
        }
        if (st == PROVERNET_AGAIN)
            continue;
        if (st != PROVERNET_END && st != PROVERNET_ERR_UNAVAILABLE &&
            st != PROVERNET_ERR_CONNECT) {
            log_event(0, "worker.ended", "code", provernet_status_name(st),
                      "why", err.message, NULL);
        } else if (st != PROVERNET_END) {
            nap(200);
            continue;
        }
        pthread_mutex_lock(&w->lock);
        w->last = err;
        if (st != PROVERNET_END)
            w->last.status = st;
        pthread_mutex_unlock(&w->lock);
        atomic_store(&w->ended, true);
        return NULL;
    }
}

provernet_status work_start(struct work *w, provernet_error *err)
{
    unsigned slots = w->slots < 1 ? 1 : w->slots > 64 ? 64 : w->slots;
    /* One more than jobs: the next is begun while the last is handed in. */
    unsigned want = slots + 1;

    pthread_mutex_init(&w->lock, NULL);
    while (w->threads_len < want) {
        if (pthread_create(&w->threads[w->threads_len], NULL, slot, w) != 0) {
            if (err) {
                err->status = PROVERNET_ERR_NOMEM;
                snprintf(err->message, sizeof err->message,
                         "cannot start a thread");
            }
            work_stop(w);
            return PROVERNET_ERR_NOMEM;
        }
        w->threads_len++;
    }
    return PROVERNET_OK;
}

void work_stop(struct work *w)
{
    provernet_worker_stop(w->worker);
    while (w->threads_len)
        pthread_join(w->threads[--w->threads_len], NULL);
}
