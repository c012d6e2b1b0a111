/* tests/gpu/engine_test.c - the engine of the GPU, emulated, proves the same
 * bytes as the CPU; what is said when it cannot be loaded. */
#include "common.h"
#include <provernet/experimental.h>

/* multiples: the setting, or NULL. */
static void equal(const char *circuit, bool in_process, const char *multiples)
{
    file z = read_vector(circuit, "circuit.zkey");
    file w = read_vector(circuit, "witness.wtns");
    provernet_span zs = { z.data, z.len }, ws = { w.data, w.len };
    pvn_source source = pvn_source_of(&zs, "circuit.zkey");
    provernet_error err = { 0 };
    provernet_engine *e =
        open_with("cpu-sim", PVN_GPU_SIM, in_process, multiples, &err);
    pvn_groth16_key *key = NULL;
    char news[400] = "";
    uint8_t rs64[64], r32[32], s32[32], publics[2][32 * 8];
    provernet_groth16_proof cpu, gpu;

    assert_non_null(e);
    assert_int_equal(e->device->load(e, &key, &source, NULL, &err),
                     PROVERNET_OK);
    (void)provernet_engine_news(e, news, sizeof news);
    assert_true((strstr(news, "16 multiples of each point") != NULL) ==
                (multiples != NULL));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 64; i++)
            rs64[i] = (uint8_t)(7 * i + round + 1);
        rs64[31] = rs64[63] = 5; /* below the group order */
        read_backwards(r32, rs64);
        read_backwards(s32, rs64 + 32);
        if (pvn_gpu_prove(e, key, &gpu, publics[0], ws,
                          &(pvn_gpu_work){ .rs64 = rs64 }, &err))
            fail_msg("%s", err.message);
        assert_int_equal(pvn_groth16_prove(key, &cpu, publics[1], ws, NULL, r32,
                                           s32, pvn_engine_randomness(e), NULL,
                                           NULL, &err),
                         PROVERNET_OK);
        assert_memory_equal(&cpu, &gpu, sizeof cpu);
        assert_memory_equal(publics[0], publics[1],
                            32 * pvn_groth16_key_sizes(key)->publics);
    }
    e->device->drop(e, key);
    provernet_engine_close(e);
    free(z.data);
    free(w.data);
}

static void equal_blinding_gives_the_bytes_of_the_cpu(void **state)
{
    (void)state;
    for (int in_process = 0; in_process < 2; in_process++) {
        equal("square", in_process != 0, NULL);
        equal("multiplier", in_process != 0, NULL);
        equal("multiplier", in_process != 0, "1GiB");
    }
    equal("poseidon", false, NULL); /* gpu_circuit has larger ones */
}

/* The way an application goes; the engine draws r and s itself. */
static void the_public_calls_reach_the_engine(void **state)
{
    const char *path = PVN_VECTORS "/groth16/multiplier/circuit.zkey";
    file w = read_vector("multiplier", "witness.wtns");
    provernet_span ws = { w.data, w.len };
    provernet_error err = { 0 };
    provernet_engine *e = open_engine("cpu-sim:0", PVN_GPU_SIM, false, &err);
    provernet_watch *watch = provernet_watch_new();
    provernet_groth16_key *key = NULL;
    provernet_groth16_proof p[2];
    uint8_t publics[32 * 8];
    size_t n = 0;

    (void)state;
    assert_non_null(e);
    assert_non_null(strstr(provernet_engine_describe(e), "cpu-sim:0"));
    assert_int_equal(provernet_groth16_key_open(&key, e, path, NULL, &err),
                     PROVERNET_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(provernet_groth16_prove(key, &p[i], publics, 8, &n, ws,
                                                 watch, &err),
                         PROVERNET_OK);
    assert_memory_not_equal(&p[0], &p[1], sizeof p[0]);
    assert_int_equal(provernet_watch_read(watch, NULL), 1000);
    provernet_watch_cancel(watch);
    assert_int_equal(
        provernet_groth16_prove(key, &p[0], publics, 8, &n, ws, watch, &err),
        PROVERNET_ERR_CANCELLED);
    w.data[w.len - 1] = 0xff; /* not below r */
    assert_int_equal(
        provernet_groth16_prove(key, &p[0], publics, 8, &n, ws, NULL, &err),
        PROVERNET_ERR_FORMAT);
    w.data[w.len - 1] = 0;
    w.data[w.len - 32] ^= 1; /* a witness that breaks the circuit */
    assert_int_equal(
        provernet_groth16_prove(key, &p[0], publics, 8, &n, ws, NULL, &err),
        PROVERNET_ERR_PROOF);
    provernet_groth16_key_free(key);
    provernet_engine_close(e);
    provernet_watch_free(watch);
    free(w.data);
}

static void a_cancel_is_seen_inside_the_engine(void **state)
{
    file z = read_vector("poseidon", "circuit.zkey");
    file w = read_vector("poseidon", "witness.wtns");
    provernet_span zs = { z.data, z.len }, ws = { w.data, w.len };
    pvn_source source = pvn_source_of(&zs, "circuit.zkey");
    provernet_error err = { 0 };
    provernet_engine *e = open_engine("cpu-sim", PVN_GPU_SIM, false, &err);
    provernet_watch *watch = provernet_watch_new();
    pvn_groth16_key *key = NULL;
    provernet_groth16_proof p;
    uint8_t publics[32 * 8];

    (void)state;
    assert_non_null(e);
    assert_int_equal(e->device->load(e, &key, &source, NULL, &err),
                     PROVERNET_OK);
    provernet_watch_cancel(watch);
    assert_int_equal(pvn_gpu_prove(e, key, &p, publics, ws,
                                   &(pvn_gpu_work){ .watch = watch }, &err),
                     PROVERNET_ERR_CANCELLED);
    assert_non_null(strstr(err.message, "cpu-sim:0")); /* the engine said it */
    e->device->drop(e, key);
    provernet_engine_close(e);
    provernet_watch_free(watch);
    free(z.data);
    free(w.data);
}

static void what_cannot_be_loaded_is_named_with_the_reason(void **state)
{
    provernet_error err = { 0 };

    (void)state;
    assert_null(open_engine("cuda:0", "/nowhere/engine.so", false, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    assert_non_null(strstr(err.message, "/nowhere/engine.so"));
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(open_engine("cuda:0", PVN_GPU_STRANGER, false, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    if (!strstr(err.message, "version 99"))
        fail_msg("%s", err.message);
    assert_null(open_engine("cuda:0", PVN_GPU_STRANGER, true, &err));
    assert_non_null(strstr(err.message, "version 99"));
    assert_null(open_engine("cuda:0", "engine.so", false, &err));
    assert_int_equal(err.status, PROVERNET_ERR_CONFIG);
    assert_null(open_engine("cpu-sim:3", PVN_GPU_SIM, false, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    assert_null(open_engine("tpu", "", false, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
}

static void a_bad_processor_setting_is_no_missing_device(void **state)
{
    provernet_options *o = provernet_options_new();
    provernet_engine *e = NULL;
    provernet_error err = { 0 };

    (void)state;
    assert_non_null(o);
    assert_ok(provernet_options_set(o, "engine.cpu", "z80", NULL));
    assert_ok(provernet_options_set(o, "engine.plugin", "/nowhere/e.so", NULL));
    assert_int_equal(provernet_engine_open(&e, "auto", o, &err),
                     PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "engine.cpu is \"z80\""));
    assert_ok(provernet_options_set(o, "engine.plugin", "e.so", NULL));
    assert_int_equal(provernet_engine_open(&e, "auto", o, &err),
                     PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "engine.plugin is"));
    assert_ok(provernet_options_set(o, "engine.plugin", PVN_GPU_SIM, NULL));
    assert_ok(provernet_options_set(o, "engine.multiples", "all", NULL));
    assert_int_equal(provernet_engine_open(&e, "cpu-sim", o, &err),
                     PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "engine.multiples is \"all\""));
    provernet_options_free(o);
}

/* auto is for machines, the emulation for tests. */
static void auto_never_takes_the_emulation(void **state)
{
    provernet_error err = { 0 };
    provernet_engine *e = open_engine("auto", PVN_GPU_SIM, false, &err);

    (void)state;
    /* The plug-in is what the setting says, whatever it is called; its device
     * is then a cuda one. With the GPU engine absent it is the CPU. */
    assert_non_null(e);
    assert_string_not_equal(e->device->name, "cpu-sim");
    provernet_engine_close(e);
}

/* A worker on a machine without a GPU proves on the CPU, and says so once. */
static void auto_takes_the_cpu_where_there_is_no_engine(void **state)
{
    char news[400];
    provernet_error err = { 0 };
    provernet_engine *e =
        open_engine("auto", "/nowhere/engine.so", false, &err);

    (void)state;
    assert_non_null(e);
    assert_string_equal(e->device->name, "cpu");
    assert_int_equal(provernet_engine_news(e, news, sizeof news), 1);
    assert_non_null(strstr(news, "not on cuda: "));
    assert_non_null(strstr(news, "/nowhere/engine.so"));
    assert_null(strchr(news, '\n'));
    assert_int_equal(provernet_engine_news(e, news, sizeof news), 0);
    provernet_engine_close(e);
}

static uint64_t measure(provernet_engine *e, int kind, unsigned log_size)
{
    provernet_bench_info info = { .struct_size = sizeof info };
    provernet_error err = { 0 };
    uint64_t first = 0, again = 1;
    provernet_bench *b;

    if (provernet_bench_open(&b, e, (provernet_bench_kind)kind, log_size, &err))
        fail_msg("%s", err.message);
    assert_ok(provernet_bench_run(b, &first, NULL, &err));
    if (kind != PROVERNET_BENCH_NTT) /* which goes on from where it was */
        assert_ok(provernet_bench_run(b, &again, NULL, &err));
    provernet_bench_get_info(b, &info);
    assert_true(info.bytes >= 32 * info.size);
    provernet_bench_free(b);
    assert_true(kind == PROVERNET_BENCH_NTT || first == again);
    return first;
}

/* The engine measures itself, not the processor; its sums are the CPU's. */
static void measuring_runs_on_the_device(void **state)
{
    provernet_engine *cpu = open_engine("cpu", "", false, NULL);

    (void)state;
    assert_non_null(cpu);
    for (int in_process = 0; in_process < 2; in_process++) {
        provernet_engine *e =
            open_engine("cpu-sim", PVN_GPU_SIM, in_process != 0, NULL);

        assert_non_null(e);
        assert_int_equal(measure(e, PROVERNET_BENCH_G1_MSM, 6),
                         measure(cpu, PROVERNET_BENCH_G1_MSM, 6));
        assert_int_equal(measure(e, PROVERNET_BENCH_G2_MSM, 5),
                         measure(cpu, PROVERNET_BENCH_G2_MSM, 5));
        assert_int_not_equal(measure(e, PROVERNET_BENCH_NTT, 6), 0);
        assert_int_not_equal(measure(e, PROVERNET_BENCH_GROTH16, 5), 0);
        provernet_engine_close(e);
    }
    provernet_engine_close(cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_blinding_gives_the_bytes_of_the_cpu),
        cmocka_unit_test(the_public_calls_reach_the_engine),
        cmocka_unit_test(a_cancel_is_seen_inside_the_engine),
        cmocka_unit_test(what_cannot_be_loaded_is_named_with_the_reason),
        cmocka_unit_test(a_bad_processor_setting_is_no_missing_device),
        cmocka_unit_test(auto_never_takes_the_emulation),
        cmocka_unit_test(measuring_runs_on_the_device),
        cmocka_unit_test(auto_takes_the_cpu_where_there_is_no_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
