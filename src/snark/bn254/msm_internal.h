/* snark/bn254/msm_internal.h - what recode.c, bases.c and msm.c share. */
#ifndef PVN_BN254_MSM_INTERNAL_H
#define PVN_BN254_MSM_INTERNAL_H
#include "msm.h"
#include "work.h"

/* Points 64 to a word: bit set = there is a point; rank = points before. */
struct bases_word {
    uint64_t present;
    uint64_t rank;
};

struct pvn_bases {
    pvn_pool *pool; /* of points and words; NULL: the system's */
    const pvn_bn254_forms *forms;
    const pvn_group_kernel *kernel;
    bool g2;
    size_t first, n; /* scalars first .. first+n-1 */
    size_t count;    /* points kept */
    char *points;    /* packed */
    size_t points_bytes;
    struct bases_word *words; /* NULL if no point was dropped */
    size_t words_bytes;
};

/* Signed digits of c bits, sorted by window and bucket. Bucket b of a window
 * holds the scalars whose digit is +-(b+1). */
struct pvn_recoded {
    pvn_pool *pool; /* of entries and starts; NULL: the system's */
    size_t n;
    unsigned bits, windows;
    size_t buckets;    /* per window: 2^(bits-1) */
    size_t stride;     /* room per window in entries, window 0 has more */
    uint32_t *entries; /* scalar index << 1 | minus */
    size_t entries_bytes;
    uint32_t *starts; /* per window buckets+1 places in its entries */
    size_t starts_bytes;
    size_t *window_at; /* windows+1: entries of all windows before */
};

/* Entries of window w. */
static inline const uint32_t *recoded_window(const struct pvn_recoded *r,
                                             unsigned w)
{
    /* window 0 sits last, because it alone may be longer than stride */
    return r->entries + (w ? w - 1 : r->windows - 1) * r->stride;
}

static inline const uint32_t *recoded_starts(const struct pvn_recoded *r,
                                             unsigned w)
{
    return r->starts + (size_t)w * (r->buckets + 1);
}
#endif
