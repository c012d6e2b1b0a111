// parts: artifact base
/* tests/fuzz/put_fuzz.c - an upload of any bytes in pieces of any size: what
 * is called zstd decodes to exactly what was measured. */
#include "artifact/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pvn_store *store;

static char dir[] = "/tmp/pvn_put_fuzz_XXXXXX";

static void remove_store(void)
{
    char path[64];

    pvn_store_close(store);
    for (int i = -1; i < 256; i++) {
        if (i < 0)
            snprintf(path, sizeof path, "%s/tmp", dir);
        else
            snprintf(path, sizeof path, "%s/%02x", dir, (unsigned)i);
        rmdir(path);
    }
    rmdir(dir);
}

static void open_store(void)
{
    static pvn_env env;

    pvn_env_init(&env, NULL);
    /* all in memory: the disk is not what is tested here */
    if (!mkdtemp(dir) ||
        pvn_store_open(&store, dir, 8 << 20, 8 << 20, &env, NULL) != 0)
        abort();
    atexit(remove_store);
}

/* Decode the content again, the way it is read. */
static void check_zstd(const pvn_facts *f)
{
    pvn_decoder *d;
    uint64_t raw = 0;
    size_t at = 0;
    bool done = false;
    static uint8_t out[65536];

    if (pvn_decoder_open(&d, NULL) != 0)
        abort();
    while (!done) {
        size_t used, got;

        if (pvn_decoder_step(d, f->content + at, (size_t)f->bytes - at, &used,
                             out, sizeof out, &got, &done, NULL) != 0)
            abort();
        at += used;
        raw += got;
        if (!used && !got && !done)
            abort();
    }
    if (at != f->bytes || raw != f->raw_bytes)
        abort();
    pvn_decoder_close(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pvn_put *put;
    pvn_facts facts;
    provernet_status s;
    size_t piece;

    if (!store)
        open_store();
    if (len < 1)
        return 0;
    piece = (size_t)data[0] * 16 + 1; /* the first byte says how to cut */
    data++;
    len--;
    if (pvn_put_open(store, &put, NULL) != 0)
        return 0;
    s = PROVERNET_OK;
    for (size_t at = 0; at < len && !s; at += piece)
        s = pvn_put_write(put, data + at, len - at < piece ? len - at : piece,
                          NULL);
    if (!s && (s = pvn_put_end(put, &facts, NULL)) == 0) {
        if (facts.bytes != len || !facts.content)
            abort();
        if (facts.encoding == 1)
            check_zstd(&facts);
        else if (facts.raw_bytes != len)
            abort();
    }
    if (s && s != PROVERNET_ERR_LIMIT && s != PROVERNET_ERR_NOMEM)
        abort();
    pvn_put_close(put);
    return 0;
}
