/* crypto/eip191.c - EIP-191 "personal message" digests, sign and recover. */
#include "crypto/crypto.h"
#include "crypto/secp.h"
#include <stdio.h>

void pvn_eip191(uint8_t digest32[32], const void *msg, size_t len)
{
    char head[64];
    int n = snprintf(head, sizeof head,
                     "\x19"
                     "Ethereum Signed Message:\n%zu",
                     len);
    pvn_keccak k;

    pvn_keccak_init(&k);
    pvn_keccak_add(&k, head, (size_t)n);
    pvn_keccak_add(&k, msg, len);
    pvn_keccak_end(&k, digest32);
}

char *pvn_address_text(char out[43], const uint8_t addr20[20])
{
    out[0] = '0';
    out[1] = 'x';
    pvn_hex(out + 2, addr20, 20);
    return out;
}

void pvn_address_of(uint8_t addr20[20], const pvn_secp *s,
                    const secp256k1_pubkey *key)
{
    uint8_t raw[65], hash[32];
    size_t len = sizeof raw;

    s->ec_pubkey_serialize(s->ctx, raw, &len, key, SECP256K1_EC_UNCOMPRESSED);
    provernet_keccak256(hash, raw + 1, 64);
    memcpy(addr20, hash + 12, 20);
}

/* v: 0/1, 27/28, or 54/55 (clients that added 27 twice). -1: none of them. */
static int parity(uint8_t v)
{
    switch (v) {
    case 0:
    case 27:
    case 54:
        return 0;
    case 1:
    case 28:
    case 55:
        return 1;
    default:
        return -1;
    }
}

static provernet_status parse(const pvn_secp *s,
                              secp256k1_ecdsa_recoverable_signature *sig,
                              const uint8_t sig65[65], provernet_error *err)
{
    secp256k1_ecdsa_signature plain;
    int v = parity(sig65[64]);

    if (v < 0)
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "the recovery byte is %u, expected 0, 1, 27, 28, 54 "
                        "or 55",
                        sig65[64]);
    if (!s->ecdsa_recoverable_signature_parse_compact(s->ctx, sig, sig65, v))
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "r or s is not below the group order");
    /* recover takes a high s, which would let anyone make a second signature
     * of the same message; every client signs with a low one. */
    s->ecdsa_recoverable_signature_convert(s->ctx, &plain, sig);
    if (s->ecdsa_signature_normalize(s->ctx, NULL, &plain))
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "s is above half the group order (malleable)");
    return PROVERNET_OK;
}

provernet_status pvn_recover_digest(uint8_t addr20[20], const uint8_t sig65[65],
                                    const uint8_t digest32[32],
                                    provernet_error *err)
{
    const pvn_secp *s = pvn_secp_get(err);
    secp256k1_ecdsa_recoverable_signature sig;
    secp256k1_pubkey key;
    provernet_status rc;

    if (!s)
        return PROVERNET_ERR_UNAVAILABLE;
    rc = parse(s, &sig, sig65, err);
    if (rc)
        return rc;
    if (!s->ecdsa_recover(s->ctx, &key, &sig, digest32))
        return pvn_fail(err, PROVERNET_ERR_SIGNATURE, 0,
                        "no key can be recovered from the signature");
    pvn_address_of(addr20, s, &key);
    return PROVERNET_OK;
}

provernet_status provernet_recover(uint8_t addr20[20], const uint8_t sig65[65],
                                   const void *msg, size_t len,
                                   provernet_error *err)
{
    uint8_t digest[32];

    if (!addr20 || !sig65 || (!msg && len))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "recover needs an address, a signature and a message");
    pvn_eip191(digest, msg, len);
    return pvn_recover_digest(addr20, sig65, digest, err);
}
