/* net/sp_frame.c - see sp_frame.h. Includes nothing else of this program. */
#include "sp_frame.h"

#include <string.h>

/* Zero, "SP", version 0, the protocol (16 bits), zero (16 bits). */
enum { PROTOCOL_REQ = 0x30, PROTOCOL_REP = 0x31 };

const uint8_t sp_greeting[SP_GREETING] = {
    0, 'S', 'P', 0, 0, PROTOCOL_REP, 0, 0
};
static const uint8_t greeting_in[SP_GREETING] = { 0, 'S',          'P', 0,
                                                  0, PROTOCOL_REQ, 0,   0 };

enum stage { GREETING, LENGTH, WORDS, BODY, ENDED, BAD };

/* Fill r->head; false: bytes are missing. */
static bool fill_head(struct sp_reader *r, const uint8_t *in, size_t len,
                      size_t *used)
{
    size_t n = sizeof r->head - r->head_len;

    if (n > len - *used)
        n = len - *used;
    memcpy(r->head + r->head_len, in + *used, n);
    r->head_len = (uint8_t)(r->head_len + n);
    *used += n;
    return r->head_len == sizeof r->head;
}

/* One byte of the words. The last word is the one with its high bit set. */
static uint8_t word_byte(struct sp_reader *r, uint8_t byte)
{
    r->words[r->words_len++] = byte;
    r->left--;
    if (r->words_len % 4 == 0 && r->words[r->words_len - 4] & 0x80)
        return BODY;
    return r->left && r->words_len < SP_WORDS_MAX ? WORDS : BAD;
}

static uint8_t length_known(struct sp_reader *r)
{
    r->left = 0;
    for (size_t i = 0; i < sizeof r->head; i++)
        r->left = r->left << 8 | r->head[i];
    r->head_len = r->words_len = 0;
    return r->left < 4 || r->left > SP_MESSAGE_MAX ? BAD : WORDS;
}

enum sp_event sp_feed(struct sp_reader *r, const uint8_t *in, size_t len,
                      size_t *used, const uint8_t **data, size_t *data_len)
{
    *used = *data_len = 0;
    *data = in;
    if (r->stage == GREETING && fill_head(r, in, len, used)) {
        r->stage = !memcmp(r->head, greeting_in, SP_GREETING) ? LENGTH : BAD;
        r->head_len = 0;
    }
    if (r->stage == ENDED)
        r->stage = LENGTH;
    if (r->stage == LENGTH && fill_head(r, in, len, used))
        r->stage = length_known(r);
    while (r->stage == WORDS && *used < len) {
        r->stage = word_byte(r, in[(*used)++]);
        if (r->stage == BODY)
            return SP_EVENT_BEGIN;
    }
    if (r->stage == BAD)
        return SP_EVENT_BAD;
    if (r->stage != BODY)
        return SP_EVENT_NONE;
    if (r->left == 0) {
        r->stage = ENDED;
        return SP_EVENT_END;
    }
    *data = in + *used;
    *data_len = len - *used < r->left ? len - *used : (size_t)r->left;
    *used += *data_len;
    r->left -= *data_len;
    return *data_len ? SP_EVENT_DATA : SP_EVENT_NONE;
}

bool sp_unfinished(const struct sp_reader *r)
{
    return r->stage == GREETING || r->stage == WORDS || r->stage == BODY ||
           r->head_len > 0;
}

size_t sp_head(uint8_t out[SP_HEAD_MAX], const uint8_t *words, size_t words_len,
               uint64_t len)
{
    len += words_len;
    for (size_t i = 8; i-- > 0; len >>= 8)
        out[i] = (uint8_t)len;
    memcpy(out + 8, words, words_len);
    return 8 + words_len;
}
