/* protocol/worker/secure.h - how a worker proves its key once and every
 * message afterwards. Pure; any thread. Both sides use it.
 *
 * The server's challenge and both X25519 keys are signed by the worker's
 * Ethereum key; the shared secret gives one MAC key for each direction and
 * the session's id. */
#ifndef PVN_PROTOCOL_WORKER_SECURE_H
#define PVN_PROTOCOL_WORKER_SECURE_H
#include "base/env.h"
#include "base/error.h"

enum {
    PVN_CHALLENGE_BYTES = 48,
    PVN_CHALLENGE_MS = 60000, /* how long a challenge can be answered */
    PVN_SESSION_BYTES = 16,
    PVN_MAC_BYTES = 32,
    PVN_INSTANCE_BYTES = 16,
    PVN_HELLO_TEXT_MAX = 400
};

/* An X25519 key pair. */
typedef struct pvn_exchange_key {
    uint8_t secret[32], open[32];
} pvn_exchange_key;
void pvn_exchange_key_new(pvn_exchange_key *k, const pvn_env *env);

/* What both sides derive. */
typedef struct pvn_session_keys {
    uint8_t up[32], down[32]; /* MAC: worker to server, server to worker */
    uint8_t id[PVN_SESSION_BYTES];
} pvn_session_keys;
/* ERR_SIGNATURE: the other side's key is not a usable point. */
provernet_status
pvn_session_derive(pvn_session_keys *out, const pvn_exchange_key *mine,
                   const uint8_t theirs[32],
                   const uint8_t challenge[PVN_CHALLENGE_BYTES],
                   const uint8_t server_key[32], const uint8_t worker_key[32],
                   provernet_error *err);
void pvn_wipe(void *p, size_t len);

/* A challenge carries its time and is recognised by its maker's secret: the
 * server remembers nothing. */
void pvn_challenge_make(uint8_t out[PVN_CHALLENGE_BYTES],
                        const uint8_t secret32[32], const pvn_env *env);
/* ERR_SIGNATURE: not ours; ERR_TIMEOUT: too old. */
provernet_status
pvn_challenge_check(const uint8_t challenge[PVN_CHALLENGE_BYTES],
                    const uint8_t secret32[32], int64_t now_ms,
                    int64_t *made_ms, provernet_error *err);

/* The text that the worker signs (EIP-191); returns its length. */
size_t pvn_hello_text(char out[PVN_HELLO_TEXT_MAX],
                      const uint8_t challenge[PVN_CHALLENGE_BYTES],
                      const uint8_t server_key[32],
                      const uint8_t worker_key[32]);

void pvn_message_mac(uint8_t out[PVN_MAC_BYTES], const uint8_t key[32],
                     const uint8_t session[PVN_SESSION_BYTES], uint32_t lane,
                     uint64_t counter, pvn_bytes body);
bool pvn_mac_equal(const uint8_t a[PVN_MAC_BYTES], pvn_bytes b);
#endif
