/* provernet/sp1.h - prove SP1 programs with SP1's own GPU server.
 *
 * `sp1-gpu-server` (SP1 6.x, not part of this library) proves on one GPU and
 * listens on a Unix socket. This is its client: a worker in C that hands it
 * program and input as they come from the network, byte for byte, and the
 * proof back. Written from the server's published source and tested against a
 * stand-in of its protocol; it has not been run beside a real one. It has no
 * progress and no cancel: a job that nobody wants any more costs the
 * connection, and the server still finishes it. */
#ifndef PROVERNET_SP1_H
#define PROVERNET_SP1_H
#include <provernet/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What such a worker can prove; for worker.kinds. */
#define PROVERNET_SP1_GPU_KINDS                                                \
    "sp1/core@6,sp1/compressed@6,sp1/plonk@6,sp1/groth16@6"

/* A connection to one GPU server. Any thread; jobs on it run one after
 * another. */
typedef struct provernet_sp1_gpu provernet_sp1_gpu;

/* `where` is the path of the socket, or a device number ("0": the socket
 * "sp1-cuda-0.sock" in the top-level tmp directory, as the server names it).
 * Connects at once, and again by itself when a later job finds the connection
 * gone. OK: close it with provernet_sp1_gpu_close. ERR_INVALID: no such form
 * of name, or too long for a socket; ERR_CONNECT: nobody answers there. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_sp1_gpu_open(
    provernet_sp1_gpu **out, const char *where, provernet_error *err);
/* No job may be running on it. NULL is allowed. */
PROVERNET_API void provernet_sp1_gpu_close(provernet_sp1_gpu *g);

/* Prove job j there: sets the program up (once for each connection), sends
 * the input, streams the proof into the output, hands it in. Does everything,
 * done or fail included; frees j. Memory: a few hundred KiB, whatever the
 * sizes.
 * OK: handed in, and judged by the server that gave the job. ERR_UNSUPPORTED:
 * another kind, j is still the caller's. Any other status: the job was given
 * back (ERR_PROOF: the GPU server says that proving failed). */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_job_prove_sp1(
    provernet_job *j, provernet_sp1_gpu *g, provernet_error *err);

#ifdef __cplusplus
}
#endif
#endif
