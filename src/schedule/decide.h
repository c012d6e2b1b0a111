/* schedule/decide.h - what the operations share: asking for rows, and the
 * transitions of requests, tasks and artifacts. Pure; includes op.h only.
 *
 * Each operation is a pair: `keys` asks for rows and may be run any number of
 * times; `decide` runs when nothing is missing. The same getters serve both.
 * decide checks everything first and changes rows after, so that a refusal
 * dirties nothing. */
#ifndef PVN_SCHEDULE_DECIDE_H
#define PVN_SCHEDULE_DECIDE_H
#include "base/amount.h"
#include "schedule/op.h"

typedef struct pvn_cx {
    pvn_op *op;
    pvn_rows *rows;
    const pvn_rules *rules;
    const pvn_env *env;
    int64_t now_ms;
    bool missing; /* something asked for is not loaded yet */
    bool again;   /* decide: changed nothing, run me in the next batch */
} pvn_cx;

typedef struct pvn_op_rule {
    const char *name;
    void (*keys)(pvn_cx *cx);
    provernet_status (*decide)(pvn_cx *cx);
} pvn_op_rule;
extern const pvn_op_rule pvn_op_rules[PVN_OPS_LEN];

#define X(NAME, name)                                                          \
    void pvn_keys_##name(pvn_cx *cx);                                          \
    provernet_status pvn_decide_##name(pvn_cx *cx);
PVN_OPS(X)
#undef X

/* Bounds of one operation's scans. */
enum {
    PVN_SCAN_MAX = 256,      /* ticks, sweeps, boots */
    PVN_WHOLE_MAX = 1 << 21, /* all rows of one parent, bounded elsewhere */
    PVN_STRIKE_ATTEMPT = 4,  /* tasks.strikes counts in quarters */
    PVN_STRIKE_LOST = 1
};
#define PVN_KIND_SEEN      "kind-seen"      /* records: a worker of it came */
#define PVN_ARTIFACT_BYTES "artifact.bytes" /* settings: bytes stored */
#define PVN_MAIN_TASK      "main"

/* ---- asking (need.c): NULL = not there, or not loaded yet (cx->missing) ----
 */
pvn_row *pvn_need(pvn_cx *cx, const pvn_row *key_row);
/* The scan if it is loaded, else NULL and cx->missing. */
pvn_want *pvn_need_scan(pvn_cx *cx, const pvn_want *ask);
pvn_want *pvn_need_scan_id(pvn_cx *cx, pvn_scan scan, const provernet_id *id,
                           uint32_t limit);
pvn_account *pvn_need_account(pvn_cx *cx, const uint8_t address20[20]);
pvn_prover *pvn_need_prover(pvn_cx *cx, const uint8_t prover20[20]);
pvn_artifact *pvn_need_artifact(pvn_cx *cx, const provernet_id *id);
pvn_request *pvn_need_request(pvn_cx *cx, const provernet_id *id);
pvn_request *pvn_need_request_by(pvn_cx *cx, const provernet_id *id,
                                 int64_t protocol, pvn_bytes name);
pvn_task *pvn_need_task(pvn_cx *cx, const provernet_id *id);
pvn_task *pvn_need_task_named(pvn_cx *cx, const provernet_id *request,
                              const char *name);
pvn_attempt *pvn_need_attempt(pvn_cx *cx, const provernet_id *task,
                              int64_t attempt);
pvn_worker *pvn_need_worker(pvn_cx *cx, const provernet_id *id);
pvn_program *pvn_need_program(pvn_cx *cx, int64_t protocol, pvn_bytes name);
pvn_record *pvn_need_record(pvn_cx *cx, int64_t protocol, const char *kind,
                            pvn_bytes key);
pvn_saved *pvn_need_saved(pvn_cx *cx, const char *name);
pvn_session *pvn_need_session(pvn_cx *cx, const provernet_id *id);
/* What stands for a kind in `speeds` beside the programs: the speed of all
 * programs of the kind together, of those whose cost is known. */
provernet_id pvn_kind_id(const char *kind);
pvn_speed *pvn_need_speed(pvn_cx *cx, const provernet_id *program,
                          const char *device);
/* Has a worker of this kind ever been here? (mock workers: of any kind) */
bool pvn_need_kind_seen(pvn_cx *cx, const char *kind);

/* ---- changing ---- */
void pvn_touch(pvn_cx *cx, pvn_row *row);
/* fmt gives the inside of a JSON object, or NULL; quote texts with
 * pvn_quote. */
void pvn_note(pvn_cx *cx, const char *type, const provernet_id *request,
              const provernet_id *task, const provernet_id *worker,
              const char *fmt, ...) __attribute__((format(printf, 6, 7)));
const char *pvn_quote(pvn_cx *cx, const char *text); /* JSON string literal */
/* A text for a row: at most 1,000 bytes, in the batch's arena. */
const char *pvn_why(pvn_cx *cx, const char *text);
pvn_account *pvn_account_use(pvn_cx *cx, const uint8_t address20[20]);
void pvn_pin(pvn_cx *cx, pvn_artifact *a);
void pvn_unpin(pvn_cx *cx, pvn_artifact *a, int64_t keep_ms);
static inline bool pvn_request_open(const pvn_request *q)
{
    return q->state < PROVERNET_FULFILLED;
}
int64_t pvn_due_ms(const pvn_rules *rules, int64_t deadline_ms,
                   int64_t created_ms, int64_t path_ms);

/* ---- accounts (account.c) ---- */
/* May `by` act for the account: itself, its signer, an accepted delegate? Call
 * it in keys too. */
bool pvn_acts_for(pvn_cx *cx, const uint8_t account20[20],
                  const uint8_t by20[20]);
/* The key that signs for a prover: its owner's until that names another. Call
 * it in keys too. */
void pvn_signer_of(pvn_cx *cx, const uint8_t prover20[20], uint8_t out20[20]);
/* Who gets what a prover earns: itself unless it has an owner. Call it in keys
 * too. */
void pvn_owner_of(pvn_cx *cx, const uint8_t prover20[20], uint8_t out20[20]);

/* The record that tells for which prover a key signs. put: false: the key
 * signs for another prover already, nothing changed. */
void pvn_need_signer(pvn_cx *cx, const uint8_t key20[20]);
void pvn_signer_drop(pvn_cx *cx, const uint8_t key20[20],
                     const uint8_t prover20[20]);
bool pvn_signer_put(pvn_cx *cx, const uint8_t key20[20],
                    const uint8_t prover20[20]);

/* ---- balances (balance.c) ---- */
/* What an account has; that of one never seen is the setting. Call it in keys
 * too (or pvn_need_account). */
pvn_amount pvn_balance_of(pvn_cx *cx, const uint8_t account20[20]);
/* In decide only, the account's row loaded. Zero changes and logs nothing.
 * pay: false: not enough. get: false: beyond 2^256. No memory sets
 * rows->failed. */
bool pvn_balance_pay(pvn_cx *cx, const uint8_t account20[20],
                     const pvn_amount *amount, int64_t operation,
                     const uint8_t tx32[32]);
bool pvn_balance_get(pvn_cx *cx, const uint8_t account20[20],
                     const pvn_amount *amount, int64_t operation,
                     const uint8_t tx32[32]);

/* ---- tasks (lease.c) ---- */
/* Whose is it? */
typedef enum pvn_hold {
    PVN_HELD,  /* leased by this worker under this number */
    PVN_ADOPT, /* the lease ended, nobody else took it */
    PVN_ENDED, /* the task is done, or its request has ended */
    PVN_OTHERS /* another attempt */
} pvn_hold;
pvn_hold pvn_task_hold(const pvn_task *t, const provernet_id *worker,
                       int64_t attempt);
/* ERR_LEASE with a sentence. */
provernet_status pvn_lease_refused(pvn_cx *cx, const pvn_request *q,
                                   const pvn_task *t);
void pvn_task_grant(pvn_cx *cx, pvn_request *q, pvn_task *t, pvn_worker *w);
void pvn_task_adopt(pvn_cx *cx, pvn_request *q, pvn_task *t);
void pvn_attempt_end(pvn_cx *cx, pvn_task *t, int64_t outcome, int64_t blame,
                     const char *why);
/* Back to READY. Polite returns and failures forget the worker; a lost lease
 * keeps it, so that a late answer may take the task up again. */
void pvn_task_requeue(pvn_cx *cx, pvn_request *q, pvn_task *t, int64_t outcome,
                      int64_t blame, const char *why);
bool pvn_task_exhausted(const pvn_cx *cx, const pvn_task *t);
/* The lease ran out or the worker fell silent: requeue, or fail the request
 * when it happened too often. `counts`: it may be the task's fault. */
void pvn_task_lost(pvn_cx *cx, pvn_request *q, pvn_task *t, bool counts,
                   const char *why);
pvn_task *pvn_task_make(pvn_cx *cx, pvn_request *q, const char *name,
                        const char *kind, int64_t memory_bytes,
                        int64_t path_ms);
void pvn_task_file_make(pvn_cx *cx, const pvn_task *t, int64_t way,
                        int64_t ordinal, pvn_artifact *a);
void pvn_worker_strike(pvn_cx *cx, pvn_worker *w, const char *why);

/* ---- the end of a request (end.c) ---- */
/* Rows that ending `q` touches. */
void pvn_need_end(pvn_cx *cx, const pvn_request *q);
void pvn_request_fail(pvn_cx *cx, pvn_request *q, int64_t cause, int64_t exec,
                      const char *why);
/* Everything but the state: pins, open count, tasks. */
void pvn_request_release(pvn_cx *cx, pvn_request *q, const char *why);
/* The completed task whose output 0 is the request's candidate proof. */
pvn_task *pvn_candidate_task(pvn_cx *cx, const pvn_request *q);
/* The candidate is wrong: its maker is struck and the task runs again, or the
 * request fails. */
void pvn_proof_refused(pvn_cx *cx, pvn_request *q, const char *why);

/* ---- sessions (boot.c) ---- */
/* Ends a coordinator's session, bounded; true when it is over. */
void pvn_need_session_end(pvn_cx *cx, const pvn_session *s);
bool pvn_session_end(pvn_cx *cx, pvn_session *s, int64_t *leases);
/* Requests of `kind` become assignable, bounded. true: there may be more. */
void pvn_need_assignable(pvn_cx *cx, const char *kind);
bool pvn_make_assignable(pvn_cx *cx, const char *kind);

/* ---- artifacts (artifact.c) ---- */
void pvn_artifact_bytes_add(pvn_cx *cx, int64_t bytes);

/* kinds list: the i-th word of a comma separated list into `out`. */
bool pvn_word_at(const char *list, size_t i, char out[128]);
enum {
    PVN_SESSION_DEAD_MS = 15000,
    PVN_SESSION_TOUCH_MS = 5000,
    PVN_CLOCK_JUMP_MS = 30000
};
#endif
