/* protocol/succinct/skin.c - the routes of the Succinct prover network.
 * Methods of the service that are not here are answered UNIMPLEMENTED. */
#include "protocol/succinct/skin.h"
#include "protocol/succinct/succinct.h"

/* These answer at once. */
#define ONE_STEP(name)                                                         \
    pvn_next pvn_succinct_##name##_resume(pvn_call *c)                         \
    {                                                                          \
        return pvn_call_fail(c, PROVERNET_ERR_INTERNAL, #name " waited");      \
    }
ONE_STEP(params)

#define X(rpc, name)                                                           \
    { .path = "/network.ProverNetwork/" #rpc,                                  \
      .flags = PVN_ROUTE_GRPC,                                                 \
      .begin = pvn_succinct_##name##_begin,                                    \
      .resume = pvn_succinct_##name##_resume },
#define SIMPLE(rpc, name)                                                      \
    { .path = "/network.ProverNetwork/" #rpc,                                  \
      .flags = PVN_ROUTE_GRPC,                                                 \
      .begin = pvn_rpc_begin,                                                  \
      .resume = pvn_rpc_resume,                                                \
      .data = &pvn_rpc_##name },
static const pvn_route routes[] = {
    PVN_SUCCINCT_RPCS(X) PVN_SUCCINCT_SIMPLE(SIMPLE){
        .path = "/network.ProverNetwork/FulfillProof",
        .flags = PVN_ROUTE_GRPC,
        .begin = pvn_succinct_fulfill_begin,
        .resume = pvn_succinct_fulfill_resume,
        .close = pvn_succinct_fulfill_close },
    { .path = "/artifact.ArtifactStore/CreateArtifact",
      .flags = PVN_ROUTE_GRPC,
      .begin = pvn_succinct_create_artifact_begin },
    { .path = "/network.ProverNetwork/SubscribeProofRequests",
      .flags = PVN_ROUTE_GRPC | PVN_ROUTE_SERVER_STREAM,
      .begin = pvn_succinct_subscribe_begin,
      .resume = pvn_succinct_subscribe_resume,
      .close = pvn_succinct_subscribe_close },
    { .path = "/verifier.Verifier/VerifyProof",
      .flags = PVN_ROUTE_GRPC,
      .begin = pvn_succinct_verify_begin,
      .resume = pvn_succinct_verify_resume },
};
#undef X
#undef SIMPLE

static const char *const services[] = {
    "network.ProverNetwork",
    "artifact.ArtifactStore",
    "verifier.Verifier",
};

/* What differs from the default list: out of memory passes, and clients try
 * UNAVAILABLE again; a wrong setting of ours is nothing they can repair. */
static int grpc_code(provernet_status s)
{
    switch (s) {
    case PROVERNET_ERR_NOMEM:
        return 14;
    case PROVERNET_ERR_CONFIG:
        return 9;
    default:
        return -1;
    }
}

extern const unsigned char pvn_descriptors_succinct[];
extern const size_t pvn_descriptors_succinct_len;

const pvn_skin pvn_skin_succinct = {
    .name = "succinct",
    .routes = routes,
    .routes_len = sizeof routes / sizeof *routes,
    .services = services,
    .services_len = sizeof services / sizeof *services,
    .descriptors = pvn_descriptors_succinct,
    .descriptors_len = &pvn_descriptors_succinct_len,
    .grpc_code = grpc_code,
};
