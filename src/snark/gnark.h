/* snark/gnark.h - keys and proofs over BN254 in the bytes of gnark, as far as
 * verifying them goes. Includes base/ and snark/ only.
 *
 * Points of a key are compressed (32 or 64 bytes, big endian, two flag bits on
 * top), points of a proof are not (64 or 128 bytes, as in EIP-197). Layouts
 * and transcript: gnark 0.9 to 0.14, backend/{groth16,plonk}/bn254, and its
 * proof for Solidity. Any thread; nothing is kept between calls but what a
 * prepared key holds. */
#ifndef PVN_SNARK_GNARK_H
#define PVN_SNARK_GNARK_H
#include "snark/groth16.h"

/* A Groth16 key without commitments: alpha1, beta1, beta2, gamma2, delta1,
 * delta2, u32 count, count points IC, ... Points that do not matter for
 * verifying are not read. ERR_FORMAT, ERR_NOMEM; OK: *out is freed by the
 * caller with provernet_groth16_vk_free. */
provernet_status pvn_gnark_groth16_vk(provernet_groth16_vk **out,
                                      pvn_bytes bytes, provernet_error *err);

enum {
    /* The key's part before its pairing lines, with one commitment. */
    PVN_GNARK_PLONK_HEAD = 564,
    /* Its lines, which anybody can compute. */
    PVN_GNARK_PLONK_LINES = 33792,
    /* A proof with one commitment: 10 points and 7 scalars. */
    PVN_GNARK_PLONK_PROOF = 864
};

/* A PLONK key with one commitment (BSB22). */
typedef struct pvn_gnark_plonk_vk {
    pvn_bytes head;            /* PVN_GNARK_PLONK_HEAD bytes */
    uint64_t commitment_index; /* of its constraint, after the public ones */
} pvn_gnark_plonk_vk;

/* Head and index of a whole key file. ERR_FORMAT. */
provernet_status pvn_gnark_plonk_vk_read(pvn_gnark_plonk_vk *out,
                                         pvn_bytes bytes, provernet_error *err);
/* The key prepared: its points on the curve, the lines of its pairing. Read
 * only, for any number of threads. ERR_FORMAT, ERR_NOMEM. */
typedef struct pvn_gnark_plonk_key pvn_gnark_plonk_key;
provernet_status pvn_gnark_plonk_key_new(pvn_gnark_plonk_key **out,
                                         const pvn_gnark_plonk_vk *vk,
                                         provernet_error *err);
void pvn_gnark_plonk_key_free(pvn_gnark_plonk_key *k); /* NULL: nothing */
/* publics32: n big-endian scalars below r. ERR_FORMAT: the proof cannot be
 * read; ERR_PROOF_INVALID. */
provernet_status pvn_gnark_plonk_verify(const pvn_gnark_plonk_key *k,
                                        pvn_bytes proof,
                                        const uint8_t *publics32, size_t n,
                                        provernet_error *err);

/* Compressed points; false: not a point of the curve. Infinity is fine; the
 * subgroup of G2 is not checked. */
bool pvn_g1_from_gnark(pvn_g1_affine *out, const uint8_t in[32]);
bool pvn_g2_from_gnark(pvn_g2_affine *out, const uint8_t in[64]);
#endif
