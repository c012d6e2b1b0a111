/* tests/accept/auction_test.c - auctions over the real wire: three bidding
 * nodes, one of which fails in every way it can; the money adds up to the
 * unit. Then those who mean no good.
 *
 *   accept_auction_test PROGRAMS KEYGEN VECTORS */
#include "auction.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

typedef struct shown {
    uint8_t id[32];
    uint64_t deadline;
} shown;

/* The first `max` requests of the list: mine, or open for bids. */
static size_t requests(tc_user *u, bool mine, shown *list, size_t max)
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
        memcpy(list[found].id, p, 32);
        MUST(tc_get_u64(request, len, 8, &list[found].deadline));
        found++;
    }
    tc_reply_free(&r);
    tc_free(&m);
    return found;
}

/* Gives up and lies by turns; is silent where the deadline is near. */
static void fail_somehow(node *d, const shown *q)
{
    int status;

    if (q->deadline < (uint64_t)time(NULL) + LONG / 2)
        return;
    if (d->failures++ % 2 == 0)
        status =
            fulfill(&d->user, q->id, "{\"proof\":{},\"publicSignals\":[]}");
    else
        status = signed_call(&d->user, "FailFulfillment", fill_id, q->id);
    MUST(status == (d->failures % 2 ? 3 : 0));
}

static void work(node *d)
{
    shown list[100];
    size_t n = requests(&d->user, true, list, d->n == LIARS ? 100 : 1);

    for (size_t i = 0; i < n; i++) {
        if (d->n == LIARS) {
            fail_somehow(d, &list[i]);
            continue;
        }
        MUST(fulfill(&d->user, list[i].id, proof) == 0);
        d->proved++;
    }
}

static void *node_main(void *arg)
{
    node *d = arg;
    shown first;

    while (!stop) {
        work(d);
        if (requests(&d->user, false, &first, 1)) {
            int status = bid(&d->user, first.id, d->user.address, d->price);
            /* Its window may be over; and who lied too often is suspended. */
            MUST(status == 0 || status == 3 || (status == 7 && d->n == LIARS));
            d->bids += status == 0;
        } else {
            tc_sleep_ms(20);
        }
    }
    return NULL;
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

static void a_hundred_auctions(void)
{
    static uint8_t id[AUCTIONS][32];
    uint8_t prover[NODES][20];
    sums s = { 0 };
    tc_user user;
    long long total = 0;

    open_user(&user, 7);
    MUST(circuit_register(&small, &user));
    start_nodes();
    for (int i = 0; i < NODES; i++)
        memcpy(prover[i], nodes[i].user.address, 20);
    for (int i = 0; i < AUCTIONS; i++) {
        /* one that the liar is silent about */
        wish w = new_wish(&user, i == LIARS ? 10 : LONG);

        w.only = customers_node(i, prover);
        MUST(ask(&user, &w, id[i]) == 0);
    }
    await_all(&user, id, AUCTIONS, prover[LIARS]);
    stop_nodes();
    for (int i = 0; i < AUCTIONS; i++)
        account_for(&user, id[i], prover, &s);
    for (int i = 0; i < NODES; i++) {
        printf("node %d: %d bids, %d proved, %d failures, %lld earned\n", i,
               nodes[i].bids, nodes[i].proved, nodes[i].failures, s.paid[i]);
        MUST(balance(&user, nodes[i].user.address) == INITIAL + s.paid[i]);
        check_log(&user, nodes[i].user.address);
        total += s.paid[i];
    }
    printf("%d fulfilled, %d not, %d nobody might\n", s.fulfilled, s.failed,
           s.unsold);
    MUST(s.fulfilled + s.failed + s.unsold == AUCTIONS);
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
         number(r.msg, r.msg_len, 4) == NODES - 1);
    MUST(number(r.msg, r.msg_len, 3) % GAS == 0);
    tc_reply_free(&r);
    tc_bytes(&m, 1, liar.address, 20);
    open_call(&user, "GetProverStats", &m, &r);
    MUST(r.grpc_status == 0 && number(r.msg, r.msg_len, 1) == 0 &&
         number(r.msg, r.msg_len, 5) > 0);
    tc_reply_free(&r);
    tc_free(&m);
    /* who failed three times is suspended, and not up */
    MUST(is_suspended(&user, liar.address));
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

static void check_api(const uint8_t id[32], const char *auction)
{
    json_t *o = api_request(&server, id);

    MUST(strcmp(api_text(o, "auction"), auction) == 0);
    if (strcmp(auction, "bidding") == 0)
        MUST(strstr(api_text(o, "waiting_for"), "auction"));
    json_decref(o);
}

static void bad_bids(tc_user *user, tc_user *a, tc_user *b)
{
    static const uint8_t foreign[32] = { 1 };
    uint8_t id[32], none[32] = { 9 };
    uint64_t nonce;
    wish w = new_wish(user, LONG);
    offer o = { .variant = BID_VARIANT };

    w.only = a->address;
    w.window = LONG;
    MUST(ask(user, &w, id) == 0);
    MUST(status_of(user, id) == 1);
    check_api(id, "bidding");
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
    w = new_wish(user, LONG); /* ends with this bid, or before */
    MUST(ask(user, &w, id) == 0);
    must_be("in time", bid(a, id, a->address, "1"), 0);
    AWAIT(status_of(user, id) == 2);
    must_be("late", bid(a, id, a->address, "0"), 3);
    must_be("its winner gives it up",
            signed_call(a, "FailFulfillment", fill_id, id), 0);
    must_be("twice", signed_call(a, "FailFulfillment", fill_id, id), 9);
}

static void bad_requests(tc_user *user)
{
    uint8_t id[32];
    wish w = new_wish(user, LONG);

    w.gas = UINT64_MAX;
    must_be("more than there is", ask(user, &w, id), 9);
    w = new_wish(user, LONG);
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

/* With the nonce before this one. */
static int fulfill_again(tc_user *u, const uint8_t id[32])
{
    uint64_t nonce = 0;

    MUST(tc_nonce(u, &nonce) == 0 && nonce > 0);
    return fulfill_with(u, nonce - 1, id, proof);
}

static void bad_proofs(tc_user *user, tc_user *a, tc_user *b)
{
    uint8_t id[32];
    wish w = new_wish(user, LONG);
    long long mine = balance(user, user->address);
    tc_status st;
    offer o;

    MUST(ask(user, &w, id) == 0);
    must_be("nobody's yet", fulfill(a, id, proof), 7);
    must_be("a bid", bid(a, id, a->address, "2"), 0);
    AWAIT(status_of(user, id) == 2);
    must_be("handed in by a stranger", fulfill(b, id, proof), 7);
    must_be("by the requester", fulfill(user, id, proof), 7);
    must_be("given up by a stranger",
            signed_call(b, "FailFulfillment", fill_id, id), 7);
    must_be("an empty proof", fulfill(a, id, ""), 3);
    must_be("no proof", fulfill(a, id, "{}"), 3);
    must_be("a nonce that was used", fulfill_again(a, id), 10);
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
    offer o;
    wish w;

    open_user(&user, 7);
    open_user(&a, 0x50);
    open_user(&b, 0x51);
    MUST(circuit_register(&small, &user));
    w = new_wish(&user, LONG);
    must_be("nobody as auctioneer", ask(&user, &w, id), 3);
    w.auctioneer = w.executor = boss->address;
    w.window = AT_ONCE;
    MUST(ask(&user, &w, id) == 0);
    MUST(bid(&a, id, a.address, "2") == 0 && bid(&b, id, b.address, "1") == 0);
    MUST(status_of(&user, id) == 1);
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
    w = new_wish(&user, LONG);
    w.auctioneer = w.executor = boss->address;
    MUST(ask(&user, &w, id) == 0);
    must_be("and may not bid", bid(&b, id, b.address, "1"), 7);
    tc_user_close(&user);
    tc_user_close(&a);
    tc_user_close(&b);
}

/* ---- kill -9: what is held stays held, what is paid stays paid ---- */

static void kill_and_restart(tc_user *u, size_t n)
{
    MUST(tc_server_end(&server, SIGKILL) == -SIGKILL);
    start(NULL);
    for (size_t i = 0; i < n; i++) {
        tc_close(&u[i].conn);
        MUST(tc_open(&u[i].conn, "127.0.0.1", server.port));
    }
}

/* One that both have bid for while bids were taken. */
static void ask_both(tc_user u[3], uint8_t id[32])
{
    int status = 3;

    for (int tries = 0; status == 3; tries++) {
        wish w = new_wish(&u[0], LONG);

        MUST(tries < 50 && ask(&u[0], &w, id) == 0);
        MUST(bid(&u[1], id, u[1].address, "3") == 0);
        status = bid(&u[2], id, u[2].address, "2");
        if (status == 3) /* too late: the first has it */
            MUST(signed_call(&u[0], "CancelRequest", fill_id, id) == 0);
    }
    MUST(status == 0);
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
    for (int i = 0; i < ALL; i++)
        ask_both(u, id[i]);
    kill_and_restart(u, 3);
    MUST(balance(&u[0], u[0].address) == INITIAL - ALL * HELD);
    for (int i = 0; i < ALL; i++) /* the windows end */
        AWAIT(status_of(&u[0], id[i]) == 2);
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

/* ---- a prover of another owner, and what is told of it ---- */

static int http(const char *method, const char *path, const char *body,
                tc_http *out)
{
    char url[256];

    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
    MUST(tc_http_url(method, url, body, strlen(body), out));
    return out->status;
}

static void to_operator(const char *before, const uint8_t address[20],
                        const char *after, const char *body, int status)
{
    char path[160];
    tc_http h;

    snprintf(path, sizeof path, "%s", before);
    for (int i = 0; i < 20; i++)
        snprintf(path + strlen(path), 3, "%02x", address[i]);
    snprintf(path + strlen(path), sizeof path - strlen(path), "%s", after);
    must_be(path, http("POST", path, body, &h), status);
    tc_http_free(&h);
}

static void fill_delegation(tc_buf *b, const void *with)
{
    const uint8_t *who = with; /* the prover, its new key */

    tc_bytes(b, 2, who + 20, 20);
    tc_bytes(b, 3, who, 20);
    tc_bytes(b, 4, auction_domain, 32);
    tc_u64(b, 5, 5);
    tc_text(b, 7, "0");
}

static bool told(const char *path, const char *a, const char *b)
{
    tc_http h;
    char *text;
    bool yes;

    MUST(http("GET", path, "", &h) == 200);
    text = strndup((const char *)h.body.data, h.body.len);
    yes = strstr(text, a) && strstr(text, b);
    free(text);
    tc_http_free(&h);
    return yes;
}

/* The vault's auction and its money, as a third party reads them. */
static void check_export(const uint8_t vault[20])
{
    char hex[41] = "";

    for (int i = 0; i < 20; i++)
        snprintf(hex + 2 * i, 3, "%02x", vault[i]);
    AWAIT(told("/api/v1/settlement", hex, "\"paid\""));
    MUST(told("/api/v1/ledger?limit=1000", hex, "\"deposit\""));
    MUST(told("/api/v1/provers", hex, "\"staker_fee_bips\":3000"));
}

static void a_vault_of_another_owner(void)
{
    enum { COST = 2 * GAS + BASE_FEE, SHARE = COST * 3000 / 10000 };
    tc_user user, owner, key, vault;
    uint8_t who[2][20], id[32];
    char body[160] = "{\"staker_fee_bips\":3000,\"owner\":\"0x";
    wish w;

    open_user(&user, 7);
    open_user(&owner, 0x31);
    open_user(&key, 0x32);
    open_user(&vault, 0x33);
    MUST(circuit_register(&small, &user));
    for (int i = 0; i < 20; i++)
        snprintf(body + strlen(body), 3, "%02x", owner.address[i]);
    strcat(body, "\"}");
    to_operator("/api/v1/provers/0x", vault.address, "", body, 200);
    to_operator("/api/v1/accounts/0x", vault.address, "/deposit",
                "{\"amount\":\"5\",\"tx\":\"0xabababababababababababababababab"
                "abababababababababababababababab\"}",
                200);
    memcpy(who[0], vault.address, 20);
    memcpy(who[1], key.address, 20);
    w = new_wish(&user, LONG);
    MUST(ask(&user, &w, id) == 0);
    must_be("the vault's own key", bid(&vault, id, vault.address, "2"), 7);
    must_be("its own key names one",
            signed_call(&vault, "SetDelegation", fill_delegation, who), 7);
    must_be("its owner names one",
            signed_call(&owner, "SetDelegation", fill_delegation, who), 0);
    must_be("its owner no more", bid(&owner, id, vault.address, "2"), 7);
    must_be("its key", bid(&key, id, vault.address, "2"), 0);
    AWAIT(status_of(&user, id) == 2);
    MUST(balance(&user, vault.address) == INITIAL + 5 - 1000000);
    must_be("handed in by its key", fulfill(&key, id, proof), 0);
    MUST(balance(&user, vault.address) == INITIAL + 5 + SHARE);
    MUST(balance(&user, owner.address) == INITIAL + COST - SHARE);
    MUST(balance(&user, user.address) == INITIAL - COST);
    MUST(balance(&user, key.address) == INITIAL);
    check_export(vault.address);
    tc_user_close(&user);
    tc_user_close(&owner);
    tc_user_close(&key);
    tc_user_close(&vault);
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
    w = new_wish(&user, LONG);
    MUST(ask(&user, &w, id) == 0);
    MUST(request_wait(&user, id, &st) == 3);
    MUST(circuit_judge(&small, st.proof_uri));
    check_api(id, "returned");
    MUST(balance(&user, user.address) == INITIAL);
    check_log(&user, user.address);
    tc_user_close(&user);
}

/* ---- the whole ---- */

int main(int argc, char **argv)
{
    char auctioneer[80], executor[80], hex[41];
    uint8_t secret[32] = { [31] = 0x60 };
    provernet_key *key;
    tc_user boss;

    if (argc != 4)
        return 2;
    auction_load(argv);
    start(NULL);
    a_hundred_auctions();
    what_is_said_of_provers();
    those_who_mean_no_good();
    a_killed_server_loses_no_unit();
    end();
    start((const char *const[]){ "--set", "prover.collateral=1000000", NULL });
    a_vault_of_another_owner();
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
    auction_unload();
    return 0;
}
