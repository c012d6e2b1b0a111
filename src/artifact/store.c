/* artifact/store.c - the directory store: opening, finding, removing.
 *
 * DIR/tmp holds unfinished uploads, DIR/00 .. DIR/ff finished ones.
 * Includes base/, OpenSSL (SHA-256) and zstd. */
#include "artifact/store_dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* More than this per spare decoder is given back to the system. */
enum { MEASURE_BYTES_KEPT = 4 << 20 };

provernet_status pvn_store_fail(provernet_error *err, int rc, const char *what,
                                const char *path)
{
    if (rc == -ENOMEM)
        return pvn_nomem(err);
    if (rc == -ENOSPC || rc == -EDQUOT)
        return pvn_fail(err, PROVERNET_ERR_SPACE, -rc,
                        "cannot %s %s: %s\nhelp: free some space on this disk",
                        what, path, strerror(-rc));
    return pvn_fail(err, PROVERNET_ERR_IO, -rc, "cannot %s %s: %s", what, path,
                    strerror(-rc));
}

static char *join(const char *dir, const char *a, const char *b)
{
    size_t size = strlen(dir) + strlen(a) + strlen(b) + 3;
    char *out = malloc(size);

    if (out)
        snprintf(out, size, "%s/%s%s%s", dir, a, *b ? "/" : "", b);
    return out;
}

char *pvn_store_path(const pvn_store *s, const provernet_id *id)
{
    char fan[3], name[PVN_NAME_BYTES];

    pvn_hex(fan, &id->bytes[15], 1);
    pvn_hex(name, id->bytes, sizeof id->bytes);
    return join(s->dir, fan, name);
}

char *pvn_store_temp(const pvn_store *s)
{
    char name[PVN_NAME_BYTES];
    uint8_t random[16];

    pvn_random(&s->env, random, sizeof random);
    pvn_hex(name, random, sizeof random);
    return join(s->dir, "tmp", name);
}

/* ---- directories ---- */

static provernet_status make_dir(pvn_store *s, const char *path,
                                 provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    int rc = f->mkdir(f->user, path, 0700);

    return rc < 0 && rc != -EEXIST
               ? pvn_store_fail(err, rc, "make directory", path)
               : PROVERNET_OK;
}

static provernet_status sync_path(pvn_store *s, const char *path,
                                  provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    int fd = f->open(f->user, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int rc = fd < 0 ? fd : f->fsync(f->user, fd);

    if (fd >= 0)
        f->close(f->user, fd);
    return rc < 0 ? pvn_store_fail(err, rc, "sync directory", path)
                  : PROVERNET_OK;
}

/* All directories at once, so that one fsync makes their names last. */
static provernet_status make_dirs(pvn_store *s, provernet_error *err)
{
    provernet_status st = make_dir(s, s->dir, err);
    char *above = join(s->dir, "..", "");
    char *tmp = join(s->dir, "tmp", "");

    if (!st)
        st = above && tmp ? make_dir(s, tmp, err) : pvn_nomem(err);
    for (int i = 0; i < PVN_FANS && !st; i++) {
        uint8_t fan = (uint8_t)i;
        char hex[3];
        char *path = join(s->dir, pvn_hex(hex, &fan, 1), "");

        st = path ? make_dir(s, path, err) : pvn_nomem(err);
        free(path);
    }
    if (!st)
        st = sync_path(s, s->dir, err);
    if (!st)
        st = sync_path(s, above, err);
    free(above);
    free(tmp);
    return st;
}

/* What the file system's clock says now: files of earlier runs are older. */
static provernet_status note_time(pvn_store *s, provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    char *path = pvn_store_temp(s);
    struct stat info;
    int fd, rc = 0;

    if (!path)
        return pvn_nomem(err);
    fd = f->open(f->user, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = fd;
    } else {
        if (fstat(fd, &info) == 0)
            s->opened = info.st_mtim;
        else
            rc = -errno;
        f->close(f->user, fd);
        f->unlink(f->user, path);
    }
    free(path);
    return rc < 0 ? pvn_store_fail(err, rc, "write in", s->dir) : PROVERNET_OK;
}

provernet_status pvn_store_sync_dir(pvn_store *s, const provernet_id *id,
                                    provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    _Atomic int *slot = &s->fan_fd[id->bytes[15]];
    int fd = atomic_load(slot), none = -1, rc;
    char hex[3], *path;

    if (fd < 0) {
        path = join(s->dir, pvn_hex(hex, &id->bytes[15], 1), "");
        if (!path)
            return pvn_nomem(err);
        fd = f->open(f->user, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd < 0) {
            provernet_status st =
                pvn_store_fail(err, fd, "open directory", path);

            free(path);
            return st;
        }
        free(path);
        if (!atomic_compare_exchange_strong(slot, &none, fd)) {
            f->close(f->user, fd); /* another thread was first */
            fd = none;
        }
    }
    rc = f->fsync(f->user, fd);
    return rc < 0 ? pvn_store_fail(err, rc, "sync a directory of", s->dir)
                  : PROVERNET_OK;
}

/* ---- spare decoders ---- */

static void measure_free(pvn_measure *m)
{
    if (!m)
        return;
    ZSTD_freeDCtx(m->zstd);
    free(m->out);
    free(m);
}

pvn_measure *pvn_measure_take(pvn_store *s)
{
    pvn_measure *m;

    pthread_mutex_lock(&s->lock);
    m = s->spare;
    if (m) {
        s->spare = m->next;
        s->spares--;
    }
    pthread_mutex_unlock(&s->lock);
    if (m)
        return m;
    m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->zstd = ZSTD_createDCtx();
    m->out = malloc(ZSTD_DStreamOutSize());
    if (m->zstd && m->out &&
        !ZSTD_isError(ZSTD_DCtx_setParameter(m->zstd, ZSTD_d_windowLogMax,
                                             PVN_ZSTD_WINDOW_LOG_MAX)))
        return m;
    measure_free(m);
    return NULL;
}

void pvn_measure_give(pvn_store *s, pvn_measure *m)
{
    if (!m)
        return;
    ZSTD_DCtx_reset(m->zstd, ZSTD_reset_session_only);
    if (ZSTD_sizeof_DCtx(m->zstd) <= MEASURE_BYTES_KEPT) {
        pthread_mutex_lock(&s->lock);
        if (s->spares < PVN_MEASURES_KEPT) {
            m->next = s->spare;
            s->spare = m;
            s->spares++;
            m = NULL;
        }
        pthread_mutex_unlock(&s->lock);
    }
    measure_free(m);
}

/* ---- open, close ---- */

provernet_status pvn_store_open(pvn_store **out, const char *dir,
                                uint64_t inline_max, uint64_t bytes_max,
                                const pvn_env *env, provernet_error *err)
{
    pvn_store *s = calloc(1, sizeof *s);
    provernet_status st;

    *out = NULL;
    if (!s)
        return pvn_nomem(err);
    s->env = *env;
    s->inline_max = inline_max;
    s->bytes_max = bytes_max;
    for (int i = 0; i < PVN_FANS; i++)
        atomic_init(&s->fan_fd[i], -1);
    pthread_mutex_init(&s->lock, NULL);
    s->dir = strdup(dir);
    s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!s->dir || !s->sha256)
        st = pvn_nomem(err);
    else if ((st = make_dirs(s, err)) == 0)
        st = note_time(s, err);
    if (st) {
        pvn_store_close(s);
        return st;
    }
    *out = s;
    return PROVERNET_OK;
}

void pvn_store_close(pvn_store *s)
{
    pvn_measure *m;

    if (!s)
        return;
    for (int i = 0; i < PVN_FANS; i++)
        if (atomic_load(&s->fan_fd[i]) >= 0)
            s->env.files.close(s->env.files.user, atomic_load(&s->fan_fd[i]));
    while ((m = s->spare) != NULL) {
        s->spare = m->next;
        measure_free(m);
    }
    EVP_MD_free(s->sha256);
    pthread_mutex_destroy(&s->lock);
    free(s->dir);
    free(s);
}

/* ---- finding, removing ---- */

provernet_status pvn_store_open_file(pvn_store *s, const provernet_id *id,
                                     int *fd, uint64_t *bytes,
                                     provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    char *path = pvn_store_path(s, id);
    provernet_status st = PROVERNET_OK;
    int got, rc;

    *fd = -1;
    *bytes = 0;
    if (!path)
        return pvn_nomem(err);
    got = f->open(f->user, path, O_RDONLY | O_CLOEXEC, 0);
    if (got == -ENOENT) {
        st = pvn_fail(err, PROVERNET_ERR_NOT_FOUND, ENOENT,
                      "there is no artifact file %s", path);
    } else if (got < 0) {
        st = pvn_store_fail(err, got, "open", path);
    } else if ((rc = f->size(f->user, got, bytes)) < 0) {
        f->close(f->user, got);
        st = pvn_store_fail(err, rc, "read the size of", path);
    } else {
        *fd = got;
    }
    free(path);
    return st;
}

provernet_status pvn_store_remove(pvn_store *s, const provernet_id *id,
                                  provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    char *path = pvn_store_path(s, id);
    provernet_status st;
    int rc;

    if (!path)
        return pvn_nomem(err);
    rc = f->unlink(f->user, path);
    st = rc < 0 && rc != -ENOENT ? pvn_store_fail(err, rc, "remove", path)
                                 : PROVERNET_OK;
    free(path);
    return st;
}

uint64_t pvn_store_free(const pvn_store *s)
{
    struct statvfs v;

    if (statvfs(s->dir, &v) != 0)
        return 0;
    return (uint64_t)v.f_bavail * (uint64_t)v.f_frsize;
}

provernet_status pvn_store_clean(pvn_store *s, provernet_error *err)
{
    const pvn_files *f = &s->env.files;
    char *tmp = join(s->dir, "tmp", "");
    provernet_status st = PROVERNET_OK;
    struct dirent *e;
    DIR *d;

    if (!tmp)
        return pvn_nomem(err);
    d = opendir(tmp);
    if (!d) {
        st = pvn_store_fail(err, -errno, "list", tmp);
        free(tmp);
        return st;
    }
    while (!st && (e = readdir(d)) != NULL) {
        char *path;
        int rc;

        if (e->d_name[0] == '.')
            continue;
        path = join(tmp, e->d_name, "");
        if (!path) {
            st = pvn_nomem(err);
            break;
        }
        rc = f->unlink(f->user, path);
        if (rc < 0 && rc != -ENOENT)
            st = pvn_store_fail(err, rc, "remove", path);
        free(path);
    }
    closedir(d);
    free(tmp);
    return st;
}
