/* base/buf.c - see buf.h. */
#include "base/buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool pvn_buf_reserve(pvn_buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 256;
    uint8_t *data;

    if (b->failed)
        return false;
    if (b->cap - b->len >= more)
        return true;
    while (cap - b->len < more) {
        if (cap > SIZE_MAX / 2) {
            b->failed = true;
            return false;
        }
        cap *= 2;
    }
    data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

bool pvn_buf_add(pvn_buf *b, const void *data, size_t len)
{
    if (!pvn_buf_reserve(b, len))
        return false;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    return true;
}

bool pvn_buf_text(pvn_buf *b, const char *text)
{
    return pvn_buf_add(b, text, strlen(text));
}

bool pvn_buf_format(pvn_buf *b, const char *fmt, ...)
{
    char text[256];
    va_list ap, again;
    int n;
    bool ok = false;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(text, sizeof text, fmt, ap);
    if (n >= 0 && (size_t)n < sizeof text) {
        ok = pvn_buf_add(b, text, (size_t)n);
    } else if (n >= 0 && pvn_buf_reserve(b, (size_t)n + 1)) {
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
        ok = true;
    }
    va_end(again);
    va_end(ap);
    return ok;
}

/* Length of the valid UTF-8 sequence at p, or 0. */
static size_t utf8_len(const uint8_t *p, size_t len)
{
    size_t need = p[0] < 0x80   ? 1
                  : p[0] < 0xc2 ? 0
                  : p[0] < 0xe0 ? 2
                  : p[0] < 0xf0 ? 3
                  : p[0] < 0xf5 ? 4
                                : 0;

    if (need == 0 || need > len)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return need;
}

bool pvn_buf_json(pvn_buf *b, const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;

    pvn_buf_text(b, "\"");
    for (size_t i = 0; i < len;) {
        size_t n = utf8_len(p + i, len - i);

        if (n == 0) {
            pvn_buf_text(b, "\\ufffd");
            i++;
        } else if (p[i] == '"' || p[i] == '\\') {
            pvn_buf_format(b, "\\%c", p[i]);
            i++;
        } else if (p[i] < 0x20 || p[i] == 0x7f) {
            pvn_buf_format(b, "\\u%04x", p[i]);
            i++;
        } else {
            pvn_buf_add(b, p + i, n);
            i += n;
        }
    }
    return pvn_buf_text(b, "\"");
}

void pvn_buf_eat(pvn_buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

void pvn_buf_free(pvn_buf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}
