/* tests/bench/state_bench.c - the database under the shape of request_submit:
 * three rows loaded, four written, one event, in batches of 1, 8 and 64, each
 * batch one durable commit. One JSON line per size.
 *
 * state_bench [--dir DIR] [--batches-ms MS] */
#include "base/error.h"
#include "state/state.h"
#include <provernet/request.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ACCOUNTS = 64, BATCH_MAX = 64 };

typedef struct bench {
    pvn_env env;
    pvn_state *st;
    pvn_arena arena;
    pvn_rows rows;
    int64_t now_ms;
    uint64_t made;
    uint64_t load_ns, store_ns, commit_ns;
    provernet_error err;
} bench;

static uint64_t ns_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t clock_ns(void)
{
    return ns_of(CLOCK_MONOTONIC);
}

static void need(const bench *b, bool fine)
{
    if (fine)
        return;
    fprintf(stderr, "state_bench: %s\n", b->err.message);
    exit(EXIT_FAILURE);
}

static void begin(bench *b)
{
    pvn_arena_reset(&b->arena);
    pvn_rows_init(&b->rows, &b->arena);
    need(b, b->st->ops->begin(b->st, &b->now_ms, &b->err) == 0);
}

static void commit(bench *b)
{
    uint64_t t0 = clock_ns(), t1;

    need(b, b->st->ops->store(b->st, &b->rows, &b->err) == 0);
    t1 = clock_ns();
    need(b, b->st->ops->commit(b->st, &b->err) == 0);
    b->store_ns += t1 - t0;
    b->commit_ns += clock_ns() - t1;
    pvn_rows_free(&b->rows);
}

static pvn_account account_key(uint64_t n)
{
    pvn_account a = { .row.table = PVN_ACCOUNT };

    pvn_put_u64be(a.address, n % ACCOUNTS);
    return a;
}

static pvn_artifact *new_artifact(bench *b, provernet_id *id)
{
    static const uint8_t content[1024];
    pvn_artifact key = { .row.table = PVN_ARTIFACT }, *a;

    pvn_id_new(&b->env, &key.id);
    *id = key.id;
    a = (pvn_artifact *)(void *)pvn_rows_make(&b->rows, &key.row);
    need(b, a != NULL);
    a->state = PVN_ARTIFACT_STORED;
    a->digest = pvn_bytes_of(content, 32);
    a->bytes = a->raw_bytes = sizeof content;
    a->content = pvn_bytes_of(content, sizeof content);
    a->expires_ms = b->now_ms + 1000000;
    return a;
}

/* What stands before a request: accounts, a program, one input each. */
static void prepare(bench *b, provernet_id *program, provernet_id *inputs,
                    size_t n)
{
    begin(b);
    new_artifact(b, program);
    for (size_t i = 0; i < n; i++)
        new_artifact(b, &inputs[i]);
    commit(b);
}

static void *load(bench *b, pvn_row *key, pvn_table table)
{
    pvn_want want = { .scan = PVN_GET, .table = table, .key_row = key };

    need(b, b->st->ops->load(b->st, &b->rows, &want, &b->err) == 0);
    return want.found_len ? want.found[0] : NULL;
}

static pvn_request *make_request(bench *b, const pvn_account *a,
                                 const provernet_id *program)
{
    static uint8_t signed_bytes[320];
    pvn_request key = { .row.table = PVN_REQUEST }, *r;
    uint8_t *hash = pvn_arena_alloc(&b->arena, 64);

    need(b, hash != NULL);
    pvn_random(&b->env, hash, 64);
    pvn_id_new(&b->env, &key.id);
    r = (pvn_request *)(void *)pvn_rows_make(&b->rows, &key.row);
    need(b, r != NULL);
    r->protocol = PVN_PROTOCOL_SUCCINCT;
    r->name = pvn_bytes_of(hash, 32);
    r->dedup = pvn_bytes_of(hash + 32, 32);
    r->kind = "groth16/bn254@1";
    r->program = *program;
    memcpy(r->requester, a->address, 20);
    r->state = PROVERNET_QUEUED;
    r->created_ms = r->updated_ms = b->now_ms;
    r->deadline_ms = b->now_ms + 3600000;
    r->due_ms = r->deadline_ms;
    r->signed_bytes = pvn_bytes_of(signed_bytes, sizeof signed_bytes);
    r->tasks_open = r->tasks_len = 1;
    return r;
}

static void submit(bench *b, const provernet_id *program,
                   const provernet_id *input)
{
    pvn_account akey = account_key(b->made++), *a;
    pvn_artifact pkey = { .row.table = PVN_ARTIFACT, .id = *program };
    pvn_artifact ikey = { .row.table = PVN_ARTIFACT, .id = *input }, *in;
    pvn_task tkey = { .row.table = PVN_TASK }, *t;
    pvn_request *r;
    uint64_t t0 = clock_ns();

    a = load(b, &akey.row, PVN_ACCOUNT);
    need(b, load(b, &pkey.row, PVN_ARTIFACT) != NULL);
    in = load(b, &ikey.row, PVN_ARTIFACT);
    b->load_ns += clock_ns() - t0;
    if (!a)
        a = (pvn_account *)(void *)pvn_rows_make(&b->rows, &akey.row);
    need(b, a && in);
    a->nonce++;
    pvn_rows_touch(&b->rows, &a->row);
    in->pins++;
    pvn_rows_touch(&b->rows, &in->row);
    r = make_request(b, a, program);
    pvn_id_new(&b->env, &tkey.id);
    t = (pvn_task *)(void *)pvn_rows_make(&b->rows, &tkey.row);
    need(b, t != NULL);
    t->request = r->id;
    t->name = "main";
    t->kind = r->kind;
    t->state = PVN_TASK_READY;
    t->due_ms = r->due_ms;
    pvn_rows_event(&b->rows, b->now_ms, "request.queued", &r->id, NULL, NULL,
                   NULL);
}

static void run(bench *b, size_t batch, uint64_t for_ms)
{
    static provernet_id inputs[BATCH_MAX];
    provernet_id program;
    uint64_t start, cpu, spent = 0, cpu_spent = 0, batches = 0, worst = 0;

    b->load_ns = b->store_ns = b->commit_ns = 0;
    while (spent < for_ms * 1000000u) {
        uint64_t load = b->load_ns, store = b->store_ns, com = b->commit_ns;
        uint64_t took;

        prepare(b, &program, inputs, batch);
        b->load_ns = load;
        b->store_ns = store;
        b->commit_ns = com;
        cpu = ns_of(CLOCK_THREAD_CPUTIME_ID);
        start = clock_ns();
        begin(b);
        for (size_t i = 0; i < batch; i++)
            submit(b, &program, &inputs[i]);
        commit(b);
        took = clock_ns() - start;
        spent += took;
        cpu_spent += ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
        worst = took > worst ? took : worst;
        batches++;
    }
    double n = (double)(batches * batch);
    printf("{\"bench\":\"state/submit/%zu\",\"ops\":%.0f,\"per_s\":%.0f,"
           "\"us_per_op\":%.2f,\"cpu_us_per_op\":%.2f,\"load_us\":%.2f,\"store_"
           "us\":%.2f,"
           "\"commit_us\":%.2f,\"batch_ms\":%.3f,\"worst_batch_ms\":%.1f}\n",
           batch, n, n / ((double)spent / 1e9), (double)spent / n / 1e3,
           (double)cpu_spent / n / 1e3, (double)b->load_ns / n / 1e3,
           (double)b->store_ns / n / 1e3, (double)b->commit_ns / n / 1e3,
           (double)spent / (double)batches / 1e6, (double)worst / 1e6);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const size_t batches[] = { 1, 8, 64 };
    char dir[256] = "/tmp/state_bench_XXXXXX", path[300], command[300];
    uint64_t for_ms = 2000;
    bool own = true;
    bench b = { 0 };

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--dir") == 0) {
            snprintf(dir, sizeof dir, "%s", argv[i + 1]);
            own = false;
        } else if (strcmp(argv[i], "--batches-ms") == 0) {
            for_ms = (uint64_t)strtoull(argv[i + 1], NULL, 10);
        }
    }
    pvn_env_init(&b.env, NULL);
    if (own && !mkdtemp(dir)) {
        perror("state_bench: cannot make a directory");
        return EXIT_FAILURE;
    }
    snprintf(path, sizeof path, "%s/state.db", dir);
    need(&b, pvn_state_sqlite_open(&b.st, path, &b.env, &b.err) == 0);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
        run(&b, batches[i], for_ms);
    b.st->ops->close(b.st);
    pvn_arena_free(&b.arena);
    if (own) {
        unlink(path);
        snprintf(command, sizeof command, "%s/provernet.lock", dir);
        unlink(command);
        rmdir(dir);
    }
    return EXIT_SUCCESS;
}
