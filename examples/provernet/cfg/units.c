/* cfg/units.c - see units.h. */
#include "units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
    { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 },
};
static const struct unit sizes[] = {
    { "B", 1 },
    { "KiB", INT64_C(1) << 10 },
    { "MiB", INT64_C(1) << 20 },
    { "GiB", INT64_C(1) << 30 },
    { "TiB", INT64_C(1) << 40 },
    { "KB", 1000 },
    { "MB", 1000000 },
    { "GB", 1000000000 },
    { "TB", INT64_C(1000000000000) },
    { NULL, 0 },
};

static bool scale(int64_t whole, int64_t millionths, int64_t factor,
                  int64_t *total)
{
    int64_t v;

    if (__builtin_mul_overflow(whole, factor, &v) ||
        __builtin_add_overflow(v,
                               millionths * (factor / 1000) / 1000 +
                                   millionths * (factor % 1000) / 1000000,
                               &v))
        return false;
    return !__builtin_add_overflow(*total, v, total);
}

static bool parse(const char *s, const struct unit *units, int64_t *out)
{
    int64_t total = 0;

    if (strcmp(s, "0") == 0) {
        *out = 0;
        return true;
    }
    if (!*s)
        return false;
    while (*s) {
        int64_t whole = 0, millionths = 0, place = 100000;
        const struct unit *u = units;
        size_t len = 0;
        if (*s < '0' || *s > '9')
            return false;
        for (; *s >= '0' && *s <= '9'; s++)
            if (__builtin_mul_overflow(whole, 10, &whole) ||
                __builtin_add_overflow(whole, *s - '0', &whole))
                return false;
        if (*s == '.')
            for (s++; *s >= '0' && *s <= '9'; s++, place /= 10)
                millionths += (*s - '0') * place;
        while ((s[len] | 0x20) >= 'a' && (s[len] | 0x20) <= 'z')
            len++;
        while (u->name &&
               (strlen(u->name) != len || strncasecmp(u->name, s, len) != 0))
            u++;
        if (!u->name || !scale(whole, millionths, u->factor, &total))
            return false;
        s += len;
    }
    *out = total;
    return true;
}

bool units_duration(const char *text, int64_t *ms)
{
    return parse(text, durations, ms);
}

bool units_size(const char *text, int64_t *bytes)
{
    return parse(text, sizes, bytes);
}

void units_show_size(uint64_t bytes, char *buf, size_t cap)
{
    static const char *const names[] = { "KiB", "MiB", "GiB", "TiB" };
    double v = (double)bytes / 1024;
    size_t i = 0;

    if (bytes < 1024) {
        snprintf(buf, cap, "%u B", (unsigned)bytes);
        return;
    }
    for (; v >= 1024 && i < 3; i++)
        v /= 1024;
    snprintf(buf, cap, v < 10 ? "%.1f %s" : "%.0f %s", v, names[i]);
}

void units_show_ms(int64_t ms, char *buf, size_t cap)
{
    if (ms < 1000)
        snprintf(buf, cap, "%lld ms", (long long)ms);
    else if (ms < 60000)
        snprintf(buf, cap, "%.1f s", (double)ms / 1000);
    else if (ms < 3600000)
        snprintf(buf, cap, "%lld min", (long long)(ms / 60000));
    else if (ms < 48 * 3600000LL)
        snprintf(buf, cap, "%.1f h", (double)ms / 3600000);
    else
        snprintf(buf, cap, "%lld d", (long long)(ms / 86400000));
}
