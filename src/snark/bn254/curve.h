/* snark/bn254/curve.h - points of G1 and G2 as values; any thread; includes
 * field.h only.
 *
 * Affine points: infinity is all zero bytes (as in .zkey files); (0, 0) is on
 * neither curve. pvn_g1 and pvn_g2 are homogeneous projective (X:Y:Z),
 * infinity (0:1:0), with the complete formulas of Renes, Costello and Batina
 * (2016): no case is special. Outputs may be inputs. NOT constant time. */
#ifndef PVN_BN254_CURVE_H
#define PVN_BN254_CURVE_H
#include "field.h"

typedef struct pvn_g1_affine {
    pvn_fq x, y;
} pvn_g1_affine;
typedef struct pvn_g1 {
    pvn_fq x, y, z;
} pvn_g1;
typedef struct pvn_g2_affine {
    pvn_fq2 x, y;
} pvn_g2_affine;
typedef struct pvn_g2 {
    pvn_fq2 x, y, z;
} pvn_g2;

extern const pvn_g1_affine pvn_g1_generator;
extern const pvn_g2_affine pvn_g2_generator;

#define PVN_CURVE_DECLARE(G, BYTES)                                            \
    void pvn_##G##_zero(pvn_##G *r);                                           \
    bool pvn_##G##_is_zero(const pvn_##G *a);                                  \
    bool pvn_##G##_affine_is_zero(const pvn_##G##_affine *a);                  \
    bool pvn_##G##_equal(const pvn_##G *a, const pvn_##G *b);                  \
    bool pvn_##G##_affine_equal(const pvn_##G##_affine *a,                     \
                                const pvn_##G##_affine *b);                    \
    void pvn_##G##_from_affine(pvn_##G *r, const pvn_##G##_affine *a);         \
    void pvn_##G##_to_affine(pvn_##G##_affine *r, const pvn_##G *a);           \
    /* One inversion for all; false = out of memory. */                        \
    bool pvn_##G##_to_affine_many(pvn_##G##_affine *r, const pvn_##G *a,       \
                                  size_t n);                                   \
    void pvn_##G##_add(pvn_##G *r, const pvn_##G *a, const pvn_##G *b);        \
    /* b may be infinity. */                                                   \
    void pvn_##G##_add_affine(pvn_##G *r, const pvn_##G *a,                    \
                              const pvn_##G##_affine *b);                      \
    void pvn_##G##_dbl(pvn_##G *r, const pvn_##G *a);                          \
    void pvn_##G##_neg(pvn_##G *r, const pvn_##G *a);                          \
    void pvn_##G##_affine_neg(pvn_##G##_affine *r, const pvn_##G##_affine *a); \
    /* k*a, k a plain 256-bit integer in limbs (not reduced modulo r). */      \
    void pvn_##G##_mul(pvn_##G *r, const pvn_##G *a, const uint64_t k[4]);     \
    /* k*a for a field element. */                                             \
    void pvn_##G##_mul_fr(pvn_##G *r, const pvn_##G *a, const pvn_fr *k);      \
    /* y^2 = x^3 + b, or infinity. */                                          \
    bool pvn_##G##_on_curve(const pvn_##G##_affine *a);                        \
    /* .zkey bytes; false if a coordinate is not reduced. Does not check the   \
     * curve. */                                                               \
    bool pvn_##G##_from_mont_le(pvn_##G##_affine *r, const uint8_t in[BYTES]); \
    void pvn_##G##_to_mont_le(uint8_t out[BYTES], const pvn_##G##_affine *a);

/* clang-format off */
PVN_CURVE_DECLARE(g1, 64)
PVN_CURVE_DECLARE(g2, 128)
/* clang-format on */

/* Is a point that is on the curve in the subgroup of order r? By the
 * endomorphism: [z+1]P + psi([z]P) + psi^2([z]P) = psi^3([2z]P). */
bool pvn_g2_in_subgroup(const pvn_g2_affine *a);
/* psi(x, y) = (conj(x)*xi^((q-1)/3), conj(y)*xi^((q-1)/2)). */
void pvn_g2_psi(pvn_g2 *r, const pvn_g2 *a);
#endif
