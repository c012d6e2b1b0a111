/* cfg/settings.c - see settings.h. */
#include "settings.h"
#include "toml.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { SETTINGS_MAX = 160, FILE_MAX = 1 << 20 };

struct config {
    struct setting s[SETTINGS_MAX];
    char *value[SETTINGS_MAX], *where[SETTINGS_MAX];
    enum setting_origin origin[SETTINGS_MAX];
    size_t len;
};

__attribute__((format(printf, 3, 4))) static provernet_status
fail(provernet_error *err, provernet_status st, const char *format, ...)
{
    va_list ap;

    if (err) {
        err->status = st;
        err->cause = 0;
        va_start(ap, format);
        vsnprintf(err->message, sizeof err->message, format, ap);
        va_end(ap);
    }
    return st;
}

/* ---- the list ---- */

static bool add(struct config *c, const char *name, enum setting_type type,
                int64_t min, int64_t max, const char *def, bool live,
                const char *text, bool library)
{
    struct setting *s = &c->s[c->len];

    if (c->len == SETTINGS_MAX)
        return false;
    *s = (struct setting){ strdup(name), strdup(def), strdup(text), type,
                           min,          max,         live,         library };
    c->len++;
    return s->name && s->def && s->text;
}

static bool add_library(struct config *c, const char *line)
{
    static const char *const types[] = { "TEXT", "INT", "MS", "SIZE", "BOOL" };
    json_t *o = json_loads(line, 0, NULL);
    const char *type = json_string_value(json_object_get(o, "type"));
    const char *name = json_string_value(json_object_get(o, "name"));
    const char *def = json_string_value(json_object_get(o, "default"));
    const char *text = json_string_value(json_object_get(o, "sentence"));
    json_t *live = json_object_get(o, "live");
    enum setting_type t = TEXT;
    bool ok = false;

    for (size_t i = 0; type && i < 5; i++)
        if (!strcmp(type, types[i]))
            t = (enum setting_type)i;
    if (name && def && text)
        ok = add(c, name, t, json_integer_value(json_object_get(o, "min")),
                 json_integer_value(json_object_get(o, "max")), def,
                 json_is_true(live) || json_integer_value(live) == 1, text,
                 true);
    json_decref(o);
    return ok;
}

struct config *config_new(void)
{
    struct config *c = calloc(1, sizeof *c);
    const char *line;
    char dir[512];
    bool ok = c != NULL;

#define X(name, type, min, max, def, live, text)                               \
    ok = ok && add(c, name, type, min, max, def, live, text, false);
    SERVER_SETTINGS(X)
#undef X
    for (size_t i = 0; ok && (line = provernet_options_describe(i)); i++)
        ok = add_library(c, line);
    if (!ok) {
        config_free(c);
        return NULL;
    }
    /* The library knows no home directory; its default is empty. */
    long i = config_find(c, "data.dir");
    default_data_dir(dir, sizeof dir);
    if (i >= 0) {
        free(c->s[i].def);
        c->s[i].def = strdup(dir);
        if (!c->s[i].def) {
            config_free(c);
            return NULL;
        }
    }
    return c;
}

void config_free(struct config *c)
{
    for (size_t i = 0; c && i < c->len; i++) {
        free(c->s[i].name);
        free(c->s[i].def);
        free(c->s[i].text);
        free(c->value[i]);
        free(c->where[i]);
    }
    free(c);
}

size_t config_len(const struct config *c)
{
    return c->len;
}

const struct setting *config_setting(const struct config *c, size_t i)
{
    return &c->s[i];
}

long config_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->len; i++)
        if (!strcmp(c->s[i].name, name))
            return (long)i;
    return -1;
}

/* ---- near words ---- */

/* Edits between two words; two letters changed over count as one. */
static size_t distance(const char *a, const char *b)
{
    enum { MOST = 79 };
    size_t rows[3][MOST + 1], m = strlen(a), n = strlen(b);

    if (m > MOST || n > MOST)
        return MOST;
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *row = rows[i % 3], *last = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[m % 3][n];
}

const char *nearest(const char *word, const char *const *words, size_t n)
{
    size_t best = strlen(word) / 3 + 2;
    const char *found = NULL;

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i]);
        if (d < best) {
            best = d;
            found = words[i];
        }
    }
    return found;
}

static provernet_status unknown(const struct config *c, const char *name,
                                const char *where, provernet_error *err)
{
    const char *names[SETTINGS_MAX], *near;
    const char *last = strrchr(name, '.') ? strrchr(name, '.') + 1 : name;
    char form[100];

    for (size_t i = 0; i < c->len; i++)
        names[i] = c->s[i].name;
    near = nearest(name, names, c->len);
    /* The right word in the wrong table is near, too. */
    for (size_t i = 0; !near && i < c->len; i++)
        if (strrchr(names[i], '.') && !strcmp(strrchr(names[i], '.') + 1, last))
            near = names[i];
    if (!near)
        return fail(err, PROVERNET_ERR_CONFIG,
                    "%.90s: unknown key \"%.60s\"\nhelp: provernet config "
                    "explain lists all keys",
                    where, name);
    setting_form(&c->s[config_find(c, near)], form, sizeof form);
    return fail(err, PROVERNET_ERR_CONFIG,
                "%.70s: unknown key \"%.40s\"\nhelp: did you mean \"%s\"?  "
                "(%s)",
                where, name, near, form);
}

/* ---- values ---- */

static void range_text(const struct setting *s, char *buf, size_t cap)
{
    char low[40], high[40];

    if (s->type == SIZE) {
        units_show_size((uint64_t)s->min, low, sizeof low);
        units_show_size((uint64_t)s->max, high, sizeof high);
    } else if (s->type == MS) {
        units_show_ms(s->min, low, sizeof low);
        units_show_ms(s->max, high, sizeof high);
    } else {
        snprintf(low, sizeof low, "%lld", (long long)s->min);
        snprintf(high, sizeof high, "%lld", (long long)s->max);
    }
    if (s->max == INT64_MAX)
        snprintf(buf, cap, "%s or more", low);
    else
        snprintf(buf, cap, "%s to %s", low, high);
}

void setting_form(const struct setting *s, char *buf, size_t cap)
{
    static const char *const types[] = { "text", "whole number", "duration",
                                         "size", "true or false" };
    char range[90] = "";

    if (s->type == INT || s->type == MS || s->type == SIZE)
        range_text(s, range, sizeof range);
    snprintf(buf, cap, "%s%s%s, default %s", types[s->type], *range ? ", " : "",
             range, *s->def ? s->def : "empty");
}

void setting_environment(const struct setting *s, char *buf, size_t cap)
{
    size_t n = (size_t)snprintf(buf, cap, "PROVERNET_%s", s->name);

    for (size_t i = 10; i < n && i < cap - 1; i++)
        buf[i] = buf[i] == '.'                    ? '_'
                 : buf[i] >= 'a' && buf[i] <= 'z' ? (char)(buf[i] - 32)
                                                  : buf[i];
}

static bool whole(const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return *text && !*end && errno == 0 && *text != ' ';
}

static bool truth(const char *text, int64_t *out)
{
    static const char *const yes[] = { "true", "yes", "on", "1" },
                             *const no[] = { "false", "no", "off", "0" };

    for (size_t i = 0; i < 4; i++) {
        if (!strcasecmp(text, yes[i]))
            return *out = 1, true;
        if (!strcasecmp(text, no[i]))
            return *out = 0, true;
    }
    return false;
}

static bool number_of(const struct setting *s, const char *text, int64_t *out)
{
    switch (s->type) {
    case INT:
        return whole(text, out);
    case MS:
        return units_duration(text, out);
    case SIZE:
        return units_size(text, out);
    case BOOL:
        return truth(text, out);
    default:
        *out = 0;
        return true;
    }
}

static provernet_status check(const struct setting *s, const char *value,
                              const char *where, provernet_error *err)
{
    char form[120];
    int64_t n;

    if (number_of(s, value, &n) &&
        (s->type == TEXT || s->type == BOOL || (n >= s->min && n <= s->max)))
        return PROVERNET_OK;
    setting_form(s, form, sizeof form);
    return fail(err, PROVERNET_ERR_CONFIG,
                "%.60s: %s = \"%.30s\" is not a %s%s", where, s->name, value,
                form,
                s->type == MS     ? "\nhelp: write a number and its unit: "
                                    "250ms, 90s, 10m, 4h"
                : s->type == SIZE ? "\nhelp: write a number and its unit: "
                                    "64KiB, 21.5GiB"
                                  : "");
}

provernet_status config_set(struct config *c, const char *name,
                            const char *value, enum setting_origin origin,
                            const char *where, provernet_error *err)
{
    long i = config_find(c, name);
    char *copy, *from, prefixed[80];
    provernet_status st;

    if (i < 0)
        return unknown(c, name, where, err);
    st = check(&c->s[i], value, where, err);
    if (st == PROVERNET_OK && c->s[i].library) {
        provernet_options *o = provernet_options_new();
        if (!o)
            return PROVERNET_ERR_NOMEM;
        st = provernet_options_set(o, name, value, err);
        provernet_options_free(o);
        if (st != PROVERNET_OK && err) {
            char message[sizeof err->message];
            snprintf(prefixed, sizeof prefixed, "%.70s: ", where);
            memcpy(message, err->message, sizeof message);
            snprintf(err->message, sizeof err->message, "%s%.160s", prefixed,
                     message);
        }
    }
    if (st != PROVERNET_OK)
        return st;
    if (c->value[i] && c->origin[i] > origin)
        return PROVERNET_OK;
    copy = strdup(value);
    from = strdup(where);
    if (!copy || !from) {
        free(copy);
        free(from);
        return fail(err, PROVERNET_ERR_NOMEM, "out of memory");
    }
    free(c->value[i]);
    free(c->where[i]);
    c->value[i] = copy;
    c->where[i] = from;
    c->origin[i] = origin;
    return PROVERNET_OK;
}

const char *config_get(const struct config *c, const char *name)
{
    long i = config_find(c, name);

    return i < 0 ? "" : c->value[i] ? c->value[i] : c->s[i].def;
}

int64_t config_number(const struct config *c, const char *name)
{
    long i = config_find(c, name);
    int64_t n = 0;

    return i >= 0 && number_of(&c->s[i], config_get(c, name), &n) ? n : 0;
}

bool config_is_set(const struct config *c, const char *name)
{
    long i = config_find(c, name);

    return i >= 0 && c->value[i];
}

const char *config_where(const struct config *c, size_t i)
{
    return c->value[i] ? c->where[i] : "default";
}

enum setting_origin config_origin(const struct config *c, size_t i)
{
    return c->value[i] ? c->origin[i] : BY_DEFAULT;
}

provernet_options *config_options(const struct config *c, provernet_error *err)
{
    provernet_options *o = provernet_options_new();

    for (size_t i = 0; o && i < c->len; i++) {
        const char *v = c->value[i] ? c->value[i] : c->s[i].def;
        if (!c->s[i].library ||
            (!c->value[i] && strcmp(c->s[i].name, "data.dir") != 0))
            continue;
        if (provernet_options_set(o, c->s[i].name, v, err) != PROVERNET_OK) {
            provernet_options_free(o);
            return NULL;
        }
    }
    if (!o)
        fail(err, PROVERNET_ERR_NOMEM, "out of memory");
    return o;
}

/* ---- file and environment ---- */

struct reading {
    struct config *c;
    const char *file;
    provernet_error *err;
    provernet_status st;
};

static bool one_value(void *user, const struct toml_value *v)
{
    struct reading *r = user;
    char where[300];

    snprintf(where, sizeof where, "%s:%d", r->file, v->line);
    if (strlen(v->text) != v->text_len)
        r->st = fail(r->err, PROVERNET_ERR_CONFIG,
                     "%.100s: \"%.60s\" contains a NUL byte", where, v->key);
    else
        r->st = config_set(r->c, v->key, v->text, BY_FILE, where, r->err);
    return r->st == PROVERNET_OK;
}

provernet_status config_text(struct config *c, const char *name,
                             const char *text, size_t len, provernet_error *err)
{
    struct reading r = { c, name, err, PROVERNET_OK };
    struct toml_error e;

    if (toml_read(text, len, one_value, &r, &e))
        return PROVERNET_OK;
    if (e.line == 0)
        return r.st;
    return fail(err, PROVERNET_ERR_CONFIG, "%.80s:%d: %s", name, e.line,
                e.message);
}

provernet_status config_file(struct config *c, const char *path,
                             provernet_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *name = strrchr(path, '/');
    provernet_status st = PROVERNET_OK;
    size_t len = 0;
    char *text;
    ssize_t n;

    if (fd < 0)
        return fail(
            err, errno == ENOENT ? PROVERNET_ERR_NOT_FOUND : PROVERNET_ERR_IO,
            "cannot read %.150s: %s", path, strerror(errno));
    text = malloc(FILE_MAX + 1);
    while (text && (n = read(fd, text + len, FILE_MAX + 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    if (!text)
        st = fail(err, PROVERNET_ERR_NOMEM, "out of memory");
    else if (len > FILE_MAX)
        st = fail(err, PROVERNET_ERR_CONFIG, "%.150s is above 1 MiB", path);
    else
        st = config_text(c, name && strlen(path) > 60 ? name + 1 : path, text,
                         len, err);
    free(text);
    return st;
}

/* A name of somebody else's: our own name in the environment wins. */
static provernet_status alias(struct config *c, const char *variable,
                              const char *setting, const char *value,
                              provernet_error *err)
{
    long i = config_find(c, setting);

    if (i < 0 || (c->value[i] && c->origin[i] >= BY_ENVIRONMENT))
        return PROVERNET_OK;
    return config_set(c, setting, value, BY_ENVIRONMENT, variable, err);
}

static provernet_status compatible(struct config *c, const char *variable,
                                   const char *setting, const char *unit,
                                   provernet_error *err)
{
    const char *v = getenv(variable);
    char value[600];

    if (!v || !*v)
        return PROVERNET_OK;
    if (strlen(v) + strlen(unit) >= sizeof value)
        return fail(err, PROVERNET_ERR_CONFIG, "%s is longer than %zu bytes",
                    variable, sizeof value - 1);
    memcpy(value, v, strlen(v));
    memcpy(value + strlen(v), unit, strlen(unit) + 1);
    return alias(c, variable, setting, value, err);
}

static bool port_ok(const char *text)
{
    return *text && strlen(text) <= 5 &&
           strspn(text, "0123456789") == strlen(text);
}

/* GRPC_PORT, HTTP_PORT and THIS_HIEROPHANT_IP say together where it listens
 * and what clients are told. Without an address: this machine only. */
static provernet_status hierophant_address(struct config *c,
                                           provernet_error *err)
{
    const char *ip = getenv("THIS_HIEROPHANT_IP");
    const char *grpc = getenv("GRPC_PORT"), *http = getenv("HTTP_PORT");
    bool named = ip && *ip;
    const char *host = named ? "0.0.0.0" : "127.0.0.1";
    const char *variable = named ? "THIS_HIEROPHANT_IP" : "GRPC_PORT";
    char listen[120], url[160];
    bool bare6 = named && strchr(ip, ':') && *ip != '[';
    provernet_status st;

    grpc = grpc && *grpc ? grpc : named ? "9000" : NULL;
    http = http && *http ? http : named ? "9010" : NULL;
    if (!grpc && !http)
        return PROVERNET_OK;
    if (!grpc)
        variable = "HTTP_PORT";
    if ((grpc && !port_ok(grpc)) || (http && !port_ok(http)))
        return fail(err, PROVERNET_ERR_CONFIG, "%s = \"%.40s\" is not a port",
                    grpc && !port_ok(grpc) ? "GRPC_PORT" : "HTTP_PORT",
                    grpc && !port_ok(grpc) ? grpc : http);
    if (grpc && http && strcmp(grpc, http) != 0)
        snprintf(listen, sizeof listen, "%s:%s,%s:%s", host, grpc, host, http);
    else
        snprintf(listen, sizeof listen, "%s:%s", host, grpc ? grpc : http);
    st = alias(c, variable, "server.listen", listen, err);
    if (st != PROVERNET_OK || !named)
        return st;
    snprintf(url, sizeof url, "http://%s%.100s%s:%s", bare6 ? "[" : "", ip,
             bare6 ? "]" : "", http);
    return alias(c, variable, "http.public_url", url, err);
}

/* RUST_LOG is everybody's: it counts where Hierophant's own name is set, and
 * only if it is a plain level. */
static provernet_status hierophant_log(struct config *c, provernet_error *err)
{
    static const char *const levels[] = { "error", "warn", "info", "debug",
                                          "trace" };
    const char *v = getenv("RUST_LOG"), *ip = getenv("THIS_HIEROPHANT_IP");

    for (size_t i = 0; v && ip && *ip && i < 5; i++)
        if (!strcmp(v, levels[i]))
            return alias(c, "RUST_LOG", "log.level", v, err);
    return PROVERNET_OK;
}

provernet_status config_environment(struct config *c, provernet_error *err)
{
    static const struct {
        const char *variable, *setting, *unit;
    } names[] = {
        { "NETWORK_RPC_URL", "client.url", "" },
        { "PROVERNET_CPU", "engine.cpu", "" },
        /* Hierophant's */
        { "MOCK_MODE", "node.mock", "" },
        { "ARTIFACT_STORE_DIRECTORY", "data.dir", "" },
        { "MAX_WORKER_STRIKES", "contemplant.strikes_max", "" },
        { "MAX_WORKER_HEARTBEAT_INTERVAL_SECS", "contemplant.silence", "s" },
        { "WORKER_RESPONSE_TIMEOUT_SECS", "contemplant.answer", "s" },
        { "PROOF_TIMEOUT_MINS", "contemplant.proof_timeout", "m" },
        { "WORKER_REQUIRED_PROGRESS_INTERVAL_MINS",
          "contemplant.progress_timeout", "m" },
    };
    provernet_status st = PROVERNET_OK;
    char name[120];

    for (size_t i = 0; i < c->len && st == PROVERNET_OK; i++) {
        const char *v;
        setting_environment(&c->s[i], name, sizeof name);
        v = getenv(name);
        if (v && *v)
            st = config_set(c, c->s[i].name, v, BY_ENVIRONMENT, name, err);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names && st == PROVERNET_OK;
         i++)
        st = compatible(c, names[i].variable, names[i].setting, names[i].unit,
                        err);
    if (st == PROVERNET_OK)
        st = hierophant_address(c, err);
    return st == PROVERNET_OK ? hierophant_log(c, err) : st;
}

/* ---- places ---- */

static void place(char *buf, size_t cap, const char *xdg, const char *home_sub,
                  const char *root)
{
    const char *x = getenv(xdg), *home = getenv("HOME");

    if (x && *x == '/')
        snprintf(buf, cap, "%s/provernet", x);
    else if (geteuid() != 0 && home && *home)
        snprintf(buf, cap, "%s/%s/provernet", home, home_sub);
    else
        snprintf(buf, cap, "%s", root);
}

void default_data_dir(char *buf, size_t cap)
{
    place(buf, cap, "XDG_DATA_HOME", ".local/share", "/var/lib/provernet");
}

void default_config_dir(char *buf, size_t cap)
{
    place(buf, cap, "XDG_CONFIG_HOME", ".config", "/etc/provernet");
}

const char *config_path(const char *flag, char *buf, size_t cap, bool *must)
{
    const char *variable = getenv("PROVERNET_CONFIG");
    char dir[480];

    *must = true;
    if (flag)
        return flag;
    if (variable && *variable)
        return variable;
    *must = false;
    default_config_dir(dir, sizeof dir);
    snprintf(buf, cap, "%s/provernet.toml", dir);
    if (access(buf, F_OK) == 0)
        return buf;
    snprintf(buf, cap, "/etc/provernet/provernet.toml");
    return access(buf, F_OK) == 0 ? buf : NULL;
}
