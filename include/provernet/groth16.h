/* provernet/groth16.h - Groth16 over BN254, interchangeable with snarkjs and
 * rapidsnark: reads .zkey and .wtns, writes the same JSON.
 *
 * Threads: a key is read-only after opening and may be used by any number of
 * threads; a proof runs on the engine the key was opened with. Proving takes
 * time that depends on the witness (it is not constant-time: do not let an
 * adversary measure it). Results do not depend on threads or device: for equal
 * blinding every implementation gives the same bits. */
#ifndef PROVERNET_GROTH16_H
#define PROVERNET_GROTH16_H
#include <provernet/prove.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_groth16_key provernet_groth16_key;
typedef struct provernet_groth16_vk provernet_groth16_vk;

/* Affine points, coordinates big-endian and canonical, in the order of the
 * EVM precompiles (EIP-197): G2 coordinates are c1 then c0. */
typedef struct provernet_groth16_proof {
    uint8_t a64[64], b128[128], c64[64];
} provernet_groth16_proof;

/* What a key is; filled by provernet_groth16_key_info. */
typedef struct provernet_groth16_info {
    size_t struct_size;    /* sizeof this struct, set by the caller */
    uint64_t wires;        /* length of a witness */
    uint64_t publics;      /* public signals, without the constant 1 */
    uint64_t domain;       /* size of the evaluation domain, a power of two */
    uint64_t host_bytes;   /* memory a proof needs on top of the loaded key */
    uint64_t device_bytes; /* GPU memory, 0 on the CPU */
    uint64_t key_bytes;    /* memory the loaded key holds */
    uint8_t vk_hash32[32]; /* see docs/circuits.md */
} provernet_groth16_info;

/* Read, check and load a .zkey. Every check of docs/circuits.md is made: no
 * file, however damaged, makes a later call crash.
 * OK: *out is freed by the caller. ERR_IO; ERR_FORMAT (where, found against
 * expected); ERR_UNSUPPORTED (another curve or protocol); ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_key_open(
    provernet_groth16_key **out, provernet_engine *e, const char *zkey_path,
    provernet_watch *w, provernet_error *err);
PROVERNET_API void provernet_groth16_key_info(const provernet_groth16_key *k,
                                              provernet_groth16_info *out);
/* The key's verification key as snarkjs writes it (JSON text). Two-call form:
 * *len is always the length needed; ERR_LIMIT if cap is smaller. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_key_vk_json(
    const provernet_groth16_key *k, char *buf, size_t cap, size_t *len);
PROVERNET_API void provernet_groth16_key_free(provernet_groth16_key *k);

/* Prove. `wtns` holds a whole .wtns file. `publics32` receives the public
 * signals, 32 bytes big-endian each; *publics_len their number; `cap` is in
 * signals. Blinding is drawn from the system's generator. The proof is
 * verified before OK is returned.
 * ERR_FORMAT, ERR_MISMATCH (witness of another circuit), ERR_PROOF (the
 * witness does not satisfy the circuit), ERR_CANCELLED, ERR_NOMEM,
 * ERR_LIMIT (cap too small: *publics_len is the number needed). */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_prove(
    const provernet_groth16_key *k, provernet_groth16_proof *out,
    uint8_t *publics32, size_t cap, size_t *publics_len, provernet_span wtns,
    provernet_watch *w, provernet_error *err);

/* A verification key prepared for many verifications. `json` is snarkjs's
 * verification_key.json. ERR_FORMAT, ERR_UNSUPPORTED, ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_vk_parse(
    provernet_groth16_vk **out, provernet_span json, provernet_error *err);
/* The vk hash by which a circuit is named on the wire (docs/circuits.md). */
PROVERNET_API void provernet_groth16_vk_hash(const provernet_groth16_vk *vk,
                                             uint8_t hash32[32]);
/* The canonical bytes of the key (docs/circuits.md), which that hash covers
 * and which CreateProgram carries as `vk`. Two-call form: *len is always the
 * length needed; ERR_LIMIT if cap is smaller. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_vk_bytes(
    const provernet_groth16_vk *vk, uint8_t *buf, size_t cap, size_t *len);
PROVERNET_API size_t
provernet_groth16_vk_publics(const provernet_groth16_vk *vk);
PROVERNET_API void provernet_groth16_vk_free(provernet_groth16_vk *vk);
/* OK: valid. ERR_PROOF_INVALID: not valid, or a point is at infinity, not on
 * the curve or not in the subgroup. ERR_FORMAT: a number is not canonical, or
 * the number of signals is not the key's. Any thread. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_verify(
    const provernet_groth16_vk *vk, const provernet_groth16_proof *p,
    const uint8_t *publics32, size_t n, provernet_error *err);
/* n proofs of one key, publics one after another. OK only if all are valid;
 * else *first_bad (may be NULL) is the index of the first that is not.
 * Cheaper than one by one: one final exponentiation for all. */
PROVERNET_API PROVERNET_MUST_USE provernet_status provernet_groth16_verify_many(
    const provernet_groth16_vk *vk, const provernet_groth16_proof *p,
    const uint8_t *publics32, size_t n, size_t *first_bad,
    provernet_error *err);

/* snarkjs's proof.json and public.json. Two-call form as above. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_groth16_proof_to_json(const provernet_groth16_proof *p, char *buf,
                                size_t cap, size_t *len);
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_groth16_publics_to_json(const uint8_t *publics32, size_t n, char *buf,
                                  size_t cap, size_t *len);
/* Both dialects (snarkjs's and rapidsnark's) are read. ERR_FORMAT, ERR_LIMIT;
 * ERR_UNSUPPORTED: another curve or protocol; ERR_PROOF_INVALID: a point that
 * no valid proof has (as in verify). */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_groth16_proof_from_json(provernet_groth16_proof *p,
                                  provernet_span json, provernet_error *err);
/* cap and *n count signals. ERR_LIMIT: *n is the number needed. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_groth16_publics_from_json(uint8_t *publics32, size_t cap, size_t *n,
                                    provernet_span json, provernet_error *err);

#ifdef __cplusplus
}
#endif
#endif
