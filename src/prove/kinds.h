/* prove/kinds.h - what can be proven: one sheet per kind. A constant table.
 *
 * A kind is family/variant@version, neutral between protocols: skins convert
 * at their edge. */
#ifndef PVN_PROVE_KINDS_H
#define PVN_PROVE_KINDS_H
#include "base/buf.h"
#include "base/error.h"

typedef enum pvn_verified_by {
    PVN_BY_LIBRARY, /* in C, in the crew, before the task counts as done */
    PVN_BY_WORKER,  /* a verify/<kind> task on another worker */
    PVN_BY_TRUST    /* only if node.trust names the kind */
} pvn_verified_by;

/* What a proof is to show. */
typedef struct pvn_claim {
    const char *kind;        /* as requested: with its version */
    pvn_bytes program_vk;    /* programs.vk */
    pvn_bytes program_name;  /* programs.name: what the program is called on its
                                wire; empty: it was never registered */
    pvn_bytes values_digest; /* 32 bytes: of the public values that are wanted
                                (SHA-256 or BLAKE3); empty: whatever they are */
    struct pvn_sp1_prepared *sp1; /* keys of SP1's wraps that are kept; NULL:
                                     prepared for this claim alone */
} pvn_claim;

typedef struct pvn_kind {
    const char *name; /* "groth16/bn254@1"; a "*" at the end: any version */
    pvn_verified_by verified_by;
    size_t inputs; /* inputs beside the program */
    bool circuit;  /* programs.vk is in the program artifact too */
    /* Is this output a valid proof of the claim? Any thread. NULL unless
     * PVN_BY_LIBRARY. OK, ERR_PROOF_INVALID, ERR_FORMAT, ERR_NOMEM;
     * ERR_UNSUPPORTED: this version of the kind is not known here, judge it
     * as if it were PVN_BY_WORKER. */
    provernet_status (*verify)(const pvn_claim *claim, pvn_bytes output,
                               provernet_error *err);
    /* Memory of one proof from the sizes of program and inputs, bytes; 0:
     * unknown. */
    uint64_t (*memory)(uint64_t program_bytes, uint64_t inputs_bytes);
} pvn_kind;

/* NULL: not in the table (a kind of somebody's own: trusted or verified by
 * workers only). */
const pvn_kind *pvn_kind_find(const char *name);
const pvn_kind *pvn_kind_at(size_t i); /* NULL after the last */
/* kind->memory of the kind of this name; 0: unknown. */
uint64_t pvn_kind_memory(const char *name, uint64_t program_bytes,
                         uint64_t inputs_bytes);
/* Memory that even a small proof of this kind takes on processors, bytes, as
 * far as it was measured; 0: unknown, or by the sizes alone. */
uint64_t pvn_kind_least(const char *name);

/* What a program artifact is, by its first bytes (64 are enough): "zkey"
 * magic -> "groth16/bn254@1" (the protocol number in the file decides later);
 * u64 length + ELF -> "sp1"; a zstd frame -> decode first. NULL: unknown. */
const char *pvn_program_family(pvn_bytes head);
/* A circuit's program artifact against the vk bytes and hash it is registered
 * under: the container, header and verification key are checked. `read` gives
 * bytes of the artifact (raw). ERR_FORMAT, ERR_MISMATCH, ERR_UNSUPPORTED. */
typedef provernet_status (*pvn_read_fn)(void *user, void *buf, size_t len,
                                        uint64_t offset, provernet_error *err);
provernet_status pvn_circuit_check(pvn_read_fn read, void *user, uint64_t bytes,
                                   pvn_bytes vk, const uint8_t vk_hash32[32],
                                   provernet_error *err);
/* The canonical vk bytes of a circuit's program artifact, for requests whose
 * program was never registered; appended to *vk. */
provernet_status pvn_circuit_vk(pvn_read_fn read, void *user, uint64_t bytes,
                                pvn_buf *vk, provernet_error *err);
#endif
