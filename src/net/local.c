/* net/local.c - see local.h. */
#include "net/local.h"
#include "protocol/http/artifacts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

static provernet_status copy_raw(provernet *pn, const pvn_artifact *a,
                                 const char *path, provernet_error *err)
{
    uint64_t at = 0, len = (uint64_t)a->raw_bytes;
    uint8_t *chunk = malloc(CHUNK);
    provernet_status rc;
    pvn_raw *raw = NULL;
    int fd = -1;

    rc = chunk ? pvn_raw_open(&raw, pn, a, err) : pvn_nomem(err);
    if (rc == PROVERNET_OK) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
            rc = pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot make %s: %s",
                          path, strerror(errno));
    }
    while (rc == PROVERNET_OK && at < len) {
        size_t n = len - at < CHUNK ? (size_t)(len - at) : CHUNK;

        rc = pvn_raw_read(raw, chunk, n, at, err);
        if (rc == PROVERNET_OK && write(fd, chunk, n) != (ssize_t)n)
            rc =
                pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot write %s", path);
        at += n;
    }
    if (fd >= 0)
        close(fd);
    pvn_raw_close(raw);
    free(chunk);
    return rc;
}

provernet_status pvn_local_file(provernet *pn, const provernet_id *id, int *fd,
                                const char *path, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_ARTIFACT);
    const pvn_artifact *a;
    provernet_status rc;
    uint64_t bytes;

    *fd = -1;
    if (!op)
        return pvn_nomem(err);
    op->u.read_artifact.id = *id;
    rc = pvn_node_run(pn, &op, 1, err);
    a = rc ? NULL : op->u.read_artifact.artifact;
    if (rc == PROVERNET_OK && (!a || a->state != PVN_ARTIFACT_STORED))
        rc = pvn_fail(err, PROVERNET_ERR_NOT_FOUND, 0,
                      "an input is no longer there");
    if (rc == PROVERNET_OK && !a->content.data && a->encoding == PVN_RAW)
        rc = pvn_store_open_file(pvn_node_store(pn), id, fd, &bytes, err);
    else if (rc == PROVERNET_OK)
        rc = copy_raw(pn, a, path, err);
    pvn_op_free(op);
    return rc;
}

static provernet_status put_bytes(pvn_put *put, int fd, pvn_bytes memory,
                                  uint64_t len, provernet_error *err)
{
    provernet_status rc = PROVERNET_OK;
    uint8_t *chunk;

    if (fd < 0)
        return pvn_put_write(put, memory.data, memory.len, err);
    chunk = malloc(CHUNK);
    if (!chunk)
        return pvn_nomem(err);
    for (uint64_t at = 0; rc == PROVERNET_OK && at < len;) {
        ssize_t n = pread(fd, chunk, CHUNK, (off_t)at);

        if (n <= 0)
            rc =
                pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot read an output");
        else
            rc = pvn_put_write(put, chunk, (size_t)n, err);
        at += n > 0 ? (uint64_t)n : 0;
    }
    free(chunk);
    return rc;
}

static provernet_status store_row(provernet *pn, const provernet_id *id,
                                  const pvn_facts *facts, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    provernet_status rc;

    if (!op)
        return pvn_nomem(err);
    op->u.artifact_store.id = *id;
    memcpy(op->u.artifact_store.digest32, facts->digest32, 32);
    op->u.artifact_store.encoding = facts->encoding;
    op->u.artifact_store.bytes = (int64_t)facts->bytes;
    op->u.artifact_store.raw_bytes = (int64_t)facts->raw_bytes;
    if (facts->content)
        op->u.artifact_store.content =
            pvn_bytes_of(facts->content, (size_t)facts->bytes);
    rc = pvn_node_run(pn, &op, 1, err);
    pvn_op_free(op);
    return rc;
}

provernet_status pvn_local_put(provernet *pn, const char *path, int fd,
                               pvn_bytes memory, uint64_t len,
                               provernet_error *err)
{
    provernet_id id;
    provernet_status rc;
    pvn_facts facts;
    pvn_put *put;

    if (!pvn_artifact_uri_id(path, &id))
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0,
                        "the output's address has no id");
    rc = pvn_put_open(pvn_node_store(pn), &put, err);
    if (rc)
        return rc;
    rc = put_bytes(put, fd, memory, len, err);
    if (rc == PROVERNET_OK)
        rc = pvn_put_end(put, &facts, err);
    if (rc == PROVERNET_OK && !facts.content)
        rc = pvn_put_keep(put, &id, err);
    if (rc == PROVERNET_OK)
        rc = store_row(pn, &id, &facts, err);
    pvn_put_close(put);
    return rc;
}
