/* snark/bn254/curve.c - group law of G1 and G2; includes curve.h only. */
#include "curve.h"
#include <stdlib.h>

const pvn_g1_affine pvn_g1_generator = {
    { { 0xd35d438dc58f0d9du, 0x0a78eb28f5c70b3du, 0x666ea36f7879462cu,
        0x0e0a77c19a07df2fu } },
    { { 0xa6ba871b8b1e1b3au, 0x14f1d651eb8e167bu, 0xccdd46def0f28c58u,
        0x1c14ef83340fbe5eu } }
};

const pvn_g2_affine pvn_g2_generator = {
    { { { 0x8e83b5d102bc2026u, 0xdceb1935497b0172u, 0xfbb8264797811adfu,
          0x19573841af96503bu } },
      { { 0xafb4737da84c6140u, 0x6043dd5a5802d8c4u, 0x09e950fc52a02f86u,
          0x14fef0833aea7b6bu } } },
    { { { 0x619dfa9d886be9f6u, 0xfe7fd297f59e9b78u, 0xff9e1a62231b7dfeu,
          0x28fd7eebae9e4206u } },
      { { 0x64095b56c71856eeu, 0xdc57f922327d3cbbu, 0x55f935be33351076u,
          0x0da4a0e693fd6482u } } }
};

static const pvn_fq g1_b = { { 0x7a17caa950ad28d7u, 0x1f6ac17ae15521b9u,
                               0x334bea4e696bd284u, 0x2a1f6744ce179d8eu } };
static const pvn_fq2 g2_b = { { { 0x3bf938e377b802a8u, 0x020b1b273633535du,
                                  0x26b7edf049755260u, 0x2514c6324384a86du } },
                              { { 0x38e7ecccd1dcff67u, 0x65f0b37d93ce0d3eu,
                                  0xd749d0dd22ac00aau,
                                  0x0141b9ce4a688d4du } } };
static const pvn_fq2 g2_b3 = { { { 0x3baa927cb62e0d6au, 0xd71e7c52d1b664fdu,
                                   0x03873e63d95d4664u, 0x0e75b5b1082ab8f4u } },
                               { { 0xaab7c6667596fe35u, 0x31d21a78bb6a27bau,
                                   0x85dd7297680401ffu,
                                   0x03c52d6adf39a7e9u } } };
/* xi^((q-1)/3) and xi^((q-1)/2), xi = 9+u. */
static const pvn_fq2 psi_x = { { { 0xb5773b104563ab30u, 0x347f91c8a9aa6454u,
                                   0x7a007127242e0991u, 0x1956bcd8118214ecu } },
                               { { 0x6e849f1ea0aa4757u, 0xaa1c7b6d89f89141u,
                                   0xb6e713cdfae0ca3au,
                                   0x26694fbb4e82ebc3u } } };
static const pvn_fq2 psi_y = { { { 0xe4bbdd0c2936b629u, 0xbb30f162e133bacbu,
                                   0x31a9d1b6f9645366u, 0x253570bea500f8ddu } },
                               { { 0xa1d77ce45ffe77c7u, 0x07affd117826d1dbu,
                                   0x6d16bd27bb7edc6bu,
                                   0x2c87200285defeccu } } };

/* 3b = 9 on G1: three doublings and an addition. */
static void g1_mul_b3(pvn_fq *r, const pvn_fq *a)
{
    pvn_fq t;
    pvn_fq_dbl(&t, a);
    pvn_fq_dbl(&t, &t);
    pvn_fq_dbl(&t, &t);
    pvn_fq_add(r, &t, a);
}

static void g2_mul_b3(pvn_fq2 *r, const pvn_fq2 *a)
{
    pvn_fq2_mul(r, a, &g2_b3);
}

#define G       pvn_g1
#define GA      pvn_g1_affine
#define F       pvn_fq
#define FN(n)   pvn_fq_##n
#define GN(n)   pvn_g1_##n
#define AN(n)   pvn_g1_affine_##n
#define MUL_B3  g1_mul_b3
#define CURVE_B g1_b
#define BYTES   64
#include "curve_impl.h"
#undef G
#undef GA
#undef F
#undef FN
#undef GN
#undef AN
#undef MUL_B3
#undef CURVE_B
#undef BYTES

#define G       pvn_g2
#define GA      pvn_g2_affine
#define F       pvn_fq2
#define FN(n)   pvn_fq2_##n
#define GN(n)   pvn_g2_##n
#define AN(n)   pvn_g2_affine_##n
#define MUL_B3  g2_mul_b3
#define CURVE_B g2_b
#define BYTES   128
#include "curve_impl.h"

void pvn_g2_psi(pvn_g2 *r, const pvn_g2 *a)
{
    pvn_fq2 t;
    pvn_fq2_conj(&t, &a->x);
    pvn_fq2_mul(&r->x, &t, &psi_x);
    pvn_fq2_conj(&t, &a->y);
    pvn_fq2_mul(&r->y, &t, &psi_y);
    pvn_fq2_conj(&r->z, &a->z);
}

bool pvn_g2_in_subgroup(const pvn_g2_affine *a)
{
    static const uint64_t z[4] = { 4965661367192848881u, 0, 0, 0 };
    pvn_g2 p, zp, left, t, right;
    pvn_g2_from_affine(&p, a);
    pvn_g2_mul(&zp, &p, z);
    pvn_g2_add(&left, &zp, &p);
    pvn_g2_psi(&t, &zp);
    pvn_g2_add(&left, &left, &t);
    pvn_g2_psi(&t, &t);
    pvn_g2_add(&left, &left, &t);
    pvn_g2_dbl(&right, &zp);
    pvn_g2_psi(&right, &right);
    pvn_g2_psi(&right, &right);
    pvn_g2_psi(&right, &right);
    return pvn_g2_equal(&left, &right);
}
