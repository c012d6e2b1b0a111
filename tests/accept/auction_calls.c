/* tests/accept/auction_calls.c - see auction.h. */
#include "auction.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const uint8_t auction_domain[32] = { 0x55, 0xea, 0x66, 0x75, 0x7c, 0x5b, 0x1a,
                                     0xec, 0xda, 0x66, 0x19, 0x90, 0x5f, 0x59,
                                     0x4b, 0x32, 0x00, 0x92, 0xdb, 0x1c, 0xf4,
                                     0xc8, 0xb6, 0xf8, 0x90, 0x25, 0xc0, 0x92,
                                     0xf0, 0xbb, 0x7b, 0x5b };

circuit small;
char *proof;
tc_server server;
bool own_worker;
static char provernetd[400];

/* ---- calls ---- */

/* A signed call with a fresh nonce, or with `nonce`: the gRPC status. */
int signed_with(tc_user *u, const char *rpc, uint64_t nonce, fill_fn fill,
                const void *with)
{
    tc_buf body = { 0 }, env = { 0 };
    char path[80];
    tc_reply r;
    int status;

    snprintf(path, sizeof path, RPC "%s", rpc);
    tc_u64(&body, 1, nonce);
    fill(&body, with);
    tc_envelope(&env, u->key, body.data, body.len);
    tc_call(&u->conn, path, env.data, env.len, &r);
    status = r.grpc_status;
    tc_reply_free(&r);
    tc_free(&env);
    tc_free(&body);
    return status;
}
int signed_call(tc_user *u, const char *rpc, fill_fn fill, const void *with)
{
    uint64_t nonce = 0;
    int status = tc_nonce(u, &nonce);

    return status ? status : signed_with(u, rpc, nonce, fill, with);
}

void open_call(tc_user *u, const char *rpc, const tc_buf *m, tc_reply *r)
{
    char path[80];

    snprintf(path, sizeof path, RPC "%s", rpc);
    tc_call(&u->conn, path, m->data, m->len, r);
}

long long number(const void *msg, size_t len, uint32_t field)
{
    const uint8_t *p;
    char text[100] = "";
    size_t n;

    if (tc_get_bytes(msg, len, field, 0, &p, &n) && n < sizeof text) {
        memcpy(text, p, n);
        text[n] = '\0';
    }
    return atoll(text);
}

long long balance(tc_user *u, const uint8_t address[20])
{
    tc_buf m = { 0 };
    tc_reply r;
    long long amount;

    tc_bytes(&m, 1, address, 20);
    open_call(u, "GetBalance", &m, &r);
    MUST(r.grpc_status == 0);
    amount = number(r.msg, r.msg_len, 1);
    tc_reply_free(&r);
    tc_free(&m);
    return amount;
}

/* ---- bodies ---- */

static void fill_wish(tc_buf *b, const void *with)
{
    static const uint8_t nobody[20];
    const wish *w = with;

    tc_bytes(b, 2, w->program ? w->program : small.hash, 32);
    tc_text(b, 3, "sp1-v6.1.0");
    tc_u64(b, 4, w->mode ? (uint64_t)w->mode : 4);
    tc_u64(b, 5, 3);
    tc_text(b, 6, w->uri);
    tc_u64(b, 7, w->deadline);
    tc_u64(b, 8, 1000000);
    tc_u64(b, 9, w->gas);
    tc_u64(b, 10, w->window);
    if (w->only)
        tc_bytes(b, 11, w->only, 20);
    tc_bytes(b, 12, auction_domain, 32);
    tc_bytes(b, 13, w->auctioneer ? w->auctioneer : nobody, 20);
    tc_bytes(b, 14, w->executor ? w->executor : nobody, 20);
    tc_bytes(b, 15, nobody, 20);
    tc_text(b, 17, w->base_fee);
    tc_text(b, 18, w->max_price);
    tc_bytes(b, 20, nobody, 20);
}

wish new_wish(tc_user *u, uint64_t seconds)
{
    wish w = { .deadline = (uint64_t)time(NULL) + seconds,
               .gas = GAS,
               .window = 3,
               .max_price = "50",
               .base_fee = "7" };

    MUST(tc_artifact(u, 2, small.wtns, small.wtns_len, w.uri) == 0);
    return w;
}

/* The gRPC status; id32 is the request's. */
int ask(tc_user *u, const wish *w, uint8_t id32[32])
{
    tc_buf body = { 0 }, env = { 0 };
    const uint8_t *inner, *id;
    size_t inner_len, id_len;
    uint64_t nonce;
    tc_reply r;
    int status;

    MUST(tc_nonce(u, &nonce) == 0);
    tc_u64(&body, 1, nonce);
    fill_wish(&body, w);
    tc_envelope(&env, u->key, body.data, body.len);
    tc_call(&u->conn, RPC "RequestProof", env.data, env.len, &r);
    status = r.grpc_status;
    if (status == 0) {
        MUST(tc_get_bytes(r.msg, r.msg_len, 2, 0, &inner, &inner_len));
        MUST(tc_get_bytes(inner, inner_len, 1, 0, &id, &id_len));
        MUST(id_len == 32);
        memcpy(id32, id, 32);
    }
    tc_reply_free(&r);
    tc_free(&env);
    tc_free(&body);
    return status;
}

void fill_bid(tc_buf *b, const void *with)
{
    const offer *o = with;

    tc_bytes(b, 2, o->id, 32);
    tc_text(b, 3, o->amount);
    tc_bytes(b, 4, o->domain ? o->domain : auction_domain, 32);
    tc_bytes(b, 5, o->prover, 20);
    tc_u64(b, 6, (uint64_t)o->variant);
}

int bid(tc_user *u, const uint8_t id[32], const uint8_t prover[20],
        const char *amount)
{
    offer o = { .variant = BID_VARIANT };

    memcpy(o.id, id, 32);
    memcpy(o.prover, prover, 20);
    snprintf(o.amount, sizeof o.amount, "%s", amount);
    return signed_call(u, "Bid", fill_bid, &o);
}

typedef struct handover {
    uint8_t id[32];
    const void *proof;
    size_t len;
} handover;

static void fill_proof(tc_buf *b, const void *with)
{
    const handover *h = with;

    tc_bytes(b, 2, h->id, 32);
    tc_bytes(b, 3, h->proof, h->len);
    tc_bytes(b, 5, auction_domain, 32);
    tc_u64(b, 6, FULFILL);
}

int fulfill_with(tc_user *u, uint64_t nonce, const uint8_t id[32],
                 const char *bytes)
{
    handover h = { .proof = bytes, .len = strlen(bytes) };

    memcpy(h.id, id, 32);
    return signed_with(u, "FulfillProof", nonce, fill_proof, &h);
}

int fulfill(tc_user *u, const uint8_t id[32], const char *bytes)
{
    uint64_t nonce = 0;
    int status = tc_nonce(u, &nonce);

    return status ? status : fulfill_with(u, nonce, id, bytes);
}

void fill_id(tc_buf *b, const void *with)
{
    tc_bytes(b, 2, with, 32);
}

void fill_settle(tc_buf *b, const void *with)
{
    const offer *o = with;

    tc_bytes(b, 2, o->id, 32);
    tc_bytes(b, 3, o->prover, 20);
    tc_bytes(b, 4, auction_domain, 32);
    tc_u64(b, 5, SETTLE);
}

void fill_execute(tc_buf *b, const void *with)
{
    tc_bytes(b, 2, with, 32);
    tc_u64(b, 3, 2);
    tc_u64(b, 5, 999);
    tc_u64(b, 6, GAS);
    tc_bytes(b, 7, auction_domain, 32);
    tc_u64(b, 10, EXECUTE);
}

void fill_suspend(tc_buf *b, const void *with)
{
    tc_bytes(b, 2, with, 20);
    tc_u64(b, 3, (uint64_t)time(NULL) + 3600);
}

/* ---- accounts ---- */

void open_user(tc_user *u, int who)
{
    uint8_t secret[32] = { [31] = (uint8_t)who };

    MUST(tc_user_open(u, "127.0.0.1", server.port, secret));
}

/* All pages of an account's log add up to what its balance changed by. */
void check_log(tc_user *u, const uint8_t address[20])
{
    long long sum = 0;
    bool more = true;

    for (uint64_t page = 1; more; page++) {
        const uint8_t *entry;
        size_t len, i = 0;
        tc_buf m = { 0 };
        tc_reply r;

        tc_bytes(&m, 1, address, 20);
        tc_u64(&m, 5, 100);
        tc_u64(&m, 6, page);
        open_call(u, "GetFilteredBalanceLogs", &m, &r);
        MUST(r.grpc_status == 0);
        while (r.msg && tc_get_bytes(r.msg, r.msg_len, 1, i, &entry, &len)) {
            sum += number(entry, len, 3);
            i++;
        }
        more = i == 100;
        tc_reply_free(&r);
        tc_free(&m);
    }
    MUST(INITIAL + sum == balance(u, address));
}

static const uint8_t *fulfiller_of(const void *request, size_t len)
{
    const uint8_t *p;
    size_t n;

    return tc_get_bytes(request, len, 14, 0, &p, &n) && n == 20 ? p : NULL;
}

/* What the request cost by its own rules: the winner's bid times its gas. */
void account_for(tc_user *u, const uint8_t id[32], uint8_t prover[NODES][20],
                 sums *s)
{
    const uint8_t *request = NULL, *winner, *best, *bid_bytes;
    size_t len = 0, bid_len;
    uint64_t status = 0, settled = 0;
    tc_buf m = { 0 };
    tc_reply details, history;
    int who = -1;

    tc_bytes(&m, 1, id, 32);
    open_call(u, "GetProofRequestDetails", &m, &details);
    MUST(details.grpc_status == 0 &&
         tc_get_bytes(details.msg, details.msg_len, 1, 0, &request, &len));
    tc_u64(&m, 4, 1); /* the winner first */
    open_call(u, "GetFilteredBidHistory", &m, &history);
    MUST(history.grpc_status == 0);
    tc_get_u64(request, len, 11, &status);
    tc_get_u64(request, len, 29, &settled);
    winner = fulfiller_of(request, len);
    for (int i = 0; winner && i < NODES; i++)
        if (memcmp(winner, prover[i], 20) == 0)
            who = i;
    MUST(winner ? who >= 0 : status != 3);
    if (status == 3) {
        MUST(tc_get_bytes(history.msg, history.msg_len, 1, 0, &bid_bytes,
                          &bid_len));
        MUST(tc_get_bytes(bid_bytes, bid_len, 1, 0, &best, &len) && len == 20);
        MUST(memcmp(best, winner, 20) == 0);
        MUST(settled == 2 && who != LIARS);
        s->fulfilled++;
        s->paid[who] += GAS * number(bid_bytes, bid_len, 2) + BASE_FEE;
    } else if (winner) {
        MUST(settled == 1 && who == LIARS);
        s->failed++;
    } else { /* only the liar might have, and was not let */
        MUST(settled == 1);
        s->unsold++;
    }
    tc_reply_free(&details);
    tc_reply_free(&history);
    tc_free(&m);
}

bool is_over(const uint8_t id[32])
{
    json_t *o = api_request(&server, id);
    const char *auction = api_text(o, "auction");
    bool yes = strcmp(auction, "paid") == 0 || strcmp(auction, "returned") == 0;

    json_decref(o);
    return yes;
}

uint64_t status_of(tc_user *u, const uint8_t id[32])
{
    tc_status st;

    MUST(tc_get_status(u, id, &st) == 0);
    return st.fulfillment;
}

bool is_suspended(tc_user *u, const uint8_t prover[20])
{
    uint64_t until = 0;
    tc_buf m = { 0 };
    tc_reply r;

    tc_bytes(&m, 1, prover, 20);
    open_call(u, "GetProverStatus", &m, &r);
    MUST(r.grpc_status == 0);
    tc_get_u64(r.msg, r.msg_len, 3, &until);
    tc_reply_free(&r);
    tc_free(&m);
    return until > (uint64_t)time(NULL);
}

const uint8_t *customers_node(int i, uint8_t node[NODES][20])
{
    return i % 5 < NODES ? node[i % 5] : NULL;
}

void await_all(tc_user *u, uint8_t id[][32], int n, const uint8_t liar[20])
{
    for (int i = 0; i < n; i++) {
        int64_t until = 0;

        while (!is_over(id[i])) {
            if (i % 5 == LIARS && is_suspended(u, liar) &&
                status_of(u, id[i]) == 1)
                MUST(signed_call(u, "CancelRequest", fill_id, id[i]) == 0 ||
                     is_over(id[i]));
            MUST(patient(&until));
        }
    }
}

/* ---- the server ---- */

void must_be(const char *what, int got, int want)
{
    if (got != want) {
        fprintf(stderr, "%s: status %d, expected %d\n", what, got, want);
        MUST(got == want);
    }
}

void start(const char *const *more)
{
    const char *args[16] = { "--log-level", "warn",
                             "--set",       "succinct.auction=true",
                             "--set",       "succinct.auction_window=0",
                             "--set",       "succinct.base_fee=7",
                             "--set",       "succinct.balance=1000000000" };
    size_t n = 10;

    if (!own_worker)
        args[n++] = "--no-worker";
    while (more && *more && n < 15)
        args[n++] = *more++;
    MUST(tc_server_start(&server, provernetd, args));
}

void end(void)
{
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
    memset(&server, 0, sizeof server);
}

static void read_proof(const char *vectors)
{
    char path[400];
    char *p, *s;
    size_t n, k;

    snprintf(path, sizeof path, "%s/groth16/multiplier/proof_snarkjs.json",
             vectors);
    p = tc_file(path, &n);
    snprintf(path, sizeof path, "%s/groth16/multiplier/public_snarkjs.json",
             vectors);
    s = tc_file(path, &k);
    proof = malloc(n + k + 64);
    snprintf(proof, n + k + 64, "{\"proof\":%.*s,\"publicSignals\":%.*s}",
             (int)n, p, (int)k, s);
    free(p);
    free(s);
}

void auction_load(char **argv)
{
    char a[400], b[400], c[400];

    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(a, sizeof a, "%s/groth16/multiplier/circuit.zkey", argv[3]);
    snprintf(b, sizeof b, "%s/groth16/multiplier/witness.wtns", argv[3]);
    snprintf(c, sizeof c, "%s/groth16/multiplier/verification_key.json",
             argv[3]);
    circuit_load(&small, a, b, c);
    read_proof(argv[3]);
}

void auction_unload(void)
{
    circuit_free(&small);
    free(proof);
}
