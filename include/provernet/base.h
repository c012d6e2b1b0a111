/* provernet/base.h - statuses, errors, ids, spans: what every other header
 * uses.
 *
 * Everything here is a plain value; any thread. Nothing allocates. */
#ifndef PROVERNET_BASE_H
#define PROVERNET_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define PROVERNET_API      __attribute__((visibility("default")))
#define PROVERNET_MUST_USE __attribute__((warn_unused_result))
#else
#define PROVERNET_API
#define PROVERNET_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, gRPC code, HTTP status, exit code, may retry unchanged,
 * sentence). Values are frozen once released: add, never renumber, never
 * reuse. Names, gRPC codes, HTTP statuses, exit codes, `provernet explain`
 * and the manual are generated from this list. */
#define PROVERNET_STATUS_LIST(X)                                               \
    X(OK, 0, 0, 200, 0, 0, "success")                                          \
    X(AGAIN, 1, 14, 503, 9, 1, "not ready: ask again later")                   \
    X(END, 2, 11, 204, 0, 0, "there is nothing more")                          \
    X(ERR_INVALID, -1, 3, 400, 2, 0, "an argument is not valid")               \
    X(ERR_NOMEM, -2, 8, 507, 8, 1, "out of memory")                            \
    X(ERR_IO, -3, 14, 503, 3, 1, "reading or writing a file failed")           \
    X(ERR_TIMEOUT, -4, 4, 504, 7, 1, "the deadline passed")                    \
    X(ERR_CANCELLED, -5, 1, 499, 130, 0, "it was cancelled")                   \
    X(ERR_NOT_FOUND, -6, 5, 404, 3, 0, "there is no such object")              \
    X(ERR_EXISTS, -7, 6, 409, 1, 0, "it exists already with other content")    \
    X(ERR_STATE, -8, 9, 409, 1, 0, "the object is not in the needed state")    \
    X(ERR_LIMIT, -9, 8, 429, 8, 0, "a named limit was reached")                \
    X(ERR_UNAVAILABLE, -10, 14, 503, 5, 1, "the service is not available now") \
    X(ERR_UNSUPPORTED, -11, 12, 501, 9, 0, "this is not supported")            \
    X(ERR_INTERNAL, -12, 13, 500, 70, 1, "a bug in provernet")                 \
    X(ERR_FORKED, -13, 9, 500, 70, 0, "the process forked after opening")      \
    X(ERR_CONFIG, -14, 3, 400, 4, 0, "the configuration is not valid")         \
    X(ERR_SPACE, -15, 8, 507, 8, 1, "no space is left")                        \
    X(ERR_SIGNATURE, -100, 16, 401, 6, 0, "the signature is not valid")        \
    X(ERR_NONCE, -101, 10, 409, 6, 1, "the nonce is not the expected one")     \
    X(ERR_PERMISSION, -102, 7, 403, 6, 0, "this key may not do that")          \
    X(ERR_KEY_FILE, -103, 3, 400, 6, 0, "the key file is not usable")          \
    X(ERR_CORRUPT, -200, 15, 500, 3, 0, "stored bytes are damaged")            \
    X(ERR_FORMAT, -201, 3, 400, 3, 0, "the input is malformed")                \
    X(ERR_MISMATCH, -202, 3, 400, 3, 0, "the inputs do not belong together")   \
    X(ERR_SCHEMA, -203, 9, 500, 4, 0, "the database is of another version")    \
    X(ERR_NO_WORKER, -300, 14, 503, 9, 1, "no worker can take this kind")      \
    X(ERR_LEASE, -301, 9, 409, 1, 0, "the task is no longer this worker's")    \
    X(ERR_CONNECT, -302, 14, 503, 5, 1, "the server cannot be reached")        \
    X(ERR_ADDRESS_IN_USE, -303, 14, 503, 5, 1, "the address is in use")        \
    X(ERR_EXPIRED, -304, 9, 410, 7, 0, "the request passed its deadline")      \
    X(ERR_FAILED, -305, 9, 409, 1, 0, "the request failed")                    \
    X(ERR_MEMORY_NEED, -400, 8, 507, 8, 0, "the proof does not fit in memory") \
    X(ERR_GPU_MEMORY, -401, 8, 507, 8, 0,                                      \
      "the proof does not fit in GPU "                                         \
      "memory")                                                                \
    X(ERR_GPU, -402, 13, 500, 9, 1, "the GPU reported an error")               \
    X(ERR_GPU_LOST, -403, 13, 500, 9, 1, "the GPU context is lost")            \
    X(ERR_NO_DEVICE, -404, 9, 503, 9, 0, "there is no such device")            \
    X(ERR_PROOF, -405, 13, 500, 1, 1, "the proof made does not verify")        \
    X(ERR_PROOF_INVALID, -406, 3, 400, 1, 0, "the proof is not valid")

/* 0 OK, 1 AGAIN, 2 END, negative: an error of the list. */
typedef int32_t provernet_status;
enum {
#define X(name, value, grpc, http, exit_code, retry, text)                     \
    PROVERNET_##name = (value),
    PROVERNET_STATUS_LIST(X)
#undef X
};

/* Detail of one failed call. The caller owns it and may pass NULL instead.
 * 256 bytes, layout frozen. A call that returns OK leaves it untouched. */
typedef struct provernet_error {
    int32_t status;    /* the status the call returned */
    int32_t cause;     /* errno, SQLite, CUDA or gRPC code beneath; 0 if none */
    char message[248]; /* UTF-8, NUL-terminated, may have several lines: what,
                          found against expected, "help:" and a next step;
                          never a secret */
} provernet_error;

/* A name that sorts by creation time; made by the library, never by a
 * database. All zero means: none. */
typedef struct provernet_id {
    uint8_t bytes[16];
} provernet_id;

/* Borrowed bytes: valid for the call they are passed to. */
typedef struct provernet_span {
    const void *data;
    size_t len;
} provernet_span;

/* "ERR_NONCE" for -101; "ERR_UNKNOWN" for a value not in the list. Static. */
PROVERNET_API const char *provernet_status_name(provernet_status s);
/* The sentence of the list. Static. */
PROVERNET_API const char *provernet_status_text(provernet_status s);
/* The process exit code that a command-line program should use. */
PROVERNET_API int provernet_status_exit(provernet_status s);
/* The value for a name ("ERR_NONCE" or "NONCE", any case); 0 = found. */
PROVERNET_API int provernet_status_find(const char *name,
                                        provernet_status *out);
/* "0.1.0". Static. */
PROVERNET_API const char *provernet_version(void);

#ifdef __cplusplus
}
#endif
#endif
