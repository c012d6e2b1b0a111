/* net/manner_server.c - working for one of our servers: leases asked for, held
 * and handed in over our own wire (protocol/worker), sealed by speak.c. */
#include "net/fetch.h"
#include "net/inside.h"
#include <stdlib.h>

enum {
    POLL_MS = 20000, /* the server may hold a question this long */
    POLL_SLACK_MS = 10000,
    RENEW_MS = 10000, /* to wait for an answer to a renewal */
    CALM_MS = 500,    /* an answer without work that came at once */
    HAND_IN_MS = 60000,
    BYE_MS = 1000
};

/* ---- asking ---- */

static void take_leases(provernet_worker *w, const pvn_wire_answer *answer)
{
    for (size_t i = 0; i < answer->lease->n_lease; i++) {
        provernet_job *j = pvn_job_new(w, answer->lease->lease[i]);

        if (j) /* no memory: its lease ends by itself */
            pvn_worker_take(j);
    }
}

static void ask_once(provernet_worker *w, uint32_t want)
{
    Provernet__Worker__V1__LeaseAsk lease =
        PROVERNET__WORKER__V1__LEASE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    int64_t began = pvn_now_ms(&w->env);
    pvn_wire_answer *answer;
    provernet_error err;
    pvn_arena a = { 0 };
    bool calm;

    lease.want = want;
    lease.memory_bytes = pvn_worker_memory(w);
    lease.inline_max = PVN_WIRE_INPUT_MAX;
    lease.poll_ms = POLL_MS;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_LEASE;
    ask.lease = &lease;
    calm = pvn_speak(w, PVN_LANE_LEASE, &ask, POLL_MS + POLL_SLACK_MS, 0, &a,
                     &answer, &err) != PROVERNET_OK ||
           !answer->lease || answer->lease->n_lease == 0;
    if (!calm)
        take_leases(w, answer);
    pvn_arena_free(&a);
    if (calm && pvn_now_ms(&w->env) - began < CALM_MS)
        pvn_worker_pause(w, CALM_MS);
}

/* ---- renewing ---- */

static bool fill_renewal(provernet_worker *w, pvn_arena *a,
                         Provernet__Worker__V1__RenewAsk *renew)
{
    pvn_wire_held **list;
    size_t n = 0, len = 0;
    bool ok = true;

    pthread_mutex_lock(&w->lock);
    renew->no_more = w->stopping;
    for (const provernet_job *j = w->jobs; j; j = j->next)
        len++;
    list = pvn_arena_alloc(a, len * sizeof(*list));
    for (provernet_job *j = w->jobs; j && list && ok; j = j->next) {
        pvn_wire_held *h = pvn_arena_alloc(a, sizeof *h);
        uint8_t *id = pvn_arena_copy(a, j->task.bytes, 16);
        const char *stage = j->stage;
        int permille = j->permille;

        if (j->watch)
            permille = provernet_watch_read(j->watch, &stage);
        ok = h && id;
        if (!ok)
            break;
        provernet__worker__v1__held__init(h);
        h->task = pvn_wire_data(id, 16);
        h->attempt = j->lease->attempt;
        h->permille = (uint32_t)permille;
        h->stage = pvn_arena_text(a, stage);
        ok = h->stage != NULL;
        list[n++] = h;
    }
    pthread_mutex_unlock(&w->lock);
    renew->held = list;
    renew->n_held = n;
    return list && ok;
}

static void renew_once(provernet_worker *w)
{
    Provernet__Worker__V1__RenewAsk renew =
        PROVERNET__WORKER__V1__RENEW_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_answer *answer;
    provernet_error err;
    provernet_id task;
    pvn_arena a = { 0 };

    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_RENEW;
    ask.renew = &renew;
    if (fill_renewal(w, &a, &renew) &&
        pvn_speak(w, PVN_LANE_RENEW, &ask, RENEW_MS, 0, &a, &answer, &err) ==
            PROVERNET_OK &&
        answer->renew) {
        pthread_mutex_lock(&w->lock);
        for (size_t i = 0; i < answer->renew->n_stop; i++)
            if (pvn_wire_id(answer->renew->stop[i], &task))
                pvn_worker_drop(w, &task);
        pthread_mutex_unlock(&w->lock);
    }
    pvn_arena_free(&a);
}

/* Sleep until the next sign of life is due, which a new session may move.
 * false: closing or over. */
/* ---- handing in ---- */

/* A large output: to the store first, by itself or by PUT. */
static provernet_status upload(provernet_job *j, provernet_blob *blob,
                               ProtobufCBinaryData *id, provernet_error *err)
{
    Provernet__Worker__V1__IssueAsk issue =
        PROVERNET__WORKER__V1__ISSUE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_answer *answer;
    provernet_status rc;

    issue.task = j->lease->task;
    issue.attempt = j->lease->attempt;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_ISSUE;
    ask.issue = &issue;
    rc = pvn_speak(j->w, j->lane, &ask, HAND_IN_MS,
                   pvn_now_ms(&j->w->env) + pvn_job_left(j), &j->arena, &answer,
                   err);
    if (rc)
        return rc;
    if (!answer->issue || answer->issue->id.len != 16)
        return pvn_fail(err, PROVERNET_ERR_CONNECT, 0,
                        "the server gave no address for the output");
    *id = answer->issue->id;
    return pvn_put_output(j, answer->issue->path, blob, err);
}

static provernet_status fill_outputs(provernet_job *j, pvn_wire_complete *c,
                                     provernet_error *err)
{
    size_t n = 0, along = 0;

    for (pvn_net_output *o = j->outputs; o; o = o->next)
        n++;
    c->output = pvn_arena_alloc(&j->arena, n * sizeof *c->output);
    if (!c->output)
        return pvn_nomem(err);
    for (pvn_net_output *o = j->outputs; o; o = o->next) {
        Provernet__Worker__V1__Output *out =
            pvn_arena_alloc(&j->arena, sizeof *out);
        provernet_status rc;
        pvn_bytes bytes;
        uint64_t len;
        int fd;

        if (!out)
            return pvn_nomem(err);
        provernet__worker__v1__output__init(out);
        c->output[c->n_output++] = out;
        if (pvn_blob_output_bytes(o->blob, &bytes, &fd, &len) &&
            along + bytes.len <= PVN_WIRE_INLINE_MAX) {
            along += bytes.len;
            out->content = pvn_wire_data(bytes.data, bytes.len);
            continue;
        }
        rc = upload(j, o->blob, &out->id, err);
        if (rc)
            return rc;
    }
    return PROVERNET_OK;
}

static provernet_status fill_children(provernet_job *j, pvn_wire_complete *c,
                                      provernet_error *err)
{
    c->child = pvn_arena_alloc(&j->arena, j->children_len * sizeof *c->child);
    if (!c->child)
        return pvn_nomem(err);
    for (pvn_net_child *k = j->children; k; k = k->next)
        c->child[c->n_child++] = &k->wire;
    return PROVERNET_OK;
}

static provernet_status hand_in(provernet_job *j, provernet_error *err)
{
    Provernet__Worker__V1__Verdict verdict =
        PROVERNET__WORKER__V1__VERDICT__INIT;
    pvn_wire_complete c = PROVERNET__WORKER__V1__COMPLETE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_answer *answer;
    provernet_status rc;

    c.task = j->lease->task;
    c.attempt = j->lease->attempt;
    c.took_ms = (uint64_t)(pvn_now_ms(&j->w->env) - j->started_ms);
    if (j->device)
        c.device = (char *)(uintptr_t)j->device;
    if (strncmp(j->lease->kind, "verify/", 7) == 0) {
        verdict.valid = true;
        c.verdict = &verdict;
    }
    rc = fill_outputs(j, &c, err);
    if (rc == PROVERNET_OK)
        rc = fill_children(j, &c, err);
    if (rc)
        return rc;
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_COMPLETE;
    ask.complete = &c;
    return pvn_speak(j->w, j->lane, &ask, HAND_IN_MS,
                     pvn_now_ms(&j->w->env) + pvn_job_left(j), &j->arena,
                     &answer, err);
}

static provernet_status report(provernet_job *j, int blame, const char *why,
                               provernet_error *err)
{
    Provernet__Worker__V1__FailAsk fail = PROVERNET__WORKER__V1__FAIL_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_answer *answer;

    fail.task = j->lease->task;
    fail.attempt = j->lease->attempt;
    fail.blame = (uint32_t)blame;
    fail.why = pvn_arena_text(&j->arena, why ? why : "");
    if (!fail.why)
        return pvn_nomem(err);
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_FAIL;
    ask.fail = &fail;
    return pvn_speak(j->w, j->lane, &ask, HAND_IN_MS,
                     pvn_now_ms(&j->w->env) + pvn_job_left(j), &j->arena,
                     &answer, err);
}

/* ---- the table ---- */

/* Leases go back at once, nobody's strike. */
static void say_bye(provernet_worker *w)
{
    Provernet__Worker__V1__ByeAsk bye = PROVERNET__WORKER__V1__BYE_ASK__INIT;
    pvn_wire_ask ask = PROVERNET__WORKER__V1__ASK__INIT;
    pvn_wire_answer *answer;
    pvn_arena a = { 0 };

    bye.why = "the worker was closed";
    ask.verb_case = PROVERNET__WORKER__V1__ASK__VERB_BYE;
    ask.bye = &bye;
    if (w->known && !w->ended)
        (void)pvn_speak(w, PVN_LANE_HAND_IN, &ask, BYE_MS, 1, &a, &answer,
                        NULL);
    pvn_arena_free(&a);
}

static void stop(provernet_worker *w)
{
    w->channel->ops->interrupt(w->channel, PVN_LANE_LEASE);
}

static void hush(provernet_worker *w)
{
    w->channel->ops->interrupt(w->channel, PVN_LANE_RENEW);
}

static void close_manner(provernet_worker *w)
{
    if (w->channel)
        w->channel->ops->close(w->channel);
    w->channel = NULL;
}

const pvn_manner pvn_manner_server = { .ask = ask_once,
                                       .beat = renew_once,
                                       .hand_in = hand_in,
                                       .give_up = report,
                                       .stop = stop,
                                       .hush = hush,
                                       .bye = say_bye,
                                       .close = close_manner };
