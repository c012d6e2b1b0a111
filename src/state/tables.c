/* state/tables.c - the column lists of rows.h as data, for generic SQL and
 * copies. Includes rows.h only. */
#include "state/rows.h"

#define K(t, n) { #n, PVN_COL_##t, offsetof(ROW, n), true },
#define C(t, n) { #n, PVN_COL_##t, offsetof(ROW, n), false },

#define ROW pvn_saved
static const pvn_column saved_columns[] = { PVN_SETTING_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_session
static const pvn_column session_columns[] = { PVN_SESSION_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_account
static const pvn_column account_columns[] = { PVN_ACCOUNT_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_program
static const pvn_column program_columns[] = { PVN_PROGRAM_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_artifact
static const pvn_column artifact_columns[] = { PVN_ARTIFACT_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_request
static const pvn_column request_columns[] = { PVN_REQUEST_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_task
static const pvn_column task_columns[] = { PVN_TASK_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_task_file
static const pvn_column task_file_columns[] = { PVN_TASK_FILE_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_edge
static const pvn_column edge_columns[] = { PVN_EDGE_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_attempt
static const pvn_column attempt_columns[] = { PVN_ATTEMPT_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_worker
static const pvn_column worker_columns[] = { PVN_WORKER_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_speed
static const pvn_column speed_columns[] = { PVN_SPEED_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_bid
static const pvn_column bid_columns[] = { PVN_BID_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_auction
static const pvn_column auction_columns[] = { PVN_AUCTION_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_prover
static const pvn_column prover_columns[] = { PVN_PROVER_COLUMNS(K, C) };
#undef ROW
#define ROW pvn_record
static const pvn_column record_columns[] = { PVN_RECORD_COLUMNS(K, C) };
#undef ROW

#define ONE(t, n) +1
#define NONE(t, n)
#define KEYS(list) (size_t)(0 list(ONE, NONE))

const pvn_table_info pvn_table_infos[PVN_TABLES_LEN] = {
#define X(NAME, name, sql)                                                     \
    { #sql, sizeof(pvn_##name), name##_columns,                                \
      sizeof name##_columns / sizeof name##_columns[0],                        \
      KEYS(PVN_##NAME##_COLUMNS) },
    PVN_TABLES(X)
#undef X
};
