/* schedule/bids.h - the operations of an auction: terms, bids, settlement,
 * provers. Part of op.h; any protocol with bids uses them.
 *
 * A request with terms goes to the prover that asks the least. Its worst case
 * (base fee + highest price x most units) is held from the submit on; what it
 * cost is paid when the proof is fulfilled, the rest goes back; all of it goes
 * back when it fails. docs/operations.md has the rules. */
#ifndef PVN_SCHEDULE_BIDS_H
#define PVN_SCHEDULE_BIDS_H
#include "state/rows.h"

/* Beside a request_submit. Prices and fees: whole decimal numbers, NULL: 0. */
typedef struct pvn_terms {
    const char *price_min, *price_max, *base_fee;
    uint64_t price_step; /* prices are multiples of it; 0: any */
    uint64_t units_max;
    int64_t window_ms;   /* bids are taken at least this long */
    int64_t fallback_ms; /* not assigned for that long: our own workers may
                            take it, for nothing; 0: never */
    pvn_bytes whitelist; /* provers that may bid, 20 bytes each; empty: all */
    uint8_t auctioneer20[20]; /* settles; zeros: the server, by itself */
    uint8_t executor20[20];   /* says what it was; zeros: nobody, units_max */
    uint8_t treasury20[20];   /* gets punishments */
} pvn_terms;

/* By id, or by (protocol, name). `by20` signs for the prover. The lowest price
 * wins, the earlier of two equal ones. A prover may lower its bid; the same
 * again is OK. ERR_NOT_FOUND; ERR_INVALID (not open for bids, amount);
 * ERR_PERMISSION (signer, whitelist, prover.allow, suspended); ERR_LIMIT
 * (prover.stake, prover.bids_max). */
typedef struct pvn_op_bid_place {
    provernet_id id;
    int64_t protocol;
    pvn_bytes name;
    uint8_t prover20[20], by20[20];
    const char *amount;
    pvn_bytes signed_bytes;
    /* out */
    bool again, assigned;
} pvn_op_bid_place;

/* The auctioneer names the winner, who must have bid: leased to it until the
 * deadline. The same again is OK. ERR_NOT_FOUND; ERR_PERMISSION (not the
 * auctioneer); ERR_STATE (assigned, window open, no such bid). */
typedef struct pvn_op_auction_settle {
    provernet_id id;
    int64_t protocol;
    pvn_bytes name;
    uint8_t winner20[20], by20[20];
    pvn_bytes signed_bytes; /* kept */
} pvn_op_auction_settle;

/* Who executes says what it was: so many units, or not to be executed (the
 * punishment goes from the requester to the treasury). Only the executor of
 * the terms may; without an auction `executor20` (NULL: nobody). ERR_NOT_FOUND,
 * ERR_PERMISSION, ERR_INVALID, ERR_STATE (said before, or ended). */
typedef struct pvn_op_request_execute {
    provernet_id id;
    int64_t protocol;
    pvn_bytes name;
    uint8_t by20[20];
    const uint8_t *executor20;
    bool possible;
    uint64_t units, cycles;
    const char *punishment; /* NULL: none */
    /* What came out, as it would stand in the request's parameters: if they
     * hold the key, they must hold the whole (NULL: it was not said), else
     * ERR_INVALID. */
    const char *said_key, *said;
    const char *why;
    int64_t code;           /* if impossible: requests.code */
    pvn_bytes signed_bytes; /* kept, of an auction */
} pvn_op_request_execute;

/* Facts about a prover: suspended until (ms; `why`, not in the future: no
 * more), what it says of itself, whose it is (zeros: its own; the new owner
 * signs for it until it names a key) and how much of what it earns stays with
 * it (hundredths of a percent). Who may say so is the caller's to check.
 * ERR_INVALID, ERR_LIMIT. */
typedef struct pvn_op_prover_apply {
    uint8_t prover20[20];
    const int64_t *suspended_ms, *capacity, *share; /* NULL: leave */
    const char *why;
    pvn_bytes info;         /* data NULL: leave */
    const uint8_t *owner20; /* NULL: leave */
} pvn_op_prover_apply;

/* The auction of one request and its bids, earliest first; NULL: none. */
typedef struct pvn_op_read_auction {
    provernet_id id;
    int64_t protocol;
    pvn_bytes name;
    bool bare; /* without the bids */
    const pvn_auction *auction;
    const pvn_request *request;
    const pvn_bid *const *bids;
    size_t bids_len;
} pvn_op_read_auction;
/* Those that could be settled now, earliest first (state OPEN), or that ended
 * in this state since then, newest first; or (state 0) all that ended before
 * `until_ms`, the oldest first, after the one that ended at since_ms with this
 * id. */
typedef struct pvn_op_read_auctions {
    int64_t state, since_ms, until_ms;
    provernet_id after;
    uint32_t limit; /* at most 1000 */
    const pvn_auction *const *auctions;
    const pvn_request *const *requests; /* same index; NULL possible */
    size_t auctions_len;
} pvn_op_read_auctions;
typedef struct pvn_op_read_prover {
    uint8_t prover20[20];
    const pvn_prover *prover;
    const pvn_worker *worker; /* its row there; NULL: it never won */
    uint8_t signer20[20];     /* the key that signs for it */
} pvn_op_read_prover;
typedef struct pvn_op_read_provers {
    uint8_t after20[20];
    uint32_t limit; /* at most 1000 */
    const pvn_prover *const *provers;
    size_t provers_len;
} pvn_op_read_provers;

/* Of an auction that has ended: is the winner's collateral (auctions.bond) the
 * treasury's? */
bool pvn_bond_lost(const pvn_auction *a);

/* Comma separated addresses in any case, with or without 0x; an empty list
 * names `if_empty`. */
bool pvn_address_listed(const char *list, const uint8_t address20[20],
                        bool if_empty);
#endif
