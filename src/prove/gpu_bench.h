/* prove/gpu_bench.h - measuring a GPU engine through its link: sums and
 * transforms from host memory and back, and proofs with a made-up key that
 * stays on the device. Includes prove/gpu.h and prove/gpu_link.h. */
#ifndef PVN_PROVE_GPU_BENCH_H
#define PVN_PROVE_GPU_BENCH_H
#include "prove/gpu.h"
#include "prove/gpu_link.h"
#include <provernet/experimental.h>

typedef struct pvn_gpu_bench {
    provernet_engine *engine; /* NULL: not open */
    provernet_bench_kind kind;
    uint64_t n, key, bytes; /* bytes: of the input, or of the key */
    uint8_t *g1, *g2;       /* sections of n points; malloc */
    pvn_bulk bulk;
} pvn_gpu_bench;

/* b->g1 and b->g2 as far as the kind needs them; scalars: n plain ones. With
 * the turn held, as is run. */
provernet_status pvn_gpu_bench_open(pvn_gpu_bench *b, provernet_engine *e,
                                    provernet_bench_kind kind, uint64_t n,
                                    const uint8_t *scalars,
                                    provernet_error *err);
provernet_status pvn_gpu_bench_run(pvn_gpu_bench *b, uint64_t *check,
                                   provernet_watch *w, provernet_error *err);
void pvn_gpu_bench_free(pvn_gpu_bench *b); /* takes the turn itself */
#endif
