/* snark/groth16_adx.c - what proofs and
 * verifications do outside the large sums once more, compiled for processors with
 * MULX, ADCX and ADOX: the same sources under other names. Includes base/ and
 * snark/ only. */
#define PVN_BN254_ADX 1
#define pvn_mont_add  pvn_mont_add_c
#define pvn_mont_sub  pvn_mont_sub_c
#include "snark/bn254/mont.h"
#undef pvn_mont_add
#undef pvn_mont_sub

/* Compilers make poor carry chains of C; a pairing adds as often as it
 * multiplies. a, b < p. */
PVN_INLINE void pvn_mont_add(uint64_t r[4], const uint64_t a[4],
                             const uint64_t b[4], const pvn_modulus *m)
{
    uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], s0, s1, s2, s3;

    __asm__("addq %[b0], %[t0]\n\t"
            "adcq %[b1], %[t1]\n\t"
            "adcq %[b2], %[t2]\n\t"
            "adcq %[b3], %[t3]\n\t"
            "movq %[t0], %[s0]\n\t"
            "movq %[t1], %[s1]\n\t"
            "movq %[t2], %[s2]\n\t"
            "movq %[t3], %[s3]\n\t"
            "subq %[p0], %[s0]\n\t"
            "sbbq %[p1], %[s1]\n\t"
            "sbbq %[p2], %[s2]\n\t"
            "sbbq %[p3], %[s3]\n\t"
            "cmovncq %[s0], %[t0]\n\t"
            "cmovncq %[s1], %[t1]\n\t"
            "cmovncq %[s2], %[t2]\n\t"
            "cmovncq %[s3], %[t3]\n\t"
            : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3),
              [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3)
            : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]),
              [p0] "m"(m->p[0]), [p1] "m"(m->p[1]), [p2] "m"(m->p[2]),
              [p3] "m"(m->p[3])
            : "cc");
    r[0] = t0;
    r[1] = t1;
    r[2] = t2;
    r[3] = t3;
}

PVN_INLINE void pvn_mont_sub(uint64_t r[4], const uint64_t a[4],
                             const uint64_t b[4], const pvn_modulus *m)
{
    uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], s0, s1, s2, s3;

    __asm__("subq %[b0], %[t0]\n\t"
            "sbbq %[b1], %[t1]\n\t"
            "sbbq %[b2], %[t2]\n\t"
            "sbbq %[b3], %[t3]\n\t"
            "sbbq %[s0], %[s0]\n\t" /* all ones if a < b */
            "movq %[s0], %[s1]\n\t"
            "movq %[s0], %[s2]\n\t"
            "movq %[s0], %[s3]\n\t"
            "andq %[p0], %[s0]\n\t"
            "andq %[p1], %[s1]\n\t"
            "andq %[p2], %[s2]\n\t"
            "andq %[p3], %[s3]\n\t"
            "addq %[s0], %[t0]\n\t"
            "adcq %[s1], %[t1]\n\t"
            "adcq %[s2], %[t2]\n\t"
            "adcq %[s3], %[t3]\n\t"
            : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3),
              [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3)
            : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]),
              [p0] "m"(m->p[0]), [p1] "m"(m->p[1]), [p2] "m"(m->p[2]),
              [p3] "m"(m->p[3])
            : "cc");
    r[0] = t0;
    r[1] = t1;
    r[2] = t2;
    r[3] = t3;
}

/* clang-format off */
#define pvn_g1_zero pvn_adx_g1_zero
#define pvn_g1_is_zero pvn_adx_g1_is_zero
#define pvn_g1_affine_is_zero pvn_adx_g1_affine_is_zero
#define pvn_g1_equal pvn_adx_g1_equal
#define pvn_g1_affine_equal pvn_adx_g1_affine_equal
#define pvn_g1_from_affine pvn_adx_g1_from_affine
#define pvn_g1_to_affine pvn_adx_g1_to_affine
#define pvn_g1_to_affine_many pvn_adx_g1_to_affine_many
#define pvn_g1_add pvn_adx_g1_add
#define pvn_g1_add_affine pvn_adx_g1_add_affine
#define pvn_g1_dbl pvn_adx_g1_dbl
#define pvn_g1_neg pvn_adx_g1_neg
#define pvn_g1_affine_neg pvn_adx_g1_affine_neg
#define pvn_g1_mul pvn_adx_g1_mul
#define pvn_g1_mul_fr pvn_adx_g1_mul_fr
#define pvn_g1_on_curve pvn_adx_g1_on_curve
#define pvn_g1_from_mont_le pvn_adx_g1_from_mont_le
#define pvn_g1_to_mont_le pvn_adx_g1_to_mont_le
#define pvn_g1_generator pvn_adx_g1_generator
#define pvn_g2_zero pvn_adx_g2_zero
#define pvn_g2_is_zero pvn_adx_g2_is_zero
#define pvn_g2_affine_is_zero pvn_adx_g2_affine_is_zero
#define pvn_g2_equal pvn_adx_g2_equal
#define pvn_g2_affine_equal pvn_adx_g2_affine_equal
#define pvn_g2_from_affine pvn_adx_g2_from_affine
#define pvn_g2_to_affine pvn_adx_g2_to_affine
#define pvn_g2_to_affine_many pvn_adx_g2_to_affine_many
#define pvn_g2_add pvn_adx_g2_add
#define pvn_g2_add_affine pvn_adx_g2_add_affine
#define pvn_g2_dbl pvn_adx_g2_dbl
#define pvn_g2_neg pvn_adx_g2_neg
#define pvn_g2_affine_neg pvn_adx_g2_affine_neg
#define pvn_g2_mul pvn_adx_g2_mul
#define pvn_g2_mul_fr pvn_adx_g2_mul_fr
#define pvn_g2_on_curve pvn_adx_g2_on_curve
#define pvn_g2_from_mont_le pvn_adx_g2_from_mont_le
#define pvn_g2_to_mont_le pvn_adx_g2_to_mont_le
#define pvn_g2_generator pvn_adx_g2_generator
#define pvn_g2_in_subgroup pvn_adx_g2_in_subgroup
#define pvn_g2_psi pvn_adx_g2_psi
#define pvn_fq6_mul pvn_adx_fq6_mul
#define pvn_fq6_inv pvn_adx_fq6_inv
#define pvn_fq12_set_one pvn_adx_fq12_set_one
#define pvn_fq12_equal pvn_adx_fq12_equal
#define pvn_fq12_is_one pvn_adx_fq12_is_one
#define pvn_fq12_mul pvn_adx_fq12_mul
#define pvn_fq12_sqr pvn_adx_fq12_sqr
#define pvn_fq12_mul_line pvn_adx_fq12_mul_line
#define pvn_fq12_conj pvn_adx_fq12_conj
#define pvn_fq12_inv pvn_adx_fq12_inv
#define pvn_fq12_frobenius pvn_adx_fq12_frobenius
#define pvn_fq12_cyclotomic_sqr pvn_adx_fq12_cyclotomic_sqr
#define pvn_fq12_pow pvn_adx_fq12_pow
#define pvn_twist_x pvn_adx_twist_x
#define pvn_twist_y pvn_adx_twist_y
#define pvn_pairing_lines pvn_adx_pairing_lines
#define pvn_miller pvn_adx_miller
#define pvn_final_exponentiation pvn_adx_final_exponentiation
#define pvn_groth16_take_apart pvn_adx_groth16_take_apart
#define pvn_groth16_ic_sum pvn_adx_groth16_ic_sum
#define pvn_groth16_check pvn_adx_groth16_check
#define pvn_groth16_check_many pvn_adx_groth16_check_many
#define pvn_groth16_vk_prepare pvn_adx_groth16_vk_prepare
#define pvn_groth16_assemble pvn_adx_groth16_assemble
/* clang-format on */
#include "snark/tower.c"
#include "snark/pairing.c"
#include "snark/groth16_verify.c"
#include "snark/groth16_prepare.c"
#include "snark/groth16_assemble.c"
#include "snark/bn254/curve.c"
