/* prove/gpu_bulk.c - memory shared with a helper process, see gpu_link.h. */
#include "prove/gpu_link.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

bool pvn_bulk_new(pvn_bulk *b, uint64_t len)
{
    void *at;

    memset(b, 0, sizeof *b);
    if (len == 0 || len > (uint64_t)PTRDIFF_MAX)
        return false;
    b->fd = memfd_create("provernet", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (b->fd < 0)
        return false;
    /* Nobody can cut it short under the other's feet. */
    if (ftruncate(b->fd, (off_t)len) != 0 ||
        fcntl(b->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        goto fail;
    at = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
    if (at == MAP_FAILED)
        goto fail;
    (void)madvise(at, (size_t)len, MADV_DONTDUMP);
    b->data = at;
    b->len = len;
    return true;
fail:
    close(b->fd);
    memset(b, 0, sizeof *b);
    return false;
}

void pvn_bulk_free(pvn_bulk *b)
{
    if (!b->data)
        return;
    munmap(b->data, (size_t)b->len);
    close(b->fd);
    memset(b, 0, sizeof *b);
}
