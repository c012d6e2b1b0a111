/* prove/gpu_state.h - what gpu.c, gpu_slots.c, gpu_keys.c and gpu_proof.c
 * share.
 *
 * The link is touched with the engine's turn held, or while opening and
 * closing. Keys are dropped by any thread, so a dropped one is only marked and
 * leaves at the next turn. A witness is put into its slot before its turn. */
#ifndef PVN_PROVE_GPU_STATE_H
#define PVN_PROVE_GPU_STATE_H
#include "prove/gpu.h"
#include "prove/gpu_link.h"

typedef struct pvn_gpu_key {
    const pvn_groth16_key *core; /* NULL: dropped */
    uint64_t key;                /* of the link; 0: not on the device */
    uint64_t bytes;              /* of the device, with a proof's work space */
    struct pvn_gpu_key *next;
} pvn_gpu_key;

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_WAITS, SLOT_PROVES };

typedef struct pvn_gpu_slot {
    pvn_bulk bulk;
    bool linked; /* the link knows this memory */
    enum slot_state state;
    uint32_t ticket;
} pvn_gpu_slot;

struct pvn_gpu {
    pvn_gpu_link *link; /* NULL: lost */
    char name[24];      /* "cuda:0" */
    char path[512];     /* of the plug-in */
    char which[16];
    bool in_process;
    int device;
    uint64_t multiples; /* bytes that those of a key's points may take */
    uint64_t bus_rate;  /* as the last key's copy went; 0: not known */
    unsigned losses;
    int64_t again_ms;     /* when a lost one is tried again */
    pthread_mutex_t lock; /* of all below, and of changing the link */
    pvn_gpu_key *keys;
    pvn_gpu_slot slots[PVN_WIRE_SLOTS];
    uint32_t tickets;
};

/* Bytes a second: no key was copied yet. */
#define PVN_GPU_BUS_ASSUMED 25000000000u

/* ---- gpu.c; all with the turn held ---- */

provernet_status pvn_gpu_said(const struct pvn_gpu *g,
                              const provernet_gpu_error *e,
                              provernet_error *err);
/* The device is gone: no key is on it any more, no slot known to it. */
void pvn_gpu_lose(provernet_engine *e, const char *why);
/* Start the helper of a lost device again, if it is time. */
void pvn_gpu_try_again(provernet_engine *e);
/* With the lock held: is it time? */
bool pvn_gpu_due(const provernet_engine *e);

/* ---- gpu_keys.c ---- */

/* Take the dropped keys, or all, off the list and the device. With the turn. */
void pvn_gpu_sweep(provernet_engine *e, bool all);
/* A copy of what is known of a key; false: it is another engine's. */
bool pvn_gpu_find(struct pvn_gpu *g, const pvn_groth16_key *core,
                  pvn_gpu_key *out);

/* ---- gpu_slots.c ---- */

/* With the turn held, of a slot that is this caller's: room for n values, and
 * the device knows it. */
int pvn_gpu_slot_ready(struct pvn_gpu *g, pvn_gpu_slot *s, uint64_t n,
                       provernet_gpu_error *e);
pvn_gpu_slot *pvn_gpu_slot_take(struct pvn_gpu *g); /* NULL: none is free */
/* The slot a witness waited in, now this caller's; NULL: there is none. */
pvn_gpu_slot *pvn_gpu_slot_called(struct pvn_gpu *g, uint32_t ticket);
/* values: how many of them are wiped. */
void pvn_gpu_slot_give(struct pvn_gpu *g, pvn_gpu_slot *s, uint64_t values);
/* Slots for a key of so many wires, where nobody has a witness in them. */
int pvn_gpu_slots_grow(struct pvn_gpu *g, uint64_t wires,
                       provernet_gpu_error *e);
#endif
