/* node/errand.c - short requests to others that nobody waits for: the crew does
 * them, by the function that the node was opened with. Includes node/inside.h
 * only. */
#include "node/inside.h"
#include <stdlib.h>

/* More waiting ones than this are not done: they are notices, not work. */
enum { WAITING_MAX = 64 };

typedef struct errand {
    pvn_chore chore;
    provernet *node;
    char url[];
} errand;

static void work(pvn_chore *c)
{
    errand *e = (errand *)c;
    provernet *n = e->node;
    provernet_error err = { 0 };

    if (atomic_load(&n->closing)) /* it is closed: they do not hold it up */
        pvn_fail(&err, PROVERNET_ERR_CANCELLED, 0, "the server is closing");
    else
        err.status = n->errand(e->url, &err);
    pvn_log(&n->env, err.status < 0 ? PVN_WARN : PVN_INFO, "node.errand",
            "url=%s status=%s why=%s", e->url,
            provernet_status_name(err.status), err.message);
    atomic_fetch_sub(&n->errands, 1);
    free(e);
}

bool pvn_node_errand(provernet *n, const char *url)
{
    size_t len = strlen(url);
    errand *e;

    if (!n->errand || n->crew.threads == 0 || atomic_load(&n->closing))
        return false;
    if (atomic_fetch_add(&n->errands, 1) >= WAITING_MAX)
        e = NULL;
    else
        e = malloc(sizeof *e + len + 1);
    if (!e) {
        atomic_fetch_sub(&n->errands, 1);
        return false;
    }
    e->chore.work = work;
    e->node = n;
    memcpy(e->url, url, len + 1);
    pvn_crew_push(&n->crew, &e->chore);
    return true;
}
