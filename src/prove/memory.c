/* prove/memory.c - see memory.h. */
#include "prove/memory.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROC_BYTES = 8192 };

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

/* Room in a control group (version 2) that limits this process; what its
 * file cache holds can be had again. */
static uint64_t group_free(const pvn_files *f)
{
    char text[PROC_BYTES];
    uint64_t max, used, cache, sum = 0;

    if (!slurp(f, "/sys/fs/cgroup/memory.max", text) || text[0] < '0' ||
        text[0] > '9')
        return UINT64_MAX;
    max = strtoull(text, NULL, 10);
    if (!slurp(f, "/sys/fs/cgroup/memory.current", text))
        return UINT64_MAX;
    used = strtoull(text, NULL, 10);
    if (slurp(f, "/sys/fs/cgroup/memory.stat", text)) {
        if (pvn_meminfo_value(text, "inactive_file ", &cache))
            sum += cache;
        if (pvn_meminfo_value(text, "active_file ", &cache))
            sum += cache;
    }
    used = used > sum ? used - sum : 0;
    return max > used ? max - used : 0;
}

uint64_t pvn_memory_free(const pvn_files *files)
{
    char text[PROC_BYTES];
    uint64_t kib, group = group_free(files), machine = UINT64_MAX;

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
