/* tests/client/client.h - a small blocking client, written from the wire's
 * description alone: HTTP/2 frames by hand (HPACK by libnghttp2), gRPC,
 * HTTP/1.1, protobuf. For tests and benches: it shares no code with the
 * server. One connection belongs to one thread. */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H
#include <nghttp2/nghttp2.h>
#include <provernet/sign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- bytes ---- */
typedef struct tc_buf {
    uint8_t *data;
    size_t len, cap;
} tc_buf;
void tc_add(tc_buf *b, const void *data, size_t len);
void tc_free(tc_buf *b);

/* ---- protobuf ---- */
void tc_varint(tc_buf *b, uint64_t v);
void tc_u64(tc_buf *b, uint32_t field, uint64_t v); /* written even when 0 */
void tc_bytes(tc_buf *b, uint32_t field, const void *data, size_t len);
void tc_text(tc_buf *b, uint32_t field, const char *text);
/* The n-th (from 0) value of a field: bytes point into msg. false: absent or
 * the message is malformed. */
bool tc_get_u64(const void *msg, size_t len, uint32_t field, uint64_t *v);
bool tc_get_bytes(const void *msg, size_t len, uint32_t field, size_t nth,
                  const uint8_t **data, size_t *data_len);

/* ---- sockets ---- */
/* Reading and writing fail after PATIENCE_MS without a byte. */
int tc_dial(const char *host, uint16_t port);
bool tc_send(int fd, const void *data, size_t len);
/* Exactly len bytes; false: closed, error or timeout. */
bool tc_recv(int fd, void *data, size_t len);

/* ---- HTTP/2 and gRPC ---- */
typedef struct tc_conn {
    int fd;
    uint32_t next_stream;
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
    char authority[64];
    bool goaway;
    uint32_t pongs;         /* answers to our pings */
    int64_t window;         /* bytes we may still send on the connection */
    int64_t stream_window;  /* and on the stream of the call in hand */
    int64_t initial_window; /* what the server gives a new stream */
    uint32_t taken_stream;  /* bytes not given back to the server yet */
    size_t taken, taken_of_stream;
} tc_conn;
typedef struct tc_reply {
    bool answered;      /* the stream ended in good order */
    int http_status;    /* 0: none seen */
    int grpc_status;    /* -1: none seen */
    uint32_t reset;     /* RST_STREAM or GOAWAY code + 1; 0: none */
    char message[512];  /* grpc-message, decoded */
    tc_buf body;        /* whole DATA */
    const uint8_t *msg; /* first gRPC message of the body, or NULL */
    size_t msg_len;
} tc_reply;
void tc_reply_free(tc_reply *r);

bool tc_open(tc_conn *c, const char *host, uint16_t port);
void tc_close(tc_conn *c);
/* Raw frames, for hostile tests. */
bool tc_frame(tc_conn *c, uint8_t type, uint8_t flags, uint32_t stream,
              const void *payload, size_t len);
bool tc_headers(tc_conn *c, uint32_t stream, bool end,
                const char *const (*field)[2], size_t fields);
/* Read frames until `stream` ends; other streams' frames are dropped. */
void tc_await(tc_conn *c, uint32_t stream, tc_reply *r);
/* One unary call, message framed by us. Fills *r (free it). True if the server
 * answered with a gRPC status. */
bool tc_call(tc_conn *c, const char *path, const void *msg, size_t len,
             tc_reply *r);

/* The same in steps, for streams: the call begins; one frame of whatever is
 * taken (true while the call goes on); its first message is dropped from
 * r->body (false: it is not whole yet). */
bool tc_begin(tc_conn *c, const char *path, const void *msg, size_t len,
              tc_reply *r, uint32_t *stream);
bool tc_step(tc_conn *c, uint32_t stream, tc_reply *r);
bool tc_next(tc_reply *r, tc_buf *msg);

/* ---- HTTP/1.1: one exchange on a fresh connection ---- */
typedef struct tc_http {
    int status; /* 0: no answer */
    tc_buf body;
    char head[8192];
} tc_http;
/* url: http://host:port/path. */
bool tc_http_url(const char *method, const char *url, const void *body,
                 size_t len, tc_http *out);
void tc_http_free(tc_http *h);

/* ---- the Succinct wire ---- */
typedef struct tc_user {
    tc_conn conn;
    provernet_key *key;
    uint8_t address[20];
    char host[64];
    uint16_t port;
    bool fresh; /* every call on a connection of its own, as SDKs 4 and 5 do */
} tc_user;
bool tc_user_open(tc_user *u, const char *host, uint16_t port,
                  const uint8_t secret32[32]);
void tc_user_close(tc_user *u);
/* format, signature, body. */
void tc_envelope(tc_buf *out, const provernet_key *key, const void *body,
                 size_t len);
int tc_nonce(tc_user *u, uint64_t *nonce); /* gRPC status, -1: no answer */
/* CreateArtifact and PUT; uri has 512 bytes. */
int tc_artifact(tc_user *u, int type, const void *data, size_t len, char *uri);
int tc_create_program(tc_user *u, const uint8_t hash32[32], const void *vk,
                      size_t vk_len, const char *uri);
int tc_request(tc_user *u, const uint8_t hash32[32], int mode,
               const char *stdin_uri, uint64_t deadline_s, uint8_t id32[32]);
/* The same in mainnet mode, naming the digest of its public values. */
int tc_request_values(tc_user *u, const uint8_t hash32[32], int mode,
                      const char *stdin_uri, uint64_t deadline_s,
                      const uint8_t values32[32], uint8_t id32[32]);
typedef struct tc_status {
    uint64_t fulfillment, execution, deadline;
    char proof_uri[512];
} tc_status;
int tc_get_status(tc_user *u, const uint8_t id32[32], tc_status *out);
#endif
