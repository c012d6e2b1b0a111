/* node/call.h - what a protocol sees of an exchange and of the node.
 *
 * The node knows no protocol: it is given one entry (pvn_entry) at open, which
 * is the router of protocol/http. All functions here are called on the thread
 * that uses the call, but `work` of PVN_CREW, which runs on a crew thread
 * while nobody else touches the call. */
#ifndef PVN_NODE_CALL_H
#define PVN_NODE_CALL_H
#include "artifact/store.h"
#include "schedule/op.h"
#include <provernet/endpoint.h>

typedef provernet_call pvn_call;

/* What a handler wants next. */
typedef enum pvn_next {
    PVN_ANSWER, /* the answer is complete (or: fails as set) */
    PVN_OP,     /* commit the ops handed over, then `resume` */
    PVN_CREW,   /* run `work` on the crew, then `resume` */
    PVN_PARK,   /* wait as pvn_call_park says, then `resume` */
    PVN_BODY,   /* streaming handlers: give me more body */
    PVN_MORE    /* part of the answer is there: `resume` when it was read */
} pvn_next;

typedef struct pvn_handler {
    /* Buffered: after the whole body arrived. Streaming: after the head. */
    pvn_next (*begin)(pvn_call *c);
    pvn_next (*body)(pvn_call *c, const void *data, size_t len); /* streaming */
    pvn_next (*end)(pvn_call *c); /* streaming: the body is complete */
    pvn_next (*resume)(pvn_call *c);
    /* The call is going away; free what arena and node do not. May be NULL. */
    void (*close)(pvn_call *c);
    uint64_t body_max; /* bytes; a longer body is answered 413 / code 8 */
    bool streaming;
    /* With streaming: an exchange of messages, see below. Only for calls whose
     * head says so; body_max is then the limit of one message. */
    bool messages;
} pvn_handler;

/* ---- messages (provernet_head.messages) ----
 * begin answers pvn_message_accept, or fails as usual. From then on body gets
 * the pieces of a message and end its end, message after message. PVN_PARK
 * waits for a message beside what it names: body interrupts it (resume is then
 * not called). PVN_OP and PVN_CREW do not let messages in. PVN_MORE is not
 * used: what is sent may be read at any time. */
void pvn_message_accept(pvn_call *c, const char *type /* binary, text */);
/* What pvn_answer_body added since the last end is one message. At most
 * PVN_MESSAGES_OUT may wait to be read. */
enum { PVN_MESSAGES_OUT = 32 };
void pvn_message_end(pvn_call *c);
/* The rest of the message comes from `fill`, a piece at a time, whenever the
 * reader has read all that was there: it adds at least one byte with
 * pvn_answer_body. OK: there is more; END: the message is complete; an error
 * ends the exchange. Called on the reader's thread, also while ops or crew are
 * out: it touches nothing but `user` and the answer. */
void pvn_message_fill(pvn_call *c,
                      provernet_status (*fill)(pvn_call *c, void *user,
                                               provernet_error *err),
                      void *user);
/* Does anything wait to be read? While a fill is under way nothing else may
 * be added. */
bool pvn_message_waits(const pvn_call *c);
/* Returns PVN_ANSWER: the exchange ends with this close code of RFC 6455. */
pvn_next pvn_message_hang_up(pvn_call *c, int code, const char *reason);
/* The handler holds so many bytes of request now (node.bytes_in_flight_max).
 * false: too many, the call is refused: return PVN_ANSWER. */
bool pvn_call_charge(pvn_call *c, uint64_t bytes);

/* The entry chooses the handler when the head is known (never NULL: unknown
 * paths have a handler that answers so). It may keep things in pvn_call_keep.
 */
typedef struct pvn_entry {
    const pvn_handler *(*route)(pvn_call *c);
    /* Something is wrong before or instead of the handler (body too long,
     * draining, no memory): write the answer in the wire's own way. */
    void (*refuse)(pvn_call *c, const provernet_error *err);
} pvn_entry;

/* ---- the exchange ---- */
const provernet_head *pvn_call_request(const pvn_call *c);
/* The value of a header field (lower-case name), or NULL. */
const char *pvn_call_field(const pvn_call *c, const char *name);
pvn_bytes pvn_call_body(const pvn_call *c);   /* buffered handlers */
pvn_arena *pvn_call_arena(pvn_call *c);       /* freed with the call */
provernet_error *pvn_call_error(pvn_call *c); /* scratch for err arguments */
/* One pointer for the router and one for the handler. */
void pvn_call_keep(pvn_call *c, int slot /* 0 router, 1 handler */, void *p);
void *pvn_call_kept(const pvn_call *c, int slot);
/* ms when the call must be answered (grpc-timeout); 0: none. The node resumes
 * a parked call then; ops are not taken back. */
void pvn_call_set_deadline(pvn_call *c, int64_t at_ms);
int64_t pvn_call_deadline(const pvn_call *c);

/* The answer. Texts and bytes are copied unless it says "borrow". Head fields
 * may be set until the first of body, file or ANSWER/MORE. */
void pvn_answer_status(pvn_call *c, int http_status);
void pvn_answer_field(pvn_call *c, const char *name, const char *value);
void pvn_answer_trailer(pvn_call *c, const char *name, const char *value);
void pvn_answer_body(pvn_call *c, const void *data, size_t len); /* appends */
/* The body is this part of a file; the call closes fd. */
void pvn_answer_file(pvn_call *c, int fd, uint64_t offset, uint64_t len);
bool pvn_answer_started(const pvn_call *c);

/* ---- handing over ---- */
/* Ops are run in the order added, in one batch; valid (answers filled) at
 * resume, owned and freed by the call. Then return PVN_OP. */
void pvn_call_op(pvn_call *c, pvn_op *op);
pvn_op *pvn_call_op_at(const pvn_call *c, size_t i); /* of the last hand-over */
size_t pvn_call_ops_len(const pvn_call *c);
/* Then return PVN_CREW. */
void pvn_call_crew(pvn_call *c, void (*work)(pvn_call *c));

typedef enum pvn_park_on {
    PVN_PARK_TIME,    /* only the time */
    PVN_PARK_REQUEST, /* request in one of the states of state_mask */
    PVN_PARK_WORK,    /* a task of one of `kinds` became ready; one parked call
                         is resumed per ready task, longest waiting first */
    PVN_PARK_EVENTS   /* any event was committed */
} pvn_park_on;
typedef struct pvn_park {
    pvn_park_on on;
    provernet_id request;
    uint32_t state_mask; /* 1 << PROVERNET_FULFILLED ... */
    const char *kinds;   /* copied */
    int64_t until_ms;
} pvn_park;
/* Then return PVN_PARK. Resumed also at until_ms, at the call's deadline, when
 * the node drains, and (REQUEST, WORK) once a second for certainty: look again
 * with an op. */
void pvn_call_park(pvn_call *c, const pvn_park *p);
bool pvn_call_timed_out(const pvn_call *c); /* until_ms or deadline passed */

/* ---- the node, for handlers: any thread ---- */
typedef struct provernet pvn_node;
pvn_node *pvn_call_node(const pvn_call *c);
const pvn_env *pvn_node_env(const pvn_node *n);
const provernet_options *pvn_node_options(const pvn_node *n);
uint64_t pvn_node_message_max(const pvn_node *n); /* http.message_max */
const pvn_rules *pvn_node_rules(const pvn_node *n);
pvn_store *pvn_node_store(const pvn_node *n);
/* The key of upload and download tickets (32 bytes, from table settings). */
const uint8_t *pvn_node_ticket_key(const pvn_node *n);
/* For what hands out a promise without an op: ERR_UNAVAILABLE while the node
 * drains. */
provernet_status pvn_node_takes_new(pvn_node *n, provernet_error *err);
typedef enum pvn_health {
    PVN_SERVING,
    PVN_STARTING,
    PVN_DRAINING,
    PVN_SICK /* a commit failed: see why */
} pvn_health;
pvn_health pvn_node_health(const pvn_node *n, const char **why);
/* Memory that belongs to live connections (worker sessions, ...): one slot per
 * protocol, freed at close. `make` runs once, under the node's lock. */
void *pvn_node_slot(pvn_node *n, int protocol, void *(*make)(pvn_node *n),
                    void (*free_it)(void *));
/* DELETE this address some time soon, on a crew thread; nobody hears how it
 * went but the log. false: there is no such thread, or too many wait. */
bool pvn_node_errand(pvn_node *n, const char *url);
/* Hints for people (progress of running tasks): lost at a restart. */
void pvn_node_progress_set(pvn_node *n, const provernet_id *request,
                           int permille, const char *stage);
bool pvn_node_progress(pvn_node *n, const provernet_id *request, int *permille,
                       char stage[32]);

/* Counters of /metrics, since boot. */
typedef struct pvn_counters {
    uint64_t calls, ops, batches, batch_ops_max, commit_us_total, accepted,
        fulfilled, failed, calls_open, parked, queue_len, bytes_in_flight;
} pvn_counters;
void pvn_node_counters(const pvn_node *n, pvn_counters *out);
/* Gauges by kind and state as JSON text (from the database, at most 5 s old);
 * the caller frees it. NULL: not known yet. */
char *pvn_node_counts(pvn_node *n);

/* ---- operations without a call (public API, in-process worker) ---- */
/* Blocks until done (not for event loops; with node.threads = 0 it steps).
 * ops[i]->err tells each result; the return value is the first that failed. */
provernet_status pvn_node_run(pvn_node *n, pvn_op **ops, size_t len,
                              provernet_error *err);
/* Hand them over as one and look back no more: takes the ops (NULL entries
 * are skipped). For farewells of connections that broke. Any thread. */
void pvn_node_post(pvn_node *n, pvn_op *const *ops, size_t len);
#endif
