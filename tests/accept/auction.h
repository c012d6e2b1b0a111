/* tests/accept/auction.h - what the auction programs share: the calls of
 * requesters and provers, and the accounts. For tests. */
#ifndef TESTS_AUCTION_H
#define TESTS_AUCTION_H
#include "accept.h"

#define RPC     "/network.ProverNetwork/"
#define INITIAL 1000000000LL
enum { AUCTIONS = 100, NODES = 3, LIARS = 2 /* the node that fails */ };
enum { BID_VARIANT = 1, SETTLE = 2, EXECUTE = 3, FULFILL = 4 };
enum { GAS = 1000, MAX_PRICE = 50, BASE_FEE = 7 };
/* Seconds until a request's deadline, and until its auction closes: never, in
 * these tests, or at once with the first bid. */
enum { LONG = 3600, AT_ONCE = 0 };

extern const uint8_t auction_domain[32];
extern circuit small;
extern char *proof; /* of the circuit, as it is handed in */
extern tc_server server;
extern bool own_worker; /* start the server with one */

/* argv: PROGRAM PROGRAMS KEYGEN VECTORS */
void auction_load(char **argv);
void auction_unload(void);
/* The server with an auction; it keeps port and directory until `end`. */
void start(const char *const *more);
void end(void);
void open_user(tc_user *u, int who); /* the key is this number */

/* ---- calls: the gRPC status ---- */
typedef void (*fill_fn)(tc_buf *body, const void *with);
int signed_with(tc_user *u, const char *rpc, uint64_t nonce, fill_fn fill,
                const void *with);
int signed_call(tc_user *u, const char *rpc, fill_fn fill, const void *with);
void open_call(tc_user *u, const char *rpc, const tc_buf *m, tc_reply *r);
void must_be(const char *what, int got, int want);
/* The decimal text of a field; 0: absent. */
long long number(const void *msg, size_t len, uint32_t field);

typedef struct wish {
    char uri[512];
    uint64_t deadline, gas, window; /* bids are taken so many seconds */
    const char *max_price, *base_fee;
    const uint8_t *only, *auctioneer, *executor;
    const uint8_t *program; /* NULL: the circuit */
    int mode;               /* 0: Groth16 */
} wish;
/* With a deadline in so many seconds, and a window of three seconds. */
wish new_wish(tc_user *u, uint64_t seconds);
int ask(tc_user *u, const wish *w, uint8_t id32[32]);

typedef struct offer {
    uint8_t id[32], prover[20];
    char amount[80];
    const uint8_t *domain; /* NULL: the right one */
    int variant;
} offer;
void fill_bid(tc_buf *b, const void *with);    /* an offer */
void fill_settle(tc_buf *b, const void *with); /* an offer: its prover wins */
void fill_id(tc_buf *b, const void *with);
void fill_execute(tc_buf *b, const void *with); /* an id: all its gas */
void fill_suspend(tc_buf *b, const void *with); /* an address: for an hour */
int bid(tc_user *u, const uint8_t id[32], const uint8_t prover[20],
        const char *amount);
int fulfill_with(tc_user *u, uint64_t nonce, const uint8_t id[32],
                 const char *bytes);
int fulfill(tc_user *u, const uint8_t id[32], const char *bytes);

/* ---- accounts ---- */
long long balance(tc_user *u, const uint8_t address[20]);
/* All pages of an account's log add up to what its balance changed by. */
void check_log(tc_user *u, const uint8_t address[20]);
typedef struct sums {
    int fulfilled, failed, unsold;
    long long paid[NODES];
} sums;
/* Add what a request cost by its own rules; its winner is one of these, and
 * the last of them earns nothing. */
void account_for(tc_user *u, const uint8_t id[32], uint8_t prover[NODES][20],
                 sums *s);
/* Is it paid for or given back? */
bool is_over(const uint8_t id[32]);
uint64_t status_of(tc_user *u, const uint8_t id[32]);
bool is_suspended(tc_user *u, const uint8_t prover[20]);
/* Wait until all are over. What the liar alone may prove waits for ever once it
 * is suspended: it is taken back. */
void await_all(tc_user *u, uint8_t id[][32], int n, const uint8_t liar[20]);
/* The i-th of AUCTIONS: each node has customers of its own, so that each wins
 * some however the machine deals with them. */
const uint8_t *customers_node(int i, uint8_t node[NODES][20]);
#endif
