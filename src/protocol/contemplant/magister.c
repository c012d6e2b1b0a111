/* protocol/contemplant/magister.c - who is told when a Contemplant is gone: the
 * address that it registered, if the operator allows its host. Pure but for
 * the errand. Includes session.h, http/http.h. */
#include "protocol/contemplant/session.h"
#include "base/settings.h"
#include "protocol/http/http.h"
#include <strings.h>

/* "http://HOST[:PORT]/PATH" of printable characters, and nothing that two
 * readers could read in two ways. *host, *len: HOST[:PORT]. */
static bool split(const char *url, const char **host, size_t *len)
{
    const char *p = strncasecmp(url, "http://", 7) == 0    ? url + 7
                    : strncasecmp(url, "https://", 8) == 0 ? url + 8
                                                           : NULL;

    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c >= 127 || *c == '\\' || *c == '@' || *c == '#')
            return false;
    if (!p)
        return false;
    *host = p;
    *len = strcspn(p, "/?");
    return *len > 0 && p[*len] == '/';
}

bool pvn_ct_magister_allowed(const char *hosts, const char *url)
{
    const char *host, *colon;
    char whole[256], name[256];
    size_t len;

    if (!split(url, &host, &len) || len >= sizeof whole)
        return false;
    memcpy(whole, host, len);
    whole[len] = '\0';
    if (!pvn_authority_valid(whole))
        return false;
    for (size_t i = 0; i < len; i++)
        if (whole[i] >= 'A' && whole[i] <= 'Z')
            whole[i] = (char)(whole[i] - 'A' + 'a');
    memcpy(name, whole, len + 1);
    colon = strrchr(whole, ':');
    if (colon && !strchr(colon, ']')) /* [::1] has some of its own */
        name[colon - whole] = '\0';
    return pvn_list_has(hosts, whole) || pvn_list_has(hosts, name);
}

void pvn_ct_magister_tell(pvn_call *c, const pvn_ct *x)
{
    pvn_node *n = pvn_call_node(c);
    const char *hosts =
        pvn_setting_text(pvn_node_options(n), PVN_SET_CONTEMPLANT_MAGISTER);
    const char *why = NULL;

    /* A server that stops drops nobody: they come back to it. */
    if (!*x->drop || !*hosts || pvn_node_health(n, &why) == PVN_DRAINING)
        return;
    if (!pvn_ct_magister_allowed(hosts, x->drop)) {
        pvn_log(pvn_node_env(n), PVN_WARN, "contemplant.magister",
                "name=%s url=%s why=its host is not in contemplant.magister",
                x->live.name, x->drop);
        return;
    }
    if (!pvn_node_errand(n, x->drop))
        pvn_log(pvn_node_env(n), PVN_WARN, "contemplant.magister",
                "name=%s url=%s why=it cannot be told now", x->live.name,
                x->drop);
}
