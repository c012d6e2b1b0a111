/* protocol/http/reflection.c - grpc.reflection v1 and v1alpha: what can be
 * called here, from the descriptors of the skins. Includes route.h and pb.h.
 *
 * Both versions have the same bytes. Each request message of the stream gets
 * one answer; descriptors of strangers are never parsed. */
#include "protocol/http/skin.h"
#include "protocol/http/http.h"
#include "protocol/http/pb.h"

enum { /* request */
       FILE_BY_FILENAME = 3,
       FILE_CONTAINING_SYMBOL = 4,
       FILE_CONTAINING_EXTENSION = 5,
       ALL_EXTENSION_NUMBERS = 6,
       LIST_SERVICES = 7
};
enum { /* response */
       VALID_HOST = 1,
       ORIGINAL_REQUEST = 2,
       FILE_RESPONSE = 4,
       EXTENSION_RESPONSE = 5,
       LIST_RESPONSE = 6,
       ERROR_RESPONSE = 7
};
enum { GRPC_INVALID = 3, GRPC_NOT_FOUND = 5 };
enum { SKINS_MAX = 32, DEPENDENCY = 3, FILE_NAME = 1, FILES_MAX = 32 };

typedef struct sets {
    pvn_bytes set[SKINS_MAX];
    pvn_descriptors d;
} sets;

static bool visible(pvn_call *c, const pvn_skin *skin)
{
    const char *mount = pvn_call_request(c)->mount;

    return !skin->mount || !mount || strcmp(skin->mount, mount) == 0;
}

static void sets_of(pvn_call *c, sets *s)
{
    s->d.set = s->set;
    s->d.len = 0;
    for (size_t i = 0; i < pvn_router_skins->len && s->d.len < SKINS_MAX; i++) {
        const pvn_skin *skin = pvn_router_skins->skins[i];

        if (skin->descriptors && visible(c, skin))
            s->set[s->d.len++] =
                pvn_bytes_of(skin->descriptors, *skin->descriptors_len);
    }
}

static void put_error(pvn_buf *out, int code, const char *text)
{
    pvn_buf b = { 0 };

    pvn_pb_put_uint(&b, 1, (uint64_t)code);
    pvn_pb_put_bytes(&b, 2, text, strlen(text));
    pvn_pb_put_bytes(out, ERROR_RESPONSE, b.data, b.len);
    out->failed = out->failed || b.failed;
    pvn_buf_free(&b);
}

static void put_services(pvn_call *c, pvn_buf *out)
{
    pvn_buf list = { 0 }, one = { 0 };

    for (size_t i = 0; i < pvn_router_skins->len; i++) {
        const pvn_skin *skin = pvn_router_skins->skins[i];

        for (size_t k = 0; visible(c, skin) && k < skin->services_len; k++) {
            const char *name = skin->services[k];

            pvn_buf_eat(&one, one.len);
            pvn_pb_put_bytes(&one, 1, name, strlen(name));
            pvn_pb_put_bytes(&list, 1, one.data, one.len);
        }
    }
    pvn_pb_put_bytes(out, LIST_RESPONSE, list.data, list.len);
    out->failed = out->failed || list.failed || one.failed;
    pvn_buf_free(&one);
    pvn_buf_free(&list);
}

/* The file and all files it imports, each once, itself first. */
static void put_files(const pvn_descriptors *d, pvn_bytes first, pvn_buf *out)
{
    pvn_bytes file[FILES_MAX] = { first };
    size_t len = 1;
    pvn_buf list = { 0 };

    for (size_t i = 0; i < len; i++) {
        pvn_pb_reader r = pvn_pb_read(file[i]);
        pvn_pb_field f;

        pvn_pb_put_bytes(&list, 1, file[i].data, file[i].len);
        while (pvn_pb_next(&r, &f)) {
            pvn_bytes found;
            bool again = false;

            if (f.number != DEPENDENCY || f.wire != PVN_PB_LEN ||
                !pvn_descriptor_file(d, f.bytes, &found))
                continue;
            for (size_t k = 0; k < len; k++)
                again = again || file[k].data == found.data;
            if (!again && len < FILES_MAX)
                file[len++] = found;
        }
    }
    pvn_pb_put_bytes(out, FILE_RESPONSE, list.data, list.len);
    out->failed = out->failed || list.failed;
    pvn_buf_free(&list);
}

/* There are no extensions in proto3 files of ours: a known type has none. */
static void put_extensions(const pvn_descriptors *d, pvn_bytes type,
                           pvn_buf *out)
{
    pvn_buf b = { 0 };
    pvn_bytes file;

    if (!pvn_descriptor_symbol(d, type, &file)) {
        put_error(out, GRPC_NOT_FOUND, "there is no such type");
        return;
    }
    pvn_pb_put_bytes(&b, 1, type.data, type.len);
    pvn_pb_put_bytes(out, EXTENSION_RESPONSE, b.data, b.len);
    out->failed = out->failed || b.failed;
    pvn_buf_free(&b);
}

static void answer(pvn_call *c, const pvn_pb_field *ask, pvn_buf *out)
{
    pvn_bytes file;
    sets s;

    sets_of(c, &s);
    switch (ask->number) {
    case FILE_BY_FILENAME:
        if (pvn_descriptor_file(&s.d, ask->bytes, &file))
            put_files(&s.d, file, out);
        else
            put_error(out, GRPC_NOT_FOUND, "there is no such file");
        break;
    case FILE_CONTAINING_SYMBOL:
        if (pvn_descriptor_symbol(&s.d, ask->bytes, &file))
            put_files(&s.d, file, out);
        else
            put_error(out, GRPC_NOT_FOUND, "there is no such symbol");
        break;
    case FILE_CONTAINING_EXTENSION:
        put_error(out, GRPC_NOT_FOUND, "there is no such extension");
        break;
    case ALL_EXTENSION_NUMBERS:
        put_extensions(&s.d, ask->bytes, out);
        break;
    case LIST_SERVICES:
        put_services(c, out);
        break;
    default:
        put_error(out, GRPC_INVALID, "the request asks for nothing");
    }
}

static pvn_next message(pvn_call *c, const void *data, size_t len)
{
    pvn_pb_reader r = pvn_pb_read(pvn_bytes_of(data, len));
    pvn_pb_field f, ask = { 0 }, host = { 0 };
    pvn_buf out = { 0 };

    while (pvn_pb_next(&r, &f)) {
        if (f.wire == PVN_PB_LEN && f.number == 1)
            host = f;
        if (f.wire == PVN_PB_LEN && f.number >= FILE_BY_FILENAME &&
            f.number <= LIST_SERVICES)
            ask = f;
    }
    if (r.bad)
        return pvn_call_fail(c, PROVERNET_ERR_FORMAT,
                             "the bytes are not a ServerReflectionRequest");
    if (host.bytes.len)
        pvn_pb_put_bytes(&out, VALID_HOST, host.bytes.data, host.bytes.len);
    pvn_pb_put_bytes(&out, ORIGINAL_REQUEST, data, len);
    answer(c, &ask, &out);
    if (out.failed)
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for descriptors");
    else
        pvn_call_reply(c, out.data, out.len);
    pvn_buf_free(&out);
    return pvn_http_of(c)->failed ? PVN_ANSWER : PVN_BODY;
}

static pvn_next done(pvn_call *c)
{
    (void)c;
    return PVN_ANSWER;
}

#define PATH(version)                                                          \
    "/grpc.reflection." version ".ServerReflection/ServerReflectionInfo"
static const pvn_route routes[] = {
    { .path = PATH("v1"),
      .flags = PVN_ROUTE_GRPC | PVN_ROUTE_STREAM,
      .body = message,
      .end = done },
    { .path = PATH("v1alpha"),
      .flags = PVN_ROUTE_GRPC | PVN_ROUTE_STREAM,
      .body = message,
      .end = done },
};

static const char *const services[] = {
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
};

extern const unsigned char pvn_descriptors_reflection[];
extern const size_t pvn_descriptors_reflection_len;

const pvn_skin pvn_skin_reflection = {
    .name = "reflection",
    .routes = routes,
    .routes_len = sizeof routes / sizeof *routes,
    .services = services,
    .services_len = sizeof services / sizeof *services,
    .descriptors = pvn_descriptors_reflection,
    .descriptors_len = &pvn_descriptors_reflection_len,
};
