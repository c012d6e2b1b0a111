/* tests/tools/sp1_wraps.c - see sp1_wraps.h. */
#include "sp1_wraps.h"
#include "prove/sp1_keys.h"
#include "snark/decimal.h"
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "sp1_wraps: %s\n", what);
    abort();
}

static size_t unhex(uint8_t *out, size_t cap, const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    size_t len = strlen(text) / 2;

    must(len <= cap && pvn_unhex(out, len, text, 2 * len), key);
    return len;
}

size_t read_wraps(wrap *out, size_t cap)
{
    json_t *list = json_load_file(PVN_VECTORS "/sp1/wraps.json", 0, NULL);
    size_t n = json_array_size(list);

    must(n > 0 && n <= cap, "the list");
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(list, i);
        const char *mode = json_string_value(json_object_get(o, "mode"));
        const char *version = json_string_value(json_object_get(o, "version"));
        wrap *w = &out[i];

        w->major = (unsigned)(version[1] - '0');
        w->mode = strcmp(mode, "plonk") == 0 ? PVN_SP1_PLONK : PVN_SP1_GROTH16;
        must(unhex(w->vkey, sizeof w->vkey, o, "vkey") == 32, "vkey");
        w->values_len = unhex(w->values, sizeof w->values, o, "public_values");
        w->proof_len = unhex(w->proof, sizeof w->proof, o, "proof");
    }
    json_decref(list);
    return n;
}

static void put_text(pvn_buf *b, const void *text, size_t len)
{
    uint8_t n[8];

    pvn_put_u64le(n, len);
    pvn_buf_add(b, n, 8);
    pvn_buf_add(b, text, len);
}

static void put_signal(pvn_buf *b, const uint8_t be32[32])
{
    char text[PVN_DECIMAL_CAP];

    put_text(b, text, pvn_decimal_write(text, be32));
}

const pvn_sp1_keys *keys_of(const wrap *w)
{
    for (size_t i = 0; i < PVN_SP1_KEYS_LEN; i++) {
        const pvn_sp1_keys *k = &pvn_sp1_keys_known[i];
        const uint8_t *hash =
            w->mode == PVN_SP1_PLONK ? k->plonk_hash32 : k->groth16_hash32;

        if (memcmp(hash, w->proof, 4) == 0)
            return k;
    }
    must(false, "no key begins like this proof");
    return NULL;
}

pvn_buf file_of(const wrap *w)
{
    const pvn_sp1_keys *k = keys_of(w);
    uint8_t tag[4], digest[32];
    char hex[2 * sizeof w->proof + 1];
    pvn_buf b = { 0 };

    pvn_put_u32le(tag, (uint32_t)w->mode);
    pvn_buf_add(&b, tag, 4);
    crypto_hash_sha256(digest, w->values, w->values_len);
    digest[0] &= 0x1f;
    put_signal(&b, w->vkey);
    put_signal(&b, digest);
    for (unsigned i = 2; i < k->publics; i++)
        put_signal(&b, w->proof + 4 + 32 * (i - 2));
    pvn_hex(hex, w->proof + 4, w->proof_len - 4);
    put_text(&b, hex, strlen(hex));
    put_text(&b, "", 0);
    pvn_buf_add(
        &b, w->mode == PVN_SP1_PLONK ? k->plonk_hash32 : k->groth16_hash32, 32);
    put_text(&b, w->values, w->values_len);
    put_text(&b, k->version, strlen(k->version));
    must(!b.failed, "memory");
    return b;
}
