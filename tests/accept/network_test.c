/* tests/accept/network_test.c - `provernet worker --network` as people run it,
 * against the real server: bids, proofs, kill -9 and restart of either side,
 * SIGTERM, and what it says when it cannot.
 *
 *   accept_network_test PROGRAMS KEYGEN VECTORS */
#include "auction.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char provernet[400], url[60];

/* Who 0x40 + n is, as a key file. */
static void key_file(int n, char path[200])
{
    FILE *f;

    snprintf(path, 200, "%s/node-%d.key", server.dir, n);
    f = fopen(path, "w");
    MUST(f && fprintf(f, "%062d%02x\n", 0, 0x40 + n) > 0 && fclose(f) == 0);
    MUST(chmod(path, 0600) == 0);
}

static void log_path(int n, char path[200])
{
    snprintf(path, 200, "%s/node-%d.log", server.dir, n);
}

static pid_t node_start(int n, const char *const *more)
{
    char key[200], log[200];
    const char *argv[40] = {
        provernet,     "worker", "--network",    url,
        "--key-file",  key,      "--log-format", "text",
        "--log-level", "debug",  "--set",        "network.poll=100ms"
    };
    size_t args = 12;

    key_file(n, key);
    log_path(n, log);
    while (more && *more && args < 39)
        argv[args++] = *more++;
    return tc_spawn(argv, log);
}

static bool logged(int n, const char *words)
{
    char path[200], *text;
    bool yes;
    size_t len;

    log_path(n, path);
    if (access(path, R_OK) != 0)
        return false; /* it has not begun yet */
    text = tc_file(path, &len);
    text = realloc(text, len + 1);
    MUST(text);
    text[len] = '\0';
    yes = strstr(text, words) != NULL;
    free(text);
    return yes;
}

static void await_log(int n, const char *words)
{
    int64_t until = 0;

    while (!logged(n, words)) {
        bool go_on = patient(&until);

        if (!go_on)
            fprintf(stderr, "node %d never said \"%s\"\n", n, words);
        MUST(go_on);
    }
}

/* `only`: the one who may prove it; NULL: whoever asks least. */
static void request(tc_user *u, uint8_t id[32], const uint8_t *only)
{
    wish w = new_wish(u, LONG);

    w.only = only;
    MUST(ask(u, &w, id) == 0);
}

/* An SP1 program: mock proofs of it are believed where --mock is, those of a
 * circuit never. */
static uint8_t program_hash[32];

static void register_program(tc_user *u)
{
    uint8_t program[64] = { 56 };
    char uri[512];

    memcpy(program + 8, "\177ELF\2\1\1", 7);
    memset(program_hash, 0x33, 32);
    MUST(tc_artifact(u, 1, program, sizeof program, uri) == 0);
    MUST(tc_create_program(u, program_hash, "vk", 2, uri) == 0);
}

static void request_program(tc_user *u, uint8_t id[32])
{
    wish w = new_wish(u, LONG);

    w.program = program_hash;
    w.mode = 1;
    MUST(ask(u, &w, id) == 0);
}

/* The first node has said how much it proves, and nobody it could not. */
static void says_what_it_is(tc_user *u)
{
    uint64_t capacity = 0;
    tc_buf m = { 0 };
    tc_reply r;
    tc_user node;

    open_user(&node, 0x40);
    tc_bytes(&m, 1, node.address, 20);
    open_call(u, "GetProverCapacity", &m, &r);
    MUST(r.grpc_status == 0);
    MUST(tc_get_u64(r.msg, r.msg_len, 1, &capacity) && capacity == 12345);
    tc_reply_free(&r);
    tc_free(&m);
    tc_user_close(&node);
}

/* Without a placeholder it would need 17.8 GB. */
static void bids_for_what_fits(void)
{
    static const char *const small_one[] = {
        "--bid",
        "20",
        "--throughput",
        "1000000",
        "--set",
        "worker.memory=8GiB",
        "--set",
        "worker.kinds=sp1/compressed@6,groth16/bn254@1",
        NULL
    };
    uint8_t id[32], other[32];
    tc_status st;
    tc_user user;
    pid_t pid;
    wish w;

    start(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    open_user(&user, 7);
    register_program(&user);
    MUST(circuit_register(&small, &user));
    pid = node_start(0, small_one);
    await_log(0, "sp1/compressed@6 needs 16.6 GiB of memory");
    w = new_wish(&user, LONG);
    w.program = program_hash;
    w.mode = 2;
    MUST(ask(&user, &w, other) == 0);
    request(&user, id, NULL);
    MUST(request_wait(&user, id, &st) == 3);
    await_log(0, "network.passed");
    MUST(tc_get_status(&user, other, &st) == 0 && st.fulfillment == 1);
    worker_end(&pid, SIGTERM);
    tc_user_close(&user);
    end();
}

/* Two that prove and one that hands in placeholders. */
static void three_processes(void)
{
    static const char *const good[] = { "--bid", "20", "--throughput", "12345",
                                        NULL };
    static const char *const dear[] = { "--bid", "25", NULL };
    static const char *const liar[] = { "--bid", "19", "--mock", NULL };
    enum { REQUESTS = 24 };
    static uint8_t id[REQUESTS][32];
    long long sum = 0;
    pid_t pid[NODES];
    int proved = 0;
    uint8_t node[NODES][20];
    tc_user user, who;

    start(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    open_user(&user, 7);
    MUST(circuit_register(&small, &user));
    pid[0] = node_start(0, good);
    pid[1] = node_start(1, dear);
    pid[2] = node_start(2, liar);
    for (int i = 0; i < NODES; i++) {
        await_log(i, "network.joined");
        open_user(&who, 0x40 + i);
        memcpy(node[i], who.address, 20);
        tc_user_close(&who);
    }
    says_what_it_is(&user);
    for (int i = 0; i < REQUESTS; i++) /* one for each, then who asks least */
        request(&user, id[i], i < NODES ? node[i] : NULL);
    for (int i = 0; i < REQUESTS; i++) {
        tc_status st;
        int end_state = request_wait(&user, id[i], &st);

        MUST(end_state == 3 || end_state == 4);
        proved += end_state == 3;
        if (end_state == 3)
            MUST(circuit_judge(&small, st.proof_uri));
    }
    await_log(2, "refuses the proof");
    for (int i = 0; i < NODES; i++) {
        MUST(kill(pid[i], SIGTERM) == 0);
        MUST(tc_wait(pid[i]) == 0);
        open_user(&who, 0x40 + i);
        sum += balance(&user, who.address);
        MUST(i != 2 || balance(&user, who.address) == INITIAL);
        check_log(&user, who.address);
        tc_user_close(&who);
    }
    printf("%d of %d proved\n", proved, REQUESTS);
    MUST(proved > 0);
    MUST(sum + balance(&user, user.address) == (NODES + 1) * INITIAL);
    tc_user_close(&user);
    end();
}

/* The node is killed in the middle of a job, then the server: the network
 * remembers whose it is, the node bids no second time. */
static void kill_either_side(void)
{
    static const char *const never[] = { "--bid",        "20", "--mock",
                                         "--mock-delay", "1h", NULL };
    static const char *const slow[] = { "--bid",        "20", "--mock",
                                        "--mock-delay", "2s", NULL };
    uint8_t id[32], other[32];
    tc_status st;
    tc_user user;
    pid_t pid;

    start((const char *const[]){ "--mock", NULL });
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    open_user(&user, 7);
    register_program(&user);
    pid = node_start(0, never);
    request_program(&user, id);
    await_log(0, "worker.job");
    worker_end(&pid, SIGKILL);
    MUST(status_of(&user, id) == 2);
    pid = node_start(1, never); /* another: it is not its */
    await_log(1, "network.joined");
    tc_sleep_ms(500);
    worker_end(&pid, SIGTERM);
    MUST(status_of(&user, id) == 2);
    pid = node_start(0, slow);
    MUST(request_wait(&user, id, &st) == 3);
    request_program(&user, other);
    AWAIT(status_of(&user, other) >= 2); /* assigned, and in hand */
    tc_close(&user.conn);
    MUST(tc_server_end(&server, SIGKILL) < 0);
    tc_sleep_ms(1000); /* the node notices, mostly */
    {
        const char *again[] = { "--mock", NULL };

        start(again);
    }
    MUST(tc_open(&user.conn, "127.0.0.1", server.port));
    MUST(request_wait(&user, other, &st) == 3);
    await_log(0, "network.fulfilled");
    worker_end(&pid, SIGTERM);
    tc_user_close(&user);
    end();
}

/* What is in hand is finished, what waits is given back. */
static void leaves_politely(void)
{
    static const char *const slow[] = { "--bid",        "20", "--mock",
                                        "--mock-delay", "3s", NULL };
    uint8_t id[3][32];
    int proved = 0, back = 0;
    tc_user user;
    pid_t pid;

    start((const char *const[]){ "--mock", NULL });
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    open_user(&user, 7);
    register_program(&user);
    pid = node_start(0, slow);
    await_log(0, "network.joined");
    for (int i = 0; i < 3; i++)
        request_program(&user, id[i]);
    for (int i = 0; i < 3; i++) /* what is not assigned yet has no need of it */
        AWAIT(status_of(&user, id[i]) >= 2);
    await_log(0, "worker.job");
    MUST(kill(pid, SIGTERM) == 0);
    MUST(tc_wait(pid) == 0);
    for (int i = 0; i < 3; i++) {
        proved += status_of(&user, id[i]) == 3;
        back += status_of(&user, id[i]) == 4;
    }
    printf("%d proved, %d given back\n", proved, back);
    MUST(proved + back == 3); /* nobody waits for a node that is gone */
    MUST(proved >= 1 && logged(0, "worker.stopping"));
    tc_user_close(&user);
    end();
}

static void must_say(const char *const *more, int code, const char *words)
{
    const char *argv[24] = { provernet, "worker" };
    tc_buf out = { 0 };
    size_t n = 2;
    int rc;

    while (*more)
        argv[n++] = *more++;
    rc = run_program(argv, &out);
    tc_add(&out, "", 1);
    if (rc != code || !strstr((char *)out.data, words)) {
        fprintf(stderr, "exit %d, said: %s\n", rc, (char *)out.data);
        must_failed(__FILE__, __LINE__, "the right words");
    }
    tc_free(&out);
}

static void says_why_not(void)
{
    char key[200];

    start(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    key_file(0, key);
    must_say((const char *const[]){ NULL }, 2, "neither a server nor");
    must_say((const char *const[]){ "host", "--network", url, NULL }, 2,
             "a server and a network");
    must_say((const char *const[]){ "--network", url, "--key-file", key,
                                    "--mock", NULL },
             4, "network.usd_per_hour");
    must_say((const char *const[]){ "--network", "carrier-pigeon", "--bid", "1",
                                    "--key-file", key, "--mock", NULL },
             2, "no address of a network");
    must_say(
        (const char *const[]){
            "--network", url, "--bid", "1", "--key-file", key, "--mock",
            "--prover", "0x00000000000000000000000000000000000000aa", NULL },
        6, "acts for");
    must_say((const char *const[]){ "--network", url, "--bid", "1",
                                    "--key-file", key, "--mock", "--set",
                                    "network.domain=41f65a024f35f8e36641c29fb6c"
                                    "f141a751109a02c19a8f951c3019fa0960e9b",
                                    NULL },
             4, "network's domain");
    end();
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    snprintf(provernet, sizeof provernet, "%s/provernet", argv[1]);
    auction_load(argv);
    three_processes();
    bids_for_what_fits();
    kill_either_side();
    leaves_politely();
    says_why_not();
    auction_unload();
    return 0;
}
