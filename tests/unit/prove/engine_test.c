/* engine_test.c - the CPU engine: its team, proofs, the key cache, turns. */
#include "help.h"
#include "prove/keys.h"
#include "prove/team.h"
#include <provernet/groth16.h>
#include <provernet/node.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct sums {
    atomic_size_t calls;
    unsigned char seen[10000];
} sums;

static void mark(void *arg, size_t i)
{
    sums *s = arg;

    s->seen[i]++;
    atomic_fetch_add(&s->calls, 1);
}

/* Every piece exactly once, whatever the number of threads, many times. */
static void team_does_every_piece_once(void **state)
{
    static const unsigned sizes[] = { 1, 2, 3, 8 };
    static sums s;

    (void)state;
    for (size_t t = 0; t < 4; t++) {
        pvn_team *team;

        assert_int_equal(pvn_team_open(&team, sizes[t], t == 2, NULL), 0);
        assert_int_equal(pvn_team_par(team)->threads, sizes[t]);
        for (size_t round = 0; round < 300; round++) {
            size_t n = round % 7 ? round * 3 : 10000;

            memset(&s, 0, sizeof s);
            pvn_par_for(pvn_team_par(team), mark, &s, n);
            assert_int_equal(atomic_load(&s.calls), n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(s.seen[i], 1);
        }
        pvn_team_close(team);
    }
}

static provernet_engine *open_engine(const char *name, const char *value)
{
    provernet_options *o = provernet_options_new();
    provernet_error err = { 0 };
    provernet_engine *e;

    assert_int_equal(provernet_options_set(o, "engine.threads", "2", &err), 0);
    if (name)
        assert_int_equal(provernet_options_set(o, name, value, &err), 0);
    assert_int_equal(provernet_engine_open(&e, "auto", o, &err), 0);
    provernet_options_free(o);
    return e;
}

static void refuses_devices(void **state)
{
    provernet_options *o = provernet_options_new();
    provernet_error err = { 0 };
    provernet_engine *e;

    (void)state;
    assert_int_equal(provernet_engine_open(&e, "cuda:0", NULL, &err),
                     PROVERNET_ERR_NO_DEVICE);
    assert_null(e);
    assert_non_null(strstr(err.message, "cuda:0"));
    assert_int_equal(provernet_engine_open(&e, "cpu:3", NULL, &err),
                     PROVERNET_ERR_NO_DEVICE);
    assert_int_equal(provernet_engine_open(&e, "cpux", NULL, &err),
                     PROVERNET_ERR_NO_DEVICE);
    assert_int_equal(provernet_options_set(o, "engine.cpu", "abacus", &err), 0);
    assert_int_equal(provernet_engine_open(&e, "cpu", o, &err),
                     PROVERNET_ERR_CONFIG);
    assert_non_null(strstr(err.message, "abacus"));
    provernet_options_free(o);
    provernet_engine_close(NULL);
}

static void describes_itself(void **state)
{
    provernet_engine *e = open_engine("engine.cpu", "portable");
    const char *text = provernet_engine_describe(e);

    (void)state;
    assert_non_null(strstr(text, "\"device\":\"cpu\""));
    assert_non_null(strstr(text, "\"threads\":2"));
    assert_non_null(strstr(text, "\"cpu\":\"portable\""));
    provernet_engine_close(e);
}

static void prove_and_verify(const provernet_groth16_key *key,
                             const char *wtns_path, provernet_status expect)
{
    provernet_groth16_proof proof;
    provernet_groth16_vk *vk;
    provernet_error err = { 0 };
    uint8_t publics[8 * 32];
    char json[16384];
    provernet_span span;
    size_t len, n;
    uint8_t *wtns = slurp(wtns_path, &len);
    provernet_span witness = { wtns, len };
    provernet_status rc;

    rc = provernet_groth16_prove(key, &proof, publics, 8, &n, witness, NULL,
                                 &err);
    assert_int_equal(rc, expect);
    free(wtns);
    if (rc)
        return;
    assert_int_equal(provernet_groth16_key_vk_json(key, json, 0, &len),
                     PROVERNET_ERR_LIMIT);
    assert_in_range(len, 1, sizeof json);
    assert_int_equal(
        provernet_groth16_key_vk_json(key, json, sizeof json, &len), 0);
    span = (provernet_span){ json, len };
    assert_int_equal(provernet_groth16_vk_parse(&vk, span, &err), 0);
    assert_int_equal(provernet_groth16_verify(vk, &proof, publics, n, &err), 0);
    publics[31] ^= 1;
    assert_int_equal(provernet_groth16_verify(vk, &proof, publics, n, &err),
                     PROVERNET_ERR_PROOF_INVALID);
    provernet_groth16_vk_free(vk);
}

static void proves(void **state)
{
    provernet_engine *e = open_engine(NULL, NULL);
    provernet_groth16_info info = { .struct_size = sizeof info };
    provernet_groth16_proof proof;
    provernet_groth16_key *key;
    provernet_error err = { 0 };
    provernet_span nothing = { "", 0 };
    size_t n = 0;

    (void)state;
    assert_int_equal(provernet_groth16_key_open(
                         &key, e, VECTOR("poseidon/circuit.zkey"), NULL, &err),
                     0);
    provernet_groth16_key_info(key, &info);
    assert_int_equal(info.wires, 963);
    assert_int_equal(info.publics, 3);
    assert_int_equal(info.domain, 1024);
    assert_true(info.host_bytes > 0 && info.key_bytes > 0);
    assert_int_equal(info.device_bytes, 0);
    prove_and_verify(key, VECTOR("poseidon/witness.wtns"), PROVERNET_OK);
    prove_and_verify(key, VECTOR("multiplier/witness.wtns"),
                     PROVERNET_ERR_MISMATCH);
    assert_int_equal(
        provernet_groth16_prove(key, &proof, NULL, 0, &n, nothing, NULL, &err),
        PROVERNET_ERR_LIMIT);
    assert_int_equal(n, 3);
    provernet_groth16_key_free(key);
    assert_int_equal(provernet_groth16_key_open(
                         &key, e, VECTOR("poseidon/none.zkey"), NULL, &err),
                     PROVERNET_ERR_NOT_FOUND);
    assert_null(key);
    provernet_engine_close(e);
}

static void cancels(void **state)
{
    provernet_engine *e = open_engine(NULL, NULL);
    provernet_watch *w = provernet_watch_new();
    provernet_groth16_proof proof;
    provernet_groth16_key *key;
    provernet_error err = { 0 };
    uint8_t publics[8 * 32];
    size_t len, n;
    uint8_t *wtns = slurp(VECTOR("poseidon/witness.wtns"), &len);
    provernet_span witness = { wtns, len };

    (void)state;
    assert_int_equal(provernet_groth16_key_open(
                         &key, e, VECTOR("poseidon/circuit.zkey"), NULL, &err),
                     0);
    provernet_watch_cancel(w);
    assert_int_equal(
        provernet_groth16_prove(key, &proof, publics, 8, &n, witness, w, &err),
        PROVERNET_ERR_CANCELLED);
    provernet_groth16_key_free(key);
    provernet_watch_free(w);
    provernet_engine_close(e);
    free(wtns);
}

static provernet_groth16_key *by_digest(provernet_engine *e, const char *path,
                                        uint8_t id)
{
    uint8_t digest[32] = { id };
    provernet_error err = { 0 };
    provernet_groth16_key *key;

    assert_int_equal(pvn_key_by_digest(&key, e, path, digest, NULL, &err), 0);
    return key;
}

static void keeps_keys(void **state)
{
    provernet_engine *e = open_engine(NULL, NULL);
    provernet_groth16_key *a, *again, *b;
    uint64_t bytes;

    (void)state;
    a = by_digest(e, VECTOR("poseidon/circuit.zkey"), 1);
    again = by_digest(e, "/not/there", 1); /* from the cache: no file read */
    assert_ptr_equal(a, again);
    b = by_digest(e, VECTOR("multiplier/circuit.zkey"), 2);
    assert_ptr_not_equal(a, b);
    assert_int_equal(pvn_key_cache_count(e, &bytes), 2);
    assert_true(bytes > 0);
    provernet_groth16_key_free(a);
    provernet_groth16_key_free(again);
    provernet_groth16_key_free(b);
    assert_int_equal(pvn_key_cache_count(e, &bytes), 2);
    provernet_engine_close(e);
}

/* The least recently used key goes; one that is in use lives on outside. */
static void evicts_keys(void **state)
{
    provernet_engine *e = open_engine("engine.key_cache", "1MiB");
    provernet_groth16_key *a, *b;
    uint64_t bytes;

    (void)state;
    a = by_digest(e, VECTOR("poseidon/circuit.zkey"), 1);
    for (uint8_t i = 2; i < 6; i++) {
        b = by_digest(e, VECTOR("poseidon/circuit.zkey"), i);
        provernet_groth16_key_free(b);
        pvn_key_cache_count(e, &bytes);
        assert_true(bytes <= 1 << 20);
    }
    b = by_digest(e, VECTOR("poseidon/circuit.zkey"), 1);
    assert_ptr_not_equal(a, b); /* it was evicted and loaded again */
    provernet_groth16_key_free(b);
    prove_and_verify(a, VECTOR("poseidon/witness.wtns"), PROVERNET_OK);
    provernet_groth16_key_free(a);
    provernet_engine_close(e);

    e = open_engine("engine.memory", "low");
    a = by_digest(e, VECTOR("multiplier/circuit.zkey"), 1);
    assert_int_equal(pvn_key_cache_count(e, &bytes), 0);
    provernet_groth16_key_free(a);
    provernet_engine_close(e);
}

static void *prove_often(void *arg)
{
    provernet_engine *e = arg;

    for (int i = 0; i < 4; i++) {
        provernet_groth16_key *k =
            by_digest(e, VECTOR("multiplier/circuit.zkey"), 9);

        prove_and_verify(k, VECTOR("multiplier/witness.wtns"), PROVERNET_OK);
        provernet_groth16_key_free(k);
    }
    return NULL;
}

static void many_callers_take_turns(void **state)
{
    provernet_engine *e = open_engine(NULL, NULL);
    pthread_t t[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, prove_often, e), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(pvn_key_cache_count(e, NULL), 1);
    provernet_engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(team_does_every_piece_once),
        cmocka_unit_test(refuses_devices),
        cmocka_unit_test(describes_itself),
        cmocka_unit_test(proves),
        cmocka_unit_test(cancels),
        cmocka_unit_test(keeps_keys),
        cmocka_unit_test(evicts_keys),
        cmocka_unit_test(many_callers_take_turns),
    };

    return cmocka_run_group_tests_name("prove_engine", tests, NULL, NULL);
}
