/* protocol/ops/upload.c - PUT of an artifact's bytes: streamed through the
 * store, durable before the answer. Includes ops.h, crypto/, artifact/.
 *
 * Nothing is kept of an upload that does not end. Order: file, then row. */
#include "protocol/ops/ops.h"
#include "crypto/crypto.h"

/* Whether the disk has room is asked for bodies from this size on. */
enum { ASK_DISK = 65536 };

typedef struct upload {
    enum { RECEIVE, LOOK, KEEP, STORE } step;
    pvn_artifact_path path;
    pvn_put *put;
    pvn_facts facts;
    uint64_t announced, received; /* announced: UINT64_MAX if unknown */
    bool make;                    /* its address was handed out without a row */
    uint8_t owner20[20];
    provernet_error err; /* of the crew */
} upload;

static pvn_next cannot(pvn_call *c, const provernet_error *err)
{
    int http = err->status == PROVERNET_ERR_LIMIT ? 413 : 0;

    return pvn_http_fail(c, http, err->status, "%s", err->message);
}

static uint64_t announced_length(pvn_call *c)
{
    const char *text = pvn_call_field(c, "content-length");
    uint64_t n = 0;

    if (!text || !*text)
        return UINT64_MAX;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || n > UINT64_MAX / 10 - 10)
            return UINT64_MAX;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    return n;
}

/* What can be known to fail is refused before its bytes travel. */
static pvn_next check_length(pvn_call *c, uint64_t len)
{
    pvn_node *n = pvn_call_node(c);
    const pvn_rules *rules = pvn_node_rules(n);
    uint64_t free_bytes;

    if (len == UINT64_MAX)
        return PVN_BODY;
    if (len > (uint64_t)rules->artifact_size_max)
        return pvn_http_fail(c, 413, PROVERNET_ERR_LIMIT,
                             "the artifact has %llu bytes, artifact.size_max "
                             "is %lld",
                             (unsigned long long)len,
                             (long long)rules->artifact_size_max);
    if (rules->artifact_quota && len > (uint64_t)rules->artifact_quota)
        return pvn_http_fail(c, 507, PROVERNET_ERR_SPACE,
                             "the artifact has %llu bytes, artifact.quota is "
                             "%lld",
                             (unsigned long long)len,
                             (long long)rules->artifact_quota);
    if (len < ASK_DISK)
        return PVN_BODY;
    free_bytes = pvn_store_free(pvn_node_store(n));
    if (free_bytes && len > free_bytes)
        return pvn_http_fail(c, 507, PROVERNET_ERR_SPACE,
                             "the artifact has %llu bytes, the disk has %llu "
                             "left",
                             (unsigned long long)len,
                             (unsigned long long)free_bytes);
    return PVN_BODY;
}

/* A ticket with an owner (?o=) stands for a row that is not there yet. */
static provernet_status check_ticket(pvn_call *c, upload *u, const char *ticket)
{
    const char *owner = pvn_call_query(c, "o");
    provernet_error *err = pvn_call_error(c);
    pvn_node *n = pvn_call_node(c);
    char verb[PVN_UPLOAD_VERB] = "put";

    if (owner &&
        !pvn_unhex(u->owner20, sizeof u->owner20, owner, strlen(owner)))
        return pvn_fail(err, PROVERNET_ERR_PERMISSION, 0,
                        "the owner in the address (?o=) is not 40 hex digits");
    u->make = owner != NULL;
    if (u->make)
        pvn_artifact_upload_verb(verb, u->path.type, u->owner20);
    return pvn_ticket_check(pvn_node_ticket_key(n), verb, &u->path.id, ticket,
                            pvn_now_ms(pvn_node_env(n)), err);
}

pvn_next pvn_ops_put_begin(pvn_call *c)
{
    upload *u = pvn_arena_alloc(pvn_call_arena(c), sizeof *u);
    const char *ticket = pvn_call_query(c, "t");
    provernet_error *err = pvn_call_error(c);
    pvn_node *n = pvn_call_node(c);
    pvn_next next;

    if (!u)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, u);
    if (!pvn_artifact_path_parse(&u->path, pvn_call_rest(c)) || u->path.spaced)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "this is not an upload address\nhelp: use the "
                             "one that CreateArtifact gave");
    if (!ticket)
        return pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                             "an upload needs its ticket (?t=)\nhelp: use the "
                             "whole address that CreateArtifact gave");
    if (check_ticket(c, u, ticket) != PROVERNET_OK)
        return cannot(c, err);
    u->announced = announced_length(c);
    next = check_length(c, u->announced);
    if (next != PVN_BODY)
        return next;
    if (pvn_put_open(pvn_node_store(n), &u->put, err) != PROVERNET_OK)
        return cannot(c, err);
    return PVN_BODY;
}

pvn_next pvn_ops_put_body(pvn_call *c, const void *data, size_t len)
{
    upload *u = pvn_call_kept(c, 1);
    provernet_error *err = pvn_call_error(c);

    u->received += len;
    if (pvn_put_write(u->put, data, len, err) != PROVERNET_OK) {
        pvn_put_close(u->put);
        u->put = NULL;
        return cannot(c, err);
    }
    return PVN_BODY;
}

static pvn_next store(pvn_call *c, upload *u)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    pvn_op_artifact_store *s;

    if (!op)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    s = &op->u.artifact_store;
    s->id = u->path.id;
    s->make = u->make;
    s->type = u->path.type;
    memcpy(s->owner20, u->owner20, sizeof s->owner20);
    memcpy(s->digest32, u->facts.digest32, sizeof s->digest32);
    s->encoding = u->facts.encoding;
    s->bytes = (int64_t)u->facts.bytes;
    s->raw_bytes = (int64_t)u->facts.raw_bytes;
    if (u->facts.content) {
        s->content = pvn_bytes_of(
            pvn_arena_copy(&op->arena, u->facts.content, u->facts.bytes),
            (size_t)u->facts.bytes);
        if (!s->content.data) {
            pvn_op_free(op);
            return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
        }
    }
    u->step = STORE;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* A file gets its name only if the row has none yet: ask first. */
static pvn_next look(pvn_call *c, upload *u)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_ARTIFACT);

    if (!op)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    op->u.read_artifact.id = u->path.id;
    u->step = LOOK;
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_ops_put_end(pvn_call *c)
{
    upload *u = pvn_call_kept(c, 1);
    provernet_error *err = pvn_call_error(c);

    if (u->announced != UINT64_MAX && u->received != u->announced)
        return pvn_call_fail(c, PROVERNET_ERR_FORMAT,
                             "%llu bytes came, content-length says %llu",
                             (unsigned long long)u->received,
                             (unsigned long long)u->announced);
    if (pvn_put_end(u->put, &u->facts, err) != PROVERNET_OK)
        return cannot(c, err);
    return u->facts.content ? store(c, u) : look(c, u);
}

static void keep(pvn_call *c)
{
    upload *u = pvn_call_kept(c, 1);

    u->err.status = pvn_put_keep(u->put, &u->path.id, &u->err);
}

static pvn_next stored(pvn_call *c, const upload *u)
{
    char etag[2 * 32 + 3], hex[2 * 32 + 1];

    snprintf(etag, sizeof etag, "\"%s\"",
             pvn_hex(hex, u->facts.digest32, sizeof u->facts.digest32));
    pvn_answer_field(c, "etag", etag);
    return pvn_http_reply(c, 200, "text/plain", NULL, 0);
}

static pvn_next looked(pvn_call *c, upload *u)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_artifact *a = op->u.read_artifact.artifact;
    bool same;

    if (op->err.status != PROVERNET_OK)
        return cannot(c, &op->err);
    if (!a && !u->make)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "there is no such artifact");
    if (!a || a->state != PVN_ARTIFACT_STORED) { /* the op judges it again */
        u->step = KEEP;
        pvn_call_crew(c, keep);
        return PVN_CREW;
    }
    same = a->digest.len == sizeof u->facts.digest32 &&
           memcmp(a->digest.data, u->facts.digest32, a->digest.len) == 0 &&
           a->bytes == (int64_t)u->facts.bytes;
    if (same)
        return stored(c, u);
    return pvn_call_fail(c, PROVERNET_ERR_EXISTS,
                         "other bytes were uploaded to this address before; "
                         "they stay\nhelp: create another artifact");
}

pvn_next pvn_ops_put_resume(pvn_call *c)
{
    upload *u = pvn_call_kept(c, 1);
    const pvn_op *op;

    switch (u->step) {
    case LOOK:
        return looked(c, u);
    case KEEP:
        if (u->err.status != PROVERNET_OK)
            return cannot(c, &u->err);
        return store(c, u);
    default:
        op = pvn_call_op_at(c, 0);
        if (op->err.status != PROVERNET_OK)
            return cannot(c, &op->err);
        return stored(c, u);
    }
}

void pvn_ops_put_close(pvn_call *c)
{
    upload *u = pvn_call_kept(c, 1);

    if (u)
        pvn_put_close(u->put);
}
