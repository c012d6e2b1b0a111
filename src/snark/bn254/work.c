/* snark/bn254/work.c - large memory and work queues; includes work.h only. */
#include "work.h"
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, BLOCK = 2 * HUGE_PAGE, PAGE = 4096 };

static size_t pages_size(size_t bytes)
{
    size_t unit = bytes >= HUGE_PAGE ? HUGE_PAGE : PAGE;
    return (bytes + unit) / unit * unit;
}

/* `size` bytes, a multiple of HUGE_PAGE. */
static char *map_huge(size_t size)
{
    /* Map a huge page too much and give the unaligned ends back. */
    char *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t head =
        (HUGE_PAGE - ((uintptr_t)p & (HUGE_PAGE - 1))) & (HUGE_PAGE - 1);
    if (head)
        (void)munmap(p, head);
    if (head < HUGE_PAGE)
        (void)munmap(p + head + size, HUGE_PAGE - head);
#ifdef MADV_HUGEPAGE
    (void)madvise(p + head, size, MADV_HUGEPAGE); /* speed only */
#endif
    return p + head;
}

void *pvn_pages_new(size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t size = pages_size(bytes);
    if (size >= HUGE_PAGE)
        return map_huge(size);
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void pvn_pages_free(void *p, size_t bytes)
{
    if (p)
        (void)munmap(p, pages_size(bytes));
}

void pvn_pool_empty(pvn_pool *pool)
{
    bool cut_lent = false;
    for (int i = 0; i < PVN_POOL_PLACES; i++) {
        struct pvn_pool_piece *piece = &pool->piece[i];
        if (piece->cut) {
            cut_lent |= piece->lent;
        } else if (!piece->lent) {
            pvn_pages_free(piece->p, piece->bytes);
            piece->p = NULL;
        }
    }
    if (cut_lent)
        return;
    for (int i = 0; i < PVN_POOL_PLACES; i++)
        if (pool->piece[i].cut)
            pool->piece[i] = (struct pvn_pool_piece){ 0 };
    for (int i = 0; i < PVN_POOL_BLOCKS; i++) {
        if (pool->block[i].p)
            (void)munmap(pool->block[i].p, BLOCK);
        pool->block[i] = (struct pvn_pool_block){ 0 };
    }
}

/* A piece of a block. NULL: too large, no block left, or no memory. */
static char *cut(pvn_pool *pool, size_t bytes)
{
    size_t size = (bytes + PAGE) / PAGE * PAGE;
    if (size >= HUGE_PAGE)
        return NULL;
    for (int i = 0; i < PVN_POOL_BLOCKS; i++) {
        struct pvn_pool_block *b = &pool->block[i];
        if (!b->p)
            b->p = map_huge(BLOCK);
        if (!b->p)
            return NULL;
        if (BLOCK - b->used < size)
            continue;
        b->used += size;
        return b->p + b->used - size;
    }
    return NULL;
}

/* The smallest piece that holds `bytes` and is not far too large, or NULL. */
static struct pvn_pool_piece *best_piece(pvn_pool *pool, size_t bytes)
{
    struct pvn_pool_piece *best = NULL;
    for (int i = 0; i < PVN_POOL_PLACES; i++) {
        struct pvn_pool_piece *piece = &pool->piece[i];
        if (!piece->p || piece->lent || piece->bytes < bytes ||
            piece->bytes / 4 > bytes + HUGE_PAGE)
            continue;
        if (!best || piece->bytes < best->bytes)
            best = piece;
    }
    return best;
}

static struct pvn_pool_piece *piece_at(pvn_pool *pool, const void *p)
{
    for (int i = 0; i < PVN_POOL_PLACES; i++)
        if (pool->piece[i].p == p)
            return &pool->piece[i];
    return NULL;
}

void *pvn_scratch_new(pvn_pool *pool, size_t bytes)
{
    if (!pool)
        return pvn_pages_new(bytes);
    struct pvn_pool_piece *piece = best_piece(pool, bytes);
    if (piece) {
        piece->lent = true;
        return piece->p;
    }
    piece = piece_at(pool, NULL);
    void *p = piece ? cut(pool, bytes) : NULL;
    bool whole = !p;
    if (whole)
        p = pvn_pages_new(bytes);
    if (!p) { /* what is kept may be what is missing */
        pvn_pool_empty(pool);
        p = pvn_pages_new(bytes);
        piece = piece_at(pool, NULL);
    }
    if (p && piece) /* without a place it is given back at once */
        *piece = (struct pvn_pool_piece){ p, bytes, true, !whole };
    return p;
}

void pvn_scratch_free(pvn_pool *pool, void *p, size_t bytes)
{
    struct pvn_pool_piece *piece = p && pool ? piece_at(pool, p) : NULL;
    if (piece)
        piece->lent = false;
    else
        pvn_pages_free(p, bytes);
}

struct queue {
    pvn_work_fn fn;
    void *arg;
    char *scratch;
    size_t scratch_step, n;
    provernet_watch *watch;
    atomic_size_t next;
    atomic_bool stopped;
};

static void queue_worker(void *arg, size_t thread)
{
    struct queue *q = arg;
    for (;;) {
        if (!pvn_watch_at(q->watch, NULL, 0)) {
            atomic_store(&q->stopped, true);
            return;
        }
        size_t i = atomic_fetch_add(&q->next, 1);
        if (i >= q->n)
            return;
        q->fn(q->arg, q->scratch + thread * q->scratch_step, i);
    }
}

provernet_status pvn_work(const pvn_par *par, pvn_work_fn fn, void *arg,
                          size_t n, size_t scratch_bytes,
                          provernet_watch *watch)
{
    size_t threads = par && par->threads > 1 ? par->threads : 1;
    if (threads > n)
        threads = n ? n : 1;
    struct queue q = { .fn = fn,
                       .arg = arg,
                       .n = n,
                       .watch = watch,
                       .scratch_step = (scratch_bytes + 127) / 64 * 64 };
    atomic_init(&q.next, 0);
    atomic_init(&q.stopped, false);
    q.scratch = pvn_scratch_new(pvn_par_pool(par), threads * q.scratch_step);
    if (!q.scratch)
        return PROVERNET_ERR_NOMEM;
    pvn_par_for(par, queue_worker, &q, threads);
    pvn_scratch_free(pvn_par_pool(par), q.scratch, threads * q.scratch_step);
    return atomic_load(&q.stopped) ? PROVERNET_ERR_CANCELLED : PROVERNET_OK;
}
