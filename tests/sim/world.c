/* tests/sim/world.c - see world.h. */
#include "sim/world.h"
#include <stdlib.h>

uint64_t world_random(world *w)
{
    uint64_t z = w->dice += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t clock_now(void *user)
{
    return ((world *)user)->now;
}
static void dice_roll(void *user, void *out, size_t len)
{
    uint8_t *p = out;
    for (; len > 0; len--)
        *p++ = (uint8_t)world_random(user);
}

provernet_id world_id(world *w)
{
    provernet_id id;
    pvn_id_new(&w->env, &id);
    return id;
}

void world_open(world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->now = 1700000000000;
    w->dice = seed;
    provernet_env env = { .struct_size = sizeof env,
                          .user = w,
                          .now_ms = clock_now,
                          .random = dice_roll };
    pvn_env_init(&w->env, &env);
    mem_open(&w->m, &w->now);
    w->st = &w->m.state;
    w->rules = (pvn_rules){ .lease_ttl_ms = 60000,
                            .lease_silence_ms = 15000,
                            .backoff_ms = 1000,
                            .backoff_max_ms = 60000,
                            .request_deadline_ms = 14400000,
                            .order_cap_ms = 3600000,
                            .request_retention_ms = 604800000,
                            .artifact_issued_ttl_ms = 86400000,
                            .artifact_retention_ms = 604800000,
                            .event_retention_ms = 2592000000,
                            .request_open_max = 1000,
                            .request_tasks_max = 64,
                            .task_children_max = 16,
                            .task_attempts_max = 3,
                            .worker_strikes_max = 3,
                            .artifact_size_max = 1 << 20,
                            .allow = "",
                            .account_balance = "1000",
                            .trust = "" };
    w->rules.session = world_id(w);
}

void world_close(world *w)
{
    mem_close(&w->m);
    pvn_arena_free(&w->arena);
}

provernet_status world_batch(world *w, pvn_op *const *ops, size_t len)
{
    pvn_op *first = NULL, *done, *again;
    for (size_t i = len; i-- > 0;) {
        ops[i]->next = first;
        first = ops[i];
    }
    while (first) {
        pvn_arena_reset(&w->arena);
        provernet_status s =
            pvn_batch_run(w->st, &w->arena, first, &w->rules, &w->env, &done,
                          &again, &w->hints, NULL, &w->err);
        if (s < 0)
            return s;
        first = again;
    }
    return PROVERNET_OK;
}

provernet_status world_run(world *w, pvn_op *op, pvn_op *out)
{
    if (!op)
        return pvn_nomem(&w->err);
    provernet_status s = world_batch(w, &op, 1);
    if (s >= 0)
        s = op->err.status;
    if (s < 0 && op->err.status < 0)
        w->err = op->err;
    if (out) {
        *out = *op;
        memset(&out->arena, 0, sizeof out->arena);
    }
    pvn_op_free(op);
    return s;
}

void world_address(uint8_t out20[20], uint8_t who)
{
    memset(out20, who, 20);
}

provernet_id world_artifact(world *w, int64_t type, const char *content)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    provernet_id id = world_id(w);
    op->u.artifact_store.id = id;
    op->u.artifact_store.make = true;
    op->u.artifact_store.type = type;
    size_t n = strlen(content);
    for (size_t i = 0; i < n; i++) /* no need for SHA-256 here */
        op->u.artifact_store.digest32[i % 32] ^= (uint8_t)content[i];
    op->u.artifact_store.bytes = op->u.artifact_store.raw_bytes = (int64_t)n;
    op->u.artifact_store.content =
        pvn_bytes_of(pvn_arena_copy(&op->arena, content, n), n);
    if (world_run(w, op, NULL) < 0)
        memset(&id, 0, sizeof id);
    return id;
}

provernet_status world_submit_to(world *w, provernet_id *id, const char *kind,
                                 uint8_t who, int64_t deadline_ms,
                                 const char *dedup)
{
    provernet_id program = world_artifact(w, PVN_TYPE_PROGRAM, "program");
    provernet_id input = world_artifact(w, PVN_TYPE_STDIN, "input");
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT), out;
    pvn_op_request_submit *u = &op->u.request_submit;
    u->id = world_id(w);
    u->kind = kind;
    u->program = program;
    u->inputs = &input;
    u->inputs_len = 1;
    u->deadline_ms = deadline_ms;
    if (dedup)
        u->dedup = pvn_bytes_of(dedup, strlen(dedup));
    world_address(u->requester20, who);
    provernet_status s = world_run(w, op, &out);
    *id = out.u.request_submit.id_out;
    return s;
}

provernet_id world_submit(world *w, const char *kind, uint8_t who)
{
    provernet_id id = { { 0 } };
    if (world_submit_to(w, &id, kind, who, 0, NULL) < 0)
        memset(&id, 0, sizeof id);
    return id;
}

provernet_id world_hello(world *w, const char *name, const char *kinds)
{
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_HELLO), out;
    op->u.worker_hello.id = world_id(w);
    op->u.worker_hello.origin = "test";
    op->u.worker_hello.name = name;
    op->u.worker_hello.kinds = kinds;
    op->u.worker_hello.slots = 1;
    world_address(op->u.worker_hello.address20, (uint8_t)name[0]);
    provernet_id none = { { 0 } };
    return world_run(w, op, &out) < 0 ? none : out.u.worker_hello.worker;
}

bool world_take(world *w, provernet_id worker, const char *kinds,
                world_lease *out)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);
    op->u.task_lease.worker = worker;
    op->u.task_lease.kinds = kinds;
    op->u.task_lease.want = 1;
    bool got = world_batch(w, &op, 1) >= 0 && op->err.status >= 0 &&
               op->u.task_lease.leased_len == 1;
    w->err = op->err;
    if (got) {
        out->task = op->u.task_lease.leased[0].task;
        out->request = op->u.task_lease.leased[0].request;
        out->attempt = op->u.task_lease.leased[0].attempt;
        out->inputs_len = op->u.task_lease.leased[0].inputs_len;
    }
    pvn_op_free(op);
    return got;
}

provernet_status world_renew(world *w, provernet_id worker,
                             const world_lease *l)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_RENEW);
    struct pvn_renewal r = { l->task, l->attempt, PROVERNET_ERR_INTERNAL };
    op->u.task_renew.worker = worker;
    op->u.task_renew.renewal = &r;
    op->u.task_renew.renewals_len = 1;
    provernet_status s = world_run(w, op, NULL);
    return s < 0 ? s : r.status;
}

provernet_status world_complete(world *w, provernet_id worker,
                                const world_lease *l, provernet_id proof,
                                const char *verify_kind)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_COMPLETE);
    op->u.task_complete.task = l->task;
    op->u.task_complete.worker = worker;
    op->u.task_complete.attempt = l->attempt;
    op->u.task_complete.outputs = &proof;
    op->u.task_complete.outputs_len = pvn_id_none(&proof) ? 0 : 1;
    op->u.task_complete.verify_kind = verify_kind;
    op->u.task_complete.device = "cpu";
    op->u.task_complete.took_ms = 1000;
    return world_run(w, op, NULL);
}

provernet_status world_fail(world *w, provernet_id worker, const world_lease *l,
                            int64_t blame, bool bad, const char *why)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_FAIL);
    op->u.task_fail.task = l->task;
    op->u.task_fail.worker = worker;
    op->u.task_fail.attempt = l->attempt;
    op->u.task_fail.blame = blame;
    op->u.task_fail.bad_proof = bad;
    op->u.task_fail.why = why;
    return world_run(w, op, NULL);
}

provernet_status world_verdict(world *w, provernet_id request,
                               provernet_id proof, bool valid, const char *how)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_VERDICT);
    op->u.request_verdict.request = request;
    op->u.request_verdict.proof = proof;
    op->u.request_verdict.valid = valid;
    op->u.request_verdict.how = how;
    return world_run(w, op, NULL);
}

provernet_status world_cancel(world *w, provernet_id request,
                              const uint8_t *who20)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_CANCEL);
    op->u.request_cancel.id = request;
    op->u.request_cancel.owner20 = who20;
    return world_run(w, op, NULL);
}

/* ---- auctions ---- */

provernet_status world_auction(world *w, provernet_id *id, uint8_t who,
                               int64_t deadline_ms, const pvn_terms *terms)
{
    provernet_id input = world_artifact(w, PVN_TYPE_STDIN, "input");
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT), out;
    pvn_op_request_submit *u = &op->u.request_submit;
    u->id = world_id(w);
    u->kind = "groth16/bn254@1";
    u->inputs = &input;
    u->inputs_len = 1;
    u->deadline_ms = deadline_ms;
    u->terms = terms;
    world_address(u->requester20, who);
    provernet_status s = world_run(w, op, &out);
    *id = out.u.request_submit.id_out;
    return s;
}

provernet_status world_bid(world *w, provernet_id request, uint8_t prover,
                           uint8_t by, const char *amount)
{
    pvn_op *op = pvn_op_new(PVN_OP_BID_PLACE);
    op->u.bid_place.id = request;
    op->u.bid_place.amount = amount;
    world_address(op->u.bid_place.prover20, prover);
    world_address(op->u.bid_place.by20, by);
    return world_run(w, op, NULL);
}

provernet_status world_settle(world *w, provernet_id request, uint8_t winner,
                              uint8_t by)
{
    pvn_op *op = pvn_op_new(PVN_OP_AUCTION_SETTLE);
    op->u.auction_settle.id = request;
    world_address(op->u.auction_settle.winner20, winner);
    world_address(op->u.auction_settle.by20, by);
    return world_run(w, op, NULL);
}

provernet_status world_execute(world *w, provernet_id request, uint8_t by,
                               bool possible, uint64_t units,
                               const char *punishment)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_EXECUTE);
    op->u.request_execute.id = request;
    op->u.request_execute.possible = possible;
    op->u.request_execute.units = units;
    op->u.request_execute.cycles = 2 * units;
    op->u.request_execute.punishment = punishment;
    world_address(op->u.request_execute.by20, by);
    return world_run(w, op, NULL);
}

provernet_status world_refuse(world *w, provernet_id request, uint8_t by,
                              int64_t blame)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_REFUSE);
    op->u.request_refuse.id = request;
    op->u.request_refuse.blame = blame;
    world_address(op->u.request_refuse.fulfiller20, by);
    return world_run(w, op, NULL);
}

provernet_status world_vault(world *w, uint8_t prover, uint8_t owner,
                             int64_t share)
{
    pvn_op *op = pvn_op_new(PVN_OP_PROVER_APPLY);
    uint8_t owner20[20] = { 0 };
    if (owner)
        world_address(owner20, owner);
    world_address(op->u.prover_apply.prover20, prover);
    op->u.prover_apply.owner20 = owner20;
    op->u.prover_apply.share = &share;
    return world_run(w, op, NULL);
}

provernet_status world_signer(world *w, uint8_t prover, uint8_t by,
                              uint8_t delegate)
{
    pvn_op *op = pvn_op_new(PVN_OP_SIGNER_SET);
    world_address(op->u.signer_set.prover20, prover);
    world_address(op->u.signer_set.by20, by);
    world_address(op->u.signer_set.delegate20, delegate);
    return world_run(w, op, NULL);
}

provernet_status world_withdraw(world *w, uint8_t from, uint8_t by,
                                const char *amount, const char *fee)
{
    pvn_op *op = pvn_op_new(PVN_OP_BALANCE_MOVE);
    op->u.balance_move.withdraw = true;
    op->u.balance_move.amount = amount;
    op->u.balance_move.fee = fee;
    world_address(op->u.balance_move.from20, from);
    world_address(op->u.balance_move.by20, by);
    return world_run(w, op, NULL);
}

provernet_status world_deposit(world *w, uint8_t to, const char *amount,
                               uint8_t tx)
{
    pvn_op *op = pvn_op_new(PVN_OP_BALANCE_DEPOSIT);
    op->u.balance_deposit.amount = amount;
    memset(op->u.balance_deposit.tx32, tx, 32);
    world_address(op->u.balance_deposit.account20, to);
    return world_run(w, op, NULL);
}

provernet_status world_prove(world *w, provernet_id request, bool valid)
{
    const pvn_task *t = world_task_named(w, request, "main");
    provernet_id proof = world_artifact(w, PVN_TYPE_PROOF, "proof");
    if (!t)
        return PROVERNET_ERR_NOT_FOUND;
    world_lease l = { .task = t->id,
                      .request = request,
                      .attempt = t->attempt };
    provernet_status s = world_complete(w, t->worker, &l, proof, NULL);
    return s < 0 ? s : world_verdict(w, request, proof, valid, "verified");
}

const pvn_auction *world_auction_row(const world *w, provernet_id request)
{
    pvn_auction key = { .row.table = PVN_AUCTION, .request = request };
    return (const pvn_auction *)mem_get(&w->m, &key.row);
}
const pvn_prover *world_prover(const world *w, uint8_t who)
{
    pvn_prover key = { .row.table = PVN_PROVER };
    world_address(key.address, who);
    return (const pvn_prover *)mem_get(&w->m, &key.row);
}
const char *world_balance(const world *w, uint8_t who)
{
    const pvn_account *a = world_account(w, who);
    return a && a->balance ? a->balance : "";
}

void world_tick(world *w)
{
    pvn_op out;
    do {
        if (world_run(w, pvn_op_new(PVN_OP_TICK), &out) < 0)
            return;
    } while (out.u.tick.more);
}

/* ---- looking ---- */

const pvn_request *world_request(const world *w, provernet_id id)
{
    pvn_request key = { .row.table = PVN_REQUEST, .id = id };
    return (const pvn_request *)mem_get(&w->m, &key.row);
}
const pvn_task *world_task(const world *w, provernet_id id)
{
    pvn_task key = { .row.table = PVN_TASK, .id = id };
    return (const pvn_task *)mem_get(&w->m, &key.row);
}
const pvn_task *world_task_named(const world *w, provernet_id request,
                                 const char *name)
{
    for (size_t i = 0; i < mem_len(&w->m, PVN_TASK); i++) {
        const pvn_task *t = (const pvn_task *)mem_at(&w->m, PVN_TASK, i);
        if (pvn_id_equal(&t->request, &request) && strcmp(t->name, name) == 0)
            return t;
    }
    return NULL;
}
const pvn_artifact *world_artifact_row(const world *w, provernet_id id)
{
    pvn_artifact key = { .row.table = PVN_ARTIFACT, .id = id };
    return (const pvn_artifact *)mem_get(&w->m, &key.row);
}
const pvn_worker *world_worker(const world *w, provernet_id id)
{
    pvn_worker key = { .row.table = PVN_WORKER, .id = id };
    return (const pvn_worker *)mem_get(&w->m, &key.row);
}
const pvn_attempt *world_attempt(const world *w, provernet_id task,
                                 int64_t attempt)
{
    pvn_attempt key = { .row.table = PVN_ATTEMPT,
                        .task = task,
                        .attempt = attempt };
    return (const pvn_attempt *)mem_get(&w->m, &key.row);
}
const pvn_account *world_account(const world *w, uint8_t who)
{
    pvn_account key = { .row.table = PVN_ACCOUNT };
    world_address(key.address, who);
    return (const pvn_account *)mem_get(&w->m, &key.row);
}
size_t world_events(const world *w, const char *type)
{
    size_t n = 0;
    for (const pvn_event *e = w->m.events; e; e = e->next)
        n += strcmp(e->type, type) == 0;
    return n;
}
