/* tests/hostile/worker_cases.c - connections that begin like nng's and break
 * its rules, or the rules of our workers' wire. */
#include "hostile.h"
#include "worker.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CLOSED = -5, SILENT = -6 };
#define HELLO "\0SP\0\0\x30\0\0"

/* Is the connection closed on us? What comes is skipped. */
static int ended(int fd)
{
    char bytes[4096];
    ssize_t n;

    do
        n = recv(fd, bytes, sizeof bytes, 0);
    while (n > 0);
    /* Closed by the server, not by our patience. */
    return n == 0 || errno == ECONNRESET ? CLOSED : SILENT;
}

static int raw(const void *bytes, size_t len)
{
    int fd = tc_dial("127.0.0.1", server.port), code;

    if (fd < 0 || !tc_send(fd, bytes, len))
        return -1;
    code = ended(fd);
    close(fd);
    return code;
}
#define RAW(text) raw(text, sizeof text - 1)

static void frames(void)
{
    EXPECT("sp: the answering side greets", RAW("\0SP\0\0\x31\0\0"), CLOSED);
    EXPECT("sp: a publisher greets", RAW("\0SP\0\0\x20\0\0"), CLOSED);
    EXPECT("sp: a version that is not there", RAW("\0SP\1\0\x30\0\0"), CLOSED);
    EXPECT("sp: a message of 3 bytes", RAW(HELLO "\0\0\0\0\0\0\0\3abc"),
           CLOSED);
    EXPECT("sp: a message of 2^62 bytes", RAW(HELLO "\x40\0\0\0\0\0\0\0\x80"),
           CLOSED);
    EXPECT("sp: a message of 3 MiB", RAW(HELLO "\0\0\0\0\0\x30\0\0\x80\0\0\1"),
           CLOSED);
    EXPECT("sp: no question in the message",
           RAW(HELLO "\0\0\0\0\0\0\0\4\0\0\0\1"), CLOSED);
    EXPECT("sp: passed on nine times",
           RAW(HELLO "\0\0\0\0\0\0\0\x24"
                     "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
                     "\0\0\0\1\0\0\0\1\0\0\0\1\x80\0\0\1"),
           CLOSED);
}

static void put_question(uint8_t out[4], uint32_t n)
{
    out[0] = (uint8_t)(0x80 | n >> 24);
    out[1] = (uint8_t)(n >> 16);
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)n;
}

/* The status in the answer to these bytes as an envelope; none: SILENT. */
static int asked(const void *envelope, size_t len)
{
    tc_buf m = { 0 }, got = { 0 };
    const uint8_t *body;
    uint64_t zigzag = 0;
    uint8_t word[4];
    size_t body_len;
    tc_worker w;
    int code = -1;

    put_question(word, 7);
    tc_add(&m, word, 4);
    tc_add(&m, envelope, len);
    if (tc_worker_dial(&w, "127.0.0.1", server.port) &&
        tc_sp_send(w.fd, m.data, m.len) && tc_sp_recv(w.fd, &got) &&
        got.len >= 4 && memcmp(got.data, word, 4) == 0) {
        code = SILENT;
        if (tc_get_bytes(got.data + 4, got.len - 4, 4, 0, &body, &body_len)) {
            tc_get_u64(body, body_len, 1, &zigzag);
            code = (int)(zigzag >> 1) ^ -(int)(zigzag & 1);
        }
    }
    tc_worker_close(&w);
    tc_free(&m);
    tc_free(&got);
    return code;
}

/* A message of the largest size, none of it an envelope. */
static int large(void)
{
    size_t len = 2 << 20;
    uint8_t *bytes = calloc(1, len);
    int code = bytes ? asked(bytes, len) : -1;

    free(bytes);
    return code;
}

static bool welcome(tc_worker *w, const char *name)
{
    uint8_t secret[32] = { [31] = 77 };
    provernet_key *k = NULL;
    bool ok = provernet_key_new(&k, secret, NULL) == PROVERNET_OK &&
              tc_worker_dial(w, "127.0.0.1", server.port) &&
              tc_worker_hello(w, k, name, "groth16/bn254@1") == 0;

    provernet_key_free(k);
    return ok;
}

/* How many of so many questions on one connection, more than it may have open
 * at once, get an answer, and each its own. The first is parked and blocks
 * none of the others. */
static int many_questions(int n)
{
    uint8_t *seen = calloc((size_t)n + 2, 1);
    uint32_t parked, first = 0;
    int answers = 0;
    tc_worker w;
    tc_buf got;

    if (!seen || !welcome(&w, "many"))
        return -1;
    parked = tc_worker_lease(&w);
    for (int i = 0; i < n; i++) {
        uint32_t q = tc_worker_renew(&w);
        first = first ? first : q;
    }
    for (int i = 0; i < n; i++) {
        uint32_t q = tc_worker_answer(&w, &got);
        if (q != parked && q >= first && q - first < (uint32_t)n &&
            !seen[q - first]) {
            seen[q - first] = 1;
            answers++;
        }
        tc_free(&got);
    }
    tc_worker_close(&w);
    free(seen);
    return answers;
}

/* An answer for each question that nobody reads: the server stops asking for
 * more instead of keeping them. */
static int nobody_reads(void)
{
    struct timeval second = { 1, 0 };
    tc_worker w;
    int64_t grown = tc_server_rss(&server);

    if (!welcome(&w, "deaf"))
        return -1;
    setsockopt(w.fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    for (int i = 0; i < 100000; i++)
        if (!tc_worker_renew(&w))
            break;
    grown = tc_server_rss(&server) - grown;
    tc_worker_close(&w);
    return grown < 8 << 20;
}

/* Byte by byte, question and hello. */
static int trickle(void)
{
    static const char bytes[] = HELLO "\0\0\0\0\0\0\0\4\x80\0\0\1";
    tc_buf got = { 0 };
    char greeting[8];
    int fd = tc_dial("127.0.0.1", server.port), code = -1;

    for (size_t i = 0; i < sizeof bytes - 1; i++)
        tc_send(fd, bytes + i, 1);
    if (tc_recv(fd, greeting, 8) && tc_sp_recv(fd, &got) && got.len > 4)
        code = got.data[0] == 0x80 && got.data[3] == 1;
    tc_free(&got);
    close(fd);
    return code;
}

/* Parked workers whose connections break, and half questions. */
static int crowd(void)
{
    enum { MANY = 100 };
    static const char half[] = HELLO "\0\0\0\0\0\0\1\0\x80\0\0\1abc";
    char name[32];
    int parked = 0;
    tc_worker w[MANY];
    int fd[MANY];

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "crowd-%d", i);
        parked += welcome(&w[i], name) && tc_worker_lease(&w[i]);
        fd[i] = tc_dial("127.0.0.1", server.port);
        tc_send(fd[i], half, sizeof half - 1);
    }
    for (int i = 0; i < MANY; i++) {
        tc_worker_close(&w[i]);
        close(fd[i]);
    }
    return parked;
}

/* Sealed by one session, said again, changed, or said by another. */
static void seals(void)
{
    tc_buf ask = { 0 }, got;
    uint64_t zigzag = 0;
    tc_worker w, thief;

    EXPECT("worker: welcome", welcome(&w, "sealed"), true);
    tc_bytes(&ask, 4, "", 0); /* a sign of life */
    EXPECT("worker: heard",
           tc_worker_ask(&w, 1, &ask) && tc_worker_answer(&w, &got), true);
    tc_free(&got);
    w.counter[1] = 0; /* the same again gets the same answer */
    EXPECT("worker: the same message again",
           tc_worker_ask(&w, 1, &ask) && tc_worker_answer(&w, &got), true);
    tc_free(&got);
    thief = w;
    thief.up[0] ^= 1;
    EXPECT("worker: sealed by another key is answered without a seal",
           tc_worker_ask(&thief, 1, &ask) && tc_worker_answer(&thief, &got),
           false);
    tc_free(&got);
    w.counter[1] = 5;
    EXPECT("worker: later",
           tc_worker_ask(&w, 1, &ask) && tc_worker_answer(&w, &got), true);
    tc_free(&got);
    w.counter[1] = 2;
    EXPECT("worker: an old message",
           tc_worker_ask(&w, 1, &ask) && tc_worker_answer(&w, &got), true);
    tc_get_u64(got.data, got.len, 1, &zigzag);
    EXPECT("worker: is a replay", (int)(zigzag >> 1) ^ -(int)(zigzag & 1),
           PROVERNET_ERR_NONCE);
    tc_free(&got);
    tc_worker_close(&w);
    tc_free(&ask);
}

void worker_cases(void)
{
    frames();
    EXPECT("worker: no envelope", asked("\xff\xff\xff", 3),
           PROVERNET_ERR_FORMAT);
    EXPECT("worker: 2 MiB that are no envelope", large(), PROVERNET_ERR_FORMAT);
    EXPECT("worker: a verb without a session", asked("\x22\x02\x1a\x00", 4),
           PROVERNET_ERR_NOT_FOUND);
    seals();
    EXPECT("sp: five hundred questions at once", many_questions(500), 500);
    EXPECT("sp: answers that nobody reads", nobody_reads(), true);
    EXPECT("sp: byte by byte", trickle(), true);
    EXPECT("sp: a hundred parked and a hundred halves", crowd(), 100);
}
