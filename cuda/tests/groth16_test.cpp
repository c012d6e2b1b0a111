/* cuda/tests/groth16_test.cpp - whole proofs of synthetic keys on the emulator
 * equal the proof worked out in the exponents; resident and chunked keys, many
 * random orders, a queue of proofs, cancelling at every stage, what is refused
 * beforehand. An argument: how two threads split the work (sim/sim.h); a second
 * one: the short form. */
#include "model.h"

static int split;

static void *context(uint64_t seed, uint64_t memory)
{
    SimKnobs k = {};
    void *ctx = nullptr;
    Error e = {};

    k.seed = seed;
    k.memory = memory;
    k.split = split;
#ifdef PVN_TEST_CUDA
    (void)k; /* knobs of the emulator */
#else
    sim_set(&k);
#endif
    CHECK(open_on(&TEST_RUNTIME, 0, &ctx, &e) == 0);
    return ctx;
}

static void same_bits(const Model &m, int orders, uint64_t budget)
{
    Random r = { 3 };
    Fr blind_r = fr_random(r), blind_s = fr_random(r);
    uint8_t want[256], got[256], rs[64];
    Zkey z = m.zkey(budget);
    Error e = {};

    put_rs(rs, blind_r, blind_s);
    m.expect(blind_r, blind_s, want);
    for (int seed = 1; seed <= orders; seed++) {
        void *ctx = context((uint64_t)seed, 0), *key = nullptr;
        CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
        for (int twice = 0; twice < 2; twice++) {
            memset(got, 0, sizeof got);
            CHECK(groth16(ctx, key, m.plain_witness.data(), m.m, rs, got,
                          nullptr, &e) == 0);
            CHECK(memcmp(got, want, sizeof got) == 0);
        }
        if (e.status)
            printf("  %s\n", e.message);
        key_free(ctx, key);
        close_context(ctx);
        CHECK(nothing_left());
    }
}

/* Cancel when a stage's name appears: the call returns, the next one works. */
static void cancels(const Model &m, uint64_t budget)
{
    void *ctx = context(9, 0), *key = nullptr;
    uint8_t proof[256], rs[64] = { 1 };
    Zkey z = m.zkey(budget);
    Watch w = {};
    Error e = {};

    w.cancelled = 1;
    CHECK(key_load(ctx, &z, &key, &w, &e) == PROVERNET_GPU_CANCELLED);
    CHECK(key == nullptr);
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
    CHECK(groth16(ctx, key, m.plain_witness.data(), m.m, rs, proof, &w, &e) ==
          PROVERNET_GPU_CANCELLED);
    w.cancelled = 0;
    CHECK(groth16(ctx, key, m.plain_witness.data(), m.m, rs, proof, &w, &e) ==
          0);
    CHECK(w.permille == 1000 && w.stage != nullptr);
    key_free(ctx, key);
    close_context(ctx);
    CHECK(nothing_left());
}

/* Four proofs of different witnesses from two slots, each announced while the
 * one before it runs; then one that is withdrawn. `pin`: slots can be pinned.
 */
static void queue(const Model &m, uint64_t budget, uint64_t seed, bool pin)
{
    uint64_t bytes = (uint64_t)m.m * 32;
    std::vector<uint8_t> slots[2];
    void *ctx = context(seed, 0), *key = nullptr;
    uint8_t rs[64] = { 5 }, alone[4][256], got[256];
    provernet_gpu_next next = {};
    Zkey z = m.zkey(budget);
    Watch w = {};
    Error e = {};

    CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
    for (auto &s : slots)
        s = m.plain_witness;
    for (int i = 0; i < 4; i++) { /* no slots yet: as ever */
        slots[0][40] = (uint8_t)i;
        CHECK(groth16(ctx, key, slots[0].data(), m.m, rs, alone[i], nullptr,
                      &e) == 0);
    }
#ifndef PVN_TEST_CUDA
    SimKnobs k = {};
    k.seed = seed;
    k.split = split;
    k.fail_call = SIM_ALLOC_HOST;
    k.fail_code = CUDA_NO_MEMORY;
    for (uint32_t i = 0; i < 2; i++) {
        k.fail_at = pin ? 0 : 1;
        sim_set(&k);
        CHECK(slot(ctx, i, slots[i].data(), bytes, &e) == 0);
    }
    k.fail_at = 0;
    sim_set(&k);
#else
    (void)pin;
    for (uint32_t i = 0; i < 2; i++)
        CHECK(slot(ctx, i, slots[i].data(), bytes, &e) == 0);
#endif
    CHECK(slot(ctx, 2, slots[0].data(), bytes, &e) == PROVERNET_GPU_INVALID);
    w.next = &next;
    slots[0][40] = 0;
    for (uint32_t i = 0; i < 4; i++) {
        w.ticket = i; /* the first was not announced */
        slots[(i + 1) % 2][40] = (uint8_t)(i + 1);
        next.n = m.m;
        next.slot = (i + 1) % 2;
        next.ticket = i + 1;
        CHECK(groth16(ctx, key, slots[i % 2].data(), m.m, rs, got, &w, &e) ==
              0);
        CHECK(memcmp(got, alone[i], sizeof got) == 0);
        CHECK(static_cast<Context *>(ctx)->staged.ticket == (pin ? i + 1 : 0));
    }
    /* The fifth was withdrawn; the slot holds another under another ticket. */
    slots[0][40] = 2;
    w.ticket = 9;
    next.ticket = 0;
    CHECK(groth16(ctx, key, slots[0].data(), m.m, rs, got, &w, &e) == 0);
    CHECK(memcmp(got, alone[2], sizeof got) == 0);
    /* What cannot be staged is not: too long, no such slot. */
    next.n = m.m + 1;
    next.ticket = 10;
    CHECK(groth16(ctx, key, slots[0].data(), m.m, rs, got, &w, &e) == 0);
    next.n = m.m;
    next.slot = 7;
    CHECK(groth16(ctx, key, slots[0].data(), m.m, rs, got, &w, &e) == 0);
    CHECK(static_cast<Context *>(ctx)->staged.ticket == 0);
    next.slot = 1; /* left staged when all is closed */
    CHECK(groth16(ctx, key, slots[0].data(), m.m, rs, got, &w, &e) == 0);
    CHECK(memcmp(got, alone[2], sizeof got) == 0);
    CHECK(slot(ctx, 0, nullptr, 0, &e) == 0);
    key_free(ctx, key);
    close_context(ctx);
    CHECK(nothing_left());
}

static void refusals(const Model &m)
{
    void *ctx = context(1, 0), *key = nullptr;
    uint64_t resident, scratch, chunked;
    uint8_t proof[256], rs[64] = { 0 };
    Zkey z = m.zkey(0);
    Error e = {};

    CHECK(key_needs(ctx, &z, &resident, &scratch, &chunked, &e) == 0);
    CHECK(resident > 0 && scratch > 0 && chunked > 0);
    z.memory_budget = 1000;
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == PROVERNET_GPU_MEMORY);
    z = m.zkey(0);
    z.domain_size = 3;
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == PROVERNET_GPU_INVALID);
    z = m.zkey(0);
    z.n_public = z.n_vars;
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == PROVERNET_GPU_INVALID);
    z = m.zkey(0);
    z.domain_size /= 2; /* rows beyond the domain */
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == PROVERNET_GPU_INVALID);
    z = m.zkey(0);
    z.struct_size = 8;
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == PROVERNET_GPU_INVALID);
    z = m.zkey(0);
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
    CHECK(groth16(ctx, key, m.plain_witness.data(), m.m - 1, rs, proof, nullptr,
                  &e) == PROVERNET_GPU_INVALID);
    CHECK(groth16(nullptr, key, nullptr, 0, rs, proof, nullptr, &e) ==
          PROVERNET_GPU_INVALID);
    key_free(ctx, key);
    close_context(ctx);
#ifndef PVN_TEST_CUDA
    /* A device of exactly what was said takes it; one byte less refuses
     * before anything is allocated. */
    for (uint64_t less = 0; less < 2; less++) {
        SimCounts c;
        ctx = context(1, resident + scratch - less);
        CHECK(key_load(ctx, &z, &key, nullptr, &e) ==
              (less ? PROVERNET_GPU_MEMORY : 0));
        sim_counts(&c);
        CHECK(less == (c.calls[SIM_ALLOC] == 0));
        key_free(ctx, key);
        close_context(ctx);
        CHECK(nothing_left());
    }
#else
    (void)scratch;
#endif
}

#ifndef PVN_TEST_CUDA
static void no_device()
{
    SimKnobs k = {};
    void *ctx = nullptr;
    Error e = {};

    k.no_device = 1;
    sim_set(&k);
    CHECK(count_on(&runtime_sim, &e) == 0);
    CHECK(e.status == PROVERNET_GPU_NO_DEVICE && e.message[0]);
    CHECK(open_on(&runtime_sim, 0, &ctx, &e) == PROVERNET_GPU_NO_DEVICE);
    CHECK(ctx == nullptr);
    k.no_device = 0;
    sim_set(&k);
    CHECK(open_on(&runtime_sim, 5, &ctx, &e) == PROVERNET_GPU_NO_DEVICE);
}

#endif

/* A budget too small for the points, large enough for small chunks. */
static uint64_t chunk_budget(const Model &m)
{
    void *ctx = context(1, 0);
    uint64_t resident, scratch, chunked;
    Zkey z = m.zkey(0);
    Error e = {};

    CHECK(key_needs(ctx, &z, &resident, &scratch, &chunked, &e) == 0);
    close_context(ctx);
    return resident - 64;
}

int main(int argc, char **argv)
{
    bool brief = argc > 2; /* under sanitizers, beside everything else */

    split = argc > 1 ? atoi(argv[1]) : SIM_SERIAL;
#ifdef PVN_TEST_CUDA
    if (no_device_here())
        return TEST_SKIPPED;
#endif
    {
        Model tiny(1, 3, 1, 0), small(2, 40, 2, 5);

        same_bits(tiny, split ? 1 : 3, 0);
        same_bits(small, split || brief ? 2 : 12, 0);
        for (uint64_t seed = 1; seed <= (split || brief ? 2 : 8); seed++)
            queue(small, 0, seed, seed != 2);
        cancels(small, 0);
        refusals(small);
#ifndef PVN_TEST_CUDA
        no_device();
#endif
    }
    if (!brief) {
        Model middle(3, 700, 3, 9);
        Model wide(4, 2000, 1, 3); /* chunks need a key that dwarfs them */
        same_bits(middle, split ? 1 : 3, 0);
        same_bits(wide, 1, 0);
        same_bits(wide, split ? 1 : 2, chunk_budget(wide));
        if (!split)
            queue(wide, chunk_budget(wide), 1, true);
        cancels(wide, chunk_budget(wide));
    }
    return finish("proofs");
}
