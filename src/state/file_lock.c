/* state/file_lock.c - one process at a time: a lock file that names its holder.
 * Includes base/ only. */
#include "base/error.h"
#include "state/sqlite_state.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static provernet_status held(const pvn_env *env, const char *path, int fd,
                             provernet_error *err)
{
    char text[32] = "";
    ssize_t n = env->files.pread(env->files.user, fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    return pvn_fail(err, PROVERNET_ERR_STATE, EWOULDBLOCK,
                    "cannot use %s: process %s has it open\nhelp: stop that "
                    "process, or choose another data directory",
                    path, *text ? text : "(unknown)");
}

provernet_status pvn_file_lock(const pvn_env *env, const char *path, int *fd,
                               provernet_error *err)
{
    const pvn_files *f = &env->files;
    char text[32];
    int n, rc;

    *fd = -1;
    n = f->open(f->user, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (n < 0)
        return pvn_fail(err,
                        n == -ENOSPC ? PROVERNET_ERR_SPACE : PROVERNET_ERR_IO,
                        -n, "cannot open lock file %s: %s", path, strerror(-n));
    do {
        rc = flock(n, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    } while (rc == EINTR);
    if (rc == EWOULDBLOCK) {
        provernet_status s = held(env, path, n, err);

        f->close(f->user, n);
        return s;
    }
    if (rc) {
        f->close(f->user, n);
        return pvn_fail(err, PROVERNET_ERR_IO, rc,
                        "cannot lock %s: %s\nhelp: the data directory needs a "
                        "local file system",
                        path, strerror(rc));
    }
    /* Only for people: a full disk does not matter here. */
    snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (f->truncate(f->user, n, 0) == 0 &&
        f->pwrite(f->user, n, text, strlen(text), 0) < 0)
        pvn_log(env, PVN_WARN, "state.lock", "path=%s", path);
    *fd = n;
    return PROVERNET_OK;
}
