/* prove/engine.c - opening a device, and whose turn it is. */
#include "prove/engine.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_MS = 50 }; /* how often a waiting caller looks for a cancel */

/* Does "cuda:0" name the device "cuda"? *which: what stands after it. */
static bool names(const char *text, const char *device, const char **which)
{
    size_t len = strlen(device);

    if (strncmp(text, device, len) != 0)
        return false;
    if (text[len] != '\0' && text[len] != ':')
        return false;
    *which = text[len] ? text + len + 1 : "";
    return true;
}

static provernet_status open_best(provernet_engine *e, provernet_error *err)
{
    provernet_status rc = PROVERNET_ERR_NO_DEVICE;
    provernet_error why = { 0 };

    for (size_t i = 0; pvn_device_at(i); i++) {
        if (pvn_device_at(i)->for_tests)
            continue;
        if (why.status) /* of the one before */
            pvn_engine_tell(e, "not on %s: %s", e->device->name, why.message);
        e->device = pvn_device_at(i);
        rc = e->device->open(e, "", &why);
        if (rc == PROVERNET_OK)
            return rc;
        if (rc == PROVERNET_ERR_CONFIG || rc == PROVERNET_ERR_NOMEM)
            break; /* the next device would only hide it */
    }
    e->device = NULL;
    (void)pvn_error_copy(err, &why);
    return rc;
}

static provernet_status open_named(provernet_engine *e, const char *name,
                                   provernet_error *err)
{
    const char *which;
    provernet_status rc;

    for (size_t i = 0; pvn_device_at(i); i++) {
        if (!names(name, pvn_device_at(i)->name, &which))
            continue;
        e->device = pvn_device_at(i);
        rc = e->device->open(e, which, err);
        if (rc)
            e->device = NULL;
        return rc;
    }
    return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, 0,
                    "there is no device \"%.40s\"\n"
                    "help: cpu, cuda:0 (or another number) or auto",
                    name);
}

provernet_status provernet_engine_open(provernet_engine **out,
                                       const char *device,
                                       const provernet_options *o,
                                       provernet_error *err)
{
    provernet_engine *e;
    provernet_status rc;

    if (!out)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "engine_open needs a place for the engine");
    *out = NULL;
    e = calloc(1, sizeof *e);
    if (!e)
        return pvn_nomem(err);
    pvn_env_init(&e->env, NULL);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->free, NULL);
    e->options = pvn_options_copy(o);
    if (!e->options) {
        rc = pvn_nomem(err);
        goto fail;
    }
    e->cache_max =
        (uint64_t)pvn_setting_int(e->options, PVN_SET_ENGINE_KEY_CACHE);
    /* The thrifty mode keeps no key that no job uses. */
    if (strcmp(pvn_setting_text(e->options, PVN_SET_ENGINE_MEMORY), "low") == 0)
        e->cache_max = 0;
    if (!device || strcmp(device, "auto") == 0)
        rc = open_best(e, err);
    else
        rc = open_named(e, device, err);
    if (rc)
        goto fail;
    *out = e;
    return PROVERNET_OK;
fail:
    provernet_engine_close(e);
    return rc;
}

void pvn_engine_tell(provernet_engine *e, const char *fmt, ...)
{
    va_list ap;

    pthread_mutex_lock(&e->lock);
    if (e->news_len < PVN_ENGINE_NEWS) {
        va_start(ap, fmt);
        vsnprintf(e->news[e->news_len++], PVN_ENGINE_NEWS_BYTES, fmt, ap);
        va_end(ap);
    } else {
        e->news_lost++;
    }
    pthread_mutex_unlock(&e->lock);
}

static void one_line(char *out, size_t cap, const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p && n + 2 < cap; p++) {
        if (*p == '\n')
            out[n++] = ';';
        out[n++] = *p == '\n' ? ' ' : *p;
    }
    out[n] = 0;
}

int provernet_engine_news(provernet_engine *e, char *buf, size_t cap)
{
    bool any;

    if (!e || !buf || !cap)
        return 0;
    pthread_mutex_lock(&e->lock);
    any = e->news_len > 0 || e->news_lost > 0;
    if (e->news_len > 0) {
        one_line(buf, cap, e->news[0]);
        e->news_len--;
        memmove(e->news[0], e->news[1],
                (size_t)e->news_len * PVN_ENGINE_NEWS_BYTES);
    } else if (any) {
        snprintf(buf, cap, "%u more that nobody asked for in time",
                 e->news_lost);
        e->news_lost = 0;
    }
    pthread_mutex_unlock(&e->lock);
    return any;
}

const char *provernet_engine_describe(const provernet_engine *e)
{
    return e->describe;
}

void provernet_engine_close(provernet_engine *e)
{
    if (!e)
        return;
    pvn_engine_shed(e, UINT64_MAX);
    if (e->device)
        e->device->close(e);
    provernet_options_free(e->options);
    pthread_cond_destroy(&e->free);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

/* Our clock is the condition variable's: wall-clock time. */
static struct timespec look_again_at(const provernet_engine *e)
{
    int64_t ms = pvn_now_ms(&e->env) + LOOK_MS;

    return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
                              .tv_nsec = (long)(ms % 1000) * 1000000L };
}

provernet_status pvn_engine_take(provernet_engine *e, provernet_watch *w,
                                 provernet_error *err)
{
    struct timespec until;
    bool go_on = pvn_watch_at(w, NULL, 0);

    pthread_mutex_lock(&e->lock);
    while (e->taken && go_on) {
        until = look_again_at(e);
        pthread_cond_timedwait(&e->free, &e->lock, &until);
        go_on = pvn_watch_at(w, "waiting for the device", 0);
    }
    if (go_on)
        e->taken = true;
    pthread_mutex_unlock(&e->lock);
    if (!go_on)
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                        "cancelled before the device was free");
    return PROVERNET_OK;
}

void pvn_engine_give(provernet_engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->taken = false;
    pthread_cond_signal(&e->free);
    pthread_mutex_unlock(&e->lock);
}

static void fill_random(void *user, void *out, size_t len)
{
    provernet_engine *e = user;

    pvn_random(&e->env, out, len);
}

pvn_randomness pvn_engine_randomness(provernet_engine *e)
{
    return (pvn_randomness){ fill_random, e };
}
