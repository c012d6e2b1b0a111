/* tests/unit/net/fake_network.h - a small prover network on loopback: HTTP/2
 * (with or without TLS) by nghttp2, and artifacts over HTTP/1.1 on the same
 * port. It knows what it was told, checks signatures and nonces, and fails as
 * it is told. */
#ifndef FAKE_NETWORK_H
#define FAKE_NETWORK_H
#include "net_help.h"
#include "base/buf.h"
#include <pthread.h>
#include <stdbool.h>

enum {
    FAKE_REQUESTS = 32,
    FAKE_FILES = 16,
    FAKE_FAULTS = 16,
    FAKE_CALLS = 4096
};
enum { FAKE_DROP = -1, FAKE_HANG = -2 };

typedef struct fake_request {
    uint8_t id[32], vk_hash[32], fulfiller[20];
    const char *version, *program, *input; /* paths of files here */
    int mode, fulfillment, execution;
    uint64_t deadline_s, gas_limit;
    const char *max_price, *base_fee; /* decimal; NULL: not told */
    bool stdin_private, cancelled;
    bool hold; /* a bid does not win at once */
    /* what came */
    unsigned bids, fulfilments, failures;
    char amount[32];
    int error; /* of FailFulfillment; -1: none given */
    uint8_t *proof;
    size_t proof_len;
} fake_request;

typedef struct fake_file {
    char path[64];
    const uint8_t *data;
    size_t len;
    const char *etag;
    int status; /* instead of 200, while `times` is above 0 */
    int times;
    bool no_head; /* 403 to HEAD, as an address signed for GET has it */
    size_t cut;   /* close after so many bytes, while `times` is above 0 */
    unsigned gets, heads;
} fake_file;

typedef struct fake {
    int fd;
    uint16_t port;
    bool tls;
    char url[64];
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closing;
    unsigned open; /* connections */
    void *ssl_ctx;
    char ca_file[96];
    /* what it knows */
    uint8_t signer[20], prover[20], domain[32];
    uint64_t nonce, tick, suspended_until;
    const char *floor_price;
    bool no_params, no_status;
    const char *garbage; /* said instead of HTTP/2, then the end */
    const char *prove_price;
    const uint8_t *vk; /* what GetProgram says of any program; NULL: none */
    size_t vk_len;
    fake_request request[FAKE_REQUESTS];
    size_t requests;
    fake_file file[FAKE_FILES];
    size_t files;
    struct {
        char rpc[40];
        int times, code;
        const char *text;
    } fault[FAKE_FAULTS];
    size_t faults;
    /* what it heard */
    struct {
        char rpc[40];
        uint8_t *message;
        size_t len;
    } call[FAKE_CALLS];
    size_t calls;
    uint64_t capacity; /* as reported */
    unsigned wrong;    /* signatures of another key, bad nonces */
} fake;

/* tls_name: NULL: none; else the certificate's name or address. */
fake *fake_open(const uint8_t secret32[32], const char *tls_name);
/* Stop listening and break every connection; what it knows stays. */
void fake_down(fake *f);
void fake_up(fake *f); /* on the same port */
void fake_close(fake *f);
/* With the lock taken inside: */
void fake_fault(fake *f, const char *rpc, int times, int code,
                const char *text);
fake_file *fake_serve(fake *f, const char *path, const void *data, size_t len);
/* A request of tag `tag` that anybody may bid for. */
fake_request *fake_add(fake *f, uint8_t tag, const char *version, int mode,
                       const char *program, const char *input);
/* Until `test` holds (called with the lock); false: it never does. */
bool fake_until(fake *f, bool (*test)(const fake *f, const void *arg),
                const void *arg);
unsigned fake_count(fake *f, const char *rpc);
int64_t fake_now_ms(void);
#endif
