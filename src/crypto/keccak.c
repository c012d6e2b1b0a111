/* crypto/keccak.c - Keccak-256 with the padding of the original submission
 * (0x01), which Ethereum kept; no packaged C library exposes it. Constants:
 * FIPS 202, section 3.2 (the permutation is that of SHA-3). */
#include "crypto/crypto.h"

enum { RATE = 136 };

static const uint64_t round_constant[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
    0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
    0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
    0x8000000000008080, 0x0000000080000001, 0x8000000080008008
};
/* Rotation of lane x + 5 y (rho), by which it goes to y + 5 (2 x + 3 y) (pi).
 */
static const uint8_t rho[25] = { 0,  1, 62, 28, 27, 36, 44, 6,  55,
                                 20, 3, 10, 43, 25, 39, 41, 45, 15,
                                 21, 8, 18, 2,  61, 56, 14 };

static inline uint64_t rotl(uint64_t v, unsigned n)
{
    return v << (n & 63) | v >> (-n & 63);
}

/* One round from a to b. Inlined with every loop unrolled, so that all indices
 * and rotations are constants and the lanes live in registers: five times as
 * fast as with the loops. */
__attribute__((always_inline)) static inline void
round_of(uint64_t *restrict b, const uint64_t *restrict a, uint64_t constant)
{
    uint64_t c[5], d[5], t[25];

#pragma GCC unroll 5
    for (int x = 0; x < 5; x++)
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++)
        d[x] = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
#pragma GCC unroll 5
    for (int y = 0; y < 5; y++)
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++)
            t[y + 5 * ((2 * x + 3 * y) % 5)] =
                rotl(a[x + 5 * y] ^ d[x], rho[x + 5 * y]);
#pragma GCC unroll 5
    for (int y = 0; y < 25; y += 5)
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++)
            b[y + x] = t[y + x] ^ (~t[y + (x + 1) % 5] & t[y + (x + 2) % 5]);
    b[0] ^= constant;
}

static void permute(uint64_t a[25])
{
    uint64_t b[25];

    for (int round = 0; round < 24; round += 2) {
        round_of(b, a, round_constant[round]);
        round_of(a, b, round_constant[round + 1]);
    }
}

void pvn_keccak_init(pvn_keccak *k)
{
    memset(k, 0, sizeof *k);
}

static void absorb_byte(pvn_keccak *k, size_t at, uint8_t byte)
{
    k->lane[at / 8] ^= (uint64_t)byte << (8 * (at % 8));
}

void pvn_keccak_add(pvn_keccak *k, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len) {
        if (k->at == 0 && len >= RATE) {
            for (int i = 0; i < RATE / 8; i++)
                k->lane[i] ^= pvn_get_u64le(p + 8 * i);
            permute(k->lane);
            p += RATE;
            len -= RATE;
            continue;
        }
        if (k->at % 8 == 0 && len >= 8) {
            k->lane[k->at / 8] ^= pvn_get_u64le(p);
            k->at += 8;
            p += 8;
            len -= 8;
        } else {
            absorb_byte(k, k->at++, *p++);
            len--;
        }
        if (k->at == RATE) {
            permute(k->lane);
            k->at = 0;
        }
    }
}

void pvn_keccak_end(pvn_keccak *k, uint8_t out32[32])
{
    absorb_byte(k, k->at, 0x01);
    absorb_byte(k, RATE - 1, 0x80);
    permute(k->lane);
    for (int i = 0; i < 4; i++)
        pvn_put_u64le(out32 + 8 * i, k->lane[i]);
}

void provernet_keccak256(uint8_t out32[32], const void *data, size_t len)
{
    pvn_keccak k;

    pvn_keccak_init(&k);
    pvn_keccak_add(&k, data, len);
    pvn_keccak_end(&k, out32);
}
