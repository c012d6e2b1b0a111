/* schedule/sweep.c - what nobody needs any more. Pure; includes decide.h. */
#include "schedule/decide.h"

static pvn_want *expired(pvn_cx *cx, pvn_scan scan, pvn_table table)
{
    pvn_want ask = {
        .scan = scan, .table = table, .int1 = cx->now_ms, .limit = PVN_SCAN_MAX
    };
    return pvn_need_scan(cx, &ask);
}
static pvn_want *artifacts(pvn_cx *cx)
{
    return expired(cx, PVN_ARTIFACTS_EXPIRED, PVN_ARTIFACT);
}
static pvn_want *records(pvn_cx *cx)
{
    return expired(cx, PVN_RECORDS_EXPIRED, PVN_RECORD);
}

void pvn_keys_sweep(pvn_cx *cx)
{
    artifacts(cx);
    records(cx);
    pvn_need_saved(cx, PVN_ARTIFACT_BYTES);
}

static bool due(const pvn_cx *cx, const pvn_artifact *a)
{
    return !a->row.deleted && a->pins == 0 && a->state != PVN_ARTIFACT_GONE &&
           a->expires_ms > 0 && a->expires_ms <= cx->now_ms;
}

provernet_status pvn_decide_sweep(pvn_cx *cx)
{
    pvn_op_sweep *u = &cx->op->u.sweep;
    const pvn_want *w = artifacts(cx), *old = records(cx);
    int64_t freed = 0;
    u->gone_len = 0;
    u->gone = pvn_arena_alloc(&cx->op->arena,
                              (w ? w->found_len : 0) * sizeof *u->gone);
    if (!u->gone) {
        cx->rows->failed = true;
        return pvn_nomem(&cx->op->err);
    }
    for (size_t i = 0; w && i < w->found_len; i++) {
        pvn_artifact *a = (pvn_artifact *)w->found[i];
        if (!due(cx, a))
            continue; /* an earlier operation of the batch took it up */
        pvn_touch(cx, &a->row);
        if (a->state == PVN_ARTIFACT_ISSUED) {
            /* Nobody ever named it: a row would only take room. A late
             * upload may have left its file. */
            u->gone[u->gone_len++] = a->id;
            pvn_rows_delete(cx->rows, &a->row);
            continue;
        }
        freed += a->bytes;
        if (!a->content.data)
            u->gone[u->gone_len++] = a->id;
        a->state = PVN_ARTIFACT_GONE;
        a->content = pvn_bytes_of(NULL, 0);
    }
    if (freed > 0)
        pvn_artifact_bytes_add(cx, -freed);
    for (size_t i = 0; old && i < old->found_len; i++) {
        pvn_record *r = (pvn_record *)old->found[i];
        if (r->row.deleted || r->expires_ms <= 0 || r->expires_ms > cx->now_ms)
            continue;
        pvn_touch(cx, &r->row);
        pvn_rows_delete(cx->rows, &r->row);
    }
    if (cx->rules->event_retention_ms > 0)
        cx->rows->prune_events_ms = cx->now_ms - cx->rules->event_retention_ms;
    u->more = (w && w->found_len >= w->limit) ||
              (old && old->found_len >= old->limit);
    return PROVERNET_OK;
}
