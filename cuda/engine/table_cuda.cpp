/* cuda/engine/table_cuda.cpp - the exported table of libprovernet-cuda.so. */
#define PVN_TABLE_RUNTIME runtime_cuda
#define PVN_TABLE_BUILD   build_cuda
#define PVN_TABLE_BEGIN() ((void)0)
#include "table.h"
