/* protocol/ops/page.c - the page at /: requests and workers as plain HTML,
 * readable without scripts. Includes ops.h, schedule/why.h. */
#include "protocol/ops/ops.h"
#include "base/settings.h"
#include "schedule/why.h"

enum { ROWS = 50, PROVERS = 100 };

pvn_next pvn_ops_page_begin(pvn_call *c)
{
    pvn_op *op = pvn_ops_new(c, PVN_OP_READ_REQUESTS);
    pvn_op *workers = op ? pvn_ops_new(c, PVN_OP_READ_WORKERS) : NULL;
    pvn_op *provers = workers ? pvn_ops_new(c, PVN_OP_READ_PROVERS) : NULL;

    if (!provers || !pvn_requests_filter(c, &op->u.read_requests.filter)) {
        pvn_op_free(op);
        pvn_op_free(workers);
        pvn_op_free(provers);
        return PVN_ANSWER;
    }
    provers->u.read_provers.limit = PROVERS;
    if (op->u.read_requests.filter.kind)
        op->u.read_requests.filter.kind =
            pvn_arena_text(&op->arena, op->u.read_requests.filter.kind);
    op->u.read_requests.limit = ROWS;
    op->u.read_requests.with_tasks = true;
    pvn_call_op(c, op);
    pvn_call_op(c, workers);
    pvn_call_op(c, provers);
    return PVN_OP;
}

/* Text of strangers: nothing of it may become markup. */
static void put(pvn_buf *b, const char *text)
{
    for (; text && *text; text++) {
        switch (*text) {
        case '<':
            pvn_buf_text(b, "&lt;");
            break;
        case '>':
            pvn_buf_text(b, "&gt;");
            break;
        case '&':
            pvn_buf_text(b, "&amp;");
            break;
        case '"':
            pvn_buf_text(b, "&quot;");
            break;
        default:
            pvn_buf_add(b, text, 1);
        }
    }
}

static void cell(pvn_buf *b, const char *text)
{
    pvn_buf_text(b, "<td>");
    put(b, text);
    pvn_buf_text(b, "</td>");
}

static void cell_time(pvn_buf *b, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" } };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (ms >= 2 * units[i].ms || ms <= -2 * units[i].ms) {
            pvn_buf_format(b, "<td>%lld %s</td>", (long long)(ms / units[i].ms),
                           units[i].unit);
            return;
        }
    }
    pvn_buf_format(b, "<td>%lld s</td>", (long long)(ms / 1000));
}

static const pvn_worker *worker_of(const pvn_op_read_workers *w,
                                   const pvn_task *task)
{
    for (size_t i = 0; task && i < w->workers_len; i++)
        if (pvn_id_equal(&w->workers[i]->id, &task->worker))
            return w->workers[i];
    return NULL;
}

static void request_row(pvn_buf *b, pvn_call *c, const pvn_request *r,
                        const pvn_task *task, const pvn_op_read_workers *w)
{
    int64_t now_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c)));
    const pvn_worker *worker = worker_of(w, task);
    char hex[2 * 32 + 1], why[200], stage[32];
    bool named = r->name.len && r->name.len <= 32;
    int permille = r->state == PROVERNET_FULFILLED ? 1000 : 0;
    int64_t eta;

    pvn_hex(hex, named ? r->name.data : r->id.bytes,
            named ? r->name.len : sizeof r->id.bytes);
    pvn_request_waits_for(r, task,
                          pvn_kind_served(w->workers, w->workers_len, r->kind),
                          now_ms, why, sizeof why);
    if (r->state != PROVERNET_FULFILLED)
        pvn_node_progress(pvn_call_node(c), &r->id, &permille, stage);
    pvn_buf_format(b, "<tr><td><a href=\"/api/v1/requests/%s\">%s%.8s</a></td>",
                   hex, named ? "0x" : "", hex);
    cell(b, pvn_request_state_name(r->state));
    cell(b, r->kind);
    cell_time(b, now_ms - r->created_ms);
    cell_time(b, r->deadline_ms - now_ms);
    pvn_buf_format(b, "<td>%lld</td>", (long long)r->attempts);
    cell(b, worker ? worker->name : "");
    pvn_buf_format(b, "<td>%d %%</td>", permille / 10);
    eta = pvn_request_eta(r, task, permille, now_ms);
    if (eta)
        cell_time(b, eta - now_ms);
    else
        cell(b, "");
    cell(b, why);
    pvn_buf_text(b, "</tr>\n");
}

static void worker_row(pvn_buf *b, const pvn_worker *w, int64_t now_ms)
{
    static const char *const states[] = { "", "here", "gone", "set aside" };

    pvn_buf_text(b, "<tr>");
    cell(b, w->name);
    cell(b, w->state >= 1 && w->state <= 3 ? states[w->state] : "");
    cell(b, w->kinds);
    cell(b, w->devices);
    pvn_buf_format(b, "<td>%lld</td>", (long long)w->jobs_done);
    cell_time(b, now_ms - w->seen_ms);
    cell(b, w->why);
    pvn_buf_text(b, "</tr>\n");
}

/* Of a market: who proves for it, and who is suspended, until when and why. */
static void put_provers(pvn_buf *b, const pvn_op_read_provers *u,
                        int64_t now_ms)
{
    if (u->provers_len == 0)
        return;
    pvn_buf_text(b, "<h2>Provers</h2>\n<table><tr><th>address<th>won<th>proved"
                    "<th>failed<th>earned<th>last seen<th>suspended for"
                    "<th>why</tr>\n");
    for (size_t i = 0; i < u->provers_len; i++) {
        const pvn_prover *p = u->provers[i];
        bool off = p->suspended_ms > now_ms;
        char hex[41];

        pvn_buf_format(b,
                       "<tr><td>0x%s</td><td>%lld</td><td>%lld</td>"
                       "<td>%lld</td>",
                       pvn_hex(hex, p->address, 20), (long long)p->won,
                       (long long)p->proved, (long long)p->failed);
        cell(b, p->earned && *p->earned ? p->earned : "0");
        cell_time(b, now_ms - p->seen_ms);
        if (off)
            cell_time(b, p->suspended_ms - now_ms);
        else
            cell(b, "");
        cell(b, off ? p->why : "");
        pvn_buf_text(b, "</tr>\n");
    }
    pvn_buf_text(b, "</table>\n");
}

static void put_top(pvn_buf *b, bool mock)
{
    pvn_buf_text(
        b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
           "<meta http-equiv=\"refresh\" content=\"10\">"
           "<title>provernet</title><style>"
           ":root{color-scheme:light dark}"
           "body{font:15px/1.4 system-ui,sans-serif;margin:2em}"
           "table{border-collapse:collapse}"
           "td,th{padding:.2em .8em .2em 0;text-align:left}"
           ".mock{background:#b00;color:#fff;padding:.5em 1em}"
           "</style></head><body>\n");
    if (mock)
        pvn_buf_text(b, "<p class=\"mock\"><b>MOCK MODE</b>: proofs are NOT "
                        "verified. Never use this for real requests.</p>\n");
    pvn_buf_format(b,
                   "<h1>provernet %s</h1>\n"
                   "<p><a href=\"/\">all</a> <a href=\"/?state=open\">open"
                   "</a> <a href=\"/?state=fulfilled\">fulfilled</a> "
                   "<a href=\"/?state=failed\">failed</a></p>\n",
                   provernet_version());
}

static void put_tables(pvn_buf *b, pvn_call *c, const pvn_op_read_requests *r,
                       const pvn_op_read_workers *w,
                       const pvn_op_read_provers *p)
{
    int64_t now_ms = pvn_now_ms(pvn_node_env(pvn_call_node(c)));

    pvn_buf_text(b, "<h2>Requests</h2>\n<table><tr><th>id<th>state<th>kind"
                    "<th>age<th>time left<th>attempts<th>worker<th>done"
                    "<th>ready in<th>why</tr>\n");
    for (size_t i = 0; i < r->requests_len; i++)
        request_row(b, c, r->requests[i], r->tasks ? r->tasks[i] : NULL, w);
    pvn_buf_format(b,
                   "</table>\n<p>%zu shown, newest first.</p>\n"
                   "<h2>Workers</h2>\n<table><tr><th>name<th>state<th>kinds"
                   "<th>devices<th>proofs<th>last seen<th>why</tr>\n",
                   r->requests_len);
    for (size_t i = 0; i < w->workers_len; i++)
        worker_row(b, w->workers[i], now_ms);
    pvn_buf_text(b, "</table>\n");
    put_provers(b, p, now_ms);
    pvn_buf_text(b, "<p><a href=\"/metrics\">metrics</a> "
                    "<a href=\"/api/v1/overview\">overview</a> "
                    "<a href=\"/contemplants\">workers</a> "
                    "<a href=\"/dead-contemplants\">workers that went, and "
                    "why</a> <a href=\"/proof-history\">proofs</a></p>\n"
                    "</body></html>\n");
}

pvn_next pvn_ops_page_resume(pvn_call *c)
{
    const pvn_op *requests = pvn_call_op_at(c, 0);
    const pvn_op *workers = pvn_call_op_at(c, 1);
    const pvn_op *provers = pvn_call_op_at(c, 2);
    pvn_buf b = { 0 };
    pvn_next next;

    if (requests->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &requests->err);
    if (workers->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &workers->err);
    if (provers->err.status != PROVERNET_OK)
        return pvn_call_fail_with(c, &provers->err);
    put_top(&b, pvn_node_rules(pvn_call_node(c))->mock);
    put_tables(&b, c, &requests->u.read_requests, &workers->u.read_workers,
               &provers->u.read_provers);
    pvn_answer_field(c, "cache-control", "no-store");
    pvn_answer_field(c, "referrer-policy", "no-referrer");
    pvn_answer_field(c, "content-security-policy",
                     "default-src 'none'; style-src 'unsafe-inline'");
    if (b.failed)
        next = pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for the page");
    else
        next =
            pvn_http_reply(c, 200, "text/html; charset=utf-8", b.data, b.len);
    pvn_buf_free(&b);
    return next;
}
