/* provernet/request.h - the scheduler without any wire.
 *
 * Any thread. submit and cancel return when the commit is on disk. */
#ifndef PROVERNET_REQUEST_H
#define PROVERNET_REQUEST_H
#include <provernet/node.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Request states. */
enum {
    PROVERNET_QUEUED = 1,
    PROVERNET_RUNNING = 2,
    PROVERNET_VERIFYING = 3,
    PROVERNET_FULFILLED = 4,
    PROVERNET_FAILED = 5
};
/* Why a request failed; 0 while it has not. */
enum {
    PROVERNET_CAUSE_NONE = 0,
    PROVERNET_CAUSE_INPUT = 1,     /* unexecutable: the input is at fault */
    PROVERNET_CAUSE_ATTEMPTS = 2,  /* every attempt failed */
    PROVERNET_CAUSE_EXPIRED = 3,   /* the deadline passed */
    PROVERNET_CAUSE_CANCELLED = 4, /* the requester cancelled */
    PROVERNET_CAUSE_REFUSED = 5    /* the fulfiller gave it up */
};

/* A wish for one proof. */
typedef struct provernet_wish {
    size_t struct_size;
    const char *kind;           /* "groth16/bn254@1", ... */
    provernet_id program;       /* program artifact (for a circuit: the zkey) */
    const provernet_id *inputs; /* input artifacts (the wtns) */
    size_t inputs_len;
    uint8_t requester20[20];
    int64_t deadline_ms;         /* 0: the setting request.deadline from now */
    const char *idempotency_key; /* NULL, or text: the same key by the same
                                    requester gives the first id again */
} provernet_wish;

typedef struct provernet_request {
    size_t struct_size;
    provernet_id id, proof; /* proof: an artifact, zero until fulfilled */
    int32_t state, cause, permille;
    int64_t created_ms, deadline_ms, eta_ms;
    char waiting_for[120]; /* why it waits or failed, for a person */
} provernet_request;

/* On OK the request survives a power cut. ERR_NOT_FOUND (an artifact),
 * ERR_STATE (an artifact not stored), ERR_LIMIT, ERR_INVALID,
 * ERR_UNSUPPORTED (the kind), ERR_UNAVAILABLE (draining, or the disk failed).
 */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_submit(provernet *pn, provernet_id *id, const provernet_wish *w,
                 provernet_error *err);
/* ERR_STATE if it is fulfilled or failed already. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_cancel(provernet *pn, provernet_id id, provernet_error *err);
/* Fill *out; wait up to timeout_ms until the request is fulfilled or failed
 * (0: only look; negative: for ever). ERR_TIMEOUT leaves *out filled. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_wait(provernet *pn, provernet_request *out, provernet_id id,
               int64_t timeout_ms, provernet_error *err);

#ifdef __cplusplus
}
#endif
#endif
