/* protocol/http/health.c - grpc.health.v1: is the node, or a service of it,
 * serving? Includes route.h and pb.h. */
#include "protocol/http/skin.h"
#include "protocol/http/http.h"
#include "protocol/http/pb.h"

enum { SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3 };
enum { WATCH_MS = 1000 };

static int node_status(pvn_call *c)
{
    const char *why;

    return pvn_node_health(pvn_call_node(c), &why) == PVN_SERVING ? SERVING
                                                                  : NOT_SERVING;
}

static bool skin_has(const pvn_skin *skin, pvn_bytes name)
{
    for (size_t i = 0; i < skin->services_len; i++)
        if (strlen(skin->services[i]) == name.len &&
            memcmp(skin->services[i], name.data, name.len) == 0)
            return true;
    return false;
}

/* "" is the node as a whole. */
static bool known(pvn_bytes name)
{
    if (name.len == 0)
        return true;
    for (size_t i = 0; i < pvn_router_skins->len; i++)
        if (skin_has(pvn_router_skins->skins[i], name))
            return true;
    return false;
}

/* Field 1 of a HealthCheckRequest. */
static bool asked_service(pvn_call *c, pvn_bytes *name)
{
    pvn_pb_reader r = pvn_pb_read(pvn_call_message(c));
    pvn_pb_field f;

    *name = pvn_bytes_of("", 0);
    while (pvn_pb_next(&r, &f)) {
        if (f.number == 1 && f.wire != PVN_PB_LEN)
            return false;
        if (f.number == 1)
            *name = f.bytes;
    }
    return !r.bad;
}

static void reply_status(pvn_call *c, int status)
{
    uint8_t msg[2] = { 1 << 3 | PVN_PB_VARINT, (uint8_t)status };

    pvn_call_reply(c, msg, sizeof msg);
}

static pvn_next malformed(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_FORMAT,
                         "the bytes are not a HealthCheckRequest");
}

static pvn_next check_begin(pvn_call *c)
{
    pvn_bytes name;

    if (!asked_service(c, &name))
        return malformed(c);
    if (!known(name))
        return pvn_call_fail(
            c, PROVERNET_ERR_NOT_FOUND, "there is no service \"%.*s\" here",
            (int)(name.len < 100 ? name.len : 100), (const char *)name.data);
    reply_status(c, node_status(c));
    return PVN_ANSWER;
}

static void list_add(pvn_buf *out, const char *name, int status)
{
    uint8_t response[2] = { 1 << 3 | PVN_PB_VARINT, (uint8_t)status };
    pvn_buf entry = { 0 };

    pvn_pb_put_bytes(&entry, 1, name, strlen(name));
    pvn_pb_put_bytes(&entry, 2, response, sizeof response);
    pvn_pb_put_bytes(out, 1, entry.data, entry.len);
    out->failed = out->failed || entry.failed;
    pvn_buf_free(&entry);
}

static pvn_next list_begin(pvn_call *c)
{
    int status = node_status(c);
    pvn_buf out = { 0 };

    list_add(&out, "", status);
    for (size_t i = 0; i < pvn_router_skins->len; i++) {
        const pvn_skin *skin = pvn_router_skins->skins[i];

        for (size_t k = 0; k < skin->services_len; k++)
            list_add(&out, skin->services[k], status);
    }
    if (out.failed)
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for the list");
    else
        pvn_call_reply(c, out.data, out.len);
    pvn_buf_free(&out);
    return PVN_ANSWER;
}

/* ---- Watch: the status now, then each change ---- */

typedef struct watch {
    bool known;
    int told;
} watch;

static pvn_next watch_wait(pvn_call *c)
{
    pvn_park p = { .on = PVN_PARK_TIME };

    p.until_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c))) + WATCH_MS;
    pvn_call_park(c, &p);
    return PVN_PARK;
}

static pvn_next watch_begin(pvn_call *c)
{
    watch *w = pvn_arena_alloc(pvn_call_arena(c), sizeof *w);
    pvn_bytes name;

    if (!w)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a watch");
    if (!asked_service(c, &name))
        return malformed(c);
    pvn_call_keep(c, 1, w);
    w->known = known(name);
    w->told = w->known ? node_status(c) : SERVICE_UNKNOWN;
    reply_status(c, w->told);
    return PVN_MORE;
}

static pvn_next watch_resume(pvn_call *c)
{
    watch *w = pvn_call_kept(c, 1);
    int status = w->known ? node_status(c) : SERVICE_UNKNOWN;
    int64_t deadline = pvn_call_deadline(c);
    const char *why;

    if (deadline && deadline <= pvn_now_ms(pvn_node_env(pvn_call_node(c))))
        return pvn_call_fail(c, PROVERNET_ERR_TIMEOUT, "the deadline passed");
    if (status != w->told) {
        w->told = status;
        reply_status(c, status);
        return PVN_MORE;
    }
    if (pvn_node_health(pvn_call_node(c), &why) == PVN_DRAINING)
        return pvn_call_fail(c, PROVERNET_ERR_UNAVAILABLE,
                             "the server is shutting down");
    return watch_wait(c);
}

static const pvn_route routes[] = {
    { .path = "/grpc.health.v1.Health/Check",
      .flags = PVN_ROUTE_GRPC,
      .begin = check_begin },
    { .path = "/grpc.health.v1.Health/List",
      .flags = PVN_ROUTE_GRPC,
      .begin = list_begin },
    { .path = "/grpc.health.v1.Health/Watch",
      .flags = PVN_ROUTE_GRPC | PVN_ROUTE_SERVER_STREAM,
      .begin = watch_begin,
      .resume = watch_resume },
};

static const char *const services[] = { "grpc.health.v1.Health" };

extern const unsigned char pvn_descriptors_health[];
extern const size_t pvn_descriptors_health_len;

const pvn_skin pvn_skin_health = {
    .name = "health",
    .routes = routes,
    .routes_len = sizeof routes / sizeof *routes,
    .services = services,
    .services_len = sizeof services / sizeof *services,
    .descriptors = pvn_descriptors_health,
    .descriptors_len = &pvn_descriptors_health_len,
};
