/* net/worker.c - a worker: two threads, one that asks for work and one that
 * renews what is in hand; the application pulls jobs. */
#include "crypto/crypto.h"
#include "net/inside.h"
#include "prove/memory.h"
#include "protocol/worker/serve.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    BEAT_MS = 5000, /* until the server says */
    STACK_BYTES = 256 << 10
};

/* ---- asking ---- */

static bool room(provernet_worker *w, uint32_t *free_slots)
{
    bool go_on;

    pthread_mutex_lock(&w->lock);
    while (!w->stopping && !w->ended && w->held >= w->slots)
        pthread_cond_wait(&w->changed, &w->lock);
    go_on = !w->stopping && !w->ended;
    *free_slots = go_on ? w->slots - w->held : 0;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

void pvn_worker_take(provernet_job *j)
{
    provernet_worker *w = j->w;

    pthread_mutex_lock(&w->lock);
    j->lane =
        PVN_LANE_HAND_IN + w->next_lane++ % (PVN_WIRE_LANES - PVN_LANE_HAND_IN);
    j->next = w->jobs;
    w->jobs = j;
    w->held++;
    j->in_slot = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

uint64_t pvn_worker_memory(provernet_worker *w)
{
    uint64_t bytes;

    pthread_mutex_lock(&w->lock);
    if (w->fits && pvn_now_ms(&w->env) >= w->fits_ms)
        w->fits = 0;
    bytes =
        w->fits && (!w->memory || w->fits < w->memory) ? w->fits : w->memory;
    pthread_mutex_unlock(&w->lock);
    return bytes;
}

static void *asker(void *arg)
{
    provernet_worker *w = arg;
    uint32_t free_slots;

    while (room(w, &free_slots))
        w->manner->ask(w, free_slots);
    return NULL;
}

/* ---- renewing ---- */

void pvn_worker_drop(provernet_worker *w, const provernet_id *task)
{
    for (provernet_job *j = w->jobs; j; j = j->next) {
        if (!pvn_id_equal(&j->task, task))
            continue;
        atomic_store(&j->cancelled, true);
        if (j->watch)
            provernet_watch_cancel(j->watch);
    }
}

static bool until_beat(provernet_worker *w)
{
    int64_t began = pvn_now_ms(&w->env), until;
    struct timespec at;
    bool go_on;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        until = began + w->beat_ms;
        if (w->closing || w->ended || w->stopping != w->stop_told ||
            pvn_now_ms(&w->env) >= until)
            break;
        at = (struct timespec){ .tv_sec = (time_t)(until / 1000),
                                .tv_nsec = (long)(until % 1000) * 1000000L };
        pthread_cond_timedwait(&w->changed, &w->lock, &at);
    }
    w->stop_told = w->stopping;
    go_on = !w->closing && !w->ended;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void *beater(void *arg)
{
    provernet_worker *w = arg;

    while (until_beat(w))
        w->manner->beat(w);
    return NULL;
}

/* ---- opening ---- */

static int start_thread(pthread_t *t, void *(*run)(void *), void *arg,
                        const char *name)
{
    sigset_t all, before;
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);

    if (rc)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(t, &attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        pthread_setname_np(*t, name);
    return rc;
}

static provernet_status start_threads(provernet_worker *w, provernet_error *err)
{
    int rc = start_thread(&w->asker, asker, w, "pvn-ask");

    w->asker_runs = rc == 0;
    if (rc == 0) {
        rc = start_thread(&w->beater, beater, w, "pvn-beat");
        w->beater_runs = rc == 0;
    }
    if (rc)
        return pvn_fail(err, PROVERNET_ERR_NOMEM, rc,
                        "cannot start a worker's thread: %s", strerror(rc));
    return PROVERNET_OK;
}

/* "host-1a2b3c4d": people see it, and with the key it names the worker. */
static char *default_name(const provernet_worker *w)
{
    uint8_t address[20];
    char host[40] = "worker", hex[9], *name = malloc(64);

    gethostname(host, sizeof host - 1);
    host[sizeof host - 1] = '\0';
    provernet_key_address(w->key, address);
    if (name)
        snprintf(name, 64, "%s-%s", w->node ? "in-process" : host,
                 pvn_hex(hex, address, 4));
    return name;
}

static uint64_t memory_of(const provernet_worker *w)
{
    uint64_t set = (uint64_t)pvn_setting_int(w->options, PVN_SET_WORKER_MEMORY);
    uint64_t have;

    if (set)
        return set;
    have = pvn_memory_free(&w->env.files);
    return have == UINT64_MAX ? 0 : have;
}

provernet_worker *pvn_worker_new(const provernet_options *o)
{
    provernet_worker *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    pvn_env_init(&w->env, NULL);
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->hello, NULL);
    for (size_t i = 0; i < PVN_WIRE_LANES; i++)
        pthread_mutex_init(&w->turn[i], NULL);
    pthread_cond_init(&w->changed, NULL);
    pvn_random(&w->env, w->instance, sizeof w->instance);
    snprintf(w->software, sizeof w->software, "provernet %s",
             provernet_version());
    w->beat_ms = BEAT_MS;
    w->options = pvn_options_copy(o);
    if (!w->options) {
        provernet_worker_close(w);
        return NULL;
    }
    return w;
}

provernet_status pvn_worker_open(provernet_worker *w, provernet_worker **out,
                                 provernet_error *err)
{
    const char *name = pvn_setting_text(w->options, PVN_SET_WORKER_NAME);
    provernet_status rc;

    w->slots = (uint32_t)pvn_setting_int(w->options, PVN_SET_WORKER_SLOTS);
    w->kinds = strdup(pvn_setting_text(w->options, PVN_SET_WORKER_KINDS));
    w->name = *name ? strdup(name) : default_name(w);
    w->memory = memory_of(w);
    if (!w->kinds || !w->name)
        rc = pvn_nomem(err);
    else
        rc = pvn_cache_open(
            &w->cache, pvn_setting_text(w->options, PVN_SET_WORKER_CACHE_DIR),
            (uint64_t)pvn_setting_int(w->options, PVN_SET_WORKER_CACHE_BYTES),
            err);
    if (rc == PROVERNET_OK)
        rc = start_threads(w, err);
    if (rc) {
        provernet_worker_close(w);
        return rc;
    }
    *out = w;
    return PROVERNET_OK;
}

provernet_status provernet_worker_dial(provernet_worker **out,
                                       const provernet_options *o,
                                       const provernet_key *k,
                                       provernet_error *err)
{
    const char *server = pvn_setting_text(o, PVN_SET_WORKER_SERVER);
    provernet_worker *w;
    provernet_status rc;

    if (!out || !k)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "worker_dial needs a place for the worker and a key");
    *out = NULL;
    if (!*server)
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "worker.server is not set\n"
                        "help: the server's address, HOST:PORT");
    w = pvn_worker_new(o);
    if (!w)
        return pvn_nomem(err);
    w->server = strdup(server);
    rc = w->server ? pvn_key_copy(&w->key, k, err) : pvn_nomem(err);
    if (rc == PROVERNET_OK)
        rc = pvn_channel_nng(&w->channel, server, err);
    if (rc == PROVERNET_OK)
        w->manner = &pvn_manner_server;
    if (rc) {
        provernet_worker_close(w);
        return rc;
    }
    return pvn_worker_open(w, out, err);
}

provernet_status provernet_worker_join(provernet_worker **out, provernet *pn,
                                       const provernet_options *o,
                                       provernet_error *err)
{
    uint8_t secret[32];
    provernet_worker *w;
    provernet_status rc;

    if (!out || !pn)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "worker_join needs a place for the worker and a node");
    *out = NULL;
    w = pvn_worker_new(o);
    if (!w)
        return pvn_nomem(err);
    w->node = pn;
    pvn_worker_own_secret(pn, secret);
    rc = provernet_key_new(&w->key, secret, err);
    pvn_wipe(secret, sizeof secret);
    if (rc == PROVERNET_OK)
        rc = pvn_channel_local(&w->channel, pn, err);
    if (rc == PROVERNET_OK)
        w->manner = &pvn_manner_server;
    if (rc) {
        provernet_worker_close(w);
        return rc;
    }
    return pvn_worker_open(w, out, err);
}

/* ---- using ---- */

/* With the lock held. */
static provernet_job *waiting_job(provernet_worker *w)
{
    provernet_job *oldest = NULL;

    for (provernet_job *j = w->jobs; j; j = j->next)
        if (!j->taken)
            oldest = j;
    return oldest;
}

/* With the lock held. AGAIN: nothing yet. */
static provernet_status look(provernet_worker *w, provernet_job **out,
                             provernet_error *err)
{
    *out = w->stopping ? NULL : waiting_job(w);
    if (*out) {
        (*out)->taken = true;
        return PROVERNET_OK;
    }
    if (w->ended) {
        pvn_error_copy(err, &w->final);
        return PROVERNET_END;
    }
    if (w->stopping) {
        pvn_fail(err, PROVERNET_END, 0, "the worker was stopped");
        return PROVERNET_END;
    }
    return PROVERNET_AGAIN;
}

provernet_status provernet_worker_next(provernet_worker *w, provernet_job **out,
                                       int64_t timeout_ms, provernet_error *err)
{
    int64_t until = pvn_now_ms(&w->env) + timeout_ms;
    struct timespec at = { .tv_sec = (time_t)(until / 1000),
                           .tv_nsec = (long)(until % 1000) * 1000000L };
    provernet_status rc;

    *out = NULL;
    pthread_mutex_lock(&w->lock);
    while ((rc = look(w, out, err)) == PROVERNET_AGAIN) {
        if (timeout_ms < 0)
            pthread_cond_wait(&w->changed, &w->lock);
        else if (pvn_now_ms(&w->env) < until)
            pthread_cond_timedwait(&w->changed, &w->lock, &at);
        else
            break;
    }
    pthread_mutex_unlock(&w->lock);
    return rc;
}

char *provernet_worker_status(provernet_worker *w)
{
    pvn_buf b = { 0 };

    pvn_buf_text(&b, "{\"connected\":");
    pthread_mutex_lock(&w->lock);
    pvn_buf_text(&b, w->connected ? "true" : "false");
    pvn_buf_text(&b, ",\"server\":");
    if (w->server)
        pvn_buf_json(&b, w->server, strlen(w->server));
    else
        pvn_buf_text(&b, "\"in process\"");
    pvn_buf_text(&b, ",\"name\":");
    pvn_buf_json(&b, w->name, strlen(w->name));
    pvn_buf_format(&b, ",\"slots\":%u,\"held\":%u,\"jobs_done\":%llu", w->slots,
                   w->held, (unsigned long long)w->done);
    pvn_buf_format(&b, ",\"jobs_failed\":%llu,\"ended\":%s,\"last_error\":",
                   (unsigned long long)w->failed, w->ended ? "true" : "false");
    if (w->last.status)
        pvn_buf_json(&b, w->last.message, strlen(w->last.message));
    else
        pvn_buf_text(&b, "null");
    if (w->manner->describe)
        w->manner->describe(w, &b);
    pthread_mutex_unlock(&w->lock);
    pvn_buf_add(&b, "}", 2);
    if (b.failed) {
        pvn_buf_free(&b);
        return NULL;
    }
    return (char *)b.data;
}

void provernet_worker_free_text(char *text)
{
    free(text);
}

void provernet_worker_stop(provernet_worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    w->manner->stop(w);
}

static void stop_threads(provernet_worker *w)
{
    if (!w->manner)
        return;
    provernet_worker_stop(w);
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    w->manner->hush(w);
    if (w->asker_runs)
        pthread_join(w->asker, NULL);
    if (w->beater_runs)
        pthread_join(w->beater, NULL);
}

void provernet_worker_close(provernet_worker *w)
{
    if (!w)
        return;
    stop_threads(w);
    if (w->beater_runs)
        w->manner->bye(w);
    while (w->jobs)
        pvn_job_free(w->jobs);
    if (w->manner)
        w->manner->close(w);
    pvn_cache_close(w->cache);
    provernet_key_free(w->key);
    provernet_options_free(w->options);
    pvn_wipe(&w->keys, sizeof w->keys);
    pthread_cond_destroy(&w->changed);
    for (size_t i = 0; i < PVN_WIRE_LANES; i++)
        pthread_mutex_destroy(&w->turn[i]);
    pthread_mutex_destroy(&w->hello);
    pthread_mutex_destroy(&w->lock);
    free(w->server);
    free(w->name);
    free(w->kinds);
    free(w);
}
