/* net/cache.h - files that a worker fetched: programs kept by digest, within
 * worker.cache_bytes, least recently used goes first; and files of one job.
 * Any thread. */
#ifndef PVN_NET_CACHE_H
#define PVN_NET_CACHE_H
#include "base/env.h"
#include "base/error.h"

typedef struct pvn_cache pvn_cache;
typedef struct pvn_cached pvn_cached; /* a kept file in use */

/* dir "" : a temporary one, made when first needed and removed at close. */
provernet_status pvn_cache_open(pvn_cache **out, const char *dir,
                                uint64_t bytes_max, provernet_error *err);
void pvn_cache_close(pvn_cache *c);

/* The kept file of this digest, pinned; NULL: not here. */
pvn_cached *pvn_cache_find(pvn_cache *c, const uint8_t digest32[32]);
const char *pvn_cached_path(const pvn_cached *f);
void pvn_cached_give(pvn_cache *c, pvn_cached *f); /* NULL is allowed */
/* Where a file of this digest is written before it is whole. Two threads that
 * fetch the same file get different names. Freed by the caller. NULL: *err. */
char *pvn_cache_part(pvn_cache *c, const uint8_t digest32[32],
                     provernet_error *err);
/* The part is whole and checked: keep it, pinned. On failure the part stays. */
provernet_status pvn_cache_keep(pvn_cache *c, pvn_cached **out,
                                const char *part, const uint8_t digest32[32],
                                provernet_error *err);
/* A new path for a file of one job; freed by the caller. NULL: *err. */
char *pvn_cache_temporary(pvn_cache *c, provernet_error *err);
/* Bytes and files kept, for tests and status. */
size_t pvn_cache_count(pvn_cache *c, uint64_t *bytes);
#endif
