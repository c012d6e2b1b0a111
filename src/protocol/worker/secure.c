/* protocol/worker/secure.c - see secure.h. */
#include "protocol/worker/secure.h"
#include <sodium.h>
#include <stdio.h>

void pvn_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

void pvn_exchange_key_new(pvn_exchange_key *k, const pvn_env *env)
{
    pvn_random(env, k->secret, sizeof k->secret);
    crypto_scalarmult_base(k->open, k->secret);
}

/* out = BLAKE2b of the labelled transcript under the shared secret. */
static void derive(uint8_t *out, size_t out_len, const uint8_t shared[32],
                   const char *label, const uint8_t *transcript, size_t len)
{
    crypto_generichash_state st;

    crypto_generichash_init(&st, shared, 32, out_len);
    crypto_generichash_update(&st, (const uint8_t *)label, strlen(label) + 1);
    crypto_generichash_update(&st, transcript, len);
    crypto_generichash_final(&st, out, out_len);
    sodium_memzero(&st, sizeof st);
}

provernet_status
pvn_session_derive(pvn_session_keys *out, const pvn_exchange_key *mine,
                   const uint8_t theirs[32],
                   const uint8_t challenge[PVN_CHALLENGE_BYTES],
                   const uint8_t server_key[32], const uint8_t worker_key[32],
                   provernet_error *err)
{
    uint8_t transcript[PVN_CHALLENGE_BYTES + 64], shared[32];

    /* Fails for points of small order, which would make the secret known. */
    if (crypto_scalarmult(shared, mine->secret, theirs) != 0)
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "the exchange key is not a usable point");
    memcpy(transcript, challenge, PVN_CHALLENGE_BYTES);
    memcpy(transcript + PVN_CHALLENGE_BYTES, server_key, 32);
    memcpy(transcript + PVN_CHALLENGE_BYTES + 32, worker_key, 32);
    derive(out->up, 32, shared, "provernet worker up v1", transcript,
           sizeof transcript);
    derive(out->down, 32, shared, "provernet worker down v1", transcript,
           sizeof transcript);
    derive(out->id, sizeof out->id, shared, "provernet worker id v1",
           transcript, sizeof transcript);
    sodium_memzero(shared, sizeof shared);
    return PROVERNET_OK;
}

/* time (8, big-endian) . random (16) . tag (24) */
void pvn_challenge_make(uint8_t out[PVN_CHALLENGE_BYTES],
                        const uint8_t secret32[32], const pvn_env *env)
{
    pvn_put_u64be(out, (uint64_t)pvn_now_ms(env));
    pvn_random(env, out + 8, 16);
    crypto_generichash(out + 24, 24, out, 24, secret32, 32);
}

provernet_status
pvn_challenge_check(const uint8_t challenge[PVN_CHALLENGE_BYTES],
                    const uint8_t secret32[32], int64_t now_ms,
                    int64_t *made_ms, provernet_error *err)
{
    uint8_t tag[24];

    crypto_generichash(tag, sizeof tag, challenge, 24, secret32, 32);
    if (sodium_memcmp(tag, challenge + 24, sizeof tag) != 0)
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "the challenge is not one of this server's");
    *made_ms = (int64_t)pvn_get_u64be(challenge);
    if (now_ms - *made_ms > PVN_CHALLENGE_MS)
        return pvn_fail(err, PROVERNET_ERR_TIMEOUT, 0,
                        "the challenge is %lld ms old, allowed are %d",
                        (long long)(now_ms - *made_ms), PVN_CHALLENGE_MS);
    return PROVERNET_OK;
}

size_t pvn_hello_text(char out[PVN_HELLO_TEXT_MAX],
                      const uint8_t challenge[PVN_CHALLENGE_BYTES],
                      const uint8_t server_key[32],
                      const uint8_t worker_key[32])
{
    char a[2 * PVN_CHALLENGE_BYTES + 1], b[65], c[65];
    int n;

    n = snprintf(out, PVN_HELLO_TEXT_MAX,
                 "provernet worker hello v1\nchallenge: %s\nserver: %s\n"
                 "worker: %s\n",
                 pvn_hex(a, challenge, PVN_CHALLENGE_BYTES),
                 pvn_hex(b, server_key, 32), pvn_hex(c, worker_key, 32));
    return n > 0 ? (size_t)n : 0;
}

void pvn_message_mac(uint8_t out[PVN_MAC_BYTES], const uint8_t key[32],
                     const uint8_t session[PVN_SESSION_BYTES], uint32_t lane,
                     uint64_t counter, pvn_bytes body)
{
    crypto_generichash_state st;
    uint8_t head[PVN_SESSION_BYTES + 12];

    memcpy(head, session, PVN_SESSION_BYTES);
    pvn_put_u32be(head + PVN_SESSION_BYTES, lane);
    pvn_put_u64be(head + PVN_SESSION_BYTES + 4, counter);
    crypto_generichash_init(&st, key, 32, PVN_MAC_BYTES);
    crypto_generichash_update(&st, head, sizeof head);
    if (body.len)
        crypto_generichash_update(&st, body.data, body.len);
    crypto_generichash_final(&st, out, PVN_MAC_BYTES);
}

bool pvn_mac_equal(const uint8_t a[PVN_MAC_BYTES], pvn_bytes b)
{
    return b.len == PVN_MAC_BYTES &&
           sodium_memcmp(a, b.data, PVN_MAC_BYTES) == 0;
}
