/* net/http1_head.c - request heads and chunked bodies, strictly. Includes
 * its header only. */
#include "http1_head.h"

#include <string.h>
#include <strings.h>

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One character of a path, unescaped; *p moves on. -1: a bad escape. */
static int path_char(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;

    if (*s != '%') {
        *p += 1;
        return *s;
    }
    if (hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
        return -1;
    *p += 3;
    return hex_digit(s[1]) * 16 + hex_digit(s[2]);
}

/* Visible, and none of "#<>\^` */
static bool target_char(unsigned char c)
{
    static const uint64_t fine[2] = { 0xaffffff200000000, 0x7ffffffeafffffff };

    return c < 128 && (fine[c >> 6] >> (c & 63) & 1);
}

bool http_target_ok(const char *target)
{
    const char *p = target;
    size_t dots = 0, others = 0;

    if (*p != '/' || p[1] == '/')
        return false;
    for (const char *q = target; *q; q++)
        if (!target_char((unsigned char)*q))
            return false;
    while (*p && *p != '?') {
        int c = (unsigned char)*p;
        if (c == '%')
            c = path_char(&p);
        else
            p++;
        if (c < 0x20 || c == '\\' || c == 0x7f)
            return false;
        if (c == '/') {
            if (others == 0 && (dots == 1 || dots == 2))
                return false;
            dots = others = 0;
        } else if (c == '.') {
            dots++;
        } else {
            others++;
        }
    }
    return !(others == 0 && (dots == 1 || dots == 2));
}

bool http_authority_ok(const char *authority)
{
    size_t n = strlen(authority);

    if (n == 0 || n > 255)
        return false;
    for (const char *p = authority; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
              (*p >= '0' && *p <= '9') || strchr(".-_:[]%", *p)))
            return false;
    return true;
}

/* Where the head ends (after its empty line). 0: not here yet; -400: a line
 * end or a byte that no head may have. */
static long find_end(const char *s, size_t len)
{
    const char *p = s;

    for (;;) {
        const char *nl = memchr(p, '\n', len - (size_t)(p - s));
        size_t line;

        if (!nl)
            break;
        if (nl == s || nl[-1] != '\r')
            return -400;
        line = (size_t)(nl - p);
        if (line == 1 && p != s)
            return (long)(nl - s) + 1;
        p = nl + 1;
    }
    return 0;
}

static bool eq(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* "GET /path HTTP/1.1", NUL-terminated. 0 or a status. */
static int request_line(struct h1_head *h, char *line)
{
    char *sp1 = strchr(line, ' ');
    char *sp2 = sp1 ? strchr(sp1 + 1, ' ') : NULL;

    if (!sp1 || !sp2 || sp1 == line || sp1 - line > 32 || strchr(sp2 + 1, ' '))
        return 400;
    *sp1 = *sp2 = 0;
    for (char *p = line; *p; p++)
        if (!is_token_char((unsigned char)*p))
            return 400;
    h->method = line;
    h->path = sp1 + 1;
    if (strncmp(sp2 + 1, "HTTP/", 5) != 0)
        return 400;
    if (!strcmp(sp2 + 6, "1.1"))
        h->minor = 1;
    else if (!strcmp(sp2 + 6, "1.0"))
        h->minor = 0;
    else
        return strlen(sp2 + 6) == 3 && sp2[7] == '.' ? 505 : 400;
    if (strlen(h->path) > H1_TARGET_MAX)
        return 414;
    return http_target_ok(h->path) ? 0 : 400;
}

static int content_length(struct h1_head *h, const char *v)
{
    int64_t n = 0;
    size_t digits = strlen(v);

    if (h->content_length >= 0 || digits == 0)
        return 400;
    for (const char *p = v; *p; p++) {
        if (*p < '0' || *p > '9')
            return 400;
        if (digits <= 18)
            n = n * 10 + (*p - '0');
    }
    if (digits > 18)
        return 413;
    h->content_length = n;
    return 0;
}

/* What the framing fields say. 0 or a status. */
static int meaning(struct h1_head *h, const char *name, const char *value)
{
    if (eq(name, "content-length"))
        return content_length(h, value);
    if (eq(name, "transfer-encoding")) {
        if (h->chunked || h->minor == 0)
            return 400;
        if (!eq(value, "chunked"))
            return 501;
        h->chunked = true;
    } else if (eq(name, "host")) {
        if (*h->host || !http_authority_ok(value))
            return 400;
        h->host = value;
    } else if (eq(name, "connection")) {
        if (strcasestr(value, "close"))
            h->keep_alive = false;
    } else if (eq(name, "expect")) {
        if (!eq(value, "100-continue"))
            return 417;
        h->expect_continue = h->minor == 1;
    }
    return 0;
}

static int field_line(struct h1_head *h, char *line)
{
    char *colon = strchr(line, ':'), *value, *end;

    if (!colon || colon == line)
        return 400;
    *colon = 0;
    for (char *p = line; *p; p++) {
        if (!is_token_char((unsigned char)*p)) /* also: space before colon */
            return 400;
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    }
    value = colon + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = 0;
    for (char *p = value; *p; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return 400;
    if (h->fields_len == H1_FIELDS_MAX)
        return 431;
    h->fields[h->fields_len++] = (provernet_field){ line, value };
    return meaning(h, line, value);
}

/* Cut the next line off at its CRLF; the lines are known to end so. */
static char *cut(char **at)
{
    char *line = *at, *nl = strstr(line, "\r\n");

    if (!nl || memchr(line, '\r', (size_t)(nl - line)))
        return NULL;
    *nl = 0;
    *at = nl + 2;
    return line;
}

long h1_head_parse(struct h1_head *out, char *bytes, size_t len)
{
    size_t skip = 0;
    char *at, *line;
    long end;
    int rc;

    /* One empty line before a request is tolerated (RFC 9112, 2.2). */
    if (len >= 2 && bytes[0] == '\r' && bytes[1] == '\n')
        skip = 2;
    else if (len && bytes[0] == '\r')
        return len == 1 ? 0 : -400;
    if (len > skip && !is_token_char((unsigned char)bytes[skip]))
        return -400;
    end = find_end(bytes + skip, len - skip);
    if (end <= 0)
        return memchr(bytes, 0, len) ? -400 : end;
    if (memchr(bytes + skip, 0, (size_t)end))
        return -400;
    out->method = out->path = out->host = "";
    out->chunked = out->expect_continue = false;
    out->keep_alive = true;
    out->content_length = -1;
    out->fields_len = 0;
    bytes[skip + (size_t)end - 2] = 0; /* the empty line: the text's end */
    at = bytes + skip;
    line = cut(&at);
    rc = line ? request_line(out, line) : 400;
    while (rc == 0 && *at) {
        line = cut(&at);
        rc = line ? field_line(out, line) : 400;
    }
    if (rc == 0 && out->chunked && out->content_length >= 0)
        rc = 400;
    if (rc == 0 && out->minor == 1 && !*out->host)
        rc = 400;
    if (out->minor == 0)
        out->keep_alive = false;
    return rc ? -rc : (long)skip + end;
}

enum {
    SIZE, /* hexadecimal digits */
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* at the beginning of a line */
    TRAILER_LINE,
    TRAILER_LF,
    LAST_LF
};

/* One byte outside of chunk data. 0 go on, 1 complete, -1 bad. */
static int chunk_byte(struct h1_chunks *c, uint8_t b)
{
    int digit;

    if (++c->line > H1_TRAILERS_MAX)
        return -1;
    switch (c->state) {
    case SIZE:
        digit = hex_digit(b);
        if (digit >= 0) {
            if (++c->digits > 15)
                return -1;
            c->left = c->left * 16 + (uint64_t)digit;
            return 0;
        }
        if (c->digits == 0)
            return -1;
        c->state = b == '\r' ? SIZE_LF : EXTENSION;
        return b == '\r' || b == ';' ? 0 : -1;
    case EXTENSION: /* read over; no other meaning is given to it */
        if (c->line > 256 || b == '\n' || (b < 0x20 && b != '\t' && b != '\r'))
            return -1;
        if (b == '\r')
            c->state = SIZE_LF;
        return 0;
    case SIZE_LF:
        if (b != '\n')
            return -1;
        c->state = c->left ? DATA : TRAILER;
        c->line = c->digits = 0;
        return 0;
    case DATA_CR:
        c->state = DATA_LF;
        return b == '\r' ? 0 : -1;
    case DATA_LF:
        c->state = SIZE;
        c->line = 0;
        return b == '\n' ? 0 : -1;
    case TRAILER:
        c->state = b == '\r' ? LAST_LF : TRAILER_LINE;
        return b == '\r' || is_token_char(b) ? 0 : -1;
    case TRAILER_LINE:
        if (b == '\r')
            c->state = TRAILER_LF;
        return b == '\n' || b == 0 ? -1 : 0;
    case TRAILER_LF:
        c->state = TRAILER;
        return b == '\n' ? 0 : -1;
    default:
        return b == '\n' ? 1 : -1;
    }
}

int h1_chunks_feed(struct h1_chunks *c, const uint8_t *in, size_t len,
                   size_t *used, const uint8_t **data, size_t *data_len)
{
    size_t i = 0;

    *data = in;
    *data_len = 0;
    while (i < len && c->state != DATA) {
        int rc = chunk_byte(c, in[i++]);
        if (rc != 0) {
            *used = i;
            return rc;
        }
    }
    if (i < len) {
        size_t n = len - i < c->left ? len - i : (size_t)c->left;
        *data = in + i;
        *data_len = n;
        i += n;
        c->left -= n;
        if (c->left == 0)
            c->state = DATA_CR;
    }
    *used = i;
    return 0;
}
