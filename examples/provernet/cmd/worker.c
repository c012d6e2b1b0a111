/* cmd/worker.c - `provernet worker`: lend this machine to a server. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "../cli/log.h"
#include "host.h"

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

static int open_worker(struct invocation *v, struct work *w,
                       provernet_error *err)
{
    const char *devices = config_get(v->config, "worker.device");
    const char *file = flag_value(v, "key-file");
    char server[300], dir[480], path[600];
    bool mock = flag_value(v, "mock") != NULL;
    const char *kinds = mock ? "*" : work_kinds(devices);
    provernet_key *key = NULL;
    provernet_options *o;
    provernet_status st;

    server_text(v->positional[0], server, sizeof server);
    st = config_set(v->config, "worker.server", server, BY_FLAG, "HOST", err);
    if (st == PROVERNET_OK && kinds &&
        !config_is_set(v->config, "worker.kinds"))
        st = config_set(v->config, "worker.kinds", kinds, BY_FLAG,
                        mock ? "--mock" : "--device", err);
    if (st != PROVERNET_OK)
        return st;
    if (!file) {
        default_config_dir(dir, sizeof dir);
        snprintf(path, sizeof path, "%s/worker.key", dir);
        file = path;
    }
    st = key_kept(file, &key, err);
    if (st != PROVERNET_OK)
        return st;
    o = config_options(v->config, err);
    w->slots = (unsigned)config_number(v->config, "worker.slots");
    st = o ? PROVERNET_OK : PROVERNET_ERR_CONFIG;
    if (st == PROVERNET_OK && !mock)
        st = work_open_engines(w, devices, o, err);
    if (st == PROVERNET_OK)
        st = provernet_worker_dial(&w->worker, o, key, err);
    provernet_options_free(o);
    provernet_key_free(key);
    return st;
}

int cmd_worker(struct invocation *v)
{
    const char *delay = flag_value(v, "mock-delay");
    provernet_error err = { 0 };
    struct work w = { .mock_delay_ms = 50 };
    struct timespec t = { 0, 200 * 1000000 };
    char words[400];
    provernet_status st;
    sigset_t set;
    int code = load_config(v), sig = 0;

    if (code != 0)
        return code;
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
    st = open_worker(v, &w, &err);
    if (st == PROVERNET_OK)
        st = work_start(&w, &err);
    if (st != PROVERNET_OK) {
        provernet_worker_close(w.worker);
        work_close_engines(&w);
        return report_status(st, &err);
    }
    work_news(&w, 2);
    work_words(&w, words, sizeof words);
    printf("provernet %s  worker for %s\n  device     %s\n  kinds      %s\n",
           provernet_version(), config_get(v->config, "worker.server"), words,
           config_get(v->config, "worker.kinds"));
    fflush(stdout);
    while (sig <= 0 && !atomic_load(&w.ended))
        sig = sigtimedwait(&set, NULL, &t);
    if (sig > 0)
        log_event(2, "worker.stopping", "note",
                  "jobs in hand are finished; again to leave now", NULL);
    provernet_worker_stop(w.worker);
    /* A second signal leaves at once: the server gives the job to another. */
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    work_stop(&w);
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
