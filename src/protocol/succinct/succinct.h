/* protocol/succinct/succinct.h - what the files of this skin share.
 *
 * The wire of the Succinct prover network: signed envelopes over the raw bytes
 * of their body, two flavours under one name. docs/succinct.md. */
#ifndef PVN_PROTOCOL_SUCCINCT_SUCCINCT_H
#define PVN_PROTOCOL_SUCCINCT_SUCCINCT_H
#include "protocol/http/pb.h"
#include "base/settings.h"
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
/* Fields, format, recovery byte, signer; `type` of the body is for format
 * JSON. false: the call has failed. */
bool pvn_envelope_open(pvn_call *c, pvn_envelope *e,
                       const ProtobufCMessageDescriptor *type);
/* The text of format JSON, appended: see json.c. */
provernet_status pvn_json_signed(pvn_buf *out, const ProtobufCMessage *m,
                                 provernet_error *err);
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
/* "sp1-v6.1.0" -> 6; 0: it is not of that form. */
unsigned pvn_circuit_major(const char *version);
const char *pvn_mode_name(int mode); /* "core", ...; NULL: no mode */
/* Is a RequestProof body of the auction flavour? By its raw bytes. */
provernet_status pvn_body_is_auction(pvn_bytes body, bool *auction,
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
    /* what its proofs (by_kind: those of all programs of that kind) took and
     * cost on average, and when that was read */
    int64_t mean_ms, mean_cost, asked_ms;
    char by_kind[64]; /* "": its own history */
} pvn_known_program;
/* Programs are never replaced, so what was read once stays true; averages are
 * read again after a while. */
bool pvn_program_known(pvn_node *n, pvn_bytes vk_hash, pvn_known_program *p);
void pvn_program_learn(pvn_node *n, pvn_bytes vk_hash,
                       const pvn_known_program *p);
/* Who gave this very signature (all 65 bytes) of "create_artifact" before. */
bool pvn_signer_known(pvn_node *n, pvn_bytes sig, uint8_t address20[20]);
void pvn_signer_learn(pvn_node *n, pvn_bytes sig, const uint8_t address20[20]);

/* ---- status.c ---- */
int pvn_fulfillment_status(const pvn_request *r);
int pvn_execution_status(const pvn_request *r);
int pvn_settlement_status(const pvn_request *r);
int pvn_proof_error(const pvn_request *r);
/* ExecuteFailureCause, 0: none is known. */
int pvn_execute_cause(const pvn_request *r);
/* requests.code: ProofRequestError and ExecuteFailureCause as reported. What
 * this schema does not know is kept as 0: clients fail on unknown values. */
int64_t pvn_failure_code(int error, int cause);
/* The deadline to show, unix seconds. */
uint64_t pvn_shown_deadline(const pvn_request *r, int64_t retention_ms);
/* An op that reads the request with this id. NULL: the call has failed. */
pvn_op *pvn_read_by_name(pvn_call *c, ProtobufCBinaryData id);
/* The request it found; NULL: the call has failed. */
const pvn_request *pvn_found_request(pvn_call *c);
/* Where provers download: "raw/", or "stored/" if http.prover_form says so. */
const char *pvn_prover_space(pvn_call *c);
/* URL of the proof, or NULL: the call has failed. */
const char *pvn_proof_url(pvn_call *c, const pvn_request *r);
/* The wire's view of a request; NULL: no memory or damaged row. `program` may
 * be NULL. `prices`: fields 34 and 35 may be shown. */
Types__ProofRequest *pvn_proof_request(pvn_call *c, const pvn_request *r,
                                       const pvn_known_program *program,
                                       bool prices);

/* ---- about.c: the same with names, execution, collateral ---- */
/* An op that reads what these rows (at most 100) are about; NULL: the call has
 * failed. */
pvn_op *pvn_about_op(pvn_call *c, const pvn_request *const *rows, size_t n);
Types__ProofRequest *pvn_proof_request_about(pvn_call *c, const pvn_request *r,
                                             const struct pvn_about *a,
                                             bool prices);

/* ---- rpc.c: an RPC that is one operation is a line of a table ---- */
typedef struct pvn_rpc pvn_rpc;
typedef struct pvn_rpc_call {
    const pvn_rpc *rpc;
    const void *in; /* the request; of signed ones the body */
    pvn_envelope e; /* signed ones */
    void *more;     /* reply's own, between its operations */
} pvn_rpc_call;
struct pvn_rpc {
    const ProtobufCMessageDescriptor *in; /* of signed ones: of the body, whose
                                             field 1 is the nonce */
    bool is_signed;
    pvn_op_type op; /* PVN_OPS_LEN: none, reply at once */
    /* Checks, and fills the op (NULL: there is none); false: the call has
     * failed. May be NULL. */
    bool (*fill)(pvn_call *c, const pvn_rpc_call *r, pvn_op *op);
    /* The op succeeded: answer, or hand over another and return PVN_OP. NULL:
     * the answer of a signed RPC, {tx_hash, empty body}. */
    pvn_next (*reply)(pvn_call *c, pvn_rpc_call *r, const pvn_op *op);
};
pvn_next pvn_rpc_begin(pvn_call *c);
pvn_next pvn_rpc_resume(pvn_call *c);
/* Copies for an op that outlives the call's messages; *ok becomes false for
 * want of memory. */
pvn_bytes pvn_op_bytes(pvn_op *op, const void *data, size_t len, bool *ok);
const char *pvn_op_text(pvn_op *op, const char *text, bool *ok);
/* ok, or the call has failed for want of memory. */
bool pvn_rpc_ok(pvn_call *c, bool ok);
/* Page and limit of a list: default 10, at most 100; rows to skip. */
uint32_t pvn_page_limit(bool given, uint32_t limit);
uint64_t pvn_page_skip(bool given, uint32_t page, uint32_t limit);
/* An address from the settings; zeros when none is set. */
bool pvn_setting_address(pvn_call *c, pvn_setting s, uint8_t out20[20]);
/* The network's domain; false: the setting is wrong, the call has failed. */
bool pvn_succinct_domain(pvn_call *c, uint8_t out32[32]);
/* Domain, variant, auctioneer and fee of a body; absent ones are those of old
 * clients. false: the call has failed, naming the field. */
bool pvn_check_domain(pvn_call *c, ProtobufCBinaryData domain, bool needed);
bool pvn_check_variant(pvn_call *c, int64_t variant, int64_t want);
bool pvn_check_fee(pvn_call *c, ProtobufCBinaryData auctioneer, const char *fee,
                   uint8_t auctioneer20[20]);
bool pvn_check_amount(pvn_call *c, const char *field, const char *text);

/* X(method, name): const pvn_rpc pvn_rpc_<name>, in any file. */
#define PVN_SUCCINCT_SIMPLE(X)                                                 \
    X(GetNonce, nonce)                                                         \
    X(GetOwner, owner)                                                         \
    X(GetBalance, balance)                                                     \
    X(SetAccountName, set_account_name)                                        \
    X(GetAccountName, account_name)                                            \
    X(GetAccount, account)                                                     \
    X(SetTermsSignature, set_terms)                                            \
    X(GetTermsSignature, terms)                                                \
    X(AddDelegation, add_delegation)                                           \
    X(AcceptDelegation, accept_delegation)                                     \
    X(RemoveDelegation, remove_delegation)                                     \
    X(TerminateDelegation, terminate_delegation)                               \
    X(GetFilteredDelegations, delegations)                                     \
    X(SetDelegation, set_delegation)                                           \
    X(GetDelegation, delegation)                                               \
    X(GetDelegationParams, delegation_params)                                  \
    X(Transfer, transfer)                                                      \
    X(GetTransferParams, transfer_params)                                      \
    X(Withdraw, withdraw)                                                      \
    X(GetWithdrawParams, withdraw_params)                                      \
    X(GetFilteredBalanceLogs, balance_logs)                                    \
    X(SetProgramName, set_program_name)                                        \
    X(CancelRequest, cancel)                                                   \
    X(FailFulfillment, fail_fulfillment)                                       \
    X(FailExecution, fail_execution)                                           \
    X(GetStdinUri, stdin_uri)                                                  \
    X(GetProgramGasEstimates, gas_estimates)                                   \
    X(Bid, bid)                                                                \
    X(Settle, settle)                                                          \
    X(ExecuteProof, execute_proof)                                             \
    X(SuspendProver, suspend_prover)                                           \
    X(GetFilteredBidHistory, bid_history)                                      \
    X(GetFilteredSettleableRequests, settleable)                               \
    X(GetFilteredSuspendableProvers, suspendable)                              \
    X(GetProversByUptime, provers)                                             \
    X(GetProverStats, prover_stats)                                            \
    X(GetProverStatus, prover_status)                                          \
    X(GetProverCapacity, prover_capacity)                                      \
    X(GetProverRequirements, prover_requirements)                              \
    X(GetProvePrice, prove_price)                                              \
    X(GetMarketPricePerPgu, market_price)
#define X(rpc, name) extern const pvn_rpc pvn_rpc_##name;
PVN_SUCCINCT_SIMPLE(X)
#undef X

/* ---- auction.c ---- */
/* The terms of a request that is to be auctioned, in the op's arena; *terms is
 * NULL when it is for our own workers. false: the call has failed. */
bool pvn_auction_terms(pvn_call *c, pvn_op *op, const pvn_wanted *w,
                       const pvn_terms **terms);

/* ---- lists.c ---- */
/* What the database can filter; false: the call has failed. */
bool pvn_list_prepare(pvn_call *c,
                      const Types__GetFilteredProofRequestsRequest *m,
                      pvn_filter *f);
/* The rest: does a row that the database found fit? */
bool pvn_list_fits(const Types__GetFilteredProofRequestsRequest *m,
                   const pvn_request *r);

/* ---- handlers ---- */
pvn_next pvn_succinct_subscribe_begin(pvn_call *c);
pvn_next pvn_succinct_subscribe_resume(pvn_call *c);
void pvn_succinct_subscribe_close(pvn_call *c);
pvn_next pvn_succinct_verify_begin(pvn_call *c);
pvn_next pvn_succinct_verify_resume(pvn_call *c);
#define PVN_SUCCINCT_RPCS(X)                                                   \
    X(RequestProof, request_proof)                                             \
    X(GetProofRequestStatus, status)                                           \
    X(GetProofRequestDetails, details)                                         \
    X(GetFilteredProofRequests, list)                                          \
    X(GetProofRequestParams, params)                                           \
    X(ReportProverInfo, report_prover)                                         \
    X(GetProgram, get_program)                                                 \
    X(CreateProgram, create_program)
#define X(rpc, name)                                                           \
    pvn_next pvn_succinct_##name##_begin(pvn_call *c);                         \
    pvn_next pvn_succinct_##name##_resume(pvn_call *c);
PVN_SUCCINCT_RPCS(X)
#undef X
pvn_next pvn_succinct_create_artifact_begin(pvn_call *c);
pvn_next pvn_succinct_fulfill_begin(pvn_call *c);
pvn_next pvn_succinct_fulfill_resume(pvn_call *c);
void pvn_succinct_fulfill_close(pvn_call *c);
#endif
