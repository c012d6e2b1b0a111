/* cli/files.c - files and keys: read whole, written together or not at all. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

provernet_status read_whole(const char *path, uint8_t **out, size_t *len,
                            size_t max, provernet_error *err)
{
    int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0);
    size_t cap = 65536, n = 0;
    struct stat s;
    uint8_t *p;

    *out = NULL;
    if (fd < 0)
        return set_error(
            err, errno == ENOENT ? PROVERNET_ERR_NOT_FOUND : PROVERNET_ERR_IO,
            "cannot read %.150s: %s", path, strerror(errno));
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) {
        if ((uint64_t)s.st_size > max) {
            close(fd);
            return set_error(err, PROVERNET_ERR_FORMAT,
                             "%.120s has %llu bytes, at most %zu make sense",
                             path, (unsigned long long)s.st_size, max);
        }
        cap = (size_t)s.st_size + 1;
    }
    p = malloc(cap);
    while (p) {
        ssize_t got = read(fd, p + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int e = errno;
            close(fd);
            free(p);
            return set_error(err, PROVERNET_ERR_IO, "cannot read %.150s: %s",
                             path, strerror(e));
        }
        if (got == 0)
            break;
        n += (size_t)got;
        if (n == cap) {
            uint8_t *more = cap < max ? realloc(p, cap * 2) : NULL;
            if (!more)
                free(p);
            p = more;
            cap *= 2;
        }
    }
    close(fd);
    if (!p)
        return set_error(err, PROVERNET_ERR_NOMEM,
                         "%.150s does not fit in memory", path);
    *out = p;
    *len = n;
    return PROVERNET_OK;
}

static bool write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Is it a thing that is written in place: stdout, a device, a pipe? */
static bool in_place(const char *path)
{
    struct stat s;

    return !strcmp(path, "-") || (stat(path, &s) == 0 && !S_ISREG(s.st_mode));
}

static provernet_status io_error(provernet_error *err, const char *path)
{
    int e = errno;

    return set_error(err,
                     e == ENOSPC || e == EDQUOT ? PROVERNET_ERR_SPACE
                                                : PROVERNET_ERR_IO,
                     "cannot write %.150s: %s", path, strerror(e));
}

/* Write beside the target; the name goes to temp, the open file to *out. */
static provernet_status write_beside(const struct output *o, char *temp,
                                     size_t cap, int *out, provernet_error *err)
{
    mode_t mask = umask(0);
    int fd;

    umask(mask);
    if (snprintf(temp, cap, "%s.XXXXXX", o->path) >= (int)cap) {
        temp[0] = 0;
        return set_error(err, PROVERNET_ERR_INVALID, "%.100s...: too long",
                         o->path);
    }
    fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0) {
        temp[0] = 0;
        return io_error(err, o->path);
    }
    *out = fd;
    if (!write_all(fd, o->data, o->len) || fchmod(fd, 0666 & ~mask) != 0)
        return io_error(err, o->path);
    /* Start it now: then one wait for the disk serves all files. */
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return PROVERNET_OK;
}

/* On disk and closed. */
static provernet_status finish(const struct output *o, int fd, bool sync,
                               provernet_error *err)
{
    bool fine = !sync || fsync(fd) == 0;

    return close(fd) == 0 && fine ? PROVERNET_OK : io_error(err, o->path);
}

provernet_status write_together(const struct output *o, size_t n,
                                provernet_error *err)
{
    char temp[4][4200] = { "", "", "", "" };
    int file[4] = { -1, -1, -1, -1 };
    provernet_status st = n <= 4 ? PROVERNET_OK : PROVERNET_ERR_INVALID;

    for (size_t i = 0; i < n && st == PROVERNET_OK; i++)
        if (!in_place(o[i].path))
            st = write_beside(&o[i], temp[i], sizeof temp[i], &file[i], err);
    for (size_t i = 0; i < n && i < 4; i++) {
        provernet_status end = PROVERNET_OK;
        if (file[i] >= 0)
            end = finish(&o[i], file[i], st == PROVERNET_OK, err);
        st = st == PROVERNET_OK ? end : st;
    }
    for (size_t i = 0; i < n && st == PROVERNET_OK; i++) {
        int fd;
        if (!in_place(o[i].path))
            continue;
        fd = strcmp(o[i].path, "-") ? open(o[i].path, O_WRONLY | O_CLOEXEC)
                                    : dup(1);
        if (fd < 0 || !write_all(fd, o[i].data, o[i].len))
            st = io_error(err, o[i].path);
        if (fd >= 0)
            close(fd);
    }
    for (size_t i = 0; i < n && st == PROVERNET_OK; i++) {
        if (!temp[i][0])
            continue;
        if (rename(temp[i], o[i].path) != 0) {
            st = io_error(err, o[i].path);
            /* Take back those that have appeared already. */
            for (size_t k = 0; k < i; k++)
                if (temp[k][0] == 0 && !in_place(o[k].path))
                    unlink(o[k].path);
        } else {
            temp[i][0] = 0;
        }
    }
    for (size_t i = 0; i < n && i < 4; i++)
        if (temp[i][0])
            unlink(temp[i]);
    return st;
}

bool make_dirs(const char *path)
{
    char part[4096];

    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return false;
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return false;
        *p = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

static int remove_one(const char *path, const struct stat *s, int type,
                      struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

bool remove_tree(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}

provernet_status key_kept(const char *path, provernet_key **out,
                          provernet_error *err)
{
    provernet_status st = provernet_key_read(out, path, err);
    char dir[4096];
    char *slash;

    if (st != PROVERNET_ERR_NOT_FOUND)
        return st;
    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (slash) {
        *slash = 0;
        if (*dir && !make_dirs(dir))
            return set_error(err, PROVERNET_ERR_IO,
                             "cannot make the directory %.120s: %s\n"
                             "help: name another place with --key-file FILE",
                             dir, strerror(errno));
    }
    st = provernet_key_new(out, NULL, err);
    if (st == PROVERNET_OK) {
        st = provernet_key_write(*out, path, err);
        if (st != PROVERNET_OK) {
            provernet_key_free(*out);
            *out = NULL;
        }
    }
    return st;
}

provernet_status client_key(const struct invocation *v, provernet_key **out,
                            provernet_error *err)
{
    const char *path = flag_value(v, "key-file");
    const char *secret = getenv("NETWORK_PRIVATE_KEY");
    char dir[480], kept[512];
    uint8_t secret32[32];
    provernet_status st;

    if (!path)
        path = getenv("PROVERNET_KEY_FILE");
    if ((!path || !*path) && v->config &&
        config_is_set(v->config, "client.key_file"))
        path = config_get(v->config, "client.key_file");
    if (path && *path)
        return provernet_key_read(out, path, err);
    if (secret && *secret) {
        if (!from_hex(secret32, 32, secret))
            return set_error(err, PROVERNET_ERR_KEY_FILE,
                             "NETWORK_PRIVATE_KEY does not hold 64 hex digits");
        st = provernet_key_new(out, secret32, err);
        explicit_bzero(secret32, sizeof secret32);
        return st;
    }
    default_config_dir(dir, sizeof dir);
    snprintf(kept, sizeof kept, "%s/client.key", dir);
    st = provernet_key_read(out, kept, err);
    if (st == PROVERNET_ERR_NOT_FOUND)
        set_error(err, st,
                  "there is no signing key: %.100s does not exist\n"
                  "help: provernet key new, or give --key-file FILE",
                  kept);
    return st;
}
