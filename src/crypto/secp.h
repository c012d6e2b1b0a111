/* crypto/secp.h - libsecp256k1, reached through a table of functions.
 *
 * Nodes that embed this library often carry a copy of secp256k1 of their own
 * under the same symbol names (go-ethereum does); a normal link would call
 * theirs. So ours is opened with RTLD_DEEPBIND, which AddressSanitizer cannot
 * do: sanitized builds, and PROVERNET_LINK_SECP256K1, link it normally. */
#ifndef PVN_CRYPTO_SECP_H
#define PVN_CRYPTO_SECP_H
#include "base/error.h"
#include <secp256k1_recovery.h>

#define PVN_SECP_FUNCTIONS(X)                                                  \
    X(context_create)                                                          \
    X(context_randomize)                                                       \
    X(ec_pubkey_create)                                                        \
    X(ec_pubkey_serialize)                                                     \
    X(ec_seckey_verify)                                                        \
    X(ecdsa_signature_normalize)                                               \
    X(ecdsa_recoverable_signature_parse_compact)                               \
    X(ecdsa_recoverable_signature_serialize_compact)                           \
    X(ecdsa_recoverable_signature_convert)                                     \
    X(ecdsa_sign_recoverable)                                                  \
    X(ecdsa_recover)

typedef struct pvn_secp {
    secp256k1_context *ctx; /* randomised once, then only read: any thread */
#define X(name) __typeof__(&secp256k1_##name) name;
    PVN_SECP_FUNCTIONS(X)
#undef X
} pvn_secp;

/* The table, made at the first call; NULL with *err when the library is not
 * to be found. Constant afterwards. Any thread. */
const pvn_secp *pvn_secp_get(provernet_error *err);
/* Last 20 bytes of Keccak-256 of the uncompressed key without its 0x04. */
void pvn_address_of(uint8_t addr20[20], const pvn_secp *s,
                    const secp256k1_pubkey *key);
#endif
