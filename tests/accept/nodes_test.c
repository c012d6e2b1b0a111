/* tests/accept/nodes_test.c - 100 auctions among three real bidding nodes
 * (provernet_worker_lend) against the real server: two prove, one gives up,
 * lies or falls silent. Settled balances add up to the unit.
 *
 *   accept_nodes_test PROGRAMS KEYGEN VECTORS */
#include "auction.h"
#include <provernet/worker.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct node {
    int n;
    uint8_t address[20];
    provernet_worker *worker;
    provernet_engine *engine;
    pthread_t thread;
    provernet_job *silent; /* kept until its deadline is over */
    atomic_int jobs;
} node;
static node nodes[NODES];
static atomic_bool stop;

static void set(provernet_options *o, const char *name, const char *value)
{
    MUST(provernet_options_set(o, name, value, NULL) == 0);
}

static void open_node(node *d, int n)
{
    static const char *const price[NODES] = { "20", "25", "20" };
    provernet_options *o = provernet_options_new();
    provernet_error err = { 0 };
    uint8_t secret[32] = { [31] = (uint8_t)(0x40 + n) };
    provernet_key *key = NULL;
    char url[60], cache[120];

    memset(d, 0, sizeof *d);
    d->n = n;
    MUST(o && provernet_key_new(&key, secret, NULL) == 0);
    provernet_key_address(key, d->address);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    snprintf(cache, sizeof cache, "%s/cache-%d", server.dir, n);
    set(o, "network.url", url);
    set(o, "network.bid", price[n]);
    set(o, "network.key_speed", "1GiB");
    set(o, "network.poll", "50ms");
    set(o, "network.bids", "20");
    set(o, "worker.kinds", "groth16/bn254@1");
    set(o, "worker.cache_dir", cache);
    set(o, "engine.threads", "1");
    if (provernet_worker_lend(&d->worker, o, key, &err)) {
        fprintf(stderr, "node %d: %s\n", n, err.message);
        MUST(err.status == PROVERNET_OK);
    }
    if (n != LIARS)
        MUST(provernet_engine_open(&d->engine, "cpu", o, &err) == 0);
    provernet_key_free(key);
    provernet_options_free(o);
}

/* Takes the job and does no good with it: lies and gives up by turns, is silent
 * where the deadline is near. */
static void fail_somehow(node *d, provernet_job *j)
{
    static const char lie[] = "{\"proof\":{},\"publicSignals\":[]}";
    provernet_error err = { 0 };
    provernet_blob *out;

    if (provernet_job_deadline_ms(j) < (time(NULL) + LONG / 2) * 1000LL) {
        MUST(d->silent == NULL);
        d->silent = j;
    } else if (d->jobs % 2 == 0) {
        (void)!provernet_job_fail(j, PROVERNET_BLAME_ATTEMPT, "no", &err);
    } else {
        MUST(provernet_job_output(j, &out, &err) == 0);
        MUST(provernet_blob_write(out, lie, sizeof lie - 1, &err) == 0);
        MUST(provernet_job_done(j, &err) != PROVERNET_OK);
    }
}

/* Only then it has a hand free for others. */
static void end_silence(node *d, bool now)
{
    if (!d->silent || (!now && provernet_job_deadline_ms(d->silent) >=
                                   (int64_t)time(NULL) * 1000))
        return;
    (void)!provernet_job_fail(d->silent, PROVERNET_BLAME_SURROUNDINGS,
                              "too late", NULL);
    d->silent = NULL;
}

static void tell_news(const node *d)
{
    provernet_worker_news news = { .struct_size = sizeof news };

    while (provernet_worker_next_news(d->worker, &news) == PROVERNET_OK)
        if (news.level == 0 && d->n != LIARS)
            fprintf(stderr, "node %d: %s %.12s %s\n", d->n, news.event,
                    news.request, news.text);
}

static void *node_main(void *arg)
{
    node *d = arg;
    provernet_error err = { 0 };
    provernet_job *j;

    while (!stop) {
        provernet_status s = provernet_worker_next(d->worker, &j, 100, &err);

        tell_news(d);
        end_silence(d, false);
        if (s == PROVERNET_AGAIN)
            continue;
        MUST(s == PROVERNET_OK);
        if (d->n == LIARS)
            fail_somehow(d, j);
        else
            MUST(provernet_job_prove(j, d->engine, &err) == PROVERNET_OK);
        d->jobs++;
    }
    return NULL;
}

static void close_node(node *d)
{
    pthread_join(d->thread, NULL);
    provernet_worker_stop(d->worker);
    end_silence(d, true);
    provernet_worker_close(d->worker);
    provernet_engine_close(d->engine);
}

static void submit_all(tc_user *user, uint8_t id[][32],
                       uint8_t prover[NODES][20])
{
    for (int i = 0; i < AUCTIONS; i++) {
        /* one that the liar is silent about */
        wish w = new_wish(user, i == LIARS ? 20 : LONG);

        w.only = customers_node(i, prover);
        MUST(ask(user, &w, id[i]) == 0);
    }
}

static void check_accounts(tc_user *user, uint8_t id[][32],
                           uint8_t prover[NODES][20])
{
    long long total = 0;
    sums s = { 0 };

    for (int i = 0; i < AUCTIONS; i++)
        account_for(user, id[i], prover, &s);
    for (int i = 0; i < NODES; i++) {
        printf("node %d: %d jobs, %lld earned\n", i, nodes[i].jobs, s.paid[i]);
        MUST(balance(user, prover[i]) == INITIAL + s.paid[i]);
        check_log(user, prover[i]);
        total += s.paid[i];
    }
    printf("%d fulfilled, %d not, %d nobody might\n", s.fulfilled, s.failed,
           s.unsold);
    MUST(s.fulfilled + s.failed + s.unsold == AUCTIONS);
    MUST(s.paid[0] > 0 && s.paid[1] > 0 && s.paid[LIARS] == 0);
    MUST(s.failed > 0 && nodes[LIARS].jobs > 0);
    MUST(balance(user, user->address) == INITIAL - total);
    check_log(user, user->address);
}

int main(int argc, char **argv)
{
    static uint8_t id[AUCTIONS][32], prover[NODES][20];
    tc_user user;

    if (argc != 4)
        return 2;
    auction_load(argv);
    start(NULL);
    open_user(&user, 7);
    MUST(circuit_register(&small, &user));
    for (int i = 0; i < NODES; i++) {
        open_node(&nodes[i], i);
        memcpy(prover[i], nodes[i].address, 20);
    }
    for (int i = 0; i < NODES; i++)
        MUST(pthread_create(&nodes[i].thread, NULL, node_main, &nodes[i]) == 0);
    submit_all(&user, id, prover);
    await_all(&user, id, AUCTIONS, prover[LIARS]);
    stop = true;
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    check_accounts(&user, id, prover);
    tc_user_close(&user);
    end();
    auction_unload();
    return 0;
}
