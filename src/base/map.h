/* base/map.h - bytes -> pointer. Keys are borrowed: they must live as long as
 * their entry (keep them in the value). One thread at a time. */
#ifndef PVN_BASE_MAP_H
#define PVN_BASE_MAP_H
#include "base/bytes.h"

typedef struct pvn_map_entry {
    const void *key;
    size_t key_len;
    void *value; /* NULL: empty slot */
    uint64_t hash;
} pvn_map_entry;
typedef struct pvn_map {
    pvn_map_entry *slot;
    size_t cap, len;
    uint64_t seed; /* against chosen keys; set it from pvn_random once */
} pvn_map;

/* A map of all zero bytes is empty and valid. */
void *pvn_map_get(const pvn_map *m, const void *key, size_t key_len);
/* Insert or replace; value is not NULL. false: no memory. */
bool pvn_map_put(pvn_map *m, const void *key, size_t key_len, void *value);
/* The value that was there, or NULL. */
void *pvn_map_take(pvn_map *m, const void *key, size_t key_len);
/* Next entry at or after *at, or NULL; start with *at = 0. Not while the map
 * changes, except taking the entry just returned. */
pvn_map_entry *pvn_map_next(const pvn_map *m, size_t *at);
void pvn_map_clear(pvn_map *m); /* keeps its memory */
void pvn_map_free(pvn_map *m);
#endif
