/* base/bytes.c - see bytes.h. */
#include "base/bytes.h"

bool pvn_bytes_equal(pvn_bytes a, pvn_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool pvn_is_zero(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= p[i];
    return any == 0;
}

char *pvn_hex(char *out, const void *data, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digit[p[i] >> 4];
        out[2 * i + 1] = digit[p[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

/* 0 to 15, or more. Digits and letters are mixed at random: no branches. */
static unsigned nibble(char c)
{
    unsigned digit = (unsigned char)c - (unsigned)'0';
    unsigned letter = ((unsigned char)c | 0x20u) - (unsigned)'a';
    unsigned high = letter < 6 ? letter + 10 : 16;

    return digit < 10 ? digit : high;
}

bool pvn_unhex(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    unsigned all = 0;

    if (text_len >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        text += 2;
        text_len -= 2;
    }
    if (text_len != 2 * len)
        return false;
    for (size_t i = 0; i < text_len; i++)
        all |= nibble(text[i]);
    if (all > 15)
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    return true;
}
