/* node/blob.c - artifacts for application threads: provernet/artifact.h over
 * the store and the operations. */
#include "node/blob.h"
#include "node/inside.h"
#include <provernet/artifact.h>
#include <stdlib.h>

enum { CHUNK = 64 * 1024 };

struct provernet_blob {
    pvn_blob_head other; /* ops NULL: a node's own artifact */
    provernet *node;
    provernet_id id;
    int64_t type, encoding;
    pvn_put *put;     /* being written */
    uint8_t *content; /* a small one's bytes, or NULL */
    int fd;           /* else its file */
    uint64_t bytes, raw_bytes, written;
    /* reading zstd: where the decoder stands */
    pvn_decoder *decoder;
    uint8_t *chunk;
    size_t chunk_at, chunk_len;
    uint64_t file_at, raw_at;
};

static const struct {
    const char *name;
    int64_t type;
} types[] = {
    { "program", PVN_TYPE_PROGRAM },
    { "stdin", PVN_TYPE_STDIN },
    { "private-stdin", PVN_TYPE_PRIVATE_STDIN },
    { "proof", PVN_TYPE_PROOF },
    { "key", PVN_TYPE_KEY },
    { "data", PVN_TYPE_DATA },
};

static provernet_blob *blob_new(provernet *n)
{
    provernet_blob *b = calloc(1, sizeof *b);

    if (b) {
        b->node = n;
        b->fd = -1;
    }
    return b;
}

void provernet_blob_close(provernet_blob *b)
{
    const pvn_files *f;

    if (!b)
        return;
    if (b->other.ops) {
        b->other.ops->close(b);
        return;
    }
    f = &b->node->env.files;
    pvn_put_close(b->put);
    pvn_decoder_close(b->decoder);
    if (b->fd >= 0)
        f->close(f->user, b->fd);
    free(b->chunk);
    free(b->content);
    free(b);
}

provernet_status provernet_blob_create(provernet *pn, provernet_blob **out,
                                       const char *type, provernet_error *err)
{
    provernet_blob *b;
    provernet_status s;
    size_t i = 0;

    *out = NULL;
    while (i < sizeof types / sizeof *types &&
           (!type || strcmp(types[i].name, type) != 0))
        i++;
    if (i == sizeof types / sizeof *types)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "there is no artifact type \"%.40s\"\nhelp: program, "
                        "stdin, private-stdin, proof, key or data",
                        type ? type : "");
    b = blob_new(pn);
    if (!b)
        return pvn_nomem(err);
    b->type = types[i].type;
    s = pvn_put_open(pn->store, &b->put, err);
    if (s != PROVERNET_OK) {
        provernet_blob_close(b);
        return s;
    }
    *out = b;
    return PROVERNET_OK;
}

provernet_status provernet_blob_write(provernet_blob *b, const void *data,
                                      size_t len, provernet_error *err)
{
    provernet_status s;

    if (b->other.ops)
        return b->other.ops->write(b, data, len, err);
    if (!b->put)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the blob is committed, it takes no more bytes");
    s = pvn_put_write(b->put, data, len, err);
    if (s == PROVERNET_OK)
        b->written += len;
    return s;
}

/* ---- keeping it ---- */

static provernet_status store_row(provernet_blob *b, const pvn_facts *facts,
                                  provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    pvn_op_artifact_store *a;
    provernet_status s;

    if (!op)
        return pvn_nomem(err);
    a = &op->u.artifact_store;
    a->id = b->id;
    a->make = true;
    a->type = b->type;
    memcpy(a->digest32, facts->digest32, sizeof a->digest32);
    a->encoding = facts->encoding;
    a->bytes = (int64_t)facts->bytes;
    a->raw_bytes = (int64_t)facts->raw_bytes;
    if (facts->content) /* lives as long as this call, which waits */
        a->content = pvn_bytes_of(facts->content, (size_t)facts->bytes);
    s = pvn_node_run(b->node, &op, 1, err);
    pvn_op_free(op);
    return s;
}

static provernet_status keep_bytes(provernet_blob *b, const pvn_facts *facts,
                                   provernet_error *err)
{
    uint64_t bytes;

    if (!facts->content)
        return pvn_store_open_file(b->node->store, &b->id, &b->fd, &bytes, err);
    b->content = malloc(facts->bytes ? (size_t)facts->bytes : 1);
    if (!b->content)
        return pvn_nomem(err);
    memcpy(b->content, facts->content, (size_t)facts->bytes);
    return PROVERNET_OK;
}

provernet_status provernet_blob_commit(provernet_blob *b, provernet_id *id,
                                       provernet_error *err)
{
    provernet_error mine = { 0 };
    pvn_facts facts;
    provernet_status s;

    if (b->other.ops)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the outputs of a job are committed by job_done");
    if (!b->put)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the blob is committed already");
    pvn_id_new(&b->node->env, &b->id);
    s = pvn_put_end(b->put, &facts, err);
    if (s != PROVERNET_OK)
        return s;
    if (!facts.content)
        s = pvn_put_keep(b->put, &b->id, err);
    if (s == PROVERNET_OK)
        s = keep_bytes(b, &facts, err);
    if (s != PROVERNET_OK)
        return s;
    s = store_row(b, &facts, &mine);
    /* A refusal is certain and the file goes; after a failed commit it may
     * have a row after all, and the sweep looks. */
    if (s != PROVERNET_OK && s != PROVERNET_ERR_UNAVAILABLE && !facts.content)
        (void)pvn_store_remove(b->node->store, &b->id, NULL);
    if (s != PROVERNET_OK)
        return pvn_error_copy(err, &mine);
    b->bytes = facts.bytes;
    b->raw_bytes = facts.raw_bytes;
    b->encoding = facts.encoding;
    pvn_put_close(b->put);
    b->put = NULL;
    *id = b->id;
    return PROVERNET_OK;
}

/* ---- reading ---- */

static provernet_status take_row(provernet_blob *b, const pvn_artifact *a,
                                 provernet_error *err)
{
    char hex[33];

    if (!a || a->state == PVN_ARTIFACT_GONE)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                        "there is no artifact %s",
                        pvn_hex(hex, b->id.bytes, sizeof b->id.bytes));
    if (a->state != PVN_ARTIFACT_STORED)
        return pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                        "artifact %s waits for its bytes",
                        pvn_hex(hex, b->id.bytes, sizeof b->id.bytes));
    b->type = a->type;
    b->encoding = a->encoding;
    b->bytes = (uint64_t)a->bytes;
    b->raw_bytes = (uint64_t)a->raw_bytes;
    if (!a->content.data && a->bytes > 0)
        return pvn_store_open_file(b->node->store, &b->id, &b->fd, &b->bytes,
                                   err);
    b->content = malloc(a->content.len ? a->content.len : 1);
    if (!b->content)
        return pvn_nomem(err);
    if (a->content.len)
        memcpy(b->content, a->content.data, a->content.len);
    b->bytes = a->content.len;
    return PROVERNET_OK;
}

provernet_status provernet_blob_open(provernet *pn, provernet_blob **out,
                                     provernet_id id, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_ARTIFACT);
    provernet_blob *b = blob_new(pn);
    provernet_status s;

    *out = NULL;
    if (!op || !b) {
        pvn_op_free(op);
        free(b);
        return pvn_nomem(err);
    }
    b->id = id;
    op->u.read_artifact.id = id;
    s = pvn_node_run(pn, &op, 1, err);
    if (s == PROVERNET_OK)
        s = take_row(b, op->u.read_artifact.artifact, err);
    pvn_op_free(op);
    if (s != PROVERNET_OK)
        provernet_blob_close(b);
    else
        *out = b;
    return s;
}

/* Stored bytes. */
static provernet_status read_at(provernet_blob *b, void *buf, size_t cap,
                                size_t *got, uint64_t at, provernet_error *err)
{
    const pvn_files *f = &b->node->env.files;
    ssize_t n;

    *got = 0;
    if (at >= b->bytes)
        return PROVERNET_END;
    if (cap > b->bytes - at)
        cap = (size_t)(b->bytes - at);
    if (b->content) {
        memcpy(buf, b->content + at, cap);
        *got = cap;
        return PROVERNET_OK;
    }
    n = f->pread(f->user, b->fd, buf, cap, at);
    if (n < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, (int)-n,
                        "cannot read the artifact's file: %s",
                        strerror((int)-n));
    if (n == 0)
        return pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                        "the artifact's file ends at %llu of %llu bytes",
                        (unsigned long long)at, (unsigned long long)b->bytes);
    *got = (size_t)n;
    return PROVERNET_OK;
}

static provernet_status decode_start(provernet_blob *b, provernet_error *err)
{
    pvn_decoder_close(b->decoder);
    b->decoder = NULL;
    b->chunk_at = b->chunk_len = 0;
    b->file_at = b->raw_at = 0;
    if (!b->chunk)
        b->chunk = malloc(CHUNK);
    if (!b->chunk)
        return pvn_nomem(err);
    return pvn_decoder_open(&b->decoder, err);
}

/* The next decoded bytes. */
static provernet_status decode(provernet_blob *b, void *buf, size_t cap,
                               size_t *got, provernet_error *err)
{
    provernet_status s = PROVERNET_OK;
    bool done = false;
    size_t used;

    for (*got = 0; s == PROVERNET_OK && *got == 0;) {
        if (b->chunk_at == b->chunk_len) {
            s = read_at(b, b->chunk, CHUNK, &b->chunk_len, b->file_at, err);
            b->chunk_at = 0;
            b->file_at += b->chunk_len;
            if (s < 0)
                return s;
        }
        s = pvn_decoder_step(b->decoder, b->chunk + b->chunk_at,
                             b->chunk_len - b->chunk_at, &used, buf, cap, got,
                             &done, err);
        b->chunk_at += used;
        if (s == PROVERNET_OK && *got == 0 &&
            (done || (used == 0 && b->file_at >= b->bytes)))
            return PROVERNET_END;
    }
    b->raw_at += *got;
    return s;
}

static provernet_status read_decoded(provernet_blob *b, void *buf, size_t cap,
                                     size_t *got, uint64_t at,
                                     provernet_error *err)
{
    uint8_t skip[4096];
    provernet_status s = PROVERNET_OK;

    *got = 0;
    if (at >= b->raw_bytes)
        return PROVERNET_END;
    if (!b->decoder || at < b->raw_at)
        s = decode_start(b, err);
    while (s == PROVERNET_OK && b->raw_at < at) {
        uint64_t left = at - b->raw_at;
        size_t n;
        s = decode(b, skip, left < sizeof skip ? (size_t)left : sizeof skip, &n,
                   err);
    }
    return s == PROVERNET_OK ? decode(b, buf, cap, got, err) : s;
}

provernet_status provernet_blob_read(provernet_blob *b, void *buf, size_t cap,
                                     size_t *got, uint64_t offset,
                                     provernet_error *err)
{
    *got = 0;
    if (cap == 0)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "a read needs room for at least 1 byte");
    if (b->other.ops)
        return b->other.ops->read(b, buf, cap, got, offset, err);
    if (b->put)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "the blob is not committed, it cannot be read yet");
    return b->encoding == PVN_ZSTD ? read_decoded(b, buf, cap, got, offset, err)
                                   : read_at(b, buf, cap, got, offset, err);
}

uint64_t provernet_blob_len(const provernet_blob *b)
{
    if (b->other.ops)
        return b->other.ops->len(b);
    return b->put ? b->written : b->raw_bytes;
}
