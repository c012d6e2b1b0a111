/* protocol/contemplant/session.h - one connected Contemplant: what belongs to
 * its connection, and the table of all, for people.
 *
 * A session belongs to its call's thread; the table has a lock and holds
 * copies. No decision about a task is made from here. */
#ifndef PVN_PROTOCOL_CONTEMPLANT_SESSION_H
#define PVN_PROTOCOL_CONTEMPLANT_SESSION_H
#include "base/lock.h"
#include "protocol/contemplant/wire.h"
#include "protocol/http/artifacts.h"
#include "protocol/route.h"

#define PVN_CT_ORIGIN "contemplant/" /* and the host: workers.origin */
#define PVN_CT_DEAD   "dead"         /* records: backward time -> JSON */
enum { PVN_CT_SUFFIX = 8, PVN_CT_PEER = 64, PVN_CT_KEEP_DEAD = 1000 };

/* What people see of a session, beside its rows. */
typedef struct pvn_ct_live {
    struct pvn_ct_live *next, **at;
    char origin[PVN_CT_PEER + 16], name[PVN_CT_NAME + PVN_CT_SUFFIX];
    provernet_id worker;
    uint32_t strikes;
    bool busy;
    pvn_ct_stage stage;
    uint64_t percent;
} pvn_ct_live;

typedef struct pvn_ct_table {
    pvn_lock lock;
    pvn_ct_live *first;
} pvn_ct_table;

/* The job in its hands. */
typedef struct pvn_ct_work {
    provernet_id task, request;
    int64_t attempt;
    uint8_t id[PVN_CT_ID];
    char kind[64];
    pvn_ct_vm vm;
    uint32_t mode;
    bool unwanted; /* its lease is gone; the worker cannot be told */
    /* on its way out */
    pvn_arena rows; /* of its artifacts */
    pvn_ct_job job;
    pvn_raw *program, *input;
    uint64_t program_bytes, input_bytes, sent;
} pvn_ct_work;

typedef enum pvn_ct_state {
    PVN_CT_NEW,     /* not registered */
    PVN_CT_IDLE,    /* takes work */
    PVN_CT_BUSY,    /* has a job, or is being sent it */
    PVN_CT_HANDING, /* its proof is being judged and stored, or, until
                       ask_ms, waits to be */
    PVN_CT_OVER     /* dropped, or refused */
} pvn_ct_state;

typedef struct pvn_ct {
    pvn_ct_table *table;
    pvn_ct_live live;
    pvn_ct_state state;
    pvn_next (*then)(pvn_call *c, struct pvn_ct *x); /* after a hand-over */
    pvn_ct_message message;                          /* the last one read */
    pvn_ct_reader reader;
    bool look;         /* ask for work before waiting for it */
    int64_t looked_ms; /* when it last did */
    bool put_bad, put_kept;
    char peer[PVN_CT_PEER], version[PVN_CT_VERSION + 1];
    char drop[PVN_CT_DROP + 1], kinds[1024];
    uint32_t vms;
    bool groth16;
    int64_t opened_ms, heard_ms, renewed_ms;
    int64_t began_ms;    /* the job */
    int64_t progress_ms; /* its last step forward */
    int64_t asked_ms;    /* a question is out since; 0: none */
    int64_t ask_ms;      /* the next question */
    pvn_ct_work work;
    pvn_op *op, *verdict; /* of the hand-over in progress */
    /* the proof that arrives */
    pvn_put *put;
    pvn_facts facts;
    provernet_id proof;
    provernet_error put_err, judgement;
    uint8_t first[4];
    uint64_t proof_bytes;
    const char *how; /* who vouches; NULL: nobody yet */
} pvn_ct;

/* ---- serve.c ---- */
int64_t pvn_ct_now(const pvn_call *c);
/* A new op of the next hand-over; NULL: no memory. */
pvn_op *pvn_ct_op(pvn_call *c, pvn_op_type type);

/* ---- table.c ---- */
pvn_ct_table *pvn_ct_table_of(pvn_node *n); /* NULL: no memory */
/* Into the table under a name that no other there has: name, name-2, ... */
void pvn_ct_enter(pvn_ct_table *t, pvn_ct_live *live);
void pvn_ct_leave(pvn_ct_table *t, pvn_ct_live *live);
/* A copy of the session of this worker row; false: none is here. */
bool pvn_ct_find(pvn_ct_table *t, const provernet_id *worker, pvn_ct_live *out);
/* The table shows what the session is. */
void pvn_ct_show(pvn_ct *x);

/* ---- clock.c ---- */
/* Look at the clock and do what is due: end it, ask, renew, lease; else wait.
 */
pvn_next pvn_ct_go(pvn_call *c, pvn_ct *x);

/* ---- register.c ---- */
pvn_next pvn_ct_register(pvn_call *c, pvn_ct *x); /* x->message */
/* Its row is being made. */
bool pvn_ct_registering(const pvn_ct *x);

/* ---- end.c ---- */
/* End it: leases return, people are told why. code: RFC 6455. lost: it is not
 * its wish. */
pvn_next pvn_ct_end(pvn_call *c, pvn_ct *x, int code, bool lost,
                    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
pvn_next pvn_ct_nomem(pvn_call *c, pvn_ct *x);
/* The same for a connection that is gone. */
void pvn_ct_farewell(pvn_call *c, pvn_ct *x, bool lost, const char *why);

/* ---- work.c ---- */
pvn_next pvn_ct_lease(pvn_call *c, pvn_ct *x);
pvn_next pvn_ct_renew(pvn_call *c, pvn_ct *x);
pvn_next pvn_ct_answered(pvn_call *c, pvn_ct *x); /* x->message, a status */
/* Give the job back. */
pvn_next pvn_ct_fail(pvn_call *c, pvn_ct *x, int64_t blame, bool bad_proof,
                     const char *why);
void pvn_ct_idle(pvn_ct *x);            /* the job is over */
void pvn_ct_work_close(pvn_ct_work *w); /* nothing more is sent */

/* ---- proof.c ---- */
void pvn_ct_proof_piece(pvn_call *c, pvn_ct *x, const uint8_t *p, size_t len);
void pvn_ct_proof_drop(pvn_ct *x);
pvn_next pvn_ct_proof_done(pvn_call *c, pvn_ct *x);
/* From PVN_CT_HANDING: look the task up, judge, commit. May be repeated. */
pvn_next pvn_ct_hand_in(pvn_call *c, pvn_ct *x);

/* ---- magister.c ---- */
/* May this address be called? hosts: contemplant.magister. */
bool pvn_ct_magister_allowed(const char *hosts, const char *url);
/* It is gone: tell whoever rents its machine. */
void pvn_ct_magister_tell(pvn_call *c, const pvn_ct *x);

/* ---- pages.c ---- */
/* The worker as Hierophant's pages show it, without its end "}". */
void pvn_ct_json_worker(pvn_buf *b, const pvn_ct *x);
#define PVN_CT_PAGES(X) X(contemplants) X(dead) X(history)
#define X(name)                                                                \
    pvn_next pvn_ct_##name##_begin(pvn_call *c);                               \
    pvn_next pvn_ct_##name##_resume(pvn_call *c);
PVN_CT_PAGES(X)
#undef X
pvn_next pvn_ct_health_begin(pvn_call *c);
#endif
