/* cuda/tests/kernels_test.cpp - sums and transforms of the engine on the
 * emulator, at sizes around a warp, a block and several, for every kind of
 * scalars, in several random orders. An argument: the largest size. */
#include "model.h"

static void *context(uint64_t seed, int split, uint32_t experiments = 0)
{
    SimKnobs k = {};
    void *ctx = nullptr;
    Error e = {};

    k.seed = seed;
    k.split = split;
#ifdef PVN_TEST_CUDA
    (void)k; /* knobs of the emulator */
#else
    sim_set(&k);
#endif
    CHECK(open_on(&TEST_RUNTIME, 0, &ctx, &e) == 0);
    static_cast<Context *>(ctx)->experiments = experiments;
    return ctx;
}

/* ---- transforms ---- */

static void transform(void *ctx, uint32_t log_n, Random &r)
{
    uint64_t n = (uint64_t)1 << log_n, k;
    std::vector<Fr> v, was;
    Fr omega = root_of_unity(), x, sum;
    Error e = {};

    for (uint32_t i = ROOT_LOG; i > log_n; i--)
        omega = sqr(omega);
    for (uint64_t i = 0; i < n; i++)
        v.push_back(r.below(8) ? fr_random(r) : Fr::zero());
    was = v;
    CHECK(ntt(ctx, (uint8_t *)v.data(), log_n, 0, &e) == 0);
    for (int i = 0; i < 5; i++) { /* some values by Horner's rule */
        k = i ? r.next() % n : n - 1;
        x = sum = Fr::zero();
        x = power(omega, k);
        for (uint64_t j = n; j-- > 0;)
            sum = sum * x + was[j];
        sum = canonical(sum);
        CHECK(memcmp(&sum, &v[k], 32) == 0);
    }
    CHECK(ntt(ctx, (uint8_t *)v.data(), log_n, 1, &e) == 0);
    CHECK(memcmp(v.data(), was.data(), n * 32) == 0);
}

/* ---- sums ---- */

enum Kind {
    UNIFORM,
    ZEROS,
    ONES,
    EQUAL,
    LAST,
    BITS,
    SMALL,
    BEYOND,
    KINDS_OF_SCALARS
};

static Fr draw(int kind, const Fr &same, Random &r)
{
    switch (kind) {
    case ZEROS:
        return Fr::zero();
    case ONES:
        return Fr::one();
    case EQUAL:
        return same;
    case LAST:
        return canonical(negate(Fr::one()));
    case BITS:
        return r.below(2) ? Fr::one() : Fr::zero();
    case SMALL:
        return r.below(2) ? fr_small(r.below(70000))
                          : negate(fr_small(r.below(3)));
    default:
        return fr_random(r);
    }
}

template <class F>
static int call(void *ctx, const std::vector<Affine<F>> &p,
                const std::vector<Fr> &s, Affine<F> *out, Error *e)
{
    if (sizeof(F) == sizeof(Fq))
        return msm_g1(ctx, (const uint8_t *)p.data(), (const uint8_t *)s.data(),
                      s.size(), (uint8_t *)out, e);
    return msm_g2(ctx, (const uint8_t *)p.data(), (const uint8_t *)s.data(),
                  s.size(), (uint8_t *)out, e);
}

template <class F> static void sum(void *ctx, uint64_t n, int kind, Random &r)
{
    static const std::vector<Affine<F>> all = pool<F>();
    std::vector<Affine<F>> points;
    std::vector<Fr> scalars;
    Fr exponent = Fr::zero(), same = fr_random(r);
    Affine<F> got, want;
    Error e = {};

    for (uint64_t i = 0; i < n; i++) {
        uint32_t k = r.below(POOL);
        Fr s = draw(kind, same, r), p = plain(s), m;
        points.push_back(all[k]);
        exponent = exponent + s * fr_small(k);
        if (kind == BEYOND && r.below(2)) { /* the same modulo r */
            Fr::modulus(m.l, 0);
            add8(p.l, p.l, m.l);
        }
        scalars.push_back(p);
    }
    want = multiple<F>(exponent);
    memset(&got, 0xff, sizeof got);
    CHECK(call<F>(ctx, points, scalars, &got, &e) == 0);
    CHECK(memcmp(&got, &want, sizeof got) == 0);
}

enum Kinds { EVERY, SOME, ONE };

static bool is_of(int kind, Kinds kinds)
{
    return kinds == EVERY || kind == EQUAL ||
           (kinds == SOME && (kind == UNIFORM || kind == BITS));
}

/* Sums of one size in one way. */
static void sums(uint64_t n, int split, uint32_t experiments, Kinds kinds,
                 Random &r)
{
    void *ctx = context(n, split, experiments);

    for (int kind = 0; kind < KINDS_OF_SCALARS; kind++) {
        if (!is_of(kind, kinds))
            continue;
        if (experiments != G2_OVER_LANES)
            sum<Fq>(ctx, n, kind, r);
        if (kinds != SOME || kind == EQUAL)
            sum<Fq2>(ctx, n, kind, r);
    }
    close_context(ctx);
    CHECK(nothing_left());
}

/* The experiments at some of the sizes; two threads that share a block are
 * slow, and see as much in one sum. */
static void experiments(uint64_t n, int split, Random &r)
{
    Kinds kinds = split ? ONE : n > 100 ? SOME : EVERY;

    if (split ? n == 2 : n <= 2 || n == 33 || n == 257 || n > 10000)
        sums(n, split, G2_OVER_LANES, kinds, r);
    if (split ? n == 2 : n <= 2 || n == 129 || n == 1000 || n > 10000)
        sums(n, split, BATCH_AFFINE, kinds, r);
}

int main(int argc, char **argv)
{
    static const uint64_t sizes[] = { 0,    1,    2,     31,     32,
                                      33,   127,  128,   129,    255,
                                      256,  257,  1000,  2047,   2048,
                                      2049, 5000, 20000, 1000000 };
    uint64_t most = argc > 1 ? (uint64_t)atoi(argv[1]) : 5000;
    int split = argc > 2 ? atoi(argv[2]) : SIM_SERIAL;
    Random r = { 7 };
    void *ctx;

#ifdef PVN_TEST_CUDA
    if (no_device_here())
        return TEST_SKIPPED;
#endif
    ctx = context(1, split);

    for (uint32_t log_n = 0; (uint64_t)1 << log_n <= most * 2; log_n++)
        transform(ctx, log_n, r);
    close_context(ctx);
    CHECK(nothing_left());
    for (uint64_t n : sizes) {
        if (n > most)
            break;
        sums(n, split, 0, n > 300 ? SOME : EVERY, r);
        experiments(n, split, r);
    }
    return finish("transforms and sums");
}
