/* cuda/provernet_gpu_wire.h - what libprovernet and its helper process say to
 * each other: the helper (cuda/helper/) holds the GPU engine, so that a crash
 * of it or a lost device harms nobody else.
 *
 * One message is one packet (SOCK_SEQPACKET): a struct below, whole, of this
 * machine's byte order. The helper speaks first (WIRE_HELLO); then one answer
 * follows each question. Bulk data lies in sealed memory files (memfd) whose
 * descriptors travel with the question. Both sides refuse whatever is not
 * exactly what is expected: a message of another length, type, version or
 * serial number ends the helper. Includes provernet_gpu.h only. */
#ifndef PROVERNET_GPU_WIRE_H
#define PROVERNET_GPU_WIRE_H
#include "provernet_gpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the helper is started: PROGRAM PLUGIN-FILE PARENT-PID. */
#define PVN_GPU_HELPER "provernet-gpu-helper"

enum {
    PVN_WIRE_MAGIC = 0x48475650, /* "PVGH" */
    PVN_WIRE_VERSION = 2,
    PVN_WIRE_SOCKET = 3, /* descriptors the helper starts with */
    PVN_WIRE_SHARED = 4,
    PVN_WIRE_SLOTS = PROVERNET_GPU_SLOTS,
    PVN_WIRE_FIXED = 448
};

/* What WORK does; the slot of the question says which. */
enum { PVN_WORK_G1 = 1, PVN_WORK_G2, PVN_WORK_NTT, PVN_WORK_NTT_INVERSE };

enum {
    PVN_WIRE_HELLO = 1,
    PVN_WIRE_INFO,
    PVN_WIRE_OPEN,
    PVN_WIRE_NEEDS, /* with the file of the key's sections */
    PVN_WIRE_LOAD,  /* with the same */
    PVN_WIRE_FREE,
    PVN_WIRE_SLOT, /* with the file of a slot for witnesses */
    PVN_WIRE_PROVE,
    PVN_WIRE_WORK, /* with a file of points and scalars, or of values */
    PVN_WIRE_TYPES
};

typedef struct pvn_wire_head {
    uint32_t magic;
    uint16_t version, type;
    uint32_t bytes, serial; /* of the whole message; of the question */
} pvn_wire_head;

/* ---- questions ---- */

typedef struct pvn_wire_key { /* the numbers of a provernet_gpu_zkey */
    uint32_t n_vars, n_public, domain_size, zero;
    uint64_t coefficients, memory_budget, multiples_budget;
} pvn_wire_key;

typedef struct pvn_wire_ask {
    pvn_wire_head head;
    uint32_t device, slot; /* INFO, OPEN; SLOT, PROVE */
    uint32_t ticket, zero; /* PROVE */
    uint64_t key, n;       /* FREE, PROVE; PROVE: values, SLOT: bytes */
    pvn_wire_key sizes;    /* NEEDS, LOAD */
    uint8_t rs64[64];      /* PROVE */
    /* LOAD: alpha1, beta1, delta1, beta2, delta2 */
    uint8_t fixed[PVN_WIRE_FIXED];
} pvn_wire_ask;

/* ---- answers ---- */

typedef struct pvn_wire_say {
    pvn_wire_head head;
    int32_t status, cause;
    uint32_t devices, abi; /* HELLO */
    char message[248];     /* of a status that is not 0; HELLO: the build */
    provernet_gpu_info info;
    provernet_gpu_needs needs; /* NEEDS; LOAD: bus_rate and, as the first
                                  form, the one that the key has */
    uint64_t key;              /* LOAD */
    uint8_t proof[256];        /* PROVE; WORK: the sum */
} pvn_wire_say;

/* ---- shared memory: progress out, cancel and the next witness in ---- */

typedef struct pvn_wire_shared {
    volatile int32_t cancelled;
    volatile int32_t permille;
    volatile int32_t stage; /* a place in the list of stages, or -1 */
    int32_t zero;
    provernet_gpu_next next;
} pvn_wire_shared;

/* The texts an engine may report; shared memory holds their places. */
#define PVN_WIRE_STAGE_TEXTS                                                   \
    "load rows", "load points", "multiples of points", "loaded", "upload",     \
        "rows", "digits", "transforms", "MSM A", "digits of H", "MSM B1",      \
        "MSM H", "MSM C", "MSM B2", "MSM over the witness", "assemble"

/* ---- the file of a key: sections 4, 5, 6, 7, 8, 9 one after another ---- */

enum { PVN_WIRE_SECTIONS = 6 };

/* Offsets of the sections, and the end. The numbers are of 32 bits (the
 * coefficients checked by the caller): nothing overflows. */
static inline void pvn_wire_layout(const pvn_wire_key *k,
                                   uint64_t at[PVN_WIRE_SECTIONS + 1])
{
    uint64_t wires = k->n_vars;
    const uint64_t bytes[PVN_WIRE_SECTIONS] = { k->coefficients * 44,
                                                wires * 64,
                                                wires * 64,
                                                wires * 128,
                                                (wires - k->n_public - 1) * 64,
                                                (uint64_t)k->domain_size * 64 };

    at[0] = 0;
    for (int i = 0; i < PVN_WIRE_SECTIONS; i++)
        at[i + 1] = at[i] + bytes[i];
}

#ifdef __cplusplus
}
#endif
#endif
