/* prove/gpu.h - GPU engines: a plug-in found, loaded and driven through
 * cuda/provernet_gpu.h. Includes prove/engine.h only. */
#ifndef PVN_PROVE_GPU_H
#define PVN_PROVE_GPU_H
#include "prove/engine.h"

/* Load libprovernet-<kind>.so (engine.plugin, or the installed one) and open
 * its device `which` ("": 0). The file stays loaded until the process ends.
 * ERR_NO_DEVICE with the file looked for and the reason; ERR_CONFIG. */
provernet_status pvn_gpu_open(provernet_engine *e, const char *kind,
                              const char *which, provernet_error *err);
void pvn_gpu_close(provernet_engine *e);

/* Put a checked key on the device; in parts if it does not fit whole. With the
 * turn held. ERR_GPU_*, ERR_IO, ERR_NOMEM, ERR_CANCELLED. */
provernet_status pvn_gpu_key_add(provernet_engine *e, pvn_groth16_key *core,
                                 const pvn_source *zkey, provernet_watch *w,
                                 provernet_error *err);
/* Frees core; its copy on the device goes at the next turn. Any thread. */
void pvn_gpu_key_drop(provernet_engine *e, pvn_groth16_key *core);

/* rs64: NULL, or r and s, 32 bytes little-endian each (tests). The proof is
 * verified here; ERR_PROOF: it is wrong. With the turn held. */
provernet_status pvn_gpu_prove(provernet_engine *e, const pvn_groth16_key *core,
                               provernet_groth16_proof *out, uint8_t *publics32,
                               provernet_span wtns, const uint8_t *rs64,
                               provernet_watch *w, provernet_error *err);
#endif
