/* cuda/tests/point_test.cpp - the group law: known points, every special case,
 * associativity, the order of the group, and multiples two ways. */
#include "../ec/point.h"
#include "test.h"

using namespace pvn;

static Fq small(uint32_t v)
{
    Fq f = Fq::zero();

    f.l[0] = v;
    return from_plain(f);
}

/* 64 hexadecimal digits, the highest first. */
static Fq hex(const char *text)
{
    Fq f = Fq::zero();

    for (int i = 0; i < 64; i++) {
        uint32_t c = (uint32_t)text[i], v = c > '9' ? c - 'a' + 10 : c - '0';
        int at = 63 - i;
        f.l[at / 8] |= v << at % 8 * 4;
    }
    return from_plain(f);
}

static bool same(const Xyzz<Fq> &a, const Xyzz<Fq> &b)
{
    Affine<Fq> x = to_affine(a), y = to_affine(b);

    return memcmp(&x, &y, sizeof x) == 0;
}

static bool same(const Xyzz<Fq2> &a, const Xyzz<Fq2> &b)
{
    Affine<Fq2> x = to_affine(a), y = to_affine(b);

    return memcmp(&x, &y, sizeof x) == 0;
}

template <class F> static bool on_curve(const Xyzz<F> &p, const F &b)
{
    Affine<F> a = to_affine(p);

    return is_infinity(p) || is_zero(sqr(a.y) - sqr(a.x) * a.x - b);
}

static Fr number(uint32_t v)
{
    Fr f = Fr::zero();

    f.l[0] = v;
    return f;
}

template <class F>
static void group(const Affine<F> &generator, const F &b, uint64_t seed)
{
    Xyzz<F> g = from_affine(generator), zero = Xyzz<F>::infinity(), sum = zero;
    Random r = { seed };
    Fr order;

    CHECK(on_curve(g, b));
    for (uint32_t i = 0; i < 300; i++) { /* i g, four ways */
        Xyzz<F> other = times(g, i), full = sum, back = sum;
        CHECK(same(sum, other));
        CHECK(same(sum, times(g, number(i))));
        CHECK(on_curve(sum, b));
        add(full, g);        /* XYZZ + XYZZ; doubles at i = 1 */
        add(sum, generator); /* XYZZ + affine */
        CHECK(same(sum, full));
        back = sum;
        add(back, negate(generator));
        CHECK(same(back, other));
    }
    for (int i = 0; i < 40; i++) { /* other scales of the same points */
        Xyzz<F> x = times(g, r.below(1000) + 1),
                y = times(g, r.below(1000) + 1);
        Xyzz<F> xy = x, yx = y, d = x, e = x;
        add(xy, y);
        add(yx, x);
        CHECK(same(xy, yx));
        add(d, x);
        e = dbl(x);
        CHECK(same(d, e));
        add(d, to_affine(x));
        add(e, x);
        CHECK(same(d, e));
        e = x;
        add(e, from_affine(negate(to_affine(x))));
        CHECK(is_infinity(e));
        e = zero;
        add(e, x);
        CHECK(same(e, x));
        add(e, zero);
        CHECK(same(e, x));
    }
    CHECK(is_infinity(dbl(zero)));
    CHECK(is_infinity(to_affine(zero)));
    Fr::modulus(order.l, 0);
    CHECK(is_infinity(times(g, order)));
}

int main(void)
{
    Affine<Fq> g1 = { small(1), small(2) };
    Affine<Fq2> g2 = { { hex("1800deef121f1e76426a00665e5c4479674322d4f75edadd4"
                             "6debd5cd992f6ed"),
                         hex("198e9393920d483a7260bfb731fb5d25f1aa493335a9e7129"
                             "7e485b7aef312c2") },
                       { hex("12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4"
                             "ce6cc0166fa7daa"),
                         hex("090689d0585ff075ec9e99ad690c3395bc4b313370b38ef35"
                             "5acdadcd122975b") } };
    Fq2 nine_u = { small(9), small(1) }, b2 = inverse(nine_u);

    b2 = b2 + b2 + b2;
    group(g1, small(3), 1);
    group(g2, b2, 2);
    return finish("points");
}
