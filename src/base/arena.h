/* base/arena.h - memory that is freed all at once. One thread at a time. */
#ifndef PVN_BASE_ARENA_H
#define PVN_BASE_ARENA_H
#include "base/bytes.h"

typedef struct pvn_arena_block pvn_arena_block;
typedef struct pvn_arena {
    pvn_arena_block *head;
    size_t used;  /* bytes handed out */
    size_t first; /* of the first block after a reset; 0: the usual */
} pvn_arena;

/* An arena of all zero bytes is empty and valid. */
/* Zeroed, 16-byte aligned; NULL: no memory. size 0 gives a valid pointer. */
void *pvn_arena_alloc(pvn_arena *a, size_t size);
/* NUL is added after the copy. NULL in gives NULL out only for want of
 * memory or (copy) data == NULL. */
char *pvn_arena_text(pvn_arena *a, const char *text);
void *pvn_arena_copy(pvn_arena *a, const void *data, size_t len);
char *pvn_arena_format(pvn_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Forget all; memory for as much again is kept, or taken at once, up to 1 MiB. */
void pvn_arena_reset(pvn_arena *a);
void pvn_arena_free(pvn_arena *a);
#endif
