/* protocol/succinct/known.c - registered programs seen before: kind, URI and
 * size never change, so a request need not read them again. Any thread.
 * Includes succinct.h and base/map.h. */
#include "protocol/succinct/succinct.h"
#include "base/lock.h"
#include "base/map.h"
#include <stdlib.h>

enum { KNOWN_MAX = 4096 };

typedef struct entry {
    uint8_t vk_hash32[PVN_VK_HASH];
    pvn_known_program program;
} entry;

typedef struct cache {
    pvn_lock lock;
    pvn_map by_hash;
} cache;

static void *cache_make(pvn_node *n)
{
    cache *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    pvn_lock_init(&k->lock);
    pvn_random(pvn_node_env(n), &k->by_hash.seed, sizeof k->by_hash.seed);
    return k;
}

static void cache_free(void *p)
{
    cache *k = p;
    pvn_map_entry *e;
    size_t at = 0;

    if (!k)
        return;
    while ((e = pvn_map_next(&k->by_hash, &at)))
        free(e->value); /* keys live in the values: only free the map now */
    pvn_map_free(&k->by_hash);
    pvn_lock_end(&k->lock);
    free(k);
}

static cache *cache_of(pvn_node *n)
{
    return pvn_node_slot(n, PVN_PROTOCOL_SUCCINCT, cache_make, cache_free);
}

bool pvn_program_known(pvn_node *n, pvn_bytes vk_hash, pvn_known_program *p)
{
    cache *k = cache_of(n);
    entry *e;

    if (!k || vk_hash.len != PVN_VK_HASH)
        return false;
    pvn_lock_take(&k->lock);
    e = pvn_map_get(&k->by_hash, vk_hash.data, vk_hash.len);
    if (e)
        *p = e->program;
    pvn_lock_give(&k->lock);
    return e != NULL;
}

void pvn_program_learn(pvn_node *n, pvn_bytes vk_hash,
                       const pvn_known_program *p)
{
    cache *k = cache_of(n);
    entry *e, *old = NULL;

    if (!k || vk_hash.len != PVN_VK_HASH)
        return;
    e = malloc(sizeof *e);
    if (!e)
        return; /* it is only a memory of what can be read again */
    memcpy(e->vk_hash32, vk_hash.data, sizeof e->vk_hash32);
    e->program = *p;
    pvn_lock_take(&k->lock);
    old = pvn_map_take(&k->by_hash, e->vk_hash32, sizeof e->vk_hash32);
    if (k->by_hash.len >= KNOWN_MAX ||
        !pvn_map_put(&k->by_hash, e->vk_hash32, sizeof e->vk_hash32, e))
        free(e); /* the oldest stay: programs in use are learnt early */
    pvn_lock_give(&k->lock);
    free(old);
}
