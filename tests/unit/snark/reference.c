/* tests/unit/snark/reference.c - see reference.h.
 *
 * Numbers are Montgomery products of 64-bit limbs with one plain loop; both
 * groups use one law over Fq2 (G1 has imaginary parts 0), Jacobian, with every
 * case written out. Sums are double-and-add, transforms O(n^2). Files are read
 * at the offsets of the format, trusting them. */
#include "reference.h"
#include "test.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;
typedef struct num {
    uint64_t l[4];
} num;
typedef struct prime {
    uint64_t p[4], n0;
} prime;

static const prime q_prime = { { 0x3c208c16d87cfd47u, 0x97816a916871ca8du,
                                 0xb85045b68181585du, 0x30644e72e131a029u },
                               0x87d20782e4866389u };
static const prime r_prime = { { 0x43e1f593f0000001u, 0x2833e84879b97091u,
                                 0xb85045b68181585du, 0x30644e72e131a029u },
                               0xc2e1f593efffffffu };

static bool num_less(const uint64_t *a, const uint64_t *b)
{
    for (int i = 3; i >= 0; i--)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

static void take_away(uint64_t *a, const uint64_t *b)
{
    uint64_t borrow = 0;

    for (int i = 0; i < 4; i++) {
        u128 d = (u128)a[i] - b[i] - borrow;

        a[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
}

static num add(num a, num b, const prime *m)
{
    uint64_t carry = 0;

    for (int i = 0; i < 4; i++) {
        u128 s = (u128)a.l[i] + b.l[i] + carry;

        a.l[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
    if (!num_less(a.l, m->p))
        take_away(a.l, m->p);
    return a;
}

static num sub(num a, num b, const prime *m)
{
    num minus;

    memcpy(minus.l, m->p, sizeof minus.l);
    take_away(minus.l, b.l); /* p for 0; add() reduces it */
    return add(a, minus, m);
}

/* a b / 2^256 */
static num mul(num a, num b, const prime *m)
{
    uint64_t t[9] = { 0 };
    num out;

    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0, k;
        u128 s;

        for (int j = 0; j < 4; j++) {
            s = (u128)a.l[i] * b.l[j] + t[i + j] + carry;
            t[i + j] = (uint64_t)s;
            carry = (uint64_t)(s >> 64);
        }
        t[i + 4] += carry;
        carry = 0;
        k = t[i] * m->n0;
        for (int j = 0; j < 4; j++) {
            s = (u128)k * m->p[j] + t[i + j] + carry;
            t[i + j] = (uint64_t)s;
            carry = (uint64_t)(s >> 64);
        }
        for (int j = i + 4; carry && j < 9; j++) {
            s = (u128)t[j] + carry;
            t[j] = (uint64_t)s;
            carry = (uint64_t)(s >> 64);
        }
    }
    memcpy(out.l, t + 4, sizeof out.l);
    if (!num_less(out.l, m->p))
        take_away(out.l, m->p);
    return out;
}

static const num plain_one = { { 1, 0, 0, 0 } };

/* 2^256 mod m, by doubling 1. */
static num radix(const prime *m)
{
    num a = plain_one;

    for (int i = 0; i < 256; i++)
        a = add(a, a, m);
    return a;
}

static num to_form(num a, const prime *m)
{
    for (int i = 0; i < 256; i++) /* times 2^256, by doubling */
        a = add(a, a, m);
    return a;
}

static num power(num a, num e, const prime *m)
{
    num out = radix(m);

    for (int i = 255; i >= 0; i--) {
        out = mul(out, out, m);
        if (e.l[i / 64] >> (i % 64) & 1)
            out = mul(out, a, m);
    }
    return out;
}

static num invert(num a, const prime *m)
{
    num e;

    memcpy(e.l, m->p, sizeof e.l);
    e.l[0] -= 2;
    return power(a, e, m);
}

static num from_le(const uint8_t *p)
{
    num a;

    for (int i = 0; i < 4; i++) {
        a.l[i] = 0;
        for (int b = 7; b >= 0; b--)
            a.l[i] = a.l[i] << 8 | p[8 * i + b];
    }
    return a;
}

static num from_be(const uint8_t *p)
{
    uint8_t le[32];

    for (int i = 0; i < 32; i++)
        le[i] = p[31 - i];
    return from_le(le);
}

static void to_be(uint8_t *out, num a)
{
    a = mul(a, plain_one, &q_prime);
    for (int i = 0; i < 32; i++)
        out[31 - i] = (uint8_t)(a.l[i / 8] >> (8 * (i % 8)));
}

/* ---- Fq2 and points ---- */

typedef struct num2 {
    num a, b; /* a + b u */
} num2;
typedef struct point {
    num2 x, y, z; /* Jacobian; z = 0: infinity */
} point;

static bool zero(num a)
{
    return (a.l[0] | a.l[1] | a.l[2] | a.l[3]) == 0;
}

static bool zero2(num2 a)
{
    return zero(a.a) && zero(a.b);
}

static num2 add2(num2 a, num2 b)
{
    return (num2){ add(a.a, b.a, &q_prime), add(a.b, b.b, &q_prime) };
}

static num2 sub2(num2 a, num2 b)
{
    return (num2){ sub(a.a, b.a, &q_prime), sub(a.b, b.b, &q_prime) };
}

static num2 mul2(num2 a, num2 b)
{
    num2 r = { mul(a.a, b.a, &q_prime), { { 0 } } };

    if (zero(a.b) && zero(b.b))
        return r;
    r.a = sub(r.a, mul(a.b, b.b, &q_prime), &q_prime);
    r.b = add(mul(a.a, b.b, &q_prime), mul(a.b, b.a, &q_prime), &q_prime);
    return r;
}

static num2 invert2(num2 a)
{
    num n = add(mul(a.a, a.a, &q_prime), mul(a.b, a.b, &q_prime), &q_prime);
    num i = invert(n, &q_prime);
    num none = { { 0 } };

    return (num2){ mul(a.a, i, &q_prime),
                   sub(none, mul(a.b, i, &q_prime), &q_prime) };
}

static point twice(point p)
{
    num2 a, b, c, d, e, f;
    point r;

    if (zero2(p.z))
        return p;
    a = mul2(p.x, p.x);
    b = mul2(p.y, p.y);
    c = mul2(b, b);
    d = mul2(p.x, b);
    d = add2(d, d);
    d = add2(d, d); /* 4 x y^2 */
    e = add2(add2(a, a), a);
    f = mul2(e, e);
    r.x = sub2(f, add2(d, d));
    c = add2(c, c);
    c = add2(c, c);
    c = add2(c, c); /* 8 y^4 */
    r.y = sub2(mul2(e, sub2(d, r.x)), c);
    r.z = mul2(p.y, p.z);
    r.z = add2(r.z, r.z);
    return r;
}

static point plus(point p, point q)
{
    num2 z1, z2, u1, u2, s1, s2, h, r, h2, h3, v;
    point out;

    if (zero2(p.z))
        return q;
    if (zero2(q.z))
        return p;
    z1 = mul2(p.z, p.z);
    z2 = mul2(q.z, q.z);
    u1 = mul2(p.x, z2);
    u2 = mul2(q.x, z1);
    s1 = mul2(p.y, mul2(z2, q.z));
    s2 = mul2(q.y, mul2(z1, p.z));
    h = sub2(u2, u1);
    r = sub2(s2, s1);
    if (zero2(h)) {
        if (zero2(r))
            return twice(p);
        memset(&out, 0, sizeof out);
        return out;
    }
    h2 = mul2(h, h);
    h3 = mul2(h2, h);
    v = mul2(u1, h2);
    out.x = sub2(sub2(mul2(r, r), h3), add2(v, v));
    out.y = sub2(mul2(r, sub2(v, out.x)), mul2(s1, h3));
    out.z = mul2(mul2(p.z, q.z), h);
    return out;
}

static point times(point p, num k)
{
    point out;

    memset(&out, 0, sizeof out);
    for (int i = 255; i >= 0; i--) {
        out = twice(out);
        if (k.l[i / 64] >> (i % 64) & 1)
            out = plus(out, p);
    }
    return out;
}

static point point_at(const uint8_t *p, bool g2)
{
    size_t step = g2 ? 64 : 32;
    point out;

    memset(&out, 0, sizeof out);
    out.x.a = from_le(p);
    out.y.a = from_le(p + step);
    if (g2) {
        out.x.b = from_le(p + 32);
        out.y.b = from_le(p + 96);
    }
    if (!zero2(out.x) || !zero2(out.y))
        out.z.a = radix(&q_prime);
    return out;
}

static void give(uint8_t *out, point p, bool g2)
{
    num2 i = invert2(p.z), i2 = mul2(i, i);

    p.x = mul2(p.x, i2);
    p.y = mul2(p.y, mul2(i2, i));
    if (g2) {
        to_be(out, p.x.b);
        to_be(out + 32, p.x.a);
        to_be(out + 64, p.y.b);
        to_be(out + 96, p.y.a);
    } else {
        to_be(out, p.x.a);
        to_be(out + 32, p.y.a);
    }
}

/* ---- files ---- */

static uint64_t le(const uint8_t *p, int n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

static const uint8_t *section(provernet_span file, uint32_t type)
{
    const uint8_t *p = file.data, *end = p + file.len;

    for (p += 12; p < end; p += 12 + le(p + 4, 8))
        if (le(p, 4) == type)
            return p + 12;
    fail_msg("section %u is missing", type);
    return NULL;
}

/* sum of n scalars times n points */
static point sum(const uint8_t *points, const num *k, size_t n, bool g2)
{
    point out;

    memset(&out, 0, sizeof out);
    for (size_t i = 0; i < n; i++)
        out =
            plus(out, times(point_at(points + i * (g2 ? 128 : 64), g2), k[i]));
    return out;
}

/* A root of unity of order 2^log: 5^((r-1)/2^log). */
static num root(unsigned log)
{
    num five = to_form((num){ { 5, 0, 0, 0 } }, &r_prime), e;

    memcpy(e.l, r_prime.p, sizeof e.l);
    e.l[0]--;
    for (unsigned i = 0; i < log; i++)
        for (int k = 0; k < 4; k++)
            e.l[k] = e.l[k] >> 1 | (k < 3 ? e.l[k + 1] << 63 : 0);
    return power(five, e, &r_prime);
}

/* out_j = sum_i in_i (shift w^j)^i */
static void evaluate(num *out, const num *in, size_t n, num w, num shift)
{
    num x = shift;

    for (size_t j = 0; j < n; j++) {
        num v = { { 0 } };

        for (size_t i = n; i-- > 0;)
            v = add(mul(v, x, &r_prime), in[i], &r_prime);
        out[j] = v;
        x = mul(x, w, &r_prime);
    }
}

/* Values on the roots of unity to values on the odd ones of twice the order. */
static void to_coset(num *a, size_t n, unsigned log)
{
    num *coef = calloc(n, sizeof *coef), w = root(log), one = radix(&r_prime);
    num scale = to_form((num){ { n, 0, 0, 0 } }, &r_prime);

    assert_non_null(coef);
    evaluate(coef, a, n, invert(w, &r_prime), one);
    scale = invert(scale, &r_prime);
    for (size_t i = 0; i < n; i++)
        coef[i] = mul(coef[i], scale, &r_prime);
    evaluate(a, coef, n, w, root(log + 1));
    free(coef);
}

/* The scalars of H, plain. */
static num *quotient(provernet_span zkey, const num *w, size_t n)
{
    const uint8_t *e = section(zkey, 4);
    uint64_t count = le(e, 4);
    unsigned log = 0;
    num *v[3];

    while ((size_t)1 << log < n)
        log++;
    for (int m = 0; m < 3; m++) {
        v[m] = calloc(n, sizeof **v);
        assert_non_null(v[m]);
    }
    e += 4;
    for (uint64_t i = 0; i < count; i++, e += 44) {
        num *at = &v[le(e, 4)][le(e + 4, 4)];
        num coef = from_le(e + 12); /* times 2^512 */

        *at = add(*at, mul(coef, w[le(e + 8, 4)], &r_prime), &r_prime);
    }
    for (size_t j = 0; j < n; j++)
        v[2][j] = mul(v[0][j], v[1][j], &r_prime);
    for (int m = 0; m < 3; m++)
        to_coset(v[m], n, log);
    for (size_t j = 0; j < n; j++) {
        v[0][j] = sub(mul(v[0][j], v[1][j], &r_prime), v[2][j], &r_prime);
        v[0][j] = mul(v[0][j], plain_one, &r_prime);
    }
    free(v[1]);
    free(v[2]);
    return v[0];
}

void reference_prove(provernet_groth16_proof *out, provernet_span zkey,
                     provernet_span wtns, const uint8_t r32[32],
                     const uint8_t s32[32])
{
    const uint8_t *head = section(zkey, 2), *values = section(wtns, 2);
    size_t m = le(head + 72, 4), l = le(head + 76, 4), n = le(head + 80, 4);
    num r = from_be(r32), s = from_be(s32), rs, none = { { 0 } };
    num *w = calloc(m, sizeof *w), *h;
    point a, b, b1, c, delta1 = point_at(head + 468, false);

    assert_non_null(w);
    for (size_t i = 0; i < m; i++)
        w[i] = from_le(values + 32 * i);
    h = quotient(zkey, w, n);

    a = sum(section(zkey, 5), w, m, false);
    a = plus(a, point_at(head + 84, false));
    a = plus(a, times(delta1, r));
    b = sum(section(zkey, 7), w, m, true);
    b = plus(b, point_at(head + 212, true));
    b = plus(b, times(point_at(head + 532, true), s));
    b1 = sum(section(zkey, 6), w, m, false);
    b1 = plus(b1, point_at(head + 148, false));
    b1 = plus(b1, times(delta1, s));
    c = sum(section(zkey, 8), w + l + 1, m - l - 1, false);
    c = plus(c, sum(section(zkey, 9), h, n, false));
    c = plus(c, times(a, s));
    c = plus(c, times(b1, r));
    rs = mul(to_form(r, &r_prime), s, &r_prime);
    c = plus(c, times(delta1, sub(none, rs, &r_prime)));
    give(out->a64, a, false);
    give(out->b128, b, true);
    give(out->c64, c, false);
    free(w);
    free(h);
}
