/* protocol/http/web.c - browsers: gRPC-Web (binary and base64) and CORS.
 * Includes http.h only. */
#include "protocol/http/http.h"

/* ---- what is spoken ---- */

static bool is_type(const char *content_type, const char *want)
{
    size_t n = strlen(want);

    return strncmp(content_type, want, n) == 0 &&
           (content_type[n] == '\0' || content_type[n] == '+' ||
            content_type[n] == ';');
}

pvn_web pvn_web_content(const char *content_type)
{
    if (!content_type)
        return PVN_WEB_NO;
    if (is_type(content_type, "application/grpc-web-text"))
        return PVN_WEB_TEXT;
    return is_type(content_type, "application/grpc-web") ? PVN_WEB_BINARY
                                                         : PVN_WEB_NO;
}

const char *pvn_web_content_type(pvn_web web)
{
    static const char *const types[] = { "application/grpc",
                                         "application/grpc-web+proto",
                                         "application/grpc-web-text+proto" };

    return types[web];
}

/* ---- base64 ---- */

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Each piece is padded: readers must take that, says the protocol. */
static void encode(pvn_call *c, const uint8_t *p, size_t len)
{
    char out[4 * 256];
    size_t n = 0;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v = (uint32_t)p[i] << 16;

        if (left > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (left > 2)
            v |= p[i + 2];
        out[n++] = digits[v >> 18];
        out[n++] = digits[v >> 12 & 63];
        out[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
        out[n++] = left > 2 ? digits[v & 63] : '=';
        if (n == sizeof out) {
            pvn_answer_body(c, out, n);
            n = 0;
        }
    }
    pvn_answer_body(c, out, n);
}

static int value_of(uint8_t c)
{
    const char *p = c ? strchr(digits, c) : NULL;

    return p ? (int)(p - digits) : -1;
}

/* Four digits; `=` only at the end of them. Bytes written, or -1. */
static int decode_four(const uint8_t in[4], uint8_t *out)
{
    int pad = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        int d = i < 4 - pad ? value_of(in[i]) : 0;

        if (d < 0)
            return -1;
        v = v << 6 | (uint32_t)d;
    }
    out[0] = (uint8_t)(v >> 16);
    if (pad < 2)
        out[1] = (uint8_t)(v >> 8);
    if (pad < 1)
        out[2] = (uint8_t)v;
    return 3 - pad;
}

bool pvn_web_decode(pvn_arena *a, pvn_bytes text, pvn_bytes *out)
{
    uint8_t *to;
    size_t n = 0;

    if (text.len % 4 != 0)
        return false;
    to = pvn_arena_alloc(a, text.len / 4 * 3 + 3);
    if (!to)
        return false;
    for (size_t i = 0; i < text.len; i += 4) {
        int got = decode_four(text.data + i, to + n);

        if (got < 0)
            return false;
        n += (size_t)got;
    }
    *out = pvn_bytes_of(to, n);
    return true;
}

/* ---- bodies and trailers ---- */

void pvn_web_body(pvn_call *c, const void *data, size_t len)
{
    if (pvn_http_of(c)->web == PVN_WEB_TEXT)
        encode(c, data, len);
    else
        pvn_answer_body(c, data, len);
}

void pvn_web_trailer(pvn_call *c, const char *name, const char *value)
{
    pvn_buf_format(&pvn_http_of(c)->trailers, "%s: %s\r\n", name, value);
}

void pvn_web_end(pvn_call *c)
{
    enum { TRAILERS = 0x80 };
    pvn_http *h = pvn_http_of(c);
    uint8_t head[PVN_GRPC_FRAME] = { TRAILERS };

    if (h->trailers.failed)
        return; /* cut: a stream without its end is a failure to its reader */
    pvn_put_u32be(head + 1, (uint32_t)h->trailers.len);
    pvn_web_body(c, head, sizeof head);
    pvn_web_body(c, h->trailers.data, h->trailers.len);
}

/* ---- CORS ---- */

/* The origin of the page, if it may call. */
static const char *allowed_origin(pvn_call *c)
{
    const char *list =
        pvn_setting_text(pvn_node_options(pvn_call_node(c)), PVN_SET_HTTP_CORS);
    const char *origin = list && *list ? pvn_call_field(c, "origin") : NULL;

    if (!origin)
        return NULL;
    if (strcmp(list, "*") == 0)
        return "*";
    return pvn_list_has(list, origin) ? origin : NULL;
}

void pvn_cors_fields(pvn_call *c)
{
    const char *origin = allowed_origin(c);

    if (!origin)
        return;
    pvn_answer_field(c, "access-control-allow-origin", origin);
    pvn_answer_field(c, "access-control-expose-headers",
                     "grpc-status, grpc-message, etag, content-range, "
                     "accept-ranges");
    if (*origin != '*')
        pvn_answer_field(c, "vary", "origin");
}

bool pvn_cors_preflight(pvn_call *c)
{
    return strcmp(pvn_call_request(c)->method, "OPTIONS") == 0 &&
           pvn_call_field(c, "access-control-request-method") &&
           allowed_origin(c);
}

pvn_next pvn_cors_begin(pvn_call *c)
{
    pvn_answer_status(c, 204);
    pvn_answer_field(c, "access-control-allow-methods", "GET, HEAD, POST, PUT");
    pvn_answer_field(c, "access-control-allow-headers",
                     "content-type, grpc-timeout, x-grpc-web, x-user-agent, "
                     "range, if-range, if-none-match");
    pvn_answer_field(c, "access-control-max-age", "86400");
    return PVN_ANSWER;
}
