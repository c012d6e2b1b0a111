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

/* Load and prove with the at-th call failing; false: nothing failed. */
static bool once(const Setting &s, int call, int code, uint64_t at)
{
    SimKnobs k = {};
    void *ctx = nullptr, *key = nullptr;
    uint8_t got[256];
    Error e = {};
    int status;
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
    k.fail_at = 0;
    sim_set(&k);
    lost = status == PROVERNET_GPU_LOST;
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
    return failed;
}

static void all(const Setting &s, const char *what)
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
        uint64_t at = 1;
        while (once(s, f.call, f.code, at))
            at++;
        printf("%s: each %s failed once (%d)\n", what, f.name, (int)at - 1);
        CHECK(at > 1);
    }
}

int main(void)
{
    Model m(5, 20, 1, 3);
    Setting s;
    Random r = { 4 };
    Fr br = fr_random(r), bs = fr_random(r);

    s.m = &m;
    s.z = m.zkey(0);
    put_rs(s.rs, br, bs);
    m.expect(br, bs, s.want);
    all(s, "resident");
    return finish("injected failures");
}
