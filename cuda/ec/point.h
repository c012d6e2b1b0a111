/* cuda/ec/point.h - points of y^2 = x^3 + b over any field of ff/: affine
 * (infinity: both coordinates 0) and XYZZ (x = X/ZZ, y = Y/ZZZ, ZZ^3 = ZZZ^2;
 * infinity: ZZ = 0). Every case is handled: equal points are doubled, opposite
 * ones vanish. Includes ff/ only. */
#ifndef PVN_CUDA_EC_POINT_H
#define PVN_CUDA_EC_POINT_H
#include "../ff/bn254.h"

namespace pvn
{

template <class F> struct Affine {
    F x, y;
};

template <class F> struct Xyzz {
    F x, y, zz, zzz;

    static PVN_HD Xyzz infinity()
    {
        return Xyzz{ F::zero(), F::zero(), F::zero(), F::zero() };
    }
};

template <class F> PVN_HD bool is_infinity(const Affine<F> &a)
{
    return is_zero(a.x) && is_zero(a.y);
}

template <class F> PVN_HD bool is_infinity(const Xyzz<F> &a)
{
    return is_zero(a.zz);
}

template <class F> PVN_HD Xyzz<F> from_affine(const Affine<F> &a)
{
    if (is_infinity(a))
        return Xyzz<F>::infinity();
    return Xyzz<F>{ a.x, a.y, F::one(), F::one() };
}

template <class F> PVN_HD Affine<F> negate(const Affine<F> &a)
{
    return Affine<F>{ a.x, negate(a.y) };
}

/* Infinity stays infinity: ZZ stays 0. */
template <class F> PVN_HD Xyzz<F> dbl(const Xyzz<F> &a)
{
    F u = dbl(a.y), v = sqr(u), w = u * v, s = a.x * v;
    F xx = sqr(a.x), m = dbl(xx) + xx;
    Xyzz<F> r;

    r.x = sqr(m) - dbl(s);
    r.y = m * (s - r.x) - w * a.y;
    r.zz = v * a.zz;
    r.zzz = w * a.zzz;
    return r;
}

/* Doubling as a call, for the places that hardly ever need it: one copy per
 * field keeps the kernels short and their registers free. */
template <class F> PVN_CALLED void dbl_in_place(Xyzz<F> *a)
{
    *a = dbl(*a);
}

template <class F> PVN_HD void add_equal(Xyzz<F> &a)
{
    Xyzz<F> t = a;

    dbl_in_place(&t);
    a = t;
}

/* a += b, b affine and not infinity. In line: the hot one. */
template <class F> PVN_HD void add(Xyzz<F> &a, const Affine<F> &b)
{
    F p, r, pp, ppp, q;

    if (is_infinity(a)) {
        a = Xyzz<F>{ b.x, b.y, F::one(), F::one() };
        return;
    }
    p = b.x * a.zz - a.x;
    r = b.y * a.zzz - a.y;
    if (is_zero(p)) {
        if (is_zero(r))
            add_equal(a);
        else
            a = Xyzz<F>::infinity();
        return;
    }
    pp = sqr(p);
    a.zz = a.zz * pp;
    ppp = p * pp;
    a.zzz = a.zzz * ppp;
    q = a.x * pp;
    a.x = sqr(r) - ppp - dbl(q);
    a.y = r * (q - a.x) - a.y * ppp;
}

/* *at += *bt: a call, for sums that are not hot. */
template <class F> PVN_CALLED void add_called(Xyzz<F> *at, const Xyzz<F> *bt)
{
    F u, s, p, r, pp, q, x;

    if (is_infinity(*bt))
        return;
    if (is_infinity(*at)) {
        *at = *bt;
        return;
    }
    u = at->x * bt->zz;
    s = at->y * bt->zzz;
    p = bt->x * at->zz - u;
    r = bt->y * at->zzz - s;
    if (is_zero(p)) { /* also where both are one */
        if (is_zero(r))
            dbl_in_place(at);
        else
            *at = Xyzz<F>::infinity();
        return;
    }
    pp = sqr(p);
    at->zz = at->zz * bt->zz * pp;
    p = p * pp;
    at->zzz = at->zzz * bt->zzz * p;
    q = u * pp;
    x = sqr(r) - p - dbl(q);
    at->x = x;
    at->y = r * (q - x) - s * p;
}

template <class F> PVN_HD void add(Xyzz<F> &a, const Xyzz<F> &b)
{
    add_called(&a, &b);
}

/* k a for a small k */
template <class F> PVN_HD Xyzz<F> times(const Xyzz<F> &a, uint32_t k)
{
    Xyzz<F> r = Xyzz<F>::infinity();

    for (uint32_t bit = 0x80000000u; bit; bit >>= 1) {
        if (bit > k)
            continue;
        dbl_in_place(&r);
        if (k & bit)
            add(r, a);
    }
    return r;
}

/* k a for a plain k of 256 bits; host. */
template <class F> inline Xyzz<F> times(const Xyzz<F> &a, const Fr &k)
{
    Xyzz<F> table[16], r = Xyzz<F>::infinity();

    table[0] = r;
    for (int i = 1; i < 16; i++) {
        table[i] = table[i - 1];
        add(table[i], a);
    }
    for (int i = 63; i >= 0; i--) {
        for (int j = 0; j < 4; j++)
            r = dbl(r);
        add(r, table[k.l[i / 8] >> (i % 8 * 4) & 15]);
    }
    return r;
}

/* Canonical coordinates. */
template <class F> PVN_HD Affine<F> to_affine(const Xyzz<F> &a)
{
    F zi, zzi;

    if (is_infinity(a))
        return Affine<F>{ F::zero(), F::zero() };
    /* 1/ZZ = ZZ^2 / ZZ^3 = ZZ^2 / ZZZ^2 = (ZZ/ZZZ)^2 */
    zi = inverse(a.zzz);
    zzi = sqr(a.zz * zi);
    return Affine<F>{ canonical(a.x * zzi), canonical(a.y * zi) };
}

} // namespace pvn
#endif
