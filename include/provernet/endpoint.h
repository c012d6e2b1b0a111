/* provernet/endpoint.h - every wire is an HTTP exchange: head and body in,
 * head, body and trailers out. Sockets are yours.
 *
 * An inbox may be used from any thread. A call belongs to one thread at a
 * time; its protocol work runs inside your calls. No call here blocks on the
 * disk or the network, but inbox_next if you give it time. Never a callback:
 * completions are pulled from the inbox, whose descriptor is pollable. */
#ifndef PROVERNET_ENDPOINT_H
#define PROVERNET_ENDPOINT_H
#include <provernet/node.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_inbox provernet_inbox;
typedef struct provernet_call provernet_call;

typedef struct provernet_field {
    const char *name, *value; /* names in lower case */
} provernet_field;

typedef struct provernet_head {
    size_t struct_size;
    const char *method;    /* "POST" */
    const char *authority; /* host the client dialled, "127.0.0.1:9000" */
    const char *path;      /* with query, as received */
    const char *scheme;    /* "http" or "https" */
    const char *peer;      /* "127.0.0.1:50312"; "" if unknown */
    const char *mount;     /* which skins this listener serves; NULL: all */
    const provernet_field *fields;
    size_t fields_len;
    int32_t messages; /* 1: WebSocket: `end` ends one message in, END one out */
} provernet_head;

/* Messages (provernet_head.messages = 1). An exchange of messages lasts: the
 * head has status 101 if somebody speaks in messages there, else it is an
 * ordinary answer that refuses. After 101
 * - call_write and call_end bring one message after the other; both may say
 *   AGAIN: wait for READY_WRITE and offer the rest, or the end, again. END:
 *   the other side has hung up.
 * - call_read gives the bytes of messages out, and END after each; read after
 *   every call_write and call_end, too. After an END, call_trailers is AGAIN
 *   if a message ended, and OK if that END was the exchange's: the trailers
 *   are close-code and close-reason as in RFC 6455.
 * - the field provernet-messages of the head says what is spoken, "binary" or
 *   "text"; do not pass messages of the other kind on. */

/* Bits of provernet_ready.what. */
enum {
    PROVERNET_READY_HEAD = 1,  /* call_head will answer */
    PROVERNET_READY_READ = 2,  /* call_read has bytes or END */
    PROVERNET_READY_WRITE = 4, /* call_write takes bytes again */
    PROVERNET_READY_DONE = 8   /* nothing more will come */
};
typedef struct provernet_ready {
    uint64_t tag;
    uint32_t what;
} provernet_ready;

PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_inbox_open(
    provernet *pn, provernet_inbox **out, provernet_error *err);
/* Readable when inbox_next has something: for epoll, libevent, Go's netpoll.
 * Owned by the inbox; do not read it. */
PROVERNET_API int provernet_inbox_fd(const provernet_inbox *in);
/* Up to cap completions; waits up to timeout_ms (0: none, negative: for ever)
 * for the first. */
PROVERNET_API size_t provernet_inbox_next(provernet_inbox *in,
                                          provernet_ready *out, size_t cap,
                                          int64_t timeout_ms);
/* For an owner that asks inbox_next before each wait of his own. While he is
 * awake, completions leave the descriptor alone, which saves two system calls
 * and an idle turn for each. Say 1 after a wait and 0 before the next. A result
 * of 0: there are completions, and he counts as awake still: take them, and say
 * 0 again. Else 1. */
PROVERNET_API int provernet_inbox_awake(provernet_inbox *in, int awake);
/* Close its calls first. NULL is allowed. */
PROVERNET_API void provernet_inbox_close(provernet_inbox *in);

/* Begin an exchange. The head is copied. `tag` comes back in the inbox.
 * A request that is refused (unknown path, too long, ...) still gives a call,
 * whose answer says why. ERR_NOMEM, ERR_UNAVAILABLE (draining), ERR_INVALID. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_call_open(
    provernet_inbox *in, provernet_call **out, const provernet_head *h,
    uint64_t tag, provernet_error *err);
/* Feed request body. *taken <= len; AGAIN: wait for READY_WRITE, then offer
 * the rest. END: the answer is there already, send no more body. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_call_write(
    provernet_call *c, const void *data, size_t len, size_t *taken);
/* The request body, or one message, is complete. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_call_end(provernet_call *c);
/* The answer's head; AGAIN until READY_HEAD. Fields are valid until close. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_call_head(provernet_call *c, int *http_status,
                    const provernet_field **fields, size_t *len);
/* OK: got > 0 bytes. AGAIN: wait for READY_READ. END: then trailers. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_call_read(provernet_call *c, void *buf, size_t cap, size_t *got);
/* OK: the body is this part of a file: sendfile it instead of call_read.
 * The descriptor stays the call's. END: the body is not a file. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_call_file(
    provernet_call *c, int *fd, uint64_t *offset, uint64_t *len);
/* Bytes of the answer's body, or UINT64_MAX if not known before its end. */
PROVERNET_API uint64_t provernet_call_length(const provernet_call *c);
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_call_trailers(
    provernet_call *c, const provernet_field **fields, size_t *len);
/* At any time; before the end of the answer it means: the client went away.
 * What was handed to the scheduler stays handed over. NULL is allowed. */
PROVERNET_API void provernet_call_close(provernet_call *c);

#ifdef __cplusplus
}
#endif
#endif
