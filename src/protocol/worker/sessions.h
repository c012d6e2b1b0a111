/* protocol/worker/sessions.h - connected workers: what belongs to a live
 * connection and dies with the process.
 *
 * No decision about a task is made from here: it says who may speak, which
 * answer a repeated message gets, and who fell silent. Any thread: the table
 * has a lock; a session is read and changed under it. */
#ifndef PVN_PROTOCOL_WORKER_SESSIONS_H
#define PVN_PROTOCOL_WORKER_SESSIONS_H
#include "base/lock.h"
#include "base/map.h"
#include "node/call.h"
#include "protocol/worker/wire.h"

typedef struct pvn_held {
    provernet_id task, request; /* request none: not known (after a restart) */
    uint64_t attempt;
} pvn_held;

typedef struct pvn_lane {
    uint64_t counter; /* the last one taken; 0: none */
    bool busy;        /* somebody works on it */
    uint8_t *answer;  /* remembered, or NULL */
    uint32_t answer_len;
} pvn_lane;

typedef struct pvn_peer {
    struct pvn_peer *next, **at; /* list of the table, newest first */
    pvn_session_keys keys;
    provernet_id worker;
    uint8_t address20[20], instance[PVN_INSTANCE_BYTES];
    char *name, *kinds;
    bool live;    /* welcomed, and not ended */
    bool no_more; /* it takes nothing new */
    bool ended;   /* kept only so that its hello cannot be replayed */
    provernet_status end_status; /* what a late message is told, or 0 */
    uint32_t slots;
    int64_t heard_ms, forget_ms;
    unsigned refs; /* calls that use it, and the table */
    pvn_held *held;
    uint32_t held_len, held_cap;
    pvn_lane lane[PVN_WIRE_LANES];
} pvn_peer;

typedef struct pvn_sessions {
    pvn_lock lock;
    pvn_node *node;
    pvn_exchange_key key;      /* this boot's */
    uint8_t challenge_key[32]; /* recognises our challenges */
    pvn_map by_id;
    pvn_peer *first;
    size_t live;
    int64_t swept_ms;
} pvn_sessions;

/* The node's table. NULL: no memory. */
pvn_sessions *pvn_sessions_of(pvn_node *n);

/* With a reference for the caller, or NULL. */
pvn_peer *pvn_session_find(pvn_sessions *t, pvn_bytes id);
void pvn_session_give(pvn_sessions *t, pvn_peer *s); /* NULL: nothing */

/* A new one, not live yet, in the table, with a reference; *existed: the same
 * hello came before. NULL: ERR_NOMEM, ERR_LIMIT. */
pvn_peer *pvn_session_new(pvn_sessions *t, const pvn_session_keys *keys,
                          const pvn_wire_hello *h, const uint8_t addr20[20],
                          int64_t now_ms, bool *existed, provernet_error *err);
/* It is welcome. Other sessions of this worker row end: those of the same
 * process quietly, those of another are told that they were replaced. */
void pvn_session_welcome(pvn_sessions *t, pvn_peer *s,
                         const provernet_id *worker, int64_t now_ms);
/* A live session of another process under the same key and name: its worker
 * row goes to *worker. */
bool pvn_session_rival(pvn_sessions *t, const pvn_peer *s,
                       provernet_id *worker);
/* Another live session of the same process: we know what it was given. */
bool pvn_session_known(pvn_sessions *t, const pvn_peer *s);
void pvn_worker_session_end(pvn_sessions *t, pvn_peer *s, provernet_status why,
                            int64_t now_ms);

/* It spoke just now. false: it is not live. */
bool pvn_session_heard(pvn_sessions *t, pvn_peer *s, int64_t now_ms);
bool pvn_session_ended(pvn_sessions *t, pvn_peer *s);
void pvn_session_no_more(pvn_sessions *t, pvn_peer *s);
/* Live, heard of in the last `within_ms`, and takes work. */
bool pvn_session_fresh(pvn_sessions *t, pvn_peer *s, int64_t now_ms,
                       int64_t within_ms);

/* Sessions silent for longer than silence_ms end; up to cap worker ids. Looks
 * at most twice a second. */
size_t pvn_sessions_sweep(pvn_sessions *t, int64_t now_ms, int64_t silence_ms,
                          provernet_id *lost, size_t cap);

typedef enum pvn_lane_take {
    PVN_LANE_NEW,    /* go on; pvn_lane_done or pvn_lane_drop later */
    PVN_LANE_AGAIN,  /* *answer: a copy in the arena */
    PVN_LANE_BUSY,   /* the same message is being worked on */
    PVN_LANE_REPLAY, /* older than what was answered */
    PVN_LANE_NOMEM
} pvn_lane_take;
pvn_lane_take pvn_lane_enter(pvn_sessions *t, pvn_peer *s, uint32_t lane,
                             uint64_t counter, pvn_arena *a, pvn_bytes *answer);
void pvn_lane_done(pvn_sessions *t, pvn_peer *s, uint32_t lane,
                   uint64_t counter, pvn_bytes answer);
void pvn_lane_drop(pvn_sessions *t, pvn_peer *s, uint32_t lane,
                   uint64_t counter);

/* What it holds. */
void pvn_session_hold(pvn_sessions *t, pvn_peer *s, const provernet_id *task,
                      const provernet_id *request, uint64_t attempt);
void pvn_session_unhold(pvn_sessions *t, pvn_peer *s, const provernet_id *task);
/* The request of a task it holds; false: not known. */
bool pvn_session_request(pvn_sessions *t, pvn_peer *s, const provernet_id *task,
                         provernet_id *request);
size_t pvn_session_held(pvn_sessions *t, pvn_peer *s);
#endif
