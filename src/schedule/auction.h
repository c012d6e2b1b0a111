/* schedule/auction.h - what the operations of an auction share with those
 * that end requests. Pure; includes decide.h. */
#ifndef PVN_SCHEDULE_AUCTION_H
#define PVN_SCHEDULE_AUCTION_H
#include "schedule/decide.h"

/* workers.origin of a prover; its name there is 0x and its address. */
#define PVN_PROVER_ORIGIN "prover"

pvn_auction *pvn_need_auction(pvn_cx *cx, const provernet_id *request);
pvn_worker *pvn_need_prover_worker(pvn_cx *cx, const uint8_t prover20[20]);
/* Why it gets nothing now (as a bid would be told): suspended, or too little
 * money for the collateral. Call it in keys too; err may be NULL. */
provernet_status pvn_prover_unfit(pvn_cx *cx, const uint8_t prover20[20],
                                  provernet_error *err);
/* Nothing for it until then; in decide. */
void pvn_prover_suspend(pvn_cx *cx, pvn_prover *p, int64_t until_ms,
                        const char *why);
/* Made when it is not there; needs pvn_need_prover in keys. */
pvn_prover *pvn_prover_use(pvn_cx *cx, const uint8_t prover20[20]);
/* Rows for giving `q` to a winner. */
void pvn_need_assign(pvn_cx *cx, const pvn_request *q,
                     const uint8_t winner20[20]);
void pvn_auction_assign(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                        const uint8_t winner20[20]);
/* until when (ms) the prover gets nothing for wrong proofs; 0: it may. */
int64_t pvn_prover_aside_ms(pvn_cx *cx, const uint8_t prover20[20]);

/* request_submit with terms: does the money suffice; then the row. */
provernet_status pvn_auction_check(pvn_cx *cx, const pvn_terms *t,
                                   const uint8_t requester20[20]);
void pvn_auction_make(pvn_cx *cx, pvn_request *q, pvn_task *task,
                      const pvn_terms *t);

/* ---- hooks of end.c, lease.c, request.c: nothing unless q is auctioned ----
 */
void pvn_need_auction_end(pvn_cx *cx, const pvn_request *q);
void pvn_auction_fulfilled(pvn_cx *cx, pvn_request *q);
void pvn_auction_failed(pvn_cx *cx, pvn_request *q, int64_t cause);
/* The winner's attempt ended without a proof: the task is its again. */
void pvn_auction_again(pvn_cx *cx, pvn_request *q, pvn_task *t,
                       const provernet_id *worker);

/* ---- money (settle.c) ---- */
/* Accounts that get something when it ends. */
void pvn_need_paid(pvn_cx *cx, const pvn_auction *a);
void pvn_auction_end(pvn_cx *cx, pvn_request *q, pvn_auction *a, int64_t state,
                     int64_t settle);
void pvn_auction_give_back(pvn_cx *cx, const pvn_request *q, pvn_auction *a);
void pvn_auction_tx(uint8_t out32[32], const pvn_request *q);
const char *pvn_amount_keep(pvn_cx *cx, const pvn_amount *a);
/* The winner's collateral; pvn_prover_unfit has said that it has so much. */
void pvn_bond_take(pvn_cx *cx, const pvn_request *q, pvn_auction *a,
                   const uint8_t winner20[20]);
/* Zero for NULL and for what is no number. */
pvn_amount pvn_amount_from(const char *text);
/* price x units + fee; false: beyond 2^256. */
bool pvn_cost(pvn_amount *out, const pvn_amount *price, uint64_t units,
              const pvn_amount *fee);
/* Out of what is held: to the treasury; the rest goes back. In decide. */
void pvn_auction_punish(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                        const pvn_amount *punishment);
/* The winner is paid for so many units, the rest goes back. */
void pvn_auction_pay(pvn_cx *cx, pvn_request *q, pvn_auction *a,
                     uint64_t units);

/* ---- tick.c ---- */
void pvn_need_auctions_due(pvn_cx *cx);
bool pvn_auctions_due(pvn_cx *cx);     /* true: look once more */
int64_t pvn_auctions_next(pvn_cx *cx); /* INT64_MAX: none */
#endif
