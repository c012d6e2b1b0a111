/* cuda/sim/sim.cpp - the runtime table on the CPU.
 *
 * Work is queued in streams and runs only when somebody waits; then a random
 * stream whose head may run goes first, again and again. Blocks run in random
 * order, the threads of each phase too; lanes that exchange values take turns.
 * Memory comes poisoned. Chosen calls
 * fail. With a split two threads share each grid, for ThreadSanitizer. */
#include "sim.h"
#include "pair.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace pvn
{
namespace
{

struct Event {
    uint64_t recorded, passed; /* how often queued, how often reached */
};

struct Op {
    enum Kind { COPY, FILL, LAUNCH, RECORD, WAIT } kind;
    Op *next;
    int kernel, byte;
    uint32_t blocks;
    void *to;
    const void *from;
    size_t bytes;
    Event *event;
    uint64_t stamp;
    alignas(16) unsigned char args[1];
};

struct Stream {
    Op *head, *tail;
    Stream *next;
};

struct Block { /* in front of what alloc gives */
    size_t bytes;
    void *base;
};

struct Device {
    Stream *streams;
    uint64_t random;
    int lasting;    /* an error that poisons everything after it */
    uint64_t clock; /* ns: a copy takes one for each byte, nothing else any */
};

SimKnobs knobs;
SimCounts counts;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void count(uint64_t SimCounts::*what, uint64_t by)
{
    pthread_mutex_lock(&lock);
    counts.*what += by;
    pthread_mutex_unlock(&lock);
}

/* 0, or the error this call was chosen to give. */
int inject(SimCall call)
{
    int code = 0;

    pthread_mutex_lock(&lock);
    counts.calls[call]++;
    if (knobs.fail_at && knobs.fail_call == call &&
        counts.calls[call] == knobs.fail_at)
        code = knobs.fail_code;
    pthread_mutex_unlock(&lock);
    return code;
}

/* ---- grids ---- */

/* A walk over n things in an order drawn by chance: start + i * stride. */
struct Order {
    uint64_t start, stride, n;

    uint64_t at(uint64_t i) const
    {
        return (start + i * stride) % n;
    }
};

uint64_t common(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

Order order(uint64_t n, uint64_t *random)
{
    Order o = { draw(random) % n, 1, n };

    if (n > 2)
        do
            o.stride = 1 + draw(random) % (n - 1);
        while (common(o.stride, n) != 1);
    return o;
}

/* Threads that run together, because they exchange values. */
template <class K> constexpr auto lanes_of(int) -> decltype(K::lanes, int())
{
    return K::lanes;
}

template <class K> constexpr int lanes_of(long)
{
    return 1;
}

template <class K> struct Grid {
    const typename K::Args *args;
    uint32_t blocks;
    Order walk;
    uint64_t random;
    int split;
    /* The part of one worker: */
    uint32_t part, parts;
    /* The block and phase that workers share when they split a block: */
    typename K::Shared *shared;
    typename K::Local *locals;
    Thread at;
    int phase;
};

template <class K> struct Lanes {
    const Grid<K> *grid;
    uint32_t first; /* thread */
};

template <class K> void run_lane(void *arg, uint32_t lane)
{
    const Lanes<K> *l = static_cast<const Lanes<K> *>(arg);
    const Grid<K> &g = *l->grid;
    Thread t = g.at;

    t.thread = l->first + lane;
    K::phase(g.phase, t, *g.args, *g.shared, g.locals[t.thread]);
}

template <class K> void run_pairs(const Grid<K> &g, Order walk)
{
    Pair *pair = pair_new(g.random + g.at.block + g.part);

    if (!pair) /* a test machine without memory */
        abort();
    for (uint32_t i = g.part; i < walk.n; i += g.parts) {
        Lanes<K> l = { &g, 2 * (uint32_t)walk.at(i) };
        if (!pair_run(pair, run_lane<K>, &l))
            count(&SimCounts::misuse, 1);
    }
    pair_free(pair);
}

template <class K> void run_threads(const Grid<K> &g, Order walk)
{
    Thread t = g.at;

    if (lanes_of<K>(0) == 2) {
        run_pairs(g, walk);
        return;
    }

    for (uint32_t i = g.part; i < (uint32_t)K::threads; i += g.parts) {
        t.thread = (uint32_t)walk.at(i);
        K::phase(g.phase, t, *g.args, *g.shared, g.locals[t.thread]);
    }
}

template <class K> struct HalfOf {
    const Grid<K> *grid;
    Order walk;
};

template <class K> void *half_of_threads(void *arg)
{
    const HalfOf<K> *h = static_cast<const HalfOf<K> *>(arg);
    Grid<K> g = *h->grid;

    g.part = 1;
    run_threads<K>(g, h->walk);
    return nullptr;
}

template <class K> void run_phase(Grid<K> &g, uint64_t *random)
{
    HalfOf<K> h = { &g, order((uint64_t)K::threads / lanes_of<K>(0), random) };
    pthread_t other;

    g.part = 0;
    g.parts = g.split == SIM_THREADS ? 2 : 1;
    if (g.parts == 2 &&
        pthread_create(&other, nullptr, half_of_threads<K>, &h) != 0)
        g.parts = 1;
    run_threads<K>(g, h.walk);
    if (g.parts == 2)
        pthread_join(other, nullptr);
}

/* Shared memory and locals start as rubbish in every block. */
template <class K> void run_blocks(Grid<K> g)
{
    typename K::Shared *shared = static_cast<typename K::Shared *>(
        aligned_alloc(64, (sizeof(typename K::Shared) + 63) / 64 * 64));
    typename K::Local *locals = static_cast<typename K::Local *>(aligned_alloc(
        64, (sizeof(typename K::Local) * K::threads + 63) / 64 * 64));
    uint64_t random = g.random;
    uint32_t part = g.part, parts = g.parts;

    if (!shared || !locals) /* a test machine without memory */
        abort();
    g.shared = shared;
    g.locals = locals;
    for (uint32_t i = part; i < g.blocks; i += parts) {
        if (K::phases(*g.args) > 1) {
            memset((void *)shared, 0xb7, sizeof *shared);
            memset((void *)locals, 0xb7, sizeof *locals * K::threads);
        }
        g.at =
            Thread{ (uint32_t)g.walk.at(i), 0, g.blocks, (uint32_t)K::threads };
        for (g.phase = 0; g.phase < K::phases(*g.args); g.phase++)
            run_phase<K>(g, &random);
    }
    free(shared);
    free(locals);
}

template <class K> void *half_of_blocks(void *arg)
{
    Grid<K> g = *static_cast<const Grid<K> *>(arg);

    g.part = 1;
    run_blocks<K>(g);
    return nullptr;
}

template <class K>
void run_grid(uint32_t blocks, const void *args, uint64_t random, int split)
{
    Grid<K> g = {};
    pthread_t other;

    g.args = static_cast<const typename K::Args *>(args);
    g.blocks = blocks;
    g.walk = order(blocks, &random);
    g.random = random;
    g.split = split;
    g.parts = split == SIM_BLOCKS ? 2 : 1;
    if (g.parts == 2 &&
        pthread_create(&other, nullptr, half_of_blocks<K>, &g) != 0)
        g.parts = 1;
    run_blocks<K>(g);
    if (g.parts == 2)
        pthread_join(other, nullptr);
}

using GridFn = void (*)(uint32_t, const void *, uint64_t, int);
struct Entry {
    GridFn run;
    size_t args;
};
#define X(name, ...) { run_grid<__VA_ARGS__>, sizeof(__VA_ARGS__::Args) },
const Entry kernels[KERNELS] = { PVN_KERNELS(X) };
#undef X

/* ---- streams ---- */

bool may_run(const Op *op)
{
    return op && (op->kind != Op::WAIT || op->event->passed >= op->stamp);
}

void run_op(Device *d, Op *op)
{
    switch (op->kind) {
    case Op::COPY:
        memcpy(op->to, op->from, op->bytes);
        d->clock += op->bytes;
        break;
    case Op::FILL:
        memset(op->to, op->byte, op->bytes);
        break;
    case Op::LAUNCH:
        kernels[op->kernel].run(op->blocks, op->args, draw(&d->random),
                                knobs.split);
        break;
    case Op::RECORD:
        op->event->passed = op->stamp;
        break;
    case Op::WAIT:
        break;
    }
}

void run_head(Device *d, Stream *s)
{
    Op *op = s->head;

    s->head = op->next;
    if (!s->head)
        s->tail = nullptr;
    if (!d->lasting || op->kind == Op::RECORD)
        run_op(d, op);
    free(op);
}

/* Let a stream drawn by chance do one step; false: none can. */
bool step(Device *d)
{
    uint32_t ready = 0, pick;

    for (Stream *s = d->streams; s; s = s->next)
        ready += may_run(s->head);
    if (!ready)
        return false;
    pick = (uint32_t)(draw(&d->random) % ready);
    for (Stream *s = d->streams; s; s = s->next)
        if (may_run(s->head) && pick-- == 0) {
            run_head(d, s);
            return true;
        }
    return false;
}

int outcome(const Device *d)
{
    return d->lasting;
}

Op *push(Device *d, Stream *s, Op::Kind kind, const void *args, size_t len)
{
    Op *op = static_cast<Op *>(calloc(1, sizeof(Op) + len));

    (void)d;
    if (!op)
        return nullptr;
    op->kind = kind;
    if (len)
        memcpy(op->args, args, len);
    if (s->tail)
        s->tail->next = op;
    else
        s->head = op;
    s->tail = op;
    return op;
}

bool idle(const Device *d)
{
    for (const Stream *s = d->streams; s; s = s->next)
        if (s->head)
            return false;
    return true;
}

/* ---- the table ---- */

int sim_count(int *n)
{
    *n = knobs.no_device ? 0 : 1;
    return knobs.no_device ? CUDA_NO_DEVICE : 0;
}

int sim_info(int ordinal, provernet_gpu_info *out)
{
    uint64_t total = knobs.memory ? knobs.memory : (uint64_t)1 << 34;

    if (ordinal != 0)
        return CUDA_BAD_DEVICE;
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "cpu-sim");
    memcpy(out->uuid, "provernet-cpusim", sizeof out->uuid);
    pthread_mutex_lock(&lock);
    out->total_bytes = total;
    out->free_bytes = total > counts.live_bytes ? total - counts.live_bytes : 0;
    pthread_mutex_unlock(&lock);
    out->sm_count = 1;
    out->clock_khz = 1;
    return 0;
}

int sim_open(int ordinal, void **device)
{
    Device *d;

    if (ordinal != 0 || knobs.no_device)
        return CUDA_BAD_DEVICE;
    d = static_cast<Device *>(calloc(1, sizeof *d));
    if (!d)
        return CUDA_NO_MEMORY;
    d->random = knobs.seed;
    count(&SimCounts::objects, 1);
    *device = d;
    return 0;
}

void sim_close(void *device)
{
    Device *d = static_cast<Device *>(device);

    if (d->streams)
        count(&SimCounts::misuse, 1);
    count(&SimCounts::objects, (uint64_t)-1);
    free(d);
}

int take(void **out, size_t bytes, SimCall call)
{
    int code = inject(call);
    bool fits = true;
    Block *b;
    char *base;

    if (code)
        return code;
    pthread_mutex_lock(&lock);
    if (call == SIM_ALLOC && knobs.memory)
        fits = counts.live_bytes + bytes <= knobs.memory;
    pthread_mutex_unlock(&lock);
    if (!fits || bytes > SIZE_MAX - 1024)
        return CUDA_NO_MEMORY;
    base = static_cast<char *>(malloc(bytes + 512 + sizeof(Block)));
    if (!base)
        return CUDA_NO_MEMORY;
    *out = (void *)(((uintptr_t)base + sizeof(Block) + 255) & ~(uintptr_t)255);
    b = static_cast<Block *>(*out) - 1;
    b->bytes = bytes;
    b->base = base;
    memset(*out, 0xa5, bytes);
    pthread_mutex_lock(&lock);
    counts.live += call == SIM_ALLOC;
    counts.live_bytes += call == SIM_ALLOC ? bytes : 0;
    counts.live_host += call == SIM_ALLOC_HOST;
    pthread_mutex_unlock(&lock);
    return 0;
}

void give(void *device, void *memory, SimCall call)
{
    Block *b = static_cast<Block *>(memory) - 1;
    void *base = b->base;

    pthread_mutex_lock(&lock);
    counts.live -= call == SIM_ALLOC;
    counts.live_bytes -= call == SIM_ALLOC ? b->bytes : 0;
    counts.live_host -= call == SIM_ALLOC_HOST;
    counts.misuse += !idle(static_cast<Device *>(device));
    pthread_mutex_unlock(&lock);
    memset(memory, 0x5a, b->bytes);
    free(base);
}

int sim_alloc(void *device, void **out, size_t bytes)
{
    int lasting = static_cast<Device *>(device)->lasting;

    return lasting ? lasting : take(out, bytes, SIM_ALLOC);
}

int sim_release(void *device, void *memory)
{
    if (memory)
        give(device, memory, SIM_ALLOC);
    return 0;
}

int sim_alloc_host(void *device, void **out, size_t bytes)
{
    int lasting = static_cast<Device *>(device)->lasting;

    return lasting ? lasting : take(out, bytes, SIM_ALLOC_HOST);
}

int sim_release_host(void *device, void *memory)
{
    if (memory)
        give(device, memory, SIM_ALLOC_HOST);
    return 0;
}

int sim_pin(void *device, void *, size_t)
{
    int lasting = static_cast<Device *>(device)->lasting;
    int code = lasting ? lasting : inject(SIM_ALLOC_HOST);

    if (!code)
        count(&SimCounts::live_host, 1);
    return code;
}

void sim_unpin(void *device, void *)
{
    pthread_mutex_lock(&lock);
    counts.live_host--;
    counts.misuse += !idle(static_cast<Device *>(device));
    pthread_mutex_unlock(&lock);
}

int sim_stream_make(void *device, void **out)
{
    Device *d = static_cast<Device *>(device);
    Stream *s = static_cast<Stream *>(calloc(1, sizeof *s));

    if (!s)
        return CUDA_NO_MEMORY;
    s->next = d->streams;
    d->streams = s;
    count(&SimCounts::objects, 1);
    *out = s;
    return 0;
}

void sim_stream_drop(void *device, void *stream)
{
    Device *d = static_cast<Device *>(device);
    Stream **at = &d->streams;

    while (*at != stream)
        at = &(*at)->next;
    *at = (*at)->next;
    for (Op *op = static_cast<Stream *>(stream)->head; op;) {
        Op *next = op->next;
        count(&SimCounts::misuse, 1);
        free(op);
        op = next;
    }
    count(&SimCounts::objects, (uint64_t)-1);
    free(stream);
}

int sim_event_make(void *, void **out)
{
    *out = calloc(1, sizeof(Event));
    if (!*out)
        return CUDA_NO_MEMORY;
    count(&SimCounts::objects, 1);
    return 0;
}

void sim_event_drop(void *, void *event)
{
    count(&SimCounts::objects, (uint64_t)-1);
    free(event);
}

int sim_record(void *device, void *event, void *stream)
{
    Event *e = static_cast<Event *>(event);
    Op *op = push(static_cast<Device *>(device), static_cast<Stream *>(stream),
                  Op::RECORD, nullptr, 0);

    if (!op)
        return CUDA_NO_MEMORY;
    op->event = e;
    op->stamp = ++e->recorded;
    return 0;
}

int sim_wait(void *device, void *stream, void *event)
{
    Event *e = static_cast<Event *>(event);
    Op *op = push(static_cast<Device *>(device), static_cast<Stream *>(stream),
                  Op::WAIT, nullptr, 0);

    if (!op)
        return CUDA_NO_MEMORY;
    op->event = e;
    op->stamp = e->recorded;
    return 0;
}

int sim_event_sync(void *device, void *event)
{
    Device *d = static_cast<Device *>(device);
    Event *e = static_cast<Event *>(event);

    while (e->passed < e->recorded)
        if (!step(d))
            return CUDA_INVALID; /* waits for itself */
    return outcome(d);
}

int sim_sync(void *device, void *stream)
{
    Device *d = static_cast<Device *>(device);

    while (static_cast<Stream *>(stream)->head)
        if (!step(d))
            return CUDA_INVALID;
    return outcome(d);
}

int fail_now(Device *d, int code)
{
    if (code == CUDA_LAUNCH_FAILED) {
        d->lasting = code; /* comes out at the next wait, as on a device */
        return 0;
    }
    return code;
}

int sim_copy(void *device, void *to, const void *from, size_t bytes,
             void *stream)
{
    Device *d = static_cast<Device *>(device);
    int code = inject(SIM_COPY);
    Op *op;

    if (code || d->lasting)
        return d->lasting ? d->lasting : fail_now(d, code);
    op = push(d, static_cast<Stream *>(stream), Op::COPY, nullptr, 0);
    if (!op)
        return CUDA_NO_MEMORY;
    op->to = to;
    op->from = from;
    op->bytes = bytes;
    return 0;
}

int sim_fill(void *device, void *to, int byte, size_t bytes, void *stream)
{
    Device *d = static_cast<Device *>(device);
    int code = inject(SIM_COPY);
    Op *op;

    if (code || d->lasting)
        return d->lasting ? d->lasting : fail_now(d, code);
    op = push(d, static_cast<Stream *>(stream), Op::FILL, nullptr, 0);
    if (!op)
        return CUDA_NO_MEMORY;
    op->to = to;
    op->byte = byte;
    op->bytes = bytes;
    return 0;
}

int sim_launch(void *device, int kernel, uint32_t blocks, const void *args,
               void *stream)
{
    Device *d = static_cast<Device *>(device);
    int code = inject(SIM_LAUNCH);
    Op *op;

    if (code || d->lasting)
        return d->lasting ? d->lasting : fail_now(d, code);
    if (blocks == 0 || blocks > 0x7fffffffu) /* as CUDA does */
        return CUDA_INVALID;
    op = push(d, static_cast<Stream *>(stream), Op::LAUNCH, args,
              kernels[kernel].args);
    if (!op)
        return CUDA_NO_MEMORY;
    op->kernel = kernel;
    op->blocks = blocks;
    return 0;
}

const char *sim_text(int code)
{
    switch (code) {
    case CUDA_INVALID:
        return "invalid argument (emulated)";
    case CUDA_NO_MEMORY:
        return "out of memory (emulated)";
    case CUDA_NO_DEVICE:
        return "no device (emulated)";
    case CUDA_BAD_DEVICE:
        return "no such device (emulated)";
    case CUDA_LAUNCH_FAILED:
        return "launch failure (emulated)";
    default:
        return "error (emulated)";
    }
}

uint64_t sim_now_ns(void *device)
{
    return static_cast<const Device *>(device)->clock;
}

} // namespace

void sim_set(const SimKnobs *k)
{
    pthread_mutex_lock(&lock);
    knobs = *k;
    memset(counts.calls, 0, sizeof counts.calls);
    pthread_mutex_unlock(&lock);
}

void sim_counts(SimCounts *out)
{
    pthread_mutex_lock(&lock);
    *out = counts;
    pthread_mutex_unlock(&lock);
}

extern const char build_sim[] = "emulated on the CPU";

extern const Runtime runtime_sim = { 1,
                                     sim_count,
                                     sim_info,
                                     sim_open,
                                     sim_close,
                                     sim_alloc,
                                     sim_release,
                                     sim_alloc_host,
                                     sim_release_host,
                                     sim_pin,
                                     sim_unpin,
                                     sim_stream_make,
                                     sim_stream_drop,
                                     sim_event_make,
                                     sim_event_drop,
                                     sim_record,
                                     sim_wait,
                                     sim_event_sync,
                                     sim_sync,
                                     sim_copy,
                                     sim_fill,
                                     sim_launch,
                                     sim_text,
                                     sim_now_ns };

} // namespace pvn
