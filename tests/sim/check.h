/* tests/sim/check.h - what must hold in the database after every commit. */
#ifndef PVN_TESTS_CHECK_H
#define PVN_TESTS_CHECK_H
#include "sim/mem_state.h"

/* NULL: all is well; else a sentence in `buf`. */
const char *check_rows(const mem_state *m, char *buf, size_t cap);
/* Every account has what it began with and what its log says; and money is
 * neither made nor lost: balances and what auctions hold add up, to the unit,
 * to what all accounts began with. */
const char *check_money(const mem_state *m, const char *initial, char *buf,
                        size_t cap);
#endif
