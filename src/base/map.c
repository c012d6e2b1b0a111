/* base/map.c - open addressing, linear probing, deletion by shifting back.
 * The hash is a keyed multiply-mix over 8-byte words: fast, and its seed makes
 * collisions unpredictable to whoever chooses the keys. */
#include "base/map.h"
#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t mix(uint64_t a, uint64_t b)
{
    wide m = (wide)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t hash_of(const pvn_map *m, const void *key, size_t len)
{
    const uint8_t *p = key;
    uint64_t h = mix(m->seed, len), word = 0;

    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&word, p, 8);
        h = mix(h, word);
    }
    word = 0;
    if (len)
        memcpy(&word, p, len);
    return mix(h, word ^ m->seed);
}

static size_t find(const pvn_map *m, const void *key, size_t len, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->slot[i].value &&
           !(m->slot[i].hash == hash && m->slot[i].key_len == len &&
             memcmp(m->slot[i].key, key, len) == 0))
        i = (i + 1) & (m->cap - 1);
    return i;
}

void *pvn_map_get(const pvn_map *m, const void *key, size_t key_len)
{
    if (m->len == 0)
        return NULL;
    return m->slot[find(m, key, key_len, hash_of(m, key, key_len))].value;
}

static bool grow(pvn_map *m)
{
    pvn_map bigger = { NULL, m->cap ? m->cap * 2 : 16, m->len, m->seed };

    bigger.slot = calloc(bigger.cap, sizeof *bigger.slot);
    if (!bigger.slot)
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slot[i].value)
            bigger.slot[find(&bigger, m->slot[i].key, m->slot[i].key_len,
                             m->slot[i].hash)] = m->slot[i];
    free(m->slot);
    *m = bigger;
    return true;
}

bool pvn_map_put(pvn_map *m, const void *key, size_t key_len, void *value)
{
    uint64_t hash = hash_of(m, key, key_len);
    pvn_map_entry *e;

    if (m->len * 4 >= m->cap * 3 && !grow(m))
        return false;
    e = &m->slot[find(m, key, key_len, hash)];
    if (!e->value)
        m->len++;
    *e = (pvn_map_entry){ key, key_len, value, hash };
    return true;
}

void *pvn_map_take(pvn_map *m, const void *key, size_t key_len)
{
    size_t hole, i, mask = m->cap - 1;
    void *value;

    if (m->len == 0)
        return NULL;
    hole = find(m, key, key_len, hash_of(m, key, key_len));
    value = m->slot[hole].value;
    if (!value)
        return NULL;
    /* Close the gap: move back every entry whose home is not after the hole. */
    for (i = (hole + 1) & mask; m->slot[i].value; i = (i + 1) & mask) {
        size_t home = m->slot[i].hash & mask;

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->slot[hole] = m->slot[i];
            hole = i;
        }
    }
    m->slot[hole].value = NULL;
    m->len--;
    return value;
}

pvn_map_entry *pvn_map_next(const pvn_map *m, size_t *at)
{
    while (*at < m->cap) {
        pvn_map_entry *e = &m->slot[(*at)++];

        if (e->value)
            return e;
    }
    return NULL;
}

void pvn_map_clear(pvn_map *m)
{
    if (m->slot)
        memset(m->slot, 0, m->cap * sizeof *m->slot);
    m->len = 0;
}

void pvn_map_free(pvn_map *m)
{
    free(m->slot);
    m->slot = NULL;
    m->cap = m->len = 0;
}
