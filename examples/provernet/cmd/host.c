/* cmd/host.c - see host.h. */
#include "host.h"
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "../cli/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct server_config sockets(const struct config *c)
{
    return (struct server_config){
        .listen = config_get(c, "server.listen"),
        .tls_cert = config_get(c, "server.tls_cert"),
        .tls_key = config_get(c, "server.tls_key"),
        .loops = (unsigned)config_number(c, "server.loops"),
        .max_connections = (unsigned)config_number(c, "server.max_connections"),
        .max_streams = (unsigned)config_number(c, "server.max_streams"),
        .header_bytes = (size_t)config_number(c, "server.header_bytes"),
        .head_timeout_ms = config_number(c, "server.head_timeout"),
        .body_timeout_ms = config_number(c, "server.body_timeout"),
        .body_min_rate = (uint64_t)config_number(c, "server.body_min_rate"),
        .idle_timeout_ms = config_number(c, "server.idle_timeout"),
        .keep_alive_ms = config_number(c, "server.keep_alive"),
        .write_timeout_ms = config_number(c, "server.write_timeout"),
    };
}

provernet_status host_open(struct host *h, const struct config *c,
                           provernet_error *err)
{
    provernet_env env = { .struct_size = sizeof env, .log = log_line };
    struct server_config sc = sockets(c);
    provernet_options *o = NULL;
    provernet_status st;

    *h = (struct host){ 0 };
    if (!*sc.tls_cert != !*sc.tls_key)
        return set_error(err, PROVERNET_ERR_CONFIG,
                         "TLS needs both --tls-cert and --tls-key");
    if (!make_dirs(config_get(c, "data.dir")))
        return set_error(err, PROVERNET_ERR_IO,
                         "cannot make the data directory %.120s\nhelp: name "
                         "another one with --data-dir DIR",
                         config_get(c, "data.dir"));
    st = server_bind(&h->server, &sc, err); /* before the database is opened */
    if (st != PROVERNET_OK)
        return st;
    o = config_options(c, err);
    st = o ? provernet_open(&h->node, o, &env, err) : PROVERNET_ERR_CONFIG;
    if (st == PROVERNET_OK)
        st = provernet_worker_listen(h->node, NULL, NULL, err);
    if (st == PROVERNET_OK)
        st = server_start(h->server, h->node, err);
    provernet_options_free(o);
    if (st != PROVERNET_OK)
        host_close(h, 0);
    return st;
}

void engine_words(const provernet_engine *e, char *buf, size_t cap)
{
    json_t *o = json_loads(provernet_engine_describe(e), 0, NULL);
    const char *name = json_string_value(json_object_get(o, "name"));
    const char *device = json_string_value(json_object_get(o, "device"));
    const char *cpu = json_string_value(json_object_get(o, "cpu"));
    const json_t *memory = json_object_get(o, "bytes");
    char size[32];
    json_int_t threads = json_integer_value(json_object_get(o, "threads"));

    if (memory) { /* a GPU */
        units_show_size((uint64_t)json_integer_value(memory), size,
                        sizeof size);
        snprintf(buf, cap, "%s, %s, %s", device ? device : "?",
                 name ? name : "?", size);
        json_decref(o);
        return;
    }
    snprintf(buf, cap, "%s, %lld thread%s%s%s",
             name     ? name
             : device ? device
                      : "?",
             (long long)threads, threads == 1 ? "" : "s", cpu ? ", " : "",
             cpu ? cpu : "");
    json_decref(o);
}

void host_work(struct host *h, const struct config *c)
{
    provernet_error err = { 0 };
    provernet_options *o;
    const char *kinds;
    provernet_status st;

    if (!config_number(c, "server.worker")) {
        snprintf(h->device, sizeof h->device, "none (--no-worker)");
        return;
    }
    o = config_options(c, &err);
    h->work = (struct work){
        .slots = (unsigned)config_number(c, "worker.slots"),
    };
    kinds = work_kinds(config_get(c, "worker.device"));
    st = o ? PROVERNET_OK : PROVERNET_ERR_CONFIG;
    if (st == PROVERNET_OK && kinds && !config_is_set(c, "worker.kinds"))
        st = provernet_options_set(o, "worker.kinds", kinds, &err);
    if (st == PROVERNET_OK)
        st = work_open_engines(&h->work, config_get(c, "worker.device"), o,
                               &err);
    if (st == PROVERNET_OK)
        st = provernet_worker_join(&h->worker, h->node, o, &err);
    if (st == PROVERNET_OK) {
        h->work.worker = h->worker;
        st = work_start(&h->work, &err);
    }
    provernet_options_free(o);
    if (st != PROVERNET_OK) {
        snprintf(h->device, sizeof h->device, "none: %.250s", err.message);
        log_event(1, "worker.unavailable", "why", err.message, NULL);
        return;
    }
    h->working = true;
    work_news(&h->work, 2);
    work_words(&h->work, h->device, sizeof h->device);
}

struct draining {
    provernet *node;
    int64_t timeout_ms;
    provernet_status st;
    atomic_bool done;
};

static void *drain(void *arg)
{
    struct draining *d = arg;

    d->st = provernet_drain(d->node, d->timeout_ms);
    atomic_store(&d->done, true);
    return NULL;
}

provernet_status host_drain(struct host *h, int64_t timeout_ms,
                            bool (*give_up)(void))
{
    struct draining d = { .node = h->node, .timeout_ms = timeout_ms };
    struct timespec nap = { 0, 20 * 1000000 };
    pthread_t thread;

    if (pthread_create(&thread, NULL, drain, &d) != 0)
        return PROVERNET_ERR_NOMEM;
    while (!atomic_load(&d.done)) {
        nanosleep(&nap, NULL);
        /* All that was accepted is on disk: leaving at once loses nothing. */
        if (give_up && give_up()) {
            log_event(1, "server.left", "note",
                      "told twice: leases end by themselves", NULL);
            _exit(0);
        }
    }
    pthread_join(thread, NULL);
    return d.st;
}

void host_close(struct host *h, int64_t grace_ms)
{
    if (h->server)
        server_stop(h->server, grace_ms);
    if (h->working)
        work_stop(&h->work);
    provernet_worker_close(h->worker);
    server_free(h->server);
    provernet_close(h->node);
    work_close_engines(&h->work);
    *h = (struct host){ 0 };
}

char *host_get(provernet *pn, const char *path, int *status)
{
    provernet_head head = { .struct_size = sizeof head,
                            .method = "GET",
                            .authority = "localhost",
                            .path = path,
                            .scheme = "http",
                            .peer = "" };
    const provernet_field *f;
    provernet_inbox *in = NULL;
    provernet_call *call = NULL;
    provernet_ready r;
    provernet_status st;
    size_t len = 0, n;
    char *text = NULL;

    if (provernet_inbox_open(pn, &in, NULL) != PROVERNET_OK)
        return NULL;
    st = provernet_call_open(in, &call, &head, 1, NULL);
    if (st == PROVERNET_OK)
        st = provernet_call_end(call);
    while (st == PROVERNET_OK &&
           provernet_call_head(call, status, &f, &n) == PROVERNET_AGAIN)
        if (provernet_inbox_next(in, &r, 1, 5000) == 0)
            st = PROVERNET_ERR_TIMEOUT;
    while (st == PROVERNET_OK && len < (16u << 20)) {
        char *more = realloc(text, len + 65537);
        size_t got = 0;
        if (!more)
            break;
        text = more;
        st = provernet_call_read(call, text + len, 65536, &got);
        len += st == PROVERNET_OK ? got : 0;
        text[len] = 0;
        if (st == PROVERNET_AGAIN)
            st = provernet_inbox_next(in, &r, 1, 5000) ? PROVERNET_OK
                                                       : PROVERNET_ERR_TIMEOUT;
    }
    provernet_call_close(call);
    provernet_inbox_close(in);
    if (st != PROVERNET_END) {
        free(text);
        return NULL;
    }
    return text;
}
