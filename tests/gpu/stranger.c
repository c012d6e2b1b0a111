/* tests/gpu/stranger.c - a GPU engine of another version. */
#include <provernet_gpu.h>

__attribute__((visibility("default"))) const provernet_gpu *
provernet_gpu_v1(void)
{
    static const provernet_gpu table = { .abi = 99,
                                         .struct_size = sizeof table };

    return &table;
}
