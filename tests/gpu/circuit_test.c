/* tests/gpu/circuit_test.c - a circuit of a real size through the emulated GPU
 * engine gives the CPU's bytes at fixed r and s, whatever the order of blocks,
 * threads and streams; whole on the device and in parts.
 *
 *   gpu_circuit_test KEYGEN LOG ORDERS [SPLIT]
 *
 * LOG: the domain is 2^LOG; ORDERS: how many random orders, each from a fresh
 * seed that is printed; SPLIT: how two threads share the work (sim/sim.h). */
#include "common.h"
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct circuit {
    char dir[64], prefix[80];
    file zkey, wtns;
    uint8_t rs64[64];
    provernet_groth16_proof want;
    unsigned split, log_n;
} circuit;

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static file read_all(const circuit *c, const char *suffix)
{
    char path[128];
    file f = { 0 };
    FILE *in;

    snprintf(path, sizeof path, "%s%s", c->prefix, suffix);
    in = fopen(path, "rb");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    f.len = (size_t)ftell(in);
    rewind(in);
    f.data = malloc(f.len);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.len, in), f.len);
    fclose(in);
    unlink(path);
    return f;
}

/* A random circuit that just fits into the domain. */
static void make(circuit *c, const char *keygen, unsigned log_n)
{
    char command[512], vk[128];

    memset(c, 0, sizeof *c);
    c->log_n = log_n;
    snprintf(c->dir, sizeof c->dir, "/tmp/provernet-circuit-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    snprintf(c->prefix, sizeof c->prefix, "%s/c", c->dir);
    snprintf(command, sizeof command, "%s --random %u --no-r1cs %s >/dev/null",
             keygen, (1u << log_n) - 8, c->prefix);
    assert_int_equal(system(command), 0);
    c->zkey = read_all(c, ".zkey");
    c->wtns = read_all(c, ".wtns");
    snprintf(vk, sizeof vk, "%s.vk.json", c->prefix);
    unlink(vk);
    rmdir(c->dir);
    for (int i = 0; i < 64; i++)
        c->rs64[i] = (uint8_t)(3 * i + 1);
    c->rs64[31] = c->rs64[63] = 5; /* below the group order */
}

static provernet_span span_of(file f)
{
    return (provernet_span){ f.data, f.len };
}

/* What the CPU says, once. */
static void by_cpu(circuit *c, provernet_engine *e, pvn_groth16_key *key)
{
    uint8_t r32[32], s32[32], publics[32 * 16];
    double began = seconds();

    read_backwards(r32, c->rs64);
    read_backwards(s32, c->rs64 + 32);
    assert_ok(pvn_groth16_prove(key, &c->want, publics, span_of(c->wtns), NULL,
                                r32, s32, pvn_engine_randomness(e), NULL, NULL,
                                NULL));
    printf("cpu: %.2f s\n", seconds() - began);
}

/* budget: bytes of the emulated device, 0: enough. */
static uint64_t by_gpu(circuit *c, uint64_t seed, bool in_process,
                       uint64_t budget, bool first)
{
    provernet_span zs = span_of(c->zkey);
    pvn_source source = pvn_source_of(&zs, "circuit.zkey");
    pvn_gpu_work work = { .rs64 = c->rs64 };
    provernet_groth16_proof got;
    pvn_groth16_key *key = NULL;
    provernet_error err = { 0 };
    provernet_engine *e;
    uint8_t publics[32 * 16];
    char knobs[128], news[400];
    double began;
    uint64_t bytes;

    snprintf(knobs, sizeof knobs, "seed=%llu,split=%u,memory=%llu",
             (unsigned long long)seed, c->split, (unsigned long long)budget);
    setenv("PROVERNET_CPU_SIM", knobs, 1);
    e = open_engine("cpu-sim", PVN_GPU_SIM, in_process, &err);
    if (!e || e->device->load(e, &key, &source, NULL, &err))
        fail_msg("%s", err.message);
    if (first)
        by_cpu(c, e, key);
    assert_int_equal(provernet_engine_news(e, news, sizeof news), budget != 0);
    if (budget)
        assert_non_null(strstr(news, "in parts"));
    bytes = e->device->bytes(e, key);
    began = seconds();
    if (pvn_gpu_prove(e, key, &got, publics, span_of(c->wtns), &work, &err))
        fail_msg("%s", err.message);
    printf("emulated, %s%s, %s: %.2f s, %llu bytes of the device\n", knobs,
           budget ? " (in parts)" : "", in_process ? "here" : "helper",
           seconds() - began, (unsigned long long)bytes);
    fflush(stdout);
    assert_memory_equal(&got, &c->want, sizeof got);
    e->device->drop(e, key);
    provernet_engine_close(e);
    return bytes;
}

static circuit the_circuit;
static unsigned orders;

static void the_emulation_gives_the_bytes_of_the_cpu(void **state)
{
    uint64_t bytes = 0, seed = (uint64_t)time(NULL);

    (void)state;
    for (unsigned i = 0; i < orders; i++)
        bytes = by_gpu(&the_circuit, seed + i, i % 2 == 1, 0, i == 0);
    /* The same on a device that is a quarter too small; chunks need a key that
     * dwarfs them. */
    if (orders > 1 && the_circuit.log_n >= 12)
        (void)by_gpu(&the_circuit, seed, true, bytes - bytes / 4, false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_emulation_gives_the_bytes_of_the_cpu),
    };
    int failed;

    if (argc < 4)
        return 2;
    make(&the_circuit, argv[1], (unsigned)atoi(argv[2]));
    orders = (unsigned)atoi(argv[3]);
    the_circuit.split = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(the_circuit.zkey.data);
    free(the_circuit.wtns.data);
    return failed;
}
