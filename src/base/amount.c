/* base/amount.c - see amount.h. Includes base/ only. */
#include "base/amount.h"

__extension__ typedef unsigned __int128 wide;

bool pvn_amount_mul(pvn_amount *a, uint64_t k)
{
    pvn_amount out;
    wide carry = 0;

    for (int i = 0; i < 4; i++) {
        carry += (wide)a->limb[i] * k;
        out.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0)
        return false;
    *a = out;
    return true;
}

bool pvn_amount_add(pvn_amount *a, const pvn_amount *b)
{
    pvn_amount out;
    wide carry = 0;

    for (int i = 0; i < 4; i++) {
        carry += (wide)a->limb[i] + b->limb[i];
        out.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0)
        return false;
    *a = out;
    return true;
}

int pvn_amount_compare(const pvn_amount *a, const pvn_amount *b)
{
    for (int i = 3; i >= 0; i--)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

bool pvn_amount_sub(pvn_amount *a, const pvn_amount *b)
{
    uint64_t borrow = 0;

    if (pvn_amount_compare(a, b) < 0)
        return false;
    for (int i = 0; i < 4; i++) {
        wide less = (wide)b->limb[i] + borrow;

        borrow = a->limb[i] < less;
        a->limb[i] = (uint64_t)(a->limb[i] - less);
    }
    return true;
}

uint64_t pvn_amount_div(pvn_amount *a, uint64_t k)
{
    wide rest = 0;

    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | a->limb[i];
        a->limb[i] = (uint64_t)(rest / k);
        rest %= k;
    }
    return (uint64_t)rest;
}

bool pvn_amount_read(pvn_amount *a, const char *text)
{
    pvn_amount sum = { { 0 } };

    if (!text || !*text)
        return false;
    for (; *text; text++) {
        pvn_amount digit;

        if (*text < '0' || *text > '9')
            return false;
        digit = pvn_amount_of((uint64_t)(*text - '0'));
        if (!pvn_amount_mul(&sum, 10) || !pvn_amount_add(&sum, &digit))
            return false;
    }
    *a = sum;
    return true;
}

char *pvn_amount_text(char out[PVN_AMOUNT_CHARS], const pvn_amount *a)
{
    char digits[PVN_AMOUNT_CHARS];
    pvn_amount left = *a;
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + (int)pvn_amount_div(&left, 10));
    while (!pvn_amount_zero(&left));
    memcpy(out, digits + at, sizeof digits - at);
    out[sizeof digits - at] = '\0';
    return out;
}
