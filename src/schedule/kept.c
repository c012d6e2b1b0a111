/* schedule/kept.c - see kept.h. */
#include "schedule/kept.h"

const void *pvn_keep(pvn_cx *cx, const void *row)
{
    const pvn_row *copy =
        row ? pvn_row_copy(&cx->op->arena, (const pvn_row *)row) : NULL;
    if (row && !copy)
        cx->rows->failed = true;
    return copy;
}

const pvn_request *pvn_shown_request(const pvn_request *copy)
{
    pvn_request *q = (pvn_request *)(uintptr_t)copy;
    if (q && q->state != PROVERNET_FULFILLED)
        memset(&q->proof, 0, sizeof q->proof);
    return q;
}

const pvn_request *pvn_keep_request(pvn_cx *cx, const pvn_request *q)
{
    return pvn_shown_request(pvn_keep(cx, q));
}

void *pvn_keep_room(pvn_cx *cx, size_t n, size_t size)
{
    void *p = pvn_arena_alloc(&cx->op->arena, n * size);
    if (!p)
        cx->rows->failed = true;
    return p;
}

void *pvn_keep_all(pvn_cx *cx, const pvn_want *w, size_t *len)
{
    size_t n = w ? w->found_len : 0;
    const void **all = pvn_keep_room(cx, n, sizeof *all);
    *len = 0;
    for (size_t i = 0; all && i < n && !cx->rows->failed; i++)
        if (!w->found[i]->deleted)
            all[(*len)++] = pvn_keep(cx, w->found[i]);
    return all;
}

uint32_t pvn_keep_limit(uint32_t limit)
{
    return limit > 0 && limit <= 1000 ? limit : 1000;
}

provernet_status pvn_kept(pvn_cx *cx)
{
    return cx->rows->failed ? pvn_nomem(&cx->op->err) : PROVERNET_OK;
}
