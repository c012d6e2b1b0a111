/* snark/points.c - see points.h. Includes snark/bn254/curve.h only. */
#include "snark/points.h"

bool pvn_g1_from_eip(pvn_g1_affine *out, const uint8_t in[64])
{
    return pvn_fq_from_be(&out->x, in) && pvn_fq_from_be(&out->y, in + 32);
}

static bool fq2_from_eip(pvn_fq2 *out, const uint8_t in[64])
{
    return pvn_fq_from_be(&out->c1, in) && pvn_fq_from_be(&out->c0, in + 32);
}

bool pvn_g2_from_eip(pvn_g2_affine *out, const uint8_t in[128])
{
    return fq2_from_eip(&out->x, in) && fq2_from_eip(&out->y, in + 64);
}

void pvn_g1_to_eip(uint8_t out[64], const pvn_g1_affine *p)
{
    pvn_fq_to_be(out, &p->x);
    pvn_fq_to_be(out + 32, &p->y);
}

void pvn_g2_to_eip(uint8_t out[128], const pvn_g2_affine *p)
{
    pvn_fq_to_be(out, &p->x.c1);
    pvn_fq_to_be(out + 32, &p->x.c0);
    pvn_fq_to_be(out + 64, &p->y.c1);
    pvn_fq_to_be(out + 96, &p->y.c0);
}
