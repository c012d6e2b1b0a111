/* tests/sim/mem_state.h - the database as arrays in memory, with faults.
 *
 * What SQLite does, done plainly: linear scans, unique keys checked at store,
 * nothing visible before commit. One thread. */
#ifndef PVN_TESTS_MEM_STATE_H
#define PVN_TESTS_MEM_STATE_H
#include "state/state.h"

typedef enum mem_fault {
    MEM_FINE,
    MEM_LOAD,        /* reading fails */
    MEM_STORE,       /* writing fails: the disk is full */
    MEM_COMMIT_LOST, /* power cut before the commit */
    MEM_COMMIT_DOUBT /* committed, but the answer says it failed */
} mem_fault;

typedef struct mem_row {
    pvn_arena arena;
    pvn_row *row;
} mem_row;
typedef struct mem_table {
    mem_row **row;
    size_t len, cap;
    pvn_map by_key;
} mem_table;

typedef struct mem_state {
    pvn_state state; /* first: hand out &m->state */
    const int64_t *clock;
    int64_t last_ms;
    mem_table table[PVN_TABLES_LEN];
    pvn_arena events_arena;
    pvn_event *events, **events_last;
    int64_t seq;
    const pvn_rows *pending; /* stored, not committed */
    mem_fault fault;         /* happens once, then FINE */
    uint64_t commits;
    void (*quiet)(int on); /* NULL, or told while the database itself works */
    char broken[200]; /* a rule of the tables was broken: what; empty: none */
} mem_state;

void mem_open(mem_state *m, const int64_t *clock);
void mem_close(mem_state *m);
/* Look without a batch: NULL or the committed row. */
const pvn_row *mem_get(const mem_state *m, const pvn_row *key);
static inline size_t mem_len(const mem_state *m, pvn_table t)
{
    return m->table[t].len;
}
static inline const pvn_row *mem_at(const mem_state *m, pvn_table t, size_t i)
{
    return m->table[t].row[i]->row;
}
#endif
