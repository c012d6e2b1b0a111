/* snark/tower.c - see tower.h. Includes snark/bn254/field.h only. */
#include "snark/tower.h"

/* Powers of (9+u)^((q^k - 1)/6), by which Frobenius multiplies w^i, in
 * Montgomery form; k = 2 stays in Fq. */
/* clang-format off */
static const pvn_fq2 frobenius1[6] = {
    { { { 0xd35d438dc58f0d9du, 0x0a78eb28f5c70b3du, 0x666ea36f7879462cu, 0x0e0a77c19a07df2fu } }, { { 0x0000000000000000u, 0x0000000000000000u, 0x0000000000000000u, 0x0000000000000000u } } },
    { { { 0xaf9ba69633144907u, 0xca6b1d7387afb78au, 0x11bded5ef08a2087u, 0x02f34d751a1f3a7cu } }, { { 0xa222ae234c492d72u, 0xd00f02a4565de15bu, 0xdc2ff3a253dfc926u, 0x10a75716b3899551u } } },
    { { { 0xb5773b104563ab30u, 0x347f91c8a9aa6454u, 0x7a007127242e0991u, 0x1956bcd8118214ecu } }, { { 0x6e849f1ea0aa4757u, 0xaa1c7b6d89f89141u, 0xb6e713cdfae0ca3au, 0x26694fbb4e82ebc3u } } },
    { { { 0xe4bbdd0c2936b629u, 0xbb30f162e133bacbu, 0x31a9d1b6f9645366u, 0x253570bea500f8ddu } }, { { 0xa1d77ce45ffe77c7u, 0x07affd117826d1dbu, 0x6d16bd27bb7edc6bu, 0x2c87200285defeccu } } },
    { { { 0x7361d77f843abe92u, 0xa5bb2bd3273411fbu, 0x9c941f314b3e2399u, 0x15df9cddbb9fd3ecu } }, { { 0x5dddfd154bd8c949u, 0x62cb29a5a4445b60u, 0x37bc870a0c7dd2b9u, 0x24830a9d3171f0fdu } } },
    { { { 0xc970692f41690fe7u, 0xe240342127694b0bu, 0x32bee66b83c459e8u, 0x12aabced0ab08841u } }, { { 0x0d485d2340aebfa9u, 0x05193418ab2fcc57u, 0xd3b0a40b8a4910f5u, 0x2f21ebb535d2925au } } },
};
static const pvn_fq frobenius2[6] = {
    { { 0xd35d438dc58f0d9du, 0x0a78eb28f5c70b3du, 0x666ea36f7879462cu, 0x0e0a77c19a07df2fu } },
    { { 0xca8d800500fa1bf2u, 0xf0c5d61468b39769u, 0x0e201271ad0d4418u, 0x04290f65bad856e6u } },
    { { 0x3350c88e13e80b9cu, 0x7dce557cdb5e56b9u, 0x6001b4b8b615564au, 0x2682e617020217e0u } },
    { { 0x68c3488912edefaau, 0x8d087f6872aabf4fu, 0x51e1a24709081231u, 0x2259d6b14729c0fau } },
    { { 0x71930c11d782e155u, 0xa6bb947cffbe3323u, 0xaa303344d4741444u, 0x2c3b3f0d26594943u } },
    { { 0x08cfc388c494f1abu, 0x19b315148d1373d4u, 0x584e90fdcb6c0213u, 0x09e1685bdf2f8849u } },
};
static const pvn_fq2 frobenius3[6] = {
    { { { 0xd35d438dc58f0d9du, 0x0a78eb28f5c70b3du, 0x666ea36f7879462cu, 0x0e0a77c19a07df2fu } }, { { 0x0000000000000000u, 0x0000000000000000u, 0x0000000000000000u, 0x0000000000000000u } } },
    { { { 0x365316184e46d97du, 0x0af7129ed4c96d9fu, 0x659da72fca1009b5u, 0x08116d8983a20d23u } }, { { 0xb1df4af7c39c1939u, 0x3d9f02878a73bf7fu, 0x9b2220928caf0ae0u, 0x26684515eff054a6u } } },
    { { { 0xc9af22f716ad6badu, 0xb311782a4aa662b2u, 0x19eeaf64e248c7f4u, 0x20273e77e3439f82u } }, { { 0xacc02860f7ce93acu, 0x3933d5817ba76b4cu, 0x69e6188b446c8467u, 0x0a46036d4417cc55u } } },
    { { { 0x5764af0aaf46471eu, 0xdc50792e873e0fc1u, 0x86a673ff881d04f6u, 0x0b2eddb43c30a74cu } }, { { 0x9a490f32787e8580u, 0x8fd16d7ff04af8b1u, 0x4b39888ec6027bf2u, 0x03dd2e705b52a15du } } },
    { { { 0x448a93a57b6762dfu, 0xbfd62df528fdeadfu, 0xd858f5d00e9bd47au, 0x06b03d4d3476ec58u } }, { { 0x2b19daf4bcc936d1u, 0xa1a54e7a56f4299fu, 0xb533eee05adeaef1u, 0x170c812b84dda0b2u } } },
    { { { 0xe0bc4b2275cf559fu, 0xc238b945c154e60fu, 0x803982a5929a7d5eu, 0x15ce052df7e4a37eu } }, { { 0x2d28efbdbf3799a7u, 0x9b097e3c1ad60773u, 0x982d4113af4a535bu, 0x24e18991e3056063u } } },
};
const pvn_fq2 pvn_twist_x = { { { 0xb5773b104563ab30u, 0x347f91c8a9aa6454u, 0x7a007127242e0991u, 0x1956bcd8118214ecu } }, { { 0x6e849f1ea0aa4757u, 0xaa1c7b6d89f89141u, 0xb6e713cdfae0ca3au, 0x26694fbb4e82ebc3u } } };
const pvn_fq2 pvn_twist_y = { { { 0xe4bbdd0c2936b629u, 0xbb30f162e133bacbu, 0x31a9d1b6f9645366u, 0x253570bea500f8ddu } }, { { 0xa1d77ce45ffe77c7u, 0x07affd117826d1dbu, 0x6d16bd27bb7edc6bu, 0x2c87200285defeccu } } };
/* clang-format on */

static void fq6_add(pvn_fq6 *r, const pvn_fq6 *a, const pvn_fq6 *b)
{
    pvn_fq2_add(&r->a0, &a->a0, &b->a0);
    pvn_fq2_add(&r->a1, &a->a1, &b->a1);
    pvn_fq2_add(&r->a2, &a->a2, &b->a2);
}

static void fq6_sub(pvn_fq6 *r, const pvn_fq6 *a, const pvn_fq6 *b)
{
    pvn_fq2_sub(&r->a0, &a->a0, &b->a0);
    pvn_fq2_sub(&r->a1, &a->a1, &b->a1);
    pvn_fq2_sub(&r->a2, &a->a2, &b->a2);
}

static void fq6_neg(pvn_fq6 *r, const pvn_fq6 *a)
{
    pvn_fq2_neg(&r->a0, &a->a0);
    pvn_fq2_neg(&r->a1, &a->a1);
    pvn_fq2_neg(&r->a2, &a->a2);
}

/* r = v a */
static void fq6_mul_v(pvn_fq6 *r, const pvn_fq6 *a)
{
    pvn_fq2 t;

    pvn_fq2_mul_xi(&t, &a->a2);
    r->a2 = a->a1;
    r->a1 = a->a0;
    r->a0 = t;
}

/* (a + b)(c + d) - ac - bd, the cross term of Karatsuba. */
static void cross(pvn_fq2 *r, const pvn_fq2 *a, const pvn_fq2 *b,
                  const pvn_fq2 *c, const pvn_fq2 *d, const pvn_fq2 *ac,
                  const pvn_fq2 *bd)
{
    pvn_fq2 s, t;

    pvn_fq2_add(&s, a, b);
    pvn_fq2_add(&t, c, d);
    pvn_fq2_mul(&s, &s, &t);
    pvn_fq2_sub(&s, &s, ac);
    pvn_fq2_sub(r, &s, bd);
}

void pvn_fq6_mul(pvn_fq6 *r, const pvn_fq6 *a, const pvn_fq6 *b)
{
    pvn_fq2 v0, v1, v2, x01, x02, x12;

    pvn_fq2_mul(&v0, &a->a0, &b->a0);
    pvn_fq2_mul(&v1, &a->a1, &b->a1);
    pvn_fq2_mul(&v2, &a->a2, &b->a2);
    cross(&x12, &a->a1, &a->a2, &b->a1, &b->a2, &v1, &v2);
    cross(&x01, &a->a0, &a->a1, &b->a0, &b->a1, &v0, &v1);
    cross(&x02, &a->a0, &a->a2, &b->a0, &b->a2, &v0, &v2);
    pvn_fq2_mul_xi(&x12, &x12);
    pvn_fq2_mul_xi(&v2, &v2);
    pvn_fq2_add(&r->a0, &v0, &x12);
    pvn_fq2_add(&r->a1, &x01, &v2);
    pvn_fq2_add(&r->a2, &x02, &v1);
}

/* r = a (s + t v) */
static void fq6_mul_01(pvn_fq6 *r, const pvn_fq6 *a, const pvn_fq2 *s,
                       const pvn_fq2 *t)
{
    pvn_fq2 v0, v1, x01, y, u;

    pvn_fq2_mul(&v0, &a->a0, s);
    pvn_fq2_mul(&v1, &a->a1, t);
    cross(&x01, &a->a0, &a->a1, s, t, &v0, &v1);
    pvn_fq2_mul(&y, &a->a2, s);
    pvn_fq2_mul(&u, &a->a2, t);
    pvn_fq2_mul_xi(&u, &u);
    pvn_fq2_add(&r->a0, &v0, &u);
    r->a1 = x01;
    pvn_fq2_add(&r->a2, &v1, &y);
}

void pvn_fq6_inv(pvn_fq6 *r, const pvn_fq6 *a)
{
    pvn_fq2 c0, c1, c2, t, u;

    pvn_fq2_sqr(&c0, &a->a0);
    pvn_fq2_mul(&t, &a->a1, &a->a2);
    pvn_fq2_mul_xi(&t, &t);
    pvn_fq2_sub(&c0, &c0, &t);
    pvn_fq2_sqr(&c1, &a->a2);
    pvn_fq2_mul_xi(&c1, &c1);
    pvn_fq2_mul(&t, &a->a0, &a->a1);
    pvn_fq2_sub(&c1, &c1, &t);
    pvn_fq2_sqr(&c2, &a->a1);
    pvn_fq2_mul(&t, &a->a0, &a->a2);
    pvn_fq2_sub(&c2, &c2, &t);

    pvn_fq2_mul(&t, &a->a1, &c2);
    pvn_fq2_mul(&u, &a->a2, &c1);
    pvn_fq2_add(&t, &t, &u);
    pvn_fq2_mul_xi(&t, &t);
    pvn_fq2_mul(&u, &a->a0, &c0);
    pvn_fq2_add(&t, &t, &u);
    pvn_fq2_inv(&t, &t);
    pvn_fq2_mul(&r->a0, &c0, &t);
    pvn_fq2_mul(&r->a1, &c1, &t);
    pvn_fq2_mul(&r->a2, &c2, &t);
}

void pvn_fq12_set_one(pvn_fq12 *r)
{
    memset(r, 0, sizeof *r);
    r->c0.a0.c0 = pvn_fq_one;
}

bool pvn_fq12_equal(const pvn_fq12 *a, const pvn_fq12 *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* elements are fully reduced */
}

bool pvn_fq12_is_one(const pvn_fq12 *a)
{
    pvn_fq12 one;

    pvn_fq12_set_one(&one);
    return pvn_fq12_equal(a, &one);
}

void pvn_fq12_mul(pvn_fq12 *r, const pvn_fq12 *a, const pvn_fq12 *b)
{
    pvn_fq6 v0, v1, s, t;

    pvn_fq6_mul(&v0, &a->c0, &b->c0);
    pvn_fq6_mul(&v1, &a->c1, &b->c1);
    fq6_add(&s, &a->c0, &a->c1);
    fq6_add(&t, &b->c0, &b->c1);
    pvn_fq6_mul(&s, &s, &t);
    fq6_sub(&s, &s, &v0);
    fq6_sub(&r->c1, &s, &v1);
    fq6_mul_v(&v1, &v1);
    fq6_add(&r->c0, &v0, &v1);
}

void pvn_fq12_sqr(pvn_fq12 *r, const pvn_fq12 *a)
{
    pvn_fq6 v, s, t;

    pvn_fq6_mul(&v, &a->c0, &a->c1);
    fq6_add(&s, &a->c0, &a->c1);
    fq6_mul_v(&t, &a->c1);
    fq6_add(&t, &t, &a->c0);
    pvn_fq6_mul(&s, &s, &t);
    fq6_sub(&s, &s, &v);
    fq6_add(&r->c1, &v, &v);
    fq6_mul_v(&v, &v);
    fq6_sub(&r->c0, &s, &v);
}

void pvn_fq12_mul_line(pvn_fq12 *r, const pvn_fq12 *a, const pvn_fq2 *s,
                       const pvn_fq2 *t)
{
    pvn_fq6 x, y;

    /* w (s + t v) times c0 + c1 w, plus a itself */
    fq6_mul_01(&x, &a->c1, s, t);
    fq6_mul_v(&x, &x);
    fq6_mul_01(&y, &a->c0, s, t);
    fq6_add(&r->c0, &a->c0, &x);
    fq6_add(&r->c1, &a->c1, &y);
}

void pvn_fq12_conj(pvn_fq12 *r, const pvn_fq12 *a)
{
    r->c0 = a->c0;
    fq6_neg(&r->c1, &a->c1);
}

void pvn_fq12_inv(pvn_fq12 *r, const pvn_fq12 *a)
{
    pvn_fq6 s, t;

    pvn_fq6_mul(&s, &a->c0, &a->c0);
    pvn_fq6_mul(&t, &a->c1, &a->c1);
    fq6_mul_v(&t, &t);
    fq6_sub(&s, &s, &t);
    pvn_fq6_inv(&s, &s);
    pvn_fq6_mul(&r->c0, &a->c0, &s);
    pvn_fq6_mul(&t, &a->c1, &s);
    fq6_neg(&r->c1, &t);
}

void pvn_fq12_frobenius(pvn_fq12 *r, const pvn_fq12 *a, int k)
{
    const pvn_fq2 *from[6] = { &a->c0.a0, &a->c1.a0, &a->c0.a1,
                               &a->c1.a1, &a->c0.a2, &a->c1.a2 };
    pvn_fq2 *to[6] = { &r->c0.a0, &r->c1.a0, &r->c0.a1,
                       &r->c1.a1, &r->c0.a2, &r->c1.a2 };

    for (int i = 0; i < 6; i++) {
        if (k == 2) {
            pvn_fq2_mul_fq(to[i], from[i], &frobenius2[i]);
            continue;
        }
        pvn_fq2_conj(to[i], from[i]);
        pvn_fq2_mul(to[i], to[i], k == 1 ? &frobenius1[i] : &frobenius3[i]);
    }
}

/* (a + b s)^2 = c + d s with s^2 = 9+u. */
static void fq4_sqr(pvn_fq2 *c, pvn_fq2 *d, const pvn_fq2 *a, const pvn_fq2 *b)
{
    pvn_fq2 s, t, u;

    pvn_fq2_sqr(&s, a);
    pvn_fq2_sqr(&t, b);
    pvn_fq2_add(&u, a, b);
    pvn_fq2_sqr(&u, &u);
    pvn_fq2_sub(&u, &u, &s);
    pvn_fq2_sub(d, &u, &t);
    pvn_fq2_mul_xi(&t, &t);
    pvn_fq2_add(c, &s, &t);
}

/* r = 3t - 2a */
static void three_less_two(pvn_fq2 *r, const pvn_fq2 *t, const pvn_fq2 *a)
{
    pvn_fq2 d;

    pvn_fq2_sub(&d, t, a);
    pvn_fq2_dbl(&d, &d);
    pvn_fq2_add(r, &d, t);
}

/* r = 3t + 2a */
static void three_and_two(pvn_fq2 *r, const pvn_fq2 *t, const pvn_fq2 *a)
{
    pvn_fq2 d;

    pvn_fq2_add(&d, t, a);
    pvn_fq2_dbl(&d, &d);
    pvn_fq2_add(r, &d, t);
}

/* Granger and Scott, "Faster squaring in the cyclotomic subgroup of sixth
 * degree extensions": three squarings in Fq4 = Fq2[s]/(s^2 - (9+u)). */
void pvn_fq12_cyclotomic_sqr(pvn_fq12 *r, const pvn_fq12 *a)
{
    pvn_fq2 p0, p1, q0, q1, s0, s1;

    fq4_sqr(&p0, &p1, &a->c0.a0, &a->c1.a1);
    fq4_sqr(&q0, &q1, &a->c1.a0, &a->c0.a2);
    fq4_sqr(&s0, &s1, &a->c0.a1, &a->c1.a2);
    three_less_two(&r->c0.a0, &p0, &a->c0.a0);
    three_and_two(&r->c1.a1, &p1, &a->c1.a1);
    three_less_two(&r->c0.a1, &q0, &a->c0.a1);
    three_and_two(&r->c1.a2, &q1, &a->c1.a2);
    pvn_fq2_mul_xi(&s1, &s1);
    three_and_two(&r->c1.a0, &s1, &a->c1.a0);
    three_less_two(&r->c0.a2, &s0, &a->c0.a2);
}

void pvn_fq12_pow(pvn_fq12 *r, const pvn_fq12 *a, const uint64_t *e,
                  size_t limbs)
{
    pvn_fq12 base = *a, acc;

    pvn_fq12_set_one(&acc);
    for (size_t i = limbs * 64; i-- > 0;) {
        pvn_fq12_sqr(&acc, &acc);
        if (e[i / 64] >> (i % 64) & 1)
            pvn_fq12_mul(&acc, &acc, &base);
    }
    *r = acc;
}
