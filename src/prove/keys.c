/* prove/keys.c - proving keys: opening, keeping, proving with them. */
#include "prove/keys.h"
#include "prove/engine.h"
#include "prove/memory.h"
#include <stdlib.h>

static void drop(provernet_groth16_key *k)
{
    if (k->engine->device->drop)
        k->engine->device->drop(k->engine, k->core);
    else
        pvn_groth16_key_drop(k->core);
    free(k);
}

/* With the lock held: one user less; true if the caller must drop it. */
static bool unref(provernet_groth16_key *k)
{
    if (--k->refs)
        return false;
    k->engine->keys_open--;
    return true;
}

/* With the lock held: the least recently used key of the cache. */
static provernet_groth16_key **oldest(provernet_engine *e, bool unused_only)
{
    provernet_groth16_key **best = NULL;

    for (provernet_groth16_key **at = &e->keys; *at; at = &(*at)->next)
        if ((!unused_only || (*at)->refs == 1) &&
            (!best || (*at)->used < (*best)->used))
            best = at;
    return best;
}

/* With the lock held: take *at out of the cache; chain it if it must go. */
static void evict(provernet_engine *e, provernet_groth16_key **at,
                  provernet_groth16_key **gone)
{
    provernet_groth16_key *k = *at;

    *at = k->next;
    e->cache_bytes -= k->bytes;
    k->next = NULL;
    if (unref(k)) {
        k->next = *gone;
        *gone = k;
    }
}

static void drop_all(provernet_groth16_key *k)
{
    while (k) {
        provernet_groth16_key *next = k->next;

        drop(k);
        k = next;
    }
}

bool pvn_engine_shed(provernet_engine *e, uint64_t bytes)
{
    provernet_groth16_key *gone = NULL, **at;
    uint64_t shed = 0;

    pthread_mutex_lock(&e->lock);
    while (shed < bytes && (at = oldest(e, true))) {
        shed += (*at)->bytes;
        evict(e, at, &gone);
    }
    pthread_mutex_unlock(&e->lock);
    drop_all(gone);
    return shed > 0;
}

/* Room for `need` bytes, at the cost of keys that are only kept. */
static provernet_status admit(provernet_engine *e, uint64_t need,
                              const char *what, provernet_error *err)
{
    uint64_t have = pvn_memory_free(&e->env.files);

    if (need > have)
        pvn_engine_shed(e, need - have);
    return pvn_memory_admit(&e->env.files, need, what, err);
}

/* With the turn held. */
static provernet_status load(provernet_groth16_key **out, provernet_engine *e,
                             const pvn_source *source, provernet_watch *w,
                             provernet_error *err)
{
    provernet_groth16_key *k;
    pvn_groth16_sizes sizes;
    provernet_status rc;

    rc = pvn_groth16_measure(&sizes, source, err);
    if (rc)
        return rc;
    rc = admit(e, sizes.key_bytes, "loading this key", err);
    if (rc)
        return rc;
    k = calloc(1, sizeof *k);
    if (!k)
        return pvn_nomem(err);
    rc = e->device->load(e, &k->core, source, w, err);
    if (rc) {
        free(k);
        return rc;
    }
    k->engine = e;
    k->bytes = pvn_groth16_key_sizes(k->core)->key_bytes;
    k->refs = 1;
    pthread_mutex_lock(&e->lock);
    e->keys_open++;
    pthread_mutex_unlock(&e->lock);
    *out = k;
    return PROVERNET_OK;
}

static provernet_status load_file(provernet_groth16_key **out,
                                  provernet_engine *e, const char *path,
                                  provernet_watch *w, provernet_error *err)
{
    pvn_source_file file;
    pvn_source source;
    provernet_status rc;

    rc = pvn_source_open(&source, &file, &e->env.files, path, err);
    if (rc)
        return rc;
    rc = load(out, e, &source, w, err);
    pvn_source_close(&file);
    return rc;
}

provernet_status provernet_groth16_key_open(provernet_groth16_key **out,
                                            provernet_engine *e,
                                            const char *zkey_path,
                                            provernet_watch *w,
                                            provernet_error *err)
{
    provernet_status rc;

    if (!out || !e || !zkey_path)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "key_open needs a place, an engine and a path");
    *out = NULL;
    rc = pvn_engine_take(e, w, err);
    if (rc)
        return rc;
    rc = load_file(out, e, zkey_path, w, err);
    pvn_engine_give(e);
    return rc;
}

/* Take a key that is better loaded again out of the cache. */
static void evict_stale(provernet_engine *e, const provernet_groth16_key *stale)
{
    provernet_groth16_key *gone = NULL;

    pthread_mutex_lock(&e->lock);
    for (provernet_groth16_key **at = &e->keys; *at; at = &(*at)->next)
        if (*at == stale) {
            evict(e, at, &gone);
            break;
        }
    pthread_mutex_unlock(&e->lock);
    drop_all(gone);
}

static provernet_groth16_key *cached(provernet_engine *e,
                                     const uint8_t digest32[32])
{
    provernet_groth16_key *k;

    pthread_mutex_lock(&e->lock);
    for (k = e->keys; k; k = k->next)
        if (memcmp(k->digest32, digest32, 32) == 0) {
            k->refs++;
            k->used = ++e->stamp;
            break;
        }
    pthread_mutex_unlock(&e->lock);
    if (k && e->device->stale && e->device->stale(e, k->core)) {
        evict_stale(e, k);
        provernet_groth16_key_free(k);
        return NULL;
    }
    return k;
}

static void keep(provernet_engine *e, provernet_groth16_key *k)
{
    provernet_groth16_key *gone = NULL, **at;

    if (k->bytes > e->cache_max)
        return;
    pthread_mutex_lock(&e->lock);
    while (e->cache_bytes > e->cache_max - k->bytes && (at = oldest(e, false)))
        evict(e, at, &gone);
    k->refs++;
    k->used = ++e->stamp;
    k->next = e->keys;
    e->keys = k;
    e->cache_bytes += k->bytes;
    pthread_mutex_unlock(&e->lock);
    drop_all(gone);
}

provernet_status pvn_key_by_digest(provernet_groth16_key **out,
                                   provernet_engine *e, const char *path,
                                   const uint8_t digest32[32],
                                   provernet_watch *w, provernet_error *err)
{
    provernet_status rc;
    bool fresh;

    *out = cached(e, digest32);
    if (*out)
        return PROVERNET_OK;
    rc = pvn_engine_take(e, w, err);
    if (rc)
        return rc;
    /* Whoever had the turn before may have loaded it. */
    *out = cached(e, digest32);
    fresh = !*out;
    if (fresh)
        rc = load_file(out, e, path, w, err);
    if (fresh && rc == PROVERNET_OK) {
        memcpy((*out)->digest32, digest32, 32);
        keep(e, *out);
    }
    pvn_engine_give(e);
    return rc;
}

size_t pvn_key_cache_count(provernet_engine *e, uint64_t *bytes)
{
    size_t n = 0;

    pthread_mutex_lock(&e->lock);
    for (provernet_groth16_key *k = e->keys; k; k = k->next)
        n++;
    if (bytes)
        *bytes = e->cache_bytes;
    pthread_mutex_unlock(&e->lock);
    return n;
}

void provernet_groth16_key_free(provernet_groth16_key *k)
{
    bool last;

    if (!k)
        return;
    pthread_mutex_lock(&k->engine->lock);
    last = unref(k);
    pthread_mutex_unlock(&k->engine->lock);
    if (last)
        drop(k);
}

void provernet_groth16_key_info(const provernet_groth16_key *k,
                                provernet_groth16_info *out)
{
    const pvn_groth16_sizes *sizes = pvn_groth16_key_sizes(k->core);
    provernet_groth16_info info = { .struct_size = sizeof info,
                                    .wires = sizes->wires,
                                    .publics = sizes->publics,
                                    .domain = sizes->domain,
                                    .host_bytes = sizes->proof_bytes,
                                    .key_bytes = k->bytes };
    size_t n = out->struct_size < sizeof info ? out->struct_size : sizeof info;

    if (k->engine->device->bytes)
        info.device_bytes = k->engine->device->bytes(k->engine, k->core);
    provernet_groth16_vk_hash(pvn_groth16_key_vk(k->core), info.vk_hash32);
    info.struct_size = out->struct_size;
    memcpy(out, &info, n);
}

provernet_status provernet_groth16_key_vk_json(const provernet_groth16_key *k,
                                               char *buf, size_t cap,
                                               size_t *len)
{
    provernet_status rc = PROVERNET_OK;
    pvn_buf b = { 0 };

    if (!pvn_groth16_vk_json(pvn_groth16_key_vk(k->core), &b)) {
        pvn_buf_free(&b);
        return PROVERNET_ERR_NOMEM;
    }
    *len = b.len;
    if (cap < b.len)
        rc = PROVERNET_ERR_LIMIT;
    else if (b.len)
        memcpy(buf, b.data, b.len);
    pvn_buf_free(&b);
    return rc;
}

provernet_status
provernet_groth16_prove(const provernet_groth16_key *k,
                        provernet_groth16_proof *out, uint8_t *publics32,
                        size_t cap, size_t *publics_len, provernet_span wtns,
                        provernet_watch *w, provernet_error *err)
{
    const pvn_groth16_sizes *sizes;
    provernet_engine *e;
    provernet_status rc;
    uint32_t ticket = 0;

    if (!k || !out || !publics_len || (!publics32 && cap))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "prove needs a key, a proof and room for the public "
                        "signals");
    e = k->engine;
    sizes = pvn_groth16_key_sizes(k->core);
    *publics_len = (size_t)sizes->publics;
    if (cap < sizes->publics)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "room for %zu public signals, the circuit has %llu",
                        cap, (unsigned long long)sizes->publics);
    /* While another proof has the device. */
    if (e->device->prepare)
        ticket = e->device->prepare(e, k->core, wtns);
    rc = pvn_engine_take(e, w, err);
    if (rc == PROVERNET_OK) {
        rc = admit(e, sizes->proof_bytes, "this proof", err);
        if (rc == PROVERNET_OK)
            rc = e->device->prove(e, k->core, out, publics32, wtns, ticket, w,
                                  err);
        pvn_engine_give(e);
    }
    if (ticket)
        e->device->withdraw(e, k->core, ticket); /* if it was not proved */
    return rc;
}
