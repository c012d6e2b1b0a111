/* tests/hostile/grpc_cases.c - framing, methods, timeouts, encodings. */
#include "hostile.h"
#include <stdlib.h>
#include <unistd.h>

typedef struct grpc_case {
    const char *name, *path, *type, *extra[2], *body;
    size_t len;
    int want, or_else;
} grpc_case;

#define NONCE NETWORK "GetNonce"
#define APP   "application/grpc"
static const grpc_case list[] = {
    { "no content-type", NONCE, NULL, { 0 }, "\0\0\0\0\0", 5, 1415, 1415 },
    { "text/plain", NONCE, "text/plain", { 0 }, "\0\0\0\0\0", 5, 1415, 1415 },
    { "application/json",
      NONCE,
      "application/json",
      { 0 },
      "{}",
      2,
      1415,
      1415 },
    { "application/grpcx",
      NONCE,
      "application/grpcx",
      { 0 },
      "\0\0\0\0\0",
      5,
      1415,
      1415 },
    { "application/grpc+json",
      NONCE,
      "application/grpc+json",
      { 0 },
      "\0\0\0\0\0",
      5,
      3,
      12 },
    { "gRPC-Web", NONCE, "application/grpc-web", { 0 }, "\0\0\0\0\0", 5, 3, 3 },
    { "gRPC-Web without a frame",
      NONCE,
      "application/grpc-web",
      { 0 },
      "\0\0",
      2,
      3,
      13 },
    { "gRPC-Web in base64",
      NONCE,
      "application/grpc-web-text",
      { 0 },
      "AAAAAAA=",
      8,
      3,
      3 },
    { "gRPC-Web in what is not base64",
      NONCE,
      "application/grpc-web-text",
      { 0 },
      "A=AA***",
      7,
      3,
      3 },
    { "a stream of messages by gRPC-Web",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "application/grpc-web",
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      12 },
    { "no frame at all", NONCE, APP, { 0 }, "", 0, 13, 3 },
    { "a cut frame head", NONCE, APP, { 0 }, "\0\0\0", 3, 13, 3 },
    { "a cut message", NONCE, APP, { 0 }, "\0\0\0\0\x9xx", 7, 13, 3 },
    { "a message of 4 GiB", NONCE, APP, { 0 }, "\0\xff\xff\xff\xff", 5, 8, 8 },
    { "bytes after the message", NONCE, APP, { 0 }, "\0\0\0\0\0\0", 6, 13, 3 },
    { "two messages", NONCE, APP, { 0 }, "\0\0\0\0\0\0\0\0\0\0", 10, 13, 3 },
    { "a compressed message without encoding",
      NONCE,
      APP,
      { 0 },
      "\1\0\0\0\0",
      5,
      13,
      12 },
    { "flag 2", NONCE, APP, { 0 }, "\2\0\0\0\0", 5, 13, 3 },
    { "gzip",
      NONCE,
      APP,
      { "grpc-encoding", "gzip" },
      "\1\0\0\0\2ab",
      7,
      12,
      12 },
    { "identity",
      NONCE,
      APP,
      { "grpc-encoding", "identity" },
      "\0\0\0\0\0",
      5,
      3,
      3 },
    { "a timeout without a unit",
      NONCE,
      APP,
      { "grpc-timeout", "100" },
      "\0\0\0\0\0",
      5,
      3,
      13 },
    { "a timeout of nine digits",
      NONCE,
      APP,
      { "grpc-timeout", "123456789S" },
      "\0\0\0\0\0",
      5,
      3,
      13 },
    { "a negative timeout",
      NONCE,
      APP,
      { "grpc-timeout", "-1S" },
      "\0\0\0\0\0",
      5,
      3,
      13 },
    { "an unknown method",
      NETWORK "NoSuchMethod",
      APP,
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      12 },
    { "an unknown service",
      "/no.Service/Method",
      APP,
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      12 },
    { "a method in lower case",
      "/network.ProverNetwork/getnonce",
      APP,
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      12 },
    { "only the service",
      "/network.ProverNetwork/",
      APP,
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      12 },
    { "a query behind the method",
      NONCE "?x=1",
      APP,
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      3 },
    { "a method of the real network that is not served",
      NETWORK "GetSearchResults",
      APP,
      { 0 },
      "\0\0\0\0\0",
      5,
      12,
      12 },
    { "health of an unknown service",
      "/grpc.health.v1.Health/Check",
      APP,
      { 0 },
      "\0\0\0\0\5\n\3abc",
      10,
      5,
      5 },
    { "reflection of garbage",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      APP,
      { 0 },
      "\0\0\0\0\4\xff\xff\xff\xff",
      9,
      3,
      13 },
};

static int one(const grpc_case *g)
{
    const char *field[10][2] = { { ":method", "POST" },
                                 { ":scheme", "http" },
                                 { ":authority", "x:1" },
                                 { ":path", g->path },
                                 { "te", "trailers" } };
    size_t n = 5;
    tc_conn c;
    tc_reply r = { .grpc_status = -1 };
    int code;

    if (g->type) {
        field[n][0] = "content-type";
        field[n++][1] = g->type;
    }
    if (g->extra[0]) {
        field[n][0] = g->extra[0];
        field[n++][1] = g->extra[1];
    }
    tc_open(&c, "127.0.0.1", server.port);
    tc_headers(&c, 1, false, (const char *const(*)[2])field, n);
    tc_frame(&c, 0, 1, 1, g->body, g->len);
    tc_await(&c, 1, &r);
    code = r.grpc_status >= 0 ? r.grpc_status
           : r.http_status    ? 1000 + r.http_status
                              : -1;
    tc_reply_free(&r);
    tc_close(&c);
    return code;
}

/* More than the limit says, really sent. */
static void a_long_message(void)
{
    size_t len = (65u << 20) + 16;
    uint8_t *big = calloc(1, len);

    EXPECT("a message of 65 MiB", grpc_code(NONCE, big, len), 8, -1);
    free(big);
}

static void a_get(void)
{
    static const char *const field[][2] = { { ":method", "GET" },
                                            { ":scheme", "http" },
                                            { ":authority", "x" },
                                            { ":path", NONCE } };
    tc_conn c;
    tc_reply r = { .grpc_status = -1 };

    tc_open(&c, "127.0.0.1", server.port);
    tc_headers(&c, 1, true, field, 4);
    tc_await(&c, 1, &r);
    EXPECT("GET on a method", r.http_status, 405, 415);
    tc_reply_free(&r);
    tc_close(&c);
}

void grpc_cases(void)
{
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        EXPECT(list[i].name, one(&list[i]), list[i].want, list[i].or_else);
    a_long_message();
    a_get();
}
