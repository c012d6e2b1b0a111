/* prove/mock.h - placeholders where a proof would be: NOT PROOFS. They decode
 * in the clients that expect a proof of that kind, and nothing verifies them.
 * Pure: no file, no clock. */
#ifndef PVN_PROVE_MOCK_H
#define PVN_PROVE_MOCK_H
#include "base/buf.h"
#include "base/error.h"

/* Append the placeholder of `kind` to *out. `params` is the job's JSON: for
 * sp1/... its "version" ("sp1-vN...", also says which generation's layout)
 * and "vk_hash" (64 hex digits; absent: 0). Public values are empty. A kind
 * without a layout of its own gets one line of text.
 * ERR_FORMAT: params is not JSON; ERR_NOMEM. */
provernet_status pvn_mock_proof(pvn_buf *out, const char *kind,
                                const char *params, provernet_error *err);
/* The number that a wrap of SP1 commits to as its program: the BN254 digest
 * itself (SDK 4.0 to 5.0.5), or 8 words of 31 bits packed (later). Decimal. */
void pvn_mock_vk_number(char out[80], const uint8_t vk_hash32[32],
                        unsigned generation);
#endif
