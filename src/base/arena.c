/* base/arena.c - see arena.h. */
#include "base/arena.h"
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Small at first: ten thousand calls may be parked with little in them; the
 * blocks of most calls fit glibc's thread caches. A block that is kept over
 * resets grows to hold all that was needed at once. */
enum { FIRST_BLOCK = 224, BLOCK_MAX = 65536, KEPT_MAX = 1 << 20, ALIGN = 16 };

struct pvn_arena_block {
    pvn_arena_block *next;
    size_t cap, used;
    alignas(16) uint8_t data[];
};

static pvn_arena_block *block_new(const pvn_arena *a, size_t size)
{
    size_t cap = a->head ? a->head->cap * 2 : FIRST_BLOCK;
    pvn_arena_block *b;

    if (cap > BLOCK_MAX)
        cap = BLOCK_MAX;
    if (!a->head && cap < a->first)
        cap = a->first;
    if (cap < size)
        cap = size;
    b = malloc(sizeof *b + cap);
    if (!b)
        return NULL;
    b->cap = cap;
    b->used = 0;
    return b;
}

void *pvn_arena_alloc(pvn_arena *a, size_t size)
{
    pvn_arena_block *b = a->head;
    void *p;

    if (size > SIZE_MAX - 2 * ALIGN - sizeof *b)
        return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (size == 0)
        size = ALIGN;
    if (!b || b->cap - b->used < size) {
        b = block_new(a, size);
        if (!b)
            return NULL;
        b->next = a->head;
        a->head = b;
    }
    p = b->data + b->used;
    b->used += size;
    a->used += size;
    return memset(p, 0, size);
}

void *pvn_arena_copy(pvn_arena *a, const void *data, size_t len)
{
    uint8_t *p;

    if (!data || len == SIZE_MAX)
        return NULL;
    p = pvn_arena_alloc(a, len + 1);
    if (p && len)
        memcpy(p, data, len);
    return p;
}

char *pvn_arena_text(pvn_arena *a, const char *text)
{
    return text ? pvn_arena_copy(a, text, strlen(text)) : NULL;
}

char *pvn_arena_format(pvn_arena *a, const char *fmt, ...)
{
    char text[512], *p = NULL;
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(text, sizeof text, fmt, ap);
    if (n >= 0)
        p = pvn_arena_alloc(a, (size_t)n + 1);
    if (p && (size_t)n < sizeof text)
        memcpy(p, text, (size_t)n + 1);
    else if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return p;
}

static void free_blocks(pvn_arena *a)
{
    for (pvn_arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->head = NULL;
    a->used = 0;
}

/* One block is kept. If it was not enough, the next first one will be. */
void pvn_arena_reset(pvn_arena *a)
{
    pvn_arena_block *b = a->head;

    if (!b)
        return;
    if (!b->next) {
        b->used = 0;
        a->used = 0;
        return;
    }
    if (a->first < a->used)
        a->first = a->used < KEPT_MAX ? a->used + a->used / 4 : KEPT_MAX;
    free_blocks(a);
}

void pvn_arena_free(pvn_arena *a)
{
    free_blocks(a);
    a->first = 0;
}
