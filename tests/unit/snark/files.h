/* tests/unit/snark/files.h - vectors and random numbers for these tests. */
#ifndef TESTS_SNARK_FILES_H
#define TESTS_SNARK_FILES_H
#include <provernet/groth16.h>

typedef struct vector_file {
    uint8_t *data;
    size_t len;
} vector_file;

/* tests/vectors/groth16/<path>; fails the test when it is not there. */
vector_file vector_read(const char *path);
void vector_free(vector_file *f);
static inline provernet_span vector_span(const vector_file *f)
{
    return (provernet_span){ f->data, f->len };
}
/* A small generator with a printed seed; not for secrets. */
uint64_t test_random(uint64_t *state);
void test_random_bytes(uint64_t *state, void *out, size_t len);
#endif
