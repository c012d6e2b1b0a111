/* tests/gpu/equal_test.c - the engine of the GPU, emulated, proves the same
 * bytes as the CPU; what is said when it cannot be loaded. */
#include "prove/gpu.h"
#include "test.h"
#include <provernet/provernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct file {
    uint8_t *data;
    size_t len;
} file;

static file read_vector(const char *circuit, const char *name)
{
    char path[512];
    file f = { 0 };
    FILE *in;
    long len;

    snprintf(path, sizeof path, PVN_VECTORS "/groth16/%s/%s", circuit, name);
    in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    len = ftell(in);
    assert_true(len > 0);
    rewind(in);
    f.len = (size_t)len;
    f.data = malloc(f.len);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.len, in), f.len);
    fclose(in);
    return f;
}

static provernet_engine *open_engine(const char *device, const char *plugin,
                                     provernet_error *err)
{
    provernet_options *o = provernet_options_new();
    provernet_engine *e = NULL;
    provernet_status rc;

    assert_non_null(o);
    assert_int_equal(provernet_options_set(o, "engine.plugin", plugin, NULL),
                     PROVERNET_OK);
    rc = provernet_engine_open(&e, device, o, err);
    provernet_options_free(o);
    assert_true((rc == PROVERNET_OK) == (e != NULL));
    return e;
}

static void read_backwards(uint8_t *out, const uint8_t *in)
{
    for (int i = 0; i < 32; i++)
        out[i] = in[31 - i];
}

static void equal(const char *circuit)
{
    file z = read_vector(circuit, "circuit.zkey");
    file w = read_vector(circuit, "witness.wtns");
    provernet_span zs = { z.data, z.len }, ws = { w.data, w.len };
    pvn_source source = pvn_source_of(&zs, "circuit.zkey");
    provernet_error err = { 0 };
    provernet_engine *e = open_engine("cpu-sim", PVN_GPU_SIM, &err);
    pvn_groth16_key *key = NULL;
    uint8_t rs64[64], r32[32], s32[32], publics[2][32 * 8];
    provernet_groth16_proof cpu, gpu;

    assert_non_null(e);
    assert_int_equal(e->device->load(e, &key, &source, NULL, &err),
                     PROVERNET_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 64; i++)
            rs64[i] = (uint8_t)(7 * i + round + 1);
        rs64[31] = rs64[63] = 5; /* below the group order */
        read_backwards(r32, rs64);
        read_backwards(s32, rs64 + 32);
        if (pvn_gpu_prove(e, key, &gpu, publics[0], ws, rs64, NULL, &err))
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
    equal("square");
    equal("multiplier");
    equal("poseidon");
}

/* The way an application goes; the engine draws r and s itself. */
static void the_public_calls_reach_the_engine(void **state)
{
    const char *path = PVN_VECTORS "/groth16/multiplier/circuit.zkey";
    file w = read_vector("multiplier", "witness.wtns");
    provernet_span ws = { w.data, w.len };
    provernet_error err = { 0 };
    provernet_engine *e = open_engine("cpu-sim:0", PVN_GPU_SIM, &err);
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
    provernet_engine *e = open_engine("cpu-sim", PVN_GPU_SIM, &err);
    provernet_watch *watch = provernet_watch_new();
    pvn_groth16_key *key = NULL;
    provernet_groth16_proof p;
    uint8_t publics[32 * 8];

    (void)state;
    assert_non_null(e);
    assert_int_equal(e->device->load(e, &key, &source, NULL, &err),
                     PROVERNET_OK);
    provernet_watch_cancel(watch);
    assert_int_equal(pvn_gpu_prove(e, key, &p, publics, ws, NULL, watch, &err),
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
    assert_null(open_engine("cuda:0", "/nowhere/engine.so", &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    assert_non_null(strstr(err.message, "/nowhere/engine.so"));
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(open_engine("cuda:0", PVN_GPU_STRANGER, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    if (!strstr(err.message, "version 99"))
        fail_msg("%s", err.message);
    assert_null(open_engine("cuda:0", "engine.so", &err));
    assert_int_equal(err.status, PROVERNET_ERR_CONFIG);
    assert_null(open_engine("cpu-sim:3", PVN_GPU_SIM, &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
    assert_null(open_engine("tpu", "", &err));
    assert_int_equal(err.status, PROVERNET_ERR_NO_DEVICE);
}

/* A worker on a machine without a GPU proves on the CPU. */
static void auto_takes_the_cpu_where_there_is_no_engine(void **state)
{
    provernet_error err = { 0 };
    provernet_engine *e = open_engine("auto", "/nowhere/engine.so", &err);

    (void)state;
    assert_non_null(e);
    assert_string_equal(e->device->name, "cpu");
    provernet_engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_blinding_gives_the_bytes_of_the_cpu),
        cmocka_unit_test(the_public_calls_reach_the_engine),
        cmocka_unit_test(a_cancel_is_seen_inside_the_engine),
        cmocka_unit_test(what_cannot_be_loaded_is_named_with_the_reason),
        cmocka_unit_test(auto_takes_the_cpu_where_there_is_no_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
