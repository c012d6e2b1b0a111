/* prove/sp1_wrap.c - see sp1_wrap.h. */
#include "prove/sp1_wrap.h"
#include "crypto/crypto.h"
#include "snark/decimal.h"
#include <string.h>

enum {
    FR = 32,
    SIGNALS_MAX = 5,
    ENCODED_MAX = 3 * FR + PVN_GNARK_PLONK_PROOF,
    GROTH16_PROOF = 256
};
enum { PROGRAM, VALUES, EXIT_CODE, KEY_ROOT, NONCE }; /* the public signals */

/* ---- reading ---- */

typedef struct reader {
    const uint8_t *at;
    size_t left;
    bool short_of;
} reader;

static const uint8_t *take(reader *r, size_t n)
{
    const uint8_t *p = r->at;

    if (r->left < n) {
        r->short_of = true;
        return NULL;
    }
    r->at += n;
    r->left -= n;
    return p;
}

/* u64 length, then as many bytes. */
static pvn_bytes take_bytes(reader *r)
{
    const uint8_t *head = take(r, 8);
    uint64_t n = head ? pvn_get_u64le(head) : 0;

    if (n > r->left) {
        r->short_of = true;
        n = 0;
    }
    return pvn_bytes_of(take(r, (size_t)n), (size_t)n);
}

provernet_status pvn_sp1_wrap_read(pvn_sp1_wrap *out, pvn_bytes file,
                                   unsigned signals, provernet_error *err)
{
    reader r = { file.data, file.len, false };
    const uint8_t *tag = take(&r, 4);
    uint32_t mode = tag ? pvn_get_u32le(tag) : 0;

    memset(out, 0, sizeof *out);
    if (mode != PVN_SP1_PLONK && mode != PVN_SP1_GROTH16)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "this is not a wrapped SP1 proof: its tag is %u, PLONK "
                        "is 2, Groth16 is 3",
                        mode);
    out->mode = (pvn_sp1_mode)mode;
    out->signals = signals;
    for (unsigned i = 0; i < signals && i < SIGNALS_MAX; i++)
        out->signal[i] = take_bytes(&r);
    out->encoded = take_bytes(&r);
    (void)take_bytes(&r); /* the same in gnark's own bytes */
    out->key_hash32 = take(&r, 32);
    out->values = take_bytes(&r);
    out->version = take_bytes(&r);
    if (r.short_of)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "a wrapped SP1 proof with %u public signals ends "
                        "inside a field, after %zu bytes",
                        signals, file.len);
    return PROVERNET_OK;
}

/* ---- checking ---- */

static unsigned signals_of(unsigned major)
{
    return major < 6 ? 2 : 5;
}

static provernet_status invalid(const char *why, provernet_error *err)
{
    return pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                    "the proof is not valid: %s", why);
}

static const pvn_sp1_keys *find_keys(const pvn_sp1_wrap *w, unsigned major)
{
    for (size_t i = 0; i < PVN_SP1_KEYS_LEN; i++) {
        const pvn_sp1_keys *k = &pvn_sp1_keys_known[i];
        const uint8_t *hash =
            w->mode == PVN_SP1_GROTH16 ? k->groth16_hash32 : k->plonk_hash32;

        if (k->major == major && memcmp(hash, w->key_hash32, 32) == 0)
            return k;
    }
    return NULL;
}

static provernet_status unknown_keys(const pvn_sp1_wrap *w, unsigned major,
                                     provernet_error *err)
{
    char hex[9];

    return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                    "the proof names the wrap circuit 0x%s..., which is none "
                    "of those known here for version %u\nhelp: verify it by a "
                    "worker of kind verify/sp1, or trust its workers with "
                    "node.trust",
                    pvn_hex(hex, w->key_hash32, 4), major);
}

/* Eight words of 31 bits as one number: how the wrap's circuit sees them. */
static bool join_words(uint8_t out32[32], const uint8_t words32[32])
{
    uint8_t sum[32] = { 0 };

    for (int w = 0; w < 8; w++) {
        uint32_t word = pvn_get_u32be(words32 + 4 * w);
        uint64_t carry = word;

        if (word >> 31)
            return false;
        for (int i = 31; i >= 0; i--) { /* sum = sum 2^31 + word */
            carry += (uint64_t)sum[i] << 31;
            sum[i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    memcpy(out32, sum, 32);
    return true;
}

static bool names_program(const uint8_t signal32[32], const uint8_t name32[32])
{
    uint8_t joined[32];

    return memcmp(signal32, name32, 32) == 0 ||
           (join_words(joined, name32) && memcmp(signal32, joined, 32) == 0);
}

/* By SHA-256 or BLAKE3; `top` masks the first byte. */
static bool digest_is(const uint8_t want32[32], pvn_bytes values, uint8_t top)
{
    uint8_t digest[32];

    pvn_sha256(digest, values.data, values.len);
    digest[0] &= top;
    if (memcmp(want32, digest, 32) == 0)
        return true;
    pvn_blake3(digest, values.data, values.len);
    digest[0] &= top;
    return memcmp(want32, digest, 32) == 0;
}

/* A digest as a signal: three bits short, to fit the field. */
static bool commits_to(const uint8_t signal32[32], pvn_bytes values)
{
    return digest_is(signal32, values, 0x1f);
}

bool pvn_sp1_wrap_values(pvn_bytes file, unsigned major,
                         const uint8_t digest32[32])
{
    pvn_sp1_wrap w;

    return pvn_sp1_wrap_read(&w, file, signals_of(major), NULL) ==
               PROVERNET_OK &&
           digest_is(digest32, w.values, 0xff);
}

static provernet_status read_signals(uint8_t out[SIGNALS_MAX][FR],
                                     const pvn_sp1_wrap *w,
                                     provernet_error *err)
{
    for (unsigned i = 0; i < w->signals; i++)
        if (!pvn_decimal_read(out[i], (const char *)w->signal[i].data,
                              w->signal[i].len, pvn_bn254_r_be32))
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "public signal %u is not a number below the group "
                            "order",
                            i);
    return PROVERNET_OK;
}

static provernet_status check_signals(uint8_t s[SIGNALS_MAX][FR],
                                      const pvn_sp1_wrap *w,
                                      const pvn_sp1_keys *keys,
                                      const uint8_t name32[32],
                                      provernet_error *err)
{
    static const uint8_t zero[FR] = { 0 };

    if (!names_program(s[PROGRAM], name32))
        return invalid("it is for another program", err);
    if (!commits_to(s[VALUES], w->values))
        return invalid("it commits to other public values than it carries",
                       err);
    if (w->signals <= EXIT_CODE)
        return PROVERNET_OK;
    if (memcmp(s[EXIT_CODE], zero, FR) != 0)
        return invalid("the program ended with an exit code that is not 0",
                       err);
    if (memcmp(s[KEY_ROOT], keys->vk_root32, FR) != 0)
        return invalid("its recursion keys are not those of this version", err);
    return PROVERNET_OK;
}

/* The proof proper: hexadecimal; from version 6 on it repeats exit code, root
 * and nonce in front. */
static provernet_status decode(uint8_t out[ENCODED_MAX], pvn_bytes *proof,
                               const pvn_sp1_wrap *w,
                               uint8_t s[SIGNALS_MAX][FR], provernet_error *err)
{
    size_t want =
        w->mode == PVN_SP1_GROTH16 ? GROTH16_PROOF : PVN_GNARK_PLONK_PROOF;
    size_t front = w->signals > EXIT_CODE ? 3 * FR : 0;

    if (!pvn_unhex(out, front + want, (const char *)w->encoded.data,
                   w->encoded.len))
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the encoded proof must be %zu bytes in hexadecimal, "
                        "it has %zu digits",
                        front + want, w->encoded.len);
    for (size_t i = 0; i < front / FR; i++)
        if (memcmp(out + FR * i, s[EXIT_CODE + i], FR) != 0)
            return invalid("what stands before it is not what it claims", err);
    *proof = pvn_bytes_of(out + front, want);
    return PROVERNET_OK;
}

static provernet_status check_groth16(pvn_sp1_prepared *prepared,
                                      const pvn_sp1_keys *keys, pvn_bytes proof,
                                      const uint8_t *signals32, size_t n,
                                      provernet_error *err)
{
    const provernet_groth16_vk *vk;
    provernet_groth16_proof p;
    provernet_status rc;

    rc = pvn_sp1_prepared_groth16(prepared, &vk, keys, err);
    if (rc)
        return rc;
    memcpy(p.a64, proof.data, 64);
    memcpy(p.b128, proof.data + 64, 128);
    memcpy(p.c64, proof.data + 192, 64);
    return provernet_groth16_verify(vk, &p, signals32, n, err);
}

static provernet_status check_plonk(pvn_sp1_prepared *prepared,
                                    const pvn_sp1_keys *keys, pvn_bytes proof,
                                    const uint8_t *signals32, size_t n,
                                    provernet_error *err)
{
    const pvn_gnark_plonk_key *key;
    provernet_status rc = pvn_sp1_prepared_plonk(prepared, &key, keys, err);

    return rc ? rc : pvn_gnark_plonk_verify(key, proof, signals32, n, err);
}

/* The pairing check, with kept keys or with keys for this call. */
static provernet_status check_proof(pvn_sp1_prepared *kept,
                                    const pvn_sp1_wrap *w,
                                    const pvn_sp1_keys *keys, pvn_bytes proof,
                                    const uint8_t *signals32,
                                    provernet_error *err)
{
    pvn_sp1_prepared *own = kept ? NULL : pvn_sp1_prepared_new();
    pvn_sp1_prepared *use = kept ? kept : own;
    provernet_status rc;

    if (!use)
        return pvn_nomem(err);
    rc = w->mode == PVN_SP1_GROTH16
             ? check_groth16(use, keys, proof, signals32, w->signals, err)
             : check_plonk(use, keys, proof, signals32, w->signals, err);
    pvn_sp1_prepared_free(own);
    return rc;
}

provernet_status pvn_sp1_wrap_verify(pvn_sp1_prepared *prepared,
                                     pvn_sp1_mode mode, unsigned major,
                                     const uint8_t name32[32], pvn_bytes file,
                                     provernet_error *err)
{
    uint8_t signals[SIGNALS_MAX][FR], encoded[ENCODED_MAX];
    const pvn_sp1_keys *keys;
    provernet_status rc;
    pvn_bytes proof = { 0 };
    pvn_sp1_wrap w;

    rc = pvn_sp1_wrap_read(&w, file, signals_of(major), err);
    if (rc)
        return rc;
    if (w.mode != mode)
        return invalid("it is of the other mode", err);
    keys = find_keys(&w, major);
    if (!keys)
        return unknown_keys(&w, major, err);
    rc = read_signals(signals, &w, err);
    if (rc == PROVERNET_OK)
        rc = check_signals(signals, &w, keys, name32, err);
    if (rc == PROVERNET_OK)
        rc = decode(encoded, &proof, &w, signals, err);
    if (rc)
        return rc;
    return check_proof(prepared, &w, keys, proof, signals[0], err);
}
