/* crypto/sha256.c - SHA-256. Includes crypto.h and libsodium. */
#include "crypto/crypto.h"
#include <sodium.h>

void pvn_sha256(uint8_t out32[32], const void *data, size_t len)
{
    crypto_hash_sha256(out32, data, len);
}
