/* worker_test.c - a node and its workers in one process: in process, and over
 * real nng on loopback. */
#include "net_help.h"
#include "client/port.h"
#include "net/inside.h"
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static provernet_engine *engine(void)
{
    static const char *const pairs[] = { "engine.threads", "2", NULL };
    provernet_options *o = net_options(pairs);
    provernet_error err = { 0 };
    provernet_engine *e;

    assert_int_equal(provernet_engine_open(&e, "cpu", o, &err), 0);
    provernet_options_free(o);
    return e;
}

static provernet_worker *join(provernet *pn, const char *const *pairs)
{
    provernet_options *o = net_options(pairs);
    provernet_error err = { 0 };
    provernet_worker *w;

    if (provernet_worker_join(&w, pn, o, &err))
        fail_msg("join: %s", err.message);
    provernet_options_free(o);
    return w;
}

static uint16_t listen_on(provernet *pn, uint16_t port)
{
    provernet_error err = { 0 };
    char url[64];

    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    if (provernet_worker_listen(pn, url, &port, &err))
        fail_msg("listen: %s", err.message);
    assert_int_not_equal(port, 0);
    return port;
}

static provernet_worker *dial(uint16_t port, uint8_t secret, const char *name,
                              const char *kinds)
{
    char server[64];
    const char *pairs[] = { "worker.server",
                            server,
                            "worker.kinds",
                            kinds ? kinds : "groth16/bn254@1",
                            "worker.name",
                            name,
                            NULL };
    uint8_t secret32[32] = { 0 };
    provernet_error err = { 0 };
    provernet_options *o;
    provernet_worker *w;
    provernet_key *k;

    secret32[31] = secret;
    snprintf(server, sizeof server, "127.0.0.1:%u", port);
    o = net_options(pairs);
    assert_int_equal(provernet_key_new(&k, secret32, &err), 0);
    if (provernet_worker_dial(&w, o, k, &err))
        fail_msg("dial: %s", err.message);
    provernet_key_free(k);
    provernet_options_free(o);
    return w;
}

static provernet_job *next(provernet_worker *w)
{
    provernet_error err = { 0 };
    provernet_job *j = NULL;
    provernet_status rc = provernet_worker_next(w, &j, PATIENCE_MS, &err);

    if (rc) {
        char *status = provernet_worker_status(w);

        fail_msg("next: %d %s %s", rc, err.message, status);
    }
    return j;
}

static void prove_next(provernet_worker *w, provernet_engine *e)
{
    provernet_error err = { 0 };

    if (provernet_job_prove(next(w), e, &err))
        fail_msg("prove: %s", err.message);
}

static void joins_and_proves(void **state)
{
    net_node *n = net_open(NULL);
    provernet_engine *e = engine();
    provernet_worker *w = join(n->pn, NULL);
    provernet_id a = net_request(n->pn, "poseidon");
    provernet_id b = net_request(n->pn, "multiplier");
    provernet_request r;
    char *text;

    (void)state;
    prove_next(w, e);
    prove_next(w, e);
    r = net_wait(n->pn, a);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    net_check_proof(n->pn, r.proof, "poseidon");
    r = net_wait(n->pn, b);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    net_check_proof(n->pn, r.proof, "multiplier");
    text = provernet_worker_status(w);
    assert_non_null(strstr(text, "\"jobs_done\":2"));
    assert_non_null(strstr(text, "\"connected\":true"));
    provernet_worker_free_text(text);
    provernet_worker_close(w);
    provernet_engine_close(e);
    net_remove(n);
}

static void proves_over_nng(void **state)
{
    net_node *n = net_open(NULL);
    provernet_engine *e = engine();
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *w = dial(port, 1, "one", NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_request r;

    (void)state;
    prove_next(w, e);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    net_check_proof(n->pn, r.proof, "multiplier");
    provernet_worker_close(w);
    provernet_engine_close(e);
    net_remove(n);
}

/* What did not fit is asked for no more, for a while; smaller jobs are. */
static void asks_for_less_after_what_did_not_fit(void **state)
{
    static const char *const pairs[] = { "task.backoff", "10ms", NULL };
    net_node *n = net_open(pairs);
    provernet_worker *w = join(n->pn, NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_job *j = next(w);
    uint64_t before = w->memory, fits;
    int64_t began = now_ms();

    (void)state;
    assert_int_equal(w->fits, 0);
    pvn_job_too_large(j);
    fits = w->fits;
    assert_in_range(fits, 1 << 20, 64 << 20);
    assert_true(before == 0 || fits < before);
    assert_true(w->fits_ms > began + 30000);
    pvn_job_too_large(j);
    assert_int_equal(w->fits, fits);
    assert_int_equal(
        provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS, "too large", NULL),
        0);
    /* This one states no need, so it is given out again: nothing is lost. */
    j = next(w);
    assert_int_equal(provernet_job_attempt(j), 2);
    assert_int_equal(
        provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS, "enough", NULL), 0);
    assert_int_not_equal(net_look(n->pn, id).state, PROVERNET_FAILED);
    provernet_worker_close(w);
    net_remove(n);
}

/* What a worker of somebody's own does, and what is wrong never counts. */
static void refuses_wrong_proofs(void **state)
{
    static const char *const pairs[] = { "task.backoff", "10ms", NULL };
    net_node *n = net_open(pairs);
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *w = dial(port, 1, "liar", NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_error err = { 0 };
    provernet_blob *out, *in;
    provernet_job *j = next(w);
    uint8_t bytes[64];
    provernet_request r;
    size_t len, got;
    char *proof;

    (void)state;
    assert_string_equal(provernet_job_kind(j), "groth16/bn254@1");
    assert_int_equal(provernet_job_attempt(j), 1);
    assert_string_equal(provernet_job_params(j), "{}");
    assert_int_equal(provernet_job_input(j, 0, &in, &err), 0);
    assert_int_equal(provernet_blob_read(in, bytes, 4, &got, 0, &err), 0);
    assert_memory_equal(bytes, "zkey", 4);
    assert_int_equal(provernet_job_input(j, 1, &in, &err), 0);
    assert_int_equal(provernet_blob_read(in, bytes, 4, &got, 0, &err), 0);
    assert_memory_equal(bytes, "wtns", 4);
    assert_int_equal(provernet_job_input(j, 2, &in, &err), PROVERNET_END);
    assert_int_equal(provernet_job_alive(j, 500, "thinking"), 0);
    /* a proof of another circuit */
    proof = net_foreign_proof("square", &len);
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, proof, len, &err), 0);
    free(proof);
    assert_int_equal(provernet_job_done(j, &err), PROVERNET_ERR_PROOF);
    r = net_look(n->pn, id);
    assert_int_not_equal(r.state, PROVERNET_FULFILLED);
    /* the second attempt hands in what snarkjs made */
    j = next(w);
    assert_int_equal(provernet_job_attempt(j), 2);
    proof = net_foreign_proof("multiplier", &len);
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, proof, len, &err), 0);
    free(proof);
    if (provernet_job_done(j, &err))
        fail_msg("done: %s", err.message);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    provernet_worker_close(w);
    net_remove(n);
}

static void gives_up_with_blame(void **state)
{
    net_node *n = net_open(NULL);
    provernet_worker *w = join(n->pn, NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_error err = { 0 };
    provernet_request r;

    (void)state;
    assert_int_equal(provernet_job_fail(next(w), PROVERNET_BLAME_INPUT,
                                        "the witness is rotten", &err),
                     0);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FAILED);
    assert_int_equal(r.cause, PROVERNET_CAUSE_INPUT);
    assert_non_null(strstr(r.waiting_for, "rotten"));
    provernet_worker_close(w);
    net_remove(n);
}

/* A worker that goes away between lease and completion: another goes on. */
static void another_takes_over(void **state)
{
    /* The first one says every third of it that it lives, and is told. */
    static const char *const pairs[] = { "lease.silence", "9s", "task.backoff",
                                         "10ms", NULL };
    net_node *n = net_open(pairs);
    provernet_engine *e = engine();
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *first = dial(port, 1, "first", NULL), *second;
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_error err = { 0 };
    provernet_job *j = next(first);
    provernet_request r;

    (void)state;
    /* The same key and name from another process: that is what the server
     * sees of a worker that was killed and came again. */
    second = dial(port, 1, "first", NULL);
    prove_next(second, e);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    /* The first one learns that it is over. */
    assert_int_not_equal(provernet_job_done(j, &err), PROVERNET_OK);
    assert_int_equal(provernet_worker_next(first, &j, PATIENCE_MS, &err),
                     PROVERNET_END);
    assert_non_null(strstr(err.message, "took over"));
    provernet_worker_close(first);
    provernet_worker_close(second);
    provernet_engine_close(e);
    net_remove(n);
}

/* A polite farewell gives leases back at once. */
static void leaves_politely(void **state)
{
    static const char *const pairs[] = { "lease.silence", "1h", "lease.ttl",
                                         "1h", NULL };
    net_node *n = net_open(pairs);
    provernet_engine *e = engine();
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *first = dial(port, 1, "first", NULL), *second;
    provernet_id id = net_request(n->pn, "multiplier");

    (void)state;
    (void)next(first); /* freed by close */
    provernet_worker_close(first);
    second = dial(port, 2, "second", NULL);
    prove_next(second, e);
    assert_int_equal(net_wait(n->pn, id).state, PROVERNET_FULFILLED);
    provernet_worker_close(second);
    provernet_engine_close(e);
    net_remove(n);
}

/* The server goes away in mid-lease and comes back: the job is handed in as
 * if nothing had been. */
static void survives_a_restart(void **state)
{
    static const char *const pairs[] = { "lease.silence", "1h", NULL };
    net_node *n = net_open(pairs);
    uint16_t port = listen_on(n->pn, tc_port());
    provernet_worker *w = dial(port, 1, "patient", NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_error err = { 0 };
    provernet_job *j = next(w);
    provernet_blob *out;
    provernet_request r;
    size_t len;
    char *proof = net_foreign_proof("multiplier", &len);

    (void)state;
    net_close_node(n);
    net_reopen(n, pairs);
    listen_on(n->pn, port);
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, proof, len, &err), 0);
    if (provernet_job_done(j, &err))
        fail_msg("done: %s", err.message);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    net_check_proof(n->pn, r.proof, "multiplier");
    free(proof);
    provernet_worker_close(w);
    net_remove(n);
}

static void hears_of_cancellation(void **state)
{
    static const char *const pairs[] = { "lease.silence", "6s", NULL };
    net_node *n = net_open(pairs);
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *w = dial(port, 1, "one", NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_error err = { 0 };
    provernet_job *j = next(w);

    (void)state;
    assert_int_equal(provernet_job_alive(j, 10, "early"), 0);
    assert_int_equal(provernet_cancel(n->pn, id, &err), 0);
    AWAIT(provernet_job_alive(j, 20, "late") != PROVERNET_OK);
    assert_int_equal(provernet_job_alive(j, 20, "late"),
                     PROVERNET_ERR_CANCELLED);
    assert_int_not_equal(provernet_job_done(j, &err), PROVERNET_OK);
    provernet_worker_close(w);
    net_remove(n);
}

/* Progress reaches whoever looks at the request. */
static void reports_progress(void **state)
{
    static const char *const pairs[] = { "lease.silence", "6s", NULL };
    net_node *n = net_open(pairs);
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *w = dial(port, 1, "one", NULL);
    provernet_id id = net_request(n->pn, "multiplier");
    provernet_error err = { 0 };
    provernet_job *j = next(w);

    (void)state;
    assert_int_equal(provernet_job_alive(j, 421, "sums"), 0);
    AWAIT(net_look(n->pn, id).permille == 421);
    assert_int_equal(
        provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS, "enough", &err), 0);
    provernet_worker_close(w);
    net_remove(n);
}

static void mock_workers_need_a_mock_server(void **state)
{
    static const char *const mock[] = { "node.mock", "true", NULL };
    net_node *n = net_open(NULL);
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *w = dial(port, 1, "mock", "*");
    provernet_error err = { 0 };
    provernet_blob *out;
    provernet_id id;
    provernet_job *j;

    (void)state;
    assert_int_equal(provernet_worker_next(w, &j, PATIENCE_MS, &err),
                     PROVERNET_END);
    assert_int_equal(err.status, PROVERNET_ERR_PERMISSION);
    assert_non_null(strstr(err.message, "mock"));
    provernet_worker_close(w);
    net_remove(n);

    n = net_open(mock);
    port = listen_on(n->pn, 0);
    w = dial(port, 1, "mock", "*");
    id = net_request(n->pn, "multiplier");
    j = next(w);
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, "mock", 4, &err), 0);
    if (provernet_job_done(j, &err))
        fail_msg("done: %s", err.message);
    assert_int_equal(net_wait(n->pn, id).state, PROVERNET_FULFILLED);
    provernet_worker_close(w);
    net_remove(n);
}

/* A kind of somebody's own: nobody trusts it, so another worker judges. */
static void another_worker_judges(void **state)
{
    net_node *n = net_open(NULL);
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *maker = dial(port, 1, "maker", "mine/stark@1");
    provernet_worker *judge = dial(port, 2, "judge", "verify/mine/stark@1");
    provernet_id program = net_store(n->pn, "program", "p", 1);
    provernet_id input = net_store(n->pn, "stdin", "i", 1);
    provernet_id id = net_request_kind(n->pn, "mine/stark@1", program, input);
    provernet_error err = { 0 };
    provernet_blob *out, *in;
    char byte[8];
    provernet_job *j;
    size_t got;

    (void)state;
    j = next(maker);
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, "proof", 5, &err), 0);
    if (provernet_job_done(j, &err))
        fail_msg("done: %s", err.message);
    assert_int_equal(net_look(n->pn, id).state, PROVERNET_VERIFYING);
    j = next(judge);
    assert_string_equal(provernet_job_kind(j), "verify/mine/stark@1");
    assert_int_equal(provernet_job_input(j, 2, &in, &err), 0);
    assert_int_equal(provernet_blob_read(in, byte, 8, &got, 0, &err), 0);
    assert_int_equal(got, 5);
    assert_memory_equal(byte, "proof", 5);
    if (provernet_job_done(j, &err))
        fail_msg("verdict: %s", err.message);
    assert_int_equal(net_wait(n->pn, id).state, PROVERNET_FULFILLED);
    provernet_worker_close(maker);
    provernet_worker_close(judge);
    net_remove(n);
}

static void trusts_what_it_is_told_to(void **state)
{
    static const char *const pairs[] = { "node.trust", "mine/stark@1", NULL };
    static const char *const kinds[] = { "worker.kinds", "mine/stark@1", NULL };
    net_node *n = net_open(pairs);
    provernet_worker *w = join(n->pn, kinds);
    provernet_id program = net_store(n->pn, "program", "p", 1);
    provernet_id input = net_store(n->pn, "stdin", "i", 1);
    provernet_id id = net_request_kind(n->pn, "mine/stark@1", program, input);
    provernet_error err = { 0 };
    size_t len = 3 << 20; /* more than comes along with a message */
    uint8_t *large = malloc(len);
    provernet_request r;
    provernet_blob *out;
    provernet_job *j;

    (void)state;
    assert_non_null(large);
    memset(large, 7, len);
    j = next(w);
    assert_int_equal(provernet_job_output(j, &out, &err), 0);
    assert_int_equal(provernet_blob_write(out, large, len, &err), 0);
    if (provernet_job_done(j, &err))
        fail_msg("done: %s", err.message);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FULFILLED);
    assert_int_equal(provernet_blob_open(n->pn, &out, r.proof, &err), 0);
    assert_int_equal(provernet_blob_len(out), len);
    provernet_blob_close(out);
    free(large);
    provernet_worker_close(w);
    net_remove(n);
}

static void next_waits_and_stops(void **state)
{
    net_node *n = net_open(NULL);
    uint16_t port = listen_on(n->pn, 0);
    provernet_worker *w = dial(port, 1, "idle", NULL);
    provernet_error err = { 0 };
    provernet_job *j;

    (void)state;
    assert_int_equal(provernet_worker_next(w, &j, 0, &err), PROVERNET_AGAIN);
    assert_int_equal(provernet_worker_next(w, &j, 300, &err), PROVERNET_AGAIN);
    provernet_worker_stop(w);
    assert_int_equal(provernet_worker_next(w, &j, -1, &err), PROVERNET_END);
    provernet_worker_close(w);
    net_remove(n);
}

/* What cannot be proven is the input's fault, and final. */
static void blames_the_input(void **state)
{
    net_node *n = net_open(NULL);
    provernet_engine *e = engine();
    provernet_worker *w = join(n->pn, NULL);
    size_t len;
    uint8_t *zkey = slurp(VECTOR("multiplier/circuit.zkey"), &len);
    provernet_id program = net_store(n->pn, "program", zkey, len);
    uint8_t *wtns = slurp(VECTOR("poseidon/witness.wtns"), &len);
    provernet_id input = net_store(n->pn, "stdin", wtns, len);
    provernet_id id =
        net_request_kind(n->pn, "groth16/bn254@1", program, input);
    provernet_error err = { 0 };
    provernet_request r;

    (void)state;
    assert_int_equal(provernet_job_prove(next(w), e, &err),
                     PROVERNET_ERR_MISMATCH);
    r = net_wait(n->pn, id);
    assert_int_equal(r.state, PROVERNET_FAILED);
    assert_int_equal(r.cause, PROVERNET_CAUSE_INPUT);
    free(zkey);
    free(wtns);
    provernet_worker_close(w);
    provernet_engine_close(e);
    net_remove(n);
}

/* Closing does not wait for a server that is gone, and never comes. */
static void closes_without_a_server(void **state)
{
    net_node *n = net_open(NULL);
    uint16_t port = listen_on(n->pn, tc_port());
    provernet_worker *w = dial(port, 1, "one", NULL);

    (void)state;
    net_request(n->pn, "multiplier");
    (void)next(w);
    net_close_node(n);
    provernet_worker_close(w);
    w = dial(port, 1, "one", NULL); /* nobody listens there now */
    usleep(400000);
    provernet_worker_close(w);
    net_remove(n);
}

static void says_what_is_wrong(void **state)
{
    static const char *const bad[] = { "worker.server", "", NULL };
    net_node *n = net_open(NULL);
    provernet_options *o = net_options(bad);
    provernet_error err = { 0 };
    provernet_worker *w;
    provernet_key *k;
    uint16_t port;

    (void)state;
    assert_int_equal(provernet_key_new(&k, NULL, &err), 0);
    assert_int_equal(provernet_worker_dial(&w, o, k, &err),
                     PROVERNET_ERR_CONFIG);
    assert_null(w);
    assert_int_equal(provernet_worker_listen(n->pn, "nonsense", &port, &err),
                     PROVERNET_ERR_INVALID);
    port = listen_on(n->pn, 0);
    assert_int_equal(
        provernet_worker_listen(n->pn, "tcp://127.0.0.1:0", &port, &err),
        PROVERNET_ERR_STATE);
    provernet_key_free(k);
    provernet_options_free(o);
    net_remove(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_and_proves),
        cmocka_unit_test(proves_over_nng),
        cmocka_unit_test(refuses_wrong_proofs),
        cmocka_unit_test(asks_for_less_after_what_did_not_fit),
        cmocka_unit_test(gives_up_with_blame),
        cmocka_unit_test(another_takes_over),
        cmocka_unit_test(leaves_politely),
        cmocka_unit_test(survives_a_restart),
        cmocka_unit_test(hears_of_cancellation),
        cmocka_unit_test(reports_progress),
        cmocka_unit_test(mock_workers_need_a_mock_server),
        cmocka_unit_test(another_worker_judges),
        cmocka_unit_test(trusts_what_it_is_told_to),
        cmocka_unit_test(next_waits_and_stops),
        cmocka_unit_test(blames_the_input),
        cmocka_unit_test(closes_without_a_server),
        cmocka_unit_test(says_what_is_wrong),
    };

    return cmocka_run_group_tests_name("net_worker", tests, NULL, NULL);
}
