/* prove/gpu.c - see gpu.h. The only file that knows the plug-in's table.
 *
 * A context of the plug-in belongs to one thread at a time: it is touched with
 * the engine's turn held, or while opening and closing. Keys are dropped by
 * any thread, so a dropped one is only marked and leaves at the next turn. */
#include "prove/gpu.h"
#include "base/buf.h"
#include "prove/memory.h"
#include "snark/wtns.h"
#include "snark/zkey.h"
#include <dlfcn.h>
#include <provernet_gpu.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct gpu_key {
    const pvn_groth16_key *core; /* NULL: dropped */
    void *key;
    struct gpu_key *next;
} gpu_key;

struct pvn_gpu {
    const provernet_gpu *table;
    void *ctx;
    int device;
    char name[24];        /* "cuda:0" */
    pthread_mutex_t lock; /* of the list */
    gpu_key *keys;
};

enum { SPARE_BYTES = 64 << 20 }; /* of the device, left to others */

/* ---- the file ---- */

static provernet_status not_loaded(const char *name, const char *path,
                                   const char *why, provernet_error *err)
{
    return pvn_fail(
        err, PROVERNET_ERR_NO_DEVICE, 0,
        "no device \"%s\": its engine %.90s was not loaded: %.100s\n"
        "help: install libprovernet with the CUDA engine, or name "
        "its file in engine.plugin",
        name, path, why);
}

static provernet_status load_table(const provernet_gpu **out, const char *name,
                                   const char *path, provernet_error *err)
{
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    provernet_gpu_v1_fn get;
    char why[64];

    if (!file)
        return not_loaded(name, path, dlerror(), err);
    symbol = dlsym(file, "provernet_gpu_v1");
    if (!symbol)
        return not_loaded(name, path, "it is no GPU engine", err);
    memcpy(&get, &symbol, sizeof get);
    *out = get();
    if (*out && (*out)->abi == PROVERNET_GPU_ABI &&
        (*out)->struct_size >= sizeof **out)
        return PROVERNET_OK;
    snprintf(why, sizeof why, "it speaks version %u, this library %d",
             *out ? (*out)->abi : 0, PROVERNET_GPU_ABI);
    return not_loaded(name, path, why, err);
}

static provernet_status find_table(struct pvn_gpu *g, const provernet_engine *e,
                                   const char *kind, provernet_error *err)
{
    const char *set = pvn_setting_text(e->options, PVN_SET_ENGINE_PLUGIN);
    char path[512];

    if (*set && *set != '/')
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "engine.plugin is \"%.60s\"\n"
                        "help: give the whole path, from / on",
                        set);
    if (!*set)
        snprintf(path, sizeof path, PVN_PLUGIN_DIR "/libprovernet-%s.so", kind);
    return load_table(&g->table, g->name, *set ? set : path, err);
}

/* ---- opening and closing ---- */

static provernet_status said(const struct pvn_gpu *g,
                             const provernet_gpu_error *e, provernet_error *err)
{
    return pvn_fail(err, e->status, e->cause, "%s: %s", g->name, e->message);
}

static provernet_status pick(struct pvn_gpu *g, const char *which,
                             provernet_error *err)
{
    provernet_gpu_error ge = { 0 };
    int count = g->table->count(&ge);
    char *end;
    long n = strtol(which, &end, 10);

    if (count <= 0)
        return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, ge.cause,
                        "the GPU engine is installed, but: %s\n"
                        "help: install the NVIDIA driver, or prove on \"cpu\"",
                        ge.message);
    if (*end || n < 0 || n >= count)
        return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, 0,
                        "there is no device \"%s\": devices 0 to %d", g->name,
                        count - 1);
    g->device = (int)n;
    return PROVERNET_OK;
}

static void describe(provernet_engine *e, const provernet_gpu_info *info)
{
    char name[sizeof info->name];

    /* Names come from the driver; keep the JSON whole. */
    snprintf(name, sizeof name, "%s", info->name);
    for (char *p = name; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
            *p = ' ';
    snprintf(e->describe, sizeof e->describe,
             "{\"device\":\"%s\",\"name\":\"%.60s\",\"bytes\":%llu,"
             "\"sms\":%u,\"capability\":\"%u.%u\"}",
             e->gpu->name, name, (unsigned long long)info->total_bytes,
             info->sm_count, info->major, info->minor);
}

provernet_status pvn_gpu_open(provernet_engine *e, const char *kind,
                              const char *which, provernet_error *err)
{
    provernet_gpu_info info = { 0 };
    provernet_gpu_error ge = { 0 };
    struct pvn_gpu *g = calloc(1, sizeof *g);
    provernet_status rc;

    if (!g)
        return pvn_nomem(err);
    snprintf(g->name, sizeof g->name, "%.8s:%.12s", kind, *which ? which : "0");
    rc = find_table(g, e, kind, err);
    if (!rc)
        rc = pick(g, which, err);
    if (!rc && (g->table->info(g->device, &info, &ge) ||
                g->table->open(g->device, &g->ctx, &ge)))
        rc = said(g, &ge, err);
    if (rc) {
        free(g);
        return rc;
    }
    pthread_mutex_init(&g->lock, NULL);
    e->gpu = g;
    describe(e, &info);
    return PROVERNET_OK;
}

/* Take the dropped keys, or all, off the list and the device. */
static void sweep(struct pvn_gpu *g, bool all)
{
    gpu_key *gone = NULL, **at;

    pthread_mutex_lock(&g->lock);
    for (at = &g->keys; *at;) {
        gpu_key *k = *at;

        if (k->core && !all) {
            at = &k->next;
            continue;
        }
        *at = k->next;
        k->next = gone;
        gone = k;
    }
    pthread_mutex_unlock(&g->lock);
    while (gone) {
        gpu_key *next = gone->next;

        g->table->key_free(g->ctx, gone->key);
        free(gone);
        gone = next;
    }
}

void pvn_gpu_close(provernet_engine *e)
{
    struct pvn_gpu *g = e->gpu;

    if (!g)
        return;
    sweep(g, true);
    g->table->close(g->ctx);
    pthread_mutex_destroy(&g->lock);
    free(g);
    e->gpu = NULL;
}

/* ---- keys ---- */

typedef struct sections {
    pvn_zkey frame;
    uint8_t *section4, *a, *b1, *b2, *c, *h;
} sections;

static void sections_free(sections *s)
{
    free(s->section4);
    free(s->a);
    free(s->b1);
    free(s->b2);
    free(s->c);
    free(s->h);
}

static provernet_status read_section(uint8_t **out, const pvn_source *zkey,
                                     uint64_t at, uint64_t len,
                                     provernet_error *err)
{
    *out = malloc((size_t)len + 1);
    if (!*out)
        return pvn_nomem(err);
    return pvn_source_read(zkey, at, *out, (size_t)len, err);
}

static provernet_status read_sections(sections *s, const pvn_source *zkey,
                                      provernet_error *err)
{
    const pvn_zkey *z = &s->frame;
    uint64_t wires, own;
    provernet_status rc = pvn_zkey_open(&s->frame, zkey, err);

    if (rc)
        return rc;
    wires = z->wires;
    own = wires - z->publics - 1;
    rc = read_section(&s->section4, zkey, z->coef,
                      (uint64_t)z->coefs * PVN_ZKEY_COEF_BYTES, err);
    if (!rc)
        rc = read_section(&s->a, zkey, z->a, wires * 64, err);
    if (!rc)
        rc = read_section(&s->b1, zkey, z->b1, wires * 64, err);
    if (!rc)
        rc = read_section(&s->b2, zkey, z->b2, wires * 128, err);
    if (!rc)
        rc = read_section(&s->c, zkey, z->c, own * 64, err);
    if (!rc)
        rc = read_section(&s->h, zkey, z->h, (uint64_t)z->domain * 64, err);
    return rc;
}

static provernet_gpu_zkey as_zkey(const sections *s)
{
    const pvn_zkey *z = &s->frame;

    return (provernet_gpu_zkey){ .struct_size = sizeof(provernet_gpu_zkey),
                                 .n_vars = z->wires,
                                 .n_public = z->publics,
                                 .domain_size = z->domain,
                                 .coefficients = z->coefs,
                                 .section4 = s->section4,
                                 .a = s->a,
                                 .b1 = s->b1,
                                 .b2 = s->b2,
                                 .c = s->c,
                                 .h = s->h,
                                 .alpha1 = z->head + PVN_ZKEY_ALPHA1,
                                 .beta1 = z->head + PVN_ZKEY_BETA1,
                                 .beta2 = z->head + PVN_ZKEY_BETA2,
                                 .delta1 = z->head + PVN_ZKEY_DELTA1,
                                 .delta2 = z->head + PVN_ZKEY_DELTA2 };
}

/* Reports go straight to the caller's watch, a cancel straight to the
 * engine. atomic_bool, atomic_int and atomic pointers lie as the plain ones. */
static provernet_gpu_watch gpu_watch(provernet_watch *w)
{
    provernet_gpu_watch g = { 0 };

    if (w) {
        g.host_cancelled = (const volatile uint8_t *)&w->cancelled;
        g.host_permille = (volatile int32_t *)&w->permille;
        g.host_stage = (const char *volatile *)&w->stage;
    }
    return g;
}

/* A key that does not fit beside a proof may take what is free but a rest. */
static provernet_status fit(struct pvn_gpu *g, provernet_gpu_zkey *z,
                            provernet_error *err)
{
    uint64_t resident = 0, scratch = 0, chunked = 0, use;
    provernet_gpu_info info = { 0 };
    provernet_gpu_error ge = { 0 };

    if (g->table->info(g->device, &info, &ge) ||
        g->table->key_needs(g->ctx, z, &resident, &scratch, &chunked, &ge))
        return said(g, &ge, err);
    if (resident + scratch <= info.free_bytes)
        return PROVERNET_OK;
    use = info.free_bytes > SPARE_BYTES ? info.free_bytes - SPARE_BYTES : 0;
    z->memory_budget = use < resident ? use : resident - 1;
    return PROVERNET_OK;
}

static provernet_status add(struct pvn_gpu *g, gpu_key *k, const sections *s,
                            provernet_watch *w, provernet_error *err)
{
    provernet_gpu_watch watch = gpu_watch(w);
    provernet_gpu_zkey z = as_zkey(s);
    provernet_gpu_error ge = { 0 };
    provernet_status rc;

    watch.host_permille = NULL; /* the CPU's load has reported to its end */
    rc = fit(g, &z, err);
    if (!rc && g->table->key_load(g->ctx, &z, &k->key, &watch, &ge))
        rc = said(g, &ge, err);
    return rc;
}

provernet_status pvn_gpu_key_add(provernet_engine *e, pvn_groth16_key *core,
                                 const pvn_source *zkey, provernet_watch *w,
                                 provernet_error *err)
{
    struct pvn_gpu *g = e->gpu;
    gpu_key *k = calloc(1, sizeof *k);
    sections s = { 0 };
    provernet_status rc;

    if (!k)
        return pvn_nomem(err);
    sweep(g, false);
    rc = pvn_memory_admit(&e->env.files, zkey->size, "loading this key", err);
    if (!rc)
        rc = read_sections(&s, zkey, err);
    if (!rc)
        rc = add(g, k, &s, w, err);
    sections_free(&s);
    if (rc) {
        free(k);
        return rc;
    }
    k->core = core;
    pthread_mutex_lock(&g->lock);
    k->next = g->keys;
    g->keys = k;
    pthread_mutex_unlock(&g->lock);
    return PROVERNET_OK;
}

static gpu_key *find(struct pvn_gpu *g, const pvn_groth16_key *core)
{
    gpu_key *k;

    pthread_mutex_lock(&g->lock);
    for (k = g->keys; k && k->core != core;)
        k = k->next;
    pthread_mutex_unlock(&g->lock);
    return k;
}

void pvn_gpu_key_drop(provernet_engine *e, pvn_groth16_key *core)
{
    struct pvn_gpu *g = e->gpu;

    pthread_mutex_lock(&g->lock);
    for (gpu_key *k = g->keys; k; k = k->next)
        if (k->core == core)
            k->core = NULL;
    pthread_mutex_unlock(&g->lock);
    pvn_groth16_key_drop(core);
}

/* ---- proofs ---- */

static void turn(uint8_t *out32, const uint8_t *le32)
{
    for (int i = 0; i < 32; i++)
        out32[i] = le32[31 - i];
}

/* Plain little-endian, c0 before c1, to the order of EIP-197. */
static void to_eip(provernet_groth16_proof *out, const uint8_t proof256[256])
{
    turn(out->a64, proof256);
    turn(out->a64 + 32, proof256 + 32);
    for (size_t i = 0; i < 4; i++)
        turn(out->b128 + 32 * (i ^ 1), proof256 + 64 + 32 * i);
    turn(out->c64, proof256 + 192);
    turn(out->c64 + 32, proof256 + 224);
}

/* r and s uniform below r: 512 random bits each, reduced. */
static void draw(provernet_engine *e, uint8_t rs64[64])
{
    pvn_randomness rnd = pvn_engine_randomness(e);
    uint8_t wide[64];

    for (int i = 0; i < 2; i++) {
        pvn_fr f;
        uint64_t plain[4];

        rnd.fill(rnd.user, wide, sizeof wide);
        pvn_fr_from_wide_le(&f, wide);
        pvn_fr_to_plain(plain, &f);
        for (int k = 0; k < 4; k++)
            pvn_put_u64le(rs64 + 32 * i + 8 * k, plain[k]);
        sodium_memzero(&f, sizeof f);
        sodium_memzero(plain, sizeof plain);
    }
    sodium_memzero(wide, sizeof wide);
}

static provernet_status run(provernet_engine *e, const gpu_key *k,
                            const pvn_wtns *wtns, const uint8_t *rs64,
                            uint8_t proof256[256], provernet_watch *w,
                            provernet_error *err)
{
    struct pvn_gpu *g = e->gpu;
    provernet_gpu_watch watch = gpu_watch(w);
    provernet_gpu_error ge = { 0 };
    uint8_t own[64];
    int status;

    if (!rs64)
        draw(e, own);
    status = g->table->groth16(g->ctx, k->key, wtns->values, wtns->count,
                               rs64 ? rs64 : own, proof256, &watch, &ge);
    sodium_memzero(own, sizeof own);
    return status ? said(g, &ge, err) : PROVERNET_OK;
}

static provernet_status verify(const pvn_groth16_key *core,
                               const provernet_groth16_proof *proof,
                               const uint8_t *publics32, uint64_t n,
                               provernet_watch *w, provernet_error *err)
{
    provernet_status rc;

    if (!pvn_watch_at(w, "verify", 990))
        return pvn_fail(err, PROVERNET_ERR_CANCELLED, 0,
                        "the proof was cancelled");
    rc = provernet_groth16_verify(pvn_groth16_key_vk(core), proof, publics32, n,
                                  NULL);
    if (rc == PROVERNET_OK || rc == PROVERNET_ERR_NOMEM)
        return rc ? pvn_nomem(err) : rc;
    return pvn_fail(err, PROVERNET_ERR_PROOF, 0,
                    "the proof the GPU made does not verify");
}

provernet_status pvn_gpu_prove(provernet_engine *e, const pvn_groth16_key *core,
                               provernet_groth16_proof *out, uint8_t *publics32,
                               provernet_span wtns, const uint8_t *rs64,
                               provernet_watch *w, provernet_error *err)
{
    const pvn_groth16_sizes *sizes = pvn_groth16_key_sizes(core);
    provernet_groth16_proof made;
    uint8_t proof256[256];
    provernet_status rc;
    gpu_key *k;
    pvn_wtns values;

    sweep(e->gpu, false);
    k = find(e->gpu, core);
    if (!k)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the key belongs to another engine");
    rc = pvn_wtns_open(&values, wtns, "the witness", err);
    if (!rc && values.count != sizes->wires)
        rc = pvn_fail(err, PROVERNET_ERR_MISMATCH, 0,
                      "the circuit has %llu wires, the witness %u\n"
                      "help: make the witness with the program of the same "
                      "circuit build",
                      (unsigned long long)sizes->wires, values.count);
    if (!rc)
        rc = pvn_wtns_check(&values, "the witness", err);
    if (!rc)
        rc = run(e, k, &values, rs64, proof256, w, err);
    if (rc)
        return rc;
    to_eip(&made, proof256);
    for (uint64_t i = 0; i < sizes->publics; i++)
        turn(publics32 + 32 * i, values.values + 32 * (i + 1));
    rc = verify(core, &made, publics32, sizes->publics, w, err);
    if (rc)
        return rc;
    *out = made;
    (void)pvn_watch_at(w, NULL, 1000);
    return PROVERNET_OK;
}
