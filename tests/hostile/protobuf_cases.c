/* tests/hostile/protobuf_cases.c - messages that do not decode, or decode into
 * something that should not be: INVALID_ARGUMENT (3). */
#include "hostile.h"
#include <stdlib.h>

typedef struct bytes_case {
    const char *name, *bytes;
    size_t len;
} bytes_case;

static const bytes_case nonce_messages[] = {
    { "an empty message", "", 0 },
    { "a cut tag", "\x80", 1 },
    { "a cut length", "\x0a", 1 },
    { "a length past the end", "\x0a\x14zz", 4 },
    { "a length of 2^63", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 },
    { "a varint of 11 bytes",
      "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
    { "field number 0", "\x00\x00", 2 },
    { "a start group", "\x0b\x0c", 2 },
    { "an end group", "\x0c", 1 },
    { "wire type 6", "\x0e\x00", 2 },
    { "wire type 7", "\x0f\x00", 2 },
    { "a cut fixed64", "\x11\0\0\0", 4 },
    { "the address as a number", "\x08\x05", 2 },
    { "an address of 0 bytes", "\x0a\x00", 2 },
    { "an address of 19 bytes",
      "\x0a\x13"
      "aaaaaaaaaaaaaaaaaaa",
      21 },
    { "an address of 21 bytes",
      "\x0a\x15"
      "aaaaaaaaaaaaaaaaaaaaa",
      23 },
};

static void nonces(void)
{
    for (size_t i = 0; i < sizeof nonce_messages / sizeof nonce_messages[0];
         i++)
        EXPECT(nonce_messages[i].name,
               grpc_code(NETWORK "GetNonce", nonce_messages[i].bytes,
                         nonce_messages[i].len),
               3);
}

/* The same garbage at every method that reads a message. */
static void every_method(void)
{
    static const char *const path[] = {
        NETWORK "GetProgram",
        NETWORK "CreateProgram",
        NETWORK "RequestProof",
        NETWORK "CancelRequest",
        NETWORK "FailFulfillment",
        NETWORK "GetProofRequestStatus",
        NETWORK "GetProofRequestDetails",
        NETWORK "GetFilteredProofRequests",
        NETWORK "GetBalance",
        "/artifact.ArtifactStore/CreateArtifact"
    };

    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        EXPECT(path[i], grpc_code(path[i], "\xff\xff\xff\xff", 4), 3);
        EXPECT(path[i], grpc_code(path[i], "\x0b\x0b\x0b\x0c", 4), 3);
        EXPECT(path[i], grpc_code(path[i], "\x0a\xff\x01zz", 5), 3);
        if (i != 7)
            EXPECT(path[i], grpc_code(path[i], "", 0), 3);
    }
}

/* The market's methods too: signed ones, and open ones of which an empty
 * message asks for everything. */
static void the_market(void)
{
    static const char *const some[] = { "FulfillProof",
                                        "ExecuteProof",
                                        "FailExecution",
                                        "GetStdinUri",
                                        "SetAccountName",
                                        "SetTermsSignature",
                                        "AddDelegation",
                                        "RemoveDelegation",
                                        "TerminateDelegation",
                                        "AcceptDelegation",
                                        "SetDelegation",
                                        "SetProgramName",
                                        "Bid",
                                        "Settle",
                                        "SuspendProver",
                                        "Transfer",
                                        "Withdraw",
                                        "ReportProverInfo",
                                        "GetOwner",
                                        "GetAccountName",
                                        "GetTermsSignature",
                                        "GetAccount",
                                        "GetDelegation",
                                        "GetFilteredBidHistory",
                                        "GetProverStatus",
                                        "GetProverCapacity" };
    static const char *const all[] = { "GetFilteredDelegations",
                                       "GetDelegationParams",
                                       "GetFilteredBalanceLogs",
                                       "GetProversByUptime",
                                       "GetMarketPricePerPgu",
                                       "GetProvePrice",
                                       "GetFilteredSettleableRequests",
                                       "GetFilteredSuspendableProvers",
                                       "GetProverStats",
                                       "GetTransferParams",
                                       "GetWithdrawParams",
                                       "GetProverRequirements",
                                       "GetProgramGasEstimates",
                                       "GetProofRequestParams" };
    enum { SOME = sizeof some / sizeof *some, ALL = sizeof all / sizeof *all };

    for (size_t i = 0; i < SOME + ALL; i++) {
        char path[128];

        snprintf(path, sizeof path, NETWORK "%s",
                 i < SOME ? some[i] : all[i - SOME]);
        EXPECT(path, grpc_code(path, "\xff\xff\xff\xff", 4), 3);
        EXPECT(path, grpc_code(path, "\x0b\x0b\x0b\x0c", 4), 3);
        EXPECT(path, grpc_code(path, "\x0a\xff\x01zz", 5), 3);
        EXPECT(path, grpc_code(path, "", 0), i < SOME ? 3 : 0);
    }
}

static void deep(size_t depth)
{
    tc_buf inner = { 0 };

    for (size_t i = 0; i < depth; i++) {
        tc_buf outer = { 0 };

        tc_bytes(&outer, 3, inner.data, inner.len);
        tc_free(&inner);
        inner = outer;
    }
    EXPECT("a message nested deep",
           grpc_code(NETWORK "RequestProof", inner.data, inner.len), 3);
    tc_free(&inner);
}

static void many_small(void)
{
    tc_buf m = { 0 };

    for (int i = 0; i < 400000; i++)
        tc_add(&m, "\x3a\x00", 2);
    EXPECT("400,000 empty fields",
           grpc_code(NETWORK "GetFilteredProofRequests", m.data, m.len), 3, 8);
    tc_free(&m);
    tc_u64(&m, 1, 1);
    tc_buf body = { 0 };
    for (int i = 0; i < 200000; i++)
        tc_bytes(&body, 11, "", 0);
    tc_bytes(&m, 2, "x", 1);
    tc_bytes(&m, 3, body.data, body.len);
    EXPECT("200,000 whitelist entries of no length",
           grpc_code(NETWORK "RequestProof", m.data, m.len), 3, 8);
    tc_free(&body);
    tc_free(&m);
}

static void texts(void)
{
    tc_buf m = { 0 };

    tc_bytes(&m, 1, "\xff\xfe", 2);
    EXPECT("a filter that is not UTF-8",
           grpc_code(NETWORK "GetFilteredProofRequests", m.data, m.len), 3);
    tc_free(&m);
    tc_bytes(&m, 1, "a\0b", 3);
    EXPECT("a filter with a NUL",
           grpc_code(NETWORK "GetFilteredProofRequests", m.data, m.len), 3);
    tc_free(&m);
}

static void lengths(void)
{
    static const struct {
        const char *name, *path;
        uint32_t field;
        size_t good;
    } list[] = {
        { "vk_hash", NETWORK "GetProgram", 1, 32 },
        { "request_id", NETWORK "GetProofRequestStatus", 1, 32 },
        { "request_id", NETWORK "GetProofRequestDetails", 1, 32 },
        { "address", NETWORK "GetBalance", 1, 20 },
        { "vk_hash filter", NETWORK "GetFilteredProofRequests", 5, 32 },
        { "requester filter", NETWORK "GetFilteredProofRequests", 6, 20 },
        { "fulfiller filter", NETWORK "GetFilteredProofRequests", 7, 20 },
    };
    static const uint8_t zeros[80];

    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        size_t wrong[] = { 0, 1, list[i].good - 1, list[i].good + 1, 64 };

        for (size_t j = 0; j < 5; j++) {
            tc_buf m = { 0 };

            tc_bytes(&m, list[i].field, zeros, wrong[j]);
            EXPECT(list[i].name, grpc_code(list[i].path, m.data, m.len), 3);
            tc_free(&m);
        }
    }
}

static void unknown_things(void)
{
    static const uint8_t id[32] = { 9, 9, 9 };
    tc_buf m = { 0 };

    tc_bytes(&m, 1, id, 32);
    EXPECT("an unknown program", grpc_code(NETWORK "GetProgram", m.data, m.len),
           5);
    EXPECT("an unknown request",
           grpc_code(NETWORK "GetProofRequestStatus", m.data, m.len), 5);
    EXPECT("an unknown request's details",
           grpc_code(NETWORK "GetProofRequestDetails", m.data, m.len), 5);
    tc_free(&m);
    tc_u64(&m, 10, 1000000);
    EXPECT("a page of a million",
           grpc_code(NETWORK "GetFilteredProofRequests", m.data, m.len), 0);
    tc_free(&m);
    tc_u64(&m, 999, 5);
    EXPECT("an unknown field is skipped",
           grpc_code(NETWORK "GetFilteredProofRequests", m.data, m.len), 0);
    tc_free(&m);
}

void protobuf_cases(void)
{
    nonces();
    every_method();
    the_market();
    deep(50);
    deep(1000);
    deep(20000);
    many_small();
    texts();
    lengths();
    unknown_things();
}
