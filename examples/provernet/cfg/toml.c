/* cfg/toml.c - see toml.h. A recursive descent over the text; every name that
 * was set is remembered, because TOML forbids setting it twice. */
#include "toml.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 256, VALUE_MAX = 16384, DEPTH_MAX = 16, NAMES_MAX = 4096 };

struct reader {
    const char *at, *end;
    int line;
    toml_visit *visit;
    void *user;
    struct toml_error *e;
    char table[KEY_MAX]; /* "a.b." of the present table */
    char **names;        /* what was set: "=key"; a table: "[key" */
    size_t names_len;
    char *value; /* VALUE_MAX */
};

__attribute__((format(printf, 2, 3))) static bool bad(struct reader *r,
                                                      const char *format, ...)
{
    va_list ap;

    r->e->line = r->line;
    va_start(ap, format);
    vsnprintf(r->e->message, sizeof r->e->message, format, ap);
    va_end(ap);
    return false;
}

static int peek(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : -1;
}

static void blanks(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->at++;
}

/* An optional comment and the end of the line. */
static bool line_end(struct reader *r)
{
    blanks(r);
    if (peek(r) == '#')
        while (peek(r) >= 0 && peek(r) != '\n') {
            if ((peek(r) < 0x20 && peek(r) != '\t' && peek(r) != '\r') ||
                peek(r) == 0x7f)
                return bad(r, "control byte 0x%02x in a comment", peek(r));
            r->at++;
        }
    if (peek(r) == '\r')
        r->at++;
    if (peek(r) < 0)
        return true;
    if (peek(r) != '\n')
        return bad(r, "unexpected \"%c\" after the value",
                   peek(r) >= 0x20 && peek(r) < 0x7f ? peek(r) : '?');
    r->at++;
    r->line++;
    return true;
}

/* Blanks, comments and line ends, as inside of arrays. */
static bool space(struct reader *r)
{
    for (;;) {
        blanks(r);
        if (peek(r) != '#' && peek(r) != '\n' && peek(r) != '\r')
            return true;
        if (!line_end(r))
            return false;
    }
}

/* ---- names that are taken ---- */

static bool remember(struct reader *r, char kind, const char *key)
{
    char *copy;

    if (r->names_len == NAMES_MAX)
        return bad(r, "more than %d keys", NAMES_MAX);
    copy = malloc(strlen(key) + 2);
    if (!copy)
        return bad(r, "out of memory");
    copy[0] = kind;
    memcpy(copy + 1, key, strlen(key) + 1);
    r->names[r->names_len++] = copy;
    return true;
}

static bool taken(const struct reader *r, char kind, const char *key)
{
    for (size_t i = 0; i < r->names_len; i++)
        if (r->names[i][0] == kind && strcmp(r->names[i] + 1, key) == 0)
            return true;
    return false;
}

/* A new value ('=') or inline table ('['): no value may have its name or one
 * of its beginnings, and no table its name. */
static bool claim(struct reader *r, const char *key, char kind)
{
    char part[KEY_MAX];

    snprintf(part, sizeof part, "%s", key);
    if (taken(r, '[', part))
        return bad(r, "\"%s\" is a table already", part);
    for (char *dot = part + strlen(part);; *dot = 0) {
        if (taken(r, '=', part))
            return bad(r, "\"%s\" is set twice", part);
        dot = strrchr(part, '.');
        if (!dot)
            break;
    }
    return remember(r, kind, key);
}

/* ---- strings and keys ---- */

static bool put_utf8(char *out, size_t *len, size_t cap, uint32_t c)
{
    char b[4];
    size_t n;

    if (c < 0x80) {
        b[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        b[0] = (char)(0xC0 | c >> 6);
        b[1] = (char)(0x80 | (c & 63));
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (char)(0xE0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 63));
        b[2] = (char)(0x80 | (c & 63));
        n = 3;
    } else {
        b[0] = (char)(0xF0 | c >> 18);
        b[1] = (char)(0x80 | (c >> 12 & 63));
        b[2] = (char)(0x80 | (c >> 6 & 63));
        b[3] = (char)(0x80 | (c & 63));
        n = 4;
    }
    if (*len + n >= cap)
        return false;
    memcpy(out + *len, b, n);
    *len += n;
    return true;
}

/* After a backslash. The code point, or UINT32_MAX. */
static uint32_t escape(struct reader *r)
{
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    int c = peek(r), digits;
    const char *p;
    uint32_t v = 0;

    if (c <= 0)
        return UINT32_MAX;
    r->at++;
    p = strchr(from, c);
    if (p)
        return (uint32_t)to[p - from];
    if (c != 'u' && c != 'U')
        return UINT32_MAX;
    for (digits = c == 'u' ? 4 : 8; digits; digits--, r->at++) {
        c = peek(r);
        if (c >= '0' && c <= '9')
            v = v * 16 + (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v * 16 + (uint32_t)((c | 32) - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return v == 0 || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000) ? UINT32_MAX
                                                                 : v;
}

/* "basic" or 'literal', appended to out; *len grows. */
static bool string(struct reader *r, char *out, size_t *len, size_t cap)
{
    int quote = *r->at++;

    if (r->end - r->at >= 2 && r->at[0] == quote && r->at[1] == quote)
        return bad(r, "multi-line strings are not supported here");
    for (;;) {
        int c = peek(r);
        uint32_t v;
        if (c < 0 || c == '\n')
            return bad(r, "a string without its closing %c", quote);
        r->at++;
        if (c == quote)
            return true;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return bad(r, "control byte 0x%02x in a string", c);
        if (c == '\\' && quote == '"') {
            v = escape(r);
            if (v == UINT32_MAX)
                return bad(r, "unknown escape in a string");
            if (!put_utf8(out, len, cap, v))
                return bad(r, "a value longer than %zu bytes", cap);
        } else {
            if (*len + 1 >= cap)
                return bad(r, "a value longer than %zu bytes", cap);
            out[(*len)++] = (char)c;
        }
    }
}

static bool is_bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A dotted key, appended to key[0..len). */
static bool dotted(struct reader *r, char *key, size_t len)
{
    for (;;) {
        size_t start = len;
        blanks(r);
        if (peek(r) == '"' || peek(r) == '\'') {
            if (!string(r, key, &len, KEY_MAX - 2))
                return false;
        } else {
            while (is_bare(peek(r)) && len < KEY_MAX - 2)
                key[len++] = *r->at++;
        }
        if (len == start)
            return bad(r, "a key is missing");
        if (len >= KEY_MAX - 2)
            return bad(r, "a key longer than %d bytes", KEY_MAX - 3);
        key[len] = 0;
        blanks(r);
        if (peek(r) != '.')
            return true;
        r->at++;
        key[len++] = '.';
    }
}

/* ---- values ---- */

static bool emit(struct reader *r, const char *key, size_t len,
                 enum toml_type type, int line)
{
    struct toml_value v = { key, r->value, len, type, line };

    r->value[len] = 0;
    if (r->visit(r->user, &v))
        return true;
    r->e->line = 0;
    return false;
}

static bool number_ok(const char *s, bool *is_float)
{
    const char *digits = *s == '+' || *s == '-' ? s + 1 : s;
    const char *known = "0123456789";
    char last = 0;

    *is_float = false;
    if (digits == s && digits[0] == '0' && digits[1] &&
        strchr("xob", digits[1])) {
        known = digits[1] == 'x'   ? "0123456789abcdefABCDEF"
                : digits[1] == 'o' ? "01234567"
                                   : "01";
        digits += 2;
        return *digits && strspn(digits, known) == strlen(digits);
    }
    if (!strcmp(digits, "inf") || !strcmp(digits, "nan"))
        return *is_float = true;
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
        return false;
    for (const char *p = digits; *p; last = *p++) {
        bool digit = *p >= '0' && *p <= '9';
        bool before = last >= '0' && last <= '9';
        if (*p == '.' && before && !*is_float && p[1] >= '0' && p[1] <= '9')
            *is_float = true;
        else if ((*p == 'e' || *p == 'E') && before && p[1] &&
                 !strpbrk(p + 1, "eE."))
            *is_float = true;
        else if ((*p == '+' || *p == '-') && (last == 'e' || last == 'E'))
            continue;
        else if (!digit)
            return false;
    }
    return last >= '0' && last <= '9';
}

/* true, false, a number: up to a separator. */
static bool scalar(struct reader *r, size_t *len, enum toml_type *type)
{
    size_t start = *len;
    bool is_float;
    char *s;

    while (is_bare(peek(r)) || peek(r) == '+' || peek(r) == '.' ||
           peek(r) == ':') {
        int c = *r->at++;
        if (*len + 2 >= VALUE_MAX)
            return bad(r, "a value longer than %d bytes", VALUE_MAX);
        if (c == '_') { /* between digits only */
            if (*len == start || !is_bare(peek(r)) || peek(r) == '_')
                return bad(r, "a misplaced \"_\" in a number");
            continue;
        }
        r->value[(*len)++] = (char)c;
    }
    r->value[*len] = 0;
    s = r->value + start;
    if (!*s)
        return bad(r, "a value is missing");
    *type = TOML_BOOLEAN;
    if (!strcmp(s, "true") || !strcmp(s, "false"))
        return true;
    if (number_ok(s, &is_float)) {
        *type = is_float ? TOML_FLOAT : TOML_INTEGER;
        return true;
    }
    if (strchr(s, ':') || (strlen(s) == 10 && s[4] == '-'))
        return bad(r, "dates are not supported here");
    return bad(r,
               "\"%.40s\" is neither a number nor true or false; text "
               "needs quotes",
               s);
}

static bool value(struct reader *r, const char *key, size_t *len, bool nested,
                  int depth);

/* [a, b, c]: the texts joined by commas; arrays in arrays are flattened. */
static bool array(struct reader *r, const char *key, size_t *len, int depth)
{
    bool first = true;

    r->at++;
    for (;;) {
        if (!space(r))
            return false;
        if (peek(r) == ']')
            break;
        if (peek(r) < 0)
            return bad(r, "an array without its closing ]");
        if (!first) {
            if (*len + 2 >= VALUE_MAX)
                return bad(r, "a value longer than %d bytes", VALUE_MAX);
            r->value[(*len)++] = ',';
        }
        if (!value(r, key, len, true, depth + 1) || !space(r))
            return false;
        first = false;
        if (peek(r) == ']')
            break;
        if (peek(r) != ',')
            return bad(r, "an array without its closing ]");
        r->at++;
    }
    r->at++;
    return true;
}

static bool pair(struct reader *r, const char *prefix, int depth);

static bool inline_table(struct reader *r, const char *key, int depth)
{
    char prefix[KEY_MAX];

    if (snprintf(prefix, sizeof prefix, "%s.", key) >= KEY_MAX - 2)
        return bad(r, "a key longer than %d bytes", KEY_MAX - 3);
    r->at++;
    blanks(r);
    if (peek(r) == '}') {
        r->at++;
        return true;
    }
    for (;;) {
        if (!pair(r, prefix, depth + 1))
            return false;
        blanks(r);
        if (peek(r) == '}')
            break;
        if (peek(r) != ',')
            return bad(r, "an inline table without its closing }");
        r->at++;
    }
    r->at++;
    return true;
}

/* A value; nested: an element, whose text is appended and not reported. */
static bool value(struct reader *r, const char *key, size_t *len, bool nested,
                  int depth)
{
    enum toml_type type = TOML_STRING;
    int line = r->line;

    if (depth > DEPTH_MAX)
        return bad(r, "nested deeper than %d", DEPTH_MAX);
    if (peek(r) == '"' || peek(r) == '\'') {
        if (!string(r, r->value, len, VALUE_MAX))
            return false;
    } else if (peek(r) == '[') {
        type = TOML_ARRAY;
        if (!array(r, key, len, depth))
            return false;
    } else if (peek(r) == '{') {
        if (nested)
            return bad(r, "tables inside of arrays are not supported here");
        return inline_table(r, key, depth);
    } else if (!scalar(r, len, &type)) {
        return false;
    }
    return nested ? true : emit(r, key, *len, type, line);
}

/* key = value */
static bool pair(struct reader *r, const char *prefix, int depth)
{
    char key[KEY_MAX];
    size_t len = 0;

    snprintf(key, sizeof key, "%s", prefix);
    if (!dotted(r, key, strlen(key)))
        return false;
    if (peek(r) != '=')
        return bad(r, "expected \"=\" after the key \"%.60s\"", key);
    r->at++;
    blanks(r);
    if (!claim(r, key, peek(r) == '{' ? '[' : '='))
        return false;
    return value(r, key, &len, false, depth);
}

/* [table] or [[array of tables]] */
static bool header(struct reader *r)
{
    char key[KEY_MAX];
    bool array = r->end - r->at > 1 && r->at[1] == '[';
    size_t n = 0;

    r->at += array ? 2 : 1;
    if (!dotted(r, key, 0))
        return false;
    if (peek(r) != ']' || (array && (r->end - r->at < 2 || r->at[1] != ']')))
        return bad(r, "a table name without its closing %s",
                   array ? "]]" : "]");
    r->at += array ? 2 : 1;
    if (array) {
        char each[KEY_MAX + 16];
        do
            snprintf(each, sizeof each, "%s[%zu]", key, n++);
        while (taken(r, '[', each));
        if (taken(r, '=', key) || taken(r, '[', key))
            return bad(r, "\"%.80s\" is set twice", key);
        if (strlen(each) + 2 > KEY_MAX - 2)
            return bad(r, "a key longer than %d bytes", KEY_MAX - 3);
        snprintf(key, sizeof key, "%.*s", KEY_MAX - 3, each);
    } else if (taken(r, '[', key) || taken(r, '=', key)) {
        return bad(r, "table \"%.80s\" is there twice", key);
    }
    if (!remember(r, '[', key))
        return false;
    snprintf(r->table, sizeof r->table, "%.*s.", KEY_MAX - 3, key);
    return true;
}

static bool document(struct reader *r)
{
    if (r->end - r->at >= 3 && memcmp(r->at, "\xEF\xBB\xBF", 3) == 0)
        r->at += 3;
    while (space(r) && peek(r) >= 0) {
        if (peek(r) == '[' ? !header(r) : !pair(r, r->table, 0))
            return false;
        if (!line_end(r))
            return false;
    }
    return peek(r) < 0;
}

bool toml_read(const char *text, size_t len, toml_visit *visit, void *user,
               struct toml_error *e)
{
    struct reader r = { .at = text,
                        .end = text + len,
                        .line = 1,
                        .visit = visit,
                        .user = user,
                        .e = e };
    bool ok;

    *e = (struct toml_error){ 0 };
    r.names = malloc(NAMES_MAX * sizeof *r.names);
    r.value = malloc(VALUE_MAX + 4);
    ok = r.names && r.value ? document(&r) : bad(&r, "out of memory");
    for (size_t i = 0; i < r.names_len; i++)
        free(r.names[i]);
    free(r.names);
    free(r.value);
    return ok;
}
