/* snark/rows.h - the matrices A and B of a Groth16 key as compressed rows, and
 * their products with a witness. Read-only once made. Includes base/ and
 * snark/ only. */
#ifndef PVN_SNARK_ROWS_H
#define PVN_SNARK_ROWS_H
#include "base/watch.h"
#include "snark/bn254/field.h"
#include "snark/bn254/dispatch.h"
#include "snark/par.h"
#include "snark/zkey.h"

/* One entry: which signal, and which of the distinct coefficients. */
typedef struct pvn_term {
    uint32_t signal, coef;
} pvn_term;

enum { PVN_COEF_ONE = 0, PVN_COEF_MINUS_ONE = 1, PVN_ROWS_HASH_WORDS = 9 };

typedef struct pvn_rows {
    uint32_t *start[2]; /* domain + 1 each: where a row's terms begin */
    pvn_term *term[2];
    pvn_fr *coef; /* distinct values, as stored in the key: times 2^512 */
    size_t coefs; /* how many */
    size_t bytes; /* memory held */
} pvn_rows;

/* Read section 4 and check every entry. hash_key: random, so that nobody can
 * make the table of coefficients slow. room: pvn_rows_room bytes for the time
 * of the call. A pvn_rows of zeros is empty.
 * ERR_FORMAT, ERR_IO, ERR_NOMEM, ERR_CANCELLED; *out needs pvn_coeff_rows_free
 * in any case. */
provernet_status pvn_rows_read(pvn_rows *out, const pvn_zkey *z,
                               const pvn_source *file,
                               const uint64_t hash_key[PVN_ROWS_HASH_WORDS],
                               void *room, provernet_watch *w,
                               provernet_error *err);
size_t pvn_rows_room(const pvn_zkey *z);
void pvn_coeff_rows_free(pvn_rows *r);
/* abc[0][j] = <A_j, w>, abc[1][j] = <B_j, w>, abc[2][j] their product, for
 * all rows of the domain, in Montgomery form. `values`: 32 bytes little endian
 * each, below r. false: cancelled. */
bool pvn_rows_multiply(const pvn_rows *r, const pvn_bn254_forms *forms,
                       pvn_fr *const abc[3], size_t domain,
                       const uint8_t *values, const pvn_par *par,
                       provernet_watch *w);
#endif
