/* lend_test.c - a lending worker against a scripted network: what it bids for
 * and what it leaves, what it proves and hands in, and every way in which the
 * network can fail. */
#include "fake_network.h"
#include "net/inside.h"
#include "snark/groth16.h"
#include <stdatomic.h>
#include <unistd.h>
#include <zstd.h>

#include "../../vectors/asked.h"

#define CIRCUIT "groth16/bn254@1"
static uint8_t secret32[32] = { 0 };
static provernet_engine *the_engine;
static uint8_t *zkey, *wtns;
static size_t zkey_len, wtns_len;
static uint8_t vk_hash32[32], vk_bytes[4096];
static size_t vk_len;

/* ---- a worker and who works with it ---- */

typedef struct hand {
    provernet_worker *w;
    pthread_t thread;
    bool mock;        /* "a proof" instead of proving */
    atomic_bool wait; /* a mock job goes on until this is false */
    atomic_uint jobs, cancelled;
    atomic_int last; /* status of the last job */
} hand;

static void pretend(hand *h, provernet_job *j)
{
    provernet_error err = { 0 };
    provernet_blob *out;

    while (atomic_load(&h->wait)) {
        if (provernet_job_alive(j, 500, "waiting") == PROVERNET_ERR_CANCELLED) {
            atomic_fetch_add(&h->cancelled, 1);
            atomic_store(&h->last,
                         provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS,
                                            "cancelled", &err));
            return;
        }
        usleep(5000);
    }
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, "a proof", 7, &err), 0);
    atomic_store(&h->last, provernet_job_done(j, &err));
}

static void *work(void *arg)
{
    hand *h = arg;
    provernet_error err = { 0 };
    provernet_job *j;

    for (;;) {
        provernet_status rc = provernet_worker_next(h->w, &j, 200, &err);

        if (rc == PROVERNET_AGAIN)
            continue;
        if (rc)
            return NULL;
        atomic_fetch_add(&h->jobs, 1);
        if (h->mock)
            pretend(h, j);
        else
            atomic_store(&h->last, provernet_job_prove(j, the_engine, &err));
    }
}

static provernet_worker *lend(fake *f, const char *const *more)
{
    const char *pairs[40] = { "network.url",         f->url,
                              "network.bid",         "5",
                              "network.poll",        "50ms",
                              "worker.kinds",        CIRCUIT,
                              "network.kind_memory", "*=0B" };
    provernet_error err = { 0 };
    provernet_options *o;
    provernet_worker *w;
    provernet_key *k;
    size_t n = 10;

    for (; more && *more; more++)
        pairs[n++] = *more;
    pairs[n] = NULL;
    o = net_options(pairs);
    assert_int_equal(provernet_key_new(&k, secret32, &err), 0);
    if (provernet_worker_lend(&w, o, k, &err))
        fail_msg("lend: %s", err.message);
    provernet_key_free(k);
    provernet_options_free(o);
    return w;
}

static void begin(hand *h, fake *f, const char *const *more)
{
    h->w = lend(f, more);
    pthread_mutex_lock(&h->w->lock);
    h->w->beat_ms = 100;
    pthread_cond_broadcast(&h->w->changed);
    pthread_mutex_unlock(&h->w->lock);
    assert_int_equal(pthread_create(&h->thread, NULL, work, h), 0);
}

static void finish(hand *h)
{
    provernet_worker_stop(h->w);
    pthread_join(h->thread, NULL);
    provernet_worker_close(h->w);
}

/* Wait for a piece of news; its text to buf. */
static bool hears(provernet_worker *w, const char *event, char *buf, int ms)
{
    int64_t until = fake_now_ms() + ms;
    provernet_worker_news n = { .struct_size = sizeof n };

    do {
        while (provernet_worker_next_news(w, &n) == PROVERNET_OK)
            if (strcmp(n.event, event) == 0) {
                if (buf)
                    strcpy(buf, n.text);
                return true;
            }
        usleep(10000);
    } while (fake_now_ms() < until);
    return false;
}

/* ---- requests ---- */

static fake *network(void)
{
    return fake_open(secret32, NULL);
}

static fake_request *circuit(fake *f, uint8_t tag)
{
    fake_request *r;

    if (f->files == 0) {
        fake_serve(f, "/p", zkey, zkey_len);
        fake_serve(f, "/i", wtns, wtns_len);
    }
    r = fake_add(f, tag, CIRCUIT, 4, "/p", "/i");
    pthread_mutex_lock(&f->lock);
    memcpy(r->vk_hash, vk_hash32, 32);
    pthread_mutex_unlock(&f->lock);
    return r;
}

static fake_request *program(fake *f, uint8_t tag)
{
    if (f->files == 0) {
        fake_serve(f, "/p", "\4\0\0\0\0\0\0\0\177ELF", 12);
        fake_serve(f, "/i", "input", 5);
    }
    return fake_add(f, tag, "sp1-v6.1.0", 1, "/p", "/i");
}

static bool is_fulfilled(const fake *f, const void *arg)
{
    (void)f;
    return ((const fake_request *)arg)->fulfilments > 0;
}

static bool is_failed(const fake *f, const void *arg)
{
    (void)f;
    return ((const fake_request *)arg)->failures > 0;
}

static bool is_bid_on(const fake *f, const void *arg)
{
    (void)f;
    return ((const fake_request *)arg)->bids > 0;
}

static void must_verify(const fake_request *r)
{
    provernet_error err = { 0 };
    provernet_groth16_proof p;
    provernet_groth16_vk *vk;
    uint8_t publics[8 * 32], *json;
    provernet_span span = { r->proof, r->proof_len };
    size_t n, len;

    if (pvn_groth16_artifact_read(&p, publics, 8, &n, span, &err))
        fail_msg("%s", err.message);
    json = slurp(VECTOR("multiplier/verification_key.json"), &len);
    span = (provernet_span){ json, len };
    assert_int_equal(provernet_groth16_vk_parse(&vk, span, &err), 0);
    assert_int_equal(provernet_groth16_verify(vk, &p, publics, n, &err), 0);
    provernet_groth16_vk_free(vk);
    free(json);
}

static unsigned bids_of(fake *f, const fake_request *r)
{
    unsigned n;

    pthread_mutex_lock(&f->lock);
    n = r->bids;
    pthread_mutex_unlock(&f->lock);
    return n;
}

/* ---- the way it goes ---- */

static bool is_said(provernet_worker *w, const char *words)
{
    char *text = provernet_worker_status(w);
    bool yes = text && strstr(text, words);

    provernet_worker_free_text(text);
    return yes;
}

static void proves_what_it_wins(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 1), *second = circuit(f, 2);
    hand h = { 0 };
    char *text;

    (void)state;
    r->hold = second->hold = false;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_true(fake_until(f, is_fulfilled, second));
    must_verify(r);
    must_verify(second);
    assert_string_equal(r->amount, "5");
    assert_int_equal(r->bids, 1);
    assert_int_equal(f->wrong, 0);
    /* the program once, the inputs each time */
    assert_int_equal(f->file[0].gets, 1);
    assert_int_equal(f->file[1].gets, 2);
    AWAIT(is_said(h.w, "\"jobs_done\":2")); /* the answer to the second proof */
    text = provernet_worker_status(h.w);
    assert_non_null(strstr(text, "\"won\":2"));
    assert_non_null(strstr(text, "\"connected\":true"));
    provernet_worker_free_text(text);
    finish(&h);
    assert_int_equal(r->fulfilments, 1);
    assert_int_equal(r->failures, 0);
    fake_close(f);
}

/* The first message of this RPC is format, signature and body of a vector. */
static void must_have_said(fake *f, const char *rpc, size_t vector)
{
    size_t len = strlen(asked[vector].body) / 2, n = 0;
    uint8_t want[512] = { 0x08, 0x01, 0x12, 0x41 };

    assert_true(pvn_unhex(want + 4, 65, asked[vector].signature, 130));
    want[69] = 0x1a;
    n = 70;
    if (len > 127)
        want[n++] = (uint8_t)(len | 0x80);
    want[n++] = (uint8_t)(len > 127 ? len >> 7 : len);
    assert_true(pvn_unhex(want + n, len, asked[vector].body, 2 * len));
    n += len;
    for (size_t i = 0; i < f->calls; i++) {
        if (strcmp(f->call[i].rpc, rpc) != 0)
            continue;
        assert_int_equal(f->call[i].len, n);
        assert_memory_equal(f->call[i].message, want, n);
        return;
    }
    fail_msg("no %s came", rpc);
}

/* What went over the wire, byte by byte; the order of a first round. */
static void says_exactly_this(void **state)
{
    static const char *const order[] = {
        "GetOwner",
        "GetProofRequestParams",
        "GetProverStatus",
        "ReportProverInfo",
        "GetFilteredProofRequests", /* what is ours? */
        "GetFilteredProofRequests", /* what is open? */
        "GetNonce",
        "Bid",
        "GetFilteredProofRequests",
    };
    static const char *const more[] = { "network.bid", "1200", NULL };
    fake *f = network();
    fake_request *r = circuit(f, 1);
    hand h = { 0 };

    (void)state;
    memset(f->prover, 0xa0, 20);
    f->nonce = 7;
    for (uint8_t i = 0; i < 32; i++)
        r->id[i] = i;
    f->file[1].status = 404; /* so it gives up, with nonce 8 */
    f->file[1].times = 1000;
    begin(&h, f, more);
    assert_true(fake_until(f, is_failed, r));
    finish(&h);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_string_equal(f->call[i].rpc, order[i]);
    must_have_said(f, "Bid", 0);
    must_have_said(f, "FailFulfillment", 3);
    assert_int_equal(f->wrong, 0);
    fake_close(f);
}

/* As clients of SP1 6 upload: zstd; and a private input. */
static void decodes_and_asks_for_private_inputs(void **state)
{
    size_t cap = ZSTD_compressBound(zkey_len);
    uint8_t *small = malloc(cap);
    fake *f = network();
    fake_request *r;
    hand h = { 0 };
    size_t len;

    (void)state;
    assert_non_null(small);
    len = ZSTD_compress(small, cap, zkey, zkey_len, 3);
    fake_serve(f, "/p", small, len);
    fake_serve(f, "/i", wtns, wtns_len);
    r = circuit(f, 3);
    r->stdin_private = true;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    must_verify(r);
    assert_int_equal(fake_count(f, "GetStdinUri"), 1);
    finish(&h);
    fake_close(f);
    free(small);
}

static void takes_up_what_was_assigned_before(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 4);
    hand h = { 0 };

    (void)state;
    r->fulfillment = 2;
    memcpy(r->fulfiller, f->prover, 20);
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_int_equal(r->bids, 0);
    finish(&h);
    fake_close(f);
}

/* A requester with an SP1 SDK writes its own version: the program tells. */
static void knows_a_circuit_by_its_program(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 8), *again = circuit(f, 9), *sp1;
    hand h = { 0 };

    (void)state;
    r->version = again->version = "sp1-v6.1.0";
    sp1 = fake_add(f, 10, "sp1-v6.1.0", 4, "/p", "/i");
    f->vk = vk_bytes;
    f->vk_len = vk_len;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_true(fake_until(f, is_fulfilled, again));
    must_verify(r);
    assert_int_equal(bids_of(f, sp1), 0);
    assert_int_equal(fake_count(f, "GetProgram"), 2); /* one for each hash */
    finish(&h);
    fake_close(f);
}

/* ---- what it leaves ---- */

static void leaves_what_does_not_fit(void **state)
{
    static const char *const more[] = { "worker.memory",
                                        "32MiB",
                                        "worker.kinds",
                                        CIRCUIT ",sp1/core@6",
                                        "network.throughput",
                                        "1000",
                                        NULL };
    static uint8_t nothing[1];
    fake *f = network();
    fake_request *good = circuit(f, 1), *large, *late, *dear, *other, *endless,
                 *slow, *cancelled;
    hand h = { .mock = true };

    (void)state;
    /* told to be 64 MiB, never fetched */
    fake_serve(f, "/large", nothing, 64 << 20);
    large = circuit(f, 10);
    large->program = "/large";
    late = circuit(f, 11);
    late->deadline_s = (uint64_t)fake_now_ms() / 1000 + 0;
    dear = circuit(f, 12);
    dear->max_price = "4";
    other = fake_add(f, 13, "sp1-v5.0.0", 1, "/p", "/i");
    endless = fake_add(f, 14, "sp1-v6.1.0", 1, "/p", "/i");
    endless->gas_limit = UINT64_MAX;
    slow = fake_add(f, 15, "sp1-v6.1.0", 1, "/p", "/i");
    slow->gas_limit = 250000; /* 250 s here, half as much again, 300 left */
    cancelled = circuit(f, 16);
    cancelled->cancelled = true;
    begin(&h, f, more);
    assert_true(fake_until(f, is_fulfilled, good));
    usleep(400000);
    assert_int_equal(bids_of(f, large), 0);
    assert_int_equal(bids_of(f, late), 0);
    assert_int_equal(bids_of(f, dear), 0);
    assert_int_equal(bids_of(f, other), 0);
    assert_int_equal(bids_of(f, endless), 0);
    assert_int_equal(bids_of(f, slow), 0);
    assert_int_equal(bids_of(f, cancelled), 0);
    pthread_mutex_lock(&f->lock);
    assert_int_equal(f->file[2].gets, 0);
    pthread_mutex_unlock(&f->lock);
    finish(&h);
    fake_close(f);
}

/* What its prover would need is known before it is bid for, and said once. */
static void leaves_what_needs_more_memory(void **state)
{
    static const char *const more[] = {
        "worker.memory",
        "10GB",
        "worker.kinds",
        "sp1/core@6,sp1/compressed@6,sp1/plonk@6",
        "network.throughput",
        "1000000",
        "network.kind_memory",
        "sp1/pl*=10001MB, risc0/*=0B",
        NULL
    };
    fake *f = network();
    fake_request *core = program(f, 1), *compressed, *plonk;
    hand h = { .mock = true };
    char text[256];

    (void)state;
    compressed = fake_add(f, 2, "sp1-v6.1.0", 2, "/p", "/i");
    plonk = fake_add(f, 3, "sp1-v6.1.0", 3, "/p", "/i");
    begin(&h, f, more);
    assert_true(hears(h.w, "network.memory", text, PATIENCE_MS));
    assert_non_null(strstr(text, "sp1/compressed@6 needs 16.6 GiB"));
    assert_true(hears(h.w, "network.memory", text, PATIENCE_MS));
    assert_non_null(strstr(text, "sp1/plonk@6 needs 9.3 GiB"));
    assert_true(fake_until(f, is_fulfilled, core));
    assert_false(hears(h.w, "network.memory", NULL, 500));
    assert_int_equal(bids_of(f, compressed), 0);
    assert_int_equal(bids_of(f, plonk), 0);
    finish(&h);
    fake_close(f);
}

static void wrong_sizes_of_kinds_are_refused(void **state)
{
    static const char *const wrong[] = { "sp1/core@6", "=1GiB", "sp1/core@6=1",
                                         "a=1GiB,,b=2GiB,c", "a=-1GiB" };
    fake *f = network();
    provernet_error err = { 0 };
    provernet_key *k;

    (void)state;
    assert_int_equal(provernet_key_new(&k, secret32, &err), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const pairs[] = {
            "network.url",         f->url,   "network.bid", "5",
            "network.kind_memory", wrong[i], NULL
        };
        provernet_options *o = net_options(pairs);
        provernet_worker *w;

        assert_int_equal(provernet_worker_lend(&w, o, k, &err),
                         PROVERNET_ERR_CONFIG);
        assert_non_null(strstr(err.message, "network.kind_memory"));
        assert_null(w);
        provernet_options_free(o);
    }
    provernet_key_free(k);
    fake_close(f);
}

/* Once when it joins; a network that cannot hear it is as good. */
static void reports_about_itself(void **state)
{
    static const char *const more[] = { "network.throughput", "12345", NULL };
    fake *f = network(), *deaf = network();
    fake_request *r = circuit(f, 1);
    hand h = { .mock = true };

    (void)state;
    begin(&h, f, more);
    assert_true(fake_until(f, is_fulfilled, r));
    finish(&h);
    assert_int_equal(fake_count(f, "ReportProverInfo"), 1);
    assert_int_equal(f->capacity, 12345);
    assert_int_equal(f->wrong, 0);
    fake_close(f);

    fake_fault(deaf, "ReportProverInfo", 1, 12, "");
    r = circuit(deaf, 1);
    h = (hand){ .mock = true };
    begin(&h, deaf, more);
    assert_true(fake_until(deaf, is_fulfilled, r));
    assert_false(hears(h.w, "network.report", NULL, 300));
    finish(&h);
    fake_close(deaf);
}

/* A signed address takes no HEAD: one byte of it tells the length. */
static void finds_the_length_without_head(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 5);
    hand h = { .mock = true };

    (void)state;
    f->file[0].no_head = true;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    finish(&h);
    fake_close(f);
}

static void asks_in_steps_and_above_the_floor(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 6);
    hand h = { .mock = true };

    (void)state;
    f->tick = 100;
    f->floor_price = "1150";
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_bid_on, r));
    assert_string_equal(r->amount, "1200");
    assert_true(fake_until(f, is_fulfilled, r));
    finish(&h);
    fake_close(f);
}

/* 0.40 USD for one PROVE, 3.60 USD an hour: 0.001 USD a second, 0.0025 PROVE;
 * a million units at a million a second and 0.3 s to start take 1.3 s:
 * 3.25e15 wei for 1e6 units. */
static void asks_what_its_time_costs(void **state)
{
    static const char *const more[] = { "network.bid",
                                        "",
                                        "network.usd_per_hour",
                                        "3.60",
                                        "network.throughput",
                                        "1000000",
                                        "worker.kinds",
                                        "*",
                                        NULL };
    fake *f = network();
    fake_request *r = program(f, 7);
    hand h = { .mock = true };

    (void)state;
    f->prove_price = "0.40";
    begin(&h, f, more);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_string_equal(r->amount, "3250000001");
    finish(&h);
    fake_close(f);
}

/* Four bids at most, whatever is offered. */
static void minds_its_open_bids(void **state)
{
    fake *f = network();
    fake_request *r[8];
    hand h = { .mock = true };
    unsigned n = 0;

    (void)state;
    for (uint8_t i = 0; i < 8; i++) {
        r[i] = circuit(f, (uint8_t)(20 + i));
        r[i]->hold = true;
    }
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_bid_on, r[3]));
    usleep(400000);
    for (size_t i = 0; i < 8; i++)
        n += bids_of(f, r[i]);
    assert_int_equal(n, 4);
    /* two are lost, two won: the next four are bid on */
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < 4; i++) {
        r[i]->fulfillment = 2;
        memset(r[i]->fulfiller, 0x99, 20);
        if (i < 2)
            memcpy(r[i]->fulfiller, f->prover, 20);
    }
    pthread_mutex_unlock(&f->lock);
    assert_true(fake_until(f, is_fulfilled, r[0]));
    assert_true(fake_until(f, is_fulfilled, r[1]));
    assert_true(fake_until(f, is_bid_on, r[7]));
    pthread_mutex_lock(&f->lock);
    for (size_t i = 4; i < 8; i++)
        r[i]->fulfillment = 4;
    pthread_mutex_unlock(&f->lock);
    finish(&h);
    assert_int_equal(r[2]->fulfilments + r[3]->fulfilments, 0);
    fake_close(f);
}

/* ---- faults of the network ---- */

static void reads_its_nonce_again(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 30);
    hand h = { .mock = true };

    (void)state;
    fake_fault(f, "Bid", 2, 10, "failed nonce verification");
    fake_fault(f, "FulfillProof", 1, 14, "failed nonce verification: ...");
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_int_equal(fake_count(f, "Bid"), 3);
    assert_int_equal(fake_count(f, "FulfillProof"), 2);
    finish(&h);
    fake_close(f);
}

static void waits_for_a_network_that_is_down(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 31);
    hand h = { .mock = true };
    char text[256];

    (void)state;
    fake_down(f);
    begin(&h, f, NULL);
    assert_true(hears(h.w, "network.trouble", text, PATIENCE_MS));
    assert_non_null(strstr(text, "Connection refused"));
    fake_up(f);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_true(hears(h.w, "network.back", NULL, PATIENCE_MS));
    finish(&h);
    fake_close(f);
}

/* In the middle of a proof; and the answer to the proof is lost. */
static void survives_drops(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 32);
    hand h = { .mock = true };

    (void)state;
    atomic_store(&h.wait, true);
    fake_fault(f, "Bid", 1, FAKE_DROP, "lost");
    fake_fault(f, "FulfillProof", 1, FAKE_DROP, "");
    fake_fault(f, "FulfillProof", 1, FAKE_DROP, "lost");
    fake_fault(f, "GetProofRequestDetails", 2, FAKE_DROP, "");
    begin(&h, f, NULL);
    while (!atomic_load(&h.jobs))
        usleep(5000);
    fake_down(f);
    usleep(300000);
    fake_up(f);
    atomic_store(&h.wait, false);
    assert_true(fake_until(f, is_fulfilled, r));
    finish(&h);
    assert_int_equal(atomic_load(&h.last), 0);
    assert_int_equal(r->bids, 1);
    assert_int_equal(r->failures, 0);
    fake_close(f);
}

static void repeats_what_passes(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 33);
    hand h = { .mock = true };

    (void)state;
    fake_fault(f, "GetOwner", 1, 14, "starting");
    fake_fault(f, "GetFilteredProofRequests", 1, 13, "oops");
    fake_fault(f, "FulfillProof", 1, 4, "late");
    fake_fault(f, "FulfillProof", 1, 14, "busy");
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_int_equal(fake_count(f, "FulfillProof"), 3);
    finish(&h);
    fake_close(f);
}

static void proof_refused(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 34);
    hand h = { .mock = true };

    (void)state;
    fake_fault(f, "FulfillProof", 1, 3, "the proof does not verify");
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_failed, r));
    assert_int_equal(r->error, 5);
    usleep(300000);
    finish(&h);
    assert_int_equal(atomic_load(&h.last), PROVERNET_ERR_PROOF);
    assert_int_equal(fake_count(f, "FulfillProof"), 1);
    assert_int_equal(atomic_load(&h.jobs), 1);
    fake_close(f);
}

static void pauses_when_refused(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 35), *other = circuit(f, 36);
    hand h = { .mock = true };
    char text[256];

    (void)state;
    fake_fault(f, "Bid", 1, 7, "not in the whitelist");
    fake_fault(f, "Bid", 1, 8, "you need to stake");
    begin(&h, f, NULL);
    assert_true(hears(h.w, "network.refused", text, PATIENCE_MS));
    assert_non_null(strstr(text, "not in the whitelist"));
    assert_true(hears(h.w, "network.refused", text, PATIENCE_MS));
    assert_non_null(strstr(text, "you need to stake"));
    usleep(300000);
    assert_int_equal(fake_count(f, "Bid"), 2);
    assert_int_equal(bids_of(f, r) + bids_of(f, other), 0);
    finish(&h);
    fake_close(f);
}

/* false: the time was over before it asked. */
static bool waits_while_suspended(unsigned seconds)
{
    fake *f = network();
    fake_request *r = circuit(f, 37);
    hand h = { .mock = true };
    char text[256];
    bool heard;

    f->suspended_until = (uint64_t)fake_now_ms() / 1000 + seconds;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_true((uint64_t)fake_now_ms() / 1000 >= f->suspended_until);
    heard = hears(h.w, "network.suspended", text, 1);
    finish(&h);
    fake_close(f);
    return heard;
}

static void suspended_makes_no_bids(void **state)
{
    unsigned seconds = 2;

    (void)state;
    while (!waits_while_suspended(seconds)) {
        seconds *= 2;
        assert_true(seconds < 100);
    }
}

static void ends_with(fake *f, const char *const *more, provernet_status want,
                      const char *words)
{
    provernet_worker *w = lend(f, more);
    provernet_error err = { 0 };
    provernet_job *j;

    assert_int_equal(provernet_worker_next(w, &j, PATIENCE_MS, &err),
                     PROVERNET_END);
    assert_int_equal(err.status, want);
    if (!strstr(err.message, words))
        fail_msg("\"%s\" is not in \"%s\"", words, err.message);
    provernet_worker_close(w);
}

static void ends_where_nothing_helps(void **state)
{
    static const char *const prover[] = {
        "network.prover", "0x00000000000000000000000000000000000000ff", NULL
    };
    fake *f = network();

    (void)state;
    circuit(f, 38);
    ends_with(f, prover, PROVERNET_ERR_PERMISSION, "acts for");
    f->domain[0] ^= 1;
    ends_with(f, NULL, PROVERNET_ERR_CONFIG, "network.domain");
    f->domain[0] ^= 1;
    fake_fault(f, "Bid", 1, 12, "not here");
    ends_with(f, NULL, PROVERNET_ERR_UNSUPPORTED, "no auctions");
    fake_fault(f, "Bid", 1, 16, "who are you");
    ends_with(f, NULL, PROVERNET_ERR_SIGNATURE, "who are you");
    fake_close(f);
}

/* Nothing but the RPCs that every network has. */
static void does_without(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 39);
    hand h = { .mock = true };

    (void)state;
    f->no_params = f->no_status = true;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    assert_int_equal(fake_count(f, "GetProverStatus"), 1);
    finish(&h);
    fake_close(f);
}

static void gives_up_on_a_hanging_call(void **state)
{
    fake *f = network();
    hand h = { .mock = true };

    (void)state;
    circuit(f, 40);
    fake_fault(f, "GetFilteredProofRequests", 1000, FAKE_HANG, "");
    begin(&h, f, NULL);
    while (!fake_count(f, "GetFilteredProofRequests"))
        usleep(5000);
    provernet_worker_stop(h.w);
    pthread_join(h.thread, NULL);
    fake_close(f); /* before the farewell, which then fails at once */
    provernet_worker_close(h.w);
}

static void meets_strangers(void **state)
{
    static const char *const said[] = {
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        fake *f = network();
        provernet_worker *w;
        char text[256];

        f->garbage = said[i];
        w = lend(f, NULL);
        assert_true(hears(w, "network.trouble", text, PATIENCE_MS));
        assert_non_null(strstr(text, "127.0.0.1"));
        provernet_worker_close(w);
        fake_close(f);
    }
}

/* ---- TLS ---- */

static void speaks_tls(void **state)
{
    fake *f = fake_open(secret32, "IP:127.0.0.1");
    fake *wrong = fake_open(secret32, "DNS:example.org");
    const char *more[] = { "network.ca_file", f->ca_file, NULL };
    const char *other[] = { "network.ca_file", wrong->ca_file, NULL };
    provernet_worker *w;
    char text[256];

    (void)state;
    w = lend(f, more);
    assert_true(hears(w, "network.joined", NULL, PATIENCE_MS));
    provernet_worker_close(w);
    w = lend(f, NULL); /* an authority that nobody knows */
    assert_true(hears(w, "network.trouble", text, PATIENCE_MS));
    assert_non_null(strstr(text, "not trusted"));
    assert_non_null(strstr(text, "network.ca_file"));
    provernet_worker_close(w);
    w = lend(wrong, other); /* a name that is not its own */
    assert_true(hears(w, "network.trouble", text, PATIENCE_MS));
    assert_non_null(strstr(text, "mismatch"));
    provernet_worker_close(w);
    assert_int_equal(fake_count(wrong, "GetOwner"), 0);
    fake_close(f);
    fake_close(wrong);
}

/* ---- inputs ---- */

static void program_is_gone(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 50);
    hand h = { 0 };

    (void)state;
    f->file[1].status = 404;
    f->file[1].times = 1000;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_failed, r));
    assert_int_equal(r->error, -1);
    finish(&h);
    assert_int_equal(atomic_load(&h.last), PROVERNET_ERR_NOT_FOUND);
    assert_true(f->file[1].gets <= 2);
    fake_close(f);
}

static void transfers_go_on(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 51);
    hand h = { 0 };

    (void)state;
    f->file[0].cut = zkey_len / 2;
    f->file[0].times = 2;
    f->file[1].status = 503;
    f->file[1].times = 2;
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_fulfilled, r));
    must_verify(r);
    finish(&h);
    fake_close(f);
}

static void another_circuit(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 52);
    hand h = { 0 };

    (void)state;
    memset(r->vk_hash, 0x55, 32);
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_failed, r));
    assert_int_equal(r->error, 2);
    finish(&h);
    assert_int_equal(atomic_load(&h.last), PROVERNET_ERR_MISMATCH);
    fake_close(f);
}

static void damaged_on_its_way(void **state)
{
    static const char etag[] =
        "\"0000000000000000000000000000000000000000000000000000000000000000\"";
    fake *f = network();
    fake_request *r;
    hand h = { 0 };

    (void)state;
    fake_serve(f, "/artifacts/raw/program/x", zkey, zkey_len)->etag = etag;
    fake_serve(f, "/i", wtns, wtns_len);
    r = circuit(f, 53);
    r->program = "/artifacts/raw/program/x";
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_failed, r));
    finish(&h);
    assert_int_equal(atomic_load(&h.last), PROVERNET_ERR_CORRUPT);
    fake_close(f);
}

static void bad_witness(void **state)
{
    fake *f = network();
    fake_request *r;
    hand h = { 0 };

    (void)state;
    fake_serve(f, "/p", zkey, zkey_len);
    fake_serve(f, "/i", "no witness", 10);
    r = circuit(f, 54);
    begin(&h, f, NULL);
    assert_true(fake_until(f, is_failed, r));
    assert_int_equal(r->error, 1);
    finish(&h);
    fake_close(f);
}

/* ---- what is in hand ---- */

static void stops_what_nobody_wants(void **state)
{
    fake *f = network();
    fake_request *r = circuit(f, 60), *bad;
    hand h = { .mock = true };

    (void)state;
    atomic_store(&h.wait, true);
    begin(&h, f, NULL);
    while (atomic_load(&h.jobs) < 1)
        usleep(5000);
    pthread_mutex_lock(&f->lock);
    r->fulfillment = 4; /* its requester took it back */
    pthread_mutex_unlock(&f->lock);
    while (atomic_load(&h.cancelled) < 1)
        usleep(5000);
    bad = circuit(f, 61);
    while (atomic_load(&h.jobs) < 2)
        usleep(5000);
    pthread_mutex_lock(&f->lock);
    bad->execution = 3; /* somebody found out */
    pthread_mutex_unlock(&f->lock);
    assert_true(fake_until(f, is_failed, bad));
    assert_int_equal(bad->error, 1);
    assert_int_equal(r->failures, 0);
    assert_int_equal(atomic_load(&h.cancelled), 2);
    finish(&h);
    fake_close(f);
}

static void gives_back_when_it_leaves(void **state)
{
    fake *f = network();
    fake_request *mine = circuit(f, 62), *waiting = circuit(f, 63);
    hand h = { .mock = true };

    (void)state;
    atomic_store(&h.wait, true);
    begin(&h, f, NULL);
    while (atomic_load(&h.jobs) < 1)
        usleep(5000);
    assert_true(fake_until(f, is_bid_on, waiting));
    provernet_worker_stop(h.w);
    usleep(100000);
    atomic_store(&h.wait, false); /* what is in hand is finished */
    finish(&h);
    assert_int_equal(mine->fulfilments + waiting->fulfilments, 1);
    assert_int_equal(mine->failures + waiting->failures, 1);
    assert_int_equal(mine->error == -1 || waiting->error == -1, 1);
    fake_close(f);
}

/* ---- options ---- */

static void refused(const char *const *pairs, const char *words)
{
    provernet_options *o = net_options(pairs);
    provernet_error err = { 0 };
    provernet_worker *w;
    provernet_key *k;

    assert_int_equal(provernet_key_new(&k, secret32, &err), 0);
    assert_int_not_equal(provernet_worker_lend(&w, o, k, &err), 0);
    assert_null(w);
    if (!strstr(err.message, words))
        fail_msg("\"%s\" is not in \"%s\"", words, err.message);
    provernet_key_free(k);
    provernet_options_free(o);
}

static void says_what_is_wrong(void **state)
{
    static const char *const cases[][8] = {
        { "network.bid", "1", NULL, "network.url is not set" },
        { "network.url", "ftp://x", "network.bid", "1", NULL, "no address" },
        { "network.url", "http://x", NULL, "usd_per_hour" },
        { "network.url", "http://x", "network.bid", "1.5", NULL,
          "whole number" },
        { "network.url", "http://x:99999999", "network.bid", "1", NULL,
          "no address" },
        { "network.url", "http://a@b", "network.bid", "1", NULL, "no address" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = 0;

        while (cases[i][n])
            n++;
        refused(cases[i], cases[i][n + 1]);
    }
}

/* ---- all ---- */

static int open_all(void **state)
{
    provernet_options *o = net_options(NULL);
    provernet_groth16_vk *vk;
    provernet_span span;
    uint8_t *json;
    size_t len;

    (void)state;
    memset(secret32, 0x11, 32);
    assert_int_equal(provernet_engine_open(&the_engine, "cpu", o, NULL), 0);
    provernet_options_free(o);
    zkey = slurp(VECTOR("multiplier/circuit.zkey"), &zkey_len);
    wtns = slurp(VECTOR("multiplier/witness.wtns"), &wtns_len);
    json = slurp(VECTOR("multiplier/verification_key.json"), &len);
    span = (provernet_span){ json, len };
    assert_int_equal(provernet_groth16_vk_parse(&vk, span, NULL), 0);
    provernet_groth16_vk_hash(vk, vk_hash32);
    assert_int_equal(
        provernet_groth16_vk_bytes(vk, vk_bytes, sizeof vk_bytes, &vk_len), 0);
    provernet_groth16_vk_free(vk);
    free(json);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    provernet_engine_close(the_engine);
    free(zkey);
    free(wtns);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_what_it_wins),
        cmocka_unit_test(says_exactly_this),
        cmocka_unit_test(decodes_and_asks_for_private_inputs),
        cmocka_unit_test(takes_up_what_was_assigned_before),
        cmocka_unit_test(knows_a_circuit_by_its_program),
        cmocka_unit_test(leaves_what_does_not_fit),
        cmocka_unit_test(finds_the_length_without_head),
        cmocka_unit_test(asks_in_steps_and_above_the_floor),
        cmocka_unit_test(asks_what_its_time_costs),
        cmocka_unit_test(minds_its_open_bids),
        cmocka_unit_test(reads_its_nonce_again),
        cmocka_unit_test(waits_for_a_network_that_is_down),
        cmocka_unit_test(survives_drops),
        cmocka_unit_test(repeats_what_passes),
        cmocka_unit_test(proof_refused),
        cmocka_unit_test(pauses_when_refused),
        cmocka_unit_test(suspended_makes_no_bids),
        cmocka_unit_test(ends_where_nothing_helps),
        cmocka_unit_test(does_without),
        cmocka_unit_test(gives_up_on_a_hanging_call),
        cmocka_unit_test(meets_strangers),
        cmocka_unit_test(speaks_tls),
        cmocka_unit_test(program_is_gone),
        cmocka_unit_test(transfers_go_on),
        cmocka_unit_test(another_circuit),
        cmocka_unit_test(damaged_on_its_way),
        cmocka_unit_test(bad_witness),
        cmocka_unit_test(leaves_what_needs_more_memory),
        cmocka_unit_test(wrong_sizes_of_kinds_are_refused),
        cmocka_unit_test(reports_about_itself),
        cmocka_unit_test(stops_what_nobody_wants),
        cmocka_unit_test(gives_back_when_it_leaves),
        cmocka_unit_test(says_what_is_wrong),
    };

    if (argc > 1) /* one test, or a pattern */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, open_all, close_all);
}
