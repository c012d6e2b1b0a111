/* protocol/worker/serve.h - one message of a worker on its way through the
 * node; shared by the files of this folder. */
#ifndef PVN_PROTOCOL_WORKER_SERVE_H
#define PVN_PROTOCOL_WORKER_SERVE_H
#include "protocol/route.h"
#include "protocol/worker/sessions.h"

typedef struct pvn_asked {
    pvn_sessions *table;
    pvn_peer *session; /* with a reference, or NULL */
    uint32_t lane;
    uint64_t counter;
    bool entered; /* the lane waits for our answer */
    pvn_wire_ask *ask;
    pvn_wire_answer answer;
    /* After the hand-over, crew or park that was asked for. */
    pvn_next (*then)(pvn_call *c, struct pvn_asked *x);
    void *verb; /* the verb's own, in the call's arena */
    void (*free_verb)(void *verb);
} pvn_asked;

/* Send x->answer, sealed and remembered. */
pvn_next pvn_asked_answer(pvn_call *c, pvn_asked *x);
pvn_next pvn_asked_fail(pvn_call *c, pvn_asked *x, provernet_status s,
                        const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
pvn_next pvn_asked_fail_with(pvn_call *c, pvn_asked *x,
                             const provernet_error *err);
/* The session is not known (any more). */
pvn_next pvn_asked_hello_again(pvn_call *c, pvn_asked *x);
pvn_next pvn_asked_nomem(pvn_call *c, pvn_asked *x);

/* The key of the worker in the node's own process: the same at every boot. */
void pvn_worker_own_secret(pvn_node *n, uint8_t secret32[32]);

/* A new op of this call's next hand-over; NULL: no memory. */
pvn_op *pvn_asked_op(pvn_call *c, pvn_op_type type);
/* Workers that fell silent: their farewells join the next hand-over. Returns
 * how many. */
size_t pvn_asked_sweep(pvn_call *c, pvn_asked *x);
/* task and attempt of a message; false: malformed. */
bool pvn_asked_task(ProtobufCBinaryData task, provernet_id *out);

/* After a TASK_FAIL op in x->verb. */
pvn_next pvn_asked_failed(pvn_call *c, pvn_asked *x);

/* Verbs, with a live session but the first three. */
pvn_next pvn_verb_challenge(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_hello(pvn_call *c, pvn_asked *x, const pvn_wire_envelope *e);
pvn_next pvn_verb_tick(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_lease(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_renew(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_issue(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_complete(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_fail(pvn_call *c, pvn_asked *x);
pvn_next pvn_verb_bye(pvn_call *c, pvn_asked *x);

#endif
