/* tests/bench/server_bench.c - what the real server costs: one JSON line per
 * measurement. Client and server share the machine.
 *
 *   server_bench PROVERNETD [SECONDS] [WHAT...]
 *   server_bench PID:PORT [SECONDS] [WHAT...]      one that runs already, such
 *                                                  as another server's
 *   WHAT: cycle cycle_fresh (a connection for each call) status artifact idle
 *   (default: all); cycle@16: with so many clients only */
#include "client.h"
#include "server.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64 };

typedef struct client {
    pthread_t thread;
    tc_user user;
    uint64_t done, errors;
    uint8_t id[32];
} client;

static tc_server server;
static bool foreign;
static client clients[CLIENTS_MAX];
static volatile bool stop;
static uint8_t program_hash[32] = { 0xb5 };
static double seconds = 3;

/* What servers that read it want to see: one buffer, its position, no proofs;
 * in bincode, 1 KiB. */
static void make_stdin(uint8_t out[1024], const client *c)
{
    enum { INSIDE = 1024 - 4 * 8 };

    memset(out, 0, 1024);
    out[0] = 1;
    out[8] = INSIDE & 0xff;
    out[9] = INSIDE >> 8;
    memset(out + 16, 7, INSIDE);
    memcpy(out + 16, &c->done, 8);
    memcpy(out + 24, c->user.address, 20);
}

static void one_cycle(client *c)
{
    uint8_t stdin_bytes[1024];
    char uri[512];
    tc_status s;

    make_stdin(stdin_bytes, c);
    if (tc_artifact(&c->user, 2, stdin_bytes, sizeof stdin_bytes, uri) == 0 &&
        tc_request(&c->user, program_hash, 2, uri, (uint64_t)time(NULL) + 14400,
                   c->id) == 0 &&
        tc_get_status(&c->user, c->id, &s) == 0 && s.deadline)
        c->done++;
    else
        c->errors++;
}

static void *cycles(void *arg)
{
    while (!stop)
        one_cycle(arg);
    return NULL;
}

/* As SDKs 4 and 5 do it: each of the four calls on a connection of its own. */
static void *fresh_cycles(void *arg)
{
    client *c = arg;

    c->user.fresh = true;
    while (!stop)
        one_cycle(c);
    c->user.fresh = false;
    return NULL;
}

static void *statuses(void *arg)
{
    client *c = arg;
    tc_status s;

    while (!stop) {
        if (tc_get_status(&c->user, c->id, &s) == 0 && s.deadline)
            c->done++;
        else
            c->errors++;
    }
    return NULL;
}

static void run(const char *name, int n, void *(*body)(void *))
{
    int64_t cpu, wall;
    uint64_t done = 0, errors = 0;

    stop = false;
    cpu = tc_server_cpu_us(&server);
    wall = tc_now_us();
    for (int i = 0; i < n; i++) {
        clients[i].done = clients[i].errors = 0;
        pthread_create(&clients[i].thread, NULL, body, &clients[i]);
    }
    tc_sleep_ms((int)(seconds * 1000));
    stop = true;
    for (int i = 0; i < n; i++) {
        pthread_join(clients[i].thread, NULL);
        done += clients[i].done;
        errors += clients[i].errors;
    }
    wall = tc_now_us() - wall;
    cpu = tc_server_cpu_us(&server) - cpu;
    printf("{\"bench\":\"server/%s\",\"clients\":%d,\"done\":%llu,"
           "\"errors\":%llu,\"per_s\":%.0f,\"server_cpu_us_each\":%.1f,"
           "\"per_server_cpu_s\":%.0f,\"rss\":%lld}\n",
           name, n, (unsigned long long)done, (unsigned long long)errors,
           (double)done * 1e6 / (double)wall,
           done ? (double)cpu / (double)done : 0,
           cpu ? (double)done * 1e6 / (double)cpu : 0,
           (long long)tc_server_rss(&server));
    fflush(stdout);
}

/* SDKs see nothing of a program but bytes: length, then an ELF. */
static bool register_program(void)
{
    uint8_t elf[1024] = { 0 };
    char uri[512];

    elf[1] = 0x03; /* u64 little-endian 1016 = 0x3f8 */
    elf[0] = 0xf8;
    memcpy(elf + 8,
           "\x7f"
           "ELF\x01\x01\x01",
           7);
    return tc_artifact(&clients[0].user, 1, elf, sizeof elf, uri) == 0 &&
           tc_create_program(&clients[0].user, program_hash, "vk", 2, uri) == 0;
}

static void artifact_bench(uint64_t bytes)
{
    char url[600], head[1024];
    uint8_t sig[65], *chunk = calloc(1, 1 << 20);
    const uint8_t *p;
    size_t len;
    tc_buf m = { 0 };
    tc_reply r;
    char host[64], uri[512];
    unsigned port;
    int at = 0, fd, status = 0;
    int64_t t, cpu, rss = tc_server_rss(&server), peak = rss;

    for (size_t i = 0; i < 1 << 20; i++)
        chunk[i] = (uint8_t)(i * 2654435761u >> 13);
    (void)!provernet_sign(clients[0].user.key, sig, "create_artifact", 15,
                          NULL);
    tc_bytes(&m, 1, sig, 65);
    tc_u64(&m, 2, 2);
    tc_call(&clients[0].user.conn, "/artifact.ArtifactStore/CreateArtifact",
            m.data, m.len, &r);
    if (!r.msg || !tc_get_bytes(r.msg, r.msg_len, 2, 0, &p, &len) ||
        len >= sizeof url)
        return;
    memcpy(url, p, len);
    url[len] = '\0';
    tc_get_bytes(r.msg, r.msg_len, 1, 0, &p, &len);
    memcpy(uri, p, len);
    uri[len] = '\0';
    sscanf(url, "http://%63[^:/]:%u%n", host, &port, &at);
    fd = tc_dial(host, (uint16_t)port);
    t = tc_now_us();
    cpu = tc_server_cpu_us(&server);
    snprintf(head, sizeof head,
             "PUT %s HTTP/1.1\r\nhost: %s\r\ncontent-length: %llu\r\n"
             "connection: close\r\n\r\n",
             url + at, host, (unsigned long long)bytes);
    tc_send(fd, head, strlen(head));
    for (uint64_t sent = 0; sent < bytes; sent += 1 << 20) {
        if (!tc_send(fd, chunk, 1 << 20))
            break;
        if ((sent >> 20) % 64 == 0 && tc_server_rss(&server) > peak)
            peak = tc_server_rss(&server);
    }
    if (tc_recv(fd, head, 12))
        status = atoi(head + 9);
    close(fd);
    printf("{\"bench\":\"server/put\",\"bytes\":%llu,\"status\":%d,"
           "\"mb_per_s\":%.0f,\"server_cpu_s\":%.2f,\"rss_growth\":%lld}\n",
           (unsigned long long)bytes, status,
           (double)bytes / (double)(tc_now_us() - t),
           (double)(tc_server_cpu_us(&server) - cpu) / 1e6,
           (long long)(peak - rss));
    /* And back. */
    at = 0;
    sscanf(uri, "http://%63[^:/]:%u%n", host, &port, &at);
    fd = tc_dial(host, (uint16_t)port);
    t = tc_now_us();
    cpu = tc_server_cpu_us(&server);
    snprintf(head, sizeof head,
             "GET %s HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n",
             uri + at, host);
    tc_send(fd, head, strlen(head));
    uint64_t got = 0;
    for (ssize_t n; (n = read(fd, chunk, 1 << 20)) > 0;) {
        got += (uint64_t)n;
        if ((got >> 20) % 64 == 0 && tc_server_rss(&server) > peak)
            peak = tc_server_rss(&server);
    }
    close(fd);
    printf("{\"bench\":\"server/get\",\"bytes\":%llu,\"mb_per_s\":%.0f,"
           "\"server_cpu_s\":%.2f,\"rss_growth\":%lld}\n",
           (unsigned long long)got, (double)got / (double)(tc_now_us() - t),
           (double)(tc_server_cpu_us(&server) - cpu) / 1e6,
           (long long)(peak - rss));
    fflush(stdout);
    tc_reply_free(&r);
    tc_free(&m);
    free(chunk);
}

static void idle_bench(void)
{
    enum { H2 = 10000, SILENT = 2000 };
    static tc_conn conn[H2];
    static int silent[SILENT];
    int64_t rss, h2;
    struct rlimit files;
    int opened = 0;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    rss = tc_server_rss(&server);
    for (int i = 0; i < H2; i++)
        opened += tc_open(&conn[i], "127.0.0.1", server.port);
    tc_sleep_ms(1000);
    h2 = tc_server_rss(&server);
    for (int i = 0; i < SILENT; i++)
        silent[i] = tc_dial("127.0.0.1", server.port);
    tc_sleep_ms(500);
    printf("{\"bench\":\"server/idle\",\"http2_connections\":%d,"
           "\"http2_growth\":%lld,\"bytes_each_http2\":%lld,"
           "\"bytes_each_silent\":%lld,\"rss\":%lld}\n",
           opened, (long long)(h2 - rss), (long long)(h2 - rss) / H2,
           (long long)(tc_server_rss(&server) - h2) / SILENT, (long long)h2);
    for (int i = 0; i < H2; i++)
        tc_close(&conn[i]);
    for (int i = 0; i < SILENT; i++)
        close(silent[i]);
}

static bool wanted(int argc, char **argv, const char *what)
{
    size_t len = strlen(what);

    for (int i = 3; i < argc; i++)
        if (strncmp(argv[i], what, len) == 0 &&
            (argv[i][len] == '\0' || argv[i][len] == '@'))
            return true;
    return argc <= 3;
}

/* With this number of clients? */
static bool wanted_of(int argc, char **argv, const char *what, int n)
{
    size_t len = strlen(what);
    bool named = false;

    for (int i = 3; i < argc; i++)
        if (strncmp(argv[i], what, len) == 0 && argv[i][len] == '@') {
            if (atoi(argv[i] + len + 1) == n)
                return true;
            named = true;
        }
    return !named && wanted(argc, argv, what);
}

/* A PROVERNETD is started, a PID:PORT is there already. */
static bool find_server(const char *what)
{
    const char *const args[] = { "--no-worker", "--log-level", "warn", NULL };
    int pid, end = 0;
    unsigned short port;

    if (sscanf(what, "%d:%hu%n", &pid, &port, &end) < 2 || what[end])
        return tc_server_start(&server, what, args);
    server.pid = pid;
    server.port = port;
    foreign = true;
    return true;
}

int main(int argc, char **argv)
{
    static const int counts[] = { 1, 8, 16, 64 };

    if (argc < 2)
        return 2;
    if (argc > 2)
        seconds = atof(argv[2]);
    if (!find_server(argv[1]))
        return 1;
    for (int i = 0; i < CLIENTS_MAX; i++) {
        uint8_t secret[32] = { [31] = (uint8_t)(i + 1) };

        if (!tc_user_open(&clients[i].user, "127.0.0.1", server.port, secret))
            return 1;
    }
    if (!register_program()) {
        fprintf(stderr, "cannot register the program; see %s\n", server.log);
        return 1;
    }
    for (size_t i = 0; i < 4; i++)
        if (wanted_of(argc, argv, "cycle", counts[i]))
            run("cycle", counts[i], cycles);
    for (size_t i = 0; i < 4; i++)
        if (wanted_of(argc, argv, "cycle_fresh", counts[i]))
            run("cycle_fresh", counts[i], fresh_cycles);
    if (wanted(argc, argv, "status")) {
        for (int i = 0; i < CLIENTS_MAX; i++)
            one_cycle(&clients[i]);
        for (size_t i = 0; i < 4; i++)
            if (wanted_of(argc, argv, "status", counts[i]))
                run("status", counts[i], statuses);
    }
    if (wanted(argc, argv, "artifact"))
        artifact_bench(UINT64_C(1) << 30);
    if (wanted(argc, argv, "idle"))
        idle_bench();
    for (int i = 0; i < CLIENTS_MAX; i++)
        tc_user_close(&clients[i].user);
    if (foreign)
        return 0;
    tc_server_end(&server, SIGTERM);
    tc_server_remove(&server);
    return 0;
}
