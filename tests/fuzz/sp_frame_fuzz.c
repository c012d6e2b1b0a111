/* sp_frame_fuzz.c - what nng's sockets say: read or refused, and the same
 * whether the bytes come at once or one by one; a head that we write for a
 * question is read back as one.
 * parts: base */
#include "../../examples/provernet/net/sp_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash;
    size_t begins, ends, bytes;
    int bad;
};

static void note(struct seen *s, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        s->hash = (s->hash ^ p[i]) * 0x100000001b3u;
}

/* Write the answer's head to what was asked, then read it as a question. */
static void answer(const struct sp_reader *asked)
{
    static const uint8_t hello[SP_GREETING] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
    uint8_t out[SP_GREETING + SP_HEAD_MAX + 3] = { 0 };
    struct sp_reader r = { 0 };
    const uint8_t *piece;
    size_t used, n, len;

    memcpy(out, hello, sizeof hello);
    len = SP_GREETING +
          sp_head(out + SP_GREETING, asked->words, asked->words_len, 3);
    if (sp_feed(&r, out, len + 3, &used, &piece, &n) != SP_EVENT_BEGIN ||
        used != len || r.left != 3 || r.words_len != asked->words_len ||
        memcmp(r.words, asked->words, r.words_len) != 0)
        abort();
}

/* 0: the reader is through with it. */
static int take(struct sp_reader *r, const uint8_t *p, size_t len,
                struct seen *s)
{
    for (;;) {
        const uint8_t *piece;
        size_t used, n;
        enum sp_event e = sp_feed(r, p, len, &used, &piece, &n);
        if (used > len || n > used || (e == SP_EVENT_NONE && used != len) ||
            (e == SP_EVENT_DATA && !n))
            abort();
        p += used;
        len -= used;
        if (e == SP_EVENT_NONE)
            return 1;
        if (e == SP_EVENT_DATA) {
            s->bytes += n;
            note(s, piece, n);
        } else if (e == SP_EVENT_BEGIN) {
            s->begins++;
            note(s, r->words, r->words_len);
            if (r->words_len < 4 || r->words_len % 4 ||
                r->left > SP_MESSAGE_MAX)
                abort();
            answer(r);
        } else if (e == SP_EVENT_END) {
            s->ends++;
            note(s, (const uint8_t *)"e", 1);
        } else {
            s->bad = 1;
            return 0;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_reader whole = { 0 }, single = { 0 };
    struct seen x = { 0 }, y = { 0 };

    take(&whole, data, size, &x);
    for (size_t i = 0; i < size && take(&single, data + i, 1, &y); i++)
        ;
    if (x.bad != y.bad || x.begins != y.begins || x.ends != y.ends ||
        x.bytes != y.bytes || x.hash != y.hash ||
        sp_unfinished(&whole) != sp_unfinished(&single))
        abort();
    return 0;
}
