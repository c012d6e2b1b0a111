/* net/grpc.h - unary gRPC calls over one HTTP/2 connection (nghttp2), with or
 * without TLS. Blocking: one call at a time, any thread; connects when there
 * is something to say and again after a loss. */
#ifndef PVN_NET_GRPC_H
#define PVN_NET_GRPC_H
#include "base/buf.h"
#include "base/env.h"
#include "base/error.h"

enum { PVN_GRPC_ANSWER_MAX = 64 << 20 };

typedef struct pvn_grpc pvn_grpc;

/* As pvn_line_new. */
provernet_status pvn_grpc_new(pvn_grpc **out, const char *url,
                              const char *ca_file, const pvn_env *env,
                              provernet_error *err);
void pvn_grpc_free(pvn_grpc *g); /* NULL: nothing; no call runs */
/* Any thread: the running call and all later ones end with ERR_CANCELLED. */
void pvn_grpc_interrupt(pvn_grpc *g);
/* path: "/package.Service/Method". OK: the answer's message is appended to
 * *answer. A refusal by the server is an error whose cause is the gRPC code,
 * above 0; without an answer the cause is 0 and the status ERR_CONNECT,
 * ERR_TIMEOUT or ERR_CANCELLED. */
provernet_status pvn_grpc_call(pvn_grpc *g, const char *path, pvn_bytes message,
                               int64_t timeout_ms, pvn_buf *answer,
                               provernet_error *err);
/* Our status for a gRPC code. */
provernet_status pvn_grpc_status(int code);
#endif
