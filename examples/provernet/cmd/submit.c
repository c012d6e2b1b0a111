/* cmd/submit.c - `provernet submit`: the same job, on a server. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "request.h"

#include <string.h>
#include <time.h>

enum { POLL_MS = 500, SAY_MS = 9000 };

static void nap(int ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

static void show(struct invocation *v, const char *id, const char *state)
{
    if (flag_value(v, "json"))
        printf("{\"id\":\"0x%s\",\"state\":\"%s\"}\n", id, state);
    else
        printf("%-10s 0x%s\n", state, id);
    fflush(stdout);
}

/* Until it is settled; never silent for ten seconds. Transient faults of the
 * connection are waited out. */
static provernet_status wait_for(struct invocation *v,
                                 struct circuit_request *r, char *uri,
                                 size_t cap, provernet_error *err)
{
    static const char *const words[] = { "unknown", "queued", "assigned",
                                         "fulfilled", "unfulfillable" };
    int64_t start = steady_ms(), said = start - SAY_MS, lost = 0;
    struct succinct_status s;
    provernet_status st;

    for (;;) {
        int64_t now = steady_ms();
        st = request_look(r, &s, err);
        if (st == PROVERNET_ERR_CONNECT || st == PROVERNET_ERR_UNAVAILABLE ||
            st == PROVERNET_ERR_TIMEOUT) {
            if (!lost)
                lost = now;
            if (now - lost > 120000)
                return st;
        } else if (st != PROVERNET_AGAIN) {
            break;
        } else {
            lost = 0;
        }
        if (now - said >= SAY_MS && !flag_value(v, "quiet")) {
            fprintf(stderr, "%7.1f s  %s\n", (double)(now - start) / 1000,
                    lost ? "the server is away; asking again"
                         : words[s.fulfillment < 5 ? s.fulfillment : 0]);
            said = now;
        }
        nap(now - start < 2000 ? 50 : POLL_MS);
    }
    snprintf(uri, cap, "%s", s.proof_uri);
    return st;
}

static provernet_status submit(struct invocation *v, struct circuit_request *r,
                               const provernet_key *key, int64_t patience_ms,
                               provernet_error *err)
{
    struct source zkey = { .path = v->positional[0] };
    struct source wtns = { .path = v->positional[1] };
    const char *out = flag_value(v, "out");
    uint64_t deadline = (uint64_t)((wall_ms() + patience_ms) / 1000);
    char id[65], uri[1024];
    provernet_status st;

    st = request_circuit(r, v->positional[0], err);
    if (st == PROVERNET_OK)
        st = request_send(r, config_get(v->config, "client.url"), key, &zkey,
                          &wtns, deadline, err);
    if (st != PROVERNET_OK)
        return st;
    to_hex(id, r->id32, 32);
    show(v, id, "accepted");
    if (!flag_value(v, "wait") && !out)
        return PROVERNET_OK;
    st = wait_for(v, r, uri, sizeof uri, err);
    if (st == PROVERNET_OK)
        st = request_fetch(r, uri, err);
    if (st == PROVERNET_OK)
        st = request_write(r, out ? out : ".", err);
    if (st == PROVERNET_OK)
        show(v, id, "verified");
    return st;
}

int cmd_submit(struct invocation *v)
{
    const char *timeout = flag_value(v, "timeout");
    struct circuit_request r = { 0 };
    int64_t patience_ms = 4 * 3600000;
    provernet_error err = { 0 };
    provernet_key *key = NULL;
    provernet_status st;
    int code = load_config(v);

    if (code != 0)
        return code;
    if (timeout && !units_duration(timeout, &patience_ms))
        return usage_error("--timeout %s: write a number and its unit: 90s, 4h",
                           timeout);
    st = client_key(v, &key, &err);
    if (st == PROVERNET_OK)
        st = submit(v, &r, key, patience_ms, &err);
    request_free(&r);
    provernet_key_free(key);
    return st == PROVERNET_OK ? 0 : report_status(st, &err);
}
