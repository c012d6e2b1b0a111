/* cuda/engine/table_sim.cpp - the exported table of libprovernet-cpu-sim.so. */
#define PVN_TABLE_RUNTIME runtime_sim
#define PVN_TABLE_BUILD   build_sim
#include "table.h"
