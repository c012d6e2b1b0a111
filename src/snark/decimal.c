/* snark/decimal.c - see decimal.h. Includes base/ only. */
#include "snark/decimal.h"

enum { LIMBS = 9, MAX_DIGITS = 78, CHUNK = 9 }; /* 288 bits hold 78 digits */

const uint8_t pvn_bn254_q_be32[32] = { 0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0,
                                       0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81,
                                       0x58, 0x5d, 0x97, 0x81, 0x6a, 0x91, 0x68,
                                       0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16,
                                       0xd8, 0x7c, 0xfd, 0x47 };
const uint8_t pvn_bn254_r_be32[32] = { 0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0,
                                       0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81,
                                       0x58, 0x5d, 0x28, 0x33, 0xe8, 0x48, 0x79,
                                       0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93,
                                       0xf0, 0x00, 0x00, 0x01 };

size_t pvn_decimal_write(char out[PVN_DECIMAL_CAP], const uint8_t be32[32])
{
    char digits[9 * CHUNK];
    uint32_t limb[8];
    size_t n = 0;

    for (int i = 0; i < 8; i++)
        limb[i] = pvn_get_u32be(be32 + 4 * i);
    while (n < sizeof digits) { /* nine digits at a time, lowest first */
        uint64_t rest = 0;

        for (int i = 0; i < 8; i++) {
            rest = rest << 32 | limb[i];
            limb[i] = (uint32_t)(rest / 1000000000);
            rest %= 1000000000;
        }
        for (int i = 0; i < CHUNK; i++, rest /= 10)
            digits[n++] = (char)('0' + rest % 10);
    }
    while (n > 1 && digits[n - 1] == '0')
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = 0;
    return n;
}

bool pvn_decimal_read(uint8_t be32[32], const char *text, size_t len,
                      const uint8_t modulus_be32[32])
{
    uint32_t limb[LIMBS] = { 0 }; /* lowest first */
    uint8_t out[32];

    if (len == 0 || len > MAX_DIGITS)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint64_t carry;

        if (text[i] < '0' || text[i] > '9')
            return false;
        carry = (uint64_t)(text[i] - '0');
        for (int k = 0; k < LIMBS; k++) {
            carry += (uint64_t)limb[k] * 10;
            limb[k] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    if (limb[8])
        return false;
    for (int k = 0; k < 8; k++)
        pvn_put_u32be(out + 4 * k, limb[7 - k]);
    if (memcmp(out, modulus_be32, 32) >= 0)
        return false;
    memcpy(be32, out, 32);
    return true;
}
