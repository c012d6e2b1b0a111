/* ws_frame_fuzz.c - WebSocket frames: read or refused, and the same whether
 * the bytes come at once or one by one.
 * parts: base */
#include "../../examples/provernet/net/ws_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash;
    size_t events, bytes;
    unsigned code;
};

static void note(struct seen *s, const uint8_t *p, size_t len, unsigned word)
{
    for (size_t i = 0; i < len; i++)
        s->hash = (s->hash ^ p[i]) * 0x100000001b3u;
    s->hash = (s->hash ^ word) * 0x100000001b3u;
}

/* 0: the reader is through with it. */
static int take(struct ws_reader *r, uint8_t *p, size_t len, struct seen *s)
{
    while (len) {
        const uint8_t *piece;
        size_t used, n;
        enum ws_event e = ws_feed(r, p, len, &used, &piece, &n);
        if (used > len || (e == WS_EVENT_NONE && used != len))
            abort();
        p += used;
        len -= used;
        if (e == WS_EVENT_DATA) { /* pieces differ, their bytes do not */
            if (n == 0 || (r->message != WS_TEXT && r->message != WS_BINARY))
                abort();
            s->bytes += n;
            for (size_t i = 0; i < n; i++)
                note(s, piece + i, 1, 0);
        } else if (e != WS_EVENT_NONE) {
            if (n > WS_CONTROL_MAX)
                abort();
            s->events++;
            note(s, piece, n, (unsigned)e);
        }
        if (e == WS_EVENT_BAD || e == WS_EVENT_CLOSING) {
            s->code = r->code;
            return 0;
        }
        if (e == WS_EVENT_END && (r->ended < 1 || r->ended > 2))
            abort();
    }
    return 1;
}

static void heads(const uint8_t *data, size_t size)
{
    uint8_t out[WS_HEAD_MAX + WS_CONTROL_MAX];
    char text[200];
    uint64_t len = 0;
    size_t n;

    if (size < 9)
        return;
    memcpy(&len, data, 8);
    n = ws_head(out, WS_BINARY, true, len);
    if (n < 2 || n > WS_HEAD_MAX)
        abort();
    n = size < sizeof text ? size : sizeof text - 1;
    memcpy(text, data, n);
    text[n] = 0;
    n = ws_close(out, 1000, text);
    if (n < 4 || n > 2 + WS_CONTROL_MAX || (size_t)(out[1] & 0x7f) + 2 != n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *a = malloc(size + 1), *b = malloc(size + 1);
    struct ws_reader whole = { 0 }, single = { 0 };
    struct seen x = { 0 }, y = { 0 };

    if (a && b && size) {
        memcpy(a, data, size);
        memcpy(b, data, size);
        take(&whole, a, size, &x);
        for (size_t i = 0; i < size && take(&single, b + i, 1, &y); i++)
            ;
        /* A text that is no UTF-8 is refused at the piece that shows it. */
        if (x.code != y.code || x.events != y.events ||
            (x.code != 1007 && (x.bytes != y.bytes || x.hash != y.hash)))
            abort();
        heads(data, size);
    }
    free(a);
    free(b);
    return 0;
}
