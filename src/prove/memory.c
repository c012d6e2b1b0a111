/* prove/memory.c - see memory.h. */
#include "prove/memory.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROC_BYTES = 8192, PATH_BYTES = 1024 };
#define NO_LIMIT ((uint64_t)1 << 60)

char *pvn_size_text(char out[24], uint64_t bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    double v = (double)bytes;
    size_t u = 0;

    while (v >= 1024 && u < 4) {
        v /= 1024;
        u++;
    }
    snprintf(out, 24, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return out;
}

bool pvn_meminfo_value(const char *text, const char *name, uint64_t *out)
{
    size_t len = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        const char *p = line + (*line == '\n');

        line = p;
        if (strncmp(p, name, len) != 0)
            continue;
        p += len;
        p += strspn(p, ": \t");
        if (*p < '0' || *p > '9')
            return false;
        *out = strtoull(p, NULL, 10);
        return true;
    }
    return false;
}

/* A small file of the kernel as text. false: not there. */
static bool slurp(const pvn_files *f, const char *path, char *text)
{
    ssize_t n, got = 0;
    int fd = f->open(f->user, path, O_RDONLY | O_CLOEXEC, 0);

    if (fd < 0)
        return false;
    do {
        n = f->pread(f->user, fd, text + got, (size_t)(PROC_BYTES - 1 - got),
                     (uint64_t)got);
        got += n > 0 ? n : 0;
    } while (n > 0 && got < PROC_BYTES - 1);
    f->close(f->user, fd);
    text[got] = '\0';
    return got > 0;
}

/* The files of a control group that say what it may have, what it has, and how
 * much of that is cache, which can be had again. */
typedef struct group_names {
    const char *root, *limit, *used, *cache[2];
} group_names;

static const group_names version_2 = { "/sys/fs/cgroup",
                                       "memory.max",
                                       "memory.current",
                                       { "inactive_file ", "active_file " } };
static const group_names version_1 = { "/sys/fs/cgroup/memory",
                                       "memory.limit_in_bytes",
                                       "memory.usage_in_bytes",
                                       { "total_inactive_file ",
                                         "total_active_file " } };

static bool slurp_in(const pvn_files *f, const char *folder, const char *name,
                     char *text)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    return n > 0 && (size_t)n < sizeof path && slurp(f, path, text);
}

/* Room in one group. UINT64_MAX: it has no limit, or there is none such. */
static uint64_t group_free(const pvn_files *f, const char *folder,
                           const group_names *names)
{
    char text[PROC_BYTES];
    uint64_t max, used, cache, sum = 0;

    if (!slurp_in(f, folder, names->limit, text) || text[0] < '0' ||
        text[0] > '9')
        return UINT64_MAX;
    max = strtoull(text, NULL, 10);
    if (max >= NO_LIMIT) /* how version 1 says it; its sums take long */
        return UINT64_MAX;
    if (!slurp_in(f, folder, names->used, text))
        return UINT64_MAX;
    used = strtoull(text, NULL, 10);
    if (slurp_in(f, folder, "memory.stat", text))
        for (int i = 0; i < 2; i++)
            if (pvn_meminfo_value(text, names->cache[i], &cache))
                sum += cache;
    used = used > sum ? used - sum : 0;
    return max > used ? max - used : 0;
}

/* The least that the group of this path or one above it leaves. In a container
 * the path may be the host's and not be there: what is mounted counts. */
static uint64_t groups_free(const pvn_files *f, const char *path,
                            const group_names *names)
{
    char folder[PATH_BYTES];
    size_t root = strlen(names->root);
    uint64_t least = UINT64_MAX, one;
    int n = snprintf(folder, sizeof folder, "%s%s", names->root, path);

    if (n < 0 || (size_t)n >= sizeof folder)
        return UINT64_MAX;
    for (size_t end = (size_t)n;; end--) {
        if (end > root && folder[end] != '/' && folder[end] != '\0')
            continue;
        folder[end] = '\0';
        one = group_free(f, folder, names);
        least = one < least ? one : least;
        if (end <= root)
            return least;
    }
}

/* "cpu,memory": is memory among them? */
static bool names_memory(const char *list, size_t len)
{
    static const char word[] = "memory";
    size_t n = sizeof word - 1;

    for (size_t i = 0; i + n <= len; i++)
        if (memcmp(list + i, word, n) == 0 && (i == 0 || list[i - 1] == ',') &&
            (i + n == len || list[i + n] == ','))
            return true;
    return false;
}

/* What the control groups of this process leave: lines "4:cpu,memory:/path"
 * name groups of version 1, "0::/path" the one of version 2. */
static uint64_t limits_free(const pvn_files *f)
{
    char text[PROC_BYTES];
    uint64_t least = UINT64_MAX, one;

    if (!slurp(f, "/proc/self/cgroup", text))
        return UINT64_MAX;
    for (char *line = text, *next; line; line = next) {
        char *list, *path;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        list = strchr(line, ':');
        path = list ? strchr(list + 1, ':') : NULL;
        if (!path)
            continue;
        one = UINT64_MAX;
        if (path == list + 1)
            one = groups_free(f, path + 1, &version_2);
        else if (names_memory(list + 1, (size_t)(path - list - 1)))
            one = groups_free(f, path + 1, &version_1);
        least = one < least ? one : least;
    }
    return least;
}

uint64_t pvn_memory_free(const pvn_files *files)
{
    char text[PROC_BYTES];
    uint64_t kib, group = limits_free(files), machine = UINT64_MAX;

    if (slurp(files, "/proc/meminfo", text) &&
        pvn_meminfo_value(text, "MemAvailable", &kib))
        machine = kib * 1024;
    return machine < group ? machine : group;
}

provernet_status pvn_memory_admit(const pvn_files *files, uint64_t need,
                                  const char *what, provernet_error *err)
{
    uint64_t have = pvn_memory_free(files);
    char a[24], b[24];

    if (need <= have)
        return PROVERNET_OK;
    return pvn_fail(err, PROVERNET_ERR_MEMORY_NEED, 0,
                    "%s needs %s of memory; this machine has %s free\n"
                    "help: use a machine with more memory, or free some; "
                    "nothing was started",
                    what, pvn_size_text(a, need), pvn_size_text(b, have));
}
