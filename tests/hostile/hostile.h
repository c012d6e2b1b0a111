/* tests/hostile/hostile.h - one hostile case after another against the real
 * server: each must get its documented answer, add little memory, and leave
 * the server answering others at once. */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H
#include "client.h"
#include "server.h"
#include <stdio.h>
#include <string.h>

extern tc_server server;
extern tc_user user; /* a well-behaved requester */

/* Record one case: `got` must be one of the codes given (ended by -99). Then
 * the server must still answer a fresh client, and have grown < 32 MiB. */
void expect(const char *name, int got, ...);
#define EXPECT(name, got, ...) expect(name, got, __VA_ARGS__, -99)

/* A fresh connection's call with these message bytes: gRPC status, or
 * 1000 + HTTP status when there is none, or -1 without an answer. */
int grpc_code(const char *path, const void *msg, size_t len);
int signed_code(const char *path, const tc_buf *body);

void http2_cases(void);
void http1_cases(void);
void grpc_cases(void);
void protobuf_cases(void);
void signature_cases(void);
void people_cases(void);
void stream_cases(void);
void artifact_cases(void);
void websocket_cases(void);
void worker_cases(void);

#define NETWORK "/network.ProverNetwork/"
#endif
