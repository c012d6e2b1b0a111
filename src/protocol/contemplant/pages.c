/* protocol/contemplant/pages.c - Hierophant's pages, in its shapes: workers,
 * dead workers, proofs. From the rows, so that a restart changes nothing; the
 * progress of live connections comes on top. Includes session.h, jansson. */
#include "protocol/contemplant/session.h"
#include "protocol/http/http.h"
#include <jansson.h>

enum { ROWS = 1000, WORKERS_MAX = 20000 };

/* ---- pieces ---- */

static void put_text(pvn_buf *b, const char *text)
{
    pvn_buf_json(b, text ? text : "", text ? strlen(text) : 0);
}

static void put_vms(pvn_buf *b, bool sp1, bool risc0)
{
    pvn_buf_format(b, "\"supported_vms\":[%s%s%s]", sp1 ? "\"Sp1\"" : "",
                   sp1 && risc0 ? "," : "", risc0 ? "\"Risc0\"" : "");
}

/* "0x" and 64 digits, whatever names the request. */
static void put_id(pvn_buf *b, const pvn_request *r)
{
    uint8_t id[32] = { 0 };
    char hex[65];

    if (r->name.len == sizeof id)
        memcpy(id, r->name.data, sizeof id);
    else
        memcpy(id, r->id.bytes, sizeof r->id.bytes);
    pvn_buf_format(b, "\"0x%s\"", pvn_hex(hex, id, sizeof id));
}

/* Kinds of others are shown by their own words. */
static void put_mode(pvn_buf *b, const char *kind, const char *mode_key)
{
    const char *slash = strchr(kind, '/');
    pvn_ct_vm vm;
    uint32_t mode;

    if (pvn_ct_kind(kind, &vm, &mode)) {
        pvn_buf_format(b, "\"vm\":\"%s\",\"%s\":\"%s\"",
                       vm == PVN_CT_SP1 ? "Sp1" : "Risc0", mode_key,
                       pvn_ct_mode_name(vm, mode));
        return;
    }
    pvn_buf_text(b, "\"vm\":");
    pvn_buf_json(b, kind, slash ? (size_t)(slash - kind) : strlen(kind));
    pvn_buf_format(b, ",\"%s\":", mode_key);
    put_text(b, slash ? slash + 1 : "");
}

static void put_ago(pvn_buf *b, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = { { 86400000, "day" },
                  { 3600000, "hour" },
                  { 60000, "minute" },
                  { 1000, "second" } };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = ms / units[i].ms;

        if (n > 0) {
            pvn_buf_format(b, "\"%lld %s%s ago\"", (long long)n, units[i].unit,
                           n == 1 ? "" : "s");
            return;
        }
    }
    pvn_buf_text(b, "\"now\"");
}

static void put_progress(pvn_buf *b, pvn_ct_stage stage, uint64_t percent)
{
    unsigned n = percent > 100 ? 100 : (unsigned)percent;

    if (stage == PVN_CT_EXECUTION)
        pvn_buf_format(b, "{\"Execution\":%u}", n);
    else if (stage == PVN_CT_SERIALIZATION)
        pvn_buf_format(b, "{\"Serialization\":%u}", n);
    else
        pvn_buf_text(b, stage == PVN_CT_DONE ? "\"Done\"" : "null");
}

/* Proofs of the kinds that Hierophant counts, and their mean time. */
typedef struct spans {
    unsigned n;
    double minutes;
} spans;

static double minutes_of(const pvn_request *r, const pvn_task *t)
{
    int64_t ms = t && t->granted_ms ? r->fulfilled_ms - t->granted_ms : 0;

    return ms > 0 ? (double)ms / 60000.0 : 0;
}

static spans spans_of(const pvn_op_read_requests *done, const provernet_id *id)
{
    spans s = { 0 };

    for (size_t i = 0; i < done->requests_len; i++) {
        const pvn_request *r = done->requests[i];
        const pvn_task *t = done->tasks ? done->tasks[i] : NULL;
        pvn_ct_vm vm;
        uint32_t mode;

        if (!t || !pvn_id_equal(&t->worker, id) ||
            !pvn_ct_kind(r->kind, &vm, &mode) ||
            mode != (vm == PVN_CT_SP1 ? 2u : 0u))
            continue;
        s.n++;
        s.minutes += (minutes_of(r, t) - s.minutes) / s.n;
    }
    return s;
}

static void put_counts(pvn_buf *b, bool groth16, int64_t strikes, spans s,
                       const char *drop)
{
    pvn_buf_format(b,
                   ",\"groth16_enabled\":%s,\"strikes\":%lld,"
                   "\"num_completed_span_proofs\":%u,"
                   "\"average_span_proof_time\":%.3f,"
                   "\"magister_drop_endpoint\":",
                   groth16 ? "true" : "false", (long long)strikes, s.n,
                   s.minutes);
    if (drop && *drop)
        put_text(b, drop);
    else
        pvn_buf_text(b, "null");
}

static pvn_next answer(pvn_call *c, pvn_buf *b)
{
    pvn_next next;

    pvn_answer_field(c, "cache-control", "no-store");
    if (pvn_node_rules(pvn_call_node(c))->mock) /* the shapes have no place */
        pvn_answer_field(c, "provernet-mock", "true");
    if (b->failed)
        next = pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a page");
    else
        next = pvn_call_json(c, 200, (const char *)b->data, b->len);
    pvn_buf_free(b);
    return next;
}

static pvn_op *add(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_op_new(type);

    pvn_call_op(c, op);
    return op;
}

static bool add_requests(pvn_call *c, uint32_t states)
{
    pvn_op *op = add(c, PVN_OP_READ_REQUESTS);

    if (!op)
        return false;
    op->u.read_requests.filter.set = PVN_F_STATE;
    op->u.read_requests.filter.state_mask = states;
    op->u.read_requests.filter.newest_first = true;
    op->u.read_requests.limit = ROWS;
    op->u.read_requests.with_tasks = true;
    return true;
}

/* The first op that failed, or NULL. */
static const provernet_error *failure(pvn_call *c)
{
    for (size_t i = 0; i < pvn_call_ops_len(c); i++)
        if (pvn_call_op_at(c, i)->err.status)
            return &pvn_call_op_at(c, i)->err;
    return NULL;
}

/* ---- all workers, a page of rows after the other; then the rest ---- */

typedef struct gathering {
    pvn_op_read_workers all; /* copies in the call's arena */
    const pvn_worker **list;
    bool complete;
    bool (*rest)(pvn_call *c); /* what else is to be read */
} gathering;

static pvn_next no_memory(pvn_call *c)
{
    return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for a page");
}

static pvn_next next_page(pvn_call *c, const gathering *g)
{
    pvn_op *op = add(c, PVN_OP_READ_WORKERS);

    if (!op)
        return no_memory(c);
    op->u.read_workers.limit = ROWS;
    if (g->all.workers_len)
        op->u.read_workers.after = g->list[g->all.workers_len - 1]->id;
    return PVN_OP;
}

static pvn_next gather_begin(pvn_call *c, bool (*rest)(pvn_call *c))
{
    gathering *g = pvn_arena_alloc(pvn_call_arena(c), sizeof *g);

    if (!g)
        return no_memory(c);
    g->rest = rest;
    pvn_call_keep(c, 1, g);
    return next_page(c, g);
}

static bool keep_page(pvn_call *c, gathering *g, const pvn_op_read_workers *w)
{
    pvn_arena *a = pvn_call_arena(c);
    const pvn_worker **grown;

    grown = pvn_arena_alloc(a, (g->all.workers_len + w->workers_len) *
                                   sizeof(*grown));
    if (!grown)
        return false;
    if (g->all.workers_len)
        memcpy(grown, g->list, g->all.workers_len * sizeof *grown);
    g->list = grown;
    for (size_t i = 0; i < w->workers_len; i++) {
        const void *copy = pvn_row_copy(a, &w->workers[i]->row);

        if (!copy)
            return false;
        g->list[g->all.workers_len++] = copy;
    }
    g->all.workers = g->list;
    return true;
}

/* One more page of workers is there. */
static pvn_next gather(pvn_call *c, gathering *g)
{
    const pvn_op_read_workers *w = &pvn_call_op_at(c, 0)->u.read_workers;
    const provernet_error *err = failure(c);

    if (err)
        return pvn_call_fail_with(c, err);
    if (!keep_page(c, g, w))
        return no_memory(c);
    if (w->workers_len == ROWS && g->all.workers_len < WORKERS_MAX)
        return next_page(c, g);
    g->complete = true;
    return g->rest(c) ? PVN_OP : no_memory(c);
}

/* ---- a live session that is about to be a dead one ---- */

void pvn_ct_json_worker(pvn_buf *b, const pvn_ct *x)
{
    char hex[2 * PVN_CT_ID + 1];
    spans none = { 0 };

    pvn_buf_text(b, "{\"name\":");
    put_text(b, x->live.name);
    pvn_buf_text(b, ",\"status\":");
    if (x->live.busy) {
        pvn_buf_format(b, "{\"Busy\":{\"request_id\":\"0x%s\",",
                       pvn_hex(hex, x->work.id, PVN_CT_ID));
        put_mode(b, x->work.kind, "mode_name");
        pvn_buf_text(b, ",\"start_time\":\"now\",\"progress\":");
        put_progress(b, x->live.stage, x->live.percent);
        pvn_buf_text(b, "}}");
    } else {
        pvn_buf_text(b, "\"Idle\"");
    }
    pvn_buf_text(b, ",");
    put_vms(b, x->vms & 1u << PVN_CT_SP1, x->vms & 1u << PVN_CT_RISC0);
    put_counts(b, x->groth16, x->live.strikes, none, x->drop);
}

/* ---- /contemplants ---- */

static bool running_and_done(pvn_call *c)
{
    return add_requests(c, 1u << PROVERNET_RUNNING) &&
           add_requests(c, 1u << PROVERNET_FULFILLED);
}

pvn_next pvn_ct_contemplants_begin(pvn_call *c)
{
    return gather_begin(c, running_and_done);
}

typedef struct about { /* workers.devices of a Contemplant */
    json_t *o;
    const char *peer, *drop;
    bool groth16;
} about;

static about about_worker(const pvn_worker *w)
{
    about a = { .o = json_loads(w->devices ? w->devices : "", 0, NULL) };
    const char *slash = w->origin ? strrchr(w->origin, '/') : NULL;

    a.peer = json_string_value(json_object_get(a.o, "peer"));
    a.drop = json_string_value(json_object_get(a.o, "drop"));
    a.groth16 = json_is_true(json_object_get(a.o, "groth16"));
    if (!a.peer)
        a.peer = slash ? slash + 1 : w->origin;
    return a;
}

static void put_status(pvn_buf *b, pvn_call *c, const pvn_worker *w,
                       const pvn_op_read_requests *running,
                       const pvn_ct_live *live)
{
    int64_t now = pvn_ct_now(c);

    for (size_t i = 0; i < running->requests_len; i++) {
        const pvn_task *t = running->tasks ? running->tasks[i] : NULL;
        const pvn_request *r = running->requests[i];
        char stage[32];
        int permille;

        if (!t || t->state != PVN_TASK_LEASED ||
            !pvn_id_equal(&t->worker, &w->id))
            continue;
        pvn_buf_text(b, "{\"Busy\":{\"request_id\":");
        put_id(b, r);
        pvn_buf_text(b, ",");
        put_mode(b, r->kind, "mode_name");
        pvn_buf_text(b, ",\"start_time\":");
        put_ago(b, now - t->granted_ms);
        pvn_buf_text(b, ",\"progress\":");
        if (live)
            put_progress(b, live->stage, live->percent);
        else if (pvn_node_progress(pvn_call_node(c), &r->id, &permille, stage))
            put_progress(b, PVN_CT_SERIALIZATION, (uint64_t)permille / 10);
        else
            pvn_buf_text(b, "null");
        pvn_buf_text(b, "}}");
        return;
    }
    pvn_buf_text(b, "\"Idle\"");
}

static void put_worker(pvn_buf *b, pvn_call *c, const pvn_worker *w,
                       const pvn_op_read_requests *running,
                       const pvn_op_read_requests *done)
{
    pvn_ct_table *t = pvn_ct_table_of(pvn_call_node(c));
    pvn_ct_live live;
    bool here = t && pvn_ct_find(t, &w->id, &live);
    about a = about_worker(w);
    const char *kinds = w->kinds ? w->kinds : "";

    pvn_buf_text(b, "[");
    put_text(b, a.peer);
    pvn_buf_text(b, ",{\"name\":");
    put_text(b, w->name);
    pvn_buf_text(b, ",\"status\":");
    put_status(b, c, w, running, here ? &live : NULL);
    pvn_buf_text(b, ",");
    put_vms(b, strstr(kinds, "sp1/") != NULL, strstr(kinds, "risc0/") != NULL);
    put_counts(b, a.groth16, w->strikes + (here ? (int64_t)live.strikes : 0),
               spans_of(done, &w->id), a.drop);
    json_decref(a.o);
}

pvn_next pvn_ct_contemplants_resume(pvn_call *c)
{
    gathering *g = pvn_call_kept(c, 1);
    const pvn_op_read_requests *running, *done;
    const pvn_op_read_workers *w = &g->all;
    const provernet_error *err = failure(c);
    pvn_buf b = { 0 };

    if (!g->complete)
        return gather(c, g);
    running = &pvn_call_op_at(c, 0)->u.read_requests;
    done = &pvn_call_op_at(c, 1)->u.read_requests;
    if (err)
        return pvn_call_fail_with(c, err);
    pvn_buf_text(&b, "[");
    for (size_t i = 0; i < w->workers_len; i++) {
        if (w->workers[i]->state != PVN_WORKER_HERE)
            continue;
        if (b.len > 1)
            pvn_buf_text(&b, ",");
        put_worker(&b, c, w->workers[i], running, done);
        pvn_buf_text(&b, "}]");
    }
    pvn_buf_text(&b, "]");
    return answer(c, &b);
}

/* ---- /dead-contemplants ---- */

static bool the_dead(pvn_call *c)
{
    pvn_op *op = add(c, PVN_OP_READ_RECORDS);

    if (!op)
        return false;
    op->u.read_records.protocol = PVN_PROTOCOL_CONTEMPLANT;
    op->u.read_records.kind = PVN_CT_DEAD;
    op->u.read_records.limit = PVN_CT_KEEP_DEAD;
    return true;
}

pvn_next pvn_ct_dead_begin(pvn_call *c)
{
    return gather_begin(c, the_dead);
}

/* A worker of another wire that is gone or set aside. */
static void put_gone(pvn_buf *b, pvn_call *c, const pvn_worker *w)
{
    static const pvn_op_read_requests nothing;

    put_worker(b, c, w, &nothing, &nothing);
    pvn_buf_text(b, ",\"version\":");
    put_text(b, w->version);
    pvn_buf_format(b, ",\"died_ms\":%lld,\"reason\":", (long long)w->seen_ms);
    put_text(b, w->why);
    pvn_buf_text(b, "}]");
}

pvn_next pvn_ct_dead_resume(pvn_call *c)
{
    gathering *g = pvn_call_kept(c, 1);
    const pvn_op_read_workers *w = &g->all;
    const pvn_op_read_records *r;
    const provernet_error *err = failure(c);
    pvn_buf b = { 0 };

    if (!g->complete)
        return gather(c, g);
    r = &pvn_call_op_at(c, 0)->u.read_records;
    if (err)
        return pvn_call_fail_with(c, err);
    pvn_buf_text(&b, "[");
    for (size_t i = 0; i < w->workers_len; i++) {
        const pvn_worker *row = w->workers[i];

        if (row->state == PVN_WORKER_HERE || !row->origin ||
            (row->state == PVN_WORKER_GONE &&
             strncmp(row->origin, PVN_CT_ORIGIN, strlen(PVN_CT_ORIGIN)) == 0))
            continue;
        if (b.len > 1)
            pvn_buf_text(&b, ",");
        put_gone(&b, c, row);
    }
    for (size_t i = r->records_len; i-- > 0;) { /* in the order of death */
        if (b.len > 1)
            pvn_buf_text(&b, ",");
        pvn_buf_add(&b, r->records[i]->value.data, r->records[i]->value.len);
    }
    pvn_buf_text(&b, "]");
    return answer(c, &b);
}

/* ---- /proof-history ---- */

static bool done_only(pvn_call *c)
{
    return add_requests(c, 1u << PROVERNET_FULFILLED);
}

pvn_next pvn_ct_history_begin(pvn_call *c)
{
    return gather_begin(c, done_only);
}

static const pvn_worker *worker_of(const pvn_op_read_workers *w,
                                   const pvn_task *t)
{
    for (size_t i = 0; t && i < w->workers_len; i++)
        if (pvn_id_equal(&w->workers[i]->id, &t->worker))
            return w->workers[i];
    return NULL;
}

static void put_proof(pvn_buf *b, const pvn_op_read_workers *w,
                      const pvn_request *r, const pvn_task *t)
{
    const pvn_worker *by = worker_of(w, t);
    about a = { 0 };

    if (by)
        a = about_worker(by);
    pvn_buf_text(b, "{\"proof_request_id\":");
    put_id(b, r);
    pvn_buf_text(b, ",");
    put_mode(b, r->kind, "proof_mode");
    pvn_buf_text(b, ",\"worker_addr\":");
    put_text(b, a.peer);
    pvn_buf_text(b, ",\"worker_name\":");
    put_text(b, by ? by->name : "");
    pvn_buf_format(b, ",\"minutes_to_complete\":%.3f}", minutes_of(r, t));
    json_decref(a.o);
}

pvn_next pvn_ct_history_resume(pvn_call *c)
{
    gathering *g = pvn_call_kept(c, 1);
    const pvn_op_read_workers *w = &g->all;
    const pvn_op_read_requests *r;
    const provernet_error *err = failure(c);
    pvn_buf b = { 0 };

    if (!g->complete)
        return gather(c, g);
    r = &pvn_call_op_at(c, 0)->u.read_requests;
    if (err)
        return pvn_call_fail_with(c, err);
    pvn_buf_text(&b, "[");
    for (size_t i = r->requests_len; i-- > 0;) { /* the oldest first */
        if (b.len > 1)
            pvn_buf_text(&b, ",");
        put_proof(&b, w, r->requests[i], r->tasks ? r->tasks[i] : NULL);
    }
    pvn_buf_text(&b, "]");
    return answer(c, &b);
}

/* ---- /health ---- */

pvn_next pvn_ct_health_begin(pvn_call *c)
{
    bool well = pvn_node_health(pvn_call_node(c), NULL) != PVN_SICK;

    return pvn_call_json(c, well ? 200 : 503, well ? "true" : "false",
                         well ? 4 : 5);
}
