/* snark/bn254/kernel.h - the body of a form: a kernel_*.c file includes its
 * lanes header, then this, with FORM (the table's variable), FORM_NAME
 * and CURVE(name) (the group law's function of that name) defined. Everything
 * but the table is local to that file. */
#include "kernel_fe.h"
#include "kernel_ntt.h"

#define FE       f1
#define TOGETHER 2
#define EN(n)    f1_##n
#define KN(n)    k1_##n
#define GN(n)    CURVE(g1_##n)
#define POINT    pvn_g1
#define AFFINE   pvn_g1_affine
#define COORD    pvn_fq
#include "kernel_group.h"
#undef FE
#undef TOGETHER
#undef EN
#undef KN
#undef GN
#undef POINT
#undef AFFINE
#undef COORD

#define FE       f2
#define TOGETHER 1
#define EN(n)    f2_##n
#define KN(n)    k2_##n
#define GN(n)    CURVE(g2_##n)
#define POINT    pvn_g2
#define AFFINE   pvn_g2_affine
#define COORD    pvn_fq2
#include "kernel_group.h"

const pvn_bn254_forms FORM = {
    .name = FORM_NAME,
    .g1 = { sizeof(pvn_g1_affine), sizeof(k1_work), k1_pack, k1_add_batch,
            k1_bucket_sums, k1_list_sums, k1_double_add },
    .g2 = { sizeof(pvn_g2_affine), sizeof(k2_work), k2_pack, k2_add_batch,
            k2_bucket_sums, k2_list_sums, k2_double_add },
    .g2_in_subgroup = CURVE(g2_in_subgroup),
    .vector_bytes = sizeof(lv),
    .twiddle_bytes = sizeof(lane_twiddle),
    .twiddle_pack = twiddle_pack,
    .ntt_twist = ntt_twist,
    .ntt_stage = ntt_stage,
    .mul_sub_plain = mul_sub_plain,
    .fr_mul_many = fr_mul_many,
    .fq_mul_many = fq_mul_many,
};
