/* cmd/worker_network.c - see worker_network.h. */
#include "worker_network.h"
#include "../cfg/units.h"
#include "../cli/log.h"

#include <jansson.h>
#include <provernet/experimental.h>

#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE_LOG = 13,      /* a proof of 2^13: a fraction of a second */
    BYTES_PER_WIRE = 384, /* of a dense key: four points of G1, one of G2 */
    CALIBRATION_MAX = 1 << 20,
    MONITOR_MS = 30000
};

/* ---- how fast it is ---- */

/* Bytes of key in a second, from the largest dense proof that was measured on
 * as many threads; 0: nothing fits. */
static double kept_speed(const struct config *c)
{
    provernet_error err = { 0 };
    char path[4200];
    uint8_t *text = NULL;
    double speed = 0;
    json_t *all, *row;
    size_t len = 0, i;

    snprintf(path, sizeof path, "%s/calibration.json",
             config_get(c, "data.dir"));
    if (read_whole(path, &text, &len, CALIBRATION_MAX, &err) != PROVERNET_OK)
        return 0;
    all = json_loadb((const char *)text, len, 0, NULL);
    free(text);
    json_array_foreach(json_object_get(all, "rows"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "bench"));
        double seconds = json_number_value(json_object_get(row, "seconds"));
        json_int_t size = json_integer_value(json_object_get(row, "size"));

        if (name && !strcmp(name, "groth16") && seconds > 0)
            speed = (double)size * BYTES_PER_WIRE / seconds;
    }
    json_decref(all);
    return speed;
}

static provernet_status measure(provernet_engine *e, double *speed,
                                provernet_error *err)
{
    provernet_bench *b = NULL;
    provernet_status st;
    int64_t began, best = INT64_MAX;

    *speed = 0;
    st = provernet_bench_open(&b, e, PROVERNET_BENCH_GROTH16, SAMPLE_LOG, err);
    if (st == PROVERNET_ERR_UNSUPPORTED)
        return PROVERNET_OK; /* its own jobs will tell */
    for (int i = 0; i < 3 && st == PROVERNET_OK; i++) {
        began = steady_ms();
        st = provernet_bench_run(b, NULL, NULL, err);
        if (steady_ms() - began < best)
            best = steady_ms() - began;
    }
    provernet_bench_free(b);
    if (st == PROVERNET_OK)
        *speed = (double)BYTES_PER_WIRE * (1 << SAMPLE_LOG) * 1000 /
                 (double)(best > 0 ? best : 1);
    return st;
}

provernet_status network_calibrate(struct config *c, const struct work *w,
                                   provernet_error *err)
{
    provernet_status st = PROVERNET_OK;
    double speed;
    char text[32];

    if (config_number(c, "network.key_speed") != 0 || w->engines_len == 0)
        return PROVERNET_OK;
    speed = kept_speed(c);
    if (speed < 1)
        st = measure(w->engines[0], &speed, err);
    if (st != PROVERNET_OK || speed < 1)
        return st;
    snprintf(text, sizeof text, "%.0fKiB", speed / 1024 + 1);
    return config_set(c, "network.key_speed", text, BY_FLAG, "calibration",
                      err);
}

provernet_status network_memory(struct config *c, bool mock,
                                const char *devices, provernet_error *err)
{
    bool gpu = strstr(devices, "sp1-gpu:") != NULL;

    if (config_is_set(c, "network.kind_memory") || (!mock && !gpu))
        return PROVERNET_OK;
    return config_set(c, "network.kind_memory", mock ? "*=0B" : "sp1/*=0B",
                      BY_FLAG, mock ? "--mock" : "--device", err);
}

/* ---- what is printed ---- */

void network_words(const struct config *c, const provernet_key *key)
{
    const char *bid = config_get(c, "network.bid");
    int64_t speed = config_number(c, "network.key_speed"),
            units = config_number(c, "network.throughput");
    const char *prover = config_get(c, "network.prover");
    uint8_t address[20];
    char hex[41], size[40];

    provernet_key_address(key, address);
    to_hex(hex, address, 20);
    printf("  signer     0x%s\n  prover     %s\n", hex,
           *prover ? prover : "the one the network names");
    if (*bid)
        printf("  price      %s wei for each prover gas unit\n", bid);
    else
        printf("  price      %s USD an hour\n",
               config_get(c, "network.usd_per_hour"));
    if (speed) {
        units_show_size((uint64_t)speed, size, sizeof size);
        printf("  circuits   %s of proving key in a second\n", size);
    }
    if (units)
        printf("  programs   %lld gas units in a second\n", (long long)units);
}

/* ---- what is logged ---- */

void network_news(struct work *w)
{
    provernet_worker_news n = { .struct_size = sizeof n };

    while (provernet_worker_next_news(w->worker, &n) == PROVERNET_OK) {
        if (n.request[0])
            log_event(n.level, n.event, "request", n.request, "note", n.text,
                      NULL);
        else
            log_event(n.level, n.event, "note", n.text, NULL);
    }
}

static const char *number_text(const json_t *o, const char *key, char buf[24])
{
    snprintf(buf, 24, "%lld",
             (long long)json_integer_value(json_object_get(o, key)));
    return buf;
}

void network_monitor(struct work *w)
{
    static int64_t next;
    static char before[200];
    char done[24], failed[24], held[24], bids[24], won[24], lost[24], now[200];
    int64_t t = steady_ms();
    json_t *o;
    char *text;

    if (t < next)
        return;
    next = t + MONITOR_MS;
    text = provernet_worker_status(w->worker);
    o = text ? json_loads(text, 0, NULL) : NULL;
    provernet_worker_free_text(text);
    if (!o)
        return;
    number_text(o, "jobs_done", done);
    number_text(o, "jobs_failed", failed);
    number_text(o, "held", held);
    number_text(o, "bids", bids);
    number_text(o, "won", won);
    number_text(o, "lost", lost);
    json_decref(o);
    snprintf(now, sizeof now, "%s %s %s %s %s %s", done, failed, held, bids,
             won, lost);
    if (before[0] && strcmp(now, before) != 0)
        log_event(2, "network.monitor", "proved", done, "failed", failed,
                  "in_hand", held, "bids", bids, "won", won, "lost", lost,
                  NULL);
    memcpy(before, now, sizeof before);
}
