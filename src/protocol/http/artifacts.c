/* protocol/http/artifacts.c - names and URLs of artifacts. Includes route.h,
 * crypto/ and base/. */
#include "protocol/http/artifacts.h"
#include "crypto/crypto.h"
#include <stdio.h>

static const struct {
    const char *name;
    int64_t type;
} types[] = {
    { "program", PVN_TYPE_PROGRAM },
    { "stdin", PVN_TYPE_STDIN },
    { "proof", PVN_TYPE_PROOF },
    { "transaction", 4 },
    { "state", 5 },
    { "export", 6 },
    { "private-stdin", PVN_TYPE_PRIVATE_STDIN },
    { "key", PVN_TYPE_KEY },
    { "data", PVN_TYPE_DATA },
};

const char *pvn_artifact_type_name(int64_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].name;
    return NULL;
}

bool pvn_artifact_type_find(const char *name, size_t len, int64_t *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strlen(types[i].name) == len &&
            memcmp(types[i].name, name, len) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

const char *pvn_artifact_url(pvn_call *c, const char *base, const char *space,
                             int64_t type, const provernet_id *id)
{
    const char *name = pvn_artifact_type_name(type);
    char hex[2 * sizeof id->bytes + 1];

    return pvn_arena_format(pvn_call_arena(c), "%s/artifacts/%s%s/%s", base,
                            space, name ? name : "data",
                            pvn_hex(hex, id->bytes, sizeof id->bytes));
}

const char *pvn_artifact_ticket_url(pvn_call *c, const char *url,
                                    const char *verb, const provernet_id *id,
                                    int64_t expires_ms)
{
    char ticket[PVN_TICKET_CHARS];

    pvn_ticket_make(ticket, pvn_node_ticket_key(pvn_call_node(c)), verb, id,
                    expires_ms);
    return pvn_arena_format(pvn_call_arena(c), "%s?t=%s", url, ticket);
}

char *pvn_artifact_upload_verb(char out[PVN_UPLOAD_VERB], int64_t type,
                               const uint8_t owner20[20])
{
    char hex[41];

    snprintf(out, PVN_UPLOAD_VERB, "put/%lld/%s", (long long)type,
             pvn_hex(hex, owner20, 20));
    return out;
}

const char *pvn_artifact_upload_url(pvn_call *c, const char *url, int64_t type,
                                    const provernet_id *id,
                                    const uint8_t owner20[20],
                                    int64_t expires_ms)
{
    char ticket[PVN_TICKET_CHARS], verb[PVN_UPLOAD_VERB], hex[41];

    pvn_ticket_make(ticket, pvn_node_ticket_key(pvn_call_node(c)),
                    pvn_artifact_upload_verb(verb, type, owner20), id,
                    expires_ms);
    return pvn_arena_format(pvn_call_arena(c), "%s?o=%s&t=%s", url,
                            pvn_hex(hex, owner20, 20), ticket);
}

void pvn_artifact_id_new(pvn_call *c, provernet_id *id)
{
    pvn_node *n = pvn_call_node(c);

    pvn_id_new(pvn_node_env(n), id);
    pvn_id_seal(pvn_node_ticket_key(n), id);
}

bool pvn_artifact_id_ours(pvn_call *c, const provernet_id *id)
{
    pvn_node *n = pvn_call_node(c);
    uint8_t made[8] = { 0 };

    memcpy(made + 2, id->bytes, 6); /* ids begin with their time */
    return pvn_id_sealed(pvn_node_ticket_key(n), id) &&
           pvn_now_ms(pvn_node_env(n)) - (int64_t)pvn_get_u64be(made) <
               pvn_node_rules(n)->artifact_issued_ttl_ms;
}

bool pvn_artifact_uri_id(const char *uri, provernet_id *id)
{
    size_t len = strcspn(uri, "?#");
    const char *last = uri + len;

    while (last > uri && last[-1] != '/')
        last--;
    if ((size_t)(uri + len - last) != 2 * sizeof id->bytes)
        return false;
    return pvn_unhex(id->bytes, sizeof id->bytes, last, 2 * sizeof id->bytes);
}
