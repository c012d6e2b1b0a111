/* cuda/tests/fault_test.cpp - every allocation, copy and launch of loading a
 * key and proving fails once: the call returns an error, nothing leaks, and
 * the next proof is right. A lasting error closes the context. */
#include "model.h"

struct Setting {
    const Model *m;
    Zkey z;
    uint8_t rs[64], want[256];
};

static int prove(void *ctx, void *key, const Setting &s, uint8_t out[256],
                 Error *e)
{
    memset(e, 0, sizeof *e);
    return groth16(ctx, key, s.m->plain_witness.data(), s.m->m, s.rs, out,
                   nullptr, e);
}

/* Load and prove with the at-th call failing; false: there was none. */
static bool once(const Setting &s, int call, int code, uint64_t at)
{
    SimKnobs k = {};
    void *ctx = nullptr, *key = nullptr;
    uint8_t got[256];
    Error e = {};
    int status;
    SimCounts counts;
    bool failed, lost;

    k.seed = at;
    k.fail_call = call;
    k.fail_code = code;
    k.fail_at = at;
    sim_set(&k);
    CHECK(open_on(&runtime_sim, 0, &ctx, &e) == 0);
    status = key_load(ctx, &s.z, &key, nullptr, &e);
    CHECK((status == 0) == (key != nullptr));
    if (!status)
        status = prove(ctx, key, s, got, &e);
    failed = status != 0;
    sim_counts(&counts);
    k.fail_at = 0;
    sim_set(&k);
    lost = status == PROVERNET_GPU_LOST;
    /* Without memory for multiples the key has none. */
    CHECK(failed || counts.calls[call] < at ||
          (s.z.multiples_budget && call == SIM_ALLOC));
    if (failed) {
        CHECK(e.status == status && e.message[0]);
        CHECK(lost == (code == CUDA_LAUNCH_FAILED));
        CHECK(lost ||
              (status == PROVERNET_GPU_MEMORY) == (code == CUDA_NO_MEMORY));
    }
    if (lost && key) { /* a dead context says so and harms nobody */
        CHECK(prove(ctx, key, s, got, &e) == PROVERNET_GPU_LOST);
    }
    if (lost) {
        key_free(ctx, key);
        key = nullptr;
        close_context(ctx);
        CHECK(nothing_left());
        CHECK(open_on(&runtime_sim, 0, &ctx, &e) == 0);
    }
    if (!key)
        CHECK(key_load(ctx, &s.z, &key, nullptr, &e) == 0);
    memset(got, 0, sizeof got);
    CHECK(prove(ctx, key, s, got, &e) == 0);
    CHECK(memcmp(got, s.want, sizeof got) == 0);
    key_free(ctx, key);
    close_context(ctx);
    CHECK(nothing_left());
    return counts.calls[call] >= at;
}

/* sparse: ever fewer of the later ones, where a proof makes thousands. */
static void all(const Setting &s, const char *what, bool sparse = false)
{
    static const struct {
        int call, code;
        const char *name;
    } list[] = { { SIM_ALLOC, CUDA_NO_MEMORY, "allocation" },
                 { SIM_ALLOC_HOST, CUDA_NO_MEMORY, "pinned allocation" },
                 { SIM_COPY, CUDA_INVALID, "copy" },
                 { SIM_LAUNCH, CUDA_INVALID, "launch" },
                 { SIM_COPY, CUDA_LAUNCH_FAILED, "copy, device lost" },
                 { SIM_LAUNCH, CUDA_LAUNCH_FAILED, "launch, device lost" } };

    for (const auto &f : list) {
        uint64_t at = 1, n = 0;
        for (; once(s, f.call, f.code, at); n++)
            at += 1 + (sparse ? at / 3 : 0);
        printf("%s: %s %s failed once (%d)\n", what, sparse ? "some" : "each",
               f.name, (int)n);
        CHECK(n > 0);
    }
}

static void setting(Setting *s, const Model *m, uint64_t budget,
                    uint64_t multiples)
{
    Random r = { 4 };
    Fr br = fr_random(r), bs = fr_random(r);

    s->m = m;
    s->z = m->zkey(budget, multiples);
    put_rs(s->rs, br, bs);
    m->expect(br, bs, s->want);
}

/* An argument: every form, else the usual one and the one with the most. */
int main(int argc, char **)
{
    Model m(5, 20, 1, 3), sparse(6, 8, 1, 2, Dense{ 100, 20, 100 });
    Setting s;

    setting(&s, &m, 0, 0);
    all(s, "resident");
    setting(&s, &sparse, 0, 1 << 24);
    all(s, "multiples, B mostly at infinity");
    if (argc > 1) {
        Model wide(7, 2000, 1, 3);
        SimKnobs k = {};
        void *ctx = nullptr;
        Needs n;
        Error e = {};
        sim_set(&k);
        CHECK(open_on(&runtime_sim, 0, &ctx, &e) == 0);
        setting(&s, &wide, 0, 0);
        CHECK(key_needs(ctx, &s.z, &n, &e) == 0);
        close_context(ctx);
        s.z.memory_budget = n.form[PROVERNET_GPU_PLAIN].resident - 64;
        all(s, "in parts", true);
    }
    return finish("injected failures");
}
