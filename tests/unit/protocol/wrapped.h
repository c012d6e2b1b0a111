/* wrapped.h - a program whose wrapped proof was published, requests for it, and
 * that proof. Includes people.h, prove/. */
#ifndef PVN_TEST_PROTOCOL_WRAPPED_H
#define PVN_TEST_PROTOCOL_WRAPPED_H
#include "people.h"
#include "prove/sp1_wrap.h"

enum { MODE_GROTH16 = 4, SIGNALS = 5 };

static const uint8_t vkey[] =
    "\x00\xf3\x1d\x3c\x82\xe1\xac\x5e\x41\x3e\xfe\x23\x70\x66\xf7\xb6"
    "\x82\x04\x16\x87\x8c\xd7\x1f\x6c\x9d\x4f\x64\x2b\x24\x73\x2a\x93";
/* The proof; its length, and the digest of its public values. */
static inline size_t read_wrapped(uint8_t *file, size_t cap, uint8_t digest[32])
{
    FILE *f = fopen(PVN_VECTORS "/sp1/groth16.proof", "rb");
    pvn_sp1_wrap wrap;
    size_t len;

    assert_non_null(f);
    len = fread(file, 1, cap, f);
    fclose(f);
    assert_int_equal(
        pvn_sp1_wrap_read(&wrap, pvn_bytes_of(file, len), SIGNALS, NULL),
        PROVERNET_OK);
    pvn_sha256(digest, wrap.values.data, wrap.values.len);
    return len;
}

static inline void register_wrapped(world *w)
{
    uint8_t program[80] = { 72, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E', 'L', 'F' };
    pvn_buf b = { 0 };
    char uri[256];

    upload(w, 1, program, sizeof program, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, vkey, 32);
    pvn_pb_put_bytes(&b, 3, "vk", 2);
    pvn_pb_put_bytes(&b, 4, uri, strlen(uri));
    signed_expects(w, "CreateProgram", &b, 0, NULL);
}

/* In mainnet mode, with the network's executor (zeros: it has none); values32
 * NULL: it names none. */
static inline void request_wrapped(world *w, const uint8_t executor[20],
                                   const uint8_t *values32, uint8_t id[32])
{
    static const uint8_t nobody[20];
    pvn_buf b = { 0 };
    char uri[256];

    upload(w, 2, "an input", 8, uri);
    pvn_pb_put_uint(&b, 1, next_nonce(w));
    pvn_pb_put_bytes(&b, 2, vkey, 32);
    pvn_pb_put_bytes(&b, 3, "sp1-v6.1.0", 10);
    pvn_pb_put_uint(&b, 4, MODE_GROTH16);
    pvn_pb_put_uint(&b, 5, 3);
    pvn_pb_put_bytes(&b, 6, uri, strlen(uri));
    pvn_pb_put_uint(&b, 7, (uint64_t)world_now(w) / 1000 + 3600);
    pvn_pb_put_uint(&b, 8, 1000000);
    pvn_pb_put_uint(&b, 9, 2000000);
    pvn_pb_put_bytes(&b, 12, mainnet_domain, 32);
    pvn_pb_put_bytes(&b, 13, nobody, 20);
    pvn_pb_put_bytes(&b, 14, executor, 20);
    if (values32)
        pvn_pb_put_bytes(&b, 16, values32, 32);
    pvn_pb_put_bytes(&b, 17, "5", 1);
    pvn_pb_put_bytes(&b, 18, "3", 1);
    send_request(w, &b, id);
}
#endif
