/* tests/hostile/people_cases.c - accounts, money and private inputs against
 * those who have no right to them. After signature_cases. */
#include "hostile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint8_t domain[] =
    "\x55\xea\x66\x75\x7c\x5b\x1a\xec\xda\x66\x19\x90\x5f\x59\x4b\x32"
    "\x00\x92\xdb\x1c\xf4\xc8\xb6\xf8\x90\x25\xc0\x92\xf0\xbb\x7b\x5b";
static const uint8_t nobody[20] = { 1, 2, 3 };

static tc_buf begun(void)
{
    tc_buf b = { 0 };
    uint64_t nonce;

    tc_nonce(&user, &nonce);
    tc_u64(&b, 1, nonce);
    return b;
}

static int call(const char *path, tc_buf *b)
{
    int code = signed_code(path, b);

    tc_free(b);
    return code;
}

/* A transfer; `spoil` replaces a field: a later one wins. */
static tc_buf transfer(uint64_t variant, const void *dom, size_t dom_len,
                       const char *amount)
{
    tc_buf b = begun();

    tc_bytes(&b, 2, nobody, 20);
    tc_text(&b, 3, amount);
    tc_bytes(&b, 4, dom, dom_len);
    tc_u64(&b, 5, variant);
    return b;
}

static void money(void)
{
    static const char *const amounts[] = { "",
                                           "-1",
                                           "1.5",
                                           "0x10",
                                           "1e9",
                                           " 1",
                                           "0",
                                           "\xff",
                                           "12345678901234567890123456789012345"
                                           "67890123456789012345678901234567890"
                                           "12345678901234567890" };
    tc_buf b = transfer(6, nobody, 20, "1"), env = { 0 };

    EXPECT("a transfer with a short domain", call(NETWORK "Transfer", &b), 3);
    b = transfer(6, "01234567890123456789012345678901", 32, "1");
    EXPECT("a transfer of a foreign domain", call(NETWORK "Transfer", &b), 3);
    b = transfer(7, domain, 32, "1");
    EXPECT("a withdrawal signed, a transfer sent", call(NETWORK "Transfer", &b),
           3);
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        b = transfer(6, domain, 32, amounts[i]);
        EXPECT("an amount that is none", call(NETWORK "Transfer", &b), 3);
    }
    b = transfer(6, domain, 32,
                 "115792089237316195423570985008687907853269984665640564039457"
                 "584007913129639935");
    EXPECT("more than anybody has", call(NETWORK "Transfer", &b), 9);
    b = transfer(7, domain, 32, "1");
    EXPECT("a withdrawal from another's account", call(NETWORK "Withdraw", &b),
           7);
    b = transfer(6, domain, 32, "1");
    tc_envelope(&env, user.key, b.data, b.len);
    EXPECT("a transfer", grpc_code(NETWORK "Transfer", env.data, env.len), 0);
    EXPECT("the same transfer replayed",
           grpc_code(NETWORK "Transfer", env.data, env.len), 10);
    tc_free(&env);
    tc_free(&b);
}

/* In the base flavour these bodies have one layout: only the nonce tells a
 * captured message from a new one. */
static void one_layout(void)
{
    static const char *const others[] = { "CancelRequest", "FailFulfillment",
                                          "FailExecution", "AddDelegation",
                                          "AcceptDelegation" };
    uint8_t hash[32] = { 0xab, 0xcd }, id[32];
    char uri[512], path[128];
    tc_buf b, env = { 0 };

    tc_artifact(&user, 2, "shown", 5, uri);
    EXPECT("a request to look at",
           tc_request(&user, hash, 2, uri, (uint64_t)time(NULL) + 3600, id), 0);
    b = begun();
    tc_bytes(&b, 2, id, 32);
    tc_envelope(&env, user.key, b.data, b.len);
    EXPECT("its input", grpc_code(NETWORK "GetStdinUri", env.data, env.len), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(path, sizeof path, NETWORK "%s", others[i]);
        EXPECT(others[i], grpc_code(path, env.data, env.len), 10, 3, 7);
    }
    tc_free(&env);
    tc_free(&b);
}

static void strangers(void)
{
    static const char *const unsigned_ones[] = {
        "GetAccountName", "GetTermsSignature", "GetAccount", "GetDelegation"
    };
    tc_user thief;
    uint8_t secret[32] = { [31] = 66 }, hash[32] = { 0xab, 0xcd };
    uint64_t nonce;
    char path[128];
    tc_buf b = { 0 }, env = { 0 };

    tc_user_open(&thief, "127.0.0.1", server.port, secret);
    tc_nonce(&thief, &nonce);
    tc_u64(&b, 1, nonce);
    tc_bytes(&b, 2, hash, 32);
    tc_text(&b, 3, "stolen");
    tc_envelope(&env, thief.key, b.data, b.len);
    EXPECT("another's program named",
           grpc_code(NETWORK "SetProgramName", env.data, env.len), 7);
    tc_free(&env);
    b.len = 0;
    tc_u64(&b, 1, nonce);
    tc_bytes(&b, 2, user.address, 20);
    tc_text(&b, 3, "stolen");
    tc_envelope(&env, thief.key, b.data, b.len);
    EXPECT("another's account named",
           grpc_code(NETWORK "SetAccountName", env.data, env.len), 7);
    EXPECT("its terms accepted",
           grpc_code(NETWORK "SetTermsSignature", env.data, env.len), 7);
    tc_free(&env);
    tc_free(&b);
    for (size_t i = 0; i < 4; i++) {
        tc_bytes(&b, 1, nobody, 19);
        snprintf(path, sizeof path, NETWORK "%s", unsigned_ones[i]);
        EXPECT("an address of 19 bytes", grpc_code(path, b.data, b.len), 3);
        tc_free(&b);
    }
    tc_user_close(&thief);
}

static void lists(void)
{
    tc_buf b = { 0 };

    tc_u64(&b, 5, 4294967295u);
    tc_u64(&b, 6, 4294967295u);
    EXPECT("the last page of the balance logs",
           grpc_code(NETWORK "GetFilteredBalanceLogs", b.data, b.len), 0);
    tc_free(&b);
    tc_u64(&b, 2, 4294967295u);
    tc_u64(&b, 3, 4294967295u);
    EXPECT("the last page of the delegations",
           grpc_code(NETWORK "GetFilteredDelegations", b.data, b.len), 0);
    tc_free(&b);
    for (int i = 0; i < 200; i++)
        tc_bytes(&b, 1, domain, 32);
    EXPECT("estimates of 200 programs",
           grpc_code(NETWORK "GetProgramGasEstimates", b.data, b.len), 8);
    tc_free(&b);
}

/* Bytes that claim to be proofs. */
static void proofs(void)
{
    static const char path[] = "/verifier.Verifier/VerifyProof";
    uint8_t *junk = calloc(1, 1 << 20);
    tc_buf b = { 0 };

    for (int i = 0; i < 1 << 20; i++)
        junk[i] = (uint8_t)((unsigned)i * 2654435761u >> 13);
    for (uint64_t mode = 0; mode < 7; mode++) {
        tc_bytes(&b, 1, junk, 1 << 20);
        tc_bytes(&b, 2, domain, 32);
        tc_u64(&b, 3, mode);
        tc_text(&b, 4, "sp1-v6.1.0");
        EXPECT("a megabyte of noise as a proof", grpc_code(path, b.data, b.len),
               mode < 3 || mode > 4 ? 3 : 0, 9);
        tc_free(&b);
    }
    free(junk);
    tc_text(&b, 1, "{\"proof\":{},\"publicSignals\":[]}");
    tc_bytes(&b, 2, domain, 32);
    tc_u64(&b, 3, 4);
    tc_text(&b, 4, "groth16/bn254@1");
    EXPECT("a key of 32 bytes", grpc_code(path, b.data, b.len), 0, 3);
    tc_free(&b);
}

static int http(const char *method, const char *path, const void *body,
                size_t len)
{
    char url[400];
    tc_http h;
    int status;

    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server.port, path);
    if (!tc_http_url(method, url, body, len, &h))
        return -1;
    status = h.status;
    tc_http_free(&h);
    return status;
}

/* What the operator says: bodies and paths that say something else. */
static void operators(void)
{
    static const char prover[] = "/api/v1/provers/"
                                 "0102030405060708090a0b0c0d0e0f1011121314";
    static const char account[] = "/api/v1/accounts/"
                                  "0102030405060708090a0b0c0d0e0f1011121314"
                                  "/deposit";
    static const char *const bodies[] = {
        "",
        "null",
        "{",
        "{\"owner\":{}}",
        "{\"owner\":\"0x0102\"}",
        "{\"owner\":\"0x\xff\"}",
        "{\"owner\":null}",
        "{\"staker_fee_bips\":1e99}",
        "{\"staker_fee_bips\":-1}",
        "{\"staker_fee_bips\":99999999999999999999}",
        "{\"suspended_until_ms\":\"soon\"}",
        "{\"staker_fee_bips\":1,\"staker_fee_bips\":2}",
        "{\"amount\":\"1\"}",
    };
    static const char *const paths[] = {
        "/api/v1/provers/../accounts",
        "/api/v1/provers/%2e%2e/x",
        "/api/v1/provers/%2f",
        "/api/v1/provers/..%5c..%5cetc",
    };
    static const char *const lists[] = {
        "/api/v1/provers?after=zz",
        "/api/v1/provers?limit=0",
        "/api/v1/provers?limit=99999999999999999999",
        "/api/v1/settlement?after=-",
        "/api/v1/settlement?after=99-zz",
        "/api/v1/settlement?limit=101",
        "/api/v1/ledger?after=0",
        "/api/v1/ledger?after=zz",
        "/api/v1/ledger?limit=-1",
    };
    char *deep = malloc(70000);

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        EXPECT(bodies[i], http("POST", prover, bodies[i], strlen(bodies[i])),
               400);
        EXPECT(bodies[i], http("POST", account, bodies[i], strlen(bodies[i])),
               400);
    }
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        EXPECT(paths[i], http("POST", paths[i], "{}", 2), 400);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        EXPECT(lists[i], http("GET", lists[i], "", 0), 400);
    memset(deep, '[', 70000);
    EXPECT("60,000 arrays in each other", http("POST", prover, deep, 60000),
           400);
    EXPECT("a body that is too long", http("POST", prover, deep, 70000), 413);
    free(deep);
}

void people_cases(void)
{
    operators();
    money();
    one_layout();
    strangers();
    lists();
    proofs();
}
