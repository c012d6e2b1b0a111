/* cuda/run/cuda.cu - the runtime table on CUDA, and the kernels of the list
 * as __global__ functions. */
#include "runtime.h"
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

namespace pvn
{
namespace
{

struct Device {
    int ordinal;
};

template <class K>
__global__ void __launch_bounds__(K::threads, K::blocks)
    run(const __grid_constant__ typename K::Args args)
{
    __shared__ typename K::Shared shared;
    typename K::Local local;
    const Thread t = { blockIdx.x, threadIdx.x, gridDim.x, blockDim.x };
    const int phases = K::phases(args);

    for (int p = 0; p < phases; p++) {
        if (p)
            __syncthreads();
        K::phase(p, t, args, shared, local);
    }
}

template <class K>
int launch_one(uint32_t blocks, const void *args, cudaStream_t stream)
{
    run<K><<<blocks, K::threads, 0, stream>>>(
        *static_cast<const typename K::Args *>(args));
    return (int)cudaGetLastError();
}

/* The calling thread may have been on another device meanwhile. */
int select(void *device)
{
    return (int)cudaSetDevice(static_cast<Device *>(device)->ordinal);
}

#define ON_DEVICE(device, call)                                                \
    do {                                                                       \
        int selected = select(device);                                         \
        return selected ? selected : (int)(call);                              \
    } while (0)

int cuda_count(int *n)
{
    return (int)cudaGetDeviceCount(n);
}

int cuda_info(int ordinal, provernet_gpu_info *out)
{
    cudaDeviceProp p;
    size_t free_bytes = 0, total = 0;
    int code = (int)cudaGetDeviceProperties(&p, ordinal), khz = 0;

    if (code)
        return code;
    code = (int)cudaSetDevice(ordinal);
    if (!code)
        code = (int)cudaMemGetInfo(&free_bytes, &total);
    if (!code)
        code = (int)cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, ordinal);
    if (code)
        return code;
    snprintf(out->name, sizeof out->name, "%s", p.name);
    memcpy(out->uuid, p.uuid.bytes, sizeof out->uuid);
    out->total_bytes = total;
    out->free_bytes = free_bytes;
    out->sm_count = (uint32_t)p.multiProcessorCount;
    out->clock_khz = (uint32_t)khz;
    out->major = (uint32_t)p.major;
    out->minor = (uint32_t)p.minor;
    return 0;
}

int cuda_open(int ordinal, void **device)
{
    Device *d;
    cudaFuncAttributes a;
    int code = (int)cudaSetDevice(ordinal);

    if (code)
        return code;
    /* No code for this device in the file: said now, not at the first proof. */
    code = (int)cudaFuncGetAttributes(&a, run<Hadamard>);
    if (code) {
        (void)cudaGetLastError();
        return code;
    }
    d = static_cast<Device *>(malloc(sizeof *d));
    if (!d)
        return CUDA_NO_MEMORY;
    d->ordinal = ordinal;
    *device = d;
    return 0;
}

void cuda_close(void *device)
{
    free(device);
}

int cuda_alloc(void *device, void **out, size_t bytes)
{
    int code = select(device);

    if (!code)
        code = (int)cudaMalloc(out, bytes);
    if (code)
        (void)cudaGetLastError(); /* else the next launch reports it again */
    return code;
}

int cuda_release(void *device, void *memory)
{
    ON_DEVICE(device, cudaFree(memory));
}

int cuda_alloc_host(void *device, void **out, size_t bytes)
{
    int code = select(device);

    if (!code)
        code = (int)cudaHostAlloc(out, bytes, cudaHostAllocDefault);
    if (code)
        (void)cudaGetLastError();
    return code;
}

int cuda_release_host(void *device, void *memory)
{
    ON_DEVICE(device, cudaFreeHost(memory));
}

int cuda_pin(void *device, void *memory, size_t bytes)
{
    int code = select(device);

    if (!code)
        code = (int)cudaHostRegister(memory, bytes, cudaHostRegisterDefault);
    if (code)
        (void)cudaGetLastError();
    return code;
}

void cuda_unpin(void *device, void *memory)
{
    if (!select(device))
        (void)cudaHostUnregister(memory);
}

int cuda_stream_make(void *device, void **out)
{
    ON_DEVICE(device, cudaStreamCreateWithFlags((cudaStream_t *)out,
                                                cudaStreamNonBlocking));
}

void cuda_stream_drop(void *device, void *stream)
{
    if (!select(device))
        (void)cudaStreamDestroy(static_cast<cudaStream_t>(stream));
}

int cuda_event_make(void *device, void **out)
{
    ON_DEVICE(device, cudaEventCreateWithFlags((cudaEvent_t *)out,
                                               cudaEventDisableTiming |
                                                   cudaEventBlockingSync));
}

void cuda_event_drop(void *device, void *event)
{
    if (!select(device))
        (void)cudaEventDestroy(static_cast<cudaEvent_t>(event));
}

int cuda_record(void *device, void *event, void *stream)
{
    ON_DEVICE(device, cudaEventRecord(static_cast<cudaEvent_t>(event),
                                      static_cast<cudaStream_t>(stream)));
}

int cuda_wait(void *device, void *stream, void *event)
{
    ON_DEVICE(device, cudaStreamWaitEvent(static_cast<cudaStream_t>(stream),
                                          static_cast<cudaEvent_t>(event), 0));
}

int cuda_event_sync(void *device, void *event)
{
    ON_DEVICE(device, cudaEventSynchronize(static_cast<cudaEvent_t>(event)));
}

int cuda_sync(void *device, void *stream)
{
    ON_DEVICE(device, cudaStreamSynchronize(static_cast<cudaStream_t>(stream)));
}

int cuda_copy(void *device, void *to, const void *from, size_t bytes,
              void *stream)
{
    ON_DEVICE(device, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault,
                                      static_cast<cudaStream_t>(stream)));
}

int cuda_fill(void *device, void *to, int byte, size_t bytes, void *stream)
{
    ON_DEVICE(device, cudaMemsetAsync(to, byte, bytes,
                                      static_cast<cudaStream_t>(stream)));
}

using LaunchFn = int (*)(uint32_t, const void *, cudaStream_t);
#define X(name, ...) launch_one<__VA_ARGS__>,
const LaunchFn launches[KERNELS] = { PVN_KERNELS(X) };
#undef X

int cuda_launch(void *device, int kernel, uint32_t blocks, const void *args,
                void *stream)
{
    ON_DEVICE(device, launches[kernel](blocks, args,
                                       static_cast<cudaStream_t>(stream)));
}

const char *cuda_text(int code)
{
    return cudaGetErrorString((cudaError_t)code);
}

uint64_t cuda_now_ns(void *)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

} // namespace

#define PVN_TEXT_(x) #x
#define PVN_TEXT(x)  PVN_TEXT_(x)
#ifndef PVN_CUDA_ARCHS
#define PVN_CUDA_ARCHS "?"
#endif

extern const char build_cuda[] =
    "nvcc " PVN_TEXT(__CUDACC_VER_MAJOR__) "." PVN_TEXT(
        __CUDACC_VER_MINOR__) "." PVN_TEXT(__CUDACC_VER_BUILD__) " for"
                                                                 " " PVN_CUDA_ARCHS;

extern const Runtime runtime_cuda = { 0,
                                      cuda_count,
                                      cuda_info,
                                      cuda_open,
                                      cuda_close,
                                      cuda_alloc,
                                      cuda_release,
                                      cuda_alloc_host,
                                      cuda_release_host,
                                      cuda_pin,
                                      cuda_unpin,
                                      cuda_stream_make,
                                      cuda_stream_drop,
                                      cuda_event_make,
                                      cuda_event_drop,
                                      cuda_record,
                                      cuda_wait,
                                      cuda_event_sync,
                                      cuda_sync,
                                      cuda_copy,
                                      cuda_fill,
                                      cuda_launch,
                                      cuda_text,
                                      cuda_now_ns };

} // namespace pvn
