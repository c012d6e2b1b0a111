/* snark/groth16.h - the Groth16 core over BN254: keys, proofs, verification.
 *
 * Starts no thread: whoever calls brings a team (pvn_par) and the form of the
 * arithmetic (pvn_bn254_forms). Opens nothing and reads no clock: files come
 * as a pvn_source, randomness as a function. A key is read-only once loaded:
 * any number of proofs may run on it at once, each with its own team. Includes
 * base/ and snark/ only. */
#ifndef PVN_SNARK_GROTH16_H
#define PVN_SNARK_GROTH16_H
#include "base/buf.h"
#include "base/watch.h"
#include "snark/bn254/dispatch.h"
#include "snark/par.h"
#include "snark/source.h"
#include <provernet/groth16.h>

typedef struct pvn_groth16_key pvn_groth16_key;

/* What a key will need, known from the frame of the file alone. */
typedef struct pvn_groth16_sizes {
    uint64_t wires, publics, domain, coefs;
    uint64_t key_bytes;   /* memory the loaded key holds, at most */
    uint64_t proof_bytes; /* memory one proof needs on top */
} pvn_groth16_sizes;

/* Check the frame and estimate; reads a few hundred bytes, starts nothing.
 * ERR_FORMAT, ERR_UNSUPPORTED, ERR_IO. */
provernet_status pvn_groth16_measure(pvn_groth16_sizes *out,
                                     const pvn_source *zkey,
                                     provernet_error *err);

enum {
    /* Do not test that the points of section 7 lie in the right subgroup
     * (the other checks are always made): for keys known by their hash. */
    PVN_GROTH16_TRUST_SUBGROUP = 1
};

/* Fill out with len random bytes. */
typedef void (*pvn_random_fn)(void *user, void *out, size_t len);
typedef struct pvn_randomness {
    pvn_random_fn fill;
    void *user;
} pvn_randomness;

/* Read, check and load a key. `rnd` seeds the randomised subgroup test.
 * Stages on w: "read key". OK: *out is freed by the caller. ERR_FORMAT,
 * ERR_UNSUPPORTED, ERR_IO, ERR_NOMEM, ERR_CANCELLED. */
provernet_status pvn_groth16_key_load(pvn_groth16_key **out,
                                      const pvn_source *zkey, unsigned flags,
                                      pvn_randomness rnd,
                                      const pvn_bn254_forms *forms,
                                      const pvn_par *par, provernet_watch *w,
                                      provernet_error *err);
void pvn_groth16_key_drop(pvn_groth16_key *k); /* NULL: nothing */
const pvn_groth16_sizes *pvn_groth16_key_sizes(const pvn_groth16_key *k);
/* Borrowed; lives as long as the key. */
const provernet_groth16_vk *pvn_groth16_key_vk(const pvn_groth16_key *k);

/* Prove. r32 and s32 (big-endian, below the group order) fix the blinding in
 * tests; both NULL: drawn from rnd. publics32 receives publics x 32 bytes; its
 * room must have been checked against pvn_groth16_key_sizes. The proof is
 * verified before OK is returned. Stages on w: "read witness", "check they
 * match", "row products", "transforms", "MSM H", "sort witness", "MSM A",
 * "MSM B1", "MSM B2", "MSM C", "assemble", "verify"; permille runs from 0 to
 * 1000. ERR_FORMAT, ERR_MISMATCH, ERR_PROOF, ERR_CANCELLED, ERR_NOMEM;
 * ERR_INVALID: r32 or s32 too large. */
provernet_status pvn_groth16_prove(const pvn_groth16_key *k,
                                   provernet_groth16_proof *out,
                                   uint8_t *publics32, provernet_span wtns,
                                   const char *wtns_name, const uint8_t *r32,
                                   const uint8_t *s32, pvn_randomness rnd,
                                   const pvn_par *par, provernet_watch *w,
                                   provernet_error *err);

/* ---- verification keys ---- */

/* The canonical bytes of a verification key (docs/circuits.md): the text
 * "groth16/bn254@1", u32 BE nPublic, alpha1, beta2, gamma2, delta2, then
 * nPublic + 1 points IC; points as in provernet_groth16_proof. */
#define PVN_GROTH16_VK_TEXT "groth16/bn254@1"
enum {
    PVN_GROTH16_VK_HEAD = 15 + 4,
    PVN_GROTH16_VK_FIXED = PVN_GROTH16_VK_HEAD + 64 + 3 * 128
};
/* Every point is checked. ERR_FORMAT, ERR_NOMEM. */
provernet_status pvn_groth16_vk_from_bytes(provernet_groth16_vk **out,
                                           provernet_span bytes,
                                           provernet_error *err);
/* Borrowed canonical bytes; they live as long as vk. */
provernet_span pvn_groth16_vk_bytes(const provernet_groth16_vk *vk);
/* As snarkjs writes verification_key.json; appended to b. false: no memory. */
bool pvn_groth16_vk_json(const provernet_groth16_vk *vk, pvn_buf *b);
/* Straight from a .zkey, without loading the proving key. */
provernet_status pvn_groth16_vk_from_zkey(provernet_groth16_vk **out,
                                          const pvn_source *zkey,
                                          provernet_error *err);

/* ---- the proof artifact that travels on the wire ---- */

/* {"proof": {...}, "publicSignals": [...]}, as snarkjs's fullProve returns;
 * appended to b. false: no memory. */
bool pvn_groth16_artifact_write(pvn_buf *b, const provernet_groth16_proof *p,
                                const uint8_t *publics32, size_t n);
/* cap and *n count signals. ERR_FORMAT; ERR_LIMIT (*n is the number needed).
 */
provernet_status pvn_groth16_artifact_read(provernet_groth16_proof *p,
                                           uint8_t *publics32, size_t cap,
                                           size_t *n, provernet_span json,
                                           provernet_error *err);
#endif
