/* prove/sp1_prepared.h - the keys of SP1's wrap circuits made ready for
 * verifying, each at its first use and then kept: at most one of either mode
 * for each circuit known here. Any thread. Includes prove/ and snark/ only. */
#ifndef PVN_PROVE_SP1_PREPARED_H
#define PVN_PROVE_SP1_PREPARED_H
#include "prove/sp1_keys.h"

typedef struct pvn_sp1_prepared pvn_sp1_prepared;

pvn_sp1_prepared *pvn_sp1_prepared_new(void);    /* NULL: no memory */
void pvn_sp1_prepared_free(pvn_sp1_prepared *p); /* NULL: nothing */

/* `keys` is one of pvn_sp1_keys_known; *out lives as long as p. ERR_NOMEM. */
provernet_status pvn_sp1_prepared_groth16(pvn_sp1_prepared *p,
                                          const provernet_groth16_vk **out,
                                          const pvn_sp1_keys *keys,
                                          provernet_error *err);
provernet_status pvn_sp1_prepared_plonk(pvn_sp1_prepared *p,
                                        const pvn_gnark_plonk_key **out,
                                        const pvn_sp1_keys *keys,
                                        provernet_error *err);
#endif
