/* tests/gpu/helper_test.c - whatever happens to the helper process of a GPU
 * engine, the application gets its proofs, or an error, and nothing is left. */
#include "common.h"
#include "prove/keys.h"
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PUBLICS = 8 };

static void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    nanosleep(&t, NULL);
}

static int open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static bool children(void)
{
    siginfo_t info = { 0 };

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ||
           errno != ECHILD;
}

static void must_say(provernet_engine *e, const char *part)
{
    char news[400] = "";

    assert_int_equal(provernet_engine_news(e, news, sizeof news), 1);
    if (!strstr(news, part))
        fail_msg("\"%s\" lacks \"%s\"", news, part);
}

static void must_be_silent(provernet_engine *e)
{
    char news[400];

    if (provernet_engine_news(e, news, sizeof news))
        fail_msg("%s", news);
}

typedef struct setting {
    provernet_engine *engine;
    provernet_groth16_key *key;
    provernet_watch *watch;
    file witness;
    provernet_status status;
    int files;
} setting;

static void open_key(setting *s, const char *circuit)
{
    char path[512];
    provernet_error err = { 0 };

    snprintf(path, sizeof path, PVN_VECTORS "/groth16/%s/circuit.zkey",
             circuit);
    if (provernet_groth16_key_open(&s->key, s->engine, path, NULL, &err))
        fail_msg("%s", err.message);
}

static void set_up(setting *s, const char *circuit, bool in_process)
{
    provernet_error err = { 0 };

    memset(s, 0, sizeof *s);
    s->files = open_files();
    s->engine = open_engine("cpu-sim", PVN_GPU_SIM, in_process, &err);
    if (!s->engine)
        fail_msg("%s", err.message);
    assert_int_equal(pvn_gpu_pid(s->engine) > 0, !in_process);
    s->watch = provernet_watch_new();
    assert_non_null(s->watch);
    open_key(s, circuit);
    s->witness = read_vector(circuit, "witness.wtns");
}

static void tear_down(setting *s)
{
    provernet_groth16_key_free(s->key);
    provernet_watch_free(s->watch);
    provernet_engine_close(s->engine);
    free(s->witness.data);
    assert_false(children());
    assert_int_equal(open_files(), s->files);
}

static provernet_status prove(setting *s)
{
    provernet_span w = { s->witness.data, s->witness.len };
    provernet_groth16_proof proof;
    uint8_t publics[32 * PUBLICS];
    size_t n;

    return provernet_groth16_prove(s->key, &proof, publics, PUBLICS, &n, w,
                                   s->watch, NULL);
}

static uint64_t device_bytes(const setting *s)
{
    provernet_groth16_info info = { .struct_size = sizeof info };

    provernet_groth16_key_info(s->key, &info);
    return info.device_bytes;
}

static void *prove_beside(void *arg)
{
    setting *s = arg;

    s->status = prove(s);
    return NULL;
}

/* ---- tests ---- */

static void a_killed_helper_is_started_again(void **state)
{
    setting s;
    pid_t first;

    (void)state;
    set_up(&s, "multiplier", false);
    first = pvn_gpu_pid(s.engine);
    assert_ok(prove(&s));
    assert_true(device_bytes(&s) > 0);
    must_be_silent(s.engine);
    assert_int_equal(kill(first, SIGKILL), 0);
    for (int i = 0; i < 3; i++)
        assert_ok(prove(&s)); /* on the processor */
    must_say(s.engine, "signal 9");
    must_be_silent(s.engine); /* said once */
    assert_int_equal(pvn_gpu_pid(s.engine), 0);
    assert_int_equal(device_bytes(&s), 0);
    assert_false(children());
    provernet_groth16_key_free(s.key);
    pvn_gpu_hurry(s.engine);
    open_key(&s, "multiplier");
    must_say(s.engine, "is back");
    assert_true(pvn_gpu_pid(s.engine) > 0 && pvn_gpu_pid(s.engine) != first);
    assert_true(device_bytes(&s) > 0);
    assert_ok(prove(&s));
    must_be_silent(s.engine);
    tear_down(&s);
}

static void a_helper_killed_in_a_proof_loses_no_proof(void **state)
{
    const char *stage;
    pthread_t t;
    setting s;
    pid_t pid;

    (void)state;
    set_up(&s, "poseidon", false);
    pid = pvn_gpu_pid(s.engine);
    assert_int_equal(pthread_create(&t, NULL, prove_beside, &s), 0);
    /* Once the helper works: its stages come back through shared memory. */
    for (int i = 0; i < 5000; i++) {
        provernet_watch_read(s.watch, &stage);
        if (stage && strncmp(stage, "MSM", 3) == 0)
            break;
        nap(1);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    pthread_join(t, NULL);
    assert_int_equal(s.status, PROVERNET_OK);
    must_say(s.engine, "was lost");
    tear_down(&s);
}

static void a_silent_helper_is_given_up(void **state)
{
    pthread_t t;
    setting s;
    pid_t pid;

    (void)state;
    set_up(&s, "multiplier", false);
    pid = pvn_gpu_pid(s.engine);
    pvn_gpu_patience(s.engine, 300);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(pthread_create(&t, NULL, prove_beside, &s), 0);
    nap(100);
    provernet_watch_cancel(s.watch);
    pthread_join(t, NULL);
    assert_int_equal(s.status, PROVERNET_ERR_CANCELLED);
    must_say(s.engine, "gave no answer");
    assert_int_equal(kill(pid, 0), -1);
    tear_down(&s);
}

static void cancelling_leaves_the_helper_alone(void **state)
{
    setting s;
    pid_t pid;

    (void)state;
    set_up(&s, "multiplier", false);
    pid = pvn_gpu_pid(s.engine);
    provernet_watch_cancel(s.watch);
    assert_int_equal(prove(&s), PROVERNET_ERR_CANCELLED);
    provernet_watch_free(s.watch);
    s.watch = provernet_watch_new();
    assert_ok(prove(&s));
    assert_int_equal(pvn_gpu_pid(s.engine), pid);
    must_be_silent(s.engine);
    tear_down(&s);
}

/* A launch that fails for good loses the device: in a helper it comes back,
 * in this process it does not. Both prove on. */
static void lost(bool in_process)
{
    setting s;

    setenv("PROVERNET_CPU_SIM", "fail_call=2,fail_at=40,fail_code=719", 1);
    set_up(&s, "multiplier", in_process);
    unsetenv("PROVERNET_CPU_SIM");
    for (int i = 0; i < 3; i++)
        assert_ok(prove(&s));
    must_say(s.engine, "launch failure");
    must_be_silent(s.engine);
    provernet_groth16_key_free(s.key);
    pvn_gpu_hurry(s.engine);
    open_key(&s, "multiplier");
    if (!in_process)
        must_say(s.engine, "is back");
    must_be_silent(s.engine);
    assert_ok(prove(&s));
    assert_int_equal(device_bytes(&s) > 0, !in_process);
    tear_down(&s);
}

static void a_lost_device_comes_back_in_a_helper(void **state)
{
    (void)state;
    lost(false);
    lost(true);
}

/* An error that is not lasting costs one proof's speed and nothing else. */
static void a_failed_call_is_made_good_on_the_processor(void **state)
{
    setting s;
    pid_t pid;

    (void)state;
    setenv("PROVERNET_CPU_SIM", "fail_call=2,fail_at=40,fail_code=1", 1);
    set_up(&s, "multiplier", false);
    unsetenv("PROVERNET_CPU_SIM");
    pid = pvn_gpu_pid(s.engine);
    assert_ok(prove(&s));
    must_say(s.engine, "this proof is made on the processor");
    assert_ok(prove(&s));
    must_be_silent(s.engine);
    assert_int_equal(pvn_gpu_pid(s.engine), pid);
    tear_down(&s);
}

/* Too small even for parts: refused with the numbers before anything starts. */
static void a_key_that_does_not_fit_at_all_is_refused(void **state)
{
    provernet_error err = { 0 };
    provernet_groth16_key *key;
    setting s = { .files = open_files() };

    (void)state;
    setenv("PROVERNET_CPU_SIM", "memory=100000", 1);
    s.engine = open_engine("cpu-sim", PVN_GPU_SIM, false, NULL);
    unsetenv("PROVERNET_CPU_SIM");
    assert_non_null(s.engine);
    assert_int_equal(
        provernet_groth16_key_open(&key, s.engine,
                                   PVN_VECTORS "/groth16/poseidon/circuit.zkey",
                                   NULL, &err),
        PROVERNET_ERR_GPU_MEMORY);
    assert_null(key);
    assert_non_null(strstr(err.message, "bytes"));
    must_say(s.engine, "a proof, at least 0.0 ms at 25.0 GB/s (assumed");
    must_be_silent(s.engine);
    tear_down(&s);
}

/* A key that is only kept makes room for one that is wanted. */
static void an_idle_key_leaves_the_device_for_another(void **state)
{
    static const char *const path[] = { PVN_VECTORS
                                        "/groth16/poseidon/circuit.zkey",
                                        PVN_VECTORS
                                        "/groth16/multiplier/circuit.zkey" };
    uint8_t digest[2][32] = { { 1 }, { 2 } };
    provernet_groth16_key *key;
    char knob[64];
    setting s;
    uint64_t bytes;

    (void)state;
    set_up(&s, "poseidon", false);
    bytes = device_bytes(&s);
    tear_down(&s);
    snprintf(knob, sizeof knob, "memory=%llu", (unsigned long long)bytes + 100);
    setenv("PROVERNET_CPU_SIM", knob, 1);
    memset(&s, 0, sizeof s);
    s.files = open_files();
    s.engine = open_engine("cpu-sim", PVN_GPU_SIM, false, NULL);
    unsetenv("PROVERNET_CPU_SIM");
    assert_non_null(s.engine);
    for (int i = 0; i < 4; i++) { /* as a worker does, one after the other */
        assert_ok(pvn_key_by_digest(&key, s.engine, path[i % 2], digest[i % 2],
                                    NULL, NULL));
        provernet_groth16_key_free(key);
        must_be_silent(s.engine); /* whole each time, not in parts */
    }
    tear_down(&s);
}

/* Several callers, one device: witnesses wait in their slots. */
static void many_callers_share_the_device(void **state)
{
    enum { CALLERS = 4 };
    provernet_engine *engine;
    pthread_t t[CALLERS];
    setting s, mine[CALLERS];

    (void)state;
    set_up(&s, "multiplier", false);
    engine = s.engine;
    for (int round = 0; round < 3; round++) {
        pid_t pid = pvn_gpu_pid(engine);

        for (int i = 0; i < CALLERS; i++) {
            mine[i] = s;
            mine[i].watch = NULL;
            assert_int_equal(
                pthread_create(&t[i], NULL, prove_beside, &mine[i]), 0);
        }
        if (round == 2)
            kill(pid, SIGKILL);
        for (int i = 0; i < CALLERS; i++) {
            pthread_join(t[i], NULL);
            assert_int_equal(mine[i].status, PROVERNET_OK);
        }
    }
    tear_down(&s);
}

static void the_helper_ends_with_its_parent(void **state)
{
    char path[64], text[256] = "Z";
    pid_t child, helper = 0;
    int pipes[2];
    size_t n;
    FILE *f;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        provernet_engine *e = open_engine("cpu-sim", PVN_GPU_SIM, false, NULL);
        helper = e ? pvn_gpu_pid(e) : 0;
        if (write(pipes[1], &helper, sizeof helper) != sizeof helper)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipes[0], &helper, sizeof helper), sizeof helper);
    assert_true(helper > 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    /* Somebody else's child now; whether that one reaps it is not ours. */
    snprintf(path, sizeof path, "/proc/%d/stat", (int)helper);
    for (int i = 0; i < 100; i++, nap(50)) {
        f = fopen(path, "r");
        if (!f)
            return;
        n = fread(text, 1, sizeof text - 1, f);
        text[n] = 0;
        fclose(f);
        if (strstr(text, ") Z") || strstr(text, ") X"))
            return;
    }
    fail_msg("the helper lives on: %s", text);
}

/* ---- helpers that behave badly ---- */

static void with_bad_helper(const char *mode, const char *want)
{
    char root[] = "/tmp/provernet-gpu-XXXXXX", dir[64], file_name[128];
    int files = open_files();
    provernet_error err = { 0 };
    provernet_engine *e;

    assert_non_null(mkdtemp(root));
    snprintf(dir, sizeof dir, "%s/%s", root, mode);
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(file_name, sizeof file_name, "%s/" PVN_GPU_HELPER_NAME, dir);
    assert_int_equal(symlink(PVN_GPU_BAD_HELPER, file_name), 0);
    snprintf(file_name, sizeof file_name, "%s/engine.so", dir);
    assert_int_equal(symlink(PVN_GPU_SIM, file_name), 0);
    e = open_engine("cuda:0", file_name, false, &err);
    assert_null(e);
    if (!strstr(err.message, want))
        fail_msg("%s: \"%s\" lacks \"%s\"", mode, err.message, want);
    assert_false(children());
    assert_int_equal(open_files(), files);
    unlink(file_name);
    snprintf(file_name, sizeof file_name, "%s/" PVN_GPU_HELPER_NAME, dir);
    unlink(file_name);
    rmdir(dir);
    rmdir(root);
}

static void what_a_bad_helper_says_is_not_believed(void **state)
{
    static const char *const lies[] = { "short",   "long", "magic",
                                        "version", "type", "serial",
                                        "status",  "text", "devices" };

    (void)state;
    with_bad_helper("ends", "status 5");
    with_bad_helper("crashes", "ended by signal");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        with_bad_helper(lies[i], "answer that is none");
    with_bad_helper("twice", "answer that is none");
    with_bad_helper("behind", "answer that is none");
    with_bad_helper("later", "status 0");
}

static void a_missing_helper_is_named(void **state)
{
    char root[] = "/tmp/provernet-gpu-XXXXXX", engine[128];
    provernet_error err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(engine, sizeof engine, "%s/engine.so", root);
    assert_int_equal(symlink(PVN_GPU_SIM, engine), 0);
    assert_null(open_engine("cuda:0", engine, false, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    assert_non_null(strstr(err.message, PVN_GPU_HELPER_NAME));
    assert_non_null(strstr(err.message, "did not start"));
    unlink(engine);
    rmdir(root);
}

static void no_device_is_said_by_the_helper(void **state)
{
    provernet_error err = { 0 };

    (void)state;
    setenv("PROVERNET_CPU_SIM", "no_device=1", 1);
    assert_null(open_engine("cpu-sim", PVN_GPU_SIM, false, &err));
    unsetenv("PROVERNET_CPU_SIM");
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    assert_non_null(strstr(err.message, "no device (emulated)"));
    assert_non_null(strstr(err.message, "install the NVIDIA driver"));
    assert_false(children());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_helper_is_started_again),
        cmocka_unit_test(a_helper_killed_in_a_proof_loses_no_proof),
        cmocka_unit_test(a_silent_helper_is_given_up),
        cmocka_unit_test(cancelling_leaves_the_helper_alone),
        cmocka_unit_test(a_lost_device_comes_back_in_a_helper),
        cmocka_unit_test(a_failed_call_is_made_good_on_the_processor),
        cmocka_unit_test(a_key_that_does_not_fit_at_all_is_refused),
        cmocka_unit_test(an_idle_key_leaves_the_device_for_another),
        cmocka_unit_test(many_callers_share_the_device),
        cmocka_unit_test(the_helper_ends_with_its_parent),
        cmocka_unit_test(what_a_bad_helper_says_is_not_believed),
        cmocka_unit_test(a_missing_helper_is_named),
        cmocka_unit_test(no_device_is_said_by_the_helper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
