/* toml_fuzz.c - the TOML reader: any bytes are read or refused with a line.
 * parts: base */
#include "../../examples/provernet/cfg/toml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool visit(void *user, const struct toml_value *v)
{
    size_t *values = user;

    if (v->line < 1 || !*v->key || v->text[v->text_len] != 0)
        abort();
    return ++*values < 10000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toml_error e;
    size_t values = 0;
    char *exact = malloc(size + 1); /* reading past the end is seen */

    if (!exact)
        return 0;
    memcpy(exact, data, size);
    if (!toml_read(exact, size, visit, &values, &e) && e.line == 0 &&
        values < 10000)
        abort();
    free(exact);
    return 0;
}
