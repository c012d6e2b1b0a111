/* tests/hostile/signature_cases.c - who signed what, with which nonce. */
#include "hostile.h"
#include <stdlib.h>
#include <time.h>

typedef struct wish {
    uint64_t nonce, mode, strategy, deadline;
    size_t hash_len;
    const char *uri, *version;
    uint8_t hash[40];
} wish;

static uint8_t program[32] = { 0xab, 0xcd };
static char stdin_uri[512];

static wish good_wish(void)
{
    wish w = { .mode = 2,
               .strategy = 2,
               .hash_len = 32,
               .uri = stdin_uri,
               .version = "sp1-v6.1.0" };

    tc_nonce(&user, &w.nonce);
    w.deadline = (uint64_t)time(NULL) + 3600;
    memcpy(w.hash, program, 32);
    return w;
}

static tc_buf body_of(const wish *w)
{
    tc_buf b = { 0 };

    tc_u64(&b, 1, w->nonce);
    tc_bytes(&b, 2, w->hash, w->hash_len);
    tc_text(&b, 3, w->version);
    tc_u64(&b, 4, w->mode);
    tc_u64(&b, 5, w->strategy);
    tc_text(&b, 6, w->uri);
    tc_u64(&b, 7, w->deadline);
    tc_u64(&b, 8, 1000);
    return b;
}

static int ask(const wish *w)
{
    tc_buf b = body_of(w);
    int code = signed_code(NETWORK "RequestProof", &b);

    tc_free(&b);
    return code;
}

static void prepare(void)
{
    uint8_t elf[256] = { 248 };
    char uri[512];

    memcpy(elf + 8,
           "\x7f"
           "ELF\1\1\1",
           7);
    EXPECT("a program goes up", tc_artifact(&user, 1, elf, sizeof elf, uri), 0);
    EXPECT("and is registered", tc_create_program(&user, program, "vk", 2, uri),
           0);
    EXPECT("the same again is fine",
           tc_create_program(&user, program, "vk", 2, uri), 0);
    EXPECT("another vk is refused",
           tc_create_program(&user, program, "kv", 2, uri), 6);
    EXPECT("an input goes up", tc_artifact(&user, 2, "stdin", 5, stdin_uri), 0);
}

static int with_signature(const void *sig, size_t sig_len, uint64_t format)
{
    wish w = good_wish();
    tc_buf b = body_of(&w), env = { 0 };
    int code;

    if (format)
        tc_u64(&env, 1, format);
    tc_bytes(&env, 2, sig, sig_len);
    tc_bytes(&env, 3, b.data, b.len);
    code = grpc_code(NETWORK "RequestProof", env.data, env.len);
    tc_free(&env);
    tc_free(&b);
    return code;
}

static void signatures(void)
{
    uint8_t sig[80] = { 0 };
    static const size_t lens[] = { 0, 1, 64, 66, 80 };
    static const uint8_t vs[] = { 2, 3, 26, 29, 35, 36, 37, 38, 53, 56, 255 };

    for (size_t i = 0; i < 5; i++)
        EXPECT("a signature of wrong length", with_signature(sig, lens[i], 1),
               3, 16);
    EXPECT("a signature of zeros", with_signature(sig, 65, 1), 16);
    memset(sig, 0xff, sizeof sig);
    sig[64] = 27;
    EXPECT("r and s above the order", with_signature(sig, 65, 1), 16);
    for (size_t i = 0; i < sizeof vs; i++) {
        wish w = good_wish();
        tc_buf b = body_of(&w), env = { 0 };

        (void)!provernet_sign(user.key, sig, b.data, b.len, NULL);
        sig[64] = vs[i];
        tc_u64(&env, 1, 1);
        tc_bytes(&env, 2, sig, 65);
        tc_bytes(&env, 3, b.data, b.len);
        EXPECT("an unknown recovery byte",
               grpc_code(NETWORK "RequestProof", env.data, env.len), 3);
        tc_free(&env);
        tc_free(&b);
    }
    (void)!provernet_sign(user.key, sig, "x", 1, NULL);
    EXPECT("no format", with_signature(sig, 65, 0), 3);
    EXPECT("an unknown format", with_signature(sig, 65, 7), 3);
}

static void nonces(void)
{
    wish w = good_wish();
    uint64_t was = w.nonce, now;

    w.nonce = was + 1;
    EXPECT("a nonce too high", ask(&w), 10);
    if (was) {
        w.nonce = was - 1;
        EXPECT("a nonce too low", ask(&w), 10);
    }
    w.nonce = UINT64_MAX;
    EXPECT("the highest nonce", ask(&w), 10);
    tc_nonce(&user, &now);
    EXPECT("refusals consumed none", (int)(now - was), 0);
    w.nonce = was;
    EXPECT("the right nonce", ask(&w), 0);
    EXPECT("a replay", ask(&w), 10);
    tc_nonce(&user, &now);
    EXPECT("one was consumed", (int)(now - was), 1);
    w = good_wish();
    w.deadline += 1; /* another deadline is another request */
    EXPECT("another deadline", ask(&w), 0);
}

static void fields(void)
{
    wish w;
    static const size_t lens[] = { 0, 31, 33 };

    for (size_t i = 0; i < 3; i++) {
        w = good_wish();
        w.hash_len = lens[i];
        EXPECT("a vk hash of wrong length", ask(&w), 3);
    }
    w = good_wish();
    w.hash[5] = 77;
    EXPECT("a program nobody registered", ask(&w), 9);
    w = good_wish();
    w.deadline = (uint64_t)time(NULL) - 10;
    EXPECT("a deadline in the past", ask(&w), 3);
    w = good_wish();
    w.deadline = 0;
    EXPECT("no deadline", ask(&w), 3);
    w = good_wish();
    w.mode = 0;
    EXPECT("no mode", ask(&w), 3);
    w = good_wish();
    w.mode = 99;
    EXPECT("an unknown mode", ask(&w), 3);
    w = good_wish();
    w.uri = "";
    EXPECT("no stdin", ask(&w), 3, 5);
    w.uri = "http://127.0.0.1/artifacts/stdin/ffffffffffffffffffffffffffffffff";
    EXPECT("a stdin nobody made", ask(&w), 5);
    w.uri = "../../etc/passwd";
    EXPECT("a stdin that is no artifact", ask(&w), 3, 5);
    w.uri = "s3://bucket/artifact_01jq";
    EXPECT("a stdin of another store", ask(&w), 3, 5);
    w.version = "\xff\xfe";
    EXPECT("a version that is not UTF-8", ask(&w), 3);
}

static int with_extra(const tc_buf *extra)
{
    wish w = good_wish();
    tc_buf b = body_of(&w);
    int code;

    tc_add(&b, extra->data, extra->len);
    code = signed_code(NETWORK "RequestProof", &b);
    tc_free(&b);
    return code;
}

/* Field 12 is a flag in one schema and the domain in the other. */
static void flavours(void)
{
    static const uint8_t foreign[32] = { 1, 2, 3 }, a20[20] = { 7 };
    tc_buf x = { 0 };

    tc_u64(&x, 12, 1);
    tc_bytes(&x, 12, foreign, 32);
    EXPECT("field 12 with both wire types", with_extra(&x), 3);
    tc_free(&x);
    tc_u64(&x, 12, 1);
    tc_bytes(&x, 13, a20, 20);
    EXPECT("field 12 as a number with field 13", with_extra(&x), 3);
    tc_free(&x);
    tc_bytes(&x, 12, foreign, 32);
    EXPECT("a foreign domain", with_extra(&x), 3, 7);
    tc_free(&x);
    tc_bytes(&x, 12, foreign, 31);
    EXPECT("a domain of 31 bytes", with_extra(&x), 3);
    tc_free(&x);
    tc_bytes(&x, 11, a20, 19);
    EXPECT("a whitelist entry of 19 bytes", with_extra(&x), 3);
    tc_free(&x);
}

/* What belongs to somebody else. */
static void others(void)
{
    tc_user thief;
    uint8_t secret[32] = { [31] = 6 }, id[32];
    char uri[512];
    uint64_t nonce;
    tc_buf b = { 0 }, env = { 0 };

    tc_artifact(&user, 2, "mine", 4, uri);
    EXPECT("a request of mine",
           tc_request(&user, program, 2, uri, (uint64_t)time(NULL) + 3600, id),
           0);
    tc_user_open(&thief, "127.0.0.1", server.port, secret);
    tc_nonce(&thief, &nonce);
    tc_u64(&b, 1, nonce);
    tc_bytes(&b, 2, id, 32);
    tc_envelope(&env, thief.key, b.data, b.len);
    EXPECT("cancelled by another",
           grpc_code(NETWORK "CancelRequest", env.data, env.len), 7);
    EXPECT("refused by one who is not its prover",
           grpc_code(NETWORK "FailFulfillment", env.data, env.len), 7);
    tc_free(&b);
    tc_free(&env);
    tc_nonce(&user, &nonce);
    tc_u64(&b, 1, nonce);
    tc_bytes(&b, 2, id, 32);
    tc_envelope(&env, user.key, b.data, b.len);
    EXPECT("cancelled by its owner",
           grpc_code(NETWORK "CancelRequest", env.data, env.len), 0);
    EXPECT("the same cancel replayed",
           grpc_code(NETWORK "CancelRequest", env.data, env.len), 10);
    tc_free(&b);
    tc_free(&env);
    tc_user_close(&thief);
}

void signature_cases(void)
{
    prepare();
    signatures();
    nonces();
    fields();
    flavours();
    others();
}
