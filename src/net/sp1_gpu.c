/* net/sp1_gpu.c - a job proved by SP1's GPU server over its Unix socket.
 *
 * A message is a u32 length (little endian) and as many bytes of bincode: a
 * u32 tag, then the fields. One request, one answer. What is large (program,
 * input, proof) is copied between files and the socket in pieces. */
#include "base/bytes.h"
#include "base/env.h"
#include "base/error.h"
#include <provernet/sp1.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { /* requests */
       ASK_SETUP = 0,
       ASK_PROVE = 1,
       ASK_FORGET = 2
};
enum { /* answers */
       SAY_OK = 0,
       SAY_SETUP = 1,
       SAY_PROOF = 2,
       SAY_PROVER_ERROR = 3,
       SAY_INTERNAL_ERROR = 4,
       SAY_CLOSED = 5
};
enum {
    KEY = 32,
    NONCE = 16,
    ELF_AT = 8, /* in a program: u64 length, ELF */
    PROGRAMS_MAX = 4,
    PIECE = 1 << 16,
    PROOF_MAX = 1 << 30,
    REASON_MAX = 1 << 16,
    BEAT_MS = 1000,
    CONNECT_TRIES = 10,
    CONNECT_WAIT_MS = 100
};

typedef struct program {
    uint8_t digest[32]; /* of the artifact */
    uint8_t key[KEY];   /* what the server calls it: SHA-256 of the ELF */
} program;

struct provernet_sp1_gpu {
    pthread_mutex_t lock;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    int fd;                         /* -1: not connected */
    program programs[PROGRAMS_MAX]; /* set up on this connection */
    size_t programs_len;
};

/* One exchange of one job. */
typedef struct talk {
    provernet_sp1_gpu *g;
    provernet_job *j;
    const char *stage;
    provernet_error *err;
} talk;

/* ---- the connection ---- */

static void hang_up(provernet_sp1_gpu *g)
{
    if (g->fd >= 0)
        close(g->fd);
    g->fd = -1;
    g->programs_len = 0;
}

static provernet_status dial(provernet_sp1_gpu *g, provernet_error *err)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int cause = 0;

    memcpy(to.sun_path, g->path, strlen(g->path) + 1);
    for (int i = 0; i < CONNECT_TRIES; i++) {
        if (i > 0)
            poll(NULL, 0, CONNECT_WAIT_MS);
        g->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (g->fd < 0)
            return pvn_fail(err, PROVERNET_ERR_CONNECT, errno,
                            "no socket could be made");
        if (connect(g->fd, (struct sockaddr *)&to, sizeof to) == 0)
            return PROVERNET_OK;
        cause = errno;
        hang_up(g);
    }
    return pvn_fail(err, PROVERNET_ERR_CONNECT, cause,
                    "no GPU server of SP1 answers at %s\nhelp: start "
                    "sp1-gpu-server with CUDA_VISIBLE_DEVICES=N; its socket "
                    "is named after that number",
                    g->path);
}

provernet_status provernet_sp1_gpu_open(provernet_sp1_gpu **out,
                                        const char *where, provernet_error *err)
{
    size_t digits = where ? strspn(where, "0123456789") : 0;
    bool number = digits > 0 && digits <= 4 && where[digits] == '\0';
    provernet_sp1_gpu *g;
    provernet_status rc;
    int n;

    *out = NULL;
    if (!where || (!number && !strchr(where, '/')))
        return pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                        "%s is neither a device number nor the path of a "
                        "socket",
                        where ? where : "nothing");
    g = calloc(1, sizeof *g);
    if (!g)
        return pvn_nomem(err);
    g->fd = -1;
    n = snprintf(g->path, sizeof g->path,
                 number ? "/tmp/sp1-cuda-%s.sock" : "%s", where);
    if ((size_t)n >= sizeof g->path) {
        rc = pvn_fail(err, PROVERNET_ERR_INVALID, 0,
                      "the path of a socket has at most %zu bytes, this %zu",
                      sizeof g->path - 1, strlen(where));
        free(g);
        return rc;
    }
    rc = dial(g, err);
    if (rc) {
        free(g);
        return rc;
    }
    pthread_mutex_init(&g->lock, NULL);
    *out = g;
    return PROVERNET_OK;
}

void provernet_sp1_gpu_close(provernet_sp1_gpu *g)
{
    if (!g)
        return;
    hang_up(g);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

/* ---- bytes ---- */

static provernet_status broken(talk *t, int cause)
{
    return pvn_fail(t->err, PROVERNET_ERR_CONNECT, cause,
                    "the GPU server ended the connection (%s)", t->stage);
}

/* Until the socket is ready; every second a look whether the job is still
 * wanted. */
static provernet_status ready(talk *t, short events)
{
    struct pollfd p = { .fd = t->g->fd, .events = events };

    for (;;) {
        int n = poll(&p, 1, BEAT_MS);

        if (n > 0)
            return PROVERNET_OK;
        if (n < 0 && errno != EINTR)
            return broken(t, errno);
        if (provernet_job_alive(t->j, 0, t->stage) == PROVERNET_ERR_CANCELLED)
            return pvn_fail(t->err, PROVERNET_ERR_CANCELLED, 0,
                            "no longer wanted");
    }
}

static provernet_status send_all(talk *t, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len > 0) {
        ssize_t n = send(t->g->fd, at, len, MSG_NOSIGNAL);
        provernet_status rc;

        if (n > 0) {
            at += n;
            len -= (size_t)n;
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return broken(t, errno);
        rc = ready(t, POLLOUT);
        if (rc)
            return rc;
    }
    return PROVERNET_OK;
}

static provernet_status receive(talk *t, void *data, size_t len)
{
    uint8_t *at = data;

    while (len > 0) {
        ssize_t n = recv(t->g->fd, at, len, 0);
        provernet_status rc;

        if (n > 0) {
            at += n;
            len -= (size_t)n;
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return broken(t, n == 0 ? 0 : errno);
        rc = ready(t, POLLIN);
        if (rc)
            return rc;
    }
    return PROVERNET_OK;
}

/* ---- answers ---- */

typedef struct answer {
    uint32_t tag;
    uint32_t left; /* bytes after the tag */
} answer;

static provernet_status nonsense(talk *t, const answer *a)
{
    return pvn_fail(t->err, PROVERNET_ERR_UNAVAILABLE, 0,
                    "the GPU server answered %u with %u bytes (%s), which is "
                    "not its protocol\nhelp: this speaks to versions 6.0 to "
                    "6.4",
                    a->tag, a->left, t->stage);
}

/* A text of the server becomes the error. */
static provernet_status complaint(talk *t, answer *a)
{
    uint8_t head[8], text[400];
    provernet_status rc;
    uint64_t len;

    if (a->left < 8 || a->left > REASON_MAX)
        return nonsense(t, a);
    rc = receive(t, head, sizeof head);
    if (rc)
        return rc;
    len = pvn_get_u64le(head);
    if (len != a->left - 8)
        return nonsense(t, a);
    for (uint64_t at = 0; at < len;) {
        uint8_t rest[400];
        size_t some = len - at < sizeof text ? (size_t)(len - at) : sizeof text;

        rc = receive(t, at == 0 ? text : rest, some);
        if (rc)
            return rc;
        at += some;
    }
    if (len > sizeof text)
        len = sizeof text;
    for (uint64_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            text[i] = ' ';
    return pvn_fail(t->err,
                    a->tag == SAY_PROVER_ERROR ? PROVERNET_ERR_PROOF
                                               : PROVERNET_ERR_UNAVAILABLE,
                    0, "the GPU server says: %.*s", (int)len, text);
}

/* The head of an answer that must be `want`. */
static provernet_status hear(talk *t, uint32_t want, answer *a)
{
    uint8_t head[8];
    provernet_status rc = receive(t, head, sizeof head);
    uint32_t len;

    if (rc)
        return rc;
    len = pvn_get_u32le(head);
    a->tag = pvn_get_u32le(head + 4);
    a->left = len < 4 ? 0 : len - 4;
    if (len < 4)
        return nonsense(t, a);
    if (a->tag == SAY_PROVER_ERROR || a->tag == SAY_INTERNAL_ERROR)
        return complaint(t, a);
    if (a->tag == SAY_CLOSED)
        return broken(t, 0);
    return a->tag == want ? PROVERNET_OK : nonsense(t, a);
}

static provernet_status swallow(talk *t, uint32_t len)
{
    uint8_t rest[4096];
    provernet_status rc = PROVERNET_OK;

    while (len > 0 && rc == PROVERNET_OK) {
        uint32_t some = len < sizeof rest ? len : (uint32_t)sizeof rest;

        rc = receive(t, rest, some);
        len -= some;
    }
    return rc;
}

/* ---- questions ---- */

static provernet_status say_head(talk *t, uint64_t body, uint32_t tag)
{
    uint8_t head[8];

    if (body + 4 > UINT32_MAX)
        return pvn_fail(t->err, PROVERNET_ERR_LIMIT, 0,
                        "the GPU server takes messages below 4 GiB, this has "
                        "%llu bytes",
                        (unsigned long long)body);
    pvn_put_u32le(head, (uint32_t)body + 4);
    pvn_put_u32le(head + 4, tag);
    return send_all(t, head, sizeof head);
}

static provernet_status send_file(talk *t, int fd, uint64_t len)
{
    uint8_t *piece = malloc(PIECE);
    provernet_status rc = PROVERNET_OK;

    if (!piece)
        return pvn_nomem(t->err);
    for (uint64_t at = 0; at < len && rc == PROVERNET_OK;) {
        size_t want = len - at < PIECE ? (size_t)(len - at) : PIECE;
        ssize_t n = pread(fd, piece, want, (off_t)at);

        if (n <= 0) {
            rc = pvn_fail(t->err, PROVERNET_ERR_IO, n < 0 ? errno : 0,
                          "an input could not be read");
            break;
        }
        rc = send_all(t, piece, (size_t)n);
        at += (uint64_t)n;
    }
    free(piece);
    return rc;
}

/* An input as an open file; *fd is the caller's to close. */
static provernet_status open_input(talk *t, size_t i, int *fd, uint64_t *len,
                                   uint8_t digest32[32])
{
    const char *path;
    struct stat s;
    provernet_status rc;

    rc = provernet_job_input_file(t->j, i, &path, digest32, t->err);
    if (rc == PROVERNET_END)
        return pvn_fail(t->err, PROVERNET_ERR_FORMAT, 0,
                        "the request has no input %zu", i);
    if (rc)
        return rc;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &s) < 0) {
        rc = pvn_fail(t->err, PROVERNET_ERR_IO, errno,
                      "input %zu could not be opened", i);
        if (*fd >= 0)
            close(*fd);
        return rc;
    }
    *len = (uint64_t)s.st_size;
    return PROVERNET_OK;
}

static provernet_status digest_elf(talk *t, int fd, uint64_t len,
                                   uint8_t out32[32])
{
    crypto_hash_sha256_state h;
    uint8_t *piece = malloc(PIECE);
    ssize_t n = 0;

    if (!piece)
        return pvn_nomem(t->err);
    crypto_hash_sha256_init(&h);
    for (uint64_t at = ELF_AT; at < len; at += (uint64_t)n) {
        n = pread(fd, piece, PIECE, (off_t)at);
        if (n <= 0)
            break;
        crypto_hash_sha256_update(&h, piece, (size_t)n);
    }
    crypto_hash_sha256_final(&h, out32);
    free(piece);
    return n < 0 ? pvn_fail(t->err, PROVERNET_ERR_IO, errno,
                            "the program could not be read")
                 : PROVERNET_OK;
}

/* The server keeps what it set up; it is told to forget the oldest. */
static provernet_status make_room(talk *t)
{
    provernet_sp1_gpu *g = t->g;
    provernet_status rc;
    answer a;

    if (g->programs_len < PROGRAMS_MAX)
        return PROVERNET_OK;
    rc = say_head(t, KEY, ASK_FORGET);
    if (rc == PROVERNET_OK)
        rc = send_all(t, g->programs[0].key, KEY);
    if (rc == PROVERNET_OK)
        rc = hear(t, SAY_OK, &a);
    if (rc == PROVERNET_OK)
        rc = swallow(t, a.left);
    if (rc)
        return rc;
    g->programs_len--;
    memmove(g->programs, g->programs + 1, g->programs_len * sizeof(program));
    return PROVERNET_OK;
}

static provernet_status set_up(talk *t, int fd, uint64_t len, program *p)
{
    uint8_t key[KEY];
    provernet_status rc;
    answer a;

    rc = digest_elf(t, fd, len, p->key);
    if (rc == PROVERNET_OK)
        rc = make_room(t);
    if (rc == PROVERNET_OK)
        rc = say_head(t, len, ASK_SETUP);
    if (rc == PROVERNET_OK)
        rc = send_file(t, fd, len);
    if (rc == PROVERNET_OK)
        rc = hear(t, SAY_SETUP, &a);
    if (rc == PROVERNET_OK && a.left < KEY)
        rc = nonsense(t, &a);
    if (rc == PROVERNET_OK)
        rc = receive(t, key, KEY);
    if (rc == PROVERNET_OK)
        rc = swallow(t, a.left - KEY); /* the verifying key */
    if (rc)
        return rc;
    if (memcmp(key, p->key, KEY) != 0)
        return pvn_fail(t->err, PROVERNET_ERR_UNAVAILABLE, 0,
                        "the GPU server set another program up than it was "
                        "given");
    t->g->programs[t->g->programs_len++] = *p;
    return PROVERNET_OK;
}

static provernet_status program_key(talk *t, uint8_t key[KEY])
{
    provernet_status rc;
    uint8_t head[ELF_AT];
    uint64_t len;
    program p;
    int fd;

    t->stage = "setup";
    rc = open_input(t, 0, &fd, &len, p.digest);
    if (rc)
        return rc;
    for (size_t i = 0; i < t->g->programs_len; i++)
        if (memcmp(t->g->programs[i].digest, p.digest, 32) == 0) {
            memcpy(key, t->g->programs[i].key, KEY);
            close(fd);
            return PROVERNET_OK;
        }
    if (len < ELF_AT || pread(fd, head, ELF_AT, 0) != ELF_AT ||
        pvn_get_u64le(head) != len - ELF_AT)
        rc = pvn_fail(t->err, PROVERNET_ERR_FORMAT, 0,
                      "the program is not a length and as many bytes of ELF");
    else
        rc = set_up(t, fd, len, &p);
    close(fd);
    if (rc == PROVERNET_OK)
        memcpy(key, p.key, KEY);
    return rc;
}

static provernet_status ask_proof(talk *t, uint32_t mode,
                                  const uint8_t key[KEY])
{
    uint8_t head[4 + KEY], digest[32];
    static const uint8_t nonce[NONCE] = { 0 };
    provernet_status rc;
    uint64_t len;
    int fd;

    t->stage = "prove";
    rc = open_input(t, 1, &fd, &len, digest);
    if (rc)
        return rc;
    pvn_put_u32le(head, mode);
    memcpy(head + 4, key, KEY);
    rc = say_head(t, sizeof head + len + NONCE, ASK_PROVE);
    if (rc == PROVERNET_OK)
        rc = send_all(t, head, sizeof head);
    if (rc == PROVERNET_OK)
        rc = send_file(t, fd, len);
    if (rc == PROVERNET_OK)
        rc = send_all(t, nonce, sizeof nonce);
    close(fd);
    return rc;
}

static provernet_status take_proof(talk *t)
{
    uint8_t *piece = malloc(PIECE);
    provernet_blob *out = NULL;
    provernet_status rc;
    answer a;

    if (!piece)
        return pvn_nomem(t->err);
    rc = hear(t, SAY_PROOF, &a);
    if (rc == PROVERNET_OK && (a.left == 0 || a.left > PROOF_MAX))
        rc = nonsense(t, &a);
    if (rc == PROVERNET_OK)
        rc = provernet_job_output(t->j, &out, t->err);
    while (rc == PROVERNET_OK && a.left > 0) {
        size_t some = a.left < PIECE ? a.left : PIECE;

        rc = receive(t, piece, some);
        if (rc == PROVERNET_OK)
            rc = provernet_blob_write(out, piece, some, t->err);
        a.left -= (uint32_t)some;
    }
    free(piece);
    return rc;
}

/* ---- a job ---- */

/* The number the server has for a kind's mode; 0: not one of its kinds. */
static uint32_t mode_of(const char *kind)
{
    static const char *const kinds[] = { "sp1/core@6", "sp1/compressed@6",
                                         "sp1/plonk@6", "sp1/groth16@6" };

    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return i + 1;
    return 0;
}

static provernet_status prove(talk *t, uint32_t mode)
{
    provernet_status rc = PROVERNET_OK;
    uint8_t key[KEY];

    if (t->g->fd < 0)
        rc = dial(t->g, t->err);
    if (rc == PROVERNET_OK)
        rc = program_key(t, key);
    if (rc == PROVERNET_OK)
        rc = ask_proof(t, mode, key);
    if (rc == PROVERNET_OK)
        rc = take_proof(t);
    /* After a complaint the server waits for the next question; after
     * anything else nobody knows where in a message the two are. */
    if (rc != PROVERNET_OK && rc != PROVERNET_ERR_PROOF)
        hang_up(t->g);
    return rc;
}

provernet_status provernet_job_prove_sp1(provernet_job *j, provernet_sp1_gpu *g,
                                         provernet_error *err)
{
    uint32_t mode = mode_of(provernet_job_kind(j));
    provernet_error mine = { 0 };
    talk t = { .g = g, .j = j, .stage = "setup", .err = &mine };
    provernet_status rc, again;

    if (mode == 0)
        return pvn_fail(err, PROVERNET_ERR_UNSUPPORTED, 0,
                        "SP1's GPU server does not prove %.60s",
                        provernet_job_kind(j));
    pthread_mutex_lock(&g->lock);
    rc = prove(&t, mode);
    pthread_mutex_unlock(&g->lock);
    if (rc == PROVERNET_OK)
        return provernet_job_done(j, err);
    /* It does not say whether the program, the input or the card is to blame:
     * nobody gets a strike, and another worker may try. */
    again = provernet_job_fail(j,
                               rc == PROVERNET_ERR_FORMAT
                                   ? PROVERNET_BLAME_INPUT
                                   : PROVERNET_BLAME_SURROUNDINGS,
                               mine.message, NULL);
    (void)again;
    return pvn_error_copy(err, &mine);
}
