/* cuda/tests/model.h - what the tests of the engine share: random scalars,
 * points whose logarithms are known, a synthetic proving key, and the proof it
 * must give, computed in the exponents alone. */
#ifndef PVN_CUDA_TESTS_MODEL_H
#define PVN_CUDA_TESTS_MODEL_H
#include "../engine/engine.h"
#include "../sim/sim.h"
#include "test.h"
#include <vector>

using namespace pvn;

/* The same tests run on a device where they are built with it. */
#ifdef PVN_TEST_CUDA
#define TEST_RUNTIME runtime_cuda
enum { TEST_SKIPPED = 77 };
#else
#define TEST_RUNTIME runtime_sim
#endif

/* On a machine without a device there is nothing to test. */
static inline bool no_device_here()
{
#ifdef PVN_TEST_CUDA
    Error e = {};

    if (count_on(&runtime_cuda, &e) > 0)
        return false;
    printf("skipped: %s\n", e.message);
    return true;
#else
    return false;
#endif
}

static inline Fr fr_small(uint64_t v)
{
    Fr f = Fr::zero();

    f.l[0] = (uint32_t)v;
    f.l[1] = (uint32_t)(v >> 32);
    return from_plain(f);
}

static inline Fr fr_random(Random &r)
{
    Fr f;

    for (uint32_t &w : f.l)
        w = (uint32_t)r.next();
    return canonical(from_plain(f));
}

static inline Xyzz<Fq> generator1()
{
    Fq one = Fq::one();

    return Xyzz<Fq>{ one, dbl(one), one, one };
}

static inline Fq fq_hex(const char *text)
{
    Fq f = Fq::zero();

    for (int i = 0; i < 64; i++) {
        uint32_t c = (uint32_t)text[i], v = c > '9' ? c - 'a' + 10 : c - '0';
        int at = 63 - i;
        f.l[at / 8] |= v << at % 8 * 4;
    }
    return from_plain(f);
}

static inline Xyzz<Fq2> generator2()
{
    Affine<Fq2> g = {
        { fq_hex(
              "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6"
              "ed"),
          fq_hex(
              "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312"
              "c2") },
        { fq_hex(
              "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7d"
              "aa"),
          fq_hex(
              "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd12297"
              "5b") }
    };

    return from_affine(g);
}

template <class F> Xyzz<F> generator();
template <> inline Xyzz<Fq> generator<Fq>()
{
    return generator1();
}
template <> inline Xyzz<Fq2> generator<Fq2>()
{
    return generator2();
}

enum { POOL = 64 };

/* 0 g (infinity), 1 g, ..., 63 g, affine and canonical. */
template <class F> static std::vector<Affine<F>> pool()
{
    std::vector<Affine<F>> out;
    Xyzz<F> sum = Xyzz<F>::infinity(), g = generator<F>();

    for (int i = 0; i < POOL; i++) {
        out.push_back(to_affine(sum));
        add(sum, g);
    }
    return out;
}

template <class F> static Affine<F> multiple(const Fr &k)
{
    return to_affine(times(generator<F>(), plain(k)));
}

/* ---- a key whose every point is a known multiple of the generator ---- */

/* Percent of the points of A, B and C that are not at infinity. */
struct Dense {
    uint32_t a, b, c;
};

struct Model {
    uint32_t m, l, log_n;
    uint64_t n;
    std::vector<uint8_t> section4, a, b1, b2, c, h;
    std::vector<uint32_t> la, lb, lc, lh; /* logarithms */
    uint64_t entries;
    uint8_t alpha1[64], beta1[64], beta2[128], delta1[64], delta2[128];
    Fr alpha, beta, delta;
    std::vector<std::vector<Fr>> rows[2]; /* dense, [row][signal] */
    std::vector<Fr> witness;              /* M form */
    std::vector<uint8_t> plain_witness;

    template <class F>
    void points(Random &r, uint64_t count, std::vector<uint8_t> *out,
                std::vector<uint32_t> *logs, bool keep, uint32_t percent = 100)
    {
        static const std::vector<Affine<F>> all = pool<F>();

        out->resize(count * sizeof(Affine<F>) + 1);
        if (!keep)
            logs->resize(count);
        for (uint64_t i = 0; i < count; i++) {
            if (!keep)
                (*logs)[i] = r.below(100) < percent ? r.below(POOL) : 0;
            memcpy(out->data() + i * sizeof(Affine<F>), &all[(*logs)[i]],
                   sizeof(Affine<F>));
        }
    }
    void entry(uint32_t matrix, uint32_t row, uint32_t signal, const Fr &v)
    {
        Fr stored = canonical(v * Fr::r2()); /* value 2^512 */
        const uint32_t head[3] = { matrix, row, signal };
        size_t at = section4.size();

        section4.resize(at + 44);
        memcpy(&section4[at], head, 12);
        memcpy(&section4[at + 12], &stored, 32);
        rows[matrix][row][signal] = rows[matrix][row][signal] + v;
        entries++;
    }
    Model(uint64_t seed, uint32_t signals, uint32_t publics, uint32_t log,
          Dense dense = Dense{ 100, 100, 100 })
        : m(signals), l(publics), log_n(log), n((uint64_t)1 << log), entries(0)
    {
        Random r = { seed };

        for (auto &matrix : rows)
            matrix.assign(n, std::vector<Fr>(m, Fr::zero()));
        for (uint64_t i = 0; i < 3 * n; i++)
            entry(r.below(2), r.below((uint32_t)n), r.below(m), fr_random(r));
        for (uint32_t i = 0; i < 150; i++) /* a long row, signals repeated */
            entry(1, (uint32_t)n / 2, r.below(m), fr_random(r));
        points<Fq>(r, m, &a, &la, false, dense.a);
        points<Fq>(r, m, &b1, &lb, false, dense.b);
        points<Fq2>(r, m, &b2, &lb, true);
        points<Fq>(r, m - l - 1, &c, &lc, false, dense.c);
        points<Fq>(r, n, &h, &lh, false);
        alpha = fr_random(r);
        beta = fr_random(r);
        delta = fr_random(r);
        put(alpha1, multiple<Fq>(alpha));
        put(beta1, multiple<Fq>(beta));
        put(beta2, multiple<Fq2>(beta));
        put(delta1, multiple<Fq>(delta));
        put(delta2, multiple<Fq2>(delta));
        for (uint32_t i = 0; i < m; i++) {
            Fr v = i == 0 || r.below(3) == 0 ? Fr::one() : fr_random(r), p;
            if (i && r.below(5) == 0)
                v = Fr::zero();
            witness.push_back(v);
            p = plain(v);
            plain_witness.insert(plain_witness.end(), (uint8_t *)&p,
                                 (uint8_t *)(&p + 1));
        }
    }
    template <class A> static void put(uint8_t *out, const A &point)
    {
        memcpy(out, &point, sizeof point);
    }
    Zkey zkey(uint64_t budget, uint64_t multiples = 0) const
    {
        Zkey z;

        memset(&z, 0, sizeof z);
        z.struct_size = sizeof z;
        z.n_vars = m;
        z.n_public = l;
        z.domain_size = (uint32_t)n;
        z.coefficients = entries;
        z.section4 = section4.data();
        z.a = a.data();
        z.b1 = b1.data();
        z.b2 = b2.data();
        z.c = c.data();
        z.h = h.data();
        z.alpha1 = alpha1;
        z.beta1 = beta1;
        z.beta2 = beta2;
        z.delta1 = delta1;
        z.delta2 = delta2;
        z.memory_budget = budget;
        z.multiples_budget = multiples;
        return z;
    }
    /* Values on the domain to values on the odd coset, by the definition. */
    std::vector<Fr> odd(const std::vector<Fr> &v) const
    {
        Fr eta = root_of_unity(), omega, wk = Fr::one(), x, inverse_w;
        std::vector<Fr> coefficients, out;

        for (uint32_t i = ROOT_LOG; i > log_n + 1; i--)
            eta = sqr(eta);
        omega = sqr(eta);
        inverse_w = inverse(omega);
        for (uint64_t k = 0; k < n; k++, wk = wk * inverse_w) {
            Fr sum = Fr::zero(); /* of v_j omega^-jk */
            for (uint64_t j = n; j-- > 0;)
                sum = sum * wk + v[j];
            coefficients.push_back(sum * inverse(fr_small(n)));
        }
        x = eta;
        for (uint64_t k = 0; k < n; k++, x = x * omega) {
            Fr sum = Fr::zero();
            for (uint64_t j = n; j-- > 0;)
                sum = sum * x + coefficients[j];
            out.push_back(sum);
        }
        return out;
    }
    Fr exponents_of_h() const
    {
        std::vector<Fr> v[3];
        Fr sum = Fr::zero();

        for (uint64_t j = 0; j < n; j++) {
            for (int k = 0; k < 2; k++) {
                Fr t = Fr::zero();
                for (uint32_t i = 0; i < m; i++)
                    t = t + rows[k][j][i] * witness[i];
                v[k].push_back(t);
            }
            v[2].push_back(v[0][j] * v[1][j]);
        }
        for (auto &x : v)
            x = odd(x);
        for (uint64_t j = 0; j < n; j++)
            sum = sum + (v[0][j] * v[1][j] - v[2][j]) * fr_small(lh[j]);
        return sum;
    }
    void expect(const Fr &r, const Fr &s, uint8_t out[256]) const
    {
        Fr ea = alpha + r * delta, eb = beta + s * delta, ec = exponents_of_h();
        Affine<Fq> g;
        Affine<Fq2> g2;

        for (uint32_t i = 0; i < m; i++) {
            ea = ea + witness[i] * fr_small(la[i]);
            eb = eb + witness[i] * fr_small(lb[i]);
            if (i > l)
                ec = ec + witness[i] * fr_small(lc[i - l - 1]);
        }
        ec = ec + s * ea + r * eb - r * s * delta;
        g = multiple<Fq>(ea);
        g = Affine<Fq>{ plain(g.x), plain(g.y) };
        memcpy(out, &g, 64);
        g2 = multiple<Fq2>(eb);
        g2 = Affine<Fq2>{ plain(g2.x), plain(g2.y) };
        memcpy(out + 64, &g2, 128);
        g = multiple<Fq>(ec);
        g = Affine<Fq>{ plain(g.x), plain(g.y) };
        memcpy(out + 192, &g, 64);
    }
};

/* r and s, as the engine takes them. */
static inline void put_rs(uint8_t rs64[64], const Fr &r, const Fr &s)
{
    Fr p = plain(r), q = plain(s);

    memcpy(rs64, &p, 32);
    memcpy(rs64 + 32, &q, 32);
}

static inline bool nothing_left()
{
#ifdef PVN_TEST_CUDA
    return true; /* only the emulator counts */
#else
    SimCounts c;

    sim_counts(&c);
    if (c.live || c.live_host || c.objects || c.misuse)
        printf("left: %d device, %d host, %d objects; misuse %d\n", (int)c.live,
               (int)c.live_host, (int)c.objects, (int)c.misuse);
    return !c.live && !c.live_host && !c.objects && !c.misuse;
#endif
}
#endif
