/* snark/r1cs.h - reading a .r1cs file: the constraints of a circuit.
 *
 * Constraint j: <A,w> * <B,w> = <C,w>. Copies nothing; opening checks every
 * constraint once, so that walking them later needs no check. Any thread.
 * Includes base/ and snark/ only. */
#ifndef PVN_SNARK_R1CS_H
#define PVN_SNARK_R1CS_H
#include "base/bytes.h"

enum { PVN_R1CS_TERM_BYTES = 36 }; /* u32 wire, 32 bytes coefficient */

typedef struct pvn_r1cs {
    uint32_t wires, outputs, inputs, privates, constraints;
    uint64_t labels;
    const uint8_t *data, *end; /* the constraints' bytes */
} pvn_r1cs;

/* One linear combination: `terms` terms at `term`. */
typedef struct pvn_r1cs_sum {
    uint32_t terms;
    const uint8_t *term;
} pvn_r1cs_sum;

/* ERR_FORMAT; ERR_UNSUPPORTED (another field, custom gates). */
provernet_status pvn_r1cs_open(pvn_r1cs *out, provernet_span file,
                               const char *name, provernet_error *err);
/* Read A, B, C of the constraint at `at` (r->data at first) and return where
 * the next one is. */
const uint8_t *pvn_r1cs_next(const uint8_t *at, pvn_r1cs_sum abc[3]);
#endif
