/* state/sqlite_schema.c - the tables, as numbered steps that only go forward.
 *
 * A released step is never changed: a test compares what the steps make with
 * the column lists of rows.h. Id-keyed tables are WITHOUT ROWID; requests and
 * artifacts carry whole kilobytes, which SQLite keeps better in rowid tables.
 * Includes base/ and SQLite. */
#include "state/sqlite_state.h"
#include <stdio.h>
#include <stdlib.h>

#define KEYED " STRICT, WITHOUT ROWID;"
#define OPEN  "state <= 3" /* QUEUED, RUNNING, VERIFYING */

static const char *const step1[] = {
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB)" KEYED,
    "CREATE TABLE sessions (id BLOB PRIMARY KEY, started_ms INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL, address TEXT, ended INTEGER NOT NULL)" KEYED,
    "CREATE TABLE accounts (address BLOB PRIMARY KEY, nonce INTEGER NOT NULL,"
    " name TEXT, balance TEXT, delegate BLOB, limits TEXT,"
    " terms_ms INTEGER NOT NULL, open_requests INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL)" KEYED,
    "CREATE TABLE programs (protocol INTEGER NOT NULL, name BLOB NOT NULL,"
    " kind TEXT, artifact BLOB, vk BLOB, owner BLOB, label TEXT, uri TEXT,"
    " created_ms INTEGER NOT NULL, PRIMARY KEY (protocol, name))" KEYED,
    "CREATE TABLE artifacts (id BLOB PRIMARY KEY NOT NULL,"
    " type INTEGER NOT NULL, owner BLOB, state INTEGER NOT NULL, digest BLOB,"
    " encoding INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " raw_bytes INTEGER NOT NULL, pins INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    " content BLOB) STRICT;",
    "CREATE TABLE requests (id BLOB PRIMARY KEY NOT NULL,"
    " protocol INTEGER NOT NULL, name BLOB, dedup BLOB, kind TEXT,"
    " program BLOB, program_name BLOB, requester BLOB,"
    " state INTEGER NOT NULL, exec INTEGER NOT NULL, settle INTEGER NOT NULL,"
    " cause INTEGER NOT NULL, why TEXT, deadline_ms INTEGER NOT NULL,"
    " due_ms INTEGER NOT NULL, assignable_ms INTEGER NOT NULL,"
    " fulfiller BLOB, proof BLOB, signed_bytes BLOB, extra BLOB, tied_to BLOB,"
    " tasks_open INTEGER NOT NULL, tasks_len INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    " updated_ms INTEGER NOT NULL, fulfilled_ms INTEGER NOT NULL,"
    " code INTEGER NOT NULL) STRICT;",
    "CREATE TABLE tasks (id BLOB PRIMARY KEY, request BLOB, name TEXT,"
    " kind TEXT, state INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
    " path_ms INTEGER NOT NULL, memory_bytes INTEGER NOT NULL,"
    " waits INTEGER NOT NULL, not_before_ms INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, worker BLOB, granted_ms INTEGER NOT NULL,"
    " lease_ms INTEGER NOT NULL, strikes INTEGER NOT NULL,"
    " cost INTEGER NOT NULL, why TEXT, params BLOB, judges BLOB)" KEYED,
    "CREATE TABLE task_files (task BLOB NOT NULL, way INTEGER NOT NULL,"
    " ordinal INTEGER NOT NULL, artifact BLOB,"
    " PRIMARY KEY (task, way, ordinal))" KEYED,
    "CREATE TABLE edges (before BLOB NOT NULL, after BLOB NOT NULL,"
    " met INTEGER NOT NULL, PRIMARY KEY (before, after))" KEYED,
    "CREATE TABLE attempts (task BLOB NOT NULL, attempt INTEGER NOT NULL,"
    " worker BLOB, granted_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL, blame INTEGER NOT NULL, why TEXT, device TEXT,"
    " peak_bytes INTEGER NOT NULL, PRIMARY KEY (task, attempt))" KEYED,
    "CREATE TABLE workers (id BLOB PRIMARY KEY, origin TEXT, name TEXT,"
    " address BLOB, kinds TEXT, slots INTEGER NOT NULL, devices TEXT,"
    " memory_bytes INTEGER NOT NULL, version TEXT, session BLOB,"
    " seen_ms INTEGER NOT NULL, strikes INTEGER NOT NULL,"
    " state INTEGER NOT NULL, why TEXT, jobs_done INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL)" KEYED,
    "CREATE TABLE speeds (program BLOB NOT NULL, device TEXT NOT NULL,"
    " n INTEGER NOT NULL, mean_ms INTEGER NOT NULL, p95_ms INTEGER NOT NULL,"
    " peak_bytes INTEGER NOT NULL, mean_cost INTEGER NOT NULL,"
    " PRIMARY KEY (program, device))" KEYED,
    "CREATE TABLE bids (request BLOB NOT NULL, prover BLOB NOT NULL,"
    " signer BLOB, amount TEXT, created_ms INTEGER NOT NULL,"
    " signed_bytes BLOB, PRIMARY KEY (request, prover))" KEYED,
    "CREATE TABLE auctions (request BLOB PRIMARY KEY, state INTEGER NOT NULL,"
    " due_ms INTEGER NOT NULL, close_ms INTEGER NOT NULL,"
    " fallback_ms INTEGER NOT NULL, price_min TEXT, price_max TEXT,"
    " price_step TEXT, base_fee TEXT, units_max INTEGER NOT NULL,"
    " units INTEGER NOT NULL, cycles INTEGER NOT NULL,"
    " executed_ms INTEGER NOT NULL, whitelist BLOB, requester BLOB,"
    " auctioneer BLOB, executor BLOB, treasury BLOB, held TEXT,"
    " bids INTEGER NOT NULL, winner BLOB, price TEXT, paid TEXT, bond TEXT,"
    " created_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"
    " settle_signed BLOB, execute_signed BLOB)" KEYED,
    "CREATE TABLE provers (address BLOB PRIMARY KEY, seen_ms INTEGER NOT NULL,"
    " bids INTEGER NOT NULL, won INTEGER NOT NULL, proved INTEGER NOT NULL,"
    " failed INTEGER NOT NULL, earned TEXT, units TEXT, cycles TEXT,"
    " suspended_ms INTEGER NOT NULL, capacity INTEGER NOT NULL, info BLOB,"
    " created_ms INTEGER NOT NULL, owner BLOB, share INTEGER NOT NULL,"
    " misses INTEGER NOT NULL, misses_ms INTEGER NOT NULL, why TEXT)" KEYED,
    "CREATE TABLE records (protocol INTEGER NOT NULL, kind TEXT NOT NULL,"
    " key BLOB NOT NULL, value BLOB, expires_ms INTEGER NOT NULL,"
    " PRIMARY KEY (protocol, kind, key))" KEYED,
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    " request BLOB, task BLOB, worker BLOB, type TEXT NOT NULL,"
    " detail TEXT) STRICT;",
    /* one index for each scan of rows.h */
    "CREATE INDEX sessions_live ON sessions (id) WHERE ended = 0;",
    "CREATE UNIQUE INDEX accounts_name ON accounts (name)"
    " WHERE name IS NOT NULL;",
    "CREATE INDEX artifacts_expires ON artifacts (expires_ms)"
    " WHERE pins = 0 AND state <> 3 AND expires_ms > 0;",
    "CREATE UNIQUE INDEX requests_name ON requests (name, protocol)"
    " WHERE name IS NOT NULL;",
    "CREATE UNIQUE INDEX requests_dedup ON requests (dedup)"
    " WHERE dedup IS NOT NULL;",
    "CREATE INDEX requests_created ON requests (created_ms);",
    "CREATE INDEX requests_requester ON requests (requester, created_ms);",
    "CREATE INDEX requests_open ON requests (created_ms) WHERE " OPEN ";",
    "CREATE INDEX requests_bidding ON requests (created_ms)"
    " WHERE settle = 1 AND state = 1;",
    "CREATE INDEX requests_failed ON requests (deadline_ms)"
    " WHERE state = 5;",
    "CREATE INDEX requests_due ON requests (deadline_ms) WHERE " OPEN ";",
    "CREATE INDEX requests_tied ON requests (tied_to)"
    " WHERE tied_to IS NOT NULL AND " OPEN ";",
    "CREATE INDEX requests_unassignable ON requests (kind, created_ms)"
    " WHERE assignable_ms = 0 AND " OPEN ";",
    "CREATE UNIQUE INDEX tasks_name ON tasks (request, name);",
    "CREATE INDEX tasks_ready ON tasks"
    " (kind, due_ms, id, not_before_ms, memory_bytes) WHERE state = 2;",
    "CREATE INDEX tasks_lease ON tasks (lease_ms) WHERE state = 3;",
    "CREATE INDEX tasks_worker ON tasks (worker) WHERE state = 3;",
    "CREATE UNIQUE INDEX workers_name ON workers (origin, name);",
    "CREATE INDEX workers_session ON workers (session) WHERE state = 1;",
    "CREATE INDEX auctions_due ON auctions (due_ms) WHERE due_ms > 0;",
    "CREATE INDEX auctions_open ON auctions (close_ms)"
    " WHERE state = 1 AND bids > 0;",
    "CREATE INDEX auctions_ended ON auctions (state, ended_ms)"
    " WHERE ended_ms > 0;",
    "CREATE INDEX auctions_past ON auctions (ended_ms, request)"
    " WHERE ended_ms > 0;",
    "CREATE INDEX records_expires ON records (expires_ms)"
    " WHERE expires_ms > 0;",
    "CREATE INDEX events_request ON events (request)"
    " WHERE request IS NOT NULL;",
    NULL
};

static const char *const *const steps[PVN_SCHEMA] = { step1 };

/* The number in settings; 0: an empty database. */
static provernet_status read_number(pvn_sqlite *st, int64_t *number,
                                    provernet_error *err)
{
    sqlite3_stmt *stmt = NULL;
    provernet_status s;
    int rc;

    *number = 0;
    s = pvn_sqlite_prepare(st, &stmt,
                           "SELECT count(*) FROM sqlite_schema"
                           " WHERE type = 'table' AND name = 'settings'",
                           err);
    if (s)
        return s;
    rc = sqlite3_step(stmt);
    bool made = rc == SQLITE_ROW && sqlite3_column_int(stmt, 0) > 0;
    sqlite3_finalize(stmt);
    if (rc != SQLITE_ROW)
        return pvn_sqlite_fail(st, "read the schema", rc, err);
    if (!made)
        return PROVERNET_OK;
    stmt = NULL;
    s = pvn_sqlite_prepare(
        st, &stmt,
        "SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM settings"
        " WHERE name = 'schema'",
        err);
    if (s)
        return s;
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    if (rc == SQLITE_ROW && *number >= 1)
        return PROVERNET_OK;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                        "%s has tables but no schema number\nhelp: it is not "
                        "a database of provernet, or is damaged",
                        st->path);
    return pvn_sqlite_fail(st, "read the schema number", rc, err);
}

static provernet_status apply(pvn_sqlite *st, int step, provernet_error *err)
{
    char number[160];
    provernet_status s;

    snprintf(number, sizeof number,
             "INSERT INTO settings VALUES ('schema', CAST('%d' AS BLOB))"
             " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
             step);
    if ((s = pvn_sqlite_exec(st, "BEGIN IMMEDIATE", err)) != 0)
        return s;
    for (const char *const *sql = steps[step - 1]; *sql && !s; sql++)
        s = pvn_sqlite_exec(st, *sql, err);
    if (s || (s = pvn_sqlite_exec(st, number, err)) != 0 ||
        (s = pvn_sqlite_exec(st, "COMMIT", err)) != 0) {
        if (!sqlite3_get_autocommit(st->db))
            sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
        return s;
    }
    pvn_log(&st->env, PVN_INFO, "state.schema", "number=%d path=%s", step,
            st->path);
    return PROVERNET_OK;
}

provernet_status pvn_sqlite_schema(pvn_sqlite *st, provernet_error *err)
{
    int64_t number;
    provernet_status s = read_number(st, &number, err);

    if (s)
        return s;
    if (number > PVN_SCHEMA)
        return pvn_fail(err, PROVERNET_ERR_SCHEMA, 0,
                        "%s has schema %lld, this version knows up to %d\n"
                        "help: run the newer provernet that made it, or "
                        "restore an older backup",
                        st->path, (long long)number, PVN_SCHEMA);
    for (int step = (int)number + 1; step <= PVN_SCHEMA; step++)
        if ((s = apply(st, step, err)) != 0)
            return s;
    return PROVERNET_OK;
}
