/* prove/gpu.h - GPU engines: a device of a plug-in (cuda/provernet_gpu.h), in a
 * helper process or in this one, with a lost device started again. Includes
 * prove/engine.h only. */
#ifndef PVN_PROVE_GPU_H
#define PVN_PROVE_GPU_H
#include "prove/engine.h"
#include <sys/types.h>

/* Open device `which` ("": 0) of libprovernet-<kind>.so (engine.plugin, or the
 * installed one). ERR_NO_DEVICE with the file looked for and the reason;
 * ERR_CONFIG. */
provernet_status pvn_gpu_open(provernet_engine *e, const char *kind,
                              const char *which, provernet_error *err);
void pvn_gpu_close(provernet_engine *e);

/* Put a checked key on the device; in parts if it does not fit whole; not at
 * all if the device is lost. With the turn held. ERR_GPU_MEMORY, ERR_GPU,
 * ERR_IO, ERR_NOMEM, ERR_CANCELLED. */
provernet_status pvn_gpu_key_add(provernet_engine *e, pvn_groth16_key *core,
                                 const pvn_source *zkey, provernet_watch *w,
                                 provernet_error *err);
/* Frees core; its copy on the device goes at the next turn. Any thread. */
void pvn_gpu_key_drop(provernet_engine *e, pvn_groth16_key *core);
/* Not on the device though it could be: loading it again puts it there. */
bool pvn_gpu_key_stale(provernet_engine *e, const pvn_groth16_key *core);
/* Of the device, a proof's work space included; 0: it is not there. */
uint64_t pvn_gpu_key_bytes(provernet_engine *e, const pvn_groth16_key *core);

/* A checked witness goes where the device can fetch it while another proof
 * runs. A ticket for it, or 0: not now, or it is wrong. Any thread, without
 * the turn; it ends with pvn_gpu_prove or pvn_gpu_withdraw. */
uint32_t pvn_gpu_prepare(provernet_engine *e, const pvn_groth16_key *core,
                         provernet_span wtns);
void pvn_gpu_withdraw(provernet_engine *e, const pvn_groth16_key *core,
                      uint32_t ticket);

typedef struct pvn_gpu_work {
    uint32_t ticket;     /* of pvn_gpu_prepare, or 0 */
    const uint8_t *rs64; /* NULL, or r and s, 32 bytes little-endian each */
    provernet_watch *watch;
} pvn_gpu_work;
/* The proof is verified here; ERR_PROOF: it is wrong. With the turn held.
 * ERR_GPU_LOST: nothing is on the device any more; ERR_GPU, ERR_GPU_MEMORY. */
provernet_status pvn_gpu_prove(provernet_engine *e, const pvn_groth16_key *core,
                               provernet_groth16_proof *out, uint8_t *publics32,
                               provernet_span wtns, const pvn_gpu_work *work,
                               provernet_error *err);

/* For tests: the helper's process or 0; its patience; a lost device is tried
 * again at once. */
pid_t pvn_gpu_pid(const provernet_engine *e);
void pvn_gpu_patience(provernet_engine *e, int ms);
void pvn_gpu_hurry(provernet_engine *e);
#endif
