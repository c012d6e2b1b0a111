/* snark/groth16_pick.c - the public verification functions, and what is
 * compiled with them: choose the form of the arithmetic that this processor
 * runs. Includes base/ and snark/ only. */
#include "snark/groth16_key.h"
#include "snark/groth16_vk.h"

#if defined(__x86_64__)
provernet_status pvn_adx_groth16_check(const provernet_groth16_vk *vk,
                                       const provernet_groth16_proof *p,
                                       const uint8_t *publics32, size_t n,
                                       const pvn_par *par,
                                       provernet_error *err);
provernet_status pvn_adx_groth16_check_many(const provernet_groth16_vk *vk,
                                            const provernet_groth16_proof *p,
                                            const uint8_t *publics32, size_t n,
                                            size_t *first_bad,
                                            provernet_error *err);
provernet_status pvn_adx_groth16_vk_prepare(provernet_groth16_vk *vk,
                                            provernet_error *err);
void pvn_adx_groth16_assemble(provernet_groth16_proof *out,
                              const pvn_groth16_key *k,
                              const pvn_groth16_sums *sum, const pvn_fr *r,
                              const pvn_fr *s, bool g2);

static bool adx(void)
{
    return pvn_bn254_forms_pick("adx") != NULL;
}
#else
#define pvn_adx_groth16_check      pvn_groth16_check
#define pvn_adx_groth16_check_many pvn_groth16_check_many
#define pvn_adx_groth16_vk_prepare pvn_groth16_vk_prepare
#define pvn_adx_groth16_assemble   pvn_groth16_assemble

static bool adx(void)
{
    return false;
}
#endif

provernet_status pvn_groth16_check_here(const provernet_groth16_vk *vk,
                                        const provernet_groth16_proof *p,
                                        const uint8_t *publics32, size_t n,
                                        const pvn_par *par,
                                        provernet_error *err)
{
    if (adx())
        return pvn_adx_groth16_check(vk, p, publics32, n, par, err);
    return pvn_groth16_check(vk, p, publics32, n, par, err);
}

provernet_status provernet_groth16_verify(const provernet_groth16_vk *vk,
                                          const provernet_groth16_proof *p,
                                          const uint8_t *publics32, size_t n,
                                          provernet_error *err)
{
    return pvn_groth16_check_here(vk, p, publics32, n, NULL, err);
}

provernet_status provernet_groth16_verify_many(const provernet_groth16_vk *vk,
                                               const provernet_groth16_proof *p,
                                               const uint8_t *publics32,
                                               size_t n, size_t *first_bad,
                                               provernet_error *err)
{
    if (adx())
        return pvn_adx_groth16_check_many(vk, p, publics32, n, first_bad, err);
    return pvn_groth16_check_many(vk, p, publics32, n, first_bad, err);
}

provernet_status pvn_groth16_vk_prepare_here(provernet_groth16_vk *vk,
                                             provernet_error *err)
{
    return adx() ? pvn_adx_groth16_vk_prepare(vk, err)
                 : pvn_groth16_vk_prepare(vk, err);
}

void pvn_groth16_assemble_here(provernet_groth16_proof *out,
                               const pvn_groth16_key *k,
                               const pvn_groth16_sums *sum, const pvn_fr *r,
                               const pvn_fr *s, bool g2)
{
    (adx() ? pvn_adx_groth16_assemble : pvn_groth16_assemble)(out, k, sum, r, s,
                                                              g2);
}
