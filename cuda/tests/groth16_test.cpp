/* cuda/tests/groth16_test.cpp - whole proofs of synthetic keys on the emulator
 * equal the proof worked out in the exponents; resident and chunked keys, many
 * random orders, a queue of proofs, cancelling at every stage, what is refused
 * beforehand. An argument: how two threads split the work (sim/sim.h); a second
 * one: short or long. */
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

/* multiples: device bytes for those of the key's points; more: that there are
 * some. */
static void same_bits(const Model &m, int orders, uint64_t budget,
                      uint64_t multiples = 0)
{
    Random r = { 3 };
    Fr blind_r = fr_random(r), blind_s = fr_random(r);
    uint8_t want[256], got[256], rs[64];
    Zkey z = m.zkey(budget, multiples);
    Error e = {};
    Form form;

    put_rs(rs, blind_r, blind_s);
    m.expect(blind_r, blind_s, want);
    for (int seed = 1; seed <= orders; seed++) {
        void *ctx = context((uint64_t)seed, 0), *key = nullptr;
        CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
        CHECK(key_form(ctx, key, &form, nullptr, &e) == 0);
        CHECK((form.multiples > 1) == (multiples > 0));
        CHECK((form.multiples == 0) == (budget > 0));
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

static Needs needs_of(void *ctx, const Zkey &z)
{
    Needs n;
    Error e = {};

    CHECK(key_needs(ctx, &z, &n, &e) == 0);
    return n;
}

static const Form &plain(const Needs &n)
{
    return n.form[PROVERNET_GPU_PLAIN];
}

static void refusals(const Model &m)
{
    void *ctx = context(1, 0), *key = nullptr;
    uint8_t proof[256], rs[64] = { 0 };
    Zkey z = m.zkey(0);
    Error e = {};
    Needs n = needs_of(ctx, z);

    for (const Form &f : n.form)
        CHECK(f.resident > 0 && f.scratch > 0 && f.bus >= m.m * 32);
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
    z.b2 = nullptr;
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
        ctx = context(1, plain(n).resident + plain(n).scratch - less);
        CHECK(key_load(ctx, &z, &key, nullptr, &e) ==
              (less ? PROVERNET_GPU_MEMORY : 0));
        sim_counts(&c);
        CHECK(less == (c.calls[SIM_ALLOC] == 0));
        key_free(ctx, key);
        close_context(ctx);
        CHECK(nothing_left());
    }
#endif
}

/* Points at infinity take no room: what is said with the sections at hand is
 * what is taken, and less than without them. */
static void left_out(const Model &m)
{
    void *ctx = context(1, 0), *key = nullptr;
    Zkey z = m.zkey(0), blind = z;
    Needs with = needs_of(ctx, z), without;
    Form form;
    Error e = {};

    blind.a = blind.b1 = blind.b2 = blind.c = nullptr;
    without = needs_of(ctx, blind);
    CHECK(plain(with).resident + m.m * 128 < plain(without).resident);
    CHECK(with.form[PROVERNET_GPU_IN_PARTS].bus + m.m * 128 <
          without.form[PROVERNET_GPU_IN_PARTS].bus);
    CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
    CHECK(key_form(ctx, key, &form, nullptr, &e) == 0);
    CHECK(form.resident == plain(with).resident && form.multiples == 1);
    key_free(ctx, key);
    close_context(ctx);
}

#ifndef PVN_TEST_CUDA
/* Each number of multiples where its memory is there, fewer where it is not;
 * the bytes taken are those said. */
static void multiples(const Model &m)
{
    void *ctx = context(1, 0), *key = nullptr;
    Needs n = needs_of(ctx, m.zkey(0));
    uint64_t rate;
    Form form;
    Error e = {};

    close_context(ctx);
    for (int f = PROVERNET_GPU_PLAIN; f < PROVERNET_GPU_FORMS; f++) {
        uint64_t extra = n.form[f].resident - plain(n).resident;
        same_bits(m, 1, 0, extra);
        for (uint64_t less = 0; less < 2; less++) { /* by what is free */
            Zkey z = m.zkey(0, extra);
            ctx = context(1, n.form[f].resident + n.form[f].scratch - less);
            if (f == PROVERNET_GPU_PLAIN && less)
                break;
            CHECK(key_load(ctx, &z, &key, nullptr, &e) == 0);
            CHECK(key_form(ctx, key, &form, &rate, &e) == 0);
            CHECK(form.multiples == n.form[f - (int)less].multiples);
            CHECK(form.resident == n.form[f - (int)less].resident);
            key_free(ctx, key);
            close_context(ctx);
        }
        if (f == PROVERNET_GPU_PLAIN)
            close_context(ctx);
        CHECK(nothing_left());
    }
}

/* A second key needs the room that multiples of the first one hold: it gets
 * it, both prove. A third that does not fit at all is refused. */
static void give_way(const Model &m)
{
    uint8_t want[256], got[256], rs[64];
    Random r = { 3 };
    Fr blind_r = fr_random(r), blind_s = fr_random(r);
    void *ctx = context(1, 0), *key[3] = {};
    Zkey greedy = m.zkey(0, ~(uint64_t)0), z = m.zkey(0);
    Needs n = needs_of(ctx, z);
    uint64_t rate = 0, room;
    Error e = {};
    Form form;

    close_context(ctx);
    put_rs(rs, blind_r, blind_s);
    m.expect(blind_r, blind_s, want);
    room = 2 * plain(n).resident;
    if (room < n.form[2].resident)
        room = n.form[2].resident;
    room += n.form[2].scratch;
    ctx = context(1, room);
    CHECK(key_load(ctx, &greedy, &key[0], nullptr, &e) == 0);
    CHECK(key_form(ctx, key[0], &form, &rate, &e) == 0);
    CHECK(form.multiples > 1);
    n = needs_of(ctx, z);
    CHECK(n.spare == form.resident - plain(n).resident);
    /* The emulator's clock; of a key too small there is no rate. */
    CHECK(n.bus_rate == rate && (rate == 0 || rate == 1000000000));
    CHECK(key_load(ctx, &z, &key[1], nullptr, &e) == 0);
    CHECK(key_form(ctx, key[0], &form, &rate, &e) == 0);
    CHECK(form.multiples == 1 && form.resident == plain(n).resident);
    CHECK(needs_of(ctx, z).spare == 0);
    CHECK(key_load(ctx, &z, &key[2], nullptr, &e) == PROVERNET_GPU_MEMORY);
    for (int k = 0; k < 2; k++) {
        CHECK(groth16(ctx, key[k], m.plain_witness.data(), m.m, rs, got,
                      nullptr, &e) == 0);
        CHECK(memcmp(got, want, sizeof got) == 0);
    }
    key_free(ctx, key[0]);
    key_free(ctx, key[1]);
    close_context(ctx);
    CHECK(nothing_left());
}
#endif

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
    Needs n = needs_of(ctx, m.zkey(0));

    close_context(ctx);
    return plain(n).resident - 64;
}

/* Keys of which only a part of the points is not at infinity. */
static void sparse_keys(bool whole)
{
    static const Dense list[] = {
        { 100, 10, 100 }, { 5, 5, 5 }, { 100, 0, 80 },
        { 50, 100, 0 },   { 0, 0, 0 }, { 95, 90, 95 }
    };

    for (const Dense &d : list) {
        Model m(6, whole ? 150 : 50, 2, 4, d);
        same_bits(m, whole ? 3 : 1, 0);
        if (whole)
            same_bits(m, 1, 0, 1 << 26);
        if (d.b <= 10)
            left_out(m);
    }
    Model all_public(7, 20, 19, 3); /* no C at all */
    same_bits(all_public, 1, 0);
    same_bits(all_public, 1, 0, 1 << 26);
}

int main(int argc, char **argv)
{
    /* short: under sanitizers, beside everything else; long: scripts/soak */
    bool brief = argc > 2 && strcmp(argv[2], "short") == 0;
    bool whole = argc > 2 && strcmp(argv[2], "long") == 0;

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
        sparse_keys(whole);
#ifndef PVN_TEST_CUDA
        no_device();
        if (!split && !brief)
            multiples(whole ? small : tiny);
#endif
    }
    if (!brief) {
        Model middle(3, 700, 3, 9), small(2, 40, 2, 5);
        Model wide(4, 2000, 1, 3); /* chunks need a key that dwarfs them */
        same_bits(middle, split ? 1 : 3, 0);
        same_bits(wide, 1, 0);
        same_bits(wide, split ? 1 : 2, chunk_budget(wide));
        if (!split && whole)
            queue(wide, chunk_budget(wide), 1, true);
        cancels(wide, chunk_budget(wide));
#ifndef PVN_TEST_CUDA
        give_way(small);
#endif
    }
    if (whole) {
        Model sparse(8, 5000, 1, 3, Dense{ 100, 10, 100 });
        same_bits(sparse, 1, chunk_budget(sparse));
    }
    return finish("proofs");
}
