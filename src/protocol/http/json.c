/* protocol/http/json.c - plain HTTP answers: JSON, errors, whole bodies.
 * Includes route.h and base/. */
#include "protocol/http/http.h"

/* {"code","message","help"}: the help line of an error stands apart. */
static bool failure_json(pvn_buf *b, const provernet_error *err)
{
    static const char mark[] = "\nhelp: ";
    const char *help = strstr(err->message, mark);
    size_t len = help ? (size_t)(help - err->message) : strlen(err->message);

    pvn_buf_text(b, "{\"code\":\"");
    pvn_buf_text(b, provernet_status_name(err->status));
    pvn_buf_text(b, "\",\"message\":");
    pvn_buf_json(b, err->message, len);
    if (help) {
        help += sizeof mark - 1;
        pvn_buf_text(b, ",\"help\":");
        pvn_buf_json(b, help, strlen(help));
    }
    pvn_buf_text(b, "}\n");
    return !b->failed;
}

/* Of faults that pass, only 408 and 504 make SDKs try a transfer again (their
 * text has "timeout"). */
static int http_status_of(pvn_call *c, provernet_status s)
{
    static const char artifacts[] = "/artifacts/";
    const provernet_head *head = pvn_call_request(c);
    int status = pvn_status_http(s);

    if (status != 503 && s != PROVERNET_ERR_NOMEM)
        return status;
    if (strcmp(head->method, "PUT") == 0)
        return 408;
    return strncmp(head->path, artifacts, sizeof artifacts - 1) == 0 ? 504
                                                                     : status;
}

void pvn_http_write_failure(pvn_call *c, int http_status,
                            const provernet_error *err)
{
    pvn_buf b = { 0 };

    if (pvn_answer_started(c))
        return; /* too late: the body is cut, which its length shows */
    if (http_status == 0)
        http_status = http_status_of(c, err->status);
    if (failure_json(&b, err))
        pvn_http_reply(c, http_status, "application/json", b.data, b.len);
    else
        pvn_http_reply(c, http_status, "application/json", "{}", 2);
    pvn_buf_free(&b);
}

pvn_next pvn_http_reply(pvn_call *c, int http_status, const char *content_type,
                        const void *body, size_t len)
{
    pvn_http *h = pvn_http_of(c);
    char number[24];

    pvn_answer_status(c, http_status);
    pvn_answer_field(c, "content-type", content_type);
    pvn_answer_field(c, "x-content-type-options", "nosniff");
    if (h)
        h->replied = true;
    if (h ? h->head : strcmp(pvn_call_request(c)->method, "HEAD") == 0) {
        snprintf(number, sizeof number, "%zu", len);
        pvn_answer_field(c, "content-length", number);
        return PVN_ANSWER;
    }
    pvn_answer_body(c, body, len);
    return PVN_ANSWER;
}

pvn_next pvn_call_json(pvn_call *c, int http_status, const char *json,
                       size_t len)
{
    pvn_answer_field(c, "cache-control", "no-store");
    return pvn_http_reply(c, http_status, "application/json", json, len);
}

pvn_next pvn_http_fail(pvn_call *c, int http_status, provernet_status s,
                       const char *fmt, ...)
{
    pvn_http *h = pvn_http_of(c);
    provernet_error err = { 0 };
    va_list ap;

    va_start(ap, fmt);
    pvn_vfail(&err, s, 0, fmt, ap);
    va_end(ap);
    if (h)
        h->failed = true;
    pvn_http_write_failure(c, http_status, &err);
    return PVN_ANSWER;
}
