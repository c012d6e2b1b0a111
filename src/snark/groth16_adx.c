/* snark/groth16_adx.c - verification once more, compiled for processors with
 * MULX, ADCX and ADOX: the same sources under other names. Includes base/ and
 * snark/ only. */
#define PVN_BN254_ADX 1
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
/* clang-format on */
#include "snark/tower.c"
#include "snark/pairing.c"
#include "snark/groth16_verify.c"
#include "snark/bn254/curve.c"
