/* ntt_bench [form] [log2 size] [repeats]: to the odd coset (an inverse and a
 * forward transform) of three polynomials, one thread, best CPU time. */
#include "bn254_input.h"
#include "snark/bn254/ntt.h"

int main(int argc, char **argv)
{
    const pvn_bn254_forms *f =
        pvn_bn254_forms_pick(argc > 1 && *argv[1] ? argv[1] : NULL);
    unsigned log_n = bench_number(argc, argv, 2, 16);
    unsigned repeats = bench_number(argc, argv, 3, 3);
    size_t n = (size_t)1 << log_n;
    uint64_t seed = 4;
    pvn_domain *d = NULL;
    pvn_fr *polys[3];
    double best = 1e9;
    if (!f || pvn_domain_new(&d, f, log_n))
        return 2;
    for (int k = 0; k < 3; k++) {
        polys[k] = aligned_alloc(64, n * sizeof(pvn_fr) + 64);
        if (!polys[k])
            return 2;
        for (size_t i = 0; i < n; i++)
            bench_random_fr(&polys[k][i], &seed);
    }
    for (unsigned i = 0; i < repeats; i++) {
        double t = bench_cpu_seconds();
        if (pvn_ntt_to_odd_coset(d, polys, 3, NULL, NULL))
            return 1;
        t = bench_cpu_seconds() - t;
        best = t < best ? t : best;
    }
    printf("{\"bench\":\"ntt_odd_coset_x3\",\"form\":\"%s\",\"n\":%zu,"
           "\"s\":%.5f,\"ns_per_butterfly\":%.2f}\n",
           f->name, n, best, best / (3.0 * (double)n * log_n) * 1e9);
    for (int k = 0; k < 3; k++)
        free(polys[k]);
    pvn_domain_free(d);
    return 0;
}
