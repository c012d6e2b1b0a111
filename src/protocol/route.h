/* protocol/route.h - how a skin tells the router what it serves.
 *
 * A skin is a folder of protocol/: a table of routes and nothing else. The
 * router (protocol/http) does gRPC framing, status and trailers, deadlines,
 * compression refusal, JSON errors, CORS; the skin sees messages. Skins are
 * registered by src/provernet.c alone. */
#ifndef PVN_PROTOCOL_ROUTE_H
#define PVN_PROTOCOL_ROUTE_H
#include "node/call.h"

enum {
    PVN_ROUTE_GRPC = 1,   /* path "/pkg.Service/Method"; begin sees the message
                             through pvn_call_message */
    PVN_ROUTE_PREFIX = 2, /* path and everything below it */
    PVN_ROUTE_STREAM = 4, /* streaming body (body/end are called) */
    PVN_ROUTE_SERVER_STREAM = 8, /* gRPC: several messages out (PVN_MORE) */
    PVN_ROUTE_MESSAGES = 16      /* with STREAM: a WebSocket, see node/call.h */
};

typedef struct pvn_route {
    const char *method; /* "GET", "PUT", "POST"; NULL for gRPC (POST) */
    const char *path;
    uint32_t flags;
    uint64_t body_max; /* 0: setting http.message_max */
    pvn_next (*begin)(pvn_call *c);
    pvn_next (*resume)(pvn_call *c);
    pvn_next (*body)(pvn_call *c, const void *data, size_t len);
    pvn_next (*end)(pvn_call *c);
    void (*close)(pvn_call *c);
    const void *data; /* the skin's own, see pvn_call_route_data */
} pvn_route;

typedef struct pvn_skin {
    const char *name;  /* "succinct", "ops", ... */
    const char *mount; /* served on listeners of this mount; NULL: on all */
    const pvn_route *routes;
    size_t routes_len;
    /* For reflection: gRPC services and their FileDescriptorSet; may be 0. */
    const char *const *services;
    size_t services_len;
    const unsigned char *descriptors;
    const size_t *descriptors_len;
    /* gRPC code and text of a status, where this wire differs from the default
     * list; NULL: none. Return -1 for "as the list says". */
    int (*grpc_code)(provernet_status s);
} pvn_skin;

/* The request message (gRPC: without its 5-byte frame; else the body). */
pvn_bytes pvn_call_message(pvn_call *c);
/* Append one answer message (gRPC: framed by the router) or a whole body. */
void pvn_call_reply(pvn_call *c, const void *message, size_t len);
/* A stream of messages: the head of its answer goes out now, before the first
 * message. Returns PVN_MORE. */
pvn_next pvn_call_stream(pvn_call *c);
/* The answer is this failure, in the wire's own way: gRPC status and message,
 * or {"code","message","help"} with an HTTP status. Returns PVN_ANSWER. */
pvn_next pvn_call_fail(pvn_call *c, provernet_status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
pvn_next pvn_call_fail_with(pvn_call *c, const provernet_error *err);
/* `data` of the route of this call. */
const void *pvn_call_route_data(const pvn_call *c);
/* The path below a PREFIX route, without its query; the query's value of a
 * name (percent-decoded into the arena), or NULL. */
const char *pvn_call_rest(pvn_call *c);
const char *pvn_call_query(pvn_call *c, const char *name);
/* JSON body with status 200 and content-type application/json. */
pvn_next pvn_call_json(pvn_call *c, int http_status, const char *json,
                       size_t len);
/* Base of artifact URLs for this caller: the setting, or scheme://authority
 * (checked for form). NULL: neither is usable. */
const char *pvn_call_base_url(pvn_call *c, bool for_prover);

/* The router: made of skins by src/provernet.c. Static storage. */
typedef struct pvn_router {
    const pvn_skin *const *skins;
    size_t len;
} pvn_router;
extern const pvn_router *const pvn_router_skins; /* defined in provernet.c */
extern const pvn_entry pvn_http_entry;           /* protocol/http/router.c */
#endif
