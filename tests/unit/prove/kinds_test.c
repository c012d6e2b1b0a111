/* kinds_test.c - the table of kinds: what is a program, is this a proof. */
#include "help.h"
#include "prove/kinds.h"
#include "prove/memory.h"
#include "snark/groth16.h"
#include <string.h>

static void finds_kinds(void **state)
{
    (void)state;
    assert_non_null(pvn_kind_find("groth16/bn254@1"));
    assert_int_equal(pvn_kind_find("groth16/bn254@1")->verified_by,
                     PVN_BY_LIBRARY);
    assert_non_null(pvn_kind_find("sp1/compressed@6"));
    assert_int_equal(pvn_kind_find("sp1/compressed@6")->verified_by,
                     PVN_BY_WORKER);
    assert_null(pvn_kind_find("sp1/compressed@"));
    assert_null(pvn_kind_find("groth16/bn254@2"));
    assert_null(pvn_kind_find(""));
    assert_null(pvn_kind_find(NULL));
}

static void tells_families(void **state)
{
    static const uint8_t elf[12] = {
        8, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E', 'L', 'F'
    };
    static const uint8_t zstd[4] = { 0x28, 0xb5, 0x2f, 0xfd };

    (void)state;
    assert_string_equal(pvn_program_family(pvn_bytes_of("zkey\1\0\0\0", 8)),
                        "groth16/bn254@1");
    assert_string_equal(pvn_program_family(pvn_bytes_of(elf, 12)), "sp1");
    assert_null(pvn_program_family(pvn_bytes_of(elf, 11)));
    assert_null(pvn_program_family(pvn_bytes_of(zstd, 4)));
    assert_null(pvn_program_family(pvn_bytes_of("", 0)));
}

typedef struct memory {
    const uint8_t *data;
    size_t len;
} memory;

static provernet_status read_memory(void *user, void *buf, size_t len,
                                    uint64_t offset, provernet_error *err)
{
    const memory *m = user;

    if (offset > m->len || len > m->len - offset)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0, "short");
    memcpy(buf, m->data + offset, len);
    return PROVERNET_OK;
}

static void checks_circuits(void **state)
{
    size_t len;
    uint8_t *zkey = slurp(VECTOR("poseidon/circuit.zkey"), &len), hash[32];
    size_t json_len;
    uint8_t *json = slurp(VECTOR("poseidon/verification_key.json"), &json_len);
    provernet_span span = { json, json_len };
    provernet_groth16_vk *vk;
    provernet_error err = { 0 };
    memory m = { zkey, len };
    pvn_buf own = { 0 };

    (void)state;
    assert_int_equal(provernet_groth16_vk_parse(&vk, span, &err), 0);
    provernet_groth16_vk_hash(vk, hash);
    assert_int_equal(pvn_circuit_vk(read_memory, &m, len, &own, &err), 0);
    assert_int_equal(own.len, pvn_groth16_vk_bytes(vk).len);
    assert_memory_equal(own.data, pvn_groth16_vk_bytes(vk).data, own.len);
    assert_int_equal(pvn_circuit_check(read_memory, &m, len,
                                       pvn_bytes_of(own.data, own.len), hash,
                                       &err),
                     0);
    hash[0] ^= 1;
    assert_int_equal(pvn_circuit_check(read_memory, &m, len,
                                       pvn_bytes_of(NULL, 0), hash, &err),
                     PROVERNET_ERR_MISMATCH);
    hash[0] ^= 1;
    own.data[own.len - 1] ^= 1;
    assert_int_equal(pvn_circuit_check(read_memory, &m, len,
                                       pvn_bytes_of(own.data, own.len), hash,
                                       &err),
                     PROVERNET_ERR_MISMATCH);
    zkey[0] = 'x';
    assert_int_equal(pvn_circuit_check(read_memory, &m, len,
                                       pvn_bytes_of(NULL, 0), hash, &err),
                     PROVERNET_ERR_FORMAT);
    pvn_buf_free(&own);
    provernet_groth16_vk_free(vk);
    free(zkey);
    free(json);
}

/* The proof artifact of the other provers' files. */
static pvn_buf artifact_of(const char *proof_path, const char *public_path)
{
    size_t a, b;
    uint8_t *proof = slurp(proof_path, &a), *publics = slurp(public_path, &b);
    pvn_buf out = { 0 };

    pvn_buf_text(&out, "{\"proof\":");
    pvn_buf_add(&out, proof, a);
    pvn_buf_text(&out, ",\"publicSignals\":");
    pvn_buf_add(&out, publics, b);
    pvn_buf_text(&out, "}");
    free(proof);
    free(publics);
    return out;
}

static void verifies_outputs(void **state)
{
    const pvn_kind *kind = pvn_kind_find("groth16/bn254@1");
    size_t json_len;
    uint8_t *json = slurp(VECTOR("poseidon/verification_key.json"), &json_len);
    provernet_span span = { json, json_len }, vk_span;
    pvn_buf good = artifact_of(VECTOR("poseidon/proof_snarkjs.json"),
                               VECTOR("poseidon/public_snarkjs.json"));
    pvn_buf other = artifact_of(VECTOR("multiplier/proof_snarkjs.json"),
                                VECTOR("multiplier/public_snarkjs.json"));
    provernet_groth16_vk *vk;
    provernet_error err = { 0 };
    char *digit;
    pvn_claim claim = { .kind = "groth16/bn254@1" };

    (void)state;
    assert_int_equal(provernet_groth16_vk_parse(&vk, span, &err), 0);
    vk_span = pvn_groth16_vk_bytes(vk);
    claim.program_vk = pvn_bytes_of(vk_span.data, vk_span.len);
    assert_int_equal(
        kind->verify(&claim, pvn_bytes_of(good.data, good.len), &err), 0);
    assert_int_equal(
        kind->verify(&claim, pvn_bytes_of(other.data, other.len), &err),
        PROVERNET_ERR_PROOF_INVALID);
    assert_int_equal(kind->verify(&claim, pvn_bytes_of("{}", 2), &err),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(kind->verify(&claim, pvn_bytes_of("", 0), &err),
                     PROVERNET_ERR_FORMAT);
    /* another public signal */
    digit = strstr((char *)good.data, "publicSignals");
    digit = strpbrk(digit, "0123456789");
    *digit = *digit == '1' ? '2' : '1';
    assert_int_equal(
        kind->verify(&claim, pvn_bytes_of(good.data, good.len), &err),
        PROVERNET_ERR_PROOF_INVALID);
    /* a damaged verification key is refused, not believed */
    claim.program_vk.len--;
    assert_int_equal(
        kind->verify(&claim, pvn_bytes_of(other.data, other.len), &err),
        PROVERNET_ERR_FORMAT);
    provernet_groth16_vk_free(vk);
    pvn_buf_free(&good);
    pvn_buf_free(&other);
    free(json);
}

static void reads_meminfo(void **state)
{
    static const char text[] = "MemTotal:       16000000 kB\n"
                               "MemFree:          100000 kB\n"
                               "MemAvailable:    8000000 kB\n";
    uint64_t v;
    char out[24];

    (void)state;
    assert_true(pvn_meminfo_value(text, "MemAvailable", &v));
    assert_int_equal(v, 8000000);
    assert_true(pvn_meminfo_value(text, "MemTotal", &v));
    assert_int_equal(v, 16000000);
    assert_false(pvn_meminfo_value(text, "SwapFree", &v));
    assert_false(pvn_meminfo_value("", "MemFree", &v));
    assert_string_equal(pvn_size_text(out, 3 << 29), "1.5 GiB");
    assert_string_equal(pvn_size_text(out, 12), "12 bytes");
}

static void admits_by_numbers(void **state)
{
    provernet_error err = { 0 };
    pvn_env env;

    (void)state;
    pvn_env_init(&env, NULL);
    assert_int_equal(pvn_memory_admit(&env.files, 1, "this proof", &err), 0);
    assert_int_equal(
        pvn_memory_admit(&env.files, UINT64_MAX - 1, "this proof", &err),
        PROVERNET_ERR_MEMORY_NEED);
    assert_non_null(strstr(err.message, "this proof needs"));
    assert_non_null(strstr(err.message, "free"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_kinds),     cmocka_unit_test(tells_families),
        cmocka_unit_test(checks_circuits), cmocka_unit_test(verifies_outputs),
        cmocka_unit_test(reads_meminfo),   cmocka_unit_test(admits_by_numbers),
    };

    return cmocka_run_group_tests_name("prove_kinds", tests, NULL, NULL);
}
