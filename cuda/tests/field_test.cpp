/* cuda/tests/field_test.cpp - the fields against schoolbook numbers, on random
 * and edge values over the whole range below 2p that the bounds allow. */
#include "../ff/bn254.h"
#include "test.h"

using namespace pvn;

template <class P> struct Judge {
    using F = Mont<P>;
    Big p, two_p, edges[12];
    int n_edges;

    Judge()
    {
        uint32_t m[8];
        F::modulus(m, 0);
        p = Big::of(m, 8);
        two_p = plus(p, p);
        n_edges = 0;
        for (uint32_t i = 0; i < 3; i++) {
            edges[n_edges++] = Big::small(i);
            edges[n_edges++] = plus(p, Big::small(i));
            edges[n_edges++] = minus(p, Big::small(i + 1));
            edges[n_edges++] = minus(two_p, Big::small(i + 1));
        }
    }
    F draw(Random &r) const
    {
        uint32_t w[8];
        Big b;
        F f;

        do {
            if (r.below(4) == 0) {
                b = edges[r.below((uint32_t)n_edges)];
                break;
            }
            for (uint32_t &x : w)
                x = r.below(8) ? (uint32_t)r.next() : 0xffffffffu * r.below(2);
            w[7] &= 0x7fffffffu;
            b = Big::of(w, 8);
        } while (compare(b, two_p) >= 0);
        b.words(f.l, 8);
        return f;
    }
    Big reduced(Big a) const /* a < 4p */
    {
        while (compare(a, p) >= 0)
            a = minus(a, p);
        return a;
    }
    bool below_2p(const F &f) const
    {
        return compare(Big::of(f.l, 8), two_p) < 0;
    }
    /* Are f and the number the same modulo p? */
    bool same(const F &f, const Big &b) const
    {
        return below_2p(f) &&
               compare(reduced(Big::of(f.l, 8)), reduced(b)) == 0;
    }
    /* t == a b / 2^256: t 2^256 - a b is a multiple of p; q is found word by
     * word, as on paper: a b + q p = t 2^256. */
    bool is_product(const F &t, const F &a, const F &b) const
    {
        Big ab = product(Big::of(a.l, 8), Big::of(b.l, 8));

        return below_2p(t) && compare(Big::of(t.l, 8), redc(ab)) == 0;
    }
    /* The same of a b + c d, where 2p may come off the end. */
    bool is_sum(const F &t, const F &a, const F &b, const F &c,
                const F &d) const
    {
        Big sum = redc(plus(product(Big::of(a.l, 8), Big::of(b.l, 8)),
                            product(Big::of(c.l, 8), Big::of(d.l, 8))));

        if (compare(sum, two_p) >= 0)
            sum = minus(sum, two_p);
        return below_2p(t) && compare(Big::of(t.l, 8), sum) == 0;
    }
    Big redc(Big v) const
    {
        Big high = {};
        uint16_t inv = (uint16_t)P::inv;

        for (int i = 0; i < 16; i++) {
            uint32_t carry = 0, q = (uint16_t)((uint32_t)v.d[i] * inv);
            for (int j = 0; i + j < Big::LEN; j++) {
                carry += q * p.d[j < 16 ? j : 39] + v.d[i + j];
                v.d[i + j] = (uint16_t)carry;
                carry >>= 16;
            }
        }
        memcpy(high.d, v.d + 16, 24 * sizeof(uint16_t));
        return high;
    }
    void round(Random &r) const
    {
        F a = draw(r), b = draw(r), any;
        Big x = Big::of(a.l, 8), y = Big::of(b.l, 8);

        CHECK(is_product(a * b, a, b));
        CHECK(same(a + b, plus(x, y)));
        if (r.below(4) == 0) {
            F c = draw(r), d = draw(r);
            CHECK(is_sum(sum_of_products(a, b, c, d), a, b, c, d));
        }
        CHECK(same(a - b, minus(plus(x, two_p), y)));
        CHECK(same(negate(a), minus(two_p, x)));
        CHECK(compare(Big::of(canonical(a).l, 8), reduced(x)) == 0);
        CHECK(is_zero(a) == (compare(reduced(x), Big::small(0)) == 0));
        for (uint32_t &w : any.l)
            w = r.below(3) ? (uint32_t)r.next() : 0xffffffffu;
        CHECK(is_product(canonical(a) * any, canonical(a), any));
    }
    void all(uint64_t seed, int rounds) const
    {
        Random r = { seed };

        for (int i = 0; i < rounds; i++)
            round(r);
        for (int i = 0; i < 200; i++) {
            F a = draw(r), one = F::one();
            if (!is_zero(a))
                CHECK(is_zero(a * inverse(a) - one));
            CHECK(is_zero(from_plain(plain(a)) - a));
        }
        CHECK(is_zero(inverse(F::zero())));
    }
};

/* Fq2 from its definition: (a0 b0 - a1 b1) + (a0 b1 + a1 b0) u. */
static void quadratic(uint64_t seed, int rounds)
{
    Judge<BnQ> j;
    Random r = { seed };

    for (int i = 0; i < rounds; i++) {
        Fq2 a = { j.draw(r), j.draw(r) }, b = { j.draw(r), j.draw(r) };
        Fq2 t = a * b, s = sqr(a), u = a * a;
        CHECK(is_zero(t.c0 - (a.c0 * b.c0 - a.c1 * b.c1)));
        CHECK(is_zero(t.c1 - (a.c0 * b.c1 + a.c1 * b.c0)));
        CHECK(is_zero(s - u));
        CHECK(is_zero(a + negate(a)));
        if (i < 100 && !is_zero(a))
            CHECK(is_zero(a * inverse(a) - Fq2::one()));
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1000000;
    Fr root = root_of_unity();

    Judge<BnQ>().all(1, rounds);
    Judge<BnR>().all(2, rounds);
    quadratic(3, rounds);
    for (int i = 0; i < ROOT_LOG - 1; i++)
        root = sqr(root);
    CHECK(is_zero(root + Fr::one())); /* omega_1 = -1 */
    return finish("fields against schoolbook numbers");
}
