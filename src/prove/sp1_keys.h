/* prove/sp1_keys.h - the verification keys of SP1's wrap circuits, by circuit
 * version. Constant data; includes snark/ only. */
#ifndef PVN_PROVE_SP1_KEYS_H
#define PVN_PROVE_SP1_KEYS_H
#include "snark/gnark.h"

typedef struct pvn_sp1_keys {
    const char *version; /* the first circuit version with these keys */
    unsigned major;
    unsigned publics;  /* public signals of the wrap: 2 until v5, 5 from v6 */
    pvn_bytes groth16; /* gnark's bytes, up to the end of IC */
    pvn_gnark_plonk_vk plonk;
    /* SHA-256 of the whole published key files: what a proof names. */
    uint8_t groth16_hash32[32], plonk_hash32[32];
    uint8_t vk_root32[32]; /* root of the recursion keys, from v6 */
} pvn_sp1_keys;

enum { PVN_SP1_KEYS_LEN = 4 };
extern const pvn_sp1_keys pvn_sp1_keys_known[PVN_SP1_KEYS_LEN];
#endif
