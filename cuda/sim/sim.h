/* cuda/sim/sim.h - the emulator's knobs and counters, for tests. One emulated
 * device; the knobs are the process's and are set while nothing runs. */
#ifndef PVN_CUDA_SIM_SIM_H
#define PVN_CUDA_SIM_SIM_H
#include "../run/runtime.h"

namespace pvn
{

enum SimCall { SIM_ALLOC, SIM_ALLOC_HOST, SIM_LAUNCH, SIM_COPY, SIM_CALLS };
enum SimSplit { SIM_SERIAL, SIM_BLOCKS, SIM_THREADS };

struct SimKnobs {
    uint64_t seed;    /* of every order that is drawn */
    uint64_t memory;  /* device bytes; 0: as much as the host gives */
    uint64_t fail_at; /* which call of fail_call fails, from 1; 0: none */
    int fail_call;    /* a SimCall */
    int fail_code;    /* the error number; CUDA_LAUNCH_FAILED is lasting */
    int no_device;    /* the machine has none */
    int split;        /* a SimSplit: two threads over blocks or a block */
};

struct SimCounts {
    uint64_t calls[SIM_CALLS];
    uint64_t live, live_bytes, live_host; /* allocations not given back */
    uint64_t objects;                     /* devices, streams, events */
    uint64_t misuse; /* memory released with work still queued, ... */
};

void sim_set(const SimKnobs *k); /* counts of calls start again */
void sim_counts(SimCounts *out);

} // namespace pvn
#endif
