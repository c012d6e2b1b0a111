/* prove/gpu_helper.c - the GPU engine in a process of its own, see gpu_link.h.
 *
 * One helper per device, started without a shell, known by its pidfd only, so
 * that a host that waits for any child, or ignores SIGCHLD, does no harm. A
 * helper that ends, says what it should not, or is silent for too long is lost:
 * it is killed and reaped when the link is closed. */
#include "prove/gpu_link.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LOOK_MS = 20,        /* between two looks at progress and cancel */
    PATIENCE_MS = 60000, /* for short questions, and after a cancel */
    LEAVE_MS = 2000,     /* to end by itself */
    KILLED_MS = 5000,    /* to be gone after SIGKILL */
    ABOVE = PVN_WIRE_SHARED + 1,
    NAME_MAX_ = 512
};

typedef struct remote {
    pvn_gpu_link link;
    pid_t pid;
    int pidfd, fd;
    pvn_bulk shared;
    uint32_t serial;
    int patience_ms;
    bool lost;
} remote;

static const char *const stages[] = { PVN_WIRE_STAGE_TEXTS };

static remote *of(pvn_gpu_link *l)
{
    return (remote *)l;
}

static pvn_wire_shared *shared(const remote *r)
{
    return (pvn_wire_shared *)r->shared.data;
}

/* ---- its end ---- */

static bool gone(const remote *r, int ms)
{
    struct pollfd at = { .fd = r->pidfd, .events = POLLIN };
    int n;

    do
        n = poll(&at, 1, ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

/* Closes the socket, which ends it; by force if need be. */
static void end(remote *r)
{
    siginfo_t info;
    bool left;

    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    if (r->pidfd < 0) { /* it ends by itself: its socket is closed */
        if (r->pid > 0)
            (void)waitid(P_PID, (id_t)r->pid, &info, WEXITED);
        return;
    }
    left = !r->lost && gone(r, LEAVE_MS);
    if (!left) {
        (void)syscall(SYS_pidfd_send_signal, r->pidfd, SIGKILL, NULL, 0);
        left = gone(r, KILLED_MS); /* else the driver holds it: not for ever */
    }
    (void)waitid(P_PIDFD, (id_t)r->pidfd, &info,
                 left ? WEXITED : WEXITED | WNOHANG);
    close(r->pidfd);
    r->pidfd = -1;
}

static void remote_free(remote *r)
{
    end(r);
    pvn_bulk_free(&r->shared);
    free(r);
}

static void remote_close(pvn_gpu_link *l)
{
    remote_free(of(l));
}

__attribute__((format(printf, 3, 4))) static int
lose(remote *r, provernet_gpu_error *e, const char *fmt, ...)
{
    va_list ap;

    r->lost = true;
    e->status = PROVERNET_GPU_LOST;
    e->cause = 0;
    va_start(ap, fmt);
    vsnprintf(e->message, sizeof e->message, fmt, ap);
    va_end(ap);
    return PROVERNET_GPU_LOST;
}

/* Why a helper that said nothing more ended. */
static int lose_ended(remote *r, provernet_gpu_error *e)
{
    siginfo_t info = { 0 };

    if (r->pidfd < 0 || !gone(r, LEAVE_MS) ||
        waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED | WNOWAIT) ||
        info.si_pid == 0)
        return lose(r, e, "its helper process closed the connection");
    if (info.si_code == CLD_EXITED)
        return lose(r, e, "its helper process ended with status %d",
                    info.si_status);
    return lose(r, e, "its helper process was ended by signal %d",
                info.si_status);
}

/* ---- questions and answers ---- */

static bool ask(remote *r, pvn_wire_ask *q, unsigned type, int file)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { .room = { 0 } };
    struct iovec part = { q, sizeof *q };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t n;

    q->head = (pvn_wire_head){ PVN_WIRE_MAGIC, PVN_WIRE_VERSION, (uint16_t)type,
                               sizeof *q, ++r->serial };
    if (file >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof control;
        CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
        CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
        CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &file, sizeof file);
    }
    do
        n = sendmsg(r->fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *q;
}

/* Progress one way, a cancel the other. permille: as well, not the stage only.
 * true: cancelled. */
static bool look(remote *r, provernet_watch *w, bool permille)
{
    pvn_wire_shared *s = shared(r);
    int32_t done = __atomic_load_n(&s->permille, __ATOMIC_RELAXED);
    int32_t stage = __atomic_load_n(&s->stage, __ATOMIC_RELAXED);
    bool known =
        stage >= 0 && stage < (int32_t)(sizeof stages / sizeof *stages);

    if (pvn_watch_at(w, known ? stages[stage] : NULL,
                     permille && done > 0 && done < 990 ? done : 0))
        return false;
    __atomic_store_n(&s->cancelled, 1, __ATOMIC_RELAXED);
    return true;
}

/* Wait for the next packet. brief: the question is a short one. */
static int await(remote *r, provernet_watch *w, bool brief, bool permille,
                 provernet_gpu_error *e)
{
    struct pollfd at = { .fd = r->fd, .events = POLLIN };
    int left = r->patience_ms, n;

    for (;;) {
        n = poll(&at, 1, LOOK_MS);
        if (n > 0)
            return PROVERNET_GPU_OK;
        if (n < 0 && errno != EINTR)
            return lose(r, e, "its helper process cannot be heard: %s",
                        strerror(errno));
        if (!look(r, w, permille) && !brief)
            continue;
        left -= LOOK_MS;
        if (left <= 0)
            return lose(r, e, "its helper process gave no answer for %d s",
                        r->patience_ms / 1000);
    }
}

static int hear(remote *r, unsigned type, pvn_wire_say *a,
                provernet_gpu_error *e)
{
    uint8_t room[sizeof *a + 1]; /* one more shows what is too long */
    ssize_t n;

    do
        n = recv(r->fd, room, sizeof room, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return lose_ended(r, e);
    if (!pvn_gpu_answer_read(a, room, (size_t)n, type, r->serial))
        return lose(r, e,
                    "its helper process gave an answer that is none "
                    "(%zd bytes)",
                    n);
    if (a->status) {
        e->status = a->status;
        e->cause = a->cause;
        memcpy(e->message, a->message, sizeof e->message);
    }
    return a->status;
}

typedef struct manner {
    provernet_watch *watch;
    bool brief, permille;
} manner;

static int talk(remote *r, pvn_wire_ask *q, unsigned type, int file, manner how,
                pvn_wire_say *a, provernet_gpu_error *e)
{
    pvn_wire_shared *s = shared(r);
    int status;

    if (r->lost)
        return lose(r, e, "its helper process is gone");
    __atomic_store_n(&s->cancelled, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&s->permille, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&s->stage, -1, __ATOMIC_RELAXED);
    if (how.watch)
        (void)look(r, how.watch, false);
    if (!ask(r, q, type, file))
        return lose_ended(r, e);
    status = await(r, how.watch, how.brief, how.permille, e);
    if (!status)
        status = hear(r, type, a, e);
    if (status == PROVERNET_GPU_LOST)
        r->lost = true;
    return status;
}

static const manner short_one = { .brief = true };

static int remote_info(pvn_gpu_link *l, int device, provernet_gpu_info *out,
                       provernet_gpu_error *e)
{
    pvn_wire_ask q = { .device = (uint32_t)device };
    pvn_wire_say a;
    int status = talk(of(l), &q, PVN_WIRE_INFO, -1, short_one, &a, e);

    if (!status)
        *out = a.info;
    return status;
}

static int remote_open(pvn_gpu_link *l, int device, provernet_gpu_error *e)
{
    pvn_wire_ask q = { .device = (uint32_t)device };
    pvn_wire_say a;

    return talk(of(l), &q, PVN_WIRE_OPEN, -1, short_one, &a, e);
}

static int remote_needs(pvn_gpu_link *l, const pvn_gpu_sections *s,
                        provernet_gpu_needs *out, provernet_gpu_error *e)
{
    pvn_wire_ask q = { .sizes = s->sizes };
    pvn_wire_say a;
    int status = talk(of(l), &q, PVN_WIRE_NEEDS, s->bulk.fd,
                      (manner){ .watch = NULL }, &a, e);

    if (!status)
        *out = a.needs;
    return status;
}

static int remote_load(pvn_gpu_link *l, const pvn_gpu_sections *s,
                       pvn_gpu_loaded *out, provernet_watch *w,
                       provernet_gpu_error *e)
{
    pvn_wire_ask q = { .sizes = s->sizes };
    pvn_wire_say a;
    int status;

    memcpy(q.fixed, s->fixed, sizeof q.fixed);
    status = talk(of(l), &q, PVN_WIRE_LOAD, s->bulk.fd, (manner){ .watch = w },
                  &a, e);
    if (!status)
        *out = (pvn_gpu_loaded){ a.key, a.needs.bus_rate, a.needs.form[0] };
    return status;
}

static int remote_drop(pvn_gpu_link *l, uint64_t key, provernet_gpu_error *e)
{
    pvn_wire_ask q = { .key = key };
    pvn_wire_say a;

    return talk(of(l), &q, PVN_WIRE_FREE, -1, short_one, &a, e);
}

static int remote_slot(pvn_gpu_link *l, unsigned slot, const pvn_bulk *b,
                       provernet_gpu_error *e)
{
    pvn_wire_ask q = { .slot = slot, .n = b->len };
    pvn_wire_say a;

    return talk(of(l), &q, PVN_WIRE_SLOT, b->fd, short_one, &a, e);
}

static int remote_prove(pvn_gpu_link *l, pvn_gpu_proof *p, provernet_watch *w,
                        provernet_gpu_error *e)
{
    pvn_wire_ask q = {
        .slot = p->slot, .ticket = p->ticket, .key = p->key, .n = p->n
    };
    pvn_wire_say a;
    int status;

    memcpy(q.rs64, p->rs64, sizeof q.rs64);
    status = talk(of(l), &q, PVN_WIRE_PROVE, -1,
                  (manner){ .watch = w, .permille = true }, &a, e);
    explicit_bzero(&q, sizeof q);
    if (!status)
        memcpy(p->proof256, a.proof, sizeof p->proof256);
    return status;
}

static int remote_work(pvn_gpu_link *l, unsigned what, const pvn_bulk *b,
                       uint64_t n, uint8_t out128[128], provernet_gpu_error *e)
{
    pvn_wire_ask q = { .slot = what, .n = n };
    pvn_wire_say a;
    int status =
        talk(of(l), &q, PVN_WIRE_WORK, b->fd, (manner){ .watch = NULL }, &a, e);

    if (!status)
        memcpy(out128, a.proof, 128);
    return status;
}

static const pvn_gpu_way way = { remote_close, remote_info,  remote_open,
                                 remote_needs, remote_load,  remote_drop,
                                 remote_slot,  remote_prove, remote_work };

/* ---- its start ---- */

/* The program beside the plug-in. */
static bool helper_path(char *out, size_t cap, const char *plugin)
{
    const char *slash = strrchr(plugin, '/');
    int n = snprintf(out, cap, "%.*s/" PVN_GPU_HELPER,
                     slash ? (int)(slash - plugin) : 1, slash ? plugin : ".");

    return n > 0 && (size_t)n < cap;
}

/* A descriptor out of the way of those that the helper starts with. */
static int lift(int fd)
{
    int up = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);

    close(fd);
    return up;
}

static int spawn(remote *r, const char *path, const char *plugin, int theirs)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    char parent[24];
    char *args[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)plugin, parent,
                     NULL };
    sigset_t none, all;
    int memory = fcntl(r->shared.fd, F_DUPFD_CLOEXEC, ABOVE), rc;

    if (memory < 0)
        return errno;
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    sigemptyset(&none);
    sigfillset(&all);
    rc = posix_spawn_file_actions_init(&files);
    if (rc)
        goto out;
    rc = posix_spawnattr_init(&attr);
    if (rc)
        goto no_attr;
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setpgroup(&attr, 0); /* not the terminal's Ctrl-C */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF |
                                        POSIX_SPAWN_SETPGROUP);
    rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&files, 0, 1);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&files, theirs, PVN_WIRE_SOCKET);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&files, memory, PVN_WIRE_SHARED);
    if (!rc)
        rc = posix_spawn(&r->pid, path, &files, &attr, args, environ);
    posix_spawnattr_destroy(&attr);
no_attr:
    posix_spawn_file_actions_destroy(&files);
out:
    close(memory);
    return rc;
}

/* 0 or an errno. */
static int start(remote *r, const char *path, const char *plugin)
{
    int pair[2], rc;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return errno;
    pair[1] = lift(pair[1]);
    r->fd = pair[0];
    if (pair[1] < 0)
        return EMFILE;
    rc = spawn(r, path, plugin, pair[1]);
    close(pair[1]);
    if (rc)
        return rc;
    r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
    return r->pidfd < 0 ? errno : 0;
}

static provernet_status greet(remote *r, const char *name, const char *plugin,
                              provernet_error *err)
{
    provernet_gpu_error ge = { 0 };
    pvn_wire_say a;
    int status = await(r, NULL, true, false, &ge);

    if (!status)
        status = hear(r, PVN_WIRE_HELLO, &a, &ge);
    if (status == PROVERNET_GPU_NO_DEVICE)
        return pvn_gpu_none_here(ge.message, ge.cause, err);
    if (status)
        return pvn_gpu_not_loaded(name, plugin, ge.message, err);
    r->link.devices = (int)a.devices;
    return PROVERNET_OK;
}

static remote *remote_new(void)
{
    remote *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->fd = r->pidfd = -1;
    r->patience_ms = PATIENCE_MS;
    r->link.way = &way;
    if (!pvn_bulk_new(&r->shared, sizeof(pvn_wire_shared))) {
        free(r);
        return NULL;
    }
    r->link.next = &shared(r)->next;
    return r;
}

provernet_status pvn_gpu_helper(pvn_gpu_link **out, const char *name,
                                const char *path, provernet_error *err)
{
    char helper[NAME_MAX_];
    remote *r;
    provernet_status rc;
    int e;

    /* The file first: that it is missing is the usual reason. */
    if (access(path, R_OK) != 0)
        return pvn_gpu_not_loaded(name, path, strerror(errno), err);
    if (!helper_path(helper, sizeof helper, path))
        return pvn_gpu_not_loaded(name, path, "the path is too long", err);
    r = remote_new();
    if (!r)
        return pvn_nomem(err);
    e = start(r, helper, path);
    if (e) {
        r->lost = true;
        remote_free(r);
        return pvn_fail(err, PROVERNET_ERR_NO_DEVICE, e,
                        "no device \"%s\": %.120s did not start: %s\n"
                        "help: it belongs beside the engine; or set "
                        "engine.in_process",
                        name, helper, strerror(e));
    }
    rc = greet(r, name, path, err);
    if (rc) {
        remote_free(r);
        return rc;
    }
    *out = &r->link;
    return PROVERNET_OK;
}

pid_t pvn_gpu_helper_pid(const pvn_gpu_link *l)
{
    return l && l->way == &way ? ((const remote *)l)->pid : 0;
}

void pvn_gpu_helper_patience(pvn_gpu_link *l, int ms)
{
    if (l && l->way == &way)
        of(l)->patience_ms = ms;
}
