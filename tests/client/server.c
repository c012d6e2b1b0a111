/* tests/client/server.c - see server.h. */
#include "server.h"
#include "client.h"
#include "patience.h"
#include "port.h"
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t tc_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void tc_sleep_ms(int ms)
{
    struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

    nanosleep(&t, NULL);
}

void *tc_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    tc_buf b = { 0 };
    char chunk[65536];
    size_t n;

    if (!f) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        tc_add(&b, chunk, n);
    fclose(f);
    *len = b.len;
    return b.data;
}

pid_t tc_spawn(const char *const *argv, const char *log)
{
    pid_t pid = fork();
    int fd;

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

int tc_wait(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid)
        return -1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool tc_server_start(tc_server *s, const char *program,
                     const char *const *extra)
{
    char listen[32];
    const char *argv[32] = { program, "--listen", listen, "--data-dir",
                             s->dir };
    int64_t until = 0;
    size_t n = 5;

    if (!s->port) {
        s->port = tc_port();
        snprintf(s->dir, sizeof s->dir, "/tmp/provernet-test-XXXXXX");
        if (!mkdtemp(s->dir))
            return false;
        snprintf(s->log, sizeof s->log, "%s.log", s->dir);
    }
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    while (extra && *extra && n < 31)
        argv[n++] = *extra++;
    s->pid = tc_spawn(argv, s->log);
    do {
        int status, fd = tc_dial("127.0.0.1", s->port);

        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (waitpid(s->pid, &status, WNOHANG) == s->pid)
            return false;
    } while (patient(&until));
    return false;
}

int tc_server_end(tc_server *s, int sig)
{
    kill(s->pid, sig);
    return tc_wait(s->pid);
}

void tc_server_remove(tc_server *s)
{
    const char *const argv[] = { "/bin/rm", "-rf", s->dir, s->log, NULL };

    tc_wait(tc_spawn(argv, "/dev/null"));
}

int64_t tc_server_cpu_us(const tc_server *s)
{
    char path[64], text[1024], *p;
    unsigned long user, sys;
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)s->pid);
    f = fopen(path, "r");
    if (!f)
        return -1;
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    p = strrchr(text, ')');
    if (!p ||
        sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &user, &sys) != 2)
        return -1;
    return (int64_t)(user + sys) * 1000000 / sysconf(_SC_CLK_TCK);
}

int64_t tc_server_rss(const tc_server *s)
{
    char path[64], line[256];
    long kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return (int64_t)kib * 1024;
}
