/* prove/mock.c - see mock.h. What the bytes mean: docs/succinct.md. */
#include "prove/mock.h"
#include <jansson.h>
#include <stdlib.h>

enum { CORE, COMPRESSED, PLONK, GROTH16 };

typedef struct wanted {
    int mode;
    unsigned generation; /* 4, 5, 6, ... */
    char version[64];    /* "v6.1.0" */
    uint8_t vk_hash[32];
} wanted;

/* ---- bincode 1.3: little-endian, fixed widths, u64 lengths, u32 tags ---- */

static void zeros(pvn_buf *b, size_t n)
{
    static const uint8_t none[64];

    while (n > 0) {
        size_t part = n < sizeof none ? n : sizeof none;

        pvn_buf_add(b, none, part);
        n -= part;
    }
}

static void put_u32(pvn_buf *b, uint32_t v)
{
    uint8_t p[4];

    pvn_put_u32le(p, v);
    pvn_buf_add(b, p, sizeof p);
}

static void put_u64(pvn_buf *b, uint64_t v)
{
    uint8_t p[8];

    pvn_put_u64le(p, v);
    pvn_buf_add(b, p, sizeof p);
}

static void put_text(pvn_buf *b, const char *text)
{
    put_u64(b, strlen(text));
    pvn_buf_text(b, text);
}

/* ---- a compressed proof: every field there, every list empty ---- */

enum {
    FIELD = 4,              /* KoalaBear or BabyBear */
    EXTENSION = 4 * FIELD,  /* degree 4 */
    SEPTIC = 2 * 7 * FIELD, /* a point over degree 7 */
    DIGEST = 8 * FIELD,     /* of Poseidon2 */
    LIST = 8,               /* the length of an empty list, map or string */
    SUMCHECK = LIST + EXTENSION + LIST + EXTENSION,
    /* polynomials, claimed sum, point, value there */
};

/* SP1 4 and 5: a reduce proof. */
static void put_reduce_proof(pvn_buf *b)
{
    /* key: commitment, start pc, global sum, chips, their order */
    zeros(b, DIGEST + FIELD + SEPTIC + LIST + LIST);
    /* shard: three commitments, opened values */
    zeros(b, 3 * DIGEST + LIST);
    /* FRI: commitments, queries, last polynomial, grinding; openings */
    zeros(b, LIST + LIST + EXTENSION + FIELD + LIST);
    /* chip order, public values */
    zeros(b, LIST + LIST);
}

/* A multilinear of one value, 0: the value, then the one dimension. */
static void put_one_value(pvn_buf *b)
{
    put_u64(b, 1);
    zeros(b, EXTENSION);
    put_u64(b, 1);
    put_u64(b, 1);
}

/* SP1 6: a recursion proof. */
static void put_recursion_proof(pvn_buf *b)
{
    /* key: start pc (3 limbs), global sum, commitment, untrusted programs */
    zeros(b, 3 * FIELD + SEPTIC + DIGEST + FIELD);
    /* shard: public values, main commitment */
    zeros(b, LIST + DIGEST);
    /* LogUp-GKR: numerator, denominator, rounds, point of one coordinate,
     * chips, grinding */
    put_one_value(b);
    put_one_value(b);
    zeros(b, LIST);
    put_u64(b, 1);
    zeros(b, EXTENSION + LIST + FIELD);
    /* zerocheck, opened values */
    zeros(b, SUMCHECK + LIST);
    /* BaseFold: messages, commitments, openings, queries, last polynomial,
     * two grindings; evaluations of the batch */
    zeros(b, 4 * LIST + EXTENSION + 2 * FIELD + LIST);
    /* jagged: sumcheck, evaluation, row counts, commitments, expected value */
    zeros(b, 2 * SUMCHECK + 2 * LIST + EXTENSION);
    put_u64(b, 1); /* logarithm of the rows */
    put_u64(b, 1); /* logarithm of the area */
    /* Merkle proof of the key: index, path */
    zeros(b, 8 + LIST);
}

/* ---- a wrap: its public inputs are right, its proof is empty ---- */

/* x = x * 2^shift + add, little-endian words. */
static void push_bits(uint32_t x[8], int shift, uint32_t add)
{
    uint64_t carry = add;

    for (int i = 0; i < 8; i++) {
        uint64_t v = ((uint64_t)x[i] << shift) + carry;

        x[i] = (uint32_t)v;
        carry = v >> 32;
    }
}

static void decimal(char out[80], uint32_t x[8])
{
    char digits[80];
    size_t n = 0;

    do {
        uint64_t rest = 0;

        for (int i = 7; i >= 0; i--) {
            rest = rest << 32 | x[i];
            x[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
        digits[n++] = (char)('0' + rest);
    } while (n < 79 && !pvn_is_zero(x, 32));
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = '\0';
}

/* Eight words below the field's prime, or a number below 2^248? Only version
 * 5 has both; a digest that could be either is taken for words. */
static bool is_words(const uint8_t vk_hash32[32], unsigned generation)
{
    if (generation != 5)
        return generation > 5;
    for (int i = 0; i < 8; i++)
        if (pvn_get_u32be(vk_hash32 + 4 * i) >= 0x78000001)
            return false;
    return true;
}

static void vk_number(char out[80], const uint8_t vk_hash32[32],
                      unsigned generation)
{
    bool words = is_words(vk_hash32, generation);
    uint32_t x[8] = { 0 };
    int n;

    for (int i = 0; i < 8; i++)
        push_bits(x, words ? 31 : 32, pvn_get_u32be(vk_hash32 + 4 * i));
    if (generation <= 5) {
        decimal(out, x);
        return;
    }
    /* The mock verifiers of 6 compare with how a field element is printed. */
    n = snprintf(out, 80, "FFBn254Fr(0x");
    for (int i = 7; i >= 0; i--)
        n += snprintf(out + n, (size_t)(80 - n), "%08x", x[i]);
    snprintf(out + n, (size_t)(80 - n), ")");
}

/* SHA-256 of no public values, without its top three bits. */
static const uint8_t nothing_hash[32] = {
    0x03, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
    0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
};

static void put_wrap(pvn_buf *b, const wanted *w)
{
    char number[80];

    vk_number(number, w->vk_hash, w->generation);
    put_text(b, number);
    vk_number(number, nothing_hash, 4); /* a number as it is, in decimal */
    put_text(b, number);
    if (w->generation > 5) {
        put_text(b, "0"); /* exit code */
        put_text(b, "0"); /* root of the recursion keys */
        put_text(b, "0"); /* nonce */
    }
    put_text(b, ""); /* encoded proof: empty says mock */
    put_text(b, ""); /* raw proof */
    zeros(b, 32);    /* the wrap's key hash */
}

static void put_proof(pvn_buf *b, const wanted *w)
{
    put_u32(b, (uint32_t)w->mode);
    switch (w->mode) {
    case CORE:
        put_u64(b, 0); /* no shards */
        break;
    case COMPRESSED:
        if (w->generation > 5)
            put_recursion_proof(b);
        else
            put_reduce_proof(b);
        break;
    default:
        put_wrap(b, w);
    }
    put_u64(b, 0); /* public values */
    put_text(b, w->version);
}

/* ---- what is wanted ---- */

/* "sp1/core@6"; false: another family. */
static bool read_kind(wanted *w, const char *kind)
{
    static const char *const modes[] = { "core", "compressed", "plonk",
                                         "groth16" };
    char text[32];

    for (w->mode = CORE; w->mode <= GROTH16; w->mode++) {
        size_t n =
            (size_t)snprintf(text, sizeof text, "sp1/%s@", modes[w->mode]);

        if (strncmp(kind, text, n) != 0)
            continue;
        w->generation = (unsigned)strtoul(kind + n, NULL, 10);
        snprintf(w->version, sizeof w->version, "v%u.0.0", w->generation);
        return true;
    }
    return false;
}

static provernet_status read_params(wanted *w, const char *params,
                                    provernet_error *err)
{
    static const char prefix[] = "sp1-";
    json_error_t why;
    json_t *root = json_loads(params, 0, &why);
    const char *version, *hash;

    if (!root)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the job's params are not JSON: %.100s", why.text);
    version = json_string_value(json_object_get(root, "version"));
    hash = json_string_value(json_object_get(root, "vk_hash"));
    if (version && strncmp(version, prefix, sizeof prefix - 1) == 0)
        snprintf(w->version, sizeof w->version, "%s",
                 version + sizeof prefix - 1);
    if (hash && !pvn_unhex(w->vk_hash, 32, hash, strlen(hash)))
        memset(w->vk_hash, 0, 32);
    json_decref(root);
    return PROVERNET_OK;
}

provernet_status pvn_mock_proof(pvn_buf *out, const char *kind,
                                const char *params, provernet_error *err)
{
    wanted w = { 0 };
    provernet_status rc;

    if (!read_kind(&w, kind)) {
        pvn_buf_text(out, "provernet mock proof: NOT A PROOF\n");
        return out->failed ? pvn_nomem(err) : PROVERNET_OK;
    }
    rc = read_params(&w, params, err);
    if (rc)
        return rc;
    put_proof(out, &w);
    return out->failed ? pvn_nomem(err) : PROVERNET_OK;
}
