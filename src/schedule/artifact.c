/* schedule/artifact.c - artifacts: issued, then stored, within the quota.
 * Pure; includes decide.h. */
#include "schedule/decide.h"

void pvn_keys_artifact_issue(pvn_cx *cx)
{
    pvn_need_artifact(cx, &cx->op->u.artifact_issue.id);
}

static pvn_artifact *make(pvn_cx *cx, const provernet_id *id, int64_t type,
                          const uint8_t owner20[20])
{
    pvn_artifact key = { .row.table = PVN_ARTIFACT, .id = *id };
    pvn_artifact *a = (pvn_artifact *)pvn_rows_make(cx->rows, &key.row);
    if (!a)
        return NULL;
    pvn_touch(cx, &a->row);
    a->type = type;
    memcpy(a->owner, owner20, sizeof a->owner);
    a->state = PVN_ARTIFACT_ISSUED;
    a->created_ms = cx->now_ms;
    a->expires_ms = cx->now_ms + cx->rules->artifact_issued_ttl_ms;
    return a;
}

provernet_status pvn_decide_artifact_issue(pvn_cx *cx)
{
    const pvn_op_artifact_issue *u = &cx->op->u.artifact_issue;
    if (pvn_need_artifact(cx, &u->id))
        return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                        "this artifact id is in use");
    return make(cx, &u->id, u->type, u->owner20) ? PROVERNET_OK
                                                 : pvn_nomem(&cx->op->err);
}

/* ---- store ---- */

void pvn_keys_artifact_store(pvn_cx *cx)
{
    pvn_need_artifact(cx, &cx->op->u.artifact_store.id);
    pvn_need_saved(cx, PVN_ARTIFACT_BYTES);
}

static int64_t bytes_stored(pvn_cx *cx)
{
    const pvn_saved *s = pvn_need_saved(cx, PVN_ARTIFACT_BYTES);
    return s && s->value.len == 8 ? (int64_t)pvn_get_u64be(s->value.data) : 0;
}

void pvn_artifact_bytes_add(pvn_cx *cx, int64_t bytes)
{
    int64_t sum = bytes_stored(cx) + bytes;
    pvn_saved *s = pvn_need_saved(cx, PVN_ARTIFACT_BYTES);
    if (!s) {
        pvn_saved key = { .row.table = PVN_SETTING,
                          .name = PVN_ARTIFACT_BYTES };
        s = (pvn_saved *)pvn_rows_make(cx->rows, &key.row);
    }
    uint8_t *value = pvn_arena_alloc(cx->rows->arena, 8);
    if (!s || !value) {
        cx->rows->failed = true;
        return;
    }
    pvn_put_u64be(value, (uint64_t)(sum < 0 ? 0 : sum));
    pvn_touch(cx, &s->row);
    s->value = pvn_bytes_of(value, 8);
}

static provernet_status check_space(pvn_cx *cx)
{
    const pvn_op_artifact_store *u = &cx->op->u.artifact_store;
    const pvn_rules *rules = cx->rules;
    int64_t stored = bytes_stored(cx);
    if (u->bytes < 0 || u->raw_bytes < 0)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_INVALID, 0,
                        "bytes: a negative length");
    int64_t most = u->bytes > u->raw_bytes ? u->bytes : u->raw_bytes;
    if (rules->artifact_size_max > 0 && most > rules->artifact_size_max)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_LIMIT, 0,
                        "artifact.size_max: %lld bytes, %lld are allowed",
                        (long long)most, (long long)rules->artifact_size_max);
    if (rules->artifact_quota > 0 && u->bytes > rules->artifact_quota - stored)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_SPACE, 0,
                        "artifact.quota: %lld bytes are stored, with these "
                        "%lld it would be %lld; %lld are allowed\n"
                        "help: raise artifact.quota or wait until old "
                        "artifacts expire",
                        (long long)stored, (long long)u->bytes,
                        (long long)(stored + u->bytes),
                        (long long)rules->artifact_quota);
    return PROVERNET_OK;
}

/* Stored already: the same bytes again are fine, others are not. */
static provernet_status again(pvn_cx *cx, const pvn_artifact *a)
{
    pvn_op_artifact_store *u = &cx->op->u.artifact_store;
    u->again = true;
    if (a->raw_bytes == u->raw_bytes &&
        pvn_bytes_equal(a->digest, pvn_bytes_of(u->digest32, 32)))
        return PROVERNET_OK;
    u->again = false;
    return pvn_fail(&cx->op->err, PROVERNET_ERR_EXISTS, 0,
                    "the artifact is stored already with other bytes; nothing "
                    "was replaced");
}

provernet_status pvn_decide_artifact_store(pvn_cx *cx)
{
    pvn_op_artifact_store *u = &cx->op->u.artifact_store;
    pvn_artifact *a = pvn_need_artifact(cx, &u->id);
    u->again = false;
    if (a && a->state == PVN_ARTIFACT_STORED)
        return again(cx, a);
    if (a && a->state == PVN_ARTIFACT_GONE)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "the artifact has expired and was removed");
    if (!a && !u->make)
        return pvn_fail(&cx->op->err, PROVERNET_ERR_NOT_FOUND, 0,
                        "there is no such artifact (upload addresses expire "
                        "after artifact.issued_ttl)");
    provernet_status s = check_space(cx);
    if (s < 0)
        return s;
    if (!a)
        a = make(cx, &u->id, u->type, u->owner20);
    if (!a)
        return pvn_nomem(&cx->op->err);
    pvn_touch(cx, &a->row);
    a->state = PVN_ARTIFACT_STORED;
    a->digest = pvn_bytes_of(u->digest32, 32);
    a->encoding = u->encoding;
    a->bytes = u->bytes;
    a->raw_bytes = u->raw_bytes;
    a->content = u->content;
    a->expires_ms = cx->now_ms + cx->rules->artifact_retention_ms;
    pvn_artifact_bytes_add(cx, u->bytes);
    return PROVERNET_OK;
}
