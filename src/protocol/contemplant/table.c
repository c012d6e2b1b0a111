/* protocol/contemplant/table.c - all connected Contemplants, for people: names
 * that no two of a host have, and what their sessions are. Includes session.h.
 */
#include "protocol/contemplant/session.h"
#include <stdio.h>
#include <stdlib.h>

static void *make_table(pvn_node *n)
{
    pvn_ct_table *t = calloc(1, sizeof *t);

    (void)n;
    if (t)
        pvn_lock_init(&t->lock);
    return t;
}

static void free_table(void *thing)
{
    pvn_ct_table *t = thing;

    pvn_lock_end(&t->lock);
    free(t);
}

pvn_ct_table *pvn_ct_table_of(pvn_node *n)
{
    return pvn_node_slot(n, PVN_PROTOCOL_CONTEMPLANT, make_table, free_table);
}

/* With the lock held. */
static bool name_taken(const pvn_ct_table *t, const pvn_ct_live *live)
{
    for (const pvn_ct_live *o = t->first; o; o = o->next)
        if (strcmp(o->name, live->name) == 0 &&
            strcmp(o->origin, live->origin) == 0)
            return true;
    return false;
}

void pvn_ct_enter(pvn_ct_table *t, pvn_ct_live *live)
{
    size_t len = strlen(live->name);

    pvn_lock_take(&t->lock);
    for (unsigned n = 2; name_taken(t, live) && n < 100000; n++)
        snprintf(live->name + len, sizeof live->name - len, "-%u", n);
    live->next = t->first;
    live->at = &t->first;
    if (live->next)
        live->next->at = &live->next;
    t->first = live;
    pvn_lock_give(&t->lock);
}

void pvn_ct_leave(pvn_ct_table *t, pvn_ct_live *live)
{
    pvn_lock_take(&t->lock);
    if (live->at) {
        *live->at = live->next;
        if (live->next)
            live->next->at = live->at;
    }
    live->at = NULL;
    pvn_lock_give(&t->lock);
}

bool pvn_ct_find(pvn_ct_table *t, const provernet_id *worker, pvn_ct_live *out)
{
    bool found = false;

    pvn_lock_take(&t->lock);
    for (const pvn_ct_live *o = t->first; o && !found; o = o->next) {
        found = pvn_id_equal(&o->worker, worker);
        if (found)
            *out = *o;
    }
    pvn_lock_give(&t->lock);
    return found;
}

void pvn_ct_show(pvn_ct *x)
{
    pvn_lock_take(&x->table->lock);
    x->live.busy = x->state == PVN_CT_BUSY || x->state == PVN_CT_HANDING;
    pvn_lock_give(&x->table->lock);
}
