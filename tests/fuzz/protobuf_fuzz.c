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
    &types__set_delegation_request_body__descriptor,
    &types__transfer_request_body__descriptor,
    &types__withdraw_request_body__descriptor,
    &types__set_account_name_request_body__descriptor,
    &types__set_terms_signature_request_body__descriptor,
    &types__set_program_name_request_body__descriptor,
    &types__add_delegation_request_body__descriptor,
    &types__get_stdin_uri_request_body__descriptor,
    &types__fail_execution_request_body__descriptor,
    &types__execute_proof_request_body__descriptor,
    &types__fulfill_proof_request_body__descriptor,
    &types__bid_request_body__descriptor,
    &types__settle_request_body__descriptor,
    &types__suspend_prover_request_body__descriptor,
    &types__report_prover_info_request_body__descriptor,
    &types__get_filtered_balance_logs_request__descriptor,
    &types__get_program_gas_estimates_request__descriptor,
    &types__get_filtered_bid_history_request__descriptor,
    &base__get_filtered_delegations_request__descriptor,
    &base__get_filtered_delegations_response__descriptor,
};

/* What format JSON signs: printable, or a sentence why not. */
static void json(const ProtobufCMessage *m)
{
    provernet_error err = { 0 };
    pvn_buf text = { 0 };

    if (pvn_json_signed(&text, m, &err) == PROVERNET_OK) {
        if (text.len < 2 || text.data[0] != '{' ||
            text.data[text.len - 1] != '}')
            abort();
        for (size_t i = 0; i < text.len; i++)
            if (text.data[i] < 0x20)
                abort();
    } else if (!err.message[0]) {
        abort();
    }
    pvn_buf_free(&text);
}

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
        json(m);
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
