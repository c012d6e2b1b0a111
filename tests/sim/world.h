/* tests/sim/world.h - a database in memory, a clock and dice: what tests of
 * operations stand on. Operations run in real batches. */
#ifndef PVN_TESTS_WORLD_H
#define PVN_TESTS_WORLD_H
#include "schedule/batch.h"
#include "sim/mem_state.h"

typedef struct world {
    int64_t now;
    uint64_t dice;
    mem_state m;
    pvn_state *st; /* what batches run against: &m.state, or a twin of it */
    pvn_rules rules;
    pvn_env env;
    pvn_arena arena;
    pvn_hints hints;
    provernet_error err;
} world;

void world_open(world *w, uint64_t seed);
void world_close(world *w);
uint64_t world_random(world *w);
provernet_id world_id(world *w);

/* Run ops in one batch, and those put off in the next ones, until all are
 * done. The batch's own status; each op's is in its err. The ops stay the
 * caller's. */
provernet_status world_batch(world *w, pvn_op *const *ops, size_t len);
/* One op, freed after: its status; its error is in w->err. `out` (may be
 * NULL) is a copy of the op's struct whose texts are gone. */
provernet_status world_run(world *w, pvn_op *op, pvn_op *out);

/* ---- the usual steps; each is one batch ---- */
provernet_id world_artifact(world *w, int64_t type, const char *content);
provernet_id world_submit(world *w, const char *kind, uint8_t who);
provernet_status world_submit_to(world *w, provernet_id *id, const char *kind,
                                 uint8_t who, int64_t deadline_ms,
                                 const char *dedup);
provernet_id world_hello(world *w, const char *name, const char *kinds);
typedef struct world_lease {
    provernet_id task, request;
    int64_t attempt;
    size_t inputs_len;
} world_lease;
/* false: nothing to do */
bool world_take(world *w, provernet_id worker, const char *kinds,
                world_lease *out);
provernet_status world_renew(world *w, provernet_id worker,
                             const world_lease *l);
provernet_status world_complete(world *w, provernet_id worker,
                                const world_lease *l, provernet_id proof,
                                const char *verify_kind);
provernet_status world_fail(world *w, provernet_id worker, const world_lease *l,
                            int64_t blame, bool bad, const char *why);
provernet_status world_verdict(world *w, provernet_id request,
                               provernet_id proof, bool valid, const char *how);
provernet_status world_cancel(world *w, provernet_id request,
                              const uint8_t *who20);
/* ---- auctions: addresses are 20 bytes of one number ---- */
provernet_status world_auction(world *w, provernet_id *id, uint8_t who,
                               int64_t deadline_ms, const pvn_terms *terms);
/* `by` signs for `prover`. */
provernet_status world_bid(world *w, provernet_id request, uint8_t prover,
                           uint8_t by, const char *amount);
provernet_status world_settle(world *w, provernet_id request, uint8_t winner,
                              uint8_t by);
provernet_status world_execute(world *w, provernet_id request, uint8_t by,
                               bool possible, uint64_t units,
                               const char *punishment);
provernet_status world_refuse(world *w, provernet_id request, uint8_t by,
                              int64_t blame);
/* The prover is `owner`'s (0: its own); so much of what it earns stays with it,
 * in hundredths of a percent. */
provernet_status world_vault(world *w, uint8_t prover, uint8_t owner,
                             int64_t share);
provernet_status world_signer(world *w, uint8_t prover, uint8_t by,
                              uint8_t delegate);
provernet_status world_withdraw(world *w, uint8_t from, uint8_t by,
                                const char *amount, const char *fee);
provernet_status world_deposit(world *w, uint8_t to, const char *amount,
                               uint8_t tx);
/* The winner hands in a proof and it is judged so. */
provernet_status world_prove(world *w, provernet_id request, bool valid);
const pvn_auction *world_auction_row(const world *w, provernet_id request);
const pvn_prover *world_prover(const world *w, uint8_t who);
/* "" when there is no such account. */
const char *world_balance(const world *w, uint8_t who);
/* Ticks until there is no more. */
void world_tick(world *w);

/* ---- looking at committed rows; NULL: not there ---- */
const pvn_request *world_request(const world *w, provernet_id id);
const pvn_task *world_task(const world *w, provernet_id id);
const pvn_task *world_task_named(const world *w, provernet_id request,
                                 const char *name);
const pvn_artifact *world_artifact_row(const world *w, provernet_id id);
const pvn_worker *world_worker(const world *w, provernet_id id);
const pvn_attempt *world_attempt(const world *w, provernet_id task,
                                 int64_t attempt);
const pvn_account *world_account(const world *w, uint8_t who);
size_t world_events(const world *w, const char *type);
void world_address(uint8_t out20[20], uint8_t who);
#endif
