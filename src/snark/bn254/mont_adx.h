/* snark/bn254/mont_adx.h - Montgomery product with MULX, ADCX and ADOX; only
 * mont.h includes it, in files compiled for the adx form.
 *
 * Row by row: t += a*b_i with the low halves on the overflow chain and the
 * high halves on the carry chain, then t = (t + k*p)/2^64. As in the C body
 * the row carry fits one word because p < 2^254. */
#ifndef PVN_BN254_MONT_ADX_H
#define PVN_BN254_MONT_ADX_H

/* (t0..t3, top) += rdx * a */
#define PVN_ADX_ROW                                                            \
    "xorl %k[lo], %k[lo]\n\t"                                                  \
    "mulxq 0(%[a]), %[lo], %[top]\n\t"                                         \
    "adoxq %[lo], %[t0]\n\t"                                                   \
    "adcxq %[top], %[t1]\n\t"                                                  \
    "mulxq 8(%[a]), %[lo], %[top]\n\t"                                         \
    "adoxq %[lo], %[t1]\n\t"                                                   \
    "adcxq %[top], %[t2]\n\t"                                                  \
    "mulxq 16(%[a]), %[lo], %[top]\n\t"                                        \
    "adoxq %[lo], %[t2]\n\t"                                                   \
    "adcxq %[top], %[t3]\n\t"                                                  \
    "mulxq 24(%[a]), %[lo], %[top]\n\t"                                        \
    "adoxq %[lo], %[t3]\n\t"                                                   \
    "movl $0, %k[lo]\n\t"                                                      \
    "adcxq %[lo], %[top]\n\t"                                                  \
    "adoxq %[lo], %[top]\n\t"

/* (t0..t3) = (t0..t3, top)/2^64 mod p */
#define PVN_ADX_REDUCE                                                         \
    "movq %[t0], %%rdx\n\t"                                                    \
    "imulq 32(%[p]), %%rdx\n\t"                                                \
    "xorl %k[lo], %k[lo]\n\t"                                                  \
    "mulxq 0(%[p]), %[lo], %[hi]\n\t"                                          \
    "adcxq %[t0], %[lo]\n\t"                                                   \
    "movq %[hi], %[t0]\n\t"                                                    \
    "adcxq %[t1], %[t0]\n\t"                                                   \
    "mulxq 8(%[p]), %[lo], %[t1]\n\t"                                          \
    "adoxq %[lo], %[t0]\n\t"                                                   \
    "adcxq %[t2], %[t1]\n\t"                                                   \
    "mulxq 16(%[p]), %[lo], %[t2]\n\t"                                         \
    "adoxq %[lo], %[t1]\n\t"                                                   \
    "adcxq %[t3], %[t2]\n\t"                                                   \
    "mulxq 24(%[p]), %[lo], %[t3]\n\t"                                         \
    "adoxq %[lo], %[t2]\n\t"                                                   \
    "movl $0, %k[lo]\n\t"                                                      \
    "adcxq %[lo], %[t3]\n\t"                                                   \
    "adoxq %[top], %[t3]\n\t"

PVN_INLINE void pvn_mont_mul_adx(uint64_t r[4], const uint64_t a[4],
                                 const uint64_t b[4], const pvn_modulus *m)
{
    uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, lo, hi, top;
    __asm__("movq 0(%[b]), %%rdx\n\t" PVN_ADX_ROW PVN_ADX_REDUCE
            "movq 8(%[b]), %%rdx\n\t" PVN_ADX_ROW PVN_ADX_REDUCE
            "movq 16(%[b]), %%rdx\n\t" PVN_ADX_ROW PVN_ADX_REDUCE
            "movq 24(%[b]), %%rdx\n\t" PVN_ADX_ROW PVN_ADX_REDUCE
            : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3),
              [lo] "=&r"(lo), [hi] "=&r"(hi), [top] "=&r"(top)
            : [a] "r"(a), [b] "r"(b), [p] "r"(m), "m"(*(const uint64_t(*)[4])a),
              "m"(*(const uint64_t(*)[4])b), "m"(*m)
            : "rdx", "cc");
    /* t < 2p */
    uint64_t borrow = 0, s0, s1, s2, s3;
    s0 = pvn_sbb(t0, m->p[0], &borrow);
    s1 = pvn_sbb(t1, m->p[1], &borrow);
    s2 = pvn_sbb(t2, m->p[2], &borrow);
    s3 = pvn_sbb(t3, m->p[3], &borrow);
    r[0] = borrow ? t0 : s0;
    r[1] = borrow ? t1 : s1;
    r[2] = borrow ? t2 : s2;
    r[3] = borrow ? t3 : s3;
}
#endif
