/* http1_fuzz.c - heads and chunked bodies: read or refused, the same whether
 * the bytes come at once or in two parts.
 * parts: base */
#include "../../examples/provernet/net/http1_head.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void head(const uint8_t *data, size_t size)
{
    static struct h1_head h;
    char *copy = malloc(size ? size : 1);
    long n;

    if (!copy)
        return;
    memcpy(copy, data, size);
    n = h1_head_parse(&h, copy, size);
    if (n > (long)size)
        abort();
    if (n > 0) {
        if (!http_target_ok(h.path) || (h.chunked && h.content_length >= 0))
            abort();
        for (size_t i = 0; i < h.fields_len; i++)
            if (strchr(h.fields[i].name, ' ') ||
                strpbrk(h.fields[i].value, "\r\n"))
                abort();
    }
    free(copy);
}

/* The number of body bytes, or -1; in parts of `step`. */
static long body(const uint8_t *data, size_t size, size_t step)
{
    struct h1_chunks c = { 0 };
    size_t at = 0, end;
    long total = 0;

    while (at < size) {
        const uint8_t *p;
        size_t used, n;
        int rc;
        end = at + step < size ? at + step : size;
        rc = h1_chunks_feed(&c, data + at, end - at, &used, &p, &n);
        total += (long)n;
        if (rc < 0)
            return -1;
        if (rc == 1)
            return total;
        if (used == 0 || used > end - at)
            abort();
        at += used;
    }
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    head(data, size);
    if (body(data, size, 1) != body(data, size, size ? size : 1))
        abort();
    return 0;
}
