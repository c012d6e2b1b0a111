/* protocol/http/judge.h - is this output a proof? Blocking: crew. */
#ifndef PVN_PROTOCOL_HTTP_JUDGE_H
#define PVN_PROTOCOL_HTTP_JUDGE_H
#include "node/call.h"
#include "prove/kinds.h"

/* Judge `output` by the own verifier of the kind that was requested under
 * `name`. program may be NULL: then a circuit's verification key comes from
 * the program artifact. ERR_PROOF_INVALID and ERR_FORMAT are the worker's
 * fault, all others are not. */
provernet_status pvn_judge(pvn_node *n, const pvn_kind *kind, const char *name,
                           const pvn_program *program,
                           const pvn_artifact *artifact, pvn_bytes output,
                           provernet_error *err);
/* All bytes of a stored artifact, decoded; the caller frees *out. ERR_LIMIT
 * above `max`. */
provernet_status pvn_judge_read(pvn_node *n, const pvn_artifact *a,
                                uint64_t max, uint8_t **out, size_t *len,
                                provernet_error *err);
#endif
