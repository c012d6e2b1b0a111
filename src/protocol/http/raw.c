/* protocol/http/raw.c - the decoded bytes of a stored artifact, wherever and
 * however it is stored. Includes artifact/store.h and base/. */
#include "protocol/http/artifacts.h"
#include <errno.h>
#include <stdlib.h>

enum { CHUNK = 65536 };

struct pvn_raw {
    const pvn_env *env;
    int fd;            /* -1: content */
    pvn_bytes content; /* borrowed from the row */
    bool zstd;
    uint64_t stored;
    pvn_decoder *decoder;
    uint64_t in_at;  /* stored bytes taken into `in` */
    uint64_t out_at; /* raw bytes given so far */
    size_t in_len, in_used;
    uint8_t in[CHUNK];
};

provernet_status pvn_raw_open(pvn_raw **out, pvn_node *n, const pvn_artifact *a,
                              provernet_error *err)
{
    pvn_raw *r = calloc(1, sizeof *r);
    provernet_status s = PROVERNET_OK;

    *out = NULL;
    if (!r)
        return pvn_nomem(err);
    r->env = pvn_node_env(n);
    r->fd = -1;
    r->zstd = a->encoding == PVN_ZSTD;
    r->content = a->content;
    r->stored = a->content.len;
    if (!a->content.data)
        s = pvn_store_open_file(pvn_node_store(n), &a->id, &r->fd, &r->stored,
                                err);
    if (s == PROVERNET_OK && r->zstd)
        s = pvn_decoder_open(&r->decoder, err);
    if (s != PROVERNET_OK) {
        pvn_raw_close(r);
        return s;
    }
    *out = r;
    return PROVERNET_OK;
}

void pvn_raw_close(pvn_raw *r)
{
    if (!r)
        return;
    pvn_decoder_close(r->decoder);
    if (r->fd >= 0)
        r->env->files.close(r->env->files.user, r->fd);
    free(r);
}

static provernet_status ends_early(provernet_error *err, uint64_t at)
{
    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "the artifact ends before byte %llu",
                    (unsigned long long)at);
}

/* Stored bytes, all of them. */
static provernet_status read_stored(pvn_raw *r, void *buf, size_t len,
                                    uint64_t offset, provernet_error *err)
{
    uint8_t *to = buf;

    if (offset > r->stored || len > r->stored - offset)
        return ends_early(err, offset + len);
    if (r->fd < 0) {
        memcpy(buf, r->content.data + offset, len);
        return PROVERNET_OK;
    }
    while (len > 0) {
        ssize_t n =
            r->env->files.pread(r->env->files.user, r->fd, to, len, offset);

        if (n == -EINTR)
            continue;
        if (n <= 0)
            return pvn_fail(err, PROVERNET_ERR_IO, n < 0 ? (int)-n : EIO,
                            "reading an artifact at byte %llu failed",
                            (unsigned long long)offset);
        to += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return PROVERNET_OK;
}

/* More compressed bytes when the last ones are used up. */
static provernet_status refill(pvn_raw *r, provernet_error *err)
{
    uint64_t left = r->stored - r->in_at;
    provernet_status s;

    if (r->in_used < r->in_len)
        return PROVERNET_OK;
    r->in_len = left < CHUNK ? (size_t)left : CHUNK;
    r->in_used = 0;
    s = r->in_len ? read_stored(r, r->in, r->in_len, r->in_at, err)
                  : PROVERNET_OK;
    r->in_at += r->in_len;
    return s;
}

/* The next raw bytes, at least one: *got. */
static provernet_status decode_some(pvn_raw *r, void *buf, size_t cap,
                                    size_t *got, provernet_error *err)
{
    bool done = false;

    *got = 0;
    while (*got == 0) {
        size_t used = 0, before;
        provernet_status s = refill(r, err);

        if (s != PROVERNET_OK)
            return s;
        before = r->in_len - r->in_used;
        s = pvn_decoder_step(r->decoder, r->in + r->in_used, before, &used, buf,
                             cap, got, &done, err);
        if (s != PROVERNET_OK)
            return s;
        r->in_used += used;
        if (*got == 0 && (done || (used == 0 && before == 0)))
            return ends_early(err, r->out_at + cap);
    }
    r->out_at += *got;
    return PROVERNET_OK;
}

static provernet_status rewind_to_start(pvn_raw *r, provernet_error *err)
{
    pvn_decoder_close(r->decoder);
    r->decoder = NULL;
    r->in_at = r->out_at = 0;
    r->in_len = r->in_used = 0;
    return pvn_decoder_open(&r->decoder, err);
}

static provernet_status skip_to(pvn_raw *r, uint64_t offset,
                                provernet_error *err)
{
    uint8_t waste[4096];
    provernet_status s = PROVERNET_OK;

    if (offset < r->out_at)
        s = rewind_to_start(r, err);
    while (s == PROVERNET_OK && r->out_at < offset) {
        uint64_t left = offset - r->out_at;
        size_t got;

        s = decode_some(r, waste,
                        left < sizeof waste ? (size_t)left : sizeof waste, &got,
                        err);
    }
    return s;
}

provernet_status pvn_raw_read(void *raw, void *buf, size_t len, uint64_t offset,
                              provernet_error *err)
{
    pvn_raw *r = raw;
    uint8_t *to = buf;
    provernet_status s;

    if (!r->zstd)
        return read_stored(r, buf, len, offset, err);
    s = skip_to(r, offset, err);
    while (s == PROVERNET_OK && len > 0) {
        size_t got;

        s = decode_some(r, to, len, &got, err);
        to += got;
        len -= got;
    }
    return s;
}
