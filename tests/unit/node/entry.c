/* tests/unit/node/entry.c - see entry.h. */
#include "entry.h"
#include "base/bytes.h"
#include <fcntl.h>
#include <ftw.h>
#include <provernet/artifact.h>
#include <unistd.h>

atomic_int test_closed;
atomic_int test_hold;

/* ---- handlers ---- */

static pvn_next text(pvn_call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static pvn_next text(pvn_call *c, int status, const char *fmt, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    pvn_answer_status(c, status);
    pvn_answer_body(c, line, strlen(line));
    pvn_answer_trailer(c, "x-end", "fine");
    return PVN_ANSWER;
}

static int64_t number(pvn_call *c)
{
    const char *path = pvn_call_request(c)->path, *slash = strrchr(path, '/');

    return slash ? strtoll(slash + 1, NULL, 10) : 0;
}

static int64_t now(pvn_call *c)
{
    return pvn_now_ms(pvn_node_env(pvn_call_node(c)));
}

static pvn_next nothing(pvn_call *c)
{
    return text(c, 500, "never resumed");
}

static void closed(pvn_call *c)
{
    (void)c;
    atomic_fetch_add(&test_closed, 1);
}

static pvn_next echo(pvn_call *c)
{
    pvn_bytes b = pvn_call_body(c);

    pvn_answer_field(c, "x-length", "some");
    pvn_answer_body(c, b.data, b.len);
    pvn_answer_trailer(c, "x-end", "fine");
    return PVN_ANSWER;
}

/* Read an account: one op, no write. */
static pvn_next read_begin(pvn_call *c)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_ACCOUNT);

    if (op)
        op->u.read_account.address20[0] = 7;
    pvn_call_op(c, op);
    return PVN_OP;
}

static pvn_next read_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);

    if (op->err.status)
        return text(c, 503, "%s", op->err.message);
    return text(c, 200, "account %s",
                op->u.read_account.account ? "there" : "absent");
}

/* Two records in one hand-over; the second needs the first. Path ends in 1:
 * the first is refused (a bad signer nonce), so the second is cancelled. */
static pvn_next pair_begin(pvn_call *c)
{
    pvn_op *a = pvn_op_new(PVN_OP_RECORD_PUT);
    pvn_op *b = pvn_op_new(PVN_OP_RECORD_PUT);
    pvn_op *both[2] = { a, b };

    for (int i = 0; i < 2 && a && b; i++) {
        both[i]->u.record_put.protocol = PVN_PROTOCOL_CORE;
        both[i]->u.record_put.kind = "test";
        both[i]->u.record_put.key = pvn_bytes_of(i ? "b" : "a", 1);
        both[i]->u.record_put.value = pvn_bytes_of("x", 1);
    }
    if (a && b) {
        a->signer.check_nonce = number(c) == 1;
        a->signer.nonce = 99;
        b->needs = a;
    }
    pvn_call_op(c, a);
    pvn_call_op(c, b);
    return PVN_OP;
}

static pvn_next pair_resume(pvn_call *c)
{
    return text(c, 200, "%s %s",
                provernet_status_name(pvn_call_op_at(c, 0)->err.status),
                provernet_status_name(pvn_call_op_at(c, 1)->err.status));
}

static void crew_work(pvn_call *c)
{
    pvn_answer_body(c, "from the crew; ", 15);
}

static pvn_next crew_begin(pvn_call *c)
{
    pvn_call_crew(c, crew_work);
    return PVN_CREW;
}

static pvn_next crew_resume(pvn_call *c)
{
    return text(c, 200, "back");
}

static void hold_work(pvn_call *c)
{
    (void)c;
    while (atomic_load(&test_hold))
        usleep(500);
}

static pvn_next hold_begin(pvn_call *c)
{
    pvn_call_crew(c, hold_work);
    return PVN_CREW;
}

/* "/park/MS": a time. */
static pvn_next park_begin(pvn_call *c)
{
    pvn_park p = { .on = PVN_PARK_TIME, .until_ms = now(c) + number(c) };

    pvn_call_park(c, &p);
    return PVN_PARK;
}

static pvn_next park_resume(pvn_call *c)
{
    return text(c, 200, "%s", pvn_call_timed_out(c) ? "timed out" : "woken");
}

/* "/deadline/MS": parked for ever, but the call has a deadline. */
static pvn_next deadline_begin(pvn_call *c)
{
    pvn_park p = { .on = PVN_PARK_TIME };

    pvn_call_set_deadline(c, now(c) + number(c));
    pvn_call_park(c, &p);
    return PVN_PARK;
}

/* "/settled": body is a request's id; answers when it is failed or fulfilled.
 */
static pvn_next settled_look(pvn_call *c)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);

    if (op && pvn_call_body(c).len == 16)
        memcpy(op->u.read_request.id.bytes, pvn_call_body(c).data, 16);
    pvn_call_op(c, op);
    pvn_call_keep(c, 1, c);
    return PVN_OP;
}

static pvn_next settled_resume(pvn_call *c)
{
    const pvn_op *op = pvn_call_op_at(c, 0);
    pvn_park p = { .on = PVN_PARK_REQUEST,
                   .state_mask =
                       1u << PROVERNET_FAILED | 1u << PROVERNET_FULFILLED };

    if (!pvn_call_kept(c, 1))
        return settled_look(c); /* was parked */
    pvn_call_keep(c, 1, NULL);
    if (op->err.status || !op->u.read_request.request)
        return text(c, 404, "no such request");
    p.request = op->u.read_request.id;
    if (1u << op->u.read_request.request->state & p.state_mask)
        return text(c, 200, "settled");
    pvn_call_park(c, &p);
    return PVN_PARK;
}

/* "/work": waits for a task of kind test/wait@1, or ten minutes. */
static pvn_next work_begin(pvn_call *c)
{
    pvn_park p = { .on = PVN_PARK_WORK,
                   .kinds = "other/kind@1,test/wait@1",
                   .until_ms = now(c) + 600000 };

    pvn_call_park(c, &p);
    return PVN_PARK;
}

static pvn_next events_begin(pvn_call *c)
{
    pvn_park p = { .on = PVN_PARK_EVENTS, .until_ms = now(c) + 600000 };

    pvn_call_park(c, &p);
    return PVN_PARK;
}

/* "/more/N": N parts of 10000 bytes, an op between any two. */
typedef struct more {
    int64_t left;
    bool asked;
} more;

static pvn_next more_resume(pvn_call *c)
{
    more *m = pvn_call_kept(c, 1);
    char part[10000];

    if (!m->asked) {
        m->asked = true;
        return read_begin(c);
    }
    m->asked = false;
    if (m->left-- == 0) {
        pvn_answer_trailer(c, "x-end", "all");
        return PVN_ANSWER;
    }
    memset(part, 'a' + (int)(m->left % 26), sizeof part);
    pvn_answer_body(c, part, sizeof part);
    return PVN_MORE;
}

static pvn_next more_begin(pvn_call *c)
{
    more *m = pvn_arena_alloc(pvn_call_arena(c), sizeof *m);

    m->left = number(c);
    pvn_call_keep(c, 1, m);
    return more_resume(c);
}

/* "/stream": counts bytes; every write goes over the crew. */
static pvn_next stream_begin(pvn_call *c)
{
    pvn_call_keep(c, 1, calloc(1, sizeof(size_t)));
    return PVN_BODY;
}

static void stream_work(pvn_call *c)
{
    (void)c;
}

static pvn_next stream_body(pvn_call *c, const void *data, size_t len)
{
    (void)data;
    *(size_t *)pvn_call_kept(c, 1) += len;
    pvn_call_crew(c, stream_work);
    return PVN_CREW;
}

static pvn_next stream_resume(pvn_call *c)
{
    (void)c;
    return PVN_BODY;
}

static pvn_next stream_end(pvn_call *c)
{
    return text(c, 200, "%zu bytes", *(size_t *)pvn_call_kept(c, 1));
}

static void stream_close(pvn_call *c)
{
    free(pvn_call_kept(c, 1));
    atomic_fetch_add(&test_closed, 1);
}

/* "/file": bytes 2..6 of a file of ours. */
static pvn_next file_begin(pvn_call *c)
{
    FILE *f = tmpfile();

    fputs("0123456789", f);
    fflush(f);
    pvn_answer_file(c, dup(fileno(f)), 2, 5);
    fclose(f);
    return PVN_ANSWER;
}

static pvn_next health_begin(pvn_call *c)
{
    const char *why;

    switch (pvn_node_health(pvn_call_node(c), &why)) {
    case PVN_SERVING:
        return text(c, 200, "serving");
    case PVN_SICK:
        return text(c, 503, "sick: %s", why);
    default:
        return text(c, 503, "%s", why);
    }
}

static const struct {
    const char *prefix;
    pvn_handler handler;
} paths[] = {
    { "/echo", { .begin = echo, .resume = nothing } },
    { "/small", { .begin = echo, .resume = nothing, .body_max = 10 } },
    { "/read", { .begin = read_begin, .resume = read_resume } },
    { "/pair", { .begin = pair_begin, .resume = pair_resume } },
    { "/crew", { .begin = crew_begin, .resume = crew_resume } },
    { "/hold",
      { .begin = hold_begin, .resume = crew_resume, .close = closed } },
    { "/park",
      { .begin = park_begin, .resume = park_resume, .close = closed } },
    { "/deadline", { .begin = deadline_begin, .resume = park_resume } },
    { "/settled", { .begin = settled_look, .resume = settled_resume } },
    { "/work", { .begin = work_begin, .resume = park_resume } },
    { "/events", { .begin = events_begin, .resume = park_resume } },
    { "/more", { .begin = more_begin, .resume = more_resume } },
    { "/stream",
      { .begin = stream_begin,
        .body = stream_body,
        .end = stream_end,
        .resume = stream_resume,
        .close = stream_close,
        .streaming = true } },
    { "/file", { .begin = file_begin, .resume = nothing } },
    { "/health", { .begin = health_begin, .resume = nothing } },
};

static pvn_next unknown(pvn_call *c)
{
    return text(c, 404, "no such path");
}
static const pvn_handler unknown_handler = { .begin = unknown,
                                             .resume = nothing };

static const pvn_handler *route(pvn_call *c)
{
    const char *path = pvn_call_request(c)->path;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strncmp(path, paths[i].prefix, strlen(paths[i].prefix)) == 0)
            return &paths[i].handler;
    return &unknown_handler;
}

static void refuse(pvn_call *c, const provernet_error *err)
{
    text(c, pvn_status_http(err->status), "refused: %s", err->message);
}

const pvn_entry test_entry = { route, refuse };

/* ---- a node ---- */

void home_set(home *h, const char *name, const char *value)
{
    provernet_error err = { 0 };

    if (provernet_options_set(h->o, name, value, &err) != PROVERNET_OK)
        fail_msg("%s", err.message);
}

void home_make(home *h)
{
    memset(h, 0, sizeof *h);
    strcpy(h->dir, "/tmp/pvn-node-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    h->o = provernet_options_new();
    assert_non_null(h->o);
    home_set(h, "data.dir", h->dir);
    h->cfg.options = h->o;
    h->cfg.entry = &test_entry;
}

void home_open(home *h)
{
    provernet_error err = { 0 };

    h->cfg.env = h->use_env;
    if (pvn_node_open(&h->node, &h->cfg, &err) != PROVERNET_OK)
        fail_msg("%s", err.message);
}

void home_close(home *h)
{
    provernet_close(h->node);
    h->node = NULL;
}

static int remove_one(const char *path, const struct stat *s, int type,
                      struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

void home_remove(home *h)
{
    home_close(h);
    provernet_options_free(h->o);
    nftw(h->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- exchanges ---- */

provernet_call *call_start(provernet_inbox *in, const char *path,
                           const void *body, size_t len, uint64_t tag)
{
    provernet_field f[] = { { "content-type", "text/plain" },
                            { "user-agent", "test" } };
    provernet_head h = { .struct_size = sizeof h,
                         .method = "POST",
                         .path = path,
                         .authority = "localhost",
                         .scheme = "http",
                         .peer = "",
                         .fields = f,
                         .fields_len = 2 };
    provernet_error err = { 0 };
    provernet_call *c;
    size_t taken;

    if (provernet_call_open(in, &c, &h, tag, &err) != PROVERNET_OK)
        fail_msg("%s", err.message);
    if (len && provernet_call_write(c, body, len, &taken) != PROVERNET_OK)
        return c;
    assert_int_equal(provernet_call_end(c), PROVERNET_OK);
    return c;
}

bool call_collect(provernet_call *c, reply *r)
{
    const provernet_field *f;
    provernet_status s;
    size_t n;

    if (provernet_call_head(c, &r->status, &f, &n) != PROVERNET_OK)
        return false;
    while ((s = provernet_call_read(c, r->body + r->len,
                                    sizeof r->body - 1 - r->len, &n)) ==
           PROVERNET_OK)
        r->len += n;
    r->body[r->len] = 0;
    if (s != PROVERNET_END)
        return false;
    assert_int_equal(provernet_call_trailers(c, &f, &n), PROVERNET_OK);
    if (n)
        snprintf(r->trailer, sizeof r->trailer, "%s", f[0].value);
    return true;
}

void call_get(provernet_inbox *in, const char *path, const void *body,
              size_t len, reply *r)
{
    provernet_call *c;
    provernet_ready ready;

    memset(r, 0, sizeof *r);
    c = call_start(in, path, body, len, 1);
    while (!call_collect(c, r))
        assert_int_equal(provernet_inbox_next(in, &ready, 1, -1), 1);
    provernet_call_close(c);
}

/* ---- ops ---- */

provernet_id put_artifact(provernet *n, const char *type, const char *what)
{
    provernet_error err = { 0 };
    provernet_blob *b;
    provernet_id id = { { 0 } };

    if (provernet_blob_create(n, &b, type, &err) ||
        provernet_blob_write(b, what, strlen(what), &err) ||
        provernet_blob_commit(b, &id, &err))
        fail_msg("%s", err.message);
    provernet_blob_close(b);
    return id;
}

provernet_id submit(provernet *n, const char *key)
{
    provernet_error err = { 0 };
    provernet_id program = put_artifact(n, "program", "a program");
    provernet_id input = put_artifact(n, "stdin", "an input");
    provernet_wish w = { .struct_size = sizeof w,
                         .kind = "test/wait@1",
                         .program = program,
                         .inputs = &input,
                         .inputs_len = 1,
                         .idempotency_key = key };
    provernet_id id;

    if (provernet_submit(n, &id, &w, &err) != PROVERNET_OK)
        fail_msg("%s", err.message);
    return id;
}

void settle_request(provernet *n, const provernet_id *id)
{
    provernet_error err = { 0 };

    if (provernet_cancel(n, *id, &err) != PROVERNET_OK)
        fail_msg("%s", err.message);
}
