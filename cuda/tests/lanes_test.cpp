/* cuda/tests/lanes_test.cpp - Fq2 over two lanes equals Fq2 in one thread: the
 * field, the group law with every special case; lanes that part are noticed. */
#include "../ec/point.h"
#include "../ff/lanes.h"
#include "../sim/pair.h"
#include "model.h"

static Pair *pair;

/* Both forms of one element. */
static Half half_of(const Fq2 &a)
{
    return Half{ lane_odd() ? a.c1 : a.c0 };
}

static void keep(Fq2 *to, const Half &h)
{
    (lane_odd() ? to->c1 : to->c0) = h.v;
}

static bool same(const Fq2 &a, const Fq2 &b)
{
    return is_zero(a - b);
}

/* ---- the field ---- */

struct Field {
    Fq2 a, b;
    Fq2 sum, difference, product, square, negative, twice, one;
    bool zero[2];
};

static void field_lane(void *arg, uint32_t lane)
{
    Field *f = static_cast<Field *>(arg);
    Half a = half_of(f->a), b = half_of(f->b);

    keep(&f->sum, a + b);
    keep(&f->difference, a - b);
    keep(&f->product, a * b);
    keep(&f->square, sqr(a));
    keep(&f->negative, negate(a));
    keep(&f->twice, dbl(a));
    keep(&f->one, Half::one());
    f->zero[lane] = is_zero(a - b);
}

/* Any value below 2p, zero in both of its forms more often than by chance. */
static Fq draw_fq(Random &r)
{
    uint32_t kind = r.below(8);
    Fq v = Fq::zero();

    if (kind == 0)
        return v;
    if (kind == 1) {
        Fq::modulus(v.l, 0);
        return v;
    }
    if (kind == 2) { /* 2p - 1 */
        Fq::modulus(v.l, 1);
        v.l[0]--;
        return v;
    }
    for (uint32_t &w : v.l)
        w = (uint32_t)r.next();
    return from_plain(v);
}

static void field(Random &r, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        Field f = {};

        f.a = Fq2{ draw_fq(r), draw_fq(r) };
        f.b = r.below(4) ? Fq2{ draw_fq(r), draw_fq(r) } : f.a;
        CHECK(pair_run(pair, field_lane, &f));
        CHECK(same(f.sum, f.a + f.b));
        CHECK(same(f.difference, f.a - f.b));
        CHECK(same(f.product, f.a * f.b));
        CHECK(same(f.square, sqr(f.a)));
        CHECK(same(f.negative, negate(f.a)));
        CHECK(same(f.twice, dbl(f.a)));
        CHECK(same(f.one, Fq2::one()));
        CHECK(f.zero[0] == f.zero[1]);
        CHECK(f.zero[0] == is_zero(f.a - f.b));
    }
}

/* ---- the group ---- */

struct Group2 {
    Xyzz<Fq2> a, b, mixed, full;
    Affine<Fq2> affine;
};

static Xyzz<Half> half_of(const Xyzz<Fq2> &p)
{
    return Xyzz<Half>{ half_of(p.x), half_of(p.y), half_of(p.zz),
                       half_of(p.zzz) };
}

static void group_lane(void *arg, uint32_t)
{
    Group2 *g = static_cast<Group2 *>(arg);
    Xyzz<Half> mixed = half_of(g->a), full = mixed, b = half_of(g->b);

    add(mixed, get(g->affine, (Half *)nullptr));
    add(full, b);
    put(&g->mixed, mixed);
    put(&g->full, full);
}

static bool same_point(const Xyzz<Fq2> &a, const Xyzz<Fq2> &b)
{
    Affine<Fq2> x = to_affine(a), y = to_affine(b);

    return memcmp(&x, &y, sizeof x) == 0;
}

static void group(Random &r, int rounds)
{
    Xyzz<Fq2> g = generator2();

    for (int i = 0; i < rounds; i++) {
        Group2 t = {};
        Xyzz<Fq2> want;

        /* 0, equal, opposite and others; the affine one is not infinity */
        t.a = times(g, r.below(4));
        t.b = times(g, 1 + r.below(3));
        if (r.below(3) == 0)
            t.b = from_affine(negate(to_affine(t.b)));
        t.affine = to_affine(t.b);
        CHECK(pair_run(pair, group_lane, &t));
        want = t.a;
        add(want, t.b);
        CHECK(same_point(t.mixed, want));
        CHECK(same_point(t.full, want));
    }
}

/* ---- lanes that part ---- */

static void one_gives_more(void *arg, uint32_t lane)
{
    uint32_t which = *static_cast<const uint32_t *>(arg);

    CHECK(lane_other(lane) == 1 - lane);
    if (lane == which)
        CHECK(lane_other(7u) == 0);
}

static void all_equal(void *arg, uint32_t lane)
{
    uint32_t *got = static_cast<uint32_t *>(arg);

    for (uint32_t i = 0; i < 50; i++)
        got[lane] += lane_other(lane * 1000 + i);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 20000;
    uint32_t got[2];
    Random r = { 11 };

    pair = pair_new(3);
    for (int i = 0; i < 200; i++) {
        got[0] = got[1] = 0;
        CHECK(pair_run(pair, all_equal, got));
        CHECK(got[0] == 1000 * 50 + 1225 && got[1] == 1225);
        got[0] = (uint32_t)i & 1;
        CHECK(!pair_run(pair, one_gives_more, got));
    }
    field(r, rounds);
    group(r, rounds / 20);
    pair_free(pair);
    return finish("Fq2 over two lanes");
}
