/* state/rows.h - what the tables hold, and the rows of one batch in memory.
 *
 * Pure: no database here. schedule/ decides over these rows; state/ loads and
 * stores them. One column list per table makes the struct, the SQL and the
 * generic load and store of every database.
 *
 * All rows of a batch live in one pvn_rows: a row that an earlier operation
 * of the batch changed is seen changed by the later ones, and a scan from the
 * database never overwrites a row that is here already. Times: ms since 1970.
 * An id of zeros is "none" (stored as NULL). One thread. */
#ifndef PVN_STATE_ROWS_H
#define PVN_STATE_ROWS_H
#include "base/arena.h"
#include "base/map.h"

/* Column types: I64 int64_t; ID provernet_id; B20 uint8_t[20]; BYTES
 * pvn_bytes; TEXT const char *. K = part of the primary key, C = other.
 * Bytes and texts are borrowed from the batch's arena. */
#define PVN_SETTING_COLUMNS(K, C) K(TEXT, name) C(BYTES, value)
#define PVN_SESSION_COLUMNS(K, C)                                              \
    K(ID, id) C(I64, started_ms) C(I64, seen_ms) C(TEXT, address) C(I64, ended)
#define PVN_ACCOUNT_COLUMNS(K, C)                                              \
    K(B20, address)                                                            \
    C(I64, nonce) C(TEXT, name) C(TEXT, balance) C(B20, delegate)              \
        C(TEXT, limits) C(I64, terms_ms) C(I64, open_requests)                 \
            C(I64, created_ms)
#define PVN_PROGRAM_COLUMNS(K, C)                                              \
    K(I64, protocol)                                                           \
    K(BYTES, name) C(TEXT, kind) C(ID, artifact) C(BYTES, vk) C(B20, owner)    \
        C(TEXT, label) C(TEXT, uri) C(I64, created_ms)
#define PVN_ARTIFACT_COLUMNS(K, C)                                             \
    K(ID, id)                                                                  \
    C(I64, type) C(B20, owner) C(I64, state) C(BYTES, digest) C(I64, encoding) \
        C(I64, bytes) C(I64, raw_bytes) C(I64, pins) C(I64, created_ms)        \
            C(I64, expires_ms) C(BYTES, content)
#define PVN_REQUEST_COLUMNS(K, C)                                              \
    K(ID, id)                                                                  \
    C(I64, protocol) C(BYTES, name) C(BYTES, dedup) C(TEXT, kind)              \
        C(ID, program) C(BYTES, program_name) C(B20, requester) C(I64, state)  \
            C(I64, exec) C(I64, settle) C(I64, cause) C(TEXT, why)             \
                C(I64, deadline_ms) C(I64, due_ms) C(I64, assignable_ms)       \
                    C(B20, fulfiller) C(ID, proof) C(BYTES, signed_bytes)      \
                        C(BYTES, extra) C(ID, tied_to) C(I64, tasks_open)      \
                            C(I64, tasks_len) C(I64, attempts)                 \
                                C(I64, created_ms) C(I64, updated_ms)          \
                                    C(I64, fulfilled_ms) C(I64, code)
#define PVN_TASK_COLUMNS(K, C)                                                 \
    K(ID, id)                                                                  \
    C(ID, request) C(TEXT, name) C(TEXT, kind) C(I64, state) C(I64, due_ms)    \
        C(I64, path_ms) C(I64, memory_bytes) C(I64, waits)                     \
            C(I64, not_before_ms) C(I64, attempt) C(ID, worker)                \
                C(I64, granted_ms) C(I64, lease_ms) C(I64, strikes)            \
                    C(I64, cost) C(TEXT, why) C(BYTES, params) C(ID, judges)
#define PVN_TASK_FILE_COLUMNS(K, C)                                            \
    K(ID, task) K(I64, way) K(I64, ordinal) C(ID, artifact)
#define PVN_EDGE_COLUMNS(K, C) K(ID, before) K(ID, after) C(I64, met)
#define PVN_ATTEMPT_COLUMNS(K, C)                                              \
    K(ID, task)                                                                \
    K(I64, attempt) C(ID, worker) C(I64, granted_ms) C(I64, ended_ms)          \
        C(I64, outcome) C(I64, blame) C(TEXT, why) C(TEXT, device)             \
            C(I64, peak_bytes)
#define PVN_WORKER_COLUMNS(K, C)                                               \
    K(ID, id)                                                                  \
    C(TEXT, origin) C(TEXT, name) C(B20, address) C(TEXT, kinds) C(I64, slots) \
        C(TEXT, devices) C(I64, memory_bytes) C(TEXT, version) C(ID, session)  \
            C(I64, seen_ms) C(I64, strikes) C(I64, state) C(TEXT, why)         \
                C(I64, jobs_done) C(I64, created_ms)
#define PVN_SPEED_COLUMNS(K, C)                                                \
    K(ID, program)                                                             \
    K(TEXT, device) C(I64, n) C(I64, mean_ms) C(I64, p95_ms)                   \
        C(I64, peak_bytes) C(I64, mean_cost)
#define PVN_BID_COLUMNS(K, C)                                                  \
    K(ID, request)                                                             \
    K(B20, prover) C(B20, signer) C(TEXT, amount) C(I64, created_ms)           \
        C(BYTES, signed_bytes)
/* A request that is given to the lowest bidder, and its money. units: what a
 * price is per; u64 in the bits of an I64. */
#define PVN_AUCTION_COLUMNS(K, C)                                              \
    K(ID, request)                                                             \
    C(I64, state) C(I64, due_ms) C(I64, close_ms) C(I64, fallback_ms)          \
        C(TEXT, price_min) C(TEXT, price_max) C(TEXT, price_step)              \
            C(TEXT, base_fee) C(I64, units_max) C(I64, units) C(I64, cycles)   \
                C(I64, executed_ms) C(BYTES, whitelist) C(B20, requester)      \
                    C(B20, auctioneer) C(B20, executor) C(B20, treasury)       \
                        C(TEXT, held) C(I64, bids) C(B20, winner)              \
                            C(TEXT, price) C(TEXT, paid) C(TEXT, bond)         \
                            C(I64, created_ms)                             \
                                C(I64, ended_ms) C(BYTES, settle_signed)       \
                                    C(BYTES, execute_signed)
/* owner: who gets what it earns and names its signer; zeros: itself. share:
 * hundredths of a percent that stay with the prover's own account, for those
 * who staked. misses: failures since misses_ms; why: of the suspension. */
#define PVN_PROVER_COLUMNS(K, C)                                               \
    K(B20, address)                                                            \
    C(I64, seen_ms) C(I64, bids) C(I64, won) C(I64, proved) C(I64, failed)     \
        C(TEXT, earned) C(TEXT, units) C(TEXT, cycles) C(I64, suspended_ms)    \
            C(I64, capacity) C(BYTES, info) C(I64, created_ms) C(B20, owner)   \
                C(I64, share) C(I64, misses) C(I64, misses_ms) C(TEXT, why)
#define PVN_RECORD_COLUMNS(K, C)                                               \
    K(I64, protocol)                                                           \
    K(TEXT, kind) K(BYTES, key) C(BYTES, value) C(I64, expires_ms)

/* X(NAME, name, SQL table). A row of settings is a pvn_saved (pvn_setting is
 * base/settings.h's enum). Events are appended only: see pvn_rows_event. */
#define PVN_TABLES(X)                                                          \
    X(SETTING, saved, settings)                                                \
    X(SESSION, session, sessions)                                              \
    X(ACCOUNT, account, accounts)                                              \
    X(PROGRAM, program, programs)                                              \
    X(ARTIFACT, artifact, artifacts)                                           \
    X(REQUEST, request, requests)                                              \
    X(TASK, task, tasks)                                                       \
    X(TASK_FILE, task_file, task_files)                                        \
    X(EDGE, edge, edges)                                                       \
    X(ATTEMPT, attempt, attempts)                                              \
    X(WORKER, worker, workers)                                                 \
    X(SPEED, speed, speeds)                                                    \
    X(BID, bid, bids)                                                          \
    X(AUCTION, auction, auctions)                                              \
    X(PROVER, prover, provers)                                                 \
    X(RECORD, record, records)

typedef enum pvn_table {
#define X(NAME, name, sql) PVN_##NAME,
    PVN_TABLES(X)
#undef X
        PVN_TABLES_LEN
} pvn_table;

/* First member of every row. */
typedef struct pvn_row {
    uint8_t table;
    bool absent;  /* looked for, not there (and not made since) */
    bool fresh;   /* made in this batch: INSERT */
    bool dirty;   /* changed in this batch: UPDATE of the changed columns */
    bool deleted; /* DELETE */
    bool grouped; /* private to rows.c */
    const void *claim;       /* a hint between the operations of one batch */
    const void *was;         /* the row as loaded, for the changed columns */
    struct pvn_row *next;    /* in order of arrival */
    struct pvn_row *sibling; /* next of the same parent: pvn_rows_group */
} pvn_row;

#define PVN_FIELD_I64(n)   int64_t n;
#define PVN_FIELD_ID(n)    provernet_id n;
#define PVN_FIELD_B20(n)   uint8_t n[20];
#define PVN_FIELD_BYTES(n) pvn_bytes n;
#define PVN_FIELD_TEXT(n)  const char *n;
#define PVN_FIELD(type, n) PVN_FIELD_##type(n)
#define X(NAME, name, sql)                                                     \
    typedef struct pvn_##name {                                                \
        pvn_row row;                                                           \
        PVN_##NAME##_COLUMNS(PVN_FIELD, PVN_FIELD)                             \
    } pvn_##name;
PVN_TABLES(X)
#undef X

/* ---- values of the state columns (the database knows them as numbers) ---- */

enum { /* who names things: requests.protocol, programs.protocol */
       PVN_PROTOCOL_API = 0,
       PVN_PROTOCOL_SUCCINCT = 1,
       PVN_PROTOCOL_WORKER = 2,
       PVN_PROTOCOL_CORE = 3,
       PVN_PROTOCOL_CONTEMPLANT = 4
};
/* requests.code: the protocol's own number for a failure, 0: none.
 * requests.state = PROVERNET_QUEUED ... (request.h); cause likewise */
enum { PVN_EXEC_UNKNOWN = 1, PVN_EXEC_DONE = 2, PVN_EXEC_IMPOSSIBLE = 3 };
/* requests.assignable_ms of a request that waits for bids */
enum { PVN_UNDER_AUCTION = -1 };
enum { /* requests.settle */
       PVN_SETTLE_NONE = 0, /* not auctioned */
       PVN_SETTLE_OPEN = 1, /* its money is held */
       PVN_SETTLE_PAID = 2,
       PVN_SETTLE_RETURNED = 3
};
enum { /* auctions.state */
       PVN_AUCTION_OPEN = 1,     /* takes bids */
       PVN_AUCTION_ASSIGNED = 2, /* leased to the winner */
       PVN_AUCTION_PROVEN = 3,   /* fulfilled; who executes has yet to say how
                                    much it was */
       PVN_AUCTION_PAID = 4,
       PVN_AUCTION_FAILED = 5, /* by the winner's fault: nothing was paid */
       PVN_AUCTION_VOID = 6    /* nobody won, or by nobody's fault */
};
enum {
    PVN_TASK_BLOCKED = 1,
    PVN_TASK_READY = 2,
    PVN_TASK_LEASED = 3,
    PVN_TASK_DONE = 4,
    PVN_TASK_FAILED = 5
};
enum {
    PVN_ARTIFACT_ISSUED = 1,
    PVN_ARTIFACT_STORED = 2,
    PVN_ARTIFACT_GONE = 3
};
enum { /* artifacts.type */
       PVN_TYPE_PROGRAM = 1,
       PVN_TYPE_STDIN = 2,
       PVN_TYPE_PROOF = 3,
       PVN_TYPE_PRIVATE_STDIN = 7,
       PVN_TYPE_KEY = 100,
       PVN_TYPE_DATA = 101
};
enum { PVN_RAW = 0, PVN_ZSTD = 1 }; /* artifacts.encoding: as stored */
enum { PVN_IN = 0, PVN_OUT = 1 };   /* task_files.way */
enum { PVN_WORKER_HERE = 1, PVN_WORKER_GONE = 2, PVN_WORKER_ASIDE = 3 };
enum { /* attempts.outcome */
       PVN_ATTEMPT_OPEN = 0,
       PVN_ATTEMPT_DONE = 1,
       PVN_ATTEMPT_FAILED = 2,
       PVN_ATTEMPT_LOST = 3, /* the lease ended */
       PVN_ATTEMPT_BAD_PROOF = 4,
       PVN_ATTEMPT_RETURNED = 5 /* worker left politely, or cancelled */
};

/* ---- events: one row per transition, appended ---- */
typedef struct pvn_event {
    int64_t seq, at_ms;
    provernet_id request, task, worker;
    const char *type;   /* "request.queued", "task.leased", ... (static) */
    const char *detail; /* JSON object or NULL */
    struct pvn_event *next;
} pvn_event;

/* ---- column descriptions, for state/ ---- */
typedef enum pvn_column_type {
    PVN_COL_I64,
    PVN_COL_ID,
    PVN_COL_B20,
    PVN_COL_BYTES,
    PVN_COL_TEXT
} pvn_column_type;
typedef struct pvn_column {
    const char *name;
    pvn_column_type type;
    size_t offset;
    bool key;
} pvn_column;
typedef struct pvn_table_info {
    const char *name; /* SQL name */
    size_t row_bytes;
    const pvn_column *column; /* keys first */
    size_t columns, keys;
} pvn_table_info;
extern const pvn_table_info pvn_table_infos[PVN_TABLES_LEN];

/* ---- what an operation wants loaded ---- */

/* A scan's rows, its order, and its arguments (a..: see pvn_want). Every scan
 * is bounded by `limit` (0: 256). BY_ scans are unique look-ups by another key.
 */
typedef enum pvn_scan {
    PVN_GET = 0, /* one row of `table` by primary key (`key`, canonical form) */
    PVN_REQUEST_BY_NAME,   /* int1 protocol, bytes1 name */
    PVN_REQUEST_BY_DEDUP,  /* bytes1 */
    PVN_ACCOUNT_BY_NAME,   /* text1 */
    PVN_WORKER_BY_NAME,    /* text1 origin, text2 name */
    PVN_TASK_BY_NAME,      /* id1 request, text1 name */
    PVN_TASKS_OF_REQUEST,  /* id1; by id */
    PVN_TASKS_READY,       /* text1 kind ("*": any), int1 now, int2 memory (0:
                              any): state READY, not_before <= now,
                              memory_bytes <= memory; by due_ms, id */
    PVN_TASKS_LEASE_ENDED, /* int1 now: LEASED, lease_ms <= now; by lease_ms */
    PVN_TASKS_OF_WORKER,   /* id1: LEASED by it; by id */
    PVN_FILES_OF_TASK,     /* id1; by way, ordinal */
    PVN_EDGES_FROM,        /* id1 before; by after */
    PVN_ATTEMPTS_OF_TASK,  /* id1; by attempt */
    PVN_REQUESTS_DUE,      /* int1 now: open, deadline_ms <= now; by deadline */
    PVN_REQUESTS_TIED,     /* id1 session: open, tied_to */
    PVN_REQUESTS_UNASSIGNABLE, /* text1 kind ("*": any): open, assignable_ms =
                                  0; by created_ms */
    PVN_REQUESTS_LIST,      /* filter: see pvn_filter; newest or oldest first */
    PVN_ARTIFACTS_EXPIRED,  /* int1 now: pins = 0, state not GONE, expires_ms
                               in (0, now]; by expires_ms */
    PVN_RECORDS_EXPIRED,    /* int1 now */
    PVN_RECORDS_OF_KIND,    /* int1 protocol, text1 kind, bytes1 key after */
    PVN_WORKERS_LIST,       /* id1 after; by id */
    PVN_WORKERS_OF_SESSION, /* id1 session: state HERE */
    PVN_SESSIONS_LIVE,      /* ended = 0 */
    PVN_PROGRAMS_LIST,      /* int1 protocol, bytes1 name after */
    PVN_SPEEDS_OF_PROGRAM,  /* id1; by device */
    PVN_BIDS_OF_REQUEST,    /* id1; by prover */
    PVN_AUCTIONS_DUE,       /* int1 now: due_ms in (0, now]; by due_ms */
    PVN_AUCTIONS_OPEN,      /* int1 now: OPEN with bids, close_ms <= now; by
                               close_ms */
    PVN_AUCTIONS_ENDED,     /* int1 state, int2 ended_ms >=; newest first */
    PVN_AUCTIONS_PAST,      /* ended; int1, id1: after this ended_ms, request;
                               int2: ended_ms <; by ended_ms, request */
    PVN_PROVERS_LIST,       /* bytes1 address after; by address */
    PVN_EVENTS_SINCE,       /* int1 seq > ; by seq. Into want->events */
    PVN_EVENTS_LAST,        /* the newest one. Into want->events */
    PVN_EVENTS_OF_REQUEST,  /* id1, int1 seq > ; by seq. Into want->events */
    PVN_SCANS_LEN
} pvn_scan;

/* All set filters must hold. */
typedef struct pvn_filter {
    uint32_t set; /* bits PVN_F_* */
    int64_t protocol, state_mask /* 1 << state */, exec, settle;
    const char *kind;
    pvn_bytes program_name;
    uint8_t requester20[20], fulfiller20[20];
    int64_t deadline_after_ms, created_from_ms, created_to_ms;
    bool newest_first;
    int64_t offset;
    uint8_t not_bid_by20[20];
    pvn_bytes id_prefix; /* first bytes of requests.id or of requests.name */
} pvn_filter;
enum {
    PVN_F_PROTOCOL = 1,
    PVN_F_STATE = 2,
    PVN_F_EXEC = 4,
    PVN_F_SETTLE = 8,
    PVN_F_KIND = 16,
    PVN_F_PROGRAM = 32,
    PVN_F_REQUESTER = 64,
    PVN_F_FULFILLER = 128,
    PVN_F_DEADLINE = 256,
    PVN_F_FROM = 512,
    PVN_F_TO = 1024,
    PVN_F_ID_PREFIX = 2048,
    PVN_F_NOT_BID_BY = 4096 /* this prover has no bid on it */
};

typedef struct pvn_want {
    pvn_scan scan;
    pvn_table table;  /* for PVN_GET; else what the scan gives */
    pvn_row *key_row; /* for PVN_GET: a row with its key columns filled */
    provernet_id id1;
    int64_t int1, int2;
    pvn_bytes bytes1;
    const char *text1, *text2;
    const pvn_filter *filter;
    uint32_t limit;
    /* filled by state: */
    bool loaded;
    pvn_row **found; /* found_len rows that live in pvn_rows, in scan order */
    size_t found_len;
    pvn_event *events; /* for the event scans: a list, found_len long */
    struct pvn_want *next;
} pvn_want;

typedef struct pvn_rows {
    pvn_arena *arena; /* the batch's */
    pvn_map by_key;   /* table byte + canonical key bytes -> row */
    pvn_map by_other; /* request name/dedup, account name, worker name, task
                         name -> row */
    pvn_map groups;   /* parent -> its known tasks, files, edges, attempts */
    pvn_map wanted;   /* what was asked for in this batch -> its want */
    pvn_row *first, **last;
    pvn_event *events, **events_last;
    pvn_want *wants, **wants_last; /* not loaded yet: for state's load */
    int64_t prune_events_ms; /* > 0: store also deletes old events: those before
                                this time among the 256 oldest; never the
                                newest */
    bool failed;     /* out of memory (or `bug`): the batch must be given up */
    const char *bug; /* a rule broke its word: what; NULL: none */
} pvn_rows;

void pvn_rows_init(pvn_rows *r, pvn_arena *arena);
void pvn_rows_free(pvn_rows *r); /* the maps; rows go with the arena */

/* Ask for rows: the want of this batch with the same arguments, made when
 * nobody asked before (copied: texts and bytes are borrowed). Look at its
 * `loaded`. NULL: no memory (failed is set). */
pvn_want *pvn_rows_want(pvn_rows *r, const pvn_want *ask);
/* After a load: the list of open wants is empty. */
void pvn_rows_wants_loaded(pvn_rows *r);

/* The row with this key if it is known here: present or absent; NULL: not
 * looked for yet (want it). */
pvn_row *pvn_rows_known(pvn_rows *r, const pvn_row *key_row);
/* A new row for the key columns of *key_row, to be inserted: fresh and dirty.
 * If the key is known as absent, that row becomes present. NULL: no memory
 * (failed is set) or the row exists. */
pvn_row *pvn_rows_make(pvn_rows *r, const pvn_row *key_row);
/* Mark changed; call it before or after changing columns. Call
 * pvn_rows_rename after setting or changing a column of another key (names,
 * dedup) or tasks.request. Deleting a fresh row makes it absent again. */
void pvn_rows_touch(pvn_rows *r, pvn_row *row);
void pvn_rows_rename(pvn_rows *r, pvn_row *row);
void pvn_rows_delete(pvn_rows *r, pvn_row *row);
/* For state/: put a loaded row in; returns the row that is then in force (the
 * one that was here already, if any). Absent rows of unsuccessful GETs too. */
pvn_row *pvn_rows_loaded(pvn_rows *r, pvn_row *row);
/* The known rows of one parent, fresh ones included, linked by `sibling` in no
 * order (skip deleted ones): tasks of a request, files and attempts of a task,
 * edges from a task. */
pvn_row *pvn_rows_group(pvn_rows *r, pvn_table table,
                        const provernet_id *parent);
/* Canonical bytes of the primary key, table first. Returns the length needed;
 * out is only whole if that is at most cap. */
size_t pvn_row_key(const pvn_row *row, uint8_t *out, size_t cap);
/* Look-ups by another key over rows that are here (fresh ones included). */
pvn_request *pvn_rows_request_by_name(pvn_rows *r, int64_t protocol,
                                      pvn_bytes name);
pvn_request *pvn_rows_request_by_dedup(pvn_rows *r, pvn_bytes dedup);
pvn_account *pvn_rows_account_by_name(pvn_rows *r, const char *name);
pvn_worker *pvn_rows_worker_by_name(pvn_rows *r, const char *origin,
                                    const char *name);
pvn_task *pvn_rows_task_by_name(pvn_rows *r, const provernet_id *request,
                                const char *name);
void pvn_rows_event(pvn_rows *r, int64_t at_ms, const char *type,
                    const provernet_id *request, const provernet_id *task,
                    const provernet_id *worker, const char *detail);

/* Typed gets: NULL if absent or not known. */
#define X(NAME, name, sql)                                                     \
    static inline pvn_##name *pvn_rows_##name(pvn_rows *r,                     \
                                              const pvn_##name *key)           \
    {                                                                          \
        pvn_row *row = pvn_rows_known(r, &key->row);                           \
        return row && !row->absent && !row->deleted ? (pvn_##name *)row        \
                                                    : NULL;                    \
    }
PVN_TABLES(X)
#undef X

/* Deep copy of a row (its bytes and texts) into another arena, for answers.
 * NULL: no memory. */
pvn_row *pvn_row_copy(pvn_arena *to, const pvn_row *row);
#endif
