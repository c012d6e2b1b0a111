/* protocol/http/router.c - the entry of the node: finds the route of a call
 * and speaks HTTP for it. Includes route.h, node/call.h and base/.
 *
 * Paths are looked up in a table made once per node from the skins. */
#include "protocol/http/http.h"
#include <stdlib.h>

typedef struct slot {
    const pvn_route *route; /* NULL: empty */
    const pvn_skin *skin;
    uint64_t hash;
    size_t path_len;
} slot;

typedef struct table {
    slot *exact; /* open addressing; equal paths are neighbours in probe
                    order */
    size_t mask;
    slot *prefix;
    size_t prefixes;
} table;

pvn_http *pvn_http_of(const pvn_call *c)
{
    return pvn_call_kept(c, 0);
}

/* ---- the table ---- */

static uint64_t hash_path(const char *s, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

static void table_free(void *p)
{
    table *t = p;

    if (!t)
        return;
    free(t->exact);
    free(t->prefix);
    free(t);
}

static size_t count_routes(void)
{
    size_t n = 0;

    for (size_t i = 0; i < pvn_router_skins->len; i++)
        n += pvn_router_skins->skins[i]->routes_len;
    return n;
}

static void table_add(table *t, const pvn_skin *skin, const pvn_route *route)
{
    size_t len = strlen(route->path);
    slot s = { route, skin, hash_path(route->path, len), len };
    size_t at = (size_t)s.hash & t->mask;

    if (route->flags & PVN_ROUTE_PREFIX) {
        t->prefix[t->prefixes++] = s;
        return;
    }
    while (t->exact[at].route)
        at = (at + 1) & t->mask;
    t->exact[at] = s;
}

static void *table_make(pvn_node *n)
{
    size_t routes = count_routes(), cap = 16;
    table *t = calloc(1, sizeof *t);

    (void)n;
    while (cap < 2 * routes)
        cap *= 2;
    if (!t)
        return NULL;
    t->mask = cap - 1;
    t->exact = calloc(cap, sizeof *t->exact);
    t->prefix = calloc(routes + 1, sizeof *t->prefix);
    if (!t->exact || !t->prefix) {
        table_free(t);
        return NULL;
    }
    for (size_t i = 0; i < pvn_router_skins->len; i++)
        for (size_t k = 0; k < pvn_router_skins->skins[i]->routes_len; k++)
            table_add(t, pvn_router_skins->skins[i],
                      &pvn_router_skins->skins[i]->routes[k]);
    return t;
}

/* ---- finding ---- */

static bool mounted(const pvn_skin *skin, const char *mount)
{
    return !skin->mount || !mount || strcmp(skin->mount, mount) == 0;
}

/* GRPC routes have no method: they are POST. HEAD is served by GET. */
static const char *route_method(const pvn_route *r)
{
    return r->method ? r->method : "POST";
}

static bool method_fits(const pvn_route *r, const char *method)
{
    return strcmp(route_method(r), method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route_method(r), "GET") == 0);
}

static void allow_add(pvn_http *h, const char *method)
{
    size_t len = strlen(h->allow);

    if (strstr(h->allow, method) || len + strlen(method) + 2 >= sizeof h->allow)
        return;
    snprintf(h->allow + len, sizeof h->allow - len, "%s%s", len ? ", " : "",
             method);
}

/* One candidate: take it if the method fits, else remember what would. */
static bool consider(pvn_http *h, const slot *s, const provernet_head *head)
{
    if (!mounted(s->skin, head->mount))
        return false;
    if (!method_fits(s->route, head->method)) {
        allow_add(h, route_method(s->route));
        if (strcmp(route_method(s->route), "GET") == 0)
            allow_add(h, "HEAD");
        return false;
    }
    h->route = s->route;
    h->skin = s->skin;
    return true;
}

static bool find_exact(pvn_http *h, const table *t, const provernet_head *head)
{
    size_t len = strlen(h->path);
    uint64_t hash = hash_path(h->path, len);

    for (size_t at = (size_t)hash & t->mask; t->exact[at].route;
         at = (at + 1) & t->mask) {
        const slot *s = &t->exact[at];

        if (s->hash == hash && s->path_len == len &&
            memcmp(s->route->path, h->path, len) == 0 && consider(h, s, head))
            return true;
    }
    return false;
}

static bool find_prefix(pvn_http *h, const table *t, const provernet_head *head)
{
    for (size_t i = 0; i < t->prefixes; i++) {
        const slot *s = &t->prefix[i];

        if (strncmp(h->path, s->route->path, s->path_len) == 0 &&
            consider(h, s, head)) {
            h->rest = h->path + s->path_len;
            return true;
        }
    }
    return false;
}

/* ---- answers of the router itself ---- */

static pvn_next begin_refused(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    if (h->allow[0])
        pvn_answer_field(c, "allow", h->allow);
    if (h->refusal_http == 426)
        pvn_answer_field(c, "upgrade", "websocket");
    h->failed = true;
    if (h->grpc)
        pvn_grpc_write_failure(c, h->skin, &h->refusal_text);
    else
        pvn_http_write_failure(c, h->refusal_http, &h->refusal_text);
    return PVN_ANSWER;
}

static pvn_next no_body(pvn_call *c, const void *data, size_t len)
{
    (void)c;
    (void)data;
    (void)len;
    return PVN_ANSWER;
}

static pvn_next no_end(pvn_call *c)
{
    (void)c;
    return PVN_ANSWER;
}

static void refuse_with(pvn_http *h, int http_status)
{
    h->route = NULL;
    h->refusal_http = http_status;
    h->handler.streaming = true; /* the body is not waited for */
    h->handler.begin = begin_refused;
    h->handler.body = no_body;
    h->handler.end = no_end;
    h->handler.body_max = UINT64_MAX;
}

static void not_found(pvn_http *h, const provernet_head *head)
{
    provernet_error *e = &h->refusal_text;

    if (h->allow[0]) {
        pvn_fail(e, PROVERNET_ERR_UNSUPPORTED, 0,
                 "%.16s is not a method of %.100s\nhelp: use %s", head->method,
                 h->path, h->allow);
        refuse_with(h, 405);
    } else if (h->grpc) {
        pvn_fail(e, PROVERNET_ERR_UNSUPPORTED, 0,
                 "there is no method %.150s here", h->path);
        refuse_with(h, 0);
    } else {
        pvn_fail(e, PROVERNET_ERR_NOT_FOUND, 0, "there is nothing at %.150s",
                 h->path);
        refuse_with(h, 404);
    }
}

/* ---- the route's functions, with HTTP around them ---- */

static pvn_next plain_begin(pvn_call *c)
{
    return pvn_http_next(c, pvn_http_of(c)->route->begin(c));
}

static pvn_next any_resume(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    if (!h->route->resume) /* a stream of messages: its answer was read */
        return PVN_BODY;
    return pvn_http_next(c, h->route->resume(c));
}

static pvn_next plain_body(pvn_call *c, const void *data, size_t len)
{
    return pvn_http_next(c, pvn_http_of(c)->route->body(c, data, len));
}

static pvn_next plain_end(pvn_call *c)
{
    return pvn_http_next(c, pvn_http_of(c)->route->end(c));
}

static void any_close(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    if (h->route && h->route->close)
        h->route->close(c);
    pvn_buf_free(&h->frame);
    pvn_buf_free(&h->trailers);
}

static void serve(pvn_http *h)
{
    const pvn_route *r = h->route;
    bool stream = r->flags & PVN_ROUTE_STREAM;
    pvn_handler *to = &h->handler;

    to->streaming = stream;
    to->resume = any_resume;
    to->messages = r->flags & PVN_ROUTE_MESSAGES;
    if (h->grpc) {
        to->begin = stream ? pvn_grpc_stream_begin : pvn_grpc_begin;
        to->body = pvn_grpc_body;
        to->end = pvn_grpc_end;
        to->body_max = stream ? UINT64_MAX : h->message_max + PVN_GRPC_FRAME;
    } else {
        to->begin = plain_begin;
        to->body = plain_body;
        to->end = plain_end;
        to->body_max = r->body_max ? r->body_max : h->message_max;
    }
}

/* A WebSocket where none is spoken, or none where one is. */
static void wrong_carriage(pvn_http *h, const provernet_head *head)
{
    if (head->messages)
        pvn_fail(&h->refusal_text, PROVERNET_ERR_INVALID, 0,
                 "%.120s does not speak WebSocket", h->path);
    else
        pvn_fail(&h->refusal_text, PROVERNET_ERR_INVALID, 0,
                 "%.120s speaks WebSocket only\nhelp: ask for an upgrade",
                 h->path);
    refuse_with(h, head->messages ? 400 : 426);
}

static void choose(pvn_call *c, pvn_http *h, const provernet_head *head)
{
    table *t = pvn_node_slot(pvn_call_node(c), PVN_PROTOCOL_API, table_make,
                             table_free);
    bool grpc = pvn_grpc_content(pvn_call_field(c, "content-type"));

    h->web = pvn_web_content(pvn_call_field(c, "content-type"));
    if (pvn_cors_preflight(c)) {
        refuse_with(h, 204);
        h->handler.begin = pvn_cors_begin;
    } else if (!t) {
        pvn_nomem(&h->refusal_text);
        h->grpc = grpc;
        refuse_with(h, 0);
    } else if (!find_exact(h, t, head) && !find_prefix(h, t, head)) {
        h->grpc = grpc && strcmp(head->method, "POST") == 0;
        not_found(h, head);
    } else if ((h->route->flags & PVN_ROUTE_GRPC) && !grpc) {
        pvn_fail(&h->refusal_text, PROVERNET_ERR_INVALID, 0,
                 "%.120s is a gRPC method\nhelp: send content-type "
                 "application/grpc",
                 h->path);
        refuse_with(h, 415);
    } else if (!(h->route->flags & PVN_ROUTE_MESSAGES) != !head->messages) {
        wrong_carriage(h, head);
    } else if (h->web != PVN_WEB_NO && (h->route->flags & PVN_ROUTE_STREAM)) {
        pvn_fail(&h->refusal_text, PROVERNET_ERR_UNSUPPORTED, 0,
                 "%.120s takes a stream, which gRPC-Web has not", h->path);
        h->grpc = true;
        refuse_with(h, 0);
    } else {
        h->grpc = h->route->flags & PVN_ROUTE_GRPC;
        serve(h);
    }
}

static const pvn_handler *route(pvn_call *c)
{
    static const pvn_handler out_of_memory = {
        .begin = no_end, .body = no_body, .end = no_end, .streaming = true
    };
    const provernet_head *head = pvn_call_request(c);
    pvn_http *h = pvn_arena_alloc(pvn_call_arena(c), sizeof *h);

    if (!h) {
        pvn_answer_status(c, 507);
        return &out_of_memory;
    }
    pvn_call_keep(c, 0, h);
    h->handler.close = any_close;
    h->path = "";
    h->query = "";
    h->head = strcmp(head->method, "HEAD") == 0;
    h->message_max = pvn_node_message_max(pvn_call_node(c));
    if (pvn_path_split(pvn_call_arena(c), head->path, &h->path, &h->query,
                       &h->refusal_text) != PROVERNET_OK) {
        h->path = "";
        refuse_with(h,
                    h->refusal_text.status == PROVERNET_ERR_INVALID ? 400 : 0);
    } else {
        choose(c, h, head);
    }
    pvn_cors_fields(c);
    return &h->handler;
}

static void refuse(pvn_call *c, const provernet_error *err)
{
    pvn_http *h = pvn_http_of(c);
    bool grpc =
        h ? h->grpc : pvn_grpc_content(pvn_call_field(c, "content-type"));
    bool too_long = err->status == PROVERNET_ERR_LIMIT;
    provernet_error own = *err;

    pvn_cors_fields(c);
    if (h)
        h->failed = true;
    if (too_long && h && h->route && !h->route->body_max)
        pvn_fail(&own, PROVERNET_ERR_LIMIT, 0,
                 "the request is longer than http.message_max (%llu bytes)",
                 (unsigned long long)h->message_max);
    if (grpc)
        pvn_grpc_write_failure(c, h ? h->skin : NULL, &own);
    else
        pvn_http_write_failure(c, too_long ? 413 : 0, &own);
}

const pvn_entry pvn_http_entry = { route, refuse };

/* ---- what skins call ---- */

pvn_bytes pvn_call_message(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    return h->grpc ? h->message : pvn_call_body(c);
}

void pvn_call_reply(pvn_call *c, const void *message, size_t len)
{
    pvn_http *h = pvn_http_of(c);
    uint8_t frame[PVN_GRPC_FRAME] = { 0 };

    if (!h->grpc) {
        if (!h->replied)
            pvn_answer_status(c, 200);
        h->replied = true;
        pvn_answer_body(c, message, len);
        return;
    }
    if (!h->replied) {
        h->replied = true;
        pvn_answer_status(c, 200);
        pvn_answer_field(c, "content-type", pvn_web_content_type(h->web));
    }
    h->unread = true;
    pvn_put_u32be(frame + 1, (uint32_t)len);
    pvn_web_body(c, frame, sizeof frame);
    if (len > 0)
        pvn_web_body(c, message, len);
}

pvn_next pvn_call_stream(pvn_call *c)
{
    pvn_http *h = pvn_http_of(c);

    h->replied = true;
    pvn_answer_status(c, 200);
    pvn_answer_field(c, "content-type", pvn_web_content_type(h->web));
    return PVN_MORE;
}

pvn_next pvn_call_fail_with(pvn_call *c, const provernet_error *err)
{
    pvn_http *h = pvn_http_of(c);

    h->failed = true;
    if (h->grpc)
        pvn_grpc_write_failure(c, h->skin, err);
    else
        pvn_http_write_failure(c, 0, err);
    return PVN_ANSWER;
}

pvn_next pvn_call_fail(pvn_call *c, provernet_status s, const char *fmt, ...)
{
    provernet_error err = { 0 };
    va_list ap;

    va_start(ap, fmt);
    pvn_vfail(&err, s, 0, fmt, ap);
    va_end(ap);
    return pvn_call_fail_with(c, &err);
}

const void *pvn_call_route_data(const pvn_call *c)
{
    return pvn_http_of(c)->route->data;
}

const char *pvn_call_rest(pvn_call *c)
{
    return pvn_http_of(c)->rest;
}

const char *pvn_call_query(pvn_call *c, const char *name)
{
    return pvn_query_value(pvn_call_arena(c), pvn_http_of(c)->query, name);
}

/* A setting without its trailing slashes. */
static const char *base_setting(pvn_call *c, pvn_setting s)
{
    const char *text = pvn_setting_text(pvn_node_options(pvn_call_node(c)), s);
    size_t len = text ? strlen(text) : 0;
    char *copy;

    while (len > 0 && text[len - 1] == '/')
        len--;
    if (len == 0)
        return NULL;
    copy = pvn_arena_copy(pvn_call_arena(c), text, len);
    return copy; /* arenas add a NUL */
}

const char *pvn_call_base_url(pvn_call *c, bool for_prover)
{
    const provernet_head *head = pvn_call_request(c);
    const char *scheme =
        head->scheme && strcmp(head->scheme, "https") == 0 ? "https" : "http";
    const char *base = NULL;

    if (for_prover)
        base = base_setting(c, PVN_SET_HTTP_PROVER_URL);
    if (!base)
        base = base_setting(c, PVN_SET_HTTP_PUBLIC_URL);
    if (base)
        return base;
    if (!pvn_authority_valid(head->authority))
        return NULL;
    return pvn_arena_format(pvn_call_arena(c), "%s://%s", scheme,
                            head->authority);
}
