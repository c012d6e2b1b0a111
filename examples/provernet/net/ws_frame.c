/* net/ws_frame.c - see ws_frame.h. */
#include "ws_frame.h"

#include <string.h>

/* ---- UTF-8: state = continuation bytes still to come, and the allowed range
 * of the next one in the upper bytes (RFC 3629) ---- */

static bool utf8_first(uint32_t *s, uint8_t b)
{
    uint32_t left, low = 0x80, high = 0xbf;

    if (b < 0x80)
        return true;
    if (b < 0xc2 || b > 0xf4)
        return false;
    left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
    if (b == 0xe0)
        low = 0xa0;
    else if (b == 0xed)
        high = 0x9f;
    else if (b == 0xf0)
        low = 0x90;
    else if (b == 0xf4)
        high = 0x8f;
    *s = left | low << 8 | high << 16;
    return true;
}

bool ws_utf8(uint32_t *s, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (*s == 0) {
            if (!utf8_first(s, p[i]))
                return false;
            continue;
        }
        if (p[i] < (*s >> 8 & 0xff) || p[i] > *s >> 16)
            return false;
        *s = (*s & 0xff) > 1 ? ((*s & 0xff) - 1) | 0x80u << 8 | 0xbfu << 16 : 0;
    }
    return true;
}

/* ---- reading ---- */

static enum ws_event bad(struct ws_reader *r, uint16_t code)
{
    r->bad = true;
    r->code = code;
    return WS_EVENT_BAD;
}

static size_t head_need(const uint8_t *head)
{
    size_t len = head[1] & 0x7f;

    return 2 + (len == 126 ? 2u : len == 127 ? 8u : 0u) + 4;
}

/* The head is whole: what frame is it, and may it come now? 0 or a code. */
static uint16_t check_head(struct ws_reader *r)
{
    uint8_t opcode = r->head[0] & 15, small = r->head[1] & 0x7f;
    size_t at = 2;

    r->fin = r->head[0] & 0x80;
    r->left = small;
    if (small >= 126) {
        r->left = 0;
        for (size_t n = small == 126 ? 2 : 8; n > 0; n--)
            r->left = r->left << 8 | r->head[at++];
        if (r->left >> 63 || r->left < (small == 126 ? 126u : 65536u))
            return 1002; /* not the shortest form */
    }
    memcpy(r->mask, r->head + at, 4);
    r->mask_at = 0;
    r->opcode = opcode;
    if (opcode >= 8) {
        r->control_len = 0;
        return r->fin && r->left <= WS_CONTROL_MAX ? 0 : 1002;
    }
    if ((opcode == 0) == (r->message == 0))
        return 1002; /* a message in a message, or the rest of none */
    if (opcode) {
        r->message = opcode;
        r->utf8 = 0;
    }
    return 0;
}

/* The first two bytes tell most; no need to wait for the others. */
static uint16_t check_start(const uint8_t *head, size_t len)
{
    uint8_t opcode = head[0] & 15;

    if (head[0] & 0x70 || (opcode > 2 && opcode < 8) || opcode > 10)
        return 1002;
    return len > 1 && !(head[1] & 0x80) ? 1002 : 0; /* clients mask */
}

static bool close_code_ok(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
            code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static enum ws_event closing(struct ws_reader *r)
{
    uint32_t state = 0;
    unsigned code;

    r->code = 1005;
    if (r->control_len == 0)
        return WS_EVENT_CLOSING;
    if (r->control_len == 1)
        return bad(r, 1002);
    code = (unsigned)r->control[0] << 8 | r->control[1];
    if (!close_code_ok(code))
        return bad(r, 1002);
    if (!ws_utf8(&state, r->control + 2, r->control_len - 2u) || state)
        return bad(r, 1007);
    r->code = (uint16_t)code;
    return WS_EVENT_CLOSING;
}

/* All payload of the frame is there. */
static enum ws_event frame_end(struct ws_reader *r, const uint8_t **data,
                               size_t *data_len)
{
    r->in_frame = false;
    r->head_len = 0;
    switch (r->opcode) {
    case WS_CLOSE:
        return closing(r);
    case WS_PING:
        *data = r->control;
        *data_len = r->control_len;
        return WS_EVENT_PING;
    case WS_PONG:
        return WS_EVENT_PONG;
    default:
        break;
    }
    if (!r->fin)
        return WS_EVENT_NONE;
    if (r->message == WS_TEXT && r->utf8)
        return bad(r, 1007);
    r->ended = r->message;
    r->message = 0;
    return WS_EVENT_END;
}

static void unmask(struct ws_reader *r, uint8_t *p, size_t len)
{
    uint8_t key[8];
    uint64_t wide;

    for (size_t i = 0; i < 8; i++)
        key[i] = r->mask[(r->mask_at + i) & 3];
    memcpy(&wide, key, 8);
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        word ^= wide;
        memcpy(p, &word, 8);
    }
    for (size_t i = 0; i < len; i++)
        p[i] ^= key[i];
    r->mask_at = (uint8_t)((r->mask_at + len) & 3);
}

/* Collect the head. 1: it is whole; 0: not yet; -1: it is bad. */
static int take_head(struct ws_reader *r, const uint8_t *in, size_t len,
                     size_t *used)
{
    while (*used < len) {
        uint16_t code;
        r->head[r->head_len++] = in[(*used)++];
        code = r->head_len <= 2 ? check_start(r->head, r->head_len) : 0;
        if (code) {
            bad(r, code);
            return -1;
        }
        if (r->head_len >= 2 && r->head_len == head_need(r->head)) {
            code = check_head(r);
            if (code)
                bad(r, code);
            r->in_frame = true;
            return code ? -1 : 1;
        }
    }
    return 0;
}

enum ws_event ws_feed(struct ws_reader *r, uint8_t *in, size_t len,
                      size_t *used, const uint8_t **data, size_t *data_len)
{
    enum ws_event e;

    *used = 0;
    *data_len = 0;
    *data = in;
    if (r->bad)
        return WS_EVENT_BAD;
    for (;;) {
        size_t n;
        if (!r->in_frame) {
            int rc = take_head(r, in, len, used);
            if (rc <= 0)
                return rc < 0 ? WS_EVENT_BAD : WS_EVENT_NONE;
        }
        n = len - *used < r->left ? len - *used : (size_t)r->left;
        if (n) {
            uint8_t *p = in + *used;
            unmask(r, p, n);
            r->left -= n;
            *used += n;
            if (r->opcode < 8) {
                if (r->message == WS_TEXT && !ws_utf8(&r->utf8, p, n))
                    return bad(r, 1007);
                *data = p;
                *data_len = n;
                return WS_EVENT_DATA;
            }
            memcpy(r->control + r->control_len, p, n);
            r->control_len = (uint8_t)(r->control_len + n);
        }
        if (r->left)
            return WS_EVENT_NONE;
        e = frame_end(r, data, data_len);
        if (e != WS_EVENT_NONE)
            return e;
    }
}

bool ws_unfinished(const struct ws_reader *r)
{
    return r->head_len || r->in_frame || r->message;
}

/* ---- writing ---- */

size_t ws_head(uint8_t out[WS_HEAD_MAX], unsigned opcode, bool fin,
               uint64_t len)
{
    size_t n = 2, bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

    out[0] = (uint8_t)(opcode | (fin ? 0x80u : 0u));
    out[1] = (uint8_t)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
    while (bytes-- > 0)
        out[n++] = (uint8_t)(len >> (8 * bytes));
    return n;
}

size_t ws_close(uint8_t out[WS_HEAD_MAX + WS_CONTROL_MAX], unsigned code,
                const char *reason)
{
    size_t len = strlen(reason), n;

    if (len > WS_CONTROL_MAX - 2)
        len = WS_CONTROL_MAX - 2;
    while (len > 0 && ((uint8_t)reason[len] & 0xc0) == 0x80)
        len--; /* no half character */
    if (code == 1005)
        return ws_head(out, WS_CLOSE, true, 0);
    n = ws_head(out, WS_CLOSE, true, len + 2);
    out[n++] = (uint8_t)(code >> 8);
    out[n++] = (uint8_t)code;
    memcpy(out + n, reason, len);
    return n + len;
}
