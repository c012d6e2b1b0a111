/* cuda/ff/mont.h - prime fields of eight 32-bit limbs in Montgomery form with
 * radix 2^256, written once for host and device. Includes ff/ only.
 *
 * Bounds. P::mod < 2^254, so 4p < 2^256. Every value is kept below 2p:
 *   mul   (2p)(2p) / 2^256 + p < 0.76p + p < 2p, without a last subtraction;
 *   add   below 4p, once minus 2p; sub: once plus 2p.
 * Zero has therefore two forms, 0 and p. Values leave through canonical()
 * or plain(). mul also takes one factor of any 256 bits if the other is below
 * p: p * 2^256 / 2^256 + p = 2p. */
#ifndef PVN_CUDA_FF_MONT_H
#define PVN_CUDA_FF_MONT_H
#include "carry.h"

namespace pvn
{

template <class P> struct alignas(16) Mont {
    uint32_t l[8];

    static PVN_HD Mont zero()
    {
        Mont r;
        PVN_UNROLL
        for (int i = 0; i < 8; i++)
            r.l[i] = 0;
        return r;
    }
    static PVN_HD Mont one()
    {
        Mont r;
        PVN_UNROLL
        for (int i = 0; i < 8; i++)
            r.l[i] = P::one(i);
        return r;
    }
    static PVN_HD Mont r2()
    {
        Mont r;
        PVN_UNROLL
        for (int i = 0; i < 8; i++)
            r.l[i] = P::r2(i);
        return r;
    }
    static PVN_HD void modulus(uint32_t *m, int shift)
    {
        PVN_UNROLL
        for (int i = 0; i < 8; i++)
            m[i] = (P::mod(i) << shift) |
                   (shift && i ? P::mod(i - 1) >> (32 - shift) : 0);
    }
};

/* a < 2m becomes a or a - m, below m (m = mod << shift). */
template <class P> PVN_HD Mont<P> reduce_once(const Mont<P> &a, int shift)
{
    uint32_t m[8], borrow;
    Mont<P> r;

    Mont<P>::modulus(m, shift);
    borrow = sub8(r.l, a.l, m);
    PVN_UNROLL
    for (int i = 0; i < 8; i++)
        r.l[i] = borrow ? a.l[i] : r.l[i];
    return r;
}

template <class P> PVN_HD Mont<P> operator+(const Mont<P> &a, const Mont<P> &b)
{
    Mont<P> r;

    add8(r.l, a.l, b.l);
    return reduce_once(r, 1);
}

template <class P> PVN_HD Mont<P> operator-(const Mont<P> &a, const Mont<P> &b)
{
    uint32_t m[8], borrow;
    Mont<P> r;

    borrow = sub8(r.l, a.l, b.l);
    Mont<P>::modulus(m, 1);
    PVN_UNROLL
    for (int i = 0; i < 8; i++)
        m[i] &= borrow;
    add8(r.l, r.l, m);
    return r;
}

template <class P> PVN_HD Mont<P> negate(const Mont<P> &a)
{
    return Mont<P>::zero() - a;
}

template <class P> PVN_HD Mont<P> dbl(const Mont<P> &a)
{
    return a + a;
}

/* One row of the product: x and y change roles from row to row. x holds the
 * columns 0-7, y the columns 1-8; together they stay below 2^288, so y never
 * overflows by itself. */
template <class P>
PVN_HD void reduce_row(uint32_t *x, uint32_t *y, const uint32_t *m)
{
    uint32_t q = x[0] * P::inv;

    odd_row(y, m, q);
    even_row(x, y[7], m, q);
}

template <class P>
PVN_HD void mul_row(uint32_t *x, uint32_t *y, const uint32_t *a, uint32_t b,
                    const uint32_t *m)
{
    shift_row(x[0], y, a, b);
    even_row(x, y[7], a, b);
    reduce_row<P>(x, y, m);
}

/* The first row of a * b. */
template <class P>
PVN_HD void first_row(uint32_t *e, uint32_t *o, const uint32_t *a, uint32_t b)
{
    PVN_UNROLL
    for (int i = 0; i < 8; i += 2) {
        uint64_t p = (uint64_t)a[i] * b;
        uint64_t q = (uint64_t)a[i + 1] * b;
        e[i] = (uint32_t)p;
        e[i + 1] = (uint32_t)(p >> 32);
        o[i] = (uint32_t)q;
        o[i + 1] = (uint32_t)(q >> 32);
    }
}

/* o[0] is 0 after the last row; what is left is e + (o >> 32). */
template <class P> PVN_HD Mont<P> last_row(const uint32_t *e, uint32_t *o)
{
    Mont<P> r;

    PVN_UNROLL
    for (int i = 0; i < 7; i++)
        o[i] = o[i + 1];
    o[7] = 0;
    add8(r.l, e, o);
    return r;
}

template <class P> PVN_HD Mont<P> operator*(const Mont<P> &a, const Mont<P> &b)
{
    uint32_t e[8], o[8], m[8];

    Mont<P>::modulus(m, 0);
    first_row<P>(e, o, a.l, b.l[0]);
    reduce_row<P>(e, o, m);
    mul_row<P>(o, e, a.l, b.l[1], m);
    mul_row<P>(e, o, a.l, b.l[2], m);
    mul_row<P>(o, e, a.l, b.l[3], m);
    mul_row<P>(e, o, a.l, b.l[4], m);
    mul_row<P>(o, e, a.l, b.l[5], m);
    mul_row<P>(e, o, a.l, b.l[6], m);
    mul_row<P>(o, e, a.l, b.l[7], m);
    return last_row<P>(e, o);
}

/* One row of a * b + c * d. */
template <class P>
PVN_HD void mul_rows(uint32_t *x, uint32_t *y, const uint32_t *a, uint32_t b,
                     const uint32_t *c, uint32_t d, const uint32_t *m)
{
    shift_row(x[0], y, a, b);
    even_row(x, y[7], a, b);
    odd_row(y, c, d);
    even_row(x, y[7], c, d);
    reduce_row<P>(x, y, m);
}

/* ab + cd with one reduction. What is carried from row to row stays below
 * 2p + 2p + p = 5p < 2^256, within a row below 2^288 as ever; the end is below
 * 2 (2p)(2p) / 2^256 + p < 2.6p, so 2p comes off once. */
template <class P>
PVN_HD Mont<P> sum_of_products(const Mont<P> &a, const Mont<P> &b,
                               const Mont<P> &c, const Mont<P> &d)
{
    uint32_t e[8], o[8], m[8];

    Mont<P>::modulus(m, 0);
    first_row<P>(e, o, a.l, b.l[0]);
    odd_row(o, c.l, d.l[0]);
    even_row(e, o[7], c.l, d.l[0]);
    reduce_row<P>(e, o, m);
    mul_rows<P>(o, e, a.l, b.l[1], c.l, d.l[1], m);
    mul_rows<P>(e, o, a.l, b.l[2], c.l, d.l[2], m);
    mul_rows<P>(o, e, a.l, b.l[3], c.l, d.l[3], m);
    mul_rows<P>(e, o, a.l, b.l[4], c.l, d.l[4], m);
    mul_rows<P>(o, e, a.l, b.l[5], c.l, d.l[5], m);
    mul_rows<P>(e, o, a.l, b.l[6], c.l, d.l[6], m);
    mul_rows<P>(o, e, a.l, b.l[7], c.l, d.l[7], m);
    return reduce_once(last_row<P>(e, o), 1);
}

template <class P> PVN_HD Mont<P> sqr(const Mont<P> &a)
{
    return a * a;
}

template <class P> PVN_HD Mont<P> canonical(const Mont<P> &a)
{
    return reduce_once(a, 0);
}

template <class P> PVN_HD bool is_zero(const Mont<P> &a)
{
    uint32_t any = 0, differs = 0;

    PVN_UNROLL
    for (int i = 0; i < 8; i++) {
        any |= a.l[i];
        differs |= a.l[i] ^ P::mod(i);
    }
    return !any || !differs;
}

/* Montgomery form to the number itself, below p, and back. */
template <class P> PVN_HD Mont<P> plain(const Mont<P> &a)
{
    Mont<P> one = Mont<P>::zero();

    one.l[0] = 1;
    return canonical(a * one);
}

template <class P> PVN_HD Mont<P> from_plain(const Mont<P> &a)
{
    return a * Mont<P>::r2();
}

template <class F> PVN_HD F power(F base, uint64_t e)
{
    F r = F::one();

    for (; e; e >>= 1, base = sqr(base))
        if (e & 1)
            r = r * base;
    return r;
}

/* 1/a by Fermat; 0 gives 0. A few hundred products. */
template <class P> PVN_CALLED Mont<P> inverse(const Mont<P> &a)
{
    Mont<P> r = Mont<P>::one();
    uint32_t e[8], two[8] = { 2 };

    Mont<P>::modulus(e, 0);
    sub8(e, e, two);
    for (int i = 255; i >= 0; i--) {
        r = sqr(r);
        if (e[i / 32] >> (i % 32) & 1)
            r = r * a;
    }
    return r;
}

} // namespace pvn
#endif
