/* tests/accept/auction_test.c - auctions over the real wire: three bidding
 * nodes, one of which fails in every way it can; the money adds up to the
 * unit. Then those who mean no good.
 *
 *   accept_auction_test PROGRAMS KEYGEN VECTORS */
#include "accept.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RPC "/network.ProverNetwork/"

enum { AUCTIONS = 100, NODES = 3, LIARS = 2 /* the node that fails */ };
enum { BID_VARIANT = 1, SETTLE = 2, EXECUTE = 3, FULFILL = 4 };
enum { GAS = 1000, MAX_PRICE = 50, BASE_FEE = 7 };
#define INITIAL 1000000000LL

static const uint8_t domain[32] = { 0x55, 0xea, 0x66, 0x75, 0x7c, 0x5b, 0x1a,
                                    0xec, 0xda, 0x66, 0x19, 0x90, 0x5f, 0x59,
                                    0x4b, 0x32, 0x00, 0x92, 0xdb, 0x1c, 0xf4,
                                    0xc8, 0xb6, 0xf8, 0x90, 0x25, 0xc0, 0x92,
                                    0xf0, 0xbb, 0x7b, 0x5b };

static char provernetd[400];
static circuit small;
static char *proof; /* of the circuit, as it is handed in */
static tc_server server;

/* ---- calls ---- */

typedef void (*fill_fn)(tc_buf *body, const void *with);

/* A signed call with a fresh nonce, or with `nonce`: the gRPC status. */
static int signed_with(tc_user *u, const char *rpc, uint64_t nonce,
                       fill_fn fill, const void *with)
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
static int signed_call(tc_user *u, const char *rpc, fill_fn fill,
                       const void *with)
{
    uint64_t nonce = 0;
    int status = tc_nonce(u, &nonce);

    return status ? status : signed_with(u, rpc, nonce, fill, with);
}

static void open_call(tc_user *u, const char *rpc, const tc_buf *m, tc_reply *r)
{
    char path[80];

    snprintf(path, sizeof path, RPC "%s", rpc);
    tc_call(&u->conn, path, m->data, m->len, r);
}

static long long number(const void *msg, size_t len, uint32_t field)
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

static long long balance(tc_user *u, const uint8_t address[20])
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

typedef struct wish {
    char uri[512];
    uint64_t deadline, gas;
    const char *max_price, *base_fee;
    const uint8_t *only, *auctioneer, *executor;
} wish;

static void fill_wish(tc_buf *b, const void *with)
{
    static const uint8_t nobody[20];
    const wish *w = with;

    tc_bytes(b, 2, small.hash, 32);
    tc_text(b, 3, "sp1-v6.1.0");
    tc_u64(b, 4, 4);
    tc_u64(b, 5, 3);
    tc_text(b, 6, w->uri);
    tc_u64(b, 7, w->deadline);
    tc_u64(b, 8, 1000000);
    tc_u64(b, 9, w->gas);
    if (w->only)
        tc_bytes(b, 11, w->only, 20);
    tc_bytes(b, 12, domain, 32);
    tc_bytes(b, 13, w->auctioneer ? w->auctioneer : nobody, 20);
    tc_bytes(b, 14, w->executor ? w->executor : nobody, 20);
    tc_bytes(b, 15, nobody, 20);
    tc_text(b, 17, w->base_fee);
    tc_text(b, 18, w->max_price);
    tc_bytes(b, 20, nobody, 20);
}

static wish new_wish(tc_user *u, uint64_t seconds)
{
    wish w = { .deadline = (uint64_t)time(NULL) + seconds,
               .gas = GAS,
               .max_price = "50",
               .base_fee = "7" };

    MUST(tc_artifact(u, 2, small.wtns, small.wtns_len, w.uri) == 0);
    return w;
}

/* The gRPC status; id32 is the request's. */
static int ask(tc_user *u, const wish *w, uint8_t id32[32])
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

typedef struct offer {
    uint8_t id[32], prover[20];
    char amount[80];
    const uint8_t *domain; /* NULL: the right one */
    int variant;
} offer;

static void fill_bid(tc_buf *b, const void *with)
{
    const offer *o = with;

    tc_bytes(b, 2, o->id, 32);
    tc_text(b, 3, o->amount);
    tc_bytes(b, 4, o->domain ? o->domain : domain, 32);
    tc_bytes(b, 5, o->prover, 20);
    tc_u64(b, 6, (uint64_t)o->variant);
}

static int bid(tc_user *u, const uint8_t id[32], const uint8_t prover[20],
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
    tc_bytes(b, 5, domain, 32);
    tc_u64(b, 6, FULFILL);
}

static int fulfill(tc_user *u, const uint8_t id[32], const char *bytes)
{
    handover h = { .proof = bytes, .len = strlen(bytes) };

    memcpy(h.id, id, 32);
    return signed_call(u, "FulfillProof", fill_proof, &h);
}

static void fill_id(tc_buf *b, const void *with)
{
    tc_bytes(b, 2, with, 32);
}

static void fill_settle(tc_buf *b, const void *with)
{
    const offer *o = with;

    tc_bytes(b, 2, o->id, 32);
    tc_bytes(b, 3, o->prover, 20);
    tc_bytes(b, 4, domain, 32);
    tc_u64(b, 5, SETTLE);
}

static void fill_execute(tc_buf *b, const void *with)
{
    tc_bytes(b, 2, with, 32);
    tc_u64(b, 3, 2);
    tc_u64(b, 5, 999);
    tc_u64(b, 6, GAS);
    tc_bytes(b, 7, domain, 32);
    tc_u64(b, 10, EXECUTE);
}

static void fill_suspend(tc_buf *b, const void *with)
{
    tc_bytes(b, 2, with, 20);
    tc_u64(b, 3, (uint64_t)time(NULL) + 3600);
}

/* ---- a bidding node, as spn-node goes about it ---- */

typedef struct node {
    tc_user user;
    pthread_t thread;
    int n;
    const char *price;
    atomic_int bids, proved, failures;
} node;
static node nodes[NODES];
static atomic_bool stop;

/* Ids of the first `max` requests of the list: mine, or open for bids. */
static size_t requests(tc_user *u, bool mine, uint8_t id[][32], size_t max)
{
    const uint8_t *request, *p;
    size_t len, n, found = 0;
    tc_buf m = { 0 };
    tc_reply r;

    tc_text(&m, 1, "sp1-v6.1.0");
    tc_u64(&m, 2, mine ? 2 : 1);
    tc_u64(&m, 4, (uint64_t)time(NULL));
    if (mine)
        tc_bytes(&m, 7, u->address, 20);
    tc_u64(&m, 10, max);
    if (!mine)
        tc_bytes(&m, 13, u->address, 20);
    open_call(u, "GetFilteredProofRequests", &m, &r);
    MUST(r.grpc_status == 0);
    while (r.msg && found < max &&
           tc_get_bytes(r.msg, r.msg_len, 1, found, &request, &len)) {
        MUST(tc_get_bytes(request, len, 1, 0, &p, &n) && n == 32);
        memcpy(id[found++], p, 32);
    }
    tc_reply_free(&r);
    tc_free(&m);
    return found;
}

/* Gives up, lies (and may lie again), or is silent until the deadline. */
static void fail_somehow(node *d, const uint8_t id[32])
{
    switch (id[0] % 3) {
    case 0:
        MUST(signed_call(&d->user, "FailFulfillment", fill_id, id) == 0);
        d->failures++;
        break;
    case 1:
        MUST(fulfill(&d->user, id, "{\"proof\":{},\"publicSignals\":[]}") == 3);
        d->failures++;
        break;
    default:
        break;
    }
}

static void work(node *d)
{
    uint8_t id[100][32];
    size_t n = requests(&d->user, true, id, d->n == LIARS ? 100 : 1);

    for (size_t i = 0; i < n; i++) {
        if (d->n == LIARS) {
            fail_somehow(d, id[i]);
            continue;
        }
        MUST(fulfill(&d->user, id[i], proof) == 0);
        d->proved++;
    }
}

static void *node_main(void *arg)
{
    node *d = arg;
    uint8_t id[1][32];

    while (!stop) {
        work(d);
        if (requests(&d->user, false, id, 1)) {
            int status = bid(&d->user, id[0], d->user.address, d->price);
            /* Its window may be over; and who lied too often is suspended. */
            MUST(status == 0 || status == 3 || (status == 7 && d->n == LIARS));
            d->bids += status == 0;
        } else {
            tc_sleep_ms(20);
        }
    }
    return NULL;
}

static void open_user(tc_user *u, int who)
{
    uint8_t secret[32] = { [31] = (uint8_t)who };

    MUST(tc_user_open(u, "127.0.0.1", server.port, secret));
}

static void start_nodes(void)
{
    static const char *const price[NODES] = { "20", "25", "20" };

    stop = false;
    for (int i = 0; i < NODES; i++) {
        memset(&nodes[i], 0, sizeof nodes[i]);
        open_user(&nodes[i].user, 0x40 + i);
        nodes[i].n = i;
        nodes[i].price = price[i];
    }
    for (int i = 0; i < NODES; i++)
        MUST(pthread_create(&nodes[i].thread, NULL, node_main, &nodes[i]) == 0);
}

static void stop_nodes(void)
{
    stop = true;
    for (int i = 0; i < NODES; i++)
        pthread_join(nodes[i].thread, NULL);
}

/* ---- a hundred auctions ---- */

typedef struct sums {
    int fulfilled, failed;
    long long paid[NODES];
} sums;

static const uint8_t *fulfiller_of(const void *request, size_t len)
{
    const uint8_t *p;
    size_t n;

    return tc_get_bytes(request, len, 14, 0, &p, &n) && n == 20 ? p : NULL;
}

/* What the request cost by its own rules: the winner's bid times its gas. */
static void account_for(tc_user *u, const uint8_t id[32], sums *s)
{
    const uint8_t *request, *winner, *bid_bytes;
    size_t len, bid_len;
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
    MUST(
        tc_get_bytes(history.msg, history.msg_len, 1, 0, &bid_bytes, &bid_len));
    MUST(tc_get_bytes(bid_bytes, bid_len, 1, 0, &winner, &len) && len == 20);
    MUST(tc_get_bytes(details.msg, details.msg_len, 1, 0, &request, &len));
    MUST(memcmp(winner, fulfiller_of(request, len), 20) == 0);
    for (int i = 0; i < NODES; i++)
        if (memcmp(winner, nodes[i].user.address, 20) == 0)
            who = i;
    MUST(who >= 0);
    tc_get_u64(request, len, 11, &status);
    tc_get_u64(request, len, 29, &settled);
    if (status == 3) {
        MUST(settled == 2 && who != LIARS);
        s->fulfilled++;
        s->paid[who] += GAS * number(bid_bytes, bid_len, 2) + BASE_FEE;
    } else {
        MUST(settled == 1 && who == LIARS);
        s->failed++;
    }
    tc_reply_free(&details);
    tc_reply_free(&history);
    tc_free(&m);
}

static bool is_over(tc_user *u, const uint8_t id[32])
{
    tc_status st;

    MUST(tc_get_status(u, id, &st) == 0);
    return st.fulfillment >= 3 || st.deadline < (uint64_t)time(NULL);
}

/* All pages of an account's log add up to what its balance changed by. */
static void check_log(tc_user *u, const uint8_t address[20])
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

static void a_hundred_auctions(void)
{
    static uint8_t id[AUCTIONS][32];
    sums s = { 0 };
    tc_user user;
    int64_t until;
    long long total = 0;

    open_user(&user, 7);
    MUST(circuit_register(&small, &user));
    start_nodes();
    for (int i = 0; i < AUCTIONS; i++) {
        wish w = new_wish(&user, 12);
        if (i % 5 == 0) /* the dearest has its customers too */
            w.only = nodes[1].user.address;
        MUST(ask(&user, &w, id[i]) == 0);
    }
    until = tc_now_us() + 60000000LL;
    for (int i = 0; i < AUCTIONS; i++)
        while (!is_over(&user, id[i])) {
            MUST(tc_now_us() < until);
            tc_sleep_ms(20);
        }
    tc_sleep_ms(1500); /* what expired is returned */
    stop_nodes();
    for (int i = 0; i < AUCTIONS; i++)
        account_for(&user, id[i], &s);
    for (int i = 0; i < NODES; i++) {
        printf("node %d: %d bids, %d proved, %d failures, %lld earned\n", i,
               nodes[i].bids, nodes[i].proved, nodes[i].failures, s.paid[i]);
        MUST(balance(&user, nodes[i].user.address) == INITIAL + s.paid[i]);
        check_log(&user, nodes[i].user.address);
        total += s.paid[i];
    }
    printf("%d fulfilled, %d not\n", s.fulfilled, s.failed);
    MUST(s.fulfilled + s.failed == AUCTIONS);
    MUST(s.paid[0] > 0 && s.paid[1] > 0 && s.paid[LIARS] == 0);
    MUST(s.failed > 0 && nodes[LIARS].failures > 0);
    MUST(balance(&user, user.address) == INITIAL - total);
    check_log(&user, user.address);
    for (int i = 0; i < NODES; i++)
        tc_user_close(&nodes[i].user);
    tc_user_close(&user);
}

/* ---- lists of provers ---- */

static size_t provers(tc_user *u, const char *rpc, const tc_buf *m)
{
    const uint8_t *p;
    size_t len, n = 0;
    tc_reply r;

    open_call(u, rpc, m, &r);
    MUST(r.grpc_status == 0);
    while (r.msg && tc_get_bytes(r.msg, r.msg_len, 1, n, &p, &len))
        n++;
    tc_reply_free(&r);
    return n;
}

static void what_is_said_of_provers(void)
{
    tc_buf m = { 0 };
    tc_user user, liar;
    tc_reply r;

    open_user(&user, 7);
    open_user(&liar, 0x40 + LIARS);
    MUST(provers(&user, "GetProversByUptime", &m) == 0);
    tc_u64(&m, 1, 1);
    MUST(provers(&user, "GetProversByUptime", &m) >= 1);
    tc_free(&m);
    tc_u64(&m, 1, 600);
    tc_u64(&m, 2, 3600);
    MUST(provers(&user, "GetFilteredSuspendableProvers", &m) == 1);
    tc_free(&m);
    open_call(&user, "GetProverStats", &m, &r);
    MUST(r.grpc_status == 0 && number(r.msg, r.msg_len, 1) > 0 &&
         number(r.msg, r.msg_len, 4) == NODES);
    MUST(number(r.msg, r.msg_len, 3) % GAS == 0);
    tc_reply_free(&r);
    tc_bytes(&m, 1, liar.address, 20);
    open_call(&user, "GetProverStats", &m, &r);
    MUST(r.grpc_status == 0 && number(r.msg, r.msg_len, 1) == 0 &&
         number(r.msg, r.msg_len, 5) > 0);
    tc_reply_free(&r);
    open_call(&user, "GetProverStatus", &m, &r);
    MUST(r.grpc_status == 0);
    tc_reply_free(&r);
    tc_free(&m);
    open_call(&user, "GetMarketPricePerPgu", &m, &r);
    MUST(r.grpc_status == 0 && number(r.msg, r.msg_len, 1) >= 20 &&
         number(r.msg, r.msg_len, 1) <= 30);
    tc_reply_free(&r);
    open_call(&user, "GetProvePrice", &m, &r);
    MUST(r.grpc_status == 0 && number(r.msg, r.msg_len, 1) > 0);
    tc_reply_free(&r);
    tc_user_close(&liar);
    tc_user_close(&user);
}

/* ---- those who mean no good ---- */

static void must_be(const char *what, int got, int want)
{
    if (got != want) {
        fprintf(stderr, "%s: status %d, expected %d\n", what, got, want);
        MUST(got == want);
    }
}

static void bad_bids(tc_user *user, tc_user *a, tc_user *b)
{
    static const uint8_t foreign[32] = { 1 };
    uint8_t id[32], none[32] = { 9 };
    uint64_t nonce;
    wish w = new_wish(user, 600);
    offer o = { .variant = BID_VARIANT };

    w.only = a->address;
    MUST(ask(user, &w, id) == 0);
    must_be("no such request", bid(a, none, a->address, "1"), 5);
    must_be("another's prover", bid(b, id, a->address, "1"), 7);
    must_be("not in the whitelist", bid(b, id, b->address, "1"), 7);
    must_be("above the maximum", bid(a, id, a->address, "51"), 3);
    must_be("beyond 2^256",
            bid(a, id, a->address,
                "11579208923731619542357098500868790785326998466564056403945758"
                "4007913129639936"),
            3);
    must_be("not a number", bid(a, id, a->address, "1e3"), 3);
    must_be("negative", bid(a, id, a->address, "-1"), 3);
    must_be("no amount", bid(a, id, a->address, ""), 3);
    memcpy(o.id, id, 32);
    memcpy(o.prover, a->address, 20);
    snprintf(o.amount, sizeof o.amount, "1");
    o.domain = foreign;
    must_be("a foreign domain", signed_call(a, "Bid", fill_bid, &o), 3);
    o.domain = NULL;
    o.variant = SETTLE;
    must_be("another variant", signed_call(a, "Bid", fill_bid, &o), 3);
    o.variant = BID_VARIANT;
    MUST(tc_nonce(a, &nonce) == 0);
    must_be("a good bid", signed_with(a, "Bid", nonce, fill_bid, &o), 0);
    must_be("replayed", signed_with(a, "Bid", nonce, fill_bid, &o), 10);
    must_be("the same with a new nonce", bid(a, id, a->address, "1"), 0);
    must_be("raised", bid(a, id, a->address, "2"), 3);
    tc_sleep_ms(700);
    must_be("late", bid(a, id, a->address, "0"), 3);
    must_be("its winner gives it up",
            signed_call(a, "FailFulfillment", fill_id, id), 0);
    must_be("twice", signed_call(a, "FailFulfillment", fill_id, id), 9);
}

static void bad_requests(tc_user *user)
{
    uint8_t id[32];
    wish w = new_wish(user, 600);

    w.gas = UINT64_MAX;
    must_be("more than there is", ask(user, &w, id), 9);
    w = new_wish(user, 600);
    w.auctioneer = user->address;
    must_be("an auctioneer of one's own", ask(user, &w, id), 3);
    w.auctioneer = NULL;
    w.executor = user->address;
    must_be("an executor of one's own", ask(user, &w, id), 3);
    w.executor = NULL;
    w.max_price = "0.5";
    must_be("half a price", ask(user, &w, id), 3);
    MUST(balance(user, user->address) >= 0);
}

static void bad_proofs(tc_user *user, tc_user *a, tc_user *b)
{
    uint8_t id[32];
    wish w = new_wish(user, 600);
    long long mine = balance(user, user->address);
    tc_status st;
    offer o;

    MUST(ask(user, &w, id) == 0);
    must_be("nobody's yet", fulfill(a, id, proof), 7);
    must_be("a bid", bid(a, id, a->address, "2"), 0);
    tc_sleep_ms(700);
    must_be("handed in by a stranger", fulfill(b, id, proof), 7);
    must_be("by the requester", fulfill(user, id, proof), 7);
    must_be("given up by a stranger",
            signed_call(b, "FailFulfillment", fill_id, id), 7);
    must_be("an empty proof", fulfill(a, id, ""), 3);
    must_be("no proof", fulfill(a, id, "{}"), 3);
    memcpy(o.id, id, 32);
    memcpy(o.prover, a->address, 20);
    must_be("settled by its winner", signed_call(a, "Settle", fill_settle, &o),
            7);
    must_be("executed by its requester",
            signed_call(user, "ExecuteProof", fill_execute, id), 7);
    must_be("suspended by a rival",
            signed_call(b, "SuspendProver", fill_suspend, a->address), 7);
    MUST(tc_get_status(user, id, &st) == 0 && st.fulfillment == 2);
    must_be("a proof", fulfill(a, id, proof), 0);
    must_be("the same again", fulfill(a, id, proof), 0);
    must_be("from a stranger afterwards", fulfill(b, id, proof), 7);
    MUST(tc_get_status(user, id, &st) == 0 && st.fulfillment == 3);
    MUST(circuit_judge(&small, st.proof_uri));
    MUST(balance(user, user->address) == mine - (2 * GAS + BASE_FEE));
}

static void those_who_mean_no_good(void)
{
    tc_user user, a, b;

    open_user(&user, 7);
    open_user(&a, 0x50);
    open_user(&b, 0x51);
    bad_requests(&user);
    bad_bids(&user, &a, &b);
    bad_proofs(&user, &a, &b);
    tc_user_close(&user);
    tc_user_close(&a);
    tc_user_close(&b);
}

/* ---- the network's own auctioneer and executor ---- */

static void others_settle_and_execute(tc_user *boss)
{
    tc_user user, a, b;
    uint8_t id[32];
    tc_buf m = { 0 };
    tc_status st;
    offer o;
    wish w;

    open_user(&user, 7);
    open_user(&a, 0x50);
    open_user(&b, 0x51);
    MUST(circuit_register(&small, &user));
    w = new_wish(&user, 600);
    must_be("nobody as auctioneer", ask(&user, &w, id), 3);
    w.auctioneer = w.executor = boss->address;
    MUST(ask(&user, &w, id) == 0);
    MUST(bid(&a, id, a.address, "2") == 0 && bid(&b, id, b.address, "1") == 0);
    tc_sleep_ms(700);
    MUST(tc_get_status(&user, id, &st) == 0 && st.fulfillment == 1);
    MUST(provers(&user, "GetFilteredSettleableRequests", &m) == 1);
    memcpy(o.id, id, 32);
    memcpy(o.prover, user.address, 20);
    must_be("a winner who did not bid",
            signed_call(boss, "Settle", fill_settle, &o), 9);
    memcpy(o.prover, b.address, 20);
    must_be("settled by another", signed_call(&a, "Settle", fill_settle, &o),
            7);
    must_be("settled", signed_call(boss, "Settle", fill_settle, &o), 0);
    memcpy(o.prover, a.address, 20);
    must_be("settled twice", signed_call(boss, "Settle", fill_settle, &o), 9);
    MUST(provers(&user, "GetFilteredSettleableRequests", &m) == 0);
    MUST(fulfill(&b, id, proof) == 0);
    MUST(balance(&user, b.address) == INITIAL); /* not executed yet */
    must_be("executed", signed_call(boss, "ExecuteProof", fill_execute, id), 0);
    MUST(balance(&user, b.address) == INITIAL + GAS + BASE_FEE);
    must_be("executed twice",
            signed_call(boss, "ExecuteProof", fill_execute, id), 9);
    must_be("a prover is suspended",
            signed_call(boss, "SuspendProver", fill_suspend, b.address), 0);
    w = new_wish(&user, 600);
    w.auctioneer = w.executor = boss->address;
    MUST(ask(&user, &w, id) == 0);
    must_be("and may not bid", bid(&b, id, b.address, "1"), 7);
    tc_user_close(&user);
    tc_user_close(&a);
    tc_user_close(&b);
}

/* ---- kill -9: what is held stays held, what is paid stays paid ---- */

static void start(const char *const *more);

static void kill_and_restart(tc_user *u, size_t n)
{
    MUST(tc_server_end(&server, SIGKILL) == -SIGKILL);
    start(NULL);
    for (size_t i = 0; i < n; i++) {
        tc_close(&u[i].conn);
        MUST(tc_open(&u[i].conn, "127.0.0.1", server.port));
    }
}

static void a_killed_server_loses_no_unit(void)
{
    enum { ALL = 8, DONE = 4, HELD = MAX_PRICE * GAS + BASE_FEE };
    const long long cost = 2 * GAS + BASE_FEE;
    uint8_t id[ALL][32];
    tc_user u[3]; /* a requester, two provers */
    tc_status st;

    for (int i = 0; i < 3; i++)
        open_user(&u[i], 0x70 + i);
    for (int i = 0; i < ALL; i++) {
        wish w = new_wish(&u[0], 600);
        MUST(ask(&u[0], &w, id[i]) == 0);
        MUST(bid(&u[1], id[i], u[1].address, "3") == 0);
        MUST(bid(&u[2], id[i], u[2].address, "2") == 0);
    }
    kill_and_restart(u, 3);
    MUST(balance(&u[0], u[0].address) == INITIAL - ALL * HELD);
    tc_sleep_ms(1500); /* the windows end */
    for (int i = 0; i < DONE; i++)
        MUST(fulfill(&u[2], id[i], proof) == 0);
    kill_and_restart(u, 3);
    for (int i = 0; i < ALL; i++)
        MUST(tc_get_status(&u[0], id[i], &st) == 0 &&
             st.fulfillment == (i < DONE ? 3 : 2));
    MUST(fulfill(&u[2], id[0], proof) == 0); /* told again: paid once */
    MUST(balance(&u[2], u[2].address) == INITIAL + DONE * cost);
    MUST(balance(&u[0], u[0].address) ==
         INITIAL - DONE * cost - (ALL - DONE) * HELD);
    for (int i = DONE; i < ALL; i++)
        MUST(signed_call(&u[0], "CancelRequest", fill_id, id[i]) == 0);
    MUST(balance(&u[0], u[0].address) == INITIAL - DONE * cost);
    for (int i = 0; i < 3; i++)
        check_log(&u[0], u[i].address);
    for (int i = 0; i < 3; i++)
        tc_user_close(&u[i]);
}

/* ---- nobody bids: our own worker, for nothing ---- */

static void nobody_bids(void)
{
    tc_user user;
    uint8_t id[32];
    tc_status st;
    wish w;

    open_user(&user, 7);
    MUST(circuit_register(&small, &user));
    w = new_wish(&user, 600);
    MUST(ask(&user, &w, id) == 0);
    MUST(tc_get_status(&user, id, &st) == 0 && st.fulfillment == 1);
    MUST(request_wait(&user, id, 20000, &st) == 3);
    MUST(circuit_judge(&small, st.proof_uri));
    MUST(balance(&user, user.address) == INITIAL);
    check_log(&user, user.address);
    tc_user_close(&user);
}

/* ---- the whole ---- */

static bool own_worker;

static void start(const char *const *more)
{
    const char *args[16] = { "--log-level", "warn",
                             "--set",       "succinct.auction=true",
                             "--set",       "succinct.auction_window=500ms",
                             "--set",       "succinct.base_fee=7",
                             "--set",       "succinct.balance=1000000000" };
    size_t n = 10;

    if (!own_worker)
        args[n++] = "--no-worker";
    while (more && *more && n < 15)
        args[n++] = *more++;
    MUST(tc_server_start(&server, provernetd, args));
}

static void end(void)
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

int main(int argc, char **argv)
{
    char a[400], b[400], c[400], auctioneer[80], executor[80], hex[41];
    uint8_t secret[32] = { [31] = 0x60 };
    provernet_key *key;
    tc_user boss;

    if (argc != 4)
        return 2;
    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(a, sizeof a, "%s/groth16/multiplier/circuit.zkey", argv[3]);
    snprintf(b, sizeof b, "%s/groth16/multiplier/witness.wtns", argv[3]);
    snprintf(c, sizeof c, "%s/groth16/multiplier/verification_key.json",
             argv[3]);
    circuit_load(&small, a, b, c);
    read_proof(argv[3]);
    start(NULL);
    a_hundred_auctions();
    what_is_said_of_provers();
    those_who_mean_no_good();
    a_killed_server_loses_no_unit();
    end();
    own_worker = true;
    start(
        (const char *const[]){ "--set", "succinct.auction_fallback=1s", NULL });
    nobody_bids();
    end();
    own_worker = false;
    MUST(provernet_key_new(&key, secret, NULL) == 0);
    provernet_key_address(key, boss.address);
    for (int i = 0; i < 20; i++)
        snprintf(hex + 2 * i, 3, "%02x", boss.address[i]);
    provernet_key_free(key);
    snprintf(auctioneer, sizeof auctioneer, "succinct.auctioneer=%s", hex);
    snprintf(executor, sizeof executor, "succinct.executor=%s", hex);
    start(
        (const char *const[]){ "--set", auctioneer, "--set", executor, NULL });
    open_user(&boss, 0x60);
    others_settle_and_execute(&boss);
    tc_user_close(&boss);
    end();
    circuit_free(&small);
    free(proof);
    return 0;
}
