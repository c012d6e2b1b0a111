/* base/settings.c - see settings.h. */
#include "base/settings.h"
#include "base/error.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum type { TEXT, INT, MS, SIZE, BOOL } type;
static const char *const type_names[] = { "text", "number", "duration", "size",
                                          "boolean" };

typedef struct row {
    const char *name;
    type type;
    int64_t min, max;
    const char *def;
    bool live;
    const char *text, *json;
} row;

static const row rows[PVN_SETTINGS_LEN] = {
#define X(id, name, type, min, max, def, live, text)                           \
    { name,                                                                    \
      type,                                                                    \
      min,                                                                     \
      max,                                                                     \
      def,                                                                     \
      live,                                                                    \
      text,                                                                    \
      "{\"name\":\"" name "\",\"type\":\"" #type "\",\"min\":" #min            \
      ",\"max\":" #max ",\"default\":\"" def "\",\"live\":" #live              \
      ",\"sentence\":\"" text "\"}" },
    PVN_SETTINGS(X)
#undef X
};

struct provernet_options {
    char *value[PVN_SETTINGS_LEN]; /* NULL: the default */
};

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;
static const unit durations[] = { { "ms", 1 },       { "s", 1000 },
                                  { "m", 60000 },    { "h", 3600000 },
                                  { "d", 86400000 }, { NULL, 0 } };
static const unit sizes[] = { { "B", 1 },
                              { "KiB", 1024 },
                              { "MiB", INT64_C(1) << 20 },
                              { "GiB", INT64_C(1) << 30 },
                              { "TiB", INT64_C(1) << 40 },
                              { "KB", 1000 },
                              { "MB", 1000000 },
                              { "GB", 1000000000 },
                              { "TB", INT64_C(1000000000000) },
                              { NULL, 0 } };

/* Digits with an optional fraction: *whole and *millionths. By hand, because
 * strtod follows the host's locale. Returns what follows, or NULL. */
static const char *decimal(const char *s, int64_t *whole, int64_t *millionths)
{
    int64_t place = 100000;

    if (*s < '0' || *s > '9')
        return NULL;
    for (*whole = 0; *s >= '0' && *s <= '9'; s++) {
        if (*whole > INT64_MAX / 10 - 1)
            return NULL;
        *whole = *whole * 10 + (*s - '0');
    }
    *millionths = 0;
    if (*s != '.')
        return s;
    for (s++; *s >= '0' && *s <= '9'; s++, place /= 10)
        *millionths += (*s - '0') * place;
    return s;
}

/* A number, then a unit: sum into *total. Returns what follows, or NULL. */
static const char *quantity(const char *s, const unit *units, int64_t *total)
{
    int64_t whole, millionths, value;
    size_t len = 0;

    s = decimal(s, &whole, &millionths);
    if (!s)
        return NULL;
    while ((s[len] | 0x20) >= 'a' && (s[len] | 0x20) <= 'z')
        len++;
    for (const unit *u = units; u->name; u++) {
        if (strlen(u->name) != len || strncasecmp(u->name, s, len) != 0)
            continue;
        if (__builtin_mul_overflow(whole, u->factor, &value) ||
            __builtin_add_overflow(value,
                                   (int64_t)((long double)millionths *
                                             (long double)u->factor / 1000000),
                                   &value) ||
            __builtin_add_overflow(*total, value, total))
            return NULL;
        return s + len;
    }
    return NULL;
}

static bool parse_units(const char *text, const unit *units, int64_t *out)
{
    int64_t total = 0;

    if (strcmp(text, "0") == 0) {
        *out = 0;
        return true;
    }
    do {
        text = quantity(text, units, &total);
    } while (text && *text);
    if (!text)
        return false;
    *out = total;
    return true;
}

bool pvn_parse_duration(const char *text, int64_t *ms)
{
    return parse_units(text, durations, ms);
}

bool pvn_parse_size(const char *text, int64_t *bytes)
{
    return parse_units(text, sizes, bytes);
}

static bool parse_int(const char *text, int64_t *out)
{
    char *end;
    long long v;

    if ((*text < '0' || *text > '9') && *text != '-')
        return false;
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *out = v;
    return true;
}

static bool parse_bool(const char *text, int64_t *out)
{
    static const char *const words[] = { "false", "true", "no", "yes",
                                         "off",   "on",   "0",  "1" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i]) == 0) {
            *out = (int64_t)(i & 1);
            return true;
        }
    return false;
}

static bool parse(const row *r, const char *text, int64_t *out)
{
    switch (r->type) {
    case TEXT:
        *out = 0;
        return true;
    case INT:
        return parse_int(text, out);
    case MS:
        return pvn_parse_duration(text, out);
    case SIZE:
        return pvn_parse_size(text, out);
    case BOOL:
        return parse_bool(text, out);
    }
    return false;
}

/* Levenshtein distance, for short words only. */
static size_t distance(const char *a, const char *b)
{
    size_t line[64], la = strlen(a), lb = strlen(b);

    if (la >= 63 || lb >= 63)
        return 99;
    for (size_t j = 0; j <= lb; j++)
        line[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = line[0];

        line[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t up = line[j], best = diagonal + (a[i - 1] != b[j - 1]);

            if (up + 1 < best)
                best = up + 1;
            if (line[j - 1] + 1 < best)
                best = line[j - 1] + 1;
            line[j] = best;
            diagonal = up;
        }
    }
    return line[lb];
}

static provernet_status unknown_name(const char *name, provernet_error *err)
{
    const row *best = &rows[0];
    size_t best_distance = 99;

    for (size_t i = 0; i < PVN_SETTINGS_LEN; i++) {
        size_t d = distance(name, rows[i].name);

        if (d < best_distance) {
            best_distance = d;
            best = &rows[i];
        }
    }
    if (best_distance > 4)
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "unknown setting \"%s\"\nhelp: provernet config show "
                        "lists all",
                        name);
    return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                    "unknown setting \"%s\"\nhelp: did you mean \"%s\"?  (%s, "
                    "default %s)",
                    name, best->name, type_names[best->type],
                    best->def[0] ? best->def : "empty");
}

static int find(const char *name)
{
    for (int i = 0; i < PVN_SETTINGS_LEN; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

provernet_options *provernet_options_new(void)
{
    return calloc(1, sizeof(provernet_options));
}

void provernet_options_free(provernet_options *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < PVN_SETTINGS_LEN; i++)
        free(o->value[i]);
    free(o);
}

provernet_options *pvn_options_copy(const provernet_options *o)
{
    provernet_options *copy = provernet_options_new();

    for (size_t i = 0; copy && o && i < PVN_SETTINGS_LEN; i++) {
        if (!o->value[i])
            continue;
        copy->value[i] = strdup(o->value[i]);
        if (!copy->value[i]) {
            provernet_options_free(copy);
            return NULL;
        }
    }
    return copy;
}

provernet_status provernet_options_set(provernet_options *o, const char *name,
                                       const char *value, provernet_error *err)
{
    int64_t number;
    char *copy;
    int i;

    if (!o || !name || !value)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "options_set needs options, a name and a value");
    i = find(name);
    if (i < 0)
        return unknown_name(name, err);
    if (!parse(&rows[i], value, &number))
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "%s is \"%.40s\", expected a %s%s", name, value,
                        type_names[rows[i].type],
                        rows[i].type == MS     ? " with a unit, such as 90s"
                        : rows[i].type == SIZE ? " with a unit, such as 2GiB"
                                               : "");
    if (rows[i].type != TEXT && (number < rows[i].min || number > rows[i].max))
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "%s is %s, allowed is %" PRId64 " to %" PRId64 "%s",
                        name, value, rows[i].min, rows[i].max,
                        rows[i].type == MS     ? " ms"
                        : rows[i].type == SIZE ? " bytes"
                                               : "");
    copy = strdup(value);
    if (!copy)
        return pvn_nomem(err);
    free(o->value[i]);
    o->value[i] = copy;
    return PROVERNET_OK;
}

const char *pvn_setting_text(const provernet_options *o, pvn_setting s)
{
    return o && o->value[s] ? o->value[s] : rows[s].def;
}

int64_t pvn_setting_int(const provernet_options *o, pvn_setting s)
{
    int64_t number = 0;

    /* Values were checked when set; defaults are checked by a test. */
    parse(&rows[s], pvn_setting_text(o, s), &number);
    return number;
}

const char *provernet_options_get(const provernet_options *o, const char *name)
{
    int i = find(name);

    return i < 0 ? NULL : pvn_setting_text(o, (pvn_setting)i);
}

const char *provernet_options_describe(size_t i)
{
    return i < PVN_SETTINGS_LEN ? rows[i].json : NULL;
}

bool pvn_list_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (list && *list) {
        size_t n;

        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n == len && strncmp(list, word, len) == 0)
            return true;
        list += n;
    }
    return false;
}
