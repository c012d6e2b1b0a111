/* prove/gpu.c - see gpu.h: opening, losing and closing the device. */
#include "prove/gpu_state.h"
#include <stdio.h>
#include <stdlib.h>

enum { AGAIN_MS = 1000, AGAIN_DOUBLINGS = 8 }; /* after the first loss */

provernet_status pvn_gpu_not_loaded(const char *name, const char *path,
                                    const char *why, provernet_error *err)
{
    size_t len = strlen(path);

    if (strncmp(why, path, len) == 0 && why[len] == ':')
        why += len + 2; /* the loader names the file as well */
    return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, 0,
                    "no device \"%s\": its engine %.80s was not loaded: %.60s\n"
                    "help: install the CUDA engine there, or name its file in "
                    "engine.plugin",
                    name, path, why);
}

provernet_status pvn_gpu_none_here(const char *message, int cause,
                                   provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, cause,
                    "the GPU engine is installed, but: %.120s\n"
                    "help: install the NVIDIA driver, or prove on \"cpu\"",
                    message);
}

provernet_status pvn_gpu_said(const struct pvn_gpu *g,
                              const provernet_gpu_error *e,
                              provernet_error *err)
{
    return pvn_fail(err, e->status, e->cause, "%s: %s", g->name, e->message);
}

static provernet_status find_file(struct pvn_gpu *g, const provernet_engine *e,
                                  const char *kind, provernet_error *err)
{
    const char *set = pvn_setting_text(e->options, PVN_SET_ENGINE_PLUGIN);

    if (*set && *set != '/')
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "engine.plugin is \"%.60s\"\n"
                        "help: give the whole path, from / on",
                        set);
    if (*set)
        snprintf(g->path, sizeof g->path, "%s", set);
    else
        snprintf(g->path, sizeof g->path, PVN_PLUGIN_DIR "/libprovernet-%s.so",
                 kind);
    return PROVERNET_OK;
}

/* What multiples of a key's points may take: on its own account nothing in the
 * emulation, where they only cost time. */
static provernet_status read_multiples(struct pvn_gpu *g,
                                       const provernet_engine *e,
                                       const char *kind, provernet_error *err)
{
    const char *set = pvn_setting_text(e->options, PVN_SET_ENGINE_MULTIPLES);
    int64_t bytes = 0;

    if (strcmp(set, "auto") == 0) {
        g->multiples = strcmp(kind, "cuda") == 0 ? UINT64_MAX : 0;
        return PROVERNET_OK;
    }
    if (!pvn_parse_size(set, &bytes))
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "engine.multiples is \"%.60s\"\n"
                        "help: auto, a size like 4GiB, or 0",
                        set);
    g->multiples = (uint64_t)bytes;
    return PROVERNET_OK;
}

static provernet_status pick(struct pvn_gpu *g, const pvn_gpu_link *l,
                             provernet_error *err)
{
    char *end;
    long n = strtol(g->which, &end, 10);

    if (*end || n < 0 || n >= l->devices)
        return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, 0,
                        "there is no device \"%s\": devices 0 to %d", g->name,
                        l->devices - 1);
    g->device = (int)n;
    return PROVERNET_OK;
}

/* Reach the device; the link changes under the lock. */
static provernet_status reach(struct pvn_gpu *g, provernet_gpu_info *info,
                              provernet_error *err)
{
    provernet_gpu_error ge = { 0 };
    pvn_gpu_link *l;
    provernet_status rc;

    rc = (g->in_process ? pvn_gpu_direct : pvn_gpu_helper)(&l, g->name, g->path,
                                                           err);
    if (rc)
        return rc;
    rc = pick(g, l, err);
    if (!rc && (l->way->info(l, g->device, info, &ge) ||
                l->way->open(l, g->device, &ge)))
        rc = pvn_gpu_said(g, &ge, err);
    if (rc) {
        l->way->close(l);
        return rc;
    }
    pthread_mutex_lock(&g->lock);
    g->link = l;
    pthread_mutex_unlock(&g->lock);
    return PROVERNET_OK;
}

static void describe(provernet_engine *e, const provernet_gpu_info *info)
{
    char name[sizeof info->name];

    /* Names come from the driver; keep the JSON whole. */
    snprintf(name, sizeof name, "%s", info->name);
    for (char *p = name; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
            *p = ' ';
    snprintf(e->describe, sizeof e->describe,
             "{\"device\":\"%s\",\"name\":\"%.60s\",\"bytes\":%llu,"
             "\"free\":%llu,\"sms\":%u,\"capability\":\"%u.%u\"}",
             e->gpu->name, name, (unsigned long long)info->total_bytes,
             (unsigned long long)info->free_bytes, info->sm_count, info->major,
             info->minor);
}

provernet_status pvn_gpu_open(provernet_engine *e, const char *kind,
                              const char *which, provernet_error *err)
{
    provernet_gpu_info info = { 0 };
    struct pvn_gpu *g = calloc(1, sizeof *g);
    provernet_status rc;

    if (!g)
        return pvn_nomem(err);
    snprintf(g->name, sizeof g->name, "%.8s:%.12s", kind, *which ? which : "0");
    snprintf(g->which, sizeof g->which, "%s", *which ? which : "0");
    g->in_process = pvn_setting_int(e->options, PVN_SET_ENGINE_IN_PROCESS) != 0;
    pthread_mutex_init(&g->lock, NULL);
    rc = find_file(g, e, kind, err);
    if (!rc)
        rc = read_multiples(g, e, kind, err);
    if (!rc)
        rc = reach(g, &info, err);
    if (rc) {
        pthread_mutex_destroy(&g->lock);
        free(g);
        return rc;
    }
    e->gpu = g;
    describe(e, &info);
    return PROVERNET_OK;
}

/* What the plug-in holds of them in this process; a helper takes it along. */
static void drop_lost_keys(struct pvn_gpu *g)
{
    provernet_gpu_error ge = { 0 };

    pthread_mutex_lock(&g->lock);
    for (pvn_gpu_key *k = g->keys; k && g->in_process && g->link; k = k->next)
        if (k->key)
            (void)g->link->way->drop(g->link, k->key, &ge);
    pthread_mutex_unlock(&g->lock);
}

/* The device is gone: no key is on it any more, no slot known to it. */
void pvn_gpu_lose(provernet_engine *e, const char *why)
{
    struct pvn_gpu *g = e->gpu;
    pvn_gpu_link *l = g->link;
    unsigned n = g->losses < AGAIN_DOUBLINGS ? g->losses : AGAIN_DOUBLINGS;

    drop_lost_keys(g);
    pthread_mutex_lock(&g->lock);
    g->link = NULL;
    g->losses++;
    g->again_ms = pvn_now_ms(&e->env) + ((int64_t)AGAIN_MS << n);
    for (pvn_gpu_key *k = g->keys; k; k = k->next)
        k->key = 0;
    for (int i = 0; i < PVN_WIRE_SLOTS; i++)
        g->slots[i].linked = false;
    pthread_mutex_unlock(&g->lock);
    if (l)
        l->way->close(l);
    pvn_engine_tell(e,
                    g->in_process
                        ? "%s was lost until this process ends: %s; proofs are "
                          "made on the processor"
                        : "%s was lost: %s; its helper is started again, "
                          "meanwhile proofs are made on the processor",
                    g->name, why);
}

/* Is it time to start the helper of a lost device again? */
bool pvn_gpu_due(const provernet_engine *e)
{
    const struct pvn_gpu *g = e->gpu;

    return !g->link && !g->in_process && pvn_now_ms(&e->env) >= g->again_ms;
}

void pvn_gpu_try_again(provernet_engine *e)
{
    provernet_gpu_info info;
    provernet_error why = { 0 };

    if (!pvn_gpu_due(e))
        return;
    if (reach(e->gpu, &info, &why))
        pvn_gpu_lose(e, why.message);
    else
        pvn_engine_tell(e, "%s is back", e->gpu->name);
}

void pvn_gpu_close(provernet_engine *e)
{
    struct pvn_gpu *g = e->gpu;

    if (!g)
        return;
    pvn_gpu_sweep(e, true);
    if (g->link)
        g->link->way->close(g->link);
    for (int i = 0; i < PVN_WIRE_SLOTS; i++)
        pvn_bulk_free(&g->slots[i].bulk);
    pthread_mutex_destroy(&g->lock);
    free(g);
    e->gpu = NULL;
}

pid_t pvn_gpu_pid(const provernet_engine *e)
{
    return pvn_gpu_helper_pid(e->gpu->link);
}

void pvn_gpu_patience(provernet_engine *e, int ms)
{
    pvn_gpu_helper_patience(e->gpu->link, ms);
}

void pvn_gpu_hurry(provernet_engine *e)
{
    e->gpu->again_ms = 0;
}
