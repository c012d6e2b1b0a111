/* msm_bench [form] [log2 size] [repeats] [kind]: sums over G1 and G2 in one
 * thread, best of the repeats, CPU time. kind: dense (default), ones, bits,
 * minus, same. */
#include "bn254_input.h"
#include "snark/bn254/msm.h"
#include <string.h>

static void fill_scalars(uint8_t *out, size_t n, const char *kind)
{
    uint64_t seed = 2;
    pvn_fr same, t;
    bench_random_fr(&same, &seed);
    for (size_t i = 0; i < n; i++) {
        bench_random_fr(&t, &seed);
        if (!strcmp(kind, "ones"))
            t = pvn_fr_one;
        else if (!strcmp(kind, "minus"))
            pvn_fr_neg(&t, &pvn_fr_one);
        else if (!strcmp(kind, "same"))
            t = same;
        else if (!strcmp(kind, "bits") && i % 500)
            pvn_fr_from_u64(&t, bench_random(&seed) % 2);
        pvn_fr_to_le(out + 32 * i, &t);
    }
}

#define BENCH_GROUP(G)                                                         \
    static int bench_##G(const pvn_bn254_forms *f, const uint8_t *scalars,     \
                         size_t n, unsigned repeats, const char *kind)         \
    {                                                                          \
        pvn_##G *p = malloc(n * sizeof *p), step, sum;                         \
        pvn_##G##_affine *a = malloc(n * sizeof *a);                           \
        pvn_bases *b = NULL;                                                   \
        double best_recode = 1e9, best = 1e9;                                  \
        size_t additions = 0;                                                  \
        uint64_t seed = 3;                                                     \
        pvn_fr k;                                                              \
        if (!p || !a)                                                          \
            return 1;                                                          \
        bench_random_fr(&k, &seed);                                            \
        pvn_##G##_from_affine(&p[0], &pvn_##G##_generator);                    \
        pvn_##G##_mul_fr(&step, &p[0], &k);                                    \
        for (size_t i = 1; i < n; i++)                                         \
            pvn_##G##_add(&p[i], &p[i - 1], &step);                            \
        if (!pvn_##G##_to_affine_many(a, p, n))                                \
            return 1;                                                          \
        free(p);                                                               \
        double t = bench_cpu_seconds();                                        \
        if (pvn_##G##_bases_new(&b, f, (const uint8_t *)a, n, 0, NULL, NULL))  \
            return 1;                                                          \
        double pack = bench_cpu_seconds() - t;                                 \
        free(a);                                                               \
        for (unsigned i = 0; i < repeats; i++) {                               \
            pvn_recoded *r;                                                    \
            t = bench_cpu_seconds();                                           \
            if (pvn_recode(&r, scalars, n, 0, NULL, NULL, NULL))               \
                return 1;                                                      \
            double mid = bench_cpu_seconds();                                  \
            if (pvn_##G##_msm(&sum, b, r, NULL, NULL))                         \
                return 1;                                                      \
            double end = bench_cpu_seconds();                                  \
            additions = pvn_recoded_additions(r);                              \
            best_recode = mid - t < best_recode ? mid - t : best_recode;       \
            best = end - mid < best ? end - mid : best;                        \
            pvn_recoded_free(r);                                               \
        }                                                                      \
        printf("{\"bench\":\"msm_" #G "\",\"form\":\"%s\",\"n\":%zu,"          \
               "\"kind\":\"%s\",\"pack_s\":%.4f,\"recode_s\":%.4f,"            \
               "\"msm_s\":%.4f,\"additions\":%zu,\"ns_per_addition\":%.1f}\n", \
               f->name, n, kind, pack, best_recode, best, additions,           \
               additions ? best / (double)additions * 1e9 : 0.0);              \
        pvn_bases_free(b);                                                     \
        return 0;                                                              \
    }

/* clang-format off */
BENCH_GROUP(g1)
BENCH_GROUP(g2)
/* clang-format on */

int main(int argc, char **argv)
{
    const pvn_bn254_forms *f =
        pvn_bn254_forms_pick(argc > 1 && *argv[1] ? argv[1] : NULL);
    size_t n = (size_t)1 << bench_number(argc, argv, 2, 16);
    unsigned repeats = bench_number(argc, argv, 3, 3);
    const char *kind = argc > 4 ? argv[4] : "dense";
    uint8_t *scalars = malloc(32 * n);
    if (!f || !scalars)
        return 2;
    fill_scalars(scalars, n, kind);
    int bad = bench_g1(f, scalars, n, repeats, kind) ||
              bench_g2(f, scalars, n, repeats, kind);
    free(scalars);
    return bad;
}
