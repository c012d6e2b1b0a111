/* cmd/artifacts.c - `provernet artifacts`: bytes to and from a server. */
#include "../cli/cli.h"
#include "../wire/http.h"
#include "../wire/succinct.h"

#include <string.h>

static int type_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } types[] = { { "program", SUCCINCT_PROGRAM },
                  { "stdin", SUCCINCT_STDIN },
                  { "proof", SUCCINCT_PROOF },
                  { "private-stdin", SUCCINCT_PRIVATE_STDIN } };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(name, types[i].name))
            return types[i].number;
    return 0;
}

static provernet_status put(struct invocation *v, const char *file, int type,
                            provernet_error *err)
{
    char uri[1024], url[1024];
    provernet_key *key = NULL;
    struct succinct s = { 0 };
    provernet_status st = client_key(v, &key, err);

    if (st == PROVERNET_OK)
        st = succinct_open(&s, config_get(v->config, "client.url"), key, err);
    if (st == PROVERNET_OK)
        st = succinct_artifact(&s, type, uri, url, sizeof uri, err);
    if (st == PROVERNET_OK)
        st = http_put_file(url, file, err);
    if (st == PROVERNET_OK && flag_value(v, "json")) {
        printf("{\"uri\":");
        json_text(stdout, uri);
        printf(",\"url\":");
        json_text(stdout, url);
        printf("}\n");
    } else if (st == PROVERNET_OK) {
        printf("%s\n", uri);
    }
    succinct_close(&s);
    provernet_key_free(key);
    return st;
}

/* An address as it stands, or an id below the configured server. */
static void address(struct invocation *v, const char *given, char *buf,
                    size_t cap)
{
    const char *url = config_get(v->config, "client.url");

    if (strstr(given, "://"))
        snprintf(buf, cap, "%s", given);
    else
        snprintf(buf, cap, "%s%s/artifacts/%s",
                 strstr(url, "://") ? "" : "http://", url, given);
}

/* What the store holds, by the server's metrics: names of artifacts are
 * secrets of those who made them, so no server lists them. */
static provernet_status list(struct invocation *v, provernet_error *err)
{
    const char *server = config_get(v->config, "client.url");
    struct buffer body;
    char url[700], *save = NULL;
    provernet_status st;

    snprintf(url, sizeof url, "%s%s/metrics",
             strstr(server, "://") ? "" : "http://", server);
    st = http_get(url, &body, 16 << 20, err);
    if (st == PROVERNET_OK && buffer_append(&body, "", 1) != 0)
        st = PROVERNET_ERR_NOMEM;
    for (char *line = st == PROVERNET_OK
                          ? strtok_r((char *)buffer_at(&body), "\n", &save)
                          : NULL;
         line; line = strtok_r(NULL, "\n", &save)) {
        char *value = strrchr(line, ' ');
        if (!value || (strncmp(line, "provernet_store_", 16) != 0 &&
                       strncmp(line, "provernet_artifact", 18) != 0))
            continue;
        *value++ = 0;
        if (flag_value(v, "json")) {
            printf("{\"name\":");
            json_text(stdout, line + strlen("provernet_"));
            printf(",\"value\":%s}\n", value);
        } else {
            printf("%-40s %s\n", line + strlen("provernet_"), value);
        }
    }
    buffer_free(&body);
    return st;
}

int cmd_artifacts(struct invocation *v)
{
    const char *what = v->positional_len ? v->positional[0] : "ls";
    const char *type = flag_value(v, "type"), *out = flag_value(v, "out");
    provernet_error err = { 0 };
    provernet_status st;
    char url[1200];
    int code = load_config(v);

    if (code != 0)
        return code;
    if (!strcmp(what, "ls")) {
        st = list(v, &err);
    } else if (strcmp(what, "put") && strcmp(what, "get")) {
        return usage_error("artifacts %s: unknown\nhelp: ls, put FILE or get "
                           "ID",
                           what);
    } else if (v->positional_len < 2) {
        return usage_error("artifacts %s: which one?", what);
    } else if (!strcmp(what, "put")) {
        int number = type_number(type ? type : "stdin");
        if (!number)
            return usage_error("--type %s: program, stdin, private-stdin or "
                               "proof",
                               type);
        st = put(v, v->positional[1], number, &err);
    } else {
        const char *name = strrchr(v->positional[1], '/');
        address(v, v->positional[1], url, sizeof url);
        st = http_get_file(url,
                           out    ? out
                           : name ? name + 1
                                  : v->positional[1],
                           &err);
    }
    return st == PROVERNET_OK ? 0 : report_status(st, &err);
}
