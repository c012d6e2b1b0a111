/* prove/gpu_sections.c - see gpu_sections.h. */
#include "prove/gpu_sections.h"
#include "snark/zkey.h"

static void fixed_points(uint8_t out[PVN_WIRE_FIXED], const pvn_zkey *z)
{
    memcpy(out, z->head + PVN_ZKEY_ALPHA1, 64);
    memcpy(out + 64, z->head + PVN_ZKEY_BETA1, 64);
    memcpy(out + 128, z->head + PVN_ZKEY_DELTA1, 64);
    memcpy(out + 192, z->head + PVN_ZKEY_BETA2, 128);
    memcpy(out + 320, z->head + PVN_ZKEY_DELTA2, 128);
}

provernet_status pvn_gpu_sections_read(pvn_gpu_sections *s,
                                       const pvn_source *zkey,
                                       provernet_error *err)
{
    uint64_t at[PVN_WIRE_SECTIONS + 1];
    provernet_status rc;
    pvn_zkey z;

    rc = pvn_zkey_open(&z, zkey, err);
    if (rc)
        return rc;
    s->sizes = (pvn_wire_key){ .n_vars = z.wires,
                               .n_public = z.publics,
                               .domain_size = z.domain,
                               .coefficients = z.coefs };
    fixed_points(s->fixed, &z);
    pvn_wire_layout(&s->sizes, at);
    if (!pvn_bulk_new(&s->bulk, at[PVN_WIRE_SECTIONS]))
        return pvn_nomem(err);
    const uint64_t from[PVN_WIRE_SECTIONS] = {
        z.coef, z.a, z.b1, z.b2, z.c, z.h
    };
    for (int i = 0; i < PVN_WIRE_SECTIONS && !rc; i++)
        rc = pvn_source_read(zkey, from[i], s->bulk.data + at[i],
                             (size_t)(at[i + 1] - at[i]), err);
    if (rc)
        pvn_bulk_free(&s->bulk);
    return rc;
}
