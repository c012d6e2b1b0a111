/* base/env.h - the only way to the world: clock, randomness, log, files.
 *
 * Nothing else in the library reads a clock, draws randomness, logs or writes
 * a file. Tests pass their own. Any thread, if the functions given allow it. */
#ifndef PVN_BASE_ENV_H
#define PVN_BASE_ENV_H
#include "base/bytes.h"
#include <provernet/node.h>
#include <sys/types.h>

/* What we do with files; every call returns 0 or more, or -errno. */
typedef struct pvn_files {
    int (*open)(void *user, const char *path, int flags, int mode);
    ssize_t (*pwrite)(void *user, int fd, const void *data, size_t len,
                      uint64_t offset);
    ssize_t (*pread)(void *user, int fd, void *data, size_t len,
                     uint64_t offset);
    int (*fsync)(void *user, int fd);
    int (*close)(void *user, int fd);
    int (*rename)(void *user, const char *from, const char *to);
    int (*unlink)(void *user, const char *path);
    int (*mkdir)(void *user, const char *path, int mode); /* -EEXIST is fine */
    int (*truncate)(void *user, int fd, uint64_t len);
    int (*size)(void *user, int fd, uint64_t *bytes);
    void *user;
} pvn_files;

typedef struct pvn_env {
    provernet_env out;
    pvn_files files;
    int log_level; /* highest level that is passed on */
} pvn_env;

/* in: NULL or the caller's; missing parts become this machine's. */
void pvn_env_init(pvn_env *env, const provernet_env *in);
int64_t pvn_now_ms(const pvn_env *env);
void pvn_random(const pvn_env *env, void *out, size_t len);
/* 48 bits of milliseconds, then random: sorts by time. */
void pvn_id_new(const pvn_env *env, provernet_id *out);

enum { PVN_ERROR, PVN_WARN, PVN_INFO, PVN_DEBUG, PVN_TRACE };
static inline bool pvn_log_on(const pvn_env *env, int level)
{
    return env->out.log && level <= env->log_level;
}
/* pvn_log(env, PVN_INFO, "task.leased", "task=%s attempt=%d", ...): the format
 * is key=value pairs split by spaces; each value becomes a JSON string, or a
 * number if it looks like one. Values with spaces must be last. */
void pvn_log(const pvn_env *env, int level, const char *event, const char *fmt,
             ...) __attribute__((format(printf, 4, 5)));
#endif
