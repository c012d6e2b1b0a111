/* cuda/sim/pair.h - two lanes of a warp on the CPU, for kernels whose threads
 * exchange values (ff/lanes.h): coroutines that take turns at exchanges, and
 * sometimes at others, as chance has it. Includes ff/lanes.h only. */
#ifndef PVN_CUDA_SIM_PAIR_H
#define PVN_CUDA_SIM_PAIR_H
#include "../ff/lanes.h"

namespace pvn
{

struct Pair;

/* For one thread of the host; NULL: no memory. */
Pair *pair_new(uint64_t random);
void pair_free(Pair *p);
/* body(arg, 0) and body(arg, 1), until both have returned. false: they did not
 * come to the same exchanges (one got zeros for what the other never gave). */
bool pair_run(Pair *p, void (*body)(void *arg, uint32_t lane), void *arg);

} // namespace pvn
#endif
