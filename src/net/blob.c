/* net/blob.c - blobs of jobs: borrowed memory, a file, or an output that
 * grows. See node/blob.h. */
#include "net/inside.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct net_blob {
    pvn_blob_head head;
    const pvn_env *env;
    pvn_bytes memory;
    int fd; /* -1: memory */
    uint64_t len;
    /* outputs */
    pvn_cache *cache;
    size_t max;
    pvn_buf grown;
    char *path; /* of an output's file */
} net_blob;

static void close_blob(provernet_blob *b)
{
    net_blob *n = (net_blob *)b;

    if (n->fd >= 0)
        close(n->fd);
    if (n->path)
        unlink(n->path);
    free(n->path);
    pvn_buf_free(&n->grown);
    free(n);
}

static uint64_t blob_len(const provernet_blob *b)
{
    return ((const net_blob *)b)->len;
}

static provernet_status blob_read(provernet_blob *b, void *buf, size_t cap,
                                  size_t *got, uint64_t offset,
                                  provernet_error *err)
{
    net_blob *n = (net_blob *)b;
    uint64_t left = offset < n->len ? n->len - offset : 0;
    size_t len = left < cap ? (size_t)left : cap;
    ssize_t r;

    *got = 0;
    if (len == 0)
        return PROVERNET_END;
    if (n->fd < 0) {
        memcpy(buf, (n->cache ? n->grown.data : n->memory.data) + offset, len);
        *got = len;
        return PROVERNET_OK;
    }
    do
        r = pread(n->fd, buf, len, (off_t)offset);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno,
                        "reading an input failed: %s", strerror(errno));
    *got = (size_t)r;
    return r ? PROVERNET_OK : PROVERNET_END;
}

static provernet_status write_file(net_blob *n, const uint8_t *p, size_t len,
                                   uint64_t at, provernet_error *err)
{
    while (len > 0) {
        ssize_t w = pwrite(n->fd, p, len, (off_t)at);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return pvn_fail(
                err, errno == ENOSPC ? PROVERNET_ERR_SPACE : PROVERNET_ERR_IO,
                errno, "writing an output failed: %s", strerror(errno));
        p += w;
        len -= (size_t)w;
        at += (uint64_t)w;
    }
    return PROVERNET_OK;
}

/* Too large for memory: what there is goes to a file. */
static provernet_status spill(net_blob *n, provernet_error *err)
{
    provernet_status rc;

    n->path = pvn_cache_temporary(n->cache, err);
    if (!n->path)
        return PROVERNET_ERR_IO;
    n->fd = open(n->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (n->fd < 0)
        return pvn_fail(err, PROVERNET_ERR_IO, errno, "cannot make %s: %s",
                        n->path, strerror(errno));
    rc = write_file(n, n->grown.data, n->grown.len, 0, err);
    pvn_buf_free(&n->grown);
    n->grown = (pvn_buf){ 0 };
    return rc;
}

static provernet_status blob_write(provernet_blob *b, const void *data,
                                   size_t len, provernet_error *err)
{
    net_blob *n = (net_blob *)b;
    provernet_status rc = PROVERNET_OK;

    if (!n->cache)
        return pvn_fail(err, PROVERNET_ERR_STATE, 0,
                        "an input of a job cannot be written");
    if (n->fd < 0 && n->len + len > n->max)
        rc = spill(n, err);
    if (rc)
        return rc;
    if (n->fd >= 0)
        rc = write_file(n, data, len, n->len, err);
    else if (!pvn_buf_add(&n->grown, data, len))
        rc = pvn_nomem(err);
    if (rc == PROVERNET_OK)
        n->len += len;
    return rc;
}

static const pvn_blob_ops ops = { blob_write, blob_read, blob_len, close_blob };

static net_blob *new_blob(void)
{
    net_blob *n = calloc(1, sizeof *n);

    if (n) {
        n->head.ops = &ops;
        n->fd = -1;
    }
    return n;
}

provernet_blob *pvn_blob_memory(const void *data, size_t len)
{
    net_blob *n = new_blob();

    if (n) {
        n->memory = pvn_bytes_of(data, len);
        n->len = len;
    }
    return (provernet_blob *)n;
}

provernet_blob *pvn_blob_file(const pvn_env *env, int fd, uint64_t len)
{
    net_blob *n = new_blob();

    if (n) {
        n->env = env;
        n->fd = fd;
        n->len = len;
    }
    return (provernet_blob *)n;
}

provernet_blob *pvn_blob_output(pvn_cache *c, size_t max)
{
    net_blob *n = new_blob();

    if (n) {
        n->cache = c;
        n->max = max;
    }
    return (provernet_blob *)n;
}

bool pvn_blob_output_bytes(provernet_blob *b, pvn_bytes *bytes, int *fd,
                           uint64_t *len)
{
    net_blob *n = (net_blob *)b;

    *len = n->len;
    *fd = n->fd;
    *bytes = pvn_bytes_of(n->grown.data, n->grown.len);
    return n->fd < 0;
}
