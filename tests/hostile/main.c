/* tests/hostile/main.c - see hostile.h.
 *
 *   hostile_test PROVERNETD */
#include "hostile.h"
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

tc_server server;
tc_user user;
static int cases, wrong;
static int64_t rss_before;

static bool still_answers(void)
{
    tc_user fresh;
    uint64_t nonce;
    uint8_t secret[32] = { [31] = 99 };
    bool ok = tc_user_open(&fresh, "127.0.0.1", server.port, secret) &&
              tc_nonce(&fresh, &nonce) == 0;

    tc_user_close(&fresh);
    return ok;
}

void expect(const char *name, int got, ...)
{
    va_list ap;
    bool ok = false;
    char text[256] = "";
    int64_t rss;

    va_start(ap, got);
    for (int want; (want = va_arg(ap, int)) != -99;) {
        ok |= want == got;
        snprintf(text + strlen(text), sizeof text - strlen(text), " %d", want);
    }
    va_end(ap);
    cases++;
    if (!ok)
        printf("%s: got %d, expected%s\n", name, got, text);
    if (!still_answers()) {
        printf("%s: the server does not answer the next call\n", name);
        ok = false;
    }
    rss = tc_server_rss(&server);
    if (rss - rss_before > 32 << 20) {
        printf("%s: grew by %lld bytes\n", name, (long long)(rss - rss_before));
        ok = false;
    }
    rss_before = rss;
    wrong += !ok;
    if (tc_server_cpu_us(&server) < 0) {
        printf("%s: the server is gone; see %s\n", name, server.log);
        exit(EXIT_FAILURE);
    }
}

int grpc_code(const char *path, const void *msg, size_t len)
{
    tc_conn c;
    tc_reply r;
    int code;

    if (!tc_open(&c, "127.0.0.1", server.port))
        return -1;
    tc_call(&c, path, msg, len, &r);
    code = r.grpc_status >= 0 ? r.grpc_status
           : r.http_status    ? 1000 + r.http_status
                              : -1;
    if (code == 0 && !r.answered)
        code = -1;
    tc_reply_free(&r);
    tc_close(&c);
    return code;
}

int signed_code(const char *path, const tc_buf *body)
{
    tc_buf env = { 0 };
    int code;

    tc_envelope(&env, user.key, body->data, body->len);
    code = grpc_code(path, env.data, env.len);
    tc_free(&env);
    return code;
}

int main(int argc, char **argv)
{
    const char *const args[] = { "--no-worker", "--quota", "64MiB",
                                 "--log-level", "warn",    NULL };
    uint8_t secret[32] = { [31] = 5 };

    if (argc < 2)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    if (!tc_server_start(&server, argv[1], args) ||
        !tc_user_open(&user, "127.0.0.1", server.port, secret)) {
        fprintf(stderr, "the server does not serve; see %s\n", server.log);
        return 1;
    }
    still_answers();
    rss_before = tc_server_rss(&server);
    if (argc < 3) {
        http2_cases();
        http1_cases();
        grpc_cases();
        protobuf_cases();
        signature_cases();
        people_cases();
        stream_cases();
        artifact_cases();
    }
    websocket_cases(); /* with another argument: from here on */
    worker_cases();
    tc_user_close(&user);
    if (tc_server_end(&server, SIGTERM) != 0) {
        printf("the server did not end in good order; see %s\n", server.log);
        wrong++;
    } else if (!wrong) {
        tc_server_remove(&server);
    }
    printf("%d hostile cases, %d wrong\n", cases, wrong);
    return wrong != 0;
}
