/* protocol/ops/probes.c - /livez, /readyz and /metrics. Includes ops.h and
 * jansson (the gauges come as JSON). */
#include "protocol/ops/ops.h"
#include <jansson.h>
#include <stdlib.h>

pvn_next pvn_ops_livez_begin(pvn_call *c)
{
    return pvn_http_reply(c, 200, "text/plain", "ok\n", 3);
}

pvn_next pvn_ops_readyz_begin(pvn_call *c)
{
    const char *why = NULL;
    pvn_health health = pvn_node_health(pvn_call_node(c), &why);

    if (health == PVN_SERVING)
        return pvn_http_reply(c, 200, "text/plain", "ready\n", 6);
    return pvn_http_fail(c, 503, PROVERNET_ERR_UNAVAILABLE, "%s%s%s",
                         health == PVN_STARTING   ? "starting"
                         : health == PVN_DRAINING ? "draining"
                                                  : "sick",
                         why && *why ? ": " : "", why ? why : "");
}

/* These answer at once. */
pvn_next pvn_ops_livez_resume(pvn_call *c)
{
    return pvn_ops_livez_begin(c);
}

pvn_next pvn_ops_readyz_resume(pvn_call *c)
{
    return pvn_ops_readyz_begin(c);
}

/* ---- /metrics: Prometheus text; workers are read from the rows ---- */

static void metric(pvn_buf *b, const char *type, const char *name,
                   const char *help, uint64_t value)
{
    pvn_buf_format(b,
                   "# HELP provernet_%s %s\n# TYPE provernet_%s %s\n"
                   "provernet_%s %llu\n",
                   name, help, name, type, name, (unsigned long long)value);
}

/* A label value: backslash, quote and newline escaped. */
static void put_label(pvn_buf *b, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            pvn_buf_add(b, "\\", 1);
        pvn_buf_add(b, *text == '\n' ? " " : text, 1);
    }
}

static void put_gauges(pvn_buf *b, const char *counts)
{
    static const char *const states[] = { "queued", "running", "verifying" };
    json_t *root = counts ? json_loads(counts, 0, NULL) : NULL;
    json_t *kinds = json_object_get(root, "requests");

    pvn_buf_text(b, "# HELP provernet_jobs open requests\n"
                    "# TYPE provernet_jobs gauge\n");
    for (size_t i = 0; i < json_array_size(kinds); i++) {
        json_t *at = json_array_get(kinds, i);
        const char *kind = json_string_value(json_object_get(at, "kind"));

        for (size_t k = 0; kind && k < 3; k++) {
            json_int_t n = json_integer_value(json_object_get(at, states[k]));

            pvn_buf_text(b, "provernet_jobs{kind=\"");
            put_label(b, kind);
            pvn_buf_format(b, "\",state=\"%s\"} %lld\n", states[k],
                           (long long)n);
        }
    }
    json_decref(root);
}

static void put_workers(pvn_buf *b, const pvn_op_read_workers *w)
{
    size_t n[4] = { 0 };

    for (size_t i = 0; i < w->workers_len; i++)
        if (w->workers[i]->state >= 1 && w->workers[i]->state <= 3)
            n[w->workers[i]->state]++;
    pvn_buf_format(b,
                   "# HELP provernet_workers known workers\n"
                   "# TYPE provernet_workers gauge\n"
                   "provernet_workers{state=\"here\"} %zu\n"
                   "provernet_workers{state=\"gone\"} %zu\n"
                   "provernet_workers{state=\"aside\"} %zu\n",
                   n[PVN_WORKER_HERE], n[PVN_WORKER_GONE], n[PVN_WORKER_ASIDE]);
}

static void put_counters(pvn_buf *b, const pvn_counters *k)
{
    metric(b, "counter", "calls_total", "calls since start", k->calls);
    metric(b, "gauge", "calls_open", "calls in progress", k->calls_open);
    metric(b, "gauge", "calls_parked", "calls that wait for something",
           k->parked);
    metric(b, "counter", "jobs_accepted_total", "requests accepted",
           k->accepted);
    pvn_buf_format(b,
                   "# HELP provernet_jobs_finished_total requests finished\n"
                   "# TYPE provernet_jobs_finished_total counter\n"
                   "provernet_jobs_finished_total{result=\"fulfilled\"} %llu\n"
                   "provernet_jobs_finished_total{result=\"failed\"} %llu\n",
                   (unsigned long long)k->fulfilled,
                   (unsigned long long)k->failed);
    metric(b, "counter", "operations_total", "operations decided", k->ops);
    metric(b, "counter", "batches_total", "commits", k->batches);
    metric(b, "gauge", "batch_operations_max",
           "operations in the largest batch", k->batch_ops_max);
    pvn_buf_format(b,
                   "# HELP provernet_commit_seconds_total time in commits\n"
                   "# TYPE provernet_commit_seconds_total counter\n"
                   "provernet_commit_seconds_total %llu.%06llu\n",
                   (unsigned long long)(k->commit_us_total / 1000000),
                   (unsigned long long)(k->commit_us_total % 1000000));
    metric(b, "gauge", "queue_operations", "operations waiting for the core",
           k->queue_len);
    metric(b, "gauge", "bytes_in_flight", "request bodies in memory",
           k->bytes_in_flight);
}

pvn_next pvn_ops_metrics_begin(pvn_call *c)
{
    return pvn_ops_workers_begin(c);
}

pvn_next pvn_ops_metrics_resume(pvn_call *c)
{
    pvn_node *n = pvn_call_node(c);
    const pvn_op *op = pvn_call_op_at(c, 0);
    char *counts = pvn_node_counts(n);
    pvn_counters k;
    pvn_buf b = { 0 };
    pvn_next next;

    pvn_node_counters(n, &k);
    pvn_buf_format(&b,
                   "# HELP provernet_build_info the version\n"
                   "# TYPE provernet_build_info gauge\n"
                   "provernet_build_info{version=\"%s\"} 1\n",
                   provernet_version());
    put_counters(&b, &k);
    put_gauges(&b, counts);
    if (op->err.status == PROVERNET_OK)
        put_workers(&b, &op->u.read_workers);
    metric(&b, "gauge", "store_free_bytes", "bytes free for artifacts",
           pvn_store_free(pvn_node_store(n)));
    metric(&b, "gauge", "store_quota_bytes", "artifact.quota, 0: none",
           (uint64_t)pvn_node_rules(n)->artifact_quota);
    free(counts);
    if (b.failed)
        next = pvn_call_fail(c, PROVERNET_ERR_NOMEM, "no memory for metrics");
    else
        next =
            pvn_http_reply(c, 200, "text/plain; version=0.0.4", b.data, b.len);
    pvn_buf_free(&b);
    return next;
}
