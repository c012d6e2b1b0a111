/* snark/bn254/recode.c - scalars to signed digits, sorted by window and
 * bucket; includes msm_internal.h and work.h.
 *
 * A scalar s above (r-1)/2 counts as -(r-s), so its size is below 2^253. With
 * K = sum 2^(c-1) 2^(cw) over all windows w but the last, digit w of s is
 * (bits w of s+K) - 2^(c-1): no carry runs from digit to digit. The last
 * window keeps its bits: they are at most 2^(c-1) when windows*c is more than
 * the bits of the largest scalar. */
#include "base/error.h"
#include "msm_internal.h"
#include "work.h"
#include <stdlib.h>

enum {
    CHUNK = 1 << 11,
    MAX_BITS = 16,
    MIN_BITS = 2,
    SIZES = 256,
    TILE = 32, /* digits of a window in a line of the cache */
    MAX_WINDOWS = 256 / MIN_BITS
};

struct recode_job {
    struct pvn_recoded *r;
    const uint8_t *scalars;
    size_t n, chunks;
    uint8_t *sizes;      /* bits of |s|, 0..253 */
    uint32_t *histogram; /* per chunk SIZES counts */
    size_t *bad;         /* per chunk the first scalar >= r, or n */
    /* after the choice of the window */
    size_t n_long, n_short;
    size_t *long_at, *short_at; /* per chunk */
    uint32_t *index;            /* << 1 | minus; long ones, then short ones */
    uint16_t *digits;           /* windows * n_long, then n_short */
    uint64_t bias[4];
};

static void scalar_load(uint64_t s[4], const uint8_t *p)
{
    for (int i = 0; i < 4; i++)
        s[i] = pvn_load64le(p + 8 * i);
}

/* s = min(s, r-s); true if it was turned. Which it is cannot be foretold, so
 * there is no branch. */
static inline bool scalar_fold(uint64_t s[4])
{
    static const uint64_t half[4] = { 0xa1f0fac9f8000000u, 0x9419f4243cdcb848u,
                                      0xdc2822db40c0ac2eu,
                                      0x183227397098d014u };
    uint64_t over = 0, borrow = 0;
    for (int i = 0; i < 4; i++)
        (void)pvn_sbb(half[i], s[i], &over);
    uint64_t mask = 0 - over;
    for (int i = 0; i < 4; i++) {
        uint64_t turned = pvn_sbb(pvn_fr_modulus.p[i], s[i], &borrow);
        s[i] ^= (s[i] ^ turned) & mask;
    }
    return over;
}

static unsigned scalar_bits(const uint64_t s[4])
{
    for (int i = 3; i >= 0; i--)
        if (s[i])
            return (unsigned)(64 * i + 64 - __builtin_clzll(s[i]));
    return 0;
}

static void measure_chunk(void *arg, void *scratch, size_t c)
{
    struct recode_job *j = arg;
    size_t end = (c + 1) * CHUNK < j->n ? (c + 1) * CHUNK : j->n;
    uint32_t *histogram = j->histogram + c * SIZES;
    (void)scratch;
    j->bad[c] = j->n;
    for (size_t i = c * CHUNK; i < end; i++) {
        uint64_t s[4];
        scalar_load(s, j->scalars + 32 * i);
        if (!pvn_limbs_less(s, pvn_fr_modulus.p)) {
            j->bad[c] = i;
            return;
        }
        (void)scalar_fold(s);
        unsigned bits = scalar_bits(s);
        j->sizes[i] = (uint8_t)bits;
        histogram[bits]++;
    }
}

/* Windows for numbers of up to `top` bits: the last one's digit, which takes
 * the carry and no sign, must not be above 2^(bits-1). */
static unsigned windows_for(unsigned top, unsigned bits)
{
    return (top + 1 + bits - 1) / bits;
}

/* Additions of one sum with windows of `bits`, a bucket counted as four (two
 * additions when it is weighed, and what is done once for each):
 * a scalar of b bits has digits in about (b+1)/bits windows. */
static uint64_t window_cost(const uint64_t sizes[SIZES], unsigned bits)
{
    uint64_t cost = 0, active = 0;
    for (unsigned b = 1; b < SIZES; b++) {
        if (!sizes[b])
            continue;
        uint64_t w = b < bits ? 1 : (b + 1 + bits - 1) / bits;
        cost += w * sizes[b];
        active = w > active ? w : active;
    }
    return cost + active * (4u << (bits - 1));
}

static unsigned choose_bits(const struct recode_job *j)
{
    uint64_t sizes[SIZES] = { 0 };
    for (size_t c = 0; c < j->chunks; c++)
        for (unsigned b = 0; b < SIZES; b++)
            sizes[b] += j->histogram[c * SIZES + b];
    unsigned best = 4;
    for (unsigned bits = 5; bits <= MAX_BITS; bits++)
        if (window_cost(sizes, bits) < window_cost(sizes, best))
            best = bits;
    return best;
}

/* Bits of the largest scalar. */
static unsigned top_bits(const struct recode_job *j)
{
    unsigned top = 0;
    for (size_t c = 0; c < j->chunks; c++)
        for (unsigned b = SIZES - 1; b > top; b--)
            if (j->histogram[c * SIZES + b])
                top = b;
    return top;
}

/* Scalars of less than `bits` bits have a digit in window 0 only. */
static void split_long_short(struct recode_job *j)
{
    j->n_long = j->n_short = 0;
    for (size_t c = 0; c < j->chunks; c++) {
        j->long_at[c] = j->n_long;
        j->short_at[c] = j->n_short;
        for (unsigned b = 1; b < SIZES; b++) {
            if (b < j->r->bits)
                j->n_short += j->histogram[c * SIZES + b];
            else
                j->n_long += j->histogram[c * SIZES + b];
        }
    }
}

/* Digits of some long scalars, one line for each window: they are written to
 * their places a line at a time, because the places of all windows may fall
 * into the same few lines of a cache. */
struct tile {
    size_t n;
    uint16_t digits[MAX_WINDOWS][TILE];
};

/* Digits are stored biased by 2^(c-1); the last window's are not negative. */
static inline void tile_add(struct tile *t, const struct pvn_recoded *r,
                            const uint64_t biased[4])
{
    const uint64_t s[5] = { biased[0], biased[1], biased[2], biased[3], 0 };
    unsigned bits = r->bits, last = r->windows - 1, at = 0;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint16_t *out = &t->digits[0][t->n++];
    for (unsigned w = 0; w <= last; w++, at += bits, out += TILE) {
        unsigned word = at / 64, shift = at % 64;
        /* in two steps, for a shift by 64 has no meaning */
        uint64_t v = s[word] >> shift | s[word + 1] << 1 << (63 - shift);
        *out = (uint16_t)(v & mask);
    }
    out[-TILE] = (uint16_t)(out[-TILE] + (1u << (bits - 1)));
}

static void tile_write(struct tile *t, const struct recode_job *j, size_t at)
{
    for (unsigned w = 0; w < j->r->windows; w++)
        memcpy(j->digits + w * j->n_long + at, t->digits[w],
               t->n * sizeof **t->digits);
    t->n = 0;
}

static void digits_chunk(void *arg, void *scratch, size_t c)
{
    struct recode_job *j = arg;
    const struct pvn_recoded *r = j->r;
    size_t end = (c + 1) * CHUNK < j->n ? (c + 1) * CHUNK : j->n;
    size_t at_long = j->long_at[c], at_short = j->short_at[c];
    unsigned half = 1u << (r->bits - 1);
    struct tile *t = scratch;
    t->n = 0;
    for (size_t i = c * CHUNK; i < end; i++) {
        uint64_t s[4], carry = 0;
        if (j->sizes[i] == 0)
            continue;
        scalar_load(s, j->scalars + 32 * i);
        uint32_t entry = (uint32_t)i << 1 | (uint32_t)scalar_fold(s);
        if (j->sizes[i] < r->bits) {
            j->index[j->n_long + at_short] = entry;
            j->digits[(size_t)r->windows * j->n_long + at_short++] =
                (uint16_t)(s[0] + half);
            continue;
        }
        for (int k = 0; k < 4; k++)
            s[k] = pvn_adc(s[k], j->bias[k], &carry);
        tile_add(t, r, s);
        j->index[at_long++] = entry;
        if (t->n == TILE)
            tile_write(t, j, at_long - TILE);
    }
    tile_write(t, j, at_long - t->n);
}

/* The two lists that window w sorts. */
struct digit_list {
    const uint16_t *digits;
    const uint32_t *index;
    size_t n;
};

static int window_lists(const struct recode_job *j, unsigned w,
                        struct digit_list l[2])
{
    l[0].digits = j->digits + (size_t)w * j->n_long;
    l[0].index = j->index;
    l[0].n = j->n_long;
    if (w)
        return 1;
    l[1].digits = j->digits + (size_t)j->r->windows * j->n_long;
    l[1].index = j->index + j->n_long;
    l[1].n = j->n_short;
    return 2;
}

/* Bucket of a digit, from 1, or 0 for digit 0; *minus is its sign. */
static inline uint32_t digit_bucket(uint16_t biased, unsigned half,
                                    uint32_t *minus)
{
    int32_t d = (int32_t)biased - (int32_t)half;
    *minus = (uint32_t)d >> 31;
    return ((uint32_t)d ^ (0 - *minus)) + *minus;
}

/* Counting sort of one window, in one step however many its buckets are: the
 * entries of a bucket are written one after the other, so its line stays near
 * (two steps, with groups of buckets first, took longer). Digits of 0 go where
 * the others end, which needs no branch: in a last window of few bits, where
 * they are many, it would be mispredicted most of the time. `starts` first
 * counts bucket b at place b+1 and ends as first places. */
static void sort_digits(const struct recode_job *j,
                        const struct digit_list *list, int lists,
                        uint32_t *starts, uint32_t *out, uint32_t *next)
{
    unsigned half = 1u << (j->r->bits - 1);
    uint32_t minus;
    memset(starts, 0, (j->r->buckets + 1) * sizeof *starts);
    for (int k = 0; k < lists; k++)
        for (size_t i = 0; i < list[k].n; i++)
            starts[digit_bucket(list[k].digits[i], half, &minus)]++;
    starts[0] = 0;
    for (size_t b = 0; b < j->r->buckets; b++) {
        next[b + 1] = starts[b];
        starts[b + 1] += starts[b];
    }
    next[0] = starts[j->r->buckets];
    for (int k = 0; k < lists; k++)
        for (size_t i = 0; i < list[k].n; i++) {
            uint32_t b = digit_bucket(list[k].digits[i], half, &minus);
            out[next[b]++] = list[k].index[i] ^ minus;
        }
}

static void sort_window(void *arg, void *scratch, size_t unit)
{
    struct recode_job *j = arg;
    struct pvn_recoded *r = j->r;
    unsigned w = (unsigned)unit;
    uint32_t *starts = r->starts + (size_t)w * (r->buckets + 1);
    uint32_t *out = (uint32_t *)(uintptr_t)recoded_window(r, w);
    struct digit_list list[2];
    int lists = window_lists(j, w, list);
    sort_digits(j, list, lists, starts, out, scratch);
}

static void set_bias(struct recode_job *j)
{
    const struct pvn_recoded *r = j->r;
    memset(j->bias, 0, sizeof j->bias);
    for (unsigned w = 0; w + 1 < r->windows; w++) {
        unsigned at = w * r->bits + r->bits - 1;
        j->bias[at / 64] |= (uint64_t)1 << (at % 64);
    }
}

static provernet_status first_bad(const struct recode_job *j,
                                  provernet_error *err)
{
    for (size_t c = 0; c < j->chunks; c++)
        if (j->bad[c] < j->n)
            return pvn_fail(err, PROVERNET_ERR_FORMAT, 0,
                            "scalar %zu is not below the group order r\n"
                            "help: witness values must be reduced modulo r",
                            j->bad[c]);
    return PROVERNET_OK;
}

static provernet_status recode_sort(struct recode_job *j, const pvn_par *par,
                                    provernet_watch *watch)
{
    struct pvn_recoded *r = j->r;
    size_t digits_bytes =
        ((size_t)r->windows * j->n_long + j->n_short) * sizeof *j->digits;
    size_t index_bytes = (j->n_long + j->n_short) * sizeof *j->index;
    provernet_status s = PROVERNET_ERR_NOMEM;
    r->stride = j->n_long;
    r->entries_bytes =
        ((size_t)r->windows * j->n_long + j->n_short) * sizeof *r->entries;
    r->starts_bytes = r->windows * (r->buckets + 1) * sizeof *r->starts;
    r->pool = pvn_par_pool(par);
    r->entries = pvn_scratch_new(r->pool, r->entries_bytes);
    r->starts = pvn_scratch_new(r->pool, r->starts_bytes);
    r->window_at = calloc(r->windows + 1u, sizeof *r->window_at);
    j->digits = pvn_scratch_new(r->pool, digits_bytes);
    j->index = pvn_scratch_new(r->pool, index_bytes);
    if (r->entries && r->starts && r->window_at && j->digits && j->index) {
        set_bias(j);
        s = pvn_work(par, digits_chunk, j, j->chunks, sizeof(struct tile),
                     watch);
        if (!s)
            s = pvn_work(par, sort_window, j, r->windows,
                         (r->buckets + 1) * sizeof(uint32_t), watch);
    }
    pvn_scratch_free(r->pool, j->digits, digits_bytes);
    pvn_scratch_free(r->pool, j->index, index_bytes);
    for (unsigned w = 0; !s && w < r->windows; w++)
        r->window_at[w + 1] =
            r->window_at[w] + recoded_starts(r, w)[r->buckets];
    return s;
}

static provernet_status recode_run(struct recode_job *j, unsigned window_bits,
                                   const pvn_par *par, provernet_watch *watch,
                                   provernet_error *err)
{
    struct pvn_recoded *r = j->r;
    provernet_status s = pvn_work(par, measure_chunk, j, j->chunks, 0, watch);
    if (!s)
        s = first_bad(j, err);
    if (s)
        return s;
    r->bits = window_bits ? window_bits : choose_bits(j);
    r->windows = windows_for(top_bits(j), r->bits);
    r->buckets = (size_t)1 << (r->bits - 1);
    split_long_short(j);
    return recode_sort(j, par, watch);
}

provernet_status pvn_recode(pvn_recoded **out, const uint8_t *plain_le,
                            size_t n, unsigned window_bits, const pvn_par *par,
                            provernet_watch *watch, provernet_error *err)
{
    *out = NULL;
    if (n >= (size_t)1 << 31 ||
        (window_bits && (window_bits < MIN_BITS || window_bits > MAX_BITS)))
        return PROVERNET_ERR_INVALID;
    struct recode_job j = { .scalars = plain_le,
                            .n = n,
                            .chunks = (n + CHUNK - 1) / CHUNK };
    provernet_status s = PROVERNET_ERR_NOMEM;
    j.r = calloc(1, sizeof *j.r);
    j.sizes = pvn_scratch_new(pvn_par_pool(par), n);
    j.histogram = calloc(j.chunks * SIZES + 1, sizeof *j.histogram);
    j.bad = calloc(3 * j.chunks + 1, sizeof *j.bad);
    if (j.r && j.sizes && j.histogram && j.bad) {
        j.long_at = j.bad + j.chunks;
        j.short_at = j.long_at + j.chunks;
        j.r->n = n;
        s = recode_run(&j, window_bits, par, watch, err);
    }
    pvn_scratch_free(pvn_par_pool(par), j.sizes, n);
    free(j.histogram);
    free(j.bad);
    if (s)
        pvn_recoded_free(j.r);
    else
        *out = j.r;
    return s;
}

void pvn_recoded_free(pvn_recoded *r)
{
    if (!r)
        return;
    pvn_scratch_free(r->pool, r->entries, r->entries_bytes);
    pvn_scratch_free(r->pool, r->starts, r->starts_bytes);
    free(r->window_at);
    free(r);
}

size_t pvn_recoded_bytes(const pvn_recoded *r)
{
    return r->entries_bytes + r->starts_bytes;
}

size_t pvn_recoded_additions(const pvn_recoded *r)
{
    return r->window_at[r->windows];
}
