/* protocol/succinct/succinct.h - what the files of this skin share.
 *
 * The wire of the Succinct prover network: signed envelopes over the raw bytes
 * of their body, two flavours under one name. docs/succinct.md. */
#ifndef PVN_PROTOCOL_SUCCINCT_SUCCINCT_H
#define PVN_PROTOCOL_SUCCINCT_SUCCINCT_H
#include "protocol/http/pb.h"
#include "protocol/route.h"
#include "proto/types.pb-c.h"
#include <stdio.h>

enum { PVN_VK_HASH = 32, PVN_NAME = 32, PVN_ADDRESS = 20 };
enum {
    PVN_MODE_CORE = 1,
    PVN_MODE_COMPRESSED,
    PVN_MODE_PLONK,
    PVN_MODE_GROTH16
};

/* Limits of one request, so that a page of 100 stays under the 4 MiB that
 * clients take. */
enum {
    PVN_WHITELIST_MAX = 1024,
    PVN_URI_MAX = 1024,
    PVN_VERSION_MAX = 64,
    PVN_AMOUNT_MAX = 78, /* digits of 2^256 - 1 */
    PVN_VK_MAX = 2 << 20
};

/* ---- envelope.c ---- */
typedef struct pvn_envelope {
    pvn_bytes body; /* raw bytes of field 3: what is signed */
    uint8_t signer20[20];
} pvn_envelope;
/* Fields, format, recovery byte, signer. false: the call has failed. */
bool pvn_envelope_open(pvn_call *c, pvn_envelope *e);
/* The parts of an envelope without checking the signature. */
provernet_status pvn_envelope_split(pvn_bytes message, uint64_t *format,
                                    pvn_bytes *signature, pvn_bytes *body,
                                    provernet_error *err);
/* Recover the signer of a digest; codes of section 14. */
provernet_status pvn_signature_open(pvn_bytes signature,
                                    const uint8_t digest32[32],
                                    uint8_t signer20[20], provernet_error *err);
/* Has the field this many bytes? false: the call has failed, naming it. */
bool pvn_field_len(pvn_call *c, const char *field, ProtobufCBinaryData value,
                   size_t want);
static inline pvn_bytes pvn_bin(ProtobufCBinaryData b)
{
    return pvn_bytes_of(b.data, b.len);
}
/* An operation for this call, its memory failure answered. NULL: failed. */
pvn_op *pvn_succinct_op(pvn_call *c, pvn_op_type type);
/* The same, signed: the op checks and advances the signer's nonce. */
pvn_op *pvn_succinct_signed_op(pvn_call *c, pvn_op_type type,
                               const pvn_envelope *e, uint64_t nonce);
/* Answer OK of a signed RPC: {1 tx_hash, 2 empty body}. */
pvn_next pvn_succinct_accepted(pvn_call *c, const pvn_envelope *e);
/* Keccak-256 of signer and body: request id and transaction hash. */
void pvn_succinct_name(uint8_t out32[32], const pvn_envelope *e);

/* ---- body.c ---- */
/* RequestProofRequestBody, whichever flavour. */
typedef struct pvn_wanted {
    bool auction, stdin_private;
    uint64_t nonce, deadline_s, cycle_limit, gas_limit, min_auction_period;
    int mode, strategy;
    int64_t variant;
    pvn_bytes vk_hash, domain, auctioneer, executor, verifier, treasury,
        public_values_hash; /* data NULL: absent */
    const char *version, *stdin_uri;
    const char *base_fee, *max_price_per_pgu; /* "" or NULL: absent */
    const ProtobufCBinaryData *whitelist;
    size_t whitelist_len;
} pvn_wanted;
/* Decide the flavour by the raw bytes, then unpack. Nothing is judged. */
provernet_status pvn_wanted_read(pvn_arena *a, pvn_bytes body, pvn_wanted *w,
                                 provernet_error *err);
/* Lengths, ranges, amounts, domain; now in ms. ERR_INVALID names the field. */
provernet_status pvn_wanted_check(const pvn_wanted *w,
                                  const uint8_t domain32[32], int64_t now_ms,
                                  provernet_error *err);
/* requests.extra of this protocol: what a status answer needs. */
enum { PVN_EXTRA_BYTES = 10 };
typedef struct pvn_extra {
    bool auction, stdin_private;
    uint64_t deadline_s; /* unclamped */
} pvn_extra;
void pvn_extra_write(uint8_t out[PVN_EXTRA_BYTES], const pvn_extra *x);
bool pvn_extra_read(pvn_extra *x, pvn_bytes extra);
/* Seconds of the wire to milliseconds that can be computed with. */
int64_t pvn_deadline_ms(uint64_t deadline_s);

/* ---- programs.c: what does not change about registered programs ---- */
typedef struct pvn_known_program {
    char kind[64];
    char uri[PVN_URI_MAX + 1];
    provernet_id artifact;
    uint64_t bytes; /* raw bytes of the artifact; 0: not known */
} pvn_known_program;
/* Programs are never replaced, so what was read once stays true. */
bool pvn_program_known(pvn_node *n, pvn_bytes vk_hash, pvn_known_program *p);
void pvn_program_learn(pvn_node *n, pvn_bytes vk_hash,
                       const pvn_known_program *p);
/* Who gave this very signature (all 65 bytes) of "create_artifact" before. */
bool pvn_signer_known(pvn_node *n, pvn_bytes sig, uint8_t address20[20]);
void pvn_signer_learn(pvn_node *n, pvn_bytes sig, const uint8_t address20[20]);

/* ---- status.c ---- */
int pvn_fulfillment_status(const pvn_request *r);
int pvn_execution_status(const pvn_request *r);
int pvn_proof_error(const pvn_request *r);
/* The deadline to show, unix seconds. */
uint64_t pvn_shown_deadline(const pvn_request *r, int64_t retention_ms);
/* URL of the proof, or NULL: the call has failed. */
const char *pvn_proof_url(pvn_call *c, const pvn_request *r);
/* The wire's view of a request; NULL: no memory or damaged row. `program` may
 * be NULL. `prices`: fields 34 and 35 may be shown. */
Types__ProofRequest *pvn_proof_request(pvn_call *c, const pvn_request *r,
                                       const pvn_known_program *program,
                                       bool prices);

/* ---- handlers ---- */
#define PVN_SUCCINCT_RPCS(X)                                                   \
    X(RequestProof, request_proof)                                             \
    X(CancelRequest, cancel_request)                                           \
    X(FailFulfillment, fail_fulfillment)                                       \
    X(GetProofRequestStatus, status)                                           \
    X(GetProofRequestDetails, details)                                         \
    X(GetFilteredProofRequests, list)                                          \
    X(GetProofRequestParams, params)                                           \
    X(GetNonce, nonce)                                                         \
    X(GetOwner, owner)                                                         \
    X(GetBalance, balance)                                                     \
    X(GetProversByUptime, provers)                                             \
    X(GetProgram, get_program)                                                 \
    X(CreateProgram, create_program)
#define X(rpc, name)                                                           \
    pvn_next pvn_succinct_##name##_begin(pvn_call *c);                         \
    pvn_next pvn_succinct_##name##_resume(pvn_call *c);
PVN_SUCCINCT_RPCS(X)
#undef X
pvn_next pvn_succinct_create_artifact_begin(pvn_call *c);
#endif
