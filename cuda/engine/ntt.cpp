/* cuda/engine/ntt.cpp - transforms as launches. */
#include "engine.h"
#include <string.h>

namespace pvn
{

enum { UPPER_BITS = 8 };

/* eta of order 2^(log_n + 1) and what the kernel needs of it. */
int eta_table(Context *c, void *stream, Fr *eta, uint32_t log_n, Error *e)
{
    Powers::Args a;
    Fr root = root_of_unity();

    for (uint32_t k = ROOT_LOG; k > log_n + 1; k--)
        root = sqr(root);
    a.out = eta;
    a.n = (uint64_t)1 << log_n;
    for (int k = 0; k <= ROOT_LOG; k++, root = sqr(root))
        a.squares[k] = root;
    PVN_LAUNCH(c, e, KERNEL_POWERS,
               blocks_for(a.n, (uint64_t)Powers::EACH * Powers::threads), a,
               stream);
    return 0;
}

Fr one_over(uint64_t n)
{
    Fr v = Fr::zero();

    v.l[0] = (uint32_t)n;
    v.l[1] = (uint32_t)(n >> 32);
    return inverse(from_plain(v));
}

static int pass(Context *c, void *stream, NttArgs a, uint32_t batch, bool dif,
                Error *e)
{
    a.wide = TILE_LOG - a.bits;
    if (a.wide > a.low)
        a.wide = a.low;
    a.tiles = 1u << (a.log_n - a.bits - a.wide);
    PVN_LAUNCH(c, e, dif ? KERNEL_NTT_DIF : KERNEL_NTT_DIT,
               (uint64_t)a.tiles * batch, a, stream);
    return 0;
}

int ntt_passes(Context *c, void *stream, Fr *data, const Fr *eta,
               uint32_t log_n, uint32_t batch, bool dif, bool inverse, Error *e)
{
    uint32_t bottom = log_n < TILE_LOG ? log_n : (uint32_t)TILE_LOG;
    uint32_t rest = log_n - bottom,
             uppers = (rest + UPPER_BITS - 1) / UPPER_BITS;
    uint32_t low[8] = { 0 }, bits[8] = { bottom }, count = 1;
    NttArgs a = { data, eta, log_n, 0, 0, 0, 0, inverse };

    if (log_n == 0)
        return 0;
    for (uint32_t at = bottom; uppers > 0; uppers--) {
        low[count] = at;
        bits[count] = (log_n - at + uppers - 1) / uppers;
        at += bits[count++];
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = dif ? count - 1 - i : i; /* from the top, or from below */
        int status;
        a.low = low[k];
        a.bits = bits[k];
        status = pass(c, stream, a, batch, dif, e);
        if (status)
            return status;
    }
    return 0;
}

static int ntt_on(Context *c, uint8_t *values, uint32_t log_n, bool inverse,
                  Error *e)
{
    uint64_t n = (uint64_t)1 << log_n;
    void *s = c->stream[0];
    Arena a = { nullptr, 0, false };
    Fr *data, *eta;
    int status;

    (void)a.take<Fr>(n);
    (void)a.take<Fr>(n);
    unstage(c);
    status = scratch_grow(c, a.used, 64, e);
    if (status)
        return status;
    arena_open(&a, c, c->scratch, c->scratch_bytes);
    data = a.take<Fr>(n);
    eta = a.take<Fr>(n);
    PVN_COPY(c, e, data, values, n * sizeof(Fr), s);
    status = eta_table(c, s, eta, log_n, e);
    if (!status)
        status = ntt_passes(c, s, data, eta, log_n, 1, true, inverse, e);
    if (status)
        return status;
    if (inverse) {
        Shift::Args shift = { data, nullptr, one_over(n), n, log_n };
        PVN_LAUNCH(c, e, KERNEL_SHIFT, blocks_for(n, Shift::threads), shift, s);
    }
    BitReverse::Args reverse = { data, n, log_n };
    PVN_LAUNCH(c, e, KERNEL_BIT_REVERSE, blocks_for(n, BitReverse::threads),
               reverse, s);
    PVN_COPY(c, e, values, data, n * sizeof(Fr), s);
    PVN_TRY(c, e, c->rt->sync(c->device, s));
    return 0;
}

int ntt(void *ctx, uint8_t *values, uint32_t log_n, int inverse, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    int status;

    if (!c || !values || log_n > MAX_LOG)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a transform needs values and at most 2^%d of them",
                    MAX_LOG);
    if (c->dead)
        return fail(e, PROVERNET_GPU_LOST, 0, "the device was lost: close it");
    status = ntt_on(c, values, log_n, inverse != 0, e);
    if (status)
        drain(c);
    return status;
}

} // namespace pvn
