/* tests/unit/snark/files.c - see files.h. */
#include "files.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

vector_file vector_read(const char *path)
{
    vector_file f = { NULL, 0 };
    char full[512];
    FILE *in;
    long size;

    snprintf(full, sizeof full, "%s/groth16/%s", PVN_VECTORS, path);
    in = fopen(full, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    size = ftell(in);
    assert_true(size >= 0);
    rewind(in);
    f.len = (size_t)size;
    f.data = malloc(f.len + 1);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.len, in), f.len);
    f.data[f.len] = 0;
    fclose(in);
    return f;
}

void vector_free(vector_file *f)
{
    free(f->data);
    f->data = NULL;
}

uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void test_random_bytes(uint64_t *state, void *out, size_t len)
{
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)test_random(state);
}
