/* snark/zkey.h - reading the frame of a Groth16 .zkey file.
 *
 * Checks everything that can be checked without looking at the elements:
 * container, primes, counts and the exact size of every section. Copies
 * nothing. Any thread. Includes base/ and snark/ only. */
#ifndef PVN_SNARK_ZKEY_H
#define PVN_SNARK_ZKEY_H
#include "snark/source.h"

enum {
    PVN_ZKEY_MAX_LOG_DOMAIN = 27, /* 2^28 has no twice as large domain */
    PVN_ZKEY_HEAD_BYTES = 660,
    PVN_ZKEY_COEF_BYTES = 44 /* u32 matrix, row, signal; value */
};

typedef struct pvn_zkey {
    uint32_t wires;   /* nVars */
    uint32_t publics; /* nPublic, below wires */
    uint32_t domain;  /* power of two, above publics */
    unsigned log_domain;
    uint32_t coefs;                    /* entries of section 4 */
    uint8_t head[PVN_ZKEY_HEAD_BYTES]; /* the points of section 2, below */
    /* Offsets in the file. Points as stored: coordinates in Montgomery form,
     * little-endian, all zero for infinity. G1 64 bytes, G2 128. */
    uint64_t ic;   /* publics + 1, G1 */
    uint64_t coef; /* coefs x PVN_ZKEY_COEF_BYTES */
    uint64_t a;    /* wires, G1 */
    uint64_t b1;   /* wires, G1 */
    uint64_t b2;   /* wires, G2 */
    uint64_t c;    /* wires - publics - 1, G1 */
    uint64_t h;    /* domain, G1 */
} pvn_zkey;

/* Where the points of section 2 lie in head. */
enum {
    PVN_ZKEY_ALPHA1 = 84,
    PVN_ZKEY_BETA1 = 148,
    PVN_ZKEY_BETA2 = 212,
    PVN_ZKEY_GAMMA2 = 340,
    PVN_ZKEY_DELTA1 = 468,
    PVN_ZKEY_DELTA2 = 532
};

/* ERR_FORMAT; ERR_UNSUPPORTED (PLONK, FFLONK, another curve, a domain above
 * 2^27); ERR_IO. */
provernet_status pvn_zkey_open(pvn_zkey *out, const pvn_source *file,
                               provernet_error *err);
#endif
