/* protocol/succinct/known.c - what was worked out before and never changes:
 * kind, URI and size of a registered program, and who signed the one text that
 * CreateArtifact signs (clients send the same 65 bytes each time). Any thread.
 * Includes succinct.h and base/map.h. */
#include "protocol/succinct/succinct.h"
#include "base/lock.h"
#include "base/map.h"
#include <stdlib.h>

enum { KNOWN_MAX = 4096, SIGNERS = 1024 /* a power of two */ };

typedef struct signer {
    bool known;
    uint8_t sig65[65], address20[20];
} signer;

typedef struct entry {
    uint8_t vk_hash32[PVN_VK_HASH];
    pvn_known_program program;
} entry;

typedef struct cache {
    pvn_lock lock;
    pvn_map by_hash;
    signer signer[SIGNERS];
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

/* ---- signers ---- */

/* Where it stands cannot be guessed from outside: nobody is pushed out on
 * purpose, and who is has a signature recovered once more. */
static signer *place_of(cache *k, const uint8_t sig65[65])
{
    uint64_t h = (pvn_get_u64be(sig65) ^ k->by_hash.seed) * 0x9e3779b97f4a7c15u;

    return &k->signer[(h >> 32) & (SIGNERS - 1)];
}

bool pvn_signer_known(pvn_node *n, pvn_bytes sig, uint8_t address20[20])
{
    cache *k = cache_of(n);
    const signer *s;
    bool known;

    if (!k || sig.len != sizeof s->sig65)
        return false;
    pvn_lock_take(&k->lock);
    s = place_of(k, sig.data);
    known = s->known && memcmp(s->sig65, sig.data, sizeof s->sig65) == 0;
    if (known)
        memcpy(address20, s->address20, sizeof s->address20);
    pvn_lock_give(&k->lock);
    return known;
}

void pvn_signer_learn(pvn_node *n, pvn_bytes sig, const uint8_t address20[20])
{
    cache *k = cache_of(n);
    signer *s;

    if (!k || sig.len != sizeof s->sig65)
        return;
    pvn_lock_take(&k->lock);
    s = place_of(k, sig.data);
    s->known = true;
    memcpy(s->sig65, sig.data, sizeof s->sig65);
    memcpy(s->address20, address20, sizeof s->address20);
    pvn_lock_give(&k->lock);
}
