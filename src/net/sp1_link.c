/* net/sp1_link.c - see sp1_link.h. */
#include "net/sp1_link.h"
#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REASON_MAX = 1 << 16,
    BEAT_MS = 1000,
    CONNECT_TRIES = 10,
    CONNECT_WAIT_MS = 100
};

/* ---- the connection ---- */

void pvn_sp1_hang_up(provernet_sp1_gpu *g)
{
    if (g->fd >= 0)
        close(g->fd);
    g->fd = -1;
    g->programs_len = 0;
}

provernet_status pvn_sp1_dial(provernet_sp1_gpu *g, provernet_error *err)
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
        pvn_sp1_hang_up(g);
    }
    return pvn_fail(err, PROVERNET_ERR_CONNECT, cause,
                    "no GPU server of SP1 answers at %s\nhelp: start "
                    "sp1-gpu-server with CUDA_VISIBLE_DEVICES=N; its socket "
                    "is named after that number",
                    g->path);
}

/* ---- bytes ---- */

static provernet_status broken(pvn_sp1_talk *t, int cause)
{
    return pvn_fail(t->err, PROVERNET_ERR_CONNECT, cause,
                    "the GPU server ended the connection (%s)", t->stage);
}

/* Until the socket is ready; every second a look whether the job is still
 * wanted. */
static provernet_status ready(pvn_sp1_talk *t, short events)
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

provernet_status pvn_sp1_send(pvn_sp1_talk *t, const void *data, size_t len)
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

provernet_status pvn_sp1_receive(pvn_sp1_talk *t, void *data, size_t len)
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

provernet_status pvn_sp1_send_file(pvn_sp1_talk *t, int fd, uint64_t len)
{
    uint8_t *piece = malloc(PVN_SP1_PIECE);
    provernet_status rc = PROVERNET_OK;

    if (!piece)
        return pvn_nomem(t->err);
    for (uint64_t at = 0; at < len && rc == PROVERNET_OK;) {
        size_t want =
            len - at < PVN_SP1_PIECE ? (size_t)(len - at) : PVN_SP1_PIECE;
        ssize_t n = pread(fd, piece, want, (off_t)at);

        if (n <= 0) {
            rc = pvn_fail(t->err, PROVERNET_ERR_IO, n < 0 ? errno : 0,
                          "an input could not be read");
            break;
        }
        rc = pvn_sp1_send(t, piece, (size_t)n);
        at += (uint64_t)n;
    }
    free(piece);
    return rc;
}

/* ---- answers ---- */

provernet_status pvn_sp1_nonsense(pvn_sp1_talk *t, const pvn_sp1_answer *a)
{
    return pvn_fail(t->err, PROVERNET_ERR_UNAVAILABLE, 0,
                    "the GPU server answered %u with %u bytes (%s), which is "
                    "not its protocol\nhelp: this speaks to versions 6.0 to "
                    "6.4",
                    a->tag, a->left, t->stage);
}

/* A text of the server becomes the error. */
static provernet_status complaint(pvn_sp1_talk *t, pvn_sp1_answer *a)
{
    uint8_t head[8], text[400];
    provernet_status rc;
    uint64_t len;

    if (a->left < 8 || a->left > REASON_MAX)
        return pvn_sp1_nonsense(t, a);
    rc = pvn_sp1_receive(t, head, sizeof head);
    if (rc)
        return rc;
    len = pvn_get_u64le(head);
    if (len != a->left - 8)
        return pvn_sp1_nonsense(t, a);
    for (uint64_t at = 0; at < len;) {
        uint8_t rest[400];
        size_t some = len - at < sizeof text ? (size_t)(len - at) : sizeof text;

        rc = pvn_sp1_receive(t, at == 0 ? text : rest, some);
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
                    a->tag == PVN_SP1_SAY_PROVER_ERROR
                        ? PROVERNET_ERR_PROOF
                        : PROVERNET_ERR_UNAVAILABLE,
                    0, "the GPU server says: %.*s", (int)len, text);
}

/* The head of an answer that must be `want`. */
provernet_status pvn_sp1_hear(pvn_sp1_talk *t, uint32_t want, pvn_sp1_answer *a)
{
    uint8_t head[8];
    provernet_status rc = pvn_sp1_receive(t, head, sizeof head);
    uint32_t len;

    if (rc)
        return rc;
    len = pvn_get_u32le(head);
    a->tag = pvn_get_u32le(head + 4);
    a->left = len < 4 ? 0 : len - 4;
    if (len < 4)
        return pvn_sp1_nonsense(t, a);
    if (a->tag == PVN_SP1_SAY_PROVER_ERROR ||
        a->tag == PVN_SP1_SAY_INTERNAL_ERROR)
        return complaint(t, a);
    if (a->tag == PVN_SP1_SAY_CLOSED)
        return broken(t, 0);
    return a->tag == want ? PROVERNET_OK : pvn_sp1_nonsense(t, a);
}

provernet_status pvn_sp1_swallow(pvn_sp1_talk *t, uint32_t len)
{
    uint8_t rest[4096];
    provernet_status rc = PROVERNET_OK;

    while (len > 0 && rc == PROVERNET_OK) {
        uint32_t some = len < sizeof rest ? len : (uint32_t)sizeof rest;

        rc = pvn_sp1_receive(t, rest, some);
        len -= some;
    }
    return rc;
}

provernet_status pvn_sp1_say(pvn_sp1_talk *t, uint64_t body, uint32_t tag)
{
    uint8_t head[8];

    if (body + 4 > UINT32_MAX)
        return pvn_fail(t->err, PROVERNET_ERR_LIMIT, 0,
                        "the GPU server takes messages below 4 GiB, this has "
                        "%llu bytes",
                        (unsigned long long)body);
    pvn_put_u32le(head, (uint32_t)body + 4);
    pvn_put_u32le(head + 4, tag);
    return pvn_sp1_send(t, head, sizeof head);
}
