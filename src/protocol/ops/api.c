/* protocol/ops/api.c - /api/v1: requests, workers, overview. Includes ops.h.
 */
#include "protocol/ops/ops.h"
#include <stdlib.h>

enum { LIMIT = 50, LIMIT_MAX = 500, WORKERS_MAX = 1000, MATCHES = 64 };
enum { PREFIX_MIN = 4, PREFIX_MAX = 64 };

pvn_op *pvn_ops_new(pvn_call *c, pvn_op_type type)
{
    pvn_op *op = pvn_op_new(type);

    if (!op) {
        pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for %s",
                      pvn_op_name(type));
        return NULL;
    }
    if (type == PVN_OP_READ_WORKERS)
        op->u.read_workers.limit = WORKERS_MAX;
    return op;
}

/* The first op of the last hand-over that failed. */
static const provernet_error *failure(pvn_call *c)
{
    for (size_t i = 0; i < pvn_call_ops_len(c); i++)
        if (pvn_call_op_at(c, i)->err.status != PROVERNET_OK)
            return &pvn_call_op_at(c, i)->err;
    return NULL;
}

/* ---- the list ---- */

static int64_t state_bit(const char *name)
{
    for (int64_t s = PROVERNET_QUEUED; s <= PROVERNET_FAILED; s++)
        if (strcmp(pvn_request_state_name(s), name) == 0)
            return (int64_t)1 << s;
    if (strcmp(name, "open") == 0)
        return 1 << PROVERNET_QUEUED | 1 << PROVERNET_RUNNING |
               1 << PROVERNET_VERIFYING;
    return 0;
}

bool pvn_requests_filter(pvn_call *c, pvn_filter *f)
{
    const char *state = pvn_call_query(c, "state");
    const char *kind = pvn_call_query(c, "kind");
    const char *requester = pvn_call_query(c, "requester");

    memset(f, 0, sizeof *f);
    f->newest_first = true;
    if (state && *state) {
        f->set |= PVN_F_STATE;
        f->state_mask = state_bit(state);
        if (!f->state_mask) {
            pvn_call_fail(c, PROVERNET_ERR_INVALID,
                          "state is \"%.40s\"\nhelp: use queued, running, "
                          "verifying, fulfilled, failed or open",
                          state);
            return false;
        }
    }
    if (kind && *kind) {
        f->set |= PVN_F_KIND;
        f->kind = kind;
    }
    if (requester && *requester) {
        f->set |= PVN_F_REQUESTER;
        if (!pvn_unhex(f->requester20, 20, requester, strlen(requester))) {
            pvn_call_fail(c, PROVERNET_ERR_INVALID,
                          "requester is \"%.50s\", expected an address of 40 "
                          "hex digits",
                          requester);
            return false;
        }
    }
    return true;
}

bool pvn_ops_number(pvn_call *c, const char *name, int64_t min, int64_t max,
                    int64_t *n)
{
    const char *text = pvn_call_query(c, name);

    if (!text || !*text)
        return true;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 9 ||
        atoll(text) < min || atoll(text) > max) {
        pvn_call_fail(c, PROVERNET_ERR_INVALID,
                      "%s is \"%.20s\", expected %lld to %lld", name, text,
                      (long long)min, (long long)max);
        return false;
    }
    *n = atoll(text);
    return true;
}

typedef struct list {
    int64_t limit, page;
} list;

pvn_next pvn_ops_list_begin(pvn_call *c)
{
    list *l = pvn_arena_alloc(pvn_call_arena(c), sizeof *l);
    pvn_op *op, *workers;
    pvn_op_read_requests *r;

    if (!l)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, l);
    l->limit = LIMIT;
    l->page = 1;
    if (!pvn_ops_number(c, "limit", 1, LIMIT_MAX, &l->limit) ||
        !pvn_ops_number(c, "page", 1, 100000000, &l->page))
        return PVN_ANSWER;
    op = pvn_ops_new(c, PVN_OP_READ_REQUESTS);
    if (!op)
        return PVN_ANSWER;
    r = &op->u.read_requests;
    workers = pvn_requests_filter(c, &r->filter)
                  ? pvn_ops_new(c, PVN_OP_READ_WORKERS)
                  : NULL;
    if (!workers) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    if (r->filter.kind)
        r->filter.kind = pvn_arena_text(&op->arena, r->filter.kind);
    r->filter.offset = (l->page - 1) * l->limit;
    r->limit = (uint32_t)l->limit + 1; /* is there another page? */
    r->with_tasks = true;
    pvn_call_op(c, op);
    pvn_call_op(c, workers);
    return PVN_OP;
}

pvn_next pvn_ops_list_resume(pvn_call *c)
{
    const list *l = pvn_call_kept(c, 1);
    const provernet_error *err = failure(c);
    const pvn_op_read_requests *r = &pvn_call_op_at(c, 0)->u.read_requests;
    const pvn_op_read_workers *w = &pvn_call_op_at(c, 1)->u.read_workers;
    pvn_buf b = { 0 };

    if (err)
        return pvn_call_fail_with(c, err);
    pvn_buf_text(&b, "{\"requests\":[");
    for (size_t i = 0; i < r->requests_len && i < (size_t)l->limit; i++) {
        if (i)
            pvn_buf_text(&b, ",\n");
        pvn_json_request(&b, c, r->requests[i], r->tasks ? r->tasks[i] : NULL,
                         w);
        pvn_buf_text(&b, "}");
    }
    pvn_buf_format(&b, "],\"page\":%lld,\"limit\":%lld,\"next\":",
                   (long long)l->page, (long long)l->limit);
    if (r->requests_len > (size_t)l->limit)
        pvn_buf_format(&b, "\"%lld\"}\n", (long long)l->page + 1);
    else
        pvn_buf_text(&b, "null}\n");
    return pvn_json_answer(c, &b);
}

/* ---- one request: found by a prefix of its id ---- */

typedef struct one {
    enum { FIND, READ, CANCEL } step;
    bool cancel;
    char digits[PREFIX_MAX + 1]; /* lower case, without 0x */
} one;

/* The last, unfinished byte of an odd prefix is compared here. */
static bool prefix_fits(const one *o, const void *data, size_t len)
{
    char hex[2 * 32 + 1];

    if (len > 32)
        return false;
    pvn_hex(hex, data, len);
    return strncmp(hex, o->digits, strlen(o->digits)) == 0;
}

static bool take_digits(one *o, const char *text, size_t len)
{
    if (len > 2 && text[0] == '0' && text[1] == 'x') {
        text += 2;
        len -= 2;
    }
    if (len < PREFIX_MIN || len > PREFIX_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char d = text[i];

        if (d >= 'A' && d <= 'F')
            d = (char)(d - 'A' + 'a');
        if (!((d >= '0' && d <= '9') || (d >= 'a' && d <= 'f')))
            return false;
        o->digits[i] = d;
    }
    return true;
}

static pvn_next find(pvn_call *c, const char *text, size_t len, bool cancel)
{
    one *o = pvn_arena_alloc(pvn_call_arena(c), sizeof *o);
    uint8_t *prefix;
    pvn_op *op;

    if (!o)
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    pvn_call_keep(c, 1, o);
    o->cancel = cancel;
    if (!take_digits(o, text, len))
        return pvn_call_fail(c, PROVERNET_ERR_INVALID,
                             "\"%.*s\" is not an id: expected %d to %d hex "
                             "digits",
                             (int)(len < 80 ? len : 80), text, PREFIX_MIN,
                             PREFIX_MAX);
    op = pvn_ops_new(c, PVN_OP_READ_REQUESTS);
    if (!op)
        return PVN_ANSWER;
    len = strlen(o->digits) / 2;
    prefix = pvn_arena_alloc(&op->arena, len);
    if (!prefix || !pvn_unhex(prefix, len, o->digits, 2 * len)) {
        pvn_op_free(op);
        return pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory");
    }
    op->u.read_requests.filter.set = PVN_F_ID_PREFIX;
    op->u.read_requests.filter.id_prefix = pvn_bytes_of(prefix, len);
    op->u.read_requests.limit = MATCHES;
    o->step = FIND;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* The one row that fits; NULL: the call has failed. */
static const pvn_request *only_match(pvn_call *c, const one *o)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_requests *r = &op->u.read_requests;
    const pvn_request *found = NULL;

    if (op->err.status != PROVERNET_OK) {
        pvn_call_fail_with(c, &op->err);
        return NULL;
    }
    for (size_t i = 0; i < r->requests_len; i++) {
        const pvn_request *at = r->requests[i];

        if (!prefix_fits(o, at->id.bytes, sizeof at->id.bytes) &&
            !prefix_fits(o, at->name.data, at->name.len))
            continue;
        if (found) {
            pvn_call_fail(c, PROVERNET_ERR_INVALID,
                          "several requests begin with %s\nhelp: give more "
                          "digits",
                          o->digits);
            return NULL;
        }
        found = at;
    }
    if (!found)
        pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND, "there is no request %s",
                      o->digits);
    return found;
}

pvn_next pvn_ops_show_begin(pvn_call *c)
{
    const char *rest = pvn_call_rest(c);

    return find(c, rest, strlen(rest), false);
}

static pvn_next ask_details(pvn_call *c, one *o, const pvn_request *r)
{
    pvn_op *op = pvn_ops_new(c, PVN_OP_READ_REQUEST);
    pvn_op *workers = op ? pvn_ops_new(c, PVN_OP_READ_WORKERS) : NULL;

    if (!workers) {
        pvn_op_free(op);
        return PVN_ANSWER;
    }
    op->u.read_request.id = r->id;
    op->u.read_request.details = true;
    o->step = READ;
    pvn_call_op(c, op);
    pvn_call_op(c, workers);
    return PVN_OP;
}

static void put_event(pvn_buf *b, const pvn_event *e)
{
    char hex[33];

    pvn_buf_format(b, "{\"at_ms\":%lld,\"type\":\"%s\"", (long long)e->at_ms,
                   e->type ? e->type : "");
    if (!pvn_id_none(&e->task))
        pvn_buf_format(b, ",\"task\":\"%s\"", pvn_hex(hex, e->task.bytes, 16));
    if (!pvn_id_none(&e->worker))
        pvn_buf_format(b, ",\"worker\":\"%s\"",
                       pvn_hex(hex, e->worker.bytes, 16));
    pvn_buf_format(b, ",\"detail\":%s}", e->detail ? e->detail : "null");
}

static const char *outcome_name(int64_t outcome)
{
    static const char *const names[] = { "running", "done",      "failed",
                                         "lost",    "bad_proof", "returned" };

    return outcome >= 0 && outcome <= 5 ? names[outcome] : "unknown";
}

static void put_attempt(pvn_buf *b, const pvn_attempt *a,
                        const pvn_op_read_workers *w)
{
    const char *name = "";

    for (size_t i = 0; i < w->workers_len; i++)
        if (pvn_id_equal(&w->workers[i]->id, &a->worker))
            name = w->workers[i]->name;
    pvn_buf_format(b,
                   "{\"attempt\":%lld,\"granted_ms\":%lld,\"ended_ms\":%lld,"
                   "\"outcome\":\"%s\",\"blame\":%lld,\"worker\":",
                   (long long)a->attempt, (long long)a->granted_ms,
                   (long long)a->ended_ms, outcome_name(a->outcome),
                   (long long)a->blame);
    pvn_buf_json(b, name ? name : "", name ? strlen(name) : 0);
    pvn_buf_text(b, ",\"why\":");
    pvn_buf_json(b, a->why ? a->why : "", a->why ? strlen(a->why) : 0);
    pvn_buf_text(b, ",\"device\":");
    pvn_buf_json(b, a->device ? a->device : "",
                 a->device ? strlen(a->device) : 0);
    pvn_buf_format(b, ",\"peak_bytes\":%lld}", (long long)a->peak_bytes);
}

static pvn_next show(pvn_call *c)
{
    const provernet_error *err = failure(c);
    const pvn_op_read_request *r = &pvn_call_op_at(c, 0)->u.read_request;
    const pvn_op_read_workers *w = &pvn_call_op_at(c, 1)->u.read_workers;
    pvn_buf b = { 0 };

    if (err)
        return pvn_call_fail_with(c, err);
    if (!r->request)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND, "the request is gone");
    pvn_json_request(&b, c, r->request, r->tasks_len ? r->tasks[0] : NULL, w);
    pvn_buf_format(&b, ",\"tasks\":%zu,\"attempts_made\":[", r->tasks_len);
    for (size_t i = 0; i < r->attempts_len; i++) {
        pvn_buf_text(&b, i ? "," : "");
        put_attempt(&b, r->attempts[i], w);
    }
    pvn_buf_text(&b, "],\"events\":[");
    for (const pvn_event *e = r->events; e; e = e->next) {
        put_event(&b, e);
        pvn_buf_text(&b, e->next ? "," : "");
    }
    pvn_buf_text(&b, "]}\n");
    return pvn_json_answer(c, &b);
}

pvn_next pvn_ops_show_resume(pvn_call *c)
{
    one *o = pvn_call_kept(c, 1);
    const pvn_request *r;

    if (o->step == READ)
        return show(c);
    r = only_match(c, o);
    return r ? ask_details(c, o, r) : PVN_ANSWER;
}

/* ---- cancelling: from this machine only ---- */

static bool from_loopback(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]", 5) == 0 ||
           strcmp(peer, "::1") == 0 || strncmp(peer, "[::ffff:127.", 12) == 0;
}

/* A page of another site, opened in a browser here, is not this machine. */
static bool from_own_page(pvn_call *c)
{
    const char *origin = pvn_call_field(c, "origin");
    const char *host = origin ? strstr(origin, "://") : NULL;

    return !origin ||
           (host && strcmp(host + 3, pvn_call_request(c)->authority) == 0);
}

bool pvn_ops_from_here(pvn_call *c)
{
    return from_loopback(pvn_call_request(c)->peer) && from_own_page(c);
}

pvn_next pvn_ops_cancel_begin(pvn_call *c)
{
    const char *rest = pvn_call_rest(c);
    const char *slash = strchr(rest, '/');

    if (!slash || strcmp(slash, "/cancel") != 0)
        return pvn_call_fail(c, PROVERNET_ERR_NOT_FOUND,
                             "there is nothing to POST to here");
    if (!pvn_ops_from_here(c))
        return pvn_call_fail(c, PROVERNET_ERR_PERMISSION,
                             "requests are cancelled here from this machine "
                             "only\nhelp: send CancelRequest, signed by the "
                             "requester");
    return find(c, rest, (size_t)(slash - rest), true);
}

pvn_next pvn_ops_cancel_resume(pvn_call *c)
{
    one *o = pvn_call_kept(c, 1);
    const provernet_error *err;
    const pvn_request *r;
    pvn_op *op;

    if (o->step == CANCEL) {
        err = failure(c);
        if (err)
            return pvn_call_fail_with(c, err);
        return pvn_call_json(c, 200, "{\"cancelled\":true}\n", 19);
    }
    r = only_match(c, o);
    op = r ? pvn_ops_new(c, PVN_OP_REQUEST_CANCEL) : NULL;
    if (!op)
        return PVN_ANSWER;
    op->u.request_cancel.id = r->id;
    o->step = CANCEL;
    pvn_call_op(c, op);
    return PVN_OP;
}

/* ---- workers, overview ---- */

pvn_next pvn_ops_workers_begin(pvn_call *c)
{
    pvn_op *op = pvn_ops_new(c, PVN_OP_READ_WORKERS);

    if (!op)
        return PVN_ANSWER;
    pvn_call_op(c, op);
    return PVN_OP;
}

pvn_next pvn_ops_workers_resume(pvn_call *c)
{
    int64_t now_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c)));
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_workers *w = &op->u.read_workers;
    pvn_buf b = { 0 };

    if (op->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &op->err);
    pvn_buf_text(&b, "{\"workers\":[");
    for (size_t i = 0; i < w->workers_len; i++) {
        pvn_buf_text(&b, i ? ",\n" : "");
        pvn_json_worker(&b, w->workers[i], now_ms);
    }
    pvn_buf_text(&b, "]}\n");
    return pvn_json_answer(c, &b);
}

pvn_next pvn_ops_overview_begin(pvn_call *c)
{
    return pvn_ops_workers_begin(c);
}

pvn_next pvn_ops_overview_resume(pvn_call *c)
{
    pvn_node *n = pvn_call_node(c);
    const pvn_op *op = pvn_call_op_at(c, 0);
    const pvn_op_read_workers *w = &op->u.read_workers;
    pvn_counters k;
    const char *why = NULL;
    pvn_health health = pvn_node_health(n, &why);
    char *counts = pvn_node_counts(n);
    size_t here = 0;
    pvn_buf b = { 0 };

    pvn_node_counters(n, &k);
    for (size_t i = 0; i < w->workers_len; i++)
        here += w->workers[i]->state == PVN_WORKER_HERE;
    pvn_buf_format(&b,
                   "{\"version\":\"%s\",\"mock\":%s,\"health\":\"%s\","
                   "\"why\":",
                   provernet_version(),
                   pvn_node_rules(n)->mock ? "true" : "false",
                   health == PVN_SERVING    ? "serving"
                   : health == PVN_STARTING ? "starting"
                   : health == PVN_DRAINING ? "draining"
                                            : "sick");
    pvn_buf_json(&b, why ? why : "", why ? strlen(why) : 0);
    pvn_buf_format(&b,
                   ",\"workers\":%zu,\"accepted\":%llu,\"fulfilled\":%llu,"
                   "\"failed\":%llu,\"open\":%s}\n",
                   here, (unsigned long long)k.accepted,
                   (unsigned long long)k.fulfilled,
                   (unsigned long long)k.failed, counts ? counts : "null");
    free(counts);
    return pvn_json_answer(c, &b);
}
