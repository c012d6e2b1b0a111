/* crypto/blake3.c - BLAKE3 of bytes in memory, 32 bytes out; for the public
 * values of SP1 programs that commit with it. No package of Debian 12 has it
 * for C. After the paper of O'Connor, Aumasson, Neves and Wilcox-O'Hearn
 * (2021). Any thread; not for secrets. */
#include "crypto/crypto.h"

enum { BLOCK = 64, CHUNK = 1024, DEPTH = 54 };
enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

static const uint32_t iv[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
};

typedef struct node {
    uint32_t chain[8], word[16], len, flags;
    uint64_t counter;
} node;

static uint32_t turn(uint32_t v, int by)
{
    return v >> by | v << (32 - by);
}

static void mix(uint32_t *s, int a, int b, int c, int d, uint32_t x, uint32_t y)
{
    s[a] += s[b] + x;
    s[d] = turn(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = turn(s[b] ^ s[c], 12);
    s[a] += s[b] + y;
    s[d] = turn(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = turn(s[b] ^ s[c], 7);
}

static void round_of(uint32_t s[16], const uint32_t m[16])
{
    for (int i = 0; i < 4; i++)
        mix(s, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1]);
    for (int i = 0; i < 4; i++)
        mix(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4,
            m[8 + 2 * i], m[9 + 2 * i]);
}

/* The chaining value of a node. */
static void compress(uint32_t out[8], const node *n)
{
    static const uint8_t order[16] = { 2, 6,  3,  10, 7, 0,  4,  13,
                                       1, 11, 12, 5,  9, 14, 15, 8 };
    uint32_t s[16], m[16], t[16];

    memcpy(s, n->chain, sizeof n->chain);
    memcpy(s + 8, iv, 4 * sizeof iv[0]);
    s[12] = (uint32_t)n->counter;
    s[13] = (uint32_t)(n->counter >> 32);
    s[14] = n->len;
    s[15] = n->flags;
    memcpy(m, n->word, sizeof m);
    for (int r = 0; r < 7; r++) {
        round_of(s, m);
        for (int i = 0; i < 16; i++)
            t[i] = m[order[i]];
        memcpy(m, t, sizeof m);
    }
    for (int i = 0; i < 8; i++)
        out[i] = s[i] ^ s[i + 8];
}

static void set_block(node *n, const uint8_t *data, size_t len)
{
    uint8_t block[BLOCK] = { 0 };

    if (len)
        memcpy(block, data, len);
    for (int i = 0; i < 16; i++)
        n->word[i] = pvn_get_u32le(block + 4 * i);
    n->len = (uint32_t)len;
}

/* The last block of a chunk (at most CHUNK bytes) as a node. */
static node chunk_node(const uint8_t *data, size_t len, uint64_t index)
{
    node n = { .counter = index, .flags = CHUNK_START };

    memcpy(n.chain, iv, sizeof iv);
    while (len > BLOCK) {
        set_block(&n, data, BLOCK);
        compress(n.chain, &n);
        n.flags = 0;
        data += BLOCK;
        len -= BLOCK;
    }
    set_block(&n, data, len);
    n.flags |= CHUNK_END;
    return n;
}

static node parent_node(const uint32_t left[8], const uint32_t right[8])
{
    node n = { .len = BLOCK, .flags = PARENT };

    memcpy(n.chain, iv, sizeof iv);
    memcpy(n.word, left, 8 * sizeof *left);
    memcpy(n.word + 8, right, 8 * sizeof *right);
    return n;
}

void pvn_blake3(uint8_t out32[32], const void *data, size_t len)
{
    uint32_t stack[DEPTH][8], chain[8];
    const uint8_t *in = data;
    uint64_t chunks = 0;
    size_t depth = 0;
    node n;

    for (; len > CHUNK; in += CHUNK, len -= CHUNK) {
        n = chunk_node(in, CHUNK, chunks++);
        compress(chain, &n);
        /* As many subtrees close as the count ends in zeros. */
        for (uint64_t c = chunks; (c & 1) == 0; c >>= 1) {
            n = parent_node(stack[--depth], chain);
            compress(chain, &n);
        }
        memcpy(stack[depth++], chain, sizeof chain);
    }
    n = chunk_node(in, len, chunks);
    while (depth > 0) {
        compress(chain, &n);
        n = parent_node(stack[--depth], chain);
    }
    n.flags |= ROOT;
    compress(chain, &n);
    for (int i = 0; i < 8; i++)
        pvn_put_u32le(out32 + 4 * i, chain[i]);
}
