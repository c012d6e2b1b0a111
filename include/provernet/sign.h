/* provernet/sign.h - EIP-191 personal messages over secp256k1.
 *
 * No node needed; any thread. Secrets live in locked memory and are wiped. */
#ifndef PROVERNET_SIGN_H
#define PROVERNET_SIGN_H
#include <provernet/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_key provernet_key;

/* Read a key file: 64 hex digits, "0x" and a final newline allowed. A file
 * that group or others can read is refused.
 * OK: *out is freed by the caller. ERR_KEY_FILE (why, and the chmod to type),
 * ERR_NOT_FOUND, ERR_IO, ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_key_read(provernet_key **out, const char *path, provernet_error *err);
/* secret32: big-endian scalar, or NULL: a random key.
 * ERR_INVALID (zero or not below the group order), ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_key_new(
    provernet_key **out, const uint8_t secret32[32], provernet_error *err);
/* Write the secret as a new file with mode 0600; never replaces a file.
 * ERR_EXISTS, ERR_IO. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_key_write(
    const provernet_key *k, const char *path, provernet_error *err);
/* Last 20 bytes of Keccak-256 of the public key. */
PROVERNET_API void provernet_key_address(const provernet_key *k,
                                         uint8_t addr20[20]);
/* Wipes. NULL is allowed. */
PROVERNET_API void provernet_key_free(provernet_key *k);

/* Sign the EIP-191 digest of msg[0..len): r, s (low), v = 27 or 28.
 * Deterministic (RFC 6979). */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_sign(const provernet_key *k, uint8_t sig65[65], const void *msg,
               size_t len, provernet_error *err);
/* Who signed? v may be 0/1, 27/28 or 54/55 (docs/signatures.md).
 * ERR_SIGNATURE: no key can be recovered, s is high, or v is none of these.
 * A changed message gives another address, not an error. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_recover(uint8_t addr20[20], const uint8_t sig65[65], const void *msg,
                  size_t len, provernet_error *err);
/* Keccak-256 with the pre-NIST padding, as Ethereum uses it. */
PROVERNET_API void provernet_keccak256(uint8_t out32[32], const void *data,
                                       size_t len);

#ifdef __cplusplus
}
#endif
#endif
