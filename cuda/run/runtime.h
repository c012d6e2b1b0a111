/* cuda/run/runtime.h - the few calls to a device that the engine makes, behind
 * a table with two bodies: the CUDA runtime (run/cuda.cu) and the emulator
 * (sim/sim.cpp). Every call returns 0 or an error number of CUDA's.
 * Includes kernel/list.h and provernet_gpu.h only. */
#ifndef PVN_CUDA_RUN_RUNTIME_H
#define PVN_CUDA_RUN_RUNTIME_H
#include "../kernel/list.h"
#include "../provernet_gpu.h"
#include <stddef.h>

namespace pvn
{

enum { /* the numbers of CUDA's that are told apart */
       CUDA_INVALID = 1,
       CUDA_NO_MEMORY = 2,
       CUDA_OLD_DRIVER = 35,
       CUDA_NO_DEVICE = 100,
       CUDA_BAD_DEVICE = 101,
       CUDA_NO_IMAGE = 209,
       CUDA_LAUNCH_FAILED = 719
};

struct Runtime {
    int host_memory; /* device memory can be read by the host */
    int (*count)(int *n);
    int (*info)(int ordinal, provernet_gpu_info *out);
    int (*open)(int ordinal, void **device);
    void (*close)(void *device);
    int (*alloc)(void *device, void **out, size_t bytes);
    int (*release)(void *device, void *memory);
    int (*alloc_host)(void *device, void **out, size_t bytes); /* pinned */
    int (*release_host)(void *device, void *memory);
    /* Host memory of somebody else's becomes pinned, and no longer. */
    int (*pin)(void *device, void *memory, size_t bytes);
    void (*unpin)(void *device, void *memory);
    int (*stream_make)(void *device, void **out);
    void (*stream_drop)(void *device, void *stream);
    int (*event_make)(void *device, void **out);
    void (*event_drop)(void *device, void *event);
    int (*record)(void *device, void *event, void *stream);
    int (*wait)(void *device, void *stream, void *event);
    int (*event_sync)(void *device, void *event);
    int (*sync)(void *device, void *stream);
    /* Host memory must stay as it is until the stream has passed. */
    int (*copy)(void *device, void *to, const void *from, size_t bytes,
                void *stream);
    int (*fill)(void *device, void *to, int byte, size_t bytes, void *stream);
    int (*launch)(void *device, int kernel, uint32_t blocks, const void *args,
                  void *stream);
    const char *(*text)(int code);    /* static */
    uint64_t (*now_ns)(void *device); /* a clock that only goes forward */
};

extern const Runtime runtime_cuda, runtime_sim;
extern const char build_cuda[], build_sim[]; /* compiler, architectures */

} // namespace pvn
#endif
