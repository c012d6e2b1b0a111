/* node/open.c - a node comes and goes: open, drain, close. */
#include "node/inside.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- settings ---- */

static void fill_rules(provernet *n)
{
    const provernet_options *o = n->options;
    pvn_rules *r = &n->rules;

    pvn_id_new(&n->env, &r->session);
    r->lease_ttl_ms = pvn_setting_int(o, PVN_SET_LEASE_TTL);
    r->lease_silence_ms = pvn_setting_int(o, PVN_SET_LEASE_SILENCE);
    r->backoff_ms = pvn_setting_int(o, PVN_SET_TASK_BACKOFF);
    r->backoff_max_ms = pvn_setting_int(o, PVN_SET_TASK_BACKOFF_MAX);
    r->request_deadline_ms = pvn_setting_int(o, PVN_SET_REQUEST_DEADLINE);
    r->order_cap_ms = pvn_setting_int(o, PVN_SET_REQUEST_ORDER_CAP);
    r->request_retention_ms = pvn_setting_int(o, PVN_SET_REQUEST_RETENTION);
    r->artifact_issued_ttl_ms = pvn_setting_int(o, PVN_SET_ARTIFACT_ISSUED_TTL);
    r->artifact_retention_ms = pvn_setting_int(o, PVN_SET_ARTIFACT_RETENTION);
    r->event_retention_ms = pvn_setting_int(o, PVN_SET_EVENT_RETENTION);
    r->request_open_max = pvn_setting_int(o, PVN_SET_REQUEST_OPEN_MAX);
    r->request_tasks_max = pvn_setting_int(o, PVN_SET_REQUEST_TASKS_MAX);
    r->task_children_max = pvn_setting_int(o, PVN_SET_TASK_CHILDREN_MAX);
    r->task_attempts_max = pvn_setting_int(o, PVN_SET_TASK_ATTEMPTS_MAX);
    r->worker_strikes_max = pvn_setting_int(o, PVN_SET_WORKER_STRIKES_MAX);
    r->worker_aside_ms = pvn_setting_int(o, PVN_SET_WORKER_ASIDE);
    r->artifact_quota = pvn_setting_int(o, PVN_SET_ARTIFACT_QUOTA);
    r->artifact_size_max = pvn_setting_int(o, PVN_SET_ARTIFACT_SIZE_MAX);
    r->allow = pvn_setting_text(o, PVN_SET_ACCOUNT_ALLOW);
    r->account_balance = pvn_setting_text(o, PVN_SET_SUCCINCT_BALANCE);
    r->prover_allow = pvn_setting_text(o, PVN_SET_PROVER_ALLOW);
    r->prover_bids_max = pvn_setting_int(o, PVN_SET_PROVER_BIDS_MAX);
    r->prover_stake = pvn_setting_text(o, PVN_SET_PROVER_STAKE);
    r->prover_collateral = pvn_setting_text(o, PVN_SET_PROVER_COLLATERAL);
    r->prover_failures_max = pvn_setting_int(o, PVN_SET_PROVER_FAILURES_MAX);
    r->prover_failures_ms = pvn_setting_int(o, PVN_SET_PROVER_FAILURES_WINDOW);
    r->prover_suspension_ms = pvn_setting_int(o, PVN_SET_PROVER_SUSPENSION);
    r->protocol_fee = pvn_setting_int(o, PVN_SET_SUCCINCT_PROTOCOL_FEE);
    r->trust = pvn_setting_text(o, PVN_SET_NODE_TRUST);
    r->mock = pvn_setting_int(o, PVN_SET_NODE_MOCK) != 0;
}

static int log_level(const char *text)
{
    static const char *const name[] = { "error", "warn", "info", "debug",
                                        "trace" };

    for (int i = 0; i < 5; i++)
        if (strcmp(text, name[i]) == 0)
            return i;
    return PVN_INFO;
}

static provernet_status read_settings(provernet *n, const pvn_node_config *cfg,
                                      provernet_error *err)
{
    n->options = pvn_options_copy(cfg->options);
    if (!n->options)
        return pvn_nomem(err);
    pvn_env_init(&n->env, cfg->env);
    if (cfg->files)
        n->env.files = *cfg->files;
    n->env.log_level =
        log_level(pvn_setting_text(n->options, PVN_SET_LOG_LEVEL));
    n->stepped = pvn_setting_int(n->options, PVN_SET_NODE_THREADS) == 0;
    n->batch_max = (size_t)pvn_setting_int(n->options, PVN_SET_NODE_BATCH_MAX);
    n->queue_max = (size_t)pvn_setting_int(n->options, PVN_SET_NODE_QUEUE_MAX);
    n->bytes_max =
        (uint64_t)pvn_setting_int(n->options, PVN_SET_NODE_BYTES_IN_FLIGHT_MAX);
    n->message_max =
        (uint64_t)pvn_setting_int(n->options, PVN_SET_HTTP_MESSAGE_MAX);
    fill_rules(n);
    n->rules.memory = cfg->memory;
    return PROVERNET_OK;
}

/* ---- the directory ---- */

static provernet_status make_dir(provernet *n, const char *path,
                                 provernet_error *err)
{
    const pvn_files *f = &n->env.files;
    char *part = strdup(path);
    int rc = 0;

    if (!part)
        return pvn_nomem(err);
    for (char *at = part + 1; rc >= 0 && *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        f->mkdir(f->user, part, 0755); /* an error shows at the last one */
        *at = '/';
    }
    free(part);
    rc = f->mkdir(f->user, path, 0700);
    if (rc < 0 && rc != -EEXIST)
        return pvn_fail(err, PROVERNET_ERR_IO, -rc,
                        "cannot make data directory %s: %s\nhelp: set data.dir "
                        "to a directory that this user may write",
                        path, strerror(-rc));
    return PROVERNET_OK;
}

static char *join(const char *dir, const char *name)
{
    size_t len = strlen(dir) + strlen(name) + 2;
    char *path = malloc(len);

    if (path)
        snprintf(path, len, "%s/%s", dir, name);
    return path;
}

static provernet_status sqlite_state(void *user, pvn_state **out,
                                     const char *path, const pvn_env *env,
                                     provernet_error *err)
{
    (void)user;
    return pvn_state_sqlite_open(out, path, env, err);
}

static provernet_status open_disk(provernet *n, provernet_error *err)
{
    const char *dir = pvn_setting_text(n->options, PVN_SET_DATA_DIR);
    provernet_status s;
    char *store;

    if (!*dir)
        return pvn_fail(err, PROVERNET_ERR_CONFIG, 0,
                        "setting data.dir is not set\nhelp: name a directory "
                        "for database and artifacts");
    n->dir = strdup(dir);
    n->db_path = join(dir, "provernet.db");
    store = join(dir, "artifacts");
    if (!n->dir || !n->db_path || !store) {
        free(store);
        return pvn_nomem(err);
    }
    s = make_dir(n, dir, err);
    if (s == PROVERNET_OK)
        s = n->open_state(n->open_state_user, &n->core.st, n->db_path, &n->env,
                          err);
    n->quick = s == PROVERNET_OK && n->core.st->quick;
    n->alone = s == PROVERNET_OK && n->core.st->alone;
    if (s == PROVERNET_OK)
        s = pvn_store_open(
            &n->store, store,
            (uint64_t)pvn_setting_int(n->options, PVN_SET_ARTIFACT_INLINE_MAX),
            (uint64_t)pvn_setting_int(n->options, PVN_SET_ARTIFACT_SIZE_MAX),
            &n->env, err);
    free(store);
    return s;
}

/* ---- boot ---- */

/* The same key for all coordinators of a database: the first one's. */
static provernet_status ticket_key(provernet *n, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_RECORD_PUT);
    pvn_op_record_put *r;
    uint8_t key[32];
    provernet_status s;

    if (!op)
        return pvn_nomem(err);
    pvn_random(&n->env, key, sizeof key);
    r = &op->u.record_put;
    r->protocol = PVN_PROTOCOL_CORE;
    r->kind = "secret";
    r->key = pvn_bytes_of("ticket", 6);
    r->value = pvn_bytes_of(key, sizeof key);
    r->only_if_absent = true;
    s = pvn_node_run(n, &op, 1, err);
    if (s == PROVERNET_OK) {
        if (r->value_out.len == sizeof n->ticket_key)
            memcpy(n->ticket_key, r->value_out.data, sizeof n->ticket_key);
        else if (r->value_out.len == 0)
            memcpy(n->ticket_key, key, sizeof key);
        else
            s = pvn_fail(err, PROVERNET_ERR_CORRUPT, 0,
                         "the ticket key in the database has %zu bytes "
                         "instead of 32",
                         r->value_out.len);
    }
    explicit_bzero(key, sizeof key);
    pvn_op_free(op);
    return s;
}

/* One BOOT on the opening thread, so that an error is the opener's; if there
 * is more to sort, that goes on while requests are served. */
static provernet_status boot(provernet *n, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_BOOT);
    provernet_status s;

    if (!op)
        return pvn_nomem(err);
    n->core.boot.at_ms = INT64_MAX;
    n->core.tick.at_ms = INT64_MAX;
    op->u.boot.address = n->dir;
    s = pvn_node_run(n, &op, 1, err);
    if (s == PROVERNET_OK && !op->u.boot.more) {
        atomic_store(&n->booted, true);
        pvn_log(&n->env, PVN_INFO, "node.ready", "tasks_leased=%lld",
                (long long)op->u.boot.tasks_leased);
    } else {
        n->core.boot.at_ms = n->core.now_ms;
    }
    n->core.tick.at_ms = n->core.now_ms;
    pvn_op_free(op);
    return s;
}

/* Before anybody can upload: whatever is unfinished now is an earlier run's.
 * Later it could be a new upload's file. */
static void clean_store(provernet *n)
{
    provernet_error err = { 0 };

    if (pvn_store_clean(n->store, &err) != PROVERNET_OK)
        pvn_log(&n->env, PVN_WARN, "artifact.clean", "why=%s", err.message);
}

static void init_seed(provernet *n)
{
    pvn_random(&n->env, &n->progress.seed, sizeof n->progress.seed);
    pvn_random(&n->env, &n->rules.seed, sizeof n->rules.seed);
    pvn_recent_init(&n->recent, n->rules.seed);
}

provernet_status pvn_node_open(provernet **out, const pvn_node_config *cfg,
                               provernet_error *err)
{
    provernet *n = calloc(1, sizeof *n);
    provernet_status s;

    *out = NULL;
    if (!n)
        return pvn_nomem(err);
    n->pid = getpid();
    n->entry = cfg->entry;
    n->errand = cfg->errand;
    n->open_state = cfg->open_state ? cfg->open_state : sqlite_state;
    n->open_state_user = cfg->open_state_user;
    pthread_mutex_init(&n->lock, NULL);
    pthread_mutex_init(&n->slots_lock, NULL);
    pvn_parks_init(&n->parks);
    s = read_settings(n, cfg, err);
    if (s != PROVERNET_OK)
        goto fail;
    init_seed(n);
    n->core.rules = n->rules;
    pvn_core_init(n);
    s = open_disk(n, err);
    if (s == PROVERNET_OK)
        s = boot(n, err);
    if (s == PROVERNET_OK)
        s = ticket_key(n, err);
    if (s == PROVERNET_OK)
        s = pvn_crew_start(
            &n->crew, (size_t)pvn_setting_int(n->options, PVN_SET_NODE_THREADS),
            err);
    if (s == PROVERNET_OK)
        clean_store(n);
    if (s == PROVERNET_OK)
        s = pvn_core_start(n, err);
    if (s != PROVERNET_OK)
        goto fail;
    *out = n;
    return PROVERNET_OK;
fail:
    provernet_close(n);
    return s;
}

/* ---- drain ---- */

static bool task_leased(const pvn_task *t)
{
    return t && t->state == PVN_TASK_LEASED;
}

/* Has one of the request's tasks a holder? */
static provernet_status holds_lease(provernet *n, const provernet_id *id,
                                    bool *yes, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUEST);
    provernet_status s;

    if (!op)
        return pvn_nomem(err);
    op->u.read_request.id = *id;
    op->u.read_request.details = true;
    s = pvn_node_run(n, &op, 1, err);
    for (size_t i = 0; s == PROVERNET_OK && i < op->u.read_request.tasks_len;
         i++)
        *yes = *yes || task_leased(op->u.read_request.tasks[i]);
    pvn_op_free(op);
    return s;
}

enum { DRAIN_LOOK = 1000, DRAIN_NAP_MS = 100 };

static provernet_status any_lease(provernet *n, bool *yes, provernet_error *err)
{
    pvn_op *op = pvn_op_new(PVN_OP_READ_REQUESTS);
    pvn_op_read_requests *r;
    provernet_status s;

    *yes = false;
    if (!op)
        return pvn_nomem(err);
    r = &op->u.read_requests;
    r->filter.set = PVN_F_STATE;
    r->filter.state_mask = 1 << PROVERNET_RUNNING | 1 << PROVERNET_VERIFYING;
    r->limit = DRAIN_LOOK;
    r->with_tasks = true;
    s = pvn_node_run(n, &op, 1, err);
    for (size_t i = 0; s == PROVERNET_OK && !*yes && i < r->requests_len; i++)
        if (task_leased(r->tasks ? r->tasks[i] : NULL))
            *yes = true;
        else
            s = holds_lease(n, &r->requests[i]->id, yes, err);
    pvn_op_free(op);
    return s;
}

provernet_status provernet_drain(provernet *pn, int64_t timeout_ms)
{
    int64_t end = pvn_now_ms(&pn->env) + timeout_ms, left;
    provernet_status s;
    pvn_wake nap = { 0 };
    bool leased;

    if (pvn_node_forked(pn))
        return PROVERNET_ERR_FORKED;
    if (!atomic_exchange(&pn->draining, true)) {
        pvn_log(&pn->env, PVN_INFO, "node.draining", "timeout_ms=%lld",
                (long long)timeout_ms);
        pvn_parks_wake_all(&pn->parks);
    }
    for (left = timeout_ms;;) {
        s = any_lease(pn, &leased, NULL);
        if (s != PROVERNET_OK || !leased)
            break;
        /* by the clock, and by naps in case that the clock stands still */
        if (timeout_ms >= 0 && (left <= 0 || pvn_now_ms(&pn->env) >= end))
            return PROVERNET_ERR_TIMEOUT;
        pvn_wake_wait(&nap,
                      left >= 0 && left < DRAIN_NAP_MS ? left : DRAIN_NAP_MS);
        left -= timeout_ms < 0 ? 0 : DRAIN_NAP_MS;
    }
    atomic_store(&pn->drained, true);
    return s;
}

/* ---- close ---- */

static void stop_attached(provernet *n)
{
    void (*stop)(void *) = n->attached_stop;
    void *thing = n->attached;

    n->attached = NULL;
    if (thing && stop)
        stop(thing);
}

void provernet_close(provernet *pn)
{
    if (!pn)
        return;
    /* The child of a fork has none of the threads, and must not touch the
     * database's descriptors: it lets everything lie. */
    if (pvn_node_forked(pn))
        return;
    stop_attached(pn);
    atomic_store(&pn->closing, true);
    pvn_crew_stop(&pn->crew); /* its chores may still run operations */
    if (pn->options) {
        pvn_core_stop(pn);
        pvn_log(&pn->env, PVN_INFO, "node.closed", "calls_open=%llu",
                (unsigned long long)atomic_load(&pn->tally.calls_open));
    }
    pvn_recent_free(&pn->recent);
    pvn_counters_free(pn);
    pvn_crew_free(&pn->crew);
    pvn_store_close(pn->store);
    pvn_parks_free(&pn->parks);
    pthread_mutex_destroy(&pn->lock);
    pthread_mutex_destroy(&pn->slots_lock);
    explicit_bzero(pn->ticket_key, sizeof pn->ticket_key);
    free(pn->dir);
    free(pn->db_path);
    provernet_options_free(pn->options);
    free(pn);
}
