/* snark/bn254/curve_impl.h - the group law over either field; curve.c
 * includes it once per group with G, GA (group, affine type), F (field type)
 * and FN(name), GN(name), AN(name) (function names), MUL_B3 (times 3b),
 * CURVE_B and BYTES defined. */

void GN(zero)(G *r)
{
    FN(zero)(&r->x);
    FN(set_one)(&r->y);
    FN(zero)(&r->z);
}

bool GN(is_zero)(const G *a)
{
    return FN(is_zero)(&a->z);
}

bool AN(is_zero)(const GA *a)
{
    return FN(is_zero)(&a->x) && FN(is_zero)(&a->y);
}

bool AN(equal)(const GA *a, const GA *b)
{
    return FN(equal)(&a->x, &b->x) && FN(equal)(&a->y, &b->y);
}

bool GN(equal)(const G *a, const G *b)
{
    F s, t;
    if (GN(is_zero)(a) || GN(is_zero)(b))
        return GN(is_zero)(a) == GN(is_zero)(b);
    FN(mul)(&s, &a->x, &b->z);
    FN(mul)(&t, &b->x, &a->z);
    if (!FN(equal)(&s, &t))
        return false;
    FN(mul)(&s, &a->y, &b->z);
    FN(mul)(&t, &b->y, &a->z);
    return FN(equal)(&s, &t);
}

void GN(from_affine)(G *r, const GA *a)
{
    if (AN(is_zero)(a)) {
        GN(zero)(r);
        return;
    }
    r->x = a->x;
    r->y = a->y;
    FN(set_one)(&r->z);
}

static void GN(scale)(GA *r, const G *a, const F *z_inverse)
{
    FN(mul)(&r->x, &a->x, z_inverse);
    FN(mul)(&r->y, &a->y, z_inverse);
}

void GN(to_affine)(GA *r, const G *a)
{
    F t;
    FN(inv)(&t, &a->z); /* 0 for infinity: all zero, as wanted */
    GN(scale)(r, a, &t);
}

bool GN(to_affine_many)(GA *r, const G *a, size_t n)
{
    if (n == 0)
        return true;
    F *before = malloc(n * sizeof *before);
    if (!before)
        return false;
    F run, t;
    FN(set_one)(&run);
    for (size_t i = 0; i < n; i++) {
        before[i] = run;
        if (!GN(is_zero)(&a[i]))
            FN(mul)(&run, &run, &a[i].z);
    }
    FN(inv)(&run, &run);
    for (size_t i = n; i-- > 0;) {
        if (GN(is_zero)(&a[i])) {
            memset(&r[i], 0, sizeof r[i]);
            continue;
        }
        G p = a[i]; /* r may be a */
        FN(mul)(&t, &run, &before[i]);
        FN(mul)(&run, &run, &p.z);
        GN(scale)(&r[i], &p, &t);
    }
    free(before);
    return true;
}

/* Algorithm 7: 12 products. */
void GN(add)(G *r, const G *a, const G *b)
{
    F t0, t1, t2, t3, t4, s, x3, y3, z3;
    FN(mul)(&t0, &a->x, &b->x);
    FN(mul)(&t1, &a->y, &b->y);
    FN(mul)(&t2, &a->z, &b->z);
    FN(add)(&t3, &a->x, &a->y);
    FN(add)(&s, &b->x, &b->y);
    FN(mul)(&t3, &t3, &s);
    FN(sub)(&t3, &t3, &t0);
    FN(sub)(&t3, &t3, &t1);
    FN(add)(&t4, &a->y, &a->z);
    FN(add)(&s, &b->y, &b->z);
    FN(mul)(&t4, &t4, &s);
    FN(sub)(&t4, &t4, &t1);
    FN(sub)(&t4, &t4, &t2);
    FN(add)(&y3, &a->x, &a->z);
    FN(add)(&s, &b->x, &b->z);
    FN(mul)(&y3, &y3, &s);
    FN(sub)(&y3, &y3, &t0);
    FN(sub)(&y3, &y3, &t2);
    FN(dbl)(&s, &t0);
    FN(add)(&t0, &s, &t0);
    MUL_B3(&t2, &t2);
    FN(add)(&z3, &t1, &t2);
    FN(sub)(&t1, &t1, &t2);
    MUL_B3(&y3, &y3);
    FN(mul)(&x3, &t4, &y3);
    FN(mul)(&s, &t3, &t1);
    FN(sub)(&r->x, &s, &x3);
    FN(mul)(&y3, &y3, &t0);
    FN(mul)(&t1, &t1, &z3);
    FN(add)(&r->y, &t1, &y3);
    FN(mul)(&t0, &t0, &t3);
    FN(mul)(&z3, &z3, &t4);
    FN(add)(&r->z, &z3, &t0);
}

/* Algorithm 8: 11 products. */
void GN(add_affine)(G *r, const G *a, const GA *b)
{
    F t0, t1, t2, t3, t4, s, x3, y3, z3;
    if (AN(is_zero)(b)) {
        *r = *a;
        return;
    }
    FN(mul)(&t0, &a->x, &b->x);
    FN(mul)(&t1, &a->y, &b->y);
    FN(add)(&t3, &b->x, &b->y);
    FN(add)(&t4, &a->x, &a->y);
    FN(mul)(&t3, &t3, &t4);
    FN(sub)(&t3, &t3, &t0);
    FN(sub)(&t3, &t3, &t1);
    FN(mul)(&t4, &b->y, &a->z);
    FN(add)(&t4, &t4, &a->y);
    FN(mul)(&y3, &b->x, &a->z);
    FN(add)(&y3, &y3, &a->x);
    FN(dbl)(&s, &t0);
    FN(add)(&t0, &s, &t0);
    MUL_B3(&t2, &a->z);
    FN(add)(&z3, &t1, &t2);
    FN(sub)(&t1, &t1, &t2);
    MUL_B3(&y3, &y3);
    FN(mul)(&x3, &t4, &y3);
    FN(mul)(&s, &t3, &t1);
    FN(sub)(&r->x, &s, &x3);
    FN(mul)(&y3, &y3, &t0);
    FN(mul)(&t1, &t1, &z3);
    FN(add)(&r->y, &t1, &y3);
    FN(mul)(&t0, &t0, &t3);
    FN(mul)(&z3, &z3, &t4);
    FN(add)(&r->z, &z3, &t0);
}

/* Algorithm 9. */
void GN(dbl)(G *r, const G *a)
{
    F t0, t1, t2, x3, y3, z3;
    FN(sqr)(&t0, &a->y);
    FN(dbl)(&z3, &t0);
    FN(dbl)(&z3, &z3);
    FN(dbl)(&z3, &z3);
    FN(mul)(&t1, &a->y, &a->z);
    FN(sqr)(&t2, &a->z);
    MUL_B3(&t2, &t2);
    FN(mul)(&x3, &t2, &z3);
    FN(add)(&y3, &t0, &t2);
    FN(mul)(&z3, &t1, &z3);
    FN(dbl)(&t1, &t2);
    FN(add)(&t2, &t1, &t2);
    FN(sub)(&t0, &t0, &t2);
    FN(mul)(&y3, &t0, &y3);
    FN(add)(&y3, &x3, &y3);
    FN(mul)(&t1, &a->x, &a->y);
    FN(mul)(&x3, &t0, &t1);
    FN(dbl)(&r->x, &x3);
    r->y = y3;
    r->z = z3;
}

void GN(neg)(G *r, const G *a)
{
    *r = *a;
    FN(neg)(&r->y, &a->y);
}

void AN(neg)(GA *r, const GA *a)
{
    *r = *a;
    FN(neg)(&r->y, &a->y);
}

void GN(mul)(G *r, const G *a, const uint64_t k[4])
{
    G table[16], acc;
    GN(zero)(&table[0]);
    for (int i = 1; i < 16; i++)
        GN(add)(&table[i], &table[i - 1], a);
    GN(zero)(&acc);
    for (int i = 63; i >= 0; i--) {
        unsigned digit = (unsigned)(k[i / 16] >> (i % 16 * 4) & 15);
        if (!GN(is_zero)(&acc))
            for (int j = 0; j < 4; j++)
                GN(dbl)(&acc, &acc);
        if (digit)
            GN(add)(&acc, &acc, &table[digit]);
    }
    *r = acc;
}

void GN(mul_fr)(G *r, const G *a, const pvn_fr *k)
{
    uint64_t plain[4];
    pvn_fr_to_plain(plain, k);
    GN(mul)(r, a, plain);
}

bool GN(on_curve)(const GA *a)
{
    F s, t;
    if (AN(is_zero)(a))
        return true;
    FN(sqr)(&s, &a->x);
    FN(mul)(&s, &s, &a->x);
    FN(add)(&s, &s, &CURVE_B);
    FN(sqr)(&t, &a->y);
    return FN(equal)(&s, &t);
}

bool GN(from_mont_le)(GA *r, const uint8_t in[BYTES])
{
    GA t;
    if (!FN(from_mont_le)(&t.x, in) || !FN(from_mont_le)(&t.y, in + BYTES / 2))
        return false;
    *r = t;
    return true;
}

void GN(to_mont_le)(uint8_t out[BYTES], const GA *a)
{
    FN(to_mont_le)(out, &a->x);
    FN(to_mont_le)(out + BYTES / 2, &a->y);
}
