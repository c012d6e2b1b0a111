/* artifact/decoder.c - zstd out of a stored file, window limited. Includes
 * base/ and zstd. */
#include "artifact/store_dir.h"
#include <stdlib.h>

struct pvn_decoder {
    ZSTD_DCtx *zstd;
};

provernet_status pvn_decoder_open(pvn_decoder **out, provernet_error *err)
{
    pvn_decoder *d = calloc(1, sizeof *d);

    *out = NULL;
    if (!d)
        return pvn_nomem(err);
    d->zstd = ZSTD_createDCtx();
    if (!d->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax,
                                            PVN_ZSTD_WINDOW_LOG_MAX))) {
        pvn_decoder_close(d);
        return pvn_nomem(err);
    }
    *out = d;
    return PROVERNET_OK;
}

provernet_status pvn_decoder_step(pvn_decoder *d, const uint8_t *in,
                                  size_t in_len, size_t *used, uint8_t *out,
                                  size_t cap, size_t *got, bool *done,
                                  provernet_error *err)
{
    ZSTD_inBuffer from = { in, in_len, 0 };
    ZSTD_outBuffer to = { out, cap, 0 };
    size_t rc = ZSTD_decompressStream(d->zstd, &to, &from);

    *used = from.pos;
    *got = to.pos;
    *done = rc == 0;
    if (!ZSTD_isError(rc))
        return PROVERNET_OK;
    if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
        return pvn_nomem(err);
    return pvn_fail(err, PROVERNET_ERR_FORMAT, (int)ZSTD_getErrorCode(rc),
                    "the zstd data does not decode: %s", ZSTD_getErrorName(rc));
}

void pvn_decoder_close(pvn_decoder *d)
{
    if (!d)
        return;
    ZSTD_freeDCtx(d->zstd);
    free(d);
}
