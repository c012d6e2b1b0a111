/* protocol/succinct/ask.c - see ask.h: what a prover says. Includes ask.h,
 * http/pb.h, crypto/. */
#include "protocol/succinct/ask.h"
#include "crypto/crypto.h"
#include "protocol/http/pb.h"
#include "prove/kinds.h"
#include <stdio.h>

enum { BINARY = 1, BID_VARIANT = 1, FULFILL_VARIANT = 4 };

/* As proto3 writes it: a zero is left out. */
static void put(pvn_buf *b, uint32_t field, uint64_t v)
{
    if (v)
        pvn_pb_put_uint(b, field, v);
}

void pvn_ask_address(pvn_buf *b, const uint8_t address20[20])
{
    pvn_pb_put_bytes(b, 1, address20, 20);
}

void pvn_ask_request(pvn_buf *b, const uint8_t id32[32])
{
    pvn_pb_put_bytes(b, 1, id32, 32);
}

void pvn_ask_program(pvn_buf *b, const uint8_t vk_hash32[32])
{
    pvn_pb_put_bytes(b, 1, vk_hash32, 32);
}

void pvn_ask_params(pvn_buf *b, int mode)
{
    put(b, 1, (uint64_t)mode);
}

void pvn_ask_list(pvn_buf *b, const pvn_ask_filter *f)
{
    put(b, 2, (uint64_t)f->fulfillment);
    put(b, 3, (uint64_t)f->execution);
    put(b, 4, f->deadline_after_s);
    if (f->fulfiller20)
        pvn_pb_put_bytes(b, 7, f->fulfiller20, 20);
    put(b, 10, f->limit);
    put(b, 11, f->page);
    if (f->not_bid_by20)
        pvn_pb_put_bytes(b, 13, f->not_bid_by20, 20);
}

void pvn_ask_bid(pvn_buf *b, uint64_t nonce, const uint8_t id32[32],
                 uint64_t amount, const uint8_t domain32[32],
                 const uint8_t prover20[20])
{
    char text[24];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)amount);

    put(b, 1, nonce);
    pvn_pb_put_bytes(b, 2, id32, 32);
    pvn_pb_put_bytes(b, 3, text, (size_t)len);
    pvn_pb_put_bytes(b, 4, domain32, 32);
    pvn_pb_put_bytes(b, 5, prover20, 20);
    put(b, 6, BID_VARIANT);
}

void pvn_ask_fulfill(pvn_buf *b, uint64_t nonce, const uint8_t id32[32],
                     pvn_bytes proof, const uint8_t domain32[32])
{
    put(b, 1, nonce);
    pvn_pb_put_bytes(b, 2, id32, 32);
    if (proof.len)
        pvn_pb_put_bytes(b, 3, proof.data, proof.len);
    pvn_pb_put_bytes(b, 5, domain32, 32);
    put(b, 6, FULFILL_VARIANT);
}

void pvn_ask_fail(pvn_buf *b, uint64_t nonce, const uint8_t id32[32], int error)
{
    put(b, 1, nonce);
    pvn_pb_put_bytes(b, 2, id32, 32);
    if (error != PVN_NET_NO_ERROR) /* optional: written also when zero */
        pvn_pb_put_uint(b, 3, (uint64_t)error);
}

void pvn_ask_stdin_uri(pvn_buf *b, uint64_t nonce, const uint8_t id32[32])
{
    put(b, 1, nonce);
    pvn_pb_put_bytes(b, 2, id32, 32);
}

void pvn_ask_report(pvn_buf *b, const uint8_t domain32[32],
                    const uint8_t prover20[20], const char *version,
                    const char *kinds, uint64_t capacity)
{
    const char *const value[] = { "provernet", version, kinds };
    pvn_buf component = { 0 };

    for (uint32_t i = 0; i < 3; i++)
        if (*value[i])
            pvn_pb_put_bytes(&component, i + 1, value[i], strlen(value[i]));
    pvn_pb_put_bytes(b, 1, domain32, 32);
    pvn_pb_put_bytes(b, 2, prover20, 20);
    pvn_pb_put_bytes(b, 3, component.data, component.len);
    put(b, 4, capacity);
    b->failed = b->failed || component.failed;
    pvn_buf_free(&component);
}

provernet_status pvn_ask_sign(pvn_buf *b, const provernet_key *k,
                              pvn_bytes body, provernet_error *err)
{
    uint8_t digest[32], sig65[65];
    provernet_status rc;

    pvn_eip191(digest, body.data, body.len);
    rc = pvn_sign_digest(k, sig65, digest, err);
    if (rc)
        return rc;
    pvn_pb_put_uint(b, 1, BINARY);
    pvn_pb_put_bytes(b, 2, sig65, sizeof sig65);
    pvn_pb_put_bytes(b, 3, body.data, body.len);
    return b->failed ? pvn_nomem(err) : PROVERNET_OK;
}

/* ---- kinds ---- */

bool pvn_ask_kind(char out[64], const char *version, int mode)
{
    static const char sp1[] = "sp1-v";
    static const char *const modes[] = { "", "core", "compressed", "plonk",
                                         "groth16" };
    const char *digits = version + sizeof sp1 - 1;
    const pvn_kind *own;
    size_t n;

    if (strncmp(version, sp1, sizeof sp1 - 1) == 0) {
        n = strspn(digits, "0123456789");
        if (mode < 1 || mode > 4 || n == 0 || n > 4 ||
            (digits[n] != '.' && digits[n] != '\0'))
            return false;
        snprintf(out, 64, "sp1/%s@%.*s", modes[mode], (int)n, digits);
        return true;
    }
    own = strchr(version, '*') ? NULL : pvn_kind_find(version);
    if (!own || strcmp(own->name, version) != 0 || mode != 4)
        return false;
    snprintf(out, 64, "%s", own->name);
    return true;
}

bool pvn_ask_amount(const char *text, size_t len, uint64_t *out)
{
    uint64_t v = 0;

    if (len == 0 || len > 78)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(uint8_t)text[i] - '0';

        if (digit > 9)
            return false;
        v = v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : v * 10 + digit;
    }
    *out = v;
    return true;
}
