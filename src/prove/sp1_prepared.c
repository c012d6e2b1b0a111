/* prove/sp1_prepared.c - see sp1_prepared.h. Two threads may prepare the same
 * key at once; the first to finish is believed. */
#include "prove/sp1_prepared.h"
#include <stdatomic.h>
#include <stdlib.h>

struct pvn_sp1_prepared {
    _Atomic(provernet_groth16_vk *) groth16[PVN_SP1_KEYS_LEN];
    _Atomic(pvn_gnark_plonk_key *) plonk[PVN_SP1_KEYS_LEN];
};

pvn_sp1_prepared *pvn_sp1_prepared_new(void)
{
    pvn_sp1_prepared *p = malloc(sizeof *p);

    for (size_t i = 0; p && i < PVN_SP1_KEYS_LEN; i++) {
        atomic_init(&p->groth16[i], NULL);
        atomic_init(&p->plonk[i], NULL);
    }
    return p;
}

void pvn_sp1_prepared_free(pvn_sp1_prepared *p)
{
    for (size_t i = 0; p && i < PVN_SP1_KEYS_LEN; i++) {
        provernet_groth16_vk_free(atomic_load(&p->groth16[i]));
        pvn_gnark_plonk_key_free(atomic_load(&p->plonk[i]));
    }
    free(p);
}

provernet_status pvn_sp1_prepared_groth16(pvn_sp1_prepared *p,
                                          const provernet_groth16_vk **out,
                                          const pvn_sp1_keys *keys,
                                          provernet_error *err)
{
    size_t i = (size_t)(keys - pvn_sp1_keys_known);
    provernet_groth16_vk *made, *there = atomic_load(&p->groth16[i]);
    provernet_status rc;

    if (!there) {
        rc = pvn_gnark_groth16_vk(&made, keys->groth16, err);
        if (rc)
            return rc;
        if (atomic_compare_exchange_strong(&p->groth16[i], &there, made))
            there = made;
        else
            provernet_groth16_vk_free(made);
    }
    *out = there;
    return PROVERNET_OK;
}

provernet_status pvn_sp1_prepared_plonk(pvn_sp1_prepared *p,
                                        const pvn_gnark_plonk_key **out,
                                        const pvn_sp1_keys *keys,
                                        provernet_error *err)
{
    size_t i = (size_t)(keys - pvn_sp1_keys_known);
    pvn_gnark_plonk_key *made, *there = atomic_load(&p->plonk[i]);
    provernet_status rc;

    if (!there) {
        rc = pvn_gnark_plonk_key_new(&made, &keys->plonk, err);
        if (rc)
            return rc;
        if (atomic_compare_exchange_strong(&p->plonk[i], &there, made))
            there = made;
        else
            pvn_gnark_plonk_key_free(made);
    }
    *out = there;
    return PROVERNET_OK;
}
