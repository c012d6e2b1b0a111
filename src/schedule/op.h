/* schedule/op.h - the operations: every change of state is one of these.
 *
 * Pure: no clock, lock, SQL, thread; memory from the batch's arena. The core
 * runs a batch like this: for each op, `keys` asks for rows (by key or bounded
 * scan) until it has enough (at most PVN_OP_ROUNDS rounds, all ops together);
 * then `decide` in order; then one durable commit; then the answers go out.
 * A refusal dirties nothing. decide may be run again after a rollback.
 *
 * Ownership: an op has an arena of its own for inputs and answers, so it
 * outlives whoever made it. Outputs are valid once done is true. */
#ifndef PVN_SCHEDULE_OP_H
#define PVN_SCHEDULE_OP_H
#include "base/env.h"
#include "base/error.h"
#include "schedule/bids.h"
#include "state/rows.h"
#include <provernet/request.h>
#include <provernet/worker.h>

enum { PVN_OP_ROUNDS = 8 };

/* X(NAME, name): an entry here is a pair of functions in schedule/<name>.c
 * or a neighbour, and an entry of docs/operations.md. */
#define PVN_OPS(X)                                                             \
    X(BOOT, boot)                                                              \
    X(ACCOUNT_APPLY, account_apply)                                            \
    X(DELEGATION, delegation)                                                  \
    X(SIGNER_SET, signer_set)                                                  \
    X(BALANCE_MOVE, balance_move)                                              \
    X(BALANCE_DEPOSIT, balance_deposit)                                        \
    X(PROGRAM_REGISTER, program_register)                                      \
    X(PROGRAM_NAME, program_name)                                              \
    X(ARTIFACT_ISSUE, artifact_issue)                                          \
    X(ARTIFACT_STORE, artifact_store)                                          \
    X(REQUEST_SUBMIT, request_submit)                                          \
    X(REQUEST_CANCEL, request_cancel)                                          \
    X(REQUEST_REFUSE, request_refuse)                                          \
    X(REQUEST_INPUT, request_input)                                            \
    X(REQUEST_EXECUTE, request_execute)                                        \
    X(BID_PLACE, bid_place)                                                    \
    X(AUCTION_SETTLE, auction_settle)                                          \
    X(PROVER_APPLY, prover_apply)                                              \
    X(WORKER_HELLO, worker_hello)                                              \
    X(WORKER_BYE, worker_bye)                                                  \
    X(TASK_LEASE, task_lease)                                                  \
    X(TASK_RENEW, task_renew)                                                  \
    X(TASK_COMPLETE, task_complete)                                            \
    X(TASK_FAIL, task_fail)                                                    \
    X(REQUEST_VERDICT, request_verdict)                                        \
    X(TICK, tick)                                                              \
    X(SWEEP, sweep)                                                            \
    X(RECORD_PUT, record_put)                                                  \
    X(READ_ACCOUNT, read_account)                                              \
    X(READ_PROGRAM, read_program)                                              \
    X(READ_ARTIFACT, read_artifact)                                            \
    X(READ_REQUEST, read_request)                                              \
    X(READ_REQUESTS, read_requests)                                            \
    X(READ_TASK, read_task)                                                    \
    X(READ_WORKERS, read_workers)                                              \
    X(READ_ABOUT, read_about)                                                  \
    X(READ_AUCTION, read_auction)                                              \
    X(READ_AUCTIONS, read_auctions)                                            \
    X(READ_PROVER, read_prover)                                                \
    X(READ_PROVERS, read_provers)                                              \
    X(READ_EVENTS, read_events)                                                \
    X(READ_RECORD, read_record)                                                \
    X(READ_RECORDS, read_records)                                              \
    X(READ_ESTIMATE, read_estimate)

/* Records of PVN_PROTOCOL_SUCCINCT that these operations keep: kind, key ->
 * value. Times: 8 bytes, big-endian ms. */
#define PVN_DELEGATION  "delegation"  /* owner, delegate -> 0 or 1, time */
#define PVN_SIGNER      "signer"      /* key's address -> prover, time */
#define PVN_PROGRAM_TAG "program-tag" /* a program's name -> vk hash */
#define PVN_DEPOSIT     "deposit"     /* transaction -> account, amount */
#define PVN_BALANCE_LOG "balance-log" /* account, id -> see balance_entry */
enum {                                /* as the wire numbers them */
       PVN_BALANCE_DEPOSIT = 1,
       PVN_BALANCE_WITHDRAW,
       PVN_BALANCE_REWARD,
       PVN_BALANCE_TRANSFER_OUT,
       PVN_BALANCE_TRANSFER_IN,
       PVN_BALANCE_WITHDRAW_REQUEST,
       PVN_BALANCE_WITHDRAW_FEE_OUT,
       PVN_BALANCE_DELEGATE_FEE_OUT,
       PVN_BALANCE_REQUEST,
       PVN_BALANCE_TRANSFER_FEE_OUT,
       PVN_BALANCE_WITHDRAW_FEE_IN,
       PVN_BALANCE_DELEGATE_FEE_IN,
       PVN_BALANCE_TRANSFER_FEE_IN
};
typedef struct pvn_balance_entry {
    uint8_t account20[20], tx32[32];
    int64_t operation, at_ms;
    char amount[80]; /* with its sign: "-5", "5" */
} pvn_balance_entry;
bool pvn_balance_entry_read(pvn_balance_entry *e, const pvn_record *r);

typedef enum pvn_op_type {
#define X(NAME, name) PVN_OP_##NAME,
    PVN_OPS(X)
#undef X
        PVN_OPS_LEN
} pvn_op_type;

/* Numbers the rules need; the node fills it from the settings. */
typedef struct pvn_rules {
    provernet_id session; /* this boot */
    int64_t lease_ttl_ms, lease_silence_ms, backoff_ms, backoff_max_ms;
    int64_t request_deadline_ms, order_cap_ms, request_retention_ms;
    int64_t artifact_issued_ttl_ms, artifact_retention_ms, event_retention_ms;
    int64_t request_open_max, request_tasks_max, task_children_max;
    int64_t task_attempts_max, worker_strikes_max;
    int64_t worker_aside_ms; /* 0: an hour */
    int64_t artifact_quota, artifact_size_max;
    const char *allow;             /* account.allow */
    const char *account_balance;   /* balance of an account never seen */
    const char *trust;             /* node.trust */
    const char *prover_allow;      /* prover.allow; NULL: everyone */
    const char *prover_stake;      /* prover.stake; NULL: none */
    const char *prover_collateral; /* prover.collateral; NULL: none */
    int64_t prover_failures_max;   /* 0: failures suspend nobody */
    int64_t prover_failures_ms, prover_suspension_ms;
    int64_t protocol_fee;    /* hundredths of a percent, to the treasury */
    int64_t prover_bids_max; /* 0: 1000 */
    bool mock, draining;
    /* Memory of one proof, bytes, from the sizes of program and inputs; 0 or
     * NULL: unknown. Pure. */
    uint64_t (*memory)(const char *kind, uint64_t program_bytes,
                       uint64_t inputs_bytes);
    uint64_t seed; /* of the maps of a batch, against chosen keys; 0: drawn
                      for each batch */
} pvn_rules;

/* Who signed, when the op stands for a signed message. The op refuses with
 * ERR_NONCE ("failed nonce verification: invalid nonce for sender 0x..
 * expected n, got m") and advances accounts.nonce in the same decide; a
 * refusal of any kind leaves the nonce. */
typedef struct pvn_signer {
    bool check_nonce;
    uint8_t address20[20];
    uint64_t nonce;
} pvn_signer;

/* The inputs come first in each struct, then the answers. Arrays and texts:
 * in the op's arena. */

/* A new coordinator session: ends sessions of the same address and dead ones;
 * their workers are GONE, their leases get max(lease, now + ttl), requests
 * tied to them are cancelled. Bounded; run again while more. */
typedef struct pvn_op_boot {
    const char *address;
    /* out */
    bool more;
    int64_t tasks_leased;
} pvn_op_boot;

/* Name, delegate, terms, limits (a protocol's account changes). */
typedef struct pvn_op_account_apply {
    uint8_t address20[20];
    const char *name;          /* NULL: leave */
    const uint8_t *delegate20; /* NULL: leave */
    bool accept_terms;
    const uint8_t *by20; /* who asks: the account or one who may act for it,
                            else ERR_PERMISSION; NULL: it has the right */
} pvn_op_account_apply;

/* One account lets another act for it, once that has accepted: records of
 * kind PVN_DELEGATION. ADD and REMOVE are the owner's, ACCEPT and TERMINATE
 * the delegate's. ADD again and ACCEPT again: OK. ERR_NOT_FOUND, ERR_INVALID
 * (itself), ERR_LIMIT. */
enum { PVN_DELEGATION_ADD = 1, PVN_DELEGATION_ACCEPT, PVN_DELEGATION_REMOVE };
typedef struct pvn_op_delegation {
    int64_t verb; /* TERMINATE is REMOVE by the other side */
    uint8_t owner20[20], delegate20[20];
} pvn_op_delegation;

/* The key that signs for a prover, set by the prover's owner; the owner pays
 * `fee` to `auctioneer20`. A key signs for one prover at most (ERR_EXISTS).
 * ERR_PERMISSION; ERR_STATE: not enough money. */
typedef struct pvn_op_signer_set {
    uint8_t prover20[20], delegate20[20], by20[20], auctioneer20[20];
    const char *fee; /* whole number; NULL: none */
    uint8_t tx32[32];
} pvn_op_signer_set;

/* Money from one account to another, or (withdraw) out of the network: what is
 * withdrawn from a prover with an owner goes to the prover, so anybody may ask
 * for it, but only the owner for what its bids need. Who asks pays `fee` to
 * `auctioneer20`. Both sides are in the balance log.
 * ERR_STATE: not enough; ERR_PERMISSION; ERR_INVALID. */
typedef struct pvn_op_balance_move {
    bool withdraw;
    uint8_t from20[20], to20[20], by20[20], auctioneer20[20];
    const char *amount, *fee; /* whole numbers; fee NULL: none */
    uint8_t tx32[32];
} pvn_op_balance_move;

/* Money that came into the network, under the name of what brought it: booked
 * once, the same again is OK. Who may say so is the caller's to check.
 * ERR_EXISTS: the name brought something else; ERR_INVALID. */
typedef struct pvn_op_balance_deposit {
    uint8_t account20[20], tx32[32];
    const char *amount; /* whole number above 0, below 2^128 */
} pvn_op_balance_deposit;

typedef struct pvn_op_program_register {
    int64_t protocol;
    pvn_bytes name; /* vk hash */
    const char *kind;
    provernet_id artifact; /* must be STORED and of type PROGRAM */
    pvn_bytes vk;
    const char *uri; /* as the client named the artifact */
    const char *label;
    uint8_t owner20[20];
    /* out: OK also when it existed with the same bytes */
    bool existed;
} pvn_op_program_register;

/* A name for people, unique among programs of the protocol; the owner's.
 * ERR_NOT_FOUND, ERR_PERMISSION, ERR_EXISTS, ERR_INVALID. */
typedef struct pvn_op_program_name {
    int64_t protocol;
    pvn_bytes name; /* vk hash */
    const char *label;
    uint8_t by20[20];
} pvn_op_program_name;

typedef struct pvn_op_artifact_issue {
    provernet_id id; /* made by the caller with pvn_id_new */
    int64_t type;
    uint8_t owner20[20];
} pvn_op_artifact_issue;

/* The bytes are on disk (file, fsynced and renamed) or come along (content):
 * the artifact is STORED. Without an issued row (`make`), a row is made. The
 * same bytes again: OK, `again` set; other bytes: ERR_EXISTS. ERR_NOT_FOUND,
 * ERR_SPACE (quota: found against allowed). */
typedef struct pvn_op_artifact_store {
    provernet_id id;
    bool make;
    int64_t type;         /* with make */
    uint8_t owner20[20];  /* with make */
    uint8_t digest32[32]; /* SHA-256 of the raw bytes */
    int64_t encoding, bytes, raw_bytes;
    pvn_bytes content; /* inline bytes, or data = NULL: in a file */
    /* out */
    bool again;
} pvn_op_artifact_store;

typedef struct pvn_op_request_submit {
    provernet_id id; /* made by the caller */
    int64_t protocol;
    pvn_bytes name;         /* the protocol's own id (32-byte hash), or empty */
    pvn_bytes dedup;        /* or empty */
    const char *kind;       /* NULL: the registered program's */
    pvn_bytes program_name; /* registered program (protocol, name), or empty */
    provernet_id program;   /* program artifact, when no program_name */
    const provernet_id *inputs;
    size_t inputs_len;
    const int64_t *input_types; /* allowed type of each; NULL: any */
    bool inputs_issued; /* their addresses were handed out, rows or not: what
                           is not there was never uploaded (ERR_STATE) */
    uint8_t requester20[20];
    int64_t deadline_ms;   /* 0: the default; in the past: ERR_INVALID */
    int64_t memory_bytes;  /* 0: as rules->memory says */
    int64_t path_ms, cost; /* estimates, 0 if unknown */
    pvn_bytes params;      /* JSON for the worker, or empty */
    pvn_bytes signed_bytes, extra;
    bool tied;              /* cancelled when this coordinator's session ends */
    const pvn_terms *terms; /* auctioned; NULL: for our own workers */
    /* out: the id in force (the first one's for a duplicate) */
    provernet_id id_out;
    pvn_bytes name_out;
    bool again;
} pvn_op_request_submit;

/* By id, or by (protocol, name). owner20: only this requester may (NULL: the
 * caller has the right). ERR_NOT_FOUND, ERR_PERMISSION, ERR_STATE. */
typedef struct pvn_op_request_cancel {
    provernet_id id;
    int64_t protocol;
    pvn_bytes name;
    const uint8_t *owner20;
} pvn_op_request_cancel;

/* The fulfiller gives a request up (FailFulfillment). */
typedef struct pvn_op_request_refuse {
    provernet_id id;
    int64_t protocol;
    pvn_bytes name;
    uint8_t fulfiller20[20];
    int64_t blame;
    int64_t code; /* the protocol's own number for it: requests.code */
    const char *why;
} pvn_op_request_refuse;

/* May this account see the input of a request: its requester or who acts for
 * that, its fulfiller, or one of `also` (20 bytes each)? Used for its nonce
 * and its answer. ERR_NOT_FOUND, ERR_PERMISSION. */
typedef struct pvn_op_request_input {
    int64_t protocol;
    pvn_bytes name;
    uint8_t by20[20];
    const uint8_t *also;
    size_t also_len;
    /* out */
    provernet_id input;
    int64_t type;
} pvn_op_request_input;

/* A worker is here: makes or finds its row by (origin, name); requests of its
 * kinds become assignable (bounded; TICK does the rest). ERR_PERMISSION if it
 * is set aside (why and until when). */
typedef struct pvn_op_worker_hello {
    provernet_id id; /* for a new row */
    const char *origin, *name, *kinds, *devices, *version;
    uint8_t address20[20];
    int64_t slots, memory_bytes;
    bool fresh; /* its process, or the server, just started: leases under its
                   name that are not in `held` are returned at once, without a
                   strike */
    const provernet_id *held; /* tasks in its hands */
    size_t held_len;
    /* out */
    provernet_id worker;
} pvn_op_worker_hello;

/* It left: leases go back without a strike unless `lost`. */
typedef struct pvn_op_worker_bye {
    provernet_id worker;
    bool lost;       /* silence: attempts count as LOST */
    const char *why; /* kept for the dashboard */
} pvn_op_worker_bye;

typedef struct pvn_op_input {
    provernet_id artifact;
    int64_t type, bytes, raw_bytes, encoding;
    pvn_bytes digest;
} pvn_op_input;

/* Up to `want` tasks of these kinds for this worker. None is no error. */
typedef struct pvn_op_task_lease {
    provernet_id worker;
    const char *kinds;    /* comma separated; "*" only when rules.mock */
    int64_t memory_bytes; /* free memory of the worker; 0: unknown */
    uint32_t want;
    /* out */
    const char *aside; /* the worker is set aside: why; else NULL */
    struct pvn_leased {
        provernet_id task, request;
        const char *kind, *name;
        int64_t attempt, lease_ms, deadline_ms, created_ms;
        pvn_bytes params;
        pvn_op_input *inputs; /* [0] is the program */
        size_t inputs_len;
    } * leased;
    size_t leased_len;
} pvn_op_task_lease;

/* Still at it. ERR_LEASE: given to another, or nobody wants it (cancelled,
 * expired). Late but not re-granted is fine. */
typedef struct pvn_op_task_renew {
    provernet_id worker;
    struct pvn_renewal {
        provernet_id task;
        int64_t attempt;
        provernet_status status; /* out: OK or ERR_LEASE */
    } * renewal;
    size_t renewals_len;
} pvn_op_task_renew;

typedef struct pvn_op_child {
    const char *name, *kind;
    const provernet_id *inputs;
    size_t inputs_len;
    const char *const *after; /* names of tasks of this request */
    size_t after_len;
    int64_t memory_bytes, path_ms;
} pvn_op_child;

/* The task is done: outputs are stored artifacts (an ARTIFACT_STORE may stand
 * before it in the same batch). Children and edges come along. When the last
 * task of the request is done, the request is VERIFYING: then either a
 * REQUEST_VERDICT follows (same batch or later), or - if the kind is verified
 * by others (verify_kind set) - a verify task is added. The same completion
 * again by the same worker and attempt is OK. ERR_LEASE, ERR_NOT_FOUND,
 * ERR_STATE (an output not stored), ERR_LIMIT. */
typedef struct pvn_op_task_complete {
    provernet_id task, worker;
    int64_t attempt;
    const provernet_id *outputs;
    size_t outputs_len;
    const pvn_op_child *children;
    size_t children_len;
    const char *verify_kind; /* NULL: no verify task */
    const char *device;
    int64_t took_ms, peak_bytes;
    /* out */
    provernet_id request;
    bool request_verifying;
} pvn_op_task_complete;

typedef struct pvn_op_task_fail {
    provernet_id task, worker;
    int64_t attempt;
    int64_t blame; /* PROVERNET_BLAME_* */
    bool bad_proof;
    const char *why;
    /* out */
    bool request_failed;
} pvn_op_task_fail;

/* The only op that may write FULFILLED. Refused (ERR_STATE) unless the request
 * is VERIFYING and its last completion's output 0 is `proof`. valid = false:
 * the task runs again (ATTEMPT, strike for its worker). `how` says who vouches:
 * "verified", "trusted" (rules.trust names the kind), "mock" (rules.mock). */
typedef struct pvn_op_request_verdict {
    provernet_id request, proof;
    bool valid;
    const char *how, *why;
} pvn_op_request_verdict;

/* Due leases, deadlines, unassignable requests. Bounded; idempotent; any
 * coordinator may run it. */
typedef struct pvn_op_tick {
    /* out */
    bool more;
    int64_t next_ms; /* nothing falls due before (INT64_MAX: unknown) */
} pvn_op_tick;

/* Expired artifacts (rows become GONE; ids to unlink come out), old events and
 * records. Bounded. */
typedef struct pvn_op_sweep {
    /* out */
    provernet_id *gone; /* files to remove after the commit */
    size_t gone_len;
    bool more;
} pvn_op_sweep;

typedef struct pvn_op_record_put {
    int64_t protocol;
    const char *kind;
    pvn_bytes key, value; /* value.data NULL: delete */
    int64_t expires_ms;
    bool only_if_absent; /* out value: what is there now */
    /* out */
    pvn_bytes value_out;
} pvn_op_record_put;

/* ---- reads: rows are deep copies in the op's arena; NULL = not there ---- */
typedef struct pvn_op_read_account {
    uint8_t address20[20];
    const pvn_account *account;
} pvn_op_read_account;
typedef struct pvn_op_read_program {
    int64_t protocol;
    pvn_bytes name;
    const pvn_program *program;
} pvn_op_read_program;
typedef struct pvn_op_read_artifact {
    provernet_id id;
    const pvn_artifact *artifact;
} pvn_op_read_artifact;
typedef struct pvn_op_read_request {
    provernet_id id; /* or by (protocol, name) when id is none */
    int64_t protocol;
    pvn_bytes name;
    bool details; /* also program, tasks, attempts, events */
    const pvn_request *request;
    const pvn_program *program;
    const pvn_task *const *tasks;
    size_t tasks_len;
    const pvn_attempt *const *attempts;
    size_t attempts_len;
    const pvn_event *events; /* list */
} pvn_op_read_request;
typedef struct pvn_op_read_requests {
    pvn_filter filter;
    uint32_t limit;  /* at most 1000 */
    bool with_tasks; /* also the main task of each, same index */
    const pvn_request *const *requests;
    const pvn_task *const *tasks; /* NULL entries possible */
    size_t requests_len;
} pvn_op_read_requests;
/* What some requests are about: their programs, the accounts of requester and
 * fulfiller, their auctions. */
typedef struct pvn_op_read_about {
    struct pvn_about {
        provernet_id request;
        int64_t protocol;
        pvn_bytes program_name;
        uint8_t requester20[20], fulfiller20[20];
        bool auctioned;
        /* out */
        const pvn_program *program;
        const pvn_account *requester, *fulfiller;
        const pvn_auction *auction;
    } * about;
    size_t about_len; /* at most 100 */
} pvn_op_read_about;
/* What is needed to judge a completion: task, its request, the program. */
typedef struct pvn_op_read_task {
    provernet_id task;
    const pvn_task *row;
    const pvn_request *request;
    const pvn_program *program;
    const pvn_artifact *const *inputs;
    size_t inputs_len;
} pvn_op_read_task;
typedef struct pvn_op_read_workers {
    provernet_id after;
    uint32_t limit;
    const pvn_worker *const *workers;
    size_t workers_len;
} pvn_op_read_workers;
typedef struct pvn_op_read_events {
    int64_t after_seq;
    bool newest; /* only the newest event there is */
    uint32_t limit;
    const pvn_event *events;
    size_t events_len;
} pvn_op_read_events;
typedef struct pvn_op_read_record {
    int64_t protocol;
    const char *kind;
    pvn_bytes key;
    pvn_bytes value; /* data NULL: none */
} pvn_op_read_record;
/* What proofs of a registered program took, all devices together; n 0: none
 * was ever made, or there is no such program. Costs are in the unit of
 * request_submit. With `kind`, a program without a history is told by all of
 * that kind (by_kind). */
typedef struct pvn_op_read_estimate {
    int64_t protocol;
    pvn_bytes name;
    const char *kind; /* NULL: only the program */
    int64_t n, mean_ms, p95_ms, mean_cost;
    bool by_kind;
} pvn_op_read_estimate;
/* Records of one kind, by key. */
typedef struct pvn_op_read_records {
    int64_t protocol;
    const char *kind;
    pvn_bytes after; /* data NULL: from the first */
    uint32_t limit;  /* at most 1000 */
    const pvn_record *const *records;
    size_t records_len;
} pvn_op_read_records;

typedef struct pvn_op {
    pvn_op_type type;
    pvn_arena arena;
    pvn_signer signer;
    const struct pvn_op *needs; /* an op before it in the same hand-over that
                                   must have succeeded, else ERR_CANCELLED */
    /* out */
    bool done;
    bool wrote;          /* changed something: its answer waits for the disk */
    provernet_error err; /* err.status: the op's status */
    /* private to schedule/ and the core */
    bool ready;          /* keys found enough */
    uint8_t tries;       /* batches it was put off */
    struct pvn_op *next; /* in the core's queue */
    void *owner;         /* the core's: who is waiting for it */
    union {
#define X(NAME, name) pvn_op_##name name;
        PVN_OPS(X)
#undef X
    } u;
} pvn_op;

/* Zeroed, from the heap. NULL: no memory. */
pvn_op *pvn_op_new(pvn_op_type type);
void pvn_op_free(pvn_op *op); /* NULL is allowed */

/* What the op still needs, added to have->wants. 0: enough, decide may run;
 * 1: load and ask again; negative: no memory. */
int pvn_op_keys(pvn_op *op, pvn_rows *have, const pvn_rules *rules,
                int64_t now_ms);
/* Decide. Sets op->err, out fields, wrote. Returns false if it found, because
 * of an earlier op of this batch, that it needs rows that are not loaded: run
 * it again in the next batch (nothing was dirtied). */
bool pvn_op_decide(pvn_op *op, pvn_rows *rows, const pvn_rules *rules,
                   const pvn_env *env, int64_t now_ms);
/* Answer a READ_ACCOUNT, or a READ_REQUEST without details, from the row that
 * it asks for, as decide would. false: no memory; nothing was answered. */
bool pvn_op_look(pvn_op *op, const pvn_row *row);
/* Before an op is run again (next batch, rollback): forget its answers. */
void pvn_op_rewind(pvn_op *op);

const char *pvn_op_name(pvn_op_type type);
#endif
