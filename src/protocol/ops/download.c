/* protocol/ops/download.c - GET and HEAD of an artifact: whole or in part,
 * as uploaded or decoded while it streams. Includes ops.h, crypto/,
 * artifact/. */
#include "protocol/ops/ops.h"
#include "crypto/crypto.h"

enum { PIECE = 262144 };

typedef struct download {
    pvn_artifact_path path;
    bool found;
    pvn_raw *raw; /* while decoding */
    uint64_t at, left;
    uint8_t *piece;
} download;

/* Private bytes need a ticket for what is fetched: "get", any space. */
static bool may_read(pvn_call *c, const pvn_artifact_path *p)
{
    const char *ticket = pvn_call_query(c, "t");
    provernet_error *err = pvn_call_error(c);
    pvn_node *n = pvn_call_node(c);

    if (!pvn_artifact_private(p->type))
        return true;
    if (!ticket) {
        pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                      "a private input needs a ticket (?t=)");
        return false;
    }
    if (pvn_ticket_check(pvn_node_ticket_key(n), "get", &p->id, ticket,
                         pvn_now_ms(pvn_node_env(n)), err) == PROVERNET_OK)
        return true;
    pvn_call_fail_with(c, err);
    return false;
}

static pvn_next nothing_there(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                         "there is no such artifact, or its bytes have not "
                         "come or are gone");
}

pvn_next pvn_ops_get_begin(pvn_call *c)
{
    download *d = pvn_arena_alloc(pvn_call_arena(c), sizeof *d);
    pvn_op *op;

    if (!d)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, d);
    if (!pvn_artifact_path_parse(&d->path, pvn_call_rest(c)))
        return nothing_there(c);
    if (!may_read(c, &d->path))
        return PVN_ANSWER;
    op = pvn_op_new(PVN_OP_READ_ARTIFACT);
    if (!op)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    op->u.read_artifact.id = d->path.id;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* ---- the head ---- */

static void put_etag(pvn_call *c, const pvn_artifact *a, bool stored,
                     char etag[80])
{
    char hex[2 * 32 + 1];

    if (a->digest.len != 32) {
        etag[0] = '\0';
        return;
    }
    /* The digest is of the raw bytes; a compressed form has its own tag. */
    snprintf(etag, 80, "\"%s%s\"", pvn_hex(hex, a->digest.data, 32),
             stored && a->encoding == PVN_ZSTD ? "-zstd" : "");
    pvn_answer_field(c, "etag", etag);
}

static bool unchanged(pvn_call *c, const char *etag)
{
    const char *known = pvn_call_field(c, "if-none-match");

    return known && etag[0] && (strcmp(known, "*") == 0 || strstr(known, etag));
}

/* Range does not hold for another version than If-Range names. */
static const char *wanted_range(pvn_call *c, const char *etag)
{
    const char *only_if = pvn_call_field(c, "if-range");

    if (only_if && strcmp(only_if, etag) != 0)
        return NULL;
    return pvn_call_field(c, "range");
}

static pvn_next not_satisfiable(pvn_call *c, uint64_t len)
{
    char text[40];

    snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)len);
    pvn_answer_field(c, "content-range", text);
    return pvn_http_fail(c, 416, PROVERNET_ERR_INVALID,
                         "the range asked for is not within %llu bytes",
                         (unsigned long long)len);
}

static void put_lengths(pvn_call *c, int status, uint64_t from, uint64_t count,
                        uint64_t len)
{
    char text[80];

    pvn_answer_status(c, status);
    pvn_answer_field(c, "content-type", "application/octet-stream");
    pvn_answer_field(c, "x-content-type-options", "nosniff");
    pvn_answer_field(c, "accept-ranges", "bytes");
    snprintf(text, sizeof text, "%llu", (unsigned long long)count);
    pvn_answer_field(c, "content-length", text);
    if (status != 206)
        return;
    snprintf(text, sizeof text, "bytes %llu-%llu/%llu",
             (unsigned long long)from, (unsigned long long)(from + count - 1),
             (unsigned long long)len);
    pvn_answer_field(c, "content-range", text);
}

/* ---- the body ---- */

/* The next piece of decoded bytes; false: the call has failed. */
static bool next_piece(pvn_call *c, download *d, size_t *n)
{
    provernet_error *err = pvn_call_error(c);

    *n = d->left < PIECE ? (size_t)d->left : PIECE;
    if (*n && pvn_raw_read(d->raw, d->piece, *n, d->at, err) != PROVERNET_OK) {
        pvn_call_fail_with(c, err);
        return false;
    }
    d->at += *n;
    d->left -= *n;
    return true;
}

static pvn_next send_piece(pvn_call *c, download *d)
{
    size_t n;

    if (!next_piece(c, d, &n))
        return PVN_ANSWER;
    pvn_answer_body(c, d->piece, n);
    return d->left ? PVN_MORE : PVN_ANSWER;
}

typedef struct part {
    int status;
    uint64_t from, count, len;
} part;

/* The head is written only when the first bytes are there: a failure before
 * that is a clean answer of its own. */
static pvn_next send_decoded(pvn_call *c, download *d, const pvn_artifact *a,
                             const part *p)
{
    provernet_error *err = pvn_call_error(c);
    size_t n;

    d->at = p->from;
    d->left = p->count;
    d->piece = pvn_arena_alloc(pvn_call_arena(c),
                               d->left < PIECE ? (size_t)d->left : PIECE);
    if (!d->piece)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    if (pvn_raw_open(&d->raw, pvn_call_node(c), a, err) != PROVERNET_OK)
        return pvn_call_fail_with(c, err);
    if (!next_piece(c, d, &n))
        return PVN_ANSWER;
    put_lengths(c, p->status, p->from, p->count, p->len);
    pvn_answer_body(c, d->piece, n);
    return d->left ? PVN_MORE : PVN_ANSWER;
}

static pvn_next send_file(pvn_call *c, const pvn_artifact *a, const part *p)
{
    provernet_error *err = pvn_call_error(c);
    uint64_t bytes;
    int fd;

    if (pvn_store_open_file(pvn_node_store(pvn_call_node(c)), &a->id, &fd,
                            &bytes, err) != PROVERNET_OK)
        return pvn_call_fail_with(c, err);
    put_lengths(c, p->status, p->from, p->count, p->len);
    pvn_answer_file(c, fd, p->from, p->count);
    return PVN_ANSWER;
}

static pvn_next send_part(pvn_call *c, download *d, const pvn_artifact *a,
                          bool decode, const part *p)
{
    if (!pvn_http_of(c)->head && decode)
        return send_decoded(c, d, a, p);
    if (!pvn_http_of(c)->head && !a->content.data)
        return send_file(c, a, p);
    put_lengths(c, p->status, p->from, p->count, p->len);
    if (!pvn_http_of(c)->head)
        pvn_answer_body(c, a->content.data + p->from, (size_t)p->count);
    return PVN_ANSWER;
}

static pvn_next send(pvn_call *c, download *d, const pvn_artifact *a)
{
    bool decode = !d->path.stored && a->encoding == PVN_ZSTD;
    part p = { .len = (uint64_t)(decode ? a->raw_bytes : a->bytes) };
    char etag[80];

    put_etag(c, a, d->path.stored, etag);
    if (unchanged(c, etag)) {
        pvn_answer_status(c, 304);
        return PVN_ANSWER;
    }
    p.status = pvn_range_parse(wanted_range(c, etag), p.len, &p.from, &p.count);
    if (p.status == 416)
        return not_satisfiable(c, p.len);
    if (p.status == 200) {
        p.from = 0;
        p.count = p.len;
    }
    return send_part(c, d, a, decode, &p);
}

pvn_next pvn_ops_get_resume(pvn_call *c)
{
    download *d = pvn_call_kept(c, 1);
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_artifact *a;

    if (d->found)
        return send_piece(c, d);
    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    a = op->u.read_artifact.artifact;
    if (!a || a->state != PVN_ARTIFACT_STORED || a->type != d->path.type)
        return nothing_there(c);
    d->found = true;
    return send(c, d, a);
}

void pvn_ops_get_close(pvn_call *c)
{
    download *d = pvn_call_kept(c, 1);

    if (d)
        pvn_raw_close(d->raw);
}
