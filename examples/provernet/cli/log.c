/* cli/log.c - text for terminals, JSON lines for machines, journald levels
 * under systemd; a flood of one event is folded into one line a minute. */
#include "log.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RULES = 16, FOLDS = 64, FOLD_AFTER = 100, LINE_MAX_BYTES = 4096 };

static struct {
    pthread_mutex_t lock;
    bool json, journal;
    int level;
    struct {
        char prefix[40];
        int level;
    } rules[RULES];
    size_t rules_len;
    struct {
        char event[40];
        int64_t since; /* seconds */
        unsigned count, folded;
    } folds[FOLDS];
    size_t folds_len;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = 2 };

static const char *const levels[] = { "error", "warn", "info", "debug",
                                      "trace" };

static int level_of(const char *s, size_t len)
{
    for (int i = 0; i < 5; i++)
        if (strlen(levels[i]) == len && !memcmp(levels[i], s, len))
            return i;
    return -1;
}

bool log_setup(const char *level, const char *format)
{
    bool json = !strcmp(format, "json"), ok = true;

    if (!strcmp(format, "auto"))
        json = !isatty(2);
    else if (!json && strcmp(format, "text") != 0)
        return false;
    pthread_mutex_lock(&state.lock);
    state.json = json;
    state.journal = getenv("JOURNAL_STREAM") != NULL && !isatty(2);
    state.rules_len = 0;
    for (const char *p = level; *p && ok;) {
        size_t len = strcspn(p, ",");
        const char *eq = memchr(p, '=', len);
        int n = eq ? level_of(eq + 1, (size_t)(p + len - eq) - 1)
                   : level_of(p, len);
        if (n < 0 || (eq && (state.rules_len == RULES || eq - p > 38))) {
            ok = false;
        } else if (eq) {
            snprintf(state.rules[state.rules_len].prefix, 40, "%.*s",
                     (int)(eq - p), p);
            state.rules[state.rules_len++].level = n;
        } else {
            state.level = n;
        }
        p += len + (p[len] == ',');
    }
    pthread_mutex_unlock(&state.lock);
    return ok;
}

static bool wanted(int level, const char *event)
{
    for (size_t i = 0; i < state.rules_len; i++)
        if (!strncmp(event, state.rules[i].prefix,
                     strlen(state.rules[i].prefix)))
            return level <= state.rules[i].level;
    return level <= state.level;
}

/* Errors are never folded. *before: how many lines were left out until now. */
static bool fold(int level, const char *event, int64_t now, unsigned *before)
{
    size_t i;

    *before = 0;
    if (level == 0)
        return false;
    for (i = 0; i < state.folds_len; i++)
        if (!strcmp(state.folds[i].event, event))
            break;
    if (i == state.folds_len) {
        if (i == FOLDS)
            return false;
        snprintf(state.folds[i].event, 40, "%s", event);
        state.folds[i].since = now;
        state.folds[i].count = state.folds[i].folded = 0;
        state.folds_len++;
    }
    if (now - state.folds[i].since >= 60) {
        *before = state.folds[i].folded;
        state.folds[i].since = now;
        state.folds[i].count = state.folds[i].folded = 0;
    }
    if (++state.folds[i].count <= FOLD_AFTER)
        return false;
    state.folds[i].folded++;
    return true;
}

/* "event":"..." of a line. */
static void event_name(const char *json, char *out, size_t cap)
{
    const char *p = strstr(json, "\"event\":\"");
    size_t n = 0;

    for (p = p ? p + 9 : ""; *p && *p != '"' && n + 1 < cap; p++)
        out[n++] = *p;
    out[n] = 0;
}

static bool is_long_id(const char *s, size_t len)
{
    if (len < 32)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isxdigit((unsigned char)s[i]))
            return false;
    return true;
}

/* {"event":"a.b","k":"v",...} as "a.b  k=v ...": flat objects only, which is
 * what events are; anything else is passed on as it is. */
static size_t as_text(char *out, size_t cap, const char *json,
                      const char *event)
{
    size_t n = (size_t)snprintf(out, cap, "%-20s", event);
    const char *p = *json == '{' ? json + 1 : json;

    while (*p == '"' && n + 8 < cap) {
        const char *key = ++p, *value;
        size_t key_len, len;
        bool quoted;
        p += strcspn(p, "\"");
        key_len = (size_t)(p - key);
        if (strncmp(p, "\":", 2) != 0)
            break;
        p += 2;
        quoted = *p == '"';
        value = quoted ? ++p : p;
        while (*p && (quoted ? *p != '"' : *p != ',' && *p != '}'))
            p += *p == '\\' && p[1] ? 2 : 1;
        len = (size_t)(p - value);
        if (quoted && *p)
            p++;
        if (key_len != 5 || memcmp(key, "event", 5) != 0) {
            bool spaces = memchr(value, ' ', len) != NULL;
            int r;
            if (is_long_id(value, len))
                len = 8;
            r = snprintf(out + n, cap - n, " %.*s=%s%.*s%s", (int)key_len, key,
                         spaces ? "\"" : "", (int)len, value,
                         spaces ? "\"" : "");
            n += r > 0 ? (size_t)r : 0;
        }
        if (*p == ',')
            p++;
    }
    return n < cap ? n : cap - 1;
}

void log_line(void *user, int level, const char *json_line)
{
    static const char *const shown[] = { "ERROR", "WARN ", "INFO ", "DEBUG",
                                         "TRACE" };
    char line[LINE_MAX_BYTES + 200], event[40], date[40];
    struct timespec t;
    struct tm tm;
    unsigned before;
    size_t n;
    int k;

    (void)user;
    if (level < 0 || level > 4)
        return;
    event_name(json_line, event, sizeof event);
    clock_gettime(CLOCK_REALTIME, &t);
    pthread_mutex_lock(&state.lock);
    if (!wanted(level, event) || fold(level, event, t.tv_sec, &before)) {
        pthread_mutex_unlock(&state.lock);
        return;
    }
    if (state.json) {
        gmtime_r(&t.tv_sec, &tm);
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
        k = snprintf(line, sizeof line,
                     "{\"ts\":\"%s.%03ldZ\",\"level\":\"%s\",%.*s\n", date,
                     t.tv_nsec / 1000000, levels[level], LINE_MAX_BYTES,
                     *json_line == '{' ? json_line + 1 : json_line);
        n = (size_t)k < sizeof line ? (size_t)k : sizeof line - 1;
    } else {
        static const int priority[] = { 3, 4, 6, 7, 7 };
        localtime_r(&t.tv_sec, &tm);
        strftime(date, sizeof date, "%H:%M:%S", &tm);
        if (state.journal)
            k = snprintf(line, sizeof line, "<%d>", priority[level]);
        else
            k = snprintf(line, sizeof line, "%s.%03ld %s ", date,
                         t.tv_nsec / 1000000, shown[level]);
        n = (size_t)k;
        n += as_text(line + n, LINE_MAX_BYTES, json_line, event);
        if (before)
            n += (size_t)snprintf(line + n, 64, " ...and %u more in 60 s",
                                  before);
        line[n++] = '\n';
    }
    if (write(2, line, n) < 0)
        n = 0; /* nobody reads the log: nothing can be done about it */
    pthread_mutex_unlock(&state.lock);
}

void log_event(int level, const char *event, ...)
{
    char line[1024];
    size_t n = (size_t)snprintf(line, sizeof line, "{\"event\":\"%s\"", event);
    const char *key;
    va_list ap;

    va_start(ap, event);
    while ((key = va_arg(ap, const char *)) && n < sizeof line - 80) {
        const char *v = va_arg(ap, const char *);
        n += (size_t)snprintf(line + n, sizeof line - n, ",\"%s\":\"", key);
        for (; *v && n < sizeof line - 16; v++) {
            if (*v == '"' || *v == '\\')
                line[n++] = '\\';
            line[n++] = (unsigned char)*v < 0x20 ? ' ' : *v;
        }
        line[n++] = '"';
    }
    va_end(ap);
    line[n++] = '}';
    line[n] = 0;
    log_line(NULL, level, line);
}
