/* field_bench [form]: products of arrays and inversions, one thread, and how
 * fast the multiplier goes that a form rests on, which bounds everything. */
#include "bn254_input.h"
#include "snark/bn254/dispatch.h"
#include <string.h>

enum { N = 4096, ROUNDS = 200, CHAINS = 20000, TRIES = 200 };

#if defined(__x86_64__)
/* 32 independent multiply-adds on eight lanes a turn. */
__attribute__((target("avx512f"))) static void multiply_adds(void)
{
#define FOUR(a, b, c, d)                                                       \
    "vpmadd52luq %%zmm30, %%zmm31, %%zmm" #a "\n\t"                            \
    "vpmadd52huq %%zmm30, %%zmm31, %%zmm" #b "\n\t"                            \
    "vpmadd52luq %%zmm30, %%zmm31, %%zmm" #c "\n\t"                            \
    "vpmadd52huq %%zmm30, %%zmm31, %%zmm" #d "\n\t"
    for (int i = 0; i < CHAINS / 32; i++)
        __asm__ volatile(FOUR(0, 1, 2, 3) FOUR(4, 5, 6, 7) FOUR(8, 9, 10, 11)
                             FOUR(12, 13, 14, 15) FOUR(0, 1, 2, 3)
                                 FOUR(4, 5, 6, 7) FOUR(8, 9, 10, 11)
                                     FOUR(12, 13, 14, 15)
                         :
                         :
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                           "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                           "xmm12", "xmm13", "xmm14", "xmm15");
#undef FOUR
}
#endif

/* 64-bit multiplications that wait for nothing. */
static void multiply_words(void)
{
    uint64_t a[8] = { 3, 5, 7, 11, 13, 17, 19, 23 };
    for (int i = 0; i < CHAINS / 8; i++)
        _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++)
#if defined(__x86_64__)
            __asm__("imulq %0, %0" : "+r"(a[k])); /* and no moves */
#else
            a[k] *= a[k];
#endif
    for (int k = 0; k < 8; k++)
        __asm__ volatile("" : : "r"(a[k]));
}

/* The least a product can take: 25 + 25 products of 52-bit limbs for eight
 * lanes, each in halves, or 16 + 20 of 64-bit limbs. The best of many short
 * tries, because other work disturbs long ones. */
static void bench_multiplier(const char *form)
{
    bool lanes = !strcmp(form, "ifma");
    double best = 1, per = lanes ? 100.0 / 8 : 36;
    for (int i = 0; i < TRIES; i++) {
        double t = bench_wall_seconds();
#if defined(__x86_64__)
        if (lanes)
            multiply_adds();
        else
#endif
            multiply_words();
        t = bench_wall_seconds() - t;
        best = t < best ? t : best;
    }
    printf("{\"bench\":\"multiplier\",\"form\":\"%s\",\"ns\":%.3f,"
           "\"product_floor_ns\":%.2f}\n",
           form, best / CHAINS * 1e9, best / CHAINS * 1e9 * per);
}

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
    bench_multiplier(f->name);
    return 0;
}
