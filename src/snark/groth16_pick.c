/* snark/groth16_pick.c - the public verification functions: choose the form of
 * the arithmetic that this processor runs. Includes base/ and snark/ only. */
#include "snark/groth16_vk.h"

#if defined(__x86_64__)
provernet_status pvn_adx_groth16_check(const provernet_groth16_vk *vk,
                                       const provernet_groth16_proof *p,
                                       const uint8_t *publics32, size_t n,
                                       provernet_error *err);
provernet_status pvn_adx_groth16_check_many(const provernet_groth16_vk *vk,
                                            const provernet_groth16_proof *p,
                                            const uint8_t *publics32, size_t n,
                                            size_t *first_bad,
                                            provernet_error *err);

static bool adx(void)
{
    return pvn_bn254_forms_pick("adx") != NULL;
}
#else
#define pvn_adx_groth16_check      pvn_groth16_check
#define pvn_adx_groth16_check_many pvn_groth16_check_many

static bool adx(void)
{
    return false;
}
#endif

provernet_status provernet_groth16_verify(const provernet_groth16_vk *vk,
                                          const provernet_groth16_proof *p,
                                          const uint8_t *publics32, size_t n,
                                          provernet_error *err)
{
    if (adx())
        return pvn_adx_groth16_check(vk, p, publics32, n, err);
    return pvn_groth16_check(vk, p, publics32, n, err);
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
