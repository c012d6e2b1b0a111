// parts: snark
/* tests/fuzz/zkey_fuzz.c - any bytes as a proving key; what loads must also
 * survive a proof attempt. */
#include "snark/groth16.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fill(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 0x5a, len);
}

/* A witness of the right length: 1, then small numbers. */
static uint8_t *witness(uint64_t wires, size_t *len)
{
    static const uint8_t head[] = {
        'w',  't',  'n',  's',  2,    0,    0,    0,    2,    0,    0,    0,
        1,    0,    0,    0,    40,   0,    0,    0,    0,    0,    0,    0,
        32,   0,    0,    0,    0x01, 0x00, 0x00, 0xf0, 0x93, 0xf5, 0xe1, 0x43,
        0x91, 0x70, 0xb9, 0x79, 0x48, 0xe8, 0x33, 0x28, 0x5d, 0x58, 0x81, 0x81,
        0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30
    };
    uint8_t *w = calloc(1, sizeof head + 16 + wires * 32);

    *len = sizeof head + 16 + wires * 32;
    if (!w)
        return NULL;
    memcpy(w, head, sizeof head);
    pvn_put_u32le(w + sizeof head, (uint32_t)wires);
    pvn_put_u32le(w + sizeof head + 4, 2);
    pvn_put_u64le(w + sizeof head + 8, wires * 32);
    for (uint64_t i = 0; i < wires; i++)
        w[sizeof head + 16 + i * 32] = (uint8_t)(i + 1);
    return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    provernet_span span = { data, len };
    pvn_source source = pvn_source_of(&span, "fuzz.zkey");
    pvn_randomness rnd = { fill, NULL };
    provernet_groth16_vk *vk = NULL;
    provernet_groth16_proof proof;
    pvn_groth16_key *k = NULL;
    provernet_error err;
    uint8_t *w, *publics;
    size_t w_len;

    if (len > 1 << 16)
        return 0;
    if (!pvn_groth16_vk_from_zkey(&vk, &source, &err))
        provernet_groth16_vk_free(vk);
    if (pvn_groth16_key_load(&k, &source, PVN_GROTH16_TRUST_SUBGROUP, rnd,
                             pvn_bn254_forms_pick("portable"), NULL, NULL,
                             &err))
        return 0;
    w = witness(pvn_groth16_key_sizes(k)->wires, &w_len);
    publics = calloc((size_t)pvn_groth16_key_sizes(k)->publics + 1, 32);
    if (w && publics)
        (void)!pvn_groth16_prove(k, &proof, publics,
                                 (provernet_span){ w, w_len }, NULL, NULL, NULL,
                                 rnd, NULL, NULL, &err);
    free(w);
    free(publics);
    pvn_groth16_key_drop(k);
    return 0;
}
