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

enum { STREAMS = 3, STEPS = 16, WINDOWS = 64, TABLES = 5 };
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

struct Context {
    const Runtime *rt;
    void *device;
    void *stream[STREAMS];
    void *event[STEPS];
    bool dead;     /* a lasting error: only close is left */
    void *scratch; /* of proofs, one at a time; grows, stays */
    uint64_t scratch_bytes;
    uint8_t *pinned; /* host: the witness, the windows' sums */
    uint64_t pinned_bytes;
    Slot slots[PROVERNET_GPU_SLOTS];
    Staged staged;
    void *staged_event;
    uint32_t keys;
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

struct MsmPlan {
    uint64_t n, buckets, room; /* buckets of all windows; pieces at most */
    uint32_t width, windows, bins, most, each, per_window;
};

struct MsmWork {
    uint32_t *keys, *counts, *starts, *cursor, *entries, *pieces, *first;
    Piece *list;
    uint32_t *piece_keys, *piece_counts, *piece_starts, *piece_cursor, *order;
    uint32_t *scan, *heavy, *heavies;
    void *sums, *runs, *out; /* Xyzz<F> */
};

MsmPlan msm_plan(uint64_t n);
MsmPlan msm_plan_part(const MsmPlan &whole, uint64_t n); /* n <= whole.n */
void msm_work(MsmWork *w, const MsmPlan &p, bool g2, Arena *a);
int msm_sort(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
             const Fr *scalars, Error *e);
/* Entries in [skip, last) have the points from points[0] on. The windows'
 * sums are copied to host_out (p.windows of them) in stream order. */
template <class F>
int msm_add(Context *c, void *stream, const MsmPlan &p, const MsmWork &w,
            const Affine<F> *points, uint32_t skip, uint32_t last,
            Xyzz<F> *host_out, Error *e);
/* From the windows' sums to the sum. */
template <class F> Xyzz<F> msm_tail(const MsmPlan &p, const Xyzz<F> *windows);

/* ---- keys (key.cpp) and proofs (groth16.cpp) ---- */

enum Table { TABLE_A, TABLE_B1, TABLE_B2, TABLE_C, TABLE_H };

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
    MsmPlan plan_w, plan_h;
    uint64_t scratch, pinned;
    Affine<Fq> alpha1, beta1, delta1;
    Affine<Fq2> beta2, delta2;
};

uint64_t table_count(const Key *k, int table);
uint32_t table_from(const Key *k, int table); /* its first index */
inline uint64_t table_point(int table)
{
    return table == TABLE_B2 ? 128 : 64;
}
void key_scratch(const Key *k, Scratch *s, Arena *a);

int key_needs(void *ctx, const Zkey *z, uint64_t *resident, uint64_t *scratch,
              uint64_t *chunked_scratch, Error *e);
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
