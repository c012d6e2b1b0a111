/* cuda/provernet_gpu.h - the contract between libprovernet and its GPU engine,
 * a plug-in with one exported C symbol that returns a versioned table.
 *
 * Self-contained: the engine includes this header of ours and nothing else.
 * Errors are values; nothing throws, exits, prints, calls back or starts a
 * thread. A context is one device and belongs to one thread at a time;
 * several contexts may be used at once. All numbers little-endian. */
#ifndef PROVERNET_GPU_H
#define PROVERNET_GPU_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PROVERNET_GPU_ABI = 3 };

/* Statuses (the values of provernet/base.h). */
enum {
    PROVERNET_GPU_OK = 0,
    PROVERNET_GPU_INVALID = -1,
    PROVERNET_GPU_NOMEM = -2, /* host memory */
    PROVERNET_GPU_CANCELLED = -5,
    PROVERNET_GPU_UNSUPPORTED = -11,
    PROVERNET_GPU_MEMORY = -401,   /* does not fit on the device */
    PROVERNET_GPU_ERROR = -402,    /* this call failed, the context lives */
    PROVERNET_GPU_LOST = -403,     /* the context is dead: close it */
    PROVERNET_GPU_NO_DEVICE = -404 /* no driver, no device, too old a driver */
};

typedef struct provernet_gpu_error {
    int32_t status, cause; /* cause: the CUDA error number */
    char message[248];     /* what, file and line of ours, CUDA's text */
} provernet_gpu_error;

typedef struct provernet_gpu_info {
    char name[128];
    uint8_t uuid[16];
    uint64_t total_bytes, free_bytes;
    uint32_t sm_count, clock_khz;
    uint32_t major, minor; /* compute capability */
} provernet_gpu_info;

/* Witnesses may lie in host memory that the engine knows, a slot; one that
 * waits there is uploaded while the proof before it runs. */
enum { PROVERNET_GPU_SLOTS = 2 };

/* The witness that waits: written by the host at any time, the ticket last and
 * never the same twice; 0: none, or withdrawn. Polled between stages. */
typedef struct provernet_gpu_next {
    volatile uint32_t ticket, slot;
    volatile uint64_t n; /* values */
} provernet_gpu_next;

/* Progress out, cancel in. The host may read and write from another thread:
 * plain aligned 32-bit loads and stores. Polled between stages. */
typedef struct provernet_gpu_watch {
    volatile int32_t cancelled; /* in */
    volatile int32_t permille;  /* out */
    const char *volatile stage; /* out, static text */
    /* Where the host keeps the same three, if it does: each NULL or another
     * place that is read (a byte, cancelled if not 0) or written as well. */
    const volatile uint8_t *host_cancelled;
    volatile int32_t *host_permille;
    const char *volatile *host_stage;
    /* groth16: the ticket under which this witness waited, or 0; where the
     * next one is announced, or NULL. */
    uint32_t ticket, zero;
    const provernet_gpu_next *next;
} provernet_gpu_watch;

/* A Groth16 proving key as the sections of a .zkey hold it (BN254): points are
 * affine, coordinates 32-byte Montgomery form with radix 2^256, infinity all
 * zero; coefficients value * 2^512 mod r. Already checked by the host. The
 * memory is borrowed for the call. Sections need not be aligned. */
typedef struct provernet_gpu_zkey {
    uint32_t struct_size;
    uint32_t n_vars, n_public, domain_size; /* domain: a power of two */
    uint64_t coefficients;                  /* entries of section 4 */
    const uint8_t *section4; /* u32 matrix, u32 row, u32 signal, 32 bytes */
    const uint8_t *a, *b1, *b2, *c, *h; /* sections 5, 6, 7, 8, 9 */
    const uint8_t *alpha1, *beta1, *beta2, *delta1, *delta2;
    /* Device bytes the key may take; 0: what it needs with its points there
     * once. And those that multiples of its points, computed in advance, may
     * take beside: only what is free otherwise, and given up again when another
     * key needs room. */
    uint64_t memory_budget, multiples_budget;
} provernet_gpu_zkey;

/* One way of keeping a key: the points on the device once (multiples 1) or
 * with multiples of each (2, 4, ...), or on the host, from where they pass
 * through the device in parts at every proof (0). */
typedef struct provernet_gpu_form {
    uint64_t resident, scratch; /* bytes that stay; of one proof beside them */
    uint64_t bus;               /* bytes that a proof brings to the device */
    uint32_t multiples, zero;
} provernet_gpu_form;

enum {
    PROVERNET_GPU_FORMS = 6,
    PROVERNET_GPU_IN_PARTS = 0, /* places in provernet_gpu_needs.form */
    PROVERNET_GPU_PLAIN = 1     /* from here on ever more multiples */
};

typedef struct provernet_gpu_needs {
    provernet_gpu_form form[PROVERNET_GPU_FORMS];
    uint64_t spare;    /* device bytes that multiples of other keys hold */
    uint64_t bus_rate; /* bytes a second, as the last key's copy to the device
                          went; 0: there was none */
} provernet_gpu_needs;

typedef struct provernet_gpu {
    uint32_t abi, struct_size;
    const char *build; /* compiler, architectures */
    /* Devices; 0 with status NO_DEVICE in *e says why there is none. */
    int (*count)(provernet_gpu_error *e);
    int (*info)(int device, provernet_gpu_info *out, provernet_gpu_error *e);
    int (*open)(int device, void **ctx, provernet_gpu_error *e);
    void (*close)(void *ctx);
    /* Before anything starts: what the key takes in each form. Sections 5 to 9
     * may be NULL, then no point counts as at infinity: at most so much. */
    int (*key_needs)(void *ctx, const provernet_gpu_zkey *z,
                     provernet_gpu_needs *out, provernet_gpu_error *e);
    int (*key_load)(void *ctx, const provernet_gpu_zkey *z, void **key,
                    provernet_gpu_watch *w, provernet_gpu_error *e);
    void (*key_free)(void *ctx, void *key);
    /* The form a key has now; bus_rate as in provernet_gpu_needs. */
    int (*key_form)(void *ctx, void *key, provernet_gpu_form *out,
                    uint64_t *bus_rate, provernet_gpu_error *e);
    /* witness: n values of 32 bytes, plain. r, s: 32 bytes plain each. The
     * proof: A (64), B (128), C (64), affine, plain little-endian coordinates
     * (c0 then c1 in G2); equal r and s give the bits of the CPU engine. */
    int (*groth16)(void *ctx, void *key, const uint8_t *witness, uint64_t n,
                   const uint8_t rs64[64], uint8_t proof256[256],
                   provernet_gpu_watch *w, provernet_gpu_error *e);
    /* For tests and benches; NULL allowed. points: LEM as in a .zkey; scalars
     * plain; out: affine Montgomery. */
    int (*msm_g1)(void *ctx, const uint8_t *points, const uint8_t *scalars,
                  uint64_t n, uint8_t out64[64], provernet_gpu_error *e);
    int (*msm_g2)(void *ctx, const uint8_t *points, const uint8_t *scalars,
                  uint64_t n, uint8_t out128[128], provernet_gpu_error *e);
    /* In place, Montgomery form, natural order in and out. */
    int (*ntt)(void *ctx, uint8_t *values, uint32_t log_n, int inverse,
               provernet_gpu_error *e);
    /* Make host memory a slot (NULL: no more), pinned if that can be had. It
     * stays the host's, and valid until it is taken back or the context is
     * closed. */
    int (*slot)(void *ctx, uint32_t slot, uint8_t *memory, uint64_t bytes,
                provernet_gpu_error *e);
} provernet_gpu;

/* The one exported symbol. Constant. */
const provernet_gpu *provernet_gpu_v1(void);
typedef const provernet_gpu *(*provernet_gpu_v1_fn)(void);

#ifdef __cplusplus
}
#endif
#endif
