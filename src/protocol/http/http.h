/* protocol/http/http.h - what the files of the router share.
 *
 * One pvn_http per call, in the call's arena, in slot 0. Includes route.h. */
#ifndef PVN_PROTOCOL_HTTP_HTTP_H
#define PVN_PROTOCOL_HTTP_HTTP_H
#include "base/buf.h"
#include "base/settings.h"
#include "protocol/route.h"
#include <stdio.h>

enum {
    PVN_PATH_MAX = 2048, /* bytes of a request path, its query included */
    PVN_GRPC_FRAME = 5   /* flag and big-endian length before a message */
};

typedef struct pvn_http {
    pvn_handler handler;
    const pvn_skin *skin;   /* NULL: no route */
    const pvn_route *route; /* NULL: no route */
    const char *path;       /* decoded, without the query */
    const char *query;      /* as received, "" if none */
    const char *rest;       /* below a PREFIX route */
    pvn_bytes message;      /* gRPC: without its frame */
    uint64_t message_max;
    bool grpc, head, replied, failed, trailed;
    bool unread; /* replied since the last PVN_MORE */
    /* answers of the router itself */
    provernet_status refusal;
    int refusal_http; /* 0: as the list says */
    char allow[64];
    provernet_error refusal_text;
    pvn_buf frame; /* gRPC streams: bytes of an unfinished message */
} pvn_http;

pvn_http *pvn_http_of(const pvn_call *c);

/* ---- path.c: pure ---- */
/* Split and check a request target. *path is decoded; refused are absolute
 * forms, "." and ".." segments, encoded '/', '\', '.', control bytes, what is
 * not percent-encoded properly, and more than PVN_PATH_MAX bytes. */
provernet_status pvn_path_split(pvn_arena *a, const char *target,
                                const char **path, const char **query,
                                provernet_error *err);
/* Value of `name` in a query, percent- and plus-decoded; NULL: absent or not
 * decodable. */
const char *pvn_query_value(pvn_arena *a, const char *query, const char *name);
/* Is it HOST, HOST:PORT or [v6]:PORT, and nothing that could hide more? */
bool pvn_authority_valid(const char *authority);

/* ---- grpc.c ---- */
bool pvn_grpc_content(const char *content_type);
/* The one message of a unary body. ERR_FORMAT, ERR_LIMIT, ERR_UNSUPPORTED. */
provernet_status pvn_grpc_message(pvn_bytes body, uint64_t max,
                                  pvn_bytes *message, provernet_error *err);
/* "1S" -> 1000; at least 1 ms when it is not zero. */
bool pvn_grpc_timeout(const char *text, int64_t *ms);
/* Percent-encode a status message. */
bool pvn_grpc_escape(pvn_buf *out, const char *text);
/* Handler functions of gRPC routes. */
pvn_next pvn_grpc_begin(pvn_call *c);
pvn_next pvn_grpc_body(pvn_call *c, const void *data, size_t len);
pvn_next pvn_grpc_end(pvn_call *c);
pvn_next pvn_grpc_stream_begin(pvn_call *c);
void pvn_grpc_write_failure(pvn_call *c, const pvn_skin *skin,
                            const provernet_error *err);
/* What a route wants next: an answer gets its trailers. */
pvn_next pvn_http_next(pvn_call *c, pvn_next next);

/* ---- json.c ---- */
void pvn_http_write_failure(pvn_call *c, int http_status,
                            const provernet_error *err);
/* Fail with this HTTP status (0: as the list says). Returns PVN_ANSWER. */
pvn_next pvn_http_fail(pvn_call *c, int http_status, provernet_status s,
                       const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A whole body with its content type; HEAD gets the length alone. */
pvn_next pvn_http_reply(pvn_call *c, int http_status, const char *content_type,
                        const void *body, size_t len);

/* ---- reflection.c: pure, over a FileDescriptorSet of ours ---- */
typedef struct pvn_descriptors {
    const pvn_bytes *set; /* FileDescriptorSets */
    size_t len;
} pvn_descriptors;
/* The serialised FileDescriptorProto with this file name / that declares this
 * full name (message, enum, service, method, field, extension). */
bool pvn_descriptor_file(const pvn_descriptors *d, pvn_bytes name,
                         pvn_bytes *file);
bool pvn_descriptor_symbol(const pvn_descriptors *d, pvn_bytes symbol,
                           pvn_bytes *file);
#endif
