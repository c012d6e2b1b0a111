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
#endif
