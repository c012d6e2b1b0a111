/* protocol/http/judge.h - is this output a proof? Blocking: crew. */
#ifndef PVN_PROTOCOL_HTTP_JUDGE_H
#define PVN_PROTOCOL_HTTP_JUDGE_H
#include "node/call.h"
#include "prove/kinds.h"

/* What a proof is to show. All borrowed. */
typedef struct pvn_case {
    const pvn_kind *kind;       /* judges it: kind->verify is there */
    const char *name;           /* the kind as requested, with its version */
    const pvn_program *program; /* NULL: a circuit's verification key comes
                                   from the program artifact */
    const pvn_artifact *artifact;
    pvn_bytes params; /* of its task: {"public_values_hash":"<64 digits>"} */
} pvn_case;

/* Judge `output` by the library's own verifier. ERR_PROOF_INVALID and
 * ERR_FORMAT are the worker's fault, all others are not. ERR_MISMATCH: no
 * proof of this request, but whose fault that is cannot be told: the program
 * artifact is damaged, or the proof is good and of other public values than the
 * requester named. */
provernet_status pvn_judge(pvn_node *n, const pvn_case *what, pvn_bytes output,
                           provernet_error *err);
/* The node's own prepared keys of SP1's wraps, for a claim; NULL: no memory,
 * each claim prepares its own. */
struct pvn_sp1_prepared *pvn_judge_keys(pvn_node *n);
/* All bytes of a stored artifact, decoded; the caller frees *out. ERR_LIMIT
 * above `max`. */
provernet_status pvn_judge_read(pvn_node *n, const pvn_artifact *a,
                                uint64_t max, uint8_t **out, size_t *len,
                                provernet_error *err);
#endif
