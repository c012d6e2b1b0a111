/* cuda/tests/bench.cpp - how fast the engine is: one JSON object per line.
 *
 *   gpu_bench [LARGEST_LOG]      default 24
 *
 * Everything measured lies on the device; the median of five runs after one.
 * The rates first: wide multiply-adds (one counts as two issues), copies, reads
 * of points all over memory. floor_ms: the issues that the algorithm needs, at
 * 64 per SM and clock, and nothing else; floor_measured_ms: at the rate that
 * was measured; share: of the first floor, share_measured of the second. On the
 * emulator the figures mean nothing, but every line here is exercised. */
#include "model.h"
#include <algorithm>
#include <time.h>

enum { RUNS = 5, PRODUCT_ISSUES = 264, MIXED_ISSUES = 2528, G2_FACTOR = 3 };

static Context *c;
static provernet_gpu_info info;
static double issues_per_ms; /* measured */
static Error e;

static double now_ms()
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(int status)
{
    if (status) {
        fprintf(stderr, "gpu_bench: %s\n", e.message);
        exit(1);
    }
}

static void *device(uint64_t bytes)
{
    void *p = nullptr;

    must(check(c, c->rt->alloc(c->device, &p, bytes), "alloc", __FILE__,
               __LINE__, &e));
    return p;
}

static void sync()
{
    must(check(c, c->rt->sync(c->device, c->stream[0]), "sync", __FILE__,
               __LINE__, &e));
}

static void copy(void *to, const void *from, uint64_t bytes)
{
    must(check(c, c->rt->copy(c->device, to, from, bytes, c->stream[0]), "copy",
               __FILE__, __LINE__, &e));
    sync();
}

template <class Work> static double median(Work work)
{
    double ms[RUNS];

    work();
    sync();
    for (double &m : ms) {
        double start = now_ms();
        work();
        sync();
        m = now_ms() - start;
    }
    std::sort(ms, ms + RUNS);
    return ms[RUNS / 2];
}

static void report(const char *name, uint32_t log_n, double ms, double issues)
{
    double per_ms = (double)info.sm_count * 64 * info.clock_khz;
    double floor_ms = issues / per_ms;

    printf("{\"bench\":\"%s\",\"log_n\":%u,\"ms\":%.4f,\"floor_ms\":%.4f,"
           "\"share\":%.3f,\"floor_measured_ms\":%.4f,"
           "\"share_measured\":%.3f}\n",
           name, log_n, ms, floor_ms, floor_ms / ms, issues / issues_per_ms,
           issues / issues_per_ms / ms);
    fflush(stdout);
}

static bool emulated()
{
    return info.clock_khz <= 1;
}

static void wide_adds(const char *name, int kernel, uint32_t chains)
{
    uint32_t blocks = info.sm_count * 8, rounds = emulated() ? 2 : 4000;
    uint64_t threads = (uint64_t)blocks * WideRate<1>::threads;
    WideRate<1>::Args a = { static_cast<uint64_t *>(device(threads * 8)),
                            rounds };
    double ms = median([&] {
        must(c->rt->launch(c->device, kernel, blocks, &a, c->stream[0]));
    });
    double per_ms = (double)threads * rounds * chains * WideRate<1>::STEPS / ms;

    if (2 * per_ms > issues_per_ms)
        issues_per_ms = 2 * per_ms;
    printf("{\"rate\":\"%s\",\"ms\":%.4f,\"per_second\":%.4g,"
           "\"per_sm_clock\":%.2f}\n",
           name, ms, per_ms * 1e3,
           per_ms / ((double)info.sm_count * info.clock_khz));
    (void)c->rt->release(c->device, a.out);
}

static void rate(const char *name, double bytes, double ms)
{
    printf("{\"rate\":\"%s\",\"ms\":%.4f,\"gigabytes_per_second\":%.1f}\n",
           name, ms, bytes / ms / 1e6);
}

static void bandwidth(uint32_t log_n) /* of points */
{
    uint64_t bytes = (uint64_t)64 << log_n;
    uint32_t blocks = info.sm_count * 32;
    uint64_t threads = (uint64_t)blocks * GatherRate::threads;
    void *from = device(bytes), *to = device(bytes);
    CopyRate::Args copy = { static_cast<Sixteen *>(from),
                            static_cast<Sixteen *>(to), bytes / 16 };
    GatherRate::Args gather = { static_cast<Affine<Fq> *>(from),
                                static_cast<uint32_t *>(device(threads * 4)),
                                (uint64_t)1 << log_n, 64 };

    must(check(c, c->rt->fill(c->device, from, 1, bytes, c->stream[0]), "fill",
               __FILE__, __LINE__, &e));
    rate("copy, read and written", 2.0 * (double)bytes, median([&] {
             must(c->rt->launch(c->device, KERNEL_COPY_RATE, blocks, &copy,
                                c->stream[0]));
         }));
    rate("points read all over", (double)threads * gather.each * 64,
         median([&] {
             must(c->rt->launch(c->device, KERNEL_GATHER_RATE, blocks, &gather,
                                c->stream[0]));
         }));
    for (void *p : { from, to, (void *)gather.out })
        (void)c->rt->release(c->device, p);
}

static void multiply(const char *name, int kernel, uint32_t chains)
{
    uint32_t blocks = info.sm_count * 8, rounds = emulated() ? 2 : 2000;
    uint64_t threads = (uint64_t)blocks * MulRate<1>::threads;
    MulRate<1>::Args a = { static_cast<Fr *>(device(threads * 32)), rounds };
    double ms = median([&] {
        must(c->rt->launch(c->device, kernel, blocks, &a, c->stream[0]));
    });

    report(name, 0, ms, (double)threads * rounds * chains * PRODUCT_ISSUES);
    (void)c->rt->release(c->device, a.out);
}

static void transform(uint32_t log_n)
{
    uint64_t n = (uint64_t)1 << log_n;
    Fr *eta = static_cast<Fr *>(device(n * 32));
    Fr *data = static_cast<Fr *>(device(n * 32));

    must(eta_table(c, c->stream[0], eta, log_n, &e));
    must(eta_table(c, c->stream[0], data, log_n, &e)); /* any values */
    report("ntt", log_n, median([&] {
               must(ntt_passes(c, c->stream[0], data, eta, log_n, 1, true,
                               false, &e));
           }),
           (double)n / 2 * log_n * PRODUCT_ISSUES);
    (void)c->rt->release(c->device, eta);
    (void)c->rt->release(c->device, data);
}

/* 2^12 points over and over: a bucket hardly ever meets one twice in a row. */
template <class F> static std::vector<Affine<F>> some_points(uint64_t n)
{
    std::vector<Affine<F>> out;
    Xyzz<F> sum = generator<F>();

    for (uint64_t i = 0; i < n; i++) {
        if (i < 4096) {
            out.push_back(to_affine(sum));
            add(sum, generator<F>());
        } else {
            out.push_back(out[i - 4096]);
        }
    }
    return out;
}

static Fr some_scalar(Random &r, bool bits)
{
    Fr s = Fr::zero();

    if (bits)
        return plain(fr_small(r.below(2)));
    for (uint32_t &x : s.l)
        x = (uint32_t)r.next();
    return canonical(from_plain(s));
}

/* One way of adding the same points. */
struct Way {
    const char *name;
    uint32_t multiples, experiments;
    bool bits;
};

template <class F> struct Input {
    uint64_t n;
    Affine<F> *points;
    Fr *scalars[2]; /* full, bits */
};

template <class F>
static void one_way(const Input<F> &in, uint32_t log_n, const Way &way)
{
    MsmPlan p = msm_plan(in.n, way.multiples);
    MsmRoom room = {};
    Arena a = arena_count();
    bool g2 = sizeof(F) == sizeof(Fq2);
    Xyzz<F> *sums = nullptr;
    Affine<F> *more = nullptr;
    void *memory, *host = nullptr;
    MsmWork w;

    c->experiments = room.experiments = way.experiments;
    msm_room(&room, p);
    msm_work(&w, room, g2, &a);
    more = a.take<Affine<F>>((p.multiples - 1) * p.n);
    must(info_on(&TEST_RUNTIME, 0, &info, &e));
    if (a.used > info.free_bytes) {
        printf("{\"bench\":\"%s\",\"log_n\":%u,\"skipped\":\"it takes %llu "
               "bytes\"}\n",
               way.name, log_n, (unsigned long long)a.used);
        return;
    }
    memory = device(a.used);
    arena_open(&a, c, memory, a.used);
    msm_work(&w, room, g2, &a);
    more = a.take<Affine<F>>((p.multiples - 1) * p.n);
    must(check(c, c->rt->alloc_host(c->device, &host, WINDOWS * sizeof *sums),
               "alloc_host", __FILE__, __LINE__, &e));
    sums = static_cast<Xyzz<F> *>(host);
    must(msm_multiples(c, c->stream[0], p, in.points, more, &e));
    report(
        way.name, log_n, median([&] {
            must(msm_sort(c, c->stream[0], p, w, in.scalars[way.bits], nullptr,
                          &e));
            must(msm_add<F>(c, c->stream[0], p, w, in.points, more, sums, &e));
        }),
        (double)in.n * (way.bits ? 0.5 : p.windows) * MIXED_ISSUES *
            (g2 ? G2_FACTOR : 1));
    release_memory(c, memory, a.used);
    (void)c->rt->release_host(c->device, host);
    c->experiments = 0;
}

template <class F>
static void sums(uint32_t log_n, const std::vector<Way> &ways)
{
    uint64_t n = (uint64_t)1 << log_n;
    std::vector<Affine<F>> points = some_points<F>(n);
    Input<F> in = { n,
                    static_cast<Affine<F> *>(device(n * sizeof(Affine<F>))),
                    {} };
    Random r = { 5 };

    copy(in.points, points.data(), n * sizeof(Affine<F>));
    for (int bits = 0; bits < 2; bits++) {
        std::vector<Fr> scalars;
        for (uint64_t i = 0; i < n; i++)
            scalars.push_back(some_scalar(r, bits));
        in.scalars[bits] = static_cast<Fr *>(device(n * 32));
        copy(in.scalars[bits], scalars.data(), n * 32);
    }
    for (const Way &way : ways)
        one_way<F>(in, log_n, way);
    (void)c->rt->release(c->device, in.points);
    for (Fr *p : in.scalars)
        (void)c->rt->release(c->device, p);
}

/* ---- whole proofs, with a made-up key ---- */

struct MadeUp {
    std::vector<Affine<Fq>> g1;
    std::vector<Affine<Fq2>> g2;
    std::vector<uint8_t> section4;
    std::vector<Fr> witness;
    Zkey z;

    MadeUp(uint32_t log_n)
    {
        uint64_t n = (uint64_t)1 << log_n;
        Random r = { 9 };

        g1 = some_points<Fq>(n);
        g2 = some_points<Fq2>(n);
        section4.resize(2 * n * 44);
        for (uint64_t i = 0; i < n; i++)
            witness.push_back(some_scalar(r, false));
        for (uint64_t i = 0; i < 2 * n; i++) { /* one in each row of A and B */
            const uint32_t head[3] = { (uint32_t)(i & 1), (uint32_t)(i / 2),
                                       (uint32_t)((i * 7 + 1) % n) };
            memcpy(&section4[i * 44], head, 12);
            memcpy(&section4[i * 44 + 12], &witness[i / 2], 32);
        }
        memset(&z, 0, sizeof z);
        z.struct_size = sizeof z;
        z.n_vars = z.domain_size = (uint32_t)n;
        z.n_public = 1;
        z.coefficients = 2 * n;
        z.section4 = section4.data();
        z.a = z.b1 = z.c = z.h = z.alpha1 = z.beta1 = z.delta1 =
            (const uint8_t *)g1.data();
        z.b2 = z.beta2 = z.delta2 = (const uint8_t *)g2.data();
    }
};

static double proof_issues(uint32_t log_n)
{
    double n = (double)((uint64_t)1 << log_n);
    double windows = msm_plan((uint64_t)1 << log_n, 1).windows;

    return n * windows * MIXED_ISSUES * (4 + G2_FACTOR) +
           7 * n / 2 * log_n * PRODUCT_ISSUES;
}

static void proofs(uint32_t log_n)
{
    MadeUp m(log_n);
    uint8_t rs[64] = { 1 }, out[256];
    Needs needs;

    must(key_needs(c, &m.z, &needs, &e));
    for (int f = PROVERNET_GPU_PLAIN; f < PROVERNET_GPU_FORMS; f += 3) {
        void *key = nullptr;
        char name[64];
        Form form;

        m.z.multiples_budget =
            needs.form[f].resident - needs.form[PROVERNET_GPU_PLAIN].resident;
        must(key_load(c, &m.z, &key, nullptr, &e));
        must(key_form(c, key, &form, nullptr, &e));
        snprintf(name, sizeof name, "groth16, points %u times", form.multiples);
        report(name, log_n, median([&] {
                   must(groth16(c, key, (const uint8_t *)m.witness.data(),
                                m.witness.size(), rs, out, nullptr, &e));
               }),
               proof_issues(log_n));
        key_free(c, key);
    }
}

static const std::vector<Way> in_g1 = {
    { "msm g1", 1, 0, false },
    { "msm g1, bits", 1, 0, true },
    { "msm g1, points 8 times", 8, 0, false },
    { "msm g1, batch affine", 1, BATCH_AFFINE, false },
    { "msm g1, points 8 times, batch affine", 8, BATCH_AFFINE, false },
};
static const std::vector<Way> in_g2 = {
    { "msm g2", 1, 0, false },
    { "msm g2, two lanes", 1, G2_OVER_LANES, false },
    { "msm g2, batch affine", 1, BATCH_AFFINE, false },
};

int main(int argc, char **argv)
{
    uint32_t most = argc > 1 ? (uint32_t)atoi(argv[1]) : 24;
    void *ctx = nullptr;

#ifdef PVN_TEST_CUDA
    if (no_device_here())
        return TEST_SKIPPED;
#endif
    must(open_on(&TEST_RUNTIME, 0, &ctx, &e));
    c = static_cast<Context *>(ctx);
    must(info_on(&TEST_RUNTIME, 0, &info, &e));
    printf("{\"device\":\"%s\",\"sms\":%u,\"khz\":%u,\"bytes\":%llu}\n",
           info.name, info.sm_count, info.clock_khz,
           (unsigned long long)info.total_bytes);
    wide_adds("wide multiply-adds, one chain", KERNEL_WIDE_RATE_1, 1);
    wide_adds("wide multiply-adds, eight chains", KERNEL_WIDE_RATE_8, 8);
    bandwidth(most < 22 ? most : 22);
    multiply("products, one chain", KERNEL_MUL_RATE_1, 1);
    multiply("products, two chains", KERNEL_MUL_RATE_2, 2);
    for (uint32_t log_n = most < 16 ? most : 16; log_n <= most; log_n += 2) {
        transform(log_n);
        sums<Fq>(log_n, in_g1);
        sums<Fq2>(log_n, in_g2);
    }
    if (most >= 24 && info.free_bytes > (uint64_t)9 << 30)
        transform(27);
    proofs(most < 20 ? most - most / 4 : 20);
    close_context(ctx);
    return 0;
}
