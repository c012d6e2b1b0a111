/* cmd/serve.c - `provernet serve` and `provernetd`: run until told to stop. */
#include "../cli/cli.h"
#include "../cli/log.h"
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* systemd's readiness protocol: a datagram to the socket it names. */
static void notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (len < 2 || len >= sizeof to.sun_path || (*path != '/' && *path != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (*path == '@')
        to.sun_path[0] = 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void raise_limits(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

/* ---- what people are told ---- */

/* The sum of a metric over its labels. */
static unsigned long long metric_sum(const char *text, const char *name)
{
    unsigned long long sum = 0;

    for (const char *p = text; (p = strstr(p, name)); p++) {
        const char *end = strstr(p, "} ");
        if (end && (p == text || p[-1] == '\n'))
            sum += strtoull(end + 2, NULL, 10);
    }
    return sum;
}

static void show_recovered(provernet *pn)
{
    int status = 0;
    char *text = host_get(pn, "/metrics", &status);
    unsigned long long open = 0;

    if (text && status == 200) {
        open = metric_sum(text, "provernet_jobs{");
        printf("  recovered  %llu open request%s\n", open,
               open == 1 ? "" : "s");
    }
    free(text);
}

/* The address that a client on this machine can dial. */
static void dial_text(const char *listening, char *buf, size_t cap)
{
    const char *port = strrchr(listening, ':');

    if (!strncmp(listening, "0.0.0.0:", 8))
        snprintf(buf, cap, "127.0.0.1%s", port);
    else if (!strncmp(listening, "[::]:", 5))
        snprintf(buf, cap, "[::1]%s", port);
    else
        snprintf(buf, cap, "%s", listening);
}

static bool loopback(const char *text)
{
    return !strncmp(text, "127.", 4) || !strncmp(text, "[::1]", 5);
}

static void announce(const struct host *h, const struct config *c)
{
    const char *scheme = *config_get(c, "server.tls_cert") ? "https" : "http";
    const char *public_url = config_get(c, "http.public_url");
    const char *text;
    char dial[90];

    printf("provernet %s\n", provernet_version());
    printf("  data       %s\n", config_get(c, "data.dir"));
    for (size_t i = 0; (text = server_address(h->server, i)); i++)
        printf("  listening on %s://%s  (gRPC, HTTP, workers)\n", scheme, text);
    printf("  device     %s\n", h->device);
    show_recovered(h->node);
    if (config_number(c, "node.mock"))
        printf("  MOCK MODE  proofs are NOT verified; never use this for real "
               "requests\n");
    dial_text(server_address(h->server, 0), dial, sizeof dial);
    if (*public_url)
        printf("NETWORK_RPC_URL=%s\n", public_url);
    else
        printf("NETWORK_RPC_URL=%s://%s\n", scheme, dial);
    fflush(stdout);
    for (size_t i = 0; (text = server_address(h->server, i)); i++)
        if (!loopback(text) && !*config_get(c, "account.allow") &&
            strcmp(scheme, "https") != 0) {
            warning("%s is reachable from other machines, without TLS, and "
                    "everyone may request\nhelp: --tls-cert and --tls-key, or "
                    "--set account.allow=0xADDRESS,...",
                    text);
            break;
        }
    if (config_number(c, "node.mock"))
        log_event(1, "server.mock", "note",
                  "mock workers are believed; proofs are NOT verified", NULL);
}

/* ---- SIGHUP ---- */

static void reload(struct invocation *v)
{
    struct config *old = v->config;
    provernet_options *check;
    provernet_error err = { 0 };

    v->config = NULL;
    if (load_config(v) != 0) { /* said why; the old settings stay */
        config_free(v->config);
        v->config = old;
        log_event(1, "config.refused", NULL);
        return;
    }
    check = config_options(v->config, &err);
    provernet_options_free(check);
    for (size_t i = 0; i < config_len(v->config); i++) {
        const struct setting *s = config_setting(v->config, i);
        const char *a = config_get(old, s->name);
        const char *b = config_get(v->config, s->name);
        if (!strcmp(a, b))
            continue;
        bool now =
            !strncmp(s->name, "log.", 4) || !strcmp(s->name, "server.drain");
        log_event(2, "config.changed", "key", s->name, "from", a, "to", b,
                  "applies", now ? "now" : "after a restart", NULL);
    }
    if (!log_setup(config_get(v->config, "log.level"),
                   config_get(v->config, "log.format")))
        log_event(1, "config.refused", "key", "log.level", NULL);
    config_free(old);
}

/* ---- the wait ---- */

static sigset_t watched;

static bool told_again(void)
{
    struct timespec zero = { 0, 0 };
    sigset_t stop = watched;

    sigdelset(&stop, SIGHUP);
    return sigtimedwait(&stop, NULL, &zero) > 0;
}

static void wait_for_end(struct invocation *v)
{
    const char *watchdog = getenv("WATCHDOG_USEC");
    long every = watchdog ? strtol(watchdog, NULL, 10) / 2000000 : 0;
    struct timespec t = { every > 0 ? every : 3600, 0 };

    for (;;) {
        int sig = sigtimedwait(&watched, NULL, &t);
        if (sig == SIGHUP)
            reload(v);
        else if (sig > 0)
            return;
        else if (every > 0)
            notify("WATCHDOG=1");
    }
}

int cmd_serve(struct invocation *v)
{
    provernet_error err = { 0 };
    provernet_status st;
    struct host h;
    int code = load_config(v);

    if (code != 0)
        return code;
    if (!log_setup(config_get(v->config, "log.level"),
                   config_get(v->config, "log.format")))
        return complain(PROVERNET_ERR_CONFIG,
                        "log.level = \"%s\", log.format = \"%s\"\nhelp: levels "
                        "are error, warn, info, debug, trace; formats are "
                        "text, json, auto",
                        config_get(v->config, "log.level"),
                        config_get(v->config, "log.format"));
    raise_limits();
    block_signals(&watched);
    st = host_open(&h, v->config, &err);
    if (st != PROVERNET_OK)
        return report_status(st, &err);
    host_work(&h, v->config);
    announce(&h, v->config);
    notify("READY=1");
    wait_for_end(v);
    notify("STOPPING=1");
    log_event(2, "server.draining", "limit",
              config_get(v->config, "server.drain"), NULL);
    if (h.working)
        provernet_worker_stop(h.worker);
    st = host_drain(&h, config_number(v->config, "server.drain"), told_again);
    host_close(&h, st == PROVERNET_OK ? 3000 : 100);
    log_event(2, "server.stopped", NULL);
    return 0;
}
