/* crypto/crypto.h - Keccak-256, SHA-256, BLAKE3, EIP-191, tickets. Any thread. */
#ifndef PVN_CRYPTO_CRYPTO_H
#define PVN_CRYPTO_CRYPTO_H
#include "base/bytes.h"
#include "base/env.h"
#include "base/error.h"
#include <provernet/sign.h>

typedef struct pvn_keccak {
    uint64_t lane[25];
    size_t at; /* bytes absorbed of this block */
} pvn_keccak;
void pvn_keccak_init(pvn_keccak *k);
void pvn_keccak_add(pvn_keccak *k, const void *data, size_t len);
void pvn_keccak_end(pvn_keccak *k, uint8_t out32[32]);

void pvn_sha256(uint8_t out32[32], const void *data, size_t len);
/* BLAKE3 of bytes in memory. */
void pvn_blake3(uint8_t out32[32], const void *data, size_t len);

/* Digest of the EIP-191 personal message. */
void pvn_eip191(uint8_t digest32[32], const void *msg, size_t len);
/* The signer of a digest. See provernet_recover for the rules of v and s. */
provernet_status pvn_recover_digest(uint8_t addr20[20], const uint8_t sig65[65],
                                    const uint8_t digest32[32],
                                    provernet_error *err);
provernet_status pvn_sign_digest(const provernet_key *k, uint8_t sig65[65],
                                 const uint8_t digest32[32],
                                 provernet_error *err);
/* Another key object with the same secret. */
provernet_status pvn_key_copy(provernet_key **out, const provernet_key *k,
                              provernet_error *err);
/* "0x" + 40 lower-case digits + NUL. */
char *pvn_address_text(char out[43], const uint8_t addr20[20]);

/* A ticket is keyed BLAKE2b-128(key, verb 0 id expiry), written
 * "<expiry ms in hex>-<32 hex digits>". Verbs: "put", "get", "raw". Expiry 0:
 * never. */
enum { PVN_TICKET_CHARS = 50 }; /* with NUL */
char *pvn_ticket_make(char out[PVN_TICKET_CHARS], const uint8_t key32[32],
                      const char *verb, const provernet_id *id,
                      int64_t expires_ms);
/* ERR_PERMISSION: forged, for something else, or expired. Constant time. */
provernet_status pvn_ticket_check(const uint8_t key32[32], const char *verb,
                                  const provernet_id *id, const char *ticket,
                                  int64_t now_ms, provernet_error *err);

/* An id that shows who made it: its last 5 bytes are the beginning of
 * keyed BLAKE2b-128(key, "id" 0 the first 11). So an address can be handed out
 * without a row, and later be told from one that was made up. */
void pvn_id_seal(const uint8_t key32[32], provernet_id *id);
bool pvn_id_sealed(const uint8_t key32[32], const provernet_id *id);
#endif
