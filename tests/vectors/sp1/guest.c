/* guest.c - the guest that tests prove: reads n (u32, little-endian) from the
 * input stream and commits n and the n-th Fibonacci number modulo 2^32 as
 * eight public bytes. No library, no Rust: clang and lld make it, see make.sh.
 *
 * SP1's calls are `ecall`s with the code in t0 and arguments in a0, a1. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long word;

enum {
    HALT = 0x00,
    WRITE = 0x02,
    COMMIT = 0x10,
    COMMIT_DEFERRED = 0x1a,
    HINT_LEN = 0xf0,
    HINT_READ = 0xf1,
    FD_PUBLIC_VALUES = 13
};

static word call(word code, word a, word b, word c)
{
    register word t0 __asm__("t0") = code;
    register word a0 __asm__("a0") = a;
    register word a1 __asm__("a1") = b;
    register word a2 __asm__("a2") = c;

    __asm__ volatile("ecall"
                     : "+r"(t0)
                     : "r"(a0), "r"(a1), "r"(a2)
                     : "memory");
    return t0;
}

static const u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static u32 turn(u32 x, int n)
{
    return x >> n | x << (32 - n);
}

/* SHA-256 of eight bytes given as two big-endian words: one block. */
static void sha256_of_8(u32 h[8], u32 first, u32 second)
{
    static const u32 start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                  0xa54ff53a, 0x510e527f, 0x9b05688c,
                                  0x1f83d9ab, 0x5be0cd19 };
    u32 w[64], s[8];

    for (int i = 0; i < 16; i++)
        w[i] = 0;
    w[0] = first;
    w[1] = second;
    w[2] = 0x80000000;
    w[15] = 64;
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 8; i++)
        s[i] = start[i];
    for (int i = 0; i < 64; i++) {
        u32 a = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) +
                ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
        u32 b = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) +
                ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

        for (int j = 7; j > 0; j--)
            s[j] = s[j - 1];
        s[4] += a;
        s[0] = a + b;
    }
    for (int i = 0; i < 8; i++)
        h[i] = start[i] + s[i];
}

static u32 swap(u32 x)
{
    return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

void guest(void)
{
    volatile u32 *hint = (volatile u32 *)INPUT_AT;
    u32 out[2], h[8], a = 0, b = 1;

    if (call(HINT_LEN, 0, 0, 0) != 4)
        call(HALT, 1, 0, 0);
    call(HINT_READ, (word)hint, 4, 0);
    out[0] = *hint;
    for (u32 i = 0; i < out[0]; i++) {
        u32 c = a + b;

        a = b;
        b = c;
    }
    out[1] = a;
    call(WRITE, FD_PUBLIC_VALUES, (word)out, sizeof out);
    sha256_of_8(h, swap(out[0]), swap(out[1]));
    for (word i = 0; i < 8; i++)
        call(COMMIT, i, swap(h[i]), 0);
    for (word i = 0; i < 8; i++)
        call(COMMIT_DEFERRED, i, 0, 0);
    call(HALT, 0, 0, 0);
    for (;;)
        ;
}

__asm__(".section .text.start,\"ax\",@progbits\n"
        ".globl _start\n"
        "_start:\n"
        "  li sp, " STACK_AT "\n"
        "  call guest\n");
