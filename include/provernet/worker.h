/* provernet/worker.h - lend a prover: pull jobs, hand back proofs.
 *
 * A worker may be used from any thread; a job belongs to one thread. Pull,
 * not callback: fits a C loop, a goroutine and a Python thread alike.
 * Heartbeats are the library's business. */
#ifndef PROVERNET_WORKER_H
#define PROVERNET_WORKER_H
#include <provernet/artifact.h>
#include <provernet/prove.h>
#include <provernet/sign.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_worker provernet_worker;
typedef struct provernet_job provernet_job;

/* Whose fault a failure is: decides retry and strikes. */
enum {
    PROVERNET_BLAME_INPUT = 1,       /* final: no retry helps */
    PROVERNET_BLAME_ATTEMPT = 2,     /* retried elsewhere, a strike for us */
    PROVERNET_BLAME_SURROUNDINGS = 3 /* retried, nobody's strike */
};

/* Accept workers on a node: opens the channel (nng) on url, for example
 * "tcp://127.0.0.1:0"; *port (may be NULL) is the port bound. Closed with the
 * node. url NULL opens nothing and only looks for workers that fell silent,
 * for a host that hands workers' messages to the endpoint itself (POST
 * /provernet.worker/v1). ERR_ADDRESS_IN_USE, ERR_INVALID, ERR_STATE (open
 * already). */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_worker_listen(
    provernet *pn, const char *url, uint16_t *port, provernet_error *err);

/* A worker of a remote server. Options read: worker.server ("HOST:PORT",
 * needed), worker.name, worker.kinds ("groth16/bn254@1,..." or "*"),
 * worker.slots, worker.memory. Returns at once; connects, and connects again
 * after losses, by itself. `k` proves who we are and is copied. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_worker_dial(provernet_worker **out, const provernet_options *o,
                      const provernet_key *k, provernet_error *err);
/* A worker in the node's own process, no socket between. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_worker_join(provernet_worker **out, provernet *pn,
                      const provernet_options *o, provernet_error *err);
/* A worker that lends this machine to a Succinct-compatible prover network: it
 * looks for requests that it can prove in time and memory, bids for them,
 * takes what is assigned to its prover, and hands proofs in (docs/succinct.md).
 * `k` signs bids and proofs; it must be the signer that the network has for
 * the prover. It is copied.
 * Options read: network.url (needed), network.prover, network.bid or
 * network.usd_per_hour (one is needed), network.throughput, network.key_speed,
 * network.kind_memory, network.margin, network.bids, network.poll,
 * network.domain,
 * network.ca_file; worker.name, worker.kinds, worker.slots, worker.memory,
 * worker.cache_dir, worker.cache_bytes.
 * Returns at once; connects, and connects again after losses, by itself. Jobs
 * come from provernet_worker_next as from any server. A job whose request was
 * cancelled, or can no longer be paid, is cancelled. What is assigned and not
 * begun when the worker closes is given up, so that others may take it.
 * ERR_CONFIG, ERR_INVALID, ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_worker_lend(provernet_worker **out, const provernet_options *o,
                      const provernet_key *k, provernet_error *err);

/* What a lending worker did or met, oldest first: for logs and screens. */
typedef struct provernet_worker_news {
    size_t struct_size; /* sizeof this struct, set by the caller */
    int64_t at_ms;      /* unix time */
    int32_t level;      /* 0 error, 1 warning, 2 information, 3 detail */
    char event[28];     /* "network.bid", "network.won", ... */
    char request[68];   /* "0x" and 64 digits, or "" */
    char text[256];     /* a sentence */
} provernet_worker_news;
/* The next piece of news; AGAIN: none. Only the latest 64 unread ones are
 * kept. Any thread; each is given once. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_worker_next_news(provernet_worker *w, provernet_worker_news *out);
/* The next job; waits up to timeout_ms (negative: for ever): AGAIN if none
 * came. END after close or a final refusal (err says which). */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_worker_next(provernet_worker *w, provernet_job **out,
                      int64_t timeout_ms, provernet_error *err);
/* One line of JSON: connected, server, jobs done, last error. The text is the
 * caller's to free with provernet_worker_free_text. */
PROVERNET_API char *provernet_worker_status(provernet_worker *w);
PROVERNET_API void provernet_worker_free_text(char *text);
/* Take no more jobs; ends the wait in next. Jobs in hand may still finish. */
PROVERNET_API void provernet_worker_stop(provernet_worker *w);
/* Gives leases back. Finish or fail its jobs first. NULL is allowed. */
PROVERNET_API void provernet_worker_close(provernet_worker *w);

PROVERNET_API const char *provernet_job_kind(const provernet_job *j);
PROVERNET_API provernet_id provernet_job_id(const provernet_job *j);
PROVERNET_API int64_t provernet_job_deadline_ms(const provernet_job *j);
PROVERNET_API uint32_t provernet_job_attempt(const provernet_job *j);
/* Skin's own parameters of the request as JSON ("{}" if none). Job's. */
PROVERNET_API const char *provernet_job_params(const provernet_job *j);
/* Input i as a readable blob (0: the program, 1..: the inputs), fetched now.
 * END after the last. The blob is closed by done or fail. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_job_input(
    provernet_job *j, size_t i, provernet_blob **out, provernet_error *err);
/* The path of input i as a local file, fetched now and kept in the worker's
 * cache (programs are kept between jobs). Valid until done or fail. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_job_input_file(provernet_job *j, size_t i, const char **path,
                         uint8_t digest32[32], provernet_error *err);
/* A new output to write; committed by done. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_job_output(
    provernet_job *j, provernet_blob **out, provernet_error *err);
/* Report; ERR_CANCELLED: stop, nobody wants it any more. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_job_alive(provernet_job *j, int permille, const char *stage);
/* Another task that must run before the request is done; added by done.
 * `after`: names of tasks it waits for, NULL-terminated, or NULL. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_job_add(provernet_job *j, const char *name, const char *kind,
                  const provernet_id *inputs, size_t inputs_len,
                  const char *const *after, provernet_error *err);
/* Hand it in: outputs and added tasks in one commit. Frees j whatever comes.
 * OK: the server has it on disk and checked it. ERR_LEASE: it was given to
 * another; ERR_PROOF: it does not verify. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_job_done(provernet_job *j, provernet_error *err);
/* Give up; frees j. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_job_fail(
    provernet_job *j, int blame, const char *why, provernet_error *err);

/* Prove job j with the engine if its kind is one the library proves itself;
 * keys are cached in the engine by file digest. Does everything: inputs,
 * progress, cancel, output, done or fail; frees j.
 * OK: handed in. ERR_UNSUPPORTED: another kind, j is still the caller's. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_job_prove(
    provernet_job *j, provernet_engine *e, provernet_error *err);

/* A placeholder instead of proving, NOT A PROOF: writes one output that the
 * clients of the job's kind can decode (docs/succinct.md). j stays the
 * caller's: go on with done. Only a server in mock mode believes it. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_job_mock(provernet_job *j, provernet_error *err);

#ifdef __cplusplus
}
#endif
#endif
