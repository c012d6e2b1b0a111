/* tests/unit/protocol/people.h - several keys in one world, and bodies of the
 * calls that accounts make. */
#ifndef PVN_TEST_PROTOCOL_PEOPLE_H
#define PVN_TEST_PROTOCOL_PEOPLE_H
#include "world.h"

/* Speak as person n from here on: key 32 x n. 0x11 is the world's first. */
static inline void become(world *w, uint8_t n)
{
    uint8_t secret[32];

    memset(secret, n, sizeof secret);
    provernet_key_free(w->key);
    assert_int_equal(provernet_key_new(&w->key, secret, NULL), 0);
    provernet_key_address(w->key, w->address);
}

static inline void address_of(uint8_t n, uint8_t out20[20])
{
    provernet_key *k;
    uint8_t secret[32];

    memset(secret, n, sizeof secret);
    assert_int_equal(provernet_key_new(&k, secret, NULL), 0);
    provernet_key_address(k, out20);
    provernet_key_free(k);
}

static const char mainnet_domain[] =
    "\x55\xea\x66\x75\x7c\x5b\x1a\xec\xda\x66\x19\x90\x5f\x59\x4b\x32"
    "\x00\x92\xdb\x1c\xf4\xc8\xb6\xf8\x90\x25\xc0\x92\xf0\xbb\x7b\x5b";

/* {1 nonce, ...} begun; {1 bytes} whole. */
static inline pvn_buf begun(world *w)
{
    pvn_buf b = { 0 };

    pvn_pb_put_uint(&b, 1, next_nonce(w));
    return b;
}
static inline pvn_buf only(const void *data, size_t len)
{
    pvn_buf b = { 0 };

    pvn_pb_put_bytes(&b, 1, data, len);
    return b;
}

/* A signed call that must have this code; the nonce moves only with 0. */
static inline void signed_expects(world *w, const char *name, pvn_buf *body,
                                  int code, const char *text)
{
    uint64_t before = next_nonce(w);
    answer a = rpc(w, name, body);

    if (a.grpc != code || (text && !strstr(a.message, text)))
        fail_msg("%s: %d \"%s\", expected %d with \"%s\"", name, a.grpc,
                 a.message, code, text ? text : "");
    if (code == 0) {
        assert_int_equal(get(a.body, a.len, 1).bytes.len, 32);
        assert_int_equal(get(a.body, a.len, 2).wire, PVN_PB_LEN);
    }
    answer_free(&a);
    assert_int_equal(next_nonce(w), before + (code == 0 ? 1 : 0));
}

static inline answer asks(world *w, const char *name, pvn_buf msg, int code)
{
    answer a = rpc_query(w, name, &msg);

    if (a.grpc != code)
        fail_msg("%s: %d \"%s\", expected %d", name, a.grpc, a.message, code);
    return a;
}

static inline bool says(const answer *a, uint32_t number, const char *text)
{
    pvn_pb_field f = get(a->body, a->len, number);

    return f.wire == PVN_PB_LEN && f.bytes.len == strlen(text) &&
           memcmp(f.bytes.data, text, f.bytes.len) == 0;
}

static inline size_t count_of(const answer *a, uint32_t number)
{
    pvn_pb_reader r = pvn_pb_read(pvn_bytes_of(a->body, a->len));
    pvn_pb_field f;
    size_t n = 0;

    while (pvn_pb_next(&r, &f))
        n += f.number == number;
    return n;
}
#endif
