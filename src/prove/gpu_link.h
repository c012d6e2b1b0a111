/* prove/gpu_link.h - one device of a GPU engine, reached in this process or
 * through a helper process of ours (cuda/provernet_gpu_wire.h).
 *
 * Statuses and errors are the plug-in's. A link is used by one thread at a
 * time. One whose call gave GPU_LOST is only good for closing. Includes base/
 * and the headers of cuda/. */
#ifndef PVN_PROVE_GPU_LINK_H
#define PVN_PROVE_GPU_LINK_H
#include "base/error.h"
#include "base/watch.h"
#include <provernet_gpu.h>
#include <provernet_gpu_wire.h>
#include <string.h>
#include <sys/types.h>

/* Memory that a helper may see: a sealed memory file, mapped, zero at first,
 * kept out of core files. */
typedef struct pvn_bulk {
    int fd;
    uint8_t *data;
    uint64_t len;
} pvn_bulk;
bool pvn_bulk_new(pvn_bulk *b, uint64_t len); /* false: no memory */
void pvn_bulk_free(pvn_bulk *b);              /* zero: nothing */

/* A key: its numbers, the points of its header, sections 4 to 9. */
typedef struct pvn_gpu_sections {
    pvn_wire_key sizes;
    uint8_t fixed[PVN_WIRE_FIXED];
    pvn_bulk bulk;
} pvn_gpu_sections;

/* A key on the device, in the form that it got; bytes a second that its copy
 * went at, or 0. */
typedef struct pvn_gpu_loaded {
    uint64_t key, bus_rate;
    provernet_gpu_form form;
} pvn_gpu_loaded;

typedef struct pvn_gpu_proof {
    uint64_t key, n; /* n: values of the witness */
    unsigned slot;   /* where they are */
    uint32_t ticket; /* under which they waited, or 0 */
    uint8_t rs64[64];
    uint8_t proof256[256]; /* out */
} pvn_gpu_proof;

typedef struct pvn_gpu_link pvn_gpu_link;
typedef struct pvn_gpu_way {
    void (*close)(pvn_gpu_link *l);
    int (*info)(pvn_gpu_link *l, int device, provernet_gpu_info *out,
                provernet_gpu_error *e);
    int (*open)(pvn_gpu_link *l, int device, provernet_gpu_error *e);
    int (*needs)(pvn_gpu_link *l, const pvn_gpu_sections *s,
                 provernet_gpu_needs *out, provernet_gpu_error *e);
    int (*load)(pvn_gpu_link *l, const pvn_gpu_sections *s, pvn_gpu_loaded *out,
                provernet_watch *w, provernet_gpu_error *e);
    int (*drop)(pvn_gpu_link *l, uint64_t key, provernet_gpu_error *e);
    /* The memory stays the caller's, until the slot is another or closed. */
    int (*slot)(pvn_gpu_link *l, unsigned slot, const pvn_bulk *b,
                provernet_gpu_error *e);
    int (*prove)(pvn_gpu_link *l, pvn_gpu_proof *p, provernet_watch *w,
                 provernet_gpu_error *e);
    /* A sum or a transform of n (PVN_WORK_*), for measuring: b holds points
     * then scalars, or values, which are changed in place. */
    int (*work)(pvn_gpu_link *l, unsigned what, const pvn_bulk *b, uint64_t n,
                uint8_t out128[128], provernet_gpu_error *e);
} pvn_gpu_way;

struct pvn_gpu_link {
    const pvn_gpu_way *way;
    int devices;              /* at least 1 */
    provernet_gpu_next *next; /* where the next witness is announced */
};

/* Load the plug-in `path`. ERR_NO_DEVICE with the file and the reason;
 * ERR_NOMEM. In this process the file stays loaded until the process ends. */
provernet_status pvn_gpu_direct(pvn_gpu_link **out, const char *name,
                                const char *path, provernet_error *err);
/* The same in a helper, the program beside the plug-in. */
provernet_status pvn_gpu_helper(pvn_gpu_link **out, const char *name,
                                const char *path, provernet_error *err);
/* For tests: the helper's process, or 0; how long a cancelled call, or a short
 * one, may take before the helper counts as lost. */
pid_t pvn_gpu_helper_pid(const pvn_gpu_link *l);
void pvn_gpu_helper_patience(pvn_gpu_link *l, int ms);

provernet_status pvn_gpu_not_loaded(const char *name, const char *path,
                                    const char *why, provernet_error *err);
provernet_status pvn_gpu_none_here(const char *message, int cause,
                                   provernet_error *err);

/* A helper's answer: exactly what the question `type` with `serial` asks for,
 * its texts ended and printable, its status a failure or 0. false: it is not,
 * and *out is not to be used. */
bool pvn_gpu_answer_read(pvn_wire_say *out, const uint8_t *data, size_t len,
                         unsigned type, uint32_t serial);
#endif
