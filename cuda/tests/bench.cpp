/* cuda/tests/bench.cpp - how fast the engine is: one JSON object per line.
 *
 *   gpu_bench [LARGEST_LOG]      default 22
 *
 * Everything measured lies on the device; the median of five runs after one.
 * floor_ms: the 32-bit multiply-adds that the algorithm needs, at 64 per SM
 * and clock, and nothing else; share: floor / measured. On the emulator the
 * figures mean nothing, but every line of this program is exercised. */
#include "model.h"
#include <algorithm>
#include <time.h>

enum { RUNS = 5, PRODUCT_ISSUES = 264, MIXED_ISSUES = 2528, G2_FACTOR = 3 };

static Context *c;
static provernet_gpu_info info;
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
           "\"share\":%.3f}\n",
           name, log_n, ms, floor_ms, ms > 0 ? floor_ms / ms : 0);
    fflush(stdout);
}

static void multiply(const char *name, int kernel, uint32_t chains)
{
    uint32_t blocks = info.sm_count * 8, rounds = info.clock_khz > 1 ? 2000 : 2;
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

template <class F> static void sums(const char *name, uint32_t log_n, int bits)
{
    uint64_t n = (uint64_t)1 << log_n;
    std::vector<Affine<F>> points = some_points<F>(n);
    std::vector<Fr> scalars;
    MsmPlan p = msm_plan(n);
    Arena a = { nullptr, 0, false };
    bool g2 = sizeof(F) == sizeof(Fq2);
    Xyzz<F> windows[WINDOWS];
    Random r = { 5 };
    Affine<F> *dev_points;
    Fr *dev_scalars;
    void *memory;
    MsmWork w;

    for (uint64_t i = 0; i < n; i++) {
        Fr s = Fr::zero();
        for (uint32_t &x : s.l)
            x = (uint32_t)r.next();
        if (bits)
            s = fr_small(r.below(2)), s = plain(s);
        else
            s = canonical(from_plain(s));
        scalars.push_back(s);
    }
    msm_work(&w, p, g2, &a);
    memory = device(a.used);
    arena_open(&a, c, memory, a.used);
    msm_work(&w, p, g2, &a);
    dev_points = static_cast<Affine<F> *>(device(n * sizeof(Affine<F>)));
    dev_scalars = static_cast<Fr *>(device(n * 32));
    copy(dev_points, points.data(), n * sizeof(Affine<F>));
    copy(dev_scalars, scalars.data(), n * 32);
    report(name, log_n, median([&] {
               must(msm_sort(c, c->stream[0], p, w, dev_scalars, &e));
               must(msm_add<F>(c, c->stream[0], p, w, dev_points, 0,
                               (uint32_t)n, windows, &e));
           }),
           (double)n * (bits ? 0.5 : p.windows) * MIXED_ISSUES *
               (g2 ? G2_FACTOR : 1));
    release_memory(c, memory, a.used);
    (void)c->rt->release(c->device, dev_points);
    (void)c->rt->release(c->device, dev_scalars);
}

int main(int argc, char **argv)
{
    uint32_t most = argc > 1 ? (uint32_t)atoi(argv[1]) : 22;
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
    multiply("products, one chain", KERNEL_MUL_RATE_1, 1);
    multiply("products, two chains", KERNEL_MUL_RATE_2, 2);
    for (uint32_t log_n = most < 16 ? most : 16; log_n <= most; log_n += 2) {
        transform(log_n);
        sums<Fq>("msm g1", log_n, 0);
        sums<Fq>("msm g1, bits", log_n, 1);
        sums<Fq2>("msm g2", log_n, 0);
    }
    close_context(ctx);
    return 0;
}
