/* cuda/engine/engine.h - what a context and a key are, and the pieces the
 * engine is made of. Includes run/runtime.h only. */
#ifndef PVN_CUDA_ENGINE_ENGINE_H
#define PVN_CUDA_ENGINE_ENGINE_H
#include "../run/runtime.h"

namespace pvn
{

using Error = provernet_gpu_error;
using Watch = provernet_gpu_watch;
using Zkey = provernet_gpu_zkey;

enum { STREAMS = 3, STEPS = 24, WINDOWS = 64, TABLES = 5, GROUPS = 3 };
/* Ways that were not measured yet; the results are the same. */
enum Experiment {
    G2_OVER_LANES = 1, /* additions in G2 by two threads each */
    BATCH_AFFINE = 2   /* most additions affine, with shared inversions */
};
enum { MAX_LOG = 27, MAX_WIRES = 1 << 28 };

/* Host memory that witnesses wait in. */
struct Slot {
    uint8_t *memory;
    uint64_t bytes;
    bool pinned;
};

/* A witness that was uploaded beside the proof before it. */
struct Staged {
    uint32_t ticket; /* 0: none */
    int buffer;
    uint64_t n;
    void *at;
};

struct Key;

struct Context {
    const Runtime *rt;
    void *device;
    void *stream[STREAMS];
    void *event[STEPS];
    bool dead;            /* a lasting error: only close is left */
    uint32_t experiments; /* bits of Experiment */
    void *scratch;        /* of proofs, one at a time; grows, stays */
    uint64_t scratch_bytes;
    uint8_t *pinned; /* host: the witness, the windows' sums */
    uint64_t pinned_bytes;
    Slot slots[PROVERNET_GPU_SLOTS];
    Staged staged;
    void *staged_event;
    Key *keys;
    uint64_t bus_rate; /* bytes a second, as the last key's copy went; 0 */
    int ordinal;
    char name[128];
};

/* ---- errors: the first failure of a call is the one reported ---- */

int fail(Error *e, int status, int cause, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What CUDA said, as a status; a lasting error closes the context. */
int check(Context *c, int code, const char *what, const char *file, int line,
          Error *e);
void drain(Context *c); /* wait for all streams, whatever they say */

#define PVN_TRY(c, e, call)                                                    \
    do {                                                                       \
        int status_ = check(c, call, #call, __FILE__, __LINE__, e);            \
        if (status_)                                                           \
            return status_;                                                    \
    } while (0)

#define PVN_LAUNCH(c, e, kernel, blocks, args, stream)                         \
    PVN_TRY(c, e,                                                              \
            (c)->rt->launch((c)->device, kernel, (uint32_t)(blocks), &(args),  \
                            stream))

#define PVN_COPY(c, e, to, from, bytes, stream)                                \
    PVN_TRY(c, e, (c)->rt->copy((c)->device, to, from, bytes, stream))

/* ---- memory: one allocation, cut up by the same code that adds it up ---- */

struct Arena {
    uint8_t *base; /* NULL: only count */
    uint64_t used;
    bool guard; /* host memory: mark the gaps for AddressSanitizer */

    void *cut(uint64_t bytes);
    template <class T> T *take(uint64_t n)
    {
        return static_cast<T *>(cut(n * sizeof(T)));
    }
};
void arena_open(Arena *a, const Context *c, void *base, uint64_t bytes);

int scratch_grow(Context *c, uint64_t device, uint64_t host, Error *e);
void scratch_drop(Context *c);
void unstage(Context *c); /* what was uploaded ahead is not wanted */
void release_memory(Context *c, void *memory, uint64_t bytes);

/* ---- transforms (ntt.cpp) ---- */

int eta_table(Context *c, void *stream, Fr *eta, uint32_t log_n, Error *e);
Fr one_over(uint64_t n);
/* One direction over `batch` arrays one after another. */
int ntt_passes(Context *c, void *stream, Fr *data, const Fr *eta,
               uint32_t log_n, uint32_t batch, bool dif, bool inverse,
               Error *e);

/* ---- sums (msm.cpp) ---- */

/* A scalar has `windows` digits; digit w goes into bucket set w % sets, to the
 * multiple 2^(width sets (w / sets)) of its point. Without multiples each
 * window has a set of its own. */
struct MsmPlan {
    uint64_t n;             /* scalars */
    uint64_t entries;       /* of a set: n times multiples */
    uint64_t buckets, room; /* buckets of all sets; pieces at most */
    uint32_t width, windows, sets, multiples, bins, most, each, per_set;
};

/* What the plans that share one work space take at most. */
struct MsmRoom {
    uint64_t digits, buckets, room, runs, sets, most;
    uint32_t experiments; /* of the context */
};

struct MsmWork {
    uint32_t *keys, *counts, *starts, *cursor, *entries, *pieces, *first;
    Piece *list;
    uint32_t *piece_keys, *piece_counts, *piece_starts, *piece_cursor, *order;
    uint32_t *scan, *heavy, *heavies;
    void *sums, *runs, *out; /* Xyzz<F> */
    void *halves[2];         /* Affine<F>, for BATCH_AFFINE */
};

/* At most so many multiples of each point (1: only itself). */
MsmPlan msm_plan(uint64_t n, uint32_t multiples);
MsmPlan msm_plan_part(const MsmPlan &whole, uint64_t n); /* n <= whole.n */
void msm_room(MsmRoom *r, const MsmPlan &p);
void msm_work(MsmWork *w, const MsmRoom &r, bool g2, Arena *a);
/* Scalar i is scalars[wires[i]], or scalars[i] where wires is NULL. */
int msm_sort(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
             const Fr *scalars, const uint32_t *wires, Error *e);
/* more: the other multiples, p.n points each, one after another. The sets'
 * sums are copied to host_out (p.sets of them) in stream order. */
template <class F>
int msm_add(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
            const Affine<F> *points, const Affine<F> *more, Xyzz<F> *host_out,
            Error *e);
/* From the sets' sums to the sum. */
template <class F> Xyzz<F> msm_tail(const MsmPlan &p, const Xyzz<F> *sets);
/* The multiples of n points that a plan wants. */
template <class F>
int msm_multiples(Context *c, void *stream, const MsmPlan &p,
                  const Affine<F> *points, Affine<F> *more, Error *e);

/* ---- keys (key.cpp) and proofs (groth16.cpp) ---- */

enum Table { TABLE_A, TABLE_B1, TABLE_B2, TABLE_C, TABLE_H };

using Form = provernet_gpu_form;
using Needs = provernet_gpu_needs;

/* Tables over the witness whose points belong to the same wires: points at
 * infinity are left out of them, and one set of digits serves them all. */
struct Group {
    uint32_t tables; /* bits 1 << table */
    bool all;        /* a place for each wire, in order */
    uint64_t n;
    uint32_t *list;  /* on the host, until the key is loaded: the wire of each
                        place; NULL if all */
    uint32_t *wires; /* the same on the device */
    MsmPlan plan;
};

struct Scratch {
    Fr *witness[2], *abc; /* one proves, one is uploaded meanwhile */
    MsmWork on_witness, on_h;
    void *chunk_w, *chunk_h; /* points of a chunk; NULL if resident */
};

struct Key {
    Context *owner;
    uint32_t n_vars, n_public, log_n;
    uint64_t domain;
    void *memory; /* device */
    uint64_t bytes;
    uint32_t *start, *signal, *longs;
    Fr *value, *eta;
    uint32_t n_longs[2];
    void *points[TABLES]; /* on the device, or on the host if chunked */
    void *host;           /* of a chunked key */
    uint64_t chunk;       /* 0: the whole key is resident */
    uint32_t multiples;   /* of each point, 1 at least */
    void *more_memory;    /* device: the other ones, given up first */
    uint64_t more_bytes;
    void *more[TABLES];
    Group group[GROUPS];
    uint32_t groups;
    MsmPlan plan_h;
    uint64_t scratch, pinned, bus; /* bus: bytes to the device per proof */
    Key *next;
    Affine<Fq> alpha1, beta1, delta1;
    Affine<Fq2> beta2, delta2;
};

inline uint64_t table_point(int table)
{
    return table == TABLE_B2 ? 128 : 64;
}
/* form.cpp: which points a key has, and what each of its forms takes. */
const uint8_t *key_section(const Zkey *z, int table);
/* Everything of *k that follows from the numbers and the points at infinity;
 * key_lists_free() afterwards. */
int key_describe(Context *c, const Zkey *z, Key *k, Error *e);
void key_lists_free(Key *k);
uint64_t table_count(const Key *k, int table); /* points of it */
const MsmPlan &table_plan(const Key *k, int table);
void key_plan(Key *k, uint32_t multiples, uint64_t chunk);
uint64_t key_memory(Key *k, uint64_t entries, Arena *a);
uint64_t key_more(Key *k, Arena *a);
void key_scratch(const Key *k, Scratch *s, Arena *a);
uint64_t key_scratch_bytes(const Key *k);
void key_form_of(Key *k, uint64_t entries, Form *out); /* as it is planned */
/* Every form; the plan is another afterwards. */
void key_forms(Key *k, uint64_t entries, Form form[PROVERNET_GPU_FORMS]);
/* The largest chunk that keeps within the budget (0: any); 0: none does. */
uint64_t key_pick_chunk(Key *k, uint64_t entries, uint64_t budget);
/* Only the space that the pieces of a key take: a->used. */
inline Arena arena_count()
{
    return Arena{ nullptr, 0, false };
}

int key_needs(void *ctx, const Zkey *z, Needs *out, Error *e);
int key_form(void *ctx, void *key, Form *out, uint64_t *bus_rate, Error *e);
int key_load(void *ctx, const Zkey *z, void **key, Watch *w, Error *e);
void key_free(void *ctx, void *key);
int groth16(void *ctx, void *key, const uint8_t *witness, uint64_t n,
            const uint8_t rs64[64], uint8_t proof256[256], Watch *w, Error *e);
int msm_g1(void *ctx, const uint8_t *points, const uint8_t *scalars, uint64_t n,
           uint8_t out64[64], Error *e);
int msm_g2(void *ctx, const uint8_t *points, const uint8_t *scalars, uint64_t n,
           uint8_t out128[128], Error *e);
int ntt(void *ctx, uint8_t *values, uint32_t log_n, int inverse, Error *e);
int slot(void *ctx, uint32_t which, uint8_t *memory, uint64_t bytes, Error *e);

int open_on(const Runtime *rt, int device, void **ctx, Error *e);
void close_context(void *ctx);
int count_on(const Runtime *rt, Error *e);
int info_on(const Runtime *rt, int device, provernet_gpu_info *out, Error *e);
/* Progress out, cancel in. */
int stage(Watch *w, const char *name, int permille, Error *e);

inline uint64_t blocks_for(uint64_t n, uint64_t each)
{
    return (n + each - 1) / each;
}

} // namespace pvn
#endif
