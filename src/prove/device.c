/* prove/device.c - the sorts of devices there are: CUDA, the CPU, and the
 * CUDA engine emulated on the CPU, for tests. */
#include "prove/engine.h"
#include "prove/gpu.h"
#include <stdio.h>
#include <stdlib.h>

static provernet_status cpu_open(provernet_engine *e, const char *which,
                                 provernet_error *err)
{
    const char *cpu = pvn_setting_text(e->options, PVN_SET_ENGINE_CPU);
    int64_t threads = pvn_setting_int(e->options, PVN_SET_ENGINE_THREADS);
    bool pin = pvn_setting_int(e->options, PVN_SET_ENGINE_PIN) != 0;
    provernet_status rc;

    if (*which)
        return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, 0,
                        "there is no device \"cpu:%s\"\n"
                        "help: the CPU is one device, \"cpu\"; "
                        "engine.threads says how much of it is used",
                        which);
    e->forms = pvn_bn254_forms_pick(strcmp(cpu, "auto") ? cpu : NULL);
    if (!e->forms)
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "engine.cpu is \"%.20s\", which this processor or "
                        "build does not have\n"
                        "help: auto, portable, adx or ifma",
                        cpu);
    rc = pvn_team_open(&e->team, (unsigned)threads, pin, err);
    if (rc)
        return rc;
    snprintf(e->describe, sizeof e->describe,
             "{\"device\":\"cpu\",\"name\":\"CPU\",\"threads\":%u,"
             "\"cpu\":\"%s\",\"pinned\":%s}",
             pvn_team_par(e->team)->threads, e->forms->name,
             pin ? "true" : "false");
    return PROVERNET_OK;
}

static void cpu_close(provernet_engine *e)
{
    pvn_team_close(e->team);
    e->team = NULL;
}

static provernet_status cpu_load(provernet_engine *e, pvn_groth16_key **out,
                                 const pvn_source *zkey, provernet_watch *w,
                                 provernet_error *err)
{
    return pvn_groth16_key_load(out, zkey, 0, pvn_engine_randomness(e),
                                e->forms, pvn_team_par(e->team), w, err);
}

static provernet_status
cpu_prove(provernet_engine *e, const pvn_groth16_key *key,
          provernet_groth16_proof *out, uint8_t *publics32, provernet_span wtns,
          uint32_t ticket, provernet_watch *w, provernet_error *err)
{
    (void)ticket;
    return pvn_groth16_prove(key, out, publics32, wtns, "the witness", NULL,
                             NULL, pvn_engine_randomness(e),
                             pvn_team_par(e->team), w, err);
}

/* A GPU engine: keys are checked and proofs verified on the CPU, and a proof
 * the GPU got wrong is made there again. */
static provernet_status gpu_open(provernet_engine *e, const char *kind,
                                 const char *which, provernet_error *err)
{
    char describe[sizeof e->describe];
    provernet_status rc = pvn_gpu_open(e, kind, which, err);

    if (rc)
        return rc;
    memcpy(describe, e->describe, sizeof describe);
    rc = cpu_open(e, "", err);
    if (rc)
        pvn_gpu_close(e);
    else
        memcpy(e->describe, describe, sizeof describe);
    return rc;
}

static provernet_status cuda_open(provernet_engine *e, const char *which,
                                  provernet_error *err)
{
    return gpu_open(e, "cuda", which, err);
}

static provernet_status sim_open(provernet_engine *e, const char *which,
                                 provernet_error *err)
{
    return gpu_open(e, "cpu-sim", which, err);
}

static void gpu_close(provernet_engine *e)
{
    pvn_gpu_close(e);
    cpu_close(e);
}

static provernet_status gpu_load(provernet_engine *e, pvn_groth16_key **out,
                                 const pvn_source *zkey, provernet_watch *w,
                                 provernet_error *err)
{
    provernet_status rc = cpu_load(e, out, zkey, w, err);

    if (rc)
        return rc;
    rc = pvn_gpu_key_add(e, *out, zkey, w, err);
    if (rc) {
        pvn_groth16_key_drop(*out);
        *out = NULL;
    }
    return rc;
}

static provernet_status
gpu_prove(provernet_engine *e, const pvn_groth16_key *key,
          provernet_groth16_proof *out, uint8_t *publics32, provernet_span wtns,
          uint32_t ticket, provernet_watch *w, provernet_error *err)
{
    pvn_gpu_work work = { .ticket = ticket, .watch = w };
    provernet_status rc, again;

    rc = pvn_gpu_prove(e, key, out, publics32, wtns, &work, err);
    if (rc != PROVERNET_ERR_PROOF && rc != PROVERNET_ERR_GPU &&
        rc != PROVERNET_ERR_GPU_LOST && rc != PROVERNET_ERR_GPU_MEMORY)
        return rc;
    again = cpu_prove(e, key, out, publics32, wtns, 0, w, err);
    /* Either the witness is wrong, and the CPU says so, or the GPU was. */
    if (rc == PROVERNET_ERR_PROOF && again == PROVERNET_OK)
        pvn_engine_tell(e,
                        "%s made a proof that does not verify; it was made "
                        "again on the processor",
                        e->device->name);
    return again;
}

/* clang-format off */
#define PVN_GPU(open_, for_tests_)                                             \
    .for_tests = (for_tests_), .open = (open_), .close = gpu_close,            \
    .prepare = pvn_gpu_prepare, .withdraw = pvn_gpu_withdraw,                  \
    .load = gpu_load, .prove = gpu_prove, .drop = pvn_gpu_key_drop,            \
    .stale = pvn_gpu_key_stale, .bytes = pvn_gpu_key_bytes
static const pvn_device devices[] = {
    { .name = "cuda", PVN_GPU(cuda_open, false) },
    { .name = "cpu", .open = cpu_open, .close = cpu_close, .load = cpu_load,
      .prove = cpu_prove },
    { .name = "cpu-sim", PVN_GPU(sim_open, true) },
};
/* clang-format on */

const pvn_device *pvn_device_at(size_t i)
{
    return i < sizeof devices / sizeof devices[0] ? &devices[i] : NULL;
}
