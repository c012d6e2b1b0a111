/* prove/sp1_wrap.h - is this a proof of an SP1 program, wrapped in Groth16 or
 * PLONK? Any thread. Includes base/, crypto/ and snark/ only. */
#ifndef PVN_PROVE_SP1_WRAP_H
#define PVN_PROVE_SP1_WRAP_H
#include "base/bytes.h"
#include "base/error.h"
#include "prove/sp1_prepared.h"

typedef enum pvn_sp1_mode {
    PVN_SP1_PLONK = 2,
    PVN_SP1_GROTH16 = 3
} pvn_sp1_mode; /* the tag of the proof's enumeration */

/* A proof file taken apart; everything borrowed from it. */
typedef struct pvn_sp1_wrap {
    pvn_sp1_mode mode;
    pvn_bytes signal[5]; /* decimal texts */
    unsigned signals;
    pvn_bytes encoded; /* hexadecimal text */
    const uint8_t *key_hash32;
    pvn_bytes values; /* the public values */
    pvn_bytes version;
} pvn_sp1_wrap;

/* The file an SDK downloads (bincode, spec: docs/succinct.md): `signals` is 2
 * until circuit version 5, 5 from 6 on. What follows is left alone.
 * ERR_FORMAT. */
provernet_status pvn_sp1_wrap_read(pvn_sp1_wrap *out, pvn_bytes file,
                                   unsigned signals, provernet_error *err);

/* Is `file` a proof of this mode, by the circuit of this major version, for
 * the program that is registered under name32 (as bytes32 or as eight words,
 * as SDKs before and after 5.0.8 do)? The public values must be those the
 * proof commits to (SHA-256 or BLAKE3), the exit code 0. Keys are taken from
 * and kept in `prepared` (NULL: prepared for this call). ERR_FORMAT,
 * ERR_PROOF_INVALID; ERR_UNSUPPORTED: no key of that circuit is known here. */
provernet_status pvn_sp1_wrap_verify(pvn_sp1_prepared *prepared,
                                     pvn_sp1_mode mode, unsigned major,
                                     const uint8_t name32[32], pvn_bytes file,
                                     provernet_error *err);
/* Do the public values in this file have this digest (SHA-256 or BLAKE3)? The
 * proof is not looked at. */
bool pvn_sp1_wrap_values(pvn_bytes file, unsigned major,
                         const uint8_t digest32[32]);
#endif
