/* protocol/http/path.c - request targets, queries, authorities. Pure. */
#include "protocol/http/http.h"
#include <ctype.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of "%xy", or -1. */
static int percent(const char *s)
{
    int high = hex_digit(s[1]);
    int low = high < 0 ? -1 : hex_digit(s[2]);

    return low < 0 ? -1 : high << 4 | low;
}

static provernet_status bad_path(provernet_error *err, const char *why)
{
    return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                    "the request path cannot be taken: %s", why);
}

static provernet_status decode_path(char *out, const char *in, size_t len,
                                    provernet_error *err)
{
    for (size_t i = 0; i < len; i++) {
        int byte = (unsigned char)in[i];

        if (byte == '%') {
            byte = i + 2 < len ? percent(in + i) : -1;
            if (byte < 0)
                return bad_path(err, "a '%' without two hex digits");
            if (strchr("/\\.%", byte))
                return bad_path(err, "an encoded '/', '\\', '.', '%' or NUL");
            i += 2;
        }
        if (byte <= 0x20 || byte == 0x7f || byte == '#')
            return bad_path(err, "a control byte, a space or '#'");
        *out++ = (char)byte;
    }
    *out = '\0';
    return PROVERNET_OK;
}

static bool has_dots(const char *path)
{
    for (const char *p = path; (p = strchr(p, '/')); p++) {
        size_t n = strcspn(p + 1, "/");

        if (n && n <= 2 && strspn(p + 1, ".") >= n)
            return true;
    }
    return false;
}

provernet_status pvn_path_split(pvn_arena *a, const char *target,
                                const char **path, const char **query,
                                provernet_error *err)
{
    size_t len = target ? strlen(target) : 0;
    size_t path_len = target ? strcspn(target, "?") : 0;
    provernet_status s;
    char *decoded;

    if (len == 0 || target[0] != '/')
        return bad_path(err, "it does not start with '/'");
    if (len > PVN_PATH_MAX)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "the request path has %zu bytes, the limit is %d", len,
                        PVN_PATH_MAX);
    decoded = pvn_arena_alloc(a, path_len + 1);
    if (!decoded)
        return pvn_nomem(err);
    s = decode_path(decoded, target, path_len, err);
    if (s != PROVERNET_OK)
        return s;
    if (has_dots(decoded))
        return bad_path(err, "a '.' or '..' segment");
    for (const char *q = target + path_len; *q; q++)
        if ((unsigned char)*q <= 0x20 || *q == 0x7f)
            return bad_path(err, "a control byte or a space in the query");
    *query = pvn_arena_text(a, target[path_len] ? target + path_len + 1 : "");
    *path = decoded;
    return *query ? PROVERNET_OK : pvn_nomem(err);
}

static const char *decode_value(pvn_arena *a, const char *in, size_t len)
{
    char *out = pvn_arena_alloc(a, len + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < len; i++) {
        int byte = in[i] == '+' ? ' ' : (unsigned char)in[i];

        if (byte == '%') {
            byte = i + 2 < len ? percent(in + i) : -1;
            if (byte <= 0)
                return NULL;
            i += 2;
        }
        out[n++] = (char)byte;
    }
    return out;
}

const char *pvn_query_value(pvn_arena *a, const char *query, const char *name)
{
    size_t name_len = strlen(name);

    while (*query) {
        size_t len = strcspn(query, "&");

        if (len >= name_len && strncmp(query, name, name_len) == 0) {
            if (len == name_len)
                return pvn_arena_text(a, "");
            if (query[name_len] == '=')
                return decode_value(a, query + name_len + 1,
                                    len - name_len - 1);
        }
        query += len;
        if (*query == '&')
            query++;
    }
    return NULL;
}

static bool port_valid(const char *port)
{
    size_t n = strspn(port, "0123456789");

    return n > 0 && n <= 5 && port[n] == '\0';
}

bool pvn_authority_valid(const char *authority)
{
    const char *p = authority;

    if (!p || !*p || strlen(p) > 255)
        return false;
    if (*p == '[') {
        size_t n = strspn(p + 1, "0123456789abcdefABCDEF:.");

        if (n == 0 || p[1 + n] != ']')
            return false;
        p += n + 2;
    } else {
        while (isalnum((unsigned char)*p) || *p == '-' || *p == '.' ||
               *p == '_')
            p++;
        if (p == authority)
            return false;
    }
    return *p == '\0' || (*p == ':' && port_valid(p + 1));
}
