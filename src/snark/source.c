/* snark/source.c - see source.h. Includes base/ only. */
#include "snark/source.h"
#include "base/env.h"
#include "base/error.h"
#include "snark/binfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { READ_BYTES = 1 << 28 }; /* one read call; the kernel stops at 2^31 */

static int read_span(void *user, uint64_t at, void *dst, size_t len)
{
    const provernet_span *s = user;

    memcpy(dst, (const uint8_t *)s->data + at, len);
    return 0;
}

pvn_source pvn_source_of(const provernet_span *span, const char *name)
{
    pvn_source s = { .size = span->len, .read = read_span, .name = name };

    s.user = (void *)(uintptr_t)span;
    return s;
}

static int read_file(void *user, uint64_t at, void *dst, size_t len)
{
    const pvn_source_file *f = user;
    uint8_t *p = dst;

    while (len > 0) {
        size_t some = len < READ_BYTES ? len : READ_BYTES;
        ssize_t n = f->files->pread(f->files->user, f->fd, p, some, at);

        if (n == -EINTR)
            continue;
        if (n < 0)
            return (int)-n;
        if (n == 0)
            return ENODATA; /* it became shorter meanwhile */
        p += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

provernet_status pvn_source_open(pvn_source *out, pvn_source_file *f,
                                 const struct pvn_files *files,
                                 const char *path, provernet_error *err)
{
    uint64_t size = 0;
    int fd, rc;

    fd = files->open(files->user, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return pvn_fail(
            err, fd == -ENOENT ? PROVERNET_ERR_NOT_FOUND : PROVERNET_ERR_IO,
            -fd, "cannot open %s: %s", path, strerror(-fd));
    rc = files->size(files->user, fd, &size);
    if (rc < 0) {
        files->close(files->user, fd);
        return pvn_fail(err, PROVERNET_ERR_IO, -rc,
                        "cannot tell the size of %s: %s", path, strerror(-rc));
    }
    f->files = files;
    f->fd = fd;
    *out = (pvn_source){
        .size = size, .read = read_file, .user = f, .name = base_name(path)
    };
    return PROVERNET_OK;
}

void pvn_source_close(pvn_source_file *f)
{
    f->files->close(f->files->user, f->fd);
    f->fd = -1;
}

provernet_status pvn_source_read(const pvn_source *s, uint64_t at, void *dst,
                                 size_t len, provernet_error *err)
{
    int rc;

    if (at > s->size || len > s->size - at)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%s has %llu bytes, byte %llu is needed", s->name,
                        (unsigned long long)s->size,
                        (unsigned long long)at + len);
    if (len == 0)
        return PROVERNET_OK;
    rc = s->read(s->user, at, dst, len);
    if (rc == ENODATA)
        return pvn_fail(err, PROVERNET_ERR_IO, rc,
                        "%s became shorter while it was read\nhelp: start "
                        "again when it is completely written",
                        s->name);
    if (rc)
        return pvn_fail(err, PROVERNET_ERR_IO, rc, "cannot read %s: %s",
                        s->name, strerror(rc));
    return PROVERNET_OK;
}

provernet_status pvn_source_all(const pvn_source *s, uint8_t **out, size_t *len,
                                uint64_t cap, provernet_error *err)
{
    char a[PVN_COUNT_CAP], b[PVN_COUNT_CAP];
    provernet_status st;
    uint8_t *p;

    if (s->size > cap)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "%s has %s bytes, at most %s are read", s->name,
                        pvn_count_text(a, s->size), pvn_count_text(b, cap));
    p = malloc(s->size ? s->size : 1);
    if (!p)
        return pvn_nomem(err);
    st = pvn_source_read(s, 0, p, s->size, err);
    if (st) {
        free(p);
        return st;
    }
    *out = p;
    *len = s->size;
    return PROVERNET_OK;
}
