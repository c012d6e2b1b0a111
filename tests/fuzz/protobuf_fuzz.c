/* protobuf_fuzz.c - signed envelopes and bodies: scanned, then unpacked within
 * the budget; what was unpacked can be packed. The first byte picks the type.
 * parts: protocol */
#include "protocol/succinct/succinct.h"
#include "proto/artifact.pb-c.h"
#include "proto/base.pb-c.h"
#include "proto/verifier.pb-c.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pvn_router nothing;
const pvn_router *const pvn_router_skins = &nothing;

static const ProtobufCMessageDescriptor *const types[] = {
    &types__request_proof_request_body__descriptor,
    &base__request_proof_request_body__descriptor,
    &types__get_filtered_proof_requests_request__descriptor,
    &types__get_filtered_proof_requests_response__descriptor,
    &types__create_program_request_body__descriptor,
    &types__fail_fulfillment_request_body__descriptor,
    &types__proof_request__descriptor,
    &types__get_program_response__descriptor,
    &artifact__create_artifact_request__descriptor,
    &verifier__verify_proof_request__descriptor,
};

static void unpack(const ProtobufCMessageDescriptor *type, pvn_bytes bytes)
{
    pvn_arena a = { 0 };
    provernet_error err = { 0 };
    ProtobufCMessage *m = pvn_pb_unpack_into(&a, type, bytes, &err);
    uint8_t *packed;
    size_t len;

    if (!m) {
        if (err.status != PROVERNET_ERR_FORMAT || !err.message[0])
            abort();
    } else {
        if (pvn_pb_check(type, bytes, NULL) != PROVERNET_OK)
            abort();
        len = protobuf_c_message_get_packed_size(m);
        packed = malloc(len ? len : 1);
        if (packed && protobuf_c_message_pack(m, packed) != len)
            abort();
        free(packed);
    }
    pvn_arena_free(&a);
}

static void envelope(pvn_bytes bytes)
{
    static const uint8_t domain[32];
    pvn_bytes signature, body;
    uint64_t format;
    pvn_arena a = { 0 };
    pvn_wanted w;
    uint8_t signer[20], digest[32] = { 1 };

    if (pvn_envelope_split(bytes, &format, &signature, &body, NULL) ==
        PROVERNET_OK) {
        if (body.data < bytes.data ||
            body.data + body.len > bytes.data + bytes.len)
            abort();
        if (pvn_wanted_read(&a, body, &w, NULL) == PROVERNET_OK &&
            pvn_wanted_check(&w, domain, 0, NULL) == PROVERNET_OK &&
            (w.vk_hash.len != 32 || w.mode < 1 || w.mode > 4))
            abort();
        if (signature.len < 65) /* never a key */
            if (pvn_signature_open(signature, digest, signer, NULL) !=
                PROVERNET_ERR_INVALID)
                abort();
    }
    pvn_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    unpack(types[data[0] % (sizeof types / sizeof *types)],
           pvn_bytes_of(data + 1, size - 1));
    envelope(pvn_bytes_of(data + 1, size - 1));
    return 0;
}
