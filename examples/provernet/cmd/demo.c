/* cmd/demo.c - `provernet demo`: the whole path in one process: a real server
 * on a real socket, a worker that dials it, a signed request over the wire, a
 * proof, and its verification by the one who asked. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "../cli/log.h"
#include "host.h"
#include "request.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const unsigned char demo_zkey[], demo_wtns[];
extern const size_t demo_zkey_len, demo_wtns_len;

struct demo {
    char dir[64], url[64], zkey[96], device[300];
    struct config *config;
    struct host host;
    bool serving;
    provernet_key *key, *worker_key;
    provernet_engine *engine;
    struct work work;
    bool working;
    struct circuit_request request;
    int64_t start_ms;
    char worker[64];
};

static void line(const struct demo *d, const char *what, const char *more)
{
    printf("  %.2f s  %-20s%s%s\n", (double)(steady_ms() - d->start_ms) / 1000,
           what, *more ? "  " : "", more);
    fflush(stdout);
}

static provernet_status set(struct demo *d, const char *name, const char *value,
                            provernet_error *err)
{
    return config_set(d->config, name, value, BY_FLAG, "demo", err);
}

static provernet_status prepare(struct demo *d, provernet_error *err)
{
    const char *tmp = getenv("TMPDIR");
    struct output o = { d->zkey, demo_zkey, demo_zkey_len };
    char data[96];
    provernet_status st;

    if (snprintf(d->dir, sizeof d->dir, "%s/provernet-demo.XXXXXX",
                 tmp && strlen(tmp) < 30 ? tmp : "/tmp") < 0 ||
        !mkdtemp(d->dir)) {
        st = set_error(err, PROVERNET_ERR_IO,
                       "cannot make a temporary directory %s: %s", d->dir,
                       strerror(errno));
        d->dir[0] = 0;
        return st;
    }
    snprintf(data, sizeof data, "%s/data", d->dir);
    snprintf(d->zkey, sizeof d->zkey, "%s/circuit.zkey", d->dir);
    d->config = config_new();
    if (!d->config)
        return PROVERNET_ERR_NOMEM;
    st = set(d, "server.listen", "127.0.0.1:0", err);
    if (st == PROVERNET_OK)
        st = set(d, "data.dir", data, err);
    if (st == PROVERNET_OK)
        st = set(d, "server.worker", "false", err);
    if (st == PROVERNET_OK)
        st = set(d, "worker.name", "ruth", err);
    if (st == PROVERNET_OK)
        st = write_together(&o, 1, err);
    return st;
}

static provernet_status serve(struct demo *d, provernet_error *err)
{
    uint8_t one32[32] = { 0 };
    provernet_status st = host_open(&d->host, d->config, err);

    if (st != PROVERNET_OK)
        return st;
    d->serving = true;
    snprintf(d->url, sizeof d->url, "http://127.0.0.1:%u",
             server_port(d->host.server));
    one32[31] = 1;
    st = provernet_key_new(&d->key, one32, err);
    if (st == PROVERNET_OK)
        st = provernet_key_new(&d->worker_key, NULL, err);
    return st;
}

/* A worker of the same kind as `provernet worker`, over the socket. */
static provernet_status lend(struct demo *d, provernet_error *err)
{
    provernet_options *o;
    provernet_status st;
    char news[400];

    st = set(d, "worker.server", d->url + strlen("http://"), err);
    o = st == PROVERNET_OK ? config_options(d->config, err) : NULL;
    if (!o)
        return err->status ? err->status : PROVERNET_ERR_NOMEM;
    st = provernet_engine_open(&d->engine, "auto", o, err);
    if (st == PROVERNET_OK)
        st = provernet_worker_dial(&d->work.worker, o, d->worker_key, err);
    provernet_options_free(o);
    if (st != PROVERNET_OK)
        return st;
    engine_words(d->engine, d->device, sizeof d->device);
    /* Why there is no GPU is for `doctor`: the line above names the device. */
    while (provernet_engine_news(d->engine, news, sizeof news))
        ;
    d->work.engines[d->work.engines_len++] = d->engine;
    d->work.slots = 1;
    st = work_start(&d->work, err);
    d->working = st == PROVERNET_OK;
    return st;
}

/* What the server's own status says about the request's way. */
static void watch_state(struct demo *d, const char *id, int *shown)
{
    char path[160], more[100];
    json_t *o, *r;
    char *body;
    const char *state, *worker;
    int status = 0;

    snprintf(path, sizeof path, "/api/v1/requests/%s", id);
    body = host_get(d->host.node, path, &status);
    o = body ? json_loads(body, 0, NULL) : NULL;
    r = json_object_get(o, "request") ? json_object_get(o, "request") : o;
    state = json_string_value(json_object_get(r, "state"));
    worker = json_string_value(json_object_get(r, "worker"));
    if (status == 200 && state && *shown == 0 && strcmp(state, "queued")) {
        snprintf(more, sizeof more, "%s%.60s%s",
                 worker && *worker ? "to worker \"" : "",
                 worker && *worker ? worker : "",
                 worker && *worker ? "\"" : "");
        line(d, "leased", more);
        *shown = 1;
    }
    json_decref(o);
    free(body);
}

static provernet_status ask(struct demo *d, provernet_error *err)
{
    struct source zkey = { .data = demo_zkey, .len = demo_zkey_len };
    struct source wtns = { .data = demo_wtns, .len = demo_wtns_len };
    struct timespec nap = { 0, 5 * 1000000 };
    struct succinct_status s;
    char id[65], text[120], size[32];
    int64_t end;
    int shown = 0;
    provernet_status st;

    st = request_circuit(&d->request, d->zkey, err);
    if (st != PROVERNET_OK)
        return st;
    d->start_ms = steady_ms();
    end = d->start_ms + 60000;
    st = request_send(&d->request, d->url, d->key, &zkey, &wtns,
                      (uint64_t)(wall_ms() / 1000 + 600), err);
    if (st != PROVERNET_OK)
        return st;
    to_hex(id, d->request.id32, 32);
    units_show_size(demo_zkey_len + demo_wtns_len, size, sizeof size);
    snprintf(text, sizeof text, "0x%.4s...%s   2 artifacts, %s", id, id + 60,
             size);
    line(d, "request signed", text);
    line(d, "signature verified, stored, queued", "");
    while ((st = request_look(&d->request, &s, err)) == PROVERNET_AGAIN) {
        watch_state(d, id, &shown);
        if (steady_ms() > end)
            return set_error(err, PROVERNET_ERR_TIMEOUT,
                             "no proof within 60 s");
        nanosleep(&nap, NULL);
    }
    if (st != PROVERNET_OK)
        return st;
    watch_state(d, id, &shown);
    line(d, "proved", "");
    line(d, "verified, fulfilled", "");
    st = request_fetch(&d->request, s.proof_uri, err);
    if (st != PROVERNET_OK)
        return st;
    units_show_size(d->request.artifact_len, size, sizeof size);
    snprintf(text, sizeof text, "      proof %s", size);
    line(d, "downloaded, verified again", text);
    return PROVERNET_OK;
}

static void clear(struct demo *d)
{
    request_free(&d->request);
    if (d->working)
        work_stop(&d->work);
    provernet_worker_close(d->work.worker);
    provernet_engine_close(d->engine);
    if (d->serving)
        host_close(&d->host, 500);
    provernet_key_free(d->key);
    provernet_key_free(d->worker_key);
    config_free(d->config);
    if (d->dir[0] && !remove_tree(d->dir))
        warning("cannot remove %s", d->dir);
}

int cmd_demo(struct invocation *v)
{
    struct demo d = { .start_ms = steady_ms() };
    provernet_error err = { 0 };
    provernet_status st;

    (void)v;
    log_setup("warn", "auto");
    printf("provernet %s  demo: one Groth16 proof, from signed request to "
           "verified result\n",
           provernet_version());
    st = prepare(&d, &err);
    if (st == PROVERNET_OK)
        st = serve(&d, &err);
    if (st == PROVERNET_OK)
        st = lend(&d, &err);
    if (st == PROVERNET_OK) {
        printf("  device    %s\n  server    %s   data in a temporary "
               "directory, removed at exit\n\n",
               d.device, d.url);
        st = ask(&d, &err);
    }
    clear(&d);
    if (st != PROVERNET_OK)
        return report_status(st, &err);
    printf("\nAll good. Next:\n"
           "  provernet serve                                  start a server "
           "on :9000\n"
           "  NETWORK_RPC_URL=http://127.0.0.1:9000 op-succinct   point a "
           "rollup at it\n");
    return 0;
}
