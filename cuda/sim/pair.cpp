/* cuda/sim/pair.cpp - see pair.h. One lane runs on the caller's stack, one on a
 * stack of its own; which is which is drawn for every run. */
#include "pair.h"
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define PVN_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define PVN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PVN_ASAN 1
#elif __has_feature(thread_sanitizer)
#define PVN_TSAN 1
#endif
#endif
#ifdef PVN_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef PVN_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace pvn
{

enum { STACK = 1 << 18, VALUE = 64 };

/* One side of the pair: what the sanitizers want to know of it. */
struct Side {
    LaneHost host; /* first: exchange() gets it */
    Pair *pair;
    ucontext_t context;
    const void *stack;
    size_t stack_len;
    void *fake, *fiber;
    uint64_t given;          /* exchanges so far */
    uint8_t value[2][VALUE]; /* the last two */
    bool done;
};

struct Pair {
    Side side[2]; /* 0: the caller's stack, 1: its own */
    int now;
    uint64_t random;
    bool differ;
    void (*body)(void *, uint32_t);
    void *arg;
    char *stack;
};

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    return z ^ (z >> 31);
}

/* After a switch: where we came from is known now. */
static void arrived(Pair *p, Side *here)
{
#ifdef PVN_ASAN
    Side *from = &p->side[1 - p->now];
    const void *stack;
    size_t len;

    __sanitizer_finish_switch_fiber(here->fake, &stack, &len);
    from->stack = stack;
    from->stack_len = len;
#else
    (void)p;
#endif
    lane_host() = &here->host;
}

static void switch_side(Pair *p)
{
    Side *from = &p->side[p->now], *to = &p->side[1 - p->now];

    p->now = 1 - p->now;
#ifdef PVN_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->stack, to->stack_len);
#endif
#ifdef PVN_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    swapcontext(&from->context, &to->context);
    arrived(p, from);
}

static void exchange(LaneHost *h, const void *mine, void *theirs, size_t len)
{
    Side *me = reinterpret_cast<Side *>(h);
    Pair *p = me->pair;
    Side *other = &p->side[me == &p->side[0]];

    memcpy(me->value[me->given++ & 1], mine, len);
    if (!other->done && (other->given < me->given || (draw(&p->random) & 1)))
        switch_side(p);
    if (other->given < me->given) { /* it has ended */
        p->differ = true;
        memset(theirs, 0, len);
        return;
    }
    memcpy(theirs, other->value[(me->given - 1) & 1], len);
}

/* The second side: one body after another. */
static void second(unsigned high, unsigned low)
{
    Pair *p = (Pair *)((uintptr_t)high << 32 | low);

    arrived(p, &p->side[1]);
    for (;;) {
        p->body(p->arg, p->side[1].host.lane);
        p->side[1].done = true;
        switch_side(p);
    }
}

static void prepare(Pair *p)
{
    ucontext_t *c = &p->side[1].context;

    getcontext(c);
    c->uc_stack.ss_sp = p->stack;
    c->uc_stack.ss_size = STACK;
    makecontext(c, (void (*)())second, 2, (unsigned)((uintptr_t)p >> 32),
                (unsigned)(uintptr_t)p);
}

Pair *pair_new(uint64_t random)
{
    Pair *p = static_cast<Pair *>(calloc(1, sizeof *p));

    if (!p)
        return nullptr;
    p->random = random;
    p->stack = static_cast<char *>(malloc(STACK));
    if (!p->stack) {
        free(p);
        return nullptr;
    }
    for (Side &s : p->side) {
        s.pair = p;
        s.host.exchange = exchange;
    }
    p->side[1].stack = p->stack;
    p->side[1].stack_len = STACK;
    prepare(p);
#ifdef PVN_TSAN
    p->side[0].fiber = __tsan_get_current_fiber();
    p->side[1].fiber = __tsan_create_fiber(0);
#endif
    return p;
}

void pair_free(Pair *p)
{
    if (!p)
        return;
#ifdef PVN_TSAN
    __tsan_destroy_fiber(p->side[1].fiber);
#endif
    free(p->stack);
    free(p);
}

bool pair_run(Pair *p, void (*body)(void *arg, uint32_t lane), void *arg)
{
    uint32_t first = draw(&p->random) & 1;

    p->body = body;
    p->arg = arg;
    p->differ = false;
    for (uint32_t i = 0; i < 2; i++) {
        p->side[i].host.lane = first ^ i;
        p->side[i].given = 0;
        p->side[i].done = false;
    }
    lane_host() = &p->side[0].host;
    body(arg, first);
    p->side[0].done = true;
    while (!p->side[1].done)
        switch_side(p);
    lane_host() = nullptr;
    return !p->differ && p->side[0].given == p->side[1].given;
}

} // namespace pvn
