/* state/sqlite_state.h - what the files of the SQLite state share. Private to
 * state/: nobody else includes it. */
#ifndef PVN_STATE_SQLITE_STATE_H
#define PVN_STATE_SQLITE_STATE_H
#include "base/error.h"
#include "state/state.h"
#include <sqlite3.h>

enum {
    PVN_SCHEMA = 1,       /* the newest step */
    PVN_UPDATES_MAX = 32, /* cached UPDATE statements of one table */
    PVN_SCAN_DEFAULT = 256,
    PVN_PRUNE_MAX = 256,
    PVN_LISTS_MAX = 8 /* cached shapes of REQUESTS_LIST */
};

/* An UPDATE of one set of columns. */
typedef struct pvn_update {
    uint64_t mask; /* bit i: column i of the table */
    sqlite3_stmt *stmt;
} pvn_update;

typedef struct pvn_table_stmts {
    sqlite3_stmt *get, *insert, *delete;
    pvn_update update[PVN_UPDATES_MAX];
    size_t updates, oldest;
} pvn_table_stmts;

/* The new rows of one table: what SQLite reads as fresh_TABLE. */
typedef struct pvn_fresh {
    struct pvn_sqlite *st;
    pvn_table table;
} pvn_fresh;

/* A list of requests for one set of filters; the least used gives way. */
typedef struct pvn_list_stmt {
    uint64_t shape, used;
    sqlite3_stmt *stmt;
} pvn_list_stmt;

/* Open requests of one kind, by state (QUEUED, RUNNING, VERIFYING). */
typedef struct pvn_gauge {
    char *kind;
    int64_t n[3];
} pvn_gauge;
typedef struct pvn_gauges {
    pvn_gauge *of;
    size_t len, cap;
    bool valid; /* false: to be counted by a query */
} pvn_gauges;

/* sqlite_vfs.c: the files of one connection. */
typedef struct pvn_log_vfs pvn_log_vfs;
pvn_log_vfs *pvn_log_vfs_new(void); /* NULL: no memory */
const char *pvn_log_vfs_name(const pvn_log_vfs *l);
void pvn_log_vfs_free(pvn_log_vfs *l); /* after the connection; NULL is fine */

typedef struct pvn_sqlite {
    pvn_state state; /* first: the public face */
    pvn_env env;
    pvn_log_vfs *vfs;
    sqlite3 *db;
    char *path;
    int lock_fd;
    bool in_batch;
    bool sick; /* a write failed: nothing is believed any more */
    char sick_why[248];
    int64_t last_ms;  /* newest time given or stored */
    int64_t next_seq; /* of the next event */
    int64_t seq_at_begin;
    int wal_pages;     /* in the log after the last commit */
    int checkpoint_at; /* pages; grows while the disk is full */
    sqlite3_stmt *begin, *commit, *rollback;
    sqlite3_stmt *event_insert, *events_prune;
    pvn_table_stmts table[PVN_TABLES_LEN];
    pvn_fresh fresh[PVN_TABLES_LEN];
    const pvn_row *storing; /* the rows that are being inserted */
    sqlite3_stmt *scan[PVN_SCANS_LEN];
    sqlite3_stmt *ready_kind, *ready_ids; /* TASKS_READY of any kind */
    pvn_list_stmt list[PVN_LISTS_MAX];
    uint64_t list_uses;
    pvn_gauges gauges;
} pvn_sqlite;

/* sqlite.c */
/* A failure of SQLite as a status; what: "store a row of requests". Disk
 * failures of a write make st sick. */
provernet_status pvn_sqlite_fail(pvn_sqlite *st, const char *what, int rc,
                                 provernet_error *err);
provernet_status pvn_sqlite_prepare(pvn_sqlite *st, sqlite3_stmt **out,
                                    const char *sql, provernet_error *err);
provernet_status pvn_sqlite_exec(pvn_sqlite *st, const char *sql,
                                 provernet_error *err);

/* sqlite_schema.c */
/* Bring the database to PVN_SCHEMA, each step in its own transaction. */
provernet_status pvn_sqlite_schema(pvn_sqlite *st, provernet_error *err);

/* sqlite_rows.c */
provernet_status pvn_sqlite_store(pvn_state *state, pvn_rows *rows,
                                  provernet_error *err);
/* One row by key. *row: the row in force, or NULL if absent. */
provernet_status pvn_sqlite_get(pvn_sqlite *st, pvn_rows *rows, pvn_table table,
                                const pvn_row *key_row, pvn_row **row,
                                provernet_error *err);
/* The row under the statement (all columns of the table, in order). */
provernet_status pvn_sqlite_read(pvn_sqlite *st, pvn_rows *rows,
                                 pvn_table table, sqlite3_stmt *stmt,
                                 pvn_row **row, provernet_error *err);
/* "a, b, c" of all columns; caller frees. NULL: no memory. */
char *pvn_sqlite_columns(pvn_table table, const char *prefix);
void pvn_sqlite_rows_close(pvn_sqlite *st);
bool pvn_sqlite_bind_bytes(sqlite3_stmt *stmt, int at, pvn_bytes b);

/* sqlite_fresh.c */
/* Once for a connection. */
provernet_status pvn_sqlite_fresh_open(pvn_sqlite *st, provernet_error *err);
/* All fresh rows of the list, one statement for each table. */
provernet_status pvn_sqlite_insert(pvn_sqlite *st, const pvn_row *first,
                                   provernet_error *err);

/* sqlite_scan.c, sqlite_list.c */
provernet_status pvn_sqlite_load(pvn_state *state, pvn_rows *rows,
                                 pvn_want *wants, provernet_error *err);
void pvn_sqlite_scan_close(pvn_sqlite *st);
/* SQL of a fixed scan; NULL if it has none of its own. Caller frees. */
char *pvn_sqlite_scan_sql(pvn_scan scan);
provernet_status pvn_sqlite_list(pvn_sqlite *st, pvn_rows *rows, pvn_want *want,
                                 provernet_error *err);
/* SQL for the filters that are set. Caller frees. */
char *pvn_sqlite_list_sql(const pvn_filter *f);
void pvn_sqlite_list_close(pvn_sqlite *st);
/* Rows of stmt (bound already) into want->found, then reset. */
provernet_status pvn_sqlite_collect(pvn_sqlite *st, pvn_rows *rows,
                                    pvn_want *want, pvn_table table,
                                    sqlite3_stmt *stmt, provernet_error *err);

/* sqlite_count.c */
provernet_status pvn_sqlite_count(pvn_state *state, pvn_arena *a,
                                  const char **json, provernet_error *err);
/* A request row is being written: keep the gauges in step. */
void pvn_sqlite_gauge(pvn_sqlite *st, const pvn_request *was,
                      const pvn_request *is);
void pvn_sqlite_gauges_forget(pvn_sqlite *st);

/* file_lock.c */
/* Hold `path` for this process; *fd is closed to let go. ERR_STATE names the
 * process that holds it. */
provernet_status pvn_file_lock(const pvn_env *env, const char *path, int *fd,
                               provernet_error *err);
#endif
