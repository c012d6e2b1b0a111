/* node/inside.h - the node's own structs; only files of node/ include it.
 *
 * Locks, in the order in which they may be held together: parks, inbox. All
 * others are held alone. */
#ifndef PVN_NODE_INSIDE_H
#define PVN_NODE_INSIDE_H
#include "base/buf.h"
#include "base/map.h"
#include "base/settings.h"
#include "node/open.h"
#include "node/park.h"
#include "node/recent.h"
#include "node/wake.h"
#include <sys/types.h>

/* ---- what the core is given: ops that stay together, in order ---- */
typedef struct pvn_hand {
    struct pvn_hand *next;
    pvn_op **ops;
    size_t len, left; /* left: not done yet */
    uint64_t batch;   /* out: the batch that answered it */
    unsigned tries;
    bool here; /* runs on its owner's thread: done is not called */
    /* Core's thread (or who steps), once, when all ops are done. The hand may
     * be gone when it returns. */
    void (*done)(struct pvn_hand *h);
    const void *group; /* whom done wakes; NULL: nobody in particular */
    bool more;         /* in done: another of the group follows at once */
} pvn_hand;

/* ---- what the crew is given ---- */
typedef struct pvn_chore {
    struct pvn_chore *next;
    void (*work)(struct pvn_chore *c); /* the chore may be gone afterwards */
} pvn_chore;

typedef struct pvn_crew {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t *thread;
    size_t threads;
    pvn_chore *first, **last;
    bool stop;    /* under the lock */
    bool started; /* the opener's and closer's */
} pvn_crew;

/* ---- the core ---- */
typedef struct pvn_queue {
    pvn_hand *first, **last;
} pvn_queue;

/* An op that the core gives itself (TICK, SWEEP, BOOT). */
typedef struct pvn_own {
    pvn_hand hand;
    pvn_op *op;
    provernet *node;
    bool busy;
    int64_t at_ms; /* when it is due */
} pvn_own;

typedef struct pvn_core {
    pthread_mutex_t lock; /* of the queues and the flags under them */
    pvn_queue reads, writes;
    size_t queued; /* ops */
    bool stop, asleep;
    size_t gather; /* while asleep: writes wake only when so many ops wait */
    bool helped;   /* while the core sleeps, another thread runs reads */
    pvn_wake wake;
    pthread_t thread;
    bool running;         /* there is a thread */
    pthread_mutex_t step; /* recursive: who runs the core when no thread does */

    /* the core's thread only */
    pvn_state *st; /* NULL: closed, being reopened */
    pvn_arena arena;
    pvn_rules rules;
    pvn_op **op; /* of the batch being made */
    size_t len, cap;
    size_t written; /* ops in the batch of writes of this round */
    pvn_queue finished; /* hands whose ops are done, not told yet */
    pvn_op **again; /* must run in the next batch */
    size_t again_len, again_cap;
    pvn_own tick, sweep, boot;
    int64_t now_ms, reopen_ms, count_ms;
    int64_t tidy_ms;
    int64_t tick_last_ms;
    atomic_bool tidying; /* the crew walks the store */
    bool changed;        /* since the last count */
} pvn_core;

/* ---- the node ---- */
enum { PVN_SLOTS = 64 };
typedef struct pvn_slot {
    void *thing;
    void (*free_it)(void *);
} pvn_slot;

typedef struct pvn_tally { /* pvn_counters, written by many */
    atomic_uint_fast64_t calls, ops, batches, batch_ops_max, commit_us,
        accepted, fulfilled, failed, calls_open, bytes_in_flight;
} pvn_tally;

struct provernet {
    pid_t pid;
    pvn_env env;
    provernet_options *options;
    const pvn_entry *entry;
    pvn_rules rules; /* as at open; the core has its own copy */
    char *dir, *db_path;
    pvn_store *store;
    provernet_status (*open_state)(void *user, pvn_state **out,
                                   const char *path, const pvn_env *env,
                                   provernet_error *err);
    void *open_state_user;
    uint8_t ticket_key[32];
    bool stepped; /* node.threads = 0 */
    bool quick;   /* pvn_state.quick */
    bool alone;   /* pvn_state.alone */
    size_t batch_max, queue_max;
    uint64_t bytes_max, message_max;

    pvn_core core;
    pvn_recent recent; /* only if alone */
    pvn_crew crew;
    provernet_status (*errand)(const char *url, provernet_error *err);
    atomic_uint errands; /* that wait or run */
    pvn_parks parks;
    pvn_tally tally;
    atomic_uint_fast64_t batch; /* number of the last batch */
    atomic_bool draining, drained, booted, sick, closing;

    pthread_mutex_t lock; /* of everything below */
    char why[200];        /* of sick */
    pthread_mutex_t slots_lock;
    pvn_slot slot[PVN_SLOTS]; /* under slots_lock */
    void *attached;
    void (*attached_stop)(void *);
    pvn_map progress;
    char *counts;
};

/* core.c */
provernet_status pvn_core_init(provernet *n);
provernet_status pvn_core_start(provernet *n, provernet_error *err);
void pvn_core_stop(provernet *n); /* fails what waits; closes the state */
/* Any thread. false: all ops are done already - looked up on this thread, or
 * refused (closing, draining, full) - and done is not called: go on at once. */
bool pvn_core_push(provernet *n, pvn_hand *h);
void pvn_refuse_op(pvn_op *op, const char *why);
/* With the step lock: up to batch_max ops, whole hands, into the batch. */
void pvn_queue_take(provernet *n, pvn_queue *q);
void pvn_core_run_batch(provernet *n);
/* Tell the owners of hands that are finished. */
void pvn_core_tell(pvn_core *c);
/* One round: false when there was nothing to do. */
bool pvn_core_round(provernet *n, int64_t now_ms);
int64_t pvn_core_next(provernet *n); /* when the next timer is due */
/* timers.c: what the core gives itself */
void pvn_timers_init(provernet *n);
void pvn_timers_add(provernet *n, int64_t now_ms); /* due ones into a batch */
int64_t pvn_timers_next(const provernet *n);
void pvn_timers_again(provernet *n, int64_t now_ms); /* after a reopening */
void pvn_timers_hint(provernet *n, int64_t tick_ms); /* a TICK is due then */
void pvn_timers_free(provernet *n);
void pvn_core_add(provernet *n, pvn_hand *h); /* core's thread: to the batch */

/* crew.c */
provernet_status pvn_crew_start(pvn_crew *c, size_t threads,
                                provernet_error *err);
void pvn_crew_push(pvn_crew *c, pvn_chore *chore);
bool pvn_crew_run_one(pvn_crew *c); /* without threads: by whoever steps */
bool pvn_crew_idle(pvn_crew *c);
void pvn_crew_stop(pvn_crew *c); /* runs what waits, then joins; from then on
                                    a push runs the chore at once */
void pvn_crew_free(pvn_crew *c);

/* step.c */
int64_t pvn_node_step(provernet *n, int64_t now_ms);
bool pvn_node_forked(const provernet *n);

/* counters.c */
void pvn_tally_max(atomic_uint_fast64_t *a, uint64_t v);
void pvn_progress_drop(provernet *n, const provernet_id *request);
void pvn_counters_free(provernet *n);

static inline void pvn_tally_add(atomic_uint_fast64_t *a, uint64_t v)
{
    atomic_fetch_add_explicit(a, v, memory_order_relaxed);
}
static inline void pvn_tally_sub(atomic_uint_fast64_t *a, uint64_t v)
{
    atomic_fetch_sub_explicit(a, v, memory_order_relaxed);
}

/* ---- inbox and call ---- */
struct provernet_inbox {
    provernet *node;
    pthread_mutex_t lock;
    provernet_call *first, **last; /* ready, in order */
    size_t calls;                  /* alive, abandoned ones included */
    int fd;
    bool signalled, closed;
    bool awake; /* its owner looks before he waits */
};

typedef struct pvn_list { /* of fields, in the call's arena */
    provernet_field *item;
    size_t len, cap;
} pvn_list;

typedef enum pvn_phase {
    PVN_IN_BODY,  /* takes request body */
    PVN_IN_WAIT,  /* something has it: core, crew or parks */
    PVN_IN_WOKEN, /* that is over: resume on the caller's thread */
    PVN_IN_MORE,  /* part of the answer is there */
    PVN_IN_ANSWER /* all of it */
} pvn_phase;

/* Messages out of a call: where in `out` each ends, and what goes on. */
typedef struct pvn_outgoing {
    size_t end[PVN_MESSAGES_OUT];
    uint32_t ends;
    provernet_status (*fill)(pvn_call *c, void *user, provernet_error *err);
    void *user;
    bool over; /* the END of the exchange was given */
} pvn_outgoing;

enum { PVN_CALL_OPS = 4, PVN_CALL_FIELDS = 5, PVN_CALL_TRAILERS = 3 };
struct provernet_call {
    provernet_inbox *in;
    provernet *node;
    uint64_t tag;
    /* under the inbox's lock */
    provernet_call *next_ready, **link_ready;
    uint32_t ready;   /* bits to tell */
    bool queued;      /* in the inbox's list */
    bool abandoned;   /* closed by its owner; whoever has it frees it */
    atomic_int phase; /* WAIT -> WOKEN by whoever has it */
    atomic_bool body_ended, head_given;

    const pvn_handler *handler;
    provernet_head head;
    pvn_arena arena;
    pvn_buf body;
    uint64_t body_len, charged;
    bool flushed;  /* the head may go out: the first MORE or ANSWER came */
    bool broken;   /* it failed after that: the answer ends in an error */
    bool streamed; /* there was a MORE: the length is not known */
    provernet_error err;
    void *kept[2];
    int64_t deadline_ms;
    pvn_outgoing *messages; /* NULL: an ordinary exchange */

    /* hand-overs */
    pvn_hand hand;
    pvn_chore chore;
    pvn_waiter waiter;
    void (*work)(pvn_call *c);
    pvn_op *op_first[PVN_CALL_OPS], **op;
    size_t ops, ops_cap, ops_from; /* the last hand-over is [from, ops) */
    bool handed;                   /* the next op starts a new hand-over */
    bool ops_failed;               /* an op could not be kept */

    /* the answer */
    int http_status;
    bool answer_failed; /* no memory for a part of it */
    pvn_list fields, trailers;
    provernet_field field_first[PVN_CALL_FIELDS];
    provernet_field trailer_first[PVN_CALL_TRAILERS];
    pvn_buf out;
    size_t out_at;
    int file;
    uint64_t file_at, file_left;
};

/* inbox.c: what has the call is done with it: wake its owner, or free it. */
void pvn_call_woken(provernet_call *c);
/* more: another call of this inbox follows at once, its owner sleeps on. */
void pvn_call_woken_of(provernet_call *c, bool more);
/* The answer is there though its owner did not ask. */
void pvn_call_tell(provernet_call *c, uint32_t what);
/* false: something has it still and will free it. */
bool pvn_call_leave(provernet_call *c);
void pvn_inbox_left(provernet_inbox *in); /* a call is gone */

/* call.c */
void pvn_call_free(provernet_call *c);
void pvn_call_go_on(provernet_call *c); /* resume if it was woken */
void pvn_call_refuse(provernet_call *c, provernet_status s, const char *fmt,
                     ...) __attribute__((format(printf, 3, 4)));
void pvn_call_more(provernet_call *c); /* resume a MORE call */
int pvn_call_phase(const provernet_call *c);
/* message.c */
provernet_status pvn_message_write(provernet_call *c, const void *data,
                                   size_t len, size_t *taken);
provernet_status pvn_message_end_in(provernet_call *c);
provernet_status pvn_message_read(provernet_call *c, void *buf, size_t cap,
                                  size_t *got);
void pvn_message_refuse(provernet_call *c); /* c->err says why */
/* For message.c. */
void pvn_call_settle(provernet_call *c, pvn_next next);
void pvn_call_interrupt(provernet_call *c); /* a message: parks no more */
bool pvn_call_too_long(provernet_call *c, uint64_t len); /* refused */
void pvn_call_tell_answer(provernet_call *c);
/* answer.c */
void pvn_answer_clear(provernet_call *c);
void pvn_answer_free(provernet_call *c);
#endif
