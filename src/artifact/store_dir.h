/* artifact/store_dir.h - what the files of the directory store share. Private
 * to artifact/. */
#ifndef PVN_ARTIFACT_STORE_DIR_H
#define PVN_ARTIFACT_STORE_DIR_H
#include "artifact/store.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    PVN_FANS = 256,
    PVN_NAME_BYTES = 33, /* 32 hex digits and NUL */
    PVN_MEASURES_KEPT = 4
};

/* What measures a zstd upload; kept for the next one. */
typedef struct pvn_measure {
    ZSTD_DCtx *zstd;
    uint8_t *out; /* ZSTD_DStreamOutSize() bytes */
    struct pvn_measure *next;
} pvn_measure;

struct pvn_store {
    pvn_env env;
    char *dir;
    uint64_t inline_max, bytes_max;
    EVP_MD *sha256;
    struct timespec opened;       /* by the clock of the file system */
    _Atomic int fan_fd[PVN_FANS]; /* -1: not open yet */
    pthread_mutex_t lock;         /* names being given, spare measures */
    pvn_measure *spare;
    size_t spares;
};

/* "DIR/xx/<id>"; caller frees. xx is the id's last byte: the first ones are
 * the time. */
char *pvn_store_path(const pvn_store *s, const provernet_id *id);
/* A new name under DIR/tmp; caller frees. */
char *pvn_store_temp(const pvn_store *s);
/* fsync of the directory that holds id's file. */
provernet_status pvn_store_sync_dir(pvn_store *s, const provernet_id *id,
                                    provernet_error *err);
/* rc: -errno. */
provernet_status pvn_store_fail(provernet_error *err, int rc, const char *what,
                                const char *path);
pvn_measure *pvn_measure_take(pvn_store *s);
void pvn_measure_give(pvn_store *s, pvn_measure *m);
#endif
