/* protocol/contemplant/wire.h - the messages of Hierophant's workers, protocol
 * 7, in bincode 1.3: little-endian, fixed width, lengths of 8 bytes. Pure; any
 * thread.
 *
 * What comes is read as it arrives: the proof in an answer may be large and
 * is handed on in pieces, all else is small. */
#ifndef PVN_PROTOCOL_CONTEMPLANT_WIRE_H
#define PVN_PROTOCOL_CONTEMPLANT_WIRE_H
#include "base/buf.h"
#include "base/error.h"

enum {
    PVN_CT_ID = 32,
    PVN_CT_SMALL = 4096, /* bytes of a message beside its proof */
    PVN_CT_NAME = 64,
    PVN_CT_VERSION = 32,
    PVN_CT_DROP = 512,
    PVN_CT_JOB_HEAD = 4 + 4 + 8 + PVN_CT_ID + 8
};

typedef enum pvn_ct_vm { PVN_CT_SP1 = 0, PVN_CT_RISC0 = 1 } pvn_ct_vm;

/* ---- from the worker ---- */
typedef enum pvn_ct_type {
    PVN_CT_REGISTER = 0,
    PVN_CT_STATUS = 1,
    PVN_CT_HEARTBEAT = 2
} pvn_ct_type;
typedef enum pvn_ct_stage {
    PVN_CT_EXECUTION = 0,
    PVN_CT_SERIALIZATION = 1,
    PVN_CT_DONE = 2,
    PVN_CT_NO_STAGE = 3
} pvn_ct_stage;

typedef struct pvn_ct_message {
    pvn_ct_type type;
    /* Register. `old`: in the layout of protocol 6 (no VMs, no flag). */
    bool old, groth16;
    uint32_t vms; /* 1 << PVN_CT_SP1 ... */
    char name[PVN_CT_NAME + 1], version[PVN_CT_VERSION + 1];
    char drop[PVN_CT_DROP + 1]; /* "" if none */
    /* Answer to a status question. */
    uint8_t id[PVN_CT_ID];
    bool known, has_proof;
    int32_t execution; /* 1 unexecuted, 2 executed, 3 unexecutable */
    pvn_ct_stage stage;
    uint64_t percent;
} pvn_ct_message;

typedef struct pvn_ct_reader {
    uint8_t small[PVN_CT_SMALL];
    size_t len;
    uint64_t proof_left;
    bool in_proof, proof_seen;
} pvn_ct_reader;

/* Take bytes of one message from data[0..len); returns how many. If *piece_len
 * is not 0, those are bytes of the proof in the answer about *id (valid until
 * the next call). Call again with the rest. */
size_t pvn_ct_feed(pvn_ct_reader *r, const uint8_t *data, size_t len,
                   const uint8_t **piece, size_t *piece_len);
/* The id of the answer whose proof is arriving. */
const uint8_t *pvn_ct_proof_id(const pvn_ct_reader *r);
/* The message is complete; r is ready for the next one whatever comes.
 * ERR_FORMAT. Trailing bytes are ignored. */
provernet_status pvn_ct_read(pvn_ct_reader *r, pvn_ct_message *m,
                             provernet_error *err);

/* ---- to the worker ---- */
/* ProofStatusRequest; returns its length. */
enum { PVN_CT_QUESTION = 4 + 8 + PVN_CT_ID };
size_t pvn_ct_question(uint8_t out[PVN_CT_QUESTION],
                       const uint8_t id[PVN_CT_ID]);

/* A job is head, program, middle, input, tail, in this order. The artifacts of
 * SP1 are in bincode already and go as they are; those of RISC Zero are raw
 * and get their lengths in front. mode: as the VM numbers them. */
typedef struct pvn_ct_job {
    uint8_t head[PVN_CT_JOB_HEAD], middle[13], tail[6];
    size_t head_len, middle_len, tail_len;
} pvn_ct_job;
void pvn_ct_job_make(pvn_ct_job *j, pvn_ct_vm vm, const uint8_t id[PVN_CT_ID],
                     uint32_t mode, bool mock, uint64_t program_bytes,
                     uint64_t input_bytes);

/* ---- kinds ---- */
/* "sp1/compressed@5" -> SP1, 2. false: no Contemplant knows it. */
bool pvn_ct_kind(const char *kind, pvn_ct_vm *vm, uint32_t *mode);
/* Hierophant's name of a mode: CORE, ..., COMPOSITE, ... */
const char *pvn_ct_mode_name(pvn_ct_vm vm, uint32_t mode);
/* The kinds of a worker, comma separated, appended to *out. sp1 and risc0:
 * circuit versions, comma separated. */
void pvn_ct_kinds(pvn_buf *out, const pvn_ct_message *m, const char *sp1,
                  const char *risc0);
/* Do the first four bytes of a proof belong to this mode? */
bool pvn_ct_proof_fits(pvn_ct_vm vm, uint32_t mode, const uint8_t first[4]);
#endif
