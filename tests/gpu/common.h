/* tests/gpu/common.h - what the tests of GPU engines share. */
#ifndef TESTS_GPU_COMMON_H
#define TESTS_GPU_COMMON_H
#include "prove/gpu.h"
#include "test.h"
#include <provernet/provernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct file {
    uint8_t *data;
    size_t len;
} file;

/* tests/vectors/groth16/<circuit>/<name>; data is freed by the caller. */
file read_vector(const char *circuit, const char *name);
/* in_process: the engine in the test itself, not in a helper. NULL: *err. */
provernet_engine *open_engine(const char *device, const char *plugin,
                              bool in_process, provernet_error *err);
/* The same with a value of engine.multiples, or NULL. */
provernet_engine *open_with(const char *device, const char *plugin,
                            bool in_process, const char *multiples,
                            provernet_error *err);
void read_backwards(uint8_t *out, const uint8_t *in);
#endif
