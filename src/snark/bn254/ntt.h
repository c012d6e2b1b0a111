/* snark/bn254/ntt.h - transforms over Fr of size 2^k on arrays of pvn_fr;
 * includes dispatch.h, snark/par.h, base/watch.h.
 *
 * The root of unity is w_k = w_28^(2^(28-k)) with w_28 = 5^((r-1)/2^28), the
 * one of .zkey files. A domain is read-only after it was made: any number of
 * threads may use it at once. Tables take some tens of kilobytes. Results are
 * fully reduced and do not depend on form or number of threads. */
#ifndef PVN_BN254_NTT_H
#define PVN_BN254_NTT_H
#include "base/watch.h"
#include "dispatch.h"
#include "snark/par.h"
#include <provernet/base.h>

enum { PVN_NTT_MAX_LOG = 27 };

typedef struct pvn_domain pvn_domain;

/* Size 2^log_size, 0 <= log_size <= 27. ERR_INVALID, ERR_NOMEM. */
PROVERNET_MUST_USE provernet_status pvn_domain_new(pvn_domain **out,
                                                   const pvn_bn254_forms *forms,
                                                   unsigned log_size);
void pvn_domain_free(pvn_domain *d); /* NULL is fine */
size_t pvn_domain_size(const pvn_domain *d);
/* w_k of 1.2, for k <= 28. */
void pvn_fr_root_of_unity(pvn_fr *w, unsigned log_size);

/* The calls below work in place on `count` polynomials of the domain's size,
 * aligned to 32 bytes or more (64 is better). ERR_CANCELLED leaves the data
 * undefined, ERR_NOMEM untouched. `watch` may be NULL. */

/* Coefficients to values at w^j, natural order in and out. */
PROVERNET_MUST_USE provernet_status pvn_ntt_forward(const pvn_domain *d,
                                                    pvn_fr *const *polys,
                                                    size_t count,
                                                    const pvn_par *par,
                                                    provernet_watch *watch);
/* Values to coefficients (scaled by 1/n), natural order in and out. */
PROVERNET_MUST_USE provernet_status pvn_ntt_inverse(const pvn_domain *d,
                                                    pvn_fr *const *polys,
                                                    size_t count,
                                                    const pvn_par *par,
                                                    provernet_watch *watch);
/* Values at w_k^j to values at w_{k+1}^(2j+1) of the same polynomial, natural
 * order in and out: step 2 of Groth16 (spec 3.1), without bit reversal. */
PROVERNET_MUST_USE provernet_status
pvn_ntt_to_odd_coset(const pvn_domain *d, pvn_fr *const *polys, size_t count,
                     const pvn_par *par, provernet_watch *watch);
/* a[i] = plain integer of a[i]*b[i] - c[i] for the whole domain: the scalars
 * of the H sum from three odd-coset transforms. */
void pvn_ntt_quotient(const pvn_domain *d, pvn_fr *a, const pvn_fr *b,
                      const pvn_fr *c, const pvn_par *par);
#endif
