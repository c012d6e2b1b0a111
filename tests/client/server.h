/* tests/client/server.h - start, kill and measure the real server. */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct tc_server {
    pid_t pid;
    uint16_t port; /* chosen once, kept over restarts */
    char dir[64];  /* data directory, kept over restarts */
    char log[80];  /* its stderr and stdout, appended */
} tc_server;

/* Start `program` (provernetd) with extra arguments (NULL-terminated; may be
 * NULL) and wait until it accepts connections. A zeroed *s gets a port and a
 * temporary directory; a used one keeps its own. */
bool tc_server_start(tc_server *s, const char *program,
                     const char *const *extra);
/* Signal it and wait for its end; the exit status, or -signal. */
int tc_server_end(tc_server *s, int signal);
void tc_server_remove(tc_server *s); /* its directory */
int64_t tc_server_cpu_us(const tc_server *s);
int64_t tc_server_rss(const tc_server *s);
/* Any program in the background, output to `log`. */
pid_t tc_spawn(const char *const *argv, const char *log);
int tc_wait(pid_t pid);
int64_t tc_now_us(void);
void tc_sleep_ms(int ms);
/* A whole file; exits the test if it cannot be read. */
void *tc_file(const char *path, size_t *len);
#endif
