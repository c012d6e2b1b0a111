/* field_bench [form]: products of arrays and inversions, one thread. */
#include "bn254_input.h"
#include "snark/bn254/dispatch.h"

enum { N = 4096, ROUNDS = 200 };

int main(int argc, char **argv)
{
    const pvn_bn254_forms *f = pvn_bn254_forms_pick(argc > 1 ? argv[1] : NULL);
    static pvn_fr a[N], b[N];
    uint64_t seed = 1;
    if (!f)
        return 2;
    for (int i = 0; i < N; i++) {
        bench_random_fr(&a[i], &seed);
        bench_random_fr(&b[i], &seed);
    }
    double t = bench_cpu_seconds();
    for (int i = 0; i < ROUNDS; i++)
        f->fr_mul_many(a, a, b, N);
    t = bench_cpu_seconds() - t;
    printf("{\"bench\":\"fr_mul_many\",\"form\":\"%s\",\"ns\":%.2f}\n", f->name,
           t / N / ROUNDS * 1e9);
    t = bench_cpu_seconds();
    for (int i = 0; i < N; i++)
        pvn_fr_inv(&a[i], &a[i]);
    t = bench_cpu_seconds() - t;
    printf("{\"bench\":\"fr_inv\",\"form\":\"%s\",\"ns\":%.1f}\n", f->name,
           t / N * 1e9);
    return 0;
}
