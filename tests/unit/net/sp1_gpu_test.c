/* tests/unit/net/sp1_gpu_test.c - a worker in front of a stand-in for SP1's
 * GPU server, which speaks its socket protocol as its source has it. */
#include "base/bytes.h"
#include "net_help.h"
#include <provernet/sp1.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PROOF = 300000, VK = 1000, SEEN = 64 };

typedef enum fault {
    GOOD,
    PROVER_ERROR,
    INTERNAL_ERROR,
    HALF_A_PROOF,
    OTHER_KEY,
    UNKNOWN_TAG,
    HUGE_PROOF,
    NO_PROOF,
    LONG_TEXT,
    SILENT
} fault;

typedef struct stand_in {
    char path[100];
    int listener;
    pthread_t thread;
    _Atomic fault next; /* of the next ProveWithMode or Setup; then GOOD */
    atomic_int setups, proofs, forgets, connections, mode;
    uint8_t input[32]; /* SHA-256 of the last stdin */
} stand_in;

static bool get(int fd, void *to, size_t len)
{
    uint8_t *at = to;

    while (len > 0) {
        ssize_t n = recv(fd, at, len, 0);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static void put(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

static void answer(int fd, uint32_t tag, const void *data, size_t len)
{
    uint8_t head[8];

    pvn_put_u32le(head, (uint32_t)len + 4);
    pvn_put_u32le(head + 4, tag);
    put(fd, head, 8);
    put(fd, data, len);
}

static void answer_text(int fd, uint32_t tag, const char *text)
{
    uint8_t data[4096];
    size_t len = strlen(text);

    pvn_put_u64le(data, len);
    memcpy(data + 8, text, len);
    answer(fd, tag, data, 8 + len);
}

/* The bytes of a proof: their place tells what they are. */
static uint8_t *proof_bytes(void)
{
    uint8_t *p = malloc(PROOF);

    for (size_t i = 0; i < PROOF; i++)
        p[i] = (uint8_t)(i * 7 + i / 251);
    return p;
}

static void on_setup(stand_in *s, int fd, const uint8_t *body, size_t len)
{
    uint8_t out[32 + VK] = { 0 };

    assert_true(len >= 8 && pvn_get_u64le(body) == len - 8);
    crypto_hash_sha256(out, body + 8, len - 8);
    if (atomic_load(&s->next) == OTHER_KEY) {
        atomic_store(&s->next, GOOD);
        out[0] ^= 1;
    }
    atomic_fetch_add(&s->setups, 1);
    answer(fd, 1, out, sizeof out);
}

/* false: hang up. */
static bool on_prove(stand_in *s, int fd, const uint8_t *body, size_t len)
{
    static const uint8_t nonce[16] = { 0 };
    uint8_t *proof = proof_bytes(), head[8];
    bool on = true;
    char text[900];

    assert_true(len >= 4 + 32 + 16);
    atomic_store(&s->mode, (int)pvn_get_u32le(body));
    crypto_hash_sha256(s->input, body + 36, len - 52);
    assert_memory_equal(body + len - 16, nonce, 16);
    atomic_fetch_add(&s->proofs, 1);
    switch (atomic_exchange(&s->next, GOOD)) {
    case PROVER_ERROR:
        answer_text(fd, 3, "execution failed:\nnonzero exit code");
        break;
    case INTERNAL_ERROR:
        answer_text(fd, 4, "panic");
        on = false;
        break;
    case LONG_TEXT:
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        answer_text(fd, 3, text);
        break;
    case HALF_A_PROOF:
        pvn_put_u32le(head, PROOF + 4);
        pvn_put_u32le(head + 4, 2);
        put(fd, head, 8);
        put(fd, proof, PROOF / 2);
        on = false;
        break;
    case UNKNOWN_TAG:
        answer(fd, 9, proof, 100);
        break;
    case NO_PROOF:
        answer(fd, 2, NULL, 0);
        break;
    case HUGE_PROOF:
        pvn_put_u32le(head, UINT32_MAX);
        pvn_put_u32le(head + 4, 2);
        put(fd, head, 8);
        break;
    case SILENT:
        on = get(fd, head, 1); /* until the worker hangs up */
        break;
    default:
        answer(fd, 2, proof, PROOF);
    }
    free(proof);
    return on;
}

static void serve(stand_in *s, int fd)
{
    uint8_t head[8];
    bool on = true;

    while (on && get(fd, head, 8)) {
        uint32_t len = pvn_get_u32le(head) - 4;
        uint8_t *body = malloc(len + 1);

        assert_non_null(body);
        if (!get(fd, body, len)) {
            free(body);
            return;
        }
        switch (pvn_get_u32le(head + 4)) {
        case 0:
            on_setup(s, fd, body, len);
            break;
        case 1:
            on = on_prove(s, fd, body, len);
            break;
        default:
            atomic_fetch_add(&s->forgets, 1);
            answer(fd, 0, NULL, 0);
        }
        free(body);
    }
}

static void *stand(void *arg)
{
    stand_in *s = arg;
    int fd;

    while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
        atomic_fetch_add(&s->connections, 1);
        serve(s, fd);
        close(fd);
    }
    return NULL;
}

static stand_in *stand_in_new(void)
{
    stand_in *s = calloc(1, sizeof *s);
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    snprintf(s->path, sizeof s->path, "/tmp/pvn-sp1-%d.sock", (int)getpid());
    unlink(s->path);
    strcpy(a.sun_path, s->path);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, stand, s), 0);
    return s;
}

static void stand_in_free(stand_in *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    unlink(s->path);
    free(s);
}

/* ---- the node around it ---- */

typedef struct bench {
    net_node *n;
    stand_in *s;
    provernet_worker *w;
    provernet_sp1_gpu *g;
} bench;

static bench *bench_new(const char *trust)
{
    const char *node[] = { "node.trust", trust, NULL };
    static const char *const worker[] = { "worker.kinds",
                                          PROVERNET_SP1_GPU_KINDS ",sp1/core@5",
                                          NULL };
    bench *b = calloc(1, sizeof *b);
    provernet_error err = { 0 };
    provernet_options *o = net_options(worker);

    b->n = net_open(node);
    b->s = stand_in_new();
    if (provernet_worker_join(&b->w, b->n->pn, o, &err))
        fail_msg("join: %s", err.message);
    provernet_options_free(o);
    if (provernet_sp1_gpu_open(&b->g, b->s->path, &err))
        fail_msg("open: %s", err.message);
    return b;
}

static void bench_free(bench *b)
{
    provernet_worker_close(b->w);
    provernet_sp1_gpu_close(b->g);
    stand_in_free(b->s);
    net_remove(b->n);
    free(b);
}

/* A program of its own for each number: u64 length and "ELF". */
static provernet_id program(bench *b, uint8_t number)
{
    uint8_t bytes[8 + 100] = { 100, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E', 'L', 'F' };

    bytes[50] = number;
    return net_store(b->n->pn, "program", bytes, sizeof bytes);
}

static uint8_t input_bytes[200000];

static provernet_id ask(bench *b, const char *kind, uint8_t number)
{
    provernet_id p = program(b, number);
    provernet_id i;

    for (size_t k = 0; k < sizeof input_bytes; k++)
        input_bytes[k] = (uint8_t)(k ^ number ^ k >> 8);
    i = net_store(b->n->pn, "stdin", input_bytes, sizeof input_bytes);
    return net_request_kind(b->n->pn, kind, p, i);
}

static provernet_job *next(bench *b)
{
    provernet_error err = { 0 };
    provernet_job *j = NULL;

    if (provernet_worker_next(b->w, &j, PATIENCE_MS, &err))
        fail_msg("next: %s", err.message);
    return j;
}

static void check_output(bench *b, provernet_id id)
{
    uint8_t *want = proof_bytes(), *got = malloc(PROOF + 1);
    provernet_error err = { 0 };
    provernet_blob *blob;
    size_t at = 0, n;

    assert_int_equal(provernet_blob_open(b->n->pn, &blob, id, &err), 0);
    assert_int_equal(provernet_blob_len(blob), PROOF);
    while (at < PROOF &&
           provernet_blob_read(blob, got + at, PROOF - at, &n, at, &err) == 0)
        at += n;
    assert_int_equal(at, PROOF);
    assert_memory_equal(got, want, PROOF);
    provernet_blob_close(blob);
    free(want);
    free(got);
}

/* (The wraps, too, are trusted: a program that was never registered has no
 * name that a proof could be judged by.) */
static void every_mode_is_proved(void **state)
{
    static const char *const kinds[] = { "sp1/core@6", "sp1/compressed@6",
                                         "sp1/plonk@6", "sp1/groth16@6" };
    bench *b = bench_new("sp1/core@6,sp1/compressed@6,sp1/plonk@6,"
                         "sp1/groth16@6");
    provernet_error err = { 0 };
    uint8_t digest[32];

    (void)state;
    for (int i = 0; i < 4; i++) {
        provernet_id id = ask(b, kinds[i], 1);
        provernet_request r;

        if (provernet_job_prove_sp1(next(b), b->g, &err))
            fail_msg("prove: %s", err.message);
        r = net_wait(b->n->pn, id);
        assert_int_equal(r.state, PROVERNET_FULFILLED);
        check_output(b, r.proof);
        assert_int_equal(atomic_load(&b->s->mode), i + 1);
        crypto_hash_sha256(digest, input_bytes, sizeof input_bytes);
        assert_memory_equal(b->s->input, digest, 32);
    }
    assert_int_equal(atomic_load(&b->s->setups), 1); /* one program */
    bench_free(b);
}

static void old_programs_are_forgotten(void **state)
{
    bench *b = bench_new("sp1/core@6");
    provernet_error err = { 0 };

    (void)state;
    for (uint8_t i = 0; i < 6; i++) {
        ask(b, "sp1/core@6", i);
        assert_int_equal(provernet_job_prove_sp1(next(b), b->g, &err), 0);
    }
    assert_int_equal(atomic_load(&b->s->setups), 6);
    assert_int_equal(atomic_load(&b->s->forgets), 2);
    ask(b, "sp1/core@6", 0); /* again */
    assert_int_equal(provernet_job_prove_sp1(next(b), b->g, &err), 0);
    assert_int_equal(atomic_load(&b->s->setups), 7);
    assert_int_equal(atomic_load(&b->s->connections), 1);
    bench_free(b);
}

/* Whatever the server does, the job goes back with a reason and the next one
 * is proved. */
static void faults_are_told_and_outlived(void **state)
{
    static const struct {
        fault fault;
        provernet_status status;
        int connections; /* afterwards, with the next job */
        const char *words;
    } cases[] = {
        { PROVER_ERROR, PROVERNET_ERR_PROOF, 1, "nonzero exit code" },
        { LONG_TEXT, PROVERNET_ERR_PROOF, 1, "xxxx" },
        { INTERNAL_ERROR, PROVERNET_ERR_UNAVAILABLE, 2, "panic" },
        { HALF_A_PROOF, PROVERNET_ERR_CONNECT, 2, "ended the connection" },
        { UNKNOWN_TAG, PROVERNET_ERR_UNAVAILABLE, 2, "not its protocol" },
        { NO_PROOF, PROVERNET_ERR_UNAVAILABLE, 2, "not its protocol" },
        { HUGE_PROOF, PROVERNET_ERR_UNAVAILABLE, 2, "not its protocol" },
        { OTHER_KEY, PROVERNET_ERR_UNAVAILABLE, 2, "another program" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench *b = bench_new("sp1/core@6");
        provernet_error err = { 0 };
        provernet_id id = ask(b, "sp1/core@6", 1);

        atomic_store(&b->s->next, cases[i].fault);
        assert_int_equal(provernet_job_prove_sp1(next(b), b->g, &err),
                         cases[i].status);
        if (!strstr(err.message, cases[i].words))
            fail_msg("case %zu: %s", i, err.message);
        assert_null(strchr(err.message, '\r'));
        if (provernet_job_prove_sp1(next(b), b->g, &err))
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(net_wait(b->n->pn, id).state, PROVERNET_FULFILLED);
        assert_int_equal(atomic_load(&b->s->connections), cases[i].connections);
        bench_free(b);
    }
}

static void a_cancelled_job_ends_soon(void **state)
{
    bench *b = bench_new("sp1/core@6");
    provernet_id id = ask(b, "sp1/core@6", 1);
    provernet_error err = { 0 };
    provernet_job *j;

    (void)state;
    atomic_store(&b->s->next, SILENT);
    j = next(b);
    assert_int_equal(provernet_cancel(b->n->pn, id, &err), 0);
    assert_int_equal(provernet_job_prove_sp1(j, b->g, &err),
                     PROVERNET_ERR_CANCELLED);
    ask(b, "sp1/core@6", 2);
    assert_int_equal(provernet_job_prove_sp1(next(b), b->g, &err), 0);
    bench_free(b);
}

static void what_is_not_its_work_is_refused(void **state)
{
    bench *b = bench_new("sp1/core@6");
    provernet_error err = { 0 };
    provernet_sp1_gpu *g;
    provernet_job *j;
    char *path;
    static const uint8_t torn[12] = { 100, 0, 0, 0, 0, 0, 0, 0, 0x7f, 'E' };

    (void)state;
    ask(b, "sp1/core@5", 1);
    j = next(b);
    assert_int_equal(provernet_job_prove_sp1(j, b->g, &err),
                     PROVERNET_ERR_UNSUPPORTED);
    assert_int_equal(provernet_job_fail(j, PROVERNET_BLAME_INPUT, "no", &err),
                     0);
    net_request_kind(b->n->pn, "sp1/core@6",
                     net_store(b->n->pn, "program", torn, sizeof torn),
                     net_store(b->n->pn, "stdin", torn, sizeof torn));
    assert_int_equal(provernet_job_prove_sp1(next(b), b->g, &err),
                     PROVERNET_ERR_FORMAT);
    assert_int_equal(provernet_sp1_gpu_open(&g, "gpu", &err),
                     PROVERNET_ERR_INVALID);
    assert_int_equal(provernet_sp1_gpu_open(&g, "/tmp/nobody/there", &err),
                     PROVERNET_ERR_CONNECT);
    assert_non_null(strstr(err.message, "sp1-gpu-server"));
    path = malloc(300);
    memset(path, '/', 299);
    path[299] = '\0';
    assert_int_equal(provernet_sp1_gpu_open(&g, path, &err),
                     PROVERNET_ERR_INVALID);
    assert_null(g);
    free(path);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_is_proved),
        cmocka_unit_test(old_programs_are_forgotten),
        cmocka_unit_test(faults_are_told_and_outlived),
        cmocka_unit_test(a_cancelled_job_ends_soon),
        cmocka_unit_test(what_is_not_its_work_is_refused),
    };

    return cmocka_run_group_tests_name("sp1_gpu", tests, NULL, NULL);
}
