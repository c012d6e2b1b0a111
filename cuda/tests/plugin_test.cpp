/* cuda/tests/plugin_test.cpp - libprovernet-cuda.so loads with or without a
 * driver, and says why there is no device where there is none. */
#include "../provernet_gpu.h"
#include "test.h"
#include <dlfcn.h>

int main(int argc, char **argv)
{
    void *file = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW | RTLD_LOCAL);
    provernet_gpu_error e = {};
    provernet_gpu_v1_fn get;
    const provernet_gpu *t;
    void *symbol, *ctx = nullptr;
    int n;

    if (!file) {
        printf("%s\n", dlerror());
        return 1;
    }
    symbol = dlsym(file, "provernet_gpu_v1");
    CHECK(symbol != nullptr);
    memcpy(&get, &symbol, sizeof get);
    t = get();
    CHECK(t->abi == PROVERNET_GPU_ABI && t->struct_size == sizeof *t);
    n = t->count(&e);
    printf("%s; %d devices%s%s\n", t->build, n, n ? "" : ": ",
           n ? "" : e.message);
    if (n == 0) {
        CHECK(e.status == PROVERNET_GPU_NO_DEVICE && e.message[0]);
        CHECK(t->open(0, &ctx, &e) == PROVERNET_GPU_NO_DEVICE);
        CHECK(ctx == nullptr && e.message[0]);
    }
    return finish("the plug-in");
}
