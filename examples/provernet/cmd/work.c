/* cmd/work.c - see work.h. */
#include "work.h"
#include "../cli/log.h"
#include "host.h"

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

static provernet_status open_device(struct work *w, const char *name,
                                    const struct provernet_options *o,
                                    provernet_error *err)
{
    static const char sp1[] = "sp1-gpu:";
    provernet_status st;

    if (strncmp(name, sp1, sizeof sp1 - 1) == 0) {
        st = provernet_sp1_gpu_open(&w->sp1[w->sp1_len], name + sizeof sp1 - 1,
                                    err);
        w->sp1_len += st == PROVERNET_OK;
        return st;
    }
    st = provernet_engine_open(&w->engines[w->engines_len], name, o, err);
    w->engines_len += st == PROVERNET_OK;
    return st;
}

const char *work_kinds(const char *devices)
{
    size_t name = sizeof "sp1-gpu:" - 1, all = 0, sp1 = 0;

    for (const char *at = devices;; at++) {
        all++;
        sp1 += strncmp(at, "sp1-gpu:", name) == 0;
        at = strchr(at, ',');
        if (!at)
            break;
    }
    if (sp1 == 0)
        return NULL;
    return sp1 == all ? PROVERNET_SP1_GPU_KINDS
                      : "groth16/bn254@1," PROVERNET_SP1_GPU_KINDS;
}

provernet_status work_open_engines(struct work *w, const char *devices,
                                   struct provernet_options *o,
                                   provernet_error *err)
{
    provernet_status st = PROVERNET_OK;
    unsigned opened;
    char name[128], slots[16];
    size_t len;

    for (const char *at = devices; st == PROVERNET_OK; at += len + 1) {
        len = strcspn(at, ",");
        if (w->engines_len + w->sp1_len == WORK_ENGINES || len >= sizeof name) {
            st = err->status = PROVERNET_ERR_CONFIG;
            snprintf(err->message, sizeof err->message,
                     "worker.device: at most %d devices, each of a short name",
                     WORK_ENGINES);
            break;
        }
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        st = open_device(w, name, o, err);
        if (!at[len])
            break;
    }
    opened = w->engines_len + w->sp1_len;
    if (st == PROVERNET_OK && w->slots < opened) {
        w->slots = opened;
        snprintf(slots, sizeof slots, "%u", w->slots);
        st = provernet_options_set(o, "worker.slots", slots, err);
    }
    if (st != PROVERNET_OK)
        work_close_engines(w);
    return st;
}

void work_close_engines(struct work *w)
{
    while (w->engines_len)
        provernet_engine_close(w->engines[--w->engines_len]);
    while (w->sp1_len)
        provernet_sp1_gpu_close(w->sp1[--w->sp1_len]);
}

void work_news(struct work *w, int level)
{
    char text[400];

    for (unsigned i = 0; i < w->engines_len; i++)
        while (provernet_engine_news(w->engines[i], text, sizeof text))
            log_event(level, "worker.device", "note", text, NULL);
}

void work_words(const struct work *w, char *buf, size_t cap)
{
    size_t len = 0;

    snprintf(buf, cap, "mock: placeholders, NOT proofs");
    for (unsigned i = 0; i < w->engines_len && len + 3 < cap; i++) {
        if (i)
            len += (size_t)snprintf(buf + len, cap - len, "; ");
        engine_words(w->engines[i], buf + len, cap - len);
        len += strlen(buf + len);
    }
    if (w->sp1_len && len + 3 < cap)
        snprintf(buf + len, cap - len, "%s%u GPU server%s of SP1",
                 w->engines_len ? "; " : "", w->sp1_len,
                 w->sp1_len == 1 ? "" : "s");
}

/* By what can prove it; ERR_UNSUPPORTED: nothing here, and j is still ours. */
static provernet_status prove(struct work *w, provernet_job *j, unsigned slot,
                              provernet_error *err)
{
    provernet_status st = PROVERNET_ERR_UNSUPPORTED;

    if (w->engines_len) {
        st = provernet_job_prove(j, w->engines[slot % w->engines_len], err);
        work_news(w, 1);
    }
    if (st == PROVERNET_ERR_UNSUPPORTED && w->sp1_len)
        st = provernet_job_prove_sp1(j, w->sp1[slot % w->sp1_len], err);
    return st;
}

static void one_job(struct work *w, provernet_job *j, unsigned slot)
{
    char id[33], kind[80], took[32];
    provernet_error err = { 0 };
    struct timespec a, b;
    provernet_status st;

    id_text(id, provernet_job_id(j));
    snprintf(kind, sizeof kind, "%s", provernet_job_kind(j));
    clock_gettime(CLOCK_MONOTONIC, &a);
    log_event(2, "worker.job", "job", id, "kind", kind, NULL);
    if (w->engines_len || w->sp1_len) {
        st = prove(w, j, slot, &err);
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
    /* One after another: each device has as many threads, or one more. */
    unsigned mine = atomic_fetch_add(&w->next_slot, 1);

    for (;;) {
        provernet_error err = { 0 };
        provernet_job *j = NULL;
        provernet_status st = provernet_worker_next(w->worker, &j, -1, &err);
        if (st == PROVERNET_OK) {
            one_job(w, j, mine);
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
    /* One more than jobs: the next is begun while the last is handed in, and
     * waits with its witness while a device proves. */
    unsigned devices = w->engines_len + w->sp1_len;
    unsigned want = slots + (devices ? devices : 1);

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
