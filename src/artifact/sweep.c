/* artifact/sweep.c - files that no row knows, removed a few at a time.
 * Includes base/ only. */
#include "artifact/store_dir.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct names {
    provernet_id *of;
    size_t len, cap;
} names;

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(provernet_id));
}

static bool add(names *n, const provernet_id *id)
{
    if (n->len == n->cap) {
        size_t cap = n->cap ? n->cap * 2 : 256;
        provernet_id *bigger = realloc(n->of, cap * sizeof *bigger);

        if (!bigger)
            return false;
        n->of = bigger;
        n->cap = cap;
    }
    n->of[n->len++] = *id;
    return true;
}

/* Ids of one directory behind `after`, sorted. */
static provernet_status list(const pvn_store *s, uint8_t fan,
                             const provernet_id *after, names *n,
                             provernet_error *err)
{
    provernet_id any = { { 0 } };
    provernet_status st = PROVERNET_OK;
    struct dirent *e;
    char *path, *slash;
    DIR *d;

    n->len = 0;
    any.bytes[15] = fan;
    path = pvn_store_path(s, &any);
    if (!path)
        return pvn_nomem(err);
    slash = strrchr(path, '/');
    *slash = 0;
    d = opendir(path);
    if (!d) {
        st = errno == ENOENT ? PROVERNET_OK
                             : pvn_store_fail(err, -errno, "list", path);
        free(path);
        return st;
    }
    while (!st && (e = readdir(d)) != NULL) {
        provernet_id id;

        if (strlen(e->d_name) != 32 ||
            !pvn_unhex(id.bytes, sizeof id.bytes, e->d_name, 32) ||
            id.bytes[15] != fan || by_id(&id, after) <= 0)
            continue;
        if (!add(n, &id))
            st = pvn_nomem(err);
    }
    closedir(d);
    free(path);
    if (n->len)
        qsort(n->of, n->len, sizeof *n->of, by_id);
    return st;
}

static provernet_status
sweep_one(pvn_store *s, const provernet_id *id, int64_t before_ms,
          bool (*known)(void *user, const provernet_id *id), void *user,
          provernet_error *err)
{
    char *path = pvn_store_path(s, id);
    struct stat info;
    int64_t at_ms;
    bool gone;

    if (!path)
        return pvn_nomem(err);
    gone = stat(path, &info) != 0;
    free(path);
    if (gone)
        return PROVERNET_OK;
    at_ms =
        (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    if (at_ms > before_ms || known(user, id))
        return PROVERNET_OK;
    return pvn_store_remove(s, id, err);
}

provernet_status pvn_store_sweep(pvn_store *s, int64_t older_ms, size_t limit,
                                 provernet_id *cursor,
                                 bool (*known)(void *user,
                                               const provernet_id *id),
                                 void *user, provernet_error *err)
{
    int64_t before_ms = pvn_now_ms(&s->env) - older_ms;
    provernet_status st = PROVERNET_OK;
    names n = { 0 };

    for (int fan = cursor->bytes[15]; fan < PVN_FANS; fan++) {
        st = list(s, (uint8_t)fan, cursor, &n, err);
        for (size_t i = 0; i < n.len && !st; i++) {
            if (limit-- == 0)
                goto out; /* the cursor is the last one looked at */
            *cursor = n.of[i];
            st = sweep_one(s, cursor, before_ms, known, user, err);
        }
        if (st)
            goto out;
        memset(cursor, 0, sizeof *cursor);
        cursor->bytes[15] = (uint8_t)(fan + 1);
    }
    st = PROVERNET_END;
out:
    free(n.of);
    return st;
}
