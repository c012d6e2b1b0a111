/* base/amount.h - amounts of money: whole numbers below 2^256, written in
 * decimal. Pure. Operations that would leave the range change nothing. */
#ifndef PVN_BASE_AMOUNT_H
#define PVN_BASE_AMOUNT_H
#include "base/bytes.h"

enum { PVN_AMOUNT_CHARS = 79 }; /* 78 digits and NUL */
typedef struct pvn_amount {
    uint64_t limb[4]; /* little-endian */
} pvn_amount;

static inline pvn_amount pvn_amount_of(uint64_t v)
{
    pvn_amount a = { { v, 0, 0, 0 } };
    return a;
}
/* Digits only, at least one, leading zeros allowed. false: not such a number
 * (NULL too), or too large; *a is untouched. */
bool pvn_amount_read(pvn_amount *a, const char *text);
char *pvn_amount_text(char out[PVN_AMOUNT_CHARS], const pvn_amount *a);
int pvn_amount_compare(const pvn_amount *a, const pvn_amount *b);
static inline bool pvn_amount_zero(const pvn_amount *a)
{
    return pvn_is_zero(a->limb, sizeof a->limb);
}
/* a += b, a -= b, a *= k; false: overflow, or b is more than a. */
bool pvn_amount_add(pvn_amount *a, const pvn_amount *b);
bool pvn_amount_sub(pvn_amount *a, const pvn_amount *b);
bool pvn_amount_mul(pvn_amount *a, uint64_t k);
/* a /= k, rounded down; the remainder. k is not 0. */
uint64_t pvn_amount_div(pvn_amount *a, uint64_t k);
#endif
