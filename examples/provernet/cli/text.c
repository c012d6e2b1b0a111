/* cli/text.c - messages to people, and the small tools around them. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool use_color(FILE *f)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

    return isatty(fileno(f)) && !(no && *no) && term && strcmp(term, "dumb");
}

/* The message's further lines are moved in by two spaces, if they are not. */
static void lines(const char *message)
{
    for (const char *p = message; *p; p++) {
        fputc(*p, stderr);
        if (*p == '\n' && strncmp(p + 1, "  ", 2) != 0)
            fputs("  ", stderr);
    }
    fputc('\n', stderr);
}

int report_error(const provernet_error *err)
{
    const char *name = provernet_status_name(err->status);
    bool color = use_color(stderr);

    fflush(stdout);
    fprintf(stderr, "%serror:%s ", color ? "\033[31m" : "",
            color ? "\033[0m" : "");
    lines(*err->message ? err->message : provernet_status_text(err->status));
    fprintf(stderr, "  code: %-24s provernet explain %s\n", name, name);
    return provernet_status_exit(err->status);
}

int report_status(provernet_status st, const provernet_error *err)
{
    provernet_error e = { .status = st };

    if (err && err->status == st)
        e = *err;
    return report_error(&e);
}

provernet_status set_error(provernet_error *err, provernet_status st,
                           const char *format, ...)
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

int complain(provernet_status st, const char *format, ...)
{
    provernet_error e = { .status = st };
    va_list ap;

    va_start(ap, format);
    vsnprintf(e.message, sizeof e.message, format, ap);
    va_end(ap);
    return report_error(&e);
}

int usage_error(const char *format, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fflush(stdout);
    fputs("error: ", stderr);
    lines(text);
    return EXIT_USAGE;
}

void warning(const char *format, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fputs("warn: ", stderr);
    lines(text);
}

void json_text(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20)
            fprintf(f, "\\u%04x", c);
        else
            fputc(c, f);
    }
    fputc('"', f);
}

void to_hex(char *out, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", p[i]);
    out[2 * len] = 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool from_hex(void *out, size_t len, const char *hex)
{
    uint8_t *p = out;

    if (hex[0] == '0' && (hex[1] == 'x' || hex[1] == 'X'))
        hex += 2;
    if (strlen(hex) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int a = digit(hex[2 * i]), b = digit(hex[2 * i + 1]);
        if (a < 0 || b < 0)
            return false;
        p[i] = (uint8_t)(a * 16 + b);
    }
    return true;
}

int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t steady_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
