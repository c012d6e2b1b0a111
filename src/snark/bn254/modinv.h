/* snark/bn254/modinv.h - inverse modulo an odd prime below 2^254; only
 * field.c includes it.
 *
 * Division steps on 62-bit words (Bernstein and Yang, "Fast constant-time gcd
 * computation and modular inversion", 2019), variable time: 62 steps are
 * gathered in a 2x2 matrix from the low words of f and g, then applied to the
 * long f, g (exactly divisible by 2^62) and to d, e modulo p. The invariant
 * is d*x = f and e*x = g (mod p) up to powers of two that the divisions take
 * out again; when g = 0, f = +-1 and d = +-1/x. */
#ifndef PVN_BN254_MODINV_H
#define PVN_BN254_MODINV_H
#include "mont.h"

__extension__ typedef __int128 modinv_i128;

typedef struct words62 {
    int64_t v[5]; /* value = sum v[i]*2^(62 i); v[0..3] in [0,2^62) */
} words62;

typedef struct matrix62 {
    int64_t u, v, q, r;
} matrix62;

#define MASK62 ((int64_t)0x3fffffffffffffff)

static words62 words62_from(const uint64_t a[4])
{
    words62 w;
    w.v[0] = (int64_t)(a[0] & (uint64_t)MASK62);
    w.v[1] = (int64_t)((a[0] >> 62 | a[1] << 2) & (uint64_t)MASK62);
    w.v[2] = (int64_t)((a[1] >> 60 | a[2] << 4) & (uint64_t)MASK62);
    w.v[3] = (int64_t)((a[2] >> 58 | a[3] << 6) & (uint64_t)MASK62);
    w.v[4] = (int64_t)(a[3] >> 56);
    return w;
}

static void words62_to(uint64_t a[4], const words62 *w)
{
    uint64_t v[5];
    for (int i = 0; i < 5; i++)
        v[i] = (uint64_t)w->v[i];
    a[0] = v[0] | v[1] << 62;
    a[1] = v[1] >> 2 | v[2] << 60;
    a[2] = v[2] >> 4 | v[3] << 58;
    a[3] = v[3] >> 6 | v[4] << 56;
}

/* 62 division steps on the low words; f odd. Entries stay within 2^62 in
 * size. Returns the new eta (= -delta). */
static int64_t modinv_steps(int64_t eta, uint64_t f, uint64_t g, matrix62 *t)
{
    uint64_t u = 1, v = 0, q = 0, r = 1;
    int left = 62;
    for (;;) {
        int zeros = __builtin_ctzll(g | (UINT64_MAX << left));
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= zeros;
        left -= zeros;
        if (left == 0)
            break;
        if (eta < 0) {
            uint64_t x;
            eta = -eta;
            x = f, f = g, g = 0 - x;
            x = u, u = q, q = 0 - x;
            x = v, v = r, r = 0 - x;
        }
        /* Add a multiple w of f that clears up to min(eta+1, left, 4) low
         * bits of g: w = -g/f mod 2^4. */
        int limit = (int)eta + 1 > left ? left : (int)eta + 1;
        uint64_t mask = (UINT64_MAX >> (64 - limit)) & 15u;
        uint64_t w = f + (((f + 1) & 4) << 1);
        w = (0 - w * g) & mask;
        g += f * w;
        q += u * w;
        r += v * w;
    }
    t->u = (int64_t)u;
    t->v = (int64_t)v;
    t->q = (int64_t)q;
    t->r = (int64_t)r;
    return eta;
}

/* (f, g) = t*(f, g)/2^62, exact. */
static void modinv_apply_fg(words62 *f, words62 *g, const matrix62 *t)
{
    modinv_i128 cf = (modinv_i128)t->u * f->v[0] + (modinv_i128)t->v * g->v[0];
    modinv_i128 cg = (modinv_i128)t->q * f->v[0] + (modinv_i128)t->r * g->v[0];
    cf >>= 62;
    cg >>= 62;
    for (int i = 1; i < 5; i++) {
        int64_t fi = f->v[i], gi = g->v[i];
        cf += (modinv_i128)t->u * fi + (modinv_i128)t->v * gi;
        cg += (modinv_i128)t->q * fi + (modinv_i128)t->r * gi;
        f->v[i - 1] = (int64_t)cf & MASK62;
        g->v[i - 1] = (int64_t)cg & MASK62;
        cf >>= 62;
        cg >>= 62;
    }
    f->v[4] = (int64_t)cf;
    g->v[4] = (int64_t)cg;
}

/* (d, e) = t*(d, e)/2^62 mod p; both stay in (-2p, p). `inv` = p^-1 mod
 * 2^62. */
static void modinv_apply_de(words62 *d, words62 *e, const matrix62 *t,
                            const words62 *p, uint64_t inv)
{
    int64_t sd = d->v[4] >> 63, se = e->v[4] >> 63;
    int64_t md = (t->u & sd) + (t->v & se);
    int64_t me = (t->q & sd) + (t->r & se);
    modinv_i128 cd = (modinv_i128)t->u * d->v[0] + (modinv_i128)t->v * e->v[0];
    modinv_i128 ce = (modinv_i128)t->q * d->v[0] + (modinv_i128)t->r * e->v[0];
    md -= (int64_t)((inv * (uint64_t)cd + (uint64_t)md) & (uint64_t)MASK62);
    me -= (int64_t)((inv * (uint64_t)ce + (uint64_t)me) & (uint64_t)MASK62);
    cd += (modinv_i128)p->v[0] * md;
    ce += (modinv_i128)p->v[0] * me;
    cd >>= 62;
    ce >>= 62;
    for (int i = 1; i < 5; i++) {
        int64_t di = d->v[i], ei = e->v[i];
        cd += (modinv_i128)t->u * di + (modinv_i128)t->v * ei +
              (modinv_i128)p->v[i] * md;
        ce += (modinv_i128)t->q * di + (modinv_i128)t->r * ei +
              (modinv_i128)p->v[i] * me;
        d->v[i - 1] = (int64_t)cd & MASK62;
        e->v[i - 1] = (int64_t)ce & MASK62;
        cd >>= 62;
        ce >>= 62;
    }
    d->v[4] = (int64_t)cd;
    e->v[4] = (int64_t)ce;
}

/* d += k*p (k = 1) or negate, with carries put in order. */
static void words62_fix(words62 *d, const words62 *p, bool add, bool negate)
{
    int64_t carry = 0;
    for (int i = 0; i < 5; i++) {
        int64_t x = d->v[i] + (add ? p->v[i] : 0);
        x = (negate ? -x : x) + carry;
        if (i < 4) {
            carry = x >> 62;
            x &= MASK62;
        }
        d->v[i] = x;
    }
}

/* r = a^-1 mod p; 0 for 0. a < p. */
static void modular_inverse(uint64_t r[4], const uint64_t a[4],
                            const pvn_modulus *m)
{
    if (pvn_limbs_zero(a)) {
        memset(r, 0, 32);
        return;
    }
    words62 p = words62_from(m->p), f = p, g = words62_from(a);
    words62 d = { { 0, 0, 0, 0, 0 } }, e = { { 1, 0, 0, 0, 0 } };
    uint64_t inv = (0 - m->n0) & (uint64_t)MASK62;
    int64_t eta = -1;
    while (g.v[0] | g.v[1] | g.v[2] | g.v[3] | g.v[4]) {
        matrix62 t;
        eta = modinv_steps(eta, (uint64_t)f.v[0], (uint64_t)g.v[0], &t);
        modinv_apply_de(&d, &e, &t, &p, inv);
        modinv_apply_fg(&f, &g, &t);
    }
    if (d.v[4] < 0)
        words62_fix(&d, &p, true, false);
    if (f.v[4] < 0)
        words62_fix(&d, &p, false, true);
    if (d.v[4] < 0)
        words62_fix(&d, &p, true, false);
    words62_to(r, &d);
}
#endif
