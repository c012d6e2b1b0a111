/* state/sqlite.c - the SQLite state: opening, batches, failures, closing.
 *
 * One connection in exclusive WAL mode, used and checkpointed by one thread
 * (two connections could meet SQLite's WAL-reset defect, and would cost file
 * locks at every transaction). Includes base/ and SQLite. */
#include "state/sqlite_state.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CHECKPOINT_PAGES = 8192 /* 32 MiB of log, then copied to the database */
};

static pvn_sqlite *of(pvn_state *state)
{
    return (pvn_sqlite *)(void *)state;
}

static provernet_status status_of(sqlite3 *db, int rc)
{
    int system = db ? sqlite3_system_errno(db) : 0;

    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return PROVERNET_ERR_NOMEM;
    case SQLITE_FULL:
        return PROVERNET_ERR_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return PROVERNET_ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PROVERNET_ERR_STATE;
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM)
            return PROVERNET_ERR_NOMEM;
        if (system == ENOSPC || system == EDQUOT)
            return PROVERNET_ERR_SPACE;
        return PROVERNET_ERR_IO;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return PROVERNET_ERR_IO;
    default:
        return PROVERNET_ERR_INTERNAL;
    }
}

static void sicken(pvn_sqlite *st, const char *why)
{
    if (st->sick)
        return;
    st->sick = true;
    snprintf(st->sick_why, sizeof st->sick_why, "%s", why);
    pvn_log(&st->env, PVN_ERROR, "state.sick", "path=%s why=%s", st->path, why);
}

provernet_status pvn_sqlite_fail(pvn_sqlite *st, const char *what, int rc,
                                 provernet_error *err)
{
    provernet_status s = status_of(st->db, rc);
    const char *text = st->db ? sqlite3_errmsg(st->db) : sqlite3_errstr(rc);
    const char *help = "";

    if (s == PROVERNET_ERR_NOMEM)
        return pvn_nomem(err);
    if (s == PROVERNET_ERR_SPACE)
        help = "\nhelp: free some space on this disk";
    else if (s == PROVERNET_ERR_CORRUPT)
        help = "\nhelp: restore the data directory from a backup";
    else if (s == PROVERNET_ERR_STATE)
        help = "\nhelp: close the other program that has the file open";
    if (s == PROVERNET_ERR_IO || s == PROVERNET_ERR_SPACE ||
        s == PROVERNET_ERR_CORRUPT) {
        char why[160];

        snprintf(why, sizeof why, "cannot %s: %s", what, text);
        sicken(st, why);
    }
    return pvn_fail(err, s, rc, "cannot %s in %s: %s%s", what, st->path, text,
                    help);
}

provernet_status pvn_sqlite_prepare(pvn_sqlite *st, sqlite3_stmt **out,
                                    const char *sql, provernet_error *err)
{
    int rc;

    if (*out)
        return PROVERNET_OK;
    if (!sql)
        return pvn_nomem(err);
    rc = sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out,
                            NULL);
    return rc ? pvn_sqlite_fail(st, "prepare a statement", rc, err)
              : PROVERNET_OK;
}

provernet_status pvn_sqlite_exec(pvn_sqlite *st, const char *sql,
                                 provernet_error *err)
{
    int rc = sqlite3_exec(st->db, sql, NULL, NULL, NULL);

    return rc ? pvn_sqlite_fail(st, "run a statement", rc, err) : PROVERNET_OK;
}

/* Step a statement that gives no rows. */
static int run(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    sqlite3_reset(stmt);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static provernet_status refuse_sick(pvn_sqlite *st, provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_IO, 0,
                    "%s is out of service: %s\nhelp: it must be closed and "
                    "opened again",
                    st->path, st->sick_why);
}

/* Copy the log into the database. In `begin`, so that no answer waits for it.
 * A full disk only means a longer log; any other failure is the end. */
static provernet_status checkpoint(pvn_sqlite *st, provernet_error *err)
{
    int log = 0, copied = 0;
    int rc = sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                       &log, &copied);

    if (rc == SQLITE_OK) {
        st->wal_pages = 0;
        st->checkpoint_at = CHECKPOINT_PAGES;
        return PROVERNET_OK;
    }
    if (status_of(st->db, rc) == PROVERNET_ERR_SPACE) {
        pvn_log(&st->env, PVN_WARN, "state.checkpoint", "pages=%d why=%s", log,
                sqlite3_errmsg(st->db));
        st->checkpoint_at = st->wal_pages + CHECKPOINT_PAGES;
        return PROVERNET_OK;
    }
    return pvn_sqlite_fail(st, "copy the log into the database", rc, err);
}

static provernet_status state_begin(pvn_state *state, int64_t *now_ms,
                                    provernet_error *err)
{
    pvn_sqlite *st = of(state);
    int64_t now = pvn_now_ms(&st->env);
    provernet_status s;
    int rc;

    if (st->sick)
        return refuse_sick(st, err);
    if (st->in_batch)
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0,
                        "a batch is open already");
    if (st->wal_pages >= st->checkpoint_at && (s = checkpoint(st, err)) != 0)
        return s;
    if ((rc = run(st->begin)) != SQLITE_OK)
        return pvn_sqlite_fail(st, "begin a transaction", rc, err);
    if (now > st->last_ms)
        st->last_ms = now;
    *now_ms = st->last_ms;
    st->in_batch = true;
    st->seq_at_begin = st->next_seq;
    return PROVERNET_OK;
}

static void state_rollback(pvn_state *state)
{
    pvn_sqlite *st = of(state);

    if (!st->in_batch)
        return;
    st->in_batch = false;
    st->next_seq = st->seq_at_begin;
    pvn_sqlite_gauges_forget(st);
    /* SQLite may have rolled back by itself after a failed write. */
    if (!sqlite3_get_autocommit(st->db) && run(st->rollback) != SQLITE_OK)
        sicken(st, "cannot roll back");
}

static provernet_status state_commit(pvn_state *state, provernet_error *err)
{
    pvn_sqlite *st = of(state);
    provernet_error first = { 0 };
    int rc;

    if (st->sick)
        return refuse_sick(st, err);
    if (!st->in_batch)
        return pvn_fail(err, PROVERNET_ERR_INTERNAL, 0, "no batch is open");
    rc = run(st->commit);
    if (rc == SQLITE_OK) {
        st->in_batch = false;
        return PROVERNET_OK;
    }
    /* What the disk has now is unknown: even a failure that looks harmless
     * is the last thing this connection did. */
    pvn_sqlite_fail(st, "commit", rc, &first);
    sicken(st, first.message);
    state_rollback(state);
    return pvn_error_copy(err, &first);
}

static int on_wal(void *user, sqlite3 *db, const char *name, int pages)
{
    pvn_sqlite *st = user;

    (void)db;
    (void)name;
    st->wal_pages = pages;
    return SQLITE_OK;
}

static void state_close(pvn_state *state)
{
    pvn_sqlite *st = of(state);

    if (!st)
        return;
    state_rollback(state);
    pvn_sqlite_rows_close(st);
    pvn_sqlite_scan_close(st);
    sqlite3_finalize(st->begin);
    sqlite3_finalize(st->commit);
    sqlite3_finalize(st->rollback);
    pvn_sqlite_gauges_forget(st);
    free(st->gauges.of);
    if (st->sick && st->db) /* write nothing more: recovery will read the log */
        sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(st->db);
    pvn_log_vfs_free(st->vfs);
    if (st->lock_fd >= 0)
        st->env.files.close(st->env.files.user, st->lock_fd);
    free(st->path);
    free(st);
}

/* "/a/b" + "provernet.lock" -> "/a/provernet.lock"; caller frees. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    size_t size = len + strlen(name) + 1;
    char *out = malloc(size);

    if (out) {
        memcpy(out, path, len);
        memcpy(out + len, name, strlen(name) + 1);
    }
    return out;
}

/* The file exists with our mode before SQLite sees it, and its directory
 * entry is on disk. */
static provernet_status make_file(pvn_sqlite *st, provernet_error *err)
{
    const pvn_files *f = &st->env.files;
    int rc = 0;
    char *dir = beside(st->path, ".");
    int fd = f->open(f->user, st->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (!dir) {
        if (fd >= 0)
            f->close(f->user, fd);
        return pvn_nomem(err);
    }
    if (fd < 0) {
        rc = fd;
    } else {
        f->close(f->user, fd);
        fd = f->open(f->user, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        rc = fd < 0 ? fd : f->fsync(f->user, fd);
        if (fd >= 0)
            f->close(f->user, fd);
    }
    free(dir);
    if (rc < 0)
        return pvn_fail(
            err, rc == -ENOSPC ? PROVERNET_ERR_SPACE : PROVERNET_ERR_IO, -rc,
            "cannot make database %s: %s", st->path, strerror(-rc));
    return PROVERNET_OK;
}

static provernet_status connect_file(pvn_sqlite *st, provernet_error *err)
{
    static const char *const pragmas[] = {
        "PRAGMA page_size=4096",
        "PRAGMA locking_mode=EXCLUSIVE", /* before WAL: no shared memory */
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=OFF",
        "PRAGMA mmap_size=0",
        "PRAGMA temp_store=MEMORY",
        "PRAGMA cache_size=-16384",
        "PRAGMA secure_delete=FAST",
        "PRAGMA trusted_schema=OFF",
        "PRAGMA journal_size_limit=67108864",
    };
    provernet_status s;
    int rc;

    if (sqlite3_initialize() != SQLITE_OK ||
        (st->vfs = pvn_log_vfs_new()) == NULL)
        return pvn_nomem(err);
    rc = sqlite3_open_v2(st->path, &st->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX,
                         pvn_log_vfs_name(st->vfs));
    if (rc != SQLITE_OK)
        return pvn_sqlite_fail(st, "open the database", rc, err);
    sqlite3_extended_result_codes(st->db, 1);
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++)
        if ((s = pvn_sqlite_exec(st, pragmas[i], err)) != 0)
            return s;
    /* after journal_mode: it replaces SQLite's own checkpoints */
    sqlite3_wal_hook(st->db, on_wal, st);
    st->checkpoint_at = CHECKPOINT_PAGES;
    return PROVERNET_OK;
}

static provernet_status one_int(pvn_sqlite *st, const char *sql, int64_t *out,
                                provernet_error *err)
{
    sqlite3_stmt *stmt = NULL;
    provernet_status s = pvn_sqlite_prepare(st, &stmt, sql, err);
    int rc;

    if (s)
        return s;
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? PROVERNET_OK
               : pvn_sqlite_fail(st, "read", rc, err);
}

/* Where the last process stopped: its newest event and its newest time. */
static provernet_status resume(pvn_sqlite *st, provernet_error *err)
{
    int64_t seq = 0, at = 0, seen = 0;
    provernet_status s;

    if ((s = one_int(st, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1",
                     &seq, err)) != 0 ||
        (s = one_int(st, "SELECT at_ms FROM events ORDER BY seq DESC LIMIT 1",
                     &at, err)) != 0 ||
        (s = one_int(st, "SELECT coalesce(max(seen_ms), 0) FROM sessions",
                     &seen, err)) != 0)
        return s;
    st->next_seq = seq + 1;
    st->last_ms = at > seen ? at : seen;
    return PROVERNET_OK;
}

static const pvn_state_ops sqlite_ops = {
    .begin = state_begin,
    .load = pvn_sqlite_load,
    .store = pvn_sqlite_store,
    .commit = state_commit,
    .rollback = state_rollback,
    .count = pvn_sqlite_count,
    .close = state_close,
};

static provernet_status open_all(pvn_sqlite *st, provernet_error *err)
{
    char *lock = beside(st->path, "provernet.lock");
    provernet_status s;

    if (!lock)
        return pvn_nomem(err);
    s = pvn_file_lock(&st->env, lock, &st->lock_fd, err);
    free(lock);
    if (s || (s = make_file(st, err)) != 0 ||
        (s = connect_file(st, err)) != 0 ||
        (s = pvn_sqlite_schema(st, err)) != 0 ||
        (s = pvn_sqlite_fresh_open(st, err)) != 0 ||
        (s = pvn_sqlite_prepare(st, &st->begin, "BEGIN", err)) != 0 ||
        (s = pvn_sqlite_prepare(st, &st->commit, "COMMIT", err)) != 0 ||
        (s = pvn_sqlite_prepare(st, &st->rollback, "ROLLBACK", err)) != 0)
        return s;
    return resume(st, err);
}

provernet_status pvn_state_sqlite_open(pvn_state **out, const char *path,
                                       const pvn_env *env, provernet_error *err)
{
    pvn_sqlite *st = calloc(1, sizeof *st);
    provernet_status s;

    *out = NULL;
    if (!st)
        return pvn_nomem(err);
    st->state.ops = &sqlite_ops;
    st->state.quick = true;
    st->state.alone = true; /* the file is held exclusively */
    st->env = *env;
    st->lock_fd = -1;
    st->path = strdup(path);
    s = st->path ? open_all(st, err) : pvn_nomem(err);
    if (s) {
        state_close(&st->state);
        return s;
    }
    *out = &st->state;
    return PROVERNET_OK;
}
