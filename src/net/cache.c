/* net/cache.c - see cache.h. */
#include "net/cache.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct pvn_cached {
    pvn_cached *next;
    uint8_t digest32[32];
    char *path;
    uint64_t bytes, used;
    unsigned pins;
};

struct pvn_cache {
    pvn_env env;
    pthread_mutex_t lock;
    char *dir;
    bool temporary, made;
    uint64_t bytes, bytes_max, stamp, parts;
    pvn_cached *first;
};

static char *format_path(const char *dir, const char *name, const char *suffix)
{
    size_t len = strlen(dir) + strlen(name) + strlen(suffix) + 2;
    char *path = malloc(len);

    if (path)
        snprintf(path, len, "%s/%s%s", dir, name, suffix);
    return path;
}

/* With the lock held. */
static bool add(pvn_cache *c, const uint8_t digest32[32], char *path,
                uint64_t bytes, pvn_cached **out)
{
    pvn_cached *f = calloc(1, sizeof *f);

    if (!f || !path) {
        free(f);
        free(path);
        return false;
    }
    memcpy(f->digest32, digest32, 32);
    f->path = path;
    f->bytes = bytes;
    f->used = ++c->stamp;
    f->next = c->first;
    c->first = f;
    c->bytes += bytes;
    *out = f;
    return true;
}

typedef struct found {
    char name[65];
    int64_t at;
    uint64_t bytes;
} found;

static int older_first(const void *a, const void *b)
{
    const found *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

/* One file of the directory: an old part is removed, a kept file listed. */
static bool look_at(const pvn_cache *c, const char *name, found *f)
{
    uint8_t digest[32];
    struct stat st;
    char *path;
    bool ok;

    if (strlen(name) < 64)
        return false;
    path = format_path(c->dir, name, "");
    if (!path)
        return false;
    ok = strlen(name) == 64 && pvn_unhex(digest, 32, name, 64) &&
         stat(path, &st) == 0 && S_ISREG(st.st_mode);
    if (!ok && strstr(name, ".part"))
        unlink(path);
    free(path);
    if (!ok)
        return false;
    memcpy(f->name, name, 65);
    f->at = (int64_t)st.st_mtim.tv_sec;
    f->bytes = (uint64_t)st.st_size;
    return true;
}

/* What an earlier run kept. */
static void list_dir(pvn_cache *c)
{
    enum { FILES_MAX = 4096 };
    found *list = calloc(FILES_MAX, sizeof *list);
    DIR *d = opendir(c->dir);
    struct dirent *e;
    size_t n = 0;

    while (list && d && n < FILES_MAX && (e = readdir(d)))
        if (look_at(c, e->d_name, &list[n]))
            n++;
    if (d)
        closedir(d);
    if (list)
        qsort(list, n, sizeof *list, older_first);
    for (size_t i = 0; i < n; i++) {
        uint8_t digest[32];
        pvn_cached *f;

        pvn_unhex(digest, 32, list[i].name, 64);
        if (!add(c, digest, format_path(c->dir, list[i].name, ""),
                 list[i].bytes, &f))
            break;
    }
    free(list);
}

static provernet_status make_dir(pvn_cache *c, provernet_error *err)
{
    if (c->made)
        return PROVERNET_OK;
    if (mkdir(c->dir, 0700) != 0 && errno != EEXIST)
        return pvn_fail(err, PROVERNET_ERR_IO, errno,
                        "cannot make the directory %s: %s\n"
                        "help: set worker.cache_dir",
                        c->dir, strerror(errno));
    c->made = true;
    return PROVERNET_OK;
}

static char *temporary_name(const pvn_env *env)
{
    const char *base = getenv("TMPDIR");
    uint8_t random[8];
    char hex[17], name[40];

    pvn_random(env, random, sizeof random);
    snprintf(name, sizeof name, "provernet-%s", pvn_hex(hex, random, 8));
    return format_path(base && *base == '/' ? base : "/tmp", name, "");
}

provernet_status pvn_cache_open(pvn_cache **out, const char *dir,
                                uint64_t bytes_max, provernet_error *err)
{
    pvn_cache *c = calloc(1, sizeof *c);
    provernet_status rc;

    *out = NULL;
    if (!c)
        return pvn_nomem(err);
    pvn_env_init(&c->env, NULL);
    pthread_mutex_init(&c->lock, NULL);
    c->bytes_max = bytes_max;
    c->temporary = !*dir;
    c->dir = *dir ? strdup(dir) : temporary_name(&c->env);
    if (!c->dir) {
        pvn_cache_close(c);
        return pvn_nomem(err);
    }
    if (!c->temporary) {
        rc = make_dir(c, err);
        if (rc) {
            pvn_cache_close(c);
            return rc;
        }
        list_dir(c);
    }
    *out = c;
    return PROVERNET_OK;
}

static void free_cached(pvn_cached *f, bool unlink_it)
{
    if (unlink_it)
        unlink(f->path);
    free(f->path);
    free(f);
}

void pvn_cache_close(pvn_cache *c)
{
    if (!c)
        return;
    while (c->first) {
        pvn_cached *f = c->first;

        c->first = f->next;
        free_cached(f, c->temporary);
    }
    if (c->temporary && c->made)
        rmdir(c->dir);
    pthread_mutex_destroy(&c->lock);
    free(c->dir);
    free(c);
}

pvn_cached *pvn_cache_find(pvn_cache *c, const uint8_t digest32[32])
{
    pvn_cached *f;

    pthread_mutex_lock(&c->lock);
    for (f = c->first; f; f = f->next)
        if (memcmp(f->digest32, digest32, 32) == 0) {
            f->pins++;
            f->used = ++c->stamp;
            break;
        }
    pthread_mutex_unlock(&c->lock);
    return f;
}

const char *pvn_cached_path(const pvn_cached *f)
{
    return f->path;
}

/* With the lock held: files that nobody uses go until all fit. */
static void shrink(pvn_cache *c)
{
    while (c->bytes > c->bytes_max) {
        pvn_cached **best = NULL, *gone;

        for (pvn_cached **at = &c->first; *at; at = &(*at)->next)
            if (!(*at)->pins && (!best || (*at)->used < (*best)->used))
                best = at;
        if (!best)
            return;
        gone = *best;
        *best = gone->next;
        c->bytes -= gone->bytes;
        free_cached(gone, true);
    }
}

void pvn_cached_give(pvn_cache *c, pvn_cached *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&c->lock);
    f->pins--;
    shrink(c);
    pthread_mutex_unlock(&c->lock);
}

static char *new_path(pvn_cache *c, const char *name, const char *suffix,
                      provernet_error *err)
{
    char *path = NULL;
    provernet_status rc;

    pthread_mutex_lock(&c->lock);
    rc = make_dir(c, err);
    if (rc == PROVERNET_OK) {
        path = format_path(c->dir, name, suffix);
        if (!path)
            pvn_nomem(err);
    }
    pthread_mutex_unlock(&c->lock);
    return path;
}

char *pvn_cache_part(pvn_cache *c, const uint8_t digest32[32],
                     provernet_error *err)
{
    char hex[65], suffix[40];

    pthread_mutex_lock(&c->lock);
    c->parts++;
    snprintf(suffix, sizeof suffix, ".part%llu", (unsigned long long)c->parts);
    pthread_mutex_unlock(&c->lock);
    return new_path(c, pvn_hex(hex, digest32, 32), suffix, err);
}

char *pvn_cache_temporary(pvn_cache *c, provernet_error *err)
{
    uint8_t random[16];
    char hex[33];

    pvn_random(&c->env, random, sizeof random);
    return new_path(c, pvn_hex(hex, random, 16), ".job", err);
}

provernet_status pvn_cache_keep(pvn_cache *c, pvn_cached **out,
                                const char *part, const uint8_t digest32[32],
                                provernet_error *err)
{
    char hex[65], *path = format_path(c->dir, pvn_hex(hex, digest32, 32), "");
    pvn_cached *other = pvn_cache_find(c, digest32);
    struct stat st;
    bool ok;

    if (other) { /* somebody else was faster */
        free(path);
        unlink(part);
        *out = other;
        return PROVERNET_OK;
    }
    if (!path)
        return pvn_nomem(err);
    if (stat(part, &st) != 0 || rename(part, path) != 0) {
        free(path);
        return pvn_fail(err, PROVERNET_ERR_IO, errno,
                        "cannot keep the file %s: %s", part, strerror(errno));
    }
    pthread_mutex_lock(&c->lock);
    ok = add(c, digest32, path, (uint64_t)st.st_size, out);
    if (ok)
        (*out)->pins++;
    shrink(c);
    pthread_mutex_unlock(&c->lock);
    return ok ? PROVERNET_OK : pvn_nomem(err);
}

size_t pvn_cache_count(pvn_cache *c, uint64_t *bytes)
{
    size_t n = 0;

    pthread_mutex_lock(&c->lock);
    for (pvn_cached *f = c->first; f; f = f->next)
        n++;
    if (bytes)
        *bytes = c->bytes;
    pthread_mutex_unlock(&c->lock);
    return n;
}
