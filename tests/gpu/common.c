/* tests/gpu/common.c - see common.h. */
#include "common.h"

file read_vector(const char *circuit, const char *name)
{
    char path[512];
    file f = { 0 };
    FILE *in;
    long len;

    snprintf(path, sizeof path, PVN_VECTORS "/groth16/%s/%s", circuit, name);
    in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    len = ftell(in);
    assert_true(len > 0);
    rewind(in);
    f.len = (size_t)len;
    f.data = malloc(f.len);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.len, in), f.len);
    fclose(in);
    return f;
}

provernet_engine *open_engine(const char *device, const char *plugin,
                              bool in_process, provernet_error *err)
{
    return open_with(device, plugin, in_process, NULL, err);
}

provernet_engine *open_with(const char *device, const char *plugin,
                            bool in_process, const char *multiples,
                            provernet_error *err)
{
    provernet_options *o = provernet_options_new();
    provernet_engine *e = NULL;
    provernet_status rc;

    assert_non_null(o);
    assert_ok(provernet_options_set(o, "engine.plugin", plugin, NULL));
    assert_ok(provernet_options_set(o, "engine.threads", "2", NULL));
    assert_ok(provernet_options_set(o, "engine.in_process",
                                    in_process ? "true" : "false", NULL));
    if (multiples)
        assert_ok(
            provernet_options_set(o, "engine.multiples", multiples, NULL));
    rc = provernet_engine_open(&e, device, o, err);
    provernet_options_free(o);
    assert_true((rc == PROVERNET_OK) == (e != NULL));
    return e;
}

void read_backwards(uint8_t *out, const uint8_t *in)
{
    for (int i = 0; i < 32; i++)
        out[i] = in[31 - i];
}
