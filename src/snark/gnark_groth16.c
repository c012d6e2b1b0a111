/* snark/gnark_groth16.c - gnark's Groth16 key becomes ours. Includes base/ and
 * snark/ only. */
#include "base/error.h"
#include "snark/gnark.h"
#include "snark/points.h"
#include <stdlib.h>
#include <string.h>

enum { /* offsets in gnark's bytes */
       ALPHA1 = 0,
       BETA2 = 64,
       GAMMA2 = 128,
       DELTA2 = 224,
       COUNT = 288,
       IC = 292,
       IC_MAX = 1 << 16
};

static bool put_g1(uint8_t *out, const uint8_t *in)
{
    pvn_g1_affine p;

    if (!pvn_g1_from_gnark(&p, in))
        return false;
    pvn_g1_to_eip(out, &p);
    return true;
}

static bool put_g2(uint8_t *out, const uint8_t *in)
{
    pvn_g2_affine p;

    if (!pvn_g2_from_gnark(&p, in))
        return false;
    pvn_g2_to_eip(out, &p);
    return true;
}

/* Ours, see PVN_GROTH16_VK_TEXT. */
static bool convert(uint8_t *to, const uint8_t *from, uint32_t count)
{
    uint8_t *at = to + PVN_GROTH16_VK_HEAD;

    memcpy(to, PVN_GROTH16_VK_TEXT, PVN_GROTH16_VK_HEAD - 4);
    pvn_put_u32be(to + PVN_GROTH16_VK_HEAD - 4, count - 1);
    if (!put_g1(at, from + ALPHA1) || !put_g2(at + 64, from + BETA2) ||
        !put_g2(at + 192, from + GAMMA2) || !put_g2(at + 320, from + DELTA2))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!put_g1(to + PVN_GROTH16_VK_FIXED + 64 * (size_t)i,
                    from + IC + 32 * (size_t)i))
            return false;
    return true;
}

provernet_status pvn_gnark_groth16_vk(provernet_groth16_vk **out,
                                      pvn_bytes bytes, provernet_error *err)
{
    provernet_status rc;
    uint32_t count = 0;
    uint8_t *ours;
    size_t len;

    if (bytes.len >= IC)
        count = pvn_get_u32be(bytes.data + COUNT);
    if (count == 0 || count > IC_MAX || bytes.len < IC + 32 * (size_t)count)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "%zu bytes are not gnark's Groth16 key over BN254",
                        bytes.len);
    len = PVN_GROTH16_VK_FIXED + 64 * (size_t)count;
    ours = malloc(len);
    if (!ours)
        return pvn_nomem(err);
    if (convert(ours, bytes.data, count))
        rc = pvn_groth16_vk_from_bytes(out, (provernet_span){ ours, len }, err);
    else
        rc = pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                      "a point of gnark's Groth16 key is not on the curve");
    free(ours);
    return rc;
}
