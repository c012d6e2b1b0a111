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

/* How a gRPC exchange is written. Browsers cannot read HTTP trailers: theirs
 * end with a frame that holds them, and may be in base64. */
typedef enum pvn_web { PVN_WEB_NO, PVN_WEB_BINARY, PVN_WEB_TEXT } pvn_web;

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
    pvn_web web; /* gRPC: of browsers */
    bool unread; /* replied since the last PVN_MORE */
    /* answers of the router itself */
    provernet_status refusal;
    int refusal_http; /* 0: as the list says */
    char allow[64];
    provernet_error refusal_text;
    pvn_buf frame;    /* gRPC streams: bytes of an unfinished message */
    pvn_buf trailers; /* gRPC-Web: "name: value\r\n" each */
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

/* ---- web.c: gRPC-Web and CORS ---- */
pvn_web pvn_web_content(const char *content_type);
const char *pvn_web_content_type(pvn_web web);
/* Append bytes of an answer's body, in base64 if the caller reads that. */
void pvn_web_body(pvn_call *c, const void *data, size_t len);
/* A trailer of the answer. */
void pvn_web_trailer(pvn_call *c, const char *name, const char *value);
/* The trailers said so far, as the last frame of the body. */
void pvn_web_end(pvn_call *c);
/* base64 (also of several padded pieces in a row) into the arena. false: it is
 * none, or no memory. */
bool pvn_web_decode(pvn_arena *a, pvn_bytes text, pvn_bytes *out);
/* Fields for pages of other origins that http.cors allows. */
void pvn_cors_fields(pvn_call *c);
/* Is this a browser asking whether it may ask? Then the handler answers. */
bool pvn_cors_preflight(pvn_call *c);
pvn_next pvn_cors_begin(pvn_call *c);

/* ---- grpc.c ---- */
/* application/grpc and what starts like it; gRPC-Web too. */
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
