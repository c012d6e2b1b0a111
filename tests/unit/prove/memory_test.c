/* memory_test.c - what control groups of both versions leave, from made-up
 * files of a kernel. */
#include "help.h"
#include "prove/memory.h"
#include <errno.h>
#include <string.h>

enum { FILES_MAX = 32 };

typedef struct file {
    const char *path, *text;
} file;
typedef struct machine {
    file files[FILES_MAX];
    size_t n;
} machine;

/* A later text for the same path is the one that counts. */
static void put(machine *m, const char *path, const char *text)
{
    assert_true(m->n < FILES_MAX);
    m->files[m->n++] = (file){ path, text };
}

static int open_file(void *user, const char *path, int flags, int mode)
{
    const machine *m = user;

    (void)flags;
    (void)mode;
    for (size_t i = m->n; i-- > 0;)
        if (strcmp(m->files[i].path, path) == 0)
            return (int)i;
    return -ENOENT;
}

static ssize_t read_file(void *user, int fd, void *data, size_t len,
                         uint64_t offset)
{
    const machine *m = user;
    const char *text = m->files[fd].text;
    size_t left = strlen(text) - (size_t)offset;

    len = len < left ? len : left;
    memcpy(data, text + offset, len);
    return (ssize_t)len;
}

static int close_file(void *user, int fd)
{
    (void)user;
    (void)fd;
    return 0;
}

static uint64_t have(machine *m)
{
    pvn_files f = {
        .open = open_file, .pread = read_file, .close = close_file, .user = m
    };

    return pvn_memory_free(&f);
}

#define V1 "/sys/fs/cgroup/memory"
#define V2 "/sys/fs/cgroup"

static void no_limit_is_the_machine(void **state)
{
    machine m = { 0 };

    (void)state;
    assert_true(have(&m) == UINT64_MAX);
    put(&m, "/proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   4000 kB\n");
    assert_int_equal(have(&m), 4096000);
    put(&m, "/proc/self/cgroup", "0::/\n");
    put(&m, V2 "/memory.max", "max\n");
    assert_int_equal(have(&m), 4096000);
}

static void version_2_limits(void **state)
{
    machine m = { 0 };

    (void)state;
    put(&m, "/proc/meminfo", "MemAvailable: 4000 kB\n");
    put(&m, "/proc/self/cgroup", "0::/a/b\n");
    put(&m, V2 "/a/b/memory.max", "1000\n");
    put(&m, V2 "/a/b/memory.current", "300\n");
    assert_int_equal(have(&m), 700);
    put(&m, V2 "/a/b/memory.stat",
        "anon 7\ninactive_file 100\nactive_file 20\n");
    assert_int_equal(have(&m), 820);
    /* A group above it leaves less. */
    put(&m, V2 "/a/memory.max", "5000\n");
    put(&m, V2 "/a/memory.current", "4900\n");
    assert_int_equal(have(&m), 100);
    put(&m, V2 "/a/memory.current", "5900\n");
    assert_int_equal(have(&m), 0);
    /* In a container: the path is the host's, the mounted root is ours. */
    put(&m, "/proc/self/cgroup", "0::/gone/away\n");
    assert_int_equal(have(&m), 4096000);
    put(&m, V2 "/memory.max", "50\n");
    put(&m, V2 "/memory.current", "20\n");
    assert_int_equal(have(&m), 30);
}

static void version_1_limits(void **state)
{
    machine m = { 0 };

    (void)state;
    put(&m, "/proc/meminfo", "MemAvailable: 4000 kB\n");
    put(&m, "/proc/self/cgroup",
        "5:cpu:/c\n4:blkio,memory:/a/b\n3:memoryless:/d\n0::/\n");
    put(&m, V1 "/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    put(&m, V1 "/a/b/memory.usage_in_bytes", "500\n");
    assert_int_equal(have(&m), 4096000);
    put(&m, V1 "/a/memory.limit_in_bytes", "2000\n");
    put(&m, V1 "/a/memory.usage_in_bytes", "1500\n");
    put(&m, V1 "/a/memory.stat",
        "inactive_file 1\ntotal_inactive_file 40\ntotal_active_file 2\n");
    assert_int_equal(have(&m), 542);
    /* Not a memory group: its numbers do not count. */
    put(&m, V1 "/d/memory.limit_in_bytes", "1\n");
    put(&m, V1 "/d/memory.usage_in_bytes", "0\n");
    assert_int_equal(have(&m), 542);
}

static void odd_lines_do_no_harm(void **state)
{
    static char line[3000];
    machine m = { 0 };

    (void)state;
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "0::/", 4);
    put(&m, "/proc/meminfo", "MemAvailable: 4000 kB\n");
    put(&m, "/proc/self/cgroup", "");
    assert_int_equal(have(&m), 4096000);
    put(&m, "/proc/self/cgroup", "\n:\n4\n4:memory\n::\n0::");
    assert_int_equal(have(&m), 4096000);
    put(&m, "/proc/self/cgroup", line); /* longer than any path */
    assert_int_equal(have(&m), 4096000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_is_the_machine),
        cmocka_unit_test(version_2_limits),
        cmocka_unit_test(version_1_limits),
        cmocka_unit_test(odd_lines_do_no_harm),
    };

    return cmocka_run_group_tests_name("prove_memory", tests, NULL, NULL);
}
