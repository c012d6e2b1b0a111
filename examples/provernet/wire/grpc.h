/* wire/grpc.h - unary gRPC calls over one HTTP/2 connection, blocking. For
 * client commands, not for servers. */
#ifndef WIRE_GRPC_H
#define WIRE_GRPC_H
#include "../net/buffer.h"

#include <provernet/base.h>

struct grpc;

/* url: "http://HOST:PORT", "https://...", "HOST", "HOST:PORT". Connects at the
 * first call and again after a loss. NULL: no memory or no such form (*err). */
struct grpc *grpc_new(const char *url, provernet_error *err);
void grpc_free(struct grpc *g);
/* path "/pkg.Service/Method". OK: the answer's message is in *answer (freed by
 * the caller). An answer with another gRPC status is an error with
 * err->cause = that code, and the server's own words. */
PROVERNET_MUST_USE provernet_status grpc_call(struct grpc *g, const char *path,
                                              const void *message, size_t len,
                                              int64_t timeout_ms,
                                              struct buffer *answer,
                                              provernet_error *err);
#endif
