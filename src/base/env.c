/* base/env.c - this machine's clock, randomness and files; the log line. */
#include "base/env.h"
#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t machine_now(void *user)
{
    struct timespec t;

    (void)user;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void machine_random(void *user, void *out, size_t len)
{
    uint8_t *p = out;

    (void)user;
    while (len) {
        ssize_t n = getrandom(p, len, 0);

        /* Only EINTR is possible on a system that has booted. */
        if (n < 0)
            continue;
        p += n;
        len -= (size_t)n;
    }
}

static int result(long r)
{
    return r < 0 ? -errno : (int)r;
}

static int file_open(void *user, const char *path, int flags, int mode)
{
    (void)user;
    return result(open(path, flags | O_CLOEXEC, mode));
}

static ssize_t file_pwrite(void *user, int fd, const void *data, size_t len,
                           uint64_t offset)
{
    ssize_t n = pwrite(fd, data, len, (off_t)offset);

    (void)user;
    return n < 0 ? -errno : n;
}

static ssize_t file_pread(void *user, int fd, void *data, size_t len,
                          uint64_t offset)
{
    ssize_t n = pread(fd, data, len, (off_t)offset);

    (void)user;
    return n < 0 ? -errno : n;
}

static int file_fsync(void *user, int fd)
{
    (void)user;
    return result(fsync(fd));
}

static int file_close(void *user, int fd)
{
    (void)user;
    return result(close(fd));
}

static int file_rename(void *user, const char *from, const char *to)
{
    (void)user;
    return result(rename(from, to));
}

static int file_unlink(void *user, const char *path)
{
    (void)user;
    return result(unlink(path));
}

static int file_mkdir(void *user, const char *path, int mode)
{
    (void)user;
    return result(mkdir(path, (mode_t)mode));
}

static int file_truncate(void *user, int fd, uint64_t len)
{
    (void)user;
    return result(ftruncate(fd, (off_t)len));
}

static int file_size(void *user, int fd, uint64_t *bytes)
{
    struct stat st;

    (void)user;
    if (fstat(fd, &st) < 0)
        return -errno;
    *bytes = (uint64_t)st.st_size;
    return 0;
}

static const pvn_files machine_files = {
    file_open,     file_pwrite, file_pread,  file_fsync,
    file_close,    file_rename, file_unlink, file_mkdir,
    file_truncate, file_size,   NULL
};

void pvn_env_init(pvn_env *env, const provernet_env *in)
{
    memset(env, 0, sizeof *env);
    if (in) {
        size_t n = in->struct_size < sizeof *in ? in->struct_size : sizeof *in;

        memcpy(&env->out, in, n);
    }
    env->out.struct_size = sizeof env->out;
    if (!env->out.now_ms)
        env->out.now_ms = machine_now;
    if (!env->out.random)
        env->out.random = machine_random;
    env->files = machine_files;
    env->log_level = PVN_INFO;
}

int64_t pvn_now_ms(const pvn_env *env)
{
    return env->out.now_ms(env->out.user);
}

void pvn_random(const pvn_env *env, void *out, size_t len)
{
    env->out.random(env->out.user, out, len);
}

void pvn_id_new(const pvn_env *env, provernet_id *out)
{
    uint8_t time[8];

    pvn_put_u64be(time, (uint64_t)pvn_now_ms(env));
    memcpy(out->bytes, time + 2, 6);
    pvn_random(env, out->bytes + 6, 10);
}

static bool looks_like_number(const char *s, size_t len)
{
    size_t i = len && s[0] == '-' ? 1 : 0, start = i;

    /* Leading zeros and long digit strings (ids) stay text. */
    if (len - start > 15 || (len - start > 1 && s[start] == '0'))
        return false;
    for (; i < len; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return i > start;
}

static void add_pair(pvn_buf *b, const char *pair, size_t len)
{
    const char *eq = memchr(pair, '=', len);
    size_t key_len = eq ? (size_t)(eq - pair) : len;
    const char *value = eq ? eq + 1 : "";
    size_t value_len = eq ? len - key_len - 1 : 0;

    pvn_buf_text(b, ",");
    pvn_buf_json(b, pair, key_len);
    pvn_buf_text(b, ":");
    if (looks_like_number(value, value_len))
        pvn_buf_add(b, value, value_len);
    else
        pvn_buf_json(b, value, value_len);
}

/* The end of the pair that starts at p: the next " key=" or the end. */
static const char *pair_end(const char *p)
{
    for (const char *s = strchr(p, ' '); s; s = strchr(s + 1, ' ')) {
        const char *k = s + 1;

        while ((*k >= 'a' && *k <= 'z') || *k == '_' ||
               (*k >= '0' && *k <= '9'))
            k++;
        if (k > s + 1 && *k == '=')
            return s;
    }
    return p + strlen(p);
}

void pvn_log(const pvn_env *env, int level, const char *event, const char *fmt,
             ...)
{
    char text[1024];
    pvn_buf b = { 0 };
    va_list ap;

    if (!pvn_log_on(env, level))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pvn_buf_text(&b, "{\"event\":");
    pvn_buf_json(&b, event, strlen(event));
    for (const char *p = text; *p;) {
        const char *end = pair_end(p);

        add_pair(&b, p, (size_t)(end - p));
        p = *end ? end + 1 : end;
    }
    pvn_buf_add(&b, "}", 2); /* with NUL */
    if (!b.failed)
        env->out.log(env->out.user, level, (const char *)b.data);
    pvn_buf_free(&b);
}
