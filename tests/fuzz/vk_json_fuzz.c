// parts: snark
/* tests/fuzz/vk_json_fuzz.c - any text as a verification key, and any bytes as
 * a canonical one. */
#include "snark/groth16.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    provernet_span span = { data, len };
    provernet_groth16_vk *vk = NULL, *again = NULL;
    provernet_error err;
    uint8_t a[32], b[32];

    if (provernet_groth16_vk_parse(&vk, span, &err) &&
        pvn_groth16_vk_from_bytes(&vk, span, &err))
        return 0;
    if (pvn_groth16_vk_from_bytes(&again, pvn_groth16_vk_bytes(vk), &err))
        __builtin_trap();
    provernet_groth16_vk_hash(vk, a);
    provernet_groth16_vk_hash(again, b);
    if (memcmp(a, b, 32) != 0)
        __builtin_trap();
    provernet_groth16_vk_free(vk);
    provernet_groth16_vk_free(again);
    return 0;
}
