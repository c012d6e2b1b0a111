/* tests/fault/files_fault.h - a pvn_files over the real one whose n-th call of
 * some kinds fails. One thread. */
#ifndef PVN_TESTS_FILES_FAULT_H
#define PVN_TESTS_FILES_FAULT_H
#include "base/env.h"

enum {
    FILES_OPEN = 1,
    FILES_WRITE = 2,
    FILES_FSYNC = 4,
    FILES_RENAME = 8,
    FILES_MKDIR = 16,
    FILES_READ = 32,
    FILES_ANY = 63
};

typedef struct files_fault {
    pvn_files real;
    int kinds, error; /* error: ENOSPC, EIO, ... */
    long n, calls;    /* the n-th call and all later ones fail; 0: never */
    bool hit;
} files_fault;

/* Put it into env; f must live as long. */
void files_fault_install(files_fault *f, pvn_env *env);
void files_fault_arm(files_fault *f, int kinds, long n, int error);
#endif
