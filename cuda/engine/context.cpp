/* cuda/engine/context.cpp - contexts, errors as values, scratch memory. */
#include "engine.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define PVN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PVN_ASAN 1
#endif
#endif
#ifdef PVN_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

namespace pvn
{

int fail(Error *e, int status, int cause, const char *format, ...)
{
    va_list ap;

    if (!e)
        return status;
    e->status = status;
    e->cause = cause;
    va_start(ap, format);
    vsnprintf(e->message, sizeof e->message, format, ap);
    va_end(ap);
    return status;
}

/* The errors after which CUDA answers nothing else in this process. */
static bool lasting(int code)
{
    static const int list[] = { 214, 220, 226, 700, 702, 709, 710, 714,
                                715, 716, 717, 718, 719, 720, 721 };

    for (int l : list)
        if (code == l)
            return true;
    return false;
}

static int status_of(int code)
{
    if (lasting(code))
        return PROVERNET_GPU_LOST;
    switch (code) {
    case CUDA_NO_MEMORY:
        return PROVERNET_GPU_MEMORY;
    case CUDA_OLD_DRIVER:
    case CUDA_NO_DEVICE:
    case CUDA_BAD_DEVICE:
        return PROVERNET_GPU_NO_DEVICE;
    case CUDA_NO_IMAGE:
        return PROVERNET_GPU_UNSUPPORTED;
    default:
        return PROVERNET_GPU_ERROR;
    }
}

int check(Context *c, int code, const char *what, const char *file, int line,
          Error *e)
{
    const char *name = strrchr(file, '/');
    int status;

    if (code == 0)
        return 0;
    status = status_of(code);
    if (status == PROVERNET_GPU_LOST)
        c->dead = true;
    return fail(e, status, code, "%s (%s:%d: %.80s): error %d",
                c->rt->text(code), name ? name + 1 : file, line, what, code);
}

void drain(Context *c)
{
    for (void *s : c->stream)
        if (s)
            (void)c->rt->sync(c->device, s);
}

int stage(Watch *w, const char *name, int permille, Error *e)
{
    if (!w)
        return 0;
    if (__atomic_load_n(&w->cancelled, __ATOMIC_RELAXED) ||
        (w->host_cancelled &&
         __atomic_load_n(w->host_cancelled, __ATOMIC_RELAXED)))
        return fail(e, PROVERNET_GPU_CANCELLED, 0, "cancelled before: %s",
                    name);
    __atomic_store_n(&w->stage, name, __ATOMIC_RELAXED);
    __atomic_store_n(&w->permille, permille, __ATOMIC_RELAXED);
    if (w->host_stage)
        __atomic_store_n(w->host_stage, name, __ATOMIC_RELAXED);
    if (w->host_permille)
        __atomic_store_n(w->host_permille, permille, __ATOMIC_RELAXED);
    return 0;
}

/* ---- memory ---- */

enum { ALIGN = 256 };

void arena_open(Arena *a, const Context *c, void *base, uint64_t bytes)
{
    a->base = static_cast<uint8_t *>(base);
    a->used = 0;
    a->guard = base && c->rt->host_memory;
    if (a->guard)
        ASAN_UNPOISON_MEMORY_REGION(a->base, bytes);
    (void)bytes;
}

/* Every piece starts on a line of its own; a gap of one line follows. */
void *Arena::cut(uint64_t bytes)
{
    uint64_t at = used, room = (bytes + ALIGN - 1) / ALIGN * ALIGN + ALIGN;

    used += room;
    if (!base)
        return nullptr;
    if (guard)
        ASAN_POISON_MEMORY_REGION(base + at + bytes, room - bytes);
    return base + at;
}

void release_memory(Context *c, void *memory, uint64_t bytes)
{
    if (c->rt->host_memory)
        ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    (void)bytes;
    (void)c->rt->release(c->device, memory);
}

void unstage(Context *c)
{
    void *upload = c->stream[STREAMS - 1];

    if (c->staged.ticket) { /* a witness: nothing of it stays */
        (void)c->rt->fill(c->device, c->staged.at, 0, c->staged.n * 32, upload);
        (void)c->rt->sync(c->device, upload);
    }
    memset(&c->staged, 0, sizeof c->staged);
}

void scratch_drop(Context *c)
{
    unstage(c);
    if (c->scratch)
        release_memory(c, c->scratch, c->scratch_bytes);
    if (c->pinned)
        (void)c->rt->release_host(c->device, c->pinned);
    c->scratch = nullptr;
    c->pinned = nullptr;
    c->scratch_bytes = c->pinned_bytes = 0;
}

int scratch_grow(Context *c, uint64_t device, uint64_t host, Error *e)
{
    void *pinned;

    if (c->scratch_bytes >= device && c->pinned_bytes >= host)
        return 0;
    scratch_drop(c);
    PVN_TRY(c, e, c->rt->alloc(c->device, &c->scratch, device));
    c->scratch_bytes = device;
    PVN_TRY(c, e, c->rt->alloc_host(c->device, &pinned, host));
    c->pinned = static_cast<uint8_t *>(pinned);
    c->pinned_bytes = host;
    return 0;
}

/* ---- slots ---- */

static void slot_drop(Context *c, Slot *s)
{
    if (s->pinned)
        c->rt->unpin(c->device, s->memory);
    memset(s, 0, sizeof *s);
}

int slot(void *ctx, uint32_t which, uint8_t *memory, uint64_t bytes, Error *e)
{
    Context *c = static_cast<Context *>(ctx);
    Slot *s;

    if (!c || which >= PROVERNET_GPU_SLOTS)
        return fail(e, PROVERNET_GPU_INVALID, 0,
                    "a slot needs a context and a number below %d",
                    PROVERNET_GPU_SLOTS);
    unstage(c);
    s = &c->slots[which];
    slot_drop(c, s);
    if (!memory || c->dead)
        return 0;
    s->memory = memory;
    s->bytes = bytes;
    /* What cannot be pinned is copied once more, nothing else. */
    s->pinned = c->rt->pin(c->device, memory, bytes) == 0;
    return 0;
}

/* ---- contexts ---- */

static int no_device(const Runtime *rt, int code, Error *e)
{
    int status = status_of(code);

    return fail(e, status, code, "%s: error %d", rt->text(code), code);
}

int count_on(const Runtime *rt, Error *e)
{
    int n = 0, code = rt->count(&n);

    if (code) {
        (void)no_device(rt, code, e);
        if (e)
            e->status = PROVERNET_GPU_NO_DEVICE;
        return 0;
    }
    if (n <= 0)
        (void)fail(e, PROVERNET_GPU_NO_DEVICE, 0,
                   "the driver reports no device");
    return n < 0 ? 0 : n;
}

int info_on(const Runtime *rt, int device, provernet_gpu_info *out, Error *e)
{
    int code;

    if (!out)
        return fail(e, PROVERNET_GPU_INVALID, 0, "no place for the answer");
    memset(out, 0, sizeof *out);
    code = rt->info(device, out);
    return code ? no_device(rt, code, e) : 0;
}

static int open_streams(Context *c, Error *e)
{
    for (void *&s : c->stream)
        PVN_TRY(c, e, c->rt->stream_make(c->device, &s));
    for (void *&ev : c->event)
        PVN_TRY(c, e, c->rt->event_make(c->device, &ev));
    PVN_TRY(c, e, c->rt->event_make(c->device, &c->staged_event));
    return 0;
}

/* PROVERNET_GPU_EXPERIMENTS=lanes,affine: for whoever compares them. */
static uint32_t experiments_asked_for()
{
    const char *text = getenv("PROVERNET_GPU_EXPERIMENTS");
    uint32_t bits = 0;

    if (text && strstr(text, "lanes"))
        bits |= G2_OVER_LANES;
    if (text && strstr(text, "affine"))
        bits |= BATCH_AFFINE;
    return bits;
}

int open_on(const Runtime *rt, int device, void **ctx, Error *e)
{
    provernet_gpu_info info;
    Context *c;
    int status;

    if (!ctx)
        return fail(e, PROVERNET_GPU_INVALID, 0, "no place for the context");
    *ctx = nullptr;
    status = info_on(rt, device, &info, e);
    if (status)
        return status;
    c = static_cast<Context *>(calloc(1, sizeof *c));
    if (!c)
        return fail(e, PROVERNET_GPU_NOMEM, 0, "no memory for a context");
    c->rt = rt;
    c->ordinal = device;
    c->experiments = experiments_asked_for();
    memcpy(c->name, info.name, sizeof c->name);
    status =
        check(c, rt->open(device, &c->device), "open", __FILE__, __LINE__, e);
    if (!status)
        status = open_streams(c, e);
    if (status) {
        close_context(c);
        return status;
    }
    *ctx = c;
    return 0;
}

void close_context(void *ctx)
{
    Context *c = static_cast<Context *>(ctx);

    if (!c)
        return;
    if (c->device) {
        drain(c);
        scratch_drop(c);
        for (Slot &s : c->slots)
            slot_drop(c, &s);
        for (void *s : c->stream)
            if (s)
                c->rt->stream_drop(c->device, s);
        for (void *ev : c->event)
            if (ev)
                c->rt->event_drop(c->device, ev);
        if (c->staged_event)
            c->rt->event_drop(c->device, c->staged_event);
        c->rt->close(c->device);
    }
    free(c);
}

} // namespace pvn
