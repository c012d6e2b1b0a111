/* tests/accept/gpu_test.c - workers and GPUs: a machine without one says so
 * once and proves on the processor; a helper process that is killed costs no
 * proof.
 *
 *   accept_gpu_test PROGRAMS VECTORS [EMULATED-ENGINE] */
#include "accept.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 12 };

static char provernet[400], provernetd[400];
static circuit small;
static tc_server server;
static tc_user user;

static void start(void)
{
    static const char *const args[] = { "--no-worker", "--log-level", "warn",
                                        NULL };
    uint8_t secret[32] = { [31] = 9 };

    memset(&server, 0, sizeof server);
    MUST(tc_server_start(&server, provernetd, args));
    MUST(tc_user_open(&user, "127.0.0.1", server.port, secret));
    MUST(circuit_register(&small, &user));
}

static void end(void)
{
    tc_user_close(&user);
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
}

static void prove_one(void)
{
    uint8_t id[32];
    tc_status s;

    MUST(circuit_request(&small, &user, id));
    MUST(request_wait(&user, id, &s) == 3);
    MUST(circuit_judge(&small, s.proof_uri));
}

/* How often the worker's log says it. */
static unsigned said(const char *name, const char *what)
{
    char path[200], line[4096];
    unsigned n = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s.log", server.dir, name);
    f = fopen(path, "r");
    MUST(f != NULL);
    while (fgets(line, sizeof line, f))
        n += strstr(line, what) != NULL;
    fclose(f);
    return n;
}

static void without_a_gpu(void)
{
    static const char *const automatic[] = { "--device", "auto", NULL };
    pid_t worker;

    start();
    setenv("PROVERNET_ENGINE_PLUGIN", "/nowhere/libprovernet-cuda.so", 1);
    worker = worker_start(&server, provernet, "plain", automatic);
    unsetenv("PROVERNET_ENGINE_PLUGIN");
    for (int i = 0; i < 3; i++)
        prove_one();
    worker_end(&worker, SIGTERM);
    MUST(said("plain", "not on cuda") == 1);
    MUST(said("plain", "/nowhere/libprovernet-cuda.so") == 1);
    MUST(said("plain", "device     CPU") == 1);
    end();
}

/* Two processors stand for two cards: each gets jobs of its own. */
static void with_two_devices(void)
{
    static const char *const two[] = { "--device", "cpu,cpu", NULL };
    static const char *const wrong[] = { "--device", "cpu,gpu", NULL };
    pid_t worker;

    start();
    worker = worker_start(&server, provernet, "wrong", wrong);
    MUST(tc_wait(worker) != 0);
    MUST(said("wrong", "there is no device \"gpu\"") == 1);
    worker = worker_start(&server, provernet, "two", two);
    for (int i = 0; i < 3; i++)
        prove_one();
    worker_end(&worker, SIGTERM);
    end();
}

/* The child of a process that is called provernet-gpu; 0: there is none. */
static pid_t helper_of(pid_t parent)
{
    DIR *d = opendir("/proc");
    pid_t found = 0;

    MUST(d != NULL);
    for (struct dirent *e; (e = readdir(d));) {
        char path[300], name[64];
        int pid, ppid;
        FILE *f;

        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        f = fopen(path, "r");
        if (!f)
            continue;
        if (fscanf(f, "%d (%63[^)]) %*c %d", &pid, name, &ppid) == 3 &&
            ppid == (int)parent && strcmp(name, "provernet-gpu") == 0)
            found = pid;
        fclose(f);
    }
    closedir(d);
    return found;
}

static void with_helpers_killed(const char *engine)
{
    static const char *const emulated[] = { "--device", "cpu-sim", "--slots",
                                            "2", NULL };
    pid_t worker, helper, last = 0;
    unsigned kills = 0;

    start();
    setenv("PROVERNET_ENGINE_PLUGIN", engine, 1);
    worker = worker_start(&server, provernet, "emulated", emulated);
    unsetenv("PROVERNET_ENGINE_PLUGIN");
    prove_one();
    MUST(helper_of(worker) > 0);
    for (int i = 0; i < JOBS; i++) {
        helper = helper_of(worker);
        if (helper > 0 && helper != last && i % 2 == 0) {
            kill(helper, SIGKILL);
            last = helper;
            kills++;
        }
        prove_one();
    }
    MUST(kills > 0);
    MUST(said("emulated", "was lost") >= 1 &&
         said("emulated", "was lost") <= kills);
    worker_end(&worker, SIGTERM);
    MUST(said("emulated", "worker.failed") == 0);
    end();
}

int main(int argc, char **argv)
{
    char zkey[500], wtns[500], vk[500];

    if (argc < 3)
        return 2;
    snprintf(provernet, sizeof provernet, "%s/provernet", argv[1]);
    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(zkey, sizeof zkey, "%s/groth16/multiplier/circuit.zkey", argv[2]);
    snprintf(wtns, sizeof wtns, "%s/groth16/multiplier/witness.wtns", argv[2]);
    snprintf(vk, sizeof vk, "%s/groth16/multiplier/verification_key.json",
             argv[2]);
    circuit_load(&small, zkey, wtns, vk);
    without_a_gpu();
    with_two_devices();
    if (argc > 3)
        with_helpers_killed(argv[3]);
    circuit_free(&small);
    return 0;
}
