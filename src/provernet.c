/* provernet.c - the library put together: a node that speaks every protocol.
 * The one file that knows all skins; may include every part. */
#include "net/errand.h"
#include "node/open.h"
#include "protocol/contemplant/skin.h"
#include "protocol/http/skin.h"
#include "protocol/ops/skin.h"
#include "protocol/route.h"
#include "protocol/succinct/skin.h"
#include "protocol/worker/skin.h"
#include "prove/kinds.h"

static const pvn_skin *const skins[] = {
    &pvn_skin_health, &pvn_skin_reflection,  &pvn_skin_succinct,
    &pvn_skin_worker, &pvn_skin_contemplant, &pvn_skin_ops,
};

static const pvn_router router = { skins, sizeof skins / sizeof *skins };
const pvn_router *const pvn_router_skins = &router;

provernet_status provernet_open(provernet **out, const provernet_options *o,
                                const provernet_env *env, provernet_error *err)
{
    pvn_node_config cfg = { .options = o,
                            .env = env,
                            .entry = &pvn_http_entry,
                            .errand = pvn_net_delete,
                            .memory = pvn_kind_memory };

    return pvn_node_open(out, &cfg, err);
}
