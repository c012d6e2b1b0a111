/* tests/sim/sim_test.c - a whole network on a virtual clock, with faults.
 *
 * Two cores over one database, clients and workers that talk to them by
 * messages which are lost, late or doubled; workers die, cores are killed,
 * commits fail or are in doubt, the disk fills up, the clock jumps. Some
 * requests are auctioned to bidders that lie, give up or say nothing. After
 * every commit every row is checked and all money adds up; in the end
 * everything heals and all that was accepted must have come to a rightful
 * end.
 *
 * PVN_SIM_SEED: the first seed, and alone the only one. PVN_SIM_SEEDS: so many
 * from there. PVN_SIM_SECONDS: keep going that long.
 * PVN_SIM_SQLITE: beside the memory a real SQLite, compared at every load. */
#include "sim/check.h"
#include "sim/twin_state.h"
#include "sim/world.h"
#include <inttypes.h>
#include <provernet/request.h>
#include <provernet/worker.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CORES = 2,
    WISHES = 24,
    WORKERS = 5,
    JOBS = 2,
    BIDDERS = 3,
    FIRST_BIDDER = 0x50, /* addresses: 20 bytes of this and the next ones */
    BOSS = 0x60,         /* settles and executes */
    TREASURY = 0x61,
    OWNER = 0x62, /* of the last bidder, and signs for it */
    ACCOUNTS = 4,
    HANDED = 256,
    CHAOS_MS = 900000,
    PEACE_MS = 6 * 3600000
};

/* ---- what travels ---- */
typedef enum verb {
    SUBMIT,
    CANCEL,
    BID, /* bidders and the boss: from here ... */
    PROVE,
    GIVE_UP,
    SETTLE,
    EXECUTE,
    DEPOSIT,
    WITHDRAW,
    OWN, /* ... to here */
    HELLO,
    LEASE,
    RENEW,
    DONE,
    BYE
} verb;
typedef struct letter {
    int64_t at;
    bool back; /* an answer */
    verb verb;
    int actor, job; /* wish or worker; job of the worker */
    uint32_t life;  /* the worker's process that sent it */
    int core;
    uint64_t nonce;
    bool fresh;
    /* the job as it was when sent */
    provernet_id task, request, proof, worker;
    int64_t attempt;
    int plan;
    char kind[40], name[40];
    uint8_t winner;
    /* answers */
    provernet_status status;
    bool leased;
} letter;

typedef enum plan { GOOD, BAD_PROOF, FAULT, AWAY, POISON, JUDGE } plan;
typedef struct job {
    bool used, sent;
    provernet_id task, request, proof, judged;
    int64_t attempt, done_ms, renew_ms, resend_ms;
    int plan;
    char kind[40], name[40];
} job;
typedef struct worker {
    bool alive, known;
    uint32_t life;
    provernet_id id;
    int core;
    int64_t next_ms, heard_ms, wake_ms;
    job job[JOBS];
    char name[32];
} worker;
typedef struct wish {
    bool accepted, poisoned, cancels, cancel_sent, over, auction;
    pvn_terms terms;
    provernet_id id, input, proof;
    int64_t deadline_ms, next_ms;
    const char *kind;
    char dedup[24];
    int64_t state;
} wish;

typedef struct handed {
    letter from; /* verb BYE with life 0: the core's own */
    pvn_op *op[4];
    size_t len;
} handed;
typedef struct core {
    bool alive;
    provernet_id session;
    handed handed[HANDED];
    size_t len;
    int64_t reboot_ms, tick_ms, sweep_ms;
    int64_t heard_ms[WORKERS];
} core;

typedef struct sim {
    world w;
    twin_state twin;
    uint64_t seed;
    bool peace;
    core core[CORES];
    wish wish[WISHES];
    worker worker[WORKERS];
    letter *post;
    size_t post_len, post_cap;
    int64_t disk_full_ms, end_ms;
    provernet_id program;
    int64_t bidder_ms[BIDDERS], boss_ms;
    uint64_t commits, kills, failures, fulfilled, again, paid, returned;
    uint64_t forfeited, passed, suspended;
    char why[400];
} sim;

static const char *const kinds[] = { "own@1", "foreign@1", "graph@1" };
#define ALL_KINDS "own@1,foreign@1,graph@1,verify/foreign@1"

static uint64_t dice(sim *s, uint64_t n)
{
    return world_random(&s->w) % n;
}
static bool chance(sim *s, uint64_t permille)
{
    return !s->peace && dice(s, 1000) < permille;
}
static int64_t now(const sim *s)
{
    return s->w.now;
}
static void wrong(sim *s, const char *what)
{
    if (!s->why[0])
        snprintf(s->why, sizeof s->why, "%s", what);
}

/* ---- the post ---- */

static void post(sim *s, letter l)
{
    int copies = chance(s, 60) ? 0 : chance(s, 50) ? 2 : 1;
    for (; copies > 0; copies--) {
        l.at = now(s) + 1 + (int64_t)dice(s, 50);
        if (chance(s, 30))
            l.at += (int64_t)dice(s, 90000);
        if (s->post_len == s->post_cap) {
            s->post_cap = s->post_cap ? 2 * s->post_cap : 64;
            s->post = realloc(s->post, s->post_cap * sizeof *s->post);
        }
        s->post[s->post_len++] = l;
    }
}

/* ---- clients ---- */

static void client_acts(sim *s, int i)
{
    wish *c = &s->wish[i];
    if (now(s) < c->next_ms)
        return;
    c->next_ms = now(s) + 2000 + (int64_t)dice(s, 4000);
    if (c->accepted) {
        if (c->cancels && !c->over &&
            (c->cancel_sent || s->peace || dice(s, 20) == 0)) {
            c->cancel_sent = true;
            post(s, (letter){ .verb = CANCEL,
                              .actor = i,
                              .core = (int)dice(s, CORES) });
        }
        return;
    }
    const pvn_account *a = world_account(&s->w, (uint8_t)(i % ACCOUNTS + 1));
    uint64_t nonce = a ? (uint64_t)a->nonce : 0;
    if (nonce > 0 && chance(s, 50))
        nonce--;
    post(s, (letter){ .verb = SUBMIT,
                      .actor = i,
                      .core = (int)dice(s, CORES),
                      .nonce = nonce });
}

static bool expired(const sim *s, const provernet_id *artifact)
{
    const pvn_artifact *a = world_artifact_row(&s->w, *artifact);

    return a && a->state == PVN_ARTIFACT_GONE;
}

static void client_hears(sim *s, const letter *l)
{
    wish *c = &s->wish[l->actor];
    if (l->verb == CANCEL && l->status >= 0)
        c->over = true;
    if (l->verb == CANCEL && l->status == PROVERNET_ERR_STATE)
        c->over = true;
    if (l->verb != SUBMIT || c->accepted)
        return;
    if (l->status >= 0) {
        c->accepted = true;
        c->id = l->request;
    } else if (l->status == PROVERNET_ERR_CANCELLED && expired(s, &c->input)) {
        c->input = world_id(&s->w); /* stored long ago, used by nobody */
    } else if (l->status != PROVERNET_ERR_NONCE &&
               l->status != PROVERNET_ERR_LIMIT &&
               l->status != PROVERNET_ERR_INVALID) {
        wrong(s, "a submit was refused without reason");
    } else if (l->status == PROVERNET_ERR_INVALID) {
        c->deadline_ms = now(s) + 60000; /* it passed meanwhile: a new one */
        c->next_ms = now(s);
    }
}

/* ---- workers ---- */

static letter job_letter(const sim *s, int i, int k, verb v)
{
    const worker *w = &s->worker[i];
    const job *j = &w->job[k];
    letter l = { .verb = v,
                 .actor = i,
                 .job = k,
                 .life = w->life,
                 .core = w->core,
                 .task = j->task,
                 .request = j->request,
                 .attempt = j->attempt,
                 .plan = j->plan,
                 .proof = j->plan == JUDGE ? j->judged : j->proof };
    snprintf(l.kind, sizeof l.kind, "%s", j->kind);
    snprintf(l.name, sizeof l.name, "%s", j->name);
    return l;
}

static void worker_dies(sim *s, worker *w)
{
    w->alive = w->known = false;
    memset(w->job, 0, sizeof w->job);
    w->wake_ms = now(s) + (int64_t)dice(s, 60000);
}

static void say_hello(sim *s, int i, bool fresh)
{
    worker *w = &s->worker[i];
    w->core = (int)dice(s, CORES);
    w->known = false;
    post(s, (letter){ .verb = HELLO,
                      .actor = i,
                      .life = w->life,
                      .core = w->core,
                      .fresh = fresh });
}

static void worker_works(sim *s, int i)
{
    worker *w = &s->worker[i];
    bool room = false;
    for (int k = 0; k < JOBS; k++) {
        job *j = &w->job[k];
        room |= !j->used;
        if (!j->used)
            continue;
        if (now(s) >= j->renew_ms && w->known) {
            j->renew_ms = now(s) + 5000;
            post(s, job_letter(s, i, k, RENEW));
        }
        if (now(s) >= j->done_ms && now(s) >= j->resend_ms && w->known) {
            j->resend_ms = now(s) + 3000;
            post(s, job_letter(s, i, k, DONE));
        }
    }
    if (room && w->known)
        post(s,
             (letter){
                 .verb = LEASE, .actor = i, .life = w->life, .core = w->core });
}

static void worker_acts(sim *s, int i)
{
    worker *w = &s->worker[i];
    if (!w->alive) {
        if (now(s) < w->wake_ms && !s->peace)
            return;
        w->alive = true;
        w->life++;
        w->heard_ms = now(s);
        w->next_ms = now(s) + 1000;
        say_hello(s, i, dice(s, 2) == 0);
        return;
    }
    if (chance(s, 1)) {
        worker_dies(s, w);
        return;
    }
    if (now(s) < w->next_ms)
        return;
    w->next_ms = now(s) + 800 + (int64_t)dice(s, 800);
    if (now(s) - w->heard_ms > 8000) {
        w->heard_ms = now(s);
        say_hello(s, i, false);
    } else if (chance(s, 3) && w->known) {
        post(s,
             (letter){
                 .verb = BYE, .actor = i, .life = w->life, .core = w->core });
        worker_dies(s, w);
        return;
    } else if (!w->known) {
        say_hello(s, i, false);
    }
    worker_works(s, i);
}

static bool poisoned(const sim *s, const provernet_id *request)
{
    const pvn_request *q = world_request(&s->w, *request);
    int n = q && q->dedup.data ? atoi((const char *)q->dedup.data + 5) : -1;
    return n >= 0 && n < WISHES && s->wish[n].poisoned;
}

static void worker_starts(sim *s, int i, const letter *l)
{
    worker *w = &s->worker[i];
    job *j = NULL;
    for (int k = 0; k < JOBS; k++) {
        if (w->job[k].used && pvn_id_equal(&w->job[k].task, &l->task) &&
            w->job[k].attempt == l->attempt)
            return; /* the same letter twice */
        if (!w->job[k].used)
            j = &w->job[k];
    }
    if (!j)
        return; /* no hands free: the lease runs out */
    memset(j, 0, sizeof *j);
    j->used = true;
    j->task = l->task;
    j->request = l->request;
    j->attempt = l->attempt;
    j->proof = world_id(&s->w);
    j->judged = l->proof;
    j->done_ms = now(s) + 500 + (int64_t)dice(s, 20000);
    j->renew_ms = now(s) + 5000;
    snprintf(j->kind, sizeof j->kind, "%s", l->kind);
    snprintf(j->name, sizeof j->name, "%s", l->name);
    j->plan = strncmp(l->kind, "verify/", 7) == 0 ? JUDGE
              : poisoned(s, &l->request)          ? POISON
              : chance(s, 80)                     ? BAD_PROOF
              : chance(s, 60)                     ? FAULT
              : chance(s, 100)                    ? AWAY
                                                  : GOOD;
}

static void worker_hears(sim *s, const letter *l)
{
    worker *w = &s->worker[l->actor];
    if (!w->alive || l->life != w->life)
        return;
    w->heard_ms = now(s);
    job *j = &w->job[l->job];
    bool same =
        j->used && pvn_id_equal(&j->task, &l->task) && j->attempt == l->attempt;
    switch (l->verb) {
    case HELLO:
        if (l->status >= 0) {
            w->known = true;
            w->id = l->request;
        }
        break;
    case LEASE:
        if (l->status < 0)
            w->known = false;
        else if (l->leased)
            worker_starts(s, l->actor, l);
        break;
    case RENEW:
        if (same && l->status == PROVERNET_ERR_LEASE)
            j->used = false;
        break;
    case DONE:
        if (same)
            j->used = false;
        break;
    default:
        break;
    }
}

/* ---- bidders: they look at the rows, as over GetFilteredProofRequests ---- */

static const pvn_auction *some_auction(sim *s, int64_t state)
{
    size_t n = mem_len(&s->w.m, PVN_AUCTION);
    for (size_t i = 0, at = n ? dice(s, n) : 0; i < n; i++) {
        const pvn_auction *a =
            (const pvn_auction *)mem_at(&s->w.m, PVN_AUCTION, (at + i) % n);
        if (a->state == state)
            return a;
    }
    return NULL;
}

static void bidder_works(sim *s, int i, const pvn_auction *a)
{
    const pvn_task *t = world_task_named(&s->w, a->request, "main");
    letter l = { .verb = PROVE,
                 .actor = i,
                 .core = (int)dice(s, CORES),
                 .request = a->request,
                 .proof = world_id(&s->w) };
    if (!t || t->state != PVN_TASK_LEASED || chance(s, 300))
        return; /* says nothing */
    l.task = t->id;
    l.worker = t->worker;
    l.attempt = t->attempt;
    l.plan = chance(s, 150) ? BAD_PROOF : GOOD;
    if (poisoned(s, &a->request) || chance(s, 80))
        l.verb = GIVE_UP;
    post(s, l);
}

static void bidder_acts(sim *s, int i)
{
    const pvn_auction *a;
    if (now(s) < s->bidder_ms[i])
        return;
    s->bidder_ms[i] = now(s) + 1000 + (int64_t)dice(s, 6000);
    a = some_auction(s, PVN_AUCTION_OPEN);
    if (a)
        post(s, (letter){ .verb = BID,
                          .actor = i,
                          .core = (int)dice(s, CORES),
                          .request = a->request,
                          .plan = 1 + (int)dice(s, 4) });
    a = some_auction(s, PVN_AUCTION_ASSIGNED);
    if (a && a->winner[0] == FIRST_BIDDER + i)
        bidder_works(s, i, a);
}

/* Money comes and goes, and a prover changes hands. */
static void money_moves(sim *s)
{
    static const verb verbs[] = { DEPOSIT, WITHDRAW, OWN };
    if (dice(s, 4) == 0)
        post(s, (letter){ .verb = verbs[dice(s, 3)],
                          .actor = (int)dice(s, BIDDERS),
                          .core = (int)dice(s, CORES),
                          .plan = (int)dice(s, 200) });
}

/* Settles what waits for it, with whoever bid; says what was executed. */
static void boss_acts(sim *s)
{
    static const int64_t states[] = { PVN_AUCTION_OPEN, PVN_AUCTION_ASSIGNED,
                                      PVN_AUCTION_PROVEN };
    if (now(s) < s->boss_ms)
        return;
    s->boss_ms = now(s) + 1000 + (int64_t)dice(s, 8000);
    money_moves(s);
    for (int i = 0; i < 3; i++) {
        const pvn_auction *a = some_auction(s, states[i]);
        bool settle = a && a->state == PVN_AUCTION_OPEN && a->bids > 0;
        if (!a || chance(s, 500))
            continue;
        post(s, (letter){ .verb = settle ? SETTLE : EXECUTE,
                          .core = (int)dice(s, CORES),
                          .request = a->request,
                          .winner = a->winner[0],
                          .plan = (int)dice(s, 13) });
    }
}

static void bidder_hears(sim *s, const letter *l)
{
    switch (l->status) {
    case PROVERNET_OK:
    case PROVERNET_ERR_INVALID:
    case PROVERNET_ERR_STATE:
    case PROVERNET_ERR_LEASE:
    case PROVERNET_ERR_PERMISSION:
    case PROVERNET_ERR_CANCELLED:
    case PROVERNET_ERR_EXISTS: /* deposits share names */
        break;
    case PROVERNET_ERR_LIMIT: /* no collateral left */
        if (l->verb == BID)
            break;
        /* fall through */
    default:
        wrong(s, "a bidder was refused without reason");
    }
}

/* ---- cores ---- */

static void add(handed *h, pvn_op *op, bool chained)
{
    if (chained && h->len > 0)
        op->needs = h->op[h->len - 1];
    h->op[h->len++] = op;
}

static pvn_op *store_op(const provernet_id *id, const char *content)
{
    pvn_op *op = pvn_op_new(PVN_OP_ARTIFACT_STORE);
    pvn_op_artifact_store *u = &op->u.artifact_store;
    u->id = *id;
    u->make = true;
    u->type = PVN_TYPE_PROOF;
    size_t n = strlen(content);
    memcpy(u->digest32, content, n < 32 ? n : 32);
    u->bytes = u->raw_bytes = (int64_t)n;
    u->content = pvn_bytes_of(pvn_arena_copy(&op->arena, content, n), n);
    return op;
}

static void hand_submit(sim *s, handed *h)
{
    const wish *c = &s->wish[h->from.actor];
    add(h, store_op(&c->input, "input"), false);
    h->op[0]->u.artifact_store.type = PVN_TYPE_STDIN;
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_SUBMIT);
    pvn_op_request_submit *u = &op->u.request_submit;
    u->id = world_id(&s->w);
    u->kind = c->kind;
    u->program = s->program;
    u->inputs = &c->input;
    u->inputs_len = 1;
    u->deadline_ms = c->deadline_ms;
    u->terms = c->auction ? &c->terms : NULL;
    u->dedup = pvn_bytes_of(c->dedup, strlen(c->dedup) + 1);
    world_address(u->requester20, (uint8_t)(h->from.actor % ACCOUNTS + 1));
    op->signer.check_nonce = true;
    op->signer.nonce = h->from.nonce;
    memcpy(op->signer.address20, u->requester20, 20);
    add(h, op, true);
}

static void hand_fail(sim *s, handed *h, int64_t blame, bool bad)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_FAIL);
    op->u.task_fail.task = h->from.task;
    op->u.task_fail.worker = s->worker[h->from.actor].id;
    op->u.task_fail.attempt = h->from.attempt;
    op->u.task_fail.blame = blame;
    op->u.task_fail.bad_proof = bad;
    op->u.task_fail.why = bad ? "wrong proof" : "told so";
    add(h, op, true);
}

static pvn_op *hand_complete(sim *s, handed *h, bool output)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_COMPLETE);
    pvn_op_task_complete *u = &op->u.task_complete;
    u->task = h->from.task;
    u->worker = s->worker[h->from.actor].id;
    u->attempt = h->from.attempt;
    u->outputs = pvn_arena_copy(&op->arena, &h->from.proof, 16);
    u->outputs_len = output;
    u->device = "cpu";
    u->took_ms = 1000;
    add(h, op, true);
    return op;
}

static void hand_verdict(handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_VERDICT);
    op->u.request_verdict.request = h->from.request;
    op->u.request_verdict.proof = h->from.proof;
    op->u.request_verdict.valid = true;
    op->u.request_verdict.how = "verified";
    add(h, op, true);
}

static void proof_text(char out[64], const provernet_id *request, bool good)
{
    char hex[33];
    snprintf(out, 64, "%s %s", good ? "good" : "bad",
             pvn_hex(hex, request->bytes, 16));
}

static bool is_good(const sim *s, const provernet_id *proof,
                    const provernet_id *request)
{
    char want[64];
    const pvn_artifact *a = world_artifact_row(&s->w, *proof);
    proof_text(want, request, true);
    return a && a->content.len == strlen(want) &&
           memcmp(a->content.data, want, a->content.len) == 0;
}

static void add_shards(pvn_op *op)
{
    static const char *const both[] = { "left", "right" };
    static const pvn_op_child child[] = {
        { .name = "left", .kind = "own@1" },
        { .name = "right", .kind = "own@1" },
        { .name = "join", .kind = "own@1", .after = both, .after_len = 2 },
    };
    op->u.task_complete.children = child;
    op->u.task_complete.children_len = 3;
}

static void hand_done(sim *s, handed *h)
{
    char text[64];
    const letter *l = &h->from;
    switch (l->plan) {
    case POISON:
        hand_fail(s, h, PROVERNET_BLAME_INPUT, false);
        return;
    case FAULT:
        hand_fail(s, h, PROVERNET_BLAME_ATTEMPT, false);
        return;
    case AWAY:
        hand_fail(s, h, PROVERNET_BLAME_SURROUNDINGS, false);
        return;
    case JUDGE:
        if (!is_good(s, &l->proof, &l->request)) {
            hand_fail(s, h, PROVERNET_BLAME_INPUT, false);
            return;
        }
        hand_complete(s, h, false);
        hand_verdict(h);
        return;
    default:
        break;
    }
    proof_text(text, &l->request, l->plan == GOOD);
    add(h, store_op(&l->proof, text), false);
    if (strcmp(l->kind, "foreign@1") == 0) {
        hand_complete(s, h, true)->u.task_complete.verify_kind =
            "verify/foreign@1";
        if (chance(s, 200))
            hand_verdict(h); /* too early: nobody has judged it */
    } else if (l->plan == BAD_PROOF) {
        hand_fail(s, h, PROVERNET_BLAME_ATTEMPT, true);
    } else {
        pvn_op *op = hand_complete(s, h, true);
        if (strcmp(l->kind, "graph@1") == 0)
            add_shards(op);
        else
            hand_verdict(h);
    }
}

static void hand_bid(handed *h)
{
    static const char *const amount[] = { "0", "1", "2", "3", "4" };
    pvn_op *op = pvn_op_new(PVN_OP_BID_PLACE);
    op->u.bid_place.id = h->from.request;
    op->u.bid_place.amount = amount[h->from.plan];
    world_address(op->u.bid_place.prover20,
                  (uint8_t)(FIRST_BIDDER + h->from.actor));
    memcpy(op->u.bid_place.by20, op->u.bid_place.prover20, 20);
    if (h->from.actor == BIDDERS - 1) /* refused while it is nobody's */
        world_address(op->u.bid_place.by20, OWNER);
    add(h, op, false);
}

static void hand_deposit(handed *h)
{
    static const char *const amount[] = { "3", "17", "100" };
    pvn_op *op = pvn_op_new(PVN_OP_BALANCE_DEPOSIT);
    op->u.balance_deposit.amount = amount[h->from.plan % 3];
    op->u.balance_deposit.tx32[0] = (uint8_t)h->from.plan;
    world_address(op->u.balance_deposit.account20,
                  (uint8_t)(FIRST_BIDDER + h->from.actor));
    add(h, op, false);
}

/* By the account, or by one who may not always. */
static void hand_withdraw(handed *h)
{
    static const char *const amount[] = { "1", "60", "400" };
    pvn_op *op = pvn_op_new(PVN_OP_BALANCE_MOVE);
    uint8_t from = (uint8_t)(FIRST_BIDDER + h->from.actor);
    op->u.balance_move.withdraw = true;
    op->u.balance_move.amount = amount[h->from.plan % 3];
    op->u.balance_move.fee = "1";
    world_address(op->u.balance_move.from20, from);
    world_address(op->u.balance_move.by20, h->from.plan & 1 ? from : BOSS);
    world_address(op->u.balance_move.auctioneer20, BOSS);
    add(h, op, false);
}

static void hand_own(handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_PROVER_APPLY);
    uint8_t *owner = pvn_arena_alloc(&op->arena, 20);
    int64_t *share = pvn_arena_alloc(&op->arena, sizeof *share);
    *share = 50 * h->from.plan;
    if (h->from.plan & 3) /* else its own again */
        world_address(owner, OWNER);
    op->u.prover_apply.owner20 = owner;
    op->u.prover_apply.share = share;
    world_address(op->u.prover_apply.prover20, FIRST_BIDDER + BIDDERS - 1);
    add(h, op, false);
}

static void hand_prove(handed *h)
{
    const letter *l = &h->from;
    char text[64];
    proof_text(text, &l->request, l->plan == GOOD);
    add(h, store_op(&l->proof, text), false);
    pvn_op *op = pvn_op_new(PVN_OP_TASK_COMPLETE);
    op->u.task_complete.task = l->task;
    op->u.task_complete.worker = l->worker;
    op->u.task_complete.attempt = l->attempt;
    op->u.task_complete.outputs = pvn_arena_copy(&op->arena, &l->proof, 16);
    op->u.task_complete.outputs_len = 1;
    add(h, op, true);
    hand_verdict(h);
    h->op[2]->u.request_verdict.valid = l->plan == GOOD;
    h->op[2]->u.request_verdict.why = "wrong proof";
}

static void hand_give_up(handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_REFUSE);
    op->u.request_refuse.id = h->from.request;
    op->u.request_refuse.blame = PROVERNET_BLAME_INPUT;
    world_address(op->u.request_refuse.fulfiller20,
                  (uint8_t)(FIRST_BIDDER + h->from.actor));
    add(h, op, false);
}

static void hand_settle(handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_AUCTION_SETTLE);
    op->u.auction_settle.id = h->from.request;
    world_address(op->u.auction_settle.winner20, h->from.winner);
    world_address(op->u.auction_settle.by20, BOSS);
    add(h, op, false);
}

static void hand_execute(const sim *s, handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_REQUEST_EXECUTE);
    op->u.request_execute.id = h->from.request;
    op->u.request_execute.possible = !poisoned(s, &h->from.request);
    op->u.request_execute.units = (uint64_t)h->from.plan; /* at most 12 of 10 */
    op->u.request_execute.punishment = "4";
    world_address(op->u.request_execute.by20, BOSS);
    add(h, op, false);
}

static void hand_lease(const sim *s, handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_LEASE);
    op->u.task_lease.worker = s->worker[h->from.actor].id;
    op->u.task_lease.kinds = ALL_KINDS;
    op->u.task_lease.want = 1;
    add(h, op, false);
}

static void hand_renew(const sim *s, handed *h)
{
    pvn_op *op = pvn_op_new(PVN_OP_TASK_RENEW);
    struct pvn_renewal r = { h->from.task, h->from.attempt, 0 };
    op->u.task_renew.worker = s->worker[h->from.actor].id;
    op->u.task_renew.renewal = pvn_arena_copy(&op->arena, &r, sizeof r);
    op->u.task_renew.renewals_len = 1;
    add(h, op, false);
}

static void hand_hello(sim *s, handed *h)
{
    const worker *w = &s->worker[h->from.actor];
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_HELLO);
    op->u.worker_hello.id = world_id(&s->w);
    op->u.worker_hello.origin = "sim";
    op->u.worker_hello.name = w->name;
    op->u.worker_hello.kinds = ALL_KINDS;
    op->u.worker_hello.fresh = h->from.fresh;
    add(h, op, false);
}

static void hand_bye(const sim *s, handed *h, bool lost)
{
    pvn_op *op = pvn_op_new(PVN_OP_WORKER_BYE);
    op->u.worker_bye.worker = s->worker[h->from.actor].id;
    op->u.worker_bye.lost = lost;
    add(h, op, false);
}

static handed *next_handed(core *c, letter from)
{
    handed *h = &c->handed[c->len++];
    memset(h, 0, sizeof *h);
    h->from = from;
    return h;
}

static void core_hears(sim *s, const letter *l)
{
    core *c = &s->core[l->core];
    if (!c->alive || c->len == HANDED)
        return;
    /* A process of before may not speak with the new one's identity. */
    if (l->verb >= HELLO && l->life != s->worker[l->actor].life)
        return;
    handed *h = next_handed(c, *l);
    if (l->verb >= HELLO)
        c->heard_ms[l->actor] = now(s);
    switch (l->verb) {
    case SUBMIT:
        hand_submit(s, h);
        break;
    case CANCEL:
        add(h, pvn_op_new(PVN_OP_REQUEST_CANCEL), false);
        h->op[0]->u.request_cancel.id = s->wish[l->actor].id;
        break;
    case BID:
        hand_bid(h);
        break;
    case PROVE:
        hand_prove(h);
        break;
    case GIVE_UP:
        hand_give_up(h);
        break;
    case SETTLE:
        hand_settle(h);
        break;
    case EXECUTE:
        hand_execute(s, h);
        break;
    case DEPOSIT:
        hand_deposit(h);
        break;
    case WITHDRAW:
        hand_withdraw(h);
        break;
    case OWN:
        hand_own(h);
        break;
    case HELLO:
        hand_hello(s, h);
        break;
    case LEASE:
        hand_lease(s, h);
        break;
    case RENEW:
        hand_renew(s, h);
        break;
    case DONE:
        hand_done(s, h);
        break;
    case BYE:
        hand_bye(s, h, false);
        break;
    }
}

static void core_dies(sim *s, core *c)
{
    for (size_t i = 0; i < c->len; i++)
        for (size_t k = 0; k < c->handed[i].len; k++)
            pvn_op_free(c->handed[i].op[k]);
    c->len = 0;
    c->alive = false;
    c->reboot_ms = now(s) + (int64_t)dice(s, 30000);
    s->kills++;
}

/* What an answer carries: the last op's status, but a refused verdict does
 * not unmake its completion. */
static void core_answers(sim *s, const handed *h)
{
    letter l = h->from;
    const pvn_op *last = h->op[h->len - 1];
    l.back = true;
    l.status = last->err.status;
    if (l.verb == SUBMIT && l.status >= 0)
        l.request = last->u.request_submit.id_out;
    if (l.verb == HELLO && l.status >= 0)
        l.request = last->u.worker_hello.worker;
    if (l.verb == RENEW && l.status >= 0)
        l.status = last->u.task_renew.renewal[0].status;
    if (l.verb == LEASE && l.status >= 0 && last->u.task_lease.leased_len > 0) {
        const struct pvn_leased *t = &last->u.task_lease.leased[0];
        l.leased = true;
        l.task = t->task;
        l.request = t->request;
        l.attempt = t->attempt;
        l.proof = t->inputs[t->inputs_len - 1].artifact;
        snprintf(l.kind, sizeof l.kind, "%s", t->kind);
        snprintf(l.name, sizeof l.name, "%s", t->name);
    }
    post(s, l);
}

static void sort_out(sim *s, core *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->len; i++) {
        handed *h = &c->handed[i];
        bool done = true;
        for (size_t k = 0; k < h->len; k++)
            done &= h->op[k]->done;
        if (!done) {
            s->again++;
            c->handed[n++] = *h;
            continue;
        }
        if (h->from.life != 0 || h->from.verb < HELLO)
            core_answers(s, h);
        for (size_t k = 0; k < h->len; k++)
            pvn_op_free(h->op[k]);
    }
    c->len = n;
}

/* What was fulfilled stays so, with the same, right proof; failed stays. */
static void check_history(sim *s)
{
    for (int i = 0; i < WISHES; i++) {
        wish *c = &s->wish[i];
        if (!c->accepted)
            continue;
        const pvn_request *q = world_request(&s->w, c->id);
        if (!q) {
            wrong(s, "an accepted request is gone");
            return;
        }
        if (c->state >= PROVERNET_FULFILLED && q->state != c->state)
            wrong(s, "an ended request changed its state");
        if (q->state == PROVERNET_FULFILLED) {
            if (!is_good(s, &q->proof, &q->id))
                wrong(s, "a wrong proof was fulfilled");
            if (c->state == PROVERNET_FULFILLED &&
                !pvn_id_equal(&c->proof, &q->proof))
                wrong(s, "a fulfilled request changed its proof");
            if (c->poisoned)
                wrong(s, "a request that cannot run was fulfilled");
            c->proof = q->proof;
        }
        c->state = q->state;
    }
}

/* When all is well again, no lease outlives its time. */
static void check_leases(sim *s)
{
    if (!s->peace || now(s) < s->end_ms + 300000)
        return;
    for (size_t i = 0; i < mem_len(&s->w.m, PVN_TASK); i++) {
        const pvn_task *t = (const pvn_task *)mem_at(&s->w.m, PVN_TASK, i);
        if (t->state == PVN_TASK_LEASED && t->lease_ms + 30000 < now(s))
            wrong(s, "a lease that ended is kept");
    }
}

static void check_all(sim *s)
{
    char buf[200];
    const char *bad = check_rows(&s->w.m, buf, sizeof buf);
    if (!bad)
        bad = check_money(&s->w.m, s->w.rules.account_balance, buf, sizeof buf);
    if (bad)
        wrong(s, bad);
    if (s->twin.diff[0])
        wrong(s, s->twin.diff);
    check_history(s);
    check_leases(s);
}

static void core_batch(sim *s, core *c)
{
    pvn_op *first = NULL, **last = &first, *done, *again;
    for (size_t i = 0; i < c->len; i++)
        for (size_t k = 0; k < c->handed[i].len; k++) {
            *last = c->handed[i].op[k];
            last = &(*last)->next;
        }
    *last = NULL;
    if (chance(s, 8))
        s->w.m.fault = (mem_fault)(1 + dice(s, 4));
    if (now(s) < s->disk_full_ms)
        s->w.m.fault = MEM_STORE;
    s->w.rules.session = c->session;
    pvn_arena_reset(&s->w.arena);
    const pvn_op *head = first;
    provernet_status st =
        pvn_batch_run(s->w.st, &s->w.arena, first, &s->w.rules, &s->w.env,
                      &done, &again, &s->w.hints, NULL, &s->w.err);
    s->w.m.fault = MEM_FINE;
    check_all(s);
    if (st == PROVERNET_ERR_INTERNAL || (st < 0 && s->peace))
        wrong(s, s->w.err.message);
    if (st < 0) {
        s->failures++;
        core_dies(s, c);
        return;
    }
    s->commits++;
    if (again == head && head && head->tries > 6)
        wrong(s, "the first operation of a batch is put off for ever");
    sort_out(s, c);
}

static void core_boots(sim *s, int i)
{
    core *c = &s->core[i];
    char *const address = i ? "core-1" : "core-0";
    memset(c->heard_ms, 0, sizeof c->heard_ms);
    c->session = world_id(&s->w);
    c->alive = true;
    c->tick_ms = c->sweep_ms = now(s);
    handed *h = next_handed(c, (letter){ .verb = BYE });
    add(h, pvn_op_new(PVN_OP_BOOT), false);
    h->op[0]->u.boot.address = address;
    core_batch(s, c);
}

static void core_acts(sim *s, int i)
{
    core *c = &s->core[i];
    if (!c->alive) {
        if (now(s) >= c->reboot_ms || s->peace)
            core_boots(s, i);
        return;
    }
    if (chance(s, 1)) {
        core_dies(s, c);
        return;
    }
    for (int k = 0; k < WORKERS && c->len < HANDED; k++)
        if (c->heard_ms[k] > 0 && now(s) - c->heard_ms[k] > 15000) {
            c->heard_ms[k] = 0;
            hand_bye(s, next_handed(c, (letter){ .verb = BYE, .actor = k }),
                     true);
        }
    if (now(s) >= c->tick_ms && c->len < HANDED) {
        c->tick_ms = now(s) + 1000;
        add(next_handed(c, (letter){ .verb = BYE }), pvn_op_new(PVN_OP_TICK),
            false);
    }
    if (now(s) >= c->sweep_ms && c->len < HANDED) {
        c->sweep_ms = now(s) + 10000;
        add(next_handed(c, (letter){ .verb = BYE }), pvn_op_new(PVN_OP_SWEEP),
            false);
    }
    if (c->len > 0)
        core_batch(s, c);
}

/* ---- the whole ---- */

static void deliver(sim *s)
{
    for (size_t i = 0; i < s->post_len;) {
        if (s->post[i].at > now(s)) {
            i++;
            continue;
        }
        letter l = s->post[i];
        s->post[i] = s->post[--s->post_len];
        if (!l.back)
            core_hears(s, &l);
        else if (l.verb <= CANCEL)
            client_hears(s, &l);
        else if (l.verb < HELLO)
            bidder_hears(s, &l);
        else
            worker_hears(s, &l);
    }
}

static void sim_open(sim *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    world_open(&s->w, seed);
    s->seed = seed;
    if (getenv("PVN_SIM_SQLITE")) {
        if (twin_open(&s->twin, &s->w.m, &s->w.env, &s->w.err) < 0)
            wrong(s, s->w.err.message);
        else
            s->w.st = &s->twin.state;
    }
    s->w.rules.worker_aside_ms = 120000;
    s->w.rules.request_deadline_ms = 4 * 3600000;
    s->w.rules.request_open_max = 5;
    s->w.rules.artifact_retention_ms = 600000;
    s->w.rules.prover_failures_max = (int64_t)dice(s, 3);
    s->w.rules.prover_failures_ms = 600000;
    s->w.rules.prover_suspension_ms = 120000;
    s->w.rules.protocol_fee = dice(s, 2) ? 700 : 0;
    s->w.rules.prover_collateral = dice(s, 2) ? "150" : NULL;
    world_vault(&s->w, FIRST_BIDDER + BIDDERS - 1, OWNER, 2500);
    s->program = world_artifact(&s->w, PVN_TYPE_PROGRAM, "program");
    pvn_op *op = pvn_op_new(PVN_OP_PROGRAM_REGISTER);
    op->u.program_register.name = pvn_bytes_of("vk", 2);
    op->u.program_register.kind = "own@1";
    op->u.program_register.artifact = s->program;
    world_run(&s->w, op, NULL);
    for (int i = 0; i < WISHES; i++) {
        wish *c = &s->wish[i];
        c->input = world_id(&s->w);
        c->kind = kinds[dice(s, 3)];
        c->poisoned = dice(s, 10) == 0;
        c->cancels = dice(s, 8) == 0;
        c->deadline_ms =
            dice(s, 6) ? 0 : now(s) + 30000 + (int64_t)dice(s, 600000);
        c->next_ms = now(s) + (int64_t)dice(s, CHAOS_MS * 2 / 3);
        snprintf(c->dedup, sizeof c->dedup, "wish %d", i);
        c->auction = dice(s, 3) == 0;
        if (!c->auction)
            continue;
        c->kind = "own@1";
        c->terms = (pvn_terms){ .price_max = "3",
                                .base_fee = "1",
                                .units_max = 10,
                                .window_ms = (int64_t)dice(s, 10000) };
        if (dice(s, 3) == 0)
            c->terms.fallback_ms = 1 + (int64_t)dice(s, 60000);
        if (dice(s, 3) == 0)
            world_address(c->terms.auctioneer20, BOSS);
        if (dice(s, 2) == 0)
            world_address(c->terms.executor20, BOSS);
        if (dice(s, 2) == 0)
            world_address(c->terms.treasury20, TREASURY);
    }
    for (int i = 0; i < WORKERS; i++) {
        worker *w = &s->worker[i];
        snprintf(w->name, sizeof w->name, "worker %d", i);
        w->wake_ms = now(s) + (int64_t)dice(s, 60000);
    }
    s->end_ms = now(s) + CHAOS_MS;
}

static void sim_close(sim *s)
{
    for (int i = 0; i < CORES; i++)
        core_dies(s, &s->core[i]);
    free(s->post);
    if (s->twin.state.ops)
        twin_close(&s->twin);
    world_close(&s->w);
}

static void sim_step(sim *s)
{
    s->w.now += 1 + (int64_t)dice(s, s->peace ? 1000 : 400);
    if (chance(s, 1) && dice(s, 8) == 0)
        s->w.now += 40000 + (int64_t)dice(s, 600000);
    if (chance(s, 1) && dice(s, 4) == 0)
        s->disk_full_ms = now(s) + (int64_t)dice(s, 20000);
    deliver(s);
    for (int i = 0; i < WISHES; i++)
        client_acts(s, i);
    for (int i = 0; i < WORKERS; i++)
        worker_acts(s, i);
    for (int i = 0; i < BIDDERS; i++)
        bidder_acts(s, i);
    boss_acts(s);
    int first = (int)dice(s, CORES);
    for (int i = 0; i < CORES; i++)
        core_acts(s, (first + i) % CORES);
}

static bool settled(const sim *s)
{
    for (int i = 0; i < WISHES; i++)
        if (!s->wish[i].accepted || s->wish[i].state < PROVERNET_FULFILLED)
            return false;
    return true;
}

/* Every end has a reason that is true. */
static void check_ends(sim *s)
{
    s->forfeited = world_events(&s->w, "auction.forfeited");
    s->passed = world_events(&s->w, "auction.passed_over");
    s->suspended = world_events(&s->w, "prover.suspended");
    for (int i = 0; i < WISHES; i++) {
        const wish *c = &s->wish[i];
        const pvn_request *q = world_request(&s->w, c->id);
        if (!q)
            continue;
        s->fulfilled += q->state == PROVERNET_FULFILLED;
        s->paid += q->settle == PVN_SETTLE_PAID;
        s->returned += q->settle == PVN_SETTLE_RETURNED;
        if (q->cause == PROVERNET_CAUSE_INPUT && !c->poisoned)
            wrong(s, "a good input was blamed");
        if (q->cause == PROVERNET_CAUSE_CANCELLED && !c->cancel_sent)
            wrong(s, "a request was cancelled by nobody");
        if (q->cause == PROVERNET_CAUSE_EXPIRED &&
            q->updated_ms < q->deadline_ms)
            wrong(s, "a request expired before its deadline");
        if (c->deadline_ms && q->deadline_ms != c->deadline_ms &&
            q->deadline_ms < q->created_ms)
            wrong(s, "a deadline is lost");
        if (q->state == PROVERNET_FAILED && (!q->why || !*q->why))
            wrong(s, "a request failed without a reason");
    }
}

/* Every request, also those that no client heard of, must end. */
static bool drained(const sim *s)
{
    for (size_t i = 0; i < mem_len(&s->w.m, PVN_REQUEST); i++)
        if (((const pvn_request *)mem_at(&s->w.m, PVN_REQUEST, i))->state <
            PROVERNET_FULFILLED)
            return false;
    return settled(s);
}

static bool run_seed(uint64_t seed, sim *s)
{
    sim_open(s, seed);
    while (!s->why[0] && now(s) < s->end_ms)
        sim_step(s);
    s->peace = true;
    s->end_ms = now(s);
    s->disk_full_ms = 0;
    int64_t until = now(s) + PEACE_MS;
    while (!s->why[0] && now(s) < until && !drained(s))
        sim_step(s);
    if (!s->why[0] && !drained(s))
        wrong(s, "the queue does not drain");
    check_ends(s);
    bool ok = !s->why[0];
    if (!ok)
        fprintf(stderr,
                "seed %" PRIu64 ": %s\n  at +%lld s, %" PRIu64 " commits\n"
                "  again: PVN_SIM_SEED=%" PRIu64 " <this program>\n",
                seed, s->why, (long long)(now(s) - 1700000000000) / 1000,
                s->commits, seed);
    sim_close(s);
    return ok;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* As many as a run of the tests does, the same ones on every machine. */
enum { SEEDS = 12 };

int main(void)
{
    const char *first = getenv("PVN_SIM_SEED"),
               *count = getenv("PVN_SIM_SEEDS"),
               *time = getenv("PVN_SIM_SECONDS");
    double until = time ? seconds() + atof(time) : 0;
    uint64_t seed = first ? strtoull(first, NULL, 10) : 1, runs = 0, bad = 0;
    uint64_t wanted = count ? strtoull(count, NULL, 10) : first ? 1 : SEEDS;
    uint64_t compared = 0, commits = 0, kills = 0, failures = 0, fulfilled = 0,
             again = 0, paid = 0, returned = 0, forfeited = 0, passed = 0,
             suspended = 0;
    sim *s = malloc(sizeof *s);
    do {
        bad += !run_seed(seed++, s);
        commits += s->commits;
        compared += s->twin.compared;
        kills += s->kills;
        failures += s->failures;
        fulfilled += s->fulfilled;
        again += s->again;
        paid += s->paid;
        returned += s->returned;
        forfeited += s->forfeited;
        passed += s->passed;
        suspended += s->suspended;
        runs++;
    } while (bad < 3 && (time ? seconds() < until : runs < wanted));
    free(s);
    printf("sim: seeds %" PRIu64 "..%" PRIu64 ", %" PRIu64 " commits, %" PRIu64
           " put off, %" PRIu64 " failed, %" PRIu64 " core deaths, %" PRIu64
           " of %" PRIu64 " fulfilled, %" PRIu64 " seeds bad\n",
           seed - runs, seed - 1, commits, again, failures, kills, fulfilled,
           runs * WISHES, bad);
    printf("sim: auctions: %" PRIu64 " paid, %" PRIu64 " returned, %" PRIu64
           " collaterals lost, %" PRIu64 " bids passed over, %" PRIu64
           " suspensions\n",
           paid, returned, forfeited, passed, suspended);
    if (compared > 0)
        printf("sim: %" PRIu64 " rows compared with SQLite\n", compared);
    /* A simulation in which nothing is proved proves nothing. */
    return bad > 0 || fulfilled < runs * WISHES / 3 || paid < runs;
}
