/* tests/fault/vfs_fault.c - see vfs_fault.h. */
#include "fault/vfs_fault.h"
#include <sqlite3.h>
#include <string.h>

typedef struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this struct */
    bool database;
} fault_file;

static struct {
    int kinds;
    long n, calls;
    bool once, full, hit;
} plan;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;

void vfs_fault_arm(int kinds, long n, bool once, bool full)
{
    plan.kinds = kinds;
    plan.n = n;
    plan.calls = 0;
    plan.once = once;
    plan.full = full;
    plan.hit = false;
}

long vfs_fault_calls(void)
{
    return plan.calls;
}

bool vfs_fault_hit(void)
{
    return plan.hit;
}

static bool fails(int kinds)
{
    if (!(plan.kinds & kinds))
        return false;
    plan.calls++;
    if (plan.n == 0 || plan.calls < plan.n || (plan.once && plan.hit))
        return false;
    plan.hit = true;
    return true;
}

static sqlite3_file *real(sqlite3_file *f)
{
    return ((fault_file *)(void *)f)->real;
}

static int x_close(sqlite3_file *f)
{
    return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}
static int x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real(f)->pMethods->xRead(real(f), p, n, at);
}
static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    bool database = ((fault_file *)(void *)f)->database;

    if (fails(VFS_WRITE | (database ? VFS_DATABASE : 0))) {
        /* half of it reaches the disk, as in life */
        real(f)->pMethods->xWrite(real(f), p, n / 2, at);
        return plan.full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return real(f)->pMethods->xWrite(real(f), p, n, at);
}
static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (fails(VFS_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    return real(f)->pMethods->xTruncate(real(f), size);
}
static int x_sync(sqlite3_file *f, int flags)
{
    if (fails(VFS_SYNC))
        return plan.full ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
    return real(f)->pMethods->xSync(real(f), flags);
}
static int x_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}
static int x_lock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}
static int x_unlock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}
static int x_check(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
static int x_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}
static int x_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}
static int x_device(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
static int x_shm_map(sqlite3_file *f, int page, int size, int extend,
                     void volatile **out)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
static int x_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
static void x_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}
static int x_shm_unmap(sqlite3_file *f, int delete_too)
{
    return real(f)->pMethods->xShmUnmap(real(f), delete_too);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_device,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
                  int flags, int *out)
{
    fault_file *file = (fault_file *)(void *)f;
    int rc;

    (void)vfs;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(void *)(file + 1);
    memset(file->real, 0, (size_t)real_vfs->szOsFile);
    rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
    if (rc == SQLITE_OK)
        file->base.pMethods = &methods;
    file->database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    return rc;
}

bool vfs_fault_install(void)
{
    if (real_vfs)
        return true;
    if (sqlite3_initialize() != SQLITE_OK)
        return false;
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs)
        return false;
    fault_vfs = *real_vfs;
    fault_vfs.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
    fault_vfs.zName = "fault";
    fault_vfs.pNext = NULL;
    fault_vfs.xOpen = x_open;
    return sqlite3_vfs_register(&fault_vfs, 1) == SQLITE_OK;
}
