/* net/job.c - a job: what it is, what comes out, handing it in. */
#include "net/fetch.h"
#include "net/inside.h"
#include "protocol/http/pb.h"
#include "prove/kinds.h"
#include <stdlib.h>

enum {
    HAND_IN_MS = 60000,
    GIVE_UP_MIN_MS = 60000,
    TOO_LARGE_MS = 60000 /* then memory may have become free */
};

/* The lease outlives the answer it came in. */
static const pvn_wire_lease *copy_lease(pvn_arena *a, const pvn_wire_lease *l)
{
    size_t len = protobuf_c_message_get_packed_size(&l->base);
    uint8_t *bytes = malloc(len + 1);
    pvn_wire_lease *copy;

    if (!bytes)
        return NULL;
    protobuf_c_message_pack(&l->base, bytes);
    copy = (pvn_wire_lease *)pvn_pb_unpack_into(
        a, &provernet__worker__v1__lease__descriptor, pvn_bytes_of(bytes, len),
        NULL);
    free(bytes);
    return copy;
}

static bool fill(provernet_job *j, const pvn_wire_lease *lease)
{
    j->lease = copy_lease(&j->arena, lease);
    if (!j->lease || !pvn_wire_id(j->lease->task, &j->task))
        return false;
    j->input = pvn_arena_alloc(&j->arena, j->lease->n_input * sizeof *j->input);
    j->params = pvn_arena_alloc(&j->arena, j->lease->params.len + 3);
    if (!j->input || !j->params)
        return false;
    if (j->lease->params.len)
        memcpy(j->params, j->lease->params.data, j->lease->params.len);
    else
        memcpy(j->params, "{}", 2);
    for (size_t i = 0; i < j->lease->n_input; i++)
        j->input[i].fd = -1;
    return true;
}

provernet_job *pvn_job_new(provernet_worker *w, const pvn_wire_lease *lease)
{
    provernet_job *j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    j->w = w;
    j->outputs_last = &j->outputs;
    j->children_last = &j->children;
    j->started_ms = pvn_now_ms(&w->env);
    if (!fill(j, lease)) {
        pvn_arena_free(&j->arena);
        free(j);
        return NULL;
    }
    return j;
}

/* With the lock held. */
static void leave_slot(provernet_job *j)
{
    if (j->in_slot)
        j->w->held--;
    j->in_slot = false;
    pthread_cond_broadcast(&j->w->changed);
}

/* The work is done: the next job may be asked for while this one is handed
 * in. Its lease is still renewed. */
static void free_slot(provernet_job *j)
{
    pthread_mutex_lock(&j->w->lock);
    leave_slot(j);
    pthread_mutex_unlock(&j->w->lock);
}

static void let_go(provernet_job *j)
{
    provernet_worker *w = j->w;

    pthread_mutex_lock(&w->lock);
    for (provernet_job **at = &w->jobs; *at; at = &(*at)->next)
        if (*at == j) {
            *at = j->next;
            break;
        }
    leave_slot(j);
    pthread_mutex_unlock(&w->lock);
}

void pvn_job_free(provernet_job *j)
{
    let_go(j);
    for (size_t i = 0; i < j->lease->n_input; i++)
        pvn_input_free(j, &j->input[i]);
    for (pvn_net_output *o = j->outputs; o; o = o->next)
        provernet_blob_close(o->blob);
    pvn_arena_free(&j->arena);
    free(j);
}

void pvn_job_too_large(provernet_job *j)
{
    const pvn_kind *kind = pvn_kind_find(j->lease->kind);
    uint64_t program = j->lease->n_input ? j->lease->input[0]->raw_bytes : 0;
    uint64_t need = kind && kind->memory && program
                        ? kind->memory(program, program / 8)
                        : 0;

    if (need < 2)
        return;
    pthread_mutex_lock(&j->w->lock);
    if (!j->w->fits || need - 1 < j->w->fits)
        j->w->fits = need - 1;
    j->w->fits_ms = pvn_now_ms(&j->w->env) + TOO_LARGE_MS;
    pthread_mutex_unlock(&j->w->lock);
}

int64_t pvn_job_left(const provernet_job *j)
{
    int64_t left = j->lease->deadline_ms - pvn_now_ms(&j->w->env);

    return left > GIVE_UP_MIN_MS ? left : GIVE_UP_MIN_MS;
}

const char *provernet_job_kind(const provernet_job *j)
{
    return j->lease->kind;
}

provernet_id provernet_job_id(const provernet_job *j)
{
    return j->task;
}

int64_t provernet_job_deadline_ms(const provernet_job *j)
{
    return j->lease->deadline_ms;
}

uint32_t provernet_job_attempt(const provernet_job *j)
{
    return (uint32_t)j->lease->attempt;
}

const char *provernet_job_params(const provernet_job *j)
{
    return j->params;
}

provernet_status provernet_job_output(provernet_job *j, provernet_blob **out,
                                      provernet_error *err)
{
    pvn_net_output *o = pvn_arena_alloc(&j->arena, sizeof *o);

    *out = NULL;
    if (!o)
        return pvn_nomem(err);
    o->blob = pvn_blob_output(j->w->cache, PVN_WIRE_INLINE_MAX);
    if (!o->blob)
        return pvn_nomem(err);
    *j->outputs_last = o;
    j->outputs_last = &o->next;
    *out = o->blob;
    return PROVERNET_OK;
}

provernet_status provernet_job_alive(provernet_job *j, int permille,
                                     const char *stage)
{
    pthread_mutex_lock(&j->w->lock);
    j->permille = permille < 0 ? 0 : permille > 1000 ? 1000 : permille;
    j->stage[0] = '\0';
    if (stage)
        strncat(j->stage, stage, sizeof j->stage - 1);
    pthread_mutex_unlock(&j->w->lock);
    return atomic_load(&j->cancelled) ? PROVERNET_ERR_CANCELLED : PROVERNET_OK;
}

static provernet_status fill_child(pvn_arena *a,
                                   Provernet__Worker__V1__Child *c,
                                   const provernet_id *inputs,
                                   size_t inputs_len, const char *const *after)
{
    size_t n = 0;

    while (after && after[n])
        n++;
    c->input = pvn_arena_alloc(a, inputs_len * sizeof *c->input);
    c->after = pvn_arena_alloc(a, n * sizeof *c->after);
    if (!c->input || !c->after)
        return PROVERNET_ERR_NOMEM;
    for (size_t i = 0; i < inputs_len; i++) {
        uint8_t *id = pvn_arena_copy(a, inputs[i].bytes, 16);

        if (!id)
            return PROVERNET_ERR_NOMEM;
        c->input[c->n_input++] = pvn_wire_data(id, 16);
    }
    for (size_t i = 0; i < n; i++) {
        c->after[c->n_after] = pvn_arena_text(a, after[i]);
        if (!c->after[c->n_after++])
            return PROVERNET_ERR_NOMEM;
    }
    return PROVERNET_OK;
}

provernet_status provernet_job_add(provernet_job *j, const char *name,
                                   const char *kind, const provernet_id *inputs,
                                   size_t inputs_len, const char *const *after,
                                   provernet_error *err)
{
    pvn_net_child *c;

    if (!name || !*name || !kind || !*kind)
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "job_add needs a name and a kind");
    c = pvn_arena_alloc(&j->arena, sizeof *c);
    if (!c)
        return pvn_nomem(err);
    provernet__worker__v1__child__init(&c->wire);
    c->wire.name = pvn_arena_text(&j->arena, name);
    c->wire.kind = pvn_arena_text(&j->arena, kind);
    if (!c->wire.name || !c->wire.kind ||
        fill_child(&j->arena, &c->wire, inputs, inputs_len, after))
        return pvn_nomem(err);
    *j->children_last = c;
    j->children_last = &c->next;
    j->children_len++;
    return PROVERNET_OK;
}

static void count(provernet_job *j, bool done)
{
    pthread_mutex_lock(&j->w->lock);
    if (done)
        j->w->done++;
    else
        j->w->failed++;
    pthread_mutex_unlock(&j->w->lock);
}

provernet_status provernet_job_done(provernet_job *j, provernet_error *err)
{
    provernet_error mine = { 0 };
    provernet_status rc;

    free_slot(j);
    rc = j->w->manner->hand_in(j, &mine);
    /* What the server did not take for reasons of its own runs again soon. */
    if (rc && rc != PROVERNET_ERR_LEASE && rc != PROVERNET_ERR_PROOF &&
        rc != PROVERNET_ERR_NOT_FOUND && rc != PROVERNET_ERR_CANCELLED)
        (void)j->w->manner->give_up(j, PROVERNET_BLAME_SURROUNDINGS,
                                    mine.message, NULL);
    count(j, rc == PROVERNET_OK);
    pvn_job_free(j);
    return rc ? pvn_error_copy(err, &mine) : PROVERNET_OK;
}

provernet_status provernet_job_fail(provernet_job *j, int blame,
                                    const char *why, provernet_error *err)
{
    provernet_status rc;

    if (blame < PROVERNET_BLAME_INPUT || blame > PROVERNET_BLAME_SURROUNDINGS)
        blame = PROVERNET_BLAME_ATTEMPT;
    rc = j->w->manner->give_up(j, blame, why, err);
    count(j, false);
    pvn_job_free(j);
    return rc;
}
