/* tests/accept/accept.c - see accept.h. */
#include "accept.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void must_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    exit(1);
}

/* ---- circuits ---- */

void circuit_load(circuit *c, const char *zkey, const char *wtns,
                  const char *vk)
{
    provernet_error err = { 0 };

    memset(c, 0, sizeof *c);
    c->zkey = tc_file(zkey, &c->zkey_len);
    c->wtns = tc_file(wtns, &c->wtns_len);
    c->json = tc_file(vk, &c->json_len);
    MUST(provernet_groth16_vk_parse(
             &c->parsed, (provernet_span){ c->json, c->json_len }, &err) == 0);
    provernet_groth16_vk_hash(c->parsed, c->hash);
    MUST(provernet_groth16_vk_bytes(c->parsed, c->vk, sizeof c->vk,
                                    &c->vk_len) == 0);
}

void circuit_free(circuit *c)
{
    provernet_groth16_vk_free(c->parsed);
    free(c->zkey);
    free(c->wtns);
    free(c->json);
}

bool circuit_register(circuit *c, tc_user *u)
{
    char uri[512];

    return tc_artifact(u, 1, c->zkey, c->zkey_len, uri) == 0 &&
           tc_create_program(u, c->hash, c->vk, c->vk_len, uri) == 0;
}

bool circuit_request(const circuit *c, tc_user *u, uint8_t id32[32])
{
    char uri[512];

    return tc_artifact(u, 2, c->wtns, c->wtns_len, uri) == 0 &&
           tc_request(u, c->hash, 4, uri, (uint64_t)time(NULL) + 3600, id32) ==
               0;
}

static bool judge_text(const circuit *c, json_t *o)
{
    char *proof = json_dumps(json_object_get(o, "proof"), 0);
    char *signals = json_dumps(json_object_get(o, "publicSignals"), 0);
    provernet_groth16_proof p;
    uint8_t publics[64][32];
    size_t n = 0;
    bool ok = proof && signals &&
              provernet_groth16_proof_from_json(
                  &p, (provernet_span){ proof, strlen(proof) }, NULL) == 0 &&
              provernet_groth16_publics_from_json(
                  publics[0], 64, &n,
                  (provernet_span){ signals, strlen(signals) }, NULL) == 0 &&
              provernet_groth16_verify(c->parsed, &p, publics[0], n, NULL) == 0;

    free(proof);
    free(signals);
    return ok;
}

bool circuit_judge(const circuit *c, const char *uri)
{
    tc_http h;
    json_t *o = NULL;
    bool ok = false;

    if (tc_http_url("GET", uri, "", 0, &h) && h.status == 200)
        o = json_loadb((const char *)h.body.data, h.body.len, 0, NULL);
    if (o)
        ok = judge_text(c, o);
    json_decref(o);
    tc_http_free(&h);
    return ok;
}

int request_wait(tc_user *u, const uint8_t id32[32], tc_status *out)
{
    int64_t until = 0;

    do
        if (tc_get_status(u, id32, out) == 0 && out->fulfillment >= 3)
            return (int)out->fulfillment;
    while (patient(&until));
    return 0;
}

/* ---- the API ---- */

json_t *api_get(const tc_server *s, const char *path)
{
    char url[400];
    json_t *o = NULL;
    tc_http h;

    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", s->port, path);
    if (tc_http_url("GET", url, "", 0, &h) && h.status == 200)
        o = json_loadb((const char *)h.body.data, h.body.len, 0, NULL);
    tc_http_free(&h);
    return o;
}

json_t *api_request(const tc_server *s, const uint8_t id32[32])
{
    char path[120] = "/api/v1/requests/";
    size_t at = strlen(path);

    for (int i = 0; i < 32; i++)
        at += (size_t)snprintf(path + at, sizeof path - at, "%02x", id32[i]);
    return api_get(s, path);
}

const char *api_text(json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

int64_t api_number(json_t *o, const char *name)
{
    json_t *n = json_object_get(o, name);

    return json_is_integer(n) ? json_integer_value(n) : -1;
}

/* ---- processes ---- */

pid_t worker_start(const tc_server *s, const char *provernet, const char *name,
                   const char *const *extra)
{
    char server[32], key[120], log[120];
    const char *argv[24] = { provernet, "worker",     server, "--name",
                             name,      "--key-file", key };
    size_t n = 7;

    snprintf(server, sizeof server, "127.0.0.1:%u", s->port);
    snprintf(key, sizeof key, "%s/%s.key", s->dir, name);
    snprintf(log, sizeof log, "%s/%s.log", s->dir, name);
    while (extra && *extra && n < 23)
        argv[n++] = *extra++;
    return tc_spawn(argv, log);
}

void worker_end(pid_t *pid, int sig)
{
    if (*pid <= 0)
        return;
    kill(*pid, sig);
    tc_wait(*pid);
    *pid = 0;
}

static void child(const char *const *argv, int out)
{
    int in = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

int run_program(const char *const *argv, tc_buf *out)
{
    int64_t until = tc_now_us() + PATIENCE_MS * 1000LL;
    char chunk[4096];
    int pipes[2], rc;
    pid_t pid;

    MUST(pipe(pipes) == 0);
    pid = fork();
    if (pid == 0)
        child(argv, pipes[1]);
    close(pipes[1]);
    for (;;) {
        struct pollfd p = { .fd = pipes[0], .events = POLLIN };
        ssize_t n;

        if (tc_now_us() > until)
            break;
        if (poll(&p, 1, 100) <= 0)
            continue;
        n = read(pipes[0], chunk, sizeof chunk);
        if (n <= 0)
            break;
        tc_add(out, chunk, (size_t)n);
    }
    close(pipes[0]);
    if (tc_now_us() > until)
        kill(pid, SIGKILL);
    rc = tc_wait(pid);
    tc_add(out, "", 1);
    return tc_now_us() > until ? -1000 : rc;
}
