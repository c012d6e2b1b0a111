/* cmd/requests.c - `provernet requests`: what a server has been asked, by its
 * JSON under /api/v1/requests. */
#include "../cfg/units.h"
#include "../cli/cli.h"
#include "../wire/http.h"
#include "../wire/succinct.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ANSWER_MAX = 16 << 20, PREFIX_MIN = 4 };

/* "http://HOST:PORT" of the configured server. */
static void base_url(struct invocation *v, char *buf, size_t cap)
{
    const char *url = config_get(v->config, "client.url");
    size_t len = strlen(url);

    while (len && url[len - 1] == '/')
        len--;
    if (strstr(url, "://"))
        snprintf(buf, cap, "%.*s", (int)len, url);
    else
        snprintf(buf, cap,
                 strchr(url, ':') ? "http://%.*s" : "http://%.*s:9000",
                 (int)len, url);
}

static provernet_status get_json(const char *url, json_t **out,
                                 provernet_error *err)
{
    struct buffer body;
    provernet_status st = http_get(url, &body, ANSWER_MAX, err);

    if (st != PROVERNET_OK)
        return st;
    *out = json_loadb((const char *)buffer_at(&body), body.len, 0, NULL);
    buffer_free(&body);
    return *out ? PROVERNET_OK
                : set_error(err, PROVERNET_ERR_FORMAT,
                            "%.150s: the answer is not JSON", url);
}

static const char *text(json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

/* Numbers come as numbers or, above 2^53, as text. */
static int64_t number(json_t *o, const char *name)
{
    json_t *n = json_object_get(o, name);

    return json_is_string(n) ? strtoll(json_string_value(n), NULL, 10)
                             : json_integer_value(n);
}

static void row(json_t *o)
{
    char age[32] = "", done[32] = "";
    int64_t created = number(o, "created_ms");
    const char *id = text(o, "id"), *worker = text(o, "worker");

    if (!strncmp(id, "0x", 2))
        id += 2;
    if (created)
        units_show_ms(wall_ms() - created, age, sizeof age);
    if (!strcmp(text(o, "state"), "running"))
        snprintf(done, sizeof done, "%lld %%",
                 (long long)number(o, "permille") / 10);
    printf("%-12.12s  %-10s  %-18s  %-9s  %3lld  %-10s %-6s %s\n", id,
           text(o, "state"), text(o, "kind"), age,
           (long long)number(o, "attempts"), worker, done,
           text(o, "waiting_for"));
}

static void print_one(struct invocation *v, json_t *o)
{
    if (flag_value(v, "json")) {
        json_dumpf(o, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        row(o);
    }
}

/* Once, when the server has answered. */
static void heading(struct invocation *v, bool *done)
{
    if (!*done && !flag_value(v, "json") && !flag_value(v, "quiet"))
        printf("%-12s  %-10s  %-18s  %-9s  %3s  %-10s %-6s %s\n", "ID", "STATE",
               "KIND", "AGE", "TRY", "WORKER", "DONE", "WAITING FOR");
    *done = true;
}

/* Call visit for each request until it returns false. */
static provernet_status
each(struct invocation *v, const char *state, long limit,
     bool (*visit)(struct invocation *v, json_t *o, void *user), void *user,
     provernet_error *err)
{
    char base[600], url[1200], page[300] = "";
    provernet_status st = PROVERNET_OK;
    bool more = true;
    long seen = 0;

    base_url(v, base, sizeof base);
    while (more && st == PROVERNET_OK) {
        json_t *o = NULL, *list, *item;
        const char *next;
        size_t i;
        long size = limit && limit - seen < 100 ? limit - seen : 100;
        snprintf(url, sizeof url, "%s/api/v1/requests?limit=%ld%s%s%s%s", base,
                 size, state ? "&state=" : "", state ? state : "",
                 *page ? "&page=" : "", page);
        st = get_json(url, &o, err);
        list = json_object_get(o, "requests");
        json_array_foreach(list, i, item)
        {
            more = more && visit(v, item, user);
            seen++;
        }
        next = json_string_value(json_object_get(o, "next"));
        if (next && strlen(next) < sizeof page)
            snprintf(page, sizeof page, "%s", next);
        else
            more = false;
        if (limit && seen >= limit)
            more = false;
        json_decref(o);
    }
    return st;
}

static bool list_one(struct invocation *v, json_t *o, void *user)
{
    heading(v, user);
    print_one(v, o);
    return true;
}

struct match {
    const char *prefix;
    char id[80];
    unsigned found;
};

static bool match_one(struct invocation *v, json_t *o, void *user)
{
    struct match *m = user;
    const char *id = text(o, "id");

    (void)v;
    if (!strncmp(id, "0x", 2))
        id += 2;
    if (strncasecmp(id, m->prefix, strlen(m->prefix)) == 0) {
        snprintf(m->id, sizeof m->id, "%s", id);
        m->found++;
    }
    return m->found < 2;
}

/* A whole id, or the one that begins so. */
static provernet_status full_id(struct invocation *v, const char *given,
                                char *id, size_t cap, provernet_error *err)
{
    struct match m = { .prefix = given };
    provernet_status st;

    if (!strncmp(given, "0x", 2))
        m.prefix = given += 2;
    if (strspn(given, "0123456789abcdefABCDEF") != strlen(given) ||
        strlen(given) < PREFIX_MIN || strlen(given) > 64)
        return set_error(err, PROVERNET_ERR_INVALID,
                         "\"%.70s\" is no request id: 4 to 64 hex digits",
                         given);
    snprintf(id, cap, "%s", given);
    if (strlen(given) == 64 || strlen(given) == 32)
        return PROVERNET_OK;
    st = each(v, NULL, 0, match_one, &m, err);
    if (st != PROVERNET_OK)
        return st;
    if (m.found == 0)
        return set_error(err, PROVERNET_ERR_NOT_FOUND,
                         "no request's id begins with %.64s", given);
    if (m.found > 1)
        return set_error(err, PROVERNET_ERR_INVALID,
                         "several ids begin with %.64s: give more digits",
                         given);
    snprintf(id, cap, "%s", m.id);
    return PROVERNET_OK;
}

static provernet_status fetch(struct invocation *v, const char *id, json_t **o,
                              provernet_error *err)
{
    char base[600], url[800];
    json_t *inner;
    provernet_status st;

    base_url(v, base, sizeof base);
    snprintf(url, sizeof url, "%s/api/v1/requests/%s", base, id);
    st = get_json(url, o, err);
    inner = st == PROVERNET_OK ? json_object_get(*o, "request") : NULL;
    if (inner) { /* wrapped or not: both are understood */
        json_incref(inner);
        json_decref(*o);
        *o = inner;
    }
    return st;
}

static void details(struct invocation *v, json_t *o)
{
    const char *key;
    json_t *value;

    if (flag_value(v, "json")) {
        print_one(v, o);
        return;
    }
    json_object_foreach(o, key, value)
    {
        if (json_is_string(value)) {
            printf("%-14s %s\n", key, json_string_value(value));
        } else {
            char *s = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            printf("%-14s %s\n", key, s ? s : "");
            free(s);
        }
    }
}

static provernet_status wait_for(struct invocation *v, const char *id,
                                 int64_t patience_ms, provernet_error *err)
{
    int64_t end = steady_ms() + patience_ms, said = steady_ms();
    struct timespec t = { 0, 300 * 1000000 };

    for (;;) {
        json_t *o = NULL;
        provernet_status st = fetch(v, id, &o, err);
        const char *state = st == PROVERNET_OK ? text(o, "state") : "";
        bool done = !strcmp(state, "fulfilled"),
             failed = !strcmp(state, "failed");
        if (st != PROVERNET_OK)
            return st;
        if (done || failed)
            details(v, o);
        if (failed)
            st = set_error(err, PROVERNET_ERR_FAILED, "the request failed: %s",
                           text(o, "waiting_for"));
        if (!done && !failed && steady_ms() - said > 9000) {
            said = steady_ms();
            if (!flag_value(v, "quiet"))
                fprintf(stderr, "%s  %lld %%  %s\n", state,
                        (long long)number(o, "permille") / 10,
                        text(o, "waiting_for"));
        }
        json_decref(o);
        if (done || failed)
            return st;
        if (steady_ms() > end)
            return set_error(err, PROVERNET_ERR_TIMEOUT,
                             "the request is not settled yet");
        nanosleep(&t, NULL);
    }
}

/* With a 32-byte id the wire's own signed cancel; else the server's API, which
 * answers on loopback or with a token. */
static provernet_status cancel(struct invocation *v, const char *id,
                               provernet_error *err)
{
    char base[600], url[800];
    struct buffer answer;
    provernet_status st;
    uint8_t id32[32];

    base_url(v, base, sizeof base);
    snprintf(url, sizeof url, "%s/api/v1/requests/%s/cancel", base, id);
    st = http_post(url, &answer, err);
    buffer_free(&answer);
    if ((st == PROVERNET_ERR_PERMISSION || st == PROVERNET_ERR_SIGNATURE) &&
        from_hex(id32, 32, id)) {
        provernet_key *key = NULL;
        struct succinct s;
        st = client_key(v, &key, err);
        if (st == PROVERNET_OK)
            st = succinct_open(&s, config_get(v->config, "client.url"), key,
                               err);
        if (st == PROVERNET_OK) {
            st = succinct_cancel(&s, id32, err);
            succinct_close(&s);
        }
        provernet_key_free(key);
    }
    if (st == PROVERNET_OK)
        printf("cancelled  %s\n", id);
    return st;
}

int cmd_requests(struct invocation *v)
{
    const char *what = v->positional_len ? v->positional[0] : "list";
    const char *limit = flag_value(v, "limit"),
               *timeout = flag_value(v, "timeout");
    int64_t patience_ms = 4 * 3600000;
    provernet_error err = { 0 };
    provernet_status st;
    char id[80];
    json_t *o = NULL;
    int code = load_config(v);

    if (code != 0)
        return code;
    if (limit && strtol(limit, NULL, 10) < 1)
        return usage_error("--limit %s: a whole number from 1", limit);
    if (timeout && !units_duration(timeout, &patience_ms))
        return usage_error("--timeout %s: write a number and its unit: 90s, 4h",
                           timeout);
    if (!strcmp(what, "list")) {
        bool headed = false;
        st = each(v, flag_value(v, "state"),
                  limit ? strtol(limit, NULL, 10) : 100, list_one, &headed,
                  &err);
        if (st != PROVERNET_OK)
            return report_status(st, &err);
        heading(v, &headed);
        return 0;
    }
    if (strcmp(what, "show") && strcmp(what, "wait") && strcmp(what, "cancel"))
        return usage_error("requests %s: unknown\nhelp: list, show ID, wait ID "
                           "or cancel ID",
                           what);
    if (v->positional_len < 2)
        return usage_error("requests %s: which request? give an id", what);
    st = full_id(v, v->positional[1], id, sizeof id, &err);
    if (st == PROVERNET_OK && !strcmp(what, "show")) {
        st = fetch(v, id, &o, &err);
        if (st == PROVERNET_OK)
            details(v, o);
        json_decref(o);
    } else if (st == PROVERNET_OK && !strcmp(what, "wait")) {
        st = wait_for(v, id, patience_ms, &err);
    } else if (st == PROVERNET_OK) {
        st = cancel(v, id, &err);
    }
    return st == PROVERNET_OK ? 0 : report_status(st, &err);
}
