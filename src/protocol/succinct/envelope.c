/* protocol/succinct/envelope.c - signed envelopes: the raw body is verified,
 * never an encoding of ours. Includes succinct.h and crypto/. */
#include "protocol/succinct/succinct.h"
#include "crypto/crypto.h"
#include "proto/base.pb-c.h"

enum { SIGNATURE_BYTES = 65 };
enum { BINARY = 1, JSON = 2, JSON_MAX = 1 << 20 };

static provernet_status wrong_wire(const pvn_pb_field *f, provernet_error *err)
{
    static const char *const names[] = { "", "format", "signature", "body" };

    return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                    "field %u (%s) has wire type %d", f->number,
                    names[f->number], f->wire);
}

provernet_status pvn_envelope_split(pvn_bytes message, uint64_t *format,
                                    pvn_bytes *signature, pvn_bytes *body,
                                    provernet_error *err)
{
    pvn_pb_reader r = pvn_pb_read(message);
    pvn_pb_field f;

    *format = 0;
    *signature = *body = pvn_bytes_of(NULL, 0);
    while (pvn_pb_next(&r, &f)) {
        if (f.number > 3)
            continue;
        if (f.wire != (f.number == 1 ? PVN_PB_VARINT : PVN_PB_LEN))
            return wrong_wire(&f, err);
        if (f.number == 1)
            *format = f.value;
        else if (f.number == 2)
            *signature = f.bytes;
        else if (body->data)
            /* Protobuf would merge the two: what was signed is not clear. */
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "body is given twice");
        else
            *body = f.bytes;
    }
    if (r.bad)
        return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                        "the bytes are not a signed request");
    if (!body->data)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0, "body is missing");
    return PROVERNET_OK;
}

provernet_status pvn_signature_open(pvn_bytes signature,
                                    const uint8_t digest32[32],
                                    uint8_t signer20[20], provernet_error *err)
{
    uint8_t v;

    if (signature.len != SIGNATURE_BYTES)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "signature has %zu bytes, expected %d", signature.len,
                        SIGNATURE_BYTES);
    v = signature.data[SIGNATURE_BYTES - 1];
    if (v > 1 && v != 27 && v != 28 && v != 54 && v != 55)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "signature ends with recovery byte %u, expected 0, 1, "
                        "27, 28, 54 or 55",
                        v);
    return pvn_recover_digest(signer20, signature.data, digest32, err);
}

/* The digest of the text that format JSON signs. */
static provernet_status json_digest(pvn_call *c, pvn_bytes body,
                                    const ProtobufCMessageDescriptor *type,
                                    uint8_t digest32[32], provernet_error *err)
{
    const ProtobufCMessage *m;
    pvn_buf text = { 0 };
    provernet_status s;
    bool auction = true;

    if (body.len > JSON_MAX) /* its text is four times as long */
        return pvn_fail(err, PROVERNET_ERR_LIMIT, 0,
                        "body has %zu bytes, one that is signed as JSON at "
                        "most %d",
                        body.len, JSON_MAX);
    if (type == &types__request_proof_request_body__descriptor) {
        s = pvn_body_is_auction(body, &auction, err);
        if (s != PROVERNET_OK)
            return s;
        if (!auction)
            type = &base__request_proof_request_body__descriptor;
    }
    m = pvn_pb_unpack(c, type, body);
    if (!m)
        return err->status;
    s = pvn_json_signed(&text, m, err);
    if (s == PROVERNET_OK)
        pvn_eip191(digest32, text.data, text.len);
    pvn_buf_free(&text);
    return s;
}

static provernet_status digest_of(pvn_call *c, uint64_t format, pvn_bytes body,
                                  const ProtobufCMessageDescriptor *type,
                                  uint8_t digest32[32], provernet_error *err)
{
    if (format == JSON)
        return json_digest(c, body, type, digest32, err);
    if (format != BINARY)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "format: Invalid message format %llu, expected 1 "
                        "(BINARY) or 2 (JSON)",
                        (unsigned long long)format);
    pvn_eip191(digest32, body.data, body.len);
    return PROVERNET_OK;
}

bool pvn_envelope_open(pvn_call *c, pvn_envelope *e,
                       const ProtobufCMessageDescriptor *type)
{
    provernet_error *err = pvn_call_error(c);
    pvn_bytes signature;
    uint64_t format;
    uint8_t digest[32];
    provernet_status s = pvn_envelope_split(pvn_call_message(c), &format,
                                            &signature, &e->body, err);

    if (s == PROVERNET_OK)
        s = digest_of(c, format, e->body, type, digest, err);
    if (s == PROVERNET_OK)
        s = pvn_signature_open(signature, digest, e->signer20, err);
    if (s != PROVERNET_OK)
        pvn_call_fail_with(c, err);
    return s == PROVERNET_OK;
}

bool pvn_field_len(pvn_call *c, const char *field, ProtobufCBinaryData value,
                   size_t want)
{
    if (value.len == want)
        return true;
    pvn_call_fail(c, PROVERNET_ERR_INVALID, "%s has %zu bytes, expected %zu",
                  field, value.len, want);
    return false;
}

pvn_op *pvn_succinct_op(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_op_new(type);

    if (!op)
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for %s",
                      pvn_op_name(type));
    return op;
}

pvn_op *pvn_succinct_signed_op(pvn_call *c, pvn_op_type type,
                               const pvn_envelope *e, uint64_t nonce)
{
    pvn_op *op = pvn_succinct_op(c, type);

    if (!op)
        return NULL;
    op->signer.check_nonce = true;
    memcpy(op->signer.address20, e->signer20, sizeof e->signer20);
    op->signer.nonce = nonce;
    return op;
}

void pvn_succinct_name(uint8_t out32[32], const pvn_envelope *e)
{
    pvn_keccak k;

    pvn_keccak_init(&k);
    pvn_keccak_add(&k, e->signer20, sizeof e->signer20);
    pvn_keccak_add(&k, e->body.data, e->body.len);
    pvn_keccak_end(&k, out32);
}

pvn_next pvn_succinct_accepted(pvn_call *c, const pvn_envelope *e)
{
    uint8_t msg[2 + 32 + 2] = { 1 << 3 | PVN_PB_LEN, 32 };

    pvn_succinct_name(msg + 2, e);
    msg[34] = 2 << 3 | PVN_PB_LEN; /* an empty body */
    msg[35] = 0;
    pvn_call_reply(c, msg, sizeof msg);
    return PVN_ANSWER;
}
