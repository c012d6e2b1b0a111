/* tests/tools/keygen_points.c - multiples of the generators, fast: tables of
 * 13-bit windows, affine additions that share one inversion per batch. */
#include "keygen.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    BITS = 13,
    WINDOWS = 20, /* 260 bits */
    ENTRIES = 1 << BITS,
    BATCH = 512
};

struct fixed_base {
    bool is_g2;
    unsigned threads;
    pvn_g1_affine *g1; /* WINDOWS x ENTRIES: entry d of window w is */
    pvn_g2_affine *g2; /* d 2^(13 w) times the generator */
};

static void fill_g1(pvn_g1_affine *table)
{
    pvn_g1 *row = need(ENTRIES * sizeof *row);
    pvn_g1_affine base = pvn_g1_generator;

    for (int w = 0; w < WINDOWS; w++) {
        pvn_g1_zero(&row[0]);
        for (int d = 1; d < ENTRIES; d++)
            pvn_g1_add_affine(&row[d], &row[d - 1], &base);
        if (!pvn_g1_to_affine_many(table + (size_t)w * ENTRIES, row, ENTRIES))
            die("out of memory");
        pvn_g1_add_affine(&row[0], &row[ENTRIES - 1], &base);
        pvn_g1_to_affine(&base, &row[0]);
    }
    free(row);
}

static void fill_g2(pvn_g2_affine *table)
{
    pvn_g2 *row = need(ENTRIES * sizeof *row);
    pvn_g2_affine base = pvn_g2_generator;

    for (int w = 0; w < WINDOWS; w++) {
        pvn_g2_zero(&row[0]);
        for (int d = 1; d < ENTRIES; d++)
            pvn_g2_add_affine(&row[d], &row[d - 1], &base);
        if (!pvn_g2_to_affine_many(table + (size_t)w * ENTRIES, row, ENTRIES))
            die("out of memory");
        pvn_g2_add_affine(&row[0], &row[ENTRIES - 1], &base);
        pvn_g2_to_affine(&base, &row[0]);
    }
    free(row);
}

fixed_base *fixed_base_new(bool g2, unsigned threads)
{
    fixed_base *f = need(sizeof *f);

    *f = (fixed_base){ .is_g2 = g2, .threads = threads ? threads : 1 };
    if (g2) {
        f->g2 = need((size_t)WINDOWS * ENTRIES * sizeof *f->g2);
        fill_g2(f->g2);
    } else {
        f->g1 = need((size_t)WINDOWS * ENTRIES * sizeof *f->g1);
        fill_g1(f->g1);
    }
    return f;
}

void fixed_base_free(fixed_base *f)
{
    free(f->g1);
    free(f->g2);
    free(f);
}

static unsigned digit(const uint64_t k[4], int w)
{
    int at = w * BITS, limb = at / 64, bit = at % 64;
    uint64_t v = k[limb] >> bit;

    if (bit > 64 - BITS && limb < 3)
        v |= k[limb + 1] << (64 - bit);
    return (unsigned)v & (ENTRIES - 1);
}

/* acc[i] += add[i] for all pairs, one inversion. From the lowest window up an
 * accumulator is a smaller multiple than what is added, so the two are never
 * equal or opposite. */
#define ADD_ALL(G, F)                                                          \
    static void add_all_##G(pvn_##G##_affine **acc,                            \
                            const pvn_##G##_affine **add, size_t n)            \
    {                                                                          \
        pvn_##F before[BATCH], run, t, s;                                      \
                                                                               \
        pvn_##F##_set_one(&run);                                               \
        for (size_t i = 0; i < n; i++) {                                       \
            before[i] = run;                                                   \
            pvn_##F##_sub(&t, &add[i]->x, &acc[i]->x);                         \
            pvn_##F##_mul(&run, &run, &t);                                     \
        }                                                                      \
        pvn_##F##_inv(&run, &run);                                             \
        for (size_t i = n; i-- > 0;) {                                         \
            pvn_##F dx, x3;                                                    \
                                                                               \
            pvn_##F##_sub(&dx, &add[i]->x, &acc[i]->x);                        \
            pvn_##F##_mul(&t, &run, &before[i]);                               \
            pvn_##F##_mul(&run, &run, &dx);                                    \
            pvn_##F##_sub(&s, &add[i]->y, &acc[i]->y);                         \
            pvn_##F##_mul(&s, &s, &t);                                         \
            pvn_##F##_sqr(&x3, &s);                                            \
            pvn_##F##_sub(&x3, &x3, &acc[i]->x);                               \
            pvn_##F##_sub(&x3, &x3, &add[i]->x);                               \
            pvn_##F##_sub(&t, &acc[i]->x, &x3);                                \
            pvn_##F##_mul(&t, &t, &s);                                         \
            pvn_##F##_sub(&acc[i]->y, &t, &acc[i]->y);                         \
            acc[i]->x = x3;                                                    \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void batch_##G(const pvn_##G##_affine *table, uint8_t *out,         \
                          const pvn_fr *k, size_t n)                           \
    {                                                                          \
        pvn_##G##_affine sum[BATCH], *acc[BATCH];                              \
        const pvn_##G##_affine *add[BATCH];                                    \
        uint64_t plain[BATCH][4];                                              \
                                                                               \
        memset(sum, 0, sizeof sum);                                            \
        for (size_t i = 0; i < n; i++)                                         \
            pvn_fr_to_plain(plain[i], &k[i]);                                  \
        for (int w = 0; w < WINDOWS; w++, table += ENTRIES) {                  \
            size_t some = 0;                                                   \
                                                                               \
            for (size_t i = 0; i < n; i++) {                                   \
                unsigned d = digit(plain[i], w);                               \
                                                                               \
                if (d == 0)                                                    \
                    continue;                                                  \
                if (pvn_##G##_affine_is_zero(&sum[i])) {                       \
                    sum[i] = table[d];                                         \
                    continue;                                                  \
                }                                                              \
                acc[some] = &sum[i];                                           \
                add[some++] = &table[d];                                       \
            }                                                                  \
            add_all_##G(acc, add, some);                                       \
        }                                                                      \
        for (size_t i = 0; i < n; i++)                                         \
            pvn_##G##_to_mont_le(out + i * sizeof sum[0], &sum[i]);            \
    }

/* clang-format off */
ADD_ALL(g1, fq)
ADD_ALL(g2, fq2)
/* clang-format on */

typedef struct job {
    const fixed_base *f;
    uint8_t *out;
    const pvn_fr *k;
    size_t n;
    atomic_size_t next;
} job;

static void *work(void *arg)
{
    job *j = arg;

    for (;;) {
        size_t at = atomic_fetch_add(&j->next, BATCH), some = BATCH;

        if (at >= j->n)
            return NULL;
        if (some > j->n - at)
            some = j->n - at;
        if (j->f->is_g2)
            batch_g2(j->f->g2, j->out + at * 128, j->k + at, some);
        else
            batch_g1(j->f->g1, j->out + at * 64, j->k + at, some);
    }
}

void fixed_base_points(const fixed_base *f, uint8_t *out, const pvn_fr *k,
                       size_t n)
{
    job j = { .f = f, .out = out, .k = k, .n = n };
    pthread_t *id = need(f->threads * sizeof *id);

    atomic_init(&j.next, 0);
    for (unsigned i = 0; i < f->threads; i++)
        if (pthread_create(&id[i], NULL, work, &j))
            die("cannot start a thread");
    for (unsigned i = 0; i < f->threads; i++)
        pthread_join(id[i], NULL);
    free(id);
}
