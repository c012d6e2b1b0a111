/* tests/bench/worker_bench.c - a worker against the real server: the idle gap
 * between two jobs, and the server's memory for each worker that waits.
 *
 *   worker_bench PROVERNETD VECTORS [WORKERS]
 *
 * With WORKERS (else 10,000) only the second. Those workers are one thread's:
 * they say hello, ask for work, are parked, and give signs of life.
 *
 * The worker's "proof" is one made before, so that nothing but the way of a
 * job is measured; the server verifies it as always. */
#include "client.h"
#include "server.h"
#include "worker.h"
#include <poll.h>
#include <provernet/groth16.h>
#include <provernet/provernet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { JOBS = 150, WARM = 10, WORK_MS = 20 };

static tc_server server;
static tc_user user;
static char *proof;
static uint8_t vk_hash[32];

static void die(const char *what, const provernet_error *err)
{
    fprintf(stderr, "worker_bench: %s: %s\n", what, err ? err->message : "");
    exit(1);
}

static void *vector(const char *vectors, const char *name, size_t *len)
{
    char path[512];
    char *data;

    snprintf(path, sizeof path, "%s/groth16/poseidon/%s", vectors, name);
    data = tc_file(path, len);
    data = realloc(data, *len + 1);
    if (!data)
        die("memory", NULL);
    data[*len] = '\0';
    return data;
}

static void start_server(const char *program)
{
    static const char *const args[] = { "--no-worker", "--log-level", "error",
                                        NULL };
    uint8_t secret[32] = { [31] = 3 };

    memset(&server, 0, sizeof server);
    if (!tc_server_start(&server, program, args) ||
        !tc_user_open(&user, "127.0.0.1", server.port, secret))
        die("no server", NULL);
}

static void end_server(void)
{
    tc_user_close(&user);
    tc_server_end(&server, SIGTERM);
    tc_server_remove(&server);
}

static void submit(const char *vectors)
{
    size_t zkey_len, wtns_len, json_len, p_len, s_len, vk_len;
    void *zkey = vector(vectors, "circuit.zkey", &zkey_len);
    void *wtns = vector(vectors, "witness.wtns", &wtns_len);
    void *json = vector(vectors, "verification_key.json", &json_len);
    char *p = vector(vectors, "proof_snarkjs.json", &p_len);
    char *s = vector(vectors, "public_snarkjs.json", &s_len);
    provernet_span span = { json, json_len };
    provernet_groth16_vk *parsed;
    char uri[512];
    uint8_t vk[8192], id[32];

    if (provernet_groth16_vk_parse(&parsed, span, NULL) ||
        provernet_groth16_vk_bytes(parsed, vk, sizeof vk, &vk_len))
        die("verification key", NULL);
    provernet_groth16_vk_hash(parsed, vk_hash);
    provernet_groth16_vk_free(parsed);
    proof = malloc(p_len + s_len + 64);
    if (!proof)
        die("memory", NULL);
    sprintf(proof, "{\"proof\":%s,\"publicSignals\":%s}", p, s);
    if (tc_artifact(&user, 1, zkey, zkey_len, uri) ||
        tc_create_program(&user, vk_hash, vk, vk_len, uri))
        die("program", NULL);
    for (int i = 0; i < JOBS; i++)
        if (tc_artifact(&user, 2, wtns, wtns_len, uri) ||
            tc_request(&user, vk_hash, 4, uri, (uint64_t)time(NULL) + 3600, id))
            die("request", NULL);
    free(zkey);
    free(wtns);
    free(json);
    free(p);
    free(s);
}

static provernet_worker *dial(int i)
{
    uint8_t secret[32] = {
        [0] = 1, [30] = (uint8_t)(i >> 8), [31] = (uint8_t)i
    };
    provernet_error err = { 0 };
    provernet_worker *w = NULL;
    provernet_options *o;
    provernet_key *k = NULL;
    char address[32], name[32];

    snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
    snprintf(name, sizeof name, "bench-%d", i);
    o = provernet_options_new();
    if (!o || provernet_options_set(o, "worker.server", address, &err) ||
        provernet_options_set(o, "worker.name", name, &err) ||
        provernet_key_new(&k, secret, &err) ||
        provernet_worker_dial(&w, o, k, &err))
        die("dial", &err);
    provernet_options_free(o);
    provernet_key_free(k);
    return w;
}

/* ---- the gap ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t free_us, gap[JOBS], hand_in[JOBS];
static int taken, handed;
static provernet_worker *worker;

static int64_t take_inputs(provernet_job *j)
{
    provernet_error err = { 0 };
    provernet_blob *b;
    uint8_t digest[32];
    const char *path;

    if (provernet_job_input_file(j, 0, &path, digest, &err) ||
        provernet_job_input(j, 1, &b, &err))
        die("input", &err);
    return tc_now_us();
}

/* Takes jobs like `provernet worker` does. */
static void *work(void *arg)
{
    provernet_error err = { 0 };
    provernet_job *j;

    (void)arg;
    while (provernet_worker_next(worker, &j, -1, &err) == PROVERNET_OK) {
        int64_t now = take_inputs(j), began;
        provernet_blob *out;
        bool last;

        pthread_mutex_lock(&lock);
        if (free_us)
            gap[taken] = now - free_us;
        last = ++taken == JOBS;
        pthread_mutex_unlock(&lock);
        tc_sleep_ms(WORK_MS);
        if (provernet_job_output(j, &out, &err) ||
            provernet_blob_write(out, proof, strlen(proof), &err))
            die("output", &err);
        began = tc_now_us();
        pthread_mutex_lock(&lock);
        free_us = began;
        pthread_mutex_unlock(&lock);
        if (provernet_job_done(j, &err))
            die("done", &err);
        pthread_mutex_lock(&lock);
        hand_in[handed++] = tc_now_us() - began;
        pthread_mutex_unlock(&lock);
        if (last)
            provernet_worker_stop(worker);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void gaps(const char *program, const char *vectors, int threads)
{
    pthread_t t[2];
    int n = JOBS - WARM;

    start_server(program);
    submit(vectors);
    taken = handed = 0;
    free_us = 0;
    worker = dial(1);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&t[i], NULL, work, NULL))
            die("thread", NULL);
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    provernet_worker_close(worker);
    end_server();
    qsort(gap + WARM, (size_t)n, sizeof *gap, by_size);
    qsort(hand_in + WARM, (size_t)n, sizeof *hand_in, by_size);
    printf("{\"bench\":\"worker_gap\",\"slots\":1,\"threads\":%d,\"jobs\":%d,"
           "\"gap_median_ms\":%.3f,\"gap_p90_ms\":%.3f,\"gap_max_ms\":%.3f,"
           "\"hand_in_median_ms\":%.3f}\n",
           threads, n, (double)gap[WARM + n / 2] / 1e3,
           (double)gap[WARM + n * 9 / 10] / 1e3, (double)gap[JOBS - 1] / 1e3,
           (double)hand_in[WARM + n / 2] / 1e3);
    fflush(stdout);
    free(proof);
}

/* ---- memory ---- */

enum {
    OPENERS = 16
}; /* their hellos share commits: all are there before
       the first of them counts as silent */
static tc_worker *parked;
static int parked_len;
static atomic_int parked_next;
static volatile bool leave;

static void park(tc_worker *w, const provernet_key *k, int i)
{
    char name[32];

    snprintf(name, sizeof name, "bench-%d", i);
    if (!tc_worker_dial(w, "127.0.0.1", server.port) ||
        tc_worker_hello(w, k, name, "groth16/bn254@1") != 0 ||
        !tc_worker_lease(w))
        die("a worker cannot be parked", NULL);
}

static void *opener(void *arg)
{
    uint8_t secret[32] = { [0] = 1, [31] = 1 };
    provernet_error err = { 0 };
    provernet_key *k = NULL;
    int i;

    (void)arg;
    if (provernet_key_new(&k, secret, &err))
        die("key", &err);
    while ((i = atomic_fetch_add(&parked_next, 1)) < parked_len)
        park(&parked[i], k, i);
    provernet_key_free(k);
    return NULL;
}

static void open_parked(int from, int to)
{
    pthread_t t[OPENERS];

    parked_len = to;
    parked_next = from;
    for (int i = 0; i < OPENERS; i++)
        if (pthread_create(&t[i], NULL, opener, NULL))
            die("thread", NULL);
    for (int i = 0; i < OPENERS; i++)
        pthread_join(t[i], NULL);
}

/* What the server says: nothing, for so long, then the worker asks again. */
static void hear(tc_worker *w)
{
    tc_buf got;
    uint32_t question = tc_worker_answer(w, &got);
    const uint8_t *p;
    size_t len;

    if (!question)
        die("a parked worker lost its connection", NULL);
    if (tc_get_bytes(got.data, got.len, 6, 0, &p, &len)) /* of a lease */
        tc_worker_lease(w);
    tc_free(&got);
}

static void *keep_alive(void *arg)
{
    struct pollfd *fds = calloc((size_t)parked_len, sizeof *fds);
    int64_t began = tc_now_us(), every, sent = 0;

    (void)arg;
    if (!fds)
        die("memory", NULL);
    for (int i = 0; i < parked_len; i++)
        fds[i] = (struct pollfd){ parked[i].fd, POLLIN, 0 };
    every = (int64_t)parked[0].beat_ms * 1000 / parked_len + 1;
    while (!leave) {
        /* signs of life, spread over the time between two */
        while (sent < (tc_now_us() - began) / every)
            if (!tc_worker_renew(&parked[sent++ % parked_len]))
                die("a parked worker lost its connection", NULL);
        if (poll(fds, (nfds_t)parked_len, 20) > 0)
            for (int i = 0; i < parked_len; i++)
                if (fds[i].revents)
                    hear(&parked[i]);
    }
    free(fds);
    return NULL;
}

static void memory(const char *program, int n)
{
    struct rlimit files;
    int64_t before, after, cpu;
    pthread_t thread;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    parked = calloc((size_t)n, sizeof *parked);
    if (!parked)
        die("memory", NULL);
    start_server(program);
    open_parked(0, 1);
    tc_sleep_ms(500);
    before = tc_server_rss(&server);
    open_parked(1, n);
    leave = false;
    if (pthread_create(&thread, NULL, keep_alive, NULL))
        die("thread", NULL);
    tc_sleep_ms(5000);
    after = tc_server_rss(&server);
    cpu = tc_server_cpu_us(&server);
    tc_sleep_ms(20000); /* longer than a question is held open */
    cpu = tc_server_cpu_us(&server) - cpu;
    printf("{\"bench\":\"worker_parked\",\"workers\":%d,"
           "\"bytes_per_worker\":%lld,\"growth_bytes\":%lld,"
           "\"rss_bytes\":%lld,\"rss_later\":%lld,\"idle_cpu_percent\":%.2f}\n",
           n, (long long)(after - before) / (n - 1),
           (long long)(after - before), (long long)after,
           (long long)tc_server_rss(&server), (double)cpu / 2e5);
    fflush(stdout);
    leave = true;
    pthread_join(thread, NULL);
    for (int i = 0; i < parked_len; i++)
        tc_worker_close(&parked[i]);
    parked_len = 0;
    free(parked);
    end_server();
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    if (argc <= 3) {
        gaps(argv[1], argv[2], 1);
        gaps(argv[1], argv[2], 2);
    }
    memory(argv[1], argc > 3 ? atoi(argv[3]) : 10000);
    return 0;
}
