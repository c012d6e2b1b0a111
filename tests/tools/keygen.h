/* tests/tools/keygen.h - what the parts of the test-only key generator share.
 *
 * A program, not a library: what fails prints a line and exits. */
#ifndef TESTS_TOOLS_KEYGEN_H
#define TESTS_TOOLS_KEYGEN_H
#include "snark/bn254/curve.h"
#include <stdio.h>

typedef struct term {
    uint32_t wire;
    pvn_fr coef; /* Montgomery form */
} term;

/* Rows of one matrix; start has rows + 1 entries. */
typedef struct matrix {
    uint64_t *start;
    term *term;
    uint64_t len, cap;
} matrix;

typedef struct circuit {
    uint32_t wires, outputs, inputs, constraints;
    matrix m[3]; /* A, B, C */
    pvn_fr *w;   /* witness, or NULL */
} circuit;

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *need(size_t bytes);

/* Random numbers from a text: the same text, the same numbers. */
typedef struct dice {
    uint8_t key[32];
    uint64_t at;
} dice;
void dice_start(dice *d, const char *text);
void dice_fr(dice *d, pvn_fr *out);
uint64_t dice_u64(dice *d);

/* keygen_circuits.c */
void circuit_chain(circuit *c, uint32_t n);
void circuit_random(circuit *c, uint32_t n, uint32_t publics, dice *d);
void circuit_bits(circuit *c, uint32_t n, dice *d);
void circuit_read(circuit *c, const char *r1cs_path);
void circuit_free(circuit *c);

/* keygen_points.c: k[i] times the generator for many k, on some threads. */
typedef struct fixed_base fixed_base;
fixed_base *fixed_base_new(bool g2, unsigned threads);
void fixed_base_free(fixed_base *f);
/* out: n x 64 (G1) or n x 128 (G2) bytes as a .zkey stores them. */
void fixed_base_points(const fixed_base *f, uint8_t *out, const pvn_fr *k,
                       size_t n);

/* keygen_files.c */
void write_r1cs(const circuit *c, const char *path);
void write_wtns(const circuit *c, const char *path);
void write_zkey(const circuit *c, dice *d, unsigned threads,
                const char *zkey_path, const char *vk_path);
#endif
