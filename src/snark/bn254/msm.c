/* snark/bn254/msm.c - the sum itself: buckets filled by rounds of independent
 * additions, then weighed and joined; includes msm_internal.h and work.h.
 *
 * The digits of all windows, sorted by bucket, form one long list. It is cut
 * into units of equal length wherever the cut falls, so every unit is the
 * same amount of work whatever the scalars are: a bucket that holds
 * everything is simply spread over many units. A unit adds the points of each
 * of its buckets pairwise, round after round; the sum of a bucket that began
 * in an earlier unit goes to a side place and is added at the end. */
#include "msm_internal.h"
#include "work.h"
#include <stdatomic.h>
#include <stdlib.h>

enum {
    UNIT_MAX = 1 << 14, /* digits per unit */
    UNIT_MIN = 1 << 9,
    NEAR_MAX = 16 << 20, /* bytes of bases: a share of a last-level cache */
    PART = 1 << 12,      /* buckets per unit of the reduction, a power of two */
    GROUP = 8,           /* windows reduced together, one in each lane */
    GROUP_MAX = 1 << 10, /* buckets of such a window */
    RESULT_MAX = sizeof(pvn_g2),
    SUBGROUP_PROOF_BITS = 101, /* a bad point passes with at most 2^-101 */
    SUBGROUP_BITS_MAX = 13,
    SUBGROUP_WINDOWS_MAX = 13
};

/* A projective point of either group. */
union point {
    pvn_g1 g1;
    pvn_g2 g2;
};

/* Points still to be added for one bucket: refs[at .. at+len). */
struct run {
    uint32_t at, len;
    void *sum;
};

struct msm_job {
    const pvn_bases *bases;
    const pvn_recoded *r;
    const pvn_group_kernel *k;
    char *buckets;
    size_t unit, units;
    char *side;           /* per unit one packed point */
    char **side_of;       /* per unit the bucket it belongs to, or NULL */
    size_t parts;         /* of a window in the reduction */
    size_t reduced;       /* buckets per window, a power of two from 8 */
    bool grouped;         /* few buckets: windows are reduced in groups */
    unsigned log_columns; /* of such a window's square */
    /* Per window and part: plain, weighted. Of grouped windows two sums, the
     * first to be taken 2^log_columns times. */
    char *part_sums;
    size_t point; /* sizeof of a projective point */
};

/* A thread's room for `cap` points. */
struct room {
    pvn_point_ref *refs;
    struct run *runs;
    char *slots;
    /* of the running round: refs listed, asked for, there */
    size_t at, asked, end;
    bool near; /* the bases are in a cache */
    pvn_point_batch batch;
};

static size_t room_bytes(const pvn_group_kernel *k, size_t cap)
{
    return cap * (sizeof(pvn_point_ref) + sizeof(struct run)) +
           cap * k->packed_bytes + PVN_BATCH_MAX * 3 * sizeof(void *) +
           k->work_bytes + 8 * 64;
}

static void *carve(char **at, size_t bytes)
{
    void *p = *at;
    *at += (bytes + 63) / 64 * 64;
    return p;
}

static void room_make(struct room *m, void *scratch, const pvn_group_kernel *k,
                      size_t cap)
{
    char *at = scratch;
    m->slots = carve(&at, cap * k->packed_bytes);
    m->batch.work = carve(&at, k->work_bytes);
    m->batch.left = carve(&at, PVN_BATCH_MAX * sizeof *m->batch.left);
    m->batch.right = carve(&at, PVN_BATCH_MAX * sizeof *m->batch.right);
    m->batch.out = carve(&at, PVN_BATCH_MAX * sizeof *m->batch.out);
    m->refs = carve(&at, cap * sizeof *m->refs);
    m->runs = carve(&at, cap * sizeof *m->runs);
    m->batch.n = 0;
    m->near = true;
}

/* Points, sums and running products of a batch stay in a second-level cache
 * of 1 MiB: those of G2 take twice as much room. */
static size_t batch_max(const pvn_group_kernel *k)
{
    return k->packed_bytes > 64 ? PVN_BATCH_MAX / 2 : PVN_BATCH_MAX;
}

/* What the next batch adds comes next in m->refs. From a cache it is fetched
 * while this one is computed; from memory that would hold up the batch, whose
 * own points wait in the second-level cache. */
static void flush(struct room *m, const pvn_group_kernel *k)
{
    size_t soon = m->asked > m->at ? m->asked : m->at;
    size_t most = m->near ? m->at + 2 * batch_max(k) : 0;
    m->asked = most < m->end ? most : m->end;
    m->batch.soon = m->refs + soon;
    m->batch.soon_n = m->asked > soon ? m->asked - soon : 0;
    if (m->batch.n)
        k->add_batch(&m->batch);
    m->batch.n = 0;
}

static inline void fetch(pvn_point_ref ref, size_t bytes)
{
    for (size_t o = 0; o < bytes; o += 64)
        __builtin_prefetch((const char *)ref + o, 0, 2);
}

/* Pairs refs[0..2n) for the batch, their sums to slots. */
static void add_pairs(struct room *m, const pvn_group_kernel *k,
                      const pvn_point_ref *refs, size_t n, char *slot)
{
    const size_t bytes = k->packed_bytes;
    while (n) {
        size_t i = m->batch.n, some = batch_max(k) - i;
        some = some < n ? some : n;
        if (m->at + 2 * some > m->asked)
            for (size_t p = 0; p < 2 * some; p++)
                fetch(refs[p], bytes);
        for (size_t end = i + some; i < end; i++, refs += 2, slot += bytes) {
            m->batch.left[i] = refs[0];
            m->batch.right[i] = refs[1];
            m->batch.out[i] = slot;
        }
        m->batch.n = i;
        m->at += 2 * some;
        n -= some;
        if (i == batch_max(k))
            flush(m, k);
    }
}

/* y of a fully reduced packed coordinate becomes q - y. */
static void negate_packed(char *y)
{
    uint64_t v[4], borrow = 0;
    memcpy(v, y, 32);
    if (pvn_limbs_zero(v))
        return;
    for (int i = 0; i < 4; i++)
        v[i] = pvn_sbb(pvn_fq_modulus.p[i], v[i], &borrow);
    memcpy(y, v, 32);
}

static void copy_point(void *out, pvn_point_ref ref, const pvn_group_kernel *k)
{
    memcpy(out, (const void *)(ref & ~(pvn_point_ref)1), k->packed_bytes);
    if (ref & 1)
        for (size_t i = k->packed_bytes / 2; i < k->packed_bytes; i += 32)
            negate_packed((char *)out + i);
}

/* Halve run u: pairs become sums in fresh slots, an odd point goes first so
 * that the next round takes it. The shorter run is written to refs from `to`
 * on, which is never ahead of what is read. */
static void halve_run(struct room *m, const pvn_group_kernel *k, struct run *u,
                      size_t to, char **slot)
{
    const pvn_point_ref *refs = m->refs + u->at;
    pvn_point_ref *write = m->refs + to;
    if (u->len == 2) {
        add_pairs(m, k, refs, 1, u->sum);
        u->len = 1;
        return;
    }
    uint32_t pairs = u->len / 2, odd = u->len & 1;
    pvn_point_ref last = refs[u->len - 1];
    add_pairs(m, k, refs, pairs, *slot);
    m->at += odd;
    if (odd)
        *write++ = last;
    for (uint32_t i = 0; i < pairs; i++, *slot += k->packed_bytes)
        *write++ = (pvn_point_ref)*slot;
    u->at = (uint32_t)to;
    u->len = pairs + odd;
}

/* Add up all runs of the room; each sum is stored at run.sum. */
static void add_runs(struct room *m, const pvn_group_kernel *k, size_t runs)
{
    char *slot = m->slots;
    size_t left = 0;
    m->at = m->asked = m->end = 0;
    for (size_t i = 0; i < runs; i++) {
        m->end += m->runs[i].len;
        if (m->runs[i].len == 1)
            copy_point(m->runs[i].sum, m->refs[m->runs[i].at], k);
        else if (m->runs[i].len)
            m->runs[left++] = m->runs[i];
    }
    while (left) {
        size_t still = 0, to = 0;
        m->at = m->asked = 0;
        for (size_t i = 0; i < left; i++) {
            struct run u = m->runs[i];
            m->at = u.at;
            halve_run(m, k, &u, to, &slot);
            if (u.len > 1) {
                m->runs[still++] = u;
                to += u.len;
            }
        }
        m->at = m->end; /* nothing to fetch */
        flush(m, k);
        m->end = to;
        m->near = true;
        left = still;
    }
}

/* Without the instruction, gcc's own function would be called. */
static inline size_t bits_set(uint64_t v)
{
    v -= v >> 1 & 0x5555555555555555u;
    v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (size_t)(v * 0x0101010101010101u >> 56);
}

/* Refs to the points of n entries, those that have none left out. */
#define COLLECT(NAME, BITS_SET)                                                \
    static size_t NAME(const struct msm_job *j, pvn_point_ref *refs,           \
                       const uint32_t *entries, size_t n)                      \
    {                                                                          \
        const pvn_bases *b = j->bases;                                         \
        const struct bases_word *words = b->words;                             \
        const size_t bytes = j->k->packed_bytes, first = b->first;             \
        pvn_point_ref points = (pvn_point_ref)b->points;                       \
        size_t got = 0;                                                        \
        for (size_t e = 0; e < n; e++) {                                       \
            /* wraps to a large value below first */                           \
            size_t i = (entries[e] >> 1) - first, place = i;                   \
            if (i >= b->n)                                                     \
                continue;                                                      \
            size_t there = 1;                                                  \
            if (words) {                                                       \
                uint64_t here = words[i / 64].present, bit = i % 64;           \
                place = words[i / 64].rank +                                   \
                        (size_t)BITS_SET(here & (((uint64_t)1 << bit) - 1));   \
                there = here >> bit & 1;                                       \
            }                                                                  \
            refs[got] = points + place * bytes + (entries[e] & 1);             \
            got += there;                                                      \
        }                                                                      \
        return got;                                                            \
    }

COLLECT(collect_any, bits_set)
#if defined(__x86_64__) && !defined(PVN_PORTABLE_ONLY)
/* Every processor of the other forms has the instruction. */
__attribute__((target("popcnt"))) COLLECT(collect_popcnt, __builtin_popcountll)
#endif

    static size_t collect(const struct msm_job *j, pvn_point_ref *refs,
                          const uint32_t *entries, size_t n)
{
#if defined(__x86_64__) && !defined(PVN_PORTABLE_ONLY)
    if (j->bases->forms != &pvn_bn254_portable)
        return collect_popcnt(j, refs, entries, n);
#endif
    return collect_any(j, refs, entries, n);
}

static unsigned window_of(const pvn_recoded *r, size_t at)
{
    unsigned w = 0;
    while (r->window_at[w + 1] <= at)
        w++;
    return w;
}

/* The bucket that holds place `at` of a window. */
static size_t bucket_of(const pvn_recoded *r, unsigned w, size_t at)
{
    const uint32_t *starts = recoded_starts(r, w);
    size_t lo = 0, hi = r->buckets;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (starts[mid] <= at)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static char *bucket_at(const struct msm_job *j, unsigned w, size_t b)
{
    return j->buckets + (w * j->reduced + b) * j->k->packed_bytes;
}

/* Runs of the part [lo, hi) of window w; the first may continue a bucket. */
static size_t window_runs(const struct msm_job *j, struct room *m, size_t unit,
                          unsigned w, size_t lo, size_t hi, size_t runs,
                          size_t *refs)
{
    const pvn_recoded *r = j->r;
    const uint32_t *starts = recoded_starts(r, w);
    const uint32_t *entries = recoded_window(r, w);
    for (size_t b = bucket_of(r, w, lo); lo < hi; b++) {
        size_t end = starts[b + 1] < hi ? starts[b + 1] : hi;
        if (end <= lo)
            continue;
        size_t n = collect(j, m->refs + *refs, entries + lo, end - lo);
        char *sum = bucket_at(j, w, b);
        if (lo > starts[b]) {
            j->side_of[unit] = n ? sum : NULL;
            sum = j->side + unit * j->k->packed_bytes;
        }
        m->runs[runs++] = (struct run){ (uint32_t)*refs, (uint32_t)n, sum };
        *refs += n;
        lo = end;
    }
    return runs;
}

static void fill_unit(void *arg, void *scratch, size_t unit)
{
    struct msm_job *j = arg;
    const pvn_recoded *r = j->r;
    struct room m;
    room_make(&m, scratch, j->k, j->unit);
    m.near = j->bases->points_bytes <= NEAR_MAX;
    size_t total = r->window_at[r->windows];
    size_t lo = unit * j->unit,
           hi = lo + j->unit < total ? lo + j->unit : total;
    size_t runs = 0, refs = 0;
    for (unsigned w = window_of(r, lo); lo < hi; w++) {
        size_t base = r->window_at[w], end = r->window_at[w + 1];
        end = end < hi ? end : hi;
        if (end <= lo)
            continue;
        runs = window_runs(j, &m, unit, w, lo - base, end - base, runs, &refs);
        lo = end;
    }
    add_runs(&m, j->k, runs);
}

/* Add the side sums to their buckets. Those of one bucket are neighbours. */
static provernet_status join_sides(struct msm_job *j, pvn_pool *pool)
{
    size_t cap = 2 * j->units + 1, bytes = room_bytes(j->k, cap);
    size_t runs = 0, refs = 0;
    struct room m;
    void *scratch = pvn_scratch_new(pool, bytes);
    if (!scratch)
        return PROVERNET_ERR_NOMEM;
    room_make(&m, scratch, j->k, cap);
    for (size_t u = 0; u < j->units; u++) {
        char *bucket = j->side_of[u];
        if (!bucket)
            continue;
        if (runs == 0 || m.runs[runs - 1].sum != bucket) {
            m.runs[runs++] = (struct run){ (uint32_t)refs, 1, bucket };
            m.refs[refs++] = (pvn_point_ref)bucket;
        }
        m.refs[refs++] = (pvn_point_ref)(j->side + u * j->k->packed_bytes);
        m.runs[runs - 1].len++;
    }
    add_runs(&m, j->k, runs);
    pvn_scratch_free(pool, scratch, bytes);
    return PROVERNET_OK;
}

static bool window_empty(const pvn_recoded *r, size_t w)
{
    return r->window_at[w] == r->window_at[w + 1];
}

/* All ones: every bucket is infinity until something is stored. */
static void clear_window(void *arg, void *scratch, size_t w)
{
    struct msm_job *j = arg;
    (void)scratch;
    if (!window_empty(j->r, w))
        memset(bucket_at(j, (unsigned)w, 0), 0xff,
               j->reduced * j->k->packed_bytes);
}

static char *part_sum(const struct msm_job *j, size_t w, size_t part)
{
    return j->part_sums + (w * j->parts + part) * 2 * j->point;
}

static bool is_mark(const char *packed)
{
    uint64_t v[4];
    memcpy(v, packed, 32);
    return (v[0] & v[1] & v[2] & v[3]) == UINT64_MAX;
}

/* Lines of points whose sums are wanted: `count` sums of n points each. */
struct lines {
    size_t count, outer, n, inner; /* point k of line i: i*outer + k*inner */
};

/* Runs in the room for sums[i] = the sum of line i of `packed`. */
static void queue_lines(const struct msm_job *j, struct room *m, char *sums,
                        const char *packed, const struct lines *l, size_t *refs,
                        size_t *runs)
{
    size_t bytes = j->k->packed_bytes;
    for (size_t i = 0; i < l->count; i++) {
        size_t first = *refs;
        for (size_t k = 0; k < l->n; k++) {
            const char *p = packed + (i * l->outer + k * l->inner) * bytes;
            m->refs[*refs] = (pvn_point_ref)p;
            *refs += !is_mark(p);
        }
        if (*refs == first)
            memset(sums + i * bytes, 0xff, bytes);
        else
            m->runs[(*runs)++] =
                (struct run){ (uint32_t)first, (uint32_t)(*refs - first),
                              sums + i * bytes };
    }
}

static void add_lines(const struct msm_job *j, struct room *m, char *sums,
                      const char *packed, const struct lines *l)
{
    size_t refs = 0, runs = 0;
    queue_lines(j, m, sums, packed, l, &refs, &runs);
    add_runs(m, j->k, runs);
}

/* Bucket i*C + k, i < R, k < C, weighs i*C + (k+1). With the sums of rows and
 * of columns, by batches of two additions per bucket, only R + C weighted
 * points remain: weighted = C * sum i*row_i + sum (k+1)*column_k. */
static void reduce_square(const struct msm_job *j, char *sums, char *packed,
                          size_t n, void *scratch)
{
    char *at = scratch;
    unsigned log_columns = (unsigned)__builtin_ctzll(n) / 2;
    size_t columns = (size_t)1 << log_columns, rows = n / columns;
    char *lines = carve(&at, (rows + 1) * j->k->packed_bytes);
    char *weighted = sums + j->point;
    union point unused, by_row;
    struct room m;
    room_make(&m, at, j->k, PART);
    struct lines by_rows = { rows, columns, columns, 1 };
    struct lines by_columns = { columns, 1, rows, columns };
    add_lines(j, &m, lines, packed, &by_rows);
    /* row 0 weighs nothing: begin at row 1 and end with infinity */
    memset(lines + rows * j->k->packed_bytes, 0xff, j->k->packed_bytes);
    j->k->bucket_sums(&unused, &by_row, lines + j->k->packed_bytes, rows);
    add_lines(j, &m, lines, packed, &by_columns);
    j->k->bucket_sums(sums, weighted, lines, columns);
    j->k->double_add(&by_row, log_columns, weighted);
    memcpy(weighted, &by_row, j->point);
}

/* Lines of at most 2^((log PART + 1)/2) points and a room. */
static size_t reduce_scratch(const struct msm_job *j)
{
    return 129 * j->k->packed_bytes + 64 + room_bytes(j->k, PART);
}

static void reduce_part(void *arg, void *scratch, size_t i)
{
    struct msm_job *j = arg;
    size_t w = i / j->parts, part = i % j->parts;
    size_t lo = part * PART;
    size_t n = j->reduced - lo < PART ? j->reduced - lo : PART;
    char *sums = part_sum(j, w, part);
    char *packed = bucket_at(j, (unsigned)w, lo);
    if (window_empty(j->r, w))
        return;
    reduce_square(j, sums, packed, n, scratch);
}

/* Sums of lines of the windows of a group, `each` places for a window. */
static void group_lines(const struct msm_job *j, struct room *m, char *sums,
                        size_t each, size_t group, const struct lines *l,
                        size_t skip)
{
    size_t bytes = j->k->packed_bytes, refs = 0, runs = 0;
    memset(sums, 0xff, GROUP * each * bytes);
    for (size_t t = 0; t < GROUP; t++) {
        size_t w = group * GROUP + t;
        if (w < j->r->windows && !window_empty(j->r, w))
            queue_lines(j, m, sums + t * each * bytes,
                        bucket_at(j, (unsigned)w, skip), l, &refs, &runs);
    }
    add_runs(m, j->k, runs);
}

/* Eight windows of few buckets: rows and columns as in reduce_square, in one
 * batch for all, then every window in a lane of its own. Weighing is left to
 * the join: it doubles anyway. */
static void reduce_group(void *arg, void *scratch, size_t group)
{
    struct msm_job *j = arg;
    char *at = scratch;
    size_t columns = (size_t)1 << j->log_columns, rows = j->reduced / columns;
    /* row 0 weighs nothing; its place, the last, stays infinity */
    struct lines by_rows = { rows - 1, columns, columns, 1 };
    struct lines by_columns = { columns, 1, rows, columns };
    union {
        pvn_g1 g1[GROUP];
        pvn_g2 g2[GROUP];
    } unused, high, low;
    char *sums = carve(&at, GROUP * rows * j->k->packed_bytes);
    struct room m;
    room_make(&m, at, j->k, GROUP * j->reduced);
    group_lines(j, &m, sums, rows, group, &by_rows, columns);
    j->k->list_sums(&unused, &high, sums, rows);
    group_lines(j, &m, sums, columns, group, &by_columns, 0);
    j->k->list_sums(&unused, &low, sums, columns);
    for (size_t t = 0; t < GROUP && group * GROUP + t < j->r->windows; t++) {
        char *pair = part_sum(j, group * GROUP + t, 0);
        memcpy(pair, (char *)&high + t * j->point, j->point);
        memcpy(pair + j->point, (char *)&low + t * j->point, j->point);
    }
}

static size_t group_scratch(const struct msm_job *j)
{
    size_t rows = j->reduced >> j->log_columns;
    return GROUP * rows * j->k->packed_bytes + 64 +
           room_bytes(j->k, GROUP * j->reduced);
}

static void point_zero(const struct msm_job *j, union point *p)
{
    if (j->bases->g2)
        pvn_g2_zero(&p->g2);
    else
        pvn_g1_zero(&p->g1);
}

static bool point_is_zero(const struct msm_job *j, const union point *p)
{
    return j->bases->g2 ? pvn_g2_is_zero(&p->g2) : pvn_g1_is_zero(&p->g1);
}

/* acc = 2^times acc + a; doubling nothing is for nothing. */
static void point_step(const struct msm_job *j, union point *acc,
                       unsigned times, const void *a)
{
    j->k->double_add(acc, point_is_zero(j, acc) ? 0 : times, a);
}

/* sum over parts of weighted + part*PART*plain */
static void join_parts(const struct msm_job *j, union point *out, size_t w)
{
    union point run;
    point_zero(j, &run);
    point_zero(j, out);
    for (size_t p = j->parts; p-- > 1;) {
        point_step(j, &run, 0, part_sum(j, w, p));
        point_step(j, out, 0, &run);
    }
    if (j->parts > 1)
        point_step(j, out, (unsigned)__builtin_ctz(PART), NULL);
    for (size_t p = 0; p < j->parts; p++)
        point_step(j, out, 0, part_sum(j, w, p) + j->point);
}

/* acc = 2^bits acc + window w */
static void join_window(const struct msm_job *j, union point *acc, size_t w)
{
    const char *pair = part_sum(j, w, 0);
    union point sum;
    if (window_empty(j->r, w)) {
        point_step(j, acc, j->r->bits, NULL);
    } else if (j->grouped) {
        point_step(j, acc, j->r->bits - j->log_columns, pair);
        point_step(j, acc, j->log_columns, pair + j->point);
    } else {
        join_parts(j, &sum, w);
        point_step(j, acc, j->r->bits, &sum);
    }
}

static void join_windows(const struct msm_job *j, void *out)
{
    union point acc;
    point_zero(j, &acc);
    for (unsigned w = j->r->windows; w-- > 0;)
        join_window(j, &acc, w);
    memcpy(out, &acc, j->point);
}

static size_t unit_size(size_t total, const pvn_par *par)
{
    size_t threads = par && par->threads > 1 ? par->threads : 1;
    size_t unit = total / (8 * threads) + 1;
    if (unit > UNIT_MAX)
        return UNIT_MAX;
    return unit < UNIT_MIN ? UNIT_MIN : unit;
}

static void plan(struct msm_job *j, const pvn_bases *bases,
                 const pvn_recoded *scalars, const pvn_par *par)
{
    size_t total = scalars->window_at[scalars->windows];
    j->bases = bases;
    j->r = scalars;
    j->k = bases->kernel;
    j->unit = unit_size(total, par);
    j->units = (total + j->unit - 1) / j->unit;
    j->reduced = (scalars->buckets + 7) / 8 * 8;
    j->parts = (j->reduced + PART - 1) / PART;
    j->point = bases->g2 ? sizeof(pvn_g2) : sizeof(pvn_g1);
    j->grouped = j->reduced <= GROUP_MAX;
    j->log_columns = (unsigned)__builtin_ctzll(j->reduced) / 2;
}

static provernet_status msm_run(struct msm_job *j, const pvn_par *par,
                                provernet_watch *watch)
{
    const pvn_recoded *r = j->r;
    provernet_status s = pvn_work(par, clear_window, j, r->windows, 0, watch);
    if (!s)
        s = pvn_work(par, fill_unit, j, j->units, room_bytes(j->k, j->unit),
                     watch);
    if (!s)
        s = join_sides(j, pvn_par_pool(par));
    if (s)
        return s;
    if (j->grouped)
        return pvn_work(par, reduce_group, j, (r->windows + GROUP - 1) / GROUP,
                        group_scratch(j), watch);
    return pvn_work(par, reduce_part, j, r->windows * j->parts,
                    reduce_scratch(j), watch);
}

static size_t buckets_bytes(const struct msm_job *j)
{
    return j->r->windows * j->reduced * j->k->packed_bytes;
}

static provernet_status msm(void *out, const pvn_bases *bases,
                            const pvn_recoded *scalars, const pvn_par *par,
                            provernet_watch *watch,
                            void (*join)(const struct msm_job *, void *))
{
    struct msm_job j;
    provernet_status s = PROVERNET_ERR_NOMEM;
    plan(&j, bases, scalars, par);
    size_t sums_bytes = scalars->windows * j.parts * 2 * j.point;
    size_t side_bytes = j.units * j.k->packed_bytes;
    pvn_pool *pool = pvn_par_pool(par);
    j.buckets = pvn_scratch_new(pool, buckets_bytes(&j));
    j.side = pvn_scratch_new(pool, side_bytes);
    j.part_sums = pvn_scratch_new(pool, sums_bytes);
    j.side_of = calloc(j.units + 1, sizeof *j.side_of);
    if (j.buckets && j.side && j.part_sums && j.side_of)
        s = msm_run(&j, par, watch);
    if (!s)
        join(&j, out);
    pvn_scratch_free(pool, j.buckets, buckets_bytes(&j));
    pvn_scratch_free(pool, j.side, side_bytes);
    pvn_scratch_free(pool, j.part_sums, sums_bytes);
    free(j.side_of);
    return s;
}

provernet_status pvn_g1_msm(pvn_g1 *out, const pvn_bases *bases,
                            const pvn_recoded *scalars, const pvn_par *par,
                            provernet_watch *watch)
{
    if (bases->g2)
        return PROVERNET_ERR_INVALID;
    return msm(out, bases, scalars, par, watch, join_windows);
}

provernet_status pvn_g2_msm(pvn_g2 *out, const pvn_bases *bases,
                            const pvn_recoded *scalars, const pvn_par *par,
                            provernet_watch *watch)
{
    if (!bases->g2)
        return PROVERNET_ERR_INVALID;
    return msm(out, bases, scalars, par, watch, join_windows);
}

size_t pvn_msm_scratch_bytes(const pvn_bases *bases, const pvn_recoded *scalars,
                             unsigned threads)
{
    struct msm_job j;
    pvn_par par = { .threads = threads ? threads : 1 };
    plan(&j, bases, scalars, &par);
    return buckets_bytes(&j) + par.threads * room_bytes(j.k, j.unit);
}

/* The sum of every window by itself: out has room for all of them. */
static void each_window_g2(const struct msm_job *j, void *out)
{
    pvn_g2 *sums = out;
    for (unsigned w = 0; w < j->r->windows; w++) {
        union point sum;
        point_zero(j, &sum);
        join_window(j, &sum, w);
        sums[w] = sum.g2;
    }
}

/* Bits of a coefficient, at most 13: 2^13 is below the smallest factor of the
 * cofactor. Wide ones take fewer additions per point, and more buckets. */
static unsigned subgroup_bits(size_t n)
{
    unsigned bits = 8;
    while (bits < SUBGROUP_BITS_MAX && n >> (bits + 4))
        bits++;
    return bits;
}

struct subgroup_job {
    const pvn_bn254_forms *forms;
    pvn_g2 sums[SUBGROUP_WINDOWS_MAX];
    atomic_bool outside;
};

static void check_sum(void *arg, size_t i)
{
    struct subgroup_job *j = arg;
    pvn_g2_affine point;
    pvn_g2_to_affine(&point, &j->sums[i]);
    if (!j->forms->g2_in_subgroup(&point))
        atomic_store(&j->outside, true);
}

/* The digits of one long random scalar for each point are the coefficients of
 * many independent sums. Digits but the last are uniform over 2^bits values,
 * the last, which has no sign, over half of them and a carry from below. */
static provernet_status
subgroup_run(bool *ok, const pvn_bases *bases, uint8_t *scalars,
             void (*random)(void *ctx, uint8_t *buf, size_t len), void *ctx,
             const pvn_par *par, provernet_watch *watch)
{
    pvn_recoded *r;
    struct subgroup_job j;
    size_t n = bases->first + bases->n;
    unsigned bits = subgroup_bits(bases->n);
    unsigned all = (SUBGROUP_PROOF_BITS + 1 + bits - 1) / bits * bits - 1;
    for (size_t i = bases->first; i < n; i++) {
        uint8_t *s = scalars + 32 * i;
        random(ctx, s, all / 8 + 1);
        s[all / 8] &= (uint8_t)((1u << (all % 8)) - 1);
    }
    provernet_status s = pvn_recode(&r, scalars, n, bits, par, watch, NULL);
    if (s)
        return s;
    j.forms = bases->forms;
    atomic_init(&j.outside, false);
    s = msm(j.sums, bases, r, par, watch, each_window_g2);
    if (!s) {
        pvn_par_for(par, check_sum, &j, r->windows);
        *ok = !atomic_load(&j.outside);
    }
    pvn_recoded_free(r);
    return s;
}

provernet_status
pvn_g2_bases_in_subgroup(bool *ok, const pvn_bases *bases,
                         void (*random)(void *ctx, uint8_t *buf, size_t len),
                         void *ctx, const pvn_par *par, provernet_watch *watch)
{
    if (!bases->g2)
        return PROVERNET_ERR_INVALID;
    size_t bytes = 32 * (bases->first + bases->n);
    uint8_t *scalars = pvn_scratch_new(pvn_par_pool(par), bytes);
    provernet_status s = scalars ? PROVERNET_OK : PROVERNET_ERR_NOMEM;
    *ok = true;
    if (!s)
        memset(scalars, 0, bytes);
    if (!s)
        s = subgroup_run(ok, bases, scalars, random, ctx, par, watch);
    pvn_scratch_free(pvn_par_pool(par), scalars, bytes);
    return s;
}
