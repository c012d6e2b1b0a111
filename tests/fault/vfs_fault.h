/* tests/fault/vfs_fault.h - a SQLite VFS over the default one whose n-th write,
 * sync or truncation fails. One thread. Link vfs_fault.c and sqlite3. */
#ifndef PVN_TESTS_VFS_FAULT_H
#define PVN_TESTS_VFS_FAULT_H
#include <stdbool.h>

enum {
    VFS_WRITE = 1, /* bits of what counts */
    VFS_SYNC = 2,
    VFS_TRUNCATE = 4,
    VFS_ANY = 7,
    VFS_DATABASE = 8 /* writes to the database file: a checkpoint's */
};

/* Make it the default VFS. Returns false if SQLite refuses. */
bool vfs_fault_install(void);
/* The n-th call (1, 2, ...) of these kinds from now on fails; once only, or
 * that and all later ones. n = 0: never. full: as a full disk, else EIO. */
void vfs_fault_arm(int kinds, long n, bool once, bool full);
/* Calls of the armed kinds since arming. */
long vfs_fault_calls(void);
/* Did one fail since arming? */
bool vfs_fault_hit(void);
#endif
