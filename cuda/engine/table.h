/* cuda/engine/table.h - the one exported symbol, on the runtime that
 * PVN_TABLE_RUNTIME names, PVN_TABLE_BUILD its build,
 * PVN_TABLE_BEGIN what is done first. Included by table_*.cpp
 * only. */
#include "engine.h"

namespace
{

using namespace pvn;

int table_count_devices(Error *e)
{
    return count_on(&PVN_TABLE_RUNTIME, e);
}

int table_info(int device, provernet_gpu_info *out, Error *e)
{
    return info_on(&PVN_TABLE_RUNTIME, device, out, e);
}

int table_open(int device, void **ctx, Error *e)
{
    return open_on(&PVN_TABLE_RUNTIME, device, ctx, e);
}

} // namespace

extern "C" __attribute__((visibility("default"))) const provernet_gpu *
provernet_gpu_v1(void)
{
    static const provernet_gpu table = { PROVERNET_GPU_ABI,
                                         sizeof(provernet_gpu),
                                         PVN_TABLE_BUILD,
                                         table_count_devices,
                                         table_info,
                                         table_open,
                                         close_context,
                                         key_needs,
                                         key_load,
                                         key_free,
                                         key_form,
                                         groth16,
                                         msm_g1,
                                         msm_g2,
                                         ntt,
                                         slot };

    PVN_TABLE_BEGIN();
    return &table;
}
