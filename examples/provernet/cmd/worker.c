/* cmd/worker.c - `provernet worker`: lend this machine to a server, or to a
 * prover network (worker_network.c). */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "../cli/log.h"
#include "host.h"
#include "worker_network.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* "HOST", "HOST:PORT", "http://HOST:PORT" -> "HOST:PORT" */
static void server_text(const char *given, char *buf, size_t cap)
{
    const char *scheme = strstr(given, "://"), *host, *bracket, *colon;

    host = scheme ? scheme + 3 : given;
    bracket = strrchr(host, ']');
    colon = strchr(bracket ? bracket : host, ':');
    snprintf(buf, cap, colon ? "%.*s" : "%.*s:9000", (int)strcspn(host, "/"),
             host);
}

static bool on_network(const struct invocation *v)
{
    return *config_get(v->config, "network.url") != '\0';
}

/* Whom to work for, and what. */
static provernet_status settle(struct invocation *v, provernet_error *err)
{
    const char *devices = config_get(v->config, "worker.device");
    bool mock = flag_value(v, "mock") != NULL;
    const char *kinds = mock ? "*" : work_kinds(devices);
    provernet_status st = PROVERNET_OK;
    char server[300];

    if (!on_network(v)) {
        server_text(v->positional[0], server, sizeof server);
        st = config_set(v->config, "worker.server", server, BY_FLAG, "HOST",
                        err);
    } else if (mock && !config_number(v->config, "network.throughput")) {
        /* A placeholder takes no time. */
        st = config_set(v->config, "network.throughput", "1000000000", BY_FLAG,
                        "--mock", err);
    }
    if (st == PROVERNET_OK && kinds &&
        !config_is_set(v->config, "worker.kinds"))
        st = config_set(v->config, "worker.kinds", kinds, BY_FLAG,
                        mock ? "--mock" : "--device", err);
    return st;
}

static provernet_status worker_key(const struct invocation *v,
                                   provernet_key **key, provernet_error *err)
{
    const char *file = flag_value(v, "key-file");
    char dir[480], path[600];

    if (!file) {
        default_config_dir(dir, sizeof dir);
        snprintf(path, sizeof path, "%s/worker.key", dir);
        file = path;
    }
    return key_kept(file, key, err);
}

static provernet_status open_devices(struct invocation *v, struct work *w,
                                     provernet_options **o,
                                     provernet_error *err)
{
    const char *devices = config_get(v->config, "worker.device");
    bool mock = flag_value(v, "mock") != NULL;
    provernet_status st = network_memory(v->config, mock, devices, err);
    unsigned slots = (unsigned)config_number(v->config, "worker.slots");
    char text[16];

    if (st != PROVERNET_OK)
        return st;
    *o = config_options(v->config, err);
    w->slots = slots;
    if (!*o)
        return PROVERNET_ERR_CONFIG;
    if (mock)
        return PROVERNET_OK;
    st = work_open_engines(w, devices, *o, err);
    if (st != PROVERNET_OK || !on_network(v))
        return st;
    st = network_calibrate(v->config, w, err);
    if (st != PROVERNET_OK)
        return st;
    provernet_options_free(*o);
    *o = config_options(v->config, err);
    snprintf(text, sizeof text, "%u", w->slots);
    return *o ? provernet_options_set(*o, "worker.slots", text, err)
              : PROVERNET_ERR_CONFIG;
}

static provernet_status open_worker(struct invocation *v, struct work *w,
                                    provernet_key **key, provernet_error *err)
{
    provernet_options *o = NULL;
    provernet_status st = settle(v, err);

    if (st == PROVERNET_OK)
        st = worker_key(v, key, err);
    if (st == PROVERNET_OK)
        st = open_devices(v, w, &o, err);
    if (st == PROVERNET_OK)
        st = on_network(v) ? provernet_worker_lend(&w->worker, o, *key, err)
                           : provernet_worker_dial(&w->worker, o, *key, err);
    provernet_options_free(o);
    return st;
}

static void headline(const struct invocation *v, const struct work *w,
                     const provernet_key *key)
{
    char words[400];

    work_words(w, words, sizeof words);
    printf(
        "provernet %s  worker for %s\n  device     %s\n  kinds      %s\n",
        provernet_version(),
        config_get(v->config, on_network(v) ? "network.url" : "worker.server"),
        words, config_get(v->config, "worker.kinds"));
    if (on_network(v))
        network_words(v->config, key);
    fflush(stdout);
}

int cmd_worker(struct invocation *v)
{
    const char *delay = flag_value(v, "mock-delay");
    provernet_error err = { 0 };
    struct work w = { .mock_delay_ms = 50 };
    struct timespec t = { 0, 200 * 1000000 };
    provernet_key *key = NULL;
    provernet_status st;
    sigset_t set;
    int code = load_config(v), sig = 0;

    if (code != 0)
        return code;
    if (v->positional_len == on_network(v))
        return usage_error(on_network(v)
                               ? "worker: a server and a network are given"
                               : "worker: neither a server nor a network is "
                                 "given\nhelp: provernet worker HOST, or "
                                 "provernet worker --network URL");
    if (delay && !units_duration(delay, &w.mock_delay_ms))
        return usage_error("--mock-delay %s: write a number and its unit: "
                           "50ms, 2s",
                           delay);
    if (!log_setup(config_get(v->config, "log.level"),
                   config_get(v->config, "log.format")))
        return complain(PROVERNET_ERR_CONFIG, "log.level or log.format is "
                                              "unknown");
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    st = open_worker(v, &w, &key, &err);
    if (st == PROVERNET_OK)
        st = work_start(&w, &err);
    if (st != PROVERNET_OK) {
        provernet_worker_close(w.worker);
        work_close_engines(&w);
        provernet_key_free(key);
        return report_status(st, &err);
    }
    work_news(&w, 2);
    headline(v, &w, key);
    provernet_key_free(key);
    while (sig <= 0 && !atomic_load(&w.ended)) {
        sig = sigtimedwait(&set, NULL, &t);
        network_news(&w);
        if (on_network(v))
            network_monitor(&w);
    }
    if (sig > 0)
        log_event(2, "worker.stopping", "note",
                  "jobs in hand are finished; again to leave now", NULL);
    provernet_worker_stop(w.worker);
    /* A second signal leaves at once: the server gives the job to another. */
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    work_stop(&w);
    network_news(&w);
    if (sig <= 0) {
        pthread_mutex_lock(&w.lock);
        err = w.last;
        pthread_mutex_unlock(&w.lock);
        st = err.status ? err.status : PROVERNET_ERR_CONNECT;
    }
    provernet_worker_close(w.worker);
    work_close_engines(&w);
    return sig > 0 ? 0 : report_status(st, &err);
}
