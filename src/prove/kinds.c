/* prove/kinds.c - see kinds.h: the table, and what a circuit must be. */
#include "prove/kinds.h"
#include "prove/sp1_wrap.h"
#include "snark/groth16.h"
#include "snark/wtns.h"
#include <errno.h>
#include <stdlib.h>

enum { MIB = 1 << 20 };

static provernet_status groth16_check(const provernet_groth16_vk *vk,
                                      pvn_bytes output, provernet_error *err)
{
    provernet_span json = { output.data, output.len };
    size_t n = provernet_groth16_vk_publics(vk), got = 0;
    provernet_groth16_proof proof;
    provernet_status rc;
    uint8_t *publics;

    publics = malloc(n * 32 + 1);
    if (!publics)
        return pvn_nomem(err);
    rc = pvn_groth16_artifact_read(&proof, publics, n, &got, json, err);
    if (rc == PROVERNET_ERR_LIMIT || (rc == PROVERNET_OK && got != n))
        rc = pvn_fail(err, PROVERNET_ERR_PROOF_INVALID, 0,
                      "the proof has %zu public signals, its circuit has %zu",
                      got, n);
    if (rc == PROVERNET_OK)
        rc = provernet_groth16_verify(vk, &proof, publics, n, err);
    free(publics);
    return rc;
}

static provernet_status groth16_verify(const pvn_claim *claim, pvn_bytes output,
                                       provernet_error *err)
{
    provernet_span bytes = { claim->program_vk.data, claim->program_vk.len };
    provernet_groth16_vk *vk;
    provernet_status rc;

    rc = pvn_groth16_vk_from_bytes(&vk, bytes, err);
    if (rc)
        return rc;
    rc = groth16_check(vk, output, err);
    provernet_groth16_vk_free(vk);
    return rc;
}

/* The loaded key is about as large as its file; vectors of the domain and
 * the sorted digits of the scalars come on top. Measured, then rounded up. */
static uint64_t groth16_memory(uint64_t program_bytes, uint64_t inputs_bytes)
{
    return program_bytes + program_bytes / 2 + 6 * inputs_bytes + 16 * MIB;
}

static provernet_status sp1_verify(pvn_sp1_mode mode, const pvn_claim *claim,
                                   pvn_bytes output, provernet_error *err)
{
    const char *version = strchr(claim->kind, '@');
    unsigned major = version ? (unsigned)strtoul(version + 1, NULL, 10) : 0;
    provernet_status rc;
    char hex[65];

    if (claim->program_name.len != 32)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "an SP1 program is known by a vk hash of 32 bytes, "
                        "this one by %zu",
                        claim->program_name.len);
    rc = pvn_sp1_wrap_verify(claim->sp1, mode, major, claim->program_name.data,
                             output, err);
    if (rc || claim->values_digest.len != 32 ||
        pvn_sp1_wrap_values(output, major, claim->values_digest.data))
        return rc;
    return pvn_fail(err, PROVERNET_ERR_MISMATCH, 0,
                    "the proof is of other public values than those asked "
                    "for, whose digest is 0x%s",
                    pvn_hex(hex, claim->values_digest.data, 32));
}

static provernet_status sp1_plonk_verify(const pvn_claim *claim,
                                         pvn_bytes output, provernet_error *err)
{
    return sp1_verify(PVN_SP1_PLONK, claim, output, err);
}

static provernet_status sp1_groth16_verify(const pvn_claim *claim,
                                           pvn_bytes output,
                                           provernet_error *err)
{
    return sp1_verify(PVN_SP1_GROTH16, claim, output, err);
}

/* SP1's STARKs can only be judged by another worker; its wraps are gnark's
 * Groth16 and PLONK, and are judged here. The version (the circuit's) is not
 * part of the match. */
static const pvn_kind kinds[] = {
    { "groth16/bn254@1", PVN_BY_LIBRARY, 1, true, groth16_verify,
      groth16_memory },
    { "sp1/core@*", PVN_BY_WORKER, 1, false, NULL, NULL },
    { "sp1/compressed@*", PVN_BY_WORKER, 1, false, NULL, NULL },
    { "sp1/plonk@*", PVN_BY_LIBRARY, 1, false, sp1_plonk_verify, NULL },
    { "sp1/groth16@*", PVN_BY_LIBRARY, 1, false, sp1_groth16_verify, NULL },
};

static bool matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    if (pattern[len - 1] != '*')
        return strcmp(pattern, name) == 0;
    return strncmp(pattern, name, len - 1) == 0 && name[len - 1] != '\0';
}

const pvn_kind *pvn_kind_at(size_t i)
{
    return i < sizeof kinds / sizeof kinds[0] ? &kinds[i] : NULL;
}

const pvn_kind *pvn_kind_find(const char *name)
{
    for (size_t i = 0; name && pvn_kind_at(i); i++)
        if (matches(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

uint64_t pvn_kind_memory(const char *name, uint64_t program_bytes,
                         uint64_t inputs_bytes)
{
    const pvn_kind *kind = pvn_kind_find(name);

    return kind && kind->memory ? kind->memory(program_bytes, inputs_bytes) : 0;
}

/* SP1's own CPU prover with a guest of 11,000 cycles on two cores: of a shard
 * it takes the same for larger ones. A wrap begins with the compressed proof.
 * What is not named was not measured. */
uint64_t pvn_kind_least(const char *name)
{
    static const struct {
        const char *kind;
        uint64_t mb; /* 10^6 bytes */
    } least[] = {
        { "sp1/core@4", 3500 },       { "sp1/core@5", 3700 },
        { "sp1/compressed@4", 3500 }, { "sp1/compressed@5", 3700 },
        { "sp1/plonk@4", 3500 },      { "sp1/plonk@5", 3700 },
        { "sp1/groth16@4", 3500 },    { "sp1/groth16@5", 3700 },
        { "sp1/core@6", 9700 },       { "sp1/compressed@6", 17800 },
        { "sp1/plonk@6", 17800 },     { "sp1/groth16@6", 17800 },
    };

    for (size_t i = 0; i < sizeof least / sizeof least[0]; i++)
        if (strcmp(name, least[i].kind) == 0)
            return least[i].mb * 1000000;
    return 0;
}

const char *pvn_program_family(pvn_bytes head)
{
    static const uint8_t elf[4] = { 0x7f, 'E', 'L', 'F' };

    if (head.len >= 4 && memcmp(head.data, "zkey", 4) == 0)
        return "groth16/bn254@1";
    if (head.len >= 12 && memcmp(head.data + 8, elf, 4) == 0 &&
        pvn_get_u64le(head.data) >= 4)
        return "sp1";
    return NULL;
}

/* A pvn_read_fn as a source: keeps the error that a number cannot carry. */
typedef struct adapter {
    pvn_read_fn read;
    void *user;
    provernet_error err;
} adapter;

static int adapter_read(void *user, uint64_t at, void *dst, size_t len)
{
    adapter *a = user;

    if (a->read(a->user, dst, len, at, &a->err) == PROVERNET_OK)
        return 0;
    return a->err.cause > 0 ? a->err.cause : EIO;
}

static provernet_status compare_vk(const provernet_groth16_vk *vk,
                                   pvn_bytes want, const uint8_t vk_hash32[32],
                                   provernet_error *err)
{
    provernet_span have = pvn_groth16_vk_bytes(vk);
    uint8_t hash[32];
    char a[65], b[65];

    provernet_groth16_vk_hash(vk, hash);
    if (vk_hash32 && memcmp(hash, vk_hash32, 32) != 0)
        return pvn_fail(err, PROVERNET_ERR_MISMATCH, 0,
                        "the circuit's vk hash is 0x%s, it is registered as "
                        "0x%s\nhelp: register it under its own hash",
                        pvn_hex(a, hash, 32), pvn_hex(b, vk_hash32, 32));
    if (want.len && !pvn_bytes_equal(want, pvn_bytes_of(have.data, have.len)))
        return pvn_fail(err, PROVERNET_ERR_MISMATCH, 0,
                        "the verification key given (%zu bytes) is not the "
                        "circuit's (%zu bytes)",
                        want.len, have.len);
    return PROVERNET_OK;
}

static provernet_status read_vk(provernet_groth16_vk **out, pvn_read_fn read,
                                void *user, uint64_t bytes,
                                provernet_error *err)
{
    adapter a = { .read = read, .user = user };
    pvn_source source = {
        .size = bytes, .read = adapter_read, .user = &a, .name = "the circuit"
    };
    provernet_status rc = pvn_groth16_vk_from_zkey(out, &source, err);

    /* What the reader said is clearer than what the parser made of it. */
    if (rc && a.err.status)
        return pvn_error_copy(err, &a.err);
    return rc;
}

provernet_status pvn_circuit_check(pvn_read_fn read, void *user, uint64_t bytes,
                                   pvn_bytes vk, const uint8_t vk_hash32[32],
                                   provernet_error *err)
{
    provernet_groth16_vk *own;
    provernet_status rc;

    rc = read_vk(&own, read, user, bytes, err);
    if (rc)
        return rc;
    rc = compare_vk(own, vk, vk_hash32, err);
    provernet_groth16_vk_free(own);
    return rc;
}

provernet_status pvn_circuit_vk(pvn_read_fn read, void *user, uint64_t bytes,
                                pvn_buf *vk, provernet_error *err)
{
    provernet_groth16_vk *own;
    provernet_span span;
    provernet_status rc;
    bool ok;

    rc = read_vk(&own, read, user, bytes, err);
    if (rc)
        return rc;
    span = pvn_groth16_vk_bytes(own);
    ok = pvn_buf_add(vk, span.data, span.len);
    provernet_groth16_vk_free(own);
    return ok ? PROVERNET_OK : pvn_nomem(err);
}
