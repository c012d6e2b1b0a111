// parts: snark
/* tests/fuzz/proof_json_fuzz.c - any text as a proof, a list of signals or a
 * proof artifact; what is read is written and read back the same. */
#include "snark/groth16.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    provernet_span span = { data, len };
    provernet_groth16_proof p, q;
    uint8_t publics[8 * 32], again[8 * 32];
    provernet_error err;
    char text[4096];
    size_t n, m, text_len;
    pvn_buf b = { 0 };

    if (!provernet_groth16_proof_from_json(&p, span, &err)) {
        if (provernet_groth16_proof_to_json(&p, text, sizeof text, &text_len) ||
            provernet_groth16_proof_from_json(
                &q, (provernet_span){ text, text_len }, &err) ||
            memcmp(&p, &q, sizeof p) != 0)
            __builtin_trap();
    }
    (void)!provernet_groth16_publics_from_json(publics, 8, &n, span, &err);
    if (!pvn_groth16_artifact_read(&p, publics, 8, &n, span, &err)) {
        if (!pvn_groth16_artifact_write(&b, &p, publics, n))
            return 0;
        if (pvn_groth16_artifact_read(
                &q, again, 8, &m, (provernet_span){ b.data, b.len }, &err) ||
            m != n || memcmp(publics, again, n * 32) != 0)
            __builtin_trap();
        pvn_buf_free(&b);
    }
    return 0;
}
