/* snark/bn254/bases.c - packing the points of a key once; includes
 * msm_internal.h and work.h. */
#include "base/error.h"
#include "msm_internal.h"
#include "work.h"
#include <stdlib.h>

enum { PACK_CHUNK = 1 << 10 };

struct pack_job {
    pvn_bases *b;
    const uint8_t *bytes;
    size_t n, chunks;
    size_t *at;  /* per chunk: points, then points before */
    size_t *bad; /* per chunk: first unreduced point, or n */
};

static bool all_zero(const uint8_t *p, size_t n)
{
    uint64_t any = 0;
    for (size_t i = 0; i < n; i += 8)
        any |= pvn_load64le(p + i);
    return any == 0;
}

static bool reduced(const uint8_t *p, size_t n)
{
    pvn_fq t;
    for (size_t i = 0; i < n; i += 32)
        if (!pvn_fq_from_mont_le(&t, p + i))
            return false;
    return true;
}

static void count_chunk(void *arg, void *scratch, size_t c)
{
    struct pack_job *j = arg;
    size_t bytes = j->b->kernel->packed_bytes;
    size_t end = (c + 1) * PACK_CHUNK < j->n ? (c + 1) * PACK_CHUNK : j->n;
    (void)scratch;
    j->bad[c] = j->n;
    for (size_t i = c * PACK_CHUNK; i < end; i++) {
        const uint8_t *p = j->bytes + i * bytes;
        if (all_zero(p, bytes))
            continue;
        if (!reduced(p, bytes)) {
            j->bad[c] = i;
            return;
        }
        j->b->words[i / 64].present |= (uint64_t)1 << (i % 64);
        j->at[c]++;
    }
}

static void pack_chunk(void *arg, void *scratch, size_t c)
{
    struct pack_job *j = arg;
    pvn_bases *b = j->b;
    size_t bytes = b->kernel->packed_bytes;
    size_t end = (c + 1) * PACK_CHUNK < j->n ? (c + 1) * PACK_CHUNK : j->n;
    char *run = scratch;
    size_t got = 0;
    for (size_t i = c * PACK_CHUNK; i < end; i++) {
        struct bases_word *word = &b->words[i / 64];
        if (i % 64 == 0)
            word->rank = j->at[c] + got;
        if (!(word->present >> (i % 64) & 1))
            continue;
        const uint8_t *p = j->bytes + i * bytes;
        if (b->g2)
            (void)pvn_g2_from_mont_le((pvn_g2_affine *)run + got++, p);
        else
            (void)pvn_g1_from_mont_le((pvn_g1_affine *)run + got++, p);
    }
    if (got)
        b->kernel->pack(b->points + j->at[c] * bytes, run, got);
}

static provernet_status pack_run(struct pack_job *j, const pvn_par *par,
                                 provernet_error *err)
{
    pvn_bases *b = j->b;
    provernet_status s = pvn_work(par, count_chunk, j, j->chunks, 0, NULL);
    if (s)
        return s;
    for (size_t c = 0; c < j->chunks; c++) {
        size_t count = j->at[c];
        if (j->bad[c] < j->n)
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "point %zu has a coordinate that is not below q\n"
                            "help: the key file is damaged or of another curve",
                            j->bad[c]);
        j->at[c] = b->count;
        b->count += count;
    }
    b->points_bytes = b->count * b->kernel->packed_bytes;
    b->points = pvn_scratch_new(b->pool, b->points_bytes);
    if (!b->points)
        return PROVERNET_ERR_NOMEM;
    s = pvn_work(par, pack_chunk, j, j->chunks,
                 PACK_CHUNK * b->kernel->packed_bytes, NULL);
    if (!s && b->count == b->n) {
        pvn_scratch_free(b->pool, b->words, b->words_bytes);
        b->words = NULL;
        b->words_bytes = 0;
    }
    return s;
}

static provernet_status bases_new(pvn_bases **out, const pvn_bn254_forms *forms,
                                  const pvn_group_kernel *kernel,
                                  const uint8_t *mont_le, size_t n,
                                  size_t first, const pvn_par *par,
                                  provernet_error *err)
{
    *out = NULL;
    if (n >= (size_t)1 << 31 || first >= (size_t)1 << 31)
        return PROVERNET_ERR_INVALID;
    struct pack_job j = { .bytes = mont_le,
                          .n = n,
                          .chunks = (n + PACK_CHUNK - 1) / PACK_CHUNK };
    provernet_status s = PROVERNET_ERR_NOMEM;
    j.b = calloc(1, sizeof *j.b);
    j.at = calloc(2 * j.chunks + 1, sizeof *j.at);
    if (j.b && j.at) {
        j.bad = j.at + j.chunks;
        j.b->forms = forms;
        j.b->kernel = kernel;
        j.b->g2 = kernel == &forms->g2;
        j.b->first = first;
        j.b->n = n;
        j.b->words_bytes = (n / 64 + 1) * sizeof *j.b->words;
        j.b->pool = par ? par->keep : NULL;
        j.b->words = pvn_scratch_new(j.b->pool, j.b->words_bytes);
        if (j.b->words) {
            memset(j.b->words, 0, j.b->words_bytes);
            s = pack_run(&j, par, err);
        }
    }
    free(j.at);
    if (s)
        pvn_bases_free(j.b);
    else
        *out = j.b;
    return s;
}

provernet_status pvn_g1_bases_new(pvn_bases **out, const pvn_bn254_forms *forms,
                                  const uint8_t *mont_le, size_t n,
                                  size_t first, const pvn_par *par,
                                  provernet_error *err)
{
    return bases_new(out, forms, &forms->g1, mont_le, n, first, par, err);
}

provernet_status pvn_g2_bases_new(pvn_bases **out, const pvn_bn254_forms *forms,
                                  const uint8_t *mont_le, size_t n,
                                  size_t first, const pvn_par *par,
                                  provernet_error *err)
{
    return bases_new(out, forms, &forms->g2, mont_le, n, first, par, err);
}

void pvn_bases_free(pvn_bases *b)
{
    if (!b)
        return;
    pvn_scratch_free(b->pool, b->points, b->points_bytes);
    pvn_scratch_free(b->pool, b->words, b->words_bytes);
    free(b);
}

size_t pvn_bases_count(const pvn_bases *b)
{
    return b->count;
}

size_t pvn_bases_bytes(const pvn_bases *b)
{
    return b->points_bytes + b->words_bytes + sizeof *b;
}
