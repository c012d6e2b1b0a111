/* cuda/engine/table_sim.cpp - the exported table of libprovernet-cpu-sim.so.
 * Tests of the library turn its knobs (sim/sim.h) by the environment, read
 * whenever the table is asked for:
 *
 *   PROVERNET_CPU_SIM=seed=7,memory=1000000,fail_call=2,fail_at=9,fail_code=719
 */
#include "../sim/sim.h"
#include <stdlib.h>
#include <string.h>

static uint64_t knob(const char *text, const char *name)
{
    const char *at = text ? strstr(text, name) : nullptr;

    return at ? strtoull(at + strlen(name), nullptr, 10) : 0;
}

static void knobs_from_environment()
{
    const char *text = getenv("PROVERNET_CPU_SIM");
    pvn::SimKnobs k = {};

    k.seed = knob(text, "seed=");
    k.memory = knob(text, "memory=");
    k.fail_call = (int)knob(text, "fail_call=");
    k.fail_at = knob(text, "fail_at=");
    k.fail_code = (int)knob(text, "fail_code=");
    k.no_device = (int)knob(text, "no_device=");
    k.split = (int)knob(text, "split=");
    pvn::sim_set(&k);
}

#define PVN_TABLE_RUNTIME runtime_sim
#define PVN_TABLE_BUILD   build_sim
#define PVN_TABLE_BEGIN() knobs_from_environment()
#include "table.h"
