/* protocol/http/grpc.c - gRPC: frames, deadlines, status and trailers.
 * Includes route.h and base/. */
#include "protocol/http/http.h"
#include <stdlib.h>

enum { GRPC_UNIMPLEMENTED = 12 };

bool pvn_grpc_content(const char *content_type)
{
    static const char want[] = "application/grpc";
    size_t n = sizeof want - 1;

    return content_type &&
           (pvn_web_content(content_type) != PVN_WEB_NO ||
            (strncmp(content_type, want, n) == 0 &&
             (content_type[n] == '\0' || content_type[n] == '+' ||
              content_type[n] == ';')));
}

/* Flag and length of the frame at the start of `body`. */
static provernet_status frame_head(pvn_bytes body, uint64_t max, uint32_t *len,
                                   provernet_error *err)
{
    if (body.data[0] > 1)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "gRPC frame flag is %u, expected 0", body.data[0]);
    if (body.data[0] == 1)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "compressed messages are not taken\nhelp: send "
                        "grpc-encoding identity");
    *len = pvn_get_u32be(body.data + 1);
    if (*len > max)
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "the message has %u bytes, http.message_max is %llu",
                        *len, (unsigned long long)max);
    return PROVERNET_OK;
}

provernet_status pvn_grpc_message(pvn_bytes body, uint64_t max,
                                  pvn_bytes *message, provernet_error *err)
{
    uint32_t len;
    provernet_status s;

    if (body.len < PVN_GRPC_FRAME)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the request has %zu bytes, a gRPC frame starts with "
                        "%d",
                        body.len, PVN_GRPC_FRAME);
    s = frame_head(body, max, &len, err);
    if (s != PROVERNET_OK)
        return s;
    if (body.len - PVN_GRPC_FRAME < len)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the gRPC frame is cut: %zu of %u bytes came",
                        body.len - PVN_GRPC_FRAME, len);
    if (body.len - PVN_GRPC_FRAME > len)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%zu bytes follow the one message of this method",
                        body.len - PVN_GRPC_FRAME - len);
    *message = pvn_bytes_of(body.data + PVN_GRPC_FRAME, len);
    return PROVERNET_OK;
}

bool pvn_grpc_timeout(const char *text, int64_t *ms)
{
    size_t digits = strspn(text, "0123456789");
    long long n = digits && digits <= 8 ? atoll(text) : -1;

    if (n < 0 || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    switch (text[digits]) {
    case 'H':
        *ms = n * 3600000;
        return true;
    case 'M':
        *ms = n * 60000;
        return true;
    case 'S':
        *ms = n * 1000;
        return true;
    case 'm':
        *ms = n;
        return true;
    case 'u':
        *ms = (n + 999) / 1000;
        return true;
    case 'n':
        *ms = (n + 999999) / 1000000;
        return true;
    default:
        return false;
    }
}

bool pvn_grpc_escape(pvn_buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        char code[3] = { '%', digits[*p >> 4], digits[*p & 15] };
        bool plain = *p >= 0x20 && *p <= 0x7e && *p != '%';

        if (!pvn_buf_add(out, plain ? (const void *)p : code, plain ? 1 : 3))
            return false;
    }
    return true;
}

/* The sentence, the code in brackets, then the help. */
static char *status_text(pvn_arena *a, const provernet_error *err)
{
    int first = (int)strcspn(err->message, "\n");

    return pvn_arena_format(a, "%.*s [%s]%s", first, err->message,
                            provernet_status_name(err->status),
                            err->message + first);
}

void pvn_grpc_write_failure(pvn_call *c, const pvn_skin *skin,
                            const provernet_error *err)
{
    pvn_http *h = pvn_http_of(c);
    bool web = h && h->web != PVN_WEB_NO;
    void (*put)(pvn_call *, const char *, const char *) =
        !pvn_answer_started(c) ? pvn_answer_field
        : web                  ? pvn_web_trailer
                               : pvn_answer_trailer;
    int code = skin && skin->grpc_code ? skin->grpc_code(err->status) : -1;
    char *text = status_text(pvn_call_arena(c), err);
    pvn_buf escaped = { 0 };
    char number[12];

    if (code < 0)
        code = pvn_status_grpc(err->status);
    if (!pvn_answer_started(c)) {
        pvn_answer_status(c, 200);
        pvn_answer_field(c, "content-type",
                         pvn_web_content_type(h ? h->web : PVN_WEB_NO));
        if (code == GRPC_UNIMPLEMENTED)
            pvn_answer_field(c, "grpc-accept-encoding", "identity");
    }
    snprintf(number, sizeof number, "%d", code);
    put(c, "grpc-status", number);
    if (text && pvn_grpc_escape(&escaped, text) && pvn_buf_add(&escaped, "", 1))
        put(c, "grpc-message", (const char *)escaped.data);
    pvn_buf_free(&escaped);
    if (web && pvn_answer_started(c))
        pvn_web_end(c);
}

/* Arm the deadline; false: it is malformed or over, and the call failed. */
static bool take_timeout(pvn_call *c)
{
    const char *text = pvn_call_field(c, "grpc-timeout");
    int64_t ms;

    if (!text)
        return true;
    if (!pvn_grpc_timeout(text, &ms)) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "grpc-timeout \"%.20s\" is not digits and one of H M S "
                      "m u n",
                      text);
        return false;
    }
    if (ms == 0) {
        pvn_call_fail(c, PROVERNET_ERR_TIMEOUT, "the deadline has passed");
        return false;
    }
    pvn_call_set_deadline(c, pvn_now_ms(pvn_node_env(pvn_call_node(c))) + ms);
    return true;
}

pvn_next pvn_grpc_begin(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);
    provernet_error *err = pvn_call_error(c);
    pvn_bytes body = pvn_call_body(c);

    if (h->web == PVN_WEB_TEXT &&
        !pvn_web_decode(pvn_call_arena(c), body, &body))
        return pvn_call_fail(c, PROVERNET_ERR_FORMAT,
                             "the body is not base64, as grpc-web-text is");
    if (pvn_grpc_message(body, h->message_max, &h->message, err) !=
        PROVERNET_OK)
        return pvn_call_fail_with(c, err);
    if (!take_timeout(c))
        return PVN_ANSWER;
    return pvn_http_next(c, h->route->begin(c));
}

pvn_next pvn_grpc_stream_begin(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    if (!take_timeout(c))
        return PVN_ANSWER;
    return h->route->begin ? pvn_http_next(c, h->route->begin(c)) : PVN_BODY;
}

/* Take whole messages out of h->frame; what is left stays for later. */
static pvn_next take_messages(pvn_call *c, pvn_http *h)
{
    provernet_error *err = pvn_call_error(c);
    pvn_next next = PVN_BODY;
    size_t at = 0;
    uint32_t len;

    while (next == PVN_BODY && h->frame.len - at >= PVN_GRPC_FRAME) {
        pvn_bytes rest = pvn_bytes_of(h->frame.data + at, h->frame.len - at);

        if (frame_head(rest, h->message_max, &len, err) != PROVERNET_OK)
            return pvn_call_fail_with(c, err);
        if (rest.len - PVN_GRPC_FRAME < len)
            break;
        h->message = pvn_bytes_of(rest.data + PVN_GRPC_FRAME, len);
        next = h->route->body(c, h->message.data, len);
        at += PVN_GRPC_FRAME + len;
    }
    pvn_buf_eat(&h->frame, at);
    if (next == PVN_BODY && h->unread) { /* answers go out between messages */
        h->unread = false;
        next = PVN_MORE;
    }
    return pvn_http_next(c, next);
}

pvn_next pvn_grpc_body(pvn_call *c, const void *data, size_t len)
{
    pvn_http *h = pvn_http_of(c);

    if (!pvn_buf_add(&h->frame, data, len))
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a message");
    return take_messages(c, h);
}

pvn_next pvn_grpc_end(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    if (h->frame.len > 0)
        return pvn_call_fail(c, PROVERNET_ERR_FORMAT,
                             "the last gRPC frame is cut after %zu bytes",
                             h->frame.len);
    return pvn_http_next(c, h->route->end ? h->route->end(c) : PVN_ANSWER);
}

pvn_next pvn_http_next(pvn_call *c, pvn_next next)
{
    pvn_http *h = pvn_http_of(c);

    if (next != PVN_ANSWER || !h->grpc || h->failed || h->trailed)
        return next;
    if (!h->replied &&
        !(h->route->flags & (PVN_ROUTE_STREAM | PVN_ROUTE_SERVER_STREAM)))
        return pvn_call_fail(c, PROVERNET_ERR_INTERNAL,
                             "the method gave no answer");
    if (!h->replied) { /* an empty stream */
        pvn_answer_status(c, 200);
        pvn_answer_field(c, "content-type", pvn_web_content_type(h->web));
    }
    h->trailed = true;
    if (h->web != PVN_WEB_NO) {
        pvn_web_trailer(c, "grpc-status", "0");
        pvn_web_end(c);
    } else {
        pvn_answer_trailer(c, "grpc-status", "0");
    }
    return next;
}
