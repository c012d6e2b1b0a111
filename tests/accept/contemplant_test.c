/* tests/accept/contemplant_test.c - two hundred requests of twenty requesters
 * while workers of both wires come, go, hang, lie and crash: none is lost, none
 * is fulfilled unverified, and every end has its reason on the page, also
 * after a restart.
 *
 *   accept_contemplant_test PROGRAMS KEYGEN VECTORS */
#include "accept.h"
#include "contemplant.h"
#include <provernet/worker.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 20, EACH = 10, INPUT = 150000, PROOF = 70000 };

static char program_worker[400], provernetd[400];
static circuit small;
static tc_server server;
static tc_user users[USERS];
static const char *const none[] = { NULL };
static atomic_bool done;

typedef struct wish {
    uint8_t id[32];
    bool sp1;
    uint32_t seed; /* of its input */
} wish;
static wish wishes[USERS][EACH];

static void said(const char *what, int64_t began_us)
{
    printf("%-52s %6.2f s\n", what, (double)(tc_now_us() - began_us) / 1e6);
    fflush(stdout);
}

/* ---- a system that stands for SP1: a proof is a mark of program and input,
 * which anybody can check ---- */

static uint64_t mark(uint64_t h, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static void make_input(uint8_t *out, uint32_t seed)
{
    for (size_t i = 0; i < INPUT; i++) {
        seed = seed * 1664525 + 1013904223;
        out[i] = (uint8_t)(seed >> 24);
    }
}

/* Variant 1 is Compressed; then the mark; then bulk, so that it goes into a
 * file. */
static void make_proof(uint8_t out[PROOF], const uint8_t *program,
                       size_t program_len, const uint8_t *input,
                       size_t input_len)
{
    uint64_t h = mark(mark(14695981039346656037u, program, program_len), input,
                      input_len);

    memset(out, 7, PROOF);
    memcpy(out, "\1\0\0\0", 4);
    memcpy(out + 4, &h, 8);
}

/* ---- who verifies: a worker of ours, by the public API ---- */

static void *read_blob(provernet_job *j, size_t i, size_t *len)
{
    provernet_blob *b = NULL;
    uint8_t *all = NULL;
    size_t cap = 0, got = 1;

    *len = 0;
    if (provernet_job_input(j, i, &b, NULL) != PROVERNET_OK)
        return NULL;
    while (got > 0) {
        if (cap - *len < 65536)
            all = realloc(all, cap = cap * 2 + 65536);
        MUST(all != NULL);
        got = 0;
        if (provernet_blob_read(b, all + *len, cap - *len, &got, *len, NULL) <
            0)
            break;
        *len += got;
    }
    return all;
}

static void judge(provernet_job *j)
{
    size_t n[3];
    uint8_t *in[3], want[PROOF];
    provernet_error err;

    for (size_t i = 0; i < 3; i++)
        in[i] = read_blob(j, i, &n[i]);
    if (!in[0] || !in[1] || !in[2] || n[0] < 8) {
        (void)!provernet_job_fail(j, PROVERNET_BLAME_SURROUNDINGS,
                                  "cannot read", NULL);
    } else {
        make_proof(want, in[0] + 8, n[0] - 8, in[1], n[1]);
        if (n[2] == PROOF && memcmp(want, in[2], PROOF) == 0)
            (void)!provernet_job_done(j, &err);
        else
            (void)!provernet_job_fail(j, PROVERNET_BLAME_INPUT,
                                      "the mark is wrong", NULL);
    }
    for (size_t i = 0; i < 3; i++)
        free(in[i]);
}

static void *verifier(void *arg)
{
    provernet_options *o = provernet_options_new();
    provernet_key *key = NULL;
    provernet_worker *w = NULL;
    provernet_job *j;
    char address[40];

    (void)arg;
    snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
    MUST(provernet_key_new(&key, NULL, NULL) == 0);
    MUST(provernet_options_set(o, "worker.server", address, NULL) == 0);
    MUST(provernet_options_set(o, "worker.name", "verifier", NULL) == 0);
    MUST(provernet_options_set(o, "worker.kinds", "verify/sp1/compressed@6",
                               NULL) == 0);
    MUST(provernet_worker_dial(&w, o, key, NULL) == 0);
    while (!atomic_load(&done))
        if (provernet_worker_next(w, &j, 200, NULL) == PROVERNET_OK)
            judge(j);
    provernet_worker_close(w);
    provernet_key_free(key);
    provernet_options_free(o);
    return NULL;
}

/* ---- Contemplants: one life after another ---- */

typedef enum manner {
    HONEST,  /* some proofs, then it goes */
    CRASHES, /* the socket ends in mid-proof */
    HANGS,   /* beats, but answers nothing */
    SILENT,  /* answers, but its heart stops */
    LIES,    /* a proof that only a verifier can tell */
    BLUFFS,  /* one that anybody can tell */
    FORGETS, /* does not know its job, then reports an error */
    MANNERS
} manner;

typedef struct life {
    char name[24];
    manner manner;
    bool early;  /* in the first round: it leaves work for all manners */
    bool worked; /* it had a job: its end must be on the page as planned */
    char reason[124];
    int code;
} life;
enum { LIVES = 400 };
static life lives[2][LIVES];
static size_t lived[2];

static const char *const why[MANNERS] = {
    [HONEST] = "the connection ended",
    [CRASHES] = "the connection ended in mid-proof",
    [HANGS] = "status questions were not answered",
    [SILENT] = "no heartbeat for",
    [LIES] = "the connection ended",
    [BLUFFS] = "the proof is wrong",
    [FORGETS] = "the connection ended",
};

static void prove_it(tc_contemplant *c, bool lie)
{
    uint8_t proof[PROOF];

    make_proof(proof, c->job.program, c->job.program_len, c->job.input,
               c->job.input_len);
    if (lie)
        proof[5] ^= 1;
    tc_contemplant_proof(c, proof, sizeof proof);
}

/* One question about a job; false: this life is over. */
static bool respond(tc_contemplant *c, life *l, int *questions, int *jobs)
{
    int q = ++*questions;

    switch (l->manner) {
    case HANGS:
        return true;
    case CRASHES:
        return q < 2 && tc_contemplant_working(c, 10);
    case BLUFFS:
        tc_contemplant_proof(c, "\0\0\0\0I say so", 12);
        return true;
    case FORGETS:
        if (q == 1)
            tc_contemplant_unknown(c);
        else
            tc_contemplant_error(c);
        return q < 2;
    case SILENT:
        return tc_contemplant_working(c, -1);
    case HONEST:
    case LIES:
    default:
        if (q % 3 != 0)
            return tc_contemplant_working(c, q % 3 * 30);
        prove_it(c, l->manner == LIES);
        ++*jobs;
        return true;
    }
}

static bool enough(const life *l, int jobs)
{
    return (l->manner == HONEST && jobs >= (l->early ? 1 : 4)) ||
           (l->manner == LIES && jobs >= 1);
}

static void live(life *l)
{
    int64_t beat = tc_now_us(), stop = beat + PATIENCE_MS * 1000LL;
    int questions = 0, jobs = 0;
    tc_contemplant c;
    bool on;

    on = tc_contemplant_open(&c, "127.0.0.1", server.port, l->name, "7.1.0");
    while (on && tc_now_us() < stop &&
           !(atomic_load(&done) && l->manner == HONEST)) {
        tc_heard heard = tc_contemplant_next(&c, 20);

        if (l->manner != SILENT && tc_now_us() - beat > 200000) {
            beat = tc_now_us();
            tc_contemplant_beat(&c);
        }
        if (heard == TC_OVER)
            break;
        /* Its proof may have crossed another question about the same job. */
        MUST(heard != TC_STRANGE || l->worked);
        l->worked = l->worked || heard == TC_JOB;
        if (heard == TC_JOB)
            MUST(c.job.mode == 2 && !c.job.mock && c.job.input_len == INPUT);
        if (heard == TC_QUESTION)
            on = respond(&c, l, &questions, &jobs);
        /* With the next job in its hands, if there is one: the server is quick
         * to give it. */
        if (enough(l, jobs) &&
            (heard == TC_JOB || (heard == TC_NOTHING && !c.busy)))
            on = false;
        if (atomic_load(&done) && !l->worked)
            on = false;
    }
    l->code = c.code;
    memcpy(l->reason, c.reason, sizeof l->reason);
    tc_contemplant_close(&c);
}

static void *contemplants(void *arg)
{
    /* Each manner in turn; the honest ones do the work. */
    static const manner turns[] = { HONEST,  CRASHES, HONEST, HANGS,  HONEST,
                                    LIES,    BLUFFS,  HONEST, SILENT, HONEST,
                                    FORGETS, HONEST,  LIES };
    enum { TURNS = sizeof turns / sizeof *turns };
    size_t lane = (size_t)(uintptr_t)arg;

    for (size_t i = 0; i < LIVES && (!atomic_load(&done) || i < TURNS); i++) {
        life *l = &lives[lane][i];

        l->manner = turns[(i + 5 * lane) % TURNS];
        l->early = i < TURNS;
        snprintf(l->name, sizeof l->name, "c%zu-%zu", lane, i);
        live(l);
        lived[lane] = i + 1;
        if (atomic_load(&done) && i >= TURNS)
            break;
    }
    return NULL;
}

/* ---- the page ---- */

/* The entries of this name: does one's reason begin or contain so? */
static bool page_says(json_t *list, const char *name, const char *reason)
{
    json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        json_t *w = json_array_get(e, 1);

        if (strcmp(api_text(w, "name"), name) == 0 &&
            strstr(api_text(w, "reason"), reason))
            return true;
    }
    return false;
}

static const char *any_reason(json_t *list, const char *name)
{
    json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        json_t *w = json_array_get(e, 1);

        if (strcmp(api_text(w, "name"), name) == 0)
            return api_text(w, "reason");
    }
    return "(not there)";
}

static bool died_of(const char *name, const char *reason)
{
    json_t *list = api_get(&server, "/dead-contemplants");
    bool yes = page_says(list, name, reason);

    json_decref(list);
    return yes;
}

/* ---- workers over nng: processes ---- */

typedef struct gone {
    char name[24];
    const char *why;
} gone;
static gone nng_gone[64];
static size_t nng_len;

static void note_gone(const char *name, const char *reason)
{
    gone *g = &nng_gone[nng_len++];

    snprintf(g->name, sizeof g->name, "%s", name);
    g->why = reason;
}

static bool is_here(const char *name)
{
    json_t *o = api_get(&server, "/api/v1/workers"), *w;
    bool yes = false;
    size_t i;

    json_array_foreach(json_object_get(o, "workers"), i, w) yes |=
        strcmp(api_text(w, "name"), name) == 0;
    json_decref(o);
    return yes;
}

static void *processes(void *arg)
{
    static const char *const lying[] = { "--mock",  "--mock-delay",    "1ms",
                                         "--kinds", "groth16/bn254@1", NULL };
    pid_t steady, liar = worker_start(&server, program_worker, "liar", lying);

    (void)arg;
    /* The liar first: else there might be nothing left to lie about. */
    AWAIT(died_of("liar", "the proof is wrong"));
    steady = worker_start(&server, program_worker, "steady", none);
    for (int i = 0; i < 6 && !atomic_load(&done); i++) {
        char name[24];
        pid_t p;

        snprintf(name, sizeof name, "n%d", i);
        p = worker_start(&server, program_worker, name, none);
        AWAIT(is_here(name));
        tc_sleep_ms(1500);
        if (i % 3 == 1)
            kill(p, SIGSTOP); /* hangs; it is killed much later */
        if (i % 3 == 1)
            tc_sleep_ms(2500);
        if (i % 3 != 2)
            note_gone(name, "silent for more than");
        worker_end(&p, i % 3 == 2 ? SIGTERM : SIGKILL);
        if (i % 3 == 2)
            note_gone(name, "");
    }
    while (!atomic_load(&done))
        tc_sleep_ms(50);
    worker_end(&liar, SIGKILL);
    worker_end(&steady, SIGTERM);
    return NULL;
}

/* ---- requests ---- */

static void submit_all(void)
{
    static uint8_t program[4096] = { 0xf8, 0x0f }, input[INPUT];
    static const uint8_t hash[32] = { 0x5b, 1 }, vk[32] = { 9 };
    char uri[512];

    memcpy(program + 8, "\177ELF\2\1\1", 7);
    MUST(circuit_register(&small, &users[0]));
    MUST(tc_artifact(&users[0], 1, program, sizeof program, uri) == 0);
    MUST(tc_create_program(&users[0], hash, vk, sizeof vk, uri) == 0);
    for (int u = 0; u < USERS; u++)
        for (int i = 0; i < EACH; i++) {
            wish *w = &wishes[u][i];

            w->sp1 = (u + i) % 2;
            w->seed = (uint32_t)(u * EACH + i + 1);
            if (!w->sp1) {
                MUST(circuit_request(&small, &users[u], w->id));
                continue;
            }
            make_input(input, w->seed);
            MUST(tc_artifact(&users[u], 2, input, INPUT, uri) == 0);
            MUST(tc_request(&users[u], hash, 2, uri,
                            (uint64_t)time(NULL) + 3600, w->id) == 0);
        }
}

static void check_sp1(const wish *w, const char *uri)
{
    static uint8_t program[4088], input[INPUT], want[PROOF];
    tc_http h;

    memcpy(program, "\177ELF\2\1\1", 7);
    make_input(input, w->seed);
    make_proof(want, program, sizeof program, input, INPUT);
    MUST(tc_http_url("GET", uri, "", 0, &h) && h.status == 200);
    MUST(h.body.len == PROOF && memcmp(h.body.data, want, PROOF) == 0);
    tc_http_free(&h);
}

static void collect_all(void)
{
    for (int u = 0; u < USERS; u++)
        for (int i = 0; i < EACH; i++) {
            const wish *w = &wishes[u][i];
            tc_status s;
            int got = request_wait(&users[u], w->id, &s);

            if (got != 3)
                fprintf(stderr, "user %d, request %d (%s): %d\n", u, i,
                        w->sp1 ? "sp1" : "circuit", got);
            MUST(got == 3);
            if (w->sp1)
                check_sp1(w, s.proof_uri);
            else
                MUST(circuit_judge(&small, s.proof_uri));
        }
}

/* ---- the pages ---- */

/* A machine may be too slow for the limits of this test: then a worker ends in
 * another way than it meant to. How each way is told is seen one by one above;
 * here every end must have one of them, and what the worker was told itself. */
static bool is_fair(const life *l, const char *reason)
{
    if (l->code)
        return strstr(reason, l->reason) != NULL;
    for (int m = 0; m < MANNERS; m++)
        if (strstr(reason, why[m]))
            return true;
    return strncmp(reason, "set aside", 9) == 0;
}

static bool ends_fairly(json_t *list, const life *l)
{
    json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        json_t *w = json_array_get(e, 1);

        if (strcmp(api_text(w, "name"), l->name) == 0 &&
            is_fair(l, api_text(w, "reason")))
            return true;
    }
    return false;
}

/* Who has not; NULL: nobody. */
static const char *without_reason(void)
{
    json_t *list = api_get(&server, "/dead-contemplants");
    const char *who = NULL;

    MUST(list != NULL);
    for (size_t lane = 0; lane < 2; lane++)
        for (size_t i = 0; i < lived[lane]; i++)
            if (!ends_fairly(list, &lives[lane][i]))
                who = lives[lane][i].name;
    for (size_t i = 0; i < nng_len; i++)
        if (!page_says(list, nng_gone[i].name, nng_gone[i].why))
            who = nng_gone[i].name;
    json_decref(list);
    return who;
}

static void every_end_has_its_reason(void)
{
    int64_t until = 0;
    const char *who;

    while ((who = without_reason()) != NULL && patient(&until))
        continue; /* silence is noticed */
    if (who) {
        json_t *list = api_get(&server, "/dead-contemplants");

        fprintf(stderr, "%s: \"%s\" on the page\n", who, any_reason(list, who));
        json_decref(list);
    }
    MUST(who == NULL);
}

static char *page_text(const char *path)
{
    json_t *o = api_get(&server, path);
    char *text = o ? json_dumps(o, JSON_SORT_KEYS) : NULL;

    json_decref(o);
    MUST(text != NULL);
    return text;
}

static void the_pages_outlive_a_restart(const char *const *args)
{
    char *history = page_text("/proof-history"), *now;
    json_t *o = json_loads(history, 0, NULL), *dead;
    size_t deaths;

    MUST(json_array_size(o) == USERS * EACH);
    json_decref(o);
    dead = api_get(&server, "/dead-contemplants");
    deaths = json_array_size(dead);
    json_decref(dead);
    MUST(tc_server_end(&server, SIGKILL) == -SIGKILL);
    MUST(tc_server_start(&server, provernetd, args));
    now = page_text("/proof-history");
    MUST(strcmp(now, history) == 0);
    dead = api_get(&server, "/dead-contemplants");
    MUST(json_array_size(dead) >= deaths);
    json_decref(dead);
    free(history);
    free(now);
}

static void in_a_rough_world(void)
{
    static const char *const args[] = { "--no-worker",
                                        "--log-level",
                                        "warn",
                                        "--set",
                                        "contemplant.sp1=6",
                                        "--set",
                                        "contemplant.poll=20ms",
                                        "--set",
                                        "contemplant.answer=400ms",
                                        "--set",
                                        "contemplant.silence=2s",
                                        "--set",
                                        "lease.silence=1s",
                                        "--set",
                                        "task.backoff=20ms",
                                        "--set",
                                        "task.attempts_max=50",
                                        "--set",
                                        "worker.aside=1h",
                                        NULL };
    int64_t began = tc_now_us();
    pthread_t t[4];

    memset(&server, 0, sizeof server);
    MUST(tc_server_start(&server, provernetd, args));
    for (int i = 0; i < USERS; i++) {
        uint8_t secret[32] = { 3, [31] = (uint8_t)(i + 1) };

        MUST(tc_user_open(&users[i], "127.0.0.1", server.port, secret));
    }
    submit_all();
    said("200 requests of 20 requesters are accepted", began);
    pthread_create(&t[0], NULL, verifier, NULL);
    pthread_create(&t[1], NULL, contemplants, (void *)0);
    pthread_create(&t[2], NULL, contemplants, (void *)1);
    pthread_create(&t[3], NULL, processes, NULL);
    collect_all();
    said("all are fulfilled, all proofs are proofs", began);
    atomic_store(&done, true);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    every_end_has_its_reason();
    said("every end has its reason on the page", began);
    for (int i = 0; i < USERS; i++)
        tc_user_close(&users[i]);
    the_pages_outlive_a_restart(args);
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
    said("the pages are the same after a kill", began);
}

/* ---- each way to end by itself, no limit near but the one it is about ---- */

static void start_quiet(const char *const *args)
{
    uint8_t secret[32] = { 4 };

    memset(&server, 0, sizeof server);
    MUST(tc_server_start(&server, provernetd, args));
    MUST(tc_user_open(&users[0], "127.0.0.1", server.port, secret));
}

static void end_quiet(void)
{
    tc_user_close(&users[0]);
    MUST(tc_server_end(&server, SIGTERM) == 0);
    tc_server_remove(&server);
}

static void sp1_request(const void *input, size_t len, uint8_t id[32])
{
    static uint8_t program[4096] = { 0xf8, 0x0f };
    static const uint8_t hash[32] = { 0x5b, 1 }, vk[32] = { 9 };
    char uri[512];

    memcpy(program + 8, "\177ELF\2\1\1", 7);
    MUST(tc_artifact(&users[0], 1, program, sizeof program, uri) == 0);
    MUST(tc_create_program(&users[0], hash, vk, sizeof vk, uri) == 0);
    MUST(tc_artifact(&users[0], 2, input, len, uri) == 0);
    MUST(tc_request(&users[0], hash, 2, uri, (uint64_t)time(NULL) + 3600, id) ==
         0);
}

static void one_life(manner m)
{
    life l = { .manner = m, .early = true };

    snprintf(l.name, sizeof l.name, "quiet-%d", (int)m);
    live(&l);
    if (!l.worked)
        fprintf(stderr, "%s got no job; code %d %s\n", l.name, l.code,
                l.reason);
    MUST(l.worked);
    AWAIT(died_of(l.name, why[m]));
}

static void each_by_itself(void)
{
#define WITH(answer, silence)                                                  \
    {                                                                          \
        "--no-worker", "--set", "contemplant.sp1=6", "--set",                  \
            "contemplant.poll=20ms", "--set", "contemplant.answer=" answer,    \
            "--set", "contemplant.silence=" silence, "--set",                  \
            "task.backoff=20ms", "--set", "task.attempts_max=50", NULL         \
    }
    static const char *const calm[] = WITH("1h", "1h");
    static const char *const answers[] = WITH("200ms", "1h");
    static const char *const beats[] = WITH("1h", "1s");
    static const manner manners[] = { CRASHES, BLUFFS, FORGETS, LIES, HONEST };
    static uint8_t input[INPUT];
    int64_t began = tc_now_us();
    wish w = { .sp1 = true, .seed = 1 };
    pthread_t t;
    tc_status s;

    make_input(input, w.seed);
    start_quiet(calm);
    sp1_request(input, INPUT, w.id);
    pthread_create(&t, NULL, verifier, NULL);
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++)
        one_life(manners[i]);
    MUST(request_wait(&users[0], w.id, &s) == 3);
    check_sp1(&w, s.proof_uri);
    atomic_store(&done, true);
    pthread_join(t, NULL);
    atomic_store(&done, false);
    end_quiet();
    start_quiet(answers);
    sp1_request(input, INPUT, w.id);
    one_life(HANGS);
    end_quiet();
    start_quiet(beats);
    sp1_request(input, INPUT, w.id);
    one_life(SILENT);
    end_quiet();
    said("each end by itself has its reason on the page", began);
}

/* ---- large messages: never held whole ---- */

enum { LARGE = 96 << 20, ROOM = 24 << 20 };

/* Until it is asked; other messages must be heartbeats' silence. */
static void hears(tc_contemplant *c, tc_heard what)
{
    tc_heard heard;
    int64_t until = 0;

    do
        heard = tc_contemplant_next(c, 100);
    while (heard == TC_NOTHING && patient(&until));
    if (heard != what)
        fprintf(stderr, "heard %d, expected %d; close %d %s\n", (int)heard,
                (int)what, c->code, c->reason);
    MUST(heard == what);
}

static void large_messages(void)
{
    static const char *const args[] = { "--no-worker",
                                        "--log-level",
                                        "warn",
                                        "--set",
                                        "contemplant.sp1=6",
                                        "--set",
                                        "contemplant.poll=50ms",
                                        "--set",
                                        "contemplant.silence=1h",
                                        "--set",
                                        "contemplant.answer=1h",
                                        "--set",
                                        "node.trust=sp1/compressed@6",
                                        NULL };
    int64_t began = tc_now_us(), before, grown;
    uint8_t *large = malloc(LARGE), id[32];
    tc_contemplant c;
    tc_status s;
    tc_http h;

    MUST(large != NULL);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)(i * 2654435761u >> 16);
    start_quiet(args);
    sp1_request(large, LARGE, id);
    before = tc_server_rss(&server);
    MUST(tc_contemplant_open(&c, "127.0.0.1", server.port, "samson", "7.1.0"));
    tc_sleep_ms(1500); /* it does not read: others must not wait, nor memory
                          grow */
    MUST(tc_get_status(&users[0], id, &s) == 0);
    grown = tc_server_rss(&server) - before;
    MUST(grown < ROOM);
    hears(&c, TC_JOB);
    MUST(c.job.input_len == LARGE && memcmp(c.job.input, large, LARGE) == 0);
    memcpy(large, "\1\0\0\0", 4);
    hears(&c, TC_QUESTION);
    MUST(tc_contemplant_proof(&c, large, LARGE));
    MUST(request_wait(&users[0], id, &s) == 3);
    grown = tc_server_rss(&server) - before;
    printf("  %d MiB out and %d MiB in, the server grew by %lld KiB\n",
           LARGE >> 20, LARGE >> 20, (long long)grown >> 10);
    MUST(grown < ROOM);
    MUST(tc_http_url("GET", s.proof_uri, "", 0, &h) && h.status == 200);
    MUST(h.body.len == LARGE && memcmp(h.body.data, large, LARGE) == 0);
    tc_http_free(&h);
    tc_contemplant_close(&c);
    end_quiet();
    free(large);
    said("large messages are never held whole", began);
}

/* ---- MOCK_MODE ---- */

static void mock_mode(void)
{
    static const char *const args[] = { "--no-worker",           "--set",
                                        "contemplant.sp1=6",     "--set",
                                        "contemplant.poll=50ms", NULL };
    static const char nonsense[] = "\1\0\0\0 a mock proof";
    int64_t began = tc_now_us();
    tc_contemplant c;
    char url[80], *text;
    uint8_t id[32];
    tc_status s;
    json_t *o;
    tc_http h;

    setenv("MOCK_MODE", "true", 1);
    start_quiet(args);
    unsetenv("MOCK_MODE");
    sp1_request("input", 5, id);
    MUST(tc_contemplant_open(&c, "127.0.0.1", server.port, "jubal", "7.1.0"));
    hears(&c, TC_JOB);
    MUST(c.job.mock); /* the worker is told */
    hears(&c, TC_QUESTION);
    MUST(tc_contemplant_proof(&c, nonsense, sizeof nonsense - 1));
    MUST(request_wait(&users[0], id, &s) == 3);
    o = api_request(&server, id);
    text = json_dumps(o, 0);
    MUST(text && strstr(text, "mock")); /* who vouched */
    free(text);
    json_decref(o);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/contemplants", server.port);
    MUST(tc_http_url("GET", url, "", 0, &h) && h.status == 200);
    MUST(strstr(h.head, "provernet-mock: true") != NULL);
    tc_http_free(&h);
    tc_contemplant_close(&c);
    end_quiet();
    said("mock mode: workers are told, and the pages say so", began);
}

int main(int argc, char **argv)
{
    char zkey[500], wtns[500], vk[500];

    if (argc < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    snprintf(program_worker, sizeof program_worker, "%s/provernet", argv[1]);
    snprintf(provernetd, sizeof provernetd, "%s/provernetd", argv[1]);
    snprintf(zkey, sizeof zkey, "%s/groth16/poseidon/circuit.zkey", argv[3]);
    snprintf(wtns, sizeof wtns, "%s/groth16/poseidon/witness.wtns", argv[3]);
    snprintf(vk, sizeof vk, "%s/groth16/poseidon/verification_key.json",
             argv[3]);
    circuit_load(&small, zkey, wtns, vk);
    large_messages();
    mock_mode();
    each_by_itself();
    in_a_rough_world();
    circuit_free(&small);
    return 0;
}
