/* tests/accept/worker_test.c - the real server and real worker processes:
 * requests wait with a reason, are proved when a worker comes, survive workers
 * and servers that are killed; liars get nothing past; mock says so.
 *
 *   accept_worker_test PROGRAMS KEYGEN VECTORS */
#include "accept.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { MANY = 200 };

static char provernet[400], provernetd[400];
static circuit small, big;
static tc_server server;
static tc_user user;
static const char *const none[] = { NULL };

static void start(const char *const *args)
{
    uint8_t secret[32] = { [31] = 7 };

    memset(&server, 0, sizeof server);
    MUST(tc_server_start(&server, provernetd, args));
    MUST(tc_user_open(&user, "127.0.0.1", server.port, secret));
}

static void end(void)
{
    tc_user_close(&user);
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
}

static void reopen(void)
{
    tc_close(&user.conn);
    MUST(tc_open(&user.conn, "127.0.0.1", server.port));
}

static void said(const char *what, int64_t began_us)
{
    printf("%-52s %6.2f s\n", what, (double)(tc_now_us() - began_us) / 1e6);
    fflush(stdout);
}

/* ---- nobody is there, then one comes ---- */

static size_t waiting_with_reason(void)
{
    size_t found = 0, i;
    json_t *o = api_get(&server, "/api/v1/requests?limit=500"), *list, *r;

    list = json_object_get(o, "requests");
    json_array_foreach(list, i, r)
    {
        MUST(strcmp(api_text(r, "state"), "queued") == 0);
        MUST(strstr(api_text(r, "waiting_for"), "groth16/bn254@1") != NULL);
        MUST(api_number(r, "attempts") == 0);
        found++;
    }
    json_decref(o);
    return found;
}

static void list_says_why(void)
{
    char url[64];
    const char *const argv[] = { provernet, "requests", "list", "--server",
                                 url,       "--limit",  "500",  NULL };
    size_t lines = 0;
    tc_buf out = { 0 };

    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    MUST(run_program(argv, &out) == 0);
    MUST(strstr((char *)out.data, "WAITING FOR") != NULL);
    for (char *at = (char *)out.data; (at = strstr(at, "no worker")); at += 9)
        lines++;
    MUST(lines == MANY);
    tc_free(&out);
}

static void many_wait_for_one(void)
{
    static const char *const args[] = { "--no-worker", "--log-level", "warn",
                                        NULL };
    static uint8_t id[MANY][32];
    int64_t began = tc_now_us();
    tc_status s;
    pid_t worker;

    start(args);
    MUST(circuit_register(&small, &user));
    for (int i = 0; i < MANY; i++)
        MUST(circuit_request(&small, &user, id[i]));
    MUST(waiting_with_reason() == MANY);
    list_says_why();
    worker = worker_start(&server, provernet, "one", none);
    for (int i = 0; i < MANY; i++) {
        MUST(request_wait(&user, id[i], &s) == 3);
        MUST(circuit_judge(&small, s.proof_uri));
    }
    worker_end(&worker, SIGTERM);
    end();
    said("200 wait with a reason, one worker proves them", began);
}

/* ---- workers die ---- */

enum { TRIES = 50 };

static int64_t attempts(const uint8_t id[32])
{
    json_t *o = api_request(&server, id);
    int64_t n = api_number(o, "attempts");

    json_decref(o);
    return n;
}

/* Until a worker has begun. It may be done a moment later: what must be hit in
 * mid-proof is tried until it was. */
static void begun(const uint8_t id[32])
{
    AWAIT(attempts(id) >= 1);
}

static void proved(const circuit *c, const uint8_t id[32])
{
    tc_status s;

    MUST(request_wait(&user, id, &s) == 3);
    MUST(circuit_judge(c, s.proof_uri));
}

/* With a server that waits so long for who is silent: what happens sooner
 * happens for another reason. */
static void start_silent(const char *const *args, const char *silence)
{
    setenv("PROVERNET_LEASE_SILENCE", silence, 1);
    setenv("PROVERNET_LEASE_TTL", "1h", 1);
    start(args);
}

static void end_silent(void)
{
    end();
    unsetenv("PROVERNET_LEASE_SILENCE");
    unsetenv("PROVERNET_LEASE_TTL");
}

static void killed_and_started_again(void)
{
    static const char *const args[] = { "--no-worker", NULL };
    int64_t began = tc_now_us();
    uint8_t hit[32], other[32];
    int tries = 0;
    pid_t worker;

    start_silent(args, "1h");
    MUST(circuit_register(&big, &user) && circuit_register(&small, &user));
    do {
        MUST(tries++ < TRIES);
        MUST(circuit_request(&big, &user, hit));
        MUST(circuit_request(&small, &user, other));
        worker = worker_start(&server, provernet, "phoenix", none);
        begun(hit);
        worker_end(&worker, SIGKILL);
        worker = worker_start(&server, provernet, "phoenix", none);
        proved(&big, hit);
        proved(&small, other);
        worker_end(&worker, SIGTERM);
    } while (attempts(hit) == 1);
    MUST(attempts(hit) == 2 && attempts(other) == 1);
    end_silent();
    said("killed in mid-proof, started again: one retry", began);
}

static void killed_for_good(void)
{
    static const char *const args[] = { "--no-worker", NULL };
    int64_t began = tc_now_us();
    pid_t first, second;
    uint8_t hit[32];
    int tries = 0;

    start_silent(args, "3s");
    MUST(circuit_register(&big, &user));
    do {
        MUST(tries++ < TRIES);
        MUST(circuit_request(&big, &user, hit));
        first = worker_start(&server, provernet, "first", none);
        begun(hit);
        worker_end(&first, SIGKILL);
        second = worker_start(&server, provernet, "second", none);
        proved(&big, hit);
        worker_end(&second, SIGTERM);
    } while (attempts(hit) == 1);
    MUST(attempts(hit) >= 2);
    end_silent();
    said("killed for good: lost by silence, done by another", began);
}

/* Worker and server both die; and the server's own worker with it. */
static void server_killed_too(bool own)
{
    static const char *const alone[] = { "--no-worker", NULL };
    int64_t began = tc_now_us();
    pid_t worker = 0;
    uint8_t hit[32];
    int tries = 0;

    start_silent(own ? none : alone, "1h");
    MUST(circuit_register(&big, &user));
    do {
        MUST(tries++ < TRIES);
        MUST(circuit_request(&big, &user, hit));
        if (!own)
            worker = worker_start(&server, provernet, "phoenix", none);
        begun(hit);
        worker_end(&worker, SIGKILL);
        tc_server_end(&server, SIGKILL);
        MUST(tc_server_start(&server, provernetd, own ? none : alone));
        if (!own)
            worker = worker_start(&server, provernet, "phoenix", none);
        reopen();
        proved(&big, hit);
        worker_end(&worker, SIGTERM);
    } while (attempts(hit) == 1);
    MUST(attempts(hit) == 2);
    end_silent();
    said(own ? "server killed: its own worker starts at once"
             : "server and worker killed: at once",
         began);
}

/* Only the server dies: the worker goes on with what it has in hand. */
static void server_killed_alone(void)
{
    static const char *const args[] = { "--no-worker", NULL };
    int64_t began = tc_now_us();
    uint8_t hit[32];
    pid_t worker;

    start_silent(args, "1h");
    MUST(circuit_register(&big, &user));
    MUST(circuit_request(&big, &user, hit));
    worker = worker_start(&server, provernet, "steady", none);
    begun(hit);
    tc_server_end(&server, SIGKILL);
    MUST(tc_server_start(&server, provernetd, args));
    reopen();
    proved(&big, hit);
    MUST(attempts(hit) == 1);
    worker_end(&worker, SIGTERM);
    end_silent();
    said("server killed: the worker's proof is not lost", began);
}

static int64_t strikes_of(const char *name)
{
    json_t *o = api_get(&server, "/api/v1/workers"), *w;
    int64_t n = -1;
    size_t i;

    json_array_foreach(json_object_get(o, "workers"), i, w)
    {
        if (strcmp(api_text(w, "name"), name) == 0)
            n = api_number(w, "strikes");
    }
    json_decref(o);
    return n;
}

/* ---- memory ---- */

static bool waits_for(const uint8_t id[32], const char *words)
{
    json_t *o = api_request(&server, id);
    bool yes = strstr(api_text(o, "waiting_for"), words) != NULL;

    json_decref(o);
    return yes;
}

static void too_large_waits(void)
{
    static const char *const args[] = { "--no-worker", NULL };
    static const char *const tiny[] = { "--set", "worker.memory=8MiB", NULL };
    int64_t began = tc_now_us();
    pid_t first, second;
    uint8_t id[32];
    json_t *o;

    start(args);
    MUST(circuit_register(&small, &user));
    MUST(circuit_request(&small, &user, id));
    first = worker_start(&server, provernet, "tiny", tiny);
    AWAIT(waits_for(id, "has 8 MiB"));
    MUST(waits_for(id, "MiB of memory; the largest"));
    o = api_request(&server, id);
    MUST(strcmp(api_text(o, "state"), "queued") == 0);
    MUST(api_number(o, "attempts") == 0);
    json_decref(o);
    second = worker_start(&server, provernet, "large", none);
    proved(&small, id);
    MUST(attempts(id) == 1);
    worker_end(&first, SIGTERM);
    worker_end(&second, SIGTERM);
    end();
    said("what is too large for all waits and says so", began);
}

/* ---- liars ---- */

static void liars(void)
{
    /* However slow the liar is, no request has only it to try. */
    static const char *const args[] = { "--no-worker", "--set",
                                        "task.attempts_max=10", NULL };
    static const char *const any[] = { "--mock", "--mock-delay", "1ms", NULL };
    static const char *const one[] = { "--mock",  "--mock-delay",    "1ms",
                                       "--kinds", "groth16/bn254@1", NULL };
    int64_t began = tc_now_us();
    uint8_t id[3][32];
    pid_t liar, honest;
    json_t *o;

    start(args);
    MUST(circuit_register(&small, &user));
    for (int i = 0; i < 3; i++)
        MUST(circuit_request(&small, &user, id[i]));
    /* Of any kind: not even greeted. */
    liar = worker_start(&server, provernet, "any", any);
    MUST(tc_wait(liar) > 0);
    MUST(attempts(id[0]) == 0);
    /* Of a kind that the server judges itself: struck and set aside. */
    liar = worker_start(&server, provernet, "liar", one);
    AWAIT(strikes_of("liar") >= 3);
    MUST(strikes_of("liar") == 3);
    o = api_get(&server, "/api/v1/overview");
    MUST(api_number(o, "fulfilled") == 0);
    json_decref(o);
    honest = worker_start(&server, provernet, "honest", none);
    for (int i = 0; i < 3; i++)
        proved(&small, id[i]);
    worker_end(&liar, SIGKILL);
    worker_end(&honest, SIGTERM);
    end();
    said("liars are refused or struck", began);
}

/* ---- SP1 programs ---- */

static void sp1_request(uint8_t id[32])
{
    uint8_t program[64] = { 56 }, hash[32] = { 0x5b, 1 }, vk[32] = { 9 };
    char uri[512];

    memcpy(program + 8, "\177ELF\2\1\1", 7);
    MUST(tc_artifact(&user, 1, program, sizeof program, uri) == 0);
    MUST(tc_create_program(&user, hash, vk, sizeof vk, uri) == 0);
    MUST(tc_artifact(&user, 2, "input", 5, uri) == 0);
    MUST(tc_request(&user, hash, 2, uri, (uint64_t)time(NULL) + 3600, id) == 0);
}

static bool file_says(const char *path, const char *what)
{
    size_t len;
    char *text = tc_file(path, &len);
    bool yes;

    text = realloc(text, len + 1);
    MUST(text != NULL);
    text[len] = '\0';
    yes = strstr(text, what) != NULL;
    free(text);
    return yes;
}

static void mock_says_so(void)
{
    static const char *const args[] = { "--no-worker", "--mock", NULL };
    static const char *const mock[] = { "--mock", "--mock-delay", "10ms",
                                        NULL };
    int64_t began = tc_now_us();
    uint8_t id[32];
    char url[64];
    tc_status s;
    tc_http h;
    json_t *o;
    pid_t w;

    start(args);
    sp1_request(id);
    w = worker_start(&server, provernet, "mocker", mock);
    MUST(request_wait(&user, id, &s) == 3);
    MUST(tc_http_url("GET", s.proof_uri, "", 0, &h) && h.status == 200);
    MUST(h.body.len > 0);
    tc_http_free(&h);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server.port);
    MUST(tc_http_url("GET", url, "", 0, &h) && h.status == 200);
    tc_add(&h.body, "", 1);
    MUST(strstr((char *)h.body.data, "MOCK MODE") != NULL);
    tc_http_free(&h);
    o = api_get(&server, "/api/v1/overview");
    MUST(json_is_true(json_object_get(o, "mock")));
    json_decref(o);
    MUST(file_says(server.log, "MOCK MODE"));
    MUST(file_says(server.log, "server.mock"));
    worker_end(&w, SIGTERM);
    end();
    said("mock: an SP1 program is answered, and all say MOCK", began);
}

static void sp1_waits(void)
{
    int64_t began = tc_now_us();
    uint8_t id[32], other[32];
    json_t *o;

    start(none); /* with its own worker, of circuits only */
    MUST(circuit_register(&small, &user));
    sp1_request(id);
    MUST(circuit_request(&small, &user, other));
    proved(&small, other);
    o = api_request(&server, id);
    MUST(strcmp(api_text(o, "state"), "queued") == 0);
    MUST(strstr(api_text(o, "waiting_for"), "sp1/compressed@6") != NULL);
    MUST(api_number(o, "attempts") == 0);
    json_decref(o);
    end();
    said("an SP1 program waits for a worker of its kind", began);
}

static void make_big(const char *keygen, const char *dir)
{
    char prefix[200], zkey[220], wtns[220], vk[220];
    const char *const argv[] = { keygen,      "--chain", "32767",
                                 "--no-r1cs", prefix,    NULL };
    tc_buf out = { 0 };

    snprintf(prefix, sizeof prefix, "%s/chain", dir);
    snprintf(zkey, sizeof zkey, "%s.zkey", prefix);
    snprintf(wtns, sizeof wtns, "%s.wtns", prefix);
    snprintf(vk, sizeof vk, "%s.vk.json", prefix);
    MUST(run_program(argv, &out) == 0);
    tc_free(&out);
    circuit_load(&big, zkey, wtns, vk);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/provernet-accept-XXXXXX", zkey[500], wtns[500], vk[500];
    const char *const clean[] = { "/bin/rm", "-rf", dir, NULL };

    if (argc < 4 || !mkdtemp(dir))
        return 2;
    snprintf(provernet, sizeof provernet, "%s/provernet", argv[1]);
    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(zkey, sizeof zkey, "%s/groth16/poseidon/circuit.zkey", argv[3]);
    snprintf(wtns, sizeof wtns, "%s/groth16/poseidon/witness.wtns", argv[3]);
    snprintf(vk, sizeof vk, "%s/groth16/poseidon/verification_key.json",
             argv[3]);
    circuit_load(&small, zkey, wtns, vk);
    make_big(argv[2], dir);
    many_wait_for_one();
    killed_and_started_again();
    killed_for_good();
    server_killed_alone();
    server_killed_too(false);
    server_killed_too(true);
    too_large_waits();
    liars();
    mock_says_so();
    sp1_waits();
    circuit_free(&small);
    circuit_free(&big);
    tc_wait(tc_spawn(clean, "/dev/null"));
    return 0;
}
