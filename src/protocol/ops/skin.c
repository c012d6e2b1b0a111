/* protocol/ops/skin.c - the routes for bytes and for people: artifacts,
 * probes, metrics, the JSON interface, the page. */
#include "protocol/ops/skin.h"
#include "protocol/ops/ops.h"

enum { SMALL_BODY = 65536 };

#define GET(where, more, name)                                                 \
    {                                                                          \
        .method = "GET", .path = (where), .flags = (more),                     \
        .body_max = SMALL_BODY, .begin = pvn_ops_##name##_begin,               \
        .resume = pvn_ops_##name##_resume                                      \
    }

static const pvn_route routes[] = {
    { .method = "PUT",
      .path = "/artifacts/",
      .flags = PVN_ROUTE_PREFIX | PVN_ROUTE_STREAM,
      .body_max = UINT64_MAX,
      .begin = pvn_ops_put_begin,
      .body = pvn_ops_put_body,
      .end = pvn_ops_put_end,
      .resume = pvn_ops_put_resume,
      .close = pvn_ops_put_close },
    { .method = "GET",
      .path = "/artifacts/",
      .flags = PVN_ROUTE_PREFIX,
      .body_max = SMALL_BODY,
      .begin = pvn_ops_get_begin,
      .resume = pvn_ops_get_resume,
      .close = pvn_ops_get_close },
    GET("/livez", 0, livez),
    GET("/readyz", 0, readyz),
    GET("/metrics", 0, metrics),
    GET("/api/v1/requests", 0, list),
    GET("/api/v1/requests/", PVN_ROUTE_PREFIX, show),
    { .method = "POST",
      .path = "/api/v1/requests/",
      .flags = PVN_ROUTE_PREFIX,
      .body_max = SMALL_BODY,
      .begin = pvn_ops_cancel_begin,
      .resume = pvn_ops_cancel_resume },
    GET("/api/v1/workers", 0, workers),
    GET("/api/v1/overview", 0, overview),
    GET("/api/v1/provers", 0, provers),
    { .method = "POST",
      .path = "/api/v1/provers/",
      .flags = PVN_ROUTE_PREFIX,
      .body_max = SMALL_BODY,
      .begin = pvn_ops_prover_set_begin,
      .resume = pvn_ops_prover_set_resume },
    { .method = "POST",
      .path = "/api/v1/accounts/",
      .flags = PVN_ROUTE_PREFIX,
      .body_max = SMALL_BODY,
      .begin = pvn_ops_account_post_begin,
      .resume = pvn_ops_account_post_resume },
    GET("/api/v1/settlement", 0, settlement),
    GET("/api/v1/ledger", 0, ledger),
    GET("/", 0, page),
};

const pvn_skin pvn_skin_ops = {
    .name = "ops",
    .routes = routes,
    .routes_len = sizeof routes / sizeof *routes,
};
