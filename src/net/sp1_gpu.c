/* net/sp1_gpu.c - a job proved by SP1's GPU server over its Unix socket: its
 * program is set up once for each connection. What is large (program, input,
 * proof) is copied between files and the socket in pieces. Includes
 * sp1_link.h, base/. */
#include "base/bytes.h"
#include "base/error.h"
#include "net/sp1_link.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NONCE = 16,
    ELF_AT = 8, /* in a program: u64 length, ELF */
    PROOF_MAX = 1 << 30
};

/* ---- opening and closing ---- */

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
    rc = pvn_sp1_dial(g, err);
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
    pvn_sp1_hang_up(g);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

/* ---- a program ---- */

/* An input as an open file; *fd is the caller's to close. */
static provernet_status open_input(pvn_sp1_talk *t, size_t i, int *fd,
                                   uint64_t *len, uint8_t digest32[32])
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

static provernet_status digest_elf(pvn_sp1_talk *t, int fd, uint64_t len,
                                   uint8_t out32[32])
{
    crypto_hash_sha256_state h;
    uint8_t *piece = malloc(PVN_SP1_PIECE);
    ssize_t n = 0;

    if (!piece)
        return pvn_nomem(t->err);
    crypto_hash_sha256_init(&h);
    for (uint64_t at = ELF_AT; at < len; at += (uint64_t)n) {
        n = pread(fd, piece, PVN_SP1_PIECE, (off_t)at);
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
static provernet_status make_room(pvn_sp1_talk *t)
{
    provernet_sp1_gpu *g = t->g;
    provernet_status rc;
    pvn_sp1_answer a;

    if (g->programs_len < PVN_SP1_PROGRAMS)
        return PROVERNET_OK;
    rc = pvn_sp1_say(t, PVN_SP1_KEY, PVN_SP1_ASK_FORGET);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_send(t, g->programs[0].key, PVN_SP1_KEY);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_hear(t, PVN_SP1_SAY_OK, &a);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_swallow(t, a.left);
    if (rc)
        return rc;
    g->programs_len--;
    memmove(g->programs, g->programs + 1,
            g->programs_len * sizeof(pvn_sp1_program));
    return PROVERNET_OK;
}

static provernet_status set_up(pvn_sp1_talk *t, int fd, uint64_t len,
                               pvn_sp1_program *p)
{
    uint8_t key[PVN_SP1_KEY];
    provernet_status rc;
    pvn_sp1_answer a;

    rc = digest_elf(t, fd, len, p->key);
    if (rc == PROVERNET_OK)
        rc = make_room(t);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_say(t, len, PVN_SP1_ASK_SETUP);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_send_file(t, fd, len);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_hear(t, PVN_SP1_SAY_SETUP, &a);
    if (rc == PROVERNET_OK && a.left < PVN_SP1_KEY)
        rc = pvn_sp1_nonsense(t, &a);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_receive(t, key, PVN_SP1_KEY);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_swallow(t, a.left - PVN_SP1_KEY); /* the verifying key */
    if (rc)
        return rc;
    if (memcmp(key, p->key, PVN_SP1_KEY) != 0)
        return pvn_fail(t->err, PROVERNET_ERR_UNAVAILABLE, 0,
                        "the GPU server set another program up than it was "
                        "given");
    t->g->programs[t->g->programs_len++] = *p;
    return PROVERNET_OK;
}

static provernet_status program_key(pvn_sp1_talk *t, uint8_t key[PVN_SP1_KEY])
{
    provernet_status rc;
    uint8_t head[ELF_AT];
    uint64_t len;
    pvn_sp1_program p;
    int fd;

    t->stage = "setup";
    rc = open_input(t, 0, &fd, &len, p.digest);
    if (rc)
        return rc;
    for (size_t i = 0; i < t->g->programs_len; i++)
        if (memcmp(t->g->programs[i].digest, p.digest, 32) == 0) {
            memcpy(key, t->g->programs[i].key, PVN_SP1_KEY);
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
        memcpy(key, p.key, PVN_SP1_KEY);
    return rc;
}

static provernet_status ask_proof(pvn_sp1_talk *t, uint32_t mode,
                                  const uint8_t key[PVN_SP1_KEY])
{
    uint8_t head[4 + PVN_SP1_KEY], digest[32];
    static const uint8_t nonce[NONCE] = { 0 };
    provernet_status rc;
    uint64_t len;
    int fd;

    t->stage = "prove";
    rc = open_input(t, 1, &fd, &len, digest);
    if (rc)
        return rc;
    pvn_put_u32le(head, mode);
    memcpy(head + 4, key, PVN_SP1_KEY);
    rc = pvn_sp1_say(t, sizeof head + len + NONCE, PVN_SP1_ASK_PROVE);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_send(t, head, sizeof head);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_send_file(t, fd, len);
    if (rc == PROVERNET_OK)
        rc = pvn_sp1_send(t, nonce, sizeof nonce);
    close(fd);
    return rc;
}

static provernet_status take_proof(pvn_sp1_talk *t)
{
    uint8_t *piece = malloc(PVN_SP1_PIECE);
    provernet_blob *out = NULL;
    provernet_status rc;
    pvn_sp1_answer a;

    if (!piece)
        return pvn_nomem(t->err);
    rc = pvn_sp1_hear(t, PVN_SP1_SAY_PROOF, &a);
    if (rc == PROVERNET_OK && (a.left == 0 || a.left > PROOF_MAX))
        rc = pvn_sp1_nonsense(t, &a);
    if (rc == PROVERNET_OK)
        rc = provernet_job_output(t->j, &out, t->err);
    while (rc == PROVERNET_OK && a.left > 0) {
        size_t some = a.left < PVN_SP1_PIECE ? a.left : PVN_SP1_PIECE;

        rc = pvn_sp1_receive(t, piece, some);
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

static provernet_status prove(pvn_sp1_talk *t, uint32_t mode)
{
    provernet_status rc = PROVERNET_OK;
    uint8_t key[PVN_SP1_KEY];

    if (t->g->fd < 0)
        rc = pvn_sp1_dial(t->g, t->err);
    if (rc == PROVERNET_OK)
        rc = program_key(t, key);
    if (rc == PROVERNET_OK)
        rc = ask_proof(t, mode, key);
    if (rc == PROVERNET_OK)
        rc = take_proof(t);
    /* After a complaint the server waits for the next question; after
     * anything else nobody knows where in a message the two are. */
    if (rc != PROVERNET_OK && rc != PROVERNET_ERR_PROOF)
        pvn_sp1_hang_up(t->g);
    return rc;
}

provernet_status provernet_job_prove_sp1(provernet_job *j, provernet_sp1_gpu *g,
                                         provernet_error *err)
{
    uint32_t mode = mode_of(provernet_job_kind(j));
    provernet_error mine = { 0 };
    pvn_sp1_talk t = { .g = g, .j = j, .stage = "setup", .err = &mine };
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
