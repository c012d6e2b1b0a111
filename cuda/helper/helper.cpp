/* cuda/helper/helper.cpp - the program provernet-gpu-helper: holds the GPU
 * engine for one process of libprovernet and answers its questions, see
 * provernet_gpu_wire.h. It ends with the socket or with its parent, whichever
 * goes first, also in the middle of a proof (a parent-death signal would not
 * do: it comes when the thread that started us ends). Never run by hand. */
#include "../provernet_gpu_wire.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace
{

enum { LOOK_MS = 50, KEYS_MAX = 1024, EXIT_USAGE = 2, EXIT_WIRE = 3 };

/* A memory file of the parent's, mapped. */
struct Map {
    uint8_t *data;
    uint64_t bytes;
};

struct Helper {
    const provernet_gpu *table;
    void *ctx;
    pvn_wire_shared *shared;
    Map slots[PVN_WIRE_SLOTS];
    void *keys[KEYS_MAX]; /* the number of a key is its place + 1 */
    const char *volatile stage;
};

Helper helper;

/* ---- the parent ---- */

const char *const stages[] = { PVN_WIRE_STAGE_TEXTS };

void pass_stage()
{
    const char *text = __atomic_load_n(&helper.stage, __ATOMIC_RELAXED);

    for (int32_t i = 0; text && i < (int32_t)(sizeof stages / sizeof *stages);
         i++)
        if (strcmp(stages[i], text) == 0)
            __atomic_store_n(&helper.shared->stage, i, __ATOMIC_RELAXED);
}

/* Ends the process when nobody waits for it any more. */
void *watch_parent(void *arg)
{
    struct pollfd at[2] = { { PVN_WIRE_SOCKET, POLLRDHUP, 0 },
                            { *static_cast<int *>(arg), POLLIN, 0 } };

    for (;;) {
        int n = poll(at, 2, LOOK_MS);
        if (n > 0 && (at[0].revents || at[1].revents))
            _exit(0);
        pass_stage();
    }
    return nullptr;
}

/* Signals meant for the parent's whole group do not end a proof that the
 * parent means to finish; the witness goes into no core file. */
void settle()
{
    struct rlimit none = { 0, 0 };
    int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

    for (int s : ignored)
        signal(s, SIG_IGN);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_NAME, "provernet-gpu", 0, 0, 0);
    /* Whatever of the parent's was open and should not have been. */
    (void)syscall(SYS_close_range, PVN_WIRE_SHARED + 1, ~0u, 0);
}

bool follow_parent(pid_t parent)
{
    static int pidfd;
    pthread_t thread;

    pidfd = (int)syscall(SYS_pidfd_open, parent, 0);
    return pidfd >= 0 && getppid() == parent &&
           pthread_create(&thread, nullptr, watch_parent, &pidfd) == 0 &&
           pthread_detach(thread) == 0;
}

/* ---- messages ---- */

[[noreturn]] void bad_wire(const char *what)
{
    fprintf(stderr, "provernet-gpu-helper: %s\n", what);
    exit(EXIT_WIRE);
}

/* The next question; *fd: the descriptor that came with it, or -1. */
void receive(pvn_wire_ask *ask, int *fd)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { ask, sizeof *ask };
    struct msghdr m = {};
    ssize_t got;

    m.msg_iov = &part;
    m.msg_iovlen = 1;
    m.msg_control = &control;
    m.msg_controllen = sizeof control;
    got = recvmsg(PVN_WIRE_SOCKET, &m, MSG_CMSG_CLOEXEC);
    if (got == 0)
        exit(0);
    if (got != (ssize_t)sizeof *ask || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        bad_wire("a message of another length");
    if (ask->head.magic != PVN_WIRE_MAGIC ||
        ask->head.version != PVN_WIRE_VERSION ||
        ask->head.bytes != sizeof *ask || ask->head.type <= PVN_WIRE_HELLO ||
        ask->head.type >= PVN_WIRE_TYPES)
        bad_wire("a message of another version");
    *fd = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            memcpy(fd, CMSG_DATA(c), sizeof *fd);
    if ((*fd >= 0) !=
        (ask->head.type == PVN_WIRE_NEEDS || ask->head.type == PVN_WIRE_LOAD ||
         ask->head.type == PVN_WIRE_WORK || ask->head.type == PVN_WIRE_SLOT))
        bad_wire("a descriptor too many or too few");
}

void answer(pvn_wire_say *say, const provernet_gpu_error *e, int status)
{
    if (status) {
        say->status = status;
        say->cause = e->cause;
        memcpy(say->message, e->message, sizeof say->message);
        say->message[sizeof say->message - 1] = 0;
    }
    say->head.magic = PVN_WIRE_MAGIC;
    say->head.version = PVN_WIRE_VERSION;
    say->head.bytes = sizeof *say;
    if (send(PVN_WIRE_SOCKET, say, sizeof *say, MSG_NOSIGNAL) !=
        (ssize_t)sizeof *say)
        exit(0);
}

/* A file of exactly that many bytes; closes fd. */
int map_file(int fd, uint64_t bytes, int protection, Map *out,
             provernet_gpu_error *e)
{
    struct stat st;
    void *at;

    if (fstat(fd, &st) != 0 || (uint64_t)st.st_size != bytes || bytes == 0)
        bad_wire("a file of another size");
    at = mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED) {
        snprintf(e->message, sizeof e->message,
                 "the helper has no room for %llu bytes of the parent's",
                 (unsigned long long)bytes);
        return PROVERNET_GPU_NOMEM;
    }
    out->data = static_cast<uint8_t *>(at);
    out->bytes = bytes;
    return 0;
}

/* ---- the questions ---- */

void fill_watch(provernet_gpu_watch *w, bool prove)
{
    memset(w, 0, sizeof *w);
    __atomic_store_n(&helper.stage, nullptr, __ATOMIC_RELAXED);
    w->host_cancelled =
        reinterpret_cast<const volatile uint8_t *>(&helper.shared->cancelled);
    w->host_permille = &helper.shared->permille;
    w->host_stage = &helper.stage;
    w->next = prove ? &helper.shared->next : nullptr;
}

provernet_gpu_zkey numbers(const pvn_wire_ask *ask)
{
    provernet_gpu_zkey z;

    memset(&z, 0, sizeof z);
    z.struct_size = sizeof z;
    z.n_vars = ask->sizes.n_vars;
    z.n_public = ask->sizes.n_public;
    z.domain_size = ask->sizes.domain_size;
    z.coefficients = ask->sizes.coefficients;
    z.memory_budget = ask->sizes.memory_budget;
    z.multiples_budget = ask->sizes.multiples_budget;
    return z;
}

/* The key of a question, its sections in the file that came with it. */
int take_key(const pvn_wire_ask *ask, int fd, provernet_gpu_zkey *z, Map *file,
             provernet_gpu_error *e)
{
    uint64_t at[PVN_WIRE_SECTIONS + 1];
    int status;

    *z = numbers(ask);
    if (z->n_vars <= z->n_public || z->coefficients >> 32)
        bad_wire("a key that cannot be");
    pvn_wire_layout(&ask->sizes, at);
    status = map_file(fd, at[PVN_WIRE_SECTIONS], PROT_READ, file, e);
    if (status)
        return status;
    z->section4 = file->data + at[0];
    z->a = file->data + at[1];
    z->b1 = file->data + at[2];
    z->b2 = file->data + at[3];
    z->c = file->data + at[4];
    z->h = file->data + at[5];
    z->alpha1 = ask->fixed;
    z->beta1 = ask->fixed + 64;
    z->delta1 = ask->fixed + 128;
    z->beta2 = ask->fixed + 192;
    z->delta2 = ask->fixed + 320;
    return 0;
}

int needs(const pvn_wire_ask *ask, int fd, pvn_wire_say *say,
          provernet_gpu_error *e)
{
    provernet_gpu_zkey z;
    Map file = {};
    int status = take_key(ask, fd, &z, &file, e);

    if (status)
        return status;
    status = helper.table->key_needs(helper.ctx, &z, &say->needs, e);
    munmap(file.data, file.bytes);
    return status;
}

int load(const pvn_wire_ask *ask, int fd, pvn_wire_say *say,
         provernet_gpu_error *e)
{
    provernet_gpu_zkey z;
    provernet_gpu_watch w;
    Map file = {};
    int status, place = 0;

    while (place < KEYS_MAX && helper.keys[place])
        place++;
    if (place == KEYS_MAX)
        bad_wire("too many keys");
    status = take_key(ask, fd, &z, &file, e);
    if (status)
        return status;
    fill_watch(&w, false);
    status = helper.table->key_load(helper.ctx, &z, &helper.keys[place], &w, e);
    munmap(file.data, file.bytes);
    say->key = (uint64_t)place + 1;
    if (!status)
        status = helper.table->key_form(helper.ctx, helper.keys[place],
                                        &say->needs.form[0],
                                        &say->needs.bus_rate, e);
    return status;
}

void **key_of(const pvn_wire_ask *ask)
{
    if (ask->key < 1 || ask->key > KEYS_MAX || !helper.keys[ask->key - 1])
        bad_wire("a key that is not here");
    return &helper.keys[ask->key - 1];
}

int take_slot(const pvn_wire_ask *ask, int fd, provernet_gpu_error *e)
{
    Map file = {}, *slot;
    int status;

    if (ask->slot >= PVN_WIRE_SLOTS)
        bad_wire("a slot too many");
    slot = &helper.slots[ask->slot];
    status = map_file(fd, ask->n, PROT_READ, &file, e);
    if (status)
        return status;
    status =
        helper.table->slot(helper.ctx, ask->slot, file.data, file.bytes, e);
    if (slot->data)
        munmap(slot->data, slot->bytes);
    *slot = file;
    return status;
}

int prove(const pvn_wire_ask *ask, pvn_wire_say *say, provernet_gpu_error *e)
{
    provernet_gpu_watch w;
    const Map *slot;

    if (ask->slot >= PVN_WIRE_SLOTS || ask->n > ((uint64_t)1 << 32))
        bad_wire("a slot too many");
    slot = &helper.slots[ask->slot];
    if (!slot->data || slot->bytes / 32 < ask->n)
        bad_wire("a witness larger than its slot");
    fill_watch(&w, true);
    w.ticket = ask->ticket;
    return helper.table->groth16(helper.ctx, *key_of(ask), slot->data, ask->n,
                                 ask->rs64, say->proof, &w, e);
}

/* A sum or a transform of its own, for measuring. */
int work(const pvn_wire_ask *ask, int fd, pvn_wire_say *say,
         provernet_gpu_error *e)
{
    static const uint64_t point[] = { 0, 64, 128, 0, 0 };
    uint32_t what = ask->slot, log_n = 0;
    Map file = {};
    int status;

    if (what < PVN_WORK_G1 || what > PVN_WORK_NTT_INVERSE || ask->n == 0 ||
        ask->n > (uint64_t)1 << 32)
        bad_wire("work that is none");
    status = map_file(fd, ask->n * (point[what] + 32), PROT_READ | PROT_WRITE,
                      &file, e);
    if (status)
        return status;
    while ((uint64_t)1 << log_n < ask->n)
        log_n++;
    if (what == PVN_WORK_G1)
        status =
            helper.table->msm_g1(helper.ctx, file.data, file.data + ask->n * 64,
                                 ask->n, say->proof, e);
    else if (what == PVN_WORK_G2)
        status = helper.table->msm_g2(helper.ctx, file.data,
                                      file.data + ask->n * 128, ask->n,
                                      say->proof, e);
    else if ((uint64_t)1 << log_n != ask->n)
        bad_wire("a transform that is no power of two");
    else
        status = helper.table->ntt(helper.ctx, file.data, log_n,
                                   what == PVN_WORK_NTT_INVERSE, e);
    munmap(file.data, file.bytes);
    return status;
}

int reply(const pvn_wire_ask *ask, int fd, pvn_wire_say *say,
          provernet_gpu_error *e)
{
    void **key;

    if (ask->head.type == PVN_WIRE_INFO)
        return helper.table->info((int)ask->device, &say->info, e);
    if ((ask->head.type == PVN_WIRE_OPEN) != !helper.ctx)
        bad_wire("a question before the device is open, or it is open twice");
    switch (ask->head.type) {
    case PVN_WIRE_OPEN:
        return helper.table->open((int)ask->device, &helper.ctx, e);
    case PVN_WIRE_NEEDS:
        return needs(ask, fd, say, e);
    case PVN_WIRE_LOAD:
        return load(ask, fd, say, e);
    case PVN_WIRE_FREE:
        key = key_of(ask);
        helper.table->key_free(helper.ctx, *key);
        *key = nullptr;
        return 0;
    case PVN_WIRE_SLOT:
        return take_slot(ask, fd, e);
    case PVN_WIRE_WORK:
        return work(ask, fd, say, e);
    default:
        return prove(ask, say, e);
    }
}

/* ---- starting ---- */

int load_table(const char *path, provernet_gpu_error *e)
{
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    provernet_gpu_v1_fn get;

    symbol = file ? dlsym(file, "provernet_gpu_v1") : nullptr;
    if (!symbol) {
        snprintf(e->message, sizeof e->message, "%.240s",
                 file ? "it is no GPU engine" : dlerror());
        return PROVERNET_GPU_INVALID;
    }
    memcpy(&get, &symbol, sizeof get);
    helper.table = get();
    return 0;
}

void hello(const char *path)
{
    provernet_gpu_error e = {};
    pvn_wire_say say = {};
    int status = load_table(path, &e), n;

    say.head.type = PVN_WIRE_HELLO;
    if (!status) {
        say.abi = helper.table->abi;
        if (say.abi != PROVERNET_GPU_ABI ||
            helper.table->struct_size < sizeof *helper.table) {
            status = PROVERNET_GPU_INVALID;
            snprintf(e.message, sizeof e.message,
                     "it speaks version %u, this library %d", say.abi,
                     PROVERNET_GPU_ABI);
        }
    }
    if (!status) {
        n = helper.table->count(&e);
        say.devices = n > 0 ? (uint32_t)n : 0;
        status = n > 0 ? 0 : PROVERNET_GPU_NO_DEVICE;
        snprintf(say.message, sizeof say.message, "%s", helper.table->build);
    }
    answer(&say, &e, status);
    if (status)
        exit(0);
}

} // namespace

int main(int argc, char **argv)
{
    struct stat st;
    void *shared;

    if (argc != 3 || fstat(PVN_WIRE_SOCKET, &st) != 0 ||
        !S_ISSOCK(st.st_mode)) {
        fprintf(stderr, "provernet-gpu-helper holds the GPU for libprovernet, "
                        "which starts it itself\n");
        return EXIT_USAGE;
    }
    settle();
    shared = mmap(nullptr, sizeof *helper.shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED, PVN_WIRE_SHARED, 0);
    if (shared == MAP_FAILED)
        bad_wire("no shared memory");
    helper.shared = static_cast<pvn_wire_shared *>(shared);
    if (!follow_parent((pid_t)atol(argv[2])))
        return 0; /* it is gone already */
    hello(argv[1]);
    for (;;) {
        provernet_gpu_error e = {};
        pvn_wire_ask ask;
        pvn_wire_say say = {};
        int fd, status;

        receive(&ask, &fd);
        say.head.type = ask.head.type;
        say.head.serial = ask.head.serial;
        status = reply(&ask, fd, &say, &e);
        answer(&say, &e, status);
        explicit_bzero(&ask, sizeof ask);
    }
}
