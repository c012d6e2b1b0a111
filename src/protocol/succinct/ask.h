/* protocol/succinct/ask.h - the asking side of this wire: what a prover says
 * to a network, and what it hears. Bytes in, bytes out; any thread.
 *
 * Bodies are written as the published clients write them (ascending fields, no
 * zeros, optional fields whenever they are set). Answers are read by hand and
 * not by descriptor, because the two flavours give the same numbers to other
 * types: a field of an unexpected type is skipped, a needed one is missed. */
#ifndef PVN_PROTOCOL_SUCCINCT_ASK_H
#define PVN_PROTOCOL_SUCCINCT_ASK_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include <provernet/sign.h>

#define PVN_ASK_PATH(rpc) "/network.ProverNetwork/" rpc

/* Values of the wire's enumerations that a prover cares for. */
enum {
    PVN_NET_REQUESTED = 1,
    PVN_NET_ASSIGNED = 2,
    PVN_NET_FULFILLED = 3,
    PVN_NET_UNFULFILLABLE = 4,
    PVN_NET_UNEXECUTABLE = 3, /* of the execution */
    PVN_NET_NO_ERROR = -1,    /* of FailFulfillment: not given */
    PVN_NET_EXECUTION_FAILURE = 1,
    PVN_NET_KEY_MISMATCH = 2,
    PVN_NET_VERIFICATION_FAILURE = 5,
    PVN_NET_PROVING_FAILURE = 6
};

/* ---- open questions, appended to b; b->failed: no memory ---- */
/* GetNonce, GetOwner, GetProverStatus */
void pvn_ask_address(pvn_buf *b, const uint8_t address20[20]);
/* GetProofRequestStatus, GetProofRequestDetails */
void pvn_ask_request(pvn_buf *b, const uint8_t id32[32]);
/* GetProgram */
void pvn_ask_program(pvn_buf *b, const uint8_t vk_hash32[32]);
/* GetProofRequestParams */
void pvn_ask_params(pvn_buf *b, int mode);
/* GetFilteredProofRequests; zero and NULL are left out */
typedef struct pvn_ask_filter {
    int fulfillment, execution;
    uint64_t deadline_after_s;
    const uint8_t *fulfiller20, *not_bid_by20;
    uint32_t limit, page;
} pvn_ask_filter;
void pvn_ask_list(pvn_buf *b, const pvn_ask_filter *f);

/* ---- bodies of signed requests ---- */
/* Bid: amount in wei per PGU. */
void pvn_ask_bid(pvn_buf *b, uint64_t nonce, const uint8_t id32[32],
                 uint64_t amount, const uint8_t domain32[32],
                 const uint8_t prover20[20]);
void pvn_ask_fulfill(pvn_buf *b, uint64_t nonce, const uint8_t id32[32],
                     pvn_bytes proof, const uint8_t domain32[32]);
/* FailFulfillment; error: PVN_NET_NO_ERROR or a value. */
void pvn_ask_fail(pvn_buf *b, uint64_t nonce, const uint8_t id32[32],
                  int error);
/* GetStdinUri; the domain stays empty, as shipped provers leave it. */
void pvn_ask_stdin_uri(pvn_buf *b, uint64_t nonce, const uint8_t id32[32]);
/* ReportProverInfo, which has no nonce. What the four texts of a component
 * mean is not published; ours are name, version, kinds. capacity: prover gas
 * units in a second, 0: unknown. */
void pvn_ask_report(pvn_buf *b, const uint8_t domain32[32],
                    const uint8_t prover20[20], const char *version,
                    const char *kinds, uint64_t capacity);
/* The envelope around a body: format BINARY, signature, body. Appended. */
provernet_status pvn_ask_sign(pvn_buf *b, const provernet_key *k,
                              pvn_bytes body, provernet_error *err);

/* ---- answers ----
 * ERR_FORMAT: the bytes are no such answer; ERR_NOMEM. Texts lie in the
 * arena. */
typedef struct pvn_heard_request {
    uint8_t id32[32], vk_hash32[32];
    uint8_t fulfiller20[20]; /* zero: none */
    const char *version;
    int mode, fulfillment, execution;
    uint64_t deadline_s, cycle_limit, gas_limit;
    const char *program_uri, *program_url, *stdin_url; /* "" if not given */
    bool stdin_private, cancelled;
    /* Decimal numbers of wei; UINT64_MAX also for what is above it. */
    bool priced; /* the answer told the ceiling */
    uint64_t max_price, floor_price, base_fee;
} pvn_heard_request;
/* GetProofRequestDetails */
provernet_status pvn_hear_request(pvn_arena *a, pvn_bytes answer,
                                  pvn_heard_request *out, provernet_error *err);
/* GetFilteredProofRequests */
provernet_status pvn_hear_requests(pvn_arena *a, pvn_bytes answer,
                                   pvn_heard_request **out, size_t *len,
                                   provernet_error *err);
typedef struct pvn_heard_params {
    bool has_domain;
    uint8_t domain32[32];
    uint64_t max_price, tick, floor_price;
} pvn_heard_params;
provernet_status pvn_hear_params(pvn_bytes answer, pvn_heard_params *out,
                                 provernet_error *err);
provernet_status pvn_hear_nonce(pvn_bytes answer, uint64_t *nonce,
                                provernet_error *err);
provernet_status pvn_hear_owner(pvn_bytes answer, uint8_t owner20[20],
                                provernet_error *err);
/* GetProverStatus: when the suspension ends, unix seconds; 0: none. */
provernet_status pvn_hear_suspension(pvn_bytes answer, uint64_t *until_s,
                                     provernet_error *err);
/* GetProvePrice: USD for one PROVE (10^18 wei), above 0. */
provernet_status pvn_hear_prove_price(pvn_bytes answer, double *usd,
                                      provernet_error *err);
/* GetProgram: is what is registered under this hash a circuit of
 * groth16/bn254@1? Its key says so, and the hash is the key's. */
provernet_status pvn_hear_circuit(pvn_bytes answer, const uint8_t vk_hash32[32],
                                  bool *circuit, provernet_error *err);
provernet_status pvn_hear_stdin_uri(pvn_arena *a, pvn_bytes answer,
                                    const char **uri, provernet_error *err);

/* The kind of work that version and mode of a request mean: "sp1/core@6" for
 * "sp1-v6.1.0" and 1; a circuit's version is its kind. false: none known. */
bool pvn_ask_kind(char out[64], const char *version, int mode);
/* A decimal number; above 2^64 - 1: UINT64_MAX. false: it is no number. */
bool pvn_ask_amount(const char *text, size_t len, uint64_t *out);
#endif
