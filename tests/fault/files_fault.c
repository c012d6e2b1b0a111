/* tests/fault/files_fault.c - see files_fault.h. */
#include "fault/files_fault.h"
#include <string.h>

static bool fails(files_fault *f, int kind)
{
    if (!(f->kinds & kind))
        return false;
    f->calls++;
    if (f->n == 0 || f->calls < f->n)
        return false;
    f->hit = true;
    return true;
}

static int f_open(void *user, const char *path, int flags, int mode)
{
    files_fault *f = user;

    return fails(f, FILES_OPEN) ? -f->error
                                : f->real.open(f->real.user, path, flags, mode);
}
/* A failing write takes half first, as a disk that fills up does. */
static ssize_t f_pwrite(void *user, int fd, const void *data, size_t len,
                        uint64_t offset)
{
    files_fault *f = user;

    if (!fails(f, FILES_WRITE))
        return f->real.pwrite(f->real.user, fd, data, len, offset);
    if (len > 1)
        f->real.pwrite(f->real.user, fd, data, len / 2, offset);
    return -f->error;
}
static ssize_t f_pread(void *user, int fd, void *data, size_t len,
                       uint64_t offset)
{
    files_fault *f = user;

    return fails(f, FILES_READ)
               ? -f->error
               : f->real.pread(f->real.user, fd, data, len, offset);
}
static int f_fsync(void *user, int fd)
{
    files_fault *f = user;

    return fails(f, FILES_FSYNC) ? -f->error : f->real.fsync(f->real.user, fd);
}
static int f_close(void *user, int fd)
{
    files_fault *f = user;

    return f->real.close(f->real.user, fd);
}
static int f_rename(void *user, const char *from, const char *to)
{
    files_fault *f = user;

    return fails(f, FILES_RENAME) ? -f->error
                                  : f->real.rename(f->real.user, from, to);
}
static int f_unlink(void *user, const char *path)
{
    files_fault *f = user;

    return f->real.unlink(f->real.user, path);
}
static int f_mkdir(void *user, const char *path, int mode)
{
    files_fault *f = user;

    return fails(f, FILES_MKDIR) ? -f->error
                                 : f->real.mkdir(f->real.user, path, mode);
}
static int f_truncate(void *user, int fd, uint64_t len)
{
    files_fault *f = user;

    return f->real.truncate(f->real.user, fd, len);
}
static int f_size(void *user, int fd, uint64_t *bytes)
{
    files_fault *f = user;

    return fails(f, FILES_READ) ? -f->error
                                : f->real.size(f->real.user, fd, bytes);
}

void files_fault_install(files_fault *f, pvn_env *env)
{
    memset(f, 0, sizeof *f);
    f->real = env->files;
    env->files = (pvn_files){ .open = f_open,
                              .pwrite = f_pwrite,
                              .pread = f_pread,
                              .fsync = f_fsync,
                              .close = f_close,
                              .rename = f_rename,
                              .unlink = f_unlink,
                              .mkdir = f_mkdir,
                              .truncate = f_truncate,
                              .size = f_size,
                              .user = f };
}

void files_fault_arm(files_fault *f, int kinds, long n, int error)
{
    f->kinds = kinds;
    f->n = n;
    f->calls = 0;
    f->error = error;
    f->hit = false;
}
