/* state/sqlite_vfs.c - SQLite's log in one write a commit: SQLite writes each
 * page of it in two pieces, here they are put together. Includes SQLite.
 *
 * Everything else goes to the VFS below as it comes. What waits here is not
 * committed yet: it is written before the log is synced, read or cut. */
#include "state/sqlite_state.h"
#include <stdio.h>
#include <stdlib.h>

/* SQLite's unix VFS takes less than 128 KiB at once. */
enum { HELD_MAX = 120 * 1024 };

struct pvn_log_vfs {
    sqlite3_vfs vfs; /* first: what SQLite knows */
    sqlite3_vfs *below;
    char name[40];
};

/* The file below lies behind it. */
typedef struct log_file {
    sqlite3_file base;
    uint8_t *held;
    size_t len;
    sqlite3_int64 at; /* of the first byte held */
} log_file;

static pvn_log_vfs *of(sqlite3_vfs *v)
{
    return (pvn_log_vfs *)(void *)v;
}

static log_file *log_of(sqlite3_file *f)
{
    return (log_file *)(void *)f;
}

static sqlite3_file *under(sqlite3_file *f)
{
    return (sqlite3_file *)(void *)(log_of(f) + 1);
}

/* ---- the log ---- */

static int write_held(sqlite3_file *f)
{
    log_file *l = log_of(f);
    sqlite3_file *u = under(f);
    size_t len = l->len;

    l->len = 0; /* a failed write is never repeated */
    return len ? u->pMethods->xWrite(u, l->held, (int)len, l->at) : SQLITE_OK;
}

static bool room(log_file *l, size_t want)
{
    if (!l->held)
        l->held = sqlite3_malloc(HELD_MAX);
    return l->held && want <= HELD_MAX;
}

static int log_write(sqlite3_file *f, const void *data, int len,
                     sqlite3_int64 at)
{
    log_file *l = log_of(f);
    sqlite3_file *u = under(f);
    size_t n = (size_t)len;
    int rc;

    if (l->len &&
        (at != l->at + (sqlite3_int64)l->len || !room(l, l->len + n)) &&
        (rc = write_held(f)) != SQLITE_OK)
        return rc;
    if (!room(l, l->len + n))
        return u->pMethods->xWrite(u, data, len, at);
    if (l->len == 0)
        l->at = at;
    memcpy(l->held + l->len, data, n);
    l->len += n;
    return SQLITE_OK;
}

static int log_close(sqlite3_file *f)
{
    sqlite3_file *u = under(f);
    int rc = write_held(f), closed = u->pMethods->xClose(u);

    sqlite3_free(log_of(f)->held);
    return rc ? rc : closed;
}

/* After what is held is written. */
#define THEN(call)                                                             \
    sqlite3_file *u = under(f);                                                \
    int rc = write_held(f);                                                    \
    return rc ? rc : u->pMethods->call

static int log_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    THEN(xRead(u, to, len, at));
}

static int log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    THEN(xTruncate(u, size));
}

static int log_sync(sqlite3_file *f, int flags)
{
    THEN(xSync(u, flags));
}

static int log_size(sqlite3_file *f, sqlite3_int64 *size)
{
    THEN(xFileSize(u, size));
}

static int log_control(sqlite3_file *f, int op, void *arg)
{
    THEN(xFileControl(u, op, arg));
}

static int log_lock(sqlite3_file *f, int level)
{
    return under(f)->pMethods->xLock(under(f), level);
}

static int log_unlock(sqlite3_file *f, int level)
{
    return under(f)->pMethods->xUnlock(under(f), level);
}

static int log_reserved(sqlite3_file *f, int *out)
{
    return under(f)->pMethods->xCheckReservedLock(under(f), out);
}

static int log_sector(sqlite3_file *f)
{
    return under(f)->pMethods->xSectorSize(under(f));
}

static int log_traits(sqlite3_file *f)
{
    return under(f)->pMethods->xDeviceCharacteristics(under(f));
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1, /* no shared memory, no mapping */
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_traits,
};

/* ---- the VFS ---- */

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f,
                    int flags, int *out)
{
    sqlite3_vfs *b = of(v)->below;
    int rc;

    if (!(flags & SQLITE_OPEN_WAL))
        return b->xOpen(b, name, f, flags, out);
    memset(f, 0, sizeof(log_file));
    rc = b->xOpen(b, name, under(f), flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &log_methods;
    return rc;
}

static int vfs_delete(sqlite3_vfs *v, const char *name, int sync)
{
    return of(v)->below->xDelete(of(v)->below, name, sync);
}

static int vfs_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    return of(v)->below->xAccess(of(v)->below, name, flags, out);
}

static int vfs_full(sqlite3_vfs *v, const char *name, int cap, char *out)
{
    return of(v)->below->xFullPathname(of(v)->below, name, cap, out);
}

static int vfs_random(sqlite3_vfs *v, int len, char *out)
{
    return of(v)->below->xRandomness(of(v)->below, len, out);
}

static int vfs_sleep(sqlite3_vfs *v, int us)
{
    return of(v)->below->xSleep(of(v)->below, us);
}

static int vfs_time(sqlite3_vfs *v, double *out)
{
    return of(v)->below->xCurrentTime(of(v)->below, out);
}

static int vfs_error(sqlite3_vfs *v, int len, char *out)
{
    return of(v)->below->xGetLastError(of(v)->below, len, out);
}

pvn_log_vfs *pvn_log_vfs_new(void)
{
    pvn_log_vfs *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->below = sqlite3_vfs_find(NULL);
    if (!l->below) {
        free(l);
        return NULL;
    }
    snprintf(l->name, sizeof l->name, "provernet-%p", (void *)l);
    l->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(log_file) + l->below->szOsFile,
        .mxPathname = l->below->mxPathname,
        .zName = l->name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_error,
    };
    if (sqlite3_vfs_register(&l->vfs, 0) != SQLITE_OK) {
        free(l);
        return NULL;
    }
    return l;
}

const char *pvn_log_vfs_name(const pvn_log_vfs *l)
{
    return l->name;
}

void pvn_log_vfs_free(pvn_log_vfs *l)
{
    if (!l)
        return;
    sqlite3_vfs_unregister(&l->vfs);
    free(l);
}
