/* prove/engine.h - what an engine is inside, for the files of prove/. */
#ifndef PVN_PROVE_ENGINE_H
#define PVN_PROVE_ENGINE_H
#include "base/env.h"
#include "base/settings.h"
#include "base/watch.h"
#include "prove/team.h"
#include "snark/groth16.h"
#include <pthread.h>
#include <provernet/groth16.h>

/* A sort of device. The table in device.c is in order of preference: "auto"
 * takes the first that opens of those that are not for tests. */
typedef struct pvn_device {
    const char *name; /* "cpu"; also matches "cpu:..." */
    bool for_tests;
    /* which: what stands after the colon, or "". ERR_NO_DEVICE, ERR_CONFIG,
     * ERR_NOMEM. */
    provernet_status (*open)(provernet_engine *e, const char *which,
                             provernet_error *err);
    void (*close)(provernet_engine *e);
    /* Before the turn, any thread: a witness that will be proved. A ticket for
     * it, or 0; it ends with prove or withdraw. Both NULL: none needed. */
    uint32_t (*prepare)(provernet_engine *e, const pvn_groth16_key *key,
                        provernet_span wtns);
    void (*withdraw)(provernet_engine *e, const pvn_groth16_key *key,
                     uint32_t ticket);
    /* Both with the turn held. */
    provernet_status (*load)(provernet_engine *e, pvn_groth16_key **out,
                             const pvn_source *zkey, provernet_watch *w,
                             provernet_error *err);
    provernet_status (*prove)(provernet_engine *e, const pvn_groth16_key *key,
                              provernet_groth16_proof *out, uint8_t *publics32,
                              provernet_span wtns, uint32_t ticket,
                              provernet_watch *w, provernet_error *err);
    /* NULL: pvn_groth16_key_drop. Any thread, without the turn. */
    void (*drop)(provernet_engine *e, pvn_groth16_key *key);
    /* NULL: never, 0. Any thread. Would loading it again be better? Bytes of
     * the device's memory. */
    bool (*stale)(provernet_engine *e, const pvn_groth16_key *key);
    uint64_t (*bytes)(provernet_engine *e, const pvn_groth16_key *key);
} pvn_device;
const pvn_device *pvn_device_at(size_t i); /* NULL after the last */

enum { PVN_ENGINE_NEWS = 8, PVN_ENGINE_NEWS_BYTES = 400 };

struct provernet_groth16_key {
    provernet_engine *engine;
    pvn_groth16_key *core;
    uint64_t bytes;
    /* Under the engine's lock: */
    unsigned refs; /* users, and the cache if it is in there */
    uint8_t digest32[32];
    uint64_t used; /* stamp of the last use */
    provernet_groth16_key *next;
};

struct provernet_engine {
    const pvn_device *device;
    pvn_env env;
    provernet_options *options;
    /* The turn: one load or proof at a time. */
    pthread_mutex_t lock;
    pthread_cond_t free;
    bool taken;
    /* The keys, under lock. */
    provernet_groth16_key *keys;
    uint64_t cache_bytes, cache_max, stamp;
    size_t keys_open; /* all that are not freed */
    /* The CPU's. */
    pvn_team *team;
    const pvn_bn254_forms *forms;
    struct pvn_gpu *gpu; /* of a GPU engine (gpu.c), which uses the CPU too */
    char describe[256];
    /* What happened to the device, not yet asked for; under lock. */
    char news[PVN_ENGINE_NEWS][PVN_ENGINE_NEWS_BYTES];
    unsigned news_len, news_lost;
};

/* Keep a sentence for provernet_engine_news. Any thread, without the lock. */
void pvn_engine_tell(provernet_engine *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Wait for the device. ERR_CANCELLED if w is cancelled meanwhile. */
provernet_status pvn_engine_take(provernet_engine *e, provernet_watch *w,
                                 provernet_error *err);
void pvn_engine_give(provernet_engine *e);
/* Forget cached keys that nobody uses until `bytes` are free of the cache's
 * share; true if anything went. Takes the lock itself. */
bool pvn_engine_shed(provernet_engine *e, uint64_t bytes);
/* Machine randomness as snark/ wants it. */
pvn_randomness pvn_engine_randomness(provernet_engine *e);
#endif
